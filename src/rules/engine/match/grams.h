/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grams.h - thousands of needles in one pass over a text.
 *
 * Of each needle one gram (up to four bytes of it) is looked for, the rarest in a sample of the
 * texts; where a gram is met, its needle is compared. So a byte of text costs a hash and a look,
 * however many the needles are, as long as their grams are rare. What is found doesn't depend on
 * the sample.
 */
#ifndef ST_RULES_ENGINE_MATCH_GRAMS_H
#define ST_RULES_ENGINE_MATCH_GRAMS_H

#include "rules/engine/match/match.h"

typedef struct st_gram_needle {
    st_str text; /* folded, at least one byte; outlives the grams */
    st_mop op;   /* EQ, STARTS and ENDS say where; for all others: anywhere */
} st_gram_needle;

/* How often grams were met in a sample, at most UINT16_MAX times; zeroed to begin with. */
enum { ST_GRAM_KINDS = 1 << 16 };
typedef struct st_gram_counts {
    uint16_t of[ST_GRAM_KINDS]; /* by hash of four bytes */
} st_gram_counts;
void st_gram_count(st_gram_counts *c, st_str folded);
/* How often the needle's rarest gram was met; at least 1, and more for short needles, of which
 * nothing was counted. c NULL, here and below: nothing was counted at all. */
uint32_t st_gram_cost(const st_gram_counts *c, st_str needle);

typedef struct st_grams st_grams;
/* NULL: no memory. The needles are borrowed. */
st_grams *st_grams_new(const st_gram_needle *needles, size_t n, const st_gram_counts *c);
void st_grams_free(st_grams *g);
/* Calls hit with the place of each needle that the text has; with one more than once if it stands
 * there more than once. */
void st_grams_find(const st_grams *g, st_str folded, void (*hit)(void *ctx, size_t needle),
                   void *ctx);

#endif
