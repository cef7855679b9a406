/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - the line of stages, walked once: rules, evidence, forest, matches, case.
 * Rules come first, so that a broken one ends the run before any evidence is read.
 */
#include "cli.h"
#include "base/limits.h"
#include "base/os/os.h"
#include "base/suggest.h"
#include "base/tmpfile.h"
#include "cli/heap.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* rules */

#define SERVERS "web-servers.kql"

/* Where the pack is: SHELLTREE_RULES, rules/ beside the program, the data folder of the install. */
static bool pack_path(char out[PATH_MAX])
{
    const char *env = getenv("SHELLTREE_RULES");
    if (env && *env)
        return snprintf(out, PATH_MAX, "%s", env) < PATH_MAX;
    char beside[PATH_MAX];
    if (st_os_program_path(beside, sizeof beside)) {
        char *slash = strrchr(beside, '/');
        if (slash && (size_t)(slash - beside) + sizeof "/rules" < sizeof beside) {
            memcpy(slash, "/rules", sizeof "/rules");
            if (realpath(beside, out))
                return true;
        }
    }
    return snprintf(out, PATH_MAX, "%s", ST_RULES_DIR) < PATH_MAX;
}

static bool marks_servers(const st_rules *r)
{
    for (size_t i = 0; i < st_rules_count(r); i++)
        if (st_rules_at(r, i)->marks_servers)
            return true;
    return false;
}

/* With -r the pack's word on what a web server is still holds, unless a rule given has its own. */
st_code st_session_servers(st_rules *r, st_err *e)
{
    char dir[PATH_MAX], path[PATH_MAX + sizeof "/" SERVERS];
    if (marks_servers(r) || !pack_path(dir))
        return ST_OK;
    snprintf(path, sizeof path, "%s/%s", dir, SERVERS);
    return access(path, R_OK) == 0 ? st_rules_load(r, st_str_of(path), e) : ST_OK;
}

st_rules *st_session_rule_set(const st_session *s)
{
    st_rules *r = st_rules_new();
    if (r)
        st_rules_set(r, &s->config->settings);
    return r;
}

/* The same path once more adds no rule, and that's nothing to tell. */
static bool given_before(const st_list *given, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (st_str_eq(given->items[k], given->items[i]))
            return true;
    return false;
}

/* Rules, libraries, filters and what is told of them. */
static size_t read_so_far(const st_rules *r)
{
    size_t errors;
    return st_rules_count(r) + st_rules_libraries(r) + st_rules_filters(r, &errors) +
           st_rules_twice(r) + st_rules_diags(r);
}

static st_code load_pack(st_session *s, st_err *e)
{
    char dir[PATH_MAX];
    if (!pack_path(dir) || access(dir, R_OK) != 0)
        return st_fail(e, ST_E_IO,
                       "%s: the rule pack isn't there; name rules with -r, or set SHELLTREE_RULES",
                       dir);
    return st_rules_load(s->rules, st_str_of(dir), e);
}

static st_code load_all(st_session *s, st_err *e)
{
    const st_list *given = &s->config->rules;
    for (size_t i = 0; i < given->n; i++) {
        size_t before = read_so_far(s->rules);
        if (st_str_eq(given->items[i], ST_STR("pack"))) {
            if (load_pack(s, e) != ST_OK)
                return e->code;
            continue;
        }
        if (st_rules_load(s->rules, given->items[i], e) != ST_OK)
            return e->code;
        if (read_so_far(s->rules) == before && !given_before(given, i))
            st_complain("%.*s: no rule in it (rules are files ending in .kql, .csl, .kusto, .txt, "
                        ".md, .markdown, .yaml or .yml)",
                        ST_FMT(given->items[i]));
    }
    if (given->n && s->only_named)
        return ST_OK;
    if (given->n)
        return st_session_servers(s->rules, e);
    return load_pack(s, e);
}

/* Errors in rules of folders that are printed one by one. A repository of others has dozens, which
 * nobody mends before a hunt: of more than these the number is said, and where to read them. */
#define SHOWN_ERRORS 5

static size_t errors_in_folders(const st_rules *r)
{
    size_t n = 0;
    for (size_t i = 0; i < st_rules_diags(r); i++)
        n += st_rules_diag(r, i)->severity == ST_SEV_ERROR && !st_rules_diag(r, i)->named;
    return n;
}

/* Is it printed? Whoever works on rules sees all; who hunts with a folder of them, what keeps one
 * from running. */
