/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_carve.c - records among raw bytes: cut out of logs, scattered, copied, cut short. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "shelltree/evtx.h"
#include "support/evtxgen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSMON_GUID "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"
#define T0 (ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND)
#define RUN_END (4096u + 64u * 65536u)

/* evidence */

static const struct {
    const char *name, *text;
    unsigned char type;
    unsigned since;
} creation[] = {
    { "RuleName", "-", GEN_STRING, 21 },
    { "UtcTime", "2026-01-02 03:04:05.678", GEN_STRING, 16 },
    { "ProcessGuid", "{AABBCCDD-0001-0002-0000-000000000001}", GEN_GUID, 16 },
    { "ProcessId", "4242", GEN_U32, 16 },
    { "Image", "C:\\Windows\\System32\\whoami.exe", GEN_STRING, 16 },
    { "FileVersion", "1", GEN_STRING, 20 },
    { "Description", "2", GEN_STRING, 20 },
    { "Product", "3", GEN_STRING, 20 },
    { "Company", "4", GEN_STRING, 20 },
    { "OriginalFileName", "whoami.exe", GEN_STRING, 22 },
    { "CommandLine", "whoami /all", GEN_STRING, 16 },
    { "CurrentDirectory", "C:\\", GEN_STRING, 16 },
    { "User", "NT AUTHORITY\\SYSTEM", GEN_STRING, 16 },
    { "LogonGuid", "{AABBCCDD-0001-0002-0000-000000000002}", GEN_GUID, 16 },
    { "LogonId", "0x3e7", GEN_HEX64, 16 },
    { "TerminalSessionId", "0", GEN_U32, 16 },
    { "IntegrityLevel", "System", GEN_STRING, 16 },
    { "Hashes", "MD5=00", GEN_STRING, 16 },
    { "ParentProcessGuid", "{AABBCCDD-0001-0002-0000-000000000003}", GEN_GUID, 16 },
    { "ParentProcessId", "77", GEN_U32, 16 },
    { "ParentImage", "C:\\w3wp.exe", GEN_STRING, 16 },
    { "ParentCommandLine", "w3wp.exe -ap x", GEN_STRING, 16 },
    { "ParentUser", "-", GEN_STRING, 23 },
};

static void add(gen_log *log, unsigned id, unsigned nfields, bool literal)
{
    gen_field f[32];
    size_t n = 0;
    for (size_t i = 0; i < sizeof creation / sizeof creation[0]; i++)
        if (creation[i].since <= nfields)
            f[n++] = (gen_field){ creation[i].name, creation[i].text, creation[i].type, 0 };
    gen_event e = { .provider = "Microsoft-Windows-Sysmon",
                    .provider_guid = SYSMON_GUID,
                    .channel = "Microsoft-Windows-Sysmon/Operational",
                    .computer = "web01",
                    .user_sid = "S-1-5-18",
                    .event_id = (uint16_t)id,
                    .task = (uint16_t)id,
                    .version = 5,
                    .level = 4,
                    .keywords = UINT64_C(0x8000000000000000),
                    .created = T0,
                    .pid = 1,
                    .tid = 2,
                    .fields = f,
                    .field_count = n,
                    .literal = literal };
    assert_true(gen_add(log, &e));
}

/* A log with that many creations in a layout, as bytes. */
static st_buf log_of(size_t records, unsigned id, unsigned nfields, bool literal)
{
    gen_log *log = gen_new(&(gen_options){ .first_record = 100 });
    st_buf b = { 0 };
    assert_non_null(log);
    for (size_t i = 0; i < records; i++)
        add(log, id, nfields, literal);
    assert_true(gen_finish(log, &b));
    return b;
}

