/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_kql_settings.c - what a query is bound with: files for externaldata, services, parameters.
 */
#include "shelltree/rules.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Columns with their types, then rows; a null is ~. */
static void show(const st_table *t, st_buf *b)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        st_buf_fmt(b, "%s%.*s:%.*s", i ? " " : "", ST_FMT(t->columns[i].name),
                   ST_FMT(t->columns[i].type));
    for (size_t i = 0; i < t->ncolumns * t->nrows; i++) {
        st_buf_str(b, i % t->ncolumns ? ST_STR(",") : ST_STR(" / "));
        st_buf_str(b, t->cells[i].kind == ST_CELL_NULL ? ST_STR("~") : t->cells[i].text);
    }
}

/* The result, or what was said first: a diagnostic with its place, else the error. */
static void run(const char *kql, const st_rule_settings *s, st_buf *out)
{
    st_rules *r = st_rules_new();
    st_run_options o = { .now = ST_TICKS_UNIX };
    st_table *t = NULL;
    st_err err = { 0 };
    st_rules_set(r, s);
    if (st_query_run(r, ST_STR("q"), st_str_of(kql), NULL, &o, &t, &err) == ST_OK) {
        for (size_t i = 0; i < st_rules_diags(r); i++)
            st_buf_fmt(out, "%u:%u: %.*s; ", st_rules_diag(r, i)->line, st_rules_diag(r, i)->column,
                       ST_FMT(st_rules_diag(r, i)->text));
        show(t, out);
    } else if (st_rules_diags(r)) {
        st_buf_fmt(out, "%u:%u: %.*s", st_rules_diag(r, 0)->line, st_rules_diag(r, 0)->column,
                   ST_FMT(st_rules_diag(r, 0)->text));
    } else {
        st_buf_str(out, st_str_of(err.text));
    }
    st_table_free(t);
    st_rules_free(r);
}

static void check(const char *kql, const st_rule_settings *s, const char *expect)
{
    st_buf b = { 0 };
    run(kql, s, &b);
    if (!st_str_eq(st_buf_slice(&b), st_str_of(expect)))
        fail_msg("%s\n  gives %.*s\n  not   %s", kql, ST_FMT(st_buf_slice(&b)), expect);
    st_buf_free(&b);
}

/* externaldata */

#define FILE_NAME "test_kql_settings.tmp"
#define S(text) text, sizeof text - 1

