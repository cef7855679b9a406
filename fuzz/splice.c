/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* splice.c - the chunk around a fuzzer's bytes, and the events that seeds are made of. */
#include "splice.h"

#include "decode.h"

#define SYSTEM                                                                           \
    .provider = "Microsoft-Windows-Sysmon",                                              \
    .provider_guid = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",                           \
    .channel = "Microsoft-Windows-Sysmon/Operational", .computer = "web01.corp.example", \
    .user_sid = "S-1-5-18", .level = 4, .keywords = UINT64_C(1) << 63,                   \
    .created = ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND, .pid = 2480, .tid = 3164
#define FIELDS(f) .fields = (f), .field_count = sizeof(f) / sizeof(f)[0]

static const gen_field creation[] = {
    { "RuleName", "-", GEN_STRING, 0 },
    { "UtcTime", "2026-01-02 03:04:05.678", GEN_STRING, 0 },
    { "ProcessGuid", "{5F00A1B2-0001-0002-0300-000000000400}", GEN_GUID, 0 },
    { "ProcessId", "2404", GEN_U32, 0 },
    { "Image", "C:\\Windows\\System32\\cmd.exe", GEN_STRING, 0 },
    { "CommandLine", "cmd.exe /c \"whoami %% & ver\"", GEN_STRING, 0 },
    { "LogonId", "0x3e7", GEN_HEX64, 0 },
    { "ParentProcessGuid", "{5F00A1B2-0001-0002-0300-000000000300}", GEN_GUID, 0 },
    { "ParentImage", "C:\\Windows\\System32\\inetsrv\\w3wp.exe", GEN_STRING, 0 },
};
static const gen_field every_type[] = {
    { "Null", NULL, GEN_STRING, 0 },
    { "Leaked", "left over", GEN_NULL, GEN_STRING },
    { "String", "<a>\r\n\x01_x0001_ \xe2\x80\xae", GEN_STRING, 0 },
    { "Ansi", "caf\xe9", GEN_ANSI, 0 },
    { "I8", "-1", GEN_I8, 0 },
    { "U8", "255", GEN_U8, 0 },
    { "I16", "-2", GEN_I16, 0 },
    { "U16", "65535", GEN_U16, 0 },
    { "I32", "-3", GEN_I32, 0 },
    { "U32", "4294967295", GEN_U32, 0 },
    { "I64", "-4", GEN_I64, 0 },
    { "U64", "18446744073709551615", GEN_U64, 0 },
    { "Float", "0.1", GEN_FLOAT, 0 },
    { "Double", "1e300", GEN_DOUBLE, 0 },
    { "Bool", "true", GEN_BOOL, 0 },
    { "Binary", "00ff10", GEN_BINARY, 0 },
    { "Guid", "{5F00A1B2-0001-0002-0300-000000000400}", GEN_GUID, 0 },
    { "Size", "16", GEN_SIZE, 0 },
    { "Filetime", "2026-01-02T03:04:05.006Z", GEN_FILETIME, 0 },
    { "Systemtime", "2026-01-02T03:04:05.006Z", GEN_SYSTEMTIME, 0 },
    { "Sid", "S-1-5-21-1-2-3-500", GEN_SID, 0 },
    { "Hex32", "0x3e7", GEN_HEX32, 0 },
    { "Hex64", "0x3e7", GEN_HEX64, 0 },
    { "Declared", "12", GEN_U32, GEN_STRING },
};
static const gen_field unnamed[] = {
    { NULL, "one\ntwo\nthree", GEN_STRINGS, 0 },
    { NULL, "four", GEN_STRING, 0 },
    { "Name", "five\nsix", GEN_STRINGS, GEN_STRING },
};
static const gen_field entities[] = {
    { "CommandLine", "cmd /c \"echo <%=1%> & type 'x' > y\"", GEN_STRING, 0 },
    { "Empty", "", GEN_STRING, 0 },
};

/* Windows' own: a creation, and a part of a script. */
#define WINDOWS(name, id)                                             \
    .provider = (name), .provider_guid = (id), .channel = "Security", \
    .computer = "web01.corp.example",                                 \
    .created = ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND, .pid = 4, .tid = 88

static const gen_field audited[] = {
    { "SubjectUserName", "WEB01$", GEN_STRING, 0 },
    { "SubjectLogonId", "0x3e7", GEN_HEX64, 0 },
    { "NewProcessId", "0x9a4", GEN_HEX64, 0 },
    { "NewProcessName", "C:\\Windows\\System32\\cmd.exe", GEN_STRING, 0 },
    { "ProcessId", "0xa00", GEN_HEX64, 0 },
    { "CommandLine", "cmd.exe /c \"whoami %PATH%\"", GEN_STRING, 0 },
    { "TargetUserName", "-", GEN_STRING, 0 },
    { "TargetLogonId", "0x0", GEN_HEX64, 0 },
    { "ParentProcessName", "C:\\Windows\\System32\\inetsrv\\w3wp.exe", GEN_STRING, 0 },
    { "MandatoryLabel", "S-1-16-12288", GEN_SID, 0 },
};
static const gen_field script[] = {
    { "MessageNumber", "1", GEN_U32, 0 },
    { "MessageTotal", "2", GEN_U32, 0 },
    { "ScriptBlockText", "whoami; ", GEN_STRING, 0 },
    { "ScriptBlockId", "4f1d2a6c-6f0a-4f0e-9a3c-5b1d8f1e2c3d", GEN_STRING, 0 },
};

static const struct {
    const char *name;
    gen_event event;
} events[] = {
    { "process-creation", { SYSTEM, .event_id = 1, .task = 1, .version = 5, FIELDS(creation) } },
    { "every-type", { SYSTEM, .event_id = 7, .task = 7, FIELDS(every_type) } },
    { "unnamed-arrays", { SYSTEM, .event_id = 1000, FIELDS(unnamed) } },
    { "no-data", { SYSTEM, .event_id = 255 } },
    { "literal", { SYSTEM, .event_id = 1, FIELDS(entities), .literal = true } },
    { "rendered",
      { SYSTEM, .event_id = 1, FIELDS(entities), .literal = true,
        .rendering = "it's <done> & dusted" } },
    { "audited-creation",
      { WINDOWS("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}"),
        .event_id = 4688, .task = 13312, .version = 2, FIELDS(audited) } },
    { "script-block",
      { WINDOWS("Microsoft-Windows-PowerShell", "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}"),
        .event_id = 4104, FIELDS(script) } },
};

const gen_event *splice_event(size_t i, const char **name)
{
    if (i >= sizeof events / sizeof events[0])
        return NULL;
    *name = events[i].name;
    return &events[i].event;
}

gen_log *splice_begin(void)
{
    gen_log *g = gen_new(NULL);
    if (g)
        gen_add(g, &events[0].event);
    return g;
}

void splice_end(gen_log *g)
{
    enum { FILE_HEADER = 4096 };
    st_buf file = { 0 };
    if (gen_finish(g, &file))
        fuzz_chunk(file.p + FILE_HEADER, file.n - FILE_HEADER);
    st_buf_free(&file);
}
