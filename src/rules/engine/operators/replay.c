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
    bool read;
};

typedef struct replay {
    st_kept_rows *store;
    size_t next;
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

static st_batch *replay_next(st_run *r, st_op *op)
{
    replay *p = op->spec;
    st_kept_rows *s = p->store;
    if (!s->read) {
        s->read = true;
        keep_all(s->run, s);
    }
    if (s->run != r && !borrow(r, s->run))
        return NULL;
    if (p->next >= s->rows.n || !st_run_ok(r))
        return NULL;
    return st_batch_borrow(r, s->rows.batch[p->next++]);
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
