/* fn_dynamic.c - functions over arrays and bags. */
#include "rules/kql/fn.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* ---- access ------------------------------------------------------------------------------ */

/* base, key or index */
st_kv st_kf_index(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    if (a[0].tag == ST_KV_BAG && a[1].tag == ST_KV_STRING) {
        const st_kv *v = st_kbag_get(a[0].u.g, a[1].u.s);
        return v ? *v : st_kv_null();
    }
    if (a[0].tag != ST_KV_ARRAY || a[1].tag != ST_KV_LONG)
        return st_kv_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i;
    return i >= 0 && i < n ? a[0].u.a->v[i] : st_kv_null();
}

st_kv st_kf_array(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_karray *out = st_karray_new(&r->mem, x->nargs);
    if (out && x->nargs)
        memcpy(out->v, a, x->nargs * sizeof *a);
    return st_kv_array(out);
}

/* ---- making ------------------------------------------------------------------------------ */

static st_kv f_bag(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kbag *g = st_kbag_new(&r->mem, x->nargs / 2);
    for (size_t i = 0; g && i < g->n; i++) {
        g->keys[i] = st_kv_tostring(&r->mem, x->args[2 * i]->type, a[2 * i]).u.s;
        g->v[i] = a[2 * i + 1];
    }
    return st_kv_bag(g);
}

static st_kv f_parse_json(st_krun *r, const st_kx *x, const st_kv *a)
{
    return x->args[0]->type == ST_KT_STRING ? st_kv_parse_json(&r->mem, st_kf_text(r, a[0])) : a[0];
}

/* Numbers or ticks from a to b, both inclusive. */
static st_kv f_range(st_krun *r, const st_kx *x, const st_kv *a)
{
    double from, to, step = 1;
    st_klist l = { 0 };
    bool whole = a[0].tag != ST_KV_REAL && a[1].tag != ST_KV_REAL &&
                 (x->nargs < 3 || a[2].tag != ST_KV_REAL),
         times = a[0].tag == ST_KV_DATETIME || a[0].tag == ST_KV_TIMESPAN;
    if (whole && a[0].tag != ST_KV_NULL && a[1].tag == a[0].tag) {
        int64_t at = a[0].u.i, by = x->nargs > 2 && a[2].tag != ST_KV_NULL ? a[2].u.i : 1;
        if (times && x->nargs < 3)
            by = INT64_C(36000000000);
        while (by && (by > 0 ? at <= a[1].u.i : at >= a[1].u.i) && l.n < ST_MAX_KQL_RANGE) {
            st_kv v = a[0];
            v.u.i = at;
            if (!st_klist_push(r, &l, v) || __builtin_add_overflow(at, by, &at))
                break;
        }
        return st_klist_close(r, &l);
    }
    if (!st_kv_number(a[0], &from) || !st_kv_number(a[1], &to) ||
        (x->nargs > 2 && !st_kv_number(a[2], &step)) || step == 0)
        return st_kv_null();
    for (size_t i = 0; l.n < ST_MAX_KQL_RANGE; i++) {
        double v = from + (double)i * step;
        if (!(step > 0 ? v <= to : v >= to) || !st_klist_push(r, &l, st_kv_real(v)))
            break;
    }
    return st_klist_close(r, &l);
}

/* ---- arrays ------------------------------------------------------------------------------ */

static st_kv f_array_length(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_ARRAY ? st_kv_long((int64_t)a[0].u.a->n) : st_kv_null();
}

static st_kv f_array_concat(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 0;
    if (n > ST_MAX_KQL_ARRAY) {
        r->limit = "an array is longer than the limit";
        return st_kv_null();
    }
    st_karray *out = st_karray_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        for (size_t k = 0; a[i].tag == ST_KV_ARRAY && k < a[i].u.a->n; k++)
            out->v[at++] = a[i].u.a->v[k];
    return st_kv_array(out);
}

