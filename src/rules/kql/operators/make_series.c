/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_series.c - make-series: for each key, an array of aggregates along an axis.
 *
 * Bins begin at start + k * step; only those that have rows get accumulators, the rest the
 * default. Without from and to the axis is as long as the rows' values.
 */
#include "rules/kql/operators/operators.h"
#include "rules/engine/value/group.h"

#include "base/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct series {
    st_expr *on, **keys;
    size_t nkeys, nitems;
    st_bind_agg *items;
    st_val *defaults;
    st_val from, to, step; /* null: not given */
    st_type axis;
    bool closed;   /* `to` is part of it, and bins begin at multiples of step: the old form */
    bool nonempty; /* of no rows there is a series, too */
    bool done;
} series;

typedef struct axis {
    st_val start;
    size_t n;
} axis;

/* How many whole steps v is above start; false: below, or not to be counted. */
static bool bin_of(const series *s, st_val start, st_val v, size_t *out)
{
    if (s->axis == ST_TYPE_REAL) {
        double d, from, step;
        if (!st_val_number(v, &d) || !st_val_number(start, &from) || !st_val_number(s->step, &step))
            return false;
        double k = floor((d - from) / step);
        *out = k < (double)ST_MAX_KQL_SERIES ? (size_t)(k < 0 ? 0 : k) : ST_MAX_KQL_SERIES;
        return d >= from;
    }
    if (v.tag == ST_VAL_NULL || v.u.i < start.u.i)
        return false;
    uint64_t k = ((uint64_t)v.u.i - (uint64_t)start.u.i) / (uint64_t)s->step.u.i;
    *out = k < ST_MAX_KQL_SERIES ? (size_t)k : ST_MAX_KQL_SERIES;
    return true;
}

static st_val axis_at(const series *s, const axis *a, size_t k)
{
    st_val v = a->start;
    if (s->axis == ST_TYPE_REAL) {
        double from = 0, step = 0;
        st_val_number(a->start, &from);
        st_val_number(s->step, &step);
        return st_val_real(from + (double)k * step);
    }
    v.u.i = (int64_t)((uint64_t)v.u.i + (uint64_t)k * (uint64_t)s->step.u.i);
    return v;
}

/* A multiple of step, not above v; v, where no such number is left. */
static st_val floor_to(const series *s, st_val v)
{
    if (s->axis == ST_TYPE_REAL) {
        double d = 0, step = 1;
        st_val_number(v, &d);
        st_val_number(s->step, &step);
        return st_val_real(floor(d / step) * step);
    }
    int64_t left = v.u.i % s->step.u.i;
    left += left < 0 ? s->step.u.i : 0;
    v.u.i = v.u.i < INT64_MIN + left ? v.u.i : v.u.i - left;
    return v;
}

static bool find_axis(st_run *r, const series *s, const st_val *on, size_t n, axis *a)
{
    st_val low = st_val_null(), high = st_val_null();
    for (size_t k = 0; k < n; k++) {
        if (st_val_last(on[k]))
            continue;
        if (low.tag == ST_VAL_NULL || st_val_cmp(&r->mem, on[k], low) < 0)
            low = on[k];
        if (high.tag == ST_VAL_NULL || st_val_cmp(&r->mem, on[k], high) > 0)
            high = on[k];
    }
    a->n = 0;
    if (!n && s->nonempty && s->from.tag != ST_VAL_NULL && s->to.tag != ST_VAL_NULL)
        low = s->from;
    if (low.tag == ST_VAL_NULL)
        return true;
    a->start = s->from.tag == ST_VAL_NULL ? floor_to(s, low)
               : s->closed                ? floor_to(s, s->from)
                                          : s->from;
    st_val end = s->to.tag != ST_VAL_NULL ? s->to : high;
    if (!bin_of(s, a->start, end, &a->n))
        return true;
    /* `to` is not part of it unless a bin begins before it */
    if (a->n < ST_MAX_KQL_SERIES && (s->to.tag == ST_VAL_NULL || s->closed ||
                                     st_val_cmp(&r->mem, axis_at(s, a, a->n), s->to) < 0))
        a->n++;
    if (a->n < ST_MAX_KQL_SERIES)
        return true;
    a->n = ST_MAX_KQL_SERIES;
    r->limit = "make-series met its limit of points";
    return true;
}

/* What a run works with. */
typedef struct work {
    st_arena arena;
    st_rows rows;
    st_grouping keys, cells; /* a cell: a key's number and a bin */
    size_t *cell;            /* by row */
    axis axis;
} work;

