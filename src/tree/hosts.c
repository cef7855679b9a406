/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts.c - the hosts: their names, in order, and an account of each.
 */
#include "tree/forest.h"

#include "base/os/os.h"
#include "base/radix.h"
#include "base/runs.h"

#include <stdlib.h>
#include <string.h>

typedef struct naming {
    st_sid spelled, key;
} naming;

typedef struct names {
    naming *p;
    size_t n, cap;
    bool failed;
    st_buf scratch;
} names;

/* A Computer as spelled; each is taken once. host_of says 0 for those already met. */
static void meet(st_wood *w, names *all, st_sid spelled)
{
    if (all->failed || !w->host_of[spelled])
        return;
    w->host_of[spelled] = 0;
    if (!st_grow(&all->p, &all->cap, all->n + 1, sizeof *all->p)) {
        all->failed = true;
        return;
    }
    st_buf_clear(&all->scratch);
    st_fold_put(&all->scratch, st_pool_get(w->pub.pool, spelled));
    st_sid key = st_pool_put(w->pub.pool, st_buf_slice(&all->scratch));
    all->p[all->n++] = (naming){ spelled, key };
}

static void meet_all(st_wood *w, names *all)
{
    const st_store *s = w->pub.store;
    for (size_t i = 0; i < s->creations.n; i++)
        meet(w, all, s->creations.computer[i]);
    for (size_t i = 0; i < s->nendings; i++)
        meet(w, all, s->endings[i].computer);
    for (size_t i = 0; i < s->nservices; i++)
        meet(w, all, s->services[i].computer);
    for (size_t i = 0; i < s->nseen; i++)
        meet(w, all, s->seen[i].computer);
    for (size_t i = 0; i < s->npresences; i++)
        meet(w, all, s->presences[i].computer);
    for (size_t k = 0; k < st_event_kinds(); k++)
        for (size_t i = 0; i < s->events[k].n; i++)
            meet(w, all, s->events[k].computer[i]);
}

static int by_name(const void *pa, const void *pb, void *ctx)
{
    const naming *a = pa, *b = pb;
    const st_pool *pool = ctx;
    int d = a->key == b->key ? 0 : st_str_cmp(st_pool_get(pool, a->key), st_pool_get(pool, b->key));
    return d ? d : st_str_cmp(st_pool_get(pool, a->spelled), st_pool_get(pool, b->spelled));
}

static bool make_hosts(st_wood *w, names *all)
{
    if (all->n)
        qsort_r(all->p, all->n, sizeof *all->p, by_name, w->pub.pool);
    w->pub.hosts = calloc(all->n ? all->n : 1, sizeof *w->pub.hosts);
    if (!w->pub.hosts)
        return false;
    for (size_t i = 0; i < all->n; i++) {
        if (!i || all->p[i].key != all->p[i - 1].key)
            w->pub.hosts[w->pub.nhosts++] = (st_host){ .name = all->p[i].key,
                                                       .shown = all->p[i].spelled,
                                                       .first_node = ST_NO_NODE };
        w->host_of[all->p[i].spelled] = (uint32_t)(w->pub.nhosts - 1);
    }
    return true;
}

bool st_tree_name_hosts(st_wood *w)
{
    names all = { 0 };
    w->nsids = st_pool_count(w->pub.pool);
    w->host_of = malloc((size_t)w->nsids * sizeof *w->host_of);
    if (!w->host_of)
        return false;
    memset(w->host_of, 0xff, (size_t)w->nsids * sizeof *w->host_of);
    meet_all(w, &all);
    bool ok =
        !all.failed && !all.scratch.failed && !st_pool_failed(w->pub.pool) && make_hosts(w, &all);
    free(all.p);
    st_buf_free(&all.scratch);
    return ok;
}

uint32_t st_tree_host(const st_wood *w, st_sid computer)
{
    return w->host_of[computer];
}

uint32_t st_tree_host_of(const st_forest *f, st_sid computer)
{
    const st_wood *w = (const st_wood *)f;
    return computer < w->nsids ? w->host_of[computer] : UINT32_MAX;
}

/* accounts */

static void count_audited(const st_wood *w, st_host *h, const st_proc *p)
{
    st_ticks created = w->pub.store->creations.created[p->row];
    h->audited++;
    h->wordless += !st_tree_recorded(w->pub.pool, p->command_line);
    bool unwatched = p->flags & ST_P_UNWATCHED;
    h->unwatched += unwatched;
    h->hidden += !unwatched && h->records && created >= h->first && created <= h->last;
}

