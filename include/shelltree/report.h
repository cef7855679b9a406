/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - rows and forests in, bytes out. One column table, one small writer a format.
 *
 * Evidence text is spelled only here: each format has one escaper (scrub.c for what eyes
 * read, json_put.c of base for JSON), and no byte of evidence reaches an output but through it.
 *
 * Errors     st_out is sticky: look once, at the end.
 * Threads    one per st_out.
 */
#ifndef SHELLTREE_REPORT_H
#define SHELLTREE_REPORT_H

#include "shelltree/hunt.h"
#include "shelltree/json.h"

/* Where bytes go: a descriptor, through a buffer. */
typedef struct st_out {
    int fd;
    st_buf buf;
    int error;                /* errno of the first failed write; 0 if none */
    uint64_t written, begun;  /* bytes; of them, those that the disk was put to work on */
    st_sha256_stream *digest; /* NULL: none wanted */
    const char *path;         /* of the empty file that fd is, if nobody else knows it; else NULL */
} st_out;
void st_out_init(st_out *o, int fd);
void st_out_put(st_out *o, const void *p, size_t n);
void st_out_str(st_out *o, st_str s);
st_code st_out_end(st_out *o, st_err *err); /* flushes, frees the buffer; doesn't close fd */

/* A file that appears whole or not at all: a temporary name beside it, then a rename. */
typedef struct st_outfile st_outfile;
st_code st_outfile_open(const char *path, bool force, st_outfile **out, st_err *err);
st_out *st_outfile_out(st_outfile *f);
const char *st_outfile_temp(const st_outfile *f); /* its name while it is written */
/* Writes what is left, so that nothing may be put any more, and has the disk begin with it. */
st_code st_outfile_end(st_outfile *f, st_err *err);
/* Ends it, if that wasn't done, waits for the disk, and gives the file its name; frees f. */
st_code st_outfile_commit(st_outfile *f, st_err *err);
/* The same, but that the name may be lost with the machine's power until st_sync_beside. */
st_code st_outfile_place(st_outfile *f, st_err *err);
/* Waits until the disk has the names of all that is in path's folder. */
void st_sync_beside(const char *path);
void st_outfile_abort(st_outfile *f); /* removes the temporary file, frees f */

/* Gives a file or folder that was made private the mode that any new one has: most, less the umask.
 */
void st_usual_mode(int fd, unsigned most);

/* How text looks. */
typedef struct st_look {
    unsigned width;    /* columns; 0: no limit, nothing is cut */
    bool color, ascii; /* ascii: no box characters, no pictures */
} st_look;

/* The scrub rule for everything that eyes read: control characters as pictures (U+2400 + c),
 * invisible and bidirectional ones as <U+202E>, invalid bytes as <0xFF>. */
void st_scrub(st_buf *b, st_str s, bool ascii);
/* One CSV field, quotes included. raw: no scrub, no formula guard, no cap. */
void st_csv_field(st_buf *b, st_str s, bool raw, bool numeric, uint64_t *truncated);

/* formats (formats.c) */

/* The verbs, as bits. */
enum {
    ST_VERB_HUNT = 1 << 0,
    ST_VERB_TREE = 1 << 1,
    ST_VERB_QUERY = 1 << 2,
    ST_VERB_EXTRACT = 1 << 3,
    ST_VERB_RULES = 1 << 4,
    ST_VERB_VERIFY = 1 << 5
};

typedef enum st_format_id {
    ST_F_NONE, /* a file of the set only */
    ST_F_TEXT,
    ST_F_CSV,
    ST_F_JSONL,
    ST_F_JSON,
    ST_F_HTML,
    ST_F_TIMESKETCH,
    ST_F_ECS,
    ST_F_NAVIGATOR,
    ST_F_MARKDOWN,
    ST_F_XLSX,
    ST_F_DOT,
    ST_F_L2TCSV,
    ST_F_BODYFILE,
    ST_F_CASEDB
} st_format_id;

typedef struct st_report_options {
    st_look look;
    bool csv_raw;
    uint64_t *cells_truncated; /* counted here if not NULL */
    /* By place among the case's rows, 0 or st_confirmed + 1; NULL: not asked, and CSV, JSONL
     * and the page have no column Confirmed. */
    const uint8_t *confirmed;
    const char *tmp;  /* spreadsheet: a folder for temporary files */
    bool full;        /* text: every process and row, nothing folded */
    bool answer_last; /* text: the answer at the end, where a terminal shows it */
    unsigned threads; /* CSV, JSONL: that make rows; 0: one a processor. Changes no byte */
} st_report_options;

void st_write_csv(st_out *o, const st_case *c, const st_report_options *ro);
void st_write_jsonl(st_out *o, const st_case *c, const st_report_options *ro);
/* JSON Lines for Timesketch's importer; rows without any time are left out. */
void st_write_timesketch(st_out *o, const st_case *c);
/* The timeline a person reads: incidents, their trees, their rows. */
void st_write_text(st_out *o, const st_case *c, const st_report_options *ro);

