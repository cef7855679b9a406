/* fn_ops.c - the code of operators: logic, comparison, lists, arithmetic. */
#include "rules/kql/fn.h"

#include <math.h>
#include <string.h>

/* three-valued logic */

st_kv st_kf_and(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_KV_BOOL && !a[0].u.b) || (a[1].tag == ST_KV_BOOL && !a[1].u.b))
        return st_kv_bool(false);
    return st_kf_nulls(a, 2) ? st_kv_null() : st_kv_bool(true);
}

st_kv st_kf_or(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_KV_BOOL && a[0].u.b) || (a[1].tag == ST_KV_BOOL && a[1].u.b))
        return st_kv_bool(true);
    return st_kf_nulls(a, 2) ? st_kv_null() : st_kv_bool(false);
}

st_kv st_kf_not(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_BOOL ? st_kv_bool(!a[0].u.b) : st_kv_null();
}

/* comparison */

/* Brings both sides to tags that can be compared: literals and dynamics to the other's type. */
static bool agree(st_krun *r, const st_kx *x, st_kv *a, st_kv *b)
{
    double d;
    if (a->tag == b->tag || (st_kv_number(*a, &d) && st_kv_number(*b, &d)))
        return true;
    st_kt ta = x->args[0]->type, tb = x->args[1]->type;
    if (a->tag == ST_KV_ARRAY || a->tag == ST_KV_BAG || b->tag == ST_KV_ARRAY ||
        b->tag == ST_KV_BAG)
        return false;
    if (tb == ST_KT_DYNAMIC || (tb == ST_KT_STRING && ta != ST_KT_DYNAMIC) || b->tag == ST_KV_BOOL)
        *b = st_kv_convert(&r->mem, ta == ST_KT_INT ? ST_KT_LONG : ta, tb, *b);
    else
        *a = st_kv_convert(&r->mem, tb == ST_KT_INT ? ST_KT_LONG : tb, ta, *a);
    if (a->tag == ST_KV_BOOL && b->tag == ST_KV_LONG)
        *a = st_kv_long(a->u.b);
    if (b->tag == ST_KV_BOOL && a->tag == ST_KV_LONG)
        *b = st_kv_long(b->u.b);
    return a->tag == b->tag || (st_kv_number(*a, &d) && st_kv_number(*b, &d));
}

static bool equal(st_krun *r, st_kv a, st_kv b)
{
    double x, y;
    if (a.tag == ST_KV_REAL && isnan(a.u.d))
        return false;
    if (a.tag != b.tag)
        return st_kv_number(a, &x) && st_kv_number(b, &y) && x == y;
    return st_kv_same(&r->mem, a, b);
}

static st_kv eq(st_krun *r, const st_kx *x, const st_kv *v, bool want)
{
    st_kv a = v[0], b = v[1];
    if (a.tag == ST_KV_NULL && b.tag == ST_KV_NULL)
        return st_kv_null();
    if (st_kf_nulls(v, 2))
        return st_kv_bool(!want);
    return st_kv_bool((agree(r, x, &a, &b) && equal(r, a, b)) == want);
}

static st_kv cmp_eq(st_krun *r, const st_kx *x, const st_kv *a)
{
    return eq(r, x, a, true);
}
static st_kv cmp_ne(st_krun *r, const st_kx *x, const st_kv *a)
{
    return eq(r, x, a, false);
}

/* -1, 0, 1; 2: not comparable */
static int order(st_krun *r, const st_kx *x, const st_kv *v)
{
    st_kv a = v[0], b = v[1];
    if (st_kf_nulls(v, 2) || !agree(r, x, &a, &b))
        return 2;
    if (st_kv_last(a) || st_kv_last(b))
        return 3;
    int c = st_kv_cmp(&r->mem, a, b);
    return (c > 0) - (c < 0);
}

#define COMPARE(name, test)                                            \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)      \
    {                                                                  \
        int c = order(r, x, a);                                        \
        return c == 2 ? st_kv_null() : st_kv_bool(c != 3 && c test 0); \
    }
COMPARE(cmp_lt, <)
COMPARE(cmp_le, <=)
COMPARE(cmp_gt, >)
COMPARE(cmp_ge, >=)

st_kcode *st_kcompare(char op, st_kt a, st_kt b)
{
    bool numbers = st_kt_numeric(a) && st_kt_numeric(b),
         dynamic = a == ST_KT_DYNAMIC || b == ST_KT_DYNAMIC;
    if (op == '=' || op == '!')
        return op == '=' ? cmp_eq : cmp_ne; /* any two types: what can't be equal isn't */
    bool truth = (a == ST_KT_BOOL && st_kt_numeric(b)) || (b == ST_KT_BOOL && st_kt_numeric(a));
    bool ordered = a != ST_KT_STRING && a != ST_KT_GUID;
    if (dynamic) {
        st_kt other = a == ST_KT_DYNAMIC ? b : a;
        if (!st_kt_numeric(other) && other != ST_KT_DYNAMIC)
            return NULL;
    } else if (!(a == b && ordered) && !numbers && !truth) {
        return NULL;
    }
    return op == '<' ? cmp_lt : op == 'l' ? cmp_le : op == '>' ? cmp_gt : cmp_ge;
}

