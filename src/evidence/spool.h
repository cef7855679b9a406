/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - room for what came out of an archive and must be read at offsets: small things in
 * memory, the rest in one unlinked temporary file a thread. Private to src/evidence.
 *
 * Zeros take no room. Nothing in it has a name, so nothing is left behind however the program ends.
 */
#ifndef ST_EVIDENCE_SPOOL_H
#define ST_EVIDENCE_SPOOL_H

#include "shelltree/base.h"

#include <stdatomic.h>

/* What the spools of all threads share. */
typedef struct st_spool_room {
    const char *dir; /* where temporary files are made */
    bool nameless;   /* dir lies in the evidence: no name may appear there, however briefly */
    uint64_t most;   /* bytes in files */
    atomic_uint_fast64_t in_files, in_memory;
} st_spool_room;

typedef struct st_spool st_spool;

/* Where a thing lies: in memory, or in a file of the spool. */
typedef struct st_place {
    unsigned char *bytes; /* malloc'ed, the taker's; NULL: in the file */
    int fd;               /* the spool's, open as long as that */
    uint64_t at, size;
} st_place;

st_spool *st_spool_new(st_spool_room *room); /* NULL: no memory */
void st_spool_free(st_spool *s);

/* One thing at a time. Bytes come with rising offsets; what is left out is zeros. On failure err
 * says in the user's words what didn't fit where, and what has been put stays. */
st_code st_spool_put(st_spool *s, uint64_t offset, const void *p, size_t n, st_err *err);
/* Ends the thing, whose size is that of what was put, or `size` where that is more. */
st_code st_spool_end(st_spool *s, uint64_t size, st_place *out, st_err *err);
/* Forgets it. */
void st_spool_drop(st_spool *s);

#endif
