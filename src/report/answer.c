/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - what a responder asks first: which hosts, how bad, how in, under which account, from
 * when to when, what was done; and which hosts nothing can be said of. One computation for the
 * terminal, the Markdown summary, the page and the spreadsheet.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* hosts */

const char *st_standing_word(st_standing s)
{
    static const char *const words[] = { "compromised", "review", "nothing found", "blind" };
    return words[s];
}

/* A finding of level high or critical is taken for an intrusion; below, a person has to look. */
static st_standing standing(const st_case *c, const st_host_answer *a)
{
    if (a->incidents)
        return a->level >= ST_LEVEL_HIGH ? ST_STANDS_COMPROMISED : ST_STANDS_REVIEW;
    if (c->reached && c->reached[a->host])
        return ST_STANDS_REVIEW;
    return c->coverage[a->host].verdict == ST_BLIND ? ST_STANDS_BLIND : ST_STANDS_NOTHING;
}

static int gravest_first(const void *a, const void *b)
{
    const st_host_answer *x = a, *y = b;
    if (x->standing != y->standing)
        return x->standing < y->standing ? -1 : 1;
    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->host > y->host) - (x->host < y->host); /* hosts are in the order of names */
}

static void add_incident(st_host_answer *h, const st_case *c, uint32_t k)
{
    const st_incident *i = &c->incidents[k];
    if (!h->incidents++)
        h->incident = k; /* they come the gravest first */
    if (i->level > h->level)
        h->level = i->level;
    if (i->first && (!h->first || i->first < h->first))
        h->first = i->first;
    if (i->last > h->last)
        h->last = i->last;
}

static void sum_up(st_answer *a)
{
    for (size_t i = 0; i < a->nhosts; i++) {
        const st_host_answer *h = &a->hosts[i];
        a->counts[h->standing]++;
        if (h->standing > ST_STANDS_REVIEW)
            continue;
        if (h->first && (!a->first || h->first < a->first)) {
            a->first = h->first;
            a->first_host = h->host;
        }
        if (h->last > a->last) {
            a->last = h->last;
            a->last_host = h->host;
        }
    }
}

/* A process that was hit, or had a hit event; of one without a record of its own each such event.
 */
static bool counts(const st_case *c, const st_row *r)
{
    bool hit = r->kind == ST_ROW_HIT || r->acted;
    return hit && r->incident < c->nincidents &&
           (r->event == ST_NO_EVENT || r->node >= c->forest->observed);
}

bool st_answer_make(st_answer *a, const st_case *c)
{
    const st_forest *f = c->forest;
    *a = (st_answer){ .first_host = UINT32_MAX, .last_host = UINT32_MAX };
    a->hosts = calloc(f->nhosts + 1, sizeof *a->hosts);
    if (!a->hosts)
        return false;
    a->nhosts = f->nhosts;
    for (uint32_t i = 0; i < f->nhosts; i++)
        a->hosts[i] = (st_host_answer){ .host = i, .incident = ST_NO_INCIDENT };
    for (uint32_t k = 0; k < c->nincidents; k++)
        if (c->incidents[k].host < f->nhosts)
            add_incident(&a->hosts[c->incidents[k].host], c, k);
    for (size_t i = 0; i < c->nrows; i++)
        if (counts(c, &c->rows[i]) && c->incidents[c->rows[i].incident].host < a->nhosts)
            a->hosts[c->incidents[c->rows[i].incident].host].hits++;
    for (uint32_t i = 0; i < f->nhosts; i++)
        a->hosts[i].standing = standing(c, &a->hosts[i]);
    qsort(a->hosts, a->nhosts, sizeof *a->hosts, gravest_first);
    sum_up(a);
    return true;
}

void st_answer_free(st_answer *a)
{
    free(a->hosts);
    a->hosts = NULL;
}

st_str st_host_shown(const st_case *c, uint32_t host)
{
    const st_forest *f = c->forest;
    st_str name = host < f->nhosts ? st_pool_get(f->pool, f->hosts[host].shown) : ST_STR("");
    return name.n ? name : ST_STR("(no computer name)");
}

/* incidents */

/* The value behind -ap, which IIS gives its workers: the application pool. */
static st_str pool_name(st_str command)
{
    static const st_str flag = { "-ap ", 4 };
    const char *at = command.n ? memmem(command.p, command.n, flag.p, flag.n) : NULL;
    if (!at)
        return ST_STR("");
    st_str rest = { at + flag.n, command.n - (size_t)(at + flag.n - command.p) }, name;
    bool quoted = rest.n && rest.p[0] == '"';
    if (quoted)
        rest = (st_str){ rest.p + 1, rest.n - 1 };
    st_str_cut(&rest, quoted ? '"' : ' ', &name);
    return name;
}

