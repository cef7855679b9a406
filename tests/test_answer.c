/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_answer.c - the answer first, what trees fold, and the formats that other tools read. */
#include "case_support.h"
#include "base/limits.h"
#include "shelltree/json.h"

typedef void writer(st_out *o, const st_case *c);

/* What is written, with a NUL behind it. The caller frees. */
static char *written(const world *w, writer *put)
{
    st_out o;
    st_err err = { 0 };
    FILE *f = tmpfile();
    assert_non_null(f);
    st_out_init(&o, fileno(f));
    put(&o, w->c);
    assert_int_equal(st_out_end(&o, &err), ST_OK);
    char *p = calloc((size_t)o.written + 1, 1);
    rewind(f);
    assert_int_equal(fread(p, 1, (size_t)o.written, f), o.written);
    fclose(f);
    return p;
}

static void text(st_out *o, const st_case *c)
{
    st_write_text(o, c, &(st_report_options){ 0 });
}

static void text_for_terminal(st_out *o, const st_case *c)
{
    st_write_text(o, c, &(st_report_options){ .answer_last = true });
}

static void full_text(st_out *o, const st_case *c)
{
    st_write_text(o, c, &(st_report_options){ .full = true });
}

static void markdown(st_out *o, const st_case *c)
{
    st_write_markdown(o, c, &(st_run_info){ .version = "1", .now = T0 });
}

static void expect(const world *w, writer *put, const char *want)
{
    char *got = written(w, put);
    if (!strstr(got, want))
        fail_msg("no %s in:\n%s", want, got);
    free(got);
}

static void expect_no(const world *w, writer *put, const char *not_there)
{
    char *got = written(w, put);
    if (strstr(got, not_there))
        fail_msg("%s in:\n%s", not_there, got);
    free(got);
}

/* Three hosts: one hit by a critical rule, one by a low one, one by none. */
static void three_hosts(world *w)
{
    world_begin(w);
    world_add(w, "quiet", 1, 0, 0, "C:\\a.exe", "a");
    world_add(w, "odd", 2, 0, 1000, "C:\\b.exe", "b");
    size_t r = world_add(w, "bad.corp", 3, 0, 2000, "C:\\w3wp.exe", "w3wp.exe -ap \"Pool|1\" -v");
    w->store->creations.user[r] = world_sid(w, "APP\\web");
    r = world_add(w, "bad.corp", 4, 3, 3000, "C:\\cmd.exe", "cmd");
    w->store->creations.user[r] = world_sid(w, "APP\\web");
    r = world_add(w, "bad.corp", 5, 4, 9000, "C:\\whoami.exe", "whoami");
    w->store->creations.user[r] = world_sid(w, "NT AUTHORITY\\SYSTEM");
    world_grow(w);
    world_servers(w, "w3wp.exe");
    world_match(w, "odd", 2, 1, NULL);
    world_match(w, "bad.corp", 4, 0, NULL);
    world_match(w, "bad.corp", 5, 2, NULL);
    world_hunt(w, NULL);
}

static void answer__three_hosts__each_where_it_stands(void **state)
{
    (void)state;
    world w;
    three_hosts(&w);
    expect(&w, text,
           "COMPROMISED 1 of 3 hosts   first 2026-01-02 03:04:06 (odd)   last 03:04:14 (bad.corp)\n"
           "HOST      LEVEL     ENTRY            ACCOUNTS      FIRST .. LAST         WHAT\n"
           "bad.corp  critical  w3wp.exe Pool|1  web > SYSTEM  03:04:08 .. 03:04:14  recon\n"
           "REVIEW 1: odd (low, 1 x b.exe)\n"
           "NOTHING FOUND 1: quiet (");
    world_end(&w);
}

static void answer__five_hundred_hosts__stays_a_page(void **state)
{
    (void)state;
    enum { HOSTS = 500, BAD = 60, PAGE = 30 };
    world w;
    char name[16];
    world_begin(&w);
    for (unsigned i = 0; i < HOSTS; i++) {
        snprintf(name, sizeof name, "h%03u", i);
        world_add(&w, name, 1, 0, i * 1000, "C:\\a.exe", "a");
    }
    world_grow(&w);
    for (unsigned i = 0; i < BAD; i++) {
        snprintf(name, sizeof name, "h%03u", i);
        world_match(&w, name, 1, i ? 0 : 2, NULL);
    }
    world_hunt(&w, NULL);
    char *got = written(&w, text), *end = strstr(got, "\n\n");
    assert_non_null(end);
    *end = 0;
    unsigned lines = 1;
    for (const char *at = got; (at = strchr(at, '\n')); at++)
        lines++;
    assert_true(strstr(got, "COMPROMISED 60 of 500 hosts"));
    assert_true(strstr(got, "\nh000  critical"));
    assert_true(strstr(got, "\nand 40 more: hosts.csv and report.html (hunt -o DIR) have all\n"));
    assert_true(strstr(got, "\nNOTHING FOUND 440: "));
    if (lines > PAGE || strlen(got) > (size_t)PAGE * 200)
        fail_msg("%u lines, %zu bytes:\n%s", lines, strlen(got), got);
    free(got);
    world_end(&w);
}

