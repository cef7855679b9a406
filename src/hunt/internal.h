/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of hunt share: the work in progress of one hunt. */
#ifndef SHELLTREE_HUNT_INTERNAL_H
#define SHELLTREE_HUNT_INTERNAL_H

#include "shelltree/hunt.h"

/* What was said of an image. */
typedef struct st_root_asked {
    st_sid image;
    bool is, known;
} st_root_asked;

/* Node arrays that live only while a case is made. */
typedef struct st_hunting {
    const st_forest *f;
    const st_hunt_options *o;
    st_case *c;
    uint32_t *incident_of;   /* by node: incident whose top it is; later the owner of its row */
    st_node *top_of;         /* by node: where its way up ends; ST_NO_NODE: not known yet */
    uint8_t *marks;          /* by node: st_mark bits */
    uint32_t *context;       /* by incident: context rows so far */
    st_root_asked roots[64]; /* session roots or not: the last images asked about */
} st_hunting;

enum st_mark {
    ST_MARK_HIT = 1 << 0, /* it, or an event of its */
    ST_MARK_CONTEXT = 1 << 1,
    ST_MARK_CLIMBED = 1 << 2,  /* its ancestors are in already */
    ST_MARK_WALKED = 1 << 3,   /* its subtree is in already */
    ST_MARK_SIBLINGS = 1 << 4, /* its children have been looked at as siblings */
    ST_MARK_HIDDEN = 1 << 5,   /* would be a hit, but since, until or host hides it */
    ST_MARK_OWN = 1 << 6       /* a hit itself, not an event of its */
};

/* Is this image (path or name) one of the session and service roots? */
bool st_is_session_root(st_str image);
/* Fills the case's findings; matches below the level or outside the filter are counted. */
bool st_findings_make(st_hunting *h);
/* Groups the findings; sorts and names the incidents. */
bool st_incidents_make(st_hunting *h);
/* An incident's behaviours: of a finding more; and, once, what they do to its level. */
void st_behaviour_add(const st_case *c, st_incident *i, const st_finding *x);
void st_behaviours_raise(st_incident *i);
/* How far a record's time may lie before that of the record in front of it: events are written a
 * little out of order, never a minute. */
#define ST_CLOCK_STEP (UINT64_C(60) * ST_TICKS_SECOND)
/* A host's records in a source. */
typedef struct st_stay {
    uint32_t source, host;
    uint64_t sysmon;            /* how many are Sysmon's */
    st_ticks first, last;       /* as of a presence (events.h) */
    uint64_t first_id, last_id; /* the same */
} st_stay;

/* Each pair once, by source, then host. The caller frees it. NULL: no memory. */
st_stay *st_stays_make(const st_forest *f, size_t *n);
/* The gaps of all hosts; the hosts' coverage, with them; hints that hosts were renamed. */
bool st_gaps_make(st_case *c, unsigned threads);
bool st_coverage_make(st_case *c, unsigned threads);
bool st_hints_make(st_case *c);
/* Marks the context and makes the rows. */
bool st_rows_make(st_hunting *h);
/* Do since, until and host let a row of that host and time through? */
bool st_row_wanted(const st_hunting *h, uint32_t host, st_ticks when);
bool st_row_in_scope(const st_forest *f, const st_hunt_options *o, uint32_t host, st_ticks when);
/* The order of rows. */
int st_row_cmp(const st_forest *f, const st_row *a, const st_row *b);
bool st_facts_make(st_case *c, unsigned threads);
/* Hosts by name (host_names.c). */
typedef struct st_host_name {
    st_str name; /* folded */
    uint32_t host;
} st_host_name;
typedef struct st_host_names {
    st_host_name *v; /* by name, then by host */
    size_t n;
    st_arena texts;
    st_buf asked;
} st_host_names;
/* false: no memory; to be freed either way. */
bool st_host_names_make(st_host_names *names, const st_forest *f);
/* The first host that is called so in full, or by its first label, in any case; UINT32_MAX: none.
 */
uint32_t st_host_names_find(st_host_names *names, st_str name);
void st_host_names_free(st_host_names *names);

/* The first n incidents host by host, in their order; those of host h are list[start[h] .. start[h
 * + 1]). Freed by whoever asked; NULL: no memory. */
typedef struct st_by_host {
    uint32_t *list;
    size_t *start;
} st_by_host;
bool st_incidents_by_host(const st_case *c, size_t n, st_by_host *out);

/* Facts in the making. */
typedef struct st_summing {
    st_case *c;
    const st_forest *f;
    st_fact *v;
    size_t n, cap;
    st_host_names names;
    st_by_host by_host; /* the incidents; not made where there is one host */
    uint32_t *aiming;   /* rows of commands that work on other hosts, rising */
    size_t naiming, aiming_cap;
    size_t moves; /* commands whose other end was looked for */
    bool failed;
} st_summing;
void st_fact_add(st_summing *x, const st_fact *fact);
/* A process that a web server of an incident started itself. */
typedef struct st_served {
    st_ticks start;
    uint32_t host, incident;
    st_node node;
} st_served;
typedef struct st_path_count {
    uint64_t hash; /* 0: free */
    uint64_t n;
} st_path_count;
/* The first of the host's that didn't start before t; and whether one may come of a request that
 * was answered at `to`. */
size_t st_served_from(const st_case *c, uint32_t host, st_ticks t);
bool st_served_by(const st_case *c, size_t at, uint32_t host, st_ticks to);
/* The gravest incident with a process that a request from .. to may have started. */
uint32_t st_request_incident(const st_case *c, uint32_t host, st_ticks from, st_ticks to);
/* Names each incident's probable shell. */
void st_requests_sum(st_summing *x);
/* Notes which of the rows from .. to are of commands that work on other hosts. */
void st_spread_find_aiming(st_summing *x, size_t from, size_t to);
/* Where the incidents' processes went, and what other hosts have in common with them. */
bool st_spread_make(st_summing *x);
/* Sets the place of each host that a command of an incident works on, and notes whose commands do
 * (st_case.aiming); false: no memory. */
bool st_spread_reach(st_case *c, uint8_t *hosts);
/* Is it in a folder of the system's own programs, or of installed ones? */
bool st_is_system_path(st_str path);
/* When and where: of a process, or of an event (ST_NO_EVENT: none). */
st_ticks st_subject_time(const st_forest *f, st_node n, uint32_t event);
uint32_t st_subject_host(const st_forest *f, st_node n, uint32_t event);
/* The incident of a host's events that name no process. */
void st_hunt_events_id(const st_case *c, uint32_t host, char id[17]);
/* host key NUL node key [NUL more], hashed: the first 16 hex digits. */
void st_hunt_id(const st_case *c, st_node n, st_str more, char id[17]);

#endif
