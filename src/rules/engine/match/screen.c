/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.c - a bit for each pattern and distinct text.
 *
 * Patterns share the texts that they need, so each is looked for once; single letters are looked
 * for by a table of the letters that are there. Most texts let the same patterns through as others
 * did, so that each row of bits is kept once. Without memory, or beyond what may be kept, all is
 * forgotten and begins anew; what can't be remembered lets everything through.
 */
#include "rules/engine/match/screen.h"

#include "base/limits.h"
#include "base/search.h"
#include "rules/engine/match/grams.h"

#include <stdlib.h>
#include <string.h>

/* A pattern may match where a text was found. Of two it stands under the one that fewer ways have,
 * which is taken to be in fewer texts. */
typedef struct way {
    uint32_t text, pattern;
    uint32_t also; /* and this one, by number + 1; 0: no other */
} way;

struct st_screen {
    uint64_t seed;
    size_t n, words;       /* patterns, and 64 of them each */
    uint64_t *always;      /* a bit a pattern: it needs none */
    st_gram_needle *texts; /* sorted: single letters stand behind the others */
    size_t ntexts, nlong;
    st_grams *grams;
    way *ways;         /* by text */
    uint32_t *ways_at; /* by text: where its ways begin; behind the last, where they end */
    uint32_t *found;   /* the texts that the text in hand has */
    size_t nfound;
    bool *has;     /* by text: it is among them */
    uint32_t *row; /* by id: number + 1; 0: not asked about */
    size_t nrow;
    uint64_t *rows; /* [number][words], no two alike */
    size_t nrows, cap;
    st_slots table; /* of rows */
};

/* By length first, so that the letters are together. */
static int by_text(const void *a, const void *b)
{
    const st_gram_needle *x = a, *y = b;
    bool letter = x->text.n == 1, other = y->text.n == 1;
    return letter != other ? (letter ? 1 : -1) : st_str_cmp(x->text, y->text);
}

static size_t count_ways(const st_needs *of, size_t n)
{
    size_t sum = 0;
    for (size_t i = 1; i < n; i++)
        sum += of[i].n;
    return sum;
}

/* The texts of all ways, each once. */
static void put_texts(st_screen *s, const st_needs *of)
{
    size_t n = 0;
    for (size_t i = 1; i < s->n; i++)
        for (size_t k = 0; k < of[i].n; k++) {
            s->texts[n++] = (st_gram_needle){ of[i].v[k].text, ST_M_CONTAINS };
            if (of[i].v[k].also.n)
                s->texts[n++] = (st_gram_needle){ of[i].v[k].also, ST_M_CONTAINS };
        }
    if (n)
        qsort(s->texts, n, sizeof *s->texts, by_text);
    for (size_t i = 0; i < n; i++)
        if (!i || by_text(&s->texts[i], &s->texts[s->ntexts - 1]) != 0)
            s->texts[s->ntexts++] = s->texts[i];
    while (s->nlong < s->ntexts && s->texts[s->nlong].text.n > 1)
        s->nlong++;
}

static uint32_t number_of(const st_screen *s, st_str text)
{
    st_gram_needle wanted = { text, ST_M_CONTAINS };
    const st_gram_needle *at = bsearch(&wanted, s->texts, s->ntexts, sizeof *at, by_text);
    return (uint32_t)(at - s->texts);
}

static int by_first(const void *a, const void *b)
{
    const way *x = a, *y = b;
    return (x->text > y->text) - (x->text < y->text);
}

static size_t number_ways(st_screen *s, const st_needs *of)
{
    size_t n = 0;
    for (size_t i = 1; i < s->n; i++) {
        if (!of[i].n)
            s->always[i / 64] |= UINT64_C(1) << i % 64;
        for (size_t k = 0; k < of[i].n; k++) {
            const st_need *x = &of[i].v[k];
            s->ways[n++] = (way){ number_of(s, x->text), (uint32_t)i,
                                  x->also.n ? number_of(s, x->also) + 1 : 0 };
        }
    }
    return n;
}

/* had: by text, room to count the ways that have it. */
static void put_under_rarer(st_screen *s, size_t n, uint32_t *had)
{
    for (size_t i = 0; i < n; i++) {
        had[s->ways[i].text]++;
        if (s->ways[i].also)
            had[s->ways[i].also - 1]++;
    }
    for (size_t i = 0; i < n; i++) {
        way *w = &s->ways[i];
        uint32_t text = w->text;
        if (w->also && had[w->also - 1] < had[text]) {
            w->text = w->also - 1;
            w->also = text + 1;
        }
    }
}

static void put_ways(st_screen *s, const st_needs *of)
{
    size_t n = number_ways(s, of);
    put_under_rarer(s, n, s->found); /* which is empty yet, and zeroed */
    if (n)
        qsort(s->ways, n, sizeof *s->ways, by_first);
    for (size_t t = 0, k = 0; t <= s->ntexts; t++) {
        while (k < n && s->ways[k].text < t)
            k++;
        s->ways_at[t] = (uint32_t)k;
    }
}

