/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - rules over a forest: first who is a web server, then everything else.
 *
 * What an untrusted edge would have changed is found by running the rules again with edges trusted
 * otherwise (a round), and comparing.
 */
#include "rules/correlate.h"
#include "rules/matches.h"
#include "rules/round.h"
#include "rules/rules_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* web servers */

static bool marks(const st_rules *rules, uint32_t i)
{
    const st_rule *rule = &rules->items[i]->rule;
    return rule->marks_servers && rule->status == ST_RULE_READY;
}

/* others: as st_spread.others. */
static st_code mark_servers(const st_rules *rules, const st_prefilter *rows, const st_forest *f,
                            st_shared *shared, const st_run_options *o, st_shared **others,
                            bool *server, st_matches *m, st_err *err)
{
    st_hits h = { 0 };
    st_outcome out = { 0 };
    st_code code = ST_OK;
    for (uint32_t i = 0; code == ST_OK && i < rules->n; i++) {
        const st_rule *rule = &rules->items[i]->rule;
        if (!marks(rules, i))
            continue;
        out = (st_outcome){ 0 };
        st_spread x = {
            .rules = rules, .f = f, .o = o, .shared = shared, .rule = i, .others = *others
        };
        bool spread = rows->rules[i].all && st_spread_rule(&x, &h, &out.stop);
        *others = x.others;
        if (!spread)
            code = st_run_rule(rules, i, &rows->rules[i], f, shared, o, &h, NULL, NULL, NULL, &out,
                               err);
        for (size_t k = 0; k < h.n; k++)
            server[h.v[k].node] = true;
        if (code == ST_OK && m && !st_run_note(m, i, &h, NULL, &out))
            code = st_fail(err, ST_E_MEMORY, "no memory for matches");
        if (code == ST_OK && !m && out.stop.code)
            code = st_fail(err, ST_E_LIMIT, "%.*s: %s", ST_FMT(rule->id), out.stop.text);
    }
    free(h.v);
    return code;
}

/* Finds for each rule that is wanted the rows that it has to be asked about. only: of these rows;
 * NULL: of all. */
static st_code look_for(const st_rules *rules, const bool *wanted, const st_forest *f,
                        st_shared *shared, const st_run_options *o, const st_row_list *only,
                        st_prefilter *out, st_err *err)
{
    const st_trigger **triggers = calloc(rules->n + 1, sizeof(st_trigger *));
    st_prefilter_free(out);
    if (!triggers)
        return st_fail(err, ST_E_MEMORY, "no memory to run rules");
    for (uint32_t i = 0; i < rules->n; i++)
        triggers[i] = wanted[i] ? &rules->items[i]->trigger : NULL;
    st_code code =
        st_prefilter_run(f, shared, o, &rules->settings, only, triggers, rules->n, out, err);
    free((void *)triggers);
    return code;
}

st_code st_rules_mark_servers(const st_rules *rules, const st_forest *f, st_shared *shared,
                              const st_run_options *o, bool *server, st_err *err)
{
    st_prefilter rows = { 0 };
    st_spread x = { .o = o };
    bool *wanted = calloc(rules->n + 1, sizeof *wanted);
    if (!wanted)
        return st_fail(err, ST_E_MEMORY, "no memory to run rules");
    for (uint32_t i = 0; i < rules->n; i++)
        wanted[i] = marks(rules, i);
    st_code code = look_for(rules, wanted, f, shared, o, NULL, &rows, err);
    if (code == ST_OK)
        code = mark_servers(rules, &rows, f, shared, o, &x.others, server, NULL, err);
    st_spread_free(&x);
    st_prefilter_free(&rows);
    free(wanted);
    return code;
}

/* Of the rules that will run, and of those that mark servers if `marking`. */
static st_code prefilter(st_round *j, bool marking, const st_row_list *only, st_shared *shared,
                         st_prefilter *out, st_err *err)
{
    bool *wanted = calloc(j->rules->n + 1, sizeof *wanted);
    if (!wanted)
        return st_fail(err, ST_E_MEMORY, "no memory to run rules");
    for (uint32_t i = 0; i < j->rules->n; i++)
        wanted[i] = st_round_runs(j, i) || (marking && marks(j->rules, i));
    st_code code = look_for(j->rules, wanted, j->f, shared, &j->o, only, out, err);
    free(wanted);
    return code;
}

