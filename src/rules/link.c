/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - correlations find the rules that they name, once all rules are loaded. */
#include "rules/correlation.h"
#include "rules/rules_private.h"

#include "base/limits.h"

#include <string.h>

/* By id or by name; UINT32_MAX: there is none. */
static uint32_t find(const st_rules *r, st_str name)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (st_str_ieq(r->items[i]->rule.id, name) ||
            (name.n && st_str_eq(r->items[i]->rule.name, name)))
            return i;
    return UINT32_MAX;
}

static void broken(st_rules *r, st_loaded *l, st_span at, const char *what, st_str name)
{
    st_diags_file(&r->diags, l->rule.path, l->file, (size_t)(l->text.p - l->file.p), l->named);
    st_diag_at(&r->diags, ST_SEV_ERROR, at, NULL, "correlation.rules: %s %.*s", what, ST_FMT(name));
    l->rule.status = ST_RULE_BROKEN;
    l->rule.errors++;
}

static void find_all(st_rules *r, st_loaded *l)
{
    const st_correlation *c = l->parsed.correlation;
    for (size_t i = 0; i < c->nrules; i++) {
        c->places[i] = find(r, c->rules[i]);
        if (c->places[i] == UINT32_MAX) {
            broken(r, l, c->rules_at[i], "no rule", c->rules[i]);
            return;
        }
    }
}

/* Correlations of correlations, so many deep; a circle never ends. */
static bool is_sound(const st_rules *r, const st_loaded *l, const bool *sound)
{
    const st_correlation *c = l->parsed.correlation;
    for (size_t i = 0; i < c->nrules; i++) {
        const st_loaded *other = r->items[c->places[i]];
        if (other->rule.status == ST_RULE_BROKEN ||
            (other->parsed.correlation && !sound[c->places[i]]))
            return false;
    }
    return true;
}

static bool is_correlation(const st_loaded *l)
{
    return l->parsed.correlation && l->rule.status == ST_RULE_READY;
}

st_code st_rules_link(st_rules *r, st_err *err)
{
    for (size_t i = 0; i < r->n; i++)
        if (is_correlation(r->items[i]))
            find_all(r, r->items[i]);
    st_arena a = { 0 };
    bool *sound = ST_NEWN(&a, bool, r->n);
    for (unsigned depth = 0; sound && depth < ST_MAX_CORRELATION_DEPTH; depth++)
        for (size_t i = 0; i < r->n; i++)
            sound[i] = sound[i] || (is_correlation(r->items[i]) && is_sound(r, r->items[i], sound));
    for (size_t i = 0; sound && i < r->n; i++)
        if (is_correlation(r->items[i]) && !sound[i])
            broken(r, r->items[i], r->items[i]->parsed.correlation->rules_at[0],
                   "a rule that can't run, or a circle, or too many of them in each other:",
                   r->items[i]->parsed.correlation->rules[0]);
    bool ok = sound && !r->diags.failed;
    st_arena_free(&a);
    return ok ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory to link rules");
}
