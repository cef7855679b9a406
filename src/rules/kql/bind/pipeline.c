/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.c - statements, tables and the operators of a pipeline.
 *
 * A let that is a table is a macro: each use binds it anew, in the scope of its definition.
 * Operators are rows of a table by the parser's kinds; one that has no row yet is refused by
 * its name.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "rules/text/suggest.h"
#include "rules/kql/syntax/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

/* columns of an output */

typedef struct outputs {
    st_col *cols;
    st_proj_item *items;
    bool *named; /* by the author */
    size_t n, cap, items_cap, named_cap;
    unsigned columns; /* nameless ones so far */
    st_expr **tuples; /* values of several columns: computed first, as columns behind the input's */
    size_t ntuples, tuples_cap;
} outputs;

static void outputs_free(outputs *o)
{
    free(o->cols);
    free(o->items);
    free(o->named);
    free((void *)o->tuples);
}

static size_t find_output(const outputs *o, st_str name)
{
    for (size_t i = 0; i < o->n; i++)
        if (st_str_eq(o->cols[i].name, name))
            return i;
    return SIZE_MAX;
}

static bool put_output(st_binder *b, outputs *o, st_str name, bool named, st_proj_item item,
                       st_type type)
{
    if (!st_grow(&o->cols, &o->cap, o->n + 1, sizeof *o->cols) ||
        !st_grow(&o->items, &o->items_cap, o->n + 1, sizeof *o->items) ||
        !st_grow(&o->named, &o->named_cap, o->n + 1, sizeof *o->named)) {
        b->failed = true;
        return st_run_nomem(b->r);
    }
    o->cols[o->n] = (st_col){ name, type };
    o->items[o->n] = item;
    o->named[o->n++] = named;
    return true;
}

static st_str numbered(st_binder *b, st_str stem, unsigned n)
{
    char t[24];
    snprintf(t, sizeof t, "%u", n);
    char *p = ST_NEWN(&b->r->arena, char, stem.n + strlen(t) + 1);
    if (!p)
        return stem;
    memcpy(p, stem.p, stem.n);
    strcpy(p + stem.n, t);
    return (st_str){ p, stem.n + strlen(t) };
}

/* The name itself, or with the first number behind it that is free. */
static st_str free_name(st_binder *b, const outputs *o, st_str name)
{
    st_str t = name;
    for (unsigned i = 1; find_output(o, t) != SIZE_MAX; i++)
        t = numbered(b, name, i);
    return t;
}

/* One expression of a list: its value and, if the author gave one, its name. */
static const st_kql_expr *unname(const st_kql_expr *e, st_str *name)
{
    *name = (st_str){ NULL, 0 };
    if (e->kind != ST_KQL_NAMED)
        return e;
    *name = e->u.named.names[0].text;
    return e->u.named.value;
}

/* The value of a function that gives several columns, to be computed once a row. */
static st_expr *tuple_column(st_binder *b, outputs *o, const st_kql_expr *value)
{
    st_expr *x = st_bind_tuple(b, value);
    if (!x || b->aggregates || x->type == ST_TYPE_UNKNOWN)
        return x;
    st_expr *col = ST_NEW(&b->r->arena, st_expr);
    if (!col || !st_grow(&o->tuples, &o->tuples_cap, o->ntuples + 1, sizeof(st_expr *))) {
        b->failed = true;
        st_run_nomem(b->r);
        return NULL;
    }
    *col = (st_expr){ .kind = ST_EXPR_COLUMN,
                      .type = ST_TYPE_DYNAMIC,
                      .col = (b->row ? b->row->n : 0) + o->ntuples };
    o->tuples[o->ntuples++] = x;
    return col;
}

/* Adds the columns of such a function. The author's names are for the first ones; `all`: the
 * others come too (extend takes only the named ones). replace: a column of that name gives way. */
static bool add_tuple(st_binder *b, outputs *o, const st_kql_expr *e, bool all, bool replace)
{
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    size_t named = e->kind == ST_KQL_NAMED ? e->u.named.nnames : 0,
           width = st_bind_tuple_width(value);
    st_expr *tuple = tuple_column(b, o, value);
    if (named > width) {
        st_bind_error(b, e->span, NULL, "%zu names for %zu columns", named, width);
        return false;
    }
    for (size_t i = 0; tuple && i < (all || !named ? width : named); i++) {
        st_col c = st_bind_tuple_column(b, value, i);
        st_str name = i < named ? e->u.named.names[i].text : c.name;
        st_proj_item item = { st_bind_tuple_value(b, value, tuple, i), 0 };
        size_t at = replace ? find_output(o, name) : SIZE_MAX;
        if (!item.x)
            return false;
        if (at != SIZE_MAX) {
            o->cols[at].type = c.type;
            o->items[at] = item;
            o->named[at] = i < named;
        } else if (!put_output(b, o, free_name(b, o, name), i < named, item, c.type)) {
            return false;
        }
    }
    return tuple != NULL;
}

/* The input, behind whose columns stand the values of several columns. */
static st_op *with_tuples(st_binder *b, st_op *in, const outputs *o)
{
    size_t n = in->schema.n + o->ntuples;
    st_col *cols = ST_NEWN(&b->r->arena, st_col, n);
    st_proj_item *items = ST_NEWN(&b->r->arena, st_proj_item, n);
    if (!o->ntuples)
        return in;
    for (size_t i = 0; cols && items && i < n; i++) {
        bool own = i < in->schema.n;
        cols[i] = own ? in->schema.v[i] : (st_col){ ST_STR(""), ST_TYPE_DYNAMIC };
        items[i] =
            own ? (st_proj_item){ NULL, i } : (st_proj_item){ o->tuples[i - in->schema.n], 0 };
    }
    return cols && items ? st_op_project(b->r, in, cols, items, n) : NULL;
}

/* Adds the columns of a list (project, summarize, distinct, print). */
static bool add_expr(st_binder *b, outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = unname(e, &name);
    if (st_bind_is_tuple(b, value))
        return add_tuple(b, o, e, true, false);
    if (e->kind == ST_KQL_NAMED && e->u.named.nnames > 1) {
        st_bind_error(b, e->span, NULL, "several names need a value of several columns");
        return false;
    }
    st_expr *x = st_bind_settled(b, value, st_bind_expr(b, value));
    if (!x)
        return false;
    bool named = name.p != NULL || (value->kind == ST_KQL_NAME && x->kind == ST_EXPR_COLUMN);
    if (!name.p)
        name = st_bind_name(b, value);
    size_t taken = find_output(o, name);
    if (named && taken != SIZE_MAX && o->named && o->named[taken]) {
        st_bind_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return false;
    }
    if (!name.n)
        name = numbered(b, ST_STR("Column"), ++o->columns);
    name = free_name(b, o, name);
    st_proj_item item =
        x->kind == ST_EXPR_COLUMN ? (st_proj_item){ NULL, x->col } : (st_proj_item){ x, 0 };
    return put_output(b, o, name, named, item, x->type);
}

static st_op *finish(st_binder *b, st_op *in, outputs *o)
{
    /* After an error, too: a column of unknown type is better than none. */
    st_op *from = with_tuples(b, in, o);
    st_op *op = from ? st_op_project(b->r, from, o->cols, o->items, o->n) : NULL;
    outputs_free(o);
    return op;
}

/* the family of project */

st_op *st_bind_op_project(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    for (size_t i = 0; i < q->u.exprs.n; i++)
        add_expr(b, &o, q->u.exprs.items[i]);
    return finish(b, in, &o);
}

static bool keep_all(st_binder *b, outputs *o, const st_schema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!put_output(b, o, s->v[i].name, false, (st_proj_item){ NULL, i }, s->v[i].type))
            return false;
    return true;
}

static void extend_one(st_binder *b, outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = unname(e, &name);
    if (st_bind_is_tuple(b, value)) {
        add_tuple(b, o, e, false, true);
        return;
    }
    st_expr *x = st_bind_settled(b, value, st_bind_expr(b, value));
    if (!x)
        return;
    bool named = name.p != NULL;
    if (!named)
        name = st_bind_name(b, value);
    if (!name.n)
        do
            name = numbered(b, ST_STR("Column"), ++o->columns);
        while (find_output(o, name) != SIZE_MAX);
    size_t at = find_output(o, name);
    st_proj_item item =
        x->kind == ST_EXPR_COLUMN ? (st_proj_item){ NULL, x->col } : (st_proj_item){ x, 0 };
    if (at == SIZE_MAX) {
        put_output(b, o, name, named, item, x->type);
        return;
    }
    if (named && o->named[at]) {
        st_bind_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return;
    }
    if (!named && value->kind == ST_KQL_NAME)
        return;
    o->cols[at].type = x->type;
    o->items[at] = item;
    o->named[at] = named;
}

static st_op *bind_extend(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    keep_all(b, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++)
        extend_one(b, &o, q->u.exprs.items[i]);
    return finish(b, in, &o);
}

