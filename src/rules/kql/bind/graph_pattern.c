/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_pattern.c - patterns bound: elements, what their names mean, conditions taken apart.
 *
 * `where` is an `and` of conditions. One that speaks of a single element becomes a filter of
 * that element, found once for all of the graph; the others are asked of whole matches.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/bind/bind.h"
#include "rules/kql/bind/outputs.h"

#include "base/limits.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

/* elements */

static size_t find_element(const st_graph_pattern *p, st_str name)
{
    for (size_t i = 0; name.n && i < p->n; i++)
        if (st_str_eq(p->elements[i].name, name))
            return i;
    return SIZE_MAX;
}

static bool length(const st_scope *sc, const st_kql_expr *e, uint32_t *out)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(sc, e, &v, &t))
        return false;
    if (v.tag != ST_VAL_LONG || v.u.i < 0 || v.u.i > ST_MAX_GRAPH_PATH) {
        st_bind_error(sc, e->span, NULL, "a length from 0 to %u is needed", ST_MAX_GRAPH_PATH);
        return false;
    }
    *out = (uint32_t)v.u.i;
    return true;
}

static bool lengths(const st_scope *sc, const st_kql_element *e, st_graph_element *out)
{
    out->min = out->max = 1;
    out->variable = e->variable;
    if (!e->variable)
        return true;
    if (e->min && !length(sc, e->min, &out->min))
        return false;
    if (!e->max || !length(sc, e->max, &out->max))
        return false;
    if (out->min > out->max || !out->max) {
        st_bind_error(sc, e->span, NULL, "no edge has a length of %u..%u", out->min, out->max);
        return false;
    }
    return true;
}

/* The node's element: a new one, or the one of that name. */
static size_t node_element(const st_scope *sc, st_graph_pattern *p, const st_kql_element *e)
{
    size_t at = find_element(p, e->name.text);
    if (at != SIZE_MAX && p->elements[at].edge) {
        st_bind_error(sc, e->name.span, NULL, "%.*s is an edge of this pattern",
                      ST_FMT(e->name.text));
        return SIZE_MAX;
    }
    if (at == SIZE_MAX) {
        at = p->n++;
        p->elements[at] = (st_graph_element){ .name = e->name.text };
    }
    return at;
}

static st_graph_direction direction_of(st_kql_direction d)
{
    static const st_graph_direction as[] = { [ST_KQL_DIR_RIGHT] = ST_GRAPH_RIGHT,
                                             [ST_KQL_DIR_LEFT] = ST_GRAPH_LEFT,
                                             [ST_KQL_DIR_ANY] = ST_GRAPH_EITHER };
    return as[d];
}

static bool edge_element(const st_scope *sc, st_graph_pattern *p, const st_kql_element *e,
                         size_t left, size_t *at)
{
    if (find_element(p, e->name.text) != SIZE_MAX) {
        st_bind_error(sc, e->name.span, NULL,
                      "there is a %.*s in this pattern already; an edge's name stands once",
                      ST_FMT(e->name.text));
        return false;
    }
    *at = p->n++;
    p->elements[*at] = (st_graph_element){
        .name = e->name.text, .edge = true, .left = left, .direction = direction_of(e->direction)
    };
    return lengths(sc, e, &p->elements[*at]);
}

static bool bind_sequence(const st_scope *sc, st_graph_pattern *p, const st_kql_sequence *s,
                          size_t *last)
{
    size_t edge = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (i % 2) {
            if (!edge_element(sc, p, &s->items[i], *last, &edge))
                return false;
            continue;
        }
        *last = node_element(sc, p, &s->items[i]);
        if (*last == SIZE_MAX)
            return false;
        if (i)
            p->elements[edge].right = *last;
    }
    return true;
}

/* Is every node reached from the first one? */
static bool connected(const st_graph_pattern *p, bool *seen)
{
    bool more = true;
    seen[0] = true; /* the first element is a node */
    while (more) {
        more = false;
        for (size_t i = 0; i < p->n; i++) {
            const st_graph_element *e = &p->elements[i];
            if (!e->edge || seen[e->left] == seen[e->right])
                continue;
            seen[e->left] = seen[e->right] = more = true;
        }
    }
    for (size_t i = 0; i < p->n; i++)
        if (!p->elements[i].edge && !seen[i])
            return false;
    return true;
}

/* the row */

