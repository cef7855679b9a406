/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrub.c - evidence's text for eyes: what a terminal or a viewer would act on
 * or hide is shown as a picture or a code instead.
 */
#include "internal.h"

#include <string.h>

void st_scrub_one(st_buf *b, st_str s, size_t *i, bool ascii)
{
    unsigned char byte = (unsigned char)s.p[*i];
    size_t from = *i;
    uint32_t cp = st_utf8_next(s, i);
    if (cp == UINT32_MAX)
        st_buf_fmt(b, "<0x%02X>", byte);
    else if ((cp < 0x20 || cp == 0x7f) && !ascii)
        st_buf_utf8(b, cp < 0x20 ? 0x2400 + cp : 0x2421);
    else if (cp < 0x20 || cp == 0x7f || st_cp_hidden(cp) || (ascii && cp > 0x7f))
        st_buf_fmt(b, "<U+%04X>", (unsigned)cp);
    else
        st_buf_put(b, s.p + from, *i - from);
}

void st_scrub(st_buf *b, st_str s, bool ascii)
{
    for (size_t i = 0; i < s.n;) {
        size_t run = st_plain_run(s, i);
        st_buf_put(b, s.p + i, run);
        i += run;
        if (i < s.n)
            st_scrub_one(b, s, &i, ascii);
    }
}

size_t st_text_width(st_str s)
{
    size_t w = 0;
    for (size_t i = 0; i < s.n;)
        if ((unsigned char)s.p[i] < 0x80) {
            w++;
            i++;
        } else {
            w += st_cp_width(st_utf8_next(s, &i));
        }
    return w;
}

void st_fit(st_buf *b, st_str s, size_t width, bool ascii)
{
    if (!width || st_text_width(s) <= width) {
        st_buf_str(b, s);
        return;
    }
    st_str mark = ascii ? ST_STR("..") : ST_STR("\xe2\x80\xa6");
    size_t room = width > st_text_width(mark) ? width - st_text_width(mark) : 0, w = 0, end = 0;
    for (size_t i = 0; i < s.n;) {
        w += st_cp_width(st_utf8_next(s, &i));
        if (w > room)
            break;
        end = i;
    }
    st_buf_put(b, s.p, end);
    st_buf_str(b, mark);
}

/* How many bytes an escape sequence of ours takes at i; 0: there is none. */
static size_t color_at(st_str s, size_t i)
{
    size_t n = 2;
    if (i + 2 > s.n || s.p[i] != '\033' || s.p[i + 1] != '[')
        return 0;
    while (i + n < s.n && s.p[i + n] != 'm')
        n++;
    return i + n < s.n ? n + 1 : 0;
}

/* One line without its end. What is too much goes, colours stay. */
static void clip_line(st_buf *b, st_str s, size_t width, bool ascii)
{
    st_str mark = ascii ? ST_STR("..") : ST_STR("\xe2\x80\xa6");
    size_t room = width - st_text_width(mark), all = 0, w = 0, color;
    for (size_t i = 0; i < s.n;)
        if ((color = color_at(s, i)))
            i += color;
        else
            all += st_cp_width(st_utf8_next(s, &i));
    bool cut = false;
    for (size_t i = 0, next; i < s.n; i = next) {
        next = i;
        if ((color = color_at(s, i))) {
            st_buf_put(b, s.p + i, color);
            next = i + color;
            continue;
        }
        w += st_cp_width(st_utf8_next(s, &next));
        if (all <= width || w <= room)
            st_buf_put(b, s.p + i, next - i);
        else if (!cut)
            st_buf_str(b, mark);
        cut |= all > width && w > room;
    }
}

void st_clip(st_buf *b, size_t from, const st_look *look)
{
    st_buf lines = { 0 };
    if (look->width < 4 || b->failed)
        return;
    st_str left = { b->p + from, b->n - from }, line;
    while (left.n) {
        bool whole = memchr(left.p, '\n', left.n) != NULL;
        st_str_cut(&left, '\n', &line);
        clip_line(&lines, line, look->width, look->ascii);
        if (whole)
            st_buf_char(&lines, '\n');
    }
    b->n = from;
    st_buf_str(b, st_buf_slice(&lines));
    b->failed |= lines.failed;
    st_buf_free(&lines);
}
