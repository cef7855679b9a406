/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtx.h - a source's bytes in, records out, as fields. Two readers stand
 * behind this door (native, libevtx); no later stage can tell which one it was
 * but by the type tags of the values.
 *
 * The unit of work is a run of 64 KiB slots of one source, so that one large
 * log and many small ones both keep all threads busy. Slots hold chunks; a chunk
 * is self-contained (names and templates never cross it).
 *
 * Ownership  a record and all it points to is valid only during the call that
 *            delivers it.
 * Errors     damage is no error: it is counted in the report of the source,
 *            with byte ranges and reasons. Errors are memory and I/O.
 * Threads    st_evtx_scan runs the callbacks of different jobs on different
 *            threads at once; one job stays on one thread; `end` is called for one
 *            job at a time, in the order of jobs (sources by name, then by offset).
 * Format     [MS-EVEN6] 2.2.12 (BinXml) and published notes on the file format.
 */
#ifndef SHELLTREE_EVTX_H
#define SHELLTREE_EVTX_H

#include "shelltree/evidence.h"

/* values */

/* The format's own type codes, [MS-EVEN6] 2.2.14; the high bit (0x80) marks an array.
 * ST_V_TEXT isn't one of them: UTF-8 text, as libevtx's XML gives it. */
typedef enum st_vtype {
    ST_V_NULL = 0x00,
    ST_V_STRING = 0x01,
    ST_V_ANSI = 0x02,
    ST_V_I8 = 0x03,
    ST_V_U8 = 0x04,
    ST_V_I16 = 0x05,
    ST_V_U16 = 0x06,
    ST_V_I32 = 0x07,
    ST_V_U32 = 0x08,
    ST_V_I64 = 0x09,
    ST_V_U64 = 0x0a,
    ST_V_FLOAT = 0x0b,
    ST_V_DOUBLE = 0x0c,
    ST_V_BOOL = 0x0d,
    ST_V_BINARY = 0x0e,
    ST_V_GUID = 0x0f,
    ST_V_SIZE = 0x10,
    ST_V_FILETIME = 0x11,
    ST_V_SYSTEMTIME = 0x12,
    ST_V_SID = 0x13,
    ST_V_HEX32 = 0x14,
    ST_V_HEX64 = 0x15,
    ST_V_BINXML = 0x21,
    ST_V_ARRAY = 0x80,
    ST_V_TEXT = 0x7f
} st_vtype;

typedef struct st_value {
    const unsigned char *p; /* NULL: absent */
    uint32_t n;             /* bytes */
    uint8_t type;           /* st_vtype */
    bool cut;               /* the value ran past the end of its record */
} st_value;

/* Appends the canonical text (UTF-8): numbers decimal, hex types 0x.. without leading
 * zeros, GUIDs upper case in braces, FILETIME as ISO with seven digits and Z, strings
 * without trailing NULs, binary as upper-case hex, array items joined by ", ".
 * Returns the number of characters that had to be replaced (lone surrogates). */
unsigned st_value_text(const st_value *v, st_buf *out);
/* The same as a string of JSON (st_json_exact). spare: room for what takes two steps. */
unsigned st_value_json(const st_value *v, st_buf *out, st_buf *spare);
/* Any integer type, or text in decimal or 0x form. */
bool st_value_u64(const st_value *v, uint64_t *out);
bool st_value_guid(const st_value *v, st_guid *out);   /* type 0f, or text */
bool st_value_ticks(const st_value *v, st_ticks *out); /* FILETIME, SYSTEMTIME, or ISO text */
/* Is it (as text) equal to this ASCII text, ignoring ASCII case? Nothing is allocated. */
bool st_value_is(const st_value *v, const char *ascii);

/* records */

typedef enum st_origin { ST_O_LIVE, ST_O_SLACK, ST_O_CARVED } st_origin;

enum st_record_flags {
    ST_R_CRC = 1 << 0,      /* its chunk's header or data checksum is wrong */
    ST_R_TRAILER = 1 << 1,  /* the size behind the record differs from the one in front */
    ST_R_BORROWED = 1 << 2, /* read with a template from elsewhere in the source, or a known one */
    ST_R_REPAIRED = 1 << 3, /* decoded by a fall-back (size or count corrected) */
    ST_R_PARTIAL = 1 << 4,  /* System or some values only: the rest is unreadable */
    ST_R_LITERAL = 1 << 5   /* written without a template (forwarded or re-exported) */
};

/* One value below EventData (or a leaf below UserData). */
typedef struct st_field {
    st_str name; /* UTF-8; unnamed Data are "Data1", "Data2" ... in order */
    uint16_t id; /* what the caller's name_id said of the name, 0 if nothing */
    st_value value;
} st_field;

