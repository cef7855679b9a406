/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.c - the native reader: the records of a chunk, sound ones, damaged ones, and those
 * left over in the space behind.
 *
 * A record states its size twice. Where the two disagree the loss is narrowed: the next
 * signature that makes sense bounds it, and what stands before is still tried.
 */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define ID_STEP 4096u /* how far record numbers may jump over a loss */

st_native *st_native_new(void)
{
    st_native *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->named = NT_NONE;
    s->by_offset = calloc(ST_EVTX_CHUNK, sizeof *s->by_offset);
    s->at = calloc((size_t)ST_MAX_NEST * ST_MAX_SUBST, sizeof *s->at);
    s->values = calloc((size_t)ST_MAX_NEST * ST_MAX_SUBST, sizeof *s->values);
    if (!s->by_offset || !s->at || !s->values) {
        st_native_free(s);
        return NULL;
    }
    return s;
}

void st_native_free(st_native *s)
{
    if (!s)
        return;
    nt_kept_clear(s);
    free(s->kept_plans);
    nt_names_clear(&s->names);
    st_arena_free(&s->text);
    st_arena_free(&s->kept);
    nt_render_free(s->render);
    st_buf_free(&s->xml);
    free(s->pieces);
    free(s->fields);
    free(s->plans);
    free(s->by_offset);
    free(s->at);
    free(s->values);
    free(s->out);
    st_repeats_free(&s->repeats);
    free(s);
}

void st_native_begin(st_native *s)
{
    st_repeats_begin(&s->repeats);
}

/* what stands at a place */

static const char ZEROS[] = "zeros";

static bool has_magic(const st_native *s, uint32_t at)
{
    return nt_has(at, s->n, 4) && st_le32(s->b + at) == ST_EVTX_RECORD_MARK;
}

static bool size_fits(const st_native *s, uint32_t at, uint32_t end, uint32_t *size)
{
    if (!nt_has(at, end, ST_EVTX_RECORD_MIN))
        return false;
    *size = st_le32(s->b + at + 4);
    return *size >= ST_EVTX_RECORD_MIN && *size <= end - at;
}

/* Both sizes agree. */
static bool sized(const st_native *s, uint32_t at, uint32_t end, uint32_t *size)
{
    return size_fits(s, at, end, size) && st_le32(s->b + at + *size - 4) == *size;
}

/* Behind the header: a time that can be, and binary XML. */
static bool plausible(const st_native *s, uint32_t at)
{
    if (!nt_has(at, s->n, ST_EVTX_RECORD_MIN + 4))
        return false;
    uint64_t time = st_le64(s->b + at + 16);
    return time >= ST_EVTX_TIME_MIN && time < ST_EVTX_TIME_MAX &&
           st_le32(s->b + at + 24) == ST_EVTX_FRAGMENT;
}

/* All of a record but for its time. */
static bool timeless(const st_native *s, uint32_t at, uint32_t *size)
{
    return sized(s, at, s->n, size) && *size >= ST_EVTX_RECORD_MIN + 4 &&
           st_le32(s->b + at + 24) == ST_EVTX_FRAGMENT;
}

static bool record_like(const st_native *s, uint32_t at, uint32_t end)
{
    uint32_t size;
    return has_magic(s, at) && (plausible(s, at) || sized(s, at, end, &size));
}

/* The first signature from `at` on, in steps of eight; end if there is none. */
static uint32_t next_magic(const st_native *s, uint32_t at, uint32_t end)
{
    uint32_t phase = at & 7;
    while (nt_has(at, end, ST_EVTX_RECORD_MIN)) {
        const unsigned char *p = memchr(s->b + at, ST_EVTX_RECORD_MARK & 0xff, end - at);
        if (!p)
            return end;
        uint32_t found = (uint32_t)(p - s->b);
        if ((found & 7) == phase && has_magic(s, found))
            return found;
        at = found + 1 + ((phase - (found + 1)) & 7);
    }
    return end;
}

/* The next place behind `at` where a record seems to begin; end if there is none. */
static uint32_t next_record(const st_native *s, uint32_t at, uint32_t end)
{
    for (at = next_magic(s, at + 8, end); at < end; at = next_magic(s, at + 8, end))
        if (record_like(s, at, end))
            return at;
    return end;
}

/* live records */

static void lost(st_native *s, uint32_t at, uint32_t n, const char *reason)
{
    if (n)
        st_report_lost(s->c->report, s->c->offset + at, n, reason);
}

static void taken(st_native *s, uint32_t at, uint32_t n)
{
    if (s->c->taken)
        s->c->taken(s->c->elsewhere_ctx, s->c->offset + at, s->c->offset + at + n);
}

