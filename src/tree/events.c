/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - other events than creations: copies folded, in order, each led to its process.
 *
 * Rows are sorted by what makes them one record and then by all their texts, so that copies lie
 * side by side, the best of them first; as for creations, strings of one pool are equal when
 * their ids are. What is left is sorted once more, into the order of rows.
 */
#include "tree/forest.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

st_sid st_event_text_of(const st_forest *f, const st_event *e, st_event_text t)
{
    size_t c = st_event_column(st_event_kind_at(e->kind), t);
    return c == SIZE_MAX ? ST_ABSENT : st_event_columns(f, e)->text[c][e->row];
}

st_str st_event_provider(const st_forest *f, const st_event *e)
{
    uint16_t provider = st_event_kind_at(e->kind)->key.provider;
    return provider == ST_LOGS ? st_pool_get(f->pool, st_event_text_of(f, e, ST_T_log_provider))
                               : st_str_of(st_provider_at(provider)->name);
}

uint32_t st_event_id(const st_forest *f, const st_event *e)
{
    st_event_key key = st_event_kind_at(e->kind)->key;
    uint64_t id = key.id;
    if (key.provider == ST_LOGS)
        (void)st_str_u64(st_pool_get(f->pool, st_event_text_of(f, e, ST_T_log_event)), &id);
    return (uint32_t)id;
}

static const st_events *columns(const st_wood *w, const st_event *e)
{
    return &w->pub.store->events[e->kind];
}

/* Which record, and what it says. */
static int cmp_record(const st_wood *w, const st_event *a, const st_event *b)
{
    const st_events *x = columns(w, a), *y = columns(w, b);
    ORDER(a->host, b->host);
    ORDER(x->event_record_id[a->row], y->event_record_id[b->row]);
    ORDER(x->created[a->row], y->created[b->row]);
    ORDER(a->kind, b->kind);
    ORDER(x->utc[a->row], x->utc[b->row]);
    ORDER(x->pid[a->row], x->pid[b->row]);
    for (size_t c = 0; c < ST_EVENT_COLUMNS && x->text[c]; c++)
        ORDER(x->text[c][a->row], x->text[c][b->row]);
    return memcmp(&x->guid[a->row], &x->guid[b->row], sizeof(st_guid));
}

/* Live and sound, live with a bad checksum, slack, carved; then the first by name. */
static int cmp_copy(const st_wood *w, const st_event *a, const st_event *b)
{
    const st_events *x = columns(w, a), *y = columns(w, b);
    bool bad_a = (x->flags[a->row] & ST_C_CRC) != 0, bad_b = (y->flags[b->row] & ST_C_CRC) != 0;
    ORDER(x->origin[a->row], y->origin[b->row]);
    ORDER(bad_a, bad_b);
    ORDER(x->source[a->row], y->source[b->row]);
    ORDER(x->offset[a->row], y->offset[b->row]);
    ORDER(a->kind, b->kind);
    ORDER(a->row, b->row);
    return 0;
}

static int by_record(const void *pa, const void *pb, void *ctx)
{
    int d = cmp_record(ctx, pa, pb);
    return d ? d : cmp_copy(ctx, pa, pb);
}

static int by_time(const void *pa, const void *pb, void *ctx)
{
    const st_wood *w = ctx;
    const st_event *a = pa, *b = pb;
    const st_events *x = columns(w, a), *y = columns(w, b);
    ORDER(x->utc[a->row], y->utc[b->row]);
    ORDER(a->host, b->host);
    ORDER(x->event_record_id[a->row], y->event_record_id[b->row]);
    ORDER(x->source[a->row], y->source[b->row]);
    ORDER(x->offset[a->row], y->offset[b->row]);
    return cmp_copy(w, a, b);
}

/* A record without a number and a time is like no other. */
static bool has_identity(const st_wood *w, const st_event *e)
{
    const st_events *x = columns(w, e);
    return x->event_record_id[e->row] || x->created[e->row];
}

/* Folds n events, in place; how many are left. */
static size_t fold(st_wood *w, st_event *e, size_t n)
{
    size_t out = 0;
    qsort_r(e, n, sizeof *e, by_record, w);
    for (size_t i = 0; i < n; i++)
        if (!out || !has_identity(w, &e[i]) || cmp_record(w, &e[out - 1], &e[i]))
            e[out++] = e[i];
        else
            e[out - 1].copies++;
    return out;
}

/* scripts of several records */

typedef struct script_part {
    st_event event;
    st_sid script;
    uint64_t number;
} script_part;

static uint64_t number_of(const st_wood *w, const st_event *e, st_event_text t)
{
    uint64_t u = 0;
    (void)st_str_u64(st_pool_get(w->pub.pool, st_event_text_of(&w->pub, e, t)), &u);
    return u;
}

