/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - values: making, spelling, reading and comparing them. */
#include "rules/engine/value/value.h"

#include "base/limits.h"
#include "rules/engine/value/times.h"
#include "shelltree/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): ST_MAX_JSON_DEPTH bounds it, checked on the way down */

#define SECOND INT64_C(10000000)

/* memory that is counted */

static bool take(st_mem *m, size_t bytes)
{
    if (m->budget && !st_budget_take(m->budget, bytes))
        return false;
    m->held += bytes;
    return true;
}

bool st_mem_grow(st_mem *m, void *array_ptr, size_t *cap, size_t need, size_t size)
{
    size_t before = *cap;
    return need <= before ||
           (st_grow(array_ptr, cap, need, size) && take(m, (*cap - before) * size));
}

void *st_mem_zeroed(st_mem *m, size_t n, size_t size)
{
    size_t bytes;
    bool fits = !__builtin_mul_overflow(n, size, &bytes) && take(m, bytes);
    return fits ? calloc(n, size) : NULL;
}

void st_mem_release(st_mem *m, size_t before)
{
    if (m->budget)
        m->budget->used -= m->held - before;
    m->held = before;
}

/* Of a text that another run has put there, too: what a run takes doesn't depend on who ran before
 * it, or beside it. */
static void count_text(st_mem *m, st_sid id, size_t bytes)
{
    enum { ENTRY = 16 }; /* of the pool's own, for each */
    size_t i = id - m->known, was = m->counted_n;
    if (i / 8 >= was) {
        if (!st_grow(&m->counted, &m->counted_n, i / 8 + 1, 1)) {
            m->buf.failed = true;
            return;
        }
        memset(m->counted + was, 0, m->counted_n - was);
    }
    m->texts += bytes + ENTRY;
    m->counted[i / 8] |= (uint8_t)(1u << i % 8);
}

/* Does a text count that doesn't yet? */
static bool is_new(const st_mem *m, st_sid id)
{
    size_t i = id - m->known;
    return m->known && id >= m->known &&
           (i / 8 >= m->counted_n || !(m->counted[i / 8] >> i % 8 & 1));
}

st_sid st_mem_text(st_mem *m, st_str s)
{
    st_sid id = st_pool_put(m->pool, s);
    if (is_new(m, id))
        count_text(m, id, s.n);
    return id;
}

void st_mem_made(st_mem *m, st_sid id)
{
    if (id != ST_ABSENT && is_new(m, id))
        count_text(m, id, st_pool_get(m->pool, id).n);
}

/* types */

/* making */

st_val st_val_str(st_mem *m, st_str s)
{
    return st_val_sid(s.n ? st_mem_text(m, s) : ST_EMPTY);
}

st_val st_val_filetime(st_ticks t)
{
    return t && t <= ST_TICKS_MAX ? st_val_time((int64_t)t + ST_TICKS_1601) : st_val_null();
}

st_array *st_array_new(st_mem *m, size_t n)
{
    st_array *a = ST_NEW(m->arena, st_array);
    if (!a)
        return NULL;
    a->n = n;
    a->v = ST_NEWN(m->arena, st_val, n);
    return a->v ? a : NULL;
}

st_bag *st_bag_new(st_mem *m, size_t n)
{
    st_bag *g = ST_NEW(m->arena, st_bag);
    if (!g)
        return NULL;
    g->n = n;
    g->keys = ST_NEWN(m->arena, st_sid, n);
    g->v = ST_NEWN(m->arena, st_val, n);
    return g->keys && g->v ? g : NULL;
}

st_val st_val_array(const st_array *a)
{
    return a ? (st_val){ ST_VAL_ARRAY, { .a = a } } : st_val_null();
}

st_val st_val_bag(const st_bag *g)
{
    return g ? (st_val){ ST_VAL_BAG, { .g = g } } : st_val_null();
}

const st_val *st_bag_get(const st_bag *g, st_sid key)
{
    for (size_t i = g->n; i-- > 0;)
        if (g->keys[i] == key)
            return &g->v[i];
    return NULL;
}

