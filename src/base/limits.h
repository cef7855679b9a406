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

/* Brackets within brackets in a rule; the parser calls itself that often. Met: an error in
 * that rule. Real queries stay below 30. */
#define ST_MAX_KQL_DEPTH 200u
/* Height of a rule's expression tree (a or b or c ... is as high as it is long); the binder
 * calls itself that often. Met: an error in that rule. */
#define ST_MAX_KQL_HEIGHT 2000u
/* Bytes of one rule file; offsets are 32 bits and the largest published query has 60 kB.
 * Met: the file isn't loaded, with a diagnostic. */
#define ST_MAX_RULE_BYTES (4u << 20)
/* Errors shown for one rule file; later ones are rarely news. Met: the rest is counted. */
#define ST_MAX_DIAGS 20u
/* Folders within folders of rules. Met: the deeper ones aren't walked, with a diagnostic. */
#define ST_MAX_RULE_DEPTH 16u

#endif
