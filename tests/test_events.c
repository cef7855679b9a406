/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_events.c - records to rows: by name, nothing dropped, nothing altered but '%%'. */
#include "events/store.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/evtxgen.h"

/* records by hand */

typedef struct pair {
    const char *name, *text;
} pair;

static st_value text_value(const char *s)
{
    return (st_value){ .p = (const unsigned char *)s, .n = (uint32_t)strlen(s), .type = ST_V_TEXT };
}

/* UTF-16LE of ASCII; the caller frees. */
static unsigned char *wide(const char *s)
{
    size_t n = strlen(s);
    unsigned char *p = calloc(n ? n : 1, 2);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[2 * i] = (unsigned char)s[i];
    return p;
}

static st_record sysmon_record(uint32_t event_id)
{
    return (st_record){ .offset = 4096,
                        .number = 7,
                        .provider = text_value("Microsoft-Windows-Sysmon"),
                        .computer = text_value("PC.example"),
                        .channel = text_value("Microsoft-Windows-Sysmon/Operational"),
                        .event_id = event_id,
                        .event_record_id = 42,
                        .time_created = 5 * ST_TICKS_SECOND };
}

static size_t fields_of(const pair *pairs, st_field *out)
{
    size_t n = 0;
    for (; pairs[n].name; n++)
        out[n] = (st_field){ st_str_of(pairs[n].name), st_field_id(st_str_of(pairs[n].name)),
                             text_value(pairs[n].text) };
    return n;
}

static st_store *decoded(st_record *r, const pair *pairs)
{
    st_field fields[32];
    st_scratch scratch = { 0 };
    st_store *s = st_store_new();
    assert_non_null(s);
    r->fields = fields;
    r->nfields = fields_of(pairs, fields);
    assert_true(st_event_decode(s, r, 3, &scratch));
    st_scratch_free(&scratch);
    return s;
}

static void assert_text(const st_store *s, st_sid id, const char *want)
{
    st_str got = st_pool_get(s->pool, id);
    if (!st_str_eq(got, st_str_of(want)))
        fail_msg("got \"%.*s\", not \"%s\"", ST_FMT(got), want);
}

/* names */

static void field_id__each_name__leads_back_to_it(void **state)
{
    (void)state;
    static const char *const names[] = { "UtcTime", "ProcessGuid",   "CommandLine",  "ParentUser",
                                         "Hashes",  "SchemaVersion", "Configuration" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint16_t id = st_field_id(st_str_of(names[i]));
        assert_int_not_equal(id, 0);
        assert_true(st_str_eq(st_field_def_of(id)->name, st_str_of(names[i])));
    }
    assert_int_equal(st_field_id(ST_STR("processguid")), 0);
    assert_int_equal(st_field_id(ST_STR("")), 0);
    assert_null(st_field_def_of(0));
    assert_null(st_field_def_of(999));
}

static void creation_field__each_column__has_sysmons_name(void **state)
{
    (void)state;
    assert_string_equal(st_creation_field(ST_COL_command_line), "CommandLine");
    assert_string_equal(st_creation_field(ST_COL_command_line_recorded), "CommandLine");
    assert_string_equal(st_creation_field(ST_COL_utc_text), "UtcTime");
    assert_string_equal(st_creation_field(ST_COL_computer), "Computer");
    for (unsigned i = 0; i < ST_COL_COUNT; i++)
        assert_non_null(st_creation_field(i));
    assert_null(st_creation_field(ST_COL_COUNT));
}

/* whose record it is */

static const st_event_set none;

static void provider__name_or_guid_in_any_case__is_sysmons(void **state)
{
    (void)state;
    static const struct {
        const char *name, *guid;
        bool want;
    } rows[] = {
        { "Microsoft-Windows-Sysmon", "", true },
        { "MICROSOFT-windows-sysmon", "", true },
        { "Renamed", "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}", true },
        { "Renamed", "5770385F-C22A-43E0-BF4C-06F5698FFBD9", true },
        { "Microsoft-Windows-Kernel-General", "{A68CA8B7-004F-D7B6-A698-07E2DE0F1F5D}", false },
        { "Microsoft-Windows-Sysmon2", "", false },
        { "", "", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_record r = sysmon_record(1);
        r.provider = text_value(rows[i].name);
        r.provider_guid = text_value(rows[i].guid);
        if ((st_provider_of(&r) == ST_SYSMON) != rows[i].want ||
            st_event_wants(&r, &none, NULL, NULL) != rows[i].want)
            fail_msg("%s %s", rows[i].name, rows[i].guid);
    }
}

static void wants__only_the_ids_that_are_read(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 300; id++) {
        st_record r = sysmon_record(id);
        assert_int_equal(st_event_wants(&r, &none, NULL, NULL),
                         id == 1 || id == 4 || id == 5 || id == 16);
    }
}

static void decode__other_provider__counts_and_makes_nothing(void **state)
{
    (void)state;
    st_record r = sysmon_record(1);
    r.provider = text_value("Microsoft-Windows-Kernel-General");
    st_store *s = decoded(&r, (const pair[]){ { "Image", "x" }, { NULL, NULL } });
    assert_int_equal(s->records, 1);
    assert_int_equal(s->sysmon, 0);
    assert_int_equal(s->creations.n, 0);
    assert_int_equal(s->nseen, 0);
    st_store_free(s);
}

/* creations */

static void decode__creation__fills_the_columns(void **state)
{
    (void)state;
    st_record r = sysmon_record(1);
    r.flags = ST_R_CRC | ST_R_BORROWED;
    r.origin = ST_O_SLACK;
    st_store *s =
        decoded(&r, (const pair[]){ { "RuleName", "-" },
                                    { "UtcTime", "2026-01-02 03:04:05.678" },
                                    { "ProcessGuid", "{365ABB72-7C01-5CC4-0000-00102B3E0C00}" },
                                    { "ProcessId", "2404" },
                                    { "Image", "C:\\a\\cmd.exe" },
                                    { "CommandLine", "cmd /c echo %%TEMP%% %%%%" },
                                    { "LogonId", "0x3e7" },
                                    { "TerminalSessionId", "0" },
                                    { "ParentProcessId", "1000" },
                                    { "ParentCommandLine", "a %%i" },
                                    { "Unknown", "x" },
                                    { "Image", "second" },
                                    { NULL, NULL } });
    const st_creations *c = &s->creations;
    assert_int_equal(c->n, 1);
    assert_text(s, c->computer[0], "PC.example");
    assert_text(s, c->rule_name[0], "-");
    assert_text(s, c->image[0], "C:\\a\\cmd.exe");
    assert_text(s, c->command_line[0], "cmd /c echo %TEMP% %%");
    assert_text(s, c->command_line_recorded[0], "cmd /c echo %%TEMP%% %%%%");
    assert_text(s, c->parent_command_line[0], "a %%i");
    assert_int_equal(c->utc_text[0], ST_ABSENT);
    assert_int_equal(c->parent_user[0], ST_ABSENT);
    st_buf b = { 0 };
    st_buf_time_sysmon(&b, c->utc[0]);
    st_buf_guid(&b, &c->guid[0]);
    assert_true(st_str_eq(st_buf_slice(&b),
                          ST_STR("2026-01-02 03:04:05.678{365ABB72-7C01-5CC4-0000-00102B3E0C00}")));
    st_buf_free(&b);
    assert_int_equal(c->pid[0], 2404);
    assert_int_equal(c->parent_pid[0], 1000);
    assert_int_equal(c->session[0], 0);
    assert_int_equal(c->logon_id[0], 0x3e7);
    assert_int_equal(c->event_record_id[0], 42);
    assert_int_equal(c->record_number[0], 7);
    assert_int_equal(c->offset[0], 4096);
    assert_int_equal(c->source[0], 3);
    assert_int_equal(c->origin[0], ST_O_SLACK);
    assert_int_equal(c->flags[0], ST_C_CRC | ST_C_BORROWED);
    assert_int_equal(s->nseen, 1);
    assert_int_equal(s->seen[0].event_id, 1);
    st_store_free(s);
}

