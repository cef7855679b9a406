/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the columns: made, grown together, put end to end.
 *
 * The list of columns is written once (sysmon/fields.def, and what every record has below);
 * growing and appending go through it. They lie in one block, as large pages don't fit a single
 * one: to fill a page costs half of what its making does.
 */
#include "events/store.h"

#include "base/limits.h"
#include "base/os/os.h"

#include <stdlib.h>
#include <string.h>

typedef struct column {
    size_t at, size; /* where its pointer is in st_creations; of one cell */
} column;

#define AT(name)                                                        \
    {                                                                   \
        offsetof(st_creations, name), sizeof *((st_creations *)0)->name \
    }

/* The strings first, in the order of st_creation_column. */
static const column COLUMNS[] = {
    AT(computer), AT(channel),
#define BOTH(name, text) AT(name),
#define CREATION(name, text) AT(name),
#define UTC(name, text) AT(name),
#define COMMAND(name, text) AT(name), AT(name##_recorded),
#include "events/sysmon/fields.def"
#define GUID(name, text) AT(name),
#define U32(name, text) AT(name),
#define U64(name, text) AT(name),
#include "events/sysmon/fields.def"
    AT(utc),      AT(created),   AT(event_record_id), AT(record_number), AT(offset),
    AT(source),   AT(truncated), AT(origin),          AT(flags),         AT(provider),
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0], LINE = 64 };
_Static_assert(ST_COL_COUNT <= 32, "a bit each of st_creations.truncated");

static unsigned char *cells(const st_creations *c, size_t i)
{
    unsigned char *p;
    memcpy(&p, (const unsigned char *)c + COLUMNS[i].at, sizeof p);
    return p;
}

static void set_cells(st_creations *c, size_t i, unsigned char *p)
{
    memcpy((unsigned char *)c + COLUMNS[i].at, &p, sizeof p);
}

st_sid *st_creation_column(const st_creations *c, unsigned i)
{
    return (st_sid *)(void *)cells(c, i);
}

static st_store *over_pool(st_pool *pool)
{
    st_store *s = calloc(1, sizeof *s);
    if (!s) {
        st_pool_free(pool);
        return NULL;
    }
    s->pool = pool;
    s->events = calloc(st_event_kinds(), sizeof *s->events);
    if (!s->pool || !s->events) {
        st_store_free(s);
        return NULL;
    }
    return s;
}

st_store *st_store_new(void)
{
    return over_pool(st_pool_new());
}

st_store *st_store_new_like(const st_store *other)
{
    return over_pool(st_pool_new_like(other->pool));
}

void st_store_free(st_store *s)
{
    if (!s)
        return;
    free(s->creations.block);
    for (size_t i = 0; s->events && i < st_event_kinds(); i++)
        st_events_free(&s->events[i]);
    free(s->events);
    free(s->endings);
    free(s->services);
    free(s->shift);
    free(s->seen);
    free(s->presences);
    free(s->lossy);
    st_trail_free(&s->trail);
    st_pool_free(s->pool);
    free(s);
}

/* Where each column of so many rows begins in their block; how long that is. */
static size_t lay_out(size_t rows, size_t at[COLUMN_COUNT])
{
    size_t end = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        at[i] = end;
        end += (rows * COLUMNS[i].size + LINE - 1) / LINE * LINE;
    }
    return end;
}

/* As many rows as a block that is too small makes way for. Of few it is a multiple: each block is
 * new memory, and what isn't filled of it costs nothing. */
static size_t next_rows(const st_creations *c, size_t need)
{
    enum { FEW = 4096, LEAST = 64 };
    size_t more = c->cap < FEW ? c->cap * 4 + LEAST : c->cap + c->cap / 2;
    return need > more ? need : more;
}

/* Of how many rows a block can be. */
static size_t most_rows(void)
{
    size_t row = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        row += COLUMNS[i].size;
    return (PTRDIFF_MAX - COLUMN_COUNT * (size_t)LINE) / row;
}

