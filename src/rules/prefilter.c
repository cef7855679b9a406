/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefilter.c - many rules' texts in one pass over the rows.
 *
 * A space is what rows are made of: processes, or other events. A role is a column of a space that
 * some rule needs a text in. Which of a rule's choices of texts is looked for, a sample of the rows
 * says: the one whose texts are rarest. A text that was met lately isn't looked at again.
 */
#include "rules/prefilter.h"

#include "base/limits.h"
#include "rules/engine/match/grams.h"

#include <stdlib.h>
#include <string.h>

enum { PROCESSES, EVENTS, SPACES, SAMPLE = 2048, RECENT = 4096 };

/* Which rules a text of a role concerns. */
typedef struct recent {
    st_sid text;       /* ST_ABSENT: none yet */
    uint32_t first, n; /* in the role's found */
} recent;

typedef struct role {
    unsigned space;
    st_getter column;
    st_gram_counts *counts;
    st_gram_needle *needles;
    uint32_t *rule_of; /* by needle */
    size_t n, cap, rules_cap;
    st_grams *grams;
    recent *recent;
    uint32_t *found; /* rules, of the texts in recent; begun anew when it has grown too long */
    size_t nfound, found_cap;
} role;

typedef struct job {
    const st_forest *f;
    st_run *r;
    const st_trigger *const *triggers;
    st_prefilter *out;
    role *roles;
    size_t nroles, roles_cap;
    st_buf folded;
    uint64_t total; /* rows kept apart, of all rules */
    bool failed;
    /* of the row at hand */
    st_node row;
    role *at;
    uint32_t *stamp; /* by rule: the last text that concerned it, of the role at hand */
    uint32_t serial;
} job;

/* rows of a space */

static size_t rows_in(const st_forest *f, unsigned space)
{
    return space == PROCESSES ? f->observed : f->nevents;
}

static st_node row_at(const st_forest *f, unsigned space, size_t i)
{
    return (st_node)(space == PROCESSES ? i : f->n + i);
}

static unsigned space_of(const st_trigger *t)
{
    return t->rows == ST_OF_PROCESSES ? PROCESSES : EVENTS;
}

static bool is_row(const job *j, const st_trigger *t, unsigned space, size_t i)
{
    return space == PROCESSES || st_event_set_has(&t->kinds, j->f->events[i].kind);
}

/* The column's text of a row, folded; false: it has none. */
static bool text_of(job *j, const role *x, st_node row, st_sid *id)
{
    st_val v = x->column.get(j->r, row, &x->column);
    *id = v.tag == ST_VAL_STRING ? v.u.s : ST_EMPTY;
    return *id != ST_EMPTY && *id != ST_ABSENT;
}

static void fold(job *j, st_sid id)
{
    st_str s = st_pool_get(j->r->mem.pool, id);
    st_buf_clear(&j->folded);
    st_fold_put(&j->folded, s);
    j->failed |= j->folded.failed;
}

/* roles */

static role *role_of(job *j, unsigned space, const st_getter *c)
{
    for (size_t i = 0; i < j->nroles; i++)
        if (j->roles[i].space == space && j->roles[i].column.get == c->get &&
            j->roles[i].column.arg == c->arg && !strcmp(j->roles[i].column.name, c->name))
            return &j->roles[i];
    if (!st_grow(&j->roles, &j->roles_cap, j->nroles + 1, sizeof *j->roles))
        return NULL;
    j->roles[j->nroles] = (role){ .space = space, .column = *c };
    return &j->roles[j->nroles++];
}

/* A column of several values isn't looked into: its rule is asked about every row. */
static bool usable(const st_atoms *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].column.type == ST_TYPE_DYNAMIC)
            return false;
    return true;
}

static bool find_roles(job *j, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const st_trigger *t = j->triggers[i];
        for (size_t k = 0; t && t->known && k < t->n; k++)
            for (size_t a = 0; usable(&t->choices[k]) && a < t->choices[k].n; a++)
                if (!role_of(j, space_of(t), &t->choices[k].v[a].column))
                    return false;
    }
    return true;
}

/* Every so many rows one is looked at. */
static bool sample(job *j, role *x)
{
    size_t rows = rows_in(j->f, x->space), step = rows / SAMPLE + 1;
    st_sid id;
    x->counts = calloc(1, sizeof *x->counts);
    for (size_t i = 0; x->counts && i < rows; i += step)
        if (text_of(j, x, row_at(j->f, x->space, i), &id)) {
            fold(j, id);
            st_gram_count(x->counts, st_buf_slice(&j->folded));
        }
    return x->counts && !j->failed;
}

/* choosing what to look for */

static uint64_t cost_of(job *j, unsigned space, const st_atoms *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        const role *x = role_of(j, space, &s->v[i].column);
        sum += x ? st_gram_cost(x->counts, s->v[i].text) : 0;
    }
    return sum;
}

static const st_atoms *choose(job *j, const st_trigger *t)
{
    const st_atoms *best = NULL;
    uint64_t least = 0;
    for (size_t k = 0; k < t->n; k++) {
        if (!usable(&t->choices[k]))
            continue;
        uint64_t cost = cost_of(j, space_of(t), &t->choices[k]);
        if (!best || cost < least) {
            best = &t->choices[k];
            least = cost;
        }
    }
    return best;
}

static bool look_for(job *j, uint32_t rule, unsigned space, const st_atoms *s)
{
    for (size_t i = 0; i < s->n; i++) {
        role *x = role_of(j, space, &s->v[i].column);
        if (!x || !st_grow(&x->needles, &x->cap, x->n + 1, sizeof *x->needles) ||
            !st_grow(&x->rule_of, &x->rules_cap, x->n + 1, sizeof *x->rule_of))
            return false;
        x->needles[x->n] = (st_gram_needle){ s->v[i].text, s->v[i].op };
        x->rule_of[x->n++] = rule;
    }
    return true;
}

