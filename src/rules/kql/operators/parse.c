/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - parse and parse-where: a text taken apart by constants, columns and `*`.
 *
 * A simple pattern is matched by hand: each constant at its first place behind the one before,
 * so the work is linear in the text. kind=regex becomes one regular expression, whose groups
 * are the columns. Columns follow the input's; one whose name is there already is replaced.
 */
#include "rules/kql/operators/operators.h"

#include <string.h>

typedef struct part {
    st_kql_part_kind kind;
    st_str text;
    size_t col; /* of the output */
    st_type type;
    size_t group; /* kind=regex */
} part;

typedef struct parse {
    st_expr *x;
    part *parts;
    size_t n;
    bool drop;    /* parse-where */
    bool relaxed; /* only what doesn't convert is missing */
    st_regex *re;
} parse;

/* The place of needle in s from byte `at` on; SIZE_MAX: none. */
static size_t find_text(st_str s, st_str needle, size_t at)
{
    if (!needle.n)
        return at;
    for (; at + needle.n <= s.n; at++) {
        const char *p = memchr(s.p + at, needle.p[0], s.n - at - needle.n + 1);
        if (!p)
            return SIZE_MAX;
        at = (size_t)(p - s.p);
        if (!memcmp(p, needle.p, needle.n))
            return at;
    }
    return SIZE_MAX;
}

static bool ends(st_str s, st_str tail)
{
    return s.n >= tail.n && !memcmp(s.p + s.n - tail.n, tail.p, tail.n);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How much of s from `at` on looks like a number. */
static size_t number_end(st_str s, size_t at, st_type type)
{
    size_t i = at;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        i++;
    while (i < s.n && (digit(s.p[i]) || (type == ST_TYPE_REAL && s.p[i] == '.')))
        i++;
    return i;
}

/* Where the column's text ends, by what follows it; SIZE_MAX: the pattern doesn't match. */
static size_t column_end(const parse *p, size_t i, st_str s, size_t at)
{
    bool number = st_type_numeric(p->parts[i].type);
    size_t k = i + 1;
    if (k == p->n)
        return s.n;
    if (number && p->parts[k].kind != ST_KQL_PART_TEXT)
        return number_end(s, at, p->parts[i].type);
    while (k < p->n && p->parts[k].kind == ST_KQL_PART_STAR)
        k++;
    if (k == p->n)
        return s.n;
    return p->parts[k].kind == ST_KQL_PART_TEXT ? find_text(s, p->parts[k].text, at) : at;
}

/* The constant's place: right here unless a `*` went before; the last one ends the text. */
static size_t constant_at(const parse *p, size_t i, st_str s, size_t at)
{
    st_str t = p->parts[i].text;
    bool star = i && p->parts[i - 1].kind == ST_KQL_PART_STAR;
    if (star && i + 1 == p->n)
        return s.n >= at + t.n && ends(s, t) ? s.n - t.n : SIZE_MAX;
    if (star)
        return find_text(s, t, at);
    return at + t.n <= s.n && !memcmp(s.p + at, t.p, t.n) ? at : SIZE_MAX;
}

/* A column in front of the last constant, which must end the text, reaches up to it. */
static size_t before_last(const parse *p, size_t i, st_str s, size_t at, size_t end)
{
    if (i + 2 != p->n || p->parts[i + 1].kind != ST_KQL_PART_TEXT || end == SIZE_MAX)
        return end;
    st_str t = p->parts[i + 1].text;
    return s.n >= at + t.n && ends(s, t) ? s.n - t.n : SIZE_MAX;
}

static bool match_simple(const parse *p, st_str s, st_str *found)
{
    size_t at = 0;
    for (size_t i = 0; i < p->n; i++) {
        const part *q = &p->parts[i];
        if (q->kind == ST_KQL_PART_TEXT) {
            at = constant_at(p, i, s, at);
            if (at == SIZE_MAX)
                return false;
            at += q->text.n;
        } else if (q->kind == ST_KQL_PART_COLUMN) {
            size_t end = before_last(p, i, s, at, column_end(p, i, s, at));
            if (end == SIZE_MAX)
                return false;
            found[i] = (st_str){ s.p + at, end - at };
            at = end;
        }
    }
    return at == s.n || p->parts[p->n - 1].kind != ST_KQL_PART_TEXT;
}

static bool match_regex(const parse *p, st_str s, st_str *found)
{
    size_t spans[ST_MAX_REGEX_GROUPS][2];
    size_t n = st_regex_find(p->re, s, 0, spans, ST_MAX_REGEX_GROUPS);
    for (size_t i = 0; n && i < p->n; i++)
        if (p->parts[i].kind == ST_KQL_PART_COLUMN) {
            size_t g = p->parts[i].group;
            bool there = g < n && spans[g][0] != SIZE_MAX;
            found[i] = there ? (st_str){ s.p + spans[g][0], spans[g][1] - spans[g][0] }
                             : (st_str){ s.p, 0 };
        }
    return n != 0;
}

/* The row's values, one a part; false: all are missing. */
static bool parse_row(st_run *r, const parse *p, st_val text, st_val *out, st_str *found)
{
    if (text.tag != ST_VAL_STRING)
        text = st_val_tostring(&r->mem, p->x->type, text);
    st_str s = st_pool_get(r->mem.pool, text.u.s);
    if (!(p->re ? match_regex(p, s, found) : match_simple(p, s, found)))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        if (p->parts[i].kind != ST_KQL_PART_COLUMN)
            continue;
        st_val v = st_val_str(&r->mem, found[i]);
        out[i] = p->parts[i].type == ST_TYPE_STRING
                     ? v
                     : st_val_convert(&r->mem, p->parts[i].type, ST_TYPE_STRING, v);
        if (out[i].tag == ST_VAL_NULL && !p->relaxed)
            return false;
    }
    return true;
}

