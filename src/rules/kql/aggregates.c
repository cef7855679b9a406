/* aggregates.c - one row of the table an aggregate: how it takes a row in, and its result. */
#include "rules/kql/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void st_kaccum_free(st_kaccum *a)
{
    free(a->list);
    free(a->table);
    free(a->values);
}

static bool is_true(st_kv v)
{
    return v.tag == ST_KV_BOOL && v.u.b;
}

static void count_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)r;
    a->n += !c->nargs || is_true(v[0]);
}

static st_kv count_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return st_kv_long(a->n);
}

/* ---- sums ------------------------------------------------------------------------------ */

static void add_number(st_kaccum *a, st_kv v)
{
    if (v.tag == ST_KV_NULL)
        return;
    a->n++;
    double d = v.tag == ST_KV_REAL ? v.u.d : (double)v.u.i;
    a->d += d;
    a->d2 += d * d;
    if (v.tag == ST_KV_REAL)
        a->real = true;
    else
        a->i = (int64_t)((uint64_t)a->i + (uint64_t)v.u.i);
}

static bool numeric(st_kv v)
{
    return v.tag == ST_KV_LONG || v.tag == ST_KV_REAL || v.tag == ST_KV_TIMESPAN;
}

static void sum_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)r;
    if (numeric(v[0]) && (c->nargs < 2 || is_true(v[1])))
        add_number(a, v[0]);
}

static st_kv sum_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    if (c->type == ST_KT_REAL)
        return st_kv_real(a->d);
    return c->type == ST_KT_TIMESPAN ? st_kv_span(a->i) : st_kv_long(a->i);
}

static st_kv avg_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    if (c->type == ST_KT_TIMESPAN)
        return a->n ? st_kv_span(a->i / a->n) : st_kv_null();
    return st_kv_real(a->n ? a->d / (double)a->n : NAN);
}

static st_kv variance_of(const st_kaccum *a, bool sample, bool root)
{
    double n = (double)a->n;
    if (a->n < 2)
        return st_kv_real(0);
    double v = (a->d2 - a->d * a->d / n) / (sample ? n - 1 : n);
    v = v < 0 ? 0 : v;
    return st_kv_real(root ? sqrt(v) : v);
}
static st_kv stdev_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return variance_of(a, true, true);
}
static st_kv variance_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return variance_of(a, true, false);
}
static st_kv variancep_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return variance_of(a, false, false);
}
static st_kv stdevp_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return variance_of(a, false, true);
}

/* ---- extremes ------------------------------------------------------------------------------ */

static void extreme(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v, int sign)
{
    if (v[0].tag == ST_KV_NULL || (c->nargs > 1 && !is_true(v[1])))
        return;
    if (!a->set || sign * st_kv_cmp(&r->mem, v[0], a->best) > 0)
        a->best = v[0];
    a->set = true;
}
static void max_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    extreme(r, a, c, v, 1);
}
static void min_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    extreme(r, a, c, v, -1);
}
static st_kv best_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    return a->set ? a->best : st_kv_missing(c->type);
}

/* The value of v[1] in the row with the largest v[0]; the first row stands in until one has a v[0].
 */
static void arg_step(st_krun *r, st_kaccum *a, const st_kv *v, int sign)
{
    if (!a->n++) {
        a->row = v[1];
        a->best = v[0];
        a->took = true;
        return;
    }
    if (v[0].tag == ST_KV_NULL ||
        (a->best.tag != ST_KV_NULL && sign * st_kv_cmp(&r->mem, v[0], a->best) <= 0))
        return;
    a->best = v[0];
    a->row = v[1];
    a->took = true;
}
static void arg_max_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)c;
    arg_step(r, a, v, 1);
}
static void arg_min_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)c;
    arg_step(r, a, v, -1);
}
static st_kv arg_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    return a->n ? a->row : st_kv_missing(c->type);
}

static void any_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)r;
    if (c->nargs > 1 && !is_true(v[1]))
        return;
    if (!a->set && v[0].tag != ST_KV_NULL) {
        a->best = v[0];
        a->set = true;
    }
}

/* ---- lists and sets ----------------------------------------------------------------------------
 */

