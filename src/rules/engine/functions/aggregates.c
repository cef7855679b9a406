/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* aggregates.c - one row of the table an aggregate: how it takes a row in, and its result. */
#include "rules/engine/functions/functions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void st_accum_free(st_accum *a)
{
    free(a->list);
    free(a->set_of.at);
    free(a->values);
}

static bool is_true(st_val v)
{
    return v.tag == ST_VAL_BOOL && v.u.b;
}

static void count_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    a->n += !c->nargs || is_true(v[0]);
}

static st_val count_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return st_val_long(a->n);
}

/* sums */

static bool numeric(st_val v)
{
    return v.tag == ST_VAL_LONG || v.tag == ST_VAL_REAL || v.tag == ST_VAL_TIMESPAN ||
           v.tag == ST_VAL_DATETIME;
}

/* Does the row count: the condition that is argument i, if there is one. */
static bool counts(const st_agg_call *c, const st_val *v, size_t i)
{
    return c->nargs <= i || is_true(v[i]);
}

static double plain(st_val v)
{
    return v.tag == ST_VAL_REAL ? v.u.d : (double)v.u.i;
}

static void sum_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    if (!numeric(v[0]) || !counts(c, v, 1))
        return;
    a->n++;
    a->d += plain(v[0]);
    if (v[0].tag != ST_VAL_REAL)
        a->i = (int64_t)((uint64_t)a->i + (uint64_t)v[0].u.i);
}

static st_val sum_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    if (c->type == ST_TYPE_REAL)
        return st_val_real(a->d);
    return c->type == ST_TYPE_TIMESPAN ? st_val_span(a->i) : st_val_long(a->i);
}

/* Times are added as their distance from the first one: their sum doesn't fit 64 bits. */
static void avg_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    bool time = v[0].tag == ST_VAL_DATETIME || v[0].tag == ST_VAL_TIMESPAN;
    (void)r;
    if (!numeric(v[0]) || !counts(c, v, 1))
        return;
    if (time && !a->n)
        a->i = v[0].u.i;
    int64_t since;
    a->n++;
    if (!time)
        a->d += plain(v[0]);
    else if (!__builtin_sub_overflow(v[0].u.i, a->i, &since))
        a->d += (double)since;
    else
        a->d += (double)v[0].u.i - (double)a->i;
}

static st_val avg_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    double mean = a->n ? a->d / (double)a->n : NAN;
    (void)r;
    if (c->type == ST_TYPE_TIMESPAN || c->type == ST_TYPE_DATETIME) {
        st_val first = c->type == ST_TYPE_TIMESPAN ? st_val_span(a->i) : st_val_time(a->i);
        int64_t by = a->n ? (int64_t)mean : 0, sum;
        if (!a->n || __builtin_add_overflow(first.u.i, by, &sum))
            return st_val_null();
        return c->type == ST_TYPE_TIMESPAN ? st_val_span(sum) : st_val_time(sum);
    }
    return st_val_real(mean);
}

/* spread */

/* Means and the sums of the products of what is off them (Welford): no large numbers cancel. */
static void spread(st_accum *a, double x, double y)
{
    double n = (double)++a->n, dx = x - a->d, dy = y - a->mean2;
    a->d += dx / n;
    a->mean2 += dy / n;
    a->d2 += dx * (y - a->mean2);
}

static void variance_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    if (numeric(v[0]) && counts(c, v, 1))
        spread(a, plain(v[0]), plain(v[0]));
}

static void covariance_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    if (numeric(v[0]) && numeric(v[1]) && counts(c, v, 2))
        spread(a, plain(v[0]), plain(v[1]));
}

static st_val spread_of(const st_accum *a, bool sample, bool root)
{
    double n = (double)a->n;
    if (a->n < 2)
        return st_val_real(0);
    double v = a->d2 / (sample ? n - 1 : n);
    return st_val_real(root ? sqrt(v) : v);
}
static st_val stdev_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return spread_of(a, true, true);
}
static st_val variance_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return spread_of(a, true, false);
}
static st_val variancep_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return spread_of(a, false, false);
}
static st_val stdevp_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return spread_of(a, false, true);
}

/* bits */

