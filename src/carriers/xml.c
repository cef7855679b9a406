/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.c - events cut out of a text at their tags, and parsed one by one.
 *
 * So it makes no difference what stands between them: a root, an XML declaration before each, a
 * date and a host of syslog. No document is ever parsed as a whole, and none with a DOCTYPE.
 */
#include "carriers.h"

#include <string.h>

#define TAG "<Event"
#define END "</Event>"
enum { TAG_N = sizeof TAG - 1, END_N = sizeof END - 1 };

/* The next tag that an event begins with, at or behind from; s.n: none. At the very end it may be
 * one: *maybe. */
static size_t find_tag(st_str s, size_t from, bool *maybe)
{
    *maybe = false;
    while (from + TAG_N <= s.n) {
        const char *at = memmem(s.p + from, s.n - from, TAG, TAG_N);
        if (!at)
            return s.n;
        size_t i = (size_t)(at - s.p);
        if (i + TAG_N == s.n) {
            *maybe = true;
            return i;
        }
        if (memchr(" \t\r\n>", s.p[i + TAG_N], 5))
            return i;
        from = i + TAG_N;
    }
    return s.n;
}

st_str st_event_in(st_str s)
{
    bool maybe;
    size_t from = find_tag(s, 0, &maybe);
    if (from == s.n || maybe)
        return (st_str){ 0 };
    const char *end = memmem(s.p + from, s.n - from, END, END_N);
    return (st_str){ s.p + from, end ? (size_t)(end + END_N - (s.p + from)) : s.n - from };
}

/* a cut event */

/* What is whole of it: up to its last value, closed again. */
static bool close_again(st_buf *out, st_str event)
{
    static const char last[] = "</Data>", system[] = "</System>";
    size_t n = 0;
    for (size_t i = event.n; i-- > 0 && !n;)
        if (event.p[i] == '<' && event.n - i >= sizeof last - 1 &&
            memcmp(event.p + i, last, sizeof last - 1) == 0)
            n = i + sizeof last - 1;
    st_buf_clear(out);
    if (n) {
        st_buf_put(out, event.p, n);
        st_buf_str(out, ST_STR("</EventData></Event>"));
        return true;
    }
    const char *at = memmem(event.p, event.n, system, sizeof system - 1);
    if (!at)
        return false;
    st_buf_put(out, event.p, (size_t)(at - event.p) + sizeof system - 1);
    st_buf_str(out, ST_STR("</Event>"));
    return true;
}

/* syslog */

/* The daemon writes control characters as '#' and three octal digits. */
static st_str undo_octal(st_buf *out, st_str s)
{
    st_buf_clear(out);
    for (size_t i = 0; i < s.n; i++) {
        bool escaped = s.p[i] == '#' && s.n - i > 3 && s.p[i + 1] == '0' && s.p[i + 2] >= '0' &&
                       s.p[i + 2] < '4' && s.p[i + 3] >= '0' && s.p[i + 3] < '8';
        char c = s.p[i];
        if (escaped) {
            c = (char)((s.p[i + 2] - '0') * 8 + (s.p[i + 3] - '0'));
            i += 3;
        }
        st_buf_char(out, c);
    }
    return st_buf_slice(out);
}

static bool is_linux(const st_record *r)
{
    return st_value_is(&r->provider, "Linux-Sysmon");
}

/* Where Sysmon for Linux gives a UtcTime that is far off, the time of the record stands. */
static void drop_wrong_time(st_carrying *c, st_record *r)
{
    enum { TEN_MINUTES = 600 };
    for (size_t i = 0; i < r->nfields; i++) {
        st_ticks t;
        st_str text = { (const char *)r->fields[i].value.p, r->fields[i].value.n };
        if (!st_str_eq(r->fields[i].name, ST_STR("UtcTime")) || !st_time_sysmon(text, &t))
            continue;
        st_ticks off = t > r->time_created ? t - r->time_created : r->time_created - t;
        if (off <= (st_ticks)TEN_MINUTES * 10000000 || !r->time_created)
            return;
        st_field *to = st_arena_alloc(&c->arena, sizeof *to, r->nfields);
        if (!to)
            return;
        memcpy(to, r->fields, r->nfields * sizeof *to);
        to[i] = to[--r->nfields];
        r->fields = to;
        return;
    }
}

