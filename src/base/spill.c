/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spill.c - blocks are handed out one behind the other; addresses, of which there are enough, are
 * used again for small blocks only. What a large block held goes back to the disk with a hole.
 */
#include "base/spill.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* In front of what the caller gets. */
typedef struct head {
    size_t bytes; /* of the block on the disk, this one with it */
    size_t span;  /* that it may grow to where it is */
} head;
_Static_assert(sizeof(head) % _Alignof(max_align_t) == 0, "blocks are aligned");

/* How much more a block that grows gets in addresses: it will grow again. */
static const size_t AHEAD = 8;

bool st_spill_open(st_spill *s, int fd, uint64_t most)
{
    void *p = mmap(NULL, ST_SPILL_SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (p == MAP_FAILED)
        return false;
    *s = (st_spill){ .fd = fd, .most = most };
    if (madvise(p, ST_SPILL_SPAN, MADV_DONTFORK) != 0 ||
        (errno = pthread_mutex_init(&s->lock, NULL)) != 0) {
        munmap(p, ST_SPILL_SPAN);
        return false;
    }
    s->span = ST_SPILL_SPAN;
    s->base = p;
    return true;
}

static size_t rounded(size_t n)
{
    return (n + ST_SPILL_UNIT - 1) / ST_SPILL_UNIT * ST_SPILL_UNIT;
}

static head *head_of(const void *p)
{
    return (head *)(void *)((unsigned char *)(uintptr_t)p - sizeof(head));
}

size_t st_spill_size(const void *p)
{
    return head_of(p)->bytes - sizeof(head);
}

/* Under the lock. */
static void *refused(st_spill *s, int why)
{
    s->full = why;
    errno = ENOMEM;
    return NULL;
}

/* A disk that is filled to the brim stops other programs. 0: there is room. */
static int no_room(st_spill *s, size_t bytes)
{
    struct statvfs v;
    if (s->used > s->most || bytes > s->most - s->used)
        return EDQUOT;
    if (s->unlooked + bytes < ST_SPOOL_LOOK) {
        s->unlooked += bytes;
        return 0;
    }
    if (fstatvfs(s->fd, &v) == 0 &&
        (uint64_t)v.f_bavail * v.f_frsize < (uint64_t)ST_SPOOL_SPARE + bytes)
        return ENOSPC;
    s->unlooked = 0;
    return 0;
}

/* Takes room on the disk for the file's bytes from `at` on. 0, or errno. */
static int take(st_spill *s, size_t at, size_t bytes)
{
    int why = no_room(s, bytes);
    while (!why && (why = posix_fallocate(s->fd, (off_t)at, (off_t)bytes)) == EINTR)
        why = 0;
    if (why)
        return why;
    s->used += bytes;
    s->peak = s->used > s->peak ? s->used : s->peak;
    return 0;
}

/* A block at the end of the file. NULL: s->full. */
static head *add_block(st_spill *s, size_t bytes, size_t span)
{
    if (span > s->span - s->end)
        return refused(s, EFBIG);
    int why = take(s, s->end, bytes);
    if (why)
        return refused(s, why);
    head *h = (head *)(void *)(s->base + s->end);
    s->end += span;
    *h = (head){ bytes, span };
    return h;
}

static head *used_again(st_spill *s, size_t units)
{
    void *p = units <= ST_SPILL_SIZES ? s->freed[units] : NULL;
    if (!p)
        return NULL;
    memcpy(&s->freed[units], p, sizeof(void *));
    return head_of(p);
}

static void *make(st_spill *s, size_t bytes, size_t ahead, bool zero)
{
    if (bytes > ST_SPILL_SPAN / (2 * AHEAD)) {
        pthread_mutex_lock(&s->lock);
        refused(s, EFBIG);
        pthread_mutex_unlock(&s->lock);
        return NULL;
    }
    size_t n = rounded(bytes + sizeof(head));
    pthread_mutex_lock(&s->lock);
    head *h = ahead > 1 ? NULL : used_again(s, n / ST_SPILL_UNIT);
    bool dirty = h != NULL;
    if (!h)
        h = add_block(s, n, n * ahead);
    pthread_mutex_unlock(&s->lock);
    if (h && dirty && zero)
        memset(h + 1, 0, bytes);
    return h ? h + 1 : NULL;
}

void *st_spill_alloc(st_spill *s, size_t bytes, bool zero)
{
    return make(s, bytes, 1, zero);
}

static bool grow_in_place(st_spill *s, head *h, size_t bytes)
{
    size_t n = rounded(bytes + sizeof *h);
    if (n > h->span)
        return false;
    pthread_mutex_lock(&s->lock);
    int why = take(s, (size_t)((unsigned char *)h - s->base) + h->bytes, n - h->bytes);
    if (why)
        s->full = why;
    else
        h->bytes = n;
    pthread_mutex_unlock(&s->lock);
    return !why;
}

void *st_spill_grow(st_spill *s, void *p, size_t bytes)
{
    head *h = head_of(p);
    size_t old = st_spill_size(p);
    if (bytes <= old)
        return p;
    if (bytes <= ST_SPILL_SPAN / (2 * AHEAD) && grow_in_place(s, h, bytes))
        return p;
    void *q = make(s, bytes, AHEAD, false);
    if (!q)
        return NULL;
    memcpy(q, p, old);
    st_spill_free(s, p);
    return q;
}

void st_spill_free(st_spill *s, void *p)
{
    head *h = head_of(p);
    size_t units = h->bytes / ST_SPILL_UNIT, at = (size_t)((unsigned char *)h - s->base);
    pthread_mutex_lock(&s->lock);
    if (units <= ST_SPILL_SIZES && h->span == h->bytes) {
        memcpy(p, &s->freed[units], sizeof(void *));
        s->freed[units] = p;
    } else {
        size_t bytes = h->bytes; /* the head goes with the rest */
        int kept =
            fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes);
        if (!kept)
            s->used -= bytes;
    }
    pthread_mutex_unlock(&s->lock);
}

void st_spill_scattered(st_spill *s)
{
    madvise(s->base, s->span, MADV_RANDOM);
}
