/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libevtx.c - the second reader: one chunk through libevtx, then through libxml2.
 *
 * libevtx wants a file, so the chunk is put behind a header made for the purpose, in
 * memory. Records are asked for one by one, by index: one that can't be read costs no
 * other. What libevtx doesn't give (the record's own header) is read from the chunk.
 *
 * libevtx walks records from the first one and stops at damage; what it recovers behind
 * that it gives no place for. So a run of records that it didn't reach is looked for by
 * signature and offered again, in a chunk whose first record is made to end where the run
 * begins. Only the copy is changed; names and templates stay where they were.
 */
#include "evtx/format.h"
#include "evtx/engine.h"
#include "evtx/repeat.h"
#include "evtx/xml.h"
#include "base/limits.h"
#include "shelltree/verify.h"

#include <libbfio.h>
#include <libdeflate.h>
#include <libevtx.h>
#include <stdlib.h>
#include <string.h>

struct st_libevtx {
    unsigned char *image; /* file header and chunk */
    unsigned char *clean; /* the chunk as it may be shown to libevtx */
    char *text;           /* XML of the record in hand */
    size_t text_cap;
    st_xml *xml;
    st_buf line; /* that record as XML on one line */
    bool taken[ST_EVTX_CHUNK /
               ST_EVTX_UNIT]; /* units of the chunk that belong to a record that was offered */
    uint32_t end;             /* where live records end */
    unsigned flags;           /* of the record in hand, if it had to be repaired */
    const char *damage;       /* what of it is lost */
    st_repeats repeats;
};

/* Where a record stands, by its own header. */
typedef struct place {
    uint32_t at, size; /* size 0: its header isn't one */
} place;

/* The library's release of 2018 takes the ends of the surrogate ranges for their beginnings,
 * so that every character beyond U+FFFF comes out too small by the same number. */
static uint32_t surrogate_shift(void)
{
    return strcmp(libevtx_get_version(), "20181227") == 0 ? 0x3ff : 0;
}

st_libevtx *st_libevtx_new(void)
{
    st_libevtx *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->image = calloc(1, ST_EVTX_FILE_HEADER + ST_EVTX_CHUNK);
    s->clean = calloc(1, ST_EVTX_CHUNK);
    s->xml = st_xml_new();
    if (!s->image || !s->clean || !s->xml) {
        st_libevtx_free(s);
        return NULL;
    }
    st_xml_shift(s->xml, surrogate_shift());
    return s;
}

void st_libevtx_free(st_libevtx *s)
{
    if (!s)
        return;
    free(s->image);
    free(s->clean);
    free(s->text);
    st_repeats_free(&s->repeats);
    st_xml_free(s->xml);
    st_buf_free(&s->line);
    free(s);
}

void st_libevtx_begin(st_libevtx *s)
{
    st_repeats_begin(&s->repeats);
}

/* the file in memory */

const char *st_second_reader_version(void)
{
    return libevtx_get_version();
}

