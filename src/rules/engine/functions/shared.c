/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* shared.c - what the code of functions shares: texts, spans, values that become an array. */
#include "rules/engine/functions/fn.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* texts */

st_str st_val_text(const st_run *r, st_val v)
{
    return st_pool_get(r->mem.pool,
                       v.tag == ST_VAL_STRING || v.tag == ST_VAL_GUID ? v.u.s : ST_EMPTY);
}

bool st_run_text_full(const st_run *r)
{
    return r->mem.buf.n > ST_MAX_TEXT;
}

st_val st_run_text(st_run *r)
{
    st_str s = st_buf_slice(&r->mem.buf);
    if (s.n > ST_MAX_TEXT) {
        r->limit = "a text is longer than the limit";
        s.n = ST_MAX_TEXT;
        while (s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
            s.n--;
    }
    return st_val_str(&r->mem, s);
}

bool st_val_any_null(const st_val *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].tag == ST_VAL_NULL)
            return true;
    return false;
}

st_val st_val_shift(st_val t, int64_t by)
{
    int64_t sum;
    if (__builtin_add_overflow(t.u.i, by, &sum))
        return st_val_null();
    return t.tag == ST_VAL_DATETIME ? st_val_time(sum) : st_val_span(sum);
}

/* lists */

bool st_value_list_push(st_run *r, st_value_list *l, st_val v)
{
    if (l->n >= ST_MAX_ARRAY) {
        r->limit = "an array is longer than the limit";
        return false;
    }
    if (!st_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v))
        return st_run_nomem(r);
    l->v[l->n++] = v;
    return true;
}

st_val st_value_list_close(st_run *r, st_value_list *l)
{
    st_array *out = st_array_new(&r->mem, l->n);
    if (out && l->n)
        memcpy(out->v, l->v, l->n * sizeof *l->v);
    free(l->v);
    return st_val_array(out);
}
