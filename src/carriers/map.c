/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.c - values with paths in, a record out. One table says where each dialect keeps what; which
 * dialect it is, nobody asks: a path that isn't there gives nothing, and the first that is there
 * counts.
 */
#include "map.h"

#include <string.h>

/* System */

/* Paths without what an exporter puts around an event (BASES). In the order of preference. */
static const struct {
    const char *path;
    part part;
} PATHS[] = {
    /* evtx_dump, with attributes inside and apart; xmltodict; Velociraptor */
    { "System.Provider.#attributes.Name", P_PROVIDER },
    { "System.Provider_attributes.Name", P_PROVIDER },
    { "System.Provider.@Name", P_PROVIDER },
    { "System.Provider.Name", P_PROVIDER },
    { "System.Provider.#attributes.Guid", P_GUID },
    { "System.Provider_attributes.Guid", P_GUID },
    { "System.Provider.@Guid", P_GUID },
    { "System.Provider.Guid", P_GUID },
    { "System.Channel", P_CHANNEL },
    { "System.Channel.#text", P_CHANNEL },
    { "System.Computer", P_COMPUTER },
    { "System.Computer.#text", P_COMPUTER },
    { "System.Security.#attributes.UserID", P_SID },
    { "System.Security_attributes.UserID", P_SID },
    { "System.Security.@UserID", P_SID },
    { "System.Security.UserID", P_SID },
    { "System.EventID", P_EVENT_ID },
    { "System.EventID.#text", P_EVENT_ID },
    { "System.EventID.Value", P_EVENT_ID },
    { "System.Version", P_VERSION },
    { "System.Level", P_LEVEL },
    { "System.Task", P_TASK },
    { "System.Opcode", P_OPCODE },
    { "System.Keywords", P_KEYWORDS },
    { "System.TimeCreated.#attributes.SystemTime", P_TIME },
    { "System.TimeCreated_attributes.SystemTime", P_TIME },
    { "System.TimeCreated.@SystemTime", P_TIME },
    { "System.TimeCreated.SystemTime", P_TIME },
    { "System.EventRecordID", P_RECORD_ID },
    { "System.EventRecordID.#text", P_RECORD_ID },
    { "System.Execution.#attributes.ProcessID", P_PID },
    { "System.Execution_attributes.ProcessID", P_PID },
    { "System.Execution.@ProcessID", P_PID },
    { "System.Execution.ProcessID", P_PID },
    { "System.Execution.#attributes.ThreadID", P_TID },
    { "System.Execution_attributes.ThreadID", P_TID },
    { "System.Execution.@ThreadID", P_TID },
    { "System.Execution.ThreadID", P_TID },
    /* Winlogbeat 7 and later, 6 */
    { "winlog.provider_name", P_PROVIDER },
    { "winlog.provider_guid", P_GUID },
    { "winlog.channel", P_CHANNEL },
    { "winlog.computer_name", P_COMPUTER },
    { "winlog.user.identifier", P_SID },
    { "winlog.event_id", P_EVENT_ID },
    { "winlog.version", P_VERSION },
    { "winlog.record_id", P_RECORD_ID },
    { "winlog.process.pid", P_PID },
    { "winlog.process.thread.id", P_TID },
    { "source_name", P_PROVIDER },
    { "provider_guid", P_GUID },
    { "log_name", P_CHANNEL },
    { "computer_name", P_COMPUTER },
    { "user.identifier", P_SID },
    { "event_id", P_EVENT_ID },
    { "record_number", P_RECORD_ID },
    { "process_id", P_PID },
    { "thread_id", P_TID },
    { "event.provider", P_PROVIDER },
    { "event.code", P_EVENT_ID },
    { "winlog.time_created", P_TIME },
    /* NXLog and OTRF; EvtxECmd; Velociraptor, flat */
    { "SourceName", P_PROVIDER },
    { "Provider", P_PROVIDER },
    { "ProviderName", P_PROVIDER },
    { "Provider_Name", P_PROVIDER },
    { "EventSourceName", P_PROVIDER }, /* Azure's table SecurityEvent */
    { "ProviderGuid", P_GUID },
    { "Channel", P_CHANNEL },
    { "Computer", P_COMPUTER },
    { "Hostname", P_COMPUTER },
    { "host.name", P_COMPUTER },
    { "UserSID", P_SID },
    { "UserID", P_SID },
    { "UserId", P_SID },
    { "EventID", P_EVENT_ID },
    { "EventID.Value", P_EVENT_ID },
    { "EventId", P_EVENT_ID },
    { "Version", P_VERSION },
    { "Level", P_LEVEL },
    { "Task", P_TASK },
    { "TimeCreated", P_TIME },
    { "TimeCreated.SystemTime", P_TIME },
    { "EventTime", P_TIME },
    { "UtcTimeCreated", P_TIME },
    { "EventRecordID", P_RECORD_ID },
    { "EventRecordId", P_RECORD_ID },
    { "RecordNumber", P_RECORD_ID },
    { "RecordID", P_RECORD_ID },
    /* Splunk, fields that it took out of the event */
    { "EventCode", P_EVENT_ID },
    { "ComputerName", P_COMPUTER },
    { "EventChannel", P_CHANNEL },
    { "LogName", P_CHANNEL },
    { "SystemTime", P_TIME },
    { "source", P_CHANNEL }, /* with the way it came in before it, "XmlWinEventLog:" */
    { "ExecutionProcessID", P_PID },
    { "ThreadID", P_TID },
    { "ThreadId", P_TID },
    /* Azure's tables Event and WindowsEvent */
    { "EventLog", P_CHANNEL },
    { "Source", P_PROVIDER },
    { "TimeGenerated", P_TIME },
    { "TimeGenerated [UTC]", P_TIME },
    { "SystemProcessId", P_PID },
    { "SystemThreadId", P_TID },
    { "@timestamp", P_TIME }, /* of a flat record: when it was taken in, not when it was written */
    /* what such flat records have beside the event's own fields */
    { "@version", P_NONE },
    { "tags", P_NONE },
    { "type", P_NONE },
    { "port", P_NONE },
    { "host", P_NONE },
    { "Message", P_NONE },
    { "message", P_NONE },
    { "Severity", P_NONE },
    { "SeverityValue", P_NONE },
    { "EventType", P_NONE },
    { "EventReceivedTime", P_NONE },
    { "SourceModuleName", P_NONE },
    { "SourceModuleType", P_NONE },
    { "Keywords", P_NONE },
    { "Opcode", P_NONE },
    { "OpcodeValue", P_NONE },
    { "Category", P_NONE },
    { "AccountName", P_NONE },
    { "AccountType", P_NONE },
    { "Domain", P_NONE },
    { "_time", P_NONE },
    { "_cd", P_NONE },
    { "_serial", P_NONE },
    { "_sourcetype", P_NONE },
    { "_si", P_NONE },
    { "_bkt", P_NONE },
    { "index", P_NONE },
    { "linecount", P_NONE },
    { "punct", P_NONE },
    { "sourcetype", P_NONE },
    { "splunk_server", P_NONE },
    { "timestamp", P_NONE },
    { "TenantId", P_NONE },
    { "SourceSystem", P_NONE },
    { "ManagementGroupName", P_NONE },
    { "MG", P_NONE },
    { "Activity", P_NONE },
    { "Account", P_NONE },
    { "SubjectAccount", P_NONE },
    { "TargetAccount", P_NONE },
    { "_ResourceId", P_NONE },
    { "_ItemId", P_NONE },
    { "SourceComputerId", P_NONE },
    { "EventOriginId", P_NONE },
};
enum { NPATHS = sizeof PATHS / sizeof PATHS[0] };

