/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_expr.c - expressions: precedence climbing over a table of operators.
 *
 * Words are operators by position only: `has` behind an operand is one, `has` where an operand
 * is expected is not. What a chain of operators adds to the height of its tree is counted, so
 * that who walks the tree may recurse.
 */
#include "rules/kql/syntax/parse.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "rules/engine/value/times.h"

#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): ST_MAX_KQL_DEPTH bounds it, checked on the way down */

typedef struct infix {
    const char *text;
    unsigned char level; /* higher binds tighter */
    unsigned char op;
} infix;

enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT };

#define PAIR(text, name)                              \
    { text, LEVEL_COMPARE, ST_KQL_OP_##name },        \
    {                                                 \
        "!" text, LEVEL_COMPARE, ST_KQL_OP_NOT_##name \
    }
static const infix infixes[] = {
    { "or", LEVEL_OR, ST_KQL_OP_OR },
    { "and", LEVEL_AND, ST_KQL_OP_AND },
    { "==", LEVEL_COMPARE, ST_KQL_OP_EQ },
    { "!=", LEVEL_COMPARE, ST_KQL_OP_NE },
    { "<>", LEVEL_COMPARE, ST_KQL_OP_NE },
    { "=~", LEVEL_COMPARE, ST_KQL_OP_EQI },
    { "!~", LEVEL_COMPARE, ST_KQL_OP_NEI },
    { "<", LEVEL_COMPARE, ST_KQL_OP_LT },
    { "<=", LEVEL_COMPARE, ST_KQL_OP_LE },
    { ">", LEVEL_COMPARE, ST_KQL_OP_GT },
    { ">=", LEVEL_COMPARE, ST_KQL_OP_GE },
    PAIR("has", HAS),
    PAIR("has_cs", HAS_CS),
    PAIR("hasprefix", HASPREFIX),
    PAIR("hasprefix_cs", HASPREFIX_CS),
    PAIR("hassuffix", HASSUFFIX),
    PAIR("hassuffix_cs", HASSUFFIX_CS),
    PAIR("contains", CONTAINS),
    PAIR("contains_cs", CONTAINS_CS),
    PAIR("startswith", STARTSWITH),
    PAIR("startswith_cs", STARTSWITH_CS),
    PAIR("endswith", ENDSWITH),
    PAIR("endswith_cs", ENDSWITH_CS),
    { "containscs", LEVEL_COMPARE, ST_KQL_OP_CONTAINS_CS },
    { "!containscs", LEVEL_COMPARE, ST_KQL_OP_NOT_CONTAINS_CS },
    { "notcontains", LEVEL_COMPARE, ST_KQL_OP_NOT_CONTAINS },
    { "notcontainscs", LEVEL_COMPARE, ST_KQL_OP_NOT_CONTAINS_CS },
    { "notcontains_cs", LEVEL_COMPARE, ST_KQL_OP_NOT_CONTAINS_CS },
    { "matches", LEVEL_COMPARE, ST_KQL_OP_MATCHES_REGEX },
    { ":", LEVEL_COMPARE, ST_KQL_OP_COLON },
    { "=", LEVEL_COMPARE, ST_KQL_OP_ASSIGN },
    { "in", LEVEL_COMPARE, ST_KQL_OP_IN },
    { "!in", LEVEL_COMPARE, ST_KQL_OP_NOT_IN },
    { "in~", LEVEL_COMPARE, ST_KQL_OP_IN_I },
    { "!in~", LEVEL_COMPARE, ST_KQL_OP_NOT_IN_I },
    { "has_any", LEVEL_COMPARE, ST_KQL_OP_HAS_ANY },
    { "has_all", LEVEL_COMPARE, ST_KQL_OP_HAS_ALL },
    { "between", LEVEL_COMPARE, ST_KQL_OP_COUNT }, /* marks: no operator of its own */
    { "!between", LEVEL_COMPARE, ST_KQL_OP_COUNT + 1 },
    { "+", LEVEL_SUM, ST_KQL_OP_ADD },
    { "-", LEVEL_SUM, ST_KQL_OP_SUB },
    { "*", LEVEL_PRODUCT, ST_KQL_OP_MUL },
    { "/", LEVEL_PRODUCT, ST_KQL_OP_DIV },
    { "%", LEVEL_PRODUCT, ST_KQL_OP_MOD },
};
#undef PAIR
#define NINFIXES (sizeof infixes / sizeof *infixes)
#define INFIX_BEGINS "!%*+-/:<=>abcehimnos" /* what they begin with */
_Static_assert(NINFIXES < UINT8_MAX, "its number fits into a token");

const char *st_kql_operator_text(st_kql_operator op)
{
    if (op == ST_KQL_OP_MATCHES_REGEX)
        return "matches regex";
    for (size_t i = 0; i < NINFIXES; i++)
        if (infixes[i].op == op)
            return infixes[i].text;
    return "?";
}

/* Its place among infixes; NINFIXES: it is none. */
static size_t find_infix(st_kql_token_kind kind, st_str text)
{
    bool may_be = kind == ST_TOK_NAME || kind == ST_TOK_BANG || kind == ST_TOK_PUNCT;
    bool can_be = may_be && text.n && strchr(INFIX_BEGINS, text.p[0]);
    size_t i = can_be ? 0 : NINFIXES;
    while (i < NINFIXES && !st_str_is(text, infixes[i].text))
        i++;
    return i;
}

/* Each level of a climb asks about the same token, which keeps the answer. */
static const infix *infix_at(const st_parser *p, size_t ahead)
{
    st_kql_token *t = (st_kql_token *)(uintptr_t)st_p_at(p, ahead);
    if (!t->infix)
        t->infix = (unsigned char)(find_infix(t->kind, st_p_text(p, t)) + 1);
    return t->infix <= NINFIXES ? &infixes[t->infix - 1] : NULL;
}

bool st_p_is_infix(const st_parser *p, size_t ahead)
{
    return st_p_at(p, ahead)->kind != ST_TOK_PUNCT && infix_at(p, ahead);
}

/* nodes */

/* Stands in where memory is spent: callers may write to it, nobody reads it. */
st_kql_expr *st_p_node(st_parser *p, st_kql_expr_kind kind, st_span span)
{
    st_kql_expr *e = ST_NEW(p->arena, st_kql_expr);
    if (!e) {
        st_p_wrong(p);
        return NULL;
    }
    e->kind = kind;
    e->span = span;
    e->height = 1;
    return e;
}

static st_kql_expr *error_node(st_parser *p)
{
    uint32_t here = st_p_start(p);
    return st_p_node(p, ST_KQL_ERROR, (st_span){ here, here });
}

/* parent stands above child. */
static void above(st_parser *p, st_kql_expr *parent, const st_kql_expr *child)
{
    if (!parent || !child || child->height < parent->height)
        return;
    parent->height = child->height + 1;
    if (parent->height > p->tallest)
        p->tallest = parent->height;
    if (parent->height > ST_MAX_KQL_HEIGHT) {
        st_p_fail(p, parent->span, NULL,
                  "this expression is too long (more than %u operators deep)", ST_MAX_KQL_HEIGHT);
        parent->height = 1;
    }
}

static void above_all(st_parser *p, st_kql_expr *parent, const st_kql_list *children)
{
    for (size_t i = 0; i < children->n; i++)
        above(p, parent, children->items[i]);
}

uint32_t st_p_tall_begin(st_parser *p)
{
    uint32_t before = p->tallest;
    p->tallest = 1;
    return before;
}

void st_p_tall_end(st_parser *p, uint32_t before, st_kql_expr *e)
{
    const st_kql_expr inside = { .height = p->tallest };
    p->tallest = before;
    above(p, e, &inside);
}

/* names */

/* ['any text'] */
static bool bracketed(const st_parser *p, size_t ahead)
{
    const st_kql_token *t = st_p_at(p, ahead + 1);
    return st_p_is(p, ahead, "[") && t->kind == ST_TOK_LITERAL &&
           t->value->type == ST_TYPE_STRING && st_p_is(p, ahead + 2, "]");
}

bool st_p_is_name(const st_parser *p)
{
    return st_p_at(p, 0)->kind == ST_TOK_NAME || bracketed(p, 0);
}

bool st_p_name(st_parser *p, st_kql_name *out, const char *what)
{
    uint32_t start = st_p_start(p);
    *out = (st_kql_name){ 0 };
    if (bracketed(p, 0)) {
        out->text = st_p_at(p, 1)->value->str;
        st_p_next(p);
        st_p_next(p);
        st_p_next(p);
    } else if (st_p_at(p, 0)->kind == ST_TOK_NAME) {
        out->text = st_p_text(p, st_p_at(p, 0));
        st_p_next(p);
    } else {
        st_p_expected(p, what);
        return false;
    }
    out->span = st_p_since(p, start);
    return true;
}

st_kql_expr *st_p_pattern(st_parser *p)
{
    uint32_t start = st_p_start(p);
    size_t parts = 0, stars = 0;
    if (bracketed(p, 0))
        return st_p_postfix(p);
    for (;; parts++) {
        bool star = st_p_is(p, 0, "*");
        const st_kql_token *t = st_p_at(p, 0);
        bool part = star || t->kind == ST_TOK_NAME ||
                    (parts && t->kind == ST_TOK_LITERAL && t->value->type == ST_TYPE_LONG);
        if (!part || (parts && t->span.start != st_p_at(p, 0)[-1].span.end))
            break;
        stars += star;
        st_p_next(p);
    }
    if (!parts) {
        st_p_expected(p, "a name");
        return error_node(p);
    }
    st_kql_expr_kind kind = !stars ? ST_KQL_NAME : parts == 1 ? ST_KQL_STAR : ST_KQL_PATTERN;
    st_kql_expr *e = st_p_node(p, kind, st_p_since(p, start));
    if (e)
        e->u.name = (st_str){ p->text.p + start, e->span.end - start };
    return e;
}

/* schemas */

static bool schema_type(st_parser *p, st_kql_column *c)
{
    const st_kql_token *t = st_p_at(p, 0);
    c->type_span = t->span;
    if (t->kind != ST_TOK_NAME) {
        st_p_expected(p, "a type");
        return false;
    }
    c->type = st_type_of(st_p_text(p, t));
    if (c->type == ST_TYPE_UNKNOWN) {
        st_suggest s = { .want = st_p_text(p, t) };
        for (unsigned i = 0; i < ST_TYPE_UNKNOWN; i++)
            st_suggest_offer(&s, st_str_of(st_type_name((st_type)i)));
        st_p_fail(p, t->span, "KS210",
                  s.best.p ? "no type %.*s; did you mean %.*s?" : "no type %.*s", ST_FMT(s.want),
                  ST_FMT(s.best));
        return false;
    }
    st_p_next(p);
    return true;
}

static void schema_column(st_parser *p, st_kql_schema *out, st_p_list *columns, bool nameless)
{
    if (st_p_take(p, "*")) {
        out->open = true;
        return;
    }
    st_kql_column *c = ST_NEW(p->arena, st_kql_column);
    if (!c)
        return;
    bool typed_only = nameless && !st_p_is(p, 1, ":") && !bracketed(p, 0);
    bool ok = typed_only || (st_p_name(p, &c->name, "a column's name") &&
                             st_p_need(p, ":", "a name and its type"));
    if (ok && schema_type(p, c))
        st_p_add(p, columns, c);
}

void st_p_schema(st_parser *p, st_kql_schema *out, bool nameless)
{
    uint32_t start = st_p_start(p);
    st_p_list columns = { 0 };
    if (st_p_need(p, "(", "a list of columns") && !st_p_is(p, 0, ")")) {
        do
            schema_column(p, out, &columns, nameless);
        while (st_p_more(p));
    }
    st_p_need(p, ")", "the list of columns");
    out->n = columns.n;
    out->columns = st_p_array(p, &columns, sizeof *out->columns);
    out->span = st_p_since(p, start);
}

st_type st_p_typeof(st_parser *p)
{
    st_kql_schema schema = { 0 };
    if (!st_p_need_word(p, "typeof", "a type"))
        return ST_TYPE_UNKNOWN;
    st_p_schema(p, &schema, true);
    return schema.n ? schema.columns[0].type : ST_TYPE_UNKNOWN;
}

/* operands */

/* Behind "(": arguments and the closing bracket. */
static st_kql_list arguments(st_parser *p)
{
    st_p_list args = { 0 };
    if (!st_p_is(p, 0, ")")) {
        do
            st_p_add(p, &args, st_p_arg(p));
        while (st_p_more(p));
    }
    st_p_need(p, ")", "the arguments");
    return st_p_exprs(p, &args);
}

static st_kql_expr *call(st_parser *p, st_kql_expr *base, const st_kql_name *name, uint32_t start)
{
    st_p_next(p); /* ( */
    st_kql_list args = arguments(p);
    st_kql_expr *e = st_p_node(p, ST_KQL_CALL, st_p_since(p, start));
    if (!e)
        return NULL;
    e->u.call.base = base;
    e->u.call.name = *name;
    e->u.call.args = args;
    above(p, e, base);
    above_all(p, e, &args);
    return e;
}

static st_kql_expr *name_or_call(st_parser *p)
{
    uint32_t start = st_p_start(p);
    st_kql_name name;
    if (st_p_is_word(p, 0, "typeof") && st_p_is(p, 1, "(")) {
        st_kql_expr *e = st_p_node(p, ST_KQL_TYPEOF, (st_span){ start, start });
        st_p_next(p);
        if (e) {
            st_p_schema(p, &e->u.schema, true);
            e->span = st_p_since(p, start);
        }
        return e;
    }
    bool plain = !bracketed(p, 0);
    if (!st_p_name(p, &name, "a name"))
        return error_node(p);
    if (plain && st_p_is(p, 0, "("))
        return call(p, NULL, &name, start);
    st_kql_expr *e = st_p_node(p, ST_KQL_NAME, name.span);
    if (e)
        e->u.name = name.text;
    return e;
}

bool st_p_string(st_parser *p, st_kql_value *out)
{
    const st_kql_token *t = st_p_at(p, 0);
    if (t->kind != ST_TOK_LITERAL || t->value->type != ST_TYPE_STRING)
        return false;
    *out = *t->value;
    uint32_t start = t->span.start;
    st_p_next(p);
    st_buf joined = { 0 };
    bool several = false;
    for (t = st_p_at(p, 0); t->kind == ST_TOK_LITERAL && t->value->type == ST_TYPE_STRING;
         t = st_p_at(p, 0)) {
        if (!several)
            st_buf_str(&joined, out->str);
        several = true;
        st_buf_str(&joined, t->value->str);
        out->hidden = out->hidden || t->value->hidden;
        st_p_next(p);
    }
    if (several)
        st_diag_at(p->diags, ST_SEV_WARNING, st_p_since(p, start), NULL,
                   "texts side by side are read as one; is a comma missing?");
    if (several)
        out->str = st_arena_copy(p->arena, st_buf_slice(&joined));
    if (joined.failed)
        p->arena->failed = true;
    st_buf_free(&joined);
    return true;
}

static st_kql_expr *literal(st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 0);
    uint32_t start = t->span.start;
    st_kql_expr *e = st_p_node(p, ST_KQL_LITERAL, t->span);
    if (!e)
        return NULL;
    if (st_p_string(p, &e->u.value)) {
        e->span = st_p_since(p, start);
        return e;
    }
    if (t->minimum)
        st_p_fail(p, t->span, "KS002", "%.*s doesn't fit a long (64 bits)",
                  ST_FMT(st_p_text(p, t)));
    e->u.value = *t->value;
    st_p_next(p);
    return e;
}

