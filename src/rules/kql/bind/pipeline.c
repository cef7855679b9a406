/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.c - a query: its source, and the operators behind it one after the other.
 *
 * What an operator does to the order of rows and to what is known of their columns stands in
 * the table of operators. After a mistake the pipeline goes on, to find what else is wrong.
 */
#include "rules/kql/bind/bind.h"

#include "base/limits.h"

/* The query as far as its operator `end`, as an expression; NULL: no memory. */
static st_kql_expr *query_up_to(const st_scope *sc, const st_kql_query *query, const st_kql_op *end)
{
    st_kql_expr *e = ST_NEW(&sc->r->arena, st_kql_expr);
    st_kql_query *head = ST_NEW(&sc->r->arena, st_kql_query);
    if (!e || !head)
        return NULL;
    *head = (st_kql_query){ .span = query->span };
    st_kql_op **to = &head->first;
    for (const st_kql_op *q = query->first; q && q != end; q = q->next) {
        if (!(*to = ST_NEW(&sc->r->arena, st_kql_op)))
            return NULL;
        **to = *q;
        (*to)->next = NULL;
        to = &(*to)->next;
    }
    *e = (st_kql_expr){ .kind = ST_KQL_QUERY, .span = query->span, .u.query = head };
    return e;
}

/* Operators behind it know the rows so far by a name, as though a let had given them. piped: the
 * query whose operators these are; NULL: one without a source. */
static bool bind_as(st_scope *sc, const st_kql_query *piped, const st_kql_op *q)
{
    if (!piped) {
        st_bind_error(sc, q->word, NULL, "the rows of a subquery can't be named; use let");
        return false;
    }
    st_let *l = ST_NEW(&sc->r->arena, st_let);
    st_kql_expr *e = query_up_to(sc, piped, q);
    if (!l || !e)
        return false;
    *l = (st_let){ .name = q->u.name.text, .kind = ST_L_TABLE, .expr = e, .env = sc->env };
    sc->as = l->name;
    return st_bind_push_let(sc, l);
}

static const st_bind_operator *row_of(const st_scope *sc, st_kql_op_kind k)
{
    return &sc->binder->operators[k];
}

static bool is_ordered(const st_scope *sc, st_kql_op_kind k, bool before)
{
    st_bind_order o = row_of(sc, k)->order;
    return o == ST_ORDER_MADE || (o == ST_ORDER_KEPT && before);
}

static bool keeps_columns(const st_scope *sc, st_kql_op_kind k)
{
    return row_of(sc, k)->columns != ST_COLUMNS_OWN;
}

/* Refuses what isn't an option of the operator: nothing that the author asked for is left out in
 * silence. */
static bool known_options(const st_scope *sc, const st_kql_op *q)
{
    const char *known = row_of(sc, q->kind)->options;
    for (size_t i = 0; known && i < q->nopts; i++) {
        st_str name = q->opts[i].name.text, rest = st_str_of(known), one;
        bool found = st_str_starts(name, ST_STR("hint."));
        while (!found && st_str_cut(&rest, ' ', &one))
            found = st_str_eq(name, one);
        if (found)
            continue;
        st_bind_error(sc, q->opts[i].name.span, NULL,
                      *known ? "%s has no option %.*s here; it takes %s"
                             : "%s has no option %.*s here%s",
                      st_kql_op_name(q->kind), ST_FMT(name), known);
        return false;
    }
    return true;
}

/* operators */

/* Rows for an operator over rows, a graph for one over graphs. */
static bool fits(const st_scope *sc, const st_op *op, const st_kql_op *q)
{
    bool graphs = row_of(sc, q->kind)->place == ST_PLACE_GRAPH;
    if (op->also) {
        st_bind_error(sc, q->word, NULL, "nothing can stand behind several tables");
        return false;
    }
    if (graphs == (op->graph != NULL))
        return true;
    if (op->schema.loose && !op->graph)
        return false;
    if (!op->schema.open) /* else it was told what is wrong with it */
        st_bind_error(
            sc, q->word, NULL,
            graphs ? "%s works on a graph; make one of the rows with make-graph"
                   : "%s works on rows, and this is a graph; graph-match, graph-shortest-paths "
                     "and graph-to-table make rows of it",
            st_kql_op_name(q->kind));
    return false;
}

/* In the place of operator q, which is wrong or needs what a service's table may have: the input,
 * and any column that q may have made. */
static st_op *past_mistake(const st_scope *sc, const st_op *in, const st_kql_op *q)
{
    st_op *op = ST_NEW(&sc->r->arena, st_op);
    if (!op) {
        st_run_nomem(sc->r);
        return NULL;
    }
    *op = *in;
    op->graph = NULL;
    op->also = NULL;
    if (!sc->out->failed) /* what it makes is a service's, and unknown */
        return op;
    op->schema.open |= (row_of(sc, q->kind == ST_KQL_PIPE_UNREAD ? q->u.was : q->kind)->columns !=
                        ST_COLUMNS_SAME);
    return op;
}

