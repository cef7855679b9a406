/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_shortest_paths.c - graph-shortest-paths: for each two nodes that the ends of a pattern
 * may be, a path of the fewest edges, or all of that length.
 *
 * Breadth first from one end, once for each of its nodes, over states: a node, the step of the
 * pattern, how many edges into it, and which any() has been satisfied. Once the least length is
 * reached it doesn't matter how far beyond, for with one edge of variable length the earliest
 * arrival has the most left; with several every length is a state of its own. Who begins and
 * ends at one node finds only the path of no edges.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/operators/operators.h"

#include <stdlib.h>
#include <string.h>

/* A state that was reached: the places that it was reached from are a list of arcs. */
typedef struct visit {
    st_gid node;
    uint32_t step, depth, flags, layer;
    uint32_t place;       /* where in slots */
    uint32_t first, last; /* arcs, number + 1 */
} visit;

typedef struct arc {
    uint32_t from, next;
    st_gid edge; /* ST_NO_GID: one step ends and the next begins */
} arc;

typedef struct frame {
    uint32_t visit, arc; /* the arc that is looked at, number + 1; 0: none is left */
} frame;

typedef struct lane {                      /* of a step */
    uint32_t base, depths, flags;          /* places: base + depth * flags + flag */
    size_t anys[ST_MAX_GRAPH_ANYS], nanys; /* its any() filters */
} lane;

typedef struct paths {
    st_graph_pattern p;
    bool all;
    st_graph_allowed allowed;
    st_graph_step *steps;
    lane *lanes;
    size_t nsteps, start, end; /* elements */
    uint32_t *slots;           /* by place and node: the visit, number + 1 */
    uint32_t *best;            /* by node: the layer at which it was accepted, + 1 */
    visit *visits;
    size_t nvisits, visits_cap;
    arc *arcs;
    size_t narcs, arcs_cap;
    uint32_t *accepted; /* visits */
    size_t naccepted, accepted_cap, taken;
    frame *stack; /* from an accepted visit back to the beginning */
    size_t depth, stack_cap;
    st_gid *edges; /* of the step that is being saved */
    size_t edges_cap;
    st_gid next;
    st_graph_matches found;
    bool ready, done;
} paths;

static void paths_free(void *q)
{
    paths *s = q;
    free(s->slots);
    free(s->best);
    free(s->visits);
    free(s->arcs);
    free(s->accepted);
    free(s->stack);
    free(s->edges);
    st_graph_matches_free(&s->found);
}

/* setting out */

static uint32_t make_lanes(paths *s)
{
    uint32_t base = 0;
    size_t variable = 0;
    for (size_t i = 0; i < s->nsteps; i++)
        variable += s->p.elements[s->steps[i].edge].variable;
    for (size_t i = 0; i < s->nsteps; i++) {
        const st_graph_element *e = &s->p.elements[s->steps[i].edge];
        lane *l = &s->lanes[i];
        for (size_t f = 0; f < s->p.nfilters && l->nanys < ST_MAX_GRAPH_ANYS; f++)
            if (s->p.filters[f].any && s->p.filters[f].element == s->steps[i].edge)
                l->anys[l->nanys++] = f;
        l->base = base;
        l->depths = (e->variable && variable > 1 ? e->max : e->min ? e->min : 1) + 1;
        l->flags = 1u << l->nanys;
        base += l->depths * l->flags;
    }
    return base;
}

static bool set_out(st_run *r, paths *s)
{
    const st_graph_pattern *p = &s->p;
    s->ready = true;
    if (!st_graph_ready(r, p->g) || !st_graph_allowed_find(r, p, &s->allowed))
        return false;
    s->nsteps = p->n / 2;
    s->end = p->first;
    if (s->allowed.count[s->end] < s->allowed.count[s->start]) {
        s->end = s->start;
        s->start = p->first;
    }
    s->steps = ST_NEWN(&r->arena, st_graph_step, s->nsteps);
    s->lanes = ST_NEWN(&r->arena, lane, s->nsteps);
    if (!s->steps || !s->lanes)
        return st_run_nomem(r);
    st_graph_steps_order(p, s->start, s->steps);
    size_t places = make_lanes(s);
    s->slots = st_mem_zeroed(&r->mem, places * ((size_t)p->g->n + 1), sizeof *s->slots);
    s->best = st_mem_zeroed(&r->mem, (size_t)p->g->n + 1, sizeof *s->best);
    if (!s->slots || !s->best)
        return st_run_nomem(r);
    return st_graph_steps_reduce(r, p, &s->allowed, s->steps) &&
           st_graph_matches_init(r, p, &s->found);
}