static void decode__malformed_creation__is_a_row_with_flags(void **state)
{
    (void)state;
    static const struct {
        const char *utc, *guid;
        unsigned flags;
        const char *utc_text;
    } rows[] = {
        { NULL, NULL, ST_C_TIME | ST_C_NO_GUID, "" },
        { "yesterday", "{00000000-0000-0000-0000-000000000000}", ST_C_TIME | ST_C_NO_GUID,
          "yesterday" },
        { "", "nonsense", ST_C_TIME | ST_C_NO_GUID, "" },
        { "2026-02-30 00:00:00.000", "{365ABB72-7C01-5CC4-0000-00102B3E0C00}", ST_C_TIME,
          "2026-02-30 00:00:00.000" },
        { "2026-02-28 00:00:00.000", NULL, ST_C_NO_GUID, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pair p[4] = { { 0 } };
        size_t n = 0;
        if (rows[i].utc)
            p[n++] = (pair){ "UtcTime", rows[i].utc };
        if (rows[i].guid)
            p[n++] = (pair){ "ProcessGuid", rows[i].guid };
        st_record r = sysmon_record(1);
        st_store *s = decoded(&r, p);
        assert_int_equal(s->creations.n, 1);
        assert_int_equal(s->creations.flags[0], rows[i].flags);
        if (rows[i].flags & ST_C_TIME)
            assert_int_equal(s->creations.utc[0], r.time_created);
        assert_text(s, s->creations.utc_text[0], rows[i].utc_text);
        assert_int_equal(s->creations.pid[0], ST_NO_U32);
        st_store_free(s);
    }
}

/* One behind the other, so that most dates are those of the one before. */
static void event_time__each_row__as_by_itself(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "2026-01-02 03:04:05.678", "2026-01-02 23:59:59.999", "2026-01-02 24:00:00.000",
        "2026-01-02 23:60:00.000", "2026-01-02 23:00:60.000", "2026-01-02 00:00:00.000",
        "2026-01-02 0a:00:00.000", "2026-01-02 00:00:00,000", "2026-01-02 00:00:00.0x0",
        "2026-01-02 00:00:00.00",  "2026-01-03 00:00:00.000", "2026-01-02 00:00:00.001",
        "2026-02-30 00:00:00.000", "2026-02-30 00:00:01.000", "1601-01-01 00:00:01.000",
        "1601-01-01 00:00:00.000", "1600-12-31 00:00:01.000", "9999-12-31 23:59:59.999",
        "2026-01-02T03:04:05.678",
    };
    st_scratch scratch = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char *utf16 = wide(rows[i]);
        st_ticks expected = 0, got = 0;
        st_value v = { utf16, (uint32_t)(2 * strlen(rows[i])), ST_V_STRING, false };
        bool is = st_time_sysmon(st_str_of(rows[i]), &expected);
        for (unsigned again = 0; again < 2; again++)
            if (st_event_time(&v, &scratch, &got) != is || (is && got != expected))
                fail_msg("%s", rows[i]);
        utf16[2 * 12 + 1] = 1; /* another character that ends in the digit's byte */
        assert_false(st_event_time(&v, &scratch, &got));
        free(utf16);
    }
    st_scratch_free(&scratch);
}

static void decode__no_computer__is_counted(void **state)
{
    (void)state;
    st_record r = sysmon_record(1);
    r.computer = (st_value){ 0 };
    st_store *s = decoded(&r, (const pair[]){ { NULL, NULL } });
    assert_int_equal(s->without_host, 1);
    assert_int_equal(s->creations.computer[0], ST_ABSENT);
    st_store_free(s);
}

static void decode__lone_surrogate__keeps_the_bytes(void **state)
{
    (void)state;
    static const unsigned char utf16[] = { 'a', 0, 0x00, 0xd8, 'b', 0, 0, 0 };
    st_scratch scratch = { 0 };
    st_store *s = st_store_new();
    st_field f = { ST_STR("Image"),
                   st_field_id(ST_STR("Image")),
                   { utf16, sizeof utf16, ST_V_STRING, true } };
    st_record r = sysmon_record(1);
    r.fields = &f;
    r.nfields = 1;
    assert_true(st_event_decode(s, &r, 0, &scratch));
    assert_text(s, s->creations.image[0],
                "a\xef\xbf\xbd"
                "b");
    assert_true(s->creations.flags[0] & ST_C_LOSSY);
    assert_int_equal(s->creations.truncated[0], 1u << ST_COL_image);
    assert_int_equal(s->nlossy, 1);
    assert_string_equal(s->lossy[0].field, "Image");
    assert_text(s, s->lossy[0].hex, "610000d86200");
    st_store_free(s);
    st_scratch_free(&scratch);
}

static void decode__utf16_string__loses_only_its_terminator(void **state)
{
    (void)state;
    unsigned char *image = wide(" C:\\x.exe  ");
    st_scratch scratch = { 0 };
    st_store *s = st_store_new();
    st_field f = { ST_STR("Image"),
                   st_field_id(ST_STR("Image")),
                   { image, 22, ST_V_STRING, false } };
    st_record r = sysmon_record(1);
    r.fields = &f;
    r.nfields = 1;
    assert_true(st_event_decode(s, &r, 0, &scratch));
    assert_text(s, s->creations.image[0], " C:\\x.exe  ");
    st_store_free(s);
    st_scratch_free(&scratch);
    free(image);
}

/* the others */

