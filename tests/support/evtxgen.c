/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtxgen.c - lays out chunks, records, names, templates and values.
 *
 * A record is written straight into the chunk's 65,536 bytes: names and
 * templates are known by their place there, the first use spells them out and
 * later uses refer back. Where a record turns out too long, the chunk is put
 * back as it was, closed, and the record written again into the next one.
 */
#include "evtxgen.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 65536,
    HEADER_BLOCK = 4096,
    FIRST_RECORD = 512,
    MAX_NAMES = 512,
    MAX_TEMPLATES = 128,
    MAX_RECORDS = 2400,
    MAX_FIELDS = 64,
    RECORD_HEADER = 24,
    SYSTEM_VALUES = 18,
    NO_DEPENDENCY = 0xffff
};

static const char event_namespace[] = "http://schemas.microsoft.com/win/2004/08/events/event";

typedef struct named_place {
    uint64_t key; /* of a name or a template */
    uint32_t at;
} named_place;

/* What must be put back when a record doesn't fit. */
typedef struct chunk_state {
    uint32_t at; /* where the next byte goes */
    size_t names, templates;
} chunk_state;

struct gen_log {
    gen_options options;
    st_buf chunks; /* closed ones */
    size_t taken;  /* and those that were moved away before */
    unsigned char chunk[CHUNK];
    chunk_state now;
    named_place names[MAX_NAMES];
    named_place templates[MAX_TEMPLATES];
    uint32_t records[MAX_RECORDS]; /* where they begin */
    size_t record_count;
    uint64_t first_in_chunk, next_record;
    bool overflow; /* this record doesn't fit this chunk */
    bool failed;
};

/* bytes */

static void store(unsigned char *p, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static void put(gen_log *g, const void *p, size_t n)
{
    if (n > CHUNK - g->now.at) {
        g->overflow = true;
        return;
    }
    if (n > 0)
        memcpy(g->chunk + g->now.at, p, n);
    g->now.at += (uint32_t)n;
}

static void put_int(gen_log *g, uint64_t v, size_t bytes)
{
    unsigned char b[8];
    store(b, v, bytes);
    put(g, b, bytes);
}

/* Room for a number that is known later. */
static uint32_t hold(gen_log *g, size_t bytes)
{
    uint32_t at = g->now.at;
    put_int(g, 0, bytes);
    return at;
}

static void fill(gen_log *g, uint32_t at, uint64_t v, size_t bytes)
{
    if (!g->overflow)
        store(g->chunk + at, v, bytes);
}

/* How many bytes came after a held u32. */
static void fill_length(gen_log *g, uint32_t at)
{
    fill(g, at, g->now.at - at - 4, 4);
}

static void utf16(st_buf *out, st_str s)
{
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp = st_utf8_next(s, &i);
        if (cp == UINT32_MAX)
            cp = 0xfffd;
        unsigned units[2] = { cp, 0 };
        size_t n = 1;
        if (cp > 0xffff) {
            units[0] = 0xd800 + ((cp - 0x10000) >> 10);
            units[1] = 0xdc00 + ((cp - 0x10000) & 0x3ff);
            n = 2;
        }
        for (size_t k = 0; k < n; k++) {
            st_buf_char(out, (char)(units[k] & 0xff));
            st_buf_char(out, (char)(units[k] >> 8));
        }
    }
}

/* names */

static uint16_t name_hash(const st_buf *units)
{
    uint32_t h = 0;
    for (size_t i = 0; i + 1 < units->n; i += 2) {
        unsigned unit = (unsigned char)units->p[i] | (unsigned)(unsigned char)units->p[i + 1] << 8;
        h = h * 65599u + unit;
    }
    return (uint16_t)h;
}

/* Hangs an entry whose first u32 is its chain in front of its bucket. */
static void chain(gen_log *g, uint32_t table, uint32_t buckets, uint32_t hash, uint32_t at)
{
    unsigned char *head = g->chunk + table + 4 * (hash % buckets);
    if (g->overflow)
        return;
    memcpy(g->chunk + at, head, 4);
    store(head, at, 4);
}

