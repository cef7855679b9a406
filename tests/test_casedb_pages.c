/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_casedb_pages.c - tables written as pages: SQLite finds them sound, and reads in them what
 * was put there.
 */
#include "report/casedb_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/dbfile.h"

/* With one empty table: N, a number that is all of a row's, and B. */
static void make(dbfile *f, unsigned page_size)
{
    char pragma[128];
    dbfile_make(f);
    snprintf(pragma, sizeof pragma,
             "PRAGMA page_size=%u; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=OFF", page_size);
    dbfile_sql(f, pragma);
    dbfile_sql(f, "CREATE TABLE t(N INTEGER, B BLOB); CREATE TABLE other(X)");
}

/* What row i has in B: n bytes that no other row has so. */
static void fill(char *to, size_t n, int64_t i)
{
    for (size_t k = 0; k < n; k++)
        to[k] = (char)((size_t)i * 31 + k * 7 + k / 251);
}

static void put(st_pages *p, int64_t i, size_t n, char *scratch)
{
    fill(scratch, n, i);
    st_raw row[] = { { .kind = ST_RAW_INT, .i = i * i * i - 5 },
                     { .kind = ST_RAW_BLOB, .s = { scratch, n } } };
    st_pages_row(p, row, 2);
}

static void sound(const dbfile *f)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
}

/* Row i of n bytes, by its number, which goes down the tree. */
static void has(const dbfile *f, int64_t i, size_t n, char *scratch)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->db, "SELECT N, B FROM t WHERE rowid = ?1", -1, &s, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(s, 1, i);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int64(s, 0), i * i * i - 5);
    assert_int_equal(sqlite3_column_bytes(s, 1), n);
    fill(scratch, n, i);
    if (n)
        assert_memory_equal(sqlite3_column_blob(s, 1), scratch, n);
    sqlite3_finalize(s);
}

/* Payloads around each bound of each size of page: what stands in a leaf whole, what takes one page
 * more, two, many. */
static void pages__sizes__are_read_back(void **state)
{
    static const struct {
        unsigned page;
        size_t rows, least, most, step; /* of bytes */
    } CASES[] = {
        { 512, 0, 0, 0, 1 },
        { 512, 1, 10, 10, 1 },
        { 512, 400, 440, 520, 1 },
        { 512, 2000, 0, 30, 1 },
        { 512, 60000, 1, 40, 3 },
        { 1024, 120, 960, 1080, 1 },
        { 8192, 60, 8120, 8200, 1 },
        { 8192, 40, 16250, 16420, 5 },
        { 8192, 5, 100000, 900000, 7 },
        { 65536, 30, 65490, 65560, 1 },
        { 65536, 3000, 0, 3000, 13 },
    };
    (void)state;
    char *scratch = malloc(1 << 20);
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
        dbfile f;
        make(&f, CASES[c].page);
        st_pages *p = dbfile_pages(&f, "t", false);
        size_t span = CASES[c].most - CASES[c].least + 1;
        for (size_t i = 0; i < CASES[c].rows; i++)
            put(p, (int64_t)i + 1, CASES[c].least + i * CASES[c].step % span, scratch);
        assert_int_equal(st_pages_end(p), 0);
        assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t"), CASES[c].rows);
        sound(&f);
        for (size_t i = 0; i < CASES[c].rows; i += 1 + i / 50)
            has(&f, (int64_t)i + 1, CASES[c].least + i * CASES[c].step % span, scratch);
        dbfile_drop(&f);
    }
    free(scratch);
}

/* One row more at a time: each number of leaves, and of nodes over them, is met. */
static void pages__each_count__is_sound(void **state)
{
    char scratch[512];
    (void)state;
    for (size_t rows = 1; rows < 400; rows += 1 + rows / 90) {
        dbfile f;
        make(&f, 512);
        st_pages *p = dbfile_pages(&f, "t", false);
        for (size_t i = 0; i < rows; i++)
            put(p, (int64_t)i + 1, 400, scratch); /* a leaf each */
        assert_int_equal(st_pages_end(p), 0);
        sound(&f);
        assert_int_equal(dbfile_asked(&f, "SELECT sum(rowid) FROM t"), rows * (rows + 1) / 2);
        dbfile_drop(&f);
    }
}

