/*
 * functions.c - scalar functions, one row of the table each, and the operators' code.
 *
 * Code gets its arguments' values and returns one; null and bad input give null, or "" where
 * the result is a string. The binder has checked numbers and types of arguments by the table.
 */
#include "rules/kql/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(864000000000)

static st_str text(const st_krun *r, st_kv v)
{
    return st_pool_get(r->mem.pool,
                       v.tag == ST_KV_STRING || v.tag == ST_KV_GUID ? v.u.s : ST_EMPTY);
}

static st_kv from_buf(st_krun *r)
{
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static bool nulls(const st_kv *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].tag == ST_KV_NULL)
            return true;
    return false;
}

/* ---- three-valued logic ------------------------------------------------------------------ */

st_kv st_kf_and(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_KV_BOOL && !a[0].u.b) || (a[1].tag == ST_KV_BOOL && !a[1].u.b))
        return st_kv_bool(false);
    return nulls(a, 2) ? st_kv_null() : st_kv_bool(true);
}

st_kv st_kf_or(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if ((a[0].tag == ST_KV_BOOL && a[0].u.b) || (a[1].tag == ST_KV_BOOL && a[1].u.b))
        return st_kv_bool(true);
    return nulls(a, 2) ? st_kv_null() : st_kv_bool(false);
}

st_kv st_kf_not(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_BOOL ? st_kv_bool(!a[0].u.b) : st_kv_null();
}

/* ---- comparison --------------------------------------------------------------------------- */

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
    if (nulls(v, 2))
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
    if (nulls(v, 2) || !agree(r, x, &a, &b))
        return 2;
    if (st_kv_last(a) || st_kv_last(b))
        return 3;
    int c = st_kv_cmp(&r->mem, a, b);
    return (c > 0) - (c < 0);
}

#define COMPARE(name, test)                                                                        \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                  \
    {                                                                                              \
        int c = order(r, x, a);                                                                    \
        return c == 2 ? st_kv_null() : st_kv_bool(c != 3 && c test 0);                             \
    }
COMPARE(cmp_lt, <)
COMPARE(cmp_le, <=)
COMPARE(cmp_gt, >)
COMPARE(cmp_ge, >=)

st_kcode *st_kcompare(char op, st_kt a, st_kt b)
{
    bool numbers = st_kt_numeric(a) && st_kt_numeric(b),
         dynamic = a == ST_KT_DYNAMIC || b == ST_KT_DYNAMIC;
    if (op == '=' || op == '!') {
        bool mixed = (a == ST_KT_BOOL && st_kt_numeric(b)) || (b == ST_KT_BOOL && st_kt_numeric(a));
        if (a != b && !numbers && !dynamic && !mixed)
            return NULL;
        return op == '=' ? cmp_eq : cmp_ne;
    }
    if (dynamic) {
        st_kt other = a == ST_KT_DYNAMIC ? b : a;
        if (!st_kt_numeric(other) && other != ST_KT_DYNAMIC && other != ST_KT_STRING &&
            other != ST_KT_TIMESPAN)
            return NULL;
    } else if (a != b && !numbers) {
        return NULL;
    }
    return op == '<' ? cmp_lt : op == 'l' ? cmp_le : op == '>' ? cmp_gt : cmp_ge;
}

st_kv st_kf_between(st_krun *r, const st_kx *x, const st_kv *a)
{
    double d;
    if (nulls(a, 3))
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

/* ---- in ---------------------------------------------------------------------------------------
 */

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

/* ---- arithmetic --------------------------------------------------------------------------------
 */

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
    if (as && bs && op == '/')
        return st_kv_real((double)a.u.i / (double)b.u.i);
    if (as && bs && op == '%') {
        st_kv m = long_op('%', a.u.i, b.u.i);
        return m.tag == ST_KV_NULL ? m : st_kv_span(m.u.i);
    }
    if (as && st_kv_number(b, &d) && (op == '*' || op == '/'))
        return op == '*' ? SCALE((double)a.u.i * d) : SCALE((double)a.u.i / d);
    if (bs && st_kv_number(a, &d) && op == '*')
        return SCALE((double)b.u.i * d);
    return st_kv_null();
}

#define ARITH(name, op)                                                                            \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                  \
    {                                                                                              \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        return arith(op, a[0], a[1]);                                                              \
    }
ARITH(add, '+')
ARITH(sub, '-')
ARITH(mul, '*')
ARITH(div_, '/')
ARITH(mod, '%')

static st_kt arith_type(char op, st_kt a, st_kt b)
{
    if (a == ST_KT_DYNAMIC || b == ST_KT_DYNAMIC) {
        st_kt other = a == ST_KT_DYNAMIC ? b : a;
        return st_kt_numeric(other) || other == ST_KT_DYNAMIC ? ST_KT_DYNAMIC : ST_KT_UNKNOWN;
    }
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
    if (as && bs)
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

st_kv st_kf_convert(st_krun *r, const st_kx *x, const st_kv *a)
{
    return st_kv_convert(&r->mem, x->type, x->args[0]->type, a[0]);
}

/* ---- dynamics
 * ------------------------------------------------------------------------------------ */

/* base, key or index */
st_kv st_kf_index(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if (a[0].tag == ST_KV_BAG && a[1].tag == ST_KV_STRING) {
        const st_kv *v = st_kbag_get(a[0].u.g, a[1].u.s);
        return v ? *v : st_kv_null();
    }
    if (a[0].tag != ST_KV_ARRAY || a[1].tag != ST_KV_LONG)
        return st_kv_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i;
    return i >= 0 && i < n ? a[0].u.a->v[i] : st_kv_null();
}

st_kv st_kf_array(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_karray *out = st_karray_new(&r->mem, x->nargs);
    if (out && x->nargs)
        memcpy(out->v, a, x->nargs * sizeof *a);
    return st_kv_array(out);
}

static st_kv f_bag(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kbag *g = st_kbag_new(&r->mem, x->nargs / 2);
    for (size_t i = 0; g && i < g->n; i++) {
        g->keys[i] = st_kv_tostring(&r->mem, x->args[2 * i]->type, a[2 * i]).u.s;
        g->v[i] = a[2 * i + 1];
    }
    return st_kv_bag(g);
}

static st_kv f_array_length(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_ARRAY ? st_kv_long((int64_t)a[0].u.a->n) : st_kv_null();
}

static st_kv f_parse_json(st_krun *r, const st_kx *x, const st_kv *a)
{
    return x->args[0]->type == ST_KT_STRING ? st_kv_parse_json(&r->mem, text(r, a[0])) : a[0];
}

static st_kv f_array_concat(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 0;
    st_karray *out = st_karray_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        for (size_t k = 0; a[i].tag == ST_KV_ARRAY && k < a[i].u.a->n; k++)
            out->v[at++] = a[i].u.a->v[k];
    return st_kv_array(out);
}

static st_kv f_array_slice(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_ARRAY || nulls(a, 3))
        return st_kv_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i,
            j = a[2].u.i < 0 ? a[2].u.i + n : a[2].u.i;
    i = i < 0 ? 0 : i;
    j = j >= n ? n - 1 : j;
    st_karray *out = st_karray_new(&r->mem, j >= i ? (size_t)(j - i + 1) : 0);
    for (size_t k = 0; out && k < out->n; k++)
        out->v[k] = a[0].u.a->v[(size_t)i + k];
    return st_kv_array(out);
}

