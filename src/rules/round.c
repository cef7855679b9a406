/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * round.c - all rules over a forest, once.
 *
 * Rules that share nothing run side by side, a rule to a thread. Of the others the first that uses
 * a library makes most of what they share; over few nodes the rest run side by side then, over many
 * each goes over all threads. What comes of them is taken in their order. What a lifted window
 * would have left out is found by running a rule again without, and comparing.
 */
#include "rules/round.h"

#include <stdlib.h>
#include <string.h>

bool st_round_runs(const st_round *j, uint32_t i)
{
    const st_rule *rule = &j->rules->items[i]->rule;
    return !rule->marks_servers && rule->status == ST_RULE_READY &&
           !j->rules->items[i]->parsed.correlation;
}

const st_rule_rows *st_round_rows(const st_round *j, uint32_t i)
{
    return &j->rows.rules[i];
}

/* A rule that gives nothing without rows to look at, and has none. */
bool st_round_in_vain(const st_round *j, const st_prefilter *found, uint32_t i)
{
    const st_rule_rows *rows = &found->rules[i];
    return !rows->all && !rows->n && j->rules->items[i]->trigger.narrows;
}

/* Of the matches and rows, those that the rule's own window would have left out. */
static st_code count_window(st_round *j, uint32_t i, const st_hits *h, st_filling *rest,
                            st_err *err)
{
    st_hits strict = { 0 };
    st_filling strict_rest = { .want_digests = true };
    st_outcome ignored;
    st_run_options o = j->o;
    o.ago_off = false;
    st_code code = st_run_rule(j->rules, i, st_round_rows(j, i), j->f, &j->shared, &o, &strict,
                               &strict_rest, NULL, NULL, &ignored, err);
    j->m->results[i].window_only = st_hits_only_in(h, &strict);
    j->m->results[i].window_rows = st_filling_only_in(rest, &strict_rest);
    free(strict.v);
    st_filling_free(&strict_rest);
    return code;
}

/* What comes of a rule that has run. */
static st_code take_one(st_round *j, uint32_t i, st_filling *rest, const st_outcome *out,
                        st_err *err)
{
    const st_hits *h = &j->per_rule[i];
    st_code code = ST_OK;
    j->touched[i] = (uint8_t)out->touched;
    if (!st_run_note(j->m, i, h, rest, out))
        code = st_fail(err, ST_E_MEMORY, "no memory for matches");
    if (code == ST_OK && out->lifted && j->o.ago_off)
        code = count_window(j, i, h, rest, err);
    if (code != ST_OK || !h->n)
        return code;
    if (!st_grow(&j->all.v, &j->all.cap, j->all.n + h->n, sizeof *h->v))
        return st_fail(err, ST_E_MEMORY, "no memory for matches");
    memcpy(j->all.v + j->all.n, h->v, h->n * sizeof *h->v);
    j->all.n += h->n;
    return ST_OK;
}

static st_code run_one(st_round *j, uint32_t i, st_err *err)
{
    st_outcome out = { 0 };
    st_filling rest = { 0 };
    st_hits *h = &j->per_rule[i];
    st_spread *x = &j->spread;
    st_code code = ST_OK;
    *x = (st_spread){ j->rules, j->f, &j->o, &j->shared, i, j->apart, ST_OTHERS, x->others, 0 };
    st_spread_lend(x, !j->alone);
    if (st_round_rows(j, i)->all && st_spread_rule(x, h, &out.stop))
        out.touched = x->touched;
    else
        code = st_run_rule(j->rules, i, st_round_rows(j, i), j->f, &j->shared, &j->o, h, &rest,
                           NULL, j->apart, &out, err);
    st_spread_lend(x, false);
    if (code == ST_OK)
        code = take_one(j, i, &rest, &out, err);
    st_filling_free(&rest);
    return code;
}

/* rules that share nothing, side by side */

enum { FEWEST_BESIDE = 32 }; /* so many that threads are worth it */

/* What became of a rule. */
typedef struct apart_rule {
    uint32_t rule;
    st_code code;
    st_outcome out;
    st_filling rest;
    st_err err;
} apart_rule;

typedef struct side_by_side {
    st_round *j;
    apart_rule *v;     /* rising */
    size_t n, next;    /* next: that is to be taken */
    st_shared *shared; /* by thread */
} side_by_side;

static void run_apart(void *ctx, unsigned thread, size_t i)
{
    side_by_side *x = ctx;
    st_round *j = x->j;
    apart_rule *a = &x->v[i];
    a->code = st_run_rule(j->rules, a->rule, st_round_rows(j, a->rule), j->f, &x->shared[thread],
                          &j->o, &j->per_rule[a->rule], NULL, NULL, j->apart, &a->out, &a->err);
}

/* Rules whose rows become no table, and that use nothing of each other. */
static bool is_apart(const st_round *j, uint32_t i)
{
    const st_language *l = j->rules->items[i]->parsed.language;
    return st_round_runs(j, i) && l->by_itself && l->per_event && !st_round_in_vain(j, &j->rows, i);
}

