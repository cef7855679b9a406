/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reshape.c - paths of collectors that flatten an event or rename its parts, made those of the
 * event itself, before anything else looks at them: Wazuh, Graylog, GELF, OpenTelemetry, PowerShell
 * and others.
 */
#include "carriers.h"

#include <string.h>

typedef struct shape {
    const char *from, *to; /* the whole path; of one that ends in '.' or '_' its beginning */
} shape;

/* Wazuh's decoder of the event channel: names begin with a small letter. */
static const shape WAZUH[] = {
    { "data.win.eventdata.", "EventData." },
    { "data.win.system.providerName", "System.Provider.Name" },
    { "data.win.system.providerGuid", "System.Provider.Guid" },
    { "data.win.system.eventID", "System.EventID" },
    { "data.win.system.version", "System.Version" },
    { "data.win.system.level", "System.Level" },
    { "data.win.system.task", "System.Task" },
    { "data.win.system.opcode", "System.Opcode" },
    { "data.win.system.keywords", "System.Keywords" },
    { "data.win.system.systemTime", "System.TimeCreated.SystemTime" },
    { "data.win.system.eventRecordID", "System.EventRecordID" },
    { "data.win.system.processID", "System.Execution.ProcessID" },
    { "data.win.system.threadID", "System.Execution.ThreadID" },
    { "data.win.system.channel", "System.Channel" },
    { "data.win.system.computer", "System.Computer" },
};

/* Graylog writes '_' for '.', behind the name of the Beat or not; Winlogbeat 7 and later, 6. */
static const shape GRAYLOG[] = {
    { "winlog_event_data_", "EventData." },
    { "event_data_", "EventData." },
    { "winlog_event_id", "System.EventID" },
    { "event_id", "System.EventID" },
    { "winlog_provider_name", "System.Provider.Name" },
    { "source_name", "System.Provider.Name" },
    { "winlog_provider_guid", "System.Provider.Guid" },
    { "provider_guid", "System.Provider.Guid" },
    { "winlog_channel", "System.Channel" },
    { "log_name", "System.Channel" },
    { "winlog_computer_name", "System.Computer" },
    { "computer_name", "System.Computer" },
    { "winlog_record_id", "System.EventRecordID" },
    { "record_number", "System.EventRecordID" },
    { "winlog_process_pid", "System.Execution.ProcessID" },
    { "winlog_process_thread_id", "System.Execution.ThreadID" },
    { "winlog_user_identifier", "System.Security.UserID" },
    { "winlog_version", "System.Version" },
};

/* Promtail's and Alloy's lines. The event's data is its own XML; user_data repeats it. */
static const shape PROMTAIL[] = {
    { "source", "System.Provider.Name" },
    { "channel", "System.Channel" },
    { "computer", "System.Computer" },
    { "event_id", "System.EventID" },
    { "version", "System.Version" },
    { "level", "System.Level" },
    { "task", "System.Task" },
    { "opCode", "System.Opcode" },
    { "timeCreated", "System.TimeCreated.SystemTime" },
    { "eventRecordID", "System.EventRecordID" },
    { "execution.processId", "System.Execution.ProcessID" },
    { "execution.threadId", "System.Execution.ThreadID" },
    { "security.userId", "System.Security.UserID" },
};

/* OpenTelemetry's receiver; the data in a list of objects, or in one. */
static const shape OTEL[] = {
    { "event_data.data.", "EventData." },
    { "event_data.data", "EventData.Data" },
    { "event_data.", "EventData." },
    { "provider.name", "System.Provider.Name" },
    { "provider.guid", "System.Provider.Guid" },
    { "channel", "System.Channel" },
    { "computer", "System.Computer" },
    { "event_id.id", "System.EventID" },
    { "event_id", "System.EventID" },
    { "version", "System.Version" },
    { "record_id", "System.EventRecordID" },
    { "system_time", "System.TimeCreated.SystemTime" },
    { "execution.process_id", "System.Execution.ProcessID" },
    { "execution.thread_id", "System.Execution.ThreadID" },
    { "security.user_id", "System.Security.UserID" },
};

/* Vector's source of Windows' logs. */
static const shape VECTOR[] = {
    { "event_data.", "EventData." },
    { "string_inserts", "EventData.Data" },
    { "provider_name", "System.Provider.Name" },
    { "provider_guid", "System.Provider.Guid" },
    { "channel", "System.Channel" },
    { "computer", "System.Computer" },
    { "event_id", "System.EventID" },
    { "version", "System.Version" },
    { "level_value", "System.Level" },
    { "task", "System.Task" },
    { "opcode", "System.Opcode" },
    { "keywords", "System.Keywords" },
    { "record_id", "System.EventRecordID" },
    { "timestamp", "System.TimeCreated.SystemTime" },
    { "process_id", "System.Execution.ProcessID" },
    { "thread_id", "System.Execution.ThreadID" },
    { "user_id", "System.Security.UserID" },
};

