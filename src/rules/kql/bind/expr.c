/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.c - expressions: every node of the text becomes a typed node of the plan.
 *
 * A mistake is told and has type UNKNOWN, which passes everywhere in silence.
 */
#include "rules/kql/bind/bind.h"

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static bool server_column(st_str name)
{
    return st_str_starts(name, ST_STR("WebServer"));
}

static bool in_scope(const st_scope *sc)
{
    return sc->names && sc->names->row == sc->row;
}

static st_expr *bind_name(const st_scope *sc, const st_kql_expr *e)
{
    st_str name = e->u.name;
    size_t c = st_bind_column(sc->row, name);
    st_expr *scoped = in_scope(sc) && sc->names->name ? sc->names->name(sc, e) : NULL;
    if (scoped)
        return scoped;
    if (c != SIZE_MAX && sc->group && !sc->nested) {
        st_bind_error(sc, e->span, "KS236",
                      "%.*s is neither grouped nor in an aggregate; put it behind by, or in "
                      "take_any(...) or make_set(...)",
                      ST_FMT(name));
        return st_bind_unknown(sc);
    }
    if (c != SIZE_MAX) {
        if (st_bind_let(sc, name))
            st_bind_warn(sc, e->span,
                         "%.*s is the column here, not the let or parameter of that name",
                         ST_FMT(name));
        if (sc->binder->marks && server_column(name))
            st_bind_error(sc, e->span, NULL, "a rule that marks web servers can't use %.*s",
                          ST_FMT(name));
        st_bind_warn_column(sc, e->span, name, sc->row->v[c].type);
        st_expr *x = st_bind_node(sc, ST_EXPR_COLUMN, sc->row->v[c].type);
        if (x)
            x->col = c;
        return x;
    }
    st_let *l = st_bind_let(sc, name);
    st_type billed = l ? ST_TYPE_UNKNOWN : st_bind_billing_type(sc->row, name);
    if (billed != ST_TYPE_UNKNOWN) {
        st_bind_warn_billing(sc, e->span, name);
        return st_bind_const(sc, billed, st_val_missing(billed));
    }
    if (l && l->kind == ST_L_VALUE)
        return l->x;
    if (l && l->kind == ST_L_LAMBDA && !st_bind_tabular(sc, e))
        return st_bind_call_named(sc, e, l);
    if (l)
        st_bind_error(sc, e->span, NULL, "%.*s is a table or a function here; a value is needed",
                      ST_FMT(name));
    else if (st_bind_loose_name(sc, e)) {
        if (!sc->r->settings->stub_services && !sc->binder->forgiving)
            return st_bind_unknown(sc);
        st_bind_warn_loose(sc, e->span, name);
        st_type t = st_bind_loose_type(name);
        return st_bind_const(sc, t, st_val_missing(t));
    } else if (sc->binder->unpacked && sc->row) {
        st_bind_warn(sc, e->span, "no column %.*s in this evidence: read as null", ST_FMT(name));
        return st_bind_const(sc, ST_TYPE_DYNAMIC, st_val_null());
    } else
        st_bind_no_column(sc, e->span, name);
    return st_bind_unknown(sc);
}

static st_expr *bind_path(const st_scope *sc, const st_kql_expr *e, st_expr *base, st_expr *key)
{
    st_expr *args[] = { base, key };
    if (st_bind_any_unknown(args, 2))
        return st_bind_unknown(sc);
    args[0] = st_bind_as_json(sc, base);
    if (args[0] && args[0]->type != ST_TYPE_DYNAMIC)
        st_bind_error(sc, e->span, NULL, "a %s has no members; use parse_json() if it is JSON text",
                      st_type_name(base->type));
    return st_bind_call(sc, st_call_index, ST_TYPE_DYNAMIC, args, 2);
}

