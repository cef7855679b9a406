/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - every format over ordinary and hostile text. */
#include "case_support.h"
#include "base/limits.h"
#include "report/internal.h"
#include "shelltree/verify.h"

#include <sys/stat.h>

/* helpers */

/* What a writer wrote, NUL-terminated; the caller frees it. */
typedef struct captured {
    char *p;
    size_t n;
} captured;

static FILE *capture_begin(st_out *o)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    st_out_init(o, fileno(f));
    return f;
}

static captured capture_end(FILE *f, st_out *o)
{
    st_err err = { 0 };
    captured c = { 0 };
    assert_int_equal(st_out_end(o, &err), ST_OK);
    c.n = (size_t)o->written;
    c.p = calloc(c.n + 1, 1);
    rewind(f);
    assert_int_equal(fread(c.p, 1, c.n, f), c.n);
    fclose(f);
    return c;
}

static size_t count_of(captured c, const char *what)
{
    size_t n = 0;
    for (const char *p = c.p; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void must_have(captured c, const char *what)
{
    if (!strstr(c.p, what))
        fail_msg("no %s in:\n%s", what, c.p);
}

static void must_lack(captured c, const char *what)
{
    if (strstr(c.p, what))
        fail_msg("%s in:\n%s", what, c.p);
}

#define HOSTILE         \
    "a\"b,\xe2\x80\xae" \
    "gpj.exe\x1b[2J\r\n\xff\xed\xa0\x80 \xc2\x9b </script>\\"

/* scrub */

static void scrub__each_row__shown(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *ascii;
    } rows[] = {
        { "C:\\new\\temp \"x\"", "C:\\new\\temp \"x\"", "C:\\new\\temp \"x\"" },
        { "a\r\n\tb",
          "a\xe2\x90\x8d\xe2\x90\x8a\xe2\x90\x89"
          "b",
          "a<U+000D><U+000A><U+0009>b" },
        { "\x7f", "\xe2\x90\xa1", "<U+007F>" },
        { "\x1b[31m", "\xe2\x90\x9b[31m", "<U+001B>[31m" },
        { "exe\xe2\x80\xaegpj", "exe<U+202E>gpj", "exe<U+202E>gpj" },
        { "\xc2\x9b", "<U+009B>", "<U+009B>" },
        { "\xef\xbb\xbf", "<U+FEFF>", "<U+FEFF>" },
        { "\xff\xc3", "<0xFF><0xC3>", "<0xFF><0xC3>" },
        { "\xed\xa0\x80", "<0xED><0xA0><0x80>", "<0xED><0xA0><0x80>" },
        { "r\xc3\xa9sum\xc3\xa9", "r\xc3\xa9sum\xc3\xa9", "r<U+00E9>sum<U+00E9>" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "<U+1F600>" },
        { "", "", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int ascii = 0; ascii < 2; ascii++) {
            st_buf b = { 0 };
            st_scrub(&b, st_str_of(rows[i].in), ascii);
            if (!st_str_eq(st_buf_slice(&b), st_str_of(ascii ? rows[i].ascii : rows[i].out)))
                fail_msg("row %zu, ascii %d: %.*s", i, ascii, ST_FMT(st_buf_slice(&b)));
            st_buf_free(&b);
        }
}

/* Every byte, alone and between others, comes out as valid UTF-8 without a control character. */
static void escapers__every_byte__safe(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned how = 0; how < 4; how++) {
            char in[3] = { 'a', (char)byte, 'z' };
            st_str s = { in, 3 };
            st_buf b = { 0 };
            if (how == 0)
                st_scrub(&b, s, false);
            else if (how == 1)
                st_scrub(&b, s, true);
            else if (how == 2)
                st_json_str(&b, s);
            else
                st_csv_field(&b, s, false, false, NULL);
            st_str out = st_buf_slice(&b);
            bool fine = st_utf8_valid(out) && out.n >= 3;
            for (size_t i = 0; i < out.n; i++)
                fine &= (unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f;
            if (!fine)
                fail_msg("byte %02x, format %u: %.*s", byte, how, ST_FMT(out));
            st_buf_free(&b);
        }
}

/* Whichever place it has among letters that are looked at together. */
static void csv_field__every_byte_at_every_place__as_between_two(void **state)
{
    (void)state;
    enum { LETTERS = 19 };
    for (unsigned byte = 0; byte < 256; byte++) {
        char small[] = { 'a', (char)byte, 'a' };
        st_buf want = { 0 };
        st_csv_field(&want, (st_str){ small, 3 }, false, false, NULL);
        for (size_t at = 1; at + 1 < LETTERS; at++) {
            char in[LETTERS];
            st_buf got = { 0 }, all = { 0 };
            memset(in, 'a', sizeof in);
            in[at] = (char)byte;
            st_csv_field(&got, (st_str){ in, sizeof in }, false, false, NULL);
            st_buf_put(&all, "\"aaaaaaaaaaaaaaaaaaa", at);
            st_buf_put(&all, want.p + 1, want.n - 2);
            st_buf_put(&all, "aaaaaaaaaaaaaaaaaaa", LETTERS - 2 - at);
            st_buf_char(&all, '"');
            if (!st_str_eq(st_buf_slice(&got), st_buf_slice(&all)))
                fail_msg("byte %02x at %zu: %.*s, not %.*s", byte, at, ST_FMT(st_buf_slice(&got)),
                         ST_FMT(st_buf_slice(&all)));
            st_buf_free(&got);
            st_buf_free(&all);
        }
        st_buf_free(&want);
    }
}

/* JSON */

static void json_str__each_row__exact(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "", "\"\"" },
        { "a/b", "\"a/b\"" },
        { "C:\\x \"y\"", "\"C:\\\\x \\\"y\\\"\"" },
        { "\b\f\n\r\t\x01\x1b", "\"\\b\\f\\n\\r\\t\\u0001\\u001b\"" },
        { "\x7f\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u007f\\u0080\\u009f\xc2\xa0\"" },
        { "net user \xe2\x80\xaegpj", "\"net user \\u202egpj\"" },
        { "a\xc2\xad-\xe1\xa0\x8e-\xf0\x9d\x85\xb3-\xf3\xa0\x80\xa0",
          "\"a\\u00ad-\\u180e-\\ud834\\udd73-\\udb40\\udc20\"" },
        { "\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xe2\x80\x8b", "\"\\u2028\\u2029\\ufeff\\u200b\"" },
        { "\xff\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        st_json_str(&b, st_str_of(rows[i].in));
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i].out)))
            fail_msg("row %zu: %.*s", i, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

/* CSV */

static void csv_field__each_row__exact(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *raw;
        bool numeric;
    } rows[] = {
        { "", "\"\"", "\"\"", false },
        { "a,\"b\"", "\"a,\"\"b\"\"\"", "\"a,\"\"b\"\"\"", false },
        { "=1+1", "\"'=1+1\"", "\"=1+1\"", false },
        { "+1", "\"'+1\"", "\"+1\"", false },
        { "-nop", "\"'-nop\"", "\"-nop\"", false },
        { "@SUM(1)", "\"'@SUM(1)\"", "\"@SUM(1)\"", false },
        { "\t=1", "\"'\xe2\x90\x89=1\"", "\"\t=1\"", false },
        { "\r\nx", "\"'\xe2\x90\x8d\xe2\x90\x8ax\"", "\"\r\nx\"", false },
        { "\xef\xbc\x9d"
          "1",
          "\"'\xef\xbc\x9d"
          "1\"",
          "\"\xef\xbc\x9d"
          "1\"",
          false },
        { "\xef\xbc\x8b", "\"'\xef\xbc\x8b\"", "\"\xef\xbc\x8b\"", false },
        { "\xef\xbc\x8d", "\"'\xef\xbc\x8d\"", "\"\xef\xbc\x8d\"", false },
        { "\xef\xbc\xa0", "\"'\xef\xbc\xa0\"", "\"\xef\xbc\xa0\"", false },
        { " =1", "\" =1\"", "\" =1\"", false },
        { "-5", "\"-5\"", "\"-5\"", true },
        { "C:\\a\\b", "\"C:\\a\\b\"", "\"C:\\a\\b\"", false },
        { "a\xff", "\"a<0xFF>\"", "\"a\xef\xbf\xbd\"", false },
        { "\xe2\x80\xae", "\"<U+202E>\"", "\"\xe2\x80\xae\"", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int raw = 0; raw < 2; raw++) {
            st_buf b = { 0 };
            st_csv_field(&b, st_str_of(rows[i].in), raw, rows[i].numeric, NULL);
            if (!st_str_eq(st_buf_slice(&b), st_str_of(raw ? rows[i].raw : rows[i].out)))
                fail_msg("row %zu, raw %d: %.*s", i, raw, ST_FMT(st_buf_slice(&b)));
            st_buf_free(&b);
        }
}

static size_t utf16_units(st_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;)
        n += st_utf8_next(s, &i) >= 0x10000 ? 2 : 1;
    return n;
}

