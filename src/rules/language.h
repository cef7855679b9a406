/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h - a language of rules: one row, which is all that the rule set, its loader and
 * its runs see of it.
 *
 * A text is parsed once and bound anew for each run: binding costs microseconds, and the run's
 * pool then owns the constants. What a text was parsed into is the language's own affair.
 */
#ifndef ST_RULES_LANGUAGE_H
#define ST_RULES_LANGUAGE_H

#include "rules/engine/operators/ops.h"
#include "rules/text/diag.h"

typedef struct st_language st_language;

/* A text that was read. */
typedef struct st_parsed {
    const st_language *language;
    const void *tree; /* the language's own; in the arena, as all of this */
    st_str text;
    const st_str *params;
    size_t nparams; /* names of parameters that it declares */
    const struct st_correlation
        *correlation; /* it is about other rules' matches, and has no plan */
    bool filter;      /* it narrows other rules of its language, and finds nothing by itself */
    bool library;     /* definitions that other rules use; set by the loader */
    bool part;        /* definitions only, to be pasted in front of a rule: no rule by itself */
    /* Definitions that it sees: those that others of them need stand before these. Set by the
     * loader; the same text is one st_parsed wherever it is used. */
    const struct st_parsed *const *uses;
    size_t nuses;
} st_parsed;

/* Names, in the order they are met. */
typedef struct st_need {
    struct st_need *next;
    st_str name;
} st_need;

/* The plan of a rule, and what there is to say of it; lives in its run's arena. Which tables,
 * columns and events the plan reads is asked of the run (st_run_events, st_run_wanted). */
typedef struct st_bound {
    st_rule_status status;
    st_str why;   /* "EmailEvents, which isn't here" */
    st_str stubs; /* the services that are taken as empty */
    const st_need *needs,
        *never;  /* names of services; of columns that are filtered by and never filled */
    st_op *root; /* the first result; root->also: the next */
    const struct st_shown_value *values; /* the language's: what a plan says of named values */
} st_bound;

struct st_language {
    const char *name;
    bool by_itself; /* no text of it needs another file */
    bool per_event; /* a row of an event is that event's match; else its process's, once */
    /* Does it look like a text in this language? For one of which nothing else says what it is. */
    bool (*tells)(st_str text);
    /* Reads the text of one rule or query, which outlives what comes out. about: what the text says
     * of the rule goes there, over what is there already; NULL: nobody asks. false: there were
     * errors (all in d, with spans of the text), or no memory (a->failed); what could be read is in
     * out, to be bound for the other errors that are in it. */
    bool (*parse)(st_arena *a, st_str text, const st_rule_settings *settings, st_diag_sink *d,
                  st_rule *about, st_parsed *out);
    /* Names, types, and a plan, into r's arena; all tables that it reads are readers of r's before
     * any row is read. marks_servers: the rule says which processes are web servers, so it may not
     * ask which are. Errors go to d, which may be NULL. */
    void (*bind)(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d, st_bound *out);
    /* A filter's condition joins the rule's, where the filter says that it is meant for it: the
     * rule's tree is then another. about: what the rule is called. false: it isn't meant, or no
     * memory (a->failed). NULL: there are no filters in this language. */
    bool (*narrow)(st_arena *a, const st_parsed *filter, const st_rule *about, st_parsed *p);
    /* The plan as text, if it was bound with r->explain; run: with rows and times. */
    void (*explain)(st_run *r, const st_parsed *p, const st_bound *b, bool run, st_buf *out);
};

extern const st_language st_language_kql, st_language_sigma;

/* The i-th language, NULL past the end. */
const st_language *st_language_at(size_t i);
/* The one that queries are written in. */
const st_language *st_language_of_queries(void);

#endif
