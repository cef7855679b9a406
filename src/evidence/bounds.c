/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* bounds.c - see bounds.h. */
#include "bounds.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static uint64_t le64(const unsigned char *p)
{
    uint64_t v = 0;
    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

st_unpacked st_7z_bounds(const st_unpack_io *io, uint64_t size)
{
    enum { START = 32, OFFSET_AT = 12, SIZE_AT = 20 };
    unsigned char start[START];
    size_t got = io->read(io->ctx, 0, start, sizeof start);
    if (got != sizeof start)
        return ST_U_BROKEN;
    uint64_t offset = le64(start + OFFSET_AT), n = le64(start + SIZE_AT);
    if (offset > size - START || n > size - START - offset)
        return ST_U_BROKEN;
    return n > ST_MAX_7Z_HEADER ? ST_U_MEMORY : ST_U_OK;
}

/* cpio */

enum { NEWC = 110, SIZE_AT = 54, NAME_AT = 94, DIGITS = 8 };

typedef struct window {
    const st_pull *p;
    size_t at, n;
    unsigned char buf[ST_ARCHIVE_BLOCK];
} window;

/* Are there n bytes in sight? */
static bool need(window *w, size_t n)
{
    while (w->n - w->at < n) {
        if (w->at) {
            memmove(w->buf, w->buf + w->at, w->n - w->at);
            w->n -= w->at;
            w->at = 0;
        }
        size_t got = w->p->read(w->p->ctx, w->buf + w->n, sizeof w->buf - w->n);
        if (!got || got > sizeof w->buf - w->n)
            return false;
        w->n += got;
    }
    return true;
}

static void drop(window *w, uint64_t n)
{
    uint64_t here = w->n - w->at < n ? w->n - w->at : n;
    w->at += (size_t)here;
    if (n > here)
        w->p->skip(w->p->ctx, n - here);
}

static int digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_header(const unsigned char *p)
{
    if (memcmp(p, "07070", 5) != 0 || (p[5] != '1' && p[5] != '2'))
        return false;
    for (size_t i = 6; i < NEWC; i++)
        if (digit(p[i]) < 0)
            return false;
    return true;
}

static uint64_t hexadecimal(const unsigned char *p)
{
    uint64_t v = 0;
    for (size_t i = 0; i < DIGITS; i++)
        v = v << 4 | (unsigned)digit(p[i]);
    return v;
}

static uint64_t padded(uint64_t n)
{
    return (n + 3) & ~UINT64_C(3);
}

uint64_t st_cpio_members(const st_pull *p)
{
    static const char last[] = "TRAILER!!!";
    window *w = calloc(1, sizeof *w);
    uint64_t sound = UINT64_MAX;
    if (!w)
        return 0;
    w->p = p;
    for (uint64_t n = 0; n <= ST_MAX_MEMBERS; n++) {
        while (need(w, NEWC) && !is_header(w->buf + w->at))
            drop(w, 1);
        if (!need(w, NEWC))
            break;
        uint64_t name = hexadecimal(w->buf + w->at + NAME_AT);
        uint64_t size = hexadecimal(w->buf + w->at + SIZE_AT);
        if (name > ST_MAX_CPIO_NAME) {
            sound = n;
            break;
        }
        if (name == sizeof last && need(w, NEWC + sizeof last) &&
            memcmp(w->buf + w->at + NEWC, last, sizeof last) == 0)
            break;
        drop(w, padded(NEWC + name) + padded(size));
    }
    free(w);
    return sound;
}
