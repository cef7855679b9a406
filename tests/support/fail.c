/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail.c - preloaded into the program: counts its calls of one kind and fails one of them.
 *
 *   FAIL_KIND    malloc (calloc, realloc, too), read (pread, too), readdir, rename, unlink, fsync,
 *                pthread_create
 *   FAIL_AT      the number of the call that fails, from 1 on; 0: none
 *   FAIL_REPORT  a file that gets, at the end, how many calls there were and how many blocks of
 *                memory were never freed
 *
 * Only the process that it was loaded into counts, not its children.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static const char *kind;
static unsigned long fail_at;
static atomic_ulong calls;
static atomic_long blocks;
static pid_t self;

__attribute__((destructor)) static void end(void)
{
    const char *report = getenv("FAIL_REPORT");
    if (!report || getpid() != self)
        return;
    kind = NULL;
    int fd = open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        dprintf(fd, "%lu %ld\n", atomic_load(&calls), atomic_load(&blocks));
        close(fd);
    }
}

/* Libraries that don't survive a call that finds no memory (libseccomp never comes back, the others
 * crash or write on without it): their calls aren't counted. */
static const char *const SPARED[] = { "libseccomp", "libxlsxwriter", "libxml2" };
enum { SPARES = sizeof SPARED / sizeof SPARED[0] };
static struct {
    const char *from, *to;
} spared[SPARES];

static int spare(struct dl_phdr_info *x, size_t n, void *unused)
{
    (void)n;
    (void)unused;
    for (int k = 0; k < SPARES; k++)
        for (int i = 0; strstr(x->dlpi_name, SPARED[k]) && i < x->dlpi_phnum; i++) {
            const char *from = (const char *)x->dlpi_addr + x->dlpi_phdr[i].p_vaddr;
            const char *to = from + x->dlpi_phdr[i].p_memsz;
            if (x->dlpi_phdr[i].p_type != PT_LOAD)
                continue;
            spared[k].from = !spared[k].from || from < spared[k].from ? from : spared[k].from;
            spared[k].to = to > spared[k].to ? to : spared[k].to;
        }
    return 0;
}

static int is_spared(const void *caller)
{
    const char *p = caller;
    for (int k = 0; k < SPARES; k++)
        if (p >= spared[k].from && p < spared[k].to)
            return 1;
    return 0;
}
#define NO_MEMORY (!is_spared(__builtin_return_address(0)) && fails("malloc", ENOMEM))

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    self = getpid();
    dl_iterate_phdr(spare, NULL);
    kind = getenv("FAIL_KIND");
}

/* Where a debugger may stop. */
__attribute__((noinline)) void fails_here(void);
void fails_here(void)
{
    __asm__ volatile("");
}

/* Is this the call that fails? */
static int fails(const char *what, int errnum)
{
    if (!kind || strcmp(kind, what) != 0 || getpid() != self)
        return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != fail_at)
        return 0;
    fails_here();
    errno = errnum;
    return 1;
}

static void *count(void *p)
{
    if (p)
        atomic_fetch_add(&blocks, 1);
    return p;
}

void *malloc(size_t n)
{
    return NO_MEMORY ? NULL : count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return NO_MEMORY ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (NO_MEMORY)
        return NULL;
    void *q = __libc_realloc(p, n);
    if (!p)
        count(q);
    else if (!q && !n)
        atomic_fetch_sub(&blocks, 1);
    return q;
}

void free(void *p)
{
    if (p)
        atomic_fetch_sub(&blocks, 1);
    __libc_free(p);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int fd, void *to, size_t n)
{
    return fails("read", EIO) ? -1 : NEXT(read)(fd, to, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    return fails("read", EIO) ? -1 : NEXT(pread)(fd, to, n, at);
}

ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
    return fails("read", EIO) ? -1 : NEXT(pread64)(fd, to, n, at);
}

struct dirent *readdir(DIR *d)
{
    return fails("readdir", EIO) ? NULL : NEXT(readdir)(d);
}

struct dirent64 *readdir64(DIR *d)
{
    return fails("readdir", EIO) ? NULL : NEXT(readdir64)(d);
}

int rename(const char *from, const char *to)
{
    return fails("rename", EACCES) ? -1 : NEXT(rename)(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    return fails("rename", EACCES) ? -1 : NEXT(renameat2)(a, from, b, to, flags);
}

int unlink(const char *path)
{
    return fails("unlink", EACCES) ? -1 : NEXT(unlink)(path);
}

int fsync(int fd)
{
    return fails("fsync", EIO) ? -1 : NEXT(fsync)(fd);
}

int pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*fn)(void *), void *arg)
{
    return fails("pthread_create", EAGAIN) ? EAGAIN : NEXT(pthread_create)(id, a, fn, arg);
}
