/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grams.c - a filter over the hashes of grams, and chains of needles behind it.
 *
 * Where all needles are longer than a gram, not every byte of a text is looked at: of each needle
 * as many grams side by side are known as there are bytes from one look to the next, so that one of
 * them is met wherever the needle stands. Needles of one, two and three bytes have filters of their
 * own, which are asked only if there are such needles, about every byte.
 */
#include "rules/engine/match/grams.h"

#include <stdlib.h>
#include <string.h>

/* As powers of two: a filter has 8 bytes for each place of chains. */
enum { LONGEST = 4, MOST_SLOTS = 14, FEWEST_SLOTS = 6, FILTER = 3 };
enum { MOST_STRIDE = 4 };

typedef struct entry {
    uint32_t gram, needle;
    uint32_t offset; /* of the gram in the needle */
    uint32_t next;   /* 1-based, in its length's chain; 0: the end */
} entry;

struct st_grams {
    const st_gram_needle *needles;
    entry *entries;
    size_t n;
    size_t stride;                /* bytes from one look for grams of the longest to the next */
    unsigned slots;               /* of each length, as a power of two: as the entries are many */
    uint32_t *heads[LONGEST + 1]; /* 1-based; NULL: no needle's gram has so many bytes */
    uint8_t *filter[LONGEST + 1];
};

static inline uint32_t gram_at(const char *p, size_t length)
{
    uint32_t v = 0;
    if (length == 3) { /* in one piece, likewise: see look */
        uint16_t two;
        memcpy(&two, p, sizeof two);
        return two | (uint32_t)(unsigned char)p[2] << 16;
    }
    memcpy(&v, p, length);
    return v;
}

/* Multiplicative hashing (Knuth, volume 3, 6.4). */
static uint32_t mix(uint32_t v)
{
    return v * UINT32_C(2654435761);
}

void st_gram_count(st_gram_counts *c, st_str folded)
{
    for (size_t i = 0; i + LONGEST <= folded.n; i++) {
        uint16_t *met = &c->of[mix(gram_at(folded.p + i, LONGEST)) >> 16];
        *met = (uint16_t)(*met + (*met < UINT16_MAX));
    }
}

static uint32_t met(const st_gram_counts *c, const char *p)
{
    return c->of[mix(gram_at(p, LONGEST)) >> 16];
}

/* The place of the needle's rarest grams, so many side by side. */
static size_t rarest(const st_gram_counts *c, st_str needle, size_t side_by_side)
{
    size_t best = 0;
    uint32_t least = UINT32_MAX, sum = 0;
    for (size_t i = 0; c && i + LONGEST <= needle.n; i++) {
        sum += met(c, needle.p + i);
        if (i >= side_by_side)
            sum -= met(c, needle.p + i - side_by_side);
        if (i + 1 >= side_by_side && sum < least) {
            least = sum;
            best = i + 1 - side_by_side;
        }
    }
    return best;
}

uint32_t st_gram_cost(const st_gram_counts *c, st_str needle)
{
    /* A short needle is taken to be as common as it may well be. */
    static const uint32_t of_short[] = { 1000000, 100000, 10000, 1000 };
    if (needle.n < LONGEST)
        return of_short[needle.n];
    uint32_t least = c ? UINT32_MAX - 1 : 0;
    for (size_t i = 0; c && i + LONGEST <= needle.n; i++) {
        uint32_t n = met(c, needle.p + i);
        least = n < least ? n : least;
    }
    return least + 1;
}

static bool open_length(st_grams *g, size_t length)
{
    if (g->heads[length])
        return true;
    g->heads[length] = calloc((size_t)1 << g->slots, sizeof(uint32_t));
    g->filter[length] = calloc((size_t)1 << (g->slots + FILTER), 1);
    return g->heads[length] && g->filter[length];
}

static void put_gram(st_grams *g, size_t needle, size_t at, size_t length)
{
    uint32_t gram = gram_at(g->needles[needle].text.p + at, length), h = mix(gram);
    uint32_t *head = &g->heads[length][h >> (32 - g->slots)];
    g->entries[g->n++] = (entry){ gram, (uint32_t)needle, (uint32_t)at, *head };
    *head = (uint32_t)g->n;
    g->filter[length][h >> (32 - g->slots - FILTER)] = 1;
}

static bool put(st_grams *g, size_t i, const st_gram_counts *c)
{
    st_str t = g->needles[i].text;
    size_t length = t.n < LONGEST ? t.n : LONGEST, grams = t.n < LONGEST ? 1 : g->stride;
    size_t at = t.n < LONGEST ? 0 : rarest(c, t, grams);
    if (!open_length(g, length))
        return false;
    for (size_t k = 0; k < grams; k++)
        put_gram(g, i, at + k, length);
    return true;
}