static st_kql_expr *dynamic(st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 0);
    st_kql_expr *e = st_p_node(p, ST_KQL_LITERAL, t->span);
    if (!e)
        return NULL;
    e->u.value.type = ST_TYPE_DYNAMIC;
    e->u.value.json = st_kql_json_read(p->arena, p->text, t->inner, p->diags);
    e->u.value.null = !e->u.value.json || e->u.value.json->kind == ST_JSON_NULL;
    st_p_next(p);
    return e;
}

static st_kql_expr *parenthesised(st_parser *p)
{
    st_p_next(p);
    st_kql_expr *e = st_p_value(p, false);
    if (p->panic)
        st_p_skip(p, true);
    if (st_p_is(p, 0, ","))
        st_p_fail(p, st_p_at(p, 0)->span, "KS002",
                  "a list can't stand here, but behind in, in~, has_any and has_all; `)` expected");
    if (p->panic && !st_p_is(p, 0, ")"))
        st_p_skip(p, false);
    st_p_need(p, ")", "the expression in parentheses");
    if (e)
        e->parens = true;
    return e;
}

/* Is the `=` here the last of `===` or `!==`? */
static bool glued_equals(const st_parser *p)
{
    const st_kql_token *before = &p->tokens.items[p->i - 1];
    st_str text = st_p_text(p, before);
    return before->span.end == st_p_start(p) &&
           (st_str_eq(text, ST_STR("==")) || st_str_eq(text, ST_STR("!=")));
}

