/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.c - collects diagnostics, and writes one the way a compiler does.
 */
#include "rules/text/diag.h"
#include "base/search.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void st_diags_file(st_diag_sink *d, st_str path, st_str file, size_t base, bool named)
{
    bool same = file.p && d->file.p == file.p, here = same && d->base == base;
    d->path = path;
    d->file = file;
    d->base = base;
    d->places = NULL;
    d->nplaces = 0;
    d->named = named;
    if (!same)
        d->errors = d->dropped = d->warnings = 0;
    if (!here)
        d->nseen = 0;
}

void st_diags_back(st_diag_sink *d, size_t first)
{
    for (; d->n > first; d->n--) {
        size_t *counted = d->items[d->n - 1].severity == ST_SEV_ERROR ? &d->errors : &d->warnings;
        *counted -= *counted > 0;
    }
}

void st_diags_free(st_diag_sink *d)
{
    free(d->items);
    *d = (st_diag_sink){ 0 };
}

static st_str text_of(st_diag_sink *d, const char *fmt, va_list args)
    __attribute__((format(__printf__, 2, 0)));

static st_str text_of(st_diag_sink *d, const char *fmt, va_list args)
{
    char text[ST_ERR_TEXT];
    int n = vsnprintf(text, sizeof text, fmt, args);
    size_t kept = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return st_arena_copy(d->arena, (st_str){ text, kept });
}

static st_diag *next_item(st_diag_sink *d, st_severity severity, const char *fmt, va_list args)
    __attribute__((format(__printf__, 3, 0)));

/* The next item, all but its place; NULL if errors are many, or without memory. */
static st_diag *next_item(st_diag_sink *d, st_severity severity, const char *fmt, va_list args)
{
    bool error = severity == ST_SEV_ERROR;
    if ((error ? d->errors : d->warnings) >= ST_MAX_DIAGS) {
        d->dropped += error;
        return NULL;
    }
    *(error ? &d->errors : &d->warnings) += 1;
    if (!st_grow(&d->items, &d->cap, d->n + 1, sizeof *d->items)) {
        d->failed = true;
        return NULL;
    }
    st_diag *item = &d->items[d->n++];
    *item = (st_diag){ .path = d->path, .named = d->named, .width = 1, .severity = severity };
    item->text = text_of(d, fmt, args);
    return item;
}

/* Invalid bytes count one each, as a terminal shows them. */
static unsigned code_points(st_str s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.n; n++)
        st_utf8_next(s, &i);
    return n;
}

static bool starts_by(const void *item, const void *key)
{
    const st_text_place *p = item;
    const size_t *at = key;
    return p->text <= *at;
}

/* The byte of the file where a byte of the query's text stands. */
static size_t in_file(const st_diag_sink *d, size_t at)
{
    size_t behind = st_lower_bound(d->places, d->nplaces, sizeof *d->places, &at, starts_by),
           low = behind ? behind - 1 : 0;
    if (!d->nplaces)
        at += d->base;
    else if (at >= d->places[low].text)
        at += d->places[low].file - d->places[low].text;
    else
        at = d->places[low].file;
    return at < d->file.n ? at : d->file.n;
}

unsigned st_diags_line(const st_diag_sink *d, uint32_t at)
{
    unsigned line = 1;
    for (size_t i = 0, n = in_file(d, at); i < n; i++)
        line += d->file.p[i] == '\n';
    return line;
}

static void place(st_diag_sink *d, st_span where, st_diag *item)
{
    size_t start = in_file(d, where.start), first, last;
    size_t end = where.end > where.start ? in_file(d, where.end - 1) + 1 : start;
    item->line = 1;
    for (size_t i = first = 0; i < start; i++)
        if (d->file.p[i] == '\n') {
            item->line++;
            first = i + 1;
        }
    for (last = start; last < d->file.n && d->file.p[last] != '\n'; last++)
        ;
    if (first == 0 && d->file.n >= 3 && memcmp(d->file.p, "\xEF\xBB\xBF", 3) == 0 && start >= 3)
        first = 3;
    item->column = 1 + code_points((st_str){ d->file.p + first, start - first });
    if (end > last)
        end = last;
    if (end > start)
        item->width = code_points((st_str){ d->file.p + start, end - start });
    if (last > first && d->file.p[last - 1] == '\r')
        last--;
    item->source = st_arena_copy(d->arena, (st_str){ d->file.p + first, last - first });
}

/* Was there something of the kind at this very place already? From now on there was. */
static bool told(st_diag_sink *d, st_severity severity, size_t at)
{
    for (size_t i = 0; i < d->nseen; i++)
        if (d->seen[i].at == at && d->seen[i].severity == severity)
            return true;
    if (d->nseen < sizeof d->seen / sizeof *d->seen) {
        d->seen[d->nseen].at = at;
        d->seen[d->nseen++].severity = severity;
    }
    return false;
}

