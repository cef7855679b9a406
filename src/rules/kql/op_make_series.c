/*
 * op_make_series.c - make-series: for each key, an array of aggregates along an axis.
 *
 * Bins begin at start + k * step; only those that have rows get accumulators, the rest the
 * default. Without from and to the axis is as long as the rows' values.
 */
#include "rules/kql/bind.h"
#include "rules/kql/group.h"

#include "base/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct series {
    st_kx *on, **keys;
    size_t nkeys, nitems;
    st_kb_agg *items;
    st_kv *defaults;
    st_kv from, to, step; /* null: not given */
    st_kt axis;
    bool closed; /* `to` is part of it, and bins begin at multiples of step: the old form */
    bool done;
} series;

typedef struct axis {
    st_kv start;
    size_t n;
} axis;

/* How many whole steps v is above start; false: below, or not to be counted. */
static bool bin_of(const series *s, st_kv start, st_kv v, size_t *out)
{
    if (s->axis == ST_KT_REAL) {
        double d, from, step;
        if (!st_kv_number(v, &d) || !st_kv_number(start, &from) || !st_kv_number(s->step, &step))
            return false;
        double k = floor((d - from) / step);
        *out = k < (double)ST_MAX_KQL_SERIES ? (size_t)(k < 0 ? 0 : k) : ST_MAX_KQL_SERIES;
        return d >= from;
    }
    if (v.tag == ST_KV_NULL || v.u.i < start.u.i)
        return false;
    uint64_t k = ((uint64_t)v.u.i - (uint64_t)start.u.i) / (uint64_t)s->step.u.i;
    *out = k < ST_MAX_KQL_SERIES ? (size_t)k : ST_MAX_KQL_SERIES;
    return true;
}

static st_kv axis_at(const series *s, const axis *a, size_t k)
{
    st_kv v = a->start;
    if (s->axis == ST_KT_REAL) {
        double from = 0, step = 0;
        st_kv_number(a->start, &from);
        st_kv_number(s->step, &step);
        return st_kv_real(from + (double)k * step);
    }
    v.u.i = (int64_t)((uint64_t)v.u.i + (uint64_t)k * (uint64_t)s->step.u.i);
    return v;
}

/* A multiple of step, not above v; v, where no such number is left. */
static st_kv floor_to(const series *s, st_kv v)
{
    if (s->axis == ST_KT_REAL) {
        double d = 0, step = 1;
        st_kv_number(v, &d);
        st_kv_number(s->step, &step);
        return st_kv_real(floor(d / step) * step);
    }
    int64_t left = v.u.i % s->step.u.i;
    left += left < 0 ? s->step.u.i : 0;
    v.u.i = v.u.i < INT64_MIN + left ? v.u.i : v.u.i - left;
    return v;
}

static bool find_axis(st_krun *r, const series *s, const st_kv *on, size_t n, axis *a)
{
    st_kv low = st_kv_null(), high = st_kv_null();
    for (size_t k = 0; k < n; k++) {
        if (st_kv_last(on[k]))
            continue;
        if (low.tag == ST_KV_NULL || st_kv_cmp(&r->mem, on[k], low) < 0)
            low = on[k];
        if (high.tag == ST_KV_NULL || st_kv_cmp(&r->mem, on[k], high) > 0)
            high = on[k];
    }
    a->n = 0;
    if (low.tag == ST_KV_NULL)
        return true;
    a->start = s->from.tag == ST_KV_NULL ? floor_to(s, low)
               : s->closed               ? floor_to(s, s->from)
                                         : s->from;
    st_kv end = s->to.tag != ST_KV_NULL ? s->to : high;
    if (!bin_of(s, a->start, end, &a->n))
        return true;
    /* `to` is not part of it unless a bin begins before it */
    if (a->n < ST_MAX_KQL_SERIES && (s->to.tag == ST_KV_NULL || s->closed ||
                                     st_kv_cmp(&r->mem, axis_at(s, a, a->n), s->to) < 0))
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
    st_krows rows;
    st_kgroups keys, cells; /* a cell: a key's number and a bin */
    size_t *cell;           /* by row */
    axis axis;
} work;

