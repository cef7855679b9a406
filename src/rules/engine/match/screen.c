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

struct st_screen_plan {
    size_t n, words;       /* patterns, and 64 of them each */
    uint64_t *always;      /* a bit a pattern: it needs none */
    st_gram_needle *texts; /* each once: single letters stand behind the others */
    size_t ntexts, nlong;
    st_slots slots; /* of the texts, while it is made */
    uint64_t seed;
    st_grams *grams;
    way *ways;         /* by text */
    uint32_t *ways_at; /* by text: where its ways begin; behind the last, where they end */
};

struct st_screen {
    const st_screen_plan *plan;
    uint32_t *found; /* the texts that the text in hand has */
    size_t nfound;
    bool *has;     /* by text: it is among them */
    uint32_t *row; /* by id: number + 1; 0: not asked about */
    size_t nrow;
    uint64_t *rows; /* [number][words], no two alike */
    size_t nrows, cap;
    st_slots table; /* of rows */
};

typedef struct wanted_text {
    const st_screen_plan *p;
    st_str text;
} wanted_text;

static bool is_text(const void *ctx, uint32_t item)
{
    const wanted_text *w = ctx;
    return st_str_eq(w->p->texts[item].text, w->text);
}

static size_t count_ways(const st_needs *of, size_t n)
{
    size_t sum = 0;
    for (size_t i = 1; i < n; i++)
        sum += of[i].n;
    return sum;
}

static size_t place_of(const st_screen_plan *p, st_str text)
{
    wanted_text w = { p, text };
    return st_slots_probe(&p->slots, st_hash(text.p, text.n, p->seed), is_text, &w);
}

/* A text that isn't there yet, if it is a letter or if it is none. */
static void put_text(st_screen_plan *p, st_str text, bool letter)
{
    if (!text.n || (text.n == 1) != letter)
        return;
    size_t at = place_of(p, text);
    if (p->slots.at[at])
        return;
    p->texts[p->ntexts++] = (st_gram_needle){ text, ST_M_CONTAINS };
    p->slots.at[at] = (uint32_t)p->ntexts;
}

static void put_texts(st_screen_plan *p, const st_needs *of, bool letters)
{
    for (size_t i = 1; i < p->n; i++)
        for (size_t k = 0; k < of[i].n; k++) {
            put_text(p, of[i].v[k].text, letters);
            put_text(p, of[i].v[k].also, letters);
        }
}

static uint32_t number_of(const st_screen_plan *p, st_str text)
{
    return p->slots.at[place_of(p, text)] - 1;
}

/* ways: as they come. */
static size_t number_ways(st_screen_plan *p, const st_needs *of, way *ways)
{
    size_t n = 0;
    for (size_t i = 1; i < p->n; i++) {
        if (!of[i].n)
            p->always[i / 64] |= UINT64_C(1) << i % 64;
        for (size_t k = 0; k < of[i].n; k++) {
            const st_need *x = &of[i].v[k];
            ways[n++] = (way){ number_of(p, x->text), (uint32_t)i,
                               x->also.n ? number_of(p, x->also) + 1 : 0 };
        }
    }
    return n;
}

/* had: by text, room to count the ways that have it. */
static void put_under_rarer(way *ways, size_t n, uint32_t *had)
{
    for (size_t i = 0; i < n; i++) {
        had[ways[i].text]++;
        if (ways[i].also)
            had[ways[i].also - 1]++;
    }
    for (size_t i = 0; i < n; i++) {
        way *w = &ways[i];
        uint32_t text = w->text;
        if (w->also && had[w->also - 1] < had[text]) {
            w->text = w->also - 1;
            w->also = text + 1;
        }
    }
}

/* Each under its text: counted first, then put behind those of the texts before. */
static void put_ways(st_screen_plan *p, const way *ways, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        p->ways_at[ways[i].text]++;
    for (size_t t = 0; t <= p->ntexts; t++)
        p->ways_at[t] = sum += p->ways_at[t];
    for (size_t i = n; i-- > 0;)
        p->ways[--p->ways_at[ways[i].text]] = ways[i];
}

/* ways: room for all, and had: for a number a text. */
static bool fill(st_screen_plan *p, const st_needs *of, way *ways, uint32_t *had)
{
    put_texts(p, of, false);
    p->nlong = p->ntexts;
    put_texts(p, of, true);
    size_t n = number_ways(p, of, ways);
    put_under_rarer(ways, n, had);
    put_ways(p, ways, n);
    p->grams = st_grams_new(p->texts, p->nlong, NULL);
    return p->grams != NULL;
}

