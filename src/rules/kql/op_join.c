/*
 * op_join.c - rows of two inputs with equal keys: the right side in a hash table, the left by
 * batch.
 *
 * A result's batch is made of one left batch's rows, so that no more than the right side is held
 * however many rows match. Columns that are a table's own stay uncomputed on both sides: the right
 * side's get their rows' numbers beside the batch's.
 */
#include "rules/kql/group.h"
#include "rules/kql/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct join {
    st_kop *right;
    st_kjoin kind;
    size_t *lkeys, *rkeys, nkeys;
    const size_t *right_cols;
    size_t nright;
    st_krows r;
    st_kgroups groups;
    uint32_t *first, *more; /* chains of right rows by group: number + 1 */
    st_kat *rat;
    bool *used, *taken; /* right rows, groups */
    st_kv *key;
    st_kat *at;      /* ST_KBATCH of the left side, then as many of the right */
    st_kbatch *left; /* being joined, from `row` on; `link`: the rest of the row's chain */
    size_t row, rest;
    uint32_t link;
    bool built, left_done;
} join;

#define NO_ROW ((st_kat){ UINT32_MAX, 0 })

static void join_free(void *p)
{
    join *j = p;
    st_krows_free(&j->r);
    st_kbatch_free(j->left);
    st_kgroups_free(&j->groups);
    free(j->first);
    free(j->more);
    free(j->rat);
}

static bool row_key(st_krun *r, st_kbatch *b, size_t row, const size_t *cols, size_t n, st_kv *key)
{
    for (size_t i = 0; i < n; i++) {
        const st_kv *v = st_kbatch_col(r, b, cols[i]);
        if (!v)
            return false;
        key[i] = v[row];
    }
    return true;
}

/* Right rows by key, each chain in source order. */
static bool chain_rows(st_krun *r, join *j)
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
        if (!row_key(r, j->r.batch[j->rat[i].batch], j->rat[i].row, j->rkeys, j->nkeys, j->key))
            return false;
        size_t g = st_kgroups_put(&r->mem, &j->groups, j->key);
        if (g == SIZE_MAX)
            return st_krun_nomem(r);
        j->more[i] = j->first[g];
        j->first[g] = (uint32_t)i + 1;
    }
    return true;
}

static bool build(st_krun *r, join *j)
{
    j->built = true;
    j->key = ST_NEWN(&r->arena, st_kv, j->nkeys);
    j->at = ST_NEWN(&r->arena, st_kat, (size_t)2 * ST_KBATCH);
    if (!j->key || !j->at)
        return st_krun_nomem(r);
    if (!st_krows_read(r, j->right, &j->r) || !chain_rows(r, j))
        return false;
    j->used = ST_NEWN(&r->arena, bool, j->r.rows + 1);
    j->taken = ST_NEWN(&r->arena, bool, j->groups.n + 1);
    return (j->used && j->taken) || st_krun_nomem(r);
}

static bool right_only(const join *j)
{
    return j->kind == ST_J_RIGHTSEMI || j->kind == ST_J_RIGHTANTI;
}

/* The chain of the row's partners, or whether it is in the result without one. */
static bool look_up(st_krun *r, join *j, bool *alone)
{
    bool outer = j->kind == ST_J_LEFTOUTER || j->kind == ST_J_FULLOUTER;
    bool once = right_only(j) || j->kind == ST_J_INNERUNIQUE;
    if (!row_key(r, j->left, j->row, j->lkeys, j->nkeys, j->key))
        return false;
    size_t g = st_kgroups_find(&r->mem, &j->groups, j->key);
    if (j->kind == ST_J_LEFTSEMI || j->kind == ST_J_LEFTANTI) {
        *alone = (g != SIZE_MAX) == (j->kind == ST_J_LEFTSEMI);
    } else if (g == SIZE_MAX) {
        *alone = outer;
    } else {
        j->link = once && j->taken[g] ? 0 : j->first[g];
        j->taken[g] = true;
    }
    return true;
}

static void put_pair(join *j, size_t *n, st_kat left, st_kat right)
{
    j->at[*n] = left;
    j->at[ST_KBATCH + (*n)++] = right;
}

