/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - all of the evidence, on several threads, into one store.
 *
 * Each thread fills a store of its own without any lock; at the end one takes in
 * the others, one after another, each freed as soon as it is in. Rows and string ids then
 * depend on the threads, which is why no output may depend on them.
 *
 * How many rows there will be is told from those of the bytes that were read, so that the columns
 * seldom move: of the first store those of all threads, since it is to take in the others.
 */
#include "events/store.h"

#include "shelltree/carriers.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What one thread fills. */
typedef struct part {
    st_store *store;
    st_arena jobs;
    st_scratch scratch;
    uint32_t source; /* the last one it read of */
    size_t before;   /* creations that it had before */
    uint64_t bytes;  /* that it read of it */
} part;

typedef struct reading {
    st_evidence *evidence;
    part *parts;
    unsigned nparts;
    const st_store *first; /* that of the first part, which the others are like */
    st_event_set events;   /* stored beside creations and the like */
    const st_log_wanted *logs;
    size_t nlogs;
    const st_log_keep *keep;
    bool whole_logs; /* records of some logs are kept whole */
    atomic_bool failed;
    atomic_uint_least64_t done, total; /* bytes */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *progress_ctx;
} reading;

typedef struct job {
    reading *all;
    part *mine;
    uint32_t source;
    bool placed;  /* a slot has begun: records stand in it */
    bool glanced; /* the record in hand has been looked at */
} job;

static void *begin(void *ctx, unsigned thread, size_t source)
{
    reading *all = ctx;
    part *mine = thread < all->nparts ? &all->parts[thread] : NULL;
    job *j = mine ? ST_NEW(&mine->jobs, job) : NULL;
    if (j && !mine->store)
        mine->store = st_store_new_like(all->first);
    if (j && !mine->scratch.met)
        mine->scratch.met = st_zeros(1, sizeof *mine->scratch.met);
    if (!j || !mine->store || !mine->scratch.met) {
        atomic_store(&all->failed, true);
        return NULL;
    }
    mine->store->wanted = all->events;
    mine->scratch.logs.v = all->logs;
    mine->scratch.logs.n = all->nlogs;
    mine->scratch.keep = all->keep;
    if (mine->source != source || !mine->bytes) {
        mine->source = (uint32_t)source;
        mine->before = mine->store->creations.n;
        mine->bytes = 0;
    }
    *j = (job){ .all = all, .mine = mine, .source = (uint32_t)source };
    return j;
}

static bool want(void *ctx, const st_record *head)
{
    const job *j = ctx;
    return j && (st_event_wants(head, &j->all->events, j->all->keep, &j->mine->scratch.provider) ||
                 st_log_wants(&j->mine->scratch.logs, head));
}

/* Of a process creation only logs that are kept whole have more than its fields. */
static bool fields_do(void *ctx, const st_record *head)
{
    const job *j = ctx;
    return j && !j->all->whole_logs && head->event_id == 1 &&
           st_provider_known(head, &j->mine->scratch.provider) == ST_SYSMON;
}

enum { SLOT = 1 << 16 };

static void slot(void *ctx, uint64_t number)
{
    job *j = ctx;
    if (!j)
        return;
    j->placed = true;
    j->mine->bytes += SLOT;
    if (!st_trail_slot(&j->mine->store->trail, j->source, number))
        atomic_store(&j->all->failed, true);
}

/* Notes whose an event may be that can be stored and isn't. */
static void leave(job *j, const st_record *head, const unsigned char *const *guids, size_t n)
{
    size_t kind = st_event_kind_of_record(head, &j->mine->scratch.provider);
    if (kind >= st_event_kinds() || st_event_set_has(&j->all->events, kind))
        return;
    if (st_event_nameless(st_event_kind_at(kind)->key))
        n = 0; /* what GUIDs there are name no process */
    if (!st_trail_guids(&j->mine->store->trail, guids, n))
        atomic_store(&j->all->failed, true);
}

static void glance(void *ctx, const st_record *head, const unsigned char *const *guids, size_t n)
{
    job *j = ctx;
    if (!j || !j->placed || atomic_load_explicit(&j->all->failed, memory_order_relaxed))
        return;
    j->glanced = true;
    leave(j, head, guids, n);
}

/* How many times its creations a part will have when all of the source is read, as those that it
 * has of it tell. */
static double times_of_source(const job *j)
{
    const part *p = j->mine;
    double n = (double)p->store->creations.n, before = (double)p->before,
           parts = (double)j->all->nparts;
    if (!p->bytes)
        return 0;
    double whole =
        (n - before) * (double)st_evidence_at(j->all->evidence, j->source)->size / (double)p->bytes;
    return (p == j->all->parts ? before * parts + whole : before + whole / parts) / n;
}

/* The same of all sources. */
static double times_of_all(const job *j)
{
    uint64_t done = atomic_load_explicit(&j->all->done, memory_order_relaxed),
             total = atomic_load_explicit(&j->all->total, memory_order_relaxed);
    if (done >= total || !done)
        return 0;
    return (double)total / (double)done * (j->mine == j->all->parts ? j->all->nparts : 1);
}

