/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold.c - trees that people read: siblings that did the same become one with a count, and the
 * middle of a long chain of only children becomes a line. What is folded is never what differs:
 * a hit is like another only if their rules, the trees below them and, digits aside, their commands
 * are.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

bool st_fold_make(st_folding *x, const st_case *c)
{
    size_t n = c->forest->n ? c->forest->n : 1;
    *x = (st_folding){ .c = c, .f = c->forest };
    x->shape = calloc(n, sizeof *x->shape);
    x->more = calloc(n, sizeof *x->more);
    x->until = malloc(n * sizeof *x->until);
    x->depth = calloc(n, sizeof *x->depth);
    return x->shape && x->more && x->until && x->depth;
}

void st_fold_free(st_folding *x)
{
    free(x->shape);
    free(x->more);
    free(x->until);
    free(x->depth);
    free(x->order);
}

/* shapes */

/* The text without its digits. */
static uint64_t text_shape(st_str s, uint64_t seed)
{
    char piece[256];
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9')
            continue;
        piece[n++] = s.p[i];
        if (n == sizeof piece) {
            seed = st_hash(piece, n, seed);
            n = 0;
        }
    }
    return st_hash(piece, n, seed + 1);
}

/* Of what is no hit the name alone counts. */
static uint64_t own_shape(const st_folding *x, st_node n, const uint32_t *first)
{
    const st_proc *p = &x->f->procs[n];
    uint64_t h = st_hash(&p->image, sizeof p->image, p->flags & ST_P_OBSERVED);
    if (first[n] == UINT32_MAX)
        return h;
    for (size_t i = first[n]; i < x->c->nfindings && x->c->findings[i].node == n; i++)
        h = st_hash(&x->c->findings[i].rule, sizeof x->c->findings[i].rule, h);
    return text_shape(st_pool_get(x->f->pool, p->command_line), h);
}

/* All drawn nodes, parents first. */
static bool list_nodes(st_folding *x, const st_drawn *d, st_node top)
{
    size_t level = 0;
    x->n = 0;
    for (st_node n = top; n != ST_NO_NODE; n = st_drawn_next(x->f, d, top, n, &level)) {
        if (!st_grow(&x->order, &x->cap, x->n + 1, sizeof *x->order))
            return false;
        x->order[x->n++] = n;
    }
    return true;
}

/* Children come behind their parents, so from the back each is whole when it is added above. */
static void find_shapes(st_folding *x, st_node top, const uint32_t *first)
{
    for (size_t i = x->n; i-- > 0;) {
        st_node n = x->order[i];
        uint64_t own = own_shape(x, n, first);
        x->shape[n] = st_hash(&own, sizeof own, x->shape[n]);
        if (n != top) {
            st_node up = x->f->procs[n].parent;
            x->shape[up] = st_hash(&x->shape[n], sizeof x->shape[n], x->shape[up]);
        }
    }
}

/* siblings */

static void fold_run(st_folding *x, uint32_t *stamps, const st_drawn *d, st_node from,
                     uint32_t count)
{
    st_node n = from;
    x->more[from] = count - 1;
    for (uint32_t i = 1; i < count; i++) {
        n = st_drawn_from(x->f, d, x->f->procs[n].next_sibling);
        x->until[from] = n;
        stamps[n] = 0; /* and so what hangs under it isn't reached */
    }
}

/* Runs among the children of one node. */
static void fold_children(st_folding *x, uint32_t *stamps, const st_drawn *d, st_node up)
{
    st_node n = st_drawn_from(x->f, d, x->f->procs[up].first_child);
    while (n != ST_NO_NODE) {
        st_node next = n;
        uint32_t count = 0;
        while (next != ST_NO_NODE && x->shape[next] == x->shape[n]) {
            count++;
            next = st_drawn_from(x->f, d, x->f->procs[next].next_sibling);
        }
        if (count >= ST_MIN_FOLD)
            fold_run(x, stamps, d, n, count);
        n = next;
    }
}

/* chains */

static st_node only_child(const st_folding *x, const st_drawn *d, st_node n)
{
    st_node child = st_drawn_from(x->f, d, x->f->procs[n].first_child);
    if (child == ST_NO_NODE || x->more[child] ||
        st_drawn_from(x->f, d, x->f->procs[child].next_sibling) != ST_NO_NODE)
        return ST_NO_NODE;
    return child;
}

/* The chain of only children that begins below n, without its ends. */
static void fold_chain(st_folding *x, const st_drawn *d, st_node n)
{
    uint32_t length = 0;
    for (st_node at = only_child(x, d, n); at != ST_NO_NODE; at = only_child(x, d, at))
        length++;
    uint32_t ends = 2 * ST_CHAIN_END;
    if (length < ends + ST_MIN_FOLD)
        return;
    st_node at = n;
    for (uint32_t i = 1; i <= length - ST_CHAIN_END; i++) {
        at = only_child(x, d, at);
        if (i > ST_CHAIN_END)
            x->more[at] = ST_FOLDED;
        if (i == ST_CHAIN_END + 1)
            x->more[at] = ST_FOLDED | (length - ends);
    }
}

/* Is n the first of its chain? Then the node above has other children, or is the top. */
static bool begins_chain(const st_folding *x, const st_drawn *d, st_node top, st_node n)
{
    return n == top || only_child(x, d, x->f->procs[n].parent) != n;
}

bool st_fold_tree(st_folding *x, uint32_t *stamps, const st_drawn *d, const uint32_t *first,
                  st_node top)
{
    if (!list_nodes(x, d, top))
        return false;
    for (size_t i = 0; i < x->n; i++) {
        x->shape[x->order[i]] = 0;
        x->more[x->order[i]] = 0;
    }
    find_shapes(x, top, first);
    for (size_t i = 0; i < x->n; i++)
        if (stamps[x->order[i]] == d->stamp)
            fold_children(x, stamps, d, x->order[i]);
    if (!list_nodes(x, d, top))
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (begins_chain(x, d, top, x->order[i]))
            fold_chain(x, d, x->order[i]);
    for (size_t i = 0; i < x->n; i++) {
        st_node n = x->order[i], up = x->f->procs[n].parent;
        x->depth[n] = n == top ? 0 : x->depth[up] + !(x->more[up] & ST_FOLDED);
    }
    return true;
}
