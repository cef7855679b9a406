/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.c - names and types of expressions.
 *
 * Every node becomes a typed node of the plan; whatever has only constants below it is
 * computed at once. An error yields type UNKNOWN, which passes everywhere in silence.
 */
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "rules/text/suggest.h"
#include "rules/kql/syntax/foreign.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

/* saying what is wrong */

void st_bind_error(st_binder *b, st_span at, const char *code, const char *fmt, ...)
{
    char t[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    b->failed = true;
    if (b->d)
        st_diag_at(b->d, ST_SEV_ERROR, at, code, "%s", t);
}

void st_bind_warn(st_binder *b, st_span at, const char *fmt, ...)
{
    char t[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    if (b->d)
        st_diag_at(b->d, ST_SEV_WARNING, at, NULL, "%s", t);
}

bool st_bind_may_run(st_binder *b)
{
    b->failed |= b->spoiled;
    return !b->failed;
}

st_type st_bind_type(st_type t)
{
    return t == ST_TYPE_DECIMAL ? ST_TYPE_REAL : t;
}

/* nodes */

static st_expr *node(st_binder *b, st_expr_kind kind, st_type type)
{
    st_expr *x = ST_NEW(&b->r->arena, st_expr);
    if (!x) {
        st_run_nomem(b->r);
        b->failed = true;
        return NULL;
    }
    x->kind = kind;
    x->type = type;
    return x;
}

st_expr *st_bind_const(st_binder *b, st_type type, st_val v)
{
    st_expr *x = node(b, ST_EXPR_CONST, type);
    if (x)
        x->value = v;
    return x;
}

static st_expr *unknown(st_binder *b)
{
    return st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
}

/* Computes what is constant. */
static st_expr *fold(st_binder *b, st_expr *x)
{
    if (!x || x->type == ST_TYPE_UNKNOWN)
        return x;
    for (size_t i = 0; i < x->nargs; i++)
        if (x->args[i]->kind != ST_EXPR_CONST)
            return x;
    b->r->binding = true;
    st_val v = st_expr_constant(b->r, x);
    b->r->binding = false;
    if (b->r->limit) {
        if (!b->failed)
            st_diag_file(b->d, ST_SEV_ERROR, "a constant can't be computed: %s", b->r->limit);
        b->r->limit = NULL;
        b->failed = true;
    }
    st_expr *c = st_bind_const(b, x->type, v);
    if (c)
        c->ago = x->ago;
    return c;
}

static st_expr *call_node(st_binder *b, st_fn_code *code, st_type type, st_expr **args, size_t n)
{
    st_expr *x = node(b, ST_EXPR_CALL, type);
    st_expr **copy = x ? ST_NEWN(&b->r->arena, st_expr *, n) : NULL;
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!args[i])
            return NULL;
        copy[i] = args[i];
        x->ago |= args[i]->ago;
        x->windowed |= args[i]->windowed;
        if (args[i]->type == ST_TYPE_UNKNOWN)
            x->type = ST_TYPE_UNKNOWN;
    }
    x->code = code;
    x->args = copy;
    x->nargs = n;
    return x;
}

st_expr *st_bind_call(st_binder *b, st_fn_code *code, st_type type, st_expr **args, size_t n)
{
    return fold(b, call_node(b, code, type, args, n));
}

static bool any_unknown(st_expr *const *args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!args[i] || args[i]->type == ST_TYPE_UNKNOWN)
            return true;
    return false;
}

/* literals */

static st_val value_of(st_binder *b, const st_kql_value *v);

static st_val json_value(st_binder *b, const st_json_literal *j)
{
    if (!j || j->kind == ST_JSON_NULL)
        return st_val_null();
    if (j->kind == ST_JSON_VALUE)
        return value_of(b, &j->value);
    if (j->kind == ST_JSON_ARRAY) {
        st_array *a = st_array_new(&b->r->mem, j->n);
        for (size_t i = 0; a && i < j->n; i++)
            a->v[i] = json_value(b, j->items[i]);
        return st_val_array(a);
    }
    st_bag *g = st_bag_new(&b->r->mem, j->n);
    for (size_t i = 0; g && i < j->n; i++) {
        g->keys[i] = st_val_str(&b->r->mem, j->names[i]).u.s;
        g->v[i] = json_value(b, j->items[i]);
    }
    return st_val_bag(g);
}

static st_val guid_value(st_binder *b, const st_guid *g)
{
    st_buf t = { 0 };
    st_buf_guid(&t, g);
    st_val v = st_val_parse(&b->r->mem, ST_TYPE_GUID, st_buf_slice(&t));
    st_buf_free(&t);
    return v;
}

static st_val datetime_value(const st_binder *b, const st_kql_value *v)
{
    int64_t now = b->r->now;
    return st_val_time(v->now ? now : v->today ? now - now % ST_DAY_TICKS + v->i : v->i);
}

static st_val value_of(st_binder *b, const st_kql_value *v)
{
    if (v->null)
        return st_val_missing(v->type);
    switch (v->type) {
    case ST_TYPE_BOOL: return st_val_bool(v->i != 0);
    case ST_TYPE_INT:
    case ST_TYPE_LONG: return st_val_long(v->i);
    case ST_TYPE_REAL:
    case ST_TYPE_DECIMAL: return st_val_real(v->real);
    case ST_TYPE_STRING: return st_val_str(&b->r->mem, v->str);
    case ST_TYPE_DATETIME: return datetime_value(b, v);
    case ST_TYPE_TIMESPAN: return st_val_span(v->i);
    case ST_TYPE_GUID: return guid_value(b, &v->guid);
    case ST_TYPE_DYNAMIC: return json_value(b, v->json);
    default: return st_val_null();
    }
}

/* names */

size_t st_bind_column(const st_schema *s, st_str name)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (st_str_eq(s->v[i].name, name))
            return i;
    return SIZE_MAX;
}

st_let *st_bind_let(st_binder *b, st_str name)
{
    for (st_let *l = b->env; l; l = l->next)
        if (st_str_eq(l->name, name))
            return l;
    return NULL;
}

/* Is it a column of some table: spelt right, but not here? */
static bool known_column(st_str name)
{
    for (size_t i = 0; st_table_def_at(i); i++)
        for (size_t c = 0; c < st_table_def_at(i)->n; c++)
            if (st_str_eq(name, st_str_of(st_table_def_at(i)->columns[c].name)))
                return true;
    return false;
}

/* Where the columns went: "; summarize in line 3 kept only k, n". */
static bool dropped_column(st_binder *b, st_span at, st_str name)
{
    enum { MOST = 5 };
    const st_schema *kept = b->row ? b->row->narrowed_to : NULL;
    char list[256] = "";
    if (!kept || !kept->n)
        return false;
    for (size_t i = 0, at_list = 0; i < kept->n && i < MOST && at_list < sizeof list; i++)
        at_list += (size_t)snprintf(list + at_list, sizeof list - at_list, "%s%.*s", i ? ", " : "",
                                    ST_FMT(kept->v[i].name));
    const st_kql_op *q = b->row->narrowed_by;
    st_bind_error(b, at, "KS142", "no column %.*s; %s in line %u kept only %s%s", ST_FMT(name),
                  st_kql_op_name(q->kind), st_diags_line(b->d, q->word.start), list,
                  kept->n > MOST ? " and others" : "");
    return true;
}

/* A name that isn't a column, but is known all the same: what to write. NULL: nothing to say. */
static const char *no_column_but(st_str name)
{
    if (st_str_ieq(name, ST_STR("null")))
        return "ask with isnull() or isempty()";
    if (name.n && name.p[0] == '$')
        return "if this is a placeholder, put a value in its place";
    if (st_agg_find(name) || st_fn_find(name))
        return "a function is called with parentheses";
    if (name.n > 1 && name.p[0] >= '0' && name.p[0] <= '9')
        return "a time span is a number and d, h, m, s or ms: a week is 7d";
    return NULL;
}

