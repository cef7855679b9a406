/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fork.c - fork: several subqueries, a table each, over the same rows, which are computed once.
 */
#include "rules/kql/operators/operators.h"

st_op *st_bind_op_fork(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_kept_rows *rows = st_kept_rows_new(sc->r, in);
    st_op *first = NULL, **last = &first;
    for (size_t i = 0; rows && i < q->u.fork.n; i++) {
        st_op *leg = st_op_replay(sc->r, rows);
        if (leg)
            leg->step = sc->step;
        *last = leg ? st_bind_body(sc, leg, q->u.fork.bodies[i], sc->ordered) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    return first;
}
