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

/* Some null, some the same, others that differ in any one digit, in no order. */
static st_raw cell_of(unsigned i, st_buf *text)
{
    st_guid g = { 0 };
    uint32_t x = (i / 2 + 1) * UINT32_C(2654435761);
    st_buf_clear(text);
    if (i % 7 == 0)
        return (st_raw){ .kind = ST_RAW_NULL };
    g.b[i % 16] = (unsigned char)(x >> 24);
    g.b[(i + x) % 16] = (unsigned char)(1 + (x >> 16) % 255);
    st_buf_guid(text, &g);
    return (st_raw){ .kind = ST_RAW_TEXT, .s = st_buf_slice(text) };
}

static void guids__rows_in_no_order__index_is_sound(void **state)
{
    enum { ROWS = 5000 };
    dbfile f;
    st_buf text = { 0 };
    st_guid_keys *k = st_guid_keys_new();
    (void)state;
    make(&f);
    st_pages *p = dbfile_pages(&f, "t", false);
    for (unsigned i = 0; i < ROWS; i++) {
        st_raw cell = cell_of(i, &text);
        st_pages_row(p, &cell, 1);
        st_guid_keys_note(k, &cell);
    }
    assert_int_equal(st_pages_end(p), 0);
    assert_true(st_guid_keys_sorted(k));
    p = dbfile_pages(&f, "by_g", true);
    assert_true(st_guid_keys_put(k, p));
    assert_int_equal(st_pages_end(p), 0);
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                      "integrity_check <> 'ok'"),
                     0);
    assert_int_equal(dbfile_asked(&f, "SELECT count(*) FROM t INDEXED BY by_g WHERE G >= ''"),
                     dbfile_asked(&f, "SELECT count(*) FROM t NOT INDEXED WHERE G >= ''"));
    st_guid_keys_free(k);
    st_buf_free(&text);
    dbfile_drop(&f);
}

static void guids__cell_that_is_none__sqlite_has_to_sort(void **state)
{
    static const st_raw ODD[] = {
        { .kind = ST_RAW_TEXT, .s = { "{d8f16adf-F1A9-69A4-0000-001000000000}", 38 } },
        { .kind = ST_RAW_TEXT, .s = { "D8F16ADF-F1A9-69A4-0000-001000000000", 36 } },
        { .kind = ST_RAW_TEXT, .s = { "{00000000-0000-0000-0000-000000000000}", 38 } },
        { .kind = ST_RAW_TEXT, .s = { "", 0 } },
        { .kind = ST_RAW_INT, .i = 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        st_guid_keys *k = st_guid_keys_new();
        st_guid_keys_note(k, &(st_raw){ .kind = ST_RAW_NULL });
        assert_true(st_guid_keys_sorted(k));
        st_guid_keys_note(k, &ODD[i]);
        assert_false(st_guid_keys_sorted(k));
        st_guid_keys_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guids__rows_in_no_order__index_is_sound),
        cmocka_unit_test(guids__cell_that_is_none__sqlite_has_to_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
