/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - each distinct string once, named by a number.
 *
 * An open-addressed table of ids beside an array of entries; an entry keeps the
 * upper half of its hash, so that growing the table never reads the strings again.
 * The seed is random, so nobody who writes evidence can choose colliding strings;
 * ids count up in order of first sight, so no output depends on it.
 */
#include "shelltree/base.h"
#include "base/search.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

typedef struct entry {
    const char *p;
    uint32_t n, hash;
} entry;

struct st_pool {
    st_arena arena;
    entry *entries;
    size_t entries_cap;
    uint32_t count;
    st_slots table; /* of ids - 1: an id is never 0 */
    uint64_t seed;
    bool failed;
    char *block; /* strings are packed: no padding between them */
    size_t block_left;
};

enum { FIRST_TABLE = 1024, STRING_BLOCK = 1 << 16 };

st_pool *st_pool_new(void)
{
    st_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->table = (st_slots){ calloc(FIRST_TABLE, sizeof *p->table.at), FIRST_TABLE };
    if (getrandom(&p->seed, sizeof p->seed, GRND_NONBLOCK) != (ssize_t)sizeof p->seed)
        p->seed = (uint64_t)(uintptr_t)p;
    if (!p->table.at || !st_grow(&p->entries, &p->entries_cap, 64, sizeof *p->entries)) {
        st_pool_free(p);
        return NULL;
    }
    p->entries[ST_ABSENT] = (entry){ "", 0, 0 };
    p->count = 1;
    if (st_pool_put(p, ST_STR("")) != ST_EMPTY) {
        st_pool_free(p);
        return NULL;
    }
    return p;
}

void st_pool_free(st_pool *p)
{
    if (!p)
        return;
    st_arena_free(&p->arena);
    free(p->entries);
    free(p->table.at);
    free(p);
}

typedef struct wanted {
    const st_pool *pool;
    st_str s;
    uint32_t hash;
} wanted;

static bool is_wanted(const void *ctx, uint32_t slot)
{
    const wanted *w = ctx;
    const entry *e = &w->pool->entries[slot + 1];
    return e->hash == w->hash && e->n == w->s.n &&
           (w->s.n == 0 || memcmp(e->p, w->s.p, w->s.n) == 0);
}

static size_t slot_of(const st_pool *p, st_str s, uint32_t hash)
{
    wanted w = { p, s, hash };
    return st_slots_probe(&p->table, hash, is_wanted, &w);
}

static uint64_t hash_of_slot(const void *ctx, uint32_t slot)
{
    const st_pool *p = ctx;
    return p->entries[slot + 1].hash;
}

static bool double_table(st_pool *p)
{
    size_t n = p->table.n * 2;
    uint32_t *old = p->table.at, *at = n <= UINT32_MAX / 2 ? calloc(n, sizeof *at) : NULL;
    if (!at)
        return false;
    st_slots_move(&p->table, at, n, p->count - 1, hash_of_slot, p);
    free(old);
    return true;
}

static const char *keep(st_pool *p, st_str s)
{
    if (!s.n)
        return "";
    if (s.n > p->block_left) {
        size_t size = s.n > STRING_BLOCK / 4 ? s.n : STRING_BLOCK;
        char *block = st_arena_alloc(&p->arena, 1, size);
        if (!block)
            return NULL;
        if (size == s.n) /* a string of its own block: the open block stays open */
            return memcpy(block, s.p, s.n);
        p->block = block;
        p->block_left = size;
    }
    char *to = p->block;
    memcpy(to, s.p, s.n);
    p->block += s.n;
    p->block_left -= s.n;
    return to;
}

static uint32_t hash_of(const st_pool *p, st_str s)
{
    return (uint32_t)st_hash(s.p, s.n, p->seed);
}

st_sid st_pool_put(st_pool *p, st_str s)
{
    uint32_t hash = hash_of(p, s);
    size_t at = slot_of(p, s, hash);
    if (p->table.at[at])
        return p->table.at[at];
    if (!st_slots_room(&p->table, p->count - 1)) {
        if (!double_table(p)) {
            p->failed = true;
            return ST_ABSENT;
        }
        at = slot_of(p, s, hash);
    }
    const char *text = s.n <= UINT32_MAX ? keep(p, s) : NULL;
    if (!text || !st_grow(&p->entries, &p->entries_cap, (size_t)p->count + 1, sizeof *p->entries)) {
        p->failed = true;
        return ST_ABSENT;
    }
    p->entries[p->count] = (entry){ text, (uint32_t)s.n, hash };
    p->table.at[at] = p->count;
    return p->count++;
}

st_str st_pool_get(const st_pool *p, st_sid id)
{
    if (id >= p->count)
        return (st_str){ "", 0 };
    return (st_str){ p->entries[id].p, p->entries[id].n };
}

uint32_t st_pool_count(const st_pool *p)
{
    return p->count;
}

bool st_pool_failed(const st_pool *p)
{
    return p->failed;
}

uint64_t st_pool_bytes(const st_pool *p)
{
    return p->arena.total + (uint64_t)p->count * sizeof *p->entries;
}
