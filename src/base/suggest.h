/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.h - "did you mean": the nearest of the names that would do.
 */
#ifndef ST_BASE_SUGGEST_H
#define ST_BASE_SUGGEST_H

#include "shelltree/base.h"

/* The best name seen so far. Start with { .want = name }, offer all, read best (p == NULL: none).
 */
typedef struct st_suggest {
    st_str want;
    st_str best;
    unsigned distance;
} st_suggest;
/* Taken if it is equal but for case, or within a Damerau-Levenshtein distance of 2 and a third
 * of the length. The first of equals stays. */
void st_suggest_offer(st_suggest *s, st_str name);
/* Taken, if nothing nearer is known, where the wanted name is the end of this one behind a `_`:
 * sha256 of hash_sha256. */
void st_suggest_part(st_suggest *s, st_str name);
/* Damerau-Levenshtein (optimal string alignment) over ASCII-folded bytes, at most `most` + 1. */
unsigned st_edit_distance(st_str a, st_str b, unsigned most);

#endif
