/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_kv.c - parse-kv: names and values out of a text, as columns.
 *
 * The first value of a name counts. Quoted values may hold delimiters; blanks around names and
 * values don't count. With regex=, its first group is a name and its second the value. Without
 * delimiters a value is the run of letters and digits behind the one that is a name. The search for
 * a name among the columns is a walk: they are few.
 */
#include "rules/kql/operators/operators.h"
#include "rules/engine/match/match.h"

#include <string.h>

typedef struct parse_kv {
    st_expr *x;
    const st_kql_schema *names;
    size_t *col; /* of the output, by name */
    st_str pair, kv, quote, escape;
    bool greedy, bare;
    st_regex *re; /* NULL: by delimiters; bare: no delimiters are given */
} parse_kv;

static bool here(st_str s, size_t at, st_str what)
{
    return what.n && at + what.n <= s.n && !memcmp(s.p + at, what.p, what.n);
}

/* A value that begins with a quote: up to the next one that isn't escaped. Its end. */
static size_t quoted(const parse_kv *p, st_str s, size_t at, st_buf *out)
{
    for (at += p->quote.n; at < s.n;) {
        if (here(s, at, p->escape) && at + p->escape.n < s.n) {
            st_buf_char(out, s.p[at + p->escape.n]);
            at += p->escape.n + 1;
        } else if (here(s, at, p->quote)) {
            return at + p->quote.n;
        } else {
            st_buf_char(out, s.p[at++]);
        }
    }
    return at;
}

/* Does a pair begin at `at`? With greedy a delimiter counts only before NAME=. */
static bool pair_at(const parse_kv *p, st_str s, size_t at)
{
    if (!p->greedy)
        return true;
    for (; at < s.n && !here(s, at, p->pair); at++)
        if (here(s, at, p->kv))
            return true;
    return at >= s.n;
}

static size_t plain(const parse_kv *p, st_str s, size_t at, st_buf *out)
{
    while (at < s.n && !(here(s, at, p->pair) && pair_at(p, s, at + p->pair.n)))
        st_buf_char(out, s.p[at++]);
    return at;
}

/* Is it one of the names? */
static bool keep(st_run *r, const parse_kv *p, st_str name, st_str value, st_val *row, bool *seen)
{
    bool known = false;
    for (size_t i = 0; i < p->names->n; i++) {
        const st_kql_column *c = &p->names->columns[i];
        if (!st_str_eq(c->name.text, name))
            continue;
        known = true;
        if (seen[i])
            continue;
        seen[i] = true;
        row[i] = st_val_convert(&r->mem, st_bind_type(c->type), ST_TYPE_STRING,
                                st_val_str(&r->mem, value));
    }
    return known;
}

static void parse_text(st_run *r, const parse_kv *p, st_str s, st_val *row, bool *seen)
{
    st_buf value = { 0 };
    size_t at = 0;
    while (at < s.n) {
        size_t start = at;
        while (at < s.n && !here(s, at, p->kv) && !here(s, at, p->pair))
            at++;
        if (!here(s, at, p->kv)) { /* no value: goes on behind the delimiter */
            at = at < s.n ? at + p->pair.n : at;
            continue;
        }
        st_str name = st_str_trim((st_str){ s.p + start, at - start });
        at += p->kv.n;
        value.n = 0;
        while (at < s.n && s.p[at] == ' ' && !here(s, at, p->pair))
            at++;
        bool in_quotes = here(s, at, p->quote);
        at = in_quotes ? quoted(p, s, at, &value) : plain(p, s, at, &value);
        st_str v = st_buf_slice(&value);
        (void)keep(r, p, name, in_quotes ? v : st_str_trim(v), row, seen);
        while (in_quotes && at < s.n && !here(s, at, p->pair))
            at++;
        at += at < s.n ? p->pair.n : 0;
    }
    if (value.failed)
        st_run_nomem(r);
    st_buf_free(&value);
}

/* Names and values are the first two groups of each match. */
static void parse_matches(st_run *r, const parse_kv *p, st_str s, st_val *row, bool *seen)
{
    size_t span[3][2];
    for (size_t at = 0, next; at <= s.n && st_regex_find(p->re, s, at, span, 3); at = next) {
        bool both = span[1][0] != SIZE_MAX && span[2][0] != SIZE_MAX, known = false;
        if (both) {
            st_str name = { s.p + span[1][0], span[1][1] - span[1][0] };
            st_str value = { s.p + span[2][0], span[2][1] - span[2][0] };
            known = keep(r, p, st_str_trim(name), st_str_trim(value), row, seen);
        }
        next = both && p->bare && !known ? span[2][0] : span[0][1];
        next = next > at ? next : at + 1;
    }
}

