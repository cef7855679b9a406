/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_ecs.c - the rows as documents of the Elastic Common Schema, one a line, with the names and
 * types that Winlogbeat gives Sysmon's events. One row of the table a field, in the order of paths,
 * so that what is nested comes together.
 */
#include "internal.h"

#include <string.h>

typedef struct doc {
    const st_view *v;
    st_str event;                    /* process, connection, ... */
    st_buf a, b;                     /* for cells that have to be made */
    const st_column *const *columns; /* of the fields, by their place */
} doc;

typedef enum kind {
    FIXED,  /* text: what */
    STRING, /* column what */
    HASH,   /* likewise, unless it is all zeros */
    NUMBER,
    STRINGS, /* a list, as an array */
    MOMENT,  /* a time, as ISO 8601 with Z */
    NAME,    /* the last part of a path */
    MADE     /* make writes the value */
} kind;

typedef struct field {
    const char *path, *what;
    kind kind;
    void (*make)(doc *d, st_buf *b);
} field;

/* cells */

/* In d->a or d->b; empty also where there is no such column. Values that say "none" are dropped, as
 * Winlogbeat does. */
static st_str text_of(doc *d, const st_column *col, st_buf *b)
{
    return col ? st_dashless(st_column_text(col, d->v, b)) : ST_STR("");
}

static st_str cell(doc *d, const char *name, st_buf *b)
{
    return text_of(d, st_column_named(name), b);
}

static void put_strings(st_buf *b, const st_column *col, doc *d)
{
    for (size_t i = 0; st_buf_clear(&d->a), col->item(d->v, i, &d->a); i++) {
        st_buf_char(b, i ? ',' : '[');
        st_json_str(b, st_buf_slice(&d->a));
    }
    if (b->n)
        st_buf_char(b, ']');
}

/* 2026-01-02 03:04:05.678 or ISO: with T and Z. */
static void put_moment(st_buf *b, st_str s)
{
    if (s.n < 19)
        return;
    st_buf_char(b, '"');
    st_buf_put(b, s.p, 10);
    st_buf_char(b, 'T');
    st_buf_put(b, s.p + 11, s.n - 11);
    if (s.p[s.n - 1] != 'Z')
        st_buf_char(b, 'Z');
    st_buf_char(b, '"');
}

/* what depends on the kind of event */

