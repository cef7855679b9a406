/*
 * ast.h - what a KQL text says, before anybody knows what its names mean.
 *
 * The parser builds these from an arena; nothing is freed singly. Every node has the span of
 * its text. Lists are arrays of pointers. A syntax error leaves a diagnostic; the operator it is
 * in becomes ST_KP_UNREAD, a statement's value that is no pipeline ST_KX_ERROR. All else is fit
 * for binding, so that names and types are checked in the rest of a text with a mistake.
 *
 * Names are text without brackets or quotes. Whether a name is a column, a let, or a table is
 * the binder's to decide; likewise whether an expression is scalar or tabular: `T`, `f(x)` and
 * `(T)` are plain expressions wherever a table may stand. Only what can't be a scalar (a pipe,
 * datatable, range, print, union ...) is an ST_KX_QUERY.
 */
#ifndef SHELLTREE_KQL_AST_H
#define SHELLTREE_KQL_AST_H

#include "rules/kql/diag.h"

typedef struct st_kql_expr st_kql_expr;
typedef struct st_kql_query st_kql_query;
typedef struct st_kql_op st_kql_op;
typedef struct st_kql_stmt st_kql_stmt;

typedef enum st_kql_type {
    ST_KT_BOOL,
    ST_KT_DATETIME, /* 100 ns since 0001-01-01 UTC, in i */
    ST_KT_DECIMAL,  /* as real */
    ST_KT_DYNAMIC,
    ST_KT_GUID,
    ST_KT_INT,
    ST_KT_LONG,
    ST_KT_REAL,
    ST_KT_STRING,
    ST_KT_TIMESPAN, /* 100 ns, in i */
    ST_KT_UNKNOWN   /* not a type */
} st_kql_type;
const char *st_kql_type_name(st_kql_type t);
/* Kusto's names and aliases (date, time, double, uuid, uniqueid, boolean ...); else UNKNOWN. */
st_kql_type st_kql_type_of(st_str name);

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

typedef struct st_kql_json st_kql_json;

typedef struct st_kql_value {
    st_kql_type type;
    bool null;   /* long(null) ... */
    bool now;    /* datetime(): i isn't set */
    bool today;  /* datetime(8:00): i is the time of the day that now is in */
    bool hidden; /* h"...": never echo */
    int64_t i;   /* bool 0/1, int, long, datetime, timespan */
    double real; /* real, decimal */
    st_str str;  /* string, unescaped; may hold NUL */
    st_guid guid;
    const st_kql_json *json; /* dynamic; NULL with null */
} st_kql_value;

struct st_kql_json {
    st_json_kind kind;
    st_kql_value value;
    const st_kql_json **items;
    const st_str *names;
    size_t n;
};

/* expressions */

typedef enum st_kql_expr_kind {
    ST_KX_ERROR,   /* what couldn't be read; told already */
    ST_KX_LITERAL, /* value */
    ST_KX_NAME,    /* name: x, ['any text'], $left, $table */
    ST_KX_STAR,    /* *  */
    ST_KX_PATTERN, /* name: Device*Events, only where wildcards may stand */
    ST_KX_MEMBER,  /* member: base.name */
    ST_KX_INDEX,   /* index: base[index] (a["b"] too) */
    ST_KX_CALL,    /* call: name(args); args may be ST_KX_NAMED, ST_KX_STAR, ST_KX_QUERY.
                      base is NULL, or the value before a dot: database("x").f(1) */
    ST_KX_UNARY,   /* unary: + or - */
    ST_KX_BINARY,  /* binary: arithmetic, comparison, string operators, and, or */
    ST_KX_IN,      /* in: left op (items): in, !in, in~, !in~, has_any, has_all. One item that is
                      a query or table name makes a tabular right side */
    ST_KX_BETWEEN, /* between: left between (low .. high), or negated */
    ST_KX_NAMED,   /* named: x = value, (a, b) = value */
    ST_KX_TYPEOF,  /* schema: typeof(long), typeof(a:long, b:string) */
    ST_KX_QUERY,   /* query: a pipeline in parentheses or as an argument */
    ST_KX_LAMBDA   /* lambda: (params) { body }; only as the value of a let, or view () {...} */
} st_kql_expr_kind;

