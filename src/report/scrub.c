/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrub.c - evidence's text for eyes: what a terminal or a viewer would act on
 * or hide is shown as a picture or a code instead.
 */
#include "internal.h"

typedef struct span {
    uint32_t from, to;
} span;

static bool in_spans(const span *t, size_t n, uint32_t cp)
{
    for (size_t i = 0; i < n && cp >= t[i].from; i++)
        if (cp <= t[i].to)
            return true;
    return false;
}

void st_scrub_one(st_buf *b, st_str s, size_t *i, bool ascii)
{
    unsigned char byte = (unsigned char)s.p[*i];
    size_t from = *i;
    uint32_t cp = st_utf8_next(s, i);
    char utf8[4];
    if (cp == UINT32_MAX)
        st_buf_fmt(b, "<0x%02X>", byte);
    else if ((cp < 0x20 || cp == 0x7f) && !ascii)
        st_buf_put(b, utf8, st_utf8_put(utf8, cp < 0x20 ? 0x2400 + cp : 0x2421));
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

static const span combining[] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 },   { 0x0591, 0x05bd }, { 0x064b, 0x065f },
    { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },   { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
    { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef },
};
static const span wide[] = {
    { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },
    { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

unsigned st_cp_width(uint32_t cp)
{
    if (cp < 0x300)
        return 1;
    if (in_spans(combining, sizeof combining / sizeof combining[0], cp))
        return 0;
    return in_spans(wide, sizeof wide / sizeof wide[0], cp) ? 2 : 1;
}

size_t st_text_width(st_str s)
{
    size_t w = 0;
    for (size_t i = 0; i < s.n;)
        w += st_cp_width(st_utf8_next(s, &i));
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
