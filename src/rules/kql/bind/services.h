/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - tables and functions of services, which aren't here: their columns are known.
 */
#ifndef ST_RULES_KQL_BIND_SERVICES_H
#define ST_RULES_KQL_BIND_SERVICES_H

#include "rules/kql/syntax/ast.h"
#include "rules/language.h"

typedef struct st_scope st_scope;

typedef enum st_service_def_kind {
    ST_SV_TABLE,    /* gives a table, with arguments or without */
    ST_SV_ENRICHES, /* invoke: adds columns to the rows */
    ST_SV_VALUE,    /* gives a value */
    ST_SV_PLUGIN    /* evaluate: gives a table */
} st_service_def_kind;
typedef struct st_service_def {
    const char *name;
    st_service_def_kind kind;
    const char *columns;
} st_service_def;
const st_service_def *st_service_def_find(st_str name);   /* no plugin; NULL: none of that name */
const st_service_def *st_service_def_plugin(st_str name); /* behind evaluate */
/* The service at the root of cluster("a").database("b").T, f(x) or T, if it has rows. */
const st_service_def *st_service_def_rows(const st_kql_expr *e);

/* Adds a name to a list; false: it is there already, or no memory. */
bool st_bind_note(const st_scope *sc, st_need **list, st_str name);
/* The query needs name; said once, and with --stub-services that it is taken as empty. */
void st_bind_need(const st_scope *sc, st_span at, st_str name);
/* A service's table, without rows. */
st_op *st_bind_service_table(const st_scope *sc, st_span at, const st_service_def *s, st_str name);
/* in's rows with the service's columns, never filled. */
st_op *st_bind_service_enrich(const st_scope *sc, st_op *in, st_span at, const st_service_def *s);
st_str st_bind_needs_text(st_run *r, const st_need *needs); /* "A, B and C" */
/* A column that no list knows: what its name says. */
st_type st_bind_loose_type(st_str name);
/* What a workspace bills by: rows that have its other columns have these too, never filled. They
 * are in no schema, so that `*` is without them. ST_TYPE_UNKNOWN: none of them, or no such row. */
st_type st_bind_billing_type(const st_schema *row, st_str name);

#endif