st_val st_val_missing(st_type t)
{
    return t == ST_TYPE_STRING ? st_val_sid(ST_EMPTY) : st_val_null();
}

/* spelling */

static void put_real(st_buf *b, double d)
{
    char t[40];
    if (isnan(d) || isinf(d)) {
        st_buf_str(b, isnan(d) ? ST_STR("NaN") : d > 0 ? ST_STR("Infinity") : ST_STR("-Infinity"));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(t, sizeof t, "%.*g", digits, d);
        if (strtod(t, NULL) == d)
            break;
    }
    st_buf_str(b, st_str_of(t));
    if (!strpbrk(t, ".eE"))
        st_buf_str(b, ST_STR(".0"));
}

/* The last n digits of v. */
static void put_digits(char *to, int v, unsigned n)
{
    for (; n--; v /= 10)
        to[n] = (char)('0' + v % 10);
}

static void put_datetime(st_buf *b, int64_t t)
{
    char text[] = "0000-00-00T00:00:00.0000000Z";
    st_civil d;
    st_civil_of(t, &d);
    put_digits(text, d.year, 4);
    put_digits(text + 5, d.month, 2);
    put_digits(text + 8, d.day, 2);
    put_digits(text + 11, d.hour, 2);
    put_digits(text + 14, d.minute, 2);
    put_digits(text + 17, d.second, 2);
    put_digits(text + 20, d.tick, 7);
    st_buf_put(b, text, sizeof text - 1);
}

