/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_ops.c - the code of operators: logic, comparison, lists, arithmetic. */
#include "rules/engine/functions/fn.h"

#include <math.h>
#include <string.h>

/* three-valued logic */

st_val st_call_and(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_VAL_BOOL && !a[0].u.b) || (a[1].tag == ST_VAL_BOOL && !a[1].u.b))
        return st_val_bool(false);
    return st_val_any_null(a, 2) ? st_val_null() : st_val_bool(true);
}

st_val st_call_or(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_VAL_BOOL && a[0].u.b) || (a[1].tag == ST_VAL_BOOL && a[1].u.b))
        return st_val_bool(true);
    return st_val_any_null(a, 2) ? st_val_null() : st_val_bool(false);
}

st_val st_call_not(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_BOOL ? st_val_bool(!a[0].u.b) : st_val_null();
}

/* comparison */

/* Brings both sides to tags that can be compared: literals and dynamics to the other's type. */
static bool agree(st_run *r, const st_expr *x, st_val *a, st_val *b)
{
    double d;
    if (a->tag == b->tag || (st_val_number(*a, &d) && st_val_number(*b, &d)))
        return true;
    st_type ta = x->args[0]->type, tb = x->args[1]->type;
    if (a->tag == ST_VAL_ARRAY || a->tag == ST_VAL_BAG || b->tag == ST_VAL_ARRAY ||
        b->tag == ST_VAL_BAG)
        return false;
    if (tb == ST_TYPE_DYNAMIC || (tb == ST_TYPE_STRING && ta != ST_TYPE_DYNAMIC) ||
        b->tag == ST_VAL_BOOL)
        *b = st_val_convert(&r->mem, ta == ST_TYPE_INT ? ST_TYPE_LONG : ta, tb, *b);
    else
        *a = st_val_convert(&r->mem, tb == ST_TYPE_INT ? ST_TYPE_LONG : tb, ta, *a);
    if (a->tag == ST_VAL_BOOL && b->tag == ST_VAL_LONG)
        *a = st_val_long(a->u.b);
    if (b->tag == ST_VAL_BOOL && a->tag == ST_VAL_LONG)
        *b = st_val_long(b->u.b);
    return a->tag == b->tag || (st_val_number(*a, &d) && st_val_number(*b, &d));
}

static bool equal(st_run *r, st_val a, st_val b)
{
    double x, y;
    if (a.tag == ST_VAL_REAL && isnan(a.u.d))
        return false;
    if (a.tag != b.tag)
        return st_val_number(a, &x) && st_val_number(b, &y) && x == y;
    return st_val_same(&r->mem, a, b);
}

/* A dynamic beside a text is its text, which of null is empty. */
static st_val beside_text(const st_expr *x, size_t i, st_val v)
{
    bool text = x->args[i]->type == ST_TYPE_DYNAMIC && x->args[1 - i]->type == ST_TYPE_STRING;
    return text && v.tag == ST_VAL_NULL ? st_val_sid(ST_EMPTY) : v;
}

static st_val eq(st_run *r, const st_expr *x, const st_val *v, bool want)
{
    st_val a = beside_text(x, 0, v[0]), b = beside_text(x, 1, v[1]);
    if (a.tag == ST_VAL_NULL && b.tag == ST_VAL_NULL)
        return st_val_null();
    if (a.tag == ST_VAL_NULL || b.tag == ST_VAL_NULL)
        return st_val_bool(!want);
    return st_val_bool((agree(r, x, &a, &b) && equal(r, a, b)) == want);
}

static st_val cmp_eq(st_run *r, const st_expr *x, const st_val *a)
{
    return eq(r, x, a, true);
}
static st_val cmp_ne(st_run *r, const st_expr *x, const st_val *a)
{
    return eq(r, x, a, false);
}

/* -1, 0, 1; 2: not comparable */
static int order(st_run *r, const st_expr *x, const st_val *v)
{
    st_val a = v[0], b = v[1];
    if (st_val_any_null(v, 2) || !agree(r, x, &a, &b))
        return 2;
    if (st_val_last(a) || st_val_last(b))
        return 3;
    int c = st_val_cmp(&r->mem, a, b);
    return (c > 0) - (c < 0);
}

