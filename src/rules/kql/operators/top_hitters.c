/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_hitters.c - top-hitters: the values that are most frequent, or have the greatest sum.
 *
 * Kusto estimates; here it is `summarize count() by value` and `top`, exactly, with the names
 * that Kusto gives.
 */
#include "rules/kql/operators/operators.h"

#include <stdio.h>
#include <string.h>

static st_kql_expr *expr_node(const st_scope *sc, st_kql_expr_kind kind, st_span span)
{
    st_kql_expr *e = ST_NEW(&sc->r->arena, st_kql_expr);
    if (!e) {
        st_run_nomem(sc->r);
        return NULL;
    }
    e->kind = kind;
    e->span = span;
    e->height = 1;
    return e;
}

/* name = count(), name = sum(what) */
static st_kql_expr *aggregate(const st_scope *sc, st_str name, const st_kql_expr *what,
                              st_span span)
{
    st_kql_expr *named = expr_node(sc, ST_KQL_NAMED, span),
                *call = expr_node(sc, ST_KQL_CALL, span);
    st_kql_name *names = ST_NEW(&sc->r->arena, st_kql_name);
    st_kql_expr **args = ST_NEWN(&sc->r->arena, st_kql_expr *, 1);
    if (!named || !call || !names || !args)
        return NULL;
    *names = (st_kql_name){ name, span };
    args[0] = (st_kql_expr *)(uintptr_t)what;
    call->u.call.name = (st_kql_name){ what ? ST_STR("sum") : ST_STR("count"), span };
    call->u.call.args = (st_kql_list){ args, what ? 1 : 0 };
    named->u.named.names = names;
    named->u.named.nnames = 1;
    named->u.named.value = call;
    return named;
}

st_op *st_bind_count_by(const st_scope *sc, st_op *in, const st_kql_expr *key, const char *prefix,
                        const st_kql_expr *what, st_str *column)
{
    st_scope inner = st_bind_over(sc, &in->schema);
    st_col col = { 0 };
    st_expr *x;
    st_buf name = { 0 };
    if (!st_bind_key(&inner, key, &col, &x))
        return NULL;
    st_buf_fmt(&name, "%s%.*s", prefix, ST_FMT(col.name));
    *column = st_arena_copy(&sc->r->arena, st_buf_slice(&name));
    st_buf_free(&name);
    st_kql_expr *sum = aggregate(sc, *column, what, key->span);
    st_kql_op *op = ST_NEW(&sc->r->arena, st_kql_op);
    st_kql_expr **lists = ST_NEWN(&sc->r->arena, st_kql_expr *, 2);
    if (!sum || !op || !lists)
        return NULL;
    lists[0] = sum;
    lists[1] = (st_kql_expr *)(uintptr_t)key;
    *op = (st_kql_op){ .kind = ST_KQL_PIPE_SUMMARIZE, .span = key->span, .word = key->span };
    op->u.group.exprs = (st_kql_list){ lists, 1 };
    op->u.group.by = (st_kql_list){ lists + 1, 1 };
    op->u.group.has_by = true;
    return st_bind_body(sc, in, &(st_kql_query){ key->span, op }, false);
}

st_op *st_bind_op_top_hitters(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_expr *by = q->u.hitters.by;
    st_str column = ST_STR("");
    st_op *counts = st_bind_count_by(sc, in, q->u.hitters.of,
                                     by ? "approximate_sum_" : "approximate_count_", by, &column);
    st_kql_expr *key = counts ? expr_node(sc, ST_KQL_NAME, q->word) : NULL;
    st_kql_key *keys = key ? ST_NEW(&sc->r->arena, st_kql_key) : NULL;
    if (!keys || sc->out->failed)
        return NULL;
    key->u.name = column;
    keys->expr = key;
    st_kql_op top = { .kind = ST_KQL_PIPE_TOP, .span = q->span, .word = q->word };
    top.u.top.count = q->u.hitters.count;
    top.u.top.keys = keys;
    top.u.top.n = 1;
    return st_bind_body(sc, counts, &(st_kql_query){ q->span, &top }, false);
}
