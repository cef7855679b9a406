/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* run_state.c - a run's memory, and batches of rows. */
#include "rules/engine/operators/ops.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void st_shared_init(st_shared *s, st_pool *pool)
{
    *s = (st_shared){ 0 };
    st_folds_init(&s->folds, pool);
}

void st_shared_free(st_shared *s)
{
    st_habits_free(s->habits[0]);
    st_habits_free(s->habits[1]);
    if (s->libraries)
        s->libraries_free(s->libraries);
    st_folds_free(&s->folds);
    free(s->base);
}

st_query_limits st_query_limits_in_force(const st_query_limits *l)
{
    return (st_query_limits){ .rows = l->rows ? l->rows : ST_MAX_RUN_ROWS,
                              .memory = l->memory ? l->memory : ST_MAX_RUN_MEMORY,
                              .seconds = l->seconds ? l->seconds : ST_MAX_RUN_SECONDS };
}

void st_run_init(st_run *r, const st_forest *f, st_shared *shared, const st_run_options *o,
                 const st_rule_settings *settings)
{
    *r = (st_run){ .forest = f, .shared = shared, .settings = settings };
    r->mem.pool = shared->folds.pool;
    r->mem.arena = &r->arena;
    r->mem.budget = r->arena.budget = &r->budget;
    r->limits = st_query_limits_in_force(&settings->limits);
    r->budget.most = r->limits.memory > SIZE_MAX / 2 ? 0 : (size_t)r->limits.memory;
    r->pool_before = st_pool_bytes(r->mem.pool);
    st_ticks now = o->now ? o->now : f ? st_rules_now(f) : 0;
    r->now = (int64_t)now + ST_TICKS_1601;
    r->trust_inferred = o->trust_inferred;
    r->ago_off = o->ago_off;
}

void st_run_free(st_run *r)
{
    for (size_t i = r->nowned; i-- > 0;)
        r->owned_free[i](r->owned[i]);
    free(r->owned);
    free((void *)r->owned_free);
    st_buf_free(&r->mem.buf);
    st_arena_free(&r->arena);
}

