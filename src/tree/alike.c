/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alike.c - copies of one record that say the same, as where a log was collected twice: most copies
 * are such, and to sort them all would compare each a dozen times.
 *
 * A hash of what names the record leads each row to the first that has the same; then both are
 * compared, once. Who has the hash of others and isn't like them stays as it is: sorting is behind,
 * so nothing has to be found here.
 */
#include "tree/copies.h"

#include <stdlib.h>

enum { MOST_PROBES = 64 }; /* rows that were made to meet must not cost their square */

typedef struct pairing {
    const st_wood *w;
    const st_rows_view *v;
    st_seed *s;
    uint64_t *hashes;
    uint32_t *first; /* by seed: the one that it is like, or itself */
} pairing;

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

static void hash_stretch(void *ctx, size_t from, size_t to)
{
    const pairing *x = ctx;
    const st_creations *c = x->v->c;
    for (size_t i = from; i < to; i++) {
        uint32_t row = x->s[i].row;
        x->hashes[i] = mix(mix(x->s[i].hash, c->event_record_id[row]), c->created[row]);
    }
}

/* Leads each to the first of its hash, itself where it finds none soon. false: no memory. */
static bool pair(const pairing *x, size_t n)
{
    size_t places = 1024;
    while (places < 2 * n)
        places *= 2;
    uint32_t *at = st_zeros(places, sizeof *at); /* a seed and one; 0: free */
    bool ok = at != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        size_t k = (size_t)x->hashes[i] & (places - 1);
        unsigned probes = 0;
        while (at[k] && x->hashes[at[k] - 1] != x->hashes[i] && ++probes < MOST_PROBES)
            k = (k + 1) & (places - 1);
        x->first[i] = (uint32_t)i;
        if (!at[k])
            at[k] = (uint32_t)i + 1;
        else if (probes < MOST_PROBES)
            x->first[i] = at[k] - 1;
    }
    free(at);
    return ok;
}

static bool alike(const st_creations *c, const st_seed *a, const st_seed *b)
{
    return !st_cmp_record(c, a->row, b->row) && !st_cmp_claim(c, a, b) &&
           !st_cmp_content(c, a->row, b->row);
}

static void compare_stretch(void *ctx, size_t from, size_t to)
{
    const pairing *x = ctx;
    for (size_t i = from; i < to; i++)
        if (x->first[i] != i && !alike(x->v->c, &x->s[x->first[i]], &x->s[i]))
            x->first[i] = (uint32_t)i;
}

static size_t fold(const pairing *x, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        st_seed *one = &x->s[x->first[i]];
        if (x->first[i] == i)
            continue;
        one->copies += x->s[i].copies;
        if (st_cmp_copy(x->v, x->s[i].row, one->row) < 0)
            one->row = x->s[i].row;
    }
    for (size_t i = 0; i < n; i++)
        if (x->first[i] == i)
            x->s[out++] = x->s[i];
    return out;
}

bool st_tree_fold_alike(const st_wood *w, const st_rows_view *v, st_seed *s, size_t *n)
{
    size_t most = *n ? *n : 1;
    pairing x = { w, v, s, malloc(most * sizeof *x.hashes), malloc(most * sizeof *x.first) };
    bool ok = x.hashes && x.first;
    if (ok)
        st_tree_stretches(w, *n, hash_stretch, &x);
    ok = ok && pair(&x, *n);
    if (ok) {
        st_tree_stretches(w, *n, compare_stretch, &x);
        *n = fold(&x, *n);
    }
    free(x.hashes);
    free(x.first);
    return ok;
}