/* Counts an operator against the limit, a let's at each use. */
static bool one_more(const st_scope *sc, const st_kql_op *q)
{
    unsigned n = sc->binder->operators_bound++;
    if (n == ST_MAX_KQL_OPERATORS)
        st_bind_error(sc, q->word, NULL, "more than %u operators when lets are written out",
                      ST_MAX_KQL_OPERATORS);
    return n < ST_MAX_KQL_OPERATORS;
}

static bool too_wide(const st_scope *sc, const st_kql_op *q)
{
    st_bind_error(sc, q->word, NULL, "a table of more than %u columns, the limit",
                  ST_MAX_KQL_COLUMNS);
    sc->binder->operators_bound = ST_MAX_KQL_OPERATORS + 1; /* nothing more is bound */
    return false;
}

/* How many columns the text of the operator makes at least. */
static size_t columns_of(const st_kql_op *q)
{
    switch (q->kind) {
    case ST_KQL_PIPE_PRINT:
    case ST_KQL_PIPE_PROJECT:
    case ST_KQL_PIPE_EXTEND:
    case ST_KQL_PIPE_SERIALIZE:
    case ST_KQL_PIPE_DISTINCT: return q->u.exprs.n;
    case ST_KQL_PIPE_SUMMARIZE: return q->u.group.exprs.n + q->u.group.by.n;
    case ST_KQL_PIPE_DATATABLE:
    case ST_KQL_PIPE_EXTERNALDATA: return q->u.data.schema.n;
    case ST_KQL_PIPE_MV_EXPAND:
    case ST_KQL_PIPE_MV_APPLY: return q->u.expand.n;
    case ST_KQL_PIPE_PARSE:
    case ST_KQL_PIPE_PARSE_WHERE: return q->u.parse.n / 2;
    case ST_KQL_PIPE_PARSE_KV:
    case ST_KQL_PIPE_EVALUATE: return q->u.evaluate.schema.n;
    case ST_KQL_PIPE_MAKE_SERIES: return q->u.series.n + q->u.series.by.n;
    default: return 0;
    }
}

/* The limits of width and options, which are looked at before the work. */
static bool may_bind(const st_scope *sc, const st_kql_op *q)
{
    if (columns_of(q) > ST_MAX_KQL_COLUMNS)
        return too_wide(sc, q);
    return known_options(sc, q);
}

/* The operator by itself. Functions over neighbouring rows need all of them at once. */
static st_op *bind_one(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    if (q->kind == ST_KQL_PIPE_UNREAD) {
        sc->out->failed = true;
        return NULL;
    }
    st_op *op = may_bind(sc, q) ? row_of(sc, q->kind)->bind(sc, in, q) : NULL;
    if (op && sc->out->windows && !st_op_make_whole(sc->r, in))
        op = NULL;
    if (op && op != in && !op->step)
        op->step = sc->step;
    return op && (op->schema.n <= ST_MAX_KQL_COLUMNS || too_wide(sc, q)) ? op : NULL;
}

/* What is known of op's columns, by what was known of its input's. */
static void note_columns(const st_scope *sc, const st_bind_outcome *own, const st_op *in, st_op *op,
                         const st_kql_op *q)
{
    bool kept = keeps_columns(sc, q->kind);
    op->schema.open |= own->opened || (in->schema.open && kept);
    op->schema.loose |= own->loosened || (in->schema.loose && kept);
    op->schema.narrowed_by = kept ? in->schema.narrowed_by : (const void *)q;
    op->schema.narrowed_to = kept ? in->schema.narrowed_to : &op->schema;
}

/* One operator. After an error it goes on, to find what else is wrong. */
static st_op *bind_next(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_bind_outcome own = { .spoiled = sc->out->failed || sc->out->spoiled };
    st_scope inner = st_bind_over(sc, &in->schema);
    if (!one_more(sc, q))
        return NULL;
    inner.out = &own;
    inner.ordered = sc->ordered || q->kind == ST_KQL_PIPE_SERIALIZE;
    inner.step = st_bind_step(sc, q->span, in);
    st_op *op = bind_one(&inner, in, q);
    st_bind_label(sc, NULL);
    /* Without a mistake: it needs a column that a service's table may have. There are no rows. */
    if (!op && (own.failed || (in->schema.loose && st_run_ok(sc->r))))
        op = past_mistake(&inner, in, q);
    if (op)
        note_columns(sc, &own, in, op, q);
    sc->out->failed |= own.failed;
    sc->out->opened |= op && op->schema.open;
    sc->out->loosened |= op && op->schema.loose;
    return op;
}

