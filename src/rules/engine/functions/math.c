/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_math.c - functions over numbers. */
#include "rules/engine/functions/fn.h"

#include <math.h>

#define REAL1(name, condition, expr)                                                       \
    static st_val name(st_run *r, const st_expr *x, const st_val *a)                       \
    {                                                                                      \
        double d;                                                                          \
        (void)r;                                                                           \
        (void)x;                                                                           \
        return st_val_number(a[0], &d) && (condition) ? st_val_real(expr) : st_val_null(); \
    }
REAL1(f_sqrt, d >= 0, sqrt(d))
REAL1(f_exp, true, exp(d))
REAL1(f_log, d > 0, log(d))
REAL1(f_log2, d > 0, log2(d))
REAL1(f_log10, d > 0, log10(d))
REAL1(f_sign, true, (double)((d > 0) - (d < 0)))
REAL1(f_exp2, true, exp2(d))
REAL1(f_exp10, true, pow(10, d))
REAL1(f_cos, true, cos(d))
REAL1(f_sin, true, sin(d))
REAL1(f_tan, true, tan(d))
REAL1(f_acos, true, acos(d))
REAL1(f_asin, true, asin(d))
REAL1(f_atan, true, atan(d))
REAL1(f_cot, true, 1 / tan(d))
REAL1(f_degrees, true, d * 180 / M_PI)
REAL1(f_radians, true, d *M_PI / 180)
REAL1(f_gamma, true, tgamma(d))
REAL1(f_loggamma, true, lgamma(d))
REAL1(f_erf, true, erf(d))
REAL1(f_erfc, true, erfc(d))

static st_val f_pi(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    (void)a;
    return st_val_real(M_PI);
}

static st_val f_pow(st_run *r, const st_expr *x, const st_val *a)
{
    double d, e;
    (void)r;
    (void)x;
    return st_val_number(a[0], &d) && st_val_number(a[1], &e) ? st_val_real(pow(d, e))
                                                              : st_val_null();
}

static st_val f_atan2(st_run *r, const st_expr *x, const st_val *a)
{
    double d, e;
    (void)r;
    (void)x;
    return st_val_number(a[0], &d) && st_val_number(a[1], &e) ? st_val_real(atan2(d, e))
                                                              : st_val_null();
}

static st_val f_ceiling(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_REAL ? st_val_real(ceil(a[0].u.d)) : a[0];
}

#define BINARY(name, expr)                                                          \
    static st_val name(st_run *r, const st_expr *x, const st_val *a)                \
    {                                                                               \
        (void)r;                                                                    \
        for (size_t i = 0; i < x->nargs; i++)                                       \
            if (a[i].tag != ST_VAL_LONG)                                            \
                return st_val_null();                                               \
        uint64_t p = (uint64_t)a[0].u.i, q = x->nargs > 1 ? (uint64_t)a[1].u.i : 0; \
        (void)q;                                                                    \
        return st_val_long((int64_t)(expr));                                        \
    }
BINARY(f_binary_and, p &q)
BINARY(f_binary_or, p | q)
BINARY(f_binary_xor, p ^ q)
BINARY(f_binary_not, ~p)
BINARY(f_count_ones, __builtin_popcountll(p))
BINARY(f_shift_left, p << (q & 63))
BINARY(f_shift_right, (uint64_t)((int64_t)p >> (q & 63)))

/* rounding */

/* from + the largest multiple of step that isn't above v - from. */
static st_val bin_at(st_val v, st_val step, st_val from)
{
    double d, s, f;
    int64_t off, m, out;
    if (v.tag == ST_VAL_NULL || step.tag == ST_VAL_NULL || from.tag == ST_VAL_NULL)
        return st_val_null();
    if (v.tag == ST_VAL_REAL || step.tag == ST_VAL_REAL || from.tag == ST_VAL_REAL)
        return st_val_number(v, &d) && st_val_number(step, &s) && st_val_number(from, &f) && s > 0
                   ? st_val_real(f + floor((d - f) / s) * s)
                   : st_val_null();
    if (step.u.i <= 0 || __builtin_sub_overflow(v.u.i, from.u.i, &off))
        return st_val_null();
    m = off % step.u.i;
    if (__builtin_sub_overflow(v.u.i, m < 0 ? m + step.u.i : m, &out))
        return st_val_null();
    return v.tag == ST_VAL_DATETIME ? st_val_time(out) : (st_val){ v.tag, { .i = out } };
}

