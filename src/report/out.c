/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* out.c - bytes to a descriptor, in large pieces, hashed on the way if asked. */
#include "internal.h"

#include "base/os/os.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536
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
static void write_all(st_out *o, const char *p, size_t n)
{
    if (o->digest && !o->error)
        st_sha256_add(o->digest, p ? p : "", n);
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
    st_buf_free(&o->buf);
    if (!o->error)
        return ST_OK;
    return st_fail(err, o->error == ENOMEM ? ST_E_MEMORY : ST_E_IO, "can't write the output: %s",
                   strerror(o->error));
}
