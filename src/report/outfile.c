/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outfile.c - a file that appears whole or not at all: written under a
 * temporary name beside its own, synced, then renamed.
 */
#include "internal.h"

#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct st_outfile {
    st_out out;
    char *path, *temp;
    bool force, ended;
};

static void outfile_free(st_outfile *f)
{
    st_buf_free(&f->out.buf);
    free(f->path);
    free(f->temp);
    free(f);
}

void st_usual_mode(int fd, unsigned most)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, most & ~mask)) {
        /* Private is the safe side. */
    }
}

st_code st_outfile_open(const char *path, bool force, st_outfile **out, st_err *err)
{
    *out = NULL;
    struct stat st;
    if (!lstat(path, &st)) {
        if (!force)
            return st_fail(err, ST_E_USAGE, "%s exists: --force replaces it", path);
        if (!S_ISREG(st.st_mode))
            return st_fail(err, ST_E_USAGE, "%s exists and is no file: it stays", path);
    }
    st_outfile *f = calloc(1, sizeof *f);
    size_t n = strlen(path) + sizeof ".partial-XXXXXX";
    if (!f || !(f->path = strdup(path)) || !(f->temp = malloc(n))) {
        if (f)
            outfile_free(f);
        return st_fail(err, ST_E_MEMORY, "no memory");
    }
    f->force = force;
    snprintf(f->temp, n, "%s.partial-XXXXXX", path);
    int fd = mkostemp(f->temp, O_CLOEXEC);
    if (fd < 0) {
        st_code code = st_fail(err, ST_E_IO, "can't write beside %s: %s", path, strerror(errno));
        outfile_free(f);
        return code;
    }
    st_usual_mode(fd, 0666);
    st_out_init(&f->out, fd);
    f->out.path = f->temp;
    *out = f;
    return ST_OK;
}

st_out *st_outfile_out(st_outfile *f)
{
    return &f->out;
}

const char *st_outfile_temp(const st_outfile *f)
{
    return f->temp;
}

/* Never over a file that came meanwhile; where the file system can't promise it, after a last look.
 */
static int put_in_place(const st_outfile *f)
{
    if (f->force)
        return rename(f->temp, f->path);
    if (!renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    struct stat st;
    if (!lstat(f->path, &st)) {
        errno = EEXIST;
        return -1;
    }
    return rename(f->temp, f->path);
}

void st_sync_beside(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return;
    char *slash = strrchr(copy, '/');
    if (slash)
        slash[slash == copy] = 0;
    int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

st_code st_outfile_end(st_outfile *f, st_err *err)
{
    if (f->ended)
        return ST_OK;
    st_code code = st_out_end(&f->out, err);
    f->ended = code == ST_OK;
    if (f->ended)
        st_os_begin_sync(f->out.fd, 0, 0);
    return code;
}

static st_code settle(st_outfile *f, st_err *err)
{
    st_code code = st_outfile_end(f, err);
    if (!code && fsync(f->out.fd) && errno != EINVAL && errno != EROFS)
        code = st_fail(err, ST_E_IO, "can't write %s: %s", f->path, strerror(errno));
    if (close(f->out.fd) && !code)
        code = st_fail(err, ST_E_IO, "can't write %s: %s", f->path, strerror(errno));
    if (!code && put_in_place(f))
        code = st_fail(err, ST_E_IO, "can't name %s: %s", f->path, strerror(errno));
    if (code)
        unlink(f->temp);
    return code;
}

st_code st_outfile_place(st_outfile *f, st_err *err)
{
    st_code code = settle(f, err);
    outfile_free(f);
    return code;
}

st_code st_outfile_commit(st_outfile *f, st_err *err)
{
    st_code code = settle(f, err);
    if (code == ST_OK)
        st_sync_beside(f->path);
    outfile_free(f);
    return code;
}

void st_outfile_abort(st_outfile *f)
{
    if (!f)
        return;
    close(f->out.fd);
    unlink(f->temp);
    outfile_free(f);
}
