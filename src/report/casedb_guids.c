/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_guids.c - an index by GUIDs: they are sorted as their text would be, and written as pages.
 * SQLite would read the whole table once more, and sort texts.
 */
#include "casedb_guids.h"

#include "base/radix.h"

#include <stdlib.h>

/* The text's first and second sixteen digits. */
static uint64_t first_half(const st_guid *g)
{
    static const unsigned char ORDER[8] = { 3, 2, 1, 0, 5, 4, 7, 6 };
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | g->b[ORDER[i]];
    return v;
}

static uint64_t second_half(const st_guid *g)
{
    uint64_t v = 0;
    for (size_t i = 8; i < 16; i++)
        v = v << 8 | g->b[i];
    return v;
}

/* Rows by their GUIDs, null first; those of one in their own order. NULL: no memory. */
static st_keyed *in_order(const st_guid_keys *k)
{
    st_keyed *v = calloc(k->n + 1, sizeof *v);
    for (size_t i = 0; v && i < k->n; i++)
        v[i] = (st_keyed){ second_half(k->of(k->ctx, (uint32_t)i)), (uint32_t)i };
    bool ok = v && st_radix_sort(v, k->n);
    for (size_t i = 0; ok && i < k->n; i++)
        v[i].key = first_half(k->of(k->ctx, v[i].item));
    if (ok && st_radix_sort(v, k->n))
        return v;
    free(v);
    return NULL;
}

static void put_row(const st_guid_keys *k, st_pages *p, uint32_t row, st_buf *text)
{
    const st_guid *g = k->of(k->ctx, row);
    st_raw cells[] = { { .kind = ST_RAW_NULL }, { .kind = ST_RAW_INT, .i = (int64_t)row + 1 } };
    if (!st_guid_zero(g)) {
        st_buf_clear(text);
        st_buf_guid(text, g);
        cells[0] = (st_raw){ .kind = ST_RAW_TEXT, .s = st_buf_slice(text) };
    }
    st_pages_entry(p, cells, 2);
}

bool st_guid_keys_put(const void *keys, st_pages *p)
{
    const st_guid_keys *k = keys;
    st_buf text = { 0 };
    st_keyed *rows = in_order(k);
    for (size_t i = 0; rows && i < k->n; i++)
        put_row(k, p, rows[i].item, &text);
    bool ok = rows && !text.failed;
    st_buf_free(&text);
    free(rows);
    return ok;
}