/* Hosts without a record of Sysmon: their time is that of Windows' own creations. */
static bool span_audited(const st_wood *w)
{
    size_t recorded = 0;
    while (recorded < w->pub.nhosts && w->pub.hosts[recorded].records)
        recorded++;
    if (recorded == w->pub.nhosts)
        return true;
    bool *spanned = calloc(w->pub.nhosts + 1, sizeof *spanned);
    if (!spanned)
        return false;
    for (size_t i = 0; i < w->pub.observed; i++) {
        const st_proc *p = &w->pub.procs[i];
        st_host *h = &w->pub.hosts[p->host];
        st_ticks created = w->pub.store->creations.created[p->row];
        if (h->records || p->origin != ST_O_LIVE || !created)
            continue;
        if (!spanned[p->host] || created < h->first)
            h->first = created;
        if (created > h->last)
            h->last = created;
        spanned[p->host] = true;
    }
    free(spanned);
    return true;
}

static void count_nodes(st_wood *w)
{
    for (size_t i = 0; i < w->pub.observed; i++) {
        const st_proc *p = &w->pub.procs[i];
        st_host *h = &w->pub.hosts[p->host];
        h->creations++;
        if (w->pub.store->creations.provider[p->row] == ST_SECURITY)
            count_audited(w, h, p);
        h->copies += p->copies - 1;
        if (p->parent == ST_NO_NODE)
            h->parents_none++;
        else if (p->link == ST_LINK_INFERRED)
            h->parents_inferred++;
        else if (w->pub.procs[p->parent].flags & ST_P_OBSERVED)
            h->parents_observed++;
        else
            h->parents_placeholder++;
    }
}

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

/* Live ones of a host first, then by number, so that gaps are counted in one go. */
static int by_record(const void *pa, const void *pb, void *ctx)
{
    const st_wood *w = ctx;
    const st_seen *a = pa, *b = pb;
    ORDER(st_tree_host(w, a->computer), st_tree_host(w, b->computer));
    ORDER(a->event_record_id, b->event_record_id);
    ORDER(a->created, b->created);
    ORDER(a->event_id, b->event_id);
    ORDER(a->origin, b->origin);
    return 0;
}

static bool one_record(const st_wood *w, const st_seen *a, const st_seen *b)
{
    return st_tree_host(w, a->computer) == st_tree_host(w, b->computer) &&
           a->event_record_id == b->event_record_id && a->created == b->created &&
           a->event_id == b->event_id;
}

static void count_live(st_host *h, const st_seen *n, uint64_t *distinct)
{
    if (n->created && (!h->first || n->created < h->first))
        h->first = n->created;
    if (n->created > h->last)
        h->last = n->created;
    if (!n->event_record_id)
        return;
    if (!h->first_record)
        h->first_record = n->event_record_id;
    *distinct += n->event_record_id != h->last_record;
    h->last_record = n->event_record_id;
}

/* Sorts keys by host and number: at once, if both fit one key. */
static bool sort_keys(const st_wood *w, const st_seen *seen, st_keyed *keys, size_t n)
{
    enum { NUMBER_BITS = 40 };
    uint64_t numbers = 0;
    for (size_t i = 0; i < n; i++)
        numbers |= seen[i].event_record_id;
    bool fit = numbers >> NUMBER_BITS == 0 && w->pub.nhosts >> (64 - NUMBER_BITS) == 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t host = fit ? st_tree_host(w, seen[i].computer) : 0;
        keys[i] = (st_keyed){ host << NUMBER_BITS | seen[i].event_record_id, (uint32_t)i };
    }
    if (!st_radix_sort(keys, n))
        return false;
    for (size_t i = 0; !fit && i < n; i++)
        keys[i].key = st_tree_host(w, seen[keys[i].item].computer);
    return fit || st_radix_sort(keys, n);
}

/* Sorts the list of records seen by host and number, what has one number by the rest. */
static bool sort_seen(const st_wood *w, st_store *s)
{
    size_t n = s->nseen;
    st_keyed *keys = malloc((n ? n : 1) * sizeof *keys);
    st_seen *moved = malloc((n ? n : 1) * sizeof *moved);
    st_os_dense(keys, n * sizeof *keys);
    st_os_dense(moved, n * sizeof *moved);
    bool ok = keys && moved && n <= UINT32_MAX && sort_keys(w, s->seen, keys, n);
    for (size_t i = 0; ok && i < n; i++)
        moved[i] = s->seen[keys[i].item];
    free(keys);
    if (!ok) {
        free(moved);
        return false;
    }
    for (size_t i = 0, end; i < n; i = end) {
        bool sorted = true; /* as copies of one record are */
        for (end = i + 1; end < n && moved[end].event_record_id == moved[i].event_record_id; end++)
            sorted = sorted && by_record(&moved[end - 1], &moved[end], (void *)(uintptr_t)w) <= 0;
        if (!sorted)
            qsort_r(moved + i, end - i, sizeof *moved, by_record, (void *)(uintptr_t)w);
    }
    free(s->seen);
    s->seen = moved;
    s->seen_cap = n ? n : 1;
    return true;
}