/* The nth record of the log's first chunk. */
static st_str record_of(const st_buf *log, size_t nth)
{
    const unsigned char *b = (const unsigned char *)log->p;
    size_t at = 4096 + 512;
    for (;; nth--) {
        size_t size = (size_t)b[at + 4] | (size_t)b[at + 5] << 8;
        assert_int_equal(b[at], 0x2a);
        if (!nth)
            return (st_str){ log->p + at, size };
        at += size;
    }
}

static void noise(st_buf *b, size_t n)
{
    for (uint32_t x = 12345; n; n--) {
        x = x * 1664525u + 1013904223u;
        char c = (char)(x >> 24);
        st_buf_char(b, c == '*' || c == 'E' ? '.' : c);
    }
}

/* reading */

enum { MOST = 4096 };

typedef struct seen {
    uint64_t offset, record_id;
    unsigned event_id, flags, origin;
    size_t source, nfields;
    bool host, time;
    bool xml; /* what it renders as has the command line, too */
    char command[64];
    const char *damage;
} seen;

typedef struct room {
    char dir[32];
    unsigned nfiles;
    st_evidence *evidence;
    seen list[MOST];
    size_t n;
    st_scan_options options;
} room;

typedef struct job {
    room *all;
    size_t source;
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *begin(void *ctx, unsigned thread, size_t source)
{
    job *j = malloc(sizeof *j);
    (void)thread;
    assert_non_null(j);
    *j = (job){ ctx, source };
    return j;
}

static void record(void *ctx, const st_record *r)
{
    job *j = ctx;
    seen s = { .offset = r->offset,
               .record_id = r->event_record_id,
               .event_id = r->event_id,
               .flags = r->flags,
               .origin = r->origin,
               .source = j->source,
               .nfields = r->nfields,
               .host = st_value_is(&r->computer, "web01"),
               .time = r->time_created == T0,
               .damage = r->damage,
               .xml = r->xml.n && memmem(r->xml.p, r->xml.n, ">whoami /all<", 13) != NULL };
    assert_true(s.host || !r->computer.p); /* absent, never another */
    for (size_t i = 0; i < r->nfields; i++)
        if (st_str_eq(r->fields[i].name, ST_STR("CommandLine"))) {
            st_buf b = { 0 };
            st_value_text(&r->fields[i].value, &b);
            snprintf(s.command, sizeof s.command, "%.*s", ST_FMT(st_buf_slice(&b)));
            st_buf_free(&b);
        }
    pthread_mutex_lock(&lock);
    if (j->all->n < MOST)
        j->all->list[j->all->n++] = s;
    pthread_mutex_unlock(&lock);
}

static st_code end(void *ctx, void *its, st_err *err)
{
    (void)ctx;
    (void)err;
    free(its);
    return ST_OK;
}

static int enter(void **state)
{
    room *r = calloc(1, sizeof *r);
    if (!r)
        return -1;
    snprintf(r->dir, sizeof r->dir, "/tmp/carve-XXXXXX");
    r->options = (st_scan_options){ .carve = true, .slack = true, .threads = 1 };
    *state = r;
    return mkdtemp(r->dir) ? 0 : -1;
}

static void remove_files(room *r)
{
    char path[64];
    for (unsigned i = 0; i < r->nfiles; i++) {
        snprintf(path, sizeof path, "%s/%u", r->dir, i);
        unlink(path);
    }
    r->nfiles = 0;
}

static int leave(void **state)
{
    room *r = *state;
    st_evidence_free(r->evidence);
    remove_files(r);
    rmdir(r->dir);
    free(r);
    return 0;
}

static void file(room *r, st_buf *b)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%u", r->dir, r->nfiles++);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->p, 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
    st_buf_free(b);
}

