/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_put.c - how text gets onto the page: what evidence says is scrubbed, escaped and isolated
 * here, and nowhere else.
 */
#include "report/html.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void st_page_put(st_page *g, const char *s)
{
    st_buf_put(&g->o->buf, s, strlen(s));
}

void st_page_fmt(st_page *g, const char *fmt, ...)
{
    char text[512];
    va_list list;
    va_start(list, fmt);
    int n = vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    if (n > 0)
        st_buf_put(&g->o->buf, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void put_escaped(st_buf *b, st_str s)
{
    static const struct {
        char c;
        const char *name;
    } names[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
    };
    for (size_t i = 0; i < s.n; i++) {
        const char *name = NULL;
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            if (s.p[i] == names[k].c)
                name = names[k].name;
        if (name)
            st_buf_put(b, name, strlen(name));
        else
            st_buf_char(b, s.p[i]);
    }
}

/* Is what stands at i taken as it is? */
static bool ordinary(st_str s, size_t i)
{
    uint32_t cp = st_utf8_next(s, &i);
    return cp != UINT32_MAX && cp >= 0x20 && cp != 0x7f && !st_cp_hidden(cp);
}

/* Scrubbed and escaped; what was scrubbed is marked, to tell it from the same text typed. */
static void put_clean(st_buf *b, st_str s)
{
    st_buf mark = { 0 };
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        if (ordinary(s, i)) {
            while (i < s.n && ordinary(s, i))
                st_utf8_next(s, &i);
            put_escaped(b, (st_str){ s.p + from, i - from });
            continue;
        }
        st_buf_clear(&mark);
        st_scrub_one(&mark, s, &i, false);
        st_buf_str(b, ST_STR("<span class=\"x\">"));
        put_escaped(b, st_buf_slice(&mark));
        st_buf_str(b, ST_STR("</span>"));
    }
    b->failed |= mark.failed;
    st_buf_free(&mark);
}

void st_page_text(st_page *g, st_str s)
{
    put_clean(&g->o->buf, s);
}

void st_page_evidence(st_page *g, st_str s)
{
    st_buf *b = &g->o->buf;
    size_t end = s.n;
    if (s.n > ST_MAX_HTML_TEXT) {
        end = ST_MAX_HTML_TEXT;
        while (end && ((unsigned char)s.p[end] & 0xc0) == 0x80)
            end--;
    }
    st_page_put(g, "<bdi class=\"e\">");
    put_clean(b, (st_str){ s.p, end });
    st_page_put(g, "</bdi>");
    if (end < s.n && g->bound) {
        st_page_fmt(g, " <span class=\"m\">\xe2\x80\xa6 %zu more bytes</span>", s.n - end);
    } else if (end < s.n) {
        st_page_put(g, "<details><summary>more</summary><bdi class=\"e\">");
        put_clean(b, (st_str){ s.p + end, s.n - end });
        st_page_put(g, "</bdi></details>");
    }
    st_out_tick(g->o);
}

void st_page_made(st_page *g)
{
    st_page_evidence(g, st_buf_slice(&g->text));
    g->o->buf.failed |= g->text.failed;
    st_buf_clear(&g->text);
}

void st_page_name(st_page *g, const st_proc *p)
{
    st_str name = st_str_basename(st_pool_get(g->f->pool, p->image));
    st_page_evidence(g, name.n ? name : ST_STR("?"));
    if (p->pid != ST_NO_U32)
        st_page_fmt(g, " (%u)", p->pid);
}

void st_page_host(st_page *g, uint32_t host)
{
    st_page_evidence(g, st_host_shown(g->c, host));
}

void st_page_level(st_page *g, st_level level)
{
    st_page_fmt(g, "<strong class=\"l l%u\">%s</strong> ", (unsigned)level, st_level_word(level));
}

static void put_time(st_page *g, st_ticks t, size_t from)
{
    st_buf b = { 0 };
    st_buf_time_sysmon(&b, t);
    st_page_put(g, "<time>");
    if (b.n >= 19)
        st_buf_put(&g->o->buf, b.p + from, 19 - from);
    st_page_put(g, "</time>");
    g->o->buf.failed |= b.failed;
    st_buf_free(&b);
}

void st_page_time(st_page *g, st_ticks t)
{
    put_time(g, t, 0);
}

void st_page_span(st_page *g, st_ticks from, st_ticks to)
{
    const st_ticks day = ST_TICKS_SECOND * 86400;
    put_time(g, from, 0);
    if (to / ST_TICKS_SECOND == from / ST_TICKS_SECOND)
        return;
    st_page_put(g, " to ");
    put_time(g, to, from / day == to / day ? 11 : 0);
}

void st_page_count(st_page *g, uint64_t n, const char *one, const char *many)
{
    st_page_fmt(g, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

void st_page_url(st_page *g, st_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
                     c == '_' || c == '.';
        if (plain)
            st_buf_char(&g->o->buf, s.p[i]);
        else
            st_page_fmt(g, "%%%02X", c);
    }
}

void st_page_table(st_page *g, const char *caption, const char *const *names)
{
    st_page_fmt(
        g,
        "<div class=\"w\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table class=\"stack\">"
        "<caption>%s</caption><thead><tr>",
        caption, caption);
    for (; *names; names++)
        st_page_fmt(g, "<th scope=\"col\">%s</th>", *names);
    st_page_put(g, "</tr></thead><tbody>\n");
}

void st_page_table_end(st_page *g)
{
    st_page_put(g, "</tbody></table></div>\n");
    st_out_tick(g->o);
}
