/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - one run of a rule or a query: what it may take, what it has, why it stopped.
 *
 * A run is of one thread. It owns its plan, its values and what operators hold; all of it is
 * freed at once. Its error is sticky: what meets one returns NULL or false, and so does
 * whoever asked.
 */
#ifndef ST_RULES_ENGINE_RUN_RUN_H
#define ST_RULES_ENGINE_RUN_RUN_H

#include "rules/engine/match/match.h"
#include "rules/engine/value/value.h"
#include "shelltree/rules.h"

typedef struct st_run st_run;
typedef struct st_op st_op;
typedef struct st_patterns st_patterns;

/* What all runs over one pool share: worth keeping from rule to rule. */
typedef struct st_shared {
    st_folds folds;
    st_sid known; /* what the pool held before any of these runs: they don't take it */
    st_sid *base; /* by id: its base name; ST_ABSENT: not yet asked */
    size_t base_n;
    st_sid *devices;      /* by host: its DeviceId; ST_ABSENT: not yet asked. NULL: none was */
    st_regexes *regexes;  /* borrowed; NULL: each pattern is compiled by itself */
    struct st_memo *memo; /* what functions made of texts; NULL: none yet */
    struct st_callees *callees;          /* what names call, one block; NULL: none was asked for */
    struct st_habits *habits[ST_TRUSTS]; /* of columns: by which inferred edges are trusted */
    void (*habits_free)(struct st_habits *h);
    st_run *lenders; /* runs whose values and rows others use, the newest first; none owned */
    /* The language's: definitions that were bound for several runs. What they are before them stays
     * as it is, so that others may look while these are bound */
    _Atomic(void *) libraries;
    void (*libraries_free)(void *);
    /* Another thread's, over the same forest: what libraries here keep is what they keep there, and
     * is read there once it is made. NULL: none */
    const struct st_shared *made;
    struct st_kept_rows *alike; /* such rows, of runs here, the newest first */
    /* Makes the rest of rows that a run here has begun to keep, on several threads; false: it
     * didn't, and nothing has changed. early: there are few yet, so only threads that have bound
     * their libraries are worth it. NULL: nothing does */
    bool (*spread)(void *ctx, struct st_kept_rows *s, bool early);
    void *spread_ctx;
} st_shared;
void st_shared_init(st_shared *s, st_pool *pool);
void st_shared_free(st_shared *s);

/* Why a run was stopped. */
typedef enum st_stop { ST_STOP_ROWS, ST_STOP_MEMORY, ST_STOP_TIME } st_stop;

struct st_run {
    st_mem mem;
    const st_rule_settings *settings;
    st_query_limits limits; /* in force */
    st_budget budget;       /* of the plan, of batches and of what operators hold */
    uint64_t taken;         /* bytes, texts among them: the most at any look */
    uint64_t paired;        /* rows that joins gave */
    uint64_t read;          /* rows that the evidence gave */
    int64_t started;        /* ns of the monotonic clock; 0: not yet looked at */
    int64_t looked;         /* when the clock was looked at last; 0: not yet */
    bool late;              /* it was stopped for want of time */
    bool rough;             /* threads made rows for it: one run may have taken otherwise */
    bool explain, measure;  /* the plan will be shown; operators count their time */
    st_arena arena;         /* mem.arena points here: the plan, and values too big for a cell */
    st_shared *shared;
    const st_forest *forest; /* NULL: none */
    int64_t now;
    st_trust trust;
    st_node *roots;        /* by node: the topmost known ancestor; filled as asked */
    st_patterns *patterns; /* that came with the rows; NULL: none yet */
    size_t expr_walks;     /* over expressions, so far: st_expr.walk */
    uint64_t random;       /* what rand() has come to; it begins with the query's text */
    bool draws;            /* the plan asks for numbers at random: each row moves the next one's */
    bool ago_off;
    bool binding;             /* constants are being folded */
    bool lifted;              /* the binder has lifted some bound */
    uint32_t tables;          /* bit i: table i is read */
    st_op *ops;               /* all operators, the newest first */
    st_op *scans;             /* the readers of tables, the newest first */
    struct st_wanted *wanted; /* what it reads, once another run has asked */
    st_event_set lent;        /* events that rows kept by other runs are read from */
    const st_node *only;      /* the plan's one reader gives these rows alone, rising; NULL: all */
    size_t nonly;
    bool foreign;          /* rows are read that another run took from the evidence */
    const uint8_t *shown;  /* by row, those that tables show; NULL: all */
    bool scanned;          /* rows of a table have been asked for */
    bool timed;            /* the plan asks what time it is */
    bool told;             /* values are made of the time, or of evidence that another run keeps */
    bool walks;            /* rows are taken from the tree otherwise than by reading a table */
    unsigned alike;        /* bit t: it gives the same where edges are trusted as in t */
    struct st_run *lender; /* see st_shared.lenders: the one before it */
    const char *limit;     /* a limit was met: the result may lack rows; static text */
    st_err err;
    void **owned; /* predicates and the like, freed with the run */
    void (**owned_free)(void *);
    size_t nowned, owned_cap, owned_free_cap;
};
/* r stays where it is until it is freed. */
void st_run_init(st_run *r, const st_forest *f, st_shared *shared, const st_run_options *o,
                 const st_rule_settings *settings);
void st_run_free(st_run *r);
/* The compiled pattern, until the next call; NULL (and the run says so) if it is none. */
st_regex *st_run_regex(st_run *r, st_sid text);
/* The next number of the run's own sequence. */
uint64_t st_run_random(st_run *r);
/* Out of memory, or of what the run may take of it: sets the error, returns false. */
bool st_run_nomem(st_run *r);
/* The run has met a limit: sets the error, returns false. */
bool st_run_stop(st_run *r, st_stop why);
/* Its time begins, if it didn't. */
void st_run_start(st_run *r);
/* Rows that code which the row's values can make slow may take between two looks. */
enum { ST_LOOK_ROWS = 16 };
/* Whether it is within its limits of memory and time; asked about every thousand rows. */
bool st_run_going(st_run *r);
/* Of memory alone, which costs less to ask. */
bool st_run_fits(st_run *r);
/* Whether an operator may give that many rows. */
bool st_run_rows(st_run *r, uint64_t n);
/* p is freed by f with the run (at once if it can't be kept; then false). */
bool st_run_own(st_run *r, void *p, void (*f)(void *));
/* Did memory fail where nothing could be returned? Texts may be missing then. */
static inline bool st_run_short(const st_run *r)
{
    return r->arena.failed || r->mem.buf.failed || r->shared->folds.arena.failed;
}
static inline bool st_run_ok(const st_run *r)
{
    return r->err.code == ST_OK && !st_run_short(r);
}

#endif
