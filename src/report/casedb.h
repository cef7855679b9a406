/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb.h - a case database being written. Private to src/report.
 *
 * It is filled in the file that results go to, which has its name when all is whole, or in a
 * nameless one in the folder for temporary files, which is copied to where results go. The large
 * tables are written as pages (casedb_pages.h), between transactions; everything else is SQLite's.
 */
#ifndef ST_REPORT_CASEDB_H
#define ST_REPORT_CASEDB_H

#include "casedb_pages.h"
#include "internal.h"

#include <sqlite3.h>

typedef struct st_casedb {
    sqlite3 *db;
    int fd;         /* of its file, to write pages to */
    bool own;       /* fd is to be closed */
    st_buf row;     /* the one that is put together */
    st_arena texts; /* of the row, where they had to be mended */
    st_code code;
    st_err err;
} st_casedb;

/* A table that rows go into; none, if the database has failed. */
typedef struct st_casedb_table {
    st_casedb *d;
    sqlite3_stmt *insert;
    st_pages *pages; /* of a large table, in place of insert */
    size_t columns;
    void (*note)(void *ctx, const st_raw *row); /* shown each row as it is written; or NULL */
    void *note_ctx;
} st_casedb_table;
enum { ST_CASEDB_COLUMNS = 128 }; /* of a table, at most */

/* An index of a large table, written as pages when the table's rows are. */
typedef struct st_casedb_index {
    const char *name, *sql;
    const char *again;                          /* has SQLite fill it; NULL: that is never needed */
    bool (*put)(const void *keys, st_pages *p); /* its entries in order; false: no memory */
} st_casedb_index;

/* All stop at the first failure, which d->code and d->err keep. */
void st_casedb_sql(st_casedb *d, const char *sql);
/* Makes a table. columns: of each its name, and "TEXT" or "INTEGER" with what else is said. */
st_casedb_table st_casedb_begin(st_casedb *d, const char *name, const st_raw_column *columns,
                                size_t n);
/* The same, for many rows; no other table may be begun before it has ended. Cells must be of the
 * columns' types: nothing is converted. indexes: of the table, which stay empty; NULL: none. */
st_casedb_table st_casedb_begin_large(st_casedb *d, const char *name, const st_raw_column *columns,
                                      size_t n, const st_casedb_index *indexes, size_t nindexes);
/* Fills an index, once the table has ended. sorted: can its keys be sorted without SQLite? */
void st_casedb_put_index(st_casedb *d, const st_casedb_index *x, const void *keys, bool sorted);
/* One row off *cells. What isn't UTF-8 becomes U+FFFD. */
void st_casedb_take(st_casedb_table *t, st_str *cells);
/* The row in d->row, which is cleared. */
void st_casedb_put(st_casedb_table *t);
void st_casedb_end(st_casedb_table *t);

/* The tables of results, and the views over them (casedb_results.c). */
void st_casedb_results(st_casedb *d, const st_job *j);

#endif
