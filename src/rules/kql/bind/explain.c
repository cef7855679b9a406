/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - a plan as text: the operators in the order rows pass them, one a line.
 *
 * While a query is bound for this, each operator of the text gets a step: where it stands, what
 * it takes rows from, the tables bound for it, and which of its conditions the matcher answers.
 * An operator of the plan without a step is part of the one behind it. Tables of lets are
 * written out where they are used, as they are bound there.
 */
#include "rules/engine/graph/graph.h"
#include "rules/kql/bind/bind.h"

#include "base/limits.h"
#include "rules/kql/syntax/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): tables within tables, which the binder bounds */

/* while the query is bound */

st_plan_step *st_bind_step(const st_scope *sc, st_span at, st_op *in)
{
    st_plan_step *s = sc->r->explain ? ST_NEW(&sc->r->arena, st_plan_step) : NULL;
    if (s)
        *s = (st_plan_step){
            .span = at,
            .from = { .op = in, .let = sc->binder->label, .line = sc->binder->label_line }
        };
    return s;
}

void st_bind_step_side(const st_scope *sc, st_op *op)
{
    st_plan_side *side = sc->step && op ? ST_NEW(&sc->r->arena, st_plan_side) : NULL, **end;
    if (!side)
        return;
    for (end = &sc->step->sides; *end; end = &(*end)->next)
        ;
    side->in = (st_input_of){ .op = op, .let = sc->binder->label, .line = sc->binder->label_line };
    *end = side;
}

void st_bind_step_matched(const st_scope *sc, st_span at)
{
    st_matched *m = sc->step ? ST_NEW(&sc->r->arena, st_matched) : NULL, **end;
    if (!m)
        return;
    for (end = &sc->step->matched; *end; end = &(*end)->next)
        if ((*end)->span.start == at.start && (*end)->span.end == at.end)
            return;
    m->span = at;
    *end = m;
}

void st_bind_step_note(const st_scope *sc, const char *fmt, ...)
{
    char t[ST_ERR_TEXT];
    va_list ap;
    if (!sc->step)
        return;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    sc->step->note = st_arena_copy(&sc->r->arena, st_str_of(t));
}

void st_bind_label(const st_scope *sc, const st_let *l)
{
    bool shown = sc->r->explain && l && sc->binder->d;
    sc->binder->label = l ? l->name : (st_str){ NULL, 0 };
    sc->binder->label_line = shown ? st_diags_line(sc->binder->d, l->expr->span.start) : 0;
}

/* A let that is a value: its name, and what it was bound to. */
void st_bind_step_value(const st_scope *sc, const st_let *l)
{
    st_shown_value *v = sc->r->explain && l->x ? ST_NEW(&sc->r->arena, st_shown_value) : NULL,
                   **end;
    if (!v)
        return;
    for (end = &sc->binder->values; *end; end = &(*end)->next)
        ;
    *v = (st_shown_value){ .name = l->name,
                           .span = l->expr ? l->expr->span : (st_span){ 0, 0 },
                           .x = l->x };
    *end = v;
}

/* the query's own words */

typedef struct printer {
    st_run *r;
    const st_bound *bound;
    st_str text;
    st_buf *out;
    bool run; /* with rows and times */
} printer;

enum { WORDS = ST_MAX_PLAN_WORDS, PLAN = ST_MAX_PLAN, MANY = 40 };

/* Is it a text that the author wants hidden, or has one in it? */
static bool hidden(const printer *p, const st_kql_token *t)
{
    if (t->kind == ST_TOK_LITERAL)
        return t->value && t->value->hidden;
    for (uint32_t i = t->span.start; t->kind == ST_TOK_DYNAMIC && i + 1 < t->span.end; i++)
        if ((p->text.p[i] | 32) == 'h' && strchr("\"'@", p->text.p[i + 1]))
            return true;
    return false;
}

static bool is_punct(const printer *p, const st_kql_token *t, char c)
{
    return t->kind == ST_TOK_PUNCT && t->span.end - t->span.start == 1 &&
           p->text.p[t->span.start] == c;
}

/* The token behind the bracket that t opens, if a pipeline stands between; else 0. */
static size_t behind_pipeline(const printer *p, const st_kql_tokens *t, size_t i)
{
    size_t depth = 0;
    bool pipe = false;
    if (!is_punct(p, &t->items[i], '('))
        return 0;
    for (; t->items[i].kind != ST_TOK_END; i++) {
        pipe |= is_punct(p, &t->items[i], '|');
        depth += is_punct(p, &t->items[i], '(');
        if (is_punct(p, &t->items[i], ')') && --depth == 0)
            return pipe ? i + 1 : 0;
    }
    return 0;
}

