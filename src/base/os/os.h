/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os.h - what the program asks of the system that POSIX has no call for, or that goes otherwise
 * where there is no POSIX.
 *
 * The house is written to POSIX and GNU's C library. Where these are, posix.c is all that this room
 * holds. On Windows the folder windows/ has the rest: the calls that the house makes, under their
 * own names (posix.h), the line to a child (child.h), what is given up (confine.h), digests, and
 * what comes before main.
 */
#ifndef ST_BASE_OS_H
#define ST_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A path by which a library can open the file of that descriptor again, NUL-terminated. False:
 * there is none, or it is longer than n. */
bool st_os_descriptor_path(int fd, char *out, size_t n);
/* The running program's own path, with `/` between names. False: not known, or longer than n. */
bool st_os_program_path(char *out, size_t n);
/* Do children (child.h) share this process's memory, being threads of it? */
bool st_os_children_share(void);
/* The n bytes will be written from the first to the last, or here and there all over: large pages
 * suit them, if the system has such to give. */
void st_os_dense(void *p, size_t n);
/* A file's bytes from `from` on, n of them (0: all), may go to the disk now: who syncs it later
 * waits less. A hint; it promises nothing. */
void st_os_begin_sync(int fd, uint64_t from, uint64_t n);
/* A path that a user typed, spelled as the house does: with `/` between names. In place. */
void st_os_path(char *path);
/* What bars this system has for a process that reads hostile bytes, in words for --version. */
const char *st_os_bars(void);

#endif
