/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - what patterns need to be searched for: sets of nodes and edges that fit by
 * themselves, an order of steps, and matches as rows.
 *
 * Before anything is enumerated, the steps are gone through from the last to the first: each
 * leaves to its beginning only nodes from which its end can be reached. For a pattern without
 * circles every beginning that is left leads somewhere, so the work is that of the matches,
 * whatever the graph's size and whichever end the search begins at.
 */
#include "rules/engine/graph/graph.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* filters */

static st_graph_bits *new_bits(st_run *r, size_t n, bool value)
{
    st_graph_bits *b = ST_NEWN(&r->arena, st_graph_bits, n / 64 + 1);
    if (!b)
        st_run_nomem(r);
    else if (value)
        memset(b, 0xff, (n / 64 + 1) * sizeof *b);
    return b;
}

/* The columns of the pattern's row that x reads, each of one element, for numbers of it. */
static st_batch *row_batch(st_run *r, const st_graph_pattern *p, const st_gid *ids, size_t n,
                           const bool *used)
{
    st_batch *b = st_batch_new(r, n, p->ncols);
    for (size_t c = 0; b && c < p->ncols; c++) {
        if (!used[c])
            continue;
        bool edge = p->elements[p->cols[c].element].edge;
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = edge ? p->g->edge_value(r, p->g, ids[k], p->cols[c].property)
                        : p->g->node_value(r, p->g, ids[k], p->cols[c].property);
        if (!v || !st_run_ok(r)) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
    }
    return b;
}

/* Takes out of `set` what the filter doesn't hold for. */
static bool apply_filter(st_run *r, const st_graph_pattern *p, const st_graph_filter *f, bool nodes,
                         st_graph_bits *set)
{
    size_t total = nodes ? p->g->n : p->g->m;
    bool *used = ST_NEWN(&r->arena, bool, p->ncols + p->g->node.n + p->g->edge.n);
    if (!used || !st_expr_columns(r, f->x, used))
        return st_run_nomem(r);
    for (size_t at = 0; at < total;) {
        st_gid ids[ST_BATCH_ROWS];
        bool keep[ST_BATCH_ROWS];
        size_t n = 0;
        for (; at < total && n < ST_BATCH_ROWS; at++)
            if (st_graph_bits_has(set, (st_gid)at))
                ids[n++] = (st_gid)at;
        if (!n)
            break;
        st_batch *b = f->direct ? st_graph_batch(r, p->g, nodes, ids, n, used)
                                : row_batch(r, p, ids, n, used);
        bool ok = b && st_expr_test(r, f->x, b, keep);
        st_batch_free(b);
        if (!ok)
            return false;
        for (size_t k = 0; k < n; k++)
            if (!keep[k])
                st_graph_bits_put(set, ids[k], false);
    }
    return true;
}

static uint32_t count_bits(const st_graph_bits *b, size_t n)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += st_graph_bits_has(b, (st_gid)i);
    return count;
}

bool st_graph_allowed_find(st_run *r, const st_graph_pattern *p, st_graph_allowed *out)
{
    /* NOLINTBEGIN(bugprone-sizeof-expression): arrays of pointers are meant */
    out->own = ST_NEWN(&r->arena, st_graph_bits *, p->n);
    out->inner = ST_NEWN(&r->arena, st_graph_bits *, p->n);
    out->any = ST_NEWN(&r->arena, st_graph_bits *, p->nfilters);
    /* NOLINTEND(bugprone-sizeof-expression) */
    out->count = ST_NEWN(&r->arena, uint32_t, p->n);
    if (!out->own || !out->inner || !out->any || !out->count)
        return st_run_nomem(r);
    for (size_t i = 0; i < p->n; i++)
        if (!p->elements[i].edge && !(out->own[i] = new_bits(r, p->g->n, true)))
            return false;
    for (size_t i = 0; i < p->nfilters; i++) {
        const st_graph_filter *f = &p->filters[i];
        bool nodes = f->inner || !p->elements[f->element].edge;
        st_graph_bits **set = f->any     ? &out->any[i]
                              : f->inner ? &out->inner[f->element]
                                         : &out->own[f->element];
        if (!*set && !(*set = new_bits(r, nodes ? p->g->n : p->g->m, true)))
            return false;
        if (!apply_filter(r, p, f, nodes, *set))
            return false;
    }
    for (size_t i = 0; i < p->n; i++)
        if (!p->elements[i].edge)
            out->count[i] = count_bits(out->own[i], p->g->n);
    return true;
}

