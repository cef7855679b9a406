/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - calls: functions of the tables, functions of the text, and those that need the binder.
 */
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "rules/kql/syntax/foreign.h"
#include "base/suggest.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static void no_function(const st_scope *sc, const st_kql_expr *e)
{
    st_str name = e->u.call.name.text;
    st_suggest s = { .want = name };
    for (size_t i = 0; st_fn_at(i); i++)
        st_suggest_offer(&s, st_str_of(st_fn_at(i)->name));
    for (size_t i = 0; st_agg_at(i); i++)
        st_suggest_offer(&s, st_str_of(st_agg_at(i)->name));
    const char *here = st_kql_foreign(ST_FOREIGN_FUNCTION, name);
    for (size_t i = 0; !here && st_fn_at(i); i++)
        st_suggest_part(&s, st_str_of(st_fn_at(i)->name));
    if (here)
        st_bind_error(sc, e->u.call.name.span, "KS211", "no function %.*s; in KQL it is %s",
                      ST_FMT(name), here);
    else if (s.best.p)
        st_bind_error(sc, e->u.call.name.span, "KS211", "no function %.*s; did you mean %.*s?",
                      ST_FMT(name), ST_FMT(s.best));
    else
        st_bind_error(sc, e->u.call.name.span, "KS211",
                      "the function %.*s isn't known or not supported yet", ST_FMT(name));
}

static st_expr *typeof_arg(const st_scope *sc, const st_kql_expr *e)
{
    if (e->u.schema.n != 1)
        return st_bind_unknown(sc);
    st_type t = st_bind_type(e->u.schema.columns[0].type);
    return st_bind_const(sc, t, st_val_missing(t));
}

st_expr *st_bind_call_named(const st_scope *sc, const st_kql_expr *e, const st_let *l)
{
    const st_kql_expr *value;
    st_scope inside, deeper = *sc;
    if (!st_bind_expand(sc, e->span))
        return st_bind_unknown(sc);
    deeper.depth++;
    st_expr *x =
        st_bind_open_call(&deeper, l, e, &inside, &value) ? st_bind_expr(&inside, value) : NULL;
    return x ? x : st_bind_unknown(sc);
}

/* Does a column stand in it? */
static bool sees_rows(void *ctx, const st_expr *x)
{
    bool *reads = ctx;
    *reads = x->kind == ST_EXPR_COLUMN || x->kind == ST_EXPR_WINDOW;
    return !*reads;
}

static bool reads_rows(st_run *r, const st_expr *x)
{
    bool reads = false;
    return !st_expr_each(r, x, sees_rows, &reads) || reads;
}

/* x computed now, if it reads no row: so new_guid() is one value. */
static st_expr *once(const st_scope *sc, st_expr *x)
{
    if (!x || x->kind == ST_EXPR_CONST || x->type == ST_TYPE_UNKNOWN || reads_rows(sc->r, x))
        return x;
    return st_bind_const(sc, x->type, st_expr_constant(sc->r, x));
}

static st_expr *toscalar(const st_scope *sc, const st_kql_expr *e)
{
    if (e->u.call.args.n != 1) {
        st_bind_error(sc, e->span, "KS119", "toscalar() takes a query, and needs one");
        return st_bind_unknown(sc);
    }
    if (!st_bind_tabular(sc, st_bind_argument(e, 0)))
        return once(sc, st_bind_expr(sc, st_bind_argument(e, 0)));
    st_op *op = st_bind_table(sc, st_bind_argument(e, 0));
    if (!op || !st_bind_may_run(sc) || !op->schema.n)
        return st_bind_unknown(sc);
    st_batch *batch = st_op_next(sc->r, op);
    const st_val *v = batch ? st_batch_col(sc->r, batch, 0) : NULL;
    st_val out = v ? v[0] : st_val_missing(op->schema.v[0].type);
    st_batch_free(batch);
    sc->r->told |= sc->r->timed;
    return st_bind_const(sc, op->schema.v[0].type, out);
}