/* Room for `need` rows. */
static bool reserve(st_creations *c, size_t need)
{
    if (need <= c->cap)
        return true;
    size_t at[COLUMN_COUNT], rows = next_rows(c, need), most = most_rows();
    if (need > ST_MAX_ROWS || need > most)
        return false;
    rows = rows < most ? rows : most;
    size_t bytes = lay_out(rows, at);
    unsigned char *block = malloc(bytes);
    if (!block)
        return false;
    st_os_dense(block, bytes);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (c->n)
            memcpy(block + at[i], cells(c, i), c->n * COLUMNS[i].size);
        set_cells(c, i, block + at[i]);
    }
    free(c->block);
    c->block = block;
    c->cap = rows;
    c->blank = c->n;
    return true;
}

static size_t foreseen(size_t n, double times)
{
    double most = ST_MAX_ROWS, rows = (double)n * times;
    return (size_t)(rows < most ? rows : most);
}

void st_store_foresee(st_store *s, double times)
{
    (void)reserve(&s->creations, foreseen(s->creations.n, times));
    (void)st_grow(&s->seen, &s->seen_cap, foreseen(s->nseen, times), sizeof *s->seen);
    (void)st_grow(&s->endings, &s->endings_cap, foreseen(s->nendings, times), sizeof *s->endings);
    st_os_dense(s->seen, s->seen_cap * sizeof *s->seen);
    st_os_dense(s->endings, s->endings_cap * sizeof *s->endings);
    st_pool_foresee(s->pool, times);
}

/* Moves the columns together where a ninth and more of their block is empty, and that is much. */
static void close_up(st_creations *c)
{
    enum { MUCH = 8 << 20 };
    size_t at[COLUMN_COUNT], empty = c->cap - c->n;
    if (!c->block || empty <= c->n / 8 || lay_out(empty, at) < MUCH)
        return;
    size_t bytes = lay_out(c->n, at);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        memmove((unsigned char *)c->block + at[i], cells(c, i), c->n * COLUMNS[i].size);
    st_trim(&c->block, bytes, 1);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        set_cells(c, i, (unsigned char *)c->block + at[i]);
    c->cap = c->blank = c->n;
}

void st_store_trim(st_store *s)
{
    close_up(&s->creations);
    st_trim(&s->seen, s->nseen, sizeof *s->seen);
    s->seen_cap = s->nseen;
    st_trim(&s->endings, s->nendings, sizeof *s->endings);
    s->endings_cap = s->nendings;
    st_pool_trim(s->pool);
}

/* Zeroes the next rows, some at once. */
static void blank(st_creations *c)
{
    enum { AHEAD = 256 };
    size_t n = c->cap - c->n < AHEAD ? c->cap - c->n : AHEAD;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        memset(cells(c, i) + c->n * COLUMNS[i].size, 0, n * COLUMNS[i].size);
    c->blank = c->n + n;
}

size_t st_store_add(st_store *s)
{
    st_creations *c = &s->creations;
    if (!reserve(c, c->n + 1))
        return SIZE_MAX;
    if (c->blank <= c->n)
        blank(c);
    size_t row = c->n++;
    c->logon_id[row] = ST_NO_U64;
    c->pid[row] = c->parent_pid[row] = c->session[row] = ST_NO_U32;
    return row;
}

/* New ids of src's strings in dst's pool; NULL: no memory. */
static st_sid *strings_across(st_pool *dst, const st_pool *src)
{
    uint32_t n = st_pool_count(src);
    st_sid *map = malloc((size_t)n * sizeof *map);
    if (!map)
        return NULL;
    map[0] = ST_ABSENT;
    for (st_sid id = 1; id < n; id++)
        map[id] = st_pool_put(dst, st_pool_get(src, id));
    return map;
}

typedef struct appending {
    st_store *to;
    const st_store *from;
    const st_sid *map;
} appending;

static void append_column(const appending *a, size_t number)
{
    const st_creations *f = &a->from->creations, *t = &a->to->creations;
    size_t size = COLUMNS[number].size;
    if (number >= ST_COL_COUNT) {
        if (f->n)
            memcpy(cells(t, number) + t->n * size, cells(f, number), f->n * size);
        return;
    }
    st_sid *to = st_creation_column(t, (unsigned)number) + t->n,
           *from = st_creation_column(f, (unsigned)number);
    for (size_t i = 0; i < f->n; i++)
        to[i] = a->map[from[i]];
}

