/*
 * graph.h - a graph as the value of a query, and patterns over it.
 *
 * A graph is described when it is bound (what properties its nodes and edges have) and made of
 * rows when the first operator asks for it (st_kgraph_ready). Nodes and edges are numbered
 * from 0; a property is a column of the tables they came from, read when somebody asks.
 *
 * A pattern is bound over a graph: its elements are its nodes and edges, each once, and the
 * row that conditions and `project` see has a column for each property of an element that
 * they name (st_kgcol). Who searches fills those columns a batch of matches at a time.
 *
 * Semantics: Kusto's published pages on make-graph, graph-match and graph-shortest-paths.
 */
#ifndef ST_KQL_GRAPH_H
#define ST_KQL_GRAPH_H

#include "rules/kql/bind.h"

/* graphs */

typedef uint32_t st_gid; /* a node's number, or an edge's */
#define ST_NO_GID UINT32_MAX

/* Edge numbers by node: those of node v are edge[at[v]] .. edge[at[v + 1] - 1], rising. */
typedef struct st_kgindex {
    uint32_t *at;
    st_gid *edge;
} st_kgindex;

typedef struct st_kgraph st_kgraph;
struct st_kgraph {
    st_kschema node, edge; /* properties */
    bool lineage;          /* a node stands for a node of the forest */
    bool (*make)(st_krun *r, st_kgraph *g);
    st_kv (*node_value)(st_krun *r, st_kgraph *g, st_gid node, size_t col);
    st_kv (*edge_value)(st_krun *r, st_kgraph *g, st_gid edge, size_t col);
    st_node (*node_of)(st_kgraph *g, st_gid node);
    void *maker;
    st_kop *op; /* whose value it is */
    bool made, ok;
    /* what make fills; of the run's */
    uint32_t n, m;
    st_gid *from, *to; /* by edge */
    st_kgindex out, in;
};
st_kgraph *st_kgraph_new(st_kbinder *b, size_t maker_size);
/* Makes it, once. False: the run failed. */
bool st_kgraph_ready(st_krun *r, st_kgraph *g);
/* Fills out and in from n, m, from and to. */
bool st_kgraph_index(st_krun *r, st_kgraph *g);
/* An operator whose value is g. */
st_kop *st_kop_graph(st_kbinder *b, st_kgraph *g);
/* A batch of the nodes (edges) ids[0..n), with the columns that `used` says. */
st_kbatch *st_kgraph_batch(st_krun *r, st_kgraph *g, bool nodes, const st_gid *ids, size_t n,
                           const bool *used);

st_kb_op st_kb_op_make_graph, st_kb_op_graph_match, st_kb_op_graph_shortest_paths,
    st_kb_op_graph_to_table, st_kb_op_graph_mark_components;

/* sets of numbers */

typedef uint64_t st_kgbits; /* an array of them; NULL means every number */
static inline bool st_kgbits_has(const st_kgbits *b, st_gid i)
{
    return !b || (b[i / 64] >> (i % 64) & 1);
}
static inline void st_kgbits_put(st_kgbits *b, st_gid i, bool in)
{
    st_kgbits bit = (st_kgbits)1 << (i % 64);
    b[i / 64] = in ? b[i / 64] | bit : b[i / 64] & ~bit;
}

/* patterns */

typedef struct st_kgelement {
    st_str name;
    st_span span;
    bool edge;
    /* of an edge */
    size_t left, right; /* elements, as written */
    st_kql_direction direction;
    bool variable;
    uint32_t min, max; /* 1, 1 if it isn't variable */
} st_kgelement;

typedef enum st_kgcol_kind {
    ST_GC_ELEMENT,  /* its name alone: only there to be found */
    ST_GC_PROPERTY, /* of a node or an edge */
    ST_GC_EACH,     /* of a variable edge's edges: a condition on each of them */
    ST_GC_ALL,      /* all(e, x) */
    ST_GC_ANY,
    ST_GC_MAP
} st_kgcol_kind;

