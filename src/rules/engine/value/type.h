/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type.h - the scalar types of columns and expressions, and texts that say a time.
 *
 * The types and their names are Kusto's. Times are ticks of 100 ns: a datetime counts them from
 * 0001-01-01 UTC.
 */
#ifndef ST_RULES_ENGINE_VALUE_TYPE_H
#define ST_RULES_ENGINE_VALUE_TYPE_H

#include "shelltree/base.h"

typedef enum st_type {
    ST_TYPE_BOOL,
    ST_TYPE_DATETIME, /* ticks, in i */
    ST_TYPE_DECIMAL,  /* held as real */
    ST_TYPE_DYNAMIC,
    ST_TYPE_GUID,
    ST_TYPE_INT,
    ST_TYPE_LONG,
    ST_TYPE_REAL,
    ST_TYPE_STRING,
    ST_TYPE_TIMESPAN, /* ticks, in i */
    ST_TYPE_UNKNOWN   /* not a type; or couldn't be bound, which silences what follows from it */
} st_type;
const char *st_type_name(st_type t);
/* Kusto's names and aliases (date, time, double, uuid, uniqueid, boolean ...); else UNKNOWN. */
st_type st_type_of(st_str name);
bool st_type_numeric(st_type t); /* int long real */

#endif
