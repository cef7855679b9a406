/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - rows of a query as a table of texts: what `query` shows, and what a rule gives whose
 * rows are no processes.
 */
#ifndef ST_RULES_TABLE_H
#define ST_RULES_TABLE_H

#include "rules/engine/operators/ops.h"

/* A table that is being filled. Start with { .keep = ..., .digests = ... }. */
typedef struct st_filling {
    bool keep;         /* the rows' texts; else they are only counted */
    bool want_digests; /* of each row, to compare two tables by */
    st_table *table;   /* with keep; until it is handed on */
    st_cell *cells;
    size_t ncells, cells_cap;
    uint64_t rows;
    uint64_t *digests;
    size_t ndigests, digests_cap;
} st_filling;

/* Takes the rows of a batch of schema s: all, or those that `which` says. False: r has failed, for
 * want of memory or of what it may take of it. */
bool st_filling_take(st_run *r, st_filling *f, const st_schema *s, st_batch *b, const bool *which);
/* The table, even of no rows; NULL: r has failed. The caller owns it. */
st_table *st_filling_end(st_run *r, st_filling *f, const st_schema *s);
void st_filling_free(st_filling *f);
/* How many rows of a are not among b's; both have digests, which are sorted by it. */
uint64_t st_filling_only_in(st_filling *a, st_filling *b);

#endif