static st_expr *column_if_exists(const st_scope *sc, const st_kql_expr *e)
{
    st_val name = st_val_null();
    st_type t;
    if (e->u.call.args.n != 2 || !st_bind_constant(sc, st_bind_argument(e, 0), &name, &t) ||
        t != ST_TYPE_STRING) {
        st_bind_error(sc, e->span, "KS119", "column_ifexists() needs a column's name and a value");
        return st_bind_unknown(sc);
    }
    st_kql_expr column = { .kind = ST_KQL_NAME,
                           .span = e->span,
                           .u.name = st_pool_get(sc->r->mem.pool, name.u.s) };
    if (st_bind_column(sc->row, column.u.name) == SIZE_MAX)
        return st_bind_expr(sc, st_bind_argument(e, 1));
    return st_bind_expr(sc, &column);
}

/* pack_all([ignore_null_empty]): a bag of the row's columns. */
static st_expr *pack_all(const st_scope *sc, const st_kql_expr *e)
{
    st_val flag = st_val_bool(false);
    st_type t;
    size_t n = sc->row ? sc->row->n : 0;
    if (e->u.call.args.n > 1 ||
        (e->u.call.args.n && !st_bind_constant(sc, st_bind_argument(e, 0), &flag, &t))) {
        st_bind_error(sc, e->span, "KS119", "pack_all() takes one constant bool, or nothing");
        return st_bind_unknown(sc);
    }
    st_expr **x = ST_NEWN(&sc->r->arena, st_expr *, 2 * n);
    for (size_t i = 0; x && i < n; i++) {
        st_expr *col = st_bind_node(sc, ST_EXPR_COLUMN, sc->row->v[i].type);
        if (!col)
            return NULL;
        col->col = i;
        x[2 * i] = st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, sc->row->v[i].name));
        x[2 * i + 1] = col;
    }
    st_expr *call = x ? st_bind_call_node(sc, st_call_pack_all, ST_TYPE_DYNAMIC, x, 2 * n) : NULL;
    if (call)
        call->all = flag.tag == ST_VAL_BOOL && flag.u.b;
    return call;
}

/* bag_pack_columns(a, b): a bag of just these. */
static st_expr *bag_pack_columns(const st_scope *sc, const st_kql_expr *e)
{
    size_t n = e->u.call.args.n;
    st_expr **x = ST_NEWN(&sc->r->arena, st_expr *, 2 * n);
    bool ok = x && n;
    for (size_t i = 0; ok && i < n; i++) {
        const st_kql_expr *a = st_bind_argument(e, i);
        ok = a->kind == ST_KQL_NAME;
        if (!ok)
            break;
        x[2 * i] = st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, a->u.name));
        x[2 * i + 1] = st_bind_expr(sc, a);
    }
    if (!ok) {
        st_bind_error(sc, e->span, "KS119", "bag_pack_columns() takes columns' names");
        return st_bind_unknown(sc);
    }
    return st_bind_call_node(sc, st_call_pack_all, ST_TYPE_DYNAMIC, x, 2 * n);
}

static bool prepare_regex(const st_scope *sc, const st_kql_expr *e, const st_fn *f, st_expr *x)
{
    const char *at = strchr(f->args, 'r');
    size_t i = at ? (size_t)(at - f->args) : 0;
    if (!at || i >= x->nargs || x->args[i]->kind != ST_EXPR_CONST)
        return true;
    st_err err = { 0 };
    size_t offset;
    if (st_expr_regex(sc->r, x, st_pool_get(sc->r->mem.pool, x->args[i]->value.u.s), &offset, &err))
        return true;
    if (err.code == ST_E_RULE)
        st_bind_error(sc, e->u.call.args.items[i]->span, NULL, "%s", err.text);
    else /* that is no mistake of the rule's */
        st_run_nomem(sc->r);
    return false;
}

/* What a service's function says of its arguments: nothing. */
static st_expr *service_value(const st_scope *sc, const st_kql_expr *e, const st_service_def *s)
{
    for (size_t i = 0; s->kind == ST_SV_VALUE && i < e->u.call.args.n; i++)
        if (!st_bind_expr(sc, st_bind_argument(e, i)))
            return NULL;
    st_bind_need(sc, e->span, e->u.call.name.text);
    return s->kind == ST_SV_VALUE ? st_bind_const(sc, ST_TYPE_DYNAMIC, st_val_null())
                                  : st_bind_unknown(sc);
}

