/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* union.c - the rows of several inputs, one after the other, brought to the same columns. */
#include "rules/engine/operators/ops.h"

#include <string.h>

typedef struct unite {
    st_op **legs;
    const size_t *const *map;
    const st_val *names; /* withsource: the first column; NULL: none */
    size_t n, at;
} unite;

static st_batch *remap(st_run *r, const st_op *op, const unite *u, st_batch *b)
{
    const size_t *map = u->map[u->at];
    st_slot *slots = ST_NEWN(&b->arena, st_slot, op->schema.n);
    for (size_t c = 0; slots && c < op->schema.n; c++) {
        if (map[c] != SIZE_MAX) {
            slots[c] = b->cols[map[c]];
            continue;
        }
        slots[c].v = ST_NEWN(&b->arena, st_val, b->n);
        if (!slots[c].v) {
            slots = NULL;
            break;
        }
        for (size_t k = 0; k < b->n; k++)
            slots[c].v[k] =
                u->names && c == 0 ? u->names[u->at] : st_val_missing(op->schema.v[c].type);
    }
    if (!slots) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    b->cols = slots;
    b->ncols = op->schema.n;
    return b;
}

static st_batch *union_next(st_run *r, st_op *op)
{
    unite *u = op->spec;
    for (; u->at < u->n; u->at++) {
        st_batch *b = st_op_next(r, u->legs[u->at]);
        if (b)
            return remap(r, op, u, b);
    }
    return NULL;
}

static void union_reads(st_run *r, st_op *op, st_wanted *w)
{
    const unite *u = op->spec;
    for (size_t i = 0; i < u->n; i++) {
        bool *used = st_wanted_of(r, u->legs[i], w);
        for (size_t c = 0; used && c < op->schema.n; c++)
            if (u->map[i][c] != SIZE_MAX)
                used[u->map[i][c]] |= op->used[c];
    }
}

st_op *st_op_union(st_run *r, st_op **legs, const size_t *const *map, const st_val *names, size_t n,
                   const st_col *cols, size_t ncols)
{
    st_op *op = st_op_new(r, union_next, NULL, sizeof(unite));
    unite *u = op ? op->spec : NULL;
    if (!u || !(u->legs = ST_NEWN(&r->arena, st_op *, n)) || !st_op_columns(r, op, cols, ncols))
        return NULL;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    memcpy(u->legs, legs, n * sizeof *legs);
    u->map = map;
    u->names = names;
    u->n = n;
    op->reads = union_reads;
    op->lineage = true;
    for (size_t i = 0; i < n; i++)
        op->lineage = op->lineage && legs[i]->lineage;
    return op;
}
