/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents.c - which findings belong together. An incident is named by its top
 * node: the outermost process of the unbroken run of web servers above, or else
 * the highest ancestor below the session and service roots. The way up is
 * remembered node by node, so all findings together cost one pass.
 */
#include "internal.h"

#include "base/limits.h"
#include "base/radix.h"

#include <stdlib.h>
#include <string.h>

static bool is_server(const st_forest *f, st_node n)
{
    return n != ST_NO_NODE && (f->procs[n].flags & ST_P_SERVER);
}

/* One step of a way up, or ST_NO_NODE where it ends. */
static st_node up_servers(st_hunting *h, st_node n)
{
    st_node up = h->f->procs[n].parent;
    return is_server(h->f, up) && h->f->procs[n].link == ST_LINK_GUID ? up : ST_NO_NODE;
}

/* Few programs have most of the processes. */
static bool is_root(st_hunting *h, st_sid image)
{
    st_root_asked *x = &h->roots[image % (sizeof h->roots / sizeof h->roots[0])];
    if (!x->known || x->image != image)
        *x = (st_root_asked){ image, st_is_session_root(st_pool_get(h->f->pool, image)), true };
    return x->is;
}

/* Servers end it: what hangs under one by an edge that rules don't cross isn't its incident. */
static st_node up_plain(st_hunting *h, st_node n)
{
    st_node up = h->f->procs[n].parent;
    bool ends = up == ST_NO_NODE || is_server(h->f, up) || is_root(h, h->f->procs[up].image);
    return ends ? ST_NO_NODE : up;
}

/* Where the way up from n ends. A way up is one of servers only or one without any, so each
 * node has one memo. */
static st_node climb(st_hunting *h, st_node n)
{
    st_node (*up)(st_hunting *, st_node) = is_server(h->f, n) ? up_servers : up_plain;
    st_node top = n;
    for (st_node at = n; at != ST_NO_NODE; at = up(h, at)) {
        top = at;
        if (h->top_of[at] != ST_NO_NODE) {
            top = h->top_of[at];
            break;
        }
    }
    for (st_node at = n; at != ST_NO_NODE && h->top_of[at] == ST_NO_NODE; at = up(h, at))
        h->top_of[at] = top;
    return top;
}

static st_node incident_top(st_hunting *h, st_node n)
{
    st_node server = is_server(h->f, n) ? n : h->f->procs[n].server;
    return climb(h, server < h->f->n && is_server(h->f, server) ? server : n);
}

/* What generic rules say of a server's work is about anybody's work: it adds to an incident, and
 * weighs only where nothing else was found. */
static void weigh(st_incident *i, const st_finding *x, bool generic)
{
    bool first = !generic && !i->judged, by_others = generic && i->judged;
    if (i->server && by_others)
        return;
    if ((i->server && first) || x->level > i->level)
        i->level = x->level;
    i->judged = i->judged || !generic;
}