static st_kql_expr *primary(st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 0);
    st_kql_expr *e;
    switch (t->kind) {
    case ST_TOK_LITERAL: return literal(p);
    case ST_TOK_DYNAMIC: return dynamic(p);
    case ST_TOK_NAME: {
        if (st_str_ieq(st_p_text(p, t), ST_STR("not")) &&
            (st_p_at(p, 1)->kind == ST_TOK_NAME || st_p_at(p, 1)->kind == ST_TOK_LITERAL)) {
            st_p_fail(p, t->span, "KS005", "not needs parentheses: `not(...)`");
            break;
        }
        bool word = (st_p_is_infix(p, 0) || st_p_is_word(p, 0, "by")) && !st_p_is(p, 1, "(");
        if (!word)
            return name_or_call(p);
        break;
    }
    case ST_TOK_PUNCT:
        if (st_p_is(p, 0, "("))
            return parenthesised(p);
        if (bracketed(p, 0))
            return name_or_call(p);
        if (st_p_is(p, 0, "*")) {
            e = st_p_node(p, ST_KQL_STAR, t->span);
            st_p_next(p);
            return e;
        }
        if (st_p_is(p, 0, "!"))
            st_p_fail(p, t->span, "KS002", "`!` isn't KQL before an expression; use `not(...)`");
        if (st_p_is(p, 0, "#") || (st_p_is(p, 0, "/") && st_p_is(p, 1, "*")))
            st_p_fail(p, t->span, "KS002",
                      "a comment begins with `//` in KQL and ends with its line");
        if (st_p_is(p, 0, "<") || st_p_is(p, 0, "{"))
            st_p_fail(p, t->span, "KS002",
                      "an expression expected, got %.*s; if this is a "
                      "placeholder, put a value in its place",
                      ST_FMT(st_p_text(p, t)));
        if (st_p_is(p, 0, "=") && p->i && glued_equals(p))
            st_p_fail(p, t->span, "KS002",
                      "an expression expected, got =; equality is `==`, the "
                      "opposite `!=`");
        if (st_p_is(p, 0, "["))
            st_p_fail(p, t->span, "KS002",
                      "an expression expected, got [; a list is dynamic([...]), "
                      "a name with blanks is ['...']");
        break;
    case ST_TOK_BANG:
        st_p_fail(p, t->span, "KS002", "`!` isn't KQL before an expression; use `not(...)`");
        break;
    default: break;
    }
    st_p_expected(p, "an expression");
    return error_node(p);
}

