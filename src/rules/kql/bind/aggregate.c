/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate.c - aggregates and keys of the operators that group rows themselves. */
#include "rules/kql/bind/bind.h"

#include <stdlib.h>
#include <string.h>

bool st_bind_aggregate(const st_scope *sc, const st_kql_expr *e, st_bind_agg *out)
{
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    st_bind_group group = { .node_call = SIZE_MAX };
    st_scope inner = *sc;
    inner.group = &group;
    *out = (st_bind_agg){ 0 };
    out->name = e->kind == ST_KQL_NAMED ? e->u.named.names[0].text : (st_str){ NULL, 0 };
    out->x = st_bind_expr(&inner, value);
    out->own = out->name.p ? out->name : st_bind_name(&inner, value);
    out->ncalls = group.n;
    out->calls = ST_NEWN(&sc->r->arena, st_agg_call, group.n + 1);
    if (out->calls && group.n)
        memcpy(out->calls, group.calls, group.n * sizeof *out->calls);
    free(group.calls);
    return out->x && out->calls && !sc->out->failed;
}

bool st_bind_key(const st_scope *sc, const st_kql_expr *e, st_col *col, st_expr **x)
{
    const st_kql_expr *value = e->kind == ST_KQL_NAMED ? e->u.named.value : e;
    *x = st_bind_settled(sc, value, st_bind_expr(sc, value));
    if (!*x || sc->out->failed)
        return false;
    col->type = (*x)->type;
    col->name = e->kind == ST_KQL_NAMED ? e->u.named.names[0].text : st_bind_name(sc, value);
    if (!col->name.n)
        col->name = ST_STR("Column1");
    if (col->type != ST_TYPE_DYNAMIC)
        return true;
    st_bind_error(sc, e->span, "KS116", "a dynamic can't be grouped; wrap it in tostring()");
    return false;
}
