/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - both ends of the line to a child process, and its life.
 */
#include "base/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* its life */

bool st_child_start(st_child *c, void (*serve)(void *ctx, int fd), void *ctx)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        serve(ctx, pair[1]);
        _exit(0);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return false;
    }
    c->pid = pid;
    c->fd = pair[0];
    c->timed = clock_getcpuclockid(pid, &c->cpu) == 0;
    c->asked_at = 0;
    return true;
}

void st_child_stop(st_child *c)
{
    if (!c->pid)
        return;
    close(c->fd);
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
}

uint64_t st_child_used(const st_child *c)
{
    struct timespec t = { 0 };
    if (!c->timed || clock_gettime(c->cpu, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void st_child_ask(st_child *c)
{
    c->asked_at = st_child_used(c);
}

/* the parent's end */

/* Waits until the child takes or gives something. False: it has used up the question's time, on a
 * processor or, many times longer, waiting for one. */
static bool ready(const st_child *c, short events)
{
    for (unsigned i = 0; i < c->turns; i++) {
        struct pollfd p = { .fd = c->fd, .events = events };
        int n = poll(&p, 1, (int)c->turn_ms);
        if (n > 0)
            return true;
        if ((n < 0 && errno != EINTR) ||
            st_child_used(c) - c->asked_at > UINT64_C(1000000) * c->turn_ms)
            return false;
    }
    return false;
}

static bool again(ssize_t k)
{
    return k < 0 && (errno == EINTR || errno == EAGAIN);
}

bool st_child_send(const st_child *c, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        ssize_t k = ready(c, POLLOUT) ? send(c->fd, (const char *)from + put, n - put,
                                             MSG_NOSIGNAL | MSG_DONTWAIT)
                                      : 0;
        if (again(k))
            continue;
        if (k <= 0)
            return false;
        put += (size_t)k;
    }
    return true;
}

bool st_child_receive(const st_child *c, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = ready(c, POLLIN) ? recv(c->fd, (char *)to + got, n - got, MSG_DONTWAIT) : 0;
        if (again(k))
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

/* the child's end */

bool st_line_get(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = read(fd, (char *)to + got, n - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

bool st_line_put(int fd, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        ssize_t k = write(fd, (const char *)from + put, n - put);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        put += (size_t)k;
    }
    return true;
}