/* Objects of PowerShell's Get-WinEvent; Amazon's agent uses some of their names. */
static const shape POWERSHELL[] = {
    { "Properties.Value", "EventData.Data" },
    { "ProviderName", "System.Provider.Name" },
    { "ProviderId", "System.Provider.Guid" },
    { "LogName", "System.Channel" },
    { "MachineName", "System.Computer" },
    { "Id", "System.EventID" },
    { "EventId", "System.EventID" },
    { "Version", "System.Version" },
    { "Level", "System.Level" },
    { "Task", "System.Task" },
    { "Opcode", "System.Opcode" },
    { "RecordId", "System.EventRecordID" },
    { "Index", "System.EventRecordID" },
    { "TimeCreated", "System.TimeCreated.SystemTime" },
    { "TimeCreated.value", "System.TimeCreated.SystemTime" },
    { "ProcessId", "System.Execution.ProcessID" },
    { "ThreadId", "System.Execution.ThreadID" },
    { "UserId", "System.Security.UserID" },
    { "UserId.Value", "System.Security.UserID" },
};

/* osquery's table windows_events; the event's data is JSON in a text. */
static const shape OSQUERY[] = {
    { "source", "System.Channel" },
    { "provider_name", "System.Provider.Name" },
    { "provider_guid", "System.Provider.Guid" },
    { "computer_name", "System.Computer" },
    { "eventid", "System.EventID" },
    { "datetime", "System.TimeCreated.SystemTime" },
    { "level", "System.Level" },
    { "task", "System.Task" },
    { "keywords", "System.Keywords" },
    { "pid", "System.Execution.ProcessID" },
    { "tid", "System.Execution.ThreadID" },
    { "data", "data" },
};

/* Log Parser's times are those of its own zone, and stay away. */
static const shape LOG_PARSER[] = {
    { "EventLog", "System.Channel" },           { "SourceName", "System.Provider.Name" },
    { "ComputerName", "System.Computer" },      { "EventID", "System.EventID" },
    { "RecordNumber", "System.EventRecordID" }, { "SID", "System.Security.UserID" },
    { "TimeGenerated", "System.Local" },        { "Strings", "EventData.Data" },
};

/* plaso's objects. */
static const shape PLASO[] = {
    { "source_name", "System.Provider.Name" },
    { "provider_identifier", "System.Provider.Guid" },
    { "computer_name", "System.Computer" },
    { "event_identifier", "System.EventID" },
    { "event_version", "System.Version" },
    { "event_level", "System.Level" },
    { "record_number", "System.EventRecordID" },
    { "user_sid", "System.Security.UserID" },
    { "timestamp", "System.TimeCreated.SystemTime" },
    { "strings", "EventData.Data" },
};

/* The lines above the message in Splunk's events that are texts. */
static const shape HEADINGS[] = {
    { "LogName", "System.Channel" },
    { "SourceName", "System.Provider.Name" },
    { "EventCode", "System.EventID" },
    { "ComputerName", "System.Computer" },
    { "Sid", "System.Security.UserID" },
    { "RecordNumber", "System.EventRecordID" },
    { "Message", "Message" },
};

/* Fluent Bit gives values in their order. */
static const shape FLUENT_BIT[] = {
    { "StringInserts", "EventData.Data" },
    { "ProcessID", "System.Execution.ProcessID" },
    { "ThreadID", "System.Execution.ThreadID" },
};

/* Telegraf writes '_' between an element and what is in it. */
static const shape TELEGRAF[] = { { "Data_", "EventData." } };

/* Fields of GELF that aren't its own begin with '_'. */
static const shape GELF[] = { { "_", "" } };

