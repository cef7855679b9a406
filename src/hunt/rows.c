/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c - the context of incidents, and the rows. A process is a row once, of
 * one incident: the gravest that reaches it. So no ancestor, subtree or row of
 * siblings has to be gone through twice, and all of it costs one pass.
 */
#include "internal.h"

#include "base/limits.h"
#include "base/search.h"

#include <stdlib.h>

static bool observed(const st_hunting *h, st_node n)
{
    return n < h->f->observed;
}

/* false: the incident is full. */
static bool take(st_hunting *h, uint32_t incident, st_node n)
{
    if (h->incident_of[n] != ST_NO_INCIDENT || !observed(h, n))
        return true;
    if (h->context[incident] >= ST_MAX_CONTEXT_ROWS) {
        h->c->incidents[incident].context_dropped++;
        return false;
    }
    h->context[incident]++;
    h->incident_of[n] = incident;
    h->marks[n] |= ST_MARK_CONTEXT;
    return true;
}

static void take_ancestors(st_hunting *h, uint32_t incident, st_node n)
{
    while (!(h->marks[n] & ST_MARK_CLIMBED)) {
        h->marks[n] |= ST_MARK_CLIMBED;
        n = h->f->procs[n].parent;
        if (n == ST_NO_NODE || !take(h, incident, n))
            return;
    }
}

/* Depth-first; with into == false past the subtree of n. */
static st_node walk_on(const st_forest *f, st_node top, st_node n, bool into)
{
    if (into && f->procs[n].first_child != ST_NO_NODE)
        return f->procs[n].first_child;
    while (n != top) {
        if (f->procs[n].next_sibling != ST_NO_NODE)
            return f->procs[n].next_sibling;
        n = f->procs[n].parent;
        if (n == ST_NO_NODE)
            break;
    }
    return ST_NO_NODE;
}

/* Past the cap the walk goes on only to count, and what it passes isn't looked at again. */
static void take_subtree(st_hunting *h, uint32_t incident, st_node top)
{
    for (st_node n = top; n != ST_NO_NODE;) {
        bool fresh = !(h->marks[n] & ST_MARK_WALKED);
        if (fresh) {
            h->marks[n] |= ST_MARK_WALKED;
            if (n != top)
                take(h, incident, n);
        }
        n = walk_on(h->f, top, n, fresh);
    }
}

static bool near(const st_forest *f, st_node a, st_node b, st_ticks window)
{
    st_ticks x = f->procs[a].start, y = f->procs[b].start;
    return (x > y ? x - y : y - x) <= window;
}

/* Children of one node, in order of start: those near a hit among them. */
static void take_siblings(st_hunting *h, st_node parent, st_ticks window)
{
    const st_forest *f = h->f;
    st_node waiting = f->procs[parent].first_child, last = ST_NO_NODE;
    for (st_node n = waiting; n != ST_NO_NODE; n = f->procs[n].next_sibling) {
        if (h->marks[n] & ST_MARK_HIT) {
            for (; waiting != n; waiting = f->procs[waiting].next_sibling)
                if (near(f, waiting, n, window))
                    take(h, h->incident_of[n], waiting);
            last = n;
        } else if (last != ST_NO_NODE && near(f, last, n, window)) {
            take(h, h->incident_of[last], n);
        }
    }
}

/* The places of findings, incident by incident. */
static uint32_t *by_incident(const st_case *c)
{
    uint32_t *order = calloc(c->nfindings + 1, sizeof *order);
    size_t *start = calloc(c->nincidents + 1, sizeof *start);
    if (order && start) {
        for (size_t k = 0; k < c->nfindings; k++)
            start[c->findings[k].incident + 1]++;
        for (size_t i = 0; i < c->nincidents; i++)
            start[i + 1] += start[i];
        for (size_t k = 0; k < c->nfindings; k++)
            order[start[c->findings[k].incident]++] = (uint32_t)k;
    } else {
        free(order);
        order = NULL;
    }
    free(start);
    return order;
}

static bool mark_context(st_hunting *h)
{
    st_case *c = h->c;
    uint32_t *order = by_incident(c);
    h->context = calloc(c->nincidents + 1, sizeof *h->context);
    bool ok = order && h->context;
    for (size_t k = 0; ok && k < c->nfindings; k++)
        if (c->findings[order[k]].node != ST_NO_NODE)
            take_ancestors(h, c->findings[order[k]].incident, c->findings[order[k]].node);
    for (size_t k = 0; ok && k < c->nfindings; k++)
        if (c->findings[order[k]].node != ST_NO_NODE)
            take_subtree(h, c->findings[order[k]].incident, c->findings[order[k]].node);
    for (size_t k = 0; ok && k < c->nfindings; k++) {
        st_node n = c->findings[order[k]].node;
        st_node up = n == ST_NO_NODE ? ST_NO_NODE : h->f->procs[n].parent;
        if (up == ST_NO_NODE || (h->marks[up] & ST_MARK_SIBLINGS))
            continue;
        h->marks[up] |= ST_MARK_SIBLINGS;
        take_siblings(h, up, h->o->sibling_window);
    }
    free(h->context);
    h->context = NULL;
    free(order);
    return ok;
}

