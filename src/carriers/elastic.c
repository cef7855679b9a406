/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elastic.c - fields of events, back from the names of the Elastic Common Schema.
 *
 * Winlogbeat's module, Elastic Agent's integrations (windows, sysmon_linux) and what imitates them
 * move fields of the event to process.*, file.* and so on, some of them spelled otherwise, and
 * remove what is empty. Where a field still is in event_data, it counts. What the pipeline throws
 * away (SourceIsIpv6 and the like) stays away.
 */
#include "map.h"

#include <inttypes.h>
#include <string.h>

/* values that are spelled otherwise */

static st_str word_for(st_str s, const char *const words[][2])
{
    for (size_t i = 0; words[i][0]; i++)
        if (st_str_ieq(s, st_str_of(words[i][0])))
            return st_str_of(words[i][1]);
    return (st_str){ 0 };
}

static st_str initiated(mapping *m, st_str direction)
{
    static const char *const words[][2] = { { "egress", "true" },
                                            { "outbound", "true" },
                                            { "ingress", "false" },
                                            { "inbound", "false" },
                                            { NULL, NULL } };
    (void)m;
    return word_for(direction, words);
}

static st_str is_ipv6(mapping *m, st_str type)
{
    static const char *const words[][2] = { { "ipv4", "false" }, { "ipv6", "true" }, { 0 } };
    (void)m;
    return word_for(type, words);
}

static st_str made_of(mapping *m, st_buf *b)
{
    st_str s = st_map_made(m, b);
    st_buf_free(b);
    return s;
}

/* A number whose type stands beside it. Of a QWORD the pipeline shifts the upper half by eight
 * bits, not by 32: from 256 on the halves can't be told apart, and the number stays as it is. */
static st_str details(mapping *m, st_str data)
{
    st_str type = st_map_at(m, "registry.data.type");
    uint64_t n;
    st_buf b = { 0 };
    if (!st_str_u64(data, &n))
        return data;
    if ((st_str_eq(type, ST_STR("SZ_DWORD")) || st_str_eq(type, ST_STR("REG_DWORD"))) &&
        n <= UINT32_MAX)
        st_buf_fmt(&b, "DWORD (0x%08" PRIx64 ")", n);
    else if ((st_str_eq(type, ST_STR("SZ_QWORD")) || st_str_eq(type, ST_STR("REG_QWORD"))) &&
             n < 256)
        st_buf_fmt(&b, "QWORD (0x00000000-0x%08" PRIx64 ")", n);
    else
        return data;
    return made_of(m, &b);
}

static st_str status(mapping *m, st_str name)
{
    static const struct {
        unsigned code;
        const char *name;
    } rows[] = {
#define STATUS(code, name) { code, name },
#include "dns_status.def"
    };
    st_buf b = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_str_eq(name, st_str_of(rows[i].name))) {
            st_buf_fmt(&b, "%u", rows[i].code);
            return made_of(m, &b);
        }
    return name;
}

/* What was done to an image, not the event's whole text. */
static st_str one_line(mapping *m, st_str text)
{
    (void)m;
    if (memchr(text.p, '\n', text.n))
        return (st_str){ 0 };
    return text;
}

/* the tables */

enum { MAX_IDS = 9 };

/* Rows of one path stand together; the first that is of the event counts. */
typedef struct row {
    const char *path, *name;
    uint16_t ids[MAX_IDS]; /* events that have the field there; none: all */
    st_str (*as)(mapping *m, st_str value);
} row;