void st_incident_put_entry(const st_case *c, const st_incident *i, st_buf *b)
{
    const st_forest *f = c->forest;
    if (i->top == ST_NO_NODE) {
        st_buf_str(b, ST_STR("events of no process"));
        return;
    }
    const st_proc *top = &f->procs[i->top];
    st_str name = st_str_basename(st_pool_get(f->pool, top->image));
    st_str pool = pool_name(st_pool_get(f->pool, top->command_line));
    st_buf_str(b, name.n ? name : ST_STR("?"));
    if (pool.n) {
        st_buf_char(b, ' ');
        st_buf_str(b, pool);
    }
}

enum { LISTED = 12 }; /* distinct things that one line names; more are counted */

typedef struct listing {
    st_buf *b;
    const char *between;
    st_buf all; /* each with a NUL behind it */
    size_t n;
} listing;

static bool listed(const listing *l, st_str s)
{
    st_str rest = st_buf_slice(&l->all), one;
    while (st_str_cut(&rest, 0, &one) && one.p < l->all.p + l->all.n)
        if (st_str_eq(one, s))
            return true;
    return false;
}

static void list_add(listing *l, st_str s)
{
    if (!s.n || listed(l, s) || l->all.n > 4096)
        return;
    st_buf_str(&l->all, s);
    st_buf_char(&l->all, 0);
    if (l->n++ >= LISTED)
        return;
    if (l->n > 1)
        st_buf_str(l->b, st_str_of(l->between));
    st_buf_str(l->b, s);
}

static void list_end(listing *l)
{
    if (l->n > LISTED)
        st_buf_fmt(l->b, "%s+%zu", l->between, l->n - LISTED);
    l->b->failed |= l->all.failed;
    st_buf_free(&l->all);
}

/* The rows of an incident that are hits, in the order of time. */
static const st_row *hit_at(const st_case *c, const st_groups *g, uint32_t incident, size_t *k)
{
    for (; g->start[incident] + *k < g->start[incident + 1]; ++*k) {
        const st_row *row = &c->rows[g->rows[g->start[incident] + *k]];
        if (row->kind == ST_ROW_HIT) {
            ++*k;
            return row;
        }
    }
    return NULL;
}

/* DOMAIN\name without the domain. */
static st_str account(st_str user)
{
    const char *at = user.n ? memrchr(user.p, '\\', user.n) : NULL;
    return at ? (st_str){ at + 1, user.n - (size_t)(at + 1 - user.p) } : user;
}

void st_incident_put_accounts(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b)
{
    listing l = { .b = b, .between = " > " };
    size_t k = 0;
    st_view v;
    st_sid last = ST_ABSENT;
    for (const st_row *row; (row = hit_at(c, g, incident, &k));) {
        if (!st_view_of(&v, c, row) || v.p->user == last)
            continue;
        last = v.p->user;
        list_add(&l, account(st_dashless(st_pool_get(v.f->pool, last))));
    }
    list_end(&l);
}

/* Rows of one incident by what their findings say: thousands of rows say one of a few things. */
typedef struct saying {
    uint64_t hash;     /* of the rules and techniques of its findings */
    const st_row *row; /* the first */
    uint32_t count;
} saying;

enum { SLOTS = 4096, SAYINGS = SLOTS / 2 };

typedef struct sayings {
    saying list[SAYINGS];  /* in the order of their first rows */
    uint16_t slots[SLOTS]; /* places in the list, plus one */
    size_t n;
} sayings;

static uint64_t says(const st_case *c, const st_row *row)
{
    uint64_t h = 0;
    for (size_t i = 0; i < row->nfindings; i++) {
        const st_finding *x = &c->findings[row->first_finding + i];
        const uint32_t both[] = { x->rule, x->techniques };
        h = st_hash(both, sizeof both, h);
    }
    return h;
}

/* Of the hits at g->rows[from] to g->rows[to - 1]. More distinct ones than there is room for are
 * left out: no rule set says so many things of one incident. NULL: no memory; to be freed. */
