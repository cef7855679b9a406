/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_html.c - the report as one page that needs nothing else: no script, nothing
 * fetched, nothing that evidence could make into markup. The policy in its head
 * forbids all but the one constant style sheet, which it names by its digest.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:1rem auto;m"
    "ax-width:75rem;padding:0 1rem;background:#ffffff;color:#1b1b1b}.e,code,pre{font-family:m"
    "onospace;overflow-wrap:anywhere;unicode-bidi:isolate}.x{color:#8b0000}.m{color:#595959}u"
    "l.t{list-style:none;padding-left:1.2rem}ul.t ul{list-style:none;padding-left:1.4rem;bord"
    "er-left:1px solid #595959}li{break-inside:avoid}table{border-collapse:collapse;width:100"
    "%}th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #"
    "595959}.l0,.l1{border-left:1px solid;padding-left:.4rem;color:#1f5fa8}.l2{border-left:2p"
    "x solid;padding-left:.4rem;color:#8a4b00}.l3{border-left:3px solid;padding-left:.4rem;co"
    "lor:#b3261e}.l4{border-left:4px solid;padding-left:.4rem;color:#8b0000}@media (prefers-c"
    "olor-scheme:dark){body{background:#121212;color:#e8e8e8}.m{color:#a8a8a8}.x,.l4{color:#f"
    "f8a80}.l3{color:#ffab91}.l2{color:#ffcc80}.l0,.l1{color:#90caf9}a{color:#8ab4f8}}@media "
    "print{@page{margin:15mm}body{font-size:9pt;max-width:none}details::details-content{conte"
    "nt-visibility:visible;display:block}}";
/* SHA-256 of it, base64; a test computes it again. */
static const char style_digest[] = "nTl8mMzoiYXZolrkg0uReHwdcXsN+vN6Wv8wkcQsPxg=";

typedef struct page {
    const st_case *c;
    const st_report_options *ro;
    const st_forest *f;
    st_out *o;
    st_groups groups;
    st_buf text; /* a sentence in the making */
    size_t left; /* processes that may still be drawn */
} page;

/* text */

static void put(page *g, const char *s)
{
    st_buf_put(&g->o->buf, s, strlen(s));
}

static void put_escaped(st_buf *b, st_str s)
{
    static const struct {
        char c;
        const char *name;
    } names[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
    };
    for (size_t i = 0; i < s.n; i++) {
        const char *name = NULL;
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            if (s.p[i] == names[k].c)
                name = names[k].name;
        if (name)
            st_buf_put(b, name, strlen(name));
        else
            st_buf_char(b, s.p[i]);
    }
}

/* Is what stands at i taken as it is? */
static bool ordinary(st_str s, size_t i)
{
    uint32_t cp = st_utf8_next(s, &i);
    return cp != UINT32_MAX && cp >= 0x20 && cp != 0x7f && !st_cp_hidden(cp);
}

/* Scrubbed and escaped; what was scrubbed is marked, to tell it from the same text typed. */
void st_html_text(st_buf *b, st_str s)
{
    st_buf mark = { 0 };
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        if (ordinary(s, i)) {
            st_utf8_next(s, &i);
            put_escaped(b, (st_str){ s.p + from, i - from });
            continue;
        }
        st_buf_clear(&mark);
        st_scrub_one(&mark, s, &i, false);
        st_buf_str(b, ST_STR("<span class=\"x\">"));
        put_escaped(b, st_buf_slice(&mark));
        st_buf_str(b, ST_STR("</span>"));
    }
    b->failed |= mark.failed;
    st_buf_free(&mark);
}

/* Evidence's text, isolated from the direction of what stands around it; long text folded. */
static void put_evidence(page *g, st_str s)
{
    st_buf *b = &g->o->buf;
    size_t end = s.n;
    if (s.n > ST_MAX_HTML_TEXT) {
        end = ST_MAX_HTML_TEXT;
        while (end && ((unsigned char)s.p[end] & 0xc0) == 0x80)
            end--;
    }
    put(g, "<bdi class=\"e\">");
    st_html_text(b, (st_str){ s.p, end });
    put(g, "</bdi>");
    if (end < s.n) {
        put(g, "<details><summary>more</summary><bdi class=\"e\">");
        st_html_text(b, (st_str){ s.p + end, s.n - end });
        put(g, "</bdi></details>");
    }
}

static void put_name(page *g, const st_proc *p)
{
    st_str name = st_str_basename(st_pool_get(g->f->pool, p->image));
    put_evidence(g, name.n ? name : ST_STR("?"));
    if (p->pid != ST_NO_U32)
        st_buf_fmt(&g->o->buf, " (%u)", p->pid);
}

