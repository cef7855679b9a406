/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus.c - writes a Sysmon log of any number of process creations, each with a GUID and a command
 * line of its own:
 *
 *     bench/corpus SHAPE PROCESSES FILE [HOST]
 *
 * SHAPE is flat (one web server starts them all: each is a finding of several rules), chain (each
 * starts the next, a web server the first) or mixed (a desktop's processes, one in two hundred
 * below a web server). HOST is the Computer (default: web01.corp.example).
 */
#include "support/evtxgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 (ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND) /* 2026-01-02 03:04:05 */
#define SYS32 "C:\\Windows\\System32\\"

enum { FIELDS = 23, TEXT = 512 };

typedef struct process {
    unsigned long id, parent; /* 0: the web server */
    const char *image, *parent_image;
} process;

/* A field's text, made anew for each process. */
typedef struct record {
    gen_field fields[FIELDS];
    char text[FIELDS][TEXT];
} record;

static void guid(char *to, unsigned long id)
{
    snprintf(to, TEXT, "{A1B20001-%04lX-%04lX-0000-0010%08lX}", id >> 16 & 0xffff, id & 0xffff, id);
}

static const struct {
    const char *name;
    unsigned char type;
    const char *text; /* NULL: of the process */
} layout[FIELDS] = {
    { "RuleName", GEN_STRING, "-" },
    { "UtcTime", GEN_STRING, NULL },
    { "ProcessGuid", GEN_GUID, NULL },
    { "ProcessId", GEN_U32, NULL },
    { "Image", GEN_STRING, NULL },
    { "FileVersion", GEN_STRING, "10.0.17763.1697 (WinBuild.160101.0800)" },
    { "Description", GEN_STRING, "Windows Command Processor" },
    { "Product", GEN_STRING, "Microsoft\xc2\xae Windows\xc2\xae Operating System" },
    { "Company", GEN_STRING, "Microsoft Corporation" },
    { "OriginalFileName", GEN_STRING, "Cmd.Exe" },
    { "CommandLine", GEN_STRING, NULL },
    { "CurrentDirectory", GEN_STRING, "C:\\Windows\\system32\\inetsrv\\" },
    { "User", GEN_STRING, "IIS APPPOOL\\DefaultAppPool" },
    { "LogonGuid", GEN_GUID, "{A1B20001-0001-0001-0000-0020E7030000}" },
    { "LogonId", GEN_HEX64, "0x3e7" },
    { "TerminalSessionId", GEN_U32, "0" },
    { "IntegrityLevel", GEN_STRING, "High" },
    { "Hashes", GEN_STRING,
      "SHA1=3CE71813199ABAE99348F61F0CAA34E2574F831C,MD5=911D039E71583A07320B32BDE22F8E22,"
      "SHA256=BC866CFCDDA37E24DC2634DC282C7A0E6F55209DA17A8FA105B07414C0E7C527" },
    { "ParentProcessGuid", GEN_GUID, NULL },
    { "ParentProcessId", GEN_U32, NULL },
    { "ParentImage", GEN_STRING, NULL },
    { "ParentCommandLine", GEN_STRING, NULL },
    { "ParentUser", GEN_STRING, "NT AUTHORITY\\SYSTEM" },
};

static void command_line(char *to, const char *image, unsigned long id)
{
    snprintf(to, TEXT, "\"%s\" /c whoami /all & echo %lu", image, id);
}

static void fill(record *r, const process *p, st_ticks at)
{
    st_buf b = { 0 };
    for (size_t i = 0; i < FIELDS; i++)
        r->fields[i] = (gen_field){ layout[i].name, layout[i].text ? layout[i].text : r->text[i],
                                    layout[i].type, 0 };
    st_buf_time_sysmon(&b, at);
    snprintf(r->text[1], TEXT, "%.*s", (int)b.n, b.p ? b.p : "");
    st_buf_free(&b);
    guid(r->text[2], p->id);
    snprintf(r->text[3], TEXT, "%lu", 4 + 4 * (p->id % 16000));
    snprintf(r->text[4], TEXT, "%s", p->image);
    command_line(r->text[10], p->image, p->id);
    guid(r->text[18], p->parent);
    snprintf(r->text[19], TEXT, "%lu", 4 + 4 * (p->parent % 16000));
    snprintf(r->text[20], TEXT, "%s", p->parent_image);
    command_line(r->text[21], p->parent_image, p->parent);
}

