/* op_join.c - rows of two inputs with equal keys: the right side in a hash table, then the left. */
#include "rules/kql/group.h"
#include "rules/kql/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct pair {
    st_kat left, right;
} pair;

typedef struct join {
    st_kop *right;
    st_kjoin kind;
    size_t *lkeys, *rkeys, nkeys;
    const size_t *right_cols;
    size_t nright;
    st_krows l, r;
    st_kgroups groups;
    uint32_t *first, *more; /* chains of right rows by group: number + 1 */
    st_kat *rat;
    pair *pairs;
    size_t npairs, cap, next;
    bool done;
} join;

#define NO_ROW ((st_kat){ UINT32_MAX, 0 })

static void join_free(void *p)
{
    join *j = p;
    st_krows_free(&j->l);
    st_krows_free(&j->r);
    st_kgroups_free(&j->groups);
    free(j->first);
    free(j->more);
    free(j->rat);
    free(j->pairs);
}

static bool row_key(st_krun *r, const st_krows *rows, st_kat at, const size_t *cols, size_t n,
                    st_kv *key)
{
    for (size_t i = 0; i < n; i++) {
        const st_kv *v = st_kbatch_col(r, rows->batch[at.batch], cols[i]);
        if (!v)
            return false;
        key[i] = v[at.row];
    }
    return true;
}

static bool add_pair(st_krun *r, join *j, st_kat left, st_kat right)
{
    if (j->npairs % ST_KBATCH == 0 && (!st_krun_rows(r, j->npairs) || !st_krun_going(r)))
        return false;
    if (!st_kgrow(&r->mem, &j->pairs, &j->cap, j->npairs + 1, sizeof *j->pairs))
        return st_krun_nomem(r);
    j->pairs[j->npairs++] = (pair){ left, right };
    return true;
}

/* Right rows by key, each chain in source order. */
static bool build(st_krun *r, join *j, st_kv *key)
{
    size_t n = j->r.rows, at = 0;
    j->first = st_kcalloc(&r->mem, n + 1, sizeof *j->first);
    j->more = st_kcalloc(&r->mem, n + 1, sizeof *j->more);
    j->rat = st_kcalloc(&r->mem, n + 1, sizeof *j->rat);
    if (!j->first || !j->more || !j->rat)
        return st_krun_nomem(r);
    for (size_t i = 0; i < j->r.n; i++)
        for (size_t k = 0; k < j->r.batch[i]->n; k++)
            j->rat[at++] = (st_kat){ (uint32_t)i, (uint32_t)k };
    for (size_t i = n; i-- > 0;) {
        if (!row_key(r, &j->r, j->rat[i], j->rkeys, j->nkeys, key))
            return false;
        size_t g = st_kgroups_put(&r->mem, &j->groups, key);
        if (g == SIZE_MAX)
            return st_krun_nomem(r);
        j->more[i] = j->first[g];
        j->first[g] = (uint32_t)i + 1;
    }
    return true;
}

static bool probe(st_krun *r, join *j, st_kat at, st_kv *key, bool *used, bool *taken)
{
    if (!row_key(r, &j->l, at, j->lkeys, j->nkeys, key))
        return false;
    size_t g = st_kgroups_find(&r->mem, &j->groups, key);
    bool hit = g != SIZE_MAX, outer = j->kind == ST_J_LEFTOUTER || j->kind == ST_J_FULLOUTER;
    if (j->kind == ST_J_LEFTSEMI || j->kind == ST_J_LEFTANTI)
        return hit != (j->kind == ST_J_LEFTSEMI) || add_pair(r, j, at, NO_ROW);
    if (!hit)
        return !outer || add_pair(r, j, at, NO_ROW);
    bool right_only = j->kind == ST_J_RIGHTSEMI || j->kind == ST_J_RIGHTANTI;
    if ((right_only || j->kind == ST_J_INNERUNIQUE) && taken[g])
        return true;
    taken[g] = true;
    for (uint32_t i = j->first[g]; i; i = j->more[i - 1]) {
        used[i - 1] = true;
        if (!right_only && !add_pair(r, j, at, j->rat[i - 1]))
            return false;
    }
    return true;
}

