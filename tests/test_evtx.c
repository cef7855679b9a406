/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_evtx.c - values, and chunks made by hand: sound, literal, damaged, hostile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evtx/engine.h"
#include "shelltree/json.h"
#include "evtx/native.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* values */

#define BYTES(...) \
    (const unsigned char[]){ __VA_ARGS__ }, sizeof((const unsigned char[]){ __VA_ARGS__ })

static void value_text__each_type__canonical(void **state)
{
    (void)state;
    const struct {
        unsigned type;
        const unsigned char *p;
        size_t n;
        const char *want;
    } cases[] = {
        { ST_V_STRING, BYTES('h', 0, 0xe9, 0, 0, 0), "h\xc3\xa9" },
        { ST_V_STRING, BYTES(0x00, 0xd8), "\xef\xbf\xbd" },
        { ST_V_ANSI, BYTES('a', 0x80, 0), "a\xe2\x82\xac" },
        { ST_V_I8, BYTES(0xff), "-1" },
        { ST_V_U8, BYTES(0xff), "255" },
        { ST_V_I16, BYTES(0, 0x80), "-32768" },
        { ST_V_U16, BYTES(0, 0x80), "32768" },
        { ST_V_I32, BYTES(0xfe, 0xff, 0xff, 0xff), "-2" },
        { ST_V_U32, BYTES(0xfe, 0xff, 0xff, 0xff), "4294967294" },
        { ST_V_I64, BYTES(0, 0, 0, 0, 0, 0, 0, 0x80), "-9223372036854775808" },
        { ST_V_U64, BYTES(0, 0, 0, 0, 0, 0, 0, 0x80), "9223372036854775808" },
        { ST_V_FLOAT, BYTES(0xcd, 0xcc, 0xcc, 0x3d), "0.1" },
        { ST_V_FILETIME, BYTES(0, 0, 0, 0, 0, 0, 0, 0), "1601-01-01T00:00:00.0000000Z" },
        { ST_V_FILETIME, BYTES(1, 0, 0, 0, 0, 0, 0, 0), "1601-01-01T00:00:00.0000001Z" },
        { ST_V_DOUBLE, BYTES(0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f), "0.1" },
        { ST_V_BOOL, BYTES(0, 0, 1, 0), "true" },
        { ST_V_BOOL, BYTES(0, 0, 0, 0), "false" },
        { ST_V_BINARY, BYTES(0xde, 0xad), "DEAD" },
        { ST_V_GUID, BYTES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
          "{04030201-0605-0807-090A-0B0C0D0E0F10}" },
        { ST_V_SIZE, BYTES(0x10, 0, 0, 0), "0x10" },
        { ST_V_HEX32, BYTES(0xe7, 3, 0, 0), "0x3e7" },
        { ST_V_HEX64, BYTES(0, 0, 0, 0, 0, 0, 0, 0), "0x0" },
        { ST_V_FILETIME, BYTES(0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 0x01),
          "1970-01-01T00:00:00.0000000Z" },
        { ST_V_FILETIME, BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
          "18446744073709551615" },
        { ST_V_SYSTEMTIME, BYTES(0xea, 7, 1, 0, 5, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0),
          "2026-01-02T03:04:05.0060000Z" },
        { ST_V_SID, BYTES(1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0), "S-1-5-18" },
        { ST_V_SID, BYTES(1, 9, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0), "010900000000000512000000" },
        { ST_V_U32, BYTES(7, 0), "7" },         /* a width that isn't the type's */
        { ST_V_U32, BYTES(7, 0, 1), "070001" }, /* no integer's width */
        { 0x55, BYTES(0xab), "AB" },            /* no such type */
        { ST_V_NULL, BYTES(1, 2), "" },
        { ST_V_ARRAY | ST_V_STRING, BYTES('a', 0, 0, 0, 'b', 0), "a, b" },
        { ST_V_ARRAY | ST_V_U16, BYTES(1, 0, 2, 0, 9), "1, 2" },
        { ST_V_ARRAY | ST_V_ANSI, BYTES('a', 0, 0, 'b', 0), "a, , b" },
        { ST_V_TEXT, BYTES('x', 'y'), "xy" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_buf b = { 0 };
        st_value v = { .p = cases[i].p, .n = (uint32_t)cases[i].n, .type = (uint8_t)cases[i].type };
        st_value_text(&v, &b);
        st_buf_char(&b, '\0');
        assert_string_equal(b.p, cases[i].want);
        st_buf json = { 0 }, want = { 0 };
        st_value_json(&v, &json, &b);
        st_json_exact(&want, st_str_of(cases[i].want));
        assert_true(st_str_eq(st_buf_slice(&json), st_buf_slice(&want)));
        st_buf_free(&json);
        st_buf_free(&want);
        st_buf_free(&b);
    }
}

static void value_numbers__types_and_text__read_back(void **state)
{
    (void)state;
    const struct {
        unsigned type;
        const unsigned char *p;
        size_t n;
        bool ok;
        uint64_t want;
    } cases[] = {
        { ST_V_U8, BYTES(9), true, 9 },
        { ST_V_HEX64, BYTES(1, 0, 0, 0, 0, 0, 0, 1), true, UINT64_C(0x0100000000000001) },
        { ST_V_STRING, BYTES('4', 0, '2', 0, 0, 0), true, 42 },
        { ST_V_TEXT, BYTES('0', 'x', 'f', 'f'), true, 255 },
        { ST_V_TEXT, BYTES(' ', '7'), true, 7 },
        { ST_V_TEXT, BYTES('7', 'x'), false, 0 },
        { ST_V_I8, BYTES(0xff), false, 0 },
        { ST_V_U32, BYTES(1, 2, 3), false, 0 },
        { ST_V_GUID, BYTES(1), false, 0 },
        { ST_V_ARRAY | ST_V_U8, BYTES(1), false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_value v = { .p = cases[i].p, .n = (uint32_t)cases[i].n, .type = (uint8_t)cases[i].type };
        uint64_t got = 0;
        assert_int_equal(st_value_u64(&v, &got), cases[i].ok);
        assert_true(got == cases[i].want);
    }
}

static void value_is__wide_text_and_numbers__any_case(void **state)
{
    (void)state;
    st_value s = { .p = (const unsigned char *)"A\0b\0\0\0", .n = 6, .type = ST_V_STRING };
    st_value n = { .p = (const unsigned char *)"\x05", .n = 1, .type = ST_V_U8 };
    assert_true(st_value_is(&s, "aB"));
    assert_false(st_value_is(&s, "a"));
    assert_true(st_value_is(&n, "5"));
    assert_false(st_value_is(&n, "6"));
    assert_false(st_value_is(&(st_value){ 0 }, ""));
}

static void value_times_and_guids__binary_and_text__agree(void **state)
{
    (void)state;
    st_value binary = { BYTES(0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 0x01), ST_V_FILETIME,
                        false };
    st_value iso = { (const unsigned char *)"1970-01-01T00:00:00.000000000Z", 30, ST_V_TEXT,
                     false };
    st_value zero = { BYTES(0, 0, 0, 0, 0, 0, 0, 0), ST_V_FILETIME, false };
    st_value late = { BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), ST_V_FILETIME, false };
    st_value g = { BYTES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), ST_V_GUID, false };
    st_value named = { (const unsigned char *)"{04030201-0605-0807-090a-0b0c0d0e0f10}", 38,
                       ST_V_TEXT, false };
    st_ticks a = 0, b = 0;
    st_guid x, y;
    assert_true(st_value_ticks(&binary, &a) && st_value_ticks(&iso, &b));
    assert_true(a == ST_TICKS_UNIX && a == b);
    assert_false(st_value_ticks(&zero, &a));
    assert_false(st_value_ticks(&late, &a));
    assert_true(st_value_guid(&g, &x) && st_value_guid(&named, &y) && st_guid_eq(&x, &y));
    assert_false(st_value_guid(&binary, &x));
}

