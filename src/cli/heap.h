/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - how much of the house's memory may be such that only swap could take it (--memory). */
#ifndef ST_CLI_HEAP_H
#define ST_CLI_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* The C library gives a freed block of 128 KiB or more back to the system, and takes new pages for
 * the next, until a larger one was freed: from now on it keeps those of less than 1 MiB, as arenas
 * have them. First of all. */
void st_heap_begin(void);
/* From now on, while large blocks take `most` bytes of memory, further ones lie in fd, an empty
 * file, of which they may take `room` bytes; fd is kept. Once. false: errno says why. */
bool st_heap_bound(uint64_t most, int fd, uint64_t room);
/* The rest of the run goes from host to host, as rows in order of time do. */
void st_heap_scattered(void);
/* The most bytes that were in the file at once. */
uint64_t st_heap_spilled(void);
/* errno of the block that last had no room there; 0: all had. */
int st_heap_full(void);

#endif