static bool member(st_krun *r, const st_kv *v, size_t n, st_kv what)
{
    for (size_t i = 0; i < n; i++)
        if (st_kv_same(&r->mem, v[i], what))
            return true;
    return false;
}

static st_kv f_set_has(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return a[0].tag == ST_KV_ARRAY ? st_kv_bool(member(r, a[0].u.a->v, a[0].u.a->n, a[1]))
                                   : st_kv_null();
}

/* mode: 'u' union, 'i' intersection, 'd' difference */
static st_kv set_op(st_krun *r, const st_kx *x, const st_kv *a, char mode)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nargs; i++) {
        if (a[i].tag != ST_KV_ARRAY)
            return st_kv_null();
        n += a[i].u.a->n;
    }
    st_karray *out = st_karray_new(&r->mem, n);
    size_t used = 0;
    for (size_t i = 0; out && i < (mode == 'u' ? x->nargs : 1); i++)
        for (size_t k = 0; k < a[i].u.a->n; k++) {
            st_kv v = a[i].u.a->v[k];
            bool take = !member(r, out->v, used, v);
            for (size_t j = 1; mode != 'u' && take && j < x->nargs; j++)
                take = member(r, a[j].u.a->v, a[j].u.a->n, v) == (mode == 'i');
            if (take)
                out->v[used++] = v;
        }
    if (out)
        out->n = used;
    return st_kv_array(out);
}
static st_kv f_set_union(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'u');
}
static st_kv f_set_intersect(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'i');
}
static st_kv f_set_difference(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'd');
}

static st_kv f_bag_keys(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_karray *out = a[0].tag == ST_KV_BAG ? st_karray_new(&r->mem, a[0].u.g->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = st_kv_sid(a[0].u.g->keys[i]);
    return st_kv_array(out);
}

static st_kv f_gettype(st_krun *r, const st_kx *x, const st_kv *a)
{
    static const char *const names[] = { "null",     "bool",     "long", "real",  "string",
                                         "datetime", "timespan", "guid", "array", "dictionary" };
    (void)x;
    return st_kv_str(&r->mem, st_str_of(names[a[0].tag]));
}

/* ---- choosing
 * ---------------------------------------------------------------------------------------- */

static st_kv widen(const st_kx *x, st_kv v)
{
    return x->type == ST_KT_REAL && v.tag == ST_KV_LONG ? st_kv_real((double)v.u.i) : v;
}

st_kv st_kf_iff(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    return widen(x, a[0].tag == ST_KV_BOOL && a[0].u.b ? a[1] : a[2]);
}

st_kv st_kf_case(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    for (size_t i = 0; i + 1 < x->nargs; i += 2)
        if (a[i].tag == ST_KV_BOOL && a[i].u.b)
            return widen(x, a[i + 1]);
    return widen(x, a[x->nargs - 1]);
}

static bool is_empty(st_krun *r, st_kv v)
{
    return v.tag == ST_KV_NULL || (v.tag == ST_KV_STRING && !text(r, v).n);
}

static st_kv f_coalesce(st_krun *r, const st_kx *x, const st_kv *a)
{
    for (size_t i = 0; i < x->nargs; i++)
        if (!is_empty(r, a[i]))
            return widen(x, a[i]);
    return st_kv_missing(x->type);
}

static st_kv most(st_krun *r, const st_kx *x, const st_kv *a, int sign)
{
    st_kv best = st_kv_null();
    for (size_t i = 0; i < x->nargs; i++) {
        st_kv v = widen(x, a[i]);
        if (v.tag != ST_KV_NULL &&
            (best.tag == ST_KV_NULL || sign * st_kv_cmp(&r->mem, v, best) > 0))
            best = v;
    }
    return best;
}
static st_kv f_max_of(st_krun *r, const st_kx *x, const st_kv *a)
{
    return most(r, x, a, 1);
}
static st_kv f_min_of(st_krun *r, const st_kx *x, const st_kv *a)
{
    return most(r, x, a, -1);
}

static st_kv f_isempty(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return st_kv_bool(is_empty(r, a[0]));
}
static st_kv f_isnotempty(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return st_kv_bool(!is_empty(r, a[0]));
}
static st_kv f_isnull(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return st_kv_bool(a[0].tag == ST_KV_NULL);
}
static st_kv f_isnotnull(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return st_kv_bool(a[0].tag != ST_KV_NULL);
}

/* ---- strings
 * ------------------------------------------------------------------------------------------- */

static st_kv map_case(st_krun *r, st_kv v, uint32_t (*map)(uint32_t))
{
    st_str s = text(r, v);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        uint32_t cp = st_utf8_next(s, &i);
        char out[4];
        if (cp == UINT32_MAX)
            st_buf_put(&r->mem.buf, s.p + at, 1);
        else
            st_buf_put(&r->mem.buf, out, st_utf8_put(out, map(cp)));
    }
    return from_buf(r);
}
static st_kv f_tolower(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return map_case(r, a[0], st_lower);
}
static st_kv f_toupper(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return map_case(r, a[0], st_upper);
}

static st_kv f_strcat(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < x->nargs; i++)
        st_kv_put(&r->mem.buf, &r->mem, x->args[i]->type, a[i]);
    return from_buf(r);
}

static st_kv f_strcat_delim(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 1; i < x->nargs; i++) {
        if (i > 1)
            st_buf_str(&r->mem.buf, text(r, a[0]));
        st_kv_put(&r->mem.buf, &r->mem, x->args[i]->type, a[i]);
    }
    return from_buf(r);
}

static st_kv f_strcat_array(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; a[0].tag == ST_KV_ARRAY && i < a[0].u.a->n; i++) {
        if (i)
            st_buf_str(&r->mem.buf, text(r, a[1]));
        st_kv_put(&r->mem.buf, &r->mem, ST_KT_DYNAMIC, a[0].u.a->v[i]);
    }
    return from_buf(r);
}

