/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.c - the list of sources: grows while paths are added, is fixed by the seal.
 *
 * The seal makes the list independent of how it came about: sorted by name bytes,
 * one entry a file (device and inode), each with its kind.
 */
#include "ledger.h"
#include "stored.h"

#include <errno.h>
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
    for (size_t i = 0; i < e->n; i++) {
        st_report_free(&e->items[i].source.report);
        if (e->items[i].source.spooled && !e->again)
            free((void *)(uintptr_t)e->items[i].source.bytes);
    }
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

st_evidence *st_evidence_again(const st_evidence *e)
{
    st_evidence *again = calloc(1, sizeof *again);
    st_item *items = calloc(e->n + 1, sizeof *items);
    if (!again || !items) {
        free(again);
        free(items);
        return NULL;
    }
    *again = (st_evidence){ .items = items,
                            .n = e->n,
                            .cap = e->n + 1,
                            .sealed = e->sealed,
                            .unfiltered = e->unfiltered,
                            .again = true };
    for (size_t i = 0; i < e->n; i++) {
        items[i] = e->items[i];
        items[i].source.report = (st_report){ 0 };
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

void st_ledger_unreadable(st_evidence *e, st_item *it, int errnum)
{
    char text[256];
    const char *why = strerror_r(errnum, text, sizeof text);
    st_str reason = st_arena_copy(&e->arena, st_str_of(why));
    it->source.status = ST_S_UNREADABLE;
    it->source.reason = reason.p ? reason : ST_STR("no memory for the reason");
    it->regular = false;
}

/* the seal */

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

/* Names break ties where bytes tell nothing: what logs, images and sealed files are called. */
static bool ends_in(st_str name, const char *const *endings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(endings[i]);
        if (name.n >= len &&
            st_fold_eq((st_str){ name.p + name.n - len, len }, (st_str){ endings[i], len }))
            return true;
    }
    return false;
}
#define ENDS_IN(name, list) ends_in(name, list, sizeof(list) / sizeof(list)[0])

static bool named_as_log(st_str name)
{
    static const char *const logs[] = { ".evtx", ".evt" };
    return ENDS_IN(name, logs);
}

/* Bytes of unknown kind under a name that says what they are. */
static const char *todo_of_name(st_str name)
{
    static const char *const raw[] = { ".raw",  ".dd",   ".img",  ".001",         ".mem",
                                       ".vmem", ".dmp",  ".lime", "pagefile.sys", "swapfile.sys",
                                       ".iso",  ".vmdk", ".vdi",  "hiberfil.sys", ".aff" };
    static const char *const sealed[] = { ".enc", ".gpg", ".pgp", ".age", ".aes", ".axx" };
    if (ENDS_IN(name, raw))
        return "if it is an image, mount it, or look through its bytes with --carve";
    return ENDS_IN(name, sealed) ? "decrypt it first" : NULL;
}

/* A file that is named as a log and isn't one, or may hold logs and isn't opened. */
static st_code set_aside(st_evidence *e, st_source *s, const st_kind *k, const char *todo,
                         st_err *err)
{
    st_buf b = { 0 };
    s->status = todo ? ST_S_UNOPENED : ST_S_GONE;
    if (todo)
        st_buf_fmt(&b, "%s; %s", k->name, todo);
    else if (k->empty)
        st_buf_str(&b, ST_STR("named as a log, but empty"));
    else if (k->zeros)
        st_buf_fmt(&b, "named as a log, but all of its %llu bytes are zero",
                   (unsigned long long)s->size);
    else
        st_buf_fmt(&b, "named as a log, but %s%s", k->name,
                   k->carvable ? "; look through its bytes with --carve" : "");
    s->reason = st_arena_copy(&e->arena, st_buf_slice(&b));
    bool failed = b.failed || !s->reason.p;
    st_buf_free(&b);
    return failed ? st_fail(err, ST_E_MEMORY, "no memory for the list of files") : ST_OK;
}

st_code st_apply_kind(st_evidence *e, st_source *s, const st_kind *k, bool carve, st_err *err)
{
    bool unknown = strcmp(k->name, "unknown") == 0;
    const char *todo = k->todo || !unknown ? k->todo : todo_of_name(s->name);
    s->kind = st_str_of(k->name);
    s->status = ST_S_OK;
    s->carrier = k->carrier;
    if (k->evtx || k->carrier || (carve && k->carvable))
        return ST_OK;
    if (todo || named_as_log(s->name))
        return set_aside(e, s, k, todo, err);
    s->status = k->empty ? ST_S_EMPTY : ST_S_OTHER;
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

st_code st_evidence_add_as(st_evidence *e, st_str path, st_str name, st_err *err)
{
    size_t from = e->n;
    st_buf b = { 0 };
    st_code code = st_evidence_add(e, path, err);
    for (size_t i = from; !code && i < e->n; i++) {
        st_source *s = &e->items[i].source;
        size_t at = path.n < s->name.n ? path.n : s->name.n;
        st_buf_clear(&b);
        st_buf_str(&b, name);
        st_buf_put(&b, s->name.p + at, s->name.n - at);
        s->name = st_arena_copy(&e->arena, st_buf_slice(&b));
        if (b.failed || !s->name.p)
            code = st_fail(err, ST_E_MEMORY, "no memory for a file name");
    }
    st_buf_free(&b);
    return code;
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
    for (size_t i = 0; i < e->n; i++)
        e->items[i].source.readable = st_source_readable(&e->items[i].source);
    e->sealed = !code;
    return code;
}

size_t st_evidence_count(const st_evidence *e)
{
    return e->n;
}

st_source *st_evidence_at(const st_evidence *e, size_t i)
{
    return i < e->n ? &e->items[i].source : NULL;
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
