/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_table.c - the result of a query. JSON keeps Kusto's types: numbers are
 * numbers where JSON has them, dynamic values are JSON already.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* typed JSON */

static void put_typed(st_buf *b, const st_cell *cell)
{
    switch (cell->kind) {
    case ST_CELL_NULL: st_buf_str(b, ST_STR("null")); break;
    case ST_CELL_TEXT: st_json_str(b, cell->text); break;
    case ST_CELL_WHOLE: st_json_digits(b, cell->text); break;
    case ST_CELL_NUMBER: st_buf_str(b, cell->text); break;
    case ST_CELL_BOOL:
        st_buf_str(b, st_str_ieq(cell->text, ST_STR("true")) ? ST_STR("true") : ST_STR("false"));
        break;
    case ST_CELL_JSON: st_json_safe(b, cell->text); break;
    }
}

static void as_json(st_out *o, const st_table *t)
{
    st_buf *b = &o->buf;
    st_buf_str(b, ST_STR("{\"columns\":["));
    for (size_t i = 0; i < t->ncolumns; i++) {
        bool more = false;
        st_buf_put(b, ",{", i ? 2 : 0);
        if (!i)
            st_buf_char(b, '{');
        st_json_text(b, &more, "name", t->columns[i].name);
        st_json_text(b, &more, "type", t->columns[i].type);
        st_buf_char(b, '}');
    }
    st_buf_str(b, ST_STR("],\"rows\":["));
    for (size_t r = 0; r < t->nrows && !o->error; r++) {
        st_buf_put(b, ",\n", r ? 2 : 0);
        st_buf_char(b, '[');
        for (size_t i = 0; i < t->ncolumns; i++) {
            if (i)
                st_buf_char(b, ',');
            put_typed(b, &t->cells[r * t->ncolumns + i]);
        }
        st_buf_char(b, ']');
        st_out_tick(o);
    }
    st_buf_char(b, ']');
    if (t->render.n) {
        st_buf_str(b, ST_STR(",\"render\":"));
        st_json_safe(b, t->render);
    }
    st_buf_char(b, '}');
}

/* Nulls are left out. Two columns of one name: Kusto never gives them. */
static void as_jsonl(st_out *o, const st_table *t)
{
    for (size_t r = 0; r < t->nrows && !o->error; r++) {
        bool more = false;
        st_buf_char(&o->buf, '{');
        for (size_t i = 0; i < t->ncolumns; i++) {
            const st_cell *cell = &t->cells[r * t->ncolumns + i];
            if (cell->kind == ST_CELL_NULL)
                continue;
            st_json_key_str(&o->buf, &more, t->columns[i].name);
            put_typed(&o->buf, cell);
        }
        st_buf_put(&o->buf, "}\n", 2);
        st_out_tick(o);
    }
}

static void as_csv(st_out *o, const st_table *t, const st_report_options *ro)
{
    st_buf *b = &o->buf;
    for (size_t i = 0; i < t->ncolumns; i++) {
        if (i)
            st_buf_char(b, ',');
        st_csv_field(b, t->columns[i].name, ro->csv_raw, false, NULL);
    }
    st_buf_str(b, ST_STR("\r\n"));
    for (size_t r = 0; r < t->nrows && !o->error; r++) {
        for (size_t i = 0; i < t->ncolumns; i++) {
            const st_cell *cell = &t->cells[r * t->ncolumns + i];
            bool number = cell->kind == ST_CELL_WHOLE || cell->kind == ST_CELL_NUMBER;
            if (i)
                st_buf_char(b, ',');
            st_csv_field(b, cell->text, ro->csv_raw, number, ro->cells_truncated);
        }
        st_buf_str(b, ST_STR("\r\n"));
        st_out_tick(o);
    }
    st_out_tick(o);
}

