/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.c - wildcards: one walk over the text, which goes back to the last run of anything.
 *
 * What is matched before a later run of anything never has to be looked at again, because the
 * earliest place where a piece fits leaves most for the pieces behind it.
 */
#include "rules/engine/match/glob.h"

#include <string.h>

/* One element of the pattern at *p against the text at *t; both move on if it fits. */
static bool step(st_str pattern, size_t *p, st_str text, size_t *t)
{
    if (*t >= text.n)
        return false;
    char c = pattern.p[*p];
    if (!st_glob_is_mark(c)) {
        if (text.p[*t] != c)
            return false;
        ++*p;
        ++*t;
        return true;
    }
    size_t next = *t;
    uint32_t cp = st_utf8_next(text, &next);
    if (c == ST_GLOB_DASH && cp != '-' && cp != '/' && (cp < 0x2013 || cp > 0x2015))
        return false;
    ++*p;
    *t = next;
    return true;
}

bool st_glob_match(st_str pattern, st_str text)
{
    size_t p = 0, t = 0, after = SIZE_MAX, from = 0;
    while (p < pattern.n || t < text.n) {
        if (p < pattern.n && pattern.p[p] == ST_GLOB_ANY) {
            after = ++p;
            from = t;
            if (after == pattern.n)
                return true;
            continue;
        }
        if (p < pattern.n && step(pattern, &p, text, &t))
            continue;
        if (after == SIZE_MAX || from >= text.n)
            return false;
        st_utf8_next(text, &from);
        p = after;
        t = from;
    }
    return true;
}

st_str st_glob_literal(st_str pattern)
{
    st_str best = { pattern.p, 0 };
    for (size_t i = 0; i < pattern.n;) {
        size_t end = i;
        while (end < pattern.n && !st_glob_is_mark(pattern.p[end]))
            end++;
        if (end - i > best.n)
            best = (st_str){ pattern.p + i, end - i };
        i = end + 1;
    }
    return best;
}
