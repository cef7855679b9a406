/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_private.h - what a rule set is made of: for the loader and for running.
 */
#ifndef ST_RULES_RULES_PRIVATE_H
#define ST_RULES_RULES_PRIVATE_H

#include "rules/engine/run/trigger.h"
#include "rules/language.h"

typedef struct st_loaded {
    st_rule rule; /* what the door shows */
    st_str text;  /* the query, header included; what was parsed is about it */
    st_str file;  /* all of its file */
    bool named;   /* the file was named, not found in a folder */
    bool linked;
    st_parsed parsed;
    st_trigger trigger;     /* of a rule that is ready */
    struct st_loaded *next; /* of the libraries, in the order of reading */
    bool open;              /* a library that is being read: it can't be used yet */
    bool narrowed;          /* by a filter, since it was checked */
    bool twice;             /* the same text has the same id already: it doesn't count */
    bool checked;           /* ahead of its turn, with the uses that parsed names ... */
    bool checked_servers;   /* ... and as a rule that marks web servers, or not */
} st_loaded;

/* What rules are checked with: libraries are bound once for all of them. */
typedef struct st_checking {
    st_pool *pool; /* NULL: nothing was checked yet */
    st_shared shared;
} st_checking;

/* Who had an id first. */
typedef struct st_id_owner {
    st_str path;   /* NULL: nobody */
    st_str text;   /* the rule's */
    unsigned next; /* the first number that wasn't tried behind it */
} st_id_owner;

/* A rule that is being understood, while what it uses is read. */
typedef struct st_open_rule {
    const struct st_open_rule *in; /* which uses it; NULL: none does */
    st_str path;
    size_t depth; /* 1: none uses it */
} st_open_rule;

struct st_rules {
    st_arena arena;    /* everything below but the arrays, the pools and the plans' insides */
    st_loaded **items; /* by id, then path */
    size_t n, cap;
    st_loaded *libraries;
    const st_open_rule *open; /* the innermost, and through it those outside; NULL: none */
    st_loaded *filters;       /* in the order of reading */
    st_checking checking;
    st_regexes *regexes; /* of all rules, for checking and running */
    st_event_set events; /* see st_rules_events */
    st_log_keep keep;    /* see st_rules_keep; lists in the arena */
    st_log_wanted *logs; /* see st_rules_logs */
    uint32_t **log_ids;  /* of logs, each malloc'ed */
    size_t nlogs;
    st_diag_sink diags; /* in the order of loading */
    st_rule_settings settings;
    const struct st_ahead_folder *ahead; /* of the folder that is being loaded; NULL: none */
    size_t twice;                        /* texts that were met once more, under their id */
    st_pool *ids, *paths;                /* ids folded; paths of files that were read */
    st_id_owner *id_owners;              /* by the pool's id */
    size_t nid_owners, id_owners_cap;
};

/* What a rule that is ready reads joins what the set reads. */
void st_rules_join_needs(st_rules *r, const st_rule_needs *needs);
/* Of a query that was bound over no evidence: likewise. */
void st_rules_join_query(st_rules *r, st_run *run);

/* A rule of which no more is known than where it stands. */
void st_loaded_begin(st_loaded *l, const st_language *language, st_str path, st_str file,
                     st_str text, unsigned line, bool named);
/* Does it mark web servers, by this id or its file's name? */
bool st_names_servers(st_str id, st_str path);
/* The path of what `path` uses under that name, in the arena. */
st_str st_path_beside(st_arena *a, st_str path, st_str name);
/* The file's name without its ending. */
st_str st_rule_stem(st_str path);
/* l's text behind all that it uses, each once, joins a list of at most ST_MAX_LIBRARIES; false: it
 * is full. */
bool st_join_uses(const st_parsed **list, size_t *n, const st_loaded *l);

/* What a rule is checked with. */
typedef struct st_checker {
    const st_rule_settings *settings;
    st_regexes *regexes;
    st_checking *checking; /* zeroed at first; one thread's */
    st_arena *arena;       /* for what the rule keeps */
    st_diag_sink *diags;
    bool again; /* what there is to tell was told */
} st_checker;
st_checker st_rules_checker(st_rules *r);
/* Once more, when a filter has narrowed the rule: what there is to tell was told. */
void st_rule_check_again(st_rules *r, st_loaded *l);
/* Fills the rule's status, why, stubs and needs: names, types and everything else that is known
 * without evidence; and what must stand in its rows. marks_servers and library are set already. */
void st_rule_check(const st_checker *c, const st_parsed *p, st_rule *rule, st_trigger *trigger);
void st_checking_free(st_checking *c);

/* run.c: by node, which are web servers; the others stay as they are. */
st_code st_rules_mark_servers(const st_rules *rules, const st_forest *f, st_shared *shared,
                              const st_run_options *o, bool *server, st_err *err);

#endif
