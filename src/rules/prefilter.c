/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefilter.c - many rules' texts in one pass over the rows.
 *
 * A space is what rows are made of: processes, or other events. A role is a column of a space that
 * some rule needs a text in. Which of a rule's choices of texts is looked for, a sample of the rows
 * says: the one whose texts are rarest. A text that was met lately isn't looked at again; of
 * columns that are made of one text of a record that text is remembered, for all of them, so that
 * rows whose texts were met take no more than to read what was recorded.
 *
 * The pass goes over stretches of rows, on all threads; what they find is put together in their
 * order. Each thread remembers texts of its own.
 */
#include "rules/prefilter.h"

#include "base/limits.h"
#include "rules/engine/match/grams.h"

#include <stdlib.h>
#include <string.h>

enum { PROCESSES = ST_PREFILTER_PROCESSES, EVENTS, SPACES };
enum { FEW_ROWS = 64, SAMPLE = 2048, LEAST_STEP = 8, RECENT = 4096 };
enum { LEAST_STRETCH = 256, STRETCH = 4096, STRETCHES = 4 /* a thread, of few rows */ };

/* Which rules a text concerns. */
typedef struct recent {
    st_sid text;       /* ST_ABSENT: none yet */
    uint32_t first, n; /* in the memory's found */
} recent;

typedef struct role {
    unsigned space;
    st_event_set kinds; /* EVENTS: of the rules that have a text for it */
    st_getter column;
    st_gram_counts *counts;
    st_gram_needle *needles;
    uint32_t *rule_of; /* by needle */
    size_t n, cap, rules_cap;
    st_grams *grams;
    size_t next; /* of the same origin: its place + 1; 0: none */
} role;

/* What roles with needles are made of: of one text of a process's record, those that are made of
 * the same; else a role's own texts. */
typedef struct origin {
    unsigned space;
    st_base_text of; /* get NULL: the role's texts */
    size_t roles;    /* the first one's place */
} origin;

/* What a thread knows of an origin's texts. */
typedef struct memory {
    recent *recent;  /* NULL: it has met none */
    uint32_t *found; /* rules, of the texts in recent; begun anew when it has grown too long */
    size_t nfound, found_cap;
} memory;

/* One thread's. */
typedef struct worker {
    st_run run;
    st_shared shared;   /* of all but the first, which has the caller's */
    memory *memories;   /* by origin */
    st_rule_rows *rows; /* by rule: of the stretch at hand */
    uint32_t *touched;  /* rules that have such */
    size_t ntouched;
    st_buf folded;
    bool failed;
    /* of the row at hand */
    st_node row;
    const role *at;
    memory *mine;
    uint32_t *stamp; /* by rule: the last text that concerned it */
    uint32_t serial;
} worker;

/* What is looked for of a rule: its choice, and where the roles of that choice's texts are. */
typedef struct choice {
    const st_atoms *texts; /* NULL: none */
    size_t first;
} choice;

typedef struct job {
    const st_forest *f;
    const st_row_list *only; /* by space; NULL: all rows */
    const st_trigger *const *triggers;
    size_t nrules;
    st_prefilter *out;
    role *roles;
    size_t nroles, roles_cap;
    origin *origins;
    size_t norigins;
    size_t met;     /* the role that was asked for last: a list's texts are mostly one column's */
    bool nodes;     /* processes are looked at that weren't observed, too */
    bool processes; /* are there rows? */
    st_event_set events; /* the kinds of those there are */
    uint32_t *role_of;   /* by text, of all rules' choices in their order */
    size_t ntexts, texts_cap;
    choice *choices; /* by rule; before it is chosen, the first of all its texts */
    worker *workers;
    unsigned nworkers;
    size_t recent;  /* texts that a worker remembers of an origin: a power of two */
    uint64_t total; /* rows kept apart, of all rules */
    unsigned space; /* that is gone over */
    size_t stretch; /* rows of it that are one piece of work */
    bool failed;
} job;

/* rows of a space */

static size_t rows_in(const job *j, unsigned space)
{
    if (j->only)
        return j->only[space].n;
    return space == EVENTS ? j->f->nevents : j->nodes ? j->f->n : j->f->observed;
}

static st_node row_at(const job *j, unsigned space, size_t i)
{
    if (j->only)
        return j->only[space].v[i];
    return (st_node)(space == PROCESSES ? i : j->f->n + i);
}

static unsigned space_of(const st_trigger *t)
{
    return t->rows == ST_OF_EVENTS ? EVENTS : PROCESSES;
}