bool st_carry_xml(st_carrying *c, st_str event, uint64_t offset, uint64_t line, bool cut)
{
    st_record r = { .offset = offset, .origin = ST_O_LIVE, .event_id = UINT32_MAX };
    st_report *report = c->source->report;
    st_str text = event;
    if (cut) {
        if (!close_again(&c->scratch, event))
            return st_carry_bad(c, offset, event.n, line, "truncated");
        text = st_buf_slice(&c->scratch);
    }
    st_arena_free(&c->arena);
    st_code code = st_xml_read(c->xml, text.p, text.n, &report->lossy);
    code = code ? code : st_xml_system(c->xml, &r);
    code = code ? code : st_xml_fields(c->xml, c->ops->name_id, &r);
    if (code == ST_E_MEMORY || c->scratch.failed)
        return st_carry_memory(c);
    if (code)
        return st_carry_bad(c, offset, event.n, line, "bad-xml");
    if (c->o->xml) {
        st_buf_clear(&c->scratch2);
        st_xml_render(c->xml, &c->scratch2);
        r.xml = st_buf_slice(&c->scratch2);
    }
    if (cut) {
        r.flags |= ST_R_PARTIAL;
        r.damage = "truncated";
        report->damaged++;
        st_report_lost(report, offset, event.n, "truncated");
        if (!c->source->bad_line)
            c->source->bad_line = line;
    }
    if (is_linux(&r))
        drop_wrong_time(c, &r);
    return st_carry(c, &r);
}

/* the scan */

/* Is there something before the event in its line? */
static bool in_a_line(st_str before)
{
    const char *eol = memrchr(before.p, '\n', before.n);
    st_str rest = { eol ? eol + 1 : before.p, before.n };
    rest.n = before.n - (size_t)(rest.p - before.p);
    return st_str_trim(rest).n > 0;
}

/* The event that the window begins with: its length, 0 while its end isn't in sight. */
static size_t event_length(st_str s, size_t *looked, bool end, bool *cut)
{
    bool maybe;
    size_t from = *looked > END_N ? *looked - END_N : TAG_N;
    const char *at = from < s.n ? memmem(s.p + from, s.n - from, END, END_N) : NULL;
    size_t stop = at ? (size_t)(at - s.p) + END_N : s.n;
    size_t next = find_tag((st_str){ s.p, stop }, TAG_N, &maybe);
    *cut = true;
    if (next < stop && !maybe)
        return next;
    *looked = s.n;
    *cut = !at;
    if (at)
        return stop;
    return end ? s.n : 0;
}

static bool one_event(st_carrying *c, bool syslog)
{
    st_text *t = &c->text;
    size_t looked = 0, n = 0;
    bool cut = false, end = false;
    while (!(n = event_length(st_text_window(t), &looked, end, &cut))) {
        if (st_text_window(t).n > ST_MAX_CARRIED_EVENT) {
            bool on = st_carry_bad(c, t->head_at, TAG_N, t->line, "too-long");
            st_text_skip(t, TAG_N);
            return on;
        }
        end = !st_text_more(t);
    }
    st_str event = { st_text_window(t).p, n };
    if (syslog && memchr(event.p, '#', n) && memmem(event.p, n, "Linux-Sysmon", 12))
        event = undo_octal(&c->scratch2, event);
    bool on = n <= ST_MAX_CARRIED_EVENT ? st_carry_xml(c, event, t->head_at, t->line, cut)
                                        : st_carry_bad(c, t->head_at, n, t->line, "too-long");
    st_text_skip(t, n);
    return on && !c->code;
}

void st_carry_all_xml(st_carrying *c)
{
    st_text *t = &c->text;
    bool on = true, syslog = false;
    st_text_more(t);
    while (on && !t->failed) {
        bool maybe;
        st_str s = st_text_window(t);
        size_t at = find_tag(s, 0, &maybe);
        syslog = at && in_a_line((st_str){ s.p, at });
        if (at < s.n && !maybe) {
            st_text_skip(t, at);
            on = one_event(c, syslog);
            continue;
        }
        /* what is left may be the beginning of a tag, and what stands in its line tells of syslog
         */
        size_t keep = s.n < 4096 ? s.n : 4096;
        st_text_skip(t, s.n - keep);
        on = st_text_more(t);
    }
}