/* Which part of the forest `tree` draws. */
typedef struct st_tree_filter {
    const st_str *hosts;
    size_t nhosts;
    bool by_guid;
    st_guid guid;
    uint32_t pid;    /* ST_NO_U32: any */
    st_str image;    /* base name or full path, any case; empty: any */
    st_ticks around; /* 0: any; else processes within the window */
    st_ticks window;
} st_tree_filter;
/* Marks wanted nodes, their ancestors and their subtrees; the caller frees *out (n bools). */
st_code st_tree_select(const st_forest *f, const st_tree_filter *t, bool **out, st_err *err);
void st_write_tree_text(st_out *o, const st_forest *f, const bool *shown, const st_case *c,
                        const st_look *look); /* c may be NULL */
void st_write_tree_jsonl(st_out *o, const st_forest *f, const bool *shown);
void st_write_tree_csv(st_out *o, const st_forest *f, const bool *shown,
                       const st_report_options *ro);

/* One record, flat, as `extract` gives it. */
void st_write_record_jsonl(st_buf *b, const st_record *r, st_str source);
/* CSV of records: fixed System columns, then the fields as one JSON object in `Fields`. */
void st_write_record_csv_head(st_buf *b);
void st_write_record_csv(st_buf *b, const st_record *r, st_str source, bool raw);

void st_write_hosts_csv(st_out *o, const st_case *c, const st_report_options *ro);
/* gaps.csv: what says that records were lost, one line each. */
void st_write_gaps_csv(st_out *o, const st_case *c, const st_report_options *ro);

/* What a run was, for run.json. Pairs are written in the order given. */
typedef struct st_run_info {
    const char *version;
    const st_str *options; /* "name=value", canonical order */
    size_t noptions;
    st_ticks now;
    st_query_limits limits;   /* in force */
    uint64_t cells_truncated; /* CSV cells that were cut in the files written before */
    int exit_status;
    st_level min_level; /* of rules whose tables are listed */
    bool tables;        /* tables/RULE.csv is written beside */
} st_run_info;
void st_write_run_json(st_out *o, const st_case *c, const st_run_info *i);
/* One page: what wasn't read, the incidents with their trees, the findings in order of time. */
void st_write_html(st_out *o, const st_case *c, const st_report_options *ro, const st_run_info *i);
/* The rows as documents of the Elastic Common Schema, one a line. */
void st_write_ecs(st_out *o, const st_case *c);
/* The techniques as a layer of MITRE's ATT&CK Navigator. */
void st_write_navigator(st_out *o, const st_case *c);
/* Findings and what they hang under as Graphviz's graphs, one a host. */
void st_write_dot(st_out *o, const st_case *c);
/* plaso's l2t_csv, and mactime's body file; rows without a time are left out. */
void st_write_l2tcsv(st_out *o, const st_case *c);
void st_write_bodyfile(st_out *o, const st_case *c);
/* A spreadsheet: Summary, Hosts, Incidents, Timeline, Gaps. Needs a folder for temporary files
 * (ro->tmp, else /tmp) and /proc. */
void st_write_xlsx(st_out *o, const st_case *c, const st_report_options *ro, const st_run_info *i);
/* The answer on a page, CommonMark. */
void st_write_markdown(st_out *o, const st_case *c, const st_run_info *i);
/* What each query needs; in text and JSON the tally behind. */
void st_write_rules_check(st_out *o, const st_rules *r, st_format_id format, const st_look *look);
void st_write_rules_list(st_out *o, const st_rules *r, st_format_id format, const st_look *look);
/* As the other CSVs: byte order mark, formula guard, and what of it ro says. Tables behind t follow
 * it. */
void st_write_table_csv(st_out *o, const st_table *t, const st_report_options *ro);
/* t and those behind it: several are an array in JSON, and stand apart by an empty line in text and
 * CSV. */
void st_write_table(st_out *o, const st_table *t, st_format_id format, const st_report_options *ro);

/* What hunt's writers are given. */
typedef struct st_job {
    const st_case *found;
    st_report_options ro;
    st_run_info info;
    /* Of a case database, which reads the evidence once more. found is NULL there for extract,
     * which has no results: then this is the only reading. */
    st_evidence *evidence;
    st_scan_options scan;
    bool confirm; /* of extract: have the second reader read every record again */
    st_err *err;  /* why it failed, beside st_out's error; may be NULL */
} st_job;
/* Every record and source, and what was found: SQLite, readable by every verb. */
void st_write_casedb(st_out *o, const st_job *j);

typedef struct st_format {
    st_format_id id;
    const char *name;   /* of -f; NULL: a file of the set only */
    const char *ending; /* of files that -o names; NULL: only -f tells */
    const char *also; /* other formats' endings that fit what it writes, a space between; or NULL */
    unsigned verbs;   /* ST_VERB_ bits: who has it */
    unsigned first;   /* whose default it is */
    void (*hunt)(st_out *o, const st_job *j);
    const char *file; /* its name in the set of a folder; NULL: isn't in it */
    unsigned slow; /* of the set's files, which are written side by side, the largest is begun first
                    */
    bool sums;     /* it tells what incidents come to: st_case's facts and reached */
} st_format;
#define ST_SET_MARK "run.json" /* tells a set from other folders; written last */

const st_format *st_format_at(size_t i); /* NULL at the end */
const st_format *st_format_named(const char *name, unsigned verb);
const st_format *st_format_of_path(const char *path, unsigned verb); /* by its ending */
bool st_format_takes(const st_format *f, const char *path); /* is the ending one of `also`? */
const st_format *st_format_default(unsigned verb);
/* "text csv jsonl", the default first. */
void st_formats_put(st_buf *b, unsigned verb);

#endif
