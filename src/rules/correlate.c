/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlate.c - a window slides over a group's matches, in the order of time; what is in it is
 * counted as matches come and go, so a group costs its length.
 */
#include "rules/correlate.h"

#include "rules/correlation.h"
#include "rules/numbers.h"

#include "rules/engine/match/value_tests.h"
#include "rules/engine/tables/recorded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A match on the way through a correlation. */
typedef struct item {
    st_match match;
    st_ticks time;
    uint32_t place; /* of its rule among the correlation's */
    uint32_t group; /* equal for equal values of the fields to group by */
    st_sid value;   /* VALUES; ST_ABSENT: it has none */
    double number;  /* of numbers; NaN: it is none */
} item;

typedef struct job {
    const st_rules *rules;
    st_run *r;
    const st_correlation *c;
    uint32_t rule;
    item *v;
    size_t n, cap;
    st_match_list *out;
    st_err *err;
    bool failed;
} job;

/* rows */

static const st_event *event_of(const job *j, const st_match *m)
{
    return m->event == ST_NO_EVENT ? NULL : &j->r->forest->events[m->event];
}

static st_ticks time_of(const job *j, const st_match *m)
{
    const st_event *e = event_of(j, m);
    const st_proc *p = e ? NULL : &j->r->forest->procs[m->node];
    return e ? st_event_columns(j->r->forest, e)->utc[e->row] : p->start;
}

/* The text of a field in a match's row; ST_ABSENT: it has none. */
static st_sid text_of(const job *j, const st_match *m, const char *name)
{
    const st_event *e = event_of(j, m);
    st_node row = e ? (st_node)(j->r->forest->n + m->event) : m->node;
    st_str field = st_str_of(name);
    st_getter g = { 0 };
    bool log = e && st_event_kind_at(e->kind)->key.provider == ST_LOGS;
    if (log)
        st_recorded_log(name, &g);
    else if (!(e ? st_recorded_event(field, &g) : st_recorded_creation(field, &g)) &&
             !st_tree_field(field, &g))
        return ST_ABSENT;
    st_val v = st_row_value(j->r, row, &g);
    return v.tag == ST_VAL_STRING ? v.u.s : ST_ABSENT;
}

static st_sid field_of(const job *j, const item *x, const st_correlation_field *f)
{
    /* Names end with a NUL: they are copies in the set's arena. */
    return text_of(j, &x->match, f->of_rule[x->place].p);
}

/* Several fields' values as one text; whole: ST_ABSENT if one of them isn't there. */
static st_sid values_of(job *j, const item *x, const st_correlation_field *f, size_t n, bool whole)
{
    st_buf key = { 0 };
    st_sid id = ST_EMPTY;
    bool missing = false;
    for (size_t i = 0; i < n; i++) {
        id = field_of(j, x, &f[i]);
        missing = missing || id == ST_ABSENT;
        st_fold_put(&key, st_pool_get(j->r->mem.pool, id));
        st_buf_char(&key, id == ST_ABSENT ? 1 : 0);
    }
    if (n && !(whole && missing)) {
        id = st_pool_put(j->r->mem.pool, st_buf_slice(&key));
        j->failed |= key.failed || id == ST_ABSENT;
    }
    st_buf_free(&key);
    return whole && missing ? ST_ABSENT : id;
}

/* what goes in */

static bool take(job *j, const st_match *m, uint32_t place)
{
    if (!st_grow(&j->v, &j->cap, j->n + 1, sizeof *j->v))
        return false;
    item *x = &j->v[j->n++];
    *x = (item){ .match = *m, .time = time_of(j, m), .place = place };
    const st_correlation *c = j->c;
    x->group = values_of(j, x, c->groups, c->ngroups, false);
    x->value =
        c->type == ST_CORRELATE_VALUES ? values_of(j, x, c->fields, c->nfields, true) : ST_ABSENT;
    if (!st_correlates_numbers(c) ||
        !st_text_number(st_pool_get(j->r->mem.pool, field_of(j, x, c->fields)), &x->number))
        x->number = NAN;
    return !j->failed;
}

