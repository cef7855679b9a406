/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph.h - a graph as the value of a query, and patterns over it.
 *
 * A graph is described when it is bound (what properties its nodes and edges have) and made of
 * rows when the first operator asks for it (st_graph_ready). Nodes and edges are numbered
 * from 0; a property is a column of the tables they came from, read when somebody asks.
 *
 * A pattern is bound over a graph: its elements are its nodes and edges, each once, and the
 * row that conditions and `project` see has a column for each property of an element that
 * they name (st_graph_col). Who searches fills those columns a batch of matches at a time.
 *
 * Semantics: Kusto's published pages on make-graph, graph-match and graph-shortest-paths.
 */
#ifndef ST_RULES_ENGINE_GRAPH_GRAPH_H
#define ST_RULES_ENGINE_GRAPH_GRAPH_H

#include "rules/engine/operators/ops.h"

/* graphs */

typedef uint32_t st_gid; /* a node's number, or an edge's */
#define ST_NO_GID UINT32_MAX

/* Edge numbers by node: those of node v are edge[at[v]] .. edge[at[v + 1] - 1], rising. */
typedef struct st_graph_lookup {
    uint32_t *at;
    st_gid *edge;
} st_graph_lookup;

typedef struct st_graph st_graph;
struct st_graph {
    st_schema node, edge; /* properties */
    bool lineage;         /* a node stands for a node of the forest */
    bool (*make)(st_run *r, st_graph *g);
    st_val (*node_value)(st_run *r, st_graph *g, st_gid node, size_t col);
    st_val (*edge_value)(st_run *r, st_graph *g, st_gid edge, size_t col);
    st_node (*node_of)(st_graph *g, st_gid node);
    void *maker;
    st_op *op; /* whose value it is */
    bool made, ok;
    /* what make fills; of the run's */
    uint32_t n, m;
    st_gid *from, *to; /* by edge */
    st_graph_lookup out, in;
};
st_graph *st_graph_new(st_run *r, size_t maker_size);
/* Makes it, once. False: the run failed. */
bool st_graph_ready(st_run *r, st_graph *g);
/* Fills out and in from n, m, from and to. */
bool st_graph_index(st_run *r, st_graph *g);
/* An operator whose value is g. */
st_op *st_op_graph(st_run *r, st_graph *g);
/* A batch of the nodes (edges) ids[0..n), with the columns that `used` says. */
st_batch *st_graph_batch(st_run *r, st_graph *g, bool nodes, const st_gid *ids, size_t n,
                         const bool *used);

/* sets of numbers */

typedef uint64_t st_graph_bits; /* an array of them; NULL means every number */
static inline bool st_graph_bits_has(const st_graph_bits *b, st_gid i)
{
    return !b || (b[i / 64] >> (i % 64) & 1);
}
static inline void st_graph_bits_put(st_graph_bits *b, st_gid i, bool in)
{
    st_graph_bits bit = (st_graph_bits)1 << (i % 64);
    b[i / 64] = in ? b[i / 64] | bit : b[i / 64] & ~bit;
}

/* patterns */

/* Which way an edge of a pattern points, as written: -->, <--, --. */
typedef enum st_graph_direction {
    ST_GRAPH_RIGHT,
    ST_GRAPH_LEFT,
    ST_GRAPH_EITHER
} st_graph_direction;

typedef struct st_graph_element {
    st_str name;
    bool edge;
    /* of an edge */
    size_t left, right; /* elements, as written */
    st_graph_direction direction;
    bool variable;
    uint32_t min, max; /* 1, 1 if it isn't variable */
} st_graph_element;

typedef enum st_graph_col_kind {
    ST_GC_ELEMENT,  /* its name alone: only there to be found */
    ST_GC_PROPERTY, /* of a node or an edge */
    ST_GC_EACH,     /* of a variable edge's edges: a condition on each of them */
    ST_GC_ALL,      /* all(e, x) */
    ST_GC_ANY,
    ST_GC_MAP
} st_graph_col_kind;

/* x is an expression over the properties of e's edges, or (inner) of the nodes between them. */
typedef struct st_graph_col {
    st_graph_col_kind kind;
    size_t element, property;
    bool inner;
    bool shown; /* `project` reads it */
    st_expr *x;
} st_graph_col;

/* A condition on one element alone. */
typedef struct st_graph_filter {
    size_t element;
    bool inner;  /* on the nodes inside a variable edge */
    bool any;    /* of a variable edge: on one of its edges at least */
    bool direct; /* x is over the properties themselves; else over the pattern's row */
    st_expr *x;
} st_graph_filter;

typedef struct st_graph_pattern {
    st_graph *g;
    st_graph_element *elements;
    size_t n, first; /* first: where the first sequence ends */
    st_op *op;       /* gives the row: its schema's columns are cols */
    st_graph_col *cols;
    size_t ncols, cols_cap, schema_cap;
    st_graph_filter *filters;
    size_t nfilters, filters_cap;
    st_expr *rest;  /* what conditions remain, over the row; NULL: none */
    bool in_where;  /* a property of a variable edge means each of them */
    size_t subject; /* the node that a match is about */
} st_graph_pattern;

/* searching */

/* What each element may be by its own conditions, by element. */
typedef struct st_graph_allowed {
    st_graph_bits **own;   /* nodes: never NULL; edges: NULL if all */
    st_graph_bits **inner; /* variable edges: the nodes between; NULL if all */
    uint32_t *count;       /* nodes: how many */
    st_graph_bits **any;   /* by filter: what an `any` filter holds for; else NULL */
} st_graph_allowed;
bool st_graph_allowed_find(st_run *r, const st_graph_pattern *p, st_graph_allowed *out);

/* An edge of the pattern, walked from one of its nodes to the other. */
typedef struct st_graph_step {
    size_t edge, from, to; /* elements */
    bool ahead;            /* from is the left one */
    bool closes;           /* to is known before */
    uint32_t *distance; /* variable: edges to the nearest node that `to` may be; ST_NO_GID: none */
} st_graph_step;
/* The steps from the element `start`, an order in which each begins where one has been. */
void st_graph_steps_order(const st_graph_pattern *p, size_t start, st_graph_step *out);
/* From the last step to the first: distances, and fewer nodes for what a step begins from. */
bool st_graph_steps_reduce(st_run *r, const st_graph_pattern *p, st_graph_allowed *a,
                           st_graph_step *steps);

/* The graph edges that a step may take from a node, one after the other: it counts up from 0.
 * ST_NO_GID: no more. *to: where it leads. */
st_gid st_graph_step_next(const st_graph_pattern *p, const st_graph_step *s, st_gid node,
                          uint32_t *it, st_gid *to);

/* Matches found, before they become rows. */
typedef struct st_graph_matches {
    size_t n;
    st_gid **id;      /* [element][row]: nodes, and edges that aren't variable */
    size_t **path_at; /* [element][row]: where in path its edges begin */
    uint32_t **path_n;
    st_gid *path; /* in the order of the pattern */
    size_t path_used, path_cap;
} st_graph_matches;
bool st_graph_matches_init(st_run *r, const st_graph_pattern *p, st_graph_matches *m);
void st_graph_matches_free(st_graph_matches *m);
/* Those for which p->rest holds, as rows of p->op; empties m. NULL: none is left, or the run
 * failed. */
st_batch *st_graph_matches_batch(st_run *r, const st_graph_pattern *p, st_graph_matches *m);

#endif