/* x is an expression over the properties of e's edges, or (inner) of the nodes between them. */
typedef struct st_kgcol {
    st_kgcol_kind kind;
    size_t element, property;
    bool inner;
    bool shown; /* `project` reads it */
    st_kx *x;
} st_kgcol;

/* A condition on one element alone. */
typedef struct st_kgfilter {
    size_t element;
    bool inner;  /* on the nodes inside a variable edge */
    bool any;    /* of a variable edge: on one of its edges at least */
    bool direct; /* x is over the properties themselves; else over the pattern's row */
    st_kx *x;
} st_kgfilter;

typedef struct st_kgpattern {
    st_kgraph *g;
    st_kgelement *elements;
    size_t n, first; /* first: where the first sequence ends */
    st_kop *op;      /* gives the row: its schema's columns are cols */
    st_kgcol *cols;
    size_t ncols, cols_cap, schema_cap;
    st_kgfilter *filters;
    size_t nfilters, filters_cap;
    st_kx *rest;    /* what conditions remain, over the row; NULL: none */
    bool in_where;  /* a property of a variable edge means each of them */
    size_t subject; /* the node that a match is about */
} st_kgpattern;

bool st_kgpattern_bind(st_kbinder *b, st_kgpattern *p, const st_kql_op *q);
/* The where clause taken apart into filters and rest. anys: any() by itself is a filter. */
bool st_kgpattern_where(st_kbinder *b, st_kgpattern *p, const st_kql_expr *where, bool anys);
/* The columns: an operator over p->op. */
st_kop *st_kgpattern_project(st_kbinder *b, st_kgpattern *p, const st_kql_op *q);
/* searching */

/* What each element may be by its own conditions, by element. */
typedef struct st_kgallowed {
    st_kgbits **own;   /* nodes: never NULL; edges: NULL if all */
    st_kgbits **inner; /* variable edges: the nodes between; NULL if all */
    uint32_t *count;   /* nodes: how many */
    st_kgbits **any;   /* by filter: what an `any` filter holds for; else NULL */
} st_kgallowed;
bool st_kgallowed_find(st_krun *r, const st_kgpattern *p, st_kgallowed *out);

/* An edge of the pattern, walked from one of its nodes to the other. */
typedef struct st_kgstep {
    size_t edge, from, to; /* elements */
    bool ahead;            /* from is the left one */
    bool closes;           /* to is known before */
    uint32_t *distance; /* variable: edges to the nearest node that `to` may be; ST_NO_GID: none */
} st_kgstep;
/* The steps from the element `start`, an order in which each begins where one has been. */
void st_kgsteps_order(const st_kgpattern *p, size_t start, st_kgstep *out);
/* From the last step to the first: distances, and fewer nodes for what a step begins from. */
bool st_kgsteps_reduce(st_krun *r, const st_kgpattern *p, st_kgallowed *a, st_kgstep *steps);

/* The graph edges that a step may take from a node, one after the other: it counts up from 0.
 * ST_NO_GID: no more. *to: where it leads. */
st_gid st_kgstep_next(const st_kgpattern *p, const st_kgstep *s, st_gid node, uint32_t *it,
                      st_gid *to);

/* Matches found, before they become rows. */
typedef struct st_kgmatches {
    size_t n;
    st_gid **id;      /* [element][row]: nodes, and edges that aren't variable */
    size_t **path_at; /* [element][row]: where in path its edges begin */
    uint32_t **path_n;
    st_gid *path; /* in the order of the pattern */
    size_t path_used, path_cap;
} st_kgmatches;
bool st_kgmatches_init(st_krun *r, const st_kgpattern *p, st_kgmatches *m);
void st_kgmatches_free(st_kgmatches *m);
/* Those for which p->rest holds, as rows of p->op; empties m. NULL: none is left, or the run
 * failed. */
st_kbatch *st_kgmatches_batch(st_krun *r, const st_kgpattern *p, st_kgmatches *m);

#endif
