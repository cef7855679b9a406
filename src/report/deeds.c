/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deeds.c - what the processes of an incident did beside starting others, by what it means to who
 * answers the incident: contacted, dropped, persisted, touched, deleted. The same deed again and
 * again is one, with a count and the times of the first and the last.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *event;
    st_deed_kind kind;
} kinds[] = {
    { "connection", ST_DEED_CONTACTED }, { "dns", ST_DEED_CONTACTED },
    { "file", ST_DEED_DROPPED },         { "stream", ST_DEED_DROPPED },
    { "registry", ST_DEED_PERSISTED },   { "service", ST_DEED_PERSISTED },
    { "task", ST_DEED_PERSISTED },       { "wmi", ST_DEED_PERSISTED },
    { "access", ST_DEED_TOUCHED },       { "thread", ST_DEED_TOUCHED },
    { "tamper", ST_DEED_TOUCHED },       { "delete", ST_DEED_DELETED },
    { "request", ST_DEED_REQUESTED },
};

const char *st_deed_title(st_deed_kind k)
{
    static const char *const titles[] = { "Contacted", "Dropped",   "Persisted",    "Touched",
                                          "Deleted",   "Requested", "Also recorded" };
    return titles[k];
}

static st_deed_kind kind_of(const char *event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].event, event) == 0)
            return kinds[i].kind;
    return ST_DEED_OTHER;
}

/* A script where a web server looks for them: the shell itself, as like as not. */
static bool web_script(st_str path)
{
    static const char *const endings[] = { ".aspx", ".asp",  ".ashx", ".asmx", ".php",
                                           ".jsp",  ".jspx", ".war",  ".cfm",  ".phtml" };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (st_str_iends(path, st_str_of(endings[i])))
            return true;
    return false;
}

static int by_meaning(const void *a, const void *b)
{
    const st_deed *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->script != y->script)
        return x->script ? -1 : 1;
    int d = strcmp(x->event, y->event);
    if (!d)
        d = st_str_cmp(x->target, y->target);
    if (d)
        return d;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_time(const void *a, const void *b)
{
    const st_deed *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->script != y->script)
        return x->script ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static bool add(st_deeds *d, const st_view *v, uint32_t row, st_buf *text)
{
    const char *event = st_event_kind_at(v->e->kind)->word;
    st_buf_clear(text);
    st_target_put(v->f, v->e, text);
    if (text->failed || !st_grow(&d->items, &d->cap, d->n + 1, sizeof *d->items))
        return false;
    st_str target = st_arena_copy(&d->arena, st_buf_slice(text));
    if (!target.p)
        return false;
    st_ticks t = st_view_time(v);
    d->items[d->n++] = (st_deed){ .kind = kind_of(event),
                                  .event = event,
                                  .target = target,
                                  .script = kind_of(event) == ST_DEED_DROPPED && web_script(target),
                                  .by = v->row->node,
                                  .count = 1,
                                  .first = t,
                                  .last = t,
                                  .row = row };
    return true;
}

/* Neighbours that are the same become one. */
static void merge(st_deeds *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const st_deed *x = &d->items[i];
        st_deed *last = n ? &d->items[n - 1] : NULL;
        if (last && last->kind == x->kind && strcmp(last->event, x->event) == 0 &&
            st_str_eq(last->target, x->target)) {
            last->count++;
            last->last = x->last > last->last ? x->last : last->last;
        } else {
            d->items[n++] = *x;
        }
    }
    d->n = n;
}

bool st_deeds_of(st_deeds *d, const st_case *c, const st_groups *g, uint32_t incident)
{
    st_buf text = { 0 };
    st_view v;
    bool ok = true;
    *d = (st_deeds){ 0 };
    for (size_t k = g->start[incident]; ok && k < g->start[incident + 1]; k++) {
        const st_row *row = &c->rows[g->rows[k]];
        if (row->event != ST_NO_EVENT && st_view_of(&v, c, row))
            ok = add(d, &v, g->rows[k], &text);
    }
    st_buf_free(&text);
    if (ok && d->n) {
        qsort(d->items, d->n, sizeof *d->items, by_meaning);
        merge(d);
        qsort(d->items, d->n, sizeof *d->items, by_time);
    }
    return ok;
}

void st_deeds_free(st_deeds *d)
{
    st_arena_free(&d->arena);
    free(d->items);
    d->items = NULL;
}
