/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.c - which patterns are sound, without compiling them.
 *
 * Most patterns of rules are letters, sets, groups and repetitions, and most are asked about no
 * text: compiling them only to see that they are sound is work for nothing. What is read here is
 * less than the language: whatever isn't understood at once ends it. Compiled code has a bound;
 * a group that is repeated a number of times is in it as often.
 */
#include "rules/engine/match/plain.h"

#include <string.h>

/* Of a pattern with its repeated groups written out, in bytes; PCRE2 takes 64 KiB of code, which is
 * eleven bytes for each of these at most. */
enum { LONGEST = 2560 };
enum { DEEPEST = 32, MOST_TIMES = 255 };

/* What stands before: may it be repeated, and how? */
typedef enum before { NOTHING, LETTER, GROUP } before;

typedef struct reader {
    st_str in;
    size_t i;
    size_t repeated; /* bytes that repeated groups have when written out, but for the first time */
    size_t opened[DEEPEST + 1]; /* by depth: how long all was where the group began */
    unsigned depth;
    uint32_t groups;
    before item;
} reader;

static size_t written_out(const reader *r)
{
    return r->i + r->repeated;
}

/* The byte at `ahead`, 0 past the end; a pattern with a NUL isn't plain. */
static char peek(const reader *r, size_t ahead)
{
    return (char)(r->i + ahead < r->in.n ? r->in.p[r->i + ahead] : '\0');
}

static bool among(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Most letters: those that never mean anything else. */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
}

/* A letter, whatever else its kind may mean; UINT32_MAX: it is none. */
static uint32_t letter(reader *r)
{
    uint32_t c = r->i < r->in.n ? st_utf8_next(r->in, &r->i) : 0;
    return c >= ' ' && c != 0x7F ? c : UINT32_MAX;
}

/* Letters behind a backslash: those that stand for themselves or for one other, sets, and what is
 * between letters. */
static bool is_escaped_letter(char c)
{
    return among(c, " \\.+*?()|[]{}^$-/\"'`~!@#%&=:;,nrt");
}

static bool is_set(char c)
{
    return among(c, "dDwWsS");
}

static bool escape(reader *r)
{
    char c = peek(r, 1);
    bool edge = among(c, "bB") && peek(r, 2) != '{';
    r->i += 2;
    r->item = edge ? NOTHING : LETTER;
    return edge || is_set(c) || is_escaped_letter(c);
}

/* sets */

/* Operations on sets are two of a letter. */
static bool is_operation(const reader *r)
{
    return among(peek(r, 0), "&~-") && peek(r, 1) == peek(r, 0);
}

/* A letter of a set, or an escaped one; UINT32_MAX: it is something else. */
static uint32_t letter_of_set(reader *r)
{
    char c = peek(r, 0), escaped = peek(r, 1);
    if (is_word(c)) {
        r->i++;
        return (uint32_t)c;
    }
    if (is_operation(r) || among(c, "[]") || (c == '\\' && !is_escaped_letter(escaped)))
        return UINT32_MAX;
    if (c != '\\')
        return letter(r);
    r->i += 2;
    return escaped == 'n'   ? '\n'
           : escaped == 'r' ? '\r'
           : escaped == 't' ? '\t'
                            : (uint32_t)escaped;
}

/* Does a range go on from here? A dash before the end is a letter. */
static bool is_range(const reader *r)
{
    return peek(r, 0) == '-' && peek(r, 1) != ']';
}

static bool item_of_set(reader *r)
{
    if (peek(r, 0) == '\\' && is_set(peek(r, 1))) {
        r->i += 2;
        return !is_range(r);
    }
    uint32_t from = letter_of_set(r);
    if (from == UINT32_MAX || !is_range(r))
        return from != UINT32_MAX;
    if (is_operation(r))
        return false;
    r->i++;
    uint32_t to = letter_of_set(r); /* other cases of a range of Unicode may be hundreds of items */
    return to < 0x80 && from <= to && !is_range(r);
}

static bool set(reader *r)
{
    r->i += peek(r, 1) == '^' ? 2 : 1;
    if (peek(r, 0) == ']')
        return false;
    while (r->i < r->in.n && peek(r, 0) != ']')
        if (!item_of_set(r))
            return false;
    r->i++;
    r->item = LETTER;
    return r->i <= r->in.n;
}

/* groups and repetitions */

static bool deeper(reader *r)
{
    if (r->depth == DEEPEST)
        return false;
    r->opened[++r->depth] = written_out(r);
    return true;
}

/* (?i), (?i: and (?-i: with any of some letters. */
static bool flags(reader *r)
{
    size_t start = r->i += 2;
    while (among(peek(r, 0), "ims"))
        r->i++;
    if (peek(r, 0) == '-' && among(peek(r, 1), "ims"))
        for (r->i += 2; among(peek(r, 0), "ims");)
            r->i++;
    bool group = peek(r, 0) == ':', some = r->i > start;
    if (group)
        return deeper(r) && ++r->i;
    return some && peek(r, 0) == ')' && ++r->i;
}

static bool open_group(reader *r)
{
    r->item = NOTHING;
    if (peek(r, 1) == '?')
        return flags(r);
    r->groups++;
    return deeper(r) && ++r->i && peek(r, 0) != '*';
}

static bool close_group(reader *r)
{
    r->i++;
    r->item = GROUP;
    return r->depth-- > 0;
}

/* A number; SIZE_MAX: none, or a large one. */
static size_t number(reader *r)
{
    size_t n = 0, start = r->i;
    for (; peek(r, 0) >= '0' && peek(r, 0) <= '9' && n <= MOST_TIMES; r->i++)
        n = n * 10 + (size_t)(peek(r, 0) - '0');
    return r->i > start && n <= MOST_TIMES ? n : SIZE_MAX;
}

/* {2}, {2,} and {2,5}: what is behind a letter takes no room; a group stands there so often. */
static bool counted(reader *r)
{
    r->i++;
    size_t least = number(r), most = least;
    if (peek(r, 0) == ',') {
        r->i++;
        most = peek(r, 0) == '}' ? least : number(r);
    }
    bool closed = peek(r, 0) == '}' && least <= MOST_TIMES && most <= MOST_TIMES && least <= most;
    r->i++;
    if (closed && r->item == GROUP)
        r->repeated += (written_out(r) - r->opened[r->depth + 1]) * most;
    return closed && r->item != NOTHING;
}

static bool repetition(reader *r)
{
    bool ok = peek(r, 0) == '{' ? counted(r) : (r->i++, r->item != NOTHING);
    if (peek(r, 0) == '?')
        r->i++;
    r->item = NOTHING;
    return ok;
}

static bool one(reader *r)
{
    char c = peek(r, 0);
    if (is_word(c)) {
        r->i++;
        r->item = LETTER;
        return true;
    }
    if (c == '\\')
        return escape(r);
    if (c == '[')
        return set(r);
    if (c == '(')
        return open_group(r);
    if (c == ')')
        return close_group(r);
    if (among(c, "*+?{"))
        return repetition(r);
    r->item = among(c, "|^$") ? NOTHING : LETTER;
    return letter(r) != UINT32_MAX;
}

bool st_regex_is_plain(st_str pattern, uint32_t *groups)
{
    reader r = { .in = pattern };
    bool ok = pattern.n <= LONGEST;
    while (ok && r.i < pattern.n)
        ok = one(&r) && written_out(&r) <= LONGEST;
    *groups = r.groups;
    return ok && r.i == pattern.n && !r.depth;
}