static st_val f_bin(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return bin_at(a[0], a[1], st_val_long(0));
}

static st_val f_bin_at(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return bin_at(a[0], a[1], a[2]);
}

static st_val f_abs(st_run *r, const st_expr *x, const st_val *a)
{
    bool minus = a[0].tag == ST_VAL_REAL ? a[0].u.d < 0 : a[0].tag != ST_VAL_NULL && a[0].u.i < 0;
    return minus ? st_call_negate(r, x, a) : a[0];
}

static st_val f_round(st_run *r, const st_expr *x, const st_val *a)
{
    double d, p = 1;
    if (!st_val_number(a[0], &d) || (x->nargs > 1 && a[1].tag != ST_VAL_LONG))
        return st_val_null();
    if (x->nargs > 1)
        p = pow(10, (double)a[1].u.i);
    if (a[0].tag == ST_VAL_LONG && p >= 1)
        return a[0];
    d = round(d * p) / p;
    return a[0].tag == ST_VAL_LONG
               ? st_val_convert(&r->mem, ST_TYPE_LONG, ST_TYPE_REAL, st_val_real(d))
               : st_val_real(d);
}

/* tests */

#define REAL_TEST(name, test)                                               \
    static st_val name(st_run *r, const st_expr *x, const st_val *a)        \
    {                                                                       \
        double d;                                                           \
        (void)r;                                                            \
        (void)x;                                                            \
        return st_val_number(a[0], &d) ? st_val_bool(test) : st_val_null(); \
    }
REAL_TEST(f_isnan, isnan(d))
REAL_TEST(f_isinf, isinf(d))
REAL_TEST(f_isfinite, isfinite(d))

/* random */

/* A number at random, anew for each row; rand(n) is a whole one below n. */
static st_val f_rand(st_run *r, const st_expr *x, const st_val *a)
{
    double d = (double)(st_run_random(r) >> 11) * 0x1p-53;
    if (!x->nargs)
        return st_val_real(d);
    return a[0].tag == ST_VAL_LONG && a[0].u.i > 0 ? st_val_real(floor(d * (double)a[0].u.i))
                                                   : st_val_null();
}

/* sizes */

/* Digits behind the point, without zeros at the end. */
static void put_rounded(st_buf *b, double v, int digits)
{
    size_t from = b->n;
    st_buf_fmt(b, "%.*f", digits, v);
    while (digits && b->n > from && b->p[b->n - 1] == '0')
        b->n--;
    if (b->n > from && b->p[b->n - 1] == '.')
        b->n--;
}

/* In the unit that is given, else in the largest that gives at least 1. */
static st_val f_format_bytes(st_run *r, const st_expr *x, const st_val *a)
{
    static const char *const units[] = { "Bytes", "KB", "MB", "GB", "TB", "PB", "EB" };
    double v, size = 1;
    size_t u = 0, n = sizeof units / sizeof *units;
    st_str want = x->nargs > 2 ? st_val_text(r, a[2]) : ST_STR("");
    int digits = x->nargs > 1 && a[1].tag == ST_VAL_LONG && a[1].u.i > 0
                     ? (int)(a[1].u.i < 15 ? a[1].u.i : 15)
                     : 0;
    if (!st_val_number(a[0], &v))
        return st_val_sid(ST_EMPTY);
    if (want.n)
        while (u < n && !st_str_is(want, units[u]))
            u++;
    else
        while (u + 1 < n && fabs(v) >= ldexp(1, 10 * (int)(u + 1)))
            u++;
    if (u == n)
        return st_val_sid(ST_EMPTY);
    size = ldexp(1, 10 * (int)u);
    st_buf_clear(&r->mem.buf);
    put_rounded(&r->mem.buf, v / size, digits);
    st_buf_fmt(&r->mem.buf, " %s", units[u]);
    return st_run_text(r);
}

/* the table */