/* a chunk by hand */

#define CHUNK 65536u

typedef struct maker {
    unsigned char b[CHUNK];
    size_t n, record; /* record: where the open one begins */
    bool dep;         /* elements carry dependency ids */
    bool refer;       /* names that are there are referred to */
    const char *names[64];
    size_t places[64], nnames;
    uint64_t number;
} maker;

static void put(maker *m, uint64_t v, size_t bytes)
{
    assert_true(m->n + bytes <= CHUNK);
    for (size_t i = 0; i < bytes; i++)
        m->b[m->n++] = (unsigned char)(v >> (8 * i));
}

static void poke32(maker *m, size_t at, size_t v)
{
    for (size_t i = 0; i < 4; i++)
        m->b[at + i] = (unsigned char)(v >> (8 * i));
}

static void wide(maker *m, const char *s)
{
    for (; *s; s++)
        put(m, (unsigned char)*s, 2);
}

static void name(maker *m, const char *s)
{
    uint32_t h = 0;
    for (size_t i = 0; m->refer && i < m->nnames; i++)
        if (strcmp(m->names[i], s) == 0) {
            put(m, m->places[i], 4);
            return;
        }
    assert_true(m->nnames < sizeof m->names / sizeof m->names[0]);
    m->names[m->nnames] = s;
    m->places[m->nnames++] = m->n + 4;
    put(m, m->n + 4, 4);
    for (const char *c = s; *c; c++)
        h = h * 65599u + (unsigned char)*c;
    put(m, 0, 4);
    put(m, h & 0xffff, 2);
    put(m, strlen(s), 2);
    wide(m, s);
    put(m, 0, 2);
}

static void text(maker *m, const char *s)
{
    put(m, 0x0105, 2);
    put(m, strlen(s), 2);
    wide(m, s);
}

static void sub(maker *m, unsigned index, unsigned type)
{
    put(m, 0x0d, 1);
    put(m, index, 2);
    put(m, type, 1);
}

/* Opens <tag attribute="value">; value NULL: without one. Returns what close wants. */
static size_t open(maker *m, const char *tag, const char *attribute, const char *value)
{
    put(m, value ? 0x41 : 0x01, 1);
    if (m->dep)
        put(m, 0xffff, 2);
    size_t size = m->n;
    put(m, 0, 4);
    name(m, tag);
    if (value) {
        size_t at = m->n;
        put(m, 0, 4);
        put(m, 0x06, 1);
        name(m, attribute);
        text(m, value);
        poke32(m, at, m->n - at - 4);
    }
    put(m, 0x02, 1);
    return size;
}

static void close_tag(maker *m, size_t size)
{
    put(m, 0x04, 1);
    poke32(m, size, m->n - size - 4);
}

static void begin_record(maker *m)
{
    m->record = m->n;
    put(m, 0x2a2a, 4);
    put(m, 0, 4);
    put(m, ++m->number, 8);
    put(m, UINT64_C(133000000000000000) + m->number, 8);
    put(m, 0x0001010f, 4);
}

static void end_record(maker *m)
{
    put(m, 0, 1);
    while ((m->n - m->record) % 8 != 4)
        put(m, 0xcc, 1);
    put(m, m->n - m->record + 4, 4);
    poke32(m, m->record + 4, m->n - m->record);
}

static void leaf(maker *m, const char *tag, const char *value, unsigned index, unsigned type)
{
    size_t at = open(m, tag, NULL, NULL);
    if (value)
        text(m, value);
    else
        sub(m, index, type);
    close_tag(m, at);
}

/* <Event><System>...</System><EventData><Data Name="A">..: literal, or of substitutions 0 to 3. */
static void event(maker *m, bool literal)
{
    size_t root = open(m, "Event", NULL, NULL), part = open(m, "System", NULL, NULL), data;
    close_tag(m, open(m, "Provider", "Name", "P"));
    leaf(m, "EventID", literal ? "7" : NULL, 0, ST_V_U16);
    leaf(m, "EventRecordID", literal ? "99" : NULL, 1, ST_V_U64);
    leaf(m, "Computer", "host", 0, 0);
    close_tag(m, part);
    part = open(m, "EventData", NULL, NULL);
    data = open(m, "Data", "Name", "A");
    if (literal) {
        text(m, "x");
        put(m, 0x09, 1);
        name(m, "amp");
        text(m, "y");
    } else {
        sub(m, 2, ST_V_STRING);
    }
    close_tag(m, data);
    data = open(m, "Data", NULL, NULL);
    if (literal)
        text(m, "z");
    else
        sub(m, 3, ST_V_STRING);
    close_tag(m, data);
    close_tag(m, part);
    close_tag(m, root);
}

