/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.c - the columns of an operator's output: names made or given, and what fills them.
 */
#include "rules/kql/bind/bind.h"
#include "rules/kql/bind/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void st_bind_outputs_free(st_bind_outputs *o)
{
    free(o->cols);
    free(o->items);
    free(o->named);
    free((void *)o->tuples);
}

size_t st_bind_output_find(const st_bind_outputs *o, st_str name)
{
    for (size_t i = 0; i < o->n; i++)
        if (st_str_eq(o->cols[i].name, name))
            return i;
    return SIZE_MAX;
}

static bool room_for(const st_scope *sc, st_bind_outputs *o, size_t more)
{
    return (st_grow(&o->cols, &o->cap, o->n + more, sizeof *o->cols) &&
            st_grow(&o->items, &o->items_cap, o->n + more, sizeof *o->items) &&
            st_grow(&o->named, &o->named_cap, o->n + more, sizeof *o->named)) ||
           st_bind_nomem(sc);
}

bool st_bind_output_put(const st_scope *sc, st_bind_outputs *o, st_str name, bool named,
                        st_proj_item item, st_type type)
{
    if (!room_for(sc, o, 1))
        return false;
    o->cols[o->n] = (st_col){ name, type };
    o->items[o->n] = item;
    o->named[o->n++] = named;
    return true;
}

st_str st_bind_numbered(const st_scope *sc, st_str stem, unsigned n)
{
    char t[24];
    snprintf(t, sizeof t, "%u", n);
    char *p = ST_NEWN(&sc->r->arena, char, stem.n + strlen(t) + 1);
    if (!p)
        return stem;
    memcpy(p, stem.p, stem.n);
    strcpy(p + stem.n, t);
    return (st_str){ p, stem.n + strlen(t) };
}

/* The name itself, or with the first number behind it that is free. */
st_str st_bind_free_name(const st_scope *sc, const st_bind_outputs *o, st_str name)
{
    st_str t = name;
    for (unsigned i = 1; st_bind_output_find(o, t) != SIZE_MAX; i++)
        t = st_bind_numbered(sc, name, i);
    return t;
}

/* One expression of a list: its value and, if the author gave one, its name. */
const st_kql_expr *st_bind_unname(const st_kql_expr *e, st_str *name)
{
    *name = (st_str){ NULL, 0 };
    if (e->kind != ST_KQL_NAMED)
        return e;
    *name = e->u.named.names[0].text;
    return e->u.named.value;
}

/* The value of a function that gives several columns, to be computed once a row. */
static st_expr *tuple_column(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *value)
{
    st_expr *x = st_bind_tuple(sc, value);
    if (!x || sc->group || x->type == ST_TYPE_UNKNOWN)
        return x;
    st_expr *col = ST_NEW(&sc->r->arena, st_expr);
    if (!col || !st_grow(&o->tuples, &o->tuples_cap, o->ntuples + 1, sizeof(st_expr *))) {
        st_bind_nomem(sc);
        return NULL;
    }
    *col = (st_expr){ .kind = ST_EXPR_COLUMN,
                      .type = ST_TYPE_DYNAMIC,
                      .col = (sc->row ? sc->row->n : 0) + o->ntuples };
    o->tuples[o->ntuples++] = x;
    return col;
}

/* Adds the columns of such a function. The author's names are for the first ones; `all`: the
 * others come too (extend takes only the named ones). replace: a column of that name gives way. */
bool st_bind_output_tuple(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e, bool all,
                          bool replace)
{
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    size_t named = e->kind == ST_KQL_NAMED ? e->u.named.nnames : 0,
           width = st_bind_tuple_width(sc, value);
    st_expr *tuple = tuple_column(sc, o, value);
    if (named > width) {
        st_bind_error(sc, e->span, NULL, "%zu names for %zu columns", named, width);
        return false;
    }
    for (size_t i = 0; tuple && i < (all || !named ? width : named); i++) {
        st_col c = st_bind_tuple_column(sc, value, i);
        st_str name = i < named ? e->u.named.names[i].text : c.name;
        st_proj_item item = { st_bind_tuple_value(sc, value, tuple, i), 0 };
        size_t at = replace ? st_bind_output_find(o, name) : SIZE_MAX;
        if (!item.x)
            return false;
        if (at != SIZE_MAX) {
            o->cols[at].type = c.type;
            o->items[at] = item;
            o->named[at] = i < named;
        } else if (!st_bind_output_put(sc, o, st_bind_free_name(sc, o, name), i < named, item,
                                       c.type)) {
            return false;
        }
    }
    return tuple != NULL;
}

