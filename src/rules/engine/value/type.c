/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type.c - the names of types.
 */
#include "rules/engine/value/type.h"

const char *st_type_name(st_type t)
{
    static const char *const names[] = { "bool", "datetime", "decimal", "dynamic",  "guid",   "int",
                                         "long", "real",     "string",  "timespan", "unknown" };
    return names[t <= ST_TYPE_UNKNOWN ? t : ST_TYPE_UNKNOWN];
}

st_type st_type_of(st_str name)
{
    static const struct {
        const char *alias;
        st_type type;
    } aliases[] = { { "date", ST_TYPE_DATETIME }, { "time", ST_TYPE_TIMESPAN },
                    { "double", ST_TYPE_REAL },   { "uuid", ST_TYPE_GUID },
                    { "uniqueid", ST_TYPE_GUID }, { "boolean", ST_TYPE_BOOL },
                    { "int32", ST_TYPE_INT },     { "int64", ST_TYPE_LONG } };
    for (unsigned t = 0; t < ST_TYPE_UNKNOWN; t++)
        if (st_str_eq(name, st_str_of(st_type_name((st_type)t))))
            return (st_type)t;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (st_str_is(name, aliases[i].alias))
            return aliases[i].type;
    return ST_TYPE_UNKNOWN;
}

bool st_type_numeric(st_type t)
{
    return t == ST_TYPE_INT || t == ST_TYPE_LONG || t == ST_TYPE_REAL;
}