void st_bind_no_column(st_binder *b, st_span at, st_str name)
{
    st_suggest s = { .want = name };
    if (b->row && b->row->open) {
        b->failed = true; /* told where the columns were lost */
        return;
    }
    for (size_t i = 0; b->row && i < b->row->n; i++)
        st_suggest_offer(&s, b->row->v[i].name);
    for (st_let *l = b->env; l; l = l->next)
        st_suggest_offer(&s, l->name);
    const char *here = st_kql_foreign(ST_FOREIGN_COLUMN, name), *but = no_column_but(name);
    if (known_column(name) && dropped_column(b, at, name))
        return;
    if (but)
        st_bind_error(b, at, "KS142", "no column %.*s; %s", ST_FMT(name), but);
    else if (here && b->row && st_bind_column(b->row, st_str_of(here)) != SIZE_MAX)
        st_bind_error(b, at, "KS142", "no column %.*s; it is called %s here", ST_FMT(name), here);
    else if (s.best.p)
        st_bind_error(b, at, "KS142", "no column %.*s; did you mean %.*s?", ST_FMT(name),
                      ST_FMT(s.best));
    else if (!dropped_column(b, at, name))
        st_bind_error(b, at, "KS142", "no column %.*s", ST_FMT(name));
}

bool st_bind_unread(const st_let *l)
{
    return l && l->kind == ST_L_VALUE && l->x && l->x->type == ST_TYPE_UNKNOWN;
}

static bool server_column(st_str name)
{
    return st_str_starts(name, ST_STR("WebServer"));
}

bool st_bind_loose_name(st_binder *b, const st_kql_expr *e)
{
    return e->kind == ST_KQL_NAME && b->row && b->row->loose && !b->row->open &&
           st_bind_column(b->row, e->u.name) == SIZE_MAX && !st_bind_let(b, e->u.name);
}

st_expr *st_bind_settled(st_binder *b, const st_kql_expr *e, st_expr *x)
{
    if (!x || x->type != ST_TYPE_DYNAMIC || !st_bind_loose_name(b, e))
        return x;
    return st_bind_const(b, ST_TYPE_STRING, st_val_missing(ST_TYPE_STRING));
}

static bool in_scope(const st_binder *b)
{
    return b->scope && b->scope->row == b->row;
}

static st_expr *bind_name(st_binder *b, const st_kql_expr *e)
{
    st_str name = e->u.name;
    size_t c = st_bind_column(b->row, name);
    st_expr *scoped = in_scope(b) && b->scope->name ? b->scope->name(b, e) : NULL;
    if (scoped)
        return scoped;
    if (c != SIZE_MAX && b->aggregates && !b->nested) {
        st_bind_error(b, e->span, "KS236",
                      "%.*s is neither grouped nor in an aggregate; put it behind by, or in "
                      "take_any(...) or make_set(...)",
                      ST_FMT(name));
        return unknown(b);
    }
    if (c != SIZE_MAX) {
        if (st_bind_let(b, name))
            st_bind_warn(b, e->span,
                         "%.*s is the column here, not the let or parameter of that name",
                         ST_FMT(name));
        if (b->marks && server_column(name))
            st_bind_error(b, e->span, NULL, "a rule that marks web servers can't use %.*s",
                          ST_FMT(name));
        st_bind_warn_column(b, e->span, name, b->row->v[c].type);
        st_expr *x = node(b, ST_EXPR_COLUMN, b->row->v[c].type);
        if (x)
            x->col = c;
        return x;
    }
    st_let *l = st_bind_let(b, name);
    if (l && l->kind == ST_L_VALUE)
        return l->x;
    if (l)
        st_bind_error(b, e->span, NULL, "%.*s is a table or a function here; a value is needed",
                      ST_FMT(name));
    else if (st_bind_loose_name(b, e)) {
        if (!b->r->settings->stub_services)
            return unknown(b);
        st_bind_warn(b, e->span, "no column %.*s is known there: taken as never filled",
                     ST_FMT(name));
        st_type t = st_bind_loose_type(name);
        return st_bind_const(b, t, st_val_missing(t));
    } else if (b->open && b->row) {
        st_bind_warn(b, e->span, "no column %.*s in this evidence: read as null", ST_FMT(name));
        return st_bind_const(b, ST_TYPE_DYNAMIC, st_val_null());
    } else
        st_bind_no_column(b, e->span, name);
    return unknown(b);
}

/* members and elements */

st_expr *st_bind_as_json(st_binder *b, st_expr *x)
{
    if (x->type != ST_TYPE_STRING || x->kind != ST_EXPR_COLUMN ||
        !st_str_eq(b->row->v[x->col].name, ST_STR("AdditionalFields")))
        return x;
    return st_bind_call(b, st_fn_find(ST_STR("parse_json"))->code, ST_TYPE_DYNAMIC, &x, 1);
}

static st_expr *bind_path(st_binder *b, const st_kql_expr *e, st_expr *base, st_expr *key)
{
    st_expr *args[] = { base, key };
    if (any_unknown(args, 2))
        return unknown(b);
    args[0] = st_bind_as_json(b, base);
    if (args[0] && args[0]->type != ST_TYPE_DYNAMIC)
        st_bind_error(b, e->span, NULL, "a %s has no members; use parse_json() if it is JSON text",
                      st_type_name(base->type));
    return st_bind_call(b, st_eval_index, ST_TYPE_DYNAMIC, args, 2);
}

static st_expr *bind_member(st_binder *b, const st_kql_expr *e)
{
    st_expr *scoped = in_scope(b) && b->scope->member ? b->scope->member(b, e) : NULL;
    if (scoped)
        return scoped;
    st_expr *base = st_bind_expr(b, e->u.member.base);
    return bind_path(
        b, e, base,
        st_bind_const(b, ST_TYPE_STRING, st_val_str(&b->r->mem, e->u.member.name.text)));
}

static st_expr *bind_index(st_binder *b, const st_kql_expr *e)
{
    st_expr *base = st_bind_expr(b, e->u.index.base), *key = st_bind_expr(b, e->u.index.index);
    return bind_path(b, e, base, key);
}

/* operators */

static st_expr *check_condition(st_binder *b, const st_kql_expr *e, st_expr *x)
{
    if (!x || x->type == ST_TYPE_BOOL || x->type == ST_TYPE_UNKNOWN)
        return x;
    st_bind_error(b, e->span, "KS107", "a condition (bool) is needed, not %s%s",
                  st_type_name(x->type), x->type == ST_TYPE_DYNAMIC ? "; use tobool()" : "");
    return unknown(b);
}

/* The string operators, by the parser's numbers. */
static bool strop_of(st_kql_operator op, st_bind_strop *out)
{
    static const st_mop order[] = { ST_M_HAS,      ST_M_HASPREFIX, ST_M_HASSUFFIX,
                                    ST_M_CONTAINS, ST_M_STARTS,    ST_M_ENDS };
    if (op >= ST_KQL_OP_HAS && op <= ST_KQL_OP_NOT_ENDSWITH_CS) {
        unsigned i = (unsigned)op - ST_KQL_OP_HAS;
        *out = (st_bind_strop){ order[i / 4], i % 4 < 2, i % 2 == 1 };
        return true;
    }
    if (op == ST_KQL_OP_EQI || op == ST_KQL_OP_NEI) {
        *out = (st_bind_strop){ ST_M_EQ, true, op == ST_KQL_OP_NEI };
        return true;
    }
    *out = (st_bind_strop){ op == ST_KQL_OP_COLON ? ST_M_HAS : ST_M_REGEX, op == ST_KQL_OP_COLON,
                            false };
    return op == ST_KQL_OP_MATCHES_REGEX || op == ST_KQL_OP_COLON;
}

static void pred_free(void *p)
{
    st_pred_free(p);
}

/* Texts of constant needles, arrays flattened. */
static size_t needle_texts(st_binder *b, st_expr *const *x, size_t n, st_str *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        st_val v = x[i]->value;
        size_t items = v.tag == ST_VAL_ARRAY ? v.u.a->n : 1;
        for (size_t k = 0; k < items; k++) {
            st_val one = v.tag == ST_VAL_ARRAY ? v.u.a->v[k] : v;
            if (out)
                out[count] = st_pool_get(
                    b->r->mem.pool,
                    st_val_tostring(&b->r->mem,
                                    v.tag == ST_VAL_ARRAY ? ST_TYPE_DYNAMIC : x[i]->type, one)
                        .u.s);
            count++;
        }
    }
    return count;
}

