/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers.c - the window's sum is that of two stacks: the left one knows the sums from each of its
 * numbers to its end and is made anew from the right one when it runs empty, so each number is
 * added twice. The percentile asks a tree of counts (Fenwick, "A new data structure for cumulative
 * frequency tables", 1994).
 */
#include "rules/numbers.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t rank_of(const st_numbers *w, double v)
{
    size_t lo = 0, hi = w->nsorted;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->sorted[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool st_numbers_begin(st_numbers *w, const double *v, size_t n)
{
    *w = (st_numbers){ .v = v,
                       .suffix = calloc(n + 1, sizeof *w->suffix),
                       .sorted = calloc(n + 1, sizeof *w->sorted),
                       .rank = calloc(n + 1, sizeof *w->rank),
                       .tree = calloc(n + 1, sizeof *w->tree) };
    if (!w->suffix || !w->sorted || !w->rank || !w->tree) {
        st_numbers_end(w);
        return false;
    }
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            w->sorted[numbers++] = v[i];
    if (numbers)
        qsort(w->sorted, numbers, sizeof *w->sorted, by_size);
    for (size_t i = 0; i < numbers; i++)
        if (!w->nsorted || w->sorted[w->nsorted - 1] < w->sorted[i])
            w->sorted[w->nsorted++] = w->sorted[i];
    for (size_t i = 0; i < n; i++)
        w->rank[i] = isnan(v[i]) ? 0 : (uint32_t)rank_of(w, v[i]);
    return true;
}

void st_numbers_end(st_numbers *w)
{
    free(w->suffix);
    free(w->sorted);
    free(w->rank);
    free(w->tree);
    *w = (st_numbers){ 0 };
}

/* One more, or one less, of that rank. */
static void count(st_numbers *w, uint32_t rank, bool more)
{
    for (size_t i = (size_t)rank + 1; i <= w->nsorted; i += i & (~i + 1))
        w->tree[i] += more ? 1u : UINT32_MAX;
}

void st_numbers_enter(st_numbers *w)
{
    size_t i = w->end++;
    if (isnan(w->v[i]))
        return;
    w->back += w->v[i];
    w->count++;
    count(w, w->rank[i], true);
}

/* All of the window goes to the left stack. */
static void turn(st_numbers *w)
{
    double sum = 0;
    for (size_t i = w->end; i-- > w->first;) {
        sum += isnan(w->v[i]) ? 0 : w->v[i];
        w->suffix[i] = sum;
    }
    w->mid = w->end;
    w->back = 0;
}

void st_numbers_leave(st_numbers *w)
{
    if (w->first >= w->mid)
        turn(w);
    size_t i = w->first++;
    if (isnan(w->v[i]))
        return;
    w->count--;
    count(w, w->rank[i], false);
}

double st_numbers_sum(const st_numbers *w)
{
    return (w->first < w->mid ? w->suffix[w->first] : 0) + w->back;
}

/* The k-th smallest, from 0. */
static double smallest(const st_numbers *w, size_t k)
{
    size_t at = 0, step = 1;
    while (step * 2 <= w->nsorted)
        step *= 2;
    for (; step; step /= 2)
        if (at + step <= w->nsorted && w->tree[at + step] <= k) {
            at += step;
            k -= w->tree[at];
        }
    return w->sorted[at];
}

double st_numbers_percentile(const st_numbers *w, double percent)
{
    double place = percent / 100 * (double)(w->count - 1), below = floor(place);
    double low = smallest(w, (size_t)below), share = place - below;
    return share > 0 ? low + share * (smallest(w, (size_t)below + 1) - low) : low;
}
