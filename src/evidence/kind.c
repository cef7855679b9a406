/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* kind.c - what a source's kind, and where its bytes tell nothing its name, make of it. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

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

/* Velociraptor writes bytes that some system forbids in a name as '%' and two digits. For people
 * they are undone; the name stays as it is stored. */
st_str st_shown_name(st_evidence *e, st_str name)
{
    static const char digits[] = "0123456789ABCDEF";
    st_buf b = { 0 };
    bool any = false;
    if (!memmem(name.p, name.n, "uploads/", 8) || !memchr(name.p, '%', name.n))
        return (st_str){ 0 };
    for (size_t i = 0; i < name.n; i++) {
        const char *high =
            name.p[i] == '%' && name.n - i > 2 ? memchr(digits, name.p[i + 1], 16) : NULL;
        const char *low = high ? memchr(digits, name.p[i + 2], 16) : NULL;
        if (low && (high != digits || low != digits)) {
            st_buf_char(&b, (char)((high - digits) * 16 + (low - digits)));
            any = true;
            i += 2;
        } else {
            st_buf_char(&b, name.p[i]);
        }
    }
    st_str s = any ? st_arena_copy(&e->arena, st_buf_slice(&b)) : (st_str){ 0 };
    st_buf_free(&b);
    return s;
}