static st_kv f_array_slice(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_ARRAY || st_kf_nulls(a, 3))
        return st_kv_null();
    int64_t n = (int64_t)a[0].u.a->n, i = a[1].u.i < 0 ? a[1].u.i + n : a[1].u.i,
            j = a[2].u.i < 0 ? a[2].u.i + n : a[2].u.i;
    i = i < 0 ? 0 : i;
    j = j >= n ? n - 1 : j;
    st_karray *out = st_karray_new(&r->mem, j >= i ? (size_t)(j - i + 1) : 0);
    for (size_t k = 0; out && k < out->n; k++)
        out->v[k] = a[0].u.a->v[(size_t)i + k];
    return st_kv_array(out);
}

/* Array i of the result holds the i-th elements; the shorter arrays are padded with null. */
static st_kv f_zip(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nargs; i++)
        if (a[i].tag == ST_KV_ARRAY && a[i].u.a->n > n)
            n = a[i].u.a->n;
    st_karray *out = st_karray_new(&r->mem, n);
    for (size_t k = 0; out && k < n; k++) {
        st_karray *one = st_karray_new(&r->mem, x->nargs);
        for (size_t i = 0; one && i < x->nargs; i++)
            if (a[i].tag == ST_KV_ARRAY && k < a[i].u.a->n)
                one->v[i] = a[i].u.a->v[k];
        out->v[k] = st_kv_array(one);
    }
    return st_kv_array(out);
}
static int kind(st_kv v)
{
    return v.tag == ST_KV_LONG || v.tag == ST_KV_REAL ? 0
           : v.tag == ST_KV_STRING                    ? 1
           : v.tag == ST_KV_NULL                      ? 3
                                                      : 2;
}

static int ascending(const void *pa, const void *pb, void *ctx)
{
    const st_kv *a = pa, *b = pb;
    return kind(*a) != kind(*b) ? kind(*a) - kind(*b) : st_kv_cmp(ctx, *a, *b);
}

static int descending(const void *pa, const void *pb, void *ctx)
{
    const st_kv *a = pa, *b = pb;
    if (kind(*a) == 3 || kind(*b) == 3)
        return kind(*a) - kind(*b);
    return ascending(pb, pa, ctx);
}

static st_kv sorted(st_krun *r, st_kv a, int (*order)(const void *, const void *, void *))
{
    st_karray *out = a.tag == ST_KV_ARRAY ? st_karray_new(&r->mem, a.u.a->n) : NULL;
    if (out && out->n) {
        memcpy(out->v, a.u.a->v, out->n * sizeof *out->v);
        qsort_r(out->v, out->n, sizeof *out->v, order, &r->mem);
    }
    return st_kv_array(out);
}
static st_kv f_sort_asc(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return sorted(r, a[0], ascending);
}
static st_kv f_sort_desc(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return sorted(r, a[0], descending);
}

static st_kv f_array_reverse(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_karray *out = a[0].tag == ST_KV_ARRAY ? st_karray_new(&r->mem, a[0].u.a->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = a[0].u.a->v[out->n - 1 - i];
    return st_kv_array(out);
}

static st_kv f_array_index_of(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    for (size_t i = 0; a[0].tag == ST_KV_ARRAY && i < a[0].u.a->n; i++)
        if (st_kv_same(&r->mem, a[0].u.a->v[i], a[1]))
            return st_kv_long((int64_t)i);
    return a[0].tag == ST_KV_ARRAY ? st_kv_long(-1) : st_kv_null();
}

static st_kv f_array_sum(st_krun *r, const st_kx *x, const st_kv *a)
{
    double sum = 0, d;
    (void)r;
    (void)x;
    if (a[0].tag != ST_KV_ARRAY)
        return st_kv_null();
    for (size_t i = 0; i < a[0].u.a->n; i++) {
        if (!st_kv_number(a[0].u.a->v[i], &d))
            return st_kv_null();
        sum += d;
    }
    return st_kv_real(sum);
}

/* ---- sets -------------------------------------------------------------------------------- */

static bool member(st_krun *r, const st_kv *v, size_t n, st_kv what)
{
    for (size_t i = 0; i < n; i++)
        if (st_kv_same(&r->mem, v[i], what))
            return true;
    return false;
}

static st_kv f_set_has(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return a[0].tag == ST_KV_ARRAY ? st_kv_bool(member(r, a[0].u.a->v, a[0].u.a->n, a[1]))
                                   : st_kv_null();
}

/* mode: 'u' union, 'i' intersection, 'd' difference */
static st_kv set_op(st_krun *r, const st_kx *x, const st_kv *a, char mode)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nargs; i++) {
        if (a[i].tag != ST_KV_ARRAY)
            return st_kv_null();
        n += a[i].u.a->n;
    }
    st_karray *out = st_karray_new(&r->mem, n);
    size_t used = 0;
    for (size_t i = 0; out && i < (mode == 'u' ? x->nargs : 1); i++)
        for (size_t k = 0; k < a[i].u.a->n; k++) {
            st_kv v = a[i].u.a->v[k];
            bool take = !member(r, out->v, used, v);
            for (size_t j = 1; mode != 'u' && take && j < x->nargs; j++)
                take = member(r, a[j].u.a->v, a[j].u.a->n, v) == (mode == 'i');
            if (take)
                out->v[used++] = v;
        }
    if (out)
        out->n = used;
    return st_kv_array(out);
}
static st_kv f_set_union(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'u');
}
static st_kv f_set_intersect(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'i');
}
static st_kv f_set_difference(st_krun *r, const st_kx *x, const st_kv *a)
{
    return set_op(r, x, a, 'd');
}