/* What an exporter puts around an event, and what then is beneath it; the longer first. */
static const struct {
    const char *base, *mark;
} BASES[] = {
    { "_source.Event.", "_source.Event." },
    { "_source.", "_source." },
    { "fields.", "fields." },
    { "result.", "result." },
    { "Event.", "Event." },
    { "event_log.", "event_log." },
    { "body.", "body.System." },
    { "event.EVENT.", "event.EVENT." }, /* LimaCharlie */
    { "event.Event.", "event.Event." },
    { "event.", "event.System." }, /* Splunk's collector */
    { "event.", "event.EventID" },
};

/* Where the event's own fields are: what is behind is the name. */
static const char *const DATA[] = { "EventData.", "winlog.event_data.", "winlog.user_data.",
                                    "event_data.", "user_data." };

/* Values that may hold a part of the event as JSON in a text, and what the paths in it are below:
 * EvtxECmd's Payload, cells of Velociraptor's tables, bindings of evtx_dump. */
static const struct {
    const char *path, *prefix;
    bool xml; /* or as XML */
} TEXTS[] = {
    { "Payload", "", false },
    { "EventData", "EventData", true },
    { "UserData", "UserData", false },
    { "System", "System", false },
    { "data", "", false },
    { "winlog.event_data", "event_data", false },
    { "event_data", "event_data", true },
};