/* On one line, without comments; hidden texts stay hidden, pipelines in brackets are told apart. */
static void put_words(const printer *p, st_span span)
{
    st_arena a = { 0 };
    st_diag_sink none = { .arena = &a };
    st_kql_tokens t = { 0 };
    size_t began = p->out->n;
    uint32_t end = span.start;
    st_diags_file(&none, ST_STR(""), p->text, 0, false);
    if (st_kql_lex(&a, p->text, span, &none, &t))
        for (size_t i = 0; t.items[i].kind != ST_TOK_END;) {
            const st_kql_token *k = &t.items[i];
            size_t next = behind_pipeline(p, &t, i);
            if (p->out->n - began > WORDS) {
                st_buf_str(p->out, ST_STR(" ..."));
                break;
            }
            if (i && k->span.start > end)
                st_buf_char(p->out, ' ');
            if (next)
                st_buf_str(p->out, ST_STR("(...)"));
            else if (hidden(p, k))
                st_buf_str(p->out, ST_STR("h\"...\""));
            else
                st_buf_put(p->out, p->text.p + k->span.start, k->span.end - k->span.start);
            end = next ? t.items[next - 1].span.end : k->span.end;
            i = next ? next : i + 1;
        }
    free(t.items);
    st_diags_free(&none);
    st_arena_free(&a);
}

/* lines */

static void indent(const printer *p, size_t by)
{
    for (size_t i = 0; i < by; i++)
        st_buf_char(p->out, ' ');
}

static bool same_column(const st_col *a, const st_col *b)
{
    return a->type == b->type && st_str_eq(a->name, b->name);
}

/* The columns from `first` on. */
static void put_column_list(const printer *p, const st_schema *s, size_t first)
{
    for (size_t i = first; i < s->n; i++)
        st_buf_fmt(p->out, "%s%.*s:%s", i == first ? "" : ", ", ST_FMT(s->v[i].name),
                   st_type_name(s->v[i].type));
}

static void put_graph(const printer *p, const st_graph *g, size_t by)
{
    const st_schema *parts[] = { &g->node, &g->edge };
    for (size_t i = 0; i < 2; i++) {
        indent(p, by);
        st_buf_str(p->out, i ? ST_STR("edges: ") : ST_STR("nodes: "));
        if (parts[i]->n > MANY)
            st_buf_fmt(p->out, "%zu properties, each read when it is needed", parts[i]->n);
        else
            put_column_list(p, parts[i], 0);
        st_buf_char(p->out, '\n');
    }
}

/* What a reader of a table asks of the evidence beside process creations. */
static void put_events(const printer *p, const st_op *op, size_t by)
{
    const st_event_set events = st_op_scan_events(op);
    const char *before = "events: ";
    for (size_t k = 0; k < st_event_kinds(); k++) {
        if (!st_event_set_has(&events, k))
            continue;
        if (*before != ',')
            indent(p, by);
        const st_event_key key = st_event_kind_at(k)->key;
        st_buf_fmt(p->out, "%s%s%u", before, st_provider_at(key.provider)->shown, key.id);
        before = ", ";
    }
    if (*before == ',')
        st_buf_char(p->out, '\n');
}

static void put_columns(const printer *p, const st_op *op, const st_op *in, size_t by)
{
    if (op->graph) {
        put_graph(p, op->graph, by);
        return;
    }
    const st_schema *s = &op->schema;
    size_t same = 0;
    while (in && same < in->schema.n && same < s->n &&
           same_column(&in->schema.v[same], &s->v[same]))
        same++;
    indent(p, by);
    if (op->evidence) {
        st_buf_fmt(p->out, "columns: the table's %zu, each read when it is needed\n", s->n);
        put_events(p, op, by);
        return;
    }
    if (in && same == in->schema.n && same == s->n) {
        st_buf_str(p->out, ST_STR("columns: the same\n"));
        return;
    }
    bool more = in && same && same == in->schema.n;
    st_buf_str(p->out, more ? ST_STR("columns: the same and ") : ST_STR("columns: "));
    put_column_list(p, s, more ? same : 0);
    st_buf_char(p->out, '\n');
}

/* The operator of the text that op is, or is part of the way to. */
static const st_op *shown(const st_op *op)
{
    while (op && !op->step)
        op = op->in ? op->in : op->again;
    return op;
}

static void put_chain(const printer *p, const st_op *op, size_t by);

static void put_input(const printer *p, const st_input_of *in, size_t by)
{
    if (in->let.n) {
        indent(p, by);
        st_buf_fmt(p->out, "let %.*s (line %u)\n", ST_FMT(in->let), in->line);
    }
    put_chain(p, in->op, by + (in->let.n ? 4 : 0));
}

