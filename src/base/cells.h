/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.h - rows of a database on their way between processes and threads: one cell behind the
 * other, each with its kind in front. Numbers are little-endian, so that rows have the same digest
 * everywhere.
 *
 * Errors  whoever reads believes no length: a cell that doesn't fit in what is left ends the row.
 */
#ifndef ST_BASE_CELLS_H
#define ST_BASE_CELLS_H

#include "shelltree/base.h"

typedef enum st_raw_kind {
    ST_RAW_NULL,
    ST_RAW_INT,
    ST_RAW_REAL,
    ST_RAW_TEXT,
    ST_RAW_BLOB
} st_raw_kind;

typedef struct st_raw {
    st_raw_kind kind;
    int64_t i;
    double r;
    st_str s; /* of a text or a blob; points into the row. An empty one has a pointer, too */
} st_raw;

/* A column of a table: its name, and SQLite's type or what else its declaration says. */
typedef struct st_raw_column {
    const char *name, *type;
} st_raw_column;

void st_raw_null(st_buf *b);
void st_raw_int(st_buf *b, int64_t v);
void st_raw_real(st_buf *b, double v);
void st_raw_text(st_buf *b, st_str s); /* s.p == NULL: null */
void st_raw_blob(st_buf *b, st_str s);
/* A text that is put together in place: begin, append to b, end with what begin gave. */
size_t st_raw_text_begin(st_buf *b);
void st_raw_text_end(st_buf *b, size_t mark);
/* Takes the next cell off *rest; false: there is none, or it is cut. */
bool st_raw_next(st_str *rest, st_raw *out);

#endif
