/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeat.h - which left-over records only repeat a live one. Private to src/evtx.
 *
 * Whoever writes a log fills one buffer again and again: what it leaves behind the last record
 * of a chunk is what stood there in the chunk before. So a left-over record is looked for among
 * the live ones of its own chunk and of the one before, by its number and by its bytes: an
 * answer that depends on two chunks alone, however the work is shared out.
 */
#ifndef ST_EVTX_REPEAT_H
#define ST_EVTX_REPEAT_H

#include "evtx/engine.h"

typedef struct st_live {
    uint64_t number;
    uint32_t at, size;
} st_live;

/* The live records of a chunk, by number. */
typedef struct st_lives {
    st_live *list;
    size_t n, cap;
    uint64_t offset; /* of the chunk in the source */
} st_lives;

typedef struct st_repeats {
    st_lives now, before;
} st_repeats;

/* A new piece of work: nothing is known. */
void st_repeats_begin(st_repeats *r);
/* What is put from now on is of the chunk at that offset. */
void st_repeats_chunk(st_repeats *r, uint64_t offset);
/* A live record that was read, whose sizes agree. False: no memory. */
bool st_repeats_put(st_repeats *r, const st_chunk *c, uint32_t at, uint32_t size);
/* Do the bytes there only repeat one of them? */
bool st_repeats_has(const st_repeats *r, const st_chunk *c, uint32_t at, uint32_t size);
void st_repeats_free(st_repeats *r);

#endif