/* Is a rule about placeholders, too? */
static bool any_nodes(const job *j)
{
    size_t i = 0;
    while (i < j->nrules &&
           !(j->triggers[i] && j->triggers[i]->known && j->triggers[i]->rows == ST_OF_NODES))
        i++;
    return i < j->nrules;
}

/* Which kinds of events there are. */
static void find_kinds(job *j)
{
    size_t n = rows_in(j, EVENTS);
    j->processes = rows_in(j, PROCESSES) > 0;
    for (size_t i = 0; i < n; i++)
        st_event_set_add_kind(&j->events, j->f->events[row_at(j, EVENTS, i) - j->f->n].kind);
}

/* Is there any row that the rule may be about? */
static bool has_rows(const job *j, const st_trigger *t)
{
    st_event_set both = j->events;
    st_event_set_meet(&both, &t->kinds);
    return space_of(t) == PROCESSES ? j->processes : !st_event_set_empty(&both);
}

static bool is_row(const job *j, const st_trigger *t, unsigned space, st_node row)
{
    if (space == PROCESSES)
        return row < j->f->observed || t->rows == ST_OF_NODES;
    return st_event_set_has(&t->kinds, j->f->events[row - j->f->n].kind);
}

/* The column's text of a row that a rule with such a text may be about; false: it has none. */
static bool text_of(worker *w, const role *x, st_node row, st_sid *id)
{
    const st_forest *f = w->run.forest;
    if (x->space == EVENTS && !st_event_set_has(&x->kinds, f->events[row - f->n].kind))
        return false;
    st_val v = st_row_value(&w->run, row, &x->column);
    *id = v.tag == ST_VAL_STRING ? v.u.s : ST_EMPTY;
    return *id != ST_EMPTY && *id != ST_ABSENT;
}

static void fold(worker *w, st_sid id)
{
    st_str s = st_pool_get(w->run.mem.pool, id);
    st_buf_clear(&w->folded);
    st_fold_put(&w->folded, s);
    w->failed |= w->folded.failed;
}

/* roles */

static bool is_of(const role *x, unsigned space, const st_getter *c)
{
    return x->space == space && x->column.get == c->get && x->column.arg == c->arg &&
           x->column.flags == c->flags && !strcmp(x->column.name, c->name);
}

static role *role_of(job *j, unsigned space, const st_getter *c)
{
    if (j->met < j->nroles && is_of(&j->roles[j->met], space, c))
        return &j->roles[j->met];
    for (j->met = 0; j->met < j->nroles; j->met++)
        if (is_of(&j->roles[j->met], space, c))
            return &j->roles[j->met];
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

/* The roles of a choice's texts; of one that can't be looked for they aren't asked about. */
static bool find_roles_of(job *j, const st_trigger *t, const st_atoms *s)
{
    bool ok = usable(s);
    if (!st_grow(&j->role_of, &j->texts_cap, j->ntexts + s->n, sizeof *j->role_of))
        return false;
    for (size_t i = 0; i < s->n; i++) {
        role *x = ok ? role_of(j, space_of(t), &s->v[i].column) : NULL;
        if (ok && !x)
            return false;
        if (x)
            st_event_set_join(&x->kinds, &t->kinds);
        j->role_of[j->ntexts++] = x ? (uint32_t)(x - j->roles) : 0;
    }
    return true;
}

static bool find_roles(job *j, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const st_trigger *t = j->triggers[i];
        j->choices[i].first = j->ntexts;
        for (size_t k = 0; t && t->known && has_rows(j, t) && k < t->n; k++)
            if (!find_roles_of(j, t, &t->choices[k]))
                return false;
    }
    return true;
}

/* Every so many rows one is looked at; of a few rows none, as a sample costs more than it saves.
 * Counts of nothing are none: most columns of records that are kept whole have no text here. */
static bool sample(const job *j, worker *w, role *x)
{
    size_t rows = rows_in(j, x->space), step = rows / SAMPLE + LEAST_STEP;
    st_sid id;
    if (rows < FEW_ROWS)
        return true;
    for (size_t i = 0; i < rows; i += step) {
        if (!text_of(w, x, row_at(j, x->space, i), &id))
            continue;
        if (!x->counts && !(x->counts = calloc(1, sizeof *x->counts)))
            return false;
        fold(w, id);
        st_gram_count(x->counts, st_buf_slice(&w->folded));
    }
    return !w->failed;
}

/* choosing what to look for */

static uint64_t cost_of(const job *j, const st_atoms *s, size_t first)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += st_gram_cost(j->roles[j->role_of[first + i]].counts, s->v[i].text);
    return sum;
}

