/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.c - rows of two inputs with equal keys: the right side in a hash table, the left by
 * batch.
 *
 * A result's batch is made of one left batch's rows, so that no more than the right side is held
 * however many rows match. Where nothing comes of the right side alone it is asked for once there
 * is a left row. Columns that are a table's own stay uncomputed on both sides: the right side's get
 * their rows' numbers beside the batch's.
 */
#include "rules/engine/value/group.h"
#include "rules/engine/operators/ops.h"

#include <stdlib.h>
#include <string.h>

typedef struct join {
    st_op *right;
    st_join kind;
    size_t *lkeys, *rkeys, nkeys;
    const size_t *right_cols;
    size_t nright;
    st_rows r;
    st_grouping groups;
    uint32_t *first, *more; /* chains of right rows by group: number + 1 */
    st_at *rat;
    bool *used, *taken; /* right rows, groups */
    st_val *key;
    st_at *at;      /* ST_BATCH_ROWS of the left side, then as many of the right */
    st_batch *left; /* being joined, from `row` on; `link`: the rest of the row's chain */
    size_t row, rest;
    uint32_t link;
    bool built, left_done;
} join;

#define NO_ROW ((st_at){ UINT32_MAX, 0 })

static void join_free(void *p)
{
    join *j = p;
    st_rows_free(&j->r);
    st_batch_free(j->left);
    st_grouping_free(&j->groups);
    free(j->first);
    free(j->more);
    free(j->rat);
}

static bool row_key(st_run *r, st_batch *b, size_t row, const size_t *cols, size_t n, st_val *key)
{
    for (size_t i = 0; i < n; i++) {
        const st_val *v = st_batch_col(r, b, cols[i]);
        if (!v)
            return false;
        key[i] = v[row];
    }
    return true;
}

/* Right rows by key, each chain in source order. */
static bool chain_rows(st_run *r, join *j)
{
    size_t n = j->r.rows, at = 0;
    j->first = st_mem_zeroed(&r->mem, n + 1, sizeof *j->first);
    j->more = st_mem_zeroed(&r->mem, n + 1, sizeof *j->more);
    j->rat = st_mem_zeroed(&r->mem, n + 1, sizeof *j->rat);
    if (!j->first || !j->more || !j->rat)
        return st_run_nomem(r);
    for (size_t i = 0; i < j->r.n; i++)
        for (size_t k = 0; k < j->r.batch[i]->n; k++)
            j->rat[at++] = (st_at){ (uint32_t)i, (uint32_t)k };
    for (size_t i = n; i-- > 0;) {
        if (!row_key(r, j->r.batch[j->rat[i].batch], j->rat[i].row, j->rkeys, j->nkeys, j->key))
            return false;
        size_t g = st_grouping_put(&r->mem, &j->groups, j->key);
        if (g == SIZE_MAX)
            return st_run_nomem(r);
        j->more[i] = j->first[g];
        j->first[g] = (uint32_t)i + 1;
    }
    return true;
}

static bool build(st_run *r, join *j)
{
    j->built = true;
    j->key = ST_NEWN(&r->arena, st_val, j->nkeys);
    j->at = ST_NEWN(&r->arena, st_at, (size_t)2 * ST_BATCH_ROWS);
    if (!j->key || !j->at)
        return st_run_nomem(r);
    if (!st_rows_read(r, j->right, &j->r) || !chain_rows(r, j))
        return false;
    j->used = ST_NEWN(&r->arena, bool, j->r.rows + 1);
    j->taken = ST_NEWN(&r->arena, bool, j->groups.n + 1);
    return (j->used && j->taken) || st_run_nomem(r);
}

static bool right_only(const join *j)
{
    return j->kind == ST_J_RIGHTSEMI || j->kind == ST_J_RIGHTANTI;
}

