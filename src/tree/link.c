/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - edges that a GUID names, nodes for parents nobody saw start, ends, and circles.
 */
#include "tree/forest.h"

#include <stdlib.h>
#include <string.h>

st_ticks st_guid_start(const st_guid *g)
{
    uint32_t s = (uint32_t)g->b[4] | (uint32_t)g->b[5] << 8 | (uint32_t)g->b[6] << 16 |
                 (uint32_t)g->b[7] << 24;
    return s ? ST_TICKS_UNIX + s * ST_TICKS_SECOND : 0;
}

bool st_tree_recorded(const st_pool *p, st_sid text)
{
    st_str s = st_pool_get(p, text);
    return s.n && !st_str_eq(s, ST_STR("-")) && !st_str_eq(s, ST_STR("?")) &&
           !st_str_eq(s, ST_STR("<unknown process>"));
}

/* placeholders */

static uint8_t event_origin(const st_wood *w, uint32_t event)
{
    const st_event *e = &w->pub.events[event];
    return w->pub.store->events[e->kind].origin[e->row];
}

typedef struct linking {
    st_wood *w;
    uint32_t *parents; /* by observed node: its parent's group, if it has one */
} linking;

static const st_guid *parent_guid(const st_wood *w, size_t node)
{
    return &w->pub.store->creations.parent_guid[w->pub.procs[node].row];
}

static void find_parents(void *ctx, size_t from, size_t to)
{
    const linking *l = ctx;
    st_group_key keys[ST_GROUP_KEYS];
    bool orphans = false;
    for (size_t i = from, n; i < to; i += n) {
        n = to - i < ST_GROUP_KEYS ? to - i : ST_GROUP_KEYS;
        for (size_t k = 0; k < n; k++) {
            const st_guid *guid = parent_guid(l->w, i + k);
            bool named = !st_guid_zero(guid);
            orphans |= !named && st_tree_eligible(l->w, &l->w->pub.procs[i + k]);
            keys[k] = (st_group_key){ named ? guid : NULL, l->w->pub.procs[i + k].host };
        }
        st_group_find_all(l->w, keys, n, l->parents + i);
    }
    if (orphans)
        atomic_store(&l->w->orphans, true);
}

/* Makes a group for every parent named that has none, and notes for each without an observed node
 * which child speaks of it: the earliest live one, else the earliest. */
static bool name_parents(const linking *l, size_t *missing)
{
    st_wood *w = l->w;
    for (size_t i = 0; i < w->pub.observed; i++) {
        const st_proc *p = &w->pub.procs[i];
        if (l->parents[i] == ST_NO_GROUP) {
            if (st_guid_zero(parent_guid(w, i)))
                continue;
            l->parents[i] = st_group_put(w, p->host, parent_guid(w, i));
        }
        if (l->parents[i] == ST_NO_GROUP)
            return false;
        st_group *g = &w->groups[l->parents[i]];
        if (g->count)
            continue;
        *missing += g->named_by == ST_NO_NODE;
        if (g->named_by == ST_NO_NODE ||
            (!st_proc_live(&w->pub.procs[g->named_by]) && st_proc_live(p)))
            g->named_by = (st_node)i;
    }
    return true;
}

/* The same for processes that no child names but an event of their own does: the first live one,
 * else the first. */
static bool name_actors(st_wood *w, size_t *missing)
{
    for (size_t i = 0; i < w->pub.nevents; i++) {
        const st_event *e = &w->pub.events[i];
        const st_events *x = &w->pub.store->events[e->kind];
        if (st_guid_zero(&x->guid[e->row]))
            continue;
        uint32_t id = st_group_put(w, e->host, &x->guid[e->row]);
        if (id == ST_NO_GROUP)
            return false;
        st_group *g = &w->groups[id];
        if (g->count || g->named_by != ST_NO_NODE)
            continue;
        *missing += g->event == ST_NO_EVENT;
        if (g->event == ST_NO_EVENT ||
            (event_origin(w, g->event) != ST_O_LIVE && x->origin[e->row] == ST_O_LIVE))
            g->event = (uint32_t)i;
    }
    return true;
}

static int by_key(const void *pa, const void *pb, void *ctx)
{
    const st_wood *w = ctx;
    const st_group *a = &w->groups[*(const uint32_t *)pa], *b = &w->groups[*(const uint32_t *)pb];
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    return st_guid_cmp(&a->guid, &b->guid);
}

st_ticks st_tree_guid_time(const st_store *s, st_sid computer, const st_guid *g)
{
    st_ticks t = st_guid_start(g);
    int64_t by = st_store_shift_of(s, computer) * (int64_t)ST_TICKS_SECOND;
    return t && (by >= 0 || t > (st_ticks)-by) ? t + (st_ticks)by : t;
}

