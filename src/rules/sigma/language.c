/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.c - Sigma as one of the languages of rules: a text is one document.
 */
#include "rules/sigma/bind.h"

#include <string.h>

/* A document that is Sigma's has one of its keys at the beginning of a line; a filter has a
 * logsource. */
static const char *const telling_keys[] = { "detection", "logsource", "correlation" };
enum { TELLING_KEYS = sizeof telling_keys / sizeof *telling_keys };

/* Does the key stand at the text's beginning, in quotes or without, and a colon behind it? */
static bool begins_key(st_str text, st_str key, bool quotes)
{
    char quote = '\0';
    if (text.n && (text.p[0] == '"' || text.p[0] == '\''))
        quote = text.p[0];
    size_t i = quote != 0;
    if ((quotes && !quote) || text.n - i < key.n || memcmp(text.p + i, key.p, key.n) != 0)
        return false;
    i += key.n;
    if (quote && (i == text.n || text.p[i++] != quote))
        return false;
    while (i < text.n && quote && strchr(" \t\r\n", text.p[i]))
        i++;
    return i < text.n && text.p[i] == ':';
}

/* JSON, and what YAML writes like it: keys anywhere, in quotes. */
static bool tells_json(st_str text)
{
    st_str from = st_str_trim(text);
    if (st_str_starts(from, ST_STR("---")))
        from = st_str_trim((st_str){ from.p + 3, from.n - 3 });
    if (!from.n || from.p[0] != '{')
        return false;
    for (; from.n; from = (st_str){ from.p + 1, from.n - 1 })
        for (size_t k = 0; (from.p[0] == '"' || from.p[0] == '\'') && k < TELLING_KEYS; k++)
            if (begins_key(from, st_str_of(telling_keys[k]), true))
                return true;
    return false;
}

static bool tells(st_str text)
{
    st_str rest = text, line;
    while (st_str_cut(&rest, '\n', &line)) {
        if (!line.n || line.p[0] == ' ') /* a key that tells begins its line */
            continue;
        if (st_str_starts(line, ST_STR("action: global")))
            return true;
        for (size_t k = 0; k < TELLING_KEYS; k++)
            if (begins_key(line, st_str_of(telling_keys[k]), false))
                return true;
    }
    return tells_json(text);
}

/* "windows process_creation". */
static st_str source_of(st_arena *a, const st_sigma_rule *rule)
{
    const st_str parts[] = { rule->product, rule->category, rule->service };
    st_buf b = { 0 };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].n)
            st_buf_fmt(&b, "%s%.*s", b.n ? " " : "", ST_FMT(parts[i]));
    st_str out = b.n ? st_arena_copy(a, st_buf_slice(&b)) : (st_str){ 0 };
    st_buf_free(&b);
    return out;
}

static void describe(st_arena *a, const st_sigma_rule *rule, st_rule *about)
{
    about->id = rule->id;
    about->name = rule->name;
    about->title = rule->title;
    about->level = rule->level;
    about->techniques = rule->techniques;
    about->ntechniques = rule->ntechniques;
    about->authors = rule->author;
    about->description = rule->description;
    about->maturity = rule->status;
    about->date = rule->modified.n ? rule->modified : rule->date;
    about->source = source_of(a, rule);
    about->falsepositives = rule->falsepositives;
    about->nfalsepositives = rule->nfalsepositives;
}

/* Lists by name; values that stand apart under one name are one list. */
static bool read_placeholders(st_sigma_reader *r, const st_rule_settings *s)
{
    st_sigma_placeholder *out = ST_NEWN(r->arena, st_sigma_placeholder, s->nplaceholders);
    for (size_t i = 0; out && i < s->nplaceholders; i++) {
        st_str rest = s->placeholders[i].value, one;
        st_sigma_placeholder *p = &out[r->nplaceholders++];
        size_t most = 1;
        for (size_t k = 0; k < rest.n; k++)
            most += rest.p[k] == ',';
        st_str *values = ST_NEWN(r->arena, st_str, most);
        *p = (st_sigma_placeholder){ s->placeholders[i].name, values, 0 };
        while (values && st_str_cut(&rest, ',', &one))
            values[p->n++] = st_str_trim(one);
    }
    r->placeholders = out;
    return out && !r->arena->failed;
}