static bool choose_all(job *j, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const st_trigger *t = j->triggers[i];
        const st_atoms *s = t && t->known ? choose(j, t) : NULL;
        j->out->rules[i].all = !s;
        if (s && !look_for(j, (uint32_t)i, space_of(t), s))
            return false;
    }
    return true;
}

static bool prepare(job *j, role *x)
{
    x->recent = calloc(RECENT, sizeof *x->recent);
    x->grams = st_grams_new(x->needles, x->n, x->counts);
    free(x->counts);
    x->counts = NULL;
    (void)j;
    return x->recent && x->grams;
}

/* the pass */

/* A needle stands in the text at hand: its rule is concerned, once. */
static void concern(void *ctx, size_t needle)
{
    job *j = ctx;
    role *x = j->at;
    uint32_t rule = x->rule_of[needle];
    if (j->stamp[rule] == j->serial)
        return;
    j->stamp[rule] = j->serial;
    if (!st_grow(&x->found, &x->found_cap, x->nfound + 1, sizeof *x->found)) {
        j->failed = true;
        return;
    }
    x->found[x->nfound++] = rule;
}

/* Which rules the text concerns: remembered, or looked for. */
static recent concerned(job *j, role *x, st_sid id)
{
    recent *slot = &x->recent[id % RECENT];
    if (slot->text == id)
        return *slot;
    if (x->nfound > (size_t)16 * RECENT) {
        x->nfound = 0;
        memset(x->recent, 0, RECENT * sizeof *x->recent);
    }
    size_t first = x->nfound;
    j->at = x;
    j->serial++;
    fold(j, id);
    st_grams_find(x->grams, st_buf_slice(&j->folded), concern, j);
    *slot = (recent){ id, (uint32_t)first, (uint32_t)(x->nfound - first) };
    return *slot;
}

static void keep_all(job *j, st_rule_rows *rows)
{
    j->total -= rows->n;
    free(rows->v);
    *rows = (st_rule_rows){ .all = true };
}

/* A rule that would look at a good part of the rows anyway is asked about all. */
static void keep_row(job *j, uint32_t rule, size_t there_are)
{
    st_rule_rows *rows = &j->out->rules[rule];
    if (rows->all || (rows->n && rows->v[rows->n - 1] == j->row))
        return;
    if ((rows->n > 1000 && rows->n > there_are / 2) || j->total >= ST_MAX_TRIGGERED) {
        keep_all(j, rows);
        return;
    }
    if (!st_grow(&rows->v, &rows->cap, rows->n + 1, sizeof *rows->v)) {
        j->failed = true;
        return;
    }
    rows->v[rows->n++] = j->row;
    j->total++;
}

static void look_at(job *j, unsigned space, size_t i, size_t there_are)
{
    st_sid id;
    j->row = row_at(j->f, space, i);
    for (size_t k = 0; k < j->nroles; k++) {
        role *x = &j->roles[k];
        if (x->space != space || !x->n || !text_of(j, x, j->row, &id))
            continue;
        recent c = concerned(j, x, id);
        for (uint32_t m = 0; m < c.n; m++) {
            uint32_t rule = x->found[c.first + m];
            if (is_row(j, j->triggers[rule], space, i))
                keep_row(j, rule, there_are);
        }
    }
}

static bool look_at_all(job *j)
{
    for (unsigned space = 0; space < SPACES; space++) {
        size_t rows = rows_in(j->f, space);
        for (size_t i = 0; i < rows && !j->failed; i++)
            look_at(j, space, i, rows);
    }
    return !j->failed;
}

static void free_roles(job *j)
{
    for (size_t i = 0; i < j->nroles; i++) {
        role *x = &j->roles[i];
        free(x->counts);
        free(x->needles);
        free(x->rule_of);
        st_grams_free(x->grams);
        free(x->recent);
        free(x->found);
    }
    free(j->roles);
    free(j->stamp);
    st_buf_free(&j->folded);
}

static bool run(job *j, size_t n)
{
    bool ok = find_roles(j, n);
    for (size_t i = 0; ok && i < j->nroles; i++)
        ok = sample(j, &j->roles[i]);
    ok = ok && choose_all(j, n);
    for (size_t i = 0; ok && i < j->nroles; i++)
        ok = prepare(j, &j->roles[i]);
    return ok && look_at_all(j);
}

st_code st_prefilter_run(const st_forest *f, st_shared *shared, const st_run_options *o,
                         const st_rule_settings *settings, const st_trigger *const *triggers,
                         size_t n, st_prefilter *out, st_err *err)
{
    st_run r;
    job j = { .f = f, .r = &r, .triggers = triggers, .out = out };
    *out = (st_prefilter){ .rules = calloc(n + 1, sizeof *out->rules), .n = n };
    j.stamp = calloc(n + 1, sizeof *j.stamp);
    st_run_init(&r, f, shared, o, settings);
    bool ok = out->rules && j.stamp && run(&j, n) && st_run_ok(&r) && !st_pool_failed(f->pool);
    free_roles(&j);
    st_run_free(&r);
    if (ok)
        return ST_OK;
    st_prefilter_free(out);
    return st_fail(err, ST_E_MEMORY, "no memory to look for what rules need");
}

void st_prefilter_free(st_prefilter *p)
{
    for (size_t i = 0; p->rules && i < p->n; i++)
        free(p->rules[i].v);
    free(p->rules);
    *p = (st_prefilter){ 0 };
}
