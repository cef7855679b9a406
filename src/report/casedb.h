/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb.h - a case database being written. Private to src/report.
 *
 * It is filled in one transaction: in the file that results go to, which has its name when all is
 * whole, or in a nameless one in the folder for temporary files, which is copied to where results
 * go.
 */
#ifndef ST_REPORT_CASEDB_H
#define ST_REPORT_CASEDB_H

#include "internal.h"
#include "base/cells.h"

#include <sqlite3.h>

typedef struct st_casedb {
    sqlite3 *db;
    int fd;
    st_buf row; /* the one that is put together */
    st_code code;
    st_err err;
} st_casedb;

/* A table that rows go into; none, if the database has failed. */
typedef struct st_casedb_table {
    st_casedb *d;
    sqlite3_stmt *insert;
    size_t columns;
} st_casedb_table;

/* All stop at the first failure, which d->code and d->err keep. */
void st_casedb_sql(st_casedb *d, const char *sql);
/* Makes a table. columns: of each its name, and "TEXT" or "INTEGER" with what else is said. */
st_casedb_table st_casedb_begin(st_casedb *d, const char *name, const st_raw_column *columns,
                                size_t n);
/* One row off *cells. What isn't UTF-8 becomes U+FFFD. */
void st_casedb_take(st_casedb_table *t, st_str *cells);
/* The row in d->row, which is cleared. */
void st_casedb_put(st_casedb_table *t);
void st_casedb_end(st_casedb_table *t);

/* The tables of results, and the views over them (casedb_results.c). */
void st_casedb_results(st_casedb *d, const st_job *j);

#endif
