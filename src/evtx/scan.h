/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - a scan under way: its sources, runs and threads, for the files that read them.
 * Private to src/evtx.
 */
#ifndef ST_EVTX_SCAN_H
#define ST_EVTX_SCAN_H

#include "engine.h"
#include "evtx/format.h"
#include "lone.h"
#include "remote.h"

#include <pthread.h>
#include <stdatomic.h>

/* What is known of one source while it is read. */
typedef struct st_scan_source {
    st_source *source;
    size_t place;       /* in the evidence */
    size_t first, runs; /* its runs */
    size_t merged;
    bool changed, unreadable;
    st_sha256_stream *digest;
    size_t digested;             /* runs */
    st_definitions *definitions; /* made when first asked for */
} st_scan_source;

typedef struct st_scan_run {
    size_t source; /* in the list of states */
    uint64_t slot; /* its first */
    uint64_t slots;
    void *job;
    st_report *report; /* made when it is done */
    bool changed, unreadable, done, begun;
} st_scan_run;

/* What one thread has. */
typedef struct st_scan_worker {
    st_native *native;
    st_libevtx *libevtx;
    st_remote *remote; /* instead of it, when confined */
    st_file *file;
    size_t file_of;       /* place in the list of states + 1 */
    unsigned char *bytes; /* one slot; with digests a whole run */
    unsigned char *extra; /* one slot, for chunks off the grid */
    unsigned char *other; /* one slot, for templates of other chunks */
    unsigned char *raw;   /* two slots, for what lies between chunks */
} st_scan_worker;

typedef struct st_scan {
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    st_scan_source *sources;
    st_scan_run *runs;
    st_scan_worker *workers;
    size_t nsources, nruns, next; /* next: the run to be ended */
    st_scan_ops watched;          /* where jobs give parts: ops with an eye on what they hold */
    uint64_t total, planned;      /* bytes of all sources; of those whose runs are made */
    atomic_uint_fast64_t done;
    atomic_bool stop;
    uint64_t run_slots; /* in a run, unless it is one of the last */
    unsigned threads;   /* so many runs may have begun behind the next to be ended */
    pthread_mutex_t lock;
    pthread_mutex_t looking; /* for definitions */
    pthread_cond_t turn;     /* a run of some source has been digested */
    st_code code;
    st_err *err;
} st_scan;

typedef struct st_scan_span {
    uint64_t from, to;
} st_scan_span;

typedef struct st_scan_spans {
    st_scan_span *list;
    size_t n, cap;
} st_scan_spans;

/* A run under way. */
typedef struct st_scan_turn {
    st_scan *s;
    st_scan_worker *w;
    st_scan_run *r;
    st_scan_source *src;
    const st_scan_ops *ops; /* what the readers are given: job is theirs, which may be the turn */
    void *job, *heard;
    st_report report;
    uint64_t covered;     /* chunks off the grid reach up to here */
    bool evtx;            /* not a file of another kind that is only carved */
    bool sparing;         /* carving: what the chunks hold is written down */
    st_scan_spans taken;  /* bytes that were read as a chunk or a record */
    st_scan_spans unread; /* bytes that are no chunk's, not reported yet */
    uint64_t window;      /* where the chunk of the lone records before this one began, */
    bool windowed;        /* if that is known */
} st_scan_turn;

/* scan_slots.c: what stands in a slot */

/* The scan ends with this error, if it has none yet. */
void st_scan_fail(st_scan *s, const st_err *why);
/* Opens the turn's source for its thread; false: it can't be, and the run is unreadable. */
bool st_scan_open(st_scan_turn *t);
/* Reads up to n bytes; fewer only at the end of the source. */
size_t st_scan_read(st_scan_turn *t, uint64_t offset, unsigned char *to, size_t n);
/* Reads without a word about what can't be read; bytes before the source's first are zero. */
size_t st_scan_peek(st_scan_turn *t, int64_t offset, unsigned char *to, size_t n);
/* The readers begin another run: what they remember of the one before goes. */
void st_scan_begin(st_scan_worker *w);
/* When carving: adds bytes to the list, without memory the scan fails. */
void st_scan_put_span(st_scan_turn *t, st_scan_spans *to, uint64_t from, uint64_t upto);
/* The templates of all of the source's chunks, found when first asked for; NULL: no memory. */
const st_definitions *st_scan_definitions(st_scan_turn *t);
/* st_chunk.elsewhere, of a turn. */
bool st_scan_elsewhere(void *ctx, uint32_t id, unsigned nth, const unsigned char **bytes, size_t *n,
                       uint32_t *def);
/* The next chunk's magic behind i. n: none. */
size_t st_scan_next_chunk(const st_scan_turn *t, const unsigned char *p, size_t i, size_t n);
/* Is it more than a magic? Programs that read logs have that in them, too. */
bool st_scan_chunk_like(const unsigned char *p, size_t n);
/* Reads what stands in a slot: its chunk, chunks off the grid, what is left of others. */
void st_scan_slot(st_scan_turn *t, uint64_t offset, const unsigned char *p, size_t n);
/* Reads the file's header; a log that begins with a chunk has lost it. */
void st_scan_header(st_scan_turn *t);

/* scan_carve.c: records outside of chunks */

/* Reports of each stretch that is no chunk's what was not read. */
void st_scan_report_unread(st_scan_turn *t);
/* Reads the lone records of [from, to) once the chunks there have been read; where the last ends.
 */
uint64_t st_scan_carve(st_scan_turn *t, uint64_t from, uint64_t to);

#endif
