/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.c - expressions whose value is a table: names, calls, subqueries.
 *
 * A let that is a table is a macro: each use binds it anew, in the scope of its definition.
 */
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "rules/kql/syntax/foreign.h"
#include "base/suggest.h"

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static const st_bind_table_fn *table_fn(const st_scope *sc, const st_kql_expr *call)
{
    for (const st_bind_table_fn *f = sc->binder->table_fns; !call->u.call.base && f->name; f++)
        if (st_str_is(call->u.call.name.text, f->name))
            return f;
    return NULL;
}

/* Is the value of a function of the text a table? */
static bool gives_table(const st_scope *sc, const st_let *l)
{
    const st_kql_stmt *s = l->expr->u.lambda.body;
    while (s && s->next)
        s = s->next;
    if (!s || !s->value)
        return false;
    if (s->value->kind == ST_KQL_QUERY)
        return true;
    if (s->value->kind != ST_KQL_NAME && s->value->kind != ST_KQL_CALL)
        return false;
    for (size_t i = 0; i < l->expr->u.lambda.nparams; i++)
        if (s->value->kind == ST_KQL_NAME &&
            st_str_eq(l->expr->u.lambda.params[i].name.text, s->value->u.name))
            return l->expr->u.lambda.params[i].tabular;
    st_scope inside = *sc;
    inside.env = l->env;
    return inside.depth++ < ST_MAX_KQL_CALLS && st_bind_tabular(&inside, s->value);
}

bool st_bind_tabular(const st_scope *sc, const st_kql_expr *e)
{
    if (e->kind == ST_KQL_QUERY)
        return true;
    if (e->kind == ST_KQL_NAME) {
        if (st_bind_column(sc->row, e->u.name) != SIZE_MAX)
            return false;
        st_let *l = st_bind_let(sc, e->u.name);
        if (l && l->kind == ST_L_LAMBDA)
            return gives_table(sc, l);
        return l ? l->kind == ST_L_TABLE : st_table_def_find(e->u.name) || st_service_def_rows(e);
    }
    if (st_service_def_rows(e) && (e->kind != ST_KQL_CALL || !st_bind_let(sc, e->u.call.name.text)))
        return true;
    if (e->kind != ST_KQL_CALL)
        return false;
    st_let *l = st_bind_let(sc, e->u.call.name.text);
    if (st_str_eq(e->u.call.name.text, ST_STR("materialize")) ||
        st_str_eq(e->u.call.name.text, ST_STR("table")) || (!l && table_fn(sc, e)))
        return true;
    return l && l->kind == ST_L_LAMBDA && gives_table(sc, l);
}

/* What stands for a table that couldn't be understood, which was told: it has any column. */
st_op *st_bind_unread_table(const st_scope *sc)
{
    st_op *op = st_op_values(sc->r, NULL, 0, NULL, 0);
    sc->out->failed = sc->out->opened = true;
    if (op)
        op->schema.open = true;
    return op;
}

static st_op *call_table(const st_scope *sc, const st_kql_expr *e);

/* Stands for one that may be missing: whoever asked for that drops it. */
static st_op *missing_table(const st_scope *sc, st_str name)
{
    st_op *op = st_op_values(sc->r, NULL, 0, NULL, 0);
    if (!sc->missing->name.n)
        *sc->missing = (st_bind_missing){ name, false };
    if (op)
        op->schema.open = true;
    return op;
}

/* The table of an information model's parser; e: the call, or the name alone. */
static st_op *model(const st_scope *sc, st_str name, const st_kql_expr *e)
{
    const st_kql_expr *value;
    st_scope inside;
    st_op *op = NULL;
    const st_let *l = st_bind_model(sc, name);
    if (!l)
        return NULL;
    /* What is told, and the plan that is shown, are about the user's text, not this one. */
    bool explain = sc->r->explain;
    st_diag_sink *d = sc->binder->d;
    if (st_bind_open_call(sc, l, e, &inside, &value)) {
        inside.step = NULL;
        sc->r->explain = false;
        sc->binder->d = NULL;
        op = st_bind_rows(&inside, value);
        sc->r->explain = explain;
        sc->binder->d = d;
        if (!op)
            st_bind_error(sc, e->span, NULL, "%.*s can't be used here", ST_FMT(name));
    }
    st_bind_label(sc, NULL);
    if (op) /* the schemas have more columns: null, and the user is told */
        op->schema.loose = sc->out->loosened = sc->binder->forgiving = true;
    return op;
}

static st_op *name_table(const st_scope *sc, const st_kql_expr *e)
{
    st_str name = e->u.name;
    st_let *l = st_bind_let(sc, name);
    const st_table_def *t = st_table_def_find(name);
    if (l && l->kind == ST_L_LAMBDA)
        return call_table(sc, e);
    if (l && l->rows)
        return st_op_replay(sc->r, l->rows);
    if (l && l->kind == ST_L_TABLE) {
        st_scope inside = *sc;
        inside.env = l->env;
        inside.step = NULL;
        st_op *op = st_bind_rows(&inside, l->expr);
        st_bind_label(sc, l);
        return op;
    }
    st_bind_label(sc, NULL);
    if (st_bind_unread(l))
        return st_bind_unread_table(sc);
    if (l) {
        st_bind_error(sc, e->span, NULL, "%.*s is a value here; a table is needed", ST_FMT(name));
        return NULL;
    }
    if (t) {
        st_bind_warn_table(sc, e->span, t);
        return st_op_scan(sc->r, t);
    }
    if (st_bind_is_model(name))
        return model(sc, name, e);
    const st_service_def *service = st_service_def_find(name);
    if (service)
        return st_bind_service_table(sc, e->span, service, name);
    if (sc->missing)
        return missing_table(sc, name);
    st_suggest s = { .want = name };
    const char *today = st_kql_foreign(ST_FOREIGN_TABLE, name);
    for (size_t i = 0; st_table_def_at(i); i++)
        st_suggest_offer(&s, st_str_of(st_table_def_at(i)->name));
    for (st_let *k = sc->env; k; k = k->next)
        st_suggest_offer(&s, k->name);
    if (today)
        st_bind_error(sc, e->span, "KS204", "no table %.*s; it is called %s today", ST_FMT(name),
                      today);
    else if (s.best.p)
        st_bind_error(sc, e->span, "KS204", "no table %.*s; did you mean %.*s?", ST_FMT(name),
                      ST_FMT(s.best));
    else
        st_bind_error(sc, e->span, "KS204", "no table %.*s", ST_FMT(name));
    return NULL;
}

