/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows.c - writes evidence of Windows' own logs: `windows OUTDIR`.
 *
 * alone/ is a web server without Sysmon whose audit policy records processes, without command
 * lines: from its start to an intruder's commands below IIS, with services, tasks, scripts and
 * logons beside them. both/ is a host with Sysmon and that policy: records that are of one process,
 * two that disagree on who made it, and processes that only one of the logs has. stopped/ is a web
 * server whose Sysmon was stopped before the intruder's commands, and a host that they reach.
 * shapes/ is a collector's log, of hosts that write 4688 as Windows 2008 R2, 2012 R2 and 2016 do,
 * the oldest over two boots of which no record tells. The same bytes on every run.
 */
#include "evtxgen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SYS32 "C:\\Windows\\System32\\"
#define W3WP SYS32 "inetsrv\\w3wp.exe"
#define POOL "IIS APPPOOL\\DefaultAppPool"

#define S(name, text)             \
    {                             \
        name, text, GEN_STRING, 0 \
    }
#define H(name, text)            \
    {                            \
        name, text, GEN_HEX64, 0 \
    }
#define N(name, text)          \
    {                          \
        name, text, GEN_U32, 0 \
    }

typedef struct provider {
    const char *name, *guid, *channel;
} provider;
static const provider SECURITY = { "Microsoft-Windows-Security-Auditing",
                                   "{54849625-5478-4994-A5BA-3E3B0328C30D}", "Security" };
static const provider EVENTLOG = { "Microsoft-Windows-Eventlog",
                                   "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}", "Security" };
static const provider OLD_EVENTLOG = { "EventLog", NULL, "System" };
static const provider SERVICES = { "Service Control Manager",
                                   "{555908D1-A6D7-4695-8E1E-26931D2012F4}", "System" };
static const provider TASKS = { "Microsoft-Windows-TaskScheduler",
                                "{DE7B24EA-73C8-4A09-985D-5BDADCFA9017}",
                                "Microsoft-Windows-TaskScheduler/Operational" };
static const provider SCRIPTS = { "Microsoft-Windows-PowerShell",
                                  "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
                                  "Microsoft-Windows-PowerShell/Operational" };
static const provider DEFENDER = { "Microsoft-Windows-Windows Defender",
                                   "{11CD958A-C507-4EF3-B3F2-5FD9DFBD2C78}",
                                   "Microsoft-Windows-Windows Defender/Operational" };
static const provider BITS = { "Microsoft-Windows-Bits-Client",
                               "{EF1CC15B-46C1-414E-BB95-E76B077BD51E}",
                               "Microsoft-Windows-Bits-Client/Operational" };
static const provider WINRM = { "Microsoft-Windows-WinRM", "{A7975C8F-AC13-49F1-87DA-5A984A4AB417}",
                                "Microsoft-Windows-WinRM/Operational" };
static const provider DESKTOP = {
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
    "{C76BAA63-AE81-421C-B425-340B4B24157F}",
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
};
static const provider SESSIONS = {
    "Microsoft-Windows-TerminalServices-LocalSessionManager",
    "{5D896912-022D-40AA-A3A8-4FA5515C76D7}",
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
};
static const provider SYSMON = { "Microsoft-Windows-Sysmon",
                                 "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
                                 "Microsoft-Windows-Sysmon/Operational" };

/* A host's log; now is the host's. */
typedef struct book {
    const char *computer;
    gen_log *log;
    st_ticks *now;
    uint64_t record;
    uint8_t shape; /* which version of 4688 its host writes */
} book;

enum { LINELESS, PARENTLESS, FULL }; /* 2008 R2, 2012 R2, 2016 */

static void fail(const char *what)
{
    fprintf(stderr, "windows: %s\n", what);
    exit(1);
}

static book open_book(const char *computer, st_ticks *now, uint64_t first)
{
    book b = { computer, gen_new(&(gen_options){ .first_record = first }), now, first, FULL };
    if (!b.log)
        fail("no memory");
    return b;
}

