/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kql_print.c - the tree as an s-expression: what tests compare, what a debugger shows.
 *
 * Recursion is bounded by ST_MAX_KQL_HEIGHT and ST_MAX_KQL_DEPTH.
 */
#include "kql_print.h"

#include <math.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

static void put_expr(st_buf *b, const st_kql_expr *e);
static void put_query(st_buf *b, const st_kql_query *q);
static void put_statements(st_buf *b, const st_kql_stmt *s);

static void put_text(st_buf *b, st_str s)
{
    st_buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20)
            st_buf_fmt(b, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            st_buf_fmt(b, "\\%c", c);
        else
            st_buf_char(b, (char)c);
    }
    st_buf_char(b, '"');
}

static void put_json(st_buf *b, const st_json_literal *j);

static void put_value(st_buf *b, const st_kql_value *v)
{
    if (v->null || v->now) {
        st_buf_fmt(b, "%s(%s)", st_type_name(v->type), v->null ? "null" : "");
        return;
    }
    switch (v->type) {
    case ST_TYPE_BOOL: st_buf_fmt(b, "%s", v->i ? "true" : "false"); break;
    case ST_TYPE_LONG: st_buf_i64(b, v->i); break;
    case ST_TYPE_REAL:
        st_buf_fmt(b, "%.17g%s", v->real, v->real == floor(v->real) ? ".0" : "");
        break;
    case ST_TYPE_DECIMAL: st_buf_fmt(b, "decimal(%.17g)", v->real); break;
    case ST_TYPE_STRING:
        if (v->hidden)
            st_buf_fmt(b, "h\"...\"");
        else
            put_text(b, v->str);
        break;
    case ST_TYPE_GUID: st_buf_guid(b, &v->guid); break;
    case ST_TYPE_DYNAMIC:
        st_buf_fmt(b, "dynamic(");
        put_json(b, v->json);
        st_buf_char(b, ')');
        break;
    default: st_buf_fmt(b, "%s(%lld)", st_type_name(v->type), (long long)v->i); break;
    }
}

static void put_json(st_buf *b, const st_json_literal *j)
{
    bool bag = j->kind == ST_JSON_BAG;
    if (j->kind == ST_JSON_NULL) {
        st_buf_fmt(b, "null");
        return;
    }
    if (j->kind == ST_JSON_VALUE) {
        put_value(b, &j->value);
        return;
    }
    st_buf_char(b, bag ? '{' : '[');
    for (size_t i = 0; i < j->n; i++) {
        if (i)
            st_buf_char(b, ',');
        if (bag) {
            put_text(b, j->names[i]);
            st_buf_char(b, ':');
        }
        put_json(b, j->items[i]);
    }
    st_buf_char(b, bag ? '}' : ']');
}

static void put_list(st_buf *b, const st_kql_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        st_buf_char(b, ' ');
        put_expr(b, l->items[i]);
    }
}

static void put_schema(st_buf *b, const st_kql_schema *s)
{
    st_buf_char(b, '(');
    for (size_t i = 0; i < s->n; i++)
        st_buf_fmt(b, "%s%.*s:%s", i ? "," : "", ST_FMT(s->columns[i].name.text),
                   st_type_name(s->columns[i].type));
    if (s->open)
        st_buf_fmt(b, "%s*", s->n ? "," : "");
    st_buf_char(b, ')');
}

static void put_params(st_buf *b, const st_kql_param *params, size_t n)
{
    st_buf_char(b, '(');
    for (size_t i = 0; i < n; i++) {
        st_buf_fmt(b, "%s%.*s:", i ? " " : "", ST_FMT(params[i].name.text));
        if (params[i].tabular)
            put_schema(b, &params[i].schema);
        else
            st_buf_fmt(b, "%s", st_type_name(params[i].type));
        if (params[i].value) {
            st_buf_char(b, '=');
            put_expr(b, params[i].value);
        }
    }
    st_buf_char(b, ')');
}

static void put_named(st_buf *b, const st_kql_expr *e)
{
    st_buf_fmt(b, "(:=");
    for (size_t i = 0; i < e->u.named.nnames; i++)
        st_buf_fmt(b, " %.*s", ST_FMT(e->u.named.names[i].text));
    st_buf_char(b, ' ');
    put_expr(b, e->u.named.value);
    st_buf_char(b, ')');
}

