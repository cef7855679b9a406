/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.c - the records of case databases, in pieces of work on all threads.
 *
 * A piece is some rows of one source; a child reads one large piece or many small ones. Pieces end
 * in the order of the sources and their rows; where jobs give parts, these are waited for likewise.
 */
#include "stored.h"

#include "base/limits.h"
#include "evidence/stored.h"

#include <pthread.h>
#include <stdlib.h>

/* Rows of one source: one job. */
typedef struct piece {
    size_t source;
    int64_t from, to; /* to < from: none */
    bool last;        /* of its source */
} piece;

/* Pieces of one database that one child reads, in one query: a child costs two milliseconds, and
 * most sources are small. */
typedef struct unit {
    size_t first, n; /* pieces */
    int64_t from, to;
} unit;

typedef struct reading {
    st_evidence *e;
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    piece *pieces;
    size_t n, cap;
    unit *units;
    size_t nunits, units_cap;
    size_t next;     /* the piece to be ended */
    uint64_t *lossy; /* by source, so far */
    st_buf sql;
    st_code code;
    st_err *err;
    pthread_mutex_t lock;
    pthread_cond_t turn;
} reading;

/* The piece in hand. */
typedef struct turn {
    reading *all;
    const unit *u;
    unsigned thread;
    size_t number; /* of the piece, among all */
    bool begun;
    void *job;
    uint64_t lossy;
    st_stored_scratch scratch;
    bool bad;
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

static void begin_piece(turn *t)
{
    const reading *all = t->all;
    t->begun = true;
    t->lossy = 0;
    t->job = all->ops->begin ? all->ops->begin(all->ctx, t->thread, all->pieces[t->number].source)
                             : NULL;
}

static void end_source(reading *all, size_t place)
{
    if (!st_stored_conclude(st_evidence_at(all->e, place), all->lossy[place], all->o->digest))
        fail(all, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a source's account" });
}

/* The piece in hand has ended, and the next is. One without rows has begun here at last: its
 * account is put back in its turn. */
static void end_piece(turn *t)
{
    reading *all = t->all;
    const piece *p = &all->pieces[t->number];
    st_err why = { 0 };
    if (!t->begun)
        begin_piece(t);
    bool on = await_turn(all, t->number);
    if (on && t->job && all->ops->end && all->ops->end(all->ctx, t->job, &why) != ST_OK)
        fail(all, &why);
    if (!on && t->job && all->ops->end)
        all->ops->end(all->ctx, t->job, &why); /* it frees what the job holds */
    all->lossy[p->source] += t->lossy;
    if (on && p->last)
        end_source(all, p->source);
    t->begun = false;
    pthread_mutex_lock(&all->lock);
    all->next = ++t->number;
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->lock);
}

/* Ends the pieces that lie before the row. False: it is of none that is left. */
static bool go_to(turn *t, int64_t row)
{
    size_t end = t->u->first + t->u->n;
    while (t->number < end && row > t->all->pieces[t->number].to)
        end_piece(t);
    if (t->number == end || row < t->all->pieces[t->number].from)
        return false; /* of a source that isn't read */
    if (!t->begun)
        begin_piece(t);
    return true;
}

static bool give(void *ctx, st_str row)
{
    turn *t = ctx;
    const st_scan_ops *ops = t->all->ops;
    st_record r;
    st_raw id;
    st_err why = { 0 };
    if (!st_raw_next(&row, &id) || id.kind != ST_RAW_INT) {
        t->bad = true;
        return false;
    }
    if (!go_to(t, id.i))
        return t->number < t->u->first + t->u->n && !t->all->code;
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

static void work(void *ctx, unsigned thread, size_t number)
{
    reading *all = ctx;
    const unit *u = &all->units[number];
    const st_source *s = st_evidence_at(all->e, all->pieces[u->first].source);
    turn t = { .all = all, .u = u, .thread = thread, .number = u->first };
    st_err why = { 0 };
    if (all->code)
        return;
    if (u->from <= u->to &&
        st_stored_query(s->stored->db, all->sql.p, u->from, u->to, give, &t, &why) != ST_OK)
        fail(all, &why);
    if (t.bad) {
        st_fail(&why, t.scratch.arena.failed ? ST_E_MEMORY : ST_E_EVIDENCE,
                "%.*s: the case database can't be read: an event of %.*s is not as this program "
                "writes it",
                ST_FMT(s->stored->db->name),
                ST_FMT(st_evidence_at(all->e, all->pieces[t.number].source)->name));
        fail(all, &why);
    }
    while (t.number < u->first + u->n)
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

/* May the piece be read by the child that reads those before it? */
static bool joins(const reading *all, const unit *u, const piece *p)
{
    enum { PASSED_OVER = 1000 }; /* rows in between that aren't wanted */
    const st_source *a = st_evidence_at(all->e, all->pieces[u->first].source);
    const st_source *b = st_evidence_at(all->e, p->source);
    if (a->stored->db != b->stored->db)
        return false;
    return p->to < p->from || u->to < u->from ||
           (p->from > u->to && p->from - u->to < PASSED_OVER && p->to - u->from < ST_STORED_JOB);
}

static bool make_units(reading *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const piece *p = &all->pieces[i];
        unit *u = all->nunits ? &all->units[all->nunits - 1] : NULL;
        if (!u || !joins(all, u, p)) {
            if (!st_grow(&all->units, &all->units_cap, all->nunits + 1, sizeof *all->units))
                return false;
            u = &all->units[all->nunits++];
            *u = (unit){ .first = i, .from = 1 };
        }
        u->n++;
        if (p->to < p->from)
            continue;
        if (u->to < u->from)
            u->from = p->from;
        u->to = p->to;
    }
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
    if (all.lossy && !all.sql.failed && plan(&all) && make_units(&all))
        st_parallel(o->threads, all.nunits, work, &all);
    else
        all.code = st_fail(all.err, ST_E_MEMORY, "no memory to begin reading");
    free(all.pieces);
    free(all.units);
    free(all.lossy);
    st_buf_free(&all.sql);
    pthread_cond_destroy(&all.turn);
    pthread_mutex_destroy(&all.lock);
    return all.code;
}