static size_t code_points(st_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; n++)
        st_utf8_next(s, &i);
    return n;
}

/* The byte at which the n-th code point begins. */
static size_t byte_of(st_str s, int64_t n)
{
    size_t i = 0;
    while (n-- > 0 && i < s.n)
        st_utf8_next(s, &i);
    return i;
}

static st_kv f_strlen(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return st_kv_long((int64_t)code_points(text(r, a[0])));
}
static st_kv f_string_size(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return st_kv_long((int64_t)text(r, a[0]).n);
}

static st_kv f_substring(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    if (nulls(a, x->nargs))
        return st_kv_sid(ST_EMPTY);
    int64_t from = a[1].u.i, n = x->nargs > 2 ? a[2].u.i : INT64_MAX;
    if (from < 0)
        from += (int64_t)code_points(s);
    if (n <= 0)
        return st_kv_sid(ST_EMPTY);
    size_t at = byte_of(s, from);
    st_str rest = { s.p + at, s.n - at };
    rest.n = byte_of(rest, n);
    return st_kv_str(&r->mem, rest);
}

static st_kv f_indexof(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]), what = text(r, a[1]);
    int64_t start = x->nargs > 2 ? a[2].u.i : 0, len = x->nargs > 3 ? a[3].u.i : -1,
            occurrence = x->nargs > 4 ? a[4].u.i : 1, all = (int64_t)code_points(s);
    if (nulls(a, x->nargs) || len < -1 || occurrence < 0)
        return st_kv_null();
    start = start < 0 ? start + all : start;
    start = start < 0 ? 0 : start;
    if (start > all)
        return st_kv_long(-1);
    size_t at = byte_of(s, start);
    st_str part = { s.p + at, s.n - at };
    if (len >= 0)
        part.n = byte_of(part, len);
    size_t i = 0;
    while (part.n - i >= what.n) {
        const char *hit = what.n ? memmem(part.p + i, part.n - i, what.p, what.n) : part.p + i;
        if (!hit)
            break;
        i = (size_t)(hit - part.p);
        if (--occurrence <= 0)
            return st_kv_long(start + (int64_t)code_points((st_str){ part.p, i }));
        if (++i > part.n)
            break;
    }
    return st_kv_long(-1);
}

static st_kv f_split(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]), d = text(r, a[1]);
    size_t n = 1;
    for (size_t i = 0; d.n && s.n - i >= d.n;) {
        const char *hit = memmem(s.p + i, s.n - i, d.p, d.n);
        if (!hit)
            break;
        i = (size_t)(hit - s.p) + d.n;
        n++;
    }
    st_karray *out = st_karray_new(&r->mem, n);
    size_t at = 0;
    for (size_t k = 0; out && k < n; k++) {
        const char *hit = k + 1 < n ? memmem(s.p + at, s.n - at, d.p, d.n) : NULL;
        size_t end = hit ? (size_t)(hit - s.p) : s.n;
        out->v[k] = st_kv_str(&r->mem, (st_str){ s.p + at, end - at });
        at = hit ? end + d.n : end;
    }
    if (x->nargs < 3 || !out)
        return st_kv_array(out);
    if (a[2].tag != ST_KV_LONG || a[2].u.i < 0 || a[2].u.i >= (int64_t)n)
        return st_kv_null();
    st_karray *one = st_karray_new(&r->mem, 1);
    if (one)
        one->v[0] = out->v[a[2].u.i];
    return st_kv_array(one);
}

static st_kv f_replace_string(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]), from = text(r, a[1]), to = text(r, a[2]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    size_t at = 0;
    while (from.n && s.n - at >= from.n) {
        const char *hit = memmem(s.p + at, s.n - at, from.p, from.n);
        if (!hit)
            break;
        size_t end = (size_t)(hit - s.p);
        st_buf_put(&r->mem.buf, s.p + at, end - at);
        st_buf_str(&r->mem.buf, to);
        at = end + from.n;
    }
    if (!at)
        return a[0];
    st_buf_put(&r->mem.buf, s.p + at, s.n - at);
    return from_buf(r);
}

static st_kv f_strrep(st_krun *r, const st_kx *x, const st_kv *a)
{
    int64_t n = a[1].tag == ST_KV_LONG ? a[1].u.i : 0;
    st_buf_clear(&r->mem.buf);
    for (int64_t i = 0; i < n && i < 1024; i++) {
        if (i && x->nargs > 2)
            st_buf_str(&r->mem.buf, text(r, a[2]));
        st_kv_put(&r->mem.buf, &r->mem, x->args[0]->type, a[0]);
    }
    return from_buf(r);
}

static st_kv f_strcmp(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    int c = st_str_cmp(text(r, a[0]), text(r, a[1]));
    return st_kv_long((c > 0) - (c < 0));
}

static st_kv f_reverse(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[0]->type, a[0]));
    st_buf_clear(&r->mem.buf);
    for (size_t end = s.n; end;) {
        size_t at = end - 1;
        while (at && ((unsigned char)s.p[at] & 0xC0u) == 0x80)
            at--;
        st_buf_put(&r->mem.buf, s.p + at, end - at);
        end = at;
    }
    return from_buf(r);
}

static st_kv f_countof(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_str s = text(r, a[0]), what = text(r, a[1]);
    int64_t n = 0;
    for (size_t at = 0; what.n && s.n - at >= what.n;) {
        const char *hit = memmem(s.p + at, s.n - at, what.p, what.n);
        if (!hit)
            break;
        n++;
        at = (size_t)(hit - s.p) + 1;
    }
    return st_kv_long(n);
}

static int digit64(char c)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(set, c) : NULL;
    return at ? (int)(at - set) : -1;
}

static bool decode64(st_str s, st_buf *out)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        int d = digit64(s.p[i]);
        if (d < 0)
            return false;
        acc = (acc << 6 | (uint32_t)d) & 0xFFFFFFu;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            st_buf_char(out, (char)(acc >> bits & 0xFFu));
        }
    }
    return s.n % 4 != 1;
}

static st_kv f_base64_decode(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    if (!decode64(text(r, a[0]), &r->mem.buf) || !st_utf8_valid(st_buf_slice(&r->mem.buf)))
        return st_kv_sid(ST_EMPTY);
    return from_buf(r);
}

static st_kv f_base64_bytes(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    st_karray *out = decode64(text(r, a[0]), &r->mem.buf)
                         ? st_karray_new(&r->mem, r->mem.buf.n)
                         : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = st_kv_long((unsigned char)r->mem.buf.p[i]);
    return st_kv_array(out);
}

