/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lone.c - records without their chunk.
 *
 * A signature alone is two asterisks. With a size that is repeated where the record ends, a
 * time in the format's lifetime and the head of binary XML there is hardly a false one.
 * Offsets in a record count from its chunk, which isn't there; but a definition that stands
 * in the record begins with, or is named by, its own offset, and so tells how far away the
 * chunk began.
 */
#include "evtx/lone.h"
#include "evtx/format.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static bool head(const unsigned char *p)
{
    uint32_t size = st_le32(p + 4);
    uint64_t time = st_le32(p + 16) | (uint64_t)st_le32(p + 20) << 32;
    return st_le32(p) == ST_EVTX_RECORD_MARK && size >= ST_EVTX_RECORD_MIN + 4 &&
           size <= ST_LONE_MAX && size % 8 == 0 &&
           ((time >= ST_EVTX_TIME_MIN && time < ST_EVTX_TIME_MAX) || !time) &&
           st_le32(p + 24) == ST_EVTX_FRAGMENT;
}

bool st_lone_next(const unsigned char *p, size_t from, size_t to, size_t n, st_lone *out)
{
    while (from < to && n - from >= ST_EVTX_RECORD_MIN) {
        const unsigned char *found = memchr(p + from, ST_EVTX_RECORD_MARK & 0xff, to - from);
        if (!found || n - (size_t)(found - p) < ST_EVTX_RECORD_MIN)
            return false;
        from = (size_t)(found - p);
        if (head(found)) {
            uint32_t size = st_le32(found + 4);
            bool whole = size <= n - from && st_le32(found + size - 4) == size;
            if (!whole &&
                !(st_le32(found + 16) | st_le32(found + 20))) { /* no time: little speaks for it */
                from++;
                continue;
            }
            *out = (st_lone){ .at = from, .size = size, .cut = !whole };
            return true;
        }
        from++;
    }
    return false;
}

/* names and definitions */

/* A name's definition: next, hash, length, text, a zero. */
static bool is_name(const unsigned char *p, size_t n)
{
    uint32_t chars, h = 0;
    if (n < 10 || (chars = st_le16(p + 6)) == 0 || chars > ST_MAX_LONE_NAME ||
        n < 10 + 2 * (size_t)chars || st_le16(p + 8 + 2 * (size_t)chars))
        return false;
    for (uint32_t i = 0; i < chars; i++)
        h = h * 65599u + st_le16(p + 8 + 2 * (size_t)i);
    return (h & 0xffff) == st_le16(p + 4);
}

bool st_definition_next(const unsigned char *p, size_t from, size_t n, st_definition *out)
{
    while (from < n && n - from >= 38) {
        const unsigned char *t = memchr(p + from, 0x0c, n - from - 37);
        if (!t)
            return false;
        size_t at = (size_t)(t - p);
        uint32_t place = st_le32(t + 6);
        if (t[1] <= 1 && st_le32(t + 2) == st_le32(t + 14) && place >= ST_EVTX_FIRST_RECORD &&
            place < ST_EVTX_CHUNK - 28 && st_le32(t + 34) == ST_EVTX_FRAGMENT) {
            *out = (st_definition){ .at = at + 10, .id = st_le32(t + 2), .place = place };
            return true;
        }
        from = at + 1;
    }
    return false;
}

/* The place of what stands at `at` in the record, which is said to be `place` in the chunk. */
static uint32_t back(size_t at, uint32_t place, uint32_t size)
{
    if (place < at + ST_EVTX_FIRST_RECORD || place - at > ST_EVTX_CHUNK - size)
        return 0;
    return place - (uint32_t)at;
}

uint32_t st_lone_place(const unsigned char *record, uint32_t size)
{
    st_definition d;
    if (size < 38)
        return 0;
    if (st_definition_next(record, 28, size - 4, &d))
        return back(d.at, d.place, size);
    if ((record[28] & 0xbf) != 0x01)
        return 0;
    for (size_t at = 33; at + 14 < size;
         at++) /* written out: a name that stands where it is used */
        if (record[at + 2] == 0 && record[at + 3] == 0 && is_name(record + at + 4, size - at - 4) &&
            back(at + 4, st_le32(record + at), size))
            return back(at + 4, st_le32(record + at), size);
    return 0;
}

/* where definitions are */

typedef struct entry {
    uint32_t id, n;
    uint32_t place[ST_MAX_CANDIDATES];
    uint64_t offset[ST_MAX_CANDIDATES];
} entry;

enum { SLOTS = 8192, PROBES = 64 };

struct st_definitions {
    entry slots[SLOTS];
};

st_definitions *st_definitions_new(void)
{
    return calloc(1, sizeof(st_definitions));
}

void st_definitions_free(st_definitions *d)
{
    free(d);
}

static size_t slot_of(uint32_t id)
{
    return (size_t)(st_hash(&id, sizeof id, 0) & (SLOTS - 1));
}

void st_definitions_put(st_definitions *d, uint32_t id, uint64_t offset, uint32_t place)
{
    for (size_t i = 0, at = slot_of(id); i < PROBES; i++, at = (at + 1) & (SLOTS - 1)) {
        entry *e = &d->slots[at];
        if (e->n && e->id != id)
            continue;
        e->id = id;
        if (e->n < ST_MAX_CANDIDATES) {
            e->place[e->n] = place;
            e->offset[e->n++] = offset;
        }
        return;
    }
}

bool st_definitions_get(const st_definitions *d, uint32_t id, unsigned nth, uint64_t *offset,
                        uint32_t *place)
{
    for (size_t i = 0, at = slot_of(id); i < PROBES; i++, at = (at + 1) & (SLOTS - 1)) {
        const entry *e = &d->slots[at];
        if (!e->n)
            return false;
        if (e->id != id)
            continue;
        if (nth >= e->n)
            return false;
        *offset = e->offset[nth];
        *place = e->place[nth];
        return true;
    }
    return false;
}
