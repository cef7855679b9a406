/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* spread.c - one rule on all threads, and rows that rules share. */
#include "rules/spread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    STRETCH = 16384,         /* nodes at least */
    FEWEST = 16384,          /* rows that are kept: of fewer it isn't worth it */
    PIECES = 16,             /* a thread, of nodes that kept rows come of */
    LEFT = 4 * ST_BATCH_ROWS /* such nodes, at least */
};

/* shared things of stretches */

/* The first thread has the caller's, the others their own, which borrow of it. */
bool st_spread_others(st_spread *x)
{
    unsigned n = st_threads(x->o->threads) - 1;
    if (x->others)
        return true;
    if (!n || !st_pool_share(x->f->pool) || !(x->others = calloc(n, sizeof *x->others)))
        return false;
    for (unsigned i = 0; i < n; i++) {
        st_shared_init(&x->others[i], x->f->pool);
        x->others[i].known = x->shared->known;
        x->others[i].regexes = x->rules->regexes;
        x->others[i].made = x->shared;
    }
    return true;
}

st_shared *st_spread_shared(const st_spread *x, unsigned thread)
{
    return thread ? &x->others[thread - 1] : x->shared;
}

void st_spread_free(st_spread *x)
{
    for (unsigned i = 0; x->others && i + 1 < st_threads(x->o->threads); i++)
        st_shared_free(&x->others[i]);
    free(x->others);
    x->others = NULL;
}

/* rows that rules share */

typedef struct making {
    st_spread *x;
    st_kept_rows *
        *own; /* by thread: what is kept there of the same. The first's is what all make */
    st_kept_part *parts;
    size_t from, length, to; /* nodes; length: of a part */
    atomic_bool failed;
} making;

/* Binds a library there; false: not as it should. */
static bool bind_library(const st_spread *x, st_shared *shared, const st_parsed *p)
{
    st_run r;
    st_bound bound;
    st_run_init(&r, x->f, shared, x->o, &x->rules->settings);
    p->language->bind(&r, p, false, NULL, &bound);
    bool ok = bound.status == ST_RULE_READY && st_run_ok(&r);
    st_run_free(&r);
    return ok;
}

/* What its library keeps there. Only libraries are bound: a rule's own text may ask for rows, and
 * these aren't there. */
static st_kept_rows *own_store(const making *m, st_shared *shared)
{
    const st_spread *x = m->x;
    const st_parsed *p = &x->rules->items[x->rule]->parsed;
    st_kept_rows *own = st_kept_rows_like(shared, m->own[0]);
    for (size_t k = 0; k < p->nuses && !own; k++)
        if (bind_library(x, shared, p->uses[k]))
            own = st_kept_rows_like(shared, m->own[0]);
    return own;
}

static void make_part(void *ctx, unsigned thread, size_t i)
{
    making *m = ctx;
    size_t from = m->from + i * m->length, to = from + m->length;
    if (atomic_load(&m->failed))
        return;
    if (!m->own[thread])
        m->own[thread] = own_store(m, st_spread_shared(m->x, thread));
    if (!m->own[thread] ||
        !st_kept_rows_make(m->own[thread], from, to < m->to ? to : m->to, &m->parts[i]))
        atomic_store(&m->failed, true);
}

/* One run takes no more than all of them together. */
static bool near_limit(const making *m, unsigned threads)
{
    uint64_t taken = 0, most = 0;
    for (unsigned i = 0; i < threads; i++)
        if (m->own[i])
            taken += st_kept_rows_taken(m->own[i], &most);
    return most && taken > most / 4;
}

/* All of them, or none. */
static bool make_all(making *m, size_t n)
{
    unsigned threads = st_threads(m->x->o->threads);
    st_parallel(threads, n, make_part, m);
    if (atomic_load(&m->failed) || st_pool_failed(m->x->f->pool) || near_limit(m, threads)) {
        st_kept_rows_again(m->own[0], m->from);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!st_kept_rows_take(m->own[0], &m->parts[i]))
            break; /* its run has failed */
    for (unsigned i = 1; i < threads; i++)
        if (m->own[i])
            st_kept_rows_join(m->own[0], m->own[i]);
    return true;
}

static bool spread_rows(void *ctx, st_kept_rows *s, bool early)
{
    st_spread *x = ctx;
    making m = { .x = x };
    unsigned threads = st_threads(x->o->threads);
    if (!st_kept_rows_left(s, &m.from, &m.to) || m.to - m.from < LEFT || !st_spread_others(x) ||
        (early && !x->others[0].libraries))
        return false;
    size_t batches = (m.to - m.from + ST_BATCH_ROWS - 1) / ST_BATCH_ROWS;
    m.length = (batches / ((size_t)threads * PIECES) + 1) * ST_BATCH_ROWS;
    size_t n = (m.to - m.from + m.length - 1) / m.length;
    m.own = calloc(threads, sizeof(st_kept_rows *));
    m.parts = calloc(n, sizeof *m.parts);
    bool ok = m.own && m.parts;
    if (ok) {
        m.own[0] = s;
        ok = make_all(&m, n);
    }
    for (size_t i = 0; m.parts && i < n; i++)
        st_kept_part_free(&m.parts[i]);
    free(m.parts);
    free((void *)m.own);
    return ok;
}

