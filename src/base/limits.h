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
/* Templates of one chunk, compiled or only found; real: 41. Met: further ones count as missing. */
#define ST_MAX_TEMPLATES 2048u
/* Steps for one record, and for all of a chunk: a token, a field, 256 bytes of a value each
 * count one. Templates that overlap, repeat or hold each other would cost their square
 * otherwise; a real chunk takes some ten thousand. Met: the record is cut. */
#define ST_MAX_RECORD_STEPS (UINT32_C(1) << 17)
#define ST_MAX_CHUNK_STEPS (UINT64_C(1) << 19)
/* Text put together for one record from pieces. Met: the field is left empty, the record marked. */
#define ST_MAX_RECORD_TEXT (UINT32_C(1) << 20)
/* Names a thread remembers from chunk to chunk; forged logs could hold any number. Met: all
 * are forgotten before the next chunk. */
#define ST_MAX_NAMES 65536u
/* Files listed, of any kind: about 400 bytes each. Met: the run ends with an error. */
#define ST_MAX_SOURCES ((size_t)16000000)
/* Folders inside each other; no collection comes near. Met: the folder is listed as unreadable. */
#define ST_MAX_FOLDER_DEPTH 1024u
/* Standard input is kept in memory, because logs are read at offsets. Met: the source is
 * listed as unreadable, with advice. */
#define ST_MAX_STDIN ((size_t)2 << 30)
/* A list of paths. Met: an error. */
#define ST_MAX_PATH_LIST ((size_t)1 << 30)
/* How far a file that begins with zeros is looked at to see whether it is all zeros. Met: it
 * is of unknown kind. */
#define ST_MAX_ZERO_SCAN (UINT64_C(4) << 30)
/* Byte ranges without a record that are kept for one source, the first by offset; a hostile log
 * could make one of every other byte. Met: further ones are only counted. */
#define ST_MAX_RANGES ((size_t)1000)

/* One event as XML. A record is at most 64 KiB of binary XML, whose text may be some times as
 * long. Met: the record is counted as unparsable. */
#define ST_MAX_EVENT_XML ((size_t)8 << 20)

/* How often one chunk is offered to libevtx again for records that its walk didn't reach; each
 * costs as much as a chunk. Real damage needs a handful. Met: further ones count as unparsable. */
#define ST_MAX_OFFERS 200u

#endif
