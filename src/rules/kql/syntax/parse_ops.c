/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_ops.c - pipelines: sources and tabular operators, one function each, found by a table.
 */
#include "rules/kql/syntax/parse.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "rules/kql/syntax/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void read_op(st_parser *p, st_kql_op *op);

static void read_unsupported(st_parser *p, st_kql_op *op);

/* options: kind=inner, hint.strategy=shuffle */

/* How many tokens make the option's name here; 0 if none begins. */
static size_t option_name(const st_parser *p, bool hints_only)
{
    static const char *const names[] = { "kind",           "isfuzzy",      "withsource",
                                         "with_source",    "flags",        "bagexpansion",
                                         "with_itemindex", "decodeblocks", "nooptimization" };
    if (st_p_is_word(p, 0, "hint") && st_p_is(p, 1, ".") && st_p_is(p, 3, "="))
        return 3;
    if (hints_only || !st_p_is(p, 1, "="))
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (st_p_is_word(p, 0, names[i]))
            return 1;
    return 0;
}

static st_kql_expr *option_value(st_parser *p)
{
    uint32_t start = st_p_start(p);
    st_kql_name name;
    if (!st_p_is_name(p))
        return st_p_postfix(p);
    st_p_name(p, &name, "a value");
    st_kql_expr *e = st_p_node(p, ST_KQL_NAME, st_p_since(p, start));
    if (e)
        e->u.name = name.text;
    return e;
}

/* Hints change how a cluster runs a query, never its answer. */
static void check_hint(st_parser *p, const st_kql_name *name)
{
    static const char *const hints[] = { "strategy",     "shufflekey",          "num_partitions",
                                         "remote",       "concurrency",         "spread",
                                         "pass_filters", "pass_filters_column", "materialized",
                                         "distribution", "progressive_top" };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        size_t n = strlen(hints[i]);
        if (name->text.n > n && name->text.p[name->text.n - n - 1] == '.' &&
            st_str_eq((st_str){ name->text.p + name->text.n - n, n }, st_str_of(hints[i])))
            return;
    }
    st_diag_at(p->diags, ST_SEV_WARNING, name->span, NULL, "no hint %.*s is known: ignored",
               ST_FMT(name->text));
}

static void option(st_parser *p, st_p_list *list, size_t name_tokens)
{
    st_kql_opt *o = ST_NEW(p->arena, st_kql_opt);
    uint32_t start = st_p_start(p);
    if (!o)
        return;
    for (size_t i = 0; i < name_tokens; i++)
        st_p_next(p);
    o->name.span = st_p_since(p, start);
    o->name.text = (st_str){ p->text.p + start, o->name.span.end - start };
    st_p_next(p); /* = */
    o->value = option_value(p);
    if (name_tokens == 3)
        check_hint(p, &o->name);
    st_p_add(p, list, o);
}

static void options(st_parser *p, st_kql_op *op, bool hints_only)
{
    st_p_list list = { 0 };
    size_t n = option_name(p, hints_only);
    if (!n)
        return;
    for (size_t i = 0; i < op->nopts; i++) /* join has them in two places */
        st_p_add(p, &list, &op->opts[i]);
    for (; !p->panic && n > 0; n = option_name(p, hints_only)) {
        option(p, &list, n);
        st_p_take(p, ",");
    }
    op->nopts = list.n;
    op->opts = st_p_array(p, &list, sizeof *op->opts);
}

/* with (a = b, c = d) */
static void with_options(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    if (!st_p_take_word(p, "with"))
        return;
    if (st_p_need(p, "(", "with") && !st_p_is(p, 0, ")")) {
        do {
            st_kql_opt *o = ST_NEW(p->arena, st_kql_opt);
            if (!o)
                break;
            if (st_p_name(p, &o->name, "the name of an option") &&
                st_p_need(p, "=", "the value of an option"))
                o->value = st_p_expr(p);
            st_p_add(p, &list, o);
        } while (st_p_more(p));
    }
    st_p_need(p, ")", "the options");
    op->nopts = list.n;
    op->opts = st_p_array(p, &list, sizeof *op->opts);
}

/* lists */

static st_kql_list expr_list(st_parser *p, st_kql_expr *(*read)(st_parser *))
{
    st_p_list list = { 0 };
    do
        st_p_add(p, &list, read(p));
    while (st_p_more(p));
    return st_p_exprs(p, &list);
}