static bool set_add(st_krun *r, st_kaccum *a, st_kv v)
{
    if (a->nlist * 2 >= a->table_n) {
        size_t n = a->table_n ? a->table_n * 2 : 16;
        uint32_t *table = st_kcalloc(&r->mem, n, sizeof *table);
        if (!table)
            return st_krun_nomem(r);
        for (size_t i = 0; i < a->nlist; i++) {
            size_t at = st_kv_hash(a->list[i], 1) & (n - 1);
            while (table[at])
                at = (at + 1) & (n - 1);
            table[at] = (uint32_t)i + 1;
        }
        free(a->table);
        a->table = table;
        a->table_n = n;
    }
    size_t at = st_kv_hash(v, 1) & (a->table_n - 1);
    for (; a->table[at]; at = (at + 1) & (a->table_n - 1))
        if (st_kv_same(&r->mem, a->list[a->table[at] - 1], v))
            return true;
    if (!st_kgrow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        return st_krun_nomem(r);
    a->list[a->nlist++] = v;
    a->table[at] = (uint32_t)a->nlist;
    return true;
}

static void dcount_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    bool conditional = c->agg->args[1] == 'b';
    if (v[0].tag != ST_KV_NULL && (!conditional || is_true(v[1])))
        set_add(r, a, v[0]);
}
static st_kv dcount_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)r;
    (void)c;
    return st_kv_long((int64_t)a->nlist);
}

static void set_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    if (c->agg->args[1] == 'b' && !is_true(v[1]))
        return;
    size_t n = v[0].tag == ST_KV_ARRAY ? v[0].u.a->n : 1;
    for (size_t i = 0; i < n && (int64_t)a->nlist < c->limit; i++) {
        st_kv one = v[0].tag == ST_KV_ARRAY ? v[0].u.a->v[i] : v[0];
        if (one.tag != ST_KV_NULL)
            set_add(r, a, one);
    }
}

static void list_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    bool nulls = c->agg->args[1] == 0;
    if ((c->agg->args[1] == 'b' && !is_true(v[1])) || (v[0].tag == ST_KV_NULL && !nulls) ||
        (int64_t)a->nlist >= c->limit)
        return;
    if (st_kgrow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        a->list[a->nlist++] = v[0];
    else
        st_krun_nomem(r);
}

static st_kv list_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)c;
    st_karray *out = st_karray_new(&r->mem, a->nlist);
    if (out && a->nlist)
        memcpy(out->v, a->list, a->nlist * sizeof *a->list);
    return st_kv_array(out);
}

/* Members of bags: by name in the set, value by value in pairs; the first of a name wins. */
static void bag_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    if (v[0].tag != ST_KV_BAG || (c->agg->args[1] == 'b' && !is_true(v[1])))
        return;
    for (size_t i = 0; i < v[0].u.g->n && (int64_t)a->nlist < c->limit; i++) {
        size_t was = a->nlist;
        if (!set_add(r, a, st_kv_sid(v[0].u.g->keys[i])))
            return;
        if (a->nlist == was)
            continue;
        if (!st_kgrow(&r->mem, &a->values, &a->values_cap, a->nlist, sizeof *a->values)) {
            a->nlist = was; /* the run has failed: the pair must not be half there */
            st_krun_nomem(r);
            return;
        }
        a->values[was] = v[0].u.g->v[i];
    }
}

static st_kv bag_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    (void)c;
    st_kbag *out = st_kbag_new(&r->mem, a->nlist);
    for (size_t i = 0; out && i < a->nlist; i++) {
        out->keys[i] = a->list[i].u.s;
        out->v[i] = a->values[i];
    }
    return st_kv_bag(out);
}

typedef struct by_value {
    const st_kmem *mem;
} by_value;

static int compare_values(const void *a, const void *b, void *ctx)
{
    const by_value *c = ctx;
    return st_kv_cmp(c->mem, *(const st_kv *)a, *(const st_kv *)b);
}

