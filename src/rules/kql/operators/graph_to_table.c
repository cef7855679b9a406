/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_to_table.c - graph-to-table: a graph's nodes, its edges, or both, as rows.
 *
 * Kusto's ids are hashes; here they are the numbers of the nodes, from 0.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/operators/operators.h"

typedef struct listing {
    st_graph *g;
    bool edges;
    size_t id, target; /* columns of ids: of the node, or the source; SIZE_MAX: none */
    size_t nids;       /* how many stand before the properties */
    bool *all;         /* every property */
    st_gid next;
} listing;

static st_val id_of(const listing *l, size_t col, st_gid i)
{
    if (!l->edges)
        return st_val_long(i);
    return st_val_long(col == l->target ? l->g->to[i] : l->g->from[i]);
}

static st_batch *listing_next(st_run *r, st_op *op)
{
    listing *l = op->spec;
    st_gid ids[ST_BATCH_ROWS];
    size_t n = 0;
    if (!st_graph_ready(r, l->g))
        return NULL;
    for (uint32_t total = l->edges ? l->g->m : l->g->n; n < ST_BATCH_ROWS && l->next < total;)
        ids[n++] = l->next++;
    st_batch *b = n ? st_graph_batch(r, l->g, !l->edges, ids, n, l->all) : NULL;
    st_slot *slots = b ? ST_NEWN(&b->arena, st_slot, op->schema.n) : NULL;
    for (size_t c = 0; slots && c < op->schema.n; c++) {
        if (c >= l->nids) {
            slots[c] = b->cols[c - l->nids];
            continue;
        }
        st_val *v = slots[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = id_of(l, c, ids[k]);
    }
    if (!slots) {
        st_batch_free(b);
        return NULL;
    }
    for (size_t k = 0; l->g->lineage && !l->edges && k < n; k++)
        b->node[k] = l->g->node_of(l->g, ids[k]);
    b->cols = slots;
    b->ncols = op->schema.n;
    return b;
}

/* A column of ids before the properties. */
static bool id_column(const st_scope *sc, st_op *op, const st_schema *properties,
                      const st_kql_name *name, size_t *out)
{
    listing *l = op->spec;
    *out = SIZE_MAX;
    if (!name->text.n)
        return true;
    if (st_bind_column(properties, name->text) != SIZE_MAX ||
        st_bind_column(&op->schema, name->text) != SIZE_MAX) {
        st_bind_error(sc, name->span, "KS171", "there is a column %.*s already",
                      ST_FMT(name->text));
        return false;
    }
    *out = l->nids++;
    op->schema.v[op->schema.n++] = (st_col){ name->text, ST_TYPE_LONG };
    return true;
}

static st_op *list(const st_scope *sc, st_graph *g, const st_kql_graph_table *t)
{
    const st_schema *s = t->edges ? &g->edge : &g->node;
    st_op *op = st_op_new(sc->r, listing_next, NULL, sizeof(listing));
    listing *l = op ? op->spec : NULL;
    if (!l || !(l->all = ST_NEWN(&sc->r->arena, bool, s->n)) ||
        !(op->schema.v = ST_NEWN(&sc->r->arena, st_col, s->n + 2)))
        return NULL;
    l->g = g;
    l->edges = t->edges;
    if (!id_column(sc, op, s, &t->id, &l->id) || !id_column(sc, op, s, &t->target_id, &l->target))
        return NULL;
    for (size_t c = 0; c < s->n; c++) {
        l->all[c] = true;
        op->schema.v[op->schema.n++] = s->v[c];
    }
    op->lineage = g->lineage && !t->edges;
    op->name = t->name.text;
    return op;
}

st_op *st_bind_op_graph_to_table(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_graph_table *t = q->u.to_table.tables;
    if (q->u.to_table.n > 2 || (q->u.to_table.n == 2 && t[0].edges == t[1].edges)) {
        st_bind_error(sc, q->span, NULL, "graph-to-table gives nodes, edges, or nodes and edges");
        return NULL;
    }
    st_op *first = list(sc, in->graph, &t[0]);
    if (first && q->u.to_table.n == 2 && !(first->also = list(sc, in->graph, &t[1])))
        return NULL;
    return first;
}