static void key(st_parser *p, st_kql_key *k, st_kql_expr *(*read)(st_parser *))
{
    k->expr = read(p);
    if (st_p_is_word(p, 0, "granny") && st_p_is(p, 1, "-")) {
        k->granny = true;
        st_p_next(p);
        st_p_next(p);
    }
    k->asc = st_p_take_word(p, "asc");
    k->desc = !k->asc && st_p_take_word(p, "desc");
    if (!st_p_take_word(p, "nulls"))
        return;
    k->nulls_first = st_p_take_word(p, "first");
    if (!k->nulls_first && st_p_need_word(p, "last", "the order (nulls first, nulls last)"))
        k->nulls_last = true;
}

static st_kql_key *keys(st_parser *p, size_t *n, st_kql_expr *(*read)(st_parser *))
{
    st_p_list list = { 0 };
    do {
        st_kql_key *k = ST_NEW(p->arena, st_kql_key);
        if (!k)
            break;
        key(p, k, read);
        st_p_add(p, &list, k);
    } while (st_p_more(p));
    *n = list.n;
    st_kql_key *out = st_p_array(p, &list, sizeof *out);
    if (!out)
        *n = 0;
    return out;
}

/* sources */

static void read_table(st_parser *p, st_kql_op *op)
{
    op->u.expr = st_p_table(p);
}

/* The cells of datatable and the URIs of externaldata; a last comma is fine. */
static void cells(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    st_p_schema(p, &op->u.data.schema, false);
    if (st_p_need(p, "[", "the values")) {
        while (!st_p_is(p, 0, "]") && st_p_at(p, 0)->kind != ST_TOK_END) {
            st_p_add(p, &list, st_p_expr(p));
            if (!st_p_more(p))
                break;
        }
        st_p_need(p, "]", "the values");
    }
    op->u.data.cells = st_p_exprs(p, &list);
}

static void read_externaldata(st_parser *p, st_kql_op *op)
{
    cells(p, op);
    with_options(p, op);
}

static void read_range(st_parser *p, st_kql_op *op)
{
    if (!st_p_name(p, &op->u.range.name, "a column's name"))
        return;
    if (st_p_need_word(p, "from", "range"))
        op->u.range.from = st_p_expr(p);
    if (st_p_need_word(p, "to", "range"))
        op->u.range.to = st_p_expr(p);
    if (st_p_need_word(p, "step", "range"))
        op->u.range.step = st_p_expr(p);
}

static void read_print(st_parser *p, st_kql_op *op)
{
    op->u.exprs = expr_list(p, st_p_named);
}

static void read_union(st_parser *p, st_kql_op *op)
{
    options(p, op, false);
    op->u.exprs = expr_list(p, st_p_table);
}

static void in_tables(st_parser *p, st_kql_op *op)
{
    if (!st_p_is_word(p, 0, "in") || !st_p_is(p, 1, "("))
        return;
    st_p_next(p);
    st_p_next(p);
    op->u.search.tables = expr_list(p, st_p_table);
    st_p_need(p, ")", "the tables");
}

static void read_search(st_parser *p, st_kql_op *op)
{
    options(p, op, false);
    in_tables(p, op);
    op->u.search.pred = st_p_expr(p);
}

static st_kql_expr *find_column(st_parser *p)
{
    st_kql_expr *e = st_p_named(p);
    return e;
}

static void read_find(st_parser *p, st_kql_op *op)
{
    options(p, op, false);
    in_tables(p, op);
    st_p_take_word(p, "where");
    op->u.search.pred = st_p_expr(p);
    if (st_p_is_word(p, 0, "project") && !st_p_is(p, 1, "-")) {
        st_p_next(p);
        op->u.search.has_project = true;
        op->u.search.project = expr_list(p, find_column);
    }
}

/* operators */

static void read_where(st_parser *p, st_kql_op *op)
{
    op->u.expr = st_p_expr(p);
}

static void read_exprs(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    op->u.exprs = expr_list(p, st_p_named);
}

static void read_serialize(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    if (!st_p_stops(p))
        op->u.exprs = expr_list(p, st_p_named);
}

static void read_patterns(st_parser *p, st_kql_op *op)
{
    op->u.exprs = expr_list(p, st_p_pattern);
}

static void read_reorder(st_parser *p, st_kql_op *op)
{
    op->u.keys.keys = keys(p, &op->u.keys.n, st_p_pattern);
}

static void read_summarize(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    if (!st_p_is_word(p, 0, "by") && !st_p_stops(p))
        op->u.group.exprs = expr_list(p, st_p_named);
    if (!p->panic && st_p_take_word(p, "by")) {
        op->u.group.has_by = true;
        op->u.group.by = expr_list(p, st_p_named);
    } else if (!op->u.group.exprs.n && !p->panic) {
        st_p_expected(p, "an aggregate or `by`");
    }
}

