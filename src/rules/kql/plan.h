/*
 * plan.h - a bound query: typed expressions and a chain of operators over batches of rows.
 *
 * The binder (bind.c) turns a syntax tree into a plan; the evaluator (eval.c) runs
 * expressions over a batch; each operator (op_*.c) asks the one before it for batches and
 * passes them on. Tables, functions and aggregates are rows of tables, so the language
 * grows by adding rows.
 *
 * Lineage    each row of a batch carries what it stands for, or nothing: a node of the forest,
 *            or, numbered behind the nodes, another event of it, or behind those a host
 *            (st_krow_*). A column of a table isn't read until something asks for it: it is
 *            computed from that number, at any stage, as long as rows keep it.
 * Ownership  a plan lives in its run's arena. A batch owns its vectors; whoever gets it
 *            frees it or passes it on.
 * Errors     sticky in the run (st_krun.err); an operator that meets one ends its rows.
 */
#ifndef ST_KQL_PLAN_H
#define ST_KQL_PLAN_H

#include "rules/kql/value.h"
#include "rules/match/match.h"
#include "shelltree/rules.h"

typedef struct st_krun st_krun;
typedef struct st_kpatterns st_kpatterns;
typedef struct st_kx st_kx;
typedef struct st_kop st_kop;
typedef struct st_kbatch st_kbatch;
typedef struct st_ktable st_ktable;

/* columns and batches */

/* A column of a table over the forest. */
typedef struct st_ksource st_ksource;
typedef st_kv st_kget(st_krun *r, st_node n, const st_ksource *c);
struct st_ksource {
    const char *name;
    st_kt type;
    st_kget *get;
    int arg;
    int flags;
};
enum {
    ST_SRC_SERVER = 1,
    ST_SRC_NEVER = 2, /* Sysmon doesn't record it: always empty */
    ST_SRC_ACTOR = 4, /* of an event: get is asked about its process, if that was observed */
    ST_SRC_TARGET = 8 /* of an event: about the process it was done to, likewise */
};

typedef struct st_kcol {
    st_str name;
    st_kt type;
} st_kcol;

typedef struct st_kschema {
    st_kcol *v;
    size_t n;
    bool loose; /* of a service's table: names that it lacks are columns that are never filled */
    bool open;  /* behind a mistake: there may be others, and none is missed. Never run */
    /* The last operator that dropped columns, and what it kept; NULL: none did. For messages. */
    const struct st_kql_op *narrowed_by;
    const struct st_kschema *narrowed_to;
} st_kschema;

typedef struct st_kslot {
    st_kv *v;                 /* NULL: not computed yet */
    const st_ksource *source; /* how, from the row's node */
    st_node *node;            /* by row, if it isn't the batch's: a join's right side */
} st_kslot;

enum { ST_KBATCH = 1024 };
struct st_kbatch {
    st_arena arena;
    size_t n, ncols;
    st_node *node;
    st_kslot *cols;
};
/* n rows of ncols empty slots; NULL (and the run has failed) without memory. */
st_kbatch *st_kbatch_new(st_krun *r, size_t n, size_t ncols);
void st_kbatch_free(st_kbatch *b);
/* What a row's number stands for: an event (NULL: it is none); the host, ST_NO_NODE for none; the
 * observed process, itself or the one that acted, ST_NO_NODE for none. */
const st_event *st_krow_event(const st_krun *r, st_node row);
uint32_t st_krow_host(const st_krun *r, st_node row);
st_node st_krow_process(const st_krun *r, st_node row);
/* The column's values, computed if need be; NULL without memory. */
const st_kv *st_kbatch_col(st_krun *r, st_kbatch *b, size_t i);
/* Keeps the rows whose keep is true. */
void st_kbatch_filter(st_kbatch *b, const bool *keep);

/* a run */

/* What all runs over one pool share: worth keeping from rule to rule. */
typedef struct st_kshared {
    st_folds folds;
    st_sid *base; /* by id: its base name; ST_ABSENT: not yet asked */
    size_t base_n;
} st_kshared;
void st_kshared_init(st_kshared *s, st_pool *pool);
void st_kshared_free(st_kshared *s);

/* Why a run was stopped. */
typedef enum st_kstop { ST_STOP_ROWS, ST_STOP_MEMORY, ST_STOP_TIME } st_kstop;

