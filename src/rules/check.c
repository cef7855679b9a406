/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - what is known of a rule without evidence: it is bound over none, and the plan
 * thrown away.
 */
#include "rules/engine/tables/recorded.h"
#include "rules/engine/tables/tables.h"
#include "rules/rules_private.h"

#include <string.h>

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

static void columns_of_table(st_arena *arena, const st_wanted_table *k, st_str *out, size_t *n)
{
    st_buf b = { 0 };
    for (size_t c = 0; k->column && c < k->table->n; c++) {
        if (!k->column[c])
            continue;
        st_buf_clear(&b);
        st_buf_str(&b, st_str_of(k->table->name));
        if (b.n)
            st_buf_char(&b, '.');
        st_buf_str(&b, st_str_of(k->table->columns[c].name));
        out[(*n)++] = st_arena_copy(arena, st_buf_slice(&b));
    }
    st_buf_free(&b);
}

/* What the plan reads: of the tables that there are in their order, then of its own. */
static const st_str *columns_of(st_arena *arena, const st_wanted *w, size_t *n)
{
    size_t most = 0;
    for (const st_wanted_table *k = w->tables; k; k = k->next)
        most += k->table->n;
    st_str *out = ST_NEWN(arena, st_str, most);
    *n = 0;
    for (size_t i = 0; out && i <= ST_TABLES; i++)
        for (const st_wanted_table *k = w->tables; k; k = k->next)
            if (k->table == st_table_def_at(i) ||
                (i == ST_TABLES && !st_table_def_find(st_str_of(k->table->name))))
                columns_of_table(arena, k, out, n);
    return out;
}

static st_str needs_text(st_arena *arena, st_str why)
{
    st_buf b = { 0 };
    st_buf_fmt(&b, "needs %.*s", ST_FMT(why));
    st_str out = st_arena_copy(arena, st_buf_slice(&b));
    st_buf_free(&b);
    return out;
}

/* The event ids that a record must have one of, if the rule's texts say so; NULL: they don't. */
static const uint32_t *ids_of(st_arena *arena, const st_trigger *t, size_t *n)
{
    for (size_t i = 0; t->known && i < t->n; i++) {
        const st_atoms *s = &t->choices[i];
        uint32_t *ids = ST_NEWN(arena, uint32_t, s->n);
        uint64_t id;
        *n = 0;
        while (ids && *n < s->n && st_recorded_log_is_id(&s->v[*n].column) &&
               s->v[*n].op == ST_M_EQ && st_str_u64(s->v[*n].text, &id) && id < UINT32_MAX)
            ids[(*n)++] = (uint32_t)id;
        if (ids && *n == s->n)
            return ids;
    }
    *n = 0;
    return NULL;
}

static bool logs_of(const st_run *r, st_arena *arena, const st_trigger *t, st_rule_needs *needs)
{
    const st_log_wanted *logs;
    size_t n, nids, most = 0;
    for (size_t i = 0; st_run_logs(r, i, &logs, &n); i++)
        most += n;
    st_log_wanted *out = ST_NEWN(arena, st_log_wanted, most);
    const uint32_t *ids = ids_of(arena, t, &nids);
    for (size_t i = 0; out && st_run_logs(r, i, &logs, &n); i++)
        for (size_t k = 0; k < n; k++) {
            st_log_wanted *w = &out[needs->nlogs++];
            *w = logs[k];
            w->channel = st_arena_copy(arena, logs[k].channel);
            w->ids = ids;
            w->nids = nids;
            if (!ids && logs[k].ids && (w->ids = ST_NEWN(arena, uint32_t, logs[k].nids)) != NULL) {
                memcpy((uint32_t *)(uintptr_t)w->ids, logs[k].ids, logs[k].nids * sizeof *ids);
                w->nids = logs[k].nids;
            }
        }
    needs->logs = out;
    return out != NULL;
}

/* records that tables hold whole */

static bool holds_logs(const st_event_set *s)
{
    for (int id = ST_LOG_SECURITY; id < ST_LOG_KINDS; id++)
        if (st_event_set_has(s, st_event_kind_of((st_event_key){ ST_LOGS, (uint16_t)id })))
            return true;
    return false;
}

static bool is_of_logs(const st_table_def *t)
{
    st_event_set events = st_table_def_events(t);
    return t->rows == ST_OF_EVENTS && holds_logs(&events);
}

static bool keep_columns(st_arena *arena, const st_wanted_table *k, st_log_keep *out)
{
    for (size_t c = 0; k->column && c < k->table->n; c++) {
        size_t n;
        const char *const *names =
            k->column[c] ? st_log_fields_of(&k->table->columns[c], &n) : NULL;
        out->every_field |= k->column[c] && !names;
        for (size_t i = 0; names && i < n; i++) {
            st_str one = st_str_of(names[i]);
            if (!st_log_keep_add(arena, out, NULL, 0, &one, 1))
                return false;
        }
    }
    return true;
}

