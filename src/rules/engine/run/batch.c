/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - batches of rows: columns made when they are asked for, rows kept and gathered. */
#include "rules/engine/run/run.h"

#include "rules/engine/run/batch.h"

#include <stdlib.h>
#include <string.h>

st_batch *st_batch_new(st_run *r, size_t n, size_t ncols)
{
    st_batch *b = calloc(1, sizeof *b);
    if (!b) {
        st_run_nomem(r);
        return NULL;
    }
    b->n = n;
    b->ncols = ncols;
    b->arena.budget = &r->budget;
    b->node = ST_NEWN(&b->arena, st_node, n);
    b->cols = ST_NEWN(&b->arena, st_slot, ncols);
    if (!b->node || !b->cols) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        b->node[i] = ST_NO_NODE;
    return b;
}

void st_batch_free(st_batch *b)
{
    if (!b)
        return;
    st_arena_free(&b->arena);
    free(b);
}

/* what a row stands for */

const st_event *st_lineage_event(const st_run *r, st_node row)
{
    const st_forest *f = r->forest;
    size_t i = row == ST_NO_NODE || row < f->n ? SIZE_MAX : row - f->n;
    return i < f->nevents ? &f->events[i] : NULL;
}

uint32_t st_lineage_host(const st_run *r, st_node row)
{
    const st_forest *f = r->forest;
    const st_event *e = st_lineage_event(r, row);
    if (e)
        return e->host;
    if (row == ST_NO_NODE)
        return ST_NO_NODE;
    return row < f->n ? f->procs[row].host : (uint32_t)(row - f->n - f->nevents);
}

static st_node observed(const st_forest *f, st_node n)
{
    return n < f->n && (f->procs[n].flags & ST_P_OBSERVED) ? n : ST_NO_NODE;
}

st_node st_lineage_process(const st_run *r, st_node row)
{
    const st_event *e = st_lineage_event(r, row);
    return observed(r->forest, e ? e->process : row);
}

static st_val value_of(st_run *r, st_node row, const st_getter *c)
{
    const st_event *e = c->flags & (ST_SRC_ACTOR | ST_SRC_TARGET) ? st_lineage_event(r, row) : NULL;
    if (e)
        row = observed(r->forest, c->flags & ST_SRC_ACTOR ? e->process : e->target);
    return row == ST_NO_NODE ? st_val_missing(c->type) : c->get(r, row, c);
}

const st_val *st_batch_col(st_run *r, st_batch *b, size_t i)
{
    st_slot *s = &b->cols[i];
    if (s->v)
        return s->v;
    st_val *v = ST_NEWN(&b->arena, st_val, b->n);
    if (!v) {
        st_run_nomem(r);
        return NULL;
    }
    const st_node *node = s->node ? s->node : b->node;
    for (size_t k = 0; k < b->n; k++)
        v[k] = s->source && node[k] != ST_NO_NODE
                   ? value_of(r, node[k], s->source)
                   : st_val_missing(s->source ? s->source->type : ST_TYPE_DYNAMIC);
    s->v = v;
    return v;
}

/* Several columns may have the same nodes. */
static bool nodes_seen(const st_batch *b, size_t col)
{
    for (size_t i = col; i-- > 0;)
        if (b->cols[i].node == b->cols[col].node)
            return true;
    return false;
}

static size_t filter_nodes(st_node *node, const bool *keep, size_t n)
{
    size_t to = 0;
    for (size_t k = 0; k < n; k++)
        if (keep[k])
            node[to++] = node[k];
    return to;
}

void st_batch_filter(st_batch *b, const bool *keep)
{
    size_t n = filter_nodes(b->node, keep, b->n);
    for (size_t i = 0; i < b->ncols; i++) {
        if (b->cols[i].node && !nodes_seen(b, i))
            (void)filter_nodes(b->cols[i].node, keep, b->n);
        st_val *v = b->cols[i].v;
        for (size_t k = 0, to = 0; v && k < b->n; k++)
            if (keep[k])
                v[to++] = v[k];
    }
    b->n = n;
}

/* rows that an operator must hold */

void st_rows_free(st_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        st_batch_free(rows->batch[i]);
    free(rows->batch);
    *rows = (st_rows){ 0 };
}

/* The nodes that column c's source is asked about, for the rows of the new batch. */
static st_node *gather_nodes(const st_rows *rows, size_t c, st_batch *b, const st_at *at)
{
    bool own = true, as_before = c > 0 && b->cols[c - 1].node;
    for (size_t i = 0; i < rows->n; i++) {
        own = own && !rows->batch[i]->cols[c].node;
        as_before = as_before && rows->batch[i]->cols[c].node == rows->batch[i]->cols[c - 1].node;
    }
    if (own || as_before)
        return own ? b->node : b->cols[c - 1].node;
    st_node *node = ST_NEWN(&b->arena, st_node, b->n);
    for (size_t k = 0; node && k < b->n; k++) {
        const st_batch *from = at[k].batch == UINT32_MAX ? NULL : rows->batch[at[k].batch];
        const st_node *nodes = !from ? NULL : from->cols[c].node ? from->cols[c].node : from->node;
        node[k] = nodes ? nodes[at[k].row] : ST_NO_NODE;
    }
    return node;
}

/* A column that no batch has computed yet stays uncomputed. */
static const st_getter *lazy_column(const st_rows *rows, size_t c)
{
    const st_getter *s = rows->n ? rows->batch[0]->cols[c].source : NULL;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->batch[i]->cols[c].v || rows->batch[i]->cols[c].source != s)
            return NULL;
    return s;
}

st_batch *st_rows_gather(st_run *r, const st_rows *rows, const st_schema *schema, const st_at *at,
                         size_t n)
{
    st_batch *b = st_batch_new(r, n, schema->n);
    for (size_t k = 0; b && k < n; k++)
        if (at[k].batch != UINT32_MAX)
            b->node[k] = rows->batch[at[k].batch]->node[at[k].row];
    for (size_t c = 0; b && c < schema->n; c++) {
        b->cols[c].source = lazy_column(rows, c);
        st_node *node = b->cols[c].source ? gather_nodes(rows, c, b, at) : NULL;
        b->cols[c].node = node == b->node ? NULL : node;
        if (node)
            continue;
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t i = 0; v && i < rows->n; i++)
            if (!st_batch_col(r, rows->batch[i], c))
                v = NULL;
        if (!v) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
        for (size_t k = 0; k < n; k++)
            v[k] = at[k].batch == UINT32_MAX ? st_val_missing(schema->v[c].type)
                                             : rows->batch[at[k].batch]->cols[c].v[at[k].row];
    }
    return b;
}