static void append_endings(const appending *a)
{
    st_store *d = a->to;
    for (size_t i = 0; i < a->from->nendings; i++) {
        st_ending *e = &d->endings[d->nendings++];
        *e = a->from->endings[i];
        e->computer = a->map[e->computer];
        e->image = a->map[e->image];
    }
}

static void append_seen(const appending *a)
{
    st_store *d = a->to;
    for (size_t i = 0; i < a->from->nseen; i++) {
        st_seen *n = &d->seen[d->nseen++];
        *n = a->from->seen[i];
        n->computer = a->map[n->computer];
    }
}

static void append_few(const appending *a)
{
    st_store *d = a->to;
    const st_store *f = a->from;
    const st_sid *map = a->map;
    for (size_t i = 0; i < f->nservices; i++) {
        st_service *v = &d->services[d->nservices++];
        *v = f->services[i];
        v->computer = map[v->computer];
        v->state = map[v->state];
        v->version = map[v->version];
        v->schema = map[v->schema];
    }
    for (size_t i = 0; i < f->npresences; i++) {
        st_presence *p = &d->presences[d->npresences++];
        *p = f->presences[i];
        p->computer = map[p->computer];
    }
    for (size_t i = 0; i < f->nlossy; i++) {
        st_lossy *l = &d->lossy[d->nlossy++];
        *l = f->lossy[i];
        l->row += (uint32_t)d->creations.n;
        l->hex = map[l->hex];
    }
}

/* What is copied side by side: the longest first. */
enum { SEEN, ENDINGS, FEW, COLUMN_0, PARTS = COLUMN_0 + COLUMN_COUNT };

static void append_part(void *ctx, unsigned thread, size_t part)
{
    const appending *a = ctx;
    (void)thread;
    switch (part) {
    case SEEN: append_seen(a); break;
    case ENDINGS: append_endings(a); break;
    case FEW: append_few(a); break;
    default: append_column(a, part - COLUMN_0);
    }
}

static bool make_room(st_store *d, const st_store *f)
{
    return reserve(&d->creations, d->creations.n + f->creations.n) &&
           st_grow(&d->endings, &d->endings_cap, d->nendings + f->nendings, sizeof *d->endings) &&
           st_grow(&d->services, &d->services_cap, d->nservices + f->nservices,
                   sizeof *d->services) &&
           st_grow(&d->seen, &d->seen_cap, d->nseen + f->nseen, sizeof *d->seen) &&
           st_grow(&d->presences, &d->presences_cap, d->npresences + f->npresences,
                   sizeof *d->presences) &&
           st_grow(&d->lossy, &d->lossy_cap, d->nlossy + f->nlossy, sizeof *d->lossy);
}

static bool append_rows(st_store *d, const st_store *f, const st_sid *map, unsigned threads)
{
    enum { MANY = 4096 }; /* fewer aren't worth a thread */
    appending a = { d, f, map };
    if (!make_room(d, f))
        return false;
    st_parallel(f->creations.n < MANY && f->nseen < MANY ? 1 : threads, PARTS, append_part, &a);
    d->creations.n += f->creations.n;
    return true;
}

bool st_store_append_events(st_store *d, const st_store *f)
{
    st_sid *map = strings_across(d->pool, f->pool);
    bool ok = map != NULL;
    for (size_t i = 0; ok && i < st_event_kinds(); i++)
        ok = st_events_append(&d->events[i], &f->events[i], i, map);
    free(map);
    return ok && !st_pool_failed(d->pool);
}

bool st_store_append(st_store *d, st_store *f, unsigned threads)
{
    st_sid *map = st_pool_absorb(d->pool, f->pool, threads);
    bool ok = map && append_rows(d, f, map, threads) && st_trail_append(&d->trail, &f->trail);
    for (size_t i = 0; ok && i < st_event_kinds(); i++)
        ok = st_events_append(&d->events[i], &f->events[i], i, map);
    ok = ok && !st_pool_failed(d->pool);
    free(map);
    d->records += f->records;
    d->sysmon += f->sysmon;
    d->without_host += f->without_host;
    d->bare += f->bare;
    return ok;
}