static bool number_rows(st_krun *r, const series *s, work *w)
{
    const st_kv **v = ST_NEWN(&w->arena, const st_kv *, s->nkeys + 1);
    st_kv *key = ST_NEWN(&w->arena, st_kv, s->nkeys + 1);
    const st_kv *on = st_kb_row_values(r, &w->rows, s->on, &w->arena);
    w->cell = ST_NEWN(&w->arena, size_t, w->rows.rows + 1);
    if (!v || !key || !on || !w->cell)
        return st_krun_nomem(r);
    for (size_t i = 0; i < s->nkeys; i++)
        if (!(v[i] = st_kb_row_values(r, &w->rows, s->keys[i], &w->arena)))
            return false;
    if (!find_axis(r, s, on, w->rows.rows, &w->axis))
        return false;
    for (size_t k = 0; k < w->rows.rows; k++) {
        size_t bin = 0;
        w->cell[k] = SIZE_MAX;
        if (st_kv_last(on[k]) || !bin_of(s, w->axis.start, on[k], &bin) || bin >= w->axis.n)
            continue;
        for (size_t i = 0; i < s->nkeys; i++)
            key[i] = v[i][k];
        size_t g = st_kgroups_put(&r->mem, &w->keys, key);
        st_kv pair[2] = { st_kv_long((int64_t)g), st_kv_long((int64_t)bin) };
        if (g == SIZE_MAX || (w->cell[k] = st_kgroups_put(&r->mem, &w->cells, pair)) == SIZE_MAX)
            return st_krun_nomem(r);
    }
    size_t most = w->axis.n ? ST_MAX_KQL_POINTS / w->axis.n : 0;
    if (w->keys.n > most) {
        w->keys.n = most;
        r->limit = "make-series met its limit of points";
    }
    return true;
}

static bool put_item(st_krun *r, const series *s, const work *w, size_t item, st_kv *out)
{
    const st_kb_agg *g = &s->items[item];
    size_t step, n = w->keys.n;
    st_kbatch *b = st_kagg_run(r, &w->rows, w->cell, w->cells.n, g->calls, g->ncalls);
    const st_kv *v = b ? st_kx_run(r, g->x, b, &step) : NULL;
    st_karray **a = v ? ST_NEWN(&b->arena, st_karray *, n + 1) : NULL;
    for (size_t i = 0; a && i < n; i++) {
        a[i] = st_karray_new(&r->mem, w->axis.n);
        for (size_t k = 0; a[i] && k < w->axis.n; k++)
            a[i]->v[k] = s->defaults[item];
        out[i] = st_kv_array(a[i]);
    }
    for (size_t c = 0; a && c < w->cells.n; c++) {
        size_t key = (size_t)w->cells.keys[2 * c].u.i;
        st_karray *to = key < n ? a[key] : NULL;
        if (to)
            to->v[w->cells.keys[2 * c + 1].u.i] = v[c * step];
    }
    st_kbatch_free(b);
    return a ? st_krun_ok(r) : st_krun_nomem(r);
}

static st_kbatch *result(st_krun *r, const st_kop *op, const series *s, const work *w)
{
    size_t n = w->keys.n;
    st_kbatch *b = n ? st_kbatch_new(r, n, op->schema.n) : NULL;
    bool ok = b != NULL;
    st_karray *points = ok ? st_karray_new(&r->mem, w->axis.n) : NULL;
    for (size_t k = 0; points && k < w->axis.n; k++)
        points->v[k] = axis_at(s, &w->axis, k);
    for (size_t c = 0; ok && c < op->schema.n; c++) {
        st_kv *v = b->cols[c].v = ST_NEWN(&b->arena, st_kv, n);
        ok = v != NULL;
        for (size_t k = 0; ok && k < n; k++)
            v[k] = c < s->nkeys ? w->keys.keys[k * s->nkeys + c] : st_kv_array(points);
        if (ok && c >= s->nkeys && c < s->nkeys + s->nitems)
            ok = put_item(r, s, w, c - s->nkeys, v);
    }
    if (ok || !b)
        return b;
    st_kbatch_free(b);
    st_krun_nomem(r);
    return NULL;
}

static st_kbatch *series_next(st_krun *r, st_kop *op)
{
    series *s = op->spec;
    work w = { .arena.budget = &r->budget };
    st_kbatch *b = NULL;
    if (s->done)
        return NULL;
    s->done = true;
    st_kgroups_init(&w.keys, s->nkeys);
    st_kgroups_init(&w.cells, 2);
    if (st_krows_read(r, op->in, &w.rows) && w.rows.rows && number_rows(r, s, &w))
        b = result(r, op, s, &w);
    st_krows_free(&w.rows);
    st_kgroups_free(&w.keys);
    st_kgroups_free(&w.cells);
    st_arena_free(&w.arena);
    return b;
}