/* Which of these records the plan needs, and of them which fields. */
static bool keep_of(const st_run *r, st_arena *arena, const st_wanted *w, st_rule_needs *needs)
{
    st_event_set kinds;
    const uint32_t *ids;
    size_t n;
    st_log_keep *out = &needs->keep;
    if (!holds_logs(&needs->events))
        return true;
    out->every_field = w->all || holds_logs(&r->lent);
    out->every_event = holds_logs(&r->lent);
    for (const st_wanted_table *k = w->tables; k; k = k->next)
        if (is_of_logs(k->table) && !keep_columns(arena, k, out))
            return false;
    for (size_t i = 0; st_run_log_ids(r, i, &kinds, &ids, &n); i++) {
        if (!holds_logs(&kinds))
            continue;
        out->every_event |= !ids;
        if (ids && !st_log_keep_add(arena, out, ids, n, NULL, 0))
            return false;
    }
    return true;
}

/* What the run was stopped by, or lacked. */
static void tell(const st_run *run, const st_pool *pool, st_diag_sink *diags)
{
    if (run->err.code == ST_E_MEMORY || (st_run_short(run) && !run->budget.met) ||
        st_pool_failed(pool))
        diags->failed = true;
    if (run->err.code == ST_E_LIMIT)
        st_diag_file(diags, ST_SEV_ERROR, "%s", run->err.text);
}

/* false: no memory. */
static bool ready(st_checking *c)
{
    if (c->pool)
        return true;
    c->pool = st_pool_new();
    if (c->pool)
        st_shared_init(&c->shared, c->pool);
    return c->pool != NULL;
}

void st_checking_free(st_checking *c)
{
    if (!c->pool)
        return;
    st_shared_free(&c->shared);
    st_pool_free(c->pool);
}

void st_rule_check(const st_checker *c, const st_parsed *p, st_rule *rule, st_trigger *trigger)
{
    st_run run;
    st_bound bound = { .status = ST_RULE_BROKEN };
    st_run_options o = { .now = ST_TICKS_UNIX };
    rule->status = ST_RULE_BROKEN;
    if (!ready(c->checking) || !p->tree) {
        c->diags->failed = true;
        return;
    }
    c->checking->shared.regexes = c->regexes;
    st_run_init(&run, NULL, &c->checking->shared, &o, c->settings);
    p->language->bind(&run, p, rule->marks_servers, c->again ? NULL : c->diags, &bound);
    tell(&run, c->checking->pool, c->diags);
    rule->status = bound.status;
    rule->needs = (st_rule_needs){ 0 };
    rule->needs.tables = tables_of(c->arena, &run, &rule->needs.ntables);
    rule->needs.missing = names_of(c->arena, bound.needs, &rule->needs.nmissing);
    rule->needs.never = names_of(c->arena, bound.never, &rule->needs.nnever);
    rule->stubs = st_arena_copy(c->arena, bound.stubs);
    if (bound.status == ST_RULE_READY) {
        st_wanted w;
        rule->needs.events = st_run_events(&run);
        if (st_run_wanted(&run, &w) && keep_of(&run, c->arena, &w, &rule->needs))
            rule->needs.columns = columns_of(c->arena, &w, &rule->needs.ncolumns);
        else
            c->diags->failed = true;
        st_run_trigger(&run, bound.root, c->arena, trigger);
        if (!logs_of(&run, c->arena, trigger, &rule->needs))
            c->diags->failed = true;
    }
    if (bound.status == ST_RULE_NOT_APPLICABLE)
        rule->why = needs_text(c->arena, bound.why);
    st_run_free(&run);
}

st_checker st_rules_checker(st_rules *r)
{
    return (st_checker){ &r->settings, r->regexes, &r->checking, &r->arena, &r->diags, false };
}

void st_rule_check_again(st_rules *r, st_loaded *l)
{
    st_checker c = st_rules_checker(r);
    c.again = true;
    l->trigger = (st_trigger){ 0 };
    st_rule_check(&c, &l->parsed, &l->rule, &l->trigger);
    if (l->rule.status == ST_RULE_READY)
        st_rules_join_needs(r, &l->rule.needs);
    l->narrowed = false;
}

void st_rules_join_query(st_rules *r, st_run *run)
{
    st_wanted w;
    st_rule_needs needs = { .events = st_run_events(run) };
    if (!st_run_wanted(run, &w) || !keep_of(run, &r->arena, &w, &needs))
        r->diags.failed = true;
    st_rules_join_needs(r, &needs);
}
