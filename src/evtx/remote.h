/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.h - libevtx in a child process that can do nothing but compute. Private to src/evtx.
 *
 * Chunks go in, records come out, so that the crash, the hang or the compromise of libevtx or
 * libxml2 costs the records of one chunk. What the child says is believed as little as the evidence
 * is: lengths and places are checked, the record's own header is read here, text must be UTF-8;
 * and an answer that isn't one, or that takes too long, ends the child. The next chunk gets
 * a new one.
 *
 * Records come as from st_libevtx, without xml. Where the child ended the whole chunk counts as
 * lost, and ops->ended is told.
 *
 * Threads  one caller a reader; several readers at once. A child is made by fork without exec, and
 *          uses of its parent nothing that another thread may hold: no lock of libevtx or libxml2,
 * since the parent's threads use neither while readers are at work.
 */
#ifndef ST_EVTX_REMOTE_H
#define ST_EVTX_REMOTE_H

#include "evtx/engine.h"

#include <sys/types.h>

typedef struct st_remote st_remote;
st_remote *st_remote_new(void); /* NULL: no memory */
void st_remote_free(st_remote *s);
/* A new piece of work: the chunk that came last isn't the one before. */
void st_remote_begin(st_remote *s);
st_code st_remote_chunk(st_remote *s, const st_chunk *c, st_err *err);
/* The one record at `at` in the chunk. again: the chunk is the one that was handed in last. */
st_code st_remote_one(st_remote *s, const st_chunk *c, uint32_t at, bool again, st_err *err);
/* For tests: the child, 0 if there is none at the moment; and a wait of other length than limits.h
 * has, in milliseconds. */
pid_t st_remote_child(const st_remote *s);
void st_remote_patience(st_remote *s, unsigned ms);

#endif
