/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.c - the list is fixed.
 *
 * That makes it independent of how it came about: sorted by name bytes, one entry a file (device
 * and inode), each with its kind; archives and case databases are opened.
 */
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *pa, const void *pb)
{
    const st_item *a = pa, *b = pb;
    int c = st_str_cmp(a->source.name, b->source.name);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

/* Items that are one file come together, the name that sorts first in front; what
 * couldn't be identified is told apart by name only. */
static int by_identity(const void *pa, const void *pb)
{
    const st_item *a = *(st_item *const *)pa, *b = *(st_item *const *)pb;
    if (a->identified != b->identified)
        return a->identified ? -1 : 1;
    if (a->identified && a->dev != b->dev)
        return a->dev < b->dev ? -1 : 1;
    if (a->identified && a->ino != b->ino)
        return a->ino < b->ino ? -1 : 1;
    return by_name(a, b);
}

static bool same_thing(const st_item *a, const st_item *b)
{
    if (a->identified != b->identified)
        return false;
    if (a->identified)
        return a->dev == b->dev && a->ino == b->ino;
    return st_str_eq(a->source.name, b->source.name);
}

/* Keeps the first name of each file. A file that was named under any of its names
 * counts as named. The list is sorted by name before and after. */
static st_code drop_second_names(st_evidence *e, st_err *err)
{
    if (e->n < 2)
        return ST_OK;
    st_item **order = calloc(e->n, sizeof(st_item *));
    bool *drop = calloc(e->n, sizeof *drop);
    if (!order || !drop) {
        free(order);
        free(drop);
        return st_fail(err, ST_E_MEMORY, "no memory to sort the list of files");
    }
    for (size_t i = 0; i < e->n; i++)
        order[i] = &e->items[i];
    qsort(order, e->n, sizeof(st_item *), by_identity);
    st_item *first = order[0];
    for (size_t i = 1; i < e->n; i++) {
        if (!same_thing(first, order[i])) {
            first = order[i];
            continue;
        }
        first->source.named |= order[i]->source.named;
        drop[order[i] - e->items] = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < e->n; i++)
        if (!drop[i])
            e->items[kept++] = e->items[i];
    e->n = kept;
    free(order);
    free(drop);
    return ST_OK;
}

static st_code look_at(st_evidence *e, st_item *it, bool carve, st_err *err)
{
    st_source *s = &it->source;
    st_kind kind = { 0 };
    st_file *f = NULL;
    st_err why = { 0 };
    errno = 0;
    s->shown = st_shown_name(e, s->name);
    st_code code = st_file_open(s, &f, &why);
    int errnum = errno;
    if (!code) {
        errno = 0;
        code = st_sniff(f, &kind, &why);
        errnum = errno;
        st_file_close(f);
    }
    if (code == ST_E_MEMORY)
        return st_fail(err, code, "%s", why.text);
    if (!code) {
        it->format = kind.format;
        return st_apply_kind(e, s, &kind, carve, err);
    }
    st_ledger_unreadable(e, it, errnum ? errnum : EIO);
    return ST_OK;
}

/* Members of one name in one archive are told apart by their number. */
static st_code number_names(st_evidence *e, st_err *err)
{
    st_buf b = { 0 };
    size_t nth = 1;
    st_str last = { 0 };
    bool failed = false;
    for (size_t i = 0; !failed && i < e->n; i++) {
        st_source *s = &e->items[i].source;
        if (!s->spooled || !st_str_eq(s->name, last)) {
            last = s->name;
            nth = 1;
            continue;
        }
        st_buf_clear(&b);
        st_buf_fmt(&b, "%.*s#%zu", ST_FMT(last), ++nth);
        s->name = st_arena_copy(&e->arena, st_buf_slice(&b));
        failed = b.failed || !s->name.p;
    }
    st_buf_free(&b);
    if (failed)
        return st_fail(err, ST_E_MEMORY, "no memory for the list of files");
    if (e->n)
        qsort(e->items, e->n, sizeof *e->items, by_name);
    return ST_OK;
}

static void keep_part(st_evidence *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n; i++)
        if (i % e->parts == e->part - 1)
            e->items[kept++] = e->items[i];
    e->n = kept;
}

static void fail_all(st_evidence *e)
{
    for (size_t i = 0; i < e->n; i++) {
        e->items[i].source.status = ST_S_UNREADABLE;
        e->items[i].source.reason = st_str_of(e->failure);
        e->items[i].regular = false;
    }
}

st_code st_evidence_seal(st_evidence *e, bool carve, bool duplicates, st_err *err)
{
    if (e->sealed)
        return ST_OK;
    if (e->n)
        qsort(e->items, e->n, sizeof *e->items, by_name);
    st_code code = duplicates ? ST_OK : drop_second_names(e, err);
    if (!code && e->parts)
        keep_part(e);
    if (!code && e->failure)
        fail_all(e);
    for (size_t i = 0; !code && i < e->n; i++)
        if (e->items[i].regular)
            code = look_at(e, &e->items[i], carve, err);
    if (!code)
        code = st_expand(e, carve, err);
    if (!code)
        code = st_expand_stored(e, duplicates, err);
    if (!code && e->n)
        qsort(e->items, e->n, sizeof *e->items, by_name);
    if (!code)
        code = number_names(e, err);
    if (!code && !duplicates)
        code = st_drop_copies(e, err);
    if (!code && e->arena.failed)
        code = st_fail(err, ST_E_MEMORY, "no memory for the list of files");
    for (size_t i = 0; i < e->n; i++) {
        st_source *s = &e->items[i].source;
        s->readable = st_source_readable(s);
        if (!code && s->readable && !st_ledger_account(e, s))
            code = st_fail(err, ST_E_MEMORY, "no memory for the list of files");
    }
    e->sealed = !code;
    return code;
}