/* The column c of the pattern's row, a new one if need be. */
static size_t add_column(const st_scope *sc, st_graph_pattern *p, st_str name, st_type type,
                         st_graph_col c)
{
    st_schema *s = &p->op->schema;
    for (size_t i = 0; !c.x && i < p->ncols; i++)
        if (!p->cols[i].x && p->cols[i].kind == c.kind && p->cols[i].element == c.element &&
            p->cols[i].property == c.property) {
            p->cols[i].shown |= !p->in_where;
            return i;
        }
    if (p->ncols == p->schema_cap) {
        size_t cap = p->schema_cap ? p->schema_cap * 2 : 16;
        st_col *v = ST_NEWN(&sc->r->arena, st_col, cap);
        st_graph_col *cols = ST_NEWN(&sc->r->arena, st_graph_col, cap);
        if (!v || !cols) {
            st_run_nomem(sc->r);
            return SIZE_MAX;
        }
        if (p->ncols) {
            memcpy(v, s->v, p->ncols * sizeof *v);
            memcpy(cols, p->cols, p->ncols * sizeof *cols);
        }
        s->v = v;
        p->cols = cols;
        p->schema_cap = cap;
    }
    s->v[p->ncols] = (st_col){ name, type };
    c.shown = !p->in_where;
    p->cols[p->ncols] = c;
    s->n = p->ncols + 1;
    return p->ncols++;
}

static st_expr *column_node(const st_scope *sc, size_t col, st_type type)
{
    st_expr *x = col == SIZE_MAX ? NULL : ST_NEW(&sc->r->arena, st_expr);
    if (x)
        *x = (st_expr){ .kind = ST_EXPR_COLUMN, .type = type, .col = col };
    return x;
}

static st_expr *element_name(const st_scope *sc, const st_kql_expr *e)
{
    const st_graph_pattern *p = sc->names->of;
    size_t at = find_element(p, e->u.name);
    if (at == SIZE_MAX)
        return NULL;
    const st_schema *s = p->elements[at].edge ? &p->g->edge : &p->g->node;
    st_bind_error(sc, e->span, NULL, "%.*s is %s; name one of its properties: %.*s.%.*s",
                  ST_FMT(e->u.name), p->elements[at].edge ? "an edge" : "a node", ST_FMT(e->u.name),
                  ST_FMT(s->n ? s->v[0].name : ST_STR("property")));
    return st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
}

/* A name that s lacks: an error, unless s is of a service's table. */
static st_expr *no_property(const st_scope *sc, const st_schema *s, const st_kql_name *name)
{
    st_scope inner = st_bind_over(sc, s);
    const st_kql_expr e = { .kind = ST_KQL_NAME, .span = name->span, .u.name = name->text };
    st_expr *x = NULL;
    if (st_bind_loose_name(&inner, &e))
        x = st_bind_expr(&inner, &e);
    else
        st_bind_no_column(&inner, name->span, name->text);
    return x ? x : st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
}

static st_expr *element_member(const st_scope *sc, const st_kql_expr *e)
{
    const st_kql_expr *base = e->u.member.base;
    st_graph_pattern *p = sc->names->of;
    size_t at = base->kind == ST_KQL_NAME ? find_element(p, base->u.name) : SIZE_MAX;
    if (at == SIZE_MAX)
        return NULL;
    const st_graph_element *element = &p->elements[at];
    const st_schema *s = element->edge ? &p->g->edge : &p->g->node;
    st_str name = e->u.member.name.text;
    size_t property = st_bind_column(s, name);
    if (property == SIZE_MAX)
        return no_property(sc, s, &e->u.member.name);
    st_graph_col c = { .kind = ST_GC_PROPERTY, .element = at, .property = property };
    st_type type = s->v[property].type;
    if (element->variable && p->in_where) {
        c.kind = ST_GC_EACH;
    } else if (element->variable) {
        c.kind = ST_GC_MAP;
        c.x = column_node(sc, property, type);
        type = ST_TYPE_DYNAMIC;
        if (!c.x)
            return NULL;
    }
    return column_node(sc, add_column(sc, p, name, type, c), type);
}

/* all, any, map */

static const struct over {
    const char *name;
    st_graph_col_kind kind;
    st_type type;
} overs[] = { { "all", ST_GC_ALL, ST_TYPE_BOOL },
              { "any", ST_GC_ANY, ST_TYPE_BOOL },
              { "map", ST_GC_MAP, ST_TYPE_DYNAMIC } };

static const struct over *over_of(const st_kql_expr *e)
{
    for (size_t i = 0;
         e->kind == ST_KQL_CALL && !e->u.call.base && i < sizeof overs / sizeof *overs; i++)
        if (st_str_is(e->u.call.name.text, overs[i].name))
            return &overs[i];
    return NULL;
}

