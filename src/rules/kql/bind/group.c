/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - the aggregates of a group that is being bound: a column each, behind the keys.
 */
#include "rules/kql/bind/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t st_bind_add_call(const st_scope *sc, const st_agg_call *c)
{
    st_bind_group *g = sc->group;
    if (!st_grow(&g->calls, &g->cap, g->n + 1, sizeof *g->calls)) {
        st_bind_nomem(sc);
        return 0;
    }
    g->calls[g->n] = *c;
    return g->keys + g->n++;
}

static st_type agg_type(const st_agg *agg, st_type of)
{
    st_type t = st_type_of(st_str_of(agg->result));
    if (t != ST_TYPE_UNKNOWN)
        return t;
    t = of;
    if (!strcmp(agg->result, "avg"))
        return t == ST_TYPE_TIMESPAN || t == ST_TYPE_DATETIME ? t : ST_TYPE_REAL;
    if (!strcmp(agg->result, "s"))
        return t == ST_TYPE_INT ? ST_TYPE_LONG : t == ST_TYPE_DYNAMIC ? ST_TYPE_REAL : t;
    return !strcmp(agg->result, "p") && t == ST_TYPE_INT ? ST_TYPE_LONG : t;
}

/* Ranks of percentiles are the same for all rows. */
static bool constant_ranks(const st_scope *sc, const st_kql_expr *e, const st_agg *agg,
                           st_expr *const *x)
{
    bool ranks = !strncmp(agg->name, "percentile", 10);
    for (size_t i = strstr(agg->name, "w") ? 2 : 1; ranks && i < e->u.call.args.n; i++)
        if (x[i]->kind != ST_EXPR_CONST) {
            st_bind_error(sc, e->u.call.args.items[i]->span, NULL, "a constant is needed here");
            return false;
        }
    return true;
}

/* make_set(x, n): a last whole number says how many values are kept. */
static int64_t limit_of(const st_agg *agg, st_expr *const *x, size_t n)
{
    const char *letter = strrchr(agg->args, 'i');
    bool given = letter && (size_t)(letter - agg->args) + 1 == n &&
                 x[n - 1]->kind == ST_EXPR_CONST && x[n - 1]->value.tag == ST_VAL_LONG;
    return given ? x[n - 1]->value.u.i : INT64_MAX;
}

st_expr *st_bind_group_call(const st_scope *sc, const st_kql_expr *e, const st_agg *agg,
                            st_expr **x, size_t n)
{
    if (!st_bind_check_args(sc, e, agg->name, agg->args, agg->min, x, n) ||
        st_bind_any_unknown(x, n) || !constant_ranks(sc, e, agg, x))
        return st_bind_unknown(sc);
    st_agg_call c = { .agg = agg, .args = x, .nargs = n, .limit = limit_of(agg, x, n) };
    c.type = agg_type(agg, n ? x[0]->type : ST_TYPE_LONG);
    st_expr *col = st_bind_node(sc, ST_EXPR_COLUMN, c.type);
    if (col)
        col->col = st_bind_add_call(sc, &c);
    return col;
}
