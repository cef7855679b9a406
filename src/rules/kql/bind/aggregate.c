/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate.c - aggregates and keys of the operators that group rows themselves. */
#include "rules/kql/bind/bind.h"

#include <string.h>

bool st_bind_aggregate(st_binder *b, const st_kql_expr *e, st_bind_agg *out)
{
    *out = (st_bind_agg){ 0 };
    b->aggregates = true;
    b->ncalls = b->keys = 0;
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    out->name = e->kind == ST_KQL_NAMED ? e->u.named.names[0].text : (st_str){ NULL, 0 };
    out->x = st_bind_expr(b, value);
    out->own = out->name.p ? out->name : st_bind_name(b, value);
    b->aggregates = false;
    out->ncalls = b->ncalls;
    out->calls = ST_NEWN(&b->r->arena, st_agg_call, b->ncalls + 1);
    if (out->calls && b->ncalls)
        memcpy(out->calls, b->calls, b->ncalls * sizeof *out->calls);
    return out->x && out->calls && !b->failed;
}

bool st_bind_key(st_binder *b, const st_kql_expr *e, st_col *col, st_expr **x)
{
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    *x = st_bind_settled(b, value, st_bind_expr(b, value));
    if (!*x || b->failed)
        return false;
    col->type = (*x)->type;
    col->name = e->kind == ST_KQL_NAMED ? e->u.named.names[0].text : st_bind_name(b, value);
    if (!col->name.n)
        col->name = ST_STR("Column1");
    if (col->type != ST_TYPE_DYNAMIC)
        return true;
    st_bind_error(b, e->span, "KS116", "a dynamic can't be grouped; wrap it in tostring()");
    return false;
}
