/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread.h - one rule on all threads, and rows that rules share.
 *
 * A plan that takes its rows one by one goes over stretches of them, a run each: of nodes, or of
 * rows that a library keeps and that are all there. So do the rows of a library that come of nodes
 * one by one, once a few thousand are made. Parts are put together in the rows' order. Where one
 * isn't sure to be what one run would have made, or is near a limit, all of them are thrown away,
 * and one thread makes it all: it stands where it stood.
 *
 * Each thread but the first has shared things of its own from rule to rule, so that what it
 * remembers of texts serves the next rule, too; there only libraries make rows of parts, and a
 * rule's text never sees fewer than all.
 */
#ifndef ST_RULES_SPREAD_H
#define ST_RULES_SPREAD_H

#include "rules/apart.h"
#include "rules/hits.h"

#include <stdatomic.h>

typedef struct st_spread {
    const st_rules *rules;
    const st_forest *f;
    const st_run_options *o;
    st_shared *shared;     /* the first thread's, whose runs keep the rows */
    uint32_t rule;         /* that runs */
    const st_apart *apart; /* of `nother` other runs; NULL: nobody asks */
    unsigned nothers;
    st_shared *others; /* of the other threads; NULL: none yet */
    unsigned touched;  /* by st_spread_rule: see st_apart_touched */
} st_spread;

/* What may be made before servers are marked, while another thread does something else over shared
 * things of its own: libraries of the rules that are wanted (by rule) are bound, for all threads,
 * and what patterns need is found; then patterns are compiled, until it is enough. */
void st_spread_prepare(st_spread *x, const bool *wanted, const atomic_bool *enough);
/* Things of the other threads are there; false: there is one thread, or no memory. */
bool st_spread_others(st_spread *x);
/* A thread's own: the first has x's. */
st_shared *st_spread_shared(const st_spread *x, unsigned thread);
/* Is what libraries gave what they would have given one thread? They met no limit, and are far from
 * those that one run of each would have met. shared: rules went side by side. */
bool st_spread_sure(const st_spread *x, bool shared);
/* From now on, or no longer, threads help with rows that the rule has made for others. */
void st_spread_lend(st_spread *x, bool on);
/* All matches of the rule; false: it can't be run so, and h is empty. Where the time was up that it
 * may take, it isn't to run again: late says so. */
bool st_spread_rule(st_spread *x, st_hits *h, st_err *late);
/* Before `shared` is freed. */
void st_spread_free(st_spread *x);

#endif