static void csv_field__too_long__cut_marked_counted(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t times;
        bool cut;
    } rows[] = {
        { "x", 32000, false },
        { "x", 32001, true },
        { "=", 31999, false },
        { "=", 32000, true },
        { "\xf0\x9f\x98\x80", 16000, false },
        { "\xf0\x9f\x98\x80", 16001, true },
        { "\xff", 5333, false },
        { "\xff", 5400, true },
        { "\xe2\x80\xae", 5000, true },
        { "x", 1000000, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf in = { 0 }, b = { 0 };
        for (size_t k = 0; k < rows[i].times; k++)
            st_buf_str(&in, st_str_of(rows[i].unit));
        uint64_t truncated = 0;
        st_csv_field(&b, st_buf_slice(&in), false, false, &truncated);
        st_str out = st_buf_slice(&b);
        bool marked = st_str_iends(out, ST_STR(" chars: findings.jsonl>\""));
        if (truncated != rows[i].cut || marked != rows[i].cut || utf16_units(out) > 32002 ||
            !st_utf8_valid(out))
            fail_msg("row %zu: %u cut, %zu units", i, (unsigned)truncated, utf16_units(out));
        if (i == 1) { /* 31936 of 32001 stay */
            assert_true(st_str_iends(out, ST_STR("x\xe2\x80\xa6<+65 chars: findings.jsonl>\"")));
        }
        st_buf_free(&in);
        st_buf_free(&b);
    }
}

/* rows */

/* w3wp (not logged) > cmd (hostile command line) > whoami; two rules match cmd. */
static void attack(world *w)
{
    world_begin(w);
    size_t r = world_add(w, "Web01.corp", 2, 1, 0, "C:\\Windows\\cmd.exe", HOSTILE);
    st_creations *k = &w->store->creations;
    k->parent_image[r] = world_sid(w, "C:\\inetsrv\\w3wp.exe");
    k->hashes[r] = world_sid(w, "MD5=AABB,SHA256=CCDD,IMPHASH=00000000");
    k->user[r] = world_sid(w, "-");
    k->rule_name[r] = world_sid(w, "=cmd|' /C calc'!A0");
    k->logon_id[r] = 0x3e7;
    k->event_record_id[r] = UINT64_C(9007199254740993);
    k->flags[r] = ST_C_CRC | ST_C_LOSSY;
    world_add(w, "Web01.corp", 3, 2, 1500, "C:\\Windows\\whoami.exe", "whoami /all");
    w->store->lossy = calloc(1, sizeof *w->store->lossy);
    w->store->lossy[0] =
        (st_lossy){ .row = (uint32_t)r, .field = "CommandLine", .hex = world_sid(w, "610000d8") };
    w->store->nlossy = w->store->lossy_cap = 1;
    world_grow(w);
    world_servers(w, "w3wp.exe");
    world_match(w, "web01.corp", 2, 0, NULL);
    world_match(w, "web01.corp", 2, 1, NULL);
    world_hunt(w, NULL);
}

static const char columns[] =
    "UtcTime,Computer,Level,Event,User,Image,CommandLine,Target,Reason,Rules,Techniques,"
    "ParentImage,Chain,Kind,Incident,DecodedCommand,IntegrityLevel,ProcessId,ParentProcessId,"
    "ParentCommandLine,ParentUser,GrandparentImage,WebServerImage,WebServerProcessId,"
    "WebServerDistance,CurrentDirectory,EndTime,LifetimeMs,Children,Depth,ParentLink,"
    "ParentObserved,ChainLink,OriginalFileName,Company,Product,Description,FileVersion,"
    "LogonId,TerminalSessionId,RuleIds,FindingIds,RuleAuthors,MD5,SHA1,SHA256,IMPHASH,"
    "ProcessGuid,ParentProcessGuid,WebServerProcessGuid,LogonGuid,RuleName,TimeCreated,time,"
    "Channel,Provider,EventID,EventRecordID,RecordNumber,Origin,Copies,Source,SourceOffset,"
    "Notes";