static const row SYSMON[] = {
    { "process.entity_id", "SourceProcessGuid", { 8 }, NULL },
    { "process.entity_id", "SourceProcessGUID", { 10 }, NULL },
    { "process.entity_id", "ProcessGuid", { 0 }, NULL },
    { "process.pid", "SourceProcessId", { 8, 10 }, NULL },
    { "process.pid", "ProcessId", { 0 }, NULL },
    { "process.executable", "SourceImage", { 8, 10 }, NULL },
    { "process.executable", "Destination", { 20 }, NULL },
    { "process.executable", "Image", { 0 }, NULL },
    { "process.thread.id", "SourceThreadId", { 10 }, NULL },
    { "process.command_line", "CommandLine", { 1 }, NULL },
    { "process.working_directory", "CurrentDirectory", { 1 }, NULL },
    { "process.parent.entity_id", "ParentProcessGuid", { 1 }, NULL },
    { "process.parent.pid", "ParentProcessId", { 1 }, NULL },
    { "process.parent.executable", "ParentImage", { 1 }, NULL },
    { "process.parent.command_line", "ParentCommandLine", { 1 }, NULL },
    { "process.pe.original_file_name", "OriginalFileName", { 1 }, NULL },
    { "process.pe.company", "Company", { 1 }, NULL },
    { "process.pe.description", "Description", { 1, 255 }, NULL },
    { "process.pe.file_version", "FileVersion", { 1 }, NULL },
    { "process.pe.product", "Product", { 1 }, NULL },
    { "rule.name", "RuleName", { 0 }, NULL },
    { "file.path", "TargetFilename", { 2, 11, 15, 23, 26, 27, 28, 29 }, NULL },
    { "file.path", "ImageLoaded", { 6, 7 }, NULL },
    { "file.path", "Device", { 9 }, NULL },
    { "dll.path", "ImageLoaded", { 7 }, NULL },
    { "file.name", "PipeName", { 17, 18 }, NULL },
    { "file.pe.original_file_name", "OriginalFileName", { 7 }, NULL },
    { "file.pe.company", "Company", { 7 }, NULL },
    { "file.pe.description", "Description", { 7 }, NULL },
    { "file.pe.file_version", "FileVersion", { 7 }, NULL },
    { "file.pe.product", "Product", { 7 }, NULL },
    { "file.code_signature.subject_name", "Signature", { 6, 7 }, NULL },
    { "file.code_signature.status", "SignatureStatus", { 6, 7 }, NULL },
    { "registry.path", "TargetObject", { 12, 13, 14 }, NULL },
    { "registry.data.strings", "Details", { 13 }, details },
    { "network.transport", "Protocol", { 3 }, NULL },
    { "network.direction", "Initiated", { 3 }, initiated },
    { "network.type", "SourceIsIpv6", { 3 }, is_ipv6 },
    { "network.protocol", "DestinationPortName", { 3 }, NULL },
    { "source.ip", "SourceIp", { 3 }, NULL },
    { "source.port", "SourcePort", { 3 }, NULL },
    { "source.domain", "SourceHostname", { 3 }, NULL },
    { "destination.ip", "DestinationIp", { 3 }, NULL },
    { "destination.port", "DestinationPort", { 3 }, NULL },
    { "destination.domain", "DestinationHostname", { 3 }, NULL },
    { "dns.question.name", "QueryName", { 22 }, NULL },
    { "sysmon.dns.status", "QueryStatus", { 22 }, status },
    { "sysmon.file.archived", "Archived", { 23, 24 }, NULL },
    { "sysmon.file.is_executable", "IsExecutable", { 23, 26 }, NULL },
    { "message", "Type", { 25 }, one_line },
    { "error.code", "ID", { 255 }, NULL },
};

/* Security's own events keep most of what they say in event_data. */
static const row SECURITY[] = {
    { "process.pid", "NewProcessId", { 4688 }, NULL },
    { "process.pid", "ProcessId", { 0 }, NULL },
    { "process.executable", "NewProcessName", { 4688 }, NULL },
    { "process.executable", "ProcessName", { 0 }, NULL },
    { "process.parent.pid", "ProcessId", { 4688 }, NULL },
    { "process.parent.executable", "ParentProcessName", { 4688 }, NULL },
    { "process.command_line", "CommandLine", { 4688 }, NULL },
    { "source.ip", "IpAddress", { 4624, 4625, 4648, 4776 }, NULL },
    { "source.port", "IpPort", { 4624, 4625, 4648 }, NULL },
    { "source.domain", "WorkstationName", { 4624, 4625, 4648 }, NULL },
    { "service.name", "ServiceName", { 4697 }, NULL },
};

static const row POWERSHELL[] = {
    { "powershell.file.script_block_text", "ScriptBlockText", { 4104 }, NULL },
    { "powershell.file.script_block_id", "ScriptBlockId", { 4104 }, NULL },
    { "powershell.sequence", "MessageNumber", { 4104 }, NULL },
    { "powershell.total", "MessageTotal", { 4104 }, NULL },
    { "file.path", "Path", { 4104 }, NULL },
};

static bool has_id(const uint16_t ids[MAX_IDS], uint32_t id)
{
    for (size_t i = 0; i < MAX_IDS && ids[i]; i++)
        if (ids[i] == id)
            return true;
    return !ids[0];
}

