/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c - the context of incidents, and the rows. A process is a row once, of
 * one incident: the gravest that reaches it. So no ancestor, subtree or row of
 * siblings has to be gone through twice, and all of it costs one pass.
 */
#include "internal.h"

#include "base/limits.h"

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
        take_ancestors(h, c->findings[order[k]].incident, c->findings[order[k]].node);
    for (size_t k = 0; ok && k < c->nfindings; k++)
        take_subtree(h, c->findings[order[k]].incident, c->findings[order[k]].node);
    for (size_t k = 0; ok && k < c->nfindings; k++) {
        st_node up = h->f->procs[c->findings[order[k]].node].parent;
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
    if (h->marks[n] & (ST_MARK_HIT | ST_MARK_HIDDEN)) {
        *kind = ST_ROW_HIT;
        return true;
    }
    *kind = h->marks[n] & ST_MARK_CONTEXT ? ST_ROW_CONTEXT : ST_ROW_OTHER;
    return h->o->scope == ST_SCOPE_ALL ||
           (h->o->scope == ST_SCOPE_INCIDENT && *kind == ST_ROW_CONTEXT);
}

static size_t count_rows(const st_hunting *h)
{
    size_t n = 0;
    st_row_kind kind;
    for (st_node i = 0; i < h->f->observed; i++)
        n += kind_of(h, i, &kind);
    return n;
}

bool st_rows_make(st_hunting *h)
{
    st_case *c = h->c;
    for (size_t k = 0; k < c->nfindings; k++)
        h->incident_of[c->findings[k].node] = c->findings[k].incident;
    if (h->o->scope != ST_SCOPE_HITS && !mark_context(h))
        return false;
    c->rows = ST_NEWN(&c->arena, st_row, count_rows(h));
    if (!c->rows)
        return false;
    size_t at = 0;
    for (st_node n = 0; n < h->f->observed; n++) {
        st_row r = { .node = n, .incident = h->incident_of[n] };
        if (!kind_of(h, n, &r.kind))
            continue;
        if (!st_row_wanted(h, n)) {
            c->dropped_filter++;
            continue;
        }
        while (at < c->nfindings && c->findings[at].node < n)
            at++;
        r.first_finding = (uint32_t)at;
        while (at < c->nfindings && c->findings[at].node == n)
            at++;
        r.nfindings = (uint32_t)at - r.first_finding;
        if (r.incident != ST_NO_INCIDENT)
            c->incidents[r.incident].processes++;
        c->rows[c->nrows++] = r;
    }
    return true;
}