/* <Event><System>..</System><UserData><X><L>0</L><L>optional 1</L><L>if 2: 0</L>..: */
static void user_event(maker *m, bool literal)
{
    (void)literal;
    size_t root = open(m, "Event", NULL, NULL), part = open(m, "System", NULL, NULL), at;
    leaf(m, "EventID", "5", 0, 0);
    close_tag(m, part);
    part = open(m, "UserData", NULL, NULL);
    size_t x = open(m, "X", NULL, NULL);
    leaf(m, "Normal", NULL, 1, ST_V_STRING); /* null: stays, empty */
    at = open(m, "Optional", NULL, NULL);    /* null: goes */
    sub(m, 1, ST_V_STRING);
    m->b[m->n - 4] = 0x0e;
    close_tag(m, at);
    at = open(m, "Depends", NULL, NULL); /* on what is null: goes */
    m->b[at - 2] = 1;
    m->b[at - 1] = 0;
    text(m, "never");
    close_tag(m, at);
    at = open(m, "Mixed", NULL, NULL);
    text(m, "id ");
    sub(m, 0, ST_V_U16);
    put(m, 0x08, 1); /* a character reference */
    put(m, 0xe9, 2);
    put(m, 0x07, 1); /* CDATA */
    put(m, 1, 2);
    wide(m, "!");
    close_tag(m, at);
    leaf(m, "Beyond", NULL, 40, ST_V_STRING); /* no such value: null */
    close_tag(m, open(m, "Of", "size", "3"));
    close_tag(m, open(m, "Namespace", "xmlns", "u"));
    at = open(m, "Data", "Name", "Named");
    text(m, "v");
    close_tag(m, at);
    close_tag(m, x);
    close_tag(m, part);
    part = open(m, "RenderingInfo", "Culture", "en");
    leaf(m, "Message", "not a fact", 0, 0);
    close_tag(m, part);
    close_tag(m, root);
}

static size_t instance_of(maker *m, size_t definition, void (*body)(maker *, bool))
{
    put(m, 0x010c, 2);
    put(m, 0x1234, 4);
    if (definition) {
        put(m, definition, 4);
        return definition;
    }
    size_t at = m->n + 4;
    put(m, at, 4);
    put(m, 0, 4);
    put(m, 0x1234, 8);
    put(m, 0, 8);
    size_t size = m->n;
    put(m, 0, 4);
    put(m, 0x0001010f, 4);
    m->dep = true;
    body(m, false);
    m->dep = false;
    put(m, 0, 1);
    poke32(m, size, m->n - size - 4);
    return at;
}

static size_t instance(maker *m, size_t definition)
{
    return instance_of(m, definition, event);
}

static void values(maker *m, unsigned id)
{
    put(m, 4, 4);
    put(m, 2 | ST_V_U16 << 16, 4);
    put(m, 8 | ST_V_U64 << 16, 4);
    put(m, 4 | ST_V_STRING << 16, 4);
    put(m, 8 | (unsigned)(ST_V_ARRAY | ST_V_STRING) << 16, 4);
    put(m, id, 2);
    put(m, 1000 + id, 8);
    wide(m, "ab");
    wide(m, "c");
    put(m, 0, 2);
    wide(m, "d");
    put(m, 0, 2);
}

static void start(maker *m)
{
    memset(m, 0, sizeof *m);
    m->n = 512;
}

static void seal(maker *m)
{
    memcpy(m->b, "ElfChnk", 8);
    poke32(m, 32, m->number);
    poke32(m, 40, 128);
    poke32(m, 48, m->n);
    poke32(m, 52, libdeflate_crc32(0, m->b + 512, m->n - 512));
    poke32(m, 120, 1);
    poke32(m, 124, libdeflate_crc32(libdeflate_crc32(0, m->b, 120), m->b + 128, 384));
}

/* Three records by template, one literal. */
static void sample(maker *m)
{
    size_t definition = 0;
    start(m);
    for (unsigned i = 1; i <= 3; i++) {
        begin_record(m);
        definition = instance(m, definition);
        values(m, i);
        end_record(m);
    }
    begin_record(m);
    event(m, true);
    end_record(m);
    seal(m);
}

/* reading it */

typedef struct sink {
    st_buf text;
    size_t records;
    bool no;
} sink;

static void take(void *job, const st_record *r)
{
    sink *s = job;
    s->records++;
    st_buf_fmt(&s->text, "%u/%llu", r->event_id, (unsigned long long)r->event_record_id);
    st_buf_char(&s->text, '@');
    st_value_text(&r->computer, &s->text);
    for (size_t i = 0; i < r->nfields; i++) {
        st_buf_char(&s->text, ' ');
        st_buf_str(&s->text, r->fields[i].name);
        st_buf_char(&s->text, r->fields[i].id ? '#' : '=');
        st_value_text(&r->fields[i].value, &s->text);
    }
    st_buf_fmt(&s->text, "%s%s;", r->flags & ST_R_LITERAL ? " literal" : "",
               r->damage ? r->damage : "");
}

static bool want_some(void *job, const st_record *r)
{
    return r->event_id == 2 || ((sink *)job)->no;
}

static uint16_t id_of(st_str s)
{
    return st_str_eq(s, ST_STR("A"));
}

static void read_by(st_native *s, const unsigned char *p, size_t n, bool selective, sink *to,
                    st_report *report)
{
    /* A copy of just that size, so that a read past it is seen. */
    unsigned char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    st_source source = { .kind = ST_STR("evtx") };
    st_scan_options o = { .slack = true };
    st_scan_ops ops = { .record = take, .name_id = id_of, .want = selective ? want_some : NULL };
    st_chunk c = { .bytes = copy,
                   .n = n,
                   .source = &source,
                   .options = &o,
                   .ops = &ops,
                   .job = to,
                   .report = report };
    assert_int_equal(st_native_chunk(s, &c, NULL), ST_OK);
    free(copy);
}

static void read_chunk(const unsigned char *p, size_t n, bool selective, sink *to,
                       st_report *report)
{
    st_native *s = st_native_new();
    assert_non_null(s);
    read_by(s, p, n, selective, to, report);
    st_native_free(s);
}

static void read_all(const maker *m, size_t n, sink *to)
{
    st_report report = { 0 };
    read_chunk(m->b, n, false, to, &report);
    assert_int_equal(report.records + report.slack, to->records);
    st_report_free(&report);
}

static void assert_reads(const maker *m, const char *want)
{
    sink s = { 0 };
    read_all(m, CHUNK, &s);
    st_buf_char(&s.text, '\0');
    assert_string_equal(s.text.p, want);
    st_buf_free(&s.text);
}

static void chunk__templates_and_literal__all_fields(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    sample(m);
    assert_reads(m, "1/1001@host A#ab Data1=c Data2=d;2/1002@host A#ab Data1=c Data2=d;"
                    "3/1003@host A#ab Data1=c Data2=d;7/99@host A#x&y Data1=z literal;");
    free(m);
}

static void chunk__want_says_no__system_only(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    sink s = { 0 };
    st_report report = { 0 };
    sample(m);
    read_chunk(m->b, CHUNK, true, &s, &report);
    st_buf_char(&s.text, '\0');
    assert_string_equal(s.text.p, "1/1001@host;2/1002@host A#ab Data1=c Data2=d;3/1003@host;"
                                  "7/99@host literal;");
    st_buf_free(&s.text);
    st_report_free(&report);
    free(m);
}