static bool is_shown(const st_session *s, const st_diag *d, size_t errors)
{
    const st_config *c = s->config;
    bool bad = d->severity == ST_SEV_ERROR;
    if (d->named || c->verbose || c->strict_rules || c->verb->bit == ST_VERB_RULES)
        return bad || !c->quiet;
    return bad && errors <= SHOWN_ERRORS;
}

/* Prints the diagnostics; how many errors are fatal here. */
static size_t show_diags(const st_session *s, size_t *skipped)
{
    size_t fatal = 0, errors = errors_in_folders(s->rules);
    for (size_t i = 0; i < st_rules_diags(s->rules); i++) {
        const st_diag *d = st_rules_diag(s->rules, i);
        if (is_shown(s, d, errors))
            st_print_diag(d);
        fatal += d->severity == ST_SEV_ERROR && (d->named || s->config->strict_rules);
    }
    *skipped = 0;
    for (size_t i = 0; i < st_rules_count(s->rules); i++)
        *skipped += st_rules_at(s->rules, i)->status == ST_RULE_BROKEN;
    return fatal;
}

/* Lists of indicators are rules beside the others. */
static st_code load_indicators(st_session *s, st_err *e)
{
    const st_list *files = &s->config->ioc;
    for (size_t i = 0; i < files->n; i++) {
        st_buf text = { 0 };
        st_err why = { 0 };
        st_indicators told = { 0, 0, 0 };
        st_str file = files->items[i];
        st_code code = st_whole_file("--ioc", file.p, ST_MAX_LIST_FILE, &text, e);
        if (code == ST_OK && st_indicators_add(s->rules, st_buf_slice(&text), &told, &why) != ST_OK)
            code = st_fail(e, ST_E_USAGE, "--ioc: %.*s: %s", ST_FMT(file), why.text);
        st_buf_free(&text);
        if (code != ST_OK)
            return code;
        st_say(s->config, "%.*s: %zu indicator%s", ST_FMT(file), told.n, told.n == 1 ? "" : "s");
        if (told.unread)
            st_complain(
                "%.*s: %zu line%s or pattern%s no indicator that can be looked for, first %zu",
                ST_FMT(file), told.unread, told.unread == 1 ? "" : "s",
                told.unread == 1 ? " is" : "s are", told.first_unread);
    }
    return ST_OK;
}

/* Read before evidence is, so that a mistake in them costs no time. */
static st_code load_notes(st_session *s, st_err *e)
{
    st_buf text = { 0 };
    st_err why = { 0 };
    const char *file = s->config->notes_file;
    st_code code = file ? st_whole_file("--notes", file, ST_MAX_LIST_FILE, &text, e) : ST_OK;
    if (code == ST_OK && file && st_notes_read(&s->notes, st_buf_slice(&text), &why) != ST_OK)
        code = st_fail(e, ST_E_USAGE, "--notes: %s: %s", file, why.text);
    st_buf_free(&text);
    return code;
}

int st_session_load(st_session *s, size_t *fatal, size_t *skipped)
{
    st_err e = { 0 };
    s->rules = st_session_rule_set(s);
    if (!s->rules || st_rules_check_own(s->rules, &e) != ST_OK || load_all(s, &e) != ST_OK ||
        load_indicators(s, &e) != ST_OK || load_notes(s, &e) != ST_OK ||
        st_rules_link(s->rules, &e) != ST_OK)
        return st_cannot(&e);
    *fatal = show_diags(s, skipped);
    return ST_EXIT_OK;
}

void st_session_rules_ran(const st_session *s)
{
    size_t all = 0, ran = 0, elsewhere = 0, left_out = 0, broken = 0;
    for (size_t i = 0; i < st_rules_count(s->rules); i++) {
        const st_rule *r = st_rules_at(s->rules, i);
        all += !r->marks_servers;
        ran += !r->marks_servers && r->status == ST_RULE_READY;
        broken += r->status == ST_RULE_BROKEN;
        left_out += r->left_out;
        elsewhere += r->status == ST_RULE_NOT_APPLICABLE && !r->left_out;
    }
    const struct {
        size_t n;
        const char *one, *many;
    } others[] = { { elsewhere, "needs other logs or services", "need other logs or services" },
                   { left_out, "is left out", "are left out" },
                   { broken, "has errors", "have errors" } };
    st_buf why = { 0 };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].n)
            st_buf_fmt(&why, "%s %zu %s", why.n ? "," : ":", others[i].n,
                       others[i].n == 1 ? others[i].one : others[i].many);
    if (why.n && !why.failed)
        st_say(s->config, "ran %zu of %zu rule%s%.*s (list: rules check)", ran, all,
               all == 1 ? "" : "s", (int)why.n, why.p);
    st_buf_free(&why);
}