static bool take_all(job *j, const st_match_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        for (uint32_t k = 0; k < j->c->nrules; k++)
            if (j->c->places[k] == list->v[i].rule && !take(j, &list->v[i], k))
                return false;
    return true;
}

#define ORDER(a, b) \
    if ((a) != (b)) \
    return (a) < (b) ? -1 : 1

/* Of one time, a later rule comes first: it can't be what an earlier one leads to. */
static int by_time(const void *pa, const void *pb)
{
    const item *a = pa, *b = pb;
    ORDER(a->group, b->group);
    ORDER(a->time, b->time);
    ORDER(b->place, a->place);
    ORDER(a->match.event + 1, b->match.event + 1);
    ORDER(a->match.node, b->match.node);
    return 0;
}

/* a group's window */

typedef struct window {
    uint64_t matches;
    uint64_t distinct; /* values, or rules */
    uint32_t *counts;  /* by value or by rule: how often it is in the window */
    st_ticks *began;   /* IN_ORDER: by rule, when a chain that ends with it began; 0: none */
    bool *stack;       /* for a condition's steps */
    st_numbers numbers;
} window;

static uint32_t counted_as(const job *j, const item *x)
{
    return j->c->type == ST_CORRELATE_VALUES ? x->value : x->place;
}

static void enter(const job *j, window *w, const item *x)
{
    w->matches++;
    if (st_correlates_numbers(j->c))
        st_numbers_enter(&w->numbers);
    if (j->c->type == ST_CORRELATE_VALUES && x->value == ST_ABSENT)
        return;
    w->distinct += w->counts[counted_as(j, x)]++ == 0;
}

static void leave(const job *j, window *w, const item *x)
{
    w->matches--;
    if (st_correlates_numbers(j->c))
        st_numbers_leave(&w->numbers);
    if (j->c->type == ST_CORRELATE_VALUES && x->value == ST_ABSENT)
        return;
    w->distinct -= --w->counts[counted_as(j, x)] == 0;
}

/* A chain is as young as it can be: it goes on from the youngest that ends with the rule before. */
static bool chain_ends(const job *j, window *w, const item *x)
{
    w->began[x->place] = x->place ? w->began[x->place - 1] : x->time;
    return x->place + 1 == j->c->nrules && w->began[x->place] &&
           x->time - w->began[x->place] <= j->c->span;
}

static bool holds(const st_correlation_test *t, double n)
{
    switch (t->compare) {
    case '=': return n == t->number;
    case '!': return n != t->number;
    case '<': return n < t->number;
    case 'l': return n <= t->number;
    case '>': return n > t->number;
    default: return n >= t->number;
    }
}

/* Of a number of operands on the stack's top: all, or any. */
static bool top(const bool *stack, size_t n, uint32_t operands, bool all)
{
    for (uint32_t i = 0; i < operands; i++)
        if (stack[n - 1 - i] != all)
            return !all;
    return all;
}

/* The condition over rules: each is met if one of its matches is in the window. */
static bool words_hold(const job *j, window *w)
{
    size_t n = 0;
    for (size_t i = 0; i < j->c->nsteps; i++) {
        const st_correlation_step *s = &j->c->steps[i];
        if (s->what == ST_STEP_RULE) {
            w->stack[n++] = w->counts[s->n] > 0;
        } else if (s->what == ST_STEP_NOT) {
            w->stack[n - 1] = !w->stack[n - 1];
        } else {
            bool v = top(w->stack, n, s->n, s->what == ST_STEP_AND);
            n -= s->n;
            w->stack[n++] = v;
        }
    }
    return n && w->stack[n - 1];
}

/* What the window comes to; false: there is nothing to compare. */
static bool measured(const job *j, const window *w, double *out)
{
    size_t n = w->numbers.count;
    switch (j->c->type) {
    case ST_CORRELATE_COUNT: *out = (double)w->matches; return true;
    case ST_CORRELATE_SUM: *out = st_numbers_sum(&w->numbers); return n > 0;
    case ST_CORRELATE_AVERAGE: *out = n ? st_numbers_sum(&w->numbers) / (double)n : 0; return n > 0;
    case ST_CORRELATE_PERCENTILE:
        *out = n ? st_numbers_percentile(&w->numbers, j->c->percentile) : 0;
        return n > 0;
    case ST_CORRELATE_VALUES:
    case ST_CORRELATE_TOGETHER:
    case ST_CORRELATE_IN_ORDER: break;
    }
    *out = (double)w->distinct;
    return true;
}

