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

static bool length(st_binder *b, const st_kql_expr *e, uint32_t *out)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(b, e, &v, &t))
        return false;
    if (v.tag != ST_VAL_LONG || v.u.i < 0 || v.u.i > ST_MAX_GRAPH_PATH) {
        st_bind_error(b, e->span, NULL, "a length from 0 to %u is needed", ST_MAX_GRAPH_PATH);
        return false;
    }
    *out = (uint32_t)v.u.i;
    return true;
}

static bool lengths(st_binder *b, const st_kql_element *e, st_graph_element *out)
{
    out->min = out->max = 1;
    out->variable = e->variable;
    if (!e->variable)
        return true;
    if (e->min && !length(b, e->min, &out->min))
        return false;
    if (!e->max || !length(b, e->max, &out->max))
        return false;
    if (out->min > out->max || !out->max) {
        st_bind_error(b, e->span, NULL, "no edge has a length of %u..%u", out->min, out->max);
        return false;
    }
    return true;
}

/* The node's element: a new one, or the one of that name. */
static size_t node_element(st_binder *b, st_graph_pattern *p, const st_kql_element *e)
{
    size_t at = find_element(p, e->name.text);
    if (at != SIZE_MAX && p->elements[at].edge) {
        st_bind_error(b, e->name.span, NULL, "%.*s is an edge of this pattern",
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

static bool edge_element(st_binder *b, st_graph_pattern *p, const st_kql_element *e, size_t left,
                         size_t *at)
{
    if (find_element(p, e->name.text) != SIZE_MAX) {
        st_bind_error(b, e->name.span, NULL,
                      "there is a %.*s in this pattern already; an edge's name stands once",
                      ST_FMT(e->name.text));
        return false;
    }
    *at = p->n++;
    p->elements[*at] = (st_graph_element){
        .name = e->name.text, .edge = true, .left = left, .direction = direction_of(e->direction)
    };
    return lengths(b, e, &p->elements[*at]);
}

static bool bind_sequence(st_binder *b, st_graph_pattern *p, const st_kql_sequence *s, size_t *last)
{
    size_t edge = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (i % 2) {
            if (!edge_element(b, p, &s->items[i], *last, &edge))
                return false;
            continue;
        }
        *last = node_element(b, p, &s->items[i]);
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
static size_t add_column(st_binder *b, st_graph_pattern *p, st_str name, st_type type,
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
        st_col *v = ST_NEWN(&b->r->arena, st_col, cap);
        st_graph_col *cols = ST_NEWN(&b->r->arena, st_graph_col, cap);
        if (!v || !cols) {
            st_run_nomem(b->r);
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

static st_expr *column_node(st_binder *b, size_t col, st_type type)
{
    st_expr *x = col == SIZE_MAX ? NULL : ST_NEW(&b->r->arena, st_expr);
    if (x)
        *x = (st_expr){ .kind = ST_EXPR_COLUMN, .type = type, .col = col };
    return x;
}

static st_expr *element_name(st_binder *b, const st_kql_expr *e)
{
    const st_graph_pattern *p = b->graph;
    size_t at = find_element(p, e->u.name);
    if (at == SIZE_MAX)
        return NULL;
    const st_schema *s = p->elements[at].edge ? &p->g->edge : &p->g->node;
    st_bind_error(b, e->span, NULL, "%.*s is %s; name one of its properties: %.*s.%.*s",
                  ST_FMT(e->u.name), p->elements[at].edge ? "an edge" : "a node", ST_FMT(e->u.name),
                  ST_FMT(s->n ? s->v[0].name : ST_STR("property")));
    return st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
}

/* A name that s lacks: an error, unless s is of a service's table. */
static st_expr *no_property(st_binder *b, const st_schema *s, const st_kql_name *name)
{
    const st_schema *row = b->row;
    const st_kql_expr e = { .kind = ST_KQL_NAME, .span = name->span, .u.name = name->text };
    st_expr *x = NULL;
    b->row = s;
    if (st_bind_loose_name(b, &e))
        x = st_bind_expr(b, &e);
    else
        st_bind_no_column(b, name->span, name->text);
    b->row = row;
    return x ? x : st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
}

static st_expr *element_member(st_binder *b, const st_kql_expr *e)
{
    const st_kql_expr *base = e->u.member.base;
    st_graph_pattern *p = b->graph;
    size_t at = base->kind == ST_KQL_NAME ? find_element(p, base->u.name) : SIZE_MAX;
    if (at == SIZE_MAX)
        return NULL;
    const st_graph_element *element = &p->elements[at];
    const st_schema *s = element->edge ? &p->g->edge : &p->g->node;
    st_str name = e->u.member.name.text;
    size_t property = st_bind_column(s, name);
    if (property == SIZE_MAX)
        return no_property(b, s, &e->u.member.name);
    st_graph_col c = { .kind = ST_GC_PROPERTY, .element = at, .property = property };
    st_type type = s->v[property].type;
    if (element->variable && p->in_where) {
        c.kind = ST_GC_EACH;
    } else if (element->variable) {
        c.kind = ST_GC_MAP;
        c.x = column_node(b, property, type);
        type = ST_TYPE_DYNAMIC;
        if (!c.x)
            return NULL;
    }
    return column_node(b, add_column(b, p, name, type, c), type);
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
        if (st_str_eq(e->u.call.name.text, st_str_of(overs[i].name)))
            return &overs[i];
    return NULL;
}

/* e, or inner_nodes(e): which element, and which of the two. */
static size_t over_element(st_binder *b, const st_kql_expr *e, bool *inner)
{
    const st_graph_pattern *p = b->graph;
    *inner = e->kind == ST_KQL_CALL && e->u.call.args.n == 1 &&
             st_str_eq(e->u.call.name.text, ST_STR("inner_nodes"));
    const st_kql_expr *name = *inner ? e->u.call.args.items[0] : e;
    size_t at = name->kind == ST_KQL_NAME ? find_element(p, name->u.name) : SIZE_MAX;
    if (at != SIZE_MAX && p->elements[at].variable)
        return at;
    st_bind_error(b, name->span, NULL, "an edge of variable length (-[e*1..5]->) is needed here");
    return SIZE_MAX;
}

/* The condition or value inside of all(), any(), map(). */
static bool over_inside(st_binder *b, const st_kql_expr *e, const struct over *f, st_graph_col *c)
{
    const st_schema *row = b->row;
    if (e->u.call.args.n != 2) {
        st_bind_error(b, e->span, "KS119", "%s() takes an edge, or inner_nodes(edge), and %s",
                      f->name, f->kind == ST_GC_MAP ? "a value" : "a condition");
        return false;
    }
    *c = (st_graph_col){ .kind = f->kind };
    c->element = over_element(b, e->u.call.args.items[0], &c->inner);
    if (c->element == SIZE_MAX)
        return false;
    b->row = c->inner ? &b->graph->g->node : &b->graph->g->edge;
    c->x = f->kind == ST_GC_MAP ? st_bind_expr(b, e->u.call.args.items[1])
                                : st_bind_condition(b, e->u.call.args.items[1]);
    b->row = row;
    return c->x != NULL && c->x->type != ST_TYPE_UNKNOWN;
}

static st_expr *path_call(st_binder *b, const st_kql_expr *e)
{
    const struct over *f = over_of(e);
    st_graph_col c;
    bool inner = st_str_eq(e->u.call.name.text, ST_STR("inner_nodes"));
    if (!f && !inner)
        return NULL;
    if (inner)
        st_bind_error(b, e->span, NULL, "inner_nodes() stands in all(), any() or map() only");
    if (inner || !over_inside(b, e, f, &c))
        return st_bind_const(b, ST_TYPE_UNKNOWN, st_val_null());
    return column_node(b, add_column(b, b->graph, e->u.call.name.text, f->type, c), f->type);
}

/* From now on names may be the pattern's elements; puts what was before into *outer. */
typedef struct outer {
    const st_schema *row;
    st_graph_pattern *graph;
    const st_bind_scope *scope;
    st_bind_scope own;
} outer;

static void enter(st_binder *b, st_graph_pattern *p, outer *o)
{
    *o = (outer){
        b->row, b->graph, b->scope, { &p->op->schema, element_name, element_member, path_call }
    };
    b->row = &p->op->schema;
    b->graph = p;
    b->scope = &o->own;
}

static void leave(st_binder *b, const outer *o)
{
    b->row = o->row;
    b->graph = o->graph;
    b->scope = o->scope;
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
static bool find_subject(st_binder *b, st_graph_pattern *p, const st_kql_op *q)
{
    p->subject = p->first;
    if (!b->subject.n || !p->g->lineage)
        return true;
    size_t at = find_element(p, b->subject);
    if (at == SIZE_MAX || p->elements[at].edge) {
        st_bind_error(b, q->word, NULL, "the rule is about %.*s, which is no node of this pattern",
                      ST_FMT(b->subject));
        return false;
    }
    p->subject = at;
    return true;
}

bool st_graph_pattern_bind(st_binder *b, st_graph_pattern *p, const st_kql_op *q)
{
    size_t most = count_elements(q), last = 0;
    if (most > ST_MAX_GRAPH_PATTERN) {
        st_bind_error(b, q->span, NULL, "a pattern of more than %u nodes and edges",
                      ST_MAX_GRAPH_PATTERN);
        return false;
    }
    p->elements = ST_NEWN(&b->r->arena, st_graph_element, most);
    bool *seen = ST_NEWN(&b->r->arena, bool, most + 1);
    if (!p->elements || !seen)
        return st_run_nomem(b->r);
    for (size_t i = 0; i < q->u.match.n; i++) {
        if (!bind_sequence(b, p, &q->u.match.sequences[i], &last))
            return false;
        if (!i)
            p->first = last;
    }
    if (!connected(p, seen)) {
        st_bind_error(b, q->word, NULL,
                      "the sequences of a pattern must share nodes, so that it hangs together");
        return false;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->elements[i].name.n &&
            add_column(b, p, p->elements[i].name, ST_TYPE_DYNAMIC,
                       (st_graph_col){ .kind = ST_GC_ELEMENT, .element = i }) == SIZE_MAX)
            return false;
    p->op->lineage = p->g->lineage;
    return find_subject(b, p, q);
}

/* conditions */

static bool add_filter(st_binder *b, st_graph_pattern *p, st_graph_filter f)
{
    if (p->nfilters == p->filters_cap) {
        size_t cap = p->filters_cap ? p->filters_cap * 2 : 8;
        st_graph_filter *v = ST_NEWN(&b->r->arena, st_graph_filter, cap);
        if (!v)
            return st_run_nomem(b->r);
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

static bool what_it_reads(st_binder *b, const st_graph_pattern *p, const st_expr *x, reads *out)
{
    bool *used = ST_NEWN(&b->r->arena, bool, p->ncols);
    if (!used || !st_expr_columns(b->r, x, used))
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

static bool bind_rest(st_binder *b, st_graph_pattern *p, st_expr *x)
{
    st_expr *pair[] = { p->rest, x };
    p->rest = p->rest ? st_bind_call(b, st_eval_and, ST_TYPE_BOOL, pair, 2) : x;
    return p->rest != NULL;
}

static bool bind_condition(st_binder *b, st_graph_pattern *p, const st_kql_expr *e, bool anys)
{
    const struct over *f = over_of(e);
    reads r;
    if (f && (f->kind == ST_GC_ALL || (anys && f->kind == ST_GC_ANY))) {
        st_graph_col c;
        return over_inside(b, e, f, &c) &&
               add_filter(b, p,
                          (st_graph_filter){ .element = c.element,
                                             .inner = c.inner,
                                             .any = f->kind == ST_GC_ANY,
                                             .direct = true,
                                             .x = c.x });
    }
    st_expr *x = st_bind_condition(b, e);
    if (!x || x->type == ST_TYPE_UNKNOWN || !what_it_reads(b, p, x, &r))
        return false;
    if (r.each && (r.several || r.whole)) {
        st_bind_error(b, e->span, NULL,
                      "a condition on each edge of variable length can't speak of other elements");
        return false;
    }
    if (r.element != SIZE_MAX && !r.several && !r.whole)
        return add_filter(b, p, (st_graph_filter){ .element = r.element, .x = x });
    return bind_rest(b, p, x);
}

/* The parts of `a and b and ...`, from left to right; every mistake is told. */
bool st_graph_pattern_where(st_binder *b, st_graph_pattern *p, const st_kql_expr *where, bool anys)
{
    const st_kql_expr **todo = ST_NEWN(&b->r->arena, const st_kql_expr *, ST_MAX_KQL_HEIGHT + 2);
    size_t n = 0;
    bool ok = todo != NULL;
    outer o;
    enter(b, p, &o);
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
            bind_condition(b, p, e, anys);
        }
    }
    p->in_where = false;
    leave(b, &o);
    return ok && !b->failed && st_run_ok(b->r);
}

st_op *st_graph_pattern_project(st_binder *b, st_graph_pattern *p, const st_kql_op *q)
{
    outer o;
    st_kql_op project = { .kind = ST_KQL_PIPE_PROJECT, .span = q->span, .word = q->word };
    project.u.exprs = q->u.match.project;
    enter(b, p, &o);
    st_op *op = st_bind_op_project(b, p->op, &project);
    leave(b, &o);
    return op;
}

/* NOLINTEND(misc-no-recursion) */
