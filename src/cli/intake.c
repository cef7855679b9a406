/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.c - how archives are to be read, by the options.
 */
#include "cli.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

st_code st_whole_file(const char *option, const char *path, size_t most, st_buf *b, st_err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && b->n <= most) {
        char *to = st_buf_room(b, 4096);
        if (!to)
            break;
        got = read(fd, to, 4096);
        b->n += got > 0 ? (size_t)got : 0;
        if (got < 0 && errno == EINTR)
            got = 1;
    }
    int errnum = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return st_fail(e, ST_E_USAGE, "%s: %s: %s", option, path, strerror(errnum));
    if (b->failed)
        return st_fail(e, ST_E_MEMORY, "out of memory");
    if (b->n > most)
        return st_fail(e, ST_E_USAGE, "%s: %s: longer than %zu bytes", option, path, most);
    return ST_OK;
}

st_code st_small_file(const char *option, const char *path, st_buf *b, st_err *e)
{
    return st_whole_file(option, path, ST_MAX_PASSWORD_FILE, b, e);
}

/* One a line, as it stands but for the end of the line: blanks may be part of a password. */
static st_code cut_lines(st_intake_note *n, const char *path, st_err *e)
{
    char *p = n->text.p, *end = n->text.p + n->text.n - 1; /* a NUL is there */
    while (p < end) {
        char *eol = memchr(p, '\n', (size_t)(end - p));
        char *next = eol ? eol + 1 : end;
        eol = eol ? eol : end;
        if (eol > p && eol[-1] == '\r')
            eol--;
        *eol = 0;
        if (memchr(p, 0, (size_t)(eol - p)))
            return st_fail(e, ST_E_USAGE, "--password-file: %s: a NUL byte in a password", path);
        if (n->n >= ST_MAX_PASSWORDS)
            return st_fail(e, ST_E_USAGE, "--password-file: %s: more than %u passwords", path,
                           ST_MAX_PASSWORDS);
        if (eol > p && !st_grow(&n->passwords, &n->cap, n->n + 1, sizeof *n->passwords))
            return st_fail(e, ST_E_MEMORY, "out of memory");
        if (eol > p)
            n->passwords[n->n++] = p;
        p = next;
    }
    return ST_OK;
}

static st_code check_tmp(const char *dir, st_err *e)
{
    struct stat sb;
    if (stat(dir, &sb) != 0)
        return st_fail(e, ST_E_USAGE, "--tmp: %s: %s", dir, strerror(errno));
    if (!S_ISDIR(sb.st_mode))
        return st_fail(e, ST_E_USAGE, "--tmp: %s is no folder", dir);
    if (access(dir, W_OK | X_OK) != 0)
        return st_fail(e, ST_E_USAGE, "--tmp: %s: %s", dir, strerror(errno));
    return ST_OK;
}

st_code st_intake_fill(st_intake_note *n, const st_config *c, st_err *e)
{
    st_code code = c->tmp ? check_tmp(c->tmp, e) : ST_OK;
    if (!code && c->password_file) {
        code = st_small_file("--password-file", c->password_file, &n->text, e);
        st_buf_char(&n->text, 0);
        if (!code && n->text.failed)
            code = st_fail(e, ST_E_MEMORY, "out of memory");
        if (!code)
            code = cut_lines(n, c->password_file, e);
    }
    n->intake = (st_intake){ .depth = c->archive_depth,
                             .threads = c->threads,
                             .tmp = c->tmp,
                             .tmp_size = c->tmp_size,
                             .passwords = n->passwords,
                             .npasswords = n->n };
    return code;
}

void st_intake_free(st_intake_note *n)
{
    if (n->text.n)
        explicit_bzero(n->text.p, n->text.n);
    st_buf_free(&n->text);
    free(n->passwords);
}
