/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detection.c - selections: maps, lists of maps, keywords, in each other.
 */
#include "rules/sigma/sigma.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void st_sigma_error(st_sigma_reader *r, st_span where, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    st_str path = st_buf_slice(&r->path);
    st_diag_at(r->diags, ST_SEV_ERROR, where, NULL, "%.*s%s%s", ST_FMT(path), path.n ? ": " : "",
               text);
    r->errors++;
}

size_t st_sigma_enter(st_sigma_reader *r, st_str key)
{
    size_t back = r->path.n;
    if (back)
        st_buf_char(&r->path, '.');
    st_buf_put(&r->path, key.p, key.n < 80 ? key.n : 80);
    return back;
}

const st_sigma_cond *st_sigma_joined(st_sigma_reader *r, st_sigma_join join,
                                     const st_sigma_cond **parts, size_t n)
{
    if (n == 1 && join != ST_SIGMA_NOT)
        return parts[0];
    st_sigma_cond *c = ST_NEW(r->arena, st_sigma_cond);
    if (!c)
        return NULL;
    c->join = join;
    c->parts = ST_NEWN(r->arena, const st_sigma_cond *, n);
    if (!c->parts)
        return NULL;
    memcpy(c->parts, parts, n * sizeof(const st_sigma_cond *));
    c->n = n;
    return c;
}

static const st_sigma_cond *item_of(st_sigma_reader *r, const st_doc *key, const st_doc *values)
{
    st_sigma_item *item = ST_NEW(r->arena, st_sigma_item);
    st_sigma_cond *c = ST_NEW(r->arena, st_sigma_cond);
    if (!item || !c || !st_sigma_read_item(r, key, values, item))
        return NULL;
    item->place = r->items++;
    *c = (st_sigma_cond){ .join = ST_SIGMA_ITEM, .item = item };
    return c;
}

static const st_sigma_cond *read_any(st_sigma_reader *r, const st_doc *d, unsigned depth);

/* NOLINTBEGIN(misc-no-recursion): no deeper than ST_MAX_SIGMA_DEPTH */

/* One of a list's items, or of a map's keys. */
static const st_sigma_cond *read_part(st_sigma_reader *r, const st_doc *d, size_t i, unsigned depth)
{
    if (d->kind == ST_DOC_LIST)
        return read_any(r, d->items[i], depth + 1);
    size_t back = st_sigma_enter(r, d->keys[i]->text);
    const st_sigma_cond *c = item_of(r, d->keys[i], d->items[i]);
    r->path.n = back;
    return c;
}

static const st_sigma_cond *read_any(st_sigma_reader *r, const st_doc *d, unsigned depth)
{
    if (d->kind == ST_DOC_TEXT)
        return item_of(r, NULL, d);
    if (!d->n || depth > ST_MAX_SIGMA_DEPTH) {
        st_sigma_error(r, d->span, "%s",
                       d->n                     ? "nested too deep"
                       : d->kind == ST_DOC_LIST ? "an empty list"
                                                : "an empty map");
        return NULL;
    }
    const st_sigma_cond **parts = ST_NEWN(r->arena, const st_sigma_cond *, d->n);
    bool whole = parts != NULL;
    for (size_t i = 0; parts && i < d->n; i++) {
        parts[i] = read_part(r, d, i, depth);
        whole = whole && parts[i];
    }
    return whole ? st_sigma_joined(r, d->kind == ST_DOC_LIST ? ST_SIGMA_OR : ST_SIGMA_AND, parts,
                                   d->n)
                 : NULL;
}

/* NOLINTEND(misc-no-recursion) */

const st_sigma_cond *st_sigma_read_selection(st_sigma_reader *r, const st_doc *value)
{
    return read_any(r, value, 0);
}

/* What stands beside the selections: in detection, and in a filter. */
static bool is_setting(const char *in, st_str key)
{
    bool filter = strcmp(in, "filter") == 0;
    return st_str_eq(key, ST_STR("condition")) ||
           st_str_eq(key, filter ? ST_STR("rules") : ST_STR("timeframe"));
}

static size_t read_selections(st_sigma_reader *r, const char *in, const st_doc *detection,
                              st_sigma_selection *out)
{
    size_t n = 0;
    for (size_t i = 0; i < detection->n; i++) {
        st_str name = detection->keys[i]->text;
        if (is_setting(in, name))
            continue;
        size_t back = st_sigma_enter(r, name);
        out[n++] = (st_sigma_selection){ name, st_sigma_read_selection(r, detection->items[i]) };
        r->path.n = back;
    }
    return n;
}

/* A list of conditions: any of them. */
static const st_sigma_cond *read_conditions(st_sigma_reader *r, const st_doc *d,
                                            const st_sigma_selection *selections, size_t n)
{
    if (d->kind != ST_DOC_LIST)
        return st_sigma_read_condition(r, d, selections, n);
    if (!d->n) {
        st_sigma_error(r, d->span, "an empty list");
        return NULL;
    }
    const st_sigma_cond **parts = ST_NEWN(r->arena, const st_sigma_cond *, d->n);
    bool whole = parts != NULL;
    for (size_t i = 0; parts && i < d->n; i++) {
        parts[i] = st_sigma_read_condition(r, d->items[i], selections, n);
        whole = whole && parts[i];
    }
    return whole ? st_sigma_joined(r, ST_SIGMA_OR, parts, d->n) : NULL;
}

const st_sigma_cond *st_sigma_read_detection(st_sigma_reader *r, const char *key,
                                             const st_doc *detection)
{
    size_t back = st_sigma_enter(r, st_str_of(key));
    const st_doc *condition = st_doc_get(detection, "condition");
    const st_sigma_cond *c = NULL;
    if (detection->kind != ST_DOC_MAP)
        st_sigma_error(r, detection->span, "a map of selections is needed");
    else if (detection->n > ST_MAX_SIGMA_SELECTIONS)
        st_sigma_error(r, detection->span, "more than %zu selections", ST_MAX_SIGMA_SELECTIONS);
    else if (!condition)
        st_sigma_error(r, detection->span, "there is no condition");
    else {
        st_sigma_selection *list = ST_NEWN(r->arena, st_sigma_selection, detection->n);
        size_t n = list ? read_selections(r, key, detection, list) : 0;
        st_sigma_enter(r, ST_STR("condition"));
        c = list ? read_conditions(r, condition, list, n) : NULL;
    }
    r->path.n = back;
    return r->errors ? NULL : c;
}
