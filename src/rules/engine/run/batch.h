/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - rows on their way from operator to operator: columns, batches, held rows.
 *
 * Lineage    each row of a batch carries what it stands for, or nothing: a node of the forest,
 *            or, numbered behind the nodes, another event of it, or behind those a host
 *            (st_lineage_*). A column of a table isn't read until something asks for it: it is
 *            computed from that number, at any stage, as long as rows keep it.
 * Ownership  a batch owns its vectors; whoever gets it frees it or passes it on.
 * Errors     sticky in the run (st_run.err); NULL or false says that there is one.
 */
#ifndef ST_RULES_ENGINE_RUN_BATCH_H
#define ST_RULES_ENGINE_RUN_BATCH_H

#include "rules/engine/value/value.h"
#include "shelltree/tree.h"

typedef struct st_run st_run;
typedef struct st_op st_op;
typedef struct st_batch st_batch;

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
    ST_SRC_SERVER = 1, /* it tells of web servers: known once these are marked */
    ST_SRC_NEVER = 2,  /* Sysmon doesn't record it: always empty */
    ST_SRC_ACTOR = 4,  /* of an event: get is asked about its process, if that was observed */
    ST_SRC_TARGET = 8  /* of an event: about the process it was done to, likewise */
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
    /* The last operator that dropped columns, as the language has it, and what it kept; NULL: none
     * did. For the language's messages. */
    const void *narrowed_by;
    const struct st_schema *narrowed_to;
} st_schema;

/* A column of rows that are kept, in as little room as its values let it take. */
typedef struct st_packed {
    const st_val *v;    /* by row; NULL: see the others */
    const st_sid *text; /* all are strings */
    st_val same;        /* all are this one */
} st_packed;

/* Have all rows the same value? */
typedef enum st_same { ST_SAME_UNKNOWN, ST_SAME_NO, ST_SAME_YES } st_same;

typedef struct st_slot {
    st_val *v;               /* NULL: not computed yet */
    const st_packed *lent;   /* where it is computed: a kept batch's, at the rows' picks; or one
                              * value for all rows (neither v nor text), which needs no picks */
    const st_getter *source; /* how, from the row's node */
    st_node *node;           /* by row, if it isn't the batch's: a join's right side */
    uint8_t same;            /* st_same, of v; it stays true of fewer rows */
} st_slot;

/* What an expression gave over a batch. */
typedef struct st_made {
    const void *of; /* the expression */
    const st_val *v;
    size_t step;
    struct st_made *next;
} st_made;

enum { ST_BATCH_ROWS = 1024 };
struct st_batch {
    st_arena arena;
    size_t n, ncols;
    st_node *node;
    st_slot *cols;
    uint32_t *pick; /* by row: its place in the kept batch that lends columns; NULL: none does */
    st_made *made;  /* expressions that are used more than once, over these rows and columns */
};
/* n rows of ncols empty slots; NULL (and the run has failed) without memory. */
st_batch *st_batch_new(st_run *r, size_t n, size_t ncols);
void st_batch_free(st_batch *b);
/* The same rows, to be kept and lent: what columns were computed, without anything that was needed
 * on the way. NULL without memory. */
st_batch *st_batch_keep(st_run *r, st_batch *from);
/* The same rows without anything that was needed on the way, if that is much; from is freed then.
 * Without memory from itself. */
st_batch *st_batch_settle(st_run *r, st_batch *from);
/* Kept rows once more, to be changed as one likes: values are copied when they are asked for.
 * from must live as long. NULL without memory. */
st_batch *st_batch_borrow(st_run *r, const st_batch *from);
/* What a row's number stands for: an event (NULL: it is none); the host, ST_NO_NODE for none; the
 * observed process, itself or the one that acted, ST_NO_NODE for none. */
const st_event *st_lineage_event(const st_run *r, st_node row);
uint32_t st_lineage_host(const st_run *r, st_node row);
st_node st_lineage_process(const st_run *r, st_node row);
/* What a column of a table says of a row, itself or the process that the column is about; missing
 * where that wasn't observed. Nobody else asks get. */
st_val st_row_value(st_run *r, st_node row, const st_getter *c);
/* The column's values, computed if need be; NULL without memory. */
const st_val *st_batch_col(st_run *r, st_batch *b, size_t i);
/* The same, or one value where all rows have it: *step is 0 then, else 1. */
const st_val *st_batch_vector(st_run *r, st_batch *b, size_t i, size_t *step);
/* One value for all of the batch's rows, as a column; false without memory. */
bool st_slot_set(st_run *r, st_batch *b, st_slot *s, st_val v);
/* Has the column one value for all rows, that isn't spread over them? */
bool st_slot_is_one(const st_slot *s);
/* Is it a kept batch's, at the rows' picks, and not computed yet? */
bool st_slot_is_lent(const st_slot *s);
/* Keeps the rows whose keep is true. */
void st_batch_filter(st_batch *b, const bool *keep);

/* rows that are held */

/* All the rest of an operator's rows. */
typedef struct st_rows {
    st_batch **batch;
    size_t n, cap, rows;
    uint8_t *ways;  /* by column: how it is gathered, which is found out once */
    size_t ways_of; /* batches that it was found out of */
} st_rows;
typedef struct st_at {
    uint32_t batch, row; /* batch UINT32_MAX: no row, all missing */
} st_at;
void st_rows_free(st_rows *rows);
/* Rows by place, as a new batch with the schema's columns; but those that aren't wanted stay empty.
 * wanted: by column; NULL: all are. */
st_batch *st_rows_gather(st_run *r, st_rows *rows, const st_schema *schema, const bool *wanted,
                         const st_at *at, size_t n);

#endif
