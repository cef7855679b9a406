/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - an open source: reads at offsets, again after short reads, and nothing else.
 *
 * Never mapped: a file that is cut while it is read would otherwise end the program.
 */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ST_PATH_AT_ONCE = 4096 }; /* the system's bound on one path, its NUL included */

struct st_file {
    st_buf own;                 /* what came out of a case database */
    const unsigned char *bytes; /* standard input */
    uint64_t size;              /* of bytes */
    int fd;                     /* else */
    bool member;                /* fd is the spool's: not closed, and the file is */
    uint64_t at;                /* size bytes from here on */
};

/* The access time is left alone where the system allows it (owner or root). */
static int open_noatime(int at, const char *path, int flags)
{
    int fd;
    do
        fd = openat(at, path, flags | O_NOATIME);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == EPERM)
        fd = openat(at, path, flags);
    return fd;
}

/* Goes down a path that is too long for one call, some components at a time. */
static int open_stepwise(const char *path, int flags)
{
    char part[ST_PATH_AT_ONCE];
    int at = AT_FDCWD;
    for (;;) {
        size_t n = strlen(path), take = n;
        if (n >= sizeof part) {
            take = sizeof part - 1;
            while (take > 0 && path[take] != '/')
                take--;
        }
        memcpy(part, path, take);
        part[take] = '\0';
        bool last = take == n;
        int fd = -1;
        errno = ENAMETOOLONG;
        if (take > 0)
            fd = last ? open_noatime(at, part, flags)
                      : openat(at, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int errnum = errno;
        if (at != AT_FDCWD)
            close(at);
        errno = errnum;
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += take;
        while (*path == '/')
            path++;
    }
}

int st_open_quietly(const char *path, int flags)
{
    flags |= O_CLOEXEC | O_NOCTTY;
    if (strlen(path) >= ST_PATH_AT_ONCE)
        return open_stepwise(path, flags);
    return open_noatime(AT_FDCWD, path, flags);
}

/* Opens the file of a source; -1 and errno. What has turned into something else since it
 * was listed is refused: O_NONBLOCK so that a pipe can't hang us before we know. */
static int open_regular(const st_source *s)
{
    int fd = st_open_quietly(s->path.p, O_RDONLY | O_NONBLOCK | (s->named ? 0 : O_NOFOLLOW));
    struct stat sb;
    if (fd < 0)
        return -1;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

st_code st_file_open_plain(const st_source *s, st_file **out, st_err *err)
{
    *out = NULL;
    st_file *f = calloc(1, sizeof *f);
    if (!f)
        return st_fail(err, ST_E_MEMORY, "no memory to open a file");
    f->fd = -1;
    if (s->spooled && !s->bytes) {
        f->fd = s->fd;
        f->member = true;
        f->at = s->at;
        f->size = s->size;
    } else if (s->path.n == 0) {
        f->bytes = s->bytes ? s->bytes : (const unsigned char *)"";
        f->size = s->bytes ? s->size : 0;
    } else if ((f->fd = open_regular(s)) < 0) {
        int errnum = errno;
        free(f);
        st_fail(err, ST_E_IO, "%.*s: %s", ST_FMT(s->name), strerror(errnum));
        errno = errnum;
        return ST_E_IO;
    }
    *out = f;
    return ST_OK;
}

st_code st_file_hold(st_buf *own, st_file **out, st_err *err)
{
    st_file *f = calloc(1, sizeof *f);
    *out = f;
    if (!f) {
        st_buf_free(own);
        return st_fail(err, ST_E_MEMORY, "no memory to open a file");
    }
    *f = (st_file){ .own = *own, .fd = -1, .size = own->n };
    f->bytes = (const unsigned char *)(own->p ? own->p : "");
    *own = (st_buf){ 0 };
    return ST_OK;
}

static size_t read_memory(const st_file *f, uint64_t offset, void *buf, size_t n)
{
    if (offset >= f->size || !f->bytes)
        return 0;
    uint64_t left = f->size - offset;
    size_t take = left < n ? (size_t)left : n;
    memcpy(buf, f->bytes + offset, take);
    return take;
}

st_code st_file_read(st_file *f, uint64_t offset, void *buf, size_t n, size_t *got, st_err *err)
{
    *got = 0;
    if (f->fd < 0) {
        if (n)
            *got = read_memory(f, offset, buf, n);
        return ST_OK;
    }
    if (f->member) {
        n = offset >= f->size ? 0 : n > f->size - offset ? (size_t)(f->size - offset) : n;
        offset += f->at;
    }
    while (*got < n) {
        if (offset > (uint64_t)INT64_MAX - *got)
            return ST_OK;
        ssize_t r = pread(f->fd, (char *)buf + *got, n - *got, (off_t)(offset + *got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            int errnum = errno;
            st_fail(err, ST_E_IO, "cannot read: %s", strerror(errnum));
            errno = errnum;
            return ST_E_IO;
        }
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return ST_OK;
}

uint64_t st_file_size(const st_file *f)
{
    struct stat sb;
    if (f->fd < 0 || f->member)
        return f->size;
    if (fstat(f->fd, &sb) != 0 || sb.st_size < 0)
        return 0;
    return (uint64_t)sb.st_size;
}

bool st_file_changed(const st_file *f, const st_source *s)
{
    struct stat sb;
    if (st_file_size(f) != s->size)
        return true;
    return s->modified && f->fd >= 0 && !f->member && fstat(f->fd, &sb) == 0 &&
           st_modified(&sb) != s->modified;
}

uint64_t st_file_data(const st_file *f, uint64_t offset)
{
    if (f->fd < 0 || offset > (uint64_t)INT64_MAX - f->at)
        return offset;
    off_t data = lseek(f->fd, (off_t)(f->at + offset), SEEK_DATA);
    if (data >= 0 && f->member && (uint64_t)data - f->at >= f->size)
        return UINT64_MAX;
    if (data >= 0)
        return (uint64_t)data - f->at;
    return errno == ENXIO ? UINT64_MAX : offset;
}

void st_file_close(st_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0 && !f->member)
        close(f->fd);
    st_buf_free(&f->own);
    free(f);
}
