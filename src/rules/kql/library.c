/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c - definitions that rules share.
 *
 * A library is bound once, by a run of its own, for all runs that share a pool and are run alike;
 * so its values are folded once, and the rows of its tables are computed once, when the first rule
 * asks for them. Its functions are macros, as everywhere: each use binds them anew.
 */
#include "base/limits.h"
#include "rules/kql/operators/operators.h"
#include "rules/kql/query.h"

#include <stdlib.h>

typedef struct bound_library {
    struct bound_library *next;
    const st_parsed *parsed;
    const st_let *outer; /* the names that it sees */
    st_trust trust;
    bool ago_off, marks;
    st_let *names;                    /* its own, before those */
    bool sound, timed, told;          /* as a run's, once it was bound */
    const struct bound_library *made; /* the same, of shared things that these borrow of; or NULL */
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

static bool is_for(const bound_library *l, const st_scope *sc, const st_parsed *p)
{
    bool trusted = l->trust == sc->r->trust || l->run.alike >> sc->r->trust & 1;
    return trusted && l->parsed == p && l->outer == sc->env && l->ago_off == sc->r->ago_off &&
           l->marks == sc->binder->marks;
}

static bool bind_statements(st_scope *sc, const st_parsed *p)
{
    const st_kql_script *script = p->tree;
    const st_let *outer = sc->env;
    bool ok = true;
    for (const st_kql_stmt *s = script->first; s && ok; s = s->next)
        if (s->kind == ST_KQL_STMT_QUERY)
            st_bind_error(sc, s->span, NULL, "a library holds let statements only");
        else
            ok = st_bind_statement(sc, s, outer);
    return ok && !sc->out->failed && st_run_ok(sc->r);
}

/* The names that a library of `made` sees where this one sees env; false: there are none. */
static bool made_names(const st_shared *s, const st_let *env, const st_let **out)
{
    const bound_library *l = s->libraries;
    *out = NULL;
    while (env && l && l->names != env)
        l = l->next;
    if (env && (!l || !l->made))
        return false;
    *out = env ? l->made->names : NULL;
    return true;
}

/* Rows that the same library keeps there, of what these borrow of, are lent to this one. */
static void lend_rows(const st_shared *s, bound_library *l)
{
    const st_let *outer;
    if (!s->made || !l->sound || !made_names(s, l->outer, &outer))
        return;
    const bound_library *m = s->made->libraries;
    while (m && !(m->parsed == l->parsed && m->outer == outer && m->trust == l->trust &&
                  m->ago_off == l->ago_off && m->marks == l->marks && m->sound))
        m = m->next;
    l->made = m;
    const st_let *from = m ? m->names : NULL;
    for (st_let *to = l->names; to != l->outer && from && to->number == from->number;
         to = to->next, from = from->next)
        if (to->rows && from->rows && st_str_eq(to->name, from->name))
            st_kept_rows_lend(to->rows, from->rows);
}

static bound_library *bind_new(const st_scope *sc, const st_parsed *p, st_diag_sink *d)
{
    const st_run *r = sc->r;
    bound_library *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    const st_run_options o = { .ago_off = r->ago_off, .trust = r->trust, .now = ST_TICKS_UNIX };
    st_run_init(&l->run, r->forest, r->shared, &o, r->settings);
    l->run.now = r->now;
    l->parsed = p;
    l->outer = sc->env;
    l->trust = r->trust;
    l->ago_off = r->ago_off;
    l->marks = sc->binder->marks;
    st_binder b = { .r = &l->run,
                    .d = d,
                    .operators = st_kql_operators,
                    .table_fns = st_kql_table_fns,
                    .marks = l->marks,
                    .keeps_rows = true,
                    .most_nodes = ST_MAX_KQL_NODES };
    st_bind_outcome told = { 0 };
    st_scope own = { .binder = &b, .r = &l->run, .out = &told, .env = sc->env };
    l->sound = bind_statements(&own, p) && !b.needs;
    l->timed = l->run.timed;
    l->told = l->run.scanned || l->run.told;
    l->names = own.env;
    lend_rows(r->shared, l);
    l->next = r->shared->libraries;
    l->run.lender = r->shared->lenders;
    r->shared->lenders = &l->run;
    r->shared->libraries = l;
    r->shared->libraries_free = free_all;
    return l;
}

static bool use(st_scope *sc, const st_parsed *p, st_diag_sink *d)
{
    bound_library *l = sc->r->shared->libraries;
    while (l && !is_for(l, sc, p))
        l = l->next;
    if (!l && !(l = bind_new(sc, p, d)))
        return st_run_nomem(sc->r);
    if (l->run.err.code != ST_OK)
        sc->r->err = l->run.err;
    sc->out->failed |= !l->sound;
    sc->r->timed |= l->timed;
    sc->r->told |= l->told;
    sc->env = l->names;
    return l->sound;
}

bool st_bind_libraries(st_scope *sc, const st_parsed *p)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->nuses; i++)
        ok = use(sc, p->uses[i], NULL);
    return ok && (!p->library || use(sc, p, sc->binder->d));
}
