/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigma.h - what a Sigma rule says, before anybody knows which events there are.
 *
 * The form is the Sigma specification's, version 2.1
 * (https://github.com/SigmaHQ/sigma-specification). A rule is read into conditions over tests of
 * fields; binding (bind.c) turns these into the engine's expressions over the table that its log
 * source stands for.
 *
 * Ownership  everything lives in the arena that was given, and borrows the file's text.
 * Errors     go to the diagnostics, each with its place and the keys that lead there; all of a
 * rule's are told, not only the first.
 */
#ifndef ST_RULES_SIGMA_SIGMA_H
#define ST_RULES_SIGMA_SIGMA_H

#include "rules/correlation.h"
#include "rules/sigma/document.h"

/* What a value is compared by. */
typedef enum st_sigma_kind {
    ST_SIGMA_TEXT,   /* text: a pattern (match/glob.h) that covers the field */
    ST_SIGMA_REGEX,  /* text: a regular expression, found anywhere */
    ST_SIGMA_CIDR,   /* text: a network */
    ST_SIGMA_NUMBER, /* number, by compare; for '=' a field that is no number is compared as text */
    ST_SIGMA_PART,   /* a part of the event's time is number */
    ST_SIGMA_EXISTS, /* the field is there: truth */
    ST_SIGMA_NULL,   /* the field isn't there */
    ST_SIGMA_FIELD   /* text: another field's name, whose value stands where place says */
} st_sigma_kind;

typedef enum st_sigma_place {
    ST_SIGMA_WHOLE,
    ST_SIGMA_START,
    ST_SIGMA_END,
    ST_SIGMA_ANYWHERE /* both of these */
} st_sigma_place;

typedef enum st_sigma_part {
    ST_SIGMA_MINUTE,
    ST_SIGMA_HOUR,
    ST_SIGMA_DAY,
    ST_SIGMA_WEEK,
    ST_SIGMA_MONTH,
    ST_SIGMA_YEAR
} st_sigma_part;

typedef struct st_sigma_test {
    st_sigma_kind kind;
    st_str text;
    bool cased, truth;
    char compare; /* NUMBER: '=' '<' 'l'(<=) '>' 'g'(>=) */
    double number;
    st_sigma_place place; /* FIELD */
    st_sigma_part part;   /* PART */
    uint32_t value;       /* which of the item's values it comes from */
    st_span where;
} st_sigma_test;

/* One field's values, or keywords. */
typedef struct st_sigma_item {
    st_str field; /* empty: any field of the event */
    bool all;     /* every value must hold; otherwise any. A value of several tests (offsets of
                     base64, what a placeholder stands for) holds where one of them does */
    bool neq;     /* the item as a whole is negated */
    st_sigma_test *tests; /* those of one value stand together */
    size_t n, cap;
    size_t place; /* among all items of its rule */
    st_span where;
} st_sigma_item;

typedef enum st_sigma_join { ST_SIGMA_ITEM, ST_SIGMA_AND, ST_SIGMA_OR, ST_SIGMA_NOT } st_sigma_join;
typedef struct st_sigma_cond st_sigma_cond;
struct st_sigma_cond {
    st_sigma_join join;
    const st_sigma_item *item;   /* ITEM */
    const st_sigma_cond **parts; /* AND, OR; NOT has one */
    size_t n;
};

/* A name of detection, with what it stands for. */
typedef struct st_sigma_selection {
    st_str name;
    const st_sigma_cond *cond; /* NULL: it has errors, which were told */
} st_sigma_selection;

/* A list of texts for a placeholder, %name%. */
typedef struct st_sigma_placeholder {
    st_str name;
    const st_str *values;
    size_t n;
} st_sigma_placeholder;

/* What reading needs and where its results go. */
typedef struct st_sigma_reader {
    st_arena *arena;
    st_diag_sink *diags;
    const st_sigma_placeholder *placeholders;
    size_t nplaceholders;
    st_buf path; /* the keys that lead to what is being read */
    size_t errors;
    size_t values, items; /* read in this rule so far */
} st_sigma_reader;

/* Tells an error of the rule, behind the keys that lead there. */
void st_sigma_error(st_sigma_reader *r, st_span where, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));
/* One more key on the path; gives the length to go back to (path.n). */
size_t st_sigma_enter(st_sigma_reader *r, st_str key);

