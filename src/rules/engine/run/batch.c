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
    b->node = ST_ROOMN(&b->arena, st_node, n);
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

st_val st_row_value(st_run *r, st_node row, const st_getter *c)
{
    const st_event *e = c->flags & (ST_SRC_ACTOR | ST_SRC_TARGET) ? st_lineage_event(r, row) : NULL;
    if (e)
        row = observed(r->forest, c->flags & ST_SRC_ACTOR ? e->process : e->target);
    return row == ST_NO_NODE ? st_val_missing(c->type) : c->get(r, row, c);
}

/* A batch's lent column, of its rows. */
static void take_lent(const st_batch *b, const st_packed *p, st_val *v)
{
    for (size_t k = 0; p->v && k < b->n; k++)
        v[k] = p->v[b->pick[k]];
    for (size_t k = 0; !p->v && p->text && k < b->n; k++)
        v[k] = st_val_sid(p->text[b->pick[k]]);
    for (size_t k = 0; !p->v && !p->text && k < b->n; k++)
        v[k] = p->same;
}

static bool is_one(const st_packed *p)
{
    return p && !p->v && !p->text;
}

bool st_slot_is_one(const st_slot *s)
{
    return !s->v && is_one(s->lent);
}

bool st_slot_is_lent(const st_slot *s)
{
    return !s->v && s->lent && !is_one(s->lent);
}

static const st_packed *pack_one(st_arena *a, st_val v)
{
    st_packed *p = ST_NEW(a, st_packed);
    if (p)
        p->same = v;
    return p;
}

bool st_slot_set(st_run *r, st_batch *b, st_slot *s, st_val v)
{
    *s = (st_slot){ .lent = pack_one(&b->arena, v), .same = ST_SAME_YES };
    return s->lent || st_run_nomem(r);
}

const st_val *st_batch_col(st_run *r, st_batch *b, size_t i)
{
    st_slot *s = &b->cols[i];
    if (s->v)
        return s->v;
    st_val *v = ST_ROOMN(&b->arena, st_val, b->n);
    if (!v) {
        st_run_nomem(r);
        return NULL;
    }
    const st_node *node = s->node ? s->node : b->node;
    if (s->lent)
        take_lent(b, s->lent, v);
    for (size_t k = 0; !s->lent && k < b->n; k++)
        v[k] = s->source && node[k] != ST_NO_NODE
                   ? st_row_value(r, node[k], s->source)
                   : st_val_missing(s->source ? s->source->type : ST_TYPE_DYNAMIC);
    s->v = v;
    return v;
}

static bool all_same(const st_val *v, size_t n)
{
    size_t i = 1;
    bool flag = v[0].tag == ST_VAL_BOOL;
    while (i < n && v[i].tag == v[0].tag &&
           (flag ? v[i].u.b == v[0].u.b : v[0].tag == ST_VAL_NULL || v[i].u.i == v[0].u.i))
        i++;
    return i >= n;
}

