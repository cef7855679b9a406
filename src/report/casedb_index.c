/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_index.c - the indexes of the table `events`, which holds every record: what they are by is
 * noted while the rows are written, sorted, and written as pages. SQLite would read the table once
 * more for each.
 */
#include "casedb_index.h"

#include "base/radix.h"

#include <stdlib.h>
#include <string.h>

/* A number that SQLite sorts first is 0: it has none. */
typedef struct st_event_key {
    st_ticks time;     /* of TimeCreated; 0: null */
    uint32_t computer; /* its id in the pool, and 1; 0: null */
    uint32_t event;    /* EventID, and 1; 0: null */
} st_event_key;

struct st_event_keys {
    st_pool *computers;
    st_event_key *list; /* by row */
    size_t n, cap;
    st_second second;             /* of the last row's time */
    size_t time, computer, event; /* columns */
    bool failed;                  /* no memory */
    bool odd;                     /* a row is none that these keys can sort */
};

static size_t column_named(const char *name)
{
    size_t i = 0;
    while (i < st_stored_nevent_columns && strcmp(st_stored_event_columns[i].name, name) != 0)
        i++;
    return i;
}

st_event_keys *st_event_keys_new(void)
{
    st_event_keys *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (st_event_keys){ .computers = st_pool_new(),
                          .time = column_named("TimeCreated"),
                          .computer = column_named("Computer"),
                          .event = column_named("EventID") };
    if (k->computers)
        return k;
    free(k);
    return NULL;
}

void st_event_keys_free(st_event_keys *k)
{
    if (!k)
        return;
    st_pool_free(k->computers);
    free(k->list);
    free(k);
}

static st_ticks time_of(st_event_keys *k, const st_raw *c)
{
    st_ticks t = 0;
    if (c->kind == ST_RAW_NULL)
        return 0;
    k->odd |= c->kind != ST_RAW_TEXT || !st_time_iso_like(c->s, &t, &k->second) || !t;
    return t;
}

static uint32_t computer_of(st_event_keys *k, const st_raw *c)
{
    if (c->kind == ST_RAW_NULL)
        return 0;
    k->odd |= c->kind != ST_RAW_TEXT;
    return st_pool_put(k->computers, c->s) + 1;
}

static uint32_t event_of(st_event_keys *k, const st_raw *c)
{
    if (c->kind == ST_RAW_NULL)
        return 0;
    k->odd |= c->kind != ST_RAW_INT || c->i < 0 || c->i >= UINT32_MAX;
    return (uint32_t)c->i + 1;
}

void st_event_keys_note(void *ctx, const st_raw *row)
{
    st_event_keys *k = ctx;
    if (k->failed || k->odd)
        return;
    if (k->n >= UINT32_MAX - 1) {
        k->odd = true;
        return;
    }
    if (!st_grow(&k->list, &k->cap, k->n + 1, sizeof *k->list)) {
        k->failed = true;
        return;
    }
    k->list[k->n++] = (st_event_key){ .time = time_of(k, &row[k->time]),
                                      .computer = computer_of(k, &row[k->computer]),
                                      .event = event_of(k, &row[k->event]) };
    k->failed |= st_pool_failed(k->computers);
}

/* in order */

typedef struct name {
    st_str text;
    uint32_t id;
} name;

static int by_bytes(const void *a, const void *b)
{
    const name *x = a, *y = b;
    return st_str_cmp(x->text, y->text);
}

/* By computer (st_event_key.computer), its place among all in the order of their bytes; NULL: no
 * memory. */
static uint32_t *ranks_of(const st_event_keys *k)
{
    uint32_t n = st_pool_count(k->computers);
    name *names = calloc((size_t)n + 1, sizeof *names);
    uint32_t *ranks = calloc((size_t)n + 1, sizeof *ranks);
    if (names && ranks) {
        for (uint32_t i = 0; i < n; i++)
            names[i] = (name){ st_pool_get(k->computers, i), i };
        qsort(names, n, sizeof *names, by_bytes);
        for (uint32_t i = 0; i < n; i++)
            ranks[names[i].id + 1] = i + 1;
    } else {
        free(ranks);
        ranks = NULL;
    }
    free(names);
    return ranks;
}

/* Rows by event id; those of one in their own order. */
static st_keyed *by_event(const st_event_keys *k)
{
    st_keyed *v = calloc(k->n + 1, sizeof *v);
    for (size_t i = 0; v && i < k->n; i++)
        v[i] = (st_keyed){ k->list[i].event, (uint32_t)i };
    if (v && st_radix_sort(v, k->n))
        return v;
    free(v);
    return NULL;
}

/* Rows by computer, then time. */
static st_keyed *by_host(const st_event_keys *k)
{
    st_keyed *v = calloc(k->n + 1, sizeof *v);
    uint32_t *ranks = ranks_of(k);
    for (size_t i = 0; v && i < k->n; i++)
        v[i] = (st_keyed){ k->list[i].time, (uint32_t)i };
    bool ok = v && ranks && st_radix_sort(v, k->n);
    for (size_t i = 0; ok && i < k->n; i++)
        v[i].key = ranks[k->list[v[i].item].computer];
    ok = ok && st_radix_sort(v, k->n);
    free(ranks);
    if (ok)
        return v;
    free(v);
    return NULL;
}

/* as pages */

static void put_event(const st_event_keys *k, st_pages *p, uint32_t row)
{
    uint32_t event = k->list[row].event;
    st_raw cells[] = { { .kind = event ? ST_RAW_INT : ST_RAW_NULL, .i = (int64_t)event - 1 },
                       { .kind = ST_RAW_INT, .i = (int64_t)row + 1 } };
    st_pages_entry(p, cells, 2);
}

static void put_host(const st_event_keys *k, st_pages *p, uint32_t row, st_buf *text,
                     st_second *last)
{
    const st_event_key *x = &k->list[row];
    st_raw cells[] = { { .kind = ST_RAW_NULL },
                       { .kind = ST_RAW_NULL },
                       { .kind = ST_RAW_INT, .i = (int64_t)row + 1 } };
    if (x->computer)
        cells[0] = (st_raw){ .kind = ST_RAW_TEXT, .s = st_pool_get(k->computers, x->computer - 1) };
    if (x->time) {
        st_buf_clear(text);
        st_buf_time_iso_like(text, x->time, last);
        cells[1] = (st_raw){ .kind = ST_RAW_TEXT, .s = st_buf_slice(text) };
    }
    st_pages_entry(p, cells, 3);
}

bool st_event_keys_sorted(const st_event_keys *k)
{
    return !k->odd;
}

bool st_event_keys_put_hosts(const void *keys, st_pages *p)
{
    const st_event_keys *k = keys;
    st_buf text = { 0 };
    st_second last = { 0 };
    st_keyed *rows = k->failed ? NULL : by_host(k);
    for (size_t i = 0; rows && i < k->n; i++)
        put_host(k, p, rows[i].item, &text, &last);
    bool ok = rows && !text.failed;
    st_buf_free(&text);
    free(rows);
    return ok;
}

bool st_event_keys_put_ids(const void *keys, st_pages *p)
{
    const st_event_keys *k = keys;
    st_keyed *rows = k->failed ? NULL : by_event(k);
    for (size_t i = 0; rows && i < k->n; i++)
        put_event(k, p, rows[i].item);
    bool ok = rows != NULL;
    free(rows);
    return ok;
}
