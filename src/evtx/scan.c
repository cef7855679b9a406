/*
 * scan.c - all sources, in pieces, on all threads; results in the order of the pieces.
 *
 * A piece of work (a run) is some 64 KiB slots of one source. Slots are read one by one into
 * a buffer of the thread, so that the bytes are still in its cache when they are checked
 * and decoded. What a slot is, is told by its own bytes, never by the file's header: so any
 * run can be read without another, and a lost header costs nothing.
 */
#include "engine.h"
#include "base/limits.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 4096u
#define SLOT 65536u
#define FIRST_RECORD 512u
#define SECTOR 512u
#define NO_CRC 4u
#define LONGEST (HEADER + ST_MAX_SOURCE_SLOTS * SLOT)

/* What is known of one source while it is read. */
typedef struct source_state {
    st_source *source;
    size_t place;      /* in the evidence */
    size_t first, runs;/* its runs */
    size_t merged;
    bool changed, unreadable;
    st_sha256_stream *digest;
    size_t digested;   /* runs */
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
    st_file *file;
    size_t file_of;       /* place in the list of states + 1 */
    unsigned char *bytes; /* one slot; with digests a whole run */
    unsigned char *extra; /* one slot, for chunks off the grid */
    unsigned char *other; /* one slot, for templates of other chunks */
} worker;

typedef struct scan {
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    source_state *sources;
    run *runs;
    worker *workers;
    size_t nsources, nruns, next; /* next: the run to be ended */
    uint64_t total;
    atomic_uint_fast64_t done;
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t turn; /* a run of some source has been digested */
    st_code code;
    st_err *err;
} scan;

/* A template that was looked for in the whole source. */
typedef struct sought {
    uint32_t id, def; /* def 0: it isn't there */
    uint64_t offset;  /* of the chunk */
} sought;

/* A run under way. */
typedef struct turn {
    scan *s;
    worker *w;
    run *r;
    source_state *src;
    st_report report;
    uint64_t covered; /* chunks off the grid reach up to here */
    bool evtx;        /* not a file of another kind that is only carved */
    sought sought[ST_MAX_SOUGHT];
    size_t nsought;
} turn;

static uint32_t u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

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

/* ---- reading ---------------------------------------------------------------------------- */

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

/* ---- chunks -------------------------------------------------------------------------------- */

static bool header_sound(const unsigned char *p)
{
    uint32_t crc = libdeflate_crc32(0, p, 120);
    return libdeflate_crc32(crc, p + 128, 384) == u32(p + 124);
}

/* Checks what can be checked; false: a checksum is wrong. */
static bool sound(const unsigned char *p, size_t n, bool *header_bad)
{
    uint32_t free_at = u32(p + 48);
    if (u32(p + 120) & NO_CRC)
        return true;
    *header_bad = *header_bad || !header_sound(p);
    if (*header_bad)
        return false;
    if (free_at < FIRST_RECORD || free_at > SLOT)
        return false;
    if (free_at > n) /* cut: what is left can't be checked */
        return true;
    return libdeflate_crc32(0, p + FIRST_RECORD, free_at - FIRST_RECORD) == u32(p + 52);
}

/* ---- templates of other chunks ----------------------------------------------------------------- */

static bool has_magic(const unsigned char *p, size_t n)
{
    return n >= 8 && memcmp(p, "ElfChnk", 8) == 0;
}

/* The place of an inline definition: 0c 01 id, an offset that is the next byte's, the id again. */
static uint32_t inline_definition(const unsigned char *p, size_t n, uint32_t id)
{
    for (size_t at = FIRST_RECORD; at + 38 <= n; at++) {
        const unsigned char *token = memchr(p + at, 0x0c, n - 37 - at);
        if (!token)
            return 0;
        at = (size_t)(token - p);
        if (u32(token + 2) == id && u32(token + 6) == at + 10 && u32(token + 14) == id)
            return (uint32_t)at + 10;
    }
    return 0;
}

/* The first chunk of the source that has it, whichever chunk asks: the answer must not
 * depend on how the work is shared out. */
static void seek_template(turn *t, sought *it)
{
    for (uint64_t k = 0; k < ST_MAX_SOUGHT_SLOTS && !it->def; k++) {
        it->offset = HEADER + k * SLOT;
        size_t n = read_at(t, it->offset, t->w->other, SLOT);
        if (!n)
            return;
        if (has_magic(t->w->other, n))
            it->def = inline_definition(t->w->other, n, it->id);
    }
}

