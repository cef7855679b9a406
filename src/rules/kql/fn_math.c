/* fn_math.c - functions over numbers. */
#include "rules/kql/fn.h"

#include <math.h>

#define REAL1(name, condition, expr)                                                               \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                  \
    {                                                                                              \
        double d;                                                                                  \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        return st_kv_number(a[0], &d) && (condition) ? st_kv_real(expr) : st_kv_null();            \
    }
REAL1(f_sqrt, d >= 0, sqrt(d))
REAL1(f_exp, true, exp(d))
REAL1(f_log, d > 0, log(d))
REAL1(f_log2, d > 0, log2(d))
REAL1(f_log10, d > 0, log10(d))
REAL1(f_sign, true, (double)((d > 0) - (d < 0)))

static st_kv f_pow(st_krun *r, const st_kx *x, const st_kv *a)
{
    double d, e;
    (void)r;
    (void)x;
    return st_kv_number(a[0], &d) && st_kv_number(a[1], &e) ? st_kv_real(pow(d, e)) : st_kv_null();
}

static st_kv f_ceiling(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_REAL ? st_kv_real(ceil(a[0].u.d)) : a[0];
}

#define BINARY(name, expr)                                                                         \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                  \
    {                                                                                              \
        (void)r;                                                                                   \
        for (size_t i = 0; i < x->nargs; i++)                                                      \
            if (a[i].tag != ST_KV_LONG)                                                            \
                return st_kv_null();                                                               \
        uint64_t p = (uint64_t)a[0].u.i, q = x->nargs > 1 ? (uint64_t)a[1].u.i : 0;                \
        (void)q;                                                                                   \
        return st_kv_long((int64_t)(expr));                                                        \
    }
BINARY(f_binary_and, p &q)
BINARY(f_binary_or, p | q)
BINARY(f_binary_xor, p ^ q)
BINARY(f_binary_not, ~p)
BINARY(f_shift_left, p << (q & 63))
BINARY(f_shift_right, (uint64_t)((int64_t)p >> (q & 63)))

/* ---- rounding ---------------------------------------------------------------------------- */

static st_kv f_bin(st_krun *r, const st_kx *x, const st_kv *a)
{
    double v, s;
    (void)r;
    (void)x;
    if (st_kf_nulls(a, 2))
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
    if (!st_kv_number(a[0], &d) || (x->nargs > 1 && a[1].tag != ST_KV_LONG))
        return st_kv_null();
    if (x->nargs > 1)
        p = pow(10, (double)a[1].u.i);
    if (a[0].tag == ST_KV_LONG && p >= 1)
        return a[0];
    d = round(d * p) / p;
    return a[0].tag == ST_KV_LONG ? st_kv_convert(&r->mem, ST_KT_LONG, ST_KT_REAL, st_kv_real(d))
                                  : st_kv_real(d);
}

/* ---- tests ------------------------------------------------------------------------------- */

#define REAL_TEST(name, test)                                                                      \
    static st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                  \
    {                                                                                              \
        double d;                                                                                  \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        return st_kv_number(a[0], &d) ? st_kv_bool(test) : st_kv_null();                           \
    }
REAL_TEST(f_isnan, isnan(d))
REAL_TEST(f_isinf, isinf(d))
REAL_TEST(f_isfinite, isfinite(d))

/* ---- the table --------------------------------------------------------------------------- */

const st_kfn st_kfns_math[] = {
    { "abs", "n", 1, "0", FIRST, f_abs, "the absolute value" },
    { "bin", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "binary_and", "ii", 2, "long", FIRST, f_binary_and, "bits in both" },
    { "binary_not", "i", 1, "long", FIRST, f_binary_not, "bits turned" },
    { "binary_or", "ii", 2, "long", FIRST, f_binary_or, "bits in either" },
    { "binary_shift_left", "ii", 2, "long", FIRST, f_shift_left, "bits moved up" },
    { "binary_shift_right", "ii", 2, "long", FIRST, f_shift_right, "bits moved down" },
    { "binary_xor", "ii", 2, "long", FIRST, f_binary_xor, "bits in one only" },
    { "ceiling", "n", 1, "0", FIRST, f_ceiling, "rounded up" },
    { "exp", "n", 1, "real", FIRST, f_exp, "e to a power" },
    { "floor", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "isfinite", "n", 1, "bool", NONE, f_isfinite, "neither infinite nor NaN" },
    { "isinf", "n", 1, "bool", NONE, f_isinf, "infinite" },
    { "isnan", "n", 1, "bool", NONE, f_isnan, "not a number" },
    { "log", "n", 1, "real", FIRST, f_log, "the natural logarithm" },
    { "log10", "n", 1, "real", FIRST, f_log10, "the decimal logarithm" },
    { "log2", "n", 1, "real", FIRST, f_log2, "the binary logarithm" },
    { "pow", "nn", 2, "real", FIRST, f_pow, "a power" },
    { "round", "ni", 1, "0", FIRST, f_round, "rounded" },
    { "sign", "n", 1, "real", NONE, f_sign, "-1, 0 or 1" },
    { "sqrt", "n", 1, "real", FIRST, f_sqrt, "the square root" },
    { 0 },
};
