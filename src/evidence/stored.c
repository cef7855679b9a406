/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.c - a query over a case database, run by SQLite in a confined child.
 *
 * The child has the file's bytes mapped before it is confined, and gives them to SQLite as a
 * database in memory that can't be written: so it needs no descriptor but the line. SQLite's own
 * bars come on top: no views, triggers, virtual tables, functions, attached files or extensions.
 */
#include "stored.h"
#include "base/child.h"
#include "base/confine.h"
#include "base/limits.h"
#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger.h"

/* SQLite */

typedef struct query {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    unsigned steps; /* since the last row, in thousands */
    st_buf row;
} query;

/* A query reads columns of tables, and nothing else. */
static int allow(void *ctx, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static int too_long(void *ctx)
{
    query *q = ctx;
    return ++q->steps > ST_MAX_STORED_STEPS / 1000;
}

static void bar(sqlite3 *db)
{
    static const struct {
        int what, value;
    } SETTINGS[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 0 },
        { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
    };
    static const struct {
        int what, value;
    } LIMITS[] = {
        { SQLITE_LIMIT_LENGTH, (int)ST_MAX_STORED_CELL },
        { SQLITE_LIMIT_SQL_LENGTH, 65536 },
        { SQLITE_LIMIT_COLUMN, 256 },
        { SQLITE_LIMIT_EXPR_DEPTH, 32 },
        { SQLITE_LIMIT_COMPOUND_SELECT, 1 },
        { SQLITE_LIMIT_VDBE_OP, 10000 },
        { SQLITE_LIMIT_FUNCTION_ARG, 4 },
        { SQLITE_LIMIT_ATTACHED, 0 },
        { SQLITE_LIMIT_VARIABLE_NUMBER, 8 },
        { SQLITE_LIMIT_TRIGGER_DEPTH, 0 },
        { SQLITE_LIMIT_WORKER_THREADS, 0 },
    };
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++)
        sqlite3_db_config(db, SETTINGS[i].what, SETTINGS[i].value, (int *)NULL);
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++)
        sqlite3_limit(db, LIMITS[i].what, LIMITS[i].value);
    sqlite3_drop_modules(db, NULL);
}

static st_code refuse(const query *q, st_err *err)
{
    int code = q->db ? sqlite3_errcode(q->db) : SQLITE_NOMEM;
    return st_fail(err, code == SQLITE_NOMEM ? ST_E_MEMORY : ST_E_EVIDENCE, "%s",
                   code == SQLITE_INTERRUPT ? "it takes too long to read"
                                            : (q->db ? sqlite3_errmsg(q->db) : "no memory"));
}