/* breadth first */

static bool add_arc(st_run *r, paths *s, uint32_t to, uint32_t from, st_gid edge)
{
    if (!st_mem_grow(&r->mem, &s->arcs, &s->arcs_cap, s->narcs + 1, sizeof *s->arcs))
        return st_run_nomem(r);
    visit *v = &s->visits[to];
    s->arcs[s->narcs++] = (arc){ .from = from, .edge = edge };
    if (v->last)
        s->arcs[v->last - 1].next = (uint32_t)s->narcs;
    else
        v->first = (uint32_t)s->narcs;
    v->last = (uint32_t)s->narcs;
    return true;
}

static bool ends(const paths *s, const visit *v)
{
    const st_graph_step *step = &s->steps[v->step];
    return v->depth >= s->p.elements[step->edge].min && v->flags + 1 == s->lanes[v->step].flags &&
           st_graph_bits_has(s->allowed.own[step->to], v->node);
}

static bool accept(st_run *r, paths *s, uint32_t at)
{
    const visit *v = &s->visits[at];
    uint32_t *best = &s->best[v->node];
    if (v->layer && v->node == s->visits[0].node)
        return true;
    if (*best && (!s->all || *best != v->layer + 1))
        return true;
    *best = v->layer + 1;
    if (!st_mem_grow(&r->mem, &s->accepted, &s->accepted_cap, s->naccepted + 1,
                     sizeof *s->accepted))
        return st_run_nomem(r);
    s->accepted[s->naccepted++] = at;
    return true;
}

static uint32_t place_of(const paths *s, const visit *v)
{
    const lane *l = &s->lanes[v->step];
    uint32_t depth = v->depth < l->depths ? v->depth : l->depths - 1;
    return l->base + depth * l->flags + v->flags;
}

/* A state is reached: new, it is noted, and with it the next step's beginning where this one may
 * end. from: UINT32_MAX at the very beginning. */
static bool reach(st_run *r, paths *s, visit v, uint32_t from, st_gid edge)
{
    for (;;) {
        v.place = place_of(s, &v);
        uint32_t *slot = &s->slots[(size_t)v.place * s->p.g->n + v.node], at = *slot;
        if (at)
            return !s->all || s->visits[at - 1].layer != v.layer ||
                   add_arc(r, s, at - 1, from, edge);
        if (!st_mem_grow(&r->mem, &s->visits, &s->visits_cap, s->nvisits + 1, sizeof *s->visits))
            return st_run_nomem(r);
        at = (uint32_t)s->nvisits++;
        s->visits[at] = v;
        *slot = at + 1;
        if (from != UINT32_MAX && !add_arc(r, s, at, from, edge))
            return false;
        if (!ends(s, &v))
            return true;
        if (v.step + 1u == s->nsteps)
            return accept(r, s, at);
        from = at;
        edge = ST_NO_GID;
        v = (visit){ .node = v.node, .step = v.step + 1, .layer = v.layer };
    }
}

/* The any() conditions on edges (or inner nodes) that this one satisfies. */
static uint32_t satisfied(const paths *s, uint32_t step, bool inner, st_gid i)
{
    const lane *l = &s->lanes[step];
    uint32_t flags = 0;
    for (size_t k = 0; k < l->nanys; k++)
        if (s->p.filters[l->anys[k]].inner == inner &&
            st_graph_bits_has(s->allowed.any[l->anys[k]], i))
            flags |= 1u << k;
    return flags;
}