/* A hunt without rules would say that nothing was found, which nobody looked for. Rows of
 * everything need none. */
static bool has_no_rules(const st_session *s)
{
    const st_config *c = s->config;
    if (c->verb->bit != ST_VERB_HUNT || !c->rules.n || c->scope == ST_SCOPE_ALL)
        return false;
    for (size_t i = 0; i < st_rules_count(s->rules); i++)
        if (!st_rules_at(s->rules, i)->marks_servers)
            return false;
    return true;
}

int st_session_unread_rules(const st_session *s)
{
    return st_rules_unread(s->rules) ? ST_EXIT_SHORT : ST_EXIT_OK;
}

int st_session_rules(st_session *s)
{
    size_t fatal = 0, skipped = 0;
    int status = st_session_load(s, &fatal, &skipped);
    if (status != ST_EXIT_OK)
        return status;
    if (fatal) {
        st_complain("%zu error%s in rules: nothing was read", fatal, fatal == 1 ? "" : "s");
        return ST_EXIT_CANNOT;
    }
    if (st_rules_unread(s->rules))
        st_complain(
            "%zu file%s or folder%s of rules couldn't be read: what they hold is missing here",
            st_rules_unread(s->rules), st_rules_unread(s->rules) == 1 ? "" : "s",
            st_rules_unread(s->rules) == 1 ? "" : "s");
    if (has_no_rules(s)) {
        st_complain("no rule to hunt with (--scope all gives rows without one): nothing was read");
        return ST_EXIT_CANNOT;
    }
    if (skipped && s->config->verb->bit != ST_VERB_HUNT)
        st_say(s->config, "%zu rule%s can't run and %s skipped", skipped, skipped == 1 ? "" : "s",
               skipped == 1 ? "is" : "are");
    return ST_EXIT_OK;
}

/* evidence */

/* What stands for the i-th path in Source. */
static st_str name_of(const st_config *c, size_t i)
{
    return i < c->names.n ? c->names.items[i] : c->evidence.items[i];
}

/* Two paths of one name couldn't be told apart in Source. NULL: there are none. */
static const st_str *name_twice(const st_config *c)
{
    for (size_t i = 0; i < c->names.n; i++)
        for (size_t k = 0; k < c->evidence.n; k++)
            if (k != i && st_str_eq(c->names.items[i], name_of(c, k)))
                return &c->names.items[i];
    return NULL;
}

int st_session_evidence(st_session *s)
{
    const st_config *c = s->config;
    st_err e = { 0 };
    if (!c->evidence.n && !c->files_from.n) {
        st_complain("no evidence named; shelltree %s --help tells how", c->verb->name);
        return ST_EXIT_CANNOT;
    }
    s->evidence = st_evidence_new();
    if (!s->evidence)
        return st_cannot(&e);
    if (c->names.n > c->evidence.n) {
        st_complain("--name is given %zu times for %zu paths", c->names.n, c->evidence.n);
        return ST_EXIT_CANNOT;
    }
    const st_str *twice = name_twice(c);
    if (twice) {
        st_complain("--name %.*s: another path has that name, too, and Source couldn't tell them "
                    "apart",
                    ST_FMT(*twice));
        return ST_EXIT_CANNOT;
    }
    for (size_t i = 0; i < c->evidence.n; i++)
        if ((i < c->names.n
                 ? st_evidence_add_as(s->evidence, c->evidence.items[i], c->names.items[i], &e)
                 : st_evidence_add(s->evidence, c->evidence.items[i], &e)) != ST_OK)
            return st_cannot(&e);
    if (c->parts)
        st_evidence_part(s->evidence, c->part, c->parts);
    if (c->failed)
        st_evidence_failed(s->evidence, c->failed);
    for (size_t i = 0; i < c->files_from.n; i++)
        if (st_evidence_add_list(s->evidence, c->files_from.items[i], c->nul, &e) != ST_OK)
            return st_cannot(&e);
    if (st_intake_fill(&s->intake, c, &e) != ST_OK)
        return st_cannot(&e);
    st_evidence_intake(s->evidence, &s->intake.intake);
    if (c->tmp && st_evidence_contains(s->evidence, c->tmp)) {
        st_complain("--tmp: %s is part of the evidence, which is never written to", c->tmp);
        return ST_EXIT_CANNOT;
    }
    if (st_evidence_seal(s->evidence, c->carve, c->duplicates, &e) != ST_OK)
        return st_cannot(&e);
    if (st_evidence_unfiltered(s->evidence))
        st_say(c, st_os_children_share()
                      ? "archives are read in this very process, which nothing holds on this "
                        "system; those of unknown origin are better read on Linux"
                      : "archives are read without a filter of system calls here (no seccomp): in "
                        "processes of their own, with limits of memory, time and files");
    size_t logs = 0, n = st_evidence_count(s->evidence);
    for (size_t i = 0; i < n; i++)
        logs += st_source_readable(st_evidence_at(s->evidence, i));
    bool shard = c->verb->bit == ST_VERB_EXTRACT && st_output_is_casedb(c);
    if (shard) /* what couldn't be read is part of it, and told when it is hunted */
        return ST_EXIT_OK;
    if (!n && !c->evidence.n) {
        st_complain("the list of paths names no file");
        return ST_EXIT_CANNOT;
    }
    if (!logs) {
        st_session_account(s);
        st_complain("no event log was read: what was named holds none that could be opened");
        return ST_EXIT_CANNOT;
    }
    return ST_EXIT_OK;
}

