/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - rows as bytes. */
#include "base/cells.h"

#include <string.h>

void st_raw_null(st_buf *b)
{
    st_buf_char(b, ST_RAW_NULL);
}

void st_raw_int(st_buf *b, int64_t v)
{
    char *to = st_buf_room(b, 1 + sizeof v);
    if (!to)
        return;
    to[0] = ST_RAW_INT;
    memcpy(to + 1, &v, sizeof v);
    b->n += 1 + sizeof v;
}

void st_raw_real(st_buf *b, double v)
{
    st_buf_char(b, ST_RAW_REAL);
    st_buf_put(b, &v, sizeof v);
}

static void put(st_buf *b, st_raw_kind kind, st_str s)
{
    uint32_t n = (uint32_t)s.n;
    if (s.n > UINT32_MAX) {
        b->failed = true;
        return;
    }
    st_buf_char(b, (char)kind);
    st_buf_put(b, &n, sizeof n);
    st_buf_put(b, s.p, s.n);
}

void st_raw_text(st_buf *b, st_str s)
{
    if (s.p)
        put(b, ST_RAW_TEXT, s);
    else
        st_raw_null(b);
}

void st_raw_blob(st_buf *b, st_str s)
{
    put(b, ST_RAW_BLOB, s);
}

size_t st_raw_text_begin(st_buf *b)
{
    uint32_t n = 0;
    st_buf_char(b, ST_RAW_TEXT);
    st_buf_put(b, &n, sizeof n);
    return b->n;
}

void st_raw_text_end(st_buf *b, size_t mark)
{
    uint32_t n = (uint32_t)(b->n - mark);
    if (b->failed || b->n - mark > UINT32_MAX)
        b->failed = true;
    else
        memcpy(b->p + mark - sizeof n, &n, sizeof n);
}

static bool take(st_str *rest, void *to, size_t n)
{
    if (rest->n < n)
        return false;
    memcpy(to, rest->p, n);
    *rest = (st_str){ rest->p + n, rest->n - n };
    return true;
}

bool st_raw_next(st_str *rest, st_raw *out)
{
    unsigned char kind = 0;
    uint32_t n = 0;
    *out = (st_raw){ 0 };
    if (!take(rest, &kind, 1) || kind > ST_RAW_BLOB)
        return false;
    out->kind = (st_raw_kind)kind;
    switch (out->kind) {
    case ST_RAW_NULL: return true;
    case ST_RAW_INT: return take(rest, &out->i, sizeof out->i);
    case ST_RAW_REAL: return take(rest, &out->r, sizeof out->r);
    case ST_RAW_TEXT:
    case ST_RAW_BLOB: break;
    }
    if (!take(rest, &n, sizeof n) || n > rest->n)
        return false;
    out->s = (st_str){ rest->p, n };
    *rest = (st_str){ rest->p + n, rest->n - n };
    return true;
}