/* SplitMix64 (Steele, Lea and Flood 2014). */
uint64_t st_run_random(st_run *r)
{
    uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

bool st_run_nomem(st_run *r)
{
    if (r->budget.met)
        return st_run_stop(r, ST_STOP_MEMORY);
    st_fail(&r->err, ST_E_MEMORY, "out of memory");
    return false;
}

/* limits */

bool st_run_stop(st_run *r, st_stop why)
{
    const st_query_limits *l = &r->limits;
    switch (why) {
    case ST_STOP_ROWS:
        st_fail(&r->err, ST_E_LIMIT,
                "stopped at %llu rows of one operator, the limit; --max-rows raises it",
                (unsigned long long)l->rows);
        break;
    case ST_STOP_MEMORY:
        if (!r->budget.most)
            st_fail(&r->err, ST_E_LIMIT, "stopped at a value whose text has more than %zu MiB",
                    ST_MAX_JSON_TEXT >> 20);
        st_fail(&r->err, ST_E_LIMIT,
                "stopped at %llu MiB of memory, the limit; --max-memory raises it",
                (unsigned long long)l->memory >> 20);
        break;
    case ST_STOP_TIME:
        st_fail(&r->err, ST_E_LIMIT, "stopped after %llu s, the limit; --max-time raises it",
                (unsigned long long)l->seconds);
        break;
    }
    return false;
}

static int64_t clock_ns(clockid_t which)
{
    struct timespec t = { 0 };
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A few milliseconds more or less don't matter here. */
static bool in_time(st_run *r)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
    if (!r->started)
        r->started = now;
    return (uint64_t)(now - r->started) / 1000000000 < r->limits.seconds;
}

bool st_run_going(st_run *r)
{
    if (!st_run_ok(r))
        return false;
    uint64_t grown = st_pool_bytes(r->mem.pool) - r->pool_before;
    if (r->budget.met || (r->budget.most && r->budget.used + grown > r->budget.most))
        return st_run_stop(r, ST_STOP_MEMORY);
    return in_time(r) || st_run_stop(r, ST_STOP_TIME);
}

bool st_run_rows(st_run *r, uint64_t n)
{
    return n <= r->read || n - r->read <= r->limits.rows || st_run_stop(r, ST_STOP_ROWS);
}

st_batch *st_op_next(st_run *r, st_op *op)
{
    if (!st_run_going(r))
        return NULL;
    int64_t began = r->measure ? clock_ns(CLOCK_MONOTONIC) : 0;
    st_batch *b = op->next(r, op);
    if (r->measure)
        op->ns += clock_ns(CLOCK_MONOTONIC) - began;
    if (!b)
        return NULL;
    op->rows += b->n;
    if (op->evidence)
        r->read += b->n;
    if (st_run_rows(r, op->rows))
        return b;
    st_batch_free(b);
    return NULL;
}

/* batches */

bool st_run_own(st_run *r, void *p, void (*f)(void *))
{
    if (!st_grow(&r->owned, &r->owned_cap, r->nowned + 1, sizeof *r->owned) ||
        !st_grow(&r->owned_free, &r->owned_free_cap, r->nowned + 1, sizeof *r->owned_free)) {
        f(p);
        return st_run_nomem(r);
    }
    r->owned[r->nowned] = p;
    r->owned_free[r->nowned++] = f;
    return true;
}

st_batch *st_batch_new(st_run *r, size_t n, size_t ncols)
{
    st_batch *b = calloc(1, sizeof *b);
    if (!b) {
        st_run_nomem(r);
        return NULL;
    }
    b->n = n;
    b->ncols = ncols;
    b->arena.budget = &r->budget;
    b->node = ST_NEWN(&b->arena, st_node, n);
    b->cols = ST_NEWN(&b->arena, st_slot, ncols);
    if (!b->node || !b->cols) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        b->node[i] = ST_NO_NODE;
    return b;
}

void st_batch_free(st_batch *b)
{
    if (!b)
        return;
    st_arena_free(&b->arena);
    free(b);
}

/* what a row stands for */

const st_event *st_lineage_event(const st_run *r, st_node row)
{
    const st_forest *f = r->forest;
    size_t i = row == ST_NO_NODE || row < f->n ? SIZE_MAX : row - f->n;
    return i < f->nevents ? &f->events[i] : NULL;
}

uint32_t st_lineage_host(const st_run *r, st_node row)
{
    const st_forest *f = r->forest;
    const st_event *e = st_lineage_event(r, row);
    if (e)
        return e->host;
    if (row == ST_NO_NODE)
        return ST_NO_NODE;
    return row < f->n ? f->procs[row].host : (uint32_t)(row - f->n - f->nevents);
}

static st_node observed(const st_forest *f, st_node n)
{
    return n < f->n && (f->procs[n].flags & ST_P_OBSERVED) ? n : ST_NO_NODE;
}

st_node st_lineage_process(const st_run *r, st_node row)
{
    const st_event *e = st_lineage_event(r, row);
    return observed(r->forest, e ? e->process : row);
}

static st_val value_of(st_run *r, st_node row, const st_getter *c)
{
    const st_event *e = c->flags & (ST_SRC_ACTOR | ST_SRC_TARGET) ? st_lineage_event(r, row) : NULL;
    if (e)
        row = observed(r->forest, c->flags & ST_SRC_ACTOR ? e->process : e->target);
    return row == ST_NO_NODE ? st_val_missing(c->type) : c->get(r, row, c);
}

const st_val *st_batch_col(st_run *r, st_batch *b, size_t i)
{
    st_slot *s = &b->cols[i];
    if (s->v)
        return s->v;
    st_val *v = ST_NEWN(&b->arena, st_val, b->n);
    if (!v) {
        st_run_nomem(r);
        return NULL;
    }
    const st_node *node = s->node ? s->node : b->node;
    for (size_t k = 0; k < b->n; k++)
        v[k] = s->source && node[k] != ST_NO_NODE
                   ? value_of(r, node[k], s->source)
                   : st_val_missing(s->source ? s->source->type : ST_TYPE_DYNAMIC);
    s->v = v;
    return v;
}

/* Several columns may have the same nodes. */
static bool nodes_seen(const st_batch *b, size_t col)
{
    for (size_t i = col; i-- > 0;)
        if (b->cols[i].node == b->cols[col].node)
            return true;
    return false;
}

static size_t filter_nodes(st_node *node, const bool *keep, size_t n)
{
    size_t to = 0;
    for (size_t k = 0; k < n; k++)
        if (keep[k])
            node[to++] = node[k];
    return to;
}

void st_batch_filter(st_batch *b, const bool *keep)
{
    size_t n = filter_nodes(b->node, keep, b->n);
    for (size_t i = 0; i < b->ncols; i++) {
        if (b->cols[i].node && !nodes_seen(b, i))
            (void)filter_nodes(b->cols[i].node, keep, b->n);
        st_val *v = b->cols[i].v;
        for (size_t k = 0, to = 0; v && k < b->n; k++)
            if (keep[k])
                v[to++] = v[k];
    }
    b->n = n;
}

/* rows that an operator must hold */

bool st_rows_read(st_run *r, st_op *op, st_rows *out)
{
    st_batch *b;
    while ((b = st_op_next(r, op)) != NULL) {
        if (!st_mem_grow(&r->mem, &out->batch, &out->cap, out->n + 1, sizeof(st_batch *))) {
            st_batch_free(b);
            return st_run_nomem(r);
        }
        out->batch[out->n++] = b;
        out->rows += b->n;
    }
    return st_run_ok(r);
}

void st_rows_free(st_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        st_batch_free(rows->batch[i]);
    free(rows->batch);
    *rows = (st_rows){ 0 };
}

/* The nodes that column c's source is asked about, for the rows of the new batch. */
static st_node *gather_nodes(const st_rows *rows, size_t c, st_batch *b, const st_at *at)
{
    bool own = true, as_before = c > 0 && b->cols[c - 1].node;
    for (size_t i = 0; i < rows->n; i++) {
        own = own && !rows->batch[i]->cols[c].node;
        as_before = as_before && rows->batch[i]->cols[c].node == rows->batch[i]->cols[c - 1].node;
    }
    if (own || as_before)
        return own ? b->node : b->cols[c - 1].node;
    st_node *node = ST_NEWN(&b->arena, st_node, b->n);
    for (size_t k = 0; node && k < b->n; k++) {
        const st_batch *from = at[k].batch == UINT32_MAX ? NULL : rows->batch[at[k].batch];
        const st_node *nodes = !from ? NULL : from->cols[c].node ? from->cols[c].node : from->node;
        node[k] = nodes ? nodes[at[k].row] : ST_NO_NODE;
    }
    return node;
}

/* A column that no batch has computed yet stays uncomputed. */
static const st_getter *lazy_column(const st_rows *rows, size_t c)
{
    const st_getter *s = rows->n ? rows->batch[0]->cols[c].source : NULL;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->batch[i]->cols[c].v || rows->batch[i]->cols[c].source != s)
            return NULL;
    return s;
}

