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

/* Process creations are counted with 32 bits, and a few values at the top mean "none".
 * Met: reading stops with an error, as for memory; 4 billion rows are a terabyte. */
#define ST_MAX_ROWS UINT32_C(0xfffffff0)

#endif
