/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - search: the rows of some tables in which any column has a text.
 *
 * The tables are united, with a first column $table; then it is a filter. A bare text in the
 * condition stands for "any column of text has it" (st_bind_search_term).
 */
#include "rules/kql/operators/operators.h"

#include <string.h>

/* The input with a first column of one text. */
static st_op *with_source(const st_scope *sc, st_op *in, st_str column)
{
    size_t n = in->schema.n + 1;
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, n);
    st_proj_item *items = ST_NEWN(&sc->r->arena, st_proj_item, n);
    st_str name = sc->as.n ? sc->as : sc->source.n ? sc->source : ST_STR("union_arg0");
    st_expr *x = st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, name));
    if (!cols || !items || !x)
        return NULL;
    cols[0] = (st_col){ column, ST_TYPE_STRING };
    items[0] = (st_proj_item){ x, 0 };
    for (size_t i = 1; i < n; i++) {
        cols[i] = in->schema.v[i - 1];
        items[i] = (st_proj_item){ NULL, i - 1 };
    }
    return st_op_project(sc->r, in, cols, items, n);
}

/* The tables as union takes them: `*` is a pattern; none means all. */
static bool table_list(const st_scope *sc, const st_kql_list *tables, st_kql_list *out)
{
    size_t n = tables->n ? tables->n : 1;
    st_kql_expr *star = ST_NEW(&sc->r->arena, st_kql_expr);
    out->items = ST_NEWN(&sc->r->arena, st_kql_expr *, n);
    if (!star || !out->items)
        return false;
    *star = (st_kql_expr){ .kind = ST_KQL_PATTERN, .u.name = ST_STR("*") };
    out->n = n;
    for (size_t i = 0; i < n; i++)
        out->items[i] =
            !tables->n || tables->items[i]->kind == ST_KQL_STAR ? star : tables->items[i];
    return true;
}

st_op *st_bind_search_rows(const st_scope *sc, st_op *in, const st_kql_op *q, st_str column,
                           const char *kind)
{
    st_kql_expr *name = ST_NEW(&sc->r->arena, st_kql_expr), *k = ST_NEW(&sc->r->arena, st_kql_expr);
    st_kql_opt *opts = ST_NEWN(&sc->r->arena, st_kql_opt, 2);
    st_kql_op u = { .kind = q->kind, .span = q->span, .word = q->word };
    if (in)
        return with_source(sc, in, column);
    if (!name || !k || !opts || !table_list(sc, &q->u.search.tables, &u.u.exprs))
        return NULL;
    *name = (st_kql_expr){ .kind = ST_KQL_NAME, .u.name = column };
    *k = (st_kql_expr){ .kind = ST_KQL_NAME, .u.name = st_str_of(kind) };
    opts[0] = (st_kql_opt){ .name.text = ST_STR("withsource"), .value = name };
    opts[1] = (st_kql_opt){ .name.text = ST_STR("kind"), .value = k };
    u.opts = opts;
    u.nopts = 2;
    return st_bind_op_union(sc, NULL, &u);
}

st_expr *st_bind_search_condition(const st_scope *sc, const st_op *rows, const st_kql_op *q,
                                  bool cased)
{
    st_scope inner = st_bind_over(sc, &rows->schema);
    inner.search = cased ? ST_BIND_SEARCH_CASED : ST_BIND_SEARCH;
    st_expr *x = q->u.search.pred ? st_bind_condition(&inner, q->u.search.pred) : NULL;
    return sc->out->failed ? NULL : x;
}

st_op *st_bind_op_search(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_expr *kind = st_bind_opt(q, "kind");
    st_str word = kind && kind->kind == ST_KQL_NAME ? kind->u.name : ST_STR("");
    bool cased = st_str_eq(word, ST_STR("case_sensitive"));
    if (kind && !cased && !st_str_eq(word, ST_STR("case_insensitive")) &&
        !st_str_eq(word, ST_STR("default"))) {
        st_bind_error(sc, kind->span, NULL,
                      "the kind of a search is default, case_insensitive or case_sensitive");
        return NULL;
    }
    st_op *rows = st_bind_search_rows(sc, in, q, ST_STR("$table"), "outer");
    st_expr *x = rows ? st_bind_search_condition(sc, rows, q, cased) : NULL;
    return x ? st_op_where(sc->r, rows, x) : NULL;
}
