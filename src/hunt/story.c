/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story.c - the incidents' own events: which are asked of the evidence, and their rows.
 *
 * The processes of an incident are its top and what hangs under it among its rows. A web server at
 * the top lives long and does much else: of it only what lies about the findings' time counts.
 * Events that name no process by its GUID join an incident of their host by the session of its
 * logon, by PID and lifetime, or by time alone, as their kind says (st_tie); that they are
 * correlated is said.
 */
#include "internal.h"

#include "base/limits.h"
#include "base/search.h"

#include <stdlib.h>
#include <string.h>

/* Whose event it is, by node; outside: nobody's. */
#define OUTSIDE (ST_NO_INCIDENT - 1)

/* Climbs from n to the incident's top; all on the way are the incident's, or none is. */
static void climb(const st_case *c, uint32_t *owner, st_node n, uint32_t incident)
{
    const st_forest *f = c->forest;
    st_node top = c->incidents[incident].top, at = n;
    uint32_t found = OUTSIDE;
    for (; at != ST_NO_NODE; at = f->procs[at].parent) {
        if (at == top || owner[at] == incident) {
            found = incident;
            break;
        }
        if (owner[at] != ST_NO_INCIDENT)
            break;
    }
    for (at = n; at != ST_NO_NODE && owner[at] == ST_NO_INCIDENT; at = f->procs[at].parent) {
        owner[at] = found;
        if (at == top)
            break;
    }
}

/* By node, the incident whose process it is; NULL: no memory. */
static uint32_t *owners(const st_case *c)
{
    uint32_t *owner = malloc((c->forest->n + 1) * sizeof *owner);
    if (!owner)
        return NULL;
    memset(owner, 0xff, (c->forest->n + 1) * sizeof *owner);
    for (uint32_t i = 0; i < c->nincidents; i++)
        if (c->incidents[i].top != ST_NO_NODE)
            owner[c->incidents[i].top] = i;
    for (size_t i = 0; i < c->nrows; i++)
        if (c->rows[i].incident != ST_NO_INCIDENT && c->rows[i].node != ST_NO_NODE)
            climb(c, owner, c->rows[i].node, c->rows[i].incident);
    return owner;
}

/* Kinds whose events are rows of incidents: not what the clipboard held, nor logs kept for a rule.
 */
static bool tells(st_event_key key)
{
    return key.provider != ST_LOGS && !st_event_key_eq(key, ST_SYSMON_EVENT(24));
}

/* what is asked for */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(st_guid));
}

static bool want_guids(st_case *c, st_wanted_events *w)
{
    const st_forest *f = c->forest;
    uint32_t *owner = owners(c);
    if (!owner)
        return false;
    st_guid *guids = ST_NEWN(&c->arena, st_guid, f->n);
    size_t n = 0;
    for (size_t i = 0; guids && i < f->n; i++)
        if (owner[i] < c->nincidents && !st_guid_zero(&f->procs[i].guid))
            guids[n++] = f->procs[i].guid;
    free(owner);
    if (n)
        qsort(guids, n, sizeof *guids, by_bytes);
    w->guids = guids;
    w->nguids = n;
    return guids != NULL;
}

static bool is_asked(const st_wanted_events *w, size_t kind)
{
    return kind < st_event_kinds() &&
           (st_event_set_has(&w->kinds, kind) || st_event_set_has(&w->nameless, kind));
}

/* Sources with records of a host that has an incident, or that one's commands work on: there a
 * logon, a service or a task may tell that they arrived. */
