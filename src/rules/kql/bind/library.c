/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c - definitions that rules share.
 *
 * A library is bound once, by a run of its own, for all runs that share a pool and are run alike;
 * so its values are folded once, and the rows of its tables are computed once, when the first rule
 * asks for them. Its functions are macros, as everywhere: each use binds them anew.
 */
#include "rules/kql/bind/bind.h"

#include <stdlib.h>

typedef struct bound_library {
    struct bound_library *next;
    const st_parsed *parsed;
    const st_let *outer; /* the names that it sees */
    bool trust_inferred, ago_off, marks;
    st_let *names; /* its own, before those */
    bool sound;
    st_run run;
} bound_library;

static void free_all(void *p)
{
    for (bound_library *l = p, *next; l; l = next) {
        next = l->next;
        st_run_free(&l->run);
        free(l);
    }
}

static bool is_for(const bound_library *l, const st_binder *b, const st_parsed *p)
{
    return l->parsed == p && l->outer == b->env && l->trust_inferred == b->r->trust_inferred &&
           l->ago_off == b->r->ago_off && l->marks == b->marks;
}

static bool bind_statements(st_binder *b, const st_parsed *p)
{
    const st_kql_script *script = p->tree;
    const st_let *outer = b->env;
    bool ok = true;
    for (const st_kql_stmt *s = script->first; s && ok; s = s->next) {
        if (s->kind == ST_KQL_STMT_QUERY) {
            st_bind_error(b, s->span, NULL, "a library holds let statements only");
            continue;
        }
        ok = st_bind_statement(b, s, outer);
    }
    return ok && !b->failed && st_run_ok(b->r);
}

static bound_library *bind_new(st_binder *b, const st_parsed *p, st_diag_sink *d)
{
    st_shared *shared = b->r->shared;
    bound_library *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    const st_run_options o = { .ago_off = b->r->ago_off,
                               .trust_inferred = b->r->trust_inferred,
                               .now = ST_TICKS_UNIX };
    st_run_init(&l->run, b->r->forest, shared, &o, b->r->settings);
    l->run.now = b->r->now;
    l->parsed = p;
    l->outer = b->env;
    l->trust_inferred = o.trust_inferred;
    l->ago_off = o.ago_off;
    l->marks = b->marks;
    st_binder own = { .r = &l->run, .d = d, .env = b->env, .marks = b->marks, .keeps_rows = true };
    l->sound = bind_statements(&own, p) && !own.needs;
    free(own.calls);
    l->names = own.env;
    l->next = shared->libraries;
    shared->libraries = l;
    shared->libraries_free = free_all;
    return l;
}

static bool use(st_binder *b, const st_parsed *p, st_diag_sink *d)
{
    bound_library *l = b->r->shared->libraries;
    while (l && !is_for(l, b, p))
        l = l->next;
    if (!l && !(l = bind_new(b, p, d)))
        return st_run_nomem(b->r);
    if (l->run.err.code != ST_OK)
        b->r->err = l->run.err;
    b->failed |= !l->sound;
    b->env = l->names;
    return l->sound;
}

bool st_bind_libraries(st_binder *b, const st_parsed *p)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->nuses; i++)
        ok = use(b, p->uses[i], NULL);
    return ok && (!p->library || use(b, p, b->d));
}
