/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.c - rows in, observed nodes out, in their final order.
 *
 * Most rows are like no other: a bit for the hash of what a row claims to be tells them. Of the
 * rest those that say the same are folded first (alike.c). What is left is sorted by that hash,
 * then by the claim itself, then by all of their fields, then by how good a copy they are. Rows
 * that agree lie side by side then, the best of them first. Strings of one pool are equal when
 * their ids are, so agreeing is a comparison of numbers and nothing is left to a digest.
 */
#include "tree/copies.h"

#include "base/os/os.h"
#include "base/radix.h"

#include <stdlib.h>
#include <string.h>

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

/* Who it claims to be: (host, guid), or the record's own identity where there is no guid. A row
 * that has neither is like no other. */
int st_cmp_claim(const st_creations *c, const st_seed *a, const st_seed *b)
{
    ORDER(a->hash, b->hash);
    ORDER(a->host, b->host);
    int d = memcmp(&c->guid[a->row], &c->guid[b->row], sizeof(st_guid));
    if (d || !st_guid_zero(&c->guid[a->row]))
        return d;
    ORDER(c->provider[a->row], c->provider[b->row]);
    ORDER(c->event_record_id[a->row], c->event_record_id[b->row]);
    ORDER(c->created[a->row], c->created[b->row]);
    if (!c->event_record_id[a->row] && !c->created[a->row])
        ORDER(a->row, b->row);
    return 0;
}

/* All normalised fields, in any order that keeps equals together. */
int st_cmp_content(const st_creations *c, uint32_t a, uint32_t b)
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

int st_cmp_record(const st_creations *c, uint32_t a, uint32_t b)
{
    ORDER(c->event_record_id[a], c->event_record_id[b]);
    ORDER(c->created[a], c->created[b]);
    return 0;
}

bool st_tree_is_carried(const st_evidence *e, uint32_t source)
{
    const st_source *s = e ? st_evidence_at((st_evidence *)(uintptr_t)e, source) : NULL;
    return s && s->carrier;
}

static bool is_carried(const st_rows_view *v, uint32_t row)
{
    return st_tree_is_carried(v->e, v->c->source[row]);
}

/* Live and sound, live with a bad checksum, another carrier, slack, carved. */
static unsigned rank(const st_rows_view *v, uint32_t row)
{
    const st_creations *c = v->c;
    if (c->origin[row] != ST_O_LIVE)
        return 2u + c->origin[row];
    return is_carried(v, row) ? 2 : (c->flags[row] & ST_C_CRC) != 0;
}

int st_cmp_copy(const st_rows_view *v, uint32_t a, uint32_t b)
{
    const st_creations *c = v->c;
    ORDER(rank(v, a), rank(v, b));
    ORDER(c->source[a], c->source[b]);
    ORDER(c->offset[a], c->offset[b]);
    ORDER(a, b);
    return 0;
}

static int by_claim(const void *pa, const void *pb, void *ctx)
{
    const st_rows_view *v = ctx;
    const st_seed *a = pa, *b = pb;
    int d = st_cmp_claim(v->c, a, b);
    d = d ? d : st_cmp_content(v->c, a->row, b->row);
    d = d ? d : st_cmp_record(v->c, a->row, b->row);
    return d ? d : st_cmp_copy(v, a->row, b->row);
}

static int by_start(const void *pa, const void *pb, void *ctx)
{
    const st_creations *c = ctx;
    const st_seed *a = pa, *b = pb;
    ORDER(c->utc[a->row], c->utc[b->row]);
    ORDER(a->host, b->host);
    ORDER(c->event_record_id[a->row], c->event_record_id[b->row]);
    ORDER(c->source[a->row], c->source[b->row]);
    ORDER(c->offset[a->row], c->offset[b->row]);
    ORDER(a->row, b->row);
    return 0;
}

static uint64_t hash_claim(const st_wood *w, const st_creations *c, const st_seed *s)
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

/* copies in other carriers: only fields that both have are compared */

#define AGREE(a, b, absent)                               \
    if ((a) != (b) && (a) != (absent) && (b) != (absent)) \
    return false

