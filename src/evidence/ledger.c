/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - the list of sources: what is in it, and what is told of each. */
#include "ledger.h"
#include "stored.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

st_evidence *st_evidence_new(void)
{
    st_evidence *e = calloc(1, sizeof(st_evidence));
    if (e)
        e->how = (st_intake){ .depth = ST_ARCHIVE_DEPTH };
    return e;
}

void st_evidence_intake(st_evidence *e, const st_intake *how)
{
    e->how = *how;
}

void st_evidence_free(st_evidence *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < (e->others ? e->cap : e->n); i++) {
        st_report_free(e->items[i].source.report);
        if (e->items[i].source.spooled && !e->others)
            free((void *)(uintptr_t)e->items[i].source.bytes);
    }
    free(e->others);
    for (size_t i = 0; i < e->nstored; i++)
        st_report_free(&e->stored[i]->report);
    free(e->stored);
    for (size_t i = 0; i < e->nspools; i++)
        st_spool_free(e->spools[i]);
    free(e->spools);
    st_arena_free(&e->arena);
    free(e->items);
    free(e->roots);
    free(e->input);
    free(e);
}

/* What was handed to a reader, though nothing came of it, will be again, and has its account. */
static bool read_again(const st_source *s)
{
    return s->readable || st_source_readable(s);
}

st_evidence *st_evidence_again(const st_evidence *e)
{
    size_t readable = 0;
    for (size_t i = 0; i < e->n; i++)
        readable += read_again(&e->items[i].source);
    st_evidence *again = calloc(1, sizeof *again);
    st_item *items = calloc(readable + 1, sizeof *items);
    st_source **others = calloc(e->n + 1, sizeof(st_source *));
    st_report *reports =
        again ? st_arena_alloc(&again->arena, sizeof *reports, readable + 1) : NULL;
    if (!again || !items || !others || !reports) {
        if (again)
            st_arena_free(&again->arena);
        free(again);
        free(items);
        free(others);
        return NULL;
    }
    again->items = items;
    again->others = others;
    again->n = e->n;
    again->sealed = e->sealed;
    again->unfiltered = e->unfiltered;
    for (size_t i = 0; i < e->n; i++) {
        others[i] = &e->items[i].source;
        if (!read_again(others[i]))
            continue;
        st_item *own = &items[again->cap++];
        *own = e->items[i];
        own->source.report = &reports[again->cap - 1];
        others[i] = &own->source;
    }
    return again;
}

st_item *st_ledger_put(st_evidence *e, st_str name, const struct stat *sb, st_err *err)
{
    if (e->n >= ST_MAX_SOURCES) {
        st_fail(err, ST_E_LIMIT, "more than %zu files", (size_t)ST_MAX_SOURCES);
        return NULL;
    }
    st_str copy = st_arena_copy(&e->arena, name);
    if (!copy.p || !st_grow(&e->items, &e->cap, e->n + 1, sizeof *e->items)) {
        st_fail(err, ST_E_MEMORY, "no memory for the list of files");
        return NULL;
    }
    st_item *it = &e->items[e->n];
    memset(it, 0, sizeof *it);
    it->source.name = copy;
    it->source.path = copy;
    it->source.kind = ST_STR("unknown");
    it->source.report = &e->none;
    it->seq = e->n++;
    if (sb) {
        it->dev = sb->st_dev;
        it->ino = sb->st_ino;
        it->identified = true;
        it->regular = S_ISREG(sb->st_mode);
        it->source.modified = st_modified(sb);
        it->source.size = it->regular && sb->st_size > 0 ? (uint64_t)sb->st_size : 0;
    }
    return it;
}

bool st_ledger_account(st_evidence *e, st_source *s)
{
    st_report *own = s->report == &e->none ? ST_NEW(&e->arena, st_report) : s->report;
    if (own)
        s->report = own;
    return own != NULL;
}

void st_ledger_unreadable(st_evidence *e, st_item *it, int errnum)
{
    char text[256];
    const char *why = strerror_r(errnum, text, sizeof text);
    st_str reason = st_arena_copy(&e->arena, st_str_of(why));
    it->source.status = ST_S_UNREADABLE;
    it->source.reason = reason.p ? reason : ST_STR("no memory for the reason");
    it->regular = false;
}

void st_evidence_part(st_evidence *e, uint64_t i, uint64_t n)
{
    e->part = i;
    e->parts = n;
}

void st_evidence_failed(st_evidence *e, const char *reason)
{
    e->failure = reason;
}

size_t st_evidence_count(const st_evidence *e)
{
    return e->n;
}

st_source *st_evidence_at(const st_evidence *e, size_t i)
{
    if (i >= e->n)
        return NULL;
    return e->others ? e->others[i] : &e->items[i].source;
}

bool st_evidence_unfiltered(const st_evidence *e)
{
    return e->unfiltered;
}

bool st_source_requests(const st_source *s)
{
    return !s->container && s->carrier == ST_CR_ACCESS && s->status == ST_S_OK;
}

bool st_source_readable(const st_source *s)
{
    return !s->container && s->carrier != ST_CR_ACCESS &&
           (s->status == ST_S_OK || s->status == ST_S_DAMAGED || s->status == ST_S_CHANGED);
}

bool st_source_short(const st_source *s)
{
    switch (s->status) {
    case ST_S_DAMAGED:
    case ST_S_UNREADABLE:
    case ST_S_GONE:
    case ST_S_UNOPENED:
    case ST_S_CHANGED: return true;
    case ST_S_EMPTY:
    case ST_S_OTHER: return s->named;
    case ST_S_OPENED:
    case ST_S_DUPLICATE:
    case ST_S_OK: break;
    }
    return false;
}

/* does an output path lie in the evidence? */

static bool is_evidence(const st_evidence *e, const struct stat *sb, bool sources_too)
{
    for (size_t i = 0; i < e->nroots; i++)
        if (e->roots[i].dev == sb->st_dev && e->roots[i].ino == sb->st_ino)
            return true;
    for (size_t i = 0; sources_too && i < e->n; i++)
        if (e->items[i].identified && e->items[i].dev == sb->st_dev &&
            e->items[i].ino == sb->st_ino)
            return true;
    return false;
}

/* Cuts the last component off a path; false when there is nothing above it. */
static bool cut_last(char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n <= 1 && (path[0] == '/' || path[0] == '.'))
        return false;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n == 0) {
        path[n++] = '.';
    } else if (n > 1) {
        n--;
    }
    path[n] = '\0';
    return true;
}

/* The real path of the nearest existing folder at or above path; NULL if there is none. */
static char *nearest_real(const char *path)
{
    char *work = strdup(path[0] ? path : ".");
    char *real = NULL;
    while (work && !(real = realpath(work, NULL)) && cut_last(work))
        continue;
    free(work);
    return real;
}

bool st_evidence_contains(const st_evidence *e, const char *path)
{
    struct stat sb;
    if (stat(path, &sb) == 0 && is_evidence(e, &sb, true))
        return true;
    char *real = nearest_real(path);
    bool in = false;
    while (real && !in) {
        if (stat(real, &sb) == 0)
            in = is_evidence(e, &sb, false);
        if (!cut_last(real))
            break;
    }
    free(real);
    return in;
}
