/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * habit.c - what a web server does again and again: how often, on how many hosts and days, and
 * when first, it had below it this image with a command line of this shape.
 *
 * A server is its image and its application pool; digits in paths count as one, so that an update
 * breaks no habit. The shape of a command line is what is left when paths, numbers, GUIDs and
 * quoted texts are taken out. Each process below a server is an entry (24 bytes); entries are
 * sorted, and a process finds its group by its hash. Evidence of less than ST_MIN_HABIT_DAYS knows
 * no habits.
 */
#include "base/limits.h"
#include "rules/engine/tables/tables.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t key;
    st_ticks when;
    uint32_t host;
    uint32_t days; /* of a group's first entry, once groups are made */
    uint32_t hosts, count;
} entry;

struct st_habits {
    entry *groups; /* one a key, by key */
    size_t n;
    bool short_; /* the evidence is too short */
};

static void free_habits(struct st_habits *h)
{
    if (h)
        free(h->groups);
    free(h);
}

/* shapes */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the word at i ends; a quote that isn't closed ends with the text. */
static size_t word_end(st_str s, size_t i)
{
    if (s.p[i] == '"' || s.p[i] == '\'') {
        const char *end = memchr(s.p + i + 1, s.p[i], s.n - i - 1);
        return end ? (size_t)(end - s.p) + 1 : s.n;
    }
    while (i < s.n && !is_blank(s.p[i]) && s.p[i] != '"')
        i++;
    return i;
}

/* "/c" is an option, "/tmp" a path. */
static bool is_path(st_str w)
{
    if (memchr(w.p, '\\', w.n))
        return true;
    const char *slash = memchr(w.p, '/', w.n);
    return slash && (slash != w.p || memchr(w.p + 1, '/', w.n - 1) || w.n > 8);
}

/* Numbers, and hexadecimal runs of eight and more with a digit in them, are one sign. */
static void put_word(st_buf *b, st_str w)
{
    for (size_t i = 0; i < w.n;) {
        size_t k = i, digits = 0;
        while (k < w.n && (is_hex(st_ascii_lower(w.p[k])) || (w.p[k] == '-' && k - i >= 8))) {
            digits += w.p[k] >= '0' && w.p[k] <= '9';
            k++;
        }
        bool number = digits && (k - i >= 8 || digits == k - i);
        if (number || (w.p[i] >= '0' && w.p[i] <= '9')) {
            st_buf_char(b, '#');
            i = number ? k : i + 1;
            while (i < w.n && w.p[i] >= '0' && w.p[i] <= '9')
                i++;
        } else {
            st_buf_char(b, st_ascii_lower(w.p[i++]));
        }
    }
}

/* Without its first word, which is the program. */
static void put_shape(st_buf *b, st_str line)
{
    size_t i = line.n ? word_end(line, 0) : 0;
    while (i < line.n) {
        if (is_blank(line.p[i])) {
            i++;
            continue;
        }
        size_t end = word_end(line, i);
        st_str w = { line.p + i, end - i };
        st_buf_char(b, ' ');
        if (w.p[0] == '"' || w.p[0] == '\'')
            st_buf_char(b, '"');
        else if (is_path(w))
            st_buf_char(b, '/');
        else
            put_word(b, w);
        i = end;
    }
}

static void put_image(st_buf *b, st_str path)
{
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] < '0' || path.p[i] > '9')
            st_buf_char(b, st_ascii_lower(path.p[i]));
        else if (!i || path.p[i - 1] < '0' || path.p[i - 1] > '9')
            st_buf_char(b, '#');
}

/* What stands behind -ap, with its quotes. */
static st_str pool_of(st_str line)
{
    for (size_t i = 0; i + 4 < line.n; i++)
        if (memcmp(line.p + i, "-ap ", 4) == 0)
            return (st_str){ line.p + i + 4, word_end(line, i + 4) - i - 4 };
    return ST_STR("");
}

