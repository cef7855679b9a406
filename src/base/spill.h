/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spill.h - memory that the system may write out: blocks that lie in one temporary file, mapped.
 *
 * What is in a block is the file's, so the system keeps of it in memory what is used and has room,
 * and writes out the rest, with no swap set up. The file has no name: nothing is left behind
 * however the program ends. Room on the disk is taken when a block is made, so that a full disk is
 * an error there and never a signal later.
 *
 * Threads: any number at once. A child that was forked doesn't see the blocks (MADV_DONTFORK), and
 * must free none.
 */
#ifndef ST_BASE_SPILL_H
#define ST_BASE_SPILL_H

#include "shelltree/base.h"

#include <pthread.h>
#include <stdint.h>

/* Bytes of a block's sizes: a freed block of up to ST_SPILL_SIZES of these is used again. */
#define ST_SPILL_UNIT ((size_t)64 << 10)
enum { ST_SPILL_SIZES = 17 }; /* the largest: an arena's of 1 MiB, with its head and the block's */

typedef struct st_spill {
    unsigned char *base; /* addresses of the file's bytes; NULL: not open */
    size_t span;         /* how many there are */
    int fd;
    size_t end;                      /* bytes of the file that were given to blocks */
    uint64_t used, peak, most;       /* bytes in blocks, on the disk */
    uint64_t unlooked;               /* bytes taken since the disk's free room was last looked at */
    void *freed[ST_SPILL_SIZES + 1]; /* by size in units; the first bytes lead to the next */
    int full;                        /* errno of a block that wasn't made; 0: none */
    pthread_mutex_t lock;
} st_spill;

/* fd: an empty file that can be read and written, open as long as s. most: bytes on the disk.
 * false: errno says why. What it holds lasts as long as the process. */
bool st_spill_open(st_spill *s, int fd, uint64_t most);
/* Zeroed if `zero`. NULL: s->full says why; errno is ENOMEM. */
void *st_spill_alloc(st_spill *s, size_t bytes, bool zero);
/* As realloc; p is a block. Where it lies may stay the same: a block that grew once has room behind
 * it. */
void *st_spill_grow(st_spill *s, void *p, size_t bytes);
void st_spill_free(st_spill *s, void *p);
size_t st_spill_size(const void *p);
/* From now on what is asked for next lies elsewhere: bytes are read back a page at a time, and none
 * around them. */
void st_spill_scattered(st_spill *s);

static inline bool st_spill_has(const st_spill *s, const void *p)
{
    return (uintptr_t)p - (uintptr_t)s->base < s->span;
}

#endif
