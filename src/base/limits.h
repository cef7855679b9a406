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

/* Arrays and bags inside one another; deeper text isn't taken for JSON and stays a string. */
#define ST_MAX_JSON_DEPTH 128u
/* A pattern longer than this is generated, not written; compiled size grows with it. Met: the rule
 * is broken. */
#define ST_MAX_REGEX 65536u
/* Steps of one regular expression over one text, so that no pattern and no command line
 * together can stall a run. Met: no match, and the rule's result says it stopped short. */
#define ST_MAX_REGEX_STEPS 1000000u
#define ST_MAX_REGEX_DEPTH 100000u
#define ST_MAX_REGEX_HEAP_KIB 16384u
/* Elements of AncestorFileNames: a hostile chain must not cost its square. Met: nearest ones only. */
#define ST_MAX_ANCESTORS 64u
/* Tables and functions of lets inside one another, all written out when bound. Met: the rule is broken. */
#define ST_MAX_KQL_CALLS 64u
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
