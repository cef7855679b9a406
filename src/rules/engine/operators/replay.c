/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - rows that are computed once and read by any number of operators.
 *
 * Each reader gets batches of its own, which borrow their values: operators change the batches they
 * are handed. A reader may be of
 * another run than the rows, which live as long as theirs.
 */
#include "rules/engine/operators/ops.h"

struct st_kept_rows {
    st_run *run; /* whose in is */
    st_op *in;
    st_rows rows;
    bool read, whole;
    const st_kept_rows *made; /* the same, of another run: read in place of these if whole */
    st_kept_rows *next;       /* see st_shared.alike */
    size_t plan;              /* bytes that the run's arena had when parts were first made */
    st_arena values;          /* of parts, too big for a cell */
};

typedef struct replay {
    st_kept_rows *store;
    size_t next;
} replay;

static void store_free(void *p)
{
    st_kept_rows *s = p;
    st_rows_free(&s->rows);
    st_arena_free(&s->values);
}

st_kept_rows *st_kept_rows_new(st_run *r, st_op *in)
{
    st_kept_rows *s = ST_NEW(&r->arena, st_kept_rows);
    if (!s) {
        st_run_nomem(r);
        return NULL;
    }
    s->run = r;
    s->in = in;
    return st_run_own(r, s, store_free) ? s : NULL;
}

/* A batch holds all that was computed on the way to it; what is kept is copied out of it. */
static bool keep_all(st_run *r, st_kept_rows *s)
{
    st_batch *b;
    while ((b = st_op_next(r, s->in)) != NULL) {
        st_batch *kept = st_batch_keep(r, b);
        st_batch_free(b);
        if (!kept || !st_mem_grow(&r->mem, &s->rows.batch, &s->rows.cap, s->rows.n + 1,
                                  sizeof(st_batch *))) {
            st_batch_free(kept);
            return st_run_nomem(r);
        }
        s->rows.batch[s->rows.n++] = kept;
        s->rows.rows += kept->n;
    }
    return st_run_ok(r);
}

/* What another run has met goes for those that read its rows, too. */
static bool borrow(st_run *r, st_run *from)
{
    if (st_run_short(from))
        st_run_nomem(from);
    if (from->err.code != ST_OK && r->err.code == ST_OK)
        r->err = from->err;
    if (from->limit)
        r->limit = from->limit;
    return st_run_ok(r);
}

/* Nothing of what threads have made so far counts. */
static void forget(st_kept_rows *s, uint64_t read)
{
    st_rows_free(&s->rows);
    st_op_scan_again(s->in);
    s->run->read = read;
}

/* On all threads, where its plan takes nodes one by one. */
static bool spread(st_kept_rows *s)
{
    st_run *r = s->run;
    uint64_t read = r->read;
    if (!r->shared->spread || !st_op_over_nodes(s->in) || r->draws || r->only || r->to)
        return false;
    if (r->shared->spread(r->shared->spread_ctx, s))
        return true;
    if (st_run_ok(r))
        forget(s, read);
    return false;
}

static void read_all(st_kept_rows *s)
{
    s->read = true;
    s->whole = (spread(s) || keep_all(s->run, s)) && !s->run->limit;
    if (s->whole)
        s->run->shared->kept += s->rows.rows;
}

static st_batch *replay_next(st_run *r, st_op *op)
{
    replay *p = op->spec;
    st_kept_rows *s = p->store;
    bool made = s->made && s->made->whole;
    const st_rows *rows = made ? &s->made->rows : &s->rows;
    if (!made && !s->read)
        read_all(s);
    if (!made && s->run != r && !borrow(r, s->run))
        return NULL;
    if (p->next >= rows->n || !st_run_ok(r))
        return NULL;
    return st_batch_borrow(r, rows->batch[p->next++]);
}

void st_kept_rows_lend(st_kept_rows *s, const st_kept_rows *made)
{
    s->made = made;
    s->next = s->run->shared->alike;
    s->run->shared->alike = s;
}

st_kept_rows *st_kept_rows_like(const st_shared *shared, const st_kept_rows *made)
{
    st_kept_rows *s = shared->alike;
    while (s && s->made != made)
        s = s->next;
    return s;
}

/* parts, made by threads */

