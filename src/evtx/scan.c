/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c - all sources, in pieces, on all threads; results in the order of the pieces.
 *
 * A piece of work (a run) is some 64 KiB slots of one source. Slots are read one by one into
 * a buffer of the thread, so that the bytes are still in its cache when they are checked
 * and decoded. What a slot is, is told by its own bytes, never by the file's header: so any
 * run can be read without another, and a lost header costs nothing.
 */
#include "scan.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define HEADER ST_EVTX_FILE_HEADER
#define SLOT ST_EVTX_CHUNK
#define LONGEST (HEADER + ST_MAX_SOURCE_SLOTS * SLOT)

/* parts of a job */

/* Waits until all runs before this one have ended. False: the scan is given up. */
static bool await_turn(st_scan_turn *t)
{
    st_scan *s = t->s;
    size_t mine = (size_t)(t->r - s->runs);
    pthread_mutex_lock(&s->lock);
    while (s->next != mine && !atomic_load(&s->stop))
        pthread_cond_wait(&s->turn, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return !atomic_load(&s->stop);
}

static bool want_watched(void *arg, const st_record *head)
{
    const st_scan_turn *t = arg;
    return !t->s->ops->want || t->s->ops->want(t->job, head);
}

static void record_watched(void *arg, const st_record *r)
{
    st_scan_turn *t = arg;
    const st_scan_ops *ops = t->s->ops;
    st_err why = { 0 };
    ops->record(t->job, r);
    if (ops->full(t->job) && await_turn(t) && ops->part(t->s->ctx, t->job, &why) != ST_OK)
        st_scan_fail(t->s, &why);
}

static void ended_watched(void *arg, uint64_t offset, uint64_t n)
{
    const st_scan_turn *t = arg;
    if (t->s->ops->ended)
        t->s->ops->ended(t->job, offset, n);
}

/* Jobs that give parts aren't begun far ahead of the one whose turn it is. */
static void hold_back(st_scan *s, size_t number)
{
    pthread_mutex_lock(&s->lock);
    while (s->ops->part && number - s->next > s->threads && !atomic_load(&s->stop))
        pthread_cond_wait(&s->turn, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* runs */

/* Hashes the run's bytes when all before them have been; runs are begun in order, so the
 * one that is waited for is under way. */
static void digest_run(st_scan_turn *t, size_t n)
{
    st_scan *s = t->s;
    st_scan_source *src = t->src;
    size_t mine = (size_t)(t->r - s->runs) - src->first;
    pthread_mutex_lock(&s->lock);
    while (src->digested != mine && !atomic_load(&s->stop))
        pthread_cond_wait(&s->turn, &s->lock);
    pthread_mutex_unlock(&s->lock);
    if (n)
        st_sha256_add(src->digest, t->w->bytes, n);
    pthread_mutex_lock(&s->lock);
    src->digested = mine + 1;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
}

static uint64_t place_of(uint64_t slot)
{
    return HEADER + slot * SLOT;
}

static bool silent_want(void *job, const st_record *head)
{
    (void)job;
    (void)head;
    return false;
}

static void silent_record(void *job, const st_record *r)
{
    (void)job;
    (void)r;
}

/* Reads what stands before a slot once more, without a word, and so learns what its reader has:
 * how far its last chunk reaches, which of its records are live, where the chunk of its
 * last lone record began. A chunk on the grid depends on nothing before it; elsewhere two slots
 * tell. Returns how far what was read reaches. */
static uint64_t rehearse(st_scan_turn *t, uint64_t slot)
{
    /* Names stay known behind it, so they are numbered as for everybody. */
    const st_scan_ops silent = { .name_id = t->s->ops->name_id,
                                 .want = silent_want,
                                 .record = silent_record };
    uint64_t start = place_of(slot), first = slot - 1, reach;
    unsigned char head[8] = { 0 };
    bool on_grid = t->evtx && st_evtx_is_chunk(head, st_scan_peek(t, (int64_t)place_of(first), head,
                                                                  sizeof head));
    first -= !on_grid && first;
    reach = place_of(first);
    st_scan_turn before = { .s = t->s,
                            .w = t->w,
                            .r = t->r,
                            .src = t->src,
                            .evtx = t->evtx,
                            .ops = &silent,
                            .sparing = t->sparing };
    for (uint64_t k = first; k < slot; k++)
        st_scan_slot(&before, place_of(k), t->w->bytes,
                     st_scan_peek(t, (int64_t)place_of(k), t->w->bytes, SLOT));
    if (t->sparing)
        reach = st_scan_carve(&before, reach, start);
    for (size_t i = 0; i < before.taken.n; i++)
        if (before.taken.list[i].to > start)
            st_scan_put_span(t, &t->taken, start, before.taken.list[i].to);
    t->covered = before.covered;
    t->window = before.window;
    t->windowed = before.windowed;
    st_report_free(&before.report);
    free(before.taken.list);
    free(before.unread.list);
    return reach;
}

static bool is_log(const st_source *it)
{
    return st_str_eq(it->kind, ST_STR("evtx"));
}

/* A hole, within the file. */
static void skip_zeros(st_report *r, const st_source *it, uint64_t from, uint64_t to)
{
    if (to > it->size)
        to = it->size;
    if (from < to && is_log(it))
        st_report_zeros(r, from, to - from);
}

static bool may_skip(const st_scan_turn *t, uint64_t slot)
{
    const st_scan *s = t->s;
    return s->ops->skip && !t->sparing && !s->o->digest &&
           s->ops->skip(s->ctx, t->src->place, slot);
}

/* Returns how far what was read before the run's first slot reaches; 0: nothing was. */
static uint64_t read_slots(st_scan_turn *t, size_t *total)
{
    uint64_t data = 0; /* before it lie only holes */
    uint64_t reach = 0;
    bool apart = t->r->slot != 0; /* the slot in front hasn't been read */
    st_scan *s = t->s;
    for (uint64_t k = 0; k < t->r->slots && !atomic_load(&s->stop); k++) {
        uint64_t offset = place_of(t->r->slot + k);
        if (may_skip(t, t->r->slot + k)) {
            apart = true;
            continue;
        }
        if (apart) {
            if (k)
                st_scan_begin(t->w);
            reach = rehearse(t, t->r->slot + k);
        }
        apart = false;
        if (!s->o->digest && k == 0)
            data = st_file_data(t->w->file, offset);
        if (data >= offset + SLOT) { /* as if it had been read: room that is reserved */
            t->covered = offset + SLOT;
            skip_zeros(&t->report, t->src->source, offset, offset + SLOT);
            continue;
        }
        unsigned char *p = t->w->bytes + (s->o->digest ? k * SLOT : 0);
        size_t n = st_scan_read(t, offset, p, SLOT);
        if (!n)
            break;
        *total += n;
        if (t->ops->slot)
            t->ops->slot(t->job, t->r->slot + k);
        st_scan_slot(t, offset, p, n);
    }
    return reach;
}

static void read_run(st_scan_turn *t)
{
    st_scan *s = t->s;
    size_t total = 0;
    uint64_t from = 0, to = place_of(t->r->slot + t->r->slots);
    if (!t->r->slot)
        st_scan_header(t);
    from = read_slots(t, &total);
    if (t->sparing) {
        uint64_t start = t->r->slot ? place_of(t->r->slot) : 0;
        st_scan_carve(t, from > start ? from : start,
                      to < t->src->source->size ? to : t->src->source->size);
        st_scan_report_unread(t);
    }
    if (s->o->digest)
        digest_run(t, t->src->digest ? total : 0);
    if (st_file_changed(t->w->file, t->src->source))
        t->r->changed = true;
    if (s->ops->progress) {
        uint64_t done = atomic_fetch_add(&s->done, total) + total;
        s->ops->progress(s->ctx, done, s->total);
    }
}

/* Slots of zeros from `from` on and before `end` are chunks that are gone, as far as some are. How
 * many were. */
static uint64_t lose_zeros(st_report *r, uint64_t from, uint64_t end, uint64_t missing)
{
    uint64_t gone = 0;
    for (size_t i = 0; i < r->zeros.n && gone < missing; i++) {
        const st_range *z = &r->zeros.list[i];
        if (z->offset < from)
            continue;
        if (z->offset >= end)
            break;
        uint64_t n = z->length < end - z->offset ? z->length : end - z->offset;
        uint64_t slots = (n + SLOT - 1) / SLOT;
        if (slots > missing - gone) {
            slots = missing - gone;
            n = slots * SLOT;
        }
        st_report_lost(r, z->offset, n, "zeros");
        gone += slots;
    }
    return gone;
}

/* Chunks are written one behind the other: a slot of zeros in front of one was a chunk, whatever
 * the header says. Behind the last one those that a clean header counts and the file hasn't are
 * gone: zeroed, or cut off at a border. The header of a log in use may be older than its chunks and
 * so counts too few, and one that can't be believed says nothing. */
static void count_missing(st_source *it)
{
    st_report *r = it->report;
    bool believed = !r->dirty && !r->header_bad;
    uint64_t missing = believed && r->chunks_said > r->chunks ? r->chunks_said - r->chunks : 0;
    uint64_t end = HEADER + r->chunks_said * SLOT;
    if (!is_log(it))
        return;
    uint64_t gone = lose_zeros(r, 0, r->chunks_end, UINT64_MAX);
    if (gone < missing) {
        gone += lose_zeros(r, r->chunks_end, end, missing - gone);
        r->truncated |= gone < missing && it->size < end;
        gone = missing;
    }
    r->chunks_missing = gone;
}

static void finish_source(st_scan_source *src)
{
    st_source *it = src->source;
    const st_report *r = it->report;
    st_definitions_free(src->definitions);
    src->definitions = NULL;
    if (src->digest) {
        st_sha256_end(src->digest, it->sha256);
        src->digest = NULL;
        it->digested = !src->unreadable;
    }
    if (!src->unreadable && !src->changed)
        count_missing(it);
    if (src->unreadable) {
        it->status = ST_S_UNREADABLE;
        it->reason = ST_STR("it could not be opened again");
    } else if (src->changed) {
        it->status = ST_S_CHANGED;
    } else if (r->lost.bytes || r->chunks_bad || r->chunks_missing || r->truncated ||
               it->broken.n) {
        it->status = ST_S_DAMAGED;
        it->reason = it->broken;
    } else if (!r->records && !r->slack && !r->carved) {
        it->status = ST_S_EMPTY;
    } else {
        it->status = ST_S_OK;
    }
}

/* Ends all runs whose turn has come. Under the lock. */
static void end_runs(st_scan *s)
{
    while (s->next < s->nruns && s->runs[s->next].done) {
        st_scan_run *r = &s->runs[s->next++];
        st_scan_source *src = &s->sources[r->source];
        src->changed |= r->changed;
        src->unreadable |= r->unreadable;
        if (r->report)
            st_report_merge(src->source->report, r->report);
        free(r->report);
        r->report = NULL;
        if (r->begun && s->ops->end) {
            st_err why = { 0 };
            st_code code = s->ops->end(s->ctx, r->job, &why);
            if (code != ST_OK && s->code == ST_OK) {
                s->code = code;
                st_fail(s->err, code, "%s", why.text);
                atomic_store(&s->stop, true);
                pthread_cond_broadcast(&s->turn);
            }
        }
        if (++src->merged == src->runs)
            finish_source(src);
    }
}

static void work(void *ctx, unsigned thread, size_t number)
{
    st_scan *s = ctx;
    st_scan_run *r = &s->runs[number];
    st_scan_source *src = &s->sources[r->source];
    st_scan_turn t = { .s = s,
                       .w = &s->workers[thread],
                       .r = r,
                       .src = src,
                       .ops = s->ops->part ? &s->watched : s->ops,
                       .evtx = is_log(src->source),
                       .sparing = s->o->carve && s->o->engine == ST_ENGINE_NATIVE };
    hold_back(s, number);
    st_report *report = calloc(1, sizeof *report);
    if (!report)
        st_scan_fail(s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a report" });
    if (report && !atomic_load(&s->stop)) {
        r->job = s->ops->begin ? s->ops->begin(s->ctx, thread, src->place) : NULL;
        r->begun = true;
        t.job = r->job;
        t.heard = s->ops->part ? (void *)&t : t.job;
        st_scan_begin(t.w);
        if (st_scan_open(&t))
            read_run(&t);
        else if (s->o->digest)
            digest_run(&t, 0);
    }
    free(t.taken.list);
    free(t.unread.list);
    pthread_mutex_lock(&s->lock);
    if (report)
        *report = t.report;
    else
        st_report_free(&t.report);
    r->report = report;
    r->done = true;
    end_runs(s);
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
}

/* beginning and end */

static uint64_t slots_of(const st_source *it)
{
    uint64_t slots = it->size > HEADER ? (it->size - HEADER + SLOT - 1) / SLOT : 0;
    return slots < ST_MAX_SOURCE_SLOTS ? slots : ST_MAX_SOURCE_SLOTS;
}

/* How many slots the next run has. The last ones of all sources are shorter, so that all threads
 * end together. Where runs end shows, if little, in what is said of a badly damaged source: so it
 * is the same for any number of threads. What is carved comes behind the rest of its run: there all
 * are as long. */
static uint64_t run_length(const st_scan *s, uint64_t slot)
{
    enum { PARTS = 4, LAST = 2 };
    uint64_t left = s->total - s->planned, done = slot * SLOT;
    left = left > done ? left - done : 0;
    if (s->o->carve || s->run_slots < PARTS || left > LAST * s->run_slots * SLOT)
        return s->run_slots;
    return s->run_slots / PARTS;
}

/* Where the run behind one that ends at that slot begins: not in a hole that is as long as a run,
 * but for less than one. All slots if none follows. */
static uint64_t next_run(const st_scan *s, const st_file *f, uint64_t slot, uint64_t slots)
{
    uint64_t from = place_of(slot), data = f && slot < slots ? st_file_data(f, from) : from;
    if (slot >= slots || data < from + s->run_slots * SLOT)
        return slot;
    uint64_t next = (data - HEADER) / SLOT / s->run_slots * s->run_slots;
    return next < slots ? next : slots;
}

/* Makes the runs of a source. Holes of a sparse file, which may claim any size, make none; with
 * digests every byte counts. */
static bool plan_source(st_scan *s, st_scan_source *src, size_t *cap)
{
    st_source *it = src->source;
    st_file *f = NULL;
    st_err why = { 0 };
    uint64_t slots = slots_of(it), slot = 0;
    if (slots > s->run_slots && !s->o->digest && st_file_open(it, &f, &why) != ST_OK)
        f = NULL;
    src->first = s->nruns;
    bool ok = true;
    do {
        uint64_t n = run_length(s, slot), end = slot + n;
        ok = st_grow(&s->runs, cap, s->nruns + 1, sizeof *s->runs);
        if (ok)
            s->runs[s->nruns++] =
                (st_scan_run){ .source = (size_t)(src - s->sources), .slot = slot, .slots = n };
        slot = next_run(s, f, end, slots);
        if (slot > end)
            skip_zeros(it->report, it, place_of(end), place_of(slot));
    } while (ok && slot < slots);
    if (f)
        st_file_close(f);
    src->runs = s->nruns - src->first;
    s->planned += it->size;
    return ok;
}

static bool plan(st_scan *s, st_evidence *e)
{
    size_t count = st_evidence_count(e), n = 0, cap = 0;
    s->sources = calloc(count + 1, sizeof *s->sources);
    if (!s->sources)
        return false;
    for (size_t i = 0; i < count; i++) {
        st_source *it = st_evidence_at(e, i);
        if (!st_source_readable(it) || it->carrier || it->stored ||
            (s->o->only && it != s->o->only) || (s->o->some && !s->o->some[i]))
            continue;
        st_scan_source *src = &s->sources[n++];
        *src = (st_scan_source){ .source = it, .place = i };
        s->nsources = n;
        st_report_free(it->report);
        if (it->size > LONGEST)
            st_report_lost(it->report, LONGEST, it->size - LONGEST, "too-long");
        s->total += it->size;
        if (s->o->digest && !(src->digest = st_sha256_new()))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!plan_source(s, &s->sources[i], &cap))
            return false;
    return true;
}

static bool hire(st_scan *s, unsigned threads)
{
    size_t bytes = s->o->digest ? SLOT * (size_t)s->run_slots : SLOT;
    s->workers = calloc(threads, sizeof *s->workers);
    if (!s->workers)
        return false;
    for (unsigned i = 0; i < threads; i++) {
        st_scan_worker *w = &s->workers[i];
        w->bytes = malloc(bytes);
        w->extra = malloc(SLOT);
        w->other = malloc(SLOT);
        w->raw = malloc((size_t)2 * SLOT);
        if (s->o->engine == ST_ENGINE_NATIVE)
            w->native = st_native_new();
        else if (s->o->confined)
            w->remote = st_remote_new();
        else
            w->libevtx = st_libevtx_new();
        if (!w->bytes || !w->extra || !w->other || !w->raw ||
            (!w->native && !w->libevtx && !w->remote))
            return false;
    }
    return true;
}

static void dismiss(st_scan *s, unsigned threads)
{
    for (unsigned i = 0; s->workers && i < threads; i++) {
        st_scan_worker *w = &s->workers[i];
        if (w->file)
            st_file_close(w->file);
        st_native_free(w->native);
        st_libevtx_free(w->libevtx);
        st_remote_free(w->remote);
        free(w->bytes);
        free(w->extra);
        free(w->other);
        free(w->raw);
    }
    for (size_t i = 0; i < s->nsources; i++)
        st_definitions_free(s->sources[i].definitions);
    for (size_t i = 0; i < s->nsources; i++)
        if (s->sources[i].digest) {
            unsigned char unused[32];
            st_sha256_end(s->sources[i].digest, unused);
        }
    free(s->workers);
    free(s->sources);
    free(s->runs);
}

st_code st_evtx_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                     st_err *err)
{
    st_scan s = { .o = o, .ops = ops, .ctx = ctx, .err = err, .run_slots = ST_MAX_RUN_SLOTS };
    if (o->run_slots && o->run_slots < ST_MAX_RUN_SLOTS)
        s.run_slots = o->run_slots;
    unsigned threads = st_threads(o->threads);
    s.threads = threads;
    s.watched = (st_scan_ops){ .name_id = ops->name_id,
                               .want = want_watched,
                               .record = record_watched,
                               .ended = ended_watched };
    if (pthread_mutex_init(&s.lock, NULL) != 0)
        return st_fail(err, ST_E_MEMORY, "no memory for a lock");
    if (pthread_mutex_init(&s.looking, NULL) != 0) {
        pthread_mutex_destroy(&s.lock);
        return st_fail(err, ST_E_MEMORY, "no memory for a lock");
    }
    if (pthread_cond_init(&s.turn, NULL) != 0) {
        pthread_mutex_destroy(&s.looking);
        pthread_mutex_destroy(&s.lock);
        return st_fail(err, ST_E_MEMORY, "no memory for a condition");
    }
    bool ready = plan(&s, e);
    if (ready && threads > s.nruns)
        threads = s.nruns ? (unsigned)s.nruns : 1;
    if (ready && hire(&s, threads))
        st_parallel(threads, s.nruns, work, &s);
    else
        s.code = st_fail(err, ST_E_MEMORY, "no memory to begin reading");
    dismiss(&s, threads);
    pthread_cond_destroy(&s.turn);
    pthread_mutex_destroy(&s.looking);
    pthread_mutex_destroy(&s.lock);
    return s.code;
}
