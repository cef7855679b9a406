/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regexes.c - patterns that are read, and compiled, once for all rules of a set.
 *
 * Rules that share definitions share their patterns, and a rule is bound twice: to be checked,
 * and to be run. What is kept is the compiled code, or what will be compiled with the first search;
 * whoever asks gets a regex of his own.
 */
#include "base/limits.h"
#include "rules/engine/match/screen.h"

#include <pthread.h>
#include <stdlib.h>

struct st_regexes {
    pthread_mutex_t lock;
    st_pool *texts;
    st_regex **kept; /* by the text's id; NULL: not kept */
    size_t cap, n;
    pthread_mutex_t planning; /* taken before the other */
    st_screen_plan **plans;   /* the last is of nplanned patterns; screens have the others */
    size_t nplans, plans_cap, nplanned;
    st_arena arena; /* what they point to */
};

st_regexes *st_regexes_new(void)
{
    st_regexes *c = calloc(1, sizeof *c);
    if (c && (c->texts = st_pool_new()) != NULL) {
        pthread_mutex_init(&c->lock, NULL);
        pthread_mutex_init(&c->planning, NULL);
        return c;
    }
    free(c);
    return NULL;
}

void st_regexes_free(st_regexes *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->cap; i++)
        st_regex_free(c->kept[i]);
    free((void *)c->kept);
    for (size_t i = 0; i < c->nplans; i++)
        st_screen_plan_free(c->plans[i]);
    free((void *)c->plans);
    st_arena_free(&c->arena);
    st_pool_free(c->texts);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->planning);
    free(c);
}

/* Keeps a copy; without memory, or past the limit, it doesn't. */
static void keep(st_regexes *c, st_sid id, st_regex *made)
{
    size_t before = c->cap;
    if (c->n == ST_MAX_PATTERNS || st_pool_failed(c->texts) ||
        !st_grow(&c->kept, &c->cap, (size_t)id + 1, sizeof(st_regex *)))
        return;
    for (size_t i = before; i < c->cap; i++)
        c->kept[i] = NULL;
    st_regex_set_number(made, (size_t)id + 1);
    c->kept[id] = st_regex_copy(made);
    c->n += c->kept[id] != NULL;
}

/* A copy of what is kept; *kept false: nothing is. */
static st_regex *kept_copy(st_regexes *c, st_str pattern, st_sid *id, bool *kept, st_err *err)
{
    *id = st_pool_put(c->texts, pattern);
    *kept = !st_pool_failed(c->texts) && *id < c->cap && c->kept[*id];
    st_regex *copy = *kept ? st_regex_copy(c->kept[*id]) : NULL;
    if (*kept && !copy)
        st_fail(err, ST_E_MEMORY, "out of memory");
    return copy;
}

/* The same by whoever was first, if another thread has compiled it, too. */
static st_regex *keep_first(st_regexes *c, st_str pattern, st_regex *made, st_err *err)
{
    st_sid id;
    bool kept;
    st_regex *copy = kept_copy(c, pattern, &id, &kept, err);
    if (!kept) {
        keep(c, id, made);
        return made;
    }
    st_regex_free(made);
    return copy;
}

st_regex *st_regexes_get(st_regexes *c, st_str pattern, size_t *offset, st_err *err)
{
    if (!c)
        return st_regex_new(pattern, offset, err);
    st_sid id;
    bool kept;
    pthread_mutex_lock(&c->lock);
    st_regex *r = kept_copy(c, pattern, &id, &kept, err);
    pthread_mutex_unlock(&c->lock);
    if (kept)
        return r;
    st_regex *made = st_regex_new(pattern, offset, err);
    if (!made)
        return NULL;
    pthread_mutex_lock(&c->lock);
    r = keep_first(c, pattern, made, err);
    pthread_mutex_unlock(&c->lock);
    return r;
}

/* The texts of the patterns by number, each where it stays; an empty one is of none. NULL: no
 * memory. */
static st_str *texts_of(st_regexes *c, size_t *n)
{
    pthread_mutex_lock(&c->lock);
    st_str *texts = calloc(c->cap + 1, sizeof *texts);
    *n = c->cap + 1;
    for (size_t i = 0; texts && i < c->cap; i++)
        if (c->kept[i])
            texts[i + 1] = st_pool_get(c->texts, (st_sid)i);
    pthread_mutex_unlock(&c->lock);
    return texts;
}

static st_screen_plan *plan_of(st_regexes *c, const st_str *texts, size_t n)
{
    st_needs *needed = calloc(n, sizeof *needed);
    for (size_t i = 1; needed && i < n; i++) {
        st_needs one;
        if (texts[i].n && st_regex_needs(texts[i], &c->arena, &one))
            needed[i] = one;
    }
    st_screen_plan *p = needed ? st_screen_plan_new(needed, n) : NULL;
    free(needed);
    return p;
}

/* The plan of all patterns, made once for so many as there are; NULL: no memory. */
static const st_screen_plan *planned(st_regexes *c)
{
    size_t n;
    st_str *texts = texts_of(c, &n);
    bool there = c->nplans && c->nplanned == n;
    if (!there && texts &&
        st_grow(&c->plans, &c->plans_cap, c->nplans + 1, sizeof(st_screen_plan *)) &&
        (c->plans[c->nplans] = plan_of(c, texts, n)) != NULL) {
        c->nplans++;
        c->nplanned = n;
        there = true;
    }
    free(texts);
    return there ? c->plans[c->nplans - 1] : NULL;
}

bool st_regexes_literals(st_regexes *c, const st_regex *r, st_arena *a, st_literals *out)
{
    size_t number = st_regex_number(r);
    if (!c || !number)
        return false;
    pthread_mutex_lock(&c->lock);
    bool known = st_regex_literals(st_pool_get(c->texts, (st_sid)(number - 1)), a, out);
    pthread_mutex_unlock(&c->lock);
    return known;
}

st_screen *st_regexes_screen(st_regexes *c)
{
    pthread_mutex_lock(&c->planning);
    const st_screen_plan *p = planned(c);
    pthread_mutex_unlock(&c->planning);
    return p ? st_screen_new(p) : NULL;
}

void st_regexes_prepare(st_regexes *c)
{
    pthread_mutex_lock(&c->planning);
    (void)planned(c);
    pthread_mutex_unlock(&c->planning);
}

bool st_regexes_ready(st_regexes *c, size_t i)
{
    pthread_mutex_lock(&c->lock);
    bool there = i < c->cap;
    const st_regex *r = there ? c->kept[i] : NULL;
    pthread_mutex_unlock(&c->lock);
    if (r)
        st_regex_ready(r); /* it is kept as long as all are */
    return there;
}