static void put_timespan(st_buf *b, int64_t t)
{
    uint64_t u = t < 0 ? 0 - (uint64_t)t : (uint64_t)t, day = (uint64_t)ST_DAY_TICKS,
             sec = (uint64_t)SECOND;
    if (t < 0)
        st_buf_char(b, '-');
    if (u >= day) {
        st_buf_u64(b, u / day);
        st_buf_char(b, '.');
    }
    unsigned s = (unsigned)(u % day / sec), f = (unsigned)(u % sec);
    st_buf_fmt(b, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    if (f)
        st_buf_fmt(b, ".%07u", f);
}

/* Anything but arrays and bags. */
static void put_scalar(st_buf *b, const st_mem *m, st_val v, bool json)
{
    switch (v.tag) {
    case ST_VAL_NULL: st_buf_str(b, json ? ST_STR("null") : ST_STR("")); break;
    case ST_VAL_BOOL: st_buf_str(b, v.u.b ? ST_STR("true") : ST_STR("false")); break;
    case ST_VAL_LONG: st_buf_i64(b, v.u.i); break;
    case ST_VAL_REAL:
        if (json && !isfinite(v.u.d))
            st_buf_str(b, isnan(v.u.d) ? ST_STR("\"NaN\"")
                          : v.u.d > 0  ? ST_STR("\"Infinity\"")
                                       : ST_STR("\"-Infinity\""));
        else
            put_real(b, v.u.d);
        break;
    case ST_VAL_STRING:
    case ST_VAL_GUID:
        if (json)
            st_json_exact(b, st_pool_get(m->pool, v.u.s));
        else
            st_buf_str(b, st_pool_get(m->pool, v.u.s));
        break;
    case ST_VAL_DATETIME:
    case ST_VAL_TIMESPAN:
        if (json)
            st_buf_char(b, '"');
        (v.tag == ST_VAL_DATETIME ? put_datetime : put_timespan)(b, v.u.i);
        if (json)
            st_buf_char(b, '"');
        break;
    case ST_VAL_ARRAY:
    case ST_VAL_BAG: break;
    }
}

typedef struct frame {
    st_val v;
    size_t i;
} frame;

void st_val_leaves_of(st_val_leaves *l, const st_val *v)
{
    l->left[0] = v;
    l->end[0] = v + 1;
    l->depth = 1;
}

const st_val *st_val_leaf(st_val_leaves *l)
{
    while (l->depth) {
        size_t at = l->depth - 1;
        if (l->left[at] == l->end[at]) {
            l->depth--;
            continue;
        }
        const st_val *v = l->left[at]++;
        if (v->tag != ST_VAL_ARRAY)
            return v;
        if (l->depth < ST_MAX_JSON_DEPTH) {
            l->left[l->depth] = v->u.a->v;
            l->end[l->depth++] = v->u.a->v + v->u.a->n;
        }
    }
    return NULL;
}

void st_val_put_json(st_buf *b, const st_mem *m, st_val v)
{
    frame stack[ST_MAX_JSON_DEPTH];
    size_t depth = 0;
    st_val cur = v;
    for (;;) {
        if (b->n > ST_MAX_JSON_TEXT && m->budget) {
            m->budget->met = true;
            return;
        }
        bool open = cur.tag == ST_VAL_ARRAY || cur.tag == ST_VAL_BAG;
        if (open && depth < ST_MAX_JSON_DEPTH) {
            st_buf_char(b, cur.tag == ST_VAL_ARRAY ? '[' : '{');
            stack[depth++] = (frame){ cur, 0 };
        } else {
            put_scalar(b, m, open ? st_val_null() : cur, true);
        }
        for (;;) {
            if (!depth)
                return;
            frame *f = &stack[depth - 1];
            bool array = f->v.tag == ST_VAL_ARRAY;
            if (f->i < (array ? f->v.u.a->n : f->v.u.g->n))
                break;
            st_buf_char(b, array ? ']' : '}');
            depth--;
        }
        frame *f = &stack[depth - 1];
        if (f->i)
            st_buf_char(b, ',');
        if (f->v.tag == ST_VAL_BAG) {
            st_json_exact(b, st_pool_get(m->pool, f->v.u.g->keys[f->i]));
            st_buf_char(b, ':');
            cur = f->v.u.g->v[f->i++];
        } else {
            cur = f->v.u.a->v[f->i++];
        }
    }
}

void st_val_put(st_buf *b, const st_mem *m, st_type type, st_val v)
{
    if (v.tag == ST_VAL_ARRAY || v.tag == ST_VAL_BAG)
        st_val_put_json(b, m, v);
    else if (v.tag == ST_VAL_BOOL && type != ST_TYPE_DYNAMIC)
        st_buf_str(b, v.u.b ? ST_STR("True") : ST_STR("False"));
    else
        put_scalar(b, m, v, false);
}

st_val st_val_tostring(st_mem *m, st_type type, st_val v)
{
    if (v.tag == ST_VAL_STRING)
        return v;
    if (v.tag == ST_VAL_GUID)
        return st_val_sid(v.u.s);
    st_buf_clear(&m->buf);
    st_val_put(&m->buf, m, type, v);
    return st_val_str(m, st_buf_slice(&m->buf));
}

/* JSON */

/* A value in the making: what is open, and under which name in what is around it. */
typedef struct opening {
    st_sid key;
    size_t base; /* its first member on the stack */
    bool bag;
} opening;

typedef struct json {
    st_mem *m;
    st_json text;
    st_val *items; /* a stack: members of the open arrays and bags */
    st_sid *keys;
    size_t n, items_cap, keys_cap;
    opening open[ST_MAX_JSON_DEPTH];
    size_t depth;
} json;

static bool push_item(json *j, st_sid key, st_val v)
{
    if (!st_grow(&j->items, &j->items_cap, j->n + 1, sizeof *j->items) ||
        !st_grow(&j->keys, &j->keys_cap, j->n + 1, sizeof *j->keys))
        return false;
    j->items[j->n] = v;
    j->keys[j->n++] = key;
    return true;
}

/* Kusto reads what C's strtod does, as long as it begins with no plus. */
static bool json_number(json *j, st_str s, st_val *out)
{
    char t[64], *end = NULL;
    if (s.n >= sizeof t)
        return false;
    memcpy(t, s.p, s.n);
    t[s.n] = 0;
    if (!strpbrk(t, ".eE")) {
        *out = st_val_parse(j->m, ST_TYPE_LONG, s);
        if (out->tag == ST_VAL_LONG)
            return t[0] != '+';
    }
    *out = st_val_real(strtod(t, &end));
    return end == t + s.n;
}

static st_val array_of(json *j, size_t base)
{
    st_array *a = st_array_new(j->m, j->n - base);
    if (a && j->n > base)
        memcpy(a->v, j->items + base, (j->n - base) * sizeof *a->v);
    return a ? st_val_array(a) : st_val_null();
}

/* Of names that come twice the last counts; in large bags that is left to who looks one up. */
static st_val bag_of(json *j, size_t base)
{
    size_t n = j->n - base, used = 0;
    st_bag *g = st_bag_new(j->m, n);
    if (!g)
        return st_val_null();
    for (size_t i = 0; i < n; i++) {
        size_t k = n < 64 ? 0 : used;
        while (k < used && g->keys[k] != j->keys[base + i])
            k++;
        g->keys[k] = j->keys[base + i];
        g->v[k] = j->items[base + i];
        used += k == used;
    }
    g->n = used;
    return st_val_bag(g);
}

static st_val closed(json *j, st_sid *key)
{
    const opening *o = &j->open[--j->depth];
    st_val v = o->bag ? bag_of(j, o->base) : array_of(j, o->base);
    j->n = o->base;
    *key = o->key;
    return v;
}

/* false: no JSON, or no memory. */
static bool read_json(json *j, st_val *out)
{
    st_sid key = ST_EMPTY;
    bool done = false;
    for (;;) {
        st_j step = st_json_next(&j->text);
        st_val v = st_val_null();
        switch (step) {
        case ST_J_BAD: return false;
        case ST_J_END: return done;
        case ST_J_KEY: key = st_val_str(j->m, j->text.text).u.s; continue;
        case ST_J_OBJECT:
        case ST_J_ARRAY:
            j->open[j->depth++] = (opening){ key, j->n, step == ST_J_OBJECT };
            key = ST_EMPTY;
            continue;
        case ST_J_OBJECT_END:
        case ST_J_ARRAY_END: v = closed(j, &key); break;
        case ST_J_TEXT: v = st_val_str(j->m, j->text.text); break;
        case ST_J_NUMBER:
            if (!json_number(j, j->text.text, &v))
                return false;
            break;
        case ST_J_TRUE:
        case ST_J_FALSE: v = st_val_bool(step == ST_J_TRUE); break;
        case ST_J_NULL: break;
        }
        if (!j->depth) {
            *out = v;
            done = true;
        } else if (!push_item(j, key, v)) {
            return false;
        }
        key = ST_EMPTY;
    }
}

st_val st_val_parse_json(st_mem *m, st_str text)
{
    st_str t = st_str_trim(text);
    if (!t.n)
        return st_val_null();
    json j = { .m = m };
    st_json_open_text(&j.text, ST_JSON_ONE, t);
    j.text.max_text = SIZE_MAX;
    j.text.loose_numbers = true;
    st_val v = st_val_null();
    bool ok = read_json(&j, &v);
    st_json_close(&j.text);
    free(j.items);
    free(j.keys);
    return ok ? v : st_val_str(m, text);
}

/* conversions */

static bool parse_long(st_str s, int64_t *out)
{
    s = st_str_trim(s);
    bool minus = s.n && s.p[0] == '-';
    if (minus || (s.n && s.p[0] == '+'))
        s = (st_str){ s.p + 1, s.n - 1 };
    uint64_t u;
    if (!st_str_u64_any(s, &u) || u > (uint64_t)INT64_MAX + (minus ? 1u : 0u))
        return false;
    *out = minus ? (int64_t)(0 - u) : (int64_t)u;
    return true;
}

static bool parse_real(st_str s, double *out)
{
    char t[64], *end = NULL;
    s = st_str_trim(s);
    if (!s.n || s.n >= sizeof t)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == 'x' || s.p[i] == 'X' || s.p[i] == 'p' || s.p[i] == '(' || !s.p[i])
            return false;
        t[i] = s.p[i];
    }
    t[s.n] = 0;
    *out = strtod(t, &end);
    return end == t + s.n;
}

