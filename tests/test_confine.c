/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_confine.c - what a process can still do once it has given its rights up. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "shelltree/base.h"
#include "base/confine.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define UNDER_SANITIZER 1
#endif

typedef struct powers {
    unsigned held;
    unsigned can; /* bits of the cases of a table, in its order */
} powers;

typedef struct power {
    const char *name;
    bool (*try)(const char *dir);
    unsigned barred_by; /* 0: it stays */
} power;

static bool done(int rc)
{
    return rc >= 0;
}

/* Does a process that this one makes end with 0? */
static bool ends_well(pid_t pid)
{
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool reads(const char *dir)
{
    (void)dir;
    return done(open("/dev/null", O_RDONLY));
}

static bool lists(const char *dir)
{
    return done(open(dir, O_RDONLY | O_DIRECTORY));
}

static bool opens_socket(const char *dir)
{
    (void)dir;
    return done(socket(AF_INET, SOCK_STREAM, 0));
}

static bool opens_local_socket(const char *dir)
{
    (void)dir;
    return done(socket(AF_UNIX, SOCK_STREAM, 0));
}

static bool makes_a_pair(const char *dir)
{
    int pair[2];
    (void)dir;
    return done(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static bool maps_code(const char *dir)
{
    (void)dir;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool makes_code(const char *dir)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)dir;
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool forks(const char *dir)
{
    (void)dir;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return ends_well(pid);
}

static bool runs_a_program(const char *dir)
{
    (void)dir;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    return ends_well(pid);
}

#ifndef UNDER_SANITIZER
static bool is_traced(const char *dir)
{
    (void)dir;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}
#endif

static bool types_into_the_terminal(const char *dir)
{
    char c = 'x';
    (void)dir;
    errno = 0; /* without a terminal it fails in another way */
    return ioctl(0, 0x5412, &c) == 0 || errno != EPERM;
}

static bool writes_inside(const char *dir)
{
    char path[256], other[256];
    snprintf(path, sizeof path, "%s/in/a", dir);
    snprintf(other, sizeof other, "%s/in/sub/b", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return false;
    close(fd);
    snprintf(path, sizeof path, "%s/in/sub", dir);
    if (mkdir(path, 0700) != 0)
        return false;
    snprintf(path, sizeof path, "%s/in/a", dir);
    return rename(path, other) == 0 && unlink(other) == 0;
}

static bool writes_outside(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/there", dir);
    return done(open(path, O_WRONLY));
}

static bool makes_outside(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/new", dir);
    return mkdir(path, 0700) == 0;
}

static bool removes_outside(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/there", dir);
    return unlink(path) == 0;
}

static bool has_memory(const char *dir)
{
    void *p = malloc(1 << 20);
    (void)dir;
    free(p);
    return p != NULL;
}

static bool writes_to_another_descriptor(const char *dir)
{
    (void)dir;
    return write(2, "", 0) == 0;
}

/* Asks a process of its own what it can once `give_up` ran. */
static powers ask(const power *list, size_t n, const char *dir,
                  unsigned (*give_up)(int, const char *))
{
    int pair[2];
    powers p = { 0, 0 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        p.held = give_up(pair[1], dir);
        for (size_t i = 0; i < n; i++)
            p.can |= (unsigned)list[i].try(dir) << i;
        _exit(write(p.held & 0x100 ? 0 : pair[1], &p, sizeof p) == sizeof p ? 0 : 1);
    }
    close(pair[1]);
    assert_int_equal(read(pair[0], &p, sizeof p), sizeof p);
    assert_true(ends_well(pid));
    close(pair[0]);
    return p;
}

static void compare(const power *list, size_t n, const powers *p)
{
    for (size_t i = 0; i < n; i++) {
        bool can = (p->can >> i & 1) != 0, may = !list[i].barred_by;
        /* Where a bar isn't offered, nothing is said about what it would bar. */
        if (list[i].barred_by && !(list[i].barred_by & p->held))
            continue;
        if (can != may)
            fail_msg("%s: %s", list[i].name, can ? "still can" : "can't any more");
    }
}

static void make_place(char dir[64])
{
    char path[128];
    strcpy(dir, "/tmp/test-confine-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/in", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/there", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void remove_place(const char *dir)
{
    static const char *const names[] = { "in/sub", "in/a", "in", "there", "new", "" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        remove(path);
    }
}

/* the child */

/* Descriptors go with resource limits, which each system has. */
enum { ALWAYS = 0x100 };

static unsigned as_child(int fd, const char *dir)
{
    (void)dir;
    return ALWAYS |
           st_confine(fd, &(st_confinement){ ST_MAX_REMOTE_MEMORY, ST_MAX_REMOTE_SECONDS });
}

static void child__each_power__computes_and_nothing_else(void **state)
{
    (void)state;
#ifdef UNDER_SANITIZER
    skip(); /* a sanitizer ends a process by calls that the child has given up */
#endif
    static const power list[] = {
        { "read a file", reads, ALWAYS },
        { "list a directory", lists, ALWAYS },
        { "open a socket", opens_socket, ALWAYS },
        { "make a pair of sockets", makes_a_pair, ALWAYS },
        { "write to another descriptor", writes_to_another_descriptor, ALWAYS },
        { "fork", forks, ST_HELD_CALLS },
        { "run a program", runs_a_program, ST_HELD_CALLS },
#ifndef __s390x__ /* where no filter sees what mmap is asked for */
        { "map code", maps_code, ST_HELD_CALLS },
#endif
        { "make code", makes_code, ST_HELD_CALLS },
        { "remove a file", removes_outside, ST_HELD_CALLS },
        { "get memory", has_memory, 0 },
    };
    enum { N = sizeof list / sizeof list[0] };
    char dir[64];
    make_place(dir);
    powers p = ask(list, N, dir, as_child);
    compare(list, N, &p);
    remove_place(dir);
}

/* the program */

static unsigned as_reader(int fd, const char *dir)
{
    char in[128], none[128];
    const char *writable[] = { in, none };
    (void)fd;
    snprintf(in, sizeof in, "%s/in", dir);
    snprintf(none, sizeof none, "%s/not-there", dir);
    return st_confine_reader(writable, 2);
}

static void reader__each_power__reads_and_writes_its_output(void **state)
{
    (void)state;
    static const power list[] = {
        { "read a file", reads, 0 },
        { "list a directory", lists, 0 },
        { "write its output", writes_inside, 0 },
        { "make a pair of sockets", makes_a_pair, 0 },
        { "fork", forks, 0 },
        { "get memory", has_memory, 0 },
        { "map code", maps_code, 0 }, /* a library is loaded late */
        { "open a socket", opens_socket, ST_HELD_CALLS },
        { "open a local socket", opens_local_socket, ST_HELD_CALLS },
        { "run a program", runs_a_program, ST_HELD_CALLS | ST_HELD_FILES },
#ifndef UNDER_SANITIZER
        { "be traced", is_traced, ST_HELD_CALLS },
#endif
        { "type into the terminal", types_into_the_terminal, ST_HELD_CALLS },
        { "write elsewhere", writes_outside, ST_HELD_FILES },
        { "make a directory elsewhere", makes_outside, ST_HELD_FILES },
        { "remove a file elsewhere", removes_outside, ST_HELD_FILES },
    };
    enum { N = sizeof list / sizeof list[0] };
    char dir[64];
    make_place(dir);
    powers p = ask(list, N, dir, as_reader);
    compare(list, N, &p);
    remove_place(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child__each_power__computes_and_nothing_else),
        cmocka_unit_test(reader__each_power__reads_and_writes_its_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