/* Texts that come again, in between others, on either side of what is remembered of them. */
static void decode__texts_met_before__are_the_same_as_met_first(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* NULL: one that comes once */
        size_t times;     /* repeated this often */
        bool nul;
    } rows[] = {
        { "", 1, false },
        { "-", 1, false },
        { "-", 1, true },
        { "?", 1, false },
        { "abc", 1, false },
        { "abcd", 1, false },
        { "abcde", 1, false },
        { "C:\\Windows\\", 3, false },
        { "C:\\Windows\\", 3, true },
        { "C:\\windows\\", 3, false },
        { "x", ST_MET_BYTES / 2, 0 },
        { "x", ST_MET_BYTES / 2 + 1, false },
        { "x", ST_MET_BYTES / 2 - 1, false },
    };
    enum { ROWS = sizeof rows / sizeof rows[0], ROUNDS = 5 };
    st_scratch scratch = { .met = calloc(1, sizeof(st_met)) };
    st_store *s = st_store_new();
    size_t kept = 0;
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < ROWS; i++) {
            st_buf b = { 0 };
            for (size_t k = 0; k < rows[i].times; k++)
                st_buf_str(&b, st_str_of(rows[i].text));
            st_buf_char(&b, 0);
            unsigned char *p = wide(b.p);
            st_field f = { .name = ST_STR("Image"),
                           .id = st_field_id(ST_STR("Image")),
                           .value = {
                               .p = p, .n = (uint32_t)(2 * (b.n - 1)), .type = ST_V_STRING } };
            unsigned char *q = calloc(b.n + 1, 2); /* with a NUL behind it, or not */
            memcpy(q, p, f.value.n);
            f.value.p = q;
            f.value.n += rows[i].nul ? 2 : 0;
            st_record r = sysmon_record(1);
            r.fields = &f;
            r.nfields = 1;
            assert_true(st_event_decode(s, &r, 0, &scratch));
            b.p[b.n - 1] = 0;
            assert_text(s, s->creations.image[s->creations.n - 1], b.p);
            free(p);
            free(q);
            st_buf_free(&b);
        }
    for (size_t i = 0; i < ST_MET_TEXTS; i++)
        kept += scratch.met->heads[i].n != 0;
    assert_in_range(kept, 7, ROWS - 2); /* all but the empty one, and the one that is too long */
    st_scratch_free(&scratch);
    st_store_free(s);
}

/* What is remembered from one record to the next doesn't show in another one. */
static void decode__one_scratch__records_tell_of_themselves(void **state)
{
    enum { CHARS = 64, BEFORE = 20, MANY = ST_ROUTE_FIELDS + 1 };
    static const struct {
        const char *provider; /* NULL: Sysmon */
        const char *name;
        char differs;   /* in the midst of the text, where no sample is taken */
        size_t nfields; /* the first of them has the name, others are unknown */
    } rows[] = {
        { NULL, "Image", 'a', 1 },        { NULL, "Image", 'a', 1 },    { NULL, "Image", 'a', 1 },
        { NULL, "Image", 'b', 1 },        { NULL, "Image", 'a', 1 },    { NULL, "Company", 'a', 1 },
        { "Other", "Image", 'a', 1 },     { NULL, "Company", 'c', 1 },  { NULL, "Image", 'c', 1 },
        { "Other", "Company", 'a', 1 },   { NULL, "Image", 'a', MANY }, { NULL, "Image", 'a', 0 },
        { NULL, "Company", 'a', MANY },   { NULL, "Image", 'b', MANY }, { NULL, "Image", 'b', 0 },
        { NULL, "Image", 'b', MANY - 1 }, { NULL, "Image", 'b', 0 },
    };
    (void)state;
    st_scratch scratch = { .met = calloc(1, sizeof(st_met)) };
    st_store *s = st_store_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CHARS + 1] = { 0 };
        memset(text, 'x', CHARS);
        text[BEFORE] = rows[i].differs;
        unsigned char *p = wide(text);
        st_field fields[MANY] = { { .name = st_str_of(rows[i].name),
                                    .id = st_field_id(st_str_of(rows[i].name)),
                                    .value = { .p = p, .n = 2 * CHARS, .type = ST_V_STRING } } };
        st_record r = sysmon_record(1);
        r.fields = fields;
        r.nfields = rows[i].nfields;
        if (rows[i].provider)
            r.provider = text_value(rows[i].provider);
        else
            assert_true(st_event_wants(&r, &none, NULL, &scratch.provider));
        size_t before = s->creations.n;
        assert_true(st_event_decode(s, &r, 0, &scratch));
        assert_int_equal(s->creations.n - before, rows[i].provider ? 0 : 1);
        if (!rows[i].provider) {
            bool image = strcmp(rows[i].name, "Image") == 0, there = rows[i].nfields != 0;
            assert_text(s, s->creations.image[before], there && image ? text : "");
            assert_text(s, s->creations.company[before], there && !image ? text : "");
        }
        free(p);
    }
    st_scratch_free(&scratch);
    st_store_free(s);
}

static void decode__ends_and_service_events__are_typed(void **state)
{
    (void)state;
    st_record r = sysmon_record(5);
    st_store *s =
        decoded(&r, (const pair[]){ { "UtcTime", "2026-01-02 03:04:05.678" },
                                    { "ProcessGuid", "{365ABB72-7C01-5CC4-0000-00102B3E0C00}" },
                                    { "ProcessId", "9" },
                                    { NULL, NULL } });
    assert_int_equal(s->nendings, 1);
    assert_int_equal(s->endings[0].pid, 9);
    assert_false(st_guid_zero(&s->endings[0].guid));
    assert_int_not_equal(s->endings[0].utc, s->endings[0].created);
    st_store_free(s);

    r = sysmon_record(4);
    s = decoded(&r, (const pair[]){ { "State", "Started" },
                                    { "Version", "15.0" },
                                    { "SchemaVersion", "4.90" },
                                    { NULL, NULL } });
    assert_int_equal(s->nservices, 1);
    assert_text(s, s->services[0].state, "Started");
    assert_text(s, s->services[0].version, "15.0");
    assert_text(s, s->services[0].schema, "4.90");
    assert_int_equal(s->services[0].utc, r.time_created);
    st_store_free(s);

    r = sysmon_record(16);
    s = decoded(&r, (const pair[]){ { "Configuration", "c.xml" }, { NULL, NULL } });
    assert_text(s, s->services[0].state, "config");
    assert_text(s, s->services[0].version, "c.xml");
    st_store_free(s);

    r = sysmon_record(11);
    s = decoded(&r, (const pair[]){ { NULL, NULL } });
    assert_int_equal(s->nseen, 1);
    assert_int_equal(s->creations.n + s->nendings + s->nservices, 0);
    st_store_free(s);
}

