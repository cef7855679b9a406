/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* salvage.c - deflate, RFC 1951 and 1952, until it ends or breaks. */
#include "salvage.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct work {
    const st_unpack_io *io;
    z_stream z;
    uint64_t out; /* bytes unpacked so far */
    unsigned char in[ST_ARCHIVE_BLOCK], room[ST_ARCHIVE_BLOCK];
} work;

/* Gives what is new among the last n bytes. False: nobody wants it. */
static bool give(work *w, size_t n, uint64_t *end)
{
    uint64_t from = w->out;
    w->out += n;
    if (w->out <= *end)
        return true;
    size_t known = from < *end ? (size_t)(*end - from) : 0;
    *end = w->out;
    return w->io->data(w->io->ctx, from + known, w->room + known, n - known);
}

static bool run(work *w, uint64_t at, uint64_t *end)
{
    for (;;) {
        if (w->z.avail_in == 0) {
            size_t got = w->io->read(w->io->ctx, at, w->in, sizeof w->in);
            if (got == 0 || got > sizeof w->in)
                return false;
            at += got;
            w->z.next_in = w->in;
            w->z.avail_in = (uInt)got;
        }
        w->z.next_out = w->room;
        w->z.avail_out = sizeof w->room;
        int r = inflate(&w->z, Z_SYNC_FLUSH);
        size_t n = sizeof w->room - w->z.avail_out;
        if (n && !give(w, n, end))
            return false;
        if (r != Z_OK && r != Z_BUF_ERROR)
            return r == Z_STREAM_END;
    }
}

bool st_salvage(const st_unpack_io *io, st_deflated how, uint64_t at, uint64_t *end)
{
    work *w = calloc(1, sizeof *w);
    bool whole = false;
    if (!w)
        return false;
    w->io = io;
    if (inflateInit2(&w->z, how == ST_DEFLATE_GZIP ? 16 + MAX_WBITS : -MAX_WBITS) == Z_OK) {
        whole = run(w, at, end);
        inflateEnd(&w->z);
    }
    free(w);
    return whole;
}
