/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - several sources at once, each from its beginning to its end by one thread, as one piece
 * of work. Pieces end in the order of the sources.
 */
#include "carriers.h"
#include "stored.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct piece {
    st_source *source;
    size_t place; /* in the evidence */
    void *job;
    bool begun, done;
} piece;

struct st_carrying_all {
    const st_scan_options *o;
    const st_scan_ops *ops;
    void *ctx;
    piece *pieces;
    size_t n, next; /* next: the first that hasn't ended */
    st_carrying *workers;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    atomic_bool stop;
    st_code code; /* the first error; with the lock */
    st_err *err;
};

bool st_carry_memory(st_carrying *c)
{
    c->code = st_fail(&c->err, ST_E_MEMORY, "no memory to read events");
    return false;
}

/* pieces of work */

/* With the lock. */
static void note_error(st_carrying_all *all, st_code code, const st_err *why)
{
    if (!code)
        return;
    if (!all->code)
        all->code = st_fail(all->err, code, "%s", why->text);
    atomic_store(&all->stop, true);
    pthread_cond_broadcast(&all->turn);
}

/* Ends all pieces whose turn has come. With the lock. */
static void end_pieces(st_carrying_all *all)
{
    for (; all->next < all->n && all->pieces[all->next].done; all->next++) {
        const piece *p = &all->pieces[all->next];
        st_err why = { 0 };
        if (p->begun && all->ops->end)
            note_error(all, all->ops->end(all->ctx, p->job, &why), &why);
    }
}

/* The job holds so much that a part has to go, once all before it have ended. */
static bool let_part_go(st_carrying *c)
{
    st_carrying_all *all = c->all;
    pthread_mutex_lock(&all->lock);
    while (all->next != c->piece && !atomic_load(&all->stop))
        pthread_cond_wait(&all->turn, &all->lock);
    if (!atomic_load(&all->stop)) {
        st_err why = { 0 };
        note_error(all, c->ops->part(all->ctx, c->job, &why), &why);
    }
    pthread_mutex_unlock(&all->lock);
    return !atomic_load(&all->stop);
}

bool st_carry(st_carrying *c, st_record *r)
{
    piece *p = &c->all->pieces[c->piece];
    if (!p->begun) {
        c->job = p->job = c->ops->begin ? c->ops->begin(c->all->ctx, c->thread, p->place) : NULL;
        p->begun = true;
    }
    c->events++;
    c->bad_in_row = 0;
    c->source->report->records++;
    if (c->ops->want && !c->ops->want(c->job, r))
        r->nfields = 0;
    r->lossy = &c->source->report->lossy;
    c->ops->record(c->job, r);
    if (c->job && c->ops->full && c->ops->part && c->ops->full(c->job))
        return let_part_go(c);
    return !atomic_load_explicit(&c->all->stop, memory_order_relaxed);
}

/* The line of a place: what is before it is read again, which only the first bad one costs. */
static uint64_t line_at(const st_carrying *c, uint64_t offset)
{
    char buf[16384];
    uint64_t line = 1;
    size_t got = 0;
    for (uint64_t at = 0; at < offset; at += got) {
        size_t n = offset - at < sizeof buf ? (size_t)(offset - at) : sizeof buf;
        if (st_file_read(c->text.file, at, buf, n, &got, NULL) != ST_OK || !got)
            break;
        for (const char *p = buf; (p = memchr(p, '\n', got - (size_t)(p - buf))) != NULL; p++)
            line++;
    }
    return line;
}

bool st_carry_bad(st_carrying *c, uint64_t offset, uint64_t length, uint64_t line, const char *why)
{
    st_source *s = c->source;
    if (!s->bad_line)
        s->bad_line = line ? line : line_at(c, offset);
    s->report->unparsable++;
    st_report_lost(s->report, offset, length, why);
    if (++c->bad_in_row < ST_MAX_BAD_LINES)
        return true;
    offset += length;
    if (s->size > offset)
        st_report_lost(s->report, offset, s->size - offset, "too-many-bad");
    return false;
}

/* a source */

static void finish(st_carrying *c)
{
    st_source *s = c->source;
    const st_report *r = s->report;
    if (c->text.failed && !c->code)
        st_carry_memory(c);
    if (st_file_changed(c->text.file, s))
        s->status = ST_S_CHANGED;
    else if (c->text.unread || r->unparsable || r->lost.bytes || r->damaged || s->broken.n)
        s->status = ST_S_DAMAGED;
    else if (!c->events && c->strange)
        s->status = ST_S_UNOPENED;
    else
        s->status = c->events ? ST_S_OK : ST_S_EMPTY;
    if (s->status == ST_S_DAMAGED)
        s->reason = s->broken;
    if (s->status == ST_S_UNOPENED)
        s->reason =
            ST_STR("events in a form that isn't known; name the log that they were made of");
}

