/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series.c - functions over series: arrays of numbers, as make-series and make_list give them.
 *
 * An element that is no number is missing (NaN here, null in results). What Kusto documents in
 * words only, as how periods are found and outliers scored, is done in the textbook's way; the rows
 * of the table say so. Working memory is an arena that lives as long as the call.
 */
#include "rules/engine/functions/fn.h"
#include "base/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct series {
    st_arena arena;
    double *v;
    size_t n, missing;
    bool ok; /* an array, and there was memory */
} series;

static double *room(series *s, size_t n)
{
    double *v = ST_NEWN(&s->arena, double, n);
    s->ok = s->ok && v;
    return v;
}

static series open_series(st_run *r, st_val a)
{
    series s = { .arena = { .budget = &r->budget }, .ok = a.tag == ST_VAL_ARRAY };
    s.n = s.ok ? a.u.a->n : 0;
    s.v = room(&s, s.n);
    for (size_t i = 0; s.ok && i < s.n; i++) {
        if (!st_val_number(a.u.a->v[i], &s.v[i]))
            s.v[i] = NAN;
        s.missing += isfinite(s.v[i]) ? 0 : 1;
    }
    return s;
}

/* Frees what was worked with; v, unless the memory ran out. */
static st_val close_series(st_run *r, series *s, st_val v)
{
    if (s->arena.failed)
        st_run_nomem(r);
    st_arena_free(&s->arena);
    return s->ok ? v : st_val_null();
}

static st_val real_or_null(double d)
{
    return isnan(d) ? st_val_null() : st_val_real(d);
}

static st_val reals(st_run *r, const double *v, size_t n)
{
    st_array *out = v ? st_array_new(&r->mem, n) : NULL;
    for (size_t i = 0; out && i < n; i++)
        out->v[i] = real_or_null(v[i]);
    return st_val_array(out);
}

static st_val values(st_run *r, const st_val *v, size_t n)
{
    st_array *out = st_array_new(&r->mem, n);
    if (out && n)
        memcpy(out->v, v, n * sizeof *v);
    return st_val_array(out);
}

static st_val named(st_run *r, const char *const *names, const st_val *v, size_t n)
{
    st_bag *g = st_bag_new(&r->mem, n);
    for (size_t i = 0; g && i < n; i++) {
        g->keys[i] = st_val_str(&r->mem, st_str_of(names[i])).u.s;
        g->v[i] = v[i];
    }
    return st_val_bag(g);
}

/* element by element */

static st_val element(st_val v, size_t i)
{
    return v.tag != ST_VAL_ARRAY ? v : i < v.u.a->n ? v.u.a->v[i] : st_val_null();
}

typedef st_val pair_code(st_val a, st_val b);

/* Two series, or one and a number for all. */
static st_val each_pair(st_run *r, const st_val *a, pair_code *f)
{
    size_t n = 0;
    for (size_t i = 0; i < 2; i++)
        if (a[i].tag == ST_VAL_ARRAY && a[i].u.a->n > n)
            n = a[i].u.a->n;
    if (a[0].tag != ST_VAL_ARRAY && a[1].tag != ST_VAL_ARRAY)
        return st_val_null();
    st_array *out = st_array_new(&r->mem, n);
    for (size_t i = 0; out && i < n; i++)
        out->v[i] = f(element(a[0], i), element(a[1], i));
    return st_val_array(out);
}

static bool both(st_val a, st_val b, double *p, double *q)
{
    return st_val_number(a, p) && st_val_number(b, q);
}