static void put_name(gen_log *g, const char *name)
{
    st_str s = st_str_of(name);
    uint64_t key = st_hash(s.p, s.n, 0);
    for (size_t i = 0; i < g->now.names; i++) {
        if (g->names[i].key == key) {
            put_int(g, g->names[i].at, 4);
            return;
        }
    }
    st_buf units = { 0 };
    utf16(&units, s);
    uint16_t hash = name_hash(&units);
    uint32_t at = g->now.at + 4;
    put_int(g, at, 4);
    put_int(g, 0, 4);
    put_int(g, hash, 2);
    put_int(g, units.n / 2, 2);
    put(g, units.p, units.n);
    put_int(g, 0, 2);
    chain(g, 128, 64, hash, at);
    if (!g->overflow && g->now.names < MAX_NAMES)
        g->names[g->now.names++] = (named_place){ key, at };
    else
        g->overflow = true;
    g->failed |= units.failed;
    st_buf_free(&units);
}

/* elements */

/* An element being written: where its two sizes are held. */
typedef struct element {
    uint32_t size, attributes;
} element;

/* dependency < 0: not in a template, so the word isn't there. */
static element open_element(gen_log *g, const char *name, int dependency, bool attributes)
{
    element e = { 0, 0 };
    put_int(g, attributes ? 0x41 : 0x01, 1);
    if (dependency >= 0)
        put_int(g, (unsigned)dependency, 2);
    e.size = hold(g, 4);
    put_name(g, name);
    if (attributes)
        e.attributes = hold(g, 4);
    return e;
}

static void begin_content(gen_log *g, const element *e)
{
    if (e->attributes != 0)
        fill_length(g, e->attributes);
    put_int(g, 0x02, 1);
}

static void end_element(gen_log *g, const element *e)
{
    put_int(g, 0x04, 1);
    fill_length(g, e->size);
}

static void end_empty(gen_log *g, const element *e)
{
    if (e->attributes != 0)
        fill_length(g, e->attributes);
    put_int(g, 0x03, 1);
    fill_length(g, e->size);
}

static void put_text(gen_log *g, st_str s, bool more)
{
    st_buf units = { 0 };
    utf16(&units, s);
    if (units.n / 2 > 0xffff)
        g->failed = true;
    put_int(g, more ? 0x45 : 0x05, 1);
    put_int(g, GEN_STRING, 1);
    put_int(g, units.n / 2, 2);
    put(g, units.p, units.n);
    g->failed |= units.failed;
    st_buf_free(&units);
}

static const char *entity_of(char c)
{
    static const struct {
        char c;
        const char *name;
    } table[] = { { '<', "lt" }, { '>', "gt" }, { '&', "amp" }, { '"', "quot" }, { '\'', "apos" } };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].c == c)
            return table[i].name;
    }
    return NULL;
}

/* Literal text, its five special characters as entity references. */
static void put_escaped(gen_log *g, const char *text)
{
    st_str rest = st_str_of(text);
    while (rest.n > 0) {
        size_t n = 0;
        while (n < rest.n && entity_of(rest.p[n]) == NULL)
            n++;
        if (n > 0)
            put_text(g, (st_str){ rest.p, n }, n < rest.n);
        rest.p += n;
        rest.n -= n;
        if (rest.n == 0)
            break;
        put_int(g, rest.n > 1 ? 0x49 : 0x09, 1);
        put_name(g, entity_of(rest.p[0]));
        rest.p++;
        rest.n--;
    }
}

static void attribute_name(gen_log *g, const char *name, bool more)
{
    put_int(g, more ? 0x46 : 0x06, 1);
    put_name(g, name);
}

static void put_substitution(gen_log *g, bool optional, unsigned index, unsigned type)
{
    put_int(g, optional ? 0x0e : 0x0d, 1);
    put_int(g, index, 2);
    put_int(g, type, 1);
}

static void put_fragment(gen_log *g)
{
    put(g, "\x0f\x01\x01\x00", 4);
}

/* values */

static bool value_hex(st_buf *out, st_str s)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        char two[5] = { '0', 'x', s.p[i], s.p[i + 1], 0 };
        uint64_t v = 0;
        if (!st_str_u64_any(st_str_of(two), &v))
            return false;
        st_buf_char(out, (char)v);
    }
    return s.n % 2 == 0;
}

