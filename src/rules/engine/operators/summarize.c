/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* summarize.c - groups of rows, and what the aggregates make of each. */
#include "rules/engine/value/group.h"
#include "rules/engine/operators/ops.h"

#include <stdlib.h>
#include <string.h>

typedef struct summarize {
    st_expr **keys;
    st_agg_call *calls;
    size_t nkeys, ncalls, node_call;
    st_grouping groups;
    st_accum *accum; /* [group][call] */
    size_t cap, used, next;
    bool done;
} summarize;

static void summarize_free(void *p)
{
    summarize *s = p;
    for (size_t i = 0; i < s->used; i++)
        st_accum_free(&s->accum[i]);
    free(s->accum);
    st_grouping_free(&s->groups);
}

static bool open_groups(st_run *r, summarize *s)
{
    size_t need = s->groups.n * s->ncalls;
    if (need > s->used) {
        if (!st_mem_grow(&r->mem, &s->accum, &s->cap, need, sizeof *s->accum))
            return st_run_nomem(r);
        memset(s->accum + s->used, 0, (need - s->used) * sizeof *s->accum);
        s->used = need;
    }
    return true;
}

/* The vectors of n expressions, and their steps. */
static bool vectors(st_run *r, st_batch *b, st_expr *const *x, size_t n, const st_val **v,
                    size_t *step)
{
    for (size_t i = 0; i < n; i++)
        if (!(v[i] = st_expr_run(r, x[i], b, &step[i])))
            return false;
    return true;
}

static bool add_call(st_run *r, summarize *s, st_batch *b, const size_t *group, size_t c)
{
    const st_agg_call *call = &s->calls[c];
    const st_val **v = ST_NEWN(&b->arena, const st_val *, call->nargs);
    size_t *step = ST_NEWN(&b->arena, size_t, call->nargs);
    st_val *a = ST_NEWN(&b->arena, st_val, call->nargs);
    if (!v || !step || !a || !vectors(r, b, call->args, call->nargs, v, step))
        return st_run_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        if (k % ST_LOOK_ROWS == 0 && !st_run_going(r))
            return false;
        for (size_t i = 0; i < call->nargs; i++)
            a[i] = v[i][k * step[i]];
        st_accum *acc = &s->accum[group[k] * s->ncalls + c];
        call->agg->step(r, acc, call, a);
        if (acc->took)
            acc->node = b->node[k];
        acc->took = false;
    }
    return true;
}

static bool add_batch(st_run *r, summarize *s, st_batch *b)
{
    const st_val **v = ST_NEWN(&b->arena, const st_val *, s->nkeys);
    size_t *step = ST_NEWN(&b->arena, size_t, s->nkeys), *group = ST_NEWN(&b->arena, size_t, b->n);
    st_val *key = ST_NEWN(&b->arena, st_val, s->nkeys);
    if (!v || !step || !group || !key || !vectors(r, b, s->keys, s->nkeys, v, step))
        return st_run_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        for (size_t i = 0; i < s->nkeys; i++)
            key[i] = v[i][k * step[i]];
        group[k] = st_grouping_put(&r->mem, &s->groups, key);
        if (group[k] == SIZE_MAX)
            return st_run_nomem(r);
    }
    if (!open_groups(r, s))
        return false;
    for (size_t c = 0; c < s->ncalls; c++)
        if (!add_call(r, s, b, group, c))
            return false;
    return true;
}

static bool read_all(st_run *r, st_op *op)
{
    summarize *s = op->spec;
    st_batch *b;
    s->done = true;
    while ((b = st_op_next(r, op->in)) != NULL) {
        bool ok = add_batch(r, s, b);
        st_batch_free(b);
        if (!ok)
            return false;
    }
    st_val none = st_val_null();
    if (!s->nkeys && !s->groups.n && st_grouping_put(&r->mem, &s->groups, &none) == SIZE_MAX)
        return st_run_nomem(r);
    return open_groups(r, s) && st_run_ok(r);
}

static st_batch *summarize_next(st_run *r, st_op *op)
{
    summarize *s = op->spec;
    if (!s->done && !read_all(r, op))
        return NULL;
    size_t n = s->groups.n - s->next;
    n = n < ST_BATCH_ROWS ? n : ST_BATCH_ROWS;
    st_batch *b = n ? st_batch_new(r, n, op->schema.n) : NULL;
    for (size_t k = 0; b && s->node_call < s->ncalls && k < n; k++) {
        const st_accum *acc = &s->accum[(s->next + k) * s->ncalls + s->node_call];
        b->node[k] = acc->n ? acc->node : ST_NO_NODE;
    }
    for (size_t c = 0; b && c < op->schema.n; c++) {
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++) {
            if (k % ST_LOOK_ROWS == 0 && !st_run_going(r))
                v = NULL;
            if (!v)
                break;
            size_t g = s->next + k;
            v[k] = c < s->nkeys
                       ? s->groups.keys[g * s->nkeys + c]
                       : s->calls[c - s->nkeys].agg->end(r, &s->accum[g * s->ncalls + c - s->nkeys],
                                                         &s->calls[c - s->nkeys]);
        }
        if (!v) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
    }
    s->next += n;
    return b;
}

static void summarize_reads(st_run *r, st_op *op, st_wanted *w)
{
    const summarize *s = op->spec;
    (void)st_wanted_of(r, op->in, w); /* count() reads rows, and none of their columns */
    for (size_t i = 0; i < s->nkeys; i++)
        st_wanted_expr(r, op->in, s->keys[i], w);
    for (size_t c = 0; c < s->ncalls; c++)
        for (size_t i = 0; i < s->calls[c].nargs; i++)
            st_wanted_expr(r, op->in, s->calls[c].args[i], w);
}

st_op *st_op_summarize(st_run *r, st_op *in, st_expr **keys, size_t nkeys, st_agg_call *calls,
                       size_t ncalls, size_t node_call, const st_col *cols)
{
    st_op *op = st_op_new(r, summarize_next, in, sizeof(summarize));
    summarize *s = op ? op->spec : NULL;
    if (!s || !st_run_own(r, s, summarize_free) || !st_op_columns(r, op, cols, nkeys + ncalls))
        return NULL;
    s->keys = keys;
    s->nkeys = nkeys;
    s->calls = calls;
    s->ncalls = ncalls;
    s->node_call = node_call;
    op->reads = summarize_reads;
    st_grouping_init(&s->groups, nkeys);
    op->lineage = in->lineage && node_call != SIZE_MAX;
    return op;
}
