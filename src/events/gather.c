/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather.c - a second turn over the evidence, for the other events of a few processes.
 *
 * Which processes those are is known only when rules have run; keeping every event until then would
 * cost more memory than all else. Of a record that some kind wants only its ProcessGuid is looked
 * at first; what is kept goes behind the rows that the store has, and nothing is counted anew.
 */
#include "events/store.h"

#include "shelltree/carriers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct part {
    st_store *store;
    st_arena jobs;
    st_scratch scratch;
} part;

typedef struct gathering {
    const st_wanted_events *wanted;
    part *parts;
    unsigned nparts;
    st_trail_map map; /* what need not be read again */
    atomic_bool failed;
} gathering;

typedef struct job {
    gathering *all;
    part *mine;
    uint32_t source;
} job;

static void *begin(void *ctx, unsigned thread, size_t source)
{
    gathering *all = ctx;
    part *mine = thread < all->nparts ? &all->parts[thread] : NULL;
    job *j = mine ? ST_NEW(&mine->jobs, job) : NULL;
    if (j && !mine->store)
        mine->store = st_store_new();
    if (!j || !mine->store) {
        atomic_store(&all->failed, true);
        return NULL;
    }
    *j = (job){ all, mine, (uint32_t)source };
    return j;
}

static bool in_time(const st_wanted_events *w, st_ticks t)
{
    return !w->to || (t >= w->from && t <= w->to);
}

static bool want(void *ctx, const st_record *head)
{
    const job *j = ctx;
    size_t kind = j ? st_event_kind_of_record(head, &j->mine->scratch.provider) : st_event_kinds();
    if (kind == st_event_kinds())
        return false;
    return st_event_set_has(&j->all->wanted->kinds, kind) ||
           (st_event_set_has(&j->all->wanted->nameless, kind) &&
            in_time(j->all->wanted, head->time_created));
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(st_guid));
}

static void record(void *ctx, const st_record *r)
{
    job *j = ctx;
    st_guid guid;
    if (!j || atomic_load_explicit(&j->all->failed, memory_order_relaxed) || !want(j, r))
        return;
    const st_wanted_events *w = j->all->wanted;
    size_t kind = st_event_kind_of_record(r, &j->mine->scratch.provider);
    bool named = st_event_actor(r, &guid) &&
                 bsearch(&guid, w->guids, w->nguids, sizeof guid, by_bytes) != NULL;
    if (!named && !st_event_set_has(&w->nameless, kind))
        return;
    if (!st_event_keep(j->mine->store, r, kind, j->source, &j->mine->scratch))
        atomic_store(&j->all->failed, true);
}

static bool skip(void *ctx, size_t source, uint64_t slot)
{
    const gathering *all = ctx;
    return st_trail_map_skips(&all->map, source, slot);
}

static void shift_new(st_store *s, size_t kind, size_t first)
{
    st_events *e = &s->events[kind];
    for (size_t i = first; i < e->n; i++) {
        int64_t by = st_store_shift_of(s, e->computer[i]) * (int64_t)ST_TICKS_SECOND;
        e->utc[i] += by >= 0 || e->utc[i] > (st_ticks)-by ? (st_ticks)by : 0;
        e->created[i] += by >= 0 || e->created[i] > (st_ticks)-by ? (st_ticks)by : 0;
    }
}

static bool take_over(gathering *all, st_store *s, size_t *first)
{
    bool ok = !atomic_load(&all->failed);
    for (size_t k = 0; k < st_event_kinds(); k++)
        first[k] = s->events[k].n;
    for (unsigned i = 0; i < all->nparts; i++) {
        ok = ok && (!all->parts[i].store || st_store_append_events(s, all->parts[i].store));
        st_store_free(all->parts[i].store);
        all->parts[i].store = NULL;
    }
    for (size_t k = 0; k < st_event_kinds() && s->shift; k++)
        shift_new(s, k, first[k]);
    return ok;
}

st_code st_events_gather(st_evidence *e, const st_scan_options *o, const st_wanted_events *w,
                         st_store *s, size_t *first, st_err *err)
{
    static const st_scan_ops OPS = {
        .name_id = st_field_id, .begin = begin, .want = want, .record = record, .skip = skip
    };
    gathering all = { .wanted = w, .nparts = st_threads(o->threads) };
    st_scan_options again = *o;
    again.digest = false;
    again.some = w->sources;
    all.parts = calloc(all.nparts, sizeof *all.parts);
    bool ready = all.parts && st_trail_map_make(&all.map, &s->trail, w, st_evidence_count(e));
    st_evidence *once_more = ready ? st_evidence_again(e) : NULL;
    if (!once_more) {
        free(all.parts);
        st_trail_map_free(&all.map);
        return st_fail(err, ST_E_MEMORY, "out of memory");
    }
    st_code code = st_records_scan(once_more, &again, &OPS, &all, err);
    st_evidence_free(once_more);
    for (unsigned i = 0; i < all.nparts; i++) {
        st_arena_free(&all.parts[i].jobs);
        st_scratch_free(&all.parts[i].scratch);
    }
    if (!take_over(&all, s, first) && code == ST_OK)
        code = st_fail(err, ST_E_MEMORY, "out of memory while reading events");
    free(all.parts);
    st_trail_map_free(&all.map);
    return code;
}
