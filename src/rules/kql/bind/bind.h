/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - what the binder's files share: scopes, what is told, expressions, tables.
 *
 * Binding reads the syntax tree and makes a plan of it. Two things go with every call: the scope
 * (st_scope), which says what names mean and what may stand here, and the outcome
 * (st_bind_outcome), which says what binding has come to. A scope is never changed by who gets
 * it: what is bound under other circumstances gets a copy. So nothing is put back by hand, and a
 * mistake in the middle leaves no mode behind.
 *
 * A file uses those that stand before it here: scope, nodes, strings, arguments, names, tuple,
 * group, window, warn, services, explain. Expressions, calls, lets, tables and pipelines use
 * one another, as the language does. Operators stand in kql/operators and are handed in as a
 * table (st_binder.operators).
 */
#ifndef ST_RULES_KQL_BIND_BIND_H
#define ST_RULES_KQL_BIND_BIND_H

#include "rules/kql/bind/explain.h"
#include "rules/kql/bind/operator.h"
#include "rules/kql/bind/services.h"
#include "rules/kql/syntax/ast.h"

typedef enum st_let_kind {
    ST_L_VALUE, /* bound: x */
    ST_L_TABLE, /* a macro: bound anew at each use */
    ST_L_LAMBDA
} st_let_kind;

/* A name of a let or of a function's parameter; what is visible is a chain of them. */
typedef struct st_let {
    struct st_let *next;
    st_str name;
    st_let_kind kind;
    st_expr *x;
    const st_kql_expr *expr;
    struct st_let *env; /* what expr may see */
    st_kept_rows *rows; /* of a table, computed once; NULL: each use binds it anew */
    /* scope.c: to find a name without a walk along the chain */
    size_t number;                /* in the chain, from 1 */
    const struct st_let_map *map; /* of the chain from here on */
    struct st_let *same;          /* the next of its place in the map */
} st_let;

/* What stays the same while a query is bound. */
typedef struct st_binder {
    st_run *r;
    st_diag_sink *d;                   /* NULL: nothing is told */
    const st_bind_operator *operators; /* by st_kql_op_kind */
    const st_bind_table_fn *table_fns; /* up to one without a name */
    bool marks;                        /* the rule says which processes are web servers */
    bool keeps_rows;            /* rows of tables that lets name are computed once: a library */
    st_expr *bin_size, *bin_at; /* settings of bin_auto(), constants; NULL: not set */
    st_str subject;             /* the node of graph patterns that the rule is about; or empty */
    unsigned expansions, operators_bound; /* so far, against their limits */
    size_t nodes, most_nodes;             /* of expressions, likewise */
    st_shown_value *values;               /* lets that a plan shows */
    st_need *needs; /* the services that the query needs, in the order they are met */
    st_need *never; /* columns that it filters by and that are never filled, likewise */
    bool forgiving; /* a service's part was left out of a union: names that nobody knows are null */
    bool unpacked; /* a plugin's columns depend on the rows: unknown names are null from there on */
    st_str label;  /* the let that the table bound last is; empty: none */
    unsigned label_line;
} st_binder;

/* What binding has come to, of a query or of an operator in it. */
typedef struct st_bind_outcome {
    bool failed;   /* there was a mistake, and it was told */
    bool spoiled;  /* ... or before it: the plan won't run */
    bool opened;   /* a table whose columns aren't all known was bound: see st_schema.open */
    bool loosened; /* a table of a service was bound: see st_schema.loose */
    bool windows;  /* a function over neighbouring rows was bound */
    bool ordered;  /* the order of the table bound last is meant */
} st_bind_outcome;

/* The aggregates of a group: a column each, behind the keys. */
typedef struct st_bind_group {
    st_agg_call *calls; /* malloc'ed */
    size_t n, cap, keys;
    size_t node_call; /* the call of an arg_max(.., *); SIZE_MAX: none */
} st_bind_group;

typedef enum st_search_kind {
    ST_BIND_NO_SEARCH,
    ST_BIND_SEARCH,
    ST_BIND_SEARCH_CASED
} st_search_kind;