static st_kql_expr *member(st_parser *p, st_kql_expr *base)
{
    st_kql_name name;
    uint32_t start = base ? base->span.start : 0;
    st_p_next(p);
    if (!st_p_name(p, &name, "a name behind `.`"))
        return base;
    if (st_p_is(p, 0, "("))
        return call(p, base, &name, start);
    st_kql_expr *e = st_p_node(p, ST_KQL_MEMBER, st_p_since(p, start));
    if (!e)
        return NULL;
    e->u.member.base = base;
    e->u.member.name = name;
    above(p, e, base);
    return e;
}

static st_kql_expr *subscript(st_parser *p, st_kql_expr *base)
{
    uint32_t start = base ? base->span.start : 0;
    st_p_next(p);
    st_kql_expr *index = st_p_expr(p);
    if (p->panic)
        st_p_skip(p, true);
    st_p_need(p, "]", "the index");
    st_kql_expr *e = st_p_node(p, ST_KQL_INDEX, st_p_since(p, start));
    if (!e)
        return NULL;
    e->u.index.base = base;
    e->u.index.index = index;
    above(p, e, base);
    above(p, e, index);
    return e;
}

st_kql_expr *st_p_postfix(st_parser *p)
{
    st_kql_expr *e = primary(p);
    while (!p->panic) {
        if (st_p_is(p, 0, "."))
            e = member(p, e);
        else if (st_p_is(p, 0, "["))
            e = subscript(p, e);
        else
            break;
    }
    return e;
}

