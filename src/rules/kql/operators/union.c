/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * union.c - union: the rows of several tables, with the columns of all of them or the common ones.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct legs {
    st_op *op[ST_MAX_UNION];
    st_str name[ST_MAX_UNION];
    size_t n, written; /* written: with those that were left out */
    bool fuzzy;
    st_str service; /* the first service whose part was left out */
    st_span service_at;
    bool as_written; /* parts are called as they are written: search and find */
} legs;

static bool put_leg(const st_scope *sc, legs *l, st_span at, st_str name, st_op *op)
{
    if (l->n == ST_MAX_UNION) {
        st_bind_error(sc, at, NULL, "more than %u tables in one union, the limit", ST_MAX_UNION);
        return false;
    }
    l->name[l->n] = name;
    l->op[l->n++] = op;
    return true;
}

/* What `as` calls a query's rows last; empty: nothing does. */
static st_str name_by_as(const st_kql_op *first)
{
    st_str name = { NULL, 0 };
    for (const st_kql_op *q = first; q; q = q->next)
        if (q->kind == ST_KQL_PIPE_AS)
            name = q->u.name.text;
    return name;
}

/* What a name is called: a table, through lets that only give it another name, and a function by
 * itself; empty: a let that is a query. */
static st_str name_behind(const st_scope *sc, const st_kql_expr *e)
{
    st_scope at = *sc;
    for (st_let *l; (l = st_bind_let(&at, e->u.name)) != NULL; e = l->expr, at.env = l->env) {
        if (l->kind == ST_L_LAMBDA || l->rows)
            return e->u.name;
        if (l->kind != ST_L_TABLE || !l->expr || l->expr->kind != ST_KQL_NAME)
            return (st_str){ NULL, 0 };
    }
    return e->u.name;
}

/* What withsource calls a part: the table, what `as` says, or a number. */
static st_str leg_name(const st_scope *sc, const legs *l, const st_kql_expr *e)
{
    st_str as = e->kind == ST_KQL_QUERY  ? name_by_as(e->u.query->first)
                : e->kind != ST_KQL_NAME ? (st_str){ NULL, 0 }
                : l->as_written          ? e->u.name
                                         : name_behind(sc, e);
    return as.n ? as : st_bind_numbered(sc, ST_STR("union_arg"), (unsigned)l->written);
}

/* A wildcard: the tables, and the text's views. */
static void add_pattern(const st_scope *sc, legs *l, const st_kql_expr *e)
{
    st_str pattern = e->kind == ST_KQL_STAR ? ST_STR("*") : e->u.name;
    size_t before = l->n;
    for (size_t i = 0; st_table_def_at(i); i++) {
        const st_table_def *t = st_table_def_at(i);
        bool again = t->again && st_str_eq(pattern, ST_STR("*"));
        if (t->rows != ST_OF_NODES && !again && /* DeviceProcessEvents again */
            st_bind_wild(pattern, st_str_of(t->name)) &&
            !put_leg(sc, l, e->span, st_str_of(t->name), st_op_scan(sc->r, t)))
            return;
    }
    for (const st_let *v = sc->env; v; v = v->next) {
        st_kql_expr call = { .kind = ST_KQL_NAME, .span = e->span, .u.name = v->name };
        if (v->kind != ST_L_LAMBDA || !v->expr->u.lambda.view || v->expr->u.lambda.nparams ||
            !st_bind_wild(pattern, v->name))
            continue;
        st_op *op = st_bind_table(sc, &call);
        if (!op || !put_leg(sc, l, e->span, v->name, op))
            return;
    }
    if (l->n == before && l->fuzzy)
        st_bind_warn(sc, e->span, "no table is like %.*s: left out (isfuzzy)", ST_FMT(pattern));
    else if (l->n == before)
        st_bind_error(sc, e->span, NULL, "no table is like %.*s", ST_FMT(pattern));
}

