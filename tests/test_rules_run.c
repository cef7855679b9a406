/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_rules_run.c - rules over forests made by hand: who is hit, who isn't, and what is counted.
 */
#include "shelltree/rules.h"
#include "base/limits.h"
#include "events/store.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define T0 (ST_TICKS_UNIX + UINT64_C(1700000000) * ST_TICKS_SECOND)
#define HOUR (UINT64_C(3600) * ST_TICKS_SECOND)

typedef struct row {
    uint32_t id, parent; /* of the GUIDs; 0: zero */
    const char *image, *command, *parent_image, *parent_command;
    unsigned hour;
    uint32_t pid, parent_pid;
} row;

/* IIS starts a shell, the shell a tool, the tool two helpers: published two-level logic. */
static const row web[] = {
    { 1, 90, "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "w3wp.exe -ap \"DefaultAppPool\"",
      "C:\\Windows\\System32\\svchost.exe", "svchost.exe -k iissvcs", 0, 2580, 700 },
    { 2, 1, "C:\\Windows\\System32\\cmd.exe", "cmd.exe /c whoami",
      "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "w3wp.exe -ap \"DefaultAppPool\"", 1, 2404,
      2580 },
    { 3, 2, "C:\\Windows\\System32\\whoami.exe", "whoami", "C:\\Windows\\System32\\cmd.exe",
      "cmd.exe /c whoami", 2, 3001, 2404 },
    { 4, 2, "C:\\Windows\\System32\\conhost.exe", "conhost.exe 0x4",
      "C:\\Windows\\System32\\cmd.exe", "cmd.exe /c whoami", 2, 3002, 2404 },
    { 5, 3, "C:\\Windows\\System32\\net1.exe", "net1 user", "C:\\Windows\\System32\\whoami.exe",
      "whoami", 3, 3003, 3001 },
    /* An administrator's shell: no server above. */
    { 6, 91, "C:\\Windows\\explorer.exe", "explorer.exe", "-", "-", 0, 400, 300 },
    { 7, 6, "C:\\Windows\\System32\\CMD.EXE", "cmd", "C:\\Windows\\explorer.exe", "explorer.exe", 1,
      401, 400 },
    { 8, 7, "C:\\Windows\\System32\\ipconfig.exe", "ipconfig", "C:\\Windows\\System32\\CMD.EXE",
      "cmd", 2, 402, 401 },
    /* A shell whose own record is missing: its parent isn't known. */
    { 9, 92, "C:\\Windows\\System32\\tasklist.exe", "tasklist", "C:\\Windows\\System32\\cmd.exe",
      "cmd.exe", 3, 500, 501 },
};

static st_guid guid_n(uint32_t n)
{
    st_guid g = { { 0 } };
    if (n) {
        g.b[0] = 0xaa;
        g.b[7] = 0x65;
        g.b[12] = (unsigned char)n;
    }
    return g;
}

static st_sid text(st_store *s, const char *t)
{
    return st_pool_put(s->pool, st_str_of(t));
}

static st_store *store_of(const row *rows, size_t n)
{
    st_store *s = st_store_new();
    assert_non_null(s);
    for (size_t k = 0; k < n; k++) {
        size_t i = st_store_add(s);
        assert_int_not_equal(i, SIZE_MAX);
        st_creations *c = &s->creations;
        c->computer[i] = text(s, "WEB01.corp.example");
        c->guid[i] = guid_n(rows[k].id);
        c->parent_guid[i] = guid_n(rows[k].parent);
        c->utc[i] = T0 + rows[k].hour * HOUR;
        c->created[i] = c->utc[i];
        c->pid[i] = rows[k].pid;
        c->parent_pid[i] = rows[k].parent_pid;
        c->image[i] = text(s, rows[k].image);
        c->command_line[i] = text(s, rows[k].command);
        c->parent_image[i] = text(s, rows[k].parent_image);
        c->parent_command_line[i] = text(s, rows[k].parent_command);
        c->user[i] = text(s, "IIS APPPOOL\\DefaultAppPool");
        c->hashes[i] = text(s, "MD5=AABB,SHA256=CCDD");
        c->event_record_id[i] = rows[k].id;
        c->offset[i] = rows[k].id;
        st_seen seen = { .computer = c->computer[i],
                         .event_id = 1,
                         .event_record_id = rows[k].id,
                         .created = c->created[i] };
        assert_true(st_grow(&s->seen, &s->seen_cap, s->nseen + 1, sizeof *s->seen));
        s->seen[s->nseen++] = seen;
    }
    return s;
}

/* What the processes of `web` did, and one that isn't known: numbers of GUIDs, 0: of no field. */
static const struct {
    uint32_t id, actor, target;
    const char *address;
} deeds[] = {
    { 3, 1, 0, "10.0.0.1" }, { 3, 3, 0, "10.0.0.2" },  { 3, 5, 0, "10.0.0.3" },
    { 3, 2, 0, "10.0.0.4" }, { 3, 2, 0, "10.0.0.5" },  { 3, 9, 0, "10.0.0.6" },
    { 3, 8, 0, "10.0.0.7" }, { 3, 99, 0, "10.0.0.9" }, { 8, 3, 5, NULL },
    { 8, 5, 3, NULL },       { 8, 99, 8, NULL },       { 8, 7, 99, NULL },
};

static const char *guid_text(uint32_t n, char out[40])
{
    snprintf(out, 40, "{000000AA-0000-6500-0000-0000%02X000000}", (unsigned)n);
    return out;
}

static st_value value(const char *t)
{
    return (st_value){ .p = (const unsigned char *)t, .n = (uint32_t)strlen(t), .type = ST_V_TEXT };
}

static st_field field(const char *name, const char *t)
{
    return (st_field){ st_str_of(name), st_field_id(st_str_of(name)), value(t) };
}

static void add_deeds(st_store *s)
{
    st_scratch scratch = { 0 };
    s->wanted = st_event_set_all();
    for (uint16_t i = 0; i < ST_LOG_KINDS; i++) { /* no record whole */
        size_t kind = st_event_kind_of((st_event_key){ ST_LOGS, i });
        s->wanted.bits[kind / 64] &= ~(UINT64_C(1) << kind % 64);
    }
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        char actor[40], target[40];
        bool thread = deeds[i].id == 8;
        guid_text(deeds[i].actor, actor);
        guid_text(deeds[i].target, target);
        st_field fields[] = {
            field("UtcTime", "2023-11-14 23:00:00.000"),
            field(thread ? "SourceProcessGuid" : "ProcessGuid", actor),
            thread ? field("TargetProcessGuid", target) : field("DestinationIp", deeds[i].address),
        };
        st_record r = { .offset = 4096 + i,
                        .provider = value("Microsoft-Windows-Sysmon"),
                        .computer = value("WEB01.corp.example"),
                        .event_id = deeds[i].id,
                        .event_record_id = 1000 + i,
                        .time_created = T0 + HOUR,
                        .fields = fields,
                        .nfields = sizeof fields / sizeof *fields };
        assert_true(st_event_decode(s, &r, 0, &scratch));
    }
    st_scratch_free(&scratch);
}

typedef struct world {
    st_store *store;
    st_forest *forest;
    st_rules *rules;
    st_matches *matches;
    st_err err;
} world;

static void build(world *w, const row *rows, size_t n)
{
    memset(w, 0, sizeof *w);
    w->store = store_of(rows, n);
    assert_int_equal(st_tree_build(NULL, w->store, NULL, &w->forest, &w->err), ST_OK);
    w->rules = st_rules_new();
    assert_non_null(w->rules);
}
#define BUILD(w, rows) build(w, rows, sizeof(rows) / sizeof(rows)[0])

static void rule(world *w, const char *path, const char *kql)
{
    assert_int_equal(st_rules_load_text(w->rules, st_str_of(path), st_str_of(kql), &w->err), ST_OK);
}

static void run(world *w, bool ago_off, bool trust)
{
    st_run_options o = { .now = T0 + 3 * HOUR,
                         .ago_off = ago_off,
                         .trust = trust ? ST_TRUST_ALL : ST_TRUST_AUDITED };
    st_matches_free(w->matches);
    assert_int_equal(st_rules_run(w->rules, w->forest, &o, &w->matches, &w->err), ST_OK);
}

static void done(world *w)
{
    st_matches_free(w->matches);
    st_rules_free(w->rules);
    st_tree_free(w->forest);
    st_store_free(w->store);
}

/* The ids of the nodes that rule number r hit, as "3 5". */
static const char *hit(const world *w, uint32_t r, char out[128])
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < w->matches->n; i++)
        if (w->matches->items[i].rule == r && n < 100)
            n += (size_t)snprintf(out + n, 128 - n, "%s%u", n ? " " : "",
                                  w->forest->procs[w->matches->items[i].node].guid.b[12]);
    return out;
}

#define PUBLISHED                                                                               \
    "let webservers = dynamic([\"beasvc.exe\", \"coldfusion.exe\", \"httpd.exe\", "             \
    "\"owstimer.exe\", "                                                                        \
    "\"visualsvnserver.exe\", \"w3wp.exe\", \"tomcat\", \"apache2\", \"nginx\"]);\n"            \
    "let linuxShells = dynamic([\"/bin/bash\", \"/bin/sh\", \"python\", \"python3\"]);\n"       \
    "let windowsShells = dynamic([\"powershell.exe\", \"powershell_ise.exe\", \"cmd.exe\", "    \
    "\"net.exe\"]);\n"                                                                          \
    "let exclusions = dynamic([\"csc.exe\", \"php-cgi.exe\", \"vbc.exe\", \"conhost.exe\", "    \
    "\"print.exe\"]);\n"                                                                        \
    "DeviceProcessEvents\n"                                                                     \
    "| where (InitiatingProcessParentFileName in~(webservers) or InitiatingProcessCommandLine " \
    "in~(webservers))\n"                                                                        \
    "| where (InitiatingProcessFileName in~(windowsShells) or InitiatingProcessCommandLine "    \
    "has_any(linuxShells))\n"                                                                   \
    "| where FileName !in~ (exclusions)\n"                                                      \
    "| extend Reason = iff(InitiatingProcessParentFileName in~ (webservers), \"Suspicious web " \
    "shell execution\", \"Suspicious webserver process\")\n"

static void run__published_rule__hits_the_shells_children_but_exclusions(void **state)
{
    world w;
    char ids[128];
    (void)state;
    BUILD(&w, web);
    rule(&w, "potential-web-shell.kql", PUBLISHED);
    assert_int_equal(st_rules_at(w.rules, 0)->status, ST_RULE_READY);
    run(&w, false, false);
    assert_string_equal(hit(&w, 0, ids), "3");
    assert_int_equal(w.matches->results[0].matches, 1);
    st_str reason = st_pool_get(w.forest->pool, w.matches->items[0].reason);
    assert_true(st_str_eq(reason, ST_STR("Suspicious web shell execution")));
    done(&w);
}