static st_expr *bind_member(const st_scope *sc, const st_kql_expr *e)
{
    st_expr *scoped = in_scope(sc) && sc->names->member ? sc->names->member(sc, e) : NULL;
    if (scoped)
        return scoped;
    st_expr *base = st_bind_expr(sc, e->u.member.base);
    return bind_path(
        sc, e, base,
        st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, e->u.member.name.text)));
}

static st_expr *bind_index(const st_scope *sc, const st_kql_expr *e)
{
    bool tuple = st_bind_is_tuple(sc, e->u.index.base); /* f(a, b)[1]: one of the columns */
    st_expr *base = tuple ? st_bind_tuple(sc, e->u.index.base) : st_bind_expr(sc, e->u.index.base),
            *key = st_bind_expr(sc, e->u.index.index);
    return bind_path(sc, e, base, key);
}

static st_expr *check_condition(const st_scope *sc, const st_kql_expr *e, st_expr *x)
{
    if (!x || x->type == ST_TYPE_BOOL || x->type == ST_TYPE_UNKNOWN)
        return x;
    st_bind_error(sc, e->span, "KS107", "a condition (bool) is needed, not %s%s",
                  st_type_name(x->type), x->type == ST_TYPE_DYNAMIC ? "; use tobool()" : "");
    return st_bind_unknown(sc);
}

/* A column's name, to be shown in a message; other expressions are left out. */
static st_str name_of(const st_kql_expr *e)
{
    return e->kind == ST_KQL_NAME ? e->u.name : ST_STR("");
}

/* A string operator with a number, a time and the like on a side: which, and what to write. */
static st_expr *no_text(const st_scope *sc, const st_kql_expr *e, st_expr *const *args)
{
    bool left = !st_bind_textual(args[0]->type);
    const st_kql_expr *side = left ? e->u.binary.left : e->u.binary.right;
    const char *op = st_kql_operator_text(e->u.binary.op),
               *types[] = { st_type_name(args[0]->type), st_type_name(args[1]->type) };
    if (side->kind == ST_KQL_LITERAL)
        st_bind_error(sc, e->span, "KS106",
                      "%s isn't defined for %s and %s; put quotes around the %s", op, types[0],
                      types[1], types[!left]);
    else
        st_bind_error(sc, e->span, "KS106",
                      "%s isn't defined for %s and %s; use `tostring(%.*s)`%s", op, types[0],
                      types[1], ST_FMT(name_of(side)), left ? " or `==`" : "");
    return st_bind_unknown(sc);
}

static st_expr *bind_strop(const st_scope *sc, const st_kql_expr *e, st_bind_strop op)
{
    if (e->u.binary.left->kind == ST_KQL_STAR) {
        st_expr *needle = st_bind_expr(sc, e->u.binary.right);
        if (needle && needle->kind == ST_EXPR_CONST && needle->type == ST_TYPE_STRING)
            return st_bind_any_column(sc, e->span, op, needle);
        st_bind_error(sc, e->u.binary.right->span, NULL, "a constant text is needed here");
        return st_bind_unknown(sc);
    }
    st_expr *args[] = { st_bind_expr(sc, e->u.binary.left), st_bind_expr(sc, e->u.binary.right) };
    if (st_bind_any_unknown(args, 2))
        return st_bind_unknown(sc);
    if (!st_bind_textual(args[0]->type) || !st_bind_textual(args[1]->type))
        return no_text(sc, e, args);
    if (args[1]->type == ST_TYPE_DYNAMIC) /* an array too is one text here */
        args[1] = st_bind_call(sc, st_call_convert, ST_TYPE_STRING, &args[1], 1);
    if (!args[1])
        return NULL;
    if (args[1]->kind == ST_EXPR_CONST)
        return st_bind_predicate(sc, e->u.binary.right->span, op, false, args, 2);
    if (op.op == ST_M_REGEX)
        return st_bind_call_node(sc, st_call_matches, ST_TYPE_BOOL, args, 2);
    st_expr *x = st_bind_call_node(sc, st_call_strop, ST_TYPE_BOOL, args, 2);
    if (x) {
        x->mop = op.op;
        x->fold = op.fold;
        x->negate = op.negate;
    }
    return x;
}

