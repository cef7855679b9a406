/*
 * value.h - Kusto's scalar types and one value of any of them.
 *
 * A column has a type (st_kt); a cell is a value (st_kv) whose tag says what it holds, or
 * that it is null. A string is never null: it is ST_EMPTY. int and long share a tag, and a
 * dynamic cell has the tag of what is inside, so a dynamic costs nothing until it is an
 * array or a bag. Strings and GUIDs (lower-case text) are ids of one pool; arrays and bags
 * live in an arena of the run and are never changed once made.
 *
 * Times are ticks of 100 ns, as Kusto counts them: datetimes from 0001-01-01.
 */
#ifndef ST_KQL_VALUE_H
#define ST_KQL_VALUE_H

#include "rules/kql/ast.h"

typedef st_kql_type st_kt; /* ST_KT_UNKNOWN: couldn't be bound; silences what follows from it */
const char *st_kt_name(st_kt t);
bool st_kt_of_name(st_str name, st_kt *out); /* aliases too: date, time, double, decimal ... */
bool st_kt_numeric(st_kt t);                 /* int long real */

typedef enum st_kv_tag {
    ST_KV_NULL,
    ST_KV_BOOL,
    ST_KV_LONG,
    ST_KV_REAL,
    ST_KV_STRING,
    ST_KV_DATETIME,
    ST_KV_TIMESPAN,
    ST_KV_GUID,
    ST_KV_ARRAY,
    ST_KV_BAG
} st_kv_tag;

typedef struct st_karray st_karray;
typedef struct st_kbag st_kbag;
typedef struct st_kv {
    st_kv_tag tag;
    union {
        bool b;
        int64_t i; /* LONG, DATETIME, TIMESPAN */
        double d;
        st_sid s; /* STRING, GUID */
        const st_karray *a;
        const st_kbag *g;
    } u;
} st_kv;
struct st_karray {
    size_t n;
    st_kv *v;
};
struct st_kbag {
    size_t n;
    st_sid *keys;
    st_kv *v;
};

/* Where values keep what doesn't fit into 16 bytes. */
typedef struct st_kmem {
    st_pool *pool;
    st_arena *arena;
    st_buf buf;        /* for whoever needs one for a moment */
    st_budget *budget; /* of the arena, too; NULL: none */
    size_t held;       /* bytes that st_kgrow and st_kcalloc took from it */
} st_kmem;

/* st_grow and calloc, for what an operator holds: counted, and false or NULL beyond the budget. */
bool st_kgrow(st_kmem *m, void *array_ptr, size_t *cap, size_t need, size_t size);
void *st_kcalloc(st_kmem *m, size_t n, size_t size);
/* What was taken since held was `before` has been freed. */
void st_kgive_back(st_kmem *m, size_t before);

#define ST_KQL_1601 INT64_C(504911232000000000) /* FILETIME's zero in Kusto's ticks */
#define ST_KQL_TICKS_MAX INT64_C(3155378975999999999)
#define ST_KQL_DAY INT64_C(864000000000)

static inline st_kv st_kv_null(void)
{
    return (st_kv){ ST_KV_NULL, { .i = 0 } };
}
static inline st_kv st_kv_bool(bool b)
{
    return (st_kv){ ST_KV_BOOL, { .b = b } };
}
static inline st_kv st_kv_long(int64_t i)
{
    return (st_kv){ ST_KV_LONG, { .i = i } };
}
static inline st_kv st_kv_real(double d)
{
    return (st_kv){ ST_KV_REAL, { .d = d } };
}
static inline st_kv st_kv_sid(st_sid s)
{
    return (st_kv){ ST_KV_STRING, { .s = s == ST_ABSENT ? ST_EMPTY : s } };
}
static inline st_kv st_kv_time(int64_t ticks)
{
    return ticks < 0 || ticks > ST_KQL_TICKS_MAX ? st_kv_null()
                                                 : (st_kv){ ST_KV_DATETIME, { .i = ticks } };
}
static inline st_kv st_kv_span(int64_t ticks)
{
    return (st_kv){ ST_KV_TIMESPAN, { .i = ticks } };
}
st_kv st_kv_str(st_kmem *m, st_str s);
st_kv st_kv_filetime(st_ticks t); /* 0: null */
/* n values, all null, to be filled; NULL: no memory. */
st_karray *st_karray_new(st_kmem *m, size_t n);
st_kbag *st_kbag_new(st_kmem *m, size_t n);
st_kv st_kv_array(const st_karray *a); /* NULL gives null */
st_kv st_kv_bag(const st_kbag *g);
/* The last member of that name; NULL if there is none. */
const st_kv *st_kbag_get(const st_kbag *g, st_sid key);

/* What a missing value of type t is: "" for strings, null for the rest. */
st_kv st_kv_missing(st_kt t);

/* tostring(): type says whether it is a dynamic (whose true stays lower case). */
void st_kv_put(st_buf *b, const st_kmem *m, st_kt type, st_kv v);
/* The same, as a string value. */
st_kv st_kv_tostring(st_kmem *m, st_kt type, st_kv v);
/* As JSON: strings in quotes. Beyond ST_MAX_KQL_JSON it ends, and the budget is met. */
void st_kv_put_json(st_buf *b, const st_kmem *m, st_kv v);
/* A text in quotes, escaped. */
void st_kv_put_json_text(st_buf *b, st_str s);

/* Text that isn't JSON gives a dynamic string holding it. */
st_kv st_kv_parse_json(st_kmem *m, st_str text);
/* Text to a type, by the rules of the toT functions; null where it doesn't convert. */
st_kv st_kv_parse(st_kmem *m, st_kt type, st_str text);
/* Any value to a type, as toT does. */
st_kv st_kv_convert(st_kmem *m, st_kt to, st_kt from, st_kv v);

/* Same type and same value; nulls equal. NaN equals NaN. For groups and sets. */
bool st_kv_same(const st_kmem *m, st_kv a, st_kv b);
uint64_t st_kv_hash(st_kv v, uint64_t seed);
/* Sort order of two values of one type, neither null: <0, 0, >0. */
int st_kv_cmp(const st_kmem *m, st_kv a, st_kv b);
/* Null or NaN: where sorts put them apart. */
bool st_kv_last(st_kv v);
/* A number as a double; false if it isn't a number. */
bool st_kv_number(st_kv v, double *out);

typedef struct st_kdate {
    int year, month, day, hour, minute, second, tick;
} st_kdate;
void st_kdate_of(int64_t ticks, st_kdate *d);
bool st_kdate_ticks(const st_kdate *d, int64_t *out); /* false: no such date */

#endif