const st_val *st_batch_vector(st_run *r, st_batch *b, size_t i, size_t *step)
{
    st_slot *s = &b->cols[i];
    *step = 1;
    if (st_slot_is_one(s)) {
        *step = 0;
        return &s->lent->same;
    }
    const st_val *v = st_batch_col(r, b, i);
    if (v && b->n && s->same == ST_SAME_UNKNOWN)
        s->same = all_same(v, b->n) ? ST_SAME_YES : ST_SAME_NO;
    if (v && b->n && s->same == ST_SAME_YES)
        *step = 0;
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
    if (n == b->n)
        return;
    b->made = NULL;
    if (b->pick)
        (void)filter_nodes(b->pick, keep, b->n);
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

/* The nodes that a column's source is asked about, copied, as filters change them in their place;
 * columns side by side often have the same. */
static bool copy_nodes(const st_batch *from, size_t c, st_batch *to)
{
    if (c && from->cols[c].node == from->cols[c - 1].node && to->cols[c - 1].node) {
        to->cols[c].node = to->cols[c - 1].node;
        return true;
    }
    to->cols[c].node = ST_ROOMN(&to->arena, st_node, from->n);
    if (to->cols[c].node && from->n)
        memcpy(to->cols[c].node, from->cols[c].node, from->n * sizeof(st_node));
    return to->cols[c].node != NULL;
}

/* A column that nobody has asked for yet stays so. */
static bool is_source(const st_slot *s)
{
    return !s->v && !s->lent && s->source;
}

static bool keep_source(const st_batch *from, size_t c, st_batch *to)
{
    to->cols[c].source = from->cols[c].source;
    return !from->cols[c].node || copy_nodes(from, c, to);
}

static bool all_texts(const st_val *v, size_t n)
{
    size_t i = 0;
    while (i < n && v[i].tag == ST_VAL_STRING)
        i++;
    return i == n;
}

static const st_packed *pack(st_arena *a, const st_val *v, size_t n)
{
    st_packed *p = ST_NEW(a, st_packed);
    if (!p || !n)
        return p;
    bool texts = all_texts(v, n);
    st_sid *text = texts ? ST_ROOMN(a, st_sid, n) : NULL;
    st_val *values = texts ? NULL : ST_ROOMN(a, st_val, n);
    for (size_t k = 0; text && k < n; k++)
        text[k] = v[k].u.s;
    if (values)
        memcpy(values, v, n * sizeof *v);
    p->text = text;
    p->v = values;
    return text || values ? p : NULL;
}

st_batch *st_batch_keep(st_run *r, st_batch *from)
{
    st_batch *b = st_batch_new(r, from->n, from->ncols);
    bool ok = b != NULL;
    for (size_t c = 0; ok && c < from->ncols; c++) {
        if (is_source(&from->cols[c])) {
            ok = keep_source(from, c, b);
            continue;
        }
        size_t step;
        const st_val *v = st_batch_vector(r, from, c, &step);
        b->cols[c].lent = !v      ? NULL
                          : !step ? pack_one(&b->arena, v[0])
                                  : pack(&b->arena, v, from->n);
        ok = b->cols[c].lent != NULL;
    }
    if (ok) {
        memcpy(b->node, from->node, from->n * sizeof *b->node);
        return b;
    }
    st_batch_free(b);
    st_run_nomem(r);
    return NULL;
}

static bool copy_values(const st_val *v, size_t n, st_batch *to, st_slot *slot)
{
    slot->v = ST_ROOMN(&to->arena, st_val, n);
    if (slot->v && n)
        memcpy(slot->v, v, n * sizeof *v);
    return slot->v != NULL;
}

static bool settle_column(const st_batch *from, size_t c, st_batch *to)
{
    const st_slot *s = &from->cols[c];
    to->cols[c].same = s->same;
    if (s->v)
        return copy_values(s->v, from->n, to, &to->cols[c]);
    if (st_slot_is_one(s)) /* it may lie in from */
        return (to->cols[c].lent = pack_one(&to->arena, s->lent->same)) != NULL;
    to->cols[c].lent = s->lent;
    return s->lent || keep_source(from, c, to);
}

static bool copy_picks(const st_batch *from, st_batch *to)
{
    to->pick = from->pick ? ST_ROOMN(&to->arena, uint32_t, from->n) : NULL;
    if (to->pick && from->n)
        memcpy(to->pick, from->pick, from->n * sizeof *to->pick);
    return !from->pick || to->pick;
}

/* Bytes that its columns take at most; a few that are shared count more than once. */
static size_t columns_take(const st_batch *b)
{
    size_t columns = 1;
    for (size_t c = 0; c < b->ncols; c++)
        columns += b->cols[c].v || b->cols[c].node;
    return columns * (b->n + 1) * sizeof(st_val);
}

st_batch *st_batch_settle(st_run *r, st_batch *from)
{
    if (from->arena.total < 16384 || from->arena.total / 4 < columns_take(from))
        return from;
    st_batch *b = st_batch_new(r, from->n, from->ncols);
    bool ok = b && copy_picks(from, b);
    for (size_t c = 0; ok && c < from->ncols; c++)
        ok = settle_column(from, c, b);
    if (!ok) {
        st_batch_free(b);
        return from;
    }
    memcpy(b->node, from->node, from->n * sizeof *b->node);
    st_batch_free(from);
    return b;
}

st_batch *st_batch_borrow(st_run *r, const st_batch *from)
{
    st_batch *b = st_batch_new(r, from->n, from->ncols);
    bool ok = b && (b->pick = ST_ROOMN(&b->arena, uint32_t, from->n)) != NULL;
    for (size_t c = 0; ok && c < from->ncols; c++) {
        b->cols[c].lent = from->cols[c].lent;
        ok = from->cols[c].lent || keep_source(from, c, b);
    }
    if (!ok) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    for (size_t k = 0; k < from->n; k++) {
        b->node[k] = from->node[k];
        b->pick[k] = (uint32_t)k;
    }
    return b;
}

/* rows that an operator must hold */

void st_rows_free(st_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        st_batch_free(rows->batch[i]);
    free(rows->batch);
    free(rows->ways);
    *rows = (st_rows){ 0 };
}

/* How a column of held rows comes into a batch. */
enum way {
    UNKNOWN,
    VALUES,    /* by its values */
    OWN,       /* uncomputed, asked about the batch's nodes */
    AS_BEFORE, /* uncomputed, with the nodes of the column before it */
    APART      /* uncomputed, with nodes of its own */
};

/* A column that no batch has computed yet stays uncomputed. */
static bool is_lazy(const st_rows *rows, size_t c)
{
    const st_getter *s = rows->n ? rows->batch[0]->cols[c].source : NULL;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->batch[i]->cols[c].v || rows->batch[i]->cols[c].lent ||
            rows->batch[i]->cols[c].source != s)
            return false;
    return s != NULL;
}

static uint8_t lazy_way(const st_rows *rows, size_t c)
{
    bool own = true, as_before = c > 0;
    for (size_t i = 0; i < rows->n; i++) {
        own = own && !rows->batch[i]->cols[c].node;
        as_before = as_before && rows->batch[i]->cols[c].node == rows->batch[i]->cols[c - 1].node;
    }
    return own ? OWN : as_before ? AS_BEFORE : APART;
}

