/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage.c - what "nothing found" is worth, host by host: blind, partial or covered, and why.
 *
 * The gaps are found first (gaps.c); a host's verdict and its reasons are a summary of its own.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

const char *st_covered_word(st_covered v)
{
    static const char *const words[] = { "blind", "partial", "covered" };
    return words[v];
}

const char *st_gap_word(unsigned kind)
{
    static const char *const words[] = { "hole",           "begins-late", "unread", "cleared",
                                         "stopped",        "config",      "error",  "clock-step",
                                         "missing-parent", "filtered" };
    return kind < ST_GAP_KINDS ? words[kind] : "";
}

/* What all gaps of one kind come to. */
typedef struct tally {
    uint64_t places, amount, commands; /* commands: that a command line alone tells of */
    const st_gap *first;
} tally;

static void add(st_buf *b, size_t start, const char *text)
{
    st_buf_str(b, b->n > start ? ST_STR("; ") : ST_STR(""));
    st_buf_str(b, st_str_of(text));
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void add_counted(st_buf *b, size_t start, const char *before, uint64_t n, const char *one,
                        const char *many)
{
    add(b, start, before);
    st_buf_fmt(b, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

static void add_time(st_buf *b, const char *before, st_ticks t)
{
    if (!t)
        return;
    st_buf_str(b, st_str_of(before));
    st_buf_time_sysmon(b, t);
}

static void put_tally(st_buf *b, size_t start, unsigned kind, const tally *t)
{
    const st_gap *g = t->first;
    switch (kind) {
    case ST_GAP_HOLE:
        add_counted(b, start, "", t->amount, "record number missing", "record numbers missing");
        st_buf_fmt(b, " in %llu place%s, the first", (unsigned long long)t->places,
                   plural(t->places));
        add_time(b, " after ", g->from);
        break;
    case ST_GAP_BEGINS:
        add(b, start, "the log begins at record ");
        st_buf_u64(b, g->to_id + 1);
        add_time(b, ", ", g->to);
        break;
    case ST_GAP_UNREAD:
        add_counted(b, start, "", t->amount, "byte unread", "bytes unread");
        st_buf_fmt(b, " in %llu place%s", (unsigned long long)t->places, plural(t->places));
        break;
    case ST_GAP_CLEARED:
        add_counted(b, start, "a log was cleared ", t->places, "time", "times");
        if (t->commands == t->places)
            st_buf_str(b, ST_STR(" (seen in command lines alone)"));
        else if (t->commands)
            st_buf_fmt(b, " (%llu seen in command lines alone)", (unsigned long long)t->commands);
        add_time(b, ", first ", g->from);
        break;
    case ST_GAP_STOPPED:
        add_counted(b, start, "Sysmon was stopped ", t->places, "time", "times");
        add_time(b, ", first ", g->from);
        break;
    case ST_GAP_CONFIG:
        add_counted(b, start, "Sysmon's configuration changed ", t->places, "time", "times");
        add_time(b, ", first ", g->from);
        break;
    case ST_GAP_ERROR:
        add_counted(b, start, "Sysmon reported ", t->places, "error (255)", "errors (255)");
        add_time(b, ", first ", g->from);
        break;
    case ST_GAP_CLOCK:
        add_counted(b, start, "the clock was set back ", t->places, "time", "times");
        add_time(b, ", first ", g->from);
        break;
    case ST_GAP_PARENT:
        add_counted(b, start, "", t->places, "parent that should be there has no record",
                    "parents that should be there have no record");
        st_buf_fmt(b, ", the first %.*s", ST_FMT(g->detail));
        add_time(b, ", ", g->from);
        break;
    default:
        add_counted(b, start, "", t->places, "image never recorded, as if filtered",
                    "images never recorded, as if filtered");
        break;
    }
}

/* Windows' own creations: all there is, or what Sysmon's filter hid. */
static void put_audited(st_buf *b, const st_host *h, bool alone)
{
    uint64_t n = alone ? h->audited : h->hidden;
    if (alone) {
        st_buf_fmt(b, "4688 %s%llu process creation%s",
                   h->wordless == n ? "without command lines: " : "alone: ", (unsigned long long)n,
                   plural(n));
        if (h->wordless && h->wordless < n)
            st_buf_fmt(b, ", %llu without a command line", (unsigned long long)h->wordless);
    } else if (n) {
        st_buf_fmt(b, "%llu process creation%s that Windows recorded (4688) and Sysmon did not",
                   (unsigned long long)n, plural(n));
    }
    if (!alone && h->unwatched)
        st_buf_fmt(b, "%s%llu process creation%s of Windows alone (4688), while Sysmon was silent",
                   n ? ", " : "", (unsigned long long)h->unwatched, plural(h->unwatched));
}

/* The gaps of one host, which lie side by side. */
static void judge(const st_forest *f, const st_gap *gaps, st_coverage *c, const st_host *h,
                  st_buf *b)
{
    tally all[ST_GAP_KINDS] = { { 0 } };
    bool lost = false;
    for (size_t i = c->first_gap; i < c->first_gap + c->ngaps; i++) {
        tally *t = &all[gaps[i].kind];
        t->places++;
        t->amount += gaps[i].n;
        t->commands += gaps[i].kind == ST_GAP_CLEARED && gaps[i].node != ST_NO_NODE;
        if (!t->first)
            t->first = &gaps[i];
        lost |= gaps[i].kind != ST_GAP_FILTERED;
    }
    bool alone = h->audited && h->audited == h->creations;
    (void)f;
    st_buf_clear(b);
    lost |= alone || h->unwatched;
    c->verdict = h->creations ? lost ? ST_PARTIAL : ST_COVERED : ST_BLIND;
    if (h->audited) {
        put_audited(b, h, alone);
    } else if (!h->creations && h->records) {
        st_buf_fmt(b, "no process creation among %llu record%s of Sysmon",
                   (unsigned long long)h->records, plural(h->records));
    } else if (!h->creations) {
        st_buf_fmt(b, "no Sysmon log (%llu record%s of other providers)",
                   (unsigned long long)c->records, plural(c->records));
    }
    for (unsigned k = 0; k < ST_GAP_KINDS; k++)
        if (all[k].places)
            put_tally(b, 0, k, &all[k]);
}

static void widen(st_coverage *c, const st_presence *p)
{
    c->records += p->records;
    c->audited += p->audited;
    if (p->first && (!c->first || p->first < c->first))
        c->first = p->first;
    if (p->last > c->last)
        c->last = p->last;
}

/* 1990-01-01 and 2200-01-01, in seconds from 1970. */
#define EARLIEST (ST_TICKS_UNIX + UINT64_C(631152000) * ST_TICKS_SECOND)
#define LATEST (ST_TICKS_UNIX + UINT64_C(7258118400) * ST_TICKS_SECOND)

static bool is_absurd(st_ticks t)
{
    return t && (t < EARLIEST || t >= LATEST);
}

static void count_odd(st_case *c)
{
    const st_forest *f = c->forest;
    const st_creations *k = &f->store->creations;
    c->odd.bare = f->store->bare;
    for (size_t i = 0; i < f->observed; i++) {
        const st_proc *p = &f->procs[i];
        c->odd.bare += st_guid_zero(&p->guid) && p->image <= ST_EMPTY && p->pid == ST_NO_U32 &&
                       p->command_line <= ST_EMPTY;
        c->odd.absurd += is_absurd(p->start) || is_absurd(k->created[p->row]);
        c->odd.untimed += p->origin != ST_O_LIVE && !p->start;
    }
    for (size_t h = 0; h < f->nhosts; h++) {
        c->odd.audited += c->coverage[h].audited;
        c->odd.audited_hosts += c->coverage[h].audited > 0;
        c->odd.joined += f->hosts[h].joined;
    }
}

bool st_coverage_make(st_case *c, unsigned threads)
{
    const st_forest *f = c->forest;
    const st_store *s = f->store;
    st_buf text = { 0 };
    c->coverage = ST_NEWN(&c->arena, st_coverage, f->nhosts);
    if (!c->coverage || !st_gaps_make(c, threads))
        return false;
    for (size_t i = 0; i < s->npresences; i++) {
        uint32_t host = st_tree_host_of(f, s->presences[i].computer);
        if (host < f->nhosts)
            widen(&c->coverage[host], &s->presences[i]);
    }
    for (size_t i = 0, h = 0; h < f->nhosts; h++) {
        c->coverage[h].first_gap = i;
        while (i < c->ngaps && c->gaps[i].host == h)
            i++;
        c->coverage[h].ngaps = i - c->coverage[h].first_gap;
        judge(f, c->gaps, &c->coverage[h], &f->hosts[h], &text);
        c->coverage[h].reasons = st_arena_copy(&c->arena, st_buf_slice(&text));
    }
    count_odd(c);
    bool ok = !text.failed && !c->arena.failed && st_hints_make(c);
    st_buf_free(&text);
    return ok;
}

const st_gap *st_gap_touching(const st_case *c, const st_incident *x, size_t *at)
{
    if (x->host >= c->forest->nhosts)
        return NULL;
    const st_coverage *v = &c->coverage[x->host];
    for (; *at < v->ngaps; ++*at) {
        const st_gap *g = &c->gaps[v->first_gap + *at];
        st_ticks from = g->from ? g->from : g->to, to = g->to ? g->to : g->from;
        /* One that began before all time lies in front of the incident. */
        bool before = g->kind == ST_GAP_BEGINS ? false : to >= x->first;
        if (g->kind == ST_GAP_FILTERED || !from || !before || from > x->last)
            continue;
        ++*at;
        return g;
    }
    return NULL;
}

/* renamed hosts */

static int by_number(const void *pa, const void *pb)
{
    const st_stay *a = pa, *b = pb;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->first_id != b->first_id)
        return a->first_id < b->first_id ? -1 : 1;
    return (a->host > b->host) - (a->host < b->host);
}

/* The machine's part of its ProcessGuids, as the first process that has one has it; 0: none. */
static bool machines(const st_forest *f, uint32_t *out)
{
    for (size_t i = 0; i < f->observed; i++) {
        const st_proc *p = &f->procs[i];
        if (!out[p->host] && !st_guid_zero(&p->guid))
            memcpy(&out[p->host], p->guid.b, sizeof *out);
    }
    return true;
}

/* How many record numbers may lie between a host's last and the first under its new name. */
enum { NEAR_IDS = 100 };

static void hint(st_case *c, const st_stay *a, const st_stay *b)
{
    const st_forest *f = c->forest;
    st_buf t = { 0 };
    st_str was = st_pool_get(f->pool, f->hosts[a->host].shown),
           is = st_pool_get(f->pool, f->hosts[b->host].shown);
    st_str source = f->evidence ? st_evidence_at(f->evidence, a->source)->name : ST_STR("");
    st_buf_fmt(&t, "renamed, it seems: %.*s up to record %llu, %.*s from record %llu (%.*s)",
               ST_FMT(was), (unsigned long long)a->last_id, ST_FMT(is),
               (unsigned long long)b->first_id, ST_FMT(source));
    st_str text = st_arena_copy(&c->arena, st_buf_slice(&t));
    if (!c->coverage[a->host].hint.n)
        c->coverage[a->host].hint = text;
    if (!c->coverage[b->host].hint.n)
        c->coverage[b->host].hint = text;
    c->arena.failed |= t.failed;
    st_buf_free(&t);
}

bool st_hints_make(st_case *c)
{
    const st_forest *f = c->forest;
    size_t all = 0, n = 0;
    st_stay *v = st_stays_make(f, &all);
    uint32_t *machine = calloc(f->nhosts + 1, sizeof *machine);
    bool ok = v && machine && machines(f, machine);
    for (size_t i = 0; ok && i < all; i++)
        if (v[i].sysmon && v[i].last_id)
            v[n++] = v[i];
    if (n)
        qsort(v, n, sizeof *v, by_number);
    for (size_t i = 1; i < n; i++) {
        const st_stay *a = &v[i - 1], *b = &v[i];
        if (a->source == b->source && a->host != b->host && machine[a->host] &&
            machine[a->host] == machine[b->host] && b->first_id > a->last_id &&
            b->first_id - a->last_id <= NEAR_IDS)
            hint(c, a, b);
    }
    free(v);
    free(machine);
    return ok && !c->arena.failed;
}