/* text op constants, as a predicate that remembers its answers. args[0] is the text. */
st_expr *st_bind_predicate(st_binder *b, st_span at, st_bind_strop op, bool all, st_expr **args,
                           size_t n)
{
    size_t count = needle_texts(b, args + 1, n - 1, NULL);
    st_str *texts = ST_NEWN(&b->r->arena, st_str, count);
    st_expr *x = node(b, ST_EXPR_PRED, ST_TYPE_BOOL);
    if (!texts || !x || !(x->args = ST_NEWN(&b->r->arena, st_expr *, n)))
        return NULL;
    needle_texts(b, args + 1, n - 1, texts);
    if (op.op == ST_M_EQ && !op.negate)
        st_bind_warn_actions(b, at, args, n, op.fold);
    st_err err = { 0 };
    x->pred = st_pred_new(op.op, op.fold, all, texts, count, &err);
    if (!x->pred) {
        st_bind_error(b, at, NULL, "%s", err.text);
        return unknown(b);
    }
    if (!st_run_own(b->r, x->pred, pred_free))
        return NULL;
    x->mop = op.op;
    x->fold = op.fold;
    x->all = all && count > 1;
    x->negate = op.negate;
    x->windowed = args[0]->windowed;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    memcpy(x->args, args, n * sizeof *args);
    x->nargs = 1;
    x->needles = n - 1;
    return fold(b, x);
}

static bool all_constant(st_expr *const *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i]->kind != ST_EXPR_CONST)
            return false;
    return true;
}

static bool textual(st_type t)
{
    return t == ST_TYPE_STRING || t == ST_TYPE_DYNAMIC;
}

/* Some column of text fits. The predicate is made once: its answers are by text. */
static st_expr *any_column(st_binder *b, st_span at, st_bind_strop op, st_expr *needle)
{
    st_expr **x = b->row ? ST_NEWN(&b->r->arena, st_expr *, b->row->n) : NULL, *first = NULL;
    size_t n = 0;
    bool negate = op.negate;
    op.negate = false;
    for (size_t i = b->search ? 1 : 0; x && i < b->row->n; i++) {
        if (!textual(b->row->v[i].type))
            continue;
        st_expr *args[] = { node(b, ST_EXPR_COLUMN, b->row->v[i].type), needle };
        if (!args[0])
            return NULL;
        args[0]->col = i;
        if (!first) {
            x[n++] = first = st_bind_predicate(b, at, op, false, args, 2);
            if (!first || first->kind != ST_EXPR_PRED)
                return first;
            continue;
        }
        st_expr *copy = node(b, ST_EXPR_PRED, ST_TYPE_BOOL);
        if (!copy || !(copy->args = ST_NEWN(&b->r->arena, st_expr *, 1)))
            return NULL;
        copy->pred = first->pred;
        copy->args[0] = args[0];
        copy->nargs = 1;
        x[n++] = copy;
    }
    st_expr *any = st_bind_joined(b, x, n, st_eval_or);
    return any && negate ? st_bind_call(b, st_eval_not, ST_TYPE_BOOL, &any, 1) : any;
}

/* A text as search's condition; `*` at its ends widens it. */
static st_expr *search_term(st_binder *b, const st_kql_expr *e)
{
    st_str t = e->u.value.str;
    bool head = t.n && t.p[0] == '*', tail = t.n > head && t.p[t.n - 1] == '*';
    st_mop op = head && tail ? ST_M_CONTAINS
                : head       ? ST_M_HASSUFFIX
                : tail       ? ST_M_HASPREFIX
                             : ST_M_HAS;
    t = (st_str){ t.p + head, t.n - head - tail };
    if (!t.n)
        return st_bind_const(b, ST_TYPE_BOOL, st_val_bool(true));
    if (memchr(t.p, '*', t.n)) {
        st_bind_error(b, e->span, NULL, "`*` may stand only at the ends of a text here");
        return unknown(b);
    }
    st_expr *needle = st_bind_const(b, ST_TYPE_STRING, st_val_str(&b->r->mem, t));
    return needle
               ? any_column(b, e->span,
                            (st_bind_strop){ op, b->search != ST_BIND_SEARCH_CASED, false }, needle)
               : NULL;
}

/* A column's name, to be shown in a message; other expressions are left out. */
static st_str name_of(const st_kql_expr *e)
{
    return e->kind == ST_KQL_NAME ? e->u.name : ST_STR("");
}

/* A string operator with a number, a time and the like on a side: which, and what to write. */
static st_expr *no_text(st_binder *b, const st_kql_expr *e, st_expr *const *args)
{
    bool left = !textual(args[0]->type);
    const st_kql_expr *side = left ? e->u.binary.left : e->u.binary.right;
    const char *op = st_kql_operator_text(e->u.binary.op),
               *types[] = { st_type_name(args[0]->type), st_type_name(args[1]->type) };
    if (side->kind == ST_KQL_LITERAL)
        st_bind_error(b, e->span, "KS106",
                      "%s isn't defined for %s and %s; put quotes around the %s", op, types[0],
                      types[1], types[!left]);
    else
        st_bind_error(b, e->span, "KS106", "%s isn't defined for %s and %s; use `tostring(%.*s)`%s",
                      op, types[0], types[1], ST_FMT(name_of(side)), left ? " or `==`" : "");
    return unknown(b);
}

static st_expr *bind_strop(st_binder *b, const st_kql_expr *e, st_bind_strop op)
{
    if (e->u.binary.left->kind == ST_KQL_STAR) {
        st_expr *needle = st_bind_expr(b, e->u.binary.right);
        if (needle && needle->kind == ST_EXPR_CONST && needle->type == ST_TYPE_STRING)
            return any_column(b, e->span, op, needle);
        st_bind_error(b, e->u.binary.right->span, NULL, "a constant text is needed here");
        return unknown(b);
    }
    st_expr *args[] = { st_bind_expr(b, e->u.binary.left), st_bind_expr(b, e->u.binary.right) };
    if (any_unknown(args, 2))
        return unknown(b);
    if (!textual(args[0]->type) || !textual(args[1]->type))
        return no_text(b, e, args);
    if (args[1]->type == ST_TYPE_DYNAMIC) /* an array too is one text here */
        args[1] = st_bind_call(b, st_eval_convert, ST_TYPE_STRING, &args[1], 1);
    if (!args[1])
        return NULL;
    if (args[1]->kind == ST_EXPR_CONST)
        return st_bind_predicate(b, e->u.binary.right->span, op, false, args, 2);
    if (op.op == ST_M_REGEX)
        return call_node(b, st_eval_matches, ST_TYPE_BOOL, args, 2);
    st_expr *x = call_node(b, st_eval_strop, ST_TYPE_BOOL, args, 2);
    if (x) {
        x->mop = op.op;
        x->fold = op.fold;
        x->negate = op.negate;
    }
    return x;
}

/* Beside `and` and `or` a dynamic is read as a bool; alone it is no condition. */
st_expr *st_bind_logic_side(st_binder *b, const st_kql_expr *e)
{
    if (b->search && e->kind == ST_KQL_LITERAL)
        return st_bind_condition(b, e);
    st_expr *x = st_bind_expr(b, e);
    if (x && x->type == ST_TYPE_DYNAMIC)
        return st_bind_call(b, st_eval_convert, ST_TYPE_BOOL, &x, 1);
    return check_condition(b, e, x);
}

/* What a dynamic is read as beside a value of another type, so that the result has a type. */
static st_type arith_partner(st_kql_operator op, st_type other)
{
    bool sum = op == ST_KQL_OP_ADD || op == ST_KQL_OP_SUB;
    if (other == ST_TYPE_INT || other == ST_TYPE_LONG)
        return ST_TYPE_LONG;
    if (other == ST_TYPE_DATETIME && sum)
        return op == ST_KQL_OP_ADD ? ST_TYPE_TIMESPAN : ST_TYPE_DATETIME;
    return other == ST_TYPE_REAL || (other == ST_TYPE_TIMESPAN && sum) ? other : ST_TYPE_DYNAMIC;
}

static st_expr *bind_arith(st_binder *b, const st_kql_expr *e)
{
    static const char ops[] = "+-*/%";
    st_kql_operator op = e->u.binary.op;
    st_expr *args[] = { st_bind_expr(b, e->u.binary.left), st_bind_expr(b, e->u.binary.right) };
    if (any_unknown(args, 2))
        return unknown(b);
    for (size_t i = 0; i < 2; i++) {
        st_type as = arith_partner(op, args[1 - i]->type);
        if (args[i]->type == ST_TYPE_DYNAMIC && as != ST_TYPE_DYNAMIC &&
            !(args[i] = st_bind_call(b, st_eval_convert, as, &args[i], 1)))
            return NULL;
    }
    st_type type;
    st_fn_code *code = st_arith(ops[op - ST_KQL_OP_ADD], args[0]->type, args[1]->type, &type);
    if (!code) {
        bool text = args[0]->type == ST_TYPE_STRING || args[1]->type == ST_TYPE_STRING;
        st_bind_error(b, e->span, "KS106", "%s isn't defined for %s and %s%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      st_type_name(args[1]->type),
                      text && op == ST_KQL_OP_ADD ? "; use strcat()" : "");
        return unknown(b);
    }
    return st_bind_call(b, code, type, args, 2);
}