static bool number_rows(st_run *r, const series *s, work *w)
{
    const st_val **v = ST_NEWN(&w->arena, const st_val *, s->nkeys + 1);
    st_val *key = ST_NEWN(&w->arena, st_val, s->nkeys + 1);
    const st_val *on = st_rows_values(r, &w->rows, s->on, &w->arena);
    w->cell = ST_NEWN(&w->arena, size_t, w->rows.rows + 1);
    if (!v || !key || !on || !w->cell)
        return st_run_nomem(r);
    for (size_t i = 0; i < s->nkeys; i++)
        if (!(v[i] = st_rows_values(r, &w->rows, s->keys[i], &w->arena)))
            return false;
    if (!find_axis(r, s, on, w->rows.rows, &w->axis))
        return false;
    for (size_t k = 0; k < w->rows.rows; k++) {
        size_t bin = 0;
        w->cell[k] = SIZE_MAX;
        if (st_val_last(on[k]) || !bin_of(s, w->axis.start, on[k], &bin) || bin >= w->axis.n)
            continue;
        for (size_t i = 0; i < s->nkeys; i++)
            key[i] = v[i][k];
        size_t g = st_grouping_put(&r->mem, &w->keys, key);
        st_val pair[2] = { st_val_long((int64_t)g), st_val_long((int64_t)bin) };
        if (g == SIZE_MAX || (w->cell[k] = st_grouping_put(&r->mem, &w->cells, pair)) == SIZE_MAX)
            return st_run_nomem(r);
    }
    /* kind=nonempty: of no rows one series of defaults, if no column says whose it is */
    if (!w->rows.rows && w->axis.n && !s->nkeys &&
        st_grouping_put(&r->mem, &w->keys, key) == SIZE_MAX)
        return st_run_nomem(r);
    size_t most = w->axis.n ? ST_MAX_SERIES_POINTS / w->axis.n : 0;
    if (w->keys.n > most) {
        w->keys.n = most;
        r->limit = "make-series met its limit of points";
    }
    return true;
}

static bool put_item(st_run *r, const series *s, const work *w, size_t item, st_val *out)
{
    const st_bind_agg *g = &s->items[item];
    size_t step, n = w->keys.n;
    st_batch *b = st_agg_run(r, &w->rows, w->cell, w->cells.n, g->calls, g->ncalls);
    const st_val *v = b ? st_expr_run(r, g->x, b, &step) : NULL;
    st_array **a = v ? ST_NEWN(&b->arena, st_array *, n + 1) : NULL;
    for (size_t i = 0; a && i < n; i++) {
        a[i] = st_array_new(&r->mem, w->axis.n);
        for (size_t k = 0; a[i] && k < w->axis.n; k++)
            a[i]->v[k] = s->defaults[item];
        out[i] = st_val_array(a[i]);
    }
    for (size_t c = 0; a && c < w->cells.n; c++) {
        size_t key = (size_t)w->cells.keys[2 * c].u.i;
        st_array *to = key < n ? a[key] : NULL;
        if (to)
            to->v[w->cells.keys[2 * c + 1].u.i] = v[c * step];
    }
    st_batch_free(b);
    return a ? st_run_ok(r) : st_run_nomem(r);
}

static st_batch *result(st_run *r, const st_op *op, const series *s, const work *w)
{
    size_t n = w->keys.n;
    st_batch *b = n ? st_batch_new(r, n, op->schema.n) : NULL;
    bool ok = b != NULL;
    st_array *points = ok ? st_array_new(&r->mem, w->axis.n) : NULL;
    for (size_t k = 0; points && k < w->axis.n; k++)
        points->v[k] = axis_at(s, &w->axis, k);
    for (size_t c = 0; ok && c < op->schema.n; c++) {
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        ok = v != NULL;
        for (size_t k = 0; ok && k < n; k++)
            v[k] = c < s->nkeys ? w->keys.keys[k * s->nkeys + c] : st_val_array(points);
        if (ok && c >= s->nkeys && c < s->nkeys + s->nitems)
            ok = put_item(r, s, w, c - s->nkeys, v);
    }
    if (ok || !b)
        return b;
    st_batch_free(b);
    st_run_nomem(r);
    return NULL;
}

static st_batch *series_next(st_run *r, st_op *op)
{
    series *s = op->spec;
    work w = { .arena.budget = &r->budget };
    st_batch *b = NULL;
    if (s->done)
        return NULL;
    s->done = true;
    st_grouping_init(&w.keys, s->nkeys);
    st_grouping_init(&w.cells, 2);
    if (st_rows_read(r, op->in, &w.rows) && (w.rows.rows || s->nonempty) && number_rows(r, s, &w))
        b = result(r, op, s, &w);
    st_rows_free(&w.rows);
    st_grouping_free(&w.keys);
    st_grouping_free(&w.cells);
    st_arena_free(&w.arena);
    return b;
}