void st_sqlite_prepare(void)
{
    sqlite3_config(st_os_children_share() ? SQLITE_CONFIG_MULTITHREAD : SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Makes SQLite ready: behind it no file is opened any more. */
static st_code open_bytes(query *q, const void *p, size_t n, st_err *err)
{
    unsigned char *bytes = (unsigned char *)(uintptr_t)p;
    sqlite3_int64 size = (sqlite3_int64)n;
    st_sqlite_prepare();
    if (sqlite3_open_v2(":memory:", &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return refuse(q, err);
    bar(q->db);
    if (sqlite3_deserialize(q->db, "main", bytes, size, size, SQLITE_DESERIALIZE_READONLY) !=
        SQLITE_OK)
        return refuse(q, err);
    sqlite3_progress_handler(q->db, 1000, too_long, q);
    return ST_OK;
}

static void put_column(sqlite3_stmt *stmt, int i, st_buf *b)
{
    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER: st_raw_int(b, sqlite3_column_int64(stmt, i)); break;
    case SQLITE_FLOAT: st_raw_real(b, sqlite3_column_double(stmt, i)); break;
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(stmt, i);
        st_raw_text(b, (st_str){ text ? text : "", (size_t)sqlite3_column_bytes(stmt, i) });
        break;
    }
    case SQLITE_BLOB: {
        const char *blob = sqlite3_column_blob(stmt, i);
        st_raw_blob(b, (st_str){ blob ? blob : "", (size_t)sqlite3_column_bytes(stmt, i) });
        break;
    }
    default: st_raw_null(b);
    }
}

static st_code run(query *q, const char *sql, int64_t from, int64_t to,
                   bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err)
{
    int code = sqlite3_exec(q->db,
                            "PRAGMA cell_size_check=1; PRAGMA query_only=1; PRAGMA "
                            "temp_store=MEMORY;",
                            NULL, NULL, NULL);
    sqlite3_set_authorizer(q->db, allow, NULL);
    if (code != SQLITE_OK || sqlite3_prepare_v2(q->db, sql, -1, &q->stmt, NULL) != SQLITE_OK)
        return refuse(q, err);
    sqlite3_bind_int64(q->stmt, 1, from); /* out of range where the query has none: harmless */
    sqlite3_bind_int64(q->stmt, 2, to);
    while ((code = sqlite3_step(q->stmt)) == SQLITE_ROW) {
        q->steps = 0;
        st_buf_clear(&q->row);
        for (int i = 0; i < sqlite3_column_count(q->stmt); i++)
            put_column(q->stmt, i, &q->row);
        if (q->row.failed)
            return st_fail(err, ST_E_MEMORY, "no memory for a row");
        if (!row(ctx, st_buf_slice(&q->row)))
            return ST_OK;
    }
    return code == SQLITE_DONE ? ST_OK : refuse(q, err);
}

static void close_query(query *q)
{
    sqlite3_finalize(q->stmt);
    sqlite3_close(q->db);
    st_buf_free(&q->row);
}

st_code st_stored_query_bytes(const void *p, size_t n, const char *sql, int64_t from, int64_t to,
                              bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err)
{
    query q = { 0 };
    st_code code = open_bytes(&q, p, n, err);
    if (!code)
        code = run(&q, sql, from, to, row, ctx, err);
    close_query(&q);
    return code;
}

/* the child */

typedef enum what { SAY_HELD, SAY_ROWS, SAY_END, SAY_FAILED } what;

typedef struct message {
    uint32_t what, n; /* bytes that follow */
} message;

typedef struct worker {
    const st_source *source;
    const char *sql;
    int64_t from, to;
    st_buf batch; /* rows, each with its length in front */
} worker;

static bool say(what w, st_str text)
{
    message m = { .what = (uint32_t)w, .n = (uint32_t)text.n };
    return st_line_put(0, &m, sizeof m) && (!text.n || st_line_put(0, text.p, text.n));
}

static bool give_row(void *ctx, st_str cells)
{
    worker *w = ctx;
    uint32_t n = (uint32_t)cells.n;
    st_buf_put(&w->batch, &n, sizeof n);
    st_buf_put(&w->batch, cells.p, cells.n);
    if (w->batch.failed)
        return false;
    if (w->batch.n < ST_STORED_BATCH)
        return true;
    bool on = say(SAY_ROWS, st_buf_slice(&w->batch));
    st_buf_clear(&w->batch);
    return on;
}

/* The file's bytes; NULL: they can't be had. */
static void *map_bytes(const st_source *s, size_t *n)
{
    *n = (size_t)s->size;
    if (s->size < 512 || s->size > ST_MAX_STORED_FILE)
        return NULL;
    if (!s->spooled && s->path.n) {
        int fd = st_open_quietly(s->path.p, O_RDONLY | O_NONBLOCK);
        struct stat sb;
        bool there = fd >= 0 && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) &&
                     (uint64_t)sb.st_size == s->size;
        void *p = there ? mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
        if (fd >= 0)
            close(fd);
        return p == MAP_FAILED ? NULL : p;
    }
    st_file *f = NULL;
    size_t got = 0;
    void *p = mmap(NULL, *n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool ok = p != MAP_FAILED && st_file_open_plain(s, &f, NULL) == ST_OK &&
              st_file_read(f, 0, p, *n, &got, NULL) == ST_OK && got == *n;
    st_file_close(f);
    return ok ? p : NULL;
}

static void give_rows(worker *w, query *q, const void *p, size_t n, int fd)
{
    st_err why = { 0 };
    st_code code = p ? open_bytes(q, p, n, &why)
                     : st_fail(&why, ST_E_IO, "it can't be opened, or has changed");
    unsigned held =
        st_confine(fd, &(st_confinement){ ST_MAX_STORED_MEMORY, ST_MAX_STORED_SECONDS });
    char bit = held & ST_HELD_CALLS ? '\1' : '\0';
    if (!say(SAY_HELD, (st_str){ &bit, 1 }))
        return;
    if (!code)
        code = run(q, w->sql, w->from, w->to, give_row, w, &why);
    if (!code && w->batch.failed)
        code = st_fail(&why, ST_E_MEMORY, "no memory for its rows");
    if (!code && w->batch.n)
        say(SAY_ROWS, st_buf_slice(&w->batch));
    say(code ? SAY_FAILED : SAY_END, code ? st_str_of(why.text) : (st_str){ 0 });
}

static void serve(void *ctx, int fd)
{
    worker *w = ctx;
    query q = { 0 };
    size_t n = 0;
    void *p = map_bytes(w->source, &n);
    give_rows(w, &q, p, n, fd);
    close_query(&q);
    if (p)
        munmap(p, n);
    st_buf_free(&w->batch);
}

/* the parent */

static bool give_batch(st_str batch, bool (*row)(void *ctx, st_str cells), void *ctx, bool *on)
{
    while (*on && batch.n) {
        uint32_t n;
        if (batch.n < sizeof n)
            return false;
        memcpy(&n, batch.p, sizeof n);
        batch = (st_str){ batch.p + sizeof n, batch.n - sizeof n };
        if (n > batch.n)
            return false;
        *on = row(ctx, (st_str){ batch.p, n });
        batch = (st_str){ batch.p + n, batch.n - n };
    }
    return true;
}

static st_code damaged(const st_source *s, st_err *err, const char *why)
{
    return st_fail(err, ST_E_EVIDENCE, "%.*s: the case database can't be read: %s", ST_FMT(s->name),
                   why);
}

static st_code converse(st_child *child, const st_source *s, st_buf *in,
                        bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err)
{
    bool on = true;
    while (on) {
        message m;
        st_child_ask(child);
        if (!st_child_receive(child, &m, sizeof m) ||
            m.n > ST_STORED_BATCH + 2 * ST_MAX_STORED_CELL)
            return damaged(s, err, "its reader ended: a limit of memory or time, or a fault");
        st_buf_clear(in);
        char *to = st_buf_room(in, m.n + (size_t)1);
        if (!to)
            return st_fail(err, ST_E_MEMORY, "no memory for rows");
        if (!st_child_receive(child, to, m.n))
            return damaged(s, err, "its reader ended: a limit of memory or time, or a fault");
        to[m.n] = 0;
        if (m.what == SAY_FAILED)
            return damaged(s, err, to);
        if (m.what == SAY_END)
            return ST_OK;
        if (m.what == SAY_ROWS && !give_batch((st_str){ to, m.n }, row, ctx, &on))
            return damaged(s, err, "its reader is out of step");
    }
    return ST_OK;
}

st_code st_stored_query(const st_source *s, const char *sql, int64_t from, int64_t to,
                        bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err)
{
    worker w = { .source = s, .sql = sql, .from = from, .to = to };
    st_child child = { .turn_ms = ST_MAX_ARCHIVE_TURN_MS, .turns = ST_MAX_ARCHIVE_TURNS };
    st_buf in = { 0 };
    if (!st_child_start(&child, serve, &w))
        return damaged(s, err, "no process to read it in");
    st_code code = converse(&child, s, &in, row, ctx, err);
    st_child_stop(&child);
    st_buf_free(&in);
    return code;
}
