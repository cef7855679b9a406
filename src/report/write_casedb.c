/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_casedb.c - the case database: every record as it was recorded, every source with its
 * account, and, of a hunt, its results. What all verbs take as evidence is `events`, `sources` and
 * `ranges`; src/evidence and src/carriers read them back.
 *
 * Rows are made on all threads and written by one, in the order of sources and records, so that
 * the same evidence gives the same bytes.
 */
#include "casedb.h"
#include "casedb_index.h"

#include "base/limits.h"

#include "carriers/stored.h"
#include "evidence/stored.h"
#include "shelltree/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite */

static void fail_with(st_casedb *d, int code, const char *why)
{
    if (d->code)
        return;
    d->code = code == SQLITE_NOMEM ? ST_E_MEMORY : ST_E_IO;
    st_fail(&d->err, d->code, "can't write the case database: %s", why);
}

static void fail(st_casedb *d)
{
    if (d->db)
        fail_with(d, sqlite3_errcode(d->db), sqlite3_errmsg(d->db));
    else
        fail_with(d, SQLITE_NOMEM, "no memory");
}

static void no_memory(st_casedb *d)
{
    if (!d->code)
        d->code = st_fail(&d->err, ST_E_MEMORY, "no memory for the case database");
}

void st_casedb_sql(st_casedb *d, const char *sql)
{
    if (!d->code && sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(d);
}

static void put_create(st_buf *make, const char *name, const st_raw_column *columns, size_t n)
{
    st_buf_fmt(make, "CREATE TABLE %s(", name);
    for (size_t i = 0; i < n; i++)
        st_buf_fmt(make, "%s\"%s\" %s", i ? ", " : "", columns[i].name, columns[i].type);
    st_buf_put(make, ")", 2);
}

/* SQL that was put together, with a zero behind it. */
static void run_made(st_casedb *d, st_buf *sql)
{
    if (sql->failed)
        no_memory(d);
    else
        st_casedb_sql(d, sql->p);
    st_buf_free(sql);
}

static void make_table(st_casedb *d, const char *name, const st_raw_column *columns, size_t n)
{
    st_buf make = { 0 };
    put_create(&make, name, columns, n);
    run_made(d, &make);
}

st_casedb_table st_casedb_begin(st_casedb *d, const char *name, const st_raw_column *columns,
                                size_t n)
{
    st_casedb_table t = { .d = d, .columns = n };
    st_buf insert = { 0 };
    make_table(d, name, columns, n);
    st_buf_fmt(&insert, "INSERT INTO %s VALUES(?", name);
    for (size_t i = 1; i < n; i++)
        st_buf_str(&insert, ST_STR(", ?"));
    st_buf_put(&insert, ")", 2);
    if (insert.failed)
        no_memory(d);
    if (!d->code && sqlite3_prepare_v3(d->db, insert.p, -1, SQLITE_PREPARE_PERSISTENT, &t.insert,
                                       NULL) != SQLITE_OK)
        fail(d);
    st_buf_free(&insert);
    return t;
}

/* A number that SQLite knows; 0: it failed. */
static uint32_t ask(st_casedb *d, const char *sql, const char *name)
{
    sqlite3_stmt *s = NULL;
    int64_t v = 0;
    if (d->code)
        return 0;
    if (sqlite3_prepare_v2(d->db, sql, -1, &s, NULL) == SQLITE_OK &&
        (!name || sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_int64(s, 0);
    if (v <= 0)
        fail(d);
    sqlite3_finalize(s);
    return d->code ? 0 : (uint32_t)v;
}

/* Between two transactions; the next begins when the pages end. */
static st_pages *begin_pages(st_casedb *d, const char *name, bool index)
{
    st_casedb_sql(d, "COMMIT");
    uint32_t root = ask(d, "SELECT rootpage FROM sqlite_master WHERE name = ?1", name);
    uint32_t size = ask(d, "PRAGMA page_size", NULL), count = ask(d, "PRAGMA page_count", NULL);
    st_pages *pages = d->code ? NULL : st_pages_new(d->fd, index, size, root, count);
    if (!pages)
        no_memory(d);
    return pages;
}

st_casedb_table st_casedb_begin_large(st_casedb *d, const char *name, const st_raw_column *columns,
                                      size_t n, const st_casedb_index *indexes, size_t nindexes)
{
    st_casedb_table t = { .d = d, .columns = n };
    make_table(d, name, columns, n);
    for (size_t i = 0; i < nindexes; i++)
        st_casedb_sql(d, indexes[i].sql);
    t.pages = begin_pages(d, name, false);
    return t;
}

void st_casedb_put_index(st_casedb *d, const st_casedb_index *x, const void *keys, bool sorted)
{
    if (d->code)
        return;
    if (!sorted) {
        st_casedb_sql(d, x->again);
        return;
    }
    st_casedb_table t = { .d = d, .pages = begin_pages(d, x->name, true) };
    if (t.pages && !x->put(keys, t.pages))
        no_memory(d);
    st_casedb_end(&t);
}

/* Text that others can read: what isn't UTF-8 would stop them. */
static st_str readable(st_casedb *d, st_str s)
{
    if (st_utf8_valid(s))
        return s;
    st_buf b = { 0 };
    for (size_t i = 0, from; i < s.n;) {
        from = i;
        if (st_utf8_next(s, &i) == UINT32_MAX)
            st_buf_str(&b, ST_STR("\xef\xbf\xbd"));
        else
            st_buf_put(&b, s.p + from, i - from);
    }
    s = (st_str){ 0 };
    if (!b.failed)
        s = st_arena_copy(&d->texts, st_buf_slice(&b));
    if (!s.p)
        no_memory(d);
    st_buf_free(&b);
    return s;
}

/* SQLite's code. */
static int bind(const st_casedb_table *t, int at, const st_raw *c)
{
    switch (c->kind) {
    case ST_RAW_NULL: return sqlite3_bind_null(t->insert, at);
    case ST_RAW_INT: return sqlite3_bind_int64(t->insert, at, c->i);
    case ST_RAW_REAL: return sqlite3_bind_double(t->insert, at, c->r);
    case ST_RAW_TEXT:
        return sqlite3_bind_text64(t->insert, at, c->s.p, c->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case ST_RAW_BLOB: return sqlite3_bind_blob64(t->insert, at, c->s.p, c->s.n, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static void insert(const st_casedb_table *t, const st_raw *cells)
{
    for (size_t i = 0; i < t->columns; i++) {
        int code = bind(t, (int)i + 1, &cells[i]);
        if (code != SQLITE_OK) {
            fail_with(t->d, code, sqlite3_errstr(code));
            return;
        }
    }
    if (sqlite3_step(t->insert) != SQLITE_DONE)
        fail(t->d);
    sqlite3_reset(t->insert);
}

void st_casedb_take(st_casedb_table *t, st_str *cells)
{
    st_raw row[ST_CASEDB_COLUMNS];
    for (size_t i = 0; i < t->columns; i++) {
        if (i >= ST_CASEDB_COLUMNS || !st_raw_next(cells, &row[i])) {
            no_memory(t->d); /* it was cut off where none was left */
            cells->n = 0;
            return;
        }
        if (row[i].kind == ST_RAW_TEXT)
            row[i].s = readable(t->d, row[i].s);
    }
    if (t->d->code)
        return;
    if (t->note)
        t->note(t->note_ctx, row);
    if (t->pages)
        st_pages_row(t->pages, row, t->columns);
    else
        insert(t, row);
    if (t->d->texts.head)
        st_arena_free(&t->d->texts);
}

void st_casedb_put(st_casedb_table *t)
{
    st_str cells = st_buf_slice(&t->d->row);
    if (t->d->row.failed)
        no_memory(t->d);
    else
        st_casedb_take(t, &cells);
    st_buf_clear(&t->d->row);
}

static void end_pages(st_casedb *d, st_pages *pages)
{
    int error = st_pages_end(pages);
    if (error && !d->code)
        d->code = st_fail(&d->err, error == ENOMEM ? ST_E_MEMORY : ST_E_IO,
                          "can't write the case database: %s", strerror(error));
    st_casedb_sql(d, "BEGIN EXCLUSIVE");
}

void st_casedb_end(st_casedb_table *t)
{
    sqlite3_finalize(t->insert);
    if (t->pages)
        end_pages(t->d, t->pages);
    t->insert = NULL;
    t->pages = NULL;
}

/* the file */

/* A file that only this run knows, by another's name or by none. */
static void open_database(st_casedb *d, const char *path)
{
    const char *unlocked = "unix-none"; /* nobody else writes to it; locks may hang on a network */
    st_sqlite_prepare();
    if (sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        sqlite3_vfs_find(unlocked) ? unlocked : NULL) != SQLITE_OK)
        fail(d);
    st_casedb_sql(d, "PRAGMA page_size=8192; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=OFF; "
                     "PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; "
                     "PRAGMA cache_size=-32768; "
                     "PRAGMA secure_delete=ON;");
    st_buf sql = { 0 };
    st_buf_fmt(&sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN EXCLUSIVE",
               ST_CASEDB_ID, ST_CASEDB_FORMAT);
    st_buf_char(&sql, 0);
    run_made(d, &sql);
}

static void open_nameless(st_casedb *d, const char *tmp)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/shelltree-XXXXXX", tmp) >= (int)sizeof path) {
        d->code = st_fail(&d->err, ST_E_USAGE, "%s: the path is too long", tmp);
        return;
    }
    d->own = true;
    d->fd = mkostemp(path, O_CLOEXEC);
    if (d->fd < 0) {
        d->code = st_fail(&d->err, ST_E_IO, "%s: %s", tmp, strerror(errno));
        return;
    }
    open_database(d, path);
    unlink(path); /* whatever becomes of this process, nothing of it stays */
}

/* Where the output is a file of its own the database is made in it, else it is copied there. */
static void open_file(st_casedb *d, const st_out *o, const char *tmp)
{
    if (o->path) {
        d->fd = o->fd;
        open_database(d, o->path);
    } else {
        open_nameless(d, tmp);
    }
}

/* The file's bytes to the output, or, where they are there, only to its digest. */
static void pass_on(st_out *o, const st_casedb *d)
{
    enum { PIECE = 1 << 17 }; /* what a processor's second cache has room for */
    char *buf = malloc(PIECE);
    off_t at = 0;
    ssize_t n = 0;
    if (!buf)
        o->buf.failed = true;
    while (buf && !o->error && (!o->path || o->digest) && (n = pread(d->fd, buf, PIECE, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            o->error = errno;
            break;
        }
        if (o->path)
            st_sha256_add(o->digest, buf, (size_t)n);
        else
            st_out_put(o, buf, (size_t)n);
        at += n;
    }
    free(buf);
}

/* events */

typedef struct place {
    int64_t first, last;
    unsigned char sha256[32]; /* of its rows */
    bool hashed;
} place;

typedef struct filling {
    st_casedb *d;
    st_casedb_table events;
    int64_t next;  /* row */
    place *places; /* by source */
    st_sha256_stream *digest;
    size_t digesting; /* the source that it is of */
    const st_job *j;
    st_evidence *e;
    struct job *idle; /* jobs that have ended; with the lock */
    pthread_mutex_t lock;
} filling;

typedef struct job {
    struct job *next; /* idle */
    filling *x;
    size_t source;
    st_buf rows;
    st_stored_scratch scratch;
} job;

static void free_job(job *j)
{
    st_buf_free(&j->rows);
    st_stored_scratch_free(&j->scratch);
    free(j);
}

/* One that has ended keeps its room for rows, which else grows anew from nothing. */
static void *begin(void *ctx, unsigned thread, size_t source)
{
    filling *x = ctx;
    (void)thread;
    pthread_mutex_lock(&x->lock);
    job *j = x->idle;
    if (j)
        x->idle = j->next;
    pthread_mutex_unlock(&x->lock);
    if (!j)
        j = calloc(1, sizeof *j);
    if (j) {
        j->x = x;
        j->source = source;
    }
    return j;
}

static void keep_job(filling *x, job *j)
{
    pthread_mutex_lock(&x->lock);
    j->next = x->idle;
    x->idle = j;
    pthread_mutex_unlock(&x->lock);
}

static void free_idle(filling *x)
{
    for (job *j = x->idle, *next; j; j = next) {
        next = j->next;
        free_job(j);
    }
    x->idle = NULL;
}

static void record(void *ctx, const st_record *r)
{
    job *j = ctx;
    st_record quiet = *r;
    if (!j)
        return;
    quiet.lossy = NULL; /* what is replaced in columns is whole in Exact */
    st_stored_put_record(&j->rows, &quiet, (int64_t)j->source + 1, &j->scratch);
}

static bool full(const void *arg)
{
    enum { HELD = 4 << 20 };
    const job *j = arg;
    return j && j->rows.n >= HELD;
}

static void end_digest(filling *x)
{
    if (x->digest)
        st_sha256_end(x->digest, x->places[x->digesting].sha256);
    x->digest = NULL;
}

/* Sources come one behind the other, so one digest is under way. */
static void hash_row(filling *x, size_t source, st_str row)
{
    if (x->digest && x->digesting != source)
        end_digest(x);
    if (!x->digest && !(x->digest = st_sha256_new())) {
        no_memory(x->d);
        return;
    }
    x->digesting = source;
    x->places[source].hashed = true;
    row = st_stored_hashed(row);
    st_sha256_add(x->digest, row.p, row.n);
}

static st_code part(void *ctx, void *arg, st_err *err)
{
    filling *x = ctx;
    job *j = arg;
    place *p = &x->places[j->source];
    if (j->rows.failed || j->scratch.text.failed || j->scratch.exact.failed)
        return st_fail(err, ST_E_MEMORY, "no memory for the case database");
    st_str rest = st_buf_slice(&j->rows);
    while (rest.n && !x->d->code) {
        if (p->last < p->first)
            p->first = x->next;
        p->last = x->next++;
        st_str row = rest;
        st_casedb_take(&x->events, &rest);
        row.n -= rest.n;
        hash_row(x, j->source, row);
    }
    st_buf_clear(&j->rows);
    return x->d->code ? st_fail(err, x->d->code, "%s", x->d->err.text) : ST_OK;
}

static st_code end(void *ctx, void *arg, st_err *err)
{
    job *j = arg;
    if (!j)
        return st_fail(err, ST_E_MEMORY, "no memory for the case database");
    st_code code = part(ctx, j, err);
    if (code == ST_OK)
        keep_job(ctx, j);
    else
        free_job(j);
    return code;
}

static const st_casedb_index INDEXES_OF_EVENTS[] = {
    { "events_by_host", "CREATE INDEX events_by_host ON events(Computer, TimeCreated)",
      "REINDEX events_by_host", st_event_keys_put_hosts },
    { "events_by_id", "CREATE INDEX events_by_id ON events(EventID)", "REINDEX events_by_id",
      st_event_keys_put_ids },
};
enum { EVENT_INDEXES = sizeof INDEXES_OF_EVENTS / sizeof INDEXES_OF_EVENTS[0] };

static void put_indexes(st_casedb *d, const st_event_keys *k)
{
    for (size_t i = 0; i < EVENT_INDEXES; i++)
        st_casedb_put_index(d, &INDEXES_OF_EVENTS[i], k, st_event_keys_sorted(k));
}

static void begin_events(filling *x, st_event_keys *k)
{
    x->events = st_casedb_begin_large(x->d, "events", st_stored_event_columns,
                                      st_stored_nevent_columns, INDEXES_OF_EVENTS, EVENT_INDEXES);
    x->events.note = st_event_keys_note;
    x->events.note_ctx = k;
}

static void put_events(filling *x)
{
    static const st_scan_ops OPS = {
        .begin = begin, .record = record, .full = full, .part = part, .end = end
    };
    st_err why = { 0 };
    st_scan_options o = x->j->scan;
    o.digest = o.digest && !x->j->found; /* a hunt has them from its own reading */
    st_event_keys *keys = st_event_keys_new();
    if (!keys)
        no_memory(x->d);
    begin_events(x, keys);
    if (!x->d->code && st_records_scan(x->e, &o, &OPS, x, &why) != ST_OK && !x->d->code)
        x->d->code = st_fail(&x->d->err, why.code, "%s", why.text);
    free_idle(x);
    st_casedb_end(&x->events);
    end_digest(x);
    if (keys)
        put_indexes(x->d, keys);
    st_event_keys_free(keys);
}

/* sources */

static size_t named(st_evidence *e, st_str name)
{
    size_t low = 0, high = st_evidence_count(e);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (st_str_cmp(st_evidence_at(e, mid)->name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void put_ranges(st_casedb_table *t, int64_t id, const char *what, const st_ranges *r)
{
    for (size_t i = 0; i < r->n; i++) {
        st_stored_put_range(&t->d->row, id, what, &r->list[i]);
        st_casedb_put(t);
    }
}

static void put_sources(const filling *x)
{
    st_evidence *e = x->e;
    st_casedb_table s =
        st_casedb_begin(x->d, "sources", st_stored_source_columns, st_stored_nsource_columns);
    for (size_t i = 0; i < st_evidence_count(e); i++) {
        const st_source *it = st_evidence_at(e, i);
        size_t same = it->copy_of.n ? named(e, it->copy_of) : i;
        st_stored_put_source(
            &x->d->row, it,
            &(st_stored_place){ .id = (int64_t)i + 1,
                                .same_as = (int64_t)same + 1,
                                .first = x->places[i].first,
                                .last = x->places[i].last,
                                .events = x->places[i].hashed ? x->places[i].sha256 : NULL,
                                .readable = it->readable });
        st_casedb_put(&s);
    }
    st_casedb_end(&s);
    st_casedb_table r =
        st_casedb_begin(x->d, "ranges", st_stored_range_columns, st_stored_nrange_columns);
    for (size_t i = 0; i < st_evidence_count(e); i++) {
        const st_report *t = st_evidence_at(e, i)->report;
        put_ranges(&r, (int64_t)i + 1, "lost", &t->lost);
        put_ranges(&r, (int64_t)i + 1, "left", &t->left);
        put_ranges(&r, (int64_t)i + 1, "zeros", &t->zeros);
    }
    st_casedb_end(&r);
}

/* access logs, which are no events: as they are */

static const st_raw_column TEXT_COLUMNS[] = { { "SourceID", "INTEGER" }, { "Bytes", "BLOB" } };

static void put_text_of(st_casedb_table *t, st_source *s, int64_t id)
{
    enum { PIECE = 1 << 18 };
    st_file *f = NULL;
    st_err why = { 0 };
    size_t got = 0;
    uint64_t at = 0;
    char *buf = malloc(PIECE);
    /* What a hunt has taken stays: others may look at it meanwhile. */
    st_sha256_stream *h = s->digested ? NULL : st_sha256_new();
    if (!buf || (!h && !s->digested))
        no_memory(t->d);
    else if (st_file_open(s, &f, &why) == ST_OK)
        for (; !t->d->code && st_file_read(f, at, buf, PIECE, &got, &why) == ST_OK && got;
             at += got) {
            if (h)
                st_sha256_add(h, buf, got);
            st_raw_int(&t->d->row, id);
            st_raw_blob(&t->d->row, (st_str){ buf, got });
            st_casedb_put(t);
        }
    st_file_close(f);
    if (h) {
        st_sha256_end(h, s->sha256);
        s->digested = at == s->size;
    }
    free(buf);
}

static void put_texts(st_casedb *d, st_evidence *e)
{
    st_casedb_table t = st_casedb_begin(d, "texts", TEXT_COLUMNS, 2);
    for (size_t i = 0; i < st_evidence_count(e) && !d->code; i++) {
        st_source *s = st_evidence_at(e, i);
        if (st_source_requests(s) && s->size <= ST_MAX_STORED_TEXT)
            put_text_of(&t, s, (int64_t)i + 1);
    }
    st_casedb_end(&t);
}

/* what the second reader says */

static const st_raw_column CONFIRMED_COLUMNS[] = { { "SourceID", "INTEGER" },
                                                   { "SourceOffset", "INTEGER" },
                                                   { "Verdict", "TEXT" } };

static void put_verdict(st_casedb_table *t, size_t source, uint64_t offset, st_str word)
{
    st_raw_int(&t->d->row, (int64_t)source + 1);
    st_raw_int(&t->d->row, (int64_t)offset);
    st_raw_text(&t->d->row, word);
    st_casedb_put(t);
}

/* Of a hunt: of its hits, as far as it was asked. */
static void put_confirmed_hits(st_casedb_table *t, const st_job *j)
{
    st_view v;
    for (size_t i = 0; j->ro.confirmed && i < j->found->nrows && !t->d->code; i++)
        if (j->ro.confirmed[i] && st_view_of(&v, j->found, &j->found->rows[i]))
            put_verdict(t, st_view_source(&v), v.e ? v.x->offset[v.e->row] : v.k->offset[v.r],
                        st_confirmed_text(&v, &j->ro));
}

typedef struct copying {
    st_casedb_table *t;
    size_t source;
} copying;

static bool copy_verdict(void *ctx, uint64_t offset, st_str word)
{
    const copying *c = ctx;
    put_verdict(c->t, c->source, offset, word);
    return !c->t->d->code;
}

/* Offsets of a source's records; NULL: no memory. */
static uint64_t *offsets_of(st_casedb *d, const place *p, size_t *n)
{
    sqlite3_stmt *s = NULL;
    *n = 0;
    uint64_t *all = calloc((size_t)(p->last - p->first + 2), sizeof *all);
    if (!all || sqlite3_prepare_v2(d->db,
                                   "SELECT SourceOffset FROM events WHERE ID BETWEEN ?1 AND ?2 "
                                   "ORDER BY SourceOffset",
                                   -1, &s, NULL) != SQLITE_OK) {
        free(all);
        fail(d);
        return NULL;
    }
    sqlite3_bind_int64(s, 1, p->first);
    sqlite3_bind_int64(s, 2, p->last);
    while (sqlite3_step(s) == SQLITE_ROW && (int64_t)*n <= p->last - p->first)
        all[(*n)++] = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return all;
}

static void confirm_source(const filling *x, st_confirmer *by, st_casedb_table *t, size_t source)
{
    size_t n = 0;
    st_err why = { 0 };
    uint64_t *offsets = offsets_of(x->d, &x->places[source], &n);
    st_confirmed *said = calloc(n + 1, sizeof *said);
    if (!offsets || !said)
        no_memory(x->d);
    else if (st_confirm(by, st_evidence_at(x->e, source), offsets, n, said, &why) != ST_OK)
        x->d->code = st_fail(&x->d->err, why.code, "%s", why.text);
    for (size_t i = 0; offsets && said && i < n && !x->d->code; i++)
        put_verdict(t, source, offsets[i], st_str_of(st_confirmed_word(said[i])));
    free(offsets);
    free(said);
}

/* Of an extraction: of every record, if it was asked; what another database has of it anyway. */
static void put_confirmed_records(const filling *x, st_casedb_table *t)
{
    st_confirmer *by = x->j->confirm ? st_confirmer_new() : NULL;
    if (x->j->confirm && !by)
        no_memory(x->d);
    for (size_t i = 0; i < st_evidence_count(x->e) && !x->d->code; i++) {
        const st_source *s = st_evidence_at(x->e, i);
        copying c = { t, i };
        st_err why = { 0 };
        if (x->places[i].last < x->places[i].first)
            continue;
        if (s->stored && st_stored_confirmed(s, copy_verdict, &c, &why) != ST_OK)
            x->d->code = st_fail(&x->d->err, why.code, "%s", why.text);
        else if (!s->stored && !s->carrier && by)
            confirm_source(x, by, t, i);
    }
    st_confirmer_free(by);
}

static void put_confirmed(const filling *x)
{
    st_casedb_table t = st_casedb_begin(x->d, "confirmed", CONFIRMED_COLUMNS, 3);
    if (x->j->found)
        put_confirmed_hits(&t, x->j);
    else
        put_confirmed_records(x, &t);
    st_casedb_end(&t);
}

static void put_all(filling *x)
{
    for (size_t i = 0; i < st_evidence_count(x->e); i++) {
        x->places[i] = (place){ .first = 1 };
        if (st_evidence_at(x->e, i)->readable) /* as before it was read */
            st_evidence_at(x->e, i)->status = ST_S_OK;
    }
    put_events(x);
    put_texts(x->d, x->e);
    put_sources(x);
    put_confirmed(x);
}

/* A hunt has read the evidence before, and its account is told elsewhere. */
static void put_evidence(st_casedb *d, const st_job *j)
{
    st_evidence *again = j->found ? st_evidence_again(j->evidence) : NULL;
    st_evidence *e = j->found ? again : j->evidence;
    filling x = { .d = d, .next = 1, .j = j, .e = e };
    if (e)
        x.places = calloc(st_evidence_count(e) + 1, sizeof *x.places);
    pthread_mutex_init(&x.lock, NULL);
    if (x.places)
        put_all(&x);
    else
        no_memory(d);
    pthread_mutex_destroy(&x.lock);
    st_evidence_free(again);
    free(x.places);
}

static const char INDEXES[] =
    "CREATE INDEX confirmed_by_source ON confirmed(SourceID, SourceOffset);";

void st_write_casedb(st_out *o, const st_job *j)
{
    st_casedb d = { .fd = -1 };
    open_file(&d, o, j->ro.tmp ? j->ro.tmp : "/tmp");
    if (!d.code)
        put_evidence(&d, j);
    if (!d.code && j->found)
        st_casedb_results(&d, j);
    st_casedb_sql(&d, INDEXES);
    st_casedb_sql(&d, "COMMIT");
    if (sqlite3_close(d.db) != SQLITE_OK)
        fail(&d);
    if (!d.code)
        pass_on(o, &d);
    if (d.code && !o->error)
        o->error = d.code == ST_E_MEMORY ? ENOMEM : EIO;
    if (d.code && j->err)
        st_fail(j->err, d.code, "%s", d.err.text);
    if (d.own && d.fd >= 0)
        close(d.fd);
    st_buf_free(&d.row);
}