static bool want_sources(st_case *c, st_wanted_events *w)
{
    const st_forest *f = c->forest;
    const st_store *s = f->store;
    size_t n = f->evidence ? st_evidence_count(f->evidence) : 0;
    uint8_t *sources = ST_NEWN(&c->arena, uint8_t, n),
            *hosts = ST_NEWN(&c->arena, uint8_t, f->nhosts);
    if (!sources || !hosts)
        return false;
    for (size_t i = 0; i < c->nincidents; i++)
        hosts[c->incidents[i].host] = 1;
    if (!st_spread_reach(c, hosts))
        return false;
    for (size_t i = 0; i < s->npresences; i++) {
        uint32_t host = st_tree_host_of(f, s->presences[i].computer);
        if (host < f->nhosts && hosts[host] &&
            (s->presences[i].sysmon || s->presences[i].windows) && s->presences[i].source < n)
            sources[s->presences[i].source] = 1;
    }
    w->sources = sources;
    /* Nothing is read again where no record of these kinds was met. */
    bool any = false, asked = false;
    for (size_t i = 0; i < s->nseen && !any; i++) {
        if (!i || s->seen[i].event_id != s->seen[i - 1].event_id)
            asked = is_asked(w, st_event_kind_of(ST_SYSMON_EVENT(s->seen[i].event_id)));
        uint32_t host = asked ? st_tree_host_of(f, s->seen[i].computer) : UINT32_MAX;
        any = host < f->nhosts && hosts[host];
    }
    for (size_t i = 0; i < s->npresences && !any; i++) {
        uint32_t host = st_tree_host_of(f, s->presences[i].computer);
        any = s->presences[i].windows && host < f->nhosts && hosts[host];
    }
    w->nothing = !any;
    return true;
}

/* Windows' logs are full of events that name no process: what lies a day before the first incident
 * or behind the last is nobody's. Where clocks were put right the records' own times say nothing.
 */
static void want_times(const st_case *c, st_wanted_events *w)
{
    const st_ticks DAY = UINT64_C(86400) * ST_TICKS_SECOND;
    st_ticks first = 0, last = 0;
    for (size_t i = 0; i < c->nincidents; i++) {
        const st_incident *x = &c->incidents[i];
        if (x->first && (!first || x->first < first))
            first = x->first;
        if (x->last > last)
            last = x->last;
    }
    if (!first || c->forest->store->shift)
        return;
    w->from = first > DAY ? first - DAY : 1;
    w->to = last + DAY;
}

bool st_story_wants(st_case *c, st_wanted_events *w)
{
    *w = (st_wanted_events){ .nothing = true };
    for (size_t k = 0; k < st_event_kinds(); k++) {
        st_event_key key = st_event_kind_at(k)->key;
        if (!tells(key) || key.provider == ST_ACCESS ||
            st_event_set_has(&c->forest->store->wanted, k))
            continue;
        st_event_set_add(st_event_nameless(key) ? &w->nameless : &w->kinds, key);
    }
    want_times(c, w);
    return want_sources(c, w) && (w->nothing || want_guids(c, w));
}

/* rows */

/* A logon whose processes are an incident's. */
typedef struct session {
    uint32_t host, incident;
    uint64_t logon;
} session;

typedef struct telling {
    st_case *c;
    const st_forest *f;
    const st_hunt_options *o;
    uint32_t *owner;
    uint8_t *found; /* by event: it has a row */
    st_by_host hosts;
    session *sessions; /* of the incidents' processes, sorted */
    size_t nsessions;
    st_ticks *first, *last; /* by incident: of its processes below the top, and their events */
    st_row *rows;
    size_t n, cap;
    bool failed;
} telling;

static bool about(const telling *t, const st_incident *i, st_ticks when)
{
    return i->first && when + t->o->sibling_window >= i->first &&
           when <= i->last + t->o->sibling_window;
}

/* The incident that the event belongs to, by its process. */
static uint32_t by_process(const telling *t, const st_event *e, st_ticks when)
{
    uint32_t i = e->process < t->f->n ? t->owner[e->process] : OUTSIDE;
    if (i >= t->c->nincidents)
        return ST_NO_INCIDENT;
    const st_incident *x = &t->c->incidents[i];
    return e->process == x->top && x->server && !about(t, x, when) ? ST_NO_INCIDENT : i;
}

/* The gravest incident of the host within whose time the event lies. */
static uint32_t by_time(const telling *t, const st_event *e, st_ticks when)
{
    size_t k = t->hosts.start[e->host], end = t->hosts.start[e->host + 1];
    for (; k < end && k < t->hosts.start[e->host] + ST_MAX_INCIDENTS_ASKED; k++) {
        uint32_t i = t->hosts.list[k];
        if (when >= t->first[i] && when <= t->last[i])
            return i;
    }
    return ST_NO_INCIDENT;
}

/* sessions */

