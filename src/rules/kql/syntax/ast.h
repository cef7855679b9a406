/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast.h - what a KQL text says, before anybody knows what its names mean.
 *
 * The parser builds these from an arena; nothing is freed singly. Every node has the span of
 * its text. Lists are arrays of pointers. A syntax error leaves a diagnostic; the operator it is
 * in becomes ST_KQL_PIPE_UNREAD, a statement's value that is no pipeline ST_KQL_ERROR. All else is
 * fit for binding, so that names and types are checked in the rest of a text with a mistake.
 *
 * Names are text without brackets or quotes. Whether a name is a column, a let, or a table is
 * the binder's to decide; likewise whether an expression is scalar or tabular: `T`, `f(x)` and
 * `(T)` are plain expressions wherever a table may stand. Only what can't be a scalar (a pipe,
 * datatable, range, print, union ...) is an ST_KQL_QUERY.
 */
#ifndef ST_RULES_KQL_SYNTAX_AST_H
#define ST_RULES_KQL_SYNTAX_AST_H

#include "rules/engine/value/type.h"
#include "rules/text/diag.h"

typedef struct st_kql_expr st_kql_expr;
typedef struct st_kql_query st_kql_query;
typedef struct st_kql_op st_kql_op;
typedef struct st_kql_stmt st_kql_stmt;

typedef struct st_kql_name {
    st_str text;
    st_span span;
} st_kql_name;

typedef struct st_kql_list {
    st_kql_expr **items;
    size_t n;
} st_kql_list;

/* literals */

typedef enum st_json_kind {
    ST_JSON_NULL,
    ST_JSON_VALUE, /* a scalar: value (string, long, real, bool, datetime, timespan, guid) */
    ST_JSON_ARRAY, /* items, n */
    ST_JSON_BAG    /* items, names, n; a repeated name stays twice: the last one counts */
} st_json_kind;

typedef struct st_json_literal st_json_literal;

typedef struct st_kql_value {
    st_type type;
    bool null;   /* long(null) ... */
    bool now;    /* datetime(): i isn't set */
    bool today;  /* datetime(8:00): i is the time of the day that now is in */
    bool hidden; /* h"...": never echo */
    int64_t i;   /* bool 0/1, int, long, datetime, timespan */
    double real; /* real, decimal */
    st_str str;  /* string, unescaped; may hold NUL */
    st_guid guid;
    const st_json_literal *json; /* dynamic; NULL with null */
} st_kql_value;

struct st_json_literal {
    st_json_kind kind;
    st_kql_value value;
    const st_json_literal **items;
    const st_str *names;
    size_t n;
};

/* expressions */

typedef enum st_kql_expr_kind {
    ST_KQL_ERROR,   /* what couldn't be read; told already */
    ST_KQL_LITERAL, /* value */
    ST_KQL_NAME,    /* name: x, ['any text'], $left, $table */
    ST_KQL_STAR,    /* *  */
    ST_KQL_PATTERN, /* name: Device*Events, only where wildcards may stand */
    ST_KQL_MEMBER,  /* member: base.name */
    ST_KQL_INDEX,   /* index: base[index] (a["b"] too) */
    ST_KQL_CALL,    /* call: name(args); args may be ST_KQL_NAMED, ST_KQL_STAR, ST_KQL_QUERY.
                      base is NULL, or the value before a dot: database("x").f(1) */
    ST_KQL_UNARY,   /* unary: + or - */
    ST_KQL_BINARY,  /* binary: arithmetic, comparison, string operators, and, or */
    ST_KQL_IN,      /* in: left op (items): in, !in, in~, !in~, has_any, has_all. One item that is
                      a query or table name makes a tabular right side */
    ST_KQL_BETWEEN, /* between: left between (low .. high), or negated */
    ST_KQL_NAMED,   /* named: x = value, (a, b) = value */
    ST_KQL_TYPEOF,  /* schema: typeof(long), typeof(a:long, b:string) */
    ST_KQL_QUERY,   /* query: a pipeline in parentheses or as an argument */
    ST_KQL_LAMBDA   /* lambda: (params) { body }; only as the value of a let, or view () {...} */
} st_kql_expr_kind;

