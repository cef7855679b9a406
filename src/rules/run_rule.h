/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* run_rule.h - one rule over a forest, on one thread. */
#ifndef ST_RULES_RUN_RULE_H
#define ST_RULES_RUN_RULE_H

#include "rules/apart.h"
#include "rules/hits.h"
#include "rules/prefilter.h"
#include "rules/table.h"

/* Runs over other inferred edges than those that rules cross: over all, and over none. */
enum { ST_OVER_ALL, ST_OVER_NONE, ST_OTHERS };

typedef struct st_outcome {
    bool lifted;
    const char *limit;
    st_err stop;      /* code 0: it ran to its end */
    unsigned touched; /* bit i: it may be otherwise over the i-th other edges */
} st_outcome;

/* rows: those that it has to be asked about; NULL: all. What h and rest hold of an earlier run
 * goes. rest: the rows that are no observed process's are counted there, or NULL. table: NULL, or
 * where they go. apart: as in touched. */
st_code st_run_rule(const st_rules *rules, uint32_t rule, const st_rule_rows *rows,
                    const st_forest *f, st_shared *shared, const st_run_options *o, st_hits *h,
                    st_filling *rest, st_table **table, const st_apart *apart, st_outcome *out,
                    st_err *err);

/* Into the rule's result; false: no memory. rest: NULL, or as it was handed to st_run_rule. */
bool st_run_note(st_matches *m, uint32_t rule, const st_hits *h, const st_filling *rest,
                 const st_outcome *out);

#endif