/* What to do about some of what can't be read. */
static const char *advice_for(const char *reason)
{
    static const char *const rows[][2] = {
        { "empty-message", "write the journal with --all: it left long texts out" },
        { "no-fields", "a form that isn't known; name the log that they were made of" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i][0], reason) == 0)
            return rows[i][1];
    return NULL;
}

/* What of a text couldn't be read. */
static void carrier_loss(const st_source *x, st_buf *b)
{
    const st_report *r = x->report;
    st_buf_fmt(b, "damaged: %llu records read, %llu unreadable", (unsigned long long)r->records,
               (unsigned long long)r->unparsable);
    if (r->damaged)
        st_buf_fmt(b, ", %llu cut off and read in part", (unsigned long long)r->damaged);
    if (x->bad_line)
        st_buf_fmt(b, ", first at line %llu", (unsigned long long)x->bad_line);
    const char *advice = r->lost.n ? advice_for(r->lost.list[0].reason) : NULL;
    if (r->lost.n)
        st_buf_fmt(b, " (%s)", r->lost.list[0].reason);
    if (advice)
        st_buf_fmt(b, "; %s", advice);
    if (r->unparsable >= ST_MAX_BAD_LINES && r->lost.n &&
        strcmp(r->lost.list[r->lost.n - 1].reason, "too-many-bad") == 0)
        st_buf_str(b, ST_STR("; the rest isn't read"));
    if (x->broken.n)
        st_buf_fmt(b, "; %.*s", ST_FMT(x->broken));
}

/* A source's loss in words; empty for one that lost nothing. */
static void loss_of(const st_source *x, st_buf *b)
{
    const st_report *r = x->report;
    if (x->status == ST_S_UNREADABLE || x->status == ST_S_GONE || x->status == ST_S_UNOPENED)
        st_buf_fmt(b, "not read: %.*s", ST_FMT(x->reason));
    else if (x->status == ST_S_OTHER)
        st_buf_fmt(b, "not read: %.*s, not an event log", ST_FMT(x->kind));
    else if (x->status == ST_S_EMPTY)
        st_buf_fmt(b, "no event in it");
    else if (x->status == ST_S_CHANGED)
        st_buf_fmt(b, "it changed while it was read: what follows may be incomplete");
    else if (x->status == ST_S_DAMAGED && x->container)
        st_buf_fmt(b, "read in part, %llu file%s of it: %.*s", (unsigned long long)x->members,
                   x->members == 1 ? "" : "s", ST_FMT(x->reason));
    else if (x->status == ST_S_DAMAGED && x->carrier)
        carrier_loss(x, b);
    else if (x->status == ST_S_DAMAGED) {
        st_buf_fmt(b, "damaged: %llu records read, %llu unreadable, %llu bytes lost",
                   (unsigned long long)r->records, (unsigned long long)r->unparsable,
                   (unsigned long long)r->lost.bytes);
        if (!r->lost.n && r->chunks_bad)
            st_buf_fmt(b, ", %llu of %llu chunks bad", (unsigned long long)r->chunks_bad,
                       (unsigned long long)r->chunks);
        if (!r->lost.n && r->truncated)
            st_buf_str(b, ST_STR(", cut short"));
        if (r->lost.n)
            st_buf_fmt(b, ", first at byte %llu (%s)", (unsigned long long)r->lost.list[0].offset,
                       r->lost.list[0].reason);
        if (r->chunks_missing && r->chunks_said > r->chunks && !r->dirty && !r->header_bad)
            st_buf_fmt(b, ", %llu of the %llu chunks that its header counts %s missing",
                       (unsigned long long)r->chunks_missing, (unsigned long long)r->chunks_said,
                       r->chunks_missing == 1 ? "is" : "are");
        if (x->broken.n)
            st_buf_fmt(b, "; %.*s", ST_FMT(x->broken));
    }
}