static void read_order(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    if (st_p_need_word(p, "by", "order"))
        op->u.keys.keys = keys(p, &op->u.keys.n, st_p_named);
}

static void read_top(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    op->u.top.count = st_p_expr(p);
    if (!st_p_need_word(p, "by", "top"))
        return;
    op->u.top.keys = keys(p, &op->u.top.n, st_p_named);
    if (op->u.top.n > 1 && op->u.top.keys[1].expr)
        st_p_fail(p, op->u.top.keys[1].expr->span, "KS005",
                  "top takes one key; use `order by ... | take ...` for several");
}

static void read_take(st_parser *p, st_kql_op *op)
{
    op->u.top.count = st_p_expr(p);
}

static void read_sample_distinct(st_parser *p, st_kql_op *op)
{
    op->u.top.count = st_p_expr(p);
    if (st_p_need_word(p, "of", "sample-distinct"))
        op->u.top.of = st_p_expr(p);
}

static void read_count(st_parser *p, st_kql_op *op)
{
    if (st_p_take_word(p, "as"))
        st_p_name(p, &op->u.name, "a name");
}

static void read_join(st_parser *p, st_kql_op *op)
{
    options(p, op, false);
    op->u.join.right = st_p_table(p);
    options(p, op, true);
    if (st_p_need_word(p, "on", op->kind == ST_KQL_PIPE_LOOKUP ? "lookup" : "join"))
        op->u.join.on = expr_list(p, st_p_expr);
}

static void expand_item(st_parser *p, st_p_list *list)
{
    st_kql_expand_item *item = ST_NEW(p->arena, st_kql_expand_item);
    if (!item)
        return;
    item->to = ST_TYPE_UNKNOWN;
    item->expr = st_p_named(p);
    if (st_p_take_word(p, "to"))
        item->to = st_p_typeof(p);
    st_p_add(p, list, item);
}

static void expand_items(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    options(p, op, false);
    do
        expand_item(p, &list);
    while (st_p_more(p));
    op->u.expand.n = list.n;
    op->u.expand.items = st_p_array(p, &list, sizeof *op->u.expand.items);
    if (st_p_take_word(p, "limit"))
        op->u.expand.limit = st_p_expr(p);
}

static void read_mv_expand(st_parser *p, st_kql_op *op)
{
    expand_items(p, op);
}

static st_kql_query *body(st_parser *p, const char *where)
{
    st_kql_query *q = NULL;
    if (st_p_need(p, "(", where)) {
        q = st_p_query(p, NULL, true);
        st_p_need(p, ")", where);
    }
    return q;
}

static void read_mv_apply(st_parser *p, st_kql_op *op)
{
    expand_items(p, op);
    if (st_p_need_word(p, "on", "mv-apply"))
        op->u.expand.body = body(p, "the subquery");
}

static void read_evaluate(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    op->u.evaluate.call = st_p_postfix(p);
    if (!p->panic && op->u.evaluate.call && op->u.evaluate.call->kind != ST_KQL_CALL)
        st_p_expected(p, "`(` behind the plugin's name");
    if (st_p_take(p, ":"))
        st_p_schema(p, &op->u.evaluate.schema, false);
}

static void read_part(st_parser *p, st_p_list *list)
{
    st_kql_part *part = ST_NEW(p->arena, st_kql_part);
    st_kql_value text;
    uint32_t start = st_p_start(p);
    if (!part)
        return;
    if (st_p_string(p, &text)) {
        part->kind = ST_KQL_PART_TEXT;
        part->text = text.str;
    } else if (st_p_take(p, "*")) {
        part->kind = ST_KQL_PART_STAR;
    } else {
        part->kind = ST_KQL_PART_COLUMN;
        part->column.type = ST_TYPE_STRING;
        if (st_p_name(p, &part->column.name, "a string, a column or *") && st_p_take(p, ":")) {
            const st_kql_token *t = st_p_at(p, 0);
            part->column.type_span = t->span;
            part->column.type =
                t->kind == ST_TOK_NAME ? st_type_of(st_p_text(p, t)) : ST_TYPE_UNKNOWN;
            if (part->column.type == ST_TYPE_UNKNOWN)
                st_p_expected(p, "a type");
            else
                st_p_next(p);
        }
    }
    part->span = st_p_since(p, start);
    st_p_add(p, list, part);
}

static void read_parse(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    options(p, op, false);
    op->u.parse.expr = st_p_expr(p);
    if (st_p_need_word(p, "with", "parse")) {
        do
            read_part(p, &list);
        while (!p->panic && !st_p_stops(p));
    }
    op->u.parse.n = list.n;
    op->u.parse.parts = st_p_array(p, &list, sizeof *op->u.parse.parts);
}