/* A text literal beside a number, bool or guid is read as that. */
static void convert_literal(st_binder *b, const st_kql_expr *e, st_expr **args)
{
    for (size_t i = 0; i < 2; i++) {
        st_type other = args[1 - i]->type;
        const st_kql_expr *side = i ? e->u.binary.right : e->u.binary.left;
        if (args[i]->kind == ST_EXPR_CONST && side->kind == ST_KQL_LITERAL && side->u.value.null &&
            other != ST_TYPE_DYNAMIC)
            st_bind_warn(b, side->span, "nothing equals null; ask with isnull()");
        if (args[i]->kind != ST_EXPR_CONST || args[i]->type != ST_TYPE_STRING ||
            other == ST_TYPE_STRING || other == ST_TYPE_DYNAMIC)
            continue;
        st_val v = st_val_convert(&b->r->mem, other == ST_TYPE_INT ? ST_TYPE_LONG : other,
                                  ST_TYPE_STRING, args[i]->value);
        if (v.tag == ST_VAL_NULL && st_type_numeric(other))
            st_bind_warn(b, side->span, "this text is no number, so no %s equals it",
                         st_type_name(other));
        args[i] = st_bind_const(b, other, v);
        return;
    }
}

/* `column > ago(..)`: a window that moves with the clock. Lifted when the run asks so. */
static st_expr *lift(st_binder *b, st_kql_operator op, st_expr **args)
{
    bool right = (op == ST_KQL_OP_GT || op == ST_KQL_OP_GE) && args[1]->ago && !args[0]->ago;
    bool left = (op == ST_KQL_OP_LT || op == ST_KQL_OP_LE) && args[0]->ago && !args[1]->ago;
    if (!right && !left)
        return NULL;
    b->r->lifted = true;
    return b->r->ago_off ? st_bind_const(b, ST_TYPE_BOOL, st_val_bool(true)) : NULL;
}

/* What to write where an order is asked of a text and something else. */
static const char *order_hint(const st_expr *x, const st_expr *y)
{
    const st_expr *text = x->type == ST_TYPE_STRING ? x : y, *other = text == x ? y : x;
    if (text->type != ST_TYPE_STRING)
        return "";
    bool quoted = text->kind == ST_EXPR_CONST;
    switch (other->type) {
    case ST_TYPE_STRING: return "; texts are ordered by strcmp(a, b) < 0";
    case ST_TYPE_DATETIME:
        return quoted ? "; a time is datetime(2024-01-31 12:00), without quotes"
                      : "; use todatetime()";
    case ST_TYPE_TIMESPAN: return quoted ? "; a time span has no quotes: 2h" : "; use totimespan()";
    case ST_TYPE_INT:
    case ST_TYPE_LONG: return quoted ? "; a number has no quotes" : "; use tolong()";
    case ST_TYPE_REAL: return quoted ? "; a number has no quotes" : "; use todouble()";
    default: return "";
    }
}

