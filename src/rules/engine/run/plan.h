/*
 * plan.h - a bound query: typed expressions and a chain of operators over batches of rows.
 *
 * The binder (bind.c) turns a syntax tree into a plan; the evaluator (eval.c) runs
 * expressions over a batch; each operator (op_*.c) asks the one before it for batches and
 * passes them on. Tables, functions and aggregates are rows of tables, so the language
 * grows by adding rows.
 *
 * Lineage    each row of a batch carries what it stands for, or nothing: a node of the forest,
 *            or, numbered behind the nodes, another event of it, or behind those a host
 *            (st_lineage_*). A column of a table isn't read until something asks for it: it is
 *            computed from that number, at any stage, as long as rows keep it.
 * Ownership  a plan lives in its run's arena. A batch owns its vectors; whoever gets it
 *            frees it or passes it on.
 * Errors     sticky in the run (st_run.err); an operator that meets one ends its rows.
 */
#ifndef ST_RULES_ENGINE_RUN_PLAN_H
#define ST_RULES_ENGINE_RUN_PLAN_H

#include "rules/engine/value/value.h"
#include "rules/engine/match/match.h"
#include "shelltree/rules.h"

typedef struct st_run st_run;
typedef struct st_patterns st_patterns;
typedef struct st_expr st_expr;
typedef struct st_op st_op;
typedef struct st_batch st_batch;
typedef struct st_table_def st_table_def;

/* columns and batches */

/* A column of a table over the forest. */
typedef struct st_getter st_getter;
typedef st_val st_get_fn(st_run *r, st_node n, const st_getter *c);
struct st_getter {
    const char *name;
    st_type type;
    st_get_fn *get;
    int arg;
    int flags;
};
enum {
    ST_SRC_SERVER = 1,
    ST_SRC_NEVER = 2, /* Sysmon doesn't record it: always empty */
    ST_SRC_ACTOR = 4, /* of an event: get is asked about its process, if that was observed */
    ST_SRC_TARGET = 8 /* of an event: about the process it was done to, likewise */
};

typedef struct st_col {
    st_str name;
    st_type type;
} st_col;

typedef struct st_schema {
    st_col *v;
    size_t n;
    bool loose; /* of a service's table: names that it lacks are columns that are never filled */
    bool open;  /* behind a mistake: there may be others, and none is missed. Never run */
    /* The last operator that dropped columns, and what it kept; NULL: none did. For messages. */
    const struct st_kql_op *narrowed_by;
    const struct st_schema *narrowed_to;
} st_schema;

typedef struct st_slot {
    st_val *v;               /* NULL: not computed yet */
    const st_getter *source; /* how, from the row's node */
    st_node *node;           /* by row, if it isn't the batch's: a join's right side */
} st_slot;

enum { ST_BATCH_ROWS = 1024 };
struct st_batch {
    st_arena arena;
    size_t n, ncols;
    st_node *node;
    st_slot *cols;
};
/* n rows of ncols empty slots; NULL (and the run has failed) without memory. */
st_batch *st_batch_new(st_run *r, size_t n, size_t ncols);
void st_batch_free(st_batch *b);
/* What a row's number stands for: an event (NULL: it is none); the host, ST_NO_NODE for none; the
 * observed process, itself or the one that acted, ST_NO_NODE for none. */
const st_event *st_lineage_event(const st_run *r, st_node row);
uint32_t st_lineage_host(const st_run *r, st_node row);
st_node st_lineage_process(const st_run *r, st_node row);
/* The column's values, computed if need be; NULL without memory. */
const st_val *st_batch_col(st_run *r, st_batch *b, size_t i);
/* Keeps the rows whose keep is true. */
void st_batch_filter(st_batch *b, const bool *keep);

/* a run */

/* What all runs over one pool share: worth keeping from rule to rule. */
typedef struct st_shared {
    st_folds folds;
    st_sid *base; /* by id: its base name; ST_ABSENT: not yet asked */
    size_t base_n;
} st_shared;
void st_shared_init(st_shared *s, st_pool *pool);
void st_shared_free(st_shared *s);

/* Why a run was stopped. */
typedef enum st_stop { ST_STOP_ROWS, ST_STOP_MEMORY, ST_STOP_TIME } st_stop;