static void read_parse_kv(st_parser *p, st_kql_op *op)
{
    op->u.evaluate.call = st_p_expr(p);
    if (st_p_need_word(p, "as", "parse-kv"))
        st_p_schema(p, &op->u.evaluate.schema, false);
    with_options(p, op);
}

static void series_item(st_parser *p, st_p_list *list)
{
    st_kql_series_item *item = ST_NEW(p->arena, st_kql_series_item);
    if (!item)
        return;
    item->expr = st_p_named(p);
    if (st_p_is_word(p, 0, "default") && st_p_is(p, 1, "=")) {
        st_p_next(p);
        st_p_next(p);
        item->value = st_p_expr(p);
    }
    st_p_add(p, list, item);
}

/* Old form: in range(from, to, step), its end included */
static void series_range(st_parser *p, st_kql_op *op)
{
    st_kql_expr *call = st_p_postfix(p);
    if (p->panic || !call)
        return;
    if (call->kind != ST_KQL_CALL || call->u.call.args.n != 3) {
        st_p_fail(p, call->span, "KS005", "range(from, to, step) expected");
        return;
    }
    op->u.series.from = call->u.call.args.items[0];
    op->u.series.to = call->u.call.args.items[1];
    op->u.series.step = call->u.call.args.items[2];
    op->u.series.closed = true;
}

static void read_make_series(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    options(p, op, false);
    do
        series_item(p, &list);
    while (st_p_more(p));
    op->u.series.n = list.n;
    op->u.series.items = st_p_array(p, &list, sizeof *op->u.series.items);
    if (st_p_need_word(p, "on", "make-series"))
        op->u.series.on = st_p_sum(p);
    if (st_p_take_word(p, "in")) {
        series_range(p, op);
    } else {
        if (st_p_take_word(p, "from"))
            op->u.series.from = st_p_expr(p);
        if (st_p_take_word(p, "to"))
            op->u.series.to = st_p_expr(p);
        if (st_p_need_word(p, "step", "make-series"))
            op->u.series.step = st_p_expr(p);
    }
    if (!p->panic && st_p_take_word(p, "by"))
        op->u.series.by = expr_list(p, st_p_named);
}

static void read_level(st_parser *p, st_kql_level *level)
{
    if (!st_p_is_word(p, 0, "of"))
        level->count = st_p_expr(p);
    if (st_p_need_word(p, "of", "top-nested"))
        level->of = st_p_named(p);
    if (st_p_take_word(p, "with")) {
        st_p_need_word(p, "others", "top-nested");
        st_p_need(p, "=", "the name of the others");
        level->others = st_p_expr(p);
    }
    if (st_p_need_word(p, "by", "top-nested"))
        key(p, &level->by, st_p_named);
}

static void read_top_nested(st_parser *p, st_kql_op *op)
{
    st_p_list list = { 0 };
    for (;;) {
        st_kql_level *level = ST_NEW(p->arena, st_kql_level);
        if (!level)
            break;
        read_level(p, level);
        st_p_add(p, &list, level);
        if (!st_p_more(p))
            break;
        bool again =
            st_p_is_word(p, 0, "top") && st_p_is(p, 1, "-") && st_p_is_word(p, 2, "nested");
        if (!again) {
            st_p_expected(p, "`top-nested`");
            break;
        }
        for (int i = 0; i < 3; i++)
            st_p_next(p);
    }
    op->u.nested.n = list.n;
    op->u.nested.levels = st_p_array(p, &list, sizeof *op->u.nested.levels);
}

static void read_partition(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    if (!st_p_need_word(p, "by", "partition"))
        return;
    op->u.partition.by = st_p_pattern(p);
    options(p, op, true);
    if (st_p_is(p, 0, "{")) { /* the old form, with a source of its own */
        op->kind = ST_KQL_PIPE_UNSUPPORTED;
        memset(&op->u, 0, sizeof op->u);
        read_unsupported(p, op);
        return;
    }
    op->u.partition.body = body(p, "the subquery");
}

static void read_render(st_parser *p, st_kql_op *op)
{
    if (!st_p_name(p, &op->u.name, "the kind of chart"))
        return;
    with_options(p, op);
    if (!st_p_stops(p)) /* old forms: kind=stacked by a, b title="x" */
        st_p_skip(p, false);
}

static void read_as(st_parser *p, st_kql_op *op)
{
    options(p, op, true);
    st_p_name(p, &op->u.name, "a name");
}

