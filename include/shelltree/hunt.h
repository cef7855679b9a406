/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt.h - matches in, findings, incidents and timeline rows out.
 *
 * finding    one rule matched one process; one that was not observed, or an event of no process,
 *            by the row of that event.
 * incident   findings of one host that belong together: by the outermost process of the
 *            unbroken run of web servers above (or the process itself, if it is one); without
 *            one, by the highest ancestor below the session and service roots (a table). An
 *            event of no process joins the gravest incident of its host within whose time, and
 *            the window of siblings on either side, it lies (a correlation, no cause); else
 *            those of a host are one.
 * context    an incident's ancestors, the hits' subtrees, and siblings within ten minutes,
 *            capped, with a count of what the cap left out.
 *
 * Ids        hashes of what they name: incident = first 16 hex digits of SHA-256 over
 *            host key NUL node key; finding = over host key NUL node key NUL rule id. Node key:
 *            GUID text, else "pid,ticks"; an event's without a process: provider, id, record
 *            and time; so notes survive a run with more evidence.
 * Order      rows in the order of nodes and events (see tree.h), merged; findings of processes by
 *            node, then those of events by place; then by rule.
 * Memory     28 bytes a finding, whatever it says: what can be told again from rule and process
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
    st_node node;   /* ST_NO_NODE: an event that names no process */
    uint32_t event; /* place in the forest's events whose row it stands on; else ST_NO_EVENT */
    uint32_t incident;
    st_sid reason; /* what the rule's query says of it, in the forest's pool; ST_ABSENT: nothing */
    st_sid techniques; /* the same of the query's own Techniques: text, or JSON */
    uint8_t level;     /* st_level: the rule's; informational for a record that isn't live */
} st_finding;

typedef struct st_incident {
    char id[17];
    bool server;        /* top is a web server */
    bool judged;        /* another than a generic rule has found something */
    uint8_t behaviours; /* a set: see st_incident_put_raised */
    uint32_t host;
    st_node top;      /* the server, or the highest ancestor below the roots; ST_NO_NODE: of events
                       * that name no process */
    st_level level;   /* of the gravest of its findings, raised by behaviours; below a web server
                       * generic rules' findings don't raise what others have found */
    st_level gravest; /* of its findings */
    uint32_t recon;   /* findings that show exploring */
    st_ticks first, last;
    uint32_t findings, processes;
    uint32_t events;             /* rows of other events */
    uint32_t events_dropped;     /* that the cap left out */
    uint32_t first_fact, nfacts; /* what its rows come to, in facts */
    uint32_t context_dropped;    /* processes that the cap left out */
} st_incident;

/* what an incident comes to */

typedef enum st_fact_kind {
    ST_FACT_SHELL,     /* the path that is asked for before processes */
    ST_FACT_CONTACTED, /* addresses, names */
    ST_FACT_DROPPED,   /* files; scripts below a web root first */
    ST_FACT_PERSISTED, /* what will start by itself: keys, services, tasks, WMI, accounts, drivers
                        */
    ST_FACT_TOUCHED,   /* other processes; lsass first */
    ST_FACT_DELETED,
    ST_FACT_MOVED,  /* other hosts that its commands work on, and what began there */
    ST_FACT_CAME,   /* hosts whose incidents reached this one */
    ST_FACT_SHARED, /* programs, addresses, commands that other hosts have, too */
    ST_FACT_KINDS
} st_fact_kind;
/* The last three, and whatever joins two hosts or logs, are correlation, and say so in `more`. */
const char *st_fact_word(unsigned kind); /* "Contacted" ... */

/* One thing, once an incident. */
typedef struct st_fact {
    uint32_t incident;
    uint8_t kind, weight; /* weight: the less, the graver */
    st_str what;          /* an address, a path, a key with its value, a command */
    st_str more;          /* a host's name, hashes as recorded, how; may be empty or '-' */
    st_node by;           /* who did it first; ST_NO_NODE: not known */
    st_ticks first, last;
    uint32_t count;
} st_fact;

/* coverage */

