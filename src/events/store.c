/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the columns: made, grown together, put end to end.
 *
 * The list of columns is written once (ST_CREATION_STRINGS in the door,
 * ST_CREATION_NUMBERS in store.h); growing, freeing and appending are made from it.
 */
#include "events/store.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

st_sid *st_creation_column(const st_creations *c, unsigned column)
{
    st_sid *const all[] = {
#define ST_COL_POINTER(name) c->name,
        ST_CREATION_STRINGS(ST_COL_POINTER)
#undef ST_COL_POINTER
    };
    return all[column];
}

st_store *st_store_new(void)
{
    st_store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->pool = st_pool_new();
    if (!s->pool) {
        free(s);
        return NULL;
    }
    return s;
}

void st_store_free(st_store *s)
{
    if (!s)
        return;
#define ST_COL_FREE(name) free(s->creations.name);
#define ST_NUM_FREE(type, name) free(s->creations.name);
    ST_CREATION_STRINGS(ST_COL_FREE)
    ST_CREATION_NUMBERS(ST_NUM_FREE)
#undef ST_COL_FREE
#undef ST_NUM_FREE
    for (size_t i = 0; i < ST_EVENT_KINDS; i++)
        st_events_free(&s->events[i]);
    free(s->endings);
    free(s->services);
    free(s->shift);
    free(s->seen);
    free(s->lossy);
    st_pool_free(s->pool);
    free(s);
}

/* Room for `need` rows in every column; each grows on its own, so that a failure half-way
 * leaves all of them usable and the common capacity as it was. */
static bool reserve(st_creations *c, size_t need)
{
    if (need <= c->cap)
        return true;
    if (need > ST_MAX_ROWS)
        return false;
    size_t cap = c->cap, least = SIZE_MAX;
#define ST_COL_GROW(name)                                \
    cap = c->cap;                                        \
    if (!st_grow(&c->name, &cap, need, sizeof *c->name)) \
        return false;                                    \
    least = cap < least ? cap : least;
#define ST_NUM_GROW(type, name) ST_COL_GROW(name)
    ST_CREATION_STRINGS(ST_COL_GROW)
    ST_CREATION_NUMBERS(ST_NUM_GROW)
#undef ST_COL_GROW
#undef ST_NUM_GROW
    c->cap = least;
    return true;
}

size_t st_store_add(st_store *s)
{
    st_creations *c = &s->creations;
    if (!reserve(c, c->n + 1))
        return SIZE_MAX;
    size_t row = c->n++;
#define ST_COL_ZERO(name) c->name[row] = ST_ABSENT;
#define ST_NUM_ZERO(type, name) memset(&c->name[row], 0, sizeof c->name[row]);
    ST_CREATION_STRINGS(ST_COL_ZERO)
    ST_CREATION_NUMBERS(ST_NUM_ZERO)
#undef ST_COL_ZERO
#undef ST_NUM_ZERO
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

static bool append_rows(st_creations *d, const st_creations *f, const st_sid *map)
{
    if (!reserve(d, d->n + f->n))
        return false;
    for (unsigned col = 0; col < ST_COL_COUNT; col++) {
        st_sid *to = st_creation_column(d, col), *from = st_creation_column(f, col);
        for (size_t i = 0; i < f->n; i++)
            to[d->n + i] = map[from[i]];
    }
    if (f->n) {
#define ST_NUM_COPY(type, name) memcpy(d->name + d->n, f->name, f->n * sizeof *f->name);
        ST_CREATION_NUMBERS(ST_NUM_COPY)
#undef ST_NUM_COPY
    }
    d->n += f->n;
    return true;
}

static bool append_others(st_store *d, const st_store *f, const st_sid *map, size_t first_row)
{
    if (!st_grow(&d->endings, &d->endings_cap, d->nendings + f->nendings, sizeof *d->endings) ||
        !st_grow(&d->services, &d->services_cap, d->nservices + f->nservices,
                 sizeof *d->services) ||
        !st_grow(&d->seen, &d->seen_cap, d->nseen + f->nseen, sizeof *d->seen) ||
        !st_grow(&d->lossy, &d->lossy_cap, d->nlossy + f->nlossy, sizeof *d->lossy))
        return false;
    for (size_t i = 0; i < f->nendings; i++) {
        st_ending *e = &d->endings[d->nendings++];
        *e = f->endings[i];
        e->computer = map[e->computer];
    }
    for (size_t i = 0; i < f->nservices; i++) {
        st_service *v = &d->services[d->nservices++];
        *v = f->services[i];
        v->computer = map[v->computer];
        v->state = map[v->state];
        v->version = map[v->version];
        v->schema = map[v->schema];
    }
    for (size_t i = 0; i < f->nseen; i++) {
        st_seen *n = &d->seen[d->nseen++];
        *n = f->seen[i];
        n->computer = map[n->computer];
    }
    for (size_t i = 0; i < f->nlossy; i++) {
        st_lossy *l = &d->lossy[d->nlossy++];
        *l = f->lossy[i];
        l->row += (uint32_t)first_row;
        l->hex = map[l->hex];
    }
    return true;
}

bool st_store_append(st_store *d, const st_store *f)
{
    size_t first_row = d->creations.n;
    st_sid *map = strings_across(d->pool, f->pool);
    bool ok = map && append_rows(&d->creations, &f->creations, map) &&
              append_others(d, f, map, first_row);
    for (size_t i = 0; ok && i < ST_EVENT_KINDS; i++)
        ok = st_events_append(&d->events[i], &f->events[i], i, map);
    ok = ok && !st_pool_failed(d->pool);
    free(map);
    d->records += f->records;
    d->sysmon += f->sysmon;
    d->without_host += f->without_host;
    return ok;
}
