/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - what a child process that parses hostile bytes may still do.
 */
#ifndef ST_BASE_CONFINE_H
#define ST_BASE_CONFINE_H

#include <stdint.h>

typedef struct st_confinement {
    uint64_t memory;  /* bytes that the process may add to the address space it has */
    unsigned seconds; /* of processor time */
} st_confinement;

/* Makes fd the process's only descriptor, number 0, and takes from it all that it doesn't need to
 * compute: new files, sockets, processes, memory and time beyond the bounds, code that isn't there
 * yet. Whatever the kernel doesn't offer is left out. */
void st_confine(int fd, const st_confinement *most);

#endif