/* Nearest rank: a member of the set. */
static void percentile_step(st_krun *r, st_kaccum *a, const st_kaggcall *c, const st_kv *v)
{
    (void)c;
    st_kv_number(v[1], &a->d);
    if (st_kv_last(v[0]))
        return;
    if (st_kgrow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        a->list[a->nlist++] = v[0];
    else
        st_krun_nomem(r);
}
static st_kv percentile_end(st_krun *r, st_kaccum *a, const st_kaggcall *c)
{
    by_value ctx = { &r->mem };
    if (!a->nlist)
        return st_kv_missing(c->type);
    qsort_r(a->list, a->nlist, sizeof *a->list, compare_values, &ctx);
    double rank = ceil(a->d / 100 * (double)a->nlist);
    size_t at = rank < 1 ? 0 : rank > (double)a->nlist ? a->nlist - 1 : (size_t)rank - 1;
    return a->list[at];
}

/* ---- the table
 * ----------------------------------------------------------------------------------- */

static const st_kagg aggregates[] = {
    { "any", "*", 1, "0", "any_", any_step, best_end, "a value" },
    { "anyif", "*b", 2, "0", "anyif_", any_step, best_end, "a value where a condition holds" },
    { "arg_max", "**", 1, "0", "max_", arg_max_step, arg_end,
      "columns of the row with the largest value" },
    { "arg_min", "**", 1, "0", "min_", arg_min_step, arg_end,
      "columns of the row with the smallest value" },
    { "avg", "n", 1, "avg", "avg_", sum_step, avg_end, "the mean" },
    { "avgif", "nb", 2, "avg", "avgif_", sum_step, avg_end, "the mean where a condition holds" },
    { "count", "", 0, "long", "count_", count_step, count_end, "rows" },
    { "count_distinct", "*", 1, "long", "count_distinct_", dcount_step, dcount_end,
      "distinct values" },
    { "count_distinctif", "*b", 2, "long", "count_distinctif_", dcount_step, dcount_end,
      "distinct values where a condition holds" },
    { "countif", "b", 1, "long", "countif_", count_step, count_end,
      "rows where a condition holds" },
    { "dcount", "*i", 1, "long", "dcount_", dcount_step, dcount_end, "distinct values" },
    { "dcountif", "*bi", 2, "long", "dcountif_", dcount_step, dcount_end,
      "distinct values where a condition holds" },
    { "make_bag", "yi", 1, "dynamic", "bag_", bag_step, bag_end, "members of all bags" },
    { "make_bag_if", "ybi", 2, "dynamic", "bag_", bag_step, bag_end,
      "members of all bags where a condition holds" },
    { "make_list", "*i", 1, "dynamic", "list_", list_step, list_end, "all values" },
    { "make_list_if", "*bi", 2, "dynamic", "list_", list_step, list_end,
      "all values where a condition holds" },
    { "make_list_with_nulls", "*", 1, "dynamic", "list_", list_step, list_end,
      "all values and nulls" },
    { "make_set", "*i", 1, "dynamic", "set_", set_step, list_end, "distinct values" },
    { "make_set_if", "*bi", 2, "dynamic", "set_", set_step, list_end,
      "distinct values where a condition holds" },
    { "makelist", "*i", 1, "dynamic", "list_", list_step, list_end, "all values" },
    { "makeset", "*i", 1, "dynamic", "set_", set_step, list_end, "distinct values" },
    { "max", "*", 1, "0", "max_", max_step, best_end, "the largest value" },
    { "maxif", "*b", 2, "0", "maxif_", max_step, best_end,
      "the largest value where a condition holds" },
    { "min", "*", 1, "0", "min_", min_step, best_end, "the smallest value" },
    { "minif", "*b", 2, "0", "minif_", min_step, best_end,
      "the smallest value where a condition holds" },
    { "percentile", "*n", 2, "0", "percentile_", percentile_step, percentile_end,
      "the value at a rank" },
    { "percentiles", "*n+", 2, "0", "percentile_", percentile_step, percentile_end,
      "the values at ranks" },
    { "stdev", "n", 1, "real", "stdev_", sum_step, stdev_end, "standard deviation of a sample" },
    { "stdevif", "nb", 2, "real", "stdevif_", sum_step, stdev_end,
      "standard deviation of a sample where a condition holds" },
    { "stdevp", "n", 1, "real", "stdevp_", sum_step, stdevp_end, "standard deviation" },
    { "sum", "n", 1, "s", "sum_", sum_step, sum_end, "the sum" },
    { "sumif", "nb", 2, "s", "sumif_", sum_step, sum_end, "the sum where a condition holds" },
    { "take_any", "*", 1, "0", "", any_step, best_end, "a value" },
    { "take_anyif", "*b", 2, "0", "", any_step, best_end, "a value where a condition holds" },
    { "variance", "n", 1, "real", "variance_", sum_step, variance_end, "variance of a sample" },
    { "varianceif", "nb", 2, "real", "varianceif_", sum_step, variance_end,
      "variance of a sample where a condition holds" },
    { "variancep", "n", 1, "real", "variancep_", sum_step, variancep_end, "variance" },
};

const st_kagg *st_kagg_at(size_t i)
{
    return i < sizeof aggregates / sizeof *aggregates ? &aggregates[i] : NULL;
}

const st_kagg *st_kagg_find(st_str name)
{
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        if (st_str_eq(name, st_str_of(aggregates[i].name)))
            return &aggregates[i];
    return NULL;
}
