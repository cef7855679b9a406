/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invoke.c - invoke: a function called with the rows so far as its first argument.
 *
 * The function may read them more than once, so they are kept (engine/operators/replay.c).
 */
#include "rules/kql/operators/operators.h"

#include <string.h>

/* No name that a text could have. */
#define ROWS ST_STR("| the rows so far")

st_op *st_bind_op_invoke(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_kql_expr *call = ST_NEW(&sc->r->arena, st_kql_expr),
                *rows = ST_NEW(&sc->r->arena, st_kql_expr);
    st_let *l = ST_NEW(&sc->r->arena, st_let);
    if (!call || !rows || !l || !q->u.expr || q->u.expr->kind != ST_KQL_CALL)
        return NULL;
    const st_kql_list *args = &q->u.expr->u.call.args;
    st_str callee = q->u.expr->u.call.name.text;
    const st_service_def *service = st_bind_let(sc, callee) ? NULL : st_service_def_find(callee);
    if (service && service->kind == ST_SV_ENRICHES)
        return st_bind_service_enrich(sc, in, q->u.expr->span, service);
    if (service)
        return st_bind_service_table(sc, q->u.expr->span, service, callee);
    *rows = (st_kql_expr){ .kind = ST_KQL_NAME, .span = q->word, .u.name = ROWS };
    *call = *q->u.expr;
    call->u.call.args.n = args->n + 1;
    call->u.call.args.items = ST_NEWN(&sc->r->arena, st_kql_expr *, args->n + 1);
    if (!call->u.call.args.items || !(l->rows = st_kept_rows_new(sc->r, in)))
        return NULL;
    call->u.call.args.items[0] = rows;
    if (args->n)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        memcpy(call->u.call.args.items + 1, args->items, args->n * sizeof(st_kql_expr *));
    l->name = ROWS;
    l->kind = ST_L_TABLE;
    st_scope inner = *sc;
    return st_bind_push_let(&inner, l) ? st_bind_table(&inner, call) : NULL;
}
