/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlation.h - a rule over the matches of other rules: so many within a time, of one group.
 *
 * Windows slide: a match of the rules at time t closes the window [t - span, t]. Where a window's
 * matches meet the conditions, the correlation matches the row that completes them; while the
 * windows behind it meet them too, they are the same run and match no more (Sigma's specification
 * of correlation rules leaves this open).
 */
#ifndef ST_RULES_CORRELATION_H
#define ST_RULES_CORRELATION_H

#include "shelltree/rules.h"

#include "rules/text/diag.h"

typedef enum st_correlation_type {
    ST_CORRELATE_COUNT,    /* matches */
    ST_CORRELATE_VALUES,   /* distinct values of a field */
    ST_CORRELATE_TOGETHER, /* distinct rules, each met at least once */
    ST_CORRELATE_IN_ORDER  /* the same, in the order named */
} st_correlation_type;

/* A field of the rows, by its recorded name, or an alias for one of each rule's. */
typedef struct st_correlation_field {
    st_str name;
    const st_str *of_rule; /* by place among the rules: the field there; NULL: no alias */
} st_correlation_field;

typedef struct st_correlation_test {
    char compare; /* '=' '!' '<' 'l'(<=) '>' 'g'(>=) */
    uint64_t number;
} st_correlation_test;

enum { ST_CORRELATION_TESTS = 4 };
typedef struct st_correlation {
    st_correlation_type type;
    const st_str *rules; /* ids or names */
    const st_span *rules_at;
    size_t nrules;
    uint32_t *places; /* of them in the rule set, once it is known */
    const st_correlation_field *groups;
    size_t ngroups;
    st_correlation_field field; /* VALUES */
    st_ticks span;
    st_correlation_test tests[ST_CORRELATION_TESTS]; /* all must hold */
    size_t ntests;
    bool generate; /* the rules' own matches stay */
} st_correlation;

#endif
