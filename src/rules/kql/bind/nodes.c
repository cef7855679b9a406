/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodes.c - nodes of bound expressions; what has only constants below it is computed at once.
 */
#include "rules/kql/bind/bind.h"

st_type st_bind_type(st_type t)
{
    return t == ST_TYPE_DECIMAL ? ST_TYPE_REAL : t;
}

st_expr *st_bind_node(const st_scope *sc, st_expr_kind kind, st_type type)
{
    st_expr *x = ST_NEW(&sc->r->arena, st_expr);
    if (!x) {
        st_run_nomem(sc->r);
        sc->out->failed = true;
        return NULL;
    }
    sc->binder->nodes++;
    x->kind = kind;
    x->type = type;
    return x;
}

st_expr *st_bind_const(const st_scope *sc, st_type type, st_val v)
{
    st_expr *x = st_bind_node(sc, ST_EXPR_CONST, type);
    if (x)
        x->value = v;
    return x;
}

st_expr *st_bind_unknown(const st_scope *sc)
{
    return st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
}

/* What is made of the present time, and is a time itself, tells nothing until it is compared. */
static bool is_time(st_type t)
{
    return t == ST_TYPE_DATETIME || t == ST_TYPE_TIMESPAN;
}

/* Computes what is constant. */
st_expr *st_bind_fold(const st_scope *sc, st_expr *x)
{
    if (!x || x->type == ST_TYPE_UNKNOWN)
        return x;
    for (size_t i = 0; i < x->nargs; i++)
        if (x->args[i]->kind != ST_EXPR_CONST)
            return x;
    const char *met = sc->r->limit; /* of rows that were read already: no matter of this constant */
    sc->r->limit = NULL;
    sc->r->binding = true;
    st_val v = st_expr_constant(sc->r, x);
    sc->r->binding = false;
    sc->r->told |= x->ago && !is_time(x->type);
    if (sc->r->limit) {
        if (!sc->out->failed && sc->binder->d)
            st_diag_file(sc->binder->d, ST_SEV_ERROR, "a constant can't be computed: %s",
                         sc->r->limit);
        sc->out->failed = true;
    }
    sc->r->limit = met;
    st_expr *c = st_bind_const(sc, x->type, v);
    if (c)
        c->ago = x->ago;
    return c;
}

st_expr *st_bind_call_node(const st_scope *sc, st_fn_code *code, st_type type, st_expr **args,
                           size_t n)
{
    st_expr *x = st_bind_node(sc, ST_EXPR_CALL, type);
    st_expr **copy = x ? ST_NEWN(&sc->r->arena, st_expr *, n) : NULL;
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!args[i])
            return NULL;
        copy[i] = args[i];
        copy[i]->uses++;
        x->ago |= args[i]->ago;
        x->windowed |= args[i]->windowed;
        x->anew |= args[i]->anew;
        if (args[i]->type == ST_TYPE_UNKNOWN)
            x->type = ST_TYPE_UNKNOWN;
    }
    x->code = code;
    x->args = copy;
    x->nargs = n;
    return x;
}

st_expr *st_bind_call(const st_scope *sc, st_fn_code *code, st_type type, st_expr **args, size_t n)
{
    return st_bind_fold(sc, st_bind_call_node(sc, code, type, args, n));
}

bool st_bind_any_unknown(st_expr *const *args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!args[i] || args[i]->type == ST_TYPE_UNKNOWN)
            return true;
    return false;
}

st_expr *st_bind_as_json(const st_scope *sc, st_expr *x)
{
    if (x->type != ST_TYPE_STRING || x->kind != ST_EXPR_COLUMN ||
        !st_str_eq(sc->row->v[x->col].name, ST_STR("AdditionalFields")))
        return x;
    return st_bind_call(sc, st_fn_find(ST_STR("parse_json"))->code, ST_TYPE_DYNAMIC, &x, 1);
}

bool st_bind_all_constant(st_expr *const *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i]->kind != ST_EXPR_CONST)
            return false;
    return true;
}

st_expr *st_bind_joined(const st_scope *sc, st_expr **x, size_t n, st_fn_code *code)
{
    if (!n)
        return st_bind_const(sc, ST_TYPE_BOOL, st_val_bool(false));
    while (n > 1) {
        size_t to = 0;
        for (size_t i = 0; i < n; i += 2)
            x[to++] = i + 1 < n ? st_bind_call(sc, code, ST_TYPE_BOOL, x + i, 2) : x[i];
        n = to;
    }
    return x[0];
}