static uint64_t key_of(const st_run *r, st_buf *b, st_node n)
{
    const st_proc *p = &r->forest->procs[n], *s = &r->forest->procs[p->server];
    st_buf_clear(b);
    put_image(b, st_pool_get(r->mem.pool, s->image));
    st_buf_char(b, 0);
    st_buf_str(b, pool_of(st_pool_get(r->mem.pool, s->command_line)));
    st_buf_char(b, 0);
    put_image(b, st_pool_get(r->mem.pool, p->image));
    put_shape(b, st_pool_get(r->mem.pool, p->command_line));
    return st_xxh64(b->p ? b->p : "", b->n);
}

/* groups */

static int by_key_and_time(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    return (x->host > y->host) - (x->host < y->host);
}

static int by_host(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return (x->host > y->host) - (x->host < y->host);
}

static uint64_t day_of(st_ticks t)
{
    return t / (UINT64_C(86400) * ST_TICKS_SECOND);
}

/* e[0..n) are one group, by time: becomes one entry. */
static entry fold(entry *e, size_t n)
{
    entry g = e[0];
    g.count = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    g.days = g.hosts = 1;
    for (size_t i = 1; i < n; i++)
        g.days += day_of(e[i].when) != day_of(e[i - 1].when);
    qsort(e, n, sizeof *e, by_host);
    for (size_t i = 1; i < n; i++)
        g.hosts += e[i].host != e[i - 1].host;
    return g;
}

static void make_groups(struct st_habits *h, size_t n)
{
    if (n)
        qsort(h->groups, n, sizeof *h->groups, by_key_and_time);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && h->groups[end].key == h->groups[i].key; end++)
            ;
        entry g = fold(h->groups + i, end - i);
        h->groups[h->n++] = g;
    }
}

static bool too_short(const st_forest *f)
{
    st_ticks first = 0, last = 0;
    for (size_t i = 0; i < f->nhosts; i++) {
        if (f->hosts[i].first && (!first || f->hosts[i].first < first))
            first = f->hosts[i].first;
        if (f->hosts[i].last > last)
            last = f->hosts[i].last;
    }
    return !first || last - first < ST_MIN_HABIT_DAYS * UINT64_C(86400) * ST_TICKS_SECOND;
}

static bool fill(st_run *r, struct st_habits *h)
{
    const st_forest *f = r->forest;
    st_buf b = { 0 };
    size_t n = 0, cap = 0;
    bool ok = true;
    for (st_node i = 0; ok && i < f->observed; i++) {
        if (f->procs[i].server == ST_NO_NODE)
            continue;
        ok = st_grow(&h->groups, &cap, n + 1, sizeof *h->groups);
        if (ok)
            h->groups[n++] = (entry){ .key = key_of(r, &b, i),
                                      .when = f->procs[i].start,
                                      .host = f->procs[i].host };
    }
    ok = ok && !b.failed;
    st_buf_free(&b);
    if (ok)
        make_groups(h, n);
    return ok;
}

/* Made once for each way of marking servers. */
static struct st_habits *habits(st_run *r)
{
    struct st_habits **at = &r->shared->habits[r->trust];
    struct st_habits *h = *at;
    if (h)
        return h;
    h = calloc(1, sizeof *h);
    if (h)
        h->short_ = too_short(r->forest);
    if (!h || (!h->short_ && !fill(r, h))) {
        free_habits(h);
        st_run_nomem(r);
        return NULL;
    }
    r->shared->habits_free = free_habits;
    return *at = h;
}

static const entry *group_of(st_run *r, st_node n)
{
    struct st_habits *h = r->forest->procs[n].server == ST_NO_NODE ? NULL : habits(r);
    if (!h || h->short_)
        return NULL;
    uint64_t key = key_of(r, &r->mem.buf, n);
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (h->groups[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    return low < h->n && h->groups[low].key == key ? &h->groups[low] : NULL;
}

st_val st_get_habit(st_run *r, st_node n, const st_getter *c)
{
    const entry *g = group_of(r, n);
    if (!g)
        return st_val_null();
    const uint32_t numbers[] = { g->count, g->hosts, g->days };
    return c->arg < 3 ? st_val_long(numbers[c->arg]) : st_val_filetime(g->when);
}
