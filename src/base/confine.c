/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - resource limits, and a seccomp filter written by hand: a list of system calls,
 * everything else fails as not permitted. Mapping or making memory executable is none of them.
 */
#include "base/confine.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __linux__
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ST_SHADOW_MEMORY 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ST_SHADOW_MEMORY 1
#endif

/* limits */

static void limit(int what, uint64_t most)
{
    struct rlimit now, to = { (rlim_t)most, (rlim_t)most };
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max != RLIM_INFINITY &&
        now.rlim_max < to.rlim_max)
        return;
    setrlimit((__rlimit_resource_t)what, &to);
}

/* Address space in use; 0: not known. */
static uint64_t address_space(void)
{
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%llu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(uint64_t more)
{
#ifndef ST_SHADOW_MEMORY /* sanitizers map terabytes */
    uint64_t now = address_space();
    if (now)
        limit(RLIMIT_AS, now + more);
#else
    (void)address_space;
    (void)more;
#endif
}

static void close_others(int fd)
{
    if (fd != 0)
        dup2(fd, 0);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 1u, ~0u, 0u) == 0)
        return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    for (int i = 1; i < (most > 0 && most < 65536 ? (int)most : 65536); i++)
        close(i);
}

/* system calls */

#if defined(__linux__) && defined(__x86_64__)
#define ST_ARCH AUDIT_ARCH_X86_64
#elif defined(__linux__) && defined(__aarch64__)
#define ST_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ST_ARCH
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define GIVE(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), GIVE(SECCOMP_RET_ALLOW)
/* Only without PROT_EXEC among the third argument's bits (low word: little-endian). */
#define ALLOW_DATA(call)                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD(args[2]),                   \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0), GIVE(SECCOMP_RET_ALLOW), \
        GIVE(SECCOMP_RET_ERRNO | EPERM)

static void filter_calls(void)
{
    struct sock_filter code[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ST_ARCH, 1, 0),
        GIVE(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(SYS_read),
        ALLOW(SYS_write),
        ALLOW(SYS_brk),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_madvise),
        ALLOW(SYS_futex),
        ALLOW(SYS_getrandom),
        ALLOW(SYS_clock_gettime),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_exit),
        ALLOW(SYS_exit_group),
        ALLOW_DATA(SYS_mmap),
        ALLOW_DATA(SYS_mprotect),
        GIVE(SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#endif

void st_confine(int fd, const st_confinement *most)
{
    limit_memory(most->memory);
    close_others(fd);
    limit(RLIMIT_CPU, most->seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 1);
#ifdef __linux__
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
#ifdef ST_ARCH
    filter_calls();
#endif
}
