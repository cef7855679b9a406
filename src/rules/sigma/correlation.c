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
} types[] = {
    { "event_count", ST_CORRELATE_COUNT },
    { "value_count", ST_CORRELATE_VALUES },
    { "value_sum", ST_CORRELATE_SUM },
    { "value_avg", ST_CORRELATE_AVERAGE },
    { "value_percentile", ST_CORRELATE_PERCENTILE },
    { "value_median", ST_CORRELATE_PERCENTILE },
    { "temporal", ST_CORRELATE_TOGETHER },
    { "temporal_ordered", ST_CORRELATE_IN_ORDER },
    { "ordered_temporal", ST_CORRELATE_IN_ORDER },
};

static bool read_type(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc *type = st_doc_get(d, "type");
    out->percentile = -1;
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (st_str_eq(type->text, st_str_of(types[i].name))) {
            out->type = types[i].type;
            if (st_str_eq(type->text, ST_STR("value_median")))
                out->percentile = 50;
            return true;
        }
    st_sigma_error(r, type ? type->span : d->span,
                   "type is one of event_count, value_count, value_sum, value_avg, "
                   "value_percentile, value_median, temporal and temporal_ordered");
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

static bool is_word_char(char c)
{
    return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9') ||
           ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_operator(st_str word)
{
    return st_str_ieq(word, ST_STR("and")) || st_str_ieq(word, ST_STR("or")) ||
           st_str_ieq(word, ST_STR("not"));
}

/* The next word of a condition that is no operator; empty: none. */
static st_str next_name(st_str text, size_t *at)
{
    for (;;) {
        while (*at < text.n && !is_word_char(text.p[*at]))
            ++*at;
        size_t start = *at;
        while (*at < text.n && is_word_char(text.p[*at]))
            ++*at;
        st_str word = { text.p + start, *at - start };
        if (!word.n || !is_operator(word))
            return word;
    }
}

static bool is_among(const st_str *names, size_t n, st_str name)
{
    for (size_t i = 0; i < n; i++)
        if (st_str_eq(names[i], name))
            return true;
    return false;
}

static bool too_many(st_sigma_reader *r, st_span where)
{
    st_sigma_error(r, where, "more than %u rules", ST_MAX_CORRELATED);
    return false;
}

/* A condition in words names the rules, where nothing else does: each once, in its order. */
static bool rules_of_condition(st_sigma_reader *r, const st_doc *text, st_correlation *out)
{
    st_str *names = ST_NEWN(r->arena, st_str, ST_MAX_CORRELATED);
    st_span *places = ST_NEWN(r->arena, st_span, ST_MAX_CORRELATED);
    if (!names || !places)
        return false;
    size_t at = 0;
    for (st_str word = next_name(text->text, &at); word.n; word = next_name(text->text, &at)) {
        if (is_among(names, out->nrules, word))
            continue;
        if (out->nrules == ST_MAX_CORRELATED)
            return too_many(r, text->span);
        names[out->nrules] = st_arena_copy(r->arena, word);
        places[out->nrules++] = text->span;
    }
    out->rules = names;
    out->rules_at = places;
    return true;
}

static bool rules_of_list(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc **list = texts_of(r, d, "rules", true, &out->nrules);
    if (!list)
        return false;
    if (out->nrules > ST_MAX_CORRELATED)
        return too_many(r, d->span);
    st_str *names = ST_NEWN(r->arena, st_str, out->nrules);
    st_span *at = ST_NEWN(r->arena, st_span, out->nrules);
    for (size_t i = 0; names && at && i < out->nrules; i++) {
        names[i] = list[i]->text;
        at[i] = list[i]->span;
    }
    out->rules = names;
    out->rules_at = at;
    return names && at;
}

static bool read_rules(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc *c = st_doc_get(d, "condition");
    bool words = !st_doc_get(d, "rules") && c && c->kind == ST_DOC_TEXT;
    if (!(words ? rules_of_condition(r, c, out) : rules_of_list(r, d, out)))
        return false;
    out->places = ST_NEWN(r->arena, uint32_t, out->nrules);
    return out->places != NULL;
}

/* A number and s, m, h, d, w, or M and y, which are the mean of a year's months and of years. */
static bool read_span(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = { { 's', 1 },      { 'm', 60 },      { 'h', 3600 },    { 'd', 86400 },
                  { 'w', 604800 }, { 'M', 2629746 }, { 'y', 31556952 } };
    const st_doc *span = st_doc_get(d, "timespan");
    uint64_t n;
    st_str t = span && span->kind == ST_DOC_TEXT ? span->text : (st_str){ 0 };
    for (size_t i = 0; t.n > 1 && i < sizeof units / sizeof *units; i++)
        if (t.p[t.n - 1] == units[i].unit && st_str_u64((st_str){ t.p, t.n - 1 }, &n) && n &&
            n <= UINT64_C(1000000000) / units[i].seconds) {
            out->span = n * units[i].seconds * ST_TICKS_SECOND;
            return true;
        }
    st_sigma_error(r, span ? span->span : d->span,
                   "timespan is a number and s, m, h, d, w, M or y, like 15m");
    return false;
}

/* fields, and aliases for them */

/* An alias: a map from rules to their fields. */
static bool read_alias(st_sigma_reader *r, const st_doc *alias, st_correlation_field *out)
{
    if (alias->kind != ST_DOC_MAP) {
        st_sigma_error(r, alias->span, "an alias is a map from rules to their fields");
        return false;
    }
    st_correlation_alias *list = ST_NEWN(r->arena, st_correlation_alias, alias->n);
    for (size_t i = 0; list && i < alias->n; i++) {
        const st_doc *field = alias->items[i];
        if (field->kind != ST_DOC_TEXT || !field->text.n) {
            st_sigma_error(r, field->span, "an alias stands for the name of a field");
            return false;
        }
        list[i] =
            (st_correlation_alias){ st_arena_copy(r->arena, alias->keys[i]->text),
                                    st_arena_copy(r->arena, field->text), alias->keys[i]->span };
    }
    out->aliases = list;
    out->naliases = alias->n;
    return list != NULL;
}

static bool read_field(st_sigma_reader *r, const st_doc *d, st_str name, const st_correlation *c,
                       st_correlation_field *out)
{
    const st_doc *aliases = st_doc_get(d, "aliases");
    name = st_arena_copy(r->arena, name); /* with a NUL behind it */
    *out = (st_correlation_field){ .name = name, .of_rule = ST_NEWN(r->arena, st_str, c->nrules) };
    for (size_t i = 0; i < c->nrules && out->of_rule; i++)
        out->of_rule[i] = name;
    for (size_t i = 0; aliases && i < aliases->n; i++)
        if (st_str_eq(aliases->keys[i]->text, name))
            return read_alias(r, aliases->items[i], out) && out->of_rule;
    return out->of_rule != NULL;
}

/* The fields that a key names; key: in map. */
static bool read_fields(st_sigma_reader *r, const st_doc *d, const st_doc *map, const char *key,
                        st_correlation *c, st_correlation_field **out, size_t *n)
{
    const st_doc **list = texts_of(r, map, key, false, n);
    st_correlation_field *f = list ? ST_NEWN(r->arena, st_correlation_field, *n) : NULL;
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < *n; i++)
        ok = read_field(r, d, list[i]->text, c, &f[i]);
    *out = f;
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
        if (!st_doc_number(value, &n) || out->ntests == ST_CORRELATION_TESTS) {
            st_sigma_error(r, value->span, "a number is needed here");
            return false;
        }
        out->tests[out->ntests++] = (st_correlation_test){ compares[i].compare, n };
        return true;
    }
    st_sigma_error(r, key->span, "no condition %.*s", ST_FMT(key->text));
    return false;
}