/* Rules over the matches of the others. */
static st_code correlate(st_round *j, st_err *err)
{
    st_run r;
    st_match_list list = { j->all.v, j->all.n, j->all.cap };
    st_run_init(&r, j->f, &j->shared, &j->o, &j->rules->settings);
    st_code code = st_correlate(j->rules, &r, &list, j->m->results, err);
    st_run_free(&r);
    j->all.v = list.v;
    j->all.n = list.n;
    j->all.cap = list.cap;
    return code;
}

/* rules once more, with inferred edges trusted otherwise */

/* A forest of more nodes isn't copied for it: one run goes after the other. */
enum { MAX_VIEWED = 1 << 16 };

typedef struct other {
    st_round j; /* of its own are o.trust, shared, per_rule, rows; and f, side by side */
    bool wanted;
    bool beside;  /* the run itself, on a forest of its own; else behind it */
    bool stopped; /* some rule of it, by a limit */
    st_code code;
    st_err err;
} other;

typedef struct rounds {
    st_round *own;
    const bool *server;
    st_code code;
    st_err err;
    other others[ST_OTHERS];
    st_apart apart[ST_OTHERS];
} rounds;

static void run_own(rounds *x)
{
    st_tree_mark_servers(x->own->f, x->server, x->own->o.trust);
    x->code = st_round_run(x->own, &x->err);
}

static void run_one_other(other *a, st_shared *shared, const st_rule_rows *rows, uint32_t i)
{
    st_round *j = &a->j;
    st_outcome out;
    a->code = st_run_rule(j->rules, i, rows, j->f, shared, &j->o, &j->per_rule[i], NULL, NULL, NULL,
                          &out, &a->err);
    a->stopped |= out.stop.code != ST_OK || out.limit;
}

static void run_other(const rounds *x, other *a)
{
    st_round *j = &a->j;
    st_tree_mark_servers(j->f, x->server, j->o.trust);
    a->code = prefilter(j, false, NULL, &j->shared, &j->rows, &a->err);
    for (uint32_t i = 0; a->code == ST_OK && i < j->rules->n; i++)
        if (st_round_runs(j, i) && !st_round_in_vain(j, &j->rows, i))
            run_one_other(a, &j->shared, st_round_rows(j, i), i);
}

static void run_round(void *ctx, unsigned thread, size_t i)
{
    rounds *x = ctx;
    (void)thread;
    if (!i)
        run_own(x);
    else if (x->others[i - 1].beside)
        run_other(x, &x->others[i - 1]);
}

static bool copy_hits(st_hits *to, const st_hits *from)
{
    if (!st_grow(&to->v, &to->cap, from->n, sizeof *to->v))
        return false;
    if (from->n)
        memcpy(to->v, from->v, from->n * sizeof *to->v);
    to->n = from->n;
    return true;
}

/* A rule that had no row to look at may have one of those that are apart. */
static void touch_in_vain(rounds *x, unsigned k)
{
    other *a = &x->others[k];
    const st_apart *apart = &x->apart[k];
    const st_row_list only[ST_PREFILTER_SPACES] = { { apart->nodes.v, apart->nodes.n },
                                                    { apart->events.v, apart->events.n } };
    st_prefilter found = { 0 };
    a->j.f = apart->view;
    a->code = prefilter(&a->j, false, only, &a->j.shared, &found, &a->err);
    for (uint32_t i = 0; a->code == ST_OK && i < a->j.rules->n; i++)
        if (st_round_runs(x->own, i) && st_round_in_vain(x->own, &x->own->rows, i) &&
            !st_round_in_vain(&a->j, &found, i))
            x->own->touched[i] |= (uint8_t)(1u << k);
    st_prefilter_free(&found);
}