bool st_kept_rows_make(st_kept_rows *s, size_t from, size_t to, st_rows *part)
{
    st_run *r = s->run;
    st_batch *b;
    if (s->made)
        r->started = s->made->run->started;
    if (!s->plan)
        s->plan = r->arena.total;
    s->values.budget = &r->budget;
    r->mem.arena = &s->values;
    r->from = from;
    r->to = to;
    while ((b = st_op_next(r, s->in)) != NULL) {
        st_batch *kept = st_batch_keep(r, b);
        st_batch_free(b);
        if (!kept || !st_grow(&part->batch, &part->cap, part->n + 1, sizeof(st_batch *))) {
            st_batch_free(kept);
            st_run_nomem(r);
            break;
        }
        part->batch[part->n++] = kept;
        part->rows += kept->n;
    }
    r->from = r->to = 0;
    r->mem.arena = &r->arena;
    return st_run_ok(r) && !s->values.failed;
}

void st_kept_rows_sum(const st_kept_rows *s, st_kept_sum *sum)
{
    const st_run *r = s->run;
    sum->taken += r->taken;
    sum->most = r->budget.most;
    sum->values |= s->values.total || s->values.failed || r->limit || !st_run_ok(r);
    sum->plan |= r->arena.total != s->plan;
}

bool st_kept_rows_take(st_kept_rows *s, st_rows *part)
{
    st_run *r = s->run;
    for (size_t i = 0; i < part->n; i++) {
        st_arena *a = &part->batch[i]->arena;
        if (!st_mem_grow(&r->mem, &s->rows.batch, &s->rows.cap, s->rows.n + 1,
                         sizeof(st_batch *)) ||
            (a->budget != &r->budget && !st_budget_take(&r->budget, a->total)))
            return st_run_nomem(r);
        if (a->budget != &r->budget)
            a->budget->used -= a->total;
        a->budget = &r->budget;
        s->rows.batch[s->rows.n++] = part->batch[i];
        s->rows.rows += part->batch[i]->n;
        part->batch[i] = NULL;
    }
    return true;
}

void st_kept_rows_join(st_kept_rows *s, const st_kept_rows *from)
{
    st_run *r = s->run, *other = from->run;
    r->read += other->read;
    other->read = 0;
    r->walks |= other->walks;
    r->scanned |= other->scanned;
    for (size_t i = 0; i < other->mem.counted_n * 8; i++)
        if (other->mem.counted[i / 8] >> i % 8 & 1)
            st_mem_made(&r->mem, (st_sid)(other->mem.known + i));
}

bool st_run_over_kept(const st_run *r, size_t *rows)
{
    size_t readers = 0;
    *rows = 0;
    for (const st_op *op = r->ops; op; op = op->older) {
        const st_kept_rows *s = op->next == replay_next ? ((const replay *)op->spec)->store : NULL;
        if (!s || s->run == r)
            continue;
        if (!s->whole)
            return false;
        *rows += s->rows.rows;
        readers++;
    }
    return readers > 0;
}

/* Rows that another run keeps are there for all: what that run reads is read. */
static void foreign_reads(st_run *r, st_run *from, st_wanted *w)
{
    if (!from->wanted) {
        from->wanted = ST_NEW(&from->arena, st_wanted);
        if (!from->wanted || !st_run_wanted(from, from->wanted)) {
            st_run_nomem(r);
            return;
        }
    }
    for (const st_wanted_table *t = from->wanted->tables; t; t = t->next)
        for (size_t c = 0; t->column && c < t->table->n; c++)
            if (t->column[c])
                st_wanted_column(r, t->table, c, w);
}

static void replay_reads(st_run *r, st_op *op, st_wanted *w)
{
    const st_kept_rows *s = ((const replay *)op->spec)->store;
    if (s->run != r) {
        if (!w->lean)
            foreign_reads(r, s->run, w);
        return;
    }
    bool *used = st_wanted_of(r, op->again, w);
    for (size_t c = 0; used && c < op->schema.n; c++)
        used[c] |= op->used[c];
}

st_op *st_op_replay(st_run *r, st_kept_rows *s)
{
    st_op *op = st_op_new(r, replay_next, NULL, sizeof(replay));
    if (!op)
        return NULL;
    ((replay *)op->spec)->store = s;
    if (s->run != r) {
        r->foreign |= s->run->scans != NULL;
        st_event_set events = st_run_events(s->run);
        st_event_set_join(&r->lent, &events);
        r->tables |= s->run->tables;
    }
    op->again = s->in;
    op->reads = replay_reads;
    op->schema = s->in->schema;
    op->lineage = s->in->lineage;
    return op;
}
