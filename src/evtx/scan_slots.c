/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_slots.c - what stands in a slot of 64 KiB: a chunk, chunks off the grid, templates that
 * other chunks lack, and what of it was read.
 */
#include "scan.h"

#include "base/limits.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define HEADER ST_EVTX_FILE_HEADER
#define SLOT ST_EVTX_CHUNK
#define NO_CRC 4u

/* reading */

void st_scan_fail(st_scan *s, const st_err *why)
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

bool st_scan_open(st_scan_turn *t)
{
    st_scan_worker *w = t->w;
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
        st_scan_fail(t->s, &why);
    t->r->unreadable = true;
    return false;
}

/* Reads up to n bytes; fewer only at the end of the source. */
size_t st_scan_read(st_scan_turn *t, uint64_t offset, unsigned char *to, size_t n)
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
size_t st_scan_peek(st_scan_turn *t, int64_t offset, unsigned char *to, size_t n)
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
static void index_slot(st_scan_turn *t, st_definitions *all, uint64_t offset, size_t n)
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
const st_definitions *st_scan_definitions(st_scan_turn *t)
{
    st_scan *s = t->s;
    pthread_mutex_lock(&s->looking);
    st_definitions *all = t->src->definitions;
    if (!all && (all = st_definitions_new()) != NULL) {
        if (s->o->carve && !t->evtx)
            index_slot(t, all, 0, st_scan_peek(t, 0, t->w->other, HEADER));
        for (uint64_t k = 0; k < ST_MAX_SOUGHT_SLOTS; k++) {
            uint64_t offset = HEADER + k * SLOT;
            size_t n = st_scan_peek(t, (int64_t)offset, t->w->other, SLOT);
            if (!n)
                break;
            index_slot(t, all, offset, n);
        }
        t->src->definitions = all;
    }
    pthread_mutex_unlock(&s->looking);
    return all;
}

bool st_scan_elsewhere(void *ctx, uint32_t id, unsigned nth, const unsigned char **bytes, size_t *n,
                       uint32_t *def)
{
    st_scan_turn *t = ctx;
    uint64_t offset;
    const st_definitions *all = st_scan_definitions(t);
    if (!all) {
        st_scan_fail(t->s,
                     &(st_err){ .code = ST_E_MEMORY, .text = "no memory for a list of templates" });
        return false;
    }
    if (!st_definitions_get(all, id, nth, &offset, def))
        return false;
    *bytes = t->w->other;
    *n = st_scan_peek(t, (int64_t)offset - *def, t->w->other, SLOT);
    return *n != 0;
}

static bool same(void *ctx, uint64_t offset, const unsigned char *p, size_t n)
{
    st_scan_turn *t = ctx;
    return n <= SLOT && st_scan_peek(t, (int64_t)offset, t->w->other, n) == n &&
           memcmp(t->w->other, p, n) == 0;
}

/* what has been read, for carving */

void st_scan_put_span(st_scan_turn *t, st_scan_spans *to, uint64_t from, uint64_t upto)
{
    if (!t->sparing || from >= upto)
        return;
    if (to->n && to->list[to->n - 1].to == from) {
        to->list[to->n - 1].to = upto;
        return;
    }
    if (!st_grow(&to->list, &to->cap, to->n + 1, sizeof *to->list)) {
        st_scan_fail(t->s, &(st_err){ .code = ST_E_MEMORY, .text = "no memory to carve" });
        return;
    }
    to->list[to->n++] = (st_scan_span){ from, upto };
}

static void take(void *ctx, uint64_t from, uint64_t to)
{
    st_scan_turn *t = ctx;
    st_scan_put_span(t, &t->taken, from, to);
}

/* Bytes that no chunk has: lost, unless carving finds records in them. */
static void no_chunk(st_scan_turn *t, uint64_t offset, uint64_t n)
{
    if (t->sparing)
        st_scan_put_span(t, &t->unread, offset, offset + n);
    else
        st_report_lost(&t->report, offset, n, "not-a-chunk");
}

static st_code read_with(st_scan_worker *w, const st_chunk *c, st_err *why)
{
    if (w->remote)
        return st_remote_chunk(w->remote, c, why);
    return w->libevtx ? st_libevtx_chunk(w->libevtx, c, why) : st_native_chunk(w->native, c, why);
}

void st_scan_begin(st_scan_worker *w)
{
    if (w->remote)
        st_remote_begin(w->remote);
    else if (w->libevtx)
        st_libevtx_begin(w->libevtx);
    else
        st_native_begin(w->native);
}

