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

/* Rows between two looks at what is spent: a text that a function makes may have a MiB. The clock
 * is looked at more rarely while rows are quick: one may take a second. */
enum { LOOK = 4, CLOCK = 64, QUICK = 10000000 /* ns */ };

typedef struct pace {
    size_t next, rows; /* the row at which the clock is looked at, and how many after that again */
} pace;

static bool spent_at(st_run *r, size_t row, pace *p)
{
    if (row % LOOK)
        return false;
    if (row < p->next && !r->binding)
        return !st_run_fits(r);
    int64_t before = r->looked;
    if (spent(r))
        return true;
    bool quick = row && r->looked - before < QUICK;
    p->rows = !quick ? LOOK : p->rows < CLOCK ? 2 * p->rows : CLOCK;
    p->next = row + p->rows;
    return false;
}

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

static st_val test(st_run *r, const st_expr *x, st_val v)
{
    if (x->field)
        return st_val_bool(field_fits(r, x, v) != x->negate);
    if (v.tag != ST_VAL_STRING)
        v = st_val_tostring(&r->mem, x->args[0]->type, v);
    return st_val_bool(st_pred_test(x->pred, &r->shared->folds, v.u.s) != x->negate);
}

/* Of the rows from k on. */
static void put_nulls(st_val *v, size_t k, size_t n)
{
    for (; k < n; k++)
        v[k] = st_val_null();
}

/* asked: of which rows the answer is looked at; NULL: of all. */
static const st_val *run_pred(st_run *r, const st_expr *x, st_batch *b, const bool *asked,
                              size_t *step)
{
    const st_val *text = st_expr_run(r, x->args[0], b, step);
    size_t n = *step ? b->n : 1;
    st_val *out = text ? ST_ROOMN(&b->arena, st_val, n) : NULL;
    if (!out)
        return NULL;
    size_t k = 0;
    for (; k < n; k++) {
        bool passed = *step && asked && !asked[k];
        if (!passed && text[k].tag != ST_VAL_STRING && spent(r))
            break;
        out[k] = passed ? st_val_null() : test(r, x, text[k]);
    }
    put_nulls(out, k, n);
    if (st_pred_gave_up(x->pred))
        r->limit = "a regular expression met its limit of work";
    return out;
}

/* The arguments of a call over a batch. */
typedef struct vectors {
    const st_val **v;
    size_t *step;
    size_t n;
} vectors;

static void take_row(const vectors *x, size_t k, st_val *a)
{
    for (size_t i = 0; i < x->n; i++)
        a[i] = x->v[i][k * x->step[i]];
}

static bool same_cell(st_val a, st_val b)
{
    if (a.tag != b.tag || a.tag == ST_VAL_NULL)
        return a.tag == b.tag;
    if (a.tag == ST_VAL_BOOL)
        return a.u.b == b.u.b;
    return a.tag == ST_VAL_STRING || a.tag == ST_VAL_GUID ? a.u.s == b.u.s : a.u.i == b.u.i;
}

static bool same_row(const vectors *x, size_t a, size_t b)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->step[i] && !same_cell(x->v[i][a], x->v[i][b]))
            return false;
    return true;
}

/* Rows of a batch that had other arguments before: a text that many rows have is worked on once.
 * Where hardly a row has, it isn't looked for any more. */
enum { PLACES = 256, TRIAL = 64 };
typedef struct rows_seen {
    uint32_t row[PLACES]; /* by hash: number + 1; 0: none */
    size_t asked, found;
} rows_seen;

static uint64_t cell_bits(st_val v)
{
    if (v.tag == ST_VAL_NULL || v.tag == ST_VAL_BOOL)
        return v.tag == ST_VAL_BOOL && v.u.b;
    return v.tag == ST_VAL_STRING || v.tag == ST_VAL_GUID ? v.u.s : (uint64_t)v.u.i;
}

/* The row before k with its arguments; SIZE_MAX: none is known. */
static size_t seen_before(rows_seen *s, const vectors *x, size_t k)
{
    if (s->asked >= TRIAL && s->found * 4 < s->asked)
        return SIZE_MAX;
    uint64_t h = 0;
    for (size_t i = 0; i < x->n; i++)
        if (x->step[i])
            h = (h ^ cell_bits(x->v[i][k])) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t *place = &s->row[h >> 56];
    size_t before = *place;
    s->asked++;
    if (before && same_row(x, before - 1, k)) {
        s->found++;
        return before - 1;
    }
    *place = (uint32_t)(k + 1);
    return SIZE_MAX;
}