static choice choose(const job *j, const st_trigger *t, size_t first)
{
    choice best = { 0 };
    uint64_t least = 0;
    for (size_t k = 0; k < t->n; first += t->choices[k++].n) {
        const st_atoms *s = &t->choices[k];
        uint64_t cost = usable(s) ? cost_of(j, s, first) : 0;
        if (usable(s) && (!best.texts || cost < least)) {
            best = (choice){ s, first };
            least = cost;
        }
    }
    return best;
}

enum { RULES = 64 }; /* whose choices are one piece of work */

static void choose_some(void *ctx, unsigned thread, size_t piece)
{
    const job *j = ctx;
    (void)thread;
    for (size_t i = piece * RULES; i < (piece + 1) * RULES && i < j->nrules; i++) {
        const st_trigger *t = j->triggers[i];
        if (t && t->known && has_rows(j, t))
            j->choices[i] = choose(j, t, j->choices[i].first);
    }
}

static bool look_for(job *j, uint32_t rule)
{
    const choice *c = &j->choices[rule];
    for (size_t i = 0; i < c->texts->n; i++) {
        role *x = &j->roles[j->role_of[c->first + i]];
        if (!st_grow(&x->needles, &x->cap, x->n + 1, sizeof *x->needles) ||
            !st_grow(&x->rule_of, &x->rules_cap, x->n + 1, sizeof *x->rule_of))
            return false;
        x->needles[x->n] = (st_gram_needle){ c->texts->v[i].text, c->texts->v[i].op };
        x->rule_of[x->n++] = rule;
    }
    return true;
}

static bool has_usable(const st_trigger *t)
{
    bool any = false;
    for (size_t k = 0; t && t->known && k < t->n && !any; k++)
        any = usable(&t->choices[k]);
    return any;
}

/* A rule that may be about none of the rows is asked about none. */
static bool choose_all(job *j)
{
    st_parallel(j->nworkers, (j->nrules + RULES - 1) / RULES, choose_some, j);
    for (size_t i = 0; i < j->nrules; i++) {
        bool chosen = j->choices[i].texts;
        j->out->rules[i].all = !chosen && !has_usable(j->triggers[i]);
        if (chosen && !look_for(j, (uint32_t)i))
            return false;
    }
    return true;
}

static void sample_role(void *ctx, unsigned thread, size_t i)
{
    job *j = ctx;
    worker *w = &j->workers[thread];
    w->failed |= !sample(j, w, &j->roles[i]);
}

static void prepare_role(void *ctx, unsigned thread, size_t i)
{
    job *j = ctx;
    role *x = &j->roles[i];
    x->grams = st_grams_new(x->needles, x->n, x->counts);
    free(x->counts);
    x->counts = NULL;
    j->workers[thread].failed |= !x->grams;
}

static st_base_text origin_of_role(const role *x)
{
    return x->space == PROCESSES ? st_column_base(&x->column) : (st_base_text){ NULL, 0 };
}

/* The origin of the role's texts. */
static void put_origin(job *j, size_t i)
{
    role *x = &j->roles[i];
    st_base_text s = origin_of_role(x);
    size_t k = 0;
    while (k < j->norigins &&
           !(s.get && j->origins[k].of.get == s.get && j->origins[k].of.arg == s.arg))
        k++;
    if (k == j->norigins) {
        j->origins[j->norigins++] = (origin){ x->space, s, i };
        return;
    }
    x->next = j->origins[k].roles + 1;
    j->origins[k].roles = i;
}

static bool find_origins(job *j)
{
    j->origins = calloc(j->nroles + 1, sizeof *j->origins);
    for (size_t i = 0; j->origins && i < j->nroles; i++)
        if (j->roles[i].n)
            put_origin(j, i);
    return j->origins != NULL;
}

/* Something for each role, on all threads. */
static bool each_role(job *j, void (*one)(void *, unsigned, size_t))
{
    st_parallel(j->nworkers, j->nroles, one, j);
    for (unsigned i = 0; i < j->nworkers; i++)
        j->failed |= j->workers[i].failed;
    return !j->failed;
}

/* the pass */

/* A needle stands in the text at hand: its rule is concerned, once. */
static void concern(void *ctx, size_t needle)
{
    worker *w = ctx;
    memory *m = w->mine;
    uint32_t rule = w->at->rule_of[needle];
    if (w->stamp[rule] == w->serial)
        return;
    w->stamp[rule] = w->serial;
    if (!st_grow(&m->found, &m->found_cap, m->nfound + 1, sizeof *m->found)) {
        w->failed = true;
        return;
    }
    m->found[m->nfound++] = rule;
}