static void pages__cells__are_typed(void **state)
{
    static const int64_t NUMBERS[] = { 0,
                                       1,
                                       2,
                                       -1,
                                       127,
                                       128,
                                       -128,
                                       -129,
                                       32767,
                                       32768,
                                       -32769,
                                       8388607,
                                       8388608,
                                       -8388609,
                                       INT32_MAX,
                                       INT64_C(1) << 31,
                                       INT64_C(1) << 46,
                                       INT64_C(1) << 47,
                                       -(INT64_C(1) << 47) - 1,
                                       INT64_MAX,
                                       INT64_MIN };
    (void)state;
    dbfile f;
    make(&f, 1024);
    sqlite3_exec(f.db, "DROP TABLE t; CREATE TABLE t(a, b, c, d, e)", NULL, NULL, NULL);
    st_pages *p = dbfile_pages(&f, "t", false);
    size_t n = sizeof NUMBERS / sizeof NUMBERS[0];
    for (size_t i = 0; i < n; i++) {
        st_raw row[] = { { .kind = ST_RAW_INT, .i = NUMBERS[i] },
                         { .kind = ST_RAW_NULL },
                         { .kind = ST_RAW_REAL, .r = (double)NUMBERS[i] * 1.5 },
                         { .kind = ST_RAW_TEXT, .s = ST_STR("\xc3\xa9") },
                         { .kind = ST_RAW_BLOB, .s = ST_STR("") } };
        st_pages_row(p, row, 5);
    }
    assert_int_equal(st_pages_end(p), 0);
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(f.db, "SELECT * FROM t ORDER BY rowid", -1, &s, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < n; i++) {
        static const int TYPES[] = { SQLITE_INTEGER, SQLITE_NULL, SQLITE_FLOAT, SQLITE_TEXT,
                                     SQLITE_BLOB };
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        for (int k = 0; k < 5; k++)
            assert_int_equal(sqlite3_column_type(s, k), TYPES[k]);
        assert_true(sqlite3_column_int64(s, 0) == NUMBERS[i]);
        double want = (double)NUMBERS[i] * 1.5, got = sqlite3_column_double(s, 2);
        assert_memory_equal(&got, &want, sizeof want);
        assert_string_equal((const char *)sqlite3_column_text(s, 3), "\xc3\xa9");
        assert_int_equal(sqlite3_column_bytes(s, 4), 0);
    }
    sqlite3_finalize(s);
    sound(&f);
    dbfile_drop(&f);
}

/* Row i's text, that sorts as i does; its length, 8 bytes and some between least and most. */
static size_t sorted_text(char to[4096], int64_t i, size_t least, size_t most)
{
    memset(to, 'x', 4096);
    for (size_t k = 8; k--;)
        to[k] = (char)(i >> 8 * (7 - k));
    return 8 + least + (size_t)i * 37 % (most - least + 1);
}

/* Entries of every size, from one leaf to three levels, and some that end on other pages: SQLite
 * holds each against its row, and finds it. */
static void pages__index__is_sound_and_used(void **state)
{
    static const struct {
        unsigned page;
        int64_t rows;
        size_t least, most; /* of bytes */
    } CASES[] = {
        { 512, 0, 0, 0 },        { 512, 1, 3, 3 },       { 512, 5, 90, 110 },
        { 512, 40, 0, 20 },      { 512, 9000, 0, 30 },   { 512, 900, 80, 700 },
        { 8192, 5000, 0, 3000 }, { 1024, 3000, 60, 60 },
    };
    (void)state;
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
        char text[4096];
        dbfile f;
        make(&f, CASES[c].page);
        dbfile_sql(&f, "CREATE INDEX by_b ON t(B)");
        st_pages *p = dbfile_pages(&f, "t", false);
        for (int64_t i = 1; i <= CASES[c].rows; i++) {
            size_t n = sorted_text(text, i, CASES[c].least, CASES[c].most);
            st_raw row[] = { { .kind = ST_RAW_INT, .i = i },
                             { .kind = ST_RAW_BLOB, .s = { text, n } } };
            st_pages_row(p, row, 2);
        }
        assert_int_equal(st_pages_end(p), 0);
        p = st_pages_new(
            f.fd, true, CASES[c].page,
            (uint32_t)dbfile_asked(&f, "SELECT rootpage FROM sqlite_master WHERE name = 'by_b'"),
            (uint32_t)dbfile_asked(&f, "PRAGMA page_count"));
        for (int64_t i = 1; i <= CASES[c].rows; i++) {
            size_t n = sorted_text(text, i, CASES[c].least, CASES[c].most);
            st_raw entry[] = { { .kind = ST_RAW_BLOB, .s = { text, n } },
                               { .kind = ST_RAW_INT, .i = i } };
            st_pages_entry(p, entry, 2);
        }
        assert_int_equal(st_pages_end(p), 0);
        sound(&f);
        assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t INDEXED BY by_b WHERE B > x'00'"),
                         CASES[c].rows);
        dbfile_sql(&f, "INSERT INTO t VALUES(0, x'30'); DELETE FROM t WHERE N % 3 = 1");
        sound(&f);
        dbfile_drop(&f);
    }
}

