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
#include "evtx/format.h"
#include "engine.h"
#include "lone.h"
#include "remote.h"
#include "base/limits.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HEADER ST_EVTX_FILE_HEADER
#define SLOT ST_EVTX_CHUNK
#define NO_CRC 4u
#define LONGEST (HEADER + ST_MAX_SOURCE_SLOTS * SLOT)

/* What is known of one source while it is read. */
typedef struct source_state {
    st_source *source;
    size_t place;       /* in the evidence */
    size_t first, runs; /* its runs */
    size_t merged;
    bool changed, unreadable;
    st_sha256_stream *digest;
    size_t digested;             /* runs */
    st_definitions *definitions; /* made when first asked for */
} source_state;

typedef struct run {
    size_t source; /* in the list of states */
    uint64_t slot; /* its first */
    void *job;
    st_report *report; /* made when it is done */
    bool changed, unreadable, done, begun;
} run;

/* What one thread has. */
typedef struct worker {
    st_native *native;
    st_libevtx *libevtx;
    st_remote *remote; /* instead of it, when confined */
    st_file *file;
    size_t file_of;       /* place in the list of states + 1 */
    unsigned char *bytes; /* one slot; with digests a whole run */
    unsigned char *extra; /* one slot, for chunks off the grid */
    unsigned char *other; /* one slot, for templates of other chunks */
    unsigned char *raw;   /* two slots, for what lies between chunks */
} worker;

typedef struct scan {
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    source_state *sources;
    run *runs;
    worker *workers;
    size_t nsources, nruns, next; /* next: the run to be ended */
    size_t ahead;                 /* runs that may have begun behind that one */
    st_scan_ops watched;          /* where jobs give parts: ops with an eye on what they hold */
    uint64_t total;
    atomic_uint_fast64_t done;
    atomic_bool stop;
    uint64_t run_slots;
    pthread_mutex_t lock;
    pthread_mutex_t looking; /* for definitions */
    pthread_cond_t turn;     /* a run of some source has been digested */
    st_code code;
    st_err *err;
} scan;

typedef struct span {
    uint64_t from, to;
} span;

typedef struct spans {
    span *list;
    size_t n, cap;
} spans;

/* A run under way. */
typedef struct turn {
    scan *s;
    worker *w;
    run *r;
    source_state *src;
    const st_scan_ops *ops; /* what the readers are given: job is theirs, which may be the turn */
    void *job, *heard;
    st_report report;
    uint64_t covered; /* chunks off the grid reach up to here */
    bool evtx;        /* not a file of another kind that is only carved */
    bool sparing;     /* carving: what the chunks hold is written down */
    spans taken;      /* bytes that were read as a chunk or a record */
    spans unread;     /* bytes that are no chunk's, not reported yet */
    uint64_t window;  /* where the chunk of the lone records before this one began, */
    bool windowed;    /* if that is known */
} turn;

static void fail(scan *s, const st_err *why)
{
    pthread_mutex_lock(&s->lock);
    if (s->code == ST_OK) {
        s->code = why->code;
        st_fail(s->err, why->code, "%s", why->text);
    }
    atomic_store(&s->stop, true);
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
}

/* parts of a job */

