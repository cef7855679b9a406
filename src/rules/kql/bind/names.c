/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - names of columns that the author gave none, as Kusto makes them.
 */
#include "rules/kql/bind/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static st_naming naming_of(const st_kql_expr *e)
{
    const st_fn *f = e->kind == ST_KQL_CALL ? st_fn_find(e->u.call.name.text) : NULL;
    return f ? f->naming : ST_NAMED_NONE;
}

/* Does a function's value go by its first argument's name? */
static bool passes_name(const st_kql_expr *e)
{
    return naming_of(e) == ST_NAMED_FIRST;
}

/* a.b[0] is a_b_0; f(x).b is x_b where f passes the name on, else b. */
static bool path_name(const st_scope *sc, const st_kql_expr *e, st_buf *t)
{
    const st_kql_expr *parts[64];
    size_t n = 0;
    for (; n < 64 && (e->kind == ST_KQL_MEMBER || e->kind == ST_KQL_INDEX); n++) {
        parts[n] = e;
        e = e->kind == ST_KQL_MEMBER ? e->u.member.base : e->u.index.base;
    }
    if (e->kind == ST_KQL_NAME && st_bind_column(sc->row, e->u.name) == SIZE_MAX)
        return false;
    if (e->kind == ST_KQL_NAME || passes_name(e))
        st_buf_str(t, st_bind_name(sc, e));
    while (n-- > 0) {
        if (t->n)
            st_buf_char(t, '_');
        if (parts[n]->kind == ST_KQL_MEMBER) {
            st_buf_str(t, parts[n]->u.member.name.text);
            continue;
        }
        const st_kql_expr *i = parts[n]->u.index.index;
        if (i->kind == ST_KQL_LITERAL && i->u.value.type == ST_TYPE_STRING)
            st_buf_str(t, i->u.value.str);
        else if (i->kind == ST_KQL_LITERAL && i->u.value.type == ST_TYPE_LONG && i->u.value.i >= 0)
            st_buf_i64(t, i->u.value.i);
    }
    return true;
}

static st_str keep_text(const st_scope *sc, st_buf *t)
{
    st_str s = st_arena_copy(&sc->r->arena, st_buf_slice(t));
    st_buf_free(t);
    return s;
}

static st_str prefixed(const st_scope *sc, const char *prefix, st_str name)
{
    st_buf t = { 0 };
    st_buf_str(&t, st_str_of(prefix));
    st_buf_str(&t, name);
    return keep_text(sc, &t);
}

/* percentile_x_95, percentile_x_95_5 */
static st_str rank_name(const st_scope *sc, st_str stem, const st_kql_expr *e)
{
    const st_kql_expr *rank =
        e->u.call.args.n > 1 ? e->u.call.args.items[e->u.call.args.n - 1] : NULL;
    st_buf t = { 0 };
    st_buf_str(&t, stem);
    st_buf_char(&t, '_');
    if (rank && rank->kind == ST_KQL_LITERAL && rank->u.value.type == ST_TYPE_LONG)
        st_buf_i64(&t, rank->u.value.i);
    else if (rank && rank->kind == ST_KQL_LITERAL)
        st_buf_fmt(&t, "%g", rank->u.value.real);
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] == '.')
            t.p[i] = '_';
    return keep_text(sc, &t);
}

/* covariance_x_y */
static st_str pair_name(const st_scope *sc, st_str name, const st_kql_expr *second)
{
    st_buf t = { 0 };
    st_buf_str(&t, name);
    st_buf_char(&t, '_');
    st_buf_str(&t, st_bind_name(sc, second));
    return keep_text(sc, &t);
}

static st_str call_name(const st_scope *sc, const st_kql_expr *e)
{
    const st_agg *agg = st_agg_find(e->u.call.name.text);
    const st_fn *f = st_fn_find(e->u.call.name.text);
    const st_kql_expr *first = e->u.call.args.n ? st_bind_argument(e, 0) : NULL;
    if (agg && sc->group) {
        bool path = first && (first->kind == ST_KQL_NAME || first->kind == ST_KQL_MEMBER ||
                              first->kind == ST_KQL_INDEX || first->kind == ST_KQL_CALL);
        st_str name = prefixed(sc, agg->prefix, path ? st_bind_name(sc, first) : ST_STR(""));
        if (!strncmp(agg->name, "covariance", 10) && e->u.call.args.n > 1)
            return pair_name(sc, name, e->u.call.args.items[1]);
        bool rank = !strcmp(agg->name, "percentile") || !strcmp(agg->name, "percentilew");
        return rank ? rank_name(sc, name, e) : name;
    }
    if (st_str_eq(e->u.call.name.text, ST_STR("column_ifexists")) && first &&
        first->kind == ST_KQL_LITERAL)
        return st_bind_column(sc->row, first->u.value.str) != SIZE_MAX ? first->u.value.str
                                                                       : ST_STR("");
    if (!f || !first || f->naming == ST_NAMED_NONE || naming_of(first) == ST_NAMED_SUFFIX)
        return ST_STR("");
    st_str name = st_bind_name(sc, first);
    if (f->naming == ST_NAMED_FIRST || !name.n)
        return name;
    if (f->naming == ST_NAMED_PREFIX)
        return prefixed(sc, f->prefix, name);
    st_buf t = { 0 };
    st_buf_str(&t, name);
    st_buf_str(&t, st_str_of(f->prefix));
    return keep_text(sc, &t);
}

st_str st_bind_name(const st_scope *sc, const st_kql_expr *e)
{
    st_buf t = { 0 };
    while (e->kind == ST_KQL_CALL) /* the first argument's name, however deep */
        return call_name(sc, e);
    if (e->kind == ST_KQL_NAME)
        return st_bind_column(sc->row, e->u.name) != SIZE_MAX || st_bind_loose_name(sc, e) ||
                       st_bind_unpacked_name(sc, e) ||
                       st_bind_billing_type(sc->row, e->u.name) != ST_TYPE_UNKNOWN
                   ? e->u.name
                   : ST_STR("");
    if ((e->kind == ST_KQL_MEMBER || e->kind == ST_KQL_INDEX) && path_name(sc, e, &t))
        return keep_text(sc, &t);
    st_buf_free(&t);
    return ST_STR("");
}

/* NOLINTEND(misc-no-recursion) */