static void put_le(unsigned char *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

/* Bytes of a chunk: the evidence, or the copy that libevtx is given. */
typedef struct view {
    const unsigned char *p;
    size_t n;
} view;

static place place_at(view v, int64_t offset)
{
    place p = { 0, 0 };
    if (offset < 0 || v.n < ST_EVTX_RECORD_MIN || (uint64_t)offset > v.n - ST_EVTX_RECORD_MIN)
        return p;
    p.at = (uint32_t)offset;
    uint64_t size = st_le(v.p + p.at + 4, 4);
    if (memcmp(v.p + p.at, "**\0\0", 4) == 0 && size >= ST_EVTX_RECORD_MIN && size <= v.n - p.at)
        p.size = (uint32_t)size;
    return p;
}

/* The same, and the size behind it agrees. */
static place sound_at(view v, int64_t offset)
{
    place p = place_at(v, offset);
    if (p.size && st_le(v.p + p.at + p.size - 4, 4) != p.size)
        p.size = 0;
    return p;
}

/* The next sound record at or behind offset; size 0: there is none. */
static place next_sound(view v, uint32_t offset)
{
    place p = { 0, 0 };
    for (uint32_t at = offset; at + ST_EVTX_RECORD_MIN <= v.n && !p.size; at += ST_EVTX_UNIT)
        p = sound_at(v, at);
    return p;
}

/* The last of the sound records that follow each other without a gap; size 0: not even one. */
static place last_of_run(view v, uint32_t from)
{
    place last = { from, 0 };
    for (place p = sound_at(v, from); p.size; p = sound_at(v, (int64_t)p.at + p.size))
        last = p;
    return last;
}

static uint64_t number_of(view v, const place *p)
{
    return st_le(v.p + p->at + 8, 8);
}

static void build_header(st_libevtx *s)
{
    static const struct {
        unsigned at, n;
        uint64_t value;
    } rows[] = {
        { 24, 8, 1 },                   /* next record number */
        { 32, 4, 128 },                 /* size of the header */
        { 36, 2, 1 },                   /* minor version */
        { 38, 2, 3 },                   /* major version */
        { 40, 2, ST_EVTX_FILE_HEADER }, /* size of the block it lies in */
        { 42, 2, 1 },                   /* chunks */
    };
    unsigned char *h = s->image;
    memset(h, 0, ST_EVTX_FILE_HEADER);
    memcpy(h, "ElfFile", 8);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_le(h + rows[i].at, rows[i].value, rows[i].n);
    put_le(h + 124, libdeflate_crc32(0, h, 120), 4);
}

/* Do the values that an instance says it has fit into the chunk? An instance: 0c, version, id,
 * place of the template, which lies right behind that the first time it is used; then the
 * number of values, and four bytes about each. */
static bool values_fit(const unsigned char *chunk, size_t at)
{
    if (chunk[at] != 0x0c || ST_EVTX_CHUNK - at < 14)
        return true;
    uint64_t template = st_le(chunk + at + 6, 4);
    at += 10;
    if (template == at) {
        if (ST_EVTX_CHUNK - at < 24)
            return false;
        uint64_t size = st_le(chunk + at + 20, 4);
        if (size > ST_EVTX_CHUNK - at - 24)
            return false;
        at += 24 + (size_t)size;
    }
    return ST_EVTX_CHUNK - at >= 4 && st_le(chunk + at, 4) <= (ST_EVTX_CHUNK - at - 4) / 4;
}

/* libevtx takes the number of an instance's values at its word and would read on behind its
 * memory: such an instance becomes something that it refuses. */
static void defuse(unsigned char *chunk)
{
    static const unsigned char head[] = { 0x0f, 0x01, 0x01, 0x00, 0x0c };
    const unsigned char *end = chunk + ST_EVTX_CHUNK, *b = chunk + ST_EVTX_FIRST_RECORD;
    for (size_t at = ST_EVTX_FIRST_RECORD; at + ST_EVTX_RECORD_MIN <= ST_EVTX_CHUNK;
         at += ST_EVTX_UNIT)
        for (size_t k = at + ST_EVTX_RECORD_HEADER;
             k <= at + ST_EVTX_RECORD_HEADER + 4 && k < ST_EVTX_CHUNK; k += 4)
            if (memcmp(chunk + at, "**\0\0", 4) == 0 && !values_fit(chunk, k))
                chunk[k] = 0xff;
    while ((b = memmem(b, (size_t)(end - b), head, sizeof head)) != NULL) {
        size_t at = (size_t)(b - chunk) + 4;
        if (!values_fit(chunk, at))
            chunk[at] = 0xff;
        b++;
    }
}

static void clean_chunk(st_libevtx *s, const st_chunk *c)
{
    unsigned char *chunk = s->clean;
    size_t n = c->n < ST_EVTX_CHUNK ? c->n : ST_EVTX_CHUNK;
    memcpy(chunk, c->bytes, n);
    memset(chunk + n, 0, ST_EVTX_CHUNK - n);
    memcpy(chunk, "ElfChnk", 8);
    put_le(chunk + 40, 128, 4);
    defuse(chunk);
}

static void copy_chunk(st_libevtx *s)
{
    memcpy(s->image + ST_EVTX_FILE_HEADER, s->clean, ST_EVTX_CHUNK);
}

/* Says in the copy's header where its last record begins and where it ends. */
static void set_extent(st_libevtx *s, const place *last)
{
    put_le(s->image + ST_EVTX_FILE_HEADER + 44, last->at, 4);
    put_le(s->image + ST_EVTX_FILE_HEADER + 48, last->at + last->size, 4);
}

typedef struct session {
    libbfio_handle_t *handle;
    libevtx_file_t *file;
} session;

static void close_session(session *o)
{
    if (o->file) {
        libevtx_file_close(o->file, NULL);
        libevtx_file_free(&o->file, NULL);
    }
    if (o->handle)
        libbfio_handle_free(&o->handle, NULL);
}

static bool open_session(session *o, unsigned char *image)
{
    return libbfio_memory_range_initialize(&o->handle, NULL) == 1 &&
           libbfio_memory_range_set(o->handle, image, ST_EVTX_FILE_HEADER + ST_EVTX_CHUNK, NULL) ==
               1 &&
           libevtx_file_initialize(&o->file, NULL) == 1 &&
           libevtx_file_open_file_io_handle(o->file, o->handle, LIBEVTX_OPEN_READ, NULL) == 1;
}

/* one record */

/* The reason for a record that gave nothing, as a stable word, from libevtx's own. */
static const char *reason_of(libevtx_error_t *error)
{
    static const struct {
        const char *part, *word;
    } rows[] = {
        { "unsupported type", "bad-token" }, { "out of bounds", "bad-size" },
        { "exceeds maximum", "bad-size" },   { "too small", "bad-size" },
        { "template", "no-template" },
    };
    char text[2048] = "";
    if (libevtx_error_backtrace_sprint(error, text, sizeof text) < 0)
        return "unreadable";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strstr(text, rows[i].part))
            return rows[i].word;
    return "unreadable";
}