/* ---- bags -------------------------------------------------------------------------------- */

static st_kv f_bag_keys(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_karray *out = a[0].tag == ST_KV_BAG ? st_karray_new(&r->mem, a[0].u.g->n) : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = st_kv_sid(a[0].u.g->keys[i]);
    return st_kv_array(out);
}

static st_kv f_bag_merge(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0, used = 0;
    for (size_t i = 0; i < x->nargs; i++)
        n += a[i].tag == ST_KV_BAG ? a[i].u.g->n : 0;
    st_kbag *out = st_kbag_new(&r->mem, n);
    for (size_t i = 0; out && i < x->nargs; i++)
        for (size_t k = 0; a[i].tag == ST_KV_BAG && k < a[i].u.g->n; k++) {
            size_t at = 0;
            while (at < used && out->keys[at] != a[i].u.g->keys[k])
                at++;
            if (at < used)
                continue;
            out->keys[used] = a[i].u.g->keys[k];
            out->v[used++] = a[i].u.g->v[k];
        }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

static st_kv f_bag_has_key(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_KV_BAG && a[1].tag == ST_KV_STRING
               ? st_kv_bool(st_kbag_get(a[0].u.g, a[1].u.s) != NULL)
               : st_kv_null();
}

static bool has_text(const st_karray *keys, st_sid key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i].tag == ST_KV_STRING && keys->v[i].u.s == key)
            return true;
    return false;
}

static st_kv f_bag_remove_keys(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_BAG || a[1].tag != ST_KV_ARRAY)
        return a[0];
    const st_kbag *in = a[0].u.g;
    st_kbag *out = st_kbag_new(&r->mem, in->n);
    size_t used = 0;
    for (size_t i = 0; out && i < in->n; i++) {
        if (has_text(a[1].u.a, in->keys[i]))
            continue;
        out->keys[used] = in->keys[i];
        out->v[used++] = in->v[i];
    }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

static st_kv f_bag_set_key(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_BAG || a[1].tag != ST_KV_STRING)
        return st_kv_null();
    const st_kbag *in = a[0].u.g;
    size_t at = 0;
    while (at < in->n && in->keys[at] != a[1].u.s)
        at++;
    st_kbag *out = st_kbag_new(&r->mem, in->n + (at == in->n));
    for (size_t i = 0; out && i < in->n; i++) {
        out->keys[i] = in->keys[i];
        out->v[i] = in->v[i];
    }
    if (out) {
        out->keys[at] = a[1].u.s;
        out->v[at] = a[2];
    }
    return st_kv_bag(out);
}