static void put_figures(const printer *p, const st_op *op, size_t by)
{
    const st_op *from = op->step->from.op;
    int64_t before = from ? from->ns : 0;
    uint64_t rows = from ? from->rows : 0;
    for (const st_plan_side *s = op->step->sides; s; s = s->next) {
        before += s->in.op->ns;
        rows += s->in.op->rows;
    }
    int64_t own = op->ns > before ? op->ns - before : 0;
    indent(p, by);
    st_buf_str(p->out, ST_STR("rows: "));
    if ((from && !from->graph) || op->step->sides)
        st_buf_fmt(p->out, "%llu in, ", (unsigned long long)rows);
    if (op->graph)
        st_buf_fmt(p->out, "%u nodes and %u edges", op->graph->n, op->graph->m);
    else
        st_buf_fmt(p->out, "%llu out", (unsigned long long)op->rows);
    st_buf_fmt(p->out, "; %lld.%03lld ms\n", (long long)(own / 1000000),
               (long long)(own / 1000 % 1000));
}

static void put_step(const printer *p, const st_op *op, size_t by)
{
    const st_plan_step *s = op->step;
    indent(p, by);
    st_buf_str(p->out, s->from.op ? ST_STR("| ") : ST_STR(""));
    put_words(p, s->span);
    st_buf_char(p->out, '\n');
    by += 4;
    if (s->note.n) {
        indent(p, by);
        st_buf_str(p->out, s->note);
        st_buf_char(p->out, '\n');
    }
    for (const st_matched *m = s->matched; m; m = m->next) {
        indent(p, by);
        st_buf_str(p->out, ST_STR("matcher: "));
        put_words(p, m->span);
        st_buf_char(p->out, '\n');
    }
    for (const st_plan_side *side = s->sides; side && p->out->n < PLAN; side = side->next)
        if (shown(side->in.op)) {
            indent(p, by);
            st_buf_str(p->out, ST_STR("with\n"));
            put_input(p, &side->in, by + 4);
        }
    put_columns(p, op, s->from.op, by);
    if (p->run)
        put_figures(p, op, by);
}

/* The operators behind one another, the source first. */
static void put_chain(const printer *p, const st_op *op, size_t by)
{
    const st_op **chain = NULL;
    size_t n = 0, cap = 0;
    const st_input_of *from = NULL;
    for (; (op = shown(op)) != NULL; op = from->op) {
        if (!st_grow((void *)&chain, &cap, n + 1, sizeof(st_op *)))
            break;
        chain[n++] = op;
        from = &op->step->from;
        if (!from->op || from->let.n)
            break;
    }
    if (from && from->op && from->let.n)
        put_input(p, from, by);
    while (n-- > 0 && p->out->n < PLAN)
        put_step(p, chain[n], by);
    free((void *)chain);
}

static void put_values(const printer *p)
{
    for (const st_shown_value *v = p->bound->values; v; v = v->next) {
        size_t before = p->out->n;
        st_buf_fmt(p->out, "let %.*s = ", ST_FMT(v->name));
        size_t words = p->out->n;
        put_words(p, v->span);
        bool secret = memmem(p->out->p + words, p->out->n - words, "h\"...\"", 6) != NULL;
        st_buf_fmt(p->out, "\n    %s", st_type_name(v->x->type));
        if (v->x->ago) {
            st_buf_str(p->out, ST_STR(", counted from now()"));
        } else if (v->x->kind == ST_EXPR_CONST && !secret) {
            st_buf t = { 0 };
            st_val_put(&t, &p->r->mem, v->x->type, v->x->value);
            st_str s = st_buf_slice(&t);
            st_buf_fmt(p->out, ": %.*s%s", (int)(s.n < WORDS ? s.n : WORDS), s.p ? s.p : "",
                       s.n > WORDS ? " ..." : "");
            st_buf_free(&t);
        }
        st_buf_char(p->out, '\n');
        if (p->out->failed)
            p->out->n = before;
    }
}

void st_explain(st_run *r, st_str text, const st_bound *bound, bool run, st_buf *out)
{
    printer p = { .r = r, .bound = bound, .text = text, .out = out, .run = run };
    put_values(&p);
    for (const st_op *op = bound->root; op; op = op->also) {
        put_chain(&p, op, 0);
        if (op->also)
            st_buf_char(out, '\n');
    }
    if (out->n >= PLAN)
        st_buf_str(out, ST_STR("...\n"));
}

/* NOLINTEND(misc-no-recursion) */