/* `*` stands for any text; no other signs. Patterns come from rules: linear with one way back. */
static bool wild(st_str pattern, st_str s)
{
    size_t p = 0, i = 0, star = SIZE_MAX, back = 0;
    while (i < s.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            back = i;
        } else if (p < pattern.n && pattern.p[p] == s.p[i]) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* Marks the columns that e names; false (and an error) if there are none. */
static bool mark(st_binder *b, const st_kql_expr *e, bool *hit)
{
    bool any = false, star = e->kind == ST_KQL_STAR;
    if (e->kind != ST_KQL_NAME && e->kind != ST_KQL_PATTERN && !star) {
        st_bind_error(b, e->span, NULL, "a column's name is needed here");
        return false;
    }
    for (size_t i = 0; i < b->row->n; i++)
        if (star || (e->kind == ST_KQL_NAME ? st_str_eq(e->u.name, b->row->v[i].name)
                                            : wild(e->u.name, b->row->v[i].name)))
            any = hit[i] = true;
    if (!any && e->kind == ST_KQL_NAME)
        st_bind_no_column(b, e->span, e->u.name);
    else if (!any && !b->row->open)
        st_bind_error(b, e->span, "KS142", "no column is like %.*s", ST_FMT(e->u.name));
    return any;
}

static st_op *bind_keep(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    bool *hit = ST_NEWN(&b->r->arena, bool, in->schema.n);
    for (size_t i = 0; hit && i < q->u.exprs.n; i++)
        mark(b, q->u.exprs.items[i], hit);
    for (size_t i = 0; hit && i < in->schema.n; i++)
        if (hit[i] == (q->kind == ST_KQL_PIPE_PROJECT_KEEP))
            put_output(b, &o, in->schema.v[i].name, true, (st_proj_item){ NULL, i },
                       in->schema.v[i].type);
    return finish(b, in, &o);
}

static st_op *bind_rename(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    keep_all(b, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        if (e->kind != ST_KQL_NAMED || e->u.named.value->kind != ST_KQL_NAME) {
            st_bind_error(b, e->span, NULL, "project-rename needs NEW = OLD");
            continue;
        }
        size_t at = st_bind_column(&in->schema, e->u.named.value->u.name);
        if (at == SIZE_MAX) {
            st_bind_no_column(b, e->u.named.value->span, e->u.named.value->u.name);
            continue;
        }
        if (find_output(&o, e->u.named.names[0].text) != SIZE_MAX)
            st_bind_error(b, e->span, "KS171", "there is a column %.*s already",
                          ST_FMT(e->u.named.names[0].text));
        o.cols[at].name = e->u.named.names[0].text;
    }
    return finish(b, in, &o);
}

typedef struct sort_name {
    st_str name;
    size_t at;
} sort_name;

static int by_name(const void *a, const void *b)
{
    const sort_name *x = a, *y = b;
    return st_str_cmp(x->name, y->name);
}

static st_op *bind_reorder(st_binder *b, st_op *in, const st_kql_op *q)
{
    size_t n = in->schema.n;
    outputs o = { 0 };
    bool *used = ST_NEWN(&b->r->arena, bool, n), *hit = ST_NEWN(&b->r->arena, bool, n);
    sort_name *names = ST_NEWN(&b->r->arena, sort_name, n);
    for (size_t k = 0; used && hit && names && k < q->u.keys.n; k++) {
        const st_kql_key *key = &q->u.keys.keys[k];
        size_t count = 0;
        memset(hit, 0, n);
        if (!mark(b, key->expr, hit))
            continue;
        for (size_t i = 0; i < n; i++)
            if (hit[i] && !used[i])
                names[count++] = (sort_name){ in->schema.v[i].name, i };
        if (key->asc || key->desc)
            qsort(names, count, sizeof *names, by_name);
        for (size_t i = 0; i < count; i++) {
            size_t at = names[key->desc ? count - 1 - i : i].at;
            used[at] = true;
            put_output(b, &o, in->schema.v[at].name, true, (st_proj_item){ NULL, at },
                       in->schema.v[at].type);
        }
    }
    for (size_t i = 0; used && i < n; i++)
        if (!used[i])
            put_output(b, &o, in->schema.v[i].name, true, (st_proj_item){ NULL, i },
                       in->schema.v[i].type);
    return finish(b, in, &o);
}

/* where, order, top, take, count, distinct */

static st_op *bind_where(st_binder *b, st_op *in, const st_kql_op *q)
{
    bool filtering = b->filtering;
    b->filtering = true;
    st_expr *x = st_bind_condition(b, q->u.expr);
    b->filtering = filtering;
    return x && !b->failed ? st_op_where(b->r, in, x) : NULL;
}

static bool bind_keys(st_binder *b, const st_kql_key *keys, size_t n, st_sort_key **out)
{
    *out = ST_NEWN(&b->r->arena, st_sort_key, n);
    for (size_t i = 0; *out && i < n; i++) {
        st_str name;
        const st_kql_expr *value = unname(keys[i].expr, &name);
        st_expr *x = st_bind_settled(b, value, st_bind_expr(b, value));
        if (!x)
            return false;
        if (x->type == ST_TYPE_DYNAMIC)
            st_bind_error(b, keys[i].expr->span, "KS116",
                          "a dynamic can't be sorted by; wrap it in tostring()");
        bool desc = !keys[i].asc;
        (*out)[i] = (st_sort_key){ x, desc, keys[i].nulls_first || (!desc && !keys[i].nulls_last) };
    }
    return *out && !b->failed;
}

static st_op *bind_order(st_binder *b, st_op *in, const st_kql_op *q)
{
    st_sort_key *keys;
    return bind_keys(b, q->u.keys.keys, q->u.keys.n, &keys)
               ? st_op_order(b->r, in, keys, q->u.keys.n, SIZE_MAX)
               : NULL;
}

/* How many rows: a constant whole number. */
static bool row_count(st_binder *b, const st_kql_expr *e, size_t *n)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(b, e, &v, &t))
        return false;
    if (v.tag != ST_VAL_LONG) {
        st_bind_error(b, e->span, "KS107", "a number of rows is needed here");
        return false;
    }
    *n = v.u.i < 0 ? 0 : (size_t)v.u.i;
    return true;
}

static st_op *bind_top(st_binder *b, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    st_sort_key *keys;
    if (!row_count(b, q->u.top.count, &n) || !bind_keys(b, q->u.top.keys, q->u.top.n, &keys))
        return NULL;
    return st_op_order(b->r, in, keys, q->u.top.n, n);
}

static st_op *bind_take(st_binder *b, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    return row_count(b, q->u.top.count, &n) ? st_op_take(b->r, in, n) : NULL;
}

static st_op *bind_count(st_binder *b, st_op *in, const st_kql_op *q)
{
    return st_op_count(b->r, in, q->u.name.text.n ? q->u.name.text : ST_STR("Count"));
}

static bool no_dynamic(st_binder *b, const st_kql_op *q, const st_schema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].type == ST_TYPE_DYNAMIC) {
            st_bind_error(b, q->span, "KS116",
                          "a dynamic (%.*s) can't be grouped; wrap it in tostring()",
                          ST_FMT(s->v[i].name));
            return false;
        }
    return true;
}

static st_op *bind_distinct(st_binder *b, st_op *in, const st_kql_op *q)
{
    st_op *p = in;
    if (!(q->u.exprs.n == 1 && q->u.exprs.items[0]->kind == ST_KQL_STAR))
        p = st_bind_op_project(b, in, q);
    return p && no_dynamic(b, q, &p->schema) ? st_op_distinct(b->r, p) : NULL;
}

static st_op *bind_sample_distinct(st_binder *b, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    outputs o = { 0 };
    if (!row_count(b, q->u.top.count, &n) || !add_expr(b, &o, q->u.top.of)) {
        outputs_free(&o);
        return NULL;
    }
    st_op *p = finish(b, in, &o);
    p = p ? st_op_distinct(b->r, p) : NULL;
    return p ? st_op_take(b->r, p, n) : NULL;
}