/* Bytes that gave nothing. What lies in slack is no loss. */
static void lose_bytes(const st_libevtx *s, const st_chunk *c, const place *p, const char *reason)
{
    size_t left = c->n - p->at, n = p->size < left ? p->size : left;
    if (p->at < s->end)
        st_report_lost(c->report, c->offset + p->at, n, reason);
    else
        st_report_left(c->report, c->offset + p->at, n, reason);
}

static void lost(const st_libevtx *s, const st_chunk *c, const place *p, const char *reason)
{
    c->report->unparsable++;
    lose_bytes(s, c, p, reason);
}

/* The record's XML into s->text; on ST_E_EVIDENCE *reason says why there is none. */
static st_code fetch_text(st_libevtx *s, libevtx_record_t *record, size_t *n, const char **reason)
{
    libevtx_error_t *error = NULL;
    size_t size = 0;
    int rc = libevtx_record_get_utf8_xml_string_size(record, &size, &error);
    if (rc == 1 && size <= ST_MAX_EVENT_XML) {
        if (!st_grow(&s->text, &s->text_cap, size + 1, 1))
            return ST_E_MEMORY;
        rc = libevtx_record_get_utf8_xml_string(record, (uint8_t *)s->text, size, &error);
    }
    *reason = rc == 1 ? "too-long" : reason_of(error);
    libevtx_error_free(&error);
    if (rc != 1 || size == 0 || size > ST_MAX_EVENT_XML)
        return ST_E_EVIDENCE;
    *n = strnlen(s->text, size);
    return ST_OK;
}

