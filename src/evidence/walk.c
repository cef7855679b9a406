/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - a path in, everything below it into the ledger.
 *
 * The walk keeps a stack of folders still to be opened, so its depth costs memory,
 * not C stack. Links below a named path are listed, never followed: they point to the
 * analyst's machine, and without them there are no loops. Nothing but folders and (later)
 * regular files is opened: a pipe would block and a device would act.
 */
#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct folder {
    st_str name;
    unsigned depth;
} folder;

typedef struct walk {
    st_evidence *e;
    st_arena names; /* of folders waiting */
    folder *stack;
    size_t n, cap;
    st_buf name; /* of the entry in hand */
} walk;

const char *st_special_kind(mode_t mode)
{
    static const struct {
        mode_t type;
        const char *name;
    } rows[] = {
        { S_IFIFO, "pipe" },    { S_IFCHR, "character device" }, { S_IFBLK, "block device" },
        { S_IFSOCK, "socket" }, { S_IFLNK, "symbolic link" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((mode & S_IFMT) == rows[i].type)
            return rows[i].name;
    return "special file";
}

static st_code push(walk *w, st_str name, unsigned depth, st_err *err)
{
    st_str copy = st_arena_copy(&w->names, name);
    if (!copy.p || !st_grow(&w->stack, &w->cap, w->n + 1, sizeof *w->stack))
        return st_fail(err, ST_E_MEMORY, "no memory for the list of folders");
    w->stack[w->n++] = (folder){ .name = copy, .depth = depth };
    return ST_OK;
}

/* A path that is known only by the error it gave. */
static st_code put_failure(walk *w, st_str name, const struct stat *sb, int errnum, st_err *err)
{
    st_item *it = st_ledger_put(w->e, name, sb, err);
    if (!it)
        return err ? err->code : ST_E_MEMORY;
    st_ledger_unreadable(w->e, it, errnum);
    return ST_OK;
}

/* A file or something special: listed, not opened. */
static st_code put_file(walk *w, st_str name, const struct stat *sb, st_err *err)
{
    st_item *it = st_ledger_put(w->e, name, sb, err);
    if (!it)
        return err ? err->code : ST_E_MEMORY;
    if (!it->regular) {
        it->source.status = ST_S_OTHER;
        it->source.kind = st_str_of(st_special_kind(sb->st_mode));
    }
    return ST_OK;
}

static void join(st_buf *b, st_str folder_name, const char *below)
{
    st_buf_clear(b);
    st_buf_str(b, folder_name);
    if (folder_name.n && folder_name.p[folder_name.n - 1] != '/')
        st_buf_char(b, '/');
    st_buf_str(b, st_str_of(below));
}

static st_code one_entry(walk *w, const folder *in, int fd, const char *below, st_err *err)
{
    if (strcmp(below, ".") == 0 || strcmp(below, "..") == 0)
        return ST_OK;
    join(&w->name, in->name, below);
    if (w->name.failed)
        return st_fail(err, ST_E_MEMORY, "no memory for a file name");
    st_str name = st_buf_slice(&w->name);
    struct stat sb;
    if (fstatat(fd, below, &sb, AT_SYMLINK_NOFOLLOW) != 0)
        return put_failure(w, name, NULL, errno, err);
    if (!S_ISDIR(sb.st_mode))
        return put_file(w, name, &sb, err);
    if (in->depth + 1 >= ST_MAX_FOLDER_DEPTH)
        return put_failure(w, name, &sb, ELOOP, err);
    return push(w, name, in->depth + 1, err);
}

static st_code read_folder(walk *w, const folder *in, DIR *dir, st_err *err)
{
    st_code code = ST_OK;
    while (!code) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (!d) {
            if (errno)
                code = put_failure(w, in->name, NULL, errno, err);
            break;
        }
        code = one_entry(w, in, dirfd(dir), d->d_name, err);
    }
    return code;
}

static st_code open_folder(walk *w, const folder *in, st_err *err)
{
    int follow = in->depth == 0 ? 0 : O_NOFOLLOW;
    int fd = st_open_quietly(in->name.p, O_RDONLY | O_DIRECTORY | follow);
    if (fd < 0)
        return put_failure(w, in->name, NULL, errno, err);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int errnum = errno;
        close(fd);
        return put_failure(w, in->name, NULL, errnum, err);
    }
    st_code code = read_folder(w, in, dir, err);
    closedir(dir);
    return code;
}

static st_code note_root(st_evidence *e, const struct stat *sb, st_err *err)
{
    if (!st_grow(&e->roots, &e->roots_cap, e->nroots + 1, sizeof *e->roots))
        return st_fail(err, ST_E_MEMORY, "no memory for the list of paths");
    e->roots[e->nroots++] = (st_root){ .dev = sb->st_dev, .ino = sb->st_ino };
    return ST_OK;
}

static st_code start(walk *w, st_str path, st_err *err)
{
    struct stat sb;
    if (path.n == 0 || memchr(path.p, 0, path.n))
        return put_failure(w, path, NULL, ENOENT, err);
    st_buf_str(&w->name, path);
    st_buf_char(&w->name, '\0');
    if (w->name.failed)
        return st_fail(err, ST_E_MEMORY, "no memory for a file name");
    if (stat(w->name.p, &sb) != 0)
        return put_failure(w, path, NULL, errno, err);
    st_code code = note_root(w->e, &sb, err);
    if (code)
        return code;
    return S_ISDIR(sb.st_mode) ? push(w, path, 0, err) : put_file(w, path, &sb, err);
}

st_code st_walk(st_evidence *e, st_str path, st_err *err)
{
    walk w = { .e = e };
    size_t before = e->n;
    st_err own = { 0 };
    if (!err)
        err = &own;
    st_code code = start(&w, path, err);
    if (!code && w.n == 0 && e->n > before)
        e->items[before].source.named = true;
    while (!code && w.n) {
        folder in = w.stack[--w.n];
        size_t at = e->n;
        code = open_folder(&w, &in, err);
        if (in.depth == 0 && e->n == at + 1 && st_str_eq(e->items[at].source.name, in.name))
            e->items[at].source.named = true;
    }
    st_arena_free(&w.names);
    free(w.stack);
    st_buf_free(&w.name);
    return code;
}