/* The chart that the author had in mind: its kind and options, as JSON for whoever draws. */
static st_op *bind_render(st_binder *b, st_op *in, const st_kql_op *q)
{
    st_mem *m = &b->r->mem;
    st_bag *g = st_bag_new(m, q->nopts + 1);
    st_op *op = st_op_take(b->r, in, SIZE_MAX);
    st_buf t = { 0 };
    if (!g || !op)
        return NULL;
    g->keys[0] = st_val_str(m, ST_STR("kind")).u.s;
    g->v[0] = st_val_str(m, q->u.name.text);
    for (size_t i = 0; i < q->nopts; i++) {
        const st_kql_expr *e = q->opts[i].value;
        st_expr *x = e && e->kind == ST_KQL_LITERAL ? st_bind_expr(b, e) : NULL;
        g->keys[i + 1] = st_val_str(m, q->opts[i].name.text).u.s;
        g->v[i + 1] = x                             ? x->value
                      : e && e->kind == ST_KQL_NAME ? st_val_str(m, e->u.name)
                                                    : st_val_null();
    }
    st_val_put_json(&t, m, st_val_bag(g));
    op->render = st_arena_copy(&b->r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return op;
}

/* The query as far as its operator `end`, as an expression; NULL: no memory. */
static st_kql_expr *query_up_to(st_binder *b, const st_kql_query *query, const st_kql_op *end)
{
    st_kql_expr *e = ST_NEW(&b->r->arena, st_kql_expr);
    st_kql_query *head = ST_NEW(&b->r->arena, st_kql_query);
    if (!e || !head)
        return NULL;
    *head = (st_kql_query){ .span = query->span };
    st_kql_op **to = &head->first;
    for (const st_kql_op *q = query->first; q && q != end; q = q->next) {
        if (!(*to = ST_NEW(&b->r->arena, st_kql_op)))
            return NULL;
        **to = *q;
        (*to)->next = NULL;
        to = &(*to)->next;
    }
    *e = (st_kql_expr){ .kind = ST_KQL_QUERY, .span = query->span, .u.query = head };
    return e;
}

/* Operators behind it know the rows so far by a name, as though a let had given them. */
static st_op *bind_as(st_binder *b, st_op *in, const st_kql_op *q)
{
    if (!b->piped) {
        st_bind_error(b, q->word, NULL, "the rows of a subquery can't be named; use let");
        return NULL;
    }
    st_let *l = ST_NEW(&b->r->arena, st_let);
    st_kql_expr *e = query_up_to(b, b->piped, q);
    if (!l || !e)
        return NULL;
    *l = (st_let){
        .next = b->env, .name = q->u.name.text, .kind = ST_L_TABLE, .expr = e, .env = b->env
    };
    b->env = l;
    return in;
}

static st_op *bind_getschema(st_binder *b, st_op *in, const st_kql_op *q)
{
    static const char *const clr[] = {
        [ST_TYPE_BOOL] = "System.SByte",        [ST_TYPE_DATETIME] = "System.DateTime",
        [ST_TYPE_DYNAMIC] = "System.Object",    [ST_TYPE_GUID] = "System.Guid",
        [ST_TYPE_INT] = "System.Int32",         [ST_TYPE_LONG] = "System.Int64",
        [ST_TYPE_REAL] = "System.Double",       [ST_TYPE_STRING] = "System.String",
        [ST_TYPE_TIMESPAN] = "System.TimeSpan", [ST_TYPE_UNKNOWN] = "System.Object",
    };
    static const char *const names[] = { "ColumnName", "ColumnOrdinal", "DataType", "ColumnType" };
    (void)q;
    st_val *cells = ST_NEWN(&b->r->arena, st_val, in->schema.n * 4);
    st_col cols[4];
    for (size_t i = 0; i < 4; i++)
        cols[i] = (st_col){ st_str_of(names[i]), i == 1 ? ST_TYPE_LONG : ST_TYPE_STRING };
    for (size_t i = 0; cells && i < in->schema.n; i++) {
        cells[4 * i] = st_val_str(&b->r->mem, in->schema.v[i].name);
        cells[4 * i + 1] = st_val_long((int64_t)i);
        cells[4 * i + 2] = st_val_str(&b->r->mem, st_str_of(clr[in->schema.v[i].type]));
        cells[4 * i + 3] = st_val_str(&b->r->mem, st_str_of(st_type_name(in->schema.v[i].type)));
    }
    return cells ? st_op_values(b->r, cols, 4, cells, in->schema.n) : NULL;
}

/* Aggregates that give columns of one row of the group, each as an aggregate of its own. */
typedef struct row_agg {
    const char *name, *code; /* code: the aggregate that finds the row */
    const char *prefix;      /* of names, where old or where a column has none */
    bool ranked;             /* the first argument says which row; else the first one is taken */
    bool old;                /* names of that time: max_a, max_a_b, any_a */
} row_agg;

static const row_agg row_aggs[] = {
    { "arg_max", "arg_max", "max_", true, false },   { "arg_min", "arg_min", "min_", true, false },
    { "argmax", "arg_max", "max_", true, true },     { "argmin", "arg_min", "min_", true, true },
    { "take_any", "arg_min", "any_", false, false }, { "any", "arg_min", "any_", false, true },
};

/* One value alone is no row: take_any(x) prefers one that isn't null. */
static const row_agg *row_agg_of(const st_kql_expr *e)
{
    if (e->kind != ST_KQL_CALL || !e->u.call.args.n)
        return NULL;
    bool several = e->u.call.args.n > 1 || e->u.call.args.items[0]->kind == ST_KQL_STAR;
    for (size_t i = 0; i < sizeof row_aggs / sizeof *row_aggs; i++)
        if (st_str_eq(e->u.call.name.text, st_str_of(row_aggs[i].name)))
            return row_aggs[i].ranked || several ? &row_aggs[i] : NULL;
    return NULL;
}

typedef struct row_binder {
    const row_agg *agg;
    outputs *out;
    st_expr *by;              /* what finds the row */
    st_str stem;              /* its own name */
    const st_kql_name *names; /* what the author called the first columns */
    size_t nnames, given;
} row_binder;

static st_str joined(st_binder *b, st_str x, st_str y)
{
    char *p = ST_NEWN(&b->r->arena, char, x.n + y.n + 1);
    if (!p)
        return x;
    if (x.n)
        memcpy(p, x.p, x.n);
    if (y.n)
        memcpy(p + x.n, y.p, y.n);
    return (st_str){ p, x.n + y.n };
}

/* A column of the row; own is the name it has by itself, empty if none. */
static void add_of_row(st_binder *b, row_binder *w, st_expr *value, st_str own)
{
    st_expr **args = ST_NEWN(&b->r->arena, st_expr *, 2);
    if (!args || !w->by || !value)
        return;
    args[0] = w->by;
    args[1] = value;
    st_agg_call c = { .agg = st_agg_find(st_str_of(w->agg->code)),
                      .args = args,
                      .nargs = 2,
                      .type = value->type,
                      .limit = INT64_MAX };
    size_t i = w->given++, at = st_bind_add_call(b, &c);
    bool named = i < w->nnames && w->names[i].text.p;
    st_str name = own, prefix = st_str_of(w->agg->prefix);
    if (named)
        name = w->names[i].text;
    else if (!w->agg->ranked)
        name = !own.n        ? numbered(b, joined(b, prefix, ST_STR("arg")), (unsigned)i)
               : w->agg->old ? joined(b, prefix, own)
                             : own;
    else if (!i)
        name = own.n && !w->agg->old ? own : joined(b, prefix, own);
    else if (w->agg->old || !own.n)
        name =
            joined(b, joined(b, prefix, w->stem),
                   joined(b, ST_STR("_"), own.n ? own : numbered(b, ST_STR("arg"), (unsigned)i)));
    put_output(b, w->out, free_name(b, w->out, name), named, (st_proj_item){ NULL, at },
               value->type);
}

/* `*`: the columns that are neither keys nor what finds the row. */
static void add_whole_row(st_binder *b, row_binder *w, const outputs *keys)
{
    if (b->node_call == SIZE_MAX)
        b->node_call = b->ncalls ? b->ncalls - w->agg->ranked : 0;
    for (size_t c = 0; c < b->row->n; c++) {
        bool taken = w->by->kind == ST_EXPR_COLUMN && w->by->col == c;
        for (size_t k = 0; k < keys->n; k++) {
            const st_proj_item *key = &keys->items[k];
            taken |= key->x ? key->x->kind == ST_EXPR_COLUMN && key->x->col == c : key->from == c;
        }
        st_expr *col = taken ? NULL : ST_NEW(&b->r->arena, st_expr);
        if (!col)
            continue;
        *col = (st_expr){ .kind = ST_EXPR_COLUMN, .type = b->row->v[c].type, .col = c };
        add_of_row(b, w, col, b->row->v[c].name);
    }
}

/* The name of an expression over the rows, not over aggregates. */
static st_str row_name(st_binder *b, const st_kql_expr *e)
{
    b->aggregates = false;
    st_str name = st_bind_name(b, e);
    b->aggregates = true;
    return name;
}

static void add_row_agg(st_binder *b, outputs *o, const outputs *keys, const row_agg *agg,
                        const st_kql_expr *e, const st_kql_name *names, size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    row_binder w = { .agg = agg, .out = o, .names = names, .nnames = nnames };
    b->nested = true;
    w.by = agg->ranked ? st_bind_expr(b, args->items[0])
                       : st_bind_const(b, ST_TYPE_LONG, st_val_long(0));
    if (agg->ranked) {
        w.stem = row_name(b, args->items[0]);
        add_of_row(b, &w, w.by, w.stem);
    }
    for (size_t i = agg->ranked; w.by && i < args->n; i++) {
        st_str name;
        const st_kql_expr *v = unname(args->items[i], &name);
        if (v->kind == ST_KQL_STAR)
            add_whole_row(b, &w, keys);
        else
            add_of_row(b, &w, st_bind_expr(b, v), name.p ? name : row_name(b, v));
    }
    b->nested = false;
}

/* percentiles(x, p, ...), percentilesw(x, weight, p, ...): how many arguments stand before the
 * ranks; 0: it is neither. */
static size_t before_ranks(const st_kql_expr *e)
{
    if (e->kind != ST_KQL_CALL || e->u.call.base)
        return 0;
    size_t n = st_str_eq(e->u.call.name.text, ST_STR("percentiles"))    ? 1
               : st_str_eq(e->u.call.name.text, ST_STR("percentilesw")) ? 2
                                                                        : 0;
    return e->u.call.args.n > n ? n : 0;
}

/* An aggregate a rank. */
static void add_percentiles(st_binder *b, outputs *o, const st_kql_expr *e,
                            const st_kql_name *names, size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    size_t first = before_ranks(e);
    for (size_t i = first; i < args->n; i++) {
        st_kql_expr *own[] = { args->items[0], args->items[first > 1 ? 1 : i], args->items[i] };
        st_kql_expr one = *e;
        one.u.call.name.text = first > 1 ? ST_STR("percentilew") : ST_STR("percentile");
        one.u.call.args.items = own;
        one.u.call.args.n = first + 1;
        st_expr *x = st_bind_expr(b, &one);
        if (!x || x->kind != ST_EXPR_COLUMN)
            return;
        bool named = i - first < nnames;
        st_str name = named ? names[i - first].text : st_bind_name(b, &one);
        put_output(b, o, free_name(b, o, name), named, (st_proj_item){ NULL, x->col }, x->type);
    }
}

/* summarize */

static st_op *bind_summarize(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs keys = { 0 }, all = { 0 };
    for (size_t i = 0; i < q->u.group.by.n; i++)
        add_expr(b, &keys, q->u.group.by.items[i]);
    size_t nkeys = keys.n;
    st_expr **key = ST_NEWN(&b->r->arena, st_expr *, nkeys);
    for (size_t i = 0; key && !b->failed && i < nkeys; i++) {
        st_expr *col = ST_NEW(&b->r->arena, st_expr);
        key[i] = keys.items[i].x ? keys.items[i].x : col;
        if (!keys.items[i].x && col)
            *col = (st_expr){ .kind = ST_EXPR_COLUMN,
                              .type = keys.cols[i].type,
                              .col = keys.items[i].from };
        if (keys.cols[i].type == ST_TYPE_DYNAMIC)
            st_bind_error(b, q->u.group.by.items[i]->span, "KS116",
                          "a dynamic can't be grouped; wrap it in tostring()");
        put_output(b, &all, keys.cols[i].name, keys.named[i], (st_proj_item){ NULL, i },
                   keys.cols[i].type);
    }
    b->aggregates = true;
    b->ncalls = 0;
    b->node_call = SIZE_MAX;
    b->keys = nkeys;
    all.columns = keys.columns;
    for (size_t i = 0; i < q->u.group.exprs.n; i++) {
        const st_kql_expr *e = q->u.group.exprs.items[i];
        st_str name;
        const st_kql_expr *v = unname(e, &name);
        const row_agg *row = row_agg_of(v);
        if (row)
            add_row_agg(b, &all, &keys, row, v, e->kind == ST_KQL_NAMED ? e->u.named.names : NULL,
                        e->kind == ST_KQL_NAMED ? e->u.named.nnames : 0);
        else if (before_ranks(v))
            add_percentiles(b, &all, v, e->kind == ST_KQL_NAMED ? e->u.named.names : NULL,
                            e->kind == ST_KQL_NAMED ? e->u.named.nnames : 0);
        else
            add_expr(b, &all, e);
    }
    b->aggregates = false;
    size_t ncalls = b->ncalls;
    st_agg_call *calls = ST_NEWN(&b->r->arena, st_agg_call, ncalls);
    st_col *cols = ST_NEWN(&b->r->arena, st_col, nkeys + ncalls);
    st_op *group = NULL;
    if (calls && cols && !b->failed) {
        for (size_t i = 0; i < nkeys; i++)
            cols[i] = keys.cols[i];
        for (size_t i = 0; i < ncalls; i++) {
            calls[i] = b->calls[i];
            cols[nkeys + i] = (st_col){ ST_STR("_"), b->calls[i].type };
        }
        in = with_tuples(b, in, &keys);
        group =
            in ? st_op_summarize(b->r, in, key, nkeys, calls, ncalls, b->node_call, cols) : NULL;
    }
    outputs_free(&keys);
    if (!group) {
        outputs_free(&all);
        return NULL;
    }
    return finish(b, group, &all);
}

/* sources */

static st_op *bind_print(st_binder *b, const st_kql_op *q)
{
    outputs o = { 0 };
    st_val none = st_val_null();
    st_op *one = st_op_values(b->r, NULL, 0, &none, 1);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        st_str name;
        const st_kql_expr *v = unname(e, &name);
        if (st_bind_is_tuple(b, v)) {
            add_tuple(b, &o, e, true, false);
            continue;
        }
        st_expr *x = st_bind_expr(b, v);
        if (!x)
            break;
        if (name.p && find_output(&o, name) != SIZE_MAX)
            st_bind_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        bool named = name.p != NULL;
        if (!named)
            name = numbered(b, ST_STR("print_"), (unsigned)i);
        put_output(b, &o, free_name(b, &o, name), named, (st_proj_item){ x, 0 }, x->type);
    }
    return one ? finish(b, one, &o) : NULL;
}

static st_op *bind_datatable(st_binder *b, const st_kql_op *q)
{
    const st_kql_schema *s = &q->u.data.schema;
    size_t n = q->u.data.cells.n;
    if (!s->n || n % s->n) {
        st_bind_error(b, q->span, NULL, "%zu values don't fill rows of %zu columns", n, s->n);
        return NULL;
    }
    st_col *cols = ST_NEWN(&b->r->arena, st_col, s->n);
    st_val *cells = ST_NEWN(&b->r->arena, st_val, n);
    for (size_t i = 0; cols && i < s->n; i++) {
        cols[i] = (st_col){ s->columns[i].name.text, st_bind_type(s->columns[i].type) };
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(cols[k].name, cols[i].name))
                st_bind_error(b, s->columns[i].name.span, "KS171", "there is a column %.*s already",
                              ST_FMT(cols[i].name));
    }
    for (size_t i = 0; cols && cells && i < n; i++) {
        st_expr *x = st_bind_expr(b, q->u.data.cells.items[i]);
        if (!x || x->kind != ST_EXPR_CONST) {
            if (x)
                st_bind_error(b, q->u.data.cells.items[i]->span, NULL, "a constant is needed here");
            return NULL;
        }
        st_type t = cols[i % s->n].type;
        cells[i] = x->type == t ? x->value : st_val_convert(&b->r->mem, t, x->type, x->value);
    }
    return cols && cells && !b->failed ? st_op_values(b->r, cols, s->n, cells, n / s->n) : NULL;
}

