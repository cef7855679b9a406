/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find.c - find: the rows of some tables for which a condition is true.
 *
 * As search, with a first column source_. Without `project` the columns are those that the
 * condition uses and those that all tables have; the others' values go into the bag pack_.
 */
#include "rules/kql/bind/bind.h"

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

static st_expr *pack_node(st_binder *b, const st_schema *s, const bool *keep, size_t n)
{
    st_expr **args = ST_NEWN(&b->r->arena, st_expr *, 2 * n + 1);
    size_t k = 0;
    for (size_t i = 0; args && i < s->n; i++) {
        st_expr *col = keep[i] ? NULL : ST_NEW(&b->r->arena, st_expr);
        if (keep[i])
            continue;
        args[k++] = st_bind_const(b, ST_TYPE_STRING, st_val_str(&b->r->mem, s->v[i].name));
        if (!col)
            return NULL;
        *col = (st_expr){ .kind = ST_EXPR_COLUMN, .type = s->v[i].type, .col = i };
        args[k++] = col;
    }
    return args ? st_bind_call(b, pack, ST_TYPE_DYNAMIC, args, k) : NULL;
}

static st_op *packed(st_binder *b, st_op *rows, const st_expr *cond, const st_schema *common)
{
    const st_schema *s = &rows->schema;
    bool *keep = ST_NEWN(&b->r->arena, bool, s->n);
    st_col *cols = ST_NEWN(&b->r->arena, st_col, s->n + 1);
    st_proj_item *items = ST_NEWN(&b->r->arena, st_proj_item, s->n + 1);
    size_t n = 0;
    if (!keep || !cols || !items || !st_expr_columns(b->r, cond, keep))
        return NULL;
    for (size_t i = 0; i < s->n; i++) {
        keep[i] = keep[i] || i == 0 || st_bind_column(common, s->v[i].name) != SIZE_MAX;
        if (keep[i]) {
            cols[n] = s->v[i];
            items[n++] = (st_proj_item){ NULL, i };
        }
    }
    st_expr *x = n < s->n ? pack_node(b, s, keep, s->n - n) : NULL;
    if (n < s->n && !x)
        return NULL;
    if (x) {
        cols[n] = (st_col){ ST_STR("pack_"), ST_TYPE_DYNAMIC };
        items[n++] = (st_proj_item){ x, 0 };
    }
    return st_op_project(b->r, rows, cols, items, n);
}

static st_op *projected(st_binder *b, st_op *rows, const st_kql_op *q)
{
    size_t n = q->u.search.project.n;
    st_kql_op p = { .kind = ST_KQL_PIPE_PROJECT, .span = q->span, .word = q->word };
    st_kql_expr *source = ST_NEW(&b->r->arena, st_kql_expr);
    p.u.exprs.items = ST_NEWN(&b->r->arena, st_kql_expr *, n + 1);
    if (!source || !p.u.exprs.items)
        return NULL;
    *source = (st_kql_expr){ .kind = ST_KQL_NAME, .span = q->word, .u.name = ST_STR("source_") };
    p.u.exprs.items[0] = source;
    if (n)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        memcpy(p.u.exprs.items + 1, q->u.search.project.items, n * sizeof(st_kql_expr *));
    p.u.exprs.n = n + 1;
    const st_schema *row = b->row;
    b->row = &rows->schema;
    st_op *op = st_bind_op_project(b, rows, &p);
    b->row = row;
    return op;
}

st_op *st_bind_op_find(st_binder *b, st_op *in, const st_kql_op *q)
{
    st_op *rows = st_bind_search_rows(b, in, q, ST_STR("source_"), "outer");
    st_expr *x = rows ? st_bind_search_condition(b, rows, q, false) : NULL;
    st_op *hits = x ? st_op_where(b->r, rows, x) : NULL;
    if (!hits || q->u.search.has_project)
        return hits ? projected(b, hits, q) : NULL;
    const st_op *common = in ? rows : st_bind_search_rows(b, NULL, q, ST_STR("source_"), "inner");
    return common ? packed(b, hits, x, &common->schema) : NULL;
}
