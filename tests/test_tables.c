/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tables.c - Sysmon's other events as rows of Defender's tables: records by hand go through
 * the decoder, the forest and a query, and the cells that come out are compared.
 */
#include "events/store.h"

#include "shelltree/rules.h"

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

/* "Name=value", "Name=value" ..., ended by NULL. */
typedef struct event {
    uint32_t id;
    const char *fields[24];
} event;
#define FIELDS(...) \
    {               \
        __VA_ARGS__ \
    }

#define SHELL "{11111111-0000-6553-0000-000000000001}" /* 0x65530000 */
#define TOOL "{11111111-0000-6553-0000-000000000002}"
#define GONE "{11111111-0000-6553-0000-000000000003}" /* no creation of its own */
#define ZERO "{00000000-0000-0000-0000-000000000000}"

static const event shell = {
    1, FIELDS("UtcTime=2023-11-14 22:13:20.000", "ProcessGuid=" SHELL, "ProcessId=100",
              "Image=C:\\Windows\\System32\\cmd.exe", "FileVersion=10.0", "Description=Shell",
              "Product=Windows", "Company=Example", "OriginalFileName=Cmd.Exe",
              "CommandLine=cmd /c %%TEMP%%\\a.bat", "User=CORP\\ann", "LogonId=0x3e7",
              "TerminalSessionId=2", "IntegrityLevel=High", "Hashes=SHA1=AA,MD5=BB,SHA256=CC",
              "ParentProcessGuid=" GONE, "ParentProcessId=50",
              "ParentImage=C:\\Windows\\explorer.exe", "ParentCommandLine=explorer.exe")
};
static const event tool = {
    1, FIELDS("UtcTime=2023-11-14 22:13:21.000", "ProcessGuid=" TOOL, "ProcessId=200",
              "Image=C:\\t\\tool.exe", "CommandLine=tool.exe -x", "User=CORP\\bob",
              "Hashes=SHA256=DD", "ParentProcessGuid=" SHELL, "ParentProcessId=100",
              "ParentImage=C:\\Windows\\System32\\cmd.exe")
};

#define BY_SHELL                                                              \
    "UtcTime=2023-11-14 22:14:00.000", "ProcessGuid=" SHELL, "ProcessId=100", \
        "Image=C:\\Windows\\System32\\cmd.exe"

static st_value text_value(const char *s, size_t n)
{
    return (st_value){ .p = (const unsigned char *)s, .n = (uint32_t)n, .type = ST_V_TEXT };
}

static size_t fields_of(const char *const *f, st_field *out)
{
    size_t n = 0;
    for (; f[n]; n++) {
        const char *is = strchr(f[n], '=');
        assert_non_null(is);
        st_str name = { f[n], (size_t)(is - f[n]) };
        out[n] = (st_field){ name, st_field_id(name), text_value(is + 1, strlen(is + 1)) };
    }
    return n;
}

typedef struct world {
    st_store *store;
    st_forest *forest;
    st_scratch scratch;
    uint64_t records;
    const char *computer;
    bool duplicates;
} world;

static void begin(world *w)
{
    *w = (world){ .store = st_store_new(), .computer = "PC.example" };
    assert_non_null(w->store);
    w->store->wanted = st_event_set_all();
    for (uint16_t i = 0; i < ST_LOG_KINDS; i++) { /* no record whole */
        size_t kind = st_event_kind_of((st_event_key){ ST_LOGS, i });
        w->store->wanted.bits[kind / 64] &= ~(UINT64_C(1) << kind % 64);
    }
}

/* at: the record's number and its place; two with one number are copies or contradict. */
static void put(world *w, const event *e, uint64_t number, uint32_t source, st_origin origin)
{
    st_field fields[32];
    st_record r = { .offset = 4096 + number,
                    .provider = text_value("Microsoft-Windows-Sysmon", 24),
                    .computer = text_value(w->computer, strlen(w->computer)),
                    .event_id = e->id,
                    .event_record_id = number,
                    .origin = origin,
                    .time_created = T0 + number * ST_TICKS_SECOND,
                    .fields = fields };
    r.nfields = fields_of(e->fields, fields);
    assert_true(st_event_decode(w->store, &r, source, &w->scratch));
}

static void add(world *w, const event *e)
{
    put(w, e, ++w->records, 0, ST_O_LIVE);
}

static void grow(world *w)
{
    st_err err = { 0 };
    st_tree_options o = { .duplicates = w->duplicates };
    assert_int_equal(st_tree_build(NULL, w->store, &o, &w->forest, &err), ST_OK);
}

static void done(world *w)
{
    st_tree_free(w->forest);
    st_store_free(w->store);
    st_scratch_free(&w->scratch);
}

/* The result as text: cells joined by '|', rows by '\n'. Warnings come last. */
static void ask(const world *w, const char *kql, char out[4096])
{
    st_rules *rules = st_rules_new();
    st_table *t = NULL;
    st_err err = { 0 };
    st_run_options o = { 0 };
    size_t n = 0;
    out[0] = 0;
    st_code code = st_query_run(rules, ST_STR("q"), st_str_of(kql), w->forest, &o, &t, &err);
    if (code != ST_OK)
        fail_msg("%s: %s; %.*s", kql, err.text,
                 ST_FMT(st_rules_diags(rules) ? st_rules_diag(rules, 0)->text : ST_STR("")));
    for (size_t i = 0; i < t->nrows * t->ncolumns && n < 4000; i++)
        n += (size_t)snprintf(out + n, 4096 - n, "%s%.*s",
                              !i                ? ""
                              : i % t->ncolumns ? "|"
                                                : "\n",
                              ST_FMT(t->cells[i].text));
    for (size_t i = 0; i < st_rules_diags(rules) && n < 4000; i++)
        n += (size_t)snprintf(out + n, 4096 - n, "\n! %.*s", ST_FMT(st_rules_diag(rules, i)->text));
    st_table_free(t);
    st_rules_free(rules);
}