/* What names mean that aren't columns, where the scope's row is `row`: elements of a pattern,
 * steps of a scan. Each gives NULL if e is something else. */
typedef st_expr *st_bind_named(const st_scope *sc, const st_kql_expr *e);
typedef struct st_bind_names {
    const st_schema *row;
    st_bind_named *name, *member, *call; /* n; n.x; f(...): may be NULL */
    void *of;                            /* theirs */
} st_bind_names;

/* A table or function that isn't here, in a part of a union that may go without it. */
typedef struct st_bind_missing {
    st_str name;  /* the first one; empty: all are here */
    bool service; /* it is a service's */
} st_bind_missing;

/* Where something is bound. */
struct st_scope {
    st_binder *binder;
    st_run *r;            /* the binder's */
    st_bind_outcome *out; /* what it comes to is noted here */
    st_let *env;
    const st_schema *row;  /* the columns that can be named; NULL: none */
    unsigned depth;        /* of tables and functions inside one another */
    st_bind_group *group;  /* aggregates may stand here, and go there; NULL: none may */
    bool nested;           /* inside an aggregate's arguments */
    bool filtering;        /* in a where: columns that are never filled are worth a warning */
    bool ordered;          /* the order of the rows is meant */
    st_search_kind search; /* a text as a condition stands for "any column has it" */
    st_str as;             /* what `as` called the rows last; empty: nothing */
    st_str source;         /* the table that the pipeline began with; empty: none with a name */
    st_plan_step *step;    /* of the operator at hand; NULL: nobody asked for the plan */
    const st_bind_names *names; /* NULL: columns and lets only */
    st_bind_missing *missing;   /* what isn't here is noted there, not told; NULL: it is told */
};

/* The same scope over other columns; NULL: without any. */
static inline st_scope st_bind_over(const st_scope *sc, const st_schema *row)
{
    st_scope own = *sc;
    own.row = row;
    return own;
}

/* scope.c: what is told, and what names mean */

void st_bind_error(const st_scope *sc, st_span at, const char *code, const char *fmt, ...)
    __attribute__((format(__printf__, 4, 5)));
void st_bind_warn(const st_scope *sc, st_span at, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));
/* May rows be read already, to know the columns or a constant? If not, counts as failed. */
bool st_bind_may_run(const st_scope *sc);
/* Notes that there is no memory; false. */
bool st_bind_nomem(const st_scope *sc);
size_t st_bind_column(const st_schema *s, st_str name); /* SIZE_MAX: none */
st_let *st_bind_let(const st_scope *sc, st_str name);
/* From now on l can be named in sc, before what could be; false: no memory. */
bool st_bind_push_let(st_scope *sc, st_let *l);
void st_bind_no_column(const st_scope *sc, st_span at, st_str name);
/* Says that a column which no list knows is taken as one that is never filled. */
void st_bind_warn_loose(const st_scope *sc, st_span at, st_str name);
/* A let whose value couldn't be understood, which was told. */
bool st_bind_unread(const st_let *l);
/* Is e the name of a column that a service's table may have, though no list knows it? */
bool st_bind_loose_name(const st_scope *sc, const st_kql_expr *e);
/* ... of a column that a plugin would have made, had the evidence given it rows? */
bool st_bind_unpacked_name(const st_scope *sc, const st_kql_expr *e);
/* x, the value of e, as a column of its own: what no list knows is text there. */
st_expr *st_bind_settled(const st_scope *sc, const st_kql_expr *e, st_expr *x);

/* nodes.c: each gives NULL if there is no memory */

st_type st_bind_type(st_type t); /* decimal is real */
st_expr *st_bind_node(const st_scope *sc, st_expr_kind kind, st_type type);
st_expr *st_bind_const(const st_scope *sc, st_type type, st_val v);
st_expr *st_bind_unknown(const st_scope *sc); /* stands for what couldn't be understood */
bool st_bind_any_unknown(st_expr *const *args, size_t n);
bool st_bind_all_constant(st_expr *const *x, size_t n);
/* x, or its value if that is known already. */
st_expr *st_bind_fold(const st_scope *sc, st_expr *x);
st_expr *st_bind_call_node(const st_scope *sc, st_fn_code *code, st_type type, st_expr **args,
                           size_t n);