static void bits(st_accum *a, st_val v, char op)
{
    if (v.tag != ST_VAL_LONG)
        return;
    a->i = !a->n++     ? v.u.i
           : op == '&' ? (int64_t)((uint64_t)a->i & (uint64_t)v.u.i)
           : op == '|' ? (int64_t)((uint64_t)a->i | (uint64_t)v.u.i)
                       : (int64_t)((uint64_t)a->i ^ (uint64_t)v.u.i);
}
static void and_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    (void)c;
    bits(a, v[0], '&');
}
static void or_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    (void)c;
    bits(a, v[0], '|');
}
static void xor_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    (void)c;
    bits(a, v[0], '^');
}
static st_val bits_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return a->n ? st_val_long(a->i) : st_val_null();
}

/* extremes */

static void extreme(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v, int sign)
{
    if (v[0].tag == ST_VAL_NULL || (c->nargs > 1 && !is_true(v[1])))
        return;
    if (!a->set || sign * st_val_cmp(&r->mem, v[0], a->best) > 0)
        a->best = v[0];
    a->set = true;
}
static void max_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    extreme(r, a, c, v, 1);
}
static void min_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    extreme(r, a, c, v, -1);
}
static st_val best_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    return a->set ? a->best : st_val_missing(c->type);
}

/* The value of v[1] in the row with the largest v[0]; the first row stands in until one has a v[0].
 */
static void arg_step(st_run *r, st_accum *a, const st_val *v, int sign)
{
    if (!a->n++) {
        a->row = v[1];
        a->best = v[0];
        a->took = true;
        return;
    }
    if (v[0].tag == ST_VAL_NULL ||
        (a->best.tag != ST_VAL_NULL && sign * st_val_cmp(&r->mem, v[0], a->best) <= 0))
        return;
    a->best = v[0];
    a->row = v[1];
    a->took = true;
}
static void arg_max_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)c;
    arg_step(r, a, v, 1);
}
static void arg_min_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)c;
    arg_step(r, a, v, -1);
}
static st_val arg_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    return a->n ? a->row : st_val_missing(c->type);
}

/* Of what is neither null nor empty the first; else of what isn't null. */
static void any_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)r;
    if (c->agg->args[1] == 'b' && !is_true(v[1]))
        return;
    if (a->set || v[0].tag == ST_VAL_NULL)
        return;
    a->best = v[0];
    a->n = 1;
    a->set = v[0].tag != ST_VAL_STRING || v[0].u.s != ST_EMPTY;
}
static st_val any_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    return a->n ? a->best : st_val_missing(c->type);
}

/* lists and sets */

/* Elements of one row's array between two looks at what the run may still take. */
enum { LOOK = 1024 };

static bool may_go_on(st_run *r, size_t i)
{
    return i % LOOK != LOOK - 1 || st_run_going(r);
}

typedef struct member {
    const st_mem *mem;
    const st_accum *a;
    st_val v;
} member;

static bool is_member(const void *ctx, uint32_t item)
{
    const member *m = ctx;
    return st_val_same(m->mem, m->a->list[item], m->v);
}

static uint64_t hash_of(const void *ctx, uint32_t item)
{
    const st_accum *a = ctx;
    return st_val_hash(a->list[item], 1);
}

static bool widen_set(st_run *r, st_accum *a)
{
    size_t n = a->set_of.n ? a->set_of.n * 2 : 16;
    uint32_t *old = a->set_of.at, *at = st_mem_zeroed(&r->mem, n, sizeof *at);
    if (!at)
        return st_run_nomem(r);
    st_slots_move(&a->set_of, at, n, a->nlist, hash_of, a);
    free(old);
    return true;
}

static bool set_add(st_run *r, st_accum *a, st_val v)
{
    if (!st_slots_room(&a->set_of, a->nlist) && !widen_set(r, a))
        return false;
    member m = { &r->mem, a, v };
    size_t at = st_slots_probe(&a->set_of, st_val_hash(v, 1), is_member, &m);
    if (a->set_of.at[at])
        return true;
    if (!st_mem_grow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        return st_run_nomem(r);
    a->list[a->nlist++] = v;
    a->set_of.at[at] = (uint32_t)a->nlist;
    return true;
}

static void dcount_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    bool conditional = c->agg->args[1] == 'b';
    if (v[0].tag != ST_VAL_NULL && (!conditional || is_true(v[1])))
        set_add(r, a, v[0]);
}
static st_val dcount_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)r;
    (void)c;
    return st_val_long((int64_t)a->nlist);
}

static void set_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    if (c->agg->args[1] == 'b' && !is_true(v[1]))
        return;
    size_t n = v[0].tag == ST_VAL_ARRAY ? v[0].u.a->n : 1;
    for (size_t i = 0; i < n && (int64_t)a->nlist < c->limit && may_go_on(r, i); i++) {
        st_val one = v[0].tag == ST_VAL_ARRAY ? v[0].u.a->v[i] : v[0];
        if (one.tag != ST_VAL_NULL)
            set_add(r, a, one);
    }
}

