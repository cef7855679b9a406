/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.c - the records of case databases, in pieces of work on all threads.
 *
 * A piece is some rows of one source, read by a child of its own. Pieces end in the order of
 * the sources and their rows; where jobs give parts, these are waited for likewise.
 */
#include "stored.h"

#include "base/limits.h"
#include "evidence/stored.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct piece {
    size_t source;
    int64_t from, to;
    bool last; /* of its source */
} piece;

typedef struct reading {
    st_evidence *e;
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    piece *pieces;
    size_t n, cap;
    size_t next;     /* the piece to be ended */
    uint64_t *lossy; /* by source, so far */
    st_buf sql;
    st_code code;
    st_err *err;
    pthread_mutex_t lock;
    pthread_cond_t turn;
} reading;

typedef struct turn {
    reading *all;
    size_t number;
    const piece *p;
    void *job;
    uint64_t lossy;
    st_stored_scratch scratch;
    bool bad, failed;
} turn;

static void fail(reading *all, const st_err *why)
{
    pthread_mutex_lock(&all->lock);
    if (!all->code) {
        all->code = why->code;
        st_fail(all->err, why->code, "%s", why->text);
    }
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->lock);
}

/* Waits until all pieces before have ended. False: the reading is given up. */
static bool await_turn(reading *all, size_t number)
{
    pthread_mutex_lock(&all->lock);
    while (all->next != number && !all->code)
        pthread_cond_wait(&all->turn, &all->lock);
    bool on = !all->code;
    pthread_mutex_unlock(&all->lock);
    return on;
}

static bool give(void *ctx, st_str row)
{
    turn *t = ctx;
    const st_scan_ops *ops = t->all->ops;
    st_record r;
    st_err why = { 0 };
    if (!st_stored_get_record(row, ops->name_id, &r, &t->scratch)) {
        t->bad = true;
        return false;
    }
    r.lossy = &t->lossy;
    if (ops->want && !ops->want(t->job, &r))
        r.nfields = 0;
    ops->record(t->job, &r);
    if (!ops->part || !ops->full(t->job) || !await_turn(t->all, t->number))
        return !t->all->code;
    if (ops->part(t->all->ctx, t->job, &why) == ST_OK)
        return true;
    fail(t->all, &why);
    return false;
}

static void end_source(reading *all, size_t place)
{
    if (!st_stored_conclude(st_evidence_at(all->e, place), all->lossy[place], all->o->digest))
        fail(all, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a source's account" });
}

static void end_piece(turn *t)
{
    reading *all = t->all;
    st_err why = { 0 };
    bool on = await_turn(all, t->number);
    if (on && t->job && all->ops->end && all->ops->end(all->ctx, t->job, &why) != ST_OK)
        fail(all, &why);
    if (!on && t->job && all->ops->end)
        all->ops->end(all->ctx, t->job, &why); /* it frees what the job holds */
    all->lossy[t->p->source] += t->lossy;
    if (on && t->p->last)
        end_source(all, t->p->source);
    pthread_mutex_lock(&all->lock);
    all->next = t->number + 1;
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->lock);
}

static void work(void *ctx, unsigned thread, size_t number)
{
    reading *all = ctx;
    const piece *p = &all->pieces[number];
    const st_source *s = st_evidence_at(all->e, p->source);
    turn t = { .all = all, .number = number, .p = p };
    st_err why = { 0 };
    if (all->code)
        return;
    t.job = all->ops->begin ? all->ops->begin(all->ctx, thread, p->source) : NULL;
    if (p->from <= p->to &&
        st_stored_query(s->stored->db, all->sql.p, p->from, p->to, give, &t, &why) != ST_OK)
        fail(all, &why);
    if (t.bad) {
        st_fail(&why, t.scratch.arena.failed ? ST_E_MEMORY : ST_E_EVIDENCE,
                "%.*s: the case database can't be read: an event of %.*s is not as this program "
                "writes it",
                ST_FMT(s->stored->db->name), ST_FMT(s->name));
        fail(all, &why);
    }
    end_piece(&t);
    st_stored_scratch_free(&t.scratch);
}

/* Pieces of one source: each a job of rows. One without events has an empty one, so that its
 * account is put back in its turn. */
static bool plan_source(reading *all, size_t place)
{
    const struct st_stored *st = st_evidence_at(all->e, place)->stored;
    int64_t from = st->first, last = st->last < from ? from - 1 : st->last;
    do {
        int64_t to = last - from >= ST_STORED_JOB ? from + ST_STORED_JOB - 1 : last;
        if (!st_grow(&all->pieces, &all->cap, all->n + 1, sizeof *all->pieces))
            return false;
        all->pieces[all->n++] = (piece){ place, from, to, to == last };
        from = to + 1;
    } while (from <= last);
    return true;
}

/* Event logs come before what was text, as when they are read themselves. */
static bool plan(reading *all)
{
    const st_scan_options *o = all->o;
    for (int text = 0; text < 2; text++)
        for (size_t i = 0; i < st_evidence_count(all->e); i++) {
            const st_source *s = st_evidence_at(all->e, i);
            if (!s->stored || !st_source_readable(s) || (s->carrier != ST_CR_EVTX) != (text != 0) ||
                (o->only && o->only != s) || (o->some && !o->some[i]))
                continue;
            if (!plan_source(all, i))
                return false;
        }
    return true;
}

static bool any_stored(st_evidence *e)
{
    for (size_t i = 0; i < st_evidence_count(e); i++)
        if (st_evidence_at(e, i)->stored)
            return true;
    return false;
}

st_code st_stored_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                       st_err *err)
{
    st_err own = { 0 };
    reading all = { .e = e, .o = o, .ops = ops, .ctx = ctx, .err = err ? err : &own };
    if (!any_stored(e))
        return ST_OK;
    if (pthread_mutex_init(&all.lock, NULL) != 0)
        return st_fail(err, ST_E_MEMORY, "no memory for a lock");
    if (pthread_cond_init(&all.turn, NULL) != 0) {
        pthread_mutex_destroy(&all.lock);
        return st_fail(err, ST_E_MEMORY, "no memory for a condition");
    }
    all.lossy = calloc(st_evidence_count(e) + 1, sizeof *all.lossy);
    st_stored_select(&all.sql);
    if (all.lossy && !all.sql.failed && plan(&all))
        st_parallel(o->threads, all.n, work, &all);
    else
        all.code = st_fail(all.err, ST_E_MEMORY, "no memory to begin reading");
    free(all.pieces);
    free(all.lossy);
    st_buf_free(&all.sql);
    pthread_cond_destroy(&all.turn);
    pthread_mutex_destroy(&all.lock);
    return all.code;
}