static const struct {
    const char *mark; /* a path that only this collector has, or the beginning of one */
    const char *head; /* what stands before each path; may be missing */
    const shape *shapes;
    size_t n;
} COLLECTORS[] = {
    { "data.win.system.", "", WAZUH, sizeof WAZUH / sizeof WAZUH[0] },
    { "winlogbeat_winlog_", "winlogbeat_", GRAYLOG, sizeof GRAYLOG / sizeof GRAYLOG[0] },
    { "winlogbeat_event_", "winlogbeat_", GRAYLOG, sizeof GRAYLOG / sizeof GRAYLOG[0] },
    { "winlog_event_", "", GRAYLOG, sizeof GRAYLOG / sizeof GRAYLOG[0] },
    { "short_message", "", GELF, 1 },
    { "eventRecordID", "", PROMTAIL, sizeof PROMTAIL / sizeof PROMTAIL[0] },
    { "system_time", "", OTEL, sizeof OTEL / sizeof OTEL[0] },
    { "columns.eventid", "columns.", OSQUERY, sizeof OSQUERY / sizeof OSQUERY[0] },
    { "eventid", "", OSQUERY, sizeof OSQUERY / sizeof OSQUERY[0] },
    { "provider_name", "", VECTOR, sizeof VECTOR / sizeof VECTOR[0] },
    { "MachineName", "", POWERSHELL, sizeof POWERSHELL / sizeof POWERSHELL[0] },
    { "Strings", "", LOG_PARSER, sizeof LOG_PARSER / sizeof LOG_PARSER[0] },
    { "event_identifier", "", PLASO, sizeof PLASO / sizeof PLASO[0] },
    { "StringInserts", "", FLUENT_BIT, sizeof FLUENT_BIT / sizeof FLUENT_BIT[0] },
    { "Data_UtcTime", "", TELEGRAF, 1 },
};

static st_str behind_head(st_str s, const char *head)
{
    size_t n = strlen(head);
    return st_str_starts(s, st_str_of(head)) ? (st_str){ s.p + n, s.n - n } : s;
}

/* What the path is without what a search engine or a collector puts before it. */
static st_str inner_path(st_str path)
{
    return behind_head(behind_head(behind_head(path, "_source."), "fields."), "body.");
}

static bool is_beginning(const char *from)
{
    char last = from[strlen(from) - 1];
    return last == '.' || last == '_';
}

static bool ends_in(st_str s, const char *tail)
{
    size_t n = strlen(tail);
    return s.n >= n && memcmp(s.p + s.n - n, tail, n) == 0;
}

static st_str joined(st_values *v, st_str base, const char *head, st_str tail, bool upper)
{
    st_buf b = { 0 };
    st_buf_str(&b, base);
    st_buf_str(&b, st_str_of(head));
    size_t at = b.n;
    st_buf_str(&b, tail);
    if (upper && b.n > at)
        b.p[at] = st_ascii_upper(b.p[at]);
    st_str s = st_arena_copy(&v->arena, st_buf_slice(&b));
    v->failed |= b.failed || !s.p;
    st_buf_free(&b);
    return s;
}

/* Wazuh's values */

/* Have all paths of Windows in the fields two backslashes behind the drive? */
static bool is_doubled(const st_values *v)
{
    bool any = false;
    for (size_t i = 0; i < v->n; i++) {
        st_str s = v->list[i].value;
        for (const char *at = s.p, *end = s.p + s.n;
             at && (at = memmem(at, (size_t)(end - at), ":\\", 2)) != NULL; at += 2) {
            if (at + 2 >= end || at[2] != '\\')
                return false;
            any = true;
        }
    }
    return any;
}

static st_str undoubled(st_values *v, st_str s)
{
    st_buf b = { 0 };
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '\\' || s.p[i + 1] == '"'))
            i++;
        st_buf_char(&b, s.p[i]);
    }
    st_str copy = st_arena_copy(&v->arena, st_buf_slice(&b));
    v->failed |= b.failed || !copy.p;
    st_buf_free(&b);
    return copy;
}

/* texts that hold several values */

/* Log Parser puts '|' between an event's values. */
static void split_strings(st_values *v)
{
    for (size_t i = 0, n = v->n; i < n && !v->failed; i++) {
        if (!st_str_eq(v->list[i].path, ST_STR("Strings")))
            continue;
        st_str rest = v->list[i].value, part;
        v->list[i].end = true; /* it is no value any more */
        while (st_str_cut(&rest, '|', &part))
            st_values_put(v, ST_STR("Strings"), part, false);
        return;
    }
}

/* Splunk's events as texts: a date, lines of names and values, and the message to the end. */
static void split_headings(st_values *v)
{
    static const char mark[] = "\nLogName=", message[] = "Message=";
    for (size_t i = 0, n = v->n; i < n && !v->failed; i++) {
        st_str rest = v->list[i].value, base = v->list[i].path, line;
        if (!ends_in(base, "_raw") || !rest.n || !memmem(rest.p, rest.n, mark, sizeof mark - 1))
            continue;
        base.n -= sizeof "_raw" - 1;
        while (st_str_cut(&rest, '\n', &line)) {
            const char *equals = line.n ? memchr(line.p, '=', line.n) : NULL;
            if (!equals)
                continue;
            bool last = st_str_starts(line, st_str_of(message));
            st_str name = { line.p, (size_t)(equals - line.p) };
            st_str value = { equals + 1, line.n - name.n - 1 };
            if (last)
                value.n += rest.n + (rest.n ? 1 : 0);
            for (size_t k = 0; k < sizeof HEADINGS / sizeof HEADINGS[0]; k++)
                if (st_str_eq(name, st_str_of(HEADINGS[k].from)))
                    st_values_put(v, joined(v, base, HEADINGS[k].to, ST_STR(""), false), value,
                                  false);
            if (last)
                return;
        }
    }
}

