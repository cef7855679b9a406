/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summarize.c - groups of rows, and what the aggregates make of each.
 *
 * Columns of one best row (arg_max(x, *)) are calls with the same first argument: the first of them
 * compares, and the others take their value when it does, without an accumulator of their own.
 */
#include "rules/engine/value/group.h"
#include "rules/engine/operators/ops.h"

#include <stdlib.h>
#include <string.h>

/* Where a call's results are. */
typedef struct place {
    size_t leader; /* the call that compares for it; SIZE_MAX: none */
    size_t at;     /* of a group's accumulators, or of its taken values */
} place;

typedef struct summarize {
    st_expr **keys;
    st_agg_call *calls;
    place *places; /* by call */
    size_t nkeys, ncalls, node_call;
    st_grouping groups;
    st_accum *accum; /* [group][naccum] */
    size_t naccum, cap, used;
    st_val *taken; /* [group][ntaken] */
    size_t ntaken, taken_cap, taken_used;
    bool *idle;  /* by call: nobody asks for what it gives */
    bool **took; /* by call that others follow: the rows of the batch at hand that it took */
    size_t next;
    bool done;
} summarize;

static void summarize_free(void *p)
{
    summarize *s = p;
    for (size_t i = 0; i < s->used; i++)
        st_accum_free(&s->accum[i]);
    free(s->accum);
    free(s->taken);
    st_grouping_free(&s->groups);
}

static bool open_groups(st_run *r, summarize *s)
{
    size_t need = s->groups.n * s->naccum, values = s->groups.n * s->ntaken;
    if (need > s->used) {
        if (!st_mem_grow(&r->mem, &s->accum, &s->cap, need, sizeof *s->accum))
            return st_run_nomem(r);
        memset(s->accum + s->used, 0, (need - s->used) * sizeof *s->accum);
        s->used = need;
    }
    if (values > s->taken_used &&
        !st_mem_grow(&r->mem, &s->taken, &s->taken_cap, values, sizeof *s->taken))
        return st_run_nomem(r);
    for (; s->taken_used < values; s->taken_used++)
        s->taken[s->taken_used] = st_val_null();
    return true;
}

static st_accum *accum_of(const summarize *s, size_t group, size_t call)
{
    return &s->accum[group * s->naccum + s->places[call].at];
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

/* A call whose leader has compared this batch's rows. */
static bool follow(st_run *r, summarize *s, st_batch *b, const size_t *group, size_t c)
{
    size_t step;
    const st_val *v = st_expr_run(r, s->calls[c].args[1], b, &step);
    const bool *took = s->took[s->places[c].leader];
    for (size_t k = 0; v && k < b->n; k++)
        if (took[k])
            s->taken[group[k] * s->ntaken + s->places[c].at] = v[k * step];
    return v != NULL;
}

static bool add_call(st_run *r, summarize *s, st_batch *b, const size_t *group, size_t c)
{
    const st_agg_call *call = &s->calls[c];
    const st_val **v = ST_NEWN(&b->arena, const st_val *, call->nargs);
    size_t *step = ST_NEWN(&b->arena, size_t, call->nargs);
    st_val *a = ST_NEWN(&b->arena, st_val, call->nargs);
    bool *took = s->took[c] = ST_ROOMN(&b->arena, bool, b->n);
    if (!v || !step || !a || !took || !vectors(r, b, call->args, call->nargs, v, step))
        return st_run_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        if (k % ST_LOOK_ROWS == 0 && !st_run_going(r))
            return false;
        for (size_t i = 0; i < call->nargs; i++)
            a[i] = v[i][k * step[i]];
        st_accum *acc = accum_of(s, group[k], c);
        call->agg->step(r, acc, call, a);
        if (acc->took)
            acc->node = b->node[k];
        took[k] = acc->took;
        acc->took = false;
    }
    return true;
}

static bool add_batch(st_run *r, summarize *s, st_batch *b)
{
    const st_val **v = ST_NEWN(&b->arena, const st_val *, s->nkeys);
    size_t *step = ST_NEWN(&b->arena, size_t, s->nkeys), *group = ST_ROOMN(&b->arena, size_t, b->n);
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
        if (!s->idle[c] &&
            !(s->places[c].leader == SIZE_MAX ? add_call : follow)(r, s, b, group, c))
            return false;
    return true;
}

