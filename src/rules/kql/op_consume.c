/* op_consume.c - consume: computes all rows and gives none, not even their columns. */
#include "rules/kql/bind.h"

static st_kbatch *consume_next(st_krun *r, st_kop *op)
{
    st_kbatch *b;
    while ((b = st_kop_next(r, op->in)) != NULL)
        st_kbatch_free(b);
    return NULL;
}

st_kop *st_kb_op_consume(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    (void)q;
    st_kop *op = st_kop_new(b->r, consume_next, in, 0);
    if (op)
        op->schema = (st_kschema){ 0 };
    return op;
}
