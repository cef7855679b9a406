/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - typed events in, one forest a host out: who started whom, and how it is known.
 *
 * Key        (lower-cased full Computer, ProcessGuid). Never the GUID alone (cloned
 *            machines share prefixes), never the PID (used again within hours).
 *            A process that only Windows itself recorded (4688) has no GUID: (host, PID, start).
 * Nodes      observed: its own Event ID 1 (or 4688) was read. Placeholder: known only from its
 *            children's Parent* fields, or else from another event of its own that was stored.
 * Copies     rows of one (Computer, EventRecordID, TimeCreated, ProcessGuid) are one node when
 *            all their fields agree; otherwise each stays, flagged ST_P_CONFLICT. A recovered
 *            record that says what a live one of its key says is a copy of that. Shown is:
 *            live with a good checksum, live with a bad one, slack, carved; then the first
 *            source by name, then the lowest offset.
 * Links      guid: the parent's GUID is named, and that node (observed or placeholder) is the
 *            parent. inferred: zero GUID, and in the same boot exactly one process of that
 *            host had that PID when the child began, none younger had it, it hadn't ended, and
 *            its image is the one recorded, where one is. none: a root.
 * Cycles     cut at the youngest edge; that node becomes a root, flagged ST_P_CYCLE.
 * Order      nodes 0..observed-1 are the observed ones in the order of rows: utc, lower-cased
 *            Computer, EventRecordID, source name, offset. Placeholders follow, by host, guid,
 *            pid, image. So everything depends on the set of rows, not on their order.
 * Ownership  the forest owns its arrays; the store and evidence must outlive it.
 * Errors     only memory. Bad evidence becomes flags and counts.
 * Threads    built by one call, which may use a second thread; read-only after, but for
 *            st_tree_mark_servers.
 * Cost       O(n log n) time, linear memory, no recursion anywhere.
 */
#ifndef SHELLTREE_TREE_H
#define SHELLTREE_TREE_H

#include "shelltree/events.h"

typedef uint32_t st_node; /* place in st_forest.procs */
#define ST_NO_NODE UINT32_MAX
#define ST_NO_ROW UINT32_MAX
#define ST_NO_EVENT UINT32_MAX /* of places in st_forest.events */

typedef enum st_link { ST_LINK_NONE, ST_LINK_INFERRED, ST_LINK_GUID } st_link;
const char *st_link_word(st_link l); /* "none", "inferred", "guid" */

enum st_proc_flags {
    ST_P_OBSERVED = 1 << 0,
    ST_P_CYCLE = 1 << 1,            /* its parent edge was cut */
    ST_P_CONFLICT = 1 << 2,         /* another record claims the same identity with other content */
    ST_P_AMBIGUOUS_PARENT = 1 << 3, /* its parent's key names several processes */
    ST_P_PARENT_LATER = 1 << 4,     /* the parent's start lies after the child's */
    ST_P_PARENT_DIFFERS = 1 << 5, /* the child's Parent* fields disagree with the parent's record */
    ST_P_CLOCK = 1 << 6,          /* its end lies before its start */
    ST_P_SERVER = 1 << 7,         /* a web server (st_tree_mark_servers) */
    ST_P_FROM_EVENT = 1 << 8,     /* a placeholder that no child names, only another event */
    ST_P_AUDITED = 1 << 9,        /* Sysmon's, and Windows' own creation (4688) joined to it */
    ST_P_CROSSED = 1 << 10,       /* its inferred edge may be crossed: see st_trust */
    ST_P_UNWATCHED = 1 << 11      /* Windows' own, and no creation of Sysmon's is near in time */
};

typedef struct st_proc {
    uint32_t row;   /* the copy shown, in the store's creations; ST_NO_ROW for a placeholder */
    uint32_t host;  /* place in hosts */
    st_node parent; /* ST_NO_NODE for a root */
    st_node first_child, next_sibling; /* children by start, then place */
    uint32_t flags;                    /* st_proc_flags */
    uint8_t link;                      /* st_link of the edge to parent */
    uint8_t origin; /* st_origin of the copy shown; ST_O_LIVE for a placeholder of a live child */
    uint32_t depth; /* known ancestors */
    uint32_t children;
    uint32_t copies; /* rows that are this creation, the one shown included; 0 for a placeholder */
    uint32_t descendants;
    uint32_t pid;      /* ST_NO_U32: not known */
    uint32_t instance; /* 0, or 1.. for further creations of one (Computer, ProcessGuid): live ones
                        * first, then by start */
    st_guid guid;      /* zero: not known */
    st_ticks start;    /* utc; a placeholder's from its GUID's seconds, 0 if not known */
    st_ticks
        end; /* Event ID 5, its TimeCreated where its UtcTime repeats the start; 0: not known */
    st_sid image, command_line, user; /* in the store's pool; a placeholder's from its children, or
                                       * from its event */
    st_node server;                   /* nearest web server strictly above, ST_NO_NODE if none */
    uint32_t server_distance;         /* edges to it: 1 = the parent; 0 = none */
    uint8_t chain_link; /* weakest st_link up to the server, else to the root; ST_LINK_NONE for a
                           root */
} st_proc;

