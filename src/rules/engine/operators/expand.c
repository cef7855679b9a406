/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.c - mv-expand: each element of an array gives a row.
 *
 * Several columns go in parallel, the shorter ones padded with null. An empty array gives no
 * row, null one row with null, a scalar one with itself, a bag one single-entry bag (or pair) a
 * member. A batch of rows may spread to any number of them, so it is done by and by.
 */
#include "rules/engine/operators/ops.h"

#include <math.h>
#include <string.h>

typedef struct expand {
    st_expand *items;
    size_t n;
    size_t limit;
    size_t index_col; /* SIZE_MAX: none */
    st_batch *in;     /* what is being spread; NULL: the next one is due */
    const st_val **v; /* the items' values over it */
    size_t *step;
    size_t row, element; /* where it goes on */
} expand;

/* Where a row of the output comes from. */
typedef struct place {
    size_t row, element;
} place;

size_t st_expand_elements(st_val v)
{
    return v.tag == ST_VAL_ARRAY ? v.u.a->n : v.tag == ST_VAL_BAG ? v.u.g->n : 1;
}

/* Texts aren't read as what they may say, but for what JSON has no form of its own for; a number
 * that isn't whole is neither true nor false. */
static bool conforms(st_type to, st_val v)
{
    bool number = v.tag == ST_VAL_LONG || v.tag == ST_VAL_REAL;
    switch (to) {
    case ST_TYPE_BOOL:
        return v.tag == ST_VAL_BOOL || v.tag == ST_VAL_LONG ||
               (v.tag == ST_VAL_REAL && v.u.d == floor(v.u.d));
    case ST_TYPE_INT:
    case ST_TYPE_LONG:
    case ST_TYPE_REAL: return number;
    case ST_TYPE_DATETIME: return v.tag == ST_VAL_DATETIME || v.tag == ST_VAL_STRING;
    case ST_TYPE_GUID: return v.tag == ST_VAL_GUID || v.tag == ST_VAL_STRING;
    case ST_TYPE_TIMESPAN: return v.tag == ST_VAL_TIMESPAN;
    default: return true;
    }
}

st_val st_expand_element(st_run *r, const st_expand *it, st_val v, size_t i)
{
    st_val out = v;
    if (i >= st_expand_elements(v))
        out = st_val_null();
    else if (v.tag == ST_VAL_ARRAY)
        out = v.u.a->v[i];
    else if (v.tag == ST_VAL_BAG && it->pairs) {
        st_array *pair = st_array_new(&r->mem, 2);
        if (pair) {
            pair->v[0] = st_val_sid(v.u.g->keys[i]);
            pair->v[1] = v.u.g->v[i];
        }
        out = st_val_array(pair);
    } else if (v.tag == ST_VAL_BAG) {
        st_bag *g = st_bag_new(&r->mem, 1);
        if (g) {
            g->keys[0] = v.u.g->keys[i];
            g->v[0] = v.u.g->v[i];
        }
        out = st_val_bag(g);
    }
    if (it->to == ST_TYPE_DYNAMIC)
        return out;
    return conforms(it->to, out) ? st_val_convert(&r->mem, it->to, ST_TYPE_DYNAMIC, out)
                                 : st_val_null();
}

/* How many rows row k of the input gives. */
static size_t rows_of(const expand *e, size_t k)
{
    size_t count = 0;
    for (size_t i = 0; i < e->n; i++) {
        size_t n = st_expand_elements(e->v[i][k * e->step[i]]);
        count = n > count ? n : count;
    }
    return count < e->limit ? count : e->limit;
}

static void close_input(expand *e)
{
    st_batch_free(e->in);
    e->in = NULL;
}

static void expand_free(void *p)
{
    close_input(p);
}

/* The next batch of the input and the values of the items over it. */
static bool open_input(st_run *r, st_op *op, expand *e)
{
    e->in = st_op_next(r, op->in);
    e->row = e->element = 0;
    for (size_t i = 0; e->in && i < e->n; i++)
        if (!(e->v[i] = st_expr_run(r, e->items[i].x, e->in, &e->step[i])))
            return false;
    return e->in != NULL;
}

/* The next elements of the input batch, most of them ST_BATCH_ROWS; how many. */
static size_t pick(expand *e, place *at)
{
    size_t n = 0;
    while (n < ST_BATCH_ROWS && e->row < e->in->n) {
        if (e->element < rows_of(e, e->row)) {
            at[n++] = (place){ e->row, e->element++ };
            continue;
        }
        e->row++;
        e->element = 0;
    }
    return n;
}

