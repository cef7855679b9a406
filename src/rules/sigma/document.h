/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - YAML documents as trees.
 *
 * Ownership  trees live until their st_docs is closed. A text that stands in the file letter by
 * letter is a slice of the file, without a NUL behind it; the others live in the arena.
 * Errors     of the YAML, and bounds that are met, go to the diagnostics, with their place; the
 * rest of the file isn't read then.
 * Aliases    stand for the anchor's own tree, which is shared and never copied; what a document
 * unfolds to is bounded (ST_MAX_SIGMA_NODES), so that walking it is bounded, too. Merge keys (<<)
 * are followed: what a map says itself goes first, then the maps in their order.
 * Tags       of YAML's own types say what a text is; any other is refused.
 */
#ifndef ST_RULES_SIGMA_DOCUMENT_H
#define ST_RULES_SIGMA_DOCUMENT_H

#include "rules/text/diag.h"

typedef enum st_doc_kind { ST_DOC_TEXT, ST_DOC_LIST, ST_DOC_MAP } st_doc_kind;
typedef struct st_doc st_doc;
struct st_doc {
    st_doc_kind kind;
    bool plain;  /* TEXT: without quotes, so that it may be null, a number, a truth value */
    bool direct; /* TEXT: stands in the file letter by letter, from span.start on */
    st_str text;
    st_span span;        /* in the file */
    const st_doc **keys; /* MAP: texts, each once */
    const st_doc **items;
    size_t n;
    size_t weight; /* nodes that it unfolds to, itself included */
};

typedef struct st_docs st_docs;
/* The file, UTF-8, outlives what is read from it. NULL: no memory (a->failed). */
st_docs *st_docs_open(st_arena *a, st_str file, st_diag_sink *d);
/* The next document; NULL at the end, or after an error, which was told. */
const st_doc *st_docs_next(st_docs *s);
void st_docs_close(st_docs *s);

/* The value of a key; NULL: none. */
const st_doc *st_doc_get(const st_doc *map, const char *key);
/* The text of a key's value; empty: none, or no text. */
st_str st_doc_text(const st_doc *map, const char *key);

/* What a text is to YAML 1.1, where it stands without quotes. */
bool st_doc_is_null(const st_doc *t);
/* decimal, 0x.., 0.. (octal), fractions, _ between digits; an exponent needs a fraction and a sign
 */
bool st_doc_number(const st_doc *t, double *out);
bool st_doc_truth(const st_doc *t, bool *out); /* true false yes no on off, any case */

#endif
