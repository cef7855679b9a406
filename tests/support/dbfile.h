/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbfile.h - a temporary SQLite database, tables and indexes of which are written as pages. What
 * fails, fails the test. Behind cmocka's headers.
 */
#ifndef SHELLTREE_TEST_DBFILE_H
#define SHELLTREE_TEST_DBFILE_H

#include "report/casedb_pages.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct dbfile {
    char path[64];
    sqlite3 *db;
    int fd;
} dbfile;

static inline void dbfile_sql(const dbfile *f, const char *text)
{
    assert_int_equal(sqlite3_exec(f->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static inline int64_t dbfile_asked(const dbfile *f, const char *text)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->db, text, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return v;
}

/* An empty one, to be given back with dbfile_drop. */
static inline void dbfile_make(dbfile *f)
{
    strcpy(f->path, "/tmp/shelltree-dbfile-XXXXXX");
    f->fd = mkstemp(f->path);
    assert_true(f->fd >= 0);
    assert_int_equal(sqlite3_open(f->path, &f->db), SQLITE_OK);
}

static inline void dbfile_drop(dbfile *f)
{
    sqlite3_close(f->db);
    close(f->fd);
    unlink(f->path);
}

/* The pages of the table or index of that name. */
static inline st_pages *dbfile_pages(const dbfile *f, const char *name, bool index)
{
    char root[128];
    snprintf(root, sizeof root, "SELECT rootpage FROM sqlite_master WHERE name = '%s'", name);
    st_pages *p = st_pages_new(f->fd, index, (uint32_t)dbfile_asked(f, "PRAGMA page_size"),
                               (uint32_t)dbfile_asked(f, root),
                               (uint32_t)dbfile_asked(f, "PRAGMA page_count"));
    assert_non_null(p);
    return p;
}

#endif