#define COMPARE(name, test)                                              \
    static st_val name(st_run *r, const st_expr *x, const st_val *a)     \
    {                                                                    \
        int c = order(r, x, a);                                          \
        return c == 2 ? st_val_null() : st_val_bool(c != 3 && c test 0); \
    }
COMPARE(cmp_lt, <)
COMPARE(cmp_le, <=)
COMPARE(cmp_gt, >)
COMPARE(cmp_ge, >=)

st_fn_code *st_compare(char op, st_type a, st_type b)
{
    bool numbers = st_type_numeric(a) && st_type_numeric(b),
         dynamic = a == ST_TYPE_DYNAMIC || b == ST_TYPE_DYNAMIC;
    if (op == '=' || op == '!')
        return op == '=' ? cmp_eq : cmp_ne; /* any two types: what can't be equal isn't */
    bool truth =
        (a == ST_TYPE_BOOL && st_type_numeric(b)) || (b == ST_TYPE_BOOL && st_type_numeric(a));
    bool ordered = a != ST_TYPE_STRING && a != ST_TYPE_GUID;
    if (dynamic) {
        st_type other = a == ST_TYPE_DYNAMIC ? b : a;
        if (!st_type_numeric(other) && other != ST_TYPE_DYNAMIC)
            return NULL;
    } else if (!(a == b && ordered) && !numbers && !truth) {
        return NULL;
    }
    return op == '<' ? cmp_lt : op == 'l' ? cmp_le : op == '>' ? cmp_gt : cmp_ge;
}

st_val st_call_between(st_run *r, const st_expr *x, const st_val *a)
{
    double d;
    if (st_val_any_null(a, 3))
        return st_val_null();
    st_val low = a[1], high = a[2];
    int64_t end;
    if (low.tag == ST_VAL_DATETIME && high.tag == ST_VAL_TIMESPAN)
        high = __builtin_add_overflow(low.u.i, high.u.i, &end) ? st_val_null() : st_val_time(end);
    bool numbers = st_val_number(a[0], &d);
    if (high.tag == ST_VAL_NULL || (a[0].tag != low.tag && !(numbers && st_val_number(low, &d))) ||
        (a[0].tag != high.tag && !(numbers && st_val_number(high, &d))))
        return st_val_null();
    bool in = st_val_cmp(&r->mem, a[0], low) >= 0 && st_val_cmp(&r->mem, a[0], high) <= 0;
    return st_val_bool(in != x->negate);
}

/* in */

static bool in_one(st_run *r, const st_expr *x, st_val v, st_val item)
{
    if (x->fold)
        return st_str_eq(
            st_folds_get(&r->shared->folds, st_val_tostring(&r->mem, ST_TYPE_DYNAMIC, v).u.s),
            st_folds_get(&r->shared->folds, st_val_tostring(&r->mem, ST_TYPE_DYNAMIC, item).u.s));
    double d;
    if (item.tag != v.tag && !(st_val_number(v, &d) && st_val_number(item, &d)))
        item = st_val_convert(&r->mem,
                              x->args[0]->type == ST_TYPE_INT ? ST_TYPE_LONG : x->args[0]->type,
                              ST_TYPE_DYNAMIC, item);
    return equal(r, v, item);
}

/* The value, then the items: scalars, or dynamic arrays with what is in them. */
st_val st_call_in(st_run *r, const st_expr *x, const st_val *a)
{
    bool any_null = false;
    for (size_t i = 1; i < x->nargs; i++) {
        st_val_leaves l;
        st_val_leaves_of(&l, &a[i]);
        for (const st_val *v; (v = st_val_leaf(&l));) {
            any_null |= v->tag == ST_VAL_NULL;
            if (a[0].tag != ST_VAL_NULL && v->tag != ST_VAL_NULL && in_one(r, x, a[0], *v))
                return st_val_bool(!x->negate);
        }
    }
    if (a[0].tag == ST_VAL_NULL && any_null)
        return st_val_null();
    return st_val_bool(x->negate);
}