/* The rules that a role's text concerns. */
static void look_into(worker *w, const role *x, st_sid id)
{
    w->at = x;
    fold(w, id);
    st_grams_find(x->grams, st_buf_slice(&w->folded), concern, w);
}

/* Those that the row's texts of an origin concern. */
static void look_into_all(const job *j, worker *w, const origin *o, st_sid id)
{
    st_sid text;
    w->serial++;
    if (!o->of.get) {
        look_into(w, &j->roles[o->roles], id);
        return;
    }
    for (size_t i = o->roles + 1; i; i = j->roles[i - 1].next)
        if (text_of(w, &j->roles[i - 1], w->row, &text))
            look_into(w, &j->roles[i - 1], text);
}

/* The text that the origin's roles are made of; false: there is none. */
static bool text_of_origin(const job *j, worker *w, const origin *o, st_sid *id)
{
    if (!o->of.get)
        return text_of(w, &j->roles[o->roles], w->row, id);
    *id = o->of.get(&w->run, w->row, o->of.arg);
    return *id != ST_EMPTY && *id != ST_ABSENT;
}

/* Which rules the text concerns: remembered, or looked for. */
static recent concerned(const job *j, worker *w, const origin *o, memory *m, st_sid id)
{
    if (!m->recent && !(m->recent = calloc(j->recent, sizeof(recent)))) {
        w->failed = true;
        return (recent){ 0 };
    }
    recent *slot = &m->recent[id % j->recent];
    if (slot->text == id)
        return *slot;
    if (m->nfound > 16 * j->recent) {
        m->nfound = 0;
        memset(m->recent, 0, j->recent * sizeof *m->recent);
    }
    size_t first = m->nfound;
    w->mine = m;
    look_into_all(j, w, o, id);
    *slot = (recent){ id, (uint32_t)first, (uint32_t)(m->nfound - first) };
    return *slot;
}

static void keep_row(worker *w, uint32_t rule)
{
    st_rule_rows *rows = &w->rows[rule];
    if (rows->n && rows->v[rows->n - 1] == w->row)
        return;
    if (!st_grow(&rows->v, &rows->cap, rows->n + 1, sizeof *rows->v)) {
        w->failed = true;
        return;
    }
    if (!rows->n)
        w->touched[w->ntouched++] = rule;
    rows->v[rows->n++] = w->row;
}

static void look_at(const job *j, worker *w, size_t i)
{
    st_sid id;
    w->row = row_at(j, j->space, i);
    for (size_t k = 0; k < j->norigins; k++) {
        const origin *o = &j->origins[k];
        memory *m = &w->memories[k];
        if (o->space != j->space || !text_of_origin(j, w, o, &id))
            continue;
        recent c = concerned(j, w, o, m, id);
        for (uint32_t n = 0; n < c.n; n++) {
            uint32_t rule = m->found[c.first + n];
            if (is_row(j, j->triggers[rule], j->space, w->row))
                keep_row(w, rule);
        }
    }
}

static void look_at_stretch(void *ctx, unsigned thread, size_t stretch)
{
    const job *j = ctx;
    worker *w = &j->workers[thread];
    size_t rows = rows_in(j, j->space), end = (stretch + 1) * j->stretch;
    for (size_t i = stretch * j->stretch; i < end && i < rows && !w->failed; i++)
        look_at(j, w, i);
}

static void keep_all(job *j, st_rule_rows *rows)
{
    j->total -= rows->n;
    free(rows->v);
    *rows = (st_rule_rows){ .all = true };
}

/* A rule that would look at a good part of the rows anyway is asked about all. */
static void add_rows(job *j, st_rule_rows *rows, const st_rule_rows *more)
{
    size_t n = rows->n + more->n;
    if (rows->all)
        return;
    if ((n > 1000 && n > rows_in(j, j->space) / 2) || j->total + more->n > ST_MAX_TRIGGERED) {
        keep_all(j, rows);
        return;
    }
    if (!st_grow(&rows->v, &rows->cap, n, sizeof *rows->v)) {
        j->failed = true;
        return;
    }
    memcpy(rows->v + rows->n, more->v, more->n * sizeof *more->v);
    rows->n = n;
    j->total += more->n;
}

static void add_stretch(void *ctx, unsigned thread, size_t stretch)
{
    job *j = ctx;
    worker *w = &j->workers[thread];
    (void)stretch;
    for (size_t i = 0; i < w->ntouched; i++) {
        st_rule_rows *rows = &w->rows[w->touched[i]];
        add_rows(j, &j->out->rules[w->touched[i]], rows);
        rows->n = 0;
    }
    w->ntouched = 0;
}

