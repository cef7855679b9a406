/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lets.c - names that the text gives: lets, parameters of the query, and functions when they are
 * called.
 */
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "base/suggest.h"

/* Is it a table whose rows are to be computed once, however often it is used? */
static bool is_materialized(const st_scope *sc, const st_kql_expr *e)
{
    return e->kind == ST_KQL_CALL && e->u.call.args.n == 1 &&
           st_str_eq(e->u.call.name.text, ST_STR("materialize")) &&
           !st_bind_let(sc, e->u.call.name.text);
}

static bool bind_let(st_scope *sc, const st_kql_stmt *s)
{
    st_let *l = ST_NEW(&sc->r->arena, st_let);
    if (!l)
        return st_run_nomem(sc->r);
    *l = (st_let){ .name = s->name.text, .expr = s->value, .env = sc->env };
    if (s->value->kind == ST_KQL_LAMBDA) {
        l->kind = ST_L_LAMBDA;
    } else if (st_bind_tabular(sc, s->value) ||
               (s->value->kind == ST_KQL_NAME && !st_bind_let(sc, s->value->u.name))) {
        l->kind = ST_L_TABLE;
        st_bind_outcome own = { .spoiled = sc->out->failed || sc->out->spoiled };
        st_scope inner = *sc;
        inner.out = &own;
        st_need **end = &sc->binder->needs;
        st_op *plan = sc->r->ops;
        while (*end)
            end = &(*end)->next;
        st_op *op = st_bind_rows(&inner, s->value); /* errors are shown where the let stands */
        if ((sc->binder->keeps_rows || is_materialized(sc, s->value)) && op && !op->graph &&
            !own.failed && s->value->kind != ST_KQL_NAME)
            l->rows = st_kept_rows_new(sc->r, op);
        if (!l->rows)
            sc->r->ops = plan; /* it is bound anew where it is used: these operators go */
        if (!l->rows && !sc->r->settings->stub_services)
            *end = NULL; /* each use notes them again; a let without a use needs none */
        if (own.failed && s->value->kind == ST_KQL_NAME)
            *l = (st_let){ .name = s->name.text,
                           .kind = ST_L_VALUE,
                           .x = st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null()) };
        sc->out->failed |= own.failed;
    } else {
        l->kind = ST_L_VALUE;
        l->x = st_bind_expr(sc, s->value);
        st_bind_step_value(sc, l);
    }
    return st_bind_push_let(sc, l) && (l->kind != ST_L_VALUE || l->x);
}

static const st_named *given(const st_scope *sc, st_str name)
{
    const st_rule_settings *s = sc->r->settings;
    for (size_t i = 0; i < s->nparams; i++)
        if (st_str_eq(s->params[i].name, name))
            return &s->params[i];
    return NULL;
}

/* What the user gave for a parameter: text as it is, everything else as toT() would read it. */
static st_expr *given_value(const st_scope *sc, const st_kql_param *p, const st_named *v)
{
    st_type t = st_bind_type(p->type);
    st_val x = t == ST_TYPE_STRING    ? st_val_str(&sc->r->mem, v->value)
               : t == ST_TYPE_DYNAMIC ? st_val_parse_json(&sc->r->mem, v->value)
                                      : st_val_parse(&sc->r->mem, t, v->value);
    if (x.tag == ST_VAL_NULL && !st_str_eq(v->value, ST_STR("null")))
        st_bind_error(sc, p->name.span, NULL, "--param %.*s=%.*s: that is no %s", ST_FMT(v->name),
                      ST_FMT(v->value), st_type_name(t));
    return st_bind_const(sc, t, x);
}

static void bind_params(st_scope *sc, const st_kql_stmt *s)
{
    for (size_t i = 0; i < s->nparams; i++) {
        const st_kql_param *p = &s->params[i];
        const st_named *v = given(sc, p->name.text);
        st_let *l = ST_NEW(&sc->r->arena, st_let);
        if (!l)
            return;
        *l = (st_let){ .name = p->name.text, .kind = ST_L_VALUE, .expr = p->value };
        if (v)
            l->x = given_value(sc, p, v);
        else if (p->value)
            l->x = st_bind_expr(sc, p->value);
        else {
            st_bind_error(sc, p->name.span, NULL,
                          "the parameter %.*s has no value; --param %.*s=VALUE gives one",
                          ST_FMT(l->name), ST_FMT(l->name));
            l->x = st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
        }
        if (!st_bind_push_let(sc, l))
            return;
    }
}

/* Is it a let of a name that a let behind `outer` has already? */
static bool repeats(const st_scope *sc, const st_kql_stmt *s, const st_let *outer)
{
    if (s->kind != ST_KQL_STMT_LET)
        return false;
    const st_let *l = st_bind_let(sc, s->name.text);
    if (!l || l->number <= (outer ? outer->number : 0))
        return false;
    st_bind_error(sc, s->name.span, "KS201", "there is a let %.*s already", ST_FMT(s->name.text));
    return true;
}

