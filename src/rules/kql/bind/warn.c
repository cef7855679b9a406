/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warn.c - what is sound, but may give an empty answer because of what Sysmon records.
 *
 * A thing is said once a query, however often it is asked for.
 */
#include "rules/kql/bind/bind.h"

#include <stdarg.h>
#include <stdio.h>

#define ALONE "; the answer may be empty for that reason alone"

static void warn_once(const st_scope *sc, st_span at, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));

static void warn_once(const st_scope *sc, st_span at, const char *fmt, ...)
{
    char t[ST_ERR_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    for (size_t i = sc->binder->d ? sc->binder->d->n : 0;
         i-- > 0 && st_str_eq(sc->binder->d->items[i].path, sc->binder->d->path);)
        if (sc->binder->d->items[i].severity == ST_SEV_WARNING &&
            st_str_is(sc->binder->d->items[i].text, t))
            return;
    st_bind_warn(sc, at, "%s", t);
}

/* The tables that the query reads, one after the other; NULL at the end. */
static const st_table_def *next_table(const st_scope *sc, size_t *i)
{
    while (*i < ST_TABLES && !(sc->r->tables >> *i & 1))
        ++*i;
    return st_table_def_at((*i)++);
}

static const st_getter *column_of(const st_table_def *t, st_str name, st_type type)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->columns[i].type == type && st_str_is(name, t->columns[i].name))
            return &t->columns[i];
    return NULL;
}

void st_bind_warn_column(const st_scope *sc, st_span at, st_str name, st_type type)
{
    const st_table_def *t;
    bool never = false;
    for (size_t i = 0; sc->filtering && (t = next_table(sc, &i)) != NULL;) {
        const st_getter *c = column_of(t, name, type);
        if (c && !(c->flags & ST_SRC_NEVER))
            return;
        never |= c != NULL;
    }
    if (never)
        st_bind_note(sc, &sc->binder->never, name);
    if (never)
        warn_once(sc, at, "%.*s is never filled, as Sysmon doesn't record it" ALONE, ST_FMT(name));
}

void st_bind_warn_billing(const st_scope *sc, st_span at, st_str name)
{
    if (!sc->filtering)
        return;
    st_bind_note(sc, &sc->binder->never, name);
    warn_once(sc, at, "%.*s is never filled, as nobody is billed here" ALONE, ST_FMT(name));
}

static bool can_act(const st_scope *sc, st_str action, bool fold)
{
    const st_table_def *t;
    for (size_t i = 0; (t = next_table(sc, &i)) != NULL;)
        if (st_table_def_acts(t, action, fold))
            return true;
    return false;
}

static void put_action(const st_scope *sc, st_val v, bool fold, st_buf *list)
{
    st_str s = v.tag == ST_VAL_STRING ? st_pool_get(sc->r->mem.pool, v.u.s) : ST_STR("");
    if (s.n && !can_act(sc, s, fold))
        st_buf_fmt(list, "%s%.*s", list->n ? ", " : "", ST_FMT(s));
}

void st_bind_warn_actions(const st_scope *sc, st_span at, st_expr *const *args, size_t n, bool fold)
{
    const st_expr *x = args[0];
    st_buf list = { 0 };
    if (!sc->filtering || !sc->r->tables || x->kind != ST_EXPR_COLUMN ||
        !st_str_eq(sc->row->v[x->col].name, ST_STR("ActionType")))
        return;
    for (size_t i = 1; i < n; i++) {
        st_val_leaves l;
        st_val_leaves_of(&l, &args[i]->value);
        for (const st_val *v; (v = st_val_leaf(&l));)
            put_action(sc, *v, fold, &list);
    }
    if (list.n)
        warn_once(sc, at, "no row here can have the ActionType %.*s" ALONE,
                  ST_FMT(st_buf_slice(&list)));
    st_buf_free(&list);
}

void st_bind_warn_table(const st_scope *sc, st_span at, const st_table_def *t)
{
    if (t->rows == ST_OF_NONE)
        warn_once(sc, at, "%s is empty, as Sysmon records no such events" ALONE, t->name);
    if (t->rows == ST_OF_HOSTS)
        warn_once(sc, at,
                  "%s has one row a host, with its name, its id and the time of its newest record",
                  t->name);
}
