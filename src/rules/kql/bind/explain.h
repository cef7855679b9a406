/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - what a plan that is shown says of the text's operators; noted while they are bound.
 *
 * All functions do nothing unless the plan will be shown (st_run.explain).
 */
#ifndef ST_RULES_KQL_BIND_EXPLAIN_H
#define ST_RULES_KQL_BIND_EXPLAIN_H

#include "rules/kql/syntax/ast.h"
#include "rules/language.h"

typedef struct st_scope st_scope;
struct st_let;

/* Where an operator's rows come from. */
typedef struct st_input_of {
    st_op *op;
    st_str let; /* the let that they are; empty: none */
    unsigned line;
} st_input_of;
typedef struct st_plan_side {
    struct st_plan_side *next;
    st_input_of in;
} st_plan_side;
typedef struct st_matched {
    struct st_matched *next;
    st_span span;
} st_matched;
typedef struct st_shown_value {
    struct st_shown_value *next;
    st_str name;
    st_span span;
    const st_expr *x;
} st_shown_value;
typedef struct st_plan_step {
    st_span span;
    st_input_of from;    /* the rows before the pipe; op NULL: none */
    st_plan_side *sides; /* other tables bound for it */
    st_matched *matched; /* its conditions that the matcher answers */
    st_str note;
} st_plan_step;

/* A step for an operator at `at`, over in's rows, which are what the binder's label says. */
st_plan_step *st_bind_step(const st_scope *sc, st_span at, st_op *in);
void st_bind_step_side(const st_scope *sc, st_op *op);
void st_bind_step_matched(const st_scope *sc, st_span at);
void st_bind_step_note(const st_scope *sc, const char *fmt, ...)
    __attribute__((format(__printf__, 2, 3)));
void st_bind_step_value(const st_scope *sc, const struct st_let *l);
void st_bind_label(const st_scope *sc, const struct st_let *l); /* NULL: none */

/* The plan that was bound with r->explain, as text; run: with rows and times. */
void st_explain(st_run *r, st_str text, const st_bound *bound, bool run, st_buf *out);

#endif
