/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* op.c - what all operators have in common: being made, being asked, their columns. */
#include "rules/engine/operators/ops.h"

#include <string.h>
#include <time.h>

/* Of the processor's clock that never goes back. */
static int64_t now_ns(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

st_batch *st_op_next(st_run *r, st_op *op)
{
    if (!st_run_going(r))
        return NULL;
    int64_t began = r->measure ? now_ns() : 0;
    st_batch *b = op->next(r, op);
    if (r->measure)
        op->ns += now_ns() - began;
    if (!b)
        return NULL;
    op->rows += b->n;
    if (op->evidence)
        r->read += b->n;
    if (st_run_rows(r, op->rows))
        return b;
    st_batch_free(b);
    return NULL;
}

bool st_rows_read(st_run *r, st_op *op, st_rows *out)
{
    st_batch *b;
    while ((b = st_op_next(r, op)) != NULL) {
        if (!st_mem_grow(&r->mem, &out->batch, &out->cap, out->n + 1, sizeof(st_batch *))) {
            st_batch_free(b);
            return st_run_nomem(r);
        }
        out->rows += b->n;
        out->batch[out->n++] = st_batch_settle(r, b);
    }
    return st_run_ok(r);
}

st_op *st_op_new(st_run *r, st_next_fn *next, st_op *in, size_t spec_size)
{
    if (!st_run_going(r)) /* binding takes of the same time and memory */
        return NULL;
    st_op *op = ST_NEW(&r->arena, st_op);
    void *spec = st_arena_alloc(&r->arena, spec_size, 1);
    if (!op || !spec) {
        st_run_nomem(r);
        return NULL;
    }
    op->next = next;
    op->in = in;
    op->spec = spec;
    op->spec_size = spec_size;
    op->older = r->ops;
    r->ops = op;
    if (in) {
        op->schema = in->schema;
        op->lineage = in->lineage;
    }
    return op;
}

size_t st_schema_put(st_run *r, st_schema *s, st_str name, st_type type)
{
    size_t at = 0;
    while (at < s->n && !st_str_eq(s->v[at].name, name))
        at++;
    st_col *v = ST_NEWN(&r->arena, st_col, s->n + 1);
    if (!v) {
        st_run_nomem(r);
        return SIZE_MAX;
    }
    if (s->n)
        memcpy(v, s->v, s->n * sizeof *v);
    v[at] = (st_col){ name, type };
    s->v = v;
    s->n += at == s->n;
    return at;
}

bool st_op_columns(st_run *r, st_op *op, const st_col *cols, size_t n)
{
    st_col *v = ST_NEWN(&r->arena, st_col, n);
    if (!v)
        return st_run_nomem(r);
    if (n)
        memcpy(v, cols, n * sizeof *v);
    op->schema.v = v;
    op->schema.n = n;
    return true;
}
