/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_table.c - the result of a query. JSON keeps Kusto's types: numbers are
 * numbers where JSON has them, dynamic values are JSON already.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* typed JSON */

/* RFC 8259's number, exactly; so nothing else can slip out unquoted. */
static bool json_number(st_str s)
{
    size_t i = s.n && s.p[0] == '-';
    size_t from = i;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    if (i == from || (s.p[from] == '0' && i - from > 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        from = ++i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        from = i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    return i == s.n;
}

static void put_long(st_buf *b, st_str s)
{
    st_json_digits(b, s);
}

static void put_real(st_buf *b, st_str s)
{
    if (json_number(s))
        st_buf_str(b, s);
    else
        st_json_str(b, s);
}

static void put_bool(st_buf *b, st_str s)
{
    bool yes = st_str_ieq(s, ST_STR("true")) || st_str_eq(s, ST_STR("1"));
    st_buf_str(b, yes ? ST_STR("true") : ST_STR("false"));
}

/* A checker of JSON text without recursion: one bit a level says object or array. */
typedef struct checker {
    st_str s;
    size_t i, depth;
    bool object[ST_MAX_JSON_DEPTH];
} checker;

static void skip_space(checker *c)
{
    while (c->i < c->s.n && memchr(" \t\r\n", c->s.p[c->i], 4))
        c->i++;
}

static bool eat(checker *c, char ch)
{
    skip_space(c);
    if (c->i >= c->s.n || c->s.p[c->i] != ch)
        return false;
    c->i++;
    return true;
}

static bool eat_string(checker *c)
{
    if (!eat(c, '"'))
        return false;
    while (c->i < c->s.n && c->s.p[c->i] != '"') {
        if ((unsigned char)c->s.p[c->i] < 0x20)
            return false;
        if (c->s.p[c->i] != '\\') {
            c->i++;
            continue;
        }
        if (c->i + 1 >= c->s.n || !strchr("\"\\/bfnrtu", c->s.p[c->i + 1]) || !c->s.p[c->i + 1])
            return false;
        size_t hex = c->s.p[c->i + 1] == 'u' ? 4 : 0;
        c->i += 2;
        for (; hex; hex--, c->i++)
            if (c->i >= c->s.n || !c->s.p[c->i] || !strchr("0123456789abcdefABCDEF", c->s.p[c->i]))
                return false;
    }
    return c->i < c->s.n && c->s.p[c->i++] == '"';
}

static bool eat_scalar(checker *c)
{
    skip_space(c);
    if (c->i < c->s.n && c->s.p[c->i] == '"')
        return eat_string(c);
    size_t from = c->i;
    while (c->i < c->s.n && !memchr(",]} \t\r\n", c->s.p[c->i], 7))
        c->i++;
    st_str word = { c->s.p + from, c->i - from };
    return st_str_eq(word, ST_STR("true")) || st_str_eq(word, ST_STR("false")) ||
           st_str_eq(word, ST_STR("null")) || json_number(word);
}

static bool eat_key(checker *c)
{
    return eat_string(c) && eat(c, ':');
}

/* After a value: closes what ends here; true if another value is due, *done at the very end. */
static bool after_value(checker *c, bool *done)
{
    while (c->depth) {
        if (eat(c, ','))
            return !c->object[c->depth - 1] || eat_key(c);
        if (!eat(c, c->object[c->depth - 1] ? '}' : ']'))
            return false;
        c->depth--;
    }
    *done = true;
    return true;
}

static bool json_text(st_str s)
{
    checker c = { .s = s };
    bool done = false;
    while (!done) {
        bool object = eat(&c, '{');
        if (object || eat(&c, '[')) {
            if (c.depth == ST_MAX_JSON_DEPTH)
                return false;
            c.object[c.depth++] = object;
            if (eat(&c, object ? '}' : ']'))
                c.depth--;
            else if (object && !eat_key(&c))
                return false;
            else
                continue;
        } else if (!eat_scalar(&c)) {
            return false;
        }
        if (!after_value(&c, &done))
            return false;
    }
    skip_space(&c);
    return c.i == s.n;
}

/* JSON that is known to be valid, with what a terminal would act on escaped, line ends gone. */
static void put_safe_json(st_buf *b, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        uint32_t cp = st_utf8_next(s, &i);
        if (cp == UINT32_MAX)
            st_buf_str(b, ST_STR("\xef\xbf\xbd"));
        else if (cp == 0x7f || st_cp_hidden(cp))
            st_buf_fmt(b, "\\u%04x", (unsigned)cp);
        else if (cp >= 0x20)
            st_buf_put(b, s.p + from, i - from);
    }
}

static void put_dynamic(st_buf *b, st_str s)
{
    if (json_text(s))
        put_safe_json(b, s);
    else
        st_json_str(b, s);
}

static const struct {
    const char *type;
    void (*put)(st_buf *b, st_str s);
} spellers[] = {
    { "int", put_long },  { "long", put_long },       { "real", put_real },
    { "bool", put_bool }, { "dynamic", put_dynamic }, { "decimal", put_real },
};

static void put_typed(st_buf *b, const st_table_column *col, const st_cell *cell)
{
    if (cell->null) {
        st_buf_str(b, ST_STR("null"));
        return;
    }
    for (size_t i = 0; i < sizeof spellers / sizeof spellers[0]; i++)
        if (st_str_eq(col->type, st_str_of(spellers[i].type))) {
            spellers[i].put(b, cell->text);
            return;
        }
    st_json_str(b, cell->text);
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
            put_typed(b, &t->columns[i], &t->cells[r * t->ncolumns + i]);
        }
        st_buf_char(b, ']');
        st_out_tick(o);
    }
    st_buf_char(b, ']');
    if (t->render.n && json_text(t->render)) {
        st_buf_str(b, ST_STR(",\"render\":"));
        put_safe_json(b, t->render);
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
            if (cell->null)
                continue;
            if (more)
                st_buf_char(&o->buf, ',');
            more = true;
            st_json_str(&o->buf, t->columns[i].name);
            st_buf_char(&o->buf, ':');
            put_typed(&o->buf, &t->columns[i], cell);
        }
        st_buf_put(&o->buf, "}\n", 2);
        st_out_tick(o);
    }
}

