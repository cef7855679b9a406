/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole.c - an operator that gives all its rows in one batch, for functions over neighbouring
 * rows.
 */
#include "rules/engine/operators/ops.h"

static st_batch *gather_all(st_run *r, const st_op *op, st_rows *rows)
{
    st_arena a = { .budget = &r->budget };
    st_at *at = ST_NEWN(&a, st_at, rows->rows);
    size_t n = 0;
    for (size_t i = 0; at && i < rows->n; i++)
        for (size_t k = 0; k < rows->batch[i]->n; k++)
            at[n++] = (st_at){ (uint32_t)i, (uint32_t)k };
    st_batch *b = at ? st_rows_gather(r, rows, &op->schema, NULL, at, n) : NULL;
    if (!at)
        st_run_nomem(r);
    st_arena_free(&a);
    return b;
}

static st_batch *whole_next(st_run *r, st_op *op)
{
    st_rows rows = { 0 };
    st_batch *b = NULL;
    if (st_rows_read(r, op->in, &rows) && rows.rows)
        b = gather_all(r, op, &rows);
    st_rows_free(&rows);
    return b;
}

static void whole_reads(st_run *r, st_op *op, st_wanted *w)
{
    st_op *inner = op->in;
    inner->used = op->used;
    if (inner->reads)
        inner->reads(r, inner, w);
    else if (inner->in)
        st_wanted_rows(r, inner->in, w);
}

bool st_op_make_whole(st_run *r, st_op *op)
{
    st_op *inner = ST_NEW(&r->arena, st_op);
    if (!inner)
        return st_run_nomem(r);
    *inner = *op;
    st_op_scan_moved(r, op, inner);
    op->next = whole_next;
    op->in = inner;
    op->reads = whole_reads;
    op->spec = NULL;
    op->condition = false;
    op->spec_size = 0;
    return true;
}