static bool expand(st_run *r, paths *s, uint32_t at)
{
    visit v = s->visits[at];
    const st_graph_step *step = &s->steps[v.step];
    const st_graph_element *e = &s->p.elements[step->edge];
    uint32_t it = 0, flags = v.flags;
    st_gid edge, to;
    if (v.depth >= e->max || (v.depth && !st_graph_bits_has(s->allowed.inner[step->edge], v.node)))
        return true;
    if (v.depth)
        flags |= satisfied(s, v.step, true, v.node);
    while ((edge = st_graph_step_next(&s->p, step, v.node, &it, &to)) != ST_NO_GID) {
        if (!st_graph_bits_has(s->allowed.own[step->edge], edge) ||
            (e->variable &&
             (step->distance[to] == ST_NO_GID || v.depth + 1 + step->distance[to] > e->max)))
            continue;
        visit next = { .node = to,
                       .step = v.step,
                       .depth = v.depth + 1,
                       .flags = flags | satisfied(s, v.step, false, edge),
                       .layer = v.layer + 1 };
        if (!reach(r, s, next, at, edge))
            return false;
    }
    return true;
}

static void forget(paths *s)
{
    for (size_t i = 0; i < s->nvisits; i++) {
        s->slots[(size_t)s->visits[i].place * s->p.g->n + s->visits[i].node] = 0;
        s->best[s->visits[i].node] = 0;
    }
    s->nvisits = s->narcs = s->naccepted = s->taken = s->depth = 0;
}

/* All that the node leads to. */
static bool begin(st_run *r, paths *s, st_gid node)
{
    forget(s);
    if (!reach(r, s, (visit){ .node = node }, UINT32_MAX, ST_NO_GID))
        return false;
    for (size_t i = 0; i < s->nvisits; i++)
        if ((i % 4096 == 0 && !st_run_going(r)) || !expand(r, s, (uint32_t)i))
            return false;
    return true;
}

/* paths */

/* The edges of step i: its frames' arcs from where it begins, in the order of the pattern. */
static bool save_edges(st_run *r, paths *s, size_t i, size_t n)
{
    st_graph_matches *m = &s->found;
    const st_graph_step *step = &s->steps[i];
    if (!s->p.elements[step->edge].variable) {
        m->id[step->edge][m->n] = s->edges[0];
        return true;
    }
    if (!st_mem_grow(&r->mem, &m->path, &m->path_cap, m->path_used + n + 1, sizeof *m->path))
        return st_run_nomem(r);
    m->path_at[step->edge][m->n] = m->path_used;
    m->path_n[step->edge][m->n] = (uint32_t)n;
    for (size_t k = 0; k < n; k++)
        m->path[m->path_used + k] = s->edges[step->ahead ? k : n - 1 - k];
    m->path_used += n;
    return true;
}

/* The stack leads from an accepted visit back to the beginning: a match. */
static bool save(st_run *r, paths *s)
{
    st_graph_matches *m = &s->found;
    size_t n = 0, step = 0;
    bool ok = st_mem_grow(&r->mem, &s->edges, &s->edges_cap, s->depth + 1, sizeof *s->edges) ||
              st_run_nomem(r);
    m->id[s->start][m->n] = s->visits[0].node;
    for (size_t k = s->depth; ok && k-- > 0;) {
        const visit *v = &s->visits[s->stack[k].visit];
        st_gid edge = k + 1 < s->depth ? s->arcs[s->stack[k].arc - 1].edge : ST_NO_GID;
        if (v->step != step) {
            ok = save_edges(r, s, step, n);
            step = v->step;
            n = 0;
        }
        if (edge != ST_NO_GID)
            s->edges[n++] = edge;
        m->id[s->steps[step].to][m->n] = v->node;
    }
    ok = ok && save_edges(r, s, step, n);
    m->n += ok;
    return ok;
}

static bool push(st_run *r, paths *s, uint32_t at)
{
    if (!st_mem_grow(&r->mem, &s->stack, &s->stack_cap, s->depth + 1, sizeof *s->stack))
        return st_run_nomem(r);
    s->stack[s->depth++] = (frame){ at, s->visits[at].first };
    return true;
}

/* To the next way back, of the stack or of the next accepted visit. */
static bool next_path(st_run *r, paths *s)
{
    if (!s->depth)
        return push(r, s, s->accepted[s->taken++]);
    frame *top = &s->stack[s->depth - 1];
    if (s->visits[top->visit].first && top->arc)
        return push(r, s, s->arcs[top->arc - 1].from);
    bool whole = !s->visits[top->visit].first;
    if (whole && !save(r, s))
        return false;
    s->depth--;
    if (s->depth)
        s->stack[s->depth - 1].arc = s->arcs[s->stack[s->depth - 1].arc - 1].next;
    return true;
}