static void chunk__user_data_nulls_and_mixed_content__by_the_rules(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    start(m);
    begin_record(m);
    instance_of(m, 0, user_event);
    put(m, 2, 4);
    put(m, 2 | ST_V_U16 << 16, 4);
    put(m, 2, 4); /* null, two bytes that mean nothing */
    put(m, 77, 2);
    put(m, 0xffff, 2);
    end_record(m);
    seal(m);
    assert_reads(m, "5/0@ Normal= Mixed=id 77\xc3\xa9! Beyond= Of.size=3 Of= Namespace= Named=v;");
    free(m);
}

/* <Event><System>..</System>body</Event>, of substitutions 0 and 1. */
static void holder(maker *m, bool literal)
{
    (void)literal;
    size_t root = open(m, "Event", NULL, NULL), part = open(m, "System", NULL, NULL);
    leaf(m, "EventID", NULL, 0, ST_V_U16);
    close_tag(m, part);
    sub(m, 1, ST_V_BINXML);
    close_tag(m, root);
}

static void data_of(maker *m, const char *const *names)
{
    size_t part = open(m, "EventData", NULL, NULL);
    for (unsigned i = 0; names[i]; i++) {
        size_t data = open(m, "Data", "Name", names[i]);
        sub(m, i, ST_V_STRING);
        m->b[m->n - 4] = names[1] ? 0x0d : 0x0e; /* null: goes where there is one alone */
        close_tag(m, data);
    }
    close_tag(m, part);
}

static void pair_of_data(maker *m, bool literal)
{
    (void)literal;
    data_of(m, (const char *const[]){ "A", "B", NULL });
}

static void one_data(maker *m, bool literal)
{
    (void)literal;
    data_of(m, (const char *const[]){ "C", NULL });
}

/* A body whose fields are its values in their order, and what is nearly that. */
static void chunk__body_within_a_value__fields_by_the_rules(void **state)
{
    enum { MOST = 3 };
    static const struct {
        bool one; /* of the template with one field */
        struct {
            unsigned type;
            const char *text; /* ',': a NUL; NULL: there is no such value */
        } values[MOST];
        const char *want;
    } rows[] = {
        { false, { { ST_V_STRING, "ab" }, { ST_V_STRING, "c" } }, " A#ab B=c" },
        { true, { { ST_V_STRING, "d" } }, " C=d" },
        { false, { { ST_V_STRING, "e" }, { ST_V_NULL, "x" } }, " A#e B=" },
        { false, { { ST_V_NULL, "x" }, { ST_V_STRING, "f" } }, " A# B=f" },
        { false, { { ST_V_STRING, "g" } }, " A#g B=" },
        { false, { { ST_V_STRING, "h" }, { ST_V_STRING, "i" }, { ST_V_STRING, "j" } }, " A#h B=i" },
        { false, { { ST_V_ARRAY | ST_V_STRING, "k,l," }, { ST_V_STRING, "m" } }, " A#k, l B=m" },
        { false, { { ST_V_STRING, "n" }, { ST_V_BINXML, "" } }, " A#n" },
        { true, { { ST_V_NULL, "x" } }, "" },
        { false, { { ST_V_BINXML, "" }, { ST_V_STRING, "u" } }, " B=u" },
        { false, { { ST_V_STRING, "o" }, { ST_V_STRING, "" } }, " A#o B=" },
        { true, { { ST_V_ARRAY | ST_V_STRING, "p," } }, " C=p" },
        { false, { { ST_V_STRING, "q" }, { ST_V_STRING, "r" } }, " A#q B=r" },
        { true, { { ST_V_STRING, "s" }, { ST_V_STRING, "t" } }, " C=s" },
    };
    (void)state;
    maker *m = malloc(sizeof *m);
    st_buf want = { 0 };
    size_t outer = 0, inner[2] = { 0 };
    start(m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 0, specs, body;
        begin_record(m);
        outer = instance_of(m, outer, holder);
        put(m, 2, 4);
        put(m, 2 | ST_V_U16 << 16, 4);
        specs = m->n;
        put(m, 0, 4);
        put(m, i, 2);
        body = m->n;
        inner[rows[i].one] =
            instance_of(m, inner[rows[i].one], rows[i].one ? one_data : pair_of_data);
        while (n < MOST && rows[i].values[n].text)
            n++;
        put(m, n, 4);
        for (size_t k = 0; k < n; k++)
            put(m, 2 * strlen(rows[i].values[k].text) | rows[i].values[k].type << 16, 4);
        for (size_t k = 0; k < n; k++)
            for (const char *c = rows[i].values[k].text; *c; c++)
                put(m, *c == ',' ? 0 : (unsigned char)*c, 2);
        put(m, 0, 1);
        poke32(m, specs, (m->n - body) | ST_V_BINXML << 16);
        end_record(m);
        st_buf_fmt(&want, "%zu/0@%s;", i, rows[i].want);
    }
    st_buf_char(&want, '\0');
    seal(m);
    assert_reads(m, want.p);
    st_buf_free(&want);
    free(m);
}

static void chunk__template_reference_lies__found_by_id(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    start(m);
    for (unsigned i = 1; i <= 2; i++) {
        begin_record(m);
        instance(m, i == 1 ? 0 : 300);
        values(m, i);
        end_record(m);
    }
    seal(m);
    assert_reads(m, "1/1001@host A#ab Data1=c Data2=d;2/1002@host A#ab Data1=c Data2=d;");
    free(m);
}

static void chunk__size_of_a_record_lies__others_are_read(void **state)
{
    (void)state;
    static const uint32_t lies[] = { 0, 8, 27, 1000, 70000, UINT32_MAX };
    maker *m = malloc(sizeof *m);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        sink s = { 0 };
        sample(m);
        poke32(m, 512 + 4, lies[i]);
        read_all(m, CHUNK, &s);
        assert_int_equal(s.records, 4);
        st_buf_free(&s.text);
    }
    free(m);
}

static void chunk__slack_behind_free_offset__told_apart(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    sink s = { 0 };
    st_report report = { 0 };
    sample(m);
    memcpy(m->b + ((m->n + 7) & ~(size_t)7), m->b + 512, 512); /* a part: no record */
    size_t second = 512 + m->b[516] + 256u * m->b[517], size = m->b[second + 4];
    memcpy(m->b + 32768, m->b + second, size); /* a copy of a live one */
    memcpy(m->b + 49152, m->b + second, size);
    m->b[49152 + 8] = 77; /* not a copy: another number */
    read_chunk(m->b, CHUNK, false, &s, &report);
    assert_int_equal(report.records, 4);
    assert_int_equal(report.ghosts, 1);
    assert_int_equal(report.slack, 1);
    st_buf_free(&s.text);
    st_report_free(&report);
    free(m);
}

