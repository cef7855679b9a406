/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_incident.c - an incident a section: what happened in a sentence, facts, phases, what was
 * contacted, dropped and the like, the tree, techniques by name, decoded commands.
 */
#include "report/html.h"

#include "base/limits.h"

#include <string.h>

/* facts */

static void put_chain(st_page *g, const st_incident *i)
{
    st_node up = i->top == ST_NO_NODE ? ST_NO_NODE : g->f->procs[i->top].parent;
    if (up == ST_NO_NODE)
        return;
    st_page_put(g, "<dt>Under</dt><dd>");
    st_chain_put(g->f, up, &g->text);
    st_page_made(g);
    st_page_put(g, "</dd>");
}

static void put_facts(st_page *g, uint32_t k)
{
    const st_incident *i = &g->c->incidents[k];
    st_page_put(g, "<dl class=\"f\"><dt>Entry</dt><dd>");
    st_incident_put_entry(g->c, i, &g->text);
    st_page_made(g);
    if (i->top != ST_NO_NODE && g->f->procs[i->top].pid != ST_NO_U32)
        st_page_fmt(g, " (%u)", g->f->procs[i->top].pid);
    st_page_put(g, i->server ? ", a web server</dd>" : "</dd>");
    put_chain(g, i);
    st_incident_put_accounts(g->c, &g->groups, k, &g->text);
    if (g->text.n) {
        st_page_put(g, "<dt>Accounts</dt><dd>");
        st_page_made(g);
        st_page_put(g, "</dd>");
    }
    if (st_incident_put_notes(g->c, i, &g->text)) {
        st_page_put(g, "<dt>Note</dt><dd>");
        st_page_made(g);
        st_page_put(g, "</dd>");
    }
    st_page_put(g, "<dt>Time</dt><dd>");
    st_page_span(g, i->first, i->last);
    st_page_put(g, "</dd><dt>Size</dt><dd>");
    st_page_count(g, i->processes, "process", "processes");
    st_page_put(g, ", ");
    st_page_count(g, i->findings, "finding", "findings");
    if (i->events) {
        st_page_put(g, ", ");
        st_page_count(g, i->events, "other event", "other events");
    }
    if (i->context_dropped)
        st_page_fmt(g, ", %u more processes left out", i->context_dropped);
    st_page_fmt(g, "</dd><dt>Incident</dt><dd><code id=\"n%s\">%s</code></dd></dl>\n", i->id,
                i->id);
}

/* phases */

typedef struct phase {
    size_t from, to; /* places in groups.rows */
    st_ticks first, last;
    uint32_t hits;
} phase;

static void put_phase(st_page *g, const phase *p)
{
    st_page_put(g, "<li>");
    st_page_span(g, p->first, p->last);
    st_page_put(g, ": ");
    st_rows_put_what(g->c, &g->groups, p->from, p->to, &g->text);
    st_page_text(g, st_buf_slice(&g->text));
    st_page_put(g, g->text.n ? ", " : "");
    st_buf_clear(&g->text);
    st_page_count(g, p->hits, "hit", "hits");
    st_page_put(g, "</li>\n");
    st_out_tick(g->o);
}

/* Hits without a long pause between them. */
static void put_phases(st_page *g, uint32_t incident)
{
    size_t from = g->groups.start[incident], to = g->groups.start[incident + 1], n = 0;
    phase p = { 0 };
    st_view v;
    for (size_t k = from; k <= to; k++) {
        const st_row *row = k < to ? &g->c->rows[g->groups.rows[k]] : NULL;
        if (row && (row->kind != ST_ROW_HIT || !st_view_of(&v, g->c, row)))
            continue;
        st_ticks t = row ? st_view_time(&v) : 0;
        bool over = p.hits && (!row || t > p.last + ST_PHASE_PAUSE * ST_TICKS_SECOND);
        if (over && n++ < ST_MAX_HTML_PHASES) {
            st_page_put(g, n == 1 ? "<h3>Phases</h3><ul class=\"p\">" : "");
            p.to = k;
            put_phase(g, &p);
        }
        if (over)
            p.hits = 0;
        if (!p.hits)
            p = (phase){ .from = k, .first = t };
        p.last = t;
        p.hits++;
    }
    if (n > ST_MAX_HTML_PHASES)
        st_page_fmt(g, "<li>%zu more phases</li>", n - ST_MAX_HTML_PHASES);
    st_page_put(g, n ? "</ul>\n" : "");
}

