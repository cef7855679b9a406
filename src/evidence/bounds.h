/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - sizes that an archive states and libarchive allots without a question, looked at
 * before libarchive sees them. Private to src/evidence.
 */
#ifndef ST_EVIDENCE_BOUNDS_H
#define ST_EVIDENCE_BOUNDS_H

#include "unpack.h"

/* A 7z's start header: is there such a directory in a file of that size, and is it no larger than
 * may be? Format: 7zFormat.txt of the LZMA SDK, SignatureHeader. */
st_unpacked st_7z_bounds(const st_unpack_io *io, uint64_t size);

/* Bytes in a row, as they come. */
typedef struct st_pull {
    void *ctx;
    size_t (*read)(void *ctx, void *to, size_t n); /* 0: no more */
    void (*skip)(void *ctx, uint64_t n);           /* behind those that were read */
} st_pull;

/* A cpio's members up to the first whose name is longer than may be; UINT64_MAX: there is none.
 * Only the form with hexadecimal numbers (newc, 070701 and 070702) can state a length that matters.
 * Bytes between members are passed over as libarchive does. Format: cpio(5). */
uint64_t st_cpio_members(const st_pull *p);

#endif
