/* op_take.c - the first rows, and no more work for the operators before. */
#include "rules/kql/plan.h"

static st_kbatch *take_next(st_krun *r, st_kop *op)
{
    size_t *left = op->spec;
    st_kbatch *b = *left ? st_kop_next(r, op->in) : NULL;
    if (!b)
        return NULL;
    if (b->n > *left)
        b->n = *left;
    *left -= b->n;
    return b;
}

st_kop *st_kop_take(st_krun *r, st_kop *in, size_t most)
{
    st_kop *op = st_kop_new(r, take_next, in, sizeof(size_t));
    if (op)
        *(size_t *)op->spec = most;
    return op;
}