static st_kv f_base64_encode(st_krun *r, const st_kx *x, const st_kv *a)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (void)x;
    st_str s = text(r, a[0]);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            st_buf_char(&r->mem.buf, (char)(i + k > s.n ? '=' : set[v >> (18 - 6 * k) & 63]));
    }
    return from_buf(r);
}

/* ---- regular expressions
 * ----------------------------------------------------------------------------------- */

enum { MAX_GROUPS = 32 };

static void regex_free(void *p)
{
    st_regex_free(p);
}

/* The binder makes x->state of a constant pattern; others are compiled row by row. */
static st_regex *regex_of(st_krun *r, const st_kx *x, st_kv pattern, bool *temporary)
{
    size_t at;
    *temporary = x->state == NULL;
    return x->state ? x->state : st_regex_new(text(r, pattern), &at, NULL);
}

static void done_with(st_regex *re, bool temporary)
{
    if (temporary)
        st_regex_free(re);
}

bool st_kf_prepare_regex(st_krun *r, st_kx *x, st_str pattern, size_t *offset, st_err *err)
{
    st_regex *re = st_regex_new(pattern, offset, err);
    x->state = re;
    return re && st_krun_own(r, re, regex_free);
}

static st_kv f_extract(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool temporary;
    size_t spans[MAX_GROUPS][2];
    st_regex *re = regex_of(r, x, a[0], &temporary);
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[2]->type, a[2]));
    size_t n = re ? st_regex_find(re, s, 0, spans, MAX_GROUPS) : 0;
    int64_t g = a[1].tag == ST_KV_LONG ? a[1].u.i : -1;
    st_kv out = st_kv_missing(x->type);
    if (g >= 0 && g < (int64_t)n && spans[g][0] != SIZE_MAX && spans[g][1] >= spans[g][0])
        out =
            st_kv_parse(&r->mem, x->type, (st_str){ s.p + spans[g][0], spans[g][1] - spans[g][0] });
    done_with(re, temporary);
    return out;
}

/* Matches of a pattern that don't overlap. */
static st_kv f_countof_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool temporary;
    size_t spans[MAX_GROUPS][2];
    int64_t n = 0;
    st_regex *re = regex_of(r, x, a[1], &temporary);
    st_str s = text(r, a[0]);
    for (size_t at = 0; re && at <= s.n && st_regex_find(re, s, at, spans, MAX_GROUPS); n++)
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    done_with(re, temporary);
    return re ? st_kv_long(n) : st_kv_null();
}

static st_kv f_countof_any(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool regex = x->nargs > 2 && st_str_ieq(text(r, a[2]), ST_STR("regex"));
    return regex ? f_countof_regex(r, x, a) : f_countof(r, x, a);
}

/* Code points before the first match. */
static st_kv f_indexof_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool temporary;
    size_t spans[MAX_GROUPS][2];
    int64_t n = -1;
    st_regex *re = regex_of(r, x, a[1], &temporary);
    st_str s = text(r, a[0]);
    if (re && st_regex_find(re, s, 0, spans, MAX_GROUPS))
        for (size_t i = (size_t)(n = 0); i < spans[0][0] && i < s.n; n++)
            st_utf8_next(s, &i);
    done_with(re, temporary);
    return re ? st_kv_long(n) : st_kv_null();
}

static st_kv span_text(st_krun *r, st_str s, const size_t span[2])
{
    return span[0] == SIZE_MAX || span[1] < span[0]
               ? st_kv_sid(ST_EMPTY)
               : st_kv_str(&r->mem, (st_str){ s.p + span[0], span[1] - span[0] });
}

/* One match: its group's text, or an array of them. */
static st_kv match_groups(st_krun *r, st_str s, size_t (*spans)[2], size_t n)
{
    if (n == 2)
        return span_text(r, s, spans[1]);
    st_karray *a = st_karray_new(&r->mem, n - 1);
    for (size_t i = 0; a && i < n - 1; i++)
        a->v[i] = span_text(r, s, spans[i + 1]);
    return st_kv_array(a);
}

static st_kv f_extract_all(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool temporary;
    size_t spans[MAX_GROUPS][2], n, found = 0, cap = 0;
    st_regex *re = regex_of(r, x, a[0], &temporary);
    st_str s = text(r, a[1]);
    st_kv *all = NULL;
    for (size_t at = 0; re && (n = st_regex_find(re, s, at, spans, MAX_GROUPS)) > 1;) {
        if (!st_grow(&all, &cap, found + 1, sizeof *all)) {
            st_krun_nomem(r);
            break;
        }
        all[found++] = match_groups(r, s, spans, n);
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    }
    st_karray *out = found ? st_karray_new(&r->mem, found) : NULL;
    if (out)
        memcpy(out->v, all, found * sizeof *all);
    free(all);
    done_with(re, temporary);
    return st_kv_array(out);
}

/* $.a.b[0], $['a']: one step a turn; null where it leads nowhere. */
static st_kv json_path(st_krun *r, st_kv v, st_str path)
{
    size_t i = path.n && path.p[0] == '$' ? 1 : 0;
    while (i < path.n) {
        char c = path.p[i++];
        size_t at = i;
        if (c == '.') {
            while (i < path.n && path.p[i] != '.' && path.p[i] != '[')
                i++;
        } else if (c == '[') {
            while (i < path.n && path.p[i] != ']')
                i++;
        } else {
            return st_kv_null();
        }
        st_str step = { path.p + at, i - at };
        i += c == '[';
        uint64_t n;
        bool quoted = c == '[' && step.n >= 2 && (step.p[0] == '\'' || step.p[0] == '"');
        st_kv key = c == '[' && !quoted && st_str_u64(step, &n) && n <= INT64_MAX
                        ? st_kv_long((int64_t)n)
                        : st_kv_str(&r->mem, quoted ? (st_str){ step.p + 1, step.n - 2 } : step);
        v = st_kf_index(r, NULL, (const st_kv[]){ v, key });
    }
    return v;
}

static st_kv f_extractjson(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kv v = x->args[1]->type == ST_KT_DYNAMIC ? a[1] : st_kv_parse_json(&r->mem, text(r, a[1]));
    return st_kv_convert(&r->mem, x->type, ST_KT_DYNAMIC, json_path(r, v, text(r, a[0])));
}

static void expand(st_buf *b, st_str s, st_str with, size_t (*spans)[2], size_t n)
{
    for (size_t i = 0; i < with.n; i++) {
        if (with.p[i] == '\\' && i + 1 < with.n && with.p[i + 1] >= '0' && with.p[i + 1] <= '9') {
            size_t g = (size_t)(with.p[++i] - '0');
            if (g < n && spans[g][0] != SIZE_MAX)
                st_buf_put(b, s.p + spans[g][0], spans[g][1] - spans[g][0]);
        } else {
            st_buf_char(b, with.p[i]);
        }
    }
}

