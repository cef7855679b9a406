/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest.h - what the files of src/tree share: the forest with its index of keys.
 * Private to src/tree.
 *
 * Building goes: hosts -> copies (rows to observed nodes, in order) -> Windows' own joined to
 * Sysmon's -> index -> other events ->
 * placeholders
 * -> parents by GUID -> ends -> inferred parents -> cycles -> lists, depths -> other events'
 * processes -> accounts; beside all that but the first and the last the records seen are counted.
 */
#ifndef ST_TREE_FOREST_H
#define ST_TREE_FOREST_H

#include "shelltree/tree.h"
#include "base/search.h"

#include <stdatomic.h>

#define ST_NO_GROUP UINT32_MAX

/* All that is known under one (host, guid): observed nodes, or a placeholder. */
typedef struct st_group {
    st_guid guid;
    uint32_t host;
    uint32_t first, count; /* observed nodes: members[first ..], live ones in front, by start */
    uint32_t live;         /* how many of them are live */
    st_node named_by;      /* no observed node: the child that says most about it */
    uint32_t event;        /* no child either: the event of its own that says so; ST_NO_EVENT */
    st_node placeholder;
} st_group;

typedef struct st_wood {
    st_forest pub;    /* first: a forest is a wood seen from outside */
    size_t procs_cap; /* of pub.procs */
    bool duplicates;
    unsigned threads;  /* that a step may use */
    uint32_t *host_of; /* by the sid of a Computer as spelled */
    uint32_t nsids;
    st_group *groups;
    size_t ngroups, groups_cap;
    st_slots slots;      /* of groups */
    bool rising;         /* nodes were found to stand behind their parents */
    atomic_bool orphans; /* some live process with a parent's PID names no parent by GUID */
    uint64_t seed;
    st_node *members;
} st_wood;

/* Calls fn for stretches of 0 .. n-1, from .. to-1 each, on all threads where they are many. */
void st_tree_stretches(const st_wood *w, size_t n, void (*fn)(void *ctx, size_t from, size_t to),
                       void *ctx);

/* Each false: no memory. */
bool st_tree_reserve(st_wood *w, size_t n); /* room for n nodes */
bool st_tree_name_hosts(st_wood *w);
bool st_tree_sort_copies(st_wood *w);
bool st_tree_join_audited(st_wood *w);
bool st_tree_index(st_wood *w);
bool st_tree_link_guids(st_wood *w);
bool st_tree_end(st_wood *w);
bool st_tree_infer(st_wood *w);
bool st_tree_cross_audited(st_wood *w);
bool st_tree_cut_cycles(st_wood *w);
bool st_tree_arrange(st_wood *w);
/* Depths, where all observed nodes stand behind their parents, but for placeholders, which are
 * roots: so no circle is there. False: they don't. */
bool st_tree_measure_rising(st_wood *w);
bool st_tree_sort_events(st_wood *w);
bool st_tree_lead_events(st_wood *w);
bool st_tree_account(st_wood *w);
void st_tree_count_records(st_wood *w);

/* Copies in other carriers than an event log (copies.c, event_copies.c). */
bool st_tree_any_carrier(const st_evidence *e);
bool st_tree_is_carried(const st_evidence *e, uint32_t source);
/* What isn't known of one agrees with anything of the other. */
bool st_tree_guids_agree(const st_guid *a, const st_guid *b);
/* At the carrier's precision; both: the other is in a carrier, too, and the coarser counts. */
bool st_tree_times_agree(st_ticks carried, st_ticks other, bool both);
bool st_tree_hashes_agree(st_str a, st_str b);
/* Folds n events, in place, in no order; how many are left. */
size_t st_tree_absorb_events(st_wood *w, st_event *e, size_t n);

uint32_t st_tree_host(const st_wood *w, st_sid computer);
uint32_t st_group_find(const st_wood *w, uint32_t host, const st_guid *guid);
/* The same of up to ST_GROUP_KEYS keys, so that memory is waited for once; of one without a GUID
 * ST_NO_GROUP. */
enum { ST_GROUP_KEYS = 32 };
typedef struct st_group_key {
    const st_guid *guid; /* NULL: none */
    uint32_t host;
} st_group_key;
void st_group_find_all(const st_wood *w, const st_group_key *keys, size_t n, uint32_t *groups);
/* Finds or makes; ST_NO_GROUP: no memory. */
uint32_t st_group_put(st_wood *w, uint32_t host, const st_guid *guid);
/* What a record says of a process that it names by GUID: when it was alive, and what it was
 * (ST_NO_U32, ST_ABSENT: not said). */
typedef struct st_claim {
    st_ticks when;
    uint32_t pid;
    st_sid image, command_line;
} st_claim;
/* Which of a group's nodes is meant: those that fit what is said of them before others; of these
 * the latest that had started, else the earliest; live ones before recovered ones. ST_NO_NODE: the
 * group has no node. */
st_node st_group_pick(const st_wood *w, const st_group *g, const st_claim *c, bool *ambiguous);
/* The second in a GUID, by a clock that may have been put right (st_store_shift). */
st_ticks st_tree_guid_time(const st_store *s, st_sid computer, const st_guid *g);
/* A live process without a parent that is known by GUID, and with the parent's PID: the parent may
 * be inferred. */
bool st_tree_eligible(const st_wood *w, const st_proc *p);
/* Was the text recorded: not absent, empty, '-', '?', '<unknown process>'? */
bool st_tree_recorded(const st_pool *p, st_sid text);
/* The boot's number in a ProcessGuid of the newer form; false for others. */
bool st_guid_boot(const st_guid *g, unsigned *boot);
/* The start in a ProcessGuid, whole seconds; 0: not known. */
st_ticks st_guid_start(const st_guid *g);

static inline bool st_proc_live(const st_proc *p)
{
    return p->origin == ST_O_LIVE;
}

#endif
