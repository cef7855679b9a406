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

#endif
