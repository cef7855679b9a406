/* op_count.c - how many rows there are, as one row. */
#include "rules/kql/plan.h"

typedef struct count {
    bool done;
} count;

static st_kbatch *count_next(st_krun *r, st_kop *op)
{
    count *s = op->spec;
    int64_t n = 0;
    if (s->done)
        return NULL;
    s->done = true;
    st_kbatch *b;
    while ((b = st_kop_next(r, op->in)) != NULL) {
        n += (int64_t)b->n;
        st_kbatch_free(b);
    }
    b = st_krun_ok(r) ? st_kbatch_new(r, 1, 1) : NULL;
    if (b && (b->cols[0].v = ST_NEW(&b->arena, st_kv)) != NULL)
        b->cols[0].v[0] = st_kv_long(n);
    return b;
}

st_kop *st_kop_count(st_krun *r, st_kop *in, st_str name)
{
    st_kop *op = st_kop_new(r, count_next, in, sizeof(count));
    st_kcol *c = op ? ST_NEW(&r->arena, st_kcol) : NULL;
    if (!c)
        return NULL;
    *c = (st_kcol){ name, ST_KT_LONG };
    op->schema = (st_kschema){ .v = c, .n = 1 };
    op->lineage = false;
    return op;
}