/* May the rule give something else in the k-th other run? Over none, of what it has found. */
static bool differs(const rounds *x, unsigned k, uint32_t i)
{
    const st_round *own = x->own;
    bool may = !x->apart[k].known || own->touched[i] >> k & 1;
    return may && st_round_runs(own, i) && (k != ST_OVER_NONE || own->per_rule[i].n);
}

/* Enough rules to look for what they need first. */
enum { SEVERAL = 16 };

/* The k-th other run, of those rules alone that may give something else: they use what the run
 * itself has made, where that is the same. The others' matches are those of the run itself. */
static void run_other_behind(rounds *x, unsigned k)
{
    other *a = &x->others[k];
    const st_round *own = x->own;
    bool all = !x->apart[k].known;
    size_t n = 0;
    if (!all)
        touch_in_vain(x, k);
    for (uint32_t i = 0; i < own->rules->n; i++)
        n += differs(x, k, i);
    a->j.f = own->f;
    if (n)
        st_tree_mark_servers(own->f, x->server, a->j.o.trust);
    bool some = n && (all || n >= SEVERAL);
    if (some && a->code == ST_OK)
        a->code = prefilter(&a->j, false, NULL, &a->j.shared, &a->j.rows, &a->err);
    for (uint32_t i = 0; a->code == ST_OK && i < own->rules->n; i++)
        if (!differs(x, k, i)) {
            if (!copy_hits(&a->j.per_rule[i], &own->per_rule[i]))
                a->code = st_fail(&a->err, ST_E_MEMORY, "no memory to run rules");
        } else if (!some || !st_round_in_vain(&a->j, &a->j.rows, i)) {
            run_one_other(a, &x->own->shared, some ? st_round_rows(&a->j, i) : NULL, i);
        }
}

/* The others that are behind the run itself, on one forest. */
static void run_others_behind(rounds *x)
{
    bool any = false;
    for (unsigned i = 0; x->code == ST_OK && i < ST_OTHERS; i++)
        if (x->others[i].wanted && !x->others[i].beside) {
            run_other_behind(x, i);
            any = true;
        }
    if (any)
        st_tree_mark_servers(x->own->f, x->server, x->own->o.trust);
}

/* Did all go well, and none meet a limit? */
static bool all_well(const rounds *x)
{
    bool well = x->code == ST_OK;
    for (size_t i = 0; i < ST_OTHERS; i++)
        well &= x->others[i].code == ST_OK && !x->others[i].stopped;
    for (size_t i = 0; i < x->own->rules->n; i++) {
        const st_rule_result *own = &x->own->m->results[i];
        well &= !(own->stopped || own->problem.n) || x->own->rules->items[i]->rule.marks_servers;
    }
    return well;
}

/* As if no rule had run yet. */
static void forget(rounds *x)
{
    st_round *j = x->own;
    for (uint32_t i = 0; i < j->rules->n; i++) {
        st_hits_empty(&j->per_rule[i]);
        for (size_t k = 0; k < ST_OTHERS; k++)
            st_hits_empty(&x->others[k].j.per_rule[i]);
        if (st_round_runs(j, i))
            j->m->results[i] = (st_rule_result){ 0 };
    }
    j->all.n = 0;
    x->code = ST_OK;
    x->err = (st_err){ 0 };
    for (size_t k = 0; k < ST_OTHERS; k++) {
        x->others[k].beside = x->others[k].stopped = false;
        x->others[k].code = ST_OK;
        x->others[k].err = (st_err){ 0 };
    }
}

/* All once more, one after the other. */
static void run_alone(rounds *x)
{
    st_round *j = x->own;
    st_sid known = j->shared.known;
    forget(x);
    st_spread_free(&j->spread);
    st_shared_free(&j->shared);
    st_shared_init(&j->shared, j->f->pool);
    j->shared.known = known;
    j->shared.regexes = j->rules->regexes;
    j->alone = true;
    run_own(x);
}

static void free_views(rounds *x)
{
    for (size_t i = 0; i < ST_OTHERS; i++) {
        if (x->others[i].beside)
            st_tree_view_free(x->others[i].j.f);
        x->others[i].j.f = NULL;
    }
}