static st_op *bind_range(st_binder *b, const st_kql_op *q)
{
    st_val from, to, step;
    st_type t, tt, st;
    if (!st_bind_constant(b, q->u.range.from, &from, &t) ||
        !st_bind_constant(b, q->u.range.to, &to, &tt) ||
        !st_bind_constant(b, q->u.range.step, &step, &st))
        return NULL;
    bool numbers = st_type_numeric(t) && st_type_numeric(tt) && st_type_numeric(st);
    bool times =
        (t == ST_TYPE_DATETIME || t == ST_TYPE_TIMESPAN) && tt == t && st == ST_TYPE_TIMESPAN;
    if (!numbers && !times) {
        st_bind_error(b, q->span, "KS106", "range isn't defined for %s, %s and %s", st_type_name(t),
                      st_type_name(tt), st_type_name(st));
        return NULL;
    }
    if (numbers && (tt == ST_TYPE_REAL || st == ST_TYPE_REAL) && t != ST_TYPE_REAL) {
        from = st_val_convert(&b->r->mem, ST_TYPE_REAL, t, from);
        t = ST_TYPE_REAL;
    } else if (t == ST_TYPE_INT) {
        t = ST_TYPE_LONG;
    }
    return st_op_range(b->r, q->u.range.name.text, t, from, to, step);
}

/* union */

typedef struct legs {
    st_op *op[256];
    st_str name[256];
    size_t n;
} legs;

static void add_leg(st_binder *b, legs *l, const st_kql_expr *e, bool fuzzy)
{
    if (l->n == 256) {
        st_bind_error(b, e->span, NULL, "more than 256 tables in one union");
        return;
    }
    if (fuzzy && e->kind == ST_KQL_NAME && !st_bind_let(b, e->u.name) &&
        !st_table_def_find(e->u.name)) {
        st_bind_warn(b, e->span, "no table %.*s: left out (isfuzzy)", ST_FMT(e->u.name));
        return;
    }
    st_str name =
        e->kind == ST_KQL_NAME ? e->u.name : numbered(b, ST_STR("union_arg"), (unsigned)l->n);
    if (e->kind == ST_KQL_PATTERN || e->kind == ST_KQL_STAR) {
        st_str pattern = e->kind == ST_KQL_STAR ? ST_STR("*") : e->u.name;
        bool any = false;
        for (size_t i = 0; st_table_def_at(i); i++)
            if (st_table_def_at(i)->rows != ST_OF_NODES &&
                l->n < 256 && /* DeviceProcessEvents again */
                wild(pattern, st_str_of(st_table_def_at(i)->name))) {
                l->name[l->n] = st_str_of(st_table_def_at(i)->name);
                l->op[l->n++] = st_op_scan(b->r, st_table_def_at(i));
                any = true;
            }
        if (!any)
            st_bind_error(b, e->span, NULL, "no table is like %.*s", ST_FMT(e->u.name));
        return;
    }
    st_op *op = st_bind_table(b, e);
    if (op) {
        l->name[l->n] = name;
        l->op[l->n++] = op;
    }
}

const st_kql_expr *st_bind_opt(const st_kql_op *q, const char *name)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_eq(q->opts[i].name.text, st_str_of(name)))
            return q->opts[i].value;
    return NULL;
}

static bool opt_is(const st_kql_op *q, const char *name, const char *value)
{
    const st_kql_expr *e = st_bind_opt(q, name);
    if (e && e->kind == ST_KQL_NAME)
        return st_str_eq(e->u.name, st_str_of(value));
    return e && e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_BOOL && e->u.value.i &&
           !strcmp(value, "true");
}

/* Does some other leg have this name with another type? */
static bool clashes(const legs *l, const st_col *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_bind_column(&l->op[i]->schema, c->name);
        if (at != SIZE_MAX && l->op[i]->schema.v[at].type != c->type)
            return true;
    }
    return false;
}

static bool everywhere(const legs *l, const st_col *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_bind_column(&l->op[i]->schema, c->name);
        if (at == SIZE_MAX || l->op[i]->schema.v[at].type != c->type)
            return false;
    }
    return true;
}

typedef struct ucol {
    st_str name, plain;
    st_type type;
} ucol;

static bool is_taken(const ucol *cols, size_t n, size_t but, st_str name)
{
    for (size_t k = 0; k < n; k++)
        if (k != but && st_str_eq(cols[k].name, name))
            return true;
    return false;
}

/* A name that was made is no other column's. */
static void number_made(st_binder *b, ucol *cols, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_str made = cols[i].name;
        unsigned k = 0;
        while (cols[i].name.n != cols[i].plain.n && !b->r->arena.failed &&
               is_taken(cols, n, i, cols[i].name))
            cols[i].name = numbered(b, made, ++k);
    }
}

static size_t union_columns(st_binder *b, const legs *l, bool inner, ucol *cols)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        for (size_t c = 0; c < l->op[i]->schema.n; c++) {
            const st_col *col = &l->op[i]->schema.v[c];
            size_t k = 0;
            while (k < n && !(st_str_eq(cols[k].plain, col->name) && cols[k].type == col->type))
                k++;
            if (k < n || (inner && !everywhere(l, col)))
                continue;
            st_str name = col->name;
            size_t at = n;
            if (clashes(l, col)) {
                st_buf t = { 0 };
                st_buf_fmt(&t, "%.*s_%s", ST_FMT(col->name), st_type_name(col->type));
                name = st_arena_copy(&b->r->arena, st_buf_slice(&t));
                st_buf_free(&t);
                for (k = 0; k < n; k++) /* beside the first of that name */
                    if (st_str_eq(cols[k].plain, col->name))
                        at = k + 1;
            }
            memmove(cols + at + 1, cols + at, (n - at) * sizeof *cols);
            cols[at] = (ucol){ name, col->name, col->type };
            n++;
        }
    number_made(b, cols, n);
    return n;
}

st_op *st_bind_op_union(st_binder *b, st_op *in, const st_kql_op *q)
{
    legs *l = ST_NEW(&b->r->arena, legs);
    if (!l)
        return NULL;
    if (in) {
        l->op[0] = in;
        l->name[0] = ST_STR("union_arg0");
        l->n = 1;
    }
    const st_schema *row = b->row;
    b->row = NULL;
    for (size_t i = 0; i < q->u.exprs.n; i++)
        add_leg(b, l, q->u.exprs.items[i], opt_is(q, "isfuzzy", "true"));
    b->row = row;
    const st_kql_expr *source = st_bind_opt(q, "withsource");
    source = source ? source : st_bind_opt(q, "with_source");
    size_t total = 0, first = source && source->kind == ST_KQL_NAME ? 1 : 0;
    for (size_t i = 0; i < l->n; i++)
        total += l->op[i]->schema.n;
    if (b->failed)
        return NULL;
    if (!l->n) {
        st_bind_error(b, q->span, NULL, "nothing to unite");
        return NULL;
    }
    ucol *u = ST_NEWN(&b->r->arena, ucol, total + 1);
    size_t n = u ? union_columns(b, l, opt_is(q, "kind", "inner"), u) : 0;
    st_col *cols = ST_NEWN(&b->r->arena, st_col, n + 1);
    const size_t **map = ST_NEWN(&b->r->arena, const size_t *, l->n);
    st_val *names = first ? ST_NEWN(&b->r->arena, st_val, l->n) : NULL;
    if (!u || !cols || !map || (first && !names))
        return NULL;
    if (first)
        cols[0] = (st_col){ source->u.name, ST_TYPE_STRING };
    for (size_t c = 0; c < n; c++)
        cols[first + c] = (st_col){ u[c].name, u[c].type };
    for (size_t i = 0; i < l->n; i++) {
        size_t *m = ST_NEWN(&b->r->arena, size_t, n + 1);
        if (!m)
            return NULL;
        if (first) {
            names[i] = st_val_str(&b->r->mem, l->name[i]);
            m[0] = SIZE_MAX;
        }
        for (size_t c = 0; c < n; c++) {
            size_t at = st_bind_column(&l->op[i]->schema, u[c].plain);
            m[first + c] =
                at != SIZE_MAX && l->op[i]->schema.v[at].type == u[c].type ? at : SIZE_MAX;
        }
        map[i] = m;
    }
    return st_op_union(b->r, l->op, map, names, l->n, cols, first + n);
}

/* join, lookup */

static bool join_kind(st_binder *b, const st_kql_op *q, st_join *out)
{
    static const struct {
        const char *name;
        st_join kind;
    } kinds[] = { { "innerunique", ST_J_INNERUNIQUE }, { "inner", ST_J_INNER },
                  { "leftouter", ST_J_LEFTOUTER },     { "rightouter", ST_J_RIGHTOUTER },
                  { "fullouter", ST_J_FULLOUTER },     { "leftsemi", ST_J_LEFTSEMI },
                  { "leftanti", ST_J_LEFTANTI },       { "anti", ST_J_LEFTANTI },
                  { "leftantisemi", ST_J_LEFTANTI },   { "rightsemi", ST_J_RIGHTSEMI },
                  { "rightanti", ST_J_RIGHTANTI },     { "rightantisemi", ST_J_RIGHTANTI } };
    const st_kql_expr *e = st_bind_opt(q, "kind");
    bool lookup = q->kind == ST_KQL_PIPE_LOOKUP;
    *out = lookup ? ST_J_LEFTOUTER : ST_J_INNERUNIQUE;
    if (!e)
        return true;
    for (size_t i = 0; e->kind == ST_KQL_NAME && i < sizeof kinds / sizeof *kinds; i++)
        if (st_str_eq(e->u.name, st_str_of(kinds[i].name)) &&
            (!lookup || kinds[i].kind == ST_J_LEFTOUTER || kinds[i].kind == ST_J_INNER)) {
            *out = kinds[i].kind;
            return true;
        }
    st_bind_error(
        b, e->span, "KS005", "unknown %s kind %.*s; expected %s", lookup ? "lookup" : "join",
        ST_FMT(e->kind == ST_KQL_NAME ? e->u.name : ST_STR("")),
        lookup ? "inner or leftouter"
               : "fullouter, inner, innerunique, leftanti, leftouter, leftsemi, rightanti, "
                 "rightouter or rightsemi");
    return false;
}

static bool side(const st_kql_expr *e, const char *which, st_str *name)
{
    if (e->kind != ST_KQL_MEMBER || e->u.member.base->kind != ST_KQL_NAME ||
        !st_str_eq(e->u.member.base->u.name, st_str_of(which)))
        return false;
    *name = e->u.member.name.text;
    return true;
}

