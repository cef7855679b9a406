/*
 * libevtx.c - the second reader: one chunk through libevtx, then through libxml2.
 *
 * libevtx wants a file, so the chunk is put behind a header made for the purpose, in
 * memory. Records are asked for one by one, by index: one that can't be read costs no
 * other. What libevtx doesn't give (the record's own header) is read from the chunk.
 */
#include "evtx/engine.h"
#include "evtx/xml.h"
#include "base/limits.h"

#include <libbfio.h>
#include <libdeflate.h>
#include <libevtx.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 4096, CHUNK = 65536, RECORD_HEADER = 24, RECORD_MIN = 28, FIRST_RECORD = 512 };

struct st_libevtx {
    unsigned char *image; /* file header and chunk */
    char *text;           /* XML of the record in hand */
    size_t text_cap;
    st_xml *xml;
    uint32_t live[CHUNK / RECORD_MIN]; /* where live records begin in the chunk */
    size_t nlive;
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

static void build_image(st_libevtx *s, const st_chunk *c)
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
    size_t n = c->n < CHUNK ? c->n : CHUNK;
    memcpy(h + FILE_HEADER, c->bytes, n);
    memset(h + FILE_HEADER + n, 0, CHUNK - n);
    memcpy(h + FILE_HEADER, "ElfChnk", 8);
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

static st_code one_record(st_libevtx *s, const st_chunk *c, libevtx_record_t *record, const place *p,
                          st_origin origin)
{
    size_t n = 0;
    const char *reason = NULL;
    st_code code = fetch_text(s, record, &n, &reason);
    if (code == ST_E_EVIDENCE) {
        lost(c, p, reason);
        return ST_OK;
    }
    return code ? code : deliver(s, c, p, origin, n);
}

static place place_of(const st_chunk *c, libevtx_record_t *record)
{
    off64_t offset = -1;
    if (libevtx_record_get_offset(record, &offset, NULL) != 1)
        return (place){ 0, 0 };
    return place_at(c, (int64_t)offset - FILE_HEADER);
}

/* ---- all records ------------------------------------------------------------------------------ */

/* Where the records stand by their headers alone: names the place of one that libevtx
 * doesn't give at all. */
static place walk_to(const st_chunk *c, int index)
{
    place p = place_at(c, FIRST_RECORD);
    for (int i = 0; i < index && p.size; i++)
        p = place_at(c, (int64_t)p.at + p.size);
    return p;
}

static st_code live_records(st_libevtx *s, const st_chunk *c, session *o, st_err *err)
{
    int count = 0;
    s->nlive = 0;
    if (libevtx_file_get_number_of_records(o->file, &count, NULL) != 1)
        return ST_OK;
    st_code code = ST_OK;
    for (int i = 0; !code && i < count; i++) {
        libevtx_record_t *record = NULL;
        if (libevtx_file_get_record_by_index(o->file, i, &record, NULL) != 1) {
            place p = walk_to(c, i);
            lost(c, &p, "unreadable");
            continue;
        }
        place p = place_of(c, record);
        if (p.size && s->nlive < sizeof s->live / sizeof s->live[0])
            s->live[s->nlive++] = p.at;
        code = one_record(s, c, record, &p, ST_O_LIVE);
        libevtx_record_free(&record, NULL);
    }
    return code ? st_fail(err, code, "no memory to read an event") : ST_OK;
}

/* Does a recovered record only repeat a live one, byte for byte? */
static bool is_ghost(const st_libevtx *s, const st_chunk *c, const place *p)
{
    for (size_t i = 0; i < s->nlive; i++) {
        place l = place_at(c, s->live[i]);
        if (l.size == p->size && memcmp(c->bytes + l.at, c->bytes + p->at, p->size) == 0)
            return true;
    }
    return false;
}

static st_code recovered_records(st_libevtx *s, const st_chunk *c, session *o, st_err *err)
{
    int count = 0;
    if (libevtx_file_get_number_of_recovered_records(o->file, &count, NULL) != 1)
        return ST_OK;
    st_code code = ST_OK;
    for (int i = 0; !code && i < count; i++) {
        libevtx_record_t *record = NULL;
        if (libevtx_file_get_recovered_record_by_index(o->file, i, &record, NULL) != 1) {
            c->report->unparsable++;
            continue;
        }
        place p = place_of(c, record);
        if (p.size && is_ghost(s, c, &p))
            c->report->ghosts++;
        else
            code = one_record(s, c, record, &p, ST_O_SLACK);
        libevtx_record_free(&record, NULL);
    }
    return code ? st_fail(err, code, "no memory to read an event") : ST_OK;
}

st_code st_libevtx_chunk(st_libevtx *s, const st_chunk *c, st_err *err)
{
    session o = { NULL, NULL };
    build_image(s, c);
    if (!open_session(&o, s->image)) {
        close_session(&o);
        st_report_lost(c->report, c->offset, c->n, "unreadable-chunk");
        return ST_OK;
    }
    st_code code = live_records(s, c, &o, err);
    if (!code && c->options->slack)
        code = recovered_records(s, c, &o, err);
    close_session(&o);
    return code;
}