static void incident_add(const st_hunting *h, st_incident *i, const st_finding *x)
{
    st_ticks t = st_subject_time(h->f, x->node, x->event);
    st_behaviour_add(h->c, i, x);
    weigh(i, x, st_rules_at(h->c->rules, x->rule)->generic);
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

/* Gives each finding of a process the number of its incident, in the order of first findings. How
 * many name none. */
static size_t number(st_hunting *h)
{
    st_case *c = h->c;
    size_t without = 0;
    for (size_t k = 0; k < c->nfindings; k++) {
        if (c->findings[k].node == ST_NO_NODE) {
            without++;
            continue;
        }
        st_node top = incident_top(h, c->findings[k].node);
        if (h->incident_of[top] == ST_NO_INCIDENT)
            h->incident_of[top] = (uint32_t)c->nincidents++;
        c->findings[k].incident = h->incident_of[top];
    }
    return without;
}

static void fill(st_hunting *h)
{
    for (size_t k = 0; k < h->c->nfindings; k++) {
        const st_finding *x = &h->c->findings[k];
        if (x->node == ST_NO_NODE)
            continue;
        st_incident *i = &h->c->incidents[x->incident];
        if (!i->findings) {
            i->host = h->f->procs[x->node].host;
            i->top = incident_top(h, x->node);
            i->server = is_server(h->f, i->top);
        }
        incident_add(h, i, x);
    }
}

enum { NAMED_AT_ONCE = 256 };

static void name(void *ctx, unsigned thread, size_t number)
{
    st_hunting *h = ctx;
    st_case *c = h->c;
    (void)thread;
    for (size_t i = number * NAMED_AT_ONCE; i < (number + 1) * NAMED_AT_ONCE && i < c->nincidents;
         i++)
        st_hunt_id(c, c->incidents[i].top, ST_STR(""), c->incidents[i].id);
}

/* An id is a digest, and incidents may be as many as processes. */
static void name_all(st_hunting *h)
{
    st_parallel(h->o->threads, (h->c->nincidents + NAMED_AT_ONCE - 1) / NAMED_AT_ONCE, name, h);
}

/* Events that name no process */

static bool within(const st_incident *i, st_ticks t, st_ticks window)
{
    return i->first && t + window >= i->first && t <= i->last + window;
}

bool st_incidents_by_host(const st_case *c, size_t n, st_by_host *out)
{
    size_t nhosts = c->forest->nhosts;
    *out =
        (st_by_host){ malloc((n + 1) * sizeof *out->list), calloc(nhosts + 2, sizeof *out->start) };
    if (!out->list || !out->start) {
        free(out->list);
        free(out->start);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        out->start[c->incidents[i].host + 1]++;
    for (size_t h = 0; h < nhosts; h++)
        out->start[h + 1] += out->start[h];
    for (size_t i = n; i-- > 0;) /* backwards, so that each host's end becomes its beginning */
        out->list[--out->start[c->incidents[i].host + 1]] = (uint32_t)i;
    memmove(out->start, out->start + 1, nhosts * sizeof *out->start);
    out->start[nhosts] = n;
    return true;
}

/* The gravest of the host's incidents in whose time t lies, else the host's own of events. */
static uint32_t incident_at(st_hunting *h, const st_by_host *b, uint32_t *own, uint32_t host,
                            st_ticks t)
{
    st_case *c = h->c;
    uint32_t best = ST_NO_INCIDENT;
    size_t end = b->start[host + 1];
    if (end - b->start[host] > ST_MAX_INCIDENTS_ASKED)
        end = b->start[host] + ST_MAX_INCIDENTS_ASKED;
    for (size_t k = b->start[host]; k < end; k++) {
        uint32_t i = b->list[k];
        if (within(&c->incidents[i], t, h->o->sibling_window) &&
            (best == ST_NO_INCIDENT || by_weight(&c->incidents[i], &c->incidents[best]) < 0))
            best = i;
    }
    if (best != ST_NO_INCIDENT || (best = own[host]) != ST_NO_INCIDENT)
        return best;
    st_incident *i = &c->incidents[own[host] = (uint32_t)c->nincidents++];
    i->host = host;
    i->top = ST_NO_NODE;
    st_hunt_events_id(h->c, host, i->id);
    return own[host];
}

/* An incident's time is that of its processes, whatever joins it. */
static bool join_events(st_hunting *h)
{
    st_case *c = h->c;
    st_by_host b;
    uint32_t *own = malloc((h->f->nhosts + 1) * sizeof *own);
    if (!own || !st_incidents_by_host(c, c->nincidents, &b)) {
        free(own);
        return false;
    }
    memset(own, 0xff, (h->f->nhosts + 1) * sizeof *own);
    for (size_t k = 0; k < c->nfindings; k++) {
        st_finding *x = &c->findings[k];
        if (x->node == ST_NO_NODE)
            x->incident = incident_at(h, &b, own, st_subject_host(h->f, x->node, x->event),
                                      st_subject_time(h->f, x->node, x->event));
    }
    for (size_t k = 0; k < c->nfindings; k++) {
        const st_finding *x = &c->findings[k];
        if (x->node == ST_NO_NODE)
            incident_add(h, &c->incidents[x->incident], x);
    }
    free(own);
    free(b.list);
    free(b.start);
    return true;
}

static int by_weight_of(const void *a, const void *b, void *ctx)
{
    const st_incident *i = ctx;
    return by_weight(&i[*(const uint32_t *)a], &i[*(const uint32_t *)b]);
}

/* The incidents' places in the order of their first findings; NULL: no memory. */
static st_keyed *by_time(const st_case *c)
{
    size_t n = c->nincidents;
    bool rising = true; /* as they mostly are, since findings are */
    st_keyed *v = malloc((n + 1) * sizeof *v);
    for (size_t i = 0; v && i < n; i++) {
        v[i] = (st_keyed){ c->incidents[i].first, (uint32_t)i };
        rising = rising && (!i || v[i].key >= v[i - 1].key);
    }
    if (v && !rising && !st_radix_sort(v, n)) {
        free(v);
        return NULL;
    }
    return v;
}

enum { LEVELS = ST_LEVEL_CRITICAL + 1 };

/* The incidents' places by weight: by level, each level's in the order of time, and of those of one
 * time by all that is left. */
static void order_by_weight(const st_case *c, const st_keyed *v, uint32_t *order)
{
    size_t n = c->nincidents, next[LEVELS + 1] = { 0 };
    for (size_t i = 0; i < n; i++)
        next[LEVELS - c->incidents[i].level]++;
    for (size_t level = 0; level < LEVELS; level++)
        next[level + 1] += next[level];
    for (size_t i = 0; i < n; i++)
        order[next[LEVELS - 1 - c->incidents[v[i].item].level]++] = v[i].item;
    for (size_t from = 0, to; from < n; from = to) {
        const st_incident *x = &c->incidents[order[from]];
        for (to = from + 1; to < n; to++)
            if (c->incidents[order[to]].level != x->level ||
                c->incidents[order[to]].first != x->first)
                break;
        if (to - from > 1)
            qsort_r(order + from, to - from, sizeof *order, by_weight_of, c->incidents);
    }
}

/* Sorted, into the case's arena; the findings follow. */
static bool sort(st_hunting *h)
{
    st_case *c = h->c;
    size_t n = c->nincidents;
    st_incident *sorted = ST_NEWN(&c->arena, st_incident, n);
    for (size_t i = 0; i < n; i++) {
        st_behaviours_raise(&c->incidents[i]);
        if (c->incidents[i].top != ST_NO_NODE)
            h->incident_of[c->incidents[i].top] = ST_NO_INCIDENT;
    }
    uint32_t *order = malloc((2 * n + 1) * sizeof *order);
    st_keyed *v = by_time(c);
    if (!sorted || !order || !v) {
        free(order);
        free(v);
        return false;
    }
    uint32_t *place = order + n;
    order_by_weight(c, v, order);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = c->incidents[order[i]];
        place[order[i]] = (uint32_t)i;
    }
    for (size_t k = 0; k < c->nfindings; k++)
        c->findings[k].incident = place[c->findings[k].incident];
    c->incidents = sorted;
    free(order);
    free(v);
    return true;
}

bool st_incidents_make(st_hunting *h)
{
    st_case *c = h->c;
    size_t without = number(h);
    size_t most = c->nincidents + (without < h->f->nhosts ? without : h->f->nhosts);
    st_incident *unsorted = st_zeros(most + 1, sizeof *unsorted);
    bool ok = (c->incidents = unsorted) != NULL;
    if (ok) {
        fill(h);
        name_all(h);
        ok = (!without || join_events(h)) && sort(h);
    }
    free(unsorted);
    return ok;
}