static st_expr *bind_compare(st_binder *b, const st_kql_expr *e)
{
    static const char ops[] = "<l>g=!";
    st_kql_operator op = e->u.binary.op;
    char c = ops[op - ST_KQL_OP_LT];
    st_expr *args[] = { st_bind_expr(b, e->u.binary.left), st_bind_expr(b, e->u.binary.right) };
    if (any_unknown(args, 2))
        return unknown(b);
    if (c == '=' || c == '!')
        convert_literal(b, e, args);
    st_fn_code *code = args[0] && args[1] ? st_compare(c, args[0]->type, args[1]->type) : NULL;
    if (!args[0] || !args[1])
        return NULL;
    if (!code) {
        st_bind_error(b, e->span, "KS106", "%s isn't defined for %s and %s%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      st_type_name(args[1]->type), order_hint(args[0], args[1]));
        return unknown(b);
    }
    st_expr *lifted = lift(b, op, args);
    if (lifted)
        return lifted;
    /* A text compared with a constant is a question of the text alone. */
    if ((c == '=' || c == '!') && args[0]->type == ST_TYPE_STRING &&
        args[1]->type == ST_TYPE_STRING && args[1]->kind == ST_EXPR_CONST)
        return st_bind_predicate(b, e->span, (st_bind_strop){ ST_M_EQ, false, c == '!' }, false,
                                 args, 2);
    return st_bind_call(b, code, ST_TYPE_BOOL, args, 2);
}

static st_expr *bind_binary(st_binder *b, const st_kql_expr *e)
{
    st_kql_operator op = e->u.binary.op;
    st_bind_strop s;
    if (op == ST_KQL_OP_OR || op == ST_KQL_OP_AND)
        return st_bind_logic(b, e);
    if (op >= ST_KQL_OP_ADD && op <= ST_KQL_OP_MOD)
        return bind_arith(b, e);
    if (op >= ST_KQL_OP_LT && op <= ST_KQL_OP_NE)
        return bind_compare(b, e);
    if (op == ST_KQL_OP_ASSIGN) {
        st_bind_error(b, e->u.binary.op_span, "KS141",
                      "a condition (bool) is needed; `=` assigns, use `==`");
        return unknown(b);
    }
    if (strop_of(op, &s))
        return bind_strop(b, e, s);
    st_bind_error(b, e->span, NULL, "the operator %s isn't supported yet",
                  st_kql_operator_text(op));
    return unknown(b);
}

static st_expr *bind_unary(st_binder *b, const st_kql_expr *e)
{
    st_expr *x = st_bind_expr(b, e->u.unary.operand);
    if (any_unknown(&x, 1))
        return unknown(b);
    if (!st_type_numeric(x->type) && x->type != ST_TYPE_TIMESPAN && x->type != ST_TYPE_DYNAMIC) {
        st_bind_error(b, e->span, "KS106", "a sign isn't defined for %s", st_type_name(x->type));
        return unknown(b);
    }
    if (e->u.unary.op == ST_KQL_OP_ADD)
        return x;
    return st_bind_call(b, st_eval_negate, x->type == ST_TYPE_INT ? ST_TYPE_LONG : x->type, &x, 1);
}

/* in, has_any, has_all, between */

/* The rows of a table's first column, as one constant array. */
static st_expr *table_values(st_binder *b, const st_kql_expr *e)
{
    const st_schema *row = b->row;
    b->row = NULL;
    st_op *op = st_bind_table(b, e);
    b->row = row;
    if (!op || !st_bind_may_run(b) || !op->schema.n)
        return unknown(b);
    st_rows rows = { 0 };
    st_array *a = NULL;
    if (st_rows_read(b->r, op, &rows))
        a = st_array_new(&b->r->mem, rows.rows);
    size_t at = 0;
    for (size_t i = 0; a && i < rows.n; i++) {
        const st_val *v = st_batch_col(b->r, rows.batch[i], 0);
        for (size_t k = 0; v && k < rows.batch[i]->n; k++)
            a->v[at++] = v[k];
    }
    st_rows_free(&rows);
    return st_bind_const(b, ST_TYPE_DYNAMIC, st_val_array(a));
}

static bool in_items(st_binder *b, const st_kql_expr *e, st_expr **args)
{
    const st_kql_list *items = &e->u.in.items;
    for (size_t i = 0; i < items->n; i++)
        args[1 + i] = items->n == 1 && st_bind_tabular(b, items->items[i])
                          ? table_values(b, items->items[i])
                          : st_bind_expr(b, items->items[i]);
    return !any_unknown(args, items->n + 1);
}

static st_expr *bind_in(st_binder *b, const st_kql_expr *e)
{
    st_kql_operator op = e->u.in.op;
    size_t n = e->u.in.items.n + 1;
    st_expr **args = ST_NEWN(&b->r->arena, st_expr *, n);
    if (!args)
        return NULL;
    args[0] = st_bind_expr(b, e->u.in.left);
    if (n == 1) {
        st_bind_error(b, e->span, NULL, "%s needs at least one value", st_kql_operator_text(op));
        return unknown(b);
    }
    if (!in_items(b, e, args))
        return unknown(b);
    bool terms = op == ST_KQL_OP_HAS_ANY || op == ST_KQL_OP_HAS_ALL,
         insensitive = op == ST_KQL_OP_IN_I || op == ST_KQL_OP_NOT_IN_I;
    bool negate = op == ST_KQL_OP_NOT_IN || op == ST_KQL_OP_NOT_IN_I;
    if ((terms || insensitive) && !textual(args[0]->type)) {
        st_bind_error(b, e->span, "KS106", "%s isn't defined for %s; use `tostring(%.*s)`%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      ST_FMT(name_of(e->u.in.left)), terms ? "" : " or `in`");
        return unknown(b);
    }
    st_bind_strop s = { terms ? ST_M_HAS : ST_M_EQ, terms || insensitive, negate };
    bool text = terms || insensitive || args[0]->type == ST_TYPE_STRING;
    if (text && all_constant(args + 1, n - 1))
        return st_bind_predicate(b, e->span, s, op == ST_KQL_OP_HAS_ALL, args, n);
    st_expr *x = call_node(b, text ? st_eval_strop : st_eval_in, ST_TYPE_BOOL, args, n);
    if (x) {
        x->mop = s.op;
        x->fold = s.fold;
        x->negate = negate;
        x->all = op == ST_KQL_OP_HAS_ALL;
    }
    return fold(b, x);
}

static st_expr *bind_between(st_binder *b, const st_kql_expr *e)
{
    st_expr *args[] = { st_bind_expr(b, e->u.between.left), st_bind_expr(b, e->u.between.low),
                        st_bind_expr(b, e->u.between.high) };
    if (any_unknown(args, 3))
        return unknown(b);
    st_type t = args[0]->type, low = args[1]->type, high = args[2]->type;
    bool numbers = st_type_numeric(t) && st_type_numeric(low) && st_type_numeric(high);
    bool times = (t == ST_TYPE_DATETIME && low == t && (high == t || high == ST_TYPE_TIMESPAN)) ||
                 (t == ST_TYPE_TIMESPAN && low == t && high == t);
    if (!numbers && !times) {
        st_bind_error(b, e->span, "KS106", "between isn't defined for %s, %s and %s%s",
                      st_type_name(t), st_type_name(low), st_type_name(high),
                      order_hint(args[0], args[1]));
        return unknown(b);
    }
    if (args[1]->ago && !e->u.between.negated) {
        b->r->lifted = true;
        if (b->r->ago_off) {
            if (high == ST_TYPE_TIMESPAN) {
                st_type sum;
                st_fn_code *add = st_arith('+', low, high, &sum);
                args[2] = st_bind_call(b, add, sum, &args[1], 2);
            }
            args[1] = args[2];
            st_expr *pair[] = { args[0], args[1] };
            return st_bind_call(b, st_compare('l', t, ST_TYPE_DATETIME), ST_TYPE_BOOL, pair, 2);
        }
    }
    st_expr *x = call_node(b, st_eval_between, ST_TYPE_BOOL, args, 3);
    if (x)
        x->negate = e->u.between.negated;
    return fold(b, x);
}

/* calls */

static bool type_fits(char want, st_type t)
{
    switch (want) {
    case 's':
    case 'r': return textual(t);
    case 'n': return st_type_numeric(t) || t == ST_TYPE_DYNAMIC || t == ST_TYPE_TIMESPAN;
    case 'i': return t == ST_TYPE_LONG || t == ST_TYPE_INT || t == ST_TYPE_DYNAMIC;
    case 'u':
        return st_type_numeric(t) || t == ST_TYPE_DYNAMIC || t == ST_TYPE_TIMESPAN ||
               t == ST_TYPE_DATETIME;
    case 'd': return t == ST_TYPE_DATETIME || t == ST_TYPE_DYNAMIC;
    case 't': return t == ST_TYPE_TIMESPAN;
    case 'b': return t == ST_TYPE_BOOL;
    case 'y': return t == ST_TYPE_DYNAMIC;
    default: return true;
    }
}

static const char *type_words(char want)
{
    static const char letters[] = "srnidtbyu";
    static const char *const words[] = { "string",   "string", "number",  "long",  "datetime",
                                         "timespan", "bool",   "dynamic", "number" };
    const char *at = strchr(letters, want);
    return at ? words[at - letters] : "value";
}

/* The letter for argument i. */
static char letter(const char *args, size_t i)
{
    size_t n = strlen(args);
    if (n && args[n - 1] == '+')
        return args[i < n - 1 ? i : n - 2];
    return (char)(i < n ? args[i] : 0);
}

static bool check_args(st_binder *b, const st_kql_expr *e, const char *name, const char *args,
                       size_t min, st_expr **x, size_t n)
{
    if (n < min || (n && !letter(args, n - 1))) {
        size_t bound = n < min ? min : strlen(args);
        if (!args[0])
            st_bind_error(
                b, e->span, "KS119", "%s() takes no argument%s", name,
                strcmp(name, "count") ? "" : "; countif() takes a condition, dcount() a value");
        else
            st_bind_error(b, e->span, "KS119", "%s() takes at %s %zu argument%s, not %zu", name,
                          n < min ? "least" : "most", bound, bound == 1 ? "" : "s", n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char want = letter(args, i);
        if (!x[i])
            return false;
        if (x[i]->type == ST_TYPE_UNKNOWN)
            continue;
        if (!type_fits(want, x[i]->type)) {
            bool quoted = x[i]->kind == ST_EXPR_CONST && x[i]->type == ST_TYPE_STRING;
            st_bind_error(b, e->u.call.args.items[i]->span, "KS107",
                          "%s() needs a %s here, not %s%s", name, type_words(want),
                          st_type_name(x[i]->type),
                          quoted && want == 't' ? "; a time span has no quotes: 7d"
                          : quoted && (want == 'n' || want == 'i') ? "; a number has no quotes"
                                                                   : "");
            return false;
        }
        bool text = ((want == 's' || want == 'r') && x[i]->type == ST_TYPE_DYNAMIC) ||
                    (want == 'x' && x[i]->type != ST_TYPE_STRING);
        if (text) {
            x[i] = st_bind_call(b, st_eval_convert, ST_TYPE_STRING, &x[i], 1);
            if (!x[i])
                return false;
        }
    }
    return true;
}

/* The common type of x[from], x[from + step] ...; UNKNOWN if there is none. */
static st_type widest(st_expr *const *x, size_t from, size_t n, size_t step)
{
    st_type t = x[from]->type;
    for (size_t i = from; i < n; i += step) {
        st_type u = x[i]->type;
        if (u == t)
            continue;
        if (st_type_numeric(t) && st_type_numeric(u))
            t = t == ST_TYPE_REAL || u == ST_TYPE_REAL ? ST_TYPE_REAL : ST_TYPE_LONG;
        else
            return ST_TYPE_UNKNOWN;
    }
    return t;
}

/* A type and another: of two numbers the wider, of a dynamic and another the other. */
static st_type wider(st_type t, st_type u)
{
    if (t == u || u == ST_TYPE_DYNAMIC)
        return t;
    if (t == ST_TYPE_DYNAMIC)
        return u;
    if (!st_type_numeric(t) || !st_type_numeric(u))
        return ST_TYPE_UNKNOWN;
    return t == ST_TYPE_REAL || u == ST_TYPE_REAL ? ST_TYPE_REAL : ST_TYPE_LONG;
}

/* The values of iff and case: behind each condition, and the last. All get their common type;
 * dynamics are read as what the others are, and with no common type the value is dynamic. */
static st_type unify_branches(st_binder *b, st_expr **x, size_t n)
{
    st_type t = x[n - 1]->type;
    for (size_t i = 1; i < n && t != ST_TYPE_UNKNOWN; i += 2)
        t = wider(t, x[i]->type);
    if (t == ST_TYPE_UNKNOWN)
        return ST_TYPE_DYNAMIC;
    for (size_t i = 1; i < n; i += i + 2 < n ? 2 : 1)
        if (x[i]->type != t && !(x[i] = st_bind_call(b, st_eval_convert, t, &x[i], 1)))
            return ST_TYPE_UNKNOWN;
    return t;
}

/* bin and bin_at: a number, or a time by a span. */
static st_type bin_type(st_expr *const *x, size_t n)
{
    st_type t = x[0]->type, step = x[1]->type;
    bool times = (t == ST_TYPE_DATETIME || t == ST_TYPE_TIMESPAN) && step == ST_TYPE_TIMESPAN &&
                 (n < 3 || x[2]->type == t);
    if (times)
        return t;
    t = st_type_numeric(t) ? widest(x, 0, n, 1) : ST_TYPE_UNKNOWN;
    return t == ST_TYPE_INT ? ST_TYPE_LONG : t;
}

static st_type result_type(st_binder *b, const st_kql_expr *e, const st_fn *f, st_expr **x,
                           size_t n)
{
    st_type t = st_type_of(st_str_of(f->result + (f->result[0] == '*')));
    if (t != ST_TYPE_UNKNOWN)
        return t;
    switch (f->result[0]) {
    case '(': return ST_TYPE_DYNAMIC;
    case '0': return x[0]->type == ST_TYPE_INT ? ST_TYPE_LONG : x[0]->type;
    case 'B': t = bin_type(x, n); break;
    case 'J': return n > 2 ? x[2]->type : ST_TYPE_STRING;
    case 'T':
        if (n > 3)
            return x[3]->type;
        return ST_TYPE_STRING;
    case 'c':
        t = ST_TYPE_UNKNOWN;
        for (size_t i = 0; i + 1 < n; i += 2)
            if (x[i]->type != ST_TYPE_BOOL) {
                st_bind_error(b, e->u.call.args.items[i]->span, "KS107",
                              "case() needs a bool here, not %s", st_type_name(x[i]->type));
                return ST_TYPE_UNKNOWN;
            }
        if (n % 2 == 1)
            return unify_branches(b, x, n);
        st_bind_error(
            b, e->span, "KS119",
            "case() needs an odd number of arguments; the last is for when no condition holds");
        return t;
    default:
        if (f->code == st_eval_iff)
            return unify_branches(b, x, n);
        t = widest(x, 0, n, 1);
        break;
    }
    if (t == ST_TYPE_UNKNOWN && n == 2)
        st_bind_error(b, e->span, "KS106", "%s() isn't defined for %s and %s%s", f->name,
                      st_type_name(x[0]->type), st_type_name(x[1]->type),
                      x[1]->type == ST_TYPE_STRING && x[1]->kind == ST_EXPR_CONST
                          ? "; a number or a time span has no quotes: 1h"
                          : "");
    else if (t == ST_TYPE_UNKNOWN)
        st_bind_error(b, e->span, "KS106", "the arguments' types don't go together in %s()",
                      f->name);
    return t;
}

static void no_function(st_binder *b, const st_kql_expr *e)
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
        st_bind_error(b, e->u.call.name.span, "KS211", "no function %.*s; in KQL it is %s",
                      ST_FMT(name), here);
    else if (s.best.p)
        st_bind_error(b, e->u.call.name.span, "KS211", "no function %.*s; did you mean %.*s?",
                      ST_FMT(name), ST_FMT(s.best));
    else
        st_bind_error(b, e->u.call.name.span, "KS211",
                      "the function %.*s isn't known or not supported yet", ST_FMT(name));
}

size_t st_bind_add_call(st_binder *b, const st_agg_call *c)
{
    if (!st_grow(&b->calls, &b->calls_cap, b->ncalls + 1, sizeof *b->calls)) {
        b->failed = true;
        st_run_nomem(b->r);
        return 0;
    }
    b->calls[b->ncalls] = *c;
    return b->keys + b->ncalls++;
}

static st_type agg_type(const st_agg *agg, st_type of)
{
    st_type t = st_type_of(st_str_of(agg->result));
    if (t != ST_TYPE_UNKNOWN)
        return t;
    t = of;
    if (!strcmp(agg->result, "avg"))
        return t == ST_TYPE_TIMESPAN || t == ST_TYPE_DATETIME ? t : ST_TYPE_REAL;
    if (!strcmp(agg->result, "s"))
        return t == ST_TYPE_INT ? ST_TYPE_LONG : t == ST_TYPE_DYNAMIC ? ST_TYPE_REAL : t;
    return !strcmp(agg->result, "p") && t == ST_TYPE_INT ? ST_TYPE_LONG : t;
}

/* Ranks of percentiles are the same for all rows. */
static bool constant_ranks(st_binder *b, const st_kql_expr *e, const st_agg *agg, st_expr *const *x)
{
    bool ranks = !strncmp(agg->name, "percentile", 10);
    for (size_t i = strstr(agg->name, "w") ? 2 : 1; ranks && i < e->u.call.args.n; i++)
        if (x[i]->kind != ST_EXPR_CONST) {
            st_bind_error(b, e->u.call.args.items[i]->span, NULL, "a constant is needed here");
            return false;
        }
    return true;
}

/* An aggregate becomes a column behind the group's keys. */
static st_expr *bind_aggregate(st_binder *b, const st_kql_expr *e, const st_agg *agg)
{
    if (!agg->step) {
        st_bind_error(b, e->u.call.name.span, NULL, "%s() isn't supported: %s", agg->name,
                      agg->doc);
        return unknown(b);
    }
    if (!b->aggregates || b->nested) {
        st_bind_error(b, e->span, "KS144", "%s() is an aggregate: it stands in summarize only%s",
                      agg->name, b->nested ? ", and not in another" : "");
        return unknown(b);
    }
    size_t n = e->u.call.args.n;
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, n);
    b->nested = true;
    bool ok = x != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        x[i] = st_bind_expr(b, e->u.call.args.items[i]);
        ok = x[i] != NULL;
    }
    b->nested = false;
    if (!ok || !check_args(b, e, agg->name, agg->args, agg->min, x, n) || any_unknown(x, n) ||
        !constant_ranks(b, e, agg, x))
        return unknown(b);
    st_agg_call c = { .agg = agg, .args = x, .nargs = n, .limit = INT64_MAX };
    st_type t = agg_type(agg, n ? x[0]->type : ST_TYPE_LONG);
    c.type = t;
    const char *limit_letter = strrchr(agg->args, 'i');
    if (limit_letter && (size_t)(limit_letter - agg->args) + 1 == n &&
        x[n - 1]->kind == ST_EXPR_CONST && x[n - 1]->value.tag == ST_VAL_LONG)
        c.limit = x[n - 1]->value.u.i;
    st_expr *col = node(b, ST_EXPR_COLUMN, t);
    if (col)
        col->col = st_bind_add_call(b, &c);
    return col;
}

