/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.c - mv-apply: a subquery over the elements of each row, its result beside the row.
 *
 * The subquery is bound once, over a feed that hands it one row's elements at a time. Behind
 * each row every one of its operators is put back to what it was when bound: what it holds is
 * freed by the function that the run would free it by, then its spec is copied back. So only
 * operators that stand in one chain may stand there; the binder sees to that.
 */
#include "rules/engine/operators/ops.h"

#include <stdlib.h>
#include <string.h>

/* the feed */

typedef struct feed {
    st_batch *b;
} feed;

static st_batch *feed_next(st_run *r, st_op *op)
{
    feed *f = op->spec;
    st_batch *b = f->b;
    (void)r;
    f->b = NULL;
    return b;
}

static void feed_free(void *p)
{
    feed *f = p;
    st_batch_free(f->b);
    f->b = NULL;
}

st_op *st_op_feed(st_run *r, const st_col *cols, size_t ncols, bool lineage)
{
    st_op *op = st_op_new(r, feed_next, NULL, sizeof(feed));
    if (!op || !st_run_own(r, op->spec, feed_free) || !st_op_columns(r, op, cols, ncols))
        return NULL;
    op->lineage = lineage;
    return op;
}

/* operators put back */

typedef struct fresh {
    st_op *op;
    void *spec;
    void (*release)(void *);
} fresh;

typedef struct apply {
    st_expand *items; /* columns of the feed */
    size_t n, limit, index_col;
    st_op *feed, *body;
    fresh *ops;
    size_t nops;
    st_applied *out;
} apply;

static void (*releaser(const st_run *r, const void *spec))(void *)
{
    for (size_t i = 0; i < r->nowned; i++)
        if (r->owned[i] == spec)
            return r->owned_free[i];
    return NULL;
}

static bool remember(st_run *r, apply *a)
{
    for (st_op *op = a->body; op; op = op->in)
        a->nops++;
    a->ops = ST_NEWN(&r->arena, fresh, a->nops);
    size_t i = 0;
    for (st_op *op = a->body; a->ops && op; op = op->in, i++) {
        void *copy = st_arena_alloc(&r->arena, op->spec_size, 1);
        if (!copy)
            return false;
        if (op->spec_size)
            memcpy(copy, op->spec, op->spec_size);
        a->ops[i] = (fresh){ op, copy, releaser(r, op->spec) };
    }
    return a->ops != NULL;
}

static void put_back(apply *a)
{
    for (size_t i = 0; i < a->nops; i++) {
        fresh *f = &a->ops[i];
        if (f->release)
            f->release(f->op->spec);
        if (f->op->spec_size)
            memcpy(f->op->spec, f->spec, f->op->spec_size);
    }
}

/* one row */

/* How many rows the subquery is given. */
static size_t rows_of(const apply *a, size_t k, const st_val *const *v, const size_t *step)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t e = st_expand_elements(v[i][k * step[i]]);
        n = e > n ? e : n;
    }
    return n < a->limit ? n : a->limit;
}

static bool item_column(st_run *r, st_batch *b, const st_expand *it, st_val v)
{
    st_val *out = b->cols[it->col].v = ST_NEWN(&b->arena, st_val, b->n);
    b->cols[it->col].source = NULL;
    for (size_t k = 0; out && k < b->n; k++)
        out[k] = st_expand_element(r, it, v, k);
    return out != NULL;
}

/* Row k of the input n times, once for each element. NULL: the run has failed. */
static st_batch *row_batch(st_run *r, apply *a, st_batch *in, size_t k, size_t n,
                           const st_val *const *v, const size_t *step)
{
    st_batch *b = st_batch_new(r, n, a->feed->schema.n);
    bool ok = b != NULL;
    for (size_t j = 0; ok && j < n; j++)
        b->node[j] = in->node[k];
    for (size_t c = 0; ok && c < in->ncols; c++) {
        if (!in->cols[c].v && !in->cols[c].lent && !in->cols[c].node) {
            b->cols[c].source = in->cols[c].source;
            continue;
        }
        const st_val *from = st_batch_col(r, in, c);
        st_val *cells = b->cols[c].v = from ? ST_NEWN(&b->arena, st_val, n) : NULL;
        for (size_t j = 0; cells && j < n; j++)
            cells[j] = from[k];
        ok = cells != NULL;
    }
    for (size_t i = 0; ok && i < a->n; i++)
        ok = item_column(r, b, &a->items[i], v[i][k * step[i]]);
    if (ok && a->index_col != SIZE_MAX) {
        st_val *cells = b->cols[a->index_col].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t j = 0; cells && j < n; j++)
            cells[j] = st_val_long((int64_t)j);
        ok = cells != NULL;
    }
    if (!ok) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    return b;
}