static sayings *collect(const st_case *c, const st_groups *g, size_t from, size_t to)
{
    sayings *s = calloc(1, sizeof *s);
    for (size_t k = from; s && k < to; k++) {
        const st_row *row = &c->rows[g->rows[k]];
        if (row->kind != ST_ROW_HIT)
            continue;
        uint64_t h = says(c, row);
        size_t at = h % SLOTS;
        while (s->slots[at] && s->list[s->slots[at] - 1].hash != h)
            at = (at + 1) % SLOTS;
        if (s->slots[at]) {
            s->list[s->slots[at] - 1].count++;
        } else if (s->n < SAYINGS) {
            s->list[s->n] = (saying){ h, row, 1 };
            s->slots[at] = (uint16_t)++s->n;
        }
    }
    return s;
}

static void add_words(listing *l, const st_view *v, st_buf *id, bool shells)
{
    const st_column *col = st_column_named("Techniques");
    for (size_t i = 0; st_buf_clear(id), col->item(v, i, id); i++) {
        const st_technique *t = st_technique_find(st_buf_slice(id));
        bool shell = t && t->word && strcmp(t->word, "shells") == 0;
        if (t && t->word && (shells || !shell))
            list_add(l, st_str_of(t->word));
    }
}

/* The words of the techniques of its rows, as they come; that a shell ran is said only if there is
 * nothing more to say. */
void st_rows_put_what(const st_case *c, const st_groups *g, size_t from, size_t to, st_buf *b)
{
    listing l = { .b = b, .between = ", " };
    st_buf id = { 0 };
    st_view v;
    sayings *s = collect(c, g, from, to);
    for (unsigned pass = 0; s && pass < 2 && !l.n; pass++)
        for (size_t i = 0; i < s->n; i++)
            if (st_view_of(&v, c, s->list[i].row))
                add_words(&l, &v, &id, pass > 0);
    list_end(&l);
    b->failed |= id.failed || !s;
    st_buf_free(&id);
    free(s);
}

void st_incident_put_what(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b)
{
    st_rows_put_what(c, g, g->start[incident], g->start[incident + 1], b);
}

/* Longer than any id of ATT&CK: passed over. */
void st_technique_count(st_technique_set *t, st_str id, uint32_t hits)
{
    size_t at = 0;
    if (!id.n || id.n >= sizeof t->ids[0])
        return;
    while (at < t->n && st_str_cmp(st_str_of(t->ids[at]), id) < 0)
        at++;
    if (at < t->n && st_str_eq(st_str_of(t->ids[at]), id)) {
        t->hits[at] += hits;
        return;
    }
    if (t->n == ST_TECHNIQUES)
        return;
    memmove(t->ids + at + 1, t->ids + at, (t->n - at) * sizeof *t->ids);
    memmove(t->hits + at + 1, t->hits + at, (t->n - at) * sizeof *t->hits);
    memcpy(t->ids[at], id.p, id.n);
    t->ids[at][id.n] = 0;
    t->hits[at] = hits;
    t->n++;
}

void st_techniques_add(st_technique_set *t, const st_view *v, uint32_t hits)
{
    const st_column *col = st_column_named("Techniques");
    st_buf id = { 0 };
    for (size_t i = 0; st_buf_clear(&id), col->item(v, i, &id); i++)
        st_technique_count(t, st_buf_slice(&id), hits);
    st_buf_free(&id);
}

void st_techniques_of(st_technique_set *t, const st_case *c, const st_groups *g, uint32_t incident)
{
    sayings *s = collect(c, g, g->start[incident], g->start[incident + 1]);
    st_view v;
    t->n = 0;
    for (size_t i = 0; s && i < s->n; i++)
        if (st_view_of(&v, c, s->list[i].row))
            st_techniques_add(t, &v, s->list[i].count);
    free(s);
}

void st_incident_put_line(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b)
{
    const st_incident *i = &c->incidents[incident];
    st_buf t = { 0 };
    st_buf_str(b, i->server              ? ST_STR("Through the web server ")
                  : i->top == ST_NO_NODE ? ST_STR("In ")
                                         : ST_STR("Under "));
    st_incident_put_entry(c, i, b);
    st_incident_put_accounts(c, g, incident, &t);
    if (t.n) {
        st_buf_str(b, ST_STR(", as "));
        st_buf_str(b, st_buf_slice(&t));
    }
    st_buf_clear(&t);
    st_incident_put_what(c, g, incident, &t);
    if (t.n) {
        st_buf_str(b, ST_STR(": "));
        st_buf_str(b, st_buf_slice(&t));
    }
    b->failed |= t.failed;
    st_buf_free(&t);
}
