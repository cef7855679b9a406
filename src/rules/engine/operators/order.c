/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.c - order and top: rows by keys, equal ones in the order they came.
 *
 * Keys are computed batch by batch as it arrives; then places are sorted and rows gathered.
 */
#include "rules/engine/operators/ops.h"

#include <stdlib.h>
#include <string.h>

typedef struct order {
    st_sort_key *keys;
    size_t n, most;
    bool sorted;
    st_rows rows;
    const st_val ***key; /* [batch][key] */
    st_at *at;
    size_t count, next;
} order;

typedef struct sorter {
    const order *o;
    const st_mem *mem;
} sorter;

static void order_free(void *p)
{
    order *o = p;
    st_rows_free(&o->rows);
    free(o->at);
}

static int compare_key(const st_mem *m, const st_sort_key *k, st_val a, st_val b)
{
    bool an = st_val_last(a), bn = st_val_last(b);
    if (an || bn)
        return an == bn ? 0 : (an == k->nulls_first ? -1 : 1);
    int c = st_val_cmp(m, a, b);
    return k->desc ? -c : c;
}

static int compare_rows(const void *pa, const void *pb, void *ctx)
{
    const sorter *s = ctx;
    const st_at *a = pa, *b = pb;
    for (size_t i = 0; i < s->o->n; i++) {
        int c = compare_key(s->mem, &s->o->keys[i], s->o->key[a->batch][i][a->row],
                            s->o->key[b->batch][i][b->row]);
        if (c)
            return c;
    }
    if (a->batch != b->batch)
        return a->batch < b->batch ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static bool compute_keys(st_run *r, order *o)
{
    o->key = ST_NEWN(&r->arena, const st_val **, o->rows.n);
    for (size_t i = 0; o->key && i < o->rows.n; i++) {
        st_batch *b = o->rows.batch[i];
        o->key[i] = ST_NEWN(&b->arena, const st_val *, o->n);
        for (size_t k = 0; o->key[i] && k < o->n; k++) {
            size_t step;
            const st_val *v = st_expr_run(r, o->keys[k].x, b, &step);
            st_val *copy = v ? ST_NEWN(&b->arena, st_val, b->n) : NULL;
            for (size_t row = 0; copy && row < b->n; row++)
                copy[row] = v[row * step];
            o->key[i][k] = copy;
            if (!copy)
                return st_run_nomem(r);
        }
        if (!o->key[i])
            return st_run_nomem(r);
    }
    return o->key != NULL;
}

static bool order_sort(st_run *r, st_op *op)
{
    order *o = op->spec;
    o->sorted = true;
    if (!st_rows_read(r, op->in, &o->rows) || !compute_keys(r, o))
        return false;
    o->at = st_mem_zeroed(&r->mem, o->rows.rows + 1, sizeof *o->at);
    if (!o->at)
        return st_run_nomem(r);
    for (size_t i = 0; i < o->rows.n; i++)
        for (size_t k = 0; k < o->rows.batch[i]->n; k++)
            o->at[o->count++] = (st_at){ (uint32_t)i, (uint32_t)k };
    sorter s = { o, &r->mem };
    qsort_r(o->at, o->count, sizeof *o->at, compare_rows, &s);
    if (o->count > o->most)
        o->count = o->most;
    return true;
}

static st_batch *order_next(st_run *r, st_op *op)
{
    order *o = op->spec;
    if (!o->sorted && !order_sort(r, op))
        return NULL;
    size_t n = o->count - o->next;
    n = n < ST_BATCH_ROWS ? n : ST_BATCH_ROWS;
    if (!n)
        return NULL;
    st_batch *b = st_rows_gather(r, &o->rows, &op->schema, st_op_wanted(op), o->at + o->next, n);
    o->next += n;
    return b;
}

static void order_reads(st_run *r, st_op *op, st_wanted *w)
{
    const order *o = op->spec;
    st_reads_same(r, op, w);
    for (size_t i = 0; i < o->n; i++)
        st_wanted_expr(r, op->in, o->keys[i].x, w);
}

st_op *st_op_order(st_run *r, st_op *in, const st_sort_key *keys, size_t n, size_t most)
{
    st_op *op = st_op_new(r, order_next, in, sizeof(order));
    order *o = op ? op->spec : NULL;
    if (!o || !(o->keys = ST_NEWN(&r->arena, st_sort_key, n)) || !st_run_own(r, o, order_free))
        return NULL;
    memcpy(o->keys, keys, n * sizeof *keys);
    o->n = n;
    o->most = most;
    op->reads = order_reads;
    op->hollow = true;
    return op;
}
