/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex.h - KQL's text in, tokens out; the parser's own affair.
 */
#ifndef ST_RULES_KQL_SYNTAX_LEX_H
#define ST_RULES_KQL_SYNTAX_LEX_H

#include "rules/kql/syntax/ast.h"

typedef enum st_kql_token_kind {
    ST_TOK_END,
    ST_TOK_NAME,    /* text; in and in~ with their tilde */
    ST_TOK_BANG,    /* !has, !in~ ...: text with the ! */
    ST_TOK_PUNCT,   /* text: one to three characters */
    ST_TOK_LITERAL, /* value: number, string, timespan, typed literal */
    ST_TOK_DYNAMIC, /* inner: what stands in dynamic(...) */
    ST_TOK_BAD      /* an error that was told already */
} st_kql_token_kind;

typedef struct st_kql_token {
    st_kql_token_kind kind;
    st_span span;
    st_span inner;
    unsigned char infix; /* the parser's: which infix operator it is, from 1; 0: not asked */
    bool minimum;        /* the number 2^63: sound behind a minus only; value.i is INT64_MIN */
    const st_kql_value *value;
} st_kql_token;

typedef struct st_kql_tokens {
    st_kql_token *items; /* malloc'ed; ends with ST_TOK_END */
    size_t n, cap;
} st_kql_tokens;

/* Errors go to d; false, and a->failed: no memory. */
bool st_kql_lex(st_arena *a, st_str text, st_span part, st_diag_sink *d, st_kql_tokens *out);
/* The inside of dynamic(...); NULL after an error. */
const st_json_literal *st_kql_json_read(st_arena *a, st_str text, st_span part, st_diag_sink *d);

#endif