static int by_offset(const void *a, const void *b)
{
    const seen *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Reads all files; the report of the first. */
static const st_report *read_all(room *r)
{
    st_scan_ops ops = { .begin = begin, .record = record, .end = end };
    st_evidence_free(r->evidence);
    r->evidence = st_evidence_new();
    r->n = 0;
    assert_int_equal(st_evidence_add(r->evidence, st_str_of(r->dir), NULL), ST_OK);
    assert_int_equal(st_evidence_seal(r->evidence, r->options.carve, false, NULL), ST_OK);
    assert_int_equal(st_evtx_scan(r->evidence, &r->options, &ops, r, NULL), ST_OK);
    qsort(r->list, r->n, sizeof r->list[0], by_offset);
    return st_evidence_at(r->evidence, 0)->report;
}

/* lone records */

static void lone__any_alignment__is_read_by_its_own_template(void **state)
{
    room *r = *state;
    static const size_t at[] = { 0, 1, 7, 8, 4090, 4096 + 65530 };
    for (int literal = 0; literal < 2; literal++)
        for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
            st_buf log = log_of(1, 1, 23, literal), raw = { 0 };
            noise(&raw, at[i]);
            st_buf_str(&raw, record_of(&log, 0));
            noise(&raw, 333);
            file(r, &raw);
            const st_report *report = read_all(r);
            assert_int_equal(report->carved, 1);
            assert_int_equal(report->records + report->slack + report->unparsable, 0);
            assert_int_equal(r->list[0].offset, at[i]);
            assert_int_equal(r->list[0].origin, ST_O_CARVED);
            assert_int_equal(r->list[0].flags & ~(unsigned)ST_R_LITERAL, 0);
            assert_true(r->list[0].host && r->list[0].time);
            assert_string_equal(r->list[0].command, "whoami /all");
            st_buf_free(&log);
            remove_files(r);
        }
}

static void lone__template_elsewhere_in_the_source__is_borrowed(void **state)
{
    room *r = *state;
    st_buf log = log_of(2, 1, 22, false), raw = { 0 };
    noise(&raw, 70001);
    st_buf_str(&raw, record_of(&log, 1));
    noise(&raw, 200000);
    st_buf_str(&raw, record_of(&log, 0));
    file(r, &raw);
    st_buf_free(&log);
    r->options.xml = true;
    const st_report *report = read_all(r);
    assert_true(r->list[0].xml && r->list[1].xml);
    assert_int_equal(report->carved, 2);
    assert_int_equal(report->borrowed, 1);
    assert_int_equal(r->list[0].flags, ST_R_BORROWED);
    assert_true(r->list[0].host);
    assert_string_equal(r->list[0].command, "whoami /all");
    assert_int_equal(r->list[1].flags, 0);
}

static void lone__no_template__each_known_layout_is_read_without_host(void **state)
{
    room *r = *state;
    static const unsigned layouts[] = { 16, 20, 21, 22, 23 };
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        st_buf log = log_of(2, 1, layouts[i], false), raw = { 0 };
        noise(&raw, 99);
        st_buf_str(&raw, record_of(&log, 1));
        noise(&raw, 99);
        file(r, &raw);
        st_buf_free(&log);
        const st_report *report = read_all(r);
        assert_int_equal(report->carved, 1);
        assert_int_equal(report->damaged, 0);
        const seen *s = &r->list[0];
        assert_int_equal(s->flags, ST_R_BORROWED);
        assert_false(s->host);
        assert_true(s->time);
        assert_int_equal(s->event_id, 1);
        assert_int_equal(s->record_id, 101);
        assert_int_equal(s->nfields, layouts[i]);
        assert_string_equal(s->command, "whoami /all");
        remove_files(r);
    }
}