static void fill_header(const st_libevtx *s, const st_chunk *c, const place *p, st_record *r)
{
    const unsigned char *b = c->bytes + p->at;
    memset(r, 0, sizeof *r);
    r->offset = c->offset + p->at;
    r->origin = p->at < s->end ? ST_O_LIVE : ST_O_SLACK;
    r->flags = c->flags | s->flags;
    r->lossy = &c->report->lossy;
    if (c->n - p->at >= ST_EVTX_RECORD_HEADER) {
        r->number = st_le(b + 8, 8);
        r->written = st_le(b + 16, 8);
    }
}

static void count(const st_libevtx *s, const st_chunk *c, const place *p)
{
    if (p->at < s->end)
        c->report->records++;
    else
        c->report->slack++;
    if (s->damage) {
        c->report->damaged++;
        lose_bytes(s, c, p, s->damage);
    }
}

/* Does the chunk hold this name as names are kept, with the right hash? Names that a template
 * refers to may be overwritten where the template itself isn't. */
static bool chunk_has_name(const void *ctx, st_str name)
{
    const st_chunk *c = ctx;
    unsigned char wide[4 + 2 * 256 + 2];
    uint32_t hash = 0;
    size_t n = 4, chars = 0;
    for (size_t i = 0; i < name.n; chars++) {
        uint32_t cp = st_utf8_next(name, &i);
        if (cp > 0xffff || chars >= 256)
            return false;
        hash = hash * 65599u + cp;
        put_le(wide + n, cp, 2);
        n += 2;
    }
    put_le(wide, hash & 0xffff, 2);
    put_le(wide + 2, chars, 2);
    put_le(wide + n, 0, 2);
    return memmem(c->bytes, c->n, wide, n + 2) != NULL;
}

static st_code deliver(st_libevtx *s, const st_chunk *c, const place *p, size_t n)
{
    st_record r;
    uint64_t lossy = 0;
    fill_header(s, c, p, &r);
    st_xml_spelled(s->xml, c->options->confined);
    st_code code = st_xml_read(s->xml, s->text, n, &lossy);
    if (!code)
        code = st_xml_system(s->xml, &r);
    if (code && code != ST_E_EVIDENCE)
        return code;
    bool sound = !code && (p->at < s->end || st_xml_names(s->xml, chunk_has_name, c));
    if (!sound) {
        lost(s, c, p, code ? "bad-xml" : "bad-name");
        return ST_OK;
    }
    if (!c->ops->want || c->ops->want(c->job, &r))
        code = st_xml_fields(s->xml, c->ops->name_id, &r);
    if (code)
        return code;
    if (c->options->xml) {
        st_buf_clear(&s->line);
        st_xml_render(s->xml, &s->line);
        r.xml = st_buf_slice(&s->line);
    }
    if (s->line.failed)
        return ST_E_MEMORY;
    c->report->lossy += lossy;
    count(s, c, p);
    c->ops->record(c->job, &r);
    return ST_OK;
}

/* Is the template that an instance names still there? A definition begins with the offset of
 * the next and a GUID whose first word is the template's id. libevtx doesn't look, and
 * would read a left-over record with whatever has taken the place since. */
static bool has_template(const st_chunk *c, const unsigned char *instance)
{
    uint64_t id = st_le(instance + 6, 4), at = st_le(instance + 10, 4);
    return at + 8 <= c->n && st_le(c->bytes + at + 4, 4) == id;
}

/* The same for the record, and if it is left over, for the instances inside it. */
static bool has_templates(const st_chunk *c, const place *p, bool live)
{
    static const unsigned char head[] = { 0x0f, 0x01, 0x01, 0x00, 0x0c, 0x01 };
    size_t n = c->n - p->at < p->size ? c->n - p->at : p->size;
    const unsigned char *b = c->bytes + p->at, *end = b + n;
    for (b += ST_EVTX_RECORD_HEADER; b < end; b++) {
        b = memmem(b, (size_t)(end - b), head, sizeof head);
        if (!b || end - b < 14 || (live && b != c->bytes + p->at + ST_EVTX_RECORD_HEADER))
            return true;
        if (!has_template(c, b))
            return false;
    }
    return true;
}