static void verbose_ranges(const st_config *c, const st_source *x, const char *what,
                           const st_ranges *r)
{
    for (size_t i = 0; i < r->n; i++)
        st_say(c, "%.*s: %s %llu to %llu: %s", ST_FMT(x->name), what,
               (unsigned long long)r->list[i].offset,
               (unsigned long long)r->list[i].offset + r->list[i].length, r->list[i].reason);
    if (r->dropped)
        st_say(c, "%.*s: %s: %zu more ranges, %llu bytes in all", ST_FMT(x->name), what, r->dropped,
               (unsigned long long)r->bytes);
}

static void verbose_source(const st_config *c, const st_source *x)
{
    const st_report *r = x->report;
    const struct {
        bool yes;
        const char *what;
    } notes[] = { { r->header_bad, "its file header is missing, foreign or damaged: not needed" },
                  { r->dirty, "it was open when it was copied" },
                  { r->truncated, "it is cut short" } };
    st_say(c,
           "%.*s: %llu records, %llu recovered, %llu carved, %llu decoded in part, %llu "
           "unreadable, %llu of %llu chunks bad",
           ST_FMT(x->name), (unsigned long long)r->records, (unsigned long long)r->slack,
           (unsigned long long)r->carved, (unsigned long long)r->damaged,
           (unsigned long long)r->unparsable, (unsigned long long)r->chunks_bad,
           (unsigned long long)r->chunks);
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if (notes[i].yes)
            st_say(c, "%.*s: %s", ST_FMT(x->name), notes[i].what);
    if (r->lossy)
        st_say(c, "%.*s: %llu characters were no text and are shown as U+FFFD", ST_FMT(x->name),
               (unsigned long long)r->lossy);
    if (x->shown.n)
        st_say(c, "%.*s: collected from %.*s", ST_FMT(x->name), ST_FMT(x->shown));
    verbose_ranges(c, x, "bytes", &r->lost);
    verbose_ranges(c, x, "left-over bytes", &r->left);
}

/* What another tool made of evidence is told by name: it must not be taken for read. */
static void say_results(const st_session *s)
{
    enum { SHOWN = 20 };
    size_t n = st_evidence_count(s->evidence), seen = 0;
    for (size_t i = 0; i < n; i++) {
        const st_source *x = st_evidence_at(s->evidence, i);
        if (x->named || x->status != ST_S_OTHER || !st_str_starts(x->kind, ST_STR("results of ")))
            continue;
        if (seen++ < SHOWN || s->config->verbose)
            st_say(s->config, "%.*s: %.*s, not evidence: not read", ST_FMT(x->name),
                   ST_FMT(x->kind));
    }
}

/* Met while walking, and nothing for this verb: hunt alone reads access logs. */
static bool passed_over(const st_session *s, const st_source *x)
{
    bool access = st_source_requests(x) && s->config->verb->bit != ST_VERB_HUNT;
    return !x->named && (access || x->status == ST_S_OTHER || x->status == ST_S_EMPTY);
}

/* "12 text, 3 zip archive": kinds met while walking that hold no events for us. */
static void say_others(const st_session *s)
{
    st_buf b = { 0 };
    size_t n = st_evidence_count(s->evidence), total = 0;
    bool *done = calloc(n ? n : 1, 1);
    for (size_t i = 0; done && i < n; i++) {
        const st_source *x = st_evidence_at(s->evidence, i);
        size_t same = 0;
        if (done[i] || !passed_over(s, x))
            continue;
        for (size_t k = i; k < n; k++) {
            const st_source *y = st_evidence_at(s->evidence, k);
            if (!done[k] && passed_over(s, y) && y->status == x->status &&
                (x->status == ST_S_EMPTY || st_str_eq(x->kind, y->kind))) {
                done[k] = true;
                same++;
            }
        }
        st_buf_fmt(&b, "%s%zu %.*s", total ? ", " : "", same,
                   ST_FMT(x->status == ST_S_EMPTY ? ST_STR("empty") : x->kind));
        total += same;
    }
    if (total)
        st_say(s->config, "passed over: %.*s", ST_FMT(st_buf_slice(&b)));
    free(done);
    st_buf_free(&b);
}

