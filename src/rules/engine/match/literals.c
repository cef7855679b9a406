/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * literals.c - texts without which a regular expression can't match.
 *
 * Of what stands in sequence any part that can't be left out will do, and the two that tell most
 * are taken; of what stands in alternation all. Only letters of ASCII count, without regard to
 * case. Whatever isn't understood ends the search: then nothing is known of the pattern.
 */
#include "rules/engine/match/literals.h"

#include "base/limits.h"

#include <string.h>

/* PAIRS: ways that the two parts of a sequence make at most; LETTERS: of a class at most. */
enum { SHORTEST = 2, MOST = 256, DEEPEST = 32, RUN = 64, PAIRS = 16, LETTERS = 16 };

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

/* What a sequence can't be without: the part that tells most, and the one after it. */
typedef struct parts {
    st_needs first, second;
} parts;

/* Ways side by side that the same text begins. */
static bool goes_on(const st_needs *s, size_t i)
{
    return i && s->v[i].text.p == s->v[i - 1].text.p;
}

/* Letters, digits and blanks: each is in most texts, and tells nothing. */
static bool is_common(char c)
{
    return c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static double weight_of(st_str text)
{
    static const double by_length[] = { 0, 1000, 0.5, 0.05, 0.01, 0.01 };
    return text.n < sizeof by_length / sizeof *by_length ? by_length[text.n] : 0.001;
}

/* How much a set tells: the shorter its texts, and the more of them, the less. */
static double weight(const st_needs *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += goes_on(s, i) ? 0 : weight_of(s->v[i].text);
    return sum;
}

static void offer(parts *p, st_needs set)
{
    if (set.n && (!p->first.n || weight(&set) < weight(&p->first))) {
        p->second = p->first;
        p->first = set;
    } else if (set.n && (!p->second.n || weight(&set) < weight(&p->second))) {
        p->second = set;
    }
}

static void offer_text(reader *r, parts *p, const char *text, size_t n)
{
    st_need *v = ST_NEW(r->arena, st_need);
    if (v)
        v->text = st_arena_copy(r->arena, (st_str){ text, n });
    r->lost |= !v || !v->text.p;
    if (!r->lost)
        offer(p, (st_needs){ v, 1 });
}

/* The letters so far are one text; others begin. */
static void flush(reader *r, run *letters, parts *p)
{
    if (letters->n > 1 || (letters->n && !is_common(letters->text[0])))
        offer_text(r, p, letters->text, letters->n);
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
static void letter(reader *r, char c, run *letters, parts *best)
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

/* One of the letters stands there; n 0: whatever it is. */
static void one_of(reader *r, const char *of, size_t n, run *letters, parts *best)
{
    bool optional, repeats;
    quantifier(r, &optional, &repeats);
    flush(r, letters, best);
    st_need *v = optional || !n ? NULL : ST_NEWN(r->arena, st_need, n);
    st_str all = v ? st_arena_copy(r->arena, (st_str){ of, n }) : ST_STR("");
    for (size_t i = 0; v && all.p && i < n; i++)
        v[i].text = (st_str){ all.p + i, 1 };
    if (v && all.p)
        offer(best, (st_needs){ v, n });
}

static void anything(reader *r, run *letters, parts *best)
{
    one_of(r, NULL, 0, letters, best);
}

static void escape(reader *r, run *letters, parts *best)
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

/* A letter in a class, at *i, and past it; 0: it isn't one of ASCII that stands for itself. */
static char member(st_str class, size_t *i)
{
    static const char named[] = "n\nr\rt\t";
    char c = class.p[(*i)++];
    if (c != '\\')
        return (char)(c == '-' || c & 0x80 ? '\0' : c);
    char after = '\0';
    if (*i < class.n)
        after = class.p[(*i)++];
    const char *name = after && strchr("nrt", after) ? strchr(named, after) : NULL;
    if (name)
        return name[1];
    return (char)(after && strchr("\\.+*?()|[]{}^$-/\"'`", after) ? after : '\0');
}

/* The letters that a class, without its brackets, stands for; 0: they aren't known, or many, or
 * one of them is common. */
static size_t letters_of(st_str class, char of[LETTERS])
{
    size_t n = 0, i = 0;
    if (!class.n || class.p[0] == '^')
        return 0;
    while (i < class.n) {
        char c = member(class, &i);
        if (!c || n == LETTERS || is_common(st_ascii_lower(c)))
            return 0;
        of[n++] = c;
    }
    return n;
}

static void class(reader *r, run *letters, parts *best)
{
    char c, of[LETTERS];
    if (class_of_one(r, &c)) {
        letter(r, c, letters, best);
        return;
    }
    size_t from = r->i + 1;
    skip_class(r);
    if (r->lost)
        return;
    size_t n = letters_of((st_str){ r->in.p + from, r->i - 1 - from }, of);
    one_of(r, of, n, letters, best);
}

/* NOLINTBEGIN(misc-no-recursion): groups in groups, DEEPEST at most */

static void alternation(reader *r, st_needs *out);

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

static void group(reader *r, run *letters, parts *best)
{
    st_needs inner = { 0 };
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

/* Both parts of a sequence, as ways. */
static void pair(reader *r, const parts *p, st_needs *out)
{
    const st_needs *a = &p->first, *b = &p->second;
    *out = *a;
    if (!b->n || a->n * b->n > PAIRS)
        return;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].also.n)
            return;
    st_need *v = ST_NEWN(r->arena, st_need, a->n * b->n);
    r->lost |= !v;
    for (size_t i = 0; v && i < a->n * b->n; i++) {
        st_str text = a->v[i / b->n].text, also = b->v[i % b->n].text;
        v[i].text = text;
        if (!memmem(text.p, text.n, also.p, also.n)) /* else it stands there with the other */
            v[i].also = also;
    }
    if (v)
        *out = (st_needs){ v, a->n * b->n };
}

static void sequence(reader *r, st_needs *out)
{
    run letters = { .n = 0 };
    parts best = { { 0 }, { 0 } };
    while (r->i < r->in.n && !r->lost && !at(r, '|') && !at(r, ')')) {
        char c = r->in.p[r->i];
        if (c == '(') {
            group(r, &letters, &best);
        } else if (c == '[') {
            class(r, &letters, &best);
        } else if (c == '\\') {
            escape(r, &letters, &best);
        } else if (c & 0x80 || strchr(".^${", c)) { /* of a letter of several bytes each */
            r->i++;
            anything(r, &letters, &best);
        } else {
            r->i++;
            letter(r, c, &letters, &best);
        }
    }
    flush(r, &letters, &best);
    pair(r, &best, out);
}

static size_t texts_of(const st_needs *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += !goes_on(s, i);
    return n;
}

/* cap: the places of `all`. false: they are too many, or there was no memory. */
static bool join(reader *r, st_needs *all, size_t *cap, const st_needs *more)
{
    size_t n = all->n + more->n;
    if (texts_of(all) + texts_of(more) > MOST)
        return false;
    if (n > *cap) {
        st_need *v = ST_NEWN(r->arena, st_need, 2 * n);
        if (v && all->n)
            memcpy(v, all->v, all->n * sizeof *v);
        r->lost |= !v;
        if (!v)
            return false;
        all->v = v;
        *cap = 2 * n;
    }
    memcpy(all->v + all->n, more->v, more->n * sizeof *more->v);
    all->n = n;
    return true;
}

static void alternation(reader *r, st_needs *out)
{
    bool known = true;
    size_t cap = 0;
    *out = (st_needs){ 0 };
    for (;;) {
        st_needs one;
        sequence(r, &one);
        known = known && one.n && join(r, out, &cap, &one);
        if (r->lost || !at(r, '|'))
            break;
        r->i++;
    }
    if (!known || r->lost)
        *out = (st_needs){ 0 };
}

/* NOLINTEND(misc-no-recursion) */

bool st_regex_needs(st_str pattern, st_arena *a, st_needs *out)
{
    reader r = { .in = pattern, .arena = a };
    alternation(&r, out);
    return out->n && !r.lost && r.i == pattern.n;
}

bool st_regex_literals(st_str pattern, st_arena *a, st_literals *out)
{
    st_needs needs;
    *out = (st_literals){ 0 };
    if (!st_regex_needs(pattern, a, &needs) || !(out->v = ST_NEWN(a, st_str, needs.n)))
        return false;
    for (size_t i = 0; i < needs.n; i++) {
        if (needs.v[i].text.n < SHORTEST)
            return false;
        if (!goes_on(&needs, i))
            out->v[out->n++] = needs.v[i].text;
    }
    return true;
}