/* A forest for each other of which anything may be otherwise. false: none runs beside. */
static bool make_views(rounds *x)
{
    bool ok = x->own->f->n <= MAX_VIEWED && st_threads(x->own->o.threads) > 1 &&
              st_pool_share(x->own->f->pool);
    unsigned n = 0;
    for (size_t i = 0; ok && i < ST_OTHERS; i++) {
        other *a = &x->others[i];
        if (!a->wanted || x->apart[i].known)
            continue;
        a->j.f = st_tree_view(x->own->f);
        a->beside = ok = a->j.f != NULL;
        n += a->beside;
    }
    if (ok && n)
        return true;
    free_views(x);
    for (size_t i = 0; i < ST_OTHERS; i++)
        x->others[i].beside = false;
    return false;
}

/* What other edges make look otherwise. */
static bool find_apart(rounds *x)
{
    const st_round *own = x->own;
    bool ok = true;
    st_tree_mark_servers(own->f, x->server, own->o.trust);
    for (size_t i = 0; ok && i < ST_OTHERS; i++) {
        const other *a = &x->others[i];
        ok = !a->wanted ||
             st_apart_find(&x->apart[i], own->f, x->server, own->o.trust, a->j.o.trust);
    }
    return ok;
}

/* The others behind the run itself where little can be otherwise; else side by side with it where
 * that is worth it. Where a limit was met they go one after the other, as everywhere. */
static void run_rounds(rounds *x)
{
    bool wanted = x->others[ST_OVER_ALL].wanted || x->others[ST_OVER_NONE].wanted;
    if (wanted && !find_apart(x)) {
        x->code = st_fail(&x->err, ST_E_MEMORY, "no memory to run rules");
        return;
    }
    x->own->apart = wanted ? x->apart : NULL;
    bool beside = wanted && make_views(x);
    x->own->alone = beside;
    if (beside)
        st_parallel(x->own->o.threads, 1 + ST_OTHERS, run_round, x);
    bool again = beside && !all_well(x);
    free_views(x);
    if (again)
        forget(x);
    if (again || !beside)
        run_own(x);
    if (x->own->unsure && x->code == ST_OK)
        run_alone(x);
    run_others_behind(x);
}

static bool begin_rounds(rounds *x)
{
    static const st_trust TRUSTS[ST_OTHERS] = { ST_TRUST_ALL, ST_TRUST_NONE };
    const st_round *j = x->own;
    const st_tree_stats *t = &j->f->stats;
    bool asked = j->o.trust == ST_TRUST_AUDITED, ok = true;
    x->others[ST_OVER_ALL].wanted = asked && t->inferred > t->crossed;
    x->others[ST_OVER_NONE].wanted = asked && t->crossed;
    for (size_t i = 0; i < ST_OTHERS; i++) {
        st_round *a = &x->others[i].j;
        *a = (st_round){ .rules = j->rules, .o = j->o };
        a->o.trust = TRUSTS[i];
        st_shared_init(&a->shared, j->f->pool);
        a->shared.known = j->shared.known;
        a->shared.regexes = j->rules->regexes;
        a->per_rule = calloc(j->rules->n + 1, sizeof *a->per_rule);
        ok = ok && a->per_rule;
    }
    return ok;
}

static void end_rounds(rounds *x)
{
    x->own->apart = NULL;
    for (size_t i = 0; i < ST_OTHERS; i++) {
        st_round *a = &x->others[i].j;
        st_apart_free(&x->apart[i]);
        for (size_t k = 0; a->per_rule && k < a->rules->n; k++)
            free(a->per_rule[k].v);
        free(a->per_rule);
        st_prefilter_free(&a->rows);
        st_shared_free(&a->shared);
    }
}

/* How much more each rule would match over edges that aren't trusted. */
static void compare_all(const rounds *x)
{
    const st_round *a = &x->others[ST_OVER_ALL].j;
    for (size_t i = 0; i < a->rules->n; i++)
        x->own->m->results[i].inferred_only =
            st_hits_only_in(&a->per_rule[i], &x->own->per_rule[i]);
}

static int by_rule(const void *a, const void *b)
{
    const st_match *x = a, *y = b;
    return x->rule != y->rule ? (x->rule < y->rule ? -1 : 1) : st_by_subject(a, b);
}

