/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - one table of options and one of verbs; parsing and --help are read off them.
 */
#include "cli.h"
#include "base/suggest.h"
#include "base/limits.h"
#include "base/os/os.h"
#include "shelltree/verify.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define H ST_VERB_HUNT
#define T ST_VERB_TREE
#define Q ST_VERB_QUERY
#define X ST_VERB_EXTRACT
#define R ST_VERB_RULES
#define V ST_VERB_VERIFY

static const st_verb verbs[] = {
    { "hunt", "[options] EVIDENCE...", "read, build the forests, run the rules, write the timeline",
      H, st_cmd_hunt },
    { "tree", "[options] EVIDENCE...", "draw the process forests, or a part of them", T,
      st_cmd_tree },
    { "query", "[options] [QUERY] [EVIDENCE...]", "run one KQL query", Q, st_cmd_query },
    { "extract", "[options] EVIDENCE...", "write the records themselves, flat", X, st_cmd_extract },
    { "verify", "[options] EVIDENCE...", "read with both readers and say where they differ", V,
      st_cmd_verify },
    { "rules", "[options] list|check|test [PATH...]",
      "list the rules, check rule files, or run tests of rules", R, st_cmd_rules },
};

const st_verb *st_verb_at(size_t i)
{
    return i < sizeof verbs / sizeof verbs[0] ? &verbs[i] : NULL;
}

