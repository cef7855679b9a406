/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - rule text in, matches over the forest out.
 *
 * A rule set is loaded first (so that a rule that doesn't parse ends a run before any
 * evidence is read), then run over a forest. The language is KQL; a rule is a query with a
 * comment header (// title:, // id:, // level:, // techniques:, // reason:, // author: ...).
 *
 * Ownership  a rule set owns its rules and diagnostics; matches own their array, and point
 *            into the rule set and into the forest's pool.
 * Errors     a rule that can't run isn't an error of the set: it is a diagnostic and a
 *            status. Errors are memory and I/O.
 * Threads    one loads, one runs; running may use more of its own. The forest's pool is shared
 * then. Language   Kusto's published documentation; deviations in shelltree-rules(5).
 */
#ifndef SHELLTREE_RULES_H
#define SHELLTREE_RULES_H

#include "shelltree/tree.h"

typedef enum st_level {
    ST_LEVEL_INFORMATIONAL,
    ST_LEVEL_LOW,
    ST_LEVEL_MEDIUM,
    ST_LEVEL_HIGH,
    ST_LEVEL_CRITICAL
} st_level;
const char *st_level_word(st_level l);
bool st_level_parse(st_str s, st_level *out);

typedef enum st_rule_status {
    ST_RULE_READY,
    ST_RULE_BROKEN,        /* doesn't parse or bind; diagnostics say where */
    ST_RULE_NOT_APPLICABLE /* sound, but needs what isn't here; why says what */
} st_rule_status;

/* What a query asks of the evidence, each name once. */
typedef struct st_rule_needs {
    const st_str *tables;  /* Defender's, that it reads and that are here */
    const st_str *missing; /* tables and functions of services that aren't here */
    const st_str *never;   /* columns that it filters by and that are never filled */
    const st_str *columns; /* that it or its output reads, "Table.Column"; of a record as it is, the
                              field's name alone; never too few; if it is ready */
    size_t ntables, nmissing, nnever, ncolumns;
    st_event_set events;       /* that it reads, beside creations; if it is ready */
    const st_log_wanted *logs; /* channels whose records it needs whole; if it is ready */
    size_t nlogs;
    st_log_keep keep; /* of the records that its tables hold whole; if it is ready */
} st_rule_needs;

typedef struct st_rule {
    st_str id;    /* "// id:", else the file's name without its ending (and #N for the Nth block); a
                     name of a file, distinct even without regard to case, at most 160 bytes and #N */
    st_str title; /* "// title:", else the Markdown heading, else the id */
    st_str name;  /* by which a correlation may name it, beside its id; or empty */
    st_level level;           /* "// level:", else medium */
    const st_str *techniques; /* "T1505.003" ..., sorted, distinct */
    size_t ntechniques;
    st_str reason; /* "// reason:"; {WebServer}-like placeholders aren't known: plain text */
    st_str authors;
    st_str description;
    st_str maturity, date; /* what its author says: "test", "2026-01-02"; or empty */
    st_str source;         /* of a Sigma rule: its product, category and service, blanks between */
    const st_str *falsepositives; /* what else may look so, in its author's words */
    size_t nfalsepositives;
    st_str process; /* "// process:": the node of a graph pattern that its matches are about;
                       empty: the last of the first sequence */
    st_str path;    /* as given or found */
    unsigned line;  /* where its text begins in the file, from 1 */
    st_rule_status status;
    st_str why;    /* for not applicable */
    bool left_out; /* of those: by the settings */
    st_str stubs;  /* services that it runs without ("EmailEvents and FileProfile"); or empty */
    const st_str *mistakes; /* texts of the errors that are shown; nmistakes of them */
    size_t nmistakes;
    unsigned errors; /* in its text; all are in the diagnostics, or counted there */
    st_rule_needs needs;
    bool generic;       /* of a language that others' rules for everything are written in (Sigma) */
    bool marks_servers; /* web-servers: says which nodes are web servers */
    bool library;       /* definitions for other rules: it finds nothing by itself */
    const st_str *uses; /* files of definitions, as its header names them */
    size_t nuses;
    st_str text; /* the query's, header included */
} st_rule;

typedef enum st_severity { ST_SEV_ERROR, ST_SEV_WARNING, ST_SEV_NOTE } st_severity;
typedef struct st_diag {
    st_severity severity;
    st_str path;
    unsigned line, column; /* from 1, in code points; 0: about the file as a whole */
    unsigned width;        /* code points under the mark, at least 1 */
    st_str text;           /* "no column FileNmae; did you mean FileName?" */
    st_str source;         /* the line it is about; empty if none */
    st_str code;           /* Kusto's own number, "KS142"; empty if none */
    bool named;            /* in a file that was named (not found in a folder) */
} st_diag;

/* What one query, or one rule, may take; 0: the default of limits.h, UINT64_MAX: no bound. One
 * that would take more is stopped, gives no result and says so. */
typedef struct st_query_limits {
    uint64_t rows;    /* that one of its operators gives, beyond those of the evidence */
    uint64_t memory;  /* bytes that its rows and values take */
    uint64_t seconds; /* of its run */
} st_query_limits;

/* What is in force: the defaults where l says nothing; UINT64_MAX where there is no bound. */
st_query_limits st_query_limits_in_force(const st_query_limits *l);

typedef struct st_named {
    st_str name, value;
} st_named;

/* What rules are bound and run with beside the evidence. */
typedef struct st_rule_settings {
    st_query_limits limits;
    const st_named *external; /* an address of externaldata and the local file (with a NUL behind
                                 its name) that stands for it */
    size_t nexternal;
    const st_named *params; /* values of declare query_parameters */
    size_t nparams;
    bool stub_services;           /* what needs a service runs as though that knew nothing */
    const st_named *placeholders; /* names of lists in rules, and values, a comma between; one name
                                     may stand several times */
    size_t nplaceholders;
    const st_str *exclude; /* ids of rules that are left out, in any case */
    size_t nexclude;
    st_str maturities; /* "stable,test": of rules that say how ripe they are, only these run; empty:
                          all */
    unsigned threads;  /* that folders are read with; 0: one a processor */
    const st_str *external_texts; /* NULL, or by external: what the file holds, where it is a pipe,
                                     which gives it only once; n 0: it is to be read */
} st_rule_settings;

typedef struct st_rules st_rules;
st_rules *st_rules_new(void);
void st_rules_free(st_rules *r);
/* Before anything is loaded. What it points to outlives the set. */
void st_rules_set(st_rules *r, const st_rule_settings *s);
/* The lists of the user's own among the external files (own:servers, own:known): CSV with a
 * heading. An error names the file and the record. */
st_code st_rules_check_own(st_rules *r, st_err *err);
/* A rule file (.kql .csl .kusto .txt .md .yaml .yml, told by ending; anything named is tried), or a
 * folder (walked, by name; links not followed). Syntax, names and types are all checked here. */
st_code st_rules_load(st_rules *r, st_str path, st_err *err);
/* One rule from memory, as though it were a file named path. */
st_code st_rules_load_text(st_rules *r, st_str path, st_str text, st_err *err);
/* After the last rule was loaded: finds the rules that correlations name and those that filters
 * narrow. A correlation whose rules aren't there, or that names itself in a circle, is broken, with
 * a diagnostic. */
st_code st_rules_link(st_rules *r, st_err *err);
size_t st_rules_count(const st_rules *r);
const st_rule *st_rules_at(const st_rules *r, size_t i); /* by id, then path */
/* Files of definitions that were read, in that order; they aren't among the rules. */
size_t st_rules_libraries(const st_rules *r);
const st_rule *st_rules_library(const st_rules *r, size_t i);
/* Filters that narrow other rules, which aren't among the rules either, and errors in them. */
size_t st_rules_filters(const st_rules *r, size_t *errors);
/* Texts that were met again under the same id: they don't count. */
size_t st_rules_twice(const st_rules *r);
/* The kinds of events that st_events_read must store for the rules that are ready, and for the
 * queries that st_query_run has bound with this rule set. */
st_event_set st_rules_events(const st_rules *r);
/* The channels that they need whole, each once. It lives as long as the set, and until the next
 * call. NULL, and *n is 0: none, or no memory (then *failed). */
const st_log_wanted *st_rules_logs(st_rules *r, size_t *n, bool *failed);
size_t st_rules_diags(const st_rules *r);
/* Files and folders of rules that were found and couldn't be read; each has a diagnostic. What they
 * hold is missing from every answer, as with evidence. */
size_t st_rules_unread(const st_rules *r);
const st_diag *st_rules_diag(const st_rules *r, size_t i);
/* Writes one diagnostic the way a compiler does: path:line:col: error: text, the line, a caret. */
void st_diag_put(st_buf *b, const st_diag *d);

/* What was read of a list of indicators. */
typedef struct st_indicators {
    size_t n;            /* distinct ones */
    size_t unread;       /* lines, or patterns of STIX, that hold none */
    size_t first_unread; /* the first of those, from 1 */
} st_indicators;
/* A list of indicators of compromise (hashes, addresses, networks, URLs, domains, names, paths; a
 * line each, CSV, or STIX 2.1) becomes rules: one for each kind in it and each table that may hold
 * it, with ids from "ioc-". r may be NULL: the list is only read. Errors: memory, no indicator in
 * it, too many.
 */
st_code st_indicators_add(st_rules *r, st_str text, st_indicators *told, st_err *err);

/* Adds what the set's rules keep of records that tables hold whole; the lists are in the arena.
 * false: no memory. */
bool st_rules_keep(const st_rules *r, st_arena *a, st_log_keep *out);

typedef struct st_run_options {
    st_ticks now;   /* what now() means; 0: the default, see st_rules_now */
    bool ago_off;   /* lower bounds of the form Timestamp > ago(..) are lifted */
    st_trust trust; /* which inferred edges are crossed */
    unsigned threads;
    /* A query's: by row (the forest's nodes, behind them its events that rules see, behind them its
     * hosts), those that its tables show; NULL: all. */
    const uint8_t *shown;
} st_run_options;

/* The newest record that is no later than a day after the next host's newest. */
st_ticks st_rules_now(const st_forest *f);

/* A row of another event counts for the process that acted, if that was observed; else the match
 * stands on the event itself: once a process, or for each event that names none. */
typedef struct st_match {
    uint32_t rule;  /* place in the rule set */
    st_node node;   /* the process; ST_NO_NODE where an event names none */
    uint32_t event; /* place in the forest's events; ST_NO_EVENT: the observed process's own row */
    /* the query's own columns Reason and Techniques, in the forest's pool; ST_ABSENT if it has none
     */
    st_sid reason, techniques;
    uint8_t level; /* 1 + the st_level that its column Level says; 0: the rule's */
} st_match;

typedef struct st_rule_result {
    uint64_t matches;
    uint64_t window_only;   /* of the matches, those that the ago() window would have excluded */
    uint64_t rows;          /* that are no observed process's: a table, see st_rules_tables */
    uint64_t window_rows;   /* of these, those that the window would have excluded */
    uint64_t inferred_only; /* further matches if inferred edges were trusted */
    st_str problem;         /* why its result lacks something (a limit); empty if it doesn't */
    bool stopped;           /* it took more than it may: it has no matches */
} st_rule_result;

typedef struct st_matches {
    st_match *items; /* processes by node, then events by place; then by rule; distinct */
    size_t n;
    st_rule_result *results; /* one a rule */
    st_arena arena;
} st_matches;

/* Marks the web servers (by the rules that say marks_servers), then runs the others. */
st_code st_rules_run(st_rules *r, st_forest *f, const st_run_options *o, st_matches **out,
                     st_err *err);
void st_matches_free(st_matches *m);

/* one query */

/* A result table. Cells are text already, as Kusto's tostring() spells them. */
typedef struct st_table_column {
    st_str name;
    st_str type; /* bool datetime decimal dynamic guid int long real string timespan */
} st_table_column;
/* How a cell is spelled where a format has types. */
typedef enum st_cell_kind {
    ST_CELL_NULL,
    ST_CELL_TEXT,
    ST_CELL_WHOLE,  /* digits, perhaps behind a minus */
    ST_CELL_NUMBER, /* as JSON spells one */
    ST_CELL_BOOL,   /* "true" or "True", "false" or "False" */
    ST_CELL_JSON    /* an array or a bag, as JSON */
} st_cell_kind;
typedef struct st_cell {
    st_cell_kind kind;
    st_str text; /* as tostring() gives it */
} st_cell;
typedef struct st_table {
    st_table_column *columns;
    size_t ncolumns, nrows;
    st_str render;  /* the chart that the query asks for, a JSON object; empty: none */
    st_cell *cells; /* row-major */
    st_arena arena;
    struct st_table *next; /* the next result, where the text has several; freed with this one */
} st_table;
/* f may be NULL (print, datatable). Diagnostics land in r. */
st_code st_query_run(st_rules *r, st_str path, st_str text, st_forest *f, const st_run_options *o,
                     st_table **out, st_err *err);
void st_table_free(st_table *t);
/* The tables that queries can name, in the order of the manual: the i-th, false past the end. */
bool st_rules_table(size_t i, st_str *name);
typedef struct st_rules_column {
    st_str name, type; /* Kusto's word for it */
    bool filled;       /* can it have a value here? */
} st_rules_column;
/* The i-th column of a table; false past the end, or where there is no such table. */
bool st_rules_table_column(st_str table, size_t i, st_rules_column *out);
/* The query's plan as text: operators in the order rows pass them, with their columns. run: the
 * query is run over f, its result dropped, and rows and time of each operator are shown. */
st_code st_query_explain(st_rules *r, st_str path, st_str text, st_forest *f,
                         const st_run_options *o, bool run, st_buf *out, st_err *err);

/* Calls fn for each rule with rows that are no observed process's (aggregates, other events,
 * processes known from a child), in the order of rules, with a table of these rows; it is gone
 * afterwards. The rules run again for it, one at a time, so that one table is held at a time. m:
 * what st_rules_run gave for the same forest and options. fn returns ST_OK to go on. */
typedef st_code st_table_visit(void *ctx, size_t rule, const st_table *t);
st_code st_rules_tables(st_rules *r, st_forest *f, const st_run_options *o, const st_matches *m,
                        st_table_visit *fn, void *ctx, st_err *err);

/* rules as tests */

/* A rule, or a query, what it runs over and what must come out; all of it lives as the rule set it
 * was read into. The file's format is in shelltree-rules(5). */
typedef struct st_rule_case {
    st_str name; /* else the rule's path */
    st_str path; /* of the case's file */
    unsigned line;
    st_str rule; /* a rule's file, as it is reached from here; empty: query */
    st_str id;   /* which of its rules; empty: the first */
    st_str query;
    const st_str *evidence; /* paths; none: without evidence */
    st_str tables;          /* let statements for tables of the case's own; or empty */
    st_str uses;            /* a file of more of them, behind those; or empty */
    st_ticks now;           /* 0: the default */
    const st_str *columns;  /* that are compared; none: all */
    const st_str *cells;    /* of the rows, one after the other */
    const size_t *rows;     /* how many cells each has */
    size_t nevidence, ncolumns, ncells, nrows;
    const uint64_t *records; /* EventRecordIDs of the records that a Sigma rule matches */
    size_t nrecords;
    bool has_rows, has_count, has_records;
    bool at_least; /* count or more */
    uint64_t count;
} st_rule_case;

typedef struct st_case_list {
    st_rule_case *items; /* free() */
    size_t n, cap;
} st_case_list;
/* A file of cases, or a folder of them (.yaml, .yml): added to the list. Mistakes in them are
 * diagnostics of r. In a folder that may be a repository of Sigma rules there are cases, too, where
 * its rules or its regression data have them (load/regression.c); other rules are passed over. */
st_code st_rule_cases(st_rules *r, st_str path, st_case_list *out, st_err *err);

typedef struct st_case_outcome {
    bool as_expected;
    st_str problem;                     /* why there is nothing to compare; else empty */
    uint64_t rows;                      /* that came */
    const st_str *missing, *unexpected; /* rows as lists of cells, as a case's file has them */
    size_t nmissing, nunexpected;
    st_arena arena;
} st_case_outcome;
/* f: the forest of the case's evidence, NULL if it has none. r holds what marks web servers. */
st_code st_rule_case_run(st_rules *r, const st_rule_case *c, st_forest *f, const st_run_options *o,
                         st_case_outcome *out, st_err *err);
/* Loads the case's rule into the set, for st_rules_run over the case's evidence. Its place there;
 * SIZE_MAX: it is no rule that matches records (a Sigma rule does), see st_rule_case_run.
 * o->problem: it can't run. */
st_code st_rule_case_rules(st_rules *set, const st_rule_case *c, size_t *rule, st_case_outcome *o,
                           st_err *err);
/* Compares what it matched with what the case expects. */
st_code st_rule_case_compare(const st_rule_case *c, size_t rule, const st_forest *f,
                             const st_matches *m, st_case_outcome *o, st_err *err);
void st_case_outcome_free(st_case_outcome *o);

#endif