static const struct {
    const char *event, *action, *category, *type;
} actions[] = {
    { "process", "Process creation", "[\"process\"]", "[\"start\"]" },
    { "connection", "Network connection detected", "[\"network\"]", "[\"connection\",\"start\"]" },
    { "dns", "DNSEvent (DNS query)", "[\"network\"]", "[\"connection\",\"protocol\",\"info\"]" },
    { "file", "File created", "[\"file\"]", "[\"creation\"]" },
    { "delete", "File deleted", "[\"file\"]", "[\"deletion\"]" },
    { "stream", "File stream created", "[\"file\"]", "[\"access\"]" },
    { "registry", "Registry value set", "[\"configuration\",\"registry\"]", "[\"change\"]" },
    { "image", "Image loaded", "[\"process\"]", "[\"change\"]" },
    { "driver", "Driver loaded", "[\"driver\"]", "[\"start\"]" },
    { "thread", "CreateRemoteThread", "[\"process\"]", "[\"change\"]" },
    { "access", "Process accessed", "[\"process\"]", "[\"access\"]" },
    { "pipe", "Pipe created or connected", "[\"file\"]", "[\"access\"]" },
    { "wmi", "WmiEvent", "[\"configuration\"]", "[\"change\"]" },
    { "tamper", "Process tampering", "[\"process\"]", "[\"change\"]" },
    { "logon", "Logon", "[\"authentication\",\"session\"]", "[\"start\"]" },
    { "service", "Service installed", "[\"configuration\"]", "[\"creation\"]" },
    { "task", "Scheduled task", "[\"configuration\"]", "[\"creation\"]" },
    { "script", "Script block", "[\"process\"]", "[\"info\"]" },
    { "log", "Log changed", "[\"host\"]", "[\"change\"]" },
    { "request", "Web request", "[\"web\",\"network\"]", "[\"access\"]" },
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

static size_t action_of(const doc *d)
{
    size_t i = 0;
    while (i < ACTIONS && !st_str_eq(d->event, st_str_of(actions[i].event)))
        i++;
    return i;
}

static void make_action(doc *d, st_buf *b)
{
    size_t i = action_of(d);
    st_json_str(b, i < ACTIONS ? st_str_of(actions[i].action) : d->event);
}

static void make_category(doc *d, st_buf *b)
{
    size_t i = action_of(d);
    st_buf_str(b, st_str_of(i < ACTIONS ? actions[i].category : "[\"host\"]"));
}

static void make_type(doc *d, st_buf *b)
{
    size_t i = action_of(d);
    st_buf_str(b, st_str_of(i < ACTIONS ? actions[i].type : "[\"info\"]"));
}

static bool is_process(const doc *d)
{
    return st_str_eq(d->event, ST_STR("process"));
}

static void make_kind(doc *d, st_buf *b)
{
    st_buf_str(b, d->v->row->kind == ST_ROW_HIT ? ST_STR("\"alert\"") : ST_STR("\"event\""));
}

static void make_dataset(doc *d, st_buf *b)
{
    st_buf_str(b, d->v->row->kind == ST_ROW_HIT ? ST_STR("\"shelltree.finding\"")
                                                : ST_STR("\"shelltree.context\""));
}

static void make_module(doc *d, st_buf *b)
{
    st_str p = cell(d, "Provider", &d->a);
    if (!p.n || st_str_ieq(p, ST_STR("Microsoft-Windows-Sysmon")))
        st_buf_str(b, ST_STR("\"sysmon\""));
    else if (st_str_ieq(p, ST_STR("Microsoft-Windows-Security-Auditing")))
        st_buf_str(b, ST_STR("\"security\""));
    else if (st_str_ieq(p, ST_STR("Microsoft-Windows-PowerShell")))
        st_buf_str(b, ST_STR("\"powershell\""));
}

static void make_provider(doc *d, st_buf *b)
{
    st_str p = cell(d, "Provider", &d->a);
    st_json_str(b, p.n ? p : ST_STR("Microsoft-Windows-Sysmon"));
}

static void make_finding(doc *d, st_buf *b)
{
    const st_column *col = st_column_named("FindingIds");
    st_buf_clear(&d->a);
    if (col->item(d->v, 0, &d->a))
        st_json_str(b, st_buf_slice(&d->a));
}

/* arguments */

/* One argument as Windows splits them: 2n backslashes and a quote are n backslashes and a quote
 * that opens or ends a quoted part, 2n+1 are n and a quote for itself; two quotes within a quoted
 * part are one. In the first, the program's name, backslashes mean themselves. */
static bool next_argument(st_str s, size_t *i, bool program, st_buf *out)
{
    bool quoted = false;
    while (*i < s.n && (s.p[*i] == ' ' || s.p[*i] == '\t'))
        ++*i;
    if (*i >= s.n)
        return false;
    for (; *i < s.n && (quoted || (s.p[*i] != ' ' && s.p[*i] != '\t')); ++*i) {
        size_t slashes = 0;
        while (!program && *i + slashes < s.n && s.p[*i + slashes] == '\\')
            slashes++;
        bool quote = *i + slashes < s.n && s.p[*i + slashes] == '"';
        for (size_t k = 0; k < (quote ? slashes / 2 : slashes); k++)
            st_buf_char(out, '\\');
        *i += slashes;
        if (quote && slashes % 2) {
            st_buf_char(out, '"');
        } else if (quote && quoted && !program && *i + 1 < s.n && s.p[*i + 1] == '"') {
            st_buf_char(out, '"');
            ++*i;
        } else if (quote) {
            quoted = !quoted;
        } else if (slashes) {
            --*i; /* what follows is looked at by itself */
        } else {
            st_buf_char(out, s.p[*i]);
        }
    }
    return true;
}

static size_t put_arguments(doc *d, const char *column, st_buf *b)
{
    st_str s = cell(d, column, &d->a);
    size_t n = 0;
    for (size_t i = 0; st_buf_clear(&d->b), next_argument(s, &i, !n, &d->b); n++) {
        if (b)
            st_buf_char(b, n ? ',' : '[');
        if (b)
            st_json_str(b, st_buf_slice(&d->b));
    }
    if (b && n)
        st_buf_char(b, ']');
    return n;
}

static void make_args(doc *d, st_buf *b)
{
    put_arguments(d, "CommandLine", b);
}

static void make_parent_args(doc *d, st_buf *b)
{
    put_arguments(d, "ParentCommandLine", b);
}

static void make_args_count(doc *d, st_buf *b)
{
    size_t n = put_arguments(d, "CommandLine", NULL);
    if (n)
        st_buf_u64(b, n);
}

static void make_parent_args_count(doc *d, st_buf *b)
{
    size_t n = put_arguments(d, "ParentCommandLine", NULL);
    if (n)
        st_buf_u64(b, n);
}

/* people and hashes */

/* DOMAIN\name, where it has just these two parts. */
static bool split_user(doc *d, const char *column, st_buf *cell_of, st_str *domain, st_str *name)
{
    st_str user = cell(d, column, cell_of);
    *name = user;
    return st_str_cut(name, '\\', domain) && name->n && domain->n &&
           !memchr(name->p, '\\', name->n);
}

static void make_domain(doc *d, st_buf *b)
{
    st_str domain, name;
    if (split_user(d, "User", &d->a, &domain, &name))
        st_json_str(b, domain);
}

static void make_user(doc *d, st_buf *b)
{
    st_str domain, name;
    if (split_user(d, "User", &d->a, &domain, &name))
        st_json_str(b, name);
}

/* An array of up to n texts: sorted, each once, without the empty ones. */
static void put_sorted(st_buf *b, st_str *list, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k && st_str_cmp(list[k - 1], list[k]) > 0; k--) {
            st_str t = list[k];
            list[k] = list[k - 1];
            list[k - 1] = t;
        }
    for (size_t i = 0; i < n; i++) {
        if (!list[i].n || (i && st_str_eq(list[i - 1], list[i])))
            continue;
        st_buf_char(b, b->n ? ',' : '[');
        st_json_str(b, list[i]);
    }
    if (b->n)
        st_buf_char(b, ']');
}