st_screen_plan *st_screen_plan_new(const st_needs *of, size_t n)
{
    st_screen_plan *p = calloc(1, sizeof *p);
    size_t most = count_ways(of, n), texts = 2 * most + 1, places = 16;
    way *ways = calloc(most + 1, sizeof *ways);
    uint32_t *had = calloc(texts, sizeof *had);
    while (places < 2 * texts)
        places *= 2;
    if (p) {
        p->n = n;
        p->words = n / 64 + 1;
        p->seed = st_hash_seed(p);
        p->always = calloc(p->words, sizeof *p->always);
        p->texts = calloc(texts, sizeof *p->texts);
        p->ways = calloc(most + 1, sizeof *p->ways);
        p->ways_at = calloc(texts + 1, sizeof *p->ways_at);
        p->slots = (st_slots){ calloc(places, sizeof *p->slots.at), places };
    }
    bool ok = p && ways && had && p->always && p->texts && p->ways && p->ways_at && p->slots.at &&
              fill(p, of, ways, had);
    free(ways);
    free(had);
    if (p) {
        free(p->slots.at);
        p->slots = (st_slots){ NULL, 0 };
    }
    if (ok)
        return p;
    st_screen_plan_free(p);
    return NULL;
}

void st_screen_plan_free(st_screen_plan *p)
{
    if (!p)
        return;
    st_grams_free(p->grams);
    free(p->always);
    free(p->texts);
    free(p->ways);
    free(p->ways_at);
    free(p);
}

st_screen *st_screen_new(const st_screen_plan *p)
{
    st_screen *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->plan = p;
    s->found = calloc(p->ntexts + 1, sizeof *s->found);
    s->has = calloc(p->ntexts + 1, sizeof *s->has);
    if (s->found && s->has)
        return s;
    st_screen_free(s);
    return NULL;
}

void st_screen_free(st_screen *s)
{
    if (!s)
        return;
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
    return st_hash((const char *)(s->rows + i * s->plan->words), s->plan->words * sizeof *s->rows,
                   s->plan->seed);
}

/* Is it like the newest row? */
static bool is_newest(const void *screen, uint32_t i)
{
    const st_screen *s = screen;
    return !memcmp(s->rows + i * s->plan->words, s->rows + s->nrows * s->plan->words,
                   s->plan->words * sizeof *s->rows);
}

static void forget(st_screen *s)
{
    memset(s->row, 0, s->nrow * sizeof *s->row);
    if (s->table.n)
        memset(s->table.at, 0, s->table.n * sizeof *s->table.at);
    s->nrows = 0;
}

static bool room_for_row(st_screen *s)
{
    return st_grow(&s->rows, &s->cap, (s->nrows + 1) * s->plan->words, sizeof *s->rows) &&
           st_slots_grow(&s->table, s->nrows, 64, hash_of, s);
}

static bool room_for(st_screen *s, st_sid id)
{
    size_t before = s->nrow;
    if ((s->nrows + 1) * s->plan->words > ST_MAX_SCREEN_WORDS)
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
    for (size_t t = s->plan->nlong; t < s->plan->ntexts; t++)
        if (there[(unsigned char)s->plan->texts[t].text.p[0]])
            found(s, t);
}

/* Which patterns what was found lets through. */
static void put_row(const st_screen *s, uint64_t *row)
{
    for (size_t i = 0; i < s->nfound; i++) {
        uint32_t t = s->found[i];
        for (uint32_t k = s->plan->ways_at[t]; k < s->plan->ways_at[t + 1]; k++) {
            const way *w = &s->plan->ways[k];
            if (!w->also || s->has[w->also - 1])
                row[w->pattern / 64] |= UINT64_C(1) << w->pattern % 64;
        }
    }
}

bool st_screen_look(st_screen *s, st_sid id, st_str folded)
{
    if (!room_for(s, id))
        return false;
    uint64_t *row = s->rows + s->nrows * s->plan->words;
    memcpy(row, s->plan->always, s->plan->words * sizeof *row);
    s->nfound = 0;
    st_grams_find(s->plan->grams, folded, found, s);
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
    if (!number || number >= s->plan->n)
        return ST_SCREEN_MAY;
    uint32_t row = id < s->nrow ? s->row[id] : 0;
    if (row)
        return s->rows[(row - 1) * s->plan->words + word] >> bit & 1 ? ST_SCREEN_MAY
                                                                     : ST_SCREEN_RULED_OUT;
    return s->plan->always[word] >> bit & 1 ? ST_SCREEN_MAY : ST_SCREEN_ASK;
}
