/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* radix.c - from the lowest digit to the highest, each pass stable. What is a few sorted runs, one
 * behind the other, as what some threads have read in order is, is merged instead. */
#include "base/radix.h"

#include "base/os/os.h"
#include "base/runs.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 11, DIGITS = 1 << BITS, PASSES = (64 + BITS - 1) / BITS, FEW = 64 };

static unsigned digit(uint64_t key, unsigned pass)
{
    return (unsigned)(key >> pass * BITS) & (DIGITS - 1);
}

static void by_insertion(st_keyed *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        st_keyed x = v[i];
        size_t k = i;
        for (; k && v[k - 1].key > x.key; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

/* Bits in which not all keys agree. */
static uint64_t differing(const st_keyed *v, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 1; i < n; i++)
        bits |= v[i].key ^ v[0].key;
    return bits;
}

static int by_key(const void *pa, const void *pb, void *ctx)
{
    const st_keyed *a = pa, *b = pb;
    (void)ctx;
    return (a->key > b->key) - (a->key < b->key);
}

static void spread(const st_keyed *from, st_keyed *to, size_t n, unsigned pass, size_t *place)
{
    memset(place, 0, DIGITS * sizeof *place);
    for (size_t i = 0; i < n; i++)
        place[digit(from[i].key, pass)]++;
    size_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = place[d];
        place[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[place[digit(from[i].key, pass)]++] = from[i];
}

bool st_radix_sort(st_keyed *v, size_t n)
{
    if (n <= FEW) {
        by_insertion(v, n);
        return true;
    }
    if (st_runs_sort(v, n, sizeof *v, by_key, NULL))
        return true;
    uint64_t bits = differing(v, n);
    size_t *place = malloc(DIGITS * sizeof *place);
    st_keyed *other = malloc(n * sizeof *other), *from = v, *to = other;
    bool ok = place && other;
    st_os_dense(other, n * sizeof *other);
    for (unsigned pass = 0; ok && pass < PASSES; pass++) {
        if (!digit(bits, pass))
            continue;
        spread(from, to, n, pass, place);
        st_keyed *t = from;
        from = to;
        to = t;
    }
    if (ok && from != v)
        memcpy(v, from, n * sizeof *v);
    free(place);
    free(other);
    return ok;
}
