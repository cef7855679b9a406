/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the writers share: the column table, escapers, small helpers. */
#ifndef SHELLTREE_REPORT_INTERNAL_H
#define SHELLTREE_REPORT_INTERNAL_H

#include "shelltree/report.h"

/* text (scrub.c) */

/* Scrubs the one code point (or bad byte) at *i. */
void st_scrub_one(st_buf *b, st_str s, size_t *i, bool ascii);
/* Columns that text takes on a terminal. */
size_t st_text_width(st_str s);
/* Appends at most `width` columns of s (already scrubbed), the last one an ellipsis if
 * something is left out. 0: all of it. */
void st_fit(st_buf *b, st_str s, size_t width, bool ascii);
/* Cuts the lines that were appended from `from` on at look's width, if it has one. */
void st_clip(st_buf *b, size_t from, const st_look *look);

/* rows (columns.c) */

typedef struct st_view {
    const st_case *c;
    const st_forest *f;
    const st_creations *k;
    const st_row *row;
    const st_proc *p;   /* the process that acted; one of which nothing is known if there is none */
    uint32_t r;         /* its creation's place in k; ST_NO_ROW if that wasn't read */
    const st_event *e;  /* NULL: the row is the process's creation itself */
    const st_events *x; /* the columns of e */
    uint32_t host;
    const st_finding *like; /* the first finding of a row of which the same rules said the same, as
                             * far below the same server; NULL: not asked for (st_row_like) */
} st_view;
/* false: the row has no record in the store, so it can't be shown. */
bool st_view_of(st_view *v, const st_case *c, const st_row *row);
st_ticks st_view_time(const st_view *v);
/* Who wrote the record, and under which event id. */
st_str st_view_provider(const st_view *v);
uint32_t st_view_event_id(const st_view *v);
uint32_t st_view_source(const st_view *v);

typedef enum st_column_kind {
    ST_COL_TEXT,
    ST_COL_NUMBER,
    ST_COL_BOOL,
    ST_COL_TIME,
    ST_COL_LIST /* "; " between the items where a format has no lists */
} st_column_kind;

typedef struct st_column {
    const char *name;
    st_column_kind kind;
    bool always;                                         /* in JSONL also when empty */
    bool plain;                                          /* nothing in it needs escaping, ever */
    st_sid (*sid)(const st_view *v);                     /* recorded text, by its id in the pool */
    st_str (*get)(const st_view *v);                     /* other text that is there already */
    void (*put)(const st_view *v, st_buf *b);            /* text that has to be made */
    bool (*item)(const st_view *v, size_t i, st_buf *b); /* lists: false past the end */
    /* A number that decides alone what the cell says: rows for which it is the same have the same
     * cell; below 2^56. NULL, or 0: hardly two rows have. Where there is an id, that tells. */
    uint64_t (*tells)(const st_view *v);
} st_column;

extern const st_column st_columns[];
extern const size_t st_ncolumns;

/* What tells the cell of that column (st_column.tells); 0: nothing. */
static inline uint64_t st_column_tells(const st_column *col, const st_view *v)
{
    return col->sid ? (uint64_t)col->sid(v) + 1 : col->tells ? col->tells(v) : 0;
}
/* What tells all that rules say of the row; 0: nobody asked (st_view.like). */
uint64_t st_view_rules(const st_view *v);

/* The text of a cell, as CSV and eyes get it; in b, which is cleared first, if it isn't
 * anywhere yet. Valid until b changes. */
st_str st_column_text(const st_column *col, const st_view *v, st_buf *b);
/* The same behind what is in b. */
void st_column_put(const st_column *col, const st_view *v, st_buf *b);
/* What the second reader said of the row; empty if it wasn't asked. */
st_str st_confirmed_text(const st_view *v, const st_report_options *ro);
/* '-' means nothing. */
st_str st_dashless(st_str s);
const char *st_origin_word(unsigned origin);
st_str st_source_name(const st_evidence *e, uint32_t source);
/* The store's lossy entries of a row: first and how many. */
const st_lossy *st_lossy_of(const st_store *s, uint32_t row, size_t *n);

const st_column *st_column_named(const char *name); /* NULL: there is none */

/* techniques (techniques.c) */

typedef struct st_technique {
    const char *id, *name, *tactic;
    const char *word; /* what was done, for an answer of one line; NULL: nothing of its own */
} st_technique;
/* The technique, or for a sub-technique that isn't known its parent; NULL: neither is known. */
const st_technique *st_technique_find(st_str id);
/* "T1059.001 Command and Scripting Interpreter: PowerShell", or the id alone. */
void st_technique_put(st_buf *b, st_str id);

/* writing */