/* Pairs of the left batch's rows; their number, 0 at its end. */
static size_t pair_up(st_krun *r, join *j)
{
    size_t n = 0;
    while (n < ST_KBATCH && j->row < j->left->n) {
        st_kat at = { 0, (uint32_t)j->row };
        bool alone = false;
        if (!j->link && !look_up(r, j, &alone))
            return 0;
        if (alone)
            put_pair(j, &n, at, NO_ROW);
        for (; j->link && n < ST_KBATCH; j->link = j->more[j->link - 1]) {
            j->used[j->link - 1] = true;
            if (!right_only(j))
                put_pair(j, &n, at, j->rat[j->link - 1]);
        }
        j->row += !j->link;
    }
    return n;
}

/* Right rows that the result has without a left one. */
static size_t pair_rest(join *j)
{
    size_t n = 0;
    bool want = j->kind == ST_J_RIGHTSEMI;
    if (!right_only(j) && j->kind != ST_J_RIGHTOUTER && j->kind != ST_J_FULLOUTER)
        return 0;
    for (; j->rest < j->r.rows && n < ST_KBATCH; j->rest++)
        if (j->used[j->rest] == want)
            put_pair(j, &n, NO_ROW, j->rat[j->rest]);
    return n;
}

/* The right side's columns, after the left's. */
static bool put_right(st_krun *r, const join *j, st_kbatch *b, st_kslot *slots)
{
    st_kbatch *rb = st_krows_gather(r, &j->r, &j->right->schema, j->at + ST_KBATCH, b->n);
    st_node *node = rb ? ST_NEWN(&b->arena, st_node, b->n) : NULL;
    bool ok = node != NULL;
    if (ok)
        memcpy(node, rb->node, b->n * sizeof *node);
    for (size_t c = 0; ok && c < j->nright; c++) {
        st_kslot *from = &rb->cols[j->right_cols[c]], *to = &slots[c];
        bool own = !from->v && !from->node;
        *to = (st_kslot){ .source = from->source, .node = own ? node : NULL };
        if (own)
            continue;
        const st_kv *v = st_kbatch_col(r, rb, j->right_cols[c]);
        to->v = v ? ST_NEWN(&b->arena, st_kv, b->n) : NULL;
        ok = to->v != NULL;
        if (ok)
            memcpy(to->v, v, b->n * sizeof *v);
    }
    if (ok && right_only(j))
        b->node = node;
    st_kbatch_free(rb);
    return ok || st_krun_nomem(r);
}

static st_kbatch *make_batch(st_krun *r, st_kop *op, size_t n)
{
    join *j = op->spec;
    st_krows l = { .batch = &j->left, .n = j->left ? 1 : 0, .rows = j->left ? j->left->n : 0 };
    size_t nleft = right_only(j) ? 0 : op->in->schema.n;
    st_kbatch *b = st_krows_gather(r, &l, &op->in->schema, j->at, n);
    st_kslot *slots = b ? ST_NEWN(&b->arena, st_kslot, op->schema.n) : NULL;
    if (!slots || (j->nright && !put_right(r, j, b, slots + nleft))) {
        st_kbatch_free(b);
        st_krun_nomem(r);
        return NULL;
    }
    if (nleft)
        memcpy(slots, b->cols, nleft * sizeof *slots);
    b->cols = slots;
    b->ncols = op->schema.n;
    return b;
}

static st_kbatch *join_next(st_krun *r, st_kop *op)
{
    join *j = op->spec;
    size_t n = 0;
    if (!j->built && !build(r, j))
        return NULL;
    while (!n && !j->left_done) {
        n = j->left ? pair_up(r, j) : 0;
        if (n)
            break;
        st_kbatch_free(j->left);
        j->row = 0;
        j->left = st_krun_ok(r) ? st_kop_next(r, op->in) : NULL;
        j->left_done = !j->left;
    }
    if (!n && st_krun_ok(r))
        n = pair_rest(j);
    return n ? make_batch(r, op, n) : NULL;
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