static void put_level(page *g, st_level level)
{
    st_buf_fmt(&g->o->buf, "<strong class=\"l%u\">%s</strong> ", (unsigned)level,
               st_level_word(level));
}

/* trees */

static void put_node(page *g, st_node n)
{
    const st_proc *p = &g->f->procs[n];
    st_buf *b = &g->o->buf;
    put_name(g, p);
    put(g, " <span class=\"m\">");
    st_buf_time_sysmon(b, p->start);
    if (!(p->flags & ST_P_OBSERVED))
        put(g, p->flags & ST_P_FROM_EVENT ? " not logged: known from another event"
                                          : " not logged: known from a child");
    put(g, p->link == ST_LINK_INFERRED ? " inferred parent" : "");
    put(g, p->origin == ST_O_LIVE ? "</span>" : " recovered</span>");
    for (size_t i = g->groups.first[n]; i < g->c->nfindings && g->c->findings[i].node == n; i++) {
        put(g, " ");
        put_level(g, g->c->findings[i].level);
        st_html_text(b, st_rules_at(g->c->rules, g->c->findings[i].rule)->title);
    }
    st_str cmd = st_dashless(st_pool_get(g->f->pool, p->command_line));
    if (cmd.n) {
        put(g, "<br>");
        put_evidence(g, cmd);
    }
}

static void put_tree(page *g, uint32_t incident)
{
    st_drawn d = { .stamps = g->groups.stamps, .stamp = incident + 1 };
    st_node top = g->c->incidents[incident].top;
    size_t level = 0, at = 0;
    if (top == ST_NO_NODE)
        return;
    put(g, "<ul class=\"t\">");
    for (st_node n = top; n != ST_NO_NODE && g->left && !g->o->error;
         n = st_drawn_next(g->f, &d, top, n, &level), g->left--) {
        size_t shown = level < ST_MAX_HTML_DEPTH ? level : ST_MAX_HTML_DEPTH;
        for (; at > shown; at--)
            put(g, "</ul></details></li>");
        bool inner = shown < ST_MAX_HTML_DEPTH &&
                     st_drawn_from(g->f, &d, g->f->procs[n].first_child) != ST_NO_NODE;
        put(g, inner ? "\n<li><details open><summary>" : "\n<li>");
        put_node(g, n);
        put(g, inner ? "</summary><ul>" : "</li>");
        at = shown + inner;
        st_out_tick(g->o);
    }
    for (; at; at--)
        put(g, "</ul></details></li>");
    put(g, "</ul>\n");
}

/* incidents and rows */

/* What the incident hangs under. */
static void put_top(page *g, const st_incident *i)
{
    if (i->top == ST_NO_NODE) {
        put(g, ": events of no process");
        return;
    }
    put(g, i->server ? ": web server " : ": process ");
    put_name(g, &g->f->procs[i->top]);
}

static void put_incident(page *g, uint32_t k)
{
    const st_incident *i = &g->c->incidents[k];
    st_buf *b = &g->o->buf;
    st_buf_fmt(b, "<section><h2 id=\"i%s\">", i->id);
    put_level(g, i->level);
    if (i->host < g->f->nhosts)
        put_evidence(g, st_pool_get(g->f->pool, g->f->hosts[i->host].shown));
    put_top(g, i);
    st_buf_fmt(b, "</h2><p>Incident %s, ", i->id);
    st_buf_time_sysmon(b, i->first);
    put(g, " to ");
    st_buf_time_sysmon(b, i->last);
    st_buf_fmt(b, ", %u findings, %u processes", i->findings, i->processes);
    if (i->context_dropped)
        st_buf_fmt(b, ", %u more left out", i->context_dropped);
    put(g, "</p>");
    for (unsigned f = 0; f < ST_FACT_KINDS; f++) {
        st_buf_clear(&g->text);
        if (!st_incident_put_facts(g->c, i, f, &g->text))
            continue;
        st_buf_fmt(b, "<p>%s: ", st_fact_word(f));
        put_evidence(g, st_buf_slice(&g->text));
        put(g, "</p>");
    }
    st_buf_clear(&g->text);
    if (st_incident_put_gaps(g->c, i, &g->text)) {
        put(g, "<p>Gaps that touch it: ");
        put_evidence(g, st_buf_slice(&g->text));
        put(g, "</p>");
    }
    st_groups_stamp(&g->groups, g->c, k);
    put_tree(g, k);
    put(g, "</section>\n");
    st_out_tick(g->o);
}