/* steps */

/* The edge to walk next: one that closes a circle if there is one, else the first from where
 * we have been. */
static size_t next_edge(const st_graph_pattern *p, const bool *done, const bool *seen)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < p->n; i++) {
        const st_graph_element *e = &p->elements[i];
        if (!e->edge || done[i] || !(seen[e->left] || seen[e->right]))
            continue;
        if (seen[e->left] && seen[e->right])
            return i;
        if (found == SIZE_MAX)
            found = i;
    }
    return found;
}

void st_graph_steps_order(const st_graph_pattern *p, size_t start, st_graph_step *out)
{
    bool done[ST_MAX_GRAPH_PATTERN] = { false }, seen[ST_MAX_GRAPH_PATTERN] = { false };
    seen[start] = true;
    for (size_t k = 0, i; (i = next_edge(p, done, seen)) != SIZE_MAX; k++) {
        const st_graph_element *e = &p->elements[i];
        bool ahead = seen[e->left];
        out[k] = (st_graph_step){ .edge = i,
                                  .from = ahead ? e->left : e->right,
                                  .to = ahead ? e->right : e->left,
                                  .ahead = ahead,
                                  .closes = seen[e->left] && seen[e->right] };
        done[i] = seen[e->left] = seen[e->right] = true;
    }
}

/* May the step follow edges from their source, from their target? back: against its direction. */
static void ways(const st_graph_pattern *p, const st_graph_step *s, bool back, bool *out, bool *in)
{
    st_graph_direction d = p->elements[s->edge].direction;
    bool right = (d == ST_GRAPH_RIGHT) == (s->ahead != back);
    *out = d == ST_GRAPH_EITHER || right;
    *in = d == ST_GRAPH_EITHER || !right;
}

static st_gid next_way(const st_graph *g, bool out, bool in, st_gid node, uint32_t *it, st_gid *to)
{
    uint32_t nout = out ? g->out.at[node + 1] - g->out.at[node] : 0;
    if (*it < nout) {
        st_gid e = g->out.edge[g->out.at[node] + (*it)++];
        *to = g->to[e];
        return e;
    }
    while (in && *it - nout < g->in.at[node + 1] - g->in.at[node]) {
        st_gid e = g->in.edge[g->in.at[node] + (*it)++ - nout];
        *to = g->from[e];
        if (!out || g->from[e] != g->to[e]) /* a loop is one way, not two */
            return e;
    }
    return ST_NO_GID;
}

st_gid st_graph_step_next(const st_graph_pattern *p, const st_graph_step *s, st_gid node,
                          uint32_t *it, st_gid *to)
{
    bool out, in;
    ways(p, s, false, &out, &in);
    return next_way(p->g, out, in, node, it, to);
}

/* which beginnings lead somewhere */

/* Breadth first, from the nodes that the step may end at, against its direction. */
static bool find_distances(st_run *r, const st_graph_pattern *p, const st_graph_allowed *a,
                           st_graph_step *s)
{
    const st_graph *g = p->g;
    uint32_t head = 0, tail = 0, max = p->elements[s->edge].max;
    bool out, in;
    ways(p, s, true, &out, &in);
    size_t held = r->mem.held;
    s->distance = ST_NEWN(&r->arena, uint32_t, g->n);
    st_gid *queue = st_mem_zeroed(&r->mem, (size_t)g->n + 1, sizeof *queue);
    if (!s->distance || !queue) {
        free(queue);
        return st_run_nomem(r);
    }
    for (st_gid v = 0; v < g->n; v++) {
        s->distance[v] = st_graph_bits_has(a->own[s->to], v) ? 0 : ST_NO_GID;
        if (!s->distance[v])
            queue[tail++] = v;
    }
    while (head < tail) {
        st_gid v = queue[head++], to, e;
        uint32_t it = 0, d = s->distance[v];
        if (d >= max || (d && !st_graph_bits_has(a->inner[s->edge], v)))
            continue;
        while ((e = next_way(g, out, in, v, &it, &to)) != ST_NO_GID)
            if (s->distance[to] == ST_NO_GID && st_graph_bits_has(a->own[s->edge], e)) {
                s->distance[to] = d + 1;
                queue[tail++] = to;
            }
    }
    free(queue);
    st_mem_release(&r->mem, held);
    return true;
}

