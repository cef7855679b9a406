/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.c - one log that came several times, loose or in archives, is one log.
 *
 * Only files of one size can be equal, and among those only the ones whose beginning and end are.
 * What looks equal is compared byte by byte: no hash decides that evidence isn't read.
 */
#include "ledger.h"
#include "stored.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { EDGE = 65536 };

static int by_size(const void *pa, const void *pb)
{
    const st_item *a = *(st_item *const *)pa, *b = *(st_item *const *)pb;
    if (a->source.size != b->source.size)
        return a->source.size < b->source.size ? -1 : 1;
    if (a->hash[0] != b->hash[0])
        return a->hash[0] < b->hash[0] ? -1 : 1;
    if (a->hash[1] != b->hash[1])
        return a->hash[1] < b->hash[1] ? -1 : 1;
    if (a->source.spooled != b->source.spooled)
        return a->source.spooled ? 1 : -1; /* what lies open is shown rather than what is packed */
    return st_str_cmp(a->source.name, b->source.name);
}

/* Of the first and last 64 KiB: enough to tell most apart. */
static void hash_edges(st_item *it, unsigned char *buf)
{
    st_file *f = NULL;
    st_err why = { 0 };
    size_t head = 0, tail = 0;
    uint64_t size = it->source.size;
    it->hashed = false;
    if (st_file_open(&it->source, &f, &why) == ST_OK &&
        st_file_read(f, 0, buf, EDGE, &head, &why) == ST_OK &&
        st_file_read(f, size > EDGE ? size - EDGE : 0, buf + EDGE, EDGE, &tail, &why) == ST_OK) {
        memmove(buf + head, buf + EDGE, tail);
        XXH128_hash_t h = XXH3_128bits(buf, head + tail);
        it->hash[0] = h.low64;
        it->hash[1] = h.high64;
        it->hashed = true;
    }
    st_file_close(f);
}

/* Of all its bytes, where one of the files it is compared with is known by its digest alone. */
static void hash_whole(st_item *it)
{
    st_source *s = &it->source;
    it->hashed = s->stored && s->stored->digested;
    if (it->hashed)
        memcpy(s->sha256, s->stored->sha256, sizeof s->sha256);
    else if (!s->stored)
        it->hashed = st_source_sha256(s, s->sha256);
    memcpy(it->hash, s->sha256, sizeof it->hash);
}

static bool same_bytes(const st_source *a, const st_source *b, unsigned char *buf)
{
    if (a->stored || b->stored)
        return memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0;
    st_file *fa = NULL, *fb = NULL;
    st_err why = { 0 };
    bool same = st_file_open(a, &fa, &why) == ST_OK && st_file_open(b, &fb, &why) == ST_OK;
    for (uint64_t at = 0; same && at < a->size; at += EDGE) {
        size_t na = 0, nb = 0;
        same = st_file_read(fa, at, buf, EDGE, &na, &why) == ST_OK &&
               st_file_read(fb, at, buf + EDGE, EDGE, &nb, &why) == ST_OK && na && na == nb &&
               memcmp(buf, buf + EDGE, na) == 0;
    }
    st_file_close(fa);
    st_file_close(fb);
    return same;
}

static st_code mark(st_evidence *e, st_item *it, const st_item *first, st_err *err)
{
    st_buf b = { 0 };
    st_buf_fmt(&b, "same bytes as %.*s", ST_FMT(first->source.name));
    it->source.status = ST_S_DUPLICATE;
    it->source.reason = st_arena_copy(&e->arena, st_buf_slice(&b));
    it->source.copy_of = first->source.name;
    bool failed = b.failed || !it->source.reason.p;
    st_buf_free(&b);
    return failed ? st_fail(err, ST_E_MEMORY, "no memory for the list of files") : ST_OK;
}

/* Items of one size: those whose edges agree stand together. */
static st_code one_size(st_evidence *e, st_item **list, size_t n, unsigned char *buf, st_err *err)
{
    st_code code = ST_OK;
    bool stored = false;
    for (size_t i = 0; i < n; i++)
        stored |= list[i]->source.stored != NULL;
    for (size_t i = 0; i < n; i++)
        if (stored)
            hash_whole(list[i]);
        else
            hash_edges(list[i], buf);
    qsort(list, n, sizeof(st_item *), by_size);
    for (size_t i = 0; !code && i < n; i++) {
        if (!list[i]->hashed || list[i]->source.status != ST_S_OK)
            continue;
        for (size_t k = i + 1; !code && k < n && list[k]->hash[0] == list[i]->hash[0] &&
                               list[k]->hash[1] == list[i]->hash[1];
             k++)
            if (list[k]->hashed && list[k]->source.status == ST_S_OK &&
                same_bytes(&list[i]->source, &list[k]->source, buf))
                code = mark(e, list[k], list[i], err);
    }
    return code;
}

st_code st_drop_copies(st_evidence *e, st_err *err)
{
    st_item **list = calloc(e->n + 1, sizeof(st_item *));
    unsigned char *buf = malloc((size_t)2 * EDGE);
    st_code code = ST_OK;
    size_t n = 0;
    if (!list || !buf) {
        free(list);
        free(buf);
        return st_fail(err, ST_E_MEMORY, "no memory to compare files");
    }
    for (size_t i = 0; i < e->n; i++) {
        const st_source *s = &e->items[i].source;
        if (s->status == ST_S_OK && !s->container && s->size && !s->broken.n)
            list[n++] = &e->items[i];
    }
    if (n)
        qsort(list, n, sizeof(st_item *), by_size);
    for (size_t i = 0, same; !code && i < n; i += same) {
        for (same = 1; i + same < n && list[i + same]->source.size == list[i]->source.size;)
            same++;
        if (same > 1)
            code = one_size(e, list + i, same, buf, err);
    }
    free(list);
    free(buf);
    return code;
}