/* The unary and binary operators. The string operators stand in pairs: op, !op. */
typedef enum st_kql_operator {
    ST_KQL_OP_OR,
    ST_KQL_OP_AND,
    ST_KQL_OP_ADD,
    ST_KQL_OP_SUB,
    ST_KQL_OP_MUL,
    ST_KQL_OP_DIV,
    ST_KQL_OP_MOD,
    ST_KQL_OP_LT,
    ST_KQL_OP_LE,
    ST_KQL_OP_GT,
    ST_KQL_OP_GE,
    ST_KQL_OP_EQ,
    ST_KQL_OP_NE, /* ==, != and <> */
    ST_KQL_OP_EQI,
    ST_KQL_OP_NEI, /* =~, !~ */
    ST_KQL_OP_HAS,
    ST_KQL_OP_NOT_HAS,
    ST_KQL_OP_HAS_CS,
    ST_KQL_OP_NOT_HAS_CS,
    ST_KQL_OP_HASPREFIX,
    ST_KQL_OP_NOT_HASPREFIX,
    ST_KQL_OP_HASPREFIX_CS,
    ST_KQL_OP_NOT_HASPREFIX_CS,
    ST_KQL_OP_HASSUFFIX,
    ST_KQL_OP_NOT_HASSUFFIX,
    ST_KQL_OP_HASSUFFIX_CS,
    ST_KQL_OP_NOT_HASSUFFIX_CS,
    ST_KQL_OP_CONTAINS,
    ST_KQL_OP_NOT_CONTAINS,
    ST_KQL_OP_CONTAINS_CS,
    ST_KQL_OP_NOT_CONTAINS_CS,
    ST_KQL_OP_STARTSWITH,
    ST_KQL_OP_NOT_STARTSWITH,
    ST_KQL_OP_STARTSWITH_CS,
    ST_KQL_OP_NOT_STARTSWITH_CS,
    ST_KQL_OP_ENDSWITH,
    ST_KQL_OP_NOT_ENDSWITH,
    ST_KQL_OP_ENDSWITH_CS,
    ST_KQL_OP_NOT_ENDSWITH_CS,
    ST_KQL_OP_MATCHES_REGEX,
    ST_KQL_OP_COLON,  /* search and find: has */
    ST_KQL_OP_ASSIGN, /* `=` where a condition stands: always an error, the binder's to explain */
    ST_KQL_OP_IN,
    ST_KQL_OP_NOT_IN,
    ST_KQL_OP_IN_I,
    ST_KQL_OP_NOT_IN_I,
    ST_KQL_OP_HAS_ANY,
    ST_KQL_OP_HAS_ALL,
    ST_KQL_OP_COUNT
} st_kql_operator;
const char *st_kql_operator_text(st_kql_operator op); /* as written: "!has_cs" */

/* a:long; in typeof(long) the name is empty. */
typedef struct st_kql_column {
    st_kql_name name;
    st_type type;
    st_span type_span;
} st_kql_column;

typedef struct st_kql_schema {
    st_kql_column *columns;
    size_t n;
    bool open; /* a `*` in it: and any others */
    st_span span;
} st_kql_schema;

typedef struct st_kql_param {
    st_kql_name name;
    bool tabular;
    st_type type;             /* scalar */
    st_kql_schema schema;     /* tabular */
    const st_kql_expr *value; /* default, or NULL */
} st_kql_param;

struct st_kql_expr {
    st_kql_expr_kind kind;
    st_span span;
    bool parens; /* it stood in parentheses of its own (span is without them) */
    uint32_t
        height; /* of the tree below, at most ST_MAX_KQL_HEIGHT: so recursion over it is bounded */
    union {
        st_kql_value value;
        st_str name;
        struct {
            st_kql_expr *base;
            st_kql_name name;
        } member;
        struct {
            st_kql_expr *base, *index;
        } index;
        struct {
            st_kql_expr *base;
            st_kql_name name;
            st_kql_list args;
        } call;
        struct {
            st_kql_operator op;
            st_kql_expr *operand;
        } unary;
        struct {
            st_kql_operator op;
            st_span op_span;
            st_kql_expr *left, *right;
        } binary;
        struct {
            st_kql_operator op;
            st_span op_span;
            st_kql_expr *left;
            st_kql_list items;
        } in;
        struct {
            bool negated;
            st_kql_expr *left, *low, *high;
        } between;
        struct {
            st_kql_name *names;
            size_t nnames;
            st_kql_expr *value;
        } named;
        st_kql_schema schema;
        st_kql_query *query;
        struct {
            st_kql_param *params;
            size_t nparams;
            st_kql_stmt *body;
            bool view;
        } lambda;
    } u;
};