/* Of the process and of its parent. */
static void make_related_user(doc *d, st_buf *b)
{
    st_str domain, names[2] = { { 0 } };
    if (!split_user(d, "User", &d->a, &domain, &names[0]))
        names[0] = ST_STR("");
    if (!split_user(d, "ParentUser", &d->b, &domain, &names[1]))
        names[1] = ST_STR("");
    put_sorted(b, names, 2);
}

static void make_related_hosts(doc *d, st_buf *b)
{
    st_str host = cell(d, "Computer", &d->a);
    if (!host.n)
        return;
    st_buf_char(b, '[');
    st_json_str(b, host);
    st_buf_char(b, ']');
}

/* Nothing but zeros: a hash that Sysmon couldn't make. */
static bool is_zero(st_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] == '0')
        i++;
    return i == s.n;
}

static void make_related_hash(doc *d, st_buf *b)
{
    static const char *const names[] = { "IMPHASH", "MD5", "SHA1", "SHA256" };
    enum { N = sizeof names / sizeof names[0], LONGEST = 64 };
    char kept[N][LONGEST];
    st_str list[N];
    for (size_t i = 0; i < N; i++) {
        st_str h = cell(d, names[i], &d->a);
        list[i] = (st_str){ kept[i], h.n <= LONGEST && !is_zero(h) ? h.n : 0 };
        if (list[i].n)
            memcpy(kept[i], h.p, h.n);
    }
    put_sorted(b, list, N);
}

/* rules */

typedef void put_of_rule(st_buf *b, const st_rule *r);

/* What put gives for each of the row's rules, as an array beside rule.id. */
static void put_rules(doc *d, st_buf *b, put_of_rule *put)
{
    for (size_t i = 0; i < d->v->row->nfindings; i++) {
        const st_finding *x = &d->v->c->findings[d->v->row->first_finding + i];
        st_buf_char(b, i ? ',' : '[');
        put(b, st_rules_at(d->v->c->rules, x->rule));
    }
    if (b->n)
        st_buf_char(b, ']');
}

static void put_description(st_buf *b, const st_rule *r)
{
    st_json_str(b, r->description.n ? r->description : r->title);
}

static void make_descriptions(doc *d, st_buf *b)
{
    put_rules(d, b, put_description);
}

