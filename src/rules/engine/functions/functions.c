/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c - the scalar functions: the families' tables.
 */
#include "rules/engine/functions/fn.h"

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