/* The constant that a setting of bin_auto() is, with the names of where it stands; or UNKNOWN, and
 * it was told. NULL: it has no value, or no memory. */
static st_expr *setting_value(const st_scope *sc, const st_kql_stmt *s, bool may_be_time)
{
    st_scope inner = st_bind_over(sc, NULL);
    st_expr *x = s->value ? st_bind_expr(&inner, s->value) : NULL;
    if (!x || x->type == ST_TYPE_UNKNOWN)
        return x;
    if (x->kind == ST_EXPR_CONST && (st_type_numeric(x->type) || x->type == ST_TYPE_TIMESPAN ||
                                     (may_be_time && x->type == ST_TYPE_DATETIME)))
        return x;
    st_bind_error(sc, s->value->span, NULL, "%.*s is a constant number%s", ST_FMT(s->name.text),
                  may_be_time ? ", time or time span" : " or time span");
    return st_bind_unknown(sc);
}

/* set name = value; of names that mean nothing here there is nothing to do. */
static void bind_setting(const st_scope *sc, const st_kql_stmt *s)
{
    st_binder *b = sc->binder;
    st_expr *size = b->bin_size, *at = b->bin_at;
    bool is_size = st_str_eq(s->name.text, ST_STR("query_bin_auto_size"));
    if (!is_size && !st_str_eq(s->name.text, ST_STR("query_bin_auto_at")))
        return;
    if (sc->depth) { /* it would hold for what comes behind the call */
        st_bind_error(sc, s->name.span, NULL,
                      "%.*s is set in front of the query, not in a function", ST_FMT(s->name.text));
        return;
    }
    b->bin_size = b->bin_at = NULL; /* its own value can't ask for them */
    st_expr *x = setting_value(sc, s, !is_size);
    b->bin_size = is_size ? x : size;
    b->bin_at = is_size ? at : x;
}

/* All but a query. outer: where the names of its text or function begin. */
bool st_bind_statement(st_scope *sc, const st_kql_stmt *s, const st_let *outer)
{
    if (repeats(sc, s, outer))
        return true;
    if (s->kind == ST_KQL_STMT_LET)
        return bind_let(sc, s);
    if (s->kind == ST_KQL_STMT_DECLARE)
        bind_params(sc, s);
    else if (s->kind == ST_KQL_STMT_SET)
        bind_setting(sc, s);
    else if (s->kind == ST_KQL_STMT_OTHER)
        st_bind_error(sc, s->span, NULL, "%.*s isn't supported", ST_FMT(s->name.text));
    return true;
}

/* A function's body: its lets, and *value what it gives. */
static bool bind_body(st_scope *sc, const st_kql_stmt *s, const st_kql_expr **value)
{
    const st_let *outer = sc->env;
    *value = NULL;
    for (; s; s = s->next) {
        bool query = s->kind == ST_KQL_STMT_QUERY;
        if (!st_bind_statement(sc, s, outer))
            return false;
        if (query && *value)
            st_bind_error(sc, s->span, NULL, "a function's body has one value");
        if (query)
            *value = s->value;
    }
    return *value != NULL;
}

/* The argument for parameter i: by name, else by place; NULL: none is given. */
static const st_kql_expr *argument(const st_kql_expr *call, const st_kql_param *p, size_t i)
{
    size_t n = call->kind == ST_KQL_CALL ? call->u.call.args.n : 0;
    for (size_t k = 0; k < n; k++) {
        const st_kql_expr *a = call->u.call.args.items[k];
        if (a->kind == ST_KQL_NAMED && a->u.named.nnames == 1 &&
            st_str_eq(a->u.named.names[0].text, p->name.text))
            return a->u.named.value;
    }
    if (i < n && call->u.call.args.items[i]->kind != ST_KQL_NAMED)
        return call->u.call.args.items[i];
    return NULL;
}

static bool bind_param(const st_scope *sc, const st_kql_param *p, const st_kql_expr *arg, st_let *v)
{
    *v = (st_let){ .name = p->name.text,
                   .kind = p->tabular ? ST_L_TABLE : ST_L_VALUE,
                   .expr = arg,
                   .env = sc->env };
    if (p->tabular)
        return true;
    v->x = st_bind_expr(sc, arg);
    st_type want = st_bind_type(p->type);
    if (v->x && v->x->type != want && st_type_numeric(want) && st_type_numeric(v->x->type))
        v->x = st_bind_call(sc, st_call_convert, want, &v->x, 1);
    if (v->x && v->x->type != want && v->x->type != ST_TYPE_UNKNOWN && want != ST_TYPE_UNKNOWN)
        st_bind_error(sc, arg->span, "KS107", "a %s is needed for %.*s, not %s", st_type_name(want),
                      ST_FMT(p->name.text), st_type_name(v->x->type));
    return v->x != NULL;
}