/* Reads a live record that takes the bytes up to next; true when it gave something. */
static bool live(st_native *s, uint32_t at, uint32_t end, uint32_t next, unsigned flags,
                 const char *damage)
{
    const char *reason;
    st_report *report = s->c->report;
    bool carved = s->c->carved;
    bool read = nt_record(s, at, end, carved ? ST_O_CARVED : ST_O_LIVE, flags, damage, &reason);
    if (reason && damage == ZEROS) /* what is met first in them tells less */
        reason = damage;
    taken(s, at, damage ? ST_EVTX_RECORD_MIN : next - at);
    if (s->failed)
        return false;
    if (!read)
        report->unparsable++;
    else if (carved)
        report->carved++;
    else
        report->records++;
    if (read && reason)
        report->damaged++;
    if (!read || reason)
        lost(s, at, next - at, reason ? reason : "bad-token");
    return read;
}

/* Does a size that nothing confirms take in a sound record? */
static bool holds_record(const st_native *s, uint32_t at, uint32_t end)
{
    uint32_t inner = next_record(s, at, end), size;
    return inner < end && sized(s, inner, end, &size);
}

/* Bytes from `at` to `next` that end in zeros where the record's own should stand: a tail that was
 * never written, or was wiped. */
static bool ends_in_zeros(const st_native *s, uint32_t at, uint32_t end, uint32_t next)
{
    enum { LEAST = 16 };
    uint32_t zeros = next, size = 0, upto;
    while (zeros > at && s->b[zeros - 1] == 0)
        zeros--;
    upto = size_fits(s, at, end, &size) ? at + size - 4 : at + ST_EVTX_RECORD_MIN;
    return next - zeros >= LEAST && zeros <= upto;
}

/* A record whose sizes don't agree, or something else. Returns where to go on. */
static uint32_t odd(st_native *s, uint32_t at, uint32_t end)
{
    uint32_t size = 0, next;
    if (size_fits(s, at, end, &size) && has_magic(s, at) && plausible(s, at) &&
        (at + size == end || record_like(s, at + size, end)) && !holds_record(s, at, at + size)) {
        live(s, at, at + size - 4, at + size, ST_R_TRAILER,
             ends_in_zeros(s, at, end, at + size) ? ZEROS : NULL);
        return at + size;
    }
    if (!has_magic(s, at) && sized(s, at, end, &size) && plausible(s, at)) {
        live(s, at, at + size - 4, at + size, ST_R_REPAIRED, NULL);
        return at + size;
    }
    next = next_record(s, at, end);
    bool past =
        !size_fits(s, at, end, &size) && size > end - at && nt_has(at, end, ST_EVTX_RECORD_MIN);
    bool zeros = ends_in_zeros(s, at, end, next);
    const char *reason = past && s->n < ST_EVTX_CHUNK && next == s->n ? "truncated"
                         : past                                       ? "size-out-of-chunk"
                         : zeros                                      ? ZEROS
                                                                      : "bad-size";
    if (!plausible(s, at)) {
        lost(s, at, next - at, zeros ? ZEROS : has_magic(s, at) ? "bad-record" : "gap");
        s->c->report->unparsable += has_magic(s, at);
    } else {
        /* In front of a record stands the size of the one before, right or wrong. */
        bool trailer = next - at >= ST_EVTX_RECORD_MIN + 4 &&
                       (next < end || st_le32(s->b + next - 4) == next - at);
        live(s, at, trailer ? next - 4 : next, next, ST_R_REPAIRED, reason);
    }
    return next;
}

/* Where the live records end, by the header if it can be believed. */
static uint32_t live_end(const st_native *s, bool *sure)
{
    uint32_t said = st_le32(s->b + 48), at = ST_EVTX_FIRST_RECORD, size;
    uint64_t last = st_le64(s->b + 32), seen = 0;
    *sure = false;
    if (said < ST_EVTX_FIRST_RECORD || said > s->n)
        return s->n;
    while (at < said && has_magic(s, at) && sized(s, at, s->n, &size)) {
        seen = st_le64(s->b + at + 8);
        at += size;
    }
    *sure = !s->c->header_bad || (at == said && (seen == last || said == ST_EVTX_FIRST_RECORD));
    if (*sure && at == said && at > ST_EVTX_FIRST_RECORD && seen < last && has_magic(s, at) &&
        sized(s, at, s->n, &size) && st_le64(s->b + at + 8) == seen + 1)
        *sure = false; /* the header itself knows of more records */
    return *sure ? said : s->n;
}

