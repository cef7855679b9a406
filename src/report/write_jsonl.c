/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_jsonl.c - the timeline without any loss: one object a row. What couldn't
 * become Unicode stands beside it as the bytes it was.
 */
#include "internal.h"

static bool put_list(st_buf *b, bool *more, const st_column *col, const st_view *v, st_buf *cell)
{
    for (size_t i = 0;; i++) {
        st_buf_clear(cell);
        if (!col->item(v, i, cell)) {
            if (!i && !col->always)
                return true;
            if (!i) {
                st_json_key(b, more, col->name);
                st_buf_char(b, '[');
            }
            st_buf_char(b, ']');
            return !cell->failed;
        }
        if (!i)
            st_json_key(b, more, col->name);
        st_buf_char(b, i ? ',' : '[');
        st_json_str(b, st_buf_slice(cell));
    }
}

static void put_cell(st_buf *b, bool *more, const st_column *col, const st_view *v, st_buf *cell)
{
    if (col->kind == ST_COL_LIST) {
        b->failed |= !put_list(b, more, col, v, cell);
        return;
    }
    st_str text = st_column_text(col, v, cell);
    b->failed |= cell->failed;
    if (!text.n && !col->always)
        return;
    st_json_key(b, more, col->name);
    if (col->kind == ST_COL_NUMBER && text.n)
        st_json_digits(b, text);
    else if (col->kind == ST_COL_BOOL)
        st_buf_str(b, text);
    else
        st_json_str(b, text);
}

/* Does what is by itself such a cell of an earlier row, with the comma in front of it: every row
 * begins with its time. Keeps it, if it can. */
static void put_known(st_row_block *b, bool *more, size_t column, uint64_t tells, const st_view *v,
                      void (*put)(st_row_block *b, bool *more, size_t column, const st_view *v))
{
    st_buf *out = &b->out;
    size_t from = out->n;
    if (!*more)
        tells = 0;
    if (st_cells_seen_put(b->seen, column, tells, out))
        return;
    put(b, more, column, v);
    if (!out->failed)
        st_cells_seen_keep(b->seen, column, tells, (st_str){ out->p + from, out->n - from });
}

static void put_column(st_row_block *b, bool *more, size_t column, const st_view *v)
{
    put_cell(&b->out, more, &st_columns[column], v, &b->cell);
}

static bool says(const st_rule *r, size_t notes, st_str note)
{
    for (size_t i = 0; i < notes && i < r->nfalsepositives; i++)
        if (st_str_eq(r->falsepositives[i], note))
            return true;
    return false;
}

/* What its rules' authors say that may look so, too; each once. */
static void put_falsepositives(st_row_block *to, bool *more, size_t column, const st_view *v)
{
    st_buf *b = &to->out;
    (void)column;
    const st_finding *x = v->row->nfindings ? &v->c->findings[v->row->first_finding] : NULL;
    bool any = false;
    for (size_t i = 0; i < v->row->nfindings; i++) {
        const st_rule *r = st_rules_at(v->c->rules, x[i].rule);
        for (size_t k = 0; k < r->nfalsepositives; k++) {
            bool told = says(r, k, r->falsepositives[k]);
            for (size_t e = 0; e < i && !told; e++)
                told = says(st_rules_at(v->c->rules, x[e].rule), SIZE_MAX, r->falsepositives[k]);
            if (told)
                continue;
            if (!any)
                st_json_key(b, more, "FalsePositives");
            st_buf_char(b, any ? ',' : '[');
            st_json_str(b, r->falsepositives[k]);
            any = true;
        }
    }
    if (any)
        st_buf_char(b, ']');
}

/* "lossy":[fields],"raw":{field: hex}; the name of a source isn't UTF-16 but bytes of its own. */
static void put_lossy(st_buf *b, bool *more, const st_view *v)
{
    size_t n = 0;
    const st_lossy *l = v->e ? NULL : st_lossy_of(v->f->store, v->r, &n);
    st_str source = st_source_name(v->f->evidence, st_view_source(v));
    bool odd = !st_utf8_valid(source);
    if (!n && !odd)
        return;
    st_json_key(b, more, "lossy");
    st_buf_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            st_buf_char(b, ',');
        st_json_str(b, st_str_of(l[i].field));
    }
    if (odd)
        st_buf_str(b, n ? ST_STR(",\"Source\"") : ST_STR("\"Source\""));
    st_buf_char(b, ']');
    st_json_key(b, more, "raw");
    st_buf_char(b, '{');
    bool inner = false;
    for (size_t i = 0; i < n; i++)
        st_json_text(b, &inner, l[i].field, st_pool_get(v->f->pool, l[i].hex));
    if (odd) {
        st_json_key(b, &inner, "Source");
        st_buf_char(b, '"');
        st_buf_hex(b, source.p, source.n, false);
        st_buf_char(b, '"');
    }
    st_buf_char(b, '}');
}

static void put_row(st_row_block *b, const st_view *v, const st_report_options *ro)
{
    bool more = false;
    st_buf *out = &b->out;
    st_buf_char(out, '{');
    for (size_t k = 0; k < st_ncolumns; k++)
        put_known(b, &more, k, st_column_tells(&st_columns[k], v), v, put_column);
    st_str confirmed = st_confirmed_text(v, ro);
    if (confirmed.n)
        st_json_text(out, &more, "Confirmed", confirmed);
    if (v->row->nfindings)
        put_known(b, &more, st_ncolumns, st_view_rules(v), v, put_falsepositives);
    put_lossy(out, &more, v);
    st_buf_put(out, "}\n", 2);
}

void st_write_jsonl(st_out *o, const st_case *c, const st_report_options *ro)
{
    st_out_rows(o, c, ro, put_row);
}
