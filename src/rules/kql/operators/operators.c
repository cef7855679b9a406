/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operators.c - the table of operators, and the functions that give tables.
 */
#include "rules/kql/operators/operators.h"

/* clang-format off: read by column */
#define PIPE ST_PLACE_PIPE
#define SOURCE ST_PLACE_SOURCE
#define EITHER ST_PLACE_EITHER
#define GRAPH ST_PLACE_GRAPH
#define LOST ST_ORDER_LOST
#define MEANT ST_ORDER_MADE
#define AS_IS ST_ORDER_KEPT
#define MORE ST_COLUMNS_KEPT
#define SAME ST_COLUMNS_SAME
#define OWN ST_COLUMNS_OWN
#define ROW(kind, bind, place, order, columns, repeats, options) \
    [ST_KQL_PIPE_##kind] = { st_bind_op_##bind, place, order, columns, repeats, options }

const st_bind_operator st_kql_operators[ST_KQL_PIPE_UNSUPPORTED + 1] = {
    /* kind                bind                    place   order  columns repeats options */
    ROW(WHERE, where, PIPE, AS_IS, SAME, true, ""),
    ROW(PROJECT, project, PIPE, AS_IS, OWN, true, ""),
    ROW(EXTEND, extend, PIPE, AS_IS, MORE, true, ""),
    ROW(DISTINCT, distinct, PIPE, LOST, OWN, true, ""),
    ROW(SERIALIZE, extend, PIPE, MEANT, MORE, true, ""),
    ROW(PROJECT_AWAY, keep, PIPE, AS_IS, MORE, true, ""),
    ROW(PROJECT_KEEP, keep, PIPE, AS_IS, OWN, true, ""),
    ROW(PROJECT_RENAME, rename, PIPE, AS_IS, MORE, true, ""),
    ROW(PROJECT_REORDER, reorder, PIPE, AS_IS, MORE, true, ""),
    ROW(SUMMARIZE, summarize, PIPE, LOST, OWN, true, ""),
    ROW(ORDER, order, PIPE, MEANT, SAME, true, ""),
    ROW(TOP, top, PIPE, MEANT, SAME, true, ""),
    ROW(TAKE, take, PIPE, AS_IS, SAME, true, ""),
    ROW(SAMPLE, take, PIPE, LOST, SAME, false, ""),
    ROW(SAMPLE_DISTINCT, sample_distinct, PIPE, LOST, OWN, false, ""),
    ROW(COUNT, count, PIPE, LOST, OWN, true, ""),
    ROW(JOIN, join, PIPE, LOST, MORE, false, "kind"),
    ROW(LOOKUP, join, PIPE, LOST, MORE, false, "kind"),
    ROW(MV_EXPAND, expand, PIPE, AS_IS, MORE, true, "kind bagexpansion with_itemindex"),
    ROW(MV_APPLY, apply, PIPE, LOST, MORE, true, "kind bagexpansion with_itemindex"),
    ROW(EVALUATE, evaluate, PIPE, LOST, MORE, false, ""),
    ROW(PARSE, parse, PIPE, AS_IS, MORE, true, "kind flags"),
    ROW(PARSE_WHERE, parse, PIPE, AS_IS, MORE, true, "kind flags"),
    ROW(PARSE_KV, parse_kv, PIPE, AS_IS, MORE, false,
        "pair_delimiter kv_delimiter quote escape greedy regex"),
    ROW(MAKE_SERIES, make_series, PIPE, LOST, OWN, false, "kind"),
    ROW(TOP_NESTED, top_nested, PIPE, LOST, OWN, false, ""),
    ROW(PARTITION, partition, PIPE, LOST, MORE, false, ""),
    ROW(RENDER, render, PIPE, AS_IS, MORE, false, NULL),
    ROW(GETSCHEMA, getschema, PIPE, LOST, OWN, false, ""),
    ROW(CONSUME, consume, PIPE, LOST, MORE, false, ""),
    ROW(INVOKE, invoke, PIPE, AS_IS, MORE, false, ""),
    ROW(FORK, fork, PIPE, LOST, MORE, false, ""),
    ROW(FACET, facet, PIPE, LOST, MORE, false, ""),
    ROW(TOP_HITTERS, top_hitters, PIPE, LOST, MORE, false, ""),
    ROW(SCAN, scan, PIPE, MEANT, MORE, false, ""),
    ROW(UNION, union, EITHER, LOST, MORE, false, "kind withsource with_source isfuzzy"),
    ROW(SEARCH, search, EITHER, LOST, MORE, false, "kind"),
    ROW(FIND, find, EITHER, LOST, MORE, false, "withsource"),
    ROW(DATATABLE, datatable, SOURCE, LOST, OWN, false, ""),
    ROW(PRINT, print, SOURCE, LOST, OWN, false, ""),
    ROW(RANGE, range, SOURCE, MEANT, OWN, false, ""),
    ROW(EXTERNALDATA, externaldata, SOURCE, LOST, OWN, false, "format ignoreFirstRecord"),
    ROW(MAKE_GRAPH, make_graph, PIPE, LOST, MORE, false, ""),
    ROW(GRAPH_MATCH, graph_match, GRAPH, LOST, MORE, false, ""),
    ROW(GRAPH_SHORTEST_PATHS, graph_shortest_paths, GRAPH, LOST, MORE, false, ""),
    ROW(GRAPH_TO_TABLE, graph_to_table, GRAPH, LOST, MORE, false, ""),
    ROW(GRAPH_MARK_COMPONENTS, graph_mark_components, GRAPH, LOST, MORE, false, ""),
};
/* clang-format on */

const st_bind_table_fn st_kql_table_fns[] = {
    { "ancestors", st_bind_ancestors },
    { "descendants", st_bind_descendants },
    { NULL, NULL },
};