/* What says that process creations of a host were lost. */
typedef enum st_gap_kind {
    ST_GAP_HOLE,     /* EventRecordIDs missing between two records */
    ST_GAP_BEGINS,   /* the log begins after its number 1 */
    ST_GAP_UNREAD,   /* bytes of a source that gave no record */
    ST_GAP_CLEARED,  /* a log was cleared: an event (104, 1102) or a command says so */
    ST_GAP_STOPPED,  /* Sysmon's service */
    ST_GAP_CONFIG,   /* Sysmon's configuration changed */
    ST_GAP_ERROR,    /* Sysmon reported one (255): events were dropped */
    ST_GAP_CLOCK,    /* a record was written before the one in front of it */
    ST_GAP_PARENT,   /* a child's parent started in a whole span and has no record of its own */
    ST_GAP_FILTERED, /* the same, but no process of that image has one: filtered, it seems */
    ST_GAP_KINDS
} st_gap_kind;
const char *st_gap_word(unsigned kind); /* "hole", "begins-late" ... */

typedef struct st_gap {
    uint32_t host;
    uint8_t kind;
    st_ticks from, to;       /* 0: not known, or without end */
    uint64_t from_id, to_id; /* EventRecordIDs; 0: none */
    uint64_t n;              /* numbers, bytes, processes; else 1 */
    uint32_t source;         /* place in the evidence; UINT32_MAX: none */
    uint64_t offset;         /* in it */
    st_node node;            /* the parent, or the process that cleared; ST_NO_NODE */
    st_str detail;
} st_gap;

typedef enum st_covered { ST_BLIND, ST_PARTIAL, ST_COVERED } st_covered;
const char *st_covered_word(st_covered v);

/* What "nothing found" is worth on a host. blind: no process creation was read. partial: some were,
 * and something says that others were lost; or all are Windows' own (4688), which say less.
 * covered: nothing says so, from its first record to its last (st_host). */
typedef struct st_coverage {
    st_covered verdict;
    st_str reasons;            /* in words, "; " between them; may be empty */
    st_str hint;               /* that the host was renamed, it seems; or empty */
    uint64_t records, audited; /* of any provider; Windows' own creations (4688) */
    st_ticks first, last;      /* of live records of any provider */
    size_t first_gap, ngaps;   /* its gaps, among the case's */
} st_coverage;

/* Creations that say less than they should. */
typedef struct st_oddities {
    uint64_t bare;    /* neither GUID, image, PID nor command line */
    uint64_t absurd;  /* a time before 1990 or behind 2200 */
    uint64_t untimed; /* recovered ones without any time */
    uint64_t audited; /* Windows' own (Security 4688); on how many hosts; joined to Sysmon's */
    uint64_t audited_hosts, joined;
} st_oddities;

#define ST_NO_INCIDENT UINT32_MAX
typedef struct st_row {
    st_node node;   /* ST_NO_NODE: an event that names no process */
    uint32_t event; /* place in the forest's events; ST_NO_EVENT: the process's own creation */
    st_row_kind kind;
    bool correlated;   /* it is the incident's by host and time alone */
    bool acted;        /* context: no rule hit the process itself, but one hit an event of its */
    uint32_t incident; /* ST_NO_INCIDENT if none */
    uint32_t first_finding, nfindings; /* in findings: a row has its findings side by side */
} st_row;

/* What an analyst noted of a finding or an incident. */
typedef struct st_note {
    st_str id; /* lower case */
    st_str verdict, comment, author;
    uint32_t line; /* of its file, from 1 */
    bool used;     /* a finding or an incident has the id */
} st_note;
typedef struct st_notes {
    st_note *v; /* by id, then line */
    size_t n, cap;
    st_arena arena;
} st_notes;
/* CSV with or without a heading: id (of a finding or incident), verdict, comment, author. Errors:
 * an id that is none, too many, memory. To be freed either way. */
st_code st_notes_read(st_notes *x, st_str text, st_err *err);
void st_notes_free(st_notes *x);
/* The next note of the id; *at is 0 at first. NULL: no more. x may be NULL. */
const st_note *st_notes_of(const st_notes *x, st_str id, size_t *at);
/* "false positive: backup job (Ann)"; may hold hostile text. */
void st_note_put(const st_note *n, st_buf *b);

