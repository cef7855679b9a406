/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* round.h - all rules over a forest, once, with inferred edges trusted one way. */
#ifndef ST_RULES_ROUND_H
#define ST_RULES_ROUND_H

#include "rules/run_rule.h"
#include "rules/spread.h"

typedef struct st_round {
    const st_rules *rules;
    st_forest *f;
    st_run_options o;
    st_shared shared;
    st_matches *m;
    st_hits all;
    st_hits *per_rule;     /* kept only for the comparison with trusted edges */
    st_prefilter rows;     /* as the edges are trusted at the moment */
    const st_apart *apart; /* of ST_OTHERS; NULL: nobody asks */
    st_spread spread;      /* the rule that runs, over threads */
    uint8_t *touched;      /* by rule, as of its outcome; none of one that has no row to look at */
    bool alone;            /* one rule goes after the other, and no thread makes rows for another */
    bool unsure;           /* they must: a limit was met, or isn't far, that others had a part in */
} st_round;

/* It is no rule that marks servers, and none over the matches of others. */
bool st_round_runs(const st_round *j, uint32_t i);
const st_rule_rows *st_round_rows(const st_round *j, uint32_t i);
/* A rule that gives nothing without rows to look at, and has none. */
bool st_round_in_vain(const st_round *j, const st_prefilter *found, uint32_t i);
/* All of them, on all threads that the round may use. `unsure` says that it has to go once more
 * with `alone`. */
st_code st_round_run(st_round *j, st_err *err);

#endif