struct st_run {
    st_mem mem;
    const st_rule_settings *settings;
    st_query_limits limits;        /* in force */
    st_budget budget;              /* of the plan, of batches and of what operators hold */
    uint64_t pool_before;          /* bytes of the pool: what it grows by counts as well */
    uint64_t read;                 /* rows that the evidence gave */
    int64_t started;               /* ns of the monotonic clock; 0: not yet looked at */
    bool explain, measure;         /* the plan will be shown; operators count their time */
    struct st_shown_value *values; /* explain: the lets that are values */
    st_arena arena; /* mem.arena points here: the plan, and values too big for a cell */
    st_shared *shared;
    const st_forest *forest; /* NULL: none */
    int64_t now;
    bool trust_inferred;
    st_node *roots;        /* by node: the topmost known ancestor; filled as asked */
    st_patterns *patterns; /* that came with the rows; NULL: none yet */
    uint64_t random;       /* what rand() has come to; it begins with the query's text */
    bool ago_off;
    bool binding;      /* constants are being folded */
    bool lifted;       /* the binder has lifted some bound */
    uint32_t tables;   /* bit i: table i is read */
    st_op *scans;      /* the readers of tables, the newest first */
    bool scanned;      /* rows of a table have been asked for */
    const char *limit; /* a limit was met: the result may lack rows; static text */
    st_err err;
    void **owned; /* predicates and the like, freed with the run */
    void (**owned_free)(void *);
    size_t nowned, owned_cap, owned_free_cap;
};
/* r stays where it is until it is freed. */
void st_run_init(st_run *r, const st_forest *f, st_shared *shared, const st_run_options *o,
                 const st_rule_settings *settings);
void st_run_free(st_run *r);
/* The compiled pattern, until the next call; NULL (and the run says so) if it is none. */
st_regex *st_run_regex(st_run *r, st_sid text);
/* The next number of the run's own sequence. */
uint64_t st_run_random(st_run *r);
/* Out of memory, or of what the run may take of it: sets the error, returns false. */
bool st_run_nomem(st_run *r);
/* The run has met a limit: sets the error, returns false. */
bool st_run_stop(st_run *r, st_stop why);
/* Whether it is within its limits of memory and time; asked about every thousand rows. */
bool st_run_going(st_run *r);
/* Whether an operator may give that many rows. */
bool st_run_rows(st_run *r, uint64_t n);
/* p is freed by f with the run (at once if it can't be kept; then false). */
bool st_run_own(st_run *r, void *p, void (*f)(void *));
static inline bool st_run_ok(const st_run *r)
{
    return r->err.code == ST_OK && !r->arena.failed;
}

/* expressions */

/* One value from its arguments' values. */
typedef st_val st_fn_code(st_run *r, const st_expr *x, const st_val *a);

typedef struct st_fn st_fn;
typedef struct st_window st_window;
typedef enum st_expr_kind {
    ST_EXPR_CONST,
    ST_EXPR_COLUMN,
    ST_EXPR_CALL,
    ST_EXPR_PRED,
    ST_EXPR_WINDOW
} st_expr_kind;
struct st_expr {
    st_expr_kind kind;
    st_type type;
    st_val value;     /* CONST */
    size_t col;       /* COLUMN */
    st_fn_code *code; /* CALL */
    st_expr **args;   /* CALL; PRED has one, the text */
    size_t nargs;
    st_pred *pred; /* PRED */
    bool negate;   /* PRED, and string operators with needles that aren't constant */
    st_mop mop;    /* both */
    bool fold, all;
    size_t needles;          /* PRED: how many constants stand in args behind the text */
    bool ago;                /* comes from ago(): a moving window */
    bool windowed;           /* a function of other rows is in it */
    void *state;             /* what code keeps between rows (a compiled pattern) */
    const st_window *window; /* WINDOW: a function of the whole batch */
};
/* The expression's values over a batch; *step is 0 if all are v[0]. NULL: the run failed. */
const st_val *st_expr_run(st_run *r, const st_expr *x, st_batch *b, size_t *step);
/* used[c] = true for the columns c that x reads; the others stay as they are. */
bool st_expr_columns(st_run *r, const st_expr *x, bool *used);
/* keep[i] = x is true in row i. */
bool st_expr_test(st_run *r, const st_expr *x, st_batch *b, bool *keep);
/* A function over neighbouring rows. types: what each argument must be, a letter each, as in the
 * table of functions. */