/* The chain of the row's partners, or whether it is in the result without one. */
static bool look_up(st_run *r, join *j, bool *alone)
{
    bool outer = j->kind == ST_J_LEFTOUTER || j->kind == ST_J_FULLOUTER;
    bool once = right_only(j) || j->kind == ST_J_INNERUNIQUE;
    if (!row_key(r, j->left, j->row, j->lkeys, j->nkeys, j->key))
        return false;
    size_t g = st_grouping_find(&r->mem, &j->groups, j->key);
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

static void put_pair(join *j, size_t *n, st_at left, st_at right)
{
    j->at[*n] = left;
    j->at[ST_BATCH_ROWS + (*n)++] = right;
}

/* Pairs of the left batch's rows; their number, 0 at its end. */
static size_t pair_up(st_run *r, join *j)
{
    size_t n = 0;
    while (n < ST_BATCH_ROWS && j->row < j->left->n) {
        st_at at = { 0, (uint32_t)j->row };
        bool alone = false;
        if (!j->link && !look_up(r, j, &alone))
            return 0;
        if (alone)
            put_pair(j, &n, at, NO_ROW);
        for (; j->link && n < ST_BATCH_ROWS; j->link = j->more[j->link - 1]) {
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
    for (; j->rest < j->r.rows && n < ST_BATCH_ROWS; j->rest++)
        if (j->used[j->rest] == want)
            put_pair(j, &n, NO_ROW, j->rat[j->rest]);
    return n;
}

/* The right side's columns, after the left's. */
static bool put_right(st_run *r, join *j, st_batch *b, st_slot *slots)
{
    st_batch *rb = st_rows_gather(r, &j->r, &j->right->schema, st_op_wanted(j->right),
                                  j->at + ST_BATCH_ROWS, b->n);
    st_node *node = rb ? ST_ROOMN(&b->arena, st_node, b->n) : NULL;
    bool ok = node != NULL;
    if (ok)
        memcpy(node, rb->node, b->n * sizeof *node);
    for (size_t c = 0; ok && c < j->nright; c++) {
        st_slot *from = &rb->cols[j->right_cols[c]], *to = &slots[c];
        if (st_slot_is_one(from)) {
            ok = st_slot_set(r, b, to, from->lent->same);
            continue;
        }
        bool own = !from->v && !from->node && !from->lent;
        *to = (st_slot){ .source = from->source, .node = own ? node : NULL };
        if (own)
            continue;
        const st_val *v = st_batch_col(r, rb, j->right_cols[c]);
        to->v = v ? ST_ROOMN(&b->arena, st_val, b->n) : NULL;
        ok = to->v != NULL;
        if (ok)
            memcpy(to->v, v, b->n * sizeof *v);
    }
    if (ok && right_only(j))
        b->node = node;
    st_batch_free(rb);
    return ok || st_run_nomem(r);
}

static st_batch *make_batch(st_run *r, st_op *op, size_t n)
{
    join *j = op->spec;
    st_rows l = { .batch = &j->left, .n = j->left ? 1 : 0, .rows = j->left ? j->left->n : 0 };
    size_t nleft = right_only(j) ? 0 : op->in->schema.n;
    st_batch *b = right_only(j)
                      ? st_batch_new(r, n, 0)
                      : st_rows_gather(r, &l, &op->in->schema, st_op_wanted(op), j->at, n);
    st_slot *slots = b ? ST_NEWN(&b->arena, st_slot, op->schema.n) : NULL;
    if (!slots || (j->nright && !put_right(r, j, b, slots + nleft))) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    if (nleft)
        memcpy(slots, b->cols, nleft * sizeof *slots);
    b->cols = slots;
    b->ncols = op->schema.n;
    return b;
}

/* Numbers at random are drawn on the right first. */
static bool begin(st_run *r, st_op *op)
{
    join *j = op->spec;
    if (op->hollow && !r->draws) {
        j->left = st_op_next(r, op->in);
        j->left_done = !j->left;
        if (j->left_done)
            return false;
    }
    return build(r, j);
}

static st_batch *join_next(st_run *r, st_op *op)
{
    join *j = op->spec;
    size_t n = 0;
    if (!j->built && (j->left_done || !begin(r, op)))
        return NULL;
    while (!n && !j->left_done) {
        n = j->left ? pair_up(r, j) : 0;
        if (n)
            break;
        st_batch_free(j->left);
        j->row = 0;
        j->left = st_run_ok(r) ? st_op_next(r, op->in) : NULL;
        j->left_done = !j->left;
    }
    if (!n && st_run_ok(r))
        n = pair_rest(j);
    r->paired += n;
    return n ? make_batch(r, op, n) : NULL;
}

static void join_reads(st_run *r, st_op *op, st_wanted *w)
{
    const join *j = op->spec;
    size_t nleft = right_only(j) ? 0 : op->in->schema.n;
    bool *left = st_wanted_of(r, op->in, w), *right = st_wanted_of(r, j->right, w);
    if (!left || !right)
        return;
    for (size_t i = 0; i < j->nkeys; i++)
        left[j->lkeys[i]] = right[j->rkeys[i]] = true;
    for (size_t c = 0; c < nleft; c++)
        left[c] |= op->used[c];
    for (size_t c = 0; c < j->nright; c++)
        right[j->right_cols[c]] |= op->used[nleft + c];
}

st_op *st_op_join(st_run *r, st_op *left, st_op *right, st_join kind, const size_t *lkeys,
                  const size_t *rkeys, size_t nkeys, const size_t *right_cols, size_t nright,
                  const st_col *cols, size_t ncols)
{
    st_op *op = st_op_new(r, join_next, left, sizeof(join));
    join *j = op ? op->spec : NULL;
    if (!j || !st_run_own(r, j, join_free) || !(j->lkeys = ST_NEWN(&r->arena, size_t, nkeys)) ||
        !(j->rkeys = ST_NEWN(&r->arena, size_t, nkeys)) || !st_op_columns(r, op, cols, ncols))
        return NULL;
    memcpy(j->lkeys, lkeys, nkeys * sizeof *lkeys);
    memcpy(j->rkeys, rkeys, nkeys * sizeof *rkeys);
    j->right = right;
    op->reads = join_reads;
    op->rowwise = kind == ST_J_INNER || kind == ST_J_LEFTOUTER || kind == ST_J_LEFTSEMI ||
                  kind == ST_J_LEFTANTI;
    op->hollow = op->rowwise || kind == ST_J_INNERUNIQUE || kind == ST_J_RIGHTSEMI;
    j->kind = kind;
    j->nkeys = nkeys;
    j->right_cols = right_cols;
    j->nright = nright;
    st_grouping_init(&j->groups, nkeys);
    op->lineage = kind == ST_J_RIGHTSEMI || kind == ST_J_RIGHTANTI ? right->lineage : left->lineage;
    return op;
}