void st_diag_at(st_diag_sink *d, st_severity severity, st_span where, const char *code,
                const char *fmt, ...)
{
    va_list args;
    if (told(d, severity, in_file(d, where.start)))
        return;
    va_start(args, fmt);
    st_diag *item = next_item(d, severity, fmt, args);
    va_end(args);
    if (!item)
        return;
    item->code = st_str_of(code);
    place(d, where, item);
}

void st_diag_file(st_diag_sink *d, st_severity severity, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    next_item(d, severity, fmt, args);
    va_end(args);
}

/* What is about the file as a whole comes last. */
static int by_place(const void *a, const void *b)
{
    const st_diag *x = a, *y = b;
    unsigned l = x->line - 1, k = y->line - 1;
    if (l != k)
        return l < k ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    int severity = (x->severity > y->severity) - (x->severity < y->severity);
    return severity ? severity : st_str_cmp(x->text, y->text);
}

void st_diags_sort(st_diag_sink *d, size_t first)
{
    if (d->n > first)
        qsort(d->items + first, d->n - first, sizeof *d->items, by_place);
}

static bool in_table(uint32_t cp, const uint32_t (*table)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= table[i][0] && cp <= table[i][1])
            return true;
    return false;
}

/* Cells of a terminal: CJK and emoji take two, combining marks none. */
static unsigned cells(uint32_t cp)
{
    static const uint32_t none[][2] = { { 0x300, 0x36F },
                                        { 0x200B, 0x200F },
                                        { 0xFE00, 0xFE0F },
                                        { 0x20D0, 0x20FF },
                                        { 0xFEFF, 0xFEFF } };
    static const uint32_t two[][2] = { { 0x1100, 0x115F },   { 0x2E80, 0x303E },
                                       { 0x3041, 0xA4CF },   { 0xAC00, 0xD7A3 },
                                       { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },
                                       { 0xFF00, 0xFF60 },   { 0x1F300, 0x1F64F },
                                       { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD } };
    if (in_table(cp, none, sizeof none / sizeof *none))
        return 0;
    return in_table(cp, two, sizeof two / sizeof *two) ? 2 : 1;
}

/* What can't be shown (broken UTF-8, control characters) becomes U+FFFD, one for one. */
static void put_shown(st_buf *b, uint32_t cp)
{
    bool shown = cp != UINT32_MAX && (cp >= 0x20 || cp == '\t') && !(cp >= 0x7F && cp <= 0x9F) &&
                 !(cp >= 0x202A && cp <= 0x202E) && !(cp >= 0x2066 && cp <= 0x2069);
    st_buf_utf8(b, shown ? cp : 0xFFFD);
}

static void put_text(st_buf *b, st_str s)
{
    for (size_t i = 0; i < s.n;)
        put_shown(b, st_utf8_next(s, &i));
}

enum { SHOWN_BEFORE = 100, SHOWN = 200 }; /* code points of a long line */

/* The source line (of a long one, the part around the mark), and under it the mark: tabs are
 * repeated, so that both lines move alike. */
static void caret(st_buf *b, const st_diag *d)
{
    st_buf under = { 0 };
    unsigned first = d->column > SHOWN_BEFORE ? d->column - SHOWN_BEFORE : 1, width = 0, k = 1;
    for (size_t i = 0; i < d->source.n && k < first + SHOWN; k++) {
        uint32_t cp = st_utf8_next(d->source, &i);
        if (k < first)
            continue;
        put_shown(b, cp);
        if (k >= d->column && k < d->column + d->width)
            width += cells(cp);
        for (unsigned c = cells(cp); k < d->column && c > 0; c--)
            st_buf_char(&under, cp == '\t' ? '\t' : ' ');
    }
    st_buf_char(b, '\n');
    st_buf_str(b, st_buf_slice(&under));
    b->failed = b->failed || under.failed;
    st_buf_free(&under);
    st_buf_char(b, '^');
    for (k = 1; k < width; k++)
        st_buf_char(b, '~');
    st_buf_char(b, '\n');
}

void st_diag_put(st_buf *b, const st_diag *d)
{
    static const char *const words[] = { "error", "warning", "note" };
    put_text(b, d->path);
    if (d->line)
        st_buf_fmt(b, ":%u:%u", d->line, d->column);
    st_buf_fmt(b, ": %s: ", words[d->severity <= ST_SEV_NOTE ? d->severity : ST_SEV_ERROR]);
    put_text(b, d->text);
    if (d->code.n)
        st_buf_fmt(b, " [%.*s]", ST_FMT(d->code));
    st_buf_char(b, '\n');
    if (d->line && d->source.n)
        caret(b, d);
}
