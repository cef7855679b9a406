/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn.h - what the files of scalar functions share. A family of functions is a file with a
 * table; functions.c lists the tables.
 *
 * Code gets its arguments' values and returns one; null and bad input give null, or "" where
 * the result is a string. The binder has checked numbers and types of arguments by the table.
 */
#ifndef ST_RULES_ENGINE_FUNCTIONS_FN_H
#define ST_RULES_ENGINE_FUNCTIONS_FN_H

#include "rules/engine/functions/functions.h"

/* How a row of a table says what a column of the function's value is called by itself. */
#define NONE ST_NAMED_NONE, ""
#define FIRST ST_NAMED_FIRST, ""
#define PREFIX(p) ST_NAMED_PREFIX, p
#define SUFFIX(p) ST_NAMED_SUFFIX, p
/* A function that is known and not supported, and why. */
#define REFUSED(name, why)               \
    {                                    \
        name, "", 0, "", NONE, NULL, why \
    }

/* Each ends with a row without a name. */
extern const st_fn st_functions_code[], st_functions_dynamic[], st_functions_geo[],
    st_functions_math[], st_functions_net[], st_functions_parse[], st_functions_puny[],
    st_functions_refused[], st_functions_regex[], st_functions_series[], st_functions_text[],
    st_functions_time[], st_functions_value[], st_functions_xml[];

/* The text of a string or GUID; "" for anything else. */
st_str st_val_text(const st_run *r, st_val v);
/* What is in r->mem.buf, as a string: cut at ST_MAX_TEXT, and then the run says so. */
st_val st_run_text(st_run *r);
/* r->mem.buf holds more than st_run_text keeps: no more need be added. */
bool st_run_text_full(const st_run *r);
/* Is any of n values null? */
bool st_val_any_null(const st_val *a, size_t n);
/* Code points of a text. */
size_t st_text_points(st_str s);

/* Where indexof() and indexof_regex() look: their arguments behind the second. */
typedef struct st_text_part {
    st_str part;
    int64_t start; /* code points of s in front of part */
    int64_t nth;   /* occurrence that is wanted, from 1; 0 counts as 1 */
} st_text_part;
/* false: the value of the call is *value already. */
bool st_text_part_of(const st_expr *x, const st_val *a, st_str s, st_text_part *w, st_val *value);
/* A time or a span and a span later. */
st_val st_val_shift(st_val t, int64_t by);

/* Values that become an array. */
typedef struct st_value_list {
    st_val *v;
    size_t n, cap;
} st_value_list;
/* false: no memory, or (the run says so) ST_MAX_ARRAY of them. */
bool st_value_list_push(st_run *r, st_value_list *l, st_val v);
/* The list as a value; its memory is given back. */
st_val st_value_list_close(st_run *r, st_value_list *l);

#endif
