/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_windows.c - Windows' own logs: its process creations beside Sysmon's, and in their place. */
#include "events/store.h"
#include "shelltree/tree.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define T0 (ST_TICKS_UNIX + UINT64_C(1700000000) * ST_TICKS_SECOND)

/* records by hand */

typedef struct pair {
    const char *name, *text;
} pair;

static st_value text_value(const char *s)
{
    return (st_value){ .p = (const unsigned char *)s, .n = (uint32_t)strlen(s), .type = ST_V_TEXT };
}

typedef struct reading {
    st_store *store;
    st_scratch scratch;
    uint64_t records;
} reading;

static reading begin(void)
{
    reading x = { .store = st_store_new() };
    assert_non_null(x.store);
    return x;
}

/* A record of that provider, so many milliseconds behind T0, put into the store. */
static void put(reading *x, const char *provider, uint32_t id, uint64_t ms, const pair *pairs)
{
    st_field fields[32];
    st_record r = { .provider = text_value(provider),
                    .computer = text_value("PC.example"),
                    .channel = text_value("Security"),
                    .event_id = id,
                    .event_record_id = ++x->records,
                    .offset = 4096 * x->records,
                    .time_created = T0 + ms * ST_TICKS_MS,
                    .fields = fields };
    for (; pairs && pairs[r.nfields].name; r.nfields++) {
        st_str name = st_str_of(pairs[r.nfields].name);
        fields[r.nfields] =
            (st_field){ name, st_field_id(name), text_value(pairs[r.nfields].text) };
    }
    assert_true(st_event_decode(x->store, &r, 0, &x->scratch));
}

static void end(reading *x)
{
    st_store_free(x->store);
    st_scratch_free(&x->scratch);
}

#define SECURITY "Microsoft-Windows-Security-Auditing"
#define SYSMON "Microsoft-Windows-Sysmon"

/* 4688 of a pid and image; creator: its pid and image, "" for none. */
static void audited(reading *x, uint64_t ms, const char *pid, const char *image,
                    const char *creator, const char *creator_image)
{
    put(x, SECURITY, 4688, ms,
        (const pair[]){ { "NewProcessId", pid },
                        { "NewProcessName", image },
                        { "ProcessId", creator },
                        { "ParentProcessName", creator_image },
                        { "CommandLine", "" },
                        { NULL, NULL } });
}

/* Event ID 1 of Sysmon's; its UtcTime is that of the record. guid: a digit. */
static void recorded(reading *x, uint64_t ms, const char *pid, const char *image,
                     const char *parent, const char *parent_image)
{
    char guid[64], utc[64];
    st_buf b = { 0 };
    snprintf(guid, sizeof guid, "{365ABB72-0000-0000-0000-%012llu}",
             (unsigned long long)x->records + 1);
    st_buf_time_sysmon(&b, T0 + ms * ST_TICKS_MS);
    snprintf(utc, sizeof utc, "%.*s", (int)b.n, b.p);
    st_buf_free(&b);
    put(x, SYSMON, 1, ms,
        (const pair[]){ { "UtcTime", utc },
                        { "ProcessGuid", guid },
                        { "ProcessId", pid },
                        { "Image", image },
                        { "ParentProcessId", parent },
                        { "ParentImage", parent_image },
                        { NULL, NULL } });
}

static st_forest *forest_of(const reading *x)
{
    st_forest *f = NULL;
    st_err err = { 0 };
    assert_int_equal(st_tree_build(NULL, x->store, NULL, &f, &err), ST_OK);
    return f;
}

static void assert_text(const st_store *s, st_sid id, const char *want)
{
    st_str got = st_pool_get(s->pool, id);
    if (!st_str_eq(got, st_str_of(want)))
        fail_msg("got \"%.*s\", not \"%s\"", ST_FMT(got), want);
}

/* 4688 in a creation's columns */