/* The command line; of another event, what it is and what it was done to. */
static void put_deed(page *g, const st_view *v)
{
    if (!v->e) {
        put_evidence(g, st_dashless(st_pool_get(g->f->pool, v->p->command_line)));
        return;
    }
    put(g, st_event_kind_at(v->e->kind)->word);
    put(g, " ");
    st_buf_clear(&g->text);
    st_target_put(g->f, v->e, &g->text);
    put_evidence(g, st_buf_slice(&g->text));
}

static void put_row(page *g, const st_row *row)
{
    st_view v;
    if (!st_view_of(&v, g->c, row))
        return;
    put(g, "<tr><td>");
    st_buf_time_sysmon(&g->o->buf, st_view_time(&v));
    put(g, "</td><td>");
    if (v.host < g->f->nhosts)
        put_evidence(g, st_pool_get(g->f->pool, g->f->hosts[v.host].shown));
    put(g, "</td><td>");
    if (row->node != ST_NO_NODE)
        put_name(g, v.p);
    put(g, "</td><td>");
    put_deed(g, &v);
    put(g, "</td><td>");
    for (size_t i = 0; i < row->nfindings; i++) {
        const st_finding *x = &g->c->findings[row->first_finding + i];
        put(g, i ? "<br>" : "");
        put_level(g, x->level);
        st_buf_clear(&g->text);
        st_finding_put_reason(g->c, x, &g->text);
        st_html_text(&g->o->buf, st_buf_slice(&g->text));
    }
    if (g->ro->confirmed) {
        put(g, "</td><td>");
        st_html_text(&g->o->buf, st_confirmed_text(&v, g->ro));
    }
    put(g, "</td></tr>\n");
    st_out_tick(g->o);
}

static void put_rows(page *g)
{
    size_t n = 0;
    put(g,
        "<h2 id=\"findings\">Findings, oldest first</h2><table><caption>Every process that a rule "
        "matched</caption><thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\">Host</th>"
        "<th scope=\"col\">Process</th><th scope=\"col\">Command line</th>"
        "<th scope=\"col\">Why</th>");
    put(g, g->ro->confirmed ? "<th scope=\"col\">Confirmed by libevtx</th>" : "");
    put(g, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < g->c->nrows && !g->o->error; i++)
        if (g->c->rows[i].kind == ST_ROW_HIT && n++ < ST_MAX_HTML_NODES)
            put_row(g, &g->c->rows[i]);
    put(g, "</tbody></table>\n");
    if (n > ST_MAX_HTML_NODES)
        st_buf_fmt(&g->o->buf, "<p>%zu more are in timeline.csv.</p>\n", n - ST_MAX_HTML_NODES);
}

/* What "nothing found" is worth, host by host. */
static void put_coverage(page *g)
{
    if (!g->f->nhosts)
        return;
    put(g,
        "<h2 id=\"coverage\">Coverage</h2><table><caption>Every host of any record, and what could "
        "be seen of it</caption><thead><tr><th scope=\"col\">Host</th><th "
        "scope=\"col\">Coverage</th>"
        "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < g->f->nhosts && i < ST_MAX_HTML_NODES && !g->o->error; i++) {
        put(g, "<tr><td>");
        put_evidence(g, st_pool_get(g->f->pool, g->f->hosts[i].shown));
        put(g, "</td><td>");
        st_buf_clear(&g->text);
        st_coverage_put(g->c, i, &g->text);
        put_evidence(g, st_buf_slice(&g->text));
        put(g, "</td></tr>\n");
        st_out_tick(g->o);
    }
    put(g, "</tbody></table>\n");
}

/* tables of rules whose rows are no processes */

/* A path of a URL: all but letters, digits and a few signs as %XX. */
static void put_url(st_buf *b, st_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
                     c == '_' || c == '.';
        if (plain)
            st_buf_char(b, s.p[i]);
        else
            st_buf_fmt(b, "%%%02X", c);
    }
}

static void put_table(page *g, const st_rule *r, uint64_t rows, bool written)
{
    put(g, "<li>");
    if (written) {
        put(g, "<a href=\"tables/");
        put_url(&g->o->buf, r->id);
        put(g, ".csv\">");
    }
    put_level(g, r->level);
    st_html_text(&g->o->buf, r->title);
    put(g, written ? "</a>" : "");
    st_buf_fmt(&g->o->buf, ": %llu rows</li>\n", (unsigned long long)rows);
    st_out_tick(g->o);
}