/* The unary and binary operators. The string operators stand in pairs: op, !op. */
typedef enum st_kql_operator {
    ST_KO_OR,
    ST_KO_AND,
    ST_KO_ADD,
    ST_KO_SUB,
    ST_KO_MUL,
    ST_KO_DIV,
    ST_KO_MOD,
    ST_KO_LT,
    ST_KO_LE,
    ST_KO_GT,
    ST_KO_GE,
    ST_KO_EQ,
    ST_KO_NE, /* ==, != and <> */
    ST_KO_EQI,
    ST_KO_NEI, /* =~, !~ */
    ST_KO_HAS,
    ST_KO_NOT_HAS,
    ST_KO_HAS_CS,
    ST_KO_NOT_HAS_CS,
    ST_KO_HASPREFIX,
    ST_KO_NOT_HASPREFIX,
    ST_KO_HASPREFIX_CS,
    ST_KO_NOT_HASPREFIX_CS,
    ST_KO_HASSUFFIX,
    ST_KO_NOT_HASSUFFIX,
    ST_KO_HASSUFFIX_CS,
    ST_KO_NOT_HASSUFFIX_CS,
    ST_KO_CONTAINS,
    ST_KO_NOT_CONTAINS,
    ST_KO_CONTAINS_CS,
    ST_KO_NOT_CONTAINS_CS,
    ST_KO_STARTSWITH,
    ST_KO_NOT_STARTSWITH,
    ST_KO_STARTSWITH_CS,
    ST_KO_NOT_STARTSWITH_CS,
    ST_KO_ENDSWITH,
    ST_KO_NOT_ENDSWITH,
    ST_KO_ENDSWITH_CS,
    ST_KO_NOT_ENDSWITH_CS,
    ST_KO_MATCHES_REGEX,
    ST_KO_COLON,  /* search and find: has */
    ST_KO_ASSIGN, /* `=` where a condition stands: always an error, the binder's to explain */
    ST_KO_IN,
    ST_KO_NOT_IN,
    ST_KO_IN_I,
    ST_KO_NOT_IN_I,
    ST_KO_HAS_ANY,
    ST_KO_HAS_ALL,
    ST_KO_COUNT
} st_kql_operator;
const char *st_kql_operator_text(st_kql_operator op); /* as written: "!has_cs" */

/* a:long; in typeof(long) the name is empty. */
typedef struct st_kql_column {
    st_kql_name name;
    st_kql_type type;
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
    st_kql_type type;         /* scalar */
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
    ST_KP_TABLE,        /* expr: a name, pattern, call or parenthesised query */
    ST_KP_DATATABLE,    /* data: schema, cells */
    ST_KP_PRINT,        /* exprs */
    ST_KP_RANGE,        /* range: x from a to b step s */
    ST_KP_EXTERNALDATA, /* data: schema, cells = the URIs; params = with (...) */
    ST_KP_UNION,        /* exprs: tables, patterns, parenthesised queries */
    ST_KP_SEARCH,       /* search: tables of in (...), pred */
    ST_KP_FIND,         /* search: tables, pred, project */
    /* operators */
    ST_KP_WHERE, /* expr */
    ST_KP_PROJECT,
    ST_KP_EXTEND,
    ST_KP_DISTINCT,
    ST_KP_SERIALIZE, /* exprs */
    ST_KP_PROJECT_AWAY,
    ST_KP_PROJECT_KEEP,    /* exprs: names, patterns */
    ST_KP_PROJECT_RENAME,  /* exprs: ST_KX_NAMED */
    ST_KP_PROJECT_REORDER, /* keys */
    ST_KP_SUMMARIZE,       /* group: exprs, by, has_by */
    ST_KP_ORDER,           /* keys */
    ST_KP_TOP,             /* top: count, keys (always one) */
    ST_KP_TAKE,
    ST_KP_SAMPLE,          /* top: count */
    ST_KP_SAMPLE_DISTINCT, /* top: count, of */
    ST_KP_COUNT,           /* name: `count as N`, else empty */
    ST_KP_JOIN,
    ST_KP_LOOKUP,    /* join: right, on; params kind, hint... */
    ST_KP_MV_EXPAND, /* expand: items, limit */
    ST_KP_MV_APPLY,  /* expand: items, limit, body */
    ST_KP_EVALUATE,  /* evaluate: call, schema (columns NULL and !open: none) */
    ST_KP_PARSE,
    ST_KP_PARSE_WHERE, /* parse: expr, parts; params kind, flags */
    ST_KP_PARSE_KV,    /* evaluate: call = the expression, schema; params of with (...) */
    ST_KP_MAKE_SERIES, /* series */
    ST_KP_TOP_NESTED,  /* nested: levels */
    ST_KP_PARTITION,   /* partition: by, body */
    ST_KP_RENDER,      /* name: the kind of chart; params of with (...) */
    ST_KP_AS,          /* name */
    ST_KP_GETSCHEMA,
    ST_KP_CONSUME,
    ST_KP_INVOKE,      /* expr: a call */
    ST_KP_FORK,        /* fork */
    ST_KP_FACET,       /* facet */
    ST_KP_TOP_HITTERS, /* hitters */
    ST_KP_SCAN,        /* scan */
    ST_KP_MAKE_GRAPH,  /* graph */
    ST_KP_GRAPH_MATCH,
    ST_KP_GRAPH_SHORTEST_PATHS,  /* match */
    ST_KP_GRAPH_TO_TABLE,        /* to_table */
    ST_KP_GRAPH_MARK_COMPONENTS, /* mark */
    ST_KP_UNREAD,     /* was: one with a mistake in it; only if st_kql_parse returned false */
    ST_KP_UNSUPPORTED /* name: an operator that is Kusto's but not ours (reduce ...) */
} st_kql_op_kind;
/* "project-away" ...; for ST_KP_TABLE "table". */
const char *st_kql_op_name(st_kql_op_kind k);
/* May the word stand behind a pipe, as an operator? */
bool st_kql_is_operator(st_str word);