st_screen *st_screen_new(const st_needs *of, size_t n)
{
    st_screen *s = calloc(1, sizeof *s);
    size_t ways = count_ways(of, n), texts = 2 * ways + 1;
    if (s) {
        s->seed = st_hash_seed(s);
        s->n = n;
        s->words = n / 64 + 1;
        s->always = calloc(s->words, sizeof *s->always);
        s->texts = calloc(texts, sizeof *s->texts);
        s->ways = calloc(ways + 1, sizeof *s->ways);
        s->ways_at = calloc(texts + 1, sizeof *s->ways_at);
        s->found = calloc(texts, sizeof *s->found);
        s->has = calloc(texts, sizeof *s->has);
    }
    if (s && s->always && s->texts && s->ways && s->ways_at && s->found && s->has) {
        put_texts(s, of);
        put_ways(s, of);
        s->grams = st_grams_new(s->texts, s->nlong, NULL);
    }
    if (s && s->grams)
        return s;
    st_screen_free(s);
    return NULL;
}

void st_screen_free(st_screen *s)
{
    if (!s)
        return;
    st_grams_free(s->grams);
    free(s->always);
    free(s->texts);
    free(s->ways);
    free(s->ways_at);
    free(s->found);
    free(s->has);
    free(s->row);
    free(s->rows);
    free(s->table.at);
    free(s);
}

static uint64_t hash_of(const void *screen, uint32_t i)
{
    const st_screen *s = screen;
    return st_hash((const char *)(s->rows + i * s->words), s->words * sizeof *s->rows, s->seed);
}

/* Is it like the newest row? */
static bool is_newest(const void *screen, uint32_t i)
{
    const st_screen *s = screen;
    return !memcmp(s->rows + i * s->words, s->rows + s->nrows * s->words,
                   s->words * sizeof *s->rows);
}

static void forget(st_screen *s)
{
    memset(s->row, 0, s->nrow * sizeof *s->row);
    memset(s->table.at, 0, s->table.n * sizeof *s->table.at);
    s->nrows = 0;
}

static bool room_for_row(st_screen *s)
{
    if (!st_grow(&s->rows, &s->cap, (s->nrows + 1) * s->words, sizeof *s->rows))
        return false;
    if (st_slots_room(&s->table, s->nrows))
        return true;
    size_t n = s->table.n ? s->table.n * 2 : 64;
    uint32_t *old = s->table.at, *at = calloc(n, sizeof *at);
    if (!at)
        return false;
    st_slots_move(&s->table, at, n, s->nrows, hash_of, s);
    free(old);
    return true;
}

static bool room_for(st_screen *s, st_sid id)
{
    size_t before = s->nrow;
    if ((s->nrows + 1) * s->words > ST_MAX_SCREEN_WORDS)
        forget(s);
    if (!st_grow(&s->row, &s->nrow, (size_t)id + 1, sizeof *s->row))
        return false;
    memset(s->row + before, 0, (s->nrow - before) * sizeof *s->row);
    return room_for_row(s);
}

/* The number + 1 of the row behind the last, or of one that is like it. */
static uint32_t keep_row(st_screen *s)
{
    size_t at = st_slots_probe(&s->table, hash_of(s, (uint32_t)s->nrows), is_newest, s);
    if (!s->table.at[at])
        s->table.at[at] = (uint32_t)++s->nrows;
    return s->table.at[at];
}

static void found(void *ctx, size_t text)
{
    st_screen *s = ctx;
    if (s->has[text])
        return;
    s->has[text] = true;
    s->found[s->nfound++] = (uint32_t)text;
}

static void find_letters(st_screen *s, st_str folded)
{
    bool there[UINT8_MAX + 1] = { false };
    for (size_t i = 0; i < folded.n; i++)
        there[(unsigned char)folded.p[i]] = true;
    for (size_t t = s->nlong; t < s->ntexts; t++)
        if (there[(unsigned char)s->texts[t].text.p[0]])
            found(s, t);
}

/* Which patterns what was found lets through. */
static void put_row(const st_screen *s, uint64_t *row)
{
    for (size_t i = 0; i < s->nfound; i++) {
        uint32_t t = s->found[i];
        for (uint32_t k = s->ways_at[t]; k < s->ways_at[t + 1]; k++) {
            const way *w = &s->ways[k];
            if (!w->also || s->has[w->also - 1])
                row[w->pattern / 64] |= UINT64_C(1) << w->pattern % 64;
        }
    }
}

bool st_screen_look(st_screen *s, st_sid id, st_str folded)
{
    if (!room_for(s, id))
        return false;
    uint64_t *row = s->rows + s->nrows * s->words;
    memcpy(row, s->always, s->words * sizeof *row);
    s->nfound = 0;
    st_grams_find(s->grams, folded, found, s);
    find_letters(s, folded);
    put_row(s, row);
    s->row[id] = keep_row(s);
    for (size_t i = 0; i < s->nfound; i++)
        s->has[s->found[i]] = false;
    return true;
}

st_screen_says st_screen_says_of(const st_screen *s, size_t number, st_sid id)
{
    size_t word = number / 64, bit = number % 64;
    if (!number || number >= s->n)
        return ST_SCREEN_MAY;
    uint32_t row = id < s->nrow ? s->row[id] : 0;
    if (row)
        return s->rows[(row - 1) * s->words + word] >> bit & 1 ? ST_SCREEN_MAY
                                                               : ST_SCREEN_RULED_OUT;
    return s->always[word] >> bit & 1 ? ST_SCREEN_MAY : ST_SCREEN_ASK;
}
