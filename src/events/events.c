/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - the providers, the kinds of their events numbered through, sets of kinds, and the
 * columns of each kind.
 */
#include "events/store.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static const st_provider *const PROVIDERS[ST_PROVIDERS] = {
    [ST_SYSMON] = &st_sysmon,         [ST_EVENTLOG] = &st_eventlog, [ST_SECURITY] = &st_security,
    [ST_SYSTEM_LOG] = &st_system_log, [ST_SERVICES] = &st_services, [ST_TASKS] = &st_tasks,
    [ST_POWERSHELL] = &st_powershell, [ST_DEFENDER] = &st_defender, [ST_BITS] = &st_bits,
    [ST_WINRM] = &st_winrm,           [ST_DESKTOP] = &st_desktop,   [ST_SESSIONS] = &st_sessions,
    [ST_ACCESS] = &st_access_logs,    [ST_LOGS] = &st_logs,
};

const st_provider *st_provider_at(size_t i)
{
    return i < ST_PROVIDERS ? PROVIDERS[i] : NULL;
}

size_t st_event_kinds(void)
{
    size_t n = 0;
    for (size_t i = 0; i < ST_PROVIDERS; i++)
        n += PROVIDERS[i]->nkinds;
    return n;
}

const st_event_kind *st_event_kind_at(size_t kind)
{
    for (size_t i = 0; i < ST_PROVIDERS; kind -= PROVIDERS[i++]->nkinds)
        if (kind < PROVIDERS[i]->nkinds)
            return &PROVIDERS[i]->kinds[kind];
    return NULL;
}

size_t st_event_kind_of(st_event_key key)
{
    size_t first = 0;
    for (size_t i = 0; i < ST_PROVIDERS; first += PROVIDERS[i++]->nkinds)
        for (size_t k = 0; i == key.provider && k < PROVIDERS[i]->nkinds; k++)
            if (PROVIDERS[i]->kinds[k].key.id == key.id)
                return first + k;
    return first;
}

const st_event_rows *st_event_rows_at(size_t i, st_event_key *key)
{
    for (size_t p = 0; p < ST_PROVIDERS; i -= PROVIDERS[p++]->nrows)
        if (i < PROVIDERS[p]->nrows) {
            const st_event_rows *k = &PROVIDERS[p]->rows[i];
            *key = (st_event_key){ (uint16_t)p, k->id };
            return k;
        }
    return NULL;
}

/* sets */

st_event_set st_event_set_all(void)
{
    st_event_set s = { { 0 } };
    for (size_t k = 0; k < st_event_kinds(); k++)
        s.bits[k / 64] |= UINT64_C(1) << k % 64;
    return s;
}

void st_event_set_add(st_event_set *s, st_event_key key)
{
    size_t k = st_event_kind_of(key);
    if (k < st_event_kinds())
        s->bits[k / 64] |= UINT64_C(1) << k % 64;
}

bool st_event_set_empty(const st_event_set *s)
{
    return st_event_set_eq(s, &(st_event_set){ { 0 } });
}

bool st_event_set_eq(const st_event_set *a, const st_event_set *b)
{
    return memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

/* columns */

bool st_event_nameless(st_event_key key)
{
    size_t kind = st_event_kind_of(key);
    return kind < st_event_kinds() && st_event_kind_at(kind)->tie != ST_TIE_GUID;
}

size_t st_event_column(const st_event_kind *k, st_event_text t)
{
    const uint8_t *at = t ? memchr(k->texts, (int)t, ST_EVENT_COLUMNS) : NULL;
    return at ? (size_t)(at - k->texts) : SIZE_MAX;
}

static size_t columns_of(size_t kind)
{
    const st_event_kind *k = st_event_kind_at(kind);
    size_t n = 0;
    while (k->texts[n])
        n++;
    return n;
}

void st_events_free(st_events *e)
{
#define NUM_FREE(type, name) free(e->name);
    ST_EVENT_NUMBERS(NUM_FREE)
#undef NUM_FREE
    for (size_t i = 0; i < ST_EVENT_COLUMNS; i++)
        free(e->text[i]);
}

/* As for creations: each column grows on its own, the common capacity is the least. */
bool st_events_reserve(st_events *e, size_t kind, size_t need)
{
    if (need <= e->cap)
        return true;
    if (need > ST_MAX_ROWS)
        return false;
    size_t cap, least = SIZE_MAX, n = columns_of(kind);
#define GROW(column)                                       \
    cap = e->cap;                                          \
    if (!st_grow(&(column), &cap, need, sizeof *(column))) \
        return false;                                      \
    least = cap < least ? cap : least;
#define NUM_GROW(type, name) GROW(e->name)
    ST_EVENT_NUMBERS(NUM_GROW)
#undef NUM_GROW
    for (size_t i = 0; i < n; i++) {
        GROW(e->text[i])
    }
#undef GROW
    e->cap = least;
    return true;
}

size_t st_store_add_event(st_store *s, size_t kind)
{
    st_events *e = &s->events[kind];
    if (!st_events_reserve(e, kind, e->n + 1))
        return SIZE_MAX;
    size_t row = e->n++, n = columns_of(kind);
#define NUM_ZERO(type, name) memset(&e->name[row], 0, sizeof e->name[row]);
    ST_EVENT_NUMBERS(NUM_ZERO)
#undef NUM_ZERO
    for (size_t i = 0; i < n; i++)
        e->text[i][row] = ST_ABSENT;
    e->pid[row] = ST_NO_U32;
    return row;
}

bool st_events_append(st_events *d, const st_events *f, size_t kind, const st_sid *map)
{
    if (!f->n)
        return true;
    if (!st_events_reserve(d, kind, d->n + f->n))
        return false;
    size_t n = columns_of(kind);
#define NUM_COPY(type, name) memcpy(d->name + d->n, f->name, f->n * sizeof *f->name);
    ST_EVENT_NUMBERS(NUM_COPY)
#undef NUM_COPY
    for (size_t i = 0; i < f->n; i++) {
        d->computer[d->n + i] = map[f->computer[i]];
        d->channel[d->n + i] = map[f->channel[i]];
    }
    for (size_t c = 0; c < n; c++)
        for (size_t i = 0; i < f->n; i++)
            d->text[c][d->n + i] = map[f->text[c][i]];
    d->n += f->n;
    return true;
}
