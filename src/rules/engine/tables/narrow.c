/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow.c - which events a condition on ActionType leaves.
 *
 * A table of events is made of several kinds, told apart by ActionType. Where a query's first
 * conditions ask for some of those only, the others needn't be read from the evidence at all.
 * Each part of the condition that asks for ActionType alone is asked about all there are.
 */
#include "rules/engine/functions/functions.h"
#include "rules/engine/tables/tables.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): expressions are as high as the parser lets them be */

static bool asks_only(const st_expr *x, size_t column)
{
    bool pure = x->code == st_call_and || x->code == st_call_or || x->code == st_call_not ||
                x->code == st_call_in || x->code == st_call_strop;
    if (x->kind == ST_EXPR_CONST)
        return true;
    if (x->kind == ST_EXPR_COLUMN)
        return x->col == column;
    if (x->kind != ST_EXPR_PRED && !(x->kind == ST_EXPR_CALL && pure))
        return false;
    for (size_t i = 0; i < x->nargs; i++)
        if (!asks_only(x->args[i], column))
            return false;
    return true;
}

/* Clears what isn't possible by x: some part of it says no. */
static void ask(st_run *r, const st_expr *x, size_t column, st_batch *b, bool *possible)
{
    if (x->kind == ST_EXPR_CALL && x->code == st_call_and) {
        for (size_t i = 0; i < x->nargs; i++)
            ask(r, x->args[i], column, b, possible);
        return;
    }
    bool *keep = asks_only(x, column) ? ST_NEWN(&b->arena, bool, b->n) : NULL;
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
    size_t n = 0, column = column_of(t);
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
    ask(r, x, column, b, possible);
    for (size_t i = 0; i < n; i++)
        if ((st_event_rows_at(i, &key)->when && possible[n]) || possible[i])
            st_event_set_add(&left, key);
    st_batch_free(b);
    st_event_set_meet(&left, &events);
    return left;
}
