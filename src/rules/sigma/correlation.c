/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlation.c - Sigma's correlation rules: the mapping `correlation`, read.
 */
#include "rules/sigma/sigma.h"

#include "base/limits.h"

#include <string.h>

static const struct {
    const char *name;
    st_correlation_type type;
    bool known; /* false: named by the specification, and not evaluated here */
} types[] = {
    { "event_count", ST_CORRELATE_COUNT, true },
    { "value_count", ST_CORRELATE_VALUES, true },
    { "temporal", ST_CORRELATE_TOGETHER, true },
    { "temporal_ordered", ST_CORRELATE_IN_ORDER, true },
    { "ordered_temporal", ST_CORRELATE_IN_ORDER, true },
    { "value_sum", ST_CORRELATE_VALUES, false },
    { "value_avg", ST_CORRELATE_VALUES, false },
    { "value_percentile", ST_CORRELATE_VALUES, false },
    { "value_median", ST_CORRELATE_VALUES, false },
};

static bool read_type(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc *type = st_doc_get(d, "type");
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (st_str_eq(type->text, st_str_of(types[i].name))) {
            out->type = types[i].type;
            if (!types[i].known)
                st_sigma_error(r, type->span, "%s isn't supported", types[i].name);
            return types[i].known;
        }
    st_sigma_error(r, type ? type->span : d->span,
                   "type is one of event_count, value_count, temporal and temporal_ordered");
    return false;
}

/* A list of texts, or one text; NULL: an error was told, or there is none and it isn't needed. */
static const st_doc **texts_of(st_sigma_reader *r, const st_doc *d, const char *key, bool needed,
                               size_t *n)
{
    const st_doc *v = st_doc_get(d, key);
    bool list = v && v->kind == ST_DOC_LIST;
    *n = !v ? 0 : list ? v->n : 1;
    const st_doc **out = ST_NEWN(r->arena, const st_doc *, *n);
    for (size_t i = 0; out && i < *n; i++) {
        out[i] = list ? v->items[i] : v;
        if (out[i]->kind != ST_DOC_TEXT || !out[i]->text.n) {
            st_sigma_error(r, out[i]->span, "%s: a text is needed", key);
            return NULL;
        }
    }
    if (!*n && needed) {
        st_sigma_error(r, v ? v->span : d->span, "there is no %s", key);
        return NULL;
    }
    return out;
}

static bool read_rules(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc **list = texts_of(r, d, "rules", true, &out->nrules);
    if (!list)
        return false;
    if (out->nrules > ST_MAX_CORRELATED) {
        st_sigma_error(r, d->span, "more than %u rules", ST_MAX_CORRELATED);
        return false;
    }
    st_str *names = ST_NEWN(r->arena, st_str, out->nrules);
    st_span *at = ST_NEWN(r->arena, st_span, out->nrules);
    out->places = ST_NEWN(r->arena, uint32_t, out->nrules);
    for (size_t i = 0; names && at && i < out->nrules; i++) {
        names[i] = list[i]->text;
        at[i] = list[i]->span;
    }
    out->rules = names;
    out->rules_at = at;
    return names && at && out->places;
}

/* A number and s, m, h or d. */
static bool read_span(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    const st_doc *span = st_doc_get(d, "timespan");
    uint64_t n;
    st_str t = span && span->kind == ST_DOC_TEXT ? span->text : (st_str){ 0 };
    for (size_t i = 0; t.n > 1 && i < sizeof units / sizeof *units; i++)
        if (t.p[t.n - 1] == units[i].unit && st_str_u64((st_str){ t.p, t.n - 1 }, &n) &&
            n <= UINT64_C(1000000000) / units[i].seconds) {
            out->span = n * units[i].seconds * ST_TICKS_SECOND;
            return true;
        }
    st_sigma_error(r, span ? span->span : d->span,
                   "timespan is a number and s, m, h or d, like 15m");
    return false;
}

/* fields, and aliases for them */