/* A service's rows with a key that no list knows: of the other side's type, never filled. */
static bool loose_key(st_binder *b, st_op *op, st_str name, st_type type)
{
    outputs o = { 0 };
    if (!op->schema.loose || op->schema.open)
        return false;
    st_op *in = ST_NEW(&b->r->arena, st_op);
    if (!in)
        return false;
    *in = *op;
    keep_all(b, &o, &in->schema);
    st_expr *x = st_bind_const(b, type, st_val_missing(type));
    st_op *with =
        x && put_output(b, &o, name, true, (st_proj_item){ x, 0 }, type) ? finish(b, in, &o) : NULL;
    if (!with)
        return false;
    with->step = op->step;
    with->schema.loose = true;
    *op = *with;
    return true;
}

/* What join's `on` takes, said by what stands there. */
static void bad_join_key(st_binder *b, const st_kql_expr *e)
{
    st_str ln = { 0 }, rn = { 0 };
    bool equal = e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_EQ;
    if (equal && side(e->u.binary.left, "$right", &rn) && side(e->u.binary.right, "$left", &ln))
        st_bind_error(b, e->span, "KS183",
                      "`$left.` stands on the left of `==`: $left.%.*s == $right.%.*s", ST_FMT(ln),
                      ST_FMT(rn));
    else if (equal && e->u.binary.left->kind == ST_KQL_NAME &&
             e->u.binary.right->kind == ST_KQL_NAME)
        st_bind_error(b, e->span, "KS183", "say whose columns these are: $left.%.*s == $right.%.*s",
                      ST_FMT(e->u.binary.left->u.name), ST_FMT(e->u.binary.right->u.name));
    else
        st_bind_error(b, e->span, "KS183",
                      e->kind == ST_KQL_NAMED ||
                              (e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_ASSIGN)
                          ? "`=` assigns; a join is on $left.a == $right.b"
                          : "a join is on columns' names and $left.a == $right.b, on nothing else");
}

static bool join_key(st_binder *b, const st_kql_expr *e, st_op *l, st_op *r, size_t *lk, size_t *rk)
{
    st_str ln, rn;
    if (e->kind == ST_KQL_NAME) {
        ln = rn = e->u.name;
    } else if (!(e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_EQ &&
                 side(e->u.binary.left, "$left", &ln) && side(e->u.binary.right, "$right", &rn))) {
        bad_join_key(b, e);
        return false;
    }
    *lk = st_bind_column(&l->schema, ln);
    *rk = st_bind_column(&r->schema, rn);
    st_type other = *lk != SIZE_MAX   ? l->schema.v[*lk].type
                    : *rk != SIZE_MAX ? r->schema.v[*rk].type
                                      : ST_TYPE_STRING;
    if (*lk == SIZE_MAX && loose_key(b, l, ln, other))
        *lk = st_bind_column(&l->schema, ln);
    if (*rk == SIZE_MAX && loose_key(b, r, rn, other))
        *rk = st_bind_column(&r->schema, rn);
    const st_schema *row = b->row;
    if (*lk == SIZE_MAX || *rk == SIZE_MAX) {
        b->row = *lk == SIZE_MAX ? &l->schema : &r->schema;
        st_bind_no_column(b, e->span, *lk == SIZE_MAX ? ln : rn);
        b->row = row;
        return false;
    }
    st_type a = l->schema.v[*lk].type, c = r->schema.v[*rk].type;
    bool whole = (a == ST_TYPE_LONG || a == ST_TYPE_INT) && (c == ST_TYPE_LONG || c == ST_TYPE_INT);
    if (a == ST_TYPE_DYNAMIC || (a != c && !whole)) {
        st_bind_error(b, e->span, "KS242", "%s and %s can't be joined on", st_type_name(a),
                      st_type_name(c));
        return false;
    }
    return true;
}

/* The conditions, `and` taken apart. */
static size_t join_keys(st_binder *b, const st_kql_op *q, st_op *l, st_op *r, size_t *lk,
                        size_t *rk, size_t max)
{
    const st_kql_expr *todo[64];
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < q->u.join.on.n; i++) {
        depth = 0;
        todo[depth++] = q->u.join.on.items[i];
        while (depth) {
            const st_kql_expr *e = todo[--depth];
            if (e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_AND && depth + 2 <= 64) {
                todo[depth++] = e->u.binary.right;
                todo[depth++] = e->u.binary.left;
            } else if (n == max || !join_key(b, e, l, r, &lk[n], &rk[n])) {
                return 0;
            } else {
                n++;
            }
        }
    }
    return n;
}

static void note_join(st_binder *b, st_join kind, const st_op *l, const st_op *r, const size_t *lk,
                      const size_t *rk, size_t n)
{
    static const char *const words[] = { "innerunique", "inner",     "leftouter",
                                         "rightouter",  "fullouter", "leftsemi",
                                         "leftanti",    "rightsemi", "rightanti" };
    st_buf t = { 0 };
    for (size_t i = 0; b->step && i < n; i++)
        st_buf_fmt(&t, "%s%.*s = %.*s", i ? ", " : "", ST_FMT(l->schema.v[lk[i]].name),
                   ST_FMT(r->schema.v[rk[i]].name));
    st_bind_step_note(b, "%s on %.*s", words[kind], ST_FMT(st_buf_slice(&t)));
    st_buf_free(&t);
}

static st_op *bind_join(st_binder *b, st_op *in, const st_kql_op *q)
{
    enum { KEYS = 32 };
    st_join kind;
    size_t lk[KEYS], rk[KEYS];
    const st_schema *row = b->row;
    b->row = NULL;
    st_op *right = st_bind_table(b, q->u.join.right);
    b->row = row;
    if (!join_kind(b, q, &kind) || !right)
        return NULL;
    size_t nkeys = join_keys(b, q, in, right, lk, rk, KEYS);
    if (!nkeys) {
        if (!b->failed)
            st_bind_error(b, q->span, NULL, "join needs a condition: on KEY");
        return NULL;
    }
    note_join(b, kind, in, right, lk, rk, nkeys);
    outputs o = { 0 };
    bool only_right = kind == ST_J_RIGHTSEMI || kind == ST_J_RIGHTANTI,
         only_left = kind == ST_J_LEFTSEMI || kind == ST_J_LEFTANTI;
    size_t *rights = ST_NEWN(&b->r->arena, size_t, right->schema.n), nright = 0;
    if (!only_right)
        keep_all(b, &o, &in->schema);
    for (size_t c = 0; rights && !only_left && c < right->schema.n; c++) {
        bool key = false;
        for (size_t k = 0; k < nkeys; k++)
            key |= rk[k] == c;
        if (key && q->kind == ST_KQL_PIPE_LOOKUP)
            continue;
        st_str name = right->schema.v[c].name, t = name;
        for (unsigned i = 1;
             !only_right && (find_output(&o, t) != SIZE_MAX ||
                             (i > 1 && st_bind_column(&right->schema, t) != SIZE_MAX));
             i++)
            t = numbered(b, name, i);
        put_output(b, &o, t, false, (st_proj_item){ NULL, c }, right->schema.v[c].type);
        rights[nright++] = c;
    }
    st_op *op = rights && !b->failed
                    ? st_op_join(b->r, in, right, kind, lk, rk, nkeys, rights, nright, o.cols, o.n)
                    : NULL;
    outputs_free(&o);
    return op;
}

/* mv-expand */

static bool expand_item(st_binder *b, outputs *o, const st_kql_expand_item *it, st_expand *out)
{
    st_str name;
    const st_kql_expr *value = unname(it->expr, &name);
    st_expr *x = st_bind_expr(b, value);
    x = x ? st_bind_as_json(b, x) : NULL;
    if (!x)
        return false;
    if (x->type != ST_TYPE_DYNAMIC && x->type != ST_TYPE_UNKNOWN) {
        st_bind_error(b, it->expr->span, "KS141",
                      "a dynamic is needed here, not %s; use split() or parse_json()",
                      st_type_name(x->type));
        return false;
    }
    if (!name.p)
        name = st_bind_name(b, value);
    if (!name.n)
        name = numbered(b, ST_STR("Column"), ++o->columns);
    *out = (st_expand){ x, find_output(o, name),
                        it->to == ST_TYPE_UNKNOWN ? ST_TYPE_DYNAMIC : st_bind_type(it->to) };
    if (out->col == SIZE_MAX) {
        out->col = o->n;
        return put_output(b, o, name, true, (st_proj_item){ NULL, 0 }, out->to);
    }
    if (o->cols)
        o->cols[out->col].type = out->to;
    return true;
}

static st_op *bind_expand(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_expand *items = ST_NEWN(&b->r->arena, st_expand, n);
    bool ok = items && keep_all(b, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(b, &o, &q->u.expand.items[i], &items[i]);
    const st_kql_expr *ix = st_bind_opt(q, "with_itemindex");
    if (ok && ix && ix->kind == ST_KQL_NAME) {
        index = o.n;
        ok = put_output(b, &o, ix->u.name, true, (st_proj_item){ NULL, 0 }, ST_TYPE_LONG);
    }
    if (ok && q->u.expand.limit)
        ok = row_count(b, q->u.expand.limit, &limit);
    st_op *op =
        ok && !b->failed ? st_op_expand(b->r, in, items, n, limit, index, o.cols, o.n) : NULL;
    outputs_free(&o);
    return op;
}

/* mv-apply */

/* What a subquery that is run again and again may hold: operators of one input. */
static bool may_repeat(st_binder *b, const st_kql_query *body)
{
    static const st_kql_op_kind kinds[] = {
        ST_KQL_PIPE_WHERE,        ST_KQL_PIPE_EXTEND,       ST_KQL_PIPE_PROJECT,
        ST_KQL_PIPE_PROJECT_AWAY, ST_KQL_PIPE_PROJECT_KEEP, ST_KQL_PIPE_DISTINCT,
        ST_KQL_PIPE_SUMMARIZE,    ST_KQL_PIPE_ORDER,        ST_KQL_PIPE_PROJECT_RENAME,
        ST_KQL_PIPE_TOP,          ST_KQL_PIPE_TAKE,         ST_KQL_PIPE_COUNT,
        ST_KQL_PIPE_MV_EXPAND,    ST_KQL_PIPE_MV_APPLY,     ST_KQL_PIPE_PROJECT_REORDER,
        ST_KQL_PIPE_PARSE,        ST_KQL_PIPE_PARSE_WHERE,  ST_KQL_PIPE_SERIALIZE
    };
    for (const st_kql_op *q = body->first; q; q = q->next) {
        bool ok = false;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            ok |= q->kind == kinds[i];
        if (!ok) {
            st_bind_error(b, q->word, NULL, "%s can't stand in mv-apply's subquery",
                          st_kql_op_name(q->kind));
            return false;
        }
    }
    return true;
}

/* The input's columns but those that were spread, as the subquery gives them where it has them,
 * then its other columns. */
static st_op *beside(st_binder *b, st_op *in, const st_expand *items, size_t n, size_t limit,
                     size_t index, st_op *body)
{
    size_t most = in->schema.n + body->schema.n, k = 0;
    st_col *cols = ST_NEWN(&b->r->arena, st_col, most);
    st_applied *out = ST_NEWN(&b->r->arena, st_applied, most);
    for (size_t c = 0; cols && out && c < in->schema.n; c++) {
        size_t at = st_bind_column(&body->schema, in->schema.v[c].name);
        bool spread = false;
        for (size_t i = 0; i < n; i++)
            spread |= items[i].col == c;
        if (spread)
            continue;
        cols[k] = at == SIZE_MAX ? in->schema.v[c] : body->schema.v[at];
        out[k++] = at == SIZE_MAX ? (st_applied){ false, c } : (st_applied){ true, at };
    }
    size_t kept = k;
    for (size_t c = 0; cols && out && c < body->schema.n; c++)
        if (st_bind_column(&(st_schema){ .v = cols, .n = kept }, body->schema.v[c].name) ==
            SIZE_MAX) {
            cols[k] = body->schema.v[c];
            out[k++] = (st_applied){ true, c };
        }
    return cols && out ? st_op_apply(b->r, in, items, n, limit, index, body, cols, out, k) : NULL;
}

static const st_kql_expr *item_index(const st_kql_op *q)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_eq(q->opts[i].name.text, ST_STR("with_itemindex")) && q->opts[i].value &&
            q->opts[i].value->kind == ST_KQL_NAME)
            return q->opts[i].value;
    return NULL;
}