static bool read_percentile(st_sigma_reader *r, const st_doc *value, st_correlation *out)
{
    if (st_doc_number(value, &out->percentile) && out->percentile >= 0 && out->percentile <= 100)
        return true;
    st_sigma_error(r, value->span, "percentile is a number from 0 to 100");
    return false;
}

/* What a type needs beside a comparison. */
static bool is_whole(st_sigma_reader *r, const st_doc *c, const st_correlation *out)
{
    bool values = out->type == ST_CORRELATE_VALUES, numbers = st_correlates_numbers(out);
    if ((values || numbers) && !out->nfields) {
        st_sigma_error(r, c->span, "this type needs a field in its condition");
        return false;
    }
    if (numbers && out->nfields > 1) {
        st_sigma_error(r, c->span, "only value_count takes several fields");
        return false;
    }
    if (out->type == ST_CORRELATE_PERCENTILE && out->percentile < 0) {
        st_sigma_error(r, c->span, "value_percentile needs percentile in its condition");
        return false;
    }
    for (size_t i = 0; out->type == ST_CORRELATE_IN_ORDER && i < out->ntests; i++) {
        const st_correlation_test *t = &out->tests[i];
        double all = (double)out->nrules;
        if (strchr("=g", t->compare) ? t->number == all : t->compare == '>' && t->number == all - 1)
            continue;
        st_sigma_error(r, c->span, "temporal_ordered asks for each of its rules, %zu", out->nrules);
        return false;
    }
    if (!out->ntests && out->type < ST_CORRELATE_TOGETHER) {
        st_sigma_error(r, c->span, "a condition needs a comparison, like gte: 10");
        return false;
    }
    return true;
}

static bool read_map(st_sigma_reader *r, const st_doc *d, const st_doc *c, st_correlation *out)
{
    bool ok = true;
    for (size_t i = 0; i < c->n; i++) {
        if (st_str_eq(c->keys[i]->text, ST_STR("field")))
            ok = read_fields(r, d, c, "field", out, &out->fields, &out->nfields) && ok;
        else if (st_str_eq(c->keys[i]->text, ST_STR("percentile")))
            ok = read_percentile(r, c->items[i], out) && ok;
        else
            ok = read_test(r, c->keys[i], c->items[i], out) && ok;
    }
    return ok && is_whole(r, c, out);
}

