/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - Kusto's scalar types and one value of any of them.
 *
 * A column has a type (st_type); a cell is a value (st_val) whose tag says what it holds, or
 * that it is null. A string is never null: it is ST_EMPTY. int and long share a tag, and a
 * dynamic cell has the tag of what is inside, so a dynamic costs nothing until it is an
 * array or a bag. Strings and GUIDs (lower-case text) are ids of one pool; arrays and bags
 * live in an arena of the run and are never changed once made.
 *
 * Times are ticks of 100 ns, as Kusto counts them: datetimes from 0001-01-01.
 */
#ifndef ST_RULES_ENGINE_VALUE_VALUE_H
#define ST_RULES_ENGINE_VALUE_VALUE_H

#include "rules/engine/value/type.h"
#include "rules/engine/value/times.h"
#include "base/limits.h"

typedef enum st_val_tag {
    ST_VAL_NULL,
    ST_VAL_BOOL,
    ST_VAL_LONG,
    ST_VAL_REAL,
    ST_VAL_STRING,
    ST_VAL_DATETIME,
    ST_VAL_TIMESPAN,
    ST_VAL_GUID,
    ST_VAL_ARRAY,
    ST_VAL_BAG
} st_val_tag;

typedef struct st_array st_array;
typedef struct st_bag st_bag;
typedef struct st_val {
    st_val_tag tag;
    union {
        bool b;
        int64_t i; /* LONG, DATETIME, TIMESPAN */
        double d;
        st_sid s; /* STRING, GUID */
        const st_array *a;
        const st_bag *g;
    } u;
} st_val;
struct st_array {
    size_t n;
    st_val *v;
};
struct st_bag {
    size_t n;
    st_sid *keys;
    st_val *v;
};

/* Where values keep what doesn't fit into 16 bytes. */
typedef struct st_mem {
    st_pool *pool;
    st_arena *arena;
    st_buf buf;        /* for whoever needs one for a moment */
    st_budget *budget; /* of the arena, too; NULL: none */
    size_t held;       /* bytes that st_mem_grow and st_mem_zeroed took from it */
    st_sid known;      /* texts of smaller ids aren't counted; 0: none is */
    uint64_t texts;    /* bytes of the others, each once, whoever put them into the pool before */
    uint8_t *counted;  /* a bit each, from `known` on: it is among them. The run's */
    size_t counted_n;
} st_mem;

/* The pool's id of a text that a run makes, which is counted; buf.failed: no memory to count. */
st_sid st_mem_text(st_mem *m, st_str s);

/* A text of the pool that the run would have made, had it not been remembered. */
void st_mem_made(st_mem *m, st_sid id);
/* st_grow and calloc, for what an operator holds: counted, and false or NULL beyond the budget. */
bool st_mem_grow(st_mem *m, void *array_ptr, size_t *cap, size_t need, size_t size);
void *st_mem_zeroed(st_mem *m, size_t n, size_t size);
/* What was taken since held was `before` has been freed. */
void st_mem_release(st_mem *m, size_t before);

#define ST_DATETIME_MAX INT64_C(3155378975999999999)
#define ST_DAY_TICKS INT64_C(864000000000)

static inline st_val st_val_null(void)
{
    return (st_val){ ST_VAL_NULL, { .i = 0 } };
}
static inline st_val st_val_bool(bool b)
{
    return (st_val){ ST_VAL_BOOL, { .b = b } };
}
static inline st_val st_val_long(int64_t i)
{
    return (st_val){ ST_VAL_LONG, { .i = i } };
}
static inline st_val st_val_real(double d)
{
    return (st_val){ ST_VAL_REAL, { .d = d } };
}
static inline st_val st_val_sid(st_sid s)
{
    return (st_val){ ST_VAL_STRING, { .s = s == ST_ABSENT ? ST_EMPTY : s } };
}
static inline st_val st_val_time(int64_t ticks)
{
    return ticks < 0 || ticks > ST_DATETIME_MAX ? st_val_null()
                                                : (st_val){ ST_VAL_DATETIME, { .i = ticks } };
}
static inline st_val st_val_span(int64_t ticks)
{
    return (st_val){ ST_VAL_TIMESPAN, { .i = ticks } };
}
st_val st_val_str(st_mem *m, st_str s);
st_val st_val_filetime(st_ticks t); /* 0: null */
/* n values, all null, to be filled; NULL: no memory. */
st_array *st_array_new(st_mem *m, size_t n);
st_bag *st_bag_new(st_mem *m, size_t n);
st_val st_val_array(const st_array *a); /* NULL gives null */

/* What a list of an operator says: a value itself, or those in an array and in its arrays. */
typedef struct {
    const st_val *left[ST_MAX_JSON_DEPTH], *end[ST_MAX_JSON_DEPTH];
    size_t depth;
} st_val_leaves;

void st_val_leaves_of(st_val_leaves *l, const st_val *v);
const st_val *st_val_leaf(st_val_leaves *l); /* NULL: no more */

st_val st_val_bag(const st_bag *g);
/* The last member of that name; NULL if there is none. */
const st_val *st_bag_get(const st_bag *g, st_sid key);

/* What a missing value of type t is: "" for strings, null for the rest. */
st_val st_val_missing(st_type t);

/* tostring(): type says whether it is a dynamic (whose true stays lower case). */
void st_val_put(st_buf *b, const st_mem *m, st_type type, st_val v);
/* The same, as a string value. */
st_val st_val_tostring(st_mem *m, st_type type, st_val v);
/* As JSON: strings in quotes. Beyond ST_MAX_JSON_TEXT it ends, and the budget is met. */
void st_val_put_json(st_buf *b, const st_mem *m, st_val v);

/* Text that isn't JSON gives a dynamic string holding it. */
st_val st_val_parse_json(st_mem *m, st_str text);
/* Text to a type, by the rules of the toT functions; null where it doesn't convert. */
st_val st_val_parse(st_mem *m, st_type type, st_str text);
/* Any value to a type, as toT does. */
st_val st_val_convert(st_mem *m, st_type to, st_type from, st_val v);

/* Same type and same value; nulls equal. NaN equals NaN. For groups and sets. */
bool st_val_same(const st_mem *m, st_val a, st_val b);
uint64_t st_val_hash(st_val v, uint64_t seed);
/* Sort order of two values of one type, neither null: <0, 0, >0. */
int st_val_cmp(const st_mem *m, st_val a, st_val b);
/* Null or NaN: where sorts put them apart. */
bool st_val_last(st_val v);
/* A number as a double; false if it isn't a number. */
bool st_val_number(st_val v, double *out);

#endif