/* The two together. */
st_expr *st_bind_call(const st_scope *sc, st_fn_code *code, st_type type, st_expr **args, size_t n);
/* n conditions joined by code (false without any). */
st_expr *st_bind_joined(const st_scope *sc, st_expr **x, size_t n, st_fn_code *code);
/* The column AdditionalFields, which is text and which published queries take apart as it is, read
 * as JSON; any other x itself. */
st_expr *st_bind_as_json(const st_scope *sc, st_expr *x);

/* values.c */

/* A literal's value, of the type that st_bind_type says; and as an expression. */
st_val st_bind_literal_value(const st_scope *sc, const st_kql_expr *e);
st_expr *st_bind_literal(const st_scope *sc, const st_kql_expr *e);

/* strings.c */

/* A string operator of the matcher's. */
typedef struct st_bind_strop {
    st_mop op;
    bool fold, negate;
} st_bind_strop;
bool st_bind_strop_of(st_kql_operator op, st_bind_strop *out);
bool st_bind_textual(st_type t);
/* args[0] op constants, of n arguments. */
st_expr *st_bind_predicate(const st_scope *sc, st_span at, st_bind_strop op, bool all,
                           st_expr **args, size_t n);
/* Some column of text fits the constant needle. */
st_expr *st_bind_any_column(const st_scope *sc, st_span at, st_bind_strop op, st_expr *needle);
/* A text as search's condition. */
st_expr *st_bind_search_term(const st_scope *sc, const st_kql_expr *e);

/* arguments.c */

/* Arguments against the letters of a function's row; false if it was told what is wrong. */
bool st_bind_check_args(const st_scope *sc, const st_kql_expr *e, const char *name,
                        const char *args, size_t min, st_expr **x, size_t n);
st_type st_bind_result_type(const st_scope *sc, const st_kql_expr *e, const st_fn *f, st_expr **x,
                            size_t n);

/* Argument i of a call. A name before it (f(x = a)) says nothing where the text didn't give f. */
const st_kql_expr *st_bind_argument(const st_kql_expr *call, size_t i);

/* names.c: the name that a column of this expression gets by itself; empty if none. */

st_str st_bind_name(const st_scope *sc, const st_kql_expr *e);

/* tuple.c: functions that give several columns */

/* Is e a call of one? */
bool st_bind_is_tuple(const st_scope *sc, const st_kql_expr *e);
/* How many; the name and type of column i. */
size_t st_bind_tuple_width(const st_scope *sc, const st_kql_expr *e);
st_col st_bind_tuple_column(const st_scope *sc, const st_kql_expr *e, size_t i);
/* Column i of its value, which is an array. */
st_expr *st_bind_tuple_value(const st_scope *sc, const st_kql_expr *e, st_expr *tuple, size_t i);

/* group.c */

/* Adds a call whose value is one column of the group's table; its place among the columns. */
size_t st_bind_add_call(const st_scope *sc, const st_agg_call *c);
/* A call of an aggregate with its arguments bound, as that column. */
st_expr *st_bind_group_call(const st_scope *sc, const st_kql_expr *e, const st_agg *agg,
                            st_expr **x, size_t n);

/* window.c: a call of a function over neighbouring rows, its arguments bound. */

st_expr *st_bind_window(const st_scope *sc, const st_kql_expr *e, const st_window *w, st_expr **x,
                        size_t n);

/* warn.c: a filter on a column that is never filled; on ActionTypes (constants behind args[0])
 * that no event has; a table that is empty, or nearly. */

void st_bind_warn_column(const st_scope *sc, st_span at, st_str name, st_type type);
void st_bind_warn_billing(const st_scope *sc, st_span at, st_str name);
void st_bind_warn_actions(const st_scope *sc, st_span at, st_expr *const *args, size_t n,
                          bool fold);
