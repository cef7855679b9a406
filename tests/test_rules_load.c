/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_load.c - files, folders, documents and comment headers to named rules.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "shelltree/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_str(s, lit)                                                \
    do {                                                                  \
        st_str got_ = (s);                                                \
        if (!st_str_eq(got_, st_str_of(lit)))                             \
            fail_msg("got \"%.*s\", expected \"%s\"", ST_FMT(got_), lit); \
    } while (0)

static void load_text(st_rules *r, const char *path, const char *text)
{
    st_err err = { 0 };
    assert_int_equal(st_rules_load_text(r, st_str_of(path), st_str_of(text), &err), ST_OK);
}

/* What such a plan needs of each table is asked when it is loaded. */
static void load__key_that_only_a_service_knows__is_planned(void **state)
{
    static const st_rule_settings stubs = { .stub_services = true };
    (void)state;
    st_rules *r = st_rules_new();
    st_rules_set(r, &stubs);
    load_text(r, "x.kql",
              "DeviceEvents | join kind=leftanti (SigninLogs) on $left.AccountName == "
              "$right.Shade | join (SigninLogs | where Tint == 1) on $left.DeviceId == "
              "$right.Hue, $left.DeviceName == $right.Tint");
    assert_int_equal(st_rules_count(r), 1);
    st_rules_free(r);
}

static void load__header__fills_the_rule(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "x/some-rule.kql",
              "// title: A title: with a colon\n// id: my-id\n\n// Level: HIGH\n"
              "//techniques: T1505.003, T1059 T1059, bogus\n// reason: Because\n// authors: A, B\n"
              "// description: Words\n// a plain comment\n"
              "DeviceProcessEvents | count // title: not this\n");
    assert_int_equal(st_rules_count(r), 1);
    const st_rule *rule = st_rules_at(r, 0);
    assert_str(rule->id, "my-id");
    assert_str(rule->title, "A title: with a colon");
    assert_int_equal(rule->level, ST_LEVEL_HIGH);
    assert_int_equal(rule->ntechniques, 2);
    assert_str(rule->techniques[0], "T1059");
    assert_str(rule->techniques[1], "T1505.003");
    assert_str(rule->reason, "Because");
    assert_str(rule->authors, "A, B");
    assert_str(rule->description, "Words");
    assert_str(rule->path, "x/some-rule.kql");
    assert_int_equal(rule->line, 1);
    assert_false(rule->marks_servers);
    assert_int_equal(st_rules_diags(r), 1);
    assert_int_equal(st_rules_diag(r, 0)->severity, ST_SEV_WARNING);
    assert_int_equal(st_rules_diag(r, 0)->line, 5);
    st_rules_free(r);
}

static void load__no_header__has_defaults(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "dir/plain.v2.kql", "DeviceProcessEvents | count");
    load_text(r, "dir/web-servers.kql", "DeviceProcessEvents | where FileName =~ 'w3wp.exe'");
    load_text(r, "m.kql", "// marks-servers: yes\nDeviceProcessEvents");
    assert_int_equal(st_rules_count(r), 3);
    assert_str(st_rules_at(r, 0)->id, "m");
    assert_true(st_rules_at(r, 0)->marks_servers);
    assert_str(st_rules_at(r, 1)->id, "plain.v2");
    assert_str(st_rules_at(r, 1)->title, "plain.v2");
    assert_int_equal(st_rules_at(r, 1)->level, ST_LEVEL_MEDIUM);
    assert_false(st_rules_at(r, 1)->marks_servers);
    assert_str(st_rules_at(r, 2)->id, "web-servers");
    assert_true(st_rules_at(r, 2)->marks_servers);
    st_rules_free(r);
}

static const char document[] = "# The Title Of It\nProse.\n"
                               "```powershell\nGet-X | WHERE a\n# not a heading\n```\n"
                               "# KQL:\n```kql\nDeviceProcessEvents\n| count\n```\n"
                               "## Second one\n~~~ KUSTO\nDeviceProcessEvents | WHERE a\n~~~\n"
                               "```\nDeviceProcessEvents\n| take 1\n```\n";

static void load__markdown__blocks_become_rules(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "a/doc.md", document);
    assert_int_equal(st_rules_count(r), 2);
    const st_rule *one = st_rules_at(r, 0), *two = st_rules_at(r, 1);
    assert_str(one->id, "doc");
    assert_str(one->title, "The Title Of It");
    assert_int_equal(one->line, 9);
    assert_int_equal(one->status, ST_RULE_READY);
    assert_str(two->id, "doc#2");
    assert_str(two->title, "Second one");
    assert_int_equal(two->line, 14);
    assert_int_equal(two->status, ST_RULE_BROKEN);
    assert_int_equal(st_rules_diags(r), 1);
    const st_diag *d = st_rules_diag(r, 0);
    assert_int_equal(d->line, 14);
    assert_int_equal(d->column, 23);
    assert_int_equal(d->width, 5);
    assert_str(d->source, "DeviceProcessEvents | WHERE a");
    assert_str(d->code, "KS176");
    assert_true(d->named);
    st_rules_free(r);
}

static void load__markdown_without_labels__takes_what_looks_like_kql(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "n.md", "# T\n```\n$ ls | wc\n```\n```\nDeviceProcessEvents\n| take 1\n```\n");
    assert_int_equal(st_rules_count(r), 1);
    assert_int_equal(st_rules_at(r, 0)->line, 6);
    st_rules_free(r);
}

