/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* spread.c - rows that rules share, made on several threads. */
#include "rules/spread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    STRETCH = 4 * ST_BATCH_ROWS, /* nodes: whole batches, as one thread makes them */
    FEWEST = 2048                /* rows that the first stretches give before others help */
};

typedef struct making {
    st_spread *x;
    st_kept_rows *store;
    st_kept_rows **own; /* by thread: the same rows' of its own; NULL: not looked up yet */
    st_rows *parts;     /* by stretch */
    size_t first;       /* stretch that threads make */
    atomic_bool failed;
} making;

st_shared *st_shared_of_threads(const st_rules *rules, const st_shared *s, unsigned threads)
{
    st_shared *v = calloc(threads, sizeof *v);
    for (unsigned i = 0; v && i < threads; i++) {
        st_shared_init(&v[i], s->folds.pool);
        v[i].known = s->known;
        v[i].regexes = rules->regexes;
    }
    return v;
}

void st_shared_of_threads_free(st_shared *s, unsigned threads)
{
    for (unsigned i = 0; s && i < threads; i++)
        st_shared_free(&s[i]);
    free(s);
}

bool st_spread_others(st_spread *x)
{
    unsigned threads = st_threads(x->o->threads);
    if (x->others)
        return true;
    if (!st_pool_share(x->f->pool))
        return false;
    x->others = st_shared_of_threads(x->rules, x->shared, threads);
    for (unsigned i = 0; x->others && i < threads; i++)
        x->others[i].made = x->shared;
    return x->others != NULL;
}

void st_spread_free(st_spread *x)
{
    if (x->others)
        st_shared_of_threads_free(x->others, st_threads(x->o->threads));
    x->others = NULL;
}

/* Binding the rule that asks for the rows binds what keeps them. */
static st_kept_rows *own_store(const making *m, unsigned thread)
{
    const st_spread *x = m->x;
    const st_loaded *l = x->rules->items[x->rule];
    st_run r;
    st_bound bound;
    if (!thread)
        return m->store;
    st_run_init(&r, x->f, &x->others[thread], x->o, &x->rules->settings);
    l->parsed.language->bind(&r, &l->parsed, l->rule.marks_servers, NULL, &bound);
    bool ok = bound.status == ST_RULE_READY && st_run_ok(&r);
    st_run_free(&r);
    return ok ? st_kept_rows_like(&x->others[thread], m->store) : NULL;
}

static void make_stretch(void *ctx, unsigned thread, size_t i)
{
    making *m = ctx;
    if (atomic_load(&m->failed))
        return;
    if (!m->own[thread])
        m->own[thread] = own_store(m, thread);
    size_t from = (m->first + i) * STRETCH;
    if (!m->own[thread] ||
        !st_kept_rows_make(m->own[thread], from, from + STRETCH, &m->parts[m->first + i]))
        atomic_store(&m->failed, true);
}

static st_kept_sum sum_of(const making *m)
{
    st_kept_sum sum = { 0 };
    for (unsigned i = 0; i < st_threads(m->x->o->threads); i++)
        if (m->own[i])
            st_kept_rows_sum(m->own[i], &sum);
    return sum;
}

/* The first stretches, by the run that keeps the rows; all of them, if they give few or if its plan
 * takes more from time to time. false: they can't be put together so that nobody sees it. */
static bool begin_alone(making *m, size_t n)
{
    st_kept_sum sum = { 0 };
    size_t rows = 0;
    for (; m->first < n && (rows < FEWEST || sum.plan) && !sum.values; m->first++) {
        make_stretch(m, 0, 0);
        rows += m->parts[m->first].rows;
        sum = sum_of(m);
    }
    return !sum.values && !atomic_load(&m->failed);
}

/* Did plans take nothing but batches, and stay far from the limit, all together? */
static bool all_sure(const making *m)
{
    st_kept_sum sum = sum_of(m);
    return !atomic_load(&m->failed) && !st_pool_failed(m->x->f->pool) && !sum.values && !sum.plan &&
           (!sum.most || sum.taken <= sum.most / 2);
}

/* All of them, or none: then one thread does it again, so that limits are its own. */
static bool make_all(making *m, size_t n)
{
    bool ok = begin_alone(m, n);
    if (ok && m->first < n && (ok = st_spread_others(m->x))) {
        st_parallel(m->x->o->threads, n - m->first, make_stretch, m);
        ok = all_sure(m);
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = st_kept_rows_take(m->store, &m->parts[i]);
    for (unsigned i = 1; ok && i < st_threads(m->x->o->threads); i++)
        if (m->own[i])
            st_kept_rows_join(m->store, m->own[i]);
    return ok;
}

bool st_spread_rows(void *ctx, st_kept_rows *s)
{
    st_spread *x = ctx;
    size_t n = (x->f->n + STRETCH - 1) / STRETCH;
    making m = { .x = x, .store = s };
    m.own = calloc(st_threads(x->o->threads), sizeof(st_kept_rows *));
    m.parts = calloc(n + 1, sizeof *m.parts);
    x->shared->spread = NULL; /* not for what these need */
    bool ok = m.own && m.parts && make_all(&m, n);
    x->shared->spread = st_spread_rows;
    for (size_t i = 0; m.parts && i < n; i++)
        st_rows_free(&m.parts[i]);
    free(m.parts);
    free((void *)m.own);
    return ok;
}
