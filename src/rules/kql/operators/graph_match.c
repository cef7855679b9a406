/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_match.c - graph-match: every occurrence of a pattern, a row each.
 *
 * The search begins with the node of fewest possibilities and takes one step of the pattern
 * after the other, depth first, on a stack of its own: a frame stands at a node, so many edges
 * into a step. Distances keep it from edges behind which the step can't end. Two elements may
 * be the same node (cycles=none forbids it), and no edge is used twice (cycles=all allows it).
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/operators/operators.h"

#include <stdlib.h>
#include <string.h>

typedef enum cycles { UNIQUE_EDGES, ALL, NONE } cycles;

typedef struct frame {
    st_gid node;
    st_gid edge; /* taken to come here; ST_NO_GID: where a step begins */
    uint32_t step, depth, it;
    bool ended; /* was looked at as the step's end already */
} frame;

typedef struct match {
    st_graph_pattern p;
    cycles cycles;
    st_graph_allowed allowed;
    st_graph_step *steps;
    size_t nsteps, start;
    st_gid next;   /* the node to begin from next */
    st_gid *bound; /* by element */
    frame *stack;
    size_t depth, cap;
    st_graph_bits *taken; /* edges, or nodes, of the match at hand; NULL: no matter */
    st_graph_matches found;
    uint64_t work;
    bool ready, done;
} match;

static void match_free(void *q)
{
    match *m = q;
    free(m->stack);
    st_graph_matches_free(&m->found);
}

/* setting out */

static bool set_out(st_run *r, match *m)
{
    const st_graph_pattern *p = &m->p;
    m->ready = true;
    if (!st_graph_ready(r, p->g) || !st_graph_allowed_find(r, p, &m->allowed))
        return false;
    size_t taken = m->cycles == ALL ? 0 : (m->cycles == NONE ? p->g->n : p->g->m) / 64 + 1;
    for (size_t i = 0; i < p->n; i++) {
        m->nsteps += p->elements[i].edge;
        if (!p->elements[i].edge && m->allowed.count[i] < m->allowed.count[m->start])
            m->start = i;
    }
    m->steps = ST_NEWN(&r->arena, st_graph_step, m->nsteps);
    m->bound = ST_NEWN(&r->arena, st_gid, p->n);
    m->taken = taken ? ST_NEWN(&r->arena, st_graph_bits, taken) : NULL;
    if (!m->steps || !m->bound || (taken && !m->taken))
        return st_run_nomem(r);
    st_graph_steps_order(p, m->start, m->steps);
    return st_graph_steps_reduce(r, p, &m->allowed, m->steps) &&
           st_graph_matches_init(r, p, &m->found);
}

/* the way */

/* What this frame took when it was entered, so that nobody else takes it: its edge; or its
 * node, unless a frame below stands there already. */
static st_gid taken_by(const match *m, const frame *f)
{
    if (m->cycles == NONE)
        return f->edge != ST_NO_GID || f == m->stack ? f->node : ST_NO_GID;
    return f->edge;
}

static bool push(st_run *r, match *m, frame f)
{
    if (!st_mem_grow(&r->mem, &m->stack, &m->cap, m->depth + 1, sizeof *m->stack))
        return st_run_nomem(r);
    frame *top = &m->stack[m->depth++];
    *top = f;
    st_gid taken = taken_by(m, top);
    if (m->taken && taken != ST_NO_GID)
        st_graph_bits_put(m->taken, taken, true);
    return true;
}

static void pop(match *m)
{
    const frame *top = &m->stack[m->depth - 1];
    st_gid taken = taken_by(m, top);
    if (m->taken && taken != ST_NO_GID)
        st_graph_bits_put(m->taken, taken, false);
    m->depth--;
}

/* May the step end where the frame stands? */
static bool ends(const match *m, const frame *f)
{
    const st_graph_step *s = &m->steps[f->step];
    if (f->depth < m->p.elements[s->edge].min)
        return false;
    return s->closes ? m->bound[s->to] == f->node
                     : st_graph_bits_has(m->allowed.own[s->to], f->node);
}

static bool may_take(const match *m, const frame *f, st_gid edge, st_gid to)
{
    const st_graph_step *s = &m->steps[f->step];
    const st_graph_element *e = &m->p.elements[s->edge];
    if (!st_graph_bits_has(m->allowed.own[s->edge], edge))
        return false;
    if (m->taken && st_graph_bits_has(m->taken, m->cycles == NONE ? to : edge))
        return false;
    return !e->variable ||
           (s->distance[to] != ST_NO_GID && f->depth + 1 + s->distance[to] <= e->max);
}

