/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator.h - a row of the table of operators, and one of the functions that give tables.
 */
#ifndef ST_RULES_KQL_BIND_OPERATOR_H
#define ST_RULES_KQL_BIND_OPERATOR_H

#include "rules/kql/syntax/ast.h"
#include "rules/language.h"

typedef struct st_scope st_scope;

/* The operator over in's rows; in is NULL where it begins a query. NULL: it was told what is wrong,
 * or there is no memory. */
typedef st_op *st_bind_op(const st_scope *sc, st_op *in, const st_kql_op *q);

/* Is the order of rows meant behind an operator? */
typedef enum st_bind_order {
    ST_ORDER_LOST,
    ST_ORDER_KEPT, /* if it was before */
    ST_ORDER_MADE
} st_bind_order;

/* Which columns it gives. */
typedef enum st_bind_columns {
    ST_COLUMNS_KEPT, /* the input's, whatever they are, and maybe others */
    ST_COLUMNS_SAME, /* just those: rows alone change */
    ST_COLUMNS_OWN
} st_bind_columns;

/* Where it may stand. */
typedef enum st_bind_place {
    ST_PLACE_PIPE = 0,
    ST_PLACE_SOURCE = 1, /* it begins a query, and can't stand behind a pipe */
    ST_PLACE_EITHER = 2, /* both */
    ST_PLACE_GRAPH = 3   /* behind a graph */
} st_bind_place;

typedef struct st_bind_operator {
    st_bind_op *bind; /* NULL: not supported */
    st_bind_place place;
    st_bind_order order;
    st_bind_columns columns;
    bool repeats; /* one input, rows one after the other: mv-apply may run it again and again */
    const char *options; /* their names, a blank between; NULL: any. Hints are no options */
} st_bind_operator;

/* A function whose value is a table. */
typedef struct st_bind_table_fn {
    const char *name;
    st_op *(*bind)(const st_scope *sc, const st_kql_expr *call);
} st_bind_table_fn;

/* The value of an option (kind=inner), NULL if it wasn't given. */
const st_kql_expr *st_bind_opt(const st_kql_op *q, const char *name);

#endif