/* The input, behind whose columns stand the values of several columns. */
st_op *st_bind_with_tuples(const st_scope *sc, st_op *in, const st_bind_outputs *o)
{
    size_t n = in->schema.n + o->ntuples;
    if (!o->ntuples)
        return in;
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, n);
    st_proj_item *items = ST_NEWN(&sc->r->arena, st_proj_item, n);
    for (size_t i = 0; cols && items && i < n; i++) {
        bool own = i < in->schema.n;
        cols[i] = own ? in->schema.v[i] : (st_col){ ST_STR(""), ST_TYPE_DYNAMIC };
        items[i] =
            own ? (st_proj_item){ NULL, i } : (st_proj_item){ o->tuples[i - in->schema.n], 0 };
    }
    return cols && items ? st_op_project(sc->r, in, cols, items, n) : NULL;
}

/* Adds the columns of a list (project, summarize, distinct, print). */
bool st_bind_output_expr(const st_scope *sc, st_bind_outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = st_bind_unname(e, &name);
    if (st_bind_is_tuple(sc, value))
        return st_bind_output_tuple(sc, o, e, true, false);
    if (e->kind == ST_KQL_NAMED && e->u.named.nnames > 1) {
        st_bind_error(sc, e->span, NULL, "several names need a value of several columns");
        return false;
    }
    st_expr *x = st_bind_settled(sc, value, st_bind_expr(sc, value));
    if (!x)
        return false;
    bool named = name.p != NULL || (value->kind == ST_KQL_NAME && x->kind == ST_EXPR_COLUMN);
    if (!name.p)
        name = st_bind_name(sc, value);
    size_t taken = st_bind_output_find(o, name);
    if (named && taken != SIZE_MAX && o->named && o->named[taken]) {
        st_bind_error(sc, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return false;
    }
    if (!name.n)
        name = st_bind_numbered(sc, ST_STR("Column"), ++o->columns);
    name = st_bind_free_name(sc, o, name);
    st_proj_item item =
        x->kind == ST_EXPR_COLUMN ? (st_proj_item){ NULL, x->col } : (st_proj_item){ x, 0 };
    return st_bind_output_put(sc, o, name, named, item, x->type);
}

st_op *st_bind_finish(const st_scope *sc, st_op *in, st_bind_outputs *o)
{
    /* After an error, too: a column of unknown type is better than none. */
    st_op *from = st_bind_with_tuples(sc, in, o);
    st_op *op = from ? st_op_project(sc->r, from, o->cols, o->items, o->n) : NULL;
    st_bind_outputs_free(o);
    return op;
}

bool st_bind_output_all(const st_scope *sc, st_bind_outputs *o, const st_schema *s)
{
    if (!room_for(sc, o, s->n))
        return false;
    for (size_t i = 0; i < s->n; i++, o->n++) {
        o->cols[o->n] = s->v[i];
        o->items[o->n] = (st_proj_item){ NULL, i };
        o->named[o->n] = false;
    }
    return true;
}

/* `*` stands for any text; no other signs. Patterns come from rules: linear with one way back. */
bool st_bind_wild(st_str pattern, st_str s)
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

/* How many rows: a constant whole number. */
bool st_bind_row_count(const st_scope *sc, const st_kql_expr *e, size_t *n)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(sc, e, &v, &t))
        return false;
    if (v.tag != ST_VAL_LONG) {
        st_bind_error(sc, e->span, "KS107", "a number of rows is needed here");
        return false;
    }
    *n = v.u.i < 0 ? 0 : (size_t)v.u.i;
    return true;
}

const st_kql_expr *st_bind_opt(const st_kql_op *q, const char *name)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_is(q->opts[i].name.text, name))
            return q->opts[i].value;
    return NULL;
}

st_op *st_bind_projection(const st_scope *sc, st_op *in, const st_kql_list *list)
{
    st_bind_outputs o = { 0 };
    for (size_t i = 0; i < list->n; i++)
        st_bind_output_expr(sc, &o, list->items[i]);
    return st_bind_finish(sc, in, &o);
}
