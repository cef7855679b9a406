/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - one archive, read with libarchive: bytes are asked for, members are given. Private to
 * src/evidence.
 *
 * What a file is was told by its bytes before; only that one format is switched on. Nothing is ever
 * created by a member's name.
 *
 * Threads  an object belongs to one thread. libarchive has no state outside of it.
 */
#ifndef ST_EVIDENCE_UNPACK_H
#define ST_EVIDENCE_UNPACK_H

#include "shelltree/base.h"

typedef enum st_format {
    ST_F_NONE,
    ST_F_ZIP,
    ST_F_7Z,
    ST_F_RAR,
    ST_F_CAB,
    ST_F_ISO,
    ST_F_TAR,
    ST_F_CPIO,
    ST_F_STREAM,     /* one compressed file: gzip, bzip2, xz, zstd, lz4 */
    ST_F_ZIP_STREAM, /* a zip without regard to its directory: by what stands before each member */
    ST_F_CASEDB,     /* not libarchive's: a case database (stored_source.c), */
    ST_F_CASEDB_OPENED /* and one that became its sources */
} st_format;

/* How a member, or the archive, ended. */
typedef enum st_unpacked {
    ST_U_OK,
    ST_U_DOUBTFUL,  /* read, but a checksum or a size is wrong */
    ST_U_FOLLOWED,  /* read to its end, and behind that is more, which isn't read */
    ST_U_BROKEN,    /* what was given is all that can be read of it */
    ST_U_ENCRYPTED, /* no password, or none that fits */
    ST_U_FOREIGN,   /* a way of packing or encrypting that libarchive doesn't know */
    ST_U_MEMORY     /* it asks for more memory than it may have */
} st_unpacked;

enum st_member_flags {
    ST_M_LINK = 1 << 0, /* a link, a device ...: no bytes of its own */
    ST_M_ENCRYPTED = 1 << 1
};

typedef struct st_unpack_io {
    void *ctx;
    /* Bytes of the archive at offset, at most n; 0 at its end, SIZE_MAX: an error. */
    size_t (*read)(void *ctx, uint64_t offset, void *to, size_t n);
    /* Is the i-th member, from 0, to be given by this call? NULL: all are. */
    bool (*mine)(void *ctx, uint64_t i);
    /* A member begins; false: it isn't wanted. name: bytes as stored, or empty where it can't be
     * told. size: as the archive says, 0 where it doesn't. */
    bool (*member)(void *ctx, uint64_t i, st_str name, unsigned flags, uint64_t size);
    /* Bytes of it, offsets rising; what is left out is zeros. False: no more is wanted. */
    bool (*data)(void *ctx, uint64_t offset, const void *p, size_t n);
    /* It has ended; size: of the whole where it ends with zeros, else 0. */
    void (*ended)(void *ctx, st_unpacked how, uint64_t size);
} st_unpack_io;

typedef struct st_unpack_order {
    st_format format;
    bool filtered;                /* compressed as a whole: tar.gz */
    uint64_t size;                /* of the archive */
    const char *const *passwords; /* tried in turn */
    size_t npasswords;
} st_unpack_order;

/* members: how many there were, directories too. */
st_unpacked st_unpack(const st_unpack_order *o, const st_unpack_io *io, uint64_t *members);

#endif