static bool look_at_all(job *j)
{
    for (j->space = 0; j->space < SPACES; j->space++) {
        size_t rows = rows_in(j, j->space);
        j->stretch = rows / ((size_t)STRETCHES * (j->nworkers ? j->nworkers : 1)) + 1;
        j->stretch = j->stretch < LEAST_STRETCH ? LEAST_STRETCH
                     : j->stretch > STRETCH     ? STRETCH
                                                : j->stretch;
        st_parallel_in_order(j->nworkers, (rows + j->stretch - 1) / j->stretch, look_at_stretch,
                             add_stretch, j);
    }
    for (unsigned i = 0; i < j->nworkers; i++)
        j->failed |= j->workers[i].failed || !st_run_ok(&j->workers[i].run);
    return !j->failed;
}

/* beginning and end */

static void free_worker(const job *j, worker *w, bool own)
{
    for (size_t i = 0; w->memories && i < j->norigins; i++) {
        free(w->memories[i].recent);
        free(w->memories[i].found);
    }
    for (size_t i = 0; w->rows && i < j->nrules; i++)
        free(w->rows[i].v);
    free(w->memories);
    free(w->rows);
    free(w->touched);
    free(w->stamp);
    st_buf_free(&w->folded);
    st_run_free(&w->run);
    if (own)
        st_shared_free(&w->shared);
}

static void free_job(const job *j)
{
    for (unsigned i = 0; j->workers && i < j->nworkers; i++)
        free_worker(j, &j->workers[i], i > 0);
    for (size_t i = 0; i < j->nroles; i++) {
        role *x = &j->roles[i];
        free(x->counts);
        free(x->needles);
        free(x->rule_of);
        st_grams_free(x->grams);
    }
    free(j->roles);
    free(j->origins);
    free(j->workers);
    free(j->role_of);
    free(j->choices);
}

enum { MANY_RULES = 512 };

/* Little evidence isn't worth a thread, unless the rules are many. */
static unsigned workers_for(const job *j, const st_run_options *o)
{
    size_t rows = rows_in(j, PROCESSES) + rows_in(j, EVENTS);
    return rows > (size_t)2 * STRETCH || j->nrules > MANY_RULES ? st_threads(o->threads) : 1;
}

static bool begin(job *j, st_shared *shared, const st_run_options *o,
                  const st_rule_settings *settings)
{
    bool ok = j->workers && j->out->rules;
    for (unsigned i = 0; j->workers && i < j->nworkers; i++) {
        worker *w = &j->workers[i];
        if (i)
            st_shared_init(&w->shared, shared->folds.pool);
        st_run_init(&w->run, j->f, i ? &w->shared : shared, o, settings);
        w->rows = calloc(j->nrules + 1, sizeof *w->rows);
        w->touched = calloc(j->nrules + 1, sizeof *w->touched);
        w->stamp = calloc(j->nrules + 1, sizeof *w->stamp);
        ok = ok && w->rows && w->touched && w->stamp;
    }
    return ok && (j->nworkers == 1 || st_pool_share(shared->folds.pool));
}

static bool run(job *j)
{
    size_t rows = rows_in(j, PROCESSES) + rows_in(j, EVENTS);
    find_kinds(j);
    bool ok = find_roles(j, j->nrules);
    for (j->recent = FEW_ROWS; j->recent < RECENT && j->recent < rows; j->recent *= 2)
        ;
    ok = ok && each_role(j, sample_role) && choose_all(j) && each_role(j, prepare_role) &&
         find_origins(j);
    for (unsigned i = 0; ok && i < j->nworkers; i++)
        ok = (j->workers[i].memories = calloc(j->norigins + 1, sizeof(memory))) != NULL;
    return ok && look_at_all(j);
}

st_code st_prefilter_run(const st_forest *f, st_shared *shared, const st_run_options *o,
                         const st_rule_settings *settings,
                         const st_row_list only[ST_PREFILTER_SPACES],
                         const st_trigger *const *triggers, size_t n, st_prefilter *out,
                         st_err *err)
{
    job j = { .f = f, .only = only, .triggers = triggers, .nrules = n, .out = out };
    j.nodes = any_nodes(&j);
    j.nworkers = workers_for(&j, o);
    *out = (st_prefilter){ .rules = calloc(n + 1, sizeof *out->rules), .n = n };
    j.workers = calloc(j.nworkers, sizeof *j.workers);
    j.choices = calloc(n + 1, sizeof *j.choices);
    bool ok = j.choices && begin(&j, shared, o, settings) && run(&j) && !st_pool_failed(f->pool);
    free_job(&j);
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
