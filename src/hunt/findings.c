/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.c - the hunt as a whole, and its first step: which matches count,
 * how grave each is, and what it says in one sentence.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of host key NUL key [NUL more], without asking for memory where it is as short as nearly all. */
static void hash_id(const st_case *c, uint32_t host, st_str key, st_str more, char id[17])
{
    const st_forest *f = c->forest;
    st_str name = host < f->nhosts ? st_pool_get(f->pool, f->hosts[host].name) : ST_STR("");
    const st_str parts[] = { name, key, more };
    char small[512];
    unsigned char digest[32] = { 0 };
    size_t most = name.n + key.n + more.n + sizeof parts / sizeof parts[0], n = 0;
    char *text = most <= sizeof small ? small : malloc(most);
    for (size_t i = 0; text && i < (more.n ? 3 : 2); i++) {
        if (i)
            text[n++] = 0;
        if (parts[i].n)
            memcpy(text + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    if (text)
        st_digester_sha256(c->digester, text, n, digest);
    for (size_t i = 0; i < 8; i++) {
        id[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        id[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    id[16] = 0;
    if (text != small)
        free(text);
}

void st_hunt_id(const st_case *c, st_node n, st_str more, char id[17])
{
    const st_proc *p = &c->forest->procs[n];
    char key[64]; /* three numbers at most */
    int used = ST_GUID_TEXT;
    if (!st_guid_zero(&p->guid))
        st_guid_put(key, &p->guid);
    else
        used = snprintf(key, sizeof key, "%llu,%llu", (unsigned long long)p->pid,
                        (unsigned long long)p->start);
    if (p->instance)
        used += snprintf(key + used, sizeof key - (size_t)used, "#%u", p->instance);
    hash_id(c, p->host, (st_str){ key, (size_t)used }, more, id);
}

void st_hunt_events_id(const st_case *c, uint32_t host, char id[17])
{
    hash_id(c, host, ST_STR(""), ST_STR("events"), id);
}

static void put_event_id(const st_case *c, const st_event *e, st_str more, char id[17])
{
    const st_forest *f = c->forest;
    const st_events *x = st_event_columns(f, e);
    st_buf b = { 0 };
    st_str provider = st_event_provider(f, e);
    st_buf_fmt(&b, "%.*s,%u,%llu,%llu", ST_FMT(provider), st_event_id(f, e),
               (unsigned long long)x->event_record_id[e->row],
               (unsigned long long)x->created[e->row]);
    hash_id(c, e->host, st_buf_slice(&b), more, id);
    st_buf_free(&b);
}

static bool host_named(const st_forest *f, const st_hunt_options *o, uint32_t host)
{
    if (!o->nhosts)
        return true;
    st_str full = host < f->nhosts ? st_pool_get(f->pool, f->hosts[host].name) : ST_STR("");
    for (size_t i = 0; i < o->nhosts; i++)
        if (st_host_is(full, o->hosts[i]))
            return true;
    return false;
}

bool st_row_in_scope(const st_forest *f, const st_hunt_options *o, uint32_t host, st_ticks when)
{
    if (o->since && when < o->since)
        return false;
    if (o->until && when > o->until)
        return false;
    return host_named(f, o, host);
}

bool st_row_wanted(const st_hunting *h, uint32_t host, st_ticks when)
{
    return st_row_in_scope(h->f, h->o, host, when);
}

st_ticks st_subject_time(const st_forest *f, st_node n, uint32_t event)
{
    if (event == ST_NO_EVENT)
        return f->procs[n].start;
    const st_event *e = &f->events[event];
    return st_event_columns(f, e)->utc[e->row];
}

uint32_t st_subject_host(const st_forest *f, st_node n, uint32_t event)
{
    return event == ST_NO_EVENT ? f->procs[n].host : f->events[event].host;
}

static bool subject_live(const st_forest *f, const st_match *m)
{
    if (m->event == ST_NO_EVENT)
        return f->procs[m->node].origin == ST_O_LIVE;
    const st_event *e = &f->events[m->event];
    return st_event_columns(f, e)->origin[e->row] == ST_O_LIVE;
}

/* The web server above, or NULL. */
static const st_proc *server_above(const st_forest *f, st_node n)
{
    st_node server = n < f->n ? f->procs[n].server : ST_NO_NODE;
    return server < f->n ? &f->procs[server] : NULL;
}

st_str st_finding_said(const st_case *c, const st_finding *x)
{
    const st_rule *r = st_rules_at(c->rules, x->rule);
    st_str own = st_str_trim(st_pool_get(c->forest->pool, x->reason));
    st_str said = own.n ? own : r->reason.n ? r->reason : r->title;
    bool goes_on = server_above(c->forest, x->node);
    while (goes_on && said.n && said.p[said.n - 1] == '.')
        said.n--;
    return said;
}

/* "Shell below a web server: w3wp.exe(2580) 2 above" */
void st_finding_put_reason(const st_case *c, const st_finding *x, st_buf *out)
{
    const st_forest *f = c->forest;
    const st_proc *s = server_above(f, x->node);
    st_str said = st_finding_said(c, x);
    if (!s) {
        st_buf_str(out, said);
        return;
    }
    st_buf_str(out, said);
    st_buf_str(out, ST_STR(": "));
    st_buf_str(out, st_str_basename(st_pool_get(f->pool, s->image)));
    if (s->pid != ST_NO_U32)
        st_buf_fmt(out, "(%u)", s->pid);
    st_buf_fmt(out, " %u above", f->procs[x->node].server_distance);
}

void st_finding_id(const st_case *c, const st_finding *x, char id[17])
{
    st_str rule = st_rules_at(c->rules, x->rule)->id;
    if (x->node == ST_NO_NODE)
        put_event_id(c, &c->forest->events[x->event], rule, id);
    else
        st_hunt_id(c, x->node, rule, id);
}

/* Does the match stand on a row? */
static bool stands(const st_hunting *h, const st_match *m)
{
    if (m->rule >= st_rules_count(h->c->rules))
        return false;
    if (m->event == ST_NO_EVENT)
        return m->node < h->f->observed;
    return m->event < h->f->nevents && (m->node == ST_NO_NODE || m->node < h->f->n);
}

bool st_findings_make(st_hunting *h)
{
    st_case *c = h->c;
    c->findings = ST_NEWN(&c->arena, st_finding, c->matches->n);
    if (!c->findings)
        return false;
    for (size_t i = 0; i < c->matches->n; i++) {
        const st_match *m = &c->matches->items[i];
        if (!stands(h, m))
            continue;
        const st_rule *r = st_rules_at(c->rules, m->rule);
        st_level own = m->level ? (st_level)(m->level - 1) : r->level;
        st_level level = subject_live(h->f, m) ? own : ST_LEVEL_INFORMATIONAL;
        if (level < h->o->min_level) {
            c->dropped_level++;
            continue;
        }
        if (!st_row_wanted(h, st_subject_host(h->f, m->node, m->event),
                           st_subject_time(h->f, m->node, m->event))) {
            if (m->event == ST_NO_EVENT)
                h->marks[m->node] |= ST_MARK_HIDDEN;
            else
                c->dropped_filter++;
            continue;
        }
        c->findings[c->nfindings++] = (st_finding){ .rule = m->rule,
                                                    .node = m->node,
                                                    .event = m->event,
                                                    .incident = ST_NO_INCIDENT,
                                                    .reason = m->reason,
                                                    .techniques = m->techniques,
                                                    .level = (uint8_t)level };
        if (m->node != ST_NO_NODE)
            h->marks[m->node] |= m->event == ST_NO_EVENT ? ST_MARK_HIT | ST_MARK_OWN : ST_MARK_HIT;
    }
    return !c->arena.failed;
}

static bool node_arrays(st_hunting *h)
{
    size_t n = h->f->n ? h->f->n : 1;
    h->incident_of = malloc(n * sizeof *h->incident_of);
    h->top_of = malloc(n * sizeof *h->top_of);
    h->marks = calloc(n, 1);
    if (!h->incident_of || !h->top_of || !h->marks)
        return false;
    memset(h->incident_of, 0xff, n * sizeof *h->incident_of);
    memset(h->top_of, 0xff, n * sizeof *h->top_of);
    return true;
}

/* What is found, and what the evidence covers: neither asks for the other. */
typedef struct halves {
    st_hunting *h;
    st_case cover; /* with an arena of its own */
    bool ok[2];
} halves;

static void make_half(void *ctx, unsigned thread, size_t i)
{
    halves *x = ctx;
    st_hunting *h = x->h;
    (void)thread;
    x->ok[i] = i ? st_coverage_make(&x->cover, h->o->threads)
                 : node_arrays(h) && st_findings_make(h) && st_incidents_make(h) && st_rows_make(h);
}

static bool make_halves(st_hunting *h)
{
    st_case *c = h->c;
    halves x = { .h = h, .cover = { .forest = c->forest } };
    /* Gaps put texts into the pool. */
    st_parallel(st_pool_share(c->forest->pool) ? h->o->threads : 1, 2, make_half, &x);
    c->coverage = x.cover.coverage;
    c->gaps = x.cover.gaps;
    c->ngaps = x.cover.ngaps;
    c->odd = x.cover.odd;
    st_arena_take(&c->arena, &x.cover.arena);
    return x.ok[0] && x.ok[1];
}

st_code st_hunt(const st_forest *f, const st_rules *r, const st_matches *m,
                const st_hunt_options *o, st_case **out, st_err *err)
{
    *out = NULL;
    st_case *c = calloc(1, sizeof *c);
    if (!c)
        return st_fail(err, ST_E_MEMORY, "no memory for the findings");
    c->forest = f;
    c->rules = r;
    c->matches = m;
    c->digester = st_digester_new();
    st_hunting h = { .f = f, .o = o, .c = c };
    bool ok = c->digester && make_halves(&h);
    free(h.incident_of);
    free(h.top_of);
    free(h.marks);
    if (!ok) {
        st_case_free(c);
        return st_fail(err, ST_E_MEMORY, "no memory for the findings");
    }
    *out = c;
    return ST_OK;
}

void st_case_free(st_case *c)
{
    if (!c)
        return;
    st_digester_free(c->digester);
    st_arena_free(&c->arena);
    free(c);
}
