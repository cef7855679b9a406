/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_csv.c - the timeline for spreadsheets. */
#include "internal.h"

/* A cell and the comma behind it. What needs no escaping goes where it belongs at once. */
static void put_cell(st_row_block *b, size_t i, const st_view *v, const st_report_options *ro)
{
    const st_column *col = &st_columns[i];
    st_buf *out = &b->out;
    size_t from = out->n;
    if (col->plain) {
        st_buf_put(out, "\"", 1);
        st_column_put(col, v, out);
        st_buf_put(out, "\",", 2);
        return;
    }
    uint64_t tells = st_column_tells(col, v);
    if (st_cells_seen_put(b->seen, i, tells, out))
        return;
    st_csv_field(out, st_column_text(col, v, &b->cell), ro->csv_raw, col->kind == ST_COL_NUMBER,
                 &b->truncated);
    st_buf_char(out, ',');
    if (!out->failed)
        st_cells_seen_keep(b->seen, i, tells, (st_str){ out->p + from, out->n - from });
}

static void put_row(st_row_block *b, const st_view *v, const st_report_options *ro)
{
    st_buf *out = &b->out;
    for (size_t i = 0; i < st_ncolumns; i++)
        put_cell(b, i, v, ro);
    if (ro->confirmed)
        st_csv_field(out, st_confirmed_text(v, ro), ro->csv_raw, false, NULL);
    else
        out->n -= out->n > 0; /* the last comma */
    st_buf_put(out, "\r\n", 2);
}

void st_write_csv(st_out *o, const st_case *c, const st_report_options *ro)
{
    if (!ro->csv_raw)
        st_buf_str(&o->buf, ST_STR("\xef\xbb\xbf"));
    for (size_t i = 0; i < st_ncolumns; i++) {
        if (i)
            st_buf_char(&o->buf, ',');
        st_csv_field(&o->buf, st_str_of(st_columns[i].name), ro->csv_raw, false, NULL);
    }
    if (ro->confirmed) {
        st_buf_char(&o->buf, ',');
        st_csv_field(&o->buf, ST_STR("Confirmed"), ro->csv_raw, false, NULL);
    }
    st_buf_str(&o->buf, ST_STR("\r\n"));
    st_out_rows(o, c, ro, put_row);
}