static void add(book *b, const provider *p, uint16_t id, uint32_t pid, const char *user_data,
                const gen_field *f, size_t n)
{
    gen_event e = { .provider = p->name,
                    .provider_guid = p->guid,
                    .channel = p->channel,
                    .computer = b->computer,
                    .event_id = id,
                    .task = id == 4688 ? 13312 : 0,
                    .version = id == 4688 ? b->shape : 0,
                    .level = id == 1116       ? 3
                             : p == &SECURITY ? 0
                                              : 4,
                    .keywords = p == &SECURITY ? UINT64_C(0x8020000000000000) : 0,
                    .created = *b->now,
                    .event_record_id = b->record++,
                    .pid = pid,
                    .tid = 88,
                    .fields = f,
                    .field_count = n,
                    .user_data = user_data };
    if (!gen_add(b->log, &e))
        fail("an event doesn't go into its log");
    *b->now += 137 * ST_TICKS_MS;
}
#define ADD(b, p, id, pid, data, ...)                                 \
    do {                                                              \
        const gen_field own_[] = { __VA_ARGS__ };                     \
        add(b, p, id, pid, data, own_, sizeof own_ / sizeof own_[0]); \
    } while (0)

static void wait_s(st_ticks *now, unsigned seconds)
{
    *now += seconds * ST_TICKS_SECOND;
}

static void close_book(book *b, const char *dir, const char *name)
{
    char path[4096];
    st_buf out = { 0 };
    if (!gen_finish(b->log, &out))
        fail(name);
    if (mkdir(dir, 0777) && errno != EEXIST)
        fail(dir);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(out.p, 1, out.n, f) != out.n || fclose(f))
        fail(path);
    st_buf_free(&out);
}

/* processes */

typedef struct process {
    char pid[16], image[96], user[48], logon[16];
} process;

static process named(unsigned pid, const char *image, const char *user, const char *logon)
{
    process p;
    snprintf(p.pid, sizeof p.pid, "0x%x", pid);
    snprintf(p.image, sizeof p.image, "%s", image);
    snprintf(p.user, sizeof p.user, "%s", user);
    snprintf(p.logon, sizeof p.logon, "%s", logon);
    return p;
}

static const char *domain_of(const process *p, char *out, size_t n)
{
    const char *slash = strchr(p->user, '\\');
    snprintf(out, n, "%.*s", slash ? (int)(slash - p->user) : 0, p->user);
    return out;
}

static const char *name_of(const process *p)
{
    const char *slash = strchr(p->user, '\\');
    return slash ? slash + 1 : p->user;
}

/* 4688: each version has what those before it have, and more. */
static void starts(book *b, const process *parent, const process *p, const char *command)
{
    char subject[48], target[48];
    static const size_t fields[] = { [LINELESS] = 8, [PARENTLESS] = 9, [FULL] = 15 };
    bool other = strcmp(parent->user, p->user) != 0;
    bool system = strcmp(p->logon, "0x3e7") == 0;
    const gen_field all[] = {
        { "SubjectUserSid", "S-1-5-18", GEN_SID, 0 },
        S("SubjectUserName", name_of(parent)),
        S("SubjectDomainName", domain_of(parent, subject, sizeof subject)),
        H("SubjectLogonId", parent->logon),
        H("NewProcessId", p->pid),
        S("NewProcessName", p->image),
        S("TokenElevationType", "%%1936"),
        H("ProcessId", parent->pid),
        S("CommandLine", command),
        { "TargetUserSid", "S-1-0-0", GEN_SID, 0 },
        S("TargetUserName", other ? name_of(p) : "-"),
        S("TargetDomainName", other ? domain_of(p, target, sizeof target) : "-"),
        H("TargetLogonId", other ? p->logon : "0x0"),
        S("ParentProcessName", parent->image),
        { "MandatoryLabel", system ? "S-1-16-16384" : "S-1-16-12288", GEN_SID, 0 },
    };
    add(b, &SECURITY, 4688, 4, NULL, all, fields[b->shape]);
}

