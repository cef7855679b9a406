/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_timesketch.c - the rows as Timesketch's importer takes them: message,
 * datetime with a zone, timestamp in microseconds, the names its own mappings
 * look for; then the columns, under their own names.
 */
#include "internal.h"

/* What happened at the row's time. */
static const char *described(const st_view *v)
{
    return v->e ? st_event_kind_at(v->e->kind)->word : "Process created";
}

static void put_message(st_buf *b, const st_view *v, st_buf *t)
{
    st_buf_clear(t);
    for (size_t i = 0; i < v->row->nfindings; i++) {
        const st_finding *x = &v->c->findings[v->row->first_finding + i];
        st_buf_str(t, i ? ST_STR("; ") : ST_STR(""));
        st_buf_str(t, st_rules_at(v->c->rules, x->rule)->title);
    }
    st_buf_str(t, t->n ? ST_STR(": ") : ST_STR(""));
    if (!v->row->nfindings)
        st_buf_fmt(t, "%s: ", described(v));
    if (v->row->node < v->f->n)
        st_chain_put(v->f, v->row->node, t);
    if (v->e) {
        st_buf_str(t, ST_STR(": "));
        st_target_put(v->f, v->e, t);
    }
    st_str cmd = v->e ? ST_STR("") : st_dashless(st_pool_get(v->f->pool, v->p->command_line));
    if (cmd.n) {
        st_buf_str(t, ST_STR(": "));
        st_buf_str(t, cmd);
    }
    st_json_str(b, st_buf_slice(t));
}

/* 2026-01-02T03:04:05.678000+00:00: without a zone it would be taken for the server's own. */
static void put_datetime(st_buf *b, st_ticks t, st_buf *text)
{
    st_buf_clear(text);
    st_buf_time_iso(text, t);
    if (text->n > 2)
        text->n -= 2; /* the seventh digit and Z */
    st_buf_str(text, ST_STR("+00:00"));
    st_json_str(b, st_buf_slice(text));
}

static bool has_technique(const st_view *v, const st_column *techniques, const char *id, st_buf *t)
{
    for (size_t i = 0; st_buf_clear(t), techniques->item(v, i, t); i++)
        if (st_str_eq(st_buf_slice(t), st_str_of(id)))
            return true;
    return false;
}

/* The techniques, and a word to look for where a web shell is one of them. */
static void put_tags(st_buf *b, const st_view *v, st_buf *t)
{
    const st_column *techniques = st_column_named("Techniques");
    st_buf_str(b, ST_STR("[\"shelltree\""));
    if (has_technique(v, techniques, "T1505.003", t))
        st_buf_str(b, ST_STR(",\"webshell\""));
    for (size_t i = 0; st_buf_clear(t), techniques->item(v, i, t); i++) {
        st_buf_char(b, ',');
        st_json_str(b, st_buf_slice(t));
    }
    st_buf_char(b, ']');
}

static void put_own_keys(st_buf *b, bool *more, const st_view *v, st_buf *t)
{
    st_ticks utc = st_view_time(v);
    st_json_key(b, more, "message");
    put_message(b, v, t);
    st_json_key(b, more, "datetime");
    put_datetime(b, utc, t);
    st_json_key(b, more, "timestamp");
    st_buf_i64(b, ((int64_t)utc - (int64_t)ST_TICKS_UNIX) / 10);
    st_json_text(b, more, "timestamp_desc", st_str_of(described(v)));
    st_json_text(b, more, "data_type", ST_STR("windows:evtx:record"));
    st_json_text(b, more, "source_name", st_view_provider(v));
    st_json_num(b, more, "event_identifier", st_view_event_id(v));
    st_json_text(b, more, "computer_name",
                 v->host < v->f->nhosts ? st_pool_get(v->f->pool, v->f->hosts[v->host].shown)
                                        : ST_STR(""));
    st_json_key(b, more, "tag");
    put_tags(b, v, t);
}

/* Types never vary: lists become text here, because the first row decides a key's type. */
static void put_column(st_buf *b, bool *more, const st_column *col, const st_view *v, st_buf *t)
{
    st_str text = st_column_text(col, v, t);
    if (!text.n)
        return;
    st_json_key(b, more, col->name);
    if (col->kind == ST_COL_BOOL)
        st_buf_str(b, text);
    else if (col->kind == ST_COL_NUMBER &&
             !st_str_eq(st_str_of(col->name), ST_STR("EventRecordID")))
        st_json_digits(b, text);
    else
        st_json_str(b, text);
}

void st_write_timesketch(st_out *o, const st_case *c)
{
    st_buf t = { 0 };
    st_view v;
    for (size_t i = 0; i < c->nrows && !o->error; i++) {
        /* The importer can't take an event without a time. */
        if (!st_view_of(&v, c, &c->rows[i]) || !st_view_time(&v))
            continue;
        bool more = false;
        st_buf_char(&o->buf, '{');
        put_own_keys(&o->buf, &more, &v, &t);
        for (size_t k = 0; k < st_ncolumns; k++)
            put_column(&o->buf, &more, &st_columns[k], &v, &t);
        st_buf_put(&o->buf, "}\n", 2);
        o->buf.failed |= t.failed;
        st_out_tick(o);
    }
    st_buf_free(&t);
}