static void load__markdown_without_kql__is_told_if_named(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "n.md", "# Only words\n");
    assert_int_equal(st_rules_count(r), 0);
    assert_int_equal(st_rules_diags(r), 1);
    assert_int_equal(st_rules_diag(r, 0)->line, 0);
    st_rules_free(r);
}

static void load__markdown_kinds_of_blocks__as_said_or_as_they_look(void **state)
{
    static const struct row {
        const char *text;
        size_t rules;
        const char *title; /* of the first */
    } rows[] = {
        /* what the word behind the fence says */
        { "# T\n```KQL\nDeviceEvents\n```\n```json\n{\"a\": 1 | where x}\n```\n", 1, "T" },
        { "# T\n``` {.kusto title=\"x\"}\nDeviceProcessEvents\n```\n", 1, "T" },
        { "# T\n~~~~kql\nDeviceProcessEvents\n~~~\n| count\n~~~~\n", 1, "T" },
        { "# T\n```C#\nDeviceProcessEvents\n| where FileName == 'x'\n```\n", 1, "T" },
        { "# T\n```C#\nvar a = b || where;\n```\n", 0, NULL },
        { "# T\n```powershell\nps | where x\n```\n", 0, NULL },
        /* in a list, its indent of tabs */
        { "# T\n1.\tDo:\n\n\t```kql\n\tDeviceProcessEvents\n\t```\n", 1, "T" },
        /* behind the mark of an item; its closing fence opens nothing */
        { "# T\n- ```kql\n  DeviceProcessEvents\n  ```\n2. ```kql\n   DeviceEvents\n   ```\n", 2,
          "T" },
        /* code within a line is no fence */
        { "# T\n```kql``` is a word\n```kql\nDeviceProcessEvents\n```\n", 1, "T" },
        /* a document that says kql says it of all that is */
        { "# T\n```kql\nDeviceProcessEvents\n```\n```\nDeviceProcessEvents\n| count\n```\n", 1,
          "T" },
        /* what looks like a query, and what looks like a shell */
        { "# T\n```\nDeviceProcessEvents | where FileName == 'x'\n```\n", 1, "T" },
        { "# T\n```\n// | where\nlet a = 1;\nprint a\n```\n", 1, "T" },
        { "# T\n```\nGet-Process | where {$_.Name}\n```\n", 0, NULL },
        { "# T\n```\nls -l | sort -u | grep x\n```\n", 0, NULL },
        { "# T\n```\n| a | b |\n|---|---|\n```\n", 0, NULL },
        /* lets alone are a piece to paste in front of a query */
        { "# T\n```kql\nlet a = 1;\nlet b = 2;\n```\n## Two\n```kql\nprint 1\n```\n", 1, "Two" },
        /* one that swallows the query behind it, as its `;` is missing */
        { "# T\n```kql\nlet a = T\n| where b\na\n| count\n```\n## Two\n```kql\nprint 1\n```\n", 2,
          "T" },
        /* headings: the innermost one around that says something */
        { "# T\n## References\n## Detection\n```kql\nprint 1\n```\n", 1, "T" },
        { "# T\n## One\n### Query:\n```kql\nprint 1\n```\n", 1, "One" },
        { "# T\n## One\n# Sentinel\n```kql\nprint 1\n```\n", 1, "T" },
        { "```kql\nprint 1\n```\n", 1, "x" },
        { "  ```kql\n  print 1\n  ```\nnot | where this\n", 1, "x" },
        { "```kql\nprint 1\n", 1, "x" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_rules *r = st_rules_new();
        load_text(r, "x.md", rows[i].text);
        if (st_rules_count(r) != rows[i].rules)
            fail_msg("%s: %zu rules", rows[i].text, st_rules_count(r));
        if (rows[i].rules && !st_str_eq(st_rules_at(r, 0)->title, st_str_of(rows[i].title)))
            fail_msg("%s: title %.*s", rows[i].text, ST_FMT(st_rules_at(r, 0)->title));
        st_rules_free(r);
    }
}

static const char sentinel[] =
    "\xEF\xBB\xBF# a comment\r\n"
    "id: 0cb5d6b4-0000-4444-8888-aaaabbbbcccc\r\n"
    "name: \"A shell \\u2014 below a server\"\r\n"
    "description: |\r\n  Two\r\n  lines\r\n"
    "severity: High\r\n"
    "requiredDataConnectors:\r\n  - connectorId: X\r\n    dataTypes: [DeviceProcessEvents]\r\n"
    "tactics:\r\n  - Execution\r\n"
    "relevantTechniques:\r\n  - T1505.003\r\n  - T1059\r\n"
    "query: |\r\n"
    "  // reason: because\r\n"
    "  let m = ```a\r\n  b```;\r\n"
    "  DeviceProcessEvents\r\n"
    "    | where FileNmae == m\r\n"
    "entityMappings:\r\n  - entityType: Host\r\n    fieldMappings:\r\n"
    "      - identifier: name\r\n        query: DeviceName\r\n"
    "version: 1.0.0\r\n"
    "metadata:\r\n  author:\r\n    name: Somebody\r\n";

static void load__yaml__fills_the_rule(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "a/rule.yaml", sentinel);
    assert_int_equal(st_rules_count(r), 1);
    const st_rule *rule = st_rules_at(r, 0);
    assert_str(rule->id, "0cb5d6b4-0000-4444-8888-aaaabbbbcccc");
    assert_str(rule->title, "A shell \xE2\x80\x94 below a server");
    assert_str(rule->description, "Two\nlines");
    assert_str(rule->reason, "because");
    assert_str(rule->authors, "Somebody");
    assert_int_equal(rule->level, ST_LEVEL_HIGH);
    assert_int_equal(rule->ntechniques, 2);
    assert_str(rule->techniques[0], "T1059");
    assert_int_equal(rule->line, 17);
    assert_int_equal(st_rules_diags(r), 1);
    const st_diag *d = st_rules_diag(r, 0);
    assert_int_equal(d->line, 21);
    assert_int_equal(d->column, 13);
    assert_int_equal(d->width, 8);
    assert_str(d->source, "    | where FileNmae == m");
    st_rules_free(r);
}