static void lone__no_template_and_no_known_layout__system_is_read(void **state)
{
    room *r = *state;
    static const struct {
        unsigned id, layout;
    } cases[] = { { 5, 23 }, { 13, 16 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_buf log = log_of(2, cases[i].id, cases[i].layout, false), raw = { 0 };
        noise(&raw, 99);
        st_buf_str(&raw, record_of(&log, 1));
        file(r, &raw);
        st_buf_free(&log);
        const st_report *report = read_all(r);
        assert_int_equal(report->carved, 1);
        assert_int_equal(report->damaged, 1);
        assert_int_equal(r->list[0].event_id, cases[i].id);
        assert_int_equal(r->list[0].record_id, 101);
        assert_true(r->list[0].time);
        assert_int_equal(r->list[0].nfields, 0);
        assert_string_equal(r->list[0].damage, "no-template");
        remove_files(r);
    }
}

static void lone__template_in_another_source__is_never_used(void **state)
{
    room *r = *state;
    st_buf log = log_of(2, 1, 22, false), first = { 0 }, second = { 0 };
    noise(&first, 50);
    st_buf_str(&first, record_of(&log, 1));
    file(r, &first);
    noise(&second, 50);
    st_buf_str(&second, record_of(&log, 0));
    file(r, &second);
    st_buf_free(&log);
    read_all(r);
    assert_int_equal(r->n, 2);
    assert_false(r->list[0].host);
    assert_true(r->list[1].host);
}

/* each once */

static void chunk__whole_or_cut__each_record_once(void **state)
{
    room *r = *state;
    enum { RECORDS = 20 };
    for (unsigned cut = 0; cut < 2; cut++) {
        st_buf log = log_of(RECORDS, 1, 23, false), raw = { 0 };
        st_str last = record_of(&log, RECORDS - 1);
        size_t upto = cut ? (size_t)(last.p - log.p) + last.n / 2 : log.n;
        noise(&raw, 777);
        st_buf_put(&raw, log.p + 4096, upto - 4096);
        noise(&raw, 777);
        st_buf_str(&raw, record_of(&log, 3));
        file(r, &raw);
        st_buf_free(&log);
        const st_report *report = read_all(r);
        assert_int_equal(report->carved, RECORDS - cut + 1);
        assert_int_equal(report->unparsable, cut);
        assert_int_equal(r->n, RECORDS - cut + 1);
        for (size_t i = 1; i < r->n; i++)
            assert_true(r->list[i].offset > r->list[i - 1].offset);
        remove_files(r);
    }
}

static void log__garbage_between_chunks__records_in_it_are_carved(void **state)
{
    room *r = *state;
    gen_log *g = gen_new(&(gen_options){ .first_record = 100 });
    st_buf log = { 0 }, extra = log_of(1, 1, 22, false);
    assert_non_null(g);
    add(g, 1, 23, false);
    assert_true(gen_close_chunk(g, 0));
    add(g, 1, 23, false);
    assert_true(gen_finish(g, &log));
    st_buf raw = { 0 };
    st_buf_put(&raw, log.p, 4096 + 65536);
    noise(&raw, 1001);
    st_buf_str(&raw, record_of(&extra, 0));
    noise(&raw, 65536 - 1001 - record_of(&extra, 0).n);
    st_buf_put(&raw, log.p + 4096 + 65536, 65536);
    st_buf_free(&log);
    uint64_t size = record_of(&extra, 0).n;
    st_buf_free(&extra);
    file(r, &raw);
    const st_report *report = read_all(r);
    assert_int_equal(report->records, 2);
    assert_int_equal(report->carved, 1);
    assert_int_equal(report->lost.bytes, 65536 - size);
    assert_int_equal(r->list[1].offset, 4096 + 65536 + 1001);
    r->options.carve = false;
    report = read_all(r);
    assert_int_equal(report->records, 2);
    assert_int_equal(report->carved, 0);
    assert_int_equal(report->lost.bytes, 65536);
}

static void lone__across_two_pieces_of_work__is_read_once(void **state)
{
    room *r = *state;
    static const size_t before[] = { 1, 27, 500, 0 };
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        st_buf log = log_of(1, 1, 23, false), raw = { 0 };
        noise(&raw, RUN_END - before[i]);
        st_buf_str(&raw, record_of(&log, 0));
        st_buf_str(&raw, record_of(&log, 0));
        noise(&raw, 70000);
        file(r, &raw);
        st_buf_free(&log);
        for (unsigned threads = 1; threads < 4; threads += 2) {
            r->options.threads = threads;
            assert_int_equal(read_all(r)->carved, 2);
            assert_int_equal(r->list[0].offset, RUN_END - before[i]);
        }
        remove_files(r);
    }
}

