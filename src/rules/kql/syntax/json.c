/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - what stands in dynamic(...): JSON, strings in either quotes, typed literals, and
 * dynamic(...) again. It has the tokens of KQL, so the lexer cuts it.
 */
#include "rules/kql/syntax/lex.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): ST_MAX_KQL_DEPTH bounds it, checked on the way down */

typedef struct reader {
    st_arena *arena;
    st_str text;
    st_diag_sink *diags;
    st_kql_tokens tokens;
    size_t i;
    unsigned depth;
} reader;

typedef struct bag {
    const st_json_literal **items;
    st_str *names;
    size_t n, cap, names_cap;
} bag;

static const st_json_literal *value(reader *r);

static const st_kql_token *now(const reader *r)
{
    return &r->tokens.items[r->i];
}

static bool is(const reader *r, char c)
{
    const st_kql_token *t = now(r);
    return t->kind == ST_TOK_PUNCT && t->span.end == t->span.start + 1 &&
           r->text.p[t->span.start] == c;
}

static st_str text_at(const reader *r)
{
    return (st_str){ r->text.p + now(r)->span.start, now(r)->span.end - now(r)->span.start };
}

static const st_json_literal *wrong(reader *r, const char *expected)
{
    const st_kql_token *t = now(r);
    if (t->kind == ST_TOK_END)
        st_diag_at(r->diags, ST_SEV_ERROR, t->span, "KS002", "%s expected in dynamic(...)",
                   expected);
    else if (t->kind != ST_TOK_BAD)
        st_diag_at(r->diags, ST_SEV_ERROR, t->span, "KS002",
                   "%s expected in dynamic(...), got %.*s", expected,
                   (int)(text_at(r).n < 40 ? text_at(r).n : 40), text_at(r).p);
    return NULL;
}

static bool add(reader *r, bag *b, st_str name, const st_json_literal *item)
{
    if (!item)
        return false;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    if (!st_grow(&b->items, &b->cap, b->n + 1, sizeof *b->items) ||
        !st_grow(&b->names, &b->names_cap, b->n + 1, sizeof *b->names)) {
        r->arena->failed = true;
        return false;
    }
    b->items[b->n] = item;
    b->names[b->n++] = name;
    return true;
}

static st_json_literal *node(reader *r, st_json_kind kind)
{
    st_json_literal *j = ST_NEW(r->arena, st_json_literal);
    if (j)
        j->kind = kind;
    return j;
}

/* Copies the list into the arena; frees it. */
static const st_json_literal *collect(reader *r, bag *b, st_json_kind kind, bool ok)
{
    st_json_literal *j = ok ? node(r, kind) : NULL;
    const st_json_literal **items = j ? ST_NEWN(r->arena, const st_json_literal *, b->n) : NULL;
    st_str *names = items ? ST_NEWN(r->arena, st_str, b->n) : NULL;
    if (names && b->n) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        memcpy(items, b->items, b->n * sizeof *items);
        memcpy(names, b->names, b->n * sizeof *names);
    }
    free(b->items);
    free(b->names);
    if (!names)
        return NULL;
    j->items = items;
    j->names = kind == ST_JSON_BAG ? names : NULL;
    j->n = b->n;
    return j;
}

/* "name": in a bag. */
static bool member_name(reader *r, st_str *name)
{
    const st_kql_token *t = now(r);
    if (t->kind != ST_TOK_LITERAL || t->value->type != ST_TYPE_STRING)
        return wrong(r, "a name in quotes") != NULL;
    *name = t->value->str;
    r->i++;
    if (!is(r, ':'))
        return wrong(r, "`:`") != NULL;
    r->i++;
    return true;
}

/* Behind the opening bracket. */
static const st_json_literal *list(reader *r, st_json_kind kind, char close)
{
    bag b = { 0 };
    bool ok = true;
    if (is(r, close)) {
        r->i++;
        return collect(r, &b, kind, true);
    }
    for (;;) {
        st_str name = { 0 };
        ok = (kind != ST_JSON_BAG || member_name(r, &name)) && add(r, &b, name, value(r));
        if (!ok || is(r, close))
            break;
        if (!is(r, ',')) {
            wrong(r, kind == ST_JSON_BAG ? "`,` or `}`" : "`,` or `]`");
            ok = false;
            break;
        }
        r->i++;
    }
    if (ok)
        r->i++;
    return collect(r, &b, kind, ok);
}

