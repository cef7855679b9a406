/*
 * load.h - from files to the texts of rules; the loader's own affair.
 */
#ifndef SHELLTREE_RULES_LOAD_H
#define SHELLTREE_RULES_LOAD_H

#include "rules/rules_private.h"

/* ---- header.c: the comments on top of a query ------------------------------------------- */

/* Fills title, id, level, techniques, reason, authors, description, marks_servers from the
 * comment lines on top of text; what isn't said stays as it is. Doubts go to the sink, which
 * is set to this text. */
void st_header_read(st_arena *a, st_str text, st_kql_diags *d, st_rule *rule);

/* ---- markdown.c: the fenced blocks of a document ------------------------------------------ */

typedef struct st_fence {
    st_str text;   /* what stands between the fences */
    st_str title;  /* the nearest heading above that says something; empty if there is none */
    unsigned line; /* of the text's first line, from 1 */
} st_fence;

/* The next block that is KQL, at or behind *at; false at the end. Start with a zeroed cursor. */
typedef struct st_markdown {
    size_t at;
    unsigned line;
    st_str heading; /* the nearest one that says something */
    st_str top;     /* the document's first # heading */
    bool labelled;  /* the document has blocks that say they are KQL: others aren't */
} st_markdown;
void st_markdown_begin(st_markdown *m, st_str document);
bool st_markdown_next(st_markdown *m, st_str document, st_fence *out);

/* ---- files.c: files and folders ------------------------------------------------------------ */

/* Is it a rule's file, by its ending? markdown: told apart. */
bool st_rule_ending(st_str name, bool *markdown);
/* Reads the file (UTF-8, or UTF-16 with its mark) into the arena. */
st_code st_rule_file(st_arena *a, st_str path, st_str *out, st_err *err);
/* Calls fn for every rule file below path, by name, links not followed. fn returns ST_OK to go on. */
typedef st_code st_rule_visit(void *ctx, st_str path);
st_code st_rule_folder(st_arena *a, st_str path, st_kql_diags *d, st_rule_visit *fn, void *ctx,
                       st_err *err);
bool st_is_folder(st_str path, bool *exists);

#endif
