/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice.h - a sound generated chunk for a fuzzer's bytes to stand in: its checksums are right
 * and its templates are there, so the bytes get past the first looks.
 */
#ifndef SHELLTREE_FUZZ_SPLICE_H
#define SHELLTREE_FUZZ_SPLICE_H

#include "support/evtxgen.h"

enum {
    SPLICE_OUTER = 550,     /* where the definition of the first record's outer template begins */
    SPLICE_SYSTEM = 18,     /* values of that template; the last is the body */
    SPLICE_DEFINITION = 14, /* from the beginning of a binary XML to the definition in it */
    SPLICE_BODY = 38        /* and to that definition's body */
};

/* A log whose chunk has one record: a process creation with both its templates. NULL: no memory. */
gen_log *splice_begin(void);
/* Ends the log and decodes its chunk (fuzz_chunk). */
void splice_end(gen_log *log);
/* The events that seeds are made of; NULL behind the last. The strings are static. */
const gen_event *splice_event(size_t i, const char **name);

#endif
