/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h - what the targets that read events have in common: records are taken as the program
 * takes them, and what must hold whatever the bytes were is asserted.
 */
#ifndef SHELLTREE_FUZZ_DECODE_H
#define SHELLTREE_FUZZ_DECODE_H

#include "evtx/engine.h"

/* What was seen by one reading. Zeroed to begin with; fuzz_seen_free ends it. */
typedef struct fuzz_seen {
    st_buf text, event; /* a value at a time, a document at a time */
    bool xml;           /* each record has to have it */
    uint64_t records;
    uint64_t values; /* a hash of all fields as text */
} fuzz_seen;

/* A record callback whose job is a fuzz_seen. Aborts unless every name and value is UTF-8 and
 * the XML, where there is one, is one line and well-formed. */
void fuzz_take(void *job, const st_record *r);
void fuzz_seen_free(fuzz_seen *s);

/* n bytes as one chunk (what is beyond 65,536 is ignored), read for its fields and once more for
 * fields and XML. Aborts unless both readings give the same records and their accounts add up. */
void fuzz_chunk(const void *bytes, size_t n);

#endif
