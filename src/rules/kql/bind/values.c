/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - literals as values. */
#include "rules/kql/bind/bind.h"

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static st_val value_of(const st_scope *sc, const st_kql_value *v);

static st_val json_value(const st_scope *sc, const st_json_literal *j)
{
    if (!j || j->kind == ST_JSON_NULL)
        return st_val_null();
    if (j->kind == ST_JSON_VALUE)
        return value_of(sc, &j->value);
    if (j->kind == ST_JSON_ARRAY) {
        st_array *a = st_array_new(&sc->r->mem, j->n);
        for (size_t i = 0; a && i < j->n; i++)
            a->v[i] = json_value(sc, j->items[i]);
        return st_val_array(a);
    }
    st_bag *g = st_bag_new(&sc->r->mem, j->n);
    for (size_t i = 0; g && i < j->n; i++) {
        g->keys[i] = st_val_str(&sc->r->mem, j->names[i]).u.s;
        g->v[i] = json_value(sc, j->items[i]);
    }
    return st_val_bag(g);
}

static st_val guid_value(const st_scope *sc, const st_guid *g)
{
    st_buf t = { 0 };
    st_buf_guid(&t, g);
    st_val v = st_val_parse(&sc->r->mem, ST_TYPE_GUID, st_buf_slice(&t));
    st_buf_free(&t);
    return v;
}

static st_val datetime_value(const st_scope *sc, const st_kql_value *v)
{
    int64_t now = sc->r->now;
    return st_val_time(v->now ? now : v->today ? now - now % ST_DAY_TICKS + v->i : v->i);
}

static st_val value_of(const st_scope *sc, const st_kql_value *v)
{
    if (v->null)
        return st_val_missing(v->type);
    switch (v->type) {
    case ST_TYPE_BOOL: return st_val_bool(v->i != 0);
    case ST_TYPE_INT:
    case ST_TYPE_LONG: return st_val_long(v->i);
    case ST_TYPE_REAL:
    case ST_TYPE_DECIMAL: return st_val_real(v->real);
    case ST_TYPE_STRING: return st_val_str(&sc->r->mem, v->str);
    case ST_TYPE_DATETIME: return datetime_value(sc, v);
    case ST_TYPE_TIMESPAN: return st_val_span(v->i);
    case ST_TYPE_GUID: return guid_value(sc, &v->guid);
    case ST_TYPE_DYNAMIC: return json_value(sc, v->json);
    default: return st_val_null();
    }
}

st_val st_bind_literal_value(const st_scope *sc, const st_kql_expr *e)
{
    return value_of(sc, &e->u.value);
}

st_expr *st_bind_literal(const st_scope *sc, const st_kql_expr *e)
{
    return st_bind_const(sc, st_bind_type(e->u.value.type), st_bind_literal_value(sc, e));
}

/* NOLINTEND(misc-no-recursion) */
