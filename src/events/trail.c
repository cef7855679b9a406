/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail.c - where in the evidence events stand that nobody wanted, and whose they may be.
 *
 * Of each slot of 64 KiB that is read the GUIDs in its unwanted events are kept as 32 bits, each
 * once. When the processes of an incident are known, that says which slots are worth another look;
 * two GUIDs with the same bits cost a look for nothing.
 */
#include "events/store.h"

#include <stdlib.h>
#include <string.h>

enum { NEAR = 32 }; /* how far back the same GUID is looked for: processes write in bursts */

uint32_t st_trail_hash(const unsigned char guid[16])
{
    uint64_t a, b;
    memcpy(&a, guid, sizeof a);
    memcpy(&b, guid + sizeof a, sizeof b);
    a = (a ^ (b << 29 | b >> 35)) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(a >> 32);
}

bool st_trail_slot(st_trail *t, uint32_t source, uint64_t slot)
{
    if (!st_grow(&t->slots, &t->slots_cap, t->nslots + 1, sizeof *t->slots))
        return false;
    t->slots[t->nslots++] =
        (st_trail_slot_of){ .first = t->nguids, .source = source, .slot = (uint32_t)slot };
    return true;
}

static bool met_lately(const st_trail *t, uint64_t first, uint32_t hash)
{
    uint64_t from = t->nguids - first > NEAR ? t->nguids - NEAR : first;
    for (uint64_t i = from; i < t->nguids; i++)
        if (t->guids[i] == hash)
            return true;
    return false;
}

bool st_trail_guids(st_trail *t, const unsigned char *const *guids, size_t n)
{
    st_trail_slot_of *at = &t->slots[t->nslots - 1];
    at->all |= !n;
    if (!st_grow(&t->guids, &t->guids_cap, t->nguids + n, sizeof *t->guids))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t hash = st_trail_hash(guids[i]);
        if (met_lately(t, at->first, hash))
            continue;
        t->guids[t->nguids++] = hash;
        at->n++;
    }
    return true;
}

bool st_trail_append(st_trail *d, const st_trail *f)
{
    if (!st_grow(&d->slots, &d->slots_cap, d->nslots + f->nslots, sizeof *d->slots) ||
        !st_grow(&d->guids, &d->guids_cap, d->nguids + f->nguids, sizeof *d->guids))
        return false;
    for (size_t i = 0; i < f->nslots; i++) {
        d->slots[d->nslots] = f->slots[i];
        d->slots[d->nslots++].first += d->nguids;
    }
    if (f->nguids)
        memcpy(d->guids + d->nguids, f->guids, f->nguids * sizeof *d->guids);
    d->nguids += f->nguids;
    return true;
}

void st_trail_free(st_trail *t)
{
    free(t->slots);
    free(t->guids);
    *t = (st_trail){ 0 };
}

/* which slots can be passed over */

static int by_value(const void *pa, const void *pb)
{
    const uint32_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* What is looked for: sorted, and a bit for each of their upper halves to ask first. */
typedef struct sought {
    uint32_t *list;
    size_t n;
    uint8_t upper[(1u << 16) / 8];
} sought;

static bool is_sought(const sought *s, uint32_t hash)
{
    uint32_t u = hash >> 16;
    return s->upper[u / 8] >> u % 8 & 1 &&
           bsearch(&hash, s->list, s->n, sizeof hash, by_value) != NULL;
}

static bool holds_one(const st_trail *t, const st_trail_slot_of *at, const sought *s)
{
    bool found = at->all;
    for (uint32_t i = 0; i < at->n && !found; i++)
        found = is_sought(s, t->guids[at->first + i]);
    return found;
}

static bool seek(sought *s, const st_wanted_events *w)
{
    s->list = malloc((w->nguids + 1) * sizeof *s->list);
    if (!s->list)
        return false;
    for (size_t i = 0; i < w->nguids; i++) {
        uint32_t hash = st_trail_hash(w->guids[i].b), u = hash >> 16;
        s->list[s->n++] = hash;
        s->upper[u / 8] |= (uint8_t)(1u << u % 8);
    }
    qsort(s->list, s->n, sizeof *s->list, by_value);
    return true;
}

/* Room for a bit a slot, source by source. */
static bool lay_out(st_trail_map *m, const st_trail *t, size_t nsources)
{
    m->nsources = nsources;
    m->base = calloc(nsources + 1, sizeof *m->base);
    if (!m->base)
        return false;
    for (size_t i = 0; i < t->nslots; i++) {
        uint64_t *slots = &m->base[t->slots[i].source + 1];
        if (*slots < (uint64_t)t->slots[i].slot + 1)
            *slots = (uint64_t)t->slots[i].slot + 1;
    }
    for (size_t i = 0; i < nsources; i++)
        m->base[i + 1] += m->base[i];
    m->bits = calloc(m->base[nsources] / 8 + 1, 1);
    return m->bits != NULL;
}

bool st_trail_map_make(st_trail_map *m, const st_trail *t, const st_wanted_events *w,
                       size_t nsources)
{
    sought *s = calloc(1, sizeof *s);
    *m = (st_trail_map){ 0 };
    bool ok = s && seek(s, w) && lay_out(m, t, nsources);
    for (size_t i = 0; ok && i < t->nslots; i++) {
        uint64_t bit = m->base[t->slots[i].source] + t->slots[i].slot;
        if (!holds_one(t, &t->slots[i], s))
            m->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
    if (s)
        free(s->list);
    free(s);
    return ok;
}

bool st_trail_map_skips(const st_trail_map *m, size_t source, uint64_t slot)
{
    if (source >= m->nsources)
        return false;
    uint64_t bit = m->base[source] + slot;
    return bit < m->base[source + 1] && m->bits[bit / 8] >> bit % 8 & 1;
}

void st_trail_map_free(st_trail_map *m)
{
    free(m->base);
    free(m->bits);
    *m = (st_trail_map){ 0 };
}
