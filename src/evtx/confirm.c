/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirm.c - single records read again, by libevtx in a child process (remote.h).
 *
 * The chunk is found and read with the native reader; each record in it that was asked for is asked
 * of the child, too, and what the two say is compared.
 */
#include "evtx/format.h"
#include "shelltree/verify.h"
#include "evtx/classes.h"
#include "evtx/remote.h"

#include <stdlib.h>
#include <string.h>

const char *st_confirmed_word(st_confirmed c)
{
    static const char *const words[] = { "unreadable", "yes", "no" };
    return words[c];
}

/* one chunk */

typedef struct asked {
    uint64_t offset;
    size_t place; /* in the caller's arrays */
} asked;

struct st_confirmer {
    st_remote *remote;
    bool again; /* the child has the chunk */
    st_file *file;
    st_native *native;
    unsigned char chunk[ST_EVTX_CHUNK];
    st_chunk c;
    const asked *want; /* those of this chunk */
    size_t nwant;
    st_confirmed *out;
    st_items ours, theirs;
    bool failed;
};

static size_t read_at(st_confirmer *x, uint64_t offset, unsigned char *to, size_t n)
{
    size_t got = 0;
    return st_file_read(x->file, offset, to, n, &got, NULL) == ST_OK ? got : 0;
}

/* The start of the chunk that holds the byte: on the grid, else at the nearest magic before it,
 * else a chunk on the grid that has lost its magic. */
static uint64_t chunk_of(st_confirmer *x, uint64_t offset)
{
    unsigned char head[8] = { 0 };
    uint64_t grid =
        offset < ST_EVTX_FILE_HEADER
            ? 0
            : ST_EVTX_FILE_HEADER + (offset - ST_EVTX_FILE_HEADER) / ST_EVTX_CHUNK * ST_EVTX_CHUNK;
    if (st_evtx_is_chunk(head, read_at(x, grid, head, sizeof head)))
        return grid;
    for (uint64_t at = offset / ST_EVTX_SECTOR * ST_EVTX_SECTOR, k = 0;
         k <= ST_EVTX_CHUNK / ST_EVTX_SECTOR; k++, at -= ST_EVTX_SECTOR) {
        if (st_evtx_is_chunk(head, read_at(x, at, head, sizeof head)))
            return at;
        if (!at)
            break;
    }
    return grid;
}

static void found(void *ctx, const st_look_at *l, int why)
{
    st_confirmed *c = ctx;
    (void)l;
    *c = why < 0 || *c == ST_CONFIRM_NO ? ST_CONFIRM_NO : ST_CONFIRM_UNREADABLE;
}

/* What the child says of the record in hand. */
typedef struct answer {
    uint64_t offset;
    st_items *items;
    bool found;
} answer;

static void hear(void *arg, const st_record *r)
{
    answer *a = arg;
    if (r->offset != a->offset || a->found)
        return;
    st_items_of(a->items, r);
    a->found = true;
}

static st_confirmed ask(st_confirmer *x, const st_record *r)
{
    static const st_scan_ops ops = { .record = hear };
    st_confirmed c = ST_CONFIRM_YES;
    st_report report = { 0 };
    answer a = { .offset = r->offset, .items = &x->theirs };
    st_chunk chunk = x->c;
    chunk.ops = &ops;
    chunk.job = &a;
    chunk.report = &report;
    st_code code =
        st_remote_one(x->remote, &chunk, (uint32_t)(r->offset - x->c.offset), x->again, NULL);
    x->again = true;
    st_report_free(&report);
    if (code != ST_OK || !a.found)
        return ST_CONFIRM_UNREADABLE;
    st_items_of(&x->ours, r);
    x->failed |= x->ours.failed || x->theirs.failed;
    st_judge_fields(r, &x->ours, &x->theirs, found, &c);
    return c;
}

static void record(void *arg, const st_record *r)
{
    st_confirmer *x = arg;
    bool asked_yet = false;
    st_confirmed c = ST_CONFIRM_UNREADABLE;
    for (size_t i = 0; i < x->nwant; i++) {
        if (x->want[i].offset != r->offset)
            continue;
        if (!asked_yet)
            c = ask(x, r);
        asked_yet = true;
        x->out[x->want[i].place] = c;
    }
}

static st_code one_chunk(st_confirmer *x, uint64_t at, st_err *err)
{
    static const st_scan_ops ops = { .record = record };
    static const st_scan_options options = { .slack = true };
    st_report report = { 0 };
    size_t n = read_at(x, at, x->chunk, ST_EVTX_CHUNK);
    if (n <= ST_EVTX_FIRST_RECORD)
        return ST_OK;
    x->c = (st_chunk){ .bytes = x->chunk,
                       .n = n,
                       .offset = at,
                       .header_bad = !st_evtx_is_chunk(x->chunk, n),
                       .options = &options,
                       .ops = &ops,
                       .job = x,
                       .report = &report };
    x->again = false;
    st_native_begin(x->native);
    st_code code = st_native_chunk(x->native, &x->c, err);
    st_report_free(&report);
    if (!code && x->failed)
        code = st_fail(err, ST_E_MEMORY, "no memory to compare records");
    return code;
}

/* the door */

static int by_offset(const void *a, const void *b)
{
    const asked *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static st_code all_chunks(st_confirmer *x, const asked *list, size_t n, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0; !code && i < n;) {
        uint64_t at = chunk_of(x, list[i].offset);
        x->want = &list[i];
        for (x->nwant = 0; i < n && (!x->nwant || chunk_of(x, list[i].offset) == at); i++)
            x->nwant++;
        code = one_chunk(x, at, err);
    }
    return code;
}

st_confirmer *st_confirmer_new(void)
{
    st_confirmer *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->native = st_native_new();
    x->remote = st_remote_new();
    if (x->native && x->remote)
        return x;
    st_confirmer_free(x);
    return NULL;
}

void st_confirmer_free(st_confirmer *x)
{
    if (!x)
        return;
    st_remote_free(x->remote);
    st_native_free(x->native);
    st_items_free(&x->ours);
    st_items_free(&x->theirs);
    free(x);
}

st_code st_confirm(st_confirmer *x, const st_source *s, const uint64_t *offsets, size_t n,
                   st_confirmed *out, st_err *err)
{
    asked *list = calloc(n + 1, sizeof *list);
    st_code code = ST_OK;
    if (!list)
        return st_fail(err, ST_E_MEMORY, "no memory to confirm records");
    for (size_t i = 0; i < n; i++) {
        out[i] = ST_CONFIRM_UNREADABLE;
        list[i] = (asked){ offsets[i], i };
    }
    if (st_file_open(s, &x->file, NULL) == ST_OK) {
        x->out = out;
        qsort(list, n, sizeof *list, by_offset);
        code = all_chunks(x, list, n, err);
        st_file_close(x->file);
    }
    free(list);
    return code;
}