/* Where an error is told, whatever way the text was written. */
static void load__yaml_errors__are_at_the_file_s_lines(void **state)
{
    static const struct row {
        const char *text, *places; /* line:column of each diagnostic */
        size_t rules;
    } rows[] = {
        { "query: print x", "1:14", 1 },
        { "query:\n  print\n   x", "3:4", 1 },
        { "query: >2-\n    print\n\n    x", "4:5", 1 },
        { "query: |+\n\n    print \xC3\xA4\n    x\n\n", "3:11", 1 },
        { "query: 'print strcat(''a'', x)'", "1:29", 1 },
        { "query: \"print strcat(\\\"a\\\", x)\"", "1:29", 1 },
        { "query: \"// \\u00e4\\nprint\\t\\x41\\x78\"", "1:27", 1 },
        { "query: \"print \\\n   x\"", "2:4", 1 },
        { "query: !!str \"print x\"", "1:21", 1 },
        { "query: &q |\n print x", "2:8", 1 },
        { "queryText: |+\n  print x\n", "2:9", 1 },
        /* with a fence around it, which isn't taken for a string */
        { "query: \"```kusto\\nprint x\\n```\\n\"", "1:25", 1 },
        { "query: |\n  ```\n  print x\n  ```\n", "3:9", 1 },
        { "query: |\n  ```kql print 1```\n", "2:3", 1 },
        /* several documents, and a list of them */
        { "query: print x\n---\nname: none\n---\nquery: print y", "1:14 5:14", 2 },
        { "- query: print x\n- name: b\n  query: print y", "1:16 3:16", 2 },
        { "properties:\n  displayName: a\n  query: print x", "3:16", 1 },
        { "queryCondition:\n  queryText: print x", "2:20", 1 },
        /* of two queries the first */
        { "query: print 1\nquery: print x", "2:8", 1 },
        /* headers that say nothing that is known */
        { "severity: Big\nquery: print 1\nrelevantTechniques: [T1059, X, T1]", "1:11 3:29 3:32",
          1 },
        /* not YAML, from some place on */
        { "query: print 1\n---\na: b: c", "3:5", 1 },
        { "query: \x01", "1:8", 0 },
        { "query: \xff", "1:8", 0 },
        /* Sigma: each document is a rule, three dashes and a blank begin one, and an error where
         * one ends is not the next one's */
        { "a: b: c\n---\nlogsource:\na: b: c\n", "1:5 4:5", 2 },
        { "detection: 1\nname:\nword\n---: x", "4:1", 1 },
        { "detection: 1\nname:\nword\n--- x", "4:1 4:5", 2 },
        { "\xEF\xBB\xBF# none\n---\n# none\n--- # none\n...\n---\ndetection: [", "5:1 7:13", 2 },
        /* no query */
        { "name: a", "0:0", 0 },
        { "", "0:0", 0 },
        { "a: &a [x]\nquery: *a\n", "0:0", 0 },
        { "a:\n  query: print x", "0:0", 0 },
        { "? query: print x\n: query: print y\n", "0:0", 0 },
        { "? [query]\n: query\nquery: print x\n", "3:14", 1 },
        { "query: [print x]\n", "1:15", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_rules *r = st_rules_new();
        st_buf b = { 0 };
        load_text(r, "x.yml", rows[i].text);
        for (size_t k = 0; k < st_rules_diags(r); k++)
            st_buf_fmt(&b, "%s%u:%u", b.n ? " " : "", st_rules_diag(r, k)->line,
                       st_rules_diag(r, k)->column);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i].places)) ||
            st_rules_count(r) != rows[i].rules)
            fail_msg("%s: got %.*s and %zu rules, expected %s", rows[i].text,
                     ST_FMT(st_buf_slice(&b)), st_rules_count(r), rows[i].places);
        st_buf_free(&b);
        st_rules_free(r);
    }
}

