/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - rows as bytes. */
#include "base/cells.h"

#include <string.h>

/* Bytes of a number's cell, and of a text's before the text. */
enum { WIDE = 9, HEAD = 5 };

void st_raw_null(st_buf *b)
{
    st_buf_char(b, ST_RAW_NULL);
}

/* Byte by byte and without a loop: compilers make one move of it. */
static inline void put_le32(char *to, uint32_t v)
{
    to[0] = (char)v;
    to[1] = (char)(v >> 8);
    to[2] = (char)(v >> 16);
    to[3] = (char)(v >> 24);
}

static inline uint32_t get_le32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void put_wide(st_buf *b, st_raw_kind kind, uint64_t v)
{
    char *to = st_buf_room(b, WIDE);
    if (!to)
        return;
    to[0] = (char)kind;
    put_le32(to + 1, (uint32_t)v);
    put_le32(to + 5, (uint32_t)(v >> 32));
    b->n += WIDE;
}

/* The head of a text or a blob; what it holds comes behind. */
static void put_head(st_buf *b, st_raw_kind kind, uint32_t n)
{
    char *to = st_buf_room(b, HEAD);
    if (!to)
        return;
    to[0] = (char)kind;
    put_le32(to + 1, n);
    b->n += HEAD;
}

void st_raw_int(st_buf *b, int64_t v)
{
    put_wide(b, ST_RAW_INT, (uint64_t)v);
}

void st_raw_real(st_buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_wide(b, ST_RAW_REAL, bits);
}

static void put(st_buf *b, st_raw_kind kind, st_str s)
{
    if (s.n > UINT32_MAX) {
        b->failed = true;
        return;
    }
    put_head(b, kind, (uint32_t)s.n);
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
    put_head(b, ST_RAW_TEXT, 0);
    return b->n;
}

void st_raw_text_end(st_buf *b, size_t mark)
{
    if (b->failed || b->n - mark > UINT32_MAX)
        b->failed = true;
    else
        put_le32(b->p + mark - sizeof(uint32_t), (uint32_t)(b->n - mark));
}

static void drop(st_str *rest, size_t n)
{
    rest->p += n;
    rest->n -= n;
}

static bool next_number(st_str *rest, st_raw *out)
{
    if (rest->n < WIDE)
        return false;
    uint64_t v = get_le32(rest->p + 1) | (uint64_t)get_le32(rest->p + 5) << 32;
    out->i = (int64_t)v;
    memcpy(&out->r, &v, sizeof out->r);
    drop(rest, WIDE);
    return true;
}

static bool next_bytes(st_str *rest, st_raw *out)
{
    if (rest->n < HEAD)
        return false;
    uint32_t n = get_le32(rest->p + 1);
    if (n > rest->n - HEAD)
        return false;
    out->s = (st_str){ rest->p + HEAD, n };
    drop(rest, HEAD + (size_t)n);
    return true;
}

bool st_raw_next(st_str *rest, st_raw *out)
{
    *out = (st_raw){ 0 };
    if (!rest->n || (unsigned char)rest->p[0] > ST_RAW_BLOB)
        return false;
    out->kind = (st_raw_kind)rest->p[0];
    switch (out->kind) {
    case ST_RAW_INT:
    case ST_RAW_REAL: return next_number(rest, out);
    case ST_RAW_TEXT:
    case ST_RAW_BLOB: return next_bytes(rest, out);
    case ST_RAW_NULL: break;
    }
    drop(rest, 1);
    return true;
}