/* Each rule, with the ids of the processes that it must hit. */
static void run__rules__hit_what_they_say(void **state)
{
    static const struct {
        const char *kql, *ids;
    } cases[] = {
        { "DeviceProcessEvents | where FileName =~ 'cmd.exe'", "2 7" },
        { "DeviceProcessEvents | where FileName == 'cmd.exe'", "2" },
        { "DeviceProcessEvents | where WebServerFileName =~ 'w3wp.exe'", "2 3 4 5" },
        { "DeviceProcessEvents | where WebServerDistance > 1", "3 4 5" },
        { "DeviceProcessEvents | where WebServerDistance == 1 | project FileName", "2" },
        { "DeviceProcessEvents | where isnull(WebServerProcessId)", "1 6 7 8 9" },
        { "DeviceProcessEvents | where WebServerProcessId == 2580 | top 1 by ProcessId desc", "5" },
        { "DeviceProcessEvents | where AncestorFileNames has 'w3wp.exe'", "2 3 4 5" },
        { "DeviceProcessEvents | where AncestorFileNames[1] == 'cmd.exe'", "5" },
        { "DeviceProcessEvents | where array_length(AncestorFileNames) >= 4", "5" },
        { "DeviceProcessEvents | where RootFileName == 'explorer.exe' and FileName != "
          "'explorer.exe'",
          "" },
        { "DeviceProcessEvents | where InitiatingProcessFileName == 'cmd.exe' and "
          "InitiatingProcessParentFileName == ''",
          "9" },
        { "DeviceProcessEvents | where AccountDomain == 'IIS APPPOOL' and AccountName startswith "
          "'default' "
          "and SHA256 == 'ccdd' | where ProcessId == 3003",
          "5" },
        { "let n = DeviceProcessEvents | where FileName == 'net1.exe' | project ProcessGuid;\n"
          "DeviceProcessEvents | where ProcessGuid in (n)",
          "5" },
        { "DeviceProcessEvents | summarize count() by FileName", "" },
        { "DeviceProcessEvents | summarize arg_max(ProcessId, *) by DeviceName", "5" },
        { "DeviceProcessEvents | extend W = pack_array('a', 'b'), One = 1 | mv-expand W to "
          "typeof(string) | join kind=inner (DeviceProcessEvents | project ProcessId, Two = 2) on "
          "ProcessId | summarize arg_max(ProcessId, *) by DeviceName, Two | where One == 1 and W "
          "in "
          "('a', 'b') | extend Reason = strcat(W, FileName, rand())",
          "5" },
        { "DeviceProcessEvents | summarize arg_min(ProcessId, FileName) by DeviceName", "" },
        { "DeviceProcessEvents | mv-expand a = AncestorFileNames to typeof(string) | where a == "
          "'whoami.exe'",
          "5" },
        { "DeviceProcessEvents | join kind=inner (DeviceProcessEvents | project Up = ProcessGuid, "
          "UpName = FileName) on $left.InitiatingProcessGuid == $right.Up | where UpName == "
          "'whoami.exe'",
          "5" },
        /* of more columns on the left, none is left */
        { "DeviceProcessEvents | join kind=rightsemi (DeviceProcessEvents | where FileName =~ "
          "'cmd.exe' | project ProcessId) on ProcessId",
          "2 7" },
        { "DeviceProcessEvents | where FileName =~ 'cmd.exe' | join kind=rightanti "
          "(DeviceProcessEvents | where ProcessId in (401, 402) | project ProcessId) on ProcessId",
          "8" },
        { "union DeviceProcessEvents, DeviceProcessEvents | where ProcessId == 402", "8" },
        { "Processes | where not(Observed)", "" },
        { "DeviceProcessEvents | extend AdditionalFields.RuleName", "1 6 2 7 3 4 8 5 9" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world w;
        char ids[128];
        BUILD(&w, web);
        rule(&w, "a.kql", cases[i].kql);
        rule(&w, "web-servers.kql", "Processes | where FileName in~ ('w3wp.exe')");
        if (st_rules_at(w.rules, 0)->status != ST_RULE_READY)
            fail_msg("%s: %.*s", cases[i].kql, ST_FMT(st_rules_diag(w.rules, 0)->text));
        run(&w, false, false);
        if (strcmp(hit(&w, 0, ids), cases[i].ids))
            fail_msg("%s: hit %s, not %s", cases[i].kql, ids, cases[i].ids);
        done(&w);
    }
}

/* A function's argument that stands in it twice, sixty calls deep, in what narrows a rule. */
static void run__argument_used_twice_at_each_depth__ends(void **state)
{
    static const struct {
        const char *f, *table, *inner, *ids;
    } cases[] = {
        { "x and x", "DeviceProcessEvents", "FileName =~ 'cmd.exe'", "2 7" },
        { "x or x", "DeviceProcessEvents", "FileName =~ 'cmd.exe'", "2 7" },
        { "x and x", "DeviceProcessEvents", "ProcessId < 402", "6 7" },
        { "x or x", "DeviceProcessEvents", "ProcessId < 402", "6 7" },
        { "x or (x and ProcessId > 400)", "DeviceProcessEvents", "FileName =~ 'cmd.exe'", "2 7" },
        { "x or (ProcessId > 400 and x)", "DeviceProcessEvents", "ProcessId < 402", "6 7" },
        { "(x or ProcessId < 0) and (x or ProcessId < 1)", "DeviceProcessEvents",
          "FileName =~ 'cmd.exe'", "2 7" },
        { "(x or ActionType == 'a') and (x or ActionType == 'b')", "DeviceEvents",
          "ActionType == 'c'", "" },
        { "(x or EventID == 70000) and (x or EventID == 70001)", "SecurityEvent", "EventID == -1",
          "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world w;
        char ids[128];
        st_buf b = { 0 };
        BUILD(&w, web);
        st_buf_fmt(&b, "let f = (x:bool){%s}; %s | where ", cases[i].f, cases[i].table);
        for (size_t k = 0; k < 60; k++)
            st_buf_str(&b, ST_STR("f("));
        st_buf_fmt(&b, "%s", cases[i].inner);
        for (size_t k = 0; k < 60; k++)
            st_buf_char(&b, ')');
        st_buf_char(&b, 0);
        assert_false(b.failed);
        rule(&w, "a.kql", b.p);
        run(&w, false, false);
        if (strcmp(hit(&w, 0, ids), cases[i].ids))
            fail_msg("%s: hit %s, not %s", cases[i].f, ids, cases[i].ids);
        st_buf_free(&b);
        done(&w);
    }
}

static st_code as_text(void *ctx, size_t rule, const st_table *t)
{
    st_buf *b = ctx;
    st_buf_fmt(b, "[%zu", rule);
    for (size_t i = 0; i < t->ncolumns; i++)
        st_buf_fmt(b, " %.*s", ST_FMT(t->columns[i].name));
    for (size_t i = 0; i < t->nrows * t->ncolumns; i++)
        st_buf_fmt(b, "%s%.*s", i % t->ncolumns ? "," : ";", ST_FMT(t->cells[i].text));
    st_buf_char(b, ']');
    return ST_OK;
}

/* Rows that are no observed process's are no matches: they make a table. */
static void run__rows_without_a_process__make_a_table(void **state)
{
    static const struct {
        const char *text, *table;
        size_t matches, rows, window;
    } cases[] = {
        { "DeviceProcessEvents | where ProcessId < 0", "", 0, 0, 0 },
        { "DeviceProcessEvents | project DeviceName", "", 9, 0, 0 },
        { "DeviceProcessEvents | summarize n = count()", "[0 n;9]", 0, 1, 0 },
        { "DeviceProcessEvents | summarize arg_max(Timestamp, *) by DeviceName", "", 1, 0, 0 },
        { "print a = 1, b = 'x'", "[0 a b;1,x]", 0, 1, 0 },
        /* of a mixture each row goes its way */
        { "union (DeviceProcessEvents | take 2 | project a = 'p'), (print a = 'q')", "[0 a;q]", 2,
          1, 0 },
        /* a process that is known from a child only */
        { "Processes | where not(Observed) | count | project n = Count > 0", "[0 n;True]", 0, 1,
          0 },
        /* what the lifted window brought in, row by row */
        { "DeviceProcessEvents | where Timestamp > ago(90m) | distinct ProcessId = bin(ProcessId, "
          "1000000)",
          "[0 ProcessId;0]", 0, 1, 0 },
        { "DeviceProcessEvents | where Timestamp > ago(90m) | summarize n = count() | project n",
          "[0 n;9]", 0, 1, 1 },
        { "DeviceProcessEvents | where Timestamp > ago(90m) | summarize by h = "
          "hourofday(Timestamp)",
          NULL, 0, 4, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world w;
        st_buf b = { 0 };
        st_run_options o = { .now = T0 + 3 * HOUR, .ago_off = true };
        BUILD(&w, web);
        rule(&w, "a.kql", cases[i].text);
        run(&w, true, false);
        const st_rule_result *r = &w.matches->results[0];
        if (r->matches != cases[i].matches || r->rows != cases[i].rows ||
            r->window_rows != cases[i].window)
            fail_msg("%s: %d matches, %d rows, %d by the window", cases[i].text, (int)r->matches,
                     (int)r->rows, (int)r->window_rows);
        assert_int_equal(st_rules_tables(w.rules, w.forest, &o, w.matches, as_text, &b, &w.err),
                         ST_OK);
        if (cases[i].table && !st_str_eq(st_buf_slice(&b), st_str_of(cases[i].table)))
            fail_msg("%s: table %.*s", cases[i].text, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
        done(&w);
    }
}

static void run__ago__lifted_and_counted(void **state)
{
    static const char *const texts[] = {
        "DeviceProcessEvents | where Timestamp > ago(90m)",
        "DeviceProcessEvents | where Timestamp >= ago(90m)",
        "DeviceProcessEvents | where ago(90m) <= Timestamp",
        "DeviceProcessEvents | where Timestamp between (ago(90m) .. now())",
        "let from = ago(90m); DeviceProcessEvents | where Timestamp > from",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        world w;
        BUILD(&w, web);
        rule(&w, "a.kql", texts[i]);
        run(&w, false, false);
        assert_int_equal(w.matches->results[0].matches, 5); /* hours 2 and 3 */
        assert_int_equal(w.matches->results[0].window_only, 0);
        run(&w, true, false);
        assert_int_equal(w.matches->results[0].matches, 9);
        assert_int_equal(w.matches->results[0].window_only, 4);
        done(&w);
    }
}

static void run__upper_bound__stays(void **state)
{
    world w;
    (void)state;
    BUILD(&w, web);
    rule(&w, "a.kql", "DeviceProcessEvents | where Timestamp < ago(90m)");
    run(&w, true, false);
    assert_int_equal(w.matches->results[0].matches, 4);
    assert_int_equal(w.matches->results[0].window_only, 0);
    done(&w);
}

static void run__inferred_edge__counted_and_crossed_only_if_trusted(void **state)
{
    static const row rows[] = {
        { 1, 90, "C:\\w3wp.exe", "w3wp", "C:\\svchost.exe", "svchost", 0, 10, 9 },
        { 2, 1, "C:\\cmd.exe", "cmd", "C:\\w3wp.exe", "w3wp", 1, 11, 10 },
        { 3, 0, "C:\\whoami.exe", "whoami", "C:\\cmd.exe", "cmd", 2, 12, 11 },
    };
    world w;
    char ids[128];
    (void)state;
    BUILD(&w, rows);
    assert_int_equal(w.forest->stats.inferred, 1);
    rule(&w, "a.kql", PUBLISHED);
    rule(&w, "b.kql", "DeviceProcessEvents | where WebServerDistance == 2");
    rule(&w, "web-servers.kql", "Processes | where FileName == 'w3wp.exe'");
    run(&w, false, false);
    assert_string_equal(hit(&w, 0, ids), "");
    assert_int_equal(w.matches->results[0].inferred_only, 1);
    assert_int_equal(w.matches->results[1].inferred_only, 1);
    run(&w, false, true);
    assert_string_equal(hit(&w, 0, ids), "3");
    assert_string_equal(hit(&w, 1, ids), "3");
    assert_int_equal(w.matches->results[0].inferred_only, 0);
    done(&w);
    BUILD(&w, rows);
    rule(&w, "a.kql",
         "descendants(toscalar(DeviceProcessEvents | where FileName == 'w3wp.exe' | project "
         "ProcessGuid))");
    run(&w, false, false);
    assert_string_equal(hit(&w, 0, ids), "2");
    run(&w, false, true);
    assert_string_equal(hit(&w, 0, ids), "2 3");
    done(&w);
}

/* Nothing below a web server hangs on the edge: a rule is run again only if it has to do with it.
 */
static void run__inferred_edge__found_by_whatever_asks_about_it(void **state)
{
    static const row rows[] = {
        { 1, 90, "C:\\first.exe", "first", "C:\\svchost.exe", "svchost", 0, 10, 9 },
        { 2, 1, "C:\\cmd.exe", "cmd", "C:\\first.exe", "first", 1, 11, 10 },
        { 3, 0, "C:\\whoami.exe", "whoami", "C:\\cmd.exe", "cmd", 2, 12, 11 },
        { 4, 90, "C:\\other.exe", "other", "C:\\svchost.exe", "svchost", 3, 13, 9 },
    };
    static const struct {
        const char *kql, *hits;
        unsigned inferred_only;
    } cases[] = {
        { "DeviceProcessEvents | where FileName == 'other.exe'", "4", 0 },
        { "DeviceProcessEvents | where FileName == 'whoami.exe'", "3", 0 },
        { "DeviceProcessEvents | where InitiatingProcessParentFileName == 'first.exe'", "", 1 },
        { "DeviceProcessEvents | where FileName != 'x' "
          "| where InitiatingProcessParentFileName has 'first'",
          "", 1 },
        { "DeviceProcessEvents | extend P = InitiatingProcessParentFileName | where P has 'first'",
          "", 1 },
        { "DeviceProcessEvents | where array_length(AncestorFileNames) > 2", "", 1 },
        { "DeviceProcessEvents | join kind=inner (DeviceProcessEvents | summarize N = "
          "countif(InitiatingProcessParentFileName == 'first.exe') by DeviceName | where N == 1) "
          "on DeviceName",
          "", 4 },
        { "let n = toscalar(DeviceProcessEvents "
          "| where InitiatingProcessParentFileName == 'first.exe' | count); "
          "DeviceProcessEvents | where FileName == 'other.exe' and n == 1",
          "", 1 },
        { "descendants(toscalar(DeviceProcessEvents | where FileName == 'first.exe' "
          "| project ProcessGuid))",
          "2", 1 },
        { "// uses: lib.kql\nBelow | where FileName != 'x'", "", 1 },
        { "// uses: lib.kql\nDeviceProcessEvents | where FileName == 'other.exe' and Count == 1",
          "", 1 },
        { "// uses: lib.kql\nOther", "4", 0 },
    };
    world w;
    char ids[128], name[16];
    (void)state;
    BUILD(&w, rows);
    rule(&w, "lib.kql",
         "// library: yes\n"
         "let Below = DeviceProcessEvents | where InitiatingProcessParentFileName == 'first.exe';\n"
         "let Other = DeviceProcessEvents | where FileName == 'other.exe';\n"
         "let Count = toscalar(Below | count);");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(name, sizeof name, "%c.kql", (char)('a' + i));
        rule(&w, name, cases[i].kql);
    }
    run(&w, false, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (w.matches->results[i].inferred_only != cases[i].inferred_only)
            fail_msg("%s: %u", cases[i].kql, (unsigned)w.matches->results[i].inferred_only);
        if (strcmp(hit(&w, (uint32_t)i, ids), cases[i].hits) != 0)
            fail_msg("%s: hits %s", cases[i].kql, ids);
    }
    done(&w);
}

static uint64_t matches_of(world *w, st_trust trust)
{
    st_run_options o = { .now = T0 + 3 * HOUR, .trust = trust };
    st_matches_free(w->matches);
    assert_int_equal(st_rules_run(w->rules, w->forest, &o, &w->matches, &w->err), ST_OK);
    return w->matches->results[0].matches;
}

/* What chance lets through depends on the rows that were asked about before; each k is another
 * sequence. Nobody is a match without the edge. */
static void run__inferred_edge__counted_whatever_chance_says(void **state)
{
    static const row rows[] = {
        { 1, 90, "C:\\first.exe", "first", "C:\\svchost.exe", "svchost", 0, 10, 9 },
        { 2, 1, "C:\\cmd.exe", "cmd", "C:\\first.exe", "first", 1, 11, 10 },
        { 3, 0, "C:\\whoami.exe", "whoami", "C:\\cmd.exe", "cmd", 2, 12, 11 },
        { 4, 90, "C:\\other.exe", "other", "C:\\svchost.exe", "svchost", 3, 13, 9 },
    };
    static const char *const forms[] = {
        "DeviceProcessEvents | where rand() < 0.5 and InitiatingProcessParentFileName == "
        "'first.exe' and 'k%u' != ''",
        "DeviceProcessEvents | where 'k%u' != '' | where rand() < 0.5 | where "
        "InitiatingProcessParentFileName == 'first.exe'",
        "DeviceProcessEvents | where InitiatingProcessParentFileName has 'first' and rand() < 0.5 "
        "and 'k%u' != ''",
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (unsigned k = 0; k < 12; k++) {
            st_buf text = { 0 };
            world w;
            BUILD(&w, rows);
            const char *at = strstr(forms[i], "%u");
            st_buf_str(&text, (st_str){ forms[i], (size_t)(at - forms[i]) });
            st_buf_fmt(&text, "%u%s", k, at + 2);
            st_buf_char(&text, 0);
            rule(&w, "a.kql", text.p);
            uint64_t over_all = matches_of(&w, ST_TRUST_ALL);
            assert_int_equal(matches_of(&w, ST_TRUST_AUDITED), 0);
            if (w.matches->results[0].inferred_only != over_all)
                fail_msg("%s: %u, not %u", text.p, (unsigned)w.matches->results[0].inferred_only,
                         (unsigned)over_all);
            st_buf_free(&text);
            done(&w);
        }
}

/* A rule that takes a library's rows has them asked about other edges; what a rule takes of the
 * same library over those must still be all of its rows, of any kind. */
static void run__library_asked_about_edges__gives_all_its_rows(void **state)
{
    static const row rows[] = {
        { 1, 90, "C:\\first.exe", "first", "C:\\svchost.exe", "svchost", 0, 10, 9 },
        { 2, 1, "C:\\cmd.exe", "cmd", "C:\\first.exe", "first", 1, 11, 10 },
        { 3, 0, "C:\\whoami.exe", "whoami", "C:\\cmd.exe", "cmd", 2, 12, 11 },
        { 4, 90, "C:\\other.exe", "other", "C:\\svchost.exe", "svchost", 3, 13, 9 },
    };
    static const char *const others[] = {
        "let B = DeviceProcessEvents | where FileName == 'other.exe' | project DeviceName;",
        ("let B = union (DeviceProcessEvents | where FileName == 'other.exe' | project "
         "DeviceName), "
         "(DeviceNetworkEvents | where RemoteIP == '10.0.0.1' | project DeviceName);"),
        "let B = DeviceNetworkEvents | where RemoteIP == '10.0.0.1' | project DeviceName;",
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (unsigned alone = 0; alone < 2; alone++) {
            char library[512];
            world w = { .store = store_of(rows, sizeof rows / sizeof *rows),
                        .rules = st_rules_new() };
            assert_non_null(w.rules);
            add_deeds(w.store);
            assert_int_equal(st_tree_build(NULL, w.store, NULL, &w.forest, &w.err), ST_OK);
            snprintf(library, sizeof library,
                     "// library: yes\n"
                     "let A = DeviceProcessEvents | where FileName == 'first.exe';\n%s",
                     others[i]);
            rule(&w, "lib.kql", library);
            if (!alone)
                rule(&w, "a.kql", "// uses: lib.kql\nA");
            rule(&w, "b.kql",
                 "// uses: lib.kql\nDeviceProcessEvents | where InitiatingProcessParentFileName == "
                 "'first.exe' and DeviceName in (B)");
            run(&w, false, false);
            if (w.matches->results[!alone].inferred_only != 1)
                fail_msg("%s: %u", others[i], (unsigned)w.matches->results[!alone].inferred_only);
            done(&w);
        }
}

#define GUID_OF(command)                                                   \
    "toscalar(DeviceProcessEvents | where ProcessCommandLine == '" command \
    "' | project ProcessGuid)"

static void run__lineage__tables_of_the_tree(void **state)
{
    static const struct {
        const char *kql, *hits;
    } cases[] = {
        { "ancestors(" GUID_OF("net1 user") ")", "1 2 3" },
        { "ancestors(" GUID_OF("net1 user") ") | where Distance == 2", "2" },
        { "descendants(" GUID_OF("cmd.exe /c whoami") ")", "3 4 5" },
        { "descendants(" GUID_OF("explorer.exe") ") | where Distance > 1", "8" },
        { "ancestors(" GUID_OF("net1 user") ", 'web01.CORP.example') | where Distance < 3", "2 3" },
        { "ancestors(" GUID_OF("net1 user") ", 'other')", "" },
        { "descendants(" GUID_OF("net1 user") ")", "" },
        { "DeviceProcessEvents | where ProcessGuid !in (descendants(" GUID_OF(
              "cmd.exe /c whoami") ")) and ProcessId < 401",
          "6" },
        { "let g = " GUID_OF(
              "ipconfig") "; DeviceProcessEvents | join kind=inner (ancestors(g)) on ProcessGuid",
          "6 7" },
        { "let ancestors = (x:string) { DeviceProcessEvents | where ProcessId == 500 }; "
          "ancestors('x')",
          "9" },
    };
    char ids[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world w;
        BUILD(&w, web);
        rule(&w, "a.kql", cases[i].kql);
        run(&w, false, false);
        if (strcmp(hit(&w, 0, ids), cases[i].hits) != 0)
            fail_msg("%s\n  hits %s\n  not  %s", cases[i].kql, ids, cases[i].hits);
        done(&w);
    }
}

static void run__graph_pattern__about_one_of_its_nodes(void **state)
{
#define TREE_ONLY \
    "| make-graph InitiatingProcessGuid --> ProcessGuid with Processes on ProcessGuid "
#define TREE "Processes " TREE_ONLY
    static const struct {
        const char *kql, *hits;
    } cases[] = {
        { TREE "| graph-match (s)-[c*1..6]->(p) where s.FileName == 'w3wp.exe' and p.FileName has "
               "'net1' project s.FileName",
          "5" },
        { "// process: s\n" TREE
          "| graph-match (s)-[c*1..6]->(p) where s.FileName == 'w3wp.exe' project p.FileName",
          "1" },
        { TREE
          "| graph-match (p)<--(q), (q)<--(r) where p.FileName =~ 'whoami.exe' project r.FileName",
          "2" },
        { TREE "| graph-shortest-paths (s)-[c*1..6]->(p) where s.FileName == 'w3wp.exe' project "
               "p.FileName",
          "2 3 4 5" },
        { TREE "| graph-to-table nodes | where FileName =~ 'cmd.exe'", "2 7" },
        { TREE "| graph-to-table edges | where FileName =~ 'cmd.exe'", "" },
        { "Processes | where isnotempty(InitiatingProcessGuid) " TREE_ONLY
          "| graph-mark-components | graph-match (n) where n.ComponentId == 0 project n.FileName",
          "1 2 3 4 5" },
        { TREE "| graph-match (s)-->(p) where s.FileName == 'w3wp.exe' project p.FileName; "
               "DeviceProcessEvents | where "
               "ProcessId == 500",
          "2 9" },
    };
    world w;
    char ids[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUILD(&w, web);
        rule(&w, "a.kql", cases[i].kql);
        run(&w, false, false);
        if (strcmp(hit(&w, 0, ids), cases[i].hits) != 0)
            fail_msg("%s\n  hits %s\n  not  %s", cases[i].kql, ids, cases[i].hits);
        done(&w);
    }
    BUILD(&w, web);
    rule(&w, "a.kql", "// process: z\n" TREE "| graph-match (s)-->(p) project s.FileName");
    assert_int_equal(st_rules_at(w.rules, 0)->status, ST_RULE_BROKEN);
    done(&w);
}

static void load__web_servers_reading_its_own_columns__refused(void **state)
{
    world w;
    (void)state;
    BUILD(&w, web);
    rule(&w, "web-servers.kql", "Processes | where WebServerFileName == 'x'");
    assert_int_equal(st_rules_at(w.rules, 0)->status, ST_RULE_BROKEN);
    assert_true(st_rules_diags(w.rules) > 0);
    done(&w);
}

static void load__service_table__not_applicable(void **state)
{
    world w;
    (void)state;
    BUILD(&w, web);
    rule(&w, "a.kql", "EmailEvents | where Subject has 'x'");
    assert_int_equal(st_rules_at(w.rules, 0)->status, ST_RULE_NOT_APPLICABLE);
    assert_true(st_rules_at(w.rules, 0)->why.n > 0);
    done(&w);
}

static void load__filter_on_a_column_never_filled__warned(void **state)
{
    world w;
    (void)state;
    BUILD(&w, web);
    rule(&w, "a.kql", "DeviceProcessEvents | where InitiatingProcessSignerType == 'x'");
    assert_int_equal(st_rules_at(w.rules, 0)->status, ST_RULE_READY);
    assert_int_equal(st_rules_diags(w.rules), 1);
    assert_int_equal(st_rules_diag(w.rules, 0)->severity, ST_SEV_WARNING);
    done(&w);
}

static void query__over_a_forest__text_cells(void **state)
{
    world w;
    st_table *t = NULL;
    st_run_options o = { .now = T0 };
    (void)state;
    BUILD(&w, web);
    assert_int_equal(
        st_query_run(
            w.rules, ST_STR("query"),
            ST_STR(
                "DeviceProcessEvents | summarize n = count() by "
                "InitiatingProcessFileName | order by n, InitiatingProcessFileName asc | take 2"),
            w.forest, &o, &t, &w.err),
        ST_OK);
    assert_int_equal(t->ncolumns, 2);
    assert_int_equal(t->nrows, 2);
    assert_true(st_str_eq(t->cells[0].text, ST_STR("cmd.exe")));
    assert_true(st_str_eq(t->cells[1].text, ST_STR("3")));
    st_table_free(t);
    done(&w);
}

/* A rule is asked only about the rows in which a text stands that it needs. What it finds must be
 * what the same text finds as a query, which is asked about every row. */
/* Of every form that is narrowed, kept apart or run whole. */
static const char *const texts[] = {
    "DeviceProcessEvents | where FileName =~ 'WHOAMI.exe'",
    "DeviceProcessEvents | where FileName == 'WHOAMI.exe'",
    "DeviceProcessEvents | where FileName in~ ('whoami.exe', 'NET1.EXE')",
    "DeviceProcessEvents | where FileName has_any ('who', 'net1')",
    "DeviceProcessEvents | where ProcessCommandLine has_all ('net1', 'user')",
    "DeviceProcessEvents | where ProcessCommandLine contains 'm'",
    "DeviceProcessEvents | where ProcessCommandLine contains ''",
    "DeviceProcessEvents | where not(FileName =~ 'whoami.exe')",
    "DeviceProcessEvents | where FileName !~ 'whoami.exe'",
    "DeviceProcessEvents | where FileName =~ 'cmd.exe' or ProcessCommandLine has 'user'",
    "DeviceProcessEvents | where FileName =~ 'cmd.exe' or ProcessId > 3000",
    "DeviceProcessEvents | where FileName =~ 'cmd.exe' and ProcessCommandLine has 'whoami'",
    "DeviceProcessEvents | where FileName endswith '.exe' | where FolderPath startswith 'c:'",
    "DeviceProcessEvents | where FileName matches regex 'wh.*i'",
    "DeviceProcessEvents | where InitiatingProcessFileName =~ 'w3wp.exe' and "
    "FileName =~ 'cmd.exe'",
    "DeviceProcessEvents | where FileName =~ 'nobody.exe'",
    "DeviceProcessEvents | where 1 == 2",
    "DeviceProcessEvents | where FileName =~ 'nobody.exe' | summarize n = count()",
    "DeviceProcessEvents | where FileName =~ 'whoami.exe' | union (DeviceProcessEvents | "
    "where FileName =~ 'net1.exe')",
    "let x = toscalar(DeviceProcessEvents | where FileName =~ 'whoami.exe' | project "
    "FileName); "
    "DeviceProcessEvents | where FileName == x",
    "DeviceProcessEvents | sort by ProcessId asc | where prev(ProcessId) > 400",
    "DeviceProcessEvents | where tolower(FileName) has 'whoami'",
    "DeviceProcessEvents | where rand() < 0.5 | where FileName has_any ('cmd', 'net1', 'conhost')",
    "DeviceProcessEvents | where rand() < 0.5 and ProcessCommandLine contains 'm'",
    "DeviceProcessEvents | where FileName has_any ('cmd', 'net1', 'who') | where rand() < 0.5",
    "DeviceProcessEvents | extend A = rand() | where FileName has 'net1' and A < 0.5",
    "DeviceProcessEvents | where ProcessCommandLine has 'who' or "
    "ProcessCommandLine has 'whoami'",
    "Processes | where FileName =~ 'cmd.exe'",
    "Processes | where FileName =~ 'svchost.exe' or ProcessCommandLine has 'user'",
    "Processes | where FileName =~ 'nobody.exe'",
    "Processes | where FileName =~ 'cmd.exe' | join kind=inner (Processes | where FileName =~ "
    "'svchost.exe' | project DeviceName) on DeviceName",
    "DeviceProcessEvents | where FileName =~ 'cmd.exe' | join kind=inner (DeviceProcessEvents | "
    "where FileName =~ 'whoami.exe' | project DeviceName) on DeviceName",
    "DeviceProcessEvents | where FileName =~ 'cmd.exe' | union (DeviceProcessEvents | where "
    "ProcessId > 3000)",
    "DeviceProcessEvents | where WebServerFileName =~ 'W3WP.exe' and FileName =~ 'cmd.exe'",
    "DeviceProcessEvents | where AccountDomain =~ 'iis apppool' and MD5 == 'aabb'",
    "DeviceProcessEvents | where InitiatingProcessFolderPath endswith 'cmd.exe' or SHA256 == 'cc'",
};
enum { TEXTS = sizeof texts / sizeof *texts };

/* About columns of the event, of who acted and of whom it was done to. */
static const char *const event_texts[] = {
    "DeviceNetworkEvents | where InitiatingProcessFileName =~ 'cmd.exe'",
    "DeviceNetworkEvents | where InitiatingProcessCommandLine contains 'whoami'",
    "DeviceNetworkEvents | where InitiatingProcessParentFileName =~ 'cmd.exe'",
    "DeviceNetworkEvents | where InitiatingProcessSHA256 == 'ccdd'",
    "DeviceNetworkEvents | where InitiatingProcessMD5 == ''",
    "DeviceNetworkEvents | where InitiatingProcessCommandLine !contains 'whoami'",
    "DeviceNetworkEvents | where InitiatingProcessCommandLine has 'cmd' or RemoteIP has '10.0.0.9'",
    "DeviceEvents | where ProcessCommandLine has 'user'",
    "DeviceEvents | where InitiatingProcessCommandLine has 'whoami' and ProcessCommandLine has "
    "'net1'",
    "DeviceEvents | where InitiatingProcessCommandLine has 'net1' or ProcessCommandLine has 'net1'",
    "DeviceEvents | where ProcessCommandLine has 'ipconfig' | where isempty("
    "InitiatingProcessCommandLine)",
};

/* Each text as a rule and as a query. of_events: all its rows are events, else processes or none.
 */
static void expect_as_queries(world *w, const char *const *rules, size_t n, bool of_events)
{
    st_run_options o = { .now = T0 + 3 * HOUR };
    for (size_t i = 0; i < n; i++) {
        char path[32];
        snprintf(path, sizeof path, "r%02zu.kql", i);
        rule(w, path, rules[i]);
    }
    run(w, false, false);
    for (size_t i = 0; i < n; i++) {
        st_table *t = NULL;
        const st_rule_result *x = &w->matches->results[i];
        uint64_t found = x->rows + (of_events ? 0 : x->matches);
        assert_int_equal(st_query_run(w->rules, ST_STR("query"), st_str_of(rules[i]), w->forest, &o,
                                      &t, &w->err),
                         ST_OK);
        if (found != t->nrows)
            fail_msg("%s: %llu, not %zu", rules[i], (unsigned long long)found, t->nrows);
        st_table_free(t);
    }
}

static void run__rows_kept_apart__are_all_that_match(void **state)
{
    (void)state;
    world w;
    BUILD(&w, web);
    expect_as_queries(&w, texts, TEXTS, false);
    done(&w);
}

/* Who is a server is asked only of rows in which a text stands that the rule needs: as of all. */
static void run__servers_by_their_texts__are_those_of_all_rows(void **state)
{
    static const struct {
        const char *narrowed, *whole;
    } table[] = {
        { "Processes | where FileName =~ 'CMD.exe'",
          "Processes | where tolower(FileName) == 'cmd.exe'" },
        { "Processes | where FileName =~ 'whoami.exe'; Processes | where FileName =~ 'cmd.exe'",
          "Processes | where tolower(FileName) in ('whoami.exe', 'cmd.exe')" },
        { "Processes | where FileName =~ 'whoami.exe'; Processes | where FileName in~ "
          "((datatable(f:string)[]))",
          "Processes | where tolower(FileName) == 'whoami.exe'" },
        { "Processes | where FileName =~ 'explorer.exe' or ProcessCommandLine contains 'W3WP'",
          "Processes | where tolower(FileName) in ('explorer.exe', 'w3wp.exe')" },
        { "Processes | where FileName =~ 'explorer.exe'; Processes | where ProcessId == 2580",
          "Processes | where tolower(FileName) in ('explorer.exe', 'w3wp.exe')" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char below[2][128], text[512];
        uint64_t marked[2];
        for (size_t k = 0; k < 2; k++) {
            world w;
            BUILD(&w, web);
            snprintf(text, sizeof text, "// marks-servers: yes\n%s",
                     k ? table[i].whole : table[i].narrowed);
            rule(&w, "a.kql", text);
            rule(&w, "b.kql", "DeviceProcessEvents | where isnotempty(WebServerFileName)");
            run(&w, false, false);
            marked[k] = w.matches->results[0].matches;
            hit(&w, 1, below[k]);
            done(&w);
        }
        if (marked[0] != marked[1] || strcmp(below[0], below[1]) != 0 || !*below[0])
            fail_msg("%s: %u, below them %s, not %u, %s", table[i].narrowed, (unsigned)marked[0],
                     below[0], (unsigned)marked[1], below[1]);
    }
}

/* What a library makes of the evidence isn't known without it, so it narrows nothing then. */
static void run__values_of_a_librarys_rows__narrow_nothing(void **state)
{
    static const char *const rules[] = {
        "DeviceProcessEvents | where n > 0 | where FileName =~ 'whoami.exe'",
        "DeviceProcessEvents | where FileName in (names) and FileName =~ 'whoami.exe'",
        "DeviceProcessEvents | where FileName in (some) and ProcessCommandLine == 'whoami'",
        "let k = toscalar(Kept | count); "
        "DeviceProcessEvents | where k > 0 and FileName =~ 'whoami.exe'",
        "DeviceProcessEvents | where DeviceName in ((Kept | project DeviceName)) and FileName =~ "
        "'whoami.exe'",
        "DeviceProcessEvents | where DeviceName in ((Again | project DeviceName)) and FileName =~ "
        "'whoami.exe'",
        /* nor is what time it will be */
        "DeviceProcessEvents | where FileName in (iff(now() > datetime(2000), "
        "dynamic(['whoami.exe']), dynamic([])))",
        "DeviceProcessEvents | where FileName == 'whoami.exe' and datetime(2000) < now(-1d)",
        "DeviceProcessEvents | where FileName == iff(late, 'whoami.exe', 'other.exe')",
        "let f = (t:datetime) { iff(t > datetime(2000), 'whoami.exe', 'other.exe') }; "
        "DeviceProcessEvents | where FileName == f(begun)",
        "DeviceProcessEvents | where FileName in ((range t from begun to begun step 1d "
        "| where t > datetime(2000) | project 'whoami.exe'))",
        "let name = toscalar(range t from begun to begun step 1d "
        "| project iff(t > datetime(2000), 'whoami.exe', 'other.exe')); "
        "DeviceProcessEvents | where FileName == name",
    };
    enum { RULES = sizeof rules / sizeof *rules };
    char text[512], path[16], ids[128];
    (void)state;
    world w;
    BUILD(&w, web);
    rule(&w, "lib.kql",
         "// library: yes\n"
         "let n = toscalar(DeviceProcessEvents | count);\n"
         "let names = toscalar(DeviceProcessEvents | summarize make_set(FileName));\n"
         "let some = array_concat(names, dynamic(['cmd.exe']));\n"
         "let begun = now(-1d);\n"
         "let late = begun > datetime(2000);\n"
         "let Kept = DeviceProcessEvents | where FileName == 'cmd.exe';");
    rule(&w, "more.kql", "// library: yes\n// uses: lib.kql\nlet Again = Kept;");
    for (size_t i = 0; i < RULES; i++) {
        snprintf(text, sizeof text, "// uses: more.kql\n%s", rules[i]);
        snprintf(path, sizeof path, "r%zu.kql", i);
        rule(&w, path, text);
    }
    run(&w, false, false);
    for (uint32_t i = 0; i < RULES; i++)
        if (strcmp(hit(&w, i, ids), "3") != 0)
            fail_msg("%s: %s", rules[i], ids);
    done(&w);
}

static void run__events_kept_apart__are_all_that_match(void **state)
{
    (void)state;
    world w = { .store = store_of(web, sizeof web / sizeof *web), .rules = st_rules_new() };
    assert_non_null(w.rules);
    add_deeds(w.store);
    assert_int_equal(st_tree_build(NULL, w.store, NULL, &w.forest, &w.err), ST_OK);
    assert_int_equal(w.forest->nevents, sizeof deeds / sizeof *deeds);
    expect_as_queries(&w, event_texts, sizeof event_texts / sizeof *event_texts, true);
    for (size_t i = 0; i < sizeof event_texts / sizeof *event_texts; i++)
        assert_true(w.matches->results[i].rows > 0);
    done(&w);
}

/* More nodes than one stretch has: sixteen children each, the first of them a server's, whose
 * record is missing. */
static st_store *store_of_many(uint32_t n)
{
    st_store *s = st_store_new();
    assert_non_null(s);
    for (uint32_t id = 1; id <= n; id++) {
        size_t i = st_store_add(s);
        uint32_t up = id % 2000 ? id - id % 16 : n + id;
        char line[64];
        assert_int_not_equal(i, SIZE_MAX);
        snprintf(line, sizeof line, "%s %u", id % 7 ? "net1 user" : "whoami /all", (unsigned)id);
        st_creations *c = &s->creations;
        c->computer[i] = text(s, id % 3 ? "WEB01.corp.example" : "WEB02.corp.example");
        memcpy(c->guid[i].b, &id, sizeof id);
        memcpy(c->parent_guid[i].b, up ? &up : &n, sizeof up);
        c->utc[i] = c->created[i] = T0 + (n - id) * ST_TICKS_SECOND;
        c->pid[i] = id;
        c->parent_pid[i] = up;
        c->image[i] = text(s, id % 5 ? "C:\\Windows\\System32\\cmd.exe"
                                     : "C:\\Windows\\System32\\whoami.exe");
        c->command_line[i] = text(s, line);
        c->parent_image[i] = text(s, up > n ? "C:\\inetsrv\\w3wp.exe" : "C:\\cmd.exe");
        c->event_record_id[i] = c->offset[i] = id;
    }
    return s;
}

static void run_many(world *w, unsigned threads)
{
    st_tree_options t = { .threads = threads };
    st_run_options o = { .now = T0 + 3 * HOUR, .threads = threads };
    memset(w, 0, sizeof *w);
    w->store = store_of_many(40000);
    w->rules = st_rules_new();
    assert_non_null(w->rules);
    assert_int_equal(st_tree_build(NULL, w->store, &t, &w->forest, &w->err), ST_OK);
    rule(w, "s.kql",
         "// marks-servers: yes\nProcesses | where FileName =~ 'w3wp.exe' | extend Reason = "
         "strcat('told by ', FolderPath)");
    for (size_t i = 0; i < TEXTS; i++) {
        char path[16];
        snprintf(path, sizeof path, "r%02zu.kql", i);
        rule(w, path, texts[i]);
    }
    rule(w, "t.kql",
         "DeviceProcessEvents | where isnotempty(WebServerFileName) | extend Reason = "
         "strcat(ProcessCommandLine, ' below ', WebServerFileName)");
    assert_int_equal(st_rules_run(w->rules, w->forest, &o, &w->matches, &w->err), ST_OK);
}

static void run__many_nodes_on_threads__as_on_one(void **state)
{
    (void)state;
    world one, more;
    run_many(&one, 1);
    run_many(&more, 3);
    const st_forest *f = one.forest, *g = more.forest;
    assert_int_equal(f->n, g->n);
    assert_true(f->n > f->observed);
    for (size_t i = 0; i < f->n; i++) {
        const st_proc *p = &f->procs[i], *q = &g->procs[i];
        if (!st_guid_eq(&p->guid, &q->guid) || p->parent != q->parent || p->flags != q->flags ||
            p->server != q->server || p->instance != q->instance)
            fail_msg("node %zu differs", i);
    }
    assert_int_equal(one.matches->n, more.matches->n);
    for (size_t i = 0; i < one.matches->n; i++) {
        const st_match *m = &one.matches->items[i], *k = &more.matches->items[i];
        if (m->rule != k->rule || m->node != k->node || m->event != k->event ||
            !st_str_eq(st_pool_get(f->pool, m->reason), st_pool_get(g->pool, k->reason)))
            fail_msg("match %zu differs", i);
    }
    for (size_t i = 0; i < st_rules_count(one.rules); i++)
        if (one.matches->results[i].matches != more.matches->results[i].matches ||
            one.matches->results[i].rows != more.matches->results[i].rows)
            fail_msg("rule %zu differs", i);
    assert_true(one.matches->results[st_rules_count(one.rules) - 1].matches > 0);
    done(&one);
    done(&more);
}

/* What a stretch of the nodes takes is within the limit; what all take may not be. */
static void run__limit_over_many_nodes__is_met_on_any_threads(void **state)
{
#define LONG "DeviceProcessEvents | extend Reason = strcat(ProcessCommandLine, strrep('x', 1000))"
#define PAIRS                                                                                     \
    "DeviceProcessEvents | extend k = 1 | join kind=inner (range x from 1 to 10 step 1 | extend " \
    "k = 1) on k"
    static const struct {
        st_query_limits limits;
        const char *rules[2]; /* the second after the first */
        bool stopped[2];
    } rows[] = {
        { { .memory = 30 << 20 }, { LONG, LONG " | where Reason != ''" }, { true, true } },
        { { .memory = 60 << 20 }, { LONG, LONG " | where Reason != ''" }, { false, false } },
        { { .memory = 200 << 20 }, { LONG, PAIRS }, { false, false } },
        { { .rows = 200000 }, { PAIRS, LONG }, { true, false } },
        { { .rows = 350000 }, { PAIRS, LONG }, { true, false } },
        { { .rows = 390000 }, { PAIRS, LONG }, { false, false } },
    };
    static const unsigned threads[] = { 1, 3, 8 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < sizeof threads / sizeof threads[0]; k++) {
            st_tree_options t = { .threads = threads[k] };
            st_run_options o = { .now = T0 + 3 * HOUR, .threads = threads[k] };
            st_rule_settings settings = { .limits = rows[i].limits };
            world w = { .store = store_of_many(40000), .rules = st_rules_new() };
            assert_non_null(w.rules);
            assert_int_equal(st_tree_build(NULL, w.store, &t, &w.forest, &w.err), ST_OK);
            st_rules_set(w.rules, &settings);
            rule(&w, "a.kql", rows[i].rules[0]);
            rule(&w, "b.kql", rows[i].rules[1]);
            assert_int_equal(st_rules_run(w.rules, w.forest, &o, &w.matches, &w.err), ST_OK);
            for (size_t n = 0; n < 2; n++) {
                const st_rule_result *x = &w.matches->results[n];
                if (x->stopped != rows[i].stopped[n] || !x->matches != rows[i].stopped[n])
                    fail_msg("row %zu, rule %zu, %u threads: %d, %llu matches, %.*s", i, n,
                             threads[k], x->stopped, (unsigned long long)x->matches,
                             ST_FMT(x->problem));
            }
            done(&w);
        }
#undef LONG
#undef PAIRS
}

/* Rules over rows that a library keeps: of nodes one by one, of groups, of both; read while they
 * are bound, beside one another, more than once, by whoever comes first. */
#define HAS "where ProcessCommandLine has '77' | extend Reason = "
static const char *const over_kept[] = {
    "Told | where FileName == 'whoami.exe' | extend Reason = Long",
    "let k = toscalar(Told | count); Told | " HAS "strcat(Long, ' of ', k)",
    "let some = toscalar(Told | summarize take_any(FolderPath)); Told | where FolderPath == some",
    "Told | where DeviceName in ((Told | distinct DeviceName)) | " HAS "DeviceName",
    "Both | where Times > 3 | extend Reason = strcat(Long, ' ', Times)",
    "Parted | where array_length(Words) > 1 | extend Reason = strcat(Words[1], ' ', Words[2])",
    "Told | summarize n = count() by DeviceName, FileName",
    "Told | where Long has '77' | summarize arg_max(ProcessCreationTime, *) by FileName | extend "
    "Reason = Long",
    "Twice | extend Reason = strcat(tostring(Which), Long)",
    "Twice | where Which == 2 | " HAS "Long",
    "Late | " HAS "tostring(n)",
    "union Told, Both | " HAS "Long",
    "Told | join kind=leftouter (Told | project ProcessGuid, Other = Long) on ProcessGuid | " HAS
    "Other",
    "Told | join kind=leftanti (Both | where Times < 3) on FileName | " HAS "Long",
    "Told | " HAS "strcat(Long, rand())",
    "Told | where Long has '77' | serialize | extend Reason = prev(Long)",
    "let Own = materialize(Told | where Long has '77'); Own | join kind=inner (Own | summarize n = "
    "count() by FileName) on FileName | extend Reason = tostring(n)",
    "Drawn | " HAS "Number",
    "Told | where isnotempty(WebServerFileName) | extend Reason = strcat('below ', FileName)",
};
#undef HAS
enum { OVER_KEPT = sizeof over_kept / sizeof *over_kept };

/* So many that each rule goes over all threads, and so few that rules go side by side. */
static const uint32_t sizes[] = { 40000, 9000 };

/* The rule `first` comes first, the others behind it in their order. */
static void run_over_kept(world *w, uint32_t processes, unsigned threads, size_t first,
                          const st_query_limits *limits)
{
    st_tree_options t = { .threads = threads };
    st_run_options o = { .now = T0 + 3 * HOUR, .threads = threads };
    st_rule_settings settings = { .limits = *limits };
    char library[2048];
    *w = (world){ .store = store_of_many(processes), .rules = st_rules_new() };
    assert_non_null(w->rules);
    assert_int_equal(st_tree_build(NULL, w->store, &t, &w->forest, &w->err), ST_OK);
    st_rules_set(w->rules, &settings);
    rule(w, "s.kql", "// marks-servers: yes\nProcesses | where FileName =~ 'w3wp.exe'");
    snprintf(
        library, sizeof library,
        "// library: yes\n"
        "let Told = DeviceProcessEvents | where ProcessCommandLine has 'user' or "
        "ProcessCommandLine has 'all' | extend Long = strcat(ProcessCommandLine, ' ', FolderPath);"
        "let Parted = DeviceProcessEvents | extend Words = split(ProcessCommandLine, ' ');\n"
        "let Counted = Told | summarize Times = count() by FileName;\n"
        "let Both = Told | join kind=leftouter Counted on FileName;\n"
        "let Twice = Told | where Long has '77' | extend Which = dynamic([1, 2]) | mv-expand "
        "Which to typeof(long);\n"
        "let n = %s;\n"
        "let Late = DeviceProcessEvents | where n > 7;\n"
        "let Drawn = DeviceProcessEvents | extend Number = tostring(rand());",
        /* every other library reads its own rows while it is bound */
        first % 2 ? "4000" : "toscalar(Told | where Long contains '7' | count)");
    rule(w, "lib.kql", library);
    for (size_t i = 0; i < OVER_KEPT; i++) {
        char path[16], uses[512];
        snprintf(path, sizeof path, "k%02zu.kql", i == first ? 0 : i + 1);
        snprintf(uses, sizeof uses, "// uses: lib.kql\n%s", over_kept[i]);
        rule(w, path, uses);
    }
    assert_int_equal(st_rules_run(w->rules, w->forest, &o, &w->matches, &w->err), ST_OK);
}

static void expect_same_results(const world *one, const world *more)
{
    const st_pool *p = one->forest->pool, *q = more->forest->pool;
    for (size_t i = 0; i < st_rules_count(one->rules); i++) {
        const st_rule_result *x = &one->matches->results[i], *y = &more->matches->results[i];
        if (x->matches != y->matches || x->rows != y->rows || x->stopped != y->stopped ||
            !st_str_eq(x->problem, y->problem))
            fail_msg("%.*s: %llu matches and %llu rows, not %llu and %llu; %.*s; %.*s",
                     ST_FMT(st_rules_at(one->rules, i)->id), (unsigned long long)y->matches,
                     (unsigned long long)y->rows, (unsigned long long)x->matches,
                     (unsigned long long)x->rows, ST_FMT(x->problem), ST_FMT(y->problem));
    }
    assert_int_equal(one->matches->n, more->matches->n);
    for (size_t i = 0; i < one->matches->n; i++) {
        const st_match *m = &one->matches->items[i], *k = &more->matches->items[i];
        if (m->rule != k->rule || m->node != k->node || m->event != k->event ||
            m->level != k->level ||
            !st_str_eq(st_pool_get(p, m->reason), st_pool_get(q, k->reason)))
            fail_msg("match %zu differs", i);
    }
}

static void run__kept_rows_on_threads__as_on_one(void **state)
{
    static const unsigned threads[] = { 2, 3, 7 };
    static const st_query_limits none;
    (void)state;
    for (size_t k = 0; k < 2 * OVER_KEPT; k++) {
        world one, more;
        size_t first = k / 2;
        uint32_t n = sizes[k % 2];
        run_over_kept(&one, n, 1, first, &none);
        for (size_t i = 0; i < st_rules_count(one.rules); i++) {
            const st_rule_result *x = &one.matches->results[i];
            if (st_rules_at(one.rules, i)->id.p[0] == 'k' && !x->matches && !x->rows)
                fail_msg("%.*s gives nothing", ST_FMT(st_rules_at(one.rules, i)->id));
        }
        run_over_kept(&more, n, threads[k % 3], first, &none);
        expect_same_results(&one, &more);
        done(&more);
        done(&one);
    }
}

static void run__limits_over_kept_rows__are_met_on_any_threads(void **state)
{
    static const st_query_limits limits[] = {
        { .memory = 2 << 20 },  { .memory = 6 << 20 },  { .memory = 10 << 20 },
        { .memory = 14 << 20 }, { .memory = 20 << 20 }, { .memory = 28 << 20 },
        { .memory = 40 << 20 }, { .memory = 60 << 20 }, { .memory = 120 << 20 },
        { .rows = 1000 },       { .rows = 30000 },      { .rows = 39999 },
        { .rows = 40000 },      { .rows = 79999 },
    };
    static const unsigned threads[] = { 2, 3, 7 };
    (void)state;
    for (size_t k = 0; k < 2 * (sizeof limits / sizeof *limits); k++) {
        world one, more;
        size_t i = k / 2;
        uint32_t n = sizes[k % 2];
        run_over_kept(&one, n, 1, i, &limits[i]);
        run_over_kept(&more, n, threads[k % 3], i, &limits[i]);
        expect_same_results(&one, &more);
        done(&more);
        done(&one);
    }
}

/* Correlations over processes that begin at whole hours: who is hit says where a window ends. */
static void run__correlation__windows_slide(void **state)
{
    (void)state;
#define BASE(name, image)                                                                    \
    "title: " name "\nname: " name "\nlogsource: {category: process_creation}\ndetection:\n" \
    "  s: {Image|endswith: '" image "'}\n  condition: s\n---\n"
    static const char base[] =
        BASE("shell", "\\cmd.exe") BASE("who", "\\whoami.exe") BASE("net", "\\net1.exe");
#undef BASE
    static const struct {
        const char *correlation, *hit;
    } table[] = {
        /* shells at 1 and 1, whoami at 2, net1 at 3 */
        { "{type: event_count, rules: [shell, who, net], timespan: 1h, condition: {gte: 3}}", "3" },
        { "{type: event_count, rules: [shell, who, net], timespan: 59m, condition: {gte: 3}}", "" },
        { "{type: event_count, rules: [shell, who, net], timespan: 2h, condition: {gte: 4}}", "5" },
        { "{type: event_count, rules: [shell, who, net], timespan: 2h, condition: {gt: 4}}", "" },
        { "{type: event_count, rules: shell, timespan: 1s, condition: {eq: 2}}", "7" },
        { "{type: event_count, rules: shell, group-by: ParentImage, timespan: 1s, "
          "condition: {gte: 2}}",
          "" },
        { "{type: value_count, rules: [shell, who, net], timespan: 2h, "
          "condition: {gte: 3, field: Image}}", /* two differ in case only */
          "5" },
        { "{type: value_count, rules: [shell, who], timespan: 2h, "
          "condition: {gte: 2, field: User}}",
          "" },
        { "{type: temporal, rules: [who, net], timespan: 1h}", "5" },
        { "{type: temporal, rules: [who, net], timespan: 59m}", "" },
        { "{type: temporal_ordered, rules: [shell, who, net], timespan: 2h}", "5" },
        { "{type: temporal_ordered, rules: [shell, who, net], timespan: 119m}", "" },
        { "{type: temporal_ordered, rules: [net, who], timespan: 2h}", "" },
        { "{type: temporal_ordered, rules: [shell, shell], timespan: 1s}", "" },
        /* their PIDs: 2404 and 401, 3001, 3003 */
        { "{type: value_sum, rules: [shell, who, net], timespan: 1h, "
          "condition: {gte: 5806, field: ProcessId}}",
          "3" },
        { "{type: value_sum, rules: [shell, who, net], timespan: 1h, "
          "condition: {gt: 6003.5, lt: 6004.5, field: ProcessId}}",
          "5" },
        { "{type: value_sum, rules: [shell, who, net], timespan: 1w, "
          "condition: {eq: 8809, field: ProcessId}}",
          "5" },
        { "{type: value_sum, rules: [shell, who, net], timespan: 1h, "
          "condition: {gte: 0, field: Image}}",
          "" },
        { "{type: value_avg, rules: [shell, who], timespan: 1h, "
          "condition: {eq: 1402.5, field: ProcessId}}",
          "7" },
        { "{type: value_median, rules: [shell, who, net], timespan: 2h, "
          "condition: {eq: 2702.5, field: ProcessId}}",
          "5" },
        { "{type: value_percentile, rules: [shell, who, net], timespan: 2h, "
          "condition: {eq: 3001, field: ProcessId, percentile: 100}}",
          "3" },
        { "{type: value_percentile, rules: [shell, who, net], timespan: 2h, "
          "condition: {eq: 401, field: ProcessId, percentile: 0}}",
          "7" },
        { "{type: value_count, rules: [shell, who], timespan: 2h, "
          "condition: {gte: 2, field: [Image, Computer]}}",
          "3" },
        { "{type: value_count, rules: [shell, who], timespan: 2h, "
          "condition: {gte: 1, field: [Image, Nothing]}}",
          "" },
        { "{type: temporal, timespan: 1h, condition: who and net}", "5" },
        { "{type: temporal, timespan: 59m, condition: who and net}", "" },
        { "{type: temporal, timespan: 1h, condition: who and not shell}", "" },
        { "{type: temporal, timespan: 1m, condition: who and not shell}", "3" },
        { "{type: temporal, timespan: 1h, condition: net and (shell or who)}", "5" },
        { "{type: temporal, rules: [shell, who], timespan: 1h, condition: all of them}", "3" },
        { "{type: event_count, rules: [who, net], group-by: [who_is], timespan: 1h, "
          "aliases: {who_is: {who: Image, net: ParentImage}}, condition: {gte: 2}}",
          "5" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        world w;
        char text[2048], out[128];
        BUILD(&w, web);
        snprintf(text, sizeof text, "%stitle: c\nid: correlated\ncorrelation: %s\n", base,
                 table[i].correlation);
        rule(&w, "c.yml", text);
        assert_int_equal(st_rules_link(w.rules, &w.err), ST_OK);
        if (st_rules_diags(w.rules))
            fail_msg("%s: %s", table[i].correlation, st_rules_diag(w.rules, 0)->text.p);
        run(&w, false, false);
        size_t n = 0;
        uint32_t at = 0;
        while (!st_str_eq(st_rules_at(w.rules, at)->id, ST_STR("correlated")))
            at++;
        for (size_t k = 0; k < w.matches->n; k++)
            n += w.matches->items[k].rule != at;
        if (i == 0)
            assert_int_equal(n, 0); /* its parts match nothing by themselves */
        if (strcmp(hit(&w, at, out), table[i].hit) != 0)
            fail_msg("%s: hit %s, not %s", table[i].correlation, out, table[i].hit);
        done(&w);
    }
}

/* Two rules of one log source, and what filters leave of them. */
static void run__filters__narrow_the_rules_they_are_for(void **state)
{
    (void)state;
    static const char base[] =
        "title: cmd\nid: one\nname: by-name\nlogsource: {category: process_creation, product: "
        "windows}\ndetection:\n  s: {Image|endswith: cmd.exe}\n  condition: 1 of them\n---\n"
        "title: c\nid: two\nlogsource: {category: process_creation, product: windows}\n"
        "detection:\n  s: {Image|contains: cmd}\n  condition: s\n---\n";
    static const struct {
        const char *filter, *one, *two;
        bool told;
    } table[] = {
#define SOURCE "logsource: {category: process_creation, product: windows}\n"
        { SOURCE "filter: {rules: [one], x: {ParentProcessId: 2580}, condition: not x}", "7", "2 7",
          false },
        { SOURCE "filter: {rules: by-name, x: {ParentProcessId: 2580}, condition: not 1 of x*}",
          "7", "2 7", false },
        { SOURCE "filter: {rules: any, x: {ParentProcessId: 2580}, condition: not x}", "7", "7",
          false },
        { SOURCE "filter: {x: {ParentProcessId: 2580}, condition: x}", "2", "2", false },
        { "logsource: {product: windows}\n"
          "filter: {rules: [ONE, two], x: {ProcessId: 401}, condition: not all of them}",
          "2", "2", false },
        { "logsource: {product: linux, category: process_creation}\n"
          "filter: {rules: any, x: {ProcessId: 401}, condition: not x}",
          "2 7", "2 7", true },
        { SOURCE "filter: {rules: [three], x: {ProcessId: 401}, condition: not x}", "2 7", "2 7",
          true },
        { SOURCE "filter: {rules: any, x: {ProcessId: 401}, condition: not x}\n---\ntitle: g\n"
                 "logsource: {product: windows}\n"
                 "filter: {rules: any, x: {ProcessId: 2404}, condition: not x}",
          "", "", false },
#undef SOURCE
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        world w;
        char text[2048], one[128], two[128];
        BUILD(&w, web);
        snprintf(text, sizeof text, "%stitle: f\n%s\n", base, table[i].filter);
        rule(&w, "f.yml", text);
        assert_int_equal(st_rules_count(w.rules), 2);
        assert_int_equal(st_rules_link(w.rules, &w.err), ST_OK);
        if ((st_rules_diags(w.rules) > 0) != table[i].told)
            fail_msg("%s: told %zu", table[i].filter, st_rules_diags(w.rules));
        run(&w, false, false);
        hit(&w, 0, one);
        hit(&w, 1, two);
        if (strcmp(one, table[i].one) != 0 || strcmp(two, table[i].two) != 0)
            fail_msg("%s: %s / %s", table[i].filter, one, two);
        done(&w);
    }
}

/* With `all` each value must hold, and of what one value becomes any. */
static void run__all__counts_values_not_what_they_become(void **state)
{
    (void)state;
    static const struct {
        const char *detection, *hit;
    } table[] = {
        { "ParentCommandLine|contains|all|expand: ['%words%', whoami]", "3 4" },
        { "ParentCommandLine|contains|expand: ['%words%', explorer.exe]", "7 3 4 8 9" },
        { "ParentCommandLine|expand|contains: '%words% %words%'", "" },
        { "ParentCommandLine|expand|contains: '%words%.exe /%last% '", "3 4" },
        { "ParentCommandLine|re|expand: '^%words%$'", "8" },
        { "'|all|expand': ['%words%', 'whoami']", "3 4 5" },
        { "ParentCommandLine|base64offset|contains|all: [whoami, user]", "" },
    };
    static const st_named lists[] = { { .name = { "words", 5 }, .value = { "cmd,user,net1", 13 } },
                                      { .name = { "last", 4 }, .value = { "c", 1 } } };
    st_rule_settings settings = { .placeholders = lists, .nplaceholders = 2 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        world w;
        char text[1024], out[128];
        BUILD(&w, web);
        st_rules_set(w.rules, &settings);
        snprintf(text, sizeof text,
                 "title: t\nlogsource: {category: process_creation}\ndetection:\n  s:\n    %s\n"
                 "  condition: s\n",
                 table[i].detection);
        rule(&w, "t.yml", text);
        if (st_rules_diags(w.rules))
            fail_msg("%s: %s", table[i].detection, st_rules_diag(w.rules, 0)->text.p);
        run(&w, false, false);
        if (strcmp(hit(&w, 0, out), table[i].hit) != 0)
            fail_msg("%s: %s", table[i].detection, out);
        done(&w);
    }
}

#define HEAD "title: t\nlogsource: {category: process_creation}\ndetection:\n"

/* n times `part`, between two texts. */
static char *repeated(const char *before, const char *part, size_t n, const char *after)
{
    st_buf b = { 0 };
    st_buf_str(&b, st_str_of(before));
    for (size_t i = 0; i < n; i++)
        st_buf_str(&b, st_str_of(part));
    st_buf_str(&b, st_str_of(after));
    st_buf_char(&b, 0);
    assert_false(b.failed);
    return b.p;
}

/* Rules that ask for more than any rule needs: each is an error, at once. */
static void load__hostile_sigma_rules__are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *before, *part;
        size_t n;
        const char *after;
    } table[] = {
        { HEAD "  s: {Image: '", "0123456789", 900000, "'}\n  condition: s\n" },
        { HEAD "  s: {Image|re: '", "(a|b)*c{1,9}", 80000, "'}\n  condition: s\n" },
        { HEAD "  s: {Image|re: '", "(", 100000, "'}\n  condition: s\n" },
        { HEAD "  s: {Image: a}\n  condition: ", "(", 100000, "s\n" },
        { HEAD "  s: {Image: a}\n  condition: ", "not ", 100000, "s\n" },
        { HEAD "  s: {Image: a}\n  condition: s", " or s", 100000, "\n" },
        { HEAD "  condition: s\n  s: ", "[", 100000, "\n" },
        { HEAD "  condition: s\n  s: ", "- ", 100000, "a\n" },
        { HEAD "  condition: s\n  s: {Image: [", "a, ", 200000, "a]}\n" },
        { "title: t\ncorrelation: {type: temporal, timespan: 1h, condition: ", "(", 100000,
          "s}\n" },
        { "title: t\ncorrelation: {type: temporal, timespan: 1h, rules: [", "a, ", 5000, "b]}\n" },
        { "title: t\nlogsource: {product: windows}\nfilter: {rules: any, s: {Image: a}, "
          "condition: ",
          "(", 100000, "s}\n" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        world w;
        BUILD(&w, web);
        char *text = repeated(table[i].before, table[i].part, table[i].n, table[i].after);
        st_code code = st_rules_load_text(w.rules, ST_STR("h.yml"), st_str_of(text), &w.err);
        bool refused = code == ST_E_LIMIT || (st_rules_count(w.rules) == 1 &&
                                              st_rules_at(w.rules, 0)->status == ST_RULE_BROKEN);
        if (!refused)
            fail_msg("row %zu is no error", i);
        free(text);
        done(&w);
    }
}

/* A regular expression that backtracks without an end gives up, and says so. */
static void run__hostile_regex__gives_up_by_name(void **state)
{
    (void)state;
    static const char *const patterns[] = { "^(a+)+$", "(a|aa)+$", "(.*,){25}x", "(a*)*b\\1" };
    char *image = repeated("", "a", 30000, "!");
    row one = { 1, 0, image, "x", "y", "z", 1, 4, 0 };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        world w;
        char text[256];
        build(&w, &one, 1);
        snprintf(text, sizeof text, HEAD "  s: {Image|re: '%s'}\n  condition: s\n", patterns[i]);
        rule(&w, "h.yml", text);
        if (st_rules_at(w.rules, 0)->status == ST_RULE_READY) {
            run(&w, false, false);
            assert_int_equal(w.matches->n, 0);
            if (i < 2)
                assert_true(w.matches->results[0].problem.n > 0);
        }
        done(&w);
    }
    free(image);
}

/* The same text under the same id runs once; another text under it gets a name of its own. */
static void load__same_rule_twice__runs_once(void **state)
{
    (void)state;
    static const char text[] = "title: t\nid: one\nlogsource: {category: process_creation}\n"
                               "detection: {s: {Nothing: a}, condition: s}\n";
    world w;
    BUILD(&w, web);
    rule(&w, "a.yml", text);
    rule(&w, "b.yml", text);
    assert_int_equal(st_rules_count(w.rules), 1);
    assert_int_equal(st_rules_twice(w.rules), 1);
    assert_int_equal(st_rules_diags(w.rules), 1); /* the field, once */
    rule(&w, "c.yml",
         "title: other\nid: one\nlogsource: {category: process_creation}\n"
         "detection: {s: {Image: a}, condition: s}\n");
    assert_int_equal(st_rules_count(w.rules), 2);
    assert_int_equal(st_rules_diags(w.rules), 2);
    done(&w);
}

/* what is kept of records that tables hold whole */

static void kept_text(const st_log_keep *k, st_buf *out)
{
    st_buf_str(out, k->every_event ? ST_STR("every") : ST_STR(""));
    for (size_t i = 0; !k->every_event && i < k->nids; i++)
        st_buf_fmt(out, "%s%u", i ? " " : "", (unsigned)k->ids[i]);
    st_buf_str(out, ST_STR(": "));
    st_buf_str(out, k->every_field ? ST_STR("every") : ST_STR(""));
    for (size_t i = 0; !k->every_field && i < k->nfields; i++)
        st_buf_fmt(out, "%s%.*s", i ? " " : "", ST_FMT(k->fields[i]));
}

static void keep__of_each_query__its_events_and_fields(void **state)
{
    static const struct {
        const char *query, *kept;
    } rows[] = {
        { "DeviceProcessEvents", ": " },
        { "SecurityEvent | count", "every: " },
        { "SecurityEvent | where EventID == 4624 | count", "4624: " },
        { "SecurityEvent | where 4624 == EventID | project IpAddress", "4624: IpAddress" },
        { "SecurityEvent | where EventID in (4624, 4625) | project LogonType",
          "4624 4625: LogonType" },
        { "let ids = dynamic([4624]); SecurityEvent | where EventID in (ids) | project Process",
          "4624: NewProcessName ProcessName" },
        { "SecurityEvent | where EventID == 1 and IpAddress == 'a' | count", "1: IpAddress" },
        { "SecurityEvent | where (EventID == 1 and Process == 'a') or EventID == 2 | count",
          "1 2: NewProcessName ProcessName" },
        { "SecurityEvent | where EventID == 1 or Process == 'a' | count",
          "every: NewProcessName ProcessName" },
        { "SecurityEvent | where EventID != 1 | count", "every: " },
        { "SecurityEvent | where not(EventID == 1) | count", "every: " },
        { "SecurityEvent | where EventID !in (1, 2) | count", "every: " },
        { "SecurityEvent | where EventID > 4 | count", "every: " },
        { "SecurityEvent | where EventID == 1 | where EventID == 2 | count", "1: " },
        { "SecurityEvent | take 1 | where EventID == 1 | count", "every: " },
        { "SecurityEvent | where EventID == -1 | count", ": " },
        { "SecurityEvent | where EventID == 1 | project EventData", "1: every" },
        { "SecurityEvent | where EventID == 1", "1: every" },
        { "union (SecurityEvent | where EventID == 1), (Event | where EventID == 2) | count",
          "2 1: " },
        { "union (SecurityEvent | where EventID == 1), Event | count", "every: " },
        { "let t = materialize(SecurityEvent | where EventID == 1); union t, t | count", "1: " },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_err err = { 0 };
        st_buf got = { 0 };
        st_arena a = { 0 };
        st_log_keep k = { .every_event = false };
        st_rules *r = st_rules_new();
        assert_int_equal(st_rules_load_text(r, ST_STR("a.kql"), st_str_of(rows[i].query), &err),
                         ST_OK);
        assert_int_equal(st_rules_at(r, 0)->status, ST_RULE_READY);
        assert_true(st_rules_keep(r, &a, &k));
        kept_text(&k, &got);
        if (!st_str_eq(st_buf_slice(&got), st_str_of(rows[i].kept)))
            fail_msg("%s: %.*s", rows[i].query, ST_FMT(st_buf_slice(&got)));
        st_rules_free(r);
        st_arena_free(&a);
        st_buf_free(&got);
    }
}

static void keep__more_ids_than_a_query_names__is_every_event(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        st_err err = { 0 };
        st_buf q = { 0 };
        st_arena a = { 0 };
        st_log_keep k = { .every_event = false };
        st_rules *r = st_rules_new();
        st_buf_str(&q, ST_STR("SecurityEvent | where EventID in (0"));
        for (unsigned i = 1; i < ST_MAX_LOG_IDS + more; i++)
            st_buf_fmt(&q, ", %u", i);
        st_buf_str(&q, ST_STR(") | count"));
        assert_int_equal(st_rules_load_text(r, ST_STR("a.kql"), st_buf_slice(&q), &err), ST_OK);
        assert_true(st_rules_keep(r, &a, &k));
        assert_int_equal(k.every_event, more);
        assert_int_equal(k.nids, more ? 0 : ST_MAX_LOG_IDS);
        st_rules_free(r);
        st_arena_free(&a);
        st_buf_free(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__published_rule__hits_the_shells_children_but_exclusions),
        cmocka_unit_test(run__rules__hit_what_they_say),
        cmocka_unit_test(run__argument_used_twice_at_each_depth__ends),
        cmocka_unit_test(run__rows_kept_apart__are_all_that_match),
        cmocka_unit_test(run__servers_by_their_texts__are_those_of_all_rows),
        cmocka_unit_test(run__values_of_a_librarys_rows__narrow_nothing),
        cmocka_unit_test(run__events_kept_apart__are_all_that_match),
        cmocka_unit_test(run__many_nodes_on_threads__as_on_one),
        cmocka_unit_test(run__limit_over_many_nodes__is_met_on_any_threads),
        cmocka_unit_test(run__kept_rows_on_threads__as_on_one),
        cmocka_unit_test(run__limits_over_kept_rows__are_met_on_any_threads),
        cmocka_unit_test(run__correlation__windows_slide),
        cmocka_unit_test(run__filters__narrow_the_rules_they_are_for),
        cmocka_unit_test(run__all__counts_values_not_what_they_become),
        cmocka_unit_test(load__same_rule_twice__runs_once),
        cmocka_unit_test(load__hostile_sigma_rules__are_refused),
        cmocka_unit_test(run__hostile_regex__gives_up_by_name),
        cmocka_unit_test(run__rows_without_a_process__make_a_table),
        cmocka_unit_test(run__ago__lifted_and_counted),
        cmocka_unit_test(run__upper_bound__stays),
        cmocka_unit_test(run__inferred_edge__counted_and_crossed_only_if_trusted),
        cmocka_unit_test(run__inferred_edge__found_by_whatever_asks_about_it),
        cmocka_unit_test(run__inferred_edge__counted_whatever_chance_says),
        cmocka_unit_test(run__library_asked_about_edges__gives_all_its_rows),
        cmocka_unit_test(run__lineage__tables_of_the_tree),
        cmocka_unit_test(run__graph_pattern__about_one_of_its_nodes),
        cmocka_unit_test(load__web_servers_reading_its_own_columns__refused),
        cmocka_unit_test(load__service_table__not_applicable),
        cmocka_unit_test(load__filter_on_a_column_never_filled__warned),
        cmocka_unit_test(keep__of_each_query__its_events_and_fields),
        cmocka_unit_test(keep__more_ids_than_a_query_names__is_every_event),
        cmocka_unit_test(query__over_a_forest__text_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
