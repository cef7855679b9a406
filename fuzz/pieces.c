/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - a source from its pieces. */
#include "pieces.h"

#include <libdeflate.h>
#include <string.h>

enum { HEADER_BLOCK = 4096, CHUNK = 65536, CHUNK_HEADER = 512 };

static uint32_t le32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(unsigned char *p, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static void seal_file(unsigned char *p)
{
    put_le32(p + 124, libdeflate_crc32(0, p, 120));
}

static void seal_chunk(unsigned char *p, size_t n)
{
    uint32_t end = le32(p + 48);
    if (end >= CHUNK_HEADER && end <= n)
        put_le32(p + 52, libdeflate_crc32(0, p + CHUNK_HEADER, end - CHUNK_HEADER));
    put_le32(p + 124, libdeflate_crc32(libdeflate_crc32(0, p, 120), p + 128, CHUNK_HEADER - 128));
}

static void seal(unsigned char *p, size_t n)
{
    if (n >= 128 && memcmp(p, "ElfFile", 8) == 0)
        seal_file(p);
    else if (n >= CHUNK_HEADER)
        seal_chunk(p, n);
}

void pieces_put(st_buf *out, st_str bytes, bool sealed)
{
    size_t n = bytes.n < PIECE_LENGTH ? bytes.n : PIECE_LENGTH,
           length = n | (sealed ? PIECE_SEALED : 0u);
    st_buf_char(out, (char)(length & 0xff));
    st_buf_char(out, (char)(length >> 8));
    st_buf_put(out, bytes.p, n);
}

void pieces_expand(st_str in, st_buf *out)
{
    static const char zeros[CHUNK];
    for (unsigned piece = 0; piece < PIECES && in.n >= 2; piece++) {
        size_t length = (unsigned char)in.p[0] | (size_t)(unsigned char)in.p[1] << 8;
        size_t n = length & PIECE_LENGTH;
        size_t place = piece ? HEADER_BLOCK + (size_t)(piece - 1) * CHUNK : 0;
        in.p += 2;
        in.n -= 2;
        n = n < in.n ? n : in.n;
        if (!piece && n > HEADER_BLOCK)
            n = HEADER_BLOCK;
        st_buf_put(out, zeros, place - out->n);
        st_buf_put(out, in.p, n);
        if (out->failed)
            return;
        if (n && (length & PIECE_SEALED))
            seal((unsigned char *)out->p + place, n);
        in.p += n;
        in.n -= n;
    }
}