static bool all_ones(const vectors *x)
{
    size_t i = 0;
    while (i < x->n && !x->step[i])
        i++;
    return i == x->n;
}

static const st_val *run_call(st_run *r, const st_expr *x, st_batch *b, size_t *step)
{
    vectors args = { ST_NEWN(&b->arena, const st_val *, x->nargs),
                     ST_NEWN(&b->arena, size_t, x->nargs), x->nargs };
    st_val *a = ST_NEWN(&b->arena, st_val, x->nargs), *out = ST_ROOMN(&b->arena, st_val, b->n);
    if (!args.v || !args.step || !a || !out)
        return NULL;
    for (size_t i = 0; i < x->nargs; i++)
        if (!(args.v[i] = st_expr_run(r, x->args[i], b, &args.step[i])))
            return NULL;
    rows_seen seen = { { 0 }, 0, 0 };
    st_fn_code *code = !r->binding && st_fn_searches(x->code) ? st_call_search : x->code;
    *step = !b->n || x->anew || !all_ones(&args);
    size_t k = 0, n = *step ? b->n : 1;
    pace clock = { 0, LOOK };
    for (; k < n; k++) {
        if (spent_at(r, k, &clock))
            break;
        size_t before = x->anew ? SIZE_MAX : seen_before(&seen, &args, k);
        if (before != SIZE_MAX) {
            out[k] = out[before];
            continue;
        }
        take_row(&args, k, a);
        out[k] = code(r, x, a);
    }
    put_nulls(out, k, n);
    return out;
}

/* iff() and case(): pairs of a condition and a value, and a value for the rest. */
static bool is_case(const st_expr *x)
{
    return x->kind == ST_EXPR_CALL && !x->anew &&
           (x->code == st_call_iff || x->code == st_call_case);
}

/* The rows of which the answer isn't known yet. */
typedef struct open_rows {
    bool *is; /* by row */
    size_t n;
} open_rows;

/* Rows for which the condition is true take the value, which is made only if there are any. */
static bool run_pair(st_run *r, const st_expr *x, size_t i, st_batch *b, open_rows *open,
                     st_val *out)
{
    static const st_val yes = { ST_VAL_BOOL, { .b = true } };
    bool rest = i + 1 == x->nargs;
    size_t step = 0, at, k = 0;
    const st_val *cond = rest ? &yes : st_expr_run(r, x->args[i], b, &step), *v;
    st_val *a = ST_NEWN(&b->arena, st_val, x->nargs);
    if (!cond || !a)
        return false;
    while (k < b->n && !(open->is[k] && cond[k * step].tag == ST_VAL_BOOL && cond[k * step].u.b))
        k++;
    if (k == b->n)
        return true;
    if (!(v = st_expr_run(r, x->args[rest ? i : i + 1], b, &at)))
        return false;
    for (a[0] = yes; k < b->n; k++) {
        if (!open->is[k] || cond[k * step].tag != ST_VAL_BOOL || !cond[k * step].u.b)
            continue;
        a[1] = v[k * at];
        out[k] = x->code(r, x, a);
        open->is[k] = false;
        open->n--;
    }
    return true;
}

static const st_val *run_case(st_run *r, const st_expr *x, st_batch *b, size_t *step)
{
    st_val *out = ST_ROOMN(&b->arena, st_val, b->n);
    open_rows open = { ST_ROOMN(&b->arena, bool, b->n), b->n };
    *step = 1;
    if (!out || !open.is)
        return NULL;
    memset(open.is, true, b->n);
    for (size_t i = 0; i < x->nargs && open.n && !spent(r); i += 2)
        if (!run_pair(r, x, i, b, &open, out))
            return NULL;
    for (size_t k = 0; open.n && k < b->n; k++) /* what is spent leaves the rest */
        if (open.is[k])
            out[k] = st_val_null();
    return out;
}

static const st_val *run_logic(st_run *r, const st_expr *x, st_batch *b, const bool *asked,
                               size_t *step);

static bool is_logic(const st_expr *x)
{
    return x->kind == ST_EXPR_CALL && x->nargs == 2 &&
           (x->code == st_call_and || x->code == st_call_or);
}

/* Is it worth remembering over the batch? */
static bool is_shared(const st_expr *x)
{
    return x->uses > 1 && !x->anew && x->kind >= ST_EXPR_CALL;
}