/* An alias: a map from rules to their fields. */
static bool read_alias(st_sigma_reader *r, const st_doc *alias, const st_correlation *c,
                       st_correlation_field *out)
{
    st_str *of = ST_NEWN(r->arena, st_str, c->nrules);
    for (size_t i = 0; of && i < c->nrules; i++) {
        size_t k = 0;
        while (alias->kind == ST_DOC_MAP && k < alias->n &&
               !st_str_eq(alias->keys[k]->text, c->rules[i]))
            k++;
        bool found = alias->kind == ST_DOC_MAP && k < alias->n;
        of[i] = found && alias->items[k]->kind == ST_DOC_TEXT ? alias->items[k]->text : out->name;
    }
    out->of_rule = of;
    return of != NULL;
}

static bool read_field(st_sigma_reader *r, const st_doc *d, st_str name, const st_correlation *c,
                       st_correlation_field *out)
{
    const st_doc *aliases = st_doc_get(d, "aliases");
    *out = (st_correlation_field){ .name = name };
    for (size_t i = 0; aliases && aliases->kind == ST_DOC_MAP && i < aliases->n; i++)
        if (st_str_eq(aliases->keys[i]->text, name))
            return read_alias(r, aliases->items[i], c, out);
    return true;
}

static bool read_groups(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc **list = texts_of(r, d, "group-by", false, &out->ngroups);
    st_correlation_field *f = list ? ST_NEWN(r->arena, st_correlation_field, out->ngroups) : NULL;
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < out->ngroups; i++)
        ok = read_field(r, d, list[i]->text, out, &f[i]);
    out->groups = f;
    return ok;
}

/* conditions */

static bool read_test(st_sigma_reader *r, const st_doc *key, const st_doc *value,
                      st_correlation *out)
{
    static const struct {
        const char *name;
        char compare;
    } compares[] = { { "eq", '=' },  { "neq", '!' }, { "lt", '<' },
                     { "lte", 'l' }, { "gt", '>' },  { "gte", 'g' } };
    double n;
    for (size_t i = 0; i < sizeof compares / sizeof *compares; i++) {
        if (!st_str_eq(key->text, st_str_of(compares[i].name)))
            continue;
        if (!st_doc_number(value, &n) || n < 0 || n > 1e15 || out->ntests == ST_CORRELATION_TESTS) {
            st_sigma_error(r, value->span, "a number is needed here");
            return false;
        }
        out->tests[out->ntests++] = (st_correlation_test){ compares[i].compare, (uint64_t)n };
        return true;
    }
    st_sigma_error(r, key->span, "no condition %.*s", ST_FMT(key->text));
    return false;
}

static bool read_condition(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc *c = st_doc_get(d, "condition");
    bool temporal = out->type >= ST_CORRELATE_TOGETHER, ok = true;
    if (!c && temporal)
        return true; /* every rule */
    if (!c || c->kind != ST_DOC_MAP || !c->n) {
        st_sigma_error(r, c ? c->span : d->span, "a condition is needed, like gte: 10");
        return false;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (st_str_eq(c->keys[i]->text, ST_STR("field")) && c->items[i]->kind == ST_DOC_TEXT)
            ok = read_field(r, d, c->items[i]->text, out, &out->field) && ok;
        else
            ok = read_test(r, c->keys[i], c->items[i], out) && ok;
    }
    if (out->type == ST_CORRELATE_VALUES && !out->field.name.n) {
        st_sigma_error(r, c->span, "value_count needs a field in its condition");
        ok = false;
    }
    return ok;
}

const st_correlation *st_sigma_read_correlation(st_sigma_reader *r, const st_doc *d,
                                                const st_doc *document)
{
    st_correlation *out = ST_NEW(r->arena, st_correlation);
    size_t back = st_sigma_enter(r, ST_STR("correlation"));
    bool ok = out != NULL;
    if (ok && d->kind != ST_DOC_MAP) {
        st_sigma_error(r, d->span, "a map is needed");
        ok = false;
    }
    const st_doc *generate = ok ? st_doc_get(d, "generate") : NULL;
    if (ok && !generate)
        generate = st_doc_get(document, "generate");
    if (generate)
        (void)st_doc_truth(generate, &out->generate);
    ok = ok && read_type(r, d, out);
    ok = ok && read_rules(r, d, out);
    if (ok) {
        bool span = read_span(r, d, out), groups = read_groups(r, d, out);
        ok = read_condition(r, d, out) && span && groups;
    }
    r->path.n = back;
    return ok ? out : NULL;
}
