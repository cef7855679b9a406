/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - a bar on a terminal: bytes, rate, time left. Reader threads report; one of
 * them draws, at most four times a second.
 */
#include "cli.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct st_progress {
    pthread_mutex_t lock;
    double begun, drawn;
};

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

st_progress *st_progress_new(const st_config *c)
{
    if (c->quiet || !isatty(STDERR_FILENO))
        return NULL;
    st_progress *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    p->begun = clock_now();
    return p;
}

static void draw(const st_progress *p, uint64_t done, uint64_t total)
{
    enum { CELLS = 20 };
    double spent = p->drawn - p->begun, share = total ? (double)done / (double)total : 1;
    double rate = spent > 0 ? (double)done / spent : 0;
    double left = rate > 0 ? (double)(total - done) / rate : 0;
    char bar[CELLS + 1];
    for (int i = 0; i < CELLS; i++)
        bar[i] = i < (int)(share * CELLS) ? '#' : '.';
    bar[CELLS] = 0;
    fprintf(stderr, "\r\033[K[%s] %.0f of %.0f MB, %.0f MB/s, %.0f s left", bar, (double)done / 1e6,
            (double)total / 1e6, rate / 1e6, left);
}

void st_progress_step(void *progress, uint64_t done, uint64_t total)
{
    st_progress *p = progress;
    if (!p || pthread_mutex_trylock(&p->lock) != 0)
        return;
    double now = clock_now();
    if (now - p->drawn >= 0.25 && now - p->begun > 0.5) {
        p->drawn = now;
        draw(p, done < total ? done : total, total);
    }
    pthread_mutex_unlock(&p->lock);
}

void st_progress_free(st_progress *p)
{
    if (!p)
        return;
    if (p->drawn > 0)
        fputs("\r\033[K", stderr);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