static bool starts(st_str s, const char *head)
{
    return st_str_starts(s, st_str_of(head));
}

static st_str behind(st_str s, size_t n)
{
    return (st_str){ s.p + n, s.n - n };
}

/* fields */

void st_map_put(mapping *m, st_str name, st_str value)
{
    st_carrying *c = m->c;
    if (c->nfields >= ST_MAX_FIELDS || !name.n)
        return;
    if (!st_grow(&c->fields, &c->fields_cap, c->nfields + 1, sizeof *c->fields)) {
        m->failed = true;
        return;
    }
    c->fields[c->nfields++] = (st_field){
        .name = name,
        .id = c->ops->name_id ? c->ops->name_id(name) : 0,
        .value = { .p = (const unsigned char *)value.p, .n = (uint32_t)value.n, .type = ST_V_TEXT }
    };
}

bool st_map_has(const mapping *m, const char *name)
{
    for (size_t i = 0; i < m->c->nfields; i++)
        if (st_str_eq(m->c->fields[i].name, st_str_of(name)))
            return true;
    return false;
}

st_str st_map_made(mapping *m, const st_buf *b)
{
    st_str s = st_arena_copy(&m->c->arena, st_buf_slice(b));
    m->failed |= !s.p || b->failed;
    return s;
}

static void put_unnamed(mapping *m, st_str value)
{
    st_buf b = { 0 };
    st_buf_fmt(&b, "Data%u", ++m->unnamed);
    st_map_put(m, st_map_made(m, &b), value);
    st_buf_free(&b);
}

