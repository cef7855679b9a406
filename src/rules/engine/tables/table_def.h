/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_def.h - the tables that are made of the forest: their columns, and which rows they have.
 */
#ifndef ST_RULES_ENGINE_TABLES_TABLE_DEF_H
#define ST_RULES_ENGINE_TABLES_TABLE_DEF_H

#include "rules/engine/run/expr.h"

typedef struct st_table_def st_table_def;

typedef enum st_rows_of {
    ST_OF_PROCESSES, /* the observed nodes */
    ST_OF_NODES,     /* placeholders too */
    ST_OF_EVENTS,    /* those that a provider gives this table */
    ST_OF_HOSTS,
    ST_OF_NONE /* known by its schema alone */
} st_rows_of;
struct st_table_def {
    const char *name;
    const st_getter *columns;
    size_t n;
    st_rows_of rows;
    const st_log_wanted *logs; /* channels whose records it needs whole */
    size_t nlogs;
    const st_event_set *kinds; /* OF_EVENTS: which; NULL: those that a provider gives the table */
    bool again; /* its rows are records whole, which other tables have, too: '*' leaves it out */
};
enum { ST_TABLES = 15 };
const st_table_def *st_table_def_find(st_str name);
const st_table_def *st_table_def_at(size_t i); /* NULL from ST_TABLES on */
/* A text of a process's record, told without making anything: for `arg` that of st_base_text. */
typedef st_sid st_base_text_fn(const st_run *r, st_node n, int arg);
/* What a column of processes is made of, if that is one text of a record: equal texts give equal
 * values, and without a text (ST_ABSENT, ST_EMPTY) the column is empty. */
typedef struct st_base_text {
    st_base_text_fn *get; /* NULL: the column is made of more, or of no text */
    int arg;
} st_base_text;
st_base_text st_column_base(const st_getter *c);

/* The kinds that a table of events is made of. */
st_event_set st_table_def_events(const st_table_def *t);
/* Can an event of that table have this ActionType? true for tables without one. */
bool st_table_def_acts(const st_table_def *t, st_str action, bool fold);

#endif
