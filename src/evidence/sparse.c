/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sparse.c - files that Velociraptor has collected without their holes. Beside NAME lies NAME.idx,
 * JSON that says for each range of the original where its bytes are in NAME, or that it is a hole:
 * {"ranges":[{"file_offset":0,"original_offset":0,"file_length":4096,"length":4096}, ...]}; what is
 * zero may be left out. With the holes put back the file is what it was on the disk.
 */
#include "ledger.h"

#include "shelltree/json.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 65536 };

typedef struct range {
    uint64_t file_offset, original_offset, file_length, length;
} range;

typedef struct ranges {
    range *list;
    size_t n, cap;
} ranges;

bool st_is_sparse_index(st_str name)
{
    return st_str_iends(name, ST_STR(".idx"));
}

static uint64_t *member_of(range *r, st_str key)
{
    const struct {
        const char *key, *other;
        uint64_t *to;
    } rows[] = { { "file_offset", "FileOffset", &r->file_offset },
                 { "original_offset", "OriginalOffset", &r->original_offset },
                 { "file_length", "FileLength", &r->file_length },
                 { "length", "Length", &r->length } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_str_eq(key, st_str_of(rows[i].key)) || st_str_eq(key, st_str_of(rows[i].other)))
            return rows[i].to;
    return NULL;
}

typedef struct feed {
    st_file *file;
    uint64_t at;
} feed;

static size_t give(void *ctx, char *to, size_t n)
{
    feed *f = ctx;
    size_t got = 0;
    if (st_file_read(f->file, f->at, to, n, &got, NULL) != ST_OK)
        return 0;
    f->at += got;
    return got;
}

/* One range is one innermost object. False: this is no such index. */
static bool parse(st_file *file, ranges *all)
{
    feed from = { file, 0 };
    st_json j;
    range r = { 0 };
    uint64_t *to = NULL;
    bool ok = true;
    st_json_open(&j, ST_JSON_ONE, give, &from);
    for (st_j step; ok && (step = st_json_next(&j)) != ST_J_END;) {
        ok = step != ST_J_BAD && all->n < ST_MAX_SPARSE_RANGES;
        if (step == ST_J_OBJECT)
            r = (range){ 0 };
        else if (step == ST_J_KEY)
            to = member_of(&r, j.text);
        else if (step == ST_J_NUMBER && to)
            ok = ok && st_str_u64(j.text, to);
        else if (step == ST_J_OBJECT_END && r.length) {
            ok = ok && st_grow(&all->list, &all->cap, all->n + 1, sizeof r);
            if (ok)
                all->list[all->n++] = r;
            r = (range){ 0 };
        }
    }
    st_json_close(&j);
    return ok && all->n;
}

/* Ranges must follow each other, and take in all of the file's bytes: one that doesn't would make
 * zeros of the rest. */
static bool are_sound(const ranges *all, uint64_t size)
{
    uint64_t end = 0, used = 0;
    for (size_t i = 0; i < all->n; i++) {
        const range *r = &all->list[i];
        if (r->original_offset < end || r->length > ST_MAX_MEMBER_BYTES - r->original_offset ||
            r->original_offset > ST_MAX_MEMBER_BYTES || r->file_length > r->length ||
            r->file_offset > size || r->file_length > size - r->file_offset)
            return false;
        used += r->file_length;
        end = r->original_offset + r->length;
    }
    return used == size;
}

/* Is there a hole? Else the file is whole as it is. */
static bool has_hole(const ranges *all)
{
    uint64_t end = 0;
    for (size_t i = 0; i < all->n; i++) {
        const range *r = &all->list[i];
        if (r->file_length < r->length || r->original_offset > end)
            return true;
        end = r->original_offset + r->length;
    }
    return false;
}

static st_code copy(st_spool *to, st_file *from, const range *r, unsigned char *buf, st_err *err)
{
    st_code code = ST_OK;
    for (uint64_t k = 0; !code && k < r->file_length;) {
        uint64_t left = r->file_length - k;
        size_t got = 0, n = left < BLOCK ? (size_t)left : BLOCK;
        code = st_file_read(from, r->file_offset + k, buf, n, &got, err);
        if (!code && got)
            code = st_spool_put(to, r->original_offset + k, buf, got, err);
        if (!got)
            break;
        k += got;
    }
    return code;
}

/* The file once more, with its holes. */
static st_code fill(st_evidence *e, st_source *s, const ranges *all, st_err *err)
{
    st_file *from = NULL;
    st_place place = { .fd = -1 };
    const range *last = &all->list[all->n - 1];
    unsigned char *buf = malloc(BLOCK);
    st_code code = buf ? st_file_open(s, &from, err) : st_fail(err, ST_E_MEMORY, "no memory");
    for (size_t i = 0; !code && i < all->n; i++)
        code = copy(e->spools[0], from, &all->list[i], buf, err);
    if (!code)
        code = st_spool_end(e->spools[0], last->original_offset + last->length, &place, err);
    else
        st_spool_drop(e->spools[0]);
    st_file_close(from);
    free(buf);
    if (code)
        return code;
    if (s->spooled)
        free((void *)(uintptr_t)s->bytes);
    s->spooled = true;
    s->path = ST_STR("");
    s->modified = 0;
    s->bytes = place.bytes;
    s->fd = place.fd;
    s->at = place.at;
    s->size = place.size;
    return ST_OK;
}

st_code st_fill_holes(st_evidence *e, st_item *file, st_item *index, st_err *err)
{
    st_file *f = NULL;
    st_err why = { 0 };
    ranges all = { 0 };
    st_code code = ST_OK;
    bool known = index->source.size <= ST_MAX_SPARSE_INDEX &&
                 st_file_open(&index->source, &f, &why) == ST_OK && parse(f, &all);
    st_file_close(f);
    if (known) {
        index->source.status = ST_S_OTHER;
        index->source.kind = ST_STR("index of a sparse file");
        index->source.carrier = ST_CR_EVTX;
    }
    bool sound = known && are_sound(&all, file->source.size);
    if (known && !sound)
        file->source.broken = ST_STR("its index of holes (.idx) doesn't fit it; read as it is");
    if (sound && has_hole(&all)) {
        code = fill(e, &file->source, &all, &why);
        if (code && code != ST_E_MEMORY) {
            file->source.broken = st_arena_copy(&e->arena, st_str_of(why.text));
            code = ST_OK;
        }
    }
    free(all.list);
    return code ? st_fail(err, code, "%s", why.text) : ST_OK;
}
