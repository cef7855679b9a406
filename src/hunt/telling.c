/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telling.c - which words of command lines stand in incidents alone. A command that two incidents
 * have in common says something if a word of it does, an address, a password, a file's name, and
 * nothing if all its words are everyday ones here: "cmd.exe /c whoami". What is everyday, the
 * evidence says itself.
 */
#include "telling.h"

#include "base/search.h"

#include <stdlib.h>

enum { SHORTEST = 2 }; /* of a word */

typedef struct word {
    st_str s;
    uint64_t hash;
    bool everyday;
} word;

struct st_telling {
    word *v;
    size_t n, cap;
    st_slots slots;
    uint64_t seed;    /* of the hashes */
    uint64_t lengths; /* a bit by the last digits of each word's length: most words are told so */
    bool failed;
};

st_telling *st_telling_new(void)
{
    st_telling *t = calloc(1, sizeof *t);
    if (t)
        t->seed = st_hash_seed(t);
    return t;
}

void st_telling_free(st_telling *t)
{
    if (!t)
        return;
    free(t->v);
    free(t->slots.at);
    free(t);
}

/* What stands between words: blanks, quotes, and what shells part commands and arguments by. */
static bool parts(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '"':
    case '\'':
    case '&':
    case '|':
    case ';':
    case ',':
    case '(':
    case ')':
    case '<':
    case '>':
    case '=': return true;
    default: return false;
    }
}

/* Of the word in any case. */
static uint64_t hash_word(st_str s, uint64_t seed)
{
    char piece[64];
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;
        while (i < s.n && n < sizeof piece)
            piece[n++] = st_ascii_lower(s.p[i++]);
        seed = st_hash(piece, n, seed);
    }
    return seed;
}

/* The next word from *at on; false: there is none. */
static bool next_word(const st_telling *t, st_str line, size_t *at, word *out)
{
    for (size_t i = *at, from; i < line.n;) {
        while (i < line.n && parts(line.p[i]))
            i++;
        for (from = i; i < line.n && !parts(line.p[i]);)
            i++;
        if (i - from >= SHORTEST) {
            st_str s = { line.p + from, i - from };
            *at = i;
            *out = (word){ .s = s, .hash = hash_word(s, t->seed) };
            return true;
        }
    }
    return false;
}

/* the table */

typedef struct asked {
    const st_telling *t;
    const word *w;
} asked;

static bool is_asked(const void *ctx, uint32_t item)
{
    const asked *a = ctx;
    return a->t->v[item].hash == a->w->hash && st_str_ieq(a->t->v[item].s, a->w->s);
}

static uint64_t hash_of(const void *ctx, uint32_t item)
{
    const st_telling *t = ctx;
    return t->v[item].hash;
}

static uint64_t length_bit(const word *w)
{
    return UINT64_C(1) << (w->s.n & 63);
}

static uint32_t find(const st_telling *t, const word *w)
{
    const asked a = { t, w };
    return t->lengths & length_bit(w) ? st_slots_find(&t->slots, w->hash, is_asked, &a)
                                      : ST_NO_SLOT;
}

static void add(st_telling *t, const word *w)
{
    enum { FIRST = 256 };
    if (find(t, w) != ST_NO_SLOT)
        return;
    if (t->n >= UINT32_MAX - 1 || !st_slots_grow(&t->slots, t->n, FIRST, hash_of, t) ||
        !st_grow(&t->v, &t->cap, t->n + 1, sizeof *t->v)) {
        t->failed = true;
        return;
    }
    t->v[t->n] = *w;
    const asked a = { t, w };
    t->slots.at[st_slots_probe(&t->slots, w->hash, is_asked, &a)] = (uint32_t)t->n + 1;
    t->lengths |= length_bit(w);
    t->n++;
}

/* lines */

void st_telling_ask(st_telling *t, st_str line)
{
    word w;
    for (size_t at = 0; !t->failed && next_word(t, line, &at, &w);)
        add(t, &w);
}

void st_telling_everyday(st_telling *t, st_str line)
{
    word w;
    for (size_t at = 0; t->n && next_word(t, line, &at, &w);) {
        uint32_t i = find(t, &w);
        if (i != ST_NO_SLOT)
            t->v[i].everyday = true;
    }
}

bool st_telling_is(const st_telling *t, st_str line)
{
    word w;
    for (size_t at = 0; next_word(t, line, &at, &w);) {
        uint32_t i = find(t, &w);
        if (i == ST_NO_SLOT || !t->v[i].everyday)
            return true;
    }
    return false;
}

bool st_telling_failed(const st_telling *t)
{
    return t->failed;
}
