/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval.c - expressions over a batch of rows.
 *
 * Columns are vectors that are there already, constants one value with a step of 0; a call
 * asks its arguments for their vectors and runs its code row by row. A predicate on a string
 * column looks up one byte a row. Nesting is bounded by the parser's depth limit.
 */
#include "rules/engine/functions/functions.h"
#include "rules/engine/run/memo.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows an expression whose height the parser bounds */

/* Has the rule used up what it may have? Its constants may take less. */
static bool spent(st_run *r)
{
    if (!r->binding || r->arena.total <= ST_MAX_CONSTANTS)
        return !st_run_going(r);
    r->limit = "the values of this rule take more memory than the limit";
    return true;
}

/* Rows between two looks at what is spent: a text that a function makes may have a MiB. */
enum { LOOK = 4 };

/* A field that isn't there fits nothing; one of several values fits if any of them does. */
static bool field_fits(st_run *r, const st_expr *x, st_val v)
{
    size_t n = v.tag == ST_VAL_ARRAY ? v.u.a->n : v.tag == ST_VAL_STRING;
    const st_val *each = v.tag == ST_VAL_ARRAY ? v.u.a->v : &v;
    for (size_t i = 0; i < n; i++)
        if (each[i].tag == ST_VAL_STRING && st_pred_test(x->pred, &r->shared->folds, each[i].u.s))
            return true;
    return false;
}

/* asked: of which rows the answer is looked at; NULL: of all. */
static const st_val *run_pred(st_run *r, const st_expr *x, st_batch *b, const bool *asked)
{
    size_t step;
    const st_val *text = st_expr_run(r, x->args[0], b, &step);
    st_val *out = text ? ST_NEWN(&b->arena, st_val, b->n) : NULL;
    if (!out)
        return NULL;
    for (size_t k = 0; k < b->n; k++) {
        st_val v = text[k * step];
        if (asked && !asked[k])
            continue;
        if (v.tag != ST_VAL_STRING && spent(r))
            break;
        if (x->field) {
            out[k] = st_val_bool(field_fits(r, x, v) != x->negate);
            continue;
        }
        if (v.tag != ST_VAL_STRING)
            v = st_val_tostring(&r->mem, x->args[0]->type, v);
        out[k] = st_val_bool(st_pred_test(x->pred, &r->shared->folds, v.u.s) != x->negate);
    }
    if (st_pred_gave_up(x->pred))
        r->limit = "a regular expression met its limit of work";
    return out;
}

static const st_val *run_call(st_run *r, const st_expr *x, st_batch *b)
{
    const st_val **v = ST_NEWN(&b->arena, const st_val *, x->nargs);
    size_t *step = ST_NEWN(&b->arena, size_t, x->nargs);
    st_val *a = ST_NEWN(&b->arena, st_val, x->nargs), *out = ST_NEWN(&b->arena, st_val, b->n);
    if (!v || !step || !a || !out)
        return NULL;
    for (size_t i = 0; i < x->nargs; i++)
        if (!(v[i] = st_expr_run(r, x->args[i], b, &step[i])))
            return NULL;
    st_fn_code *code = !r->binding && st_fn_searches(x->code) ? st_memo_call : x->code;
    for (size_t k = 0; k < b->n; k++) {
        if (k % LOOK == 0 && spent(r))
            break; /* the rest stays null */
        for (size_t i = 0; i < x->nargs; i++)
            a[i] = v[i][k * step[i]];
        out[k] = code(r, x, a);
    }
    return out;
}

static const st_val *run_logic(st_run *r, const st_expr *x, st_batch *b, const bool *asked);

static bool is_logic(const st_expr *x)
{
    return x->kind == ST_EXPR_CALL && x->nargs == 2 &&
           (x->code == st_call_and || x->code == st_call_or);
}

/* Like st_expr_run, but the answer is looked at only for some rows: what costs time isn't asked of
 * the others. */
static const st_val *run_asked(st_run *r, const st_expr *x, st_batch *b, const bool *asked,
                               size_t *step)
{
    if (!is_logic(x) && x->kind != ST_EXPR_PRED)
        return st_expr_run(r, x, b, step);
    *step = 1;
    return is_logic(x) ? run_logic(r, x, b, asked) : run_pred(r, x, b, asked);
}

/* Both sides' answers into the first's, where that leaves it open; the second's is the answer where
 * both know one. */