static st_kv regex_replace(st_krun *r, const st_kx *x, st_kv pattern, st_kv with, st_kv subject)
{
    bool temporary;
    size_t spans[MAX_GROUPS][2], at = 0, n;
    st_regex *re = regex_of(r, x, pattern, &temporary);
    st_str s = text(r, subject), w = text(r, with);
    st_buf_clear(&r->mem.buf);
    for (size_t from = 0; re && (n = st_regex_find(re, s, from, spans, MAX_GROUPS)) > 0;) {
        size_t b = spans[0][0], e = spans[0][1];
        if (b < at || e < b)
            break;
        st_buf_put(&r->mem.buf, s.p + at, b - at);
        expand(&r->mem.buf, s, w, spans, n);
        at = e;
        from = e;
        if (b == e) {
            if (e >= s.n)
                break;
            st_utf8_next(s, &from);
            st_buf_put(&r->mem.buf, s.p + at, from - at);
            at = from;
        }
    }
    st_buf_put(&r->mem.buf, s.p + at, s.n - at);
    done_with(re, temporary);
    return from_buf(r);
}
static st_kv f_replace_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    return regex_replace(r, x, a[1], a[2], a[0]);
}
static st_kv f_replace(st_krun *r, const st_kx *x, const st_kv *a)
{
    return regex_replace(r, x, a[0], a[1], a[2]);
}

/* ends: 1 start, 2 end, 3 both */
static st_kv trim_by(st_krun *r, const st_kx *x, const st_kv *a, int ends)
{
    bool temporary;
    size_t spans[1][2];
    st_regex *re = regex_of(r, x, a[0], &temporary);
    st_str s = text(r, a[1]);
    if (re && (ends & 1) && st_regex_find(re, s, 0, spans, 1) && spans[0][0] == 0) {
        s.p += spans[0][1];
        s.n -= spans[0][1];
    }
    for (size_t at = 0; re && (ends & 2) && st_regex_find(re, s, at, spans, 1);) {
        if (spans[0][1] == s.n) {
            s.n = spans[0][0];
            break;
        }
        at = spans[0][1] > spans[0][0] ? spans[0][1] : spans[0][1] + 1;
    }
    done_with(re, temporary);
    return st_kv_str(&r->mem, s);
}
static st_kv f_trim(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 3);
}
static st_kv f_trim_start(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 1);
}
static st_kv f_trim_end(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 2);
}

/* ---- numbers and times
 * ------------------------------------------------------------------------------------------ */

static st_kv f_now(st_krun *r, const st_kx *x, const st_kv *a)
{
    if (!x->nargs)
        return st_kv_time(r->now);
    return a[0].tag == ST_KV_TIMESPAN ? arith('+', st_kv_time(r->now), a[0]) : st_kv_null();
}
static st_kv f_ago(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return a[0].tag == ST_KV_TIMESPAN ? arith('-', st_kv_time(r->now), a[0]) : st_kv_null();
}

static st_kv f_bin(st_krun *r, const st_kx *x, const st_kv *a)
{
    double v, s;
    (void)r;
    (void)x;
    if (nulls(a, 2))
        return st_kv_null();
    if (a[0].tag == ST_KV_REAL || a[1].tag == ST_KV_REAL)
        return st_kv_number(a[0], &v) && st_kv_number(a[1], &s) && s > 0
                   ? st_kv_real(floor(v / s) * s)
                   : st_kv_null();
    if (a[1].u.i <= 0)
        return st_kv_null();
    int64_t m = a[0].u.i % a[1].u.i, i = a[0].u.i - (m < 0 ? m + a[1].u.i : m);
    return (st_kv){ a[0].tag, { .i = i } };
}

static st_kv f_abs(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool minus = a[0].tag == ST_KV_REAL ? a[0].u.d < 0 : a[0].tag != ST_KV_NULL && a[0].u.i < 0;
    return minus ? st_kf_negate(r, x, a) : a[0];
}

static st_kv f_round(st_krun *r, const st_kx *x, const st_kv *a)
{
    double d, p = 1;
    (void)r;
    if (!st_kv_number(a[0], &d) || (x->nargs > 1 && a[1].tag != ST_KV_LONG))
        return st_kv_null();
    if (x->nargs > 1)
        p = pow(10, (double)a[1].u.i);
    return st_kv_real(round(d * p) / p);
}

static st_kv start_of(st_kv t, char unit, int64_t shift)
{
    st_kdate d;
    int64_t at = 0;
    if (t.tag != ST_KV_DATETIME || shift > 120000 || shift < -120000)
        return st_kv_null();
    if (unit == 'd' || unit == 'w') {
        int64_t day = t.u.i / DAY;
        if (unit == 'w')
            day -= (day + 1) % 7; /* day 0, 0001-01-01, was a Monday */
        return st_kv_time((day + shift * (unit == 'w' ? 7 : 1)) * DAY);
    }
    st_kdate_of(t.u.i, &d);
    int64_t month = d.year * 12 + (unit == 'y' ? 0 : d.month - 1) + shift * (unit == 'y' ? 12 : 1);
    d = (st_kdate){ (int)(month / 12), (int)(month % 12) + 1, 1, 0, 0, 0, 0 };
    return st_kdate_ticks(&d, &at) ? st_kv_time(at) : st_kv_null();
}

#define BOUNDARY(name, unit)                                                                       \
    static st_kv f_startof##name(st_krun *r, const st_kx *x, const st_kv *a)                       \
    {                                                                                              \
        (void)r;                                                                                   \
        return start_of(a[0], unit, x->nargs > 1 ? a[1].u.i : 0);                                  \
    }                                                                                              \
    static st_kv f_endof##name(st_krun *r, const st_kx *x, const st_kv *a)                         \
    {                                                                                              \
        (void)r;                                                                                   \
        st_kv v = start_of(a[0], unit, (x->nargs > 1 ? a[1].u.i : 0) + 1);                         \
        return v.tag == ST_KV_NULL ? v : st_kv_time(v.u.i - 1);                                    \
    }
BOUNDARY(day, 'd')
BOUNDARY(week, 'w')
BOUNDARY(month, 'm')
BOUNDARY(year, 'y')

static st_kv f_dayofweek(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_DATETIME ? st_kv_span((a[0].u.i / DAY + 1) % 7 * DAY) : st_kv_null();
}

