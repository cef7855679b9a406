/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection.c - what --host and --incident leave of the forest, for verbs that make no incidents
 * themselves.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* Which incident's id begins so; ST_NO_INCIDENT: none; *several: more than one. */
static uint32_t incident_of(const st_case *c, st_str id, bool *several)
{
    uint32_t found = ST_NO_INCIDENT;
    *several = false;
    for (uint32_t i = 0; i < c->nincidents; i++) {
        if (!st_str_starts(st_str_of(c->incidents[i].id), id))
            continue;
        *several = found != ST_NO_INCIDENT;
        if (*several)
            return found;
        found = i;
    }
    return found;
}

int st_session_incident(st_session *s, uint32_t *incident)
{
    bool several;
    int status;
    st_str id = st_str_of(s->config->incident);
    if ((status = st_session_match(s)) || (status = st_session_hunt(s)))
        return status;
    *incident = id.n ? incident_of(s->found, id, &several) : ST_NO_INCIDENT;
    if (*incident == ST_NO_INCIDENT)
        st_complain("--incident %.*s: no such incident here; hunt lists the %zu that there %s",
                    ST_FMT(id), s->found->nincidents, s->found->nincidents == 1 ? "is" : "are");
    else if (several)
        st_complain("--incident %.*s: more than one incident's id begins so", ST_FMT(id));
    return *incident == ST_NO_INCIDENT || several ? ST_EXIT_CANNOT : ST_EXIT_OK;
}

static bool host_named(const st_session *s, uint32_t host)
{
    const st_forest *f = s->forest;
    const st_list *l = &s->config->hosts;
    bool named = !l->n;
    for (size_t i = 0; host < f->nhosts && i < l->n && !named; i++)
        named = st_host_is(st_pool_get(f->pool, f->hosts[host].name), l->items[i]);
    return named;
}

/* Rows of the incident: its processes, and of its events those that rules see. */
static void show_incident(const st_session *s, uint32_t incident, uint8_t *shown)
{
    const st_forest *f = s->forest;
    const st_case *c = s->found;
    for (size_t i = 0; i < c->nrows; i++) {
        const st_row *r = &c->rows[i];
        if (r->incident != incident)
            continue;
        if (r->node != ST_NO_NODE)
            shown[r->node] = 1;
        if (r->event < f->nevents)
            shown[f->n + r->event] = 1;
    }
    if (c->incidents[incident].top != ST_NO_NODE)
        shown[c->incidents[incident].top] = 1;
    shown[f->n + f->nevents + c->incidents[incident].host] = 1;
}

int st_session_shown(st_session *s, uint8_t **out)
{
    const st_forest *f = s->forest;
    uint32_t incident = ST_NO_INCIDENT;
    int status = ST_EXIT_OK;
    size_t n = f ? f->n + f->nevents + f->nhosts : 0;
    *out = NULL;
    if (!f || (!s->config->hosts.n && !s->config->incident))
        return ST_EXIT_OK;
    if (s->config->incident && (status = st_session_incident(s, &incident)) != ST_EXIT_OK)
        return status;
    uint8_t *shown = calloc(n + 1, 1);
    if (!shown)
        return st_cannot(&(st_err){ .code = ST_E_MEMORY, .text = "out of memory" });
    if (incident != ST_NO_INCIDENT)
        show_incident(s, incident, shown);
    else
        memset(shown, 1, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t host = i < f->n                ? f->procs[i].host
                        : i < f->n + f->nevents ? f->events[i - f->n].host
                                                : (uint32_t)(i - f->n - f->nevents);
        shown[i] &= (uint8_t)host_named(s, host);
    }
    *out = shown;
    return ST_EXIT_OK;
}