/* The arguments of a call; NULL: no memory. */
static st_expr **bind_args(const st_scope *sc, const st_kql_expr *e)
{
    size_t n = e->u.call.args.n;
    st_expr **x = ST_NEWN(&sc->r->arena, st_expr *, n ? n : 1);
    for (size_t i = 0; x && i < n; i++) {
        const st_kql_expr *a = st_bind_argument(e, i);
        x[i] = a->kind == ST_KQL_TYPEOF ? typeof_arg(sc, a) : st_bind_expr(sc, a);
        if (!x[i])
            return NULL;
    }
    return x;
}

/* Function f of the n arguments x of the call e. */
static st_expr *function_of(const st_scope *sc, const st_kql_expr *e, const st_fn *f, st_expr **x,
                            size_t n)
{
    if (!x || !st_bind_check_args(sc, e, f->name, f->args, f->min, x, n) ||
        st_bind_any_unknown(x, n))
        return st_bind_unknown(sc);
    st_expr *call = st_bind_call_node(sc, f->code, st_bind_result_type(sc, e, f, x, n), x, n);
    if (!call || !prepare_regex(sc, e, f, call))
        return st_bind_unknown(sc);
    call->ago |= !strcmp(f->name, "ago") || !strcmp(f->name, "now");
    sc->r->timed |= call->ago;
    call->anew |= f->result[0] == '*';
    sc->r->draws |= call->anew;
    return f->result[0] == '*' ? call : st_bind_fold(sc, call);
}

/* A function of the tables, with its value as it is: several columns are an array. */
static st_expr *call_function(const st_scope *sc, const st_kql_expr *e, const st_fn *f)
{
    if (!f->code) {
        st_bind_error(sc, e->u.call.name.span, NULL, "%s() isn't supported: %s", f->name, f->doc);
        return st_bind_unknown(sc);
    }
    return function_of(sc, e, f, bind_args(sc, e), e->u.call.args.n);
}

/* todatetime('{{StartTimeISO}}') of Sentinel's hunting queries, which a hunt writes its time range
 * into: of today, as the portal does when nobody chose one. NULL: it is none. */
static st_expr *time_of_hunt(const st_scope *sc, const st_kql_expr *e, const st_fn *f)
{
    const int64_t day = INT64_C(86400) * (int64_t)ST_TICKS_SECOND;
    st_val v;
    st_type t;
    if (strcmp(f->name, "todatetime") != 0 || e->u.call.args.n != 1 ||
        st_bind_argument(e, 0)->kind != ST_KQL_LITERAL ||
        !st_bind_constant(sc, st_bind_argument(e, 0), &v, &t) || t != ST_TYPE_STRING)
        return NULL;
    st_str text = st_pool_get(sc->r->mem.pool, v.u.s);
    bool start = st_str_eq(text, ST_STR("{{StartTimeISO}}"));
    if (!start && !st_str_eq(text, ST_STR("{{EndTimeISO}}")))
        return NULL;
    st_bind_warn(sc, e->span, "%.*s is taken as %s (--now says when that is)", ST_FMT(text),
                 start ? "a day before now" : "now");
    int64_t at = sc->r->now > day && start ? sc->r->now - day : sc->r->now;
    st_expr *x = st_bind_const(sc, ST_TYPE_DATETIME, st_val_time(at));
    if (x)
        x->ago = true;
    sc->r->timed = true;
    return x;
}

/* bin_auto(x) is bin_at() with what the query has set. */
static st_expr *bin_auto(const st_scope *sc, const st_kql_expr *e)
{
    st_expr *size = sc->binder->bin_size, *at = sc->binder->bin_at;
    if (e->u.call.args.n != 1)
        return call_function(sc, e, st_fn_find(ST_STR("bin_auto")));
    if (!size) {
        st_bind_error(
            sc, e->span, NULL,
            "bin_auto() needs a size: set query_bin_auto_size = 1h; in front of the query");
        return st_bind_unknown(sc);
    }
    st_expr *x[] = { st_bind_expr(sc, st_bind_argument(e, 0)), size, at };
    return function_of(sc, e, st_fn_find(at ? ST_STR("bin_at") : ST_STR("bin")), x, at ? 3 : 2);
}