/* Room for the rows that are to be expected, where those that were kept are many and fill theirs: a
 * few times as many, since what follows may be other logs, or nothing. Of the source at hand so
 * many more that all parts together don't take much for what never comes. */
static void foresee(const job *j)
{
    enum { MANY = 4096, STEP = 4, FAR = 1 << 17 };
    st_store *s = j->mine->store;
    size_t n = s->creations.n;
    if (n < MANY || n < s->creations.cap)
        return;
    double all = times_of_all(j) * 1.03, source = times_of_source(j) * 1.03;
    double times = all < STEP ? all : STEP, far = 1 + FAR / ((double)n * j->all->nparts);
    if (far < STEP)
        far = STEP;
    if (source > times)
        times = source < far ? source : far;
    if (times > 1)
        st_store_foresee(s, times);
}

static void record(void *ctx, const st_record *r)
{
    job *j = ctx;
    if (!j || atomic_load_explicit(&j->all->failed, memory_order_relaxed))
        return;
    if (j->placed && !j->glanced)
        leave(j, r, NULL, 0);
    j->glanced = false;
    foresee(j);
    if (!st_event_decode(j->mine->store, r, j->source, &j->mine->scratch))
        atomic_store(&j->all->failed, true);
}

static st_code end(void *ctx, void *jobs_own, st_err *err)
{
    reading *all = ctx;
    (void)jobs_own;
    if (atomic_load(&all->failed))
        return st_fail(err, ST_E_MEMORY, "out of memory while reading events");
    return ST_OK;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    reading *all = ctx;
    atomic_store_explicit(&all->total, total, memory_order_relaxed);
    atomic_store_explicit(&all->done, done, memory_order_relaxed);
    if (all->progress)
        all->progress(all->progress_ctx, done, total);
}

static size_t rows_of(const part *p)
{
    return p->store ? p->store->creations.n : 0;
}

/* The part that others are copied to: the one with the most creations, or the first, which has room
 * for all, if it has half as many. NULL: there is none. */
static part *chosen(const reading *all)
{
    part *best = NULL;
    for (unsigned i = 0; i < all->nparts; i++) {
        part *p = &all->parts[i];
        if (p->store && (!best || rows_of(p) > rows_of(best)))
            best = p;
    }
    return best && all->parts[0].store && rows_of(all->parts) >= rows_of(best) / 2 ? all->parts
                                                                                   : best;
}

/* One store out of the parts. */
static st_store *join(reading *all)
{
    part *first = chosen(all);
    st_store *whole = first ? first->store : st_store_new();
    bool ok = whole && !atomic_load(&all->failed);
    if (first)
        first->store = NULL;
    for (unsigned i = 0; i < all->nparts; i++) {
        st_store *s = all->parts[i].store;
        all->parts[i].store = NULL;
        ok = ok && (!s || st_store_append(whole, s, all->nparts));
        st_store_free(s);
    }
    if (ok) {
        st_store_trim(whole);
        return whole;
    }
    st_store_free(whole);
    return NULL;
}

st_code st_events_read(st_evidence *e, const st_scan_options *o, const st_event_set *events,
                       const st_log_wanted *logs, size_t nlogs, const st_log_keep *keep,
                       void (*on_progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                       st_store **out, st_err *err)
{
    static const st_scan_ops OPS = { .name_id = st_field_id,
                                     .begin = begin,
                                     .want = want,
                                     .fields_do = fields_do,
                                     .glance = glance,
                                     .record = record,
                                     .slot = slot,
                                     .end = end,
                                     .progress = progress };
    reading all = { .evidence = e,
                    .nparts = st_threads(o->threads),
                    .events = events ? *events : (st_event_set){ { 0 } },
                    .logs = logs,
                    .nlogs = nlogs,
                    .keep = keep,
                    .progress = on_progress,
                    .progress_ctx = ctx };
    *out = NULL;
    all.whole_logs = nlogs > 0;
    for (int id = 0; id < ST_LOG_KINDS; id++)
        all.whole_logs |= st_event_set_has(
            &all.events, st_event_kind_of((st_event_key){ ST_LOGS, (uint16_t)id }));
    st_event_set_add(&all.events, ST_EVENTLOG_EVENT(104));
    st_event_set_add(&all.events, ST_EVENTLOG_EVENT(1102));
    all.parts = calloc(all.nparts, sizeof *all.parts);
    if (all.parts)
        all.first = all.parts[0].store = st_store_new();
    if (!all.first) {
        free(all.parts);
        return st_fail(err, ST_E_MEMORY, "out of memory");
    }
    st_code code = st_records_scan(e, o, &OPS, &all, err);
    for (unsigned i = 0; i < all.nparts; i++) {
        st_arena_free(&all.parts[i].jobs);
        st_scratch_free(&all.parts[i].scratch);
    }
    if (code == ST_OK) {
        *out = join(&all);
        if (!*out)
            code = st_fail(err, ST_E_MEMORY, "out of memory while reading events");
    }
    for (unsigned i = 0; i < all.nparts; i++)
        st_store_free(all.parts[i].store);
    free(all.parts);
    return code;
}