static void csv__a_case__header_and_lines(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_report_options ro = { 0 };
    st_write_csv(&o, w.c, &ro);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\r\n"), 3);
    assert_int_equal(count_of(c, "\n"), 3);
    assert_memory_equal(c.p, "\xef\xbb\xbf", 3);
    char head[sizeof columns] = "";
    size_t n = 0;
    for (const char *p = c.p + 3; *p != '\r'; p++)
        if (*p != '"')
            head[n++] = *p;
    assert_string_equal(head, columns);
    must_have(c, "\"2026-01-02 03:04:05.000\",\"Web01.corp\",\"high\",\"process\",");
    must_have(c, "\"It happened: w3wp.exe(1001) 1 above; Something else: w3wp.exe(1001) 1 above\","
                 "\"A rule; B \"\"rule\"\"\",\"T1033; T1505.003\",");
    must_have(c, "\"a-rule; b-rule\",");
    must_have(c, "\"a\"\"b,<U+202E>gpj.exe\xe2\x90\x9b[2J\xe2\x90\x8d\xe2\x90\x8a<0xFF>");
    must_have(c, "\"aabb\",\"\",\"ccdd\",\"\",");
    must_have(c, "\"'=cmd|' /C calc'!A0\",");
    must_have(c, "\"Ann; Bob\",\"aabb\",");
    must_have(c, "\"w3wp.exe(1001)? > cmd.exe(1002)\",\"hit\",");
    must_have(c, "\"guid\",\"false\",\"guid\"");
    must_have(c, "\"9007199254740993\",");
    must_have(c, "\"crc; lossy:CommandLine\"");
    must_have(c, "\"2026-01-02T03:04:05.0000000Z\"");
    free(c.p);
    world_end(&w);
}

static void csv__raw__no_mark_no_guard(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_report_options ro = { .csv_raw = true };
    st_write_csv(&o, w.c, &ro);
    captured c = capture_end(f, &o);
    assert_memory_equal(c.p, "\"UtcTime\"", 9);
    must_have(c, "\"=cmd|' /C calc'!A0\"");
    must_have(c, "gpj.exe\x1b[2J\r\n\xef\xbf\xbd");
    free(c.p);
    world_end(&w);
}

static void jsonl__a_case__keys_and_types(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_report_options ro = { 0 };
    st_write_jsonl(&o, w.c, &ro);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\n"), 2);
    must_have(
        c, "{\"UtcTime\":\"2026-01-02 "
           "03:04:05.000\",\"Computer\":\"Web01.corp\",\"Level\":\"high\",\"Event\":\"process\",");
    must_have(
        c, "\"Rules\":[\"A rule\",\"B \\\"rule\\\"\"],\"Techniques\":[\"T1033\",\"T1505.003\"],");
    must_have(c, "\"RuleIds\":[\"a-rule\",\"b-rule\"],\"FindingIds\":[");
    must_have(c, "\"CommandLine\":\"a\\\"b,\\u202egpj.exe\\u001b[2J\\r\\n\xef\xbf\xbd");
    must_have(c, "\"WebServerProcessId\":1001,");
    must_have(c, "\"ParentObserved\":false,");
    must_have(c, "\"LogonId\":\"0x3e7\",");
    must_have(c, "\"EventRecordID\":\"9007199254740993\",");
    must_have(c, "\"lossy\":[\"CommandLine\"],\"raw\":{\"CommandLine\":\"610000d8\"}}\n");
    /* the context row: what is empty isn't there, but for what always is */
    must_have(c, "\"Kind\":\"context\",\"Incident\":");
    must_have(c, "\"Level\":\"\",\"Event\":\"process\",");
    must_have(c, "\"Rules\":[],");
    must_have(c, "\"ProcessId\":1003,");
    must_have(c, "\"GrandparentImage\":\"C:\\\\inetsrv\\\\w3wp.exe\",");
    must_lack(c, "\"User\"");
    must_lack(c, "\"IMPHASH\"");
    must_lack(c, "null");
    must_have(c, "\"WebServerDistance\":2,\"Children\":0,\"Depth\":2,");
    free(c.p);
    world_end(&w);
}

static void utc__unreadable_text__time_of_the_row(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown, *note;
    } rows[] = {
        { NULL, "2026-01-02 03:04:05.000", NULL },
        { "2026-01-02 03:04:05.000", "2026-01-02 03:04:05.000", NULL },
        { "yesterday", "2026-01-02 03:04:05.000", "\"Notes\":\"clock:utc-unreadable\"" },
        { "2026-01-02T03:04:05.000Z", "2026-01-02 03:04:05.000",
          "\"Notes\":\"clock:utc-unreadable\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        world_begin(&w);
        size_t r = world_add(&w, "H", 1, 0, 0, "a", "a");
        w.store->creations.utc_text[r] = world_sid(&w, rows[i].text);
        world_grow(&w);
        world_match(&w, "h", 1, 0, NULL);
        world_hunt(&w, NULL);
        st_out o;
        FILE *f = capture_begin(&o);
        st_report_options ro = { 0 };
        st_write_jsonl(&o, w.c, &ro);
        captured c = capture_end(f, &o);
        assert_memory_equal(c.p + 12, rows[i].shown, 23);
        if (rows[i].note)
            must_have(c, rows[i].note);
        else
            must_lack(c, "\"Notes\"");
        free(c.p);
        world_end(&w);
    }
}

/* text and trees */

static void text__a_case__safe_and_complete(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        world w;
        attack(&w);
        st_out o;
        FILE *f = capture_begin(&o);
        st_report_options ro = { .look = { .width = how == 1 ? 40 : 0, .ascii = how == 2 } };
        st_write_text(&o, w.c, &ro);
        captured c = capture_end(f, &o);
        must_lack(c, "\x1b");
        must_lack(c, "\r");
        must_lack(c, "\xe2\x80\xae");
        assert_true(st_utf8_valid((st_str){ c.p, c.n }));
        must_have(c, how == 1 ? "[high] Web01.corp  web server w3wp.exe(\xe2\x80\xa6\n"
                              : "[high] Web01.corp  web server w3wp.exe(1001)\n");
        must_have(c, "2 findings, 2 processes");
        must_have(c, how == 1 ? "1 host, 2 processes, 2 findings in 1 \nincident\n"
                              : "1 host, 2 processes, 2 findings in 1 incident\n");
        must_have(c, "w3wp.exe(1001)");
        if (how != 1)
            must_have(c, how ? "      `-- whoami.exe(1003)"
                             : "      \xe2\x94\x94\xe2\x94\x80\xe2\x94\x80 whoami.exe(1003)");
        for (size_t i = 0; how == 2 && i < c.n; i++)
            assert_true((unsigned char)c.p[i] < 0x80);
        for (char *line = strtok(c.p, "\n"); how == 1 && line; line = strtok(NULL, "\n"))
            if (utf16_units(st_str_of(line)) > 40)
                fail_msg("too wide: %s", line);
        free(c.p);
        world_end(&w);
    }
}

static void text__color__only_when_asked(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_report_options ro = { .look = { .color = true } };
    st_write_text(&o, w.c, &ro);
    captured c = capture_end(f, &o);
    must_have(c, "\x1b[31m[high]\x1b[0m");
    must_lack(c, "\x1b[2J"); /* the evidence's own */
    free(c.p);
    world_end(&w);
}

