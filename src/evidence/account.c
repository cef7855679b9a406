/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.c - the report of a source: counters, and which bytes gave nothing.
 */
#include "ledger.h"
#include "base/search.h"

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

static bool begins_by(const void *item, const void *key)
{
    const st_range *r = item;
    const uint64_t *offset = key;
    return r->offset <= *offset;
}

/* The place of the first range that begins behind offset. */
static size_t place_of(const st_ranges *r, uint64_t offset)
{
    return st_lower_bound(r->list, r->n, sizeof *r->list, &offset, begins_by);
}

static void remove_range(st_ranges *r, size_t i)
{
    memmove(&r->list[i], &r->list[i + 1], (r->n - i - 1) * sizeof *r->list);
    r->n--;
}

static void insert_range(st_ranges *r, size_t i, const st_range *one)
{
    if (r->n == ST_MAX_RANGES) {
        r->dropped++;
        if (i == r->n)
            return;
        r->n--;
    } else if (!st_grow(&r->list, &r->cap, r->n + 1, sizeof *r->list)) {
        r->dropped++;
        return;
    }
    memmove(&r->list[i + 1], &r->list[i], (r->n - i) * sizeof *r->list);
    r->list[i] = *one;
    r->n++;
}

static void put_range(st_ranges *r, const st_range *one)
{
    size_t i = place_of(r, one->offset);
    if (i > 0 && grow_range(&r->list[i - 1], one)) {
        if (i < r->n && grow_range(&r->list[i - 1], &r->list[i]))
            remove_range(r, i);
        return;
    }
    if (i < r->n && grow_range(&r->list[i], one))
        return;
    insert_range(r, i, one);
}

static void add(st_ranges *r, uint64_t offset, uint64_t length, const char *reason)
{
    if (length == 0)
        return;
    r->bytes += length;
    put_range(r, &(st_range){ .offset = offset, .length = length, .reason = reason });
}

void st_report_lost(st_report *r, uint64_t offset, uint64_t length, const char *reason)
{
    add(&r->lost, offset, length, reason);
}

void st_report_left(st_report *r, uint64_t offset, uint64_t length, const char *reason)
{
    add(&r->left, offset, length, reason);
}

void st_report_zeros(st_report *r, uint64_t offset, uint64_t length)
{
    add(&r->zeros, offset, length, "zeros");
}

static void merge(st_ranges *dst, const st_ranges *src)
{
    dst->bytes += src->bytes;
    dst->dropped += src->dropped;
    for (size_t i = 0; i < src->n; i++)
        put_range(dst, &src->list[i]);
}

void st_report_merge(st_report *dst, st_report *src)
{
    dst->chunks += src->chunks;
    dst->chunks_empty += src->chunks_empty;
    dst->chunks_bad += src->chunks_bad;
    dst->chunks_missing += src->chunks_missing;
    if (dst->chunks_said < src->chunks_said)
        dst->chunks_said = src->chunks_said;
    if (dst->chunks_end < src->chunks_end)
        dst->chunks_end = src->chunks_end;
    dst->records += src->records;
    dst->slack += src->slack;
    dst->carved += src->carved;
    dst->ghosts += src->ghosts;
    dst->damaged += src->damaged;
    dst->borrowed += src->borrowed;
    dst->timeless += src->timeless;
    dst->unparsable += src->unparsable;
    dst->lossy += src->lossy;
    dst->header_bad |= src->header_bad;
    dst->dirty |= src->dirty;
    dst->truncated |= src->truncated;
    merge(&dst->lost, &src->lost);
    merge(&dst->left, &src->left);
    merge(&dst->zeros, &src->zeros);
    st_report_free(src);
}

void st_report_free(st_report *r)
{
    free(r->lost.list);
    free(r->left.list);
    free(r->zeros.list);
    memset(r, 0, sizeof *r);
}
