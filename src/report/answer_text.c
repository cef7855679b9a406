/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_text.c - the answer as a block of text, a page at most however many hosts there are: a
 * headline, the worst hosts in columns, then who needs a look, of whom nothing was found, of whom
 * nothing can be said, and what was not read.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

enum { HOST, LEVEL, ENTRY, ACCOUNTS, TIMES, WHAT, COLUMNS };

/* Columns that one may take where lines are cut; more is left out with an ellipsis. */
static const size_t widest[COLUMNS] = { 28, 13, 26, 30, 64, 0 };

typedef struct block {
    st_buf *b;
    const st_answer *a;
    const st_case *c;
    const st_groups *g;
    const st_look *look;
    bool one_day; /* all incidents are of one day, which the headline names */
    st_buf cell, fit;
} block;

static void put(block *x, const char *s)
{
    st_buf_put(x->b, s, strlen(s));
}

static void put_host(block *x, uint32_t host)
{
    st_scrub(x->b, st_host_shown(x->c, host), x->look->ascii);
}

/* 03:05:16, or with its day. */
static void put_time(st_buf *b, st_ticks t, bool day)
{
    st_buf text = { 0 };
    st_buf_time_sysmon(&text, t);
    if (text.n > 19)
        st_buf_put(b, text.p + (day ? 0 : 11), day ? 19 : 8);
    st_buf_free(&text);
}

static bool same_day(st_ticks a, st_ticks b)
{
    return a / (ST_TICKS_SECOND * 86400) == b / (ST_TICKS_SECOND * 86400);
}

/* Lines of s that are wider than the terminal go on, indented, at a blank where there is one. */
static void put_wrapped(st_buf *b, st_str s, size_t width)
{
    st_str line;
    while (s.n && st_str_cut(&s, '\n', &line)) {
        for (size_t indent = 0; line.n; indent = 4) {
            size_t used = indent, end = 0, blank = 0;
            for (size_t i = 0; i < line.n;) {
                size_t at = i;
                used += st_cp_width(st_utf8_next(line, &i));
                if (width && used > width)
                    break;
                blank = line.p[at] == ' ' && at ? at : blank;
                end = i;
            }
            end = end == line.n ? end : blank ? blank : end ? end : line.n;
            for (size_t i = 0; i < indent; i++)
                st_buf_char(b, ' ');
            st_str shown = { line.p, end };
            while (shown.n && shown.p[shown.n - 1] == ' ')
                shown.n--;
            st_buf_str(b, shown);
            st_buf_char(b, '\n');
            line = (st_str){ line.p + end, line.n - end };
            while (line.n && line.p[0] == ' ')
                line = (st_str){ line.p + 1, line.n - 1 };
        }
    }
}

/* the headline */

static void headline(block *x)
{
    const st_answer *a = x->a;
    size_t bad = a->counts[ST_STANDS_COMPROMISED], review = a->counts[ST_STANDS_REVIEW];
    if (bad)
        st_color_level(x->b, x->look, ST_LEVEL_CRITICAL);
    if (bad)
        st_buf_fmt(x->b, "COMPROMISED %zu of %zu host%s", bad, a->nhosts,
                   a->nhosts == 1 ? "" : "s");
    else if (review)
        st_buf_fmt(x->b, "REVIEW %zu of %zu host%s", review, a->nhosts, a->nhosts == 1 ? "" : "s");
    else
        st_buf_fmt(x->b, "NOTHING FOUND on %zu host%s", a->nhosts, a->nhosts == 1 ? "" : "s");
    if (bad)
        st_color_end(x->b, x->look);
    if (a->first) {
        put(x, "   first ");
        put_time(x->b, a->first, true);
        put(x, " (");
        put_host(x, a->first_host);
        put(x, ")   last ");
        put_time(x->b, a->last, !same_day(a->first, a->last));
        put(x, " (");
        put_host(x, a->last_host);
        put(x, ")");
    }
    put(x, "\n");
}

/* the worst hosts, in columns */

static void cell(block *x, const st_host_answer *h, int column)
{
    st_buf *b = &x->cell;
    const st_incident *i = &x->c->incidents[h->incident];
    st_buf_clear(b);
    switch (column) {
    case HOST: st_buf_str(b, st_host_shown(x->c, h->host)); break;
    case LEVEL: st_buf_str(b, st_str_of(st_level_word(h->level))); break;
    case ENTRY: st_incident_put_entry(x->c, i, b); break;
    case ACCOUNTS: st_incident_put_accounts(x->c, x->g, h->incident, b); break;
    case TIMES:
        put_time(b, h->first, !x->one_day);
        st_buf_str(b, ST_STR(" .. "));
        put_time(b, h->last, !x->one_day);
        break;
    case WHAT:
        st_incident_put_what(x->c, x->g, h->incident, b);
        if (h->incidents > 1)
            st_buf_fmt(b, "%s(%u incidents)", b->n ? " " : "", h->incidents);
        break;
    default: break;
    }
    st_buf_clear(&x->fit);
    st_scrub(&x->fit, st_buf_slice(b), x->look->ascii);
}