static void put_tables(page *g, const st_run_info *info)
{
    size_t n = 0;
    size_t rules = g->c->matches && g->c->matches->results ? st_rules_count(g->c->rules) : 0;
    for (size_t i = 0; i < rules && !g->o->error; i++) {
        const st_rule *r = st_rules_at(g->c->rules, i);
        uint64_t rows = g->c->matches->results[i].rows;
        if (!rows || r->level < info->min_level)
            continue;
        put(g, n++ ? ""
                   : "<h2>Tables</h2><p>Rows of rules that stand for no process of the "
                     "forest.</p><ul>");
        put_table(g, r, rows, info->tables);
    }
    put(g, n ? "</ul>\n" : "");
}

/* the head */

static void put_unread(page *g)
{
    size_t n = g->f->evidence ? st_evidence_count(g->f->evidence) : 0, found = 0;
    for (size_t i = 0; i < n && !g->o->error; i++) {
        const st_source *s = st_evidence_at(g->f->evidence, i);
        if (!st_source_short(s))
            continue;
        put(g, found++ ? "" : "<h2>Not read in full</h2><ul>");
        put(g, "<li>");
        put_evidence(g, s->name);
        if (s->reason.n) {
            put(g, ": ");
            put_evidence(g, s->reason);
        }
        st_buf_fmt(&g->o->buf, " (%llu bytes lost, %llu of %llu chunks bad%s)</li>\n",
                   (unsigned long long)s->report.lost.bytes,
                   (unsigned long long)s->report.chunks_bad, (unsigned long long)s->report.chunks,
                   s->report.truncated ? ", cut short" : "");
        st_out_tick(g->o);
    }
    put(g, found ? "</ul>\n" : "");
}

static void put_head(page *g, const st_run_info *info)
{
    put(g, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'sha256-");
    put(g, style_digest);
    put(g,
        "'; base-uri 'none'; form-action 'none'\"><meta name=\"referrer\" content=\"no-referrer\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<title>shelltree report</title><style>");
    put(g, style);
    put(g, "</style></head>\n<body><main><h1>shelltree report</h1>\n");
    put_unread(g);
    st_buf_fmt(&g->o->buf,
               "<p>%llu records read, %zu process creations on %zu hosts: %zu findings in "
               "%zu incidents. shelltree ",
               (unsigned long long)g->f->store->records, g->f->observed, g->f->nhosts,
               g->c->nfindings, g->c->nincidents);
    st_html_text(&g->o->buf, st_str_of(info->version));
    put(g, ", reference time ");
    st_buf_time_iso(&g->o->buf, info->now);
    st_buf_fmt(&g->o->buf, ", exit status %d.</p>\n", info->exit_status);
}

static void put_index(page *g, size_t n)
{
    put(g, "<nav aria-label=\"Incidents\"><ul>");
    for (size_t i = 0; i < n; i++) {
        const st_incident *x = &g->c->incidents[i];
        st_buf_fmt(&g->o->buf, "<li><a href=\"#i%s\">", x->id);
        put_level(g, x->level);
        if (x->host < g->f->nhosts)
            put_evidence(g, st_pool_get(g->f->pool, g->f->hosts[x->host].shown));
        put(g, x->top == ST_NO_NODE ? ": events of no process" : " ");
        if (x->top != ST_NO_NODE)
            put_name(g, &g->f->procs[x->top]);
        put(g, "</a></li>\n");
        st_out_tick(g->o);
    }
    put(g, "<li><a href=\"#findings\">Findings, oldest first</a></li></ul></nav>\n");
}

void st_write_html(st_out *o, const st_case *c, const st_report_options *ro,
                   const st_run_info *info)
{
    page g = { .c = c, .ro = ro, .f = c->forest, .o = o, .left = ST_MAX_HTML_NODES };
    if (st_groups_make(&g.groups, c)) {
        put_head(&g, info);
        size_t shown = c->nincidents < ST_MAX_HTML_NODES ? c->nincidents : ST_MAX_HTML_NODES;
        put_index(&g, shown);
        size_t i = 0;
        for (; i < shown && g.left && !o->error; i++)
            put_incident(&g, (uint32_t)i);
        if (!g.left || i < c->nincidents)
            put(&g, "<p>This page is full: the rest is in timeline.csv and tree.txt.</p>\n");
        put_rows(&g);
        put_coverage(&g);
        put_tables(&g, info);
        put(&g, "</main></body></html>\n");
    } else {
        o->buf.failed = true;
    }
    o->buf.failed |= g.text.failed;
    st_out_tick(o);
    st_buf_free(&g.text);
    st_groups_free(&g.groups);
}