/* e, or inner_nodes(e): which element, and which of the two. */
static size_t over_element(const st_scope *sc, const st_kql_expr *e, bool *inner)
{
    const st_graph_pattern *p = sc->names->of;
    *inner = e->kind == ST_KQL_CALL && e->u.call.args.n == 1 &&
             st_str_eq(e->u.call.name.text, ST_STR("inner_nodes"));
    const st_kql_expr *name = *inner ? e->u.call.args.items[0] : e;
    size_t at = name->kind == ST_KQL_NAME ? find_element(p, name->u.name) : SIZE_MAX;
    if (at != SIZE_MAX && p->elements[at].variable)
        return at;
    st_bind_error(sc, name->span, NULL, "an edge of variable length (-[e*1..5]->) is needed here");
    return SIZE_MAX;
}

/* The condition or value inside of all(), any(), map(). */
static bool over_inside(const st_scope *sc, const st_kql_expr *e, const struct over *f,
                        st_graph_col *c)
{
    const st_graph_pattern *p = sc->names->of;
    if (e->u.call.args.n != 2) {
        st_bind_error(sc, e->span, "KS119", "%s() takes an edge, or inner_nodes(edge), and %s",
                      f->name, f->kind == ST_GC_MAP ? "a value" : "a condition");
        return false;
    }
    *c = (st_graph_col){ .kind = f->kind };
    c->element = over_element(sc, e->u.call.args.items[0], &c->inner);
    if (c->element == SIZE_MAX)
        return false;
    st_scope inner = st_bind_over(sc, c->inner ? &p->g->node : &p->g->edge);
    c->x = f->kind == ST_GC_MAP ? st_bind_expr(&inner, e->u.call.args.items[1])
                                : st_bind_condition(&inner, e->u.call.args.items[1]);
    return c->x != NULL && c->x->type != ST_TYPE_UNKNOWN;
}

static st_expr *path_call(const st_scope *sc, const st_kql_expr *e)
{
    const struct over *f = over_of(e);
    st_graph_col c;
    bool inner = st_str_eq(e->u.call.name.text, ST_STR("inner_nodes"));
    if (!f && !inner)
        return NULL;
    if (inner)
        st_bind_error(sc, e->span, NULL, "inner_nodes() stands in all(), any() or map() only");
    if (inner || !over_inside(sc, e, f, &c))
        return st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
    return column_node(sc, add_column(sc, sc->names->of, e->u.call.name.text, f->type, c), f->type);
}

/* Where names may be the pattern's elements. *names lives as long as the scope. */
static st_scope pattern_scope(const st_scope *sc, st_graph_pattern *p, st_bind_names *names)
{
    st_scope inner = st_bind_over(sc, &p->op->schema);
    *names = (st_bind_names){ &p->op->schema, element_name, element_member, path_call, p };
    inner.names = names;
    return inner;
}

/* binding */

static size_t count_elements(const st_kql_op *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->u.match.n; i++)
        n += q->u.match.sequences[i].n;
    return n;
}

/* The node that matches are about: the last of the first sequence, or what the rule says. */
static bool find_subject(const st_scope *sc, st_graph_pattern *p, const st_kql_op *q)
{
    p->subject = p->first;
    if (!sc->binder->subject.n || !p->g->lineage)
        return true;
    size_t at = find_element(p, sc->binder->subject);
    if (at == SIZE_MAX || p->elements[at].edge) {
        st_bind_error(sc, q->word, NULL, "the rule is about %.*s, which is no node of this pattern",
                      ST_FMT(sc->binder->subject));
        return false;
    }
    p->subject = at;
    return true;
}

bool st_graph_pattern_bind(const st_scope *sc, st_graph_pattern *p, const st_kql_op *q)
{
    size_t most = count_elements(q), last = 0;
    if (most > ST_MAX_GRAPH_PATTERN) {
        st_bind_error(sc, q->span, NULL, "a pattern of more than %u nodes and edges",
                      ST_MAX_GRAPH_PATTERN);
        return false;
    }
    p->elements = ST_NEWN(&sc->r->arena, st_graph_element, most);
    bool *seen = ST_NEWN(&sc->r->arena, bool, most + 1);
    if (!p->elements || !seen)
        return st_run_nomem(sc->r);
    for (size_t i = 0; i < q->u.match.n; i++) {
        if (!bind_sequence(sc, p, &q->u.match.sequences[i], &last))
            return false;
        if (!i)
            p->first = last;
    }
    if (!connected(p, seen)) {
        st_bind_error(sc, q->word, NULL,
                      "the sequences of a pattern must share nodes, so that it hangs together");
        return false;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->elements[i].name.n &&
            add_column(sc, p, p->elements[i].name, ST_TYPE_DYNAMIC,
                       (st_graph_col){ .kind = ST_GC_ELEMENT, .element = i }) == SIZE_MAX)
            return false;
    p->op->lineage = p->g->lineage;
    return find_subject(sc, p, q);
}

