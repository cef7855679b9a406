/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - calls of functions over neighbouring rows (prev, next, row_number ...), bound. */
#include "rules/kql/bind/bind.h"

static bool fits(char letter, st_type t)
{
    switch (letter) {
    case 'i': return t == ST_TYPE_LONG || t == ST_TYPE_INT;
    case 'b': return t == ST_TYPE_BOOL;
    case 'd': return t == ST_TYPE_DATETIME;
    case 't': return t == ST_TYPE_TIMESPAN;
    case 'n': return st_type_numeric(t) || t == ST_TYPE_TIMESPAN;
    default: return true;
    }
}

static bool bind_args(st_binder *b, const st_kql_expr *e, const st_window *w, st_expr *x)
{
    for (size_t i = 0; i < x->nargs; i++) {
        const st_kql_expr *a = e->u.call.args.items[i];
        x->args[i] = st_bind_expr(b, a);
        if (!x->args[i])
            return false;
        st_type t = x->args[i]->type;
        if (t == ST_TYPE_UNKNOWN)
            x->type = ST_TYPE_UNKNOWN;
        else if (!fits(w->types[i], t))
            st_bind_error(b, a->span, "KS107", "%s() can't take a %s here", w->name,
                          st_type_name(t));
        else if (i == 0 && w->own_type)
            x->type = t == ST_TYPE_INT && w->types[0] == 'n' ? ST_TYPE_LONG : t;
    }
    return true;
}

st_expr *st_bind_window(st_binder *b, const st_kql_expr *e, const st_window *w)
{
    size_t n = e->u.call.args.n;
    st_expr *x = st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
    if (!x || n < w->min || n > w->max) {
        st_bind_error(b, e->span, "KS119", "%s() takes %zu to %zu arguments", w->name, w->min,
                      w->max);
        return x;
    }
    if (!b->row || !b->serialized || b->aggregates || b->nested) {
        st_bind_error(b, e->span, NULL,
                      "%s() needs rows in an order that is meant; put order by or serialize before",
                      w->name);
        return x;
    }
    b->windows = true;
    st_expr **xs = ST_NEWN(&b->r->arena, st_expr *, n ? n : 1);
    if (!xs)
        return NULL;
    *x = (st_expr){ .kind = ST_EXPR_WINDOW,
                    .type = ST_TYPE_LONG,
                    .window = w,
                    .args = xs,
                    .nargs = n,
                    .windowed = true };
    return bind_args(b, e, w, x) ? x : NULL;
}