static void read_nothing(st_parser *p, st_kql_op *op)
{
    (void)p;
    (void)op;
}

static void read_invoke(st_parser *p, st_kql_op *op)
{
    op->u.expr = st_p_postfix(p);
    if (!p->panic && op->u.expr && op->u.expr->kind != ST_KQL_CALL)
        st_p_expected(p, "`(` behind the function's name");
}

/* (subquery) name=(subquery) ... */
static void read_fork(st_parser *p, st_kql_op *op)
{
    st_p_list names = { 0 }, bodies = { 0 };
    do {
        st_kql_name *name = ST_NEW(p->arena, st_kql_name);
        if (!name)
            break;
        if (st_p_is(p, 1, "=") && st_p_name(p, name, "a name"))
            st_p_next(p);
        st_p_add(p, &names, name);
        st_kql_query **q = ST_NEW(p->arena, st_kql_query *);
        if (q && (*q = body(p, "a subquery of fork")))
            st_p_add(p, &bodies, q);
    } while (!p->panic && (st_p_is(p, 0, "(") || st_p_is(p, 1, "=")));
    op->u.fork.n = bodies.n;
    op->u.fork.names = st_p_array(p, &names, sizeof *op->u.fork.names);
    op->u.fork.bodies = st_p_array(p, &bodies, sizeof(st_kql_query *));
}

static void read_facet(st_parser *p, st_kql_op *op)
{
    if (st_p_need_word(p, "by", "facet"))
        op->u.facet.by = expr_list(p, st_p_pattern);
    if (!p->panic && st_p_take_word(p, "with"))
        op->u.facet.body = body(p, "the subquery");
}

static void read_top_hitters(st_parser *p, st_kql_op *op)
{
    op->u.hitters.count = st_p_expr(p);
    if (st_p_need_word(p, "of", "top-hitters"))
        op->u.hitters.of = st_p_named(p);
    if (!p->panic && st_p_take_word(p, "by"))
        op->u.hitters.by = st_p_expr(p);
}

static void read_unsupported(st_parser *p, st_kql_op *op)
{
    size_t open = 0; /* scan has `;` inside its brackets */
    op->u.name =
        (st_kql_name){ { p->text.p + op->word.start, op->word.end - op->word.start }, op->word };
    for (; st_p_at(p, 0)->kind != ST_TOK_END && (open || !st_p_stops(p) || st_p_is(p, 0, ","));
         st_p_next(p)) {
        if (st_p_is(p, 0, "(") || st_p_is(p, 0, "[") || st_p_is(p, 0, "{"))
            open++;
        else if (open && (st_p_is(p, 0, ")") || st_p_is(p, 0, "]") || st_p_is(p, 0, "}")))
            open--;
    }
}

/* the table of operators */

typedef struct op_entry {
    const char *word;
    st_kql_op_kind kind;
    read_op *read;
} op_entry;