/* What is bound of evidence must be bound anew. */
static void forget_libraries(st_shared *s)
{
    bool told = false;
    for (const st_run *r = s->lenders; r; r = r->lender)
        told |= r->scanned || r->told || !st_run_ok(r);
    if (!told)
        return;
    s->libraries_free(s->libraries);
    s->libraries = NULL;
    s->lenders = NULL;
    s->alike = NULL;
}

/* Does a wanted rule before it use the library? */
static bool used_before(const st_spread *x, const bool *wanted, uint32_t rule, const st_parsed *p)
{
    bool used = false;
    for (uint32_t i = 0; i < rule && !used; i++) {
        const st_parsed *before = &x->rules->items[i]->parsed;
        for (size_t k = 0; wanted[i] && k < before->nuses; k++)
            used |= before->uses[k] == p;
    }
    return used;
}

static void bind_libraries(const st_spread *x, st_shared *shared, const bool *wanted)
{
    for (uint32_t i = 0; i < x->rules->n; i++) {
        const st_parsed *p = &x->rules->items[i]->parsed;
        for (size_t k = 0; wanted[i] && k < p->nuses; k++)
            if (!used_before(x, wanted, i, p->uses[k]))
                (void)bind_library(x, shared, p->uses[k]);
    }
}

void st_spread_prepare(st_spread *x, const bool *wanted, const atomic_bool *enough)
{
    bool others = st_spread_others(x);
    st_regexes_prepare(x->rules->regexes);
    bind_libraries(x, x->shared, wanted);
    forget_libraries(x->shared);
    if (others && x->shared->libraries && !atomic_load(enough)) {
        bind_libraries(x, &x->others[0], wanted);
        forget_libraries(&x->others[0]);
    }
    for (size_t i = 0; !atomic_load(enough) && st_regexes_ready(x->rules->regexes, i); i++)
        ;
}

/* What libraries have come to, on all threads. */
typedef struct account {
    uint64_t taken;
    bool met, near, rough;
} account;

static void add_to(account *a, const st_run *r)
{
    a->taken += r->taken;
    a->met |= r->err.code != ST_OK || r->limit;
    a->near |= r->budget.most && a->taken > r->budget.most / 2;
    a->rough |= r->rough;
}

bool st_spread_sure(const st_spread *x, bool shared)
{
    account a = { 0 };
    for (unsigned i = 0; i < (x->others ? st_threads(x->o->threads) : 1); i++)
        for (const st_run *r = st_spread_shared(x, i)->lenders; r; r = r->lender)
            add_to(&a, r);
    return !((shared || a.rough) && (a.met || a.near));
}

void st_spread_lend(st_spread *x, bool on)
{
    x->shared->spread = on && st_threads(x->o->threads) > 1 ? spread_rows : NULL;
    x->shared->spread_ctx = x;
}

/* a rule */

typedef struct stretches {
    st_spread *x;
    size_t n, length;    /* of a stretch: nodes; of kept rows, batches */
    const st_rows *kept; /* NULL: it is about nodes */
    int64_t started;     /* as a run's: the time that all together may take */
    st_err late;         /* of the first that had none left */
    atomic_bool is_late;
    st_hits *hits;       /* by stretch */
    atomic_bool failed;  /* by a limit, say: one run over all tells how */
    atomic_uint touched; /* st_spread.touched */
    _Atomic uint64_t taken, paired,
        most; /* as a run's, of all that have ended; rows of an operator */
} stretches;

/* The rows that the operator gave which gave most. */
static uint64_t most_rows(const st_run *r)
{
    uint64_t most = 0;
    for (const st_op *op = r->ops; op; op = op->older)
        most = op->rows > most ? op->rows : most;
    return most;
}

/* May one run over all meet a limit? It takes no more than all stretches together, but for what its
 * arrays are larger than what is in them, which is no more than that again. */
static bool is_near(stretches *x, const st_run *r)
{
    uint64_t rows = x->kept ? most_rows(r) : 0, limit = r->limits.rows,
             taken = atomic_fetch_add(&x->taken, r->taken) + r->taken,
             paired = atomic_fetch_add(&x->paired, r->paired) + r->paired,
             most = atomic_fetch_add(&x->most, rows) + rows;
    return (r->budget.most && taken > r->budget.most / 2) || paired > limit || most > limit;
}

/* The stretch's rows are the only ones that the plan gives; false: it isn't what was expected. */
static bool take_part(const stretches *x, const st_run *r, const st_bound *bound, size_t i)
{
    bool ok = bound->status == ST_RULE_READY;
    if (ok && x->kept)
        ok = st_run_over_kept(r) && st_op_over_kept(r, bound->root) == x->kept;
    for (st_op *op = ok ? bound->root : NULL; op; op = op->also)
        (x->kept ? st_op_kept_part : st_op_scan_part)(op, i * x->length, (i + 1) * x->length);
    return ok;
}

