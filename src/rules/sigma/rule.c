/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - a rule's document: what it is called, where it looks, what it finds.
 */
#include "rules/sigma/sigma.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

bool st_sigma_is_rule(const st_doc *d)
{
    return st_doc_get(d, "detection") || st_doc_get(d, "logsource") ||
           st_doc_get(d, "correlation") ||
           (st_doc_get(d, "filter") && st_doc_get(d, "filter")->kind == ST_DOC_MAP) ||
           st_str_eq(st_doc_text(d, "action"), ST_STR("global"));
}

/* texts of the header */

/* The value of a key that says something; NULL: there is none, or it is null. */
static const st_doc *said(const st_doc *d, const char *key)
{
    const st_doc *v = st_doc_get(d, key);
    return v && !st_doc_is_null(v) ? v : NULL;
}

static st_str trimmed(const st_doc *d, const char *key)
{
    return said(d, key) ? st_str_trim(st_doc_text(d, key)) : (st_str){ 0 };
}

/* A list of texts, or one text; what is neither is left out. */
static const st_str *texts(st_sigma_reader *r, const st_doc *d, size_t *n)
{
    *n = 0;
    if (!d || d->kind == ST_DOC_MAP)
        return NULL;
    size_t most = d->kind == ST_DOC_LIST ? d->n : 1;
    st_str *out = ST_NEWN(r->arena, st_str, most);
    for (size_t i = 0; out && i < most; i++) {
        const st_doc *t = d->kind == ST_DOC_LIST ? d->items[i] : d;
        if (t->kind == ST_DOC_TEXT && t->text.n)
            out[(*n)++] = st_str_trim(t->text);
    }
    return out;
}

/* Authors must be named with what their rules find: older rules have a list of them. */
static st_str authors(st_sigma_reader *r, const st_doc *d)
{
    const st_doc *v = said(d, "author");
    if (!v || v->kind != ST_DOC_LIST)
        return trimmed(d, "author");
    size_t n;
    const st_str *names = texts(r, v, &n);
    st_buf b = { 0 };
    for (size_t i = 0; names && i < n; i++)
        st_buf_fmt(&b, "%s%.*s", i ? ", " : "", ST_FMT(names[i]));
    st_str out = st_arena_copy(r->arena, st_buf_slice(&b));
    r->arena->failed |= b.failed;
    st_buf_free(&b);
    return out;
}

static bool digits(st_str s, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++)
        if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* attack.t1505.003 is T1505.003; empty: the tag names no technique. */
static st_str technique(st_arena *a, st_str tag)
{
    st_str head = ST_STR("attack.t");
    if (tag.n < head.n || !st_str_ieq((st_str){ tag.p, head.n }, head))
        return (st_str){ 0 };
    st_str number = { tag.p + head.n, tag.n - head.n };
    bool whole = number.n == 4 && digits(number, 0, 4);
    bool part = number.n == 8 && digits(number, 0, 4) && number.p[4] == '.' && digits(number, 5, 3);
    if (!whole && !part)
        return (st_str){ 0 };
    char text[9] = { 'T' };
    memcpy(text + 1, number.p, number.n);
    return st_arena_copy(a, (st_str){ text, number.n + 1 });
}

static int by_text(const void *a, const void *b)
{
    const st_str *x = a, *y = b;
    return st_str_cmp(*x, *y);
}

static void read_tags(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    size_t n, kept = 0;
    const st_str *tags = texts(r, d, &n);
    st_str *t = tags ? ST_NEWN(r->arena, st_str, n) : NULL;
    if (!t)
        return;
    for (size_t i = 0; i < n && kept < ST_MAX_TECHNIQUES; i++) {
        t[kept] = technique(r->arena, tags[i]);
        kept += t[kept].n > 0;
    }
    if (kept)
        qsort(t, kept, sizeof *t, by_text);
    for (size_t i = 0; i < kept; i++)
        if (!out->ntechniques || !st_str_eq(t[i], t[out->ntechniques - 1]))
            t[out->ntechniques++] = t[i];
    out->techniques = t;
}

static void read_level(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    out->level = ST_LEVEL_MEDIUM;
    const st_doc *level = said(d, "level");
    if (level && (level->kind != ST_DOC_TEXT || !st_level_parse(level->text, &out->level)))
        st_sigma_error(r, level->span,
                       "level is one of informational, low, medium, high and critical");
}