static void expect(const world *w, const char *kql, const char *want)
{
    char got[4096];
    ask(w, kql, got);
    if (strcmp(got, want) != 0)
        fail_msg("%s\ngot  %s\nwant %s", kql, got, want);
}

/* each kind */

/* What the model of name resolution makes of a response. */
#define DNS_COLUMNS                                                                 \
    " | project DnsResponseCode, DnsResponseCodeName, EventResult, EventSeverity, " \
    "EventOriginalType, EventSchemaVersion, DnsResponseName"

static void event__each_kind__is_the_row_it_should_be(void **state)
{
    static const struct {
        event e;
        const char *kql, *want;
    } rows[] = {
        { { 2, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\old.txt",
                      "CreationUtcTime=2001-01-01 00:00:00.000",
                      "PreviousCreationUtcTime=2023-11-14 22:00:00.000") },
          "DeviceEvents | project ActionType, FileName, FolderPath, AdditionalFields",
          "FileTimestampModificationEvent|old.txt|C:\\t\\old.txt|{\"CreationUtcTime\":"
          "\"2001-01-01 00:00:00.000\",\"PreviousCreationUtcTime\":\"2023-11-14 22:00:00.000\"}" },
        { { 3,
            FIELDS(BY_SHELL, "User=CORP\\eve", "Protocol=tcp", "Initiated=true",
                   "SourceIp=10.0.0.5", "SourceHostname=pc.example", "SourcePort=50000",
                   "SourcePortName=-", "DestinationIp=8.8.4.4", "DestinationHostname=dns.example",
                   "DestinationPort=443", "DestinationPortName=https", "RuleName=r1") },
          "DeviceNetworkEvents | project ActionType, RemoteIP, RemotePort, RemoteUrl, "
          "RemoteIPType, LocalIP, LocalPort, LocalIPType, Protocol, "
          "InitiatingProcessAccountDomain, InitiatingProcessAccountName, AdditionalFields",
          "ConnectionSuccess|8.8.4.4|443|dns.example|Public|10.0.0.5|50000|Private|Tcp|CORP|eve|"
          "{\"SourceHostname\":\"pc.example\",\"DestinationHostname\":\"dns.example\","
          "\"DestinationPortName\":\"https\",\"RuleName\":\"r1\"}" },
        { { 3,
            FIELDS(BY_SHELL, "Protocol=udp", "Initiated=false", "SourceIp=172.20.1.1",
                   "SourceHostname=client.example", "SourcePort=60000", "DestinationIp=127.0.0.1",
                   "DestinationHostname=pc.example", "DestinationPort=53") },
          "DeviceNetworkEvents | project ActionType, RemoteIP, RemotePort, RemoteUrl, "
          "RemoteIPType, LocalIP, LocalPort, LocalIPType, Protocol",
          "InboundConnectionAccepted|172.20.1.1|60000|client.example|Private|127.0.0.1|53|"
          "Loopback|Udp" },
        { { 3, FIELDS(BY_SHELL) },
          "DeviceNetworkEvents | project ActionType, RemoteIP, RemotePort, RemoteIPType, "
          "LocalIPType, Protocol",
          "|||||" },
        { { 6, FIELDS("UtcTime=2023-11-14 22:14:00.000", "ImageLoaded=C:\\w\\d.sys",
                      "Hashes=SHA1=A1,SHA256=A2", "Signed=true", "Signature=Example",
                      "SignatureStatus=Valid") },
          "DeviceEvents | project ActionType, FileName, FolderPath, SHA1, SHA256, "
          "InitiatingProcessFileName, InitiatingProcessId, AdditionalFields",
          "DriverLoad|d.sys|C:\\w\\d.sys|a1|a2|||{\"Signed\":true,\"Signature\":\"Example\","
          "\"SignatureStatus\":\"Valid\"}" },
        { { 7,
            FIELDS(BY_SHELL, "ImageLoaded=C:\\t\\a.dll", "FileVersion=?", "Company=-",
                   "Hashes=MD5=01", "Signed=false", "Signature=-", "SignatureStatus=Unavailable") },
          "DeviceImageLoadEvents | project ActionType, FileName, FolderPath, MD5, SHA1, "
          "AdditionalFields",
          "ImageLoaded|a.dll|C:\\t\\a.dll|01||{\"Signed\":false,\"SignatureStatus\":"
          "\"Unavailable\"}" },
        { { 8,
            FIELDS("UtcTime=2023-11-14 22:14:00.000", "SourceProcessGuid=" SHELL,
                   "SourceProcessId=100", "SourceImage=C:\\Windows\\System32\\cmd.exe",
                   "TargetProcessGuid=" TOOL, "TargetProcessId=200", "TargetImage=C:\\t\\tool.exe",
                   "NewThreadId=7", "StartAddress=0x1000", "StartModule=C:\\t\\a.dll",
                   "StartFunction=Go", "SourceUser=CORP\\ann", "TargetUser=CORP\\bob") },
          "DeviceEvents | project ActionType, FileName, FolderPath, ProcessId, "
          "ProcessCommandLine, AccountName, InitiatingProcessFileName, InitiatingProcessId, "
          "InitiatingProcessAccountName, AdditionalFields",
          "CreateRemoteThreadApiCall|tool.exe|C:\\t\\tool.exe|200|tool.exe -x|bob|cmd.exe|100|"
          "ann|{\"NewThreadId\":7,\"StartAddress\":\"0x1000\",\"StartModule\":\"C:\\\\t\\\\a."
          "dll\",\"StartFunction\":\"Go\"}" },
        { { 9, FIELDS(BY_SHELL, "Device=\\Device\\HarddiskVolume2") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "RawAccessRead|{\"Device\":\"\\\\Device\\\\HarddiskVolume2\"}" },
        { { 10, FIELDS("UtcTime=2023-11-14 22:14:00.000", "SourceProcessGUID=" SHELL,
                       "SourceProcessId=100", "SourceThreadId=9", "SourceImage=<unknown process>",
                       "TargetProcessGUID=" GONE, "TargetProcessId=600",
                       "TargetImage=C:\\Windows\\system32\\lsass.exe", "GrantedAccess=0x1fffff",
                       "CallTrace=ntdll.dll+1|UNKNOWN(2)") },
          "DeviceEvents | where AdditionalFields.DesiredAccess == 0x1fffff | project ActionType, "
          "FileName, ProcessId, ProcessCommandLine, ProcessCreationTime, "
          "InitiatingProcessFileName, AdditionalFields",
          "OpenProcessApiCall|lsass.exe|600||2023-11-14T05:05:04.0000000Z|cmd.exe|"
          "{\"DesiredAccess\":2097151,\"SourceThreadId\":9,\"CallTrace\":\"ntdll.dll+1|UNKNOWN(2)"
          "\"}" },
        { { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe",
                       "CreationUtcTime=2023-11-14 22:14:00.000") },
          "DeviceFileEvents | project ActionType, FileName, FolderPath, SHA1",
          "FileCreated|a.exe|C:\\t\\a.exe|" },
        { { 12, FIELDS(BY_SHELL, "EventType=CreateKey", "TargetObject=HKLM\\SOFTWARE\\A") },
          "DeviceRegistryEvents | project ActionType, RegistryKey, RegistryValueName, "
          "PreviousRegistryKey",
          "RegistryKeyCreated|HKEY_LOCAL_MACHINE\\SOFTWARE\\A||" },
        { { 12,
            FIELDS(BY_SHELL, "EventType=DeleteKey", "TargetObject=\\REGISTRY\\USER\\S-1-5-21\\A") },
          "DeviceRegistryEvents | project ActionType, RegistryKey, RegistryValueName, "
          "PreviousRegistryKey",
          "RegistryKeyDeleted|HKEY_USERS\\S-1-5-21\\A||HKEY_USERS\\S-1-5-21\\A" },
        { { 12, FIELDS(BY_SHELL, "EventType=DeleteValue", "TargetObject=HKU\\S-1-5-21\\A\\v") },
          "DeviceRegistryEvents | project ActionType, RegistryKey, RegistryValueName, "
          "PreviousRegistryKey, PreviousRegistryValueName",
          "RegistryValueDeleted|HKEY_USERS\\S-1-5-21\\A|v|HKEY_USERS\\S-1-5-21\\A|v" },
        { { 12, FIELDS(BY_SHELL, "EventType=Other", "TargetObject=HKLMX\\A") },
          "DeviceRegistryEvents | project ActionType, RegistryKey",
          "|HKLMX\\A" },
        { { 14,
            FIELDS(BY_SHELL, "EventType=RenameKey", "TargetObject=HKCR\\A", "NewName=HKCR\\B") },
          "DeviceRegistryEvents | project ActionType, RegistryKey, PreviousRegistryKey",
          "RegistryKeyRenamed|HKEY_CLASSES_ROOT\\B|HKEY_CLASSES_ROOT\\A" },
        { { 15,
            FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe:Zone.Identifier", "Hash=SHA1=0A,MD5=0B",
                   "Contents=[ZoneTransfer]  ZoneId=3  ReferrerUrl=https://w.example/  "
                   "HostUrl=https://c.example/a.exe ") },
          "DeviceFileEvents | project ActionType, FileName, FolderPath, SHA1, MD5, "
          "FileOriginUrl, FileOriginReferrerUrl, AdditionalFields.StreamName",
          "FileCreated|a.exe|C:\\t\\a.exe|0a|0b|https://c.example/a.exe|https://w.example/|"
          "Zone.Identifier" },
        { { 17, FIELDS(BY_SHELL, "EventType=CreatePipe", "PipeName=\\x") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "NamedPipeEvent|{\"PipeName\":\"\\\\Device\\\\NamedPipe\\\\x\",\"FileOperation\":\"File "
          "created\"}" },
        { { 18, FIELDS(BY_SHELL, "EventType=ConnectPipe", "PipeName=<Anonymous Pipe>") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "NamedPipeEvent|{\"PipeName\":\"<Anonymous Pipe>\",\"FileOperation\":\"File opened\"}" },
        { { 19, FIELDS("UtcTime=2023-11-14 22:14:00.000", "EventType=WmiFilterEvent",
                       "Operation=Created", "User=CORP\\ann", "EventNamespace=root\\cimv2",
                       "Name=f", "Query=SELECT 1") },
          "DeviceEvents | project ActionType, InitiatingProcessAccountName, "
          "InitiatingProcessFileName, AdditionalFields",
          "WmiEventFilterCreated|ann||{\"Namespace\":\"root\\\\cimv2\",\"Name\":\"f\",\"Query\":"
          "\"SELECT 1\",\"Operation\":\"Created\",\"User\":\"CORP\\\\ann\"}" },
        { { 20, FIELDS("UtcTime=2023-11-14 22:14:00.000", "Operation=Deleted", "User=CORP\\ann",
                       "Name=c", "Type=Command Line", "Destination=calc.exe") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "WmiEventConsumerCreated|{\"Name\":\"c\",\"Type\":\"Command Line\",\"Destination\":"
          "\"calc.exe\",\"Operation\":\"Deleted\",\"User\":\"CORP\\\\ann\"}" },
        { { 21, FIELDS("UtcTime=2023-11-14 22:14:00.000", "Operation=Created", "User=CORP\\ann",
                       "Consumer=c", "Filter=f") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "WmiBindEventFilterToConsumer|{\"Ess\":\"f\",\"Consumer\":\"c\",\"Operation\":"
          "\"Created\",\"User\":\"CORP\\\\ann\"}" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=0",
                       "QueryResults=type:  5 b.example;::ffff:10.0.0.9;fe80::1;") },
          "DeviceEvents | project ActionType, AdditionalFields",
          "DnsQueryResponse|{\"DnsQueryString\":\"a.example\",\"QueryName\":\"a.example\","
          "\"QueryStatus\":0,\"QueryResults\":[\"b.example\",\"10.0.0.9\",\"fe80::1\"]}" },
        { { 3, FIELDS(BY_SHELL, "Initiated=true", "DestinationHostname=far.example") },
          "imNetworkSession | project Hostname == SrcHostname, DstHostname",
          "True|far.example" },
        { { 3, FIELDS(BY_SHELL, "Initiated=false", "SourceHostname=far.example") },
          "imNetworkSession | project SrcHostname, Hostname == DstHostname",
          "|True" },
        { { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe", "Hashes=SHA1=AB") },
          "imFileEvent | project Hash, HashType, EventSchemaVersion",
          "||0.1.0" },
        { { 23, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe", "Hashes=MD5=AC,SHA1=AB") },
          "imFileEvent | project Hash, HashType",
          "ab|SHA1" },
        { { 22,
            FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=0", "QueryResults=10.0.0.9;") },
          "imDns(eventtype='LOOKUP', responsecodename='noerror')" DNS_COLUMNS,
          "0|NOERROR|Success|Informational|22|0.1.6|10.0.0.9" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=9003", "QueryResults=-") },
          "imDns(responsecodename='NXDOMAIN')" DNS_COLUMNS,
          "3|NXDOMAIN|Failure|Low|22|0.1.6|" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=9016", "QueryResults=-") },
          "imDns" DNS_COLUMNS,
          "16|BADVERS|Failure|Low|22|0.1.6|" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=1460", "QueryResults=-") },
          "imDns" DNS_COLUMNS,
          "1460|TIMEOUT|Failure|Low|22|0.1.6|" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=9701", "QueryResults=-") },
          "imDns" DNS_COLUMNS,
          "9701|NA|Failure|Low|22|0.1.6|" },
        { { 22, FIELDS(BY_SHELL, "QueryName=a.example", "QueryStatus=9701", "QueryResults=-") },
          "imDns(responsecodename='NXDOMAIN') | count",
          "0" },
        { { 23, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe", "Hashes=SHA256=AB",
                       "IsExecutable=true", "Archived=true") },
          "DeviceFileEvents | project ActionType, FileName, SHA256, AdditionalFields",
          "FileDeleted|a.exe|ab|{\"IsExecutable\":true,\"Archived\":\"true\"}" },
        { { 24, FIELDS(BY_SHELL, "Session=1", "ClientInfo=user: CORP\\ann", "Hashes=SHA256=AB",
                       "Archived=true") },
          "DeviceEvents | project ActionType, SHA256, AdditionalFields.Session, "
          "AdditionalFields.Hashes",
          "GetClipboardData||1|SHA256=AB" },
        { { 25, FIELDS(BY_SHELL, "Type=Image is replaced") },
          "DeviceEvents | project ActionType, AdditionalFields.Type",
          "ProcessTampering|Image is replaced" },
        { { 26, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\b.txt", "Hashes=MD5=CD",
                       "IsExecutable=false") },
          "DeviceFileEvents | project ActionType, FileName, MD5, AdditionalFields",
          "FileDeleted|b.txt|cd|{\"IsExecutable\":false}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        begin(&w);
        add(&w, &shell);
        add(&w, &tool);
        add(&w, &rows[i].e);
        grow(&w);
        expect(&w, rows[i].kql, rows[i].want);
        done(&w);
    }
}

static void registry_value__each_form__gives_type_and_data(void **state)
{
    static const struct {
        const char *details, *want;
    } rows[] = {
        { "Details=DWORD (0x0000000a)", "Dword|10" },
        { "Details=QWORD (0x00000001-0x00000002)", "Qword|4294967298" },
        { "Details=Binary Data", "Binary|" },
        { "Details=(Empty)", "|" },
        { "Details=%%SystemRoot%%\\a.exe 100%%", "String|%SystemRoot%\\a.exe 100%" },
        { "Details=DWORD (0x0000000a", "String|DWORD (0x0000000a" },
        { "Details=DWORD ()", "String|DWORD ()" },
        { "Details=QWORD (0x1-0x2-0x3)", "String|QWORD (0x1-0x2-0x3)" },
        { "Details=DWORD (0x1ffffffff)", "String|DWORD (0x1ffffffff)" },
        { "Details=-", "|" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        event e = { 13, FIELDS(BY_SHELL, "EventType=SetValue", "TargetObject=HKLM\\A\\(Default)",
                               rows[i].details) };
        begin(&w);
        add(&w, &e);
        grow(&w);
        expect(&w,
               "DeviceRegistryEvents | where RegistryKey == @'HKEY_LOCAL_MACHINE\\A' and "
               "RegistryValueName == '(Default)' and ActionType == 'RegistryValueSet' | project "
               "RegistryValueType, RegistryValueData",
               rows[i].want);
        done(&w);
    }
}

static void address__each_prefix__has_its_type(void **state)
{
    static const struct {
        const char *ip, *type;
    } rows[] = {
        { "127.0.0.1", "Loopback" },
        { "10.255.255.255", "Private" },
        { "11.0.0.0", "Public" },
        { "172.16.0.1", "Private" },
        { "172.32.0.1", "Public" },
        { "192.168.3.4", "Private" },
        { "169.254.9.9", "LinkLocal" },
        { "255.255.255.255", "Broadcast" },
        { "239.255.255.250", "Multicast" },
        { "240.0.0.1", "Reserved" },
        { "0.0.0.0", "Reserved" },
        { "100.64.0.1", "Reserved" },
        { "100.128.0.1", "Public" },
        { "203.0.113.7", "Public" },
        { "0:0:0:0:0:0:0:1", "Loopback" },
        { "::1", "Loopback" },
        { "::", "Reserved" },
        { "::ffff:10.0.0.1", "FourToSixMapping" },
        { "2001:0:53aa::1", "Teredo" },
        { "2001:db8::1", "Public" },
        { "fd00::1", "Private" },
        { "fe80:0:0:0:1:2:3:4%12", "LinkLocal" },
        { "ff02::fb", "Multicast" },
        { "2a00:1450::1", "Public" },
        { "-", "" },
        { "host.example", "" },
        { "1.2.3", "" },
        { "1.2.3.4.5", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        char ip[80];
        (void)snprintf(ip, sizeof ip, "DestinationIp=%s", rows[i].ip);
        event e = { 3, FIELDS(BY_SHELL, "Initiated=true", ip) };
        begin(&w);
        add(&w, &e);
        grow(&w);
        expect(&w, "DeviceNetworkEvents | project RemoteIPType", rows[i].type);
        done(&w);
    }
}

/* whose event it is */

#define ACTOR_COLUMNS                                                                          \
    "InitiatingProcessFileName, InitiatingProcessFolderPath, InitiatingProcessId, "            \
    "InitiatingProcessCommandLine, InitiatingProcessCreationTime, "                            \
    "InitiatingProcessAccountDomain, InitiatingProcessAccountName, "                           \
    "InitiatingProcessIntegrityLevel, InitiatingProcessSessionId, InitiatingProcessSHA1, "     \
    "InitiatingProcessSHA256, InitiatingProcessMD5, InitiatingProcessVersionInfoCompanyName, " \
    "InitiatingProcessVersionInfoOriginalFileName, InitiatingProcessParentId, "                \
    "InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessGuid"

static void actor__observed__its_creation_fills_the_columns(void **state)
{
    world w;
    event e = { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe") };
    (void)state;
    begin(&w);
    add(&w, &e); /* the order of records is nothing to go by */
    add(&w, &shell);
    grow(&w);
    expect(&w, "DeviceFileEvents | project " ACTOR_COLUMNS,
           "cmd.exe|C:\\Windows\\System32\\cmd.exe|100|cmd /c "
           "%TEMP%\\a.bat|2023-11-14T22:13:20.0000000Z|CORP|ann|High|2|aa|cc|bb|Example|Cmd.Exe|50|"
           "explorer.exe|2023-11-14T05:05:04.0000000Z|" SHELL);
    expect(&w,
           "DeviceFileEvents | project Timestamp, TimeGenerated == Timestamp, DeviceName, "
           "ComputerName, ReportId, EventRecordID, Type, strlen(DeviceId), FileSize, AccountUpn = "
           "InitiatingProcessAccountUpn",
           "2023-11-14T22:13:21.0000000Z|True|PC.example|PC.example|1|1|DeviceFileEvents|40||");
    done(&w);
}

/* Known from its own words, or as somebody's parent, only: nothing is taken from elsewhere. */
static void actor__not_observed__only_the_event_speaks(void **state)
{
    static const struct {
        const char *guid, *image, *want;
    } rows[] = {
        { "ProcessGuid=" GONE, "Image=C:\\Windows\\explorer.exe",
          "explorer.exe|C:\\Windows\\explorer.exe|50||2023-11-14T05:05:04.0000000Z|||"
          "||||||||||" GONE },
        { "ProcessGuid=" ZERO, "Image=System", "System|System|50|||||||||||||||" },
        { "ProcessGuid=nonsense", "Image=-", "||50|||||||||||||||" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        event e = { 11, FIELDS("UtcTime=2023-11-14 22:14:00.000", rows[i].guid, rows[i].image,
                               "ProcessId=50", "TargetFilename=C:\\t\\a.exe") };
        begin(&w);
        add(&w, &shell); /* GONE is its parent: a placeholder */
        add(&w, &e);
        grow(&w);
        expect(&w, "DeviceFileEvents | project " ACTOR_COLUMNS, rows[i].want);
        done(&w);
    }
}

/* copies, order */

static void copies__same_record__are_one_row(void **state)
{
    world w;
    event e = { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe") };
    event other = { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\b.exe") };
    (void)state;
    for (unsigned duplicates = 0; duplicates < 2; duplicates++) {
        begin(&w);
        put(&w, &e, 1, 1, ST_O_SLACK);
        put(&w, &e, 1, 0, ST_O_LIVE);
        put(&w, &e, 1, 2, ST_O_LIVE);
        put(&w, &other, 1, 3, ST_O_LIVE); /* says something else: stays */
        put(&w, &e, 2, 0, ST_O_LIVE);     /* another record */
        w.duplicates = duplicates;
        grow(&w);
        if (duplicates) {
            assert_int_equal(w.forest->nevents, 5);
        } else {
            expect(&w, "DeviceFileEvents | project FileName, ReportId",
                   "a.exe|1\nb.exe|1\na.exe|2");
            const st_event *first = &w.forest->events[0];
            assert_int_equal(w.store->events[first->kind].source[first->row], 0);
        }
        done(&w);
    }
}

/* However the records spell it. */
static void host__several_spellings__are_one_as_in_the_newest_record(void **state)
{
    static const char *const spellings[] = { "PC.EXAMPLE", "pc.example", "Pc.Example" };
    event e = { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe") };
    world w;
    (void)state;
    begin(&w);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        w.computer = spellings[i];
        add(&w, i ? &e : &shell);
    }
    grow(&w);
    expect(&w, "union DeviceProcessEvents, DeviceFileEvents | summarize count() by DeviceName",
           "Pc.Example|3");
    expect(&w, "union Processes, DeviceFileEvents | distinct ComputerName", "Pc.Example");
    done(&w);
}

static void rows__of_all_kinds__come_in_the_order_of_time(void **state)
{
    world w;
    event late = { 22, FIELDS("UtcTime=2023-11-14 23:00:00.000", "QueryName=late") };
    event early = { 9, FIELDS("UtcTime=2023-11-14 21:00:00.000", "Device=early") };
    event none = { 25, FIELDS("Type=no time") }; /* goes by TimeCreated */
    (void)state;
    begin(&w);
    add(&w, &late);
    add(&w, &none);
    add(&w, &early);
    grow(&w);
    expect(&w, "DeviceEvents | project ActionType",
           "RawAccessRead\nProcessTampering\nDnsQueryResponse");
    expect(&w, "union withsource=T Device*Events | project T, ActionType",
           "DeviceEvents|RawAccessRead\nDeviceEvents|ProcessTampering\nDeviceEvents|"
           "DnsQueryResponse");
    done(&w);
}

/* queries over several tables */

static void query__over_several_tables__sees_them_all(void **state)
{
    static const struct {
        const char *kql, *want;
    } rows[] = {
        { "union DeviceProcessEvents, DeviceFileEvents | project ActionType, FileName",
          "ProcessCreated|cmd.exe\nProcessCreated|tool.exe\nFileCreated|tool.exe" },
        { "DeviceFileEvents | join kind=inner (DeviceProcessEvents | project Started = Timestamp, "
          "FolderPath, DeviceId, ProcessCommandLine) on DeviceId, FolderPath | project FileName, "
          "ProcessCommandLine, InitiatingProcessFileName",
          "tool.exe|tool.exe -x|cmd.exe" },
        { "DeviceProcessEvents | join kind=leftsemi (DeviceFileEvents | project DeviceId, G = "
          "InitiatingProcessGuid) on DeviceId, $left.ProcessGuid == $right.G | project FileName",
          "cmd.exe" },
        { "search 'tool' | summarize n = count() by T = $table | order by T asc",
          "DeviceFileEvents|1\nDeviceProcessEvents|1\nDeviceRegistryEvents|1" },
        { "find in (DeviceFileEvents, DeviceRegistryEvents) where InitiatingProcessId == 100 "
          "project ActionType",
          "DeviceFileEvents|FileCreated\nDeviceRegistryEvents|RegistryValueSet" },
        { "union * | summarize n = count() by Type | order by Type asc",
          "DeviceFileEvents|1\nDeviceInfo|1\nDeviceProcessEvents|2\nDeviceRegistryEvents|1" },
        { "DeviceInfo | project DeviceName, Timestamp, OSPlatform, strlen(DeviceId)",
          "PC.example|2023-11-14T22:13:24.0000000Z||40"
          "\n! DeviceInfo has one row a host, with its name, its id and the time of its newest "
          "record" },
        { "DeviceEvents | getschema | summarize count() by ColumnType | order by ColumnType asc",
          "bool|2\ndatetime|5\nint|2\nlong|11\nstring|54" },
    };
    (void)state;
    world w;
    event file = { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\tool.exe") };
    event value = { 13, FIELDS(BY_SHELL, "EventType=SetValue", "TargetObject=HKLM\\Run\\x",
                               "Details=C:\\t\\tool.exe") };
    begin(&w);
    add(&w, &shell);
    add(&w, &tool);
    add(&w, &file);
    add(&w, &value);
    grow(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(&w, rows[i].kql, rows[i].want);
    done(&w);
}

#define ALONE "; the answer may be empty for that reason alone"

static void warning__each_reason__is_told_once(void **state)
{
    static const struct {
        const char *kql, *want;
    } rows[] = {
        { "DeviceFileEvents | where FileSize > 1 or FileSize < 0 | where FileSize != 3 | project "
          "FileSize",
          "\n! FileSize is never filled, as Sysmon doesn't record it" ALONE },
        { "let T = DeviceFileEvents | where FileSize > 1; union T, T, T | project FileSize",
          "\n! FileSize is never filled, as Sysmon doesn't record it" ALONE },
        { "DeviceFileEvents | where _IsBillable == true | summarize n = sum(_BilledSize) by "
          "_IsBillable",
          "\n! _IsBillable is never filled, as nobody is billed here" ALONE },
        { "DeviceFileEvents | take 1 | project _BilledSize, _IsBillable | project-away _IsBillable "
          "| getschema | project ColumnName, ColumnType",
          "_BilledSize|real" },
        { "DeviceFileEvents | getschema | where ColumnName startswith '_'", "" },
        { "DeviceFileEvents | where ActionType in ('FileCreated', 'FileModified', 'FileRenamed') "
          "| project ActionType",
          "\n! no row here can have the ActionType FileModified, FileRenamed" ALONE },
        { "DeviceFileEvents | where ActionType =~ 'filecreated' or ActionType == 'filedeleted' | "
          "project ActionType",
          "\n! no row here can have the ActionType filedeleted" ALONE },
        { "DeviceFileEvents | where ActionType != 'FileModified' | project ActionType", "" },
        { "union DeviceFileEvents, DeviceEvents | where ActionType == 'DriverLoad' | project "
          "ActionType",
          "" },
        { "let DeviceFileEvents = datatable(FileSize:long, ActionType:string)[]; DeviceFileEvents "
          "| where FileSize > 1 and ActionType == 'x' | project FileSize",
          "" },
        { "DeviceLogonEvents | project LogonType", "" },
        { "DeviceFileCertificateInfo | project Signer",
          "\n! DeviceFileCertificateInfo is empty, as Sysmon records no such events" ALONE },
        { "union DeviceFileCertificateInfo, DeviceNetworkInfo, DeviceFileCertificateInfo | project "
          "DeviceName",
          "\n! DeviceFileCertificateInfo is empty, as Sysmon records no such events" ALONE
          "\n! DeviceNetworkInfo is empty, as Sysmon records no such events" ALONE },
        { "DeviceProcessEvents | join kind=inner DeviceFileEvents on SHA1 | where FileOriginUrl == "
          "'x' | project SHA1",
          "" },
    };
    (void)state;
    world w;
    begin(&w);
    grow(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(&w, rows[i].kql, rows[i].want);
    done(&w);
}

/* rules */

/* A row counts for the process that acted, once, with the reason of its first row; of one that was
 * not observed, for its first event. */
static void rule__over_events__hits_their_processes(void **state)
{
    static const struct {
        const char *kql, *want; /* PID and reason of each hit; how many rows are a table */
    } rows[] = {
        { "DeviceFileEvents | extend Reason = FileName",
          "100 a.exe, 200 c.exe, event of 50 d.exe; 4" },
        { "DeviceFileEvents | order by Timestamp desc | extend Reason = FileName",
          "100 b.exe, 200 c.exe, event of 50 d.exe; 4" },
        { "union DeviceFileEvents, DeviceProcessEvents", "100 , 200 , event of 50 ; 4" },
        { "DeviceFileEvents | where FileName == 'd.exe'", "event of 50 ; 1" },
        { "DeviceFileEvents | summarize arg_max(Timestamp, *) by InitiatingProcessId",
          "100 , 200 , event of 50 ; 3" },
        { "DeviceFileEvents | summarize count() by FileName", "; 4" },
        { "DeviceProcessEvents | join kind=inner DeviceFileEvents on DeviceId | where FileName == "
          "'tool.exe'",
          "200 ; 0" },
        { "DeviceInfo", "; 1" },
    };
    static const event files[] = {
        { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\a.exe") },
        { 11, FIELDS(BY_SHELL, "TargetFilename=C:\\t\\b.exe") },
        { 11, FIELDS("ProcessGuid=" TOOL, "TargetFilename=C:\\t\\c.exe") },
        { 11, FIELDS("ProcessGuid=" GONE, "TargetFilename=C:\\t\\d.exe") },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        st_err err = { 0 };
        st_matches *m = NULL;
        st_run_options o = { 0 };
        char got[256] = "";
        size_t n = 0;
        begin(&w);
        add(&w, &shell);
        add(&w, &tool);
        for (size_t k = 0; k < sizeof files / sizeof *files; k++)
            add(&w, &files[k]);
        grow(&w);
        st_rules *r = st_rules_new();
        assert_int_equal(st_rules_load_text(r, ST_STR("r.kql"), st_str_of(rows[i].kql), &err),
                         ST_OK);
        assert_int_equal(st_rules_run(r, w.forest, &o, &m, &err), ST_OK);
        for (size_t k = 0; k < m->n; k++)
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%s%u %.*s", k ? ", " : "",
                                  m->items[k].event == ST_NO_EVENT ? "" : "event of ",
                                  w.forest->procs[m->items[k].node].pid,
                                  ST_FMT(st_pool_get(w.store->pool, m->items[k].reason)));
        (void)snprintf(got + n, sizeof got - n, "; %llu", (unsigned long long)m->results[0].rows);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: got \"%s\", not \"%s\"", rows[i].kql, got, rows[i].want);
        st_matches_free(m);
        st_rules_free(r);
        done(&w);
    }
}

/* what is read for a query */

/* Windows' own events that are rows of DeviceEvents. */
#define WINDOWS 999

static void add_windows(st_event_set *s)
{
    st_event_key key;
    const st_event_rows *k;
    for (size_t i = 0; (k = st_event_rows_at(i, &key)) != NULL; i++)
        if (key.provider != ST_SYSMON && strcmp(k->table, "DeviceEvents") == 0)
            st_event_set_add(s, key);
}

static st_event_set set_of(const unsigned *ids)
{
    st_event_set s = { { 0 } };
    for (size_t i = 0; ids[i]; i++)
        if (ids[i] == WINDOWS)
            add_windows(&s);
        else
            st_event_set_add(&s, ST_SYSMON_EVENT((uint16_t)ids[i]));
    return s;
}

static void events__each_rule__asks_for_its_own_only(void **state)
{
    static const char library[] =
        "// library: yes\n"
        "let action = toscalar(DeviceProcessEvents | project FileName | take 1);\n"
        "let at = tostring(now());";
    static const struct {
        const char *kql;
        unsigned ids[20];
    } rows[] = {
        { "DeviceProcessEvents | where FileName == 'x'", { 0 } },
        { "Processes", { 0 } },
        { "DeviceInfo", { 0 } },
        { "DeviceNetworkEvents | where RemotePort == 1", { 3 } },
        { "DeviceFileEvents", { 11, 15, 23, 26 } },
        { "DeviceRegistryEvents", { 12, 13, 14 } },
        { "DeviceImageLoadEvents", { 7 } },
        { "DeviceEvents", { 2, 6, 8, 9, 10, 17, 18, 19, 20, 21, 22, 24, 25, WINDOWS } },
        { "DeviceProcessEvents | join DeviceNetworkEvents on DeviceId | union "
          "DeviceImageLoadEvents",
          { 3, 7 } },
        { "let f = DeviceFileEvents | where ActionType == 'FileDeleted'; DeviceProcessEvents | "
          "where SHA1 in ((f | project SHA1))",
          { 23, 26 } },
        { "DeviceEvents | where ActionType == 'DnsQueryResponse'", { 22 } },
        { "DeviceEvents | where Timestamp > ago(1d) | where ActionType in~ ('driverload', "
          "'openprocessapicall') and FileName != ''",
          { 6, 10 } },
        { "DeviceEvents | where ActionType startswith 'wmi' or ActionType has 'pipe'",
          { 19, 20, 21 } },
        { "DeviceEvents | where ActionType == 'DriverLoad' or FileName == 'x'",
          { 2, 6, 8, 9, 10, 17, 18, 19, 20, 21, 22, 24, 25, WINDOWS } },
        { "DeviceRegistryEvents | where ActionType !startswith 'RegistryValue'", { 12, 14 } },
        { "DeviceRegistryEvents | where ActionType == ''", { 12 } },
        { "DeviceEvents | extend ActionType = FileName | where ActionType == 'DriverLoad'",
          { 2, 6, 8, 9, 10, 17, 18, 19, 20, 21, 22, 24, 25, WINDOWS } },
        { "DeviceFileEvents | where ActionType == 'NoSuch'", { 0 } },
        /* What a list of rows holds isn't known before the evidence is read. */
        { "let a = DeviceFileEvents | distinct ActionType; DeviceEvents | where ActionType in (a)",
          { 2, 6, 8, 9, 10, 11, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, WINDOWS } },
        { "let a = toscalar(DeviceFileEvents | project ActionType); DeviceFileEvents | where "
          "ActionType == a",
          { 11, 15, 23, 26 } },
        { "// uses: lib.kql\nDeviceFileEvents | where ActionType == action", { 11, 15, 23, 26 } },
        { "// uses: lib.kql\nDeviceFileEvents | where ActionType == at", { 11, 15, 23, 26 } },
        { "DeviceFileEvents | where ActionType == iff(now() > datetime(2000), 'FileCreated', 'x')",
          { 11, 15, 23, 26 } },
        { "EmailEvents | join DeviceNetworkEvents on DeviceId", { 0 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_err err = { 0 };
        st_rules *r = st_rules_new();
        assert_int_equal(st_rules_load_text(r, ST_STR("lib.kql"), st_str_of(library), &err), ST_OK);
        assert_int_equal(st_rules_load_text(r, ST_STR("r.kql"), st_str_of(rows[i].kql), &err),
                         ST_OK);
        st_event_set want = set_of(rows[i].ids), got = st_rules_events(r);
        if (!st_event_set_eq(&got, &want))
            fail_msg("%s: %llx, not %llx", rows[i].kql, (unsigned long long)got.bits[0],
                     (unsigned long long)want.bits[0]);
        st_rules_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event__each_kind__is_the_row_it_should_be),
        cmocka_unit_test(registry_value__each_form__gives_type_and_data),
        cmocka_unit_test(address__each_prefix__has_its_type),
        cmocka_unit_test(actor__observed__its_creation_fills_the_columns),
        cmocka_unit_test(actor__not_observed__only_the_event_speaks),
        cmocka_unit_test(copies__same_record__are_one_row),
        cmocka_unit_test(host__several_spellings__are_one_as_in_the_newest_record),
        cmocka_unit_test(rows__of_all_kinds__come_in_the_order_of_time),
        cmocka_unit_test(query__over_several_tables__sees_them_all),
        cmocka_unit_test(warning__each_reason__is_told_once),
        cmocka_unit_test(rule__over_events__hits_their_processes),
        cmocka_unit_test(events__each_rule__asks_for_its_own_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
