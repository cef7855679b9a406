/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facet.c - facet: a table for each of some columns, with its values and how often each is
 * there; before them the table that a subquery makes of the rows.
 */
#include "rules/kql/operators/operators.h"

/* All rows, once more. */
static st_op *rows_again(const st_scope *sc, st_kept_rows *rows)
{
    st_op *all = st_op_replay(sc->r, rows);
    if (all)
        all->step = sc->step;
    return all;
}

st_op *st_bind_op_facet(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_kept_rows *rows = st_kept_rows_new(sc->r, in);
    st_op *first = NULL, **last = &first;
    if (rows && q->u.facet.body) {
        st_op *all = rows_again(sc, rows);
        *last = all ? st_bind_body(sc, all, q->u.facet.body, sc->ordered) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    for (size_t i = 0; rows && i < q->u.facet.by.n; i++) {
        const st_kql_expr *column = q->u.facet.by.items[i];
        st_str name;
        if (column->kind != ST_KQL_NAME) {
            st_bind_error(sc, column->span, NULL, "a column's name is needed here");
            return NULL;
        }
        st_op *all = rows_again(sc, rows);
        *last = all ? st_bind_count_by(sc, all, column, "count_", NULL, &name) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    return first;
}
