/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.c - a bit for each pattern and distinct text.
 *
 * Without memory, or beyond what may be kept, all is forgotten and begins anew; what can't be
 * remembered lets everything through.
 */
#include "rules/engine/match/screen.h"

#include "base/limits.h"
#include "rules/engine/match/grams.h"

#include <stdlib.h>
#include <string.h>

struct st_screen {
    size_t n, words; /* patterns, and 64 of them each */
    st_gram_needle *needles;
    uint32_t *pattern; /* by needle */
    st_grams *grams;
    uint64_t *always; /* a bit a pattern: it needs none */
    uint32_t *row;    /* by text: number + 1; 0: not asked about */
    size_t nrow;
    uint64_t *rows; /* [number][words] */
    size_t nrows, cap;
};

static size_t count_needles(const st_literals *of, size_t n)
{
    size_t sum = 0;
    for (size_t i = 1; i < n; i++)
        sum += of[i].n;
    return sum;
}

static void put_needles(st_screen *s, const st_literals *of)
{
    size_t k = 0;
    for (size_t i = 1; i < s->n; i++) {
        if (!of[i].n)
            s->always[i / 64] |= UINT64_C(1) << i % 64;
        for (size_t j = 0; j < of[i].n; j++, k++) {
            s->needles[k] = (st_gram_needle){ of[i].v[j], ST_M_CONTAINS };
            s->pattern[k] = (uint32_t)i;
        }
    }
}

st_screen *st_screen_new(const st_literals *of, size_t n)
{
    st_screen *s = calloc(1, sizeof *s);
    size_t needles = count_needles(of, n);
    if (s) {
        s->n = n;
        s->words = n / 64 + 1;
        s->needles = calloc(needles + 1, sizeof *s->needles);
        s->pattern = calloc(needles + 1, sizeof *s->pattern);
        s->always = calloc(s->words, sizeof *s->always);
    }
    if (s && s->needles && s->pattern && s->always) {
        put_needles(s, of);
        s->grams = st_grams_new(s->needles, needles, NULL);
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
    free(s->needles);
    free(s->pattern);
    free(s->always);
    free(s->row);
    free(s->rows);
    free(s);
}

static void found(void *ctx, size_t needle)
{
    st_screen *s = ctx;
    uint32_t p = s->pattern[needle];
    s->rows[(s->nrows - 1) * s->words + p / 64] |= UINT64_C(1) << p % 64;
}

static bool room_for(st_screen *s, st_sid id)
{
    size_t before = s->nrow;
    if ((s->nrows + 1) * s->words > ST_MAX_SCREEN_WORDS) {
        memset(s->row, 0, s->nrow * sizeof *s->row);
        s->nrows = 0;
    }
    if (!st_grow(&s->row, &s->nrow, (size_t)id + 1, sizeof *s->row))
        return false;
    memset(s->row + before, 0, (s->nrow - before) * sizeof *s->row);
    return st_grow(&s->rows, &s->cap, (s->nrows + 1) * s->words, sizeof *s->rows);
}

bool st_screen_knows(const st_screen *s, st_sid id)
{
    return id < s->nrow && s->row[id];
}

bool st_screen_lets(st_screen *s, size_t number, st_sid id, st_str folded)
{
    if (!number || number >= s->n || s->always[number / 64] >> number % 64 & 1)
        return true;
    if (!st_screen_knows(s, id)) {
        if (!room_for(s, id))
            return true;
        memset(s->rows + s->nrows * s->words, 0, s->words * sizeof *s->rows);
        s->row[id] = (uint32_t)++s->nrows;
        st_grams_find(s->grams, folded, found, s);
    }
    return s->rows[(s->row[id] - 1) * s->words + number / 64] >> number % 64 & 1;
}