/* Names an operator that is Kusto's but not ours, and a way round it. */
static void unsupported(const st_scope *sc, const st_kql_op *q)
{
    static const struct {
        const char *name, *instead;
    } table[] = {
        { "reduce",
          "; Kusto doesn't publish how it finds patterns: group by extract() or replace_regex()" },
        { "partition", " with a table of its own in braces; write partition by KEY (SUBQUERY)" },
        { "graph", "; graphs that a database keeps aren't here: make one with make-graph" },
        { "graph-where-nodes",
          "; put the condition into graph-match, or filter the rows before make-graph" },
        { "graph-where-edges",
          "; put the condition into graph-match, or filter the rows before make-graph" },
    };
    st_str name =
        q->kind == ST_KQL_PIPE_UNSUPPORTED ? q->u.name.text : st_str_of(st_kql_op_name(q->kind));
    const char *instead = "";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_is(name, table[i].name))
            instead = table[i].instead;
    st_bind_error(sc, q->word, NULL, "operator %.*s isn't supported%s", ST_FMT(name), instead);
}

/* The operators behind op, one after the other. It is their scope alone: the names that `as` gives
 * end with it. */
static st_op *pipeline(st_scope sc, st_op *op, const st_kql_query *piped, const st_kql_op *q)
{
    for (; q && op; q = q->next) {
        if (!row_of(&sc, q->kind)->bind && q->kind != ST_KQL_PIPE_UNREAD &&
            q->kind != ST_KQL_PIPE_AS) {
            unsupported(&sc, q);
            return NULL;
        }
        sc.row = &op->schema;
        if (!fits(&sc, op, q))
            op = op->schema.loose ? op : st_bind_unread_table(&sc);
        else if (q->kind == ST_KQL_PIPE_AS)
            op = bind_as(&sc, piped, q) || sc.out->failed ? op : NULL;
        else
            op = bind_next(&sc, op, q);
        sc.ordered = q->kind == ST_KQL_PIPE_AS ? sc.ordered : is_ordered(&sc, q->kind, sc.ordered);
    }
    if (op)
        sc.out->ordered = sc.ordered;
    return op;
}

st_op *st_bind_body(const st_scope *sc, st_op *in, const st_kql_query *q, bool ordered)
{
    st_scope inner = *sc;
    inner.ordered = ordered;
    st_op *op = pipeline(inner, in, NULL, q->first);
    st_bind_step_side(sc, op);
    return sc->out->failed ? NULL : op;
}

/* sources */

static st_op *bind_source(const st_scope *sc, const st_kql_op *q)
{
    const st_bind_operator *o = row_of(sc, q->kind);
    if (q->kind == ST_KQL_PIPE_TABLE)
        return st_bind_rows(sc, q->u.expr);
    if (q->kind == ST_KQL_PIPE_UNREAD)
        return st_bind_unread_table(sc);
    if (o->bind && (o->place == ST_PLACE_SOURCE || o->place == ST_PLACE_EITHER))
        return may_bind(sc, q) ? o->bind(sc, NULL, q) : NULL;
    st_bind_error(sc, q->word, NULL, "operator %s can't begin a query", st_kql_op_name(q->kind));
    return NULL;
}

/* The query's source; after a mistake one that has any column. */
static st_op *first_rows(const st_scope *sc, const st_kql_op *q)
{
    st_scope inner = *sc;
    st_bind_label(sc, NULL);
    inner.step = q && q->kind != ST_KQL_PIPE_TABLE ? st_bind_step(sc, q->span, NULL) : NULL;
    st_op *op = q ? bind_source(&inner, q) : NULL;
    if (op && !op->step)
        op->step = inner.step;
    if (op)
        op->schema.loose |= sc->out->loosened;
    return op || !sc->out->failed ? op : st_bind_unread_table(sc);
}

st_op *st_bind_query(const st_scope *sc, const st_kql_query *query)
{
    const st_kql_op *q = query->first;
    st_bind_outcome own = { .spoiled = sc->out->failed || sc->out->spoiled };
    st_scope inner = st_bind_over(sc, NULL);
    inner.out = &own;
    inner.ordered = false;
    st_op *op = first_rows(&inner, q);
    inner.ordered =
        q && (q->kind == ST_KQL_PIPE_TABLE ? own.ordered : is_ordered(sc, q->kind, false));
    inner.source = q && q->kind == ST_KQL_PIPE_TABLE && q->u.expr->kind == ST_KQL_NAME
                       ? q->u.expr->u.name
                       : ST_STR("");
    own.windows = false;
    op = pipeline(inner, op, query, q ? q->next : NULL);
    sc->out->failed |= own.failed;
    sc->out->opened |= own.opened;
    sc->out->loosened |= op && op->schema.loose;
    sc->out->ordered = own.ordered;
    return op;
}