static void ends(book *b, const process *p)
{
    char domain[48];
    ADD(b, &SECURITY, 4689, 4, NULL, { "SubjectUserSid", "S-1-5-18", GEN_SID, 0 },
        S("SubjectUserName", name_of(p)),
        S("SubjectDomainName", domain_of(p, domain, sizeof domain)), H("SubjectLogonId", p->logon),
        H("Status", "0x0"), H("ProcessId", p->pid), S("ProcessName", p->image));
}

static void runs(book *b, const process *parent, unsigned pid, const char *image)
{
    process p = named(pid, image, parent->user, parent->logon);
    starts(b, parent, &p, "");
    ends(b, &p);
}

/* logons */

static void logs_on(book *b, const char *user, const char *logon, const char *type,
                    const char *address)
{
    ADD(b, &SECURITY, 4624, 600, NULL, { "SubjectUserSid", "S-1-0-0", GEN_SID, 0 },
        S("SubjectUserName", "-"), S("SubjectDomainName", "-"), H("SubjectLogonId", "0x0"),
        { "TargetUserSid", "S-1-5-21-1-2-3-1107", GEN_SID, 0 }, S("TargetUserName", user),
        S("TargetDomainName", "CORP"), H("TargetLogonId", logon), N("LogonType", type),
        S("LogonProcessName", "NtLmSsp "), S("AuthenticationPackageName", "NTLM"),
        S("WorkstationName", "LAPTOP7"), H("ProcessId", "0x0"), S("ProcessName", "-"),
        S("IpAddress", address), S("IpPort", "50122"), S("ElevatedToken", "%%1842"));
}

/* alone/ */

/* One script in three records, of which the second is written first. */
static void script(book *b, uint32_t pid)
{
    static const char *const parts[][2] = { { "2", "Invoke-Thing -Quiet\n" },
                                            { "1", "# a script\n" },
                                            { "3", "Remove-Item a.ps1\n" } };
    for (size_t i = 0; i < 3; i++)
        ADD(b, &SCRIPTS, 4104, pid, NULL, N("MessageNumber", parts[i][0]), N("MessageTotal", "3"),
            S("ScriptBlockText", parts[i][1]),
            S("ScriptBlockId", "4f1d2a6c-6f0a-4f0e-9a3c-5b1d8f1e2c3d"),
            S("Path", "C:\\Windows\\Temp\\a.ps1"));
}

static void boot(book *security, book *system, st_ticks *now, process *services)
{
    process kernel = named(4, "", "NT AUTHORITY\\SYSTEM", "0x3e7");
    process smss = named(0x160, SYS32 "smss.exe", kernel.user, kernel.logon);
    process wininit = named(0x1f0, SYS32 "wininit.exe", kernel.user, kernel.logon);
    *services = named(0x274, SYS32 "services.exe", kernel.user, kernel.logon);
    starts(security, &kernel, &smss, "");
    starts(security, &smss, &wininit, "");
    starts(security, &wininit, services, "");
    add(security, &SECURITY, 4608, 628, NULL, NULL, 0);
    wait_s(now, 12);
    ADD(system, &OLD_EVENTLOG, 6009, 0, NULL, S(NULL, "10.00."), S(NULL, "20348"));
    add(system, &OLD_EVENTLOG, 6005, 0, NULL, NULL, 0);
}