/* -9223372036854775808 is one literal: its digits alone don't fit. */
static st_kql_expr *smallest(st_parser *p, uint32_t start)
{
    st_kql_expr *e = st_p_node(p, ST_KQL_LITERAL, (st_span){ start, st_p_at(p, 0)->span.end });
    if (e)
        e->u.value = *st_p_at(p, 0)->value;
    st_p_next(p);
    return e;
}

static st_kql_expr *unary(st_parser *p)
{
    uint32_t start = st_p_start(p);
    st_p_list signs = { 0 }; /* no recursion for ---1 */
    static const st_kql_operator plus = ST_KQL_OP_ADD, minus = ST_KQL_OP_SUB;
    while (st_p_is(p, 0, "-") || st_p_is(p, 0, "+")) {
        bool is_minus = st_p_is(p, 0, "-");
        st_p_next(p);
        if (is_minus && st_p_at(p, 0)->kind == ST_TOK_LITERAL && st_p_at(p, 0)->minimum) {
            st_kql_expr *e = smallest(p, start);
            free(signs.items);
            return e;
        }
        st_p_add(p, &signs, (void *)(uintptr_t)(is_minus ? &minus : &plus));
    }
    st_kql_expr *e = st_p_postfix(p);
    for (size_t i = signs.n; i-- > 0 && e;) {
        st_kql_expr *u = st_p_node(p, ST_KQL_UNARY, st_p_since(p, start));
        if (!u)
            break;
        u->u.unary.op = *(const st_kql_operator *)signs.items[i];
        u->u.unary.operand = e;
        above(p, u, e);
        e = u;
    }
    free(signs.items);
    return e;
}

/* operators */

static st_kql_expr *climb(st_parser *p, unsigned level);

