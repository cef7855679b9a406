/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - correlations and filters find the rules that they name, once all rules are loaded. */
#include "rules/correlation.h"
#include "rules/rules_private.h"

#include "base/limits.h"

#include <string.h>

static bool is_called(const st_rule *rule, st_str name)
{
    return name.n && (st_str_ieq(rule->id, name) || st_str_eq(rule->name, name));
}

/* By id or by name; UINT32_MAX: there is none. */
static uint32_t find(const st_rules *r, st_str name)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (is_called(&r->items[i]->rule, name))
            return i;
    return UINT32_MAX;
}

static void broken(st_rules *r, st_loaded *l, st_span at, const char *what, st_str name)
{
    st_diags_file(&r->diags, l->rule.path, l->file, (size_t)(l->text.p - l->file.p), l->named);
    st_diag_at(&r->diags, ST_SEV_ERROR, at, NULL, "correlation.%s %.*s", what, ST_FMT(name));
    l->rule.status = ST_RULE_BROKEN;
    l->rule.errors++;
}

/* The field that stands for an alias in the rule at that place. */
static void set_field(const st_rules *r, const st_correlation *c, size_t place,
                      st_correlation_field *f)
{
    const st_rule *rule = &r->items[c->places[place]]->rule;
    for (size_t i = 0; i < f->naliases; i++) {
        st_str name = f->aliases[i].rule;
        if (f->aliases[i].field.n && (st_str_eq(name, c->rules[place]) || is_called(rule, name)))
            f->of_rule[place] = f->aliases[i].field;
    }
}

/* An alias of a rule that isn't there would group by the alias's own name, which no event has. */
static bool aliases_are_known(st_rules *r, st_loaded *l, const st_correlation_field *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < f[i].naliases; k++)
            if (find(r, f[i].aliases[k].rule) == UINT32_MAX) {
                broken(r, l, f[i].aliases[k].where, "aliases: no rule", f[i].aliases[k].rule);
                return false;
            }
    return true;
}

static void set_fields(const st_rules *r, const st_correlation *c)
{
    for (size_t k = 0; k < c->nrules; k++) {
        for (size_t i = 0; i < c->ngroups; i++)
            set_field(r, c, k, &c->groups[i]);
        for (size_t i = 0; i < c->nfields; i++)
            set_field(r, c, k, &c->fields[i]);
    }
}

static void find_all(st_rules *r, st_loaded *l)
{
    const st_correlation *c = l->parsed.correlation;
    for (size_t i = 0; i < c->nrules; i++) {
        c->places[i] = find(r, c->rules[i]);
        if (c->places[i] == UINT32_MAX) {
            broken(r, l, c->rules_at[i], "rules: no rule", c->rules[i]);
            return;
        }
    }
    if (aliases_are_known(r, l, c->groups, c->ngroups) &&
        aliases_are_known(r, l, c->fields, c->nfields))
        set_fields(r, c);
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

/* How many rules the filter narrows. */
static size_t narrow_all(st_rules *r, const st_loaded *filter)
{
    const st_language *language = filter->parsed.language;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        st_loaded *l = r->items[i];
        if (l->rule.status == ST_RULE_READY && !l->parsed.correlation &&
            l->parsed.language == language &&
            language->narrow(&r->arena, &filter->parsed, &l->rule, &l->parsed)) {
            l->narrowed = true;
            n++;
        }
    }
    return n;
}

static void link_filters(st_rules *r)
{
    for (const st_loaded *f = r->filters; f; f = f->next) {
        if (f->rule.status == ST_RULE_BROKEN || f->rule.left_out || narrow_all(r, f))
            continue;
        st_diags_file(&r->diags, f->rule.path, f->file, (size_t)(f->text.p - f->file.p), f->named);
        st_diag_file(&r->diags, ST_SEV_WARNING,
                     "the filter %.*s is for no rule that runs here: its log source and the rules "
                     "that it names must fit",
                     ST_FMT(f->rule.title));
    }
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i]->narrowed)
            st_rule_check_again(r, r->items[i]);
}

st_code st_rules_link(st_rules *r, st_err *err)
{
    for (size_t i = 0; i < r->n; i++)
        if (is_correlation(r->items[i]))
            find_all(r, r->items[i]);
    link_filters(r);
    st_arena a = { 0 };
    bool *sound = ST_NEWN(&a, bool, r->n);
    for (unsigned depth = 0; sound && depth < ST_MAX_CORRELATION_DEPTH; depth++)
        for (size_t i = 0; i < r->n; i++)
            sound[i] = sound[i] || (is_correlation(r->items[i]) && is_sound(r, r->items[i], sound));
    for (size_t i = 0; sound && i < r->n; i++)
        if (is_correlation(r->items[i]) && !sound[i])
            broken(r, r->items[i], r->items[i]->parsed.correlation->rules_at[0],
                   "rules: a rule that can't run, or a circle, or too many of them in each other:",
                   r->items[i]->parsed.correlation->rules[0]);
    bool ok = sound && !r->diags.failed;
    st_arena_free(&a);
    return ok ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory to link rules");
}