/* A computer's name is converted once, but what had to go is counted for each record. */
static void decode__lone_surrogate__is_counted_for_the_source(void **state)
{
    (void)state;
    static const unsigned char wide[] = { 'h', 0, 0x00, 0xd8 };
    st_store *s = st_store_new();
    st_scratch scratch = { 0 };
    uint64_t lossy = 0, first = 0;
    st_record r = sysmon_record(1);
    r.computer = (st_value){ .p = wide, .n = sizeof wide, .type = ST_V_STRING };
    r.lossy = &lossy;
    assert_true(st_event_decode(s, &r, 0, &scratch));
    first = lossy;
    assert_true(first > 0);
    assert_true(st_event_decode(s, &r, 0, &scratch));
    assert_int_equal(lossy, 2 * first);
    assert_int_equal(s->nlossy, 2);
    assert_text(s, s->creations.computer[1], "h\xef\xbf\xbd");
    st_store_free(s);
    st_scratch_free(&scratch);
}

/* stores */

static void append__two_stores__strings_stay_what_they_are(void **state)
{
    (void)state;
    static const char *const images[] = { "b", "a", "c" };
    st_store *s[2] = { st_store_new(), st_store_new() };
    st_scratch scratch[2] = { 0 };
    for (size_t i = 0; i < 300; i++) {
        st_field f = { ST_STR("Image"), st_field_id(ST_STR("Image")), text_value(images[i % 3]) };
        st_record r = sysmon_record(1);
        r.fields = &f;
        r.nfields = 1;
        r.event_record_id = i;
        assert_true(st_event_decode(s[i % 2], &r, 0, &scratch[i % 2]));
    }
    assert_true(st_store_append(s[0], s[1], 2));
    assert_int_equal(s[0]->creations.n, 300);
    assert_int_equal(s[0]->nseen, 300);
    assert_int_equal(s[0]->sysmon, 300);
    for (size_t i = 0; i < 300; i++)
        assert_text(s[0], s[0]->creations.image[i], images[s[0]->creations.event_record_id[i] % 3]);
    st_store_free(s[0]);
    st_store_free(s[1]);
    st_scratch_free(&scratch[0]);
    st_scratch_free(&scratch[1]);
}

static void append__ends__strings_go_over_by_text(void **state)
{
    (void)state;
    static const char *const images[] = { "b", "a", "c" };
    st_store *s[2] = { st_store_new(), st_store_new() };
    st_scratch scratch[2] = { 0 };
    for (size_t i = 0; i < 30; i++) {
        st_field f = { ST_STR("ProcessName"), st_field_id(ST_STR("ProcessName")),
                       text_value(images[i % 3]) };
        st_record r = sysmon_record(4689);
        r.provider = text_value("Microsoft-Windows-Security-Auditing");
        r.fields = &f;
        r.nfields = 1;
        r.time_created = i + 1;
        assert_true(st_event_decode(s[i % 2], &r, 0, &scratch[i % 2]));
    }
    assert_true(st_store_append(s[0], s[1], 2));
    assert_int_equal(s[0]->nendings, 30);
    for (size_t i = 0; i < 30; i++)
        assert_text(s[0], s[0]->endings[i].image, images[(s[0]->endings[i].utc - 1) % 3]);
    st_store_free(s[0]);
    st_store_free(s[1]);
    st_scratch_free(&scratch[0]);
    st_scratch_free(&scratch[1]);
}

static void hashes_get__each_text__gives_that_digest(void **state)
{
    (void)state;
    static const struct {
        const char *in, *algorithm, *want;
    } rows[] = {
        { "SHA256=AB", "SHA256", "AB" },
        { "SHA1=1,MD5=2,SHA256=3,IMPHASH=0", "MD5", "2" },
        { "SHA1=1,MD5=2,SHA256=3,IMPHASH=0", "sha256", "3" },
        { "SHA1=1, MD5=2", "MD5", "2" },
        { "SHA256=AB", "SHA25", "" },
        { "SHA256", "SHA256", "" },
        { "-", "MD5", "" },
        { "", "MD5", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!st_str_eq(st_hashes_get(st_str_of(rows[i].in), rows[i].algorithm),
                       st_str_of(rows[i].want)))
            fail_msg("%s %s", rows[i].in, rows[i].algorithm);
}

static void answers_next__each_text__answers_without_types(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want; /* answers, "|" between them */
    } rows[] = {
        { "type:  5 a.example;::ffff:192.0.2.1;", "a.example|192.0.2.1" },
        { " 192.0.2.1 ;; ;2001:db8::1", "192.0.2.1|2001:db8::1" },
        { "type: 5 ;::ffff:;type:6", "" },
        { "-", "-" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        st_str rest = st_str_of(rows[i].in), answer;
        while (st_answers_next(&rest, &answer)) {
            st_buf_str(&b, b.n ? ST_STR("|") : ST_STR(""));
            st_buf_str(&b, answer);
        }
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i].want)))
            fail_msg("%s: %.*s", rows[i].in, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

static void undouble_percent__each_text__once_from_the_left(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },           { "a", "a" },     { "%%", "%" },
        { "%", "%" },         { "%%%", "%%" },  { "%%%%", "%%" },
        { "a%%b%%", "a%b%" }, { "%a%", "%a%" }, { "%%TEMP%%", "%TEMP%" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        st_undouble_percent(st_str_of(rows[i][0]), &b);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i][1])))
            fail_msg("%s: %.*s", rows[i][0], ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

/* Fields of the service's events have no column of creations. */
static void decode__creation_with_fields_of_the_service__keeps_its_own(void **state)
{
    (void)state;
    st_record r = sysmon_record(1);
    st_store *s = decoded(&r, (const pair[]){ { "State", "7" },
                                              { "Version", "8" },
                                              { "SchemaVersion", "9" },
                                              { "Image", "C:\\a.exe" },
                                              { NULL, NULL } });
    for (unsigned i = 0; i < ST_COL_COUNT; i++) {
        st_sid id = st_creation_column(&s->creations, i)[0];
        if (i == ST_COL_computer)
            assert_text(s, id, "PC.example");
        else if (i != ST_COL_channel)
            assert_int_equal(id != ST_ABSENT, i == ST_COL_image);
    }
    assert_int_equal(s->nservices, 0);
    st_store_free(s);
}

/* The way of a record's fields is that of the one before only if they have the same names. */
static void decode__creations_of_several_layouts__each_field_in_its_column(void **state)
{
    static const struct {
        uint64_t layout;
        pair fields[3];
    } rows[] = {
        { 1, { { "Image", "i" }, { "User", "u" } } }, { 1, { { "Image", "i" }, { "User", "u" } } },
        { 2, { { "User", "u" }, { "Image", "i" } } }, { 0, { { "Image", "i" }, { "User", "u" } } },
        { 0, { { "User", "u" }, { "Image", "i" } } }, { 1, { { "Image", "i" }, { "User", "u" } } },
        { 3, { { "Image", "i" }, { "User", "u" } } }, { 2, { { "User", "u" }, { "Image", "i" } } },
    };
    st_scratch scratch = { 0 };
    st_store *s = st_store_new();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_field fields[3];
        st_record r = sysmon_record(1);
        r.fields = fields;
        r.nfields = fields_of(rows[i].fields, fields);
        r.layout = rows[i].layout;
        assert_true(st_event_decode(s, &r, 0, &scratch));
        assert_text(s, s->creations.image[i], "i");
        assert_text(s, s->creations.user[i], "u");
    }
    st_scratch_free(&scratch);
    st_store_free(s);
}