/* EventData.Data: texts without names, or objects of a name and a text. */
static void put_data(mapping *m, st_str rest, const st_pair *p)
{
    static const char *const names[] = { ".@Name", ".Name", ".#attributes.Name" };
    static const char *const texts[] = { ".#text", ".text", ".Value", ".$", ".content" };
    if (p->end) {
        if (m->item_name.n)
            st_map_put(m, m->item_name, m->item_text.p ? m->item_text : ST_STR(""));
        else if (m->item_text.p)
            put_unnamed(m, m->item_text);
        m->item_name = m->item_text = (st_str){ 0 };
        return;
    }
    if (!rest.n) {
        put_unnamed(m, p->value);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (st_str_eq(rest, st_str_of(names[i])))
            m->item_name = p->value;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (st_str_eq(rest, st_str_of(texts[i]))) {
            if (m->item_text.p) { /* a list of texts in one element */
                put_unnamed(m, m->item_text);
            }
            m->item_text = p->value;
        }
}

static bool is_attribute(st_str name)
{
    return !name.n || name.p[0] == '#' || name.p[0] == '@' || starts(name, "xmlns");
}

/* A value at base + path, if that is one of the event's own. */
static bool own_field(mapping *m, st_str path, const st_pair *p)
{
    static const char user[] = "UserData.";
    for (size_t i = 0; i < sizeof DATA / sizeof DATA[0]; i++) {
        if (!starts(path, DATA[i]))
            continue;
        st_str name = behind(path, strlen(DATA[i]));
        if (starts(name, "Data") && (name.n == 4 || name.p[4] == '.'))
            put_data(m, behind(name, 4), p);
        else if (!p->end && !is_attribute(name))
            st_map_put(m, name, p->value);
        return true;
    }
    if (st_str_eq(path, ST_STR("EventData")) && !p->end && st_map_count(m, "EventData") > 1) {
        put_unnamed(m, p->value);
        return true;
    }
    if (!starts(path, user))
        return false;
    const char *dot = memrchr(path.p, '.', path.n);
    st_str leaf = behind(path, (size_t)(dot + 1 - path.p));
    if (!p->end && !is_attribute(leaf)) {
        st_map_put(m, leaf, p->value);
        m->r.user_data = true;
    }
    return true;
}

/* System */

/* True: a path of the table. */
static bool system_part(mapping *m, st_str path, st_str value)
{
    for (size_t i = 0; i < NPATHS; i++) {
        if (path.n == 0 || path.p[0] != PATHS[i].path[0] ||
            !st_str_eq(path, st_str_of(PATHS[i].path)))
            continue;
        part k = PATHS[i].part;
        uint64_t number;
        if (k == P_VERSION && m->flat && !st_str_u64(value, &number))
            return false; /* the field of that name, of Sysmon's service */
        if (k != P_NONE && value.n && (!m->rank[k] || m->rank[k] > i + 1)) {
            m->parts[k] = value;
            m->rank[k] = i + 1;
        }
        return true;
    }
    return false;
}

/* A time that says where it is, or one that is UTC by the carrier's own word. */
static st_ticks time_of(const mapping *m, st_str s)
{
    st_ticks t = 0;
    bool zoned = s.n && (s.p[s.n - 1] == 'Z' || (s.n > 6 && memchr(s.p + s.n - 6, '+', 6)) ||
                         (s.n > 6 && s.p[s.n - 6] == '-'));
    const char *path = m->rank[P_TIME] ? PATHS[m->rank[P_TIME] - 1].path : "";
    bool utc = strcmp(path, "EventTime") != 0;
    if (m->flat && strcmp(path, "@timestamp") == 0)
        return 0;
    if (strcmp(path, "TimeGenerated [UTC]") == 0 && st_map_time_american(s, &t))
        return t;
    if (zoned || utc)
        return st_map_time(s, &t) ? t : 0;
    return st_map_time_anywhere(s, &t) ? t : 0;
}

static uint64_t number(st_str s)
{
    uint64_t v = 0;
    return st_str_u64_any(s, &v) ? v : 0;
}

static st_value text_value(st_str s)
{
    return (st_value){ .p = s.n ? (const unsigned char *)s.p : NULL,
                       .n = (uint32_t)s.n,
                       .type = ST_V_TEXT };
}

/* Who writes into a channel that is one provider's, where the carrier doesn't say. */
static st_str provider_of(st_str channel, uint32_t id)
{
    static const struct {
        const char *channel, *provider;
        uint32_t from; /* lower numbers are another's */
    } rows[] = {
        { "Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", 0 },
        { "Linux-Sysmon/Operational", "Linux-Sysmon", 0 },
        { "Security", "Microsoft-Windows-Security-Auditing", 4608 },
        { "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (id >= rows[i].from && st_str_ieq(channel, st_str_of(rows[i].channel)))
            return st_str_of(rows[i].provider);
    return (st_str){ 0 };
}

/* Splunk has the way a log came in before its name. */
static st_str channel_of(st_str s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    return colon ? behind(s, (size_t)(colon + 1 - s.p)) : s;
}

static void fill_system(mapping *m)
{
    st_record *r = &m->r;
    uint64_t id;
    m->parts[P_CHANNEL] = channel_of(m->parts[P_CHANNEL]);
    r->event_id =
        st_str_u64(m->parts[P_EVENT_ID], &id) && id < UINT32_MAX ? (uint32_t)id : UINT32_MAX;
    if (!m->parts[P_PROVIDER].n)
        m->parts[P_PROVIDER] = provider_of(m->parts[P_CHANNEL], r->event_id);
    r->provider = text_value(m->parts[P_PROVIDER]);
    r->provider_guid = text_value(m->parts[P_GUID]);
    r->channel = text_value(m->parts[P_CHANNEL]);
    r->computer = text_value(m->parts[P_COMPUTER]);
    if (starts(m->parts[P_SID], "S-")) /* not a name */
        r->user_sid = text_value(m->parts[P_SID]);
    r->version = (uint8_t)number(m->parts[P_VERSION]);
    r->level = (uint8_t)number(m->parts[P_LEVEL]);
    r->task = (uint16_t)number(m->parts[P_TASK]);
    r->opcode = (uint8_t)number(m->parts[P_OPCODE]);
    r->keywords = number(m->parts[P_KEYWORDS]);
    r->event_record_id = number(m->parts[P_RECORD_ID]);
    r->execution_pid = (uint32_t)number(m->parts[P_PID]);
    r->execution_tid = (uint32_t)number(m->parts[P_TID]);
    r->time_created = time_of(m, m->parts[P_TIME]);
    m->taken_in = m->rank[P_TIME] && strcmp(PATHS[m->rank[P_TIME] - 1].path, "@timestamp") == 0;
}

/* an event */

st_str st_map_at(const mapping *m, const char *path)
{
    const st_values *v = &m->c->values;
    for (size_t i = 0; i < v->n; i++) {
        const st_pair *p = &v->list[i];
        if (!p->end && st_str_starts(p->path, m->base) &&
            st_str_eq(behind(p->path, m->base.n), st_str_of(path)))
            return p->value;
    }
    return (st_str){ 0 };
}

size_t st_map_count(const mapping *m, const char *path)
{
    const st_values *v = &m->c->values;
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += !v->list[i].end && st_str_starts(v->list[i].path, m->base) &&
             st_str_eq(behind(v->list[i].path, m->base.n), st_str_of(path));
    return n;
}

static st_str base_of(const st_values *v)
{
    for (size_t i = 0; i < sizeof BASES / sizeof BASES[0]; i++)
        for (size_t k = 0; k < v->n; k++)
            if (starts(v->list[k].path, BASES[i].mark))
                return st_str_of(BASES[i].base);
    return ST_STR("");
}

/* The event as XML in a value of one of those names, in one line behind whatever stands before it:
 * lines above it are a message's, and what comes after them is what somebody wrote there. */
static st_str xml_in(const mapping *m, const char *const *paths, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_str text = st_str_trim(st_map_at(m, paths[i])), s = st_event_in(text);
        if (s.n && !memchr(text.p, '\n', (size_t)(s.p - text.p)))
            return s;
    }
    return (st_str){ 0 };
}

/* What an exporter that has the event's XML calls it. */
static st_str own_xml(const mapping *m)
{
    static const char *const paths[] = { "_raw", "xml", "Xml", "xml_string", "System", "EventXML" };
    return xml_in(m, paths, sizeof paths / sizeof paths[0]);
}

/* Texts that are passed on. Where they are an event's own message, anybody may have written them.
 */
static st_str passed_xml(const mapping *m)
{
    static const char *const paths[] = {
        "MESSAGE",       "event.original", "data", "message", "log", "raw",
        "SyslogMessage", "full_log",       "body", "event",   "line"
    };
    return xml_in(m, paths, sizeof paths / sizeof paths[0]);
}

static bool is_flat(const mapping *m)
{
    const st_values *v = &m->c->values;
    for (size_t i = 0; i < v->n; i++) {
        st_str path = v->list[i].path;
        if (!st_str_starts(path, m->base))
            continue;
        path = behind(path, m->base.n);
        if (starts(path, "System.") || starts(path, "winlog.") || starts(path, "event_data.") ||
            starts(path, "EventData") || starts(path, "Payload") ||
            st_str_eq(path, ST_STR("System")))
            return false;
    }
    return true;
}

static void take_all(mapping *m, const st_values *v)
{
    for (size_t i = 0; i < v->n && !m->failed; i++) {
        const st_pair *p = &v->list[i];
        if (!st_str_starts(p->path, m->base))
            continue;
        st_str path = behind(p->path, m->base.n);
        if (own_field(m, path, p) || p->end || system_part(m, path, p->value))
            continue;
        if (m->flat && !memchr(path.p, '.', path.n) && !is_attribute(path))
            st_map_put(m, path, p->value);
    }
}

/* Its <EventData>, or all of it, if it is what stands in one. */
static st_str data_in(st_str text)
{
    static const char tag[] = "<EventData", end[] = "</EventData>";
    const char *from = memmem(text.p, text.n, tag, sizeof tag - 1);
    const char *to =
        from ? memmem(from, text.n - (size_t)(from - text.p), end, sizeof end - 1) : NULL;
    if (to)
        return (st_str){ from, (size_t)(to - from) + sizeof end - 1 };
    text = st_str_trim(text);
    return starts(text, "<Data ") || starts(text, "<Data>") ? text : (st_str){ 0 };
}

/* Azure's EventData: <EventData> with or without a <DataItem> around it; Promtail's: what is in
 * it. */
static void take_xml(mapping *m, st_str text)
{
    st_carrying *c = m->c;
    st_record r = { .event_id = UINT32_MAX };
    st_str data = data_in(text);
    bool bare = !starts(data, "<EventData");
    if (!data.n)
        return;
    st_buf_clear(&c->scratch);
    st_buf_str(&c->scratch, ST_STR("<Event><System/>"));
    st_buf_str(&c->scratch, bare ? ST_STR("<EventData>") : ST_STR(""));
    st_buf_str(&c->scratch, data);
    st_buf_str(&c->scratch, bare ? ST_STR("</EventData>") : ST_STR(""));
    st_buf_str(&c->scratch, ST_STR("</Event>"));
    m->failed |= c->scratch.failed;
    if (m->failed || st_xml_read(c->xml, c->scratch.p, c->scratch.n, &c->source->report->lossy) ||
        st_xml_fields(c->xml, NULL, &r))
        return;
    for (size_t i = 0; i < r.nfields; i++)
        st_map_put(m, r.fields[i].name,
                   (st_str){ (const char *)r.fields[i].value.p, r.fields[i].value.n });
}

static bool is_object(st_str s)
{
    return (s = st_str_trim(s)).n && s.p[0] == '{';
}

/* Parts of the event that are JSON in a text. EvtxECmd's ProcessId is that of the service that
 * logged, not the event's. */
static void take_texts(mapping *m)
{
    st_str outer = m->base;
    st_values_clear(&m->c->inner);
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        st_str text = st_map_at(m, TEXTS[i].path);
        if (is_object(text))
            st_flatten(&m->c->inner, st_str_of(TEXTS[i].prefix), text);
        else if (text.n && TEXTS[i].xml)
            take_xml(m, text);
    }
    m->failed |= m->c->inner.failed;
    if (!m->c->inner.n)
        return;
    m->base = base_of(&m->c->inner);
    take_all(m, &m->c->inner);
    m->base = outer;
    if (st_map_at(m, "Payload").n)
        m->parts[P_PID] = st_map_at(m, "ProcessId");
}

/* Something that has neither an id nor a provider is no event: an entry about the collection, a
 * line of another program in a journal. */
static bool is_event(const mapping *m)
{
    return m->parts[P_EVENT_ID].n && (m->parts[P_PROVIDER].n || m->parts[P_CHANNEL].n);
}

bool st_values_strange(const st_values *v)
{
    static const char *const heads[] = { "winlog.", "Microsoft-Windows-", "Linux-Sysmon" };
    for (size_t i = 0; i < v->n; i++) {
        st_str s = v->list[i].value;
        for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++)
            if (starts(s, heads[k]))
                return true;
        if (s.n && memmem(s.p, s.n, "\nLogName=", 9) && memmem(s.p, s.n, "\nEventCode=", 11))
            return true;
    }
    return false;
}