/* Is it nothing but rules joined by `and`, all of the correlation's among them? */
static bool is_every_rule(const st_sigma_cond *c, size_t nrules, bool *met)
{
    size_t n = c->join == ST_SIGMA_AND ? c->n : 1, count = 0;
    for (size_t i = 0; i < n; i++) {
        const st_sigma_cond *part = c->join == ST_SIGMA_AND ? c->parts[i] : c;
        if (part->join != ST_SIGMA_ITEM)
            return false;
        count += !met[part->item->place];
        met[part->item->place] = true;
    }
    return count == nrules;
}

/* A condition in words, as steps: each node behind its parts. */
static bool add_steps(st_sigma_reader *r, const st_sigma_cond *cond, st_correlation *out)
{
    struct {
        const st_sigma_cond *c;
        size_t next; /* of its parts */
    } stack[4 * ST_MAX_SIGMA_DEPTH];
    st_correlation_step *steps = ST_NEWN(r->arena, st_correlation_step, 2 * ST_MAX_SIGMA_WORDS);
    size_t depth = 0, n = 0;
    if (!steps)
        return false;
    stack[depth].c = cond;
    stack[depth++].next = 0;
    while (depth) {
        const st_sigma_cond *c = stack[depth - 1].c;
        if (c->join != ST_SIGMA_ITEM && stack[depth - 1].next < c->n) {
            const st_sigma_cond *part = c->parts[stack[depth - 1].next++];
            if (depth == sizeof stack / sizeof *stack) {
                st_sigma_error(r, out->rules_at[0], "nested too deep");
                return false;
            }
            stack[depth].c = part;
            stack[depth++].next = 0;
            continue;
        }
        depth--;
        if (n == 2 * ST_MAX_SIGMA_WORDS) {
            st_sigma_error(r, out->rules_at[0], "a condition that is longer than a rule may have");
            return false;
        }
        steps[n++] = c->join == ST_SIGMA_ITEM
                         ? (st_correlation_step){ ST_STEP_RULE, (uint32_t)c->item->place }
                         : (st_correlation_step){ c->join == ST_SIGMA_NOT   ? ST_STEP_NOT
                                                  : c->join == ST_SIGMA_AND ? ST_STEP_AND
                                                                            : ST_STEP_OR,
                                                  (uint32_t)c->n };
    }
    out->steps = steps;
    out->nsteps = n;
    return true;
}

/* `a and (b or c)`: which of the rules must be met, by names; the grammar of selections. */
static bool read_words(st_sigma_reader *r, const st_doc *text, st_correlation *out)
{
    if (out->type < ST_CORRELATE_TOGETHER) {
        st_sigma_error(r, text->span, "only temporal takes a condition in words");
        return false;
    }
    st_sigma_selection *names = ST_NEWN(r->arena, st_sigma_selection, out->nrules);
    st_sigma_item *items = ST_NEWN(r->arena, st_sigma_item, out->nrules);
    st_sigma_cond *conds = ST_NEWN(r->arena, st_sigma_cond, out->nrules);
    if (!names || !items || !conds)
        return false;
    for (size_t i = 0; i < out->nrules; i++) {
        items[i].place = i;
        conds[i] = (st_sigma_cond){ .join = ST_SIGMA_ITEM, .item = &items[i] };
        names[i] = (st_sigma_selection){ out->rules[i], &conds[i] };
    }
    const st_sigma_cond *c = st_sigma_read_condition(r, text, names, out->nrules);
    if (!c || out->type == ST_CORRELATE_TOGETHER)
        return c && add_steps(r, c, out);
    bool *met = ST_NEWN(r->arena, bool, out->nrules);
    if (met && is_every_rule(c, out->nrules, met))
        return true;
    st_sigma_error(r, text->span, "temporal_ordered takes its rules joined by and, nothing else");
    return false;
}

static bool read_condition(st_sigma_reader *r, const st_doc *d, st_correlation *out)
{
    const st_doc *c = st_doc_get(d, "condition");
    if (!c && out->type >= ST_CORRELATE_TOGETHER)
        return true; /* every rule */
    if (c && c->kind == ST_DOC_TEXT && c->text.n)
        return read_words(r, c, out);
    if (c && c->kind == ST_DOC_MAP && c->n)
        return read_map(r, d, c, out);
    st_sigma_error(r, c ? c->span : d->span, "a condition is needed, like gte: 10");
    return false;
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
    if (generate && !st_doc_truth(generate, &out->generate)) {
        st_sigma_error(r, generate->span, "generate is true or false");
        ok = false;
    }
    const st_doc *aliases = ok ? st_doc_get(d, "aliases") : NULL;
    if (aliases && aliases->kind != ST_DOC_MAP) {
        st_sigma_error(r, aliases->span, "aliases is a map");
        ok = false;
    }
    ok = ok && read_type(r, d, out);
    ok = ok && read_rules(r, d, out);
    if (ok) {
        bool span = read_span(r, d, out);
        bool groups = read_fields(r, d, d, "group-by", out, &out->groups, &out->ngroups);
        ok = read_condition(r, d, out) && span && groups;
    }
    r->path.n = back;
    return ok ? out : NULL;
}