static void put_ruleset(st_buf *b, const st_rule *r)
{
    st_json_str(b, st_str_basename(r->path));
}

static void make_rulesets(doc *d, st_buf *b)
{
    put_rules(d, b, put_ruleset);
}

static void put_date(st_buf *b, const st_rule *r)
{
    st_json_str(b, r->date);
}

/* The date that a rule states; nothing unless all of them do, so that it stays parallel to rule.id.
 */
static void make_versions(doc *d, st_buf *b)
{
    for (size_t i = 0; i < d->v->row->nfindings; i++) {
        const st_finding *x = &d->v->c->findings[d->v->row->first_finding + i];
        if (!st_rules_at(d->v->c->rules, x->rule)->date.n)
            return;
    }
    put_rules(d, b, put_date);
}

/* The providers' own identifiers, as their manifests have them. */
static void make_provider_guid(doc *d, st_buf *b)
{
    static const struct {
        const char *name, *guid;
    } all[] = {
        { "Microsoft-Windows-Sysmon", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}" },
        { "Linux-Sysmon", "{FF032593-A8D3-4F13-B0D6-01FC615A0F97}" },
        { "Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}" },
        { "Microsoft-Windows-PowerShell", "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}" },
    };
    st_str p = cell(d, "Provider", &d->a);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (st_str_ieq(p, st_str_of(all[i].name)))
            st_json_str(b, st_str_of(all[i].guid));
}

/* techniques */

typedef enum part { PARENT, SUB, TITLE, TACTIC } part;

static bool seen_before(const st_technique_set *t, size_t i, part p)
{
    size_t n = p == PARENT ? strcspn(t->ids[i], ".") : 0;
    const st_technique *x = st_technique_find(st_str_of(t->ids[i]));
    for (size_t k = 0; k < i; k++) {
        const st_technique *y = st_technique_find(st_str_of(t->ids[k]));
        if (p == PARENT && strcspn(t->ids[k], ".") == n && memcmp(t->ids[k], t->ids[i], n) == 0)
            return true;
        if (p == TACTIC && x && y && strcmp(x->tactic, y->tactic) == 0)
            return true;
    }
    return false;
}

static void put_techniques(doc *d, st_buf *b, part p)
{
    st_technique_set t = { .n = 0 };
    st_techniques_add(&t, d->v, 1);
    for (size_t i = 0; i < t.n; i++) {
        const char *id = t.ids[i];
        const st_technique *x = st_technique_find(st_str_of(id));
        st_str s = p == PARENT  ? (st_str){ id, strcspn(id, ".") }
                   : p == SUB   ? (strchr(id, '.') ? st_str_of(id) : ST_STR(""))
                   : !x         ? ST_STR("")
                   : p == TITLE ? st_str_of(x->name)
                                : st_str_of(x->tactic);
        if (!s.n || seen_before(&t, i, p))
            continue;
        st_buf_char(b, b->n ? ',' : '[');
        st_json_str(b, s);
    }
    if (b->n)
        st_buf_char(b, ']');
}

static void make_technique(doc *d, st_buf *b)
{
    put_techniques(d, b, PARENT);
}

static void make_subtechnique(doc *d, st_buf *b)
{
    put_techniques(d, b, SUB);
}

static void make_tactic(doc *d, st_buf *b)
{
    put_techniques(d, b, TACTIC);
}

static void make_framework(doc *d, st_buf *b)
{
    const st_column *col = st_column_named("Techniques");
    st_buf_clear(&d->a);
    if (col->item(d->v, 0, &d->a))
        st_buf_str(b, ST_STR("\"MITRE ATT&CK\""));
}

static void make_start(doc *d, st_buf *b)
{
    if (is_process(d))
        put_moment(b, cell(d, "UtcTime", &d->a));
}

/* the table */