static bool leads_on(const st_graph_pattern *p, const st_graph_allowed *a, const st_graph_step *s,
                     st_gid v)
{
    uint32_t it = 0;
    st_gid to, e;
    if (p->elements[s->edge].variable)
        return s->distance[v] <= p->elements[s->edge].max;
    while ((e = st_graph_step_next(p, s, v, &it, &to)) != ST_NO_GID)
        if (st_graph_bits_has(a->own[s->edge], e) && st_graph_bits_has(a->own[s->to], to))
            return true;
    return false;
}

bool st_graph_steps_reduce(st_run *r, const st_graph_pattern *p, st_graph_allowed *a,
                           st_graph_step *steps)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->elements[i].edge;
    while (n--) {
        st_graph_step *s = &steps[n];
        if (p->elements[s->edge].variable && !find_distances(r, p, a, s))
            return false;
        for (st_gid v = 0; v < p->g->n; v++)
            if (st_graph_bits_has(a->own[s->from], v) && !leads_on(p, a, s, v))
                st_graph_bits_put(a->own[s->from], v, false);
    }
    return true;
}

/* matches as rows */

bool st_graph_matches_init(st_run *r, const st_graph_pattern *p, st_graph_matches *m)
{
    /* NOLINTBEGIN(bugprone-sizeof-expression): arrays of pointers are meant */
    m->id = ST_NEWN(&r->arena, st_gid *, p->n);
    m->path_at = ST_NEWN(&r->arena, size_t *, p->n);
    m->path_n = ST_NEWN(&r->arena, uint32_t *, p->n);
    /* NOLINTEND(bugprone-sizeof-expression) */
    if (!m->id || !m->path_at || !m->path_n)
        return st_run_nomem(r);
    for (size_t i = 0; i < p->n; i++) {
        bool variable = p->elements[i].variable;
        m->id[i] = variable ? NULL : ST_NEWN(&r->arena, st_gid, ST_BATCH_ROWS);
        m->path_at[i] = variable ? ST_NEWN(&r->arena, size_t, ST_BATCH_ROWS) : NULL;
        m->path_n[i] = variable ? ST_NEWN(&r->arena, uint32_t, ST_BATCH_ROWS) : NULL;
    }
    return !r->arena.failed || st_run_nomem(r);
}

void st_graph_matches_free(st_graph_matches *m)
{
    free(m->path);
    m->path = NULL;
    m->path_used = m->path_cap = 0;
}

/* Where the pattern's edge i of match k leads, from its left end on: inner nodes are those
 * between its edges. */
static size_t inner_nodes(const st_graph_pattern *p, const st_graph_matches *m, size_t i, size_t k,
                          st_gid *out)
{
    const st_graph_element *e = &p->elements[i];
    const st_gid *path = m->path + m->path_at[i][k], *from = p->g->from, *to = p->g->to;
    size_t n = m->path_n[i][k];
    st_gid at = m->id[e->left][k];
    for (size_t j = 0; j + 1 < n; j++) {
        bool right = e->direction == ST_GRAPH_RIGHT ||
                     (e->direction == ST_GRAPH_EITHER && from[path[j]] == at);
        out[j] = at = right ? to[path[j]] : from[path[j]];
    }
    return n ? n - 1 : 0;
}

static st_val fold_values(st_run *r, st_graph_col_kind kind, const st_val *v, size_t step, size_t n)
{
    if (kind == ST_GC_MAP) {
        st_array *a = st_array_new(&r->mem, n);
        for (size_t i = 0; a && i < n; i++)
            a->v[i] = v[i * step];
        return st_val_array(a);
    }
    bool any = kind == ST_GC_ANY;
    for (size_t i = 0; i < n; i++)
        if ((v[i * step].tag == ST_VAL_BOOL && v[i * step].u.b) == any)
            return st_val_bool(any);
    return st_val_bool(!any);
}

enum { CHUNK = 65536 }; /* edges whose values are computed at a time, about */

