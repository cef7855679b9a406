/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* posix.c - Linux's answers. */
#include "config.h"

#include "base/os/os.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

bool st_os_descriptor_path(int fd, char *out, size_t n)
{
    int k = snprintf(out, n, "/proc/self/fd/%d", fd);
    return k > 0 && (size_t)k < n;
}

bool st_os_program_path(char *out, size_t n)
{
    ssize_t k = readlink("/proc/self/exe", out, n);
    if (k <= 0 || (size_t)k >= n)
        return false;
    out[k] = 0;
    return true;
}

bool st_os_children_share(void)
{
    return false;
}

/* Only what whole large pages hold: the rest of them is somebody else's. */
void st_os_dense(void *p, size_t n)
{
    const uintptr_t large = (uintptr_t)2 << 20, at = (uintptr_t)p;
    uintptr_t from = (at + large - 1) / large * large, to = (at + n) / large * large;
    if (p && from < to)
        (void)madvise((char *)p + (from - at), to - from, MADV_HUGEPAGE);
}

void st_os_begin_sync(int fd, uint64_t from, uint64_t n)
{
    (void)sync_file_range(fd, (off_t)from, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

/* A name may hold any byte but `/` here. */
void st_os_path(char *path)
{
    (void)path;
}

const char *st_os_bars(void)
{
#ifdef HAVE_SECCOMP
    return "seccomp and Landlock where the kernel has them";
#else
    return "Landlock where the kernel has it; built without seccomp";
#endif
}
