/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c - the forest, step by step. What each step needs has been made by those before it.
 */
#include "tree/forest.h"

#include <stdlib.h>

void st_tree_free(st_forest *f)
{
    st_wood *w = (st_wood *)f;
    if (!w)
        return;
    free(w->pub.procs);
    free(w->pub.hosts);
    free(w->pub.events);
    free(w->host_of);
    free(w->groups);
    free(w->slots.at);
    free(w->members);
    free(w);
}

/* stretches */

enum { STRETCH = 8192 };

typedef struct stretches {
    void (*fn)(void *ctx, size_t from, size_t to);
    void *ctx;
    size_t n;
} stretches;

static void do_stretch(void *ctx, unsigned thread, size_t i)
{
    const stretches *s = ctx;
    size_t from = i * STRETCH, left = s->n - from;
    (void)thread;
    s->fn(s->ctx, from, from + (left < STRETCH ? left : STRETCH));
}

void st_tree_stretches(const st_wood *w, size_t n, void (*fn)(void *ctx, size_t from, size_t to),
                       void *ctx)
{
    stretches s = { fn, ctx, n };
    st_parallel(w->threads, (n + STRETCH - 1) / STRETCH, do_stretch, &s);
}

/* building */

typedef bool step(st_wood *w);

/* Steps that are shared out, most of them. */
static step *const FIRST[] = { st_tree_name_hosts, st_tree_sort_copies, st_tree_join_audited,
                               st_tree_index,      st_tree_sort_events, st_tree_link_guids };
/* Steps of one thread. */
static step *const REST[] = { st_tree_end,           st_tree_infer,   st_tree_cut_cycles,
                              st_tree_cross_audited, st_tree_arrange, st_tree_lead_events };

bool st_tree_reserve(st_wood *w, size_t n)
{
    if (n <= w->procs_cap)
        return true;
    st_proc *procs = realloc(w->pub.procs, n * sizeof *procs);
    if (!procs)
        return false;
    w->pub.procs = procs;
    w->procs_cap = n;
    return true;
}

static bool take_steps(st_wood *w, step *const *steps, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        ok = steps[i](w);
    return ok;
}

/* The two things that hosts are asked for: the rest of their forest, and an account of their
 * records. They share what was known before, and nothing else. */
typedef struct growth {
    st_wood *w;
    bool grown;
} growth;

static void grow(void *ctx, unsigned thread, size_t job)
{
    growth *g = ctx;
    (void)thread;
    if (job)
        st_tree_count_records(g->w);
    else
        g->grown = take_steps(g->w, REST, sizeof REST / sizeof REST[0]);
}

static bool grow_all(st_wood *w)
{
    growth g = { .w = w };
    if (!take_steps(w, FIRST, sizeof FIRST / sizeof FIRST[0]))
        return false;
    st_parallel(w->threads, 2, grow, &g);
    return g.grown && st_tree_account(w);
}

st_code st_tree_build(const st_evidence *e, st_store *s, const st_tree_options *o, st_forest **out,
                      st_err *err)
{
    st_wood *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return st_fail(err, ST_E_MEMORY, "out of memory");
    w->pub.evidence = e;
    w->pub.store = s;
    w->pub.pool = s->pool;
    w->duplicates = o && o->duplicates;
    w->threads = o ? o->threads : 1;
    w->seed = st_hash_seed(w);
    if (!grow_all(w)) {
        st_tree_free(&w->pub);
        return st_fail(err, ST_E_MEMORY, "out of memory while building the process forest");
    }
    *out = &w->pub;
    return ST_OK;
}
