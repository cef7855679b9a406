/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* extract_copies.c - see extract_copies.h. */
#include "extract_copies.h"

#include "base/search.h"

#include <stdlib.h>
#include <string.h>

enum { CLOSE = 64 }; /* a forged number of thousands must not cost its square */

static void digest_value(st_buf *b, st_str name, const st_value *v)
{
    st_buf_str(b, name);
    st_buf_char(b, '\0');
    if (v->p)
        st_value_text(v, b);
    st_buf_char(b, v->p ? '\1' : '\2');
}

static bool digest(st_mark *m, const st_record *r, const uint64_t seed[2])
{
    st_buf b = { 0 };
    digest_value(&b, ST_STR("p"), &r->provider);
    digest_value(&b, ST_STR("h"), &r->channel);
    digest_value(&b, ST_STR("c"), &r->computer);
    st_buf_fmt(&b, "%u %llu %llu", r->event_id, (unsigned long long)r->event_record_id,
               (unsigned long long)r->time_created);
    for (size_t i = 0; i < r->nfields; i++)
        digest_value(&b, r->fields[i].name, &r->fields[i].value);
    for (int i = 0; i < 2 && !b.failed; i++)
        m->digest[i] = st_hash(b.p, b.n, seed[i]);
    bool ok = !b.failed;
    st_buf_free(&b);
    return ok;
}

/* fields, however they are spelled */

static uint32_t short_hash(st_str s, uint64_t seed)
{
    return (uint32_t)st_hash(s.p, s.n, seed);
}

/* A GUID is one with braces and without, a number in decimal and with 0x. */
static uint32_t value_hash(st_str s, uint64_t seed)
{
    st_guid g;
    uint64_t n;
    if (st_guid_parse(s, &g))
        return (uint32_t)st_hash(&g, sizeof g, seed);
    if (st_str_u64_any(s, &n))
        return (uint32_t)st_hash(&n, sizeof n, seed);
    return short_hash(s, seed);
}

/* Lists that a carrier orders and spells as it likes, and a number that not all can hold. */
static bool is_free(st_str name, st_str text)
{
    static const char *const lists[] = { "Hashes", "Hash", "QueryResults" };
    uint64_t n;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (st_str_eq(name, st_str_of(lists[i])))
            return true;
    return st_str_eq(name, ST_STR("Details")) &&
           (st_str_starts(text, ST_STR("QWORD (")) || st_str_u64(text, &n));
}

static bool add_said(st_marks *m, st_mark *to, const st_record *r, const uint64_t seed[2])
{
    st_buf b = { 0 };
    to->said = m->nsaid;
    for (size_t i = 0; i < r->nfields; i++) {
        const st_field *f = &r->fields[i];
        st_buf_clear(&b);
        st_value_text(&f->value, &b);
        st_str text = st_buf_slice(&b);
        if (b.failed) {
            st_buf_free(&b);
            return false;
        }
        if (!text.n || st_str_eq(text, ST_STR("-")) || is_free(f->name, text))
            continue; /* what is empty says nothing */
        if (!st_grow(&m->said, &m->said_cap, m->nsaid + 1, sizeof *m->said)) {
            st_buf_free(&b);
            return false;
        }
        m->said[m->nsaid++] = (st_said){ short_hash(f->name, seed[0]), value_hash(text, seed[0]) };
        to->nsaid++;
    }
    st_buf_free(&b);
    return true;
}

/* False: no memory. */
static bool key_of(const st_record *r, const uint64_t seed[2], uint64_t *key)
{
    st_buf text = { 0 }, folded = { 0 };
    if (!r->event_record_id || r->origin != ST_O_LIVE)
        return true;
    st_value_text(&r->computer, &text);
    st_fold_put(&folded, st_buf_slice(&text));
    st_buf_fmt(&folded, " %u %llu", r->event_id, (unsigned long long)r->event_record_id);
    bool ok = !text.failed && !folded.failed;
    if (ok)
        *key = st_hash(folded.p, folded.n, seed[1]) | 1;
    st_buf_free(&text);
    st_buf_free(&folded);
    return ok;
}

