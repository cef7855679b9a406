/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - a loop whose turns run side by side. */
#include "shelltree/base.h"

#include "base/limits.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* A child that is forked while another thread is inside AddressSanitizer's allocator inherits its
 * lock, and waits for it until its time is up: one thread there. ThreadSanitizer looks at several.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_THREAD 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ONE_THREAD 1
#endif
#ifndef ONE_THREAD
#define ONE_THREAD 0
#endif

typedef struct work {
    void (*fn)(void *, unsigned, size_t);
    void *ctx;
    size_t jobs;
    atomic_size_t next;
} work;

typedef struct worker {
    work *w;
    unsigned thread;
    pthread_t id;
} worker;

static void *run(void *arg)
{
    worker *me = arg;
    for (;;) {
        size_t job = atomic_fetch_add(&me->w->next, 1);
        if (job >= me->w->jobs)
            return NULL;
        me->w->fn(me->w->ctx, me->thread, job);
    }
}

unsigned st_threads(unsigned asked)
{
    if (!asked) {
        cpu_set_t set;
        asked = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    }
    return asked > ST_MAX_THREADS ? ST_MAX_THREADS : asked ? asked : 1;
}

void st_parallel(unsigned threads, size_t jobs, void (*fn)(void *ctx, unsigned thread, size_t job),
                 void *ctx)
{
    work w = { .fn = fn, .ctx = ctx, .jobs = jobs };
    worker workers[ST_MAX_THREADS];
    unsigned n = st_threads(threads), started = 1;
    if (n > jobs)
        n = jobs ? (unsigned)jobs : 1;
    for (; started < n && !ONE_THREAD; started++) {
        workers[started] = (worker){ .w = &w, .thread = started };
        if (pthread_create(&workers[started].id, NULL, run, &workers[started]) != 0)
            break;
    }
    workers[0] = (worker){ .w = &w };
    run(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(workers[i].id, NULL);
}

/* jobs whose second halves go in order */

typedef struct queue {
    void (*make)(void *, unsigned, size_t);
    void (*put)(void *, unsigned, size_t);
    void *ctx;
    size_t next, jobs; /* whose turn it is, of how many */
    bool *ready;       /* by job; NULL: each thread waits for its turn */
    bool putting;      /* a thread is */
    pthread_mutex_t lock;
    pthread_cond_t turn;
} queue;

/* Jobs are begun in order, so the one that is waited for is under way. */
static void make_and_put(void *ctx, unsigned thread, size_t job)
{
    queue *q = ctx;
    q->make(q->ctx, thread, job);
    pthread_mutex_lock(&q->lock);
    while (q->next != job)
        pthread_cond_wait(&q->turn, &q->lock);
    pthread_mutex_unlock(&q->lock);
    q->put(q->ctx, thread, job);
    pthread_mutex_lock(&q->lock);
    q->next++;
    pthread_cond_broadcast(&q->turn);
    pthread_mutex_unlock(&q->lock);
}

/* The job is ready; puts all that are next and ready, unless another thread is at it. */
static void make_and_leave(void *ctx, unsigned thread, size_t job)
{
    queue *q = ctx;
    q->make(q->ctx, thread, job);
    pthread_mutex_lock(&q->lock);
    q->ready[job] = true;
    bool mine = !q->putting;
    while (mine && q->next < q->jobs && q->ready[q->next]) {
        size_t next = q->next;
        q->putting = true;
        pthread_mutex_unlock(&q->lock);
        q->put(q->ctx, thread, next);
        pthread_mutex_lock(&q->lock);
        q->next++;
    }
    if (mine)
        q->putting = false;
    pthread_mutex_unlock(&q->lock);
}

static void run_queue(queue *q, unsigned threads)
{
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->turn, NULL);
    st_parallel(threads, q->jobs, q->ready ? make_and_leave : make_and_put, q);
    pthread_cond_destroy(&q->turn);
    pthread_mutex_destroy(&q->lock);
}

void st_parallel_in_order(unsigned threads, size_t jobs,
                          void (*make)(void *ctx, unsigned thread, size_t job),
                          void (*put)(void *ctx, unsigned thread, size_t job), void *ctx)
{
    run_queue(&(queue){ .make = make, .put = put, .ctx = ctx, .jobs = jobs }, threads);
}

void st_parallel_collect(unsigned threads, size_t jobs,
                         void (*make)(void *ctx, unsigned thread, size_t job),
                         void (*put)(void *ctx, unsigned thread, size_t job), void *ctx)
{
    queue q = { .make = make, .put = put, .ctx = ctx, .jobs = jobs };
    q.ready = calloc(jobs + 1, sizeof *q.ready);
    run_queue(&q, threads);
    free(q.ready);
}