/* rows and results together */

typedef struct results {
    st_rows rows;
    size_t *owner; /* by batch: the input's row */
    size_t cap;
} results;

static bool run_row(st_run *r, apply *a, st_batch *in, size_t k, const st_val *const *v,
                    const size_t *step, results *out)
{
    size_t was = out->rows.n, held = r->mem.held, n = rows_of(a, k, v, step);
    if (!n) /* nothing to run the subquery over: not even a row of a summarize comes of it */
        return true;
    ((feed *)a->feed->spec)->b = row_batch(r, a, in, k, n, v, step);
    if (!st_run_ok(r) || !st_rows_read(r, a->body, &out->rows))
        return false;
    put_back(a);
    st_mem_release(&r->mem, held);
    if (!st_mem_grow(&r->mem, &out->owner, &out->cap, out->rows.n, sizeof *out->owner))
        return st_run_nomem(r);
    for (size_t i = was; i < out->rows.n; i++)
        out->owner[i] = k;
    return true;
}

static bool fill(st_run *r, const st_op *op, const apply *a, st_batch *in, results *res,
                 st_batch *b)
{
    for (size_t c = 0; c < op->schema.n; c++) {
        size_t from = a->out[c].col, at = 0;
        st_val *cells = b->cols[c].v = ST_NEWN(&b->arena, st_val, b->n);
        const st_val *outer = a->out[c].body ? NULL : st_batch_col(r, in, from);
        if (!cells || (!outer && !a->out[c].body))
            return false;
        for (size_t i = 0; i < res->rows.n; i++) {
            const st_val *v = outer ? NULL : st_batch_col(r, res->rows.batch[i], from);
            if (!outer && !v)
                return false;
            for (size_t k = 0; k < res->rows.batch[i]->n; k++)
                cells[at++] = outer ? outer[res->owner[i]] : v[k];
        }
    }
    size_t at = 0;
    for (size_t i = 0; i < res->rows.n; i++)
        for (size_t k = 0; k < res->rows.batch[i]->n; k++)
            b->node[at++] = in->node[res->owner[i]];
    return true;
}

static st_batch *apply_batch(st_run *r, st_op *op, st_batch *in)
{
    apply *a = op->spec;
    results res = { 0 };
    st_batch *b = NULL;
    const st_val **v = ST_NEWN(&in->arena, const st_val *, a->n);
    size_t *step = ST_NEWN(&in->arena, size_t, a->n);
    bool ok = v && step;
    for (size_t i = 0; ok && i < a->n; i++)
        ok = (v[i] = st_expr_run(r, a->items[i].x, in, &step[i])) != NULL;
    for (size_t k = 0; ok && k < in->n; k++)
        ok = run_row(r, a, in, k, v, step, &res);
    if (ok && res.rows.rows)
        b = st_batch_new(r, res.rows.rows, op->schema.n);
    if (b && !fill(r, op, a, in, &res, b))
        ok = false;
    if (!ok) {
        st_batch_free(b);
        st_run_nomem(r);
        b = NULL;
    }
    st_rows_free(&res.rows);
    free(res.owner);
    return b;
}

static st_batch *apply_next(st_run *r, st_op *op)
{
    st_batch *in, *out = NULL;
    while (!out && st_run_ok(r) && (in = st_op_next(r, op->in)) != NULL) {
        out = apply_batch(r, op, in);
        st_batch_free(in);
    }
    return out;
}

st_op *st_op_apply(st_run *r, st_op *in, const st_expand *items, size_t n, size_t limit,
                   size_t index_col, st_op *body, const st_col *cols, const st_applied *out,
                   size_t ncols)
{
    st_op *op = st_op_new(r, apply_next, in, sizeof(apply));
    apply *a = op ? op->spec : NULL;
    if (!a || !(a->items = ST_NEWN(&r->arena, st_expand, n)) ||
        !(a->out = ST_NEWN(&r->arena, st_applied, ncols)) || !st_op_columns(r, op, cols, ncols))
        return NULL;
    memcpy(a->items, items, n * sizeof *items);
    if (ncols)
        memcpy(a->out, out, ncols * sizeof *out);
    a->n = n;
    a->limit = limit;
    a->index_col = index_col;
    a->body = body;
    for (a->feed = body; a->feed->in; a->feed = a->feed->in)
        ;
    return remember(r, a) ? op : NULL;
}
