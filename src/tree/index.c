/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c - (host, guid) to nodes.
 *
 * An open-addressed table with a random seed leads to a group; a group's observed nodes lie
 * side by side in one array, ordered, so that even a million creations of one key cost a
 * binary search each.
 */
#include "tree/forest.h"

#include "base/limits.h"
#include "base/os/os.h"
#include "base/search.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct wanted {
    const st_wood *w;
    const st_guid *guid;
    uint32_t host;
} wanted;

static bool is_wanted(const void *ctx, uint32_t group)
{
    const wanted *k = ctx;
    const st_group *g = &k->w->groups[group];
    return g->host == k->host && st_guid_eq(&g->guid, k->guid);
}

static uint64_t hash_of(const st_wood *w, uint32_t host, const st_guid *guid)
{
    return st_hash(guid, sizeof *guid, w->seed ^ (host * UINT64_C(0x9e3779b97f4a7c15)));
}

/* A group without a key has one of its own here, so that many of them don't make one long run. */
static uint64_t hash_of_group(const void *ctx, uint32_t group)
{
    const st_wood *w = ctx;
    if (w->groups[group].host == UINT32_MAX)
        return st_hash(&group, sizeof group, w->seed);
    return hash_of(w, w->groups[group].host, &w->groups[group].guid);
}

static uint32_t find_hashed(const st_wood *w, uint64_t hash, uint32_t host, const st_guid *guid)
{
    wanted key = { w, guid, host };
    uint32_t g = st_slots_find(&w->slots, hash, is_wanted, &key);
    return g == ST_NO_SLOT ? ST_NO_GROUP : g;
}

uint32_t st_group_find(const st_wood *w, uint32_t host, const st_guid *guid)
{
    return find_hashed(w, hash_of(w, host, guid), host, guid);
}

void st_group_find_all(const st_wood *w, const st_group_key *keys, size_t n, uint32_t *groups)
{
    uint64_t hashes[ST_GROUP_KEYS] = { 0 };
    size_t mask = w->slots.n - 1;
    for (size_t i = 0; i < n && w->slots.n; i++)
        if (keys[i].guid) {
            hashes[i] = hash_of(w, keys[i].host, keys[i].guid);
            __builtin_prefetch(&w->slots.at[(size_t)hashes[i] & mask]);
        }
    for (size_t i = 0; i < n && w->slots.n; i++) {
        uint32_t at = keys[i].guid ? w->slots.at[(size_t)hashes[i] & mask] : 0;
        if (at)
            __builtin_prefetch(&w->groups[at - 1]);
    }
    for (size_t i = 0; i < n; i++)
        groups[i] =
            keys[i].guid ? find_hashed(w, hashes[i], keys[i].host, keys[i].guid) : ST_NO_GROUP;
}

/* Makes the table one of n places. */
static bool widen(st_wood *w, size_t n)
{
    uint32_t *old = w->slots.at, *at = st_zeros(n, sizeof *at);
    if (!at)
        return false;
    st_slots_move(&w->slots, at, n, w->ngroups, hash_of_group, w);
    free(old);
    return true;
}

uint32_t st_group_put(st_wood *w, uint32_t host, const st_guid *guid)
{
    if (!st_slots_room(&w->slots, w->ngroups) && !widen(w, w->slots.n ? w->slots.n * 2 : 1024))
        return ST_NO_GROUP;
    wanted key = { w, guid, host };
    size_t i = st_slots_probe(&w->slots, hash_of(w, host, guid), is_wanted, &key);
    if (w->slots.at[i])
        return w->slots.at[i] - 1;
    if (!st_grow(&w->groups, &w->groups_cap, w->ngroups + 1, sizeof *w->groups))
        return ST_NO_GROUP;
    w->groups[w->ngroups] = (st_group){ .guid = *guid,
                                        .host = host,
                                        .named_by = ST_NO_NODE,
                                        .event = ST_NO_EVENT,
                                        .placeholder = ST_NO_NODE };
    w->slots.at[i] = (uint32_t)++w->ngroups;
    return w->slots.at[i] - 1;
}

/* One turn over the nodes: those that are live, or those that aren't, go to their places. True: all
 * have gone. */
static bool place(st_wood *w, const uint32_t *group_of, bool live)
{
    bool all = true;
    for (size_t i = 0; i < w->pub.observed; i++) {
        st_proc *p = &w->pub.procs[i];
        if (group_of[i] == ST_NO_GROUP)
            continue;
        if (st_proc_live(p) != live) {
            all = false;
            continue;
        }
        st_group *g = &w->groups[group_of[i]];
        p->instance = g->count;
        w->members[g->first + g->count++] = (st_node)i;
        g->live += live;
    }
    return all;
}

/* Room for a group of each node, at once: most have one of their own. */
static bool reserve(st_wood *w, size_t n)
{
    size_t places = 1024;
    while (places < 2 * (n + 1))
        places *= 2;
    return widen(w, places) && st_grow(&w->groups, &w->groups_cap, n + 1, sizeof *w->groups);
}

/* The group of the i-th node's key: its own, which gets the place, or that of another node that had
 * it before. Any number of threads at once. */
static uint32_t claim(st_wood *w, uint32_t i, uint64_t hash)
{
    const st_group *g = &w->groups[i];
    size_t k = (size_t)hash & (w->slots.n - 1);
    for (;; k = (k + 1) & (w->slots.n - 1)) {
        uint32_t at = __atomic_load_n(&w->slots.at[k], __ATOMIC_ACQUIRE);
        if (!at && __atomic_compare_exchange_n(&w->slots.at[k], &at, i + 1, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE))
            return i;
        const st_group *other = &w->groups[at - 1];
        if (other->host == g->host && st_guid_eq(&other->guid, &g->guid))
            return at - 1;
    }
}

