/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer.c - what a process id says where no GUID does: ends without one, parents without one, and
 * only where nothing speaks against it.
 *
 * All uses of a pid lie sorted by (host, pid, start): nodes, and processes of which only an end or
 * another event is known. Below a child's start the last use of its parent's pid is the one that
 * can have been the parent; it must be an observed, live process (its own GUID may be zero), not
 * ended, of the same boot, and of the image that the child recorded. A second one of that pid and
 * boot that isn't known to have ended makes it two candidates, and so none. A boot ends where
 * Sysmon's service starts (Event ID 4), and where the boot number in the ProcessGuids changes.
 * Where no node can have been the parent and the child names its image, a placeholder stands for
 * it: one for each (host, pid, image, boot).
 *
 * Where Windows itself recorded creations (4688), a later one of a pid says that the one before had
 * ended; boots begin with the events that say so and with smss.exe below System, whichever is
 * first.
 */
#include "tree/forest.h"
#include "base/limits.h"
#include "base/search.h"

#include <stdlib.h>

typedef struct use {
    uint64_t key; /* host, pid */
    st_ticks start;
    st_ticks others_end; /* the latest end among earlier ones of the same pid and boot */
    st_node node;        /* ST_NO_NODE: known from an end alone */
    st_guid guid;
} use;

typedef struct service_start {
    uint32_t host;
    st_ticks utc;
    bool boot; /* of Windows; else of Sysmon */
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
    if (a->utc != b->utc)
        return a->utc < b->utc ? -1 : 1;
    return b->boot - a->boot;
}

static bool is_by(const void *item, const void *key)
{
    return by_service(item, key) <= 0;
}

/* How many service starts lie up to (host, when), in the sorted list. */
static size_t starts_before(const inferring *in, uint32_t host, st_ticks when)
{
    service_start at = { .host = host, .utc = when };
    return st_lower_bound(in->starts, in->nstarts, sizeof *in->starts, &at, is_by);
}

/* A moment in a host's time, with a GUID of then, if any. */
typedef struct moment {
    uint32_t host;
    st_ticks when;
    const st_guid *guid;
} moment;

static moment start_of(const st_proc *p)
{
    return (moment){ p->host, p->start, &p->guid };
}

static moment use_start(const use *u)
{
    return (moment){ (uint32_t)(u->key >> 32), u->start, &u->guid };
}

static bool same_boot(const inferring *in, moment a, moment b)
{
    unsigned x, y;
    if (st_guid_boot(a.guid, &x) && st_guid_boot(b.guid, &y) && x != y)
        return false;
    return starts_before(in, a.host, a.when) == starts_before(in, b.host, b.when);
}

bool st_tree_eligible(const st_wood *w, const st_proc *p)
{
    const st_creations *c = &w->pub.store->creations;
    return p->parent == ST_NO_NODE && st_proc_live(p) && p->start &&
           st_guid_zero(&c->parent_guid[p->row]) && c->parent_pid[p->row] != ST_NO_U32;
}

/* Is it the end of a process that is no node? */
static bool ends_a_stranger(const st_wood *w, const st_ending *e)
{
    return e->origin == ST_O_LIVE && e->pid != ST_NO_U32 && st_guid_start(&e->guid) &&
           st_group_find(w, st_tree_host(w, e->computer), &e->guid) == ST_NO_GROUP;
}

static void gather_uses(inferring *in)
{
    const st_wood *w = in->w;
    const st_store *s = w->pub.store;
    for (size_t i = 0; i < w->pub.n; i++) {
        const st_proc *p = &w->pub.procs[i];
        if (p->pid != ST_NO_U32 && p->start && !(w->duplicates && p->instance))
            in->uses[in->nuses++] =
                (use){ use_key(p->host, p->pid), p->start, 0, (st_node)i, p->guid };
    }
    for (size_t i = 0; i < s->nendings; i++) {
        const st_ending *e = &s->endings[i];
        if (ends_a_stranger(w, e))
            in->uses[in->nuses++] =
                (use){ use_key(st_tree_host(w, e->computer), e->pid),
                       st_tree_guid_time(s, e->computer, &e->guid), 0, ST_NO_NODE, e->guid };
    }
}

static bool is_audited(const st_wood *w, st_node n)
{
    return n < w->pub.observed &&
           w->pub.store->creations.provider[w->pub.procs[n].row] == ST_SECURITY;
}

/* The session manager that System starts: once a boot. */
static bool is_first_process(const st_wood *w, st_node n)
{
    const st_proc *p = &w->pub.procs[n];
    enum { SYSTEM_PID = 4 };
    return is_audited(w, n) && st_proc_live(p) && p->start &&
           w->pub.store->creations.parent_pid[p->row] == SYSTEM_PID &&
           st_str_ieq(st_str_basename(st_pool_get(w->pub.pool, p->image)), ST_STR("smss.exe"));
}

/* One boot is told of several times within minutes, and Sysmon's service starts in it: the first
 * counts. Sorted already. */