/* queries: a source and the operators behind it */

typedef enum st_kql_op_kind {
    /* sources, first in a pipeline (union, search, find in the middle too) */
    ST_KQL_PIPE_TABLE,        /* expr: a name, pattern, call or parenthesised query */
    ST_KQL_PIPE_DATATABLE,    /* data: schema, cells */
    ST_KQL_PIPE_PRINT,        /* exprs */
    ST_KQL_PIPE_RANGE,        /* range: x from a to b step s */
    ST_KQL_PIPE_EXTERNALDATA, /* data: schema, cells = the URIs; params = with (...) */
    ST_KQL_PIPE_UNION,        /* exprs: tables, patterns, parenthesised queries */
    ST_KQL_PIPE_SEARCH,       /* search: tables of in (...), pred */
    ST_KQL_PIPE_FIND,         /* search: tables, pred, project */
    /* operators */
    ST_KQL_PIPE_WHERE, /* expr */
    ST_KQL_PIPE_PROJECT,
    ST_KQL_PIPE_EXTEND,
    ST_KQL_PIPE_DISTINCT,
    ST_KQL_PIPE_SERIALIZE, /* exprs */
    ST_KQL_PIPE_PROJECT_AWAY,
    ST_KQL_PIPE_PROJECT_KEEP,    /* exprs: names, patterns */
    ST_KQL_PIPE_PROJECT_RENAME,  /* exprs: ST_KQL_NAMED */
    ST_KQL_PIPE_PROJECT_REORDER, /* keys */
    ST_KQL_PIPE_SUMMARIZE,       /* group: exprs, by, has_by */
    ST_KQL_PIPE_ORDER,           /* keys */
    ST_KQL_PIPE_TOP,             /* top: count, keys (always one) */
    ST_KQL_PIPE_TAKE,
    ST_KQL_PIPE_SAMPLE,          /* top: count */
    ST_KQL_PIPE_SAMPLE_DISTINCT, /* top: count, of */
    ST_KQL_PIPE_COUNT,           /* name: `count as N`, else empty */
    ST_KQL_PIPE_JOIN,
    ST_KQL_PIPE_LOOKUP,    /* join: right, on; params kind, hint... */
    ST_KQL_PIPE_MV_EXPAND, /* expand: items, limit */
    ST_KQL_PIPE_MV_APPLY,  /* expand: items, limit, body */
    ST_KQL_PIPE_EVALUATE,  /* evaluate: call, schema (columns NULL and !open: none) */
    ST_KQL_PIPE_PARSE,
    ST_KQL_PIPE_PARSE_WHERE, /* parse: expr, parts; params kind, flags */
    ST_KQL_PIPE_PARSE_KV,    /* evaluate: call = the expression, schema; params of with (...) */
    ST_KQL_PIPE_MAKE_SERIES, /* series */
    ST_KQL_PIPE_TOP_NESTED,  /* nested: levels */
    ST_KQL_PIPE_PARTITION,   /* partition: by, body */
    ST_KQL_PIPE_RENDER,      /* name: the kind of chart; params of with (...) */
    ST_KQL_PIPE_AS,          /* name */
    ST_KQL_PIPE_GETSCHEMA,
    ST_KQL_PIPE_CONSUME,
    ST_KQL_PIPE_INVOKE,      /* expr: a call */
    ST_KQL_PIPE_FORK,        /* fork */
    ST_KQL_PIPE_FACET,       /* facet */
    ST_KQL_PIPE_TOP_HITTERS, /* hitters */
    ST_KQL_PIPE_SCAN,        /* scan */
    ST_KQL_PIPE_MAKE_GRAPH,  /* graph */
    ST_KQL_PIPE_GRAPH_MATCH,
    ST_KQL_PIPE_GRAPH_SHORTEST_PATHS,  /* match */
    ST_KQL_PIPE_GRAPH_TO_TABLE,        /* to_table */
    ST_KQL_PIPE_GRAPH_MARK_COMPONENTS, /* mark */
    ST_KQL_PIPE_UNREAD,     /* was: one with a mistake in it; only if st_kql_parse returned false */
    ST_KQL_PIPE_UNSUPPORTED /* name: an operator that is Kusto's but not ours (reduce ...) */
} st_kql_op_kind;
/* "project-away" ...; for ST_KQL_PIPE_TABLE "table". */
const char *st_kql_op_name(st_kql_op_kind k);
/* May the word stand behind a pipe, as an operator? */
bool st_kql_is_operator(st_str word);