#define PAIR(name, whole, expr)                                                 \
    static st_val name##_one(st_val a, st_val b)                                \
    {                                                                           \
        double p, q;                                                            \
        uint64_t i = (uint64_t)a.u.i, j = (uint64_t)b.u.i;                      \
        (void)i;                                                                \
        (void)j;                                                                \
        if (!both(a, b, &p, &q))                                                \
            return st_val_null();                                               \
        return a.tag == ST_VAL_LONG && b.tag == ST_VAL_LONG ? (whole) : (expr); \
    }                                                                           \
    static st_val f_##name(st_run *r, const st_expr *x, const st_val *a)        \
    {                                                                           \
        (void)x;                                                                \
        return each_pair(r, a, name##_one);                                     \
    }
PAIR(add, st_val_long((int64_t)(i + j)), st_val_real(p + q))
PAIR(subtract, st_val_long((int64_t)(i - j)), st_val_real(p - q))
PAIR(multiply, st_val_long((int64_t)(i *j)), st_val_real(p *q))
PAIR(divide, st_val_real(p / q), st_val_real(p / q))
PAIR(pow, st_val_real(pow(p, q)), st_val_real(pow(p, q)))
PAIR(less, st_val_bool(a.u.i < b.u.i), st_val_bool(p < q))
PAIR(less_equals, st_val_bool(a.u.i <= b.u.i), st_val_bool(p <= q))
PAIR(greater, st_val_bool(a.u.i > b.u.i), st_val_bool(p > q))
PAIR(greater_equals, st_val_bool(a.u.i >= b.u.i), st_val_bool(p >= q))
PAIR(equals, st_val_bool(i == j), st_val_bool(p == q))
PAIR(not_equals, st_val_bool(i != j), st_val_bool(p != q))

#define EACH(name, expr)                                                                      \
    static st_val f_##name(st_run *r, const st_expr *x, const st_val *a)                      \
    {                                                                                         \
        double d;                                                                             \
        (void)x;                                                                              \
        st_array *out = a[0].tag == ST_VAL_ARRAY ? st_array_new(&r->mem, a[0].u.a->n) : NULL; \
        for (size_t i = 0; out && i < out->n; i++)                                            \
            if (st_val_number(a[0].u.a->v[i], &d))                                            \
                out->v[i] = real_or_null(expr);                                               \
        return st_val_array(out);                                                             \
    }
EACH(abs, fabs(d))
EACH(acos, acos(d))
EACH(asin, asin(d))
EACH(atan, atan(d))
EACH(ceiling, ceil(d))
EACH(cos, cos(d))
EACH(exp, exp(d))
EACH(floor, floor(d))
EACH(log, log(d))
EACH(sign, (double)((d > 0) - (d < 0)))
EACH(sin, sin(d))
EACH(tan, tan(d))

/* to one number */

static st_val fold(st_run *r, st_val a, bool product, bool squares)
{
    series s = open_series(r, a);
    double sum = product ? 1 : 0;
    for (size_t i = 0; s.ok && i < s.n; i++)
        sum = product ? sum * s.v[i] : sum + (squares ? s.v[i] * s.v[i] : s.v[i]);
    return close_series(r, &s, real_or_null(squares ? sqrt(sum) : sum));
}
static st_val f_sum(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return fold(r, a[0], false, false);
}
static st_val f_product(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return fold(r, a[0], true, false);
}
static st_val f_magnitude(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return fold(r, a[0], false, true);
}

typedef struct moments {
    double n, x, y, xx, yy, xy;
} moments;

/* Of two series of one length. */
static bool paired(st_run *r, const st_val *a, moments *m)
{
    series p = open_series(r, a[0]), q = open_series(r, a[1]);
    bool ok = p.ok && q.ok && p.n == q.n && p.n && !p.missing && !q.missing;
    *m = (moments){ .n = (double)p.n };
    for (size_t i = 0; ok && i < p.n; i++) {
        m->x += p.v[i];
        m->y += q.v[i];
        m->xx += p.v[i] * p.v[i];
        m->yy += q.v[i] * q.v[i];
        m->xy += p.v[i] * q.v[i];
    }
    close_series(r, &p, st_val_null());
    close_series(r, &q, st_val_null());
    return ok;
}

static st_val f_dot(st_run *r, const st_expr *x, const st_val *a)
{
    moments m;
    (void)x;
    return paired(r, a, &m) ? st_val_real(m.xy) : st_val_null();
}
static st_val f_cosine(st_run *r, const st_expr *x, const st_val *a)
{
    moments m;
    (void)x;
    return paired(r, a, &m) ? real_or_null(m.xy / sqrt(m.xx * m.yy)) : st_val_null();
}
static st_val f_pearson(st_run *r, const st_expr *x, const st_val *a)
{
    moments m;
    (void)x;
    if (!paired(r, a, &m))
        return st_val_null();
    double vx = m.xx - m.x * m.x / m.n, vy = m.yy - m.y * m.y / m.n;
    return real_or_null((m.xy - m.x * m.y / m.n) / sqrt(vx * vy));
}

/* statistics */

enum { MIN, MIN_AT, MAX, MAX_AT, AVG, STDEV, VARIANCE, SUM, LEN, STATS };

/* Of the numbers that are there. */
static size_t statistics(const series *s, double *out)
{
    size_t n = 0;
    double m2 = 0;
    memset(out, 0, STATS * sizeof *out);
    for (size_t i = 0; i < s->n; i++) {
        double v = s->v[i];
        if (!isfinite(v))
            continue;
        if (!n || v < out[MIN]) {
            out[MIN] = v;
            out[MIN_AT] = (double)i;
        }
        if (!n || v > out[MAX]) {
            out[MAX] = v;
            out[MAX_AT] = (double)i;
        }
        double d = v - out[AVG];
        out[AVG] += d / (double)++n;
        m2 += d * (v - out[AVG]);
        out[SUM] += v;
    }
    out[VARIANCE] = n > 1 ? m2 / (double)(n - 1) : 0;
    out[STDEV] = sqrt(out[VARIANCE]);
    out[LEN] = (double)n;
    return n;
}

/* All of them null where an element isn't finite, unless those are to be left out. */
static bool stats(st_run *r, const st_expr *x, const st_val *a, st_val *out)
{
    double v[STATS];
    series s = open_series(r, a[0]);
    bool skip = x->nargs > 1 && a[1].tag == ST_VAL_BOOL && a[1].u.b;
    size_t n = s.ok ? statistics(&s, v) : 0;
    bool ok = n && (skip || !s.missing);
    for (size_t i = 0; i < STATS; i++)
        out[i] = !ok                                      ? st_val_null()
                 : i == MIN_AT || i == MAX_AT || i == LEN ? st_val_long((int64_t)v[i])
                                                          : st_val_real(v[i]);
    close_series(r, &s, st_val_null());
    return ok;
}

static st_val f_stats(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v[STATS];
    stats(r, x, a, v);
    return values(r, v, SUM);
}

static st_val f_stats_dynamic(st_run *r, const st_expr *x, const st_val *a)
{
    static const char *const names[] = { "min",   "min_idx",  "max", "max_idx", "avg",
                                         "stdev", "variance", "sum", "len" };
    st_val v[STATS];
    return stats(r, x, a, v) ? named(r, names, v, STATS) : st_val_null();
}

/* lines */

typedef struct line {
    double rsquare, slope, variance, rvariance, intercept, residual, total;
} line;

/* Sums of the elements before i: of y, y*y and i*y. */
typedef struct sums {
    double *y, *yy, *iy, shift;
} sums;

static sums sums_of(series *s)
{
    double v[STATS];
    sums out = { room(s, s->n + 1), room(s, s->n + 1), room(s, s->n + 1), 0 };
    statistics(s, v);
    out.shift = v[AVG];
    for (size_t i = 0; s->ok && i < s->n; i++) {
        double y = s->v[i] - out.shift;
        out.y[i + 1] = out.y[i] + y;
        out.yy[i + 1] = out.yy[i] + y * y;
        out.iy[i + 1] = out.iy[i] + (double)i * y;
    }
    return out;
}

/* Least squares over the elements from .. to - 1, the first of them at 1. */
static line fit(const sums *s, size_t from, size_t to)
{
    double n = (double)(to - from), y = s->y[to] - s->y[from], yy = s->yy[to] - s->yy[from],
           iy = s->iy[to] - s->iy[from] - (double)from * y, x = n * (n - 1) / 2,
           sxx = n * (n * n - 1) / 12, sxy = iy - x * y / n;
    line l = { .total = fmax(yy - y * y / n, 0) };
    l.slope = sxx > 0 ? sxy / sxx : 0;
    l.intercept = (y - l.slope * (x + n)) / n + s->shift;
    l.residual = fmin(fmax(l.total - l.slope * sxy, 0), l.total);
    l.rsquare = l.total > 0 ? 1 - l.residual / l.total : 0;
    l.variance = n > 1 ? l.total / (n - 1) : 0;
    l.rvariance = n > 1 ? l.residual / (n - 1) : 0;
    return l;
}

static void draw(double *to, const line *l, size_t n)
{
    for (size_t i = 0; to && i < n; i++)
        to[i] = l->intercept + l->slope * (double)(i + 1);
}

enum { LINE = 6, LINES = 15 };

static bool fit_line(st_run *r, st_val a, st_val *out)
{
    series s = open_series(r, a);
    bool ok = s.ok && s.n && !s.missing;
    for (size_t i = 0; i < LINE; i++)
        out[i] = st_val_null();
    if (ok) {
        sums u = sums_of(&s);
        double *drawn = room(&s, s.n);
        ok = s.ok;
        line l = ok ? fit(&u, 0, s.n) : (line){ 0 };
        const double v[] = { l.rsquare, l.slope, l.variance, l.rvariance, l.intercept };
        draw(drawn, &l, s.n);
        for (size_t i = 0; ok && i + 1 < LINE; i++)
            out[i] = st_val_real(v[i]);
        out[LINE - 1] = ok ? reals(r, drawn, s.n) : st_val_null();
    }
    close_series(r, &s, st_val_null());
    return ok;
}

static st_val f_fit_line(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v[LINE];
    (void)x;
    fit_line(r, a[0], v);
    return values(r, v, LINE);
}

static st_val f_fit_line_dynamic(st_run *r, const st_expr *x, const st_val *a)
{
    static const char *const names[] = { "rsquare",   "slope",        "variance",
                                         "rvariance", "interception", "line_fit" };
    st_val v[LINE];
    (void)x;
    return fit_line(r, a[0], v) ? named(r, names, v, LINE) : st_val_null();
}

/* Where the right line begins, so that what both leave is least; two elements to each. */
static size_t best_split(const sums *u, size_t n)
{
    size_t best = n / 2;
    double least = INFINITY;
    for (size_t k = 2; k + 2 <= n; k++) {
        double left = fit(u, 0, k).residual + fit(u, k, n).residual;
        if (left < least) {
            least = left;
            best = k;
        }
    }
    return best;
}

static bool fit_2lines(st_run *r, st_val a, st_val *out)
{
    series s = open_series(r, a);
    bool ok = s.ok && s.n > 1 && !s.missing;
    for (size_t i = 0; i < LINES; i++)
        out[i] = st_val_null();
    if (ok) {
        sums u = sums_of(&s);
        double *drawn = room(&s, s.n);
        ok = s.ok;
        size_t k = ok ? best_split(&u, s.n) : 0;
        line all = ok ? fit(&u, 0, s.n) : (line){ 0 }, left = ok ? fit(&u, 0, k) : all,
             right = ok ? fit(&u, k, s.n) : all;
        double rest = left.residual + right.residual;
        const double v[LINES] = {
            all.total > 0 ? 1 - rest / all.total : 0,
            (double)k,
            all.variance,
            rest / (double)(s.n - 1),
            0,
            right.rsquare,
            right.slope,
            right.intercept,
            right.variance,
            right.rvariance,
            left.rsquare,
            left.slope,
            left.intercept,
            left.variance,
            left.rvariance,
        };
        draw(drawn, &left, k);
        draw(drawn ? drawn + k : NULL, &right, s.n - k);
        for (size_t i = 0; ok && i < LINES; i++)
            out[i] = st_val_real(v[i]);
        out[1] = st_val_long((int64_t)k);
        out[4] = ok ? reals(r, drawn, s.n) : st_val_null();
    }
    close_series(r, &s, st_val_null());
    return ok;
}

static st_val f_fit_2lines(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v[LINES];
    (void)x;
    fit_2lines(r, a[0], v);
    return values(r, v, LINES);
}

static st_val f_fit_2lines_dynamic(st_run *r, const st_expr *x, const st_val *a)
{
    static const char *const names[] = { "rsquare",  "split_idx", "variance", "rvariance",
                                         "line_fit", "right",     "left" };
    static const char *const side[] = { "rsquare", "slope", "interception", "variance",
                                        "rvariance" };
    st_val v[LINES];
    (void)x;
    if (!fit_2lines(r, a[0], v))
        return st_val_null();
    st_val out[] = {
        v[0], v[1], v[2], v[3], v[4], named(r, side, v + 5, 5), named(r, side, v + 10, 5)
    };
    return named(r, names, out, 7);
}

/* missing values */

/* Is v what stands for a missing value: null, or the placeholder? */
static bool is_missing(st_run *r, st_val v, const st_val *placeholder)
{
    double p, q;
    if (!placeholder || placeholder->tag == ST_VAL_NULL)
        return v.tag == ST_VAL_NULL;
    return both(v, *placeholder, &p, &q) ? p == q : st_val_same(&r->mem, v, *placeholder);
}

static st_array *copy_of(st_run *r, st_val a)
{
    st_array *out = a.tag == ST_VAL_ARRAY ? st_array_new(&r->mem, a.u.a->n) : NULL;
    if (out && out->n)
        memcpy(out->v, a.u.a->v, out->n * sizeof *out->v);
    return out;
}

/* The last value that was there, from the front or from the back. */
static st_val carry(st_run *r, const st_expr *x, const st_val *a, bool back)
{
    st_array *out = copy_of(r, a[0]);
    const st_val *mark = x->nargs > 1 ? &a[1] : NULL, *last = NULL;
    for (size_t i = 0; out && i < out->n; i++) {
        st_val *v = &out->v[back ? out->n - 1 - i : i];
        if (!is_missing(r, *v, mark))
            last = v;
        else if (last)
            *v = *last;
    }
    return st_val_array(out);
}
static st_val f_fill_forward(st_run *r, const st_expr *x, const st_val *a)
{
    return carry(r, x, a, false);
}
static st_val f_fill_backward(st_run *r, const st_expr *x, const st_val *a)
{
    return carry(r, x, a, true);
}

static st_val f_fill_const(st_run *r, const st_expr *x, const st_val *a)
{
    st_array *out = copy_of(r, a[0]);
    for (size_t i = 0; out && i < out->n; i++)
        if (is_missing(r, out->v[i], x->nargs > 2 ? &a[2] : NULL))
            out->v[i] = a[1];
    return st_val_array(out);
}

/* Fills from .. to - 1 between two values; whole numbers stay whole. */
static void bridge(st_array *a, size_t from, size_t to, bool whole)
{
    double p, q, n = (double)(to - from + 1);
    if (!both(a->v[from - 1], a->v[to], &p, &q))
        return;
    for (size_t i = from; i < to; i++) {
        double v = p + (q - p) * (double)(i - from + 1) / n;
        a->v[i] = whole ? st_val_long((int64_t)v) : st_val_real(v);
    }
}

static st_val f_fill_linear(st_run *r, const st_expr *x, const st_val *a)
{
    st_array *out = copy_of(r, a[0]);
    const st_val *mark = x->nargs > 1 ? &a[1] : NULL;
    bool edges = x->nargs < 3 || a[2].tag != ST_VAL_BOOL || a[2].u.b, whole = true;
    size_t last = SIZE_MAX;
    for (size_t i = 0; out && i < out->n; i++)
        whole = whole && (out->v[i].tag == ST_VAL_LONG || is_missing(r, out->v[i], mark));
    for (size_t i = 0; out && i < out->n; i++) {
        if (is_missing(r, out->v[i], mark))
            continue;
        if (last == SIZE_MAX)
            for (size_t k = 0; edges && k < i; k++)
                out->v[k] = out->v[i];
        else
            bridge(out, last + 1, i, whole);
        last = i;
    }
    for (size_t k = last + 1; out && edges && last != SIZE_MAX && k < out->n; k++)
        out->v[k] = out->v[last];
    for (size_t k = 0; out && last == SIZE_MAX && k < out->n; k++)
        out->v[k] = x->nargs > 3 ? a[3] : st_val_real(0);
    return st_val_array(out);
}

/* filters */

/* Each element is the weighted sum of itself and those before it (or, centred, around it). */
static st_val f_fir(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]), f = open_series(r, a[1]);
    double *out = room(&s, s.n), sum = 0;
    bool normal = x->nargs < 3 || a[2].tag != ST_VAL_BOOL || a[2].u.b,
         centred = x->nargs > 3 && a[3].tag == ST_VAL_BOOL && a[3].u.b;
    if (f.n > ST_MAX_FILTER) {
        r->limit = "a filter is longer than the limit";
        s.ok = false;
    }
    for (size_t k = 0; f.ok && k < f.n; k++)
        sum += f.v[k];
    double by = normal && sum != 0 ? 1 / sum : 1;
    size_t ahead = centred ? f.n / 2 : 0;
    s.ok = s.ok && f.ok;
    for (size_t i = 0; s.ok && i < s.n; i++) {
        for (size_t k = 0; k < f.n && k <= i + ahead; k++)
            if (i + ahead - k < s.n)
                out[i] += s.v[i + ahead - k] * f.v[k] * by;
        s.ok = i % 4096 || st_run_going(r);
    }
    st_val v = s.ok ? reals(r, out, s.n) : st_val_null();
    close_series(r, &f, st_val_null());
    return close_series(r, &s, v);
}