static bool value_sid(st_buf *out, st_str s)
{
    st_str part;
    uint64_t numbers[18];
    size_t n = 0;
    if (!st_str_starts(s, ST_STR("S-")))
        return false;
    s.p += 2;
    s.n -= 2;
    while (n < 18 && st_str_cut(&s, '-', &part)) {
        if (!st_str_u64(part, &numbers[n++]))
            return false;
    }
    if (n < 2)
        return false;
    unsigned char b[8 + 16 * 4] = { (unsigned char)numbers[0], (unsigned char)(n - 2) };
    for (unsigned i = 0; i < 6; i++)
        b[2 + i] = (unsigned char)(numbers[1] >> (8 * (5 - i)));
    for (size_t i = 2; i < n; i++)
        store(b + 8 + 4 * (i - 2), numbers[i], 4);
    st_buf_put(out, b, 8 + 4 * (n - 2));
    return true;
}

static bool value_time(st_buf *out, st_str s, unsigned type)
{
    st_ticks t = 0;
    st_civil c;
    unsigned char b[16];
    if (!st_time_iso(s, &t))
        return false;
    if (type == GEN_FILETIME) {
        store(b, t, 8);
        st_buf_put(out, b, 8);
        return true;
    }
    if (!st_ticks_civil(t, &c))
        return false;
    unsigned weekday =
        (unsigned)(t / (ST_TICKS_SECOND * 86400) + 1) % 7; /* 1601 began on a Monday */
    int parts[8] = { c.year, c.month,  (int)weekday, c.day,
                     c.hour, c.minute, c.second,     c.tick / 10000 };
    for (size_t i = 0; i < 8; i++)
        store(b + 2 * i, (uint64_t)parts[i], 2);
    st_buf_put(out, b, 16);
    return true;
}

static bool value_number(st_buf *out, st_str s, size_t bytes)
{
    unsigned char b[8];
    uint64_t v = 0;
    bool minus = s.n > 0 && s.p[0] == '-';
    if (minus) {
        s.p++;
        s.n--;
    }
    if (!st_str_u64_any(s, &v))
        return false;
    store(b, minus ? 0 - v : v, bytes);
    st_buf_put(out, b, bytes);
    return true;
}

static bool value_real(st_buf *out, const char *text, unsigned type)
{
    double d = strtod(text, NULL);
    float f = (float)d;
    if (type == GEN_FLOAT)
        st_buf_put(out, &f, sizeof f);
    else
        st_buf_put(out, &d, sizeof d);
    return true;
}

static bool value_strings(st_buf *out, st_str s)
{
    st_str part;
    while (st_str_cut(&s, '\n', &part)) {
        utf16(out, part);
        st_buf_put(out, "\0", 2);
    }
    return true;
}

static bool value_guid(st_buf *out, st_str s)
{
    st_guid guid;
    if (!st_guid_parse(s, &guid))
        return false;
    st_buf_put(out, guid.b, 16);
    return true;
}

/* Appends a text as a value of the type; false when it isn't one. */
static bool encode(st_buf *out, const char *text, unsigned type)
{
    static const unsigned char width[0x16] = {
        [GEN_I8] = 1,   [GEN_U8] = 1,    [GEN_I16] = 2,  [GEN_U16] = 2,
        [GEN_I32] = 4,  [GEN_U32] = 4,   [GEN_I64] = 8,  [GEN_U64] = 8,
        [GEN_SIZE] = 8, [GEN_HEX32] = 4, [GEN_HEX64] = 8
    };
    st_str s = st_str_of(text);
    if (type < sizeof width && width[type] != 0)
        return value_number(out, s, width[type]);
    switch (type) {
    case GEN_NULL: /* leaked bytes that a reader must skip */
    case GEN_ANSI: st_buf_str(out, s); return true;
    case GEN_STRING: utf16(out, s); return true;
    case GEN_FLOAT:
    case GEN_DOUBLE: return value_real(out, text, type);
    case GEN_BOOL:
        st_buf_put(out, st_str_ieq(s, ST_STR("true")) ? "\1\0\0" : "\0\0\0", 4);
        return true;
    case GEN_BINARY: return value_hex(out, s);
    case GEN_GUID: return value_guid(out, s);
    case GEN_FILETIME:
    case GEN_SYSTEMTIME: return value_time(out, s, type);
    case GEN_SID: return value_sid(out, s);
    case GEN_STRINGS: return value_strings(out, s);
    default: return false;
    }
}

/* templates */

