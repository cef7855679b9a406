/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.c - texts without which a regular expression can't match.
 *
 * Of what stands in sequence any part that can't be left out will do, and the one that tells most
 * is taken; of what stands in alternation all. Only letters of ASCII count, without regard to case.
 * Whatever isn't understood ends the search: then nothing is known of the pattern.
 */
#include "rules/engine/match/literals.h"

#include "base/limits.h"

#include <string.h>

enum { SHORTEST = 2, MOST = 256, DEEPEST = 32, RUN = 64 };

typedef struct reader {
    st_str in;
    size_t i;
    st_arena *arena;
    unsigned depth;
    bool lost; /* something wasn't understood, or there was no memory */
} reader;

/* Letters in a row. */
typedef struct run {
    char text[RUN];
    size_t n;
} run;

/* How much a set tells: the shorter its texts, and the more of them, the less. */
static double weight(const st_literals *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i].n < 3 ? 0.5 : s->v[i].n < 4 ? 0.05 : s->v[i].n < 6 ? 0.01 : 0.001;
    return sum;
}

static void offer(st_literals *best, st_literals set)
{
    if (set.n && (!best->n || weight(&set) < weight(best)))
        *best = set;
}

/* The letters so far are one text; others begin. */
static void flush(reader *r, run *letters, st_literals *best)
{
    if (letters->n >= SHORTEST) {
        st_str *v = ST_NEW(r->arena, st_str);
        if (v)
            *v = st_arena_copy(r->arena, (st_str){ letters->text, letters->n });
        r->lost |= !v || !v->p;
        if (!r->lost)
            offer(best, (st_literals){ v, 1 });
    }
    letters->n = 0;
}

static bool at(const reader *r, char c)
{
    return r->i < r->in.n && r->in.p[r->i] == c;
}

static bool is_digit(const reader *r)
{
    return r->i < r->in.n && r->in.p[r->i] >= '0' && r->in.p[r->i] <= '9';
}

/* {2}, {2,} and {2,5}, whose first number goes into *least; false: no quantifier, and nothing is
 * read. */
static bool counted(reader *r, bool *optional)
{
    size_t start = r->i++, zeros = 0, digits = 0;
    for (; is_digit(r); digits++)
        zeros += r->in.p[r->i++] == '0';
    if (digits && at(r, ','))
        for (r->i++; is_digit(r);)
            r->i++;
    if (digits && at(r, '}')) {
        r->i++;
        *optional = zeros == digits;
        return true;
    }
    r->i = start;
    return false;
}

/* Behind an item: may it be left out, does it repeat? */
static void quantifier(reader *r, bool *optional, bool *repeats)
{
    *optional = at(r, '?') || at(r, '*');
    *repeats = at(r, '*') || at(r, '+');
    if (*optional || *repeats)
        r->i++;
    else if (!at(r, '{') || !(*repeats = counted(r, optional)))
        return;
    if (at(r, '?'))
        r->i++;
}

/* A letter of ASCII. */
static void letter(reader *r, char c, run *letters, st_literals *best)
{
    bool optional, repeats;
    quantifier(r, &optional, &repeats);
    if (optional || letters->n == RUN)
        flush(r, letters, best);
    if (optional)
        return;
    letters->text[letters->n++] = st_ascii_lower(c);
    if (repeats)
        flush(r, letters, best);
}

static void anything(reader *r, run *letters, st_literals *best)
{
    bool optional, repeats;
    quantifier(r, &optional, &repeats);
    flush(r, letters, best);
}

static void escape(reader *r, run *letters, st_literals *best)
{
    char c = '\0';
    if (r->i + 1 < r->in.n)
        c = r->in.p[r->i + 1];
    r->i += 2;
    r->lost |= c == 'b' && at(r, '{'); /* \b{start} */
    if (c && strchr("dDwWsSbBAztnrfva", c))
        anything(r, letters, best);
    else if (c >= ' ' && c < 127 && strchr(" \\.+*?()|[]{}^$-/\"'`~!@#%&=:;,", c))
        letter(r, c, letters, best);
    else
        r->lost = true;
}

