/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift.c - a host whose clock was wrong: all times that its records carry, moved by as much.
 *
 * Done to the store before anything is built over it, so that order, lifetimes and windows of time
 * follow. The second within a ProcessGuid is part of a name and stays; who reads it as a time adds
 * the shift.
 */
#include "store.h"

#include <stdlib.h>

static void move(st_ticks *t, int64_t by)
{
    if (*t && (by >= 0 || *t > (st_ticks)-by))
        *t += (st_ticks)by;
}

typedef struct mover {
    const uint8_t *hit; /* by computer */
    int64_t by;         /* ticks */
} mover;

static void move_creations(st_creations *c, const mover *m)
{
    for (size_t i = 0; i < c->n; i++)
        if (m->hit[c->computer[i]]) {
            move(&c->utc[i], m->by);
            move(&c->created[i], m->by);
        }
}

static void move_events(st_events *e, const mover *m)
{
    for (size_t i = 0; i < e->n; i++)
        if (m->hit[e->computer[i]]) {
            move(&e->utc[i], m->by);
            move(&e->created[i], m->by);
        }
}

/* UtcTime as recorded would contradict the time; what can't be read as one stays. */
static void drop_texts(const st_store *s, const mover *m)
{
    const st_creations *c = &s->creations;
    st_ticks t;
    for (size_t i = 0; i < c->n; i++)
        if (m->hit[c->computer[i]] && c->utc_text[i] != ST_ABSENT &&
            st_time_sysmon(st_pool_get(s->pool, c->utc_text[i]), &t))
            c->utc_text[i] = ST_ABSENT;
}

static void move_all(st_store *s, const mover *m)
{
    drop_texts(s, m);
    move_creations(&s->creations, m);
    for (size_t k = 0; k < st_event_kinds(); k++)
        move_events(&s->events[k], m);
    for (size_t i = 0; i < s->nendings; i++)
        if (m->hit[s->endings[i].computer]) {
            move(&s->endings[i].utc, m->by);
            move(&s->endings[i].created, m->by);
        }
    for (size_t i = 0; i < s->nservices; i++)
        if (m->hit[s->services[i].computer]) {
            move(&s->services[i].utc, m->by);
            move(&s->services[i].created, m->by);
        }
    for (size_t i = 0; i < s->nseen; i++)
        if (m->hit[s->seen[i].computer])
            move(&s->seen[i].created, m->by);
    for (size_t i = 0; i < s->npresences; i++)
        if (m->hit[s->presences[i].computer]) {
            move(&s->presences[i].first, m->by);
            move(&s->presences[i].last, m->by);
        }
}

st_code st_store_shift(st_store *s, st_str host, int64_t seconds, bool *found, st_err *err)
{
    size_t n = st_pool_count(s->pool);
    uint8_t *hit = calloc(n + 1, 1), *is_host = calloc(n + 1, 1);
    *found = false;
    if (!s->shift && (s->shift = calloc(n + 1, sizeof *s->shift)))
        s->nshift = n;
    if (hit && is_host && s->shift) {
        for (size_t i = 0; i < s->nseen; i++)
            is_host[s->seen[i].computer] = 1;
        for (size_t i = 0; i < s->npresences; i++)
            is_host[s->presences[i].computer] = 1;
        for (size_t i = 0; i < s->creations.n; i++)
            is_host[s->creations.computer[i]] = 1;
        for (size_t i = 0; i < s->nshift; i++)
            if (is_host[i] && st_host_is(st_pool_get(s->pool, (st_sid)i), host)) {
                hit[i] = *found = true;
                s->shift[i] += seconds;
            }
        move_all(s, &(mover){ hit, seconds * (int64_t)ST_TICKS_SECOND });
    }
    bool ok = hit && is_host && s->shift;
    free(hit);
    free(is_host);
    return ok ? ST_OK
              : st_fail(err, ST_E_MEMORY, "no memory to move the times of %.*s", ST_FMT(host));
}