static void read_header(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    out->where = d->span;
    out->id = trimmed(d, "id");
    out->name = trimmed(d, "name");
    out->title = trimmed(d, "title");
    out->status = trimmed(d, "status");
    out->author = authors(r, d);
    out->description = trimmed(d, "description");
    out->date = trimmed(d, "date");
    out->modified = trimmed(d, "modified");
    out->falsepositives = texts(r, st_doc_get(d, "falsepositives"), &out->nfalsepositives);
    read_level(r, d, out);
    read_tags(r, st_doc_get(d, "tags"), out);
    if (!out->title.n)
        st_sigma_error(r, d->span, "there is no title");
    const st_doc *taxonomy = said(d, "taxonomy");
    if (taxonomy && !st_str_eq(st_doc_text(d, "taxonomy"), ST_STR("sigma")))
        st_sigma_error(r, taxonomy->span, "fields of another taxonomy than sigma aren't known");
}

/* What isn't a text would select more than is meant, if it counted as left out. */
static st_str source_part(st_sigma_reader *r, const st_doc *source, const char *key)
{
    const st_doc *v = said(source, key);
    if (v && v->kind != ST_DOC_TEXT)
        st_sigma_error(r, v->span, "logsource.%s is a text", key);
    return trimmed(source, key);
}

static void read_source(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    const st_doc *s = st_doc_get(d, "logsource");
    if (!s || s->kind != ST_DOC_MAP) {
        st_sigma_error(r, s ? s->span : d->span,
                       s ? "logsource is a map" : "there is no logsource");
        return;
    }
    out->product = source_part(r, s, "product");
    out->category = source_part(r, s, "category");
    out->service = source_part(r, s, "service");
    st_sigma_find_source(r->arena, out->product, out->category, out->service, &out->source);
}

/* Which rules a filter is for: a list of ids or names, or `any`. */
static bool read_filtered(st_sigma_reader *r, const st_doc *d, st_sigma_filter *out)
{
    const st_doc *rules = st_doc_get(d, "rules");
    if (!rules || st_str_ieq(st_doc_text(d, "rules"), ST_STR("any")))
        return true;
    out->rules = texts(r, rules, &out->nrules);
    if (rules->kind == ST_DOC_MAP || (rules->kind == ST_DOC_TEXT && !out->nrules) ||
        (rules->kind == ST_DOC_LIST && (!rules->n || out->nrules != rules->n))) {
        st_sigma_error(r, rules->span, "filter.rules: any, or a list of ids or names of rules");
        return false;
    }
    return !r->arena->failed;
}

static bool read_filter(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    st_sigma_filter *f = ST_NEW(r->arena, st_sigma_filter);
    read_source(r, d, out);
    if (!f)
        return false;
    bool known = d->kind == ST_DOC_MAP && read_filtered(r, st_doc_get(d, "filter"), f);
    out->cond = st_sigma_read_detection(r, "filter", st_doc_get(d, "filter"));
    out->nitems = r->items;
    f->cond = out->cond;
    f->nitems = out->nitems;
    out->filter = f;
    return known && !r->errors && out->cond;
}

bool st_sigma_read_rule(st_sigma_reader *r, const st_doc *d, st_sigma_rule *out)
{
    *out = (st_sigma_rule){ 0 };
    r->errors = r->values = r->items = 0;
    r->path.n = 0;
    const st_doc *action = st_doc_get(d, "action"), *detection = st_doc_get(d, "detection");
    if (action) {
        st_sigma_error(
            r, action->span,
            "several documents under one action aren't supported: write each rule whole");
        return false;
    }
    read_header(r, d, out);
    const st_doc *correlation = st_doc_get(d, "correlation");
    if (correlation) {
        out->correlation = st_sigma_read_correlation(r, correlation, d);
        return !r->errors && out->correlation && !r->arena->failed;
    }
    if (st_doc_get(d, "filter"))
        return read_filter(r, d, out) && !r->arena->failed;
    read_source(r, d, out);
    if (!detection)
        st_sigma_error(r, d->span, "there is no detection");
    else
        out->cond = st_sigma_read_detection(r, "detection", detection);
    out->nitems = r->items;
    if (r->arena->failed || r->path.failed)
        r->arena->failed = true;
    return !r->errors && out->cond && !r->arena->failed;
}
