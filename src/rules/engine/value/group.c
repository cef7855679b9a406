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
    free(g->table);
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

static size_t place(const st_mem *m, const st_grouping *g, const st_val *key)
{
    size_t at = (size_t)hash_key(key, g->width) & (g->size - 1);
    while (g->table[at] && !same_key(m, g->keys + (g->table[at] - 1) * g->width, key, g->width))
        at = (at + 1) & (g->size - 1);
    return at;
}

static bool grow(st_mem *m, st_grouping *g)
{
    size_t size = g->size ? g->size * 2 : 64;
    uint32_t *table = st_mem_zeroed(m, size, sizeof *table);
    if (!table)
        return false;
    free(g->table);
    g->table = table;
    g->size = size;
    for (size_t i = 0; i < g->n; i++)
        g->table[place(m, g, g->keys + i * g->width)] = (uint32_t)i + 1;
    return true;
}

size_t st_grouping_find(const st_mem *m, const st_grouping *g, const st_val *key)
{
    if (!g->n)
        return SIZE_MAX;
    uint32_t at = g->table[place(m, g, key)];
    return at ? at - 1 : SIZE_MAX;
}

size_t st_grouping_put(st_mem *m, st_grouping *g, const st_val *key)
{
    if (g->n >= UINT32_MAX / 2 || (g->n * 2 >= g->size && !grow(m, g)))
        return SIZE_MAX;
    size_t at = place(m, g, key);
    if (g->table[at])
        return g->table[at] - 1;
    if (!st_mem_grow(m, &g->keys, &g->cap, (g->n + 1) * g->width + 1, sizeof *g->keys))
        return SIZE_MAX;
    if (g->width)
        memcpy(g->keys + g->n * g->width, key, g->width * sizeof *key);
    g->table[at] = (uint32_t)++g->n;
    return g->n - 1;
}
