/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_graph.c - make-graph: a graph of rows, each an edge from one id to another.
 *
 * Rows of the node tables give nodes their properties; the first row of an id counts, and of
 * two tables the first that has a value. An id that only edges name is a node with that id and
 * nothing else. Parallel edges and loops stay.
 *
 * Partitioned by a column, ids of different parts are different nodes. Then no pattern reaches
 * from one part into another, and the operator for each part runs once over them all.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/operators/operators.h"
#include "rules/engine/value/group.h"

typedef struct table {
    st_op *in;
    size_t id, part; /* columns; part SIZE_MAX: none */
    st_rows rows;
    st_at *at; /* by node (edge); batch UINT32_MAX: it has no row here */
} table;

typedef struct maker {
    table edges;
    size_t target;
    table nodes[2];
    size_t nnodes;
    size_t (*cols)[2]; /* by property: the column in each node table, SIZE_MAX: none */
    bool *is_id;       /* by property: the id where no row says it */
    st_grouping ids;
} maker;

static void maker_free(void *p)
{
    maker *m = p;
    st_rows_free(&m->edges.rows);
    for (size_t i = 0; i < m->nnodes; i++)
        st_rows_free(&m->nodes[i].rows);
    st_grouping_free(&m->ids);
}

static size_t node_number(st_run *r, maker *m, st_val id, st_val part)
{
    const st_val key[] = { id, part };
    size_t n = st_grouping_put(&r->mem, &m->ids, key);
    if (n == SIZE_MAX)
        st_run_nomem(r);
    return n;
}

/* Numbers of nodes and edges have 32 bits, as those of the evidence's rows. */
static bool too_many(st_run *r, size_t n)
{
    return n >= ST_NO_GID && !st_run_stop(r, ST_STOP_ROWS);
}

/* The rows of a node table become nodes. */
static bool read_nodes(st_run *r, maker *m, table *t)
{
    if (!st_rows_read(r, t->in, &t->rows) || too_many(r, t->rows.rows))
        return false;
    for (size_t i = 0; i < t->rows.n; i++) {
        st_batch *b = t->rows.batch[i];
        const st_val *id = st_batch_col(r, b, t->id);
        const st_val *part = t->part == SIZE_MAX ? NULL : st_batch_col(r, b, t->part);
        if (!id || (!part && t->part != SIZE_MAX))
            return false;
        for (size_t k = 0; k < b->n; k++)
            if (node_number(r, m, id[k], part ? part[k] : st_val_null()) == SIZE_MAX)
                return false;
    }
    return true;
}

static bool read_edges(st_run *r, st_graph *g, maker *m)
{
    table *t = &m->edges;
    if (!st_rows_read(r, t->in, &t->rows) || too_many(r, t->rows.rows))
        return false;
    g->m = (uint32_t)t->rows.rows;
    g->from = ST_NEWN(&r->arena, st_gid, g->m);
    g->to = ST_NEWN(&r->arena, st_gid, g->m);
    t->at = ST_NEWN(&r->arena, st_at, g->m);
    if (!g->from || !g->to || !t->at)
        return st_run_nomem(r);
    size_t e = 0;
    for (size_t i = 0; i < t->rows.n; i++) {
        st_batch *b = t->rows.batch[i];
        const st_val *from = st_batch_col(r, b, t->id), *to = st_batch_col(r, b, m->target);
        const st_val *part = t->part == SIZE_MAX ? NULL : st_batch_col(r, b, t->part);
        if (!from || !to || (!part && t->part != SIZE_MAX))
            return false;
        for (size_t k = 0; k < b->n; k++, e++) {
            st_val p = part ? part[k] : st_val_null();
            size_t f = node_number(r, m, from[k], p), o = node_number(r, m, to[k], p);
            if (f == SIZE_MAX || o == SIZE_MAX)
                return false;
            g->from[e] = (st_gid)f;
            g->to[e] = (st_gid)o;
            t->at[e] = (st_at){ (uint32_t)i, (uint32_t)k };
        }
    }
    return true;
}