static bool is_item(const expand *e, size_t col)
{
    bool item = col == e->index_col;
    for (size_t i = 0; i < e->n; i++)
        item |= e->items[i].col == col;
    return item;
}

/* A column that is passed on. */
static bool copy_column(st_run *r, st_batch *in, st_batch *out, size_t c, const place *at)
{
    if (!in->cols[c].v && !in->cols[c].lent && in->cols[c].source && !in->cols[c].node) {
        out->cols[c].source = in->cols[c].source;
        return true;
    }
    if (out->pick && st_slot_is_lent(&in->cols[c])) {
        out->cols[c].lent = in->cols[c].lent;
        return true;
    }
    size_t step;
    const st_val *from = st_batch_vector(r, in, c, &step);
    if (from && !step)
        return st_slot_set(r, out, &out->cols[c], from[0]);
    st_val *v = out->cols[c].v = from ? ST_ROOMN(&out->arena, st_val, out->n) : NULL;
    for (size_t k = 0; v && k < out->n; k++)
        v[k] = from[at[k].row];
    return v != NULL;
}

static bool fill(st_run *r, const st_op *op, const expand *e, st_batch *out, const place *at)
{
    const uint32_t *pick = e->in->pick;
    if (pick && !(out->pick = ST_ROOMN(&out->arena, uint32_t, out->n)))
        return false;
    for (size_t k = 0; k < out->n; k++) {
        out->node[k] = e->in->node[at[k].row];
        if (pick)
            out->pick[k] = pick[at[k].row];
    }
    for (size_t c = 0; c < op->schema.n; c++)
        if (!is_item(e, c) && !st_op_unused(op, c) && !copy_column(r, e->in, out, c, at))
            return false;
    for (size_t i = 0; i < e->n; i++) {
        const st_expand *it = &e->items[i];
        st_val *v = out->cols[it->col].v = ST_NEWN(&out->arena, st_val, out->n);
        for (size_t k = 0; v && k < out->n; k++)
            v[k] = st_expand_element(r, it, e->v[i][at[k].row * e->step[i]], at[k].element);
        if (!v)
            return false;
    }
    st_val *index = NULL;
    if (e->index_col != SIZE_MAX)
        index = out->cols[e->index_col].v = ST_NEWN(&out->arena, st_val, out->n);
    for (size_t k = 0; index && k < out->n; k++)
        index[k] = st_val_long((int64_t)at[k].element);
    return index || e->index_col == SIZE_MAX;
}

static st_batch *expand_next(st_run *r, st_op *op)
{
    expand *e = op->spec;
    place at[ST_BATCH_ROWS];
    size_t n = 0;
    while (!n) {
        if (!e->in && !open_input(r, op, e))
            return NULL;
        n = pick(e, at);
        if (!n)
            close_input(e);
    }
    st_batch *out = st_batch_new(r, n, op->schema.n);
    if (out && fill(r, op, e, out, at))
        return out;
    st_batch_free(out);
    st_run_nomem(r);
    return NULL;
}

static void expand_reads(st_run *r, st_op *op, st_wanted *w)
{
    const expand *e = op->spec;
    bool *used = st_wanted_of(r, op->in, w);
    for (size_t c = 0; used && c < op->in->schema.n; c++)
        used[c] |= op->used[c] && !is_item(e, c);
    for (size_t i = 0; i < e->n; i++)
        st_wanted_expr(r, op->in, e->items[i].x, w);
}

st_op *st_op_expand(st_run *r, st_op *in, const st_expand *items, size_t n, size_t limit,
                    size_t index_col, const st_col *cols, size_t ncols)
{
    st_op *op = st_op_new(r, expand_next, in, sizeof(expand));
    expand *e = op ? op->spec : NULL;
    if (!e || !st_run_own(r, e, expand_free) || !(e->items = ST_NEWN(&r->arena, st_expand, n)) ||
        !(e->v = ST_NEWN(&r->arena, const st_val *, n)) ||
        !(e->step = ST_NEWN(&r->arena, size_t, n)) || !st_op_columns(r, op, cols, ncols))
        return NULL;
    memcpy(e->items, items, n * sizeof *items);
    e->n = n;
    e->limit = limit;
    e->index_col = index_col;
    op->reads = expand_reads;
    op->hollow = true;
    return op;
}