/* Is any of the needles, or each of them where the call says all, in one text? */
static bool strop_one(st_run *r, const st_expr *x, st_sid hay, const st_val *needles)
{
    bool hit = x->all;
    for (size_t i = 1; i < x->nargs && hit == x->all; i++) {
        st_val_leaves l;
        st_val_leaves_of(&l, &needles[i]);
        for (const st_val *v; hit == x->all && (v = st_val_leaf(&l));) {
            st_sid needle = st_val_tostring(&r->mem, ST_TYPE_DYNAMIC, *v).u.s;
            hit = x->fold ? st_match_text(x->mop, st_folds_get(&r->shared->folds, hay),
                                          st_folds_get(&r->shared->folds, needle))
                          : st_match_text(x->mop, st_pool_get(r->mem.pool, hay),
                                          st_pool_get(r->mem.pool, needle));
        }
    }
    return hit;
}

/* A string operator whose needles aren't constant: text, then needles (scalars or arrays). */
st_val st_call_strop(st_run *r, const st_expr *x, const st_val *a)
{
    st_sid hay = st_val_tostring(&r->mem, x->args[0]->type, a[0]).u.s;
    return st_val_bool(strop_one(r, x, hay, a) != x->negate);
}

/* The same, where the first may be an array, too: of its elements, each a text, any. */
st_val st_call_strop_any(st_run *r, const st_expr *x, const st_val *a)
{
    if (a[0].tag != ST_VAL_ARRAY)
        return st_call_strop(r, x, a);
    bool hit = false;
    for (size_t i = 0; i < a[0].u.a->n && !hit; i++) {
        st_sid hay = st_val_tostring(&r->mem, ST_TYPE_DYNAMIC, a[0].u.a->v[i]).u.s;
        hit = strop_one(r, x, hay, a);
    }
    return st_val_bool(hit != x->negate);
}

/* arithmetic */

static st_val long_op(char op, int64_t a, int64_t b)
{
    switch (op) {
    case '+': return st_val_long((int64_t)((uint64_t)a + (uint64_t)b));
    case '-': return st_val_long((int64_t)((uint64_t)a - (uint64_t)b));
    case '*': return st_val_long((int64_t)((uint64_t)a * (uint64_t)b));
    case '/':
        return !b        ? st_val_null()
               : b == -1 ? st_val_long((int64_t)(0 - (uint64_t)a))
                         : st_val_long(a / b);
    default: break;
    }
    if (!b || b == -1)
        return b ? st_val_long(0) : st_val_null();
    int64_t m = a % b;
    return st_val_long(m < 0 ? (b == INT64_MIN ? m : m + (b < 0 ? -b : b)) : m);
}

static st_val real_op(char op, double a, double b)
{
    switch (op) {
    case '+': return st_val_real(a + b);
    case '-': return st_val_real(a - b);
    case '*': return st_val_real(a * b);
    case '/': return st_val_real(a / b);
    default: return st_val_real(fmod(a, b) < 0 ? fmod(a, b) + fabs(b) : fmod(a, b));
    }
}

static st_val number_op(char op, st_val a, st_val b)
{
    double x, y;
    if (a.tag == ST_VAL_LONG && b.tag == ST_VAL_LONG)
        return long_op(op, a.u.i, b.u.i);
    return st_val_number(a, &x) && st_val_number(b, &y) ? real_op(op, x, y) : st_val_null();
}

#define SCALE(d) \
    ((d) > 9.2e18 || (d) < -9.2e18 || isnan(d) ? st_val_null() : st_val_span(llround(d)))

