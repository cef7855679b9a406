/* fn_more.c - code of further functions: numbers, digests, command lines, arrays. */
#include "rules/kql/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static st_str text(const st_krun *r, st_kv v)
{
    return st_pool_get(r->mem.pool,
                       v.tag == ST_KV_STRING || v.tag == ST_KV_GUID ? v.u.s : ST_EMPTY);
}

/* ---- numbers ------------------------------------------------------------------------------- */

#define REAL1(name, condition, expr)                                                               \
    st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                         \
    {                                                                                              \
        double d;                                                                                  \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        return st_kv_number(a[0], &d) && (condition) ? st_kv_real(expr) : st_kv_null();            \
    }
REAL1(st_kf_sqrt, d >= 0, sqrt(d))
REAL1(st_kf_exp, true, exp(d))
REAL1(st_kf_log, d > 0, log(d))
REAL1(st_kf_log2, d > 0, log2(d))
REAL1(st_kf_log10, d > 0, log10(d))
REAL1(st_kf_sign, true, (double)((d > 0) - (d < 0)))

st_kv st_kf_pow(st_krun *r, const st_kx *x, const st_kv *a)
{
    double d, e;
    (void)r;
    (void)x;
    return st_kv_number(a[0], &d) && st_kv_number(a[1], &e) ? st_kv_real(pow(d, e)) : st_kv_null();
}

st_kv st_kf_ceiling(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_REAL ? st_kv_real(ceil(a[0].u.d)) : a[0];
}

#define BINARY(name, expr)                                                                         \
    st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                         \
    {                                                                                              \
        (void)r;                                                                                   \
        for (size_t i = 0; i < x->nargs; i++)                                                      \
            if (a[i].tag != ST_KV_LONG)                                                            \
                return st_kv_null();                                                               \
        uint64_t p = (uint64_t)a[0].u.i, q = x->nargs > 1 ? (uint64_t)a[1].u.i : 0;                \
        (void)q;                                                                                   \
        return st_kv_long((int64_t)(expr));                                                        \
    }
BINARY(st_kf_binary_and, p &q)
BINARY(st_kf_binary_or, p | q)
BINARY(st_kf_binary_xor, p ^ q)
BINARY(st_kf_binary_not, ~p)
BINARY(st_kf_shift_left, p << (q & 63))
BINARY(st_kf_shift_right, (uint64_t)((int64_t)p >> (q & 63)))

/* ---- digests -------------------------------------------------------------------------------- */

static st_kv hex(st_krun *r, const unsigned char *p, size_t n)
{
    st_buf_clear(&r->mem.buf);
    st_buf_hex(&r->mem.buf, p, n, false);
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_kv st_kf_sha256(st_krun *r, const st_kx *x, const st_kv *a)
{
    unsigned char d[32];
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[0]->type, a[0]));
    st_sha256(s.p, s.n, d);
    return hex(r, d, sizeof d);
}

st_kv st_kf_sha1(st_krun *r, const st_kx *x, const st_kv *a)
{
    unsigned char d[20];
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[0]->type, a[0]));
    st_sha1(s.p, s.n, d);
    return hex(r, d, sizeof d);
}

st_kv st_kf_md5(st_krun *r, const st_kx *x, const st_kv *a)
{
    unsigned char d[16];
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[0]->type, a[0]));
    st_md5(s.p, s.n, d);
    return hex(r, d, sizeof d);
}

/* XXH64 of the value's text; with a second argument, the remainder by it. */
st_kv st_kf_hash(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, st_kv_tostring(&r->mem, x->args[0]->type, a[0]));
    uint64_t h = st_xxh64(s.p, s.n);
    if (x->nargs < 2)
        return st_kv_long((int64_t)h);
    return a[1].tag == ST_KV_LONG && a[1].u.i > 0 ? st_kv_long((int64_t)(h % (uint64_t)a[1].u.i))
                                                  : st_kv_null();
}

/* ---- command lines ------------------------------------------------------------------------------
 */

typedef struct words {
    st_kv v[256];
    size_t n;
} words;

/* Backslashes before a quote: pairs of them are one each, an odd one makes the quote plain. */
static size_t backslashes(st_buf *b, st_str s, size_t i, bool *quoted)
{
    size_t n = 0;
    while (i + n < s.n && s.p[i + n] == '\\')
        n++;
    bool quote = i + n < s.n && s.p[i + n] == '"';
    for (size_t k = 0; k < (quote ? n / 2 : n); k++)
        st_buf_char(b, '\\');
    if (!quote)
        return i + n;
    if (n % 2)
        st_buf_char(b, '"');
    else
        *quoted = !*quoted;
    return i + n + 1;
}