typedef struct template_id {
    unsigned char b[16];
} template_id;

/* As in Windows the content decides the GUID, so equal ones have equal bodies. */
static template_id identify(const st_buf *content)
{
    template_id id;
    store(id.b, st_hash(content->p, content->n, 1), 8);
    store(id.b + 8, st_hash(content->p, content->n, 2), 8);
    return id;
}

/* Begins an instance. True when its definition has to be spelled out here:
 * *body is then where the body's size is held. */
static bool begin_instance(gen_log *g, const template_id *id, uint32_t *body)
{
    uint64_t key = 0;
    memcpy(&key, id->b, sizeof key);
    put_int(g, 0x0c, 1);
    put_int(g, 1, 1);
    put(g, id->b, 4);
    for (size_t i = 0; i < g->now.templates; i++) {
        if (g->templates[i].key == key) {
            put_int(g, g->templates[i].at, 4);
            return false;
        }
    }
    uint32_t at = g->now.at + 4;
    put_int(g, at, 4);
    put_int(g, 0, 4);
    put(g, id->b, 16);
    *body = hold(g, 4);
    uint32_t hash = 0;
    for (size_t i = 0; i < 16; i += 2)
        hash = hash * 65599u + (id->b[i] | (uint32_t)id->b[i + 1] << 8);
    chain(g, 384, 32, hash, at);
    if (!g->overflow && g->now.templates < MAX_TEMPLATES)
        g->templates[g->now.templates++] = (named_place){ key, at };
    else
        g->overflow = true;
    put_fragment(g);
    return true;
}

static void end_definition(gen_log *g, uint32_t body)
{
    put_int(g, 0x00, 1);
    fill_length(g, body);
}

static void template_field(gen_log *g, const char *name, int dependency, unsigned index,
                           unsigned type)
{
    element e = open_element(g, name, dependency, false);
    begin_content(g, &e);
    put_substitution(g, true, index, type);
    end_element(g, &e);
}

typedef struct template_attribute {
    const char *name;
    unsigned index, type;
} template_attribute;

static void template_attributes(gen_log *g, const template_attribute *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        attribute_name(g, a[i].name, i + 1 < n);
        put_substitution(g, true, a[i].index, a[i].type);
    }
}

static void template_empty(gen_log *g, const char *name, const template_attribute *a, size_t n)
{
    element e = open_element(g, name, NO_DEPENDENCY, true);
    template_attributes(g, a, n);
    end_empty(g, &e);
}

static void template_system(gen_log *g, const char *computer)
{
    static const template_attribute provider[] = { { "Name", 14, GEN_STRING },
                                                   { "Guid", 15, GEN_GUID } };
    static const template_attribute qualifiers[] = { { "Qualifiers", 4, GEN_U16 } };
    static const template_attribute created[] = { { "SystemTime", 6, GEN_FILETIME } };
    static const template_attribute correlation[] = { { "ActivityID", 7, GEN_GUID },
                                                      { "RelatedActivityID", 13, GEN_GUID } };
    static const template_attribute execution[] = { { "ProcessID", 8, GEN_U32 },
                                                    { "ThreadID", 9, GEN_U32 } };
    static const template_attribute security[] = { { "UserID", 12, GEN_SID } };
    element system = open_element(g, "System", NO_DEPENDENCY, false);
    begin_content(g, &system);
    template_empty(g, "Provider", provider, 2);
    element id = open_element(g, "EventID", 3, true);
    template_attributes(g, qualifiers, 1);
    begin_content(g, &id);
    put_substitution(g, true, 3, GEN_U16);
    end_element(g, &id);
    template_field(g, "Version", 11, 11, GEN_U8);
    template_field(g, "Level", 0, 0, GEN_U8);
    template_field(g, "Task", 2, 2, GEN_U16);
    template_field(g, "Opcode", 1, 1, GEN_U8);
    template_field(g, "Keywords", 5, 5, GEN_HEX64);
    template_empty(g, "TimeCreated", created, 1);
    template_field(g, "EventRecordID", 10, 10, GEN_U64);
    template_empty(g, "Correlation", correlation, 2);
    template_empty(g, "Execution", execution, 2);
    template_field(g, "Channel", 16, 16, GEN_STRING);
    element host = open_element(g, "Computer", NO_DEPENDENCY, false);
    begin_content(g, &host);
    put_text(g, st_str_of(computer), false);
    end_element(g, &host);
    template_empty(g, "Security", security, 1);
    end_element(g, &system);
}

