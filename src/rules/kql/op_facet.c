/*
 * op_facet.c - facet: the values of some columns with how often each is there, a table a
 * column; before them, what a subquery makes of the rows.
 */
#include "rules/kql/bind.h"

/* All rows, once more. */
static st_kop *rows_again(st_kbinder *b, st_kstore *rows)
{
    st_kop *all = st_kop_replay(b->r, rows);
    if (all)
        all->step = b->step;
    return all;
}

st_kop *st_kb_op_facet(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kstore *rows = st_kstore_new(b->r, in);
    st_kop *first = NULL, **last = &first;
    if (rows && q->u.facet.body) {
        st_kop *all = rows_again(b, rows);
        *last = all ? st_kb_body(b, all, q->u.facet.body, b->serialized) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    for (size_t i = 0; rows && i < q->u.facet.by.n; i++) {
        const st_kql_expr *column = q->u.facet.by.items[i];
        st_str name;
        if (column->kind != ST_KX_NAME) {
            st_kb_error(b, column->span, NULL, "a column's name is needed here");
            return NULL;
        }
        st_kop *all = rows_again(b, rows);
        *last = all ? st_kb_count_by(b, all, column, "count_", NULL, &name) : NULL;
        if (!*last)
            return NULL;
        last = &(*last)->also;
    }
    return first;
}