/* other events */

/* Fields of other events in a creation take no field's place, whatever their numbers are. */
static void decode__creation_with_fields_of_others__keeps_its_own(void **state)
{
    (void)state;
    uint16_t own = st_field_id(ST_STR("RuleName")), last = own;
    while (st_field_def_of((uint16_t)(last + 64)))
        last = (uint16_t)(last + 64);
    assert_int_not_equal(last, own); /* there are that many names */
    pair fields[] = { { st_field_def_of(last)->name.p, "x" },
                      { "RuleName", "rule" },
                      { "SourceImage", "y" },
                      { "Image", "C:\\a.exe" },
                      { NULL, NULL } };
    st_record r = sysmon_record(1);
    st_store *s = decoded(&r, fields);
    assert_text(s, s->creations.rule_name[0], "rule");
    assert_text(s, s->creations.image[0], "C:\\a.exe");
    st_store_free(s);
}

static void decode__other_event__is_stored_only_if_wanted(void **state)
{
    static const pair fields[] = { { "UtcTime", "2023-11-14 22:13:20.000" },
                                   { "SourceProcessGUID",
                                     "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}" },
                                   { "SourceProcessId", "17" },
                                   { "SourceImage", "C:\\a.exe" },
                                   { "SourceImage", "C:\\second.exe" },
                                   { "GrantedAccess", "0x10" },
                                   { "CommandLine", "not of this kind" },
                                   { NULL, NULL } };
    (void)state;
    for (unsigned wanted = 0; wanted < 2; wanted++) {
        st_record r = sysmon_record(10);
        st_field f[16];
        st_scratch scratch = { 0 };
        st_store *s = st_store_new();
        size_t kind = st_event_kind_of(ST_SYSMON_EVENT(10));
        const st_events *e = &s->events[kind];
        st_event_set_add(&s->wanted, ST_SYSMON_EVENT(wanted ? 10 : 7));
        r.fields = f;
        r.nfields = fields_of(fields, f);
        assert_int_equal(st_event_wants(&r, &s->wanted, NULL, NULL), wanted);
        assert_true(st_event_decode(s, &r, 3, &scratch));
        assert_int_equal(e->n, wanted);
        assert_int_equal(s->nseen, 1);
        assert_int_equal(s->creations.n, 0);
        for (unsigned i = 0; i < wanted; i++) {
            const st_event_kind *k = st_event_kind_at(kind);
            assert_text(s, e->computer[0], "PC.example");
            assert_int_equal(e->pid[0], 17);
            assert_int_equal(e->guid[0].b[0], 0x5f);
            assert_int_equal(e->source[0], 3);
            assert_int_equal(e->event_record_id[0], 42);
            assert_true(e->utc[0] > e->created[0]);
            assert_text(s, e->text[st_event_column(k, ST_T_image)][0], "C:\\a.exe");
            assert_text(s, e->text[st_event_column(k, ST_T_granted_access)][0], "0x10");
            assert_int_equal(e->text[st_event_column(k, ST_T_call_trace)][0], ST_ABSENT);
            assert_int_equal(st_event_column(k, ST_T_contents), SIZE_MAX);
            assert_int_equal(st_event_column(k, ST_T_NONE), SIZE_MAX);
        }
        st_scratch_free(&scratch);
        st_store_free(s);
    }
}

static void event_kinds__each_once__with_a_name_for_each_text(void **state)
{
    st_event_set seen = { { 0 } }, all = st_event_set_all();
    (void)state;
    assert_true(st_event_set_empty(&seen));
    assert_true(st_event_kinds() <= ST_MAX_EVENT_KINDS);
    for (size_t i = 0; i < st_event_kinds(); i++) {
        const st_event_kind *k = st_event_kind_at(i);
        assert_false(st_event_set_has(&seen, i));
        st_event_set_add(&seen, k->key);
        assert_true(st_event_set_has(&seen, i));
        assert_int_equal(st_event_kind_of(k->key), i);
        assert_non_null(k->word);
        /* What is kept whole, or is no record, has no fields of a name known here. */
        bool named = k->key.provider != ST_LOGS && k->key.provider != ST_ACCESS;
        for (size_t c = 0; named && k->texts[c]; c++) {
            assert_int_equal(st_event_column(k, k->texts[c]), c);
            uint16_t id = 1;
            while (st_field_def_of(id) && st_field_def_of(id)->text != k->texts[c])
                id++;
            assert_non_null(st_field_def_of(id));
        }
    }
    assert_true(st_event_set_eq(&seen, &all));
    assert_null(st_event_kind_at(st_event_kinds()));
    static const st_event_key never[] = { { ST_SYSMON, 1 },
                                          { ST_SYSMON, 5 },
                                          { ST_SYSMON, 64 },
                                          { ST_SYSMON, 255 },
                                          { ST_PROVIDERS, 3 } };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        st_event_set_add(&seen, never[i]);
        assert_int_equal(st_event_kind_of(never[i]), st_event_kinds());
        assert_true(st_event_set_eq(&seen, &all));
    }
}

static void append__events__strings_go_over_by_text(void **state)
{
    static const pair fields[] = { { "QueryName", "a.example" }, { "Image", "x" }, { NULL, NULL } };
    st_store *s[2] = { st_store_new(), st_store_new() };
    st_scratch scratch[2] = { 0 };
    size_t kind = st_event_kind_of(ST_SYSMON_EVENT(22));
    (void)state;
    st_pool_put(s[1]->pool, ST_STR("so that ids differ"));
    for (unsigned i = 0; i < 3; i++) {
        st_record r = sysmon_record(22);
        st_field f[4];
        s[i % 2]->wanted = st_event_set_all();
        r.fields = f;
        r.nfields = fields_of(fields, f);
        r.event_record_id = i;
        assert_true(st_event_decode(s[i % 2], &r, i, &scratch[i % 2]));
    }
    assert_true(st_store_append(s[0], s[1], 2));
    const st_events *e = &s[0]->events[kind];
    assert_int_equal(e->n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_text(s[0], e->text[st_event_column(st_event_kind_at(kind), ST_T_query_name)][i],
                    "a.example");
        assert_text(s[0], e->computer[i], "PC.example");
    }
    assert_int_equal(e->event_record_id[2], 1);
    for (unsigned i = 0; i < 2; i++) {
        st_scratch_free(&scratch[i]);
        st_store_free(s[i]);
    }
}

/* all of it */