static bool search(st_run *r, paths *s)
{
    while (s->found.n < ST_BATCH_ROWS && !s->done) {
        bool ok = true;
        if (s->depth || s->taken < s->naccepted) {
            ok = next_path(r, s);
        } else if (s->next >= s->p.g->n) {
            s->done = true;
        } else {
            st_gid v = s->next++;
            ok = !st_graph_bits_has(s->allowed.own[s->start], v) || begin(r, s, v);
        }
        if (!ok)
            return false;
    }
    return true;
}

static st_batch *paths_next(st_run *r, st_op *op)
{
    paths *s = op->spec;
    if (!s->ready && !set_out(r, s))
        s->done = true;
    while (!s->done || s->found.n) {
        if (!st_run_going(r) || !search(r, s))
            return NULL;
        st_batch *b = st_graph_matches_batch(r, &s->p, &s->found);
        if (b)
            return b;
    }
    return NULL;
}

/* binding */

static bool bind_output(const st_scope *sc, const st_kql_op *q, bool *all)
{
    const st_kql_name *o = &q->u.match.option;
    *all = st_str_eq(o->text, ST_STR("all"));
    if (!o->text.n || *all || st_str_eq(o->text, ST_STR("any")))
        return true;
    st_bind_error(sc, o->span, NULL, "output can be any or all");
    return false;
}

/* One sequence whose nodes all differ, with an edge of variable length in it. */
static bool fits(const st_scope *sc, const st_kql_op *q, const st_graph_pattern *p)
{
    bool variable = false;
    size_t anys = 0;
    for (size_t i = 0; i < p->n; i++)
        variable |= p->elements[i].variable;
    for (size_t i = 0; i < p->nfilters; i++)
        anys += p->filters[i].any;
    if (q->u.match.n != 1 || p->n != q->u.match.sequences[0].n)
        st_bind_error(sc, q->word, NULL,
                      "graph-shortest-paths takes one sequence in which each node stands once");
    else if (!variable)
        st_bind_error(sc, q->word, NULL,
                      "graph-shortest-paths needs an edge of variable length (-[e*1..5]->)");
    else if (anys > ST_MAX_GRAPH_ANYS)
        st_bind_error(sc, q->word, NULL, "graph-shortest-paths takes at most %d any(), the limit",
                      ST_MAX_GRAPH_ANYS);
    else
        return true;
    return false;
}

/* What isn't a filter may speak of the two ends alone: only they are known before a path is. */
static bool rest_is_of_ends(const st_scope *sc, const st_kql_op *q, const st_graph_pattern *p)
{
    bool *used = ST_NEWN(&sc->r->arena, bool, p->ncols);
    if (!p->rest || sc->out->failed)
        return true;
    if (!used || !st_expr_columns(sc->r, p->rest, used))
        return false;
    for (size_t c = 0; c < p->ncols; c++)
        if (used[c] && (p->cols[c].kind != ST_GC_PROPERTY ||
                        (p->cols[c].element != 0 && p->cols[c].element != p->first))) {
            st_bind_error(sc, q->u.match.where->span, NULL,
                          "graph-shortest-paths takes conditions on one element, all(), any(), and "
                          "such on both "
                          "ends; use graph-match for others");
            return false;
        }
    return true;
}

st_op *st_bind_op_graph_shortest_paths(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *op = st_op_new(sc->r, paths_next, NULL, sizeof(paths));
    paths *s = op ? op->spec : NULL;
    if (!s || !st_run_own(sc->r, s, paths_free))
        return NULL;
    s->p = (st_graph_pattern){ .g = in->graph, .op = op };
    if (!bind_output(sc, q, &s->all) || !st_graph_pattern_bind(sc, &s->p, q))
        return NULL;
    bool ok = st_graph_pattern_where(sc, &s->p, q->u.match.where, true) && fits(sc, q, &s->p) &&
              rest_is_of_ends(sc, q, &s->p);
    st_op *rows = st_graph_pattern_project(sc, &s->p, q);
    return ok ? rows : NULL;
}
