/* fn_value.c - functions over values of any type: choices, missing values, conversions. */
#include "rules/kql/fn.h"

#include <string.h>

st_kv st_kf_convert(st_krun *r, const st_kx *x, const st_kv *a)
{
    return st_kv_convert(&r->mem, x->type, x->args[0]->type, a[0]);
}

static st_kv f_gettype(st_krun *r, const st_kx *x, const st_kv *a)
{
    static const char *const names[] = { "null",     "bool",     "long", "real",  "string",
                                         "datetime", "timespan", "guid", "array", "dictionary" };
    (void)x;
    return st_kv_str(&r->mem, st_str_of(names[a[0].tag]));
}

/* choosing */

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
    return v.tag == ST_KV_NULL || (v.tag == ST_KV_STRING && !st_kf_text(r, v).n);
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

/* made up */

/* A GUID of version 4, anew for each row. */
static st_kv f_new_guid(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint64_t high = st_krun_random(r), low = st_krun_random(r);
    (void)x;
    (void)a;
    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
               (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
               (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    return st_kv_parse(&r->mem, ST_KT_GUID, st_buf_slice(&r->mem.buf));
}

/* nearness */

/* Is v within delta of the centre? */
static st_kv f_around(st_krun *r, const st_kx *x, const st_kv *a)
{
    double v, c, d;
    (void)x;
    if (st_kf_nulls(a, 3))
        return st_kv_null();
    if (a[0].tag == a[1].tag && (a[0].tag == ST_KV_DATETIME || a[0].tag == ST_KV_TIMESPAN) &&
        a[2].tag == ST_KV_TIMESPAN) {
        st_kv low = st_kf_shift(a[1], a[2].u.i == INT64_MIN ? 0 : -a[2].u.i),
              high = st_kf_shift(a[1], a[2].u.i);
        return st_kf_nulls((const st_kv[]){ low, high }, 2)
                   ? st_kv_null()
                   : st_kv_bool(st_kv_cmp(&r->mem, a[0], low) >= 0 &&
                                st_kv_cmp(&r->mem, a[0], high) <= 0);
    }
    return st_kv_number(a[0], &v) && st_kv_number(a[1], &c) && st_kv_number(a[2], &d)
               ? st_kv_bool(v >= c - d && v <= c + d)
               : st_kv_null();
}

/* the table */

const st_kfn st_kfns_value[] = {
    { "around", "***", 3, "bool", NONE, f_around, "whether a value is near another" },
    { "case", "**+", 3, "c", NONE, st_kf_case, "the value of the first true condition" },
    { "coalesce", "*+", 1, "w", NONE, f_coalesce, "the first value that isn't null or empty" },
    { "gettype", "*", 1, "string", PREFIX("type_"), f_gettype, "the name of a value's type" },
    { "iff", "b**", 3, "w", NONE, st_kf_iff, "one of two values" },
    { "iif", "b**", 3, "w", NONE, st_kf_iff, "one of two values" },
    { "isempty", "*", 1, "bool", NONE, f_isempty, "null or an empty text" },
    { "isnotempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "isnotnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "isnull", "*", 1, "bool", NONE, f_isnull, "null" },
    { "max_of", "*+", 1, "w", NONE, f_max_of, "the largest argument|nulls don't count" },
    { "min_of", "*+", 1, "w", NONE, f_min_of, "the smallest argument|nulls don't count" },
    { "new_guid", "", 0, "*guid", NONE, f_new_guid,
      "a GUID at random|the same ones each time the same query runs" },
    { "not", "b", 1, "bool", NONE, st_kf_not, "the opposite" },
    { "notempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "notnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "tobool", "*", 1, "bool", FIRST, st_kf_convert, "as bool" },
    { "toboolean", "*", 1, "bool", FIRST, st_kf_convert, "as bool" },
    { "todatetime", "*", 1, "datetime", FIRST, st_kf_convert, "as datetime" },
    { "todecimal", "*", 1, "real", FIRST, st_kf_convert, "as real|there is no decimal" },
    { "todouble", "*", 1, "real", FIRST, st_kf_convert, "as real" },
    { "toguid", "*", 1, "guid", FIRST, st_kf_convert, "as guid" },
    { "toint", "*", 1, "int", FIRST, st_kf_convert, "as int" },
    { "tolong", "*", 1, "long", FIRST, st_kf_convert, "as long" },
    { "toreal", "*", 1, "real", FIRST, st_kf_convert, "as real" },
    { "tostring", "*", 1, "string", FIRST, st_kf_convert, "as text" },
    { "totime", "*", 1, "timespan", FIRST, st_kf_convert, "as timespan" },
    { "totimespan", "*", 1, "timespan", FIRST, st_kf_convert, "as timespan" },
    { 0 },
};
