/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stays.c - hosts in sources, each pair once.
 *
 * A store has a pair once for each thread that read part of the source and each way in which the
 * Computer is spelt; what is said of a host and a source is said of all of these together.
 */
#include "internal.h"

#include <stdlib.h>

static int by_pair(const void *pa, const void *pb)
{
    const st_stay *a = pa, *b = pb;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->host > b->host) - (a->host < b->host);
}

/* The lesser that is there: 0 is none. */
static uint64_t least(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static void join(st_stay *a, const st_stay *b)
{
    a->sysmon += b->sysmon;
    a->first = least(a->first, b->first);
    a->first_id = least(a->first_id, b->first_id);
    a->last = b->last > a->last ? b->last : a->last;
    a->last_id = b->last_id > a->last_id ? b->last_id : a->last_id;
}

st_stay *st_stays_make(const st_forest *f, size_t *n)
{
    const st_store *s = f->store;
    st_stay *v = malloc((s->npresences + 1) * sizeof *v);
    size_t all = 0, out = 0;
    for (size_t i = 0; v && i < s->npresences; i++) {
        const st_presence *p = &s->presences[i];
        uint32_t host = st_tree_host_of(f, p->computer);
        if (host < f->nhosts)
            v[all++] =
                (st_stay){ p->source, host, p->sysmon, p->first, p->last, p->first_id, p->last_id };
    }
    if (all)
        qsort(v, all, sizeof *v, by_pair);
    for (size_t i = 0; i < all; i++)
        if (out && !by_pair(&v[out - 1], &v[i]))
            join(&v[out - 1], &v[i]);
        else
            v[out++] = v[i];
    *n = out;
    return v;
}
