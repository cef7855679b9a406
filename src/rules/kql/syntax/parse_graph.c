/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_graph.c - operators over graphs: make-graph, patterns of nodes and edges, and back.
 *
 * Arrows are put together here, from `-`, `<`, `>` and brackets, since elsewhere `a-->b` would
 * be arithmetic.
 */
#include "rules/kql/syntax/parse.h"

#include <stdlib.h>

/* `word=NAME`; out is left alone if it isn't there. */
static bool take_option(st_parser *p, const char *word, st_kql_name *out)
{
    if (p->panic || !st_p_is_word(p, 0, word) || !st_p_is(p, 1, "="))
        return false;
    st_p_next(p);
    st_p_next(p);
    return st_p_name(p, out, "a name");
}

/* The tokens of `text`, one a character. */
static bool take_arrow(st_parser *p, const char *text)
{
    size_t n = 0;
    for (; text[n]; n++) {
        const char one[] = { text[n], 0 };
        if (!st_p_is(p, n, one))
            return false;
    }
    while (n--)
        st_p_next(p);
    return true;
}

/* make-graph */

static void nodes(st_parser *p, st_kql_op *op)
{
    do {
        size_t i = op->u.graph.n;
        if (i == 2) {
            st_p_fail(p, st_p_at(p, 0)->span, "KS005",
                      "make-graph takes at most two tables of nodes");
            return;
        }
        op->u.graph.nodes[i] = st_p_table(p);
        if (!st_p_need_word(p, "on", "make-graph") ||
            !st_p_name(p, &op->u.graph.ids[i], "the column of the nodes' ids"))
            return;
        op->u.graph.n++;
    } while (st_p_take(p, ","));
}

static void partitions(st_parser *p, st_kql_op *op)
{
    for (int i = 0; i < 3; i++)
        st_p_next(p);
    if (!st_p_name(p, &op->u.graph.by, "a column to part the graph by") ||
        !st_p_need(p, "(", "the operator for each part"))
        return;
    op->u.graph.body = st_p_query(p, NULL, true);
    st_p_need(p, ")", "the operator for each part");
}

void st_p_make_graph(st_parser *p, st_kql_op *op)
{
    if (!st_p_name(p, &op->u.graph.source, "the column of the edges' sources"))
        return;
    if (!take_arrow(p, "-->")) {
        st_p_expected(p, "`-->` between the columns of sources and targets");
        return;
    }
    if (!st_p_name(p, &op->u.graph.target, "the column of the edges' targets"))
        return;
    if (!take_option(p, "with_node_id", &op->u.graph.node_id) && st_p_take_word(p, "with"))
        nodes(p, op);
    if (!p->panic && st_p_is_word(p, 0, "partitioned") && st_p_is(p, 1, "-") &&
        st_p_is_word(p, 2, "by"))
        partitions(p, op);
}

/* patterns */

static void put_element(st_parser *p, st_p_list *list, const st_kql_element *e)
{
    st_kql_element *copy = ST_NEW(p->arena, st_kql_element);
    if (copy)
        *copy = *e;
    st_p_add(p, list, copy);
}

static void node(st_parser *p, st_p_list *list)
{
    st_kql_element e = { 0 };
    uint32_t start = st_p_start(p);
    if (!st_p_need(p, "(", "a node of the pattern"))
        return;
    if (!st_p_is(p, 0, ")"))
        st_p_name(p, &e.name, "the node's name");
    st_p_need(p, ")", "the node");
    e.span = st_p_since(p, start);
    put_element(p, list, &e);
}

/* Inside of -[ ... ]-: the name, *1..5 */
static void edge_body(st_parser *p, st_kql_element *e)
{
    if (st_p_is_name(p))
        st_p_name(p, &e->name, "the edge's name");
    if (st_p_take(p, "*")) {
        e->variable = true;
        if (!st_p_is(p, 0, ".."))
            e->min = st_p_postfix(p);
        if (!st_p_need(p, "..", "the least and the greatest length (*1..5)"))
            return;
        if (st_p_is(p, 0, "]"))
            st_p_fail(p, st_p_at(p, 0)->span, "KS005", "a greatest length is needed: *1..5");
        else
            e->max = st_p_postfix(p);
    }
    st_p_need(p, "]", "the edge");
}