static st_expr *typeof_arg(st_binder *b, const st_kql_expr *e)
{
    if (e->u.schema.n != 1)
        return unknown(b);
    st_type t = st_bind_type(e->u.schema.columns[0].type);
    return st_bind_const(b, t, st_val_missing(t));
}

/* The argument for parameter i: by name, else by place, else its default. */
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
    return p->value;
}

static bool bind_param(st_binder *b, const st_kql_param *p, const st_kql_expr *arg, st_let *v)
{
    *v = (st_let){ .name = p->name.text,
                   .kind = p->tabular ? ST_L_TABLE : ST_L_VALUE,
                   .expr = arg,
                   .env = b->env };
    if (p->tabular)
        return true;
    v->x = st_bind_expr(b, arg);
    st_type want = st_bind_type(p->type);
    if (v->x && v->x->type != want && st_type_numeric(want) && st_type_numeric(v->x->type))
        v->x = st_bind_call(b, st_eval_convert, want, &v->x, 1);
    if (v->x && v->x->type != want && v->x->type != ST_TYPE_UNKNOWN && want != ST_TYPE_UNKNOWN)
        st_bind_error(b, arg->span, "KS107", "a %s is needed for %.*s, not %s", st_type_name(want),
                      ST_FMT(p->name.text), st_type_name(v->x->type));
    return v->x != NULL;
}

bool st_bind_open_call(st_binder *b, const st_let *l, const st_kql_expr *e,
                       const st_kql_stmt **last)
{
    const st_kql_expr *f = l->expr;
    size_t n = e->kind == ST_KQL_CALL ? e->u.call.args.n : 0;
    if (n > f->u.lambda.nparams) {
        st_bind_error(b, e->span, "KS119", "%.*s() takes at most %zu arguments", ST_FMT(l->name),
                      f->u.lambda.nparams);
        return false;
    }
    st_let *env = l->env;
    for (size_t i = 0; i < f->u.lambda.nparams; i++) {
        const st_kql_param *p = &f->u.lambda.params[i];
        const st_kql_expr *arg = argument(e, p, i);
        st_let *v = ST_NEW(&b->r->arena, st_let);
        if (!arg) {
            st_bind_error(b, e->span, "KS119", "%.*s() needs a value for %.*s", ST_FMT(l->name),
                          ST_FMT(p->name.text));
            return false;
        }
        if (!v || !bind_param(b, p, arg, v))
            return false;
        v->next = env;
        env = v;
    }
    b->env = env;
    return st_bind_statements(b, f->u.lambda.body, last) && *last && (*last)->value;
}

