/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt.h - matches in, findings, incidents and timeline rows out.
 *
 * finding    one rule matched one process.
 * incident   findings of one host that belong together: by the outermost process of the
 *            unbroken run of web servers above (or the process itself, if it is one); without
 *            one, by the highest ancestor below the session and service roots (a table).
 * context    an incident's ancestors, the hits' subtrees, and siblings within ten minutes,
 *            capped, with a count of what the cap left out.
 *
 * Ids        hashes of what they name: incident = first 16 hex digits of SHA-256 over
 *            host key NUL node key; finding = over host key NUL node key NUL rule id. Node key:
 *            GUID text, else "pid,ticks"; so notes survive a run with more evidence.
 * Order      rows in the order of nodes (see tree.h); findings by node, then rule id.
 * Memory     20 bytes a finding, whatever it says: what can be told again from rule and process
 *            (its reason, its id) is made when it is written.
 * Ownership  a case owns findings, incidents, rows; forest, rules, matches must outlive it.
 * Threads    one; read-only after.
 */
#ifndef SHELLTREE_HUNT_H
#define SHELLTREE_HUNT_H

#include "shelltree/rules.h"

typedef enum st_scope { ST_SCOPE_HITS, ST_SCOPE_INCIDENT, ST_SCOPE_ALL } st_scope;
typedef enum st_row_kind { ST_ROW_HIT, ST_ROW_CONTEXT, ST_ROW_OTHER } st_row_kind;

typedef struct st_finding {
    uint32_t rule;
    st_node node;
    uint32_t incident;
    st_sid reason; /* what the rule's query says of it, in the forest's pool; ST_ABSENT: nothing */
    uint8_t level; /* st_level: the rule's; informational for a record that isn't live */
} st_finding;

typedef struct st_incident {
    char id[17];
    uint32_t host;
    st_node top;    /* the server, or the highest ancestor below the roots */
    bool server;    /* top is a web server */
    st_level level; /* highest of its findings */
    st_ticks first, last;
    uint32_t findings, processes;
    uint32_t context_dropped; /* processes that the cap left out */
} st_incident;

#define ST_NO_INCIDENT UINT32_MAX
typedef struct st_row {
    st_node node;
    st_row_kind kind;
    uint32_t incident;                 /* ST_NO_INCIDENT if none */
    uint32_t first_finding, nfindings; /* in findings: a process has its findings side by side */
} st_row;

typedef struct st_hunt_options {
    st_scope scope;
    st_level min_level;
    st_ticks since, until; /* 0: no bound; by utc; both inclusive */
    const st_str *hosts;   /* full names or first labels, any case; none: all */
    size_t nhosts;
    st_ticks sibling_window; /* ticks on each side; default ten minutes */
} st_hunt_options;

typedef struct st_case {
    const st_forest *forest;
    const st_rules *rules;
    const st_matches *matches;
    st_finding *findings;
    size_t nfindings;
    st_incident *incidents; /* by level (highest first), then first, then id */
    size_t nincidents;
    st_row *rows;
    size_t nrows;
    uint64_t dropped_level,
        dropped_filter; /* findings below min_level; rows that since, until, host hid */
    st_arena arena;
} st_case;

st_code st_hunt(const st_forest *f, const st_rules *r, const st_matches *m,
                const st_hunt_options *o, st_case **out, st_err *err);
void st_case_free(st_case *c);

/* Why: the query's own words, else the rule's reason, else its title; without its full stop if the
 * sentence goes on. */
st_str st_finding_said(const st_case *c, const st_finding *x);
/* The same in one sentence with the web server above, if there is one; may hold hostile text. */
void st_finding_put_reason(const st_case *c, const st_finding *x, st_buf *out);
void st_finding_id(const st_case *c, const st_finding *x, char id[17]);

/* Text chain, topmost known ancestor first: "w3wp.exe(2580)? > cmd.exe(2404)"; '?' marks a
 * placeholder, '~' in front of a name an inferred edge; at most ST_MAX_CHAIN_SHOWN links. */
void st_chain_put(const st_forest *f, st_node n, st_buf *out);

#endif
