/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - one needle in one text, by each of the string operators. */
#include "rules/engine/match/glob.h"
#include "rules/engine/match/needles.h"

#include <string.h>

static bool alnum_before(st_str s, size_t i)
{
    if (!i)
        return false;
    size_t at = i - 1;
    while (at && i - at < 4 && ((unsigned char)s.p[at] & 0xC0u) == 0x80)
        at--;
    uint32_t cp = st_utf8_next(s, &at);
    return cp != UINT32_MAX && st_is_alnum(cp);
}

static bool alnum_at(st_str s, size_t i)
{
    if (i >= s.n)
        return false;
    uint32_t cp = st_utf8_next(s, &i);
    return cp != UINT32_MAX && st_is_alnum(cp);
}

static bool find_term(st_str hay, st_str needle, bool left, bool right)
{
    if (!needle.n)
        return true;
    left = left && alnum_at(needle, 0);
    right = right && alnum_before(needle, needle.n);
    size_t at = 0;
    while (at <= hay.n && hay.n - at >= needle.n) {
        const char *hit = memmem(hay.p + at, hay.n - at, needle.p, needle.n);
        if (!hit)
            return false;
        size_t i = (size_t)(hit - hay.p);
        if (!(left && alnum_before(hay, i)) && !(right && alnum_at(hay, i + needle.n)))
            return true;
        at = i + 1;
    }
    return false;
}

bool st_match_text(st_mop op, st_str hay, st_str needle)
{
    switch (op) {
    case ST_M_EQ: return st_str_eq(hay, needle);
    case ST_M_HAS: return find_term(hay, needle, true, true);
    case ST_M_HASPREFIX: return find_term(hay, needle, true, false);
    case ST_M_HASSUFFIX: return find_term(hay, needle, false, true);
    case ST_M_CONTAINS: return find_term(hay, needle, false, false);
    case ST_M_STARTS: return st_str_starts(hay, needle);
    case ST_M_ENDS:
        return hay.n >= needle.n &&
               (!needle.n || !memcmp(hay.p + hay.n - needle.n, needle.p, needle.n));
    case ST_M_GLOB: return st_glob_match(needle, hay);
    case ST_M_REGEX:
    case ST_M_NETWORK:
    case ST_M_NUMBER: break;
    }
    return false;
}

bool st_match_at(st_mop op, st_str hay, size_t at, size_t n)
{
    size_t end = at + n;
    bool left = op == ST_M_HAS || op == ST_M_HASPREFIX,
         right = op == ST_M_HAS || op == ST_M_HASSUFFIX;
    if ((op == ST_M_STARTS || op == ST_M_EQ) && at)
        return false;
    if ((op == ST_M_ENDS || op == ST_M_EQ) && end != hay.n)
        return false;
    return !(left && alnum_at(hay, at) && alnum_before(hay, at)) &&
           !(right && alnum_before(hay, end) && alnum_at(hay, end));
}