st_kv st_kf_between(st_krun *r, const st_kx *x, const st_kv *a)
{
    double d;
    if (st_kf_nulls(a, 3))
        return st_kv_null();
    st_kv low = a[1], high = a[2];
    if (low.tag == ST_KV_DATETIME && high.tag == ST_KV_TIMESPAN)
        high = st_kv_time(low.u.i + high.u.i);
    bool numbers = st_kv_number(a[0], &d);
    if (high.tag == ST_KV_NULL || (a[0].tag != low.tag && !(numbers && st_kv_number(low, &d))) ||
        (a[0].tag != high.tag && !(numbers && st_kv_number(high, &d))))
        return st_kv_null();
    bool in = st_kv_cmp(&r->mem, a[0], low) >= 0 && st_kv_cmp(&r->mem, a[0], high) <= 0;
    return st_kv_bool(in != x->negate);
}

/* in */

static bool in_one(st_krun *r, const st_kx *x, st_kv v, st_kv item)
{
    if (x->fold)
        return st_str_eq(
            st_folds_get(&r->shared->folds, st_kv_tostring(&r->mem, ST_KT_DYNAMIC, v).u.s),
            st_folds_get(&r->shared->folds, st_kv_tostring(&r->mem, ST_KT_DYNAMIC, item).u.s));
    double d;
    if (item.tag != v.tag && !(st_kv_number(v, &d) && st_kv_number(item, &d)))
        item = st_kv_convert(&r->mem, x->args[0]->type == ST_KT_INT ? ST_KT_LONG : x->args[0]->type,
                             ST_KT_DYNAMIC, item);
    return equal(r, v, item);
}

/* The value, then the items: scalars or dynamic arrays. */
st_kv st_kf_in(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool any_null = false;
    for (size_t i = 1; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 1;
        const st_kv *items = a[i].tag == ST_KV_ARRAY ? a[i].u.a->v : &a[i];
        for (size_t k = 0; k < n; k++) {
            any_null |= items[k].tag == ST_KV_NULL;
            if (a[0].tag != ST_KV_NULL && items[k].tag != ST_KV_NULL &&
                in_one(r, x, a[0], items[k]))
                return st_kv_bool(!x->negate);
        }
    }
    if (a[0].tag == ST_KV_NULL && any_null)
        return st_kv_null();
    return st_kv_bool(x->negate);
}

/* A string operator whose needles aren't constant: text, then needles (scalars or arrays). */
st_kv st_kf_strop(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_sid hay = st_kv_tostring(&r->mem, x->args[0]->type, a[0]).u.s;
    bool hit = x->all;
    for (size_t i = 1; i < x->nargs && hit == x->all; i++) {
        size_t n = a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 1;
        const st_kv *items = a[i].tag == ST_KV_ARRAY ? a[i].u.a->v : &a[i];
        for (size_t k = 0; k < n && hit == x->all; k++) {
            st_sid needle = st_kv_tostring(&r->mem, ST_KT_DYNAMIC, items[k]).u.s;
            hit = x->fold ? st_match_text(x->mop, st_folds_get(&r->shared->folds, hay),
                                          st_folds_get(&r->shared->folds, needle))
                          : st_match_text(x->mop, st_pool_get(r->mem.pool, hay),
                                          st_pool_get(r->mem.pool, needle));
        }
    }
    return st_kv_bool(hit != x->negate);
}

/* arithmetic */

static st_kv long_op(char op, int64_t a, int64_t b)
{
    switch (op) {
    case '+': return st_kv_long((int64_t)((uint64_t)a + (uint64_t)b));
    case '-': return st_kv_long((int64_t)((uint64_t)a - (uint64_t)b));
    case '*': return st_kv_long((int64_t)((uint64_t)a * (uint64_t)b));
    case '/':
        return !b        ? st_kv_null()
               : b == -1 ? st_kv_long((int64_t)(0 - (uint64_t)a))
                         : st_kv_long(a / b);
    default: break;
    }
    if (!b || b == -1)
        return b ? st_kv_long(0) : st_kv_null();
    int64_t m = a % b;
    return st_kv_long(m < 0 ? (b == INT64_MIN ? m : m + (b < 0 ? -b : b)) : m);
}

static st_kv real_op(char op, double a, double b)
{
    switch (op) {
    case '+': return st_kv_real(a + b);
    case '-': return st_kv_real(a - b);
    case '*': return st_kv_real(a * b);
    case '/': return st_kv_real(a / b);
    default: return st_kv_real(fmod(a, b) < 0 ? fmod(a, b) + fabs(b) : fmod(a, b));
    }
}