/* A page's commands: below the pool's process, and of its account. */
static void intrusion(book *security, book *system, book *other, st_ticks *now,
                      const process *server)
{
    process cmd = named(0xb10, SYS32 "cmd.exe", server->user, server->logon);
    process ps =
        named(0xb40, SYS32 "WindowsPowerShell\\v1.0\\powershell.exe", server->user, server->logon);
    starts(security, server, &cmd, "");
    runs(security, &cmd, 0xb14, SYS32 "whoami.exe");
    runs(security, &cmd, 0xb18, SYS32 "net.exe");
    starts(security, &cmd, &ps, "");
    ADD(other, &SCRIPTS, 4103, 0xb40, NULL, S("ContextInfo", "Host Name = ConsoleHost"),
        S("UserData", ""), S("Payload", "CommandInvocation(Invoke-WebRequest)"));
    script(other, 0xb40);
    ADD(other, &BITS, 59, 0xb40, NULL, S("name", "update"), S("Id", "{1}"),
        S("url", "http://203.0.113.9/p.exe"), { "bytesTotal", "4096", GEN_U64, 0 },
        { "bytesTransferred", "0", GEN_U64, 0 });
    ADD(other, &BITS, 60, 0xb40, NULL, S("name", "update"), S("Id", "{1}"),
        S("url", "http://203.0.113.9/p.exe"), { "bytesTotal", "4096", GEN_U64, 0 },
        { "bytesTransferred", "4096", GEN_U64, 0 }, { "hr", "0x0", GEN_HEX32, 0 });
    ADD(security, &SECURITY, 4697, 628, NULL, S("SubjectUserName", "DefaultAppPool"),
        S("SubjectDomainName", "IIS APPPOOL"), H("SubjectLogonId", server->logon),
        S("ServiceName", "updater"), S("ServiceFileName", "C:\\Windows\\Temp\\p.exe -s"),
        S("ServiceType", "0x10"), N("ServiceStartType", "2"), S("ServiceAccount", "LocalSystem"));
    ADD(system, &SERVICES, 7045, 628, NULL, S("ServiceName", "updater"),
        S("ImagePath", "C:\\Windows\\Temp\\p.exe -s"), S("ServiceType", "user mode service"),
        S("StartType", "auto start"), S("AccountName", "LocalSystem"));
    ADD(security, &SECURITY, 4698, 628, NULL, S("SubjectUserName", "DefaultAppPool"),
        S("SubjectDomainName", "IIS APPPOOL"), H("SubjectLogonId", server->logon),
        S("TaskName", "\\Updater"), S("TaskContent", "<Task><Exec>p.exe</Exec></Task>"));
    ADD(other, &TASKS, 106, 900, NULL, S("TaskName", "\\Updater"), S("UserContext", POOL));
    ADD(other, &DEFENDER, 1116, 1200, NULL, S("Threat Name", "Trojan:Win32/Made.Up"),
        S("Severity Name", "Severe"), S("Category Name", "Trojan"),
        S("Path", "file:_C:\\Windows\\Temp\\p.exe"), S("Detection User", POOL),
        S("Process Name", SYS32 "cmd.exe"), S("Detection ID", "{2}"));
    ADD(other, &DEFENDER, 1117, 1200, NULL, S("Threat Name", "Trojan:Win32/Made.Up"),
        S("Severity Name", "Severe"), S("Category Name", "Trojan"),
        S("Path", "file:_C:\\Windows\\Temp\\p.exe"), S("Action Name", "Quarantine"),
        S("Detection ID", "{2}"));
    ADD(security, &SECURITY, 4648, 628, NULL, S("SubjectUserName", "DefaultAppPool"),
        S("SubjectDomainName", "IIS APPPOOL"), H("SubjectLogonId", server->logon),
        S("TargetUserName", "helpdesk"), S("TargetDomainName", "CORP"),
        S("TargetServerName", "dc1.corp.example"), H("ProcessId", "0xb40"),
        S("ProcessName", ps.image), S("IpAddress", "-"), S("IpPort", "-"));
    ADD(other, &WINRM, 6, 0xb40, NULL, S("connection", "dc1.corp.example"));
    ends(security, &ps);
    ends(security, &cmd);
    wait_s(now, 30);
}

