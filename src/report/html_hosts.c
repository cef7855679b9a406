/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_hosts.c - the headline and the table of all hosts, each with a strip on one axis of time:
 * what was read, and when its incidents were.
 */
#include "report/html.h"

#include "base/limits.h"

#include <string.h>

enum { STRIP = 1000, HEIGHT = 16 }; /* the strip's own units */

typedef struct axis {
    st_ticks from, to;
} axis;

static axis whole_time(const st_page *g)
{
    axis a = { 0, 0 };
    for (size_t i = 0; i < g->f->nhosts; i++) {
        const st_host *h = &g->f->hosts[i];
        if (h->first && (!a.from || h->first < a.from))
            a.from = h->first;
        if (h->last > a.to)
            a.to = h->last;
    }
    return a;
}

static unsigned place(const axis *a, st_ticks t)
{
    if (t <= a->from || a->to <= a->from)
        return 0;
    if (t >= a->to)
        return STRIP;
    return (unsigned)((double)(t - a->from) / (double)(a->to - a->from) * STRIP);
}

/* At least a few units wide, to be seen. */
static void put_bar(st_page *g, const axis *a, const char *class, st_ticks from, st_ticks to,
                    unsigned y, unsigned height)
{
    unsigned x = place(a, from), end = place(a, to), least = 6;
    if (end - x < least)
        end = x + least;
    if (end > STRIP) {
        end = STRIP;
        x = x > STRIP - least ? STRIP - least : x;
    }
    st_page_fmt(g, "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", class, x, y,
                end - x, height);
}

static void put_strip(st_page *g, const axis *a, const st_host_answer *h)
{
    const st_host *host = &g->f->hosts[h->host];
    st_page_fmt(g,
                "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                "aria-label=\"",
                STRIP, HEIGHT);
    if (host->first) {
        st_page_put(g, "read from ");
        st_buf_time_sysmon(&g->o->buf, host->first);
        st_page_put(g, " to ");
        st_buf_time_sysmon(&g->o->buf, host->last);
    } else {
        st_page_put(g, "nothing read");
    }
    st_page_fmt(g,
                ", %u incidents\"><rect class=\"axis\" x=\"0\" y=\"7\" width=\"%d\" height=\"2\"/>",
                h->incidents, STRIP);
    if (host->first)
        put_bar(g, a, "seen", host->first, host->last, 4, 8);
    const st_coverage *v = &g->c->coverage[h->host];
    for (size_t i = 0; i < v->ngaps && i < ST_MAX_STRIP_MARKS; i++) {
        const st_gap *x = &g->c->gaps[v->first_gap + i];
        if (x->from || x->to)
            put_bar(g, a, "gap", x->from ? x->from : x->to, x->to ? x->to : x->from, 4, 8);
    }
    size_t drawn = 0;
    for (size_t i = h->incident; i < g->c->nincidents && drawn < ST_MAX_STRIP_MARKS; i++)
        if (g->c->incidents[i].host == h->host && g->c->incidents[i].first) {
            put_bar(g, a, "hit", g->c->incidents[i].first, g->c->incidents[i].last, 0, HEIGHT);
            drawn++;
        }
    st_page_put(g, "</svg>");
}

static void put_what(st_page *g, const st_host_answer *h)
{
    if (h->incidents) {
        const st_incident *i = &g->c->incidents[h->incident];
        st_page_fmt(g, "<a href=\"#i%s\">", i->id);
        g->bound = true;
        st_incident_put_entry(g->c, i, &g->text);
        st_page_made(g);
        g->bound = false;
        st_page_put(g, "</a>");
        st_incident_put_what(g->c, &g->groups, h->incident, &g->text);
        st_page_put(g, g->text.n ? ": " : "");
        st_page_text(g, st_buf_slice(&g->text));
        st_buf_clear(&g->text);
        if (h->incidents > 1)
            st_page_fmt(g, " <span class=\"m\">(%u incidents)</span>", h->incidents);
        return;
    }
    const st_coverage *v = &g->c->coverage[h->host];
    const st_host *host = &g->f->hosts[h->host];
    st_page_put(g, "<span class=\"m\">");
    if (h->standing == ST_STANDS_REVIEW) {
        st_page_put(g, "joined to ");
        st_page_host(g, g->c->incidents[g->c->reached[h->host] - 1].host);
        st_page_put(g, " by a command or a program");
    } else if (h->standing == ST_STANDS_BLIND)
        st_page_text(g, v->reasons);
    else if (host->first) {
        st_page_put(g, "read ");
        st_page_span(g, host->first, host->last);
    }
    st_page_put(g, "</span>");
}