/* A left-over record whose template has been written over. */
static void chunk__slack_unreadable__has_its_range(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    sink s = { 0 };
    st_report report = { 0 };
    sample(m);
    size_t second = 512 + m->b[516] + 256u * m->b[517], size = m->b[second + 4];
    memcpy(m->b + 32768, m->b + second, size);
    m->b[32768 + 8] = 77;
    memset(m->b + 32768 + 26, 0x55, 12); /* neither a token nor a template */
    m->b[32768 + 26] = 1;
    m->b[32768 + 27] = 0;
    read_chunk(m->b, CHUNK, false, &s, &report);
    assert_int_equal(report.slack, 0);
    assert_int_equal(report.unparsable, 1);
    assert_int_equal(report.left.n, 1);
    assert_int_equal(report.left.list[0].offset, 32768);
    assert_int_equal(report.left.list[0].length, size);
    assert_int_equal(report.lost.n, 0);
    st_buf_free(&s.text);
    st_report_free(&report);
    free(m);
}

/* hostile bytes */

static void chunk__cut_at_every_byte__no_crash_and_monotone(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    size_t before = 0;
    sample(m);
    for (size_t n = 0; n <= m->n; n++) {
        sink s = { 0 };
        read_all(m, n, &s);
        assert_true(s.records >= before);
        before = s.records;
        st_buf_free(&s.text);
    }
    assert_int_equal(before, 4);
    free(m);
}

static void chunk__every_byte_changed__no_crash(void **state)
{
    (void)state;
    static const unsigned char bytes[] = { 0x00, 0xff, 0x0c, 0x21, 0x80 };
    maker *m = malloc(sizeof *m);
    size_t least = SIZE_MAX;
    sample(m);
    for (size_t at = 512; at < m->n; at++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            sink s = { 0 };
            unsigned char old = m->b[at];
            m->b[at] = bytes[k];
            read_all(m, m->n, &s);
            m->b[at] = old;
            least = s.records < least ? s.records : least;
            st_buf_free(&s.text);
        }
    assert_true(least >= 1 && least <= 4);
    free(m);
}

/* A reader that has read a sound chunk before reads each as one that hasn't: what it has kept of
 * templates counts only where nothing that made them is another. The second template's names stand
 * in the first. */
static void chunk__every_byte_changed__read_as_by_a_new_reader(void **state)
{
    (void)state;
    static const unsigned char flips[] = { 0, 1, 0x20, 0xff }; /* 0: the sound chunk once more */
    maker *m = malloc(sizeof *m);
    size_t definition = 0;
    start(m);
    for (unsigned i = 1; i <= 4; i++) {
        begin_record(m);
        definition = instance(m, i == 2 ? 0 : definition);
        values(m, i);
        end_record(m);
        m->refer = true;
    }
    seal(m);
    unsigned char *sound = test_malloc(m->n);
    memcpy(sound, m->b, m->n);
    st_native *used = st_native_new();
    assert_non_null(used);
    for (size_t at = 512; at < m->n; at++)
        for (size_t k = 0; k < sizeof flips; k++) {
            sink before = { 0 }, one = { 0 }, other = { 0 };
            st_report reports[3] = { { 0 } };
            st_native *fresh = st_native_new();
            assert_non_null(fresh);
            st_native_begin(used);
            read_by(used, sound, m->n, false, &before, &reports[0]);
            st_native_begin(used);
            m->b[at] ^= flips[k];
            read_by(used, m->b, m->n, false, &one, &reports[1]);
            read_by(fresh, m->b, m->n, false, &other, &reports[2]);
            m->b[at] ^= flips[k];
            if (!st_str_eq(st_buf_slice(&one.text), st_buf_slice(&other.text)) ||
                used->chunk_budget != fresh->chunk_budget)
                fail_msg("byte %zu, %02x: %.*s, not %.*s", at, flips[k],
                         ST_FMT(st_buf_slice(&one.text)), ST_FMT(st_buf_slice(&other.text)));
            assert_int_equal(reports[1].unparsable, reports[2].unparsable);
            assert_int_equal(reports[1].damaged, reports[2].damaged);
            st_native_free(fresh);
            st_buf_free(&before.text);
            st_buf_free(&one.text);
            st_buf_free(&other.text);
            for (size_t i = 0; i < 3; i++)
                st_report_free(&reports[i]);
        }
    st_native_free(used);
    test_free(sound);
    free(m);
}

static void chunk__value_nested_in_itself__ends(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    start(m);
    begin_record(m);
    size_t definition = instance(m, 0);
    put(m, 4, 4);
    put(m, 2 | ST_V_U16 << 16, 4);
    put(m, 8 | ST_V_U64 << 16, 4);
    put(m, 14 | ST_V_BINXML << 16, 4);
    put(m, 14 | ST_V_BINXML << 16, 4);
    put(m, 1, 2);
    put(m, 5, 8);
    for (int i = 0; i < 2; i++) {
        put(m, 0x010c, 2);
        put(m, 0x1234, 4);
        put(m, definition, 4);
        put(m, 0, 4);
    }
    end_record(m);
    seal(m);
    sink s = { 0 };
    read_all(m, CHUNK, &s);
    assert_int_equal(s.records, 1);
    st_buf_free(&s.text);
    free(m);
}

static void chunk__random_bytes__no_crash(void **state)
{
    (void)state;
    static const unsigned char common[] = { 0x0f, 0x01, 0x41, 0x0c, 0x2a, 0x05, 0x06, 0x0d, 0x00 };
    maker *m = malloc(sizeof *m);
    uint32_t seed = 1;
    for (int round = 0; round < 50; round++) {
        sink s = { 0 };
        sample(m);
        for (size_t i = 0; i < 40; i++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = 512 + (seed >> 8) % (m->n - 512);
            seed = seed * 1664525u + 1013904223u;
            m->b[at] = common[(seed >> 8) % sizeof common];
        }
        read_all(m, CHUNK, &s);
        assert_true(s.records <= 8);
        st_buf_free(&s.text);
    }
    free(m);
}

/* the scanner */

static void *scan_begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

static st_status scan_bytes(const unsigned char *p, size_t n, bool digest, sink *to,
                            st_report *report)
{
    char path[] = "/tmp/st_evtx_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
    st_evidence *e = st_evidence_new();
    st_scan_options o = { .slack = true, .digest = digest, .threads = 2 };
    st_scan_ops ops = { .begin = scan_begin, .record = take };
    assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
    assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
    assert_int_equal(st_evidence_count(e), 1);
    assert_int_equal(st_evtx_scan(e, &o, &ops, to, NULL), ST_OK);
    st_source *s = st_evidence_at(e, 0);
    st_status status = s->status;
    *report = *s->report;
    report->lost.list = NULL; /* stays with the evidence */
    if (digest) {
        unsigned char want[32];
        st_sha256(p, n, want);
        assert_true(s->digested);
        assert_memory_equal(s->sha256, want, 32);
    }
    st_evidence_free(e);
    unlink(path);
    return status;
}