static st_op *bind_apply(st_binder *b, st_op *in, const st_kql_op *q)
{
    outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_expand *items = ST_NEWN(&b->r->arena, st_expand, n);
    bool ok = items && q->u.expand.body && keep_all(b, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(b, &o, &q->u.expand.items[i], &items[i]);
    const st_kql_expr *ix = item_index(q);
    if (ok && ix) {
        index = o.n;
        ok = put_output(b, &o, ix->u.name, true, (st_proj_item){ NULL, 0 }, ST_TYPE_LONG);
    }
    if (ok && q->u.expand.limit)
        ok = row_count(b, q->u.expand.limit, &limit);
    ok = ok && may_repeat(b, q->u.expand.body);
    st_op *from = ok && !b->failed ? st_op_feed(b->r, o.cols, o.n, in->lineage) : NULL;
    outputs_free(&o);
    st_op *body = from ? st_bind_body(b, from, q->u.expand.body, true) : NULL;
    return body && !b->failed ? beside(b, in, items, n, limit, index, body) : NULL;
}

/* tables as expressions */

/* The service at the root of cluster("a").database("b").T, f(x) or T, if it has rows. */
static const st_service_def *service_rows(const st_kql_expr *e)
{
    const st_service_def *s = NULL;
    while (e->kind == ST_KQL_MEMBER || (e->kind == ST_KQL_CALL && e->u.call.base))
        e = e->kind == ST_KQL_MEMBER ? e->u.member.base : e->u.call.base;
    if (e->kind == ST_KQL_CALL)
        s = st_service_def_find(e->u.call.name.text);
    else if (e->kind == ST_KQL_NAME)
        s = st_service_def_find(e->u.name);
    return s && s->kind != ST_SV_VALUE ? s : NULL;
}

bool st_bind_tabular(st_binder *b, const st_kql_expr *e)
{
    if (e->kind == ST_KQL_QUERY)
        return true;
    if (e->kind == ST_KQL_NAME) {
        if (st_bind_column(b->row, e->u.name) != SIZE_MAX)
            return false;
        st_let *l = st_bind_let(b, e->u.name);
        if (l && l->kind == ST_L_LAMBDA && l->expr->u.lambda.body)
            return true;
        return l ? l->kind == ST_L_TABLE : st_table_def_find(e->u.name) || service_rows(e);
    }
    if (service_rows(e) && (e->kind != ST_KQL_CALL || !st_bind_let(b, e->u.call.name.text)))
        return true;
    if (e->kind != ST_KQL_CALL)
        return false;
    st_let *l = st_bind_let(b, e->u.call.name.text);
    if (st_str_eq(e->u.call.name.text, ST_STR("materialize")) ||
        st_str_eq(e->u.call.name.text, ST_STR("table")) || (!l && st_bind_is_lineage(e)))
        return true;
    if (!l || l->kind != ST_L_LAMBDA)
        return false;
    const st_kql_stmt *s = l->expr->u.lambda.body;
    while (s && s->next)
        s = s->next;
    if (!s || !s->value)
        return false;
    if (s->value->kind == ST_KQL_QUERY)
        return true;
    if (s->value->kind != ST_KQL_NAME && s->value->kind != ST_KQL_CALL)
        return false;
    for (size_t i = 0; i < l->expr->u.lambda.nparams; i++)
        if (s->value->kind == ST_KQL_NAME &&
            st_str_eq(l->expr->u.lambda.params[i].name.text, s->value->u.name))
            return l->expr->u.lambda.params[i].tabular;
    st_let *env = b->env;
    b->env = l->env;
    bool t = b->depth < ST_MAX_KQL_CALLS;
    b->depth++;
    t = t && st_bind_tabular(b, s->value);
    b->depth--;
    b->env = env;
    return t;
}

static st_op *any_value(st_binder *b, const st_kql_expr *e);

/* What stands for a table that couldn't be understood, which was told: it has any column. */
static st_op *unread_table(st_binder *b)
{
    st_op *op = st_op_values(b->r, NULL, 0, NULL, 0);
    b->failed = b->opened = true;
    if (op)
        op->schema.open = true;
    return op;
}

static st_op *name_table(st_binder *b, const st_kql_expr *e)
{
    st_str name = e->u.name;
    st_let *l = st_bind_let(b, name);
    const st_table_def *t = st_table_def_find(name);
    if (l && l->kind == ST_L_LAMBDA)
        return st_bind_call_table(b, e);
    if (l && l->rows)
        return st_op_replay(b->r, l->rows);
    if (l && l->kind == ST_L_TABLE) {
        st_let *env = b->env;
        b->env = l->env;
        st_plan_step *outer = b->step;
        b->step = NULL;
        st_op *op = any_value(b, l->expr);
        b->step = outer;
        b->env = env;
        st_bind_label(b, l);
        return op;
    }
    st_bind_label(b, NULL);
    if (st_bind_unread(l))
        return unread_table(b);
    if (l) {
        st_bind_error(b, e->span, NULL, "%.*s is a value here; a table is needed", ST_FMT(name));
        return NULL;
    }
    if (t) {
        st_bind_warn_table(b, e->span, t);
        return st_op_scan(b->r, t);
    }
    const st_service_def *service = st_service_def_find(name);
    if (service)
        return st_bind_service_table(b, e->span, service, name);
    st_suggest s = { .want = name };
    const char *today = st_kql_foreign(ST_FOREIGN_TABLE, name);
    for (size_t i = 0; st_table_def_at(i); i++)
        st_suggest_offer(&s, st_str_of(st_table_def_at(i)->name));
    for (st_let *k = b->env; k; k = k->next)
        st_suggest_offer(&s, k->name);
    if (today)
        st_bind_error(b, e->span, "KS204", "no table %.*s; it is called %s today", ST_FMT(name),
                      today);
    else if (s.best.p)
        st_bind_error(b, e->span, "KS204", "no table %.*s; did you mean %.*s?", ST_FMT(name),
                      ST_FMT(s.best));
    else
        st_bind_error(b, e->span, "KS204", "no table %.*s", ST_FMT(name));
    return NULL;
}

/* A call of a function whose value is a table; e is a name where it has no arguments. */
st_op *st_bind_call_table(st_binder *b, const st_kql_expr *e)
{
    st_str name = e->kind == ST_KQL_NAME ? e->u.name : e->u.call.name.text;
    st_let *l = st_bind_let(b, name);
    size_t n = e->kind == ST_KQL_CALL ? e->u.call.args.n : 0;
    if (!l && n == 1 && st_str_eq(name, ST_STR("materialize")))
        return st_bind_table(b, e->u.call.args.items[0]);
    if (!l && st_bind_is_lineage(e))
        return st_bind_lineage(b, e);
    if (st_bind_unread(l))
        return unread_table(b);
    if (!l || l->kind != ST_L_LAMBDA) {
        const st_service_def *service = l ? NULL : st_service_def_find(name);
        if (service)
            return st_bind_service_table(b, e->span, service, name);
        st_bind_error(b, e->span, "KS211", "no function %.*s that gives a table", ST_FMT(name));
        return NULL;
    }
    st_let *env = b->env;
    const st_kql_stmt *last = NULL;
    st_plan_step *outer = b->step;
    b->step = NULL;
    st_op *op = st_bind_open_call(b, l, e, &last) ? any_value(b, last->value) : NULL;
    b->step = outer;
    b->env = env;
    st_bind_label(b, l);
    return op;
}

/* A table, or a graph. */
static st_op *any_value(st_binder *b, const st_kql_expr *e)
{
    if (b->depth >= ST_MAX_KQL_CALLS) {
        st_bind_error(b, e->span, NULL, "tables and functions inside one another deeper than %u",
                      ST_MAX_KQL_CALLS);
        return NULL;
    }
    if (b->expansions++ >= ST_MAX_KQL_EXPANSIONS) {
        if (b->expansions == ST_MAX_KQL_EXPANSIONS + 1)
            st_bind_error(b, e->span, NULL,
                          "tables and functions are used more than %u times when written out",
                          ST_MAX_KQL_EXPANSIONS);
        return NULL;
    }
    b->depth++;
    const st_schema *row = b->row;
    st_op *op = NULL;
    if (e->kind == ST_KQL_QUERY)
        op = st_bind_query(b, e->u.query);
    else if (e->kind == ST_KQL_NAME)
        op = name_table(b, e);
    else if (e->kind == ST_KQL_MEMBER && service_rows(e))
        op = st_bind_service_table(b, e->span, service_rows(e), st_str_of(service_rows(e)->name));
    else if (e->kind == ST_KQL_CALL)
        op = st_bind_call_table(b, e);
    else if (e->kind == ST_KQL_ERROR)
        op = unread_table(b);
    else
        st_bind_error(b, e->span, NULL, "a table is needed here%s",
                      e->kind == ST_KQL_BINARY ? "; if this is a title, put `//` in front of it"
                                               : "");
    b->row = row;
    b->depth--;
    if (op && !op->step && !op->again)
        op->step = st_bind_step(b, e->span, NULL);
    st_bind_step_side(b, op);
    return op;
}

/* A table, or several. */
static st_op *tables_of(st_binder *b, const st_kql_expr *e)
{
    st_op *op = any_value(b, e);
    if (!op || !op->graph)
        return op;
    st_bind_error(b, e->span, NULL,
                  "this is a graph; a table is needed: put graph-match, graph-shortest-paths or "
                  "graph-to-table behind it");
    return NULL;
}

st_op *st_bind_table(st_binder *b, const st_kql_expr *e)
{
    st_op *op = tables_of(b, e);
    if (!op || !op->also)
        return op;
    st_bind_error(b, e->span, NULL, "these are several tables; one is needed");
    return NULL;
}

/* pipelines */

typedef st_op *bind_op(st_binder *b, st_op *in, const st_kql_op *q);

/* NULL: not supported yet. */
static bind_op *const operators[] = {
    [ST_KQL_PIPE_WHERE] = bind_where,
    [ST_KQL_PIPE_PROJECT] = st_bind_op_project,
    [ST_KQL_PIPE_EXTEND] = bind_extend,
    [ST_KQL_PIPE_DISTINCT] = bind_distinct,
    [ST_KQL_PIPE_SERIALIZE] = bind_extend,
    [ST_KQL_PIPE_PROJECT_AWAY] = bind_keep,
    [ST_KQL_PIPE_PROJECT_KEEP] = bind_keep,
    [ST_KQL_PIPE_PROJECT_RENAME] = bind_rename,
    [ST_KQL_PIPE_PROJECT_REORDER] = bind_reorder,
    [ST_KQL_PIPE_SUMMARIZE] = bind_summarize,
    [ST_KQL_PIPE_ORDER] = bind_order,
    [ST_KQL_PIPE_TOP] = bind_top,
    [ST_KQL_PIPE_TAKE] = bind_take,
    [ST_KQL_PIPE_SAMPLE] = bind_take,
    [ST_KQL_PIPE_SAMPLE_DISTINCT] = bind_sample_distinct,
    [ST_KQL_PIPE_COUNT] = bind_count,
    [ST_KQL_PIPE_UNION] = st_bind_op_union,
    [ST_KQL_PIPE_JOIN] = bind_join,
    [ST_KQL_PIPE_LOOKUP] = bind_join,
    [ST_KQL_PIPE_MV_EXPAND] = bind_expand,
    [ST_KQL_PIPE_SEARCH] = st_bind_op_search,
    [ST_KQL_PIPE_FIND] = st_bind_op_find,
    [ST_KQL_PIPE_INVOKE] = st_bind_op_invoke,
    [ST_KQL_PIPE_MAKE_SERIES] = st_bind_op_make_series,
    [ST_KQL_PIPE_TOP_NESTED] = st_bind_op_top_nested,
    [ST_KQL_PIPE_PARTITION] = st_bind_op_partition,
    [ST_KQL_PIPE_PARSE_KV] = st_bind_op_parse_kv,
    [ST_KQL_PIPE_PARSE] = st_bind_op_parse,
    [ST_KQL_PIPE_PARSE_WHERE] = st_bind_op_parse,
    [ST_KQL_PIPE_MV_APPLY] = bind_apply,
    [ST_KQL_PIPE_EVALUATE] = st_bind_evaluate,
    [ST_KQL_PIPE_RENDER] = bind_render,
    [ST_KQL_PIPE_AS] = bind_as,
    [ST_KQL_PIPE_GETSCHEMA] = bind_getschema,
    [ST_KQL_PIPE_CONSUME] = st_bind_op_consume,
    [ST_KQL_PIPE_SCAN] = st_bind_op_scan,
    [ST_KQL_PIPE_FORK] = st_bind_op_fork,
    [ST_KQL_PIPE_FACET] = st_bind_op_facet,
    [ST_KQL_PIPE_TOP_HITTERS] = st_bind_op_top_hitters,
    [ST_KQL_PIPE_MAKE_GRAPH] = st_bind_op_make_graph,
    [ST_KQL_PIPE_GRAPH_MATCH] = st_bind_op_graph_match,
    [ST_KQL_PIPE_GRAPH_SHORTEST_PATHS] = st_bind_op_graph_shortest_paths,
    [ST_KQL_PIPE_GRAPH_TO_TABLE] = st_bind_op_graph_to_table,
    [ST_KQL_PIPE_GRAPH_MARK_COMPONENTS] = st_bind_op_graph_mark_components,
    [ST_KQL_PIPE_UNSUPPORTED] = NULL,
};

static st_op *bind_source(st_binder *b, const st_kql_op *q)
{
    switch (q->kind) {
    case ST_KQL_PIPE_TABLE: return any_value(b, q->u.expr);
    case ST_KQL_PIPE_DATATABLE: return bind_datatable(b, q);
    case ST_KQL_PIPE_PRINT: return bind_print(b, q);
    case ST_KQL_PIPE_RANGE: return bind_range(b, q);
    case ST_KQL_PIPE_EXTERNALDATA: return st_bind_externaldata(b, q);
    case ST_KQL_PIPE_UNION: return st_bind_op_union(b, NULL, q);
    case ST_KQL_PIPE_SEARCH: return st_bind_op_search(b, NULL, q);
    case ST_KQL_PIPE_FIND: return st_bind_op_find(b, NULL, q);
    case ST_KQL_PIPE_UNREAD: return unread_table(b);
    default:
        st_bind_error(b, q->word, NULL, "operator %s isn't supported yet", st_kql_op_name(q->kind));
        return NULL;
    }
}

/* Is the order of rows meant behind this operator? `before`: of its input. */
static bool serialized_by(st_kql_op_kind k, bool before)
{
    switch (k) {
    case ST_KQL_PIPE_ORDER:
    case ST_KQL_PIPE_TOP:
    case ST_KQL_PIPE_SERIALIZE:
    case ST_KQL_PIPE_SCAN:
    case ST_KQL_PIPE_RANGE: return true;
    case ST_KQL_PIPE_TABLE:
    case ST_KQL_PIPE_WHERE:
    case ST_KQL_PIPE_PROJECT:
    case ST_KQL_PIPE_EXTEND:
    case ST_KQL_PIPE_PROJECT_AWAY:
    case ST_KQL_PIPE_PROJECT_KEEP:
    case ST_KQL_PIPE_PROJECT_RENAME:
    case ST_KQL_PIPE_PROJECT_REORDER:
    case ST_KQL_PIPE_TAKE:
    case ST_KQL_PIPE_MV_EXPAND:
    case ST_KQL_PIPE_PARSE:
    case ST_KQL_PIPE_PARSE_WHERE:
    case ST_KQL_PIPE_PARSE_KV:
    case ST_KQL_PIPE_INVOKE:
    case ST_KQL_PIPE_RENDER:
    case ST_KQL_PIPE_AS: return before;
    default: return false;
    }
}

/* Rows for an operator over rows, a graph for one over graphs. */
static bool fits(st_binder *b, const st_op *op, const st_kql_op *q)
{
    bool graphs =
        q->kind >= ST_KQL_PIPE_GRAPH_MATCH && q->kind <= ST_KQL_PIPE_GRAPH_MARK_COMPONENTS;
    if (op->also) {
        st_bind_error(b, q->word, NULL, "nothing can stand behind several tables");
        return false;
    }
    if (graphs == (op->graph != NULL))
        return true;
    if (!op->schema.open) /* else it was told what is wrong with it */
        st_bind_error(
            b, q->word, NULL,
            graphs ? "%s works on a graph; make one of the rows with make-graph"
                   : "%s works on rows, and this is a graph; graph-match, graph-shortest-paths "
                     "and graph-to-table make rows of it",
            st_kql_op_name(q->kind));
    return false;
}

/* One operator. Functions over neighbouring rows need all of them at once. */
static st_op *bind_one(st_binder *b, bind_op *f, st_op *in, const st_kql_op *q)
{
    bool windows = b->windows, serialized = b->serialized;
    b->windows = false;
    b->serialized = serialized || q->kind == ST_KQL_PIPE_SERIALIZE;
    st_op *op = f(b, in, q);
    if (op && b->windows && !st_op_make_whole(b->r, in))
        op = NULL;
    b->windows = windows;
    b->serialized = serialized_by(q->kind, serialized);
    return op;
}

/* Does the output have the input's columns, whatever they are? */
static bool keeps_columns(st_kql_op_kind k)
{
    switch (k) {
    case ST_KQL_PIPE_PROJECT:
    case ST_KQL_PIPE_PROJECT_KEEP:
    case ST_KQL_PIPE_SUMMARIZE:
    case ST_KQL_PIPE_DISTINCT:
    case ST_KQL_PIPE_SAMPLE_DISTINCT:
    case ST_KQL_PIPE_COUNT:
    case ST_KQL_PIPE_MAKE_SERIES:
    case ST_KQL_PIPE_TOP_NESTED:
    case ST_KQL_PIPE_GETSCHEMA: return false;
    default: return true;
    }
}

/* Does it change rows alone? */
static bool keeps_schema(st_kql_op_kind k)
{
    return k == ST_KQL_PIPE_WHERE || k == ST_KQL_PIPE_ORDER || k == ST_KQL_PIPE_TOP ||
           k == ST_KQL_PIPE_TAKE || k == ST_KQL_PIPE_SAMPLE;
}

/* After a mistake in operator q: the input, and any column that q may have made. */
static st_op *past_mistake(st_binder *b, const st_op *in, const st_kql_op *q)
{
    st_op *op = ST_NEW(&b->r->arena, st_op);
    if (!op) {
        st_run_nomem(b->r);
        return NULL;
    }
    *op = *in;
    op->graph = NULL;
    op->also = NULL;
    op->schema.open |= !keeps_schema(q->kind == ST_KQL_PIPE_UNREAD ? q->u.was : q->kind);
    return op;
}

/* One operator, and how much is known of its columns. After an error it goes on, to find what
 * else is wrong. */
static st_op *bind_next(st_binder *b, bind_op *f, st_op *in, const st_kql_op *q)
{
    bool failed = b->failed, opened = b->opened, loosened = b->loosened;
    if (b->operators++ >= ST_MAX_KQL_OPERATORS) {
        if (b->operators == ST_MAX_KQL_OPERATORS + 1)
            st_bind_error(b, q->word, NULL, "more than %u operators when lets are written out",
                          ST_MAX_KQL_OPERATORS);
        return NULL;
    }
    b->spoiled |= failed;
    b->failed = b->opened = b->loosened = false;
    st_plan_step *outer = b->step;
    b->step = st_bind_step(b, q->span, in);
    st_op *op = q->kind == ST_KQL_PIPE_UNREAD ? NULL : bind_one(b, f, in, q);
    if (op && op != in && !op->step)
        op->step = b->step;
    b->step = outer;
    st_bind_label(b, NULL);
    if (op && op->schema.n > ST_MAX_KQL_COLUMNS) {
        st_bind_error(b, q->word, NULL, "a table of more than %u columns", ST_MAX_KQL_COLUMNS);
        b->operators = ST_MAX_KQL_OPERATORS + 1; /* nothing more is bound */
        op = NULL;
    }
    if (q->kind == ST_KQL_PIPE_UNREAD)
        b->failed = true;
    if (!op && b->failed)
        op = past_mistake(b, in, q);
    if (op)
        op->schema.open |= b->opened || (in->schema.open && keeps_columns(q->kind));
    if (op)
        op->schema.loose |= b->loosened || (in->schema.loose && keeps_columns(q->kind));
    if (op && !keeps_columns(q->kind)) {
        op->schema.narrowed_by = q;
        op->schema.narrowed_to = &op->schema;
    } else if (op) {
        op->schema.narrowed_by = in->schema.narrowed_by;
        op->schema.narrowed_to = in->schema.narrowed_to;
    }
    b->opened = opened || (op && op->schema.open);
    b->loosened = loosened || (op && op->schema.loose);
    b->failed |= failed;
    return op;
}

/* Names an operator that is Kusto's but not ours, and a way round it. */
static void unsupported(st_binder *b, const st_kql_op *q)
{
    static const struct {
        const char *name, *instead;
    } table[] = {
        { "reduce",
          "; Kusto doesn't publish how it finds patterns: group by extract() or replace_regex()" },
        { "partition", " with a table of its own in braces; write partition by KEY (SUBQUERY)" },
        { "graph", "; graphs that a database keeps aren't here: make one with make-graph" },
        { "graph-where-nodes",
          "; put the condition into graph-match, or filter the rows before make-graph" },
        { "graph-where-edges",
          "; put the condition into graph-match, or filter the rows before make-graph" },
    };
    st_str name =
        q->kind == ST_KQL_PIPE_UNSUPPORTED ? q->u.name.text : st_str_of(st_kql_op_name(q->kind));
    const char *instead = "";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_eq(name, st_str_of(table[i].name)))
            instead = table[i].instead;
    st_bind_error(b, q->word, NULL, "operator %.*s isn't supported%s", ST_FMT(name), instead);
}