/* The order of the list of records seen means nothing: it is sorted in its place. */
void st_tree_count_records(st_wood *w)
{
    st_store *s = (st_store *)(uintptr_t)w->pub.store;
    if (!st_runs_sort(s->seen, s->nseen, sizeof *s->seen, by_record, w) && !sort_seen(w, s))
        qsort_r(s->seen, s->nseen, sizeof *s->seen, by_record, w);
    uint64_t distinct = 0; /* live numbers of the host at hand */
    for (size_t i = 0; i < s->nseen; i++) {
        const st_seen *n = &s->seen[i];
        uint32_t host = st_tree_host(w, n->computer);
        st_host *h = &w->pub.hosts[host];
        h->records += !i || !one_record(w, n, n - 1);
        if (n->origin == ST_O_LIVE)
            count_live(h, n, &distinct);
        if (i + 1 < s->nseen && st_tree_host(w, s->seen[i + 1].computer) == host)
            continue;
        if (h->first_record)
            h->gaps = h->last_record - h->first_record + 1 - distinct;
        distinct = 0;
    }
}

/* Is a newer than b, or else the one that sorts later? */
static bool newer(const st_wood *w, const st_service *a, const st_service *b)
{
    const st_pool *p = w->pub.pool;
    if (a->utc != b->utc)
        return a->utc > b->utc;
    if (a->created != b->created)
        return a->created > b->created;
    int d = st_str_cmp(st_pool_get(p, a->version), st_pool_get(p, b->version));
    return d ? d > 0 : st_str_cmp(st_pool_get(p, a->schema), st_pool_get(p, b->schema)) > 0;
}

/* One spelling a host: that of its newest live Sysmon record; of none, the first by text. */
static bool name_shown(st_wood *w)
{
    const st_store *s = w->pub.store;
    const st_pool *pool = w->pub.pool;
    st_ticks *newest = calloc(w->pub.nhosts + 1, sizeof *newest);
    if (!newest)
        return false;
    for (size_t i = 0; i < s->nseen; i++) {
        const st_seen *n = &s->seen[i];
        uint32_t host = st_tree_host(w, n->computer);
        st_sid *shown = &w->pub.hosts[host].shown;
        if (n->origin != ST_O_LIVE || n->created < newest[host])
            continue;
        if (n->created > newest[host] ||
            (n->computer != *shown &&
             st_str_cmp(st_pool_get(pool, n->computer), st_pool_get(pool, *shown)) < 0))
            *shown = n->computer;
        newest[host] = n->created;
    }
    free(newest);
    return true;
}

static bool name_versions(st_wood *w)
{
    const st_store *s = w->pub.store;
    size_t n = w->pub.nhosts ? w->pub.nhosts : 1;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    const st_service **best = calloc(n, sizeof *best);
    if (!best)
        return false;
    for (size_t i = 0; i < s->nservices; i++) {
        const st_service *v = &s->services[i];
        if (st_str_eq(st_pool_get(w->pub.pool, v->state), ST_STR("config")) ||
            v->version <= ST_EMPTY)
            continue;
        uint32_t host = st_tree_host(w, v->computer);
        if (!best[host] || newer(w, v, best[host]))
            best[host] = v;
    }
    for (size_t i = 0; i < w->pub.nhosts; i++) {
        if (!best[i])
            continue;
        w->pub.hosts[i].sysmon_version = best[i]->version;
        w->pub.hosts[i].schema = best[i]->schema;
    }
    free(best);
    return true;
}

static void count_stats(st_wood *w)
{
    st_tree_stats *t = &w->pub.stats;
    for (size_t i = 0; i < w->pub.n; i++) {
        const st_proc *p = &w->pub.procs[i];
        t->conflicts += (p->flags & ST_P_CONFLICT) != 0;
        t->inferred += p->link == ST_LINK_INFERRED;
        t->ambiguous += (p->flags & ST_P_AMBIGUOUS_PARENT) != 0;
        t->parent_later += (p->flags & ST_P_PARENT_LATER) != 0;
    }
}

typedef struct accounting {
    st_wood *w;
    bool named, versions;
} accounting;

/* What has nothing to do with each other. */
static void account(void *ctx, unsigned thread, size_t job)
{
    accounting *a = ctx;
    (void)thread;
    if (job == 0) {
        count_nodes(a->w);
        return;
    }
    count_stats(a->w);
    a->named = name_shown(a->w);
    a->versions = name_versions(a->w);
}

bool st_tree_account(st_wood *w)
{
    accounting a = { .w = w };
    st_parallel(w->threads, 2, account, &a);
    return a.named && a.versions && span_audited(w);
}
