/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c - where --memory is kept: the linker leads the house's calls of the allocator here
 * (-Wl,--wrap), and past that bound large blocks lie in a temporary file (base/spill.h).
 *
 * It stands behind malloc, which has no argument to pass a state by: so there is one, the only one.
 * Nothing of it moves before st_heap_bound, and without that each call is one test more.
 */
#include "cli/heap.h"
#include "base/spill.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct {
    atomic_bool on;
    bool child;                    /* forked since: blocks in the file are the parent's */
    uint64_t most;                 /* bytes of large blocks in memory */
    atomic_int_fast64_t in_memory; /* some may have been made before anybody counted */
    st_spill spill;
} heap;

/* clang-format off */
/* NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);
/* clang-format on */

void st_heap_begin(void)
{
    enum { KEPT = 1 << 20 };
    __real_free(__real_malloc(KEPT));
}

static void forked(void)
{
    heap.child = true;
    heap.most = UINT64_MAX;
}

bool st_heap_bound(uint64_t most, int fd, uint64_t room)
{
    if ((errno = pthread_atfork(NULL, NULL, forked)) != 0 || !st_spill_open(&heap.spill, fd, room))
        return false;
    heap.most = most;
    atomic_store(&heap.on, true);
    return true;
}

void st_heap_scattered(void)
{
    if (atomic_load(&heap.on))
        st_spill_scattered(&heap.spill);
}

uint64_t st_heap_spilled(void)
{
    return heap.spill.peak;
}

int st_heap_full(void)
{
    return heap.spill.full;
}

static bool is_on(void)
{
    return atomic_load_explicit(&heap.on, memory_order_relaxed);
}

/* Counts a block of the C library's, if it is large. */
static void count(void *p, int sign)
{
    size_t n = p ? malloc_usable_size(p) : 0;
    if (n >= ST_SPILL_UNIT)
        atomic_fetch_add_explicit(&heap.in_memory, sign * (int_fast64_t)n, memory_order_relaxed);
}

static void *counted(void *p)
{
    count(p, 1);
    return p;
}

/* Does a new block of n bytes go to the file? */
static bool goes_out(size_t n)
{
    if (n < ST_SPILL_UNIT)
        return false;
    int_fast64_t in = atomic_load_explicit(&heap.in_memory, memory_order_relaxed);
    return (uint64_t)(in > 0 ? in : 0) + n > heap.most;
}

void *__wrap_malloc(size_t n)
{
    if (!is_on())
        return __real_malloc(n);
    return goes_out(n) ? st_spill_alloc(&heap.spill, n, false) : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t size)
{
    size_t n;
    if (!is_on() || __builtin_mul_overflow(count, size, &n))
        return __real_calloc(count, size);
    return goes_out(n) ? st_spill_alloc(&heap.spill, n, true) : counted(__real_calloc(count, size));
}

void __wrap_free(void *p)
{
    if (!is_on()) {
        __real_free(p);
    } else if (st_spill_has(&heap.spill, p)) {
        if (!heap.child)
            st_spill_free(&heap.spill, p);
    } else {
        count(p, -1);
        __real_free(p);
    }
}

/* A block of the C library's that grew into the file. */
static void *move_out(void *p, size_t n)
{
    size_t old = malloc_usable_size(p);
    void *q = st_spill_alloc(&heap.spill, n, false);
    if (!q)
        return NULL;
    memcpy(q, p, old < n ? old : n);
    count(p, -1);
    __real_free(p);
    return q;
}

void *__wrap_realloc(void *p, size_t n)
{
    if (!is_on())
        return __real_realloc(p, n);
    if (!p)
        return __wrap_malloc(n);
    if (st_spill_has(&heap.spill, p))
        return st_spill_grow(&heap.spill, p, n);
    size_t old = malloc_usable_size(p);
    if (n > old && goes_out(n - (old >= ST_SPILL_UNIT ? old : 0)) && n >= ST_SPILL_UNIT)
        return move_out(p, n);
    count(p, -1);
    void *q = __real_realloc(p, n);
    count(q ? q : p, 1);
    return q;
}
/* NOLINTEND(bugprone-reserved-identifier) */
