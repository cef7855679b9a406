/*
 * engine.c - the loader's side of the binder.
 *
 * Checking a rule binds it over no evidence and throws the result away; running it binds it
 * again over the forest, whose pool then owns its constants. Binding costs microseconds, and
 * so a plan needs to remember nothing but the tree.
 */
#include "rules/kql/engine.h"

#include "rules/kql/plan.h"

struct st_kql_plan {
    const st_kql_script *script;
};

static const st_str *names_of(st_arena *arena, const st_kneed *list, size_t *n)
{
    *n = 0;
    for (const st_kneed *k = list; k; k = k->next)
        ++*n;
    st_str *out = ST_NEWN(arena, st_str, *n);
    *n = out ? *n : 0;
    for (size_t i = 0; i < *n; i++, list = list->next)
        out[i] = st_arena_copy(arena, list->name);
    return out;
}

static const st_str *tables_of(st_arena *arena, const st_krun *r, size_t *n)
{
    st_str *out = ST_NEWN(arena, st_str, ST_KTABLES);
    *n = 0;
    for (size_t i = 0; out && i < ST_KTABLES; i++)
        if (r->tables >> i & 1)
            out[(*n)++] = st_str_of(st_ktable_at(i)->name);
    return out;
}

void st_kql_bind_rule(const st_kql_script *script, bool marks_servers,
                      const st_rule_settings *settings, st_arena *arena, st_kql_diags *diags,
                      st_kql_bound *out)
{
    st_krun run;
    st_kbound bound = { .status = ST_RULE_BROKEN };
    st_run_options o = { .now = ST_TICKS_UNIX };
    st_pool *pool = st_pool_new();
    *out = (st_kql_bound){ .status = ST_RULE_BROKEN };
    st_kshared shared;
    if (!pool) {
        diags->failed = true;
        return;
    }
    st_kshared_init(&shared, pool);
    st_krun_init(&run, NULL, &shared, &o, settings);
    st_kbind(&run, script, marks_servers, diags, &bound);
    if (run.err.code == ST_E_MEMORY || (run.arena.failed && !run.budget.met) ||
        st_pool_failed(pool))
        diags->failed = true;
    if (run.err.code == ST_E_LIMIT)
        st_kql_diag_file(diags, ST_SEV_ERROR, "%s", run.err.text);
    out->status = bound.status;
    out->needs.tables = tables_of(arena, &run, &out->needs.ntables);
    out->needs.missing = names_of(arena, bound.needs, &out->needs.nmissing);
    out->needs.never = names_of(arena, bound.never, &out->needs.nnever);
    out->stubs = st_arena_copy(arena, bound.stubs);
    if (bound.status == ST_RULE_READY) {
        out->needs.events = st_krun_events(&run);
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
    st_krun_free(&run);
    st_kshared_free(&shared);
    st_pool_free(pool);
}

void st_kql_plan_free(st_kql_plan *plan)
{
    (void)plan; /* in the arena */
}
