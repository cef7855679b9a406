/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* query.c - one query over a forest: its table, or its plan. */
#include "rules/rules_private.h"
#include "rules/table.h"

#include <stdlib.h>

static st_table *all_rows(st_run *r, st_op *root)
{
    st_filling f = { .keep = true };
    st_table *first = NULL, **last = &first;
    st_batch *b;
    bool ok = true;
    for (st_op *op = root; ok && op; op = op->also) {
        while (ok && (b = st_op_next(r, op)) != NULL) {
            ok = st_filling_take(r, &f, &op->schema, b, NULL);
            st_batch_free(b);
        }
        *last = ok && st_run_ok(r) ? st_filling_end(r, &f, &op->schema) : NULL;
        ok = *last != NULL;
        if (ok)
            (*last)->render = st_arena_copy(&(*last)->arena, op->render);
        last = ok ? &(*last)->next : last;
    }
    st_filling_free(&f);
    if (ok)
        return first;
    st_table_free(first);
    return NULL;
}

/* Why a query that was bound can't run, or didn't to its end. */
static st_code why_not(const st_run *r, st_str path, const st_bound *bound, st_err *err)
{
    if (bound->status == ST_RULE_NOT_APPLICABLE)
        return st_fail(err, ST_E_RULE, "the query needs %.*s", ST_FMT(bound->why));
    if (r->err.code == ST_E_LIMIT || (r->err.code && bound->status == ST_RULE_READY))
        return st_fail(err, r->err.code, "%.*s: %s", ST_FMT(path), r->err.text);
    if (bound->status != ST_RULE_READY)
        return st_fail(err, r->err.code ? r->err.code : ST_E_RULE, "the query can't run%s%s",
                       r->err.text[0] ? ": " : "", r->err.text);
    return ST_OK;
}

/* What is wanted of a query: its table, or else its plan. */
typedef struct wanted {
    st_table *table;
    st_buf *plan; /* NULL: the table */
    bool run;     /* the plan with rows and times */
} wanted;

static st_code run_bound(st_run *r, st_str path, const st_parsed *p, const st_bound *bound,
                         wanted *w, st_err *err)
{
    if (why_not(r, path, bound, err) != ST_OK)
        return err->code;
    if (!w->plan || w->run)
        w->table = all_rows(r, bound->root);
    if (!w->table && (!w->plan || w->run))
        st_run_nomem(r); /* unless it is something else already */
    if (w->plan && r->err.code == ST_OK)
        p->language->explain(r, p, bound, w->run, w->plan);
    return why_not(r, path, bound, err);
}

static st_code mark_for_query(const st_rules *rules, st_forest *f, st_shared *shared,
                              const st_run_options *o, st_err *err)
{
    bool *server = calloc(f->n + 1, sizeof *server);
    if (!server)
        return st_fail(err, ST_E_MEMORY, "no memory to run the query");
    st_run_options all = *o;
    all.shown = NULL;
    st_code code = st_rules_mark_servers(rules, f, shared, &all, server, err);
    if (code == ST_OK)
        st_tree_mark_servers(f, server, o->trust);
    free(server);
    return code;
}

/* A parameter that is given but not declared is misspelt, most likely. */
static st_code check_params(const st_rules *r, const st_parsed *p, st_err *err)
{
    for (size_t i = 0; i < r->settings.nparams; i++) {
        st_str name = r->settings.params[i].name;
        size_t k = 0;
        while (k < p->nparams && !st_str_eq(p->params[k], name))
            k++;
        if (k == p->nparams)
            return st_fail(err, ST_E_USAGE, "--param %.*s: the query declares no such parameter",
                           ST_FMT(name));
    }
    return ST_OK;
}

static st_code query(st_rules *r, st_str path, st_str text, st_forest *f, const st_run_options *o,
                     wanted *w, st_err *err)
{
    st_parsed parsed;
    st_str kept = st_arena_copy(&r->arena, text), name = st_arena_copy(&r->arena, path);
    if (!kept.p || !name.p)
        return st_fail(err, ST_E_MEMORY, "no memory for the query");
    st_diags_file(&r->diags, name, kept, 0, true);
    if (!st_language_of_queries()->parse(&r->arena, kept, &r->settings, &r->diags, NULL, &parsed)) {
        st_rule rest = { 0 }; /* what else is wrong in it */
        st_checker checker = st_rules_checker(r);
        st_rule_check(&checker, &parsed, &rest, &(st_trigger){ 0 });
        st_diags_sort(&r->diags, 0);
        return st_fail(err, ST_E_RULE, "the query can't be read");
    }
    if (check_params(r, &parsed, err) != ST_OK)
        return err->code;
    st_pool *pool = f ? f->pool : st_pool_new();
    if (!pool)
        return st_fail(err, ST_E_MEMORY, "no memory to run the query");
    st_shared shared;
    st_run run;
    st_bound bound;
    st_shared_init(&shared, pool);
    st_code code = f ? mark_for_query(r, f, &shared, o, err) : ST_OK;
    if (code == ST_OK) {
        st_run_init(&run, f, &shared, o, &r->settings);
        run.explain = w->plan != NULL;
        run.measure = w->run;
        parsed.language->bind(&run, &parsed, false, &r->diags, &bound);
        code = run_bound(&run, name, &parsed, &bound, w, err);
        if (!f && code == ST_OK)
            st_rules_join_query(r, &run);
        if (run.limit)
            st_diag_file(&r->diags, ST_SEV_WARNING, "the result isn't complete: %s", run.limit);
        st_run_free(&run);
    }
    st_shared_free(&shared);
    if (!f)
        st_pool_free(pool);
    return code;
}

st_code st_query_run(st_rules *r, st_str path, st_str text, st_forest *f, const st_run_options *o,
                     st_table **out, st_err *err)
{
    wanted w = { 0 };
    st_code code = query(r, path, text, f, o, &w, err);
    *out = w.table;
    return code;
}

st_code st_query_explain(st_rules *r, st_str path, st_str text, st_forest *f,
                         const st_run_options *o, bool run, st_buf *out, st_err *err)
{
    wanted w = { .plan = out, .run = run };
    st_code code = query(r, path, text, f, o, &w, err);
    st_table_free(w.table);
    return code == ST_OK && out->failed ? st_fail(err, ST_E_MEMORY, "no memory for the plan")
                                        : code;
}