st_batch *st_rows_gather(st_run *r, const st_rows *rows, const st_schema *schema, const st_at *at,
                         size_t n)
{
    st_batch *b = st_batch_new(r, n, schema->n);
    for (size_t k = 0; b && k < n; k++)
        if (at[k].batch != UINT32_MAX)
            b->node[k] = rows->batch[at[k].batch]->node[at[k].row];
    for (size_t c = 0; b && c < schema->n; c++) {
        b->cols[c].source = lazy_column(rows, c);
        st_node *node = b->cols[c].source ? gather_nodes(rows, c, b, at) : NULL;
        b->cols[c].node = node == b->node ? NULL : node;
        if (node)
            continue;
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t i = 0; v && i < rows->n; i++)
            if (!st_batch_col(r, rows->batch[i], c))
                v = NULL;
        if (!v) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
        for (size_t k = 0; k < n; k++)
            v[k] = at[k].batch == UINT32_MAX ? st_val_missing(schema->v[c].type)
                                             : rows->batch[at[k].batch]->cols[c].v[at[k].row];
    }
    return b;
}

st_op *st_op_new(st_run *r, st_next_fn *next, st_op *in, size_t spec_size)
{
    if (!st_run_going(r)) /* binding takes of the same time and memory */
        return NULL;
    st_op *op = ST_NEW(&r->arena, st_op);
    void *spec = st_arena_alloc(&r->arena, spec_size, 1);
    if (!op || !spec) {
        st_run_nomem(r);
        return NULL;
    }
    op->next = next;
    op->in = in;
    op->spec = spec;
    op->spec_size = spec_size;
    op->older = r->ops;
    r->ops = op;
    if (in) {
        op->schema = in->schema;
        op->lineage = in->lineage;
    }
    return op;
}

size_t st_schema_put(st_run *r, st_schema *s, st_str name, st_type type)
{
    size_t at = 0;
    while (at < s->n && !st_str_eq(s->v[at].name, name))
        at++;
    st_col *v = ST_NEWN(&r->arena, st_col, s->n + 1);
    if (!v) {
        st_run_nomem(r);
        return SIZE_MAX;
    }
    if (s->n)
        memcpy(v, s->v, s->n * sizeof *v);
    v[at] = (st_col){ name, type };
    s->v = v;
    s->n += at == s->n;
    return at;
}