struct st_krun {
    st_kmem mem;
    const st_rule_settings *settings;
    st_query_limits limits;   /* in force */
    st_budget budget;         /* of the plan, of batches and of what operators hold */
    uint64_t pool_before;     /* bytes of the pool: what it grows by counts as well */
    uint64_t read;            /* rows that the evidence gave */
    int64_t started;          /* ns of the monotonic clock; 0: not yet looked at */
    bool explain, measure;    /* the plan will be shown; operators count their time */
    struct st_kvalue *values; /* explain: the lets that are values */
    st_arena arena;           /* mem.arena points here: the plan, and values too big for a cell */
    st_kshared *shared;
    const st_forest *forest; /* NULL: none */
    int64_t now;
    bool trust_inferred;
    st_node *roots;         /* by node: the topmost known ancestor; filled as asked */
    st_kpatterns *patterns; /* that came with the rows; NULL: none yet */
    uint64_t random;        /* what rand() has come to; it begins with the query's text */
    bool ago_off;
    bool binding;      /* constants are being folded */
    bool lifted;       /* the binder has lifted some bound */
    uint32_t tables;   /* bit i: table i is read */
    st_kop *scans;     /* the readers of tables, the newest first */
    bool scanned;      /* rows of a table have been asked for */
    const char *limit; /* a limit was met: the result may lack rows; static text */
    st_err err;
    void **owned; /* predicates and the like, freed with the run */
    void (**owned_free)(void *);
    size_t nowned, owned_cap, owned_free_cap;
};
/* r stays where it is until it is freed. */
void st_krun_init(st_krun *r, const st_forest *f, st_kshared *shared, const st_run_options *o,
                  const st_rule_settings *settings);
void st_krun_free(st_krun *r);
/* The compiled pattern, until the next call; NULL (and the run says so) if it is none. */
st_regex *st_krun_regex(st_krun *r, st_sid text);
/* The next number of the run's own sequence. */
uint64_t st_krun_random(st_krun *r);
/* Out of memory, or of what the run may take of it: sets the error, returns false. */
bool st_krun_nomem(st_krun *r);
/* The run has met a limit: sets the error, returns false. */
bool st_krun_stop(st_krun *r, st_kstop why);
/* Whether it is within its limits of memory and time; asked about every thousand rows. */
bool st_krun_going(st_krun *r);
/* Whether an operator may give that many rows. */
bool st_krun_rows(st_krun *r, uint64_t n);
/* p is freed by f with the run (at once if it can't be kept; then false). */
bool st_krun_own(st_krun *r, void *p, void (*f)(void *));
static inline bool st_krun_ok(const st_krun *r)
{
    return r->err.code == ST_OK && !r->arena.failed;
}

/* expressions */

/* One value from its arguments' values. */
typedef st_kv st_kcode(st_krun *r, const st_kx *x, const st_kv *a);

typedef struct st_kfn st_kfn;
typedef struct st_kwindow st_kwindow;
typedef enum st_kx_kind { ST_X_CONST, ST_X_COLUMN, ST_X_CALL, ST_X_PRED, ST_X_WINDOW } st_kx_kind;
struct st_kx {
    st_kx_kind kind;
    st_kt type;
    st_kv value;    /* CONST */
    size_t col;     /* COLUMN */
    st_kcode *code; /* CALL */
    st_kx **args;   /* CALL; PRED has one, the text */
    size_t nargs;
    st_pred *pred; /* PRED */
    bool negate;   /* PRED, and string operators with needles that aren't constant */
    st_mop mop;    /* both */
    bool fold, all;
    size_t needles;           /* PRED: how many constants stand in args behind the text */
    bool ago;                 /* comes from ago(): a moving window */
    bool windowed;            /* a function of other rows is in it */
    void *state;              /* what code keeps between rows (a compiled pattern) */
    const st_kwindow *window; /* WINDOW: a function of the whole batch */
};
/* The expression's values over a batch; *step is 0 if all are v[0]. NULL: the run failed. */
const st_kv *st_kx_run(st_krun *r, const st_kx *x, st_kbatch *b, size_t *step);
/* used[c] = true for the columns c that x reads; the others stay as they are. */
bool st_kx_columns(st_krun *r, const st_kx *x, bool *used);
/* keep[i] = x is true in row i. */
bool st_kx_test(st_krun *r, const st_kx *x, st_kbatch *b, bool *keep);
/* Functions over neighbouring rows. NULL: none of that name. */
const st_kwindow *st_kwindow_find(st_str name);
const st_kv *st_kwindow_run(st_krun *r, const st_kx *x, st_kbatch *b);
/* The value of an expression without columns. */
st_kv st_kx_constant(st_krun *r, const st_kx *x);