static bool elsewhere(void *ctx, uint32_t id, const unsigned char **bytes, size_t *n, uint32_t *def)
{
    turn *t = ctx;
    sought *it = t->sought;
    while (it < t->sought + t->nsought && it->id != id)
        it++;
    if (it == t->sought + ST_MAX_SOUGHT)
        return false;
    if (it == t->sought + t->nsought) {
        t->nsought++;
        it->id = id;
        seek_template(t, it);
    }
    *bytes = t->w->other;
    *def = it->def;
    *n = it->def ? read_at(t, it->offset, t->w->other, SLOT) : 0;
    return *n != 0;
}

static void decode(turn *t, const st_chunk *c)
{
    worker *w = t->w;
    st_err why = { 0 };
    st_code code = t->s->o->engine == ST_ENGINE_LIBEVTX ? st_libevtx_chunk(w->libevtx, c, &why)
                                                        : st_native_chunk(w->native, c, &why);
    if (code != ST_OK)
        fail(t->s, &why);
}

static uint64_t found(const st_report *r)
{
    return r->records + r->slack + r->carved + r->unparsable;
}

static void chunk(turn *t, uint64_t offset, const unsigned char *p, size_t n, bool header_bad)
{
    st_chunk c = { .bytes = p, .n = n, .offset = offset, .source = t->src->source,
                   .options = t->s->o, .ops = t->s->ops, .job = t->r->job,
                   .report = &t->report, .carved = !t->evtx,
                   .elsewhere = elsewhere, .elsewhere_ctx = t };
    t->report.chunks++;
    if (n < SLOT && t->evtx)
        t->report.truncated = true;
    if (n <= FIRST_RECORD) {
        st_report_lost(&t->report, offset, n, "truncated");
        return;
    }
    if (!sound(p, n, &header_bad)) {
        c.flags = ST_R_CRC;
        t->report.chunks_bad++;
    }
    c.header_bad = header_bad;
    uint64_t before = found(&t->report), lost = t->report.bytes_lost;
    decode(t, &c);
    if (found(&t->report) == before && t->report.bytes_lost == lost)
        t->report.chunks_empty++;
}

/* ---- slots ------------------------------------------------------------------------------------ */

static bool all_zero(const unsigned char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A record's signature, and binary XML where it belongs. */
static bool any_record(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i + 28 <= n; i += 8)
        if (u32(p + i) == 0x2a2a && u32(p + i + 24) == 0x0001010f)
            return true;
    return false;
}

/* Where the chunk began whose magic is gone: an inline definition says how far it is from
 * there. 0 if nothing says so, or it began before skip. */
static size_t base_of(const unsigned char *p, size_t skip, size_t n)
{
    for (size_t i = skip; i + 66 <= n; i += 8) {
        if (u32(p + i) != 0x2a2a || u32(p + i + 24) != 0x0001010f || p[i + 28] != 0x0c)
            continue;
        uint32_t said = u32(p + i + 34);
        if (u32(p + i + 42) == u32(p + i + 30) && said >= FIRST_RECORD && said <= i + 38 - skip)
            return i + 38 - said;
    }
    return 0;
}

/* The next chunk's magic behind i: at a sector in a log, anywhere in other files. n: none. */
static size_t next_chunk(const turn *t, const unsigned char *p, size_t i, size_t n)
{
    if (!t->evtx) {
        const unsigned char *at = i + 1 < n ? memmem(p + i + 1, n - i - 1, "ElfChnk", 8) : NULL;
        return at ? (size_t)(at - p) : n;
    }
    for (i = (i / SECTOR + 1) * SECTOR; i + 8 <= n; i += SECTOR)
        if (has_magic(p + i, n - i))
            return i;
    return n;
}

/* Chunks that begin elsewhere in the slot; true when there was one. */
static bool off_grid(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    bool any = false;
    for (size_t i = next_chunk(t, p, 0, n); i < n; i = next_chunk(t, p, i, n)) {
        if (offset + i < t->covered)
            continue;
        if (!any && t->evtx && offset >= t->covered && t->covered && !all_zero(p, i))
            st_report_lost(&t->report, offset, i, "not-a-chunk");
        any = true;
        size_t got = read_at(t, offset + i, t->w->extra, SLOT);
        chunk(t, offset + i, t->w->extra, got, false);
        t->covered = offset + i + got;
    }
    return any;
}

