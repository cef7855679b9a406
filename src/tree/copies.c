/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.c - rows in, observed nodes out, in their final order.
 *
 * Rows are sorted by a hash of what they claim to be, then by that itself, then by all of
 * their fields, then by how good a copy they are. Rows that agree lie side by side then, the
 * best of them first. Strings of one pool are equal when their ids are, so agreeing is a
 * comparison of numbers and nothing is left to a digest.
 */
#include "tree/forest.h"

#include <stdlib.h>
#include <string.h>

typedef struct seed {
    uint64_t hash; /* of the claim; later the start */
    uint32_t row, host, copies;
    bool conflict;
} seed;

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

/* Who it claims to be: (host, guid), or the record's own identity where there is no guid. A row
 * that has neither is like no other. */
static int cmp_claim(const st_creations *c, const seed *a, const seed *b)
{
    ORDER(a->hash, b->hash);
    ORDER(a->host, b->host);
    int d = memcmp(&c->guid[a->row], &c->guid[b->row], sizeof(st_guid));
    if (d || !st_guid_zero(&c->guid[a->row]))
        return d;
    ORDER(c->event_record_id[a->row], c->event_record_id[b->row]);
    ORDER(c->created[a->row], c->created[b->row]);
    if (!c->event_record_id[a->row] && !c->created[a->row])
        ORDER(a->row, b->row);
    return 0;
}

/* All normalised fields, in any order that keeps equals together. */
static int cmp_content(const st_creations *c, uint32_t a, uint32_t b)
{
    ORDER(c->utc[a], c->utc[b]);
    ORDER(c->pid[a], c->pid[b]);
    ORDER(c->parent_pid[a], c->parent_pid[b]);
    ORDER(c->session[a], c->session[b]);
    ORDER(c->logon_id[a], c->logon_id[b]);
    int d = memcmp(&c->parent_guid[a], &c->parent_guid[b], sizeof(st_guid));
    if (!d)
        d = memcmp(&c->logon_guid[a], &c->logon_guid[b], sizeof(st_guid));
    if (d)
        return d;
    for (unsigned i = ST_COL_channel + 1; i < ST_COL_COUNT; i++) {
        const st_sid *texts = st_creation_column(c, i);
        ORDER(texts[a], texts[b]);
    }
    return 0;
}

static int cmp_record(const st_creations *c, uint32_t a, uint32_t b)
{
    ORDER(c->event_record_id[a], c->event_record_id[b]);
    ORDER(c->created[a], c->created[b]);
    return 0;
}

/* Live and sound, live with a bad checksum, slack, carved. */
static unsigned rank(const st_creations *c, uint32_t row)
{
    return c->origin[row] == ST_O_LIVE ? (c->flags[row] & ST_C_CRC) != 0 : 1u + c->origin[row];
}

static int cmp_copy(const st_creations *c, uint32_t a, uint32_t b)
{
    ORDER(rank(c, a), rank(c, b));
    ORDER(c->source[a], c->source[b]);
    ORDER(c->offset[a], c->offset[b]);
    ORDER(a, b);
    return 0;
}

static int by_claim(const void *pa, const void *pb, void *ctx)
{
    const st_creations *c = ctx;
    const seed *a = pa, *b = pb;
    int d = cmp_claim(c, a, b);
    d = d ? d : cmp_content(c, a->row, b->row);
    d = d ? d : cmp_record(c, a->row, b->row);
    return d ? d : cmp_copy(c, a->row, b->row);
}

static int by_start(const void *pa, const void *pb, void *ctx)
{
    const st_creations *c = ctx;
    const seed *a = pa, *b = pb;
    ORDER(a->hash, b->hash);
    ORDER(a->host, b->host);
    ORDER(c->event_record_id[a->row], c->event_record_id[b->row]);
    ORDER(c->source[a->row], c->source[b->row]);
    ORDER(c->offset[a->row], c->offset[b->row]);
    ORDER(a->row, b->row);
    return 0;
}

static uint64_t hash_claim(const st_wood *w, const st_creations *c, const seed *s)
{
    struct {
        st_guid guid;
        uint64_t record, created;
    } k = { .guid = c->guid[s->row] };
    if (st_guid_zero(&k.guid)) {
        k.record = c->event_record_id[s->row];
        k.created = c->created[s->row];
    }
    return st_hash(&k, sizeof k, w->seed + s->host);
}

