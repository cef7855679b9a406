/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_dynamic.c - functions over arrays and bags. */
#include "rules/engine/functions/fn.h"
#include "base/limits.h"
#include "rules/engine/value/group.h"

#include <stdlib.h>
#include <string.h>

/* access */

/* base, key or index */
st_val st_call_index(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    if (a[0].tag == ST_VAL_BAG && a[1].tag == ST_VAL_STRING) {
        const st_val *v = st_bag_get(a[0].u.g, a[1].u.s);
        return v ? *v : st_val_null();
    }
    if (a[0].tag != ST_VAL_ARRAY || a[1].tag != ST_VAL_LONG)
        return st_val_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i;
    return i >= 0 && i < n ? a[0].u.a->v[i] : st_val_null();
}

static st_val f_pack_array(st_run *r, const st_expr *x, const st_val *a)
{
    st_array *out = st_array_new(&r->mem, x->nargs);
    if (out && x->nargs)
        memcpy(out->v, a, x->nargs * sizeof *a);
    return st_val_array(out);
}

/* making */

static st_val f_bag(st_run *r, const st_expr *x, const st_val *a)
{
    st_bag *g = st_bag_new(&r->mem, x->nargs / 2);
    for (size_t i = 0; g && i < g->n; i++) {
        g->keys[i] = st_val_tostring(&r->mem, x->args[2 * i]->type, a[2 * i]).u.s;
        g->v[i] = a[2 * i + 1];
    }
    return st_val_bag(g);
}

static st_val f_parse_json(st_run *r, const st_expr *x, const st_val *a)
{
    return x->args[0]->type == ST_TYPE_STRING ? st_val_parse_json(&r->mem, st_val_text(r, a[0]))
                                              : a[0];
}

/* Numbers or ticks from a to b, both inclusive. */
static st_val f_range(st_run *r, const st_expr *x, const st_val *a)
{
    double from, to, step = 1;
    st_value_list l = { 0 };
    bool whole = a[0].tag != ST_VAL_REAL && a[1].tag != ST_VAL_REAL &&
                 (x->nargs < 3 || a[2].tag != ST_VAL_REAL),
         times = a[0].tag == ST_VAL_DATETIME || a[0].tag == ST_VAL_TIMESPAN;
    if (whole && a[0].tag != ST_VAL_NULL && a[1].tag == a[0].tag) {
        int64_t at = a[0].u.i, by = x->nargs > 2 && a[2].tag != ST_VAL_NULL ? a[2].u.i : 1;
        if (times && x->nargs < 3)
            by = INT64_C(36000000000);
        while (by && (by > 0 ? at <= a[1].u.i : at >= a[1].u.i) && l.n < ST_MAX_RANGE) {
            st_val v = a[0];
            v.u.i = at;
            if (!st_value_list_push(r, &l, v) || __builtin_add_overflow(at, by, &at))
                break;
        }
        return st_value_list_close(r, &l);
    }
    if (!st_val_number(a[0], &from) || !st_val_number(a[1], &to) ||
        (x->nargs > 2 && !st_val_number(a[2], &step)) || step == 0)
        return st_val_null();
    for (size_t i = 0; l.n < ST_MAX_RANGE; i++) {
        double v = from + (double)i * step;
        if (!(step > 0 ? v <= to : v >= to) || !st_value_list_push(r, &l, st_val_real(v)))
            break;
    }
    return st_value_list_close(r, &l);
}

/* arrays */

static st_val f_array_length(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_ARRAY ? st_val_long((int64_t)a[0].u.a->n) : st_val_null();
}

static st_val f_array_concat(st_run *r, const st_expr *x, const st_val *a)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_VAL_ARRAY ? a[i].u.a->n : 0;
    if (n > ST_MAX_ARRAY) {
        r->limit = "an array is longer than the limit";
        return st_val_null();
    }
    st_array *out = st_array_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        for (size_t k = 0; a[i].tag == ST_VAL_ARRAY && k < a[i].u.a->n; k++)
            out->v[at++] = a[i].u.a->v[k];
    return st_val_array(out);
}

static st_val f_array_slice(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    if (a[0].tag != ST_VAL_ARRAY || a[1].tag != ST_VAL_LONG || a[2].tag != ST_VAL_LONG)
        return st_val_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i,
            j = a[2].u.i < 0 ? a[2].u.i + n : a[2].u.i;
    i = i < 0 ? 0 : i;
    j = j >= n ? n - 1 : j;
    st_array *out = st_array_new(&r->mem, j >= i ? (size_t)(j - i + 1) : 0);
    for (size_t k = 0; out && k < out->n; k++)
        out->v[k] = a[0].u.a->v[(size_t)i + k];
    return st_val_array(out);
}