static void load__yaml_bombs__cost_nothing(void **state)
{
    (void)state;
    st_buf b = { 0 };
    for (int i = 0; i < 1000; i++)
        st_buf_char(&b, '[');
    st_buf_char(&b, 0);
    st_rules *r = st_rules_new();
    load_text(r, "deep.yaml", b.p);
    assert_int_equal(st_rules_count(r), 0);
    assert_int_equal(st_rules_diags(r), 1);
    st_rules_free(r);
    /* aliases of aliases are never followed */
    st_buf_clear(&b);
    st_buf_str(&b, ST_STR("a0: &a0 [x,x,x,x,x,x,x,x,x]\n"));
    for (int i = 1; i < 40; i++) {
        st_buf_fmt(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            st_buf_fmt(&b, "%s*a%d", k ? "," : "", i - 1);
        st_buf_str(&b, ST_STR("]\n"));
    }
    st_buf_str(&b, ST_STR("query: print 1\n"));
    st_buf_char(&b, 0);
    r = st_rules_new();
    load_text(r, "bomb.yaml", b.p);
    assert_int_equal(st_rules_count(r), 1);
    assert_int_equal(st_rules_diags(r), 0);
    st_rules_free(r);
    st_buf_free(&b);
}

static void load__same_id__second_is_numbered(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "a/x.kql", "DeviceProcessEvents");
    load_text(r, "b/X.kql", "DeviceProcessEvents");
    load_text(r, "c/x.kql", "// id: x#3\nDeviceProcessEvents");
    load_text(r, "d/x.kql", "DeviceProcessEvents");
    assert_int_equal(st_rules_diags(r), 0);
    assert_str(st_rules_at(r, 0)->id, "X#2");
    assert_str(st_rules_at(r, 1)->id, "x");
    assert_str(st_rules_at(r, 2)->id, "x#3");
    assert_str(st_rules_at(r, 3)->id, "x#4");
    load_text(r, "e/y.kql", "// id: ../../etc/x\nDeviceProcessEvents");
    assert_str(st_rules_at(r, 0)->id, "-.-..-etc-x");
    load_text(r, "f/y.kql", "// id: X\nDeviceProcessEvents");
    assert_int_equal(st_rules_diags(r), 1);
    assert_int_equal(st_rules_diag(r, 0)->severity, ST_SEV_WARNING);
    st_rules_free(r);
}

/* As a repository has them: thousands of files with a few names. */
static void load__thousands_of_one_name__in_linear_time(void **state)
{
    enum { MANY = 20000 };
    char path[32];
    (void)state;
    st_rules *r = st_rules_new();
    st_buf doc = { 0 };
    for (int i = 0; i < MANY; i++)
        st_buf_fmt(&doc, "```kql\n// id: one\nprint %d\n```\n", i);
    st_buf_char(&doc, 0);
    load_text(r, "x.md", doc.p);
    assert_int_equal(st_rules_count(r), MANY);
    for (int i = 0; i < MANY; i++) {
        bool there = false;
        snprintf(path, sizeof path, i ? "one#%d" : "one", i + 1);
        size_t low = 0, high = MANY; /* they are in the order of ids */
        while (low < high && !there) {
            size_t mid = (low + high) / 2;
            int order = st_str_cmp(st_rules_at(r, mid)->id, st_str_of(path));
            there = order == 0;
            low = order < 0 ? mid + 1 : low;
            high = order > 0 ? mid : high;
        }
        assert_true(there);
    }
    st_buf_free(&doc);
    st_rules_free(r);
}

/* Every error of a text in one run, and none that follows from another. */
static void load__several_mistakes__all_are_told(void **state)
{
    static const struct row {
        const char *text, *places; /* line:column of each error */
    } rows[] = {
        /* an operator that can't be read, and names before and behind it */
        { "DeviceProcessEvents\n| where Foo == 1\n| WHERE a == 1\n| where Bar == 2", "2:9 3:3" },
        { "DeviceProcessEvents\n| where a == 1 && b\n| where Bar == 2", "2:16 3:9" },
        { "DeviceProcessEvents\n| extend a = (1\n| where Bar == 2 and nosuch(1)", "3:31" },
        { "DeviceProcessEvents\n| extend a = 1 +\n| where Bar == 2 and nosuch(1)", "3:1 3:22" },
        { "DeviceProcessEvents\n| extend a = Foo\n| where a == 2 and Bar == 1", "2:14 3:20" },
        { "DeviceProcessEvents\n| project a = Foo\n| where a == 2 and FileName == 'x'",
          "2:15 3:20" },
        /* a statement that can't be read, and one that can */
        { "let a = 1 +;\nDeviceProcessEvents | where Foo == a", "1:12 2:29" },
        { "let a = (x:lon) { x };\nDeviceProcessEvents | where Foo == a(1)", "1:12 2:29" },
        { "let a = nosuch(1);\nDeviceProcessEvents | where Foo == a", "1:9 2:29" },
        { "let a = DeviceProcessEvents | summarize n = (;\na | where n > 1 | where m == 2",
          "1:46" },
        { "let a = Device | where b;\na | where c | take 'x'", "1:9 2:20" },
        /* inside a subquery, and outside */
        { "DeviceProcessEvents | join (DeviceProcessEvents | where Foo == ) on DeviceId\n| where "
          "Bar == 1",
          "1:64" },
        { "DeviceProcessEvents | where FileName in (nosuch | take) and Foo == 1",
          "1:42 1:55 1:61" },
        { "declare query_parameters(a:lon);\nDeviceProcessEvents | where Foo == 1", "1:28 2:29" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_rules *r = st_rules_new();
        st_buf b = { 0 };
        load_text(r, "x.kql", rows[i].text);
        for (size_t k = 0; k < st_rules_diags(r); k++)
            if (st_rules_diag(r, k)->severity == ST_SEV_ERROR)
                st_buf_fmt(&b, "%s%u:%u", b.n ? " " : "", st_rules_diag(r, k)->line,
                           st_rules_diag(r, k)->column);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i].places)))
            fail_msg("%s: got %.*s, expected %s", rows[i].text, ST_FMT(st_buf_slice(&b)),
                     rows[i].places);
        assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_BROKEN);
        st_buf_free(&b);
        st_rules_free(r);
    }
}