static int by_logon(const void *pa, const void *pb)
{
    const session *a = pa, *b = pb;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (a->logon != b->logon)
        return a->logon < b->logon ? -1 : 1;
    return (a->incident > b->incident) - (a->incident < b->incident); /* the gravest first */
}

/* SYSTEM, LOCAL SERVICE and NETWORK SERVICE have one for all that they do. */
static bool tells_apart(uint64_t logon)
{
    return logon && logon != ST_NO_U64 && logon != 0x3e7 && logon != 0x3e5 && logon != 0x3e4;
}

static bool list_sessions(telling *t)
{
    const st_case *c = t->c;
    t->sessions = malloc((c->nrows + 1) * sizeof *t->sessions);
    for (size_t i = 0; t->sessions && i < c->nrows; i++) {
        const st_row *r = &c->rows[i];
        if (r->event != ST_NO_EVENT || r->incident == ST_NO_INCIDENT ||
            t->owner[r->node] != r->incident)
            continue;
        const st_proc *p = &t->f->procs[r->node];
        uint64_t logon = t->f->store->creations.logon_id[p->row];
        if (tells_apart(logon))
            t->sessions[t->nsessions++] = (session){ p->host, r->incident, logon };
    }
    if (t->sessions && t->nsessions)
        qsort(t->sessions, t->nsessions, sizeof *t->sessions, by_logon);
    return t->sessions != NULL;
}

static bool lies_before(const void *item, const void *key)
{
    return by_logon(item, key) < 0;
}

/* The incident in whose session it happened, or which it began or ended; no more than a day off,
 * since numbers of sessions begin anew with each boot. */
static uint32_t by_session(const telling *t, const st_event *e, st_ticks when)
{
    static const st_event_text LOGONS[] = { ST_T_logon_session, ST_T_subject_logon };
    const st_ticks DAY = UINT64_C(86400) * ST_TICKS_SECOND;
    for (size_t i = 0; i < sizeof LOGONS / sizeof LOGONS[0]; i++) {
        st_str s = st_pool_get(t->f->pool, st_event_text_of(t->f, e, LOGONS[i]));
        st_value v = { .p = (const unsigned char *)s.p, .n = (uint32_t)s.n, .type = ST_V_TEXT };
        session want = { .host = e->host };
        if (!s.n || !st_value_u64(&v, &want.logon) || !tells_apart(want.logon))
            continue;
        size_t k =
            st_lower_bound(t->sessions, t->nsessions, sizeof *t->sessions, &want, lies_before);
        if (k == t->nsessions || t->sessions[k].host != want.host ||
            t->sessions[k].logon != want.logon)
            continue;
        uint32_t x = t->sessions[k].incident;
        if (when + DAY >= t->first[x] && when <= t->last[x] + DAY)
            return x;
    }
    return ST_NO_INCIDENT;
}

/* Of an event that names no process by its GUID. */
static uint32_t by_tie(const telling *t, const st_event *e, st_ticks when)
{
    st_tie tie = (st_tie)st_event_kind_at(e->kind)->tie;
    uint32_t i = ST_NO_INCIDENT;
    if (tie == ST_TIE_TIME)
        return by_time(t, e, when);
    if (tie == ST_TIE_SESSION)
        i = by_session(t, e, when);
    return i == ST_NO_INCIDENT ? by_process(t, e, when) : i;
}

static void stretch(telling *t, uint32_t i, st_node n, st_ticks when)
{
    if (!when || n == t->c->incidents[i].top)
        return;
    if (when < t->first[i])
        t->first[i] = when;
    if (when > t->last[i])
        t->last[i] = when;
}

/* Whose turn it is: those that name their process by its GUID, those that name it or its session
 * otherwise, and those of which time alone tells, once the others have told the incidents' time. */
typedef enum turn { BY_GUID, BY_TIE, BY_TIME, TURNS } turn;

static turn turn_of(const st_event *e)
{
    st_tie tie = (st_tie)st_event_kind_at(e->kind)->tie;
    return tie == ST_TIE_GUID ? BY_GUID : tie == ST_TIE_TIME ? BY_TIME : BY_TIE;
}