static size_t one_a_boot(service_start *v, size_t n)
{
    size_t out = 0, boot = SIZE_MAX; /* the boot kept last */
    for (size_t i = 0; i < n; i++) {
        if (boot != SIZE_MAX && v[boot].host == v[i].host &&
            v[i].utc - v[boot].utc <= ST_BOOT_SPREAD)
            continue;
        if (v[i].boot)
            boot = out;
        v[out++] = v[i];
    }
    return out;
}

static void gather_starts(inferring *in)
{
    const st_wood *w = in->w;
    const st_store *s = w->pub.store;
    for (size_t i = 0; i < s->nservices; i++) {
        const st_service *v = &s->services[i];
        st_str state = st_pool_get(w->pub.pool, v->state);
        bool boot = st_str_eq(state, ST_STR("boot")) && v->origin == ST_O_LIVE;
        if (v->utc && (boot || st_str_ieq(state, ST_STR("Started"))))
            in->starts[in->nstarts++] =
                (service_start){ st_tree_host(w, v->computer), v->utc, boot };
    }
    for (size_t i = 0; i < w->pub.observed; i++)
        if (is_first_process(w, (st_node)i))
            in->starts[in->nstarts++] =
                (service_start){ w->pub.procs[i].host, w->pub.procs[i].start, true };
    qsort(in->starts, in->nstarts, sizeof *in->starts, by_service);
    in->nstarts = one_a_boot(in->starts, in->nstarts);
}

static bool gather(inferring *in)
{
    const st_wood *w = in->w;
    const st_store *s = w->pub.store;
    in->uses = malloc((w->pub.n + s->nendings + 1) * sizeof *in->uses);
    in->starts = malloc((s->nservices + w->pub.observed + 1) * sizeof *in->starts);
    if (!in->uses || !in->starts)
        return false;
    gather_uses(in);
    gather_starts(in);
    qsort(in->uses, in->nuses, sizeof *in->uses, by_use);
    return true;
}

static st_ticks end_of(const inferring *in, const use *u)
{
    st_ticks end = u->node == ST_NO_NODE ? 0 : in->w->pub.procs[u->node].end;
    return end ? end : UINT64_MAX;
}

