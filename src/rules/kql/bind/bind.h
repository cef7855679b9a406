/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - what the binder's files share: scopes, errors, expressions.
 */
#ifndef ST_RULES_KQL_BIND_BIND_H
#define ST_RULES_KQL_BIND_BIND_H

#include "rules/language.h"
#include "rules/kql/syntax/ast.h"

/* Binds into r's arena; errors go to d (which may be NULL). */
void st_bind_rule(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d,
                  st_bound *out);

typedef enum st_let_kind {
    ST_L_VALUE, /* bound: x */
    ST_L_TABLE, /* a macro: bound anew at each use */
    ST_L_LAMBDA
} st_let_kind;

/* A name of a let or of a function's parameter; scopes are chains of them. */
typedef struct st_let {
    struct st_let *next;
    st_str name;
    st_let_kind kind;
    st_expr *x;
    const st_kql_expr *expr;
    struct st_let *env; /* what expr may see */
    st_kept_rows *rows; /* rows handed in (invoke); NULL: none */
} st_let;

/* Where an operator's rows come from. */
typedef struct st_input_of {
    st_op *op;
    st_str let; /* the let that they are; empty: none */
    unsigned line;
} st_input_of;
typedef struct st_plan_side {
    struct st_plan_side *next;
    st_input_of in;
} st_plan_side;
typedef struct st_matched {
    struct st_matched *next;
    st_span span;
} st_matched;
typedef struct st_shown_value {
    struct st_shown_value *next;
    st_str name;
    st_span span;
    const st_expr *x;
} st_shown_value;
/* What a plan that is shown says of an operator of the text. */
typedef struct st_plan_step {
    st_span span;
    st_input_of from;    /* the rows before the pipe; op NULL: none */
    st_plan_side *sides; /* other tables bound for it */
    st_matched *matched; /* its conditions that the matcher answers */
    st_str note;
} st_plan_step;

/* Something that isn't here. */
/* services.c: a table or function of a service. */
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

typedef enum st_search_kind {
    ST_BIND_NO_SEARCH,
    ST_BIND_SEARCH,
    ST_BIND_SEARCH_CASED
} st_search_kind;

typedef struct st_binder {
    st_run *r;
    st_diag_sink *d;
    st_let *env;
    const st_schema *row; /* the input row's columns; NULL: none */
    unsigned depth, expansions, operators;
    bool marks;
    bool keeps_rows;        /* tables of lets are computed once: a library is being bound */
    bool failed;            /* there was an error in what is being bound */
    bool spoiled;           /* ... or before it: the plan won't run */
    st_shown_value *values; /* lets that a plan shows */
    st_need *needs;         /* the services that the query needs, in the order they are met */
    st_need *never;         /* columns that it filters by and that are never filled, likewise */
    bool loosened;          /* a table of a service was bound: see st_schema.loose */
    /* summarize: aggregates may stand in expressions and become columns behind the keys */
    bool aggregates;
    st_agg_call *calls;
    size_t ncalls, calls_cap, keys;
    size_t node_call; /* the call of an arg_max(.., *) */
    bool filtering;   /* in a where: columns that are never filled are worth a warning */
    bool opened;      /* a table whose columns aren't all known was bound: see st_schema.open */
    bool open;        /* behind a plugin whose columns depend on the rows: unknown names are null */
    bool nested;      /* inside an aggregate's arguments */
    bool serialized;  /* the input's order is meant */
    st_search_kind search; /* a text as a condition stands for "any column has it" */
    st_str source;         /* the table that the pipeline began with; empty: none with a name */
    bool windows;          /* a function over neighbouring rows was bound */
    st_plan_step *step;    /* of the operator at hand; NULL: nobody asked for the plan */
    st_str label;          /* the let that the table bound last is; empty: none */
    unsigned label_line;
    struct st_graph_pattern *graph;    /* a pattern is being bound */
    const struct st_bind_scope *scope; /* names that aren't columns; NULL: none */
    const st_kql_query
        *piped;     /* the query whose operators are being bound; NULL: one without a source */
    st_str subject; /* the node of patterns that the rule is about; empty: not said */
} st_binder;

/* What names mean that aren't columns, where b->row is `row`: elements of a pattern, steps of a
 * scan. Each gives NULL if e is something else. */
typedef st_expr *st_bind_scoped(st_binder *b, const st_kql_expr *e);
typedef struct st_bind_scope {
    const st_schema *row;
    st_bind_scoped *name, *member, *call; /* n; n.x; f(...): may be NULL */
} st_bind_scope;