/* Cells that were written before, as they were written (cells_seen.c). One thread. */
typedef struct st_cells_seen st_cells_seen;
st_cells_seen *st_cells_seen_new(void); /* NULL: no memory */
void st_cells_seen_free(st_cells_seen *s);
/* Puts a column's cell once more; false: it isn't known. tells: see st_column. */
bool st_cells_seen_put(const st_cells_seen *s, size_t column, uint64_t tells, st_buf *out);
/* Keeps a cell, if there is room and tells isn't 0. */
void st_cells_seen_keep(st_cells_seen *s, size_t column, uint64_t tells, st_str cell);
/* The first finding of a row whose findings say the same (st_view.like); it may be its own. like:
 * rows that were asked about before, by hash; zeroed at first. */
enum { ST_LIKE = 64 };
const st_finding *st_row_like(const st_case *c, const st_row *like[ST_LIKE], const st_row *row);
/* Writes the buffer out once there is enough in it. For writers that put into o->buf. */
void st_out_tick(st_out *o);
/* Rows that are made on threads, in blocks, and written in order. */
typedef struct st_row_block {
    st_buf out, cell;            /* the rows' text so far; room for a cell */
    uint64_t truncated;          /* cells that were cut */
    size_t next;                 /* the row behind those in out */
    st_cells_seen *seen;         /* of this thread's rows; NULL: none yet */
    const st_row *like[ST_LIKE]; /* see st_row_like */
} st_row_block;
/* put appends one row of the case; it is called for each of them that can be shown. */
void st_out_rows(st_out *o, const st_case *c, const st_report_options *ro,
                 void (*put)(st_row_block *b, const st_view *v, const st_report_options *ro));
/* An output that keeps everything in its buffer, for writers whose output is read again. */
void st_out_memory(st_out *o);
/* A header line and cells, for the small CSV files. */
void st_csv_head(st_buf *b, const char *const *names, size_t n, bool raw);
void st_csv_u64(st_buf *b, uint64_t v);

/* trees (write_tree.c) */

/* Which nodes are drawn: by flag, or by stamp, or all. */
typedef struct st_drawn {
    const bool *flags;      /* NULL: not asked */
    const uint32_t *stamps; /* NULL: not asked */
    uint32_t stamp;
} st_drawn;
/* n, or the first sibling behind it that is shown. */
st_node st_drawn_from(const st_forest *f, const st_drawn *d, st_node n);
/* The next shown node below top, depth-first; *level follows. */
st_node st_drawn_next(const st_forest *f, const st_drawn *d, st_node top, st_node n, size_t *level);
/* The columns of `tree -f jsonl`. */
typedef struct st_node_view {
    const st_forest *f;
    const st_creations *k;
    const st_proc *p;
    st_node n;
    bool observed;
    uint32_t r; /* if it is: its creation's place in k */
} st_node_view;
st_node_view st_node_view_of(const st_forest *f, st_node n);
extern const size_t st_ntree_columns;
const char *st_tree_column_name(size_t i);
st_column_kind st_tree_column_kind(size_t i);
/* The text of a cell; in b, which is cleared first, if it isn't anywhere yet. */
st_str st_tree_text(const st_node_view *v, size_t i, st_buf *b);
/* A cell's number, or a truth as 0 or 1. false: there is none. */
bool st_tree_number(const st_node_view *v, size_t i, uint64_t *out);
/* What the cells ProcessGuid and ParentProcessGuid say; zeros: nothing. */
const st_guid *st_node_guid(const st_forest *f, st_node n);
const st_guid *st_node_parent_guid(const st_forest *f, st_node n);
/* Trees that people read (fold.c): what is folded of one incident's. */
#define ST_FOLDED UINT32_C(0x80000000)
typedef struct st_folding {
    const st_case *c;
    const st_forest *f;
    uint64_t *shape; /* by node */
    uint32_t *more;  /* by node: siblings behind it that are like it and aren't drawn; or ST_FOLDED:
                      * in the middle of a chain, with the chain's length where it begins */
    st_node *until;  /* by node that has more: the last of them */
    uint32_t *depth; /* by node: as drawn */
    st_node *order;
    size_t n, cap;
} st_folding;
/* false: no memory; to be freed either way. */
bool st_fold_make(st_folding *x, const st_case *c);
void st_fold_free(st_folding *x);
/* Folds what d draws below top; stamps are d's own, and lose what isn't drawn any more. first: by
 * node the first finding. */
bool st_fold_tree(st_folding *x, uint32_t *stamps, const st_drawn *d, const uint32_t *first,
                  st_node top);

/* One tree, from top down. rows: by node, the row or NULL; may be NULL itself. */
typedef struct st_drawing {
    const st_forest *f;
    st_drawn drawn;
    const st_case *c;      /* NULL: no findings shown */
    const uint32_t *first; /* by node: its first finding, UINT32_MAX: none; NULL as c */
    const st_look *look;
    st_str indent;          /* in front of every line */
    st_ticks day;           /* times of this day are shown without the date */
    const st_folding *fold; /* NULL: nothing is folded */
} st_drawing;
void st_draw(st_out *o, const st_drawing *d, st_node top);
/* By node, the first finding; UINT32_MAX: none. The caller frees it. */
uint32_t *st_findings_by_node(const st_case *c);