/* Twenty of a file, whatever it is made of; the rest is counted, and no rule gets by. */
static void load__many_mistakes__twenty_are_told(void **state)
{
    enum { MANY = 30 };
    st_buf b = { 0 };
    size_t errors = 0;
    (void)state;
    for (int i = 0; i < MANY; i++)
        st_buf_str(&b, ST_STR("```kql\nDeviceProcessEvents | where Nothing == 1\n```\n"));
    st_buf_char(&b, 0);
    st_rules *r = st_rules_new();
    load_text(r, "x.md", b.p);
    assert_int_equal(st_rules_count(r), MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(st_rules_at(r, i)->status, ST_RULE_BROKEN);
        assert_int_equal(st_rules_at(r, i)->errors, 1);
    }
    for (size_t i = 0; i < st_rules_diags(r); i++)
        errors += st_rules_diag(r, i)->severity == ST_SEV_ERROR;
    assert_int_equal(errors, 20);
    assert_str(st_rules_diag(r, st_rules_diags(r) - 1)->text, "10 more errors aren't shown");
    load_text(r, "y.kql", "DeviceProcessEvents | where Nothing == 1");
    assert_int_equal(st_rules_diag(r, st_rules_diags(r) - 1)->severity, ST_SEV_ERROR);
    st_rules_free(r);
    st_buf_free(&b);
}

