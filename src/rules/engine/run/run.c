/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - a run: what it may take, why it stopped, what is freed with it. */
#include "rules/engine/run/memo.h"
#include "rules/engine/run/run.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void st_shared_init(st_shared *s, st_pool *pool)
{
    *s = (st_shared){ 0 };
    st_folds_init(&s->folds, pool);
    s->known = st_pool_count(pool);
}

void st_shared_free(st_shared *s)
{
    for (size_t i = 0; i < ST_TRUSTS; i++)
        if (s->habits[i])
            s->habits_free(s->habits[i]);
    if (s->libraries)
        s->libraries_free(s->libraries);
    st_folds_free(&s->folds);
    st_memo_free(s->memo);
    free(s->callees);
    free(s->base);
    free(s->devices);
}

st_query_limits st_query_limits_in_force(const st_query_limits *l)
{
    return (st_query_limits){ .rows = l->rows ? l->rows : ST_MAX_RUN_ROWS,
                              .memory = l->memory ? l->memory : ST_MAX_RUN_MEMORY,
                              .seconds = l->seconds ? l->seconds : ST_MAX_RUN_SECONDS };
}

void st_run_init(st_run *r, const st_forest *f, st_shared *shared, const st_run_options *o,
                 const st_rule_settings *settings)
{
    *r = (st_run){ .forest = f, .shared = shared, .settings = settings };
    r->mem.pool = shared->folds.pool;
    shared->folds.regexes = f ? shared->regexes : NULL; /* all rules have been read by then */
    r->mem.arena = &r->arena;
    r->mem.budget = r->arena.budget = &r->budget;
    r->limits = st_query_limits_in_force(&settings->limits);
    r->budget.most = r->limits.memory > SIZE_MAX / 2 ? 0 : (size_t)r->limits.memory;
    r->mem.known = shared->known;
    st_ticks now = o->now ? o->now : f ? st_rules_now(f) : 0;
    r->now = (int64_t)now + ST_TICKS_1601;
    r->trust = o->trust;
    r->ago_off = o->ago_off;
    r->shown = o->shown;
}

void st_run_free(st_run *r)
{
    for (size_t i = r->nowned; i-- > 0;)
        r->owned_free[i](r->owned[i]);
    free(r->owned);
    free((void *)r->owned_free);
    st_buf_free(&r->mem.buf);
    free(r->mem.counted);
    st_arena_free(&r->arena);
}

/* SplitMix64 (Steele, Lea and Flood 2014). */
uint64_t st_run_random(st_run *r)
{
    uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

bool st_run_nomem(st_run *r)
{
    if (r->budget.met)
        return st_run_stop(r, ST_STOP_MEMORY);
    st_fail(&r->err, ST_E_MEMORY, "out of memory");
    return false;
}

/* limits */

bool st_run_stop(st_run *r, st_stop why)
{
    const st_query_limits *l = &r->limits;
    switch (why) {
    case ST_STOP_ROWS:
        st_fail(&r->err, ST_E_LIMIT,
                "stopped at %llu rows of one operator, the limit; --max-rows raises it",
                (unsigned long long)l->rows);
        break;
    case ST_STOP_MEMORY:
        if (!r->budget.most)
            st_fail(&r->err, ST_E_LIMIT, "stopped at a value whose text has more than %zu MiB",
                    ST_MAX_JSON_TEXT >> 20);
        st_fail(&r->err, ST_E_LIMIT,
                "stopped at %llu MiB of memory, the limit; --max-memory raises it",
                (unsigned long long)l->memory >> 20);
        break;
    case ST_STOP_TIME:
        r->late = true;
        st_fail(&r->err, ST_E_LIMIT, "stopped after %llu s, the limit; --max-time raises it",
                (unsigned long long)l->seconds);
        break;
    }
    return false;
}

static int64_t clock_ns(clockid_t which)
{
    struct timespec t = { 0 };
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void st_run_start(st_run *r)
{
    if (!r->started)
        r->started = clock_ns(CLOCK_MONOTONIC_COARSE);
}

/* A few milliseconds more or less don't matter here. */
static bool in_time(st_run *r)
{
    st_run_start(r);
    int64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
    r->looked = now;
    return (uint64_t)(now - r->started) / 1000000000 < r->limits.seconds;
}

bool st_run_fits(st_run *r)
{
    if (!st_run_ok(r))
        return false;
    uint64_t taken = r->budget.used + r->mem.texts;
    r->taken = taken > r->taken ? taken : r->taken;
    if (r->budget.met || (r->budget.most && taken > r->budget.most))
        return st_run_stop(r, ST_STOP_MEMORY);
    return true;
}

bool st_run_going(st_run *r)
{
    return st_run_fits(r) && (in_time(r) || st_run_stop(r, ST_STOP_TIME));
}

bool st_run_rows(st_run *r, uint64_t n)
{
    return n <= r->read || n - r->read <= r->limits.rows || st_run_stop(r, ST_STOP_ROWS);
}

/* what is freed with it */

bool st_run_own(st_run *r, void *p, void (*f)(void *))
{
    if (!st_grow(&r->owned, &r->owned_cap, r->nowned + 1, sizeof *r->owned) ||
        !st_grow(&r->owned_free, &r->owned_free_cap, r->nowned + 1, sizeof *r->owned_free)) {
        f(p);
        return st_run_nomem(r);
    }
    r->owned[r->nowned] = p;
    r->owned_free[r->nowned++] = f;
    return true;
}