static bool add(gen_log *log, record *r, const char *host, const process *p)
{
    st_ticks at = T0 + p->id * ST_TICKS_MS;
    fill(r, p, at);
    gen_event ev = { .provider = "Microsoft-Windows-Sysmon",
                     .provider_guid = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
                     .channel = "Microsoft-Windows-Sysmon/Operational",
                     .computer = host,
                     .user_sid = "S-1-5-18",
                     .event_id = 1,
                     .task = 1,
                     .version = 5,
                     .level = 4,
                     .keywords = UINT64_C(1) << 63,
                     .created = at,
                     .pid = 2480,
                     .tid = 3164,
                     .fields = r->fields,
                     .field_count = FIELDS };
    return gen_add(log, &ev);
}

static const char server[] = SYS32 "inetsrv\\w3wp.exe";

static process flat(unsigned long id)
{
    return (process){ id, 0, SYS32 "cmd.exe", server };
}

static process chain(unsigned long id)
{
    return (process){ id, id - 1, SYS32 "cmd.exe", id > 1 ? SYS32 "cmd.exe" : server };
}

static process mixed(unsigned long id)
{
    static const char *const images[] = { SYS32 "svchost.exe", SYS32 "taskhostw.exe",
                                          SYS32 "conhost.exe",
                                          "C:\\Program Files\\Mozilla Firefox\\firefox.exe" };
    unsigned long up = id - id % 16; /* sixteen children each */
    if (id % 200 == 0)
        return flat(id);
    return (process){ id, up == id ? id / 16 : up, images[id % 4], images[up % 4] };
}

static const struct {
    const char *name;
    process (*at)(unsigned long id);
} shapes[] = { { "flat", flat }, { "chain", chain }, { "mixed", mixed } };

/* What has come together so far; begin: over the beginning of the file. */
static bool put(FILE *f, st_buf *b, size_t header)
{
    bool ok = fwrite(b->p + header, 1, b->n - header, f) == b->n - header;
    if (ok && header)
        ok = fseeko(f, 0, SEEK_SET) == 0 && fwrite(b->p, 1, header, f) == header;
    st_buf_clear(b);
    return ok && !b->failed;
}

static bool write_log(FILE *f, const char *host, process (*at)(unsigned long), unsigned long n)
{
    enum { HEADER = 4096, FLUSH = 4096 };
    record *r = malloc(sizeof *r);
    gen_log *log = gen_new(NULL);
    st_buf b = { 0 };
    bool ok = r && log && fseeko(f, HEADER, SEEK_SET) == 0;
    for (unsigned long id = 1; ok && id <= n; id++) {
        process p = at(id);
        ok = add(log, r, host, &p);
        if (ok && id % FLUSH == 0)
            ok = gen_take(log, &b) && put(f, &b, 0);
    }
    ok = log && gen_finish(log, &b) && ok && put(f, &b, HEADER);
    st_buf_free(&b);
    free(r);
    return ok;
}

int main(int argc, char **argv)
{
    const char *host = argc == 5 ? argv[4] : "web01.corp.example";
    size_t i = 0, n = sizeof shapes / sizeof shapes[0];
    while (argc >= 4 && i < n && strcmp(shapes[i].name, argv[1]) != 0)
        i++;
    if (argc < 4 || argc > 5 || i == n) {
        fprintf(stderr, "usage: corpus flat|chain|mixed PROCESSES FILE [HOST]\n");
        return 2;
    }
    FILE *f = fopen(argv[3], "wb");
    bool ok = f && write_log(f, host, shapes[i].at, strtoul(argv[2], NULL, 10));
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        fprintf(stderr, "corpus: %s: not written\n", argv[3]);
    return ok ? 0 : 1;
}
