/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* correlate.h - correlations run over the matches of the rules that they name. */
#ifndef ST_RULES_CORRELATE_H
#define ST_RULES_CORRELATE_H

#include "rules/rules_private.h"

/* Matches that grow; malloc'ed. */
typedef struct st_match_list {
    st_match *v;
    size_t n, cap;
} st_match_list;

/* Adds what the set's correlations match, and takes away the matches of rules that only they are
 * asked about. of_rule: by rule, how many matches it has; kept true. r: a run over the forest, for
 * fields of rows. */
st_code st_correlate(const st_rules *rules, st_run *r, st_match_list *list, st_rule_result *of_rule,
                     st_err *err);

#endif