/* The first of a kind is its name. */
static const op_entry entries[] = {
    { "where", ST_KQL_PIPE_WHERE, read_where },
    { "filter", ST_KQL_PIPE_WHERE, read_where },
    { "project", ST_KQL_PIPE_PROJECT, read_exprs },
    { "extend", ST_KQL_PIPE_EXTEND, read_exprs },
    { "summarize", ST_KQL_PIPE_SUMMARIZE, read_summarize },
    { "order", ST_KQL_PIPE_ORDER, read_order },
    { "sort", ST_KQL_PIPE_ORDER, read_order },
    { "join", ST_KQL_PIPE_JOIN, read_join },
    { "project-reorder", ST_KQL_PIPE_PROJECT_REORDER, read_reorder },
    { "distinct", ST_KQL_PIPE_DISTINCT, read_exprs },
    { "union", ST_KQL_PIPE_UNION, read_union },
    { "top", ST_KQL_PIPE_TOP, read_top },
    { "project-away", ST_KQL_PIPE_PROJECT_AWAY, read_patterns },
    { "project-keep", ST_KQL_PIPE_PROJECT_KEEP, read_patterns },
    { "project-rename", ST_KQL_PIPE_PROJECT_RENAME, read_exprs },
    { "take", ST_KQL_PIPE_TAKE, read_take },
    { "limit", ST_KQL_PIPE_TAKE, read_take },
    { "count", ST_KQL_PIPE_COUNT, read_count },
    { "lookup", ST_KQL_PIPE_LOOKUP, read_join },
    { "mv-expand", ST_KQL_PIPE_MV_EXPAND, read_mv_expand },
    { "mvexpand", ST_KQL_PIPE_MV_EXPAND, read_mv_expand },
    { "mv-apply", ST_KQL_PIPE_MV_APPLY, read_mv_apply },
    { "mvapply", ST_KQL_PIPE_MV_APPLY, read_mv_apply },
    { "evaluate", ST_KQL_PIPE_EVALUATE, read_evaluate },
    { "parse", ST_KQL_PIPE_PARSE, read_parse },
    { "parse-where", ST_KQL_PIPE_PARSE_WHERE, read_parse },
    { "parse-kv", ST_KQL_PIPE_PARSE_KV, read_parse_kv },
    { "make-series", ST_KQL_PIPE_MAKE_SERIES, read_make_series },
    { "makeseries", ST_KQL_PIPE_MAKE_SERIES, read_make_series },
    { "top-nested", ST_KQL_PIPE_TOP_NESTED, read_top_nested },
    { "partition", ST_KQL_PIPE_PARTITION, read_partition },
    { "serialize", ST_KQL_PIPE_SERIALIZE, read_serialize },
    { "render", ST_KQL_PIPE_RENDER, read_render },
    { "as", ST_KQL_PIPE_AS, read_as },
    { "getschema", ST_KQL_PIPE_GETSCHEMA, read_nothing },
    { "consume", ST_KQL_PIPE_CONSUME, read_nothing },
    { "invoke", ST_KQL_PIPE_INVOKE, read_invoke },
    { "sample", ST_KQL_PIPE_SAMPLE, read_take },
    { "sample-distinct", ST_KQL_PIPE_SAMPLE_DISTINCT, read_sample_distinct },
    { "search", ST_KQL_PIPE_SEARCH, read_search },
    { "find", ST_KQL_PIPE_FIND, read_find },
    { "print", ST_KQL_PIPE_PRINT, read_print },
    { "datatable", ST_KQL_PIPE_DATATABLE, cells },
    { "range", ST_KQL_PIPE_RANGE, read_range },
    { "externaldata", ST_KQL_PIPE_EXTERNALDATA, read_externaldata },
    { "external_data", ST_KQL_PIPE_EXTERNALDATA, read_externaldata },
    { "fork", ST_KQL_PIPE_FORK, read_fork },
    { "facet", ST_KQL_PIPE_FACET, read_facet },
    { "scan", ST_KQL_PIPE_SCAN, st_p_scan },
    { "reduce", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "top-hitters", ST_KQL_PIPE_TOP_HITTERS, read_top_hitters },
    { "make-graph", ST_KQL_PIPE_MAKE_GRAPH, st_p_make_graph },
    { "graph", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "graph-match", ST_KQL_PIPE_GRAPH_MATCH, st_p_graph_match },
    { "graph-shortest-paths", ST_KQL_PIPE_GRAPH_SHORTEST_PATHS, st_p_graph_match },
    { "graph-to-table", ST_KQL_PIPE_GRAPH_TO_TABLE, st_p_graph_to_table },
    { "graph-mark-components", ST_KQL_PIPE_GRAPH_MARK_COMPONENTS, st_p_graph_mark },
    { "graph-where-nodes", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "graph-where-edges", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "macro-expand", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "execute-and-cache", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "assert-schema", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "project-by-names", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
    { "project-smart", ST_KQL_PIPE_UNSUPPORTED, read_unsupported },
};
#define NENTRIES (sizeof entries / sizeof *entries)

const char *st_kql_op_name(st_kql_op_kind k)
{
    if (k == ST_KQL_PIPE_UNSUPPORTED)
        return "unsupported";
    for (size_t i = 0; i < NENTRIES; i++)
        if (entries[i].kind == k)
            return entries[i].word;
    return "table";
}

/* Sources don't stand behind a pipe, operators not in front of one. */
static bool is_source(st_kql_op_kind k)
{
    return k <= ST_KQL_PIPE_FIND;
}

static bool is_both(st_kql_op_kind k)
{
    return k == ST_KQL_PIPE_UNION || k == ST_KQL_PIPE_SEARCH || k == ST_KQL_PIPE_FIND;
}

static const op_entry *entry_of(st_str word)
{
    bool lower = word.n && word.p[0] >= 'a'; /* as they all are, but most columns aren't */
    for (size_t i = 0; lower && i < NENTRIES; i++)
        if (st_str_is(word, entries[i].word))
            return &entries[i];
    return NULL;
}

bool st_kql_is_operator(st_str word)
{
    const op_entry *e = entry_of(word);
    return e && (!is_source(e->kind) || is_both(e->kind));
}

/* The word here, with what is glued to it by dashes: graph-shortest-paths; *n tokens. */
static st_str op_word(const st_parser *p, size_t *n)
{
    size_t i = 0;
    while (st_p_glued(p, i) && st_p_is(p, i + 1, "-") && st_p_glued(p, i + 1) &&
           st_p_at(p, i + 2)->kind == ST_TOK_NAME)
        i += 2;
    *n = i + 1;
    uint32_t start = st_p_start(p);
    return (st_str){ p->text.p + start, st_p_at(p, i)->span.end - start };
}

static void no_operator(st_parser *p, st_str word, st_span where)
{
    st_suggest s = { .want = word };
    for (size_t i = 0; i < NENTRIES; i++)
        if (!is_source(entries[i].kind) || is_both(entries[i].kind))
            st_suggest_offer(&s, st_str_of(entries[i].word));
    if (word.n > 40)
        word.n = 40;
    if (s.best.p && st_str_ieq(s.best, word))
        st_p_fail(p, where, "KS176",
                  "query operator expected, got %.*s; operators are lower case: %.*s", ST_FMT(word),
                  ST_FMT(s.best));
    else if (s.best.p)
        st_p_fail(p, where, "KS176", "query operator expected, got %.*s; did you mean %.*s?",
                  ST_FMT(word), ST_FMT(s.best));
    else if (st_kql_foreign(ST_FOREIGN_OPERATOR, word))
        st_p_fail(p, where, "KS176", "query operator expected, got %.*s; in KQL it is %s",
                  ST_FMT(word), st_kql_foreign(ST_FOREIGN_OPERATOR, word));
    else
        st_p_fail(p, where, "KS176", "query operator expected, got %.*s%s", ST_FMT(word),
                  st_p_is_infix(p, 1) || st_p_is(p, 1, "==") || st_p_is(p, 1, "=~")
                      ? "; a condition stands behind where"
                      : "");
}

static st_kql_op *new_op(st_parser *p, st_kql_op_kind kind)
{
    st_kql_op *op = ST_NEW(p->arena, st_kql_op);
    uint32_t start = st_p_start(p);
    if (!op) {
        st_p_wrong(p);
        return NULL;
    }
    op->kind = kind;
    op->word = op->span = (st_span){ start, start };
    return op;
}

static st_kql_op *known(st_parser *p, const op_entry *e, size_t ntokens)
{
    st_kql_op *op = new_op(p, e->kind);
    if (!op)
        return NULL;
    for (size_t i = 0; i < ntokens; i++)
        st_p_next(p);
    op->word = st_p_since(p, op->span.start);
    e->read(p, op);
    op->span = st_p_since(p, op->span.start);
    return op;
}

/* What stands behind a pipe. */
static st_kql_op *operator(st_parser *p)
{
    size_t n = 0;
    if (st_p_at(p, 0)->kind != ST_TOK_NAME) {
        st_p_expected(p, "a query operator");
        return NULL;
    }
    st_str word = op_word(p, &n);
    const op_entry *e = entry_of(word);
    uint32_t start = st_p_start(p);
    st_span where = { start, start + (uint32_t)word.n };
    if (!e) {
        no_operator(p, word, where);
        return NULL;
    }
    if (is_source(e->kind) && !is_both(e->kind)) {
        st_p_fail(p, where, "KS176", "%s begins a query; it can't stand behind `|`", e->word);
        return NULL;
    }
    return known(p, e, n);
}

/* pipelines */

/* Words that a column or a function may have for a name, too: an expression if what
 * follows could go on with one. */
static bool goes_on_as_expression(const st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 1);
    if (t->kind == ST_TOK_END)
        return true;
    if (t->kind == ST_TOK_BANG)
        return true;
    if (t->kind == ST_TOK_NAME)
        return st_p_is_infix(p, 1) && !(st_p_is_word(p, 1, "in") && !st_p_is_word(p, 0, "print"));
    if (t->kind != ST_TOK_PUNCT)
        return false;
    return !st_p_is(p, 1, "(") && !st_p_is(p, 1, "[") && !st_p_is(p, 1, "*") && !st_p_is(p, 1, "-");
}

