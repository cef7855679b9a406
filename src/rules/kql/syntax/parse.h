/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - the parser's own affair: a cursor over tokens, and the rules of the grammar that
 * call each other across files.
 *
 * Errors     the first wrong token of a stretch is told and begins a panic; in a panic nothing
 *            is told and rules return quickly. The next list item, pipe or statement ends it
 *            (resume). So every function may be called at any time, and always returns a node
 *            or NULL for no memory, which callers needn't look at until the end.
 *            An operator or a statement with a mistake in it is replaced as a whole, so that
 *            the tree is fit for binding whatever the text was.
 */
#ifndef ST_RULES_KQL_SYNTAX_PARSE_H
#define ST_RULES_KQL_SYNTAX_PARSE_H

#include "rules/kql/syntax/lex.h"

typedef struct st_parser {
    st_arena *arena;
    st_str text;
    st_diag_sink *diags;
    st_kql_tokens tokens;
    size_t i;
    unsigned depth;
    uint32_t tallest; /* height of the highest expression since a query or function began */
    bool panic;
    bool wrong;        /* there was an error */
    unsigned mistakes; /* those that what is being read was not yet cleared of; see st_p_sound */
} st_parser;

/* The cursor: what is asked for each token stands here, the rest in parse.c. */

static inline const st_kql_token *st_p_at(const st_parser *p, size_t ahead)
{
    size_t left = p->tokens.n - 1 - p->i;
    return &p->tokens.items[p->i + (ahead < left ? ahead : left)];
}

static inline st_str st_p_text(const st_parser *p, const st_kql_token *t)
{
    return (st_str){ p->text.p + t->span.start, t->span.end - t->span.start };
}

static inline bool st_p_is(const st_parser *p, size_t ahead, const char *punct)
{
    const st_kql_token *t = st_p_at(p, ahead);
    return t->kind == ST_TOK_PUNCT && st_str_is(st_p_text(p, t), punct);
}

static inline bool st_p_is_word(const st_parser *p, size_t ahead, const char *word)
{
    const st_kql_token *t = st_p_at(p, ahead);
    return t->kind == ST_TOK_NAME && st_str_is(st_p_text(p, t), word);
}

bool st_p_take(st_parser *p, const char *punct);
bool st_p_take_word(st_parser *p, const char *word);
/* Is token ahead+1 glued to token ahead? */
bool st_p_glued(const st_parser *p, size_t ahead);
void st_p_next(st_parser *p);
/* Begins a panic, for what was told already. */
void st_p_wrong(st_parser *p);
/* Nothing went wrong since p->mistakes was `before`. */
bool st_p_sound(const st_parser *p, unsigned before);
/* An error at a token or a span; begins a panic. */
void st_p_fail(st_parser *p, st_span where, const char *code, const char *fmt, ...)
    __attribute__((format(__printf__, 4, 5)));
/* "X expected, got Y" at the token here. */
void st_p_expected(st_parser *p, const char *what);
/* Takes it or fails. */
bool st_p_need(st_parser *p, const char *punct, const char *where);
bool st_p_need_word(st_parser *p, const char *word, const char *where);
/* Goes to the next `|` or `;` or (comma) `,`, or closing bracket that is not of a pair on the way.
 */
void st_p_skip(st_parser *p, bool comma);
/* After a list item: in a panic, skips to where the list can go on. True if a comma was taken. */
bool st_p_more(st_parser *p);
bool st_p_enter(st_parser *p); /* one level deeper; false: too deep, told */
void st_p_leave(st_parser *p);
st_span st_p_since(const st_parser *p, uint32_t start); /* up to the last token taken */
uint32_t st_p_start(const st_parser *p);                /* where the token here begins */
/* Does a list, operator or statement end here? */
bool st_p_stops(const st_parser *p);

/* A growing list in malloc'ed memory, to be copied into the arena at its end. */
typedef struct st_p_list {
    void **items;
    size_t n, cap;
} st_p_list;
void st_p_add(st_parser *p, st_p_list *l, void *item);
st_kql_list st_p_exprs(st_parser *p, st_p_list *l); /* moves them into the arena */
/* Moves the things pointed to, of `size` bytes each, into one array. */
void *st_p_array(st_parser *p, st_p_list *l, size_t size);

/* parse_expr.c */

st_kql_expr *st_p_node(st_parser *p, st_kql_expr_kind kind, st_span span);
st_kql_expr *st_p_expr(st_parser *p);
/* For a query or function, which holds expressions: remembers, then gives e its height. */
uint32_t st_p_tall_begin(st_parser *p);
void st_p_tall_end(st_parser *p, uint32_t before, st_kql_expr *e);
st_kql_expr *st_p_postfix(st_parser *p); /* no operators */
st_kql_expr *st_p_sum(st_parser *p);     /* operators from + on: up to `in`, `by` ... */
st_kql_expr *st_p_named(st_parser *p);   /* x = e, (a, b) = e, e */
st_kql_expr *st_p_arg(st_parser *p);     /* named, or a query */
st_kql_expr *st_p_pattern(st_parser *p); /* a name or wildcard name, `*` */
st_kql_expr *st_p_table(st_parser *p);   /* a name, call, pattern or parenthesised query */
/* A name as one stands for a column, bare or in brackets. */
bool st_p_name(st_parser *p, st_kql_name *out, const char *what);
bool st_p_is_name(const st_parser *p); /* does one begin here? */
/* "(" a:long, *, b:string ")"; typeof's has types without names. */
void st_p_schema(st_parser *p, st_kql_schema *out, bool nameless);
/* typeof(T) */
st_type st_p_typeof(st_parser *p);
/* Is the word here an operator of expressions (and, has, in ...)? */
bool st_p_is_infix(const st_parser *p, size_t ahead);
bool st_p_string(st_parser *p, st_kql_value *out); /* adjacent literals are one; false: none here */

/* parse_ops.c */

/* Does a query begin here that can't be an expression (print, range x from ...)? */
bool st_p_starts_query(const st_parser *p, bool statement);
/* source | op | op ...; head: a source that was read already, or NULL. bare: no source, the
 * first operator stands right here (mv-apply, partition). */
st_kql_query *st_p_query(st_parser *p, st_kql_expr *head, bool bare);
/* An expression, or a query where a pipe follows or a query begins. */
st_kql_expr *st_p_value(st_parser *p, bool statement);

/* parse_scan.c */
void st_p_scan(st_parser *p, st_kql_op *op);

/* parse_graph.c: operators over graphs, from behind their word to their end */

void st_p_make_graph(st_parser *p, st_kql_op *op);
void st_p_graph_match(st_parser *p, st_kql_op *op); /* graph-shortest-paths too */
void st_p_graph_to_table(st_parser *p, st_kql_op *op);
void st_p_graph_mark(st_parser *p, st_kql_op *op);

/* parse.c: statements */

/* Up to the end of the text, or to `}`. */
st_kql_stmt *st_p_statements(st_parser *p, bool body);
/* (x:long, T:(*)) */
void st_p_params(st_parser *p, st_kql_param **params, size_t *n);

#endif
