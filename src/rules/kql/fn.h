/*
 * fn.h - what the files of scalar functions share. A family of functions is a file with a
 * table; functions.c lists the tables.
 *
 * Code gets its arguments' values and returns one; null and bad input give null, or "" where
 * the result is a string. The binder has checked numbers and types of arguments by the table.
 */
#ifndef ST_KQL_FN_H
#define ST_KQL_FN_H

#include "rules/kql/plan.h"

/* How a row of a table says what a column of the function's value is called by itself. */
#define NONE ST_KN_NONE, ""
#define FIRST ST_KN_FIRST, ""
#define PREFIX(p) ST_KN_PREFIX, p
#define SUFFIX(p) ST_KN_SUFFIX, p
/* A function that is known and not supported, and why. */
#define REFUSED(name, why)               \
    {                                    \
        name, "", 0, "", NONE, NULL, why \
    }

/* Each ends with a row without a name. */
extern const st_kfn st_kfns_code[], st_kfns_dynamic[], st_kfns_math[], st_kfns_net[],
    st_kfns_parse[], st_kfns_puny[], st_kfns_refused[], st_kfns_regex[], st_kfns_series[],
    st_kfns_text[], st_kfns_time[], st_kfns_value[], st_kfns_xml[];

/* The text of a string or GUID; "" for anything else. */
st_str st_kf_text(const st_krun *r, st_kv v);
/* What is in r->mem.buf, as a string: cut at ST_MAX_KQL_TEXT, and then the run says so. */
st_kv st_kf_from_buf(st_krun *r);
/* r->mem.buf holds more than st_kf_from_buf keeps: no more need be added. */
bool st_kf_full(const st_krun *r);
/* Is any of n values null? */
bool st_kf_nulls(const st_kv *a, size_t n);
/* Code points of a text; the byte at which the n-th one begins. */
size_t st_kf_points(st_str s);
size_t st_kf_byte_of(st_str s, int64_t n);

/* Where indexof() and indexof_regex() look: their arguments behind the second. */
typedef struct st_kwindow {
    st_str part;
    int64_t start; /* code points of s in front of part */
    int64_t nth;   /* occurrence that is wanted, from 1; 0 counts as 1 */
} st_kwindow;
/* false: the value of the call is *value already. */
bool st_kf_window(const st_kx *x, const st_kv *a, st_str s, st_kwindow *w, st_kv *value);
/* A time or a span and a span later. */
st_kv st_kf_shift(st_kv t, int64_t by);

/* Values that become an array. */
typedef struct st_klist {
    st_kv *v;
    size_t n, cap;
} st_klist;
/* false: no memory, or (the run says so) ST_MAX_KQL_ARRAY of them. */
bool st_klist_push(st_krun *r, st_klist *l, st_kv v);
/* The list as a value; its memory is given back. */
st_kv st_klist_close(st_krun *r, st_klist *l);

#endif