/* The columns, as the binder names them: name, value ...; x->all leaves out what is empty. */
st_kv st_kf_pack_all(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kbag *out = st_kbag_new(&r->mem, x->nargs / 2);
    size_t used = 0;
    for (size_t i = 0; out && i + 1 < x->nargs; i += 2) {
        st_kv v = a[i + 1];
        if (x->all && (v.tag == ST_KV_NULL || (v.tag == ST_KV_STRING && v.u.s == ST_EMPTY)))
            continue;
        out->keys[used] = a[i].u.s;
        out->v[used++] = v;
    }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

/* ---- paths in JSON ----------------------------------------------------------------------- */

/* $.a.b[0], $['a']: one step a turn; null where it leads nowhere. */
static st_kv json_path(st_krun *r, st_kv v, st_str path)
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
            return st_kv_null();
        }
        st_str step = { path.p + at, i - at };
        i += c == '[';
        uint64_t n;
        bool quoted = c == '[' && step.n >= 2 && (step.p[0] == '\'' || step.p[0] == '"');
        st_kv key = c == '[' && !quoted && st_str_u64(step, &n) && n <= INT64_MAX
                        ? st_kv_long((int64_t)n)
                        : st_kv_str(&r->mem, quoted ? (st_str){ step.p + 1, step.n - 2 } : step);
        v = st_kf_index(r, NULL, (const st_kv[]){ v, key });
    }
    return v;
}

static st_kv f_extractjson(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kv v =
        x->args[1]->type == ST_KT_DYNAMIC ? a[1] : st_kv_parse_json(&r->mem, st_kf_text(r, a[1]));
    return st_kv_convert(&r->mem, x->type, ST_KT_DYNAMIC, json_path(r, v, st_kf_text(r, a[0])));
}

/* ---- the table --------------------------------------------------------------------------- */

const st_kfn st_kfns_dynamic[] = {
    { "array_concat", "y+", 1, "dynamic", NONE, f_array_concat, "one array of several" },
    { "array_index_of", "y*", 2, "long", NONE, f_array_index_of,
      "where a value is in an array, or -1" },
    { "array_length", "y", 1, "long", NONE, f_array_length, "elements of an array" },
    { "array_reverse", "y", 1, "dynamic", NONE, f_array_reverse, "the elements backwards" },
    { "array_slice", "yii", 3, "dynamic", NONE, f_array_slice, "elements i to j" },
    { "array_sort_asc", "y", 1, "dynamic", SUFFIX("_sorted"), f_sort_asc, "an array in order" },
    { "array_sort_desc", "y", 1, "dynamic", SUFFIX("_sorted"), f_sort_desc,
      "an array in falling order" },
    { "array_sum", "y", 1, "real", NONE, f_array_sum, "the sum of an array" },
    { "bag_has_key", "ys", 2, "bool", NONE, f_bag_has_key, "whether a bag has a name" },
    { "bag_keys", "y", 1, "dynamic", NONE, f_bag_keys, "the names in a bag" },
    { "bag_merge", "y+", 2, "dynamic", NONE, f_bag_merge, "bags together, the first one wins" },
    { "bag_pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "bag_remove_keys", "yy", 2, "dynamic", NONE, f_bag_remove_keys, "a bag without names" },
    { "bag_set_key", "ys*", 3, "dynamic", NONE, f_bag_set_key, "a bag with one value set" },
    { "extract_json", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "extractjson", "s**", 2, "J", NONE, f_extractjson, "a value in JSON text by its path" },
    { "pack", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "pack_array", "*+", 0, "dynamic", NONE, st_kf_array, "an array of values" },
    { "pack_dictionary", "**+", 0, "dynamic", NONE, f_bag, "a bag of names and values" },
    { "parse_json", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "parsejson", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "range", "***", 2, "dynamic", NONE, f_range, "an array from a value to another" },
    { "set_difference", "y+", 2, "dynamic", NONE, f_set_difference,
      "in the first, not in the others" },
    { "set_has_element", "y*", 2, "bool", NONE, f_set_has, "whether an array has a value" },
    { "set_intersect", "y+", 2, "dynamic", NONE, f_set_intersect, "in all arrays" },
    { "set_union", "y+", 1, "dynamic", NONE, f_set_union, "in any array" },
    { "todynamic", "*", 1, "dynamic", FIRST, f_parse_json, "JSON text as a value" },
    { "zip", "y+", 2, "dynamic", NONE, f_zip, "the elements of arrays side by side" },
    { 0 },
};