static void outer_definition(gen_log *g, const char *computer)
{
    element event = open_element(g, "Event", 17, true);
    attribute_name(g, "xmlns", false);
    put_text(g, st_str_of(event_namespace), false);
    begin_content(g, &event);
    template_system(g, computer);
    put_substitution(g, true, 17, GEN_BXML);
    end_element(g, &event);
}

static unsigned declared(const gen_field *f)
{
    return f->declared != 0 ? f->declared : f->type;
}

static void inner_definition(gen_log *g, const gen_event *ev)
{
    bool named = ev->user_data != NULL;
    element data = open_element(g, named ? "UserData" : "EventData", NO_DEPENDENCY, false), own;
    begin_content(g, &data);
    if (named) {
        own = open_element(g, ev->user_data, NO_DEPENDENCY, false);
        begin_content(g, &own);
    }
    for (size_t i = 0; i < ev->field_count; i++) {
        const gen_field *f = &ev->fields[i];
        bool attribute = !named && f->name != NULL;
        element e = open_element(g, named ? f->name : "Data", NO_DEPENDENCY, attribute);
        if (attribute) {
            attribute_name(g, "Name", false);
            put_text(g, st_str_of(f->name), false);
        }
        begin_content(g, &e);
        put_substitution(g, false, (unsigned)i, declared(f));
        end_element(g, &e);
    }
    if (named)
        end_element(g, &own);
    end_element(g, &data);
}

static template_id outer_id(const gen_event *ev)
{
    st_buf content = { 0 };
    st_buf_fmt(&content, "outer %s", ev->computer);
    template_id id = identify(&content);
    st_buf_free(&content);
    return id;
}

static template_id inner_id(const gen_event *ev)
{
    st_buf content = { 0 };
    st_buf_fmt(&content, "inner %s %u", ev->provider, ev->event_id);
    for (size_t i = 0; i < ev->field_count; i++) {
        const gen_field *f = &ev->fields[i];
        st_buf_fmt(&content, "\n%s:%x", f->name != NULL ? f->name : "", declared(f));
    }
    template_id id = identify(&content);
    st_buf_free(&content);
    return id;
}

/* Specs, then the bytes they speak of. */
static void put_values(gen_log *g, const gen_field *f, size_t n)
{
    st_buf bytes = { 0 };
    put_int(g, n, 4);
    for (size_t i = 0; i < n; i++) {
        size_t before = bytes.n;
        unsigned type = f[i].text == NULL ? GEN_NULL : f[i].type;
        if (f[i].text != NULL && !encode(&bytes, f[i].text, type))
            g->failed = true;
        if (bytes.n - before > 0xffff)
            g->failed = true;
        put_int(g, bytes.n - before, 2);
        put_int(g, type, 1);
        put_int(g, 0, 1);
    }
    put(g, bytes.p, bytes.n);
    g->failed |= bytes.failed;
    st_buf_free(&bytes);
}

/* events */

/* System's values as text, for both forms. */
typedef struct system_text {
    char number[9][24];
    st_buf created;
} system_text;

static void system_fields(const gen_event *ev, uint64_t record, system_text *t, gen_field *f)
{
    const uint64_t numbers[9] = { ev->level, ev->opcode, ev->task, ev->event_id, ev->keywords,
                                  ev->pid,   ev->tid,    record,   ev->version };
    static const unsigned char where[9] = { 0, 1, 2, 3, 5, 8, 9, 10, 11 };
    static const unsigned char types[SYSTEM_VALUES] = {
        GEN_U8,  GEN_U8,  GEN_U16, GEN_U16, GEN_U16,  GEN_HEX64,  GEN_FILETIME, GEN_GUID,   GEN_U32,
        GEN_U32, GEN_U64, GEN_U8,  GEN_SID, GEN_GUID, GEN_STRING, GEN_GUID,     GEN_STRING, GEN_BXML
    };
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < SYSTEM_VALUES; i++)
        f[i] = (gen_field){ .type = types[i] };
    for (size_t i = 0; i < 9; i++) {
        snprintf(t->number[i], sizeof t->number[i], "%llu", (unsigned long long)numbers[i]);
        f[where[i]].text = t->number[i];
    }
    st_buf_time_iso(&t->created, ev->created);
    st_buf_char(&t->created, 0);
    f[6].text = t->created.p;
    f[12].text = ev->user_sid;
    f[14].text = ev->provider;
    f[15].text = ev->provider_guid;
    f[16].text = ev->channel;
}