static void leave_out(const st_scope *sc, legs *l, const st_kql_expr *e, const st_bind_missing *m)
{
    if (m->service && !l->service.n) {
        l->service = m->name;
        l->service_at = e->span;
    }
    sc->binder->forgiving |= m->service;
    st_bind_warn(sc, e->span,
                 m->service ? "%.*s isn't here: left out (isfuzzy)"
                            : "no table %.*s: left out (isfuzzy)",
                 ST_FMT(m->name));
}

/* A part of a union that goes without what isn't here. Mistakes in one that is left out don't
 * count.
 */
static st_op *fuzzy_leg(const st_scope *sc, legs *l, const st_kql_expr *e)
{
    st_bind_missing missing = { .service = false };
    st_bind_outcome own = { .spoiled = sc->out->failed || sc->out->spoiled };
    st_scope inner = *sc;
    inner.missing = &missing;
    inner.out = &own;
    st_op *op = st_bind_table(&inner, e);
    if (missing.name.n) {
        leave_out(sc, l, e, &missing);
        return NULL;
    }
    sc->out->failed |= own.failed;
    sc->out->opened |= own.opened;
    sc->out->loosened |= own.loosened;
    return op;
}

static void add_leg(const st_scope *sc, legs *l, const st_kql_expr *e)
{
    if (e->kind == ST_KQL_PATTERN || e->kind == ST_KQL_STAR) {
        add_pattern(sc, l, e);
        return;
    }
    st_str name = leg_name(sc, l, e);
    st_op *op = l->fuzzy ? fuzzy_leg(sc, l, e) : st_bind_table(sc, e);
    l->written++;
    if (op)
        put_leg(sc, l, e->span, name, op);
}

static bool opt_is(const st_kql_op *q, const char *name, const char *value)
{
    const st_kql_expr *e = st_bind_opt(q, name);
    if (e && e->kind == ST_KQL_NAME)
        return st_str_is(e->u.name, value);
    return e && e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_BOOL && e->u.value.i &&
           !strcmp(value, "true");
}

/* Does some other leg have this name with another type? */
static bool clashes(const legs *l, const st_col *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_bind_column(&l->op[i]->schema, c->name);
        if (at != SIZE_MAX && l->op[i]->schema.v[at].type != c->type)
            return true;
    }
    return false;
}

static bool everywhere(const legs *l, const st_col *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_bind_column(&l->op[i]->schema, c->name);
        if (at == SIZE_MAX || l->op[i]->schema.v[at].type != c->type)
            return false;
    }
    return true;
}

typedef struct ucol {
    st_str name, plain;
    st_type type;
} ucol;

static bool is_taken(const ucol *cols, size_t n, size_t but, st_str name)
{
    for (size_t k = 0; k < n; k++)
        if (k != but && st_str_eq(cols[k].name, name))
            return true;
    return false;
}

/* A name that was made is no other column's. */
static void number_made(const st_scope *sc, ucol *cols, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_str made = cols[i].name;
        unsigned k = 0;
        while (cols[i].name.n != cols[i].plain.n && !sc->r->arena.failed &&
               is_taken(cols, n, i, cols[i].name))
            cols[i].name = st_bind_numbered(sc, made, ++k);
    }
}

static size_t union_columns(const st_scope *sc, const legs *l, bool inner, ucol *cols)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        for (size_t c = 0; c < l->op[i]->schema.n; c++) {
            const st_col *col = &l->op[i]->schema.v[c];
            size_t k = 0;
            while (k < n && !(st_str_eq(cols[k].plain, col->name) && cols[k].type == col->type))
                k++;
            if (k < n || (inner && !everywhere(l, col)))
                continue;
            st_str name = col->name;
            size_t at = n;
            if (clashes(l, col)) {
                st_buf t = { 0 };
                st_buf_fmt(&t, "%.*s_%s", ST_FMT(col->name), st_type_name(col->type));
                name = st_arena_copy(&sc->r->arena, st_buf_slice(&t));
                st_buf_free(&t);
                for (k = 0; k < n; k++) /* beside the first of that name */
                    if (st_str_eq(cols[k].plain, col->name))
                        at = k + 1;
            }
            memmove(cols + at + 1, cols + at, (n - at) * sizeof *cols);
            cols[at] = (ucol){ name, col->name, col->type };
            n++;
        }
    number_made(sc, cols, n);
    return n;
}