/* Behind in, has_any: (a, b) */
static st_kql_expr *in_list(st_parser *p, st_kql_expr *left, st_kql_operator op, st_span op_span)
{
    bool any = op == ST_KQL_OP_HAS_ANY || op == ST_KQL_OP_HAS_ALL;
    st_p_list items = { 0 };
    uint32_t start = left ? left->span.start : op_span.start;
    if (st_p_is(p, 0, "(")) {
        st_p_next(p);
        if (st_p_is(p, 0, ")"))
            st_p_fail(p, st_p_at(p, 0)->span, "KS002", "the list behind %s is empty",
                      st_kql_operator_text(op));
        do
            st_p_add(p, &items, st_p_arg(p));
        while (st_p_more(p));
        st_p_need(p, ")", "the list");
    } else if (any &&
               (st_p_at(p, 0)->kind == ST_TOK_NAME || st_p_at(p, 0)->kind == ST_TOK_DYNAMIC)) {
        st_p_add(p, &items, st_p_postfix(p));
    } else {
        st_p_expected(p, "a list in parentheses");
    }
    st_kql_expr *e = st_p_node(p, ST_KQL_IN, st_p_since(p, start));
    st_kql_list list = st_p_exprs(p, &items);
    if (!e)
        return NULL;
    e->u.in.op = op;
    e->u.in.op_span = op_span;
    e->u.in.left = left;
    e->u.in.items = list;
    above(p, e, left);
    above_all(p, e, &list);
    return e;
}

static st_kql_expr *between(st_parser *p, st_kql_expr *left, bool negated)
{
    uint32_t start = left ? left->span.start : st_p_start(p);
    st_kql_expr *low = NULL, *high = NULL;
    if (st_p_need(p, "(", "the range of between")) {
        low = st_p_expr(p);
        if (!p->panic && !st_p_is(p, 0, ".."))
            st_p_expected(p, "`..` between the two ends of the range");
        st_p_take(p, "..");
        high = st_p_expr(p);
        if (p->panic)
            st_p_skip(p, false);
        st_p_need(p, ")", "the range of between");
    }
    st_kql_expr *e = st_p_node(p, ST_KQL_BETWEEN, st_p_since(p, start));
    if (!e)
        return NULL;
    e->u.between.negated = negated;
    e->u.between.left = left;
    e->u.between.low = low;
    e->u.between.high = high;
    above(p, e, left);
    above(p, e, low);
    above(p, e, high);
    return e;
}

static st_kql_expr *joined(st_parser *p, st_kql_operator op, st_span op_span, st_kql_expr *left,
                           st_kql_expr *right)
{
    st_span span = { left ? left->span.start : op_span.start,
                     right ? right->span.end : op_span.end };
    st_kql_expr *e = st_p_node(p, ST_KQL_BINARY, span);
    if (!e)
        return NULL;
    e->u.binary.op = op;
    e->u.binary.op_span = op_span;
    e->u.binary.left = left;
    e->u.binary.right = right;
    above(p, e, left);
    above(p, e, right);
    return e;
}

static st_kql_expr *binary(st_parser *p, st_kql_expr *left, const infix *found, st_span op_span)
{
    uint32_t start = left ? left->span.start : op_span.start;
    st_kql_expr *right = climb(p, found->level + 1u);
    st_kql_expr *e = joined(p, (st_kql_operator)found->op, op_span, left, right);
    if (e)
        e->span = st_p_since(p, start);
    return e;
}

/* a or b or c ...: in the order written while they are few; a chain that somebody generated is
 * joined two by two, so that it is no higher than it must be. */
static st_kql_expr *chain(st_parser *p, st_kql_expr *first, const infix *found)
{
    enum { FEW = 64 };
    st_p_list terms = { 0 };
    st_span op_span = { 0 };
    st_p_add(p, &terms, first);
    for (const infix *same = found; !p->panic && same == found; same = infix_at(p, 0)) {
        op_span = st_p_at(p, 0)->span;
        st_p_next(p);
        st_p_add(p, &terms, climb(p, found->level + 1u));
    }
    st_kql_list list = st_p_exprs(p, &terms);
    st_kql_operator op = (st_kql_operator)found->op;
    if (list.n <= FEW) {
        for (size_t i = 1; i < list.n; i++)
            first = joined(p, op, op_span, first, list.items[i]);
        return first;
    }
    while (list.n > 1) {
        size_t to = 0;
        for (size_t i = 0; i < list.n; i += 2)
            list.items[to++] = i + 1 < list.n
                                   ? joined(p, op, op_span, list.items[i], list.items[i + 1])
                                   : list.items[i];
        list.n = to;
    }
    return list.n ? list.items[0] : first;
}

/* AND, Has: an operator but for its case. */
static bool upper_case(st_str text)
{
    for (size_t i = 0; i < NINFIXES; i++)
        if (text.n && st_ascii_lower(text.p[0]) == infixes[i].text[0] &&
            st_str_ieq(text, st_str_of(infixes[i].text)))
            return !st_str_is(text, infixes[i].text);
    return false;
}