static void put_call(st_buf *b, const st_kql_expr *e)
{
    st_buf_fmt(b, "(call ");
    if (e->u.call.base) {
        put_expr(b, e->u.call.base);
        st_buf_char(b, '.');
    }
    st_buf_str(b, e->u.call.name.text);
    put_list(b, &e->u.call.args);
    st_buf_char(b, ')');
}

/* (word a b c), those of them that there are */
static void put_form(st_buf *b, const char *word, const st_kql_expr *x, const st_kql_expr *y,
                     const st_kql_expr *z)
{
    const st_kql_expr *parts[] = { x, y, z };
    st_buf_fmt(b, "(%s", word);
    for (size_t i = 0; i < 3; i++)
        if (parts[i]) {
            st_buf_char(b, ' ');
            put_expr(b, parts[i]);
        }
    st_buf_char(b, ')');
}

static void put_expr(st_buf *b, const st_kql_expr *e)
{
    if (!e) {
        st_buf_fmt(b, "(none)");
        return;
    }
    switch (e->kind) {
    case ST_KQL_ERROR: st_buf_fmt(b, "(error)"); break;
    case ST_KQL_LITERAL: put_value(b, &e->u.value); break;
    case ST_KQL_NAME:
    case ST_KQL_PATTERN: st_buf_str(b, e->u.name); break;
    case ST_KQL_STAR: st_buf_char(b, '*'); break;
    case ST_KQL_MEMBER:
        put_expr(b, e->u.member.base);
        st_buf_fmt(b, ".%.*s", ST_FMT(e->u.member.name.text));
        break;
    case ST_KQL_INDEX: put_form(b, "at", e->u.index.base, e->u.index.index, NULL); break;
    case ST_KQL_CALL: put_call(b, e); break;
    case ST_KQL_UNARY:
        put_form(b, st_kql_operator_text(e->u.unary.op), e->u.unary.operand, NULL, NULL);
        break;
    case ST_KQL_BINARY:
        put_form(b, st_kql_operator_text(e->u.binary.op), e->u.binary.left, e->u.binary.right,
                 NULL);
        break;
    case ST_KQL_IN:
        st_buf_fmt(b, "(%s ", st_kql_operator_text(e->u.in.op));
        put_expr(b, e->u.in.left);
        put_list(b, &e->u.in.items);
        st_buf_char(b, ')');
        break;
    case ST_KQL_BETWEEN:
        put_form(b, e->u.between.negated ? "!between" : "between", e->u.between.left,
                 e->u.between.low, e->u.between.high);
        break;
    case ST_KQL_NAMED: put_named(b, e); break;
    case ST_KQL_TYPEOF:
        st_buf_fmt(b, "typeof");
        put_schema(b, &e->u.schema);
        break;
    case ST_KQL_QUERY: put_query(b, e->u.query); break;
    case ST_KQL_LAMBDA:
        st_buf_fmt(b, e->u.lambda.view ? "(view " : "(lambda ");
        put_params(b, e->u.lambda.params, e->u.lambda.nparams);
        st_buf_char(b, ' ');
        put_statements(b, e->u.lambda.body);
        st_buf_char(b, ')');
        break;
    }
}

/* operators */

static void put_keys(st_buf *b, const st_kql_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const st_kql_key *k = &keys[i];
        st_buf_char(b, ' ');
        put_expr(b, k->expr);
        st_buf_fmt(b, "%s%s%s", k->granny ? " granny" : "",
                   k->asc    ? " asc"
                   : k->desc ? " desc"
                             : "",
                   k->nulls_first  ? " nulls-first"
                   : k->nulls_last ? " nulls-last"
                                   : "");
    }
}

/* " word e", if there is one */
static void put_clause(st_buf *b, const char *word, const st_kql_expr *e)
{
    if (!e)
        return;
    st_buf_fmt(b, " %s", word);
    st_buf_fmt(b, word[0] ? " " : "");
    put_expr(b, e);
}

static void put_parts(st_buf *b, const st_kql_part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_buf_char(b, ' ');
        if (parts[i].kind == ST_KQL_PART_TEXT)
            put_text(b, parts[i].text);
        else if (parts[i].kind == ST_KQL_PART_STAR)
            st_buf_char(b, '*');
        else
            st_buf_fmt(b, "%.*s:%s", ST_FMT(parts[i].column.name.text),
                       st_type_name(parts[i].column.type));
    }
}

