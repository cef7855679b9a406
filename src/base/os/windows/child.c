/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - where no process can be forked, a child is a thread, and the line two queues in memory.
 * It is held by nothing but the limits that its own code keeps (os.h says so to users).
 */
#include "room.h"

#include "base/child.h"

#include <process.h>

enum { QUEUE = 1 << 16, STACK = 8 << 20 };

typedef struct queue {
    char bytes[QUEUE];
    size_t from, n;
} queue;

typedef struct line {
    SRWLOCK lock;
    CONDITION_VARIABLE moved; /* something came, went or ended */
    queue to_child, to_parent;
    bool left, ended; /* the parent has, the child has */
    HANDLE thread;
    void (*serve)(void *ctx, int fd);
    void *ctx;
} line;

static _Thread_local line *own; /* the child's */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As many as fit, or as there are, in one piece. */
static size_t put(queue *q, const char *p, size_t n)
{
    size_t at = (q->from + q->n) % QUEUE;
    size_t k = least(n, least(QUEUE - q->n, QUEUE - at));
    memcpy(q->bytes + at, p, k);
    q->n += k;
    return k;
}

static size_t take(queue *q, char *p, size_t n)
{
    size_t k = least(n, least(q->n, QUEUE - q->from));
    memcpy(p, q->bytes + q->from, k);
    q->from = (q->from + k) % QUEUE;
    q->n -= k;
    return k;
}

/* its life */

static unsigned __stdcall run(void *arg)
{
    own = arg;
    own->serve(own->ctx, 0);
    AcquireSRWLockExclusive(&own->lock);
    own->ended = true;
    WakeAllConditionVariable(&own->moved);
    ReleaseSRWLockExclusive(&own->lock);
    return 0;
}

bool st_child_start(st_child *c, void (*serve)(void *ctx, int fd), void *ctx)
{
    line *l = calloc(1, sizeof *l);
    if (!l)
        return false;
    l->serve = serve;
    l->ctx = ctx;
    l->thread =
        (HANDLE)_beginthreadex(NULL, STACK, run, l, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!l->thread) {
        free(l);
        return false;
    }
    c->pid = 1;
    c->fd = -1;
    c->line = l;
    c->asked_at = 0;
    return true;
}

void st_child_stop(st_child *c)
{
    line *l = c->line;
    if (!c->pid)
        return;
    AcquireSRWLockExclusive(&l->lock);
    l->left = true;
    WakeAllConditionVariable(&l->moved);
    ReleaseSRWLockExclusive(&l->lock);
    WaitForSingleObject(l->thread, INFINITE);
    CloseHandle(l->thread);
    free(l);
    c->pid = 0;
    c->line = NULL;
}

static uint64_t ticks(FILETIME t)
{
    return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

uint64_t st_child_used(const st_child *c)
{
    const line *l = c->line;
    FILETIME from, to, kernel, user;
    if (!l || !GetThreadTimes(l->thread, &from, &to, &kernel, &user))
        return 0;
    return (ticks(kernel) + ticks(user)) * 100;
}

void st_child_ask(st_child *c)
{
    c->asked_at = st_child_used(c);
}

/* what goes over the line */

/* Waits until something moves; false: the question's time is used up (child.h). The child's end,
 * without c, waits for ever. */
static bool patient(const st_child *c, line *l, unsigned *turns)
{
    if (SleepConditionVariableSRW(&l->moved, &l->lock, c ? c->turn_ms : INFINITE, 0) || !c)
        return true;
    return ++*turns < c->turns && st_child_used(c) - c->asked_at <= UINT64_C(1000000) * c->turn_ms;
}

/* All n bytes of from, or all n into to (the other is NULL), at the parent's end (c) or the child's
 * (no c). What lies in the line when the other end goes is still taken; nothing is put any more. */
static bool carry(line *l, const st_child *c, const char *from, char *to, size_t n)
{
    queue *q = (c != NULL) == (from != NULL) ? &l->to_child : &l->to_parent;
    const bool *gone = c ? &l->ended : &l->left;
    size_t done = 0;
    unsigned turns = 0;
    AcquireSRWLockExclusive(&l->lock);
    while (done < n && !(from && *gone)) {
        size_t k = 0;
        if (from)
            k = put(q, from + done, n - done);
        else if (to)
            k = take(q, to + done, n - done);
        done += k;
        if (k)
            WakeAllConditionVariable(&l->moved);
        else if (*gone || !patient(c, l, &turns))
            break;
    }
    ReleaseSRWLockExclusive(&l->lock);
    return done == n;
}

bool st_child_send(const st_child *c, const void *from, size_t n)
{
    return carry(c->line, c, from, NULL, n);
}

bool st_child_receive(const st_child *c, void *to, size_t n)
{
    return carry(c->line, c, NULL, to, n);
}

bool st_line_get(int fd, void *to, size_t n)
{
    (void)fd;
    return carry(own, NULL, NULL, to, n);
}

bool st_line_put(int fd, const void *from, size_t n)
{
    (void)fd;
    return carry(own, NULL, from, NULL, n);
}