#define PART(name, expr)                                                                           \
    static st_kv f_##name(st_krun *r, const st_kx *x, const st_kv *a)                              \
    {                                                                                              \
        st_kdate d;                                                                                \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        if (a[0].tag != ST_KV_DATETIME)                                                            \
            return st_kv_null();                                                                   \
        st_kdate_of(a[0].u.i, &d);                                                                 \
        return st_kv_long(expr);                                                                   \
    }
PART(hourofday, d.hour)
PART(dayofmonth, d.day)
PART(getmonth, d.month)
PART(getyear, d.year)

/* ---- addresses
 * -------------------------------------------------------------------------------------------------------
 */

static bool ipv4(st_str s, uint32_t *ip, unsigned *bits)
{
    uint32_t v = 0;
    st_str part;
    *bits = 32;
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (slash) {
        uint64_t n;
        size_t at = (size_t)(slash - s.p);
        if (!st_str_u64((st_str){ slash + 1, s.n - at - 1 }, &n) || n > 32)
            return false;
        *bits = (unsigned)n;
        s.n = at;
    }
    unsigned parts = 0;
    while (st_str_cut(&s, '.', &part)) {
        uint64_t n;
        if (part.n > 3 || !st_str_u64(part, &n) || n > 255 || ++parts > 4)
            return false;
        v = v << 8 | (uint32_t)n;
    }
    *ip = v;
    return parts == 4;
}

static uint32_t mask(unsigned bits)
{
    return bits ? ~UINT32_C(0) << (32 - bits) : 0;
}

static st_kv f_ipv4_private(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    if (!ipv4(text(r, a[0]), &ip, &bits))
        return st_kv_null();
    ip &= mask(bits);
    return st_kv_bool((ip & mask(8)) == 0x0A000000u || (ip & mask(12)) == 0xAC100000u ||
                      (ip & mask(16)) == 0xC0A80000u);
}

static st_kv in_range(st_krun *r, st_kv a, st_kv range)
{
    uint32_t ip, net;
    unsigned bits, nb;
    if (!ipv4(text(r, a), &ip, &bits) || !ipv4(text(r, range), &net, &nb))
        return st_kv_null();
    uint32_t m = mask(bits < nb ? bits : nb);
    return st_kv_bool((ip & m) == (net & m));
}
static st_kv f_ipv4_in_range(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return in_range(r, a[0], a[1]);
}
static st_kv f_ipv4_in_any(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool known = false;
    for (size_t i = 1; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++) {
            st_kv v = in_range(r, a[0], a[i].tag == ST_KV_ARRAY ? a[i].u.a->v[k] : a[i]);
            known |= v.tag == ST_KV_BOOL;
            if (v.tag == ST_KV_BOOL && v.u.b)
                return v;
        }
    }
    return known ? st_kv_bool(false) : st_kv_null();
}
static st_kv f_ipv4_match(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t p, q;
    unsigned pb, qb,
        bits = x->nargs > 2 && a[2].tag == ST_KV_LONG && a[2].u.i >= 0 && a[2].u.i <= 32
                   ? (unsigned)a[2].u.i
                   : 32;
    if (!ipv4(text(r, a[0]), &p, &pb) || !ipv4(text(r, a[1]), &q, &qb))
        return st_kv_null();
    bits = bits < pb ? bits : pb;
    uint32_t m = mask(bits < qb ? bits : qb);
    return st_kv_bool((p & m) == (q & m));
}

static st_kv f_ipv4_compare(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t p, q;
    unsigned pb, qb,
        bits = x->nargs > 2 && a[2].tag == ST_KV_LONG && a[2].u.i >= 0 && a[2].u.i <= 32
                   ? (unsigned)a[2].u.i
                   : 32;
    if (!ipv4(text(r, a[0]), &p, &pb) || !ipv4(text(r, a[1]), &q, &qb))
        return st_kv_null();
    bits = bits < pb ? bits : pb;
    uint32_t m = mask(bits < qb ? bits : qb);
    return st_kv_long(((p & m) > (q & m)) - ((p & m) < (q & m)));
}

static st_kv f_parse_ipv4(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    return ipv4(text(r, a[0]), &ip, &bits) ? st_kv_long(ip & mask(bits)) : st_kv_null();
}

/* ---- the table
 * ---------------------------------------------------------------------------------------------------------
 */

#define NONE ST_KN_NONE, ""
#define FIRST ST_KN_FIRST, ""
#define PREFIX(p) ST_KN_PREFIX, p
#define SUFFIX(p) ST_KN_SUFFIX, p

