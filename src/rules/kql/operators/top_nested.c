/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_nested.c - top-nested: the best few values of a column, of another in each of them ...
 *
 * A level turns each path (a row of the level before) into its best values; every row of the
 * input knows the path it is on, so a level is one pass. What isn't among the best leaves, or
 * goes into one path `others` that is not taken apart further.
 */
#include "rules/kql/operators/operators.h"
#include "rules/engine/value/group.h"

#include <stdlib.h>
#include <string.h>

typedef struct level {
    st_expr *key;
    st_bind_agg agg;
    size_t most;
    bool desc, others;
    st_val others_name;
} level;

typedef struct path {
    size_t parent; /* in the level before */
    st_val key, value;
} path;

typedef struct paths {
    path *v;
    size_t n, cap;
} paths;

typedef struct nested {
    level *levels;
    size_t n;
    paths *paths; /* by level */
    bool done;
    size_t next;
} nested;

typedef struct best {
    size_t parent, group;
    st_val value;
} best;

typedef struct ctx {
    const st_mem *mem;
    bool desc;
} ctx;

static int by_value(const void *pa, const void *pb, void *pc)
{
    const best *a = pa, *b = pb;
    const ctx *c = pc;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    bool an = st_val_last(a->value), bn = st_val_last(b->value);
    int d = an || bn ? (int)an - (int)bn : st_val_cmp(c->mem, a->value, b->value);
    if (d)
        return !(an || bn) && c->desc ? -d : d;
    return a->group < b->group ? -1 : 1;
}

static bool add_path(st_run *r, paths *p, path one)
{
    if (!st_mem_grow(&r->mem, &p->v, &p->cap, p->n + 1, sizeof *p->v))
        return st_run_nomem(r);
    p->v[p->n++] = one;
    return true;
}

/* What one level works with; all in the arena but the groups. */
typedef struct work {
    st_arena arena;
    st_grouping groups;
    size_t *group; /* by row */
    size_t *to;    /* by group: its path in this level */
    size_t *rest;  /* by row: the parent whose others it is among */
    best *best;
    st_batch *aggs, *others;
} work;

static bool group_rows(st_run *r, work *w, const st_rows *rows, const level *l,
                       const size_t *path_of)
{
    const st_val *key = st_rows_values(r, rows, l->key, &w->arena);
    w->group = ST_NEWN(&w->arena, size_t, rows->rows + 1);
    if (!key || !w->group)
        return st_run_nomem(r);
    for (size_t k = 0; k < rows->rows; k++) {
        st_val pair[2] = { st_val_long((int64_t)path_of[k]), key[k] };
        w->group[k] =
            path_of[k] == SIZE_MAX ? SIZE_MAX : st_grouping_put(&r->mem, &w->groups, pair);
        if (w->group[k] == SIZE_MAX && path_of[k] != SIZE_MAX)
            return st_run_nomem(r);
    }
    return true;
}

static const st_val *agg_values(st_run *r, const st_rows *rows, const size_t *group, size_t n,
                                const level *l, st_batch **keep, size_t *step)
{
    *keep = st_agg_run(r, rows, group, n, l->agg.calls, l->agg.ncalls);
    return *keep ? st_expr_run(r, l->agg.x, *keep, step) : NULL;
}