static st_val parse_bool(st_str s)
{
    int64_t i;
    s = st_str_trim(s);
    if (st_str_ieq(s, ST_STR("true")))
        return st_val_bool(true);
    if (st_str_ieq(s, ST_STR("false")))
        return st_val_bool(false);
    return parse_long(s, &i) ? st_val_bool(i != 0) : st_val_null();
}

static st_val parse_guid(st_mem *m, st_str s)
{
    st_guid g;
    s = st_str_trim(s);
    char spaced[36];
    if (s.n == 32) {
        size_t k = 0;
        for (size_t i = 0; i < 32; i++) {
            if (i == 8 || i == 12 || i == 16 || i == 20)
                spaced[k++] = '-';
            spaced[k++] = s.p[i];
        }
        s = (st_str){ spaced, 36 };
    }
    if (!st_guid_parse(s, &g))
        return st_val_null();
    st_buf_clear(&m->buf);
    st_buf_guid(&m->buf, &g);
    st_str t = st_buf_slice(&m->buf);
    if (t.n < 38)
        return st_val_null();
    for (size_t i = 1; i < 37; i++)
        if (t.p[i] >= 'A' && t.p[i] <= 'F')
            m->buf.p[i] = (char)(t.p[i] | 32);
    st_val v = st_val_str(m, (st_str){ t.p + 1, 36 });
    v.tag = ST_VAL_GUID;
    return v;
}

