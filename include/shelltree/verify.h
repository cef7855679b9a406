/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - the same evidence through both readers, compared record by record; and one
 * record confirmed by the second reader, in a process of its own.
 *
 * Records are matched by their place: (source, offset of the first byte). Compared is the XML that
 * each renders, field by field, and the native reader's fields with its own XML: the
 * fields of System (provider, its GUID, channel, computer, user's SID, EventID, EventRecordID,
 * TimeCreated, Version, Level, Opcode, Task, Keywords, process and thread) and, in order, the
 * name and value of every field of EventData or UserData.
 *
 * Both sides are compared as canonical text (st_value_text), after this normalisation, which
 * goes by the type of the native reader's value, never by how a text looks, takes away what the two
 * write differently and what XML can't hold, and nothing else:
 *   absent    no value, a null and an empty text are one
 *   hex       libevtx pads numbers of the hexadecimal types; one the other way round (0x1f, 31)
 * stays different time      FILETIME has seven digits, libevtx writes nine; a time before 1601 or
 * beyond the year 9999 is none NUL       at the end of a text: taken off array     as many fields
 * of one name U+FFFD    stands on both sides for what isn't a character escapes   what XML can't
 * hold is compared as it was before it was escaped number    in the System part a missing number is
 * 0 Everything else that differs is a difference. It is explained if it is of a known class
 * (st_class): each of these has a name, one sentence, and a test on the record's own bytes.
 *
 * Ownership  a verdict and all it points to is valid during the call that delivers it.
 * Errors     memory, or reading a file. Damage is in the sources' reports, as after any scan
 *            by the native reader.
 * Processes  libevtx runs in child processes (evtx.h, `confined`); what ends one costs its side of
 *            one chunk, whose records are then of the class reader-ended. So call it while no
 *            other thread of the process runs.
 * Threads    one caller; reading uses options->threads.
 */
#ifndef SHELLTREE_VERIFY_H
#define SHELLTREE_VERIFY_H

#include "shelltree/evtx.h"

/* A known defect or limit of one of the readers. */
typedef struct st_class {
    const char *name, *meaning;
} st_class;
size_t st_class_count(void);
const st_class *st_class_at(size_t i); /* NULL past the end */

typedef enum st_side { ST_DIFFER, ST_ONLY_NATIVE, ST_ONLY_LIBEVTX } st_side;

/* One record that the readers don't agree on: the first field that tells. */
typedef struct st_difference {
    uint64_t offset, number, event_record_id;
    st_side side;
    st_origin origin;    /* as the native reader says, if it has the record */
    unsigned flags;      /* st_record_flags, likewise */
    const char *damage;  /* likewise; NULL: none */
    const st_class *why; /* NULL: not explained */
    st_str field;        /* empty where only one reader has the record */
    st_str native, libevtx;
} st_difference;

/* What came out for one source. */
typedef struct st_verdict {
    size_t source; /* its place in the evidence */
    uint64_t agree, only_native, only_libevtx, differ;
    uint64_t unexplained;      /* of the last three */
    const uint64_t *by_class;  /* records of each class; a record may be of several */
    const st_difference *kept; /* unexplained ones first, then by offset */
    size_t nkept;
} st_verdict;

typedef struct st_verify_options {
    unsigned threads;
    bool carve, slack;
    size_t keep; /* differences kept for a source, of each kind (explained or not) */
    void (*source)(void *ctx, const st_verdict *v);
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* of one pass over one source */
    void *ctx;
} st_verify_options;

/* libevtx's own, static storage; NULL: this build is without the second reader. Then no reader of
 * it can be made, and who is asked for one says so first. */
const char *st_second_reader_version(void);
/* Starts a process as libevtx gets them and asks it: does a filter of system calls hold it? Where
 * there is none (no seccomp in the kernel, the build or the emulator) it has limits only, and
 * people should be told. */
bool st_second_reader_filtered(void);

/* Calls options->source for every source that could be read, in the order of the evidence.
 * Memory: 24 bytes a record of the largest source and reader, and ST_MAX_VERIFY_LOOK differing
 * records at a time. */
st_code st_verify(st_evidence *e, const st_verify_options *o, st_err *err);

/* one record confirmed */

typedef enum st_confirmed {
    ST_CONFIRM_UNREADABLE, /* libevtx can't read it, or not all of it (a known class) */
    ST_CONFIRM_YES,        /* every compared field is the same */
    ST_CONFIRM_NO          /* a field differs, and no class explains it */
} st_confirmed;
const char *st_confirmed_word(st_confirmed c); /* "unreadable", "yes", "no" */

/* Reads records again and compares. libevtx runs in a child process as above, one for all
 * sources; its death costs one record. Make it while no other thread of the process runs; several
 * may be used at once, each by one thread. */
typedef struct st_confirmer st_confirmer;
st_confirmer *st_confirmer_new(void); /* NULL: no memory */
void st_confirmer_free(st_confirmer *x);

/* Reads the records at these offsets of one source again, with both readers. out gets one answer an
 * offset. What can't be found again is unreadable. */
st_code st_confirm(st_confirmer *x, const st_source *s, const uint64_t *offsets, size_t n,
                   st_confirmed *out, st_err *err);

#endif