static st_expr *call_lambda(st_binder *b, const st_kql_expr *e, const st_let *l)
{
    st_let *env = b->env;
    const st_kql_stmt *last = NULL;
    st_expr *x = NULL;
    if (b->depth >= ST_MAX_KQL_CALLS) {
        st_bind_error(b, e->span, NULL, "functions inside one another deeper than %u",
                      ST_MAX_KQL_CALLS);
        return unknown(b);
    }
    if (b->expansions++ >= ST_MAX_KQL_EXPANSIONS) {
        if (b->expansions == ST_MAX_KQL_EXPANSIONS + 1)
            st_bind_error(b, e->span, NULL,
                          "tables and functions are used more than %u times when written out",
                          ST_MAX_KQL_EXPANSIONS);
        return unknown(b);
    }
    b->depth++;
    if (st_bind_open_call(b, l, e, &last)) {
        x = st_bind_expr(b, last->value);
    }
    b->depth--;
    b->env = env;
    return x ? x : unknown(b);
}

static st_expr *toscalar(st_binder *b, const st_kql_expr *e)
{
    const st_schema *row = b->row;
    if (e->u.call.args.n != 1)
        return unknown(b);
    if (!st_bind_tabular(b, e->u.call.args.items[0]))
        return st_bind_expr(b, e->u.call.args.items[0]);
    bool serialized = b->serialized;
    b->row = NULL;
    st_op *op = st_bind_table(b, e->u.call.args.items[0]);
    b->row = row;
    b->serialized = serialized;
    if (!op || !st_bind_may_run(b) || !op->schema.n)
        return unknown(b);
    st_batch *batch = st_op_next(b->r, op);
    const st_val *v = batch ? st_batch_col(b->r, batch, 0) : NULL;
    st_val out = v ? v[0] : st_val_missing(op->schema.v[0].type);
    st_batch_free(batch);
    return st_bind_const(b, op->schema.v[0].type, out);
}

static st_expr *column_if_exists(st_binder *b, const st_kql_expr *e)
{
    st_val name = st_val_null();
    st_type t;
    if (e->u.call.args.n != 2 || !st_bind_constant(b, e->u.call.args.items[0], &name, &t) ||
        t != ST_TYPE_STRING) {
        st_bind_error(b, e->span, "KS119", "column_ifexists() needs a column's name and a value");
        return unknown(b);
    }
    st_kql_expr column = { .kind = ST_KQL_NAME,
                           .span = e->span,
                           .u.name = st_pool_get(b->r->mem.pool, name.u.s) };
    if (st_bind_column(b->row, column.u.name) == SIZE_MAX)
        return st_bind_expr(b, e->u.call.args.items[1]);
    return bind_name(b, &column);
}

/* pack_all([ignore_null_empty]): a bag of the row's columns. */
static st_expr *pack_all(st_binder *b, const st_kql_expr *e)
{
    st_val flag = st_val_bool(false);
    st_type t;
    size_t n = b->row ? b->row->n : 0;
    if (e->u.call.args.n > 1 ||
        (e->u.call.args.n && !st_bind_constant(b, e->u.call.args.items[0], &flag, &t))) {
        st_bind_error(b, e->span, "KS119", "pack_all() takes one constant bool, or nothing");
        return unknown(b);
    }
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, 2 * n);
    for (size_t i = 0; x && i < n; i++) {
        st_expr *col = node(b, ST_EXPR_COLUMN, b->row->v[i].type);
        if (!col)
            return NULL;
        col->col = i;
        x[2 * i] = st_bind_const(b, ST_TYPE_STRING, st_val_str(&b->r->mem, b->row->v[i].name));
        x[2 * i + 1] = col;
    }
    st_expr *call = x ? call_node(b, st_eval_pack_all, ST_TYPE_DYNAMIC, x, 2 * n) : NULL;
    if (call)
        call->all = flag.tag == ST_VAL_BOOL && flag.u.b;
    return call;
}

static bool prepare_regex(st_binder *b, const st_kql_expr *e, const st_fn *f, st_expr *x)
{
    const char *at = strchr(f->args, 'r');
    size_t i = at ? (size_t)(at - f->args) : 0;
    if (!at || i >= x->nargs || x->args[i]->kind != ST_EXPR_CONST)
        return true;
    st_err err = { 0 };
    size_t offset;
    if (st_expr_regex(b->r, x, st_pool_get(b->r->mem.pool, x->args[i]->value.u.s), &offset, &err))
        return true;
    st_bind_error(b, e->u.call.args.items[i]->span, NULL, "%s", err.text);
    return false;
}

/* What a service's function says of its arguments: nothing. */
static st_expr *service_value(st_binder *b, const st_kql_expr *e, const st_service_def *s)
{
    for (size_t i = 0; s->kind == ST_SV_VALUE && i < e->u.call.args.n; i++)
        if (!st_bind_expr(b, e->u.call.args.items[i]))
            return NULL;
    st_bind_need(b, e->span, e->u.call.name.text);
    return s->kind == ST_SV_VALUE ? st_bind_const(b, ST_TYPE_DYNAMIC, st_val_null()) : unknown(b);
}

/* A function of the tables, with its value as it is: several columns are an array. */
static st_expr *call_function(st_binder *b, const st_kql_expr *e, const st_fn *f)
{
    size_t n = e->u.call.args.n;
    if (!f->code) {
        st_bind_error(b, e->u.call.name.span, NULL, "%s() isn't supported: %s", f->name, f->doc);
        return unknown(b);
    }
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, n);
    for (size_t i = 0; x && i < n; i++) {
        const st_kql_expr *a = e->u.call.args.items[i];
        x[i] = a->kind == ST_KQL_TYPEOF ? typeof_arg(b, a) : st_bind_expr(b, a);
    }
    if (!x || !check_args(b, e, f->name, f->args, f->min, x, n) || any_unknown(x, n))
        return unknown(b);
    st_expr *call = call_node(b, f->code, result_type(b, e, f, x, n), x, n);
    if (!call || !prepare_regex(b, e, f, call))
        return unknown(b);
    call->ago |= !strcmp(f->name, "ago") || !strcmp(f->name, "now");
    return f->result[0] == '*' ? call : fold(b, call);
}

st_expr *st_bind_tuple(st_binder *b, const st_kql_expr *e)
{
    return call_function(b, e, st_fn_find(e->u.call.name.text));
}

static st_expr *bind_call(st_binder *b, const st_kql_expr *e)
{
    st_str name = e->u.call.name.text;
    if (e->u.call.base) {
        st_bind_error(b, e->span, NULL, "calls on a value aren't supported yet");
        return unknown(b);
    }
    st_expr *scoped = in_scope(b) && b->scope->call ? b->scope->call(b, e) : NULL;
    if (scoped)
        return scoped;
    st_let *l = st_bind_let(b, name);
    const st_service_def *service = l ? NULL : st_service_def_find(name);
    if (service)
        return service_value(b, e, service);
    if (l && l->kind == ST_L_LAMBDA)
        return call_lambda(b, e, l);
    if (st_bind_unread(l))
        return unknown(b);
    if (st_str_eq(name, ST_STR("toscalar")))
        return toscalar(b, e);
    if (st_str_eq(name, ST_STR("column_ifexists")) || st_str_eq(name, ST_STR("columnifexists")))
        return column_if_exists(b, e);
    if (st_str_eq(name, ST_STR("ingestion_time")) && !e->u.call.args.n) {
        st_kql_expr column = { .kind = ST_KQL_NAME,
                               .span = e->span,
                               .u.name = ST_STR("Timestamp") };
        return bind_name(b, &column);
    }
    const st_window *window = st_window_find(name);
    if (window)
        return st_bind_window(b, e, window);
    if (st_str_eq(name, ST_STR("pack_all")))
        return pack_all(b, e);
    const st_agg *agg = st_agg_find(name);
    if (agg)
        return bind_aggregate(b, e, agg);
    const st_fn *f = st_fn_find(name);
    if (!f) {
        no_function(b, e);
        return unknown(b);
    }
    st_expr *call = call_function(b, e, f);
    return call && f->result[0] == '(' ? st_bind_tuple_value(b, e, call, 0) : call;
}

/* every expression */

static st_expr *bind_literal(st_binder *b, const st_kql_expr *e)
{
    return st_bind_const(b, st_bind_type(e->u.value.type), value_of(b, &e->u.value));
}

