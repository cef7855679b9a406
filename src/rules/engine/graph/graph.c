/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* graph.c - what all graphs have in common: being made once, adjacency, batches of properties. */
#include "rules/engine/graph/graph.h"

st_graph *st_graph_new(st_run *r, size_t maker_size)
{
    st_graph *g = ST_NEW(&r->arena, st_graph);
    void *maker = st_arena_alloc(&r->arena, maker_size, 1);
    if (!g || !maker) {
        st_run_nomem(r);
        return NULL;
    }
    g->maker = maker;
    return g;
}

/* The only thing that its operator does: so making it is counted as that one's time. */
static st_batch *make_it(st_run *r, st_op *op)
{
    op->graph->ok = op->graph->make(r, op->graph) && st_run_ok(r);
    return NULL;
}

bool st_graph_ready(st_run *r, st_graph *g)
{
    if (!g->made) {
        g->made = true;
        st_op_next(r, g->op);
    }
    return g->ok;
}

/* by: the node of each edge on the side that is asked for. */
static bool index_by(st_run *r, const st_graph *g, const st_gid *by, st_graph_lookup *out)
{
    out->at = ST_NEWN(&r->arena, uint32_t, (size_t)g->n + 2);
    out->edge = ST_NEWN(&r->arena, st_gid, g->m);
    if (!out->at || !out->edge)
        return st_run_nomem(r);
    uint32_t *next =
        out->at + 1; /* one place ahead, so that filling moves them to where they belong */
    for (uint32_t e = 0; e < g->m; e++)
        next[by[e] + 1]++;
    for (uint32_t v = 0; v < g->n; v++)
        next[v + 1] += next[v];
    for (uint32_t e = 0; e < g->m; e++)
        out->edge[next[by[e]]++] = e;
    return true;
}

bool st_graph_index(st_run *r, st_graph *g)
{
    return index_by(r, g, g->from, &g->out) && index_by(r, g, g->to, &g->in);
}

st_op *st_op_graph(st_run *r, st_graph *g)
{
    st_op *op = st_op_new(r, make_it, NULL, 0);
    if (op)
        op->graph = g;
    g->op = op;
    return op;
}

st_batch *st_graph_batch(st_run *r, st_graph *g, bool nodes, const st_gid *ids, size_t n,
                         const bool *used)
{
    const st_schema *s = nodes ? &g->node : &g->edge;
    st_batch *b = st_batch_new(r, n, s->n);
    for (size_t c = 0; b && c < s->n; c++) {
        if (!used[c])
            continue;
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = nodes ? g->node_value(r, g, ids[k], c) : g->edge_value(r, g, ids[k], c);
        if (!v || !st_run_ok(r)) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
    }
    return b;
}
