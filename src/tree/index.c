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

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const st_wood *w, uint32_t host, const st_guid *guid)
{
    return (size_t)st_hash(guid, sizeof *guid, w->seed ^ (host * UINT64_C(0x9e3779b97f4a7c15))) &
           (w->nslots - 1);
}

static size_t probe(const st_wood *w, uint32_t host, const st_guid *guid)
{
    size_t i = slot_of(w, host, guid);
    while (w->slots[i]) {
        const st_group *g = &w->groups[w->slots[i] - 1];
        if (g->host == host && st_guid_eq(&g->guid, guid))
            break;
        i = (i + 1) & (w->nslots - 1);
    }
    return i;
}

uint32_t st_group_find(const st_wood *w, uint32_t host, const st_guid *guid)
{
    return w->nslots ? w->slots[probe(w, host, guid)] - 1 : ST_NO_GROUP;
}

/* Doubles the table. */
static bool widen(st_wood *w)
{
    size_t n = w->nslots ? w->nslots * 2 : 1024;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    free(w->slots);
    w->slots = slots;
    w->nslots = n;
    for (size_t i = 0; i < w->ngroups; i++)
        slots[probe(w, w->groups[i].host, &w->groups[i].guid)] = (uint32_t)i + 1;
    return true;
}

uint32_t st_group_put(st_wood *w, uint32_t host, const st_guid *guid)
{
    if (w->ngroups * 2 >= w->nslots && !widen(w))
        return ST_NO_GROUP;
    size_t i = probe(w, host, guid);
    if (w->slots[i])
        return w->slots[i] - 1;
    if (!st_grow(&w->groups, &w->groups_cap, w->ngroups + 1, sizeof *w->groups))
        return ST_NO_GROUP;
    w->groups[w->ngroups] = (st_group){ .guid = *guid,
                                        .host = host,
                                        .named_by = ST_NO_NODE,
                                        .event = ST_NO_EVENT,
                                        .placeholder = ST_NO_NODE };
    w->slots[i] = (uint32_t)++w->ngroups;
    return w->slots[i] - 1;
}

/* One turn over the nodes: those that are live, or those that aren't, go to their places. */
static void place(st_wood *w, const uint32_t *group_of, bool live)
{
    for (size_t i = 0; i < w->pub.observed; i++) {
        st_proc *p = &w->pub.procs[i];
        if (group_of[i] == ST_NO_GROUP || st_proc_live(p) != live)
            continue;
        st_group *g = &w->groups[group_of[i]];
        p->instance = g->count;
        w->members[g->first + g->count++] = (st_node)i;
        g->live += live;
    }
}

bool st_tree_index(st_wood *w)
{
    size_t n = w->pub.observed;
    uint32_t *group_of = calloc(n ? n : 1, sizeof *group_of);
    w->members = malloc((n ? n : 1) * sizeof *w->members);
    bool ok = group_of && w->members;
    for (size_t i = 0; ok && i < n; i++) {
        const st_proc *p = &w->pub.procs[i];
        group_of[i] = ST_NO_GROUP;
        if (st_guid_zero(&p->guid))
            continue;
        group_of[i] = st_group_put(w, p->host, &p->guid);
        ok = group_of[i] != ST_NO_GROUP;
        if (ok)
            w->groups[group_of[i]].count++;
    }
    if (ok) {
        uint32_t first = 0;
        for (size_t i = 0; i < w->ngroups; i++) {
            w->groups[i].first = first;
            first += w->groups[i].count;
            w->groups[i].count = 0;
        }
        place(w, group_of, true);
        place(w, group_of, false);
    }
    free(group_of);
    return ok;
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
    uint32_t low = 0, high = n; /* the first that starts after `when` */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (w->pub.procs[m[mid]].start <= c->when)
            low = mid + 1;
        else
            high = mid;
    }
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

st_node st_tree_find(const st_forest *f, st_str host, const st_guid *guid)
{
    const st_wood *w = (const st_wood *)f;
    st_buf key = { 0 };
    st_node found = ST_NO_NODE;
    st_fold_put(&key, host);
    size_t low = 0, high = f->nhosts;
    while (!key.failed && low < high) {
        size_t mid = low + (high - low) / 2;
        int d = st_str_cmp(st_pool_get(f->pool, f->hosts[mid].name), st_buf_slice(&key));
        if (d == 0) {
            uint32_t g = st_guid_zero(guid) ? ST_NO_GROUP : st_group_find(w, (uint32_t)mid, guid);
            if (g != ST_NO_GROUP && w->groups[g].count)
                found = w->members[w->groups[g].first];
            else if (g != ST_NO_GROUP)
                found = w->groups[g].placeholder;
            break;
        }
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    st_buf_free(&key);
    return found;
}
