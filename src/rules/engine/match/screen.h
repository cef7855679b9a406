/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - which regular expressions can't match a text, for all of them at once.
 *
 * The texts that the patterns of a set need (literals.h) are looked for in one pass, and what was
 * found is remembered for the text: who asks a second pattern about it has the answer.
 */
#ifndef ST_RULES_ENGINE_MATCH_SCREEN_H
#define ST_RULES_ENGINE_MATCH_SCREEN_H

#include "rules/engine/match/literals.h"
#include "rules/engine/match/match.h"

/* What is looked for, which never changes: screens on any threads share it. */
typedef struct st_screen_plan st_screen_plan;
/* of: by pattern, numbered from 1 (of[0] is nobody's); those without any let every text through.
 * What they point to is borrowed. NULL: no memory. */
st_screen_plan *st_screen_plan_new(const st_needs *of, size_t n);
void st_screen_plan_free(st_screen_plan *p);
/* p is borrowed. NULL: no memory. */
st_screen *st_screen_new(const st_screen_plan *p);
void st_screen_free(st_screen *s);
typedef enum st_screen_says {
    ST_SCREEN_RULED_OUT,
    ST_SCREEN_MAY, /* also of a number that isn't known */
    ST_SCREEN_ASK  /* the text wasn't looked at */
} st_screen_says;
/* May the pattern of that number match the text? */
st_screen_says st_screen_says_of(const st_screen *s, size_t number, st_sid id);
/* Looks at the text, which is `folded`; false: no memory, so that each pattern may match it. */
bool st_screen_look(st_screen *s, st_sid id, st_str folded);

#endif
