/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summarize.c - summarize: groups of rows, and a row of aggregates for each.
 *
 * Aggregates become columns behind the keys; what the text makes of them is a projection of
 * that. arg_max, take_any(*) and percentiles are written as aggregates of one column each.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Aggregates that give columns of one row of the group, each as an aggregate of its own. */
typedef struct row_agg {
    const char *name, *code; /* code: the aggregate that finds the row */
    const char *prefix;      /* of names, where old or where a column has none */
    bool ranked;             /* the first argument says which row; else the first one is taken */
    bool old;                /* names of that time: max_a, max_a_b, any_a */
} row_agg;

static const row_agg row_aggs[] = {
    { "arg_max", "arg_max", "max_", true, false },   { "arg_min", "arg_min", "min_", true, false },
    { "argmax", "arg_max", "max_", true, true },     { "argmin", "arg_min", "min_", true, true },
    { "take_any", "arg_min", "any_", false, false }, { "any", "arg_min", "any_", false, true },
};

/* One value alone is no row: take_any(x) prefers one that isn't null. */
static const row_agg *row_agg_of(const st_kql_expr *e)
{
    if (e->kind != ST_KQL_CALL || !e->u.call.args.n)
        return NULL;
    bool several = e->u.call.args.n > 1 || st_bind_argument(e, 0)->kind == ST_KQL_STAR;
    for (size_t i = 0; i < sizeof row_aggs / sizeof *row_aggs; i++)
        if (st_str_is(e->u.call.name.text, row_aggs[i].name))
            return row_aggs[i].ranked || several ? &row_aggs[i] : NULL;
    return NULL;
}

typedef struct row_binder {
    const row_agg *agg;
    st_bind_outputs *out;
    st_expr *by;              /* what finds the row */
    st_str stem;              /* its own name */
    const st_kql_name *names; /* what the author called the first columns */
    size_t nnames, given;
} row_binder;

static st_str joined(const st_scope *sc, st_str x, st_str y)
{
    char *p = ST_NEWN(&sc->r->arena, char, x.n + y.n + 1);
    if (!p)
        return x;
    if (x.n)
        memcpy(p, x.p, x.n);
    if (y.n)
        memcpy(p + x.n, y.p, y.n);
    return (st_str){ p, x.n + y.n };
}

/* A column of the row; own is the name it has by itself, empty if none. */
static void add_of_row(const st_scope *sc, row_binder *w, st_expr *value, st_str own)
{
    st_expr **args = ST_NEWN(&sc->r->arena, st_expr *, 2);
    if (!args || !w->by || !value)
        return;
    args[0] = w->by;
    args[1] = value;
    st_agg_call c = { .agg = st_agg_find(st_str_of(w->agg->code)),
                      .args = args,
                      .nargs = 2,
                      .type = value->type,
                      .limit = INT64_MAX };
    size_t i = w->given++, at = st_bind_add_call(sc, &c);
    bool named = i < w->nnames && w->names[i].text.p;
    st_str name = own, prefix = st_str_of(w->agg->prefix);
    if (named)
        name = w->names[i].text;
    else if (!w->agg->ranked)
        name = !own.n        ? st_bind_numbered(sc, joined(sc, prefix, ST_STR("arg")), (unsigned)i)
               : w->agg->old ? joined(sc, prefix, own)
                             : own;
    else if (!i)
        name = own.n && !w->agg->old ? own : joined(sc, prefix, own);
    else if (w->agg->old || !own.n)
        name = joined(sc, joined(sc, prefix, w->stem),
                      joined(sc, ST_STR("_"),
                             own.n ? own : st_bind_numbered(sc, ST_STR("arg"), (unsigned)i)));
    st_bind_output_put(sc, w->out, st_bind_free_name(sc, w->out, name), named,
                       (st_proj_item){ NULL, at }, value->type);
}

/* `*`: the columns that are neither keys nor what finds the row. */
static void add_whole_row(const st_scope *sc, row_binder *w, const st_bind_outputs *keys)
{
    sc->out->loosened |= sc->row->loose; /* what else a service's table may have, too */
    if (sc->group->node_call == SIZE_MAX)
        sc->group->node_call = sc->group->n ? sc->group->n - w->agg->ranked : 0;
    for (size_t c = 0; c < sc->row->n; c++) {
        bool taken = w->by->kind == ST_EXPR_COLUMN && w->by->col == c;
        for (size_t k = 0; k < keys->n; k++) {
            const st_proj_item *key = &keys->items[k];
            taken |= key->x ? key->x->kind == ST_EXPR_COLUMN && key->x->col == c : key->from == c;
        }
        st_expr *col = taken ? NULL : ST_NEW(&sc->r->arena, st_expr);
        if (!col)
            continue;
        *col = (st_expr){ .kind = ST_EXPR_COLUMN, .type = sc->row->v[c].type, .col = c };
        add_of_row(sc, w, col, sc->row->v[c].name);
    }
}

/* The name of an expression over the rows, not over aggregates. */
static st_str row_name(const st_scope *sc, const st_kql_expr *e)
{
    st_scope rows = *sc;
    rows.group = NULL;
    return st_bind_name(&rows, e);
}