/* clang-format off */
static const field fields[] = {
    { "@timestamp", "UtcTime", MOMENT, NULL },
    { "ecs.version", "8.17.0", FIXED, NULL },
    { "event.action", NULL, MADE, make_action },
    { "event.category", NULL, MADE, make_category },
    { "event.code", "EventID", STRING, NULL },
    { "event.dataset", NULL, MADE, make_dataset },
    { "event.id", NULL, MADE, make_finding },
    { "event.kind", NULL, MADE, make_kind },
    { "event.module", NULL, MADE, make_module },
    { "event.provider", NULL, MADE, make_provider },
    { "event.reason", "Reason", STRING, NULL },
    { "event.sequence", "EventRecordID", NUMBER, NULL },
    { "event.type", NULL, MADE, make_type },
    { "host.name", "Computer", STRING, NULL },
    { "log.file.path", "Source", STRING, NULL },
    { "log.level", "information", FIXED, NULL },
    { "process.args", NULL, MADE, make_args },
    { "process.args_count", NULL, MADE, make_args_count },
    { "process.command_line", "CommandLine", STRING, NULL },
    { "process.end", "EndTime", MOMENT, NULL },
    { "process.entity_id", "ProcessGuid", STRING, NULL },
    { "process.executable", "Image", STRING, NULL },
    { "process.hash.md5", "MD5", HASH, NULL },
    { "process.hash.sha1", "SHA1", HASH, NULL },
    { "process.hash.sha256", "SHA256", HASH, NULL },
    { "process.name", "Image", NAME, NULL },
    { "process.parent.args", NULL, MADE, make_parent_args },
    { "process.parent.args_count", NULL, MADE, make_parent_args_count },
    { "process.parent.command_line", "ParentCommandLine", STRING, NULL },
    { "process.parent.entity_id", "ParentProcessGuid", STRING, NULL },
    { "process.parent.executable", "ParentImage", STRING, NULL },
    { "process.parent.name", "ParentImage", NAME, NULL },
    { "process.parent.pid", "ParentProcessId", NUMBER, NULL },
    { "process.pe.company", "Company", STRING, NULL },
    { "process.pe.description", "Description", STRING, NULL },
    { "process.pe.file_version", "FileVersion", STRING, NULL },
    { "process.pe.imphash", "IMPHASH", HASH, NULL },
    { "process.pe.original_file_name", "OriginalFileName", STRING, NULL },
    { "process.pe.product", "Product", STRING, NULL },
    { "process.pid", "ProcessId", NUMBER, NULL },
    { "process.start", NULL, MADE, make_start },
    { "process.working_directory", "CurrentDirectory", STRING, NULL },
    { "related.hash", NULL, MADE, make_related_hash },
    { "related.hosts", NULL, MADE, make_related_hosts },
    { "related.user", NULL, MADE, make_related_user },
    { "rule.author", "RuleAuthors", STRING, NULL },
    { "rule.description", NULL, MADE, make_descriptions },
    { "rule.id", "RuleIds", STRINGS, NULL },
    { "rule.name", "Rules", STRINGS, NULL },
    { "rule.ruleset", NULL, MADE, make_rulesets },
    { "rule.version", NULL, MADE, make_versions },
    { "shelltree.chain", "Chain", STRING, NULL },
    { "shelltree.decoded_command", "DecodedCommand", STRING, NULL },
    { "shelltree.depth", "Depth", NUMBER, NULL },
    { "shelltree.event", "Event", STRING, NULL },
    { "shelltree.incident", "Incident", STRING, NULL },
    { "shelltree.kind", "Kind", STRING, NULL },
    { "shelltree.level", "Level", STRING, NULL },
    { "shelltree.notes", "Notes", STRING, NULL },
    { "shelltree.origin", "Origin", STRING, NULL },
    { "shelltree.parent_link", "ParentLink", STRING, NULL },
    { "shelltree.target", "Target", STRING, NULL },
    { "shelltree.web_server.distance", "WebServerDistance", NUMBER, NULL },
    { "shelltree.web_server.executable", "WebServerImage", STRING, NULL },
    { "shelltree.web_server.pid", "WebServerProcessId", NUMBER, NULL },
    { "threat.framework", NULL, MADE, make_framework },
    { "threat.tactic.name", NULL, MADE, make_tactic },
    { "threat.technique.id", NULL, MADE, make_technique },
    { "threat.technique.subtechnique.id", NULL, MADE, make_subtechnique },
    { "user.domain", NULL, MADE, make_domain },
    { "user.name", NULL, MADE, make_user },
    { "winlog.channel", "Channel", STRING, NULL },
    { "winlog.computer_name", "Computer", STRING, NULL },
    { "winlog.event_data.Company", "Company", STRING, NULL },
    { "winlog.event_data.Description", "Description", STRING, NULL },
    { "winlog.event_data.FileVersion", "FileVersion", STRING, NULL },
    { "winlog.event_data.IntegrityLevel", "IntegrityLevel", STRING, NULL },
    { "winlog.event_data.LogonGuid", "LogonGuid", STRING, NULL },
    { "winlog.event_data.LogonId", "LogonId", STRING, NULL },
    { "winlog.event_data.ParentUser", "ParentUser", STRING, NULL },
    { "winlog.event_data.Product", "Product", STRING, NULL },
    { "winlog.event_data.TerminalSessionId", "TerminalSessionId", STRING, NULL },
    { "winlog.event_id", "EventID", STRING, NULL },
    { "winlog.provider_guid", NULL, MADE, make_provider_guid },
    { "winlog.provider_name", NULL, MADE, make_provider },
    { "winlog.record_id", "EventRecordID", STRING, NULL },
};
/* clang-format on */
enum { FIELDS = sizeof fields / sizeof fields[0] };