static void join_sides(st_run *r, const st_expr *x, const bool *open, size_t n, st_val *first,
                       const st_val *second, size_t step)
{
    bool over = spent(r);
    for (size_t k = 0; k < n; k++) {
        st_val both[2] = { first[k], second[k * step] };
        if (!open[k])
            continue;
        if (over)
            first[k] = st_val_null();
        else if (both[0].tag == ST_VAL_BOOL && both[1].tag == ST_VAL_BOOL)
            first[k] = both[1];
        else
            first[k] = x->code(r, x, both);
    }
}

/* and, or: the second is asked of the rows that the first leaves open, if there are any. */
static const st_val *run_logic(st_run *r, const st_expr *x, st_batch *b, const bool *asked)
{
    size_t step[2], left = 0;
    bool decides = x->code == st_call_or, *open = ST_NEWN(&b->arena, bool, b->n);
    st_val *out = ST_NEWN(&b->arena, st_val, b->n);
    const st_val *first = run_asked(r, x->args[0], b, asked, &step[0]);
    if (!open || !out || !first)
        return NULL;
    for (size_t k = 0; k < b->n; k++) {
        out[k] = first[k * step[0]];
        open[k] = (!asked || asked[k]) && (out[k].tag != ST_VAL_BOOL || out[k].u.b != decides);
        left += open[k];
    }
    if (!left)
        return out;
    const st_val *second = run_asked(r, x->args[1], b, open, &step[1]);
    if (!second)
        return NULL;
    join_sides(r, x, open, b->n, out, second, step[1]);
    return out;
}

static const st_val *run_window(st_run *r, const st_expr *x, st_batch *b)
{
    st_window_args a = { .n = x->nargs, .mem = &r->mem };
    st_val *out = ST_NEWN(&b->arena, st_val, b->n);
    for (size_t i = 0; i < x->nargs; i++)
        if (!(a.v[i] = st_expr_run(r, x->args[i], b, &a.step[i])))
            return NULL;
    if (out)
        x->window->run(x, &a, b->n, out);
    return out;
}

const st_val *st_expr_run(st_run *r, const st_expr *x, st_batch *b, size_t *step)
{
    const st_val *v = NULL;
    *step = 1;
    switch (x->kind) {
    case ST_EXPR_CONST: *step = 0; return &x->value;
    case ST_EXPR_COLUMN: v = st_batch_col(r, b, x->col); break;
    case ST_EXPR_CALL: v = is_logic(x) ? run_logic(r, x, b, NULL) : run_call(r, x, b); break;
    case ST_EXPR_PRED: v = run_pred(r, x, b, NULL); break;
    case ST_EXPR_WINDOW: v = run_window(r, x, b); break;
    }
    if (!v)
        st_run_nomem(r);
    return v;
}

bool st_expr_columns(st_run *r, const st_expr *x, bool *used)
{
    size_t cap = 0, n = 0;
    const st_expr **todo = NULL;
    bool ok = st_grow(&todo, &cap, 1, sizeof(st_expr *));
    if (ok)
        todo[n++] = x;
    while (ok && n) {
        const st_expr *t = todo[--n];
        if (t->kind == ST_EXPR_COLUMN)
            used[t->col] = true;
        ok = st_grow(&todo, &cap, n + t->nargs, sizeof(st_expr *));
        for (size_t i = 0; ok && i < t->nargs; i++)
            todo[n++] = t->args[i];
    }
    free((void *)todo);
    return ok || st_run_nomem(r);
}

bool st_expr_test(st_run *r, const st_expr *x, st_batch *b, bool *keep)
{
    size_t step;
    const st_val *v = st_expr_run(r, x, b, &step);
    for (size_t k = 0; v && k < b->n; k++)
        keep[k] = v[k * step].tag == ST_VAL_BOOL && v[k * step].u.b;
    return v != NULL;
}

st_val st_expr_constant(st_run *r, const st_expr *x)
{
    if (x->kind == ST_EXPR_CONST)
        return x->value;
    st_batch *b = st_batch_new(r, 1, 0);
    size_t step;
    const st_val *v = b ? st_expr_run(r, x, b, &step) : NULL;
    st_val out = v ? v[0] : st_val_null();
    st_batch_free(b);
    return out;
}

/* NOLINTEND(misc-no-recursion) */
