/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - resource limits, filters of system calls through libseccomp, Landlock.
 *
 * The child's filter is a list of what it may: everything else fails as not permitted, also mapping
 * memory executable or making it so. The program's own is a list of what it may not, since
 * a C library asks for other calls from version to version to open, read and write files.
 */
#include "config.h"

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/ioctl.h>
#include <sys/prctl.h>
#endif
#ifdef HAVE_SECCOMP
#include <seccomp.h>
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

static void no_new_rights(void)
{
#ifdef __linux__
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
}

/* system calls */

#ifdef HAVE_SECCOMP

/* A call by its name, since not every architecture has each. */
typedef struct call {
    const char *name;
    unsigned arg; /* the rule is about this argument, if mask isn't 0: */
    uint64_t mask, value;
} call;

/* On s390x the arguments of mmap lie in memory, where no filter looks. */
#ifdef __s390x__
#define NO_EXEC_OF_MMAP 0
#else
#define NO_EXEC_OF_MMAP PROT_EXEC
#endif

static const call COMPUTING[] = {
    { "read", 0, 0, 0 },
    { "write", 0, 0, 0 },
    { "brk", 0, 0, 0 },
    { "munmap", 0, 0, 0 },
    { "mremap", 0, 0, 0 },
    { "madvise", 0, 0, 0 },
    { "futex", 0, 0, 0 },
    { "futex_time64", 0, 0, 0 },
    { "getrandom", 0, 0, 0 },
    { "clock_gettime", 0, 0, 0 },
    { "clock_gettime64", 0, 0, 0 },
    { "rt_sigreturn", 0, 0, 0 },
    { "sigreturn", 0, 0, 0 },
    { "restart_syscall", 0, 0, 0 },
    { "exit", 0, 0, 0 },
    { "exit_group", 0, 0, 0 },
#ifndef __i386__ /* its arguments lie in memory; mmap2 is what is used */
    { "mmap", 2, NO_EXEC_OF_MMAP, 0 },
#endif
    { "mmap2", 2, PROT_EXEC, 0 },
    { "mprotect", 2, PROT_EXEC, 0 },
};

static const call NEVER_READING[] = {
    /* programs */
    { "execve", 0, 0, 0 },
    { "execveat", 0, 0, 0 },
    /* the network; a pair to a child stays */
    { "socket", 0, 0, 0 },
    { "connect", 0, 0, 0 },
    { "bind", 0, 0, 0 },
    { "listen", 0, 0, 0 },
    { "accept", 0, 0, 0 },
    { "accept4", 0, 0, 0 },
/* other processes; the sanitizers look for leaks so */
#ifndef ST_SHADOW_MEMORY
    { "ptrace", 0, 0, 0 },
    { "process_vm_readv", 0, 0, 0 },
#endif
    { "process_vm_writev", 0, 0, 0 },
    { "pidfd_getfd", 0, 0, 0 },
    /* a terminal's input, as though it had been typed (TIOCSTI) */
    { "ioctl", 1, 0xffffffff, 0x5412 },
    /* what leads around all that: calls made by the kernel, other roots, its own code */
    { "io_uring_setup", 0, 0, 0 },
    { "bpf", 0, 0, 0 },
    { "perf_event_open", 0, 0, 0 },
    { "userfaultfd", 0, 0, 0 },
    { "unshare", 0, 0, 0 },
    { "setns", 0, 0, 0 },
    { "mount", 0, 0, 0 },
    { "umount2", 0, 0, 0 },
    { "move_mount", 0, 0, 0 },
    { "open_tree", 0, 0, 0 },
    { "fsopen", 0, 0, 0 },
    { "mount_setattr", 0, 0, 0 },
    { "pivot_root", 0, 0, 0 },
    { "chroot", 0, 0, 0 },
    { "init_module", 0, 0, 0 },
    { "finit_module", 0, 0, 0 },
    { "delete_module", 0, 0, 0 },
    { "kexec_load", 0, 0, 0 },
    { "kexec_file_load", 0, 0, 0 },
    { "reboot", 0, 0, 0 },
    { "swapon", 0, 0, 0 },
    { "swapoff", 0, 0, 0 },
    { "add_key", 0, 0, 0 },
    { "request_key", 0, 0, 0 },
    { "keyctl", 0, 0, 0 },
    { "mknod", 0, 0, 0 },
    { "mknodat", 0, 0, 0 },
    { "open_by_handle_at", 0, 0, 0 },
    { "clock_settime", 0, 0, 0 },
    { "clock_settime64", 0, 0, 0 },
    { "settimeofday", 0, 0, 0 },
    { "sethostname", 0, 0, 0 },
};

