/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.h - a pattern with wildcards over a whole text.
 *
 * A pattern is text in which some bytes, which no UTF-8 text holds, stand for more than themselves.
 * It is made by a language (which knows how its authors write wildcards and escapes) and tested
 * here. Where case doesn't count, pattern and text are folded before.
 */
#ifndef ST_RULES_ENGINE_MATCH_GLOB_H
#define ST_RULES_ENGINE_MATCH_GLOB_H

#include "shelltree/base.h"

#define ST_GLOB_ANY '\xff'  /* any run of characters, also none */
#define ST_GLOB_ONE '\xfe'  /* one character: one code point, or one byte that is none */
#define ST_GLOB_DASH '\xfd' /* what may begin an option: - / U+2013 U+2014 U+2015 */

static inline bool st_glob_is_mark(char c)
{
    return (unsigned char)c >= 0xfd;
}

/* Does the pattern cover the whole text? Time is at most the product of their lengths. */
bool st_glob_match(st_str pattern, st_str text);
/* The longest run of bytes of the pattern that are only themselves: it stands in every text that
 * matches. May be empty. */
st_str st_glob_literal(st_str pattern);
/* The longest of the others; may be empty. */
st_str st_glob_other_literal(st_str pattern);

#endif
