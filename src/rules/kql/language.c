/*
 * language.c - the loader's side of the binder.
 *
 * Checking a rule binds it over no evidence and throws the result away; running it binds it
 * again over the forest, whose pool then owns its constants. Binding costs microseconds, and
 * so a plan needs to remember nothing but the tree.
 */
#include "rules/kql/language.h"

#include "rules/kql/operators/operators.h"

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

/* A table that the text gave a name is one for later statements, its rows computed once. */
static st_op *name_result(st_scope *sc, st_op *op)
{
    st_let *l = ST_NEW(&sc->r->arena, st_let);
    st_kept_rows *rows = l ? st_kept_rows_new(sc->r, op) : NULL;
    if (!rows)
        return NULL;
    *l = (st_let){ .next = sc->env, .name = op->name, .kind = ST_L_TABLE, .rows = rows };
    sc->env = l;
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

void st_bind_rule(st_run *r, const st_kql_script *script, bool marks_servers, st_diag_sink *d,
                  st_bound *out)
{
    st_binder b = { .r = r,
                    .d = d,
                    .operators = st_kql_operators,
                    .table_fns = st_kql_table_fns,
                    .marks = marks_servers,
                    .subject = script->subject };
    st_bind_outcome told = { 0 };
    st_scope sc = { .binder = &b, .r = r, .out = &told };
    *out = (st_bound){ .status = ST_RULE_BROKEN };
    r->random = st_xxh64(script->text.p, script->text.n);
    st_op *op = NULL, **last = &op;
    bool ok = true;
    for (const st_kql_stmt *s = script->first; s && ok; s = s->next)
        ok = s->kind == ST_KQL_STMT_QUERY ? add_results(&sc, s, &last) || told.failed || b.needs
                                          : st_bind_statement(&sc, s, NULL);
    out->needs = b.needs;
    out->never = b.never;
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
    out->status = op ? ST_RULE_READY : ST_RULE_BROKEN;
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