static void answer__on_a_terminal__stands_last(void **state)
{
    (void)state;
    world w;
    three_hosts(&w);
    char *file = written(&w, text), *terminal = written(&w, text_for_terminal);
    assert_int_equal(strncmp(file, "COMPROMISED", 11), 0);
    const char *last = strstr(terminal, "COMPROMISED"), *worst = strstr(terminal, "[critical]"),
               *least = strstr(terminal, "[low] odd");
    assert_true(least && worst && last && least < worst && worst < last);
    free(file);
    free(terminal);
    world_end(&w);
}

static void answer__nothing_found__is_said(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "quiet", 1, 0, 0, "C:\\a.exe", "a");
    world_grow(&w);
    world_hunt(&w, NULL);
    expect(&w, text, "NOTHING FOUND on 1 host\n");
    world_end(&w);
}

static void markdown__evidence__cannot_mark_up(void **state)
{
    (void)state;
    world w;
    three_hosts(&w);
    expect(&w, markdown, "w3wp.exe Pool\\|1, as web \\> SYSTEM: recon.");
    expect(&w, markdown,
           "T1033 System Owner/User Discovery; T1505.003 Server Software Component: "
           "Web Shell.");
    world_end(&w);
}

/* n children of a server, all hit, commands alike but for a digit unless `differ`. */
static void siblings(world *w, unsigned n, bool differ)
{
    char command[32];
    world_begin(w);
    world_add(w, "h", 1, 0, 0, "C:\\w3wp.exe", "w3wp.exe");
    for (unsigned i = 0; i < n; i++) {
        snprintf(command, sizeof command, differ ? "do %c" : "do %u", differ ? 'a' + i : i);
        world_add(w, "h", 10 + i, 1, 100 * (i + 1), "C:\\cmd.exe", command);
    }
    world_grow(w);
    world_servers(w, "w3wp.exe");
    for (unsigned i = 0; i < n; i++)
        world_match(w, "h", 10 + i, 0, NULL);
    world_hunt(w, NULL);
}

static void fold__siblings__three_alike_are_one(void **state)
{
    (void)state;
    world w;
    siblings(&w, ST_MIN_FOLD, false);
    expect(&w, text, "cmd.exe(1010)  03:04:05.100  \xc3\x97 3, until 03:04:05.300");
    expect_no(&w, text, "cmd.exe(1011)");
    expect(&w, full_text, "cmd.exe(1011)");
    world_end(&w);
    siblings(&w, ST_MIN_FOLD - 1, false);
    expect(&w, text, "cmd.exe(1011)");
    world_end(&w);
    siblings(&w, ST_MIN_FOLD, true);
    expect(&w, text, "cmd.exe(1011)");
    world_end(&w);
}

/* A chain of n below the server. */
static void chain(world *w, unsigned n)
{
    world_begin(w);
    world_add(w, "h", 1, 0, 0, "C:\\w3wp.exe", "w3wp.exe");
    for (unsigned i = 0; i < n; i++)
        world_add(w, "h", 10 + i, i ? 9 + i : 1, 100 * (i + 1), "C:\\cmd.exe", "cmd");
    world_grow(w);
    world_servers(w, "w3wp.exe");
    world_match(w, "h", 10, 0, NULL);
    world_match(w, "h", 9 + n, 0, NULL);
    world_hunt(w, NULL);
}

static void fold__long_chain__its_middle_is_a_line(void **state)
{
    (void)state;
    unsigned most = 2 * ST_CHAIN_END + ST_MIN_FOLD - 1;
    world w;
    chain(&w, most);
    expect_no(&w, text, "more\n");
    world_end(&w);
    chain(&w, most + 1);
    expect(&w, text, "\xe2\x80\xa6 3 more\n");
    expect(&w, text, "cmd.exe(1013)");
    expect_no(&w, text, "cmd.exe(1014)");
    expect_no(&w, text, "cmd.exe(1016)");
    expect(&w, text, "cmd.exe(1017)");
    expect(&w, full_text, "cmd.exe(1015)");
    world_end(&w);
}

static void navigator__layer__parents_show_their_subs(void **state)
{
    (void)state;
    world w;
    three_hosts(&w);
    expect(&w, st_write_navigator,
           "{\"techniqueID\":\"T1033\",\"score\":2,\"comment\":\"bad.corp ");
    expect(&w, st_write_navigator,
           "{\"techniqueID\":\"T1505\",\"showSubtechniques\":true},"
           "{\"techniqueID\":\"T1505.003\",\"score\":1,");
    world_end(&w);
}

