/*
 * bind.h - what the binder's files share: scopes, errors, expressions.
 */
#ifndef ST_KQL_BIND_H
#define ST_KQL_BIND_H

#include "rules/kql/plan.h"

typedef enum st_klet_kind {
    ST_L_VALUE, /* bound: x */
    ST_L_TABLE, /* a macro: bound anew at each use */
    ST_L_LAMBDA
} st_klet_kind;

/* A name of a let or of a function's parameter; scopes are chains of them. */
typedef struct st_klet {
    struct st_klet *next;
    st_str name;
    st_klet_kind kind;
    st_kx *x;
    const st_kql_expr *expr;
    struct st_klet *env; /* what expr may see */
    st_kstore *rows;     /* rows handed in (invoke); NULL: none */
} st_klet;

/* Where an operator's rows come from. */
typedef struct st_kinput {
    st_kop *op;
    st_str let; /* the let that they are; empty: none */
    unsigned line;
} st_kinput;
typedef struct st_kside {
    struct st_kside *next;
    st_kinput in;
} st_kside;
typedef struct st_kmatched {
    struct st_kmatched *next;
    st_span span;
} st_kmatched;
typedef struct st_kvalue {
    struct st_kvalue *next;
    st_str name;
    st_span span;
    const st_kx *x;
} st_kvalue;
/* What a plan that is shown says of an operator of the text. */
typedef struct st_kstep {
    st_span span;
    st_kinput from;       /* the rows before the pipe; op NULL: none */
    st_kside *sides;      /* other tables bound for it */
    st_kmatched *matched; /* its conditions that the matcher answers */
    st_str note;
} st_kstep;

/* Something that isn't here. */
/* services.c: a table or function of a service. */
typedef enum st_kservice_kind {
    ST_SV_TABLE,    /* gives a table, with arguments or without */
    ST_SV_ENRICHES, /* invoke: adds columns to the rows */
    ST_SV_VALUE,    /* gives a value */
    ST_SV_PLUGIN    /* evaluate: gives a table */
} st_kservice_kind;
typedef struct st_kservice {
    const char *name;
    st_kservice_kind kind;
    const char *columns;
} st_kservice;
const st_kservice *st_kservice_find(st_str name);   /* no plugin; NULL: none of that name */
const st_kservice *st_kservice_plugin(st_str name); /* behind evaluate */

typedef enum st_kb_search { ST_KB_NO_SEARCH, ST_KB_SEARCH, ST_KB_SEARCH_CASED } st_kb_search;

typedef struct st_kbinder {
    st_krun *r;
    st_kql_diags *d;
    st_klet *env;
    const st_kschema *row; /* the input row's columns; NULL: none */
    unsigned depth, expansions, operators;
    bool marks;
    bool failed;     /* there was an error in what is being bound */
    bool spoiled;    /* ... or before it: the plan won't run */
    st_kneed *needs; /* the services that the query needs, in the order they are met */
    st_kneed *never; /* columns that it filters by and that are never filled, likewise */
    bool loosened;   /* a table of a service was bound: see st_kschema.loose */
    /* summarize: aggregates may stand in expressions and become columns behind the keys */
    bool aggregates;
    st_kaggcall *calls;
    size_t ncalls, calls_cap, keys;
    size_t node_call; /* the call of an arg_max(.., *) */
    bool filtering;   /* in a where: columns that are never filled are worth a warning */
    bool opened;      /* a table whose columns aren't all known was bound: see st_kschema.open */
    bool open;        /* behind a plugin whose columns depend on the rows: unknown names are null */
    bool nested;      /* inside an aggregate's arguments */
    bool serialized;  /* the input's order is meant */
    st_kb_search search; /* a text as a condition stands for "any column has it" */
    st_str source;       /* the table that the pipeline began with; empty: none with a name */
    bool windows;        /* a function over neighbouring rows was bound */
    st_kstep *step;      /* of the operator at hand; NULL: nobody asked for the plan */
    st_str label;        /* the let that the table bound last is; empty: none */
    unsigned label_line;
    struct st_kgpattern *graph;    /* a pattern is being bound */
    const struct st_kscope *scope; /* names that aren't columns; NULL: none */
    const st_kql_query
        *piped;     /* the query whose operators are being bound; NULL: one without a source */
    st_str subject; /* the node of patterns that the rule is about; empty: not said */
} st_kbinder;

/* What names mean that aren't columns, where b->row is `row`: elements of a pattern, steps of a
 * scan. Each gives NULL if e is something else. */
typedef st_kx *st_kb_scoped(st_kbinder *b, const st_kql_expr *e);
typedef struct st_kscope {
    const st_kschema *row;
    st_kb_scoped *name, *member, *call; /* n; n.x; f(...): may be NULL */
} st_kscope;

