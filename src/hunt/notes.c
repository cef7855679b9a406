/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.c - what analysts noted of findings and incidents (--notes): CSV of id, verdict, comment
 * and author. Ids are hashes of what they name, so notes hold when evidence is added.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

enum { ID, VERDICT, COMMENT, AUTHOR, COLUMNS };

/* The next cell at *s (RFC 4180), into b; *end: it was the line's last. false: there is none. */
static bool next_cell(st_str *s, st_buf *b, bool *end)
{
    size_t i = 0;
    st_buf_clear(b);
    if (!s->n)
        return false;
    bool quoted = s->p[0] == '"';
    for (i = quoted; i < s->n; i++) {
        bool quote = s->p[i] == '"';
        if (quoted && quote && i + 1 < s->n && s->p[i + 1] == '"')
            i++;
        else if (quoted && quote) {
            quoted = false;
            continue;
        } else if (!quoted && (s->p[i] == ',' || s->p[i] == '\n'))
            break;
        st_buf_char(b, s->p[i]);
    }
    *end = i >= s->n || s->p[i] == '\n';
    size_t used = i < s->n ? i + 1 : i;
    *s = (st_str){ s->p + used, s->n - used };
    return true;
}

/* The cells of the next line; false: there is none. */
static bool next_line(st_notes *x, st_str *s, st_str cells[COLUMNS + 4], size_t *n, st_buf *b)
{
    bool end = false;
    *n = 0;
    while (!end && next_cell(s, b, &end)) {
        if (*n < COLUMNS + 4)
            cells[(*n)++] = st_arena_copy(&x->arena, st_str_trim(st_buf_slice(b)));
        else
            ++*n;
    }
    if (*n > COLUMNS + 4)
        *n = COLUMNS + 4;
    return *n > 0;
}

static size_t column_named(st_str s)
{
    static const struct {
        const char *word;
        size_t column;
    } words[] = {
        { "id", ID },         { "finding", ID },      { "incident", ID },    { "findingid", ID },
        { "incidentid", ID }, { "verdict", VERDICT }, { "status", VERDICT }, { "comment", COMMENT },
        { "note", COMMENT },  { "author", AUTHOR },   { "analyst", AUTHOR },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (st_str_ieq(s, st_str_of(words[i].word)))
            return words[i].column;
    return COLUMNS;
}

static bool is_id(st_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i])
            return false;
    return s.n == 16;
}

static int by_id(const void *pa, const void *pb)
{
    const st_note *a = pa, *b = pb;
    int d = st_str_cmp(a->id, b->id);
    return d ? d : (a->line > b->line) - (a->line < b->line);
}

static st_str lower(st_notes *x, st_str s)
{
    char *p = ST_NEWN(&x->arena, char, s.n + 1);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = st_ascii_lower(s.p[i]);
    return (st_str){ p ? p : "", p ? s.n : 0 };
}

st_code st_notes_read(st_notes *x, st_str text, st_err *err)
{
    st_str cells[COLUMNS + 4];
    size_t n,
        column[COLUMNS + 4] = { ID, VERDICT, COMMENT, AUTHOR, COLUMNS, COLUMNS, COLUMNS, COLUMNS };
    st_buf b = { 0 };
    st_code code = ST_OK;
    *x = (st_notes){ .n = 0 };
    if (st_str_starts(text, ST_STR("\xef\xbb\xbf")))
        text = (st_str){ text.p + 3, text.n - 3 };
    for (uint32_t line = 1; code == ST_OK && next_line(x, &text, cells, &n, &b); line++) {
        st_str got[COLUMNS] = { { NULL, 0 } };
        bool heading = line == 1 && n && column_named(cells[0]) != COLUMNS && !is_id(cells[0]);
        for (size_t i = 0; i < n; i++) {
            if (heading)
                column[i] = column_named(cells[i]);
            else if (column[i] < COLUMNS)
                got[column[i]] = cells[i];
        }
        if (heading || (n == 1 && !cells[0].n))
            continue;
        if (!is_id(got[ID]))
            code = st_fail(err, ST_E_USAGE,
                           "line %u: '%.*s' is no id of a finding or incident (16 hex digits)",
                           line, ST_FMT(got[ID]));
        else if (x->n >= ST_MAX_NOTES)
            code = st_fail(err, ST_E_LIMIT, "more than %zu notes", ST_MAX_NOTES);
        else if (!st_grow(&x->v, &x->cap, x->n + 1, sizeof *x->v))
            code = st_fail(err, ST_E_MEMORY, "no memory for notes");
        else
            x->v[x->n++] = (st_note){ lower(x, got[ID]), got[VERDICT], got[COMMENT],
                                      got[AUTHOR],       line,         false };
    }
    if (code == ST_OK && (b.failed || x->arena.failed))
        code = st_fail(err, ST_E_MEMORY, "no memory for notes");
    if (x->n)
        qsort(x->v, x->n, sizeof *x->v, by_id);
    st_buf_free(&b);
    return code;
}

void st_notes_free(st_notes *x)
{
    free(x->v);
    st_arena_free(&x->arena);
}

const st_note *st_notes_of(const st_notes *x, st_str id, size_t *at)
{
    size_t low = 0, high = x ? x->n : 0;
    if (*at)
        low = *at;
    else
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            if (st_str_cmp(x->v[mid].id, id) < 0)
                low = mid + 1;
            else
                high = mid;
        }
    if (!x || low >= x->n || !st_str_eq(x->v[low].id, id))
        return NULL;
    *at = low + 1;
    return &x->v[low];
}

void st_note_put(const st_note *n, st_buf *b)
{
    st_buf_str(b, n->verdict.n ? n->verdict : ST_STR("noted"));
    if (n->comment.n)
        st_buf_fmt(b, ": %.*s", ST_FMT(n->comment));
    if (n->author.n)
        st_buf_fmt(b, " (%.*s)", ST_FMT(n->author));
}

size_t st_notes_match(const st_case *c, st_notes *x)
{
    char id[17];
    size_t n, unmatched = 0;
    for (size_t i = 0; i < c->nincidents; i++) {
        n = 0;
        for (const st_note *k; (k = st_notes_of(x, st_str_of(c->incidents[i].id), &n));)
            x->v[k - x->v].used = true;
    }
    for (size_t i = 0; x->n && i < c->nfindings; i++) {
        n = 0;
        st_finding_id(c, &c->findings[i], id);
        for (const st_note *k; (k = st_notes_of(x, st_str_of(id), &n));)
            x->v[k - x->v].used = true;
    }
    for (size_t i = 0; i < x->n; i++)
        unmatched += !x->v[i].used;
    return unmatched;
}
