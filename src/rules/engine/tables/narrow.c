/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow.c - which events a condition on ActionType leaves, or one on EventID.
 *
 * A table of events is made of several kinds, told apart by ActionType. Where a query's first
 * conditions ask for some of those only, the others needn't be read from the evidence at all.
 * Each part of the condition that asks for ActionType alone is asked about all there are. Of
 * records that are kept whole there are too many kinds for that: there equality with constants
 * counts.
 */
#include "rules/engine/functions/functions.h"
#include "rules/engine/tables/tables.h"
#include "base/limits.h"

#include <string.h>

typedef struct asking {
    size_t column;
    bool only;
} asking;

static bool sees_only(void *ctx, const st_expr *x)
{
    asking *a = ctx;
    bool pure = x->code == st_call_and || x->code == st_call_or || x->code == st_call_not ||
                x->code == st_call_in || x->code == st_call_strop;
    switch (x->kind) {
    case ST_EXPR_CONST:
    case ST_EXPR_PRED: break;
    case ST_EXPR_COLUMN: a->only = x->col == a->column; break;
    case ST_EXPR_CALL: a->only = pure; break;
    case ST_EXPR_WINDOW: a->only = false; break;
    }
    return a->only;
}

static bool asks_only(st_run *r, const st_expr *x, size_t column)
{
    asking a = { column, true };
    return st_expr_each(r, x, sees_only, &a) && a.only;
}

/* NOLINTBEGIN(misc-no-recursion): expressions are as high as the parser lets them be */

/* Clears what isn't possible by x: some part of it says no. left: parts that may be looked at. */
static void ask(st_run *r, const st_expr *x, size_t column, st_batch *b, bool *possible,
                size_t *left)
{
    if (!*left)
        return;
    --*left;
    if (x->kind == ST_EXPR_CALL && x->code == st_call_and) {
        for (size_t i = 0; i < x->nargs; i++)
            ask(r, x->args[i], column, b, possible, left);
        return;
    }
    bool *keep = asks_only(r, x, column) ? ST_NEWN(&b->arena, bool, b->n) : NULL;
    if (!keep || !st_expr_test(r, x, b, keep))
        return;
    for (size_t i = 0; i < b->n; i++)
        possible[i] = possible[i] && keep[i];
}

/* NOLINTEND(misc-no-recursion) */

static size_t column_of(const st_table_def *t)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->columns[i].name, "ActionType") != 0)
        i++;
    return i;
}

st_event_set st_table_def_narrow(st_run *r, const st_table_def *t, st_event_set events,
                                 const st_expr *x)
{
    size_t n = 0, column = column_of(t), parts = ST_MAX_NARROWING;
    st_event_key key;
    st_event_set left = { { 0 } };
    while (st_event_rows_at(n, &key))
        n++;
    /* The last one is an event whose fields don't say what it is. */
    st_batch *b = st_batch_new(r, n + 1, t->n);
    st_val *v = b ? ST_NEWN(&b->arena, st_val, n + 1) : NULL;
    bool *possible = b ? ST_NEWN(&b->arena, bool, n + 1) : NULL;
    if (!v || !possible || column == t->n) {
        st_batch_free(b);
        return events;
    }
    for (size_t i = 0; i <= n; i++) {
        v[i] = i < n ? st_val_str(&r->mem, st_str_of(st_event_rows_at(i, &key)->action))
                     : st_val_sid(ST_EMPTY);
        possible[i] = true;
    }
    b->cols[column].v = v;
    ask(r, x, column, b, possible, &parts);
    for (size_t i = 0; i < n; i++)
        if ((st_event_rows_at(i, &key)->when && possible[n]) || possible[i])
            st_event_set_add(&left, key);
    st_batch_free(b);
    st_event_set_meet(&left, &events);
    return left;
}

/* ids of records that are kept whole */

typedef struct ids {
    uint32_t v[ST_MAX_LOG_IDS];
    size_t n;
    size_t parts; /* of the condition that may still be looked at */
} ids;

static bool add_id(ids *to, st_val v)
{
    if (v.tag != ST_VAL_LONG || to->n == ST_MAX_LOG_IDS)
        return false;
    if (v.u.i >= 0 && v.u.i < UINT32_MAX) /* no record has another */
        to->v[to->n++] = (uint32_t)v.u.i;
    return true;
}

static bool add_constant(ids *to, const st_expr *x)
{
    bool list = x->kind == ST_EXPR_CONST && x->value.tag == ST_VAL_ARRAY;
    if (!list)
        return x->kind == ST_EXPR_CONST && add_id(to, x->value);
    for (size_t i = 0; i < x->value.u.a->n; i++)
        if (!add_id(to, x->value.u.a->v[i]))
            return false;
    return true;
}

static bool is_column(const st_expr *x, size_t column)
{
    return x->kind == ST_EXPR_COLUMN && x->col == column;
}

/* NOLINTBEGIN(misc-no-recursion): expressions are as high as the parser lets them be */

static bool ids_left(const st_expr *x, size_t column, ids *to)
{
    if (x->kind != ST_EXPR_CALL || x->negate || !to->parts)
        return false;
    to->parts--;
    size_t before = to->n;
    if (x->code == st_call_and) { /* one part that says so is enough */
        for (size_t i = 0; i < x->nargs; i++, to->n = before)
            if (ids_left(x->args[i], column, to))
                return true;
        return false;
    }
    bool any = x->code == st_call_or, in = x->code == st_call_in;
    bool equal = x->code == st_compare('=', ST_TYPE_LONG, ST_TYPE_LONG) && x->nargs == 2;
    if (equal && is_column(x->args[1], column))
        return add_constant(to, x->args[0]);
    if (!any && !((in || equal) && x->nargs > 1 && is_column(x->args[0], column)))
        return false;
    for (size_t i = any ? 0 : 1; i < x->nargs; i++)
        if (any ? !ids_left(x->args[i], column, to) : !add_constant(to, x->args[i]))
            return false;
    return true;
}

/* NOLINTEND(misc-no-recursion) */

bool st_table_def_ids(const st_table_def *t, const st_expr *x, uint32_t *out, size_t *n)
{
    size_t column = 0;
    ids left = { .n = 0, .parts = ST_MAX_NARROWING };
    while (column < t->n && t->columns[column].get != st_get_log_event_id)
        column++;
    if (column == t->n || !ids_left(x, column, &left))
        return false;
    memcpy(out, left.v, left.n * sizeof *out);
    *n = left.n;
    return true;
}