static void body_instance(gen_log *g, const gen_event *ev)
{
    uint32_t body = 0;
    template_id id = inner_id(ev);
    put_fragment(g);
    if (begin_instance(g, &id, &body)) {
        inner_definition(g, ev);
        end_definition(g, body);
    }
    put_values(g, ev->fields, ev->field_count);
    put_int(g, 0x00, 1);
}

static void template_event(gen_log *g, const gen_event *ev, const gen_field *system)
{
    uint32_t body = 0;
    template_id id = outer_id(ev);
    put_fragment(g);
    if (begin_instance(g, &id, &body)) {
        outer_definition(g, ev->computer);
        end_definition(g, body);
    }
    uint32_t specs = g->now.at + 4;
    put_values(g, system, SYSTEM_VALUES);
    uint32_t start = g->now.at;
    body_instance(g, ev);
    if (g->now.at - start > 0xffff)
        g->failed = true;
    fill(g, specs + 4 * (SYSTEM_VALUES - 1), g->now.at - start, 2);
    fill(g, specs + 4 * (SYSTEM_VALUES - 1) + 2, GEN_BXML, 1);
}

static void literal_text(gen_log *g, const char *name, const char *text)
{
    element e = open_element(g, name, -1, false);
    if (text == NULL || text[0] == 0) {
        end_empty(g, &e);
        return;
    }
    begin_content(g, &e);
    put_escaped(g, text);
    end_element(g, &e);
}

static void literal_attributes(gen_log *g, const char *name, const char *const pairs[][2], size_t n)
{
    element e = open_element(g, name, -1, true);
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        left += pairs[i][1] != NULL;
    for (size_t i = 0; i < n; i++) {
        if (pairs[i][1] == NULL)
            continue;
        attribute_name(g, pairs[i][0], --left > 0);
        put_text(g, st_str_of(pairs[i][1]), false);
    }
    end_empty(g, &e);
}

static void literal_system(gen_log *g, const gen_event *ev, const gen_field *f)
{
    const char *const provider[][2] = { { "Name", ev->provider }, { "Guid", ev->provider_guid } };
    const char *const created[][2] = { { "SystemTime", f[6].text } };
    const char *const execution[][2] = { { "ProcessID", f[8].text }, { "ThreadID", f[9].text } };
    const char *const security[][2] = { { "UserID", ev->user_sid } };
    char keywords[24];
    snprintf(keywords, sizeof keywords, "0x%llx", (unsigned long long)ev->keywords);
    element system = open_element(g, "System", -1, false);
    begin_content(g, &system);
    literal_attributes(g, "Provider", provider, 2);
    literal_text(g, "EventID", f[3].text);
    literal_text(g, "Version", f[11].text);
    literal_text(g, "Level", f[0].text);
    literal_text(g, "Task", f[2].text);
    literal_text(g, "Opcode", f[1].text);
    literal_text(g, "Keywords", keywords);
    literal_attributes(g, "TimeCreated", created, 1);
    literal_text(g, "EventRecordID", f[10].text);
    literal_text(g, "Correlation", NULL);
    literal_attributes(g, "Execution", execution, 2);
    literal_text(g, "Channel", ev->channel);
    literal_text(g, "Computer", ev->computer);
    literal_attributes(g, "Security", security, 1);
    end_element(g, &system);
}

static void literal_rendering(gen_log *g, const gen_event *ev)
{
    element e = open_element(g, "RenderingInfo", -1, true);
    attribute_name(g, "Culture", false);
    put_text(g, ST_STR("en-US"), false);
    begin_content(g, &e);
    literal_text(g, "Message", ev->rendering);
    literal_text(g, "Level", "Information");
    literal_text(g, "Opcode", "Info");
    literal_text(g, "Channel", ev->channel);
    literal_text(g, "Keywords", NULL);
    end_element(g, &e);
}

