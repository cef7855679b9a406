/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* take.c - the first rows, and no more work for the operators before. */
#include "rules/engine/operators/ops.h"

static st_batch *take_next(st_run *r, st_op *op)
{
    size_t *left = op->spec;
    st_batch *b = *left ? st_op_next(r, op->in) : NULL;
    if (!b)
        return NULL;
    if (b->n > *left)
        b->n = *left;
    *left -= b->n;
    return b;
}

st_op *st_op_take(st_run *r, st_op *in, size_t most)
{
    st_op *op = st_op_new(r, take_next, in, sizeof(size_t));
    if (op) {
        *(size_t *)op->spec = most;
        op->reads = st_reads_same;
    }
    return op;
}