/* what it comes to: contacted, dropped and so on */

static void put_fact(st_page *g, const st_fact *x)
{
    st_page_put(g, "<li>");
    st_page_evidence(g, x->what);
    if (st_dashless(x->more).n) {
        st_page_put(g, " <span class=\"m\">");
        st_page_evidence(g, x->more);
        st_page_put(g, "</span>");
    }
    st_page_put(g, " <span class=\"m\">");
    if (x->by < g->f->n) {
        st_page_put(g, "by ");
        st_page_name(g, &g->f->procs[x->by]);
        st_page_put(g, ", ");
    }
    if (x->count > 1)
        st_page_fmt(g, "%u times, ", x->count);
    st_page_span(g, x->first, x->last);
    st_page_put(g, "</span></li>\n");
    st_out_tick(g->o);
}

static void put_comes_to(st_page *g, const st_incident *i)
{
    for (unsigned kind = 0; kind < ST_FACT_KINDS && !g->o->error; kind++) {
        size_t n = 0;
        for (size_t k = i->first_fact; k < (size_t)i->first_fact + i->nfacts; k++) {
            if (g->c->facts[k].kind != kind || n++ >= ST_MAX_HTML_FACTS)
                continue;
            if (n == 1)
                st_page_fmt(g, "<h3>%s</h3><ul class=\"p\">", st_fact_word(kind));
            put_fact(g, &g->c->facts[k]);
        }
        if (n > ST_MAX_HTML_FACTS)
            st_page_fmt(g, "<li>and %zu more in timeline.csv</li>", n - ST_MAX_HTML_FACTS);
        st_page_put(g, n ? "</ul>\n" : "");
    }
}

static void put_gaps(st_page *g, const st_incident *i)
{
    if (!st_incident_put_gaps(g->c, i, &g->text))
        return;
    st_page_put(g, "<h3>Gaps that touch it</h3><p>");
    st_page_made(g);
    st_page_put(g, "</p>\n");
}

/* the tree */

static void put_rule(st_page *g, st_node n)
{
    const st_case *c = g->c;
    size_t first = g->groups.first[n], best = first, at = first;
    if (first == UINT32_MAX)
        return;
    for (; at < c->nfindings && c->findings[at].node == n; at++)
        if (c->findings[at].level > c->findings[best].level)
            best = at;
    st_page_put(g, " ");
    st_page_level(g, c->findings[best].level);
    st_page_text(g, st_rules_at(c->rules, c->findings[best].rule)->title);
    if (at - first > 1)
        st_page_fmt(g, " <span class=\"m\">+%zu rule%s</span>", at - first - 1,
                    at - first > 2 ? "s" : "");
}

static void put_state(st_page *g, st_node n)
{
    const st_proc *p = &g->f->procs[n];
    if (!(p->flags & ST_P_OBSERVED))
        st_page_put(g, p->flags & ST_P_FROM_EVENT ? ", not logged: known from another event"
                                                  : ", not logged: known from a child");
    st_page_put(g, p->link == ST_LINK_INFERRED ? ", inferred parent" : "");
    st_page_put(g, p->origin == ST_O_LIVE ? "" : ", recovered");
    if (g->fold.more[n] && !(g->fold.more[n] & ST_FOLDED)) {
        st_page_fmt(g, ", %u like it until ", g->fold.more[n]);
        st_page_time(g, g->f->procs[g->fold.until[n]].start);
    }
}