/* functions */

typedef enum st_kname { ST_KN_NONE, ST_KN_FIRST, ST_KN_PREFIX, ST_KN_SUFFIX } st_kname;
/* Arguments: one letter each. s string, x anything read as its text, y dynamic, n number, i
 * integer, d datetime, t timespan, u number or time, b bool, * any, r regular expression; a last
 * '+' repeats the one before. Result: a type's name; "0" the type of argument 0, "w" widest of all
 * ...; "(a:long,b:real)" several columns, from an array of their values. A '*' before it: computed
 * anew for each row, never once. Doc: one line; behind a '|' how it differs from Kusto's. */
struct st_kfn {
    const char *name, *args;
    unsigned min;
    const char *result;
    st_kname naming;
    const char *prefix;
    st_kcode *code; /* NULL: known, and not supported; doc says why */
    const char *doc;
};
const st_kfn *st_kfn_find(st_str name);
/* The i-th function, NULL past the end. */
const st_kfn *st_kfn_at(size_t i);

/* Operators of expressions, by the types of their sides; NULL: not defined for them. */
st_kcode *st_karith(char op, st_kt a, st_kt b, st_kt *result);
/* op: '=' '!' '<' 'l'(<=) '>' 'g'(>=) */
st_kcode *st_kcompare(char op, st_kt a, st_kt b);
st_kcode st_kf_and, st_kf_or, st_kf_not, st_kf_index, st_kf_strop, st_kf_in, st_kf_iff, st_kf_case,
    st_kf_between, st_kf_matches, st_kf_negate, st_kf_convert, st_kf_array, st_kf_pack_all;

/* Compiles a constant pattern into x->state. false: err and *offset say why. */
bool st_kf_prepare_regex(st_krun *r, st_kx *x, st_str pattern, size_t *offset, st_err *err);

/* aggregates */

typedef struct st_kagg st_kagg;
typedef struct st_kaggcall st_kaggcall;
typedef struct st_kaccum {
    int64_t n, i;
    double d, d2, mean2;
    bool set;
    st_kv best;
    st_kv *list; /* malloc'ed */
    size_t nlist, list_cap;
    st_kv *values; /* make_bag, percentilew: what belongs to the list's items */
    size_t values_cap;
    uint32_t *table; /* of the set: places in list, 1-based */
    size_t table_n;
    st_kv row; /* arg_max: the other column */
    bool took; /* arg_max: the last row was taken */
    st_node node;
} st_kaccum;
/* Arguments, result and doc as for functions; result "avg" a real or a time, "s" the type a sum
 * has, "p" the argument's, but long for int. */
struct st_kagg {
    const char *name, *args;
    unsigned min;
    const char *result;
    const char *prefix; /* prefix_ + first argument's name */
    /* NULL: known, and not supported; doc says why */
    void (*step)(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v);
    st_kv (*end)(st_krun *r, st_kaccum *a, const st_kaggcall *c);
    const char *doc;
};
struct st_kaggcall {
    const st_kagg *agg;
    st_kx **args;
    size_t nargs;
    st_kt type;
    int64_t limit;
};
const st_kagg *st_kagg_find(st_str name);
const st_kagg *st_kagg_at(size_t i);
void st_kaccum_free(st_kaccum *a);

/* operators */