/* Its values, in every batch. */
static bool compute_all(st_run *r, const st_rows *rows, size_t c)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!st_batch_col(r, rows->batch[i], c))
            return false;
    return true;
}

/* How column c is gathered, remembered where rows can: a column that has stayed uncomputed until
 * then can be asked for ever after. UNKNOWN: no memory. */
static uint8_t way_of(st_run *r, st_rows *rows, size_t c, size_t ncols)
{
    if (rows->ways && rows->ways_of != rows->n) {
        free(rows->ways);
        rows->ways = NULL;
    }
    if (!rows->ways && rows->cap) {
        rows->ways = calloc(ncols + 1, 1);
        rows->ways_of = rows->n;
    }
    if (rows->ways && rows->ways[c])
        return rows->ways[c];
    uint8_t way = is_lazy(rows, c) ? lazy_way(rows, c) : VALUES;
    if (way == VALUES && !compute_all(r, rows, c))
        return UNKNOWN;
    if (rows->ways)
        rows->ways[c] = way;
    return way;
}

static st_node *gather_nodes(const st_rows *rows, size_t c, st_batch *b, const st_at *at)
{
    st_node *node = ST_ROOMN(&b->arena, st_node, b->n);
    for (size_t k = 0; node && k < b->n; k++) {
        const st_batch *from = at[k].batch == UINT32_MAX ? NULL : rows->batch[at[k].batch];
        const st_node *nodes = !from ? NULL : from->cols[c].node ? from->cols[c].node : from->node;
        node[k] = nodes ? nodes[at[k].row] : ST_NO_NODE;
    }
    return node;
}

static bool gather_values(const st_rows *rows, const st_schema *schema, size_t c, st_batch *b,
                          const st_at *at)
{
    st_val *v = b->cols[c].v = ST_ROOMN(&b->arena, st_val, b->n);
    for (size_t k = 0; v && k < b->n; k++)
        v[k] = at[k].batch == UINT32_MAX ? st_val_missing(schema->v[c].type)
                                         : rows->batch[at[k].batch]->cols[c].v[at[k].row];
    return v != NULL;
}

/* One value of all rows of the one batch, where each row comes of it. */
static bool is_one_of(const st_rows *rows, size_t c, const st_batch *b, const st_at *at)
{
    bool one = rows->n == 1 && st_slot_is_one(&rows->batch[0]->cols[c]);
    for (size_t k = 0; one && k < b->n; k++)
        one = at[k].batch == 0;
    return one;
}

static bool gather_column(st_run *r, st_rows *rows, const st_schema *schema, size_t c, st_batch *b,
                          const st_at *at)
{
    if (is_one_of(rows, c, b, at))
        return st_slot_set(r, b, &b->cols[c], rows->batch[0]->cols[c].lent->same);
    if (b->pick && st_slot_is_lent(&rows->batch[0]->cols[c])) {
        b->cols[c].lent = rows->batch[0]->cols[c].lent;
        return true;
    }
    uint8_t way = way_of(r, rows, c, schema->n);
    if (way == UNKNOWN)
        return false;
    if (way == VALUES)
        return gather_values(rows, schema, c, b, at);
    b->cols[c].source = rows->batch[0]->cols[c].source;
    if (way == OWN)
        return true;
    b->cols[c].node = way == AS_BEFORE ? b->cols[c - 1].node : NULL;
    if (!b->cols[c].node) /* the one before has none where it has values */
        b->cols[c].node = gather_nodes(rows, c, b, at);
    return b->cols[c].node != NULL;
}

/* Of one batch to which columns are lent they stay so, if each row comes of it. */
static bool gather_picks(const st_rows *rows, st_batch *b, const st_at *at)
{
    const uint32_t *from = rows->n == 1 ? rows->batch[0]->pick : NULL;
    size_t k = 0;
    while (from && k < b->n && at[k].batch == 0)
        k++;
    if (!from || k < b->n)
        return true;
    b->pick = ST_ROOMN(&b->arena, uint32_t, b->n);
    for (k = 0; b->pick && k < b->n; k++)
        b->pick[k] = from[at[k].row];
    return b->pick != NULL;
}

st_batch *st_rows_gather(st_run *r, st_rows *rows, const st_schema *schema, const bool *wanted,
                         const st_at *at, size_t n)
{
    st_batch *b = st_batch_new(r, n, schema->n);
    bool ok = b && gather_picks(rows, b, at);
    for (size_t k = 0; ok && k < n; k++)
        if (at[k].batch != UINT32_MAX)
            b->node[k] = rows->batch[at[k].batch]->node[at[k].row];
    for (size_t c = 0; ok && c < schema->n; c++)
        ok = (wanted && !wanted[c]) || gather_column(r, rows, schema, c, b, at);
    if (ok)
        return b;
    st_batch_free(b);
    st_run_nomem(r);
    return NULL;
}