/* The column's values for the matches from..end of which the paths have n edges or nodes. */
static bool path_values(st_run *r, const st_graph_pattern *p, const st_graph_matches *m,
                        const st_graph_col *c, const bool *used, size_t from, size_t end, size_t n,
                        st_val *out)
{
    st_arena a = { 0 };
    st_gid *ids = ST_NEWN(&a, st_gid, n);
    size_t *count = ST_NEWN(&a, size_t, end - from), at = 0, step = 0;
    for (size_t k = from; ids && count && k < end; k++) {
        if (c->inner) {
            count[k - from] = inner_nodes(p, m, c->element, k, ids + at);
        } else {
            count[k - from] = m->path_n[c->element][k];
            if (count[k - from])
                memcpy(ids + at, m->path + m->path_at[c->element][k],
                       count[k - from] * sizeof *ids);
        }
        at += count[k - from];
    }
    st_batch *b = ids && count ? st_graph_batch(r, p->g, c->inner, ids, at, used) : NULL;
    const st_val *v = b ? st_expr_run(r, c->x, b, &step) : NULL;
    for (size_t k = from, i = 0; v && k < end; i += count[k++ - from])
        out[k] = fold_values(r, c->kind, v + i * step, step, count[k - from]);
    st_batch_free(b);
    st_arena_free(&a);
    return v ? true : st_run_nomem(r);
}

static bool fill_path(st_run *r, const st_graph_pattern *p, const st_graph_matches *m,
                      const st_graph_col *c, st_val *out)
{
    bool *used = calloc(p->g->node.n + p->g->edge.n + 1, sizeof *used);
    bool ok = used && st_expr_columns(r, c->x, used);
    for (size_t k = 0; ok && k < m->n;) {
        size_t from = k, n = 0;
        do
            n += m->path_n[c->element][k++];
        while (k < m->n && n + m->path_n[c->element][k] <= CHUNK);
        ok = path_values(r, p, m, c, used, from, k, n, out);
    }
    free(used);
    return ok || st_run_nomem(r);
}

static bool fill_column(st_run *r, const st_graph_pattern *p, const st_graph_matches *m, size_t col,
                        st_batch *b)
{
    const st_graph_col *c = &p->cols[col];
    if (b->cols[col].v || c->kind == ST_GC_ELEMENT || c->kind == ST_GC_EACH)
        return true;
    st_val *v = b->cols[col].v = ST_NEWN(&b->arena, st_val, m->n);
    if (!v)
        return st_run_nomem(r);
    if (c->kind != ST_GC_PROPERTY)
        return fill_path(r, p, m, c, v);
    bool edge = p->elements[c->element].edge;
    for (size_t k = 0; k < m->n; k++)
        v[k] = edge ? p->g->edge_value(r, p->g, m->id[c->element][k], c->property)
                    : p->g->node_value(r, p->g, m->id[c->element][k], c->property);
    return st_run_ok(r);
}

static void keep_matches(const st_graph_pattern *p, st_graph_matches *m, const bool *keep)
{
    size_t n = 0;
    for (size_t k = 0; k < m->n; k++) {
        if (!keep[k])
            continue;
        for (size_t i = 0; i < p->n; i++) {
            if (m->id[i])
                m->id[i][n] = m->id[i][k];
            if (m->path_at[i]) {
                m->path_at[i][n] = m->path_at[i][k];
                m->path_n[i][n] = m->path_n[i][k];
            }
        }
        n++;
    }
    m->n = n;
}

/* Drops the matches that the remaining conditions don't hold for. */
static bool apply_rest(st_run *r, const st_graph_pattern *p, st_graph_matches *m)
{
    bool keep[ST_BATCH_ROWS];
    st_batch *b = st_batch_new(r, m->n, p->ncols);
    bool *used = b ? ST_NEWN(&b->arena, bool, p->ncols) : NULL;
    bool ok = used && st_expr_columns(r, p->rest, used);
    for (size_t c = 0; ok && c < p->ncols; c++)
        ok = !used[c] || fill_column(r, p, m, c, b);
    ok = ok && st_expr_test(r, p->rest, b, keep);
    st_batch_free(b);
    if (ok)
        keep_matches(p, m, keep);
    return ok || st_run_nomem(r);
}

st_batch *st_graph_matches_batch(st_run *r, const st_graph_pattern *p, st_graph_matches *m)
{
    bool ok = !m->n || !p->rest || apply_rest(r, p, m);
    st_batch *b = ok && m->n ? st_batch_new(r, m->n, p->ncols) : NULL;
    for (size_t c = 0; ok && b && c < p->ncols; c++)
        ok = !p->cols[c].shown || fill_column(r, p, m, c, b);
    for (size_t k = 0; ok && b && p->g->lineage && k < m->n; k++)
        b->node[k] = p->g->node_of(p->g, m->id[p->subject][k]);
    m->n = m->path_used = 0;
    if (ok)
        return b;
    st_batch_free(b);
    return NULL;
}