/* A line of a journal that left out the text of Sysmon's event, as it was too long. */
static bool is_left_out(const mapping *m)
{
    static const char *const who[] = { "SYSLOG_IDENTIFIER", "_COMM" };
    st_str message = st_map_at(m, "MESSAGE");
    bool sysmon = false;
    for (size_t i = 0; i < sizeof who / sizeof who[0]; i++)
        sysmon |= st_str_eq(st_map_at(m, who[i]), ST_STR("sysmon"));
    return sysmon && message.p && !message.n;
}

/* A channel that is no channel's name tells of a form that isn't known. */
static bool is_sysmon(const mapping *m)
{
    st_str provider = m->parts[P_PROVIDER], channel = m->parts[P_CHANNEL];
    return st_str_ieq(provider, ST_STR("Microsoft-Windows-Sysmon")) ||
           st_str_ieq(provider, ST_STR("Linux-Sysmon")) ||
           (!provider.n && starts(channel, "Microsoft-Windows-Sysmon"));
}

/* One of Sysmon's, of which each has one of these, has none: its values have no names, or other
 * ones. */
static bool lacks_fields(const mapping *m)
{
    static const char *const names[] = { "UtcTime",       "ProcessGuid", "Image",
                                         "SourceImage",   "ImageLoaded", "State",
                                         "Configuration", "EventType",   "ID",
                                         "Description" };
    if (!is_sysmon(m))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (st_map_has(m, names[i]))
            return false;
    return true;
}