/* kind=inner, hint.strategy=shuffle, isfuzzy=true, withsource=N, with (a=b). A bare word is an
 * ST_KQL_NAME. */
typedef struct st_kql_opt {
    st_kql_name name; /* "hint.strategy" is one name */
    st_kql_expr *value;
} st_kql_opt;

typedef struct st_kql_key {
    st_kql_expr *expr; /* may be ST_KQL_NAMED; in project-reorder ST_KQL_PATTERN, ST_KQL_STAR */
    bool asc, desc;    /* as written; neither: the default */
    bool nulls_first, nulls_last;
    bool granny; /* granny-asc, granny-desc */
} st_kql_key;

typedef struct st_kql_expand_item {
    st_kql_expr *expr; /* may be ST_KQL_NAMED */
    st_type to;        /* to typeof(T); ST_TYPE_UNKNOWN: none */
} st_kql_expand_item;

typedef enum st_kql_part_kind {
    ST_KQL_PART_TEXT, /* value: a string literal */
    ST_KQL_PART_STAR,
    ST_KQL_PART_COLUMN /* column; type ST_TYPE_STRING if none was written */
} st_kql_part_kind;
typedef struct st_kql_part {
    st_kql_part_kind kind;
    st_span span;
    st_str text;
    st_kql_column column;
} st_kql_part;

typedef struct st_kql_series_item {
    st_kql_expr *expr;  /* may be ST_KQL_NAMED */
    st_kql_expr *value; /* default=..., or NULL */
} st_kql_series_item;

typedef struct st_kql_level {
    st_kql_expr *count;  /* NULL: all */
    st_kql_expr *of;     /* may be ST_KQL_NAMED */
    st_kql_expr *others; /* with others = ...; or NULL */
    st_kql_key by;
} st_kql_level;

/* (n), ()  -[e]->  <-[e*1..5]-  --  in a graph's pattern. */
typedef enum st_kql_direction {
    ST_KQL_DIR_RIGHT,
    ST_KQL_DIR_LEFT,
    ST_KQL_DIR_ANY
} st_kql_direction;
typedef struct st_kql_element {
    st_kql_name name; /* empty: anonymous */
    st_span span;
    st_kql_direction direction; /* of an edge */
    bool variable;              /* an edge of some length, min .. max */
    st_kql_expr *min, *max;
} st_kql_element;
/* node, edge, node, ... node */
typedef struct st_kql_sequence {
    st_kql_element *items;
    size_t n;
} st_kql_sequence;

/* nodes as N with_node_id=c; edges as E with_source_id=c with_target_id=d */
typedef struct st_kql_graph_table {
    bool edges;
    st_kql_name name, id, target_id; /* empty: not given */
} st_kql_graph_table;

/* step s1 output=last: condition => a = x, b = y */
typedef enum st_kql_output { ST_KQL_OUT_ALL, ST_KQL_OUT_LAST, ST_KQL_OUT_NONE } st_kql_output;
typedef struct st_kql_scan_step {
    st_kql_name name;
    st_kql_output output;
    st_kql_expr *condition;
    st_kql_list assigned; /* ST_KQL_NAMED */
} st_kql_scan_step;