static st_kv number_op(char op, st_kv a, st_kv b)
{
    double x, y;
    if (a.tag == ST_KV_LONG && b.tag == ST_KV_LONG)
        return long_op(op, a.u.i, b.u.i);
    return st_kv_number(a, &x) && st_kv_number(b, &y) ? real_op(op, x, y) : st_kv_null();
}

#define SCALE(d) ((d) > 9.2e18 || (d) < -9.2e18 || isnan(d) ? st_kv_null() : st_kv_span(llround(d)))

/* Times: the binder lets only sound pairs through; a dynamic may hold anything. */
static st_kv arith(char op, st_kv a, st_kv b)
{
    double d;
    int64_t t;
    bool ad = a.tag == ST_KV_DATETIME, bd = b.tag == ST_KV_DATETIME;
    bool as = a.tag == ST_KV_TIMESPAN, bs = b.tag == ST_KV_TIMESPAN;
    if (!ad && !bd && !as && !bs)
        return number_op(op, a, b);
    if (op == '+' || op == '-') {
        if (op == '+' ? __builtin_add_overflow(a.u.i, b.u.i, &t)
                      : __builtin_sub_overflow(a.u.i, b.u.i, &t))
            return st_kv_null();
        if (ad && bd)
            return op == '-' ? st_kv_span(t) : st_kv_null();
        if ((ad && bs) || (as && bd && op == '+'))
            return st_kv_time(t);
        return as && bs ? st_kv_span(t) : st_kv_null();
    }
    if ((ad || as) && (bd || bs) && op == '/')
        return st_kv_real((double)a.u.i / (double)b.u.i);
    if ((ad || as) && (bd || bs) && op == '%') {
        st_kv m = long_op('%', a.u.i, b.u.i);
        return m.tag == ST_KV_NULL ? m : st_kv_span(m.u.i);
    }
    if (as && st_kv_number(b, &d) && (op == '*' || op == '/'))
        return op == '*' ? SCALE((double)a.u.i * d) : SCALE((double)a.u.i / d);
    if (bs && st_kv_number(a, &d) && op == '*')
        return SCALE((double)b.u.i * d);
    return st_kv_null();
}

#define ARITH(name, op)                                           \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a) \
    {                                                             \
        (void)r;                                                  \
        (void)x;                                                  \
        return arith(op, a[0], a[1]);                             \
    }
ARITH(add, '+')
ARITH(sub, '-')
ARITH(mul, '*')
ARITH(div_, '/')
ARITH(mod, '%')

static st_kt arith_type(char op, st_kt a, st_kt b)
{
    if (a == ST_KT_DYNAMIC && b == ST_KT_DYNAMIC)
        return ST_KT_DYNAMIC;
    if (st_kt_numeric(a) && st_kt_numeric(b))
        return a == ST_KT_REAL || b == ST_KT_REAL ? ST_KT_REAL : ST_KT_LONG;
    bool as = a == ST_KT_TIMESPAN, bs = b == ST_KT_TIMESPAN;
    bool ad = a == ST_KT_DATETIME, bd = b == ST_KT_DATETIME;
    if (op == '+' || op == '-') {
        if (as && bs)
            return ST_KT_TIMESPAN;
        if (ad && bs)
            return ST_KT_DATETIME;
        if (as && bd && op == '+')
            return ST_KT_DATETIME;
        return ad && bd && op == '-' ? ST_KT_TIMESPAN : ST_KT_UNKNOWN;
    }
    if ((ad && (bd || bs)) || (as && bs))
        return op == '/' ? ST_KT_REAL : op == '%' ? ST_KT_TIMESPAN : ST_KT_UNKNOWN;
    if (as && st_kt_numeric(b))
        return op == '*' || op == '/' ? ST_KT_TIMESPAN : ST_KT_UNKNOWN;
    return bs && st_kt_numeric(a) && op == '*' ? ST_KT_TIMESPAN : ST_KT_UNKNOWN;
}

st_kcode *st_karith(char op, st_kt a, st_kt b, st_kt *result)
{
    *result = arith_type(op, a, b);
    if (*result == ST_KT_UNKNOWN)
        return NULL;
    return op == '+' ? add : op == '-' ? sub : op == '*' ? mul : op == '/' ? div_ : mod;
}

st_kv st_kf_negate(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if (a[0].tag == ST_KV_REAL)
        return st_kv_real(-a[0].u.d);
    if (a[0].tag == ST_KV_LONG)
        return st_kv_long((int64_t)(0 - (uint64_t)a[0].u.i));
    return a[0].tag == ST_KV_TIMESPAN ? st_kv_span((int64_t)(0 - (uint64_t)a[0].u.i))
                                      : st_kv_null();
}