/* From the top of the stack one edge further, or back. */
static bool go_on(st_run *r, match *m)
{
    frame *f = &m->stack[m->depth - 1];
    const st_graph_step *s = &m->steps[f->step];
    const st_graph_element *e = &m->p.elements[s->edge];
    bool further =
        f->depth < e->max && (!f->depth || st_graph_bits_has(m->allowed.inner[s->edge], f->node));
    st_gid edge = ST_NO_GID, to = ST_NO_GID;
    while (further && (edge = st_graph_step_next(&m->p, s, f->node, &f->it, &to)) != ST_NO_GID) {
        if (may_take(m, f, edge, to))
            break;
    }
    if (edge != ST_NO_GID)
        return push(r, m,
                    (frame){ .node = to, .edge = edge, .step = f->step, .depth = f->depth + 1 });
    pop(m);
    return true;
}

/* a match */

/* The edges that step i took, in the order of the pattern. */
static bool save_path(st_run *r, match *m, size_t i, const frame *first, size_t n)
{
    st_graph_matches *to = &m->found;
    const st_graph_step *s = &m->steps[i];
    if (!st_mem_grow(&r->mem, &to->path, &to->path_cap, to->path_used + n + 1, sizeof *to->path))
        return st_run_nomem(r);
    to->path_at[s->edge][to->n] = to->path_used;
    to->path_n[s->edge][to->n] = (uint32_t)n;
    for (size_t k = 0; k < n; k++)
        to->path[to->path_used + k] = first[s->ahead ? k : n - 1 - k].edge;
    to->path_used += n;
    return true;
}

static bool save(st_run *r, match *m)
{
    const st_graph_pattern *p = &m->p;
    for (size_t i = 0; i < p->n; i++)
        if (!p->elements[i].edge)
            m->found.id[i][m->found.n] = m->bound[i];
    for (size_t i = 0, at = 0; i < m->nsteps; i++) {
        size_t n = 0;
        at++; /* where the step begins */
        while (at + n < m->depth && m->stack[at + n].step == i)
            n++;
        if (p->elements[m->steps[i].edge].variable) {
            if (!save_path(r, m, i, &m->stack[at], n))
                return false;
        } else {
            m->found.id[m->steps[i].edge][m->found.n] = m->stack[at].edge;
        }
        at += n;
    }
    m->found.n++;
    return true;
}

/* The frame's node is the end of its step: on to the next one, or a match. */
static bool end_step(st_run *r, match *m, frame *f)
{
    const st_graph_step *s = &m->steps[f->step];
    m->bound[s->to] = f->node;
    if (f->step + 1u == m->nsteps)
        return save(r, m);
    return push(r, m,
                (frame){ .node = m->bound[m->steps[f->step + 1].from],
                         .edge = ST_NO_GID,
                         .step = f->step + 1 });
}

static bool begin(st_run *r, match *m, st_gid node)
{
    m->bound[m->start] = node;
    return m->nsteps ? push(r, m, (frame){ .node = node, .edge = ST_NO_GID }) : save(r, m);
}

/* Fills a batch of matches. False: the run failed. */
static bool search(st_run *r, match *m)
{
    while (m->found.n < ST_BATCH_ROWS && !m->done) {
        bool ok = ++m->work % 4096 || st_run_going(r);
        frame *f = m->depth ? &m->stack[m->depth - 1] : NULL;
        if (!ok) {
            return false;
        } else if (!f && m->next >= m->p.g->n) {
            m->done = true;
        } else if (!f) {
            st_gid v = m->next++;
            ok = !st_graph_bits_has(m->allowed.own[m->start], v) || begin(r, m, v);
        } else if (!f->ended) {
            f->ended = true;
            ok = !ends(m, f) || end_step(r, m, f);
        } else {
            ok = go_on(r, m);
        }
        if (!ok)
            return false;
    }
    return true;
}

static st_batch *match_next(st_run *r, st_op *op)
{
    match *m = op->spec;
    if (!m->ready && !set_out(r, m))
        m->done = true;
    while (!m->done || m->found.n) {
        if (!st_run_ok(r) || !search(r, m))
            return NULL;
        st_batch *b = st_graph_matches_batch(r, &m->p, &m->found);
        if (b)
            return b;
    }
    return NULL;
}

/* binding */

static bool bind_cycles(const st_scope *sc, const st_kql_op *q, cycles *out)
{
    static const char *const words[] = { "unique_edges", "all", "none" };
    const st_kql_name *o = &q->u.match.option;
    for (size_t i = 0; i < 3; i++)
        if (!o->text.n || st_str_is(o->text, words[i])) {
            *out = (cycles)i;
            return true;
        }
    st_bind_error(sc, o->span, NULL, "cycles can be all, none or unique_edges");
    return false;
}

st_op *st_bind_op_graph_match(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *op = st_op_new(sc->r, match_next, NULL, sizeof(match));
    match *m = op ? op->spec : NULL;
    if (!m || !st_run_own(sc->r, m, match_free))
        return NULL;
    m->p = (st_graph_pattern){ .g = in->graph, .op = op };
    if (!bind_cycles(sc, q, &m->cycles) || !st_graph_pattern_bind(sc, &m->p, q))
        return NULL;
    bool ok = st_graph_pattern_where(sc, &m->p, q->u.match.where, false);
    st_op *rows = st_graph_pattern_project(sc, &m->p, q); /* its mistakes are told, too */
    return ok ? rows : NULL;
}
