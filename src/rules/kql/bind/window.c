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

static void check_args(const st_scope *sc, const st_kql_expr *e, const st_window *w, st_expr *x)
{
    for (size_t i = 0; i < x->nargs; i++) {
        st_type t = x->args[i]->type;
        x->args[i]->uses++;
        if (t == ST_TYPE_UNKNOWN)
            x->type = ST_TYPE_UNKNOWN;
        else if (!fits(w->types[i], t))
            st_bind_error(sc, e->u.call.args.items[i]->span, "KS107", "%s() can't take a %s here",
                          w->name, st_type_name(t));
        else if (i == 0 && w->own_type)
            x->type = t == ST_TYPE_INT && w->types[0] == 'n' ? ST_TYPE_LONG : t;
    }
}

st_expr *st_bind_window(const st_scope *sc, const st_kql_expr *e, const st_window *w, st_expr **x,
                        size_t n)
{
    if (n < w->min || n > w->max) {
        st_bind_error(sc, e->span, "KS119", "%s() takes %zu to %zu arguments", w->name, w->min,
                      w->max);
        return st_bind_unknown(sc);
    }
    if (!sc->row || !sc->ordered || sc->group || sc->nested) {
        st_bind_error(sc, e->span, NULL,
                      "%s() needs rows in an order that is meant; put order by or serialize before",
                      w->name);
        return st_bind_unknown(sc);
    }
    sc->out->windows = true;
    st_expr *call = st_bind_node(sc, ST_EXPR_WINDOW, ST_TYPE_LONG);
    if (!call)
        return NULL;
    call->window = w;
    call->args = x;
    call->nargs = n;
    call->windowed = true;
    check_args(sc, e, w, call);
    return call;
}
