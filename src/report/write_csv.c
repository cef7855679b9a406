/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_csv.c - the timeline for spreadsheets. */
#include "internal.h"

static void put_row(st_buf *b, const st_view *v, const st_report_options *ro, st_buf *cell)
{
    for (size_t i = 0; i < st_ncolumns; i++) {
        const st_column *col = &st_columns[i];
        if (i)
            st_buf_char(b, ',');
        st_str text = st_column_text(col, v, cell);
        b->failed |= cell->failed;
        st_csv_field(b, text, ro->csv_raw, col->kind == ST_COL_NUMBER, ro->cells_truncated);
    }
    if (ro->confirmed) {
        st_buf_char(b, ',');
        st_csv_field(b, st_confirmed_text(v, ro), ro->csv_raw, false, NULL);
    }
    st_buf_str(b, ST_STR("\r\n"));
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
    st_buf cell = { 0 };
    st_view v;
    for (size_t i = 0; i < c->nrows && !o->error; i++) {
        if (st_view_of(&v, c, &c->rows[i]))
            put_row(&o->buf, &v, ro, &cell);
        st_out_tick(o);
    }
    st_buf_free(&cell);
}
