/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.c - a thing grows in memory until it is too large for that, then in the thread's file,
 * behind what is there already.
 */
#include "spool.h"
#include "base/limits.h"
#include "base/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct st_spool {
    st_spool_room *room;
    int fd;        /* -1: none yet */
    uint64_t base; /* where the next thing begins in it */
    uint64_t size; /* of the thing under way */
    bool in_file;
    st_buf memory;
    uint64_t written; /* of it, in the file */
    uint64_t looked;  /* bytes in files when free room was last looked at */
};

st_spool *st_spool_new(st_spool_room *room)
{
    st_spool *s = calloc(1, sizeof *s);
    if (s) {
        s->room = room;
        s->fd = -1;
    }
    return s;
}

void st_spool_free(st_spool *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    st_buf_free(&s->memory);
    free(s);
}

/* files */

static st_code open_file(st_spool *s, st_err *err)
{
    const st_spool_room *r = s->room;
    s->fd = st_tmpfile(r->dir, r->nameless);
    if (s->fd >= 0)
        return ST_OK;
    return st_fail(err, ST_E_IO,
                   "it needs a temporary file, and %s takes none: %s; name another folder with "
                   "--tmp",
                   r->dir, strerror(errno));
}

static st_code no_room(const st_spool *s, st_err *err)
{
    return st_fail(err, ST_E_LIMIT,
                   "it doesn't fit into %s, where temporary files go; name a folder with more room "
                   "with --tmp",
                   s->room->dir);
}

/* A disk that is filled to the brim stops other programs. */
static bool has_room(st_spool *s, size_t n)
{
    uint64_t used = atomic_fetch_add(&s->room->in_files, n) + n;
    struct statvfs v;
    if (used > s->room->most)
        return false;
    if (used - s->looked < ST_SPOOL_LOOK && s->looked)
        return true;
    s->looked = used;
    return fstatvfs(s->fd, &v) != 0 ||
           (uint64_t)v.f_bavail * v.f_frsize > (uint64_t)ST_SPOOL_SPARE + n;
}

static bool all_zero(const unsigned char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static st_code write_file(st_spool *s, uint64_t offset, const unsigned char *p, size_t n,
                          st_err *err)
{
    if (all_zero(p, n))
        return ST_OK;
    if (!has_room(s, n)) {
        atomic_fetch_sub(&s->room->in_files, n);
        return no_room(s, err);
    }
    s->written += n;
    while (n) {
        ssize_t k = pwrite(s->fd, p, n, (off_t)(s->base + offset));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
            return no_room(s, err);
        if (k <= 0)
            return st_fail(err, ST_E_IO, "cannot write a temporary file in %s: %s", s->room->dir,
                           strerror(errno));
        p += k;
        offset += (uint64_t)k;
        n -= (size_t)k;
    }
    return ST_OK;
}

/* things */

static st_code move_to_file(st_spool *s, st_err *err)
{
    if (s->in_file)
        return ST_OK;
    if (s->fd < 0 && open_file(s, err) != ST_OK)
        return err ? err->code : ST_E_IO;
    s->in_file = true;
    st_code code =
        write_file(s, 0, (const unsigned char *)st_buf_slice(&s->memory).p, s->memory.n, err);
    st_buf_clear(&s->memory);
    return code;
}

static bool fits_memory(const st_spool *s, uint64_t end)
{
    return !s->in_file && end <= ST_SPOOL_SMALL &&
           atomic_load(&s->room->in_memory) + end <= ST_MAX_SPOOL_MEMORY;
}

static st_code put_memory(st_spool *s, uint64_t offset, const void *p, size_t n, st_err *err)
{
    size_t gap = (size_t)offset - s->memory.n;
    char *room = st_buf_room(&s->memory, gap + n);
    if (!room)
        return st_fail(err, ST_E_MEMORY, "no memory for what an archive holds");
    memset(room, 0, gap);
    memcpy(room + gap, p, n);
    s->memory.n += gap + n;
    return ST_OK;
}

st_code st_spool_put(st_spool *s, uint64_t offset, const void *p, size_t n, st_err *err)
{
    st_code code = ST_OK;
    if (offset < s->size || offset > (uint64_t)INT64_MAX / 2 - n)
        return st_fail(err, ST_E_EVIDENCE, "its parts don't follow each other");
    if (n == 0)
        return ST_OK;
    if (fits_memory(s, offset + n)) {
        code = put_memory(s, offset, p, n, err);
    } else {
        code = move_to_file(s, err);
        if (!code)
            code = write_file(s, offset, p, n, err);
    }
    if (!code)
        s->size = offset + n;
    return code;
}

static void reset(st_spool *s)
{
    s->size = s->written = 0;
    s->in_file = false;
    st_buf_clear(&s->memory);
    s->memory.failed = false;
}

static st_code end_in_file(st_spool *s, st_place *out, st_err *err)
{
    uint64_t end = s->base + (s->size + PAGE - 1) / PAGE * PAGE;
    if (ftruncate(s->fd, (off_t)end) != 0)
        return no_room(s, err);
    out->fd = s->fd;
    out->at = s->base;
    s->base = end;
    return ST_OK;
}

static st_code end_in_memory(st_spool *s, st_place *out, st_err *err)
{
    out->bytes = calloc(1, s->size ? (size_t)s->size : 1);
    if (!out->bytes)
        return st_fail(err, ST_E_MEMORY, "no memory for what an archive holds");
    if (s->memory.n)
        memcpy(out->bytes, s->memory.p, s->memory.n);
    atomic_fetch_add(&s->room->in_memory, s->size);
    return ST_OK;
}

st_code st_spool_end(st_spool *s, uint64_t size, st_place *out, st_err *err)
{
    st_code code = ST_OK;
    *out = (st_place){ .fd = -1 };
    if (size > s->size) {
        if (!fits_memory(s, size))
            code = move_to_file(s, err);
        s->size = size;
    }
    out->size = s->size;
    if (!code)
        code = s->in_file ? end_in_file(s, out, err) : end_in_memory(s, out, err);
    reset(s);
    return code;
}

void st_spool_drop(st_spool *s)
{
    if (s->in_file && ftruncate(s->fd, (off_t)s->base) != 0)
        s->base += (s->size + PAGE) / PAGE * PAGE + s->written;
    atomic_fetch_sub(&s->room->in_files, s->written);
    reset(s);
}