/* as XML */

static void put_element(st_buf *b, const char *name, st_str text)
{
    if (!text.n)
        return;
    st_buf_fmt(b, "<%s>", name);
    st_xml_put_text(b, text);
    st_buf_fmt(b, "</%s>", name);
}

static void put_attribute(st_buf *b, const char *name, st_str text)
{
    if (!text.n)
        return;
    st_buf_fmt(b, " %s=\"", name);
    st_xml_put_text(b, text);
    st_buf_char(b, '"');
}

static void put_system(st_buf *b, const mapping *m)
{
    static const struct {
        part part;
        const char *name;
    } NUMBERS[] = {
        { P_EVENT_ID, "EventID" }, { P_VERSION, "Version" }, { P_LEVEL, "Level" },
        { P_TASK, "Task" },        { P_OPCODE, "Opcode" },   { P_KEYWORDS, "Keywords" }
    };
    st_buf_str(b, ST_STR("<System><Provider"));
    put_attribute(b, "Name", m->parts[P_PROVIDER]);
    put_attribute(b, "Guid", m->parts[P_GUID]);
    st_buf_str(b, ST_STR("/>"));
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        put_element(b, NUMBERS[i].name, m->parts[NUMBERS[i].part]);
    if (m->r.time_created) {
        st_buf_str(b, ST_STR("<TimeCreated SystemTime=\""));
        st_buf_time_iso(b, m->r.time_created);
        st_buf_str(b, ST_STR("\"/>"));
    }
    put_element(b, "EventRecordID", m->parts[P_RECORD_ID]);
    st_buf_str(b, ST_STR("<Execution"));
    put_attribute(b, "ProcessID", m->parts[P_PID]);
    put_attribute(b, "ThreadID", m->parts[P_TID]);
    st_buf_str(b, ST_STR("/>"));
    put_element(b, "Channel", m->parts[P_CHANNEL]);
    put_element(b, "Computer", m->parts[P_COMPUTER]);
    st_buf_str(b, ST_STR("<Security"));
    put_attribute(b, "UserID", m->parts[P_SID]);
    st_buf_str(b, ST_STR("/></System>"));
}

