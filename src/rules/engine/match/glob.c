/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.c - wildcards: the pieces between runs of anything, each looked for behind the one before.
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

/* Does the piece fit at `at`? end: behind it, then. */
static bool fits(st_str piece, st_str text, size_t at, size_t *end)
{
    size_t p = 0;
    while (p < piece.n)
        if (!step(piece, &p, text, &at))
            return false;
    *end = at;
    return true;
}

/* How many bytes of the piece, from its first on, are only themselves. */
static size_t plain(st_str piece)
{
    size_t n = 0;
    while (n < piece.n && !st_glob_is_mark(piece.p[n]))
        n++;
    return n;
}

/* The first place from *at on where the piece fits; *at: behind it. */
static bool find(st_str piece, st_str text, size_t *at)
{
    st_str head = { piece.p, plain(piece) };
    for (size_t from = *at; from < text.n; st_utf8_next(text, &from)) {
        if (head.n) {
            const char *met = memmem(text.p + from, text.n - from, head.p, head.n);
            if (!met)
                return false;
            from = (size_t)(met - text.p);
        }
        if (fits(piece, text, from, at))
            return true;
    }
    return false;
}

/* The piece is the end of the text, and begins no earlier than `from`. */
static bool ends(st_str piece, st_str text, size_t from)
{
    size_t end;
    if (plain(piece) == piece.n)
        return text.n - from >= piece.n && memcmp(text.p + text.n - piece.n, piece.p, piece.n) == 0;
    for (; from < text.n; st_utf8_next(text, &from))
        if (fits(piece, text, from, &end) && end == text.n)
            return true;
    return false;
}

bool st_glob_match(st_str pattern, st_str text)
{
    size_t at = 0;
    st_str piece;
    bool first = true, more;
    do {
        const char *any =
            pattern.n ? memchr(pattern.p, (unsigned char)ST_GLOB_ANY, pattern.n) : NULL;
        more = any != NULL;
        piece = (st_str){ pattern.p, more ? (size_t)(any - pattern.p) : pattern.n };
        pattern = (st_str){ pattern.p + piece.n + more, pattern.n - piece.n - more };
        if (first && !(fits(piece, text, 0, &at) && (more || at == text.n)))
            return false;
        if (!first && piece.n && !(more ? find(piece, text, &at) : ends(piece, text, at)))
            return false;
        first = false;
    } while (more);
    return true;
}

/* The longest run of literal bytes but for `not`. */
static st_str longest(st_str pattern, const char * not )
{
    st_str best = { pattern.p, 0 };
    for (size_t i = 0; i < pattern.n;) {
        size_t end = i;
        while (end < pattern.n && !st_glob_is_mark(pattern.p[end]))
            end++;
        if (end - i > best.n && pattern.p + i != not )
            best = (st_str){ pattern.p + i, end - i };
        i = end + 1;
    }
    return best;
}

st_str st_glob_literal(st_str pattern)
{
    return longest(pattern, NULL);
}

st_str st_glob_other_literal(st_str pattern)
{
    return longest(pattern, longest(pattern, NULL).p);
}