static void load__missing_file__is_io(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    st_err err = { 0 };
    assert_int_equal(st_rules_load(r, ST_STR("/nonexistent/x.kql"), &err), ST_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/x.kql"));
    st_rules_free(r);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void remove_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void load__folder__sorted_and_without_links(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_rules_XXXXXX", sub[64], link_path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(sub, sizeof sub, "%s/sub", folder);
    snprintf(link_path, sizeof link_path, "%s/loop", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(symlink(folder, link_path), 0);
    put_file(folder, "b.kql", "DeviceProcessEvents");
    put_file(folder, "a.csl", "DeviceProcessEvents | WHERE x");
    put_file(folder, "README.md", "# No rules here\n");
    put_file(folder, "data.json", "{}");
    put_file(sub, "c.KQL", "DeviceProcessEvents");
    st_rules *r = st_rules_new();
    st_err err = { 0 };
    assert_int_equal(st_rules_load(r, st_str_of(folder), &err), ST_OK);
    assert_int_equal(st_rules_load(r, st_str_of(folder), &err), ST_OK); /* again: no copies */
    assert_int_equal(st_rules_count(r), 3);
    assert_str(st_rules_at(r, 0)->id, "a");
    assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_BROKEN);
    assert_str(st_rules_at(r, 1)->id, "b");
    assert_str(st_rules_at(r, 2)->id, "c");
    assert_int_equal(st_rules_diags(r), 1);
    assert_false(st_rules_diag(r, 0)->named);
    st_rules_free(r);
    remove_file(sub, "c.KQL");
    remove_file(folder, "b.kql");
    remove_file(folder, "a.csl");
    remove_file(folder, "README.md");
    remove_file(folder, "data.json");
    remove_file(folder, "loop");
    remove_file(folder, "sub");
    assert_int_equal(rmdir(folder), 0);
}

/* What there is to say of a set: rules in their order, then what was told. */
static void describe_set(const st_rules *r, st_buf *b)
{
    for (size_t i = 0; i < st_rules_count(r); i++) {
        const st_rule *rule = st_rules_at(r, i);
        st_buf_fmt(b, "%.*s|%.*s|%d|%u|%.*s|%u|%d|%zu|%zu\n", ST_FMT(rule->id), ST_FMT(rule->title),
                   (int)rule->status, rule->errors, ST_FMT(rule->why), rule->line,
                   rule->marks_servers, rule->needs.ncolumns, rule->needs.ntables);
    }
    for (size_t i = 0; i < st_rules_diags(r); i++)
        st_diag_put(b, st_rules_diag(r, i));
}

enum { SIGMA_FILES = 200 };

static void sigma_name(unsigned i, char *name, size_t n)
{
    snprintf(name, n, i % 29 == 7 ? "r%03u.kql" : "r%03u.yml", i);
}

/* Sound ones, ones with a doubt, broken ones, several in a file, ids and names that come twice,
 * correlations and filters, between queries. */
static void put_sigma(const char *folder, unsigned i)
{
    static const char *const sources[] = { "category: process_creation", "service: nowhere" };
    char name[32], text[2048];
    int n = snprintf(text, sizeof text,
                     "title: Rule %u\nid: rule-%u\nname: n%u\nlogsource:\n  product: windows\n  "
                     "%s\ndetection:\n  s:\n    %s|contains: x%u\n  condition: %s\n",
                     i, i / 2 * (i % 3 == 0), i, sources[i % 7 == 3],
                     i % 5 == 1 ? "Imagee" : "Image", i, i % 11 == 4 ? "nothing" : "s");
    if (i % 13 == 5)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "---\ntitle: Many %u\ncorrelation:\n  type: event_count\n  rules: [n%u]\n  "
                      "timespan: 5m\n  condition:\n    gte: 2\n",
                      i, i);
    if (i % 17 == 6)
        snprintf(text + n, sizeof text - (size_t)n,
                 "---\ntitle: Less %u\nlogsource:\n  category: process_creation\nfilter:\n  rules: "
                 "[n%u]\n  f:\n    User: root\n  condition: not f\n",
                 i, i);
    sigma_name(i, name, sizeof name);
    put_file(folder, name, i % 29 == 7 ? "DeviceProcessEvents | where FileNmae == 'x'" : text);
}

static void load_each(st_rules *r, const char *folder, st_err *err)
{
    char name[32], path[64];
    for (unsigned i = 0; i < SIGMA_FILES; i++) {
        sigma_name(i, name, sizeof name);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        assert_int_equal(st_rules_load(r, st_str_of(path), err), ST_OK);
    }
}

/* Queries that use libraries before and behind them; libraries that use others, themselves or what
 * isn't there, or that have errors or a doubt; ids that come twice. k00.kql is the first. */
static const char *const query_files[] = {
    "// uses: k03.kql\nDeviceProcessEvents | where is_one(FileName)",
    "// uses: k04.kql\nDeviceProcessEvents | where is_two(FileName)",
    "// uses: k05.kql\nDeviceProcessEvents | where FileName in (names)",
    "// library: yes\nlet is_one = (x: string) { x =~ 'one.exe' };",
    "// library: yes\n// uses: k03.kql\nlet is_two = (x: string) { is_one(x) or x == 'two' };",
    "// library: yes\nlet names = datatable(x: string) ['a' | where;",
    "// library: yes\n// uses: k07.kql\nlet a = 1;",
    "// library: yes\n// uses: k06.kql\nlet b = 1;",
    "// uses: k06.kql\nDeviceProcessEvents | where ProcessId == a",
    "// id: twin\nDeviceProcessEvents | where ProcessId == 4",
    "// id: twin\nDeviceProcessEvents | where ProcessId == 4",
    "// id: twin\nDeviceProcessEvents | where ProcessId == 5",
    "// id: web/servers\nDeviceProcessEvents | where WebServerDistance > 0",
    "// id: web-servers\nDeviceProcessEvents | where WebServerDistance > 0",
    "// uses: nowhere.kql\nDeviceProcessEvents",
    "DeviceProcessEvents | where FileNmae == 'x'",
    "// uses: k17.kql\nDeviceProcessEvents",
    "// techniques: bogus\nDeviceProcessEvents | where FileName matches regex 'a.*b'",
    "// library: yes\n// techniques: bogus\nlet c = 3;",
    "// uses: k18.kql, k03.kql\nDeviceProcessEvents | where ProcessId == c",
    "SigninLogs | count",
    "// library: yes\nlet d = toscalar(DeviceProcessEvents | where Nope == 1);",
    "// uses: k21.kql\nDeviceProcessEvents | where ProcessId == d",
    "// uses: k04.kql\n// marks-servers: yes\nDeviceProcessEvents | where is_two(AccountName)",
    "// uses: k23.kql\nDeviceProcessEvents",
    "DeviceNetworkEvents | where RemotePort == 80 | distinct DeviceName",
    "// uses: k29.kql\nKept | where AccountName == 'x'",
    "// uses: k29.kql\nKept | where AccountName == 'y'",
    "// uses: k29.kql\nKept | where AccountName == 'z'",
    ("// library: yes\nlet Kept = DeviceProcessEvents | summarize count() by AccountName | where "
     "FileName == 'x';"),
    ("// library: yes\n// uses: k31.kql\nlet Odd = Never | where ActionType == 'Nothing';"),
    ("// library: yes\nlet Never = DeviceProcessEvents | where ActionType == 'Nowhere' | summarize "
     "count() by ActionType;"),
    "// uses: k30.kql\nOdd | where ActionType == 'x'",
};

enum { QUERY_FILES = sizeof query_files / sizeof *query_files };

static void load_each_query(st_rules *r, const char *folder, st_err *err)
{
    char path[64];
    for (unsigned i = 0; i < QUERY_FILES; i++) {
        snprintf(path, sizeof path, "%s/k%02u.kql", folder, i);
        assert_int_equal(st_rules_load(r, st_str_of(path), err), ST_OK);
    }
}

/* Loads the folder on any number of threads, and one file after the other; all are the same. */
static void loads_alike(const char *folder,
                        void (*each)(st_rules *r, const char *folder, st_err *err), size_t rules)
{
    static const unsigned threads[] = { 1, 1, 2, 7, 0 };
    st_buf first = { 0 };
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        const st_rule_settings s = { .threads = threads[t] };
        st_rules *r = st_rules_new();
        st_err err = { 0 };
        st_buf b = { 0 };
        st_rules_set(r, &s);
        if (!t)
            each(r, folder, &err);
        else
            assert_int_equal(st_rules_load(r, st_str_of(folder), &err), ST_OK);
        assert_int_equal(st_rules_link(r, &err), ST_OK);
        describe_set(r, t ? &b : &first);
        if (t && !st_str_eq(st_buf_slice(&b), st_buf_slice(&first)))
            fail_msg("%u threads give another set:\n%.*s\ninstead of\n%.*s", threads[t],
                     ST_FMT(st_buf_slice(&b)), ST_FMT(st_buf_slice(&first)));
        assert_true(st_rules_count(r) >= rules);
        assert_true(st_rules_diags(r) > 10);
        st_buf_free(&b);
        st_rules_free(r);
    }
    st_buf_free(&first);
}

/* A folder of many rules gives the same set on any number of threads, and as its files do that are
 * named one by one: these aren't read ahead. */
