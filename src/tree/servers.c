/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * servers.c - the nearest web server above each node.
 *
 * Parents come before children on a depth-first walk, so each node's answer follows from its
 * parent's in one step.
 */
#include "tree/forest.h"

#include <stdlib.h>
#include <string.h>

/* Takes over the parent's answer. */
static void inherit(st_forest *f, st_proc *p, const bool *is_server, st_trust trust)
{
    const st_proc *up = &f->procs[p->parent];
    bool crossed = st_tree_crosses(p, trust);
    bool below = crossed && is_server[p->parent];
    p->chain_link = p->link;
    if (below) {
        p->server = p->parent;
        p->server_distance = 1;
        return;
    }
    if (crossed && up->server != ST_NO_NODE) {
        p->server = up->server;
        p->server_distance = up->server_distance + 1;
    }
    if (up->parent != ST_NO_NODE && up->chain_link < p->chain_link)
        p->chain_link = up->chain_link;
}

void st_tree_mark_servers(st_forest *f, const bool *is_server, st_trust trust)
{
    for (size_t h = 0; h < f->nhosts; h++) {
        st_node next;
        for (st_node top = f->hosts[h].first_node; top != ST_NO_NODE;
             top = f->procs[top].next_sibling)
            for (st_node n = top; n != ST_NO_NODE; n = next) {
                st_proc *p = &f->procs[n];
                p->flags &= ~(unsigned)ST_P_SERVER;
                if (is_server[n])
                    p->flags |= ST_P_SERVER;
                p->server = ST_NO_NODE;
                p->server_distance = 0;
                p->chain_link = ST_LINK_NONE;
                if (p->parent != ST_NO_NODE)
                    inherit(f, p, is_server, trust);
                next = st_tree_next(f, top, n);
            }
    }
}

st_forest *st_tree_view(const st_forest *f)
{
    st_wood *w = malloc(sizeof *w);
    st_proc *procs = malloc((f->n + 1) * sizeof *procs);
    if (!w || !procs) {
        free(w);
        free(procs);
        return NULL;
    }
    memcpy(w, f, sizeof *w);
    if (f->n)
        memcpy(procs, f->procs, f->n * sizeof *procs);
    w->pub.procs = procs;
    w->procs_cap = f->n + 1;
    return &w->pub;
}

void st_tree_view_free(st_forest *view)
{
    if (view)
        free(view->procs);
    free(view);
}
