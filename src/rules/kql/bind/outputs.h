/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.h - the columns of an operator's output while it is bound.
 */
#ifndef ST_RULES_KQL_BIND_OUTPUTS_H
#define ST_RULES_KQL_BIND_OUTPUTS_H

#include "rules/kql/bind/bind.h"

typedef struct st_bind_outputs {
    st_col *cols; /* all malloc'ed */
    st_proj_item *items;
    bool *named; /* by the author */
    size_t n, cap, items_cap, named_cap;
    unsigned columns; /* nameless ones so far */
    st_expr **tuples; /* values of several columns: computed first, as columns behind the input's */
    size_t ntuples, tuples_cap;
} st_bind_outputs;

void st_bind_outputs_free(st_bind_outputs *o);
size_t st_bind_output_find(const st_bind_outputs *o, st_str name); /* SIZE_MAX: none */
bool st_bind_output_put(const st_scope *sc, st_bind_outputs *o, st_str name, bool named,
                        st_proj_item item, st_type type);
/* All columns of s as they are. */
bool st_bind_output_all(const st_scope *sc, st_bind_outputs *o, const st_schema *s);
/* Adds the columns of an expression of a list (project, summarize, distinct, print). */
bool st_bind_output_expr(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e);
/* Adds the columns of a function that gives several. The author's names are for the first ones;
 * `all`: the others come too (extend takes only the named ones). replace: a column of that name
 * gives way. */
bool st_bind_output_tuple(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e, bool all,
                          bool replace);
/* The input, behind whose columns stand the values of several columns. */
st_op *st_bind_with_tuples(const st_scope *sc, st_op *in, const st_bind_outputs *o);
/* A projection of in to the columns, which are freed. */
st_op *st_bind_finish(const st_scope *sc, st_op *in, st_bind_outputs *o);

/* in with the columns of a list, as project makes them. */
st_op *st_bind_projection(const st_scope *sc, st_op *in, const st_kql_list *list);

/* One expression of a list: its value and, if the author gave one, its name. */
const st_kql_expr *st_bind_unname(const st_kql_expr *e, st_str *name);
/* stem, and n behind it. */
st_str st_bind_numbered(const st_scope *sc, st_str stem, unsigned n);
/* The name itself, or with the first number behind it that is free. */
st_str st_bind_free_name(const st_scope *sc, const st_bind_outputs *o, st_str name);
/* How many rows: a constant whole number. */
bool st_bind_row_count(const st_scope *sc, const st_kql_expr *e, size_t *n);
/* Does s fit the pattern, in which `*` stands for any text? */
bool st_bind_wild(st_str pattern, st_str s);

#endif