/* Array i of the result holds the i-th elements; the shorter arrays are padded with null. */
static st_val f_zip(st_run *r, const st_expr *x, const st_val *a)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nargs; i++)
        if (a[i].tag == ST_VAL_ARRAY && a[i].u.a->n > n)
            n = a[i].u.a->n;
    if (n * x->nargs > ST_MAX_SERIES_POINTS) {
        r->limit = "an array is longer than the limit";
        return st_val_null();
    }
    st_array *out = st_array_new(&r->mem, n);
    for (size_t k = 0; out && k < n; k++) {
        st_array *one = st_array_new(&r->mem, x->nargs);
        for (size_t i = 0; one && i < x->nargs; i++)
            if (a[i].tag == ST_VAL_ARRAY && k < a[i].u.a->n)
                one->v[i] = a[i].u.a->v[k];
        out->v[k] = st_val_array(one);
    }
    return st_val_array(out);
}

/* The order of an array's elements: numbers and times, texts, GUIDs, others. */
static int kind(st_val v)
{
    static const int kinds[] = {
        [ST_VAL_LONG] = 0,   [ST_VAL_REAL] = 0, [ST_VAL_DATETIME] = 0, [ST_VAL_TIMESPAN] = 0,
        [ST_VAL_STRING] = 1, [ST_VAL_GUID] = 2, [ST_VAL_BOOL] = 3,     [ST_VAL_ARRAY] = 3,
        [ST_VAL_BAG] = 3,    [ST_VAL_NULL] = 4
    };
    return kinds[v.tag];
}

typedef struct element {
    st_val v;
    size_t at;
} element;

typedef struct sorting {
    const st_mem *mem;
    bool desc, nulls_first;
} sorting;

static int by_value(const void *pa, const void *pb, void *ctx)
{
    const element *a = pa, *b = pb;
    const sorting *s = ctx;
    bool na = a->v.tag == ST_VAL_NULL, nb = b->v.tag == ST_VAL_NULL;
    if (na != nb)
        return na == s->nulls_first ? -1 : 1;
    int c = kind(a->v) != kind(b->v) ? kind(a->v) - kind(b->v)
            : na                     ? 0
                                     : st_val_cmp(s->mem, a->v, b->v);
    return c ? (s->desc ? -c : c) : (a->at > b->at) - (a->at < b->at);
}

/* Element i of the result is at order[i]. */
static st_val arranged(st_run *r, st_val a, const element *order, size_t n)
{
    st_array *out = a.tag == ST_VAL_ARRAY && a.u.a->n == n ? st_array_new(&r->mem, n) : NULL;
    for (size_t i = 0; out && i < n; i++)
        out->v[i] = a.u.a->v[order[i].at];
    return st_val_array(out);
}