static void literal_event(gen_log *g, const gen_event *ev, const gen_field *system)
{
    put_fragment(g);
    element event = open_element(g, "Event", -1, true);
    attribute_name(g, "xmlns", false);
    put_text(g, st_str_of(event_namespace), false);
    begin_content(g, &event);
    literal_system(g, ev, system);
    element data = open_element(g, "EventData", -1, false);
    begin_content(g, &data);
    for (size_t i = 0; i < ev->field_count; i++) {
        const gen_field *f = &ev->fields[i];
        element e = open_element(g, "Data", -1, f->name != NULL);
        if (f->name != NULL) {
            attribute_name(g, "Name", false);
            put_text(g, st_str_of(f->name), false);
        }
        begin_content(g, &e);
        put_escaped(g, f->text != NULL ? f->text : "");
        end_element(g, &e);
    }
    end_element(g, &data);
    if (ev->rendering != NULL)
        literal_rendering(g, ev);
    end_element(g, &event);
}

/* records, chunks, the file */

/* What is left to write of a record whose header and binary XML are there. */
static void end_record(gen_log *g, uint32_t start)
{
    while (!g->overflow && (g->now.at - start + 4) % 8 != 0)
        put_int(g, 0, 1);
    uint32_t length = g->now.at - start + 4;
    put_int(g, length, 4);
    fill(g, start + 4, length, 4);
}

static void begin_record(gen_log *g, st_ticks written)
{
    put(g, "**\0", 4);
    put_int(g, 0, 4);
    put_int(g, g->next_record, 8);
    put_int(g, written, 8);
}

static void write_record(gen_log *g, const gen_event *ev, const gen_field *system)
{
    uint32_t start = g->now.at;
    begin_record(g, ev->written != 0 ? ev->written : ev->created);
    if (ev->literal)
        literal_event(g, ev, system);
    else
        template_event(g, ev, system);
    put_int(g, 0x00, 1);
    end_record(g, start);
}

static void start_chunk(gen_log *g)
{
    memset(g->chunk, 0, sizeof g->chunk);
    g->now = (chunk_state){ .at = FIRST_RECORD };
    g->record_count = 0;
    g->first_in_chunk = g->next_record;
    g->overflow = false;
}

gen_log *gen_new(const gen_options *options)
{
    gen_log *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    if (options != NULL)
        g->options = *options;
    g->next_record = g->options.first_record != 0 ? g->options.first_record : 1;
    start_chunk(g);
    return g;
}

/* The chunk as it was, so that it can be put back. */
typedef struct kept_chunk {
    chunk_state state;
    unsigned char tables[FIRST_RECORD];
} kept_chunk;

static void keep_chunk(const gen_log *g, kept_chunk *k)
{
    k->state = g->now;
    memcpy(k->tables, g->chunk, sizeof k->tables);
}

static void put_back(gen_log *g, const kept_chunk *k)
{
    memset(g->chunk + k->state.at, 0, CHUNK - k->state.at);
    memcpy(g->chunk, k->tables, sizeof k->tables);
    g->now = k->state;
    g->overflow = false;
}

/* Keeps the record that was just written, if there was room for it. */
static bool settle(gen_log *g, const kept_chunk *before)
{
    if (g->overflow || g->record_count == MAX_RECORDS) {
        put_back(g, before);
        return false;
    }
    g->records[g->record_count++] = before->state.at;
    g->next_record++;
    return true;
}

static bool try_record(gen_log *g, const gen_event *ev, const gen_field *system)
{
    kept_chunk before;
    keep_chunk(g, &before);
    write_record(g, ev, system);
    return settle(g, &before);
}

bool gen_add(gen_log *g, const gen_event *ev)
{
    gen_field system[SYSTEM_VALUES];
    system_text text;
    uint64_t record = ev->event_record_id != 0 ? ev->event_record_id : g->next_record;
    system_fields(ev, record, &text, system);
    bool done = ev->field_count <= MAX_FIELDS && try_record(g, ev, system);
    if (!done && ev->field_count <= MAX_FIELDS && g->record_count > 0)
        done = gen_close_chunk(g, 0) && try_record(g, ev, system);
    st_buf_free(&text.created);
    if (!done)
        g->failed = true;
    return !g->failed;
}

bool gen_add_raw(gen_log *g, st_str binxml)
{
    kept_chunk before;
    keep_chunk(g, &before);
    begin_record(g, ST_TICKS_UNIX);
    put(g, binxml.p, binxml.n);
    end_record(g, before.state.at);
    return settle(g, &before);
}

