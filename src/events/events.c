/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - the other events: which there are, what texts each kind has, their columns.
 *
 * A kind keeps only what some table shows; its list is the one place that says so. What isn't in
 * it isn't decoded either.
 */
#include "events/store.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define T(name) ST_T_##name
#define ACTOR T(rule_name), T(image), T(user)

static const st_event_kind KINDS[ST_EVENT_KINDS] = {
    { 2, { ACTOR, T(target_filename), T(creation_utc), T(previous_creation_utc) } },
    { 3,
      { ACTOR, T(protocol), T(initiated), T(source_ip), T(source_hostname), T(source_port),
        T(source_port_name), T(destination_ip), T(destination_hostname), T(destination_port),
        T(destination_port_name) } },
    { 6,
      { T(rule_name), T(image_loaded), T(hashes), T(is_signed), T(signature),
        T(signature_status) } },
    { 7,
      { ACTOR, T(image_loaded), T(file_version), T(description), T(product), T(company),
        T(original_file_name), T(hashes), T(is_signed), T(signature), T(signature_status) } },
    { 8,
      { ACTOR, T(target_guid), T(target_pid), T(target_image), T(target_user), T(new_thread_id),
        T(start_address), T(start_module), T(start_function) } },
    { 9, { ACTOR, T(device) } },
    { 10,
      { ACTOR, T(target_guid), T(target_pid), T(target_image), T(target_user), T(source_thread_id),
        T(granted_access), T(call_trace) } },
    { 11, { ACTOR, T(target_filename), T(creation_utc) } },
    { 12, { ACTOR, T(event_type), T(target_object) } },
    { 13, { ACTOR, T(event_type), T(target_object), T(details) } },
    { 14, { ACTOR, T(event_type), T(target_object), T(new_name) } },
    { 15, { ACTOR, T(target_filename), T(creation_utc), T(hashes), T(contents) } },
    { 17, { ACTOR, T(event_type), T(pipe_name) } },
    { 18, { ACTOR, T(event_type), T(pipe_name) } },
    { 19,
      { T(rule_name), T(user), T(event_type), T(operation), T(event_namespace), T(name),
        T(query) } },
    { 20,
      { T(rule_name), T(user), T(event_type), T(operation), T(name), T(type), T(destination) } },
    { 21, { T(rule_name), T(user), T(event_type), T(operation), T(consumer), T(filter) } },
    { 22, { ACTOR, T(query_name), T(query_status), T(query_results) } },
    { 23, { ACTOR, T(target_filename), T(hashes), T(is_executable), T(archived) } },
    { 24, { ACTOR, T(session), T(client_info), T(hashes), T(archived) } },
    { 25, { ACTOR, T(type) } },
    { 26, { ACTOR, T(target_filename), T(hashes), T(is_executable) } },
};

const st_event_kind *st_event_kind_at(size_t kind)
{
    return kind < ST_EVENT_KINDS ? &KINDS[kind] : NULL;
}

size_t st_event_kind_of(uint32_t event_id)
{
    size_t kind = 0;
    while (kind < ST_EVENT_KINDS && KINDS[kind].id != event_id)
        kind++;
    return kind;
}

uint64_t st_event_bit(uint32_t event_id)
{
    return st_event_kind_of(event_id) < ST_EVENT_KINDS ? UINT64_C(1) << event_id : 0;
}

size_t st_event_column(const st_event_kind *k, st_event_text t)
{
    const uint8_t *at = t ? memchr(k->texts, (int)t, ST_EVENT_COLUMNS) : NULL;
    return at ? (size_t)(at - k->texts) : SIZE_MAX;
}

static size_t columns_of(size_t kind)
{
    size_t n = 0;
    while (KINDS[kind].texts[n])
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
    size_t cap, least = SIZE_MAX;
#define GROW(column)                                       \
    cap = e->cap;                                          \
    if (!st_grow(&(column), &cap, need, sizeof *(column))) \
        return false;                                      \
    least = cap < least ? cap : least;
#define NUM_GROW(type, name) GROW(e->name)
    ST_EVENT_NUMBERS(NUM_GROW)
#undef NUM_GROW
    for (size_t i = 0; i < columns_of(kind); i++) {
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
    size_t row = e->n++;
#define NUM_ZERO(type, name) memset(&e->name[row], 0, sizeof e->name[row]);
    ST_EVENT_NUMBERS(NUM_ZERO)
#undef NUM_ZERO
    for (size_t i = 0; i < columns_of(kind); i++)
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
#define NUM_COPY(type, name) memcpy(d->name + d->n, f->name, f->n * sizeof *f->name);
    ST_EVENT_NUMBERS(NUM_COPY)
#undef NUM_COPY
    for (size_t i = 0; i < f->n; i++)
        d->computer[d->n + i] = map[f->computer[i]];
    for (size_t c = 0; c < columns_of(kind); c++)
        for (size_t i = 0; i < f->n; i++)
            d->text[c][d->n + i] = map[f->text[c][i]];
    d->n += f->n;
    return true;
}
