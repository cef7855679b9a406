/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuple.c - functions that give several columns, as series_stats(a).
 *
 * Their code makes an array of the columns' values. project and extend compute it once a row, as
 * a column that nobody sees, and take it apart; anywhere else such a call is its first column.
 * A column is named after the function, its first argument and what it is.
 */
#include "rules/kql/bind/bind.h"

#include <string.h>

/* "(name:type,name:type)" of the table; "(+)" is one array for each array among the arguments. */
static st_str list_of(const st_fn *f)
{
    st_str s = st_str_of(f->result);
    return (st_str){ s.p + 1, s.n - 2 };
}

static bool one_each(const st_fn *f)
{
    return f->result[1] == '+';
}

static const st_fn *tuple_of(const st_scope *sc, const st_kql_expr *e)
{
    bool call = e->kind == ST_KQL_CALL && !e->u.call.base;
    const st_fn *f = call ? st_callees_find(&sc->r->shared->callees, e->u.call.name.text).fn : NULL;
    return f && f->result[0] == '(' ? f : NULL;
}

/* array_sort_asc(a, b, false): a last literal says where nulls go. */
static size_t arrays(const st_kql_list *args)
{
    size_t n = args->n;
    while (n > 1 && args->items[n - 1]->kind == ST_KQL_LITERAL &&
           args->items[n - 1]->u.value.type == ST_TYPE_BOOL)
        n--;
    return n;
}

/* A single array sorted is a value as any. */
bool st_bind_is_tuple(const st_scope *sc, const st_kql_expr *e)
{
    const st_fn *f = tuple_of(sc, e);
    return f && !st_bind_let(sc, e->u.call.name.text) &&
           !(one_each(f) && arrays(&e->u.call.args) < 2);
}

size_t st_bind_tuple_width(const st_scope *sc, const st_kql_expr *e)
{
    const st_fn *f = tuple_of(sc, e);
    st_str rest = list_of(f), one;
    size_t n = 0;
    if (one_each(f))
        return arrays(&e->u.call.args);
    while (st_str_cut(&rest, ',', &one))
        n++;
    return n;
}

static st_str keep(const st_scope *sc, st_buf *t)
{
    st_str s = st_arena_copy(&sc->r->arena, st_buf_slice(t));
    st_buf_free(t);
    return s;
}

static st_col sorted_column(const st_scope *sc, const st_kql_expr *e, const st_fn *f, size_t i)
{
    st_str own = i < e->u.call.args.n ? st_bind_name(sc, e->u.call.args.items[i]) : ST_STR("");
    st_buf t = { 0 };
    if (own.n)
        st_buf_str(&t, own);
    else
        st_buf_fmt(&t, "array%zu", i);
    st_buf_str(&t, st_str_of(f->prefix));
    return (st_col){ keep(sc, &t), ST_TYPE_DYNAMIC };
}

static st_str column_text(const st_fn *f, size_t i, st_type *type)
{
    st_str rest = list_of(f), one = { 0 }, name = { 0 };
    for (size_t k = 0; k <= i; k++)
        st_str_cut(&rest, ',', &one);
    st_str_cut(&one, ':', &name);
    if (one.n)
        *type = st_type_of(one);
    return name;
}

st_col st_bind_tuple_column(const st_scope *sc, const st_kql_expr *e, size_t i)
{
    const st_fn *f = tuple_of(sc, e);
    st_col c = { .type = ST_TYPE_DYNAMIC };
    if (one_each(f))
        return sorted_column(sc, e, f, i);
    st_str what = column_text(f, i, &c.type);
    st_str own = e->u.call.args.n ? st_bind_name(sc, e->u.call.args.items[0]) : ST_STR("");
    st_buf t = { 0 };
    st_buf_fmt(&t, "%s_%.*s%s%.*s", f->name, ST_FMT(own), own.n ? "_" : "", ST_FMT(what));
    c.name = keep(sc, &t);
    return c;
}

st_expr *st_bind_tuple_value(const st_scope *sc, const st_kql_expr *e, st_expr *tuple, size_t i)
{
    const st_fn *f = tuple_of(sc, e);
    st_type type = ST_TYPE_DYNAMIC;
    if (!one_each(f))
        column_text(f, i, &type);
    st_expr *args[] = { tuple, st_bind_const(sc, ST_TYPE_LONG, st_val_long((int64_t)i)) };
    st_expr *x = args[1] ? st_bind_call(sc, st_call_index, ST_TYPE_DYNAMIC, args, 2) : NULL;
    return x && type != ST_TYPE_DYNAMIC ? st_bind_call(sc, st_call_convert, type, &x, 1) : x;
}