st_val st_val_parse(st_mem *m, st_type type, st_str text)
{
    int64_t i = 0;
    double d = 0;
    switch (type) {
    case ST_TYPE_BOOL: return parse_bool(text);
    case ST_TYPE_INT:
        return parse_long(text, &i) && i >= INT32_MIN && i <= INT32_MAX ? st_val_long(i)
                                                                        : st_val_null();
    case ST_TYPE_LONG: return parse_long(text, &i) ? st_val_long(i) : st_val_null();
    case ST_TYPE_REAL: return parse_real(text, &d) ? st_val_real(d) : st_val_null();
    case ST_TYPE_DATETIME: return st_datetime_text(text, &i) ? st_val_time(i) : st_val_null();
    case ST_TYPE_TIMESPAN: return st_timespan_text(text, &i) ? st_val_span(i) : st_val_null();
    case ST_TYPE_GUID: return parse_guid(m, text);
    case ST_TYPE_DYNAMIC: return st_val_parse_json(m, text);
    case ST_TYPE_STRING: return st_val_str(m, text);
    default: return st_val_null();
    }
}

bool st_val_number(st_val v, double *out)
{
    if (v.tag != ST_VAL_LONG && v.tag != ST_VAL_REAL)
        return false;
    *out = v.tag == ST_VAL_LONG ? (double)v.u.i : v.u.d;
    return true;
}

/* Past either end it is that end. */
static st_val real_to_long(double d, int64_t least, int64_t most)
{
    if (isnan(d))
        return st_val_null();
    return st_val_long(d <= (double)least ? least : d >= (double)most ? most : (int64_t)d);
}

static st_val to_long(st_val v)
{
    switch (v.tag) {
    case ST_VAL_BOOL: return st_val_long(v.u.b);
    case ST_VAL_LONG: return v;
    case ST_VAL_REAL: return real_to_long(v.u.d, INT64_MIN, INT64_MAX);
    case ST_VAL_DATETIME:
    case ST_VAL_TIMESPAN: return st_val_long(v.u.i);
    default: return st_val_null();
    }
}

/* A whole number wraps, as in Kusto. */
static st_val to_int(st_val v)
{
    if (v.tag == ST_VAL_REAL)
        return real_to_long(v.u.d, INT32_MIN, INT32_MAX);
    v = to_long(v);
    return v.tag == ST_VAL_LONG ? st_val_long((int32_t)(uint32_t)(uint64_t)v.u.i) : v;
}

