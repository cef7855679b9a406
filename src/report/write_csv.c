/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_csv.c - the timeline for spreadsheets. */
#include "internal.h"

static void put_row(st_row_block *b, const st_view *v, const st_report_options *ro)
{
    st_buf *out = &b->out;
    for (size_t i = 0; i < st_ncolumns; i++) {
        const st_column *col = &st_columns[i];
        if (i)
            st_buf_char(out, ',');
        st_csv_field(out, st_column_text(col, v, &b->cell), ro->csv_raw, col->kind == ST_COL_NUMBER,
                     &b->truncated);
    }
    if (ro->confirmed) {
        st_buf_char(out, ',');
        st_csv_field(out, st_confirmed_text(v, ro), ro->csv_raw, false, NULL);
    }
    st_buf_str(out, ST_STR("\r\n"));
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