bool st_p_starts_query(const st_parser *p, bool statement)
{
    const st_kql_token *t = st_p_at(p, 0);
    if (t->kind != ST_TOK_NAME)
        return false;
    const op_entry *e = entry_of(st_p_text(p, t));
    if (!e || !is_source(e->kind))
        return false;
    if (e->kind == ST_KQL_PIPE_RANGE)
        return !st_p_is(p, 1, "(") && (statement || st_p_is_word(p, 2, "from"));
    if (e->kind == ST_KQL_PIPE_DATATABLE || e->kind == ST_KQL_PIPE_EXTERNALDATA)
        return st_p_is(p, 1, "(");
    return !goes_on_as_expression(p) ||
           (statement && (st_p_at(p, 1)->kind == ST_TOK_END || st_p_is(p, 1, ";")));
}

static st_kql_op *source(st_parser *p, st_kql_expr *head)
{
    if (!head && st_p_starts_query(p, true))
        return known(p, entry_of(st_p_text(p, st_p_at(p, 0))), 1);
    st_kql_op *op = new_op(p, ST_KQL_PIPE_TABLE);
    if (!op)
        return NULL;
    if (head) {
        op->u.expr = head;
        op->span = op->word = head->span;
    } else {
        read_table(p, op);
        op->span = op->word = st_p_since(p, op->span.start);
    }
    return op;
}