static size_t column_width(block *x, size_t shown, int column, const char *name)
{
    size_t width = strlen(name);
    for (size_t i = 0; i < shown; i++) {
        cell(x, &x->a->hosts[i], column);
        size_t w = st_text_width(st_buf_slice(&x->fit));
        width = w > width ? w : width;
    }
    return widest[column] && width > widest[column] ? widest[column] : width;
}

static void put_padded(block *x, st_str s, size_t width, bool last)
{
    size_t from = x->b->n;
    st_fit(x->b, s, width, x->look->ascii);
    size_t used = st_text_width((st_str){ x->b->p + from, x->b->n - from });
    for (; !last && used < width + 2; used++)
        st_buf_char(x->b, ' ');
}

static void host_line(block *x, const st_host_answer *h, const size_t widths[COLUMNS])
{
    for (int k = 0; k < COLUMNS; k++) {
        cell(x, h, k);
        if (k == LEVEL)
            st_color_level(x->b, x->look, h->level);
        put_padded(x, st_buf_slice(&x->fit), widths[k], k == WHAT);
        if (k == LEVEL)
            st_color_end(x->b, x->look);
    }
    put(x, "\n");
}

static void more_hosts(block *x, size_t bad, size_t shown)
{
    if (bad > shown)
        st_buf_fmt(x->b, "and %zu more: hosts.csv and report.html (hunt -o DIR) have all\n",
                   bad - shown);
}

/* Where the columns don't fit: who and when, and below it how and what. */
static void narrow_host(block *x, const st_host_answer *h)
{
    st_buf *b = &x->cell;
    size_t width = x->look->width;
    st_buf_clear(b);
    st_buf_fmt(b, "%s  ", st_level_word(h->level));
    st_buf_str(b, st_host_shown(x->c, h->host));
    st_buf_str(b, ST_STR("  "));
    put_time(b, h->first, !x->one_day);
    st_buf_str(b, ST_STR(" .. "));
    put_time(b, h->last, !x->one_day);
    st_buf_clear(&x->fit);
    st_scrub(&x->fit, st_buf_slice(b), x->look->ascii);
    put_wrapped(x->b, st_buf_slice(&x->fit), width);
    st_buf_clear(b);
    st_incident_put_line(x->c, x->g, h->incident, b);
    st_buf_clear(&x->fit);
    st_buf_str(&x->fit, ST_STR("    "));
    st_scrub(&x->fit, st_buf_slice(b), x->look->ascii);
    put_wrapped(x->b, st_buf_slice(&x->fit), width);
}

enum { LEAST_WHAT = 24 }; /* what was done needs as many columns at least */

static void worst_hosts(block *x)
{
    static const char *const names[COLUMNS] = { "HOST",     "LEVEL",         "ENTRY",
                                                "ACCOUNTS", "FIRST .. LAST", "WHAT" };
    size_t widths[COLUMNS], used = 0;
    size_t bad = x->a->counts[ST_STANDS_COMPROMISED];
    size_t shown = bad < ST_MAX_ANSWER_HOSTS ? bad : ST_MAX_ANSWER_HOSTS;
    if (!shown)
        return;
    for (int k = 0; k < COLUMNS; k++) {
        widths[k] = column_width(x, shown, k, names[k]);
        used += k == WHAT ? 0 : widths[k] + 2;
    }
    if (x->look->width && x->look->width < used + LEAST_WHAT) {
        for (size_t i = 0; i < shown; i++)
            narrow_host(x, &x->a->hosts[i]);
        more_hosts(x, bad, shown);
        return;
    }
    if (x->look->width)
        widths[WHAT] = x->look->width - used;
    for (int k = 0; k < COLUMNS; k++)
        put_padded(x, st_str_of(names[k]), widths[k], k == WHAT);
    put(x, "\n");
    for (size_t i = 0; i < shown; i++)
        host_line(x, &x->a->hosts[i], widths);
    more_hosts(x, bad, shown);
}

/* the others, in a line each */

enum { NAMED = 8 };

/* No rule hit anything there, but an incident of another host leads there. */
static void put_reached(block *x, const st_host_answer *h)
{
    put(x, " (joined to ");
    put_host(x, x->c->incidents[x->c->reached[h->host] - 1].host);
    put(x, " by a command or a program)");
}

static void put_review(block *x, const st_host_answer *h)
{
    if (!h->incidents) {
        put_reached(x, h);
        return;
    }
    st_buf_fmt(x->b, " (%s, %llu x ", st_level_word(h->level), (unsigned long long)h->hits);
    st_buf_clear(&x->cell);
    st_incident_put_entry(x->c, &x->c->incidents[h->incident], &x->cell);
    st_scrub(x->b, st_buf_slice(&x->cell), x->look->ascii);
    put(x, ")");
}

