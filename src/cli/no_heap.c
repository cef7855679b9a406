/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* no_heap.c - stands in for heap.c where memory can't be led into a file. */
#include "cli/heap.h"

#include <errno.h>

void st_heap_begin(void) {}

bool st_heap_bound(uint64_t most, int fd, uint64_t room)
{
    (void)most;
    (void)fd;
    (void)room;
    errno = ENOSYS;
    return false;
}

void st_heap_scattered(void) {}

uint64_t st_heap_spilled(void)
{
    return 0;
}

int st_heap_full(void)
{
    return 0;
}