static int by_script(const void *pa, const void *pb, void *ctx)
{
    const script_part *a = pa, *b = pb;
    ORDER(a->event.host, b->event.host);
    ORDER(a->script, b->script);
    ORDER(a->number, b->number);
    return cmp_copy(ctx, &a->event, &b->event);
}

static void set_text(st_wood *w, const st_event *e, st_event_text t, st_sid text)
{
    st_events *x = &((st_store *)(uintptr_t)w->pub.store)->events[e->kind];
    x->text[st_event_column(st_event_kind_at(e->kind), t)][e->row] = text;
}

/* n parts of one script, by number: the first takes the text of all, and their count. */
static bool join_script(st_wood *w, const script_part *p, size_t n)
{
    st_buf text = { 0 };
    uint64_t parts = 0;
    for (size_t i = 0; i < n && text.n < ST_MAX_SCRIPT; i++) {
        if (i && p[i].number == p[i - 1].number)
            continue;
        st_buf_str(&text, st_pool_get(w->pub.pool,
                                      st_event_text_of(&w->pub, &p[i].event, ST_T_script_text)));
        parts++;
    }
    set_text(w, &p[0].event, ST_T_script_text, st_pool_put(w->pub.pool, st_buf_slice(&text)));
    st_buf_clear(&text);
    st_buf_u64(&text, parts);
    set_text(w, &p[0].event, ST_T_message_number, st_pool_put(w->pub.pool, st_buf_slice(&text)));
    bool ok = !text.failed && !st_pool_failed(w->pub.pool);
    st_buf_free(&text);
    return ok;
}

/* The records of one script block of PowerShell (4104) become one event: *n events are left. */
static bool join_scripts(st_wood *w, st_event *e, size_t *n)
{
    size_t kind = st_event_kind_of((st_event_key){ ST_POWERSHELL, 4104 }), out = 0, nparts = 0;
    script_part *parts = w->pub.store->events[kind].n ? malloc(*n * sizeof *parts) : NULL;
    if (!parts)
        return !w->pub.store->events[kind].n;
    for (size_t i = 0; i < *n; i++)
        if (e[i].kind == kind && number_of(w, &e[i], ST_T_message_total) > 1)
            parts[nparts++] = (script_part){ e[i], st_event_text_of(&w->pub, &e[i], ST_T_script_id),
                                             number_of(w, &e[i], ST_T_message_number) };
        else
            e[out++] = e[i];
    if (nparts)
        qsort_r(parts, nparts, sizeof *parts, by_script, w);
    bool ok = true;
    for (size_t i = 0, end; ok && i < nparts; i = end) {
        for (end = i + 1; end < nparts && parts[end].event.host == parts[i].event.host &&
                          parts[end].script == parts[i].script;)
            end++;
        ok = join_script(w, parts + i, end - i);
        e[out++] = parts[i].event;
    }
    *n = out;
    free(parts);
    return ok;
}

/* The process that had the GUID at that time. */
static st_node process_of(const st_wood *w, uint32_t host, const st_guid *guid, st_claim claim)
{
    bool ambiguous;
    uint32_t g = st_guid_zero(guid) ? ST_NO_GROUP : st_group_find(w, host, guid);
    return g == ST_NO_GROUP ? ST_NO_NODE : st_group_pick(w, &w->groups[g], &claim, &ambiguous);
}

static void lead(const st_wood *w, st_event *e)
{
    const st_events *x = columns(w, e);
    size_t target = st_event_column(st_event_kind_at(e->kind), ST_T_target_guid);
    st_guid guid;
    e->process = process_of(w, e->host, &x->guid[e->row],
                            (st_claim){ x->utc[e->row], x->pid[e->row],
                                        st_event_text_of(&w->pub, e, ST_T_image), ST_ABSENT });
    if (target != SIZE_MAX &&
        st_guid_parse(st_pool_get(w->pub.pool, x->text[target][e->row]), &guid))
        e->target =
            process_of(w, e->host, &guid,
                       (st_claim){ x->utc[e->row], ST_NO_U32,
                                   st_event_text_of(&w->pub, e, ST_T_target_image), ST_ABSENT });
}

/* events that name their process by its PID */

typedef struct life {
    uint64_t key; /* host, pid */
    st_ticks start;
    st_node node;
} life;

static int by_life(const void *pa, const void *pb)
{
    const life *a = pa, *b = pb;
    ORDER(a->key, b->key);
    ORDER(a->start, b->start);
    ORDER(a->node, b->node);
    return 0;
}

static bool has_begun(const void *item, const void *key)
{
    const life *a = item, *b = key;
    return a->key < b->key || (a->key == b->key && a->start <= b->start);
}

static uint64_t life_key(uint32_t host, uint32_t pid)
{
    return (uint64_t)host << 32 | pid;
}