static bool meets(const job *j, window *w, const item *x)
{
    const st_correlation *c = j->c;
    double n;
    if (c->type == ST_CORRELATE_IN_ORDER)
        return chain_ends(j, w, x);
    if (c->steps)
        return words_hold(j, w);
    if (!measured(j, w, &n))
        return false;
    for (size_t i = 0; i < c->ntests; i++)
        if (!holds(&c->tests[i], n))
            return false;
    return c->ntests || w->distinct == c->nrules;
}

/* what comes out */

static void put_measured(st_buf *b, const job *j, const window *w)
{
    static const struct {
        const char *one, *many; /* what is counted */
        const char *of;         /* what a number is of a field */
    } words[] = {
        [ST_CORRELATE_COUNT] = { "match", "matches", NULL },
        [ST_CORRELATE_VALUES] = { "value", "values", NULL },
        [ST_CORRELATE_SUM] = { NULL, NULL, "sum" },
        [ST_CORRELATE_AVERAGE] = { NULL, NULL, "average" },
        [ST_CORRELATE_PERCENTILE] = { NULL, NULL, NULL },
        [ST_CORRELATE_TOGETHER] = { "rule", "rules", NULL },
        [ST_CORRELATE_IN_ORDER] = { "rule", "rules", NULL },
    };
    double n = (double)j->c->nrules;
    if (j->c->type != ST_CORRELATE_IN_ORDER)
        (void)measured(j, w, &n);
    const char *of = words[j->c->type].of;
    if (j->c->type == ST_CORRELATE_PERCENTILE)
        st_buf_fmt(b, "%.15g %% of %.*s up to %.15g", j->c->percentile,
                   ST_FMT(j->c->fields[0].name), n);
    else if (of)
        st_buf_fmt(b, "%s of %.*s %.15g", of, ST_FMT(j->c->fields[0].name), n);
    else
        st_buf_fmt(b, "%.15g %s", n, n == 1 ? words[j->c->type].one : words[j->c->type].many);
}

static bool complete(job *j, const window *w, const item *x, const item *first)
{
    st_buf why = { 0 };
    st_match_list *out = j->out;
    put_measured(&why, j, w);
    st_buf_str(&why, ST_STR(" since "));
    st_buf_time_sysmon(&why, first->time);
    st_sid reason = st_pool_put(j->r->mem.pool, st_buf_slice(&why));
    bool ok = !why.failed && reason != ST_ABSENT &&
              st_grow(&out->v, &out->cap, out->n + 1, sizeof *out->v);
    st_buf_free(&why);
    if (ok)
        out->v[out->n++] = (st_match){
            .rule = j->rule, .node = x->match.node, .event = x->match.event, .reason = reason
        };
    return ok;
}

/* The matches from..to are one group's. */
static bool slide(job *j, window *w, size_t from, size_t to)
{
    size_t first = from;
    bool in_run = false;
    for (size_t i = from; i < to; i++) {
        const item *x = &j->v[i];
        enter(j, w, x);
        for (; x->time - j->v[first].time > j->c->span; first++)
            leave(j, w, &j->v[first]);
        bool now = meets(j, w, x);
        if (now && !in_run && !complete(j, w, x, &j->v[first]))
            return false;
        in_run = now;
    }
    for (; first < to; first++)
        leave(j, w, &j->v[first]);
    memset(w->began, 0, j->c->nrules * sizeof *w->began);
    return true;
}

/* The numbers of all items, in their order. */
static bool begin_numbers(const job *j, window *w, double **v)
{
    if (!st_correlates_numbers(j->c))
        return true;
    *v = calloc(j->n + 1, sizeof **v);
    for (size_t i = 0; *v && i < j->n; i++)
        (*v)[i] = j->v[i].number;
    return *v && st_numbers_begin(&w->numbers, *v, j->n);
}

