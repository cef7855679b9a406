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

static char *room_made(st_buf *b, size_t need)
{
    if (b->failed || need < b->n || !st_grow(&b->p, &b->cap, need, 1)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

/* Most of the time there is room. */
static inline char *room(st_buf *b, size_t more)
{
    size_t need = b->n + (more ? more : 1); /* so that even no bytes have a place */
    bool there = !b->failed && need > b->n && need <= b->cap;
    return there ? b->p + b->n : room_made(b, need);
}

char *st_buf_room(st_buf *b, size_t more)
{
    return room(b, more);
}

void st_buf_put(st_buf *b, const void *p, size_t n)
{
    if (!n)
        return;
    char *to = room(b, n);
    if (!to)
        return;
    memcpy(to, p, n);
    b->n += n;
}

void st_buf_str(st_buf *b, st_str s)
{
    st_buf_put(b, s.p, s.n);
}

void st_buf_char(st_buf *b, char c)
{
    char *to = room(b, 1);
    if (to)
        b->p[b->n++] = c;
}

void st_buf_u64(st_buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    st_buf_put(b, digits + i, sizeof digits - i);
}

void st_buf_i64(st_buf *b, int64_t v)
{
    if (v < 0)
        st_buf_char(b, '-');
    st_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
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
