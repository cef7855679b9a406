/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_appendix.c - what stands behind the answer: every finding in order of time, tables of rules,
 * evidence with its digests and what of it wasn't read, the rules that ran, and what the tool can't
 * see.
 */
#include "report/html.h"

#include "base/limits.h"

#include <string.h>

/* findings */

/* The command line; of another event, what it is and what it was done to. */
static void put_deed(st_page *g, const st_view *v)
{
    if (!v->e) {
        st_page_evidence(g, st_dashless(st_pool_get(g->f->pool, v->p->command_line)));
        return;
    }
    st_page_put(g, st_event_kind_at(v->e->kind)->word);
    st_page_put(g, " ");
    st_target_put(g->f, v->e, &g->text);
    st_page_made(g);
}

static void put_reasons(st_page *g, const st_row *row)
{
    for (size_t i = 0; i < row->nfindings; i++) {
        const st_finding *x = &g->c->findings[row->first_finding + i];
        st_page_put(g, i ? "<br>" : "");
        st_page_level(g, x->level);
        st_finding_put_reason(g->c, x, &g->text);
        st_page_text(g, st_buf_slice(&g->text));
        st_buf_clear(&g->text);
    }
}

static void put_row(st_page *g, const st_row *row)
{
    st_view v;
    if (!st_view_of(&v, g->c, row))
        return;
    st_page_put(g, "<tr><td>");
    st_page_time(g, st_view_time(&v));
    st_page_put(g, "</td><td class=\"h\">");
    st_page_host(g, v.host);
    st_page_put(g, "</td><td class=\"k\">");
    if (row->node != ST_NO_NODE)
        st_page_name(g, v.p);
    st_page_put(g, "</td><td class=\"c\">");
    put_deed(g, &v);
    st_page_put(g, "</td><td class=\"c\">");
    put_reasons(g, row);
    if (g->ro->confirmed) {
        st_page_put(g, "</td><td>");
        st_page_text(g, st_confirmed_text(&v, g->ro));
    }
    st_page_put(g, "</td></tr>\n");
    st_out_tick(g->o);
}

void st_page_findings(st_page *g)
{
    static const char *const names[] = { "Time (UTC)", "Host", "Process", "Command line or target",
                                         "Why",        NULL,   NULL };
    static const char *const confirmed[] = { "Time (UTC)", "Host",
                                             "Process",    "Command line or target",
                                             "Why",        "Confirmed by libevtx",
                                             NULL };
    size_t n = 0;
    st_page_put(g, "<div class=\"np\"><h2 id=\"findings\">Findings, oldest first</h2>\n");
    st_page_table(g, "Every process and event that a rule matched",
                  g->ro->confirmed ? confirmed : names);
    for (size_t i = 0; i < g->c->nrows && !g->o->error; i++)
        if (g->c->rows[i].kind == ST_ROW_HIT && n++ < ST_MAX_HTML_ROWS)
            put_row(g, &g->c->rows[i]);
    st_page_table_end(g);
    if (n > ST_MAX_HTML_ROWS)
        st_page_fmt(g, "<p>%zu more are in timeline.csv.</p>\n", n - ST_MAX_HTML_ROWS);
    st_page_put(g, "</div>\n");
}

/* tables of rules whose rows are no processes */

static void put_table(st_page *g, const st_rule *r, uint64_t rows)
{
    st_page_put(g, "<li>");
    if (g->info->tables) {
        st_page_put(g, "<a href=\"tables/");
        st_page_url(g, r->id);
        st_page_put(g, ".csv\">");
    }
    st_page_level(g, r->level);
    st_page_text(g, r->title);
    st_page_put(g, g->info->tables ? "</a>" : "");
    st_page_put(g, ": ");
    st_page_count(g, rows, "row", "rows");
    st_page_put(g, "</li>\n");
    st_out_tick(g->o);
}

