/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needles.c - an automaton of needles.
 *
 * States are the beginnings of needles: a tree, whose children are chains in the order in which
 * they came, but for the root's, which are a table. Behind a byte that no child has, one goes on
 * at the longest end of what was read that is a beginning, too. Each state knows the needle that
 * it is and the nearest shorter end that is one.
 */
#include "base/limits.h"
#include "rules/engine/match/needles.h"

#include <stdlib.h>

typedef struct state {
    uint32_t child, sibling, back, shorter; /* 0: none (the root is nobody's) */
    uint32_t needle;                        /* number + 1; 0: none */
    unsigned char byte;
} state;

struct st_needles {
    const st_str *needles;
    state *v;
    uint32_t n;
    uint32_t first[256]; /* the root's children */
};

static uint32_t child_of(const st_needles *a, uint32_t s, unsigned char c)
{
    if (!s)
        return a->first[c];
    uint32_t t = a->v[s].child;
    while (t && a->v[t].byte != c)
        t = a->v[t].sibling;
    return t;
}

static void add(st_needles *a, size_t number)
{
    st_str needle = a->needles[number];
    uint32_t s = 0;
    for (size_t i = 0; i < needle.n; i++) {
        unsigned char c = (unsigned char)needle.p[i];
        uint32_t t = child_of(a, s, c);
        if (!t) {
            t = a->n++;
            a->v[t] = (state){ .sibling = s ? a->v[s].child : 0, .byte = c };
            if (s)
                a->v[s].child = t;
            else
                a->first[c] = t;
        }
        s = t;
    }
    a->v[s].needle = (uint32_t)number + 1;
}

static uint32_t step(const st_needles *a, uint32_t s, unsigned char c)
{
    uint32_t t;
    while (!(t = child_of(a, s, c)) && s)
        s = a->v[s].back;
    return t;
}

/* Level by level: what a state falls back to is shorter, so it is known. */
static bool link_back(st_needles *a)
{
    uint32_t *todo = malloc(a->n * sizeof *todo), n = 0;
    if (!todo)
        return false;
    for (unsigned c = 0; c < 256; c++)
        if (a->first[c])
            todo[n++] = a->first[c];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t t = a->v[todo[i]].child; t; t = a->v[t].sibling) {
            uint32_t back = step(a, a->v[todo[i]].back, a->v[t].byte);
            a->v[t].back = back;
            a->v[t].shorter = a->v[back].needle ? back : a->v[back].shorter;
            todo[n++] = t;
        }
    free(todo);
    return true;
}

st_needles *st_needles_new(const st_str *needles, size_t n)
{
    size_t bytes = 1;
    for (size_t i = 0; i < n && bytes <= ST_MAX_NEEDLE_BYTES; i++)
        bytes += needles[i].n;
    st_needles *a = bytes <= ST_MAX_NEEDLE_BYTES ? calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    a->needles = needles;
    a->v = malloc(bytes * sizeof *a->v);
    if (a->v) {
        a->v[a->n++] = (state){ 0 };
        for (size_t i = 0; i < n; i++)
            add(a, i);
    }
    if (a->v && link_back(a))
        return a;
    st_needles_free(a);
    return NULL;
}

void st_needles_free(st_needles *a)
{
    if (!a)
        return;
    free(a->v);
    free(a);
}

bool st_needles_any(const st_needles *a, st_mop op, st_str text)
{
    uint32_t s = 0;
    for (size_t i = 0; i < text.n; i++) {
        s = step(a, s, (unsigned char)text.p[i]);
        for (uint32_t t = a->v[s].needle ? s : a->v[s].shorter; t; t = a->v[t].shorter) {
            size_t n = a->needles[a->v[t].needle - 1].n;
            if (st_match_at(op, text, i + 1 - n, n))
                return true;
        }
    }
    return false;
}