void st_bind_error(st_binder *b, st_span at, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void st_bind_warn(st_binder *b, st_span at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* May rows be read already, to know the columns or a constant? If not, counts as failed. */
bool st_bind_may_run(st_binder *b);
/* bind_warn.c: a filter on a column that is never filled; on ActionTypes (constants behind
 * args[0]) that no event has; a table that is empty, or nearly. */
void st_bind_warn_column(st_binder *b, st_span at, st_str name, st_type type);
void st_bind_warn_actions(st_binder *b, st_span at, st_expr *const *args, size_t n, bool fold);
void st_bind_warn_table(st_binder *b, st_span at, const st_table_def *t);
/* Never NULL but for no memory: what can't be bound has type UNKNOWN. */
st_expr *st_bind_expr(st_binder *b, const st_kql_expr *e);
/* A condition: bool, or an error. */
st_expr *st_bind_condition(st_binder *b, const st_kql_expr *e);
/* A constant of a type; false and an error if it isn't. */
bool st_bind_constant(st_binder *b, const st_kql_expr *e, st_val *out, st_type *type);
/* The name a column of this expression gets by itself; empty if none. */
st_str st_bind_name(st_binder *b, const st_kql_expr *e);
st_let *st_bind_let(st_binder *b, st_str name);
size_t st_bind_column(const st_schema *s, st_str name); /* SIZE_MAX: none */
void st_bind_no_column(st_binder *b, st_span at, st_str name);
/* A let whose value couldn't be understood, which was told. */
bool st_bind_unread(const st_let *l);
bool st_bind_tabular(st_binder *b, const st_kql_expr *e);
st_op *st_bind_table(st_binder *b, const st_kql_expr *e);
st_op *st_bind_query(st_binder *b, const st_kql_query *q);
/* The operators of a subquery without a source, over in. ordered: in's order is meant. */
st_op *st_bind_body(st_binder *b, st_op *in, const st_kql_query *q, bool ordered);
st_op *st_bind_call_table(st_binder *b, const st_kql_expr *e);
/* Enters a function: b->env holds its parameters and lets, *last the statement that is its
 * value. The caller puts b->env back. */
bool st_bind_open_call(st_binder *b, const st_let *l, const st_kql_expr *e,
                       const st_kql_stmt **last);
/* Adds a call whose value is one column of the group's table; its place among the calls. */
size_t st_bind_add_call(st_binder *b, const st_agg_call *c);
st_expr *st_bind_const(st_binder *b, st_type type, st_val v);
st_expr *st_bind_call(st_binder *b, st_fn_code *code, st_type type, st_expr **args, size_t n);
/* library.c: the names that p's libraries give (and p, if it is one), bound once for all runs that
 * share what r does and are run alike; false: one of them is broken, or no memory. */
bool st_bind_libraries(st_binder *b, const st_parsed *p);
/* A let, a declaration of parameters and the like, but no query; false: no memory. outer: where
 * the names of its text begin. */
bool st_bind_statement(st_binder *b, const st_kql_stmt *s, const st_let *outer);
bool st_bind_statements(st_binder *b, const st_kql_stmt *s, const st_kql_stmt **last);
st_type st_bind_type(st_type t); /* decimal is real */
/* Adds a name to a list; false: it is there already, or no memory. */
bool st_bind_note(st_binder *b, st_need **list, st_str name);
/* The query needs name; said once, and with --stub-services that it is taken as empty. */
void st_bind_need(st_binder *b, st_span at, st_str name);
/* The column AdditionalFields, which is text and which published queries take apart as it is, read
 * as JSON; any other x itself. NULL: no memory. */
st_expr *st_bind_as_json(st_binder *b, st_expr *x);
/* A service's table, without rows. */
st_op *st_bind_service_table(st_binder *b, st_span at, const st_service_def *s, st_str name);
/* in's rows with the service's columns, never filled. */
st_op *st_bind_service_enrich(st_binder *b, st_op *in, st_span at, const st_service_def *s);
st_str st_bind_needs_text(st_run *r, const st_need *needs); /* "A, B and C" */
/* Is e the name of a column that a service's table may have, though no list knows it? */
bool st_bind_loose_name(st_binder *b, const st_kql_expr *e);
st_type st_bind_loose_type(st_str name);
/* x, the value of e, as a column of its own: what no list knows is text there. */
st_expr *st_bind_settled(st_binder *b, const st_kql_expr *e, st_expr *x);
/* op_external.c */
st_op *st_bind_externaldata(st_binder *b, const st_kql_op *q);
/* A string operator of the matcher's. */
typedef struct st_bind_strop {
    st_mop op;
    bool fold, negate;
} st_bind_strop;
/* args[0] op constants, of n arguments. */
st_expr *st_bind_predicate(st_binder *b, st_span at, st_bind_strop op, bool all, st_expr **args,
                           size_t n);
/* A side of `and` or `or`. */
st_expr *st_bind_logic_side(st_binder *b, const st_kql_expr *e);
/* bind_logic.c: a chain of `and` or of `or`; n conditions joined by code (false without any). */
st_expr *st_bind_logic(st_binder *b, const st_kql_expr *e);
st_expr *st_bind_joined(st_binder *b, st_expr **x, size_t n, st_fn_code *code);
/* bind_tuple.c: functions that give several columns. Is e a call of one? */
bool st_bind_is_tuple(st_binder *b, const st_kql_expr *e);
/* How many; the name and type of column i. */
size_t st_bind_tuple_width(const st_kql_expr *e);
st_col st_bind_tuple_column(st_binder *b, const st_kql_expr *e, size_t i);
/* Its value: an array of the columns' values; and column i of such a value. */
st_expr *st_bind_tuple(st_binder *b, const st_kql_expr *e);
st_expr *st_bind_tuple_value(st_binder *b, const st_kql_expr *e, st_expr *tuple, size_t i);
/* explain.c. All do nothing unless the plan will be shown (r->explain). A step for an operator
 * at `at`, over in's rows, which are what the binder's label says. */
st_plan_step *st_bind_step(st_binder *b, st_span at, st_op *in);
void st_bind_step_side(st_binder *b, st_op *op);
void st_bind_step_matched(st_binder *b, st_span at);
void st_bind_step_note(st_binder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void st_bind_step_value(st_binder *b, const st_let *l);
void st_bind_label(st_binder *b, const st_let *l); /* NULL: none */
/* bind_plugin.c: evaluate */
st_op *st_bind_evaluate(st_binder *b, st_op *in, const st_kql_op *q);

/* The value of an option (kind=inner), NULL if it wasn't given. */
const st_kql_expr *st_bind_opt(const st_kql_op *q, const char *name);

/* A call of a function over neighbouring rows. */
st_expr *st_bind_window(st_binder *b, const st_kql_expr *e, const st_window *w);

/* explain.c: the plan that was bound with r->explain, as text; run: with rows and times. */
void st_explain(st_run *r, st_str text, const st_bound *bound, bool run, st_buf *out);

/* Operators that bind themselves, each in its own file. */
typedef st_op *st_bind_op(st_binder *b, st_op *in, const st_kql_op *q);
st_bind_op st_bind_op_parse, st_bind_op_search, st_bind_op_find, st_bind_op_invoke,
    st_bind_op_partition, st_bind_op_parse_kv, st_bind_op_top_nested, st_bind_op_make_series;
st_bind_op st_bind_op_fork, st_bind_op_facet, st_bind_op_top_hitters, st_bind_op_consume,
    st_bind_op_scan;
/* op_lineage.c: is it ancestors() or descendants()? And its table. */
bool st_bind_is_lineage(const st_kql_expr *e);
st_op *st_bind_lineage(st_binder *b, const st_kql_expr *e);
/* op_top_hitters.c: a row for each value of key, with how often it is there; or, if what isn't
 * NULL, with the sum of that. The column is called PREFIX and the key's name. */
st_op *st_bind_count_by(st_binder *b, st_op *in, const st_kql_expr *key, const char *prefix,
                        const st_kql_expr *what, st_str *column);
/* bind.c's, for operators that are made of them. */
st_bind_op st_bind_op_union, st_bind_op_project;

/* What search and find have in common: the tables' rows (or in's), behind a column that says
 * which table; kind is union's. And their condition. */
st_op *st_bind_search_rows(st_binder *b, st_op *in, const st_kql_op *q, st_str column,
                           const char *kind);
st_expr *st_bind_search_condition(st_binder *b, const st_op *rows, const st_kql_op *q, bool cased);

/* An expression over aggregates: x's columns are the calls' values. */
typedef struct st_bind_agg {
    st_str name, own; /* the author's (or p NULL); else what it gets by itself */
    st_expr *x;
    st_agg_call *calls;
    size_t ncalls;
} st_bind_agg;
bool st_bind_aggregate(st_binder *b, const st_kql_expr *e, st_bind_agg *out);
/* A column to group by. */
bool st_bind_key(st_binder *b, const st_kql_expr *e, st_col *col, st_expr **x);

/* graphs: graph_pattern.c */
typedef struct st_graph_pattern st_graph_pattern;
bool st_graph_pattern_bind(st_binder *b, st_graph_pattern *p, const st_kql_op *q);
/* The where clause taken apart into filters and rest. anys: any() by itself is a filter. */
bool st_graph_pattern_where(st_binder *b, st_graph_pattern *p, const st_kql_expr *where, bool anys);
/* The columns: an operator over p->op. */
st_op *st_graph_pattern_project(st_binder *b, st_graph_pattern *p, const st_kql_op *q);
st_bind_op st_bind_op_make_graph, st_bind_op_graph_match, st_bind_op_graph_shortest_paths,
    st_bind_op_graph_to_table, st_bind_op_graph_mark_components;

#endif