static const st_kfn functions[] = {
    { "abs", "n", 1, "0", FIRST, f_abs, "the absolute value" },
    { "ago", "t", 1, "datetime", NONE, f_ago, "so much before now" },
    { "array_concat", "y+", 1, "dynamic", NONE, f_array_concat, "one array of several" },
    { "array_index_of", "y*", 2, "long", NONE, st_kf_array_index_of,
      "where a value is in an array, or -1" },
    { "array_length", "y", 1, "long", NONE, f_array_length, "elements of an array" },
    { "array_reverse", "y", 1, "dynamic", NONE, st_kf_array_reverse, "the elements backwards" },
    { "array_slice", "yii", 3, "dynamic", NONE, f_array_slice, "elements i to j" },
    { "array_sort_asc", "y", 1, "dynamic", SUFFIX("_sorted"), st_kf_sort_asc, "an array in order" },
    { "array_sort_desc", "y", 1, "dynamic", SUFFIX("_sorted"), st_kf_sort_desc,
      "an array in falling order" },
    { "array_sum", "y", 1, "real", NONE, st_kf_array_sum, "the sum of an array" },
    { "bag_has_key", "ys", 2, "bool", NONE, st_kf_bag_has_key, "whether a bag has a name" },
    { "bag_keys", "y", 1, "dynamic", NONE, f_bag_keys, "the names in a bag" },
    { "bag_merge", "y+", 2, "dynamic", NONE, st_kf_bag_merge, "bags together, the first one wins" },
    { "bag_pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "bag_remove_keys", "yy", 2, "dynamic", NONE, st_kf_bag_remove_keys, "a bag without names" },
    { "bag_set_key", "ys*", 3, "dynamic", NONE, st_kf_bag_set_key, "a bag with one value set" },
    { "base64_decode_toarray", "s", 1, "dynamic", NONE, f_base64_bytes, "decoded bytes" },
    { "base64_decode_tostring", "s", 1, "string", NONE, f_base64_decode, "decoded UTF-8 text" },
    { "base64_decodestring", "s", 1, "string", NONE, f_base64_decode, "decoded UTF-8 text" },
    { "base64_encode_tostring", "s", 1, "string", NONE, f_base64_encode, "text as base64" },
    { "base64_encodestring", "s", 1, "string", NONE, f_base64_encode, "text as base64" },
    { "bin", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "binary_and", "ii", 2, "long", NONE, st_kf_binary_and, "bits in both" },
    { "binary_not", "i", 1, "long", NONE, st_kf_binary_not, "bits turned" },
    { "binary_or", "ii", 2, "long", NONE, st_kf_binary_or, "bits in either" },
    { "binary_shift_left", "ii", 2, "long", NONE, st_kf_shift_left, "bits moved up" },
    { "binary_shift_right", "ii", 2, "long", NONE, st_kf_shift_right, "bits moved down" },
    { "binary_xor", "ii", 2, "long", NONE, st_kf_binary_xor, "bits in one only" },
    { "case", "**+", 3, "c", NONE, st_kf_case, "the value of the first true condition" },
    { "ceiling", "n", 1, "0", FIRST, st_kf_ceiling, "rounded up" },
    { "coalesce", "*+", 1, "w", NONE, f_coalesce, "the first value that isn't null or empty" },
    { "countof", "sss", 2, "long", NONE, f_countof_any, "occurrences of a text or a pattern" },
    { "datetime_add", "sid", 3, "datetime", NONE, st_kf_datetime_add, "a date some parts later" },
    { "datetime_diff", "sdd", 3, "long", NONE, st_kf_datetime_diff,
      "boundaries between two dates" },
    { "datetime_part", "sd", 2, "int", NONE, st_kf_datetime_part, "a part of a date" },
    { "dayofmonth", "d", 1, "int", NONE, f_dayofmonth, "day of the month" },
    { "dayofweek", "d", 1, "timespan", NONE, f_dayofweek, "days since Sunday" },
    { "dayofyear", "d", 1, "int", NONE, st_kf_dayofyear, "day of the year" },
    { "endofday", "di", 1, "datetime", NONE, f_endofday, "last tick of the day" },
    { "endofmonth", "di", 1, "datetime", NONE, f_endofmonth, "last tick of the month" },
    { "endofweek", "di", 1, "datetime", NONE, f_endofweek, "last tick of the week" },
    { "endofyear", "di", 1, "datetime", NONE, f_endofyear, "last tick of the year" },
    { "exp", "n", 1, "real", FIRST, st_kf_exp, "e to a power" },
    { "extract", "ris*", 3, "T", NONE, f_extract, "a group of the first match" },
    { "extract_all", "rs", 2, "dynamic", NONE, f_extract_all, "the groups of all matches" },
    { "extract_json", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "extractjson", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "floor", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "format_datetime", "ds", 2, "string", NONE, st_kf_format_datetime, "a date spelled" },
    { "format_timespan", "ts", 2, "string", NONE, st_kf_format_timespan, "a timespan spelled" },
    { "getmonth", "d", 1, "int", NONE, f_getmonth, "month of the year" },
    { "gettype", "*", 1, "string", PREFIX("type_"), f_gettype, "the name of a value's type" },
    { "getyear", "d", 1, "int", NONE, f_getyear, "the year" },
    { "has_any_index", "sy", 2, "long", NONE, st_kf_has_any_index,
      "which needle a text has, or -1" },
    { "hash", "*i", 1, "long", NONE, st_kf_hash, "xxHash64 of a value's text" },
    { "hash_md5", "*", 1, "string", NONE, st_kf_md5, "MD5 in hex" },
    { "hash_sha1", "*", 1, "string", NONE, st_kf_sha1, "SHA-1 in hex" },
    { "hash_sha256", "*", 1, "string", NONE, st_kf_sha256, "SHA-256 in hex" },
    { "hash_xxhash64", "*i", 1, "long", NONE, st_kf_hash, "xxHash64 of a value's text" },
    { "hourofday", "d", 1, "int", NONE, f_hourofday, "hour of the day" },
    { "iff", "b**", 3, "w", NONE, st_kf_iff, "one of two values" },
    { "iif", "b**", 3, "w", NONE, st_kf_iff, "one of two values" },
    { "indexof", "ssiii", 2, "long", NONE, f_indexof, "where a text occurs, or -1" },
    { "indexof_regex", "sr", 2, "long", NONE, f_indexof_regex, "where a pattern matches, or -1" },
    { "ipv4_compare", "ssi", 2, "long", NONE, f_ipv4_compare, "-1, 0 or 1 under a prefix" },
    { "ipv4_is_in_any_range", "s*+", 2, "bool", NONE, f_ipv4_in_any, "an address in some network" },
    { "ipv4_is_in_range", "ss", 2, "bool", NONE, f_ipv4_in_range, "an address in a network" },
    { "ipv4_is_match", "ssi", 2, "bool", NONE, f_ipv4_match, "addresses equal under a prefix" },
    { "ipv4_is_private", "s", 1, "bool", NONE, f_ipv4_private, "a private address" },
    { "isascii", "s", 1, "bool", NONE, st_kf_isascii, "whether a text is ASCII" },
    { "isempty", "*", 1, "bool", NONE, f_isempty, "null or an empty text" },
    { "isfinite", "n", 1, "bool", NONE, st_kf_isfinite, "neither infinite nor NaN" },
    { "isinf", "n", 1, "bool", NONE, st_kf_isinf, "infinite" },
    { "isnan", "n", 1, "bool", NONE, st_kf_isnan, "not a number" },
    { "isnotempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "isnotnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "isnull", "*", 1, "bool", NONE, f_isnull, "null" },
    { "log", "n", 1, "real", FIRST, st_kf_log, "the natural logarithm" },
    { "log10", "n", 1, "real", NONE, st_kf_log10, "the decimal logarithm" },
    { "log2", "n", 1, "real", NONE, st_kf_log2, "the binary logarithm" },
    { "make_datetime", "nnnnnn", 1, "datetime", NONE, st_kf_make_datetime, "a date of its parts" },
    { "make_string", "*+", 1, "string", NONE, st_kf_make_string, "a text of code points" },
    { "make_timespan", "nnnn", 2, "timespan", NONE, st_kf_make_timespan,
      "a timespan of its parts" },
    { "max_of", "*+", 1, "w", NONE, f_max_of, "the largest argument" },
    { "min_of", "*+", 1, "w", NONE, f_min_of, "the smallest argument" },
    { "monthofyear", "d", 1, "int", NONE, f_getmonth, "month of the year" },
    { "not", "b", 1, "bool", NONE, st_kf_not, "the opposite" },
    { "notempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "notnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "now", "t", 0, "datetime", NONE, f_now, "the time of the query" },
    { "pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "pack_array", "*+", 0, "dynamic", NONE, st_kf_array, "an array of values" },
    { "pack_dictionary", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "parse_command_line", "ss", 2, "dynamic", NONE, st_kf_parse_command_line,
      "a command line's words" },
    { "parse_csv", "s", 1, "dynamic", NONE, st_kf_parse_csv, "the fields of a CSV record" },
    { "parse_ipv4", "s", 1, "long", NONE, f_parse_ipv4, "an address as a number" },
    { "parse_json", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "parse_path", "s", 1, "dynamic", NONE, st_kf_parse_path, "the parts of a path" },
    { "parse_url", "s", 1, "dynamic", NONE, st_kf_parse_url, "the parts of a URL" },
    { "parse_urlquery", "s", 1, "dynamic", NONE, st_kf_parse_urlquery, "the parameters of a URL" },
    { "parsejson", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "pow", "nn", 2, "real", FIRST, st_kf_pow, "a power" },
    { "range", "***", 2, "dynamic", NONE, st_kf_range, "an array from a value to another" },
    { "replace", "rss", 3, "string", NONE, f_replace, "matches of a pattern replaced" },
    { "replace_regex", "srs", 3, "string", NONE, f_replace_regex, "matches of a pattern replaced" },
    { "replace_string", "sss", 3, "string", NONE, f_replace_string, "a text replaced" },
    { "reverse", "*", 1, "string", NONE, f_reverse, "the text backwards" },
    { "round", "ni", 1, "real", FIRST, f_round, "rounded" },
    { "set_difference", "y+", 2, "dynamic", NONE, f_set_difference,
      "in the first, not in the others" },
    { "set_has_element", "y*", 2, "bool", NONE, f_set_has, "whether an array has a value" },
    { "set_intersect", "y+", 2, "dynamic", NONE, f_set_intersect, "in all arrays" },
    { "set_union", "y+", 1, "dynamic", NONE, f_set_union, "in any array" },
    { "sign", "n", 1, "real", NONE, st_kf_sign, "-1, 0 or 1" },
    { "split", "ssi", 2, "dynamic", FIRST, f_split, "the parts of a text" },
    { "sqrt", "n", 1, "real", FIRST, st_kf_sqrt, "the square root" },
    { "startofday", "di", 1, "datetime", FIRST, f_startofday, "midnight" },
    { "startofmonth", "di", 1, "datetime", NONE, f_startofmonth, "the month's first tick" },
    { "startofweek", "di", 1, "datetime", NONE, f_startofweek, "Sunday's first tick" },
    { "startofyear", "di", 1, "datetime", NONE, f_startofyear, "the year's first tick" },
    { "strcat", "*+", 1, "string", NONE, f_strcat, "texts joined" },
    { "strcat_array", "ys", 2, "string", NONE, f_strcat_array, "an array's texts joined" },
    { "strcat_delim", "s*+", 2, "string", NONE, f_strcat_delim, "texts joined by another" },
    { "strcmp", "ss", 2, "long", NONE, f_strcmp, "-1, 0 or 1" },
    { "string_size", "s", 1, "long", NONE, f_string_size, "bytes of a text" },
    { "strlen", "s", 1, "long", PREFIX("strlen_"), f_strlen, "characters of a text" },
    { "strrep", "*is", 2, "string", NONE, f_strrep, "a text repeated" },
    { "substring", "sii", 2, "string", NONE, f_substring, "a part of a text" },
    { "to_utf8", "s", 1, "dynamic", NONE, st_kf_codepoints, "the code points of a text" },
    { "tobool", "*", 1, "bool", FIRST, st_kf_convert, "as bool" },
    { "toboolean", "*", 1, "bool", FIRST, st_kf_convert, "as bool" },
    { "todatetime", "*", 1, "datetime", FIRST, st_kf_convert, "as datetime" },
    { "todecimal", "*", 1, "real", FIRST, st_kf_convert, "as real" },
    { "todouble", "*", 1, "real", FIRST, st_kf_convert, "as real" },
    { "todynamic", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "toguid", "*", 1, "guid", FIRST, st_kf_convert, "as guid" },
    { "tohex", "ii", 1, "string", NONE, st_kf_tohex, "a number in hex" },
    { "toint", "*", 1, "int", FIRST, st_kf_convert, "as int" },
    { "tolong", "*", 1, "long", FIRST, st_kf_convert, "as long" },
    { "tolower", "s", 1, "string", NONE, f_tolower, "in lower case" },
    { "toreal", "*", 1, "real", FIRST, st_kf_convert, "as real" },
    { "tostring", "*", 1, "string", FIRST, st_kf_convert, "as text" },
    { "totimespan", "*", 1, "timespan", FIRST, st_kf_convert, "as timespan" },
    { "toupper", "s", 1, "string", NONE, f_toupper, "in upper case" },
    { "translate", "sss", 3, "string", NONE, st_kf_translate, "letters replaced by others" },
    { "trim", "rs", 2, "string", NONE, f_trim, "without a match at both ends" },
    { "trim_end", "rs", 2, "string", NONE, f_trim_end, "without a match at the end" },
    { "trim_start", "rs", 2, "string", NONE, f_trim_start, "without a match at the start" },
    { "unicode_codepoints_from_string", "s", 1, "dynamic", NONE, st_kf_codepoints,
      "the code points of a text" },
    { "unixtime_microseconds_todatetime", "n", 1, "datetime", NONE, st_kf_unix_us,
      "a date of Unix microseconds" },
    { "unixtime_milliseconds_todatetime", "n", 1, "datetime", NONE, st_kf_unix_ms,
      "a date of Unix milliseconds" },
    { "unixtime_nanoseconds_todatetime", "n", 1, "datetime", NONE, st_kf_unix_ns,
      "a date of Unix nanoseconds" },
    { "unixtime_seconds_todatetime", "n", 1, "datetime", NONE, st_kf_unix_s,
      "a date of Unix seconds" },
    { "url_decode", "s", 1, "string", NONE, st_kf_url_decode, "%-escapes decoded" },
    { "url_encode", "s", 1, "string", NONE, st_kf_url_encode, "special characters escaped" },
    { "url_encode_component", "s", 1, "string", NONE, st_kf_url_encode_part,
      "special characters escaped, blanks too" },
    { "week_of_year", "d", 1, "int", NONE, st_kf_week_of_year, "ISO 8601's week" },
    { "zip", "y+", 2, "dynamic", NONE, st_kf_zip, "the elements of arrays side by side" },
};

const st_kfn *st_kfn_at(size_t i)
{
    return i < sizeof functions / sizeof *functions ? &functions[i] : NULL;
}

const st_kfn *st_kfn_find(st_str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (st_str_eq(name, st_str_of(functions[i].name)))
            return &functions[i];
    return NULL;
}
