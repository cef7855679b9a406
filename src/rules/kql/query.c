/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.c - a text of statements, bound: the tables that its queries give.
 */
#include "rules/kql/query.h"

#include "base/limits.h"
#include "rules/kql/operators/operators.h"

/* A table that the text gave a name is one for later statements, its rows computed once. */
static st_op *name_result(st_scope *sc, st_op *op)
{
    st_let *l = ST_NEW(&sc->r->arena, st_let);
    st_kept_rows *rows = l ? st_kept_rows_new(sc->r, op) : NULL;
    if (!rows)
        return NULL;
    *l = (st_let){ .name = op->name, .kind = ST_L_TABLE, .rows = rows };
    if (!st_bind_push_let(sc, l))
        return NULL;
    return st_op_replay(sc->r, rows);
}

static bool has_query(const st_kql_stmt *s)
{
    while (s && s->kind != ST_KQL_STMT_QUERY)
        s = s->next;
    return s != NULL;
}

/* A query's tables, put behind those there are. If it only names them for later ones, none. */
static bool add_results(st_scope *sc, const st_kql_stmt *s, st_op ***last)
{
    st_op *op = s->value ? st_bind_tables(sc, s->value) : NULL;
    bool later = has_query(s->next);
    if (!op)
        return false;
    for (st_op *next; op; op = next) {
        next = op->also;
        bool named = op->name.n > 0;
        if (named && !(op = name_result(sc, op)))
            return false;
        op->also = NULL;
        if (named && later)
            continue;
        **last = op;
        *last = &op->also;
    }
    return true;
}

static st_str not_here(st_run *r, const st_need *needs)
{
    st_buf t = { 0 };
    st_buf_fmt(&t, "%.*s, which %s here", ST_FMT(st_bind_needs_text(r, needs)),
               needs->next ? "aren't" : "isn't");
    st_str s = st_arena_copy(&r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return s;
}

void st_bind_rule(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d, st_bound *out)
{
    const st_kql_script *script = p->tree;
    st_binder b = { .r = r,
                    .d = d,
                    .operators = st_kql_operators,
                    .table_fns = st_kql_table_fns,
                    .marks = marks_servers,
                    .subject = script->subject,
                    .most_nodes = ST_MAX_KQL_NODES + script->text.n };
    st_bind_outcome told = { 0 };
    st_scope sc = { .binder = &b, .r = r, .out = &told };
    *out = (st_bound){ .status = ST_RULE_BROKEN };
    r->random = st_xxh64(script->text.p, script->text.n);
    st_op *op = NULL, **last = &op;
    bool ok = st_bind_libraries(&sc, p);
    const st_let *outer = sc.env;
    for (const st_kql_stmt *s = p->library ? NULL : script->first; s && ok; s = s->next) {
        if (s->fresh)
            sc.env = (st_let *)(uintptr_t)outer;
        ok = s->kind == ST_KQL_STMT_QUERY ? add_results(&sc, s, &last) || told.failed || b.needs
                                          : st_bind_statement(&sc, s, outer);
    }
    out->needs = b.needs;
    out->never = b.never;
    out->values = b.values;
    if (told.failed || !st_run_ok(r))
        return;
    if (b.needs && !r->settings->stub_services) {
        out->status = ST_RULE_NOT_APPLICABLE;
        out->why = not_here(r, b.needs);
        return;
    }
    if (b.needs)
        out->stubs = st_bind_needs_text(r, b.needs);
    out->root = op;
    out->status = op || p->library ? ST_RULE_READY : ST_RULE_BROKEN;
}