/* The next batch, never empty; NULL at the end or on failure. Called by st_kop_next only. */
typedef st_kbatch *st_knext(st_krun *r, st_kop *op);
struct st_kop {
    st_knext *next;
    st_kop *in;
    uint64_t rows;         /* given so far */
    int64_t ns;            /* spent in it and in what is before it, if the run measures */
    st_str render;         /* the chart that its result is meant for, as JSON; empty: none */
    st_kop *again;         /* the operator whose rows it gives once more; NULL: none */
    struct st_kstep *step; /* of explain.c; NULL: part of another, or nobody asked */
    bool evidence;         /* its rows are the evidence's own */
    st_kschema schema;
    void *spec; /* fixed by the binder */
    size_t spec_size;
    void *state;             /* what the run keeps; in the run's arena */
    bool lineage;            /* rows keep their node */
    struct st_kgraph *graph; /* its value is a graph, not rows; NULL: rows */
    st_kop *also;            /* the next of several tables that the text gives; only at its end */
    st_str name;             /* what the text calls this table from now on; empty: nothing */
};

/* Filters a batch; false: the run failed. */
typedef bool st_knarrow(st_krun *r, st_kop *op, st_kbatch *b);
/* The next batch of op's input of which narrow leaves something. */
st_kbatch *st_kop_narrowed(st_krun *r, st_kop *op, st_knarrow *narrow);

/* Every operator's constructor is declared here; spec structs are private to their files. */
typedef struct st_kitem { /* a column of project and its family */
    st_kx *x;             /* NULL: column `from` of the input as it is */
    size_t from;
} st_kitem;
typedef struct st_kkey {
    st_kx *x;
    bool desc, nulls_first;
} st_kkey;

st_kop *st_kop_new(st_krun *r, st_knext *next, st_kop *in, size_t spec_size);
/* The next batch of an operator, counted and held against the run's limits. */
st_kbatch *st_kop_next(st_krun *r, st_kop *op);
/* The place of a column: the one of that name, which gets the type, or a new last one. The
 * columns are copied first: schemas are shared. SIZE_MAX: no memory. */
size_t st_kschema_put(st_krun *r, st_kschema *s, st_str name, st_kt type);
/* Rows computed once, read by any number of operators. */
typedef struct st_kstore st_kstore;
st_kstore *st_kstore_new(st_krun *r, st_kop *in);
st_kop *st_kop_replay(st_krun *r, st_kstore *s);
/* From now on op gives all its rows in one batch. */
bool st_kop_make_whole(st_krun *r, st_kop *op);
/* The table's rows: of the forest's nodes, events or hosts. */
st_kop *st_kop_scan(st_krun *r, const st_ktable *t);
/* op's rows go through the condition x next: rows for which it can't be true needn't come. */
void st_kop_scan_narrow(st_krun *r, st_kop *op, const st_kx *x);
/* The ids of Sysmon's (st_event_bit) whose events a reader of a table lets through; none for
 * processes, and for other operators. */
uint64_t st_kop_scan_events(const st_kop *op);
/* Those of all readers of the query. */
uint64_t st_krun_events(const st_krun *r);
/* Rows of constants, row-major. */
st_kop *st_kop_values(st_krun *r, const st_kcol *cols, size_t ncols, const st_kv *cells,
                      size_t nrows);
st_kop *st_kop_range(st_krun *r, st_str name, st_kt type, st_kv from, st_kv to, st_kv step);
st_kop *st_kop_where(st_krun *r, st_kop *in, st_kx *x);
st_kop *st_kop_project(st_krun *r, st_kop *in, const st_kcol *cols, const st_kitem *items,
                       size_t n);
/* most: SIZE_MAX for all. */
st_kop *st_kop_order(st_krun *r, st_kop *in, const st_kkey *keys, size_t n, size_t most);
st_kop *st_kop_take(st_krun *r, st_kop *in, size_t most);
st_kop *st_kop_count(st_krun *r, st_kop *in, st_str name);
st_kop *st_kop_distinct(st_krun *r, st_kop *in);
/* map[leg][column]: the leg's column, or SIZE_MAX. */
st_kop *st_kop_union(st_krun *r, st_kop **legs, const size_t *const *map, const st_kv *names,
                     size_t n, const st_kcol *cols, size_t ncols);
/* node_call: the arg_max(.., *) whose row a group stands for and keeps the node of; SIZE_MAX: none.
 */
st_kop *st_kop_summarize(st_krun *r, st_kop *in, st_kx **keys, size_t nkeys, st_kaggcall *calls,
                         size_t ncalls, size_t node_call, const st_kcol *cols);
