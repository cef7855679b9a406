/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* render.c - render: the rows as they are; the chart's kind and options are kept as JSON, for
 * whoever draws. */
#include "rules/kql/operators/operators.h"

st_op *st_bind_op_render(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_mem *m = &sc->r->mem;
    st_bag *g = st_bag_new(m, q->nopts + 1);
    st_op *op = st_op_take(sc->r, in, SIZE_MAX);
    st_buf t = { 0 };
    if (!g || !op)
        return NULL;
    g->keys[0] = st_val_str(m, ST_STR("kind")).u.s;
    g->v[0] = st_val_str(m, q->u.name.text);
    for (size_t i = 0; i < q->nopts; i++) {
        const st_kql_expr *e = q->opts[i].value;
        st_expr *x = e && e->kind == ST_KQL_LITERAL ? st_bind_expr(sc, e) : NULL;
        g->keys[i + 1] = st_val_str(m, q->opts[i].name.text).u.s;
        g->v[i + 1] = x                             ? x->value
                      : e && e->kind == ST_KQL_NAME ? st_val_str(m, e->u.name)
                                                    : st_val_null();
    }
    st_val_put_json(&t, m, st_val_bag(g));
    op->render = st_arena_copy(&sc->r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return op;
}
