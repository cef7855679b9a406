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
#include "evtx/engine.h"
#include "evtx/xml.h"
#include "base/limits.h"

#include <libbfio.h>
#include <libdeflate.h>
#include <libevtx.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 4096, CHUNK = 65536, RECORD_HEADER = 24, RECORD_MIN = 28, FIRST = 512 };

enum { UNIT = 8 }; /* records begin and end at multiples of it */

struct st_libevtx {
    unsigned char *image; /* file header and chunk */
    char *text;           /* XML of the record in hand */
    size_t text_cap;
    st_xml *xml;
    bool taken[CHUNK / UNIT]; /* units of the chunk that belong to a record that was offered */
    uint32_t end;             /* where live records end */
};

/* Where a record stands, by its own header. */
typedef struct place {
    uint32_t at, size; /* size 0: its header isn't one */
} place;

st_libevtx *st_libevtx_new(void)
{
    st_libevtx *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->image = calloc(1, FILE_HEADER + CHUNK);
    s->xml = st_xml_new();
    if (!s->image || !s->xml) {
        st_libevtx_free(s);
        return NULL;
    }
    return s;
}

void st_libevtx_free(st_libevtx *s)
{
    if (!s)
        return;
    free(s->image);
    free(s->text);
    st_xml_free(s->xml);
    free(s);
}

/* ---- the file in memory ---------------------------------------------------------------- */

