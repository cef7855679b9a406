/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logic.c - chains of `and` and of `or`.
 *
 * Conditions on one column's text become one predicate where that means the same: `c contains "a"
 * or c contains "b"` looks for both in one pass and remembers one answer a text, however long
 * the chain is. What is left is joined two by two.
 */
#include "rules/kql/bind/bind.h"

#include <stdlib.h>
#include <string.h>

typedef struct terms {
    const st_kql_expr **v;
    size_t n, cap;
} terms;

/* The terms of a chain of one operator, as written. false: no memory. */
static bool terms_of(const st_kql_expr *e, terms *out)
{
    st_kql_operator op = e->u.binary.op;
    terms todo = { 0 };
    bool ok = st_grow(&todo.v, &todo.cap, 1, sizeof(st_kql_expr *));
    if (ok)
        todo.v[todo.n++] = e;
    while (ok && todo.n) {
        const st_kql_expr *t = todo.v[--todo.n];
        if (t->kind == ST_KQL_BINARY && t->u.binary.op == op) {
            ok = st_grow(&todo.v, &todo.cap, todo.n + 2, sizeof(st_kql_expr *));
            if (ok) {
                todo.v[todo.n++] = t->u.binary.right;
                todo.v[todo.n++] = t->u.binary.left;
            }
        } else if ((ok = st_grow(&out->v, &out->cap, out->n + 1, sizeof(st_kql_expr *)))) {
            out->v[out->n++] = t;
        }
    }
    free((void *)todo.v);
    return ok;
}

/* How a predicate may be merged with its like: all of the needles, or any. */
typedef enum way { NO_WAY, ANY, ALL } way;

/* c has a or c has b: any. c has a and c has b: all. And the other way round with !has. */
static way way_of(const st_expr *x, bool conjunction)
{
    if (x->kind != ST_EXPR_PRED || !x->needles || x->mop == ST_M_REGEX ||
        x->args[0]->kind != ST_EXPR_COLUMN)
        return NO_WAY;
    bool single = x->needles == 1 && x->args[1]->value.tag != ST_VAL_ARRAY;
    way w = conjunction == x->negate ? ANY : ALL;
    return single || x->all == (w == ALL) ? w : NO_WAY;
}

static bool alike(const st_expr *a, const st_expr *b)
{
    return a->args[0]->col == b->args[0]->col && a->args[0]->type == b->args[0]->type &&
           a->mop == b->mop && a->fold == b->fold && a->negate == b->negate;
}

/* What goes into one predicate, each needle once: one condition may stand in several others. */
typedef struct merged {
    size_t first; /* the condition that it stands for */
    size_t count, needles;
    way way;
} merged;

/* Enough for what people write; what isn't merged is right all the same. */
enum { MERGED = 64 };

static st_expr *merge(const st_scope *sc, const st_kql_expr *e, st_expr *const *x,
                      const size_t *into, size_t n, const merged *m)
{
    st_expr **args = ST_NEWN(&sc->r->arena, st_expr *, m->needles + 1);
    size_t k = 1, walk = ++sc->r->expr_walks;
    if (!args)
        return NULL;
    args[0] = x[m->first]->args[0];
    for (size_t i = m->first; i < n; i++)
        for (size_t j = 0; into[i] == m->first && j < x[i]->needles; j++) {
            st_expr *needle = x[i]->args[1 + j];
            if (needle->walk != walk)
                args[k++] = needle;
            needle->walk = walk;
        }
    const st_expr *first = x[m->first];
    return st_bind_predicate(sc, e->span, (st_bind_strop){ first->mop, first->fold, first->negate },
                             m->way == ALL, args, k);
}

/* Merges what may be; how many conditions are left. */
static size_t merge_alike(const st_scope *sc, const st_kql_expr *e, st_expr **x, size_t n)
{
    merged groups[MERGED];
    size_t ngroups = 0, to = 0;
    bool conjunction = e->u.binary.op == ST_KQL_OP_AND;
    size_t *into = ST_NEWN(&sc->r->arena, size_t, n);
    st_expr **one = ST_NEWN(&sc->r->arena, st_expr *, n);
    for (size_t i = 0; into && one && i < n; i++) {
        way w = way_of(x[i], conjunction);
        size_t g = 0;
        while (g < ngroups &&
               !(w != NO_WAY && groups[g].way == w && alike(x[groups[g].first], x[i])))
            g++;
        into[i] = g < ngroups ? groups[g].first : i;
        if (w != NO_WAY && g == ngroups && ngroups < MERGED)
            groups[ngroups++] = (merged){ i, 0, 0, w };
        if (g < ngroups) {
            groups[g].count++;
            groups[g].needles += x[i]->needles;
        }
    }
    for (size_t g = 0; into && one && g < ngroups; g++)
        if (groups[g].count > 1)
            one[groups[g].first] = merge(sc, e, x, into, n, &groups[g]);
    for (size_t i = 0; into && one && i < n; i++)
        if (into[i] == i)
            x[to++] = one[i] ? one[i] : x[i];
    return to ? to : n;
}

st_expr *st_bind_logic(const st_scope *sc, const st_kql_expr *e)
{
    terms t = { 0 };
    bool ok = terms_of(e, &t);
    st_expr **x = ok ? ST_NEWN(&sc->r->arena, st_expr *, t.n) : NULL;
    for (size_t i = 0; x && i < t.n; i++)
        if (!(x[i] = st_bind_logic_side(sc, t.v[i])))
            x = NULL;
    size_t n = x ? merge_alike(sc, e, x, t.n) : 0;
    free((void *)t.v);
    if (x)
        return st_bind_joined(sc, x, n, e->u.binary.op == ST_KQL_OP_AND ? st_call_and : st_call_or);
    if (!ok)
        st_run_nomem(sc->r);
    sc->out->failed = true;
    return NULL;
}