static st_store *read_all(st_evidence *e, unsigned threads)
{
    st_err err = { 0 };
    st_store *s = NULL;
    st_scan_options o = { .engine = ST_ENGINE_NATIVE, .threads = threads, .slack = true };
    if (st_events_read(e, &o, NULL, NULL, 0, NULL, NULL, NULL, &s, &err) != ST_OK)
        fail_msg("%s", err.text);
    return s;
}

static st_evidence *evidence_at(const char *path)
{
    st_evidence *e = st_evidence_new();
    assert_non_null(e);
    assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
    assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
    return e;
}

/* The sum over rows of a hash of what they say: the same for any order. */
static uint64_t sum(const st_store *s)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->creations.n; i++) {
        uint64_t h = s->creations.offset[i] ^ (uint64_t)s->creations.source[i] << 40;
        for (unsigned c = 0; c < ST_COL_COUNT; c++) {
            st_str t = st_pool_get(s->pool, st_creation_column(&s->creations, c)[i]);
            h = st_hash(t.p, t.n, h);
        }
        total += h;
    }
    return total;
}

static void read__public_logs__every_creation_on_any_number_of_threads(void **state)
{
    (void)state;
    char path[4096];
    const char *src = getenv("srcdir");
    (void)snprintf(path, sizeof path, "%s/../shared/data/evtx", src ? src : ".");
    FILE *there = fopen(path, "r");
    if (!there) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    (void)fclose(there);
    uint64_t first = 0;
    for (unsigned threads = 1; threads < 6; threads += 2) {
        st_evidence *e = evidence_at(path);
        st_store *s = read_all(e, threads);
        size_t live = 0;
        for (size_t i = 0; i < s->creations.n; i++)
            live += s->creations.origin[i] == ST_O_LIVE && s->creations.provider[i] == ST_SYSMON;
        assert_int_equal(live, 1280);
        first = threads == 1 ? sum(s) : first;
        assert_int_equal(sum(s), first);
        st_store_free(s);
        st_evidence_free(e);
    }
}

/* records that are kept whole */

static void log__kept__by_id_and_field(void **state)
{
    (void)state;
    static const uint32_t ids[] = { 4624 };
    static const st_str fields[] = { { "ipaddress", 9 }, { "ThreatName", 10 } };
    static const struct {
        st_log_keep keep;
        uint32_t id;
        const char *kept; /* NULL: no row */
    } rows[] = {
        { { true, true, NULL, 0, NULL, 0 }, 4624, "IpAddress=1 Threat Name=2 Other=3 " },
        { { false, false, ids, 1, fields, 2 }, 4624, "IpAddress=1 Threat Name=2 " },
        { { true, false, NULL, 0, fields, 1 }, 1, "IpAddress=1 " },
        { { true, false, NULL, 0, NULL, 0 }, 1, "" },
        { { false, true, ids, 1, NULL, 0 }, 4625, NULL },
        { { false, true, NULL, 0, NULL, 0 }, 4624, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_field f[] = { { ST_STR("IpAddress"), 0, text_value("1") },
                         { ST_STR("Threat Name"), 0, text_value("2") },
                         { ST_STR("Other"), 0, text_value("3") } };
        st_record r = { .provider = text_value("x"),
                        .channel = text_value("Security"),
                        .computer = text_value("pc"),
                        .event_id = rows[i].id,
                        .fields = f,
                        .nfields = 3 };
        st_store *s = st_store_new();
        st_scratch scratch = { .keep = &rows[i].keep };
        size_t kind = st_event_kind_of((st_event_key){ ST_LOGS, ST_LOG_SECURITY }), at = 0;
        st_event_set_add(&s->wanted, (st_event_key){ ST_LOGS, ST_LOG_SECURITY });
        assert_int_equal(st_event_wants(&r, &s->wanted, &rows[i].keep, NULL), rows[i].kept != NULL);
        assert_true(st_event_decode(s, &r, 0, &scratch));
        const st_events *e = &s->events[kind];
        assert_int_equal(e->n, rows[i].kept != NULL);
        st_buf got = { 0 };
        st_str name, value;
        for (st_str all =
                 e->n ? st_pool_get(
                            s->pool,
                            e->text[st_event_column(st_event_kind_at(kind), ST_T_log_fields)][0])
                      : ST_STR("");
             st_log_next(all, &at, &name, &value);)
            st_buf_fmt(&got, "%.*s=%.*s ", ST_FMT(name), ST_FMT(value));
        assert_true(st_str_eq(st_buf_slice(&got), st_str_of(rows[i].kept ? rows[i].kept : "")));
        st_buf_free(&got);
        st_store_free(s);
        st_scratch_free(&scratch);
    }
}

static void log__wanted__by_channel_and_id(void **state)
{
    (void)state;
    static const uint32_t ids[] = { 4624, 4732 };
    static const st_log_wanted wanted[] = { { { "Security", 8 }, ids, 2 },
                                            { { "System", 6 }, NULL, 0 } };
    static const struct {
        const char *channel;
        uint32_t id;
        bool wanted;
    } table[] = {
        { "Security", 4624, true }, { "Security", 4625, false }, { "security", 4732, true },
        { "System", 1, true },      { "Application", 1, false }, { "Systems", 1, false },
        { "System", 7045, true },   { "", 4624, false },
    };
    st_logs_filter f = { .v = wanted, .n = 2 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_record r = { .event_id = table[i].id };
        r.channel = (st_value){ (const unsigned char *)table[i].channel,
                                (uint32_t)strlen(table[i].channel), ST_V_TEXT, false };
        if (st_log_wants(&f, &r) != table[i].wanted)
            fail_msg("row %zu", i);
    }
    st_record no_channel = { .event_id = 4624 };
    assert_false(st_log_wants(&f, &no_channel));
}

static void log__fields__are_found_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        uint8_t type;
    } fields[] = { { "A", "x", ST_V_TEXT },
                   { "Empty", "", ST_V_TEXT },
                   { "Null", NULL, ST_V_NULL },
                   { "a", "second", ST_V_TEXT },
                   { "B", "y", ST_V_TEXT } };
    st_field list[5];
    for (size_t i = 0; i < 5; i++) {
        const char *v = fields[i].value;
        list[i] = (st_field){ .name = st_str_of(fields[i].name),
                              .value = { (const unsigned char *)v, v ? (uint32_t)strlen(v) : 0,
                                         fields[i].type, false } };
    }
    list[4].value.p = (const unsigned char *)"y\0z"; /* a NUL would end the value */
    list[4].value.n = 3;
    st_record r = { .fields = list, .nfields = 5 };
    st_buf value = { 0 }, text = { 0 };
    uint64_t replaced = 0;
    st_log_put_fields(&r, NULL, &value, &text, &replaced);
    st_str all = st_buf_slice(&text), name, v;
    assert_true(st_str_eq(st_log_field(all, ST_STR("a")), ST_STR("x")));
    assert_true(st_str_eq(st_log_field(all, ST_STR("b")), ST_STR("yz")));
    assert_non_null(st_log_field(all, ST_STR("empty")).p);
    assert_null(st_log_field(all, ST_STR("Null")).p);
    assert_null(st_log_field(all, ST_STR("x")).p); /* a value is no name */
    size_t at = 0, n = 0;
    while (st_log_next(all, &at, &name, &v))
        n++;
    assert_int_equal(n, 4);
    assert_null(st_log_field((st_str){ "cut", 3 }, ST_STR("cut")).p);
    st_buf_free(&value);
    st_buf_free(&text);
}