/* The first array sorted, the others in the same order; null where one is of another length. */
static st_val sorted(st_run *r, const st_expr *x, const st_val *a, bool desc)
{
    size_t arrays = x->nargs, n = a[0].tag == ST_VAL_ARRAY ? a[0].u.a->n : 0;
    sorting s = { &r->mem, desc, false };
    if (arrays > 1 && a[arrays - 1].tag == ST_VAL_BOOL)
        s.nulls_first = !a[--arrays].u.b;
    st_array *out = st_array_new(&r->mem, arrays);
    element *order = malloc((n + 1) * sizeof *order);
    if (!out || !order) {
        free(order);
        st_run_nomem(r);
        return st_val_null();
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (element){ a[0].u.a->v[i], i };
    if (n)
        qsort_r(order, n, sizeof *order, by_value, &s);
    for (size_t i = 0; i < arrays; i++)
        out->v[i] = arranged(r, a[i], order, n);
    free(order);
    return st_val_array(out);
}
static st_val f_sort_asc(st_run *r, const st_expr *x, const st_val *a)
{
    return sorted(r, x, a, false);
}
static st_val f_sort_desc(st_run *r, const st_expr *x, const st_val *a)
{
    return sorted(r, x, a, true);
}

static st_val f_array_reverse(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_array *out = a[0].tag == ST_VAL_ARRAY ? st_array_new(&r->mem, a[0].u.a->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = a[0].u.a->v[out->n - 1 - i];
    return st_val_array(out);
}

/* From a start, within a length, the n-th occurrence. */
static st_val f_array_index_of(st_run *r, const st_expr *x, const st_val *a)
{
    int64_t n = a[0].tag == ST_VAL_ARRAY ? (int64_t)a[0].u.a->n : -1, start = 0, len = -1, nth = 1;
    int64_t *const options[] = { &start, &len, &nth };
    for (size_t i = 2; i < x->nargs && i < 5; i++) {
        if (a[i].tag != ST_VAL_LONG)
            return st_val_null();
        *options[i - 2] = a[i].u.i;
    }
    if (n < 0 || len < -1 || nth < 0)
        return st_val_null();
    start = start < 0 ? start + n : start;
    start = start < 0 ? 0 : start;
    for (int64_t i = start; i < n && (len < 0 || i - start < len); i++)
        if (st_val_same(&r->mem, a[0].u.a->v[i], a[1]) && --nth <= 0)
            return st_val_long(i);
    return st_val_long(-1);
}

static st_val element_of(st_val v, size_t i)
{
    return v.tag != ST_VAL_ARRAY ? v : i < v.u.a->n ? v.u.a->v[i] : st_val_null();
}

/* The condition's array decides element by element. */
static st_val f_array_iff(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_array *out = a[0].tag == ST_VAL_ARRAY ? st_array_new(&r->mem, a[0].u.a->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++) {
        st_val c = a[0].u.a->v[i];
        double d;
        bool number = st_val_number(c, &d), yes = number ? d != 0 : c.tag == ST_VAL_BOOL && c.u.b;
        out->v[i] = number || c.tag == ST_VAL_BOOL ? element_of(a[yes ? 1 : 2], i) : st_val_null();
    }
    return st_val_array(out);
}

/* Element i is what was at i + by; outside is `fill`, or what comes round again. */
static st_val moved(st_run *r, const st_val *a, bool right, bool round, st_val fill)
{
    if (a[0].tag != ST_VAL_ARRAY || a[1].tag != ST_VAL_LONG)
        return st_val_null();
    int64_t n = (int64_t)a[0].u.a->n, by = a[1].u.i;
    st_array *out = st_array_new(&r->mem, (size_t)n);
    if (round)
        by = n ? by % n : 0;
    by = by > n ? n : by < -n ? -n : by;
    by = right ? -by : by;
    for (int64_t i = 0; out && i < n; i++) {
        int64_t at = round ? (i + by + n) % n : i + by;
        out->v[i] = at >= 0 && at < n ? a[0].u.a->v[at] : fill;
    }
    return st_val_array(out);
}

/* What a shift puts in by itself: "" among texts. */
static st_val filler(const st_expr *x, const st_val *a)
{
    if (x->nargs > 2)
        return a[2];
    bool texts = a[0].tag == ST_VAL_ARRAY && a[0].u.a->n && a[0].u.a->v[0].tag == ST_VAL_STRING;
    return texts ? st_val_sid(ST_EMPTY) : st_val_null();
}
static st_val f_shift_left(st_run *r, const st_expr *x, const st_val *a)
{
    return moved(r, a, false, false, filler(x, a));
}
static st_val f_shift_right(st_run *r, const st_expr *x, const st_val *a)
{
    return moved(r, a, true, false, filler(x, a));
}
static st_val f_rotate_left(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return moved(r, a, false, true, st_val_null());
}
static st_val f_rotate_right(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return moved(r, a, true, true, st_val_null());
}

static st_val part(st_run *r, const st_array *a, size_t from, size_t to)
{
    st_array *out = st_array_new(&r->mem, to > from ? to - from : 0);
    if (out && out->n)
        memcpy(out->v, a->v + from, out->n * sizeof *out->v);
    return st_val_array(out);
}

/* The pieces between the places that are given. */
static st_val f_array_split(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    if (a[0].tag != ST_VAL_ARRAY || (a[1].tag != ST_VAL_LONG && a[1].tag != ST_VAL_ARRAY))
        return st_val_null();
    size_t cuts = a[1].tag == ST_VAL_ARRAY ? a[1].u.a->n : 1, from = 0, n = a[0].u.a->n;
    st_array *out = st_array_new(&r->mem, cuts + 1);
    for (size_t i = 0; out && i < cuts; i++) {
        st_val v = element_of(a[1], i);
        int64_t at = v.tag == ST_VAL_LONG ? v.u.i : 0;
        at = at < 0 ? at + (int64_t)n : at;
        size_t to = at < 0 ? 0 : (size_t)at < n ? (size_t)at : n;
        out->v[i] = part(r, a[0].u.a, from, to);
        from = to > from ? to : from;
    }
    if (out)
        out->v[cuts] = part(r, a[0].u.a, from, n);
    return st_val_array(out);
}

static st_val f_repeat(st_run *r, const st_expr *x, const st_val *a)
{
    st_value_list l = { 0 };
    (void)x;
    if (a[1].tag != ST_VAL_LONG || a[1].u.i < 0)
        return st_val_null();
    for (int64_t i = 0; i < a[1].u.i && st_value_list_push(r, &l, a[0]); i++)
        ;
    return st_value_list_close(r, &l);
}

static st_val f_array_sum(st_run *r, const st_expr *x, const st_val *a)
{
    double sum = 0, d;
    (void)r;
    (void)x;
    if (a[0].tag != ST_VAL_ARRAY)
        return st_val_null();
    for (size_t i = 0; i < a[0].u.a->n; i++) {
        if (!st_val_number(a[0].u.a->v[i], &d))
            return st_val_null();
        sum += d;
    }
    return st_val_real(sum);
}

/* sets */

static bool member(st_run *r, const st_val *v, size_t n, st_val what)
{
    for (size_t i = 0; i < n; i++)
        if (st_val_same(&r->mem, v[i], what))
            return true;
    return false;
}

static st_val f_set_has(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return a[0].tag == ST_VAL_ARRAY ? st_val_bool(member(r, a[0].u.a->v, a[0].u.a->n, a[1]))
                                    : st_val_null();
}

/* Values by number, in order of first sight. */
static bool put_all(st_run *r, st_grouping *g, const st_array *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (st_grouping_put(&r->mem, g, &a->v[i]) == SIZE_MAX)
            return st_run_nomem(r);
    return true;
}

/* Is v in all (want) or in none of the sets? */
static bool in_sets(st_run *r, const st_grouping *sets, size_t n, const st_val *v, bool want)
{
    for (size_t j = 0; j < n; j++)
        if ((st_grouping_find(&r->mem, &sets[j], v) != SIZE_MAX) != want)
            return false;
    return true;
}

/* mode: 'u' union, 'i' intersection, 'd' difference */
static st_val set_op(st_run *r, const st_expr *x, const st_val *a, char mode)
{
    size_t n = x->nargs, base = mode == 'u' ? n : 1;
    st_grouping all, *others = ST_NEWN(&r->arena, st_grouping, n);
    bool ok = others != NULL;
    st_grouping_init(&all, 1);
    for (size_t i = 0; i < n; i++)
        if (a[i].tag != ST_VAL_ARRAY)
            return st_val_null();
    for (size_t i = 0; ok && i < n; i++) {
        st_grouping_init(&others[i], 1);
        ok = put_all(r, i < base ? &all : &others[i], a[i].u.a);
    }
    st_array *out = ok ? st_array_new(&r->mem, all.n) : NULL;
    size_t used = 0;
    for (size_t k = 0; out && k < all.n; k++)
        if (mode == 'u' || in_sets(r, others + 1, n - 1, &all.keys[k], mode == 'i'))
            out->v[used++] = all.keys[k];
    if (out)
        out->n = used;
    st_grouping_free(&all);
    for (size_t i = 0; others && i < n; i++)
        st_grouping_free(&others[i]);
    return st_val_array(out);
}
static st_val f_set_union(st_run *r, const st_expr *x, const st_val *a)
{
    return set_op(r, x, a, 'u');
}
static st_val f_set_intersect(st_run *r, const st_expr *x, const st_val *a)
{
    return set_op(r, x, a, 'i');
}
static st_val f_set_difference(st_run *r, const st_expr *x, const st_val *a)
{
    return set_op(r, x, a, 'd');
}

static st_val f_set_equals(st_run *r, const st_expr *x, const st_val *a)
{
    st_val less = set_op(r, x, a, 'd'), more = set_op(r, x, (const st_val[]){ a[1], a[0] }, 'd');
    return less.tag == ST_VAL_ARRAY && more.tag == ST_VAL_ARRAY
               ? st_val_bool(!less.u.a->n && !more.u.a->n)
               : st_val_null();
}

/* What is in both by what is in either. */
static st_val f_jaccard(st_run *r, const st_expr *x, const st_val *a)
{
    st_val both = set_op(r, x, a, 'i'), either = set_op(r, x, a, 'u');
    if (both.tag != ST_VAL_ARRAY || either.tag != ST_VAL_ARRAY)
        return st_val_null();
    return st_val_real((double)both.u.a->n / (double)either.u.a->n);
}

/* bags */

static st_val f_bag_keys(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_array *out = a[0].tag == ST_VAL_BAG ? st_array_new(&r->mem, a[0].u.g->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = st_val_sid(a[0].u.g->keys[i]);
    return st_val_array(out);
}

static bool merge_bag(st_run *r, st_grouping *names, const st_bag *in, st_bag *out)
{
    for (size_t k = 0; k < in->n; k++) {
        st_val name = st_val_sid(in->keys[k]);
        size_t was = names->n, at = st_grouping_put(&r->mem, names, &name);
        if (at == SIZE_MAX)
            return st_run_nomem(r);
        if (at == was) {
            out->keys[at] = in->keys[k];
            out->v[at] = in->v[k];
        }
    }
    return true;
}

static st_val f_bag_merge(st_run *r, const st_expr *x, const st_val *a)
{
    size_t n = 0;
    st_grouping names;
    st_grouping_init(&names, 1);
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_VAL_BAG ? a[i].u.g->n : 0;
    st_bag *out = st_bag_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        if (a[i].tag == ST_VAL_BAG && !merge_bag(r, &names, a[i].u.g, out))
            break;
    if (out)
        out->n = names.n;
    st_grouping_free(&names);
    return st_val_bag(out);
}

/* Names of one array, values of another. */
static st_val f_bag_zip(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_bag *g = a[0].tag == ST_VAL_ARRAY ? st_bag_new(&r->mem, a[0].u.a->n) : NULL;
    size_t n = 0;
    for (size_t i = 0; g && i < a[0].u.a->n; i++) {
        if (a[0].u.a->v[i].tag != ST_VAL_STRING)
            continue;
        g->keys[n] = a[0].u.a->v[i].u.s;
        g->v[n++] = a[1].tag == ST_VAL_ARRAY ? element_of(a[1], i) : st_val_null();
    }
    if (g)
        g->n = n;
    return st_val_bag(g);
}

/* A key of a bag, or its path: $.a.b, $['a'].b. */
typedef struct bag_path {
    st_sid key[ST_MAX_BAG_PATH];
    size_t n;
} bag_path;

/* One step of a path, cut from its front; false: this is none. */
static bool cut_step(st_str *path, st_str *step)
{
    size_t n = 0, open = 1;
    if (path->n > 1 && path->p[0] == '[' && (path->p[1] == '\'' || path->p[1] == '"')) {
        for (n = open = 2; n < path->n && path->p[n] != path->p[1];)
            n++;
        if (n + 1 >= path->n || path->p[n + 1] != ']')
            return false;
        *step = (st_str){ path->p + open, n - open };
        n += 2;
    } else if (path->n && path->p[0] == '.') {
        for (n = 1; n < path->n && path->p[n] != '.' && path->p[n] != '[';)
            n++;
        *step = (st_str){ path->p + open, n - open };
    }
    *path = (st_str){ path->p + n, path->n - n };
    return n > open;
}

/* false: not to be followed (an index of an array, the root, more steps than are looked at). */
static bool path_of(st_run *r, st_val key, bag_path *out)
{
    st_str text = st_val_text(r, key), step;
    *out = (bag_path){ .n = 0 };
    if (!st_str_starts(text, ST_STR("$.")) && !st_str_starts(text, ST_STR("$["))) {
        out->key[out->n++] = key.u.s;
        return true;
    }
    text = (st_str){ text.p + 1, text.n - 1 };
    while (text.n) {
        if (out->n == ST_MAX_BAG_PATH)
            r->limit = "a path into a bag has more steps than the limit";
        if (out->n == ST_MAX_BAG_PATH || !cut_step(&text, &step))
            return false;
        out->key[out->n++] = st_val_str(&r->mem, step).u.s;
    }
    return out->n > 0;
}

/* What is there; NULL: nothing. */
static const st_val *follow(const st_val *v, const bag_path *p)
{
    const st_val *at = v;
    for (size_t i = 0; i < p->n; i++) {
        at = at->tag == ST_VAL_BAG ? st_bag_get(at->u.g, p->key[i]) : NULL;
        if (!at)
            return NULL;
    }
    return at;
}

static st_val f_bag_has_key(st_run *r, const st_expr *x, const st_val *a)
{
    bag_path p;
    (void)x;
    if (a[0].tag != ST_VAL_BAG || a[1].tag != ST_VAL_STRING)
        return st_val_null();
    return st_val_bool(path_of(r, a[1], &p) && follow(&a[0], &p));
}

static bool has_text(const st_array *keys, st_sid key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i].tag == ST_VAL_STRING && keys->v[i].u.s == key)
            return true;
    return false;
}

/* The bag with another value for a name, behind the others if it is new; v NULL: without it. */
static st_bag *changed(st_run *r, const st_bag *in, st_sid key, const st_val *v)
{
    st_bag *out = st_bag_new(&r->mem, in->n + 1);
    size_t n = 0;
    bool there = false;
    for (size_t i = 0; out && i < in->n; i++) {
        there |= in->keys[i] == key;
        if (in->keys[i] == key && !v)
            continue;
        out->keys[n] = in->keys[i];
        out->v[n++] = in->keys[i] == key ? *v : in->v[i];
    }
    if (out && v && !there) {
        out->keys[n] = key;
        out->v[n++] = *v;
    }
    if (out)
        out->n = n;
    return out;
}

/* The bag with another value at a path, or (v NULL) without what is there. The bags on the way are
 * made anew, from the inside out; a missing one is made, unless something else stands there. */
static st_val changed_at(st_run *r, st_val bag, const bag_path *p, const st_val *v)
{
    static const st_bag none = { 0 };
    const st_bag *bags[ST_MAX_BAG_PATH];
    st_val inner = bag;
    for (size_t i = 0; i < p->n; i++) {
        if (inner.tag != ST_VAL_BAG && (!v || inner.tag != ST_VAL_NULL))
            return bag;
        bags[i] = inner.tag == ST_VAL_BAG ? inner.u.g : &none;
        const st_val *next = st_bag_get(bags[i], p->key[i]);
        if (!next && !v)
            return bag;
        inner = next ? *next : st_val_null();
    }
    for (size_t i = p->n; i-- > 0; v = &inner)
        inner = st_val_bag(changed(r, bags[i], p->key[i], v));
    return inner;
}

static st_val f_bag_remove_keys(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    if (a[0].tag != ST_VAL_BAG || a[1].tag != ST_VAL_ARRAY)
        return a[0];
    const st_bag *in = a[0].u.g;
    st_bag *out = st_bag_new(&r->mem, in->n);
    size_t used = 0;
    for (size_t i = 0; out && i < in->n; i++) {
        if (has_text(a[1].u.a, in->keys[i]))
            continue;
        out->keys[used] = in->keys[i];
        out->v[used++] = in->v[i];
    }
    if (out)
        out->n = used;
    st_val v = st_val_bag(out);
    for (size_t i = 0; i < a[1].u.a->n; i++) {
        bag_path p;
        if (a[1].u.a->v[i].tag == ST_VAL_STRING && path_of(r, a[1].u.a->v[i], &p))
            v = changed_at(r, v, &p, NULL);
    }
    return v;
}

static st_val f_bag_set_key(st_run *r, const st_expr *x, const st_val *a)
{
    bag_path p;
    (void)x;
    if (a[0].tag != ST_VAL_BAG || a[1].tag != ST_VAL_STRING)
        return st_val_null();
    return path_of(r, a[1], &p) ? changed_at(r, a[0], &p, &a[2]) : a[0];
}

/* The columns, as the binder names them: name, value ...; x->all leaves out what is empty. */
st_val st_call_pack_all(st_run *r, const st_expr *x, const st_val *a)
{
    st_bag *out = st_bag_new(&r->mem, x->nargs / 2);
    size_t used = 0;
    for (size_t i = 0; out && i + 1 < x->nargs; i += 2) {
        st_val v = a[i + 1];
        if (x->all && (v.tag == ST_VAL_NULL || (v.tag == ST_VAL_STRING && v.u.s == ST_EMPTY)))
            continue;
        out->keys[used] = a[i].u.s;
        out->v[used++] = v;
    }
    if (out)
        out->n = used;
    return st_val_bag(out);
}

/* paths in JSON */

/* $.a.b[0], $['a']: one step a turn; null where it leads nowhere. */
static st_val json_path(st_run *r, st_val v, st_str path)
{
    size_t i = path.n && path.p[0] == '$' ? 1 : 0;
    while (i < path.n) {
        char c = path.p[i++];
        size_t at = i;
        if (c == '.') {
            while (i < path.n && path.p[i] != '.' && path.p[i] != '[')
                i++;
        } else if (c == '[') {
            while (i < path.n && path.p[i] != ']')
                i++;
        } else {
            return st_val_null();
        }
        st_str step = { path.p + at, i - at };
        i += c == '[';
        uint64_t n;
        bool quoted = c == '[' && step.n >= 2 && (step.p[0] == '\'' || step.p[0] == '"');
        st_val key = c == '[' && !quoted && st_str_u64(step, &n) && n <= INT64_MAX
                         ? st_val_long((int64_t)n)
                         : st_val_str(&r->mem, quoted ? (st_str){ step.p + 1, step.n - 2 } : step);
        v = st_call_index(r, NULL, (const st_val[]){ v, key });
    }
    return v;
}

static st_val f_extractjson(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v = x->args[1]->type == ST_TYPE_DYNAMIC
                   ? a[1]
                   : st_val_parse_json(&r->mem, st_val_text(r, a[1]));
    return st_val_convert(&r->mem, x->type, ST_TYPE_DYNAMIC, json_path(r, v, st_val_text(r, a[0])));
}

/* shapes */

typedef struct place {
    st_val v;
    st_sid path;
} place;

typedef struct places {
    place *v;
    size_t n, cap;
} places;

static bool push_place(st_run *r, places *p, st_val v)
{
    if (p->n >= ST_MAX_ARRAY || !st_grow(&p->v, &p->cap, p->n + 1, sizeof *p->v))
        return st_run_nomem(r);
    p->v[p->n++] = (place){ v, st_run_text(r).u.s };
    return true;
}

/* The parts of v, below its path; the elements of an array share one. */
static bool push_parts(st_run *r, places *p, const place *at)
{
    bool array = at->v.tag == ST_VAL_ARRAY, ok = true;
    size_t n = array ? at->v.u.a->n : at->v.tag == ST_VAL_BAG ? at->v.u.g->n : 0;
    st_str path = st_pool_get(r->mem.pool, at->path);
    for (size_t i = n; ok && i-- > 0;) {
        st_buf_clear(&r->mem.buf);
        st_buf_str(&r->mem.buf, path);
        if (array)
            st_buf_str(&r->mem.buf, ST_STR("[0]"));
        else
            st_buf_fmt(&r->mem.buf, "['%.*s']",
                       ST_FMT(st_pool_get(r->mem.pool, at->v.u.g->keys[i])));
        ok = push_place(r, p, array ? at->v.u.a->v[i] : at->v.u.g->v[i]);
    }
    return ok;
}

/* The path of each part, once. */
static st_val f_treepath(st_run *r, const st_expr *x, const st_val *a)
{
    places todo = { 0 };
    st_value_list out = { 0 };
    st_grouping seen;
    place at = { a[0], ST_EMPTY };
    (void)x;
    st_grouping_init(&seen, 1);
    bool ok = push_parts(r, &todo, &at);
    while (ok && todo.n) {
        at = todo.v[--todo.n];
        st_val path = st_val_sid(at.path);
        size_t was = seen.n, no = st_grouping_put(&r->mem, &seen, &path);
        ok = no != SIZE_MAX && (no < was || st_value_list_push(r, &out, path)) &&
             push_parts(r, &todo, &at);
    }
    free(todo.v);
    st_grouping_free(&seen);
    return st_value_list_close(r, &out);
}

typedef struct named {
    st_str name;
    st_sid key;
    st_val v;
} named;

static int by_name(const void *a, const void *b)
{
    return st_str_cmp(((const named *)a)->name, ((const named *)b)->name);
}

/* The bag with its names in order. */
static st_bag *in_order(st_run *r, const st_bag *g)
{
    st_bag *out = st_bag_new(&r->mem, g->n);
    named *m = malloc((g->n + 1) * sizeof *m);
    for (size_t i = 0; m && i < g->n; i++)
        m[i] = (named){ st_pool_get(r->mem.pool, g->keys[i]), g->keys[i], g->v[i] };
    if (m && g->n)
        qsort(m, g->n, sizeof *m, by_name);
    for (size_t i = 0; m && out && i < g->n; i++) {
        out->keys[i] = m[i].key;
        out->v[i] = m[i].v;
    }
    if (!m || !out)
        st_run_nomem(r);
    free(m);
    return out;
}

typedef struct sorted_at {
    st_val *v, *end;
} sorted_at;

/* A copy of v in which every bag's names are in order; a stack stands for recursion. */
static st_val all_in_order(st_run *r, st_val v)
{
    sorted_at stack[ST_MAX_JSON_DEPTH];
    size_t depth = 0;
    st_val top = v;
    stack[depth++] = (sorted_at){ &top, &top + 1 };
    while (depth && st_run_ok(r)) {
        sorted_at *at = &stack[depth - 1];
        if (at->v == at->end) {
            depth--;
            continue;
        }
        st_val *one = at->v++;
        if (depth == ST_MAX_JSON_DEPTH)
            continue;
        if (one->tag == ST_VAL_BAG) {
            *one = st_val_bag(in_order(r, one->u.g));
            if (one->tag == ST_VAL_BAG)
                stack[depth++] = (sorted_at){ one->u.g->v, one->u.g->v + one->u.g->n };
        } else if (one->tag == ST_VAL_ARRAY) {
            *one = part(r, one->u.a, 0, one->u.a->n);
            if (one->tag == ST_VAL_ARRAY)
                stack[depth++] = (sorted_at){ one->u.a->v, one->u.a->v + one->u.a->n };
        }
    }
    return top;
}

static st_val f_to_json(st_run *r, const st_expr *x, const st_val *a)
{
    if (x->args[0]->type != ST_TYPE_DYNAMIC)
        return st_val_tostring(&r->mem, x->args[0]->type, a[0]);
    st_val v = all_in_order(r, a[0]);
    st_buf_clear(&r->mem.buf);
    st_val_put_json(&r->mem.buf, &r->mem, v);
    return st_run_text(r);
}

/* the table */

const st_fn st_functions_dynamic[] = {
    { "array_concat", "y+", 1, "dynamic", NONE, f_array_concat, "one array of several" },
    { "array_iff", "y**", 3, "dynamic", NONE, f_array_iff, "elements chosen by conditions" },
    { "array_iif", "y**", 3, "dynamic", NONE, f_array_iff, "elements chosen by conditions" },
    { "array_index_of", "y*iii", 2, "long", NONE, f_array_index_of,
      "where a value is in an array, or -1" },
    { "array_length", "y", 1, "long", NONE, f_array_length, "elements of an array" },
    { "array_reverse", "y", 1, "dynamic", NONE, f_array_reverse, "the elements backwards" },
    { "array_rotate_left", "yi", 2, "dynamic", NONE, f_rotate_left, "elements moved round down" },
    { "array_rotate_right", "yi", 2, "dynamic", NONE, f_rotate_right, "elements moved round up" },
    { "array_shift_left", "yi*", 2, "dynamic", NONE, f_shift_left, "elements moved down" },
    { "array_shift_right", "yi*", 2, "dynamic", NONE, f_shift_right, "elements moved up" },
    { "array_slice", "yii", 3, "dynamic", NONE, f_array_slice, "elements i to j" },
    { "array_sort_asc", "y*+", 1, "(+)", SUFFIX("_sorted"), f_sort_asc,
      "an array in order, others in the same one" },
    { "array_sort_desc", "y*+", 1, "(+)", SUFFIX("_sorted"), f_sort_desc,
      "an array in falling order, others in the same one" },
    { "array_split", "y*", 2, "dynamic", NONE, f_array_split, "an array cut at places" },
    { "array_sum", "y", 1, "real", NONE, f_array_sum, "the sum of an array" },
    { "arraylength", "y", 1, "long", NONE, f_array_length, "elements of an array" },
    { "bag_has_key", "ys", 2, "bool", NONE, f_bag_has_key, "whether a bag has a name" },
    { "bag_keys", "y", 1, "dynamic", NONE, f_bag_keys, "the names in a bag" },
    { "bag_merge", "y+", 2, "dynamic", NONE, f_bag_merge, "bags together, the first one wins" },
    { "bag_pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "bag_remove_keys", "yy", 2, "dynamic", NONE, f_bag_remove_keys, "a bag without names" },
    { "bag_set_key", "ys*", 3, "dynamic", NONE, f_bag_set_key, "a bag with one value set" },
    { "bag_zip", "yy", 2, "dynamic", NONE, f_bag_zip,
      "a bag of an array of names and one of values" },
    { "dynamic_to_json", "*", 1, "string", NONE, f_to_json,
      "a value as JSON text, names in order" },
    { "extract_json", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "extractjson", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "jaccard_index", "yy", 2, "real", NONE, f_jaccard,
      "what two arrays share by what either has" },
    { "pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "pack_array", "*+", 0, "dynamic", NONE, f_pack_array, "an array of values" },
    { "pack_dictionary", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "parse_json", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "parsejson", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "range", "***", 2, "dynamic", NONE, f_range, "an array from a value to another" },
    { "repeat", "*i", 2, "dynamic", PREFIX("repeat_"), f_repeat, "an array of one value" },
    { "set_difference", "y+", 2, "dynamic", NONE, f_set_difference,
      "in the first, not in the others" },
    { "set_equals", "yy", 2, "bool", NONE, f_set_equals,
      "whether two arrays have the same values" },
    { "set_has_element", "y*", 2, "bool", NONE, f_set_has, "whether an array has a value" },
    { "set_intersect", "y+", 2, "dynamic", NONE, f_set_intersect, "in all arrays" },
    { "set_union", "y+", 1, "dynamic", NONE, f_set_union, "in any array" },
    { "todynamic", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "toobject", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "treepath", "y", 1, "dynamic", PREFIX("tree_"), f_treepath, "the paths of a value's parts" },
    { "zip", "y+", 2, "dynamic", NONE, f_zip, "the elements of arrays side by side" },
    { 0 },
};