/* binding */

static bool bound(const st_scope *sc, const st_kql_expr *e, st_type want, st_val *out)
{
    st_type t;
    *out = st_val_null();
    if (!e)
        return true;
    if (!st_bind_constant(sc, e, out, &t))
        return false;
    bool ok = st_type_numeric(want)
                  ? st_type_numeric(t) && (want == ST_TYPE_REAL || t != ST_TYPE_REAL)
                  : t == want;
    if (ok && want == ST_TYPE_REAL && out->tag == ST_VAL_LONG)
        *out = st_val_real((double)out->u.i);
    if (ok && out->tag != ST_VAL_NULL)
        return true;
    st_bind_error(sc, e->span, "KS107", "a %s is needed here, not %s", st_type_name(want),
                  st_type_name(t));
    return false;
}

static bool bind_axis(const st_scope *sc, const st_kql_op *q, series *s, st_col *col)
{
    if (!st_bind_key(sc, q->u.series.on, col, &s->on))
        return false;
    s->axis = col->type;
    if (s->axis == ST_TYPE_UNKNOWN)
        return false;
    bool times = s->axis == ST_TYPE_DATETIME || s->axis == ST_TYPE_TIMESPAN;
    if (!times && !st_type_numeric(s->axis)) {
        st_bind_error(sc, q->u.series.on->span, "KS107",
                      "an axis of %s can't be divided into steps", st_type_name(s->axis));
        return false;
    }
    s->closed = q->u.series.closed;
    if (!q->u.series.step || !bound(sc, q->u.series.from, s->axis, &s->from) ||
        !bound(sc, q->u.series.to, s->axis, &s->to) ||
        !bound(sc, q->u.series.step, times ? ST_TYPE_TIMESPAN : s->axis, &s->step))
        return false;
    double step = 0;
    if (!times && !st_val_number(s->step, &step))
        step = 0;
    if (times ? s->step.u.i > 0 : step > 0)
        return true;
    st_bind_error(sc, q->u.series.step->span, NULL, "a step must be above zero");
    return false;
}

static bool bind_item(const st_scope *sc, const st_kql_series_item *q, series *s, size_t i)
{
    st_type t = ST_TYPE_LONG;
    st_val v = st_val_long(0);
    if (!st_bind_aggregate(sc, q->expr, &s->items[i]) ||
        (q->value && !st_bind_constant(sc, q->value, &v, &t)))
        return false;
    st_type want = s->items[i].x->type;
    s->defaults[i] = q->value && t != want && st_type_numeric(t) && st_type_numeric(want)
                         ? st_val_convert(&sc->r->mem, want, t, v)
                         : v;
    return true;
}

static bool kind_of(const st_scope *sc, const st_kql_op *q, series *s)
{
    const st_kql_expr *e = st_bind_opt(q, "kind");
    s->nonempty = e && e->kind == ST_KQL_NAME && st_str_eq(e->u.name, ST_STR("nonempty"));
    if (!e || s->nonempty)
        return true;
    st_bind_error(sc, e->span, "KS005", "unknown kind of make-series; expected nonempty");
    return false;
}

st_op *st_bind_op_make_series(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t nkeys = q->u.series.by.n, n = q->u.series.n;
    st_op *op = st_op_new(sc->r, series_next, in, sizeof(series));
    series *s = op ? op->spec : NULL;
    if (!s || !q->u.series.on || !(s->keys = ST_NEWN(&sc->r->arena, st_expr *, nkeys + 1)) ||
        !(s->items = ST_NEWN(&sc->r->arena, st_bind_agg, n + 1)) ||
        !(s->defaults = ST_NEWN(&sc->r->arena, st_val, n + 1)) ||
        !(op->schema.v = ST_NEWN(&sc->r->arena, st_col, nkeys + n + 1)))
        return NULL;
    s->nkeys = nkeys;
    s->nitems = n;
    if (!kind_of(sc, q, s))
        return NULL;
    for (size_t i = 0; i < nkeys; i++)
        if (!st_bind_key(sc, q->u.series.by.items[i], &op->schema.v[i], &s->keys[i]))
            return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!bind_item(sc, &q->u.series.items[i], s, i))
            return NULL;
        op->schema.v[nkeys + i] =
            (st_col){ s->items[i].own.n ? s->items[i].own : ST_STR("Column1"), ST_TYPE_DYNAMIC };
    }
    if (!bind_axis(sc, q, s, &op->schema.v[nkeys + n]))
        return NULL;
    op->schema.v[nkeys + n].type = ST_TYPE_DYNAMIC;
    op->schema.n = nkeys + n + 1;
    op->lineage = false;
    return sc->out->failed ? NULL : op;
}