/* periods */

/* In place, n a power of two: the discrete Fourier transform (Cooley and Tukey). */
static void transform(double *re, double *im, size_t n)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double t = re[i];
            re[i] = re[j];
            re[j] = t;
            t = im[i];
            im[i] = im[j];
            im[j] = t;
        }
    }
    for (size_t len = 2; len <= n; len <<= 1)
        for (size_t k = 0; k < len / 2; k++) {
            double angle = -2 * M_PI * (double)k / (double)len, c = cos(angle), d = sin(angle);
            for (size_t i = k; i < n; i += len) {
                size_t j = i + len / 2;
                double p = re[j] * c - im[j] * d, q = re[j] * d + im[j] * c;
                re[j] = re[i] - p;
                im[j] = im[i] - q;
                re[i] += p;
                im[i] += q;
            }
        }
}

/* How alike the series is to itself k elements later, -1 to 1, for each k; a trend is taken out.
 * NULL: nothing varies. */
static double *likeness(series *s)
{
    size_t m = 1;
    while (m < 2 * s->n)
        m <<= 1;
    double *re = room(s, m), *im = room(s, m);
    sums u = sums_of(s);
    if (!s->ok || s->n < 2)
        return NULL;
    line l = fit(&u, 0, s->n);
    for (size_t i = 0; i < s->n; i++)
        re[i] = s->v[i] - l.intercept - l.slope * (double)(i + 1);
    transform(re, im, m);
    for (size_t i = 0; i < m; i++) {
        re[i] = re[i] * re[i] + im[i] * im[i];
        im[i] = 0;
    }
    transform(re, im, m);
    if (!(re[0] > 1e-9 * (double)m * (1 + l.total)))
        return NULL;
    double whole = re[0] / (double)s->n;
    for (size_t k = 0; k < s->n; k++)
        re[k] /= whole * (double)(s->n - k);
    return re;
}