/* The best groups of each parent become paths; to[group] says which. */
static bool pick(st_run *r, work *w, const level *l, const st_val *value, size_t step,
                 size_t parents, const st_val *others, size_t others_step, const bool *has_rest,
                 paths *out)
{
    size_t n = w->groups.n, at = 0;
    for (size_t g = 0; g < n; g++)
        w->best[g] = (best){ (size_t)w->groups.keys[2 * g].u.i, g, value[g * step] };
    ctx c = { &r->mem, l->desc };
    qsort_r(w->best, n, sizeof *w->best, by_value, &c);
    for (size_t p = 0; p < parents; p++) {
        size_t taken = 0, before = out->n;
        for (; at < n && w->best[at].parent == p; at++, taken++) {
            size_t g = w->best[at].group;
            w->to[g] = taken < l->most ? out->n : SIZE_MAX;
            if (taken < l->most &&
                !add_path(r, out, (path){ p, w->groups.keys[2 * g + 1], w->best[at].value }))
                return false;
        }
        if (others && has_rest[p] &&
            !add_path(r, out, (path){ p, l->others_name, others[p * others_step] }))
            return false;
        if (out->n == before && !taken && /* an `others` of a level before: stays as it is */
            !add_path(r, out,
                      (path){ p, st_val_missing(l->key->type), st_val_missing(l->agg.x->type) }))
            return false;
    }
    return true;
}

/* Which rows are among their parent's others: those of groups beyond the best. */
static void rest_of(work *w, const level *l, const st_rows *rows, const size_t *path_of,
                    bool *has_rest)
{
    size_t parent = SIZE_MAX, taken = 0;
    for (size_t i = 0; i < w->groups.n; i++) {
        taken = w->best[i].parent == parent ? taken + 1 : 0;
        parent = w->best[i].parent;
        w->to[w->best[i].group] = taken < l->most ? 0 : SIZE_MAX;
    }
    for (size_t k = 0; k < rows->rows; k++) {
        bool rest = path_of[k] != SIZE_MAX && w->to[w->group[k]] == SIZE_MAX;
        w->rest[k] = rest ? path_of[k] : SIZE_MAX;
        if (rest)
            has_rest[path_of[k]] = true;
    }
}

static bool run_level(st_run *r, work *w, const level *l, const st_rows *rows, size_t *path_of,
                      size_t parents, paths *out)
{
    size_t step = 0, others_step = 0;
    if (!group_rows(r, w, rows, l, path_of))
        return false;
    size_t n = w->groups.n;
    w->to = ST_NEWN(&w->arena, size_t, n + 1);
    w->best = ST_NEWN(&w->arena, best, n + 1);
    w->rest = ST_NEWN(&w->arena, size_t, rows->rows + 1);
    bool *has_rest = ST_NEWN(&w->arena, bool, parents + 1);
    const st_val *value = agg_values(r, rows, w->group, n, l, &w->aggs, &step), *others = NULL;
    if (!w->to || !w->best || !w->rest || !has_rest || !value)
        return st_run_nomem(r);
    if (l->others) {
        ctx c = { &r->mem, l->desc };
        for (size_t g = 0; g < n; g++)
            w->best[g] = (best){ (size_t)w->groups.keys[2 * g].u.i, g, value[g * step] };
        qsort_r(w->best, n, sizeof *w->best, by_value, &c);
        rest_of(w, l, rows, path_of, has_rest);
        others = agg_values(r, rows, w->rest, parents, l, &w->others, &others_step);
        if (!others)
            return false;
    }
    if (!pick(r, w, l, value, step, parents, others, others_step, has_rest, out))
        return false;
    for (size_t k = 0; k < rows->rows; k++)
        path_of[k] = path_of[k] == SIZE_MAX ? SIZE_MAX : w->to[w->group[k]];
    return true;
}

static bool run_levels(st_run *r, nested *s, const st_rows *rows)
{
    size_t *path_of = st_mem_zeroed(&r->mem, rows->rows + 1, sizeof *path_of), parents = 1;
    bool ok = path_of != NULL || st_run_nomem(r); /* false: out of memory */
    for (size_t i = 0; path_of && ok && i < s->n; i++) {
        work w = { .arena.budget = &r->budget };
        st_grouping_init(&w.groups, 2);
        ok = run_level(r, &w, &s->levels[i], rows, path_of, parents, &s->paths[i]);
        parents = s->paths[i].n;
        st_batch_free(w.aggs);
        st_batch_free(w.others);
        st_grouping_free(&w.groups);
        st_arena_free(&w.arena);
    }
    free(path_of);
    return ok;
}

