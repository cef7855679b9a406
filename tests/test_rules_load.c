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

#define assert_str(s, lit)                                                                          \
    do {                                                                                            \
        st_str got_ = (s);                                                                          \
        if (!st_str_eq(got_, st_str_of(lit)))                                                       \
            fail_msg("got \"%.*s\", expected \"%s\"", ST_FMT(got_), lit);                           \
    } while (0)

static void load_text(st_rules *r, const char *path, const char *text)
{
    st_err err = { 0 };
    assert_int_equal(st_rules_load_text(r, st_str_of(path), st_str_of(text), &err), ST_OK);
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

static void load__same_id__second_is_numbered(void **state)
{
    (void)state;
    st_rules *r = st_rules_new();
    load_text(r, "a/x.kql", "DeviceProcessEvents");
    load_text(r, "b/x.kql", "DeviceProcessEvents");
    load_text(r, "c/x.kql", "DeviceProcessEvents");
    assert_str(st_rules_at(r, 0)->id, "x");
    assert_str(st_rules_at(r, 1)->id, "x#2");
    assert_str(st_rules_at(r, 2)->id, "x#3");
    assert_int_equal(st_rules_diags(r), 2);
    assert_int_equal(st_rules_diag(r, 0)->severity, ST_SEV_WARNING);
    load_text(r, "d/y.kql", "// id: ../../etc/x\nDeviceProcessEvents");
    assert_str(st_rules_at(r, 0)->id, "..-..-etc-x");
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
        { "DeviceProcessEvents\n| project a = Foo\n| where a == 2 and FileName == 'x'", "2:15 3:20" },
        /* a statement that can't be read, and one that can */
        { "let a = 1 +;\nDeviceProcessEvents | where Foo == a", "1:12 2:29" },
        { "let a = (x:lon) { x };\nDeviceProcessEvents | where Foo == a(1)", "1:12 2:29" },
        { "let a = nosuch(1);\nDeviceProcessEvents | where Foo == a", "1:9 2:29" },
        { "let a = DeviceProcessEvents | summarize n = (;\na | where n > 1 | where m == 2", "1:46" },
        { "let a = Device | where b;\na | where c | take 'x'", "1:9 2:20" },
        /* inside a subquery, and outside */
        { "DeviceProcessEvents | join (DeviceProcessEvents | where Foo == ) on DeviceId\n| where Bar == 1",
          "1:64" },
        { "DeviceProcessEvents | where FileName in (nosuch | take) and Foo == 1", "1:42 1:55 1:61" },
        { "declare query_parameters(a:lon);\nDeviceProcessEvents | where Foo == 1", "1:28 2:29" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_rules *r = st_rules_new();
        st_buf b = { 0 };
        load_text(r, "x.kql", rows[i].text);
        for (size_t k = 0; k < st_rules_diags(r); k++)
            if (st_rules_diag(r, k)->severity == ST_SEV_ERROR)
                st_buf_fmt(&b, "%s%u:%u", b.n ? " " : "", st_rules_diag(r, k)->line, st_rules_diag(r, k)->column);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[i].places)))
            fail_msg("%s: got %.*s, expected %s", rows[i].text, ST_FMT(st_buf_slice(&b)), rows[i].places);
        assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_BROKEN);
        st_buf_free(&b);
        st_rules_free(r);
    }
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
        cmocka_unit_test(load__header__fills_the_rule),
        cmocka_unit_test(load__no_header__has_defaults),
        cmocka_unit_test(load__markdown__blocks_become_rules),
        cmocka_unit_test(load__markdown_without_labels__takes_what_looks_like_kql),
        cmocka_unit_test(load__markdown_without_kql__is_told_if_named),
        cmocka_unit_test(load__same_id__second_is_numbered),
        cmocka_unit_test(load__several_mistakes__all_are_told),
        cmocka_unit_test(load__missing_file__is_io),
        cmocka_unit_test(load__folder__sorted_and_without_links),
        cmocka_unit_test(load__published_rule__has_its_name),
        cmocka_unit_test(level__words__both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