/* where pieces of work begin */

enum { CHUNK = 65536, CHUNKS = 8, SHORT = 3 };

static size_t u32_at(const st_buf *b, size_t at)
{
    const unsigned char *p = (const unsigned char *)b->p + at;
    return p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

/* Eight chunks; every other one has a few records, and behind them what stood in the one before. */
static st_buf buffered_log(void)
{
    gen_log *log = gen_new(&(gen_options){ .first_record = 100 });
    st_buf b = { 0 };
    assert_non_null(log);
    for (unsigned k = 0; k < CHUNKS; k++) {
        for (unsigned i = 0; i < (k % 2 ? SHORT : 25); i++)
            add(log, 1, 23, false);
        assert_true(gen_close_chunk(log, 0));
    }
    assert_true(gen_finish(log, &b));
    assert_int_equal(b.n, 4096 + (size_t)CHUNKS * CHUNK);
    for (size_t at = 4096 + CHUNK; at < b.n; at += (size_t)2 * CHUNK) {
        size_t from = 512;
        while (from < u32_at(&b, at + 48))
            from += u32_at(&b, at - CHUNK + from + 4);
        memcpy(b.p + at + from, b.p + at - CHUNK + from, CHUNK - from);
    }
    return b;
}

static void wipe(st_buf *b, size_t from, size_t to)
{
    st_buf dirt = { 0 };
    noise(&dirt, to - from);
    memcpy(b->p + from, dirt.p, dirt.n);
    st_buf_free(&dirt);
}

/* What a source gave must not depend on where pieces of work begin. */
static void assert_pieces_agree(room *r)
{
    static const unsigned slots[] = { 1, 2, 3, 5, 7 };
    room *whole = malloc(sizeof *whole);
    assert_non_null(whole);
    r->options.run_slots = 0;
    st_report first = *read_all(r);
    st_range *ranges = malloc((first.lost.n + 1) * sizeof *ranges);
    assert_non_null(ranges);
    if (first.lost.n)
        memcpy(ranges, first.lost.list, first.lost.n * sizeof *ranges);
    *whole = *r;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        r->options.run_slots = slots[i];
        r->options.threads = 1 + (unsigned)i;
        const st_report *report = read_all(r);
        print_message("%u slots: %zu records\n", slots[i], r->n);
        assert_int_equal(r->n, whole->n);
        for (size_t k = 0; k < r->n; k++) {
            assert_int_equal(r->list[k].offset, whole->list[k].offset);
            assert_int_equal(r->list[k].origin, whole->list[k].origin);
            assert_int_equal(r->list[k].flags, whole->list[k].flags);
            assert_string_equal(r->list[k].command, whole->list[k].command);
        }
        assert_int_equal(report->records, first.records);
        assert_int_equal(report->slack, first.slack);
        assert_int_equal(report->ghosts, first.ghosts);
        assert_int_equal(report->carved, first.carved);
        assert_int_equal(report->unparsable, first.unparsable);
        assert_int_equal(report->lost.bytes, first.lost.bytes);
        assert_int_equal(report->lost.n, first.lost.n);
        for (size_t k = 0; k < first.lost.n; k++) {
            assert_int_equal(report->lost.list[k].offset, ranges[k].offset);
            assert_int_equal(report->lost.list[k].length, ranges[k].length);
        }
    }
    free(ranges);
    free(whole);
}