const st_verb *st_verb_find(const char *name)
{
    for (size_t i = 0; st_verb_at(i); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static st_code add(st_list *l, const char *v, st_err *e)
{
    return st_list_add(l, st_str_of(v)) ? ST_OK : st_fail(e, ST_E_MEMORY, "out of memory");
}

/* setters */

#define FLAG(name)                                                    \
    static st_code set_##name(st_config *c, const char *v, st_err *e) \
    {                                                                 \
        (void)v;                                                      \
        (void)e;                                                      \
        c->name = true;                                               \
        return ST_OK;                                                 \
    }
FLAG(trust_inferred)
FLAG(tables)
FLAG(duplicates)
FLAG(carve)
FLAG(digest)
FLAG(strict_rules)
FLAG(csv_raw)
FLAG(xml)
FLAG(exit_code)
FLAG(quiet)
FLAG(verbose)
FLAG(force)
FLAG(nul)
FLAG(ascii)
FLAG(full)
FLAG(no_pager)
FLAG(help)

#define TEXT(name)                                                    \
    static st_code set_##name(st_config *c, const char *v, st_err *e) \
    {                                                                 \
        (void)e;                                                      \
        c->name = v;                                                  \
        return ST_OK;                                                 \
    }
TEXT(format)
TEXT(exclude_file)
TEXT(placeholder_file)
TEXT(rule_status)
TEXT(image)
TEXT(incident)
TEXT(notes_file)
TEXT(file)
TEXT(password_file)
TEXT(tmp)

/* A slash at the end says that a directory is meant; it is no part of the name. */
static st_code set_output(st_config *c, const char *v, st_err *e)
{
    size_t n = strlen(v);
    char *own;
    if (!n)
        return st_fail(e, ST_E_USAGE, "--output: an empty name");
    while (n > 1 && v[n - 1] == '/')
        n--;
    if (!(own = strndup(v, n)))
        return st_fail(e, ST_E_MEMORY, "out of memory");
    free(c->output);
    c->output = own;
    c->output_slash = v[n] == '/' && n > 0;
    return ST_OK;
}

#define LIST(name)                                                    \
    static st_code set_##name(st_config *c, const char *v, st_err *e) \
    {                                                                 \
        return add(&c->name, v, e);                                   \
    }
LIST(rules)
LIST(hosts)
LIST(ioc)
LIST(files_from)

static st_code when(const char *option, st_ticks *t, const char *v, st_err *e)
{
    if (!st_time_typed(st_str_of(v), t))
        return st_fail(
            e, ST_E_USAGE,
            "%s: '%s' is no time; write it like 2026-01-02 03:04 or 2026-01-02T03:04:05Z (no zone "
            "means UTC)",
            option, v);
    return ST_OK;
}

#define TIME(name)                                                    \
    static st_code set_##name(st_config *c, const char *v, st_err *e) \
    {                                                                 \
        return when("--" #name, &c->name, v, e);                      \
    }
TIME(since)
TIME(until)
TIME(now)
TIME(around)

/* " (did you mean hits?)", or nothing, into room. */
enum { NEAREST = 64 };
static const char *nearest(const st_suggest *g, char room[NEAREST])
{
    room[0] = 0;
    if (g->best.p)
        snprintf(room, NEAREST, "; did you mean %.*s?", ST_FMT(g->best));
    return room;
}

static const char *nearest_word(const char *const *words, size_t n, const char *v,
                                char room[NEAREST])
{
    st_suggest g = { .want = st_str_of(v) };
    for (size_t i = 0; i < n; i++)
        st_suggest_offer(&g, st_str_of(words[i]));
    return nearest(&g, room);
}

/* Which word of a list v is; n if none. */
static size_t word(const char *const *words, size_t n, const char *v)
{
    size_t i = 0;
    while (i < n && strcmp(words[i], v) != 0)
        i++;
    return i;
}

static st_code set_scope(st_config *c, const char *v, st_err *e)
{
    char room[NEAREST];
    static const char *const words[] = { "hits", "incident", "all" };
    size_t i = word(words, 3, v);
    if (i == 3)
        return st_fail(e, ST_E_USAGE, "--scope: hits, incident or all, not '%s'%s", v,
                       nearest_word(words, sizeof words / sizeof *words, v, room));
    c->scope = (st_scope)i;
    return ST_OK;
}

static st_code set_min_level(st_config *c, const char *v, st_err *e)
{
    static const char *const words[] = { "informational", "low", "medium", "high", "critical" };
    char room[NEAREST];
    if (!st_level_parse(st_str_of(v), &c->min_level))
        return st_fail(e, ST_E_USAGE,
                       "--min-level: informational, low, medium, high or critical, not '%s'%s", v,
                       nearest_word(words, sizeof words / sizeof *words, v, room));
    return ST_OK;
}

static st_code set_ago(st_config *c, const char *v, st_err *e)
{
    char room[NEAREST];
    static const char *const words[] = { "off", "strict" };
    size_t i = word(words, 2, v);
    if (i == 2)
        return st_fail(e, ST_E_USAGE, "--ago: off or strict, not '%s'%s", v,
                       nearest_word(words, sizeof words / sizeof *words, v, room));
    c->ago_off = i == 0;
    c->ago_strict = i == 1;
    return ST_OK;
}

st_code st_need_second_reader(const char *what, st_err *e)
{
    if (st_second_reader_version())
        return ST_OK;
    return st_fail(e, ST_E_USAGE, "%s: this build is without the second reader (libevtx)", what);
}

static st_code set_engine(st_config *c, const char *v, st_err *e)
{
    char room[NEAREST];
    static const char *const words[] = { "native", "libevtx" };
    size_t i = word(words, 2, v);
    if (i == 2)
        return st_fail(e, ST_E_USAGE, "--engine: native or libevtx, not '%s'%s", v,
                       nearest_word(words, sizeof words / sizeof *words, v, room));
    c->engine = (st_engine)i;
    return c->engine == ST_ENGINE_NATIVE ? ST_OK : st_need_second_reader("--engine libevtx", e);
}

static st_code set_confirm(st_config *c, const char *v, st_err *e)
{
    (void)v;
    c->confirm = true;
    return st_need_second_reader("--confirm", e);
}

static st_code set_color(st_config *c, const char *v, st_err *e)
{
    char room[NEAREST];
    static const char *const words[] = { "auto", "always", "never" };
    size_t i = word(words, 3, v);
    if (i == 3)
        return st_fail(e, ST_E_USAGE, "--color: auto, always or never, not '%s'%s", v,
                       nearest_word(words, sizeof words / sizeof *words, v, room));
    c->color = (st_when)i;
    return ST_OK;
}

static st_code number(const char *option, uint64_t least, uint64_t most, const char *v,
                      uint64_t *out, st_err *e)
{
    if (!st_str_u64(st_str_of(v), out) || *out < least || *out > most)
        return st_fail(e, ST_E_USAGE, "%s: a number from %llu to %llu, not '%s'", option,
                       (unsigned long long)least, (unsigned long long)most, v);
    return ST_OK;
}

static st_code set_threads(st_config *c, const char *v, st_err *e)
{
    uint64_t n;
    if (number("--threads", 1, 256, v, &n, e) != ST_OK)
        return e->code;
    c->threads = c->settings.threads = (unsigned)n;
    return ST_OK;
}

static st_code set_names(st_config *c, const char *v, st_err *e)
{
    if (!*v)
        return st_fail(e, ST_E_USAGE, "--name: an empty name");
    return st_list_add(&c->names, st_str_of(v)) ? ST_OK : st_fail(e, ST_E_MEMORY, "no memory");
}

/* I/N */
static st_code set_part(st_config *c, const char *v, st_err *e)
{
    st_str n = st_str_of(v), i = { 0 };
    if (!st_str_cut(&n, '/', &i) || !st_str_u64(i, &c->part) || !st_str_u64(n, &c->parts) ||
        !c->part || c->part > c->parts || c->parts > ST_MAX_PARTS)
        return st_fail(e, ST_E_USAGE, "--part: I/N with I from 1 to N, like 2/8, not '%s'", v);
    return ST_OK;
}

static st_code set_failed(st_config *c, const char *v, st_err *e)
{
    (void)e;
    c->failed = v;
    return ST_OK;
}

static st_code set_since_run(st_config *c, const char *v, st_err *e)
{
    (void)e;
    c->since_run = v;
    return ST_OK;
}

static st_code set_width(st_config *c, const char *v, st_err *e)
{
    uint64_t n;
    if (number("--width", 40, 10000, v, &n, e) != ST_OK)
        return e->code;
    c->width = (unsigned)n;
    return ST_OK;
}

static st_code set_pid(st_config *c, const char *v, st_err *e)
{
    uint64_t n;
    if (number("--pid", 0, UINT32_MAX - 1, v, &n, e) != ST_OK)
        return e->code;
    c->pid = (uint32_t)n;
    return ST_OK;
}

static st_code set_archive_depth(st_config *c, const char *v, st_err *e)
{
    uint64_t n;
    if (number("--archive-depth", 0, ST_MAX_ARCHIVE_DEPTH, v, &n, e) != ST_OK)
        return e->code;
    c->archive_depth = (unsigned)n;
    return ST_OK;
}

static st_code set_columns(st_config *c, const char *v, st_err *e)
{
    (void)e;
    c->columns = v;
    return ST_OK;
}

static st_code set_explain(st_config *c, const char *v, st_err *e)
{
    if (v && strcmp(v, "run") != 0)
        return st_fail(e, ST_E_USAGE, "--explain: nothing or =run, not '%s'", v);
    c->explain = true;
    c->explain_run = v != NULL;
    return ST_OK;
}

/* A limit of a query: a number, a size (4G), or none. */
static st_code limit(const char *option, const char *v, bool sized, uint64_t *out, st_err *e)
{
    static const char units[] = "KMG";
    st_str s = st_str_of(v);
    const char *unit = sized && s.n && s.p[s.n - 1] ? strchr(units, s.p[s.n - 1]) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    s.n -= unit != NULL;
    if (st_str_eq(s, ST_STR("none"))) {
        *out = UINT64_MAX;
        return ST_OK;
    }
    if (!st_str_u64(s, out) || !*out || *out > UINT64_MAX >> 1 >> shift)
        return st_fail(e, ST_E_USAGE, "%s: %s, or none; not '%s'", option,
                       sized ? "a size like 512M or 4G" : "a number from 1", v);
    *out <<= shift;
    return ST_OK;
}

static st_code set_tmp_size(st_config *c, const char *v, st_err *e)
{
    return limit("--tmp-size", v, true, &c->tmp_size, e);
}

static st_code set_memory(st_config *c, const char *v, st_err *e)
{
    return limit("--memory", v, true, &c->memory, e);
}

static st_code set_max_rows(st_config *c, const char *v, st_err *e)
{
    return limit("--max-rows", v, false, &c->settings.limits.rows, e);
}

static st_code set_max_memory(st_config *c, const char *v, st_err *e)
{
    return limit("--max-memory", v, true, &c->settings.limits.memory, e);
}

static st_code set_max_time(st_config *c, const char *v, st_err *e)
{
    return limit("--max-time", v, false, &c->settings.limits.seconds, e);
}

/* NAME=VALUE, cut at `at`; none: usage says how it is written. */
static st_code pair(st_pairs *l, const char *v, const char *at, const char *usage, st_err *e)
{
    if (!at || at == v)
        return st_fail(e, ST_E_USAGE, "%s, not '%s'", usage, v);
    if (!st_grow(&l->items, &l->cap, l->n + 1, sizeof *l->items))
        return st_fail(e, ST_E_MEMORY, "out of memory");
    l->items[l->n++] = (st_named){ { v, (size_t)(at - v) }, st_str_of(at + 1) };
    return ST_OK;
}

static st_code set_clock_offset(st_config *c, const char *v, st_err *e)
{
    int64_t seconds;
    const char *at = strrchr(v, '=');
    if (!at || !st_seconds(st_str_of(at + 1), &seconds))
        return st_fail(e, ST_E_USAGE, "--clock-offset: HOST=SECONDS, like WEB01=-3600, not '%s'",
                       v);
    return pair(&c->clock_offsets, v, at, "--clock-offset: HOST=SECONDS", e);
}

/* The last file that stands for an address is known to the rules. A pipe gives what it holds only
 * once, and lists are read once for each rule that asks for them: it is read here. */
static st_code note_external(st_config *c, const char *option, st_err *e)
{
    const char *file = c->external.items[c->external.n - 1].value.p;
    st_list *texts = &c->external_texts;
    struct stat sb;
    st_buf text = { 0 };
    st_code code = ST_OK;
    if (!st_grow(&texts->items, &texts->cap, c->external.n, sizeof *texts->items))
        return st_fail(e, ST_E_MEMORY, "out of memory");
    if (stat(file, &sb) == 0 && !S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode))
        code = st_whole_file(option, file, ST_MAX_EXTERNAL, &text, e);
    texts->items[texts->n++] = st_buf_slice(&text);
    c->settings.external = c->external.items;
    c->settings.external_texts = texts->items;
    c->settings.nexternal = c->external.n;
    return code;
}

/* An address may hold = itself; the file is what stands behind the last one. */
static st_code set_external(st_config *c, const char *v, st_err *e)
{
    st_code code = pair(&c->external, v, strrchr(v, '='), "--external: URL=FILE", e);
    return code ? code : note_external(c, "--external", e);
}

/* A list of the user's own is a file that stands for an address of the pack's. */
static st_code set_own(st_config *c, const char *option, const char *name, const char *file,
                       st_err *e)
{
    if (!st_grow(&c->external.items, &c->external.cap, c->external.n + 1,
                 sizeof *c->external.items))
        return st_fail(e, ST_E_MEMORY, "out of memory");
    c->external.items[c->external.n++] = (st_named){ st_str_of(name), st_str_of(file) };
    return note_external(c, option, e);
}

static st_code set_servers(st_config *c, const char *v, st_err *e)
{
    return set_own(c, "--servers", "own:servers", v, e);
}

static st_code set_known(st_config *c, const char *v, st_err *e)
{
    return set_own(c, "--known", "own:known", v, e);
}

static st_code set_param(st_config *c, const char *v, st_err *e)
{
    if (pair(&c->params, v, strchr(v, '='), "--param: NAME=VALUE", e) != ST_OK)
        return e->code;
    const st_named *last = &c->params.items[c->params.n - 1];
    for (size_t i = 0; i + 1 < c->params.n; i++)
        if (st_str_eq(c->params.items[i].name, last->name))
            return st_fail(e, ST_E_USAGE, "--param %.*s: given twice", ST_FMT(last->name));
    c->settings.params = c->params.items;
    c->settings.nparams = c->params.n;
    return ST_OK;
}

static st_code set_exclude(st_config *c, const char *v, st_err *e)
{
    return add(&c->exclude, v, e);
}

static st_code set_stub_services(st_config *c, const char *v, st_err *e)
{
    (void)v;
    (void)e;
    c->settings.stub_services = true;
    return ST_OK;
}

static st_code set_guid(st_config *c, const char *v, st_err *e)
{
    if (!st_guid_parse(st_str_of(v), &c->guid))
        return st_fail(e, ST_E_USAGE, "--guid: '%s' is no GUID", v);
    c->has_guid = true;
    return ST_OK;
}

/* clang-format off */
static const st_option options[] = {
    { 'f', "format", "FORMAT", "how results are written; see below", H|T|Q|X|R|V, set_format },
    { 'o', "output", "PATH", "write there, all or nothing; hunt: a directory gets the whole set", H|T|Q|X|R|V, set_output },
    { 'r', "rules", "PATH", "a rule file or a folder of them, instead of the pack, which 'pack' names (repeatable)", H|R, set_rules },
    { 0, "scope", "WHAT", "rows: hits, incident (hits and their context; the default), all", H, set_scope },
    { 0, "min-level", "LEVEL", "leave out findings below informational, low, medium, high, critical", H, set_min_level },
    { 0, "since", "TIME", "rows from this time on (UTC)", H, set_since },
    { 0, "until", "TIME", "rows up to this time (UTC)", H, set_until },
    { 0, "host", "NAME", "rows of this host only: its name, first label, or a pattern like 'WEB*' (repeatable); trees use all evidence", H|T|Q|X, set_hosts },
    { 0, "incident", "ID", "what belongs to this incident of hunt: its id, or enough of the beginning", T|Q, set_incident },
    { 0, "now", "TIME", "what now() means (default: the newest record)", H|Q, set_now },
    { 0, "ago", "HOW", "off: lift lower bounds like Timestamp > ago(7d) (hunt's default); strict: keep them", H|Q, set_ago },
    { 0, "clock-offset", "HOST=SECONDS", "add seconds to all times of a host whose clock was wrong (repeatable)", H|T|Q, set_clock_offset },
    { 0, "trust-inferred", NULL, "let rules follow parent links that are inferred from PID and time", H|Q, set_trust_inferred },
    { 0, "servers", "FILE", "your own web servers (CSV: server, child, command pattern, reason, level)", H|Q|R, set_servers },
    { 0, "known", "FILE", "children that your own servers start by themselves (CSV: server, child, command pattern, reason, level)", H|Q|R, set_known },
    { 0, "ioc", "FILE", "indicators to look for: hashes, addresses, networks, URLs, domains, names, paths; a line each, CSV or STIX 2.1 (repeatable)", H, set_ioc },
    { 0, "notes", "FILE", "what was noted of findings and incidents, for the reports (CSV: id, verdict, comment, author)", H, set_notes_file },
    { 0, "external", "URL=FILE", "a local file that stands for an externaldata's address (repeatable)", H|Q|R, set_external },
    { 0, "param", "NAME=VALUE", "the value of a parameter that a query declares (repeatable)", H|Q|R, set_param },
    { 0, "stub-services", NULL, "run what needs a cloud service as though that knew nothing", H|Q|R, set_stub_services },
    { 0, "max-rows", "N", "rows that an operator of a query or rule may give, or none (default: 100 million)", H|Q|R, set_max_rows },
    { 0, "max-memory", "SIZE", "memory a query or rule may take, like 512M or 8G, or none (default: 4G)", H|Q|R, set_max_memory },
    { 0, "max-time", "SECONDS", "time a query or rule may take, or none (default: 600)", H|Q|R, set_max_time },
    { 0, "guid", "GUID", "the process with this ProcessGuid", T, set_guid },
    { 0, "pid", "PID", "processes with this PID", T, set_pid },
    { 0, "image", "NAME", "processes of this image: full path or base name, any case", T, set_image },
    { 0, "around", "TIME", "processes that started within ten minutes of it (UTC)", T, set_around },
    { 0, "file", "PATH", "read the query from a file", Q, set_file },
    { 0, "tables", NULL, "instead of a query: which tables have rows in the evidence, and how many", Q, set_tables },
    { 0, "columns", "TABLE", "instead of a query: the columns of a table, and which can have values", Q, set_columns },
    { 0, "explain", "[=run]", "show the query's plan instead of its result; =run: run it, with rows and times", Q, set_explain },
    { 0, "files-from", "PATH", "read paths of evidence from a file, one a line (- for standard input)", H|T|Q|X|V, set_files_from },
    { 0, "null", NULL, "paths in --files-from end with a NUL byte", H|T|Q|X|V, set_nul },
    { 0, "engine", "NAME", "the reader: native (default) or libevtx", H|T|Q|X, set_engine },
    { 0, "name", "NAME", "what stands for the first path in Source, for the second the second time ... (repeatable)", H|X, set_names },
    { 0, "part", "I/N", "read only each N-th file, from the I-th on: N runs share the evidence", X, set_part },
    { 0, "failed", "REASON", "open nothing: write down that the evidence couldn't be read, and why", X, set_failed },
    { 0, "since-run", "CASE.db", "say what is new since the run that wrote this case database", H, set_since_run },
    { 0, "threads", "N", "threads (default: one per processor)", H|T|Q|X|V, set_threads },
    { 0, "archive-depth", "N", "archives in archives that are opened (default: 3); 0: none is", H|T|Q|X|V, set_archive_depth },
    { 0, "password-file", "FILE", "passwords of archives, one a line, tried in turn", H|T|Q|X|V, set_password_file },
    { 0, "memory", "SIZE", "hold this much in memory, like 2G, and what is more in a temporary file (default: all in memory)", H|T|Q, set_memory },
    { 0, "tmp", "DIR", "where temporary files go (default: TMPDIR, /var/tmp or /tmp)", H|T|Q|X|V, set_tmp },
    { 0, "tmp-size", "SIZE", "what temporary files may take, like 20G (default: what is free there)", H|T|Q|X|V, set_tmp_size },
    { 0, "carve", NULL, "look for records in files of any kind, and between chunks", H|T|Q|X|V, set_carve },
    { 0, "duplicates", NULL, "keep every copy of a record as a row of its own", H|T|Q|X|V, set_duplicates },
    { 0, "digest", NULL, "SHA-256 of each source, in run.json (always with -o DIR)", H, set_digest },
    { 0, "rule-status", "LIST", "of rules that say how ripe they are, run only stable, test, experimental ...", H|R, set_rule_status },
    { 0, "exclude-rule", "ID", "leave out this rule (repeatable)", H|R, set_exclude },
    { 0, "exclude-rules", "FILE", "leave out the rules whose ids stand there, one a line", H|R, set_exclude_file },
    { 0, "placeholders", "FILE", "lists for Sigma's %placeholders%: NAME=VALUE,VALUE a line", H|R, set_placeholder_file },
    { 0, "strict-rules", NULL, "a rule that doesn't parse ends the run, wherever it was found", H|R, set_strict_rules },
    { 0, "csv-raw", NULL, "CSV for programs: no formula guard, nothing escaped or cut", H|T|Q|X, set_csv_raw },
    { 0, "xml", NULL, "whole records as XML, one event a line, below one <Events>", X, set_xml },
    { 0, "confirm", NULL, "have libevtx read each hit's record again: column Confirmed (256 hits with -o DIR); extract -o x.db: each record", H|X, set_confirm },
    { 0, "exit-code", NULL, "exit with 1 when there are findings", H, set_exit_code },
    { 0, "force", NULL, "write over an existing output", H|T|Q|X|R|V, set_force },
    { 0, "color", "WHEN", "auto (default), always, never", H|T, set_color },
    { 0, "width", "N", "cut lines of text at this width (default: the terminal's)", H|T|Q|R, set_width },
    { 0, "full", NULL, "text: every process and its reasons; nothing is folded", H, set_full },
    { 0, "no-pager", NULL, "text on a terminal: all at once, not through a pager", H|T, set_no_pager },
    { 0, "ascii", NULL, "text in ASCII only", H|T|Q|R|V, set_ascii },
    { 'q', "quiet", NULL, "say nothing but errors", H|T|Q|X|R|V, set_quiet },
    { 'v', "verbose", NULL, "say what was read of each source", H|T|Q|X|V, set_verbose },
    { 'h', "help", NULL, "this text", H|T|Q|X|R|V, set_help },
};
/* clang-format on */
enum { OPTIONS = sizeof options / sizeof options[0] };

/* getopt_long's tables for one verb; long options return 256 + their place. */
static void getopt_tables(const st_verb *v, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < OPTIONS; i++) {
        const st_option *o = &options[i];
        if (!(o->verbs & v->bit))
            continue;
        *longs++ = (struct option){ o->name,
                                    !o->arg            ? no_argument
                                    : o->arg[0] == '[' ? optional_argument
                                                       : required_argument,
                                    NULL, 256 + (int)i };
        if (o->brief) {
            *shorts++ = o->brief;
            if (o->arg)
                *shorts++ = ':';
        }
    }
    *longs = (struct option){ 0 };
    *shorts = 0;
}

static const st_option *option_of(int got)
{
    if (got >= 256)
        return &options[got - 256];
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].brief == got)
            return &options[i];
    return NULL;
}