typedef struct st_hunt_options {
    st_scope scope;
    st_level min_level;
    st_ticks since, until; /* 0: no bound; by utc; both inclusive */
    const st_str *hosts;   /* full names or first labels, any case; none: all */
    size_t nhosts;
    st_ticks sibling_window; /* ticks on each side; default ten minutes */
    unsigned threads;        /* 0: one a processor */
    bool rows_alone;         /* nobody asks what incidents come to: facts and reached stay empty */
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
    struct st_fact *facts; /* by incident, kind, weight, time (st_story_make) */
    size_t nfacts;
    uint32_t *reached; /* by host: an incident + 1 that a correlation joins it to (a command that
                        * names it, a program that both have); 0: none. NULL before st_story_make */
    uint8_t *aiming;   /* a bit a node: its command works on other hosts; NULL: nobody looked yet */
    struct st_served *served; /* the servers' own children in incidents, by host and start; NULL
                               * before st_requests_read, or where there are no access logs */
    size_t nserved;
    struct st_path_count *paths; /* how often each path of a host was asked for: a table by hash */
    size_t npaths;
    const st_notes *notes; /* NULL: none; outlives the case */
    st_oddities odd;
    st_coverage *coverage; /* by host */
    st_gap *gaps;          /* by host, time, kind */
    size_t ngaps;
    uint64_t dropped_level,
        dropped_filter;    /* findings below min_level; rows that since, until, host hid */
    st_digester *digester; /* for ids; NULL: none */
    st_arena arena;
} st_case;

st_code st_hunt(const st_forest *f, const st_rules *r, const st_matches *m,
                const st_hunt_options *o, st_case **out, st_err *err);
void st_case_free(st_case *c);
/* Marks the notes that are of something here; how many are of nothing. */
size_t st_notes_match(const st_case *c, st_notes *x);

/* Which other events of its incidents' processes the case would show. false: no memory. What it
 * points to lives as the case. */
bool st_story_wants(st_case *c, st_wanted_events *w);
/* What became of the access logs. */
typedef struct st_requests_note {
    uint64_t logs, requests; /* logs; requests that lie before an incident's processes */
    uint64_t ownerless;      /* logs of which nothing tells whose they are: not read */
    uint64_t unread;         /* lines that are no requests */
    uint64_t dropped;        /* requests beyond ST_MAX_REQUESTS */
} st_requests_note;
/* Reads the access logs among the evidence of the case's forest, and puts the requests within
 * seconds before a process that a web server of an incident started behind the store's events. One
 * thread; nothing of them is kept else but how often each path was asked for. digest: the logs'
 * digests are taken, of those that aren't read, too. */
st_code st_requests_read(st_case *c, st_store *s, bool digest, st_requests_note *note, st_err *err);
/* Makes the incidents' events rows, of those that the forest has by now, and sums up what they did.
 * The rows stay in order; their places change. */
st_code st_story_make(st_case *c, const st_hunt_options *o, st_err *err);

/* The next gap of the incident's host that touches its time, from *at (begin with 0) on; NULL: no
 * more. */
const st_gap *st_gap_touching(const st_case *c, const st_incident *x, size_t *at);

/* Why the incident is graver than its findings, in one sentence without its full stop; false: it
 * isn't, and nothing is written. */
bool st_incident_put_raised(const st_incident *i, st_buf *out);

/* Why: the query's own words, else the rule's reason, else its title; without its full stop if the
 * sentence goes on. */
st_str st_finding_said(const st_case *c, const st_finding *x);
/* The same in one sentence with the web server above, if there is one; may hold hostile text. */
void st_finding_put_reason(const st_case *c, const st_finding *x, st_buf *out);
void st_finding_id(const st_case *c, const st_finding *x, char id[17]);

/* What an event was done to, in its fields' usual spelling: "203.0.113.9:443 tcp", a path, a key
 * with its value, the image and PID of the other process. */
void st_target_put(const st_forest *f, const st_event *e, st_buf *out);
/* Text chain, topmost known ancestor first: "w3wp.exe(2580)? > cmd.exe(2404)"; '?' marks a
 * placeholder, '~' in front of a name an inferred edge; at most ST_MAX_CHAIN_SHOWN links. */
void st_chain_put(const st_forest *f, st_node n, st_buf *out);

#endif