static bool parse_batch(st_run *r, const st_op *op, const parse_kv *p, st_batch *b)
{
    size_t step, n = p->names->n;
    st_slot *slots = ST_NEWN(&b->arena, st_slot, op->schema.n);
    st_val *row = ST_NEWN(&b->arena, st_val, n);
    bool *seen = ST_NEWN(&b->arena, bool, n);
    const st_val *v = st_expr_run(r, p->x, b, &step);
    if (!slots || !row || !seen || !v)
        return false;
    memcpy(slots, b->cols, b->ncols * sizeof *slots);
    for (size_t i = 0; i < n; i++)
        if (!(slots[p->col[i]].v = ST_NEWN(&b->arena, st_val, b->n)))
            return false;
    for (size_t k = 0; k < b->n; k++) {
        st_val t = st_val_tostring(&r->mem, p->x->type, v[k * step]);
        memset(seen, 0, n);
        for (size_t i = 0; i < n; i++)
            row[i] = st_val_missing(st_bind_type(p->names->columns[i].type));
        (p->re ? parse_matches : parse_text)(r, p, st_pool_get(r->mem.pool, t.u.s), row, seen);
        for (size_t i = 0; i < n; i++)
            slots[p->col[i]].v[k] = row[i];
    }
    b->cols = slots;
    b->ncols = op->schema.n;
    return st_run_ok(r);
}

static st_batch *parse_kv_next(st_run *r, st_op *op)
{
    st_batch *b = st_op_next(r, op->in);
    if (!b || parse_batch(r, op, op->spec, b))
        return b;
    st_batch_free(b);
    if (st_run_ok(r))
        st_run_nomem(r);
    return NULL;
}

static bool text_option(const st_scope *sc, const st_kql_op *q, const char *name, st_str *out)
{
    const st_kql_expr *e = st_bind_opt(q, name);
    st_val v;
    st_type t;
    if (!e)
        return true;
    if (!st_bind_constant(sc, e, &v, &t))
        return false;
    if (t != ST_TYPE_STRING) {
        st_bind_error(sc, e->span, NULL, "a text is needed for %s", name);
        return false;
    }
    *out = st_pool_get(sc->r->mem.pool, v.u.s);
    return true;
}

static void regex_free(void *p)
{
    st_regex_free(p);
}

static bool pattern(const st_scope *sc, const st_kql_expr *e, st_str text, parse_kv *p)
{
    st_err err = { 0 };
    size_t at = 0;
    p->re = st_regex_new(text, &at, &err);
    if (p->re && !st_run_own(sc->r, p->re, regex_free))
        return false;
    if (!p->re)
        st_bind_error(sc, e->span, "KS204", "bad regular expression: %s", err.text);
    else if (st_regex_groups(p->re) != 2)
        st_bind_error(sc, e->span, NULL, "two groups are needed, of names and of values");
    return !sc->out->failed;
}

/* What separates is any run of other characters than letters and digits. */
#define BARE_PAIRS "([\\p{L}\\p{N}]+)[^\\p{L}\\p{N}]+([\\p{L}\\p{N}]+)"

static bool options(const st_scope *sc, const st_kql_op *q, parse_kv *p)
{
    const st_kql_expr *greedy = st_bind_opt(q, "greedy"), *regex = st_bind_opt(q, "regex");
    const st_kql_expr *pair = st_bind_opt(q, "pair_delimiter"),
                      *kv = st_bind_opt(q, "kv_delimiter");
    st_str text = ST_STR(BARE_PAIRS);
    p->pair = ST_STR(" ");
    p->kv = ST_STR("=");
    p->quote = p->escape = ST_STR("");
    p->greedy = greedy && greedy->kind == ST_KQL_LITERAL && greedy->u.value.type == ST_TYPE_BOOL &&
                greedy->u.value.i;
    if (!text_option(sc, q, "regex", &text) || !text_option(sc, q, "pair_delimiter", &p->pair) ||
        !text_option(sc, q, "kv_delimiter", &p->kv) || !text_option(sc, q, "quote", &p->quote) ||
        !text_option(sc, q, "escape", &p->escape))
        return false;
    if (regex && (pair || kv || greedy))
        st_bind_error(sc, regex->span, NULL, "regex goes without delimiters");
    else if (!p->kv.n || !p->pair.n)
        st_bind_error(sc, q->span, NULL, "a delimiter can't be empty");
    p->bare = !regex && !pair && !kv && !p->quote.n;
    if (!sc->out->failed && (regex || p->bare))
        return pattern(sc, regex ? regex : q->u.evaluate.call, text, p);
    return !sc->out->failed;
}

st_op *st_bind_op_parse_kv(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *op = st_op_new(sc->r, parse_kv_next, in, sizeof(parse_kv));
    parse_kv *p = op ? op->spec : NULL;
    if (!p || !(p->x = st_bind_expr(sc, q->u.evaluate.call)) || !options(sc, q, p))
        return NULL;
    p->names = &q->u.evaluate.schema;
    p->col = ST_NEWN(&sc->r->arena, size_t, p->names->n);
    for (size_t i = 0; p->col && i < p->names->n; i++) {
        const st_kql_column *c = &p->names->columns[i];
        p->col[i] = st_schema_put(sc->r, &op->schema, c->name.text, st_bind_type(c->type));
        if (p->col[i] == SIZE_MAX)
            return NULL;
    }
    return p->col && !sc->out->failed ? op : NULL;
}
