/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - each distinct string once, named by a number.
 *
 * An open-addressed table beside an array of entries; a place of the table holds the hash beside
 * the id, so that neither a probe nor growing the table reads entries or strings of others.
 * The seed is random, so nobody who writes evidence can choose colliding strings;
 * ids count up in order of first sight, so no output depends on it.
 */
#include "shelltree/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

typedef struct entry {
    const char *p;
    uint32_t n;
} entry;

struct st_pool {
    st_arena arena;
    entry *entries;
    size_t entries_cap;
    uint32_t count;
    uint64_t *places; /* a hash and an id, 32 bits each; 0: free */
    size_t nplaces;   /* a power of two */
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
    p->places = calloc(FIRST_TABLE, sizeof *p->places);
    p->nplaces = FIRST_TABLE;
    if (getrandom(&p->seed, sizeof p->seed, GRND_NONBLOCK) != (ssize_t)sizeof p->seed)
        p->seed = (uint64_t)(uintptr_t)p;
    if (!p->places || !st_grow(&p->entries, &p->entries_cap, 64, sizeof *p->entries)) {
        st_pool_free(p);
        return NULL;
    }
    p->entries[ST_ABSENT] = (entry){ "", 0 };
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
    free(p->places);
    free(p);
}

static bool is_text(const st_pool *p, uint32_t id, st_str s)
{
    const entry *e = &p->entries[id];
    return e->n == s.n && (s.n == 0 || memcmp(e->p, s.p, s.n) == 0);
}

/* The string's place, or the free one where it would be. */
static size_t place_of(const st_pool *p, st_str s, uint32_t hash)
{
    size_t i = hash & (p->nplaces - 1);
    while (p->places[i] && (p->places[i] >> 32 != hash || !is_text(p, (uint32_t)p->places[i], s)))
        i = (i + 1) & (p->nplaces - 1);
    return i;
}

static bool double_table(st_pool *p)
{
    size_t n = p->nplaces * 2;
    uint64_t *places = n <= UINT32_MAX / 2 ? calloc(n, sizeof *places) : NULL;
    if (!places)
        return false;
    for (size_t i = 0; i < p->nplaces; i++) {
        size_t k = (size_t)(p->places[i] >> 32) & (n - 1);
        while (p->places[i] && places[k])
            k = (k + 1) & (n - 1);
        if (p->places[i])
            places[k] = p->places[i];
    }
    free(p->places);
    p->places = places;
    p->nplaces = n;
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
    size_t at = place_of(p, s, hash);
    if (p->places[at])
        return (st_sid)p->places[at];
    if ((size_t)p->count * 3 > p->nplaces * 2) {
        if (!double_table(p)) {
            p->failed = true;
            return ST_ABSENT;
        }
        at = place_of(p, s, hash);
    }
    const char *text = s.n <= UINT32_MAX ? keep(p, s) : NULL;
    if (!text || !st_grow(&p->entries, &p->entries_cap, (size_t)p->count + 1, sizeof *p->entries)) {
        p->failed = true;
        return ST_ABSENT;
    }
    p->entries[p->count] = (entry){ text, (uint32_t)s.n };
    p->places[at] = (uint64_t)hash << 32 | p->count;
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