void st_write_table_csv(st_out *o, const st_table *t, const st_report_options *ro)
{
    if (!ro->csv_raw)
        st_buf_str(&o->buf, ST_STR("\xef\xbb\xbf"));
    for (; t; t = t->next) {
        as_csv(o, t, ro);
        if (t->next)
            st_buf_str(&o->buf, ST_STR("\r\n"));
    }
}

/* text: columns side by side */

#define WIDEST 60 /* columns a cell may take when a width is given */

static size_t cell_width(const st_table *t, size_t i, const st_look *look)
{
    st_buf b = { 0 };
    st_scrub(&b, t->columns[i].name, look->ascii);
    size_t w = st_text_width(st_buf_slice(&b));
    for (size_t r = 0; r < t->nrows; r++) {
        const st_cell *cell = &t->cells[r * t->ncolumns + i];
        st_buf_clear(&b);
        st_scrub(&b, cell->text, look->ascii);
        size_t x = st_text_width(st_buf_slice(&b));
        w = x > w ? x : w;
    }
    st_buf_free(&b);
    return look->width && w > WIDEST ? WIDEST : w;
}

static void put_padded(st_buf *b, st_str s, size_t width, bool last, bool cut, const st_look *look)
{
    st_buf t = { 0 }, fit = { 0 };
    st_scrub(&t, s, look->ascii);
    st_fit(&fit, st_buf_slice(&t), cut ? width : 0, look->ascii);
    st_buf_str(b, st_buf_slice(&fit));
    for (size_t w = st_text_width(st_buf_slice(&fit)); !last && w < width + 2; w++)
        st_buf_char(b, ' ');
    b->failed |= t.failed || fit.failed;
    st_buf_free(&t);
    st_buf_free(&fit);
}

static void end_line(st_buf *b, size_t start, const st_look *look)
{
    while (b->n > start && b->p[b->n - 1] == ' ')
        b->n--;
    st_buf_char(b, '\n');
    st_clip(b, start, look);
}

static void as_text(st_out *o, const st_table *t, const st_look *look)
{
    size_t *widths = calloc(t->ncolumns + 1, sizeof *widths);
    if (!widths) {
        o->buf.failed = true;
        return;
    }
    for (size_t i = 0; i < t->ncolumns; i++)
        widths[i] = cell_width(t, i, look);
    size_t head = o->buf.n;
    for (size_t i = 0; i < t->ncolumns; i++)
        put_padded(&o->buf, t->columns[i].name, widths[i], i + 1 == t->ncolumns, look->width, look);
    end_line(&o->buf, head, look);
    for (size_t r = 0; r < t->nrows && !o->error; r++) {
        size_t start = o->buf.n;
        for (size_t i = 0; i < t->ncolumns; i++) {
            const st_cell *cell = &t->cells[r * t->ncolumns + i];
            put_padded(&o->buf, cell->text, widths[i], i + 1 == t->ncolumns, look->width, look);
        }
        end_line(&o->buf, start, look);
        st_out_tick(o);
    }
    free(widths);
}

static void as_json_all(st_out *o, const st_table *t)
{
    bool several = t->next != NULL;
    if (several)
        st_buf_char(&o->buf, '[');
    for (; t; t = t->next) {
        as_json(o, t);
        if (t->next)
            st_buf_char(&o->buf, ',');
    }
    st_buf_str(&o->buf, several ? ST_STR("]\n") : ST_STR("\n"));
}

static void as_text_all(st_out *o, const st_table *t, const st_look *look)
{
    for (; t; t = t->next) {
        as_text(o, t, look);
        if (t->next)
            st_buf_char(&o->buf, '\n');
    }
}

void st_write_table(st_out *o, const st_table *t, st_format_id format, const st_report_options *ro)
{
    switch (format) {
    case ST_F_JSON: as_json_all(o, t); break;
    case ST_F_CSV: st_write_table_csv(o, t, ro); break;
    case ST_F_JSONL:
        for (; t; t = t->next)
            as_jsonl(o, t);
        break;
    default: as_text_all(o, t, &ro->look);
    }
    st_out_tick(o);
}