/* Where each node's row is in t: the first of its id. */
static bool place_nodes(st_run *r, const st_graph *g, maker *m, table *t)
{
    t->at = ST_NEWN(&r->arena, st_at, g->n);
    if (!t->at)
        return st_run_nomem(r);
    for (size_t i = 0; i < g->n; i++)
        t->at[i].batch = UINT32_MAX;
    for (size_t i = 0; i < t->rows.n; i++) {
        st_batch *b = t->rows.batch[i];
        const st_val *id = st_batch_col(r, b, t->id);
        const st_val *part = t->part == SIZE_MAX ? NULL : st_batch_col(r, b, t->part);
        for (size_t k = 0; k < b->n; k++) {
            const st_val key[] = { id[k], part ? part[k] : st_val_null() };
            size_t n = st_grouping_find(&r->mem, &m->ids, key);
            if (t->at[n].batch == UINT32_MAX)
                t->at[n] = (st_at){ (uint32_t)i, (uint32_t)k };
        }
    }
    return true;
}

static bool make(st_run *r, st_graph *g)
{
    maker *m = g->maker;
    for (size_t i = 0; i < m->nnodes; i++)
        if (!read_nodes(r, m, &m->nodes[i]))
            return false;
    if (!read_edges(r, g, m) || too_many(r, m->ids.n))
        return false;
    g->n = (uint32_t)m->ids.n;
    for (size_t i = 0; i < m->nnodes; i++)
        if (!place_nodes(r, g, m, &m->nodes[i]))
            return false;
    return st_graph_index(r, g);
}

static st_val table_value(st_run *r, table *t, size_t i, size_t col, st_type type)
{
    const st_val *v = col == SIZE_MAX || t->at[i].batch == UINT32_MAX
                          ? NULL
                          : st_batch_col(r, t->rows.batch[t->at[i].batch], col);
    return v ? v[t->at[i].row] : st_val_missing(type);
}

static bool missing(st_val v)
{
    return v.tag == ST_VAL_NULL || (v.tag == ST_VAL_STRING && v.u.s == ST_EMPTY);
}

static st_val node_value(st_run *r, st_graph *g, st_gid node, size_t col)
{
    maker *m = g->maker;
    st_val v = st_val_missing(g->node.v[col].type);
    if (m->is_id[col])
        return m->ids.keys[(size_t)node * 2];
    for (size_t i = 0; i < m->nnodes && missing(v); i++)
        v = table_value(r, &m->nodes[i], node, m->cols[col][i], g->node.v[col].type);
    return v;
}

static st_val edge_value(st_run *r, st_graph *g, st_gid edge, size_t col)
{
    maker *m = g->maker;
    return table_value(r, &m->edges, edge, col, g->edge.v[col].type);
}

static st_node node_of(st_graph *g, st_gid node)
{
    maker *m = g->maker;
    for (size_t i = 0; i < m->nnodes; i++) {
        st_at at = m->nodes[i].at[node];
        if (at.batch != UINT32_MAX && m->nodes[i].rows.batch[at.batch]->node[at.row] != ST_NO_NODE)
            return m->nodes[i].rows.batch[at.batch]->node[at.row];
    }
    return ST_NO_NODE;
}

/* binding */

/* A column of s that may hold ids. */
static size_t id_column(const st_scope *sc, const st_schema *s, const st_kql_name *name)
{
    st_scope there = st_bind_over(sc, s);
    size_t c = st_bind_column(s, name->text);
    if (c == SIZE_MAX)
        st_bind_no_column(&there, name->span, name->text);
    else if (s->v[c].type == ST_TYPE_DYNAMIC)
        st_bind_error(sc, name->span, "KS116", "a dynamic can't be an id; wrap it in tostring()");
    return c;
}

static bool same_kind(st_type a, st_type b)
{
    return a == b ||
           ((a == ST_TYPE_INT || a == ST_TYPE_LONG) && (b == ST_TYPE_INT || b == ST_TYPE_LONG));
}