typedef struct claiming {
    st_wood *w;
    uint32_t *group_of; /* by node */
    atomic_bool shared; /* some nodes have one key */
} claiming;

/* Makes the group of a node, which has it for itself if its key does; the hash of that. */
static uint64_t make_group(const st_wood *w, size_t i)
{
    const st_proc *p = &w->pub.procs[i];
    w->members[i] = (st_node)i;
    w->groups[i] = (st_group){ .guid = p->guid,
                               .host = p->host,
                               .first = (uint32_t)i,
                               .count = 1,
                               .live = st_proc_live(p),
                               .named_by = ST_NO_NODE,
                               .event = ST_NO_EVENT,
                               .placeholder = ST_NO_NODE };
    uint64_t hash = hash_of(w, p->host, &p->guid);
    __builtin_prefetch(&w->slots.at[(size_t)hash & (w->slots.n - 1)], 1);
    return hash;
}

/* Takes the key's place for the i-th group, or else its key away. */
static void claim_key(claiming *c, size_t i, uint64_t hash)
{
    st_group *g = &c->w->groups[i];
    c->group_of[i] = st_guid_zero(&g->guid) ? ST_NO_GROUP : claim(c->w, (uint32_t)i, hash);
    if (c->group_of[i] == i)
        return;
    if (c->group_of[i] != ST_NO_GROUP)
        atomic_store(&c->shared, true);
    g->guid = (st_guid){ { 0 } };
    g->host = UINT32_MAX;
    g->count = g->live = 0;
}

static void claim_stretch(void *ctx, size_t from, size_t to)
{
    claiming *c = ctx;
    uint64_t hashes[ST_GROUP_KEYS];
    for (size_t i = from, n; i < to; i += n) {
        n = to - i < ST_GROUP_KEYS ? to - i : ST_GROUP_KEYS;
        for (size_t k = 0; k < n; k++)
            hashes[k] = make_group(c->w, i + k);
        for (size_t k = 0; k < n; k++)
            claim_key(c, i + k, hashes[k]);
    }
}

/* Puts the members of each group side by side. */
static void place_all(st_wood *w, const uint32_t *group_of)
{
    uint32_t first = 0;
    for (size_t i = 0; i < w->ngroups; i++)
        w->groups[i].count = w->groups[i].live = 0;
    for (size_t i = 0; i < w->pub.observed; i++)
        if (group_of[i] != ST_NO_GROUP)
            w->groups[group_of[i]].count++;
    for (size_t i = 0; i < w->ngroups; i++) {
        w->groups[i].first = first;
        first += w->groups[i].count;
        w->groups[i].count = 0;
    }
    if (!place(w, group_of, true))
        place(w, group_of, false);
}

bool st_tree_index(st_wood *w)
{
    size_t n = w->pub.observed;
    claiming c = { .w = w, .group_of = malloc((n ? n : 1) * sizeof *c.group_of) };
    w->members = malloc((n ? n : 1) * sizeof *w->members);
    bool ok = c.group_of && w->members && reserve(w, n);
    if (ok) {
        st_os_dense(w->groups, n * sizeof *w->groups);
        st_tree_stretches(w, n, claim_stretch, &c);
        w->ngroups = n;
        if (atomic_load(&c.shared))
            place_all(w, c.group_of);
    }
    free(c.group_of);
    return ok;
}

typedef struct moment {
    const st_wood *w;
    st_ticks when;
} moment;

static bool starts_by(const void *item, const void *key)
{
    const st_node *n = item;
    const moment *at = key;
    return at->w->pub.procs[*n].start <= at->when;
}

/* How well a node fits what is said of it. */
static unsigned fit(const st_wood *w, st_node n, const st_claim *c)
{
    const st_proc *p = &w->pub.procs[n];
    const st_pool *pool = w->pub.pool;
    unsigned score = 0;
    if (c->pid != ST_NO_U32 && c->pid == p->pid)
        score += 4;
    if (st_tree_recorded(pool, c->image) &&
        (c->image == p->image ||
         st_fold_eq(st_pool_get(pool, c->image), st_pool_get(pool, p->image))))
        score += 2;
    return score + (c->command_line > ST_EMPTY && c->command_line == p->command_line);
}

st_node st_group_pick(const st_wood *w, const st_group *g, const st_claim *c, bool *ambiguous)
{
    uint32_t n = g->live ? g->live : g->count;
    const st_node *m = w->members + g->first;
    *ambiguous = false;
    if (!n)
        return g->placeholder;
    if (w->duplicates || n == 1)
        return m[0];
    *ambiguous = true;
    moment at = { w, c->when };
    uint32_t low =
        (uint32_t)st_lower_bound(m, n, sizeof *m, &at, starts_by); /* that start by then */
    st_node best = m[low ? low - 1 : 0];
    unsigned score = fit(w, best, c);
    /* Backwards from the latest that had started, then the earliest that had not. */
    for (uint32_t k = 2; k <= low && k <= ST_MAX_NAMESAKES; k++)
        if (fit(w, m[low - k], c) > score) {
            best = m[low - k];
            score = fit(w, best, c);
        }
    for (uint32_t k = low; k < n && k < low + ST_MAX_NAMESAKES; k++)
        if (fit(w, m[k], c) > score) {
            best = m[k];
            score = fit(w, best, c);
        }
    return best;
}
