/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.c - what the user names: paths, lists of paths, standard input.
 */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

st_code st_slurp(int fd, size_t max, char **out, size_t *n, bool *too_long, int *errnum)
{
    st_buf b = { 0 };
    *out = NULL;
    *n = 0;
    *too_long = false;
    *errnum = 0;
    for (;;) {
        char *room = st_buf_room(&b, 1u << 18);
        if (!room) {
            st_buf_free(&b);
            return ST_E_MEMORY;
        }
        ssize_t got = read(fd, room, 1u << 18);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            *errnum = errno;
        if (got <= 0)
            break;
        b.n += (size_t)got;
        if (b.n > max) {
            *too_long = true;
            break;
        }
    }
    if (*errnum || *too_long) {
        st_buf_free(&b);
        return *errnum ? ST_E_IO : ST_E_LIMIT;
    }
    *out = b.p;
    *n = b.n;
    return ST_OK;
}

static st_code claim_input(st_evidence *e, st_err *err)
{
    if (e->input_used)
        return st_fail(err, ST_E_USAGE, "standard input can be read only once");
    e->input_used = true;
    return ST_OK;
}

static st_code add_input(st_evidence *e, st_err *err)
{
    if (claim_input(e, err))
        return ST_E_USAGE;
    st_item *it = st_ledger_put(e, ST_STR("-"), NULL, err);
    if (!it)
        return err ? err->code : ST_E_MEMORY;
    st_source *s = &it->source;
    s->named = true;
    s->path = ST_STR("");
    size_t n = 0;
    bool too_long = false;
    int errnum = 0;
    st_code code = st_slurp(STDIN_FILENO, ST_MAX_STDIN, &e->input, &n, &too_long, &errnum);
    if (code == ST_E_MEMORY)
        return st_fail(err, code, "no memory for standard input");
    if (too_long) {
        s->status = ST_S_UNREADABLE;
        s->reason = ST_STR("more on standard input than is kept in memory; give it as a file");
    } else if (code) {
        st_ledger_unreadable(e, it, errnum);
    } else {
        s->bytes = (const unsigned char *)e->input;
        s->size = n;
        it->regular = true;
    }
    return ST_OK;
}

st_code st_evidence_add(st_evidence *e, st_str path, st_err *err)
{
    if (e->sealed)
        return st_fail(err, ST_E_USAGE, "the list of evidence is closed");
    if (st_str_eq(path, ST_STR("-")))
        return add_input(e, err);
    return st_walk(e, path, err);
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

static st_code read_list(st_evidence *e, st_str file, char **text, size_t *n, st_err *err)
{
    bool input = st_str_eq(file, ST_STR("-"));
    if (input && claim_input(e, err))
        return ST_E_USAGE;
    st_buf path = { 0 };
    st_buf_str(&path, file);
    st_buf_char(&path, '\0');
    int fd = STDIN_FILENO;
    if (!input)
        fd = path.failed ? -1 : open(path.p, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    bool failed = path.failed;
    st_buf_free(&path);
    if (failed)
        return st_fail(err, ST_E_MEMORY, "no memory for a file name");
    if (fd < 0)
        return st_fail(err, ST_E_IO, "%.*s: cannot read the list of paths: %s", ST_FMT(file),
                       strerror(errno));
    bool too_long = false;
    int errnum = 0;
    st_code code = st_slurp(fd, ST_MAX_PATH_LIST, text, n, &too_long, &errnum);
    if (!input)
        close(fd);
    if (too_long)
        return st_fail(err, ST_E_LIMIT, "%.*s: this list of paths is too long", ST_FMT(file));
    if (code == ST_E_MEMORY)
        return st_fail(err, code, "no memory for the list of paths");
    if (code)
        return st_fail(err, code, "%.*s: cannot read the list of paths: %s", ST_FMT(file),
                       strerror(errnum));
    return ST_OK;
}

st_code st_evidence_add_list(st_evidence *e, st_str file, bool nul, st_err *err)
{
    char *text = NULL;
    size_t n = 0;
    st_code code = read_list(e, file, &text, &n, err);
    st_str rest = { text, n }, path;
    while (!code && rest.n && st_str_cut(&rest, nul ? '\0' : '\n', &path))
        if (path.n)
            code = st_evidence_add(e, path, err);
    free(text);
    return code;
}