static void pieces__any_size__same_records(void **state)
{
    room *r = *state;
    static const struct {
        const char *what;
        size_t at, insert, remove; /* bytes put in at, or taken out there */
        bool no_magic, no_head, raw;
        size_t least, ghosts;
    } cases[] = {
        { "as written", 0, 0, 0, false, false, false, 112, 88 },
        { "half a KiB more behind a chunk", 4096 + CHUNK, 512, 0, false, false, false, 112, 88 },
        { "off the grid, without magics", 4096 + CHUNK, 30008, 0, true, false, false, 100, 60 },
        { "bytes missing in a chunk", 4096 + 2 * CHUNK + 20000, 0, 3072, false, false, false, 110,
          60 },
        { "odd bytes more behind a chunk", 4096 + CHUNK, 777, 0, false, false, false, 25, 0 },
        { "raw", 0, 777, 0, false, false, true, 112, 88 },
        { "raw, heads of chunks gone", 0, 777, 0, true, true, true, 200, 0 },
    };
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
        size_t c = i / 2;
        st_buf log = buffered_log(), b = { 0 };
        r->options.carve = i % 2 || cases[c].raw;
        for (size_t k = 0; k < CHUNKS; k++) {
            if (cases[c].no_magic && (k || cases[c].raw))
                memset(log.p + 4096 + k * CHUNK, 0, 8);
            if (cases[c].no_head)
                wipe(&log, 4096 + k * CHUNK, 4096 + k * CHUNK + 512);
        }
        if (cases[c].raw)
            wipe(&log, 0, 4096);
        st_buf_put(&b, log.p, cases[c].at);
        noise(&b, cases[c].insert);
        st_buf_put(&b, log.p + cases[c].at + cases[c].remove,
                   log.n - cases[c].at - cases[c].remove);
        st_buf_free(&log);
        file(r, &b);
        print_message("%s, carve %d\n", cases[c].what, r->options.carve);
        assert_pieces_agree(r);
        const st_report *report = read_all(r);
        assert_true(r->n >= (i % 2 && !cases[c].no_head ? 110 : cases[c].least));
        assert_true(report->ghosts >= cases[c].ghosts);
        remove_files(r);
    }
}

/* what belongs to another */

/* A chunk's bytes up to `cut`, then those of a second one from `other` on; or noise. */
static st_buf spliced(const st_buf *log, const st_buf *second, size_t before, size_t cut,
                      size_t other)
{
    st_buf b = { 0 };
    if (before)
        noise(&b, before);
    else
        st_buf_put(&b, log->p, 4096);
    st_buf_put(&b, log->p + 4096, cut);
    if (other < CHUNK)
        st_buf_put(&b, second->p + 4096 + other, CHUNK - other);
    else
        noise(&b, CHUNK);
    noise(&b, 2 * (size_t)CHUNK);
    return b;
}

/* A record whose bytes end before it does may give what is left of it, but never as if it were
 * all its own. */
static void cut__anywhere__what_follows_is_never_taken_for_it_unmarked(void **state)
{
    room *r = *state;
    static const size_t others[] = { 0, 512, 1024, 3072, CHUNK };
    static const size_t befores[] = { 0, 512, 1536, 777 }; /* 0: the log's own header */
    st_buf logs[2] = { log_of(30, 1, 23, false), log_of(30, 1, 23, true) };
    for (size_t i = 0; i < 2 * 4 * 5 * 12; i++) {
        const st_buf *log = &logs[i % 2];
        size_t before = befores[i / 2 % 4], other = others[i / 8 % 5], at = 512, size = 0;
        size_t where = before ? before : 4096, cut = 3072 + i / 40 * 1536;
        st_buf b = spliced(log, &logs[i % 4 / 2], before, cut, other);
        for (; at < cut; at += size)
            size = u32_at(log, 4096 + at + 4);
        at -= size; /* the record across the cut */
        bool whole = memcmp(b.p + where + at, log->p + 4096 + at, size - 12) == 0;
        file(r, &b);
        r->options.carve = before == 777 || i % 3 == 0;
        read_all(r);
        size_t intact = 0;
        for (size_t k = 0; k < r->n; k++) {
            const seen *s = &r->list[k];
            intact += s->offset < where + at;
            if (s->offset < where + at)
                assert_int_equal(s->flags & (ST_R_PARTIAL | ST_R_REPAIRED), 0);
            if (s->offset == where + at && !whole && !(s->flags & (ST_R_PARTIAL | ST_R_TRAILER)))
                fail_msg("case %zu: before %zu, cut %zu, other %zu: flags %x", i, before, cut,
                         other, s->flags);
        }
        if (!intact && at > 512)
            fail_msg("case %zu: before %zu, cut %zu, other %zu: nothing", i, before, cut, other);
        remove_files(r);
    }
    st_buf_free(&logs[0]);
    st_buf_free(&logs[1]);
}