/* The name of the parameter that argument k is for; empty if it is for none. */
static st_str parameter_of(const st_kql_expr *f, const st_kql_expr *call, size_t k)
{
    const st_kql_expr *a = call->u.call.args.items[k];
    if (a->kind == ST_KQL_NAMED)
        return a->u.named.names[0].text;
    return k < f->u.lambda.nparams ? f->u.lambda.params[k].name.text : ST_STR("");
}

/* Does each parameter get one argument at most? */
static bool given_once(const st_scope *sc, const st_let *l, const st_kql_expr *call)
{
    for (size_t k = 0; call->kind == ST_KQL_CALL && k < call->u.call.args.n; k++) {
        st_str name = parameter_of(l->expr, call, k);
        size_t i = 0;
        while (i < k && !st_str_eq(parameter_of(l->expr, call, i), name))
            i++;
        if (i == k)
            continue;
        st_bind_error(sc, call->u.call.args.items[k]->span, "KS119", "%.*s() is given %.*s twice",
                      ST_FMT(l->name), ST_FMT(name));
        return false;
    }
    return true;
}

/* Is there a parameter for each name that an argument has? */
static bool names_fit(const st_scope *sc, const st_let *l, const st_kql_expr *call)
{
    const st_kql_expr *f = l->expr;
    for (size_t k = 0; call->kind == ST_KQL_CALL && k < call->u.call.args.n; k++) {
        const st_kql_expr *a = call->u.call.args.items[k];
        st_suggest s = { .want = a->kind == ST_KQL_NAMED ? a->u.named.names[0].text
                                                         : (st_str){ NULL, 0 } };
        size_t i = 0;
        while (s.want.n && i < f->u.lambda.nparams &&
               !st_str_eq(f->u.lambda.params[i].name.text, s.want))
            st_suggest_offer(&s, f->u.lambda.params[i++].name.text);
        if (!s.want.n || i < f->u.lambda.nparams)
            continue;
        if (s.best.p)
            st_bind_error(sc, a->span, "KS119", "%.*s() has no parameter %.*s; did you mean %.*s?",
                          ST_FMT(l->name), ST_FMT(s.want), ST_FMT(s.best));
        else
            st_bind_error(sc, a->span, "KS119", "%.*s() has no parameter %.*s", ST_FMT(l->name),
                          ST_FMT(s.want));
        return false;
    }
    return true;
}

/* Where the defaults of a function's parameters stand: its definition, which has no row. */
static st_scope defaults_scope(const st_scope *sc, const st_let *l)
{
    st_scope there = st_bind_over(sc, NULL);
    there.env = l->env;
    there.group = NULL;
    there.names = NULL;
    return there;
}

bool st_bind_open_call(const st_scope *sc, const st_let *l, const st_kql_expr *e, st_scope *inside,
                       const st_kql_expr **value)
{
    const st_kql_expr *f = l->expr;
    size_t n = e->kind == ST_KQL_CALL ? e->u.call.args.n : 0;
    if (n > f->u.lambda.nparams) {
        st_bind_error(sc, e->span, "KS119", "%.*s() takes at most %zu arguments", ST_FMT(l->name),
                      f->u.lambda.nparams);
        return false;
    }
    if (!names_fit(sc, l, e) || !given_once(sc, l, e))
        return false;
    const st_scope there = defaults_scope(sc, l);
    *inside = *sc;
    inside->env = l->env;
    for (size_t i = 0; i < f->u.lambda.nparams; i++) {
        const st_kql_param *p = &f->u.lambda.params[i];
        const st_kql_expr *given = argument(e, p, i), *arg = given ? given : p->value;
        st_let *v = ST_NEW(&sc->r->arena, st_let);
        if (!arg) {
            st_bind_error(sc, e->span, "KS119", "%.*s() needs a value for %.*s", ST_FMT(l->name),
                          ST_FMT(p->name.text));
            return false;
        }
        if (!v || !bind_param(given ? sc : &there, p, arg, v))
            return false;
        if (!st_bind_push_let(inside, v))
            return false;
    }
    return bind_body(inside, f->u.lambda.body, value);
}

bool st_bind_expand(const st_scope *sc, st_span at)
{
    if (sc->depth >= ST_MAX_KQL_CALLS) {
        st_bind_error(sc, at, NULL, "tables and functions inside one another deeper than %u",
                      ST_MAX_KQL_CALLS);
        return false;
    }
    if (sc->binder->nodes >= sc->binder->most_nodes) {
        if (!sc->out->failed)
            st_bind_error(sc, at, NULL,
                          "tables and functions have more than %u parts when written out",
                          ST_MAX_KQL_NODES);
        return false;
    }
    unsigned n = sc->binder->expansions++;
    if (n == ST_MAX_KQL_EXPANSIONS)
        st_bind_error(sc, at, NULL,
                      "tables and functions are used more than %u times when written out",
                      ST_MAX_KQL_EXPANSIONS);
    return n < ST_MAX_KQL_EXPANSIONS;
}
