/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents.c - which findings belong together. An incident is named by its top
 * node: the outermost process of the unbroken run of web servers above, or else
 * the highest ancestor below the session and service roots. The way up is
 * remembered node by node, so all findings together cost one pass.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_server(const st_forest *f, st_node n)
{
    return n != ST_NO_NODE && (f->procs[n].flags & ST_P_SERVER);
}

/* One step of a way up, or ST_NO_NODE where it ends. */
static st_node up_servers(const st_forest *f, st_node n)
{
    st_node up = f->procs[n].parent;
    return is_server(f, up) && f->procs[n].link == ST_LINK_GUID ? up : ST_NO_NODE;
}

/* Servers end it: what hangs under one by an edge that rules don't cross isn't its incident. */
static st_node up_plain(const st_forest *f, st_node n)
{
    st_node up = f->procs[n].parent;
    if (up == ST_NO_NODE || is_server(f, up) ||
        st_is_session_root(st_pool_get(f->pool, f->procs[up].image)))
        return ST_NO_NODE;
    return up;
}

/* Where the way up from n ends. A way up is one of servers only or one without any, so each
 * node has one memo. */
static st_node climb(st_hunting *h, st_node n)
{
    st_node (*up)(const st_forest *, st_node) = is_server(h->f, n) ? up_servers : up_plain;
    st_node top = n;
    for (st_node at = n; at != ST_NO_NODE; at = up(h->f, at)) {
        top = at;
        if (h->top_of[at] != ST_NO_NODE) {
            top = h->top_of[at];
            break;
        }
    }
    for (st_node at = n; at != ST_NO_NODE && h->top_of[at] == ST_NO_NODE; at = up(h->f, at))
        h->top_of[at] = top;
    return top;
}

static st_node incident_top(st_hunting *h, st_node n)
{
    st_node server = is_server(h->f, n) ? n : h->f->procs[n].server;
    return climb(h, server < h->f->n && is_server(h->f, server) ? server : n);
}

static void incident_add(st_incident *i, const st_finding *x, st_ticks t)
{
    if (x->level > i->level)
        i->level = x->level;
    if (!i->first || (t && t < i->first))
        i->first = t;
    if (t > i->last)
        i->last = t;
    i->findings++;
}

static int by_weight(const void *a, const void *b)
{
    const st_incident *x = a, *y = b;
    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    int d = strcmp(x->id, y->id);
    return d ? d : (x->top > y->top) - (x->top < y->top);
}

/* Gives each finding the number of its incident, in the order of first findings. */
static void number(st_hunting *h)
{
    st_case *c = h->c;
    for (size_t k = 0; k < c->nfindings; k++) {
        st_node top = incident_top(h, c->findings[k].node);
        if (h->incident_of[top] == ST_NO_INCIDENT)
            h->incident_of[top] = (uint32_t)c->nincidents++;
        c->findings[k].incident = h->incident_of[top];
    }
}

static void fill(st_hunting *h)
{
    for (size_t k = 0; k < h->c->nfindings; k++) {
        const st_finding *x = &h->c->findings[k];
        const st_proc *p = &h->f->procs[x->node];
        st_incident *i = &h->c->incidents[x->incident];
        if (!i->findings) {
            i->host = p->host;
            i->top = incident_top(h, x->node);
            i->server = is_server(h->f, i->top);
            st_hunt_id(h->f, i->top, ST_STR(""), i->id);
        }
        incident_add(i, x, p->start);
    }
}

/* Sorted; the findings follow by way of the tops, which name their incidents. */
static bool sort(st_hunting *h)
{
    st_case *c = h->c;
    st_node *tops = calloc(c->nincidents + 1, sizeof *tops);
    if (!tops)
        return false;
    for (size_t i = 0; i < c->nincidents; i++)
        tops[i] = c->incidents[i].top;
    if (c->nincidents)
        qsort(c->incidents, c->nincidents, sizeof *c->incidents, by_weight);
    for (size_t i = 0; i < c->nincidents; i++)
        h->incident_of[c->incidents[i].top] = (uint32_t)i;
    for (size_t k = 0; k < c->nfindings; k++)
        c->findings[k].incident = h->incident_of[tops[c->findings[k].incident]];
    for (size_t i = 0; i < c->nincidents; i++)
        h->incident_of[c->incidents[i].top] = ST_NO_INCIDENT;
    free(tops);
    return true;
}

bool st_incidents_make(st_hunting *h)
{
    st_case *c = h->c;
    number(h);
    c->incidents = ST_NEWN(&c->arena, st_incident, c->nincidents);
    if (!c->incidents)
        return false;
    fill(h);
    return sort(h);
}