static void list_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    bool nulls = c->agg->args[1] == 0;
    if ((c->agg->args[1] == 'b' && !is_true(v[1])) || (v[0].tag == ST_VAL_NULL && !nulls) ||
        (int64_t)a->nlist >= c->limit)
        return;
    if (st_mem_grow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        a->list[a->nlist++] = v[0];
    else
        st_run_nomem(r);
}

static st_val list_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)c;
    st_array *out = st_array_new(&r->mem, a->nlist);
    if (out && a->nlist)
        memcpy(out->v, a->list, a->nlist * sizeof *a->list);
    return st_val_array(out);
}

/* Members of bags: by name in the set, value by value in pairs; the first of a name wins. */
static void bag_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    if (v[0].tag != ST_VAL_BAG || (c->agg->args[1] == 'b' && !is_true(v[1])))
        return;
    for (size_t i = 0; i < v[0].u.g->n && (int64_t)a->nlist < c->limit && may_go_on(r, i); i++) {
        size_t was = a->nlist;
        if (!set_add(r, a, st_val_sid(v[0].u.g->keys[i])))
            return;
        if (a->nlist == was)
            continue;
        if (!st_mem_grow(&r->mem, &a->values, &a->values_cap, a->nlist, sizeof *a->values)) {
            a->nlist = was; /* the run has failed: the pair must not be half there */
            st_run_nomem(r);
            return;
        }
        a->values[was] = v[0].u.g->v[i];
    }
}

static st_val bag_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    (void)c;
    st_bag *out = st_bag_new(&r->mem, a->nlist);
    for (size_t i = 0; out && i < a->nlist; i++) {
        out->keys[i] = a->list[i].u.s;
        out->v[i] = a->values[i];
    }
    return st_val_bag(out);
}

/* ranks */

typedef struct weighed {
    st_val v;
    double weight;
} weighed;

static int by_value(const void *a, const void *b, void *ctx)
{
    const weighed *p = a, *q = b;
    return st_val_cmp(ctx, p->v, q->v);
}

static void percentile_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    (void)c;
    if (st_val_last(v[0]))
        return;
    if (st_mem_grow(&r->mem, &a->list, &a->list_cap, a->nlist + 1, sizeof *a->list))
        a->list[a->nlist++] = v[0];
    else
        st_run_nomem(r);
}

/* With a weight: as if the value were there so many times. */
static void percentilew_step(st_run *r, st_accum *a, const st_agg_call *c, const st_val *v)
{
    if (st_val_last(v[0]) || v[1].tag != ST_VAL_LONG || v[1].u.i < 1)
        return;
    if (!st_mem_grow(&r->mem, &a->values, &a->values_cap, a->nlist + 1, sizeof *a->values)) {
        st_run_nomem(r);
        return;
    }
    a->values[a->nlist] = v[1];
    percentile_step(r, a, c, v);
}

/* The values in order, each with the sum of the weights up to it; NULL: no memory. */
static weighed *ranked(st_run *r, const st_accum *a)
{
    weighed *w = st_mem_zeroed(&r->mem, a->nlist + 1, sizeof *w);
    double sum = 0;
    for (size_t i = 0; w && i < a->nlist; i++)
        w[i] = (weighed){ a->list[i], a->values ? (double)a->values[i].u.i : 1 };
    if (w && a->nlist)
        qsort_r(w, a->nlist, sizeof *w, by_value, &r->mem);
    for (size_t i = 0; w && i < a->nlist; i++)
        w[i].weight = sum += w[i].weight;
    if (!w)
        st_run_nomem(r);
    return w;
}

static bool is_below(const void *item, const void *key)
{
    const weighed *w = item;
    const double *rank = key;
    return w->weight < *rank;
}

/* Nearest rank: a member of the set. */
static st_val at_rank(const weighed *w, size_t n, st_val percent)
{
    double p;
    if (!n || !st_val_number(percent, &p))
        return st_val_null();
    double rank = ceil(p * w[n - 1].weight / 100); /* p / 100 first rounds 7 % of 100 up to 8 */
    return w[st_lower_bound(w, n - 1, sizeof *w, &rank, is_below)].v;
}

/* The ranks are constants: arguments from the one behind the value (and the weight) on. */
static st_val percentile_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    size_t held = r->mem.held;
    weighed *w = ranked(r, a);
    st_val out = w && a->nlist ? at_rank(w, a->nlist, c->args[c->nargs - 1]->value)
                               : st_val_missing(c->type);
    free(w);
    st_mem_release(&r->mem, held);
    return out;
}