static void put_nothing(block *x, const st_host_answer *h)
{
    const st_host *host = &x->c->forest->hosts[h->host];
    st_buf_fmt(x->b, " (%s ", st_covered_word(x->c->coverage[h->host].verdict));
    put_time(x->b, host->first, true);
    put(x, " .. ");
    put_time(x->b, host->last, !same_day(host->first, host->last));
    put(x, ")");
}

static void put_blind(block *x, const st_host_answer *h)
{
    put(x, " (");
    st_scrub(x->b, x->c->coverage[h->host].reasons, x->look->ascii);
    put(x, ")");
}

/* " (12 hole, config)": the kinds of its gaps. */
static void put_causes(block *x, uint32_t host)
{
    const st_coverage *v = &x->c->coverage[host];
    bool any = false;
    for (unsigned k = 0; k < ST_GAP_KINDS; k++) {
        size_t n = 0;
        for (size_t i = 0; i < v->ngaps; i++)
            n += x->c->gaps[v->first_gap + i].kind == k;
        if (!n || k == ST_GAP_FILTERED)
            continue;
        put(x, any ? ", " : " (");
        any = true;
        if (n > 1)
            st_buf_fmt(x->b, "%zu ", n);
        put(x, st_gap_word(k));
    }
    const st_host *h = &x->c->forest->hosts[host];
    bool alone = h->audited && h->audited == h->creations;
    if (alone || h->unwatched)
        st_buf_fmt(x->b, "%s4688 alone%s", any ? ", " : " (", alone ? "" : " at times");
    put(x, any || alone || h->unwatched ? ")" : "");
}

/* What says that a host's records were lost, whatever was found on it. */
static void put_partial(block *x)
{
    size_t n = 0, named = 0;
    for (size_t i = 0; i < x->a->nhosts; i++)
        n += x->c->coverage[i].verdict == ST_PARTIAL;
    for (size_t i = 0; i < x->a->nhosts && named < NAMED; i++) {
        uint32_t host = x->a->hosts[i].host;
        if (x->c->coverage[host].verdict != ST_PARTIAL)
            continue;
        if (!named++)
            st_buf_fmt(x->b, "PARTIAL %zu: ", n);
        else
            put(x, ", ");
        put_host(x, host);
        put_causes(x, host);
    }
    if (n > named)
        st_buf_fmt(x->b, ", and %zu more", n - named);
    put(x, n ? "; -o DIR: hosts.csv and gaps.csv tell why\n" : "");
}

static void others(block *x, st_standing s, const char *title,
                   void (*more)(block *x, const st_host_answer *h))
{
    size_t n = x->a->counts[s], named = 0;
    if (!n)
        return;
    st_buf_fmt(x->b, "%s %zu", title, n);
    for (size_t i = 0; i < x->a->nhosts && named < NAMED; i++) {
        const st_host_answer *h = &x->a->hosts[i];
        if (h->standing != s)
            continue;
        put(x, named++ ? ", " : ": ");
        put_host(x, h->host);
        more(x, h);
    }
    if (n > named)
        st_buf_fmt(x->b, ", and %zu more", n - named);
    put(x, "\n");
}

static void not_read(block *x)
{
    const st_evidence *e = x->c->forest->evidence;
    size_t n = 0, all = e ? st_evidence_count(e) : 0;
    for (size_t i = 0; i < all; i++)
        n += st_source_short(st_evidence_at(e, i));
    if (!n)
        return;
    st_buf_fmt(x->b, "NOT READ IN FULL %zu", n);
    size_t named = 0;
    for (size_t i = 0; i < all && named < NAMED; i++) {
        const st_source *s = st_evidence_at(e, i);
        if (!st_source_short(s))
            continue;
        put(x, named++ ? ", " : ": ");
        st_scrub(x->b, st_str_basename(s->name), x->look->ascii);
    }
    if (n > named)
        st_buf_fmt(x->b, ", and %zu more", n - named);
    put(x, "\n");
}

void st_answer_put(st_buf *b, const st_answer *a, const st_case *c, const st_groups *g,
                   const st_look *look)
{
    block x = { .b = b, .a = a, .c = c, .g = g, .look = look };
    x.one_day = same_day(a->first, a->last);
    st_buf lines = { 0 };
    x.b = &lines;
    headline(&x); /* may hold colour, which takes no room: wrapped by itself it is short enough */
    if (look->color)
        st_buf_str(b, st_buf_slice(&lines));
    else
        put_wrapped(b, st_buf_slice(&lines), look->width);
    x.b = b;
    worst_hosts(&x);
    st_buf_clear(&lines);
    x.b = &lines;
    others(&x, ST_STANDS_REVIEW, "REVIEW", put_review);
    others(&x, ST_STANDS_NOTHING, "NOTHING FOUND", put_nothing);
    others(&x, ST_STANDS_BLIND, "BLIND", put_blind);
    put_partial(&x);
    not_read(&x);
    put_wrapped(b, st_buf_slice(&lines), look->width);
    b->failed |= x.cell.failed || x.fit.failed || lines.failed;
    st_buf_free(&lines);
    st_buf_free(&x.cell);
    st_buf_free(&x.fit);
}
