/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_pages.h - the rows of one large table, or the entries of its index, as pages of a SQLite
 * file. Private to src/report.
 *
 * SQLite makes the table, and the file is between two of its transactions; then the rows are
 * appended, leaf by leaf in the order of their numbers, which are 1, 2, 3, ...; at the end the
 * nodes above them, the table's root and the file's header are written, as after another program's
 * transaction, so that SQLite sees a file that has changed and goes on with it. Inserting through
 * SQLite gives the same table and takes several times as long, for it can't know that the next row
 * is the last.
 *
 * Source  "Database File Format", sqlite.org/fileformat2.html: 1.3 the header, 1.6 pages of
 * b-trees, 1.5 the lock-byte page, 2.1 records. Errors  the first one stays: what follows does
 * nothing, and st_pages_end tells it. Threads one at a time.
 */
#ifndef ST_REPORT_CASEDB_PAGES_H
#define ST_REPORT_CASEDB_PAGES_H

#include "base/cells.h"

typedef struct st_pages st_pages;

/* fd: of the file, for reading and writing; it stays the caller's. index: is it an index's tree?
 * size: of a page; root: the table's or index's, which is empty; count: of pages so far. NULL: no
 * memory. */
st_pages *st_pages_new(int fd, bool index, uint32_t size, uint32_t root, uint32_t count);
/* The next row of a table. */
void st_pages_row(st_pages *p, const st_raw *cells, size_t n);
/* The next entry of an index: what it is by, and the row's number behind. They come in the order
 * that SQLite sorts them in. */
void st_pages_entry(st_pages *p, const st_raw *cells, size_t n);
/* 0, or errno of the first failure; frees p. After a failure the file is of no use. */
int st_pages_end(st_pages *p);

#endif