static st_val percentiles_end(st_run *r, st_accum *a, const st_agg_call *c)
{
    size_t first = c->agg->step == percentilew_step ? 2 : 1;
    st_val one = c->args[first]->value;
    bool array = one.tag == ST_VAL_ARRAY;
    size_t n = array ? one.u.a->n : c->nargs - first;
    size_t held = r->mem.held;
    weighed *w = ranked(r, a);
    st_array *out = w ? st_array_new(&r->mem, n) : NULL;
    for (size_t i = 0; out && i < n; i++)
        out->v[i] = at_rank(w, a->nlist, array ? one.u.a->v[i] : c->args[first + i]->value);
    free(w);
    st_mem_release(&r->mem, held);
    return st_val_array(out);
}

/* the table */

#define REFUSED(name, why)                   \
    {                                        \
        name, "", 0, "", "", NULL, NULL, why \
    }
#define SKETCH "dcount() and percentile() are exact here, and nothing is kept in sketches"
#define FIRST_ROW "|the first row's whose value is neither null nor empty"
#define FIRST_SEEN "|in order of first sight"

static const st_agg aggregates[] = {
    { "any", "*+", 1, "0", "any_", any_step, any_end, "a value" FIRST_ROW },
    { "anyif", "*b", 2, "0", "anyif_", any_step, any_end,
      "a value where a condition holds" FIRST_ROW },
    { "arg_max", "**+", 1, "0", "max_", arg_max_step, arg_end,
      "columns of the row with the largest value|of equal ones the first" },
    { "arg_min", "**+", 1, "0", "min_", arg_min_step, arg_end,
      "columns of the row with the smallest value|of equal ones the first" },
    { "argmax", "**+", 1, "0", "max_", arg_max_step, arg_end,
      "columns of the row with the largest value|of equal ones the first" },
    { "argmin", "**+", 1, "0", "min_", arg_min_step, arg_end,
      "columns of the row with the smallest value|of equal ones the first" },
    { "avg", "u", 1, "avg", "avg_", avg_step, avg_end, "the mean|NaN of nothing" },
    { "avgif", "ub", 2, "avg", "avgif_", avg_step, avg_end,
      "the mean where a condition holds|NaN of nothing" },
    { "binary_all_and", "i", 1, "long", "", and_step, bits_end, "bits in all values" },
    { "binary_all_or", "i", 1, "long", "", or_step, bits_end, "bits in any value" },
    { "binary_all_xor", "i", 1, "long", "", xor_step, bits_end, "bits in an odd number of values" },
    REFUSED("buildschema", "use bag_keys() and gettype()"),
    { "cnt", "", 0, "long", "cnt_", count_step, count_end, "rows" },
    { "count", "b", 0, "long", "count_", count_step, count_end, "rows" },
    { "count_distinct", "*", 1, "long", "count_distinct_", dcount_step, dcount_end,
      "distinct values" },
    { "count_distinctif", "*b", 2, "long", "count_distinctif_", dcount_step, dcount_end,
      "distinct values where a condition holds" },
    { "countif", "b", 1, "long", "countif_", count_step, count_end,
      "rows where a condition holds" },
    { "covariance", "nn", 2, "real", "covariance_", covariance_step, variance_end,
      "covariance of a sample" },
    { "covarianceif", "nnb", 3, "real", "covarianceif_", covariance_step, variance_end,
      "covariance of a sample where a condition holds" },
    { "covariancep", "nn", 2, "real", "covariancep_", covariance_step, variancep_end,
      "covariance" },
    { "covariancepif", "nnb", 3, "real", "covariancepif_", covariance_step, variancep_end,
      "covariance where a condition holds" },
    { "dcount", "*i", 1, "long", "dcount_", dcount_step, dcount_end,
      "distinct values|exact, whatever the accuracy" },
    { "dcountif", "*bi", 2, "long", "dcountif_", dcount_step, dcount_end,
      "distinct values where a condition holds|exact, whatever the accuracy" },
    REFUSED("hll", SKETCH),
    REFUSED("hll_if", SKETCH),
    REFUSED("hll_merge", SKETCH),
    { "make_bag", "yi", 1, "dynamic", "bag_", bag_step, bag_end,
      "members of all bags|the first of a name counts" },
    { "make_bag_if", "ybi", 2, "dynamic", "bag_", bag_step, bag_end,
      "members of all bags where a condition holds|the first of a name counts" },
    { "make_dictionary", "yi", 1, "dynamic", "dictionary_", bag_step, bag_end,
      "members of all bags|the first of a name counts" },
    { "make_list", "*i", 1, "dynamic", "list_", list_step, list_end, "all values" },
    { "make_list_if", "*bi", 2, "dynamic", "list_", list_step, list_end,
      "all values where a condition holds" },
    { "make_list_with_nulls", "*", 1, "dynamic", "list_", list_step, list_end,
      "all values and nulls" },
    { "make_set", "*i", 1, "dynamic", "set_", set_step, list_end, "distinct values" FIRST_SEEN },
    { "make_set_if", "*bi", 2, "dynamic", "set_", set_step, list_end,
      "distinct values where a condition holds" FIRST_SEEN },
    { "makelist", "*i", 1, "dynamic", "list_", list_step, list_end,
      "all values|as many as make_list, not 128" },
    { "makeset", "*i", 1, "dynamic", "set_", set_step, list_end,
      "distinct values|as many as make_set, not 128" },
    { "max", "*", 1, "0", "max_", max_step, best_end, "the largest value" },
    { "maxif", "*b", 2, "0", "maxif_", max_step, best_end,
      "the largest value where a condition holds" },
    REFUSED("merge_tdigest", SKETCH),
    { "min", "*", 1, "0", "min_", min_step, best_end, "the smallest value" },
    { "minif", "*b", 2, "0", "minif_", min_step, best_end,
      "the smallest value where a condition holds" },
    { "percentile", "*n", 2, "p", "percentile_", percentile_step, percentile_end,
      "the value at a rank|exact" },
    { "percentiles", "*n+", 2, "p", "percentile_", percentile_step, percentile_end,
      "the values at ranks|exact" },
    { "percentiles_array", "**+", 2, "dynamic", "percentiles_", percentile_step, percentiles_end,
      "the values at ranks, as an array|exact" },
    { "percentilesw", "*in+", 3, "p", "percentile_", percentilew_step, percentile_end,
      "the values at ranks, each value weighed|exact" },
    { "percentilesw_array", "*i*+", 3, "dynamic", "percentiles_", percentilew_step, percentiles_end,
      "the values at ranks, each value weighed, as an array|exact" },
    { "percentilew", "*in", 3, "p", "percentile_", percentilew_step, percentile_end,
      "the value at a rank, each value weighed|exact" },
    { "stdev", "n", 1, "real", "stdev_", variance_step, stdev_end,
      "standard deviation of a sample|0 of one value" },
    { "stdevif", "nb", 2, "real", "stdevif_", variance_step, stdev_end,
      "standard deviation of a sample where a condition holds|0 of one value" },
    { "stdevp", "n", 1, "real", "stdevp_", variance_step, stdevp_end, "standard deviation" },
    { "stdevpif", "nb", 2, "real", "stdevpif_", variance_step, stdevp_end,
      "standard deviation where a condition holds" },
    { "sum", "n", 1, "s", "sum_", sum_step, sum_end, "the sum" },
    { "sumif", "nb", 2, "s", "sumif_", sum_step, sum_end, "the sum where a condition holds" },
    { "take_any", "*+", 1, "0", "", any_step, any_end, "a value" FIRST_ROW },
    { "take_anyif", "*b", 2, "0", "", any_step, any_end,
      "a value where a condition holds" FIRST_ROW },
    REFUSED("tdigest", SKETCH),
    REFUSED("tdigest_merge", SKETCH),
    { "variance", "n", 1, "real", "variance_", variance_step, variance_end,
      "variance of a sample|0 of one value" },
    { "varianceif", "nb", 2, "real", "varianceif_", variance_step, variance_end,
      "variance of a sample where a condition holds|0 of one value" },
    { "variancep", "n", 1, "real", "variancep_", variance_step, variancep_end, "variance" },
    { "variancepif", "nb", 2, "real", "variancepif_", variance_step, variancep_end,
      "variance where a condition holds" },
};

const st_agg *st_agg_at(size_t i)
{
    return i < sizeof aggregates / sizeof *aggregates ? &aggregates[i] : NULL;
}

bool st_agg_carries(const st_agg *agg)
{
    return agg->end == arg_end;
}

const st_agg *st_agg_find(st_str name)
{
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        if (name.n && aggregates[i].name[0] == name.p[0] && st_str_is(name, aggregates[i].name))
            return &aggregates[i];
    return NULL;
}