st_expr *st_bind_tuple(const st_scope *sc, const st_kql_expr *e)
{
    return call_function(sc, e, st_callees_find(&sc->r->shared->callees, e->u.call.name.text).fn);
}

/* An aggregate becomes a column behind the group's keys. */
static st_expr *bind_aggregate(const st_scope *sc, const st_kql_expr *e, const st_agg *agg)
{
    if (!agg->step) {
        st_bind_error(sc, e->u.call.name.span, NULL, "%s() isn't supported: %s", agg->name,
                      agg->doc);
        return st_bind_unknown(sc);
    }
    if (!sc->group || sc->nested) {
        st_bind_error(sc, e->span, "KS144", "%s() is an aggregate: it stands in summarize only%s",
                      agg->name, sc->nested ? ", and not in another" : "");
        return st_bind_unknown(sc);
    }
    st_scope inner = *sc;
    inner.nested = true;
    st_expr **x = bind_args(&inner, e);
    return x ? st_bind_group_call(sc, e, agg, x, e->u.call.args.n) : st_bind_unknown(sc);
}

static st_expr *bind_window(const st_scope *sc, const st_kql_expr *e, const st_window *w)
{
    st_expr **x = bind_args(sc, e);
    return x ? st_bind_window(sc, e, w, x, e->u.call.args.n) : NULL;
}

/* When a row came to a workspace nobody knows here: when it happened. */
static st_expr *ingestion_time(const st_scope *sc, const st_kql_expr *e)
{
    bool logs = st_bind_column(sc->row, ST_STR("Timestamp")) == SIZE_MAX &&
                st_bind_column(sc->row, ST_STR("TimeGenerated")) != SIZE_MAX;
    st_kql_expr column = { .kind = ST_KQL_NAME,
                           .span = e->span,
                           .u.name = logs ? ST_STR("TimeGenerated") : ST_STR("Timestamp") };
    return st_bind_expr(sc, &column);
}

st_expr *st_bind_call_of(const st_scope *sc, const st_kql_expr *e)
{
    st_str name = e->u.call.name.text;
    if (e->u.call.base) {
        st_bind_error(sc, e->span, NULL, "calls on a value aren't supported yet");
        return st_bind_unknown(sc);
    }
    st_expr *scoped =
        sc->names && sc->names->row == sc->row && sc->names->call ? sc->names->call(sc, e) : NULL;
    if (scoped)
        return scoped;
    st_let *l = st_bind_let(sc, name);
    const st_callee known = st_callees_find(&sc->r->shared->callees, name);
    const st_fn *f = known.fn;
    const st_service_def *service = l || f ? NULL : st_service_def_find(name);
    if (service)
        return service_value(sc, e, service);
    if (l && l->kind == ST_L_LAMBDA)
        return st_bind_call_named(sc, e, l);
    if (st_bind_unread(l))
        return st_bind_unknown(sc);
    if (st_str_eq(name, ST_STR("toscalar")))
        return toscalar(sc, e);
    if (st_str_eq(name, ST_STR("column_ifexists")) || st_str_eq(name, ST_STR("columnifexists")))
        return column_if_exists(sc, e);
    if (st_str_eq(name, ST_STR("bin_auto")))
        return bin_auto(sc, e);
    if (st_str_eq(name, ST_STR("ingestion_time")) && !e->u.call.args.n)
        return ingestion_time(sc, e);
    if (known.window)
        return bind_window(sc, e, known.window);
    if (st_str_eq(name, ST_STR("pack_all")))
        return pack_all(sc, e);
    if (st_str_eq(name, ST_STR("bag_pack_columns")))
        return bag_pack_columns(sc, e);
    if (known.agg)
        return bind_aggregate(sc, e, known.agg);
    if (!f) {
        no_function(sc, e);
        return st_bind_unknown(sc);
    }
    st_expr *call = time_of_hunt(sc, e, f);
    if (call)
        return call;
    call = call_function(sc, e, f);
    return call && f->result[0] == '(' ? st_bind_tuple_value(sc, e, call, 0) : call;
}

/* NOLINTEND(misc-no-recursion) */
