/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h - what every reader of event logs has to know of their bytes: sizes, marks, and
 * integers, all little-endian. Layout: libyal's documentation of the Windows XML Event Log format.
 *
 * A file is a header block and a grid of chunks; a chunk stands for itself: a header with its
 * tables, then records, one behind the other, each at a multiple of ST_EVTX_UNIT.
 */
#ifndef ST_EVTX_FORMAT_H
#define ST_EVTX_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ST_EVTX_FILE_HEADER 4096u    /* the block in front of the first chunk */
#define ST_EVTX_CHUNK 65536u         /* a chunk, whatever is in it */
#define ST_EVTX_FIRST_RECORD 512u    /* where records begin in it: the size of its header */
#define ST_EVTX_SECTOR 512u          /* copies of disks put chunks at multiples of it */
#define ST_EVTX_UNIT 8u              /* records begin and end at multiples of it */
#define ST_EVTX_RECORD_HEADER 24u    /* mark, size, number, time written */
#define ST_EVTX_RECORD_MIN 28u       /* and the size once more at the end */
#define ST_EVTX_RECORD_MARK 0x2a2au  /* "**", NUL, NUL */
#define ST_EVTX_FRAGMENT 0x0001010fu /* how a record's binary XML begins: version 1.1, no flags */

/* When a record can have been written. Fixed years rather than the clock, so that a run can be
 * repeated: 2006 is the format's first. */
#define ST_EVTX_TIME_MIN UINT64_C(127805472000000000)
#define ST_EVTX_TIME_MAX UINT64_C(157469184000000000) /* 2100 */

static inline uint16_t st_le16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t st_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t st_le64(const unsigned char *p)
{
    return st_le32(p) | (uint64_t)st_le32(p + 4) << 32;
}

/* n bytes, 8 at most; of a width that the compiler knows a load is made. */
static inline uint64_t st_le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    switch (n) {
    case 1: return p[0];
    case 2: return st_le16(p);
    case 4: return st_le32(p);
    case 8: return st_le64(p);
    default:
        for (size_t i = n; i-- > 0;)
            v = v << 8 | p[i];
        return v;
    }
}

/* Does a chunk begin with these n bytes? */
static inline bool st_evtx_is_chunk(const unsigned char *p, size_t n)
{
    return n >= 8 && memcmp(p, "ElfChnk", 8) == 0;
}

#endif