static void audited__all_fields__are_a_creations(void **state)
{
    (void)state;
    reading x = begin();
    put(&x, SECURITY, 4688, 5,
        (const pair[]){ { "SubjectUserName", "ann" },
                        { "SubjectDomainName", "CORP" },
                        { "SubjectLogonId", "0x1f" },
                        { "NewProcessId", "0x46c" },
                        { "NewProcessName", "C:\\Windows\\System32\\cmd.exe" },
                        { "TokenElevationType", "%%1936" },
                        { "ProcessId", "0x1a0" },
                        { "CommandLine", "cmd /c echo %%PATH%%" },
                        { "TargetUserName", "-" },
                        { "TargetDomainName", "-" },
                        { "TargetLogonId", "0x0" },
                        { "ParentProcessName", "C:\\Windows\\explorer.exe" },
                        { "MandatoryLabel", "S-1-16-12288" },
                        { NULL, NULL } });
    const st_creations *c = &x.store->creations;
    assert_int_equal(c->n, 1);
    assert_int_equal(c->provider[0], ST_SECURITY);
    assert_int_equal(c->pid[0], 0x46c);
    assert_int_equal(c->parent_pid[0], 0x1a0);
    assert_true(c->utc[0] == T0 + 5 * ST_TICKS_MS && c->created[0] == c->utc[0]);
    assert_int_equal(c->logon_id[0], 0x1f);
    assert_true(st_guid_zero(&c->guid[0]));
    assert_int_equal(c->flags[0], 0);
    assert_text(x.store, c->image[0], "C:\\Windows\\System32\\cmd.exe");
    assert_text(x.store, c->command_line[0], "cmd /c echo %%PATH%%"); /* not doubled here */
    assert_text(x.store, c->parent_image[0], "C:\\Windows\\explorer.exe");
    assert_text(x.store, c->user[0], "CORP\\ann");
    assert_text(x.store, c->parent_user[0], "CORP\\ann");
    assert_text(x.store, c->integrity_level[0], "High");
    end(&x);
}