/* The operators behind op, one after the other. */
static st_op *pipeline(st_binder *b, st_op *op, const st_kql_op *q)
{
    const st_schema *row = b->row;
    for (; q && op; q = q->next) {
        bind_op *f =
            (size_t)q->kind < sizeof operators / sizeof *operators ? operators[q->kind] : NULL;
        b->row = &op->schema;
        if (!f && q->kind != ST_KQL_PIPE_UNREAD) {
            unsupported(b, q);
            op = NULL;
            break;
        }
        op = fits(b, op, q) ? bind_next(b, f, op, q) : unread_table(b);
    }
    b->row = row;
    return op;
}

st_op *st_bind_body(st_binder *b, st_op *in, const st_kql_query *q, bool ordered)
{
    bool serialized = b->serialized;
    const st_kql_query *piped = b->piped;
    b->serialized = ordered;
    b->piped = NULL;
    st_op *op = pipeline(b, in, q->first);
    b->piped = piped;
    b->serialized = serialized;
    st_bind_step_side(b, op);
    return b->failed ? NULL : op;
}

st_op *st_bind_query(st_binder *b, const st_kql_query *query)
{
    const st_kql_op *q = query->first;
    const st_schema *row = b->row;
    b->row = NULL;
    b->serialized = false;
    bool failed = b->failed, loosened = b->loosened;
    b->spoiled |= failed;
    b->failed = b->loosened = false;
    st_plan_step *outer = b->step;
    st_bind_label(b, NULL);
    b->step = q && q->kind != ST_KQL_PIPE_TABLE ? st_bind_step(b, q->span, NULL) : NULL;
    st_op *op = q ? bind_source(b, q) : NULL;
    if (op && !op->step)
        op->step = b->step;
    b->step = outer;
    if (!op && b->failed)
        op = unread_table(b);
    b->failed |= failed;
    b->source = q && q->kind == ST_KQL_PIPE_TABLE && q->u.expr->kind == ST_KQL_NAME
                    ? q->u.expr->u.name
                    : ST_STR("");
    b->serialized = q && serialized_by(q->kind, b->serialized);
    b->row = row;
    if (op)
        op->schema.loose |= b->loosened;
    const st_kql_query *piped = b->piped;
    st_let *env = b->env;
    b->piped = query;
    op = pipeline(b, op, q ? q->next : NULL);
    b->piped = piped;
    b->env = env;
    b->loosened = loosened || (op && op->schema.loose);
    return op;
}