typedef struct st_host {
    st_sid name;        /* lower-cased full Computer: the key */
    st_sid shown;       /* as its newest live record spells it */
    uint64_t creations; /* distinct process creations, of Sysmon's or Windows' own */
    uint64_t audited;   /* of these, Windows' own (4688) that Sysmon has no record of */
    uint64_t wordless;  /* of those, without a command line */
    uint64_t unwatched; /* of those, far from any creation of Sysmon's: ST_P_UNWATCHED */
    uint64_t hidden;    /* of the rest, within the time of Sysmon's records: its filter hid them */
    uint64_t joined;    /* Windows' own that joined one of Sysmon's */
    uint64_t copies;    /* rows that were copies of those */
    uint64_t records;   /* distinct Sysmon records of any id */
    uint64_t gaps; /* EventRecordIDs missing between the first and the last, live records only */
    uint64_t first_record, last_record;
    st_ticks first, last; /* TimeCreated of live records */
    uint64_t parents_observed, parents_placeholder, parents_inferred,
        parents_none;              /* by creation */
    st_sid sysmon_version, schema; /* the newest Event ID 4's; ST_ABSENT if none */
    st_node first_node; /* its first root, in display order; the others by next_sibling */
} st_host;

/* Another event of the store: a copy shown, and the processes it is about. Copies are told by
 * (Computer, EventRecordID, TimeCreated) and all fields; the one shown is chosen as for creations.
 */
typedef struct st_event {
    uint32_t row, host; /* place in the kind's columns, and in hosts */
    st_node process;    /* the acting process by its GUID, the one that ran then; it may be a
                         * placeholder. ST_NO_NODE: not known */
    st_node target;     /* of Event IDs 8 and 10, likewise */
    uint32_t copies;    /* records that are this one, the one shown included */
    uint8_t kind;       /* place among the store's kinds */
} st_event;

typedef struct st_tree_stats {
    uint64_t observed, placeholders, copies, conflicts, cycles, inferred, ambiguous, parent_later;
    uint64_t crossed; /* inferred edges that rules cross: ST_P_CROSSED */
} st_tree_stats;

typedef struct st_forest {
    const st_evidence *evidence;
    const st_store *store;
    st_pool *pool; /* the store's; the forest adds names to it while it is built */
    st_proc *procs;
    size_t n, observed;
    st_host *hosts; /* by name */
    size_t nhosts;
    st_event *events; /* in the order of rows: utc, host, EventRecordID, source, offset */
    size_t nevents;   /* those that rules see */
    size_t nall;      /* with those behind them, in their own order, that were added later */
    st_tree_stats stats;
} st_forest;

/* The columns that an event is a row of. */
static inline const st_events *st_event_columns(const st_forest *f, const st_event *e)
{
    return &f->store->events[e->kind];
}
/* A text of an event, ST_ABSENT if its kind or its record has none. */
st_sid st_event_text_of(const st_forest *f, const st_event *e, st_event_text t);
/* Who wrote it, and under which id. */
st_str st_event_provider(const st_forest *f, const st_event *e);
uint32_t st_event_id(const st_forest *f, const st_event *e);

typedef struct st_tree_options {
    bool duplicates;  /* every row is a node of its own */
    unsigned threads; /* 0: one per processor; no more than two have anything to do */
} st_tree_options;

st_code st_tree_build(const st_evidence *e, st_store *s, const st_tree_options *o, st_forest **out,
                      st_err *err);
void st_tree_free(st_forest *f);

/* Adds the store's events from first[kind] on, behind those there are; rules don't see them. */
st_code st_tree_add_events(st_forest *f, const size_t *first, st_err *err);

/* The same forest with nodes of its own, which servers may be marked on by another thread; freed
 * before f is, by the second. NULL: no memory. */
st_forest *st_tree_view(const st_forest *f);
void st_tree_view_free(st_forest *view);

/* Which inferred edges are crossed: those of hosts that have no creation of Sysmon, and so no other
 * edges; all; none. */
typedef enum st_trust { ST_TRUST_AUDITED, ST_TRUST_ALL, ST_TRUST_NONE, ST_TRUSTS } st_trust;

/* Says which nodes are web servers (one bool a node) and fills server, server_distance and
 * chain_link. The way up doesn't cross an inferred edge that isn't trusted. */
void st_tree_mark_servers(st_forest *f, const bool *is_server, st_trust trust);

static inline bool st_tree_crosses(const st_proc *p, st_trust trust)
{
    return p->link != ST_LINK_INFERRED || trust == ST_TRUST_ALL ||
           (trust == ST_TRUST_AUDITED && (p->flags & ST_P_CROSSED));
}
/* The parent for the purpose of a rule: ST_NO_NODE across an inferred edge unless trusted. */
st_node st_tree_parent(const st_forest *f, st_node n, st_trust trust);
/* Depth-first below top, top first; ST_NO_NODE at the end. Iterative, no state but the node. */
st_node st_tree_next(const st_forest *f, st_node top, st_node n);
/* The host that a Computer, as a record that was read spells it, belongs to. UINT32_MAX: none. */
uint32_t st_tree_host_of(const st_forest *f, st_sid computer);

#endif
