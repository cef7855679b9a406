/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_casedb.c - any bytes as a case database, queried as the confined child does, and its events
 * made records as the parent does. The first byte says whether the rest is a database, or a row of
 * events as the child would send it. Asserts that text which JSON gave is UTF-8.
 */
#include "carriers/stored.h"
#include "evidence/stored.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    st_stored_scratch scratch;
    size_t rows;
} seen;

static bool take(void *ctx, st_str row)
{
    enum { MOST = 10000 };
    seen *s = ctx;
    st_record r;
    st_raw id;
    st_buf text = { 0 };
    if (st_raw_next(&row, &id) && st_stored_get_record(row, NULL, &r, &s->scratch))
        for (size_t i = 0; i < r.nfields; i++) {
            st_buf_clear(&text);
            if (r.fields[i].value.p)
                st_value_text(&r.fields[i].value, &text);
            if (text.n && !st_utf8_valid(st_buf_slice(&text)))
                abort();
        }
    st_buf_free(&text);
    return ++s->rows < MOST;
}

static bool pass(void *ctx, st_str row)
{
    seen *s = ctx;
    st_raw c;
    while (st_raw_next(&row, &c))
        s->rows++;
    return s->rows < 100000;
}

static void ask(const uint8_t *p, size_t n, const char *sql, bool (*row)(void *, st_str), seen *s)
{
    st_err e = { 0 };
    st_stored_query_bytes(p, n, sql, 0, INT64_MAX, row, s, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen s = { 0 };
    st_buf sql = { 0 };
    if (size < 2)
        return 0;
    uint8_t *copy = malloc(size - 1); /* so that the sanitizer sees its ends */
    if (copy)
        memcpy(copy, data + 1, size - 1);
    st_stored_select(&sql);
    if (copy && data[0] & 1) {
        take(&s, (st_str){ (const char *)copy, size - 1 });
    } else if (copy && !sql.failed) {
        ask(copy, size - 1, "SELECT * FROM sources ORDER BY ID", pass, &s);
        ask(copy, size - 1, "SELECT * FROM ranges", pass, &s);
        ask(copy, size - 1, sql.p, take, &s);
    }
    st_buf_free(&sql);
    st_stored_scratch_free(&s.scratch);
    free(copy);
    return 0;
}