static bool is_by_pid(const st_wood *w, const st_event *e)
{
    st_tie tie = (st_tie)st_event_kind_at(e->kind)->tie;
    return (tie == ST_TIE_PID || tie == ST_TIE_SESSION) && columns(w, e)->pid[e->row] != ST_NO_U32;
}

/* The last process of that PID that had begun by then, if it hadn't ended and is of the image that
 * the event names, where it names one. */
static st_node alive(const st_wood *w, const life *lives, size_t n, const st_event *e)
{
    const st_events *x = columns(w, e);
    const st_pool *pool = w->pub.pool;
    life at = { .key = life_key(e->host, x->pid[e->row]), .start = x->utc[e->row] };
    size_t i = st_lower_bound(lives, n, sizeof *lives, &at, has_begun);
    if (!i || lives[i - 1].key != at.key)
        return ST_NO_NODE;
    const st_proc *p = &w->pub.procs[lives[i - 1].node];
    st_sid image = st_event_text_of(&w->pub, e, ST_T_image);
    if (p->end && p->end < at.start)
        return ST_NO_NODE;
    if (st_tree_recorded(pool, image) && st_tree_recorded(pool, p->image) &&
        !st_fold_eq(st_pool_get(pool, image), st_pool_get(pool, p->image)))
        return ST_NO_NODE;
    return lives[i - 1].node;
}

/* Leads the events first .. end-1 that do so. */
static bool lead_by_pid(st_wood *w, size_t first, size_t end)
{
    size_t n = 0;
    while (first < end && !is_by_pid(w, &w->pub.events[first]))
        first++;
    if (first == end)
        return true;
    life *lives = malloc((w->pub.n + 1) * sizeof *lives);
    for (size_t i = 0; lives && i < w->pub.n; i++) {
        const st_proc *p = &w->pub.procs[i];
        if (p->pid != ST_NO_U32 && p->start)
            lives[n++] = (life){ life_key(p->host, p->pid), p->start, (st_node)i };
    }
    if (!lives)
        return false;
    if (n)
        qsort(lives, n, sizeof *lives, by_life);
    for (size_t i = first; i < end; i++)
        if (is_by_pid(w, &w->pub.events[i]))
            w->pub.events[i].process = alive(w, lives, n, &w->pub.events[i]);
    free(lives);
    return true;
}

/* The store's events from first[kind] on (NULL: all), behind the n there are; folded and in order.
 */
static bool place(st_wood *w, const size_t *first)
{
    const st_store *s = w->pub.store;
    size_t n = w->pub.nall, from = n;
    for (size_t k = 0; k < st_event_kinds(); k++)
        n += s->events[k].n - (first ? first[k] : 0);
    if (n == from)
        return true;
    st_event *all = n > ST_MAX_ROWS ? NULL : realloc(w->pub.events, n * sizeof *all);
    if (!all)
        return false;
    w->pub.events = all;
    for (size_t k = 0, at = from; k < st_event_kinds(); k++)
        for (size_t i = first ? first[k] : 0; i < s->events[k].n; i++) {
            uint32_t host = st_tree_host_of(&w->pub, s->events[k].computer[i]);
            if (host < w->pub.nhosts)
                all[at++] = (st_event){ .row = (uint32_t)i,
                                        .host = host,
                                        .process = ST_NO_NODE,
                                        .target = ST_NO_NODE,
                                        .copies = 1,
                                        .kind = (uint8_t)k };
            n = at;
        }
    if (!w->duplicates) {
        size_t left = st_tree_absorb_events(w, all + from, fold(w, all + from, n - from));
        if (!join_scripts(w, all + from, &left))
            return false;
        n = from + left;
    }
    qsort_r(all + from, n - from, sizeof *all, by_time, w);
    w->pub.nall = n;
    return true;
}

bool st_tree_sort_events(st_wood *w)
{
    bool ok = place(w, NULL);
    w->pub.nevents = w->pub.nall;
    return ok;
}

st_code st_tree_add_events(st_forest *f, const size_t *first, st_err *err)
{
    st_wood *w = (st_wood *)f;
    size_t from = f->nall;
    if (!place(w, first))
        return st_fail(err, ST_E_MEMORY, "no memory for the incidents' events");
    for (size_t i = from; i < f->nall; i++)
        lead(w, &f->events[i]);
    if (!lead_by_pid(w, from, f->nall))
        return st_fail(err, ST_E_MEMORY, "no memory for the incidents' events");
    return ST_OK;
}

bool st_tree_lead_events(st_wood *w)
{
    for (size_t i = 0; i < w->pub.nevents; i++)
        lead(w, &w->pub.events[i]);
    return lead_by_pid(w, 0, w->pub.nevents);
}
