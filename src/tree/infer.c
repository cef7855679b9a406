/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer.c - parents by process id, where no GUID names one, and only where nothing speaks
 * against it.
 *
 * All nodes lie sorted by (host, pid, start). Below a child's start the last of its parent's
 * pid is the one that can have been the parent; it must be an observed, live process, not
 * ended, of the same boot, and of the image that the child recorded. A second one of that pid
 * and boot that isn't known to have ended makes it two candidates, and so none.
 * A boot ends where Sysmon's service starts (Event ID 4), and where the boot number in the
 * ProcessGuids changes.
 */
#include "tree/forest.h"
#include "base/search.h"

#include <stdlib.h>

typedef struct use {
    uint64_t key; /* host, pid */
    st_ticks start;
    st_ticks others_end; /* the latest end among earlier ones of the same pid and boot */
    st_node node;
} use;

typedef struct service_start {
    uint32_t host;
    st_ticks utc;
} service_start;

typedef struct inferring {
    st_wood *w;
    use *uses;
    size_t nuses;
    service_start *starts;
    size_t nstarts;
} inferring;

bool st_guid_boot(const st_guid *g, unsigned *boot)
{
    uint32_t low = (uint32_t)g->b[8] | (uint32_t)g->b[9] << 8 | (uint32_t)g->b[10] << 16 |
                   (uint32_t)g->b[11] << 24;
    *boot = (unsigned)g->b[14] | (unsigned)g->b[15] << 8;
    /* Older form: the object type "process" there. Sequence number 0: no process's. */
    return low != 0 && low != UINT32_C(0x10000000);
}

static uint64_t use_key(uint32_t host, uint32_t pid)
{
    return (uint64_t)host << 32 | pid;
}

static int by_use(const void *pa, const void *pb)
{
    const use *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static int by_service(const void *pa, const void *pb)
{
    const service_start *a = pa, *b = pb;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    return a->utc < b->utc ? -1 : a->utc > b->utc;
}

static bool is_by(const void *item, const void *key)
{
    return by_service(item, key) <= 0;
}

/* How many service starts lie up to (host, when), in the sorted list. */
static size_t starts_before(const inferring *in, uint32_t host, st_ticks when)
{
    service_start at = { host, when };
    return st_lower_bound(in->starts, in->nstarts, sizeof *in->starts, &at, is_by);
}

static bool same_boot(const inferring *in, const st_proc *a, const st_proc *b)
{
    unsigned x, y;
    if (st_guid_boot(&a->guid, &x) && st_guid_boot(&b->guid, &y) && x != y)
        return false;
    return starts_before(in, a->host, a->start) == starts_before(in, b->host, b->start);
}

/* Does the process lack all that a rule needs to look for its parent by pid? */
static bool eligible(const st_wood *w, const st_proc *p)
{
    const st_creations *c = &w->pub.store->creations;
    return p->parent == ST_NO_NODE && st_proc_live(p) && p->start &&
           st_guid_zero(&c->parent_guid[p->row]) && c->parent_pid[p->row] != ST_NO_U32;
}

static bool gather(inferring *in)
{
    const st_wood *w = in->w;
    const st_store *s = w->pub.store;
    in->uses = malloc((w->pub.n ? w->pub.n : 1) * sizeof *in->uses);
    in->starts = malloc((s->nservices ? s->nservices : 1) * sizeof *in->starts);
    if (!in->uses || !in->starts)
        return false;
    for (size_t i = 0; i < w->pub.n; i++) {
        const st_proc *p = &w->pub.procs[i];
        if (p->pid != ST_NO_U32 && p->start && !(w->duplicates && p->instance))
            in->uses[in->nuses++] = (use){ use_key(p->host, p->pid), p->start, 0, (st_node)i };
    }
    for (size_t i = 0; i < s->nservices; i++) {
        const st_service *v = &s->services[i];
        if (v->utc && st_str_ieq(st_pool_get(w->pub.pool, v->state), ST_STR("Started")))
            in->starts[in->nstarts++] = (service_start){ st_tree_host(w, v->computer), v->utc };
    }
    qsort(in->uses, in->nuses, sizeof *in->uses, by_use);
    qsort(in->starts, in->nstarts, sizeof *in->starts, by_service);
    return true;
}

/* Gives every use the latest end among its predecessors of one pid and boot. */
static void reach(inferring *in)
{
    for (size_t i = 1; i < in->nuses; i++) {
        const use *before = &in->uses[i - 1];
        const st_proc *p = &in->w->pub.procs[before->node];
        if (before->key != in->uses[i].key ||
            !same_boot(in, p, &in->w->pub.procs[in->uses[i].node]))
            continue;
        st_ticks end = p->end ? p->end : UINT64_MAX;
        in->uses[i].others_end = end > before->others_end ? end : before->others_end;
    }
}

static bool begins_by(const void *item, const void *key)
{
    const use *u = item, *at = key;
    return u->key < at->key || (u->key == at->key && u->start <= at->start);
}

/* The last use of (host, pid) that began no later than `when`; SIZE_MAX: none. */
static size_t last_use(const inferring *in, uint64_t key, st_ticks when)
{
    use at = { .key = key, .start = when };
    size_t later = st_lower_bound(in->uses, in->nuses, sizeof *in->uses, &at, begins_by);
    return later && in->uses[later - 1].key == key ? later - 1 : SIZE_MAX;
}

static st_node parent_of(const inferring *in, st_node child)
{
    const st_wood *w = in->w;
    const st_creations *c = &w->pub.store->creations;
    const st_proc *p = &w->pub.procs[child];
    uint64_t key = use_key(p->host, c->parent_pid[p->row]);
    size_t i = last_use(in, key, p->start);
    if (i != SIZE_MAX && in->uses[i].node == child)
        i = i && in->uses[i - 1].key == key ? i - 1 : SIZE_MAX;
    if (i == SIZE_MAX)
        return ST_NO_NODE;
    const st_proc *up = &w->pub.procs[in->uses[i].node];
    if (!(up->flags & ST_P_OBSERVED) || !st_proc_live(up) || st_guid_zero(&up->guid))
        return ST_NO_NODE;
    if ((up->end && up->end < p->start) || in->uses[i].others_end >= p->start)
        return ST_NO_NODE;
    if (!same_boot(in, up, p))
        return ST_NO_NODE;
    st_sid image = c->parent_image[p->row];
    if (st_tree_recorded(w->pub.pool, image) &&
        !st_fold_eq(st_pool_get(w->pub.pool, image), st_pool_get(w->pub.pool, up->image)))
        return ST_NO_NODE;
    return in->uses[i].node;
}

bool st_tree_infer(st_wood *w)
{
    size_t wanted = 0;
    for (size_t i = 0; i < w->pub.observed && !wanted; i++)
        wanted += eligible(w, &w->pub.procs[i]);
    if (!wanted)
        return true;
    inferring in = { .w = w };
    bool ok = gather(&in);
    if (ok)
        reach(&in);
    for (size_t i = 0; ok && i < w->pub.observed; i++) {
        st_proc *p = &w->pub.procs[i];
        if (!eligible(w, p))
            continue;
        p->parent = parent_of(&in, (st_node)i);
        if (p->parent != ST_NO_NODE)
            p->link = ST_LINK_INFERRED;
    }
    free(in.uses);
    free(in.starts);
    return ok;
}