static void put_value(doc *d, const field *f, st_buf *b)
{
    const st_column *col = d->columns[f - fields];
    st_str s;
    switch (f->kind) {
    case FIXED: st_json_str(b, st_str_of(f->what)); break;
    case MADE: f->make(d, b); break;
    case STRINGS:
        if (col && col->item)
            put_strings(b, col, d);
        break;
    case MOMENT: put_moment(b, text_of(d, col, &d->a)); break;
    default:
        s = text_of(d, col, &d->a);
        if (f->kind == HASH && is_zero(s))
            return;
        if (s.n && f->kind == NUMBER)
            st_json_digits(b, s);
        else if (s.n)
            st_json_str(b, f->kind == NAME ? st_str_basename(s) : s);
    }
}

/* nesting */

typedef struct nest {
    const char *path; /* of the field before; "" at the start */
} nest;

/* How much of both paths is the same objects, up to and with the last dot. */
static size_t common(const char *a, const char *b)
{
    size_t n = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.')
            n = i + 1;
    return n;
}

static void close_to(st_buf *b, const char *path, size_t shared)
{
    for (const char *dot = path + shared; (dot = strchr(dot, '.')); dot++)
        st_buf_char(b, '}');
}

/* Closes and opens objects up to the name of the field, and writes that. */
static void begin_field(st_buf *b, nest *n, const char *path)
{
    size_t shared = common(n->path, path);
    close_to(b, n->path, shared);
    if (*n->path)
        st_buf_char(b, ',');
    const char *at = path + shared;
    for (const char *dot; (dot = strchr(at, '.')); at = dot + 1) {
        st_json_str(b, (st_str){ at, (size_t)(dot - at) });
        st_buf_str(b, ST_STR(":{"));
    }
    st_json_str(b, st_str_of(at));
    st_buf_char(b, ':');
    n->path = path;
}

static void put_doc(st_buf *b, doc *d, st_buf *value)
{
    nest n = { .path = "" };
    st_buf_char(b, '{');
    for (size_t i = 0; i < FIELDS; i++) {
        st_buf_clear(value);
        put_value(d, &fields[i], value);
        if (!value->n)
            continue;
        begin_field(b, &n, fields[i].path);
        st_buf_str(b, st_buf_slice(value));
    }
    close_to(b, n.path, 0);
    st_buf_put(b, "}\n", 2);
}

void st_write_ecs(st_out *o, const st_case *c)
{
    const st_column *event = st_column_named("Event");
    st_buf value = { 0 }, word = { 0 };
    st_view v;
    const st_column *columns[FIELDS];
    doc d = { .v = &v, .columns = columns };
    for (size_t i = 0; i < FIELDS; i++)
        columns[i] =
            fields[i].what && fields[i].kind != FIXED ? st_column_named(fields[i].what) : NULL;
    for (size_t i = 0; i < c->nrows && !o->error; i++) {
        if (!st_view_of(&v, c, &c->rows[i]))
            continue;
        d.event = event ? st_column_text(event, &v, &word) : ST_STR("process");
        put_doc(&o->buf, &d, &value);
        o->buf.failed |= value.failed || d.a.failed || d.b.failed;
        st_out_tick(o);
    }
    st_buf_free(&value);
    st_buf_free(&word);
    st_buf_free(&d.a);
    st_buf_free(&d.b);
}
