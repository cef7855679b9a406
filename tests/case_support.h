/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_support.h - a small world for the tests of hunt and report: processes by hand, the
 * forest made of them, rules that are only names, matches by hand.
 *
 * The rule set's accessors are defined here, so these tests don't depend on any rule language.
 */
#ifndef SHELLTREE_TEST_CASE_SUPPORT_H
#define SHELLTREE_TEST_CASE_SUPPORT_H

#include "shelltree/report.h"
#include "support/forest_find.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct st_rules {
    st_rule rules[8];
    size_t n;
};

size_t st_rules_count(const st_rules *r)
{
    return r->n;
}

const st_rule *st_rules_at(const st_rules *r, size_t i)
{
    return &r->rules[i];
}

const char *st_level_word(st_level l)
{
    static const char *const words[] = { "informational", "low", "medium", "high", "critical" };
    return words[l];
}

typedef struct world {
    st_store *store;
    st_evidence *evidence;
    st_forest *forest;
    st_rules rules;
    st_match items[64];
    st_matches matches;
    st_case *c;
} world;

#define T0 (ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND) /* 2026-01-02 03:04:05 */

static inline void world_begin(world *w)
{
    static const st_str techniques[] = { { "T1033", 5 }, { "T1505.003", 9 } };
    memset(w, 0, sizeof *w);
    w->store = st_store_new();
    w->evidence = st_evidence_new();
    assert_non_null(w->store);
    assert_non_null(w->evidence);
    w->rules.n = 3;
    w->rules.rules[0] = (st_rule){ .id = ST_STR("a-rule"),
                                   .title = ST_STR("A rule"),
                                   .level = ST_LEVEL_HIGH,
                                   .techniques = techniques,
                                   .ntechniques = 2,
                                   .reason = ST_STR("It happened."),
                                   .authors = ST_STR("Ann") };
    w->rules.rules[1] = (st_rule){ .id = ST_STR("b-rule"),
                                   .title = ST_STR("B \"rule\""),
                                   .level = ST_LEVEL_LOW,
                                   .techniques = techniques,
                                   .ntechniques = 1,
                                   .reason = ST_STR("Something else"),
                                   .authors = ST_STR("Bob") };
    w->rules.rules[2] = (st_rule){ .id = ST_STR("c-rule"),
                                   .title = ST_STR("C rule"),
                                   .level = ST_LEVEL_CRITICAL,
                                   .authors = ST_STR("Ann") };
}

static inline st_sid world_sid(world *w, const char *s)
{
    return s ? st_pool_put(w->store->pool, st_str_of(s)) : ST_ABSENT;
}

static inline st_guid world_guid(unsigned n)
{
    st_guid g = { { 0 } };
    if (n) {
        g.b[0] = 0x5f;
        g.b[15] = (unsigned char)n;
    }
    return g;
}

/* A process creation: guid n below guid up, ms after T0; its place in the store. */
static inline size_t world_add(world *w, const char *host, unsigned n, unsigned up, uint64_t ms,
                               const char *image, const char *command_line)
{
    size_t i = st_store_add(w->store);
    assert_true(i != SIZE_MAX);
    st_creations *k = &w->store->creations;
    k->computer[i] = world_sid(w, host);
    k->image[i] = world_sid(w, image);
    k->command_line[i] = k->command_line_recorded[i] = world_sid(w, command_line);
    k->channel[i] = world_sid(w, "Microsoft-Windows-Sysmon/Operational");
    k->guid[i] = world_guid(n);
    k->parent_guid[i] = world_guid(up);
    k->pid[i] = 1000 + n;
    k->parent_pid[i] = up ? 1000 + up : ST_NO_U32;
    k->utc[i] = k->created[i] = T0 + ms * ST_TICKS_MS;
    k->event_record_id[i] = k->record_number[i] = i + 1;
    k->offset[i] = 4096 + 1000 * i;
    assert_true(
        st_grow(&w->store->seen, &w->store->seen_cap, w->store->nseen + 1, sizeof *w->store->seen));
    w->store->seen[w->store->nseen++] = (st_seen){ .computer = k->computer[i],
                                                   .event_id = 1,
                                                   .event_record_id = i + 1,
                                                   .created = k->created[i] };
    return i;
}

static inline void world_grow(world *w)
{
    st_err err = { 0 };
    st_tree_options o = { 0 };
    assert_int_equal(st_evidence_seal(w->evidence, false, false, &err), ST_OK);
    assert_int_equal(st_tree_build(w->evidence, w->store, &o, &w->forest, &err), ST_OK);
}

static inline st_node world_node(world *w, const char *host, unsigned n)
{
    st_guid g = world_guid(n);
    st_node x = forest_find(w->forest, host, &g);
    assert_true(x != ST_NO_NODE);
    return x;
}

static inline void world_servers(world *w, const char *image)
{
    bool *is = calloc(w->forest->n, sizeof *is);
    for (size_t i = 0; i < w->forest->n; i++)
        is[i] = st_str_ieq(st_str_basename(st_pool_get(w->forest->pool, w->forest->procs[i].image)),
                           st_str_of(image));
    st_tree_mark_servers(w->forest, is, false);
    free(is);
}

static inline int world_match_order(const void *a, const void *b)
{
    const st_match *x = a, *y = b;
    return x->node != y->node ? (x->node > y->node) - (x->node < y->node)
                              : (x->rule > y->rule) - (x->rule < y->rule);
}

static inline void world_match(world *w, const char *host, unsigned n, uint32_t rule,
                               const char *reason)
{
    w->items[w->matches.n++] = (st_match){ .rule = rule,
                                           .node = world_node(w, host, n),
                                           .event = ST_NO_EVENT,
                                           .reason = world_sid(w, reason) };
    w->matches.items = w->items;
    qsort(w->items, w->matches.n, sizeof *w->items, world_match_order);
}

static inline void world_hunt(world *w, const st_hunt_options *o)
{
    static const st_hunt_options usual = { .scope = ST_SCOPE_INCIDENT,
                                           .sibling_window = 600 * ST_TICKS_SECOND };
    st_err err = { 0 };
    assert_int_equal(st_hunt(w->forest, &w->rules, &w->matches, o ? o : &usual, &w->c, &err),
                     ST_OK);
}

static inline void world_end(world *w)
{
    st_case_free(w->c);
    st_tree_free(w->forest);
    st_store_free(w->store);
    st_evidence_free(w->evidence);
}

#endif