static void family(world *w)
{
    world_begin(w);
    world_add(w, "H", 1, 0, 0, "root.exe", "r");
    world_add(w, "H", 2, 1, 1, "a.exe", "a");
    world_add(w, "H", 3, 2, 2, "a1.exe", "a1");
    world_add(w, "H", 4, 2, 3, "a2.exe", "a2");
    world_add(w, "H", 5, 1, 4, "b.exe", "b");
    world_add(w, "H", 6, 5, 5, "b1.exe", "=b1");
    world_add(w, "H", 7, 0, 6, "other.exe", "o");
    world_grow(w);
}

static void tree_text__a_family__bars_where_siblings_follow(void **state)
{
    (void)state;
    static const char want[] = "H  2026-01-02  7 processes\n"
                               "root.exe(1001)  03:04:05.000\n"
                               "|-- a.exe(1002)  03:04:05.001\n"
                               "|   |-- a1.exe(1003)  03:04:05.002\n"
                               "|   `-- a2.exe(1004)  03:04:05.003\n"
                               "`-- b.exe(1005)  03:04:05.004\n"
                               "    `-- b1.exe(1006)  03:04:05.005\n"
                               "other.exe(1007)  03:04:05.006\n";
    world w;
    family(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_look look = { .ascii = true };
    st_write_tree_text(&o, w.forest, NULL, NULL, &look);
    captured c = capture_end(f, &o);
    assert_string_equal(c.p, want);
    free(c.p);
    world_end(&w);
}

static void tree_select__each_filter__with_ancestors_and_subtree(void **state)
{
    (void)state;
    const st_guid b = world_guid(5);
    const st_str host = ST_STR("other");
    const struct {
        st_tree_filter t;
        const char *shown;
    } rows[] = {
        { { .pid = ST_NO_U32 }, "1234567" },
        { { .pid = 1002 }, "1234" },
        { { .pid = ST_NO_U32, .by_guid = true, .guid = b }, "156" },
        { { .pid = ST_NO_U32, .image = ST_STR("A1.EXE") }, "123" },
        { { .pid = ST_NO_U32, .around = T0 + 6 * ST_TICKS_MS, .window = ST_TICKS_MS }, "1567" },
        { { .pid = ST_NO_U32, .hosts = &host, .nhosts = 1 }, "" },
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        family(&w);
        bool *shown = NULL;
        st_err err = { 0 };
        assert_int_equal(st_tree_select(w.forest, &rows[k].t, &shown, &err), ST_OK);
        char got[8] = "";
        size_t n = 0;
        for (unsigned i = 1; i <= 7; i++)
            if (shown[world_node(&w, "h", i)])
                got[n++] = (char)('0' + i);
        assert_string_equal(got, rows[k].shown);
        if (k == 3) { /* a hidden sibling leaves no bar */
            st_out o;
            FILE *f = capture_begin(&o);
            st_look look = { .ascii = true };
            st_write_tree_text(&o, w.forest, shown, NULL, &look);
            captured c = capture_end(f, &o);
            must_have(c, "\n`-- a.exe(1002)  03:04:05.001\n    `-- a1.exe(1003)");
            must_lack(c, "|");
            free(c.p);
        }
        free(shown);
        world_end(&w);
    }
}

static void tree_jsonl__placeholder_and_child__exact_keys(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_write_tree_jsonl(&o, w.forest, NULL);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\n"), 3);
    must_have(
        c,
        "{\"Computer\":\"Web01.corp\",\"ProcessGuid\":\"{0000005F-0000-0000-0000-000000000003}\","
        "\"ParentProcessGuid\":\"{0000005F-0000-0000-0000-000000000002}\","
        "\"ParentLink\":\"guid\",\"ChainLink\":\"guid\",\"Origin\":\"live\",\"Observed\":true,"
        "\"Depth\":2,\"Children\":0,\"Descendants\":0,\"ProcessId\":1003,");
    must_have(
        c, "\"ProcessGuid\":\"{0000005F-0000-0000-0000-000000000001}\",\"ParentProcessGuid\":\"\","
           "\"ParentLink\":\"none\",\"ChainLink\":\"none\",\"Origin\":\"live\",\"Observed\":false,"
           "\"Depth\":0,\"Children\":1,\"Descendants\":2,");
    free(c.p);
    f = capture_begin(&o);
    st_report_options ro = { 0 };
    st_write_tree_csv(&o, w.forest, NULL, &ro);
    c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\r\n"), 4);
    assert_int_equal(count_of(c, "\n"), 4);
    free(c.p);
    world_end(&w);
}

static void tree_text__deep_line__drawn_without_lines(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    for (unsigned i = 1; i <= 300; i++) {
        size_t r = world_add(&w, "H", 1, i > 1, i, "p.exe", "p");
        w.store->creations.guid[r].b[8] = (unsigned char)i;
        w.store->creations.guid[r].b[9] = (unsigned char)(i >> 8);
        w.store->creations.parent_guid[r].b[8] = (unsigned char)(i > 1 ? i - 1 : 0);
        w.store->creations.parent_guid[r].b[9] = (unsigned char)(i > 1 ? (i - 1) >> 8 : 0);
    }
    world_grow(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_look look = { 0 };
    st_write_tree_text(&o, w.forest, NULL, NULL, &look);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\n"), 301);
    must_have(c, "\n\xe2\x80\xa6 depth 299  p.exe(1001)");
    must_lack(c, "depth 256 ");
    free(c.p);
    world_end(&w);
}

/* records */

static st_value text_value(const char *s)
{
    return (st_value){ .p = (const unsigned char *)s, .n = (uint32_t)strlen(s), .type = ST_V_TEXT };
}

static void record__fields_and_collisions__one_object(void **state)
{
    (void)state;
    static const unsigned char u32[4] = { 0x10, 0x27, 0, 0 };
    static const unsigned char u64[8] = { 1, 0, 0, 0, 0, 0, 0x20, 0 };
    static const unsigned char lone[4] = { 'a', 0, 0x00, 0xd8 };
    const st_field fields[] = {
        { .name = ST_STR("ProcessId"), .value = { u32, 4, ST_V_U32, false } },
        { .name = ST_STR("Big"), .value = { u64, 8, ST_V_U64, false } },
        { .name = ST_STR("Computer"), .value = text_value("evil\n") },
        { .name = ST_STR("Data"), .value = text_value("1") },
        { .name = ST_STR("Data"), .value = text_value("2") },
        { .name = ST_STR("Data_1"), .value = text_value("3") },
        { .name = ST_STR("Lone"), .value = { lone, 4, ST_V_STRING, false } },
        { .name = ST_STR("Absent"), .value = { NULL, 0, ST_V_NULL, false } },
        { .name = ST_STR("CommandLine"), .value = text_value("echo %%PATH%%") },
    };
    st_record r = { .offset = 5120,
                    .number = 7,
                    .origin = ST_O_SLACK,
                    .flags = ST_R_CRC,
                    .provider = text_value("Microsoft-Windows-Sysmon"),
                    .channel = text_value("Ch"),
                    .computer = text_value("H"),
                    .event_id = 1,
                    .event_record_id = 42,
                    .time_created = T0,
                    .fields = fields,
                    .nfields = sizeof fields / sizeof fields[0] };
    st_buf b = { 0 };
    st_write_record_jsonl(&b, &r, ST_STR("dir/x.evtx"));
    st_buf_char(&b, 0);
    assert_string_equal(
        b.p,
        "{\"EventID\":1,\"Computer\":\"H\",\"Provider\":\"Microsoft-Windows-Sysmon\","
        "\"TimeCreated\":\"2026-01-02T03:04:05.0000000Z\",\"EventRecordID\":42,\"Channel\":\"Ch\","
        "\"Origin\":\"slack\",\"Source\":\"dir/x.evtx\",\"SourceOffset\":5120,\"RecordNumber\":7,"
        "\"Notes\":\"crc\",\"ProcessId\":10000,\"Big\":\"9007199254740993\","
        "\"Computer_1\":\"evil\\n\",\"Data\":\"1\",\"Data_2\":\"2\",\"Data_1\":\"3\","
        "\"Lone\":\"a\xef\xbf\xbd\",\"Absent\":\"\",\"CommandLine\":\"echo %%PATH%%\","
        "\"lossy\":[\"Lone\"],\"raw\":{\"Lone\":\"610000d8\"}}\n");
    st_buf_clear(&b);
    st_write_record_csv_head(&b);
    st_write_record_csv(&b, &r, ST_STR("=x\xff"), false);
    st_buf_char(&b, 0);
    captured c = { b.p, b.n - 1 };
    assert_int_equal(count_of(c, "\n"), 2);
    must_have(c, "\"slack\",\"'=x<0xFF>\",\"5120\",\"7\",\"crc\",\"{\"\"ProcessId\"\":10000,");
    st_buf_free(&b);
}

/* tables, hosts, runs */

static void table__each_format__typed(void **state)
{
    (void)state;
    st_table_column cols[] = { { ST_STR("l"), ST_STR("long") },
                               { ST_STR("r"), ST_STR("real") },
                               { ST_STR("b"), ST_STR("bool") },
                               { ST_STR("d"), ST_STR("dynamic") },
                               { ST_STR("s\"x"), ST_STR("string") } };
    st_cell cells[] = {
        { ST_CELL_WHOLE, ST_STR("-5") },
        { ST_CELL_NUMBER, ST_STR("1.5") },
        { ST_CELL_BOOL, ST_STR("true") },
        { ST_CELL_JSON, ST_STR("{\"a\":[1,\"\\u0041\"]}") },
        { ST_CELL_TEXT, ST_STR("-x\n") },
        { ST_CELL_NULL, ST_STR("") },
        { ST_CELL_TEXT, ST_STR("NaN") },
        { ST_CELL_BOOL, ST_STR("False") },
        { ST_CELL_TEXT, ST_STR("[1,") },
        { ST_CELL_TEXT, ST_STR("") },
        { ST_CELL_WHOLE, ST_STR("9007199254740993") },
        { ST_CELL_NULL, ST_STR("") },
        { ST_CELL_NULL, ST_STR("") },
        { ST_CELL_TEXT, ST_STR("{\"a\" 1}") },
        { ST_CELL_NULL, ST_STR("") },
    };
    st_table t = { .columns = cols, .ncolumns = 5, .nrows = 3, .cells = cells };
    static const struct {
        st_format_id format;
        const char *want;
    } rows[] = {
        { ST_F_JSON,
          "{\"columns\":[{\"name\":\"l\",\"type\":\"long\"},{\"name\":\"r\",\"type\":\"real\"},"
          "{\"name\":\"b\",\"type\":\"bool\"},{\"name\":\"d\",\"type\":\"dynamic\"},"
          "{\"name\":\"s\\\"x\",\"type\":\"string\"}],\"rows\":["
          "[-5,1.5,true,{\"a\":[1,\"\\u0041\"]},\"-x\\n\"],\n"
          "[null,\"NaN\",false,\"[1,\",\"\"],\n"
          "[\"9007199254740993\",null,null,\"{\\\"a\\\" 1}\",null]]}\n" },
        { ST_F_JSONL,
          "{\"l\":-5,\"r\":1.5,\"b\":true,\"d\":{\"a\":[1,\"\\u0041\"]},\"s\\\"x\":\"-x\\n\"}\n"
          "{\"r\":\"NaN\",\"b\":false,\"d\":\"[1,\",\"s\\\"x\":\"\"}\n"
          "{\"l\":\"9007199254740993\",\"d\":\"{\\\"a\\\" 1}\"}\n" },
        { ST_F_CSV,
          "\xef\xbb\xbf\"l\",\"r\",\"b\",\"d\",\"s\"\"x\"\r\n"
          "\"-5\",\"1.5\",\"true\",\"{\"\"a\"\":[1,\"\"\\u0041\"\"]}\",\"'-x\xe2\x90\x8a\"\r\n"
          "\"\",\"NaN\",\"False\",\"[1,\",\"\"\r\n"
          "\"9007199254740993\",\"\",\"\",\"{\"\"a\"\" 1}\",\"\"\r\n" },
        { ST_F_TEXT, "l                 r    b      d                   s\"x\n"
                     "-5                1.5  true   {\"a\":[1,\"\\u0041\"]}  -x\xe2\x90\x8a\n"
                     "                  NaN  False  [1,\n"
                     "9007199254740993              {\"a\" 1}\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_out o;
        FILE *f = capture_begin(&o);
        st_look look = { 0 };
        st_write_table(&o, &t, rows[i].format, &(st_report_options){ .look = look });
        captured c = capture_end(f, &o);
        assert_string_equal(c.p, rows[i].want);
        free(c.p);
    }
}

static void hosts_and_run__a_case__say_it(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_report_options ro = { 0 };
    st_write_hosts_csv(&o, w.c, &ro);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\r\n"), 2);
    must_have(c, "\"Web01.corp\",\"covered\",\"\",");
    free(c.p);
    const st_str options[] = { ST_STR("scope=incident"), ST_STR("host=a=\"b\"") };
    st_run_info info = {
        .version = "1", .options = options, .noptions = 2, .now = T0, .exit_status = 3
    };
    f = capture_begin(&o);
    st_write_run_json(&o, w.c, &info);
    c = capture_end(f, &o);
    must_have(c, "{\"tool\":\"shelltree\",\"version\":\"1\",\"format\":1,"
                 "\"options\":{\"scope\":\"incident\",\"host\":\"a=\\\"b\\\"\"},");
    must_have(c, "\"reference_time\":\"2026-01-02T03:04:05.0000000Z\"");
    must_have(c, "\"findings\":2,\"incidents\":1,\"rows\":2,");
    must_have(c, "\"sources\":[],\"exit\":3}\n");
    free(c.p);
    world_end(&w);
}

static void rules_list__each_format__every_rule(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    static const st_format_id formats[] = { ST_F_TEXT, ST_F_CSV, ST_F_JSONL, ST_F_JSON };
    static const size_t lines[] = { 3, 4, 3, 3 };
    for (size_t i = 0; i < 4; i++) {
        st_out o;
        FILE *f = capture_begin(&o);
        st_look look = { 0 };
        st_write_rules_list(&o, &w.rules, formats[i], &look);
        captured c = capture_end(f, &o);
        assert_int_equal(count_of(c, "\n"), lines[i]);
        must_have(c, "c-rule");
        must_have(c, "critical");
        if (!i) /* ids in line */
            must_have(c, "ready          critical      c-rule  C rule\n");
        free(c.p);
    }
    world_end(&w);
}

static void timesketch__a_case__what_its_importer_asks(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_write_timesketch(&o, w.c);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "\n"), 2);
    assert_int_equal(count_of(c, "\n\n"), 0);
    must_have(c, "{\"message\":\"A rule; B \\\"rule\\\": w3wp.exe(1001)? > cmd.exe(1002): "
                 "a\\\"b,\\u202egpj");
    must_have(c, "\"datetime\":\"2026-01-02T03:04:06.500000+00:00\",\"timestamp\":1767323046500000,"
                 "\"timestamp_desc\":\"Process created\",\"data_type\":\"windows:evtx:record\"");
    must_have(c, "\"tag\":[\"shelltree\",\"webshell\",\"T1033\",\"T1505.003\"]");
    must_have(c, "\"EventRecordID\":\"2\"");
    free(c.p);
    world_end(&w);
}

/* the page */

/* A command of any length keeps an incident's line of facts short: the rows have the whole. */
static void facts__what_at_the_bound_and_over__cut_and_marked(void **state)
{
    static const struct {
        size_t n, shown;
        bool cut;
    } rows[] = { { 1, 1, false }, { 160, 160, false }, { 161, 158, true }, { 8000, 158, true } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[8000];
        memset(command, 'x', sizeof command);
        st_forest f = { 0 };
        st_fact fact = { .kind = 0, .what = { command, rows[i].n }, .by = ST_NO_NODE, .count = 1 };
        st_case c = { .forest = &f, .facts = &fact, .nfacts = 1 };
        st_incident in = { .nfacts = 1 };
        st_buf b = { 0 };
        assert_true(st_incident_put_facts(&c, &in, 0, &b));
        size_t shown = 0;
        while (shown < b.n && b.p[shown] == 'x')
            shown++;
        assert_int_equal(shown, rows[i].shown);
        assert_int_equal(!strncmp(b.p + shown, ".. (", 4), rows[i].cut);
        st_buf_free(&b);
    }
}

static void html__a_case__nothing_of_evidence_is_markup(void **state)
{
    (void)state;
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_run_info info = { .version = "1", .now = T0 };
    st_write_html(&o, w.c, &(st_report_options){ 0 }, &info);
    captured c = capture_end(f, &o);
    assert_true(st_utf8_valid((st_str){ c.p, c.n }));
    must_lack(c, "</script>");
    must_lack(c, "\x1b");
    must_lack(c, "\r");
    must_lack(c, "\xe2\x80\xae");
    must_lack(c, " style=");
    must_have(c, "a&quot;b,<span class=\"x\">&lt;U+202E&gt;</span>gpj.exe<span "
                 "class=\"x\">\xe2\x90\x9b</span>[2J");
    must_have(c, "&lt;/script&gt;\\");
    must_have(c, "<bdi class=\"e\">whoami.exe</bdi> (1003)");
    must_have(c, "2 findings in 1 incidents");
    must_lack(c, "Confirmed");
    static const char *const pairs[][2] = {
        { "<li", "</li>" },           { "<ul", "</ul>" },   { "<details", "</details>" },
        { "<summary", "</summary>" }, { "<bdi", "</bdi>" }, { "<span", "</span>" },
        { "<td", "</td>" },           { "<tr", "</tr>" },   { "<section", "</section>" },
        { "<strong", "</strong>" }
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (!count_of(c, pairs[i][0]) || count_of(c, pairs[i][0]) != count_of(c, pairs[i][1]))
            fail_msg("%zu %s, %zu %s", count_of(c, pairs[i][0]), pairs[i][0],
                     count_of(c, pairs[i][1]), pairs[i][1]);
    free(c.p);
    world_end(&w);
}

static void html__confirmed_hit__says_so(void **state)
{
    (void)state;
    static const st_confirmed answers[] = { ST_CONFIRM_YES, ST_CONFIRM_NO, ST_CONFIRM_UNREADABLE };
    for (size_t k = 0; k < sizeof answers / sizeof answers[0]; k++) {
        world w;
        attack(&w);
        uint8_t *confirmed = calloc(w.c->nrows, 1);
        char cell[64];
        for (size_t i = 0; i < w.c->nrows; i++)
            if (w.c->rows[i].kind == ST_ROW_HIT)
                confirmed[i] = (uint8_t)(1 + answers[k]);
        st_out o;
        FILE *f = capture_begin(&o);
        st_run_info info = { .version = "1", .now = T0 };
        st_write_html(&o, w.c, &(st_report_options){ .confirmed = confirmed }, &info);
        captured c = capture_end(f, &o);
        must_have(c, "<th scope=\"col\">Confirmed by libevtx</th></tr>");
        snprintf(cell, sizeof cell, "</td><td>%s</td></tr>", st_confirmed_word(answers[k]));
        assert_int_equal(count_of(c, cell), 1);
        free(c.p);
        free(confirmed);
        world_end(&w);
    }
}

/* The policy allows exactly the style sheet that is there. */
static void html__style__has_the_digest_of_the_policy(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    world w;
    attack(&w);
    st_out o;
    FILE *f = capture_begin(&o);
    st_run_info info = { .version = "1" };
    st_write_html(&o, w.c, &(st_report_options){ 0 }, &info);
    captured c = capture_end(f, &o);
    const char *from = strstr(c.p, "<style>") + 7, *to = strstr(c.p, "</style>");
    unsigned char d[33] = { 0 };
    st_sha256(from, (size_t)(to - from), d);
    char want[64] = "style-src 'sha256-";
    size_t n = strlen(want);
    for (size_t i = 0; i < 33; i += 3) {
        unsigned v = (unsigned)d[i] << 16 | (unsigned)d[i + 1] << 8 | d[i + 2];
        for (int k = 18; k >= 0; k -= 6)
            want[n++] = digits[v >> k & 63];
    }
    memcpy(want + n - 1, "='", 3); /* 32 bytes: the last digit is padding */
    must_have(c, want);
    free(c.p);
    world_end(&w);
}

/* A line of 150 with a leaf at each link, so that it isn't folded as a chain. */
static void html__deep_line__stays_shallow(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    for (unsigned i = 1; i <= 300; i++) {
        bool leaf = i > 150;
        unsigned up = leaf ? i - 150 : i - 1;
        size_t r = world_add(&w, "H", 1, up > 0, i, leaf ? "leaf.exe" : "p.exe", "p");
        w.store->creations.guid[r].b[8] = (unsigned char)i;
        w.store->creations.guid[r].b[9] = (unsigned char)(i >> 8);
        w.store->creations.parent_guid[r].b[8] = (unsigned char)up;
    }
    world_grow(&w);
    w.items[0] = (st_match){ .rule = 0, .node = 0, .event = ST_NO_EVENT };
    w.matches.items = w.items;
    w.matches.n = 1;
    world_hunt(&w, NULL);
    st_out o;
    FILE *f = capture_begin(&o);
    st_run_info info = { .version = "1" };
    st_write_html(&o, w.c, &(st_report_options){ 0 }, &info);
    captured c = capture_end(f, &o);
    assert_int_equal(count_of(c, "<details open>"), ST_MAX_HTML_DEPTH);
    assert_int_equal(count_of(c, "</details>"), ST_MAX_HTML_DEPTH);
    assert_int_equal(count_of(c, "<bdi class=\"e\">p.exe</bdi> (1001) <span"), 150);
    assert_int_equal(count_of(c, "<bdi class=\"e\">leaf.exe</bdi> (1001) <span"), 150);
    must_lack(c, "depth 24,");
    must_have(c, "depth 25,");
    must_have(c, "depth 150,");
    assert_int_equal(count_of(c, "<li"), count_of(c, "</li>"));
    assert_int_equal(count_of(c, "<ul"), count_of(c, "</ul>"));
    free(c.p);
    world_end(&w);
}

/* files */

static void outfile__there_already__stays_unless_forced(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_report.XXXXXX", path[64], line[16] = "";
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.csv", dir);
    st_outfile *f = NULL;
    st_err err = { 0 };
    assert_int_equal(st_outfile_open(path, false, &f, &err), ST_OK);
    st_out_str(st_outfile_out(f), ST_STR("one"));
    assert_int_equal(access(path, F_OK), -1); /* not there before it is whole */
    assert_int_equal(st_outfile_commit(f, &err), ST_OK);
    assert_int_equal(st_outfile_open(path, false, &f, &err), ST_E_USAGE);
    assert_null(f);
    err = (st_err){ 0 };
    assert_int_equal(st_outfile_open(path, true, &f, &err), ST_OK);
    st_out_str(st_outfile_out(f), ST_STR("two"));
    st_outfile_abort(f);
    FILE *in = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, in));
    fclose(in);
    assert_string_equal(line, "one");
    assert_int_equal(st_outfile_open(path, true, &f, &err), ST_OK);
    st_out_str(st_outfile_out(f), ST_STR("three"));
    assert_int_equal(st_outfile_commit(f, &err), ST_OK);
    in = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, in));
    fclose(in);
    assert_string_equal(line, "three");
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* no temporary name was left */
}