static bool run_join(st_krun *r, st_kop *op)
{
    join *j = op->spec;
    j->done = true;
    st_kv *key = ST_NEWN(&r->arena, st_kv, j->nkeys);
    if (!key || !st_krows_read(r, op->in, &j->l) || !st_krows_read(r, j->right, &j->r) ||
        !build(r, j, key))
        return false;
    bool *used = ST_NEWN(&r->arena, bool, j->r.rows + 1),
         *taken = ST_NEWN(&r->arena, bool, j->groups.n + 1);
    if (!used || !taken)
        return st_krun_nomem(r);
    for (size_t i = 0; i < j->l.n; i++)
        for (size_t k = 0; k < j->l.batch[i]->n; k++)
            if (!probe(r, j, (st_kat){ (uint32_t)i, (uint32_t)k }, key, used, taken))
                return false;
    bool want = j->kind == ST_J_RIGHTSEMI;
    bool rest = want || j->kind == ST_J_RIGHTANTI || j->kind == ST_J_RIGHTOUTER ||
                j->kind == ST_J_FULLOUTER;
    for (size_t i = 0; rest && i < j->r.rows; i++)
        if (used[i] == want && !add_pair(r, j, NO_ROW, j->rat[i]))
            return false;
    return true;
}

static st_kbatch *join_next(st_krun *r, st_kop *op)
{
    join *j = op->spec;
    if (!j->done && !run_join(r, op))
        return NULL;
    size_t n = j->npairs - j->next;
    n = n < ST_KBATCH ? n : ST_KBATCH;
    if (!n)
        return NULL;
    bool right_only = j->kind == ST_J_RIGHTSEMI || j->kind == ST_J_RIGHTANTI;
    st_kat *at = ST_NEWN(&r->arena, st_kat, 2 * n);
    if (!at)
        return NULL;
    for (size_t k = 0; k < n; k++) {
        at[k] = j->pairs[j->next + k].left;
        at[n + k] = j->pairs[j->next + k].right;
    }
    j->next += n;
    size_t nleft = right_only ? 0 : op->in->schema.n;
    st_kbatch *b = st_krows_gather(r, &j->l, &op->in->schema, at, n);
    st_kbatch *rb = j->nright ? st_krows_gather(r, &j->r, &j->right->schema, at + n, n) : NULL;
    st_kslot *slots = b ? ST_NEWN(&b->arena, st_kslot, op->schema.n) : NULL;
    if (!slots || (j->nright && !rb)) {
        st_kbatch_free(b);
        st_kbatch_free(rb);
        return NULL;
    }
    for (size_t c = 0; c < nleft; c++)
        slots[c] = b->cols[c];
    bool ok = true;
    for (size_t c = 0; ok && c < j->nright; c++) {
        const st_kv *v = st_kbatch_col(r, rb, j->right_cols[c]);
        st_kv *copy = v ? ST_NEWN(&b->arena, st_kv, n) : NULL;
        ok = copy != NULL;
        for (size_t k = 0; ok && k < n; k++)
            copy[k] = at[n + k].batch == UINT32_MAX
                          ? st_kv_missing(j->right->schema.v[j->right_cols[c]].type)
                          : v[k];
        slots[nleft + c].v = copy;
    }
    if (right_only && rb)
        memcpy(b->node, rb->node, n * sizeof *b->node);
    st_kbatch_free(rb);
    b->cols = slots;
    b->ncols = op->schema.n;
    if (ok)
        return b;
    st_kbatch_free(b);
    st_krun_nomem(r);
    return NULL;
}

st_kop *st_kop_join(st_krun *r, st_kop *left, st_kop *right, st_kjoin kind, const size_t *lkeys,
                    const size_t *rkeys, size_t nkeys, const size_t *right_cols, size_t nright,
                    const st_kcol *cols, size_t ncols)
{
    st_kop *op = st_kop_new(r, join_next, left, sizeof(join));
    join *j = op ? op->spec : NULL;
    if (!j || !st_krun_own(r, j, join_free) || !(j->lkeys = ST_NEWN(&r->arena, size_t, nkeys)) ||
        !(j->rkeys = ST_NEWN(&r->arena, size_t, nkeys)) ||
        !(op->schema.v = ST_NEWN(&r->arena, st_kcol, ncols)))
        return NULL;
    memcpy(j->lkeys, lkeys, nkeys * sizeof *lkeys);
    memcpy(j->rkeys, rkeys, nkeys * sizeof *rkeys);
    if (ncols)
        memcpy(op->schema.v, cols, ncols * sizeof *cols);
    op->schema.n = ncols;
    j->right = right;
    j->kind = kind;
    j->nkeys = nkeys;
    j->right_cols = right_cols;
    j->nright = nright;
    st_kgroups_init(&j->groups, nkeys);
    op->lineage = kind == ST_J_RIGHTSEMI || kind == ST_J_RIGHTANTI ? right->lineage : left->lineage;
    return op;
}
