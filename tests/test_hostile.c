/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hostile.c - chunks that ask for far more than they hold: values that unfold, templates that
 * hold each other, thousands of substitutions, sizes of 4 GiB. Each is read for its fields and as
 * XML in a child with little memory and time, and costs no more than that.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/limits.h"
#include "evtx/engine.h"
#include "support/evtxgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 65536, FILE_HEADER = 4096, FIRST = 512, SECONDS = 20, MEMORY = 128 << 20 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SHADOW = 1 }; /* sanitizers map terabytes */
#else
enum { SHADOW = 0 };
#endif

/* binary XML by hand */

static void le(st_buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        st_buf_char(b, (char)(v >> (8 * i)));
}

static void fragment(st_buf *b)
{
    le(b, 0x0001010f, 4);
}

/* A name, spelled out; base: where b begins in the chunk. */
static void name(st_buf *b, uint32_t base, const char *s)
{
    uint16_t hash = 0;
    for (const char *p = s; *p; p++)
        hash = (uint16_t)(hash * 65599u + (unsigned char)*p);
    le(b, base + b->n + 4, 4);
    le(b, 0, 4);
    le(b, hash, 2);
    le(b, strlen(s), 2);
    for (; *s; s++)
        le(b, (unsigned char)*s, 2);
    le(b, 0, 2);
}

/* "<tag>" in a template; returns the place of its size. */
static size_t start(st_buf *b, uint32_t base, const char *tag)
{
    le(b, 0x01, 1);
    le(b, 0xffff, 2);
    size_t at = b->n;
    le(b, 0, 4);
    name(b, base, tag);
    le(b, 0x02, 1);
    return at;
}

static void end(st_buf *b, size_t at)
{
    le(b, 0x04, 1);
    uint32_t size = (uint32_t)(b->n - at - 4);
    memcpy(b->p + at, &size, sizeof size);
}

static void literal(st_buf *b, size_t chars)
{
    le(b, 0x0105, 2);
    le(b, chars, 2);
    for (size_t i = 0; i < chars; i++)
        le(b, 'x', 2);
}

static void substitution(st_buf *b, unsigned index)
{
    le(b, 0x0e, 1);
    le(b, index, 2);
    le(b, GEN_STRING, 1);
}

static void system_part(st_buf *b, uint32_t base)
{
    size_t at = start(b, base, "System"), id = start(b, base, "EventID");
    le(b, 0x0105, 2);
    le(b, 1, 2);
    le(b, '7', 2);
    end(b, id);
    end(b, at);
}

enum { ID = 0x7a7a7566, DEFINITION = 14, BODY = 38 };

/* The beginning of an instance, with its definition's head; the body follows. Returns where its
 * size is. */
static size_t define(st_buf *b, uint32_t base)
{
    fragment(b);
    le(b, 0x010c, 2);
    le(b, ID, 4);
    le(b, base + DEFINITION, 4);
    le(b, 0, 4);
    le(b, ID, 4);
    le(b, 0, 8);
    le(b, 0, 4);
    size_t size = b->n;
    le(b, 0, 4);
    fragment(b);
    return size;
}

static void defined(st_buf *b, size_t size)
{
    le(b, 0, 1);
    uint32_t n = (uint32_t)(b->n - size - 4);
    memcpy(b->p + size, &n, sizeof n);
}

static void refer(st_buf *b, uint32_t definition)
{
    fragment(b);
    le(b, 0x010c, 2);
    le(b, ID, 4);
    le(b, definition, 4);
}

/* what asks for too much */

/* An element with a long attribute, once for each of 15,000 items of an array; eight of those. */
static void array_of_long_elements(st_buf *b, uint32_t base)
{
    size_t size = define(b, base), event = start(b, base, "Event");
    system_part(b, base);
    size_t data = start(b, base, "EventData");
    for (unsigned i = 0; i < 8; i++) {
        size_t at = b->n + 3;
        le(b, 0xffff41, 3);
        le(b, 0, 4);
        name(b, base, "Data");
        size_t list = b->n;
        le(b, 0, 4);
        le(b, 0x06, 1);
        name(b, base, "Name");
        literal(b, 1500);
        uint32_t length = (uint32_t)(b->n - list - 4);
        memcpy(b->p + list, &length, sizeof length);
        le(b, 0x02, 1);
        substitution(b, 0);
        end(b, at);
    }
    end(b, data);
    end(b, event);
    defined(b, size);
    le(b, 1, 4);
    le(b, 30000, 2);
    le(b, GEN_STRINGS, 2);
    for (unsigned i = 0; i < 15000; i++)
        le(b, 0, 2);
    le(b, 0, 1);
}