void st_kb_error(st_kbinder *b, st_span at, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void st_kb_warn(st_kbinder *b, st_span at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* May rows be read already, to know the columns or a constant? If not, counts as failed. */
bool st_kb_may_run(st_kbinder *b);
/* bind_warn.c: a filter on a column that is never filled; on ActionTypes (constants behind
 * args[0]) that no event has; a table that is empty, or nearly. */
void st_kb_warn_column(st_kbinder *b, st_span at, st_str name, st_kt type);
void st_kb_warn_actions(st_kbinder *b, st_span at, st_kx *const *args, size_t n, bool fold);
void st_kb_warn_table(st_kbinder *b, st_span at, const st_ktable *t);
/* Never NULL but for no memory: what can't be bound has type UNKNOWN. */
st_kx *st_kb_expr(st_kbinder *b, const st_kql_expr *e);
/* A condition: bool, or an error. */
st_kx *st_kb_condition(st_kbinder *b, const st_kql_expr *e);
/* A constant of a type; false and an error if it isn't. */
bool st_kb_constant(st_kbinder *b, const st_kql_expr *e, st_kv *out, st_kt *type);
/* The name a column of this expression gets by itself; empty if none. */
st_str st_kb_name(st_kbinder *b, const st_kql_expr *e);
st_klet *st_kb_let(st_kbinder *b, st_str name);
size_t st_kb_column(const st_kschema *s, st_str name); /* SIZE_MAX: none */
void st_kb_no_column(st_kbinder *b, st_span at, st_str name);
/* A let whose value couldn't be understood, which was told. */
bool st_kb_unread(const st_klet *l);
bool st_kb_tabular(st_kbinder *b, const st_kql_expr *e);
st_kop *st_kb_table(st_kbinder *b, const st_kql_expr *e);
st_kop *st_kb_query(st_kbinder *b, const st_kql_query *q);
/* The operators of a subquery without a source, over in. ordered: in's order is meant. */
st_kop *st_kb_body(st_kbinder *b, st_kop *in, const st_kql_query *q, bool ordered);
st_kop *st_kb_call_table(st_kbinder *b, const st_kql_expr *e);
/* Enters a function: b->env holds its parameters and lets, *last the statement that is its
 * value. The caller puts b->env back. */
bool st_kb_open_call(st_kbinder *b, const st_klet *l, const st_kql_expr *e,
                     const st_kql_stmt **last);
/* Adds a call whose value is one column of the group's table; its place among the calls. */
size_t st_kb_add_call(st_kbinder *b, const st_kaggcall *c);
st_kx *st_kb_const(st_kbinder *b, st_kt type, st_kv v);
st_kx *st_kb_call(st_kbinder *b, st_kcode *code, st_kt type, st_kx **args, size_t n);
bool st_kb_statements(st_kbinder *b, const st_kql_stmt *s, const st_kql_stmt **last);
st_kt st_kb_type(st_kql_type t); /* decimal is real */
/* Adds a name to a list; false: it is there already, or no memory. */
bool st_kb_note(st_kbinder *b, st_kneed **list, st_str name);
/* The query needs name; said once, and with --stub-services that it is taken as empty. */
void st_kb_need(st_kbinder *b, st_span at, st_str name);
/* The column AdditionalFields, which is text and which published queries take apart as it is, read
 * as JSON; any other x itself. NULL: no memory. */
st_kx *st_kb_as_json(st_kbinder *b, st_kx *x);
/* A service's table, without rows. */
st_kop *st_kb_service_table(st_kbinder *b, st_span at, const st_kservice *s, st_str name);
/* in's rows with the service's columns, never filled. */
st_kop *st_kb_service_enrich(st_kbinder *b, st_kop *in, st_span at, const st_kservice *s);
st_str st_kb_needs_text(st_krun *r, const st_kneed *needs); /* "A, B and C" */
/* Is e the name of a column that a service's table may have, though no list knows it? */
bool st_kb_loose_name(st_kbinder *b, const st_kql_expr *e);
st_kt st_kb_loose_type(st_str name);
/* x, the value of e, as a column of its own: what no list knows is text there. */
st_kx *st_kb_settled(st_kbinder *b, const st_kql_expr *e, st_kx *x);
/* op_external.c */
st_kop *st_kb_externaldata(st_kbinder *b, const st_kql_op *q);
/* A string operator of the matcher's. */
typedef struct st_kb_strop {
    st_mop op;
    bool fold, negate;
} st_kb_strop;
/* args[0] op constants, of n arguments. */
st_kx *st_kb_predicate(st_kbinder *b, st_span at, st_kb_strop op, bool all, st_kx **args, size_t n);
/* A side of `and` or `or`. */
st_kx *st_kb_logic_side(st_kbinder *b, const st_kql_expr *e);
/* bind_logic.c: a chain of `and` or of `or`; n conditions joined by code (false without any). */
st_kx *st_kb_logic(st_kbinder *b, const st_kql_expr *e);
st_kx *st_kb_joined(st_kbinder *b, st_kx **x, size_t n, st_kcode *code);
/* bind_tuple.c: functions that give several columns. Is e a call of one? */
bool st_kb_is_tuple(st_kbinder *b, const st_kql_expr *e);
/* How many; the name and type of column i. */
size_t st_kb_tuple_width(const st_kql_expr *e);
st_kcol st_kb_tuple_column(st_kbinder *b, const st_kql_expr *e, size_t i);
/* Its value: an array of the columns' values; and column i of such a value. */
st_kx *st_kb_tuple(st_kbinder *b, const st_kql_expr *e);
st_kx *st_kb_tuple_value(st_kbinder *b, const st_kql_expr *e, st_kx *tuple, size_t i);
/* explain.c. All do nothing unless the plan will be shown (r->explain). A step for an operator
 * at `at`, over in's rows, which are what the binder's label says. */
st_kstep *st_kb_step(st_kbinder *b, st_span at, st_kop *in);
void st_kb_step_side(st_kbinder *b, st_kop *op);
void st_kb_step_matched(st_kbinder *b, st_span at);
void st_kb_step_note(st_kbinder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void st_kb_step_value(st_kbinder *b, const st_klet *l);
void st_kb_label(st_kbinder *b, const st_klet *l); /* NULL: none */
/* bind_plugin.c: evaluate */
st_kop *st_kb_evaluate(st_kbinder *b, st_kop *in, const st_kql_op *q);

/* The value of an option (kind=inner), NULL if it wasn't given. */
const st_kql_expr *st_kb_opt(const st_kql_op *q, const char *name);

/* A call of a function over neighbouring rows. */
st_kx *st_kb_window(st_kbinder *b, const st_kql_expr *e, const st_kwindow *w);

/* Operators that bind themselves, each in its own file. */
typedef st_kop *st_kb_op(st_kbinder *b, st_kop *in, const st_kql_op *q);
st_kb_op st_kb_op_parse, st_kb_op_search, st_kb_op_find, st_kb_op_invoke, st_kb_op_partition,
    st_kb_op_parse_kv, st_kb_op_top_nested, st_kb_op_make_series;
st_kb_op st_kb_op_fork, st_kb_op_facet, st_kb_op_top_hitters, st_kb_op_consume, st_kb_op_scan;
/* op_lineage.c: is it ancestors() or descendants()? And its table. */
bool st_kb_is_lineage(const st_kql_expr *e);
st_kop *st_kb_lineage(st_kbinder *b, const st_kql_expr *e);
/* op_top_hitters.c: a row for each value of key, with how often it is there; or, if what isn't
 * NULL, with the sum of that. The column is called PREFIX and the key's name. */
st_kop *st_kb_count_by(st_kbinder *b, st_kop *in, const st_kql_expr *key, const char *prefix,
                       const st_kql_expr *what, st_str *column);
/* bind.c's, for operators that are made of them. */
st_kb_op st_kb_op_union, st_kb_op_project;

/* What search and find have in common: the tables' rows (or in's), behind a column that says
 * which table; kind is union's. And their condition. */
st_kop *st_kb_search_rows(st_kbinder *b, st_kop *in, const st_kql_op *q, st_str column,
                          const char *kind);
st_kx *st_kb_search_condition(st_kbinder *b, const st_kop *rows, const st_kql_op *q, bool cased);

/* An expression over aggregates: x's columns are the calls' values. */
typedef struct st_kb_agg {
    st_str name, own; /* the author's (or p NULL); else what it gets by itself */
    st_kx *x;
    st_kaggcall *calls;
    size_t ncalls;
} st_kb_agg;
bool st_kb_aggregate(st_kbinder *b, const st_kql_expr *e, st_kb_agg *out);
/* A column to group by. */
bool st_kb_key(st_kbinder *b, const st_kql_expr *e, st_kcol *col, st_kx **x);
/* One row for each of n groups, a column for each call; group is by row, SIZE_MAX: in none. */
st_kbatch *st_kagg_run(st_krun *r, const st_krows *rows, const size_t *group, size_t n,
                       const st_kaggcall *calls, size_t ncalls);
/* x for every row, in a. */
const st_kv *st_kb_row_values(st_krun *r, const st_krows *rows, st_kx *x, st_arena *a);

#endif
