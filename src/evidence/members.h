/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - one archive (or one thread's share of it) opened in a confined child: what is in it,
 * and the bytes of those members that may be evidence. Private to src/evidence.
 *
 * The child gives bytes and is believed nothing else: names are bounded, sizes counted, limits kept
 * here; what a member is, is told by its bytes here.
 *
 * Threads  one call a thread, several at once; each with its own spool.
 */
#ifndef ST_EVIDENCE_MEMBERS_H
#define ST_EVIDENCE_MEMBERS_H

#include "ledger.h"

typedef struct st_member {
    uint64_t i; /* its place in the archive */
    st_str name;
    unsigned flags; /* st_member_flags */
    st_kind kind;   /* of what is kept, by its beginning */
    st_unpacked how;
    bool kept;
    st_place place;
    const char *short_of; /* why it isn't kept, or not to its end; NULL. Static, or of the arena */
} st_member;

/* What all units of one run share. */
typedef struct st_intake_run {
    const st_intake *how;
    bool carve;
    atomic_uint_fast64_t unpacked; /* bytes that came out of archives */
    atomic_bool unfiltered;        /* some child's system calls weren't filtered */
} st_intake_run;

/* A share of an archive. */
typedef struct st_unit {
    const st_source *source; /* the archive */
    st_format format;
    bool filtered;
    const char *hides;            /* what the archive's directory doesn't tell of; NULL */
    bool open_inner;              /* archives in it are opened, too */
    atomic_uint_fast64_t *ticket; /* the next member that nobody has taken; NULL: all are its own */
    /* out */
    st_arena arena;
    st_member *members;
    size_t n, cap;
    uint64_t seen; /* members, directories too */
    st_unpacked how;
    const char *short_of; /* why it wasn't read to its end; NULL */
    st_format again;      /* it turned out to be this, compressed as a whole */
    st_code code;         /* no memory */
} st_unit;

void st_unit_read(st_intake_run *run, st_unit *u, st_spool *spool);
void st_unit_free(st_unit *u); /* not what places hold */

#endif