typedef struct st_window_args st_window_args;
struct st_window {
    const char *name;
    size_t min, max; /* arguments */
    const char *types;
    bool own_type; /* its value is of argument 0's type; else a long */
    void (*run)(const st_expr *x, const st_window_args *a, size_t n, st_val *out);
};
/* NULL: none of that name. */
const st_window *st_window_find(st_str name);
const st_val *st_window_run(st_run *r, const st_expr *x, st_batch *b);
/* The value of an expression without columns. */
st_val st_expr_constant(st_run *r, const st_expr *x);

/* functions */

typedef enum st_naming {
    ST_NAMED_NONE,
    ST_NAMED_FIRST,
    ST_NAMED_PREFIX,
    ST_NAMED_SUFFIX
} st_naming;
/* Arguments: one letter each. s string, x anything read as its text, y dynamic, n number, i
 * integer, d datetime, t timespan, u number or time, b bool, * any, r regular expression; a last
 * '+' repeats the one before. Result: a type's name; "0" the type of argument 0, "w" widest of all
 * ...; "(a:long,b:real)" several columns, from an array of their values. A '*' before it: computed
 * anew for each row, never once. Doc: one line; behind a '|' how it differs from Kusto's. */
struct st_fn {
    const char *name, *args;
    unsigned min;
    const char *result;
    st_naming naming;
    const char *prefix;
    st_fn_code *code; /* NULL: known, and not supported; doc says why */
    const char *doc;
};
const st_fn *st_fn_find(st_str name);
/* The i-th function, NULL past the end. */
const st_fn *st_fn_at(size_t i);

/* Operators of expressions, by the types of their sides; NULL: not defined for them. */
st_fn_code *st_arith(char op, st_type a, st_type b, st_type *result);
/* op: '=' '!' '<' 'l'(<=) '>' 'g'(>=) */
st_fn_code *st_compare(char op, st_type a, st_type b);
st_fn_code st_eval_and, st_eval_or, st_eval_not, st_eval_index, st_eval_strop, st_eval_in,
    st_eval_iff, st_eval_case, st_eval_between, st_eval_matches, st_eval_negate, st_eval_convert,
    st_eval_array, st_eval_pack_all;

/* Compiles a constant pattern into x->state. false: err and *offset say why. */
bool st_expr_regex(st_run *r, st_expr *x, st_str pattern, size_t *offset, st_err *err);

/* aggregates */

typedef struct st_agg st_agg;
typedef struct st_agg_call st_agg_call;
typedef struct st_accum {
    int64_t n, i;
    double d, d2, mean2;
    bool set;
    st_val best;
    st_val *list; /* malloc'ed */
    size_t nlist, list_cap;
    st_val *values; /* make_bag, percentilew: what belongs to the list's items */
    size_t values_cap;
    uint32_t *table; /* of the set: places in list, 1-based */
    size_t table_n;
    st_val row; /* arg_max: the other column */
    bool took;  /* arg_max: the last row was taken */
    st_node node;
} st_accum;
/* Arguments, result and doc as for functions; result "avg" a real or a time, "s" the type a sum
 * has, "p" the argument's, but long for int. */
struct st_agg {
    const char *name, *args;
    unsigned min;
    const char *result;
    const char *prefix; /* prefix_ + first argument's name */
    /* NULL: known, and not supported; doc says why */
    void (*step)(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v);
    st_val (*end)(st_run *r, st_accum *a, const st_agg_call *c);
    const char *doc;
};
struct st_agg_call {
    const st_agg *agg;
    st_expr **args;
    size_t nargs;
    st_type type;
    int64_t limit;
};
const st_agg *st_agg_find(st_str name);
const st_agg *st_agg_at(size_t i);
void st_accum_free(st_accum *a);

/* operators */

