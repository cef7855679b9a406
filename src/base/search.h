/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h - the one search in a sorted array and the one open-addressed table of the program.
 *
 * Both are inline, so that what they call is, too: a search costs what it would written out.
 * Only st_slots_grow takes memory.
 */
#ifndef ST_BASE_SEARCH_H
#define ST_BASE_SEARCH_H

#include "shelltree/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* How many of n items, of `size` bytes each and sorted, stand before key: the place of the first
 * that doesn't, n if all do. before: does the item? It holds for a first part of the array. */
static inline size_t st_lower_bound(const void *items, size_t n, size_t size, const void *key,
                                    bool (*before)(const void *item, const void *key))
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (before((const char *)items + mid * size, key))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Numbers of items by the hashes of their keys; the items are in an array of the caller's, who owns
 * the places, too, and frees them. Zeroed: empty. */
typedef struct st_slots {
    uint32_t *at; /* an item's number + 1; 0: free */
    size_t n;     /* a power of two, or 0 */
} st_slots;

#define ST_NO_SLOT UINT32_MAX

/* Is item the one that is looked for? */
typedef bool st_slot_is(const void *ctx, uint32_t item);
typedef uint64_t st_slot_hash(const void *ctx, uint32_t item);

/* The place of the item that `is`, or the free one where it would be; there is a free one. */
static inline size_t st_slots_probe(const st_slots *s, uint64_t hash, st_slot_is *is,
                                    const void *ctx)
{
    size_t i = (size_t)hash & (s->n - 1);
    while (s->at[i] && !is(ctx, s->at[i] - 1))
        i = (i + 1) & (s->n - 1);
    return i;
}

/* The item's number; ST_NO_SLOT: none. */
static inline uint32_t st_slots_find(const st_slots *s, uint64_t hash, st_slot_is *is,
                                     const void *ctx)
{
    return s->n ? s->at[st_slots_probe(s, hash, is, ctx)] - 1 : ST_NO_SLOT;
}

/* Is there room for one more than `items`? Two thirds are used at most. */
static inline bool st_slots_room(const st_slots *s, size_t items)
{
    return (items + 1) * 3 <= s->n * 2;
}

/* at: n zeroed places, more than before (a power of two), which hold the items 0 to items - 1 from
 * now on. The caller frees the old ones. */
static inline void st_slots_move(st_slots *s, uint32_t *at, size_t n, size_t items,
                                 st_slot_hash *hash, const void *ctx)
{
    *s = (st_slots){ at, n };
    for (size_t item = 0; item < items; item++) {
        size_t i = (size_t)hash(ctx, (uint32_t)item) & (n - 1);
        while (at[i])
            i = (i + 1) & (n - 1);
        at[i] = (uint32_t)item + 1;
    }
}

/* Makes room for one more than `items`, with `first` places (a power of two) if there are none yet.
 * false: no memory, and all is as it was. */
static inline bool st_slots_grow(st_slots *s, size_t items, size_t first, st_slot_hash *hash,
                                 const void *ctx)
{
    if (st_slots_room(s, items))
        return true;
    size_t n = s->n ? s->n * 2 : first;
    uint32_t *old = s->at, *at = st_zeros(n, sizeof *at);
    if (!at)
        return false;
    st_slots_move(s, at, n, items, hash, ctx);
    free(old);
    return true;
}

#endif
