/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c - the scalar functions: the families' tables.
 */
#include "rules/engine/functions/fn.h"

static const st_fn *const families[] = {
    st_fns_code,  st_fns_dynamic, st_fns_math,    st_fns_net,  st_fns_parse,
    st_fns_puny,  st_fns_regex,   st_fns_series,  st_fns_text, st_fns_time,
    st_fns_value, st_fns_xml,     st_fns_refused,
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
            if (st_str_eq(name, st_str_of(fn->name)))
                return fn;
    return NULL;
}