/* `1 d`: a time span is one word. */
static bool parted_unit(st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 0), *before = p->i ? &p->tokens.items[p->i - 1] : t;
    int64_t span;
    bool number = before->kind == ST_TOK_LITERAL &&
                  (before->value->type == ST_TYPE_LONG || before->value->type == ST_TYPE_REAL);
    if (!number || t->kind != ST_TOK_NAME ||
        !st_timespan_of(st_p_text(p, before), st_p_text(p, t), &span))
        return false;
    st_p_fail(p, (st_span){ before->span.start, t->span.end }, "KS005",
              "a time span is one word: %.*s%.*s", ST_FMT(st_p_text(p, before)),
              ST_FMT(st_p_text(p, t)));
    return true;
}

/* Operators of other languages, and misspelt ones, behind an operand. */
static bool foreign(st_parser *p)
{
    static const struct {
        const char *text, *instead;
    } table[] = { { "&&", "`and`" },
                  { "||", "`or`" },
                  { "&", "`and`, or binary_and() for bits" },
                  { "!has_any", "`not(... has_any (...))`" },
                  { "!has_all", "`not(... has_all (...))`" },
                  { "!matches", "`not(... matches regex ...)`" },
                  { "has_any_cs", "`has_any`, which has no variant for case" },
                  { "has_all_cs", "`has_all`, which has no variant for case" },
                  { "equals", "`==` or `=~`" },
                  { "starts", "`startswith`, one word" },
                  { "ends", "`endswith`, one word" },
                  { "is", "`isnull()` or `isempty()`" },
                  { "like", "`contains`, `startswith` or `matches regex`" },
                  { "not", "`!in`, `!has`, `!contains` ..., or `not(...)` around it all" } };
    const st_kql_token *t = st_p_at(p, 0);
    st_str text = st_p_text(p, t);
    if (t->kind == ST_TOK_PUNCT && !strchr("&|", text.p[0]))
        return false;
    if (parted_unit(p))
        return true;
    bool operand = st_p_at(p, 1)->kind == ST_TOK_LITERAL || st_p_is(p, 1, "(");
    bool is_null =
        st_p_is_word(p, 0, "is") && (st_p_is_word(p, 1, "null") || st_p_is_word(p, 1, "not"));
    bool two_words =
        st_p_is_word(p, 1, "with") || (st_str_ieq(text, ST_STR("not")) && st_p_is_infix(p, 1));
    if (t->kind == ST_TOK_NAME && !operand && !is_null && !two_words && !upper_case(text))
        return false;
    if (st_p_is(p, 0, "||") && st_kql_is_operator(st_p_text(p, st_p_at(p, 1)))) {
        st_p_fail(p, t->span, "KS002", "an operator stands behind one `|`");
        return true;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_ieq(text, st_str_of(table[i].text))) {
            st_p_fail(p, t->span, "KS002", "`%s` isn't KQL; use %s", table[i].text,
                      table[i].instead);
            return true;
        }
    if (t->kind != ST_TOK_NAME && t->kind != ST_TOK_BANG)
        return false;
    st_suggest s = { .want = text };
    for (size_t i = 0; i < NINFIXES; i++)
        if (infixes[i].text[0] != '=' && text.n > 1)
            st_suggest_offer(&s, st_str_of(infixes[i].text));
    bool close = s.best.p && (text.n > 3 || st_str_ieq(s.best, text));
    if (!close && t->kind == ST_TOK_NAME)
        return false;
    if (close && st_str_ieq(s.best, text))
        st_p_fail(p, t->span, "KS002", "no operator %.*s; operators are lower case: %.*s",
                  ST_FMT(text), ST_FMT(s.best));
    else
        st_p_fail(p, t->span, "KS002",
                  close ? "no operator %.*s; did you mean %.*s?" : "no operator %.*s", ST_FMT(text),
                  ST_FMT(s.best));
    return true;
}

static st_kql_expr *after_operator(st_parser *p, st_kql_expr *left, const infix *found,
                                   st_span op_span)
{
    switch (found->op) {
    case ST_KQL_OP_COUNT: return between(p, left, false);
    case ST_KQL_OP_COUNT + 1: return between(p, left, true);
    case ST_KQL_OP_IN:
    case ST_KQL_OP_NOT_IN:
    case ST_KQL_OP_IN_I:
    case ST_KQL_OP_NOT_IN_I:
    case ST_KQL_OP_HAS_ANY:
    case ST_KQL_OP_HAS_ALL: return in_list(p, left, (st_kql_operator)found->op, op_span);
    case ST_KQL_OP_MATCHES_REGEX:
        st_p_need_word(p, "regex", "matches");
        return binary(p, left, found, op_span);
    default: return binary(p, left, found, op_span);
    }
}