/* The call before c that takes the same rows; SIZE_MAX: there is none. */
static size_t leader_of(const summarize *s, size_t c)
{
    const st_agg_call *call = &s->calls[c];
    for (size_t i = 0; i < c && st_agg_carries(call->agg) && call->nargs == 2; i++)
        if (s->places[i].leader == SIZE_MAX && s->calls[i].agg == call->agg &&
            s->calls[i].nargs == 2 && s->calls[i].args[0] == call->args[0])
            return i;
    return SIZE_MAX;
}

static void find_leaders(summarize *s)
{
    for (size_t c = 0; c < s->ncalls; c++)
        s->places[c].leader = leader_of(s, c);
}

/* A call that nobody asks for. Who compares for others is asked all the same, and who tells the
 * nodes. */
static bool is_idle(const summarize *s, const st_op *op, size_t c)
{
    return !op->used[s->nkeys + c] && s->places[c].leader != SIZE_MAX && c != s->node_call;
}

/* Room in each group for the calls that somebody asks for. */
static void find_places(summarize *s, const st_op *op)
{
    for (size_t c = 0; c < s->ncalls; c++) {
        s->idle[c] = op->lean && is_idle(s, op, c);
        if (!s->idle[c])
            s->places[c].at = s->places[c].leader == SIZE_MAX ? s->naccum++ : s->ntaken++;
    }
}

static bool read_all(st_run *r, st_op *op)
{
    summarize *s = op->spec;
    st_batch *b;
    s->done = true;
    find_places(s, op);
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

static st_val result(st_run *r, const summarize *s, size_t group, size_t c)
{
    const st_agg_call *call = &s->calls[c];
    size_t leader = s->places[c].leader;
    if (leader == SIZE_MAX)
        return call->agg->end(r, accum_of(s, group, c), call);
    return accum_of(s, group, leader)->n ? s->taken[group * s->ntaken + s->places[c].at]
                                         : st_val_missing(call->type);
}

/* Column c of the next n groups. */
static st_val *results(st_run *r, const summarize *s, st_batch *b, size_t c)
{
    st_val *v = ST_ROOMN(&b->arena, st_val, b->n);
    for (size_t k = 0; v && k < b->n; k++) {
        if (k % ST_LOOK_ROWS == 0 && !st_run_going(r))
            return NULL;
        size_t g = s->next + k;
        v[k] = c < s->nkeys ? s->groups.keys[g * s->nkeys + c] : result(r, s, g, c - s->nkeys);
    }
    return v;
}

static void put_nodes(const summarize *s, st_batch *b)
{
    if (s->node_call >= s->ncalls)
        return;
    size_t leader = s->places[s->node_call].leader,
           call = leader == SIZE_MAX ? s->node_call : leader;
    for (size_t k = 0; k < b->n; k++) {
        const st_accum *acc = accum_of(s, s->next + k, call);
        b->node[k] = acc->n ? acc->node : ST_NO_NODE;
    }
}

static st_batch *summarize_next(st_run *r, st_op *op)
{
    summarize *s = op->spec;
    if (!s->done && !read_all(r, op))
        return NULL;
    size_t n = s->groups.n - s->next;
    n = n < ST_BATCH_ROWS ? n : ST_BATCH_ROWS;
    st_batch *b = n ? st_batch_new(r, n, op->schema.n) : NULL;
    if (!b)
        return NULL;
    put_nodes(s, b);
    for (size_t c = 0; c < op->schema.n; c++)
        if (!st_op_unused(op, c) && !(b->cols[c].v = results(r, s, b, c))) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
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
        for (size_t i = 0; i < s->calls[c].nargs && !(w->lean && is_idle(s, op, c)); i++)
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
    s->places = ST_NEWN(&r->arena, place, ncalls + 1);
    s->took = ST_NEWN(&r->arena, bool *, ncalls + 1);
    s->idle = ST_NEWN(&r->arena, bool, ncalls + 1);
    if (!s->places || !s->took || !s->idle)
        return NULL;
    find_leaders(s);
    op->reads = summarize_reads;
    op->hollow = nkeys > 0;
    st_grouping_init(&s->groups, nkeys);
    op->lineage = in->lineage && node_call != SIZE_MAX;
    return op;
}