static void put_node(st_page *g, st_node n, bool deep)
{
    const st_proc *p = &g->f->procs[n];
    st_page_name(g, p);
    st_page_put(g, " <span class=\"m\">");
    if (deep)
        st_page_fmt(g, "depth %u, ", g->fold.depth[n]);
    st_page_time(g, p->start);
    st_str user = st_dashless(st_pool_get(g->f->pool, p->user));
    if (user.n && (p->parent == ST_NO_NODE || g->f->procs[p->parent].user != p->user)) {
        st_page_put(g, ", ");
        st_page_evidence(g, user);
    }
    put_state(g, n);
    st_page_put(g, "</span>");
    put_rule(g, n);
    st_str cmd = st_dashless(st_pool_get(g->f->pool, p->command_line));
    if (cmd.n && g->groups.first[n] != UINT32_MAX) {
        st_page_put(g, "<span class=\"cmd\">");
        st_page_evidence(g, cmd);
        st_page_put(g, "</span>");
    }
}

/* Has it something drawn below? The middle of a chain is a line of its own. */
static bool has_below(const st_page *g, const st_drawn *d, st_node n)
{
    return st_drawn_from(g->f, d, g->f->procs[n].first_child) != ST_NO_NODE;
}

static void put_tree(st_page *g, uint32_t incident)
{
    const st_drawn d = { .stamps = g->groups.stamps, .stamp = incident + 1 };
    st_node top = g->c->incidents[incident].top;
    size_t level = 0, at = 0;
    if (top == ST_NO_NODE)
        return;
    st_groups_stamp(&g->groups, g->c, incident);
    if (!st_fold_tree(&g->fold, g->groups.stamps, &d, g->groups.first, top))
        g->o->buf.failed = true;
    st_page_put(g, "<h3>Processes</h3><ul class=\"t\">");
    for (st_node n = top; n != ST_NO_NODE && g->left && !g->o->error;
         n = st_drawn_next(g->f, &d, top, n, &level)) {
        uint32_t more = g->fold.more[n];
        if (more == ST_FOLDED)
            continue;
        size_t depth = g->fold.depth[n],
               shown = depth < ST_MAX_HTML_DEPTH ? depth : ST_MAX_HTML_DEPTH;
        for (; at > shown; at--)
            st_page_put(g, "</ul></details></li>");
        g->left--;
        if (more & ST_FOLDED) {
            st_page_fmt(g, "\n<li class=\"m\">\xe2\x80\xa6 %u more, each below the one before</li>",
                        more & ~ST_FOLDED);
            continue;
        }
        bool inner = shown < ST_MAX_HTML_DEPTH && has_below(g, &d, n);
        st_page_put(g, inner ? "\n<li><details open><summary>" : "\n<li>");
        g->bound = inner;
        put_node(g, n, depth > shown);
        g->bound = false;
        st_page_put(g, inner ? "</summary><ul>" : "</li>");
        at = shown + inner;
        st_out_tick(g->o);
    }
    for (; at; at--)
        st_page_put(g, "</ul></details></li>");
    st_page_put(g, "</ul>\n");
}

/* techniques and decoded commands */

static void put_techniques(st_page *g, uint32_t incident)
{
    st_technique_set t;
    st_techniques_of(&t, g->c, &g->groups, incident);
    if (!t.n)
        return;
    st_page_put(g, "<h3>Techniques (MITRE ATT&amp;CK)</h3><ul class=\"p te\">");
    for (size_t i = 0; i < t.n; i++) {
        const st_technique *x = st_technique_find(st_str_of(t.ids[i]));
        st_technique_put(&g->text, st_str_of(t.ids[i]));
        st_page_put(g, "<li>");
        st_page_text(g, st_buf_slice(&g->text));
        st_buf_clear(&g->text);
        st_page_fmt(g, " <span class=\"m\">%s%s%u %s</span></li>\n", x ? x->tactic : "",
                    x ? ", " : "", t.hits[i], t.hits[i] == 1 ? "hit" : "hits");
    }
    st_page_put(g, "</ul>\n");
}