static bool parse_batch(st_run *r, const st_op *op, const parse *p, st_batch *b, bool *keep)
{
    size_t step;
    st_slot *slots = ST_NEWN(&b->arena, st_slot, op->schema.n);
    st_val *row = ST_NEWN(&b->arena, st_val, p->n);
    st_str *found = ST_NEWN(&b->arena, st_str, p->n);
    const st_val *v = st_expr_run(r, p->x, b, &step);
    if (!slots || !row || !found || !v)
        return st_run_nomem(r);
    memcpy(slots, b->cols, b->ncols * sizeof *slots);
    for (size_t i = 0; i < p->n; i++)
        if (p->parts[i].kind == ST_KQL_PART_COLUMN &&
            !(slots[p->parts[i].col].v = ST_NEWN(&b->arena, st_val, b->n)))
            return st_run_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        keep[k] = parse_row(r, p, v[k * step], row, found);
        for (size_t i = 0; i < p->n; i++)
            if (p->parts[i].kind == ST_KQL_PART_COLUMN)
                slots[p->parts[i].col].v[k] = keep[k] ? row[i] : st_val_missing(p->parts[i].type);
    }
    if (p->re && st_regex_gave_up(p->re))
        r->limit = "a regular expression met its limit of work";
    b->cols = slots;
    b->ncols = op->schema.n;
    return true;
}

static st_batch *parse_next(st_run *r, st_op *op)
{
    parse *p = op->spec;
    st_batch *b;
    while ((b = st_op_next(r, op->in)) != NULL) {
        bool *keep = ST_NEWN(&b->arena, bool, b->n);
        if (!keep || !parse_batch(r, op, p, b, keep)) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
        if (!p->drop)
            return b;
        st_batch_filter(b, keep);
        if (b->n)
            return b;
        st_batch_free(b);
    }
    return NULL;
}

/* binding */

static void regex_free(void *p)
{
    st_regex_free(p);
}

/* A constant's own groups count, too. */
static bool count_groups(const st_scope *sc, const st_kql_part *q, size_t *groups)
{
    size_t at;
    st_err err = { 0 };
    st_regex *re = st_regex_new(q->text, &at, &err);
    if (!re) {
        st_bind_error(sc, q->span, NULL, "%s", err.text);
        return false;
    }
    *groups += st_regex_groups(re);
    st_regex_free(re);
    return true;
}

/* As the documentation's results have it (its text says otherwise): a column of text and `*` take
 * as much as they can, with the flag U as little. A number takes all of its digits either way. */
static const char *group_text(st_type type)
{
    if (type == ST_TYPE_INT || type == ST_TYPE_LONG)
        return "((?-U:-?\\d+))";
    if (type == ST_TYPE_REAL)
        return "((?-U:-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?))";
    return "(.*)";
}

static void add_flags(const st_scope *sc, const st_kql_op *q, st_buf *t)
{
    const st_kql_expr *e = st_bind_opt(q, "flags");
    if (!e)
        return;
    if (e->kind == ST_KQL_NAME && e->u.name.n)
        st_buf_fmt(t, "(?%.*s)", ST_FMT(e->u.name));
    else
        st_bind_error(sc, e->span, NULL, "flags are letters: U, i, m or s");
}