static void put_host(st_page *g, const axis *a, const st_host_answer *h)
{
    st_page_put(g, "<tr><td class=\"h\">");
    st_page_host(g, h->host);
    st_page_put(g, "</td><td class=\"b\">");
    if (h->incidents)
        st_page_level(g, h->level);
    st_page_fmt(g, "%s</td><td class=\"n v\">%s", st_standing_word(h->standing),
                st_covered_word(g->c->coverage[h->host].verdict));
    st_page_put(g, "</td><td class=\"a\">");
    if (h->incidents)
        st_incident_put_accounts(g->c, &g->groups, h->incident, &g->text);
    if (g->text.n)
        st_page_made(g);
    st_page_put(g, "</td><td>");
    if (h->first)
        st_page_span(g, h->first, h->last);
    st_page_put(g, "</td><td class=\"q\">");
    put_what(g, h);
    st_page_put(g, "</td><td class=\"s\">");
    put_strip(g, a, h);
    st_page_put(g, "</td></tr>\n");
    st_out_tick(g->o);
}

static void put_tiles(st_page *g)
{
    static const char *const words[ST_STANDINGS] = { "compromised", "to be reviewed",
                                                     "nothing found", "blind" };
    st_page_put(g, "<ul class=\"tiles\">");
    for (size_t i = 0; i < ST_STANDINGS; i++)
        st_page_fmt(g, "<li><b>%zu</b>%s</li>", g->answer.counts[i], words[i]);
    st_page_fmt(g, "<li><b>%zu</b>%s</li></ul>\n", g->c->nincidents,
                g->c->nincidents == 1 ? "incident" : "incidents");
}

static void put_headline(st_page *g)
{
    const st_answer *a = &g->answer;
    size_t bad = a->counts[ST_STANDS_COMPROMISED], review = a->counts[ST_STANDS_REVIEW];
    if (bad)
        st_page_fmt(g, "<h1>%zu of %zu host%s compromised</h1>", bad, a->nhosts,
                    a->nhosts == 1 ? "" : "s");
    else if (review)
        st_page_fmt(g, "<h1>%zu of %zu host%s to be reviewed</h1>", review, a->nhosts,
                    a->nhosts == 1 ? "" : "s");
    else
        st_page_fmt(g, "<h1>Nothing found on %zu host%s</h1>", a->nhosts,
                    a->nhosts == 1 ? "" : "s");
    if (!a->first)
        return;
    st_page_put(g, "<p class=\"lead\">First sign ");
    st_page_time(g, a->first);
    st_page_put(g, " on ");
    st_page_host(g, a->first_host);
    st_page_put(g, ", last ");
    st_page_time(g, a->last);
    st_page_put(g, " on ");
    st_page_host(g, a->last_host);
    st_page_put(g, ". All times are UTC.</p>\n");
}

void st_page_hosts(st_page *g)
{
    static const char *const names[] = { "Host",
                                         "Standing",
                                         "Coverage",
                                         "Accounts",
                                         "When",
                                         "How and what",
                                         "Time read and incidents",
                                         NULL };
    const axis a = whole_time(g);
    size_t n = g->answer.nhosts, shown = n < ST_MAX_HTML_HOSTS ? n : ST_MAX_HTML_HOSTS;
    put_headline(g);
    put_tiles(g);
    st_page_unread(g);
    st_page_put(g, "<h2 id=\"hosts\">Hosts</h2>\n");
    if (a.from) {
        st_page_put(g, "<p class=\"m\">The strips run from ");
        st_page_time(g, a.from);
        st_page_put(g, " to ");
        st_page_time(g, a.to);
        st_page_put(g, ": thick where the host's records were read, framed where records are "
                       "missing, a full-height "
                       "mark where an incident was.</p>\n");
    }
    st_page_table(g, "Every host of the evidence, the gravest first", names);
    for (size_t i = 0; i < shown && !g->o->error; i++)
        put_host(g, &a, &g->answer.hosts[i]);
    st_page_table_end(g);
    if (n > shown)
        st_page_fmt(g, "<p>%zu more are in hosts.csv.</p>\n", n - shown);
}
