/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c - operators that choose or order rows: where, order, top, take, count, distinct, sample.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

st_op *st_bind_op_where(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_scope inner = *sc;
    inner.filtering = true;
    st_expr *x = st_bind_condition(&inner, q->u.expr);
    return x && !sc->out->failed ? st_op_where(sc->r, in, x) : NULL;
}

static bool bind_keys(const st_scope *sc, const st_kql_key *keys, size_t n, st_sort_key **out)
{
    *out = ST_NEWN(&sc->r->arena, st_sort_key, n);
    for (size_t i = 0; *out && i < n; i++) {
        st_str name;
        const st_kql_expr *value = st_bind_unname(keys[i].expr, &name);
        st_expr *x = st_bind_settled(sc, value, st_bind_expr(sc, value));
        if (!x)
            return false;
        if (x->type == ST_TYPE_DYNAMIC)
            st_bind_error(sc, keys[i].expr->span, "KS116",
                          "a dynamic can't be sorted by; wrap it in tostring()");
        bool desc = !keys[i].asc;
        (*out)[i] = (st_sort_key){ x, desc, keys[i].nulls_first || (!desc && !keys[i].nulls_last) };
    }
    return *out && !sc->out->failed;
}

st_op *st_bind_op_order(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_sort_key *keys;
    return bind_keys(sc, q->u.keys.keys, q->u.keys.n, &keys)
               ? st_op_order(sc->r, in, keys, q->u.keys.n, SIZE_MAX)
               : NULL;
}

st_op *st_bind_op_top(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    st_sort_key *keys;
    if (!st_bind_row_count(sc, q->u.top.count, &n) ||
        !bind_keys(sc, q->u.top.keys, q->u.top.n, &keys))
        return NULL;
    return st_op_order(sc->r, in, keys, q->u.top.n, n);
}

st_op *st_bind_op_take(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    return st_bind_row_count(sc, q->u.top.count, &n) ? st_op_take(sc->r, in, n) : NULL;
}

st_op *st_bind_op_count(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    return st_op_count(sc->r, in, q->u.name.text.n ? q->u.name.text : ST_STR("Count"));
}

static bool no_dynamic(const st_scope *sc, const st_kql_op *q, const st_schema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].type == ST_TYPE_DYNAMIC) {
            st_bind_error(sc, q->span, "KS116",
                          "a dynamic (%.*s) can't be grouped; wrap it in tostring()",
                          ST_FMT(s->v[i].name));
            return false;
        }
    return true;
}

st_op *st_bind_op_distinct(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *p = in;
    if (!(q->u.exprs.n == 1 && q->u.exprs.items[0]->kind == ST_KQL_STAR))
        p = st_bind_projection(sc, in, &q->u.exprs);
    return p && no_dynamic(sc, q, &p->schema) ? st_op_distinct(sc->r, p) : NULL;
}

st_op *st_bind_op_sample_distinct(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t n = 0;
    st_bind_outputs o = { 0 };
    if (!st_bind_row_count(sc, q->u.top.count, &n) || !st_bind_output_expr(sc, &o, q->u.top.of)) {
        st_bind_outputs_free(&o);
        return NULL;
    }
    st_op *p = st_bind_finish(sc, in, &o);
    p = p ? st_op_distinct(sc->r, p) : NULL;
    return p ? st_op_take(sc->r, p, n) : NULL;
}