static void alone(const char *out)
{
    char dir[4096];
    st_ticks now;
    if (!st_time_iso(ST_STR("2026-03-06T07:00:00Z"), &now))
        fail("time");
    book security = open_book("FS01.corp.example", &now, 9000);
    book system = open_book("FS01.corp.example", &now, 400);
    book other = open_book("FS01.corp.example", &now, 1);
    process services;
    boot(&security, &system, &now, &services);
    process svchost = named(0x3a8, SYS32 "svchost.exe", services.user, services.logon);
    process server = named(0xa00, W3WP, POOL, "0x4f2b1");
    starts(&security, &services, &svchost, "");
    ADD(&security, &SECURITY, 4625, 600, NULL, S("SubjectUserName", "-"),
        S("SubjectDomainName", "-"), H("SubjectLogonId", "0x0"), S("TargetUserName", "admin"),
        S("TargetDomainName", "CORP"), { "Status", "0xc000006d", GEN_HEX32, 0 },
        S("FailureReason", "%%2313"), { "SubStatus", "0xc0000064", GEN_HEX32, 0 },
        N("LogonType", "3"), S("LogonProcessName", "NtLmSsp "),
        S("AuthenticationPackageName", "NTLM"), S("WorkstationName", "LAPTOP7"),
        H("ProcessId", "0x0"), S("ProcessName", "-"), S("IpAddress", "198.51.100.23"),
        S("IpPort", "50120"));
    logs_on(&security, "ann", "0x51c00", "10", "198.51.100.23");
    ADD(&other, &DESKTOP, 1149, 1300, "EventXML", S("Param1", "ann"), S("Param2", "CORP"),
        S("Param3", "198.51.100.23"));
    ADD(&other, &SESSIONS, 21, 1300, "EventXML", S("User", "CORP\\ann"), N("SessionID", "3"),
        S("Address", "198.51.100.23"));
    starts(&security, &svchost, &server, "");
    wait_s(&now, 40);
    intrusion(&security, &system, &other, &now, &server);
    ADD(&other, &TASKS, 141, 900, NULL, S("TaskName", "\\Updater"), S("UserName", POOL));
    ADD(&other, &WINRM, 91, 1400, NULL,
        S("resourceUri", "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"));
    ADD(&other, &SESSIONS, 24, 1300, "EventXML", S("User", "CORP\\ann"), N("SessionID", "3"),
        S("Address", "198.51.100.23"));
    ADD(&security, &SECURITY, 4634, 628, NULL,
        { "TargetUserSid", "S-1-5-21-1-2-3-1107", GEN_SID, 0 }, S("TargetUserName", "ann"),
        S("TargetDomainName", "CORP"), H("TargetLogonId", "0x51c00"), N("LogonType", "10"));
    ADD(&security, &EVENTLOG, 1102, 900, "LogFileCleared", S("SubjectUserName", "ann"),
        S("SubjectDomainName", "CORP"));
    snprintf(dir, sizeof dir, "%s/alone", out);
    close_book(&security, dir, "Security.evtx");
    close_book(&system, dir, "System.evtx");
    close_book(&other, dir, "others.evtx");
}

/* both/ */

static void recorded(book *b, const char *guid, const process *p, const char *command,
                     const char *parent_guid, const process *parent, const char *parent_command)
{
    char pid[16], parent_pid[16];
    st_buf utc = { 0 };
    st_buf_time_sysmon(&utc, *b->now);
    st_buf_char(&utc, 0);
    snprintf(pid, sizeof pid, "%lu", strtoul(p->pid, NULL, 16));
    snprintf(parent_pid, sizeof parent_pid, "%lu", strtoul(parent->pid, NULL, 16));
    ADD(b, &SYSMON, 1, 2404, NULL, S("RuleName", "-"), S("UtcTime", utc.p),
        { "ProcessGuid", guid, GEN_GUID, 0 }, N("ProcessId", pid), S("Image", p->image),
        S("CommandLine", command), S("CurrentDirectory", SYS32), S("User", p->user),
        { "LogonGuid", "{57A1C2E4-0000-69AA-0000-002056340000}", GEN_GUID, 0 },
        H("LogonId", p->logon), N("TerminalSessionId", "0"), S("IntegrityLevel", "High"),
        S("Hashes", "MD5=D41D8CD98F00B204E9800998ECF8427E"),
        { "ParentProcessGuid", parent_guid, GEN_GUID, 0 }, N("ParentProcessId", parent_pid),
        S("ParentImage", parent->image), S("ParentCommandLine", parent_command));
    st_buf_free(&utc);
}

