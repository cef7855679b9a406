/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - finds and reads rule files. Nothing is ever written.
 */
#include "rules/load/load.h"
#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

st_rule_kind st_rule_ending(st_str name)
{
    static const struct {
        const char *ending;
        st_rule_kind kind;
    } table[] = { { ".kql", ST_RULE_KQL },     { ".csl", ST_RULE_KQL },
                  { ".kusto", ST_RULE_KQL },   { ".txt", ST_RULE_TEXT },
                  { ".md", ST_RULE_MARKDOWN }, { ".markdown", ST_RULE_MARKDOWN },
                  { ".yaml", ST_RULE_YAML },   { ".yml", ST_RULE_YAML } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_iends(name, st_str_of(table[i].ending)))
            return table[i].kind;
    return ST_RULE_NONE;
}

bool st_is_folder(st_str path, bool *exists)
{
    struct stat st;
    *exists = stat(path.p, &st) == 0;
    return *exists && S_ISDIR(st.st_mode);
}

/* UTF-16 with its mark becomes UTF-8; all else stays. */
static st_str decoded(st_arena *a, const st_buf *raw)
{
    st_buf utf8 = { 0 };
    if (!st_utf16_decode(&utf8, st_buf_slice(raw)))
        return st_arena_copy(a, st_buf_slice(raw));
    st_str out = st_arena_copy(a, st_buf_slice(&utf8));
    if (utf8.failed)
        a->failed = true;
    st_buf_free(&utf8);
    return out;
}

enum { PIECE = 16384 }; /* most rules are shorter */

/* size: what a regular file was said to have, which ends it; 0: read on until nothing comes. */
static st_code read_all(int fd, size_t size, st_buf *out, st_str path, st_err *err)
{
    while (!size || out->n < size) {
        char *room = st_buf_room(out, PIECE);
        if (!room)
            return st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(path));
        ssize_t got = read(fd, room, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return st_fail(err, ST_E_IO, "%.*s: %s", ST_FMT(path), strerror(errno));
        if (got == 0)
            return ST_OK;
        out->n += (size_t)got;
        if (out->n > ST_MAX_RULE_BYTES)
            return st_fail(err, ST_E_LIMIT, "%.*s: longer than %u bytes; that's no rule",
                           ST_FMT(path), ST_MAX_RULE_BYTES);
    }
    return ST_OK;
}

st_code st_rule_file(st_arena *a, st_str path, st_str *out, st_err *err)
{
    st_buf raw = { 0 };
    /* Not blocking: a pipe in a folder of rules must not stop the run. */
    int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return st_fail(err, ST_E_IO, "%.*s: %s", ST_FMT(path), strerror(errno));
    /* Once open, one with a writer is waited for, as a shell's <(command) needs; one without ends
     * at once. */
    struct stat st;
    bool known = fstat(fd, &st) == 0;
    if (known && S_ISFIFO(st.st_mode))
        fcntl(fd, F_SETFL, 0);
    bool sized = known && S_ISREG(st.st_mode) && st.st_size > 0;
    st_code code = read_all(fd, sized ? (size_t)st.st_size : 0, &raw, path, err);
    close(fd);
    if (code == ST_OK) {
        *out = decoded(a, &raw);
        if (!out->p)
            code = st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(path));
    }
    st_buf_free(&raw);
    return code;
}

/* folders */

/* Paths still to look at, the next one last. */
typedef enum what { UNKNOWN, A_FOLDER, A_FILE, ANOTHER } what;
typedef struct pending {
    st_str path;
    unsigned depth;
    what what;
} pending;

typedef struct walk {
    st_arena *arena;
    pending *items;
    size_t n, cap;
    st_rule_found *found;
    size_t nfound, found_cap;
} walk;

static int last_name_first(const void *a, const void *b)
{
    return st_str_cmp(((const pending *)b)->path, ((const pending *)a)->path);
}

