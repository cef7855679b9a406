/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_copies.c - an event that isn't a creation, met in a log and in another carrier, or in two
 * of those, is one row: only what both have is compared, times at the coarser precision. The log's
 * is kept, else the one with most fields.
 */
#include "forest.h"

#include <stdlib.h>
#include <string.h>

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

enum { CLOSE = 64 }; /* a forged number of thousands must not cost its square */

static const st_events *columns(const st_wood *w, const st_event *e)
{
    return &w->pub.store->events[e->kind];
}

static bool is_carried(const st_wood *w, const st_event *e)
{
    return st_tree_is_carried(w->pub.evidence, columns(w, e)->source[e->row]);
}

static unsigned filled(const st_wood *w, const st_event *e)
{
    const st_events *x = columns(w, e);
    unsigned n = (x->created[e->row] ? 1u : 0u) + (x->event_record_id[e->row] ? 1u : 0u);
    for (size_t c = 0; c < ST_EVENT_COLUMNS && x->text[c]; c++)
        n += x->text[c][e->row] > ST_EMPTY ? 1u : 0u;
    return n;
}

/* The one to keep stands in front. */
static int cmp_worth(const st_wood *w, const st_event *a, const st_event *b)
{
    const st_events *x = columns(w, a), *y = columns(w, b);
    bool carried_a = is_carried(w, a), carried_b = is_carried(w, b);
    ORDER(x->origin[a->row], y->origin[b->row]);
    ORDER(carried_a, carried_b);
    ORDER(filled(w, b), filled(w, a));
    ORDER(x->source[a->row], y->source[b->row]);
    ORDER(x->offset[a->row], y->offset[b->row]);
    ORDER(a->row, b->row);
    return 0;
}

static int cmp_number(const st_wood *w, const st_event *a, const st_event *b)
{
    ORDER(a->host, b->host);
    ORDER(a->kind, b->kind);
    ORDER(columns(w, a)->event_record_id[a->row], columns(w, b)->event_record_id[b->row]);
    return 0;
}

/* Of what has no number: when, and who. */
static int cmp_moment(const st_wood *w, const st_event *a, const st_event *b)
{
    const st_events *x = columns(w, a), *y = columns(w, b);
    ORDER(a->host, b->host);
    ORDER(a->kind, b->kind);
    ORDER(x->utc[a->row], y->utc[b->row]);
    return memcmp(&x->guid[a->row], &y->guid[b->row], sizeof(st_guid));
}

static int by_number(const void *a, const void *b, void *w)
{
    int d = cmp_number(w, a, b);
    return d ? d : cmp_worth(w, a, b);
}

static int by_moment(const void *a, const void *b, void *w)
{
    int d = cmp_moment(w, a, b);
    return d ? d : cmp_worth(w, a, b);
}

/* One value spelled twice: a GUID, or a number. */
static bool same_value(st_str a, st_str b)
{
    st_guid x, y;
    uint64_t m, n;
    if (st_guid_parse(a, &x) && st_guid_parse(b, &y))
        return memcmp(&x, &y, sizeof x) == 0;
    return st_str_u64_any(a, &m) && st_str_u64_any(b, &n) && m == n;
}

/* The next answer of those that DNS gave: its data, without the type and the prefix of an address
 * of version 4. */
static bool next_answer(st_str *rest, st_str *data)
{
    static const char *const heads[] = { "type:", "::ffff:" };
    st_str part;
    while (st_str_cut(rest, ';', &part)) {
        part = st_str_trim(part);
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
            if (st_str_starts(part, st_str_of(heads[i])))
                part =
                    st_str_trim((st_str){ part.p + strlen(heads[i]), part.n - strlen(heads[i]) });
        const char *blank = part.n ? memchr(part.p, ' ', part.n) : NULL; /* behind a type */
        *data = blank ? st_str_trim((st_str){ blank, part.n - (size_t)(blank - part.p) }) : part;
        if (data->n)
            return true;
    }
    return false;
}

/* Is each answer of one among the other's? Carriers order them otherwise, and leave some out. */
static bool answers_within(st_str a, st_str b)
{
    enum { MOST = 256 }; /* answers that are compared: forged ones must not cost their square */
    st_str one, other;
    for (unsigned n = 0; n < MOST && next_answer(&a, &one); n++) {
        bool found = false;
        st_str rest = b;
        for (unsigned k = 0; k < MOST && !found && next_answer(&rest, &other); k++)
            found = st_str_ieq(one, other);
        if (!found)
            return false;
    }
    return true;
}

