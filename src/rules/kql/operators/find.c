/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find.c - find: the rows of some tables for which a condition is true.
 *
 * As search, with a first column source_. Without `project` the columns are those that the
 * condition uses and those that all tables have; the others' values go into the bag pack_.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

#include <string.h>

/* Names and values in turn; what is missing is left out. */
static st_val pack(st_run *r, const st_expr *x, const st_val *a)
{
    size_t n = 0;
    for (size_t i = 1; i < x->nargs; i += 2)
        n += a[i].tag != ST_VAL_NULL && !(a[i].tag == ST_VAL_STRING && a[i].u.s == ST_EMPTY);
    st_bag *g = st_bag_new(&r->mem, n);
    n = 0;
    for (size_t i = 1; g && i < x->nargs; i += 2)
        if (a[i].tag != ST_VAL_NULL && !(a[i].tag == ST_VAL_STRING && a[i].u.s == ST_EMPTY)) {
            g->keys[n] = a[i - 1].u.s;
            g->v[n++] = a[i];
        }
    return st_val_bag(g);
}

static st_expr *pack_node(const st_scope *sc, const st_schema *s, const bool *keep, size_t n)
{
    st_expr **args = ST_NEWN(&sc->r->arena, st_expr *, 2 * n + 1);
    size_t k = 0;
    for (size_t i = 0; args && i < s->n; i++) {
        st_expr *col = keep[i] ? NULL : ST_NEW(&sc->r->arena, st_expr);
        if (keep[i])
            continue;
        args[k++] = st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, s->v[i].name));
        if (!col)
            return NULL;
        *col = (st_expr){ .kind = ST_EXPR_COLUMN, .type = s->v[i].type, .col = i };
        args[k++] = col;
    }
    return args ? st_bind_call(sc, pack, ST_TYPE_DYNAMIC, args, k) : NULL;
}

static st_op *packed(const st_scope *sc, st_op *rows, const st_expr *cond, const st_schema *common)
{
    const st_schema *s = &rows->schema;
    bool *keep = ST_NEWN(&sc->r->arena, bool, s->n);
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, s->n + 1);
    st_proj_item *items = ST_NEWN(&sc->r->arena, st_proj_item, s->n + 1);
    size_t n = 0;
    if (!keep || !cols || !items || !st_expr_columns(sc->r, cond, keep))
        return NULL;
    for (size_t i = 0; i < s->n; i++) {
        keep[i] = keep[i] || i == 0 || st_bind_column(common, s->v[i].name) != SIZE_MAX;
        if (keep[i]) {
            cols[n] = s->v[i];
            items[n++] = (st_proj_item){ NULL, i };
        }
    }
    st_expr *x = n < s->n ? pack_node(sc, s, keep, s->n - n) : NULL;
    if (n < s->n && !x)
        return NULL;
    if (x) {
        cols[n] = (st_col){ ST_STR("pack_"), ST_TYPE_DYNAMIC };
        items[n++] = (st_proj_item){ x, 0 };
    }
    return st_op_project(sc->r, rows, cols, items, n);
}

static st_op *projected(const st_scope *sc, st_op *rows, const st_kql_op *q)
{
    size_t n = q->u.search.project.n;
    st_kql_expr *source = ST_NEW(&sc->r->arena, st_kql_expr);
    st_kql_list list = { .items = ST_NEWN(&sc->r->arena, st_kql_expr *, n + 1), .n = n + 1 };
    st_scope inner = st_bind_over(sc, &rows->schema);
    if (!source || !list.items)
        return NULL;
    *source = (st_kql_expr){ .kind = ST_KQL_NAME, .span = q->word, .u.name = ST_STR("source_") };
    list.items[0] = source;
    if (n)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        memcpy(list.items + 1, q->u.search.project.items, n * sizeof(st_kql_expr *));
    return st_bind_projection(&inner, rows, &list);
}

st_op *st_bind_op_find(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *rows = st_bind_search_rows(sc, in, q, ST_STR("source_"), "outer");
    st_expr *x = rows ? st_bind_search_condition(sc, rows, q, false) : NULL;
    st_op *hits = x ? st_op_where(sc->r, rows, x) : NULL;
    if (!hits || q->u.search.has_project)
        return hits ? projected(sc, hits, q) : NULL;
    const st_op *common = in ? rows : st_bind_search_rows(sc, NULL, q, ST_STR("source_"), "inner");
    return common ? packed(sc, hits, x, &common->schema) : NULL;
}
