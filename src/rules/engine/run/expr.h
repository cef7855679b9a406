/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.h - typed expressions, and their values over a batch of rows.
 *
 * An expression lives in its run's arena and is never changed once bound. Its height is bounded
 * by whoever made it.
 */
#ifndef ST_RULES_ENGINE_RUN_EXPR_H
#define ST_RULES_ENGINE_RUN_EXPR_H

#include "rules/engine/run/batch.h"
#include "rules/engine/run/run.h"

typedef struct st_expr st_expr;

/* One value from its arguments' values. */
typedef st_val st_fn_code(st_run *r, const st_expr *x, const st_val *a);

typedef struct st_window st_window;
typedef enum st_expr_kind {
    ST_EXPR_CONST,
    ST_EXPR_COLUMN,
    ST_EXPR_CALL,
    ST_EXPR_PRED,
    ST_EXPR_WINDOW
} st_expr_kind;
struct st_expr {
    st_expr_kind kind;
    st_type type;
    st_val value;     /* CONST */
    size_t col;       /* COLUMN */
    st_fn_code *code; /* CALL */
    st_expr **args;   /* CALL; PRED has one, the text */
    size_t nargs;
    st_pred *pred; /* PRED */
    bool negate;   /* PRED, and string operators with needles that aren't constant */
    st_mop mop;    /* both */
    bool fold, all;
    bool field;     /* PRED: null is false (else: an empty text), of an array any element may fit */
    size_t needles; /* PRED: how many constants stand in args behind the text */
    bool ago;       /* comes from ago(): a moving window */
    bool windowed;  /* a function of other rows is in it */
    unsigned uses; /* arguments of others that it is: what a function is given stands in it often */
    bool anew;     /* the same columns may give another value: rand() is in it */
    size_t walk;   /* the last of its run's walks over expressions that came by; 0: none did */
    void *state;   /* what code keeps between rows (a compiled pattern) */
    const st_window *window; /* WINDOW: a function of the whole batch */
};
/* The expression's values over a batch; *step is 0 if all are v[0]. NULL: the run failed. */
const st_val *st_expr_run(st_run *r, const st_expr *x, st_batch *b, size_t *step);
/* What a walk does with an expression; false: it goes no further. */
typedef bool st_expr_seen(void *ctx, const st_expr *x);
/* x and all that is in it, each once, however many others it is an argument of. false: no memory,
 * and the run says so. */
bool st_expr_each(st_run *r, const st_expr *x, st_expr_seen *seen, void *ctx);
/* used[c] = true for the columns c that x reads; the others stay as they are. */
bool st_expr_columns(st_run *r, const st_expr *x, bool *used);
/* keep[i] = x is true in row i. */
bool st_expr_test(st_run *r, const st_expr *x, st_batch *b, bool *keep);
/* The value of an expression without columns. */
st_val st_expr_constant(st_run *r, const st_expr *x);

#endif
