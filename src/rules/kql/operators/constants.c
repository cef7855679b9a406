/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* constants.c - tables that the text holds: print, datatable, range. */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

st_op *st_bind_op_print(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    (void)in;
    st_bind_outputs o = { 0 };
    st_val none = st_val_null();
    st_op *one = st_op_values(sc->r, NULL, 0, &none, 1);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        st_str name;
        const st_kql_expr *v = st_bind_unname(e, &name);
        if (st_bind_is_tuple(sc, v)) {
            st_bind_output_tuple(sc, &o, e, true, false);
            continue;
        }
        st_expr *x = st_bind_expr(sc, v);
        if (!x)
            break;
        if (name.p && st_bind_output_find(&o, name) != SIZE_MAX)
            st_bind_error(sc, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        bool named = name.p != NULL;
        if (!named)
            name = st_bind_numbered(sc, ST_STR("print_"), (unsigned)i);
        st_bind_output_put(sc, &o, st_bind_free_name(sc, &o, name), named, (st_proj_item){ x, 0 },
                           x->type);
    }
    if (one)
        return st_bind_finish(sc, one, &o);
    st_bind_outputs_free(&o);
    return NULL;
}

/* A cell's value, as the column's type; false, and it was told, if it is no constant. What most are
 * needs no expression. */
static bool bind_cell(const st_scope *sc, const st_kql_expr *e, st_type t, st_val *out)
{
    if (e->kind == ST_KQL_LITERAL) {
        *out = st_bind_literal_value(sc, e);
        if (st_bind_type(e->u.value.type) != t)
            *out = st_val_convert(&sc->r->mem, t, st_bind_type(e->u.value.type), *out);
        return true;
    }
    const st_expr *x = st_bind_expr(sc, e);
    if (x && x->kind != ST_EXPR_CONST)
        st_bind_error(sc, e->span, NULL, "a constant is needed here");
    if (!x || x->kind != ST_EXPR_CONST)
        return false;
    *out = x->type == t ? x->value : st_val_convert(&sc->r->mem, t, x->type, x->value);
    return true;
}

st_op *st_bind_op_datatable(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    (void)in;
    const st_kql_schema *s = &q->u.data.schema;
    size_t n = q->u.data.cells.n;
    if (!s->n || n % s->n) {
        st_bind_error(sc, q->span, NULL, "%zu values don't fill rows of %zu columns", n, s->n);
        return NULL;
    }
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, s->n);
    st_val *cells = ST_NEWN(&sc->r->arena, st_val, n);
    for (size_t i = 0; cols && i < s->n; i++) {
        cols[i] = (st_col){ s->columns[i].name.text, st_bind_type(s->columns[i].type) };
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(cols[k].name, cols[i].name))
                st_bind_error(sc, s->columns[i].name.span, "KS171",
                              "there is a column %.*s already", ST_FMT(cols[i].name));
    }
    for (size_t i = 0; cols && cells && i < n; i++)
        if (!bind_cell(sc, q->u.data.cells.items[i], cols[i % s->n].type, &cells[i]))
            return NULL;
    return cols && cells && !sc->out->failed ? st_op_values(sc->r, cols, s->n, cells, n / s->n)
                                             : NULL;
}

st_op *st_bind_op_range(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    (void)in;
    st_val from, to, step;
    st_type t, tt, st;
    if (!st_bind_constant(sc, q->u.range.from, &from, &t) ||
        !st_bind_constant(sc, q->u.range.to, &to, &tt) ||
        !st_bind_constant(sc, q->u.range.step, &step, &st))
        return NULL;
    bool numbers = st_type_numeric(t) && st_type_numeric(tt) && st_type_numeric(st);
    bool times =
        (t == ST_TYPE_DATETIME || t == ST_TYPE_TIMESPAN) && tt == t && st == ST_TYPE_TIMESPAN;
    if (!numbers && !times) {
        st_bind_error(sc, q->span, "KS106", "range isn't defined for %s, %s and %s",
                      st_type_name(t), st_type_name(tt), st_type_name(st));
        return NULL;
    }
    if (numbers && (tt == ST_TYPE_REAL || st == ST_TYPE_REAL) && t != ST_TYPE_REAL) {
        from = st_val_convert(&sc->r->mem, ST_TYPE_REAL, t, from);
        t = ST_TYPE_REAL;
    } else if (t == ST_TYPE_INT) {
        t = ST_TYPE_LONG;
    }
    return st_op_range(sc->r, q->u.range.name.text, t, from, to, step);
}