/* SQLite goes on with the file through the connection that it had: it sees the rows, puts others
 * behind them and makes an index. */
static void pages__between_transactions__sqlite_goes_on(void **state)
{
    char scratch[512];
    (void)state;
    dbfile f;
    make(&f, 512);
    dbfile_sql(&f, "BEGIN; INSERT INTO other VALUES(1); COMMIT");
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t"), 0);
    st_pages *p = dbfile_pages(&f, "t", false);
    for (int64_t i = 1; i <= 1000; i++)
        put(p, i, (size_t)i % 300, scratch);
    assert_int_equal(st_pages_end(p), 0);
    dbfile_sql(&f, "BEGIN; INSERT INTO t VALUES(7, x'00'); CREATE INDEX by_n ON t(N); "
                   "CREATE TABLE more(X); INSERT INTO more SELECT B FROM t; COMMIT");
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t"), 1001);
    assert_int_equal(dbfile_asked(&f, "SELECT rowid FROM t WHERE N = 7"), 1001);
    sound(&f);
    dbfile_drop(&f);
}

/* The page with byte 2^30 holds nothing, and a chain goes around it: the file has a hole up to
 * there. */
static void pages__lock_byte__is_left_out(void **state)
{
    enum { PAGE = 512, LOCK = (1 << 30) / PAGE + 1 };
    char *scratch = malloc(1 << 20);
    (void)state;
    for (uint32_t before = 1; before < 12; before += 5) {
        dbfile f;
        make(&f, PAGE);
        uint32_t root =
            (uint32_t)dbfile_asked(&f, "SELECT rootpage FROM sqlite_master WHERE name = 't'");
        st_pages *p = st_pages_new(f.fd, false, PAGE, root, LOCK - before);
        for (int64_t i = 1; i <= 40; i++)
            put(p, i, 3000, scratch);
        assert_int_equal(st_pages_end(p), 0);
        for (int64_t i = 1; i <= 40; i++)
            has(&f, i, 3000, scratch);
        unsigned char page[PAGE], zeros[PAGE] = { 0 };
        assert_int_equal(pread(f.fd, page, PAGE, (off_t)1 << 30), PAGE);
        assert_memory_equal(page, zeros, PAGE);
        dbfile_drop(&f);
    }
    free(scratch);
}

static void pages__file_that_cant_be_written__is_told(void **state)
{
    char scratch[512];
    (void)state;
    dbfile f;
    make(&f, 512);
    int fd = open(f.path, O_RDONLY);
    st_pages *p = st_pages_new(fd, false, 512, 2, 3);
    for (int64_t i = 1; i <= 10000; i++)
        put(p, i, 300, scratch);
    assert_int_equal(st_pages_end(p), EBADF);
    close(fd);
    dbfile_drop(&f);
}

/* More than SQLite reads: told, and none of it is read. */
static void pages__row_too_long__is_told(void **state)
{
    static const st_raw rows[][2] = {
        { { .kind = ST_RAW_NULL }, { .kind = ST_RAW_BLOB, .s = { "", 1000000001 } } },
        { { .kind = ST_RAW_NULL }, { .kind = ST_RAW_TEXT, .s = { "", (size_t)1 << 32 } } },
        { { .kind = ST_RAW_TEXT, .s = { "", 500000001 } },
          { .kind = ST_RAW_BLOB, .s = { "", 500000000 } } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dbfile f;
        make(&f, 512);
        st_pages *p = dbfile_pages(&f, "t", false);
        st_pages_row(p, rows[i], 2);
        assert_int_equal(st_pages_end(p), EFBIG);
        dbfile_drop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages__sizes__are_read_back),
        cmocka_unit_test(pages__each_count__is_sound),
        cmocka_unit_test(pages__cells__are_typed),
        cmocka_unit_test(pages__index__is_sound_and_used),
        cmocka_unit_test(pages__between_transactions__sqlite_goes_on),
        cmocka_unit_test(pages__lock_byte__is_left_out),
        cmocka_unit_test(pages__file_that_cant_be_written__is_told),
        cmocka_unit_test(pages__row_too_long__is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
