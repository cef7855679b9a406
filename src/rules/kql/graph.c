/* graph.c - what all graphs have in common: being made once, adjacency, batches of properties. */
#include "rules/kql/graph.h"

st_kgraph *st_kgraph_new(st_kbinder *b, size_t maker_size)
{
    st_kgraph *g = ST_NEW(&b->r->arena, st_kgraph);
    void *maker = st_arena_alloc(&b->r->arena, maker_size, 1);
    if (!g || !maker) {
        st_krun_nomem(b->r);
        return NULL;
    }
    g->maker = maker;
    return g;
}

/* The only thing that its operator does: so making it is counted as that one's time. */
static st_kbatch *make_it(st_krun *r, st_kop *op)
{
    op->graph->ok = op->graph->make(r, op->graph) && st_krun_ok(r);
    return NULL;
}

bool st_kgraph_ready(st_krun *r, st_kgraph *g)
{
    if (!g->made) {
        g->made = true;
        st_kop_next(r, g->op);
    }
    return g->ok;
}

/* by: the node of each edge on the side that is asked for. */
static bool index_by(st_krun *r, const st_kgraph *g, const st_gid *by, st_kgindex *out)
{
    out->at = ST_NEWN(&r->arena, uint32_t, (size_t)g->n + 2);
    out->edge = ST_NEWN(&r->arena, st_gid, g->m);
    if (!out->at || !out->edge)
        return st_krun_nomem(r);
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

bool st_kgraph_index(st_krun *r, st_kgraph *g)
{
    return index_by(r, g, g->from, &g->out) && index_by(r, g, g->to, &g->in);
}

st_kop *st_kop_graph(st_kbinder *b, st_kgraph *g)
{
    st_kop *op = st_kop_new(b->r, make_it, NULL, 0);
    if (op)
        op->graph = g;
    g->op = op;
    return op;
}

st_kbatch *st_kgraph_batch(st_krun *r, st_kgraph *g, bool nodes, const st_gid *ids, size_t n,
                           const bool *used)
{
    const st_kschema *s = nodes ? &g->node : &g->edge;
    st_kbatch *b = st_kbatch_new(r, n, s->n);
    for (size_t c = 0; b && c < s->n; c++) {
        if (!used[c])
            continue;
        st_kv *v = b->cols[c].v = ST_NEWN(&b->arena, st_kv, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = nodes ? g->node_value(r, g, ids[k], c) : g->edge_value(r, g, ids[k], c);
        if (!v || !st_krun_ok(r)) {
            st_kbatch_free(b);
            st_krun_nomem(r);
            return NULL;
        }
    }
    return b;
}
