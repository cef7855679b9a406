/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c - the scalar functions: the families' tables; and what names call.
 */
#include "rules/engine/functions/fn.h"

#include <stdlib.h>

static const st_fn *const families[] = {
    st_functions_code,   st_functions_dynamic, st_functions_geo,  st_functions_math,
    st_functions_net,    st_functions_parse,   st_functions_puny, st_functions_regex,
    st_functions_series, st_functions_text,    st_functions_time, st_functions_value,
    st_functions_xml,    st_functions_refused,
};

const st_fn *st_fn_at(size_t i)
{
    for (size_t f = 0; f < sizeof families / sizeof(const st_fn *); f++)
        for (const st_fn *fn = families[f]; fn->name; fn++)
            if (!i--)
                return fn;
    return NULL;
}

const st_fn *st_fn_find(st_str name)
{
    for (size_t f = 0; f < sizeof families / sizeof(const st_fn *); f++)
        for (const st_fn *fn = families[f]; fn->name; fn++)
            if (st_str_is(name, fn->name))
                return fn;
    return NULL;
}

/* by name */

enum { FAMILIES = sizeof families / sizeof(const st_fn *), PLACES = 1024 };

typedef struct entry {
    st_str name;
    st_callee calls;
} entry;

struct st_callees {
    st_slots slots; /* at: places */
    uint32_t places[PLACES];
    size_t n;
    entry v[];
};

typedef struct wanted {
    const st_callees *in;
    st_str name;
} wanted;

static bool is_wanted(const void *ctx, uint32_t item)
{
    const wanted *w = ctx;
    return st_str_eq(w->in->v[item].name, w->name);
}

/* What calls of the name mean, to be filled. */
static st_callee *calls_of(st_callees *c, const char *text)
{
    const wanted w = { c, st_str_of(text) };
    size_t at = st_slots_probe(&c->slots, st_hash(w.name.p, w.name.n, 0), is_wanted, &w);
    if (!c->places[at]) {
        c->v[c->n] = (entry){ .name = w.name };
        c->places[at] = (uint32_t)++c->n;
    }
    return &c->v[c->places[at] - 1].calls;
}

/* More than there are names, by those that are two things. */
static size_t count_names(void)
{
    size_t n = 0;
    for (size_t f = 0; f < FAMILIES; f++)
        for (const st_fn *fn = families[f]; fn->name; fn++)
            n++;
    for (size_t i = 0; st_window_at(i); i++)
        n++;
    for (size_t i = 0; st_agg_at(i); i++)
        n++;
    return n;
}

/* NULL: no memory, or more names than places. */
static st_callees *callees_new(void)
{
    size_t n = count_names();
    st_callees *c = n < PLACES ? calloc(1, sizeof *c + n * sizeof *c->v) : NULL;
    if (!c)
        return NULL;
    c->slots = (st_slots){ c->places, PLACES };
    for (size_t f = 0; f < FAMILIES; f++)
        for (const st_fn *fn = families[f]; fn->name; fn++)
            calls_of(c, fn->name)->fn = fn;
    for (size_t i = 0; st_window_at(i); i++)
        calls_of(c, st_window_at(i)->name)->window = st_window_at(i);
    for (size_t i = 0; st_agg_at(i); i++)
        calls_of(c, st_agg_at(i)->name)->agg = st_agg_at(i);
    return c;
}

st_callee st_callees_find(st_callees **c, st_str name)
{
    if (!*c && !(*c = callees_new()))
        return (st_callee){ st_fn_find(name), st_window_find(name), st_agg_find(name) };
    const wanted w = { *c, name };
    uint32_t at = st_slots_find(&(*c)->slots, st_hash(name.p, name.n, 0), is_wanted, &w);
    if (at == ST_NO_SLOT)
        return (st_callee){ 0 };
    return (*c)->v[at].calls;
}