static st_str joined(st_arena *a, st_str folder, const char *name)
{
    st_buf b = { 0 };
    st_buf_str(&b, folder);
    if (folder.n && folder.p[folder.n - 1] != '/')
        st_buf_char(&b, '/');
    st_buf_str(&b, st_str_of(name));
    st_str out = st_arena_copy(a, st_buf_slice(&b));
    if (b.failed)
        a->failed = true;
    st_buf_free(&b);
    return out;
}

static bool find(walk *w, st_str path, st_severity severity, const char *problem)
{
    st_str why = problem ? st_arena_copy(w->arena, st_str_of(problem)) : (st_str){ 0 };
    if (w->arena->failed || !st_grow(&w->found, &w->found_cap, w->nfound + 1, sizeof *w->found))
        return false;
    w->found[w->nfound++] = (st_rule_found){ path, why, severity };
    return true;
}

/* What the folder itself says of an entry, where it does. */
static what told(const struct dirent *e)
{
#ifdef _DIRENT_HAVE_D_TYPE
    static const what of[] = { [DT_DIR] = A_FOLDER,
                               [DT_REG] = A_FILE,
                               [DT_LNK] = ANOTHER,
                               [DT_FIFO] = ANOTHER,
                               [DT_SOCK] = ANOTHER };
    return e->d_type < sizeof of / sizeof *of ? of[e->d_type] : UNKNOWN;
#else
    (void)e;
    return UNKNOWN;
#endif
}

/* The same of a path; UNKNOWN: errno says why. */
static what asked(st_str path)
{
    struct stat st;
    if (lstat(path.p, &st) != 0)
        return UNKNOWN;
    return S_ISDIR(st.st_mode) ? A_FOLDER : S_ISREG(st.st_mode) ? A_FILE : ANOTHER;
}

/* What is in the folder goes on the stack, so that the first name is taken first. */
static bool open_folder(walk *w, pending here)
{
    size_t first = w->n;
    if (here.depth >= ST_MAX_RULE_DEPTH)
        return find(w, here.path, ST_SEV_WARNING, "too many folders in each other; not walked");
    DIR *dir = opendir(here.path.p);
    if (!dir)
        return find(w, here.path, ST_SEV_ERROR, strerror(errno));
    bool ok = true;
    while (ok) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e && errno)
            ok = find(w, here.path, ST_SEV_ERROR, strerror(errno));
        if (!e)
            break;
        if (e->d_name[0] == '.')
            continue;
        st_str path = joined(w->arena, here.path, e->d_name);
        ok = path.p && st_grow(&w->items, &w->cap, w->n + 1, sizeof *w->items);
        if (ok)
            w->items[w->n++] = (pending){ path, here.depth + 1, told(e) };
    }
    closedir(dir);
    if (w->n > first)
        qsort(w->items + first, w->n - first, sizeof *w->items, last_name_first);
    return ok;
}

st_code st_rule_folder(st_arena *a, st_str path, st_rule_found **out, size_t *n, st_err *err)
{
    walk w = { .arena = a };
    bool ok = open_folder(&w, (pending){ path, 0, A_FOLDER });
    while (ok && w.n) {
        pending here = w.items[--w.n];
        if (here.what == UNKNOWN)
            here.what = asked(here.path);
        if (here.what == UNKNOWN)
            ok = find(&w, here.path, ST_SEV_ERROR, strerror(errno));
        else if (here.what == A_FOLDER)
            ok = open_folder(&w, here);
        else if (here.what == A_FILE && st_rule_ending(here.path) != ST_RULE_NONE)
            ok = find(&w, here.path, ST_SEV_NOTE, NULL);
    }
    free(w.items);
    *out = w.found;
    *n = ok ? w.nfound : 0;
    return ok ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory for the rules in %.*s", ST_FMT(path));
}

void st_rule_unread(st_diag_sink *d, const st_rule_found *f)
{
    d->unread++;
    st_diags_file(d, f->path, (st_str){ 0 }, 0, false);
    st_diag_file(d, f->severity, "%.*s", ST_FMT(f->problem));
}