static st_batch *nested_next(st_run *r, st_op *op)
{
    nested *s = op->spec;
    if (!s->done) {
        st_rows rows = { 0 };
        s->done = true;
        bool ok = st_rows_read(r, op->in, &rows) && (!rows.rows || run_levels(r, s, &rows));
        st_rows_free(&rows);
        if (!ok)
            return NULL;
    }
    const paths *last = &s->paths[s->n - 1];
    size_t n = last->n - s->next < ST_BATCH_ROWS ? last->n - s->next : ST_BATCH_ROWS;
    st_batch *b = n ? st_batch_new(r, n, op->schema.n) : NULL;
    for (size_t c = 0; b && c < op->schema.n; c++)
        if (!(b->cols[c].v = ST_NEWN(&b->arena, st_val, n))) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
    for (size_t k = 0; b && k < n; k++)
        for (size_t i = s->n, at = s->next + k; i-- > 0; at = s->paths[i].v[at].parent) {
            b->cols[2 * i].v[k] = s->paths[i].v[at].key;
            b->cols[2 * i + 1].v[k] = s->paths[i].v[at].value;
        }
    s->next += n;
    return b;
}

/* binding */

static bool bind_level(const st_scope *sc, const st_kql_level *q, level *l, st_col *cols)
{
    st_val v;
    st_type t;
    if (!st_bind_key(sc, q->of, &cols[0], &l->key) || !st_bind_aggregate(sc, q->by.expr, &l->agg))
        return false;
    l->desc = !q->by.asc;
    l->most = SIZE_MAX;
    if (q->count) {
        if (!st_bind_constant(sc, q->count, &v, &t))
            return false;
        if (v.tag != ST_VAL_LONG) {
            st_bind_error(sc, q->count->span, "KS107", "a number of values is needed here");
            return false;
        }
        l->most = v.u.i < 0 ? 0 : (size_t)v.u.i;
    }
    if (q->others) {
        if (!st_bind_constant(sc, q->others, &v, &t))
            return false;
        l->others = true;
        l->others_name = t == cols[0].type ? v : st_val_convert(&sc->r->mem, cols[0].type, t, v);
    }
    st_buf name = { 0 };
    st_buf_fmt(&name, "aggregated_%.*s", ST_FMT(cols[0].name));
    cols[1] =
        (st_col){ l->agg.name.p ? l->agg.name : st_arena_copy(&sc->r->arena, st_buf_slice(&name)),
                  l->agg.x->type };
    st_buf_free(&name);
    return true;
}

static void nested_free(void *p)
{
    nested *s = p;
    for (size_t i = 0; i < s->n; i++)
        free(s->paths[i].v);
}

st_op *st_bind_op_top_nested(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    size_t n = q->u.nested.n;
    st_op *op = st_op_new(sc->r, nested_next, in, sizeof(nested));
    nested *s = op ? op->spec : NULL;
    if (!s || !n || !(s->levels = ST_NEWN(&sc->r->arena, level, n)) ||
        !(s->paths = ST_NEWN(&sc->r->arena, paths, n)) ||
        !(op->schema.v = ST_NEWN(&sc->r->arena, st_col, 2 * n)))
        return NULL;
    s->n = n;
    op->schema.n = 2 * n;
    op->lineage = false;
    for (size_t i = 0; i < n; i++)
        if (!bind_level(sc, &q->u.nested.levels[i], &s->levels[i], &op->schema.v[2 * i]))
            return NULL;
    for (size_t i = 0; i < 2 * n; i++)
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(op->schema.v[i].name, op->schema.v[k].name)) {
                st_bind_error(sc, q->u.nested.levels[i / 2].of->span, "KS171",
                              "there is a column %.*s already", ST_FMT(op->schema.v[i].name));
                return NULL;
            }
    return st_run_own(sc->r, s, nested_free) ? op : NULL;
}