static void put_levels(st_buf *b, const st_kql_level *levels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_buf_fmt(b, " (");
        put_expr(b, levels[i].count);
        put_clause(b, "of", levels[i].of);
        put_clause(b, "others", levels[i].others);
        st_buf_fmt(b, " by");
        put_keys(b, &levels[i].by, 1);
        st_buf_char(b, ')');
    }
}

static void put_items(st_buf *b, const st_kql_op *op)
{
    for (size_t i = 0; i < op->u.expand.n; i++) {
        put_clause(b, "", op->u.expand.items[i].expr);
        if (op->u.expand.items[i].to != ST_TYPE_UNKNOWN)
            st_buf_fmt(b, " to %s", st_type_name(op->u.expand.items[i].to));
    }
    put_clause(b, "limit", op->u.expand.limit);
    if (op->u.expand.body) {
        st_buf_fmt(b, " on ");
        put_query(b, op->u.expand.body);
    }
}

static void put_series(st_buf *b, const st_kql_op *op)
{
    for (size_t i = 0; i < op->u.series.n; i++) {
        put_clause(b, "", op->u.series.items[i].expr);
        put_clause(b, "default", op->u.series.items[i].value);
    }
    put_clause(b, "on", op->u.series.on);
    put_clause(b, "from", op->u.series.from);
    put_clause(b, op->u.series.closed ? "up to and with" : "to", op->u.series.to);
    put_clause(b, "step", op->u.series.step);
    if (op->u.series.by.n)
        st_buf_fmt(b, " by");
    put_list(b, &op->u.series.by);
}

static void put_search(st_buf *b, const st_kql_op *op)
{
    if (op->u.search.tables.n) {
        st_buf_fmt(b, " (in");
        put_list(b, &op->u.search.tables);
        st_buf_char(b, ')');
    }
    put_clause(b, "", op->u.search.pred);
    if (op->u.search.has_project)
        st_buf_fmt(b, " project");
    put_list(b, &op->u.search.project);
}

/* " word name", if there is one */
static void put_word(st_buf *b, const char *word, const st_kql_name *n)
{
    if (n->text.n)
        st_buf_fmt(b, " %s %.*s", word, ST_FMT(n->text));
}

static void put_fork(st_buf *b, const st_kql_op *op)
{
    for (size_t i = 0; i < op->u.fork.n; i++) {
        put_word(b, "as", &op->u.fork.names[i]);
        st_buf_char(b, ' ');
        put_query(b, op->u.fork.bodies[i]);
    }
}

static void put_scan(st_buf *b, const st_kql_op *op)
{
    static const char *const outputs[] = { "", " last", " none" };
    put_word(b, "id", &op->u.scan.match_id);
    if (op->u.scan.ndeclared) {
        st_buf_char(b, ' ');
        put_params(b, op->u.scan.declared, op->u.scan.ndeclared);
    }
    for (size_t i = 0; i < op->u.scan.n; i++) {
        const st_kql_scan_step *s = &op->u.scan.steps[i];
        st_buf_fmt(b, " (%.*s%s", ST_FMT(s->name.text), outputs[s->output]);
        put_clause(b, "", s->condition);
        put_list(b, &s->assigned);
        st_buf_char(b, ')');
    }
}

static void put_facet(st_buf *b, const st_kql_op *op)
{
    put_list(b, &op->u.facet.by);
    if (op->u.facet.body) {
        st_buf_fmt(b, " with ");
        put_query(b, op->u.facet.body);
    }
}

static void put_graph(st_buf *b, const st_kql_op *op)
{
    st_buf_fmt(b, " %.*s %.*s", ST_FMT(op->u.graph.source.text), ST_FMT(op->u.graph.target.text));
    for (size_t i = 0; i < op->u.graph.n; i++) {
        put_clause(b, "with", op->u.graph.nodes[i]);
        put_word(b, "on", &op->u.graph.ids[i]);
    }
    put_word(b, "id", &op->u.graph.node_id);
    put_word(b, "by", &op->u.graph.by);
    if (op->u.graph.body) {
        st_buf_char(b, ' ');
        put_query(b, op->u.graph.body);
    }
}