static void decode(st_scan_turn *t, const st_chunk *c)
{
    st_err why = { 0 };
    if (read_with(t->w, c, &why) != ST_OK)
        st_scan_fail(t->s, &why);
}

static uint64_t found(const st_report *r)
{
    return r->records + r->slack + r->carved + r->unparsable;
}

static void chunk(st_scan_turn *t, uint64_t offset, const unsigned char *p, size_t n, verdict v)
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
                   .elsewhere = st_scan_elsewhere,
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
    st_scan_put_span(t, &t->taken, offset, offset + (whole ? n : ST_EVTX_FIRST_RECORD));
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
static bool anywhere(const st_scan_turn *t)
{
    return !t->evtx || t->s->o->carve;
}

/* The next chunk's magic behind i. n: none. */
size_t st_scan_next_chunk(const st_scan_turn *t, const unsigned char *p, size_t i, size_t n)
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
bool st_scan_chunk_like(const unsigned char *p, size_t n)
{
    return n > ST_EVTX_FIRST_RECORD + 4 &&
           (st_le32(p + 40) == 128 || st_le32(p + ST_EVTX_FIRST_RECORD) == ST_EVTX_RECORD_MARK);
}

/* How much of the n bytes is the chunk that begins there: it may be cut short by the next. In a
 * log that one must be sound itself, as text in a record can look like anything. */
static size_t one_chunk(const st_scan_turn *t, const unsigned char *p, size_t n, verdict *v)
{
    *v = judge(p, n, false);
    if (!v->bad && v->checked)
        return n;
    for (size_t i = st_scan_next_chunk(t, p, 8, n); i < n; i = st_scan_next_chunk(t, p, i, n))
        if (st_scan_chunk_like(p + i, n - i) && (!t->evtx || header_sound(p + i))) {
            *v = judge(p, i, false);
            return i;
        }
    return n;
}

/* The chunk off the grid at that offset, if it is one. */
static bool chunk_at(st_scan_turn *t, uint64_t offset)
{
    unsigned char head[ST_EVTX_FIRST_RECORD + 8];
    if (anywhere(t) &&
        !st_scan_chunk_like(head, st_scan_peek(t, (int64_t)offset, head, sizeof head)))
        return false;
    size_t got = st_scan_read(t, offset, t->w->extra, SLOT);
    verdict v;
    got = one_chunk(t, t->w->extra, got, &v);
    chunk(t, offset, t->w->extra, got, v);
    t->covered = offset + got;
    return true;
}

/* A chunk whose magic lies across the slot's end. */
static bool across(st_scan_turn *t, uint64_t offset, size_t n)
{
    unsigned char edge[14];
    if (!anywhere(t) || n < 7)
        return false;
    size_t got = st_scan_peek(t, (int64_t)(offset + n - 7), edge, sizeof edge);
    const unsigned char *at = got >= 8 ? memmem(edge, got, "ElfChnk", 8) : NULL;
    uint64_t begins = at ? offset + n - 7 + (uint64_t)(at - edge) : 0;
    return at && begins >= t->covered && chunk_at(t, begins);
}

/* Chunks that begin elsewhere in the slot; true when there was one. */
static bool off_grid(st_scan_turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    bool any = false;
    bool first = !t->evtx && st_evtx_is_chunk(p, n);
    for (size_t i = first ? 0 : st_scan_next_chunk(t, p, 0, n); i < n;
         i = st_scan_next_chunk(t, p, i, n)) {
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
static void remainder_of(st_scan_turn *t, uint64_t offset, const unsigned char *p, size_t n)
{
    size_t skip = t->covered > offset ? (size_t)(t->covered - offset) : 0;
    if (skip >= n || (!t->evtx && t->sparing))
        return; /* among raw bytes records stand for themselves */
    bool records = any_record(p + skip, n - skip);
    size_t base = records ? base_of(p, skip, n) : 0;
    t->covered = offset + n;
    if (records && base) {
        size_t got = st_scan_read(t, offset + base, t->w->extra, SLOT);
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

void st_scan_slot(st_scan_turn *t, uint64_t offset, const unsigned char *p, size_t n)
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
void st_scan_header(st_scan_turn *t)
{
    unsigned char *p = t->w->extra;
    size_t n = st_scan_read(t, 0, p, HEADER);
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
        n = st_scan_read(t, 0, p, SLOT);
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