static void negate(st_kql_value *v)
{
    if (v->type == ST_TYPE_REAL || v->type == ST_TYPE_DECIMAL)
        v->real = -v->real;
    else if (v->i != INT64_MIN)
        v->i = -v->i;
}

static bool is_string(const reader *r)
{
    return now(r)->kind == ST_TOK_LITERAL && now(r)->value->type == ST_TYPE_STRING;
}

/* Neighbouring texts are one, here as elsewhere. */
static void join_strings(reader *r, st_kql_value *v)
{
    if (v->type != ST_TYPE_STRING || !is_string(r))
        return;
    st_buf joined = { 0 };
    st_buf_str(&joined, v->str);
    for (; is_string(r); r->i++) {
        st_buf_str(&joined, now(r)->value->str);
        v->hidden = v->hidden || now(r)->value->hidden;
    }
    v->str = st_arena_copy(r->arena, st_buf_slice(&joined));
    if (joined.failed)
        r->arena->failed = true;
    st_buf_free(&joined);
}

static const st_json_literal *scalar(reader *r)
{
    bool minus = is(r, '-');
    if (minus || is(r, '+'))
        r->i++;
    const st_kql_token *t = now(r);
    if (t->kind != ST_TOK_LITERAL)
        return wrong(r, "a value");
    bool number = t->value->type == ST_TYPE_LONG || t->value->type == ST_TYPE_REAL ||
                  t->value->type == ST_TYPE_TIMESPAN;
    if (minus && !number)
        return wrong(r, "a number");
    if (t->minimum && !minus)
        st_diag_at(r->diags, ST_SEV_ERROR, t->span, "KS002", "%.*s doesn't fit a long (64 bits)",
                   ST_FMT(text_at(r)));
    st_json_literal *j = node(r, t->value->null ? ST_JSON_NULL : ST_JSON_VALUE);
    if (!j)
        return NULL;
    j->value = *t->value;
    if (minus)
        negate(&j->value);
    r->i++;
    join_strings(r, &j->value);
    return j;
}

static const st_json_literal *value(reader *r)
{
    const st_kql_token *t = now(r);
    const st_json_literal *j;
    if (r->depth >= ST_MAX_KQL_DEPTH)
        return wrong(r, "less nesting");
    r->depth++;
    if (is(r, '[') || is(r, '{')) {
        bool array = is(r, '[');
        r->i++;
        j = list(r, array ? ST_JSON_ARRAY : ST_JSON_BAG, array ? ']' : '}');
    } else if (t->kind == ST_TOK_NAME && st_str_eq(text_at(r), ST_STR("null"))) {
        r->i++;
        j = node(r, ST_JSON_NULL);
    } else if (t->kind == ST_TOK_NAME) {
        j = wrong(r,
                  "a value (names and calls can't stand here; pack() and pack_array() take them)");
    } else if (t->kind == ST_TOK_DYNAMIC) {
        /* Its inside was skipped as one token: read it by a reader of its own, as deep. */
        reader inner = { .arena = r->arena, .text = r->text, .diags = r->diags, .depth = r->depth };
        j = NULL;
        if (st_kql_lex(r->arena, r->text, t->inner, r->diags, &inner.tokens)) {
            j = value(&inner);
            if (j && now(&inner)->kind != ST_TOK_END)
                j = wrong(&inner, "`)`");
        }
        free(inner.tokens.items);
        r->i++;
    } else {
        j = scalar(r);
    }
    r->depth--;
    return j;
}

const st_json_literal *st_kql_json_read(st_arena *a, st_str text, st_span part, st_diag_sink *d)
{
    reader r = { .arena = a, .text = text, .diags = d };
    const st_json_literal *j = NULL;
    if (st_kql_lex(a, text, part, d, &r.tokens)) {
        j = value(&r);
        if (j && now(&r)->kind != ST_TOK_END)
            j = wrong(&r, "`)`");
    }
    free(r.tokens.items);
    return j;
}

/* NOLINTEND(misc-no-recursion) */
