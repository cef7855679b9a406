/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - a source as a window of UTF-8 that moves forward, whichever Unicode it is in. */
#include "carriers.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 17 };

/* The mark at the beginning, or for UTF-16 without one a first character of ASCII. */
static void tell_unit(st_text *t)
{
    unsigned char p[4] = { 0 };
    size_t n = 0;
    if (st_file_read(t->file, 0, p, sizeof p, &n, NULL) != ST_OK)
        t->unread = true;
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        t->next = 3;
    else if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        t->next = t->unit = 2;
    else if (n >= 2 && (!p[0] != !p[1]))
        t->unit = 2;
    t->big = t->unit == 2 && (p[0] == 0xfe || p[0] == 0);
}

bool st_text_open(st_text *t, st_file *f)
{
    *t = (st_text){ .file = f, .unit = 1, .line = 1 };
    t->raw = malloc(BLOCK);
    if (!t->raw)
        return false;
    tell_unit(t);
    t->head_at = t->next;
    return true;
}

void st_text_close(st_text *t)
{
    free(t->raw);
    st_buf_free(&t->buf);
}

st_str st_text_window(const st_text *t)
{
    if (!t->buf.p)
        return ST_STR("");
    return (st_str){ t->buf.p + t->head, t->buf.n - t->head };
}

static void take_utf16(st_text *t, size_t n)
{
    for (size_t i = 0; t->big && i + 1 < n; i += 2) {
        unsigned char c = t->raw[i];
        t->raw[i] = t->raw[i + 1];
        t->raw[i + 1] = c;
    }
    /* half of a character waits for the other */
    if (n > 2 && (t->raw[n - 1] & 0xfc) == 0xd8)
        n -= 2;
    st_utf16le_put(&t->buf, t->raw, n);
    t->next += n;
}

bool st_text_more(st_text *t)
{
    size_t n = 0;
    if (t->head && t->buf.p) {
        memmove(t->buf.p, t->buf.p + t->head, t->buf.n - t->head);
        t->buf.n -= t->head;
        t->head = 0;
    }
    if (t->end || t->failed)
        return false;
    if (st_file_read(t->file, t->next, t->raw, BLOCK, &n, NULL) != ST_OK)
        t->unread = true;
    if (t->unit == 2)
        n &= ~(size_t)1;
    if (n == 0) {
        t->end = true;
        return false;
    }
    if (t->unit == 2) {
        take_utf16(t, n);
    } else {
        st_buf_put(&t->buf, t->raw, n);
        t->next += n;
    }
    t->failed = t->buf.failed;
    return !t->failed;
}

/* UTF-16 units of some UTF-8. */
static uint64_t units(const char *p, size_t n)
{
    uint64_t k = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        k += (c & 0xc0) != 0x80;
        k += c >= 0xf0;
    }
    return k;
}

void st_text_skip(st_text *t, size_t n)
{
    if (!n)
        return;
    const char *p = t->buf.p + t->head;
    t->head_at += t->unit == 2 ? 2 * units(p, n) : n;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        t->line++;
    t->head += n;
}