static void add_row_agg(const st_scope *sc, st_bind_outputs *o, const st_bind_outputs *keys,
                        const row_agg *agg, const st_kql_expr *e, const st_kql_name *names,
                        size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    row_binder w = { .agg = agg, .out = o, .names = names, .nnames = nnames };
    st_scope inner = *sc;
    inner.nested = true;
    w.by = agg->ranked ? st_bind_expr(&inner, st_bind_argument(e, 0))
                       : st_bind_const(sc, ST_TYPE_LONG, st_val_long(0));
    if (agg->ranked) {
        w.stem = row_name(sc, st_bind_argument(e, 0));
        add_of_row(sc, &w, w.by, w.stem);
    }
    for (size_t i = agg->ranked; w.by && i < args->n; i++) {
        st_str name;
        const st_kql_expr *v = st_bind_unname(args->items[i], &name);
        if (v->kind == ST_KQL_STAR)
            add_whole_row(sc, &w, keys);
        else
            add_of_row(sc, &w, st_bind_expr(&inner, v), name.p ? name : row_name(sc, v));
    }
}

/* percentiles(x, p, ...), percentilesw(x, weight, p, ...): how many arguments stand before the
 * ranks; 0: it is neither. */
static size_t before_ranks(const st_kql_expr *e)
{
    if (e->kind != ST_KQL_CALL || e->u.call.base)
        return 0;
    size_t n = st_str_eq(e->u.call.name.text, ST_STR("percentiles"))    ? 1
               : st_str_eq(e->u.call.name.text, ST_STR("percentilesw")) ? 2
                                                                        : 0;
    return e->u.call.args.n > n ? n : 0;
}

/* An aggregate a rank. */
static void add_percentiles(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e,
                            const st_kql_name *names, size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    size_t first = before_ranks(e);
    for (size_t i = first; i < args->n; i++) {
        st_kql_expr *own[] = { args->items[0], args->items[first > 1 ? 1 : i], args->items[i] };
        st_kql_expr one = *e;
        one.u.call.name.text = first > 1 ? ST_STR("percentilew") : ST_STR("percentile");
        one.u.call.args.items = own;
        one.u.call.args.n = first + 1;
        st_expr *x = st_bind_expr(sc, &one);
        if (!x || x->kind != ST_EXPR_COLUMN)
            return;
        bool named = i - first < nnames;
        st_str name = named ? names[i - first].text : st_bind_name(sc, &one);
        st_bind_output_put(sc, o, st_bind_free_name(sc, o, name), named,
                           (st_proj_item){ NULL, x->col }, x->type);
    }
}

/* The keys as expressions, and as the first columns of the output. NULL: no memory. */
static st_expr **key_exprs(const st_scope *sc, const st_kql_op *q, const st_bind_outputs *keys,
                           st_bind_outputs *all)
{
    st_expr **key = ST_NEWN(&sc->r->arena, st_expr *, keys->n);
    for (size_t i = 0; key && !sc->out->failed && i < keys->n; i++) {
        st_expr *col = st_bind_node(sc, ST_EXPR_COLUMN, keys->cols[i].type);
        if (!col)
            return NULL;
        col->col = keys->items[i].from;
        key[i] = keys->items[i].x ? keys->items[i].x : col;
        if (keys->cols[i].type == ST_TYPE_DYNAMIC)
            st_bind_error(sc, q->u.group.by.items[i]->span, "KS116",
                          "a dynamic can't be grouped; wrap it in tostring()");
        st_bind_output_put(sc, all, keys->cols[i].name, keys->named[i], (st_proj_item){ NULL, i },
                           keys->cols[i].type);
    }
    return key;
}

static void add_aggregate(const st_scope *sc, st_bind_outputs *all, const st_bind_outputs *keys,
                          const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *v = st_bind_unname(e, &name);
    const st_kql_name *names = e->kind == ST_KQL_NAMED ? e->u.named.names : NULL;
    size_t nnames = e->kind == ST_KQL_NAMED ? e->u.named.nnames : 0;
    const row_agg *row = row_agg_of(v);
    if (row)
        add_row_agg(sc, all, keys, row, v, names, nnames);
    else if (before_ranks(v))
        add_percentiles(sc, all, v, names, nnames);
    else
        st_bind_output_expr(sc, all, e);
}

/* The groups: keys, and a column for each call. */
static st_op *grouped(const st_scope *sc, st_op *in, const st_bind_outputs *keys, st_expr **key,
                      const st_bind_group *g)
{
    st_agg_call *calls = ST_NEWN(&sc->r->arena, st_agg_call, g->n);
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, keys->n + g->n);
    if (!key || !calls || !cols || sc->out->failed)
        return NULL;
    for (size_t i = 0; i < keys->n; i++)
        cols[i] = keys->cols[i];
    for (size_t i = 0; i < g->n; i++) {
        calls[i] = g->calls[i];
        cols[keys->n + i] = (st_col){ ST_STR("_"), g->calls[i].type };
    }
    in = st_bind_with_tuples(sc, in, keys);
    return in ? st_op_summarize(sc->r, in, key, keys->n, calls, g->n, g->node_call, cols) : NULL;
}

st_op *st_bind_op_summarize(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs keys = { 0 }, all = { 0 };
    for (size_t i = 0; i < q->u.group.by.n; i++)
        st_bind_output_expr(sc, &keys, q->u.group.by.items[i]);
    st_expr **key = key_exprs(sc, q, &keys, &all);
    st_bind_group group = { .node_call = SIZE_MAX, .keys = keys.n };
    st_scope inner = *sc;
    inner.group = &group;
    all.columns = keys.columns;
    for (size_t i = 0; i < q->u.group.exprs.n; i++)
        add_aggregate(&inner, &all, &keys, q->u.group.exprs.items[i]);
    st_op *op = grouped(sc, in, &keys, key, &group);
    st_bind_outputs_free(&keys);
    free(group.calls);
    if (op)
        return st_bind_finish(sc, op, &all);
    st_bind_outputs_free(&all);
    return NULL;
}
