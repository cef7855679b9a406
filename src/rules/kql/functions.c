/*
 * functions.c - the scalar functions: the families' tables, and what their code shares.
 */
#include "rules/kql/fn.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static const st_kfn *const families[] = {
    st_kfns_code,  st_kfns_dynamic, st_kfns_math,    st_kfns_net,  st_kfns_parse,
    st_kfns_puny,  st_kfns_regex,   st_kfns_series,  st_kfns_text, st_kfns_time,
    st_kfns_value, st_kfns_xml,     st_kfns_refused,
};

const st_kfn *st_kfn_at(size_t i)
{
    for (size_t f = 0; f < sizeof families / sizeof(const st_kfn *); f++)
        for (const st_kfn *fn = families[f]; fn->name; fn++)
            if (!i--)
                return fn;
    return NULL;
}

const st_kfn *st_kfn_find(st_str name)
{
    for (size_t f = 0; f < sizeof families / sizeof(const st_kfn *); f++)
        for (const st_kfn *fn = families[f]; fn->name; fn++)
            if (st_str_eq(name, st_str_of(fn->name)))
                return fn;
    return NULL;
}

/* texts */

st_str st_kf_text(const st_krun *r, st_kv v)
{
    return st_pool_get(r->mem.pool,
                       v.tag == ST_KV_STRING || v.tag == ST_KV_GUID ? v.u.s : ST_EMPTY);
}

bool st_kf_full(const st_krun *r)
{
    return r->mem.buf.n > ST_MAX_KQL_TEXT;
}

st_kv st_kf_from_buf(st_krun *r)
{
    st_str s = st_buf_slice(&r->mem.buf);
    if (s.n > ST_MAX_KQL_TEXT) {
        r->limit = "a text is longer than the limit";
        s.n = ST_MAX_KQL_TEXT;
        while (s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
            s.n--;
    }
    return st_kv_str(&r->mem, s);
}

bool st_kf_nulls(const st_kv *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].tag == ST_KV_NULL)
            return true;
    return false;
}

st_kv st_kf_shift(st_kv t, int64_t by)
{
    int64_t sum;
    if (__builtin_add_overflow(t.u.i, by, &sum))
        return st_kv_null();
    return t.tag == ST_KV_DATETIME ? st_kv_time(sum) : st_kv_span(sum);
}

/* lists */

bool st_klist_push(st_krun *r, st_klist *l, st_kv v)
{
    if (l->n >= ST_MAX_KQL_ARRAY) {
        r->limit = "an array is longer than the limit";
        return false;
    }
    if (!st_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v))
        return st_krun_nomem(r);
    l->v[l->n++] = v;
    return true;
}

st_kv st_klist_close(st_krun *r, st_klist *l)
{
    st_karray *out = st_karray_new(&r->mem, l->n);
    if (out && l->n)
        memcpy(out->v, l->v, l->n * sizeof *l->v);
    free(l->v);
    return st_kv_array(out);
}