/* What the carrier has, in the form of a log's record. UserData's own elements aren't known: its
 * leaves stand as EventData's would. */
static void render(mapping *m)
{
    st_buf *b = &m->c->scratch2;
    const char *data = m->r.user_data ? "UserData" : "EventData";
    st_buf_clear(b);
    st_buf_str(b,
               ST_STR("<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">"));
    put_system(b, m);
    st_buf_fmt(b, "<%s>", data);
    for (size_t i = 0; i < m->c->nfields; i++) {
        const st_field *f = &m->c->fields[i];
        st_buf_str(b, ST_STR("<Data"));
        put_attribute(b, "Name", f->name);
        st_buf_char(b, '>');
        st_xml_put_text(b, (st_str){ (const char *)f->value.p, f->value.n });
        st_buf_str(b, ST_STR("</Data>"));
    }
    st_buf_fmt(b, "</%s></Event>", data);
    m->failed |= b->failed;
    m->r.xml = st_buf_slice(b);
}

static bool carry_xml(st_carrying *c, st_str xml, uint64_t offset, uint64_t line)
{
    static const char end[] = "</Event>";
    enum { N = sizeof end - 1 };
    bool cut = xml.n < N || memcmp(xml.p + xml.n - N, end, N) != 0;
    return st_carry_xml(c, xml, offset, line, cut);
}

/* An event as JSON in a text that is passed on, in place of the values around it. *cut: there is
 * the beginning of one. */
static bool unwrap(st_carrying *c, const mapping *m, bool *cut)
{
    static const char *const paths[] = { "message", "log", "line", "raw", "_raw", "body", "event" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        st_str text = st_str_trim(st_map_at(m, paths[i]));
        if (text.n)
            text = behind(text, st_json_prefix(text));
        if (!is_object(text))
            continue;
        st_values_clear(&c->inner);
        if (!st_flatten(&c->inner, ST_STR(""), text)) {
            *cut = st_values_strange(&c->inner);
            return false;
        }
        st_values outer = c->values;
        c->values = c->inner;
        c->inner = outer;
        return true;
    }
    return false;
}

typedef struct where {
    uint64_t offset, length, line;
} where;

/* What the values are, if they are an event. False: they aren't. */
static bool take(mapping *m, const where *w)
{
    m->r = (st_record){ .offset = w->offset, .origin = ST_O_LIVE, .event_id = UINT32_MAX };
    m->flat = is_flat(m);
    take_all(m, &m->c->values);
    take_texts(m);
    return is_event(m);
}

/* What isn't an event: one may stand in it as a text, or it can't be told. False: stop. */
static bool carry_other(mapping *m, const where *w)
{
    st_carrying *c = m->c;
    st_str xml = passed_xml(m);
    if (m->failed)
        return st_carry_memory(c);
    if (xml.n)
        return carry_xml(c, xml, w->offset, w->line);
    if (is_left_out(m))
        return st_carry_bad(c, w->offset, w->length, w->line, "empty-message");
    c->strange +=
        m->parts[P_EVENT_ID].n || (!m->flat && c->nfields) || st_values_strange(&c->values);
    return true;
}

static bool carry_event(mapping *m, const where *w)
{
    st_carrying *c = m->c;
    fill_system(m);
    bool named = st_map_order(m);
    st_map_elastic(m);
    if (!named || lacks_fields(m))
        return st_carry_bad(c, w->offset, w->length, w->line, "no-fields");
    if (c->o->xml)
        render(m);
    if (m->failed)
        return st_carry_memory(c);
    m->r.fields = c->fields;
    m->r.nfields = c->nfields;
    return st_carry(c, &m->r);
}

bool st_carry_values(st_carrying *c, uint64_t offset, uint64_t length, uint64_t line)
{
    const where w = { offset, length, line };
    mapping m = { 0 };
    st_arena_free(&c->arena);
    for (bool inner = false;; inner = true) {
        st_values_reshape(&c->values);
        m = (mapping){ .c = c, .base = base_of(&c->values) };
        c->nfields = 0;
        if (c->values.failed)
            return st_carry_memory(c);
        st_str xml = own_xml(&m);
        if (xml.n)
            return carry_xml(c, xml, offset, line);
        if (take(&m, &w))
            return carry_event(&m, &w);
        bool cut = false;
        if (inner || passed_xml(&m).n || !unwrap(c, &m, &cut))
            return cut ? st_carry_bad(c, offset, length, line, "truncated") : carry_other(&m, &w);
    }
}
