/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* group.c - rows by key values: a hash table from keys to group numbers, in order of first sight.
 */
#include "rules/engine/value/group.h"

#include <stdlib.h>
#include <string.h>

void st_grouping_init(st_grouping *g, size_t width)
{
    *g = (st_grouping){ .width = width };
}

void st_grouping_free(st_grouping *g)
{
    free(g->keys);
    free(g->table.at);
    *g = (st_grouping){ 0 };
}

static uint64_t hash_key(const st_val *key, size_t n)
{
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++)
        h = st_val_hash(key[i], h);
    return h;
}

static bool same_key(const st_mem *m, const st_val *a, const st_val *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!st_val_same(m, a[i], b[i]))
            return false;
    return true;
}

typedef struct wanted {
    const st_mem *mem;
    const st_grouping *g;
    const st_val *key;
} wanted;

static bool is_wanted(const void *ctx, uint32_t group)
{
    const wanted *w = ctx;
    return same_key(w->mem, w->g->keys + group * w->g->width, w->key, w->g->width);
}

static uint64_t hash_of(const void *ctx, uint32_t group)
{
    const st_grouping *g = ctx;
    return hash_key(g->keys + group * g->width, g->width);
}

static bool grow(st_mem *m, st_grouping *g)
{
    size_t n = g->table.n ? g->table.n * 2 : 64;
    uint32_t *old = g->table.at, *at = st_mem_zeroed(m, n, sizeof *at);
    if (!at)
        return false;
    st_slots_move(&g->table, at, n, g->n, hash_of, g);
    free(old);
    return true;
}

size_t st_grouping_find(const st_mem *m, const st_grouping *g, const st_val *key)
{
    wanted w = { m, g, key };
    uint32_t at = st_slots_find(&g->table, hash_key(key, g->width), is_wanted, &w);
    return at == ST_NO_SLOT ? SIZE_MAX : at;
}

size_t st_grouping_put(st_mem *m, st_grouping *g, const st_val *key)
{
    if (g->n >= UINT32_MAX / 2 || (!st_slots_room(&g->table, g->n) && !grow(m, g)))
        return SIZE_MAX;
    wanted w = { m, g, key };
    size_t at = st_slots_probe(&g->table, hash_key(key, g->width), is_wanted, &w);
    if (g->table.at[at])
        return g->table.at[at] - 1;
    if (!st_mem_grow(m, &g->keys, &g->cap, (g->n + 1) * g->width + 1, sizeof *g->keys))
        return SIZE_MAX;
    if (g->width)
        memcpy(g->keys + g->n * g->width, key, g->width * sizeof *key);
    g->table.at[at] = (uint32_t)++g->n;
    return g->n - 1;
}
