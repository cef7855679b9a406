/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - lists of children and roots, depths, and ways through a forest.
 */
#include "tree/forest.h"

#include <stdlib.h>

const char *st_link_word(st_link l)
{
    static const char *const WORDS[] = { "none", "inferred", "guid" };
    return (unsigned)l < sizeof WORDS / sizeof WORDS[0] ? WORDS[l] : "none";
}

static int by_start(const void *pa, const void *pb, void *ctx)
{
    const st_proc *procs = ctx;
    st_node a = *(const st_node *)pa, b = *(const st_node *)pb;
    if (procs[a].start != procs[b].start)
        return procs[a].start < procs[b].start ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Puts n in front of its siblings, or of its host's roots. */
static void push(st_wood *w, st_node n)
{
    st_proc *p = &w->pub.procs[n];
    bool root = p->parent == ST_NO_NODE;
    st_proc *up = root ? NULL : &w->pub.procs[p->parent];
    st_node *head = root ? &w->pub.hosts[p->host].first_node : &up->first_child;
    p->next_sibling = *head;
    *head = n;
    if (root)
        return;
    up->children++;
    if (w->rising) /* what is below n has been pushed */
        up->descendants += p->descendants + 1;
}

/* From the youngest to the oldest, so that each list comes out by start, then place. Observed
 * nodes lie in that order; placeholders (in `others`, sorted) are merged in. */
static void make_lists(st_wood *w, const st_node *others)
{
    size_t i = w->pub.observed, k = w->pub.n - w->pub.observed;
    while (i || k) {
        if (!k || (i && w->pub.procs[i - 1].start > w->pub.procs[others[k - 1]].start))
            push(w, (st_node)--i);
        else
            push(w, others[--k]);
    }
}

static st_node next_of_host(const st_forest *f, st_node n)
{
    if (f->procs[n].first_child != ST_NO_NODE)
        return f->procs[n].first_child;
    while (n != ST_NO_NODE && f->procs[n].next_sibling == ST_NO_NODE)
        n = f->procs[n].parent;
    return n == ST_NO_NODE ? n : f->procs[n].next_sibling;
}

static void measure(st_wood *w, st_proc *p)
{
    bool root = p->parent == ST_NO_NODE;
    const st_proc *up = root ? NULL : &w->pub.procs[p->parent];
    p->depth = root ? 0 : up->depth + 1;
    p->chain_link = root ? ST_LINK_NONE : p->link;
    if (!root && up->parent != ST_NO_NODE && up->chain_link < p->chain_link)
        p->chain_link = up->chain_link;
}

bool st_tree_measure_rising(st_wood *w)
{
    size_t observed = w->pub.observed;
    for (size_t i = observed; i < w->pub.n; i++)
        if (w->pub.procs[i].parent != ST_NO_NODE)
            return false;
    for (size_t i = 0; i < observed; i++) {
        st_node up = w->pub.procs[i].parent;
        if (up != ST_NO_NODE && up >= i && up < observed)
            return false;
        measure(w, &w->pub.procs[i]);
    }
    return true;
}

/* Depth-first over everything: depths and chains on the way down, descendants on the way back. */
static void measure_all(st_wood *w, st_node *order)
{
    size_t n = 0;
    for (size_t h = 0; h < w->pub.nhosts; h++)
        for (st_node i = w->pub.hosts[h].first_node; i != ST_NO_NODE;
             i = next_of_host(&w->pub, i)) {
            measure(w, &w->pub.procs[i]);
            order[n++] = i;
        }
    while (n--) {
        const st_proc *p = &w->pub.procs[order[n]];
        if (p->parent != ST_NO_NODE)
            w->pub.procs[p->parent].descendants += p->descendants + 1;
    }
}

bool st_tree_arrange(st_wood *w)
{
    size_t n = w->pub.n, nothers = n - w->pub.observed;
    st_node *order = malloc((n ? n : 1) * sizeof *order);
    if (!order)
        return false;
    for (size_t i = 0; i < nothers; i++)
        order[i] = (st_node)(w->pub.observed + i);
    qsort_r(order, nothers, sizeof *order, by_start, w->pub.procs);
    make_lists(w, order);
    if (!w->rising)
        measure_all(w, order);
    free(order);
    return true;
}

st_node st_tree_parent(const st_forest *f, st_node n, st_trust trust)
{
    const st_proc *p = &f->procs[n];
    return st_tree_crosses(p, trust) ? p->parent : ST_NO_NODE;
}

st_node st_tree_next(const st_forest *f, st_node top, st_node n)
{
    if (f->procs[n].first_child != ST_NO_NODE)
        return f->procs[n].first_child;
    while (n != top && f->procs[n].next_sibling == ST_NO_NODE)
        n = f->procs[n].parent;
    return n == top ? ST_NO_NODE : f->procs[n].next_sibling;
}