/* Without a header to say where they end, live records are those numbered in sequence. A chunk
 * that may have been cut is read as far as it is in one piece; records behind a break are
 * carved one by one. */
static uint32_t walk_live(st_native *s)
{
    bool sure;
    uint32_t end = live_end(s, &sure), at = ST_EVTX_FIRST_RECORD, size;
    uint64_t last = 0;
    bool any = false, pieces = s->c->pieces;
    while (at < end && !s->failed) {
        bool sound = has_magic(s, at) && sized(s, at, end, &size);
        uint32_t from = sound ? at : next_record(s, at, end);
        if (!sound && pieces)
            return at;
        if (!sure && !record_like(s, at, end) && from == end)
            return at;
        if ((!sure || pieces) && any && from < end) {
            uint64_t number = st_le64(s->b + from + 8);
            if (number <= last || number - last > (pieces ? 1 : ID_STEP))
                return at;
        }
        if (has_magic(s, at)) {
            last = st_le64(s->b + at + 8);
            any = true;
        }
        if (sound) {
            if (live(s, at, at + size - 4, at + size, 0, NULL))
                s->failed |= !st_repeats_put(&s->repeats, s->c, at, size);
            at += size;
        } else {
            at = odd(s, at, end);
        }
    }
    return end;
}

/* what is left behind them */

static void leftover(st_native *s, uint32_t at, uint32_t size)
{
    const char *reason;
    st_report *report = s->c->report;
    taken(s, at, size);
    if (st_repeats_has(&s->repeats, s->c, at, size)) {
        report->ghosts++;
        return;
    }
    bool read = nt_record(s, at, at + size - 4, ST_O_SLACK, 0, NULL, &reason);
    if (read)
        report->slack++;
    else
        report->unparsable++;
    report->damaged += read && reason;
    if (!read || reason)
        st_report_left(report, s->c->offset + at, size, reason ? reason : "bad-token");
}

static void walk_slack(st_native *s, uint32_t at)
{
    uint32_t size;
    at = (at + 7) & ~7u;
    while ((at = next_magic(s, at, s->n)) < s->n && !s->failed) {
        if (plausible(s, at) && sized(s, at, s->n, &size)) {
            leftover(s, at, size);
            at = (at + size + 7) & ~7u;
        } else if (timeless(s, at, &size)) {
            s->c->report->timeless++;
            st_report_left(s->c->report, s->c->offset + at, size, "no-time");
            at = (at + size + 7) & ~7u;
        } else {
            at += 8;
        }
    }
}

/* And with them the plans that name them. */
static void forget_names(st_native *s)
{
    nt_kept_clear(s);
    nt_names_clear(&s->names);
}

st_code st_native_chunk(st_native *s, const st_chunk *c, st_err *err)
{
    s->c = c;
    s->b = c->bytes;
    s->n = (uint32_t)(c->n < ST_EVTX_CHUNK ? c->n : ST_EVTX_CHUNK);
    s->chunk_budget = s->xml_budget = ST_MAX_CHUNK_STEPS;
    if (s->names.n > ST_MAX_NAMES)
        forget_names(s);
    st_repeats_chunk(&s->repeats, c->offset);
    if (s->n > ST_EVTX_FIRST_RECORD) {
        uint32_t end = walk_live(s);
        if (c->options->slack && !s->c->pieces)
            walk_slack(s, end);
    }
    nt_forget_templates(s);
    if (!s->failed && !s->names.failed)
        return ST_OK;
    s->failed = s->names.failed = false;
    return st_fail(err, ST_E_MEMORY, "no memory to read a chunk");
}

void st_native_rest(st_native *s)
{
    s->chunk_budget = s->xml_budget = ST_MAX_CHUNK_STEPS;
}

st_code st_native_lone(st_native *s, const st_chunk *c, uint32_t at, uint32_t size, st_err *err)
{
    const char *reason;
    st_report *report = c->report;
    s->c = c;
    s->b = c->bytes;
    s->n = (uint32_t)(c->n < ST_EVTX_CHUNK ? c->n : ST_EVTX_CHUNK);
    if (s->names.n > ST_MAX_NAMES)
        forget_names(s);
    bool read = nt_record(s, at, at + size - 4, ST_O_CARVED, 0, NULL, &reason);
    if (read)
        report->carved++;
    else
        report->unparsable++;
    report->damaged += read && reason;
    if (!read || reason)
        lost(s, at, size, reason ? reason : "bad-token");
    nt_forget_templates(s);
    if (!s->failed && !s->names.failed)
        return ST_OK;
    s->failed = s->names.failed = false;
    return st_fail(err, ST_E_MEMORY, "no memory to read a record");
}
