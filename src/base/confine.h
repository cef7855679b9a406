/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - what a process that reads hostile bytes gives up before it reads them.
 *
 * st_confine         a child that parses with a library (libevtx, libxml2, an archive's): it can
 *                    compute, read and write one descriptor, and nothing else.
 * st_confine_reader  the program itself, all verbs: it can read files and write its output, but run
 *                    no program, reach no network, look into no other process.
 *
 * How a new child is made (child.h): fork with st_child_start; in serve() allocate what may need
 * files or locales first, then call st_confine, then read the first question. Send the bits that
 * st_confine gave to the parent with the first answer, so that the caller can say when a bar isn't
 * there (remote.c does so).
 *
 * Errors   none: what the kernel or the build doesn't offer is left out, and its bit isn't set.
 *          Under emulators, in some containers and where configure ran with --without-seccomp
 *          there is no filter of system calls.
 * Threads  both bind the calling thread and what it starts afterwards: call them before the first
 *          thread begins.
 */
#ifndef ST_BASE_CONFINE_H
#define ST_BASE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

typedef struct st_confinement {
    uint64_t memory;  /* bytes that the process may add to the address space it has */
    unsigned seconds; /* of processor time */
} st_confinement;

/* What holds. */
enum {
    ST_HELD_CALLS = 1, /* system calls are filtered (seccomp) */
    ST_HELD_FILES = 2, /* writing and running by path is barred (Landlock) */
};

/* Makes fd the process's only descriptor, number 0, and takes from it all that it doesn't need to
 * compute: new files, sockets, processes, memory and time beyond the bounds, code that isn't there
 * yet. */
unsigned st_confine(int fd, const st_confinement *most);

/* Takes from this process, for good: running programs, sockets other than the pairs that lead to
 * its children, tracing, kernel interfaces that would lead around this; and with Landlock writing,
 * making, renaming and removing files anywhere but beneath the n directories. Those that aren't
 * there are left out. Descriptors that are open stay usable. */
unsigned st_confine_reader(const char *const *writable, size_t n);

#endif