/* Beside `and` and `or` a dynamic is read as a bool; alone it is no condition. */
st_expr *st_bind_logic_side(const st_scope *sc, const st_kql_expr *e)
{
    if (sc->search && (e->kind == ST_KQL_LITERAL || e->kind == ST_KQL_STAR))
        return st_bind_condition(sc, e);
    st_expr *x = st_bind_expr(sc, e);
    if (x && x->type == ST_TYPE_DYNAMIC)
        return st_bind_call(sc, st_call_convert, ST_TYPE_BOOL, &x, 1);
    return check_condition(sc, e, x);
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

static st_expr *bind_arith(const st_scope *sc, const st_kql_expr *e)
{
    static const char ops[] = "+-*/%";
    st_kql_operator op = e->u.binary.op;
    st_expr *args[] = { st_bind_expr(sc, e->u.binary.left), st_bind_expr(sc, e->u.binary.right) };
    if (st_bind_any_unknown(args, 2))
        return st_bind_unknown(sc);
    for (size_t i = 0; i < 2; i++) {
        st_type as = arith_partner(op, args[1 - i]->type);
        if (args[i]->type == ST_TYPE_DYNAMIC && as != ST_TYPE_DYNAMIC &&
            !(args[i] = st_bind_call(sc, st_call_convert, as, &args[i], 1)))
            return NULL;
    }
    st_type type;
    st_fn_code *code = st_arith(ops[op - ST_KQL_OP_ADD], args[0]->type, args[1]->type, &type);
    if (!code) {
        bool text = args[0]->type == ST_TYPE_STRING || args[1]->type == ST_TYPE_STRING;
        st_bind_error(sc, e->span, "KS106", "%s isn't defined for %s and %s%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      st_type_name(args[1]->type),
                      text && op == ST_KQL_OP_ADD ? "; use strcat()" : "");
        return st_bind_unknown(sc);
    }
    return st_bind_call(sc, code, type, args, 2);
}

/* A text literal beside a number, bool or guid is read as that. */
static void convert_literal(const st_scope *sc, const st_kql_expr *e, st_expr **args)
{
    for (size_t i = 0; i < 2; i++) {
        st_type other = args[1 - i]->type;
        const st_kql_expr *side = i ? e->u.binary.right : e->u.binary.left;
        bool empty = args[i]->type == ST_TYPE_DYNAMIC && other == ST_TYPE_STRING; /* equals "" */
        if (args[i]->kind == ST_EXPR_CONST && side->kind == ST_KQL_LITERAL && side->u.value.null &&
            other != ST_TYPE_DYNAMIC && !empty)
            st_bind_warn(sc, side->span, "nothing equals null; ask with isnull()");
        if (args[i]->kind != ST_EXPR_CONST || args[i]->type != ST_TYPE_STRING ||
            other == ST_TYPE_STRING || other == ST_TYPE_DYNAMIC)
            continue;
        st_val v = st_val_convert(&sc->r->mem, other == ST_TYPE_INT ? ST_TYPE_LONG : other,
                                  ST_TYPE_STRING, args[i]->value);
        if (v.tag == ST_VAL_NULL && st_type_numeric(other))
            st_bind_warn(sc, side->span, "this text is no number, so no %s equals it",
                         st_type_name(other));
        args[i] = st_bind_const(sc, other, v);
        return;
    }
}

/* `column > ago(..)`: a window that moves with the clock. Lifted when the run asks so. */
static st_expr *lift(const st_scope *sc, st_kql_operator op, st_expr **args)
{
    bool right = (op == ST_KQL_OP_GT || op == ST_KQL_OP_GE) && args[1]->ago && !args[0]->ago;
    bool left = (op == ST_KQL_OP_LT || op == ST_KQL_OP_LE) && args[0]->ago && !args[1]->ago;
    if (!right && !left)
        return NULL;
    sc->r->lifted = true;
    return sc->r->ago_off ? st_bind_const(sc, ST_TYPE_BOOL, st_val_bool(true)) : NULL;
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

static st_expr *bind_compare(const st_scope *sc, const st_kql_expr *e)
{
    static const char ops[] = "<l>g=!";
    st_kql_operator op = e->u.binary.op;
    char c = ops[op - ST_KQL_OP_LT];
    st_expr *args[] = { st_bind_expr(sc, e->u.binary.left), st_bind_expr(sc, e->u.binary.right) };
    if (st_bind_any_unknown(args, 2))
        return st_bind_unknown(sc);
    if (c == '=' || c == '!')
        convert_literal(sc, e, args);
    st_fn_code *code = args[0] && args[1] ? st_compare(c, args[0]->type, args[1]->type) : NULL;
    if (!args[0] || !args[1])
        return NULL;
    if (!code) {
        st_bind_error(sc, e->span, "KS106", "%s isn't defined for %s and %s%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      st_type_name(args[1]->type), order_hint(args[0], args[1]));
        return st_bind_unknown(sc);
    }
    st_expr *lifted = lift(sc, op, args);
    if (lifted)
        return lifted;
    /* A text compared with a constant is a question of the text alone. */
    if ((c == '=' || c == '!') && args[0]->type == ST_TYPE_STRING &&
        args[1]->type == ST_TYPE_STRING && args[1]->kind == ST_EXPR_CONST)
        return st_bind_predicate(sc, e->span, (st_bind_strop){ ST_M_EQ, false, c == '!' }, false,
                                 args, 2);
    return st_bind_call(sc, code, ST_TYPE_BOOL, args, 2);
}

static st_expr *bind_binary(const st_scope *sc, const st_kql_expr *e)
{
    st_kql_operator op = e->u.binary.op;
    st_bind_strop s;
    if (op == ST_KQL_OP_OR || op == ST_KQL_OP_AND)
        return st_bind_logic(sc, e);
    if (op >= ST_KQL_OP_ADD && op <= ST_KQL_OP_MOD)
        return bind_arith(sc, e);
    if (op >= ST_KQL_OP_LT && op <= ST_KQL_OP_NE)
        return bind_compare(sc, e);
    if (op == ST_KQL_OP_ASSIGN) {
        st_bind_error(sc, e->u.binary.op_span, "KS141",
                      "a condition (bool) is needed; `=` assigns, use `==`");
        return st_bind_unknown(sc);
    }
    if (st_bind_strop_of(op, &s))
        return bind_strop(sc, e, s);
    st_bind_error(sc, e->span, NULL, "the operator %s isn't supported yet",
                  st_kql_operator_text(op));
    return st_bind_unknown(sc);
}

static st_expr *bind_unary(const st_scope *sc, const st_kql_expr *e)
{
    st_expr *x = st_bind_expr(sc, e->u.unary.operand);
    if (st_bind_any_unknown(&x, 1))
        return st_bind_unknown(sc);
    if (!st_type_numeric(x->type) && x->type != ST_TYPE_TIMESPAN && x->type != ST_TYPE_DYNAMIC) {
        st_bind_error(sc, e->span, "KS106", "a sign isn't defined for %s", st_type_name(x->type));
        return st_bind_unknown(sc);
    }
    if (e->u.unary.op == ST_KQL_OP_ADD)
        return x;
    return st_bind_call(sc, st_call_negate, x->type == ST_TYPE_INT ? ST_TYPE_LONG : x->type, &x, 1);
}

/* The rows of a table's first column, as one constant array. */
static st_expr *table_values(const st_scope *sc, const st_kql_expr *e)
{
    st_op *op = st_bind_table(sc, e);
    if (!op || !st_bind_may_run(sc) || !op->schema.n)
        return st_bind_unknown(sc);
    st_rows rows = { 0 };
    st_array *a = NULL;
    if (st_rows_read(sc->r, op, &rows))
        a = st_array_new(&sc->r->mem, rows.rows);
    size_t at = 0;
    for (size_t i = 0; a && i < rows.n; i++) {
        const st_val *v = st_batch_col(sc->r, rows.batch[i], 0);
        for (size_t k = 0; v && k < rows.batch[i]->n; k++)
            a->v[at++] = v[k];
    }
    st_rows_free(&rows);
    sc->r->told |= sc->r->timed;
    return st_bind_const(sc, ST_TYPE_DYNAMIC, st_val_array(a));
}

static bool in_items(const st_scope *sc, const st_kql_expr *e, st_expr **args)
{
    const st_kql_list *items = &e->u.in.items;
    for (size_t i = 0; i < items->n; i++)
        args[1 + i] = items->n == 1 && st_bind_tabular(sc, items->items[i])
                          ? table_values(sc, items->items[i])
                          : st_bind_expr(sc, items->items[i]);
    return !st_bind_any_unknown(args, items->n + 1);
}

static st_expr *bind_in(const st_scope *sc, const st_kql_expr *e)
{
    st_kql_operator op = e->u.in.op;
    size_t n = e->u.in.items.n + 1;
    st_expr **args = ST_NEWN(&sc->r->arena, st_expr *, n);
    if (!args)
        return NULL;
    args[0] = st_bind_expr(sc, e->u.in.left);
    if (n == 1) {
        st_bind_error(sc, e->span, NULL, "%s needs at least one value", st_kql_operator_text(op));
        return st_bind_unknown(sc);
    }
    if (!in_items(sc, e, args))
        return st_bind_unknown(sc);
    bool terms = op == ST_KQL_OP_HAS_ANY || op == ST_KQL_OP_HAS_ALL,
         insensitive = op == ST_KQL_OP_IN_I || op == ST_KQL_OP_NOT_IN_I;
    bool negate = op == ST_KQL_OP_NOT_IN || op == ST_KQL_OP_NOT_IN_I;
    if ((terms || insensitive) && !st_bind_textual(args[0]->type)) {
        st_bind_error(sc, e->span, "KS106", "%s isn't defined for %s; use `tostring(%.*s)`%s",
                      st_kql_operator_text(op), st_type_name(args[0]->type),
                      ST_FMT(name_of(e->u.in.left)), terms ? "" : " or `in`");
        return st_bind_unknown(sc);
    }
    st_bind_strop s = { terms ? ST_M_HAS : ST_M_EQ, terms || insensitive, negate };
    bool text = terms || insensitive || args[0]->type == ST_TYPE_STRING;
    if (text && st_bind_all_constant(args + 1, n - 1))
        return st_bind_predicate(sc, e->span, s, op == ST_KQL_OP_HAS_ALL, args, n);
    st_expr *x = st_bind_call_node(sc, text ? st_call_strop : st_call_in, ST_TYPE_BOOL, args, n);
    if (x) {
        x->mop = s.op;
        x->fold = s.fold;
        x->negate = negate;
        x->all = op == ST_KQL_OP_HAS_ALL;
    }
    return st_bind_fold(sc, x);
}

static st_expr *bind_between(const st_scope *sc, const st_kql_expr *e)
{
    st_expr *args[] = { st_bind_expr(sc, e->u.between.left), st_bind_expr(sc, e->u.between.low),
                        st_bind_expr(sc, e->u.between.high) };
    if (st_bind_any_unknown(args, 3))
        return st_bind_unknown(sc);
    st_type t = args[0]->type, low = args[1]->type, high = args[2]->type;
    bool numbers = st_type_numeric(t) && st_type_numeric(low) && st_type_numeric(high);
    bool times = (t == ST_TYPE_DATETIME && low == t && (high == t || high == ST_TYPE_TIMESPAN)) ||
                 (t == ST_TYPE_TIMESPAN && low == t && high == t);
    if (!numbers && !times) {
        st_bind_error(sc, e->span, "KS106", "between isn't defined for %s, %s and %s%s",
                      st_type_name(t), st_type_name(low), st_type_name(high),
                      order_hint(args[0], args[1]));
        return st_bind_unknown(sc);
    }
    if (args[1]->ago && !e->u.between.negated) {
        sc->r->lifted = true;
        if (sc->r->ago_off) {
            if (high == ST_TYPE_TIMESPAN) {
                st_type sum;
                st_fn_code *add = st_arith('+', low, high, &sum);
                args[2] = st_bind_call(sc, add, sum, &args[1], 2);
            }
            args[1] = args[2];
            st_expr *pair[] = { args[0], args[1] };
            return st_bind_call(sc, st_compare('l', t, ST_TYPE_DATETIME), ST_TYPE_BOOL, pair, 2);
        }
    }
    st_expr *x = st_bind_call_node(sc, st_call_between, ST_TYPE_BOOL, args, 3);
    if (x)
        x->negate = e->u.between.negated;
    return st_bind_fold(sc, x);
}

static st_expr *bind_other(const st_scope *sc, const st_kql_expr *e)
{
    if (e->kind == ST_KQL_ERROR) {
        sc->out->failed = true;
        return st_bind_unknown(sc);
    }
    static const char *const what[] = {
        [ST_KQL_STAR] = "`*` can't stand here",
        [ST_KQL_PATTERN] = "a wildcard can't stand here",
        [ST_KQL_NAMED] = "a name can't be given here; use `==` to compare",
        [ST_KQL_TYPEOF] = "typeof() can't stand here",
        [ST_KQL_QUERY] = "a table can't stand here; a value is needed",
        [ST_KQL_LAMBDA] = "a function can't stand here",
    };
    st_bind_error(sc, e->span, NULL, "%s", what[e->kind] ? what[e->kind] : "this can't stand here");
    return st_bind_unknown(sc);
}

st_expr *st_bind_expr(const st_scope *sc, const st_kql_expr *e)
{
    static st_expr *(*const by_kind[])(const st_scope *, const st_kql_expr *) = {
        [ST_KQL_ERROR] = bind_other,   [ST_KQL_LITERAL] = st_bind_literal,
        [ST_KQL_NAME] = bind_name,     [ST_KQL_STAR] = bind_other,
        [ST_KQL_PATTERN] = bind_other, [ST_KQL_MEMBER] = bind_member,
        [ST_KQL_INDEX] = bind_index,   [ST_KQL_CALL] = st_bind_call_of,
        [ST_KQL_UNARY] = bind_unary,   [ST_KQL_BINARY] = bind_binary,
        [ST_KQL_IN] = bind_in,         [ST_KQL_BETWEEN] = bind_between,
        [ST_KQL_NAMED] = bind_other,   [ST_KQL_TYPEOF] = bind_other,
        [ST_KQL_QUERY] = bind_other,   [ST_KQL_LAMBDA] = bind_other,
    };
    st_expr *x = by_kind[e->kind](sc, e);
    if (x && x->kind == ST_EXPR_PRED)
        st_bind_step_matched(sc, e->span);
    return x;
}

st_expr *st_bind_condition(const st_scope *sc, const st_kql_expr *e)
{
    if (sc->search && e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_STRING)
        return st_bind_search_term(sc, e);
    if (sc->search && e->kind == ST_KQL_STAR) /* any text at all */
        return st_bind_const(sc, ST_TYPE_BOOL, st_val_bool(true));
    return check_condition(sc, e, st_bind_expr(sc, e));
}

bool st_bind_constant(const st_scope *sc, const st_kql_expr *e, st_val *out, st_type *type)
{
    st_scope inner = st_bind_over(sc, NULL);
    st_expr *x = st_bind_expr(&inner, e);
    if (!x || x->type == ST_TYPE_UNKNOWN)
        return false;
    if (x->kind != ST_EXPR_CONST) {
        st_bind_error(sc, e->span, NULL, "a constant is needed here");
        return false;
    }
    *out = x->value;
    *type = x->type;
    return true;
}

/* NOLINTEND(misc-no-recursion) */
