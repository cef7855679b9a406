/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* consume.c - consume: computes all rows and gives none, not even their columns. */
#include "rules/kql/operators/operators.h"

static st_batch *consume_next(st_run *r, st_op *op)
{
    st_batch *b;
    while ((b = st_op_next(r, op->in)) != NULL)
        st_batch_free(b);
    return NULL;
}

st_op *st_bind_op_consume(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    (void)q;
    st_op *op = st_op_new(sc->r, consume_next, in, 0);
    if (op)
        op->schema = (st_schema){ 0 };
    return op;
}