struct st_kql_op {
    st_kql_op_kind kind;
    st_span span;
    st_span word; /* the operator's own word, for "summarize in line 3" */
    st_kql_opt *opts;
    size_t nopts;
    st_kql_op *next; /* behind the pipe */
    union {
        st_kql_expr *expr;
        st_kql_list exprs;
        st_kql_name name;
        st_kql_op_kind was; /* ST_KQL_PIPE_UNREAD if its word is unknown */
        struct {
            st_kql_schema schema;
            st_kql_list cells;
        } data;
        struct {
            st_kql_name name;
            st_kql_expr *from, *to, *step;
        } range;
        /* project: a plain list; the types of a:long there are read and dropped */
        struct {
            st_kql_list tables;
            st_kql_expr *pred;
            st_kql_list project;
            bool has_project;
        } search;
        struct {
            st_kql_list exprs, by;
            bool has_by;
        } group;
        struct {
            st_kql_key *keys;
            size_t n;
        } keys;
        struct {
            st_kql_expr *count, *of;
            st_kql_key *keys;
            size_t n;
        } top;
        struct {
            st_kql_expr *right;
            st_kql_list on;
        } join;
        struct {
            st_kql_expand_item *items;
            size_t n;
            st_kql_expr *limit;
            st_kql_query *body;
        } expand;
        struct {
            st_kql_expr *call;
            st_kql_schema schema;
        } evaluate;
        struct {
            st_kql_expr *expr;
            st_kql_part *parts;
            size_t n;
        } parse;
        struct {
            st_kql_series_item *items;
            size_t n;
            st_kql_expr *on, *from, *to, *step;
            st_kql_list by;
            bool closed;
        } series;
        struct {
            st_kql_level *levels;
            size_t n;
        } nested;
        struct {
            st_kql_expr *by;
            st_kql_query *body;
        } partition;
        struct {
            st_kql_name *names;
            st_kql_query **bodies;
            size_t n;
        } fork; /* names may be empty */
        struct {
            st_kql_list by;
            st_kql_query *body;
        } facet; /* body: NULL if none */
        struct {
            st_kql_expr *count, *of, *by;
        } hitters; /* by: NULL if none */
        struct {
            st_kql_name match_id;
            st_kql_param *declared;
            size_t ndeclared;
            st_kql_scan_step *steps;
            size_t n;
        } scan;
        /* nodes[i] with ids[i]; node_id, by: empty if not given */
        struct {
            st_kql_name source, target;
            st_kql_expr *nodes[2];
            st_kql_name ids[2];
            size_t n;
            st_kql_name node_id, by;
            st_kql_query *body;
        } graph;
        /* option: the value of cycles= or output= */
        struct {
            st_kql_name option;
            st_kql_sequence *sequences;
            size_t n;
            st_kql_expr *where;
            st_kql_list project;
        } match;
        struct {
            st_kql_graph_table *tables;
            size_t n;
        } to_table;
        struct {
            st_kql_name kind, id;
        } mark;
    } u;
};

/* The body of mv-apply and of partition has no source: its first operator works on the rows
 * that are handed in. */
struct st_kql_query {
    st_span span;
    st_kql_op *first;
};

/* statements */

typedef enum st_kql_stmt_kind {
    ST_KQL_STMT_LET,     /* name, value (an expression, query or lambda) */
    ST_KQL_STMT_SET,     /* name, value or NULL */
    ST_KQL_STMT_DECLARE, /* declare query_parameters: params */
    ST_KQL_STMT_QUERY,   /* value: the result; in a function's body maybe scalar. ST_KQL_QUERY if it
                      can only be tabular */
    ST_KQL_STMT_OTHER    /* name: alias, restrict, pattern: refused by the binder */
} st_kql_stmt_kind;

struct st_kql_stmt {
    st_kql_stmt_kind kind;
    st_span span;
    st_kql_name name;
    st_kql_expr *value;
    st_kql_param *params;
    size_t nparams;
    bool fresh; /* a text of its own begins: nothing before it can be named in it */
    st_kql_stmt *next;
};

/* A whole text. At least one ST_KQL_STMT_QUERY if it was read without error. */
typedef struct st_kql_script {
    st_str text; /* what the spans are about; must outlive the tree */
    st_kql_stmt *first;
    st_str subject; /* the node of graph patterns that the rule is about, as its header says; or
                       empty */
    bool library;   /* it holds let statements only; said before it is parsed */
    bool wrong;     /* a statement couldn't be read */
} st_kql_script;

/* Reads text; out is empty but for what is said before. false: there were errors (all in d), or no
 * memory (a->failed; nothing is in out). */
bool st_kql_parse(st_arena *a, st_str text, st_diag_sink *d, st_kql_script *out);

#endif