/* Every part was a service's: so the query needs the first one. */
static st_op *all_services(const st_scope *sc, const legs *l)
{
    st_op *op = st_op_values(sc->r, NULL, 0, NULL, 0);
    st_bind_need(sc, l->service_at, l->service);
    if (op)
        op->schema.loose = sc->out->loosened = true;
    return op;
}

st_op *st_bind_op_union(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    legs *l = ST_NEW(&sc->r->arena, legs);
    if (!l)
        return NULL;
    if (in) {
        l->op[0] = in;
        l->name[0] = sc->as.n ? sc->as : ST_STR("union_arg0");
        l->n = l->written = 1;
    }
    if (q->u.exprs.n > ST_MAX_UNION) {
        st_bind_error(sc, q->word, NULL, "more than %u tables in one union, the limit",
                      ST_MAX_UNION);
        return NULL;
    }
    const st_kql_expr *kind = st_bind_opt(q, "kind");
    if (kind && !opt_is(q, "kind", "inner") && !opt_is(q, "kind", "outer")) {
        st_bind_error(sc, kind->span, NULL, "the kind of a union is inner or outer");
        return NULL;
    }
    l->fuzzy = opt_is(q, "isfuzzy", "true");
    l->as_written = q->kind != ST_KQL_PIPE_UNION;
    for (size_t i = 0; i < q->u.exprs.n; i++)
        add_leg(sc, l, q->u.exprs.items[i]);
    const st_kql_expr *source = st_bind_opt(q, "withsource");
    source = source ? source : st_bind_opt(q, "with_source");
    size_t total = 0, first = source && source->kind == ST_KQL_NAME ? 1 : 0;
    for (size_t i = 0; i < l->n; i++)
        total += l->op[i]->schema.n;
    if (sc->out->failed)
        return NULL;
    if (!l->n && l->service.n)
        return all_services(sc, l);
    if (!l->n) {
        st_bind_error(sc, q->span, NULL, "nothing to unite");
        return NULL;
    }
    ucol *u = ST_NEWN(&sc->r->arena, ucol, total + 1);
    size_t n = u ? union_columns(sc, l, opt_is(q, "kind", "inner"), u) : 0;
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, n + 1);
    const size_t **map = ST_NEWN(&sc->r->arena, const size_t *, l->n);
    st_val *names = first ? ST_NEWN(&sc->r->arena, st_val, l->n) : NULL;
    if (!u || !cols || !map || (first && !names))
        return NULL;
    if (first)
        cols[0] = (st_col){ source->u.name, ST_TYPE_STRING };
    for (size_t c = 0; c < n; c++)
        cols[first + c] = (st_col){ u[c].name, u[c].type };
    for (size_t i = 0; i < l->n; i++) {
        size_t *m = ST_NEWN(&sc->r->arena, size_t, n + 1);
        if (!m)
            return NULL;
        if (first) {
            names[i] = st_val_str(&sc->r->mem, l->name[i]);
            m[0] = SIZE_MAX;
        }
        for (size_t c = 0; c < n; c++) {
            size_t at = st_bind_column(&l->op[i]->schema, u[c].plain);
            m[first + c] =
                at != SIZE_MAX && l->op[i]->schema.v[at].type == u[c].type ? at : SIZE_MAX;
        }
        map[i] = m;
    }
    st_op *op = st_op_union(sc->r, l->op, map, names, l->n, cols, first + n);
    for (size_t i = 0; op && i < l->n; i++)
        op->schema.loose |= l->service.n || l->op[i]->schema.loose;
    return op;
}