/* What to say of a word that is no option of the verb: whose it is, or which is near. */
static st_code no_option(const st_verb *v, const char *word, st_err *e)
{
    st_str name = st_str_of(word), rest;
    while (name.n && name.p[0] == '-')
        name = (st_str){ name.p + 1, name.n - 1 };
    rest = name;
    st_str_cut(&rest, '=', &name);
    st_suggest g = { .want = name };
    for (size_t i = 0; i < OPTIONS; i++) {
        const st_option *o = &options[i];
        bool same = st_str_eq(name, st_str_of(o->name));
        for (size_t k = 0; same && st_verb_at(k); k++)
            if (o->verbs & st_verb_at(k)->bit)
                return st_fail(e, ST_E_USAGE,
                               "%s: an option of %s, not of %s; shelltree %s --help "
                               "lists them",
                               word, st_verb_at(k)->name, v->name, v->name);
        if (o->verbs & v->bit)
            st_suggest_offer(&g, st_str_of(o->name));
    }
    if (g.best.p)
        return st_fail(e, ST_E_USAGE, "%s: no such option of %s; did you mean --%.*s?", word,
                       v->name, ST_FMT(g.best));
    return st_fail(e, ST_E_USAGE, "%s: no such option of %s; shelltree %s --help lists them", word,
                   v->name, v->name);
}

