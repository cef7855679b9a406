/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - functions over neighbouring rows: prev, next, row_number, row_cumsum, ranks,
 * sessions.
 *
 * Their input must have an order that is meant (order, top, serialize, range). The operator
 * that uses one gets all its rows in a single batch: st_op_make_whole wraps its input for that.
 */
#include "rules/engine/functions/functions.h"

#include <string.h>

typedef st_window_args args;

static st_val arg(const args *a, size_t i, size_t row)
{
    return a->v[i][row * a->step[i]];
}

static bool is_true(const args *a, size_t i, size_t row)
{
    if (i >= a->n)
        return false;
    st_val v = arg(a, i, row);
    return v.tag == ST_VAL_BOOL && v.u.b;
}

/* The value `way` * offset rows on, or the default. */
static void neighbour(const st_expr *x, const args *a, size_t n, st_val *out, bool back)
{
    for (size_t k = 0; k < n; k++) {
        st_val by = a->n > 1 ? arg(a, 1, k) : st_val_long(1);
        bool there =
            by.tag == ST_VAL_LONG && by.u.i >= 0 && (uint64_t)by.u.i <= (back ? k : n - 1 - k);
        size_t at = !there ? 0 : back ? k - (size_t)by.u.i : k + (size_t)by.u.i;
        out[k] = there ? arg(a, 0, at) : a->n > 2 ? arg(a, 2, k) : st_val_missing(x->type);
    }
}

static void w_prev(const st_expr *x, const args *a, size_t n, st_val *out)
{
    neighbour(x, a, n, out, true);
}

static void w_next(const st_expr *x, const args *a, size_t n, st_val *out)
{
    neighbour(x, a, n, out, false);
}

static void w_row_number(const st_expr *x, const args *a, size_t n, st_val *out)
{
    st_val first = a->n && n ? arg(a, 0, 0) : st_val_long(1);
    uint64_t from = first.tag == ST_VAL_LONG ? (uint64_t)first.u.i : 1, i = from;
    (void)x;
    for (size_t k = 0; k < n; k++) {
        i = is_true(a, 1, k) ? from : i;
        out[k] = st_val_long((int64_t)i++);
    }
}

static void w_row_cumsum(const st_expr *x, const args *a, size_t n, st_val *out)
{
    uint64_t whole = 0;
    double real = 0;
    for (size_t k = 0; k < n; k++) {
        st_val v = arg(a, 0, k);
        double d = 0;
        if (is_true(a, 1, k)) {
            whole = 0;
            real = 0;
        }
        if (v.tag == ST_VAL_LONG || v.tag == ST_VAL_TIMESPAN)
            whole += (uint64_t)v.u.i;
        else if (st_val_number(v, &d))
            real += d;
        out[k] = x->type == ST_TYPE_REAL       ? st_val_real(real)
                 : x->type == ST_TYPE_TIMESPAN ? st_val_span((int64_t)whole)
                                               : st_val_long((int64_t)whole);
    }
}

static void rank(const args *a, size_t n, st_val *out, bool dense)
{
    int64_t place = 0, count = 0;
    for (size_t k = 0; k < n; k++) {
        bool restart = !k || is_true(a, 1, k);
        count = restart ? 1 : count + 1;
        if (restart)
            place = 1;
        else if (!st_val_same(a->mem, arg(a, 0, k - 1), arg(a, 0, k)))
            place = dense ? place + 1 : count;
        out[k] = st_val_long(place);
    }
}

static void w_rank_dense(const st_expr *x, const args *a, size_t n, st_val *out)
{
    (void)x;
    rank(a, n, out, true);
}

static void w_rank_min(const st_expr *x, const args *a, size_t n, st_val *out)
{
    (void)x;
    rank(a, n, out, false);
}

/* Is `v` at least the span behind `from`? */
static bool reaches(st_val v, st_val from, st_val span)
{
    int64_t end;
    return span.tag == ST_VAL_TIMESPAN && !__builtin_add_overflow(from.u.i, span.u.i, &end) &&
           v.u.i >= end;
}

/* The time that the row's session began with. */
static void w_row_window_session(const st_expr *x, const args *a, size_t n, st_val *out)
{
    st_val start = st_val_null(), before = start;
    (void)x;
    for (size_t k = 0; k < n; k++) {
        st_val v = arg(a, 0, k);
        bool null = v.tag != ST_VAL_DATETIME;
        if (null || start.tag == ST_VAL_NULL || is_true(a, 3, k) ||
            reaches(v, start, arg(a, 1, k)) || reaches(v, before, arg(a, 2, k)))
            start = null ? st_val_null() : v;
        before = v;
        out[k] = start;
    }
}

static const st_window windows[] = {
    { "prev", 1, 3, "*i*", true, w_prev },
    { "next", 1, 3, "*i*", true, w_next },
    { "row_number", 0, 2, "ib", false, w_row_number },
    { "row_cumsum", 1, 2, "nb", true, w_row_cumsum },
    { "row_rank_dense", 1, 2, "*b", false, w_rank_dense },
    { "row_rank_min", 1, 2, "*b", false, w_rank_min },
    { "row_window_session", 3, 4, "dttb", true, w_row_window_session },
};

const st_window *st_window_at(size_t i)
{
    return i < sizeof windows / sizeof *windows ? &windows[i] : NULL;
}

const st_window *st_window_find(st_str name)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (st_str_is(name, windows[i].name))
            return &windows[i];
    return NULL;
}