static bool add_property(const st_scope *sc, st_graph *g, st_str name, st_type type, size_t which,
                         size_t col, bool id, st_span at)
{
    maker *m = g->maker;
    size_t was = g->node.n, to = st_bind_column(&g->node, name);
    if (to != SIZE_MAX && !same_kind(g->node.v[to].type, type)) {
        st_bind_error(sc, at, "KS106", "%.*s is %s in one table of nodes and %s in the other",
                      ST_FMT(name), st_type_name(g->node.v[to].type), st_type_name(type));
        return false;
    }
    if (to == SIZE_MAX)
        to = st_schema_put(sc->r, &g->node, name, type);
    if (to == SIZE_MAX)
        return false;
    if (to == was)
        m->cols[to][0] = m->cols[to][1] = SIZE_MAX;
    if (which < 2)
        m->cols[to][which] = col;
    m->is_id[to] |= id;
    return true;
}

static bool bind_nodes(const st_scope *sc, st_graph *g, const st_kql_op *q, st_type id_type)
{
    maker *m = g->maker;
    size_t most = 1;
    for (size_t i = 0; i < q->u.graph.n; i++) {
        table *t = &m->nodes[i];
        t->in = st_bind_table(sc, q->u.graph.nodes[i]);
        if (!t->in)
            return false;
        most += t->in->schema.n;
    }
    m->nnodes = q->u.graph.n;
    m->cols = st_arena_alloc(&sc->r->arena, sizeof *m->cols, most);
    m->is_id = ST_NEWN(&sc->r->arena, bool, most);
    if (!m->cols || !m->is_id)
        return st_run_nomem(sc->r);
    for (size_t i = 0; i < m->nnodes; i++) {
        table *t = &m->nodes[i];
        const st_schema *s = &t->in->schema;
        t->id = id_column(sc, s, &q->u.graph.ids[i]);
        t->part = q->u.graph.by.text.n ? id_column(sc, s, &q->u.graph.by) : SIZE_MAX;
        if (sc->out->failed || t->id == SIZE_MAX)
            return false;
        if (!same_kind(s->v[t->id].type, id_type)) {
            st_bind_error(sc, q->u.graph.ids[i].span, "KS106",
                          "ids are %s in the edges and %s here", st_type_name(id_type),
                          st_type_name(s->v[t->id].type));
            return false;
        }
        for (size_t c = 0; c < s->n; c++)
            if (!add_property(sc, g, s->v[c].name, s->v[c].type, i, c, c == t->id,
                              q->u.graph.ids[i].span))
                return false;
        g->lineage |= t->in->lineage;
        g->node.open |= s->open;
        g->node.loose |= s->loose;
    }
    return !q->u.graph.node_id.text.n ||
           add_property(sc, g, q->u.graph.node_id.text, id_type, 2, 0, true, q->span);
}

st_op *st_bind_op_make_graph(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_graph *g = st_graph_new(sc->r, sizeof(maker));
    if (!g || !st_run_own(sc->r, g->maker, maker_free))
        return NULL;
    maker *m = g->maker;
    st_grouping_init(&m->ids, 2);
    g->make = make;
    g->node_value = node_value;
    g->edge_value = edge_value;
    g->node_of = node_of;
    g->edge = in->schema;
    g->node.loose = in->schema.loose;
    m->edges = (table){ .in = in,
                        .id = id_column(sc, &in->schema, &q->u.graph.source),
                        .part = q->u.graph.by.text.n ? id_column(sc, &in->schema, &q->u.graph.by)
                                                     : SIZE_MAX };
    m->target = id_column(sc, &in->schema, &q->u.graph.target);
    if (sc->out->failed || m->edges.id == SIZE_MAX || m->target == SIZE_MAX)
        return NULL;
    st_type from = in->schema.v[m->edges.id].type, to = in->schema.v[m->target].type;
    if (!same_kind(from, to)) {
        st_bind_error(sc, q->u.graph.target.span, "KS106", "sources are %s and targets are %s",
                      st_type_name(from), st_type_name(to));
        return NULL;
    }
    if (!bind_nodes(sc, g, q, from))
        return NULL;
    st_op *op = st_op_graph(sc->r, g);
    const st_kql_op *each = q->u.graph.body ? q->u.graph.body->first : NULL;
    if (each && each->next) {
        st_bind_error(sc, each->next->word, NULL, "only one operator may stand in partitioned-by");
        return NULL;
    }
    if (op)
        op->step = sc->step;
    return op && each ? st_bind_body(sc, op, q->u.graph.body, false) : op;
}
