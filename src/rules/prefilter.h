/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefilter.h - for each rule, the rows that it has to be asked about.
 *
 * The texts that all rules need (engine/run/trigger.h) are looked for in one pass over the rows; a
 * rule none of whose texts stands anywhere isn't run at all. What is left out could not have
 * matched: the rule's own conditions decide over the rest.
 */
#ifndef ST_RULES_PREFILTER_H
#define ST_RULES_PREFILTER_H

#include "rules/engine/operators/ops.h"
#include "rules/engine/run/trigger.h"

/* A rule's rows: of all there are, or of these, rising. */
typedef struct st_rule_rows {
    bool all;
    st_node *v;
    size_t n, cap;
} st_rule_rows;

typedef struct st_prefilter {
    st_rule_rows *rules;
    size_t n;
} st_prefilter;

/* The kinds of rows that texts are looked for in; processes that weren't observed count for rules
 * about them. */
enum { ST_PREFILTER_PROCESSES, ST_PREFILTER_EVENTS, ST_PREFILTER_SPACES };

/* only: rows that are looked at, by their kind; NULL: all. triggers: one a rule, NULL for one that
 * won't run. On an error nothing is in out. */
st_code st_prefilter_run(const st_forest *f, st_shared *shared, const st_run_options *o,
                         const st_rule_settings *settings,
                         const st_row_list only[ST_PREFILTER_SPACES],
                         const st_trigger *const *triggers, size_t n, st_prefilter *out,
                         st_err *err);
void st_prefilter_free(st_prefilter *p);

#endif