/* The next batch, never empty; NULL at the end or on failure. Called by st_op_next only. */
typedef st_batch *st_next_fn(st_run *r, st_op *op);
struct st_op {
    st_next_fn *next;
    st_op *in;
    uint64_t rows;             /* given so far */
    int64_t ns;                /* spent in it and in what is before it, if the run measures */
    st_str render;             /* the chart that its result is meant for, as JSON; empty: none */
    st_op *again;              /* the operator whose rows it gives once more; NULL: none */
    struct st_plan_step *step; /* of explain.c; NULL: part of another, or nobody asked */
    bool evidence;             /* its rows are the evidence's own */
    st_schema schema;
    void *spec; /* fixed by the binder */
    size_t spec_size;
    void *state;            /* what the run keeps; in the run's arena */
    bool lineage;           /* rows keep their node */
    struct st_graph *graph; /* its value is a graph, not rows; NULL: rows */
    st_op *also;            /* the next of several tables that the text gives; only at its end */
    st_str name;            /* what the text calls this table from now on; empty: nothing */
};

/* Filters a batch; false: the run failed. */
typedef bool st_narrow_fn(st_run *r, st_op *op, st_batch *b);
/* The next batch of op's input of which narrow leaves something. */
st_batch *st_op_narrowed(st_run *r, st_op *op, st_narrow_fn *narrow);

/* Every operator's constructor is declared here; spec structs are private to their files. */
typedef struct st_proj_item { /* a column of project and its family */
    st_expr *x;               /* NULL: column `from` of the input as it is */
    size_t from;
} st_proj_item;
typedef struct st_sort_key {
    st_expr *x;
    bool desc, nulls_first;
} st_sort_key;

st_op *st_op_new(st_run *r, st_next_fn *next, st_op *in, size_t spec_size);
/* The next batch of an operator, counted and held against the run's limits. */
st_batch *st_op_next(st_run *r, st_op *op);
/* The place of a column: the one of that name, which gets the type, or a new last one. The
 * columns are copied first: schemas are shared. SIZE_MAX: no memory. */
size_t st_schema_put(st_run *r, st_schema *s, st_str name, st_type type);
/* Rows computed once, read by any number of operators. */
typedef struct st_kept_rows st_kept_rows;
st_kept_rows *st_kept_rows_new(st_run *r, st_op *in);
st_op *st_op_replay(st_run *r, st_kept_rows *s);
/* From now on op gives all its rows in one batch. */
bool st_op_make_whole(st_run *r, st_op *op);
/* The table's rows: of the forest's nodes, events or hosts. */
st_op *st_op_scan(st_run *r, const st_table_def *t);
/* op's rows go through the condition x next: rows for which it can't be true needn't come. */
void st_op_scan_narrow(st_run *r, st_op *op, const st_expr *x);
/* The ids of Sysmon's (st_event_bit) whose events a reader of a table lets through; none for
 * processes, and for other operators. */
uint64_t st_op_scan_events(const st_op *op);
/* Those of all readers of the query. */
uint64_t st_run_events(const st_run *r);
/* Rows of constants, row-major. */
st_op *st_op_values(st_run *r, const st_col *cols, size_t ncols, const st_val *cells, size_t nrows);
st_op *st_op_range(st_run *r, st_str name, st_type type, st_val from, st_val to, st_val step);
st_op *st_op_where(st_run *r, st_op *in, st_expr *x);
st_op *st_op_project(st_run *r, st_op *in, const st_col *cols, const st_proj_item *items, size_t n);
/* most: SIZE_MAX for all. */
st_op *st_op_order(st_run *r, st_op *in, const st_sort_key *keys, size_t n, size_t most);
st_op *st_op_take(st_run *r, st_op *in, size_t most);
st_op *st_op_count(st_run *r, st_op *in, st_str name);
st_op *st_op_distinct(st_run *r, st_op *in);
/* map[leg][column]: the leg's column, or SIZE_MAX. */
st_op *st_op_union(st_run *r, st_op **legs, const size_t *const *map, const st_val *names, size_t n,
                   const st_col *cols, size_t ncols);
/* node_call: the arg_max(.., *) whose row a group stands for and keeps the node of; SIZE_MAX: none.
 */
st_op *st_op_summarize(st_run *r, st_op *in, st_expr **keys, size_t nkeys, st_agg_call *calls,
                       size_t ncalls, size_t node_call, const st_col *cols);