/* another look */

static void guid_number(unsigned char out[16], unsigned n)
{
    memset(out, 0, 16);
    out[0] = (unsigned char)n;
    out[15] = 1;
}

static void trail__slots__passed_over_if_they_hold_none_of_the_wanted(void **state)
{
    (void)state;
    static const struct {
        uint32_t source, slot;
        unsigned guids[4]; /* of events, 0: no more; 255: one without a GUID */
        bool skips;
    } rows[] = {
        { 0, 0, { 1, 2 }, true },    { 0, 1, { 1, 7 }, false }, { 0, 2, { 0 }, true },
        { 0, 3, { 255 }, false },    { 2, 0, { 9 }, false },    { 2, 5, { 8, 8, 3 }, true },
        { 2, 6, { 3, 255 }, false },
    };
    st_trail whole = { 0 }, part = { 0 };
    st_trail_map m;
    st_guid wanted[2];
    guid_number(wanted[0].b, 7);
    guid_number(wanted[1].b, 9);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_trail *t = i < 3 ? &whole : &part;
        assert_true(st_trail_slot(t, rows[i].source, rows[i].slot));
        for (size_t k = 0; rows[i].guids[k]; k++) {
            unsigned char g[16];
            const unsigned char *one[] = { g };
            guid_number(g, rows[i].guids[k]);
            assert_true(st_trail_guids(t, one, rows[i].guids[k] != 255));
        }
    }
    assert_true(st_trail_append(&whole, &part));
    st_wanted_events w = { .guids = wanted, .nguids = 2 };
    assert_true(st_trail_map_make(&m, &whole, &w, 3));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_trail_map_skips(&m, rows[i].source, rows[i].slot) != rows[i].skips)
            fail_msg("row %zu", i);
    assert_false(st_trail_map_skips(&m, 0, 4)); /* nobody looked */
    assert_false(st_trail_map_skips(&m, 1, 0));
    assert_false(st_trail_map_skips(&m, 2, 1));
    assert_false(st_trail_map_skips(&m, 2, 7));
    assert_false(st_trail_map_skips(&m, 3, 0));
    st_trail_map_free(&m);
    st_trail_free(&whole);
    st_trail_free(&part);
}

typedef struct heads {
    bool brief;
    size_t n, fields;
    uint32_t pid[2], flags[2];
} heads;

static void *heads_begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

static bool heads_fields_do(void *job, const st_record *head)
{
    return ((heads *)job)->brief && head->event_id == 1;
}

static void heads_record(void *job, const st_record *r)
{
    heads *h = job;
    assert_true(h->n < 2);
    h->pid[h->n] = r->execution_pid;
    h->flags[h->n++] = r->flags;
    h->fields += r->nfields;
}

/* Of the literal record it isn't known without reading it that System is as it should be. */
static void scan__fields_do__the_rest_of_system_is_left_where_it_is_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/st_heads_XXXXXX";
    int fd = mkstemp(path);
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 };
    gen_field fields[] = { { "UtcTime", "2026-01-02 03:04:05.678", GEN_STRING, 0 } };
    for (unsigned i = 0; i < 2; i++) {
        gen_event ev = { .provider = "Microsoft-Windows-Sysmon",
                         .channel = "Microsoft-Windows-Sysmon/Operational",
                         .computer = "a.example",
                         .user_sid = "S-1-5-18",
                         .event_id = 1,
                         .created = ST_TICKS_UNIX,
                         .pid = 77,
                         .fields = fields,
                         .field_count = 1,
                         .literal = i };
        assert_true(gen_add(log, &ev));
    }
    assert_true(gen_finish(log, &file));
    assert_int_equal(write(fd, file.p, file.n), (ssize_t)file.n);
    close(fd);
    for (unsigned brief = 0; brief < 2; brief++) {
        heads h = { .brief = brief };
        st_evidence *e = st_evidence_new();
        st_scan_options o = { .threads = 1 };
        st_scan_ops ops = { .begin = heads_begin,
                            .fields_do = heads_fields_do,
                            .record = heads_record };
        assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
        assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
        assert_int_equal(st_evtx_scan(e, &o, &ops, &h, NULL), ST_OK);
        assert_int_equal(h.n, 2);
        assert_int_equal(h.fields, 2);
        assert_int_equal(h.pid[0], brief ? 0 : 77);
        assert_int_equal(h.pid[1], 77);
        assert_int_equal(h.flags[0], 0);
        assert_int_equal(h.flags[1], ST_R_LITERAL);
        st_evidence_free(e);
    }
    st_buf_free(&file);
    unlink(path);
}

/* New memory isn't zeros by itself. */
static void dirty_memory(int byte)
{
#ifdef M_PERTURB
    mallopt(M_PERTURB, byte);
#else
    (void)byte;
#endif
}

static void store__foreseen_rows__have_a_place_and_nothing_moves(void **state)
{
    (void)state;
    dirty_memory(0x55);
    st_store *s = st_store_new();
    for (unsigned i = 0; i < 100; i++) {
        size_t row = st_store_add(s);
        s->creations.pid[row] = i;
    }
    st_store_foresee(s, 20.5);
    const uint32_t *pids = s->creations.pid;
    assert_int_equal(s->creations.n, 100);
    for (unsigned i = 100; i < 2050; i++) {
        size_t row = st_store_add(s);
        assert_int_equal(s->creations.image[row], 0); /* as every new row's */
        s->creations.pid[row] = i;
    }
    assert_ptr_equal(s->creations.pid, pids);
    for (unsigned i = 0; i < 2050; i++)
        assert_int_equal(pids[i], i);
    st_store_free(s);
    dirty_memory(0);
}

static void store__trimmed__keeps_its_rows_and_takes_more(void **state)
{
    (void)state;
    static const size_t rows[] = { 0, 1, 100, 256, 257 };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        st_store *s = st_store_new();
        for (size_t i = 0; i < rows[k]; i++) {
            size_t row = st_store_add(s);
            s->creations.pid[row] = (uint32_t)i;
        }
        st_store_foresee(s, 2); /* too little to be worth moving all */
        size_t cap = s->creations.cap;
        st_store_trim(s);
        assert_int_equal(s->creations.cap, cap);
        st_store_foresee(s, rows[k] ? 100000.0 / (double)rows[k] : 0);
        st_store_trim(s);
        assert_int_equal(s->creations.cap, rows[k]);
        assert_int_equal(s->seen_cap, s->nseen);
        for (size_t i = rows[k]; i < rows[k] + 600; i++) {
            size_t row = st_store_add(s);
            assert_int_equal(row, i);
            assert_int_equal(s->creations.image[row], 0); /* as every new row's */
            s->creations.pid[row] = (uint32_t)i;
            s->creations.image[row] = 7;
        }
        for (size_t i = 0; i < rows[k] + 600; i++)
            assert_int_equal(s->creations.pid[i], i);
        st_store_free(s);
    }
}