typedef enum st_kjoin {
    ST_J_INNERUNIQUE,
    ST_J_INNER,
    ST_J_LEFTOUTER,
    ST_J_RIGHTOUTER,
    ST_J_FULLOUTER,
    ST_J_LEFTSEMI,
    ST_J_LEFTANTI,
    ST_J_RIGHTSEMI,
    ST_J_RIGHTANTI
} st_kjoin;
/* right_cols: which columns of the right side appear (SIZE_MAX-free list). */
st_kop *st_kop_join(st_krun *r, st_kop *left, st_kop *right, st_kjoin kind, const size_t *lkeys,
                    const size_t *rkeys, size_t nkeys, const size_t *right_cols, size_t nright,
                    const st_kcol *cols, size_t ncols);

typedef struct st_kexpand {
    st_kx *x;   /* dynamic */
    size_t col; /* where its elements go */
    st_kt to;
} st_kexpand;
/* index_col: the column of element numbers, SIZE_MAX for none. */
st_kop *st_kop_expand(st_krun *r, st_kop *in, const st_kexpand *items, size_t n, size_t limit,
                      size_t index_col, const st_kcol *cols, size_t ncols);

/* Element i of a value that mv-expand and mv-apply spread; null beyond the last. */
st_kv st_kexpand_element(st_krun *r, const st_kexpand *it, st_kv v, size_t i);

/* A column of mv-apply's result: of the subquery, or of the input. */
typedef struct st_kapplied {
    bool body;
    size_t col;
} st_kapplied;
/* Where mv-apply's subquery gets its rows from. */
st_kop *st_kop_feed(st_krun *r, const st_kcol *cols, size_t ncols, bool lineage);
/* body: operators that stand in one chain, from a feed on. */
st_kop *st_kop_apply(st_krun *r, st_kop *in, const st_kexpand *items, size_t n, size_t limit,
                     size_t index_col, st_kop *body, const st_kcol *cols, const st_kapplied *out,
                     size_t ncols);

/* All the rest of an operator's rows. */
typedef struct st_krows {
    st_kbatch **batch;
    size_t n, cap, rows;
} st_krows;
typedef struct st_kat {
    uint32_t batch, row; /* batch UINT32_MAX: no row, all missing */
} st_kat;
bool st_krows_read(st_krun *r, st_kop *op, st_krows *out);
void st_krows_free(st_krows *rows);
/* Rows by place, as a new batch with the schema's columns. */
st_kbatch *st_krows_gather(st_krun *r, const st_krows *rows, const st_kschema *schema,
                           const st_kat *at, size_t n);

/* tables */

typedef enum st_krows_of {
    ST_KR_PROCESSES, /* the observed nodes */
    ST_KR_NODES,     /* placeholders too */
    ST_KR_EVENTS,    /* those that event_rows.c gives this table */
    ST_KR_HOSTS,
    ST_KR_NONE /* known by its schema alone */
} st_krows_of;
struct st_ktable {
    const char *name;
    const st_ksource *columns;
    size_t n;
    st_krows_of rows;
};
enum { ST_KTABLES = 11 };
const st_ktable *st_ktable_find(st_str name);
const st_ktable *st_ktable_at(size_t i); /* NULL from ST_KTABLES on */
/* The ids of Sysmon's that a table of events is made of (st_event_bit). */
uint64_t st_ktable_events(const st_ktable *t);
/* Can an event of that table have this ActionType? true for tables without one. */
bool st_ktable_acts(const st_ktable *t, st_str action, bool fold);

/* explain.c: the plan that was bound with r->explain, as text; run: with rows and times. */
void st_kexplain(st_krun *r, st_str text, const st_kop *root, bool run, st_buf *out);

/* the binder */

/* Names, in the order they are met. */
typedef struct st_kneed {
    struct st_kneed *next;
    st_str name;
} st_kneed;

typedef struct st_kbound {
    st_rule_status status;
    st_str why;   /* "EmailEvents, which isn't here" */
    st_str stubs; /* the services that are taken as empty */
    const st_kneed *needs,
        *never;   /* names of services; of columns that are filtered by and never filled */
    st_kop *root; /* the first result; root->also: the next */
} st_kbound;
/* Binds into r's arena; errors go to d (which may be NULL). */
void st_kbind(st_krun *r, const st_kql_script *script, bool marks_servers, st_kql_diags *d,
              st_kbound *out);

#endif
