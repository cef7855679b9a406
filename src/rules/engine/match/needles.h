/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needles.h - many needles in one pass over a text (Aho and Corasick 1975).
 */
#ifndef ST_RULES_ENGINE_MATCH_NEEDLES_H
#define ST_RULES_ENGINE_MATCH_NEEDLES_H

#include "rules/engine/match/match.h"

typedef struct st_needles st_needles;
/* Needles are borrowed as long as the automaton lives, none of them empty, each at most once;
 * NULL: no memory, or they have more than ST_MAX_NEEDLE_BYTES. */
st_needles *st_needles_new(const st_str *needles, size_t n);
void st_needles_free(st_needles *a);
/* Does one of them stand in the text as op asks (any but ST_M_REGEX)? */
bool st_needles_any(const st_needles *a, st_mop op, st_str text);

#endif
