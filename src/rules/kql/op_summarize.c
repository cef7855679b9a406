/* op_summarize.c - groups of rows, and what the aggregates make of each. */
#include "rules/kql/group.h"
#include "rules/kql/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct summarize {
    st_kx **keys;
    st_kaggcall *calls;
    size_t nkeys, ncalls, node_call;
    st_kgroups groups;
    st_kaccum *accum; /* [group][call] */
    size_t cap, used, next;
    bool done;
} summarize;

static void summarize_free(void *p)
{
    summarize *s = p;
    for (size_t i = 0; i < s->used; i++)
        st_kaccum_free(&s->accum[i]);
    free(s->accum);
    st_kgroups_free(&s->groups);
}

static bool open_groups(st_krun *r, summarize *s)
{
    size_t need = s->groups.n * s->ncalls;
    if (need > s->used) {
        if (!st_kgrow(&r->mem, &s->accum, &s->cap, need, sizeof *s->accum))
            return st_krun_nomem(r);
        memset(s->accum + s->used, 0, (need - s->used) * sizeof *s->accum);
        s->used = need;
    }
    return true;
}

/* The vectors of n expressions, and their steps. */
static bool vectors(st_krun *r, st_kbatch *b, st_kx *const *x, size_t n, const st_kv **v,
                    size_t *step)
{
    for (size_t i = 0; i < n; i++)
        if (!(v[i] = st_kx_run(r, x[i], b, &step[i])))
            return false;
    return true;
}

static bool add_call(st_krun *r, summarize *s, st_kbatch *b, const size_t *group, size_t c)
{
    const st_kaggcall *call = &s->calls[c];
    const st_kv **v = ST_NEWN(&b->arena, const st_kv *, call->nargs);
    size_t *step = ST_NEWN(&b->arena, size_t, call->nargs);
    st_kv *a = ST_NEWN(&b->arena, st_kv, call->nargs);
    if (!v || !step || !a || !vectors(r, b, call->args, call->nargs, v, step))
        return st_krun_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        for (size_t i = 0; i < call->nargs; i++)
            a[i] = v[i][k * step[i]];
        st_kaccum *acc = &s->accum[group[k] * s->ncalls + c];
        call->agg->step(r, acc, call, a);
        if (acc->took)
            acc->node = b->node[k];
        acc->took = false;
    }
    return true;
}

static bool add_batch(st_krun *r, summarize *s, st_kbatch *b)
{
    const st_kv **v = ST_NEWN(&b->arena, const st_kv *, s->nkeys);
    size_t *step = ST_NEWN(&b->arena, size_t, s->nkeys), *group = ST_NEWN(&b->arena, size_t, b->n);
    st_kv *key = ST_NEWN(&b->arena, st_kv, s->nkeys);
    if (!v || !step || !group || !key || !vectors(r, b, s->keys, s->nkeys, v, step))
        return st_krun_nomem(r);
    for (size_t k = 0; k < b->n; k++) {
        for (size_t i = 0; i < s->nkeys; i++)
            key[i] = v[i][k * step[i]];
        group[k] = st_kgroups_put(&r->mem, &s->groups, key);
        if (group[k] == SIZE_MAX)
            return st_krun_nomem(r);
    }
    if (!open_groups(r, s))
        return false;
    for (size_t c = 0; c < s->ncalls; c++)
        if (!add_call(r, s, b, group, c))
            return false;
    return true;
}

static bool read_all(st_krun *r, st_kop *op)
{
    summarize *s = op->spec;
    st_kbatch *b;
    s->done = true;
    while ((b = st_kop_next(r, op->in)) != NULL) {
        bool ok = add_batch(r, s, b);
        st_kbatch_free(b);
        if (!ok)
            return false;
    }
    st_kv none = st_kv_null();
    if (!s->nkeys && !s->groups.n && st_kgroups_put(&r->mem, &s->groups, &none) == SIZE_MAX)
        return st_krun_nomem(r);
    return open_groups(r, s) && st_krun_ok(r);
}

static st_kbatch *summarize_next(st_krun *r, st_kop *op)
{
    summarize *s = op->spec;
    if (!s->done && !read_all(r, op))
        return NULL;
    size_t n = s->groups.n - s->next;
    n = n < ST_KBATCH ? n : ST_KBATCH;
    st_kbatch *b = n ? st_kbatch_new(r, n, op->schema.n) : NULL;
    for (size_t k = 0; b && s->node_call < s->ncalls && k < n; k++) {
        const st_kaccum *acc = &s->accum[(s->next + k) * s->ncalls + s->node_call];
        b->node[k] = acc->n ? acc->node : ST_NO_NODE;
    }
    for (size_t c = 0; b && c < op->schema.n; c++) {
        st_kv *v = b->cols[c].v = ST_NEWN(&b->arena, st_kv, n);
        for (size_t k = 0; v && k < n; k++) {
            size_t g = s->next + k;
            v[k] = c < s->nkeys
                       ? s->groups.keys[g * s->nkeys + c]
                       : s->calls[c - s->nkeys].agg->end(r, &s->accum[g * s->ncalls + c - s->nkeys],
                                                         &s->calls[c - s->nkeys]);
        }
        if (!v) {
            st_kbatch_free(b);
            st_krun_nomem(r);
            return NULL;
        }
    }
    s->next += n;
    return b;
}

st_kop *st_kop_summarize(st_krun *r, st_kop *in, st_kx **keys, size_t nkeys, st_kaggcall *calls,
                         size_t ncalls, size_t node_call, const st_kcol *cols)
{
    st_kop *op = st_kop_new(r, summarize_next, in, sizeof(summarize));
    summarize *s = op ? op->spec : NULL;
    if (!s || !st_krun_own(r, s, summarize_free) ||
        !(op->schema.v = ST_NEWN(&r->arena, st_kcol, nkeys + ncalls)))
        return NULL;
    s->keys = keys;
    s->nkeys = nkeys;
    s->calls = calls;
    s->ncalls = ncalls;
    s->node_call = node_call;
    st_kgroups_init(&s->groups, nkeys);
    op->schema.n = nkeys + ncalls;
    if (op->schema.n)
        memcpy(op->schema.v, cols, op->schema.n * sizeof *cols);
    op->lineage = in->lineage && node_call != SIZE_MAX;
    return op;
}