static void outfile__came_meanwhile__not_replaced(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_report.XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.csv", dir);
    st_outfile *f = NULL;
    st_err err = { 0 };
    assert_int_equal(st_outfile_open(path, false, &f, &err), ST_OK);
    FILE *other = fopen(path, "w");
    fclose(other);
    assert_int_equal(st_outfile_commit(f, &err), ST_E_IO);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static void out__full_disk__error_at_the_end(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    st_out o;
    st_err err = { 0 };
    st_out_init(&o, fileno(full));
    for (int i = 0; i < 100000; i++)
        st_out_str(&o, ST_STR("some text"));
    assert_int_equal(st_out_end(&o, &err), ST_E_IO);
    fclose(full);
}

static void out__digest__of_all_bytes(void **state)
{
    (void)state;
    st_out o;
    FILE *f = capture_begin(&o);
    o.digest = st_sha256_new();
    st_sha256_stream *s = o.digest;
    for (int i = 0; i < 30000; i++)
        st_out_str(&o, ST_STR("abc"));
    captured c = capture_end(f, &o);
    unsigned char a[32], b[32];
    st_sha256_end(s, a);
    st_sha256(c.p, c.n, b);
    assert_int_equal(c.n, 90000);
    assert_memory_equal(a, b, 32);
    free(c.p);
}

/* What is large goes out behind what is held, and the digest is of all of it. */
static void out__small_and_large__in_order(void **state)
{
    enum { LARGE = 70000, TURNS = 3 };
    (void)state;
    static char large[LARGE], want[TURNS * (LARGE + 6)];
    st_out o;
    FILE *f = capture_begin(&o);
    st_sha256_stream *s = o.digest = st_sha256_new();
    size_t n = 0;
    for (int i = 0; i < TURNS; i++) {
        memset(large, '0' + i, sizeof large);
        st_out_str(&o, ST_STR("abc"));
        st_out_put(&o, large, sizeof large);
        st_out_str(&o, ST_STR("xyz"));
        memcpy(want + n, "abc", 3);
        memcpy(want + n + 3, large, LARGE);
        memcpy(want + n + 3 + LARGE, "xyz", 3);
        n += LARGE + 6;
    }
    captured c = capture_end(f, &o);
    unsigned char a[32], b[32];
    st_sha256_end(s, a);
    st_sha256(want, sizeof want, b);
    assert_int_equal(c.n, sizeof want);
    assert_memory_equal(c.p, want, sizeof want);
    assert_memory_equal(a, b, 32);
    free(c.p);
}

/* Processes below two servers, at several distances, and below none, that the same rules found;
 * others, that none found; events of one kind; events that say which provider they are of. */
static void alike(world *w)
{
    world_begin(w);
    world_add(w, "web01", 1, 0, 0, "C:\\w3wp.exe", "w3wp one");
    world_add(w, "web01", 2, 0, 1, "C:\\w3wp.exe", "w3wp two");
    for (unsigned n = 3; n < 40; n++)
        world_add(w, "web01", n,
                  n > 30  ? 0
                  : n < 9 ? n % 2 + 1
                          : n - 4,
                  n * 10, n % 3 ? "C:\\cmd.exe" : "C:\\a b.exe", n % 4 ? "=cmd \"x\"" : "-");
    const st_event_key keys[] = { ST_SYSMON_EVENT(3), ST_SYSMON_EVENT(11), { ST_LOGS, 0 } };
    for (unsigned i = 0; i < 12; i++) {
        size_t kind = st_event_kind_of(keys[i % 3]), row = st_store_add_event(w->store, kind);
        st_events *x = &w->store->events[kind];
        x->computer[row] = world_sid(w, i % 2 ? "web01" : "dc01");
        x->guid[row] = world_guid(i % 2 ? 3 + i : 0);
        x->utc[row] = x->created[row] = T0 + (100 + i) * ST_TICKS_MS;
        x->event_record_id[row] = 1000 + i;
        size_t c = st_event_column(st_event_kind_at(kind), ST_T_log_provider);
        if (c != SIZE_MAX)
            x->text[c][row] = world_sid(w, i % 4 ? "Some-Provider" : "Another");
    }
    world_grow(w);
    world_servers(w, "w3wp.exe");
    for (unsigned n = 3; n < 38; n++) {
        if (n % 5)
            world_match(w, "web01", n, 0, n % 7 ? NULL : "Said by the query.");
        if (n % 5 == 2)
            world_match(w, "web01", n, 1, NULL);
    }
    for (uint32_t i = 0; i < w->forest->nevents; i++)
        w->items[w->matches.n++] =
            (st_match){ .rule = 2, .node = w->forest->events[i].process, .event = i };
    world_hunt(w, NULL);
}

/* Cells that other rows have, too, are copied: each row still reads as it does by itself. */
static void rows__like_others__as_each_by_itself(void **state)
{
    enum { TIMES = 3 };
    (void)state;
    world w;
    alike(&w);
    assert_true(w.c->nrows > 45 && w.forest->nevents == 12);
    void (*const writers[])(st_out *, const st_case *,
                            const st_report_options *) = { st_write_csv, st_write_jsonl };
    st_row *rows = calloc(TIMES * w.c->nrows, sizeof *rows);
    for (size_t i = 0; i < TIMES * w.c->nrows; i++)
        rows[i] = w.c->rows[i * 7 % w.c->nrows];
    for (size_t k = 0; k < sizeof writers / sizeof writers[0]; k++) {
        st_report_options ro = { .threads = 1, .csv_raw = true };
        st_case some = *w.c;
        st_out o;
        some.rows = rows;
        some.nrows = TIMES * w.c->nrows;
        FILE *f = capture_begin(&o);
        writers[k](&o, &some, &ro);
        captured all = capture_end(f, &o);
        const char *at = k ? all.p : strchr(all.p, '\n') + 1;
        for (size_t i = 0; i < TIMES * w.c->nrows; i++) {
            some.rows = rows + i;
            some.nrows = 1;
            f = capture_begin(&o);
            writers[k](&o, &some, &ro);
            captured one = capture_end(f, &o);
            const char *line = k ? one.p : strchr(one.p, '\n') + 1;
            if (strncmp(at, line, strlen(line)) != 0)
                fail_msg("writer %zu, row %zu: %s", k, i, line);
            at += strlen(line);
            free(one.p);
        }
        assert_int_equal(*at, 0);
        free(all.p);
    }
    free(rows);
    world_end(&w);
}

/* Rows of 100 KB: a block of them isn't held as a whole, and all are written, in order. */
enum { WIDE = 100000, HELD_AT_MOST = (4 << 20) + WIDE };

/* The row's number and one, or 0 if too much is held. */
static void put_wide(st_row_block *b, const st_view *v, const st_report_options *ro)
{
    char *p = st_buf_room(&b->out, WIDE);
    (void)ro;
    if (!p)
        return;
    b->out.n += WIDE;
    memset(p, '.', WIDE);
    p[snprintf(p, WIDE, "%zu", b->out.n <= HELD_AT_MOST ? (size_t)(v->row - v->c->rows) + 1 : 0)] =
        '.';
}

static void rows__wide_ones__never_held_all(void **state)
{
    enum { ROWS = 300 };
    (void)state;
    world w;
    attack(&w);
    st_row rows[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = w.c->rows[0];
    st_case many = *w.c;
    many.rows = rows;
    many.nrows = ROWS;
    for (unsigned threads = 1; threads <= 3; threads++) {
        st_out o;
        FILE *f = capture_begin(&o);
        st_report_options ro = { .threads = threads };
        st_out_rows(&o, &many, &ro, put_wide);
        captured c = capture_end(f, &o);
        assert_int_equal(c.n, (size_t)ROWS * WIDE);
        for (size_t i = 0; i < ROWS; i++)
            assert_int_equal(strtoul(c.p + i * WIDE, NULL, 10), i + 1);
        free(c.p);
    }
    world_end(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(scrub__each_row__shown),
        cmocka_unit_test(csv_field__every_byte_at_every_place__as_between_two),
        cmocka_unit_test(escapers__every_byte__safe),
        cmocka_unit_test(json_str__each_row__exact),
        cmocka_unit_test(csv_field__each_row__exact),
        cmocka_unit_test(csv_field__too_long__cut_marked_counted),
        cmocka_unit_test(csv__a_case__header_and_lines),
        cmocka_unit_test(csv__raw__no_mark_no_guard),
        cmocka_unit_test(jsonl__a_case__keys_and_types),
        cmocka_unit_test(utc__unreadable_text__time_of_the_row),
        cmocka_unit_test(text__a_case__safe_and_complete),
        cmocka_unit_test(text__color__only_when_asked),
        cmocka_unit_test(tree_text__a_family__bars_where_siblings_follow),
        cmocka_unit_test(tree_select__each_filter__with_ancestors_and_subtree),
        cmocka_unit_test(tree_jsonl__placeholder_and_child__exact_keys),
        cmocka_unit_test(tree_text__deep_line__drawn_without_lines),
        cmocka_unit_test(record__fields_and_collisions__one_object),
        cmocka_unit_test(table__each_format__typed),
        cmocka_unit_test(hosts_and_run__a_case__say_it),
        cmocka_unit_test(rules_list__each_format__every_rule),
        cmocka_unit_test(timesketch__a_case__what_its_importer_asks),
        cmocka_unit_test(facts__what_at_the_bound_and_over__cut_and_marked),
        cmocka_unit_test(html__a_case__nothing_of_evidence_is_markup),
        cmocka_unit_test(html__confirmed_hit__says_so),
        cmocka_unit_test(html__style__has_the_digest_of_the_policy),
        cmocka_unit_test(html__deep_line__stays_shallow),
        cmocka_unit_test(outfile__there_already__stays_unless_forced),
        cmocka_unit_test(outfile__came_meanwhile__not_replaced),
        cmocka_unit_test(out__full_disk__error_at_the_end),
        cmocka_unit_test(out__digest__of_all_bytes),
        cmocka_unit_test(rows__wide_ones__never_held_all),
        cmocka_unit_test(out__small_and_large__in_order),
        cmocka_unit_test(rows__like_others__as_each_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
