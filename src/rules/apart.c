/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* apart.c - rows that look otherwise over other inferred edges. */
#include "rules/apart.h"

#include <stdlib.h>

/* A forest of more nodes isn't copied for it. */
enum { MOST_NODES = 1 << 16 };

static bool add(st_rule_rows *rows, st_node row)
{
    if (!st_grow(&rows->v, &rows->cap, rows->n + 1, sizeof *rows->v))
        return false;
    rows->v[rows->n++] = row;
    return true;
}

/* Parents come before children on the way, so each node's answer follows from its parent's. */
static void mark(const st_forest *f, st_trust own, st_trust other, bool *apart)
{
    for (size_t h = 0; h < f->nhosts; h++)
        for (st_node top = f->hosts[h].first_node; top != ST_NO_NODE;
             top = f->procs[top].next_sibling)
            for (st_node n = top; n != ST_NO_NODE; n = st_tree_next(f, top, n)) {
                const st_proc *p = &f->procs[n];
                apart[n] =
                    p->parent != ST_NO_NODE &&
                    (apart[p->parent] || st_tree_crosses(p, own) != st_tree_crosses(p, other));
            }
}

static bool is_apart(const bool *apart, st_node n)
{
    return n != ST_NO_NODE && apart[n];
}

static bool list(st_apart *a, const st_forest *f, const bool *apart)
{
    bool ok = true;
    a->known = true;
    for (st_node n = 0; ok && n < f->n; n++) {
        if (!apart[n])
            continue;
        a->known &= f->procs[n].server == ST_NO_NODE && a->view->procs[n].server == ST_NO_NODE;
        a->nobserved += n < f->observed;
        ok = add(&a->nodes, n);
    }
    for (size_t i = 0; ok && i < f->nevents; i++)
        if (is_apart(apart, f->events[i].process) || is_apart(apart, f->events[i].target))
            ok = add(&a->events, (st_node)(f->n + i));
    return ok;
}

bool st_apart_find(st_apart *a, const st_forest *f, const bool *server, st_trust own,
                   st_trust other)
{
    *a = (st_apart){ .trust = other };
    if (f->n > MOST_NODES)
        return true;
    bool *apart = calloc(f->n + 1, sizeof *apart);
    a->view = st_tree_view(f);
    bool ok = apart && a->view;
    if (ok) {
        st_tree_mark_servers(a->view, server, other);
        mark(f, own, other, apart);
        ok = list(a, f, apart);
    }
    free(apart);
    return ok;
}

void st_apart_free(st_apart *a)
{
    st_tree_view_free(a->view);
    free(a->nodes.v);
    free(a->events.v);
    *a = (st_apart){ 0 };
}

bool st_apart_touches(const st_apart *a, st_run *r)
{
    const st_forest *forest = r->forest;
    st_trust trust = r->trust;
    if (!a->known || r->walks)
        return true;
    const st_row_list some[ST_OF_NONE] = {
        [ST_OF_PROCESSES] = { a->nodes.v, a->nobserved },
        [ST_OF_NODES] = { a->nodes.v, a->nodes.n },
        [ST_OF_EVENTS] = { a->events.v, a->events.n },
    };
    bool touches = st_run_lets(r, some);
    r->forest = a->view;
    r->trust = a->trust;
    touches = touches || st_run_lets(r, some);
    r->forest = forest;
    r->trust = trust;
    return touches;
}

unsigned st_apart_touched(const st_apart *v, unsigned n, st_run *r)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < n; i++)
        bits |= (unsigned)(!v || st_apart_touches(&v[i], r)) << i;
    return bits;
}