static bool kind_of(const st_hunting *h, st_node n, st_row_kind *kind)
{
    if (h->marks[n] & (ST_MARK_OWN | ST_MARK_HIDDEN)) {
        *kind = ST_ROW_HIT;
        return true;
    }
    *kind = h->marks[n] & (ST_MARK_CONTEXT | ST_MARK_HIT) ? ST_ROW_CONTEXT : ST_ROW_OTHER;
    return h->o->scope == ST_SCOPE_ALL ||
           (h->o->scope == ST_SCOPE_INCIDENT && *kind == ST_ROW_CONTEXT);
}

static bool of_process(const void *finding, const void *unused)
{
    (void)unused;
    return ((const st_finding *)finding)->event == ST_NO_EVENT;
}

/* Findings of events come behind those of processes. */
static size_t first_of_events(const st_case *c)
{
    return st_lower_bound(c->findings, c->nfindings, sizeof *c->findings, NULL, of_process);
}

/* As many as there may be. */
static size_t count_rows(const st_hunting *h)
{
    size_t n = 0;
    st_row_kind kind;
    for (st_node i = 0; i < h->f->observed; i++)
        n += kind_of(h, i, &kind);
    return n + h->c->nfindings - first_of_events(h->c);
}

/* The rows in the making: processes and events, each in order, merged. */
typedef struct merging {
    st_hunting *h;
    size_t finding, event_finding; /* the next of each that isn't on a row yet */
} merging;

static void add_row(merging *m, st_row r, uint32_t host, st_ticks when)
{
    st_case *c = m->h->c;
    if (!st_row_wanted(m->h, host, when)) {
        c->dropped_filter++;
        return;
    }
    if (r.incident != ST_NO_INCIDENT && r.event == ST_NO_EVENT)
        c->incidents[r.incident].processes++;
    else if (r.incident != ST_NO_INCIDENT)
        c->incidents[r.incident].events++;
    c->rows[c->nrows++] = r;
}

static void add_process(merging *m, st_node n)
{
    st_case *c = m->h->c;
    st_row r = { .node = n, .event = ST_NO_EVENT, .incident = m->h->incident_of[n] };
    if (!kind_of(m->h, n, &r.kind))
        return;
    r.acted = r.kind == ST_ROW_CONTEXT && m->h->marks[n] & ST_MARK_HIT;
    while (m->finding < c->nfindings && c->findings[m->finding].event == ST_NO_EVENT &&
           c->findings[m->finding].node < n)
        m->finding++;
    r.first_finding = (uint32_t)m->finding;
    while (m->finding < c->nfindings && c->findings[m->finding].event == ST_NO_EVENT &&
           c->findings[m->finding].node == n)
        m->finding++;
    r.nfindings = (uint32_t)m->finding - r.first_finding;
    add_row(m, r, m->h->f->procs[n].host, m->h->f->procs[n].start);
}

/* The row of the next event with findings. */
static void add_event(merging *m)
{
    const st_case *c = m->h->c;
    const st_finding *x = &c->findings[m->event_finding];
    uint32_t first = (uint32_t)m->event_finding;
    while (m->event_finding < c->nfindings && c->findings[m->event_finding].event == x->event)
        m->event_finding++;
    add_row(m,
            (st_row){ .node = x->node,
                      .event = x->event,
                      .kind = ST_ROW_HIT,
                      .incident = x->incident,
                      .first_finding = first,
                      .nfindings = (uint32_t)m->event_finding - first },
            st_subject_host(m->h->f, x->node, x->event),
            st_subject_time(m->h->f, x->node, x->event));
}

/* What rows are ordered by. */
typedef struct place {
    st_ticks utc;
    uint64_t record, offset;
    uint32_t host, source;
} place;

static place place_of(const st_forest *f, const st_row *r)
{
    const st_creations *c = &f->store->creations;
    if (r->event != ST_NO_EVENT) {
        const st_event *e = &f->events[r->event];
        const st_events *x = st_event_columns(f, e);
        return (place){ x->utc[e->row], x->event_record_id[e->row], x->offset[e->row], e->host,
                        x->source[e->row] };
    }
    const st_proc *p = &f->procs[r->node];
    return (place){ p->start, c->event_record_id[p->row], c->offset[p->row], p->host,
                    c->source[p->row] };
}

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

int st_row_cmp(const st_forest *f, const st_row *a, const st_row *b)
{
    place x = place_of(f, a), y = place_of(f, b);
    ORDER(x.utc, y.utc);
    ORDER(x.host, y.host);
    ORDER(x.record, y.record);
    ORDER(x.source, y.source);
    ORDER(x.offset, y.offset);
    ORDER(a->event + 1, b->event + 1); /* the process itself first */
    return 0;
}

bool st_rows_make(st_hunting *h)
{
    st_case *c = h->c;
    merging m = { .h = h, .event_finding = first_of_events(c) };
    for (size_t k = 0; k < c->nfindings; k++)
        if (c->findings[k].node != ST_NO_NODE)
            h->incident_of[c->findings[k].node] = c->findings[k].incident;
    if (h->o->scope != ST_SCOPE_HITS && !mark_context(h))
        return false;
    c->rows = ST_NEWN(&c->arena, st_row, count_rows(h));
    if (!c->rows)
        return false;
    for (st_node n = 0; n < h->f->observed; n++) {
        while (m.event_finding < c->nfindings &&
               st_row_cmp(h->f, &(st_row){ .event = c->findings[m.event_finding].event },
                          &(st_row){ .node = n, .event = ST_NO_EVENT }) < 0)
            add_event(&m);
        add_process(&m, n);
    }
    while (m.event_finding < c->nfindings)
        add_event(&m);
    return true;
}
