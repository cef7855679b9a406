/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers.h - a window that slides over a list of numbers: their count, sum and percentiles.
 *
 * Nothing is ever taken off a sum, so that a huge number that has left the window leaves no trace
 * in it. A percentile is what spreadsheets call inclusive: between two numbers it is as far from
 * each as the wanted share is.
 */
#ifndef ST_RULES_NUMBERS_H
#define ST_RULES_NUMBERS_H

#include "shelltree/base.h"

typedef struct st_numbers {
    const double *v;        /* all of the list; NaN: no number */
    size_t first, mid, end; /* the window; [first, mid) is summed from its right end */
    size_t count;           /* of numbers in it */
    double *suffix;         /* sum of [i, mid) */
    double back;            /* sum of [mid, end) */
    double *sorted;         /* distinct numbers of the list */
    size_t nsorted;
    uint32_t *rank; /* of each in sorted */
    uint32_t *tree; /* Fenwick's, over ranks: how many are in the window */
} st_numbers;

/* v outlives it. false: no memory. */
bool st_numbers_begin(st_numbers *w, const double *v, size_t n);
void st_numbers_end(st_numbers *w);
/* The window goes on at its right end by one number, or ends one further left. */
void st_numbers_enter(st_numbers *w);
void st_numbers_leave(st_numbers *w);
double st_numbers_sum(const st_numbers *w);
/* percent: 0 to 100; there is at least one number. O(log n). */
double st_numbers_percentile(const st_numbers *w, double percent);

#endif
