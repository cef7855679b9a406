/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out.c - bytes to a descriptor, in large pieces, hashed on the way if asked.
 *
 * A large file of ours goes past the system's cache, block by block: it is synced when it is whole,
 * so the disk is waited for anyway, and to copy it into the cache takes longer than to make it.
 */
#include "internal.h"

#include "base/os/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536
#define BLOCK ((size_t)4 << 20)
#define LARGE \
    ((uint64_t)64 << 20) /* bytes: most files stay in the cache, where they are read next */
#define BEGIN ((uint64_t)16 << 20) /* bytes; a small file is soon written when it is synced */

/* A file of ours is synced when it is whole: the disk is put to work before it is waited for. */
static void begin_sync(st_out *o)
{
    uint64_t n = (o->written - o->begun) / BEGIN * BEGIN;
    if (o->path && n) {
        st_os_begin_sync(o->fd, o->begun, n);
        o->begun += n;
    }
}

void st_out_init(st_out *o, int fd)
{
    memset(o, 0, sizeof *o);
    o->fd = fd;
}

void st_out_memory(st_out *o)
{
    st_out_init(o, -1);
}

/* All of it, now. */
static void write_now(st_out *o, const char *p, size_t n)
{
    for (size_t i = 0; i < n && !o->error;) {
        ssize_t wrote = write(o->fd, p + i, n - i);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0) {
            o->error = errno ? errno : EIO;
            break;
        }
        i += (size_t)wrote;
        o->written += (uint64_t)wrote;
    }
}

/* Makes the block, if the file is large and stands where one may begin. */
static void begin_blocks(st_out *o)
{
    if (o->tried || !o->path || o->written < LARGE || o->written % ST_OS_SECTOR)
        return;
    o->tried = true;
    o->room = malloc(BLOCK + ST_OS_SECTOR);
    if (!o->room || !st_os_uncached(o->fd, true))
        return;
    o->block = o->room + (ST_OS_SECTOR - (uintptr_t)o->room % ST_OS_SECTOR);
}

/* A disk that has larger sectors, or none of its own, or has taken only a part: the rest goes
 * through the cache. */
static void write_block(st_out *o)
{
    uint64_t before = o->written;
    write_now(o, o->block, o->held);
    if (o->error == EINVAL && st_os_uncached(o->fd, false)) {
        size_t wrote = (size_t)(o->written - before);
        o->error = 0;
        write_now(o, o->block + wrote, o->held - wrote);
    }
    o->held = 0;
}

static void put_in_blocks(st_out *o, const char *p, size_t n)
{
    while (n && !o->error) {
        size_t part = n < BLOCK - o->held ? n : BLOCK - o->held;
        memcpy(o->block + o->held, p, part);
        o->held += part;
        p += part;
        n -= part;
        if (o->held == BLOCK)
            write_block(o);
    }
}

/* What is left is no whole sector. */
static void end_blocks(st_out *o)
{
    if (o->block && st_os_uncached(o->fd, false))
        write_now(o, o->block, o->held);
    else if (o->block)
        o->error = o->error ? o->error : EIO;
    free(o->room);
    o->room = o->block = NULL;
}

static void write_all(st_out *o, const char *p, size_t n)
{
    if (!n)
        return;
    if (o->digest && !o->error)
        st_sha256_add(o->digest, p, n);
    if (o->written >= LARGE && !o->tried) { /* up to where a block may begin */
        size_t odd = (ST_OS_SECTOR - o->written % ST_OS_SECTOR) % ST_OS_SECTOR;
        odd = odd < n ? odd : n;
        write_now(o, p, odd);
        begin_blocks(o);
        p += odd;
        n -= odd;
    }
    if (o->block)
        put_in_blocks(o, p, n);
    else
        write_now(o, p, n);
    if (!o->block)
        begin_sync(o);
}

static void flush(st_out *o)
{
    if (o->fd < 0)
        return;
    write_all(o, o->buf.p, o->buf.n);
    if (o->buf.failed && !o->error)
        o->error = ENOMEM;
    o->buf.n = 0;
}

void st_out_tick(st_out *o)
{
    if (o->buf.n >= PIECE || o->buf.failed)
        flush(o);
}

void st_out_put(st_out *o, const void *p, size_t n)
{
    bool large = n >= PIECE && o->fd >= 0;
    if (large) { /* goes out behind what is held, as it lies there */
        flush(o);
        write_all(o, p, n);
        return;
    }
    st_buf_put(&o->buf, p, n);
    st_out_tick(o);
}

void st_out_str(st_out *o, st_str s)
{
    st_out_put(o, s.p, s.n);
}

st_code st_out_end(st_out *o, st_err *err)
{
    flush(o);
    end_blocks(o);
    st_buf_free(&o->buf);
    if (!o->error)
        return ST_OK;
    return st_fail(err, o->error == ENOMEM ? ST_E_MEMORY : ST_E_IO, "can't write the output: %s",
                   strerror(o->error));
}