static st_expr *bind_other(st_binder *b, const st_kql_expr *e)
{
    if (e->kind == ST_KQL_ERROR) {
        b->failed = true;
        return unknown(b);
    }
    static const char *const what[] = {
        [ST_KQL_STAR] = "`*` can't stand here",
        [ST_KQL_PATTERN] = "a wildcard can't stand here",
        [ST_KQL_NAMED] = "a name can't be given here; use `==` to compare",
        [ST_KQL_TYPEOF] = "typeof() can't stand here",
        [ST_KQL_QUERY] = "a table can't stand here; a value is needed",
        [ST_KQL_LAMBDA] = "a function can't stand here",
    };
    st_bind_error(b, e->span, NULL, "%s", what[e->kind] ? what[e->kind] : "this can't stand here");
    return unknown(b);
}

st_expr *st_bind_expr(st_binder *b, const st_kql_expr *e)
{
    static st_expr *(*const by_kind[])(st_binder *, const st_kql_expr *) = {
        [ST_KQL_ERROR] = bind_other,   [ST_KQL_LITERAL] = bind_literal,
        [ST_KQL_NAME] = bind_name,     [ST_KQL_STAR] = bind_other,
        [ST_KQL_PATTERN] = bind_other, [ST_KQL_MEMBER] = bind_member,
        [ST_KQL_INDEX] = bind_index,   [ST_KQL_CALL] = bind_call,
        [ST_KQL_UNARY] = bind_unary,   [ST_KQL_BINARY] = bind_binary,
        [ST_KQL_IN] = bind_in,         [ST_KQL_BETWEEN] = bind_between,
        [ST_KQL_NAMED] = bind_other,   [ST_KQL_TYPEOF] = bind_other,
        [ST_KQL_QUERY] = bind_other,   [ST_KQL_LAMBDA] = bind_other,
    };
    st_expr *x = by_kind[e->kind](b, e);
    if (x && x->kind == ST_EXPR_PRED)
        st_bind_step_matched(b, e->span);
    return x;
}

st_expr *st_bind_condition(st_binder *b, const st_kql_expr *e)
{
    if (b->search && e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_STRING)
        return search_term(b, e);
    return check_condition(b, e, st_bind_expr(b, e));
}

bool st_bind_constant(st_binder *b, const st_kql_expr *e, st_val *out, st_type *type)
{
    const st_schema *row = b->row;
    b->row = NULL;
    st_expr *x = st_bind_expr(b, e);
    b->row = row;
    if (!x || x->type == ST_TYPE_UNKNOWN)
        return false;
    if (x->kind != ST_EXPR_CONST) {
        st_bind_error(b, e->span, NULL, "a constant is needed here");
        return false;
    }
    *out = x->value;
    *type = x->type;
    return true;
}

/* names of columns that have none */

static st_naming naming_of(const st_kql_expr *e)
{
    const st_fn *f = e->kind == ST_KQL_CALL ? st_fn_find(e->u.call.name.text) : NULL;
    return f ? f->naming : ST_NAMED_NONE;
}

/* Does a function's value go by its first argument's name? */
static bool passes_name(const st_kql_expr *e)
{
    return naming_of(e) == ST_NAMED_FIRST;
}

/* a.b[0] is a_b_0; f(x).b is x_b where f passes the name on, else b. */
static bool path_name(st_binder *b, const st_kql_expr *e, st_buf *t)
{
    const st_kql_expr *parts[64];
    size_t n = 0;
    for (; n < 64 && (e->kind == ST_KQL_MEMBER || e->kind == ST_KQL_INDEX); n++) {
        parts[n] = e;
        e = e->kind == ST_KQL_MEMBER ? e->u.member.base : e->u.index.base;
    }
    if (e->kind == ST_KQL_NAME && st_bind_column(b->row, e->u.name) == SIZE_MAX)
        return false;
    if (e->kind == ST_KQL_NAME || passes_name(e))
        st_buf_str(t, st_bind_name(b, e));
    while (n-- > 0) {
        if (t->n)
            st_buf_char(t, '_');
        if (parts[n]->kind == ST_KQL_MEMBER) {
            st_buf_str(t, parts[n]->u.member.name.text);
            continue;
        }
        const st_kql_expr *i = parts[n]->u.index.index;
        if (i->kind == ST_KQL_LITERAL && i->u.value.type == ST_TYPE_STRING)
            st_buf_str(t, i->u.value.str);
        else if (i->kind == ST_KQL_LITERAL && i->u.value.type == ST_TYPE_LONG && i->u.value.i >= 0)
            st_buf_i64(t, i->u.value.i);
    }
    return true;
}

static st_str keep_text(st_binder *b, st_buf *t)
{
    st_str s = st_arena_copy(&b->r->arena, st_buf_slice(t));
    st_buf_free(t);
    return s;
}

static st_str prefixed(st_binder *b, const char *prefix, st_str name)
{
    st_buf t = { 0 };
    st_buf_str(&t, st_str_of(prefix));
    st_buf_str(&t, name);
    return keep_text(b, &t);
}

/* percentile_x_95, percentile_x_95_5 */
static st_str rank_name(st_binder *b, st_str stem, const st_kql_expr *e)
{
    const st_kql_expr *rank =
        e->u.call.args.n > 1 ? e->u.call.args.items[e->u.call.args.n - 1] : NULL;
    st_buf t = { 0 };
    st_buf_str(&t, stem);
    st_buf_char(&t, '_');
    if (rank && rank->kind == ST_KQL_LITERAL && rank->u.value.type == ST_TYPE_LONG)
        st_buf_i64(&t, rank->u.value.i);
    else if (rank && rank->kind == ST_KQL_LITERAL)
        st_buf_fmt(&t, "%g", rank->u.value.real);
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] == '.')
            t.p[i] = '_';
    return keep_text(b, &t);
}

/* covariance_x_y */
static st_str pair_name(st_binder *b, st_str name, const st_kql_expr *second)
{
    st_buf t = { 0 };
    st_buf_str(&t, name);
    st_buf_char(&t, '_');
    st_buf_str(&t, st_bind_name(b, second));
    return keep_text(b, &t);
}

static st_str call_name(st_binder *b, const st_kql_expr *e)
{
    const st_agg *agg = st_agg_find(e->u.call.name.text);
    const st_fn *f = st_fn_find(e->u.call.name.text);
    const st_kql_expr *first = e->u.call.args.n ? e->u.call.args.items[0] : NULL;
    if (agg && b->aggregates) {
        bool path = first && (first->kind == ST_KQL_NAME || first->kind == ST_KQL_MEMBER ||
                              first->kind == ST_KQL_INDEX || first->kind == ST_KQL_CALL);
        st_str name = prefixed(b, agg->prefix, path ? st_bind_name(b, first) : ST_STR(""));
        if (!strncmp(agg->name, "covariance", 10) && e->u.call.args.n > 1)
            return pair_name(b, name, e->u.call.args.items[1]);
        bool rank = !strcmp(agg->name, "percentile") || !strcmp(agg->name, "percentilew");
        return rank ? rank_name(b, name, e) : name;
    }
    if (st_str_eq(e->u.call.name.text, ST_STR("column_ifexists")) && first &&
        first->kind == ST_KQL_LITERAL)
        return st_bind_column(b->row, first->u.value.str) != SIZE_MAX ? first->u.value.str
                                                                      : ST_STR("");
    if (!f || !first || f->naming == ST_NAMED_NONE || naming_of(first) == ST_NAMED_SUFFIX)
        return ST_STR("");
    st_str name = st_bind_name(b, first);
    if (f->naming == ST_NAMED_FIRST || !name.n)
        return name;
    if (f->naming == ST_NAMED_PREFIX)
        return prefixed(b, f->prefix, name);
    st_buf t = { 0 };
    st_buf_str(&t, name);
    st_buf_str(&t, st_str_of(f->prefix));
    return keep_text(b, &t);
}

st_str st_bind_name(st_binder *b, const st_kql_expr *e)
{
    st_buf t = { 0 };
    while (e->kind == ST_KQL_CALL) /* the first argument's name, however deep */
        return call_name(b, e);
    if (e->kind == ST_KQL_NAME)
        return st_bind_column(b->row, e->u.name) != SIZE_MAX || st_bind_loose_name(b, e)
                   ? e->u.name
                   : ST_STR("");
    if ((e->kind == ST_KQL_MEMBER || e->kind == ST_KQL_INDEX) && path_name(b, e, &t))
        return keep_text(b, &t);
    st_buf_free(&t);
    return ST_STR("");
}

/* NOLINTEND(misc-no-recursion) */
