/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_kv.c - parse-kv: names and values out of a text, as columns.
 *
 * The first value of a name counts. Names and values in quotes may hold delimiters; blanks around
 * names and values don't count. With regex=, its first group is a name and its second the value.
 * Without delimiters every character that is no letter or digit is one, and the value of a name is
 * the word behind it. The search for a name among the columns is a walk: they are few.
 *
 * Source: the published page of the operator, "parse-kv operator".
 */
#include "rules/kql/operators/operators.h"
#include "rules/engine/match/match.h"

#include <string.h>

enum { MAX_QUOTES = 8, MAX_ESCAPES = 8 };

typedef struct quotes {
    st_str open, close;
} quotes;

typedef struct parse_kv {
    st_expr *x;
    const st_kql_schema *names;
    size_t *col; /* of the output, by name */
    st_str pair, kv;
    quotes quote[MAX_QUOTES];
    st_str escape[MAX_ESCAPES];
    size_t nquotes, nescapes;
    bool greedy, bare; /* bare: no delimiters are given */
    st_regex *re;      /* NULL: not by a pattern */
} parse_kv;

static bool here(st_str s, size_t at, st_str what)
{
    return what.n && at + what.n <= s.n && !memcmp(s.p + at, what.p, what.n);
}

static const quotes *quote_at(const parse_kv *p, st_str s, size_t at)
{
    for (size_t i = 0; i < p->nquotes; i++)
        if (here(s, at, p->quote[i].open))
            return &p->quote[i];
    return NULL;
}