/* A log of events that nobody wanted, many of them a process's own: with what the first turn knows
 * of them the second finds as many as without. */
static void gather__with_a_trail__finds_what_it_finds_without(void **state)
{
    (void)state;
    enum { EVENTS = 3000, PROCESSES = 600 };
    char path[] = "/tmp/st_gather_XXXXXX", guid[64];
    int fd = mkstemp(path);
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 };
    for (unsigned i = 0; i < EVENTS; i++) {
        unsigned process = i < PROCESSES ? i : i % 5;
        bool wmi = i == 1777, string = i % 500 == 7;
        snprintf(guid, sizeof guid, "{AABBCCDD-0001-0002-0000-%012X}", process + 1);
        gen_field fields[] = {
            { "UtcTime", "2026-01-02 03:04:05.678", GEN_STRING, 0 },
            { wmi ? "Operation" : "ProcessGuid", guid, string ? GEN_STRING : GEN_GUID, 0 },
            { "ProcessId", "77", GEN_U32, 0 },
            { "Image", "C:\\x.exe", GEN_STRING, 0 },
            { "TargetFilename", "C:\\a file", GEN_STRING, 0 },
        };
        gen_event ev = { .provider = "Microsoft-Windows-Sysmon",
                         .channel = "Microsoft-Windows-Sysmon/Operational",
                         .computer = "a.example",
                         .event_id = wmi ? 19 : 11,
                         .created = ST_TICKS_UNIX + i,
                         .fields = fields,
                         .field_count = sizeof fields / sizeof fields[0],
                         .literal = i % 700 == 3 };
        assert_true(gen_add(log, &ev));
    }
    assert_true(gen_finish(log, &file));
    assert_int_equal(write(fd, file.p, file.n), (ssize_t)file.n);
    close(fd);
    for (unsigned wanted = 0; wanted < PROCESSES; wanted += 37) {
        size_t rows[2] = { 0 }, skipped = 0;
        for (unsigned trail = 0; trail < 2; trail++) {
            st_evidence *e = st_evidence_new();
            st_scan_options o = { .slack = true, .threads = 1 + wanted % 2, .run_slots = 3 };
            st_store *s = NULL;
            size_t first[ST_MAX_EVENT_KINDS];
            st_guid g;
            st_wanted_events w = { .guids = &g, .nguids = 1 };
            snprintf(guid, sizeof guid, "{AABBCCDD-0001-0002-0000-%012X}", wanted + 1);
            assert_true(st_guid_parse(st_str_of(guid), &g));
            st_event_set_add(&w.kinds, ST_SYSMON_EVENT(11));
            st_event_set_add(&w.nameless, ST_SYSMON_EVENT(19));
            assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
            assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
            assert_int_equal(st_events_read(e, &o, NULL, NULL, 0, NULL, NULL, NULL, &s, NULL),
                             ST_OK);
            assert_true(s->trail.nslots > 10);
            if (!trail)
                st_trail_free(&s->trail);
            st_trail_map m;
            assert_true(st_trail_map_make(&m, &s->trail, &w, 1));
            for (size_t i = 0; i < 100; i++)
                skipped += st_trail_map_skips(&m, 0, i);
            st_trail_map_free(&m);
            assert_int_equal(st_events_gather(e, &o, &w, s, first, NULL), ST_OK);
            for (size_t k = 0; k < st_event_kinds(); k++)
                rows[trail] += s->events[k].n;
            st_store_free(s);
            st_evidence_free(e);
        }
        assert_int_equal(rows[0], rows[1]);
        assert_true(rows[0] >= 2);
        assert_true(wanted < 5 || skipped > 3);
    }
    st_buf_free(&file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trail__slots__passed_over_if_they_hold_none_of_the_wanted),
        cmocka_unit_test(gather__with_a_trail__finds_what_it_finds_without),
        cmocka_unit_test(scan__fields_do__the_rest_of_system_is_left_where_it_is_whole),
        cmocka_unit_test(store__foreseen_rows__have_a_place_and_nothing_moves),
        cmocka_unit_test(store__trimmed__keeps_its_rows_and_takes_more),
        cmocka_unit_test(log__wanted__by_channel_and_id),
        cmocka_unit_test(log__fields__are_found_by_name),
        cmocka_unit_test(decode__creation_with_fields_of_the_service__keeps_its_own),
        cmocka_unit_test(decode__creations_of_several_layouts__each_field_in_its_column),
        cmocka_unit_test(decode__creation_with_fields_of_others__keeps_its_own),
        cmocka_unit_test(decode__other_event__is_stored_only_if_wanted),
        cmocka_unit_test(event_kinds__each_once__with_a_name_for_each_text),
        cmocka_unit_test(append__events__strings_go_over_by_text),
        cmocka_unit_test(field_id__each_name__leads_back_to_it),
        cmocka_unit_test(creation_field__each_column__has_sysmons_name),
        cmocka_unit_test(provider__name_or_guid_in_any_case__is_sysmons),
        cmocka_unit_test(wants__only_the_ids_that_are_read),
        cmocka_unit_test(decode__other_provider__counts_and_makes_nothing),
        cmocka_unit_test(decode__creation__fills_the_columns),
        cmocka_unit_test(decode__malformed_creation__is_a_row_with_flags),
        cmocka_unit_test(event_time__each_row__as_by_itself),
        cmocka_unit_test(decode__no_computer__is_counted),
        cmocka_unit_test(decode__lone_surrogate__keeps_the_bytes),
        cmocka_unit_test(decode__utf16_string__loses_only_its_terminator),
        cmocka_unit_test(decode__texts_met_before__are_the_same_as_met_first),
        cmocka_unit_test(decode__one_scratch__records_tell_of_themselves),
        cmocka_unit_test(decode__ends_and_service_events__are_typed),
        cmocka_unit_test(decode__lone_surrogate__is_counted_for_the_source),
        cmocka_unit_test(append__two_stores__strings_stay_what_they_are),
        cmocka_unit_test(append__ends__strings_go_over_by_text),
        cmocka_unit_test(log__kept__by_id_and_field),
        cmocka_unit_test(hashes_get__each_text__gives_that_digest),
        cmocka_unit_test(answers_next__each_text__answers_without_types),
        cmocka_unit_test(undouble_percent__each_text__once_from_the_left),
        cmocka_unit_test(read__public_logs__every_creation_on_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