st_val st_val_convert(st_mem *m, st_type to, st_type from, st_val v)
{
    double d;
    if (to == ST_TYPE_STRING)
        return st_val_tostring(m, from, v);
    if (v.tag == ST_VAL_NULL || to == ST_TYPE_DYNAMIC)
        return v;
    if (v.tag == ST_VAL_STRING)
        return st_val_parse(m, to, st_pool_get(m->pool, v.u.s));
    switch (to) {
    case ST_TYPE_BOOL:
        return v.tag == ST_VAL_BOOL   ? v
               : st_val_number(v, &d) ? st_val_bool(d != 0)
                                      : st_val_null();
    case ST_TYPE_LONG: return to_long(v);
    case ST_TYPE_INT: return to_int(v);
    case ST_TYPE_REAL:
        if (v.tag == ST_VAL_REAL)
            return v;
        v = to_long(v);
        return v.tag == ST_VAL_LONG ? st_val_real((double)v.u.i) : v;
    case ST_TYPE_DATETIME: return v.tag == ST_VAL_DATETIME ? v : st_val_null();
    case ST_TYPE_TIMESPAN: return v.tag == ST_VAL_TIMESPAN ? v : st_val_null();
    case ST_TYPE_GUID: return v.tag == ST_VAL_GUID ? v : st_val_null();
    default: return st_val_null();
    }
}

/* comparing */

static bool same_json(const st_mem *m, st_val a, st_val b)
{
    st_buf x = { 0 }, y = { 0 };
    st_val_put_json(&x, m, a);
    st_val_put_json(&y, m, b);
    bool same = !x.failed && !y.failed && st_str_eq(st_buf_slice(&x), st_buf_slice(&y));
    st_buf_free(&x);
    st_buf_free(&y);
    return same;
}

bool st_val_same(const st_mem *m, st_val a, st_val b)
{
    if (a.tag != b.tag)
        return false;
    switch (a.tag) {
    case ST_VAL_NULL: return true;
    case ST_VAL_BOOL: return a.u.b == b.u.b;
    case ST_VAL_REAL: return a.u.d == b.u.d || (isnan(a.u.d) && isnan(b.u.d));
    case ST_VAL_STRING:
    case ST_VAL_GUID: return a.u.s == b.u.s;
    case ST_VAL_ARRAY:
    case ST_VAL_BAG: return same_json(m, a, b);
    default: return a.u.i == b.u.i;
    }
}

uint64_t st_val_hash(st_val v, uint64_t seed)
{
    uint64_t x;
    switch (v.tag) {
    case ST_VAL_NULL:
    case ST_VAL_ARRAY: x = v.tag == ST_VAL_ARRAY ? v.u.a->n : 0; break;
    case ST_VAL_BAG: x = v.u.g->n; break;
    case ST_VAL_BOOL: x = v.u.b; break;
    case ST_VAL_STRING:
    case ST_VAL_GUID: x = v.u.s; break;
    case ST_VAL_REAL:
        x = 0;
        if (!isnan(v.u.d) && v.u.d != 0)
            memcpy(&x, &v.u.d, sizeof x);
        break;
    default: x = (uint64_t)v.u.i; break;
    }
    x ^= (uint64_t)v.tag << 56;
    return st_hash(&x, sizeof x, seed);
}

bool st_val_last(st_val v)
{
    return v.tag == ST_VAL_NULL || (v.tag == ST_VAL_REAL && isnan(v.u.d));
}

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int st_val_cmp(const st_mem *m, st_val a, st_val b)
{
    double x, y;
    if (a.tag != b.tag && st_val_number(a, &x) && st_val_number(b, &y))
        return CMP(x, y);
    if (a.tag != b.tag)
        return CMP(a.tag, b.tag);
    switch (a.tag) {
    case ST_VAL_BOOL: return CMP(a.u.b, b.u.b);
    case ST_VAL_REAL: return CMP(a.u.d, b.u.d);
    case ST_VAL_STRING:
    case ST_VAL_GUID:
        return a.u.s == b.u.s
                   ? 0
                   : st_str_cmp(st_pool_get(m->pool, a.u.s), st_pool_get(m->pool, b.u.s));
    case ST_VAL_LONG:
    case ST_VAL_DATETIME:
    case ST_VAL_TIMESPAN: return CMP(a.u.i, b.u.i);
    default: return 0;
    }
}

/* NOLINTEND(misc-no-recursion) */
