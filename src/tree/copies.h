/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* copies.h - what copies.c and alike.c share: rows on their way to nodes, compared. */
#ifndef ST_TREE_COPIES_H
#define ST_TREE_COPIES_H

#include "tree/forest.h"

/* A row, or several that are one. */
typedef struct st_seed {
    uint64_t hash; /* of the claim */
    uint32_t row, host, copies;
    bool conflict;
} st_seed;

/* The rows and what they came in; NULL: all in event logs. */
typedef struct st_rows_view {
    const st_creations *c;
    const st_evidence *e;
} st_rows_view;

/* Who the rows claim to be; all that they say; which record each is; which copy is better. */
int st_cmp_claim(const st_creations *c, const st_seed *a, const st_seed *b);
int st_cmp_content(const st_creations *c, uint32_t a, uint32_t b);
int st_cmp_record(const st_creations *c, uint32_t a, uint32_t b);
int st_cmp_copy(const st_rows_view *v, uint32_t a, uint32_t b);

/* Folds seeds that are copies of one record, in place; *n: how many are left. No other carrier than
 * event logs is there. Some may stay apart. false: no memory. */
bool st_tree_fold_alike(const st_wood *w, const st_rows_view *v, st_seed *s, size_t *n);

#endif
