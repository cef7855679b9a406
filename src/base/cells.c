/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - rows as bytes. */
#include "base/cells.h"

#include <string.h>

void st_raw_null(st_buf *b)
{
    st_buf_char(b, ST_RAW_NULL);
}

static void put_le(char *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)(v >> 8 * i);
}

static uint64_t get_le(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)p[i] << 8 * i;
    return v;
}

static void put_number(st_buf *b, st_raw_kind kind, uint64_t v, size_t n)
{
    char *to = st_buf_room(b, 1 + n);
    if (!to)
        return;
    to[0] = (char)kind;
    put_le(to + 1, v, n);
    b->n += 1 + n;
}

void st_raw_int(st_buf *b, int64_t v)
{
    put_number(b, ST_RAW_INT, (uint64_t)v, sizeof v);
}

void st_raw_real(st_buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_number(b, ST_RAW_REAL, bits, sizeof bits);
}

static void put(st_buf *b, st_raw_kind kind, st_str s)
{
    if (s.n > UINT32_MAX) {
        b->failed = true;
        return;
    }
    put_number(b, kind, s.n, sizeof(uint32_t));
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
    put_number(b, ST_RAW_TEXT, 0, sizeof(uint32_t));
    return b->n;
}

void st_raw_text_end(st_buf *b, size_t mark)
{
    if (b->failed || b->n - mark > UINT32_MAX)
        b->failed = true;
    else
        put_le(b->p + mark - sizeof(uint32_t), b->n - mark, sizeof(uint32_t));
}

static bool take(st_str *rest, uint64_t *v, size_t n)
{
    if (rest->n < n)
        return false;
    *v = get_le(rest->p, n);
    *rest = (st_str){ rest->p + n, rest->n - n };
    return true;
}

bool st_raw_next(st_str *rest, st_raw *out)
{
    uint64_t kind = 0, v = 0;
    *out = (st_raw){ 0 };
    if (!take(rest, &kind, 1) || kind > ST_RAW_BLOB)
        return false;
    out->kind = (st_raw_kind)kind;
    switch (out->kind) {
    case ST_RAW_NULL: return true;
    case ST_RAW_INT:
    case ST_RAW_REAL:
        if (!take(rest, &v, sizeof v))
            return false;
        out->i = (int64_t)v;
        memcpy(&out->r, &v, sizeof out->r);
        return true;
    case ST_RAW_TEXT:
    case ST_RAW_BLOB: break;
    }
    if (!take(rest, &v, sizeof(uint32_t)) || v > rest->n)
        return false;
    out->s = (st_str){ rest->p, (size_t)v };
    *rest = (st_str){ rest->p + v, rest->n - (size_t)v };
    return true;
}