/* Rows first .. end-1 say the same under one key: nodes out of them, put at *out. One a record;
 * a record of which only recovered copies are left joins the first live one. */
static void nodes_of_run(const st_creations *c, const seed *rows, size_t first, size_t end,
                         seed *nodes, size_t *out)
{
    size_t live = SIZE_MAX; /* place in nodes of the first live record */
    uint32_t strays = 0;
    bool any_live = false;
    bool guid = !st_guid_zero(&c->guid[rows[first].row]);
    for (size_t i = first; i < end && !any_live; i++)
        any_live = c->origin[rows[i].row] == ST_O_LIVE;
    for (size_t i = first, next; i < end; i = next) {
        for (next = i + 1; next < end && !cmp_record(c, rows[i].row, rows[next].row);)
            next++;
        bool is_live = c->origin[rows[i].row] == ST_O_LIVE; /* the best copy comes first */
        uint32_t copies = (uint32_t)(next - i);
        if (guid && any_live && !is_live) {
            strays += copies;
            continue;
        }
        if (is_live && live == SIZE_MAX)
            live = *out;
        seed n = rows[i];
        n.copies = copies;
        n.conflict = false;
        nodes[(*out)++] = n;
    }
    if (strays)
        nodes[live].copies += strays;
}

/* Folds the sorted rows into nodes, in place (there are never more). */
static size_t fold(const st_creations *c, seed *s, size_t n)
{
    size_t out = 0;
    for (size_t i = 0, end = 0; i < n; i = end) {
        size_t from = out;
        seed head = s[i];
        for (size_t run = i; run < n && !cmp_claim(c, &head, &s[run]); run = end) {
            uint32_t first = s[run].row;
            for (end = run + 1;
                 end < n && !cmp_claim(c, &head, &s[end]) && !cmp_content(c, first, s[end].row);)
                end++;
            nodes_of_run(c, s, run, end, s, &out);
        }
        for (size_t k = from; out - from > 1 && k < out; k++)
            s[k].conflict = true;
    }
    return out;
}

static void fill(const st_wood *w, const seed *s, st_proc *p)
{
    const st_creations *c = &w->pub.store->creations;
    uint32_t row = s->row;
    *p = (st_proc){ .row = row,
                    .host = s->host,
                    .parent = ST_NO_NODE,
                    .first_child = ST_NO_NODE,
                    .next_sibling = ST_NO_NODE,
                    .flags = ST_P_OBSERVED | (s->conflict ? ST_P_CONFLICT : 0u),
                    .origin = c->origin[row],
                    .copies = s->copies,
                    .pid = c->pid[row],
                    .guid = c->guid[row],
                    .start = c->utc[row],
                    .image = c->image[row],
                    .command_line = c->command_line[row],
                    .user = c->user[row],
                    .server = ST_NO_NODE };
}

bool st_tree_sort_copies(st_wood *w)
{
    const st_creations *c = &w->pub.store->creations;
    size_t n = c->n;
    seed *s = malloc((n ? n : 1) * sizeof *s);
    if (!s)
        return false;
    for (size_t i = 0; i < n; i++) {
        s[i] = (seed){ .row = (uint32_t)i, .host = st_tree_host(w, c->computer[i]), .copies = 1 };
        s[i].hash = hash_claim(w, c, &s[i]);
    }
    size_t nodes = n;
    if (!w->duplicates) {
        qsort_r(s, n, sizeof *s, by_claim, (void *)(uintptr_t)c);
        nodes = fold(c, s, n);
    }
    for (size_t i = 0; i < nodes; i++)
        s[i].hash = c->utc[s[i].row];
    qsort_r(s, nodes, sizeof *s, by_start, (void *)(uintptr_t)c);
    w->pub.procs = malloc((nodes ? nodes : 1) * sizeof *w->pub.procs);
    if (w->pub.procs) {
        for (size_t i = 0; i < nodes; i++)
            fill(w, &s[i], &w->pub.procs[i]);
        w->pub.n = w->pub.observed = nodes;
        w->pub.stats.observed = nodes;
        w->pub.stats.copies = n - nodes;
    }
    free(s);
    return w->pub.procs != NULL;
}