static void run_stretch(void *ctx, unsigned thread, size_t i)
{
    stretches *x = ctx;
    st_spread *s = x->x;
    const st_loaded *l = s->rules->items[s->rule];
    st_filling rest = { 0 };
    st_run r;
    st_bound bound;
    if (atomic_load(&x->failed))
        return;
    st_run_init(&r, s->f, st_spread_shared(s, thread), s->o, &s->rules->settings);
    r.started = x->started;
    l->parsed.language->bind(&r, &l->parsed, l->rule.marks_servers, NULL, &bound);
    uint64_t random = r.random;
    bool ok = take_part(x, &r, &bound, i) && st_hits_lean(&r, &bound);
    for (st_op *op = bound.root; ok && op; op = op->also)
        ok = st_hits_take(&r, l, s->rule, op, &x->hits[i], &rest);
    if (!ok || !st_run_ok(&r) || r.limit || rest.rows || r.random != random || is_near(x, &r))
        atomic_store(&x->failed, true);
    if (r.late && !atomic_exchange(&x->is_late, true))
        x->late = r.err;
    atomic_fetch_or(&x->touched, st_apart_touched(x->kept ? s->apart : NULL, s->nothers, &r));
    x->hits[i].seen = NULL; /* the run's */
    st_filling_free(&rest);
    st_run_free(&r);
}

/* How it may be run so: nodes are many, or kept rows, and each is told by itself. */
static bool plan_stretches(stretches *x)
{
    const st_spread *s = x->x;
    const st_loaded *l = s->rules->items[s->rule];
    bool observed = !l->rule.marks_servers; /* other rules count the rest */
    size_t threads = st_threads(s->o->threads), share = s->f->n / (threads * 2) + 1;
    st_run r;
    st_bound bound;
    if (s->f->n < (size_t)2 * STRETCH || threads < 2 || l->parsed.language->per_event)
        return false;
    st_run_init(&r, s->f, s->shared, s->o, &s->rules->settings);
    l->parsed.language->bind(&r, &l->parsed, l->rule.marks_servers, NULL, &bound);
    bool ready = bound.status == ST_RULE_READY && bound.root && !r.lifted,
         nodes = ready && st_run_rowwise(&r, bound.root, observed);
    if (ready && !nodes && observed && !bound.root->also && !r.scans && !r.draws)
        x->kept = st_op_over_kept(&r, bound.root);
    if (x->kept && !st_run_over_kept(&r))
        x->kept = NULL;
    st_run_start(&r);
    x->started = r.started;
    st_run_free(&r);
    size_t all = x->kept ? x->kept->n : s->f->n;
    x->length = x->kept ? all / threads + 1 : share > STRETCH ? share : STRETCH;
    x->n = x->kept ? threads : (all + x->length - 1) / x->length;
    return nodes || (x->kept && x->kept->rows >= FEWEST);
}

/* Nodes rise from stretch to stretch, so each is there once; what kept rows have is looked at. */
static bool join_hits(const stretches *x, st_hits *h)
{
    for (size_t i = 0; i < x->n; i++) {
        const st_hits *some = &x->hits[i];
        if (!some->n)
            continue;
        bool behind = !h->n || h->v[h->n - 1].node < some->v[0].node;
        bool processes = some->v[some->n - 1].event == ST_NO_EVENT;
        if ((x->kept && !(behind && processes)) ||
            !st_grow(&h->v, &h->cap, h->n + some->n, sizeof *h->v))
            return false;
        memcpy(h->v + h->n, some->v, some->n * sizeof *h->v);
        h->n += some->n;
    }
    return true;
}

static bool run_stretches(stretches *x, st_hits *h, st_err *late)
{
    st_spread *s = x->x;
    bool lends = s->shared->spread;
    if (!st_spread_others(s))
        return false;
    x->hits = calloc(x->n, sizeof *x->hits);
    bool ok = x->hits;
    st_spread_lend(s, false);
    if (ok) {
        st_parallel(s->o->threads, x->n, run_stretch, x);
        ok = !atomic_load(&x->failed) && !st_pool_failed(s->f->pool) && join_hits(x, h);
    }
    st_spread_lend(s, lends);
    for (size_t i = 0; x->hits && i < x->n; i++)
        free(x->hits[i].v);
    free(x->hits);
    *late = x->late;
    s->touched = atomic_load(&x->touched);
    return ok || x->late.code != ST_OK;
}

bool st_spread_rule(st_spread *s, st_hits *h, st_err *late)
{
    stretches x = { .x = s };
    h->n = 0;
    h->seen = NULL;
    bool ok = plan_stretches(&x) && run_stretches(&x, h, late);
    if (!ok || late->code != ST_OK)
        h->n = 0;
    return ok;
}
