/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_select.c - which part of the forest is drawn: what was asked for, what it
 * hangs under, and what hangs under it. One pass up and one down in all.
 */
#include "internal.h"

#include <stdlib.h>

static bool host_named(const st_forest *f, const st_tree_filter *t, const st_proc *p)
{
    if (!t->nhosts)
        return true;
    st_str full = p->host < f->nhosts ? st_pool_get(f->pool, f->hosts[p->host].name) : ST_STR("");
    for (size_t i = 0; i < t->nhosts; i++)
        if (st_host_is(full, t->hosts[i]))
            return true;
    return false;
}

static bool image_named(const st_forest *f, const st_tree_filter *t, const st_proc *p)
{
    if (!t->image.n)
        return true;
    st_str image = st_pool_get(f->pool, p->image);
    return st_fold_eq(image, t->image) || st_fold_eq(st_str_basename(image), t->image);
}

static bool in_window(const st_tree_filter *t, const st_proc *p)
{
    if (!t->around)
        return true;
    st_ticks d = p->start > t->around ? p->start - t->around : t->around - p->start;
    return p->start && d <= t->window;
}

static bool wanted(const st_forest *f, const st_tree_filter *t, const st_proc *p)
{
    return host_named(f, t, p) && (!t->by_guid || st_guid_eq(&t->guid, &p->guid)) &&
           (t->pid == ST_NO_U32 || t->pid == p->pid) && image_named(f, t, p) && in_window(t, p);
}

/* Marks the subtree of top; marked nodes other than top have been gone through already. */
static void mark_below(const st_forest *f, bool *shown, bool *through, st_node top)
{
    for (st_node n = top; n != ST_NO_NODE;) {
        bool into = !through[n];
        shown[n] = through[n] = true;
        if (into && f->procs[n].first_child != ST_NO_NODE) {
            n = f->procs[n].first_child;
            continue;
        }
        while (n != top && n != ST_NO_NODE && f->procs[n].next_sibling == ST_NO_NODE)
            n = f->procs[n].parent;
        n = n == top || n == ST_NO_NODE ? ST_NO_NODE : f->procs[n].next_sibling;
    }
}

st_code st_tree_select(const st_forest *f, const st_tree_filter *t, bool **out, st_err *err)
{
    size_t n = f->n ? f->n : 1;
    bool *shown = calloc(n, sizeof *shown), *through = calloc(n, sizeof *through);
    *out = shown;
    if (!shown || !through) {
        free(shown);
        free(through);
        *out = NULL;
        return st_fail(err, ST_E_MEMORY, "no memory for the tree");
    }
    for (size_t i = 0; i < f->n; i++)
        if (!through[i] && wanted(f, t, &f->procs[i]))
            mark_below(f, shown, through, (st_node)i);
    for (size_t i = 0; i < f->n; i++) {
        if (!through[i])
            continue;
        for (st_node up = f->procs[i].parent; up != ST_NO_NODE && !shown[up];
             up = f->procs[up].parent)
            shown[up] = true;
    }
    free(through);
    return ST_OK;
}