/* Like st_expr_run, but the answer is looked at only for some rows: what costs time isn't asked of
 * the others. What is shared is worked on once, then, for all rows. */
static const st_val *run_asked(st_run *r, const st_expr *x, st_batch *b, const bool *asked,
                               size_t *step)
{
    if (is_shared(x) || (!is_logic(x) && x->kind != ST_EXPR_PRED))
        return st_expr_run(r, x, b, step);
    *step = 1;
    return is_logic(x) ? run_logic(r, x, b, asked, step) : run_pred(r, x, b, asked, step);
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
static const st_val *run_logic(st_run *r, const st_expr *x, st_batch *b, const bool *asked,
                               size_t *step)
{
    size_t steps[2], left = 0;
    bool decides = x->code == st_call_or, *open = ST_ROOMN(&b->arena, bool, b->n);
    const st_val *first = run_asked(r, x->args[0], b, asked, &steps[0]);
    *step = steps[0];
    if (!open || !first)
        return NULL;
    if (!*step && first->tag == ST_VAL_BOOL && first->u.b == decides)
        return first;
    st_val *out = ST_ROOMN(&b->arena, st_val, b->n);
    *step = 1;
    for (size_t k = 0; out && k < b->n; k++) {
        out[k] = first[k * steps[0]];
        open[k] = (!asked || asked[k]) && (out[k].tag != ST_VAL_BOOL || out[k].u.b != decides);
        left += open[k];
    }
    if (!out || !left)
        return out;
    const st_val *second = run_asked(r, x->args[1], b, open, &steps[1]);
    if (!second)
        return NULL;
    *step = steps[0] || steps[1]; /* else one answer for all rows: some are open, so all are */
    open[0] |= !*step;
    join_sides(r, x, open, *step ? b->n : 1, out, second, steps[1]);
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

static const st_val *run_any(st_run *r, const st_expr *x, st_batch *b, size_t *step)
{
    *step = 1;
    switch (x->kind) {
    case ST_EXPR_CONST: *step = 0; return &x->value;
    case ST_EXPR_COLUMN: return st_batch_vector(r, b, x->col, step);
    case ST_EXPR_CALL:
        return is_logic(x)  ? run_logic(r, x, b, NULL, step)
               : is_case(x) ? run_case(r, x, b, step)
                            : run_call(r, x, b, step);
    case ST_EXPR_PRED: return run_pred(r, x, b, NULL, step);
    case ST_EXPR_WINDOW: return run_window(r, x, b);
    }
    return NULL;
}

const st_val *st_expr_run(st_run *r, const st_expr *x, st_batch *b, size_t *step)
{
    bool shared = is_shared(x);
    for (const st_made *m = shared ? b->made : NULL; m; m = m->next)
        if (m->of == x) {
            *step = m->step;
            return m->v;
        }
    if (x->anew && x->uses > 1 &&
        spent(r)) /* it is worked on for each use, and so is what is in it */
        return NULL;
    const st_val *v = run_any(r, x, b, step);
    if (!v) {
        st_run_nomem(r);
        return NULL;
    }
    st_made *m = shared ? ST_NEW(&b->arena, st_made) : NULL;
    if (m) {
        *m = (st_made){ x, v, *step, b->made };
        b->made = m;
    }
    return v;
}

bool st_expr_each(st_run *r, const st_expr *x, st_expr_seen *seen, void *ctx)
{
    size_t cap = 0, n = 0, walk = ++r->expr_walks;
    const st_expr **todo = NULL;
    bool ok = st_grow(&todo, &cap, 1, sizeof(st_expr *));
    if (ok)
        todo[n++] = x;
    while (ok && n) {
        const st_expr *t = todo[--n];
        if (!seen(ctx, t))
            break;
        ok = st_grow(&todo, &cap, n + t->nargs, sizeof(st_expr *));
        for (size_t i = 0; ok && i < t->nargs; i++) {
            if (t->args[i]->walk != walk)
                todo[n++] = t->args[i];
            t->args[i]->walk = walk;
        }
    }
    free((void *)todo);
    return ok || st_run_nomem(r);
}

static bool mark_column(void *ctx, const st_expr *x)
{
    bool *used = ctx;
    if (x->kind == ST_EXPR_COLUMN)
        used[x->col] = true;
    return true;
}

bool st_expr_columns(st_run *r, const st_expr *x, bool *used)
{
    return st_expr_each(r, x, mark_column, used);
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
