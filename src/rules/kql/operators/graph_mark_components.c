/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_mark_components.c - graph-mark-components: the same graph, its nodes numbered by the
 * connected component that they are in; from 0, by a component's first node.
 *
 * Weak: breadth first, edges both ways. Strong: Tarjan's algorithm (Depth-first search and linear
 * graph algorithms, 1972) with a stack of its own.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/operators/operators.h"

#include <stdlib.h>

typedef struct marker {
    st_graph *base;
    bool strong;
    size_t column;
    uint32_t *component; /* by node */
} marker;

/* weak */

static size_t reach(const st_graph_lookup *by, const st_gid *other, st_gid v, uint32_t id,
                    uint32_t *component, st_gid *queue, size_t tail)
{
    for (uint32_t k = by->at[v]; k < by->at[v + 1]; k++) {
        st_gid to = other[by->edge[k]];
        if (component[to] == UINT32_MAX) {
            component[to] = id;
            queue[tail++] = to;
        }
    }
    return tail;
}

static bool weak(st_run *r, const st_graph *g, uint32_t *component)
{
    st_gid *queue = st_mem_zeroed(&r->mem, (size_t)g->n + 1, sizeof *queue);
    uint32_t id = 0;
    if (!queue)
        return st_run_nomem(r);
    for (st_gid v = 0; v < g->n; v++) {
        size_t head = 0, tail = 0;
        if (component[v] != UINT32_MAX)
            continue;
        component[v] = id;
        queue[tail++] = v;
        while (head < tail) {
            st_gid at = queue[head++];
            tail = reach(&g->out, g->to, at, id, component, queue, tail);
            tail = reach(&g->in, g->from, at, id, component, queue, tail);
        }
        id++;
    }
    free(queue);
    return true;
}

/* strong */

typedef struct tarjan {
    const st_graph *g;
    uint32_t *index, *low, *it; /* index 0: not yet seen */
    st_gid *path, *open;        /* the way down; nodes whose component isn't known yet */
    uint32_t npath, nopen, count, ncomponents;
    uint32_t *component;
} tarjan;

static void enter(tarjan *t, st_gid v)
{
    t->index[v] = t->low[v] = ++t->count;
    t->it[v] = t->g->out.at[v];
    t->path[t->npath++] = v;
    t->open[t->nopen++] = v;
}

/* All of v's edges are done: v may be the first node of a component. */
static void leave(tarjan *t, st_gid v)
{
    t->npath--;
    if (t->npath && t->low[v] < t->low[t->path[t->npath - 1]])
        t->low[t->path[t->npath - 1]] = t->low[v];
    if (t->low[v] != t->index[v])
        return;
    st_gid w;
    do {
        w = t->open[--t->nopen];
        t->component[w] = t->ncomponents;
    } while (w != v);
    t->ncomponents++;
}

static void from_node(tarjan *t, st_gid start)
{
    enter(t, start);
    while (t->npath) {
        st_gid v = t->path[t->npath - 1];
        if (t->it[v] == t->g->out.at[v + 1]) {
            leave(t, v);
            continue;
        }
        st_gid to = t->g->to[t->g->out.edge[t->it[v]++]];
        if (!t->index[to])
            enter(t, to);
        else if (t->component[to] == UINT32_MAX && t->index[to] < t->low[v])
            t->low[v] = t->index[to];
    }
}

/* Numbers by first node instead of by who was done first. */
static void renumber(tarjan *t)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < t->ncomponents; i++)
        t->low[i] = UINT32_MAX;
    for (st_gid v = 0; v < t->g->n; v++) {
        uint32_t *to = &t->low[t->component[v]];
        if (*to == UINT32_MAX)
            *to = next++;
        t->component[v] = *to;
    }
}

static bool strong(st_run *r, const st_graph *g, uint32_t *component)
{
    uint32_t *space = st_mem_zeroed(&r->mem, ((size_t)g->n + 1) * 5, sizeof *space);
    size_t n = (size_t)g->n + 1;
    if (!space)
        return st_run_nomem(r);
    tarjan t = { .g = g,
                 .index = space,
                 .low = space + n,
                 .it = space + 2 * n,
                 .path = space + 3 * n,
                 .open = space + 4 * n,
                 .component = component };
    for (st_gid v = 0; v < g->n; v++)
        if (!t.index[v])
            from_node(&t, v);
    renumber(&t);
    free(space);
    return true;
}

/* the graph */

static bool make(st_run *r, st_graph *g)
{
    marker *m = g->maker;
    if (!st_graph_ready(r, m->base))
        return false;
    size_t held = r->mem.held;
    g->n = m->base->n;
    g->m = m->base->m;
    g->from = m->base->from;
    g->to = m->base->to;
    g->out = m->base->out;
    g->in = m->base->in;
    m->component = ST_NEWN(&r->arena, uint32_t, g->n);
    if (!m->component)
        return st_run_nomem(r);
    for (uint32_t v = 0; v < g->n; v++)
        m->component[v] = UINT32_MAX;
    bool ok = m->strong ? strong(r, g, m->component) : weak(r, g, m->component);
    st_mem_release(&r->mem, held);
    return ok;
}

static st_val node_value(st_run *r, st_graph *g, st_gid node, size_t col)
{
    marker *m = g->maker;
    return col == m->column ? st_val_long(m->component[node])
                            : m->base->node_value(r, m->base, node, col);
}

static st_val edge_value(st_run *r, st_graph *g, st_gid edge, size_t col)
{
    st_graph *base = ((marker *)g->maker)->base;
    return base->edge_value(r, base, edge, col);
}

static st_node node_of(st_graph *g, st_gid node)
{
    st_graph *base = ((marker *)g->maker)->base;
    return base->node_of(base, node);
}

st_op *st_bind_op_graph_mark_components(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_name *kind = &q->u.mark.kind, *id = &q->u.mark.id;
    st_graph *g = st_graph_new(sc->r, sizeof(marker));
    if (!g)
        return NULL;
    marker *m = g->maker;
    m->base = in->graph;
    m->strong = st_str_eq(kind->text, ST_STR("strong"));
    if (kind->text.n && !m->strong && !st_str_eq(kind->text, ST_STR("weak"))) {
        st_bind_error(sc, kind->span, NULL, "the kind of components can be weak or strong");
        return NULL;
    }
    g->node = in->graph->node;
    g->edge = in->graph->edge;
    g->lineage = in->graph->lineage;
    g->make = make;
    g->node_value = node_value;
    g->edge_value = edge_value;
    g->node_of = node_of;
    m->column =
        st_schema_put(sc->r, &g->node, id->text.n ? id->text : ST_STR("ComponentId"), ST_TYPE_LONG);
    return m->column == SIZE_MAX ? NULL : st_op_graph(sc->r, g);
}