/* A template with eight places for one value, which is an instance of it with eight places ... */
static void instances_of_itself(st_buf *b, uint32_t base)
{
    enum { DEEP = 12 };
    size_t size = define(b, base), event = start(b, base, "Event");
    system_part(b, base);
    size_t data = start(b, base, "UserData");
    for (unsigned i = 0; i < 8; i++) {
        size_t at = start(b, base, "A");
        substitution(b, 0);
        end(b, at);
    }
    end(b, data);
    end(b, event);
    defined(b, size);
    /* Each value is a reference, a count, and a spec with the value in it. */
    for (unsigned i = DEEP; i > 0; i--) {
        le(b, 1, 4);
        le(b, 22 * i - 4, 2);
        le(b, GEN_BXML, 2);
        refer(b, base + DEFINITION);
    }
    le(b, 0, 4);
    le(b, 0, 1);
}

/* 7,000 substitutions of one value of 30,000 bytes; and the instance says that it has 65,536
 * values. */
static void many_substitutions(st_buf *b, uint32_t base, uint32_t count)
{
    size_t size = define(b, base), event = start(b, base, "Event");
    system_part(b, base);
    size_t data = start(b, base, "EventData"), at = start(b, base, "Data");
    for (unsigned i = 0; i < 7000; i++)
        substitution(b, 0);
    end(b, at);
    end(b, data);
    end(b, event);
    defined(b, size);
    le(b, count, 4);
    le(b, 30000, 2);
    le(b, GEN_STRING, 2);
    for (unsigned i = 0; i < 15000; i++)
        le(b, 'v', 2);
    le(b, 0, 1);
}

static void one_value(st_buf *b, uint32_t base)
{
    many_substitutions(b, base, 1);
}

static void claims_65536_values(st_buf *b, uint32_t base)
{
    many_substitutions(b, base, 65536);
}

static void claims_every_value(st_buf *b, uint32_t base)
{
    many_substitutions(b, base, UINT32_MAX);
}

/* Elements within elements as deep as the record is long. */
static void deep_elements(st_buf *b, uint32_t base)
{
    size_t size = define(b, base), event = start(b, base, "Event");
    system_part(b, base);
    uint32_t again = base + (uint32_t)b->n + 7;
    start(b, base, "D");
    while (b->n < 50000) {
        le(b, 0x01, 1);
        le(b, 0xffff, 2);
        le(b, 60000, 4);
        le(b, again, 4);
        le(b, 0x02, 1);
    }
    end(b, event);
    defined(b, size);
    le(b, 0, 4);
    le(b, 0, 1);
}

/* Every size that there is says 4 GiB. */
static void sizes_of_4_gib(st_buf *b, uint32_t base)
{
    fragment(b);
    le(b, 0x010c, 2);
    le(b, ID, 4);
    le(b, base + DEFINITION, 4);
    le(b, UINT32_MAX, 4);
    le(b, ID, 4);
    le(b, UINT64_MAX, 8);
    le(b, UINT32_MAX, 4);
    le(b, UINT32_MAX, 4);
    fragment(b);
    for (unsigned i = 0; i < 100; i++) {
        le(b, i % 2 ? 0x41 : 0x01, 1);
        le(b, 0xffff, 2);
        le(b, UINT32_MAX, 4);
        name(b, base, i ? "Data" : "Event");
        if (i % 2)
            le(b, UINT32_MAX, 4);
        le(b, 0x02, 1);
        le(b, 0xffff0105, 4);
        le(b, 0xffff07, 3);
        le(b, 0xffff0b, 3);
    }
    le(b, UINT32_MAX, 4);
    le(b, UINT32_MAX, 4);
}

static const struct {
    const char *name;
    void (*make)(st_buf *b, uint32_t base);
} cases[] = {
    { "array of long elements", array_of_long_elements },
    { "instances of itself", instances_of_itself },
    { "thousands of substitutions", one_value },
    { "65,536 values claimed", claims_65536_values },
    { "2^32 - 1 values claimed", claims_every_value },
    { "elements without an end", deep_elements },
    { "sizes of 4 GiB", sizes_of_4_gib },
};
enum { NCASES = sizeof cases / sizeof cases[0] };

/* The record, and behind it as many that use its template as there is room for. */
static void make_chunk(size_t i, st_buf *file)
{
    gen_log *log = gen_new(NULL);
    st_buf b = { 0 };
    assert_non_null(log);
    uint32_t base = gen_here(log), definition = base + DEFINITION;
    cases[i].make(&b, base);
    assert_false(b.failed);
    assert_true(gen_add_raw(log, st_buf_slice(&b)));
    st_str values = { b.p, b.n };
    size_t body = 0;
    memcpy(&body, b.p + BODY - 4, 4);
    if (body < b.n - BODY) {
        values.p += BODY + body;
        values.n -= BODY + body;
        st_buf again = { 0 };
        refer(&again, definition);
        st_buf_str(&again, values);
        while (gen_add_raw(log, st_buf_slice(&again)))
            ;
        st_buf_free(&again);
    }
    assert_true(gen_finish(log, file));
    st_buf_free(&b);
}