/* Those of a rule's matches, which lie side by side, that aren't among h go one level down. */
static void lower(const st_rules *rules, st_match *v, size_t n, uint32_t rule, const st_hits *h)
{
    st_match first = { .rule = rule, .node = 0, .event = ST_NO_EVENT };
    size_t i = 0, k = 0;
    while (i < n && by_rule(&v[i], &first) < 0)
        i++;
    for (; i < n && v[i].rule == rule; i++) {
        st_level own = v[i].level ? (st_level)(v[i].level - 1) : rules->items[rule]->rule.level;
        while (k < h->n && st_by_subject_alone(&h->v[k], &v[i]) < 0)
            k++;
        bool by_guid = k < h->n && st_by_subject_alone(&h->v[k], &v[i]) == 0;
        if (!by_guid && own > ST_LEVEL_INFORMATIONAL)
            v[i].level = (uint8_t)own; /* the level below, and one */
    }
}

/* What only edges say that rules cross for want of others is graded one level lower. */
static void lower_crossed(st_round *j, const other *none)
{
    if (j->all.n)
        qsort(j->all.v, j->all.n, sizeof *j->all.v, by_rule);
    for (uint32_t i = 0; i < j->rules->n; i++)
        if (st_round_runs(j, i) && j->per_rule[i].n)
            lower(j->rules, j->all.v, j->all.n, i, &none->j.per_rule[i]);
}

static st_code told(const st_err *why, st_code code, st_err *err)
{
    return code == ST_OK ? ST_OK : st_fail(err, code, "%s", why->text);
}

static st_code run_all_rounds(st_round *j, const bool *server, st_err *err)
{
    rounds x = { .own = j, .server = server };
    st_code code = begin_rounds(&x) ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory to run rules");
    if (code == ST_OK) {
        run_rounds(&x);
        code = told(&x.err, x.code, err);
    }
    for (size_t i = 0; code == ST_OK && i < ST_OTHERS; i++)
        code = told(&x.others[i].err, x.others[i].code, err);
    if (code == ST_OK && x.others[ST_OVER_ALL].wanted)
        compare_all(&x);
    if (code == ST_OK)
        code = correlate(j, err);
    if (code == ST_OK && x.others[ST_OVER_NONE].wanted)
        lower_crossed(j, &x.others[ST_OVER_NONE]);
    end_rounds(&x);
    return code;
}

/* the first steps: servers are marked, while another thread makes what doesn't wait for it */

typedef struct first_steps {
    st_round *j;
    bool *server, *wanted;
    atomic_bool enough;
    st_code code;
    st_err err;
} first_steps;

static void mark(first_steps *x, st_shared *shared, st_shared **others)
{
    st_round *j = x->j;
    x->code = prefilter(j, true, NULL, shared, &j->rows, &x->err);
    if (x->code == ST_OK)
        x->code =
            mark_servers(j->rules, &j->rows, j->f, shared, &j->o, others, x->server, j->m, &x->err);
    atomic_store(&x->enough, true);
}

static void first_step(void *ctx, unsigned thread, size_t i)
{
    first_steps *x = ctx;
    st_round *j = x->j;
    (void)thread;
    if (i) {
        st_spread_prepare(&j->spread, x->wanted, &x->enough);
        return;
    }
    st_spread own = { .o = &j->o };
    st_shared shared;
    st_shared_init(&shared, j->f->pool);
    shared.known = j->shared.known;
    shared.regexes = j->rules->regexes;
    mark(x, &shared, &own.others);
    st_spread_free(&own);
    st_shared_free(&shared);
}

static st_code take_first_steps(st_round *j, bool *server, st_err *err)
{
    first_steps x = { .j = j, .server = server };
    x.wanted = calloc(j->rules->n + 1, sizeof *x.wanted);
    for (uint32_t i = 0; x.wanted && i < j->rules->n; i++)
        x.wanted[i] = st_round_runs(j, i);
    j->spread = (st_spread){ .rules = j->rules, .f = j->f, .o = &j->o, .shared = &j->shared };
    if (x.wanted && st_threads(j->o.threads) > 1 && st_pool_share(j->f->pool))
        st_parallel(2, 2, first_step, &x);
    else
        mark(&x, &j->shared, &j->spread.others);
    free(x.wanted);
    return x.code == ST_OK ? ST_OK : st_fail(err, x.code, "%s", x.err.text);
}