/* What stands behind the rule and no line of three dashes in front of it would be lost. */
static bool is_alone(st_docs *docs, st_diag_sink *d)
{
    size_t before = d->errors + d->dropped;
    const st_doc *more = st_docs_next(docs);
    if (more)
        st_diag_at(d, ST_SEV_ERROR, more->span, NULL,
                   "a document behind the rule's, without --- in front of it");
    return !more && d->errors + d->dropped == before;
}

static bool parse(st_arena *a, st_str text, const st_rule_settings *settings, st_diag_sink *d,
                  st_rule *about, st_parsed *out)
{
    st_sigma_rule *rule = ST_NEW(a, st_sigma_rule);
    st_sigma_reader r = { .arena = a, .diags = d };
    st_docs *docs = rule ? st_docs_open(a, text, d) : NULL;
    size_t before = d->errors + d->dropped;
    const st_doc *doc = docs ? st_docs_next(docs) : NULL;
    if (!doc && d->errors + d->dropped == before)
        st_diag_at(d, ST_SEV_ERROR, (st_span){ 0 }, NULL, "this document is empty");
    bool ok = doc && read_placeholders(&r, settings) && st_sigma_read_rule(&r, doc, rule);
    ok = doc && is_alone(docs, d) && ok;
    *out = (st_parsed){ .language = &st_language_sigma, .tree = rule };
    out->correlation = ok ? rule->correlation : NULL;
    out->filter = ok && rule->filter;
    if (doc && about)
        describe(a, rule, about);
    st_docs_close(docs);
    st_buf_free(&r.path);
    return ok;
}

static void bind(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d, st_bound *out)
{
    const st_sigma_rule *rule = p->tree;
    (void)marks_servers; /* no Sigma rule does */
    *out = (st_bound){ .status = ST_RULE_BROKEN };
    if (rule->cond)
        st_sigma_bind(r, rule, d, out);
}

/* What a filter says of its rules' log source must be theirs; what it leaves out may be any. */
static bool agrees(st_str filter, st_str rule)
{
    return !filter.n || st_str_ieq(filter, rule);
}

static bool is_meant(const st_sigma_filter *f, const st_rule *about)
{
    bool meant = !f->nrules;
    for (size_t i = 0; i < f->nrules; i++)
        meant = meant || st_str_ieq(f->rules[i], about->id) ||
                (about->name.n && st_str_eq(f->rules[i], about->name));
    return meant;
}

static bool narrow(st_arena *a, const st_parsed *filter, const st_rule *about, st_parsed *p)
{
    const st_sigma_rule *f = filter->tree, *rule = p->tree;
    if (!is_meant(f->filter, about) || !agrees(f->product, rule->product) ||
        !agrees(f->category, rule->category) || !agrees(f->service, rule->service))
        return false;
    st_sigma_rule *narrowed = ST_NEW(a, st_sigma_rule);
    const st_sigma_filter **list = ST_NEWN(a, const st_sigma_filter *, rule->nfilters + 1);
    if (!narrowed || !list)
        return false;
    *narrowed = *rule;
    if (rule->nfilters)
        memcpy(list, rule->filters, rule->nfilters * sizeof(const st_sigma_filter *));
    list[narrowed->nfilters++] = f->filter;
    narrowed->filters = list;
    p->tree = narrowed;
    return true;
}

static void explain(st_run *r, const st_parsed *p, const st_bound *b, bool run, st_buf *out)
{
    (void)r;
    (void)b;
    (void)run;
    st_buf_fmt(out, "%.*s\n", ST_FMT(((const st_sigma_rule *)p->tree)->title));
}

const st_language st_language_sigma = {
    .name = "Sigma",
    .by_itself = true,
    .per_event = true,
    .tells = tells,
    .parse = parse,
    .bind = bind,
    .narrow = narrow,
    .explain = explain,
};