/* binding */

static bool bound(st_kbinder *b, const st_kql_expr *e, st_kt want, st_kv *out)
{
    st_kt t;
    *out = st_kv_null();
    if (!e)
        return true;
    if (!st_kb_constant(b, e, out, &t))
        return false;
    bool ok = st_kt_numeric(want) ? st_kt_numeric(t) && (want == ST_KT_REAL || t != ST_KT_REAL)
                                  : t == want;
    if (ok && want == ST_KT_REAL && out->tag == ST_KV_LONG)
        *out = st_kv_real((double)out->u.i);
    if (ok && out->tag != ST_KV_NULL)
        return true;
    st_kb_error(b, e->span, "KS107", "a %s is needed here, not %s", st_kt_name(want),
                st_kt_name(t));
    return false;
}

static bool bind_axis(st_kbinder *b, const st_kql_op *q, series *s, st_kcol *col)
{
    if (!st_kb_key(b, q->u.series.on, col, &s->on))
        return false;
    s->axis = col->type;
    bool times = s->axis == ST_KT_DATETIME || s->axis == ST_KT_TIMESPAN;
    if (!times && !st_kt_numeric(s->axis)) {
        st_kb_error(b, q->u.series.on->span, "KS107", "an axis of %s can't be divided into steps",
                    st_kt_name(s->axis));
        return false;
    }
    s->closed = q->u.series.closed;
    if (!q->u.series.step || !bound(b, q->u.series.from, s->axis, &s->from) ||
        !bound(b, q->u.series.to, s->axis, &s->to) ||
        !bound(b, q->u.series.step, times ? ST_KT_TIMESPAN : s->axis, &s->step))
        return false;
    double step = 0;
    if (!times && !st_kv_number(s->step, &step))
        step = 0;
    if (times ? s->step.u.i > 0 : step > 0)
        return true;
    st_kb_error(b, q->u.series.step->span, NULL, "a step must be above zero");
    return false;
}

static bool bind_item(st_kbinder *b, const st_kql_series_item *q, series *s, size_t i)
{
    st_kt t = ST_KT_LONG;
    st_kv v = st_kv_long(0);
    if (!st_kb_aggregate(b, q->expr, &s->items[i]) ||
        (q->value && !st_kb_constant(b, q->value, &v, &t)))
        return false;
    st_kt want = s->items[i].x->type;
    s->defaults[i] = q->value && t != want && st_kt_numeric(t) && st_kt_numeric(want)
                         ? st_kv_convert(&b->r->mem, want, t, v)
                         : v;
    return true;
}

st_kop *st_kb_op_make_series(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    size_t nkeys = q->u.series.by.n, n = q->u.series.n;
    st_kop *op = st_kop_new(b->r, series_next, in, sizeof(series));
    series *s = op ? op->spec : NULL;
    if (!s || !q->u.series.on || !(s->keys = ST_NEWN(&b->r->arena, st_kx *, nkeys + 1)) ||
        !(s->items = ST_NEWN(&b->r->arena, st_kb_agg, n + 1)) ||
        !(s->defaults = ST_NEWN(&b->r->arena, st_kv, n + 1)) ||
        !(op->schema.v = ST_NEWN(&b->r->arena, st_kcol, nkeys + n + 1)))
        return NULL;
    s->nkeys = nkeys;
    s->nitems = n;
    for (size_t i = 0; i < nkeys; i++)
        if (!st_kb_key(b, q->u.series.by.items[i], &op->schema.v[i], &s->keys[i]))
            return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!bind_item(b, &q->u.series.items[i], s, i))
            return NULL;
        op->schema.v[nkeys + i] =
            (st_kcol){ s->items[i].own.n ? s->items[i].own : ST_STR("Column1"), ST_KT_DYNAMIC };
    }
    if (!bind_axis(b, q, s, &op->schema.v[nkeys + n]))
        return NULL;
    op->schema.v[nkeys + n].type = ST_KT_DYNAMIC;
    op->schema.n = nkeys + n + 1;
    op->lineage = false;
    return b->failed ? NULL : op;
}