static bool is_path(const st_option *o)
{
    static const char *const WORDS[] = { "PATH", "FILE", "DIR", "CASE.db" };
    for (size_t i = 0; o->arg && i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp(o->arg, WORDS[i]) == 0)
            return true;
    return false;
}

/* Does the option that a word before the verb names take the next word as its value? */
static bool takes_next(const char *word)
{
    bool is_long = word[1] == '-';
    for (size_t i = 0; i < OPTIONS; i++) {
        const st_option *o = &options[i];
        if (!o->arg || o->arg[0] == '[')
            continue;
        if (is_long ? strcmp(word + 2, o->name) == 0 : o->brief == word[1] && !word[2])
            return true;
    }
    return false;
}

int st_options_verb(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || !argv[i][1])
            return i;
        if (takes_next(argv[i]))
            i++;
    }
    return 0;
}

st_code st_options_parse(st_config *c, int argc, char **argv, st_err *e)
{
    struct option longs[OPTIONS + 1];
    char shorts[2 * OPTIONS + 2];
    getopt_tables(c->verb, longs, shorts);
    opterr = 0;
    for (;;) {
        int got = getopt_long(argc, argv, shorts, longs, NULL);
        if (got == -1)
            break;
        const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
        if (got == ':')
            return st_fail(e, ST_E_USAGE, "%s needs a value; shelltree %s --help tells which", word,
                           c->verb->name);
        const st_option *o = got == '?' ? NULL : option_of(got);
        if (!o)
            return no_option(c->verb, word, e);
        if (is_path(o))
            st_os_path(optarg);
        if (o->set(c, optarg, e) != ST_OK)
            return e->code;
    }
    if (c->since && c->until && c->since > c->until)
        return st_fail(e, ST_E_USAGE, "--since is later than --until: no row could be shown");
    for (int i = optind; i < argc; i++) {
        if (access(argv[i], F_OK) == 0) /* a query is no path */
            st_os_path(argv[i]);
        if (add(&c->evidence, argv[i], e) != ST_OK)
            return e->code;
    }
    return st_rule_choice(c, e);
}