static bool slide_all(job *j)
{
    size_t kinds = j->c->type == ST_CORRELATE_VALUES ? st_pool_count(j->r->mem.pool) : j->c->nrules;
    double *numbers = NULL;
    window w = { .counts = calloc(kinds + 1, sizeof *w.counts),
                 .began = calloc(j->c->nrules + 1, sizeof *w.began),
                 .stack = calloc(j->c->nsteps + 1, sizeof *w.stack) };
    if (j->n)
        qsort(j->v, j->n, sizeof *j->v, by_time);
    bool ok = w.counts && w.began && w.stack && begin_numbers(j, &w, &numbers);
    for (size_t from = 0, to; ok && from < j->n; from = to) {
        for (to = from + 1; to < j->n && j->v[to].group == j->v[from].group;)
            to++;
        ok = slide(j, &w, from, to);
    }
    free(w.counts);
    free(w.began);
    free(w.stack);
    st_numbers_end(&w.numbers);
    free(numbers);
    return ok;
}

/* all correlations of a set */

/* Those that name others come behind them: a correlation's own matches are there by then. */
static bool is_next(const st_rules *rules, uint32_t i, const bool *done)
{
    const st_correlation *c = rules->items[i]->parsed.correlation;
    if (done[i] || !c || rules->items[i]->rule.status != ST_RULE_READY)
        return false;
    for (size_t k = 0; k < c->nrules; k++)
        if (rules->items[c->places[k]]->parsed.correlation && !done[c->places[k]])
            return false;
    return true;
}

static bool run_one(const st_rules *rules, st_run *r, uint32_t i, st_match_list *list,
                    st_rule_result *of_rule)
{
    st_match_list found = { 0 };
    job j = {
        .rules = rules, .r = r, .c = rules->items[i]->parsed.correlation, .rule = i, .out = &found
    };
    bool ok = take_all(&j, list) && slide_all(&j) &&
              st_grow(&list->v, &list->cap, list->n + found.n, sizeof *list->v);
    if (ok && found.n)
        memcpy(list->v + list->n, found.v, found.n * sizeof *found.v);
    if (ok) {
        list->n += found.n;
        of_rule[i].matches = found.n;
    }
    free(found.v);
    free(j.v);
    return ok;
}

/* Rules that are there for correlations alone match nothing by themselves. */
static void drop_parts(const st_rules *rules, st_match_list *list, st_rule_result *of_rule,
                       bool *part)
{
    size_t n = 0;
    for (size_t i = 0; i < rules->n; i++) {
        const st_correlation *c = rules->items[i]->parsed.correlation;
        bool ready = c && rules->items[i]->rule.status == ST_RULE_READY;
        for (size_t k = 0; ready && !c->generate && k < c->nrules; k++)
            part[c->places[k]] = true;
    }
    for (size_t i = 0; i < list->n; i++)
        if (!part[list->v[i].rule])
            list->v[n++] = list->v[i];
    list->n = n;
    for (size_t i = 0; i < rules->n; i++)
        if (part[i])
            of_rule[i].matches = 0;
}

st_code st_correlate(const st_rules *rules, st_run *r, st_match_list *list, st_rule_result *of_rule,
                     st_err *err)
{
    bool *done = calloc(2 * rules->n + 1, sizeof *done), ok = done != NULL, any = false;
    for (bool more = ok; ok && more;) {
        more = false;
        for (uint32_t i = 0; ok && i < rules->n; i++)
            if (is_next(rules, i, done)) {
                ok = run_one(rules, r, i, list, of_rule);
                done[i] = more = any = true;
            }
    }
    if (ok && any)
        drop_parts(rules, list, of_rule, done + rules->n);
    free(done);
    if (ok && st_run_ok(r) && !st_pool_failed(r->mem.pool))
        return ST_OK;
    return st_fail(err, ST_E_MEMORY, "no memory to correlate matches");
}
