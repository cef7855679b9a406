/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regexes.c - patterns that are compiled once for all rules of a set.
 *
 * Rules that share definitions share their patterns, and a rule is bound twice: to be checked,
 * and to be run. What is kept is the compiled code; whoever asks gets a regex of his own.
 */
#include "base/limits.h"
#include "rules/engine/match/match.h"

#include <pthread.h>
#include <stdlib.h>

struct st_regexes {
    pthread_mutex_t lock;
    st_pool *texts;
    st_regex **kept; /* by the text's id; NULL: not kept */
    size_t cap, n;
};

st_regexes *st_regexes_new(void)
{
    st_regexes *c = calloc(1, sizeof *c);
    if (c && (c->texts = st_pool_new()) != NULL) {
        pthread_mutex_init(&c->lock, NULL);
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
    st_pool_free(c->texts);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Keeps a copy; without memory, or past the limit, it doesn't. */
static void keep(st_regexes *c, st_sid id, const st_regex *made)
{
    size_t before = c->cap;
    if (c->n == ST_MAX_PATTERNS || st_pool_failed(c->texts) ||
        !st_grow(&c->kept, &c->cap, (size_t)id + 1, sizeof(st_regex *)))
        return;
    for (size_t i = before; i < c->cap; i++)
        c->kept[i] = NULL;
    c->kept[id] = st_regex_copy(made);
    c->n += c->kept[id] != NULL;
}

static st_regex *get(st_regexes *c, st_str pattern, size_t *offset, st_err *err)
{
    st_sid id = st_pool_put(c->texts, pattern);
    if (!st_pool_failed(c->texts) && id < c->cap && c->kept[id]) {
        st_regex *copy = st_regex_copy(c->kept[id]);
        if (!copy)
            st_fail(err, ST_E_MEMORY, "out of memory");
        return copy;
    }
    st_regex *made = st_regex_new(pattern, offset, err);
    if (made)
        keep(c, id, made);
    return made;
}

st_regex *st_regexes_get(st_regexes *c, st_str pattern, size_t *offset, st_err *err)
{
    if (!c)
        return st_regex_new(pattern, offset, err);
    pthread_mutex_lock(&c->lock);
    st_regex *r = get(c, pattern, offset, err);
    pthread_mutex_unlock(&c->lock);
    return r;
}