/* [.] is a letter. */
static bool class_of_one(reader *r, char *c)
{
    const char *p = r->in.p + r->i;
    size_t left = r->in.n - r->i;
    bool plain = left > 2 && p[2] == ']' && !strchr("^\\[]", p[1]) && p[1] > ' ' && p[1] < 127;
    bool escaped =
        left > 3 && p[1] == '\\' && p[3] == ']' && p[2] && strchr("\\.+*?()|[]{}^$-/", p[2]);
    if (plain || escaped) {
        *c = p[plain ? 1 : 2];
        r->i += plain ? 3 : 4;
    }
    return plain || escaped;
}

static void skip_class(reader *r)
{
    r->i++;
    if (at(r, '^'))
        r->i++;
    size_t first = r->i;
    while (r->i < r->in.n && (!at(r, ']') || r->i == first)) {
        if (at(r, '[')) { /* of POSIX, or a class in it */
            r->lost = true;
            return;
        }
        r->i += at(r, '\\') ? 2 : 1;
    }
    r->i++;
    r->lost |= r->i > r->in.n;
}

static void class(reader *r, run *letters, st_literals *best)
{
    char c;
    if (class_of_one(r, &c)) {
        letter(r, c, letters, best);
        return;
    }
    skip_class(r);
    anything(r, letters, best);
}

/* NOLINTBEGIN(misc-no-recursion): groups in groups, DEEPEST at most */

static void alternation(reader *r, st_literals *out);

/* What a group begins with; false: it is flags alone, without a group. */
static bool open_group(reader *r)
{
    r->i++;
    if (!at(r, '?'))
        return true;
    r->i++;
    if (at(r, 'P') || at(r, '<')) { /* a name */
        while (r->i < r->in.n && !at(r, '>'))
            r->i++;
        r->lost |= !at(r, '>');
        r->i++;
        return true;
    }
    while (r->i < r->in.n && !at(r, ':') && !at(r, ')')) {
        r->lost |= !strchr("imsU-", r->in.p[r->i]);
        r->i++;
    }
    bool group = at(r, ':');
    r->lost |= r->i >= r->in.n;
    r->i++;
    return group;
}

static void group(reader *r, run *letters, st_literals *best)
{
    st_literals inner = { 0 };
    bool optional, repeats;
    flush(r, letters, best);
    if (++r->depth > DEEPEST)
        r->lost = true;
    if (!r->lost && open_group(r)) {
        alternation(r, &inner);
        r->lost |= !at(r, ')');
        r->i++;
        quantifier(r, &optional, &repeats);
        if (!optional)
            offer(best, inner);
    }
    r->depth--;
}

static void sequence(reader *r, st_literals *best)
{
    run letters = { .n = 0 };
    *best = (st_literals){ 0 };
    while (r->i < r->in.n && !r->lost && !at(r, '|') && !at(r, ')')) {
        char c = r->in.p[r->i];
        if (c == '(') {
            group(r, &letters, best);
        } else if (c == '[') {
            class(r, &letters, best);
        } else if (c == '\\') {
            escape(r, &letters, best);
        } else if (c & 0x80 || strchr(".^${", c)) { /* of a letter of several bytes each */
            r->i++;
            anything(r, &letters, best);
        } else {
            r->i++;
            letter(r, c, &letters, best);
        }
    }
    flush(r, &letters, best);
}

static void join(reader *r, st_literals *all, const st_literals *more)
{
    st_str *v = all->n + more->n > MOST ? NULL : ST_NEWN(r->arena, st_str, all->n + more->n);
    if (!v) {
        r->lost = true;
        return;
    }
    if (all->n)
        memcpy(v, all->v, all->n * sizeof *v);
    memcpy(v + all->n, more->v, more->n * sizeof *v);
    *all = (st_literals){ v, all->n + more->n };
}

static void alternation(reader *r, st_literals *out)
{
    bool known = true;
    *out = (st_literals){ 0 };
    for (;;) {
        st_literals one;
        sequence(r, &one);
        known = known && one.n;
        if (known)
            join(r, out, &one);
        if (r->lost || !at(r, '|'))
            break;
        r->i++;
    }
    if (!known)
        *out = (st_literals){ 0 };
}

/* NOLINTEND(misc-no-recursion) */

bool st_regex_literals(st_str pattern, st_arena *a, st_literals *out)
{
    reader r = { .in = pattern, .arena = a };
    alternation(&r, out);
    return out->n && !r.lost && r.i == pattern.n;
}