void st_page_tables(st_page *g)
{
    size_t n = 0;
    size_t rules = g->c->matches && g->c->matches->results ? st_rules_count(g->c->rules) : 0;
    for (size_t i = 0; i < rules && !g->o->error; i++) {
        const st_rule *r = st_rules_at(g->c->rules, i);
        uint64_t rows = g->c->matches->results[i].rows;
        if (!rows || r->level < g->info->min_level)
            continue;
        st_page_put(g, n++ ? ""
                           : "<h2>Tables</h2><p>Rows of rules that stand for no process of the "
                             "forest.</p><ul>");
        put_table(g, r, rows);
    }
    st_page_put(g, n ? "</ul>\n" : "");
}

/* evidence */

void st_page_unread(st_page *g)
{
    size_t n = g->f->evidence ? st_evidence_count(g->f->evidence) : 0, found = 0;
    for (size_t i = 0; i < n && !g->o->error; i++) {
        const st_source *s = st_evidence_at(g->f->evidence, i);
        if (!st_source_short(s) || found++ >= ST_MAX_HTML_ROWS)
            continue;
        st_page_put(g, found > 1 ? "" : "<h2 id=\"unread\">Not read in full</h2><ul class=\"p\">");
        st_page_put(g, "<li>");
        st_page_evidence(g, s->name);
        if (s->reason.n) {
            st_page_put(g, ": ");
            st_page_evidence(g, s->reason);
        }
        if (st_source_readable(s))
            st_page_fmt(g, " (%llu bytes lost, %llu of %llu chunks bad%s)",
                        (unsigned long long)s->report->lost.bytes,
                        (unsigned long long)s->report->chunks_bad,
                        (unsigned long long)s->report->chunks,
                        s->report->truncated ? ", cut short" : "");
        st_page_put(g, "</li>\n");
        st_out_tick(g->o);
    }
    if (found > ST_MAX_HTML_ROWS)
        st_page_fmt(g, "<li>%zu more are in run.json</li>", found - ST_MAX_HTML_ROWS);
    st_page_put(g, found ? "</ul>\n" : "");
}

static void put_source(st_page *g, const st_source *s)
{
    uint64_t records = s->report->records + s->report->slack + s->report->carved;
    st_page_put(g, "<tr><td class=\"c\">");
    st_page_evidence(g, s->name);
    st_page_put(g, "</td><td class=\"n\">");
    st_page_text(g, s->kind);
    st_page_fmt(g, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td>",
                (unsigned long long)s->size, (unsigned long long)records);
    if (s->digested) {
        st_page_put(g, "<bdi class=\"e\">");
        st_buf_hex(&g->o->buf, s->sha256, sizeof s->sha256, false);
        st_page_put(g, "</bdi>");
    }
    st_page_put(g, "</td></tr>\n");
    st_out_tick(g->o);
}

static void put_evidence_table(st_page *g)
{
    static const char *const names[] = { "Source", "Kind", "Bytes", "Records", "SHA-256", NULL };
    size_t n = g->f->evidence ? st_evidence_count(g->f->evidence) : 0, shown = 0;
    if (!n)
        return;
    st_page_put(g, "<h3>Evidence</h3>\n");
    st_page_table(g, "Logs that were read", names);
    for (size_t i = 0; i < n && !g->o->error; i++) {
        const st_source *s = st_evidence_at(g->f->evidence, i);
        if (st_source_readable(s) && shown++ < ST_MAX_HTML_ROWS)
            put_source(g, s);
    }
    st_page_table_end(g);
    if (shown > ST_MAX_HTML_ROWS)
        st_page_fmt(g, "<p>%zu more are in run.json.</p>\n", shown - ST_MAX_HTML_ROWS);
}

/* What "nothing found" is worth, host by host. */
static void put_coverage(st_page *g)
{
    static const char *const names[] = { "Host", "Coverage", NULL };
    size_t n = g->answer.nhosts, shown = n < ST_MAX_HTML_HOSTS ? n : ST_MAX_HTML_HOSTS;
    st_page_put(g, "<h3 id=\"coverage\">Coverage</h3>\n");
    st_page_table(g, "Every host of any record, and what could be seen of it", names);
    for (size_t i = 0; i < shown && !g->o->error; i++) {
        st_page_put(g, "<tr><td class=\"h\">");
        st_page_host(g, g->answer.hosts[i].host);
        st_page_put(g, "</td><td class=\"c\">");
        st_coverage_put(g->c, g->answer.hosts[i].host, &g->text);
        st_page_text(g, st_buf_slice(&g->text));
        st_buf_clear(&g->text);
        st_page_put(g, "</td></tr>\n");
        st_out_tick(g->o);
    }
    st_page_table_end(g);
    if (n > shown)
        st_page_fmt(g, "<p>%zu more are in hosts.csv.</p>\n", n - shown);
}

