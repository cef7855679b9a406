/* op_distinct.c - each combination of values once, where it is first seen. */
#include "rules/kql/group.h"
#include "rules/kql/plan.h"

static void groups_free(void *p)
{
    st_kgroups_free(p);
}

static bool first_seen(st_krun *r, st_kgroups *g, st_kbatch *b, bool *keep)
{
    const st_kv **v = ST_NEWN(&b->arena, const st_kv *, b->ncols);
    st_kv *key = ST_NEWN(&b->arena, st_kv, b->ncols);
    for (size_t c = 0; v && c < b->ncols; c++)
        if (!(v[c] = st_kbatch_col(r, b, c)))
            return false;
    for (size_t k = 0; v && key && k < b->n; k++) {
        for (size_t c = 0; c < b->ncols; c++)
            key[c] = v[c][k];
        size_t before = g->n, at = st_kgroups_put(&r->mem, g, key);
        if (at == SIZE_MAX)
            return st_krun_nomem(r);
        keep[k] = at == before;
    }
    return v && key ? true : st_krun_nomem(r);
}

/* A row is a value from now on, not the process that had it first. */
static bool keep_first(st_krun *r, st_kop *op, st_kbatch *b)
{
    bool *keep = ST_NEWN(&b->arena, bool, b->n);
    if (!keep || !first_seen(r, op->spec, b, keep))
        return false;
    st_kbatch_filter(b, keep);
    for (size_t k = 0; k < b->n; k++)
        b->node[k] = ST_NO_NODE;
    return true;
}

static st_kbatch *distinct_next(st_krun *r, st_kop *op)
{
    return st_kop_narrowed(r, op, keep_first);
}

st_kop *st_kop_distinct(st_krun *r, st_kop *in)
{
    st_kop *op = st_kop_new(r, distinct_next, in, sizeof(st_kgroups));
    if (!op || !st_krun_own(r, op->spec, groups_free))
        return NULL;
    st_kgroups_init(op->spec, in->schema.n);
    op->lineage = false;
    return op;
}