/* What --help shows together, by purpose. An option of no group stands in the last. */
static const struct {
    const char *title, *options;
} groups[] = {
    { "Results", " format output force csv-raw xml full color width no-pager ascii " },
    { "Which rows", " scope min-level since until host incident guid pid image around file tables "
                    "columns explain " },
    { "Rules", " rules servers known ioc notes rule-status exclude-rule exclude-rules placeholders "
               "strict-rules external param stub-services max-rows max-memory max-time " },
    { "Time and links", " now ago clock-offset trust-inferred " },
    { "Evidence",
      " files-from null archive-depth password-file memory tmp tmp-size carve duplicates engine "
      "confirm digest " },
    { "This run", "" },
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

static size_t group_of(const st_option *o)
{
    char word[64];
    size_t i = 0;
    snprintf(word, sizeof word, " %s ", o->name);
    while (i + 1 < GROUPS && !strstr(groups[i].options, word))
        i++;
    return i;
}

static void help_option(FILE *to, const st_option *o)
{
    char left[64], brief[5] = "    ";
    if (o->brief)
        snprintf(brief, sizeof brief, "-%c, ", o->brief);
    snprintf(left, sizeof left, "%s--%s%s%s", brief, o->name, o->arg && o->arg[0] != '[' ? " " : "",
             o->arg ? o->arg : "");
    fprintf(to, "  %-25s %s\n", left, o->help);
}

bool st_options_help(FILE *to, const st_verb *v)
{
    fprintf(to, "Usage: shelltree %s %s\n%c%s.\n", v->name, v->args, v->summary[0] - 32,
            v->summary + 1);
    for (size_t g = 0; g < GROUPS; g++) {
        bool any = false;
        for (size_t i = 0; i < OPTIONS; i++) {
            if (!(options[i].verbs & v->bit) || group_of(&options[i]) != g)
                continue;
            if (!any)
                fprintf(to, "\n%s:\n", groups[g].title);
            any = true;
            help_option(to, &options[i]);
        }
    }
    st_buf b = { 0 };
    st_formats_put(&b, v->bit);
    fprintf(to, "\nFormats: %.*s (the first is the default; an output file's ending also tells).\n",
            ST_FMT(st_buf_slice(&b)));
    bool failed = b.failed;
    st_buf_free(&b);
    if (failed)
        st_complain("out of memory");
    return !failed;
}