/* A value, its backslashes and wildcards understood, as a pattern. Adds to out. */
void st_sigma_pattern(st_str value, st_buf *out);
/* The items of `key: values`; false: errors were told. */
bool st_sigma_read_item(st_sigma_reader *r, const st_doc *key, const st_doc *values,
                        st_sigma_item *out);
/* A selection's value, of any shape; NULL: errors were told. */
const st_sigma_cond *st_sigma_read_selection(st_sigma_reader *r, const st_doc *value);
/* detection, or a filter's map, as a whole: its selections and its condition; key: what it stands
 * under. NULL: errors were told. */
const st_sigma_cond *st_sigma_read_detection(st_sigma_reader *r, const char *key,
                                             const st_doc *detection);
/* The text of a condition over these selections; NULL: errors were told. */
const st_sigma_cond *st_sigma_read_condition(st_sigma_reader *r, const st_doc *text,
                                             const st_sigma_selection *selections, size_t n);
/* n conditions joined; NULL: no memory. */
const st_sigma_cond *st_sigma_joined(st_sigma_reader *r, st_sigma_join join,
                                     const st_sigma_cond **parts, size_t n);

/* Which events a log source stands for. A record is one of them by its provider or, of Windows'
 * other logs, by its channel; the channel of Sysmon's records proves nothing. */
typedef struct st_sigma_source {
    const char *product, *category, *service; /* NULL: not said */
    const char *provider;                     /* NULL: told by channels */
    const char *channels;                     /* several: '|' between */
    uint16_t ids[4];                          /* ended by 0; none: all */
} st_sigma_source;

enum { ST_SIGMA_SOURCES = 4 };
typedef struct st_sigma_logsource {
    const st_sigma_source *of[ST_SIGMA_SOURCES];
    size_t n;   /* 0: nothing here has such events */
    st_str why; /* then: what the rule needs, "webserver's events" */
} st_sigma_logsource;
/* Sources for Windows and Linux, see the specification's taxonomy (appendix). */
void st_sigma_find_source(st_arena *a, st_str product, st_str category, st_str service,
                          st_sigma_logsource *out);

/* What narrows other rules: its condition must hold beside theirs. */
typedef struct st_sigma_filter {
    const st_sigma_cond *cond;
    size_t nitems;
    const st_str *rules; /* ids or names; none: every rule of that log source */
    size_t nrules;
} st_sigma_filter;

/* A rule as its document says it. */
typedef struct st_sigma_rule {
    st_str id, name, title, status, author, description, date, modified;
    st_level level;
    const st_str *techniques, *falsepositives;
    size_t ntechniques, nfalsepositives;
    st_str product, category, service; /* as logsource says */
    st_sigma_logsource source;
    const st_sigma_cond *cond;       /* NULL: errors were told, or it is a correlation */
    const st_sigma_filter *filter;   /* it is one; cond is its condition, too */
    const st_sigma_filter **filters; /* that narrow this rule */
    size_t nfilters;
    const st_correlation *correlation;
    size_t nitems;
    st_span where; /* of the document */
} st_sigma_rule;
/* The map of a correlation, of a document; NULL: errors were told. */
const st_correlation *st_sigma_read_correlation(st_sigma_reader *r, const st_doc *d,
                                                const st_doc *document);
/* Is the document one of Sigma's (a rule, a correlation, a filter)? */
bool st_sigma_is_rule(const st_doc *d);
/* false: errors were told. r->errors counts them. */
bool st_sigma_read_rule(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out);

#endif