static void digest(st_carrying *c)
{
    st_sha256_stream *h = st_sha256_new();
    unsigned char *buf = malloc(ST_ARCHIVE_BLOCK);
    size_t got = 0;
    if (!h || !buf)
        st_carry_memory(c);
    bool whole = true;
    for (uint64_t at = 0; !c->code; at += got) {
        whole = st_file_read(c->text.file, at, buf, ST_ARCHIVE_BLOCK, &got, NULL) == ST_OK;
        if (!whole || !got)
            break;
        st_sha256_add(h, buf, got);
    }
    if (h)
        st_sha256_end(h, c->source->sha256);
    c->source->digested = !c->code && whole;
    free(buf);
}

static void one_source(st_carrying *c)
{
    static void (*const READERS[])(st_carrying *) = { [ST_CR_XML] = st_carry_all_xml,
                                                      [ST_CR_JSON] = st_carry_all_json,
                                                      [ST_CR_CSV] = st_carry_all_csv };
    st_file *f = NULL;
    st_err why = { 0 };
    st_report_free(c->source->report);
    c->source->bad_line = 0;
    c->events = c->strange = 0;
    c->bad_in_row = 0;
    if (st_file_open(c->source, &f, &why) != ST_OK) {
        c->source->status = ST_S_UNREADABLE;
        c->source->reason = ST_STR("it could not be opened again");
        return;
    }
    if (!st_text_open(&c->text, f)) {
        st_carry_memory(c);
    } else {
        READERS[c->source->carrier](c);
        if (c->o->digest)
            digest(c);
        finish(c);
    }
    st_text_close(&c->text);
    st_file_close(f);
}

static void work(void *ctx, unsigned thread, size_t number)
{
    st_carrying_all *all = ctx;
    st_carrying *c = &all->workers[thread];
    if (!atomic_load(&all->stop)) {
        c->thread = thread;
        c->piece = number;
        c->source = all->pieces[number].source;
        if (!c->xml)
            c->xml = st_xml_new();
        if (c->xml)
            one_source(c);
        else
            st_carry_memory(c);
    }
    pthread_mutex_lock(&all->lock);
    note_error(all, c->code, &c->err);
    all->pieces[number].done = true;
    end_pieces(all);
    pthread_cond_broadcast(&all->turn);
    pthread_mutex_unlock(&all->lock);
}

/* beginning and end */

static void free_worker(st_carrying *c)
{
    st_xml_free(c->xml);
    st_values_clear(&c->values);
    st_values_clear(&c->inner);
    free(c->values.list);
    free(c->inner.list);
    free(c->fields);
    st_arena_free(&c->arena);
    st_buf_free(&c->scratch);
    st_buf_free(&c->scratch2);
}

static bool list_pieces(st_carrying_all *all, st_evidence *e)
{
    size_t n = st_evidence_count(e);
    all->pieces = calloc(n + 1, sizeof *all->pieces);
    for (size_t i = 0; all->pieces && i < n; i++) {
        st_source *s = st_evidence_at(e, i);
        if (s->carrier && !s->stored && st_source_readable(s) &&
            (!all->o->only || all->o->only == s) && (!all->o->some || all->o->some[i]))
            all->pieces[all->n++] = (piece){ .source = s, .place = i };
    }
    return all->pieces != NULL;
}

static void read_all(st_carrying_all *all)
{
    unsigned threads = st_threads(all->o->threads);
    all->workers = calloc(threads, sizeof *all->workers);
    if (!all->workers) {
        all->code = st_fail(all->err, ST_E_MEMORY, "no memory to read events");
        return;
    }
    for (unsigned i = 0; i < threads; i++)
        all->workers[i] = (st_carrying){ .all = all, .o = all->o, .ops = all->ops };
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->turn, NULL);
    st_parallel(threads, all->n, work, all);
    pthread_cond_destroy(&all->turn);
    pthread_mutex_destroy(&all->lock);
    for (unsigned i = 0; i < threads; i++)
        free_worker(&all->workers[i]);
    free(all->workers);
}

st_code st_carriers_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops,
                         void *ctx, st_err *err)
{
    st_carrying_all all = { .o = o, .ops = ops, .ctx = ctx, .err = err };
    if (!list_pieces(&all, e))
        all.code = st_fail(err, ST_E_MEMORY, "no memory to read events");
    else if (all.n)
        read_all(&all);
    free(all.pieces);
    return all.code;
}

st_code st_records_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                        st_err *err)
{
    st_code code = st_evtx_scan(e, o, ops, ctx, err);
    code = code ? code : st_carriers_scan(e, o, ops, ctx, err);
    return code ? code : st_stored_scan(e, o, ops, ctx, err);
}
