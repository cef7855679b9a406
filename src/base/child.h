/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - a child process that parses hostile bytes, and the line to it.
 *
 * A child is made by fork without exec, and is confined by what it runs (confine.h). It must use
 * nothing of its parent that another thread may hold. Where the system has no fork it is a thread
 * (os/os.h), so it frees what it took. What it says is believed as little as the
 * evidence is: whoever receives checks lengths before it asks for them.
 *
 * Threads  an object belongs to one thread; several threads may have children at once.
 */
#ifndef ST_BASE_CHILD_H
#define ST_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

typedef struct st_child {
    pid_t pid;         /* 0: none */
    int fd;            /* of the line */
    void *line;        /* in its place where a child is a thread (os/os.h) */
    clockid_t cpu;     /* its processor time, */
    bool timed;        /* if the system gives it */
    uint64_t asked_at; /* that time when the question under way was asked, ns */
    unsigned turn_ms;  /* processor time that one question may take while nothing is said */
    unsigned turns;    /* how many times that is waited for a child that gets no processor */
} st_child;

/* Runs serve(ctx, fd) in a child, which ends when that returns. turn_ms and turns are the
 * caller's; the rest is filled in. False: no process could be made. */
bool st_child_start(st_child *c, void (*serve)(void *ctx, int fd), void *ctx);
/* Ends it. Nothing where there is none. */
void st_child_stop(st_child *c);
/* Nanoseconds of processor that it has used; 0 where that can't be told. */
uint64_t st_child_used(const st_child *c);
/* A question begins: the time that it may take counts from now. */
void st_child_ask(st_child *c);
/* All n bytes. False: the child has ended, or has used up its time. */
bool st_child_send(const st_child *c, const void *from, size_t n);
bool st_child_receive(const st_child *c, void *to, size_t n);

/* The child's own end of the line. False: the parent is gone. */
bool st_line_get(int fd, void *to, size_t n);
bool st_line_put(int fd, const void *from, size_t n);

#endif