typedef struct st_record {
    uint64_t offset;  /* of its first byte in the source */
    uint64_t number;  /* the number in the record's header (often not EventRecordID) */
    st_ticks written; /* the time in the record's header */
    st_origin origin;
    unsigned flags; /* st_record_flags */
    /* System */
    st_value provider, provider_guid, channel, computer, user_sid;
    uint32_t event_id;        /* 0xffffffff: not known */
    uint64_t event_record_id; /* 0: not known */
    st_ticks time_created;    /* 0: not known */
    uint8_t version, level, opcode;
    uint16_t task;
    uint64_t keywords;
    uint32_t execution_pid, execution_tid;
    /* EventData or UserData; empty where `want` said no */
    const st_field *fields;
    size_t nfields;
    uint64_t layout; /* records of a job's thread with one number have fields of the same names, in
                        the same order; 0: not known */
    bool user_data;  /* the fields come from UserData */
    const char *damage; /* with ST_R_PARTIAL: a stable word; else NULL */
    st_str xml;         /* the whole record, on one line, if asked for; else empty */
    /* Whoever turns a value into text adds here how many characters had to be replaced; in
     * xml they are counted already. NULL: nobody counts. */
    uint64_t *lossy;
} st_record;

/* reading */

typedef enum st_engine { ST_ENGINE_NATIVE, ST_ENGINE_LIBEVTX } st_engine;

typedef struct st_scan_options {
    st_engine engine;
    unsigned threads;      /* 0: one per processor */
    bool carve;            /* look for records off the 64 KiB grid and between chunks, too */
    bool digest;           /* SHA-256 of each source, on the bytes that were parsed */
    bool slack;            /* deliver recovered records (origin slack) */
    const st_source *only; /* read this source and no other; NULL: all */
    const uint8_t *some;   /* by place: read those that aren't 0; NULL: all */
    bool confined;         /* libevtx runs in child processes (below); no xml */
    bool xml;              /* fill a record's xml where its fields are wanted */
    unsigned run_slots;    /* 64 KiB in a piece of work; 0: as measured best. Changes no answer */
} st_scan_options;

/* Callbacks; any but record may be NULL. */
typedef struct st_scan_ops {
    /* Called once per name and template (or per field, by the libevtx reader): a number
     * for a name, which then comes with every field of that name. 0: unknown. Must be pure. */
    uint16_t (*name_id)(st_str name);
    /* A piece of work begins. Its return value is handed to the others as job.
     * source is its place in the evidence, thread counts from 0. */
    void *(*begin)(void *ctx, unsigned thread, size_t source);
    /* Are the fields wanted, and the rest of System? Of the record its own header, provider,
     * provider_guid, channel, computer, event_id, event_record_id and time_created are known. It
     * is delivered in any case; what isn't wanted is left empty. Without it all is wanted. */
    bool (*want)(void *job, const st_record *head);
    /* Of a record that is wanted: do its fields do, so that the rest of System may stay empty?
     * Without it that is wanted, too. */
    bool (*fields_do)(void *job, const st_record *head);
    /* Told of a record that isn't wanted, before it is delivered, by the native reader: the values
     * of type GUID that it holds, n of them, 16 bytes each, in any order, without a look at its
     * templates. 0: none, or they can't be told so. */
    void (*glance)(void *job, const st_record *head, const unsigned char *const *guids, size_t n);
    void (*record)(void *job, const st_record *r);
    /* With `confined`: the child ended, by itself or by a limit, while it read these bytes of the
     * source. Records of them may have been delivered before. */
    void (*ended)(void *job, uint64_t offset, uint64_t n);
    /* Both or neither. full: does the job hold so much that a part should go, before it ends? Asked
     * behind each record. part: lets that go; it is called when all jobs before have ended, so that
     * what is held for jobs whose turn hasn't come is bounded. */
    bool (*full)(const void *job);
    st_code (*part)(void *ctx, void *job, st_err *err);
    /* A slot of 64 KiB, numbered from 0 behind the file's header, is read from here on: what is
     * delivered until the next is found in it. Not called where jobs give parts. */
    void (*slot)(void *job, uint64_t slot);
    /* May that slot of a source be passed over? The others read as if none had been. Asked from
     * any thread; neither with carving nor with digests. */
    bool (*skip)(void *ctx, size_t source, uint64_t slot);
    /* In the order of jobs, one at a time. */
    st_code (*end)(void *ctx, void *job, st_err *err);
    /* From any thread, at times: bytes done so far of all that there are. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
} st_scan_ops;

/* Reads every readable source, fills the sources' status and report. With `confined` libevtx is
 * run in one child a thread that has limits on memory and time and, where the kernel offers it, a
 * filter that leaves it nothing but the line to its parent: its crash or its compromise costs one
 * chunk. Call it so while no other thread of the process runs. */
st_code st_evtx_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                     st_err *err);

/* A record's XML is UTF-8 in the form of the vendor's own rendering (no RenderingInfo is made
 * up): an <Event> without line breaks, well-formed whatever the evidence holds. Characters that
 * XML 1.0 doesn't allow become _xHHHH_ (hexadecimal, upper case), in names and text alike; text
 * that looks like that has its first underscore written as _x005F_, so both can be told apart.
 * Where something could not be rendered stands <?shelltree damage="reason"?>. */

/* Text as it may stand in such XML, in content and in attributes. */
void st_xml_put_text(st_buf *out, st_str s);

#endif