/* all */

static void reshape_one(st_values *v, st_pair *p, const char *head, const shape *shapes, size_t n,
                        bool doubled)
{
    st_str inner = inner_path(p->path), path = behind_head(inner, head);
    st_str base = { p->path.p, (size_t)(inner.p - p->path.p) };
    for (size_t i = 0; i < n; i++) {
        st_str from = st_str_of(shapes[i].from);
        bool part = is_beginning(shapes[i].from) && path.n > from.n;
        if (part ? !st_str_starts(path, from) : !st_str_eq(path, from))
            continue;
        st_str tail = { path.p + from.n, path.n - from.n };
        p->path = joined(v, base, shapes[i].to, tail, shapes == WAZUH && part);
        if (doubled && part)
            p->value = undoubled(v, p->value);
        return;
    }
}

/* OTLP spells an object as a list of keys and values that say their type: back to paths. */
#define OTLP_LIST "kvlistValue.values"

static void join_names(st_values *v, st_pair *p, const st_str *names, size_t n)
{
    st_buf b = { 0 };
    st_buf_str(&b, ST_STR("body"));
    for (size_t i = 0; i < n; i++) {
        st_buf_char(&b, '.');
        st_buf_str(&b, names[i]);
    }
    p->path = st_arena_copy(&v->arena, st_buf_slice(&b));
    v->failed |= b.failed || !p->path.p;
    st_buf_free(&b);
}

static size_t count_of(st_str s, const char *word)
{
    size_t n = 0, length = strlen(word);
    for (const char *at = s.p, *end = s.p + s.n;
         at && (at = memmem(at, (size_t)(end - at), word, length)) != NULL; at += length)
        n++;
    return n;
}

static void undo_otlp(st_values *v)
{
    enum { DEEPEST = 8 };
    st_str names[DEEPEST] = { { 0 } };
    for (size_t i = 0; i < v->n && !v->failed; i++) {
        st_pair *p = &v->list[i];
        size_t level = count_of(p->path, OTLP_LIST);
        if (p->end || !st_str_starts(p->path, ST_STR("body.")) || level > DEEPEST)
            continue;
        if (level && ends_in(p->path, OTLP_LIST ".key"))
            names[level - 1] = p->value;
        else if (ends_in(p->path, "Value"))
            join_names(v, p, names, level);
    }
}

static void reshape_otlp(st_values *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (st_str_starts(v->list[i].path, ST_STR("body." OTLP_LIST)) ||
            st_str_eq(v->list[i].path, ST_STR("body.stringValue"))) {
            undo_otlp(v);
            return;
        }
}

/* Elasticsearch has a text twice, once under its name and ".keyword". */
static void drop_keyword(st_values *v, st_pair *p)
{
    static const char end[] = ".keyword";
    enum { N = sizeof end - 1 };
    if (p->path.n <= N || memcmp(p->path.p + p->path.n - N, end, N) != 0)
        return;
    p->path.n -= N;
    for (size_t i = 0; i < v->n; i++)
        if (&v->list[i] != p && st_str_eq(v->list[i].path, p->path)) {
            p->path.n = 0;
            return;
        }
}

void st_values_reshape(st_values *v)
{
    for (size_t i = 0; i < v->n; i++)
        drop_keyword(v, &v->list[i]);
    reshape_otlp(v);
    split_strings(v);
    split_headings(v);
    for (size_t k = 0; k < sizeof COLLECTORS / sizeof COLLECTORS[0]; k++) {
        bool found = false;
        for (size_t i = 0; i < v->n && !found; i++)
            found = st_str_starts(inner_path(v->list[i].path), st_str_of(COLLECTORS[k].mark));
        if (!found)
            continue;
        bool doubled = COLLECTORS[k].shapes == WAZUH && is_doubled(v);
        for (size_t i = 0; i < v->n && !v->failed; i++)
            reshape_one(v, &v->list[i], COLLECTORS[k].head, COLLECTORS[k].shapes, COLLECTORS[k].n,
                        doubled);
        return;
    }
}
