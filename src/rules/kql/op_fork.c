/* op_fork.c - fork: several subqueries over the same rows, which are computed once; a table each.
 */
#include "rules/kql/bind.h"

st_kop *st_kb_op_fork(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kstore *rows = st_kstore_new(b->r, in);
    st_kop *first = NULL, **last = &first;
    for (size_t i = 0; rows && i < q->u.fork.n; i++) {
        st_kop *leg = st_kop_replay(b->r, rows);
        if (leg)
            leg->step = b->step;
        *last = leg ? st_kb_body(b, leg, q->u.fork.bodies[i], b->serialized) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    return first;
}