/* conditions */

static bool add_filter(const st_scope *sc, st_graph_pattern *p, st_graph_filter f)
{
    if (p->nfilters == p->filters_cap) {
        size_t cap = p->filters_cap ? p->filters_cap * 2 : 8;
        st_graph_filter *v = ST_NEWN(&sc->r->arena, st_graph_filter, cap);
        if (!v)
            return st_run_nomem(sc->r);
        if (p->nfilters)
            memcpy(v, p->filters, p->nfilters * sizeof *v);
        p->filters = v;
        p->filters_cap = cap;
    }
    p->filters[p->nfilters++] = f;
    return true;
}

typedef struct reads {
    size_t element;            /* the only one; SIZE_MAX: none, or several */
    bool several, each, whole; /* whole: something that only a match has */
} reads;

static bool what_it_reads(const st_scope *sc, const st_graph_pattern *p, const st_expr *x,
                          reads *out)
{
    bool *used = ST_NEWN(&sc->r->arena, bool, p->ncols);
    if (!used || !st_expr_columns(sc->r, x, used))
        return false;
    *out = (reads){ .element = SIZE_MAX };
    for (size_t c = 0; c < p->ncols; c++) {
        const st_graph_col *col = &p->cols[c];
        if (!used[c])
            continue;
        out->several |= out->element != SIZE_MAX && out->element != col->element;
        out->element = col->element;
        out->each |= col->kind == ST_GC_EACH;
        out->whole |= col->kind != ST_GC_EACH && col->kind != ST_GC_PROPERTY;
    }
    return true;
}

static bool bind_rest(const st_scope *sc, st_graph_pattern *p, st_expr *x)
{
    st_expr *pair[] = { p->rest, x };
    p->rest = p->rest ? st_bind_call(sc, st_call_and, ST_TYPE_BOOL, pair, 2) : x;
    return p->rest != NULL;
}

static bool bind_condition(const st_scope *sc, st_graph_pattern *p, const st_kql_expr *e, bool anys)
{
    const struct over *f = over_of(e);
    reads r;
    if (f && (f->kind == ST_GC_ALL || (anys && f->kind == ST_GC_ANY))) {
        st_graph_col c;
        return over_inside(sc, e, f, &c) &&
               add_filter(sc, p,
                          (st_graph_filter){ .element = c.element,
                                             .inner = c.inner,
                                             .any = f->kind == ST_GC_ANY,
                                             .direct = true,
                                             .x = c.x });
    }
    st_expr *x = st_bind_condition(sc, e);
    if (!x || x->type == ST_TYPE_UNKNOWN || !what_it_reads(sc, p, x, &r))
        return false;
    if (r.each && (r.several || r.whole)) {
        st_bind_error(sc, e->span, NULL,
                      "a condition on each edge of variable length can't speak of other elements");
        return false;
    }
    if (r.element != SIZE_MAX && !r.several && !r.whole)
        return add_filter(sc, p, (st_graph_filter){ .element = r.element, .x = x });
    return bind_rest(sc, p, x);
}

/* The parts of `a and b and ...`, from left to right; every mistake is told. */
bool st_graph_pattern_where(const st_scope *sc, st_graph_pattern *p, const st_kql_expr *where,
                            bool anys)
{
    const st_kql_expr **todo = ST_NEWN(&sc->r->arena, const st_kql_expr *, ST_MAX_KQL_HEIGHT + 2);
    size_t n = 0;
    bool ok = todo != NULL;
    st_bind_names names;
    st_scope inner = pattern_scope(sc, p, &names);
    p->in_where = true;
    if (ok && where)
        todo[n++] = where;
    while (ok && n) {
        const st_kql_expr *e = todo[--n];
        if (e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_AND &&
            n + 2 <= ST_MAX_KQL_HEIGHT) {
            todo[n++] = e->u.binary.right;
            todo[n++] = e->u.binary.left;
        } else {
            bind_condition(&inner, p, e, anys);
        }
    }
    p->in_where = false;
    return ok && !sc->out->failed && st_run_ok(sc->r);
}

st_op *st_graph_pattern_project(const st_scope *sc, st_graph_pattern *p, const st_kql_op *q)
{
    st_bind_names names;
    st_scope inner = pattern_scope(sc, p, &names);
    return st_bind_projection(&inner, p->op, &q->u.match.project);
}

/* NOLINTEND(misc-no-recursion) */