/* One file each, mapped to the address https://example.org/list. */
static void external__each_format__gives_its_rows(void **state)
{
    static const struct {
        const char *with, *bytes;
        size_t n;
        const char *expect;
    } cases[] = {
        { "format='csv'", S("a,1\nb,2\n"), "s:string n:long / a,1 / b,2" },
        { "format='csv', ignoreFirstRecord=true",
          S("\xef\xbb\xbfname,number\r\n\"x \"\"y\"\", z\",5\r\n\r\nlast"),
          "s:string n:long / x \"y\", z,5 / last,~" },
        { "format='csv'", S("\"two\nlines\",7,too many\n"), "s:string n:long / two\nlines,7" },
        { "format='csv'", S("\"never closed,3\n"), "s:string n:long / never closed,3\n,~" },
        { "format='tsv'", S("a,b\t3\n"), "s:string n:long / a,b,3" },
        { "format='psv'", S("a|0x10\n"), "s:string n:long / a,16" },
        { "format='txt'", S("a,1\n\nc"), "s:string n:long / a,1,~ / ,~ / c,~" },
        { "format='raw'", S("a\nb"), "s:string n:long / a\nb,~" },
        { "format='json'", S("{\"s\":\"a\",\"n\":1}\n{\"n\":\"2\",\"other\":{}}\n"),
          "s:string n:long / a,1 / ,2" },
        { "format='multijson'", S("[{\"s\":\"}{\\\"\",\n \"n\": 1.0}, {\"s\":\"b\"}]"),
          "s:string n:long / }{\",1 / b,~" },
        { "format='multijson'", S("[{\"s\":\"cut off"), "s:string n:long" },
        { "format='csv'",
          S("\xff\xfe"
            "a\0,\0"
            "1\0"),
          "s:string n:long / a,1" },
        { "format='csv'", S("\xc3(,1"), "s:string n:long / \xef\xbf\xbd(,1" },
        { "format='csv'", S(""), "s:string n:long" },
        { "format='csv'", S("PK\3\4rest"), "q: " FILE_NAME ": a zip archive; unpack it first" },
        { "format='csv'",
          S("\x1f\x8b"
            "rest"),
          "q: " FILE_NAME ": can't be unpacked" },
        { "format='parquet'", S("x"),
          "1:81: this format of externaldata isn't supported; csv, tsv, psv, scsv, sohsv, txt, "
          "raw, json and "
          "multijson are" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char kql[256];
        FILE *f = fopen(FILE_NAME, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(cases[i].bytes, 1, cases[i].n, f), cases[i].n);
        assert_int_equal(fclose(f), 0);
        st_named map = { .name = ST_STR("https://example.org/list"), .value = ST_STR(FILE_NAME) };
        st_rule_settings s = { .external = &map, .nexternal = 1 };
        snprintf(kql, sizeof kql,
                 "externaldata(s: string, n: long)['https://example.org/list?key=1'] with (%s)",
                 cases[i].with);
        check(kql, &s, cases[i].expect);
        remove(FILE_NAME);
    }
}

static void external__no_file_for_it__is_not_applicable(void **state)
{
    static const st_rule_settings none = { 0 };
    st_named map = { .name = ST_STR("u"), .value = ST_STR("/nonexistent/file") };
    st_rule_settings gone = { .external = &map, .nexternal = 1 };
    (void)state;
    check("externaldata(s: string)['https://example.org/x.csv'] | take 1", &none,
          "the query needs externaldata from https://example.org/x.csv (--external URL=FILE names "
          "a file for "
          "it), which isn't here");
    check(
        "externaldata(s: string)[h'https://example.org/secret'] | take 1", &none,
        "the query needs externaldata from https://example.org/secret (--external URL=FILE names a "
        "file for it), "
        "which isn't here");
    check("externaldata(s: string)['u']", &gone,
          "1:25: /nonexistent/file: No such file or directory");
}

/* services */

static void services__without_stubs__bound_as_far_as_known(void **state)
{
    static const st_rule_settings none = { 0 };
    (void)state;
    check("EmailEvents | where Subject has 'x' and NewColumn > 5 | summarize count() by NewColumn",
          &none, "the query needs EmailEvents, which isn't here");
    check("DeviceProcessEvents | invoke FileProfile(SHA1, 1000) | where GlobalPrevalence < 5 | "
          "join kind=inner "
          "(EmailAttachmentInfo | project SHA256, NetworkMessageId) on SHA256",
          &none, "the query needs FileProfile and EmailAttachmentInfo, which aren't here");
    check("DeviceProcessEvents | invoke FileProfile(SHA1) | project FileNmae", &none,
          "1:58: no column FileNmae; did you mean FileName?");
    check("EmailEvents | project Subject | where Subjetc == 'x'", &none,
          "1:39: no column Subjetc; did you mean Subject?");
    check("EmailEvents | where Subject > 5", &none,
          "1:21: > isn't defined for string and long; use tolong()");
    check("print geo_info_from_ip_address('1.2.3.4').country", &none,
          "the query needs geo_info_from_ip_address, which isn't here");
    check("cluster('a').database('b').T | where x == 1", &none,
          "the query needs cluster, which isn't here");
    check("let EmailEvents = datatable(a: long)[1]; EmailEvents", &none, "a:long / 1");
    check("Firewall_CL | where Action_s == 'deny'", &none,
          "the query needs Firewall_CL, which isn't here");
    check("_Im_WebSession(starttime=ago(1d)) | count", &none,
          "the query needs _Im_WebSession, which isn't here");
    check("DeviceTvmAnything | count", &none,
          "the query needs DeviceTvmAnything, which isn't here");
    check("print a = 1 | evaluate python(typeof(*), 'x') | where b == 1", &none,
          "the query needs python, which isn't here");
    check("table('SigninLogs') | where NewColumn == 1", &none,
          "the query needs SigninLogs, which isn't here");
    check("DeviceAlertEvents | where Title has 'x'", &none,
          "the query needs DeviceAlertEvents, which isn't here");
    check("imProcessCreation | where ActorUserName == 'x'", &none,
          "the query needs imProcessCreation, which isn't here");
    check("DeviceProcessEvents | join kind=inner (AWSCloudTrail | extend AccountName = "
          "tolower(NewColumn)) on AccountName",
          &none, "the query needs AWSCloudTrail, which isn't here");
    check("IdentityInfo | summarize arg_max(TimeGenerated, *) by AccountObjectId | project u = "
          "coalesce(NewColumn, AccountName)",
          &none, "the query needs IdentityInfo, which isn't here");
    check("python | count", &none, "1:1: no table python");
    check("Firewall | count", &none, "1:1: no table Firewall");
}

#define TAKEN " isn't here: taken as though it knew nothing (--stub-services); "

/* Sentinel's parsers over Defender's tables. */
static void model__of_what_sysmon_records__is_here(void **state)
{
    static const char *const names[] = {
        "imProcessCreate",
        "_Im_ProcessCreate",
        "imProcessEvent",
        "_Im_ProcessEvent",
        "_ASim_ProcessEvent",
        "_ASim_ProcessEvent_Create",
        "ASimProcessEventCreate",
        "imFileEvent",
        "_Im_FileEvent",
        "_ASim_FileEvent",
        "imRegistry",
        "imRegistryEvent",
        "_Im_RegistryEvent",
        "_ASim_RegistryEvent",
        "imNetworkSession",
        "_Im_NetworkSession",
        "_ASim_NetworkSession",
        "imDns",
        "_Im_Dns",
        "_ASim_Dns",
    };
    static const st_rule_settings none = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char query[256];
        snprintf(query, sizeof query,
                 "%s | where TimeGenerated > ago(1d) and User has 'x' and Process != '' and "
                 "Dvc == DvcHostname and EventType != '' | count",
                 names[i]);
        check(query, &none, "Count:long / 0");
        snprintf(query, sizeof query,
                 "%s(starttime=ago(1d), endtime=now(), disabled=true, pack=false) | count",
                 names[i]);
        check(query, &none, "Count:long / 0");
        snprintf(query, sizeof query, "let t = %s; union isfuzzy=true t, (%s) | count", names[i],
                 names[i]);
        check(query, &none, "Count:long / 0");
    }
    check(
        "_Im_ProcessCreate(commandline_has_all=dynamic(['a', 'b']), actingprocess_has_any=dynamic(["
        "'c']), hashes_has_any=dynamic(['d']), dvchostname_has_any=dynamic(['e'])) | count",
        &none, "Count:long / 0");
    check("_Im_ProcessCreate(commandline_has_al=1)", &none,
          "1:19: _Im_ProcessCreate() has no parameter commandline_has_al; did you mean "
          "commandline_has_all?");
    check("_Im_ProcessCreate(starttime='x')", &none,
          "1:29: a datetime is needed for starttime, not string");
    check("let imDns = datatable(a: long)[1]; imDns", &none, "a:long / 1");
    check("let f = (a: long, b: long = 2) { print x = a + b }; f(a=1, c=3)", &none,
          "1:60: f() has no parameter c");
    check("let f = (a: long, b: long = 2) { print x = a + b }; f(a=1, a=3)", &none,
          "1:60: f() is given a twice");
    check("let f = (a: long, b: long = 2) { print x = a + b }; f(1, a=3)", &none,
          "1:58: f() is given a twice");
    check("let f = (a: long, b: long = 2) { print x = a + b }; f(b=1, a=3)", &none, "x:long / 4");
    check("imProcessCreate | where ComandLine has 'cmd' | count", &none,
          "1:25: no column ComandLine is known there: taken as never filled; did you mean "
          "CommandLine?; Count:long / 0");
    check("imProcessCreate | project-away ComandLine | count", &none,
          "1:32: no column ComandLine is known there: taken as never filled; did you mean "
          "CommandLine?; Count:long / 0");
    check("imNetworkSession | project EventSchemaVersion, EventOriginalType, EventSeverity, "
          "Hostname",
          &none,
          "EventSchemaVersion:string EventOriginalType:string EventSeverity:string "
          "Hostname:string");
}