void st_bind_warn_table(const st_scope *sc, st_span at, const st_table_def *t);

/* expr.c: never NULL but for no memory: what can't be bound has type UNKNOWN. */

st_expr *st_bind_expr(const st_scope *sc, const st_kql_expr *e);
/* A condition: bool, or an error. */
st_expr *st_bind_condition(const st_scope *sc, const st_kql_expr *e);
/* A constant of a type; false and an error if it isn't. */
bool st_bind_constant(const st_scope *sc, const st_kql_expr *e, st_val *out, st_type *type);
/* A side of `and` or `or`. */
st_expr *st_bind_logic_side(const st_scope *sc, const st_kql_expr *e);

/* logic.c: a chain of `and` or of `or`. */

st_expr *st_bind_logic(const st_scope *sc, const st_kql_expr *e);

/* calls.c */

st_expr *st_bind_call_of(const st_scope *sc, const st_kql_expr *e);
/* The value of the text's function l; e: a call of it, or its name alone. */
st_expr *st_bind_call_named(const st_scope *sc, const st_kql_expr *e, const st_let *l);
/* The value of a function that gives several columns: an array of theirs. */
st_expr *st_bind_tuple(const st_scope *sc, const st_kql_expr *e);

/* lets.c */

/* A statement that isn't a query. outer: where the names of its text or function begin. */
bool st_bind_statement(st_scope *sc, const st_kql_stmt *s, const st_let *outer);
/* Enters a function: *inside is where its value stands, *value what it is. */
bool st_bind_open_call(const st_scope *sc, const st_let *l, const st_kql_expr *e, st_scope *inside,
                       const st_kql_expr **value);
/* Counts a table or function that is written out, against the limits. */
bool st_bind_expand(const st_scope *sc, st_span at);

/* models.c */

/* Is it one of the information model's parsers that are here? */
bool st_bind_is_model(st_str name);
/* It, as a function; NULL: no memory. */
st_let *st_bind_model(const st_scope *sc, st_str name);

/* tables.c */

bool st_bind_tabular(const st_scope *sc, const st_kql_expr *e);
/* Rows, or a graph; maybe several tables. */
st_op *st_bind_rows(const st_scope *sc, const st_kql_expr *e);
/* One table, or several (st_op.also). */
st_op *st_bind_tables(const st_scope *sc, const st_kql_expr *e);
st_op *st_bind_table(const st_scope *sc, const st_kql_expr *e);
/* What stands for a table that couldn't be understood, which was told: it has any column. */
st_op *st_bind_unread_table(const st_scope *sc);

/* pipeline.c */

st_op *st_bind_query(const st_scope *sc, const st_kql_query *q);
/* The operators of a subquery without a source, over in. ordered: in's order is meant. */
st_op *st_bind_body(const st_scope *sc, st_op *in, const st_kql_query *q, bool ordered);

/* aggregate.c: for operators that group rows themselves */

/* An expression over aggregates: x's columns are the calls' values. */
typedef struct st_bind_agg {
    st_str name, own; /* the author's (or p NULL); else what it gets by itself */
    st_expr *x;
    st_agg_call *calls;
    size_t ncalls;
} st_bind_agg;
bool st_bind_aggregate(const st_scope *sc, const st_kql_expr *e, st_bind_agg *out);
/* A column to group by. */
bool st_bind_key(const st_scope *sc, const st_kql_expr *e, st_col *col, st_expr **x);

/* graph_pattern.c */

typedef struct st_graph_pattern st_graph_pattern;
bool st_graph_pattern_bind(const st_scope *sc, st_graph_pattern *p, const st_kql_op *q);
/* The where clause taken apart into filters and rest. anys: any() by itself is a filter. */
bool st_graph_pattern_where(const st_scope *sc, st_graph_pattern *p, const st_kql_expr *where,
                            bool anys);
/* The columns: an operator over p->op. */
st_op *st_graph_pattern_project(const st_scope *sc, st_graph_pattern *p, const st_kql_op *q);

#endif