const st_fn st_functions_math[] = {
    { "abs", "n", 1, "0", FIRST, f_abs, "the absolute value" },
    { "acos", "n", 1, "real", FIRST, f_acos, "the angle of a cosine, in radians" },
    { "asin", "n", 1, "real", FIRST, f_asin, "the angle of a sine, in radians" },
    { "atan", "n", 1, "real", FIRST, f_atan, "the angle of a tangent, in radians" },
    { "atan2", "nn", 2, "real", FIRST, f_atan2, "the angle of a point (y, x), in radians" },
    { "bin", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "bin_auto", "*", 1, "0", FIRST, f_bin,
      "rounded down to a multiple of the setting query_bin_auto_size from query_bin_auto_at" },
    { "bin_at", "***", 3, "B", FIRST, f_bin_at, "rounded down to a multiple from a point" },
    { "binary_and", "ii", 2, "long", FIRST, f_binary_and, "bits in both" },
    { "binary_not", "i", 1, "long", FIRST, f_binary_not, "bits turned" },
    { "binary_or", "ii", 2, "long", FIRST, f_binary_or, "bits in either" },
    { "binary_shift_left", "ii", 2, "long", FIRST, f_shift_left,
      "bits moved up|by the count modulo 64" },
    { "binary_shift_right", "ii", 2, "long", FIRST, f_shift_right,
      "bits moved down|by the count modulo 64" },
    { "binary_xor", "ii", 2, "long", FIRST, f_binary_xor, "bits in one only" },
    { "bitset_count_ones", "i", 1, "long", FIRST, f_count_ones, "how many bits are set" },
    { "ceiling", "n", 1, "0", FIRST, f_ceiling, "rounded up" },
    { "cos", "n", 1, "real", FIRST, f_cos, "the cosine" },
    { "cot", "n", 1, "real", NONE, f_cot, "the cotangent" },
    { "degrees", "n", 1, "real", NONE, f_degrees, "radians in degrees" },
    { "erf", "n", 1, "real", FIRST, f_erf, "the error function" },
    { "erfc", "n", 1, "real", FIRST, f_erfc, "one less the error function" },
    { "exp", "n", 1, "real", FIRST, f_exp, "e to a power" },
    { "exp10", "n", 1, "real", FIRST, f_exp10, "10 to a power" },
    { "exp2", "n", 1, "real", FIRST, f_exp2, "2 to a power" },
    { "floor", "**", 2, "B", FIRST, f_bin, "rounded down to a multiple" },
    { "format_bytes", "nis", 1, "string", FIRST, f_format_bytes,
      "a number of bytes with its unit" },
    { "gamma", "n", 1, "real", FIRST, f_gamma, "the gamma function" },
    { "isfinite", "n", 1, "bool", NONE, f_isfinite, "neither infinite nor NaN" },
    { "isinf", "n", 1, "bool", NONE, f_isinf, "infinite" },
    { "isnan", "n", 1, "bool", NONE, f_isnan, "not a number" },
    { "log", "n", 1, "real", FIRST, f_log, "the natural logarithm|null for zero and below" },
    { "log10", "n", 1, "real", FIRST, f_log10, "the decimal logarithm|null for zero and below" },
    { "log2", "n", 1, "real", FIRST, f_log2, "the binary logarithm|null for zero and below" },
    { "loggamma", "n", 1, "real", FIRST, f_loggamma, "the logarithm of the gamma function" },
    { "pi", "", 0, "real", NONE, f_pi, "3.14159..." },
    { "pow", "nn", 2, "real", FIRST, f_pow, "a power" },
    { "radians", "n", 1, "real", NONE, f_radians, "degrees in radians" },
    { "rand", "i", 0, "*real", FIRST, f_rand,
      "a number at random|the same ones each time the same query runs" },
    { "round", "ni", 1, "0", FIRST, f_round, "rounded|halves away from zero" },
    { "sign", "n", 1, "real", NONE, f_sign, "-1, 0 or 1" },
    { "sin", "n", 1, "real", FIRST, f_sin, "the sine" },
    { "sqrt", "n", 1, "real", FIRST, f_sqrt, "the square root" },
    { "tan", "n", 1, "real", FIRST, f_tan, "the tangent" },
    { 0 },
};
