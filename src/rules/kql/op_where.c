/* op_where.c - rows for which a condition is true; false and null fall out. */
#include "rules/kql/plan.h"

static st_kbatch *where_next(st_krun *r, st_kop *op)
{
    const st_kx *x = *(st_kx **)op->spec;
    st_kbatch *b;
    while ((b = st_kop_next(r, op->in)) != NULL) {
        bool *keep = ST_NEWN(&b->arena, bool, b->n);
        if (!keep || !st_kx_test(r, x, b, keep)) {
            st_krun_nomem(r);
            break;
        }
        st_kbatch_filter(b, keep);
        if (b->n)
            return b;
        st_kbatch_free(b);
    }
    st_kbatch_free(b);
    return NULL;
}

st_kop *st_kop_where(st_krun *r, st_kop *in, st_kx *x)
{
    st_kop *op = st_kop_new(r, where_next, in, sizeof(st_kx *));
    if (!op)
        return NULL;
    *(st_kx **)op->spec = x;
    while (in->next == where_next)
        in = in->in;
    st_kop_scan_narrow(r, in, x);
    return op;
}
