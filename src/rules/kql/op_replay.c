/*
 * op_replay.c - rows that are computed once and read by any number of operators.
 *
 * Each reader gets copies: operators change the batches they are handed.
 */
#include "rules/kql/plan.h"

struct st_kstore {
    st_kop *in;
    st_krows rows;
    bool read;
};

typedef struct replay {
    st_kstore *store;
    size_t next;
} replay;

static void store_free(void *p)
{
    st_kstore *s = p;
    st_krows_free(&s->rows);
}

st_kstore *st_kstore_new(st_krun *r, st_kop *in)
{
    st_kstore *s = ST_NEW(&r->arena, st_kstore);
    if (!s) {
        st_krun_nomem(r);
        return NULL;
    }
    s->in = in;
    return st_krun_own(r, s, store_free) ? s : NULL;
}

static st_kbatch *replay_next(st_krun *r, st_kop *op)
{
    replay *p = op->spec;
    st_kstore *s = p->store;
    st_kbatch *b = NULL;
    if (!s->read) {
        s->read = true;
        if (!st_krows_read(r, s->in, &s->rows))
            return NULL;
    }
    if (p->next >= s->rows.n || !st_krun_ok(r))
        return NULL;
    st_arena a = { .budget = &r->budget };
    size_t n = s->rows.batch[p->next]->n;
    st_kat *at = ST_NEWN(&a, st_kat, n);
    for (size_t k = 0; at && k < n; k++)
        at[k] = (st_kat){ (uint32_t)p->next, (uint32_t)k };
    if (at)
        b = st_krows_gather(r, &s->rows, &op->schema, at, n);
    else
        st_krun_nomem(r);
    st_arena_free(&a);
    p->next++;
    return b;
}

st_kop *st_kop_replay(st_krun *r, st_kstore *s)
{
    st_kop *op = st_kop_new(r, replay_next, NULL, sizeof(replay));
    if (!op)
        return NULL;
    ((replay *)op->spec)->store = s;
    op->again = s->in;
    op->schema = s->in->schema;
    op->lineage = s->in->lineage;
    return op;
}
