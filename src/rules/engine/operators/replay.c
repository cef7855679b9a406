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

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct st_kept_rows {
    st_run *run; /* whose in is */
    st_op *in;
    st_rows rows;
    bool read;
    atomic_bool whole;        /* all of them are there, and no limit was met */
    bool parted;              /* a thread has made some of them: its own can't be read any more */
    const st_kept_rows *made; /* see st_kept_rows_lend; NULL: nowhere */
    st_kept_rows *next;       /* see st_shared.alike */
};

typedef struct replay {
    st_kept_rows *store;
    size_t next, end; /* of batches; end 0: behind the last */
} replay;

static void store_free(void *p)
{
    st_kept_rows *s = p;
    st_rows_free(&s->rows);
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
static st_batch *keep(st_run *r, st_batch *b)
{
    st_batch *kept = st_batch_keep(r, b);
    st_batch_free(b);
    return kept;
}

static bool put(st_run *r, st_rows *rows, st_batch *kept)
{
    if (!kept || !st_mem_grow(&r->mem, &rows->batch, &rows->cap, rows->n + 1, sizeof(st_batch *))) {
        st_batch_free(kept);
        return st_run_nomem(r);
    }
    rows->batch[rows->n++] = kept;
    rows->rows += kept->n;
    return true;
}

/* Rows after which others may help with the rest: of few it isn't worth it. */
enum { ALONE = 64 };

/* Is all of it bound that the run lends? Until then others don't know what they would help with. */
static bool lends(const st_run *r)
{
    const st_run *l = r->shared->lenders;
    while (l && l != r)
        l = l->lender;
    return l != NULL;
}

/* Do others make the rest? They are asked before the first rows, and once there are some. */
static bool shared_out(st_run *r, st_kept_rows *s, unsigned *asked)
{
    st_shared *shared = r->shared;
    bool early = !*asked, some = s->rows.rows >= ALONE;
    if (*asked > 1 || !(early || some) || !shared->spread || !lends(r))
        return false;
    *asked = some ? 2 : 1;
    return shared->spread(shared->spread_ctx, s, !some);
}

static bool keep_all(st_run *r, st_kept_rows *s)
{
    unsigned asked = 0;
    st_batch *b;
    while (!shared_out(r, s, &asked) && (b = st_op_next(r, s->in)) != NULL)
        if (!put(r, &s->rows, keep(r, b)))
            return false;
    return st_run_ok(r);
}

/* Where they are read: NULL if the run's own are gone. */
static const st_rows *rows_of(st_kept_rows *s)
{
    if (s->made && s->made->whole)
        return &s->made->rows;
    if (!s->read) {
        s->read = true;
        s->whole = keep_all(s->run, s) && !s->run->limit;
    }
    return s->parted ? NULL : &s->rows;
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

static st_batch *replay_next(st_run *r, st_op *op)
{
    replay *p = op->spec;
    st_kept_rows *s = p->store;
    const st_rows *rows = rows_of(s);
    r->told |= s->run != r && (s->run->scans || s->run->foreign);
    if (!rows)
        st_fail(&r->err, ST_E_LIMIT, "rows that several threads make aren't there yet");
    if (!rows || (s->run != r && !borrow(r, s->run)))
        return NULL;
    size_t end = p->end && p->end < rows->n ? p->end : rows->n;
    if (p->next >= end || !st_run_ok(r))
        return NULL;
    return st_batch_borrow(r, rows->batch[p->next++]);
}

/* rows that threads lend and make */

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

bool st_kept_rows_left(const st_kept_rows *s, size_t *at, size_t *end)
{
    return !s->run->limit && st_op_nodes_left(s->run, s->in, at, end);
}

/* What a run has taken beside the batches that it keeps: none of it may come of rows. */
typedef struct beside {
    size_t plan, left; /* of its arena: in blocks; of the newest block, free */
    size_t rest;
} beside;

static beside beside_of(const st_run *r, size_t batches)
{
    return (beside){ r->arena.total, st_arena_left(&r->arena), r->budget.used - batches };
}

/* values: beside the run's own arena; NULL: there. Nothing else may come of rows then. */
static bool make(st_run *r, st_kept_rows *s, st_rows *to, const st_arena *values)
{
    beside first = { 0 }, last;
    size_t batches = 0, n = 0;
    st_batch *b;
    while ((b = st_op_next(r, s->in)) != NULL) {
        if (!(b = keep(r, b)) || !st_grow(&to->batch, &to->cap, to->n + 1, sizeof(st_batch *))) {
            st_batch_free(b);
            return st_run_nomem(r);
        }
        to->batch[to->n++] = b;
        to->rows += b->n;
        batches += b->arena.total;
        last = beside_of(r, batches + (values ? values->total : 0));
        first = n++ ? first : last;
        if (values && memcmp(&first, &last, sizeof first) != 0)
            return false;
    }
    return st_run_ok(r) && !r->limit;
}

static bool make_apart(st_kept_rows *s, st_kept_part *part)
{
    st_run *r = s->run;
    part->values = (st_arena){ .budget = &r->budget };
    r->started = s->made->run->started;
    r->mem.arena = &part->values;
    bool ok = make(r, s, &part->rows, &part->values) && !part->values.failed;
    r->mem.arena = &r->arena;
    return ok;
}

void st_kept_part_free(st_kept_part *part)
{
    st_rows_free(&part->rows);
    st_arena_free(&part->values);
}

/* Nobody has read of them but for parts. */
static bool is_untouched(const st_kept_rows *s)
{
    size_t at, end;
    return s->parted || (!s->read && s->made && st_kept_rows_left(s, &at, &end) && !at);
}

bool st_kept_rows_make(st_kept_rows *s, size_t from, size_t to, st_kept_part *part)
{
    bool own = s->read && !s->parted;
    part->by = s;
    if (!own && !is_untouched(s))
        return false;
    s->parted = !own;
    s->read = true;
    st_op_scan_part(s->in, from, to);
    return own ? make(s->run, s, &part->rows, NULL) : make_apart(s, part);
}

void st_kept_rows_again(st_kept_rows *s, size_t from)
{
    st_op_scan_part(s->in, from, 0);
    s->run->rough = true; /* its own parts' values stay in its arena */
}

uint64_t st_kept_rows_taken(const st_kept_rows *s, uint64_t *most)
{
    *most = s->run->budget.most;
    return s->run->taken;
}

/* From the budget of the run that made it. */
static bool move_budget(st_run *r, st_arena *a)
{
    if (a->budget == &r->budget)
        return true;
    if (!st_budget_take(&r->budget, a->total))
        return st_run_nomem(r);
    a->budget->used -= a->total;
    a->budget = &r->budget;
    return true;
}

static bool take_batch(st_run *r, st_kept_rows *s, st_batch **b)
{
    if (!move_budget(r, &(*b)->arena))
        return false;
    bool ok = put(r, &s->rows, *b);
    *b = NULL;
    return ok;
}

static void values_free(void *p)
{
    st_arena_free(p);
    free(p);
}

/* They live as long as the run. */
static bool take_values(st_run *r, st_arena *values)
{
    st_arena *kept = values->total ? malloc(sizeof *kept) : NULL;
    if (!values->total)
        return true;
    if (!kept || !move_budget(r, values)) {
        free(kept);
        return st_run_nomem(r);
    }
    *kept = *values;
    *values = (st_arena){ 0 };
    r->rough = true;
    return st_run_own(r, kept, values_free);
}

bool st_kept_rows_take(st_kept_rows *s, st_kept_part *part)
{
    st_rows *rows = &part->rows;
    bool ok = take_values(s->run, &part->values);
    for (size_t i = 0; ok && i < rows->n; i++)
        ok = take_batch(s->run, s, &rows->batch[i]);
    return ok && st_run_ok(s->run);
}

void st_kept_rows_join(st_kept_rows *s, const st_kept_rows *from)
{
    st_run *r = s->run, *other = from->run;
    for (size_t i = 0; i < other->mem.counted_n * 8; i++)
        if (other->mem.counted[i / 8] >> i % 8 & 1)
            st_mem_made(&r->mem, (st_sid)(other->mem.known + i));
    r->read += other->read;
    other->read = 0;
    r->walks |= other->walks;
}

static bool is_whole(const st_kept_rows *s)
{
    const st_kept_rows *at = s->made ? s->made : s;
    return at->whole && at->run->err.code == ST_OK && !at->run->limit;
}

bool st_run_over_kept(const st_run *r)
{
    for (const st_op *op = r->ops; op; op = op->older) {
        const st_kept_rows *s = op->next == replay_next ? ((const replay *)op->spec)->store : NULL;
        if (s && s->run != r && !is_whole(s))
            return false;
    }
    return true;
}

static st_op *reader_of(st_op *op)
{
    while (op->rowwise && op->in)
        op = op->in;
    return op;
}

const st_rows *st_op_over_kept(const st_run *r, st_op *op)
{
    const st_op *reader = reader_of(op);
    const replay *p = reader->next == replay_next ? reader->spec : NULL;
    if (!p || p->next || p->store->run == r)
        return NULL;
    const st_rows *rows = rows_of(p->store);
    return is_whole(p->store) ? rows : NULL;
}

void st_op_kept_part(st_op *op, size_t from, size_t to)
{
    replay *p = reader_of(op)->spec;
    p->next = from;
    p->end = to;
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
