/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.c - the loader's side of the binder.
 *
 * Checking a rule binds it over no evidence and throws the result away; running it binds it
 * again over the forest, whose pool then owns its constants. Binding costs microseconds, and
 * so a plan needs to remember nothing but the tree.
 */
#include "rules/kql/language.h"

#include "rules/kql/bind/bind.h"

struct st_kql_plan {
    const st_kql_script *script;
};

static const st_str *names_of(st_arena *arena, const st_need *list, size_t *n)
{
    *n = 0;
    for (const st_need *k = list; k; k = k->next)
        ++*n;
    st_str *out = ST_NEWN(arena, st_str, *n);
    *n = out ? *n : 0;
    for (size_t i = 0; i < *n; i++, list = list->next)
        out[i] = st_arena_copy(arena, list->name);
    return out;
}

static const st_str *tables_of(st_arena *arena, const st_run *r, size_t *n)
{
    st_str *out = ST_NEWN(arena, st_str, ST_TABLES);
    *n = 0;
    for (size_t i = 0; out && i < ST_TABLES; i++)
        if (r->tables >> i & 1)
            out[(*n)++] = st_str_of(st_table_def_at(i)->name);
    return out;
}

void st_kql_bind_rule(const st_kql_script *script, bool marks_servers,
                      const st_rule_settings *settings, st_arena *arena, st_diag_sink *diags,
                      st_kql_bound *out)
{
    st_run run;
    st_bound bound = { .status = ST_RULE_BROKEN };
    st_run_options o = { .now = ST_TICKS_UNIX };
    st_pool *pool = st_pool_new();
    *out = (st_kql_bound){ .status = ST_RULE_BROKEN };
    st_shared shared;
    if (!pool) {
        diags->failed = true;
        return;
    }
    st_shared_init(&shared, pool);
    st_run_init(&run, NULL, &shared, &o, settings);
    st_bind_rule(&run, script, marks_servers, diags, &bound);
    if (run.err.code == ST_E_MEMORY || (run.arena.failed && !run.budget.met) ||
        st_pool_failed(pool))
        diags->failed = true;
    if (run.err.code == ST_E_LIMIT)
        st_diag_file(diags, ST_SEV_ERROR, "%s", run.err.text);
    out->status = bound.status;
    out->needs.tables = tables_of(arena, &run, &out->needs.ntables);
    out->needs.missing = names_of(arena, bound.needs, &out->needs.nmissing);
    out->needs.never = names_of(arena, bound.never, &out->needs.nnever);
    out->stubs = st_arena_copy(arena, bound.stubs);
    if (bound.status == ST_RULE_READY) {
        out->needs.events = st_run_events(&run);
        out->plan = ST_NEW(arena, st_kql_plan);
        if (out->plan)
            out->plan->script = script;
    }
    if (bound.status == ST_RULE_NOT_APPLICABLE) {
        st_buf b = { 0 };
        st_buf_fmt(&b, "needs %.*s", ST_FMT(bound.why));
        out->why = st_arena_copy(arena, st_buf_slice(&b));
        st_buf_free(&b);
    }
    st_run_free(&run);
    st_shared_free(&shared);
    st_pool_free(pool);
}

void st_kql_plan_free(st_kql_plan *plan)
{
    (void)plan; /* in the arena */
}