/* A default stands where the function is defined, and a function isn't in its own. */
static void defaults__names_in_them__are_those_of_the_definition(void **state)
{
    static const st_rule_settings none = { 0 };
    (void)state;
    check("let s = 1; let f = (a: long = s) { a }; let g = (s: long) { f() }; print x = g(5)",
          &none, "x:long / 1");
    check("let f = (a: long = p) { a }; print p = 3 | extend x = f()", &none, "1:20: no column p");
    check("let f = (a: long = f()) { a }; print x = f()", &none,
          "1:20: the function f isn't known or not supported yet");
}

static void null__of_dynamic_beside_a_text__is_no_mistake(void **state)
{
    static const st_rule_settings none = { 0 };
    (void)state;
    check("print x = dynamic(null) == ''", &none, "x:bool / True");
    check("print x = 1 == long(null)", &none,
          "1:16: nothing equals null; ask with isnull(); x:bool / False");
}

static void services__with_stubs__run_as_though_empty(void **state)
{
    static const st_rule_settings stubs = { .stub_services = true };
    (void)state;
    check("EmailEvents | summarize n = count() by Subject", &stubs,
          "1:1: EmailEvents" TAKEN "Subject:string n:long");
    check("EmailEvents | count", &stubs, "1:1: EmailEvents" TAKEN "Count:long / 0");
    check("datatable(SHA1: string)['ab'] | invoke FileProfile('SHA1', 1000) | where "
          "isnull(GlobalPrevalence) or "
          "GlobalPrevalence < 5 | project SHA1, GlobalPrevalence, Signer",
          &stubs,
          "1:40: FileProfile" TAKEN "SHA1:string GlobalPrevalence:int Signer:string / ab,~,");
    check("datatable(u: string)['a'] | join kind=leftouter (SigninLogs | where ResultType == '0') "
          "on $left.u == "
          "$right.UserPrincipalName | where isempty(FavouriteColour) | project u, FavouriteColour, "
          "StartTime",
          &stubs,
          "1:50: SigninLogs" TAKEN
          "1:143: no column FavouriteColour is known there: taken as never filled; "
          "1:173: no column FavouriteColour is known there: taken as never filled; "
          "1:190: no column StartTime is known there: taken as never filled; "
          "u:string FavouriteColour:string StartTime:datetime / a,,~");
    check("datatable(u: string)['a'] | join kind=leftanti (_GetWatchlist('vip') | project v = "
          "Someone) on $left.u == "
          "$right.v",
          &stubs,
          "1:49: _GetWatchlist" TAKEN
          "1:84: no column Someone is known there: taken as never filled; u:string / a");
    check("datatable(u: string)['a'] | join kind=leftanti (SigninLogs) on $left.u == "
          "$right.Shade",
          &stubs, "1:49: SigninLogs" TAKEN "u:string / a");
    check("IdentityInfo | summarize arg_max(Timestamp, *) by AccountUpn | project Shade", &stubs,
          "1:1: IdentityInfo" TAKEN "1:72: no column Shade is known there: taken as never filled; "
          "Shade:string");
    check("print ip = '1.2.3.4' | extend geo = geo_info_from_ip_address(ip) | where "
          "isempty(geo.country)",
          &stubs, "1:37: geo_info_from_ip_address" TAKEN "ip:string geo:dynamic / 1.2.3.4,~");
}