/* How far a chunk off the grid that begins in the slot before reaches into this one. */
static uint64_t covered_before(turn *t, uint64_t offset)
{
    uint64_t before = offset - SLOT, reach = before;
    size_t n = read_at(t, before, t->w->extra, SLOT);
    if (has_magic(t->w->extra, n))
        return offset;
    for (size_t i = next_chunk(t, t->w->extra, 0, n); i < n;
         i = next_chunk(t, t->w->extra, i, n))
        if (before + i >= reach)
            reach = before + i + SLOT;
    return reach > offset ? reach : offset;
}

/* What no chunk with a magic covers: a chunk that has lost it, or nothing that can be read. */
static void remainder_of(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    size_t skip = t->covered > offset ? (size_t)(t->covered - offset) : 0;
    if (skip >= n)
        return;
    bool records = any_record(p + skip, n - skip);
    size_t base = records ? base_of(p, skip, n) : 0;
    t->covered = offset + n;
    if (records && base) {
        size_t got = read_at(t, offset + base, t->w->extra, SLOT);
        chunk(t, offset + base, t->w->extra, got, true);
        t->covered = offset + base + got;
    } else if (records && !skip) {
        chunk(t, offset, p, n, true);
    } else if (t->evtx && !all_zero(p + skip, n - skip)) {
        t->report.chunks_bad += !skip;
        t->report.truncated |= n < SLOT;
        st_report_lost(&t->report, offset + skip, n - skip, "not-a-chunk");
    }
}

static void slot(turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    if (has_magic(p, n)) {
        chunk(t, offset, p, n, false);
        t->covered = offset + n;
        return;
    }
    if (all_zero(p, n)) {
        t->covered = offset + n;
        return; /* room that the log has reserved */
    }
    if (t->r->slot && offset == HEADER + t->r->slot * SLOT)
        t->covered = covered_before(t, offset);
    if (!off_grid(t, offset, p, n))
        remainder_of(t, offset, p, n);
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
    if (has_magic(p, n)) {
        n = read_at(t, 0, p, SLOT);
        r->header_bad = t->evtx;
        chunk(t, 0, p, n, false);
        t->covered = n;
        return;
    }
    if (!t->evtx)
        return;
    t->covered = HEADER;
    if (n < HEADER)
        r->truncated = true;
    if (n < 128 || memcmp(p, "ElfFile", 8) != 0) {
        r->header_bad = true;
        return;
    }
    uint32_t flags = u32(p + 120);
    r->dirty = (flags & 1) != 0;
    r->header_bad = !(flags & NO_CRC) && libdeflate_crc32(0, p, 120) != u32(p + 124);
    if (size > HEADER && (size - HEADER) % SLOT)
        r->truncated = true;
}

/* ---- runs --------------------------------------------------------------------------------------- */

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

static void read_run(turn *t)
{
    scan *s = t->s;
    size_t total = 0;
    if (t->r->slot == 0)
        header(t);
    uint64_t data = 0; /* before it lie only holes */
    for (uint64_t k = 0; k < ST_MAX_RUN_SLOTS && !atomic_load(&s->stop); k++) {
        uint64_t offset = HEADER + (t->r->slot + k) * SLOT;
        if (!s->o->digest && k == 0)
            data = st_file_data(t->w->file, offset);
        if (data >= offset + SLOT) { /* as if it had been read: room that is reserved */
            t->covered = offset + SLOT;
            continue;
        }
        unsigned char *p = t->w->bytes + (s->o->digest ? k * SLOT : 0);
        size_t n = read_at(t, offset, p, SLOT);
        if (!n)
            break;
        total += n;
        slot(t, offset, p, n);
    }
    if (s->o->digest && t->src->digest)
        digest_run(t, total);
    else if (s->o->digest)
        digest_run(t, 0);
    if (st_file_size(t->w->file) != t->src->source->size)
        t->r->changed = true;
    if (s->ops->progress) {
        uint64_t done = atomic_fetch_add(&s->done, total) + total;
        s->ops->progress(s->ctx, done, s->total);
    }
}

