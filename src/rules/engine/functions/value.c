/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_value.c - functions over values of any type: choices, missing values, conversions. */
#include "rules/engine/functions/fn.h"

#include <string.h>

st_val st_call_convert(st_run *r, const st_expr *x, const st_val *a)
{
    return st_val_convert(&r->mem, x->type, x->args[0]->type, a[0]);
}

/* Of a dynamic what is in it; a null of another type has that type. */
static st_val f_gettype(st_run *r, const st_expr *x, const st_val *a)
{
    static const char *const names[] = { "null",     "bool",     "long", "double", "string",
                                         "datetime", "timespan", "guid", "array",  "dictionary" };
    st_type t = x->args[0]->type;
    bool inside = t == ST_TYPE_DYNAMIC || t == ST_TYPE_UNKNOWN;
    return st_val_str(&r->mem, st_str_of(inside ? names[a[0].tag] : st_type_name(t)));
}

/* choosing */

static st_val widen(const st_expr *x, st_val v)
{
    return x->type == ST_TYPE_REAL && v.tag == ST_VAL_LONG ? st_val_real((double)v.u.i) : v;
}

st_val st_call_iff(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    return widen(x, a[0].tag == ST_VAL_BOOL && a[0].u.b ? a[1] : a[2]);
}

st_val st_call_case(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    for (size_t i = 0; i + 1 < x->nargs; i += 2)
        if (a[i].tag == ST_VAL_BOOL && a[i].u.b)
            return widen(x, a[i + 1]);
    return widen(x, a[x->nargs - 1]);
}

static bool is_empty(st_run *r, st_val v)
{
    return v.tag == ST_VAL_NULL || (v.tag == ST_VAL_STRING && !st_val_text(r, v).n);
}

static st_val f_coalesce(st_run *r, const st_expr *x, const st_val *a)
{
    for (size_t i = 0; i < x->nargs; i++)
        if (!is_empty(r, a[i]))
            return widen(x, a[i]);
    return st_val_missing(x->type);
}

static st_val most(st_run *r, const st_expr *x, const st_val *a, int sign)
{
    st_val best = st_val_null();
    for (size_t i = 0; i < x->nargs; i++) {
        st_val v = widen(x, a[i]);
        if (v.tag != ST_VAL_NULL &&
            (best.tag == ST_VAL_NULL || sign * st_val_cmp(&r->mem, v, best) > 0))
            best = v;
    }
    return best;
}
static st_val f_max_of(st_run *r, const st_expr *x, const st_val *a)
{
    return most(r, x, a, 1);
}
static st_val f_min_of(st_run *r, const st_expr *x, const st_val *a)
{
    return most(r, x, a, -1);
}

static st_val f_isempty(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return st_val_bool(is_empty(r, a[0]));
}
static st_val f_isnotempty(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return st_val_bool(!is_empty(r, a[0]));
}
static st_val f_isnull(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return st_val_bool(a[0].tag == ST_VAL_NULL);
}
static st_val f_isnotnull(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return st_val_bool(a[0].tag != ST_VAL_NULL);
}

/* made up */

/* A GUID of version 4, anew for each row. */
static st_val f_new_guid(st_run *r, const st_expr *x, const st_val *a)
{
    uint64_t high = st_run_random(r), low = st_run_random(r);
    (void)x;
    (void)a;
    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
               (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
               (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    return st_val_parse(&r->mem, ST_TYPE_GUID, st_buf_slice(&r->mem.buf));
}

/* nearness */

/* Is v within delta of the centre? */
static st_val f_around(st_run *r, const st_expr *x, const st_val *a)
{
    double v, c, d;
    (void)x;
    if (st_val_any_null(a, 3))
        return st_val_null();
    if (a[0].tag == a[1].tag && (a[0].tag == ST_VAL_DATETIME || a[0].tag == ST_VAL_TIMESPAN) &&
        a[2].tag == ST_VAL_TIMESPAN) {
        st_val low = st_val_shift(a[1], a[2].u.i == INT64_MIN ? 0 : -a[2].u.i),
               high = st_val_shift(a[1], a[2].u.i);
        return st_val_any_null((const st_val[]){ low, high }, 2)
                   ? st_val_null()
                   : st_val_bool(st_val_cmp(&r->mem, a[0], low) >= 0 &&
                                 st_val_cmp(&r->mem, a[0], high) <= 0);
    }
    return st_val_number(a[0], &v) && st_val_number(a[1], &c) && st_val_number(a[2], &d)
               ? st_val_bool(v >= c - d && v <= c + d)
               : st_val_null();
}

/* the table */

const st_fn st_functions_value[] = {
    { "around", "***", 3, "bool", NONE, f_around, "whether a value is near another" },
    { "case", "**+", 3, "c", NONE, st_call_case, "the value of the first true condition" },
    { "coalesce", "*+", 1, "w", NONE, f_coalesce, "the first value that isn't null or empty" },
    { "gettype", "*", 1, "string", PREFIX("type_"), f_gettype, "the name of a value's type" },
    { "iff", "b**", 3, "w", NONE, st_call_iff, "one of two values" },
    { "iif", "b**", 3, "w", NONE, st_call_iff, "one of two values" },
    { "isempty", "*", 1, "bool", NONE, f_isempty, "null or an empty text" },
    { "isnotempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "isnotnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "isnull", "*", 1, "bool", NONE, f_isnull, "null" },
    { "max_of", "*+", 1, "w", NONE, f_max_of, "the largest argument|nulls don't count" },
    { "min_of", "*+", 1, "w", NONE, f_min_of, "the smallest argument|nulls don't count" },
    { "new_guid", "", 0, "*guid", NONE, f_new_guid,
      "a GUID at random|the same ones each time the same query runs" },
    { "not", "b", 1, "bool", NONE, st_call_not, "the opposite" },
    { "notempty", "*", 1, "bool", NONE, f_isnotempty, "neither null nor empty" },
    { "notnull", "*", 1, "bool", NONE, f_isnotnull, "not null" },
    { "tobool", "*", 1, "bool", FIRST, st_call_convert, "as bool" },
    { "toboolean", "*", 1, "bool", FIRST, st_call_convert, "as bool" },
    { "todatetime", "*", 1, "datetime", FIRST, st_call_convert, "as datetime" },
    { "todecimal", "*", 1, "real", FIRST, st_call_convert, "as real|there is no decimal" },
    { "todouble", "*", 1, "real", FIRST, st_call_convert, "as real" },
    { "toguid", "*", 1, "guid", FIRST, st_call_convert, "as guid" },
    { "toint", "*", 1, "int", FIRST, st_call_convert, "as int" },
    { "tolong", "*", 1, "long", FIRST, st_call_convert, "as long" },
    { "toreal", "*", 1, "real", FIRST, st_call_convert, "as real" },
    { "tostring", "*", 1, "string", FIRST, st_call_convert, "as text" },
    { "totime", "*", 1, "timespan", FIRST, st_call_convert, "as timespan" },
    { "totimespan", "*", 1, "timespan", FIRST, st_call_convert, "as timespan" },
    { 0 },
};
