/*
 * graph.h - graphs and patterns over them, bound: what the graph operators share.
 */
#ifndef ST_RULES_KQL_BIND_GRAPH_H
#define ST_RULES_KQL_BIND_GRAPH_H

#include "rules/engine/graph/graph.h"
#include "rules/kql/bind/bind.h"

st_bind_op st_bind_op_make_graph, st_bind_op_graph_match, st_bind_op_graph_shortest_paths,
    st_bind_op_graph_to_table, st_bind_op_graph_mark_components;

/* The elements of the pattern. false: an error was told, or no memory. */
bool st_bind_pattern(st_binder *b, st_graph_pattern *p, const st_kql_op *q);
/* The where clause taken apart into filters and rest. anys: any() by itself is a filter. */
bool st_bind_pattern_where(st_binder *b, st_graph_pattern *p, const st_kql_expr *where, bool anys);
/* The columns: an operator over p->op. */
st_op *st_bind_pattern_project(st_binder *b, st_graph_pattern *p, const st_kql_op *q);

#endif