bool st_tree_guids_agree(const st_guid *a, const st_guid *b)
{
    return st_guid_zero(a) || st_guid_zero(b) || memcmp(a, b, sizeof *a) == 0;
}

/* The coarsest step that a time may have been written in: seconds, milliseconds ... */
static st_ticks step_of(st_ticks t)
{
    static const st_ticks steps[] = { 10000000, 10000, 10 };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (t % steps[i] == 0)
            return steps[i];
    return 10; /* a number of seconds with a fraction: not exact to the last digit */
}

bool st_tree_times_agree(st_ticks carried, st_ticks other, bool both)
{
    st_ticks off = carried > other ? carried - other : other - carried;
    st_ticks step = step_of(carried);
    if (both && step_of(other) > step)
        step = step_of(other);
    return !carried || !other || off < step + 1;
}

/* Each hash of one that the other has, too, is the same: carriers order and spell them as they
 * like. */
bool st_tree_hashes_agree(st_str a, st_str b)
{
    st_str part, name;
    while (st_str_cut(&a, ',', &part)) {
        if (!st_str_cut(&part, '=', &name))
            continue;
        char key[16] = { 0 };
        if (name.n >= sizeof key)
            continue;
        memcpy(key, name.p, name.n);
        st_str other = st_hashes_get(b, key);
        if (other.n && part.n && !st_str_ieq(other, part))
            return false;
    }
    return true;
}

static bool texts_agree(const st_pool *pool, unsigned column, st_sid a, st_sid b)
{
    if (a == b || a <= ST_EMPTY || b <= ST_EMPTY)
        return true;
    st_str x = st_pool_get(pool, a), y = st_pool_get(pool, b);
    if (st_str_eq(x, ST_STR("-")) || st_str_eq(y, ST_STR("-")))
        return true;
    return column == ST_COL_hashes && st_tree_hashes_agree(x, y);
}

/* Are both the same event? One of them is in another carrier: x, or both are. */
static bool agree(const st_wood *w, const st_creations *c, uint32_t x, uint32_t y, bool both)
{
    AGREE(c->event_record_id[x], c->event_record_id[y], 0);
    AGREE(c->pid[x], c->pid[y], ST_NO_U32);
    AGREE(c->parent_pid[x], c->parent_pid[y], ST_NO_U32);
    AGREE(c->session[x], c->session[y], ST_NO_U32);
    AGREE(c->logon_id[x], c->logon_id[y], ST_NO_U64);
    bool timed = ((c->flags[x] | c->flags[y]) & ST_C_TIME) == 0;
    if ((timed && !st_tree_times_agree(c->utc[x], c->utc[y], both)) ||
        !st_tree_times_agree(c->created[x], c->created[y], both) ||
        !st_tree_guids_agree(&c->parent_guid[x], &c->parent_guid[y]) ||
        !st_tree_guids_agree(&c->logon_guid[x], &c->logon_guid[y]))
        return false;
    for (unsigned i = ST_COL_channel + 1; i < ST_COL_COUNT; i++) {
        const st_sid *texts = st_creation_column(c, i);
        if (!texts_agree(w->pub.store->pool, i, texts[x], texts[y]))
            return false;
    }
    return true;
}

static unsigned filled(const st_creations *c, uint32_t row)
{
    unsigned n = (c->event_record_id[row] != 0 ? 1u : 0u) + (c->created[row] != 0 ? 1u : 0u);
    for (unsigned i = ST_COL_channel; i < ST_COL_COUNT; i++)
        n += st_creation_column(c, i)[row] > ST_EMPTY ? 1u : 0u;
    return n;
}

/* Is b the better copy? An event log's, else the one with more fields, else the first. */
static bool is_better(const st_rows_view *v, uint32_t a, uint32_t b)
{
    if (rank(v, a) != rank(v, b))
        return rank(v, b) < rank(v, a);
    return filled(v->c, b) > filled(v->c, a);
}

/* Of the rows first .. end-1, which claim the same, those that are in other carriers go into what
 * they agree with. Returns how many are left. */