static void scan__sound_and_damaged__status_and_counts(void **state)
{
    (void)state;
    enum { SIZE = 4096 + 2 * CHUNK };
    static const struct {
        const char *what;
        size_t at; /* a byte that is flipped; 0: none */
        size_t size;
        st_status status;
        size_t records, bad;
    } cases[] = {
        { "sound", 0, SIZE, ST_S_OK, 8, 0 },
        { "data checksum", 4096 + 600, SIZE, ST_S_DAMAGED, 8, 1 },
        { "header checksum", 4096 + 60, SIZE, ST_S_DAMAGED, 8, 1 },
        { "magic", 4096 + 2, SIZE, ST_S_DAMAGED, 8, 1 },
        { "file magic", 2, SIZE, ST_S_OK, 8, 0 }, /* no count says that one is gone */
        { "one byte short", 0, SIZE - 1, ST_S_DAMAGED, 8, 0 },
        { "header alone", 0, 4096, ST_S_EMPTY, 0, 0 },
    };
    maker *m = malloc(sizeof *m);
    unsigned char *file = malloc(SIZE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sink s = { 0 };
        st_report r;
        memset(file, 0, SIZE);
        memcpy(file, "ElfFile", 8);
        uint32_t crc = libdeflate_crc32(0, file, 120);
        memcpy(file + 124, &crc, 4);
        sample(m);
        memcpy(file + 4096, m->b, CHUNK);
        memcpy(file + 4096 + CHUNK, m->b, CHUNK);
        if (cases[i].at)
            file[cases[i].at] ^= 0x20;
        print_message("%s\n", cases[i].what);
        assert_int_equal(scan_bytes(file, cases[i].size, i == 0, &s, &r), cases[i].status);
        assert_int_equal(s.records, cases[i].records);
        assert_int_equal(r.chunks_bad, cases[i].bad);
        assert_int_equal(r.header_bad, cases[i].at == 2);
        st_buf_free(&s.text);
    }
    free(file);
    free(m);
}

/* The header of a file with chunks in the slots 0 and 2 of 3, and what it counts. */
static void scan__chunks_that_a_header_counts__missing_ones_are_told(void **state)
{
    (void)state;
    enum { SIZE = 4096 + 3 * CHUNK };
    static const struct {
        const char *what;
        unsigned count, flags;
        uint64_t newest;
        size_t size;
        uint64_t missing, lost;
        st_status status;
        bool truncated;
    } rows[] = {
        { "as many as there are", 2, 0, 1, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "fewer", 1, 0, 0, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "none", 0, 0, 0, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "one, and room behind it", 1, 0, 0, SIZE - CHUNK, 0, 0, ST_S_OK, false },
        { "one is zeroed", 3, 0, 2, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "one is cut off", 2, 0, 1, SIZE - CHUNK, 1, CHUNK, ST_S_DAMAGED, false },
        { "one zeroed, one cut off", 3, 0, 2, SIZE - CHUNK, 2, CHUNK, ST_S_DAMAGED, true },
        { "two cut off", 3, 0, 2, SIZE - 2 * CHUNK, 2, 0, ST_S_DAMAGED, true },
        { "16 bits are too few", 4, 0, 65539, SIZE, 65538, CHUNK, ST_S_DAMAGED, true },
        { "16 bits, just enough", 65535, 0, 65534, SIZE, 65533, CHUNK, ST_S_DAMAGED, true },
        { "16 bits, just too few", 0, 0, 65535, SIZE, 65534, CHUNK, ST_S_DAMAGED, true },
        { "in use: zeros between chunks", 3, 1, 2, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "in use: an older count", 1, 1, 0, SIZE, 1, CHUNK, ST_S_DAMAGED, false },
        { "in use: room behind the last", 3, 1, 2, SIZE - CHUNK, 0, 0, ST_S_OK, false },
    };
    maker *m = malloc(sizeof *m);
    unsigned char *file = malloc(SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sink s = { 0 };
        st_report r;
        memset(file, 0, SIZE);
        memcpy(file, "ElfFile", 8);
        for (unsigned k = 0; k < 8; k++)
            file[16 + k] = (unsigned char)(rows[i].newest >> 8 * k);
        file[42] = (unsigned char)rows[i].count;
        file[43] = (unsigned char)(rows[i].count >> 8);
        uint32_t crc = libdeflate_crc32(0, file, 120);
        memcpy(file + 124, &crc, 4);
        file[120] = (unsigned char)rows[i].flags;
        sample(m);
        memcpy(file + 4096, m->b, CHUNK);
        memcpy(file + 4096 + 2 * CHUNK, m->b, CHUNK);
        st_status status = scan_bytes(file, rows[i].size, false, &s, &r);
        if (status != rows[i].status || r.chunks_missing != rows[i].missing ||
            r.lost.bytes != rows[i].lost || r.truncated != rows[i].truncated)
            fail_msg("%s: status %d, %llu missing, %llu bytes lost, cut %d", rows[i].what,
                     (int)status, (unsigned long long)r.chunks_missing,
                     (unsigned long long)r.lost.bytes, r.truncated);
        st_buf_free(&s.text);
    }
    free(file);
    free(m);
}

/* A log that may hold more than 65,535 chunks: its tail is room, whatever the count's 16 bits say;
 * and a hole of terabytes makes no work. */
static void scan__sparse_log__holes_make_no_runs(void **state)
{
    (void)state;
    static const struct {
        unsigned count;
        uint64_t missing;
    } rows[] = { { 1, 0 }, { 2, 65537 } };
    const off_t size = 4096 + (off_t)65537 * CHUNK;
    for (size_t i = 0; i < 2; i++) {
        char path[] = "/tmp/st_evtx_XXXXXX";
        int fd = mkstemp(path);
        maker *m = malloc(sizeof *m);
        unsigned char head[4096] = "ElfFile";
        sink s = { 0 };
        assert_true(fd >= 0);
        head[42] = (unsigned char)rows[i].count;
        head[16] = (unsigned char)(rows[i].count - 1);
        head[18] = (unsigned char)i; /* the newest has number 65537 */
        uint32_t crc = libdeflate_crc32(0, head, 120);
        memcpy(head + 124, &crc, 4);
        sample(m);
        assert_int_equal(write(fd, head, 4096), 4096);
        assert_int_equal(write(fd, m->b, CHUNK), CHUNK);
        int sized = ftruncate(fd, size);
        close(fd);
        free(m);
        if (sized == 0) {
            st_evidence *e = st_evidence_new();
            st_scan_options o = { .slack = true, .threads = 2 };
            st_scan_ops ops = { .begin = scan_begin, .record = take };
            assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
            assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
            assert_int_equal(st_evtx_scan(e, &o, &ops, &s, NULL), ST_OK);
            const st_source *x = st_evidence_at(e, 0);
            assert_int_equal(s.records, 4);
            assert_int_equal(x->report->chunks_missing, rows[i].missing);
            assert_int_equal(x->report->zeros.bytes, (uint64_t)size - 4096 - CHUNK);
            assert_int_equal(x->status, i ? ST_S_DAMAGED : ST_S_OK);
            st_evidence_free(e);
        }
        st_buf_free(&s.text);
        unlink(path);
    }
}

