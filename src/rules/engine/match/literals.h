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

/* Of a pattern that st_regex_new takes; false: none are known. They live in a. */
bool st_regex_literals(st_str pattern, st_arena *a, st_literals *out);

#endif