static void put_le(unsigned char *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static place place_at(const st_chunk *c, int64_t offset)
{
    place p = { 0, 0 };
    if (offset < 0 || c->n < RECORD_MIN || (uint64_t)offset > c->n - RECORD_MIN)
        return p;
    p.at = (uint32_t)offset;
    const unsigned char *b = c->bytes + p.at;
    uint64_t size = get_le(b + 4, 4);
    if (memcmp(b, "**\0\0", 4) == 0 && size >= RECORD_MIN && size <= c->n - p.at)
        p.size = (uint32_t)size;
    return p;
}

/* The same, and the size behind it agrees. */
static place sound_at(const st_chunk *c, int64_t offset)
{
    place p = place_at(c, offset);
    if (p.size && get_le(c->bytes + p.at + p.size - 4, 4) != p.size)
        p.size = 0;
    return p;
}

/* The last of the sound records that follow each other without a gap; size 0: not even one. */
static place last_of_run(const st_chunk *c, uint32_t from)
{
    place last = { from, 0 };
    for (place p = sound_at(c, from); p.size; p = sound_at(c, (int64_t)p.at + p.size))
        last = p;
    return last;
}

static void build_header(st_libevtx *s)
{
    static const struct {
        unsigned at, n;
        uint64_t value;
    } rows[] = {
        { 24, 8, 1 },           /* next record number */
        { 32, 4, 128 },         /* size of the header */
        { 36, 2, 1 },           /* minor version */
        { 38, 2, 3 },           /* major version */
        { 40, 2, FILE_HEADER }, /* size of the block it lies in */
        { 42, 2, 1 },           /* chunks */
    };
    unsigned char *h = s->image;
    memset(h, 0, FILE_HEADER);
    memcpy(h, "ElfFile", 8);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_le(h + rows[i].at, rows[i].value, rows[i].n);
    put_le(h + 124, libdeflate_crc32(0, h, 120), 4);
}

static void copy_chunk(st_libevtx *s, const st_chunk *c)
{
    unsigned char *chunk = s->image + FILE_HEADER;
    size_t n = c->n < CHUNK ? c->n : CHUNK;
    memcpy(chunk, c->bytes, n);
    memset(chunk + n, 0, CHUNK - n);
    memcpy(chunk, "ElfChnk", 8);
    put_le(chunk + 40, 128, 4);
}

/* Says in the copy's header where its last record begins and where it ends. */
static void set_extent(st_libevtx *s, const place *last)
{
    put_le(s->image + FILE_HEADER + 44, last->at, 4);
    put_le(s->image + FILE_HEADER + 48, last->at + last->size, 4);
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
           libbfio_memory_range_set(o->handle, image, FILE_HEADER + CHUNK, NULL) == 1 &&
           libevtx_file_initialize(&o->file, NULL) == 1 &&
           libevtx_file_open_file_io_handle(o->file, o->handle, LIBEVTX_OPEN_READ, NULL) == 1;
}

/* ---- one record --------------------------------------------------------------------------- */

/* The reason for a record that gave nothing, as a stable word, from libevtx's own. */
static const char *reason_of(libevtx_error_t *error)
{
    static const struct {
        const char *part, *word;
    } rows[] = {
        { "unsupported type", "bad-token" },
        { "out of bounds", "bad-size" },
        { "exceeds maximum", "bad-size" },
        { "too small", "bad-size" },
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

static void lost(const st_chunk *c, const place *p, const char *reason)
{
    c->report->unparsable++;
    if (p->size)
        st_report_lost(c->report, c->offset + p->at, p->size, reason);
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

static void fill_header(const st_chunk *c, const place *p, st_origin origin, st_record *r)
{
    const unsigned char *b = c->bytes + p->at;
    memset(r, 0, sizeof *r);
    r->offset = c->offset + p->at;
    if (c->n - p->at >= RECORD_HEADER) {
        r->number = get_le(b + 8, 8);
        r->written = get_le(b + 16, 8);
    }
    r->origin = origin;
    r->flags = c->flags;
    if (p->size && get_le(b + p->size - 4, 4) != p->size)
        r->flags |= ST_R_TRAILER;
}

static st_code deliver(st_libevtx *s, const st_chunk *c, const place *p, st_origin origin, size_t n)
{
    st_record r;
    uint64_t lossy = 0;
    fill_header(c, p, origin, &r);
    st_code code = st_xml_read(s->xml, s->text, n, &lossy);
    if (!code)
        code = st_xml_system(s->xml, &r);
    if (code == ST_E_EVIDENCE)
        lost(c, p, "bad-xml");
    if (code)
        return code == ST_E_EVIDENCE ? ST_OK : code;
    if (!c->ops->want || c->ops->want(c->job, &r))
        code = st_xml_fields(s->xml, c->ops->name_id, &r);
    if (code)
        return code;
    c->report->lossy += lossy;
    if (origin == ST_O_SLACK)
        c->report->slack++;
    else
        c->report->records++;
    c->ops->record(c->job, &r);
    return ST_OK;
}

static st_code one_record(st_libevtx *s, const st_chunk *c, libevtx_record_t *record, const place *p)
{
    size_t n = 0;
    const char *reason = NULL;
    st_origin origin = p->at < s->end ? ST_O_LIVE : ST_O_SLACK;
    if (origin == ST_O_SLACK && !c->options->slack)
        return ST_OK;
    st_code code = fetch_text(s, record, &n, &reason);
    if (code == ST_E_EVIDENCE) {
        lost(c, p, reason);
        return ST_OK;
    }
    return code ? code : deliver(s, c, p, origin, n);
}

/* ---- all records ------------------------------------------------------------------------------ */

static bool is_taken(const st_libevtx *s, const place *p)
{
    return s->taken[p->at / UNIT];
}

static void take(st_libevtx *s, const place *p)
{
    for (uint32_t i = p->at / UNIT; i < (p->at + p->size) / UNIT; i++)
        s->taken[i] = true;
}

/* The place of a record. libevtx's own word for it is 0 in some versions, so it is the place
 * where the walk along sizes has come to, if the number there is the record's; else that
 * of a sound record with this number that nobody had yet. */
static place place_of(const st_libevtx *s, const st_chunk *c, libevtx_record_t *record, place here)
{
    uint64_t number = 0;
    if (libevtx_record_get_identifier(record, &number, NULL) != 1)
        return here;
    if (here.size && get_le(c->bytes + here.at + 8, 8) == number)
        return here;
    for (uint32_t at = FIRST; at + RECORD_MIN <= c->n; at += UNIT) {
        place p = s->taken[at / UNIT] ? (place){ 0, 0 } : sound_at(c, at);
        if (p.size && get_le(c->bytes + p.at + 8, 8) == number)
            return p;
    }
    return (place){ 0, 0 };
}

/* The record at an index of libevtx's list; here: where it should stand. */
static st_code by_index(st_libevtx *s, const st_chunk *c, session *o, int index, place here)
{
    libevtx_record_t *record = NULL;
    libevtx_error_t *error = NULL;
    st_code code = ST_OK;
    int rc = libevtx_file_get_record_by_index(o->file, index, &record, &error);
    place p = rc == 1 ? place_of(s, c, record, here) : here;
    if (!p.size) {
        c->report->unparsable++;
    } else if (!is_taken(s, &p)) {
        take(s, &p);
        if (rc == 1)
            code = one_record(s, c, record, &p);
        else if (p.at < s->end || c->options->slack)
            lost(c, &p, reason_of(error));
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
    int count = 0;
    st_code code = ST_OK;
    place here = place_at(c, from);
    if (!open_session(&o, s->image) ||
        libevtx_file_get_number_of_records(o.file, &count, NULL) != 1)
        count = 0;
    for (int i = skip; !code && i < count; i++) {
        code = by_index(s, c, &o, i, here);
        here = place_at(c, here.size ? (int64_t)here.at + here.size : -1);
    }
    close_session(&o);
    return code ? st_fail(err, code, "no memory to read an event") : ST_OK;
}

/* Offers the run of records that begins with p, behind a first record made to end there. */
static st_code read_run(st_libevtx *s, const st_chunk *c, const place *p, st_err *err)
{
    unsigned char *chunk = s->image + FILE_HEADER;
    place last = last_of_run(c, p->at);
    uint32_t fill = p->at - FIRST;
    st_code code = ST_OK;
    copy_chunk(s, c);
    set_extent(s, &last);
    if (fill >= RECORD_MIN) {
        memcpy(chunk + FIRST, "**\0\0", 4);
        put_le(chunk + FIRST + 4, fill, 4);
        put_le(chunk + p->at - 4, fill, 4);
    }
    if (fill == 0 || fill >= RECORD_MIN)
        code = read_image(s, c, p->at, fill ? 1 : 0, err);
    if (!code && !is_taken(s, p)) {
        take(s, p);
        lost(c, p, "unreadable");
    }
    return code;
}

/* Live records end where the header says, if it says anything possible, else where the
 * first run does. */
static uint32_t live_end(const st_chunk *c)
{
    place last = last_of_run(c, FIRST);
    uint64_t free_offset = c->n >= FIRST ? get_le(c->bytes + 48, 4) : 0;
    if (free_offset >= FIRST && free_offset <= CHUNK)
        return (uint32_t)free_offset;
    return last.at + last.size;
}

/* As it is, but for a header that would keep libevtx out. */
static st_code read_as_it_is(st_libevtx *s, const st_chunk *c, st_err *err)
{
    place last = last_of_run(c, FIRST);
    copy_chunk(s, c);
    if (get_le(s->image + FILE_HEADER + 48, 4) != s->end)
        set_extent(s, &last);
    return read_image(s, c, FIRST, 0, err);
}

st_code st_libevtx_chunk(st_libevtx *s, const st_chunk *c, st_err *err)
{
    if (c->n < FIRST + RECORD_MIN || c->n > CHUNK)
        return ST_OK;
    memset(s->taken, 0, sizeof s->taken);
    s->end = live_end(c);
    build_header(s);
    st_code code = read_as_it_is(s, c, err);
    size_t stop = c->options->slack || s->end > c->n ? c->n : s->end;
    for (uint32_t at = FIRST; !code && at + RECORD_MIN <= stop; at += UNIT) {
        place p = s->taken[at / UNIT] ? (place){ 0, 0 } : sound_at(c, at);
        if (p.size)
            code = read_run(s, c, &p, err);
    }
    return code;
}