/* rules */

/* Who wrote it, as licences of rules ask for, and what else may look so. The pack's own author is
 * the program's, and need not be told of every rule. */
static void put_author_and_notes(st_page *g, const st_rule *r)
{
    if (r->authors.n && !st_str_eq(r->authors, ST_STR("shelltree"))) {
        st_page_put(g, "<br>By ");
        st_page_text(g, r->authors);
        st_page_put(g, ".");
    }
    for (size_t i = 0; i < r->nfalsepositives; i++) {
        st_page_put(g, i ? "; " : "<br>May also be: ");
        st_page_text(g, r->falsepositives[i]);
    }
}

static void put_rule(st_page *g, size_t i)
{
    const st_rule *r = st_rules_at(g->c->rules, i);
    uint64_t matches =
        g->c->matches && g->c->matches->results ? g->c->matches->results[i].matches : 0;
    st_page_put(g, matches ? "<tr><td>" : "<tr class=\"np\"><td>");
    st_page_level(g, r->level);
    st_page_put(g, "</td><td class=\"k\">");
    st_page_text(g, r->title);
    st_page_put(g, "</td><td class=\"c\">");
    st_page_text(g, r->description.n ? r->description : r->reason);
    if (matches)
        put_author_and_notes(g, r);
    st_page_fmt(g, "</td><td class=\"n\">%llu</td></tr>\n", (unsigned long long)matches);
    st_out_tick(g->o);
}

/* Those that found something first; of very many the rest is only counted. */
static void put_rules(st_page *g)
{
    static const char *const names[] = { "Level", "Rule", "What it looks for", "Findings", NULL };
    size_t n = st_rules_count(g->c->rules), ran = 0, shown = 0;
    const st_rule_result *results = g->c->matches ? g->c->matches->results : NULL;
    for (size_t i = 0; i < n; i++)
        ran += st_rules_at(g->c->rules, i)->status == ST_RULE_READY;
    st_page_fmt(g, "<h3>Rules</h3><p>%zu of %zu ran; run.json lists all of them.</p>\n", ran, n);
    st_page_table(g, "Rules that ran, those with findings first", names);
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n && !g->o->error; i++) {
            bool found = results && results[i].matches;
            if (st_rules_at(g->c->rules, i)->status != ST_RULE_READY || found == (pass == 1) ||
                shown++ >= ST_MAX_HTML_HOSTS)
                continue;
            put_rule(g, i);
        }
    st_page_table_end(g);
}

void st_page_appendix(st_page *g)
{
    const st_run_info *info = g->info;
    st_page_put(g, "<h2 id=\"appendix\">What this rests on</h2>\n");
    st_page_fmt(g,
                "<p>%llu records read, %zu process creations on %zu hosts: %zu findings in %zu "
                "incidents. shelltree ",
                (unsigned long long)g->f->store->records, g->f->observed, g->f->nhosts,
                g->c->nfindings, g->c->nincidents);
    st_page_text(g, st_str_of(info->version));
    st_page_put(g, ", reference time ");
    st_buf_time_iso(&g->o->buf, info->now);
    st_page_fmt(g, ", exit status %d.</p>\n", info->exit_status);
    put_coverage(g);
    put_evidence_table(g);
    put_rules(g);
    st_page_put(g,
                "<h3>What the tool can't see</h3><ul class=\"p\"><li>What no record tells: a host "
                "without Sysmon, what Sysmon's configuration leaves out, records that were "
                "overwritten or cleared.</li><li>Code that starts no process: a web shell that "
                "works within the server.</li><li>Processes that leave the tree through a service, "
                "a scheduled task or WMI: they stand under another parent.</li><li>What a rule "
                "doesn't look for: nothing found isn't nothing done.</li></ul>\n");
}
