/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - Windows' own process creations (4688) beside Sysmon's, or where there are none.
 *
 * One that Sysmon recorded, too, is found by host, PID, image and time, becomes part of that node
 * and only adds: what Sysmon's record leaves empty, and that the two name different creators. What
 * is left are processes of their own. While Sysmon records nothing (it isn't there, was stopped,
 * its log begins later) there are no edges but inferred ones; there rules may cross them, and what
 * they find so is graded one level lower. Which times those are the creations themselves say.
 */
#include "tree/forest.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static bool is_audited(const st_wood *w, const st_proc *p)
{
    return p->row != ST_NO_ROW && w->pub.store->creations.provider[p->row] == ST_SECURITY;
}

static bool any_audited(const st_store *s)
{
    for (size_t i = 0; i < s->npresences; i++)
        if (s->presences[i].audited)
            return true;
    return false;
}

/* joining */

typedef struct other {
    uint64_t key; /* host, pid */
    st_ticks start;
    st_node node;
} other;

static int by_key(const void *pa, const void *pb)
{
    const other *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static bool lies_before(const void *item, const void *key)
{
    const other *o = item, *at = key;
    return o->key < at->key || (o->key == at->key && o->start < at->start);
}

static uint64_t key_of(const st_proc *p)
{
    return (uint64_t)p->host << 32 | p->pid;
}

static uint64_t host_of(const st_proc *p)
{
    return p->host;
}

/* Sysmon's creations by that key and time; NULL: no memory. */
static other *sysmons(const st_wood *w, uint64_t (*key)(const st_proc *p), size_t *n)
{
    other *all = malloc((w->pub.observed + 1) * sizeof *all);
    *n = 0;
    for (size_t i = 0; all && i < w->pub.observed; i++) {
        const st_proc *p = &w->pub.procs[i];
        if (!is_audited(w, p) && p->pid != ST_NO_U32 && p->start)
            all[(*n)++] = (other){ key(p), p->start, (st_node)i };
    }
    if (all)
        qsort(all, *n, sizeof *all, by_key);
    return all;
}

static st_ticks apart(st_ticks a, st_ticks b)
{
    return a > b ? a - b : b - a;
}

static bool same_image(const st_wood *w, const st_proc *a, const st_proc *b)
{
    const st_pool *p = w->pub.pool;
    return st_tree_recorded(p, a->image) && st_tree_recorded(p, b->image) &&
           st_fold_eq(st_pool_get(p, a->image), st_pool_get(p, b->image));
}

/* The nearest in time that nobody has joined; SIZE_MAX: none. */
static size_t partner(const st_wood *w, const other *all, size_t n, const uint8_t *taken,
                      const st_proc *p)
{
    st_ticks near = ST_AUDIT_APART + 1;
    size_t best = SIZE_MAX;
    other from = { .key = key_of(p),
                   .start = p->start > ST_AUDIT_APART ? p->start - ST_AUDIT_APART : 0 };
    size_t i = st_lower_bound(all, n, sizeof *all, &from, lies_before);
    size_t end = i + ST_MAX_NAMESAKES;
    for (; i < n && i < end && all[i].key == from.key; i++) {
        st_ticks off = apart(all[i].start, p->start);
        if (all[i].start > p->start && off > ST_AUDIT_APART)
            break;
        if (off < near && !taken[i] && same_image(w, p, &w->pub.procs[all[i].node])) {
            near = off;
            best = i;
        }
    }
    return best;
}

static bool creators_differ(const st_wood *w, uint32_t a, uint32_t b)
{
    const st_creations *c = &w->pub.store->creations;
    const st_pool *p = w->pub.pool;
    if (c->parent_pid[a] != ST_NO_U32 && c->parent_pid[b] != ST_NO_U32 &&
        c->parent_pid[a] != c->parent_pid[b])
        return true;
    return st_tree_recorded(p, c->parent_image[a]) && st_tree_recorded(p, c->parent_image[b]) &&
           !st_fold_eq(st_pool_get(p, c->parent_image[a]), st_pool_get(p, c->parent_image[b]));
}

static void add_text(const st_wood *w, st_sid *to, st_sid from)
{
    if (!st_tree_recorded(w->pub.pool, *to) && st_tree_recorded(w->pub.pool, from))
        *to = from;
}

/* What Sysmon's record leaves empty. */
static void add(st_wood *w, st_proc *p, uint32_t from)
{
    const st_creations *c = &w->pub.store->creations;
    uint32_t row = p->row;
    add_text(w, &c->command_line[row], c->command_line[from]);
    add_text(w, &c->user[row], c->user[from]);
    add_text(w, &c->parent_image[row], c->parent_image[from]);
    add_text(w, &c->parent_user[row], c->parent_user[from]);
    add_text(w, &c->integrity_level[row], c->integrity_level[from]);
    if (c->logon_id[row] == ST_NO_U64)
        c->logon_id[row] = c->logon_id[from];
    p->command_line = c->command_line[row];
    p->user = c->user[row];
    p->flags |= ST_P_AUDITED;
    if (creators_differ(w, row, from))
        p->flags |= ST_P_PARENT_DIFFERS;
}

/* Takes the nodes out that have been joined; the others keep their order. */
static void close_up(st_wood *w, const uint8_t *gone)
{
    size_t out = 0;
    for (size_t i = 0; i < w->pub.observed; i++)
        if (!gone[i])
            w->pub.procs[out++] = w->pub.procs[i];
    w->pub.n = w->pub.observed = out;
    w->pub.stats.observed = out;
}

bool st_tree_join_audited(st_wood *w)
{
    if (w->duplicates || !any_audited(w->pub.store))
        return true;
    size_t n;
    other *all = sysmons(w, key_of, &n);
    uint8_t *taken = calloc(n + 1, 1), *gone = calloc(w->pub.observed + 1, 1);
    bool ok = all && taken && gone;
    for (size_t i = 0; ok && i < w->pub.observed; i++) {
        const st_proc *p = &w->pub.procs[i];
        size_t k = is_audited(w, p) && p->pid != ST_NO_U32 && p->start
                       ? partner(w, all, n, taken, p)
                       : SIZE_MAX;
        if (k == SIZE_MAX)
            continue;
        taken[k] = gone[i] = 1;
        w->pub.hosts[p->host].joined++;
        add(w, &w->pub.procs[all[k].node], p->row);
    }
    if (ok)
        close_up(w, gone);
    free(all);
    free(taken);
    free(gone);
    return ok;
}

/* edges that rules may cross */

/* A moment of a host beside the creations of Sysmon that lie around it. */
typedef struct around {
    bool before, after;    /* is there one? */
    st_ticks since, until; /* how far away they are */
} around;

static around creations_around(const other *all, size_t n, const st_proc *p)
{
    other at = { .key = p->host, .start = p->start };
    size_t i = st_lower_bound(all, n, sizeof *all, &at, lies_before);
    around a = { .before = i && all[i - 1].key == at.key, .after = i < n && all[i].key == at.key };
    if (a.before)
        a.since = p->start - all[i - 1].start;
    if (a.after)
        a.until = all[i].start - p->start;
    return a;
}

/* Sysmon recorded at that time: between two of its creations that are no silence apart. */
static bool watched(const around *a)
{
    return (a->after && !a->until) ||
           (a->before && a->after && a->since + a->until <= ST_SYSMON_SILENCE);
}

static bool far_from_any(const around *a)
{
    return !(a->before && a->since <= ST_SYSMON_SILENCE) &&
           !(a->after && a->until <= ST_SYSMON_SILENCE);
}

static void cross(st_wood *w, st_proc *p, const other *all, size_t n)
{
    around a = creations_around(all, n, p);
    if (p->start && far_from_any(&a))
        p->flags |= ST_P_UNWATCHED;
    if (p->link != ST_LINK_INFERRED || watched(&a))
        return;
    p->flags |= ST_P_CROSSED;
    w->pub.stats.crossed++;
}

bool st_tree_cross_audited(st_wood *w)
{
    if (!any_audited(w->pub.store))
        return true;
    size_t n;
    other *all = sysmons(w, host_of, &n);
    if (!all)
        return false;
    for (size_t i = 0; i < w->pub.observed; i++)
        if (is_audited(w, &w->pub.procs[i]))
            cross(w, &w->pub.procs[i], all, n);
    free(all);
    return true;
}
