/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* out_rows.c - a case's rows as text, made on all threads, written in their order. */
#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    BLOCK = 128,   /* rows: some 150 KB of CSV */
    HELD = 4 << 20 /* bytes of a block after which no row is added before they are written */
};

typedef struct writing {
    st_out *o;
    const st_case *c;
    const st_report_options *ro;
    void (*put)(st_row_block *, const st_view *, const st_report_options *);
    st_row_block *blocks; /* by thread */
    uint64_t truncated;
    atomic_bool stop; /* what can't be written need not be made */
} writing;

static size_t end_of(const writing *w, size_t job)
{
    return (job + 1) * BLOCK < w->c->nrows ? (job + 1) * BLOCK : w->c->nrows;
}

/* What a finding says beside what its rule does: the web server above, and how far. */
static uint64_t below(const st_case *c, const st_finding *x)
{
    const st_forest *f = c->forest;
    const st_proc *p = x->node < f->n ? &f->procs[x->node] : NULL;
    bool server = p && p->server < f->n;
    return server ? (uint64_t)p->server << 32 | p->server_distance : UINT64_MAX;
}

/* Did the same rules say the same of both? Levels aside, which are theirs. */
static bool said_same(const st_case *c, const st_row *a, const st_row *b)
{
    bool same = a->nfindings == b->nfindings;
    for (uint32_t i = 0; same && i < a->nfindings; i++) {
        const st_finding *x = &c->findings[a->first_finding + i],
                         *y = &c->findings[b->first_finding + i];
        same = x->rule == y->rule && x->reason == y->reason && x->techniques == y->techniques &&
               below(c, x) == below(c, y);
    }
    return same;
}

const st_finding *st_row_like(const st_case *c, const st_row *like[ST_LIKE], const st_row *row)
{
    const uint64_t mix = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = row->nfindings;
    for (uint32_t i = 0; i < row->nfindings; i++) {
        const st_finding *x = &c->findings[row->first_finding + i];
        h ^= x->rule ^ (uint64_t)x->reason << 20 ^ (uint64_t)x->techniques << 40 ^ below(c, x);
        h *= mix;
    }
    const st_row **known = &like[h >> 58]; /* six bits */
    if (!*known || !said_same(c, *known, row))
        *known = row;
    return c->findings + (*known)->first_finding;
}

static void fill(writing *w, st_row_block *b, size_t end)
{
    st_view v;
    for (; b->next < end && b->out.n < HELD && !atomic_load(&w->stop); b->next++)
        if (st_view_of(&v, w->c, &w->c->rows[b->next])) {
            v.like = st_row_like(w->c, b->like, v.row);
            w->put(b, &v, w->ro);
        }
}

static void make(void *ctx, unsigned thread, size_t job)
{
    writing *w = ctx;
    st_row_block *b = &w->blocks[thread];
    b->next = job * BLOCK;
    fill(w, b, end_of(w, job));
}

static void write_out(writing *w, st_row_block *b)
{
    w->o->buf.failed |= b->out.failed || b->cell.failed;
    if (!w->o->error)
        st_out_str(w->o, st_buf_slice(&b->out));
    if (w->o->error)
        atomic_store(&w->stop, true);
    w->truncated += b->truncated;
    b->truncated = 0;
    st_buf_clear(&b->out);
}

/* What is too much to be held is made when it can be written. */
static void put(void *ctx, unsigned thread, size_t job)
{
    writing *w = ctx;
    st_row_block *b = &w->blocks[thread];
    size_t end = end_of(w, job);
    write_out(w, b);
    while (b->next < end && !atomic_load(&w->stop)) {
        fill(w, b, end);
        write_out(w, b);
    }
}

void st_out_rows(st_out *o, const st_case *c, const st_report_options *ro,
                 void (*put_row)(st_row_block *b, const st_view *v, const st_report_options *ro))
{
    unsigned threads = st_threads(ro->threads);
    writing w = { .o = o, .c = c, .ro = ro, .put = put_row };
    w.blocks = calloc(threads, sizeof *w.blocks);
    bool ok = w.blocks != NULL;
    for (unsigned i = 0; ok && i < threads; i++)
        ok = (w.blocks[i].seen = st_cells_seen_new()) != NULL;
    if (ok)
        st_parallel_in_order(threads, (c->nrows + BLOCK - 1) / BLOCK, make, put, &w);
    o->buf.failed |= !ok;
    for (unsigned i = 0; w.blocks && i < threads; i++) {
        st_cells_seen_free(w.blocks[i].seen);
        st_buf_free(&w.blocks[i].out);
        st_buf_free(&w.blocks[i].cell);
    }
    free(w.blocks);
    if (ro->cells_truncated)
        *ro->cells_truncated += w.truncated;
}