static void load__folder_of_many__same_on_any_number_of_threads(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_rules_XXXXXX", name[32];
    assert_non_null(mkdtemp(folder));
    for (unsigned i = 0; i < SIGMA_FILES; i++)
        put_sigma(folder, i);
    loads_alike(folder, load_each, SIGMA_FILES / 2 + 1);
    for (unsigned i = 0; i < SIGMA_FILES; i++) {
        sigma_name(i, name, sizeof name);
        remove_file(folder, name);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* Of a chain of rules that use the next, though that is no library, all are there; one that uses
 * itself, or is so long that it wouldn't end, is told of. */
static void load__uses_of_no_library__told(void **state)
{
    (void)state;
    enum { RULES = 60 };
    char folder[] = "/tmp/test_rules_XXXXXX", name[32], text[128];
    assert_non_null(mkdtemp(folder));
    for (unsigned i = 0; i < RULES; i++) {
        snprintf(name, sizeof name, "k%02u.kql", i);
        snprintf(text, sizeof text, "// uses: k%02u.kql\nDeviceProcessEvents",
                 i < 14          ? i
                 : i + 1 < RULES ? i + 1
                                 : 57);
        put_file(folder, name, text);
    }
    for (unsigned threads = 1; threads < 4; threads++) {
        const st_rule_settings s = { .threads = threads };
        st_rules *r = st_rules_new();
        st_err err = { 0 };
        st_rules_set(r, &s);
        assert_int_equal(st_rules_load(r, st_str_of(folder), &err), ST_OK);
        assert_int_equal(st_rules_count(r), RULES);
        assert_true(st_rules_diags(r) >= RULES);
        st_rules_free(r);
    }
    for (unsigned i = 0; i < RULES; i++) {
        snprintf(name, sizeof name, "k%02u.kql", i);
        remove_file(folder, name);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void load__folder_of_queries__same_on_any_number_of_threads(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_rules_XXXXXX", name[32];
    assert_non_null(mkdtemp(folder));
    for (unsigned i = 0; i < QUERY_FILES; i++) {
        snprintf(name, sizeof name, "k%02u.kql", i);
        put_file(folder, name, query_files[i]);
    }
    loads_alike(folder, load_each_query, 17);
    for (unsigned i = 0; i < QUERY_FILES; i++) {
        snprintf(name, sizeof name, "k%02u.kql", i);
        remove_file(folder, name);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void load__published_rule__has_its_name(void **state)
{
    (void)state;
    const char *srcdir = getenv("srcdir");
    char path[512];
    snprintf(path, sizeof path, "%s/../shared/rules/potential-web-shell.md", srcdir ? srcdir : ".");
    if (access(path, R_OK) != 0) {
        print_message("no published rule at hand: skipped\n");
        skip();
    }
    st_rules *r = st_rules_new();
    st_err err = { 0 };
    assert_int_equal(st_rules_load(r, st_str_of(path), &err), ST_OK);
    assert_int_equal(st_rules_count(r), 1);
    assert_str(st_rules_at(r, 0)->id, "potential-web-shell");
    assert_str(st_rules_at(r, 0)->title, "Potential Web Shell Process Execution");
    assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_READY);
    assert_int_equal(st_rules_at(r, 0)->level, ST_LEVEL_MEDIUM);
    st_rules_free(r);
}

/* The columns that a plan reads, in the order of tables and their columns. */
static void needs__columns__are_those_that_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *query, *columns;
    } rows[] = {
        { "DeviceProcessEvents | where FileName =~ 'a' | project ProcessId",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessId" },
        { "DeviceProcessEvents | where FileName has 'a' | count", "DeviceProcessEvents.FileName" },
        { "DeviceProcessEvents | count", "" },
        { "DeviceProcessEvents | extend X = tolower(AccountName) | project FileName",
          "DeviceProcessEvents.FileName DeviceProcessEvents.AccountName" },
        { "DeviceProcessEvents | project-rename F = FileName, P = FolderPath | project F",
          "DeviceProcessEvents.FileName" },
        { "DeviceProcessEvents | order by ProcessId | take 3 | project FileName",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessId" },
        { "DeviceProcessEvents | summarize count(), max(ProcessId) by FileName",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessId" },
        { "DeviceProcessEvents | join kind=inner (DeviceNetworkEvents | project "
          "InitiatingProcessId, RemotePort, RemoteUrl) on $left.ProcessId == "
          "$right.InitiatingProcessId | project FileName, RemotePort",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessId "
          "DeviceNetworkEvents.RemotePort DeviceNetworkEvents.InitiatingProcessId" },
        { "union DeviceProcessEvents, DeviceFileEvents | project FileName",
          "DeviceProcessEvents.FileName DeviceFileEvents.FileName" },
        { "let t = materialize(DeviceProcessEvents | where ProcessId > 1); union (t | project "
          "FileName), (t | project FileName = FolderPath)",
          "DeviceProcessEvents.FileName DeviceProcessEvents.FolderPath "
          "DeviceProcessEvents.ProcessId" },
        { "DeviceProcessEvents | order by ProcessId | extend P = prev(FileName) | project P",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessId" },
        { "DeviceProcessEvents | mv-expand X = split(ProcessCommandLine, ' ') | project FileName, "
          "X",
          "DeviceProcessEvents.FileName DeviceProcessEvents.ProcessCommandLine" },
        { "print 1", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_rules *r = st_rules_new();
        st_buf got = { 0 };
        load_text(r, "x.kql", rows[i].query);
        const st_rule_needs *n = &st_rules_at(r, 0)->needs;
        assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_READY);
        for (size_t c = 0; c < n->ncolumns; c++)
            st_buf_fmt(&got, "%s%.*s", c ? " " : "", ST_FMT(n->columns[c]));
        st_buf_char(&got, '\0');
        if (strcmp(got.p, rows[i].columns))
            fail_msg("%s\n  reads %s\n  expected %s", rows[i].query, got.p, rows[i].columns);
        st_buf_free(&got);
        st_rules_free(r);
    }
}

static void needs__sigma__are_the_fields_that_are_named(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    st_buf got = { 0 };
    load_text(r, "x.yml",
              "title: T\nlogsource:\n  category: process_creation\n  product: windows\n"
              "detection:\n  s:\n    Image|endswith: a.exe\n    CommandLine|contains: b\n"
              "  condition: s\n");
    assert_int_equal(st_rules_count(r), 1);
    assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_READY);
    const st_rule_needs *n = &st_rules_at(r, 0)->needs;
    for (size_t c = 0; c < n->ncolumns; c++)
        st_buf_fmt(&got, "%s%.*s", c ? " " : "", ST_FMT(n->columns[c]));
    assert_str(st_buf_slice(&got), "Image CommandLine Channel");
    st_buf_free(&got);
    st_rules_free(r);
}

#define ONE_RULE                                                                       \
    "title: T\nlogsource: {category: process_creation}\ndetection:\n  s: {Image: a}\n" \
    "  condition: s\n"

/* YAML holds JSON, and keys in quotes; directives stand in front of a document's first line. */
static void load__sigma_in_other_spellings__is_told(void **state)
{
    static const struct {
        const char *path, *text;
        bool sigma;
    } rows[] = {
        { "x.yml",
          "{\"title\": \"T\", \"logsource\": {\"category\": \"process_creation\"}, \"detection\" "
          ":\n"
          " {\"s\": {\"Image\": \"a\"}, \"condition\": \"s\"}}",
          true },
        { "x.json",
          "\n--- {'title': T, 'logsource': {category: process_creation}, 'detection':"
          " {s: {Image: a}, condition: s}}",
          true },
        { "x.yml",
          "\"title\": T\n\"logsource\":\n  category: process_creation\n'detection' :\n"
          "  s: {Image: a}\n  condition: s\n",
          true },
        { "x.yml", "{\"query\": \"print 1\", \"a\": \"detection\"}", false },
        { "x.yml", "{'detection", false },
        { "x.yml", "%YAML 1.1\n---\n" ONE_RULE, true },
        { "x.yml", "# of ours\n%TAG ! tag:x.org,2000:\n--- # and theirs\n" ONE_RULE "...\n", true },
        { "x.yml", "---\n" ONE_RULE "---\n", true },
        { "x.yml", ONE_RULE "...\n" ONE_RULE, false }, /* one of them would be lost */
        { "x.yml", ONE_RULE "...\na: [\n", false },
        { "x.yml",
          "{title: T, logsource: {category: process_creation}, 'detection':"
          " {s: {Image: a}, condition: s}}\nand: more\n",
          false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_rules *r = st_rules_new();
        load_text(r, rows[i].path, rows[i].text);
        bool sigma = st_rules_count(r) == 1 && st_rules_at(r, 0)->generic &&
                     st_rules_at(r, 0)->status == ST_RULE_READY;
        if (sigma != rows[i].sigma)
            fail_msg("%s: %s", rows[i].path, rows[i].text);
        st_rules_free(r);
    }
}

static void needs__whole_rows__are_all_columns(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "DeviceProcessEvents | where FileName has 'a'",
        "search in (DeviceProcessEvents) 'a'",
        "DeviceProcessEvents | summarize arg_max(Timestamp, *) by FileName",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        st_rules *r = st_rules_new();
        load_text(r, "x.kql", queries[i]);
        if (st_rules_at(r, 0)->needs.ncolumns < 40)
            fail_msg("%s reads %zu columns", queries[i], st_rules_at(r, 0)->needs.ncolumns);
        st_rules_free(r);
    }
}

static void level__words__both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= ST_LEVEL_CRITICAL; i++) {
        st_level back;
        assert_true(st_level_parse(st_str_of(st_level_word((st_level)i)), &back));
        assert_int_equal(back, i);
    }
    st_level none = ST_LEVEL_LOW;
    assert_false(st_level_parse(ST_STR("dire"), &none));
    assert_int_equal(none, ST_LEVEL_LOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__key_that_only_a_service_knows__is_planned),
        cmocka_unit_test(load__header__fills_the_rule),
        cmocka_unit_test(load__no_header__has_defaults),
        cmocka_unit_test(load__markdown__blocks_become_rules),
        cmocka_unit_test(load__markdown_without_labels__takes_what_looks_like_kql),
        cmocka_unit_test(load__markdown_without_kql__is_told_if_named),
        cmocka_unit_test(load__markdown_kinds_of_blocks__as_said_or_as_they_look),
        cmocka_unit_test(load__yaml__fills_the_rule),
        cmocka_unit_test(load__yaml_errors__are_at_the_file_s_lines),
        cmocka_unit_test(load__yaml_bombs__cost_nothing),
        cmocka_unit_test(load__same_id__second_is_numbered),
        cmocka_unit_test(load__thousands_of_one_name__in_linear_time),
        cmocka_unit_test(load__several_mistakes__all_are_told),
        cmocka_unit_test(load__many_mistakes__twenty_are_told),
        cmocka_unit_test(load__missing_file__is_io),
        cmocka_unit_test(load__folder__sorted_and_without_links),
        cmocka_unit_test(load__folder_of_many__same_on_any_number_of_threads),
        cmocka_unit_test(load__folder_of_queries__same_on_any_number_of_threads),
        cmocka_unit_test(load__uses_of_no_library__told),
        cmocka_unit_test(load__published_rule__has_its_name),
        cmocka_unit_test(needs__columns__are_those_that_are_read),
        cmocka_unit_test(needs__sigma__are_the_fields_that_are_named),
        cmocka_unit_test(load__sigma_in_other_spellings__is_told),
        cmocka_unit_test(needs__whole_rows__are_all_columns),
        cmocka_unit_test(level__words__both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