static st_code one_record(st_libevtx *s, const st_chunk *c, libevtx_record_t *record,
                          const place *p)
{
    size_t n = 0;
    const char *reason = NULL;
    if (p->at >= s->end && !c->options->slack)
        return ST_OK;
    bool whole = p->size <= c->n - p->at;
    if (whole && p->at >= s->end && st_repeats_has(&s->repeats, c, p->at, p->size)) {
        c->report->ghosts++;
        return ST_OK;
    }
    st_code code = ST_E_EVIDENCE;
    if (has_templates(c, p, p->at < s->end))
        code = fetch_text(s, record, &n, &reason);
    else
        reason = "no-template";
    if (code == ST_E_EVIDENCE) {
        lost(s, c, p, reason);
        return ST_OK;
    }
    if (code)
        return code;
    uint64_t before = c->report->records;
    code = deliver(s, c, p, n);
    if (!code && whole && c->report->records > before &&
        !st_repeats_put(&s->repeats, c, p->at, p->size))
        code = ST_E_MEMORY;
    return code;
}

/* all records */

static bool is_taken(const st_libevtx *s, const place *p)
{
    return s->taken[p->at / ST_EVTX_UNIT];
}

static void take(st_libevtx *s, const place *p)
{
    for (uint32_t i = p->at / ST_EVTX_UNIT; i < (p->at + p->size) / ST_EVTX_UNIT; i++)
        s->taken[i] = true;
}

/* The place of a record. libevtx's own word for it is 0 in some versions, so it is the place
 * where the walk along sizes has come to, if the number there is the record's; else that
 * of a sound record with this number that nobody had yet. */
static place place_of(const st_libevtx *s, view v, libevtx_record_t *record, place here)
{
    uint64_t number = 0;
    if (libevtx_record_get_identifier(record, &number, NULL) != 1 ||
        (here.size && number_of(v, &here) == number))
        return here;
    for (uint32_t at = ST_EVTX_FIRST_RECORD; at + ST_EVTX_RECORD_MIN <= v.n; at += ST_EVTX_UNIT) {
        place p = s->taken[at / ST_EVTX_UNIT] ? (place){ 0, 0 } : sound_at(v, at);
        if (p.size && number_of(v, &p) == number)
            return p;
    }
    return (place){ 0, 0 };
}

/* The record at an index of libevtx's list; here: where it should stand. */
static st_code by_index(st_libevtx *s, const st_chunk *c, session *o, int index, view v, place here)
{
    libevtx_record_t *record = NULL;
    libevtx_error_t *error = NULL;
    st_code code = ST_OK;
    int rc = libevtx_file_get_record_by_index(o->file, index, &record, &error);
    place p = rc == 1 ? place_of(s, v, record, here) : here;
    if (!p.size || p.at >= c->n) {
        c->report->unparsable++;
    } else if (!is_taken(s, &p)) {
        take(s, &p);
        if (rc == 1)
            code = one_record(s, c, record, &p);
        else if (p.at < s->end || c->options->slack)
            lost(s, c, &p, reason_of(error));
    }
    libevtx_error_free(&error);
    if (record)
        libevtx_record_free(&record, NULL);
    return code;
}

/* Reads what the copy in s->image holds, whose record number `skip` begins at `from`. */
static st_code read_image(st_libevtx *s, const st_chunk *c, uint32_t from, int skip, st_err *err)
{
    session o = { NULL, NULL };
    view v = { s->image + ST_EVTX_FILE_HEADER, ST_EVTX_CHUNK };
    int n = 0;
    st_code code = ST_OK;
    place here = place_at(v, from);
    if (!open_session(&o, s->image) || libevtx_file_get_number_of_records(o.file, &n, NULL) != 1)
        n = 0;
    for (int i = skip; !code && i < n; i++) {
        code = by_index(s, c, &o, i, v, here);
        here = place_at(v, here.size ? (int64_t)here.at + here.size : -1);
    }
    close_session(&o);
    return code ? st_fail(err, code, "no memory to read an event") : ST_OK;
}