static size_t absorb_group(const st_wood *w, const st_rows_view *v, st_seed *s, size_t n)
{
    enum { CLOSE = 64 }; /* a forged claim of thousands must not cost its square */
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        bool gone = false;
        for (size_t k = out > CLOSE ? out - CLOSE : 0; k < out && !gone; k++) {
            bool mine = is_carried(v, s[i].row), other = is_carried(v, s[k].row);
            uint32_t x = mine ? s[i].row : s[k].row, y = mine ? s[k].row : s[i].row;
            if ((!mine && !other) || v->c->origin[y] != ST_O_LIVE ||
                !agree(w, v->c, x, y, mine && other))
                continue;
            uint32_t copies = s[k].copies + s[i].copies;
            if (is_better(v, s[k].row, s[i].row))
                s[k] = s[i];
            s[k].copies = copies;
            gone = true;
        }
        if (!gone)
            s[out++] = s[i];
    }
    return out;
}

/* All groups; what is left keeps its order but within a group, which is sorted again. */
static size_t absorb(const st_wood *w, const st_rows_view *v, st_seed *s, size_t n)
{
    size_t out = 0;
    for (size_t i = 0, end; i < n; i = end) {
        bool any = is_carried(v, s[i].row);
        for (end = i + 1; end < n && !st_cmp_claim(v->c, &s[i], &s[end]); end++)
            any |= is_carried(v, s[end].row);
        size_t k = end - i;
        if (any && k > 1) {
            k = absorb_group(w, v, s + i, k);
            qsort_r(s + i, k, sizeof *s, by_claim, (void *)(uintptr_t)v);
        }
        memmove(s + out, s + i, k * sizeof *s);
        out += k;
    }
    return out;
}

bool st_tree_any_carrier(const st_evidence *e)
{
    for (size_t i = 0; e && i < st_evidence_count(e); i++)
        if (st_evidence_at((st_evidence *)(uintptr_t)e, i)->carrier)
            return true;
    return false;
}

/* Rows first .. end-1 say the same under one key: nodes out of them, put at *out. One a record;
 * a record of which only recovered copies are left joins the first live one. */
static void nodes_of_run(const st_creations *c, const st_seed *rows, size_t first, size_t end,
                         st_seed *nodes, size_t *out)
{
    size_t live = SIZE_MAX; /* place in nodes of the first live record */
    uint32_t strays = 0;
    bool any_live = false;
    bool guid = !st_guid_zero(&c->guid[rows[first].row]);
    for (size_t i = first; i < end && !any_live; i++)
        any_live = c->origin[rows[i].row] == ST_O_LIVE;
    for (size_t i = first, next; i < end; i = next) {
        for (next = i + 1; next < end && !st_cmp_record(c, rows[i].row, rows[next].row);)
            next++;
        bool is_live = c->origin[rows[i].row] == ST_O_LIVE; /* the best copy comes first */
        uint32_t copies = 0;
        for (size_t k = i; k < next; k++)
            copies += rows[k].copies;
        if (guid && any_live && !is_live) {
            strays += copies;
            continue;
        }
        if (is_live && live == SIZE_MAX)
            live = *out;
        st_seed n = rows[i];
        n.copies = copies;
        n.conflict = false;
        nodes[(*out)++] = n;
    }
    if (strays)
        nodes[live].copies += strays;
}

/* Folds the sorted rows into nodes, in place (there are never more). */
static size_t fold(const st_creations *c, st_seed *s, size_t n)
{
    size_t out = 0;
    for (size_t i = 0, end = 0; i < n; i = end) {
        size_t from = out;
        st_seed head = s[i];
        for (size_t run = i; run < n && !st_cmp_claim(c, &head, &s[run]); run = end) {
            uint32_t first = s[run].row;
            for (end = run + 1; end < n && !st_cmp_claim(c, &head, &s[end]) &&
                                !st_cmp_content(c, first, s[end].row);)
                end++;
            nodes_of_run(c, s, run, end, s, &out);
        }
        for (size_t k = from; out - from > 1 && k < out; k++)
            s[k].conflict = true;
    }
    return out;
}

static void fill(const st_wood *w, const st_seed *s, st_proc *p)
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