/* parameters */

static void params__given__take_the_place_of_defaults(void **state)
{
    static const struct {
        st_named p[2];
        size_t n;
        const char *kql, *expect;
    } cases[] = {
        { { { .name = { 0 } } },
          0,
          "declare query_parameters(a: long = 3); print a",
          "print_0:long / 3" },
        { { { .name = { S("a") }, .value = { S("7") } } },
          1,
          "declare query_parameters(a: long = 3); print a",
          "print_0:long / 7" },
        { { { .name = { S("t") }, .value = { S("2024-01-02") } },
            { .name = { S("d") }, .value = { S("2h") } } },
          2,
          "declare query_parameters(t: datetime, d: timespan); print t + d",
          "print_0:datetime / 2024-01-02T02:00:00.0000000Z" },
        { { { .name = { S("s") }, .value = { S("") } } },
          1,
          "declare query_parameters(s: string = 'x'); print s",
          "print_0:string / " },
        { { { .name = { S("l") }, .value = { S("[\"a\",\"b\"]") } } },
          1,
          "declare query_parameters(l: dynamic); print 'b' in (l)",
          "print_0:bool / True" },
        { { { .name = { S("a") }, .value = { S("7x") } } },
          1,
          "declare query_parameters(a: long); print a",
          "1:26: --param a=7x: that is no long" },
        { { { .name = { 0 } } },
          0,
          "declare query_parameters(a: long); print a",
          "1:26: the parameter a has no value; --param a=VALUE gives one" },
        { { { .name = { S("b") }, .value = { S("7") } } },
          1,
          "declare query_parameters(a: long = 1); print a",
          "--param b: the query declares no such parameter" },
        { { { .name = { 0 } } },
          0,
          "set notruncation; set truncationmaxsize = 1000; print 1",
          "print_0:long / 1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_rule_settings s = { .params = cases[i].p, .nparams = cases[i].n };
        check(cases[i].kql, &s, cases[i].expect);
    }
}

/* plans */

/* Times differ from run to run: 1.234 ms becomes # ms. */
static void mask_times(char *s)
{
    char *to = s;
    while (*s) {
        size_t n = strspn(s, "0123456789.");
        if (n && strncmp(s + n, " ms", 3) == 0) {
            *to++ = '#';
            s += n;
        } else {
            size_t keep = n ? n : 1;
            memmove(to, s, keep);
            to += keep;
            s += keep;
        }
    }
    *to = 0;
}

static void explain__with_run__tells_rows_of_each_operator(void **state)
{
    static const char kql[] =
        "let T = range x from 1 to 3000 step 1;\n"
        "T | where x % 2 == 0 | join kind=inner (T | project y = x) on $left.x == $right.y\n"
        "| summarize n = count() by k = x % 10 | top 2 by k";
    static const char want[] = "let T (line 1)\n"
                               "    range x from 1 to 3000 step 1\n"
                               "        columns: x:long\n"
                               "        rows: 3000 out; # ms\n"
                               "| where x % 2 == 0\n"
                               "    columns: the same\n"
                               "    rows: 3000 in, 1500 out; # ms\n"
                               "| join kind=inner (...) on $left.x == $right.y\n"
                               "    inner on x = y\n"
                               "    with\n"
                               "        let T (line 1)\n"
                               "            range x from 1 to 3000 step 1\n"
                               "                columns: x:long\n"
                               "                rows: 3000 out; # ms\n"
                               "        | project y = x\n"
                               "            columns: y:long\n"
                               "            rows: 3000 in, 3000 out; # ms\n"
                               "    columns: the same and y:long\n"
                               "    rows: 4500 in, 1500 out; # ms\n"
                               "| summarize n = count() by k = x % 10\n"
                               "    columns: k:long, n:long\n"
                               "    rows: 1500 in, 5 out; # ms\n"
                               "| top 2 by k\n"
                               "    columns: the same\n"
                               "    rows: 5 in, 2 out; # ms\n";
    st_rules *r = st_rules_new();
    st_run_options o = { .now = ST_TICKS_UNIX };
    st_buf b = { 0 };
    st_err err = { 0 };
    (void)state;
    assert_int_equal(st_query_explain(r, ST_STR("q"), st_str_of(kql), NULL, &o, true, &b, &err),
                     ST_OK);
    st_buf_char(&b, 0);
    mask_times(b.p);
    assert_string_equal(b.p, want);
    st_buf_free(&b);
    st_rules_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model__of_what_sysmon_records__is_here),
        cmocka_unit_test(external__each_format__gives_its_rows),
        cmocka_unit_test(external__no_file_for_it__is_not_applicable),
        cmocka_unit_test(services__without_stubs__bound_as_far_as_known),
        cmocka_unit_test(defaults__names_in_them__are_those_of_the_definition),
        cmocka_unit_test(null__of_dynamic_beside_a_text__is_no_mistake),
        cmocka_unit_test(services__with_stubs__run_as_though_empty),
        cmocka_unit_test(params__given__take_the_place_of_defaults),
        cmocka_unit_test(explain__with_run__tells_rows_of_each_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