/* Offers the records of the copy from first to last, behind a first record made to end
 * where they begin. */
static st_code offer(st_libevtx *s, const st_chunk *c, const place *first, const place *last,
                     st_err *err)
{
    unsigned char *chunk = s->image + ST_EVTX_FILE_HEADER;
    uint32_t fill = first->at - ST_EVTX_FIRST_RECORD;
    st_code code = ST_OK;
    set_extent(s, last);
    if (fill >= ST_EVTX_RECORD_MIN) {
        memcpy(chunk + ST_EVTX_FIRST_RECORD, "**\0\0", 4);
        put_le(chunk + ST_EVTX_FIRST_RECORD + 4, fill, 4);
        put_le(chunk + first->at - 4, fill, 4);
    }
    if (fill == 0 || fill >= ST_EVTX_RECORD_MIN)
        code = read_image(s, c, first->at, fill ? 1 : 0, err);
    if (!code && !is_taken(s, first)) {
        take(s, first);
        lost(s, c, first, "unreadable");
    }
    return code;
}

static st_code read_run(st_libevtx *s, const st_chunk *c, const place *first, st_err *err)
{
    place last = last_of_run((view){ c->bytes, c->n }, first->at);
    copy_chunk(s);
    return offer(s, c, first, &last, err);
}

/* How long a live record is whose sizes don't agree: as it says in front, if another record
 * or the end follows there, else up to the next sound record. *cut: the evidence ends in it. */
static place repair(st_libevtx *s, const st_chunk *c, uint32_t at, bool *cut)
{
    view v = { c->bytes, c->n };
    uint64_t said = st_le(c->bytes + at + 4, 4);
    place p = { at, 0 }, next = next_sound(v, at + ST_EVTX_UNIT);
    uint32_t bound = next.size && next.at < s->end ? next.at : s->end;
    *cut = c->n < ST_EVTX_CHUNK && bound >= c->n;
    p.size = bound - at;
    if (*cut)
        return p;
    if (said % ST_EVTX_UNIT == 0 && at + said == bound) {
        s->flags = ST_R_TRAILER;
    } else {
        s->flags = ST_R_REPAIRED;
        s->damage = "bad-size";
        p.size &= ~(uint32_t)(ST_EVTX_UNIT - 1);
    }
    return p;
}

static st_code read_odd(st_libevtx *s, const st_chunk *c, uint32_t at, st_err *err)
{
    unsigned char *chunk = s->image + ST_EVTX_FILE_HEADER;
    bool cut = false;
    place p = repair(s, c, at, &cut);
    st_code code = ST_OK;
    if (cut) { /* libevtx would take what is missing for zeros */
        lost(s, c, &p, "truncated");
        take(s, &p);
    } else if (p.size >= ST_EVTX_RECORD_MIN) {
        copy_chunk(s);
        put_le(chunk + at + 4, p.size, 4);
        put_le(chunk + at + p.size - 4, p.size, 4);
        code = offer(s, c, &p, &p, err);
    }
    s->flags = 0;
    s->damage = NULL;
    return code;
}

/* where live records end */

enum { NUMBER_STEP = 4096 }; /* how far numbers may jump over a loss */

/* Without a header to ask: live records are those numbered in sequence. */
static uint32_t sequence_end(view v)
{
    uint64_t last = 0;
    bool any = false;
    for (place p = next_sound(v, ST_EVTX_FIRST_RECORD); p.size; p = next_sound(v, p.at + p.size)) {
        uint64_t number = number_of(v, &p);
        if (any && (number <= last || number - last > NUMBER_STEP))
            return p.at;
        last = number;
        any = true;
    }
    return (uint32_t)v.n;
}