/* From some byte of a chunk's records on all is zero, at every eighth of them. */
static void chunk__tail_of_zeros__has_its_own_word(void **state)
{
    (void)state;
    enum { SIZE = 4096 + CHUNK };
    maker *m = malloc(sizeof *m);
    unsigned char *file = malloc(SIZE);
    sample(m);
    size_t end = m->n;
    for (size_t at = 512; at + 16 <= end; at += 8) {
        sink s = { 0 };
        st_evidence *e = st_evidence_new();
        memset(file, 0, SIZE);
        memcpy(file, "ElfFile", 8);
        memcpy(file + 4096, m->b, at);
        char path[] = "/tmp/st_evtx_XXXXXX";
        int fd = mkstemp(path);
        assert_int_equal(write(fd, file, SIZE), SIZE);
        close(fd);
        st_scan_options o = { .slack = true, .threads = 1 };
        st_scan_ops ops = { .begin = scan_begin, .record = take };
        assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
        assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
        assert_int_equal(st_evtx_scan(e, &o, &ops, &s, NULL), ST_OK);
        const st_ranges *lost = &st_evidence_at(e, 0)->report->lost;
        if (!lost->n || strcmp(lost->list[lost->n - 1].reason, "zeros") != 0)
            fail_msg("from byte %zu of %zu: %s", at, end,
                     lost->n ? lost->list[lost->n - 1].reason : "nothing");
        st_evidence_free(e);
        st_buf_free(&s.text);
        unlink(path);
    }
    free(file);
    free(m);
}

/* Parts of jobs: what a job holds when it is full goes before the job ends, in the order of jobs.
 */
typedef struct parts {
    st_buf text; /* what went */
    size_t most; /* of characters held at once */
    size_t ends;
} parts;

typedef struct held {
    parts *all;
    st_buf text;
} held;

static void *parts_begin(void *ctx, unsigned thread, size_t source)
{
    held *h = calloc(1, sizeof *h);
    (void)thread;
    (void)source;
    h->all = ctx;
    return h;
}

static void parts_record(void *job, const st_record *r)
{
    held *h = job;
    st_buf_fmt(&h->text, "%llu ", (unsigned long long)r->offset);
}

static bool parts_full(const void *job)
{
    return ((const held *)job)->text.n >= 20;
}

static void parts_put(parts *all, held *h)
{
    all->most = h->text.n > all->most ? h->text.n : all->most;
    st_buf_str(&all->text, st_buf_slice(&h->text));
    st_buf_clear(&h->text);
}

static st_code parts_part(void *ctx, void *job, st_err *err)
{
    (void)err;
    parts_put(ctx, job);
    return ST_OK;
}

static st_code parts_end(void *ctx, void *job, st_err *err)
{
    held *h = job;
    (void)err;
    parts_put(ctx, h);
    ((parts *)ctx)->ends++;
    st_buf_free(&h->text);
    free(h);
    return ST_OK;
}

static void scan__full_jobs__give_parts_in_order(void **state)
{
    (void)state;
    enum { CHUNKS = 40 };
    char path[] = "/tmp/st_evtx_XXXXXX";
    int fd = mkstemp(path);
    maker *m = malloc(sizeof *m);
    unsigned char head[4096] = "ElfFile";
    static const struct {
        unsigned threads, run;
        size_t ends;
        bool carve;
    } rows[] = {
        { 1, 2, CHUNKS / 2, false },
        { 4, 2, CHUNKS / 2, false }, /* runs end in the same places for all threads */
        { 1, 8, 4 + 4, false },
        { 2, 8, 4 + 4, false }, /* the last chunks are in runs of 2 */
        { 7, 8, 4 + 4, false },
        { 1, 64, 3, false }, /* all are among the last */
        { 7, 64, 3, false },
        { 2, 8, CHUNKS / 8, true }, /* what is carved comes where it came */
    };
    parts one = { 0 };
    sample(m);
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    for (unsigned i = 0; i < CHUNKS; i++)
        assert_int_equal(write(fd, m->b, CHUNK), CHUNK);
    close(fd);
    free(m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_evidence *e = st_evidence_new();
        st_scan_options o = { .slack = true,
                              .threads = rows[i].threads,
                              .run_slots = rows[i].run,
                              .carve = rows[i].carve };
        st_scan_ops ops = { .begin = parts_begin,
                            .record = parts_record,
                            .full = parts_full,
                            .part = parts_part,
                            .end = parts_end };
        parts x = { 0 };
        assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
        assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
        assert_int_equal(st_evtx_scan(e, &o, &ops, &x, NULL), ST_OK);
        assert_int_equal(x.ends, rows[i].ends);
        assert_true(x.most < 20 + 10);
        if (!i)
            one = x;
        else
            assert_true(st_str_eq(st_buf_slice(&one.text), st_buf_slice(&x.text)));
        if (i)
            st_buf_free(&x.text);
        st_evidence_free(e);
    }
    st_buf_free(&one.text);
    unlink(path);
}

/* Slots that are passed over: what is read reads as if they hadn't been, names that were met on the
 * way to it too. */
typedef struct picking {
    sink got;
    unsigned skipped; /* a bit each slot */
    st_buf slots;
} picking;

static bool pick_skip(void *ctx, size_t source, uint64_t slot)
{
    (void)source;
    return ((picking *)ctx)->skipped >> slot & 1;
}

static void pick_slot(void *job, uint64_t slot)
{
    st_buf_u64(&((picking *)job)->slots, slot);
}

static void pick_record(void *job, const st_record *r)
{
    take(&((picking *)job)->got, r);
}