/* Does k repeat at all: four elements or more, twice, and better than those beside it? */
static bool is_peak(const double *like, size_t n, size_t k)
{
    return like[k] >= like[k - 1] && (k + 1 == n || like[k] >= like[k + 1]);
}

/* The best period; of those about as good the shortest, as twice a period is one, too. 0: none. */
static size_t best_period(const double *like, size_t n, double low, double high, double *score)
{
    double most = 0;
    *score = 0;
    for (size_t k = 4; like && k + k <= n; k++)
        if ((double)k >= low && (double)k <= high && is_peak(like, n, k))
            most = fmax(most, like[k]);
    for (size_t k = 4; like && most > 0 && k + k <= n; k++)
        if ((double)k >= low && (double)k <= high && is_peak(like, n, k) && like[k] >= 0.9 * most) {
            *score = fmin(like[k], 1);
            return k;
        }
    return 0;
}

/* seasons */

static int by_size(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static double middle(double *v, size_t n)
{
    if (!n)
        return 0;
    qsort(v, n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Of each element its phase's median among the first `learn` ones; zeros without a period. */
static double *seasonal_part(series *s, size_t period, size_t learn)
{
    double *out = room(s, s->n), *phase = room(s, s->n);
    for (size_t p = 0; s->ok && p < period && p < s->n; p++) {
        size_t n = 0;
        for (size_t i = p; i < learn; i += period)
            if (isfinite(s->v[i]))
                phase[n++] = s->v[i];
        double m = middle(phase, n);
        for (size_t i = p; i < s->n; i += period)
            out[i] = m;
    }
    return out;
}

/* Scores below this are noise. */
#define LEAST_SCORE 0.25

/* Periods and scores, the best first; each is taken out of the series before the next is sought. */
static st_val f_periods_detect(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    double low = 0, high = 0, v[STATS], all = 0;
    bool ok = s.ok && !s.missing && st_val_number(a[1], &low) && st_val_number(a[2], &high) &&
              a[3].tag == ST_VAL_LONG && a[3].u.i > 0 && a[3].u.i <= ST_MAX_SERIES_PERIODS;
    size_t n = ok ? (size_t)a[3].u.i : 0;
    st_array *periods = st_array_new(&r->mem, n), *scores = st_array_new(&r->mem, n);
    (void)x;
    for (size_t i = 0; periods && scores && i < n && st_run_going(r); i++) {
        double score = 0;
        statistics(&s, v);
        all = i ? all : v[VARIANCE];
        size_t p = s.ok && all > 0 ? best_period(likeness(&s), s.n, low, high, &score) : 0;
        score *= all > 0 ? v[VARIANCE] / all : 0;
        p = score < LEAST_SCORE ? 0 : p;
        periods->v[i] = st_val_real((double)p);
        scores->v[i] = st_val_real(p ? score : 0);
        const double *season = p ? seasonal_part(&s, p, s.n) : NULL;
        for (size_t k = 0; season && s.ok && k < s.n; k++)
            s.v[k] -= season[k];
    }
    st_val out[] = { st_val_array(periods), st_val_array(scores) };
    return close_series(r, &s, ok ? values(r, out, 2) : st_val_null());
}

static st_val f_periods_validate(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    size_t n = x->nargs - 1;
    st_array *periods = st_array_new(&r->mem, n), *scores = st_array_new(&r->mem, n);
    const double *like = s.ok && !s.missing ? likeness(&s) : NULL;
    for (size_t i = 0; periods && scores && i < n; i++) {
        double p = 0;
        bool ok = st_val_number(a[i + 1], &p) && p >= 4 && 2 * p <= (double)s.n && like;
        periods->v[i] = st_val_real(p);
        scores->v[i] = st_val_real(ok ? fmin(fmax(like[(size_t)llround(p)], 0), 1) : 0);
    }
    st_val v[] = { st_val_array(periods), st_val_array(scores) };
    return close_series(r, &s, values(r, v, 2));
}

/* decomposition */

/* The period that is asked for: a number, none (0), or (-1) the one that is found. */
static size_t period_of(series *s, int64_t asked, double threshold)
{
    double score;
    if (asked >= 0)
        return asked <= (int64_t)s->n ? (size_t)asked : 0;
    size_t p = s->missing ? 0 : best_period(likeness(s), s->n, 0, INFINITY, &score);
    return p && score >= threshold ? p : 0;
}

typedef struct parts {
    double *baseline, *seasonal, *trend, *residual;
} parts;

typedef struct plan {
    int64_t period;
    st_str trend;
    size_t test; /* elements at the end that aren't learned from */
    double threshold;
} plan;

static void put_trend(const series *s, const plan *p, parts *out)
{
    size_t learn = s->n - p->test;
    series rest = { .v = out->residual, .n = learn, .ok = true };
    for (size_t i = 0; i < s->n; i++)
        out->residual[i] = s->v[i] - out->seasonal[i];
    if (st_str_eq(p->trend, ST_STR("linefit")) && learn) {
        sums u = sums_of(&rest);
        line l = rest.ok ? fit(&u, 0, learn) : (line){ 0 };
        draw(out->trend, &l, s->n);
    } else if (!st_str_eq(p->trend, ST_STR("none"))) {
        double v[STATS];
        statistics(&rest, v);
        for (size_t i = 0; i < s->n; i++)
            out->trend[i] = v[AVG];
    }
    st_arena_free(&rest.arena);
}

static parts decompose(series *s, const plan *p)
{
    parts out = { room(s, s->n), NULL, room(s, s->n), room(s, s->n) };
    if (!s->ok)
        return out;
    out.seasonal = seasonal_part(s, period_of(s, p->period, p->threshold), s->n - p->test);
    if (!s->ok)
        return out;
    put_trend(s, p, &out);
    for (size_t i = 0; i < s->n; i++) {
        out.baseline[i] = out.seasonal[i] + out.trend[i];
        out.residual[i] = s->v[i] - out.baseline[i];
    }
    return out;
}

/* Arguments period, trend, test points from i on, and a threshold at j. */
static plan plan_of(const st_run *r, const st_expr *x, const st_val *a, size_t i, size_t j,
                    size_t n)
{
    plan p = { -1, ST_STR("avg"), 0, 0.6 };
    if (x->nargs > i && a[i].tag == ST_VAL_LONG)
        p.period = a[i].u.i;
    if (x->nargs > i + 1 && a[i + 1].tag == ST_VAL_STRING)
        p.trend = st_val_text(r, a[i + 1]);
    if (x->nargs > i + 2 && a[i + 2].tag == ST_VAL_LONG && a[i + 2].u.i > 0)
        p.test = a[i + 2].u.i < (int64_t)n ? (size_t)a[i + 2].u.i : n;
    if (x->nargs > j)
        st_val_number(a[j], &p.threshold);
    return p;
}

static st_val f_decompose(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    plan p = plan_of(r, x, a, 1, 4, s.n);
    parts d = decompose(&s, &p);
    st_val v[] = { reals(r, d.baseline, s.n), reals(r, d.seasonal, s.n), reals(r, d.trend, s.n),
                   reals(r, d.residual, s.n) };
    return close_series(r, &s, values(r, v, 4));
}

static st_val f_seasonal(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    plan p = { x->nargs > 1 && a[1].tag == ST_VAL_LONG ? a[1].u.i : -1, ST_STR("none"), 0, 0.7 };
    if (x->nargs > 2 && a[2].tag == ST_VAL_LONG && a[2].u.i > 0)
        p.test = a[2].u.i < (int64_t)s.n ? (size_t)a[2].u.i : s.n;
    double *v = seasonal_part(&s, s.ok ? period_of(&s, p.period, p.threshold) : 0, s.n - p.test);
    return close_series(r, &s, s.ok ? reals(r, v, s.n) : st_val_null());
}

/* outliers */

/* Between the two nearest of n sorted values. */
static double quantile(const double *v, size_t n, double percent)
{
    double at = percent / 100 * (double)(n - 1), low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < n ? v[i] + (v[i + 1] - v[i]) * (at - low) : v[n - 1];
}

/* How far each value is outside the quantiles, in their distance; what is missing scores 0. */
static double *fences(series *s, const double *v, double low, double high)
{
    double *out = room(s, s->n), *sorted = room(s, s->n), st[STATS];
    size_t n = 0;
    for (size_t i = 0; s->ok && i < s->n; i++)
        if (isfinite(v[i]))
            sorted[n++] = v[i];
    if (!s->ok || !n)
        return out;
    series all = { .v = sorted, .n = n };
    statistics(&all, st);
    qsort(sorted, n, sizeof *sorted, by_size);
    double p = quantile(sorted, n, low), q = quantile(sorted, n, high);
    double by = q > p ? q - p : st[STDEV];
    for (size_t i = 0; by > 0 && i < s->n; i++)
        out[i] = v[i] > q ? (v[i] - q) / by : v[i] < p ? (v[i] - p) / by : 0;
    return out;
}

static bool is_tukey(const st_run *r, const st_expr *x, const st_val *a, size_t i)
{
    return x->nargs > i && st_str_eq(st_val_text(r, a[i]), ST_STR("tukey"));
}

static st_val f_outliers(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    bool tukey = is_tukey(r, x, a, 1);
    double low = tukey ? 25 : 10, high = tukey ? 75 : 90, ignored = NAN;
    if (x->nargs > 2)
        st_val_number(a[2], &ignored);
    if (x->nargs > 3 && !tukey)
        st_val_number(a[3], &low);
    if (x->nargs > 4 && !tukey)
        st_val_number(a[4], &high);
    s.ok = s.ok && low >= 2 && high <= 98 && low < high;
    for (size_t i = 0; s.ok && i < s.n; i++)
        if (s.v[i] == ignored)
            s.v[i] = NAN;
    const double *v = fences(&s, s.v, low, high);
    return close_series(r, &s, s.ok ? reals(r, v, s.n) : st_val_null());
}

/* series, threshold, period, trend, test points, method, threshold of the period */
static st_val f_anomalies(st_run *r, const st_expr *x, const st_val *a)
{
    series s = open_series(r, a[0]);
    plan p = plan_of(r, x, a, 2, 6, s.n);
    double limit = 1.5;
    bool tukey = is_tukey(r, x, a, 5);
    if (x->nargs > 1)
        st_val_number(a[1], &limit);
    parts d = decompose(&s, &p);
    const double *score = s.ok ? fences(&s, d.residual, tukey ? 25 : 10, tukey ? 75 : 90) : NULL;
    st_array *flags = s.ok ? st_array_new(&r->mem, s.n) : NULL;
    for (size_t i = 0; flags && i < s.n; i++)
        flags->v[i] = st_val_long((score[i] > limit) - (score[i] < -limit));
    st_val v[] = { st_val_array(flags), reals(r, score, s.n), reals(r, d.baseline, s.n) };
    return close_series(r, &s, values(r, v, 3));
}

/* the table */

#define STATS_OF "(min:real,min_idx:long,max:real,max_idx:long,avg:real,stdev:real,variance:real)"
#define LINE_OF \
    "(rsquare:real,slope:real,variance:real,rvariance:real,interception:real,line_fit:dynamic)"
#define LINES_OF                                                                       \
    "(rsquare:real,split_idx:long,variance:real,rvariance:real,line_fit:dynamic,"      \
    "right_rsquare:real,right_slope:real,right_interception:real,right_variance:real," \
    "right_rvariance:real,left_rsquare:real,left_slope:real,left_interception:real,"   \
    "left_variance:real,left_rvariance:real)"
#define PERIODS "|by autocorrelation, a trend taken out; Kusto's scores differ"
#define SCORES                                                                                  \
    "|in distances of the quantiles (of the standard deviation where they are equal); Kusto's " \
    "scores differ"

const st_fn st_functions_series[] = {
    { "series_abs", "y", 1, "dynamic", NONE, f_abs, "each absolute value" },
    { "series_acos", "y", 1, "dynamic", NONE, f_acos, "each angle of a cosine" },
    { "series_add", "**", 2, "dynamic", NONE, f_add, "sums of two series" },
    { "series_asin", "y", 1, "dynamic", NONE, f_asin, "each angle of a sine" },
    { "series_atan", "y", 1, "dynamic", NONE, f_atan, "each angle of a tangent" },
    { "series_ceiling", "y", 1, "dynamic", NONE, f_ceiling, "each rounded up" },
    { "series_cos", "y", 1, "dynamic", NONE, f_cos, "each cosine" },
    { "series_cosine_similarity", "yy", 2, "real", NONE, f_cosine,
      "the cosine between two series" },
    { "series_decompose", "yisin", 1,
      "(baseline:dynamic,seasonal:dynamic,trend:dynamic,residual:dynamic)", NONE, f_decompose,
      "season, trend and what they leave" PERIODS },
    { "series_decompose_anomalies", "ynisisn", 1,
      "(ad_flag:dynamic,ad_score:dynamic,baseline:dynamic)", NONE, f_anomalies,
      "outliers of what season and trend leave" SCORES },
    { "series_divide", "**", 2, "dynamic", NONE, f_divide, "quotients of two series" },
    { "series_dot_product", "yy", 2, "real", NONE, f_dot, "the sum of the products" },
    { "series_equals", "**", 2, "dynamic", NONE, f_equals, "where two series are equal" },
    { "series_exp", "y", 1, "dynamic", NONE, f_exp, "e to each power" },
    { "series_fill_backward", "y*", 1, "dynamic", FIRST, f_fill_backward,
      "missing values by the next one" },
    { "series_fill_const", "y**", 2, "dynamic", FIRST, f_fill_const, "missing values by another" },
    { "series_fill_forward", "y*", 1, "dynamic", FIRST, f_fill_forward,
      "missing values by the last one" },
    { "series_fill_linear", "y***", 1, "dynamic", FIRST, f_fill_linear,
      "missing values on a line between their neighbours" },
    { "series_fir", "yybb", 2, "dynamic", FIRST, f_fir, "weighted sums of neighbours" },
    { "series_fit_2lines", "y", 1, LINES_OF, NONE, f_fit_2lines,
      "the two lines that fit best, one behind the other" },
    { "series_fit_2lines_dynamic", "y", 1, "dynamic", NONE, f_fit_2lines_dynamic,
      "the two lines that fit best, as a bag" },
    { "series_fit_line", "y", 1, LINE_OF, NONE, f_fit_line, "the line that fits best" },
    { "series_fit_line_dynamic", "y", 1, "dynamic", NONE, f_fit_line_dynamic,
      "the line that fits best, as a bag" },
    { "series_floor", "y", 1, "dynamic", NONE, f_floor, "each rounded down" },
    { "series_greater", "**", 2, "dynamic", NONE, f_greater, "where a series is greater" },
    { "series_greater_equals", "**", 2, "dynamic", NONE, f_greater_equals,
      "where a series is greater or equal" },
    { "series_less", "**", 2, "dynamic", NONE, f_less, "where a series is less" },
    { "series_less_equals", "**", 2, "dynamic", NONE, f_less_equals,
      "where a series is less or equal" },
    { "series_log", "y", 1, "dynamic", NONE, f_log, "each natural logarithm" },
    { "series_magnitude", "y", 1, "real", NONE, f_magnitude, "the root of the sum of the squares" },
    { "series_multiply", "**", 2, "dynamic", NONE, f_multiply, "products of two series" },
    { "series_not_equals", "**", 2, "dynamic", NONE, f_not_equals, "where two series differ" },
    { "series_outliers", "ysnnn", 1, "dynamic", FIRST, f_outliers,
      "how far each value lies outside" SCORES },
    { "series_pearson_correlation", "yy", 2, "real", NONE, f_pearson, "Pearson's correlation" },
    { "series_periods_detect", "ynni", 4, "(periods:dynamic,scores:dynamic)", NONE,
      f_periods_detect, "periods that a series repeats in" PERIODS },
    { "series_periods_validate", "yn+", 2, "(periods:dynamic,scores:dynamic)", NONE,
      f_periods_validate, "whether a series repeats in periods" PERIODS },
    { "series_pow", "**", 2, "dynamic", NONE, f_pow, "powers of two series" },
    { "series_product", "y", 1, "real", NONE, f_product, "the product of a series" },
    { "series_seasonal", "yii", 1, "dynamic", NONE, f_seasonal,
      "the median of each place in a period" PERIODS },
    { "series_sign", "y", 1, "dynamic", NONE, f_sign, "each sign" },
    { "series_sin", "y", 1, "dynamic", NONE, f_sin, "each sine" },
    { "series_stats", "yb", 1, STATS_OF, NONE, f_stats, "statistics of a series" },
    { "series_stats_dynamic", "yb", 1, "dynamic", NONE, f_stats_dynamic,
      "statistics of a series, as a bag" },
    { "series_subtract", "**", 2, "dynamic", NONE, f_subtract, "differences of two series" },
    { "series_sum", "y", 1, "real", NONE, f_sum, "the sum of a series" },
    { "series_tan", "y", 1, "dynamic", NONE, f_tan, "each tangent" },
    { 0 },
};
