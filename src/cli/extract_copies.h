/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_copies.h - which records are copies of others: the first pass of `extract`. Private to
 * it.
 *
 * Records of logs are copies where all is equal. One in another carrier is a copy of one with its
 * number where the fields are equal that both have, however they are spelled.
 */
#ifndef ST_CLI_EXTRACT_COPIES_H
#define ST_CLI_EXTRACT_COPIES_H

#include "shelltree/evtx.h"

/* A field that is compared across carriers. */
typedef struct st_said {
    uint32_t name, value; /* hashes */
} st_said;

/* One record of the first pass. */
typedef struct st_mark {
    uint64_t digest[2]; /* over its identity and every field */
    uint64_t offset;
    uint64_t key; /* host, event and number; 0: it can't be met in another carrier */
    st_ticks time;
    size_t said; /* its fields begin there */
    uint32_t nsaid;
    uint32_t source;
    uint8_t rank; /* the lower, the better a copy */
    bool carried; /* in another carrier than a log */
} st_mark;

typedef struct st_marks {
    st_mark *list;
    size_t n, cap;
    st_said *said;
    size_t nsaid, said_cap;
} st_marks;

/* carriers: are there any in the evidence? Only then fields are kept one by one. False: no memory.
 */
bool st_marks_add(st_marks *m, const st_record *r, const uint64_t seed[2], size_t source,
                  bool carried, bool carriers);
/* Puts b's behind a's. False: no memory. */
bool st_marks_join(st_marks *a, const st_marks *b);
/* Keeps only the copies that aren't to be shown. */
void st_marks_keep_copies(st_marks *m);
bool st_marks_has(const st_marks *m, size_t source, uint64_t offset);
void st_marks_free(st_marks *m);

#endif