static st_proc placeholder(const st_wood *w, const st_group *g)
{
    const st_creations *c = &w->pub.store->creations;
    const st_proc *child = &w->pub.procs[g->named_by];
    return (st_proc){ .row = ST_NO_ROW,
                      .host = g->host,
                      .parent = ST_NO_NODE,
                      .first_child = ST_NO_NODE,
                      .next_sibling = ST_NO_NODE,
                      .origin = child->origin,
                      .pid = c->parent_pid[child->row],
                      .guid = g->guid,
                      .start = st_tree_guid_time(w->pub.store, c->computer[child->row], &g->guid),
                      .image = c->parent_image[child->row],
                      .command_line = c->parent_command_line[child->row],
                      .user = c->parent_user[child->row],
                      .server = ST_NO_NODE };
}

static st_proc actor(const st_wood *w, const st_group *g)
{
    const st_event *e = &w->pub.events[g->event];
    const st_events *x = &w->pub.store->events[e->kind];
    return (st_proc){ .row = ST_NO_ROW,
                      .host = g->host,
                      .parent = ST_NO_NODE,
                      .first_child = ST_NO_NODE,
                      .next_sibling = ST_NO_NODE,
                      .flags = ST_P_FROM_EVENT,
                      .origin = x->origin[e->row],
                      .pid = x->pid[e->row],
                      .guid = g->guid,
                      .start = st_tree_guid_time(w->pub.store, x->computer[e->row], &g->guid),
                      .image = st_event_text_of(&w->pub, e, ST_T_image),
                      .user = st_event_text_of(&w->pub, e, ST_T_user),
                      .server = ST_NO_NODE };
}

static bool add_placeholders(st_wood *w, size_t missing)
{
    uint32_t *ids = malloc((missing ? missing : 1) * sizeof *ids);
    size_t n = 0, all = w->pub.observed + missing;
    /* Nodes, events and hosts are numbered through where rules run. */
    bool few = all + w->pub.nevents + w->pub.nhosts < ST_NO_NODE;
    if (!ids || !few || !st_tree_reserve(w, all)) {
        free(ids);
        return false;
    }
    for (size_t i = 0; i < w->ngroups; i++)
        if (!w->groups[i].count &&
            (w->groups[i].named_by != ST_NO_NODE || w->groups[i].event != ST_NO_EVENT))
            ids[n++] = (uint32_t)i;
    qsort_r(ids, n, sizeof *ids, by_key, w);
    for (size_t i = 0; i < n; i++) {
        st_group *g = &w->groups[ids[i]];
        g->placeholder = (st_node)w->pub.n;
        w->pub.procs[w->pub.n++] = g->named_by == ST_NO_NODE ? actor(w, g) : placeholder(w, g);
    }
    w->pub.stats.placeholders = n;
    free(ids);
    return true;
}

/* edges */

static bool texts_differ(const st_pool *p, st_sid a, st_sid b, bool fold)
{
    if (a == b || !st_tree_recorded(p, a) || !st_tree_recorded(p, b))
        return false;
    return !fold || !st_fold_eq(st_pool_get(p, a), st_pool_get(p, b));
}

/* Pairs of texts and what came of them: of images and users there are few. */
enum { PAIRS = 256 };
typedef struct pair {
    st_sid a, b;
    bool differ;
} pair;

static bool fold_differ(const st_pool *p, pair *met, st_sid a, st_sid b)
{
    pair *m = &met[(a * 31 + b) % PAIRS];
    if (a == b)
        return false;
    if (m->a != a || m->b != b)
        *m = (pair){ a, b, texts_differ(p, a, b, true) };
    return m->differ;
}

static bool parent_differs(const st_wood *w, pair *met, const st_proc *child, const st_proc *parent)
{
    const st_creations *c = &w->pub.store->creations;
    const st_pool *pool = w->pub.pool;
    uint32_t row = child->row;
    return (c->parent_pid[row] != ST_NO_U32 && parent->pid != ST_NO_U32 &&
            c->parent_pid[row] != parent->pid) ||
           fold_differ(pool, met, c->parent_image[row], parent->image) ||
           fold_differ(pool, met, c->parent_user[row], parent->user) ||
           texts_differ(pool, c->parent_command_line[row], parent->command_line, false);
}

/* Nodes of other stretches are read: what they were before. */
static void link_stretch(void *ctx, size_t from, size_t to)
{
    const linking *l = ctx;
    st_wood *w = l->w;
    const st_creations *c = &w->pub.store->creations;
    pair met[PAIRS] = { { 0 } };
    for (size_t i = from; i < to; i++) {
        st_proc *p = &w->pub.procs[i];
        bool ambiguous;
        if (l->parents[i] == ST_NO_GROUP)
            continue;
        const st_group *g = &w->groups[l->parents[i]];
        const st_claim claim = { p->start, c->parent_pid[p->row], c->parent_image[p->row],
                                 c->parent_command_line[p->row] };
        p->parent = st_group_pick(w, g, &claim, &ambiguous);
        const st_proc *up = &w->pub.procs[p->parent];
        p->link = ST_LINK_GUID;
        if (ambiguous)
            p->flags |= ST_P_AMBIGUOUS_PARENT;
        if (up->start > p->start && p->start)
            p->flags |= ST_P_PARENT_LATER;
        if (p->parent < w->pub.observed && parent_differs(w, met, p, up))
            p->flags |= ST_P_PARENT_DIFFERS;
    }
}