static void tell(telling *t, size_t place, turn now)
{
    const st_event *e = &t->f->events[place];
    st_event_key key = st_event_kind_at(e->kind)->key;
    st_ticks when = st_subject_time(t->f, ST_NO_NODE, (uint32_t)place);
    if (now != turn_of(e))
        return;
    uint32_t i =
        key.provider == ST_ACCESS
            ? st_request_incident(t->c, e->host, when, st_event_columns(t->f, e)->created[e->row])
        : now == BY_GUID ? by_process(t, e, when)
                         : by_tie(t, e, when);
    if (t->found[place] || !tells(key) || i == ST_NO_INCIDENT ||
        !st_row_in_scope(t->f, t->o, e->host, when))
        return;
    if (t->c->incidents[i].events >= ST_MAX_INCIDENT_EVENTS) {
        t->c->incidents[i].events_dropped++;
        return;
    }
    if (!st_grow(&t->rows, &t->cap, t->n + 1, sizeof *t->rows)) {
        t->failed = true;
        return;
    }
    t->c->incidents[i].events++;
    if (now != BY_TIME)
        stretch(t, i, e->process, when);
    t->rows[t->n++] = (st_row){ .node = e->process,
                                .event = (uint32_t)place,
                                .kind = ST_ROW_CONTEXT,
                                .incident = i,
                                .correlated = now != BY_GUID };
}

static int in_order(const void *pa, const void *pb, void *ctx)
{
    return st_row_cmp(ctx, pa, pb);
}

static bool merge(telling *t)
{
    st_case *c = t->c;
    if (!t->n)
        return true;
    qsort_r(t->rows, t->n, sizeof *t->rows, in_order, (void *)(uintptr_t)t->f);
    st_row *all = ST_NEWN(&c->arena, st_row, c->nrows + t->n);
    if (!all)
        return false;
    size_t n = 0, k = 0;
    for (size_t i = 0; i < c->nrows; i++) {
        while (k < t->n && st_row_cmp(t->f, &t->rows[k], &c->rows[i]) < 0)
            all[n++] = t->rows[k++];
        all[n++] = c->rows[i];
    }
    while (k < t->n)
        all[n++] = t->rows[k++];
    c->rows = all;
    c->nrows = n;
    return true;
}

/* Marks the events that have rows; how long each incident's processes lived. */
static bool begin(telling *t)
{
    const st_case *c = t->c;
    t->first = calloc(c->nincidents, sizeof *t->first);
    t->last = calloc(c->nincidents, sizeof *t->last);
    if (!t->first || !t->last || !st_incidents_by_host(c, c->nincidents, &t->hosts))
        return false;
    for (size_t i = 0; i < c->nfindings; i++)
        if (c->findings[i].event != ST_NO_EVENT)
            t->found[c->findings[i].event] = 1;
    for (size_t i = 0; i < c->nincidents; i++) {
        t->first[i] = c->incidents[i].first;
        t->last[i] = c->incidents[i].last;
    }
    for (size_t i = 0; i < c->nrows; i++) {
        const st_row *r = &c->rows[i];
        if (r->event == ST_NO_EVENT && r->incident != ST_NO_INCIDENT &&
            t->owner[r->node] == r->incident)
            stretch(t, r->incident, r->node, t->f->procs[r->node].start);
    }
    return true;
}

st_code st_story_make(st_case *c, const st_hunt_options *o, st_err *err)
{
    telling t = { .c = c, .f = c->forest, .o = o };
    bool ok = true;
    if (c->nincidents && o->scope != ST_SCOPE_HITS && t.f->nall) {
        t.owner = owners(c);
        t.found = calloc(t.f->nall + 1, 1);
        ok = t.owner && t.found;
        ok = ok && begin(&t) && list_sessions(&t);
        for (unsigned now = BY_GUID; ok && now < TURNS; now++)
            for (size_t i = 0; i < t.f->nall; i++)
                tell(&t, i, (turn)now);
        ok = ok && !t.failed && merge(&t);
    }
    ok = ok && (o->rows_alone || st_facts_make(c, o->threads));
    free(t.owner);
    free(t.found);
    free(t.sessions);
    free(t.first);
    free(t.last);
    free(t.hosts.list);
    free(t.hosts.start);
    free(t.rows);
    return ok ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory for the incidents' events");
}