/* statements */

static bool bind_let(st_binder *b, const st_kql_stmt *s)
{
    st_let *l = ST_NEW(&b->r->arena, st_let);
    if (!l)
        return st_run_nomem(b->r);
    *l = (st_let){ .next = b->env, .name = s->name.text, .expr = s->value, .env = b->env };
    if (s->value->kind == ST_KQL_LAMBDA) {
        l->kind = ST_L_LAMBDA;
    } else if (st_bind_tabular(b, s->value) ||
               (s->value->kind == ST_KQL_NAME && !st_bind_let(b, s->value->u.name))) {
        l->kind = ST_L_TABLE;
        bool failed = b->failed;
        b->failed = false;
        st_op *op = any_value(b, s->value); /* errors are shown where the let stands */
        if (b->keeps_rows && op && !op->graph && s->value->kind != ST_KQL_NAME && !b->failed)
            l->rows = st_kept_rows_new(b->r, op);
        if (b->failed && s->value->kind == ST_KQL_NAME)
            *l = (st_let){ .next = b->env,
                           .name = s->name.text,
                           .kind = ST_L_VALUE,
                           .x = st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null()) };
        b->failed |= failed;
    } else {
        l->kind = ST_L_VALUE;
        l->x = st_bind_expr(b, s->value);
        st_bind_step_value(b, l);
    }
    b->env = l;
    return l->kind != ST_L_VALUE || l->x;
}

static const st_named *given(const st_binder *b, st_str name)
{
    const st_rule_settings *s = b->r->settings;
    for (size_t i = 0; i < s->nparams; i++)
        if (st_str_eq(s->params[i].name, name))
            return &s->params[i];
    return NULL;
}

/* What the user gave for a parameter: text as it is, everything else as toT() would read it. */
static st_expr *given_value(st_binder *b, const st_kql_param *p, const st_named *v)
{
    st_type t = st_bind_type(p->type);
    st_val x = t == ST_TYPE_STRING    ? st_val_str(&b->r->mem, v->value)
               : t == ST_TYPE_DYNAMIC ? st_val_parse_json(&b->r->mem, v->value)
                                      : st_val_parse(&b->r->mem, t, v->value);
    if (x.tag == ST_VAL_NULL && !st_str_eq(v->value, ST_STR("null")))
        st_bind_error(b, p->name.span, NULL, "--param %.*s=%.*s: that is no %s", ST_FMT(v->name),
                      ST_FMT(v->value), st_type_name(t));
    return st_bind_const(b, t, x);
}

static void bind_params(st_binder *b, const st_kql_stmt *s)
{
    for (size_t i = 0; i < s->nparams; i++) {
        const st_kql_param *p = &s->params[i];
        const st_named *v = given(b, p->name.text);
        st_let *l = ST_NEW(&b->r->arena, st_let);
        if (!l)
            return;
        *l = (st_let){ .next = b->env, .name = p->name.text, .kind = ST_L_VALUE, .expr = p->value };
        if (v)
            l->x = given_value(b, p, v);
        else if (p->value)
            l->x = st_bind_expr(b, p->value);
        else {
            st_bind_error(b, p->name.span, NULL,
                          "the parameter %.*s has no value; --param %.*s=VALUE gives one",
                          ST_FMT(l->name), ST_FMT(l->name));
            l->x = st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
        }
        b->env = l;
    }
}

/* Is it a let of a name that a let behind `outer` has already? */
static bool repeats(st_binder *b, const st_kql_stmt *s, const st_let *outer)
{
    if (s->kind != ST_KQL_STMT_LET)
        return false;
    for (const st_let *l = b->env; l != outer; l = l->next)
        if (st_str_eq(l->name, s->name.text)) {
            st_bind_error(b, s->name.span, "KS201", "there is a let %.*s already",
                          ST_FMT(s->name.text));
            return true;
        }
    return false;
}

/* All but a query. outer: where the names of its text or function begin. */
bool st_bind_statement(st_binder *b, const st_kql_stmt *s, const st_let *outer)
{
    if (repeats(b, s, outer))
        return true;
    if (s->kind == ST_KQL_STMT_LET)
        return bind_let(b, s);
    if (s->kind == ST_KQL_STMT_DECLARE)
        bind_params(b, s);
    else if (s->kind == ST_KQL_STMT_OTHER)
        st_bind_error(b, s->span, NULL, "%.*s isn't supported", ST_FMT(s->name.text));
    return true;
}

bool st_bind_statements(st_binder *b, const st_kql_stmt *s, const st_kql_stmt **last)
{
    const st_let *outer = b->env;
    *last = NULL;
    for (; s; s = s->next) {
        if (!st_bind_statement(b, s, outer))
            return false;
        if (s->kind == ST_KQL_STMT_QUERY && *last)
            st_bind_error(b, s->span, NULL, "a function's body has one value");
        if (s->kind == ST_KQL_STMT_QUERY)
            *last = s;
    }
    return true;
}

/* A table that the text gave a name is one for later statements, its rows computed once. */
static st_op *name_result(st_binder *b, st_op *op)
{
    st_let *l = ST_NEW(&b->r->arena, st_let);
    st_kept_rows *rows = l ? st_kept_rows_new(b->r, op) : NULL;
    if (!rows)
        return NULL;
    *l = (st_let){ .next = b->env, .name = op->name, .kind = ST_L_TABLE, .rows = rows };
    b->env = l;
    return st_op_replay(b->r, rows);
}

static bool has_query(const st_kql_stmt *s)
{
    while (s && s->kind != ST_KQL_STMT_QUERY)
        s = s->next;
    return s != NULL;
}

/* A query's tables, put behind those there are. If it only names them for later ones, none. */
static bool add_results(st_binder *b, const st_kql_stmt *s, st_op ***last)
{
    st_op *op = s->value ? tables_of(b, s->value) : NULL;
    bool later = has_query(s->next);
    if (!op)
        return false;
    for (st_op *next; op; op = next) {
        next = op->also;
        bool named = op->name.n > 0;
        if (named && !(op = name_result(b, op)))
            return false;
        op->also = NULL;
        if (named && later)
            continue;
        **last = op;
        *last = &op->also;
    }
    return true;
}

static st_str not_here(st_run *r, const st_need *needs)
{
    st_buf t = { 0 };
    st_buf_fmt(&t, "%.*s, which %s here", ST_FMT(st_bind_needs_text(r, needs)),
               needs->next ? "aren't" : "isn't");
    st_str s = st_arena_copy(&r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return s;
}

void st_bind_rule(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d, st_bound *out)
{
    const st_kql_script *script = p->tree;
    st_binder b = { .r = r, .d = d, .marks = marks_servers, .subject = script->subject };
    *out = (st_bound){ .status = ST_RULE_BROKEN };
    r->random = st_xxh64(script->text.p, script->text.n);
    st_op *op = NULL, **last = &op;
    bool ok = st_bind_libraries(&b, p);
    const st_let *outer = b.env;
    for (const st_kql_stmt *s = p->library ? NULL : script->first; s && ok; s = s->next)
        ok = s->kind == ST_KQL_STMT_QUERY ? add_results(&b, s, &last) || b.failed || b.needs
                                          : st_bind_statement(&b, s, outer);
    free(b.calls);
    out->needs = b.needs;
    out->never = b.never;
    out->values = b.values;
    if (b.failed || !st_run_ok(r))
        return;
    if (b.needs && !r->settings->stub_services) {
        out->status = ST_RULE_NOT_APPLICABLE;
        out->why = not_here(r, b.needs);
        return;
    }
    if (b.needs)
        out->stubs = st_bind_needs_text(r, b.needs);
    out->root = op;
    out->status = op || p->library ? ST_RULE_READY : ST_RULE_BROKEN;
}

/* NOLINTEND(misc-no-recursion) */