static void scan__slots_passed_over__change_nothing_in_others(void **state)
{
    (void)state;
    enum { CHUNKS = 5 };
    static const struct {
        unsigned skipped, run;
        const char *slots;
    } rows[] = { { 0, 64, "01234" },  { 1, 64, "1234" }, { 2, 64, "0234" }, { 1 | 4, 64, "134" },
                 { 15, 64, "4" },     { 31, 64, "" },    { 15, 1, "4" },    { 2 | 8, 1, "024" },
                 { 1 | 2, 2, "234" }, { 16, 2, "0123" } };
    char path[] = "/tmp/st_evtx_XXXXXX";
    int fd = mkstemp(path);
    maker *m = malloc(sizeof *m);
    unsigned char head[4096] = "ElfFile";
    sink one = { 0 };
    sample(m);
    read_all(m, CHUNK, &one);
    assert_int_equal(write(fd, head, sizeof head), sizeof head);
    for (unsigned i = 0; i < CHUNKS; i++)
        assert_int_equal(write(fd, m->b, CHUNK), CHUNK);
    close(fd);
    free(m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_evidence *e = st_evidence_new();
        st_scan_options o = { .slack = true, .threads = 1, .run_slots = rows[i].run };
        st_scan_ops ops = { .name_id = id_of,
                            .begin = scan_begin,
                            .record = pick_record,
                            .slot = pick_slot,
                            .skip = pick_skip };
        picking x = { .skipped = rows[i].skipped };
        sink want = { 0 };
        assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
        assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
        assert_int_equal(st_evtx_scan(e, &o, &ops, &x, NULL), ST_OK);
        for (size_t k = 0; k < strlen(rows[i].slots); k++)
            st_buf_str(&want.text, st_buf_slice(&one.text));
        if (!st_str_eq(st_buf_slice(&x.slots), st_str_of(rows[i].slots)) ||
            !st_str_eq(st_buf_slice(&x.got.text), st_buf_slice(&want.text)))
            fail_msg("row %zu: slots %.*s: %.*s", i, ST_FMT(st_buf_slice(&x.slots)),
                     ST_FMT(st_buf_slice(&x.got.text)));
        st_evidence_free(e);
        st_buf_free(&x.got.text);
        st_buf_free(&x.slots);
        st_buf_free(&want.text);
    }
    st_buf_free(&one.text);
    unlink(path);
}

/* A whole record behind the live ones: read if its time can be one, else counted. */
static void slack__record_without_time__is_counted(void **state)
{
    (void)state;
    enum { SIZE = 4096 + CHUNK };
    static const struct {
        uint64_t time, slack, timeless;
    } rows[] = { { UINT64_C(133000000000000000), 1, 0 }, { 0, 0, 1 }, { UINT64_MAX, 0, 1 } };
    maker *m = malloc(sizeof *m);
    unsigned char *file = malloc(SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sink s = { 0 };
        st_report r;
        sample(m);
        size_t from = m->n;
        begin_record(m);
        event(m, true);
        end_record(m);
        for (size_t k = 0; k < 8; k++)
            m->b[from + 16 + k] = (unsigned char)(rows[i].time >> 8 * k);
        memset(file, 0, SIZE);
        memcpy(file, "ElfFile", 8);
        memcpy(file + 4096, m->b, CHUNK);
        scan_bytes(file, SIZE, false, &s, &r);
        assert_int_equal(r.slack, rows[i].slack);
        assert_int_equal(r.timeless, rows[i].timeless);
        st_buf_free(&s.text);
    }
    free(file);
    free(m);
}

/* What stands behind a record's binary XML is left-over memory, however much: more than the seven
 * bytes that alignment needs, too. */
static void chunk__padding_of_any_length__means_nothing(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    for (unsigned padding = 0; padding <= 24; padding++) {
        sink s = { 0 };
        start(m);
        for (unsigned k = 0; k < 2; k++) {
            begin_record(m);
            event(m, true);
            put(m, 0, 1);
            for (unsigned i = 0; i < padding; i++)
                put(m, 0x2a, 1);
            while ((m->n - m->record) % 8 != 4)
                put(m, 0xcc, 1);
            put(m, m->n - m->record + 4, 4);
            poke32(m, m->record + 4, m->n - m->record);
        }
        seal(m);
        read_all(m, CHUNK, &s);
        if (s.records != 2)
            fail_msg("%u bytes: %zu records", padding, s.records);
        st_buf_free(&s.text);
    }
    free(m);
}

static void scan__template_lost__borrowed_from_another_chunk(void **state)
{
    (void)state;
    enum { SIZE = 4096 + 2 * CHUNK };
    maker *m = malloc(sizeof *m);
    unsigned char *file = calloc(1, SIZE);
    sink s = { 0 };
    st_report r;
    sample(m);
    memcpy(file, "ElfFile", 8);
    memcpy(file + 4096 + CHUNK, m->b, CHUNK);
    size_t first = m->b[516] + 256u * m->b[517];
    memset(m->b + 512, 0, first); /* the record that holds the definition */
    memcpy(file + 4096, m->b, CHUNK);
    assert_int_equal(scan_bytes(file, SIZE, true, &s, &r), ST_S_DAMAGED);
    assert_int_equal(r.records, 7);
    assert_int_equal(r.borrowed, 2);
    assert_int_equal(r.lost.bytes, first);
    st_buf_char(&s.text, '\0');
    assert_non_null(strstr(s.text.p, "2/1002@host A=ab Data1=c Data2=d;"));
    st_buf_free(&s.text);
    free(file);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_text__each_type__canonical),
        cmocka_unit_test(value_numbers__types_and_text__read_back),
        cmocka_unit_test(value_times_and_guids__binary_and_text__agree),
        cmocka_unit_test(value_is__wide_text_and_numbers__any_case),
        cmocka_unit_test(chunk__templates_and_literal__all_fields),
        cmocka_unit_test(chunk__want_says_no__system_only),
        cmocka_unit_test(chunk__user_data_nulls_and_mixed_content__by_the_rules),
        cmocka_unit_test(chunk__body_within_a_value__fields_by_the_rules),
        cmocka_unit_test(chunk__template_reference_lies__found_by_id),
        cmocka_unit_test(chunk__size_of_a_record_lies__others_are_read),
        cmocka_unit_test(chunk__slack_behind_free_offset__told_apart),
        cmocka_unit_test(chunk__slack_unreadable__has_its_range),
        cmocka_unit_test(chunk__cut_at_every_byte__no_crash_and_monotone),
        cmocka_unit_test(chunk__every_byte_changed__no_crash),
        cmocka_unit_test(chunk__every_byte_changed__read_as_by_a_new_reader),
        cmocka_unit_test(chunk__value_nested_in_itself__ends),
        cmocka_unit_test(chunk__random_bytes__no_crash),
        cmocka_unit_test(scan__sound_and_damaged__status_and_counts),
        cmocka_unit_test(scan__chunks_that_a_header_counts__missing_ones_are_told),
        cmocka_unit_test(scan__sparse_log__holes_make_no_runs),
        cmocka_unit_test(chunk__tail_of_zeros__has_its_own_word),
        cmocka_unit_test(scan__full_jobs__give_parts_in_order),
        cmocka_unit_test(scan__slots_passed_over__change_nothing_in_others),
        cmocka_unit_test(slack__record_without_time__is_counted),
        cmocka_unit_test(chunk__padding_of_any_length__means_nothing),
        cmocka_unit_test(scan__template_lost__borrowed_from_another_chunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
