/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h - what a language of rules gives: a bound plan.
 */
#ifndef ST_RULES_LANGUAGE_H
#define ST_RULES_LANGUAGE_H

#include "rules/engine/operators/ops.h"

/* Names, in the order they are met. */
typedef struct st_need {
    struct st_need *next;
    st_str name;
} st_need;

typedef struct st_bound {
    st_rule_status status;
    st_str why;   /* "EmailEvents, which isn't here" */
    st_str stubs; /* the services that are taken as empty */
    const st_need *needs,
        *never;  /* names of services; of columns that are filtered by and never filled */
    st_op *root; /* the first result; root->also: the next */
    const struct st_shown_value *values; /* the language's: what a plan says of named values */
} st_bound;

#endif
