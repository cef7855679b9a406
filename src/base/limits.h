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

/* ---- EVTX. Real maxima are those of some thousand real logs. ----------------------- */

/* Slots of 64 KiB in one piece of work: 4 MiB, so that one log keeps all threads busy. */
#define ST_MAX_RUN_SLOTS 64u
/* Elements open at once; real: 7. Met: the element is skipped, the record marked. */
#define ST_MAX_DEPTH 64u
/* Streams inside values inside streams; real: 2. Met: the value is left out, the record marked. */
#define ST_MAX_NEST 8u
/* Substitutions of one instance; real: 42. Met: the rest is ignored, the record marked. */
#define ST_MAX_SUBST 1024u
/* Characters of a name; real: 34. Met: counts as damage. */
#define ST_MAX_NAME 512u
/* Fields of one record, items of arrays included. Met: the rest is left out, the record marked. */
#define ST_MAX_FIELDS 8192u
/* Templates compiled for one chunk; real: 41. Met: further ones count as missing. */
#define ST_MAX_TEMPLATES 2048u
/* Template ids that a chunk is searched for. Met: further ones count as missing. */
#define ST_MAX_SEARCHED_TEMPLATES 64u
/* Tokens and fields looked at for one record, and for all of a chunk; templates that
 * overlap or repeat each other would cost their square otherwise. Met: the record is cut. */
#define ST_MAX_RECORD_STEPS (UINT32_C(1) << 18)
#define ST_MAX_CHUNK_STEPS (UINT64_C(1) << 21)
/* Text put together for one record from pieces. Met: the field is left empty, the record marked. */
#define ST_MAX_RECORD_TEXT (UINT32_C(1) << 20)
/* Names a thread remembers from chunk to chunk; forged logs could hold any number. Met: all
 * are forgotten before the next chunk. */
#define ST_MAX_NAMES 65536u

#endif