/* Runs them; none is in x if they are few. */
static void run_beside(st_round *j, side_by_side *x)
{
    unsigned threads = st_threads(j->o.threads);
    size_t n = 0;
    *x = (side_by_side){ .j = j };
    for (uint32_t i = 0; i < j->rules->n; i++)
        n += is_apart(j, i);
    if (n < FEWEST_BESIDE || threads < 2 || !st_pool_share(j->f->pool))
        return;
    x->v = calloc(n, sizeof *x->v);
    x->shared = calloc(threads, sizeof *x->shared);
    for (uint32_t i = 0; x->v && x->shared && i < j->rules->n; i++)
        if (is_apart(j, i))
            x->v[x->n++].rule = i;
    for (unsigned i = 0; x->shared && i < threads; i++) {
        st_shared_init(&x->shared[i], j->f->pool);
        x->shared[i].known = j->shared.known;
        x->shared[i].regexes = j->rules->regexes;
    }
    st_parallel(threads, x->n, run_apart, x);
    for (unsigned i = 0; x->shared && i < threads; i++)
        st_shared_free(&x->shared[i]);
    free(x->shared);
    x->shared = NULL;
}

/* Of a rule that has run so; of one that met a limit, once more by itself: the limit may have been
 * met for want of time. */
static st_code take_apart(st_round *j, const apart_rule *a, st_err *err)
{
    if (a->code != ST_OK)
        return st_fail(err, a->code, "%s", a->err.text);
    if (a->out.stop.code != ST_OK || a->out.limit)
        return run_one(j, a->rule, err);
    return take_one(j, a->rule, NULL, &a->out, err);
}

/* rules that share rows, side by side, once the first that uses a library has made most */

enum { FEWEST_SHARING = 4, MOST_NODES = 1 << 15 /* of more, each rule goes over all threads */ };

static void run_sharing(void *ctx, unsigned thread, size_t i)
{
    side_by_side *x = ctx;
    st_round *j = x->j;
    apart_rule *a = &x->v[i];
    a->code = st_run_rule(j->rules, a->rule, st_round_rows(j, a->rule), j->f,
                          st_spread_shared(&j->spread, thread), &j->o, &j->per_rule[a->rule],
                          &a->rest, NULL, j->apart, &a->out, &a->err);
}

/* Runs those from `from` on that aren't in `beside`; none is in x if they are few. */
static void run_all_sharing(st_round *j, uint32_t from, const side_by_side *beside, side_by_side *x)
{
    *x = (side_by_side){ .j = j };
    if (j->alone || j->f->n > MOST_NODES || !st_spread_others(&j->spread))
        return;
    x->v = calloc(j->rules->n, sizeof *x->v);
    for (uint32_t i = from; x->v && i < j->rules->n; i++)
        if (st_round_runs(j, i) && !st_round_in_vain(j, &j->rows, i) &&
            !(beside->n && is_apart(j, i)))
            x->v[x->n++].rule = i;
    x->n = x->n < FEWEST_SHARING ? 0 : x->n;
    st_parallel(j->o.threads, x->n, run_sharing, x);
}

/* Where one met a limit all will run alone. */
static st_code take_sharing(st_round *j, apart_rule *a, st_err *err)
{
    st_code code = a->code;
    if (code != ST_OK)
        st_fail(err, code, "%s", a->err.text);
    else if (a->out.stop.code != ST_OK || a->out.limit)
        j->unsure = true;
    else
        code = take_one(j, a->rule, &a->rest, &a->out, err);
    return code;
}

static void free_sharing(side_by_side *x)
{
    for (size_t i = 0; i < x->n; i++)
        st_filling_free(&x->v[i].rest);
    free(x->v);
}

/* What threads share, which is made by now: where it may be otherwise, so may all rules. */
static unsigned ask_others(const st_round *j)
{
    unsigned lent = 0;
    for (unsigned i = 1; j->spread.others && i < st_threads(j->o.threads); i++)
        for (st_run *r = st_spread_shared(&j->spread, i)->lenders; r; r = r->lender)
            lent |= st_apart_touched(j->apart, ST_OTHERS, r);
    return lent;
}

static void ask_lenders(st_round *j)
{
    unsigned others = ask_others(j), lent = others;
    for (st_run *r = j->shared.lenders; r; r = r->lender) {
        unsigned bits = others | st_apart_touched(j->apart, ST_OTHERS, r);
        for (unsigned i = 0; i < ST_OTHERS; i++)
            r->alike |= (unsigned)!(bits >> i & 1) << j->apart[i].trust;
        lent |= bits;
    }
    for (uint32_t i = 0; i < j->rules->n; i++)
        j->touched[i] |= (uint8_t)lent;
}

static bool is_next(const side_by_side *x, uint32_t i)
{
    return x->next < x->n && x->v[x->next].rule == i;
}

st_code st_round_run(st_round *j, st_err *err)
{
    side_by_side x = { 0 }, sharing = { 0 };
    st_code code = ST_OK;
    run_beside(j, &x);
    for (uint32_t i = 0; code == ST_OK && i < j->rules->n; i++)
        if (is_next(&x, i)) {
            code = take_apart(j, &x.v[x.next++], err);
        } else if (is_next(&sharing, i)) {
            code = take_sharing(j, &sharing.v[sharing.next++], err);
        } else if (st_round_runs(j, i) && !st_round_in_vain(j, &j->rows, i)) {
            code = run_one(j, i, err);
            if (code == ST_OK && !sharing.j && j->rules->items[i]->parsed.nuses)
                run_all_sharing(j, i + 1, &x, &sharing);
        }
    free(x.v);
    free_sharing(&sharing);
    j->unsure |= !j->alone && !st_spread_sure(&j->spread, sharing.n);
    if (j->apart)
        ask_lenders(j);
    return code;
}