/* what can't be read */

static void lone__cut_short__is_counted_with_its_range(void **state)
{
    room *r = *state;
    st_buf log = log_of(1, 1, 23, false), raw = { 0 };
    noise(&raw, 100);
    st_buf_put(&raw, record_of(&log, 0).p, 1000);
    noise(&raw, 9000);
    file(r, &raw);
    const st_report *report = read_all(r);
    assert_int_equal(report->carved, 0);
    assert_int_equal(report->unparsable, 1);
    assert_int_equal(report->lost.n, 1);
    assert_int_equal(report->lost.list[0].offset, 100);
    assert_int_equal(report->lost.list[0].length, record_of(&log, 0).n);
    st_buf_free(&log);
}

static void raw__no_signature__gives_nothing(void **state)
{
    room *r = *state;
    static const char *const words[] = { "", "**", "ElfChnk", "ElfChnk\0 and **" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        st_buf raw = { 0 };
        noise(&raw, 9000);
        st_buf_put(&raw, words[i], strlen(words[i]) + 1);
        noise(&raw, 9000);
        file(r, &raw);
        const st_report *report = read_all(r);
        assert_int_equal(r->n, 0);
        assert_int_equal(report->unparsable, 0);
        assert_int_equal(report->chunks, 0);
        assert_int_equal(report->lost.bytes, 0);
        remove_files(r);
    }
}

static void raw__heads_without_end__cost_bounded_work(void **state)
{
    room *r = *state;
    unsigned char head[32] = { 0x2a, 0x2a, 0, 0, 32, 0, 0,    0,    1,    0, 0, 0, 0,  0, 0, 0,
                               0,    0,    0, 0, 0,  0, 0xdc, 0x01, 0x0f, 1, 1, 0, 32, 0, 0, 0 };
    enum { HEADS = 40000 };
    st_buf raw = { 0 };
    noise(&raw, 5);
    for (size_t i = 0; i < HEADS; i++)
        st_buf_put(&raw, (const char *)head, sizeof head);
    file(r, &raw);
    const st_report *report = read_all(r);
    assert_int_equal(report->carved, 0);
    assert_int_equal(report->unparsable, HEADS);
}

#define IN_ROOM(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(lone__any_alignment__is_read_by_its_own_template),
        IN_ROOM(lone__template_elsewhere_in_the_source__is_borrowed),
        IN_ROOM(lone__no_template__each_known_layout_is_read_without_host),
        IN_ROOM(lone__no_template_and_no_known_layout__system_is_read),
        IN_ROOM(lone__template_in_another_source__is_never_used),
        IN_ROOM(chunk__whole_or_cut__each_record_once),
        IN_ROOM(log__garbage_between_chunks__records_in_it_are_carved),
        IN_ROOM(lone__across_two_pieces_of_work__is_read_once),
        IN_ROOM(pieces__any_size__same_records),
        IN_ROOM(cut__anywhere__what_follows_is_never_taken_for_it_unmarked),
        IN_ROOM(lone__cut_short__is_counted_with_its_range),
        IN_ROOM(raw__no_signature__gives_nothing),
        IN_ROOM(raw__heads_without_end__cost_bounded_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
