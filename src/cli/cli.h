/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - argv in, calls to the stages out. The only room that prints or exits.
 * Private to src/cli.
 */
#ifndef ST_CLI_H
#define ST_CLI_H

#include "shelltree/report.h"

#include <stdio.h>
#include <sys/types.h>

enum {
    ST_EXIT_OK = 0,
    ST_EXIT_FINDINGS = 1,
    ST_EXIT_CANNOT = 2,
    ST_EXIT_SHORT = 3,
    ST_EXIT_UNEXPLAINED = 4
};

typedef enum st_when { ST_AUTO, ST_ALWAYS, ST_NEVER } st_when;

typedef struct st_list {
    st_str *items;
    size_t n, cap;
} st_list;

typedef struct st_pairs { /* NAME=VALUE */
    st_named *items;
    size_t n, cap;
} st_pairs;

typedef struct st_pager {
    int fd; /* what it shows is written there; -1: there is none */
    pid_t child;
} st_pager;

struct st_verb;
typedef struct st_tidy st_tidy;
typedef struct st_config {
    const struct st_verb *verb;
    const char *format; /* NULL: not said */
    char *output;       /* NULL: standard output; owned */
    bool output_slash;  /* it was written with a slash at its end: a directory */
    st_list rules, hosts, evidence, files_from, names, ioc;
    uint64_t part, parts; /* parts 0: all */
    const char *failed;   /* NULL: not said */
    const char *since_run;
    st_scope scope;
    st_level min_level;
    st_ticks since, until, now, around;
    bool ago_off, ago_strict, trust_inferred, duplicates, carve, digest, strict_rules, csv_raw, xml,
        exit_code;
    bool confirm;
    bool quiet, verbose, force, nul, ascii, full, no_pager;
    bool has_guid;
    st_guid guid;
    uint32_t pid;
    bool explain, explain_run, tables;
    const char *columns; /* of which table; NULL: not asked */
    const char *image, *file, *incident, *notes_file;
    st_engine engine;
    unsigned threads, width, archive_depth;
    const char *password_file, *tmp;
    uint64_t tmp_size;
    uint64_t memory; /* bytes; 0: without bound */
    st_when color;
    bool help;
    st_rule_settings settings; /* points into the next two */
    st_pairs external, params, clock_offsets, placeholders;
    st_list external_texts; /* by external (settings); owned */
    st_list exclude;        /* ids of rules */
    const char *exclude_file, *placeholder_file, *rule_status;
    st_buf exclude_text, placeholder_text; /* what those files hold */
    st_tidy *tidy;                         /* NULL: results go to standard output */
    st_pager pager;
} st_config;

/* One option: help, parsing and the check against the manual come from these rows. */
typedef struct st_option {
    char brief; /* 0: long form only */
    const char *name, *arg, *help;
    unsigned verbs; /* ST_V_ bits of the verbs that take it */
    st_code (*set)(st_config *c, const char *value, st_err *e);
} st_option;

typedef struct st_verb {
    const char *name, *args, *summary;
    unsigned bit;
    int (*run)(st_config *c);
} st_verb;
const st_verb *st_verb_find(const char *name);
const st_verb *st_verb_at(size_t i); /* NULL at the end */

/* Where the verb stands in argv: behind options and their values; 0: nowhere. */
int st_options_verb(int argc, char **argv);
/* Fills c from argv (argv[0] is the verb). */
st_code st_options_parse(st_config *c, int argc, char **argv, st_err *e);
bool st_options_help(FILE *to, const st_verb *v); /* false: no memory, which was said */
bool st_list_add(st_list *l, st_str s);
void st_config_free(st_config *c);
/* All of a small file, for an option; errors name both. */
st_code st_whole_file(const char *option, const char *path, size_t most, st_buf *out, st_err *e);
/* The same of at most a megabyte. */
st_code st_small_file(const char *option, const char *path, st_buf *out, st_err *e);
/* Reads what the options say of which rules run, and of placeholders, into the settings. */
st_code st_rule_choice(st_config *c, st_err *e);
bool st_seconds(st_str s, int64_t *out); /* the seconds of --clock-offset */

/* Verbs. */
int st_cmd_hunt(st_config *c);
int st_cmd_tree(st_config *c);
int st_cmd_query(st_config *c);
int st_cmd_extract(st_config *c);
int st_cmd_verify(st_config *c);
int st_cmd_rules(st_config *c);

/* Everything said to a person goes through here: scrubbed, one line, "shelltree: " in front. */
void st_say(const st_config *c, const char *fmt, ...) __attribute__((format(__printf__, 2, 3)));
/* The same even with --quiet: errors, and what was asked for. */
void st_complain(const char *fmt, ...) __attribute__((format(__printf__, 1, 2)));
/* Says why and gives ST_EXIT_CANNOT. */
int st_cannot(const st_err *e);
void st_print_diag(const st_diag *d);

/* Gives up what no verb needs (base/confine.h): called once, before evidence is opened and before
 * another thread runs. */
void st_give_up_rights(const st_config *c);
/* Fails, with `what` in front, where this build is without the second reader. */
st_code st_need_second_reader(const char *what, st_err *e);
/* Says so where libevtx's process has no filter of system calls. */
void st_say_unfiltered(const st_config *c);

/* The progress bar: on a terminal only. */
typedef struct st_progress st_progress;
st_progress *st_progress_new(const st_config *c); /* NULL: none to be shown */
void st_progress_step(void *progress, uint64_t done, uint64_t total);
void st_progress_free(st_progress *p); /* wipes the line */

/* what the verbs share (session.c) */

