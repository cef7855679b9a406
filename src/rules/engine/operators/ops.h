/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops.h - operators: each asks the one before it for batches and passes them on.
 *
 * A constructor makes an operator in the run's arena; NULL: the run has failed. What an
 * operator is made of is private to its file.
 */
#ifndef ST_RULES_ENGINE_OPERATORS_OPS_H
#define ST_RULES_ENGINE_OPERATORS_OPS_H

#include "rules/engine/functions/functions.h"
#include "rules/engine/tables/table_def.h"

/* The next batch, never empty; NULL at the end or on failure. Called by st_op_next only. */
typedef st_batch *st_next_fn(st_run *r, st_op *op);
typedef struct st_wanted st_wanted;
/* Marks which columns of the operators before op it reads so as to give those of its own that are
 * used (op->used): through st_wanted_of; a reader of a table through st_wanted_column. */
typedef void st_reads_fn(st_run *r, st_op *op, st_wanted *w);
struct st_op {
    st_next_fn *next;
    st_op *in;
    st_reads_fn *reads;        /* NULL: all columns of `in` */
    bool *used;                /* by column: somebody behind it reads it. Of st_run_wanted */
    bool passed;               /* its own marks are made, likewise */
    bool lean;                 /* columns that aren't used needn't be made. Of st_run_lean */
    st_op *older;              /* the operator made before it, of the run */
    uint64_t rows;             /* given so far */
    int64_t ns;                /* spent in it and in what is before it, if the run measures */
    st_str render;             /* the chart that its result is meant for, as JSON; empty: none */
    st_op *again;              /* the operator whose rows it gives once more; NULL: none */
    struct st_plan_step *step; /* what the language shows of it; NULL: nothing by itself */
    bool evidence;             /* its rows are the evidence's own */
    bool rowwise;              /* each of its rows comes of one of `in`, whatever the others are */
    bool plain;                /* rowwise, and nothing is kept from one row to the next */
    bool hollow;               /* without rows of `in` it has none */
    bool condition;            /* it does nothing but let some of them through, by themselves */
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
/* All the rest of its rows. false: the run has failed; out is to be freed all the same. */
bool st_rows_read(st_run *r, st_op *op, st_rows *out);
/* From now on its columns are a copy of these n. */
bool st_op_columns(st_run *r, st_op *op, const st_col *cols, size_t n);
/* The place of a column: the one of that name, which gets the type, or a new last one. The
 * columns are copied first: schemas are shared. SIZE_MAX: no memory. */
size_t st_schema_put(st_run *r, st_schema *s, st_str name, st_type type);
/* Rows computed once, read by any number of operators. */
typedef struct st_kept_rows st_kept_rows;
st_kept_rows *st_kept_rows_new(st_run *r, st_op *in);
st_op *st_op_replay(st_run *r, st_kept_rows *s);
/* s's rows are those of `made`, of shared things that s's borrow of (st_shared.made): once those
 * are all there they are read in place of s's. */
void st_kept_rows_lend(st_kept_rows *s, const st_kept_rows *made);
/* Rows of shared things that are lent from `made`; NULL: there are none. */
st_kept_rows *st_kept_rows_like(const st_shared *shared, const st_kept_rows *made);
/* The nodes that rows which are being kept have yet to be made of; false: they don't come of nodes
 * one by one. */
bool st_kept_rows_left(const st_kept_rows *s, size_t *at, size_t *end);
/* Some of the rows that are being kept, made by `by`: themselves, or rows like them of a thread. */
typedef struct st_kept_part {
    st_rows rows;
    st_arena values; /* that are too big for a cell, if another run made them */
    const st_kept_rows *by;
} st_kept_part;
void st_kept_part_free(st_kept_part *part);
/* Makes the rows that come of these nodes; from is a whole number of batches behind where the
 * others begin. s: rows that are being kept, or that nobody has read of those lent from such, by
 * the thread that has their run; these can't be read any more. The part is freed before the run is.
 * false: there are none, or they take what one run would count otherwise. */
bool st_kept_rows_make(st_kept_rows *s, size_t from, size_t to, st_kept_part *part);
/* The part's rows are the next of s, and taken by s's run, as if it had made them, but for what
 * values that are too big for a cell take beside themselves (st_run.rough). false: no memory. */
bool st_kept_rows_take(st_kept_rows *s, st_kept_part *part);
/* What else the run of `from` has taken, its texts say, s's run has. */
void st_kept_rows_join(st_kept_rows *s, const st_kept_rows *from);
/* No part counts: s goes on behind the rows that it has, from this node on. */
void st_kept_rows_again(st_kept_rows *s, size_t from);
/* Bytes that its run has taken by now, and may take (0: any number). */
uint64_t st_kept_rows_taken(const st_kept_rows *s, uint64_t *most);
/* Are all rows of other runs that the plan reads there, so that threads may read them side by side?
 */
bool st_run_over_kept(const st_run *r);
/* From now on op gives all its rows in one batch. */
bool st_op_make_whole(st_run *r, st_op *op);
/* The table's rows: of the forest's nodes, events or hosts. */
st_op *st_op_scan(st_run *r, const st_table_def *t);
/* The reader `from`, if it is one, is `to` from now on, a copy of it: to be called while both are.
 */
void st_op_scan_moved(st_run *r, const st_op *from, st_op *to);
/* op's rows go through the condition x next: rows for which it can't be true needn't come. */
void st_op_scan_narrow(st_run *r, st_op *op, const st_expr *x);
/* Is op the only result, of one reader without whose rows there are none? */
bool st_op_narrows(const st_op *op);
/* Do the plan's results, of which root is the first, come of each node by itself, so that it may be
 * run over some nodes after others? observed: and of no placeholder. After binding. */
bool st_run_rowwise(const st_run *r, const st_op *root, bool observed);
/* Where op's rows come each of one of the rows that another run keeps, by itself: those, all of
 * them, made if they weren't. NULL: it isn't so, or some were read, or a limit was met. */
const st_rows *st_op_over_kept(const st_run *r, st_op *op);
/* Of the rows that op's come of, each by itself, the reader gives these alone: of nodes, or of the
 * batches of kept rows. Before any is read. */
void st_op_scan_part(st_op *op, size_t from, size_t to);
void st_op_kept_part(st_op *op, size_t from, size_t to);
/* The nodes that op's reader hasn't given yet; false: op's rows don't come each of a node, with
 * nothing kept from one to the next. */
bool st_op_nodes_left(const st_run *r, const st_op *op, size_t *at, size_t *end);
/* Some rows of one kind of table, rising. */
typedef struct st_row_list {
    const st_node *v;
    size_t n;
} st_row_list;
/* Would any reader's first conditions let one of these rows through, by the kind of its table? All
 * other rows are left out. Its readers stay where they are, as others may read on; once the run has
 * failed the answer is yes. */
bool st_run_lets(st_run *r, const st_row_list some[ST_OF_NONE]);
/* Conditions that all rows of a reader go through. */
typedef struct st_condition {
    const st_expr *x; /* over the table's columns */
    struct st_condition *next;
} st_condition;
/* The table of the plan's i-th reader, with the kinds of events that it lets through and its
 * conditions; NULL: there are no more. */
const st_table_def *st_run_reader(const st_run *r, size_t i, st_event_set *kinds,
                                  const st_condition **conditions);
/* The kinds of events that a reader of a table lets through; none for processes, and for other
 * operators. */
st_event_set st_op_scan_events(const st_op *op);
/* Those of all readers of the query. */
st_event_set st_run_events(const st_run *r);
/* The channels that they need whole, of the i-th reader; NULL: it needs none. false past the end.
 */
bool st_run_logs(const st_run *r, size_t i, const st_log_wanted **logs, size_t *n);

/* The events that the i-th reader lets through, and which ids of records kept whole conditions
 * leave of it (NULL: all). false past the end. */
bool st_run_log_ids(const st_run *r, size_t i, st_event_set *kinds, const uint32_t **ids,
                    size_t *n);

/* What a plan reads of the evidence: columns of tables. */
typedef struct st_wanted_table {
    struct st_wanted_table *next;
    const st_table_def *table; /* one that the engine has, or the plan's own */
    bool *column;              /* by column: it is read */
} st_wanted_table;
struct st_wanted {
    st_wanted_table *tables; /* those of which some column is read */
    bool all;                /* not known: any column of a table that is read */
    bool lean;               /* of columns that nobody uses what they are made of isn't read */
};
/* By column: somebody will ask for it; NULL: for all, maybe. */
static inline const bool *st_op_wanted(const st_op *op)
{
    return op->lean ? op->used : NULL;
}
static inline bool st_op_unused(const st_op *op, size_t column)
{
    return op->lean && !op->used[column];
}
/* After binding, before any row is read. It may say too much, and never too little. In the run's
 * arena. false: no memory. */
bool st_run_wanted(st_run *r, st_wanted *out);
/* Of its results, which are a list by `also`, only the n columns of these names will be looked at:
 * what nobody needs for them isn't computed from now on. After binding, before any row is read, and
 * not where the rows become a table. false: no memory. */
bool st_run_lean(st_run *r, st_op *root, const st_str *names, size_t n);
/* For st_reads_fn: the marks of an operator before, one a column (NULL: no memory); the columns
 * that an expression over it reads; all of them; those of `in` that op, with the same columns,
 * gives; a column of a table. */
bool *st_wanted_of(st_run *r, st_op *before, st_wanted *w);
void st_wanted_expr(st_run *r, st_op *before, const st_expr *x, st_wanted *w);
void st_wanted_rows(st_run *r, st_op *before, st_wanted *w);
st_reads_fn st_reads_same;
void st_wanted_column(st_run *r, const st_table_def *t, size_t column, st_wanted *w);

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
    bool pairs; /* a member of a bag is [name, value]; else a bag of it alone */
} st_expand;
/* index_col: the column of element numbers, SIZE_MAX for none. */
st_op *st_op_expand(st_run *r, st_op *in, const st_expand *items, size_t n, size_t limit,
                    size_t index_col, const st_col *cols, size_t ncols);

/* How many elements mv-expand and mv-apply spread a value to: a scalar and null are one. */
size_t st_expand_elements(st_val v);
/* Element i; null beyond the last, and where it isn't of the type's kind. */
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

/* agg_run.c: aggregates over numbered groups of held rows. */
/* One row for each of n groups, a column for each call; group is by row, SIZE_MAX: in none. */
st_batch *st_agg_run(st_run *r, const st_rows *rows, const size_t *group, size_t n,
                     const st_agg_call *calls, size_t ncalls);
/* x for every row, in a. */
const st_val *st_rows_values(st_run *r, const st_rows *rows, st_expr *x, st_arena *a);

#endif