/* what it costs */

static void count(void *job, const st_record *r)
{
    size_t *text = job;
    for (size_t i = 0; i < r->nfields; i++)
        *text += r->fields[i].value.n;
    *text += r->xml.n;
}

static bool read_chunk(const unsigned char *p, size_t n, bool xml)
{
    static const st_scan_ops ops = { .record = count };
    st_scan_options o = { .slack = true, .xml = xml };
    st_source source = { .kind = ST_STR("evtx") };
    st_report report = { 0 };
    size_t text = 0;
    st_chunk c = { .bytes = p,
                   .n = n,
                   .offset = FILE_HEADER,
                   .source = &source,
                   .options = &o,
                   .ops = &ops,
                   .job = &text,
                   .report = &report };
    st_native *native = st_native_new();
    st_code code = st_native_chunk(native, &c, NULL);
    bool found = report.records + report.slack + report.unparsable > 0;
    st_native_free(native);
    st_report_free(&report);
    return code == ST_OK && found && text < ST_MAX_CHUNK_STEPS * 512;
}

static void bound(int what, rlim_t most)
{
    struct rlimit l = { most, most };
    setrlimit((__rlimit_resource_t)what, &l);
}

/* In a child: what it couldn't do within the limits ends it. */
static int cost_of(const st_buf *file, bool xml)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        bound(RLIMIT_CPU, SECONDS);
        if (!SHADOW)
            bound(RLIMIT_AS, (rlim_t)MEMORY);
        _exit(read_chunk((const unsigned char *)file->p + FILE_HEADER, CHUNK, xml) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void native__each_bomb__bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < NCASES; i++) {
        st_buf file = { 0 };
        make_chunk(i, &file);
        for (int xml = 0; xml < 2; xml++) {
            int status = cost_of(&file, xml != 0);
            if (status)
                fail_msg("%s%s: status %#x", cases[i].name, xml ? ", as XML" : "",
                         (unsigned)status);
        }
        st_buf_free(&file);
    }
}

/* One value of 32 KiB in so many fields. */
static void used_by_fields(st_buf *b, uint32_t base, unsigned fields, unsigned bytes)
{
    size_t size = define(b, base), event = start(b, base, "Event");
    system_part(b, base);
    size_t data = start(b, base, "EventData");
    for (unsigned i = 0; i < fields; i++) {
        size_t at = start(b, base, "Data");
        substitution(b, 0);
        end(b, at);
    }
    end(b, data);
    end(b, event);
    defined(b, size);
    le(b, 1, 4);
    le(b, bytes, 2);
    le(b, GEN_STRING, 2);
    for (unsigned i = 0; i < bytes; i += 2)
        le(b, 'v', 2);
    le(b, 0, 1);
}

typedef struct seen {
    size_t fields;
    bool partial;
} seen;

static void see(void *job, const st_record *r)
{
    seen *x = job;
    x->fields = r->nfields;
    x->partial = (r->flags & ST_R_PARTIAL) != 0;
}

static void native__values_of_a_record__as_many_bytes_as_the_limit(void **state)
{
    (void)state;
    static const struct {
        unsigned fields, bytes;
        size_t kept;
        bool partial;
    } rows[] = {
        { ST_MAX_RECORD_VALUES / 32768, 32768, ST_MAX_RECORD_VALUES / 32768, false },
        { ST_MAX_RECORD_VALUES / 32768 + 1, 32768, ST_MAX_RECORD_VALUES / 32768, true },
        { ST_MAX_RECORD_VALUES / 32768, 32770, ST_MAX_RECORD_VALUES / 32768 - 1, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const st_scan_ops ops = { .record = see };
        st_scan_options o = { .slack = true };
        st_source source = { .kind = ST_STR("evtx") };
        st_report report = { 0 };
        st_buf b = { 0 }, file = { 0 };
        seen x = { 0 };
        gen_log *log = gen_new(NULL);
        used_by_fields(&b, gen_here(log), rows[i].fields, rows[i].bytes);
        assert_true(gen_add_raw(log, st_buf_slice(&b)) && gen_finish(log, &file));
        st_chunk c = { .bytes = (const unsigned char *)file.p + FILE_HEADER,
                       .n = CHUNK,
                       .offset = FILE_HEADER,
                       .source = &source,
                       .options = &o,
                       .ops = &ops,
                       .job = &x,
                       .report = &report };
        st_native *native = st_native_new();
        assert_int_equal(st_native_chunk(native, &c, NULL), ST_OK);
        assert_int_equal(x.fields, rows[i].kept);
        assert_int_equal(x.partial, rows[i].partial);
        st_native_free(native);
        st_report_free(&report);
        st_buf_free(&b);
        st_buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(native__values_of_a_record__as_many_bytes_as_the_limit),
        cmocka_unit_test(native__each_bomb__bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
