/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.c - mv-expand and mv-apply: a row, or a subquery's input row, for each element of an
 * array.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

static bool expand_item(const st_scope *sc, st_bind_outputs *o, const st_kql_expand_item *it,
                        bool pairs, st_expand *out)
{
    st_str name;
    const st_kql_expr *value = st_bind_unname(it->expr, &name);
    st_expr *x = st_bind_expr(sc, value);
    x = x ? st_bind_as_json(sc, x) : NULL;
    if (!x)
        return false;
    if (x->type != ST_TYPE_DYNAMIC && x->type != ST_TYPE_UNKNOWN) {
        st_bind_error(sc, it->expr->span, "KS141",
                      "a dynamic is needed here, not %s; use split() or parse_json()",
                      st_type_name(x->type));
        return false;
    }
    if (!name.p)
        name = st_bind_name(sc, value);
    if (!name.n)
        name = st_bind_numbered(sc, ST_STR("Column"), ++o->columns);
    *out = (st_expand){ .x = x,
                        .col = st_bind_output_find(o, name),
                        .to = it->to == ST_TYPE_UNKNOWN ? ST_TYPE_DYNAMIC : st_bind_type(it->to),
                        .pairs = pairs };
    if (out->col == SIZE_MAX) {
        out->col = o->n;
        return st_bind_output_put(sc, o, name, true, (st_proj_item){ NULL, 0 }, out->to);
    }
    if (o->cols)
        o->cols[out->col].type = out->to;
    return true;
}

/* The elements' numbers, behind all else; a name that is taken gets a number. */
static bool put_index(const st_scope *sc, st_bind_outputs *o, st_str name)
{
    return st_bind_output_put(sc, o, st_bind_free_name(sc, o, name), true,
                              (st_proj_item){ NULL, 0 }, ST_TYPE_LONG);
}

/* kind=bag or kind=array (old: bagexpansion=): what a member of a bag becomes. */
static bool bag_kind(const st_scope *sc, const st_kql_op *q, bool *pairs)
{
    const st_kql_expr *e = st_bind_opt(q, "kind");
    e = e ? e : st_bind_opt(q, "bagexpansion");
    *pairs = e && e->kind == ST_KQL_NAME && st_str_eq(e->u.name, ST_STR("array"));
    if (!e || *pairs || (e->kind == ST_KQL_NAME && st_str_eq(e->u.name, ST_STR("bag"))))
        return true;
    st_bind_error(sc, e->span, "KS005", "unknown kind of expansion; expected bag or array");
    return false;
}

st_op *st_bind_op_expand(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_expand *items = ST_NEWN(&sc->r->arena, st_expand, n);
    bool pairs = false;
    bool ok = bag_kind(sc, q, &pairs) && items && st_bind_output_all(sc, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(sc, &o, &q->u.expand.items[i], pairs, &items[i]);
    const st_kql_expr *ix = st_bind_opt(q, "with_itemindex");
    if (ok && ix && ix->kind == ST_KQL_NAME) {
        index = o.n;
        ok = put_index(sc, &o, ix->u.name);
    }
    if (ok && q->u.expand.limit)
        ok = st_bind_row_count(sc, q->u.expand.limit, &limit);
    st_op *op = ok && !sc->out->failed
                    ? st_op_expand(sc->r, in, items, n, limit, index, o.cols, o.n)
                    : NULL;
    st_bind_outputs_free(&o);
    return op;
}

/* What a subquery that is run again and again may hold: operators of one input. */
static bool may_repeat(const st_scope *sc, const st_kql_query *body)
{
    for (const st_kql_op *q = body->first; q; q = q->next)
        if (!sc->binder->operators[q->kind].repeats) {
            st_bind_error(sc, q->word, NULL, "%s can't stand in mv-apply's subquery",
                          st_kql_op_name(q->kind));
            return false;
        }
    return true;
}

/* The input's columns but those that were spread, as the subquery gives them where it has them,
 * then its other columns. */
static st_op *beside(const st_scope *sc, st_op *in, const st_expand *items, size_t n, size_t limit,
                     size_t index, st_op *body)
{
    size_t most = in->schema.n + body->schema.n, k = 0;
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, most);
    st_applied *out = ST_NEWN(&sc->r->arena, st_applied, most);
    for (size_t c = 0; cols && out && c < in->schema.n; c++) {
        size_t at = st_bind_column(&body->schema, in->schema.v[c].name);
        bool spread = false;
        for (size_t i = 0; i < n; i++)
            spread |= items[i].col == c;
        if (spread)
            continue;
        cols[k] = at == SIZE_MAX ? in->schema.v[c] : body->schema.v[at];
        out[k++] = at == SIZE_MAX ? (st_applied){ false, c } : (st_applied){ true, at };
    }
    size_t kept = k;
    for (size_t c = 0; cols && out && c < body->schema.n; c++)
        if (st_bind_column(&(st_schema){ .v = cols, .n = kept }, body->schema.v[c].name) ==
            SIZE_MAX) {
            cols[k] = body->schema.v[c];
            out[k++] = (st_applied){ true, c };
        }
    return cols && out ? st_op_apply(sc->r, in, items, n, limit, index, body, cols, out, k) : NULL;
}

static const st_kql_expr *item_index(const st_kql_op *q)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_eq(q->opts[i].name.text, ST_STR("with_itemindex")) && q->opts[i].value &&
            q->opts[i].value->kind == ST_KQL_NAME)
            return q->opts[i].value;
    return NULL;
}

st_op *st_bind_op_apply(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_expand *items = ST_NEWN(&sc->r->arena, st_expand, n);
    bool pairs = false;
    bool ok = bag_kind(sc, q, &pairs) && items && q->u.expand.body &&
              st_bind_output_all(sc, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(sc, &o, &q->u.expand.items[i], pairs, &items[i]);
    const st_kql_expr *ix = item_index(q);
    if (ok && ix) {
        index = o.n;
        ok = put_index(sc, &o, ix->u.name);
    }
    if (ok && q->u.expand.limit)
        ok = st_bind_row_count(sc, q->u.expand.limit, &limit);
    ok = ok && may_repeat(sc, q->u.expand.body);
    st_op *from = ok && !sc->out->failed ? st_op_feed(sc->r, o.cols, o.n, in->lineage) : NULL;
    st_bind_outputs_free(&o);
    st_op *body = from ? st_bind_body(sc, from, q->u.expand.body, true) : NULL;
    return body && !sc->out->failed ? beside(sc, in, items, n, limit, index, body) : NULL;
}
