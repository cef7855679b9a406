/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - bytes that grow. */
#include "shelltree/base.h"

#include "base/os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool st_grow(void *array_ptr, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return true;
    size_t want = *cap ? *cap : 16;
    while (want < need) {
        if (want > SIZE_MAX / 2)
            return false;
        want += want / 2 + 1;
    }
    size_t bytes;
    if (__builtin_mul_overflow(want, size, &bytes))
        return false;
    void *old;
    memcpy(&old, array_ptr, sizeof old);
    void *p = realloc(old, bytes);
    if (!p)
        return false;
    memcpy(array_ptr, &p, sizeof p);
    *cap = want;
    return true;
}

void st_trim(void *array_ptr, size_t n, size_t size)
{
    void *p;
    memcpy(&p, array_ptr, sizeof p);
    void *less = p ? realloc(p, n ? n * size : 1) : NULL;
    if (less)
        memcpy(array_ptr, &less, sizeof less);
}

void *st_zeros(size_t n, size_t size)
{
    /* Of smaller ones few pages are new; those the C library mostly zeroes itself. */
    enum { PAGE = 4096, LARGE = 4 * PAGE };
    volatile char *p = calloc(n, size);
    st_os_dense((void *)p, n * size);
    for (size_t i = 0; p && n * size >= LARGE && i < n * size; i += PAGE)
        p[i] = 0;
    return (void *)p;
}

char *st_buf_more(st_buf *b, size_t more)
{
    size_t need = b->n + (more ? more : 1);
    if (b->failed || need < b->n || !st_grow(&b->p, &b->cap, need, 1)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

static unsigned digits_of(uint64_t v)
{
    enum { MOST = 20 };
    unsigned n = 1;
    for (uint64_t first = 10; n < MOST && v >= first; first *= 10)
        n++;
    return n;
}

void st_buf_u64(st_buf *b, uint64_t v)
{
    unsigned n = digits_of(v);
    char *to = st_buf_room(b, n);
    if (!to)
        return;
    for (unsigned i = n; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
    b->n += n;
}

void st_buf_i64(st_buf *b, int64_t v)
{
    if (v < 0)
        st_buf_char(b, '-');
    st_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void st_buf_0x(st_buf *b, uint64_t v)
{
    char text[18];
    size_t i = sizeof text;
    do {
        text[--i] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    text[--i] = 'x';
    text[--i] = '0';
    st_buf_put(b, text + i, sizeof text - i);
}

void st_buf_hex(st_buf *b, const void *p, size_t n, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const unsigned char *in = p;
    if (n > SIZE_MAX / 2) {
        b->failed = true;
        return;
    }
    char *to = st_buf_room(b, n * 2);
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[in[i] >> 4];
        to[2 * i + 1] = digits[in[i] & 15];
    }
    b->n += n * 2;
}

void st_buf_fmt(st_buf *b, const char *fmt, ...)
{
    char small[256]; /* most texts fit and needn't be made twice */
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    char *to = n < 0 ? NULL : st_buf_room(b, (size_t)n + 1);
    if (!to)
        b->failed = true;
    else if ((size_t)n < sizeof small)
        memcpy(to, small, (size_t)n);
    else
        vsnprintf(to, (size_t)n + 1, fmt, again);
    b->n += to ? (size_t)n : 0;
    va_end(again);
}

st_str st_buf_slice(const st_buf *b)
{
    return (st_str){ b->p, b->n };
}

void st_buf_clear(st_buf *b)
{
    b->n = 0;
}

void st_buf_free(st_buf *b)
{
    free(b->p);
    *b = (st_buf){ 0 };
}