int st_session_account(const st_session *s)
{
    enum { SHOWN = 20 };
    size_t n = st_evidence_count(s->evidence), shorts = 0;
    for (size_t i = 0; i < n; i++) {
        const st_source *x = st_evidence_at(s->evidence, i);
        if (s->config->verbose && st_source_readable(x))
            verbose_source(s->config, x);
        else if (s->config->verbose && x->status == ST_S_OPENED)
            st_say(s->config, "%.*s: %.*s, %llu files in it", ST_FMT(x->name), ST_FMT(x->kind),
                   (unsigned long long)x->members);
        else if (s->config->verbose && x->status == ST_S_DUPLICATE)
            st_say(s->config, "%.*s: %.*s", ST_FMT(x->name), ST_FMT(x->reason));
        if (!st_source_short(x))
            continue;
        st_buf b = { 0 };
        loss_of(x, &b);
        if (shorts++ < SHOWN || s->config->verbose)
            st_complain("%.*s: %.*s", ST_FMT(x->name), ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
    if (shorts > SHOWN && !s->config->verbose)
        st_complain("and %zu more; --verbose names them all", shorts - SHOWN);
    say_results(s);
    say_others(s);
    return shorts || (s->rules && st_rules_unread(s->rules)) ? ST_EXIT_SHORT : ST_EXIT_OK;
}

void st_session_oddities(const st_session *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < st_evidence_count(s->evidence); i++)
        n += st_evidence_at(s->evidence, i)->report->timeless;
    if (n)
        st_say(s->config, "%llu whole record%s behind the live ones %s no time and %s read",
               (unsigned long long)n, n == 1 ? "" : "s", n == 1 ? "has" : "have",
               n == 1 ? "wasn't" : "weren't");
}

/* forest, matches, case */

/* Sets and case databases hold the digests of what they were made of. */
static bool writes_digests(const st_config *c)
{
    bool set = c->verb->bit == ST_VERB_HUNT && st_output_target(c) == ST_TO_DIR;
    return set || ((c->verb->bit & (ST_VERB_HUNT | ST_VERB_EXTRACT)) && st_output_is_casedb(c));
}

void st_session_scan_options(const st_session *s, st_scan_options *o)
{
    const st_config *c = s->config;
    *o = (st_scan_options){ .engine = c->engine,
                            .threads = c->threads,
                            .carve = c->carve,
                            .slack = true,
                            .digest = c->digest || writes_digests(c) };
}

/* A host misspelt on the command line must not look like one with nothing on it. */
static bool says_absent_hosts(const st_session *s)
{
    const st_forest *f = s->forest;
    bool any = false;
    for (size_t i = 0; i < s->config->hosts.n; i++) {
        st_str wanted = s->config->hosts.items[i];
        st_suggest g = { .want = wanted };
        bool there = false;
        for (size_t k = 0; k < f->nhosts && !there; k++) {
            st_str full = st_pool_get(f->pool, f->hosts[k].name), rest = full, label = full;
            st_str_cut(&rest, '.', &label);
            there = st_host_is(full, wanted);
            st_suggest_offer(&g, full);
            st_suggest_offer(&g, label);
        }
        if (there)
            continue;
        any = true;
        st_complain("--host %.*s: no such host in the evidence%s%.*s%s", ST_FMT(wanted),
                    g.best.p ? "; did you mean " : "", ST_FMT(g.best), g.best.p ? "?" : "");
    }
    return any;
}

/* Hosts whose clock was wrong, before anything is put in order. */
static st_code shift_clocks(const st_session *s, st_err *e)
{
    const st_pairs *l = &s->config->clock_offsets;
    for (size_t i = 0; i < l->n; i++) {
        int64_t seconds = 0;
        bool found;
        st_seconds(l->items[i].value, &seconds);
        if (st_store_shift(s->store, l->items[i].name, seconds, &found, e) != ST_OK)
            return e->code;
        if (!found)
            st_complain("--clock-offset %.*s: no such host in the evidence",
                        ST_FMT(l->items[i].name));
    }
    return ST_OK;
}

/* From here on memory grows with the evidence. */
static st_code bound_memory(const st_session *s, st_err *e)
{
    const st_config *c = s->config;
    bool nameless;
    if (!c->memory || c->memory == UINT64_MAX)
        return ST_OK;
    const char *dir = st_evidence_tmp(s->evidence, &nameless);
    int fd = st_tmpfile(dir, nameless);
    if (fd >= 0 && st_heap_bound(c->memory, fd, c->tmp_size ? c->tmp_size : UINT64_MAX))
        return ST_OK;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (why == ENOSYS)
        return st_fail(e, ST_E_IO, "--memory: this system's program can't put memory into a file");
    return st_fail(e, ST_E_IO,
                   "--memory: what is more goes to a temporary file, and there is none in %s: %s; "
                   "name another folder with --tmp",
                   dir, strerror(why));
}

int st_session_forest(st_session *s)
{
    st_err e = { 0 };
    st_scan_options o;
    if (bound_memory(s, &e) != ST_OK)
        return st_cannot(&e);
    st_session_scan_options(s, &o);
    st_progress *p = st_progress_new(s->config);
    st_event_set events = s->rules ? st_rules_events(s->rules) : (st_event_set){ { 0 } };
    st_event_set_join(&events, &s->events);
    bool failed = false;
    size_t nlogs = 0;
    const st_log_wanted *logs = s->rules ? st_rules_logs(s->rules, &nlogs, &failed) : NULL;
    failed |= s->rules && !st_rules_keep(s->rules, &s->kept, &s->keep);
    st_code code = failed ? st_fail(&e, ST_E_MEMORY, "no memory for what rules need")
                          : st_events_read(s->evidence, &o, &events, logs, nlogs, &s->keep,
                                           p ? st_progress_step : NULL, p, &s->store, &e);
    st_progress_free(p);
    if (code != ST_OK)
        return st_cannot(&e);
    if (shift_clocks(s, &e) != ST_OK)
        return st_cannot(&e);
    st_tree_options t = { .duplicates = s->config->duplicates, .threads = s->config->threads };
    if (st_tree_build(s->evidence, s->store, &t, &s->forest, &e) != ST_OK)
        return st_cannot(&e);
    if (!says_absent_hosts(s))
        return ST_EXIT_OK;
    st_session_account(s); /* the host may be in what wasn't read */
    return ST_EXIT_CANNOT;
}

void st_session_run_options(const st_session *s, st_run_options *o)
{
    const st_config *c = s->config;
    *o = (st_run_options){ .now = s->now,
                           .trust = c->trust_inferred ? ST_TRUST_ALL : ST_TRUST_AUDITED,
                           .threads = c->threads,
                           .ago_off =
                               c->ago_off || (c->verb->bit == ST_VERB_HUNT && !c->ago_strict) };
}

/* Rows that are no processes: where they are, or how to get them. */
static void say_tables(const st_session *s)
{
    enum { NAMED = 5 };
    uint64_t rows = 0;
    size_t rules = 0;
    st_buf names = { 0 };
    for (size_t i = 0; i < st_rules_count(s->rules); i++) {
        const st_rule *rule = st_rules_at(s->rules, i);
        uint64_t n = s->matches->results[i].rows;
        if (!n || rule->level < s->config->min_level)
            continue;
        if (rules++ < NAMED)
            st_buf_fmt(&names, "%s%.*s", rules > 1 ? ", " : "", ST_FMT(rule->id));
        rows += n;
    }
    if (rules > NAMED)
        st_buf_str(&names, ST_STR(", ..."));
    if (rules && s->config->verb->bit == ST_VERB_HUNT)
        st_say(s->config, "%llu row%s of %zu rule%s (%.*s) %s no process creation; %s",
               (unsigned long long)rows, rows == 1 ? "" : "s", rules, rules == 1 ? "" : "s",
               ST_FMT(st_buf_slice(&names)), rows == 1 ? "is" : "are",
               st_output_target(s->config) == ST_TO_DIR ? "see tables/"
                                                        : "-o DIR writes them to tables/RULE.csv");
    st_buf_free(&names);
}

int st_session_match(st_session *s)
{
    st_err e = { 0 };
    st_run_options o;
    s->now = s->config->now ? s->config->now : st_rules_now(s->forest);
    st_session_run_options(s, &o);
    if (st_rules_run(s->rules, s->forest, &o, &s->matches, &e) != ST_OK)
        return st_cannot(&e);
    for (size_t i = 0; i < st_rules_count(s->rules); i++) {
        const st_rule_result *r = &s->matches->results[i];
        st_str id = st_rules_at(s->rules, i)->id;
        if (r->problem.n)
            st_complain("%.*s: %.*s", ST_FMT(id), ST_FMT(r->problem));
        s->stopped += r->stopped;
        if (s->config->verb->bit != ST_VERB_HUNT)
            continue; /* the rules are run for the sake of an incident */
        if (r->window_only)
            st_say(s->config,
                   "%.*s: %llu matches lie outside the rule's ago() window, which is lifted (--ago "
                   "strict keeps it)",
                   ST_FMT(id), (unsigned long long)r->window_only);
        if (r->inferred_only)
            st_say(s->config,
                   "%.*s: %llu more would match over inferred parents (--trust-inferred)",
                   ST_FMT(id), (unsigned long long)r->inferred_only);
        if (r->window_rows)
            st_say(s->config,
                   "%.*s: %llu rows of its table are there only because the ago() window is lifted",
                   ST_FMT(id), (unsigned long long)r->window_rows);
    }
    say_tables(s);
    if (!s->stopped)
        return ST_EXIT_OK;
    st_complain("%zu rule%s stopped by a limit and %s no findings here", s->stopped,
                s->stopped == 1 ? " was" : "s were", s->stopped == 1 ? "has" : "have");
    return s->config->strict_rules ? ST_EXIT_CANNOT : ST_EXIT_OK;
}

static void say_requests(const st_session *s, const st_requests_note *n)
{
    const st_config *c = s->config;
    if (c->verb->bit != ST_VERB_HUNT || !n->logs)
        return;
    if (n->ownerless)
        st_say(c,
               "%llu access log%s not read: neither a folder's name nor the event logs beside tell "
               "whose %s",
               (unsigned long long)n->ownerless, n->ownerless == 1 ? "" : "s",
               n->ownerless == 1 ? "it is" : "they are");
    if (n->unread)
        st_say(c, "%llu line%s of access logs are no requests", (unsigned long long)n->unread,
               n->unread == 1 ? "" : "s");
    if (n->dropped)
        st_say(c, "%llu requests before incidents' processes are left out: there are too many",
               (unsigned long long)n->dropped);
}

/* The incidents' own events: known only now, so what may hold some is read once more. */
static st_code tell_story(st_session *s, const st_hunt_options *o, st_err *e)
{
    st_wanted_events w;
    st_scan_options so;
    size_t first[ST_MAX_EVENT_KINDS];
    if (!st_story_wants(s->found, &w))
        return st_fail(e, ST_E_MEMORY, "no memory for the incidents' events");
    bool all = o->scope != ST_SCOPE_HITS;
    for (size_t k = 0; k < st_event_kinds(); k++)
        first[k] = s->store->events[k].n;
    st_session_scan_options(s, &so);
    if (!w.nothing && all) {
        if (st_events_gather(s->evidence, &so, &w, s->store, first, e) != ST_OK)
            return e->code;
    }
    st_requests_note note = { 0 };
    if (all && st_requests_read(s->found, s->store, so.digest, &note, e) != ST_OK)
        return e->code;
    say_requests(s, &note);
    if (all && st_tree_add_events(s->forest, first, e) != ST_OK)
        return e->code;
    return st_story_make(s->found, o, e);
}

int st_session_hunt(st_session *s)
{
    const st_config *c = s->config;
    st_err e = { 0 };
    st_hunt_options o = { .scope = c->scope,
                          .min_level = c->min_level,
                          .since = c->since,
                          .until = c->until,
                          .hosts = c->hosts.items,
                          .nhosts = c->hosts.n,
                          .sibling_window = 600 * ST_TICKS_SECOND,
                          .threads = c->threads,
                          .rows_alone = s->rows_alone };
    if (st_hunt(s->forest, s->rules, s->matches, &o, &s->found, &e) != ST_OK ||
        tell_story(s, &o, &e) != ST_OK)
        return st_cannot(&e);
    s->found->notes = &s->notes;
    size_t unmatched = st_notes_match(s->found, &s->notes);
    if (unmatched)
        st_say(c, "%s: %zu of %zu notes %s of no finding or incident here", c->notes_file,
               unmatched, s->notes.n, unmatched == 1 ? "is" : "are");
    return ST_EXIT_OK;
}

void st_session_free(st_session *s)
{
    free(s->confirmed);
    if (s->found)
        st_case_free(s->found);
    if (s->matches)
        st_matches_free(s->matches);
    if (s->rules)
        st_rules_free(s->rules);
    if (s->forest)
        st_tree_free(s->forest);
    if (s->store)
        st_store_free(s->store);
    if (s->evidence)
        st_evidence_free(s->evidence);
    st_arena_free(&s->kept);
    st_notes_free(&s->notes);
    st_intake_free(&s->intake);
}