/* Gives every use the latest end among its predecessors of one pid and boot. */
static void reach(inferring *in)
{
    for (size_t i = 1; i < in->nuses; i++) {
        const use *before = &in->uses[i - 1];
        if (before->key != in->uses[i].key ||
            !same_boot(in, use_start(before), use_start(&in->uses[i])))
            continue;
        st_ticks end = end_of(in, before);
        if (is_audited(in->w, in->uses[i].node) && end >= in->uses[i].start)
            end = in->uses[i].start - 1;
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
    if (in->uses[i].node == ST_NO_NODE)
        return ST_NO_NODE;
    const st_proc *up = &w->pub.procs[in->uses[i].node];
    if (!(up->flags & ST_P_OBSERVED) || !st_proc_live(up))
        return ST_NO_NODE;
    if ((up->end && up->end < p->start) || in->uses[i].others_end >= p->start)
        return ST_NO_NODE;
    if (!same_boot(in, start_of(up), start_of(p)))
        return ST_NO_NODE;
    st_sid image = c->parent_image[p->row];
    if (st_tree_recorded(w->pub.pool, image) &&
        !st_fold_eq(st_pool_get(w->pub.pool, image), st_pool_get(w->pub.pool, up->image)))
        return ST_NO_NODE;
    return in->uses[i].node;
}

/* ends without a GUID */

static bool nameless(const st_ending *e)
{
    return e->origin == ST_O_LIVE && e->pid != ST_NO_U32 && e->utc && st_guid_zero(&e->guid);
}

/* Ends the last use of the pid before it. The earliest end counts. */
static bool other_image(const inferring *in, const st_ending *e, const st_proc *p)
{
    const st_pool *pool = in->w->pub.pool;
    return st_tree_recorded(pool, e->image) && st_tree_recorded(pool, p->image) &&
           !st_fold_eq(st_pool_get(pool, e->image), st_pool_get(pool, p->image));
}

static void end_last(const inferring *in, const st_ending *e)
{
    uint32_t host = st_tree_host(in->w, e->computer);
    size_t i = last_use(in, use_key(host, e->pid), e->utc);
    if (i == SIZE_MAX || in->uses[i].node == ST_NO_NODE)
        return;
    st_proc *p = &in->w->pub.procs[in->uses[i].node];
    static const st_guid nobody;
    bool by_sysmon = p->end && !is_audited(in->w, in->uses[i].node);
    if (other_image(in, e, p) || (e->image != ST_ABSENT && by_sysmon))
        return;
    if (same_boot(in, start_of(p), (moment){ host, e->utc, &nobody }) && e->utc > p->start &&
        (!p->end || p->end > e->utc))
        p->end = e->utc;
}

/* parents that a child names and nobody saw */

typedef struct claim {
    st_node child;
    uint32_t host, pid;
    st_sid image; /* folded */
    size_t boot;  /* services started before */
    unsigned number;
} claim;

static int by_claim(const void *pa, const void *pb, void *pool)
{
    const claim *a = pa, *b = pb;
    if (a->host != b->host || a->pid != b->pid) {
        uint64_t x = use_key(a->host, a->pid), y = use_key(b->host, b->pid);
        return x < y ? -1 : 1;
    }
    if (a->image != b->image)
        return st_str_cmp(st_pool_get(pool, a->image), st_pool_get(pool, b->image));
    if (a->boot != b->boot)
        return a->boot < b->boot ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->child < b->child ? -1 : a->child > b->child;
}

static bool same_claim(const claim *a, const claim *b)
{
    return a->host == b->host && a->pid == b->pid && a->image == b->image && a->boot == b->boot &&
           a->number == b->number;
}

static bool names_image(const st_wood *w, const st_proc *p)
{
    return st_tree_eligible(w, p) &&
           st_tree_recorded(w->pub.pool, w->pub.store->creations.parent_image[p->row]);
}

static claim claim_of(const inferring *in, st_node n, st_buf *text)
{
    const st_wood *w = in->w;
    const st_creations *c = &w->pub.store->creations;
    const st_proc *p = &w->pub.procs[n];
    unsigned boot = 0;
    st_buf_clear(text);
    st_fold_put(text, st_pool_get(w->pub.pool, c->parent_image[p->row]));
    return (claim){ .child = n,
                    .host = p->host,
                    .pid = c->parent_pid[p->row],
                    .image = st_pool_put(w->pub.pool, st_buf_slice(text)),
                    .boot = starts_before(in, p->host, p->start),
                    .number = st_guid_boot(&p->guid, &boot) ? boot : UINT32_MAX };
}

static st_proc claimed(const st_wood *w, st_node child)
{
    const st_creations *c = &w->pub.store->creations;
    const st_proc *p = &w->pub.procs[child];
    return (st_proc){ .row = ST_NO_ROW,
                      .host = p->host,
                      .parent = ST_NO_NODE,
                      .first_child = ST_NO_NODE,
                      .next_sibling = ST_NO_NODE,
                      .origin = p->origin,
                      .pid = c->parent_pid[p->row],
                      .image = c->parent_image[p->row],
                      .command_line = c->parent_command_line[p->row],
                      .user = c->parent_user[p->row],
                      .server = ST_NO_NODE };
}

/* Adds the placeholders of n sorted claims, each for the oldest child that makes it. */
static bool add_claimed(st_wood *w, const claim *claims, size_t n)
{
    if (!st_tree_reserve(w, w->pub.n + n))
        return false;
    st_proc *procs = w->pub.procs;
    for (size_t i = 0; i < n; i++) {
        if (!i || !same_claim(&claims[i - 1], &claims[i])) {
            procs[w->pub.n++] = claimed(w, claims[i].child);
            w->pub.stats.placeholders++;
        }
        procs[claims[i].child].parent = (st_node)(w->pub.n - 1);
        procs[claims[i].child].link = ST_LINK_INFERRED;
    }
    return true;
}

static bool claim_parents(inferring *in)
{
    st_wood *w = in->w;
    size_t n = 0, at = 0;
    for (size_t i = 0; i < w->pub.observed; i++)
        n += names_image(w, &w->pub.procs[i]);
    if (!n)
        return true;
    claim *claims = malloc(n * sizeof *claims);
    st_buf text = { 0 };
    for (size_t i = 0; claims && i < w->pub.observed; i++)
        if (names_image(w, &w->pub.procs[i]))
            claims[at++] = claim_of(in, (st_node)i, &text);
    bool ok = claims && !text.failed && w->pub.n + n + w->pub.nevents + w->pub.nhosts < ST_NO_NODE;
    if (ok) {
        qsort_r(claims, n, sizeof *claims, by_claim, w->pub.pool);
        ok = add_claimed(w, claims, n);
    }
    free(claims);
    st_buf_free(&text);
    return ok;
}

/* what there is to do */

static bool anything(const st_wood *w)
{
    const st_store *s = w->pub.store;
    if (atomic_load(&w->orphans))
        return true;
    for (size_t i = 0; i < s->nendings; i++)
        if (nameless(&s->endings[i]))
            return true;
    return false;
}

bool st_tree_infer(st_wood *w)
{
    const st_store *s = w->pub.store;
    if (!anything(w))
        return true;
    inferring in = { .w = w };
    bool ok = gather(&in);
    for (size_t i = 0; ok && i < s->nendings; i++)
        if (nameless(&s->endings[i]))
            end_last(&in, &s->endings[i]);
    if (ok)
        reach(&in);
    for (size_t i = 0; ok && i < w->pub.observed; i++) {
        st_proc *p = &w->pub.procs[i];
        if (!st_tree_eligible(w, p))
            continue;
        p->parent = parent_of(&in, (st_node)i);
        if (p->parent != ST_NO_NODE)
            p->link = ST_LINK_INFERRED;
    }
    ok = ok && claim_parents(&in);
    free(in.uses);
    free(in.starts);
    return ok;
}