static bool numeric(const st_table_column *c)
{
    return st_str_eq(c->type, ST_STR("int")) || st_str_eq(c->type, ST_STR("long")) ||
           st_str_eq(c->type, ST_STR("real")) || st_str_eq(c->type, ST_STR("decimal"));
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
            bool number = numeric(&t->columns[i]) && json_number(cell->text);
            if (i)
                st_buf_char(b, ',');
            st_csv_field(b, cell->null ? ST_STR("") : cell->text, ro->csv_raw, number,
                         ro->cells_truncated);
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
        if (!cell->null)
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

static void end_line(st_buf *b, size_t start)
{
    while (b->n > start && b->p[b->n - 1] == ' ')
        b->n--;
    st_buf_char(b, '\n');
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
    end_line(&o->buf, head);
    for (size_t r = 0; r < t->nrows && !o->error; r++) {
        size_t start = o->buf.n;
        for (size_t i = 0; i < t->ncolumns; i++) {
            const st_cell *cell = &t->cells[r * t->ncolumns + i];
            put_padded(&o->buf, cell->null ? ST_STR("") : cell->text, widths[i],
                       i + 1 == t->ncolumns, look->width, look);
        }
        end_line(&o->buf, start);
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

void st_write_table(st_out *o, const st_table *t, st_str format, const st_report_options *ro)
{
    if (st_str_eq(format, ST_STR("json")))
        as_json_all(o, t);
    else if (st_str_eq(format, ST_STR("csv")))
        st_write_table_csv(o, t, ro);
    else
        for (bool text = !st_str_eq(format, ST_STR("jsonl")); t; t = t->next) {
            if (text)
                as_text(o, t, &ro->look);
            else
                as_jsonl(o, t);
            if (text && t->next)
                st_buf_char(&o->buf, '\n');
        }
    st_out_tick(o);
}