/* The words of --password-file, and how archives are to be read by all options. */
typedef struct st_intake_note {
    st_buf text;
    const char **passwords;
    size_t n, cap;
    st_intake intake;
} st_intake_note;
st_code st_intake_fill(st_intake_note *n, const st_config *c, st_err *e);
void st_intake_free(st_intake_note *n);

typedef struct st_session {
    st_intake_note intake; /* outlives the evidence */
    st_config *config;
    st_evidence *evidence;
    st_store *store;
    st_forest *forest;
    st_rules *rules;
    st_event_set events; /* what a query wants read beside what the rules do (st_rules_events) */
    st_log_keep keep;    /* likewise, of records that tables hold whole */
    st_arena kept;       /* its lists */
    st_matches *matches;
    st_case *found;
    st_notes notes; /* outlive the case's reports */
    st_ticks now;
    bool only_named;    /* no rules but those that are named */
    bool rows_alone;    /* st_hunt_options */
    size_t stopped;     /* rules that took more than they may */
    uint8_t *confirmed; /* by row; NULL: not asked */
} st_session;

/* Each returns ST_EXIT_OK or the status to end with (already said why). */
st_rules *
st_session_rule_set(const st_session *s); /* an empty one, with the settings; NULL: no memory */
/* Loads the rule set, prints its diagnostics: how many errors end the run, how many rules are
 * broken. */
int st_session_load(st_session *s, size_t *fatal, size_t *skipped);
int st_session_rules(st_session *s); /* likewise; says that errors are fatal and, but for a hunt,
                                        how many are skipped */
/* Of a hunt: how many of the rules ran, and why the others didn't; nothing, if all did. */
void st_session_rules_ran(const st_session *s);
/* ST_EXIT_SHORT if a file or folder of rules couldn't be read, else ST_EXIT_OK. */
int st_session_unread_rules(const st_session *s);
st_code st_session_servers(st_rules *r,
                           st_err *e);  /* the pack's web-servers.kql, unless there is one */
int st_session_evidence(st_session *s); /* lists the evidence */
int st_session_forest(st_session *s);   /* reads it and builds the forests */
int st_session_match(st_session *s);
int st_session_hunt(st_session *s);
/* The incident of --incident, which the pack's rules make: matches and hunts for it (selection.c).
 */
int st_session_incident(st_session *s, uint32_t *incident);
/* By row of a query's tables (st_run_options), what --host and --incident leave; NULL: everything.
 * The caller frees it. */
int st_session_shown(st_session *s, uint8_t **shown);
int st_session_confirm(st_session *s); /* has hits' records read again by libevtx */
void st_session_free(st_session *s);
void st_session_run_options(const st_session *s, st_run_options *o);
void st_session_scan_options(const st_session *s, st_scan_options *o);
/* Says what wasn't read; ST_EXIT_SHORT if that matters, else ST_EXIT_OK. */
int st_session_account(const st_session *s);
/* Says how many whole left-over records have no time and so weren't read. */
void st_session_oddities(const st_session *s);

/* `rules test` (cmd_rules_test.c): s names cases where rules are named else. */
int st_rules_test(st_session *s);

/* What an interrupt removes (tidy.c). From new to free SIGHUP, SIGINT and SIGTERM first remove the
 * file, or the folder of files, that was noted last (NULL: nothing). NULL is taken, too. */
st_tidy *st_tidy_new(void);
void st_tidy_note(st_tidy *t, const char *path);
void st_tidy_free(st_tidy *t);
/* Removes a file, or a folder of files and of folders of files. */
void st_tidy_remove(const char *path);

/* Text on a terminal (pager.c). Prepare makes the process if one is wanted: before rights are given
 * up. End waits until the pager has been left. */
void st_pager_prepare(st_config *c);
void st_pager_end(st_config *c);

/* Where results go (output.c). */
typedef enum st_target { ST_TO_STDOUT, ST_TO_FILE, ST_TO_DIR } st_target;
/* Is what is written a case database? */
bool st_output_is_casedb(const st_config *c);
st_target st_output_target(const st_config *c);
/* The format of -f, else of the ending of -o, else the verb's default. NULL (said why) if the
 * verb doesn't know it. */
const st_format *st_output_format(const st_config *c);
/* An output path may not lie in the evidence. */
int st_output_check(const st_session *s);
void st_output_look(const st_config *c, st_look *look);
/* Where temporary files of a format may go: beside the output, else --tmp, TMPDIR or /tmp. */
void st_output_tmp(const st_config *c, char dir[4096]);
/* Calls write(o, ctx) with standard output (or the pager) or the file of -o, all or nothing. */
int st_output_write(st_config *c, void (*write)(st_out *o, void *ctx), void *ctx);
/* What this run was, for run.json and the HTML page. */
enum { ST_RUN_OPTIONS = 16 };
typedef struct st_run_note {
    st_run_info info;
    st_str pairs[ST_RUN_OPTIONS];
    st_buf text;
} st_run_note;
/* false: no memory; it is to be freed all the same. */
bool st_run_note_fill(st_run_note *n, const st_session *s, int exit_status);
void st_run_note_free(st_run_note *n);
/* The whole set of -o DIR (output_set.c). */
int st_output_dir(st_session *s, int exit_status);
/* Why a set can't take the path's place; NULL if nothing speaks against it: nothing is there, an
 * empty folder, or, with force, a set that shelltree wrote. */
const char *st_set_obstacle(const char *dir, bool force);

/* What an earlier hunt found (--since-run); NULL: not asked. */
typedef struct st_earlier st_earlier;
int st_earlier_read(const st_config *c, st_earlier **out); /* has said why not */
void st_earlier_say(const st_session *s, const st_earlier *old);
void st_earlier_free(st_earlier *e);

#endif