/* As the shortest of those that have a gram of the longest lets it. */
static size_t stride_of(const st_gram_needle *needles, size_t n)
{
    size_t stride = MOST_STRIDE;
    for (size_t i = 0; i < n; i++) {
        size_t grams = needles[i].text.n < LONGEST ? stride : needles[i].text.n - LONGEST + 1;
        stride = grams < stride ? grams : stride;
    }
    return stride;
}

st_grams *st_grams_new(const st_gram_needle *needles, size_t n, const st_gram_counts *c)
{
    st_grams *g = calloc(1, sizeof *g);
    size_t stride = stride_of(needles, n), most = n * stride;
    if (!g || !(g->entries = calloc(most + 1, sizeof *g->entries))) {
        free(g);
        return NULL;
    }
    g->needles = needles;
    g->stride = stride;
    g->slots = FEWEST_SLOTS;
    while (g->slots < MOST_SLOTS && (size_t)1 << g->slots < 4 * most)
        g->slots++;
    for (size_t i = 0; i < n; i++)
        if (!put(g, i, c)) {
            st_grams_free(g);
            return NULL;
        }
    return g;
}

void st_grams_free(st_grams *g)
{
    if (!g)
        return;
    for (size_t i = 0; i <= LONGEST; i++) {
        free(g->heads[i]);
        free(g->filter[i]);
    }
    free(g->entries);
    free(g);
}

/* Does the needle stand at `start` of the text, as its operator asks? */
static bool stands(const st_gram_needle *n, st_str text, size_t start)
{
    if (text.n - start < n->text.n || memcmp(text.p + start, n->text.p, n->text.n) != 0)
        return false;
    bool first = start == 0, last = start + n->text.n == text.n;
    return n->op == ST_M_EQ       ? first && last
           : n->op == ST_M_STARTS ? first
           : n->op == ST_M_ENDS   ? last
                                  : true;
}

static void follow(const st_grams *g, size_t length, uint32_t gram, uint32_t h, st_str text,
                   size_t i, void (*hit)(void *ctx, size_t needle), void *ctx)
{
    for (uint32_t e = g->heads[length][h >> (32 - g->slots)]; e; e = g->entries[e - 1].next) {
        const entry *x = &g->entries[e - 1];
        if (x->gram == gram && x->offset <= i &&
            stands(&g->needles[x->needle], text, i - x->offset))
            hit(ctx, x->needle);
    }
}

/* Needles whose gram has that length, in so many looks from i on. Lengths are constants where this
 * is called, so that a gram is one load: copied byte by byte it waits for its own stores. */
static inline __attribute__((always_inline)) void
look(const st_grams *g, size_t length, size_t stride, st_str folded, size_t i, size_t looks,
     void (*hit)(void *ctx, size_t needle), void *ctx)
{
    unsigned shift = 32 - g->slots - FILTER;
    for (; looks-- && i + length <= folded.n; i += stride) {
        uint32_t gram = gram_at(folded.p + i, length), h = mix(gram);
        if (g->filter[length][h >> shift])
            follow(g, length, gram, h, folded, i, hit, ctx);
    }
}

/* Four looks are taken together, as most meet nothing. */
static inline __attribute__((always_inline)) void find_length(const st_grams *g, size_t length,
                                                              size_t stride, st_str folded,
                                                              void (*hit)(void *ctx, size_t needle),
                                                              void *ctx)
{
    const uint8_t *filter = g->filter[length];
    unsigned shift = 32 - g->slots - FILTER;
    size_t i = 0;
    for (; i + 3 * stride + length <= folded.n; i += 4 * stride) {
        const char *p = folded.p + i;
        if (filter[mix(gram_at(p, length)) >> shift] |
            filter[mix(gram_at(p + stride, length)) >> shift] |
            filter[mix(gram_at(p + 2 * stride, length)) >> shift] |
            filter[mix(gram_at(p + 3 * stride, length)) >> shift])
            look(g, length, stride, folded, i, 4, hit, ctx);
    }
    look(g, length, stride, folded, i, 3, hit, ctx);
}

void st_grams_find(const st_grams *g, st_str folded, void (*hit)(void *ctx, size_t needle),
                   void *ctx)
{
    if (g->heads[1])
        find_length(g, 1, 1, folded, hit, ctx);
    if (g->heads[2])
        find_length(g, 2, 1, folded, hit, ctx);
    if (g->heads[3])
        find_length(g, 3, 1, folded, hit, ctx);
    if (g->heads[LONGEST])
        find_length(g, LONGEST, g->stride, folded, hit, ctx);
}
