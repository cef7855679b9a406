/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patterns.c - regular expressions that come with the rows, compiled once per distinct text.
 *
 * Evidence may hold any number of them, so the memory is bounded by forgetting all of them now and
 * then; whoever gets one uses it before asking for the next.
 */
#include "base/limits.h"
#include "rules/engine/value/group.h"
#include "rules/engine/run/run.h"

#include <stdlib.h>

struct st_patterns {
    st_grouping texts;
    st_regex *compiled[ST_MAX_PATTERNS]; /* by number; NULL: no regular expression */
};

static void forget(st_patterns *p)
{
    for (size_t i = 0; i < p->texts.n; i++)
        st_regex_free(p->compiled[i]);
    st_grouping_free(&p->texts);
    st_grouping_init(&p->texts, 1);
}

static void patterns_free(void *ctx)
{
    forget(ctx);
    free(ctx);
}

static st_patterns *patterns_of(st_run *r)
{
    if (r->patterns)
        return r->patterns;
    st_patterns *p = calloc(1, sizeof *p);
    if (!p) {
        st_run_nomem(r);
        return NULL;
    }
    st_grouping_init(&p->texts, 1);
    return r->patterns = st_run_own(r, p, patterns_free) ? p : NULL;
}

st_regex *st_run_regex(st_run *r, st_sid text)
{
    st_patterns *p = patterns_of(r);
    st_val key = st_val_sid(text);
    if (!p)
        return NULL;
    size_t at = st_grouping_find(&r->mem, &p->texts, &key);
    if (at == SIZE_MAX) {
        size_t offset;
        if (p->texts.n == ST_MAX_PATTERNS)
            forget(p);
        at = st_grouping_put(&r->mem, &p->texts, &key);
        if (at == SIZE_MAX) {
            st_run_nomem(r);
            return NULL;
        }
        st_err err = { 0 };
        p->compiled[at] = st_regex_new(st_pool_get(r->mem.pool, text), &offset, &err);
        if (!p->compiled[at] && err.code == ST_E_MEMORY) {
            st_run_nomem(r);
            return NULL;
        }
    }
    if (!p->compiled[at])
        r->limit = "a value used as a pattern is no regular expression: it matched nothing";
    return p->compiled[at];
}
