/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_markdown.c - the answer on a page, in CommonMark: the block that the terminal shows, the
 * worst incidents with their techniques, and what the answer doesn't cover. Evidence's text is
 * scrubbed, and every sign that Markdown acts on has a backslash.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

typedef struct md {
    st_out *o;
    const st_case *c;
    const st_run_info *info;
    st_groups g;
    st_answer a;
    st_buf text, scrubbed;
} md;

static void put(md *m, const char *s)
{
    st_buf_put(&m->o->buf, s, strlen(s));
}

/* Scrubbed; ASCII punctuation escaped, as CommonMark allows of all of it. */
static void put_text(md *m, st_str s)
{
    st_buf_clear(&m->scrubbed);
    st_scrub(&m->scrubbed, s, false);
    for (size_t i = 0; i < m->scrubbed.n; i++) {
        char c = m->scrubbed.p[i];
        if (strchr("\\`*_<>[]{}#|~&!$", c) && c)
            st_buf_char(&m->o->buf, '\\');
        st_buf_char(&m->o->buf, c);
    }
}

static void put_made(md *m)
{
    put_text(m, st_buf_slice(&m->text));
    m->o->buf.failed |= m->text.failed || m->scrubbed.failed;
    st_buf_clear(&m->text);
}

/* A fence longer than any run of backticks in what it holds. */
static void put_fenced(md *m, st_str s)
{
    size_t longest = 2, run = 0;
    for (size_t i = 0; i < s.n; i++) {
        run = s.p[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    for (size_t i = 0; i <= longest; i++)
        st_buf_char(&m->o->buf, '`');
    put(m, "text\n");
    st_buf_str(&m->o->buf, s);
    for (size_t i = 0; i <= longest; i++)
        st_buf_char(&m->o->buf, '`');
    put(m, "\n");
}

static void put_count(md *m, uint64_t n, const char *one, const char *many)
{
    st_buf_fmt(&m->o->buf, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

static void put_answer(md *m)
{
    st_buf b = { 0 };
    const st_look look = { .width = 160 };
    st_answer_put(&b, &m->a, m->c, &m->g, &look);
    put(m, "# What shelltree found\n\n");
    put_fenced(m, st_buf_slice(&b));
    m->o->buf.failed |= b.failed;
    st_buf_free(&b);
}

/* Distinct techniques of an incident, sorted as they come from the rows' own order. */
static void put_techniques(md *m, uint32_t incident)
{
    st_technique_set t;
    st_techniques_of(&t, m->c, &m->g, incident);
    for (size_t i = 0; i < t.n; i++) {
        put(m, i ? "; " : "\n  Techniques: ");
        st_technique_put(&m->text, st_str_of(t.ids[i]));
        put_made(m);
    }
    if (t.n)
        put(m, ".");
}

static void put_facts(md *m, const st_incident *i)
{
    if (st_incident_put_notes(m->c, i, &m->text)) {
        put(m, "\n  - Note: ");
        put_made(m);
    }
    for (unsigned f = 0; f < ST_FACT_KINDS; f++) {
        if (!st_incident_put_facts(m->c, i, f, &m->text))
            continue;
        st_buf_fmt(&m->o->buf, "\n  - %s: ", st_fact_word(f));
        put_made(m);
    }
}

static void put_details(md *m, uint32_t k)
{
    const st_incident *i = &m->c->incidents[k];
    if (st_incident_put_raised(i, &m->text)) {
        put(m, "\n  - Level: ");
        put_made(m);
    }
    put_techniques(m, k);
    put_facts(m, i);
}

static void put_incident(md *m, uint32_t k)
{
    const st_incident *i = &m->c->incidents[k];
    put(m, "- **");
    put_text(m, st_host_shown(m->c, i->host));
    st_buf_fmt(&m->o->buf, "** (%s): ", st_level_word(i->level));
    st_incident_put_line(m->c, &m->g, k, &m->text);
    put_made(m);
    put(m, ".\n  ");
    st_buf_time_sysmon(&m->o->buf, i->first);
    if (i->last != i->first) {
        put(m, " to ");
        st_buf_time_sysmon(&m->o->buf, i->last);
    }
    put(m, " UTC, ");
    put_count(m, i->processes, "process", "processes");
    st_buf_fmt(&m->o->buf, ", incident %s.", i->id);
    if (k < ST_MAX_SUMMARY_WHOLE)
        put_details(m, k);
    put(m, "\n");
    st_out_tick(m->o);
}

static void put_incidents(md *m)
{
    size_t n = m->c->nincidents, shown = n < ST_MAX_ANSWER_HOSTS ? n : ST_MAX_ANSWER_HOSTS;
    if (!n)
        return;
    put(m, "\n## Incidents\n\n");
    for (uint32_t k = 0; k < shown && !m->o->error; k++)
        put_incident(m, k);
    if (n > ST_MAX_SUMMARY_WHOLE)
        put(m, "\nTechniques and facts of the later ones are in report.html");
    if (n > shown)
        st_buf_fmt(&m->o->buf, ", and %zu more incidents", n - shown);
    put(m, n > ST_MAX_SUMMARY_WHOLE ? ".\n" : "");
}

static void put_unread(md *m)
{
    const st_evidence *e = m->c->forest->evidence;
    size_t all = e ? st_evidence_count(e) : 0, n = 0;
    for (size_t i = 0; i < all; i++) {
        const st_source *s = st_evidence_at(e, i);
        if (!st_source_short(s) || n++ >= ST_MAX_ANSWER_HOSTS)
            continue;
        put(m, n == 1 ? "\n## Not read in full\n\n- " : "- ");
        put_text(m, s->name);
        if (s->reason.n) {
            put(m, ": ");
            put_text(m, s->reason);
        }
        if (s->report->lost.bytes)
            st_buf_fmt(&m->o->buf, " (%llu bytes lost)", (unsigned long long)s->report->lost.bytes);
        put(m, "\n");
    }
    if (n > ST_MAX_ANSWER_HOSTS)
        st_buf_fmt(&m->o->buf, "- %zu more are in run.json.\n", n - ST_MAX_ANSWER_HOSTS);
}

/* What the answer rests on. */
static void put_basis(md *m)
{
    const st_forest *f = m->c->forest;
    size_t ran = 0, rules = st_rules_count(m->c->rules);
    for (size_t i = 0; i < rules; i++)
        ran += st_rules_at(m->c->rules, i)->status == ST_RULE_READY;
    put(m, "\n## What this rests on\n\n");
    put_count(m, f->store->records, "record", "records");
    put(m, " and ");
    put_count(m, f->observed, "process creation", "process creations");
    put(m, " were read, ");
    st_buf_fmt(&m->o->buf, "%zu of %zu rules ran. shelltree ", ran, rules);
    put_text(m, st_str_of(m->info->version));
    put(m, ", reference time ");
    st_buf_time_iso(&m->o->buf, m->info->now);
    st_buf_fmt(&m->o->buf, ", exit status %d.\n", m->info->exit_status);
    st_out_tick(m->o);
}

void st_write_markdown(st_out *o, const st_case *c, const st_run_info *info)
{
    md m = { .o = o, .c = c, .info = info };
    bool answered = st_answer_make(&m.a, c);
    if (st_groups_make(&m.g, c) && answered) {
        put_answer(&m);
        put_incidents(&m);
        put_unread(&m);
        put_basis(&m);
    } else {
        o->buf.failed = true;
    }
    st_out_tick(o);
    st_answer_free(&m.a);
    st_groups_free(&m.g);
    st_buf_free(&m.text);
    st_buf_free(&m.scrubbed);
}