/* kind=inner, hint.strategy=shuffle, isfuzzy=true, withsource=N, with (a=b). A bare word is an
 * ST_KX_NAME. */
typedef struct st_kql_opt {
    st_kql_name name; /* "hint.strategy" is one name */
    st_kql_expr *value;
} st_kql_opt;

typedef struct st_kql_key {
    st_kql_expr *expr; /* may be ST_KX_NAMED; in project-reorder ST_KX_PATTERN, ST_KX_STAR */
    bool asc, desc;    /* as written; neither: the default */
    bool nulls_first, nulls_last;
    bool granny; /* granny-asc, granny-desc */
} st_kql_key;

typedef struct st_kql_expand_item {
    st_kql_expr *expr; /* may be ST_KX_NAMED */
    st_kql_type to;    /* to typeof(T); ST_KT_UNKNOWN: none */
} st_kql_expand_item;

typedef enum st_kql_part_kind {
    ST_KPART_TEXT, /* value: a string literal */
    ST_KPART_STAR,
    ST_KPART_COLUMN /* column; type ST_KT_STRING if none was written */
} st_kql_part_kind;
typedef struct st_kql_part {
    st_kql_part_kind kind;
    st_span span;
    st_str text;
    st_kql_column column;
} st_kql_part;

typedef struct st_kql_series_item {
    st_kql_expr *expr;  /* may be ST_KX_NAMED */
    st_kql_expr *value; /* default=..., or NULL */
} st_kql_series_item;

typedef struct st_kql_level {
    st_kql_expr *count;  /* NULL: all */
    st_kql_expr *of;     /* may be ST_KX_NAMED */
    st_kql_expr *others; /* with others = ...; or NULL */
    st_kql_key by;
} st_kql_level;

/* (n), ()  -[e]->  <-[e*1..5]-  --  in a graph's pattern. */
typedef enum st_kql_direction { ST_KDIR_RIGHT, ST_KDIR_LEFT, ST_KDIR_ANY } st_kql_direction;
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
typedef enum st_kql_output { ST_KOUT_ALL, ST_KOUT_LAST, ST_KOUT_NONE } st_kql_output;
typedef struct st_kql_scan_step {
    st_kql_name name;
    st_kql_output output;
    st_kql_expr *condition;
    st_kql_list assigned; /* ST_KX_NAMED */
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
        st_kql_op_kind was; /* ST_KP_UNREAD if its word is unknown */
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
    ST_KS_LET,     /* name, value (an expression, query or lambda) */
    ST_KS_SET,     /* name, value or NULL */
    ST_KS_DECLARE, /* declare query_parameters: params */
    ST_KS_QUERY,   /* value: the result; in a function's body maybe scalar. ST_KX_QUERY if it
                      can only be tabular */
    ST_KS_OTHER    /* name: alias, restrict, pattern: refused by the binder */
} st_kql_stmt_kind;

struct st_kql_stmt {
    st_kql_stmt_kind kind;
    st_span span;
    st_kql_name name;
    st_kql_expr *value;
    st_kql_param *params;
    size_t nparams;
    st_kql_stmt *next;
};

/* A whole text. At least one ST_KS_QUERY if it was read without error. */
typedef struct st_kql_script {
    st_str text; /* what the spans are about; must outlive the tree */
    st_kql_stmt *first;
    st_str subject; /* the node of graph patterns that the rule is about, as its header says; or
                       empty */
} st_kql_script;

/* Reads text. false: there were errors (all in d), or no memory (a->failed; nothing is in out). */
bool st_kql_parse(st_arena *a, st_str text, st_kql_diags *d, st_kql_script *out);

/* texts of values, for literals and for conversions at run time */

/* All literal forms of datetime(...), blanks trimmed: ISO with or without zone, RFC 822 and
 * 850, month/day/year with or without a time. Gives 100 ns since 0001-01-01 UTC. */
bool st_kql_datetime_text(st_str s, int64_t *out);
/* "8:00:00 AM", "17:30", "5 PM": a time of any day, in 100 ns. */
bool st_kql_clock_text(st_str s, int64_t *out);
/* "1.02:03:04.5", "02:03", "15 seconds", "2d"; a bare number is days. */
bool st_kql_timespan_text(st_str s, int64_t *out);
#define ST_KQL_TICKS_1601 INT64_C(504911232000000000) /* st_ticks + this = datetime */

/* The tree as an s-expression, for tests and for debugging. */
void st_kql_print(st_buf *b, const st_kql_script *s);

#endif
