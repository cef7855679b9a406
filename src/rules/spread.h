/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread.h - rows that rules share, made on several threads.
 *
 * Where the plan that makes them takes nodes one by one, it goes over stretches of them, and the
 * parts are put together in their order: rows, batches and what the run has taken are those of one
 * thread. Each thread but the first has shared things of its own, which it keeps from rule to rule.
 */
#ifndef ST_RULES_SPREAD_H
#define ST_RULES_SPREAD_H

#include "rules/engine/operators/ops.h"
#include "rules/rules_private.h"

/* For runs beside those that share s, a thread each; NULL: no memory. */
st_shared *st_shared_of_threads(const st_rules *rules, const st_shared *s, unsigned threads);
/* s may be NULL. */
void st_shared_of_threads_free(st_shared *s, unsigned threads);

typedef struct st_spread {
    const st_rules *rules;
    const st_forest *f;
    const st_run_options *o;
    st_shared *shared; /* whose runs keep the rows: of the first thread */
    uint32_t rule;     /* that is being run, and asks for them */
    st_shared *others; /* by thread; the first is empty. NULL: none yet */
} st_spread;

/* The threads' shared things are there from now on; false: no memory. */
bool st_spread_others(st_spread *x);
/* st_shared.spread; ctx: an st_spread. */
bool st_spread_rows(void *ctx, st_kept_rows *s);
/* Before `shared` is freed. */
void st_spread_free(st_spread *x);

#endif