static void put_rows(mapping *m, const row *rows, size_t n)
{
    const char *done = "";
    for (const row *r = rows; r < rows + n; r++) {
        if (!has_id(r->ids, m->r.event_id) || strcmp(done, r->path) == 0)
            continue;
        done = r->path;
        st_str v = st_map_has(m, r->name) ? ST_STR("") : st_map_at(m, r->path);
        if (v.n && r->as)
            v = r->as(m, v);
        if (v.n)
            st_map_put(m, st_str_of(r->name), v);
    }
}

/* fields that several values make */

/* The field that b's text is, unless the event has it, or the text is empty. Frees b. */
static void put_text(mapping *m, const char *name, st_buf *b)
{
    if (b->n && !st_map_has(m, name))
        st_map_put(m, st_str_of(name), made_of(m, b));
    else
        st_buf_free(b);
}

static void add_account(const mapping *m, st_buf *b, const char *domain, const char *name)
{
    st_str d = st_map_at(m, domain), n = st_map_at(m, name);
    if (n.n && d.n)
        st_buf_fmt(b, "%.*s\\", ST_FMT(d));
    st_buf_str(b, n);
}

/* Of the process, or of the file that the event is about. */
static void add_hashes(const mapping *m, st_buf *b)
{
    static const char *const kinds[][3] = {
        { "process.hash.md5", "file.hash.md5", "MD5" },
        { "process.hash.sha1", "file.hash.sha1", "SHA1" },
        { "process.hash.sha256", "file.hash.sha256", "SHA256" },
        { "process.pe.imphash", "file.pe.imphash", "IMPHASH" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        st_str v = st_map_at(m, kinds[i][0]);
        v = v.n ? v : st_map_at(m, kinds[i][1]);
        if (!v.n)
            continue;
        st_buf_fmt(b, "%s%s=", b->n ? "," : "", kinds[i][2]);
        for (size_t k = 0; k < v.n; k++)
            st_buf_char(b, st_ascii_upper(v.p[k]));
    }
}

/* answers of DNS */

static unsigned dns_type(st_str name)
{
    static const struct {
        const char *name;
        unsigned type;
    } rows[] = {
        { "NS", 2 },     { "MD", 3 },       { "MF", 4 },        { "CNAME", 5 },   { "SOA", 6 },
        { "MB", 7 },     { "MG", 8 },       { "MR", 9 },        { "NULL", 10 },   { "WKS", 11 },
        { "PTR", 12 },   { "HINFO", 13 },   { "MINFO", 14 },    { "MX", 15 },     { "TXT", 16 },
        { "RP", 17 },    { "AFSDB", 18 },   { "X25", 19 },      { "ISDN", 20 },   { "RT", 21 },
        { "NSAP", 22 },  { "NSAPPTR", 23 }, { "SIG", 24 },      { "KEY", 25 },    { "PX", 26 },
        { "GPOS", 27 },  { "LOC", 29 },     { "NXT", 30 },      { "EID", 31 },    { "NIMLOC", 32 },
        { "SRV", 33 },   { "ATMA", 34 },    { "NAPTR", 35 },    { "KX", 36 },     { "CERT", 37 },
        { "A6", 38 },    { "DNAME", 39 },   { "SINK", 40 },     { "OPT", 41 },    { "DS", 43 },
        { "RRSIG", 46 }, { "NSEC", 47 },    { "DNSKEY", 48 },   { "DHCID", 49 },  { "UINFO", 100 },
        { "UID", 101 },  { "GID", 102 },    { "UNSPEC", 103 },  { "ADDRS", 248 }, { "TKEY", 249 },
        { "TSIG", 250 }, { "IXFR", 251 },   { "AXFR", 252 },    { "MAILB", 253 }, { "MAILA", 254 },
        { "ANY", 255 },  { "WINS", 65281 }, { "WINSR", 65282 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_str_eq(name, st_str_of(rows[i].name)))
            return rows[i].type;
    return 0;
}

static bool is_ipv4(st_str s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        dots += s.p[i] == '.';
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
            return false;
    }
    return dots == 3;
}

/* As Sysmon writes one: addresses bare, those of version 4 in the form of 6. */
static void put_answer(st_buf *b, st_str type, st_str data)
{
    unsigned number = dns_type(type);
    if (number)
        st_buf_fmt(b, "type: %2u %.*s;", number, ST_FMT(data));
    else if (data.n)
        st_buf_fmt(b, "%s%.*s;", is_ipv4(data) ? "::ffff:" : "", ST_FMT(data));
}

/* The next value at that path, from *i on. */
static bool next_at(const mapping *m, const char *path, size_t *i, st_str *value)
{
    const st_values *v = &m->c->values;
    for (; *i < v->n; (*i)++) {
        const st_pair *p = &v->list[*i];
        if (p->end || p->path.n != m->base.n + strlen(path) || !st_str_starts(p->path, m->base) ||
            memcmp(p->path.p + m->base.n, path, strlen(path)) != 0)
            continue;
        *value = v->list[(*i)++].value;
        return true;
    }
    return false;
}

/* A list of data and one of types; which is whose, is told only where there are as many. */
static void put_lists(const mapping *m, st_buf *b)
{
    st_str data, type = { 0 };
    size_t i = 0, k = 0;
    bool paired = st_map_count(m, "dns.answers.data") == st_map_count(m, "dns.answers.type");
    while (next_at(m, "dns.answers.data", &i, &data)) {
        if (paired)
            next_at(m, "dns.answers.type", &k, &type);
        put_answer(b, type, data);
    }
}

/* A list of answers. False: none that has an end. */
static bool put_objects(const mapping *m, st_buf *b)
{
    static const char path[] = "dns.answers";
    const st_values *v = &m->c->values;
    st_str data = { 0 }, type = { 0 };
    bool any = false;
    for (size_t i = 0; i < v->n; i++) {
        const st_pair *p = &v->list[i];
        if (!st_str_starts(p->path, m->base))
            continue;
        st_str rest = { p->path.p + m->base.n, p->path.n - m->base.n };
        if (st_str_eq(rest, ST_STR("dns.answers.data"))) {
            data = p->value;
        } else if (st_str_eq(rest, ST_STR("dns.answers.type"))) {
            type = p->value;
        } else if (p->end && st_str_eq(rest, st_str_of(path))) {
            put_answer(b, type, data);
            data = type = (st_str){ 0 };
            any = true;
        }
    }
    return any;
}

static void add_answers(const mapping *m, st_buf *b)
{
    st_str address;
    if (!put_objects(m, b))
        put_lists(m, b);
    if (!b->n)
        for (size_t i = 0; next_at(m, "dns.resolved_ip", &i, &address);)
            put_answer(b, ST_STR(""), address);
}

/* times */

/* In Winlogbeat before 8 it is the time at which the record was read. */
static bool created_is_when(const mapping *m)
{
    st_str agent = st_map_at(m, "agent.version");
    bool old = st_str_starts(st_map_at(m, "ecs.version"), ST_STR("1."));
    return !old ||
           (agent.n && !st_str_starts(agent, ST_STR("6.")) && !st_str_starts(agent, ST_STR("7.")));
}

/* The pipeline makes Sysmon's own time the event's, and keeps no other; that of Sysmon for Linux
 * drops it, and the event's time is the one at which it was taken in. */
static void put_times(mapping *m)
{
    st_str created = st_map_at(m, "event.created");
    st_ticks t;
    st_buf b = { 0 };
    if (m->taken_in)
        m->r.time_created = 0;
    if (!m->r.time_created && created_is_when(m) && st_map_time(created, &t))
        m->r.time_created = t;
    if (st_str_eq(m->parts[P_PROVIDER], ST_STR("Linux-Sysmon")) ||
        !st_map_time(st_map_at(m, "@timestamp"), &t))
        return;
    st_buf_time_sysmon(&b, t);
    put_text(m, "UtcTime", &b);
}

/* Has it gone through the pipeline? One that a Beat alone wrote has none of these. */
static bool went_through(const mapping *m)
{
    static const char *const marks[] = { "event.type", "event.category", "process.entity_id",
                                         "process.executable" };
    bool any = st_str_eq(st_map_at(m, "event.module"), ST_STR("sysmon"));
    for (size_t i = 0; !any && i < sizeof marks / sizeof marks[0]; i++)
        any = st_map_at(m, marks[i]).n > 0;
    return any;
}

/* All of Sysmon's events have the time that the pipeline takes away. */
static void put_sysmon(mapping *m)
{
    if (st_map_has(m, "UtcTime"))
        return;
    st_buf user = { 0 }, hashes = { 0 }, answers = { 0 };
    put_rows(m, SYSMON, sizeof SYSMON / sizeof SYSMON[0]);
    add_account(m, &user, "user.domain", "user.name");
    put_text(m, "User", &user);
    add_hashes(m, &hashes);
    put_text(m, m->r.event_id == 15 ? "Hash" : "Hashes", &hashes);
    if (m->r.event_id == 22)
        add_answers(m, &answers);
    put_text(m, "QueryResults", &answers);
    put_times(m);
}

static void put_security(mapping *m)
{
    put_rows(m, SECURITY, sizeof SECURITY / sizeof SECURITY[0]);
}

/* What a command was called with (4103): a line for each, as the event has them. */
static void add_details(const mapping *m, st_buf *b)
{
    static const char head[] = "powershell.command.invocation_details";
    static const char *const names[] = { ".type", ".related_command", ".name", ".value" };
    enum { TYPE, COMMAND, NAME, VALUE, PARTS_OF_ONE };
    st_str piece[PARTS_OF_ONE] = { { 0 } };
    const st_values *v = &m->c->values;
    for (size_t i = 0; i < v->n; i++) {
        st_str path = v->list[i].path;
        if (!st_str_starts(path, m->base))
            continue;
        path = (st_str){ path.p + m->base.n, path.n - m->base.n };
        if (!st_str_starts(path, st_str_of(head)))
            continue;
        path = (st_str){ path.p + sizeof head - 1, path.n - (sizeof head - 1) };
        for (size_t k = 0; k < PARTS_OF_ONE; k++)
            if (st_str_eq(path, st_str_of(names[k])))
                piece[k] = v->list[i].value;
        if (!v->list[i].end || path.n)
            continue;
        st_buf_fmt(b, "%.*s(%.*s): ", ST_FMT(piece[TYPE]), ST_FMT(piece[COMMAND]));
        if (piece[NAME].n)
            st_buf_fmt(b, "name=\"%.*s\"; value=", ST_FMT(piece[NAME]));
        st_buf_fmt(b, "\"%.*s\"\r\n", ST_FMT(piece[VALUE]));
        memset(piece, 0, sizeof piece);
    }
}

/* What ran it: lines of names and values, in the event's order. value: to work in. */
static void add_context(const mapping *m, st_buf *b, st_buf *value)
{
    static const char *const rows[][3] = {
        { "Severity", "log.level" },
        { "Host Name", "process.title" },
        { "Host Version", "powershell.process.executable_version" },
        { "Host ID", "process.entity_id" },
        { "Host Application", "process.command_line" },
        { "Engine Version", "powershell.engine.version" },
        { "Runspace ID", "powershell.runspace_id" },
        { "Pipeline ID", "powershell.pipeline_id" },
        { "Command Name", "powershell.command.name" },
        { "Command Type", "powershell.command.type" },
        { "Script Name", "file.path" },
        { "Command Path", "powershell.command.path" },
        { "Sequence Number", "event.sequence" },
        { "User", "user.domain", "user.name" },
        { "Connected User", "powershell.connected_user.domain", "powershell.connected_user.name" },
        { "Shell ID", "powershell.id" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf_clear(value);
        if (rows[i][2])
            add_account(m, value, rows[i][1], rows[i][2]);
        else
            st_buf_str(value, st_map_at(m, rows[i][1]));
        if (value->n)
            st_buf_fmt(b, "        %s = %.*s\r\n", rows[i][0], ST_FMT(st_buf_slice(value)));
    }
}

static void put_powershell(mapping *m)
{
    st_buf payload = { 0 }, context = { 0 }, value = { 0 };
    if (m->r.event_id == 4103) {
        add_details(m, &payload);
        put_text(m, "Payload", &payload);
        add_context(m, &context, &value);
        put_text(m, "ContextInfo", &context);
        st_buf_free(&value);
    }
    put_rows(m, POWERSHELL, sizeof POWERSHELL / sizeof POWERSHELL[0]);
}

void st_map_elastic(mapping *m)
{
    static const struct {
        const char *provider;
        void (*put)(mapping *m);
    } rows[] = {
        { "Microsoft-Windows-Sysmon", put_sysmon },
        { "Linux-Sysmon", put_sysmon },
        { "Microsoft-Windows-Security-Auditing", put_security },
        { "Microsoft-Windows-PowerShell", put_powershell },
    };
    if (m->flat || !went_through(m))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_str_ieq(m->parts[P_PROVIDER], st_str_of(rows[i].provider)))
            rows[i].put(m);
}