static void put_decoded(st_page *g, uint32_t incident)
{
    const st_column *col = st_column_named("DecodedCommand");
    size_t n = 0;
    st_view v;
    st_buf cell = { 0 };
    for (size_t k = g->groups.start[incident]; k < g->groups.start[incident + 1]; k++) {
        const st_row *row = &g->c->rows[g->groups.rows[k]];
        if (row->event != ST_NO_EVENT || !st_view_of(&v, g->c, row))
            continue;
        st_str s = col ? st_column_text(col, &v, &cell) : ST_STR("");
        if (!s.n || n++ >= ST_MAX_HTML_PHASES)
            continue;
        st_page_put(g, n == 1 ? "<h3>Decoded commands</h3>" : "");
        st_page_put(g, "<p class=\"m\">");
        st_page_name(g, v.p);
        st_page_put(g, ", ");
        st_page_time(g, st_view_time(&v));
        st_page_put(g, "</p><pre>");
        st_page_evidence(g, s);
        st_page_put(g, "</pre>\n");
    }
    if (n > ST_MAX_HTML_PHASES)
        st_page_fmt(g, "<p>%zu more are in timeline.csv.</p>\n", n - ST_MAX_HTML_PHASES);
    g->o->buf.failed |= cell.failed;
    st_buf_free(&cell);
}

/* all of them */

static void put_incident(st_page *g, uint32_t k)
{
    const st_incident *i = &g->c->incidents[k];
    st_page_fmt(g, "<section class=\"i g%u\" aria-labelledby=\"i%s n%s\"><h2 id=\"i%s\">",
                (unsigned)i->level, i->id, i->id, i->id);
    st_page_level(g, i->level);
    st_page_host(g, i->host);
    st_page_put(g, " ");
    st_incident_put_entry(g->c, i, &g->text);
    st_page_made(g);
    st_page_put(g, "</h2><p class=\"lead\">");
    st_incident_put_line(g->c, &g->groups, k, &g->text);
    st_page_text(g, st_buf_slice(&g->text));
    st_buf_clear(&g->text);
    st_page_put(g, ".</p>\n");
    if (st_incident_put_raised(i, &g->text)) {
        st_page_put(g, "<p class=\"k\">");
        st_page_text(g, st_buf_slice(&g->text));
        st_page_put(g, ".</p>\n");
        st_buf_clear(&g->text);
    }
    put_facts(g, k);
    put_phases(g, k);
    put_comes_to(g, i);
    put_gaps(g, i);
    put_tree(g, k);
    put_techniques(g, k);
    put_decoded(g, k);
    st_page_put(g, "</section>\n");
    st_out_tick(g->o);
}

/* On paper each with its sentence: the second page of the summary. */
static void put_index(st_page *g, size_t n)
{
    st_page_put(g, "<nav aria-label=\"Incidents\"><ul>");
    for (uint32_t i = 0; i < n; i++) {
        const st_incident *x = &g->c->incidents[i];
        st_page_fmt(g, "<li><a href=\"#i%s\">", x->id);
        g->bound = true;
        st_page_level(g, x->level);
        st_page_host(g, x->host);
        st_page_put(g, " ");
        st_incident_put_entry(g->c, x, &g->text);
        st_page_made(g);
        g->bound = false;
        st_page_put(g, "</a><span class=\"po\">, ");
        st_page_span(g, x->first, x->last);
        st_page_put(g, ". ");
        st_incident_put_line(g->c, &g->groups, i, &g->text);
        st_page_text(g, st_buf_slice(&g->text));
        st_buf_clear(&g->text);
        st_page_put(g, ".</span></li>\n");
        st_out_tick(g->o);
    }
    st_page_put(g, "</ul></nav>\n");
}

/* Nobody reads fifty pages of them on paper (html_style.c, print). */
static void put_left_out(st_page *g)
{
    st_page_put(g,
                "<p class=\"po m\">On paper commands end after three lines and decoded ones after "
                "eight, and the table of findings and rules that found nothing are left out: "
                "this page on a screen and timeline.csv have all.</p>\n");
}

void st_page_incidents(st_page *g)
{
    size_t n = g->c->nincidents, shown = n < ST_MAX_HTML_ROWS ? n : ST_MAX_HTML_ROWS;
    if (!n)
        return;
    st_page_put(g, "<h2 id=\"incidents\">Incidents</h2>\n");
    put_left_out(g);
    if (n > 1)
        put_index(g, shown);
    uint32_t i = 0;
    for (; i < shown && g->left && !g->o->error; i++)
        put_incident(g, i);
    if (i < n || !g->left)
        st_page_put(g, "<p>This page is full: the rest is in timeline.csv and tree.txt.</p>\n");
}