static st_code run_marked(st_round *j, bool *server, st_err *err)
{
    st_code code = take_first_steps(j, server, err);
    return code == ST_OK ? run_all_rounds(j, server, err) : code;
}

/* What the runs held goes before the matches, which may be millions, are sorted and copied. */
static void end_runs(st_round *j)
{
    for (size_t i = 0; j->per_rule && i < j->rules->n; i++)
        free(j->per_rule[i].v);
    free(j->per_rule);
    free(j->touched);
    st_spread_free(&j->spread);
    st_prefilter_free(&j->rows);
    st_shared_free(&j->shared);
}

static st_code put_in_order(st_round *j, st_err *err)
{
    if (!st_matches_sort(j->all.v, j->all.n))
        return st_fail(err, ST_E_MEMORY, "no memory for matches");
    j->m->items = ST_NEWN(&j->m->arena, st_match, j->all.n);
    j->m->n = j->all.n;
    if (!j->m->items)
        return st_fail(err, ST_E_MEMORY, "no memory for matches");
    if (j->all.n)
        memcpy(j->m->items, j->all.v, j->all.n * sizeof *j->all.v);
    return ST_OK;
}

st_code st_rules_run(st_rules *r, st_forest *f, const st_run_options *o, st_matches **out,
                     st_err *err)
{
    st_round j = { .rules = r, .f = f, .o = *o };
    bool *server = calloc(f->n + 1, sizeof *server);
    st_code code = ST_E_MEMORY;
    st_shared_init(&j.shared, f->pool);
    j.shared.regexes = r->regexes;
    if (!j.o.now)
        j.o.now = st_rules_now(f);
    j.spread.o = &j.o;
    j.m = calloc(1, sizeof *j.m);
    j.per_rule = calloc(r->n + 1, sizeof *j.per_rule);
    j.touched = calloc(r->n + 1, sizeof *j.touched);
    if (j.m)
        j.m->results = ST_NEWN(&j.m->arena, st_rule_result, r->n);
    if (server && j.m && j.per_rule && j.touched && j.m->results)
        code = run_marked(&j, server, err);
    else
        st_fail(err, ST_E_MEMORY, "no memory to run rules");
    end_runs(&j);
    if (code == ST_OK)
        code = put_in_order(&j, err);
    free(j.all.v);
    free(server);
    if (code != ST_OK) {
        st_matches_free(j.m);
        j.m = NULL;
    }
    *out = j.m;
    return code;
}

void st_matches_free(st_matches *m)
{
    if (!m)
        return;
    st_arena_free(&m->arena);
    free(m);
}

st_code st_rules_tables(st_rules *r, st_forest *f, const st_run_options *o, const st_matches *m,
                        st_table_visit *fn, void *ctx, st_err *err)
{
    st_shared shared;
    st_run_options options = *o;
    st_hits h = { 0 };
    st_outcome out;
    st_code code = ST_OK;
    if (!options.now)
        options.now = st_rules_now(f);
    st_shared_init(&shared, f->pool);
    shared.regexes = r->regexes;
    for (uint32_t i = 0; code == ST_OK && i < r->n; i++) {
        st_table *t = NULL;
        st_filling rest = { 0 };
        if (!m->results[i].rows)
            continue;
        code = st_run_rule(r, i, NULL, f, &shared, &options, &h, &rest, &t, NULL, &out, err);
        if (code == ST_OK && t)
            code = fn(ctx, i, t);
        else if (code == ST_OK)
            code = st_fail(err, ST_E_LIMIT, "%.*s: its table: %s", ST_FMT(r->items[i]->rule.id),
                           out.stop.text);
        st_table_free(t);
    }
    free(h.v);
    st_shared_free(&shared);
    return code;
}