static const st_str *escape_at(const parse_kv *p, st_str s, size_t at)
{
    for (size_t i = 0; i < p->nescapes; i++)
        if (here(s, at, p->escape[i]))
            return &p->escape[i];
    return NULL;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(const parse_kv *p, st_str s, size_t at)
{
    while (at < s.n && blank(s.p[at]) && !here(s, at, p->pair) && !here(s, at, p->kv))
        at++;
    return at;
}

/* A text in quotes that begins at `at`: up to the closing one that isn't escaped. Where it ends. */
static size_t quoted(const parse_kv *p, const quotes *q, st_str s, size_t at, st_buf *out)
{
    for (at += q->open.n; at < s.n;) {
        const st_str *escape = escape_at(p, s, at);
        if (escape && at + escape->n < s.n) {
            st_buf_char(out, s.p[at + escape->n]);
            at += escape->n + 1;
        } else if (here(s, at, q->close)) {
            return at + q->close.n;
        } else {
            st_buf_char(out, s.p[at++]);
        }
    }
    return at;
}

/* Does NAME= begin at `at`? With greedy a delimiter counts only before one. */
static bool pair_at(const parse_kv *p, st_str s, size_t at)
{
    at = skip_blanks(p, s, at);
    const quotes *q = p->greedy ? quote_at(p, s, at) : NULL;
    if (!p->greedy)
        return true;
    for (at += q ? q->open.n : 0; at < s.n; at++) {
        if (q && here(s, at, q->close))
            q = NULL;
        else if (!q && here(s, at, p->kv))
            return true;
        else if (!q && here(s, at, p->pair))
            return false;
    }
    return false;
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

/* A name at `at`, up to its delimiter; false: there is none before the pair's. */
static bool read_name(const parse_kv *p, st_str s, size_t *at, st_buf *out)
{
    *at = skip_blanks(p, s, *at);
    const quotes *q = quote_at(p, s, *at);
    if (q)
        *at = quoted(p, q, s, *at, out);
    while (*at < s.n && !here(s, *at, p->kv) && !here(s, *at, p->pair)) {
        if (!q)
            st_buf_char(out, s.p[*at]);
        ++*at;
    }
    return here(s, *at, p->kv);
}

/* A value at `at`, up to the end of its pair. */
static void read_value(const parse_kv *p, st_str s, size_t *at, st_buf *out, bool *in_quotes)
{
    *at = skip_blanks(p, s, *at);
    const quotes *q = quote_at(p, s, *at);
    *in_quotes = q != NULL;
    *at = q ? quoted(p, q, s, *at, out) : plain(p, s, *at, out);
    while (q && *at < s.n && !here(s, *at, p->pair))
        ++*at;
}

static void parse_text(st_run *r, const parse_kv *p, st_str s, st_val *row, bool *seen)
{
    st_buf name = { 0 }, value = { 0 };
    for (size_t at = 0; at < s.n; at += at < s.n ? p->pair.n : 0) {
        bool in_quotes;
        st_buf_clear(&name);
        st_buf_clear(&value);
        if (!read_name(p, s, &at, &name))
            continue;
        at += p->kv.n;
        read_value(p, s, &at, &value, &in_quotes);
        st_str v = st_buf_slice(&value);
        keep(r, p, st_str_trim(st_buf_slice(&name)), in_quotes ? v : st_str_trim(v), row, seen);
    }
    if (name.failed || value.failed)
        st_run_nomem(r);
    st_buf_free(&name);
    st_buf_free(&value);
}

/* The next word or text in quotes; false: no more. */
static bool next_word(const parse_kv *p, st_str s, size_t *at, st_buf *out)
{
    size_t start = *at, i = start;
    st_buf_clear(out);
    for (; start < s.n; start = i) {
        const quotes *q = quote_at(p, s, start);
        if (q) {
            *at = quoted(p, q, s, start, out);
            return true;
        }
        i = start;
        if (st_is_alnum(st_utf8_next(s, &i)))
            break;
    }
    for (i = start; i < s.n;) {
        size_t end = i;
        if (!st_is_alnum(st_utf8_next(s, &i))) {
            i = end;
            break;
        }
    }
    st_buf_put(out, s.p + start, i - start);
    *at = i;
    return i > start;
}

/* Without delimiters: a word that is a name, and the one behind it. */
static void parse_words(st_run *r, const parse_kv *p, st_str s, st_val *row, bool *seen)
{
    st_buf word[2] = { { 0 }, { 0 } };
    size_t at = 0, name = 0;
    bool more = next_word(p, s, &at, &word[name]);
    while (more && next_word(p, s, &at, &word[!name])) {
        bool known = keep(r, p, st_buf_slice(&word[name]), st_buf_slice(&word[!name]), row, seen);
        if (known)
            more = next_word(p, s, &at, &word[name]);
        else
            name = !name;
    }
    if (word[0].failed || word[1].failed)
        st_run_nomem(r);
    st_buf_free(&word[0]);
    st_buf_free(&word[1]);
}

/* Names and values are the first two groups of each match. */
static void parse_matches(st_run *r, const parse_kv *p, st_str s, st_val *row, bool *seen)
{
    size_t span[3][2];
    for (size_t at = 0, next; at <= s.n && st_regex_find(p->re, s, at, span, 3); at = next) {
        if (span[1][0] != SIZE_MAX && span[2][0] != SIZE_MAX) {
            st_str name = { s.p + span[1][0], span[1][1] - span[1][0] };
            st_str value = { s.p + span[2][0], span[2][1] - span[2][0] };
            keep(r, p, st_str_trim(name), st_str_trim(value), row, seen);
        }
        next = span[0][1] > at ? span[0][1] : at + 1;
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
        (p->re     ? parse_matches
         : p->bare ? parse_words
                   : parse_text)(r, p, st_pool_get(r->mem.pool, t.u.s), row, seen);
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

static bool text_of(const st_scope *sc, const st_kql_opt *o, st_str *out)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(sc, o->value, &v, &t))
        return false;
    if (t == ST_TYPE_STRING) {
        *out = st_pool_get(sc->r->mem.pool, v.u.s);
        return true;
    }
    st_bind_error(sc, o->value->span, NULL, "a text is needed for %.*s", ST_FMT(o->name.text));
    return false;
}

/* How many bytes the first character has; 0: there is none. */
static size_t first_character(st_str s)
{
    size_t n = 0;
    if (s.n)
        st_utf8_next(s, &n);
    return n;
}

/* One or two characters: the opening and the closing quote. */
static bool add_quote(const st_scope *sc, const st_kql_opt *o, parse_kv *p)
{
    st_str t;
    if (!text_of(sc, o, &t))
        return false;
    size_t n = first_character(t);
    st_str open = { t.p, n }, close = { t.p + n, t.n - n };
    if (!n || first_character(close) != close.n) {
        st_bind_error(sc, o->value->span, NULL,
                      "quote is one character, or an opening and a "
                      "closing one");
        return false;
    }
    if (p->nquotes == MAX_QUOTES) {
        st_bind_error(sc, o->value->span, NULL, "more than %d pairs of quotes", MAX_QUOTES);
        return false;
    }
    p->quote[p->nquotes++] = (quotes){ open, close.n ? close : open };
    return true;
}

static bool add_escape(const st_scope *sc, const st_kql_opt *o, parse_kv *p)
{
    st_str t;
    if (!text_of(sc, o, &t))
        return false;
    if (!t.n || first_character(t) != t.n) {
        st_bind_error(sc, o->value->span, NULL, "escape is one character");
        return false;
    }
    if (p->nescapes == MAX_ESCAPES) {
        st_bind_error(sc, o->value->span, NULL, "more than %d escape characters", MAX_ESCAPES);
        return false;
    }
    p->escape[p->nescapes++] = t;
    return true;
}

static bool add_greedy(const st_scope *sc, const st_kql_opt *o, parse_kv *p)
{
    const st_kql_expr *e = o->value;
    p->greedy = e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_BOOL && e->u.value.i;
    if (e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_BOOL)
        return true;
    st_bind_error(sc, e->span, NULL, "true or false is needed for greedy");
    return false;
}

/* quote and escape may stand more than once. */
static bool add_options(const st_scope *sc, const st_kql_op *q, parse_kv *p, st_str *regex)
{
    for (size_t i = 0; i < q->nopts; i++) {
        const st_kql_opt *o = &q->opts[i];
        st_str name = o->name.text;
        bool ok = st_str_eq(name, ST_STR("quote"))            ? add_quote(sc, o, p)
                  : st_str_eq(name, ST_STR("escape"))         ? add_escape(sc, o, p)
                  : st_str_eq(name, ST_STR("greedy"))         ? add_greedy(sc, o, p)
                  : st_str_eq(name, ST_STR("pair_delimiter")) ? text_of(sc, o, &p->pair)
                  : st_str_eq(name, ST_STR("kv_delimiter"))   ? text_of(sc, o, &p->kv)
                                                              : text_of(sc, o, regex);
        if (!ok)
            return false;
    }
    return true;
}

static bool options(const st_scope *sc, const st_kql_op *q, parse_kv *p)
{
    const st_kql_expr *regex = st_bind_opt(q, "regex");
    bool pair = st_bind_opt(q, "pair_delimiter"), kv = st_bind_opt(q, "kv_delimiter");
    st_str text = ST_STR("");
    p->pair = ST_STR(" ");
    p->kv = ST_STR("=");
    if (!add_options(sc, q, p, &text))
        return false;
    if (regex && (pair || kv || st_bind_opt(q, "greedy")))
        st_bind_error(sc, regex->span, NULL, "regex goes without delimiters");
    else if (!p->kv.n || !p->pair.n)
        st_bind_error(sc, q->span, NULL, "a delimiter can't be empty");
    p->bare = !regex && !pair && !kv;
    if (!sc->out->failed && regex)
        return pattern(sc, regex, text, p);
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
