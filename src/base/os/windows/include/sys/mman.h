/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* mman.h - pages of a file or of none, as far as the house maps them. */
#ifndef ST_OS_WINDOWS_MMAN_H
#define ST_OS_WINDOWS_MMAN_H

#include <stddef.h>

enum { PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 32 };
#define MAP_FAILED ((void *)-1)
#define mmap st_os_mmap
#define munmap st_os_munmap
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from);
int munmap(void *p, size_t n);

#endif
