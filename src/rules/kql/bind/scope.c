/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope.c - what is told while a text is bound, and what names mean.
 */
#include "rules/kql/bind/bind.h"
#include "rules/kql/syntax/foreign.h"
#include "base/suggest.h"

#include <stdarg.h>
#include <stdio.h>

void st_bind_error(const st_scope *sc, st_span at, const char *code, const char *fmt, ...)
{
    char t[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    sc->out->failed = true;
    if (sc->binder->d)
        st_diag_at(sc->binder->d, ST_SEV_ERROR, at, code, "%s", t);
}

void st_bind_warn(const st_scope *sc, st_span at, const char *fmt, ...)
{
    char t[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    if (sc->binder->d)
        st_diag_at(sc->binder->d, ST_SEV_WARNING, at, NULL, "%s", t);
}

bool st_bind_may_run(const st_scope *sc)
{
    sc->out->failed |= sc->out->spoiled;
    return !sc->out->failed;
}

bool st_bind_nomem(const st_scope *sc)
{
    sc->out->failed = true;
    return st_run_nomem(sc->r);
}

size_t st_bind_column(const st_schema *s, st_str name)
{
    size_t n = s ? s->n : 0, length = name.n;
    const st_col *v = n ? s->v : NULL;
    for (size_t i = 0; i < n; i++) { /* most differ in length, or in their first letter */
        if (v[i].name.n != length || (length && v[i].name.p[0] != name.p[0]))
            continue;
        if (st_str_eq(v[i].name, name))
            return i;
    }
    return SIZE_MAX;
}

/* Chains of lets share their ends, as functions see what stood before them. So the map from names
 * to lets is a tree whose nodes are never changed: a new let copies the way to its place, four
 * nodes of sixteen, and shares the rest. */
enum { MAP_BITS = 4, MAP_LEVELS = 4, MAP_WIDTH = 1 << MAP_BITS };

typedef struct st_let_map {
    const void *to[MAP_WIDTH]; /* st_let_map; on the last level st_let */
} st_let_map;

static size_t map_place(uint64_t hash, unsigned level)
{
    return (size_t)(hash >> (level * MAP_BITS)) & (MAP_WIDTH - 1);
}

st_let *st_bind_let(const st_scope *sc, st_str name)
{
    const void *at = sc->env ? sc->env->map : NULL;
    uint64_t hash = st_hash(name.p, name.n, 0);
    for (unsigned i = 0; at && i < MAP_LEVELS; i++)
        at = ((const st_let_map *)at)->to[map_place(hash, i)];
    for (const st_let *l = at; l; l = l->same)
        if (st_str_eq(l->name, name))
            return (st_let *)(uintptr_t)l;
    return NULL;
}

bool st_bind_push_let(st_scope *sc, st_let *l)
{
    const st_let_map *was = sc->env ? sc->env->map : NULL;
    const void **link = (const void **)&l->map;
    uint64_t hash = st_hash(l->name.p, l->name.n, 0);
    for (unsigned i = 0; i < MAP_LEVELS; i++) {
        st_let_map *copy = ST_NEW(&sc->r->arena, st_let_map);
        if (!copy)
            return st_bind_nomem(sc);
        if (was)
            *copy = *was;
        *link = copy;
        link = &copy->to[map_place(hash, i)];
        was = i + 1 < MAP_LEVELS ? *link : NULL;
    }
    l->same = (st_let *)(uintptr_t)*link;
    *link = l;
    l->next = sc->env;
    l->number = sc->env ? sc->env->number + 1 : 1;
    sc->env = l;
    return true;
}

/* Is it a column of some table: spelt right, but not here? */
static bool known_column(st_str name)
{
    for (size_t i = 0; st_table_def_at(i); i++)
        for (size_t c = 0; c < st_table_def_at(i)->n; c++)
            if (st_str_eq(name, st_str_of(st_table_def_at(i)->columns[c].name)))
                return true;
    return false;
}

/* Where the columns went: "; summarize in line 3 kept only k, n". */
static bool dropped_column(const st_scope *sc, st_span at, st_str name)
{
    enum { MOST = 5 };
    const st_schema *kept = sc->row ? sc->row->narrowed_to : NULL;
    char list[256] = "";
    if (!kept || !kept->n)
        return false;
    for (size_t i = 0, at_list = 0; i < kept->n && i < MOST && at_list < sizeof list; i++)
        at_list += (size_t)snprintf(list + at_list, sizeof list - at_list, "%s%.*s", i ? ", " : "",
                                    ST_FMT(kept->v[i].name));
    const st_kql_op *q = sc->row->narrowed_by;
    const st_diag_sink *d = sc->binder->d; /* NULL: nobody is told */
    st_bind_error(sc, at, "KS142", "no column %.*s; %s in line %u kept only %s%s", ST_FMT(name),
                  st_kql_op_name(q->kind), d ? st_diags_line(d, q->word.start) : 0, list,
                  kept->n > MOST ? " and others" : "");
    return true;
}

/* A name that isn't a column, but is known all the same: what to write. NULL: nothing to say. */
static const char *no_column_but(st_str name)
{
    if (st_str_ieq(name, ST_STR("null")))
        return "ask with isnull() or isempty()";
    if (name.n && name.p[0] == '$')
        return "if this is a placeholder, put a value in its place";
    if (st_agg_find(name) || st_fn_find(name))
        return "a function is called with parentheses";
    if (name.n > 1 && name.p[0] >= '0' && name.p[0] <= '9')
        return "a time span is a number and d, h, m, s or ms: a week is 7d";
    return NULL;
}

void st_bind_warn_loose(const st_scope *sc, st_span at, st_str name)
{
    st_suggest s = { .want = name };
    for (size_t i = 0; sc->row && i < sc->row->n; i++)
        st_suggest_offer(&s, sc->row->v[i].name);
    if (s.best.p)
        st_bind_warn(sc, at,
                     "no column %.*s is known there: taken as never filled; did you mean %.*s?",
                     ST_FMT(name), ST_FMT(s.best));
    else
        st_bind_warn(sc, at, "no column %.*s is known there: taken as never filled", ST_FMT(name));
}

void st_bind_no_column(const st_scope *sc, st_span at, st_str name)
{
    st_suggest s = { .want = name };
    if (sc->row && sc->row->open) {
        sc->out->failed = true; /* told where the columns were lost */
        return;
    }
    if (sc->row && sc->row->loose) { /* a service's table may have it: nobody knows */
        if (sc->r->settings->stub_services || sc->binder->forgiving)
            st_bind_warn_loose(sc, at, name);
        return;
    }
    if (st_bind_billing_type(sc->row, name) != ST_TYPE_UNKNOWN)
        return;
    for (size_t i = 0; sc->row && i < sc->row->n; i++)
        st_suggest_offer(&s, sc->row->v[i].name);
    for (st_let *l = sc->env; l; l = l->next)
        st_suggest_offer(&s, l->name);
    const char *here = st_kql_foreign(ST_FOREIGN_COLUMN, name), *but = no_column_but(name);
    if (known_column(name) && dropped_column(sc, at, name))
        return;
    if (but)
        st_bind_error(sc, at, "KS142", "no column %.*s; %s", ST_FMT(name), but);
    else if (here && sc->row && st_bind_column(sc->row, st_str_of(here)) != SIZE_MAX)
        st_bind_error(sc, at, "KS142", "no column %.*s; it is called %s here", ST_FMT(name), here);
    else if (s.best.p)
        st_bind_error(sc, at, "KS142", "no column %.*s; did you mean %.*s?", ST_FMT(name),
                      ST_FMT(s.best));
    else if (!dropped_column(sc, at, name))
        st_bind_error(sc, at, "KS142", "no column %.*s", ST_FMT(name));
}

bool st_bind_unread(const st_let *l)
{
    return l && l->kind == ST_L_VALUE && l->x && l->x->type == ST_TYPE_UNKNOWN;
}

bool st_bind_loose_name(const st_scope *sc, const st_kql_expr *e)
{
    return e->kind == ST_KQL_NAME && sc->row && sc->row->loose && !sc->row->open &&
           st_bind_column(sc->row, e->u.name) == SIZE_MAX && !st_bind_let(sc, e->u.name);
}

bool st_bind_unpacked_name(const st_scope *sc, const st_kql_expr *e)
{
    return e->kind == ST_KQL_NAME && sc->binder->unpacked && sc->row &&
           st_bind_column(sc->row, e->u.name) == SIZE_MAX && !st_bind_let(sc, e->u.name);
}

st_expr *st_bind_settled(const st_scope *sc, const st_kql_expr *e, st_expr *x)
{
    if (!x || x->type != ST_TYPE_DYNAMIC ||
        !(st_bind_loose_name(sc, e) || st_bind_unpacked_name(sc, e)))
        return x;
    return st_bind_const(sc, ST_TYPE_STRING, st_val_missing(ST_TYPE_STRING));
}
