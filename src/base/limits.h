/*
 * limits.h - every bound on what evidence, rules and options may ask for, with
 * its reason and what happens when it is met. The only place for such numbers.
 */
#ifndef SHELLTREE_LIMITS_H
#define SHELLTREE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* More threads than this only compete for memory bandwidth. Met: capped. */
#define ST_MAX_THREADS 256u

/* Links a Chain shows: a cell must stay readable. Met: the middle (or top) becomes "… +N …". */
#define ST_MAX_CHAIN_SHOWN 12u
/* Ancestors looked at for a Chain: a chain of a million must not cost its square. Met: the
 * links above are only counted. */
#define ST_MAX_CHAIN_WALK 256u
/* Context rows an incident may have: one noisy service must not drown the others. Met: the
 * rest is left out and counted. */
#define ST_MAX_CONTEXT_ROWS 5000u
/* UTF-16 units of a CSV cell: spreadsheets cut at 32,767 without a word. Met: cut, marked, counted. */
#define ST_MAX_CSV_CELL 32000u
/* Levels a tree is drawn with lines for: beyond, nobody can follow them. Met: "… depth N". */
#define ST_MAX_TREE_DRAWN 256u
/* Lines a wrapped command line may take on a terminal. Met: cut with an ellipsis. */
#define ST_MAX_WRAPPED_LINES 6u
/* Fields of a record whose names are compared with each other, so that no key comes twice.
 * Met: further ones carry their place in their name. */
#define ST_MAX_DISTINCT_FIELDS 512u
/* Levels of a dynamic value that the writer checks. Met: it is written as a string. */
#define ST_MAX_JSON_DEPTH 128u

#endif