static bool make_regex(const st_scope *sc, const st_kql_op *q, parse *p)
{
    st_buf t = { 0 };
    size_t groups = 0, at;
    st_err err = { 0 };
    add_flags(sc, q, &t);
    for (size_t i = 0; i < p->n && !sc->out->failed; i++) {
        const part *c = &p->parts[i];
        if (c->kind == ST_KQL_PART_TEXT && count_groups(sc, &q->u.parse.parts[i], &groups))
            st_buf_fmt(&t, "(?:%.*s)", ST_FMT(c->text));
        else if (c->kind == ST_KQL_PART_STAR)
            st_buf_str(&t, ST_STR(".*"));
        else if (c->kind == ST_KQL_PART_COLUMN) {
            p->parts[i].group = ++groups;
            st_buf_str(&t, st_str_of(group_text(c->type)));
        }
    }
    const st_kql_expr *flags = st_bind_opt(q, "flags");
    bool lazy = flags && flags->kind == ST_KQL_NAME && flags->u.name.n &&
                memchr(flags->u.name.p, 'U', flags->u.name.n);
    if (lazy && p->n && p->parts[p->n - 1].kind == ST_KQL_PART_COLUMN &&
        p->parts[p->n - 1].type == ST_TYPE_STRING)
        st_buf_char(&t, '$'); /* a last column takes the rest all the same */
    if (!sc->out->failed && groups >= ST_MAX_REGEX_GROUPS)
        st_bind_error(sc, q->span, NULL, "more than %d groups in one pattern, the limit",
                      ST_MAX_REGEX_GROUPS - 1);
    if (!sc->out->failed && !(p->re = st_regex_new(st_buf_slice(&t), &at, &err)))
        st_bind_error(sc, q->span, NULL, "%s", err.text);
    st_buf_free(&t);
    return !sc->out->failed && st_run_own(sc->r, p->re, regex_free);
}

static bool kind_of(const st_scope *sc, const st_kql_op *q, parse *p, bool *regex)
{
    const st_kql_expr *e = st_bind_opt(q, "kind");
    st_str kind = e && e->kind == ST_KQL_NAME ? e->u.name : ST_STR("simple");
    *regex = st_str_eq(kind, ST_STR("regex"));
    p->relaxed = st_str_eq(kind, ST_STR("relaxed"));
    p->drop = q->kind == ST_KQL_PIPE_PARSE_WHERE;
    if (*regex || p->relaxed || st_str_eq(kind, ST_STR("simple")))
        return true;
    st_bind_error(sc, e ? e->span : q->word, "KS005",
                  "unknown kind of parse; expected simple, regex or relaxed");
    return false;
}

static bool add_parts(const st_scope *sc, st_op *op, const st_kql_op *q, parse *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const st_kql_part *s = &q->u.parse.parts[i];
        part *c = &p->parts[i];
        *c = (part){ .kind = s->kind, .text = s->text, .type = st_bind_type(s->column.type) };
        for (size_t k = 0; s->kind == ST_KQL_PART_COLUMN && k < i; k++)
            if (p->parts[k].kind == ST_KQL_PART_COLUMN &&
                st_str_eq(s->column.name.text, q->u.parse.parts[k].column.name.text)) {
                st_bind_error(sc, s->span, "KS171", "there is a column %.*s already",
                              ST_FMT(s->column.name.text));
                return false;
            }
        if (s->kind == ST_KQL_PART_COLUMN)
            c->col = st_schema_put(sc->r, &op->schema, s->column.name.text, c->type);
        if (c->col == SIZE_MAX)
            return false;
    }
    return true;
}

st_op *st_bind_op_parse(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    bool regex = false;
    st_op *op = st_op_new(sc->r, parse_next, in, sizeof(parse));
    parse *p = op ? op->spec : NULL;
    if (!p || !(p->x = st_bind_expr(sc, q->u.parse.expr)) || !kind_of(sc, q, p, &regex))
        return NULL;
    p->n = q->u.parse.n;
    p->parts = ST_NEWN(&sc->r->arena, part, p->n);
    if (!p->n || !p->parts || !add_parts(sc, op, q, p) || (regex && !make_regex(sc, q, p)))
        return NULL;
    return sc->out->failed ? NULL : op;
}