static void both(const char *out)
{
    char dir[4096];
    st_ticks now;
    if (!st_time_iso(ST_STR("2026-03-06T09:00:00Z"), &now))
        fail("time");
    book security = open_book("APP02.corp.example", &now, 1200);
    book sysmon = open_book("APP02.corp.example", &now, 1);
    process services = named(0x274, SYS32 "services.exe", "NT AUTHORITY\\SYSTEM", "0x3e7");
    process shell = named(0x800, SYS32 "cmd.exe", "CORP\\bob", "0x3456");
    process ping = named(0x810, SYS32 "ping.exe", "CORP\\bob", "0x3456");
    process spoofed = named(0x820, SYS32 "notepad.exe", "CORP\\bob", "0x3456");
    process hidden = named(0x830, SYS32 "conhost.exe", "CORP\\bob", "0x3456");
    static const char *const guids[] = { "{57A1C2E4-0E10-69AA-0000-0010A1000000}",
                                         "{57A1C2E4-0E11-69AA-0000-0010A2000000}",
                                         "{57A1C2E4-0E12-69AA-0000-0010A3000000}",
                                         "{57A1C2E4-0E13-69AA-0000-0010A4000000}" };
    recorded(&sysmon, guids[1], &shell, "cmd.exe /k", guids[0], &services, services.image);
    starts(&security, &services, &shell, "cmd.exe /k");
    wait_s(&now, 1);
    recorded(&sysmon, guids[2], &ping, "ping 192.0.2.1", guids[1], &shell,
             "cmd.exe /k"); /* no 4688 */
    wait_s(&now, 1);
    recorded(&sysmon, guids[3], &spoofed, "notepad.exe", guids[0], &services, services.image);
    starts(&security, &shell, &spoofed, "notepad.exe"); /* another creator */
    wait_s(&now, 1);
    starts(&security, &shell, &hidden, ""); /* which Sysmon doesn't have */
    wait_s(&now, 5);
    recorded(&sysmon, "{57A1C2E4-0E1A-69AA-0000-0010A5000000}", &ping, "ping 192.0.2.2", guids[1],
             &shell, "cmd.exe /k");
    snprintf(dir, sizeof dir, "%s/both", out);
    close_book(&security, dir, "Security.evtx");
    close_book(&sysmon, dir, "Sysmon.evtx");
}

/* stopped/ */

/* What a page runs, told by Windows alone. */
static void commands(book *b, const process *server, unsigned first)
{
    process cmd = named(first, SYS32 "cmd.exe", server->user, server->logon);
    starts(b, server, &cmd, "cmd.exe /c whoami & net user");
    runs(b, &cmd, first + 4, SYS32 "whoami.exe");
    runs(b, &cmd, first + 8, SYS32 "net.exe");
    ends(b, &cmd);
}

/* A service is made on another host, where only that host's own logs tell of it. */
static void moves_on(book *here, book *there, const process *server)
{
    process cmd = named(0xb30, SYS32 "cmd.exe", server->user, server->logon);
    process sc = named(0xb34, SYS32 "sc.exe", server->user, server->logon);
    const char *line = "sc.exe \\\\APP03 create updater binPath= C:\\Windows\\Temp\\p.exe";
    starts(here, server, &cmd, "cmd.exe /c sc \\\\APP03 create updater");
    starts(here, &cmd, &sc, line);
    logs_on(there, "svc-web", "0x9c01", "3", "192.0.2.9");
    ADD(there, &SERVICES, 7045, 628, NULL, S("ServiceName", "updater"),
        S("ImagePath", "C:\\Windows\\Temp\\p.exe"), S("ServiceType", "user mode service"),
        S("StartType", "demand start"), S("AccountName", "LocalSystem"));
}

