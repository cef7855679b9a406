/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - searches and orders of GNU's C library. */
#include "room.h"

void explicit_bzero(void *p, size_t n)
{
    SecureZeroMemory(p, n);
}

void *memmem(const void *in, size_t n, const void *what, size_t k)
{
    const unsigned char *p = in, *w = what;
    if (!k)
        return (void *)(uintptr_t)in;
    for (const unsigned char *end = p + n; (size_t)(end - p) >= k; p++) {
        p = memchr(p, w[0], (size_t)(end - p) - k + 1);
        if (!p)
            return NULL;
        if (memcmp(p, w, k) == 0)
            return (void *)(uintptr_t)p;
    }
    return NULL;
}

char *strcasestr(const char *in, const char *what)
{
    for (size_t n = strlen(what); *in; in++)
        if (_strnicmp(in, what, n) == 0)
            return (char *)(uintptr_t)in;
    return *what ? NULL : (char *)(uintptr_t)in;
}

void *memrchr(const void *in, int c, size_t n)
{
    const unsigned char *p = in;
    while (n--)
        if (p[n] == (unsigned char)c)
            return (void *)(uintptr_t)(p + n);
    return NULL;
}

char *strndup(const char *s, size_t n)
{
    size_t k = strnlen(s, n);
    char *copy = malloc(k + 1);
    if (copy) {
        memcpy(copy, s, k);
        copy[k] = 0;
    }
    return copy;
}

char *strerror_r(int errnum, char *room, size_t n)
{
    if (strerror_s(room, n, errnum) != 0 && n)
        room[0] = 0;
    return room;
}

/* sorting: runs of one, merged from below; what is equal keeps its order */

typedef struct sorting {
    size_t size;
    int (*order)(const void *, const void *, void *);
    void *ctx;
} sorting;

static void merge(const sorting *s, const char *a, size_t na, const char *b, size_t nb, char *to)
{
    while (na && nb) {
        bool second = s->order(b, a, s->ctx) < 0;
        const char **from = second ? &b : &a;
        memcpy(to, *from, s->size);
        *from += s->size;
        to += s->size;
        na -= !second;
        nb -= second;
    }
    memcpy(to, a, na * s->size);
    memcpy(to + na * s->size, b, nb * s->size);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where there is no memory for the merge: slow, in place, and as stable. */
static void insert(const sorting *s, char *base, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j && s->order(base + j * s->size, base + (j - 1) * s->size, s->ctx) < 0;
             j--)
            for (size_t k = 0; k < s->size; k++) {
                char c = base[j * s->size + k];
                base[j * s->size + k] = base[(j - 1) * s->size + k];
                base[(j - 1) * s->size + k] = c;
            }
}

static void sort(const sorting *s, char *base, size_t n)
{
    char *room = n > 1 ? malloc(n * s->size) : NULL, *from = base, *to = room;
    if (!room) {
        insert(s, base, n);
        return;
    }
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            size_t na = least(run, n - i), nb = least(run, n - i - na);
            merge(s, from + i * s->size, na, from + (i + na) * s->size, nb, to + i * s->size);
        }
        char *was = from;
        from = to;
        to = was;
    }
    if (from != base)
        memcpy(base, from, n * s->size);
    free(room);
}

void qsort_r(void *base, size_t n, size_t size, int (*order)(const void *, const void *, void *),
             void *ctx)
{
    sort(&(sorting){ size, order, ctx }, base, n);
}

typedef struct plain {
    int (*order)(const void *, const void *);
} plain;

static int by_plain(const void *a, const void *b, void *ctx)
{
    return ((const plain *)ctx)->order(a, b);
}

void qsort(void *base, size_t n, size_t size, int (*order)(const void *, const void *))
{
    plain p = { order };
    qsort_r(base, n, size, by_plain, &p);
}
