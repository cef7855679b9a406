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
    ST_CORRELATE_COUNT,      /* matches */
    ST_CORRELATE_VALUES,     /* distinct values of a field */
    ST_CORRELATE_SUM,        /* of a field's numbers */
    ST_CORRELATE_AVERAGE,    /* likewise */
    ST_CORRELATE_PERCENTILE, /* likewise; the median is the 50th */
    ST_CORRELATE_TOGETHER,   /* distinct rules, each met at least once */
    ST_CORRELATE_IN_ORDER    /* the same, in the order named */
} st_correlation_type;

/* A field of the rows, by its recorded name, or an alias for one of each rule's. */
typedef struct st_correlation_alias {
    st_str rule; /* its id or name */
    st_str field;
    st_span where;
} st_correlation_alias;

typedef struct st_correlation_field {
    st_str name;
    const st_correlation_alias *aliases;
    size_t naliases;
    st_str *of_rule; /* by place among the rules: the field there, once they are known */
} st_correlation_field;

typedef struct st_correlation_test {
    char compare; /* '=' '!' '<' 'l'(<=) '>' 'g'(>=) */
    double number;
} st_correlation_test;

/* A step of a condition over rules, behind its operands. */
typedef struct st_correlation_step {
    enum { ST_STEP_RULE, ST_STEP_NOT, ST_STEP_AND, ST_STEP_OR } what;
    uint32_t n; /* RULE: its place among the rules; AND, OR: how many operands */
} st_correlation_step;

enum { ST_CORRELATION_TESTS = 4 };
typedef struct st_correlation {
    st_correlation_type type;
    const st_str *rules; /* ids or names */
    const st_span *rules_at;
    size_t nrules;
    uint32_t *places; /* of them in the rule set, once it is known */
    st_correlation_field *groups;
    size_t ngroups;
    st_correlation_field *fields; /* of VALUES several together; of the numbers one */
    size_t nfields;
    double percentile; /* 0 to 100 */
    st_ticks span;
    st_correlation_test tests[ST_CORRELATION_TESTS]; /* all must hold */
    size_t ntests;
    const st_correlation_step *steps; /* TOGETHER: which of the rules must be met; NULL: all */
    size_t nsteps;
    bool generate; /* the rules' own matches stay */
} st_correlation;

/* Is it about numbers of a field? */
static inline bool st_correlates_numbers(const st_correlation *c)
{
    return c->type == ST_CORRELATE_SUM || c->type == ST_CORRELATE_AVERAGE ||
           c->type == ST_CORRELATE_PERCENTILE;
}

#endif