/* False: no edge begins here. */
static bool edge(st_parser *p, st_p_list *list)
{
    st_kql_element e = { 0 };
    uint32_t start = st_p_start(p);
    bool left = take_arrow(p, "<-");
    if (!left && !st_p_take(p, "-"))
        return false;
    if (st_p_take(p, "["))
        edge_body(p, &e);
    if (!st_p_need(p, "-", "the edge of the pattern"))
        return true;
    bool right = st_p_take(p, ">");
    e.span = st_p_since(p, start);
    e.direction = left ? ST_KQL_DIR_LEFT : right ? ST_KQL_DIR_RIGHT : ST_KQL_DIR_ANY;
    if (left && right)
        st_p_fail(p, e.span, "KS005", "an edge has one head; `-[e]-` is one of any direction");
    put_element(p, list, &e);
    return true;
}

static void sequence(st_parser *p, st_p_list *list)
{
    st_p_list items = { 0 };
    st_kql_sequence *s = ST_NEW(p->arena, st_kql_sequence);
    do
        node(p, &items);
    while (!p->panic && edge(p, &items));
    size_t n = items.n;
    st_kql_element *array = st_p_array(p, &items, sizeof *array);
    if (!s || !array)
        return;
    *s = (st_kql_sequence){ array, n };
    st_p_add(p, list, s);
}

void st_p_graph_match(st_parser *p, st_kql_op *op)
{
    st_p_list sequences = { 0 }, exprs = { 0 };
    take_option(p, op->kind == ST_KQL_PIPE_GRAPH_MATCH ? "cycles" : "output", &op->u.match.option);
    do
        sequence(p, &sequences);
    while (!p->panic && st_p_take(p, ","));
    op->u.match.n = sequences.n;
    op->u.match.sequences = st_p_array(p, &sequences, sizeof *op->u.match.sequences);
    if (!op->u.match.sequences)
        op->u.match.n = 0;
    if (!p->panic && st_p_take_word(p, "where"))
        op->u.match.where = st_p_expr(p);
    if (!st_p_need_word(p, "project", st_kql_op_name(op->kind)))
        return;
    do
        st_p_add(p, &exprs, st_p_named(p));
    while (st_p_more(p));
    op->u.match.project = st_p_exprs(p, &exprs);
}

/* graph-to-table, graph-mark-components */

static void graph_table(st_parser *p, st_kql_graph_table *t)
{
    t->edges = st_p_is_word(p, 0, "edges");
    if (!t->edges && !st_p_is_word(p, 0, "nodes")) {
        st_p_expected(p, "`nodes` or `edges`");
        return;
    }
    st_p_next(p);
    for (bool more = true; more && !p->panic;) {
        if (st_p_take_word(p, "as"))
            st_p_name(p, &t->name, "the table's name");
        else
            more = t->edges ? take_option(p, "with_source_id", &t->id) ||
                                  take_option(p, "with_target_id", &t->target_id)
                            : take_option(p, "with_node_id", &t->id);
    }
}

void st_p_graph_to_table(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    do {
        st_kql_graph_table *t = ST_NEW(p->arena, st_kql_graph_table);
        if (!t)
            break;
        graph_table(p, t);
        st_p_add(p, &list, t);
    } while (st_p_more(p));
    op->u.to_table.n = list.n;
    op->u.to_table.tables = st_p_array(p, &list, sizeof *op->u.to_table.tables);
    if (!op->u.to_table.tables)
        op->u.to_table.n = 0;
}

void st_p_graph_mark(st_parser *p, st_kql_op *op)
{
    while (take_option(p, "kind", &op->u.mark.kind) ||
           take_option(p, "with_component_id", &op->u.mark.id))
        ;
}
