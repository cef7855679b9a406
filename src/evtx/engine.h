/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - what the scanner asks of a reader: decode one chunk. Private to src/evtx.
 *
 * The scanner (scan.c) reads slots, finds chunks, checks checksums and classifies damage;
 * a reader turns one chunk's bytes into records. A reader keeps its memory in a state
 * object, one a thread.
 */
#ifndef ST_EVTX_ENGINE_H
#define ST_EVTX_ENGINE_H

#include "shelltree/evtx.h"

typedef struct st_chunk {
    const unsigned char *bytes; /* private copy; n of them, at most 65536 */
    size_t n;
    uint64_t offset; /* of the chunk in the source */
    bool header_bad; /* its header's checksum or magic is wrong */
    bool carved;     /* found in bytes that are no log: its records have origin carved */
    bool pieces;     /* cut, perhaps: what follows a break in it may be another's */
    unsigned flags;  /* ST_R_CRC where a checksum is wrong: on every record of it */
    const st_source *source;
    const st_scan_options *options;
    const st_scan_ops *ops;
    void *job;         /* for ops->want and ops->record */
    st_report *report; /* counters and ranges of this piece of work */
    /* Looks for the nth definition of a template in the rest of the source. True: *bytes (*n of
     * them, valid until the next call) is a chunk that has it at *def. NULL: not to be asked. */
    bool (*elsewhere)(void *ctx, uint32_t id, unsigned nth, const unsigned char **bytes, size_t *n,
                      uint32_t *def);
    /* Do the source's n bytes at that offset read the same? NULL: not to be asked. */
    bool (*same)(void *ctx, uint64_t offset, const unsigned char *p, size_t n);
    void *elsewhere_ctx; /* of all three */
    /* Told of the bytes that were read as a record, so that they aren't carved again; or NULL. */
    void (*taken)(void *ctx, uint64_t from, uint64_t to);
} st_chunk;

/* The libevtx reader: the chunk goes to libevtx behind a made-up file header, in memory,
 * record by record, so that one bad record costs one record. */
typedef struct st_libevtx st_libevtx;
st_libevtx *st_libevtx_new(void); /* NULL: no memory */
void st_libevtx_free(st_libevtx *s);
/* A new piece of work: the chunk that came last isn't the one before. */
void st_libevtx_begin(st_libevtx *s);
st_code st_libevtx_chunk(st_libevtx *s, const st_chunk *c, st_err *err);
/* The one record at `at` in the chunk, and no other. */
st_code st_libevtx_one(st_libevtx *s, const st_chunk *c, uint32_t at, st_err *err);

/* The native reader. */
typedef struct st_native st_native;
st_native *st_native_new(void);
void st_native_free(st_native *s);
/* A new piece of work: the chunk that came last isn't the one before. */
void st_native_begin(st_native *s);
st_code st_native_chunk(st_native *s, const st_chunk *c, st_err *err);
/* One record outside of any chunk, at `at` in c, which is as much of its chunk as is known.
 * Lone records share the work that a chunk may cost until st_native_rest gives them anew. */
st_code st_native_lone(st_native *s, const st_chunk *c, uint32_t at, uint32_t size, st_err *err);
void st_native_rest(st_native *s);

#endif