/* Rows incident by incident (groups.c). */
typedef struct st_groups {
    uint32_t *stamps; /* by node: incident + 1 whose tree shows it */
    uint32_t *first;  /* by node: first finding */
    uint32_t *rows;   /* places of rows, incident by incident, those of none last */
    size_t *start;    /* by incident: where its rows begin; two more at the end */
} st_groups;
/* false: no memory; to be freed either way. */
bool st_groups_make(st_groups *g, const st_case *c);
void st_groups_free(st_groups *g);
void st_groups_stamp(st_groups *g, const st_case *c, uint32_t incident);

/* the answer (answer.c) */

typedef enum st_standing {
    ST_STANDS_COMPROMISED,
    ST_STANDS_REVIEW,
    ST_STANDS_NOTHING,
    ST_STANDS_BLIND
} st_standing;
enum { ST_STANDINGS = 4 };
const char *st_standing_word(st_standing s);

typedef struct st_host_answer {
    uint32_t host;
    st_standing standing;
    st_level level;
    uint32_t incident; /* the gravest; ST_NO_INCIDENT */
    uint32_t incidents;
    uint64_t hits;        /* processes */
    st_ticks first, last; /* of its incidents; 0: none */
} st_host_answer;

typedef struct st_answer {
    st_host_answer *hosts; /* the gravest first */
    size_t nhosts;
    size_t counts[ST_STANDINGS];
    st_ticks first, last;
    uint32_t first_host, last_host; /* UINT32_MAX: none */
} st_answer;
/* false: no memory; to be freed either way. */
bool st_answer_make(st_answer *a, const st_case *c);
void st_answer_free(st_answer *a);
/* "partial 2026-01-02 .. to ..: 3 record numbers missing"; unescaped. */
void st_coverage_put(const st_case *c, uint32_t host, st_buf *b);
/* What an incident's rows come to, of one kind, in a line: the gravest few, the others counted.
 * false: nothing. */
bool st_incident_put_facts(const st_case *c, const st_incident *i, unsigned kind, st_buf *b);
/* What analysts noted of the incident; false: nothing. */
bool st_incident_put_notes(const st_case *c, const st_incident *i, st_buf *b);
/* The gaps that touch an incident, a few by name and the others counted; false: none does. */
bool st_incident_put_gaps(const st_case *c, const st_incident *i, st_buf *b);
st_str st_host_shown(const st_case *c, uint32_t host);

/* Of an incident, unescaped: "w3wp.exe DefaultAppPool"; "DefaultAppPool > SYSTEM"; "recon, tools
 * fetched"; all three as a sentence without its full stop. */
void st_incident_put_entry(const st_case *c, const st_incident *i, st_buf *b);
void st_incident_put_accounts(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b);
void st_incident_put_what(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b);
/* What of an incident's rows: of those at g->rows[from] to g->rows[to - 1]. */
void st_rows_put_what(const st_case *c, const st_groups *g, size_t from, size_t to, st_buf *b);
void st_incident_put_line(const st_case *c, const st_groups *g, uint32_t incident, st_buf *b);

/* The answer as a block of text of a page at most (answer_text.c); scrubbed. */
void st_answer_put(st_buf *b, const st_answer *a, const st_case *c, const st_groups *g,
                   const st_look *look);

/* The distinct techniques of an incident's hits, sorted; the first few hundred. */
enum { ST_TECHNIQUES = 256 };
typedef struct st_technique_set {
    char ids[ST_TECHNIQUES][16];
    uint32_t hits[ST_TECHNIQUES];
    size_t n;
} st_technique_set;
/* hits more of a technique; more than there is room for are left out. */
void st_technique_count(st_technique_set *t, st_str id, uint32_t hits);
void st_techniques_add(st_technique_set *t, const st_view *v, uint32_t hits);
void st_techniques_of(st_technique_set *t, const st_case *c, const st_groups *g, uint32_t incident);

/* Starts and ends a coloured stretch; nothing without colour. */
void st_color_level(st_buf *b, const st_look *look, st_level level);
void st_color_end(st_buf *b, const st_look *look);

/* "ready", "broken" ... (write_rules.c) */
const char *st_rule_status_word(const st_rule *r);
/* How one rule is spelled in each kind of format. */
typedef struct st_rule_lister {
    const char *const *names; /* of CSV's columns */
    size_t nnames;
    void (*json)(st_buf *b, const st_rule *r);
    void (*csv)(st_buf *b, const st_rule *r);
    void (*text)(st_buf *b, const st_rule *r, size_t id_width, const st_look *look);
} st_rule_lister;
/* All rules, with what the format wants between them; in JSON without the brackets around them. */
void st_rules_write_each(st_out *o, const st_rules *r, st_format_id format, const st_look *look,
                         const st_rule_lister *l);

#endif