/* Times: the binder lets only sound pairs through; a dynamic may hold anything. */
static st_val arith(char op, st_val a, st_val b)
{
    double d;
    int64_t t;
    bool ad = a.tag == ST_VAL_DATETIME, bd = b.tag == ST_VAL_DATETIME;
    bool as = a.tag == ST_VAL_TIMESPAN, bs = b.tag == ST_VAL_TIMESPAN;
    if (!ad && !bd && !as && !bs)
        return number_op(op, a, b);
    if (op == '+' || op == '-') {
        if (op == '+' ? __builtin_add_overflow(a.u.i, b.u.i, &t)
                      : __builtin_sub_overflow(a.u.i, b.u.i, &t))
            return st_val_null();
        if (ad && bd)
            return op == '-' ? st_val_span(t) : st_val_null();
        if ((ad && bs) || (as && bd && op == '+'))
            return st_val_time(t);
        return as && bs ? st_val_span(t) : st_val_null();
    }
    if ((ad || as) && (bd || bs) && op == '/')
        return st_val_real((double)a.u.i / (double)b.u.i);
    if ((ad || as) && (bd || bs) && op == '%') {
        st_val m = long_op('%', a.u.i, b.u.i);
        return m.tag == ST_VAL_NULL ? m : st_val_span(m.u.i);
    }
    if (as && st_val_number(b, &d) && (op == '*' || op == '/'))
        return op == '*' ? SCALE((double)a.u.i * d) : SCALE((double)a.u.i / d);
    if (bs && st_val_number(a, &d) && op == '*')
        return SCALE((double)b.u.i * d);
    return st_val_null();
}

#define ARITH(name, op)                                              \
    static st_val name(st_run *r, const st_expr *x, const st_val *a) \
    {                                                                \
        (void)r;                                                     \
        (void)x;                                                     \
        return arith(op, a[0], a[1]);                                \
    }
ARITH(add, '+')
ARITH(sub, '-')
ARITH(mul, '*')
ARITH(div_, '/')
ARITH(mod, '%')

static st_type arith_type(char op, st_type a, st_type b)
{
    if (a == ST_TYPE_DYNAMIC && b == ST_TYPE_DYNAMIC)
        return ST_TYPE_DYNAMIC;
    if (st_type_numeric(a) && st_type_numeric(b))
        return a == ST_TYPE_REAL || b == ST_TYPE_REAL ? ST_TYPE_REAL : ST_TYPE_LONG;
    bool as = a == ST_TYPE_TIMESPAN, bs = b == ST_TYPE_TIMESPAN;
    bool ad = a == ST_TYPE_DATETIME, bd = b == ST_TYPE_DATETIME;
    if (op == '+' || op == '-') {
        if (as && bs)
            return ST_TYPE_TIMESPAN;
        if (ad && bs)
            return ST_TYPE_DATETIME;
        if (as && bd && op == '+')
            return ST_TYPE_DATETIME;
        return ad && bd && op == '-' ? ST_TYPE_TIMESPAN : ST_TYPE_UNKNOWN;
    }
    if ((ad && (bd || bs)) || (as && bs))
        return op == '/' ? ST_TYPE_REAL : op == '%' ? ST_TYPE_TIMESPAN : ST_TYPE_UNKNOWN;
    if (as && st_type_numeric(b))
        return op == '*' || op == '/' ? ST_TYPE_TIMESPAN : ST_TYPE_UNKNOWN;
    return bs && st_type_numeric(a) && op == '*' ? ST_TYPE_TIMESPAN : ST_TYPE_UNKNOWN;
}

st_fn_code *st_arith(char op, st_type a, st_type b, st_type *result)
{
    *result = arith_type(op, a, b);
    if (*result == ST_TYPE_UNKNOWN)
        return NULL;
    return op == '+' ? add : op == '-' ? sub : op == '*' ? mul : op == '/' ? div_ : mod;
}

st_val st_call_negate(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    if (a[0].tag == ST_VAL_REAL)
        return st_val_real(-a[0].u.d);
    if (a[0].tag == ST_VAL_LONG)
        return st_val_long((int64_t)(0 - (uint64_t)a[0].u.i));
    return a[0].tag == ST_VAL_TIMESPAN ? st_val_span((int64_t)(0 - (uint64_t)a[0].u.i))
                                       : st_val_null();
}
