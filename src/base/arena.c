/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - memory that is freed all at once. Blocks double up to a cap, so that
 * a small arena is small and a large one costs few calls.
 */
#include "shelltree/base.h"

#include <stdlib.h>
#include <string.h>

struct st_block {
    st_block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGN = _Alignof(max_align_t) };

/* Where a sanitizer watches, there is room behind each piece that nobody may touch. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { BEHIND = ALIGN };
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
enum { BEHIND = 0 };
#endif

bool st_budget_take(st_budget *b, size_t bytes)
{
    if (b->most && (b->used > b->most || bytes > b->most - b->used)) {
        b->met = true;
        return false;
    }
    b->used += bytes;
    return true;
}

static st_block *add_block(st_arena *a, size_t need)
{
    size_t size = a->head ? a->head->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < need)
        size = need;
    if (a->budget && !st_budget_take(a->budget, size))
        return NULL;
    st_block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (st_block){ .next = a->head, .size = size };
    a->head = b;
    a->total += size;
    return b;
}

void *st_arena_room(st_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2) {
        a->failed = true;
        return NULL;
    }
    n = (n + ALIGN - 1) / ALIGN * ALIGN + BEHIND;
    st_block *b = a->head;
    if (!b || b->size - b->used < n)
        b = add_block(a, n);
    if (!b) {
        a->failed = true;
        return NULL;
    }
    void *p = b->data + b->used;
    b->used += n;
    ASAN_POISON_MEMORY_REGION((char *)p + n - BEHIND, BEHIND);
    return p;
}

void *st_arena_alloc(st_arena *a, size_t size, size_t count)
{
    size_t n;
    if (__builtin_mul_overflow(size, count, &n)) {
        a->failed = true;
        return NULL;
    }
    void *p = st_arena_room(a, n);
    return p ? memset(p, 0, n) : NULL;
}

size_t st_arena_left(const st_arena *a)
{
    return a->head ? a->head->size - a->head->used : 0;
}

st_str st_arena_copy(st_arena *a, st_str s)
{
    char *p = st_arena_room(a, s.n + 1);
    if (!p)
        return (st_str){ NULL, 0 };
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (st_str){ p, s.n };
}

void st_arena_free(st_arena *a)
{
    for (st_block *b = a->head; b;) {
        st_block *next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->data, b->size); /* a mapped block's pages come again */
        free(b);
        b = next;
    }
    if (a->budget)
        a->budget->used -= a->total;
    *a = (st_arena){ .budget = a->budget };
}

void st_arena_take(st_arena *a, st_arena *from)
{
    st_block **end = &a->head;
    while (*end) /* behind its own, the first of which is still being filled */
        end = &(*end)->next;
    *end = from->head;
    a->total += from->total;
    a->failed |= from->failed;
    *from = (st_arena){ 0 };
}