static bool add_call(scmp_filter_ctx filter, uint32_t action, const call *c)
{
    int nr = seccomp_syscall_resolve_name(c->name);
    if (nr == __NR_SCMP_ERROR)
        return true; /* newer than the library: it can't tell it from others */
    if (c->mask)
        return seccomp_rule_add(filter, action, nr, 1,
                                SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value)) == 0;
    return seccomp_rule_add(filter, action, nr, 0) == 0;
}

/* Does what `others` says, but for the calls of the list what `action` says. */
static unsigned filter_calls(uint32_t others, uint32_t action, const call *list, size_t n)
{
    scmp_filter_ctx filter = seccomp_init(others);
    bool ok =
        filter && seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_call(filter, action, &list[i]);
    ok = ok && seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return ok ? ST_HELD_CALLS : 0;
}

static unsigned filter_child(void)
{
    return filter_calls(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ALLOW, COMPUTING,
                        sizeof COMPUTING / sizeof COMPUTING[0]);
}

static unsigned filter_reader(void)
{
    return filter_calls(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), NEVER_READING,
                        sizeof NEVER_READING / sizeof NEVER_READING[0]);
}

#else

static unsigned filter_child(void)
{
    return 0;
}

static unsigned filter_reader(void)
{
    return 0;
}

#endif

/*
 * Landlock: https://docs.kernel.org/userspace-api/landlock.html
 * The numbers are here since the headers of some distributions are older than their kernels.
 */

#if defined(__linux__) && !defined(ST_COVERAGE) /* which writes its files at the end */

enum {
    CREATE_RULESET = 444,
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    ONLY_VERSION = 1, /* flag: only say which version there is */
    PATH_BENEATH = 1, /* kind of rule */
};

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,    /* since version 2 */
    FS_TRUNCATE = 1 << 14, /* 3 */
    NET_BIND_TCP = 1 << 0, /* 4 */
    NET_CONNECT_TCP = 1 << 1,
};

enum {
    OUTPUT = FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_REFER,
    BARRED = OUTPUT | FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_BLOCK |
             FS_MAKE_SYM,
};

typedef struct ruleset {
    uint64_t fs, net;
} ruleset;

typedef struct beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed)) beneath;

static bool allow_beneath(int rules, const char *dir, uint64_t what)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return true;
    beneath b = { what, fd };
    bool ok = syscall(ADD_RULE, rules, PATH_BENEATH, &b, 0) == 0;
    close(fd);
    return ok;
}

/* Version 1 forbids every renaming from one directory to another, ours too. */
static unsigned bar_files(const char *const *writable, size_t n)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ONLY_VERSION);
    uint64_t truncate = version >= 3 ? FS_TRUNCATE : 0;
    ruleset r = { BARRED | truncate, NET_BIND_TCP | NET_CONNECT_TCP };
    if (version < 2)
        return 0;
    int rules = (int)syscall(CREATE_RULESET, &r, version >= 4 ? sizeof r : sizeof r.fs, 0);
    if (rules < 0)
        return 0;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = allow_beneath(rules, writable[i], OUTPUT | truncate);
    ok = ok && syscall(RESTRICT_SELF, rules, 0) == 0;
    close(rules);
    return ok ? ST_HELD_FILES : 0;
}

#else

static unsigned bar_files(const char *const *writable, size_t n)
{
    (void)writable;
    (void)n;
    return 0;
}

#endif

/* the door */

unsigned st_confine(int fd, const st_confinement *most)
{
    limit_memory(most->memory);
    close_others(fd);
    limit(RLIMIT_CPU, most->seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 1);
    no_new_rights();
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    return filter_child();
}

unsigned st_confine_reader(const char *const *writable, size_t n)
{
    no_new_rights();
    unsigned files = bar_files(writable, n);
    return files | filter_reader();
}
