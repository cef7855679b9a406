/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.c - project, extend, project-away, project-keep, project-rename, project-reorder.
 *
 * serialize is extend: it may make columns, too.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

st_op *st_bind_op_project(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    return st_bind_projection(sc, in, &q->u.exprs);
}

static void extend_one(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = st_bind_unname(e, &name);
    if (st_bind_is_tuple(sc, value)) {
        st_bind_output_tuple(sc, o, e, false, true);
        return;
    }
    st_expr *x = st_bind_settled(sc, value, st_bind_expr(sc, value));
    if (!x)
        return;
    bool named = name.p != NULL;
    if (!named)
        name = st_bind_name(sc, value);
    if (!name.n)
        do
            name = st_bind_numbered(sc, ST_STR("Column"), ++o->columns);
        while (st_bind_output_find(o, name) != SIZE_MAX);
    size_t at = st_bind_output_find(o, name);
    st_proj_item item =
        x->kind == ST_EXPR_COLUMN ? (st_proj_item){ NULL, x->col } : (st_proj_item){ x, 0 };
    if (at == SIZE_MAX) {
        st_bind_output_put(sc, o, name, named, item, x->type);
        return;
    }
    if (named && o->named[at]) {
        st_bind_error(sc, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return;
    }
    if (!named && value->kind == ST_KQL_NAME)
        return;
    o->cols[at].type = x->type;
    o->items[at] = item;
    o->named[at] = named;
}

st_op *st_bind_op_extend(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs o = { 0 };
    st_bind_output_all(sc, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++)
        extend_one(sc, &o, q->u.exprs.items[i]);
    return st_bind_finish(sc, in, &o);
}

/* Marks the columns that e names; false (and an error) if there are none. */
static bool mark(const st_scope *sc, const st_kql_expr *e, bool *hit)
{
    bool any = false, star = e->kind == ST_KQL_STAR;
    if (e->kind != ST_KQL_NAME && e->kind != ST_KQL_PATTERN && !star) {
        st_bind_error(sc, e->span, NULL, "a column's name is needed here");
        return false;
    }
    for (size_t i = 0; i < sc->row->n; i++)
        if (star || (e->kind == ST_KQL_NAME ? st_str_eq(e->u.name, sc->row->v[i].name)
                                            : st_bind_wild(e->u.name, sc->row->v[i].name)))
            any = hit[i] = true;
    if (!any && e->kind == ST_KQL_NAME)
        st_bind_no_column(sc, e->span, e->u.name);
    else if (!any && !sc->row->open && !sc->row->loose)
        st_bind_error(sc, e->span, "KS142", "no column is like %.*s", ST_FMT(e->u.name));
    return any;
}

st_op *st_bind_op_keep(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs o = { 0 };
    bool *hit = ST_NEWN(&sc->r->arena, bool, in->schema.n);
    for (size_t i = 0; hit && i < q->u.exprs.n; i++)
        mark(sc, q->u.exprs.items[i], hit);
    for (size_t i = 0; hit && i < in->schema.n; i++)
        if (hit[i] == (q->kind == ST_KQL_PIPE_PROJECT_KEEP))
            st_bind_output_put(sc, &o, in->schema.v[i].name, true, (st_proj_item){ NULL, i },
                               in->schema.v[i].type);
    return st_bind_finish(sc, in, &o);
}

st_op *st_bind_op_rename(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs o = { 0 };
    st_bind_output_all(sc, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        if (e->kind != ST_KQL_NAMED || e->u.named.value->kind != ST_KQL_NAME) {
            st_bind_error(sc, e->span, NULL, "project-rename needs NEW = OLD");
            continue;
        }
        size_t at = st_bind_column(&in->schema, e->u.named.value->u.name);
        if (at == SIZE_MAX) {
            st_bind_no_column(sc, e->u.named.value->span, e->u.named.value->u.name);
            continue;
        }
        if (st_bind_output_find(&o, e->u.named.names[0].text) != SIZE_MAX)
            st_bind_error(sc, e->span, "KS171", "there is a column %.*s already",
                          ST_FMT(e->u.named.names[0].text));
        o.cols[at].name = e->u.named.names[0].text;
    }
    return st_bind_finish(sc, in, &o);
}

typedef struct sort_name {
    st_str name;
    size_t at;
} sort_name;

static int by_name(const void *a, const void *b)
{
    const sort_name *x = a, *y = b;
    return st_str_cmp(x->name, y->name);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number of digits at s, without leading zeros; *all: with them. */
static st_str digits_at(st_str s, size_t *all)
{
    size_t n = 0, zeros = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    while (zeros + 1 < n && s.p[zeros] == '0')
        zeros++;
    *all = n;
    return (st_str){ s.p + zeros, n - zeros };
}

/* granny-asc: a run of digits counts as a number, so a2 goes before a10. */
static int by_number(const void *a, const void *b)
{
    st_str x = ((const sort_name *)a)->name, y = ((const sort_name *)b)->name;
    while (x.n && y.n) {
        size_t nx = 1, ny = 1;
        int c = (unsigned char)x.p[0] - (unsigned char)y.p[0];
        if (is_digit(x.p[0]) && is_digit(y.p[0])) {
            st_str m = digits_at(x, &nx), n = digits_at(y, &ny);
            c = m.n != n.n ? (m.n < n.n ? -1 : 1) : st_str_cmp(m, n);
        }
        if (c)
            return c;
        x = (st_str){ x.p + nx, x.n - nx };
        y = (st_str){ y.p + ny, y.n - ny };
    }
    return x.n || y.n ? (x.n ? 1 : -1) : by_name(a, b);
}

st_op *st_bind_op_reorder(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t n = in->schema.n;
    st_bind_outputs o = { 0 };
    bool *used = ST_NEWN(&sc->r->arena, bool, n), *hit = ST_NEWN(&sc->r->arena, bool, n);
    sort_name *names = ST_NEWN(&sc->r->arena, sort_name, n);
    for (size_t k = 0; used && hit && names && k < q->u.keys.n; k++) {
        const st_kql_key *key = &q->u.keys.keys[k];
        size_t count = 0;
        memset(hit, 0, n);
        if (!mark(sc, key->expr, hit))
            continue;
        for (size_t i = 0; i < n; i++)
            if (hit[i] && !used[i])
                names[count++] = (sort_name){ in->schema.v[i].name, i };
        if (key->asc || key->desc)
            qsort(names, count, sizeof *names, key->granny ? by_number : by_name);
        for (size_t i = 0; i < count; i++) {
            size_t at = names[key->desc ? count - 1 - i : i].at;
            used[at] = true;
            st_bind_output_put(sc, &o, in->schema.v[at].name, true, (st_proj_item){ NULL, at },
                               in->schema.v[at].type);
        }
    }
    for (size_t i = 0; used && i < n; i++)
        if (!used[i])
            st_bind_output_put(sc, &o, in->schema.v[i].name, true, (st_proj_item){ NULL, i },
                               in->schema.v[i].type);
    return st_bind_finish(sc, in, &o);
}