st_kv st_kf_parse_command_line(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    words *w = ST_NEW(&r->arena, words);
    (void)x;
    if (!w || !st_str_ieq(text(r, a[1]), ST_STR("windows")) || !s.n)
        return st_kv_null();
    for (size_t i = 0; w->n < 256;) {
        while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
            i++;
        if (i >= s.n)
            break;
        bool quoted = false;
        st_buf_clear(&r->mem.buf);
        while (i < s.n && (quoted || (s.p[i] != ' ' && s.p[i] != '\t'))) {
            if (w->n == 0 && s.p[i] == '"') { /* the program's name knows no escapes */
                quoted = !quoted;
                i++;
            } else if (quoted && i + 1 < s.n && s.p[i] == '"' && s.p[i + 1] == '"') {
                st_buf_char(&r->mem.buf, '"');
                i += 2;
            } else if (w->n && (s.p[i] == '\\' || s.p[i] == '"')) {
                i = backslashes(&r->mem.buf, s, i, &quoted);
            } else {
                st_buf_char(&r->mem.buf, s.p[i++]);
            }
        }
        w->v[w->n++] = st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
    }
    st_karray *out = st_karray_new(&r->mem, w->n);
    if (out)
        memcpy(out->v, w->v, w->n * sizeof *w->v);
    return st_kv_array(out);
}

/* ---- arrays
 * ----------------------------------------------------------------------------------------- */

static int kind(st_kv v)
{
    return v.tag == ST_KV_LONG || v.tag == ST_KV_REAL ? 0
           : v.tag == ST_KV_STRING                    ? 1
           : v.tag == ST_KV_NULL                      ? 3
                                                      : 2;
}

static int ascending(const void *pa, const void *pb, void *ctx)
{
    const st_kv *a = pa, *b = pb;
    return kind(*a) != kind(*b) ? kind(*a) - kind(*b) : st_kv_cmp(ctx, *a, *b);
}

static int descending(const void *pa, const void *pb, void *ctx)
{
    const st_kv *a = pa, *b = pb;
    if (kind(*a) == 3 || kind(*b) == 3)
        return kind(*a) - kind(*b);
    return ascending(pb, pa, ctx);
}

static st_kv sorted(st_krun *r, st_kv a, int (*order)(const void *, const void *, void *))
{
    st_karray *out = a.tag == ST_KV_ARRAY ? st_karray_new(&r->mem, a.u.a->n) : NULL;
    if (out && out->n) {
        memcpy(out->v, a.u.a->v, out->n * sizeof *out->v);
        qsort_r(out->v, out->n, sizeof *out->v, order, &r->mem);
    }
    return st_kv_array(out);
}
st_kv st_kf_sort_asc(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return sorted(r, a[0], ascending);
}
st_kv st_kf_sort_desc(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return sorted(r, a[0], descending);
}

st_kv st_kf_array_reverse(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_karray *out = a[0].tag == ST_KV_ARRAY ? st_karray_new(&r->mem, a[0].u.a->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = a[0].u.a->v[out->n - 1 - i];
    return st_kv_array(out);
}

st_kv st_kf_array_index_of(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    for (size_t i = 0; a[0].tag == ST_KV_ARRAY && i < a[0].u.a->n; i++)
        if (st_kv_same(&r->mem, a[0].u.a->v[i], a[1]))
            return st_kv_long((int64_t)i);
    return a[0].tag == ST_KV_ARRAY ? st_kv_long(-1) : st_kv_null();
}

st_kv st_kf_array_sum(st_krun *r, const st_kx *x, const st_kv *a)
{
    double sum = 0, d;
    (void)r;
    (void)x;
    if (a[0].tag != ST_KV_ARRAY)
        return st_kv_null();
    for (size_t i = 0; i < a[0].u.a->n; i++) {
        if (!st_kv_number(a[0].u.a->v[i], &d))
            return st_kv_null();
        sum += d;
    }
    return st_kv_real(sum);
}

st_kv st_kf_bag_merge(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0, used = 0;
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_KV_BAG ? a[i].u.g->n : 0;
    st_kbag *out = st_kbag_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        for (size_t k = 0; a[i].tag == ST_KV_BAG && k < a[i].u.g->n; k++) {
            size_t at = 0;
            while (at < used && out->keys[at] != a[i].u.g->keys[k])
                at++;
            if (at < used)
                continue;
            out->keys[used] = a[i].u.g->keys[k];
            out->v[used++] = a[i].u.g->v[k];
        }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

st_kv st_kf_bag_has_key(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_BAG && a[1].tag == ST_KV_STRING
               ? st_kv_bool(st_kbag_get(a[0].u.g, a[1].u.s) != NULL)
               : st_kv_null();
}

/* The index of the first needle that the text has, or -1. */
st_kv st_kf_has_any_index(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    size_t n = a[1].tag == ST_KV_ARRAY ? a[1].u.a->n : 0;
    st_str hay = st_folds_get(&r->shared->folds, a[0].tag == ST_KV_STRING ? a[0].u.s : ST_EMPTY);
    for (size_t i = 0; i < n; i++) {
        st_sid needle = st_kv_tostring(&r->mem, ST_KT_DYNAMIC, a[1].u.a->v[i]).u.s;
        if (st_match_text(ST_M_HAS, hay, st_folds_get(&r->shared->folds, needle)))
            return st_kv_long((int64_t)i);
    }
    return st_kv_long(-1);
}