/* (a right e 1 5 b any c) */
static void put_pattern(st_buf *b, const st_kql_sequence *s)
{
    static const char *const words[] = { "right", "left", "any" };
    st_buf_fmt(b, " (");
    for (size_t i = 0; i < s->n; i++) {
        const st_kql_element *e = &s->items[i];
        if (i)
            st_buf_char(b, ' ');
        if (i % 2)
            st_buf_fmt(b, "%s ", words[e->direction]);
        st_buf_str(b, e->name.text.n ? e->name.text : ST_STR("_"));
        if (e->variable) {
            put_clause(b, "", e->min);
            put_clause(b, "", e->max);
        }
    }
    st_buf_char(b, ')');
}

static void put_match(st_buf *b, const st_kql_op *op)
{
    put_word(b, "=", &op->u.match.option);
    for (size_t i = 0; i < op->u.match.n; i++)
        put_pattern(b, &op->u.match.sequences[i]);
    put_clause(b, "where", op->u.match.where);
    st_buf_fmt(b, " project");
    put_list(b, &op->u.match.project);
}

static void put_graph_tables(st_buf *b, const st_kql_op *op)
{
    for (size_t i = 0; i < op->u.to_table.n; i++) {
        const st_kql_graph_table *t = &op->u.to_table.tables[i];
        st_buf_fmt(b, " (%s", t->edges ? "edges" : "nodes");
        put_word(b, "as", &t->name);
        put_word(b, "id", &t->id);
        put_word(b, "target", &t->target_id);
        st_buf_char(b, ')');
    }
}

static void put_inside(st_buf *b, const st_kql_op *op)
{
    switch (op->kind) {
    case ST_KQL_PIPE_UNREAD: st_buf_fmt(b, " (error)"); break;
    case ST_KQL_PIPE_TABLE:
    case ST_KQL_PIPE_WHERE:
    case ST_KQL_PIPE_INVOKE: put_clause(b, "", op->u.expr); break;
    case ST_KQL_PIPE_DATATABLE:
    case ST_KQL_PIPE_EXTERNALDATA:
        st_buf_char(b, ' ');
        put_schema(b, &op->u.data.schema);
        put_list(b, &op->u.data.cells);
        break;
    case ST_KQL_PIPE_RANGE:
        st_buf_fmt(b, " %.*s", ST_FMT(op->u.range.name.text));
        put_clause(b, "from", op->u.range.from);
        put_clause(b, "to", op->u.range.to);
        put_clause(b, "step", op->u.range.step);
        break;
    case ST_KQL_PIPE_PRINT:
    case ST_KQL_PIPE_UNION:
    case ST_KQL_PIPE_PROJECT:
    case ST_KQL_PIPE_EXTEND:
    case ST_KQL_PIPE_DISTINCT:
    case ST_KQL_PIPE_SERIALIZE:
    case ST_KQL_PIPE_PROJECT_AWAY:
    case ST_KQL_PIPE_PROJECT_KEEP:
    case ST_KQL_PIPE_PROJECT_RENAME: put_list(b, &op->u.exprs); break;
    case ST_KQL_PIPE_SEARCH:
    case ST_KQL_PIPE_FIND: put_search(b, op); break;
    case ST_KQL_PIPE_PROJECT_REORDER:
    case ST_KQL_PIPE_ORDER: put_keys(b, op->u.keys.keys, op->u.keys.n); break;
    case ST_KQL_PIPE_SUMMARIZE:
        put_list(b, &op->u.group.exprs);
        if (op->u.group.has_by)
            st_buf_fmt(b, " by");
        put_list(b, &op->u.group.by);
        break;
    case ST_KQL_PIPE_TOP:
    case ST_KQL_PIPE_TAKE:
    case ST_KQL_PIPE_SAMPLE:
    case ST_KQL_PIPE_SAMPLE_DISTINCT:
        put_clause(b, "", op->u.top.count);
        put_clause(b, "of", op->u.top.of);
        put_keys(b, op->u.top.keys, op->u.top.n);
        break;
    case ST_KQL_PIPE_COUNT:
    case ST_KQL_PIPE_RENDER:
    case ST_KQL_PIPE_AS:
    case ST_KQL_PIPE_UNSUPPORTED:
        if (op->u.name.text.n)
            st_buf_fmt(b, " %.*s", ST_FMT(op->u.name.text));
        break;
    case ST_KQL_PIPE_JOIN:
    case ST_KQL_PIPE_LOOKUP:
        put_clause(b, "", op->u.join.right);
        st_buf_fmt(b, " on");
        put_list(b, &op->u.join.on);
        break;
    case ST_KQL_PIPE_MV_EXPAND:
    case ST_KQL_PIPE_MV_APPLY: put_items(b, op); break;
    case ST_KQL_PIPE_EVALUATE:
    case ST_KQL_PIPE_PARSE_KV:
        put_clause(b, "", op->u.evaluate.call);
        if (op->u.evaluate.schema.n || op->u.evaluate.schema.open) {
            st_buf_char(b, ' ');
            put_schema(b, &op->u.evaluate.schema);
        }
        break;
    case ST_KQL_PIPE_PARSE:
    case ST_KQL_PIPE_PARSE_WHERE:
        put_clause(b, "", op->u.parse.expr);
        put_parts(b, op->u.parse.parts, op->u.parse.n);
        break;
    case ST_KQL_PIPE_MAKE_SERIES: put_series(b, op); break;
    case ST_KQL_PIPE_TOP_NESTED: put_levels(b, op->u.nested.levels, op->u.nested.n); break;
    case ST_KQL_PIPE_PARTITION:
        put_clause(b, "", op->u.partition.by);
        st_buf_char(b, ' ');
        put_query(b, op->u.partition.body);
        break;
    case ST_KQL_PIPE_SCAN: put_scan(b, op); break;
    case ST_KQL_PIPE_FORK: put_fork(b, op); break;
    case ST_KQL_PIPE_FACET: put_facet(b, op); break;
    case ST_KQL_PIPE_TOP_HITTERS:
        put_clause(b, "", op->u.hitters.count);
        put_clause(b, "of", op->u.hitters.of);
        put_clause(b, "by", op->u.hitters.by);
        break;
    case ST_KQL_PIPE_MAKE_GRAPH: put_graph(b, op); break;
    case ST_KQL_PIPE_GRAPH_MATCH:
    case ST_KQL_PIPE_GRAPH_SHORTEST_PATHS: put_match(b, op); break;
    case ST_KQL_PIPE_GRAPH_TO_TABLE: put_graph_tables(b, op); break;
    case ST_KQL_PIPE_GRAPH_MARK_COMPONENTS:
        put_word(b, "kind", &op->u.mark.kind);
        put_word(b, "id", &op->u.mark.id);
        break;
    case ST_KQL_PIPE_GETSCHEMA:
    case ST_KQL_PIPE_CONSUME: break;
    }
}