/* What the header says, where the records themselves don't contradict it. */
static uint32_t live_end(const st_chunk *c)
{
    view v = { c->bytes, c->n };
    uint64_t said = st_le(c->bytes + 48, 4), last = st_le(c->bytes + 32, 8), seen = 0;
    uint32_t at = ST_EVTX_FIRST_RECORD;
    if (said < ST_EVTX_FIRST_RECORD || said > c->n)
        return sequence_end(v);
    place p = sound_at(v, at);
    for (; p.size && at < said; p = sound_at(v, at)) {
        seen = number_of(v, &p);
        at += p.size;
    }
    bool more = at == said && at > ST_EVTX_FIRST_RECORD && seen < last && p.size &&
                number_of(v, &p) == seen + 1;
    bool agrees = at == said && (seen == last || said == ST_EVTX_FIRST_RECORD);
    return more || (c->header_bad && !agrees) ? sequence_end(v) : (uint32_t)said;
}

/* the chunk */

/* As it is, but for a header that would keep libevtx out. */
static st_code read_as_it_is(st_libevtx *s, const st_chunk *c, st_err *err)
{
    place last = last_of_run((view){ c->bytes, c->n }, ST_EVTX_FIRST_RECORD);
    copy_chunk(s);
    if (c->header_bad || st_le(c->bytes + 48, 4) != s->end)
        set_extent(s, &last);
    return read_image(s, c, ST_EVTX_FIRST_RECORD, 0, err);
}

static void skip_record(st_libevtx *s, const st_chunk *c, const place *p)
{
    take(s, p);
    lost(s, c, p, "limit");
}

/* What libevtx didn't come to. */
static st_code read_rest(st_libevtx *s, const st_chunk *c, st_err *err)
{
    view v = { c->bytes, c->n };
    size_t stop = c->options->slack ? c->n : s->end;
    st_code code = ST_OK;
    unsigned offers = 0;
    for (uint32_t at = ST_EVTX_FIRST_RECORD; !code && at + ST_EVTX_RECORD_MIN <= stop;
         at += ST_EVTX_UNIT) {
        if (s->taken[at / ST_EVTX_UNIT] || memcmp(c->bytes + at, "**\0\0", 4) != 0)
            continue;
        place p = sound_at(v, at);
        if (p.size && offers++ < ST_MAX_OFFERS)
            code = read_run(s, c, &p, err);
        else if (p.size)
            skip_record(s, c, &p);
        else if (at < s->end && offers++ < ST_MAX_OFFERS)
            code = read_odd(s, c, at, err);
    }
    return code;
}

/* False: there is no room for a record in it. */
static bool begin_chunk(st_libevtx *s, const st_chunk *c)
{
    if (c->n < ST_EVTX_FIRST_RECORD + ST_EVTX_RECORD_MIN || c->n > ST_EVTX_CHUNK)
        return false;
    memset(s->taken, 0, sizeof s->taken);
    st_repeats_chunk(&s->repeats, c->offset);
    s->flags = 0;
    s->damage = NULL;
    s->end = live_end(c);
    clean_chunk(s, c);
    build_header(s);
    return true;
}

st_code st_libevtx_one(st_libevtx *s, const st_chunk *c, uint32_t at, st_err *err)
{
    if (!begin_chunk(s, c) || at % ST_EVTX_UNIT || at < ST_EVTX_FIRST_RECORD ||
        at > c->n - ST_EVTX_RECORD_MIN)
        return ST_OK;
    place p = sound_at((view){ c->bytes, c->n }, at);
    if (!p.size)
        return memcmp(c->bytes + at, "**\0\0", 4) == 0 && at < s->end ? read_odd(s, c, at, err)
                                                                      : ST_OK;
    copy_chunk(s);
    return offer(s, c, &p, &p, err);
}

st_code st_libevtx_chunk(st_libevtx *s, const st_chunk *c, st_err *err)
{
    if (!begin_chunk(s, c))
        return ST_OK;
    st_code code = read_as_it_is(s, c, err);
    return code ? code : read_rest(s, c, err);
}
