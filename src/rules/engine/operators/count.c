/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* count.c - how many rows there are, as one row. */
#include "rules/engine/operators/ops.h"

typedef struct count {
    bool done;
} count;

static st_batch *count_next(st_run *r, st_op *op)
{
    count *s = op->spec;
    int64_t n = 0;
    if (s->done)
        return NULL;
    s->done = true;
    st_batch *b;
    while ((b = st_op_next(r, op->in)) != NULL) {
        n += (int64_t)b->n;
        st_batch_free(b);
    }
    b = st_run_ok(r) ? st_batch_new(r, 1, 1) : NULL;
    if (b && (b->cols[0].v = ST_NEW(&b->arena, st_val)) != NULL)
        b->cols[0].v[0] = st_val_long(n);
    return b;
}

/* Rows, and none of their columns. */
static void count_reads(st_run *r, st_op *op, st_wanted *w)
{
    (void)st_wanted_of(r, op->in, w);
}

st_op *st_op_count(st_run *r, st_op *in, st_str name)
{
    st_op *op = st_op_new(r, count_next, in, sizeof(count));
    st_col *c = op ? ST_NEW(&r->arena, st_col) : NULL;
    if (!c)
        return NULL;
    *c = (st_col){ name, ST_TYPE_LONG };
    op->schema = (st_schema){ .v = c, .n = 1 };
    op->lineage = false;
    op->reads = count_reads;
    return op;
}