/* The operators of one level behind left, whose operands bind tighter. */
static st_kql_expr *climb_one(st_parser *p, unsigned level, st_kql_expr *left)
{
    while (!p->panic) {
        const infix *found = infix_at(p, 0);
        if (!found && level == LEVEL_OR && foreign(p)) {
            if (st_p_is_infix(p, 1) || st_p_is_word(p, 1, "with"))
                st_p_next(p);
            st_p_next(p); /* as though it were the right one: what follows is read, too */
            p->panic = false;
            if (!st_p_stops(p))
                climb(p, level + 1);
            continue;
        }
        if (!found || found->level != level)
            return left;
        if (level <= LEVEL_AND) {
            left = chain(p, left, found);
            continue;
        }
        st_span op_span = st_p_at(p, 0)->span;
        st_p_next(p);
        left = after_operator(p, left, found, op_span);
    }
    return left;
}

/* All operators of at least this level, the tightest first. Recursion is over the levels only, five
 * of them. */
static st_kql_expr *climb(st_parser *p, unsigned level)
{
    st_kql_expr *left = unary(p);
    for (unsigned at = LEVEL_PRODUCT + 1; at-- > level;)
        if (at == LEVEL_OR || infix_at(p, 0))
            left = climb_one(p, at, left);
    return left;
}

st_kql_expr *st_p_sum(st_parser *p)
{
    if (!st_p_enter(p))
        return error_node(p);
    st_kql_expr *e = climb(p, LEVEL_SUM);
    st_p_leave(p);
    return e;
}

st_kql_expr *st_p_expr(st_parser *p)
{
    if (!st_p_enter(p))
        return error_node(p);
    st_kql_expr *e = climb(p, LEVEL_OR);
    st_p_leave(p);
    return e;
}

/* named expressions, arguments */

/* (a, b) = : how many tokens up to the `=`, or 0. */
static size_t name_list(const st_parser *p)
{
    size_t i = 0;
    if (!st_p_is(p, i++, "("))
        return 0;
    for (;;) {
        if (bracketed(p, i))
            i += 3;
        else if (st_p_at(p, i)->kind == ST_TOK_NAME)
            i++;
        else
            return 0;
        if (st_p_is(p, i, ")"))
            return st_p_is(p, i + 1, "=") ? i + 1 : 0;
        if (!st_p_is(p, i++, ","))
            return 0;
    }
}

static st_kql_expr *assignment(st_parser *p, bool list, st_kql_expr *(*value)(st_parser *))
{
    uint32_t start = st_p_start(p);
    st_p_list names = { 0 };
    if (list)
        st_p_next(p);
    do {
        st_kql_name *name = ST_NEW(p->arena, st_kql_name);
        if (!name || !st_p_name(p, name, "a name"))
            break;
        st_p_add(p, &names, name);
    } while (list && st_p_take(p, ","));
    if (list)
        st_p_take(p, ")");
    st_p_take(p, "=");
    size_t n = names.n;
    st_kql_name *array = st_p_array(p, &names, sizeof *array);
    st_kql_expr *e = st_p_node(p, ST_KQL_NAMED, (st_span){ start, start });
    st_kql_expr *v = value(p);
    if (!e)
        return NULL;
    e->span = st_p_since(p, start);
    e->u.named.names = array;
    e->u.named.nnames = n;
    e->u.named.value = v;
    above(p, e, v);
    return e;
}

static st_kql_expr *named_or(st_parser *p, st_kql_expr *(*value)(st_parser *))
{
    size_t behind = bracketed(p, 0) ? 3 : st_p_at(p, 0)->kind == ST_TOK_NAME ? 1 : 0;
    if (behind && st_p_is(p, behind, "="))
        return assignment(p, false, value);
    if (name_list(p))
        return assignment(p, true, value);
    return value(p);
}

st_kql_expr *st_p_named(st_parser *p)
{
    return named_or(p, st_p_expr);
}

static st_kql_expr *inner_value(st_parser *p)
{
    return st_p_value(p, false);
}

st_kql_expr *st_p_arg(st_parser *p)
{
    return named_or(p, inner_value);
}

st_kql_expr *st_p_table(st_parser *p)
{
    if (st_p_is(p, 0, "*") ||
        (st_p_at(p, 0)->kind == ST_TOK_NAME && st_p_glued(p, 0) && st_p_is(p, 1, "*")))
        return st_p_pattern(p);
    if (!st_p_is(p, 0, "(") && !st_p_is_name(p)) {
        st_p_expected(p, "a table, or a query in parentheses");
        return error_node(p);
    }
    if (!st_p_enter(p))
        return error_node(p);
    st_kql_expr *e = st_p_postfix(p);
    st_p_leave(p);
    return e;
}

/* NOLINTEND(misc-no-recursion) */