/* "QWORD (0x00000001-0x00000002)": both halves. */
static bool read_qword(st_str s, uint64_t *high, uint64_t *low)
{
    st_str head, rest = s;
    return st_str_starts(s, ST_STR("QWORD (")) && st_str_cut(&rest, '(', &head) &&
           st_str_cut(&rest, '-', &head) && st_str_u64_any(head, high) &&
           st_str_cut(&rest, ')', &head) && st_str_u64_any(head, low);
}

/* One number of 64 bits, of which another has no more than the sum that Elastic's pipeline makes
 * of its halves. */
static bool same_qword(st_str a, st_str b)
{
    uint64_t high, low, n;
    return read_qword(a, &high, &low) && st_str_u64_any(b, &n) &&
           (n == (high << 8) + low || n == (high << 32) + low);
}

typedef enum spelled { AS_TEXT, AS_HASHES, AS_ANSWERS, AS_DETAILS } spelled;

static bool agree_as(spelled how, st_str x, st_str y)
{
    switch (how) {
    case AS_HASHES: return st_tree_hashes_agree(x, y);
    case AS_ANSWERS: return answers_within(x, y) || answers_within(y, x);
    case AS_DETAILS: return same_qword(x, y) || same_qword(y, x);
    case AS_TEXT: break;
    }
    return false;
}

static bool texts_agree(const st_wood *w, spelled how, st_sid a, st_sid b)
{
    static const st_str none = { "-", 1 };
    if (a == b || a <= ST_EMPTY || b <= ST_EMPTY)
        return true;
    st_str x = st_pool_get(w->pub.pool, a), y = st_pool_get(w->pub.pool, b);
    return st_str_eq(x, none) || st_str_eq(y, none) || same_value(x, y) || agree_as(how, x, y);
}

/* Is it one event? x is in another carrier than a log. */
static bool agree(const st_wood *w, const st_event *x, const st_event *y)
{
    const st_events *a = columns(w, x), *b = columns(w, y);
    const st_event_kind *kind = st_event_kind_at(x->kind);
    size_t hashes = st_event_column(kind, ST_T_hashes),
           answers = st_event_column(kind, ST_T_query_results),
           details = st_event_column(kind, ST_T_details),
           all = st_event_column(kind, ST_T_log_fields);
    uint64_t m = a->event_record_id[x->row], n = b->event_record_id[y->row];
    bool both = is_carried(w, y);
    uint32_t p = a->pid[x->row], q = b->pid[y->row];
    if ((m && n && m != n) || (p != q && p != ST_NO_U32 && q != ST_NO_U32) ||
        !st_tree_times_agree(a->created[x->row], b->created[y->row], both) ||
        !st_tree_times_agree(a->utc[x->row], b->utc[y->row], both) ||
        !st_tree_guids_agree(&a->guid[x->row], &b->guid[y->row]))
        return false;
    for (size_t c = 0; c < ST_EVENT_COLUMNS && a->text[c]; c++) {
        spelled how = c == hashes    ? AS_HASHES
                      : c == answers ? AS_ANSWERS
                      : c == details ? AS_DETAILS
                                     : AS_TEXT;
        if (c != all && !texts_agree(w, how, a->text[c][x->row], b->text[c][y->row]))
            return false;
    }
    return true;
}

/* Of n events of one group those that are in another carrier go into what they agree with. How many
 * are left. */
static size_t absorb_group(const st_wood *w, st_event *e, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        bool gone = false, carried = is_carried(w, &e[i]);
        for (size_t k = out > CLOSE ? out - CLOSE : 0; carried && k < out && !gone; k++) {
            gone = columns(w, &e[k])->origin[e[k].row] == ST_O_LIVE && agree(w, &e[i], &e[k]);
            if (gone)
                e[k].copies += e[i].copies;
        }
        if (!gone)
            e[out++] = e[i];
    }
    return out;
}

static size_t absorb(st_wood *w, st_event *e, size_t n, bool numbered,
                     int (*cmp)(const st_wood *w, const st_event *a, const st_event *b),
                     int (*order)(const void *a, const void *b, void *w))
{
    size_t out = 0;
    qsort_r(e, n, sizeof *e, order, w);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && cmp(w, &e[i], &e[end]) == 0;)
            end++;
        bool has_number = columns(w, &e[i])->event_record_id[e[i].row] != 0;
        size_t k = end - i;
        if (k > 1 && (has_number || !numbered))
            k = absorb_group(w, e + i, k);
        memmove(e + out, e + i, k * sizeof *e);
        out += k;
    }
    return out;
}

size_t st_tree_absorb_events(st_wood *w, st_event *e, size_t n)
{
    if (n < 2 || !st_tree_any_carrier(w->pub.evidence))
        return n;
    n = absorb(w, e, n, true, cmp_number, by_number);
    return absorb(w, e, n, false, cmp_moment, by_moment);
}
