/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h - what can be called: scalar functions, operators of expressions, functions over
 * neighbouring rows, aggregates. Each is a row of a table; names and types are Kusto's.
 */
#ifndef ST_RULES_ENGINE_FUNCTIONS_FUNCTIONS_H
#define ST_RULES_ENGINE_FUNCTIONS_FUNCTIONS_H

#include "base/search.h"
#include "rules/engine/run/expr.h"

/* scalar functions */

typedef struct st_fn st_fn;
typedef enum st_naming {
    ST_NAMED_NONE,
    ST_NAMED_FIRST,
    ST_NAMED_PREFIX,
    ST_NAMED_SUFFIX
} st_naming;
/* Arguments: one letter each. s string, x anything read as its text, y dynamic, n number, i
 * integer, d datetime, t timespan, u number or time, b bool, * any, r regular expression; a last
 * '+' repeats the one before. Result: a type's name; "0" the type of argument 0, "w" widest of all
 * ...; "(a:long,b:real)" several columns, from an array of their values. A '*' before it: computed
 * anew for each row, never once. Doc: one line; behind a '|' how it differs from Kusto's. */
struct st_fn {
    const char *name, *args;
    unsigned min;
    const char *result;
    st_naming naming;
    const char *prefix;
    st_fn_code *code; /* NULL: known, and not supported; doc says why */
    const char *doc;
};
const st_fn *st_fn_find(st_str name);
/* Does it search texts with patterns, so that its answers are worth remembering (run/memo.h)? */
bool st_fn_searches(st_fn_code *code);
/* Such a call's value: by the screen of patterns, by the memory of calls, or by a search. */
st_fn_code st_call_search;
/* The i-th function, NULL past the end. */
const st_fn *st_fn_at(size_t i);

/* Operators of expressions, by the types of their sides; NULL: not defined for them. */
st_fn_code *st_arith(char op, st_type a, st_type b, st_type *result);
/* op: '=' '!' '<' 'l'(<=) '>' 'g'(>=) */
st_fn_code *st_compare(char op, st_type a, st_type b);
st_fn_code st_call_and, st_call_or, st_call_not, st_call_index, st_call_strop, st_call_strop_any,
    st_call_in, st_call_iff, st_call_case, st_call_between, st_call_matches, st_call_negate,
    st_call_convert, st_call_pack_all;

/* Compiles a constant pattern into x->state. false: err and *offset say why. */
bool st_expr_regex(st_run *r, st_expr *x, st_str pattern, size_t *offset, st_err *err);

/* functions over neighbouring rows */

enum { ST_WINDOW_ARGS = 4 };
/* The arguments' values: v[i][row * step[i]]. */
typedef struct st_window_args {
    const st_val *v[ST_WINDOW_ARGS];
    size_t step[ST_WINDOW_ARGS], n;
    const st_mem *mem;
} st_window_args;
/* A function of the whole table, whose order is meant. types: a letter an argument, as for scalar
 * functions. */
struct st_window {
    const char *name;
    size_t min, max;
    const char *types;
    bool own_type; /* its value has the type of argument 0; else it is a long */
    void (*run)(const st_expr *x, const st_window_args *a, size_t n, st_val *out);
};
/* NULL: none of that name. */
const st_window *st_window_find(st_str name);
/* The i-th of them, NULL past the end. */
const st_window *st_window_at(size_t i);

/* aggregates */

typedef struct st_agg st_agg;
typedef struct st_agg_call st_agg_call;
typedef struct st_accum {
    int64_t n, i;
    double d, d2, mean2;
    bool set;
    st_val best;
    st_val *list; /* malloc'ed */
    size_t nlist, list_cap;
    st_val *values; /* make_bag, percentilew: what belongs to the list's items */
    size_t values_cap;
    st_slots set_of; /* the list's items, if it is a set */
    st_val row;      /* arg_max: the other column */
    bool took;       /* arg_max: the last row was taken */
    st_node node;
} st_accum;
/* Arguments, result and doc as for functions; result "avg" a real or a time, "s" the type a sum
 * has, "p" the argument's, but long for int. */
struct st_agg {
    const char *name, *args;
    unsigned min;
    const char *result;
    const char *prefix; /* prefix_ + first argument's name */
    /* NULL: known, and not supported; doc says why */
    void (*step)(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v);
    st_val (*end)(st_run *r, st_accum *a, const st_agg_call *c);
    const char *doc;
};
struct st_agg_call {
    const st_agg *agg;
    st_expr **args;
    size_t nargs;
    st_type type;
    int64_t limit;
};
const st_agg *st_agg_find(st_str name);
/* Is it one that gives its second argument of the row whose first is best (arg_max, arg_min)? */
bool st_agg_carries(const st_agg *agg);
const st_agg *st_agg_at(size_t i);
void st_accum_free(st_accum *a);

/* names */

/* What a name calls; NULL each: nothing. */
typedef struct st_callee {
    const st_fn *fn;
    const st_window *window;
    const st_agg *agg;
} st_callee;
/* What the three look for one after the other, by a table of all names, one block, that is made
 * with the first call; *c NULL: it isn't made. Without memory they are asked. */
typedef struct st_callees st_callees;
st_callee st_callees_find(st_callees **c, st_str name);

/* addresses: net.c */

/* IPv4 is mapped (::ffff:0:0/96), its prefix too. */
typedef struct st_ip {
    unsigned char b[16];
    unsigned bits; /* of the prefix; 128: a single address */
} st_ip;
/* Text of an address, maybe with /PREFIX. v4: no IPv6. */
bool st_ip_parse(st_str s, bool v4, st_ip *out);
/* Clears what is behind the first `bits` bits. */
void st_ip_cut(st_ip *ip, unsigned bits);

#endif
