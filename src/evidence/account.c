/*
 * account.c - the report of a source: counters, and which bytes gave nothing.
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

/* Neighbours with one reason grow together: true when b was taken into a. */
static bool grow_range(st_range *a, const st_range *b)
{
    if (strcmp(a->reason, b->reason) != 0)
        return false;
    if (a->offset + a->length == b->offset) {
        a->length += b->length;
        return true;
    }
    if (b->offset + b->length == a->offset) {
        a->offset = b->offset;
        a->length += b->length;
        return true;
    }
    return false;
}

/* The place of the first range that begins behind offset. */
static size_t place_of(const st_report *r, uint64_t offset)
{
    size_t lo = 0, hi = r->nranges;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->ranges[mid].offset <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void remove_range(st_report *r, size_t i)
{
    memmove(&r->ranges[i], &r->ranges[i + 1], (r->nranges - i - 1) * sizeof *r->ranges);
    r->nranges--;
}

static void insert_range(st_report *r, size_t i, const st_range *one)
{
    if (r->nranges == ST_MAX_RANGES) {
        r->ranges_dropped++;
        if (i == r->nranges)
            return;
        r->nranges--;
    } else if (!st_grow(&r->ranges, &r->ranges_cap, r->nranges + 1, sizeof *r->ranges)) {
        r->ranges_dropped++;
        return;
    }
    memmove(&r->ranges[i + 1], &r->ranges[i], (r->nranges - i) * sizeof *r->ranges);
    r->ranges[i] = *one;
    r->nranges++;
}

static void put_range(st_report *r, const st_range *one)
{
    size_t i = place_of(r, one->offset);
    if (i > 0 && grow_range(&r->ranges[i - 1], one)) {
        if (i < r->nranges && grow_range(&r->ranges[i - 1], &r->ranges[i]))
            remove_range(r, i);
        return;
    }
    if (i < r->nranges && grow_range(&r->ranges[i], one))
        return;
    insert_range(r, i, one);
}

void st_report_lost(st_report *r, uint64_t offset, uint64_t length, const char *reason)
{
    if (length == 0)
        return;
    r->bytes_lost += length;
    put_range(r, &(st_range){ .offset = offset, .length = length, .reason = reason });
}

void st_report_merge(st_report *dst, st_report *src)
{
    dst->chunks += src->chunks;
    dst->chunks_empty += src->chunks_empty;
    dst->chunks_bad += src->chunks_bad;
    dst->records += src->records;
    dst->slack += src->slack;
    dst->carved += src->carved;
    dst->ghosts += src->ghosts;
    dst->damaged += src->damaged;
    dst->borrowed += src->borrowed;
    dst->unparsable += src->unparsable;
    dst->lossy += src->lossy;
    dst->bytes_lost += src->bytes_lost;
    dst->ranges_dropped += src->ranges_dropped;
    dst->header_bad |= src->header_bad;
    dst->dirty |= src->dirty;
    dst->truncated |= src->truncated;
    for (size_t i = 0; i < src->nranges; i++)
        put_range(dst, &src->ranges[i]);
    st_report_free(src);
}

void st_report_free(st_report *r)
{
    free(r->ranges);
    memset(r, 0, sizeof *r);
}
