/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs.h - sorting of what is a few sorted runs, one behind the other, as what some threads have
 * read in order is. Inline, so that the comparison is, too.
 */
#ifndef ST_BASE_RUNS_H
#define ST_BASE_RUNS_H

#include "base/os/os.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ST_RUNS = 8 };

typedef int st_runs_cmp(const void *a, const void *b, void *ctx);

/* Where the runs of n items end; how many they are, 0 for more than ST_RUNS. */
static inline size_t st_runs_find(const char *v, size_t n, size_t size, st_runs_cmp *cmp, void *ctx,
                                  size_t ends[ST_RUNS])
{
    size_t runs = 0;
    for (size_t i = 1; i < n; i++)
        if (cmp(v + (i - 1) * size, v + i * size, ctx) > 0) {
            if (runs == ST_RUNS - 1)
                return 0;
            ends[runs++] = i;
        }
    ends[runs++] = n;
    return runs;
}

/* Two runs, up to `middle` and from there on. first: room for the first of them. */
static inline void st_runs_merge(char *v, size_t middle, size_t n, size_t size, st_runs_cmp *cmp,
                                 void *ctx, char *first)
{
    size_t a = 0, b = middle, to = 0;
    memcpy(first, v, middle * size);
    while (a < middle && b < n) {
        bool later = cmp(v + b * size, first + a * size, ctx) < 0;
        memcpy(v + to++ * size, later ? v + b * size : first + a * size, size);
        a += !later;
        b += later;
    }
    memcpy(v + to * size, first + a * size, (middle - a) * size);
}

/* Sorts n items, those that are equal in the order they have. False: they aren't a few runs, or
 * there is no memory; nothing has moved. */
static inline bool st_runs_sort(void *items, size_t n, size_t size, st_runs_cmp *cmp, void *ctx)
{
    char *v = items;
    size_t ends[ST_RUNS], runs = st_runs_find(v, n, size, cmp, ctx, ends);
    char *first = runs > 1 ? malloc(n * size) : NULL;
    if (!first)
        return runs == 1;
    st_os_dense(first, n * size);
    while (runs > 1) {
        size_t left = 0, start = 0;
        for (size_t i = 0; i < runs; i += 2) {
            size_t end = i + 1 < runs ? ends[i + 1] : ends[i];
            if (ends[i] < end)
                st_runs_merge(v + start * size, ends[i] - start, end - start, size, cmp, ctx,
                              first);
            ends[left++] = start = end;
        }
        runs = left;
    }
    free(first);
    return true;
}

#endif