static void ecs__arguments__as_windows_splits_them(void **state)
{
    (void)state;
    static const struct {
        const char *command, *want;
    } rows[] = {
        { "a b  c", "\"args\":[\"a\",\"b\",\"c\"],\"args_count\":3" },
        { "\"C:\\p q\\a.exe\" \"x y\"", "\"args\":[\"C:\\\\p q\\\\a.exe\",\"x y\"]" },
        { "a b\\\\\"c d\"", "\"args\":[\"a\",\"b\\\\c d\"]" },
        { "a \\\"b\\\"", "\"args\":[\"a\",\"\\\"b\\\"\"]" },
        { "a \"b\"\"c\"", "\"args\":[\"a\",\"b\\\"c\"]" },
        { "a C:\\x\\ \"\"", "\"args\":[\"a\",\"C:\\\\x\\\\\",\"\"],\"args_count\":3" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        world_begin(&w);
        world_add(&w, "h", 1, 0, 0, "C:\\a.exe", rows[i].command);
        world_grow(&w);
        world_match(&w, "h", 1, 0, NULL);
        world_hunt(&w, NULL);
        expect(&w, st_write_ecs, rows[i].want);
        world_end(&w);
    }
}

static void ecs__documents__are_nested_json(void **state)
{
    (void)state;
    world w;
    three_hosts(&w);
    char *got = written(&w, st_write_ecs);
    st_json j;
    size_t documents = 0;
    st_json_open_text(&j, ST_JSON_LINES, st_str_of(got));
    for (st_j step; (step = st_json_next(&j)) != ST_J_END;) {
        if (step == ST_J_BAD)
            fail_msg("%s at %llu in %s", j.why, (unsigned long long)j.offset, got);
        documents += step == ST_J_OBJECT_END && !j.depth;
    }
    assert_int_equal(documents, 4); /* two hits, their server, the odd one */
    st_json_close(&j);
    free(got);
    expect(&w, st_write_ecs,
           "{\"@timestamp\":\"2026-01-02T03:04:08.000Z\",\"ecs\":{\"version\":"
           "\"8.17.0\"},\"event\":{\"action\":\"Process creation\",");
    expect(&w, st_write_ecs, "\"user\":{\"domain\":\"NT AUTHORITY\",\"name\":\"SYSTEM\"}");
    expect(&w, st_write_ecs,
           "\"threat\":{\"framework\":\"MITRE ATT&CK\",\"tactic\":{\"name\":["
           "\"discovery\",\"persistence\"]},\"technique\":{\"id\":[\"T1033\","
           "\"T1505\"],\"subtechnique\":{\"id\":[\"T1505.003\"]}}}");
    world_end(&w);
}

static void dot__hostile_label__is_escaped(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "h", 1, 0, 0, "C:\\a.exe", "x \\N \"q\" &copy;\x01");
    world_grow(&w);
    world_match(&w, "h", 1, 0, NULL);
    world_hunt(&w, NULL);
    expect(&w, st_write_dot, "x \\\\N \\\"q\\\" &amp;copy;\xe2\x90\x81\\l");
    world_end(&w);
}

static void old_timelines__bars_and_commas__do_not_part_cells(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "h|1,2", 1, 0, 500, "C:\\a.exe", "x | y, z\n");
    world_grow(&w);
    world_match(&w, "h|1,2", 1, 0, NULL);
    world_hunt(&w, NULL);
    expect(&w, st_write_bodyfile,
           "0|[h 1,2] A rule: a.exe(1001): x   y, z\xe2\x90\x8a|0||0|0|0|0|0|0|"
           "1767323045\n");
    expect(&w, st_write_l2tcsv,
           "01/02/2026,03:04:05,UTC,...B,EVT,WinEVTX,Process created,-,h|1 2,");
    expect(&w, st_write_l2tcsv, "A rule: a.exe(1001): x | y  z\xe2\x90\x8a,2,");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__three_hosts__each_where_it_stands),
        cmocka_unit_test(answer__five_hundred_hosts__stays_a_page),
        cmocka_unit_test(answer__on_a_terminal__stands_last),
        cmocka_unit_test(answer__nothing_found__is_said),
        cmocka_unit_test(markdown__evidence__cannot_mark_up),
        cmocka_unit_test(fold__siblings__three_alike_are_one),
        cmocka_unit_test(fold__long_chain__its_middle_is_a_line),
        cmocka_unit_test(navigator__layer__parents_show_their_subs),
        cmocka_unit_test(ecs__arguments__as_windows_splits_them),
        cmocka_unit_test(ecs__documents__are_nested_json),
        cmocka_unit_test(dot__hostile_label__is_escaped),
        cmocka_unit_test(old_timelines__bars_and_commas__do_not_part_cells),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