static void stopped(const char *out)
{
    char dir[4096];
    st_ticks now;
    if (!st_time_iso(ST_STR("2026-03-06T11:00:00Z"), &now))
        fail("time");
    book security = open_book("WEB09.corp.example", &now, 5000);
    book sysmon = open_book("WEB09.corp.example", &now, 1);
    book there = open_book("APP03.corp.example", &now, 300);
    process services = named(0x274, SYS32 "services.exe", "NT AUTHORITY\\SYSTEM", "0x3e7");
    process svchost = named(0x3a8, SYS32 "svchost.exe", services.user, services.logon);
    process server = named(0xa00, W3WP, POOL, "0x4f2b1");
    static const char *const guids[] = { "{66A1C2E4-0E10-69AA-0000-0010B1000000}",
                                         "{66A1C2E4-0E11-69AA-0000-0010B2000000}",
                                         "{66A1C2E4-0E12-69AA-0000-0010B3000000}" };
    recorded(&sysmon, guids[1], &svchost, "svchost.exe -k iissvcs", guids[0], &services,
             services.image);
    starts(&security, &services, &svchost, "svchost.exe -k iissvcs");
    wait_s(&now, 30);
    recorded(&sysmon, guids[2], &server, "w3wp.exe -ap \"DefaultAppPool\"", guids[1], &svchost,
             "svchost.exe -k iissvcs");
    starts(&security, &svchost, &server, "w3wp.exe -ap \"DefaultAppPool\"");
    wait_s(&now, 60);
    ADD(&sysmon, &SYSMON, 4, 2404, NULL, S("UtcTime", "2026-03-06 11:01:31.000"),
        S("State", "Stopped"), S("Version", "15.15"), S("SchemaVersion", "4.90"));
    wait_s(&now, 900);
    commands(&security, &server, 0xb10);
    moves_on(&security, &there, &server);
    snprintf(dir, sizeof dir, "%s/stopped", out);
    close_book(&security, dir, "Security.evtx");
    close_book(&sysmon, dir, "Sysmon.evtx");
    close_book(&there, dir, "APP03.evtx");
}

/* shapes/ */

/* From the session manager to a page's commands; no record says that Windows started. */
static void day(book *b, unsigned pids)
{
    process kernel = named(4, "", "NT AUTHORITY\\SYSTEM", "0x3e7");
    process smss = named(0x100 + pids, SYS32 "smss.exe", kernel.user, kernel.logon);
    process wininit = named(0x110 + pids, SYS32 "wininit.exe", kernel.user, kernel.logon);
    process services = named(0x120 + pids, SYS32 "services.exe", kernel.user, kernel.logon);
    process svchost = named(0x130 + pids, SYS32 "svchost.exe", kernel.user, kernel.logon);
    process server = named(0x140 + pids, W3WP, POOL, "0x4f2b1");
    starts(b, &kernel, &smss, "");
    starts(b, &smss, &wininit, "");
    starts(b, &wininit, &services, "");
    starts(b, &services, &svchost, "svchost.exe -k iissvcs");
    starts(b, &svchost, &server, "w3wp.exe -ap \"DefaultAppPool\"");
    wait_s(b->now, 40);
    commands(b, &server, 0x200 + pids);
    wait_s(b->now, 4000);
}

static void shapes(const char *out)
{
    static const struct {
        const char *computer;
        uint8_t shape;
    } hosts[] = { { "OLD08.corp.example", LINELESS },
                  { "SRV12.corp.example", PARENTLESS },
                  { "SRV16.corp.example", FULL } };
    char dir[4096];
    st_ticks now;
    if (!st_time_iso(ST_STR("2026-03-06T13:00:00Z"), &now))
        fail("time");
    book b = open_book("", &now, 70000);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        b.computer = hosts[i].computer;
        b.shape = hosts[i].shape;
        day(&b, 0);
    }
    /* The next boot of the first: the server's PID is a service host's now, which starts a shell.
     */
    b.computer = hosts[0].computer;
    b.shape = hosts[0].shape;
    day(&b, 0x10);
    process svchost = named(0x140, SYS32 "svchost.exe", "NT AUTHORITY\\SYSTEM", "0x3e7");
    commands(&b, &svchost, 0x300);
    snprintf(dir, sizeof dir, "%s/shapes", out);
    close_book(&b, dir, "ForwardedEvents.evtx");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s OUTDIR\n", argv[0]);
        return 2;
    }
    if (mkdir(argv[1], 0777) && errno != EEXIST)
        fail(argv[1]);
    alone(argv[1]);
    both(argv[1]);
    stopped(argv[1]);
    shapes(argv[1]);
    return 0;
}