const unsigned char *gen_chunk(const gen_log *g)
{
    return g->chunk;
}

uint32_t gen_here(const gen_log *g)
{
    return g->now.at + RECORD_HEADER;
}

bool gen_body(gen_log *g, const gen_event *ev, bool inner, uint32_t at, st_buf *out)
{
    kept_chunk before;
    keep_chunk(g, &before);
    g->now.at = at;
    put_fragment(g);
    if (inner)
        inner_definition(g, ev);
    else
        outer_definition(g, ev->computer);
    put_int(g, 0x00, 1);
    bool fits = !g->overflow;
    if (fits)
        st_buf_put(out, g->chunk + at, g->now.at - at);
    put_back(g, &before);
    return fits;
}

static uint32_t crc(const gen_log *g, uint32_t sofar, const void *p, size_t n)
{
    return g->options.no_crc ? 0 : libdeflate_crc32(sofar, p, n);
}

bool gen_close_chunk(gen_log *g, unsigned slack)
{
    size_t kept = g->record_count > slack ? g->record_count - slack : 0;
    uint32_t end = kept < g->record_count ? g->records[kept] : g->now.at;
    uint64_t last = g->first_in_chunk + kept - 1;
    unsigned char *c = g->chunk;
    memcpy(c, "ElfChnk", 8);
    store(c + 8, kept > 0 ? g->first_in_chunk : 1, 8);
    store(c + 16, kept > 0 ? last : UINT64_MAX, 8);
    store(c + 24, kept > 0 ? g->first_in_chunk : UINT64_MAX, 8);
    store(c + 32, kept > 0 ? last : UINT64_MAX, 8);
    store(c + 40, 128, 4);
    store(c + 44, kept > 0 ? g->records[kept - 1] : 0, 4);
    store(c + 48, end, 4);
    store(c + 52, crc(g, 0, c + FIRST_RECORD, end - FIRST_RECORD), 4);
    store(c + 120, g->options.no_crc ? 5 : 1, 4);
    store(c + 124, crc(g, crc(g, 0, c, 120), c + 128, 384), 4);
    st_buf_put(&g->chunks, c, CHUNK);
    g->next_record = g->first_in_chunk + kept;
    start_chunk(g);
    return !g->chunks.failed;
}

static void file_header(const gen_log *g, unsigned char *h, size_t chunks)
{
    memset(h, 0, HEADER_BLOCK);
    memcpy(h, "ElfFile", 8);
    uint64_t claimed = g->options.claimed_chunks != 0 ? g->options.claimed_chunks : chunks;
    store(h + 16, claimed - 1, 8);
    store(h + 24, g->next_record, 8);
    store(h + 32, 128, 4);
    store(h + 36, g->options.minor != 0 ? g->options.minor : 1, 2);
    store(h + 38, 3, 2);
    store(h + 40, HEADER_BLOCK, 2);
    store(h + 42, claimed, 2);
    store(h + 120, (g->options.dirty ? 1u : 0u) | (g->options.no_crc ? 4u : 0u), 4);
    store(h + 124, crc(g, 0, h, 120), 4);
}

bool gen_take(gen_log *g, st_buf *out)
{
    g->taken += g->chunks.n / CHUNK;
    st_buf_put(out, g->chunks.p, g->chunks.n);
    bool ok = !g->chunks.failed && !out->failed;
    st_buf_clear(&g->chunks);
    return ok;
}

bool gen_finish(gen_log *g, st_buf *out)
{
    unsigned char header[HEADER_BLOCK];
    if (g->record_count > 0 || g->chunks.n + g->taken == 0)
        gen_close_chunk(g, 0);
    file_header(g, header, g->taken + g->chunks.n / CHUNK);
    st_buf_put(out, header, sizeof header);
    st_buf_put(out, g->chunks.p, g->chunks.n);
    memset(g->chunk, 0, sizeof g->chunk);
    for (unsigned i = 0; i < g->options.spare_chunks; i++)
        st_buf_put(out, g->chunk, CHUNK);
    bool ok = !g->failed && !g->chunks.failed && !out->failed;
    st_buf_free(&g->chunks);
    free(g);
    return ok;
}