static void put_op(st_buf *b, const st_kql_op *op)
{
    if (op->kind == ST_KQL_PIPE_TABLE) {
        put_expr(b, op->u.expr);
        return;
    }
    st_buf_fmt(b, "(%s", st_kql_op_name(op->kind));
    for (size_t i = 0; i < op->nopts; i++) {
        st_buf_fmt(b, " [%.*s ", ST_FMT(op->opts[i].name.text));
        put_expr(b, op->opts[i].value);
        st_buf_char(b, ']');
    }
    put_inside(b, op);
    st_buf_char(b, ')');
}

static void put_query(st_buf *b, const st_kql_query *q)
{
    st_buf_fmt(b, "(|");
    for (const st_kql_op *op = q ? q->first : NULL; op; op = op->next) {
        st_buf_char(b, ' ');
        put_op(b, op);
    }
    st_buf_char(b, ')');
}

static void put_statements(st_buf *b, const st_kql_stmt *s)
{
    static const char *const words[] = { "let", "set", "declare", "", "other" };
    for (const st_kql_stmt *first = s; s; s = s->next) {
        if (s != first)
            st_buf_char(b, ' ');
        if (s->kind == ST_KQL_STMT_QUERY) {
            put_expr(b, s->value);
            continue;
        }
        st_buf_fmt(b, "(%s", words[s->kind]);
        if (s->kind == ST_KQL_STMT_DECLARE) {
            st_buf_char(b, ' ');
            put_params(b, s->params, s->nparams);
        } else {
            st_buf_fmt(b, " %.*s", ST_FMT(s->name.text));
            put_clause(b, "", s->value);
        }
        st_buf_char(b, ')');
    }
}

void st_kql_print(st_buf *b, const st_kql_script *s)
{
    put_statements(b, s->first);
}

/* NOLINTEND(misc-no-recursion) */
