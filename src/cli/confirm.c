/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirm.c - hits' own records, read again by the second reader: all of them with --confirm, else
 * so many that it costs little, in which each incident has its first. Each thread has a second
 * reader of its own.
 */
#include "cli.h"

#include "base/limits.h"
#include "evidence/stored.h"
#include "shelltree/verify.h"

#include <stdlib.h>

/* A hit: where its record stands, and its place among the rows. */
typedef struct hit {
    uint32_t source;
    uint64_t offset;
    size_t row;
    size_t turn; /* how many of its incident come before it */
} hit;

static int by_turn(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->turn != y->turn)
        return x->turn < y->turn ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_source(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Where the row's record stands; false: it has none, or stands in text, which libevtx doesn't read.
 */
static bool locate(const st_session *s, const st_row *r, hit *to)
{
    const st_forest *f = s->forest;
    if (r->event != ST_NO_EVENT) {
        const st_event *e = &f->events[r->event];
        const st_events *x = st_event_columns(f, e);
        to->source = x->source[e->row];
        to->offset = x->offset[e->row];
    } else if (f->procs[r->node].row != ST_NO_ROW) {
        uint32_t row = f->procs[r->node].row;
        to->source = f->store->creations.source[row];
        to->offset = f->store->creations.offset[row];
    } else {
        return false;
    }
    return !st_evidence_at(s->evidence, to->source)->carrier;
}

/* turns: one an incident and one for all others. */
static size_t collect(const st_session *s, hit *to, size_t *turns)
{
    const st_case *c = s->found;
    size_t n = 0;
    for (size_t i = 0; i < c->nrows; i++) {
        const st_row *r = &c->rows[i];
        if (r->kind != ST_ROW_HIT || !locate(s, r, &to[n]))
            continue;
        to[n].row = i;
        to[n].turn = turns[r->incident < c->nincidents ? r->incident : c->nincidents]++;
        n++;
    }
    return n;
}

/* Leaves those to ask for, in the order of sources. */
static size_t choose(const st_session *s, hit *hits, size_t n)
{
    size_t asked = n;
    if (!s->config->confirm && n > ST_MAX_CONFIRM_UNASKED) {
        qsort(hits, n, sizeof *hits, by_turn);
        asked = ST_MAX_CONFIRM_UNASKED;
        st_say(s->config, "libevtx read %zu of %zu hits again (--confirm: each)", asked, n);
    }
    qsort(hits, asked, sizeof *hits, by_source);
    return asked;
}

/* Hits of one source, one behind the other: what one thread asks for at a time. */
typedef struct stretch {
    size_t from, n;
} stretch;

typedef struct confirming {
    const st_session *s;
    const hit *hits;
    stretch *stretches;
    size_t nstretches;
    st_confirmer *readers[ST_MAX_THREADS]; /* by thread */
    st_err *errors;                        /* by stretch */
} confirming;

static st_code confirm_hits(const st_session *s, st_confirmer *x, const hit *hits, size_t n,
                            st_err *e)
{
    uint64_t *offsets = malloc((n + 1) * sizeof *offsets);
    st_confirmed *out = calloc(n + 1, sizeof *out);
    st_code code = ST_OK;
    for (size_t i = 0; offsets && i < n; i++)
        offsets[i] = hits[i].offset;
    if (offsets && out)
        code = st_confirm(x, st_evidence_at(s->evidence, hits->source), offsets, n, out, e);
    else
        code = st_fail(e, ST_E_MEMORY, "out of memory");
    for (size_t i = 0; out && s->confirmed && code == ST_OK && i < n; i++)
        s->confirmed[hits[i].row] = (uint8_t)(out[i] + 1);
    free(offsets);
    free(out);
    return code;
}

static void confirm_stretch(void *ctx, unsigned thread, size_t number)
{
    const confirming *c = ctx;
    const stretch *x = &c->stretches[number];
    confirm_hits(c->s, c->readers[thread], c->hits + x->from, x->n, &c->errors[number]);
}

/* The same of a source in a case database, which has kept what the second reader said. */
typedef struct recalling {
    const st_session *s;
    const hit *hits;
    size_t n, at;
} recalling;

static bool recall_one(void *ctx, uint64_t offset, st_str word)
{
    recalling *r = ctx;
    while (r->at < r->n && r->hits[r->at].offset < offset)
        r->at++;
    for (size_t i = r->at; i < r->n && r->hits[i].offset == offset; i++)
        for (unsigned c = 0; c <= ST_CONFIRM_NO; c++)
            if (st_str_eq(word, st_str_of(st_confirmed_word((st_confirmed)c))))
                r->s->confirmed[r->hits[i].row] = (uint8_t)(c + 1);
    return r->at < r->n;
}

static st_code recall_source(const st_session *s, const hit *hits, size_t n, st_err *e)
{
    recalling r = { s, hits, n, 0 };
    return st_stored_confirmed(st_evidence_at(s->evidence, hits->source), recall_one, &r, e);
}

static void say_result(const st_session *s, size_t hits)
{
    size_t count[3] = { 0 };
    for (size_t i = 0; i < s->found->nrows; i++)
        if (s->confirmed && s->confirmed[i])
            count[s->confirmed[i] - 1]++;
    if (count[ST_CONFIRM_NO])
        st_complain("libevtx reads %zu of %zu hits differently (Confirmed: no)",
                    count[ST_CONFIRM_NO], hits);
    if (count[ST_CONFIRM_UNREADABLE])
        st_say(s->config, "libevtx can't read %zu of %zu hits in full (Confirmed: unreadable)",
               count[ST_CONFIRM_UNREADABLE], hits);
}

/* Those that libevtx is to be asked for, cut into stretches; what case databases have kept is put
 * in place at once. false: no memory, or *e says why. */
static bool cut(confirming *c, size_t n, st_err *e)
{
    enum { LONGEST = 32 }; /* so that threads end at about the same time */
    c->stretches = malloc((n + 1) * sizeof *c->stretches);
    for (size_t i = 0, k = 0; c->stretches && i < n && !e->code; i = k) {
        const st_source *from = st_evidence_at(c->s->evidence, c->hits[i].source);
        while (k < n && c->hits[k].source == c->hits[i].source && (from->stored || k - i < LONGEST))
            k++;
        if (from->stored)
            recall_source(c->s, c->hits + i, k - i, e);
        else if (!from->carrier) /* libevtx reads no text */
            c->stretches[c->nstretches++] = (stretch){ i, k - i };
    }
    return c->stretches && !e->code;
}

/* All of them before the first thread begins: each starts a process. */
static bool hire(confirming *c, unsigned threads)
{
    c->errors = calloc(c->nstretches, sizeof *c->errors);
    bool ok = c->errors != NULL;
    for (unsigned i = 0; ok && i < threads; i++)
        ok = (c->readers[i] = st_confirmer_new()) != NULL;
    return ok;
}

/* The first failure, in the order of stretches. */
static void confirm_stretches(confirming *c, unsigned threads, st_err *e)
{
    if (!hire(c, threads)) {
        st_fail(e, ST_E_MEMORY, "out of memory");
        return;
    }
    st_parallel(threads, c->nstretches, confirm_stretch, c);
    for (size_t i = 0; i < c->nstretches && !e->code; i++)
        *e = c->errors[i];
}

static void confirm_all(const st_session *s, const hit *hits, size_t n, st_err *e)
{
    confirming c = { .s = s, .hits = hits };
    bool ok = cut(&c, n, e);
    unsigned threads = st_threads(s->config->threads);
    if (threads > c.nstretches)
        threads = (unsigned)c.nstretches;
    if (ok && threads)
        confirm_stretches(&c, threads, e);
    else if (!ok && !e->code)
        st_fail(e, ST_E_MEMORY, "out of memory");
    for (unsigned i = 0; i < threads; i++)
        st_confirmer_free(c.readers[i]);
    free(c.stretches);
    free(c.errors);
}

int st_session_confirm(st_session *s)
{
    st_err e = { 0 };
    hit *hits = malloc((s->found->nrows + 1) * sizeof *hits);
    size_t *turns = calloc(s->found->nincidents + 1, sizeof *turns), n = 0;
    s->confirmed = calloc(s->found->nrows + 1, 1);
    if (hits && turns && s->confirmed)
        n = collect(s, hits, turns);
    else
        st_fail(&e, ST_E_MEMORY, "out of memory");
    if (n)
        st_say_unfiltered(s->config);
    if (n)
        n = choose(s, hits, n);
    confirm_all(s, hits, n, &e);
    free(hits);
    free(turns);
    if (e.code)
        return st_cannot(&e);
    say_result(s, n);
    return ST_EXIT_OK;
}