static void audited__of_another_account__runs_as_that(void **state)
{
    static const struct {
        const char *name, *logon, *user;
        uint64_t id;
    } cases[] = {
        { "bob", "0x2b", "CORP\\bob", 0x2b }, { "bob", "0x0", "PC\\svc", 0x3e7 },
        { "-", "0x2b", "PC\\svc", 0x3e7 },    { "", "0x2b", "PC\\svc", 0x3e7 },
        { "bob", "what", "PC\\svc", 0x3e7 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        put(&x, SECURITY, 4688, 0,
            (const pair[]){ { "SubjectUserName", "svc" },
                            { "SubjectDomainName", "PC" },
                            { "SubjectLogonId", "0x3e7" },
                            { "NewProcessId", "0x8" },
                            { "TargetUserName", cases[i].name },
                            { "TargetDomainName", "CORP" },
                            { "TargetLogonId", cases[i].logon },
                            { NULL, NULL } });
        assert_text(x.store, x.store->creations.user[0], cases[i].user);
        assert_text(x.store, x.store->creations.parent_user[0], "PC\\svc");
        assert_int_equal(x.store->creations.logon_id[0], cases[i].id);
        end(&x);
    }
}

static void audited__neither_pid_nor_image__is_counted_alone(void **state)
{
    (void)state;
    reading x = begin();
    put(&x, SECURITY, 4688, 0, NULL);
    put(&x, "Somebody-Else", 4688, 0, (const pair[]){ { "NewProcessId", "0x8" }, { NULL, NULL } });
    assert_int_equal(x.store->creations.n, 0);
    assert_int_equal(x.store->bare, 1);
    assert_int_equal(x.store->records, 2);
    end(&x);
}

static void audited__label__in_sysmons_words(void **state)
{
    static const struct {
        const char *label, *word;
    } cases[] = { { "S-1-16-0", "Untrusted" },
                  { "S-1-16-4096", "Low" },
                  { "S-1-16-8192", "Medium" },
                  { "S-1-16-8448", "Medium" },
                  { "S-1-16-16384", "System" },
                  { "S-1-16-20480", "Protected" },
                  { "S-1-16-1", "" },
                  { "", "" },
                  { "S-1-16-122880000000000000000000000000", "" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        put(&x, SECURITY, 4688, 0,
            (const pair[]){
                { "NewProcessId", "8" }, { "MandatoryLabel", cases[i].label }, { NULL, NULL } });
        assert_text(x.store, x.store->creations.integrity_level[0], cases[i].word);
        end(&x);
    }
}

/* both on one host */

static void both__host_pid_image_and_two_seconds__are_one(void **state)
{
    static const struct {
        const char *what;
        uint64_t sysmon, windows;
        const char *pid, *image, *creator, *creator_image;
        bool joined, differs;
    } cases[] = {
        { "the same", 5000, 5003, "0x64", "C:\\a.exe", "0x8", "C:\\p.exe", true, false },
        { "in another case", 5000, 5003, "0x64", "c:\\A.EXE", "0x8", "C:\\P.exe", true, false },
        { "two seconds later", 5000, 7000, "0x64", "C:\\a.exe", "0x8", "", true, false },
        { "and a bit", 5000, 7001, "0x64", "C:\\a.exe", "0x8", "", false, false },
        { "two seconds before", 5000, 3000, "0x64", "C:\\a.exe", "0x8", "", true, false },
        { "and a bit more", 5000, 2999, "0x64", "C:\\a.exe", "0x8", "", false, false },
        { "another pid", 5000, 5000, "0x65", "C:\\a.exe", "0x8", "", false, false },
        { "another image", 5000, 5000, "0x64", "C:\\b.exe", "0x8", "", false, false },
        { "no image", 5000, 5000, "0x64", "", "0x8", "", false, false },
        { "another creator", 5000, 5000, "0x64", "C:\\a.exe", "0x9", "", true, true },
        { "another creator's image", 5000, 5000, "0x64", "C:\\a.exe", "0x8", "C:\\q.exe", true,
          true },
        { "no creator", 5000, 5000, "0x64", "C:\\a.exe", "", "", true, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        recorded(&x, cases[i].sysmon, "100", "C:\\a.exe", "8", "C:\\p.exe");
        audited(&x, cases[i].windows, cases[i].pid, cases[i].image, cases[i].creator,
                cases[i].creator_image);
        st_forest *f = forest_of(&x);
        const st_host *h = &f->hosts[0];
        if (f->observed != (cases[i].joined ? 1 : 2) || h->joined != cases[i].joined)
            fail_msg("%s: %zu", cases[i].what, f->observed);
        assert_int_equal(h->audited, !cases[i].joined);
        const st_proc *p = &f->procs[cases[i].windows < 3000 ? 1 : 0];
        assert_int_equal((p->flags & ST_P_AUDITED) != 0, cases[i].joined);
        if (((p->flags & ST_P_PARENT_DIFFERS) != 0) != cases[i].differs)
            fail_msg("%s: differs", cases[i].what);
        st_tree_free(f);
        end(&x);
    }
}

static void both__two_of_one_pid__each_its_nearest(void **state)
{
    (void)state;
    reading x = begin();
    recorded(&x, 1000, "100", "C:\\a.exe", "8", "");
    recorded(&x, 2000, "100", "C:\\a.exe", "8", "");
    audited(&x, 1010, "0x64", "C:\\a.exe", "0x8", "");
    audited(&x, 2010, "0x64", "C:\\a.exe", "0x8", "");
    audited(&x, 2020, "0x64", "C:\\a.exe", "0x8", ""); /* one too many: its own process */
    st_forest *f = forest_of(&x);
    assert_int_equal(f->observed, 3);
    assert_int_equal(f->hosts[0].joined, 2);
    assert_int_equal(f->hosts[0].hidden, 0); /* behind Sysmon's last record */
    st_tree_free(f);
    end(&x);
}

static void both__what_sysmon_left_empty__is_added(void **state)
{
    (void)state;
    reading x = begin();
    recorded(&x, 1000, "100", "C:\\a.exe", "8", "");
    put(&x, SECURITY, 4688, 1000,
        (const pair[]){ { "NewProcessId", "0x64" },
                        { "NewProcessName", "C:\\a.exe" },
                        { "ParentProcessName", "C:\\p.exe" },
                        { "CommandLine", "a -x" },
                        { "SubjectUserName", "ann" },
                        { "SubjectLogonId", "0x5" },
                        { NULL, NULL } });
    st_forest *f = forest_of(&x);
    const st_creations *c = &x.store->creations;
    uint32_t row = f->procs[0].row;
    assert_int_equal(c->provider[row], ST_SYSMON);
    assert_text(x.store, f->procs[0].command_line, "a -x");
    assert_text(x.store, c->parent_image[row], "C:\\p.exe");
    assert_text(x.store, c->user[row], "ann");
    assert_int_equal(c->logon_id[row], 5);
    st_tree_free(f);
    end(&x);
}

/* Windows' alone */

/* Where the process of an image lies. */
static const st_proc *named(const st_forest *f, const char *image)
{
    for (size_t i = 0; i < f->n; i++)
        if (st_str_eq(st_pool_get(f->pool, f->procs[i].image), st_str_of(image)))
            return &f->procs[i];
    fail_msg("no %s", image);
    return NULL;
}

static void alone__pid_and_time__link_at_most_inferred(void **state)
{
    static const struct {
        const char *what;
        uint64_t again; /* the parent's pid once more; 0: never */
        uint64_t ended; /* 4689 of the parent; 0: never */
        uint64_t boot;  /* 0: none between them */
        uint32_t boot_event;
        const char *ended_image, *says; /* what the child says of its parent's image */
        const char *want;               /* the parent's image; NULL: none */
    } cases[] = {
        { "a pid", 0, 0, 0, 0, "", "", "old" },
        { "a pid and an image", 0, 0, 0, 0, "", "OLD", "old" },
        { "ended before", 0, 2000, 0, 0, "old", "", NULL },
        { "another with that pid ended", 0, 2000, 0, 0, "else", "", "old" },
        { "ended after", 0, 9000, 0, 0, "old", "", "old" },
        { "the pid was given again", 3000, 0, 0, 0, "", "", "new" },
        { "again, of another image than said", 3000, 0, 0, 0, "", "old", "old" },
        { "a boot between", 0, 0, 3000, 4608, "", "", NULL },
        { "a log service that started between", 0, 0, 3000, 6005, "", "", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        audited(&x, 1000, "0x64", "old", "0x4", "");
        if (cases[i].again)
            audited(&x, cases[i].again, "0x64", "new", "0x4", "");
        if (cases[i].ended)
            put(&x, SECURITY, 4689, cases[i].ended,
                (const pair[]){ { "ProcessId", "0x64" },
                                { "ProcessName", cases[i].ended_image },
                                { NULL, NULL } });
        if (cases[i].boot)
            put(&x, cases[i].boot_event == 4608 ? SECURITY : "EventLog", cases[i].boot_event,
                cases[i].boot, NULL);
        audited(&x, 5000, "0xc8", "child", "0x64", cases[i].says);
        st_forest *f = forest_of(&x);
        const st_proc *child = named(f, "child");
        const st_proc *up = child->parent == ST_NO_NODE ? NULL : &f->procs[child->parent];
        bool observed = up && up->row != ST_NO_ROW;
        st_str image = up ? st_pool_get(f->pool, up->image) : ST_STR("");
        if (cases[i].again && cases[i].says[0]) {
            if (observed || !st_str_eq(image, ST_STR("old"))) /* only as the child names it */
                fail_msg("%s: %.*s", cases[i].what, ST_FMT(image));
        } else if (observed != (cases[i].want != NULL) ||
                   (observed && !st_str_eq(image, st_str_of(cases[i].want)))) {
            fail_msg("%s: %.*s", cases[i].what, ST_FMT(image));
        }
        if (up) {
            assert_int_equal(child->link, ST_LINK_INFERRED);
            assert_true(child->flags & ST_P_CROSSED);
            assert_true(st_tree_parent(f, (st_node)(child - f->procs), ST_TRUST_AUDITED) !=
                        ST_NO_NODE);
            assert_true(st_tree_parent(f, (st_node)(child - f->procs), ST_TRUST_NONE) ==
                        ST_NO_NODE);
        }
        st_tree_free(f);
        end(&x);
    }
}

/* What tells of one boot lies minutes apart, and early processes come before the log service. */
static void alone__early_processes__are_of_the_boot_that_follows(void **state)
{
    static const struct {
        uint64_t log;
        bool linked;
    } cases[] = { { 20000, true }, { 301000, true }, { 301001, false } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        audited(&x, 1000, "0x64", "C:\\Windows\\System32\\smss.exe", "0x4", "");
        audited(&x, 2000, "0x65", "services", "0x64", "");
        put(&x, "EventLog", 6005, cases[i].log, NULL);
        audited(&x, 400000, "0xc8", "child", "0x65", "");
        st_forest *f = forest_of(&x);
        assert_int_equal(named(f, "child")->link == ST_LINK_INFERRED, cases[i].linked);
        st_tree_free(f);
        end(&x);
    }
}

/* Sysmon's creations around one of Windows', in milliseconds. */
static void beside__spans_of_sysmon__say_which_edges_are_crossed(void **state)
{
    enum { SILENCE = 600000, CHILD = 2000000, NONE = 0 };
    static const struct {
        uint64_t before, after;
        bool crossed, unwatched;
    } cases[] = {
        { NONE, NONE, true, true },
        { CHILD - 1, NONE, true, false },                 /* stopped before it */
        { NONE, CHILD + 1, true, false },                 /* began behind it */
        { CHILD, NONE, false, false },                    /* in the same moment */
        { CHILD - 1, CHILD + SILENCE - 1, false, false }, /* a silence, and no more */
        { CHILD - 1, CHILD + SILENCE, true, false },
        { CHILD - SILENCE, NONE, true, false },
        { CHILD - SILENCE - 1, NONE, true, true },
        { NONE, CHILD + SILENCE, true, false },
        { NONE, CHILD + SILENCE + 1, true, true },
        { CHILD - SILENCE - 1, CHILD + SILENCE + 1, true, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        if (cases[i].before)
            recorded(&x, cases[i].before, "7", "C:\\z.exe", "8", "");
        if (cases[i].after)
            recorded(&x, cases[i].after, "9", "C:\\z.exe", "8", "");
        audited(&x, CHILD - 700, "0x64", "old", "0x4", "");
        audited(&x, CHILD, "0xc8", "child", "0x64", "");
        st_forest *f = forest_of(&x);
        const st_proc *child = named(f, "child");
        assert_int_equal(child->link, ST_LINK_INFERRED);
        if (!(child->flags & ST_P_CROSSED) != !cases[i].crossed ||
            !(child->flags & ST_P_UNWATCHED) != !cases[i].unwatched)
            fail_msg("case %zu: flags %x", i, child->flags);
        assert_int_equal(f->stats.crossed, cases[i].crossed);
        assert_int_equal(f->stats.inferred, 1);
        st_tree_free(f);
        end(&x);
    }
}

static void alone__records_of_one_number__are_told_apart_by_provider(void **state)
{
    (void)state;
    reading x = begin();
    put(&x, SYSMON, 1, 5, (const pair[]){ { "ProcessId", "9" }, { NULL, NULL } });
    x.records = 0;
    audited(&x, 5, "0x9", "a", "", "");
    st_forest *f = forest_of(&x);
    assert_int_equal(f->observed, 2);
    assert_int_equal(f->stats.conflicts, 0);
    st_tree_free(f);
    end(&x);
}

/* other events */

static void want_all(reading *x)
{
    x->store->wanted = st_event_set_all();
}

static void assert_event_text(const st_forest *f, size_t event, st_event_text t, const char *want)
{
    assert_text(f->store, st_event_text_of(f, &f->events[event], t), want);
}

static void part(reading *x, const char *script, const char *number, const char *total,
                 const char *text)
{
    put(x, "Microsoft-Windows-PowerShell", 4104, 10 + x->records,
        (const pair[]){ { "MessageNumber", number },
                        { "MessageTotal", total },
                        { "ScriptBlockText", text },
                        { "ScriptBlockId", script },
                        { "Path", "" },
                        { NULL, NULL } });
}

static void scripts__records_of_one_block__are_one_event(void **state)
{
    (void)state;
    reading x = begin();
    x.store->wanted = (st_event_set){ { 0 } };
    st_event_set_add(&x.store->wanted, (st_event_key){ ST_POWERSHELL, 4104 });
    part(&x, "a", "2", "3", "B");
    part(&x, "a", "1", "3", "A");
    part(&x, "b", "1", "1", "whole");
    part(&x, "a", "3", "3", "C");
    part(&x, "a", "3", "3", "C again");
    part(&x, "c", "2", "2", "tail");
    st_forest *f = forest_of(&x);
    assert_int_equal(f->nevents, 3);
    assert_event_text(f, 0, ST_T_script_text, "ABC");
    assert_event_text(f, 0, ST_T_message_number, "3");
    assert_event_text(f, 0, ST_T_message_total, "3");
    assert_event_text(f, 1, ST_T_script_text, "whole");
    assert_event_text(f, 2, ST_T_script_text, "tail"); /* the other part isn't there */
    assert_event_text(f, 2, ST_T_message_number, "1");
    st_tree_free(f);
    end(&x);
}

/* Each kind: its provider, a record, and what its Target's texts are then. */
static void kinds__of_each_provider__keep_their_texts(void **state)
{
    static const struct {
        const char *provider;
        uint32_t id;
        const char *name, *value;
        st_event_text text;
    } cases[] = {
        { SECURITY, 4624, "TargetUserName", "ann", ST_T_account_name },
        { SECURITY, 4625, "SubStatus", "0xc000006a", ST_T_sub_status },
        { SECURITY, 4634, "TargetLogonId", "0x5", ST_T_logon_session },
        { SECURITY, 4648, "TargetServerName", "DC1", ST_T_target_server },
        { SECURITY, 4697, "ServiceFileName", "C:\\s.exe", ST_T_service_file },
        { SECURITY, 4698, "TaskContent", "<Task/>", ST_T_task_content },
        { SECURITY, 4699, "TaskName", "\\t", ST_T_task_name },
        { SECURITY, 4700, "TaskName", "\\t", ST_T_task_name },
        { SECURITY, 4701, "TaskName", "\\t", ST_T_task_name },
        { SECURITY, 4702, "TaskContentNew", "<Task/>", ST_T_task_content },
        { "Service Control Manager", 7045, "ImagePath", "C:\\s.exe", ST_T_service_file },
        { "Microsoft-Windows-TaskScheduler", 106, "UserContext", "PC\\ann", ST_T_task_user },
        { "Microsoft-Windows-TaskScheduler", 141, "UserName", "PC\\ann", ST_T_task_user },
        { "Microsoft-Windows-PowerShell", 4103, "Payload", "x", ST_T_payload },
        { "Microsoft-Windows-Windows Defender", 1116, "Threat Name", "x", ST_T_threat },
        { "Microsoft-Windows-Windows Defender", 1117, "Action Name", "x", ST_T_taken_action },
        { "Microsoft-Windows-Bits-Client", 59, "url", "http://a/", ST_T_url },
        { "Microsoft-Windows-Bits-Client", 60, "bytesTransferred", "5", ST_T_bytes_moved },
        { "Microsoft-Windows-WinRM", 6, "connection", "dc1", ST_T_connection },
        { "Microsoft-Windows-WinRM", 91, "resourceUri", "u", ST_T_resource },
        { "Microsoft-Windows-TerminalServices-RemoteConnectionManager", 1149, "Param3",
          "203.0.113.9", ST_T_ip_address },
        { "Microsoft-Windows-TerminalServices-LocalSessionManager", 21, "Address", "203.0.113.9",
          ST_T_ip_address },
        { "Microsoft-Windows-TerminalServices-LocalSessionManager", 25, "User", "PC\\ann",
          ST_T_user },
        { "Microsoft-Windows-Eventlog", 104, "Channel", "System", ST_T_cleared_log },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        want_all(&x);
        put(&x, cases[i].provider, cases[i].id, 5,
            (const pair[]){ { cases[i].name, cases[i].value }, { NULL, NULL } });
        st_forest *f = forest_of(&x);
        size_t at = 0;
        while (at < f->nevents && st_event_kind_at(f->events[at].kind)->key.provider == ST_LOGS)
            at++;
        if (at == f->nevents)
            fail_msg("%s %u: no event", cases[i].provider, cases[i].id);
        assert_event_text(f, at, cases[i].text, cases[i].value);
        assert_int_equal(f->nevents, 2); /* and whole */
        st_tree_free(f);
        end(&x);
    }
}

static void kinds__of_all_providers__are_counted(void **state)
{
    size_t n = 0;
    (void)state;
    for (size_t i = 0; st_provider_at(i); i++)
        n += st_provider_at(i)->nkinds;
    assert_int_equal(st_event_kinds(), n);
    assert_true(n <= ST_MAX_EVENT_KINDS);
    assert_int_equal(st_event_kind_of((st_event_key){ ST_LOGS, 0 }), n - ST_LOG_KINDS);
}

/* A name that is none of ours, told by its GUID. */
static void provider__of_another_name__each_time_by_its_guid(void **state)
{
    static const unsigned char sysmons[16] = { 0x5f, 0x38, 0x70, 0x57, 0x2a, 0xc2, 0xe0, 0x43,
                                               0xbf, 0x4c, 0x06, 0xf5, 0x69, 0x8f, 0xfb, 0xd9 },
                               others[16] = { 1 };
    const st_value mine = { .p = sysmons, .n = 16, .type = ST_V_GUID },
                   other = { .p = others, .n = 16, .type = ST_V_GUID };
    st_record r = { .provider = text_value("Renamed") };
    st_recent last = { .n = 0 };
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        r.provider_guid = other;
        assert_int_equal(st_provider_known(&r, &last), ST_PROVIDERS);
        assert_int_equal(st_provider_known(&r, &last), ST_PROVIDERS);
        r.provider_guid = (st_value){ 0 };
        assert_int_equal(st_provider_known(&r, &last), ST_PROVIDERS);
        r.provider_guid = mine;
        assert_int_equal(st_provider_known(&r, &last), ST_SYSMON);
    }
}

static void whole__by_log__each_in_its_kind(void **state)
{
    static const struct {
        const char *provider;
        uint16_t kind;
    } cases[] = { { SECURITY, ST_LOG_SECURITY }, { SYSMON, ST_LOG_SYSMON } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading x = begin();
        want_all(&x);
        put(&x, cases[i].provider, 9999, 5, (const pair[]){ { "A", "b" }, { NULL, NULL } });
        for (uint16_t k = ST_LOG_SECURITY; k < ST_LOG_KINDS; k++)
            assert_int_equal(x.store->events[st_event_kind_of((st_event_key){ ST_LOGS, k })].n,
                             k == cases[i].kind);
        end(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audited__all_fields__are_a_creations),
        cmocka_unit_test(audited__of_another_account__runs_as_that),
        cmocka_unit_test(audited__neither_pid_nor_image__is_counted_alone),
        cmocka_unit_test(audited__label__in_sysmons_words),
        cmocka_unit_test(both__host_pid_image_and_two_seconds__are_one),
        cmocka_unit_test(both__two_of_one_pid__each_its_nearest),
        cmocka_unit_test(both__what_sysmon_left_empty__is_added),
        cmocka_unit_test(alone__pid_and_time__link_at_most_inferred),
        cmocka_unit_test(alone__early_processes__are_of_the_boot_that_follows),
        cmocka_unit_test(beside__spans_of_sysmon__say_which_edges_are_crossed),
        cmocka_unit_test(alone__records_of_one_number__are_told_apart_by_provider),
        cmocka_unit_test(scripts__records_of_one_block__are_one_event),
        cmocka_unit_test(kinds__of_each_provider__keep_their_texts),
        cmocka_unit_test(kinds__of_all_providers__are_counted),
        cmocka_unit_test(provider__of_another_name__each_time_by_its_guid),
        cmocka_unit_test(whole__by_log__each_in_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
