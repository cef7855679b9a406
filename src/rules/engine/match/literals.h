/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.h - texts without which a regular expression can't match.
 */
#ifndef ST_RULES_ENGINE_MATCH_LITERALS_H
#define ST_RULES_ENGINE_MATCH_LITERALS_H

#include "shelltree/base.h"

/* Each folded; a match has one of them in it, in whatever case. */
struct st_literals {
    st_str *v;
    size_t n;
};
typedef struct st_literals st_literals;

/* One way of a match: both are in it, folded. */
typedef struct st_need {
    st_str text; /* at least one letter */
    st_str also; /* empty: no more is known */
} st_need;
/* A match has one of these ways. */
typedef struct st_needs {
    st_need *v;
    size_t n;
} st_needs;

/* Of a pattern that st_regex_new takes; false: none are known. They live in a. */
bool st_regex_needs(st_str pattern, st_arena *a, st_needs *out);
/* Those of its ways' texts that tell most, if all of them have some letters. */
bool st_regex_literals(st_str pattern, st_arena *a, st_literals *out);

#endif