bool st_tree_link_guids(st_wood *w)
{
    size_t missing = 0;
    linking l = { w, malloc((w->pub.observed + 1) * sizeof *l.parents) };
    if (l.parents)
        st_tree_stretches(w, w->pub.observed, find_parents, &l);
    bool ok = l.parents && name_parents(&l, &missing) && name_actors(w, &missing) &&
              add_placeholders(w, missing);
    if (ok)
        st_tree_stretches(w, w->pub.observed, link_stretch, &l);
    free(l.parents);
    return ok;
}

/* ends */

/* An end whose UtcTime repeats the start says when the process began: what is known of its end
 * is when the record was written. */
static st_ticks end_time(const st_proc *p, const st_ending *e)
{
    return e->utc == p->start && e->created > e->utc ? e->created : e->utc;
}

static void end_node(st_proc *p, const st_ending *e, unsigned char *by_live)
{
    st_ticks when = end_time(p, e);
    bool live = e->origin == ST_O_LIVE;
    if (p->end && (*by_live > live || (*by_live == live && p->end <= when)))
        return;
    p->end = when;
    *by_live = live;
    if (when < p->start)
        p->flags |= ST_P_CLOCK;
    else
        p->flags &= ~(unsigned)ST_P_CLOCK;
}

/* The group whose process an Event ID 5 ends; ST_NO_GROUP: nobody's. */
static uint32_t ended_group(const st_wood *w, const st_ending *e)
{
    if (st_guid_zero(&e->guid) || !e->utc)
        return ST_NO_GROUP;
    return st_group_find(w, st_tree_host(w, e->computer), &e->guid);
}

/* Event ID 5 by key; the earliest counts, a live one before a recovered one. */
bool st_tree_end(st_wood *w)
{
    const st_store *s = w->pub.store;
    st_proc *procs = w->pub.procs;
    unsigned char *by_live = calloc(w->pub.n ? w->pub.n : 1, 1);
    if (!by_live)
        return false;
    for (size_t i = 0; i < s->nendings; i++) {
        const st_ending *e = &s->endings[i];
        uint32_t id = ended_group(w, e);
        bool ambiguous;
        if (id == ST_NO_GROUP)
            continue;
        const st_group *g = &w->groups[id];
        const st_claim claim = { e->utc, e->pid, ST_ABSENT, ST_ABSENT };
        st_node n = st_group_pick(w, g, &claim, &ambiguous);
        if (n != ST_NO_NODE)
            end_node(&procs[n], e, &by_live[n]);
        for (uint32_t k = 0; w->duplicates && k < g->count; k++) {
            n = w->members[g->first + k];
            end_node(&procs[n], e, &by_live[n]);
        }
    }
    free(by_live);
    return true;
}

/* circles */

/* Cuts the circle that n lies on at its youngest node. */
static void cut(st_wood *w, st_node n)
{
    st_proc *procs = w->pub.procs;
    st_node youngest = n;
    for (st_node i = procs[n].parent; i != n; i = procs[i].parent)
        if (procs[i].start > procs[youngest].start ||
            (i > youngest && procs[i].start == procs[youngest].start))
            youngest = i;
    st_proc *p = &procs[youngest];
    p->parent = ST_NO_NODE;
    p->link = ST_LINK_NONE;
    p->flags &= ~(unsigned)(ST_P_AMBIGUOUS_PARENT | ST_P_PARENT_LATER | ST_P_PARENT_DIFFERS);
    p->flags |= ST_P_CYCLE;
    w->pub.stats.cycles++;
}

/* Each walk goes up until it meets a root, an earlier walk's trail, or its own: a circle. */
bool st_tree_cut_cycles(st_wood *w)
{
    w->rising = st_tree_measure_rising(w);
    if (w->rising)
        return true;
    uint32_t *trail = calloc(w->pub.n ? w->pub.n : 1, sizeof *trail);
    if (!trail)
        return false;
    for (size_t i = 0; i < w->pub.n; i++) {
        uint32_t walk = (uint32_t)i + 1;
        st_node n = (st_node)i;
        while (n != ST_NO_NODE && !trail[n]) {
            trail[n] = walk;
            n = w->pub.procs[n].parent;
        }
        if (n != ST_NO_NODE && trail[n] == walk)
            cut(w, n);
    }
    free(trail);
    return true;
}
