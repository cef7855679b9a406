/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* distinct.c - each combination of values once, where it is first seen. */
#include "rules/engine/value/group.h"
#include "rules/engine/operators/ops.h"

static void groups_free(void *p)
{
    st_grouping_free(p);
}

static bool first_seen(st_run *r, st_grouping *g, st_batch *b, bool *keep)
{
    const st_val **v = ST_NEWN(&b->arena, const st_val *, b->ncols);
    st_val *key = ST_NEWN(&b->arena, st_val, b->ncols);
    for (size_t c = 0; v && c < b->ncols; c++)
        if (!(v[c] = st_batch_col(r, b, c)))
            return false;
    for (size_t k = 0; v && key && k < b->n; k++) {
        for (size_t c = 0; c < b->ncols; c++)
            key[c] = v[c][k];
        size_t before = g->n, at = st_grouping_put(&r->mem, g, key);
        if (at == SIZE_MAX)
            return st_run_nomem(r);
        keep[k] = at == before;
    }
    return v && key ? true : st_run_nomem(r);
}

/* A row is a value from now on, not the process that had it first. */
static bool keep_first(st_run *r, st_op *op, st_batch *b)
{
    bool *keep = ST_ROOMN(&b->arena, bool, b->n);
    if (!keep || !first_seen(r, op->spec, b, keep))
        return false;
    st_batch_filter(b, keep);
    for (size_t k = 0; k < b->n; k++)
        b->node[k] = ST_NO_NODE;
    return true;
}

static st_batch *distinct_next(st_run *r, st_op *op)
{
    return st_op_narrowed(r, op, keep_first);
}

st_op *st_op_distinct(st_run *r, st_op *in)
{
    st_op *op = st_op_new(r, distinct_next, in, sizeof(st_grouping));
    if (!op || !st_run_own(r, op->spec, groups_free))
        return NULL;
    st_grouping_init(op->spec, in->schema.n);
    op->lineage = false;
    op->hollow = true;
    return op;
}
