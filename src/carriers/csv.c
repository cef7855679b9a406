/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - RFC 4180: a header, then an event a row; cells in quotes hold whatever they like. */
#include "carriers.h"

#include <stdlib.h>
#include <string.h>

typedef struct row {
    st_str *cells; /* in text */
    size_t n, cap;
    st_buf text;
    char comma; /* what stands between cells */
    bool bad;   /* a quote where none can be, or none at the end */
} row;

/* One cell: from *i on, which is put behind it. *last: the row ends with it. False: its end isn't
 * in sight. */
static bool take_cell(row *r, st_str s, size_t *i, bool end, bool *last, size_t *from)
{
    size_t k = *i;
    *from = r->text.n;
    bool quoted = k < s.n && s.p[k] == '"';
    for (k += quoted; k < s.n; k++) {
        char c = s.p[k];
        if (quoted && c == '"') {
            if (k + 1 == s.n && !end)
                return false;
            if (k + 1 < s.n && s.p[k + 1] == '"') {
                st_buf_char(&r->text, '"');
                k++;
                continue;
            }
            quoted = false;
            continue;
        }
        if (!quoted && (c == r->comma || c == '\n')) {
            *last = c == '\n';
            *i = k + 1;
            return true;
        }
        if (quoted || c != '\r')
            st_buf_char(&r->text, c);
    }
    if (!end)
        return false;
    r->bad = quoted;
    *last = true;
    *i = k;
    return true;
}

/* The row that the text begins with: its length; 0: its end isn't in sight. */
static size_t take_row(row *r, st_str s, bool end)
{
    size_t i = 0, from[2];
    bool last = false;
    size_t *offsets = NULL, cap = 0;
    r->n = 0;
    r->bad = false;
    st_buf_clear(&r->text);
    while (!last) {
        if (!take_cell(r, s, &i, end, &last, &from[0])) {
            free(offsets);
            return 0;
        }
        if (r->n >= ST_MAX_CSV_COLUMNS)
            continue;
        if (!st_grow(&offsets, &cap, r->n + 1, sizeof *offsets) ||
            !st_grow(&r->cells, &r->cap, r->n + 1, sizeof *r->cells)) {
            r->text.failed = true;
            break;
        }
        offsets[r->n] = from[0];
        r->cells[r->n++].n = r->text.n - from[0];
    }
    for (size_t k = 0; offsets && k < r->n; k++)
        r->cells[k].p = r->text.p ? r->text.p + offsets[k] : "";
    free(offsets);
    return i;
}

static bool next_row(st_carrying *c, row *r, size_t *n)
{
    st_text *t = &c->text;
    bool end = t->end;
    for (;;) {
        st_str s = st_text_window(t);
        if (end && s.n == 0)
            return false;
        *n = s.n ? take_row(r, s, end) : 0;
        if (r->text.failed)
            return st_carry_memory(c);
        if (*n)
            return true;
        if (s.n > ST_MAX_CARRIED_EVENT) {
            const char *eol = memchr(s.p, '\n', s.n);
            *n = eol ? (size_t)(eol + 1 - s.p) : s.n;
            r->bad = true;
            return true;
        }
        end = !st_text_more(t);
    }
}

static bool one_row(st_carrying *c, const row *names, const row *r, size_t n)
{
    const st_text *t = &c->text;
    if (r->bad || r->n > names->n)
        return st_carry_bad(c, t->head_at, n, t->line, "bad-csv");
    if (r->n <= 1 && (r->n == 0 || r->cells[0].n == 0)) /* an empty line */
        return true;
    st_values_clear(&c->values);
    for (size_t i = 0; i < r->n; i++)
        st_values_put(&c->values, names->cells[i], r->cells[i], false);
    if (c->values.failed)
        return st_carry_memory(c);
    return st_carry_values(c, t->head_at, n, t->line);
}

/* What the names of the columns have most of: a spreadsheet writes what its country does. */
static char comma_of(st_str s)
{
    static const char commas[] = ",;\t";
    size_t most = 0;
    char comma = ',';
    for (const char *k = commas; *k; k++) {
        size_t n = 0;
        for (size_t i = 0; i < s.n && s.p[i] != '\n'; i++)
            n += s.p[i] == *k;
        if (n > most) {
            most = n;
            comma = *k;
        }
    }
    return comma;
}

void st_carry_all_csv(st_carrying *c)
{
    st_text_more(&c->text);
    st_str text = st_text_window(&c->text);
    st_text_skip(&c->text, text.n - st_behind_type_line(text).n);
    char comma = comma_of(st_text_window(&c->text));
    row names = { .comma = comma }, r = { .comma = comma };
    size_t n = 0;
    bool on = next_row(c, &names, &n);
    if (on)
        st_text_skip(&c->text, n);
    while (on && !c->code && next_row(c, &r, &n)) {
        on = one_row(c, &names, &r, n);
        st_text_skip(&c->text, n);
    }
    free(names.cells);
    free(r.cells);
    st_buf_free(&names.text);
    st_buf_free(&r.text);
}