typedef enum st_join {
    ST_J_INNERUNIQUE,
    ST_J_INNER,
    ST_J_LEFTOUTER,
    ST_J_RIGHTOUTER,
    ST_J_FULLOUTER,
    ST_J_LEFTSEMI,
    ST_J_LEFTANTI,
    ST_J_RIGHTSEMI,
    ST_J_RIGHTANTI
} st_join;
/* right_cols: which columns of the right side appear (SIZE_MAX-free list). */
st_op *st_op_join(st_run *r, st_op *left, st_op *right, st_join kind, const size_t *lkeys,
                  const size_t *rkeys, size_t nkeys, const size_t *right_cols, size_t nright,
                  const st_col *cols, size_t ncols);

typedef struct st_expand {
    st_expr *x; /* dynamic */
    size_t col; /* where its elements go */
    st_type to;
} st_expand;
/* index_col: the column of element numbers, SIZE_MAX for none. */
st_op *st_op_expand(st_run *r, st_op *in, const st_expand *items, size_t n, size_t limit,
                    size_t index_col, const st_col *cols, size_t ncols);

/* Element i of a value that mv-expand and mv-apply spread; null beyond the last. */
st_val st_expand_element(st_run *r, const st_expand *it, st_val v, size_t i);

/* A column of mv-apply's result: of the subquery, or of the input. */
typedef struct st_applied {
    bool body;
    size_t col;
} st_applied;
/* Where mv-apply's subquery gets its rows from. */
st_op *st_op_feed(st_run *r, const st_col *cols, size_t ncols, bool lineage);
/* body: operators that stand in one chain, from a feed on. */
st_op *st_op_apply(st_run *r, st_op *in, const st_expand *items, size_t n, size_t limit,
                   size_t index_col, st_op *body, const st_col *cols, const st_applied *out,
                   size_t ncols);

/* All the rest of an operator's rows. */
typedef struct st_rows {
    st_batch **batch;
    size_t n, cap, rows;
} st_rows;
typedef struct st_at {
    uint32_t batch, row; /* batch UINT32_MAX: no row, all missing */
} st_at;
bool st_rows_read(st_run *r, st_op *op, st_rows *out);
void st_rows_free(st_rows *rows);
/* Rows by place, as a new batch with the schema's columns. */
st_batch *st_rows_gather(st_run *r, const st_rows *rows, const st_schema *schema, const st_at *at,
                         size_t n);

/* One row for each of n groups, a column for each call; group is by row, SIZE_MAX: in none. */
st_batch *st_agg_run(st_run *r, const st_rows *rows, const size_t *group, size_t n,
                     const st_agg_call *calls, size_t ncalls);
/* x for every row, in a. */
const st_val *st_rows_values(st_run *r, const st_rows *rows, st_expr *x, st_arena *a);

/* tables */

typedef enum st_rows_of {
    ST_OF_PROCESSES, /* the observed nodes */
    ST_OF_NODES,     /* placeholders too */
    ST_OF_EVENTS,    /* those that event_rows.c gives this table */
    ST_OF_HOSTS,
    ST_OF_NONE /* known by its schema alone */
} st_rows_of;
struct st_table_def {
    const char *name;
    const st_getter *columns;
    size_t n;
    st_rows_of rows;
};
enum { ST_TABLES = 11 };
const st_table_def *st_table_def_find(st_str name);
const st_table_def *st_table_def_at(size_t i); /* NULL from ST_TABLES on */
/* The ids of Sysmon's that a table of events is made of (st_event_bit). */
uint64_t st_table_def_events(const st_table_def *t);
/* Can an event of that table have this ActionType? true for tables without one. */
bool st_table_def_acts(const st_table_def *t, st_str action, bool fold);

/* explain.c: the plan that was bound with r->explain, as text; run: with rows and times. */
void st_explain(st_run *r, st_str text, const st_op *root, bool run, st_buf *out);

/* the binder */

/* Names, in the order they are met. */
typedef struct st_need {
    struct st_need *next;
    st_str name;
} st_need;

typedef struct st_bound {
    st_rule_status status;
    st_str why;   /* "EmailEvents, which isn't here" */
    st_str stubs; /* the services that are taken as empty */
    const st_need *needs,
        *never;  /* names of services; of columns that are filtered by and never filled */
    st_op *root; /* the first result; root->also: the next */
} st_bound;

#endif