/* order */

/* Seeds by their keys, and those of one key by cmp. */
typedef struct sorting {
    const st_seed *seeds;
    st_keyed *keys; /* rising, once they're sorted; what follows leaves them alone */
    uint32_t *order;
    size_t n;
    int (*cmp)(const void *, const void *, void *);
    void *ctx;
} sorting;

static int by_cmp(const void *pa, const void *pb, void *ctx)
{
    const sorting *g = ctx;
    return g->cmp(&g->seeds[*(const uint32_t *)pa], &g->seeds[*(const uint32_t *)pb], g->ctx);
}

/* Sorts what has one key, of those keys whose first stands in the stretch. */
static void sort_groups(void *ctx, size_t from, size_t to)
{
    sorting *g = ctx;
    while (from && from < to && g->keys[from].key == g->keys[from - 1].key)
        from++;
    for (size_t i = from, end; i < to; i = end) {
        for (end = i; end < g->n && g->keys[end].key == g->keys[i].key; end++)
            g->order[end] = g->keys[end].item;
        if (end - i > 1)
            qsort_r(g->order + i, end - i, sizeof *g->order, by_cmp, g);
    }
}

/* Takes the keys, n of them; the places of the seeds in order, NULL: no memory. */
static uint32_t *sort_seeds(const st_wood *w, const st_seed *s, st_keyed *keys, size_t n,
                            int (*cmp)(const void *, const void *, void *), void *ctx)
{
    uint32_t *order = malloc((n ? n : 1) * sizeof *order);
    if (order && keys && st_radix_sort(keys, n)) {
        sorting g = { s, keys, order, n, cmp, ctx };
        st_tree_stretches(w, n, sort_groups, &g);
    } else {
        free(order);
        order = NULL;
    }
    free(keys);
    return order;
}

static st_keyed *keys_of(size_t n)
{
    st_keyed *keys = malloc((n ? n : 1) * sizeof *keys);
    st_os_dense(keys, n * sizeof *keys);
    return keys;
}

/* Sorts by claim. */
static bool sort_claims(const st_wood *w, st_rows_view *v, st_seed *s, size_t n)
{
    st_keyed *keys = keys_of(n);
    for (size_t i = 0; keys && i < n; i++)
        keys[i] = (st_keyed){ s[i].hash, (uint32_t)i };
    uint32_t *order = sort_seeds(w, s, keys, n, by_claim, v);
    st_seed *moved = malloc((n ? n : 1) * sizeof *moved);
    bool ok = order && moved;
    for (size_t i = 0; ok && i < n; i++)
        moved[i] = s[order[i]];
    if (ok && n)
        memcpy(s, moved, n * sizeof *s);
    free(order);
    free(moved);
    return ok;
}

/* Bits, of which a hash has one, and that it was met before: another's hash may have the same. */
typedef struct met {
    uint64_t *once, *twice;
    size_t mask; /* in bits */
} met;

static bool met_begin(met *m, size_t n)
{
    size_t bits = 1024;
    while (bits < 16 * n)
        bits *= 2;
    *m = (met){ st_zeros(bits / 64, sizeof *m->once), st_zeros(bits / 64, sizeof *m->twice),
                bits - 1 };
    return m->once && m->twice;
}

static void met_add(met *m, uint64_t hash)
{
    size_t i = hash & m->mask;
    uint64_t bit = UINT64_C(1) << i % 64;
    m->twice[i / 64] |= m->once[i / 64] & bit;
    m->once[i / 64] |= bit;
}

static bool met_twice(const met *m, uint64_t hash)
{
    size_t i = hash & m->mask;
    return m->twice[i / 64] >> i % 64 & 1;
}

/* Takes out the seeds whose hash was met twice: what is left of them counts no copies. *n: how many
 * they are. NULL: no memory. */
static st_seed *take_out(const met *m, st_seed *s, size_t all, size_t *n)
{
    size_t twice = 0;
    for (size_t i = 0; i < all; i++)
        twice += met_twice(m, s[i].hash);
    st_seed *out = malloc((twice ? twice : 1) * sizeof *out);
    *n = 0;
    for (size_t i = 0; out && twice && i < all; i++)
        if (met_twice(m, s[i].hash)) {
            out[(*n)++] = s[i];
            s[i].copies = 0;
        }
    return out;
}

