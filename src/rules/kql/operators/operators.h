/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operators.h - what the operators' files share; each binds itself in its own.
 */
#ifndef ST_RULES_KQL_OPERATORS_OPERATORS_H
#define ST_RULES_KQL_OPERATORS_OPERATORS_H

#include "rules/kql/bind/bind.h"

/* The table, by st_kql_op_kind; and the functions that give tables. */
extern const st_bind_operator st_kql_operators[];
extern const st_bind_table_fn st_kql_table_fns[];

st_bind_op st_bind_op_apply, st_bind_op_consume, st_bind_op_count, st_bind_op_datatable,
    st_bind_op_distinct, st_bind_op_evaluate, st_bind_op_expand, st_bind_op_extend,
    st_bind_op_externaldata, st_bind_op_facet, st_bind_op_find, st_bind_op_fork,
    st_bind_op_getschema, st_bind_op_graph_mark_components, st_bind_op_graph_match,
    st_bind_op_graph_shortest_paths, st_bind_op_graph_to_table, st_bind_op_invoke, st_bind_op_join,
    st_bind_op_keep, st_bind_op_make_graph, st_bind_op_make_series, st_bind_op_order,
    st_bind_op_parse, st_bind_op_parse_kv, st_bind_op_partition, st_bind_op_print,
    st_bind_op_project, st_bind_op_range, st_bind_op_rename, st_bind_op_render, st_bind_op_reorder,
    st_bind_op_sample_distinct, st_bind_op_scan, st_bind_op_search, st_bind_op_summarize,
    st_bind_op_take, st_bind_op_top, st_bind_op_top_hitters, st_bind_op_top_nested,
    st_bind_op_union, st_bind_op_where;

/* ip_lookup.c: plugins of evaluate. */
st_bind_op st_bind_ipv4_lookup, st_bind_ipv6_lookup;

/* lineage.c: ancestors() and descendants(). */
st_op *st_bind_ancestors(const st_scope *sc, const st_kql_expr *call);
st_op *st_bind_descendants(const st_scope *sc, const st_kql_expr *call);

/* top_hitters.c: a row for each value of key, with how often it is there; or, if what isn't
 * NULL, with the sum of that. The column is called PREFIX and the key's name. */
st_op *st_bind_count_by(const st_scope *sc, st_op *in, const st_kql_expr *key, const char *prefix,
                        const st_kql_expr *what, st_str *column);

/* What search and find have in common: the tables' rows (or in's), behind a column that says
 * which table; kind is union's. And their condition. */
st_op *st_bind_search_rows(const st_scope *sc, st_op *in, const st_kql_op *q, st_str column,
                           const char *kind);
st_expr *st_bind_search_condition(const st_scope *sc, const st_op *rows, const st_kql_op *q,
                                  bool cased);

#endif
