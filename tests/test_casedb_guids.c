/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_casedb_guids.c - an index by GUIDs: SQLite finds it sound and in the order that it sorts in.
 */
#include "report/casedb_guids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/dbfile.h"

static void make(dbfile *f)
{
    dbfile_make(f);
    dbfile_sql(f, "PRAGMA page_size=512; PRAGMA journal_mode=OFF; CREATE TABLE t(G TEXT); "
                  "CREATE INDEX by_g ON t(G)");
}

enum { ROWS = 5000 };

/* Some null, some the same, others that differ in any one digit, in no order. */
static void fill(st_guid *list)
{
    for (unsigned i = 0; i < ROWS; i++) {
        uint32_t x = (i / 2 + 1) * UINT32_C(2654435761);
        list[i] = (st_guid){ 0 };
        if (i % 7 == 0)
            continue;
        list[i].b[i % 16] = (unsigned char)(x >> 24);
        list[i].b[(i + x) % 16] = (unsigned char)(1 + (x >> 16) % 255);
    }
}

static const st_guid *of(const void *list, uint32_t row)
{
    return (const st_guid *)list + row;
}

static void put_rows(st_pages *p, const st_guid *list)
{
    st_buf text = { 0 };
    for (unsigned i = 0; i < ROWS; i++) {
        st_raw cell = { .kind = ST_RAW_NULL };
        if (!st_guid_zero(&list[i])) {
            st_buf_clear(&text);
            st_buf_guid(&text, &list[i]);
            cell = (st_raw){ .kind = ST_RAW_TEXT, .s = st_buf_slice(&text) };
        }
        st_pages_row(p, &cell, 1);
    }
    st_buf_free(&text);
}

static void guids__rows_in_no_order__index_is_sound(void **state)
{
    static st_guid list[ROWS];
    const st_guid_keys k = { list, of, ROWS };
    dbfile f;
    (void)state;
    make(&f);
    fill(list);
    st_pages *p = dbfile_pages(&f, "t", false);
    put_rows(p, list);
    assert_int_equal(st_pages_end(p), 0);
    p = dbfile_pages(&f, "by_g", true);
    assert_true(st_guid_keys_put(&k, p));
    assert_int_equal(st_pages_end(p), 0);
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                      "integrity_check <> 'ok'"),
                     0);
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t INDEXED BY by_g WHERE G >= ''"),
                     dbfile_asked(&f, "SELECT count(*) FROM t NOT INDEXED WHERE G >= ''"));
    dbfile_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guids__rows_in_no_order__index_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