/* Waits until all runs before this one have ended. False: the scan is given up. */
static bool await_turn(turn *t)
{
    scan *s = t->s;
    size_t mine = (size_t)(t->r - s->runs);
    pthread_mutex_lock(&s->lock);
    while (s->next != mine && !atomic_load(&s->stop))
        pthread_cond_wait(&s->turn, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return !atomic_load(&s->stop);
}

static bool want_watched(void *arg, const st_record *head)
{
    const turn *t = arg;
    return !t->s->ops->want || t->s->ops->want(t->job, head);
}

static void record_watched(void *arg, const st_record *r)
{
    turn *t = arg;
    const st_scan_ops *ops = t->s->ops;
    st_err why = { 0 };
    ops->record(t->job, r);
    if (ops->full(t->job) && await_turn(t) && ops->part(t->s->ctx, t->job, &why) != ST_OK)
        fail(t->s, &why);
}

static void ended_watched(void *arg, uint64_t offset, uint64_t n)
{
    const turn *t = arg;
    if (t->s->ops->ended)
        t->s->ops->ended(t->job, offset, n);
}

/* Jobs that give parts aren't begun far ahead of the one whose turn it is. */
static void hold_back(scan *s, size_t number)
{
    pthread_mutex_lock(&s->lock);
    while (s->ops->part && number - s->next > s->ahead && !atomic_load(&s->stop))
        pthread_cond_wait(&s->turn, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* reading */

static bool open_source(turn *t)
{
    worker *w = t->w;
    st_err why = { 0 };
    if (w->file_of == t->r->source + 1)
        return true;
    if (w->file)
        st_file_close(w->file);
    w->file = NULL;
    w->file_of = 0;
    if (st_file_open(t->src->source, &w->file, &why) == ST_OK) {
        w->file_of = t->r->source + 1;
        return true;
    }
    w->file = NULL;
    if (why.code == ST_E_MEMORY)
        fail(t->s, &why);
    t->r->unreadable = true;
    return false;
}

/* Reads up to n bytes; fewer only at the end of the source. */
static size_t read_at(turn *t, uint64_t offset, unsigned char *to, size_t n)
{
    size_t got = 0;
    st_err why = { 0 };
    uint64_t size = t->src->source->size, left = offset < size ? size - offset : 0;
    if (n > left)
        n = (size_t)left;
    if (!n)
        return 0;
    if (st_file_read(t->w->file, offset, to, n, &got, &why) != ST_OK) {
        st_report_lost(&t->report, offset, n, "read-error");
        return 0;
    }
    if (got < n)
        t->r->changed = true;
    return got;
}

/* chunks */

static bool header_sound(const unsigned char *p)
{
    uint32_t crc = libdeflate_crc32(0, p, 120);
    return libdeflate_crc32(crc, p + 128, 384) == st_le32(p + 124);
}

/* What a chunk's checksums say; looked at once. */
typedef struct verdict {
    bool bad;        /* one of them is wrong */
    bool checked;    /* there was one over the records, and all bytes under it */
    bool header_bad; /* the header's is wrong, or the magic */
} verdict;

static verdict judge(const unsigned char *p, size_t n, bool no_magic)
{
    verdict v = { .header_bad = no_magic };
    if (n <= ST_EVTX_FIRST_RECORD || (st_le32(p + 120) & NO_CRC))
        return v;
    uint32_t free_at = st_le32(p + 48);
    v.checked = free_at <= n;
    v.header_bad |= !header_sound(p);
    v.bad = v.header_bad || free_at < ST_EVTX_FIRST_RECORD || free_at > SLOT ||
            (v.checked && libdeflate_crc32(0, p + ST_EVTX_FIRST_RECORD,
                                           free_at - ST_EVTX_FIRST_RECORD) != st_le32(p + 52));
    return v;
}

/* templates of other chunks */

/* Reads without a word about what can't be read; bytes before the source's first are zero. */
static size_t peek(turn *t, int64_t offset, unsigned char *to, size_t n)
{
    size_t before = offset < 0 ? (size_t)-offset : 0, got = 0;
    st_err why = { 0 };
    if (before > n)
        before = n;
    memset(to, 0, before);
    uint64_t at = offset < 0 ? 0 : (uint64_t)offset;
    if (at >= t->src->source->size ||
        st_file_read(t->w->file, at, to + before, n - before, &got, &why) != ST_OK)
        got = 0;
    return before + got;
}

/* Definitions that stand in a chunk on the grid; carving, any that says where it belongs. */
static void index_slot(turn *t, st_definitions *all, uint64_t offset, size_t n)
{
    st_definition d;
    const unsigned char *p = t->w->other;
    bool carve = t->s->o->carve;
    if (!carve && !st_evtx_is_chunk(p, n))
        return;
    for (size_t i = 0; st_definition_next(p, i, n, &d); i = d.at)
        if (carve || d.at == d.place)
            st_definitions_put(all, d.id, offset + d.at, d.place);
}

/* Where the source's templates are, the first by offset, whichever chunk asks first: the
 * answer must not depend on how the work is shared out. */
static const st_definitions *definitions(turn *t)
{
    scan *s = t->s;
    pthread_mutex_lock(&s->looking);
    st_definitions *all = t->src->definitions;
    if (!all && (all = st_definitions_new()) != NULL) {
        if (s->o->carve && !t->evtx)
            index_slot(t, all, 0, peek(t, 0, t->w->other, HEADER));
        for (uint64_t k = 0; k < ST_MAX_SOUGHT_SLOTS; k++) {
            uint64_t offset = HEADER + k * SLOT;
            size_t n = peek(t, (int64_t)offset, t->w->other, SLOT);
            if (!n)
                break;
            index_slot(t, all, offset, n);
        }
        t->src->definitions = all;
    }
    pthread_mutex_unlock(&s->looking);
    return all;
}

static bool elsewhere(void *ctx, uint32_t id, unsigned nth, const unsigned char **bytes, size_t *n,
                      uint32_t *def)
{
    turn *t = ctx;
    uint64_t offset;
    const st_definitions *all = definitions(t);
    if (!all) {
        fail(t->s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a list of templates" });
        return false;
    }
    if (!st_definitions_get(all, id, nth, &offset, def))
        return false;
    *bytes = t->w->other;
    *n = peek(t, (int64_t)offset - *def, t->w->other, SLOT);
    return *n != 0;
}

static bool same(void *ctx, uint64_t offset, const unsigned char *p, size_t n)
{
    turn *t = ctx;
    return n <= SLOT && peek(t, (int64_t)offset, t->w->other, n) == n &&
           memcmp(t->w->other, p, n) == 0;
}

/* what has been read, for carving */

static void put_span(turn *t, spans *to, uint64_t from, uint64_t upto)
{
    if (!t->sparing || from >= upto)
        return;
    if (to->n && to->list[to->n - 1].to == from) {
        to->list[to->n - 1].to = upto;
        return;
    }
    if (!st_grow(&to->list, &to->cap, to->n + 1, sizeof *to->list)) {
        fail(t->s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory to carve" });
        return;
    }
    to->list[to->n++] = (span){ from, upto };
}

static void take(void *ctx, uint64_t from, uint64_t to)
{
    turn *t = ctx;
    put_span(t, &t->taken, from, to);
}

/* Bytes that no chunk has: lost, unless carving finds records in them. */
static void no_chunk(turn *t, uint64_t offset, uint64_t n)
{
    if (t->sparing)
        put_span(t, &t->unread, offset, offset + n);
    else
        st_report_lost(&t->report, offset, n, "not-a-chunk");
}

static st_code read_with(worker *w, const st_chunk *c, st_err *why)
{
    if (w->remote)
        return st_remote_chunk(w->remote, c, why);
    return w->libevtx ? st_libevtx_chunk(w->libevtx, c, why) : st_native_chunk(w->native, c, why);
}

static void begin_with(worker *w)
{
    if (w->remote)
        st_remote_begin(w->remote);
    else if (w->libevtx)
        st_libevtx_begin(w->libevtx);
    else
        st_native_begin(w->native);
}

static void decode(turn *t, const st_chunk *c)
{
    st_err why = { 0 };
    if (read_with(t->w, c, &why) != ST_OK)
        fail(t->s, &why);
}

static uint64_t found(const st_report *r)
{
    return r->records + r->slack + r->carved + r->unparsable;
}

static void chunk(turn *t, uint64_t offset, const unsigned char *p, size_t n, verdict v)
{
    st_chunk c = { .bytes = p,
                   .n = n,
                   .offset = offset,
                   .source = t->src->source,
                   .options = t->s->o,
                   .ops = t->ops,
                   .job = t->heard,
                   .report = &t->report,
                   .carved = !t->evtx,
                   .elsewhere = elsewhere,
                   .same = same,
                   .elsewhere_ctx = t,
                   .taken = t->sparing ? take : NULL };
    t->report.chunks++;
    if (t->report.chunks_end < offset + n)
        t->report.chunks_end = offset + n;
    if (n < SLOT && t->evtx)
        t->report.truncated = true;
    if (n <= ST_EVTX_FIRST_RECORD) {
        st_report_lost(&t->report, offset, n, "truncated");
        return;
    }
    if (v.bad) {
        c.flags = ST_R_CRC;
        t->report.chunks_bad++;
    }
    c.header_bad = v.header_bad;
    /* Among raw bytes it is whole only where a checksum says so. */
    bool whole = !c.flags && (t->evtx || v.checked);
    c.pieces = t->sparing && !t->evtx && !whole;
    put_span(t, &t->taken, offset, offset + (whole ? n : ST_EVTX_FIRST_RECORD));
    if (whole)
        c.taken = NULL;
    uint64_t before = found(&t->report), lost = t->report.lost.bytes;
    decode(t, &c);
    if (found(&t->report) == before && t->report.lost.bytes == lost)
        t->report.chunks_empty++;
}

/* slots */

static bool all_zero(const unsigned char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A record's signature, and binary XML where it belongs. */
static bool any_record(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i + 28 <= n; i += 8)
        if (st_le32(p + i) == ST_EVTX_RECORD_MARK && st_le32(p + i + 24) == ST_EVTX_FRAGMENT)
            return true;
    return false;
}

/* Where the chunk began whose magic is gone: an inline definition says how far it is from
 * there. 0 if nothing says so, or it began before skip. */
static size_t base_of(const unsigned char *p, size_t skip, size_t n)
{
    for (size_t i = skip; i + 66 <= n; i += 8) {
        if (st_le32(p + i) != ST_EVTX_RECORD_MARK || st_le32(p + i + 24) != ST_EVTX_FRAGMENT ||
            p[i + 28] != 0x0c)
            continue;
        uint32_t said = st_le32(p + i + 34);
        if (st_le32(p + i + 42) == st_le32(p + i + 30) && said >= ST_EVTX_FIRST_RECORD &&
            said <= i + 38 - skip)
            return i + 38 - said;
    }
    return 0;
}

/* Are chunks looked for at every byte? Else at sectors. */
static bool anywhere(const turn *t)
{
    return !t->evtx || t->s->o->carve;
}

/* The next chunk's magic behind i. n: none. */
static size_t next_chunk(const turn *t, const unsigned char *p, size_t i, size_t n)
{
    if (anywhere(t)) {
        const unsigned char *at = i + 1 < n ? memmem(p + i + 1, n - i - 1, "ElfChnk", 8) : NULL;
        return at ? (size_t)(at - p) : n;
    }
    for (i = (i / ST_EVTX_SECTOR + 1) * ST_EVTX_SECTOR; i + 8 <= n; i += ST_EVTX_SECTOR)
        if (st_evtx_is_chunk(p + i, n - i))
            return i;
    return n;
}

/* Is it more than a magic? Programs that read logs have that in them, too. */
static bool chunk_like(const unsigned char *p, size_t n)
{
    return n > ST_EVTX_FIRST_RECORD + 4 &&
           (st_le32(p + 40) == 128 || st_le32(p + ST_EVTX_FIRST_RECORD) == ST_EVTX_RECORD_MARK);
}

/* How much of the n bytes is the chunk that begins there: it may be cut short by the next. In a
 * log that one must be sound itself, as text in a record can look like anything. */
static size_t one_chunk(const turn *t, const unsigned char *p, size_t n, verdict *v)
{
    *v = judge(p, n, false);
    if (!v->bad && v->checked)
        return n;
    for (size_t i = next_chunk(t, p, 8, n); i < n; i = next_chunk(t, p, i, n))
        if (chunk_like(p + i, n - i) && (!t->evtx || header_sound(p + i))) {
            *v = judge(p, i, false);
            return i;
        }
    return n;
}

/* The chunk off the grid at that offset, if it is one. */
static bool chunk_at(turn *t, uint64_t offset)
{
    unsigned char head[ST_EVTX_FIRST_RECORD + 8];
    if (anywhere(t) && !chunk_like(head, peek(t, (int64_t)offset, head, sizeof head)))
        return false;
    size_t got = read_at(t, offset, t->w->extra, SLOT);
    verdict v;
    got = one_chunk(t, t->w->extra, got, &v);
    chunk(t, offset, t->w->extra, got, v);
    t->covered = offset + got;
    return true;
}

/* A chunk whose magic lies across the slot's end. */
static bool across(turn *t, uint64_t offset, size_t n)
{
    unsigned char edge[14];
    if (!anywhere(t) || n < 7)
        return false;
    size_t got = peek(t, (int64_t)(offset + n - 7), edge, sizeof edge);
    const unsigned char *at = got >= 8 ? memmem(edge, got, "ElfChnk", 8) : NULL;
    uint64_t begins = at ? offset + n - 7 + (uint64_t)(at - edge) : 0;
    return at && begins >= t->covered && chunk_at(t, begins);
}

/* Chunks that begin elsewhere in the slot; true when there was one. */
static bool off_grid(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    bool any = false;
    bool first = !t->evtx && st_evtx_is_chunk(p, n);
    for (size_t i = first ? 0 : next_chunk(t, p, 0, n); i < n; i = next_chunk(t, p, i, n)) {
        uint64_t covered = t->covered;
        if (offset + i < t->covered || !chunk_at(t, offset + i))
            continue;
        if (!any && t->evtx && offset >= covered && covered && !all_zero(p, i))
            no_chunk(t, offset, i);
        any = true;
    }
    return across(t, offset, n) || any;
}

/* What no chunk with a magic covers: a chunk that has lost it, or nothing that can be read. */
static void remainder_of(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    size_t skip = t->covered > offset ? (size_t)(t->covered - offset) : 0;
    if (skip >= n || (!t->evtx && t->sparing))
        return; /* among raw bytes records stand for themselves */
    bool records = any_record(p + skip, n - skip);
    size_t base = records ? base_of(p, skip, n) : 0;
    t->covered = offset + n;
    if (records && base) {
        size_t got = read_at(t, offset + base, t->w->extra, SLOT);
        chunk(t, offset + base, t->w->extra, got, judge(t->w->extra, got, true));
        t->covered = offset + base + got;
    } else if (records && !skip) {
        chunk(t, offset, p, n, judge(p, n, true));
    } else if (t->evtx && !all_zero(p + skip, n - skip)) {
        t->report.chunks_bad += !skip;
        t->report.truncated |= n < SLOT;
        no_chunk(t, offset + skip, n - skip);
    }
}

static void slot(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    if (st_evtx_is_chunk(p, n) && t->evtx) {
        verdict v;
        size_t own = one_chunk(t, p, n, &v);
        chunk(t, offset, p, own, v);
        t->covered = offset + own;
        if (own == n)
            return;
    } else if (all_zero(p, n)) {
        t->covered = offset + n;
        if (t->evtx)
            st_report_zeros(&t->report, offset, n);
        return; /* room that the log has reserved, or chunks that are gone */
    }
    if (!off_grid(t, offset, p, n))
        remainder_of(t, offset, p, n);
}

static uint64_t u64(const unsigned char *p)
{
    return st_le32(p) | (uint64_t)st_le32(p + 4) << 32;
}

/* How many chunks a header counts. It has 16 bits for that and begins again at 0, so logs of 4 GiB
 * and more are told by the number of their oldest and newest chunk, and by their size. */
static uint64_t counted(const unsigned char *p, uint64_t size)
{
    const uint64_t wrap = ST_EVTX_CHUNK;
    uint64_t count = (uint64_t)p[42] | (uint64_t)p[43] << 8, least = 0;
    uint64_t slots = size > HEADER ? (size - HEADER) / SLOT : 0;
    for (unsigned at = 8; at <= 16; at += 8) /* the oldest, the newest */
        if (u64(p + at) < ST_MAX_SOURCE_SLOTS && u64(p + at) + 1 > least)
            least = u64(p + at) + 1;
    if (least % wrap == count)
        return least;
    if (least >= wrap && least > count) /* the next that ends in these bits */
        return count + (least - count + wrap - 1) / wrap * wrap;
    if (slots >= wrap && least > count)
        return count + (slots - count) / wrap * wrap;
    return count;
}

/* The file's header; a log that begins with a chunk has lost it. */
static void header(turn *t)
{
    unsigned char *p = t->w->extra;
    size_t n = read_at(t, 0, p, HEADER);
    st_report *r = &t->report;
    uint64_t size = t->src->source->size;
    if (t->s->o->digest && t->src->digest)
        st_sha256_add(t->src->digest, p, n);
    if (!n)
        return;
    if (!t->evtx) {
        memcpy(t->w->raw, p, n);
        off_grid(t, 0, t->w->raw, n);
        return;
    }
    if (st_evtx_is_chunk(p, n)) {
        n = read_at(t, 0, p, SLOT);
        r->header_bad = t->evtx;
        chunk(t, 0, p, n, judge(p, n, false));
        t->covered = n;
        return;
    }
    t->covered = HEADER;
    if (n < HEADER)
        r->truncated = true;
    if (n < 128 || memcmp(p, "ElfFile", 8) != 0) {
        r->header_bad = true;
        memcpy(t->w->raw, p, n);
        off_grid(t, 0, t->w->raw, n);
        return;
    }
    uint32_t flags = st_le32(p + 120);
    r->dirty = (flags & 1) != 0;
    r->header_bad = !(flags & NO_CRC) && libdeflate_crc32(0, p, 120) != st_le32(p + 124);
    if (!r->header_bad)
        r->chunks_said = counted(p, size);
    if (size > HEADER && (size - HEADER) % SLOT)
        r->truncated = true;
}

/* records outside of chunks */

/* Reads a lone record, as part of its chunk where it is known where that began. */
static void lone(turn *t, uint64_t offset, const unsigned char *p, uint32_t size)
{
    st_err why = { 0 };
    st_chunk c = { .bytes = p,
                   .n = size,
                   .offset = offset,
                   .source = t->src->source,
                   .options = t->s->o,
                   .ops = t->ops,
                   .job = t->heard,
                   .report = &t->report,
                   .carved = true,
                   .elsewhere = elsewhere,
                   .elsewhere_ctx = t };
    uint32_t place = st_lone_place(p, size);
    if (place) {
        t->window = offset - place;
        t->windowed = true;
    }
    uint64_t behind = offset - t->window;
    if (t->windowed && behind >= ST_EVTX_FIRST_RECORD && behind <= SLOT - size) {
        place = (uint32_t)behind;
        c.bytes = t->w->extra;
        c.offset = t->window;
        c.n = peek(t, (int64_t)t->window, t->w->extra, SLOT);
    }
    if (c.n < place + (uint64_t)size) /* the source shrank */
        return;
    if (st_native_lone(t->w->native, &c, place, size, &why) != ST_OK)
        fail(t->s, &why);
}

/* The records that begin in one slot's share of a gap; they may end in the next slot, but not
 * in what has been read already. Returns where the last ends. */
static uint64_t lones(turn *t, uint64_t from, uint64_t upto, uint64_t last)
{
    size_t n = peek(t, (int64_t)from, t->w->raw, (size_t)(last - from)), at = 0, found = 0;
    size_t to = upto - from < n ? (size_t)(upto - from) : n;
    st_lone l;
    st_native_rest(t->w->native);
    for (; st_lone_next(t->w->raw, at, to, n, &l) && !atomic_load(&t->s->stop);) {
        if (++found > ST_MAX_LONE) {
            st_report_lost(&t->report, from + l.at, to - l.at, "limit");
            return upto;
        }
        at = l.at + (l.cut ? 28 : l.size);
        put_span(t, &t->taken, from + l.at, from + at);
        if (!l.cut) {
            lone(t, from + l.at, t->w->raw + l.at, l.size);
            continue;
        }
        st_lone next;
        size_t limit = l.size < to - l.at ? l.at + l.size : to;
        size_t end = st_lone_next(t->w->raw, at, limit, n, &next) ? next.at : limit;
        t->report.unparsable++;
        st_report_lost(&t->report, from + l.at, end - l.at, "truncated");
    }
    return from + at;
}

/* A stretch that nothing was read of. beyond: how far a record that begins in it may reach.
 * Returns where the last ends, or the stretch. */
static uint64_t gap(turn *t, uint64_t from, uint64_t to, uint64_t beyond)
{
    while (from < to && !atomic_load(&t->s->stop)) {
        uint64_t upto = to - from > SLOT ? from + SLOT : to;
        uint64_t last = beyond - from > (uint64_t)2 * SLOT ? from + (uint64_t)2 * SLOT : beyond;
        uint64_t end = lones(t, from, upto, last);
        from = end > upto ? end : upto;
    }
    return from;
}

static int by_place(const void *a, const void *b)
{
    const span *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void sort_spans(spans *s)
{
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, by_place);
}

/* Reports of each stretch that is no chunk's what was not read. */
static void report_unread(turn *t)
{
    size_t k = 0;
    sort_spans(&t->taken);
    for (size_t i = 0; i < t->unread.n; i++) {
        span u = t->unread.list[i];
        while (k && t->taken.list[k - 1].to > u.from)
            k--;
        for (; k < t->taken.n && t->taken.list[k].from < u.to; k++) {
            span v = t->taken.list[k];
            if (v.to <= u.from)
                continue;
            if (v.from > u.from)
                st_report_lost(&t->report, u.from, v.from - u.from, "not-a-chunk");
            u.from = v.to;
        }
        if (u.from < u.to)
            st_report_lost(&t->report, u.from, u.to - u.from, "not-a-chunk");
    }
}

/* Where the first chunk at or behind offset begins, if in that slot: records that begin before
 * it don't reach into it. */
static uint64_t next_magic(turn *t, uint64_t offset)
{
    uint64_t size = t->src->source->size;
    size_t n = peek(t, (int64_t)offset, t->w->raw, SLOT), i = 0;
    if (!st_evtx_is_chunk(t->w->raw, n))
        i = next_chunk(t, t->w->raw, 0, n);
    while (i < n && !chunk_like(t->w->raw + i, n - i))
        i = next_chunk(t, t->w->raw, i, n);
    return i < n ? offset + i : size;
}

/* Reads the lone records of [from, to) when the chunks there have been read, so that each record
 * is read once, and in its chunk if that is there. Returns where the last ends. */
static uint64_t carve(turn *t, uint64_t from, uint64_t to)
{
    size_t n = t->taken.n; /* lone records are put behind them */
    sort_spans(&t->taken);
    for (size_t i = 0; i < n && from < to; i++) {
        span v = t->taken.list[i];
        if (v.from > from)
            from = gap(t, from, v.from < to ? v.from : to, v.from);
        from = v.to > from ? v.to : from;
    }
    return from < to ? gap(t, from, to, next_magic(t, to)) : from;
}

/* runs */

/* Hashes the run's bytes when all before them have been; runs are begun in order, so the
 * one that is waited for is under way. */
static void digest_run(turn *t, size_t n)
{
    scan *s = t->s;
    source_state *src = t->src;
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

/* Reads what stands before the run once more, without a word, and so learns what the run before
 * has: how far its last chunk reaches, which of its records are live, where the chunk of its
 * last lone record began. A chunk on the grid depends on nothing before it; elsewhere two slots
 * tell. Returns how far what was read reaches. */
static uint64_t rehearse(turn *t)
{
    static const st_scan_ops silent = { .want = silent_want, .record = silent_record };
    uint64_t start = place_of(t->r->slot), first = t->r->slot - 1, reach;
    unsigned char head[8] = { 0 };
    bool on_grid =
        t->evtx && st_evtx_is_chunk(head, peek(t, (int64_t)place_of(first), head, sizeof head));
    first -= !on_grid && first;
    reach = place_of(first);
    turn before = { .s = t->s,
                    .w = t->w,
                    .r = t->r,
                    .src = t->src,
                    .evtx = t->evtx,
                    .ops = &silent,
                    .sparing = t->sparing };
    for (uint64_t k = first; k < t->r->slot; k++)
        slot(&before, place_of(k), t->w->bytes, peek(t, (int64_t)place_of(k), t->w->bytes, SLOT));
    if (t->sparing)
        reach = carve(&before, reach, start);
    for (size_t i = 0; i < before.taken.n; i++)
        if (before.taken.list[i].to > start)
            put_span(t, &t->taken, start, before.taken.list[i].to);
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

static void read_slots(turn *t, size_t *total)
{
    uint64_t data = 0; /* before it lie only holes */
    scan *s = t->s;
    for (uint64_t k = 0; k < s->run_slots && !atomic_load(&s->stop); k++) {
        uint64_t offset = place_of(t->r->slot + k);
        if (!s->o->digest && k == 0)
            data = st_file_data(t->w->file, offset);
        if (data >= offset + SLOT) { /* as if it had been read: room that is reserved */
            t->covered = offset + SLOT;
            skip_zeros(&t->report, t->src->source, offset, offset + SLOT);
            continue;
        }
        unsigned char *p = t->w->bytes + (s->o->digest ? k * SLOT : 0);
        size_t n = read_at(t, offset, p, SLOT);
        if (!n)
            break;
        *total += n;
        slot(t, offset, p, n);
    }
}

static void read_run(turn *t)
{
    scan *s = t->s;
    size_t total = 0;
    uint64_t from = 0, to = place_of(t->r->slot + s->run_slots);
    if (t->r->slot)
        from = rehearse(t);
    else
        header(t);
    read_slots(t, &total);
    if (t->sparing) {
        uint64_t start = t->r->slot ? place_of(t->r->slot) : 0;
        carve(t, from > start ? from : start,
              to < t->src->source->size ? to : t->src->source->size);
        report_unread(t);
    }
    if (s->o->digest)
        digest_run(t, t->src->digest ? total : 0);
    if (st_file_size(t->w->file) != t->src->source->size)
        t->r->changed = true;
    if (s->ops->progress) {
        uint64_t done = atomic_fetch_add(&s->done, total) + total;
        s->ops->progress(s->ctx, done, s->total);
    }
}

/* Slots of zeros before `end` are chunks that are gone, as far as some are. How many were. */
static uint64_t lose_zeros(st_report *r, uint64_t end, uint64_t missing)
{
    uint64_t gone = 0;
    for (size_t i = 0; i < r->zeros.n && gone < missing; i++) {
        const st_range *z = &r->zeros.list[i];
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

/* Chunks that a clean header counts and the file hasn't are gone: zeroed, or cut off at a border.
 * The header of a log in use may be older than its chunks and so counts too few, and one that can't
 * be believed says nothing: then what lies between chunks is looked at alone. */
static void count_missing(st_source *it)
{
    st_report *r = &it->report;
    uint64_t missing = r->chunks_said > r->chunks ? r->chunks_said - r->chunks : 0;
    uint64_t end = HEADER + r->chunks_said * SLOT;
    if (!is_log(it))
        return;
    if (r->header_bad)
        missing = UINT64_MAX;
    if (r->dirty || r->header_bad)
        end = r->chunks_end;
    uint64_t gone = lose_zeros(r, end, missing);
    if (!r->dirty && !r->header_bad) {
        r->truncated |= gone < missing && it->size < end;
        gone = missing;
    }
    r->chunks_missing = gone;
}

static void finish_source(source_state *src)
{
    st_source *it = src->source;
    const st_report *r = &it->report;
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
static void end_runs(scan *s)
{
    while (s->next < s->nruns && s->runs[s->next].done) {
        run *r = &s->runs[s->next++];
        source_state *src = &s->sources[r->source];
        src->changed |= r->changed;
        src->unreadable |= r->unreadable;
        if (r->report)
            st_report_merge(&src->source->report, r->report);
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
    scan *s = ctx;
    run *r = &s->runs[number];
    source_state *src = &s->sources[r->source];
    turn t = { .s = s,
               .w = &s->workers[thread],
               .r = r,
               .src = src,
               .ops = s->ops->part ? &s->watched : s->ops,
               .evtx = is_log(src->source),
               .sparing = s->o->carve && s->o->engine == ST_ENGINE_NATIVE };
    hold_back(s, number);
    st_report *report = calloc(1, sizeof *report);
    if (!report)
        fail(s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a report" });
    if (report && !atomic_load(&s->stop)) {
        r->job = s->ops->begin ? s->ops->begin(s->ctx, thread, src->place) : NULL;
        r->begun = true;
        t.job = r->job;
        t.heard = s->ops->part ? (void *)&t : t.job;
        begin_with(t.w);
        if (open_source(&t))
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

static size_t runs_of(const scan *s, const st_source *it)
{
    uint64_t slots = it->size > HEADER ? (it->size - HEADER + SLOT - 1) / SLOT : 0;
    slots = slots < ST_MAX_SOURCE_SLOTS ? slots : ST_MAX_SOURCE_SLOTS;
    uint64_t runs = (slots + s->run_slots - 1) / s->run_slots;
    return runs ? (size_t)runs : 1;
}

/* The run after number k that isn't a hole from end to end; how many there are if none follows. */
static size_t next_run(const scan *s, const st_file *f, const st_source *it, size_t k, size_t runs)
{
    uint64_t from = place_of((uint64_t)++k * s->run_slots);
    uint64_t data = f && k < runs ? st_file_data(f, from) : from, step = s->run_slots * SLOT;
    if (k >= runs || data < from + step)
        return k;
    if (data >= it->size)
        return runs;
    k = (size_t)((data - HEADER) / step);
    return k < runs ? k : runs;
}

/* Makes the runs of a source. Holes of a sparse file, which may claim any size, make none; with
 * digests every byte counts. */
static bool plan_source(scan *s, source_state *src, size_t *cap)
{
    st_source *it = src->source;
    st_file *f = NULL;
    st_err why = { 0 };
    size_t runs = runs_of(s, it);
    if (runs > 1 && !s->o->digest && st_file_open(it, &f, &why) != ST_OK)
        f = NULL;
    src->first = s->nruns;
    bool ok = true;
    for (size_t k = 0, next; ok && k < runs; k = next) {
        ok = st_grow(&s->runs, cap, s->nruns + 1, sizeof *s->runs);
        if (ok)
            s->runs[s->nruns++] =
                (run){ .source = (size_t)(src - s->sources), .slot = (uint64_t)k * s->run_slots };
        next = next_run(s, f, it, k, runs);
        if (next > k + 1)
            skip_zeros(&it->report, it, place_of((k + 1) * s->run_slots),
                       place_of(next * s->run_slots));
    }
    if (f)
        st_file_close(f);
    src->runs = s->nruns - src->first;
    return ok;
}

static bool plan(scan *s, st_evidence *e)
{
    size_t count = st_evidence_count(e), cap = 0;
    s->sources = calloc(count + 1, sizeof *s->sources);
    if (!s->sources)
        return false;
    for (size_t i = 0; i < count; i++) {
        st_source *it = st_evidence_at(e, i);
        if (!st_source_readable(it) || it->carrier || (s->o->only && it != s->o->only))
            continue;
        source_state *src = &s->sources[s->nsources++];
        *src = (source_state){ .source = it, .place = i };
        st_report_free(&it->report);
        if (it->size > LONGEST)
            st_report_lost(&it->report, LONGEST, it->size - LONGEST, "too-long");
        s->total += it->size;
        if ((s->o->digest && !(src->digest = st_sha256_new())) || !plan_source(s, src, &cap))
            return false;
    }
    return true;
}

static bool hire(scan *s, unsigned threads)
{
    size_t bytes = s->o->digest ? SLOT * (size_t)s->run_slots : SLOT;
    s->workers = calloc(threads, sizeof *s->workers);
    if (!s->workers)
        return false;
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &s->workers[i];
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

static void dismiss(scan *s, unsigned threads)
{
    for (unsigned i = 0; s->workers && i < threads; i++) {
        worker *w = &s->workers[i];
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
    scan s = { .o = o, .ops = ops, .ctx = ctx, .err = err, .run_slots = ST_MAX_RUN_SLOTS };
    if (o->run_slots && o->run_slots < ST_MAX_RUN_SLOTS)
        s.run_slots = o->run_slots;
    unsigned threads = st_threads(o->threads);
    s.ahead = threads;
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