static void finish_source(scan *s, source_state *src)
{
    st_source *it = src->source;
    const st_report *r = &it->report;
    (void)s;
    if (src->digest) {
        st_sha256_end(src->digest, it->sha256);
        src->digest = NULL;
        it->digested = !src->unreadable;
    }
    if (src->unreadable) {
        it->status = ST_S_UNREADABLE;
        it->reason = ST_STR("it could not be opened again");
    } else if (src->changed) {
        it->status = ST_S_CHANGED;
    } else if (r->bytes_lost || r->chunks_bad || r->truncated) {
        it->status = ST_S_DAMAGED;
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
            finish_source(s, src);
    }
}

static void work(void *ctx, unsigned thread, size_t number)
{
    scan *s = ctx;
    run *r = &s->runs[number];
    source_state *src = &s->sources[r->source];
    turn t = { .s = s, .w = &s->workers[thread], .r = r, .src = src,
               .evtx = st_str_eq(src->source->kind, ST_STR("evtx")) };
    st_report *report = calloc(1, sizeof *report);
    if (!report)
        fail(s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a report" });
    if (report && !atomic_load(&s->stop)) {
        r->job = s->ops->begin ? s->ops->begin(s->ctx, thread, src->place) : NULL;
        r->begun = true;
        if (s->o->engine == ST_ENGINE_NATIVE)
            st_native_begin(t.w->native);
        else
            st_libevtx_begin(t.w->libevtx);
        if (open_source(&t))
            read_run(&t);
        else if (s->o->digest)
            digest_run(&t, 0);
    }
    pthread_mutex_lock(&s->lock);
    if (report)
        *report = t.report;
    else
        st_report_free(&t.report);
    r->report = report;
    r->done = true;
    end_runs(s);
    pthread_mutex_unlock(&s->lock);
}

/* ---- beginning and end ------------------------------------------------------------------------------ */

static size_t runs_of(const st_source *s)
{
    uint64_t slots = s->size > HEADER ? (s->size - HEADER + SLOT - 1) / SLOT : 0;
    slots = slots < ST_MAX_SOURCE_SLOTS ? slots : ST_MAX_SOURCE_SLOTS;
    uint64_t runs = (slots + ST_MAX_RUN_SLOTS - 1) / ST_MAX_RUN_SLOTS;
    return runs ? (size_t)runs : 1;
}

static bool plan(scan *s, st_evidence *e)
{
    size_t count = st_evidence_count(e), runs = 0;
    s->sources = calloc(count + 1, sizeof *s->sources);
    if (!s->sources)
        return false;
    for (size_t i = 0; i < count; i++) {
        st_source *it = st_evidence_at(e, i);
        if (!st_source_readable(it))
            continue;
        source_state *src = &s->sources[s->nsources++];
        *src = (source_state){ .source = it, .place = i, .first = runs, .runs = runs_of(it) };
        st_report_free(&it->report);
        if (it->size > LONGEST)
            st_report_lost(&it->report, LONGEST, it->size - LONGEST, "too-long");
        runs += src->runs;
        s->total += it->size;
        if (s->o->digest && !(src->digest = st_sha256_new()))
            return false;
    }
    s->runs = calloc(runs + 1, sizeof *s->runs);
    if (!s->runs)
        return false;
    for (size_t i = 0; i < s->nsources; i++)
        for (size_t k = 0; k < s->sources[i].runs; k++)
            s->runs[s->nruns++] = (run){ .source = i, .slot = (uint64_t)k * ST_MAX_RUN_SLOTS };
    return true;
}

static bool hire(scan *s, unsigned threads)
{
    size_t bytes = s->o->digest ? (size_t)SLOT * ST_MAX_RUN_SLOTS : SLOT;
    s->workers = calloc(threads, sizeof *s->workers);
    if (!s->workers)
        return false;
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &s->workers[i];
        w->bytes = malloc(bytes);
        w->extra = malloc(SLOT);
        w->other = malloc(SLOT);
        if (s->o->engine == ST_ENGINE_LIBEVTX)
            w->libevtx = st_libevtx_new();
        else
            w->native = st_native_new();
        if (!w->bytes || !w->extra || !w->other || (!w->native && !w->libevtx))
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
        free(w->bytes);
        free(w->extra);
        free(w->other);
    }
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
    scan s = { .o = o, .ops = ops, .ctx = ctx, .err = err };
    unsigned threads = st_threads(o->threads);
    if (pthread_mutex_init(&s.lock, NULL) != 0)
        return st_fail(err, ST_E_MEMORY, "no memory for a lock");
    if (pthread_cond_init(&s.turn, NULL) != 0) {
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
    pthread_mutex_destroy(&s.lock);
    return s.code;
}