/* table("T" [, "all"]): the table of that name, never a let. */
static st_op *table_of_name(const st_scope *sc, const st_kql_expr *e)
{
    st_val v = st_val_null();
    st_type t = ST_TYPE_UNKNOWN;
    size_t n = e->u.call.args.n;
    if (n < 1 || n > 2 || !st_bind_constant(sc, st_bind_argument(e, 0), &v, &t) ||
        t != ST_TYPE_STRING) {
        st_bind_error(sc, e->span, "KS119", "table() needs a table's name as a constant text");
        return NULL;
    }
    st_kql_expr table = { .kind = ST_KQL_NAME,
                          .span = e->span,
                          .u.name = st_pool_get(sc->r->mem.pool, v.u.s) };
    st_scope outside = *sc;
    outside.env = NULL;
    return name_table(&outside, &table);
}

/* A call of a function whose value is a table; e is a name where it has no arguments. */
static st_op *call_table(const st_scope *sc, const st_kql_expr *e)
{
    st_str name = e->kind == ST_KQL_NAME ? e->u.name : e->u.call.name.text;
    st_let *l = st_bind_let(sc, name);
    size_t n = e->kind == ST_KQL_CALL ? e->u.call.args.n : 0;
    if (!l && n == 1 && st_str_eq(name, ST_STR("materialize")))
        return st_bind_table(sc, e->u.call.args.items[0]);
    if (!l && e->kind == ST_KQL_CALL && st_str_eq(name, ST_STR("table")))
        return table_of_name(sc, e);
    const st_bind_table_fn *f = l || e->kind == ST_KQL_NAME ? NULL : table_fn(sc, e);
    if (f)
        return f->bind(sc, e);
    if (st_bind_unread(l))
        return st_bind_unread_table(sc);
    if (!l && st_bind_is_model(name))
        return model(sc, name, e);
    if (!l || l->kind != ST_L_LAMBDA) {
        const st_service_def *service = l ? NULL : st_service_def_find(name);
        if (service)
            return st_bind_service_table(sc, e->span, service, name);
        if (!l && sc->missing)
            return missing_table(sc, name);
        st_bind_error(sc, e->span, "KS211", "no function %.*s that gives a table", ST_FMT(name));
        return NULL;
    }
    const st_kql_expr *value;
    st_scope inside;
    st_op *op = NULL;
    if (st_bind_open_call(sc, l, e, &inside, &value)) {
        inside.step = NULL;
        op = st_bind_rows(&inside, value);
    }
    st_bind_label(sc, l);
    return op;
}

/* Columns of the row outside can't be named in a table, and nothing else of it holds. */
static st_scope table_scope(const st_scope *sc)
{
    return (st_scope){ .binder = sc->binder,
                       .r = sc->r,
                       .out = sc->out,
                       .env = sc->env,
                       .depth = sc->depth + 1,
                       .step = sc->step,
                       .missing = sc->missing };
}

st_op *st_bind_rows(const st_scope *sc, const st_kql_expr *e)
{
    st_scope inner = table_scope(sc);
    st_op *op = NULL;
    if (!st_bind_expand(sc, e->span))
        return NULL;
    sc->out->ordered = false;
    if (e->kind == ST_KQL_QUERY)
        op = st_bind_query(&inner, e->u.query);
    else if (e->kind == ST_KQL_NAME)
        op = name_table(&inner, e);
    else if (e->kind == ST_KQL_MEMBER && st_service_def_rows(e))
        op = st_bind_service_table(&inner, e->span, st_service_def_rows(e),
                                   st_str_of(st_service_def_rows(e)->name));
    else if (e->kind == ST_KQL_CALL)
        op = call_table(&inner, e);
    else if (e->kind == ST_KQL_ERROR)
        op = st_bind_unread_table(&inner);
    else
        st_bind_error(sc, e->span, NULL, "a table is needed here%s",
                      e->kind == ST_KQL_BINARY ? "; if this is a title, put `//` in front of it"
                                               : "");
    if (op && !op->step && !op->again)
        op->step = st_bind_step(sc, e->span, NULL);
    st_bind_step_side(sc, op);
    return op;
}

/* A table, or several. */
st_op *st_bind_tables(const st_scope *sc, const st_kql_expr *e)
{
    st_op *op = st_bind_rows(sc, e);
    if (!op || !op->graph)
        return op;
    st_bind_error(sc, e->span, NULL,
                  "this is a graph; a table is needed: put graph-match, graph-shortest-paths or "
                  "graph-to-table behind it");
    return NULL;
}

st_op *st_bind_table(const st_scope *sc, const st_kql_expr *e)
{
    st_op *op = st_bind_tables(sc, e);
    if (!op || !op->also)
        return op;
    st_bind_error(sc, e->span, NULL, "these are several tables; one is needed");
    return NULL;
}

/* NOLINTEND(misc-no-recursion) */