/* Folds the seeds, in place; *n: how many are left. false: no memory. */
static bool fold_some(const st_wood *w, st_seed *s, size_t *n)
{
    bool carried = st_tree_any_carrier(w->pub.evidence);
    st_rows_view v = { &w->pub.store->creations, carried ? w->pub.evidence : NULL };
    if ((!carried && !st_tree_fold_alike(w, &v, s, n)) || !sort_claims(w, &v, s, *n))
        return false;
    *n = fold(v.c, s, carried ? absorb(w, &v, s, *n) : *n);
    return true;
}

/* Folds those of the seeds, one a row, that may be copies: those that are left have copies, and
 * stand where their rows do. */
static bool fold_copies(const st_wood *w, st_seed *s, size_t all)
{
    met m = { 0 };
    size_t n = 0;
    bool ok = met_begin(&m, all);
    for (size_t i = 0; ok && i < all; i++)
        met_add(&m, s[i].hash);
    st_seed *some = ok ? take_out(&m, s, all, &n) : NULL;
    ok = some && fold_some(w, some, &n);
    for (size_t i = 0; ok && i < n; i++)
        s[some[i].row] = some[i];
    free(some);
    free(m.once);
    free(m.twice);
    return ok;
}

typedef struct sowing {
    st_wood *w;
    st_seed *seeds;
    const uint32_t *order; /* of those that become nodes */
} sowing;

static void make_seeds(void *ctx, size_t from, size_t to)
{
    const sowing *x = ctx;
    const st_creations *c = &x->w->pub.store->creations;
    for (size_t i = from; i < to; i++) {
        st_seed *s = &x->seeds[i];
        *s = (st_seed){ .row = (uint32_t)i,
                        .host = st_tree_host(x->w, c->computer[i]),
                        .copies = 1 };
        s->hash = hash_claim(x->w, c, s);
    }
}

static void fill_stretch(void *ctx, size_t from, size_t to)
{
    const sowing *x = ctx;
    for (size_t i = from; i < to; i++)
        fill(x->w, &x->seeds[x->order[i]], &x->w->pub.procs[i]);
}

/* Sorts those that have copies by start; *nodes: how many they are. NULL: no memory. */
static uint32_t *sort_starts(const st_wood *w, const st_seed *s, size_t n, size_t *nodes)
{
    const st_creations *c = &w->pub.store->creations;
    st_keyed *keys = keys_of(n);
    *nodes = 0;
    for (size_t i = 0; keys && i < n; i++)
        if (s[i].copies)
            keys[(*nodes)++] = (st_keyed){ c->utc[s[i].row], (uint32_t)i };
    return sort_seeds(w, s, keys, *nodes, by_start, (void *)(uintptr_t)c);
}

bool st_tree_sort_copies(st_wood *w)
{
    const st_creations *c = &w->pub.store->creations;
    size_t nodes = 0;
    st_seed *s = malloc((c->n ? c->n : 1) * sizeof *s);
    sowing x = { .w = w, .seeds = s };
    st_os_dense(s, c->n * sizeof *s);
    if (s)
        st_tree_stretches(w, c->n, make_seeds, &x);
    bool ok = s && (w->duplicates || fold_copies(w, s, c->n));
    uint32_t *order = ok ? sort_starts(w, s, c->n, &nodes) : NULL;
    x.order = order;
    /* Placeholders mostly fit behind them without a copy of all. */
    if (order && st_tree_reserve(w, nodes + nodes / 16 + 1)) {
        st_os_dense(w->pub.procs, nodes * sizeof *w->pub.procs);
        st_tree_stretches(w, nodes, fill_stretch, &x);
        w->pub.n = w->pub.observed = nodes;
        w->pub.stats.observed = nodes;
        w->pub.stats.copies = c->n - nodes;
    }
    free(order);
    free(s);
    return w->pub.procs != NULL;
}