bool st_marks_add(st_marks *m, const st_record *r, const uint64_t seed[2], size_t source,
                  bool carried, bool carriers)
{
    st_mark one = { .offset = r->offset,
                    .source = (uint32_t)source,
                    .carried = carried,
                    .time = r->time_created,
                    .rank = (uint8_t)(r->origin * 2 + ((r->flags & ST_R_CRC) != 0)) };
    if ((carriers && !key_of(r, seed, &one.key)) || !digest(&one, r, seed) ||
        (one.key && !add_said(m, &one, r, seed)) ||
        !st_grow(&m->list, &m->cap, m->n + 1, sizeof *m->list))
        return false;
    m->list[m->n++] = one;
    return true;
}

bool st_marks_join(st_marks *a, const st_marks *b)
{
    if (!st_grow(&a->list, &a->cap, a->n + b->n, sizeof *a->list) ||
        !st_grow(&a->said, &a->said_cap, a->nsaid + b->nsaid, sizeof *a->said))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        a->list[a->n] = b->list[i];
        a->list[a->n++].said += a->nsaid;
    }
    if (b->nsaid)
        memcpy(a->said + a->nsaid, b->said, b->nsaid * sizeof *b->said);
    a->nsaid += b->nsaid;
    return true;
}

/* orders */

static int by_place(const void *a, const void *b)
{
    const st_mark *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Equal records side by side, the one to show first. */
static int by_digest(const void *a, const void *b)
{
    const st_mark *x = a, *y = b;
    int c = memcmp(x->digest, y->digest, sizeof x->digest);
    if (c)
        return c;
    if (x->carried != y->carried)
        return x->carried ? 1 : -1;
    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : by_place(a, b);
}

/* Records of one number side by side: a log's first, then those with most fields. */
static int by_key(const void *a, const void *b)
{
    const st_mark *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->carried != y->carried)
        return x->carried ? 1 : -1;
    if (x->nsaid != y->nsaid)
        return x->nsaid > y->nsaid ? -1 : 1;
    return by_place(a, b);
}

/* across carriers */

/* A carrier writes milliseconds at least, and may round. */
static bool times_agree(st_ticks a, st_ticks b)
{
    enum { SECOND = 10000000, MILLISECOND = 10000 };
    st_ticks off = a > b ? a - b : b - a;
    return !a || !b || off <= MILLISECOND || (off < SECOND && (a % SECOND == 0 || b % SECOND == 0));
}

static bool agree(const st_marks *m, const st_mark *x, const st_mark *y)
{
    if (!times_agree(x->time, y->time))
        return false;
    for (size_t i = 0; i < x->nsaid; i++)
        for (size_t k = 0; k < y->nsaid; k++) {
            const st_said *a = &m->said[x->said + i], *b = &m->said[y->said + k];
            if (a->name == b->name && a->value != b->value)
                return false;
        }
    return true;
}

/* Marks as copies (rank UINT8_MAX) what agrees with one before it, of those of one key. */
static void mark_group(st_marks *m, size_t first, size_t end)
{
    for (size_t i = first + 1; i < end; i++) {
        st_mark *x = &m->list[i];
        for (size_t k = i - first > CLOSE ? i - CLOSE : first; x->carried && k < i; k++)
            if (m->list[k].rank != UINT8_MAX && agree(m, x, &m->list[k])) {
                x->rank = UINT8_MAX;
                break;
            }
    }
}

static void mark_carried(st_marks *m)
{
    qsort(m->list, m->n, sizeof *m->list, by_key);
    for (size_t i = 0, end; i < m->n; i = end) {
        for (end = i + 1; end < m->n && m->list[end].key == m->list[i].key;)
            end++;
        if (m->list[i].key)
            mark_group(m, i, end);
    }
}

void st_marks_keep_copies(st_marks *m)
{
    size_t n = 0;
    if (!m->n)
        return;
    qsort(m->list, m->n, sizeof *m->list, by_digest);
    for (size_t i = 0, first = 0; i < m->n; i++) {
        if (i && memcmp(m->list[i].digest, m->list[first].digest, sizeof m->list[i].digest) == 0)
            m->list[i].rank = UINT8_MAX;
        else
            first = i;
    }
    if (m->nsaid)
        mark_carried(m);
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].rank == UINT8_MAX)
            m->list[n++] = m->list[i];
    m->n = n;
    if (n)
        qsort(m->list, n, sizeof *m->list, by_place);
}

bool st_marks_has(const st_marks *m, size_t source, uint64_t offset)
{
    st_mark key = { .source = (uint32_t)source, .offset = offset };
    return m->n && bsearch(&key, m->list, m->n, sizeof key, by_place);
}

void st_marks_free(st_marks *m)
{
    free(m->list);
    free(m->said);
    *m = (st_marks){ 0 };
}
