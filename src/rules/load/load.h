/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - from files to the texts of rules; the loader's own affair.
 */
#ifndef ST_RULES_LOAD_LOAD_H
#define ST_RULES_LOAD_LOAD_H

#include "rules/rules_private.h"

/* markdown.c: the fenced blocks of a document */

typedef struct st_fence {
    st_str text;   /* what stands between the fences */
    st_str title;  /* the innermost heading around that says something; empty if there is none */
    unsigned line; /* of the text's first line, from 1 */
} st_fence;

/* The next block that is a query in KQL; false at the end. */
enum { ST_HEADINGS = 6 };
typedef struct st_markdown {
    size_t at;
    unsigned line;
    st_str headings[ST_HEADINGS]; /* the ones around, by level; empty where one says nothing */
    st_str top;                   /* the document's first # heading */
    bool labelled;                /* the document has blocks that say they are KQL: others aren't */
} st_markdown;
void st_markdown_begin(st_markdown *m, st_str document);
bool st_markdown_next(st_markdown *m, st_str document, st_fence *out);

/* yaml.c: what YAML says, text by text */

typedef struct st_yaml_item {
    enum { ST_YAML_BEGIN, ST_YAML_TEXT, ST_YAML_END } what; /* of a mapping that stands by itself */
    st_str path;   /* TEXT: the keys that lead there, a dot between; lists in between don't count */
    st_str text;   /* valid until the next call, as the path is */
    st_span where; /* in the file */
    unsigned style;     /* libyaml's */
    size_t lists, item; /* lists around it; its, or its list's, place in the outermost */
} st_yaml_item;

/* The file must outlive the reader; it is UTF-8. Errors of its YAML go to d. NULL: no memory
 * (a->failed). */
typedef struct st_yaml st_yaml;
st_yaml *st_yaml_open(st_arena *a, st_str file, st_diag_sink *d);
bool st_yaml_next(st_yaml *y, st_yaml_item *out);
unsigned st_yaml_line(st_yaml *y,
                      size_t at); /* of a byte, from 1; cheap if asked for in rising order */
void st_yaml_close(st_yaml *y);

/* yaml_query.c: the queries in it */

typedef struct st_yaml_field {
    st_str key, value; /* key: as in a comment header */
    st_span where;     /* in the file */
} st_yaml_field;

typedef struct st_yaml_query {
    st_str text;                 /* in the arena */
    const st_text_place *places; /* where its pieces stand in the file; in the arena */
    size_t nplaces;
    unsigned line;                            /* of its first character */
    st_yaml_field fields[ST_MAX_YAML_FIELDS]; /* values are in the arena */
    size_t nfields;
} st_yaml_query;

typedef struct st_yaml_source {
    st_arena *arena;
    st_str file;
    st_diag_sink *diags;
} st_yaml_source;
/* The next one; q is zero at first. from: what y was opened with. */
bool st_yaml_next_query(st_yaml *y, const st_yaml_source *from, st_yaml_query *q);

/* documents.c: YAML whose documents are rules */

/* The language that says of a file that it is its own; NULL: it isn't one whose documents are
 * rules. */
const st_language *st_language_of_documents(st_str file);

/* The documents that say something. */
typedef struct st_documents {
    st_str rest;   /* the file, at first */
    unsigned line; /* that it begins in; 1 at first */
} st_documents;
/* The next one, and the line that it begins in; false: there is none. */
bool st_documents_next(st_documents *d, st_str *text, unsigned *line);

/* ahead.c: files that are read, and documents that are understood, before it is their turn */

typedef struct st_ahead_file {
    st_code code; /* of reading it */
    st_str why;   /* it failed */
    st_str text;
    st_loaded *documents; /* in their order, those that need no other file and of which there is
                             nothing to tell: parsed and checked */
} st_ahead_file;

/* One thread's: zeroed at first, as the file is. What is read lives in the arena. */
typedef struct st_ahead {
    st_arena arena;
    st_diag_sink diags;
    st_checking checking;
} st_ahead;
void st_ahead_read(st_ahead *a, const st_rules *r, st_str path, st_ahead_file *out);
/* All but the arena. */
void st_ahead_end(st_ahead *a);

/* A folder's queries: they may use one another, so all are parsed before any is checked. */
typedef struct st_ahead_folder {
    struct st_rule_found *found; /* its files */
    size_t n;
    st_ahead *workers;       /* by thread */
    st_ahead_file **queries; /* by file, malloc'ed; each in a worker's arena. NULL: no query, or it
                                wasn't read ahead */
    const st_ahead_file *libraries[ST_MAX_LIBRARIES]; /* of them */
    size_t nlibraries;
} st_ahead_folder;
/* Reads, parses and checks them on all threads, where they are many; found, n and workers are set.
 */
void st_ahead_queries(st_ahead_folder *f, const st_rules *r, unsigned threads);
/* The library in that file; NULL: it wasn't read ahead. f may be NULL. */
const st_ahead_file *st_ahead_library(const st_ahead_folder *f, st_str path);

/* cases.c: what grows while a case is read */

enum { ST_CASE_EVIDENCE, ST_CASE_COLUMNS, ST_CASE_CELLS, ST_CASE_LISTS };

/* regression.c: cases as repositories of Sigma rules have them. taken: the file is one of theirs,
 * or a rule; its cases, if any, are in the list. ST_E_MEMORY, or ST_OK. */
st_code st_regression_cases(st_rules *r, st_str path, st_str file, st_case_list *out, bool *taken);

/* files.c: files and folders */

typedef enum st_rule_kind {
    ST_RULE_NONE, /* by its ending no rule's file */
    ST_RULE_KQL,
    ST_RULE_TEXT, /* .txt: in a folder a rule only if it looks like one */
    ST_RULE_MARKDOWN,
    ST_RULE_YAML
} st_rule_kind;
st_rule_kind st_rule_ending(st_str name);
/* Reads the file (UTF-8, or UTF-16 with its mark) into the arena. */
st_code st_rule_file(st_arena *a, st_str path, st_str *out, st_err *err);

/* A rule file below a folder, or what stood in the way of one. */
typedef struct st_rule_found {
    st_str path;
    st_str problem; /* empty: none */
    st_severity severity;
} st_rule_found;
/* Every rule file below path, by name, links not followed; *out is malloc'ed, texts are in a. */
st_code st_rule_folder(st_arena *a, st_str path, st_rule_found **out, size_t *n, st_err *err);
/* Tells what stood in the way. */
void st_rule_unread(st_diag_sink *d, const st_rule_found *f);
bool st_is_folder(st_str path, bool *exists);

#endif
