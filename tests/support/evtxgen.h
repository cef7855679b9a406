/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtxgen.h - writes Windows event logs, for tests.
 *
 * An event goes in as text, as a reader would show it, and comes out as binary
 * XML: by default an instance of an outer template (Event and System) whose
 * last value is an instance of an inner one (EventData), as a live Windows logs
 * it; or, with `literal`, spelled out without templates, as an event collector
 * stores it. A chunk is closed when a record doesn't fit any more.
 *
 * Ownership  the log borrows nothing behind gen_add; strings are copied into
 *            its bytes at once. gen_finish appends the file to a buffer.
 * Errors     sticky: gen_finish says whether all went well.
 */
#ifndef TESTS_SUPPORT_EVTXGEN_H
#define TESTS_SUPPORT_EVTXGEN_H

#include "shelltree/base.h"

/* Value types by their number in the format. */
enum {
    GEN_NULL = 0x00,
    GEN_STRING = 0x01,
    GEN_ANSI = 0x02,
    GEN_I8 = 0x03,
    GEN_U8 = 0x04,
    GEN_I16 = 0x05,
    GEN_U16 = 0x06,
    GEN_I32 = 0x07,
    GEN_U32 = 0x08,
    GEN_I64 = 0x09,
    GEN_U64 = 0x0a,
    GEN_FLOAT = 0x0b,
    GEN_DOUBLE = 0x0c,
    GEN_BOOL = 0x0d,
    GEN_BINARY = 0x0e,
    GEN_GUID = 0x0f,
    GEN_SIZE = 0x10,
    GEN_FILETIME = 0x11,
    GEN_SYSTEMTIME = 0x12,
    GEN_SID = 0x13,
    GEN_HEX32 = 0x14,
    GEN_HEX64 = 0x15,
    GEN_BXML = 0x21,
    GEN_STRINGS = 0x81 /* items one a line */
};

typedef struct gen_field {
    const char *name; /* NULL: a Data element without a Name */
    const char *text; /* UTF-8; NULL: the value is null */
    unsigned char type;
    unsigned char declared; /* what the template says; 0: the same */
} gen_field;

typedef struct gen_event {
    const char *provider, *provider_guid, *channel, *computer, *user_sid;
    uint16_t event_id, task;
    uint8_t version, level, opcode;
    uint64_t keywords;
    st_ticks created;         /* TimeCreated */
    st_ticks written;         /* the record header's time; 0: the same */
    uint64_t event_record_id; /* in the XML; 0: as in the record's header */
    uint32_t pid, tid;
    const gen_field *fields;
    size_t field_count;
    const char
        *user_data; /* the fields are elements of this one, below UserData; NULL: EventData */
    bool literal;   /* without templates */
    const char *rendering; /* literal only: the message of a RenderingInfo; NULL: none */
} gen_event;

typedef struct gen_options {
    bool dirty;              /* the file's dirty flag */
    bool no_crc;             /* flags say so and checksums are 0 */
    uint16_t minor;          /* 3.minor; 0: 1 */
    uint16_t claimed_chunks; /* what the header says; 0: the truth */
    uint64_t first_record;   /* number of the first record; 0: 1 */
    unsigned spare_chunks;   /* zeroed ones at the end, as Windows preallocates them */
} gen_options;

typedef struct gen_log gen_log;

gen_log *gen_new(const gen_options *options); /* NULL: no memory */
/* False when the event doesn't fit a chunk or a text isn't of its type. */
bool gen_add(gen_log *log, const gen_event *event);
/* A record whose binary XML is just these bytes. False when the chunk has no room for it. */
bool gen_add_raw(gen_log *log, st_str binxml);
/* The chunk being filled, and the place in it where the next record's binary XML will begin. */
const unsigned char *gen_chunk(const gen_log *log);
uint32_t gen_here(const gen_log *log);
/* Appends the body of an event's outer or inner template, spelled out as it would stand at `at`
 * in the chunk, names that the chunk has already as references. Changes nothing. */
bool gen_body(gen_log *log, const gen_event *event, bool inner, uint32_t at, st_buf *out);
/* Closes the chunk being filled. Its last `slack` records stay in the bytes, but
 * headers and checksum know nothing of them. */
bool gen_close_chunk(gen_log *log, unsigned slack);
/* For logs larger than memory: moves the chunks closed so far to out. What gen_finish appends is
 * then the file header and the chunks that are left. */
bool gen_take(gen_log *log, st_buf *out);
/* Appends the whole file to out and frees the log. A log without records has
 * one empty chunk. */
bool gen_finish(gen_log *log, st_buf *out);

#endif
