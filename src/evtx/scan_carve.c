/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* scan_carve.c - records outside of chunks, looked for in the bytes that no chunk has taken. */
#include "scan.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define SLOT ST_EVTX_CHUNK

/* records outside of chunks */

/* Reads a lone record, as part of its chunk where it is known where that began. */
static void lone(st_scan_turn *t, uint64_t offset, const unsigned char *p, uint32_t size)
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
                   .elsewhere = st_scan_elsewhere,
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
        c.n = st_scan_peek(t, (int64_t)t->window, t->w->extra, SLOT);
    }
    if (c.n < place + (uint64_t)size) /* the source shrank */
        return;
    if (st_native_lone(t->w->native, &c, place, size, &why) != ST_OK)
        st_scan_fail(t->s, &why);
}

/* The records that begin in one slot's share of a gap; they may end in the next slot, but not
 * in what has been read already. Returns where the last ends. */
static uint64_t lones(st_scan_turn *t, uint64_t from, uint64_t upto, uint64_t last)
{
    size_t n = st_scan_peek(t, (int64_t)from, t->w->raw, (size_t)(last - from)), at = 0, found = 0;
    size_t to = upto - from < n ? (size_t)(upto - from) : n;
    st_lone l;
    st_native_rest(t->w->native);
    for (; st_lone_next(t->w->raw, at, to, n, &l) && !atomic_load(&t->s->stop);) {
        if (++found > ST_MAX_LONE) {
            st_report_lost(&t->report, from + l.at, to - l.at, "limit");
            return upto;
        }
        at = l.at + (l.cut ? 28 : l.size);
        st_scan_put_span(t, &t->taken, from + l.at, from + at);
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
static uint64_t gap(st_scan_turn *t, uint64_t from, uint64_t to, uint64_t beyond)
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
    const st_scan_span *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void sort_spans(st_scan_spans *s)
{
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, by_place);
}

/* Reports of each stretch that is no chunk's what was not read. */
void st_scan_report_unread(st_scan_turn *t)
{
    size_t k = 0;
    sort_spans(&t->taken);
    for (size_t i = 0; i < t->unread.n; i++) {
        st_scan_span u = t->unread.list[i];
        while (k && t->taken.list[k - 1].to > u.from)
            k--;
        for (; k < t->taken.n && t->taken.list[k].from < u.to; k++) {
            st_scan_span v = t->taken.list[k];
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
static uint64_t next_magic(st_scan_turn *t, uint64_t offset)
{
    uint64_t size = t->src->source->size;
    size_t n = st_scan_peek(t, (int64_t)offset, t->w->raw, SLOT), i = 0;
    if (!st_evtx_is_chunk(t->w->raw, n))
        i = st_scan_next_chunk(t, t->w->raw, 0, n);
    while (i < n && !st_scan_chunk_like(t->w->raw + i, n - i))
        i = st_scan_next_chunk(t, t->w->raw, i, n);
    return i < n ? offset + i : size;
}

/* Reads the lone records of [from, to) when the chunks there have been read, so that each record
 * is read once, and in its chunk if that is there. Returns where the last ends. */
uint64_t st_scan_carve(st_scan_turn *t, uint64_t from, uint64_t to)
{
    size_t n = t->taken.n; /* lone records are put behind them */
    sort_spans(&t->taken);
    for (size_t i = 0; i < n && from < to; i++) {
        st_scan_span v = t->taken.list[i];
        if (v.from > from)
            from = gap(t, from, v.from < to ? v.from : to, v.from);
        from = v.to > from ? v.to : from;
    }
    return from < to ? gap(t, from, to, next_magic(t, to)) : from;
}