/* Behind an operator: the pipe, or the end of the pipeline. */
static bool pipe_follows(st_parser *p, const st_kql_op *op)
{
    if (p->panic)
        st_p_skip(p, false);
    bool end = st_p_is(p, 0, ";") || st_p_is(p, 0, ")") || st_p_is(p, 0, "}") ||
               st_p_is(p, 0, ",") || st_p_is(p, 0, "]") || st_p_at(p, 0)->kind == ST_TOK_END;
    if (!end && !st_p_is(p, 0, "|") && op && op->kind > ST_KQL_PIPE_PRINT) {
        char what[80];
        snprintf(what, sizeof what, "`|` or the end of %s", st_kql_op_name(op->kind));
        if (st_p_at(p, 0)->kind != ST_TOK_NAME ||
            st_p_at(p, 0)->span.start == st_p_at(p, 0)[-1].span.end)
            st_p_expected(p, what);
        else
            return false; /* a forgotten `;` or `|`: whoever called knows what to say */
        st_p_skip(p, false);
    }
    if (!st_p_is(p, 0, "|"))
        return false;
    p->panic = false;
    st_p_next(p);
    return true;
}

/* What stands for an operator with a mistake in it. */
static st_kql_op *unread(st_parser *p, st_kql_op *op)
{
    if (!op)
        op = new_op(p, ST_KQL_PIPE_UNREAD);
    if (!op)
        return NULL;
    memset(&op->u, 0, sizeof op->u);
    op->u.was = op->kind;
    op->kind = ST_KQL_PIPE_UNREAD;
    op->opts = NULL;
    op->nopts = 0;
    return op;
}

st_kql_query *st_p_query(st_parser *p, st_kql_expr *head, bool bare)
{
    st_kql_query *q = ST_NEW(p->arena, st_kql_query);
    uint32_t start = head ? head->span.start : st_p_start(p);
    unsigned before = p->mistakes;
    if (!q || !st_p_enter(p))
        return q;
    st_kql_op **last = &q->first, *op = bare ? operator(p) : source(p, head);
    for (;;) {
        bool sound = op && st_p_sound(p, before), more = pipe_follows(p, op);
        if (!sound)
            op = unread(p, op);
        p->mistakes = before;
        if (op) {
            *last = op;
            last = &op->next;
        }
        if (!more)
            break;
        op = operator(p);
    }
    q->span = st_p_since(p, start);
    st_p_leave(p);
    return q;
}

static st_kql_expr *query_node(st_parser *p, st_kql_expr *head)
{
    uint32_t start = head ? head->span.start : st_p_start(p);
    uint32_t before = st_p_tall_begin(p);
    if (head && head->height > p->tallest)
        p->tallest = head->height;
    st_kql_query *q = st_p_query(p, head, false);
    st_kql_expr *e = st_p_node(p, ST_KQL_QUERY, st_p_since(p, start));
    if (e)
        e->u.query = q;
    st_p_tall_end(p, before, e);
    return e;
}

st_kql_expr *st_p_value(st_parser *p, bool statement)
{
    if (st_p_starts_query(p, statement))
        return query_node(p, NULL);
    bool wild = st_p_at(p, 0)->kind == ST_TOK_NAME && st_p_glued(p, 0) && st_p_is(p, 1, "*") &&
                (st_p_is(p, 2, "|") || st_p_is(p, 2, ",") || st_p_is(p, 2, ")"));
    unsigned before = p->mistakes;
    st_kql_expr *e = wild ? st_p_pattern(p) : st_p_expr(p);
    if (p->panic && statement)
        st_p_skip(p, false);
    if (!e || !st_p_is(p, 0, "|"))
        return e;
    if (!st_p_sound(p, before))
        e = st_p_node(p, ST_KQL_ERROR, e->span);
    p->mistakes = before;
    return query_node(p, e);
}
