/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored_source.c - the sources of a case database: as rows, and from rows into the list.
 *
 * A source comes back as it was before it was read, so that all that follows (which copies are
 * dropped, what is handed to a reader) goes as with the log itself; what became of it is put back
 * when its events have been read.
 */
#include "ledger.h"
#include "stored.h"

#include <stdlib.h>
#include <string.h>

/* columns */

#define COUNTS(X)                              \
    X("Records", report->records)              \
    X("Slack", report->slack)                  \
    X("Carved", report->carved)                \
    X("Ghosts", report->ghosts)                \
    X("Damaged", report->damaged)              \
    X("BorrowedTemplate", report->borrowed)    \
    X("Timeless", report->timeless)            \
    X("Unparsable", report->unparsable)        \
    X("Lossy", report->lossy)                  \
    X("Chunks", report->chunks)                \
    X("ChunksEmpty", report->chunks_empty)     \
    X("ChunksBad", report->chunks_bad)         \
    X("ChunksSaid", report->chunks_said)       \
    X("ChunksMissing", report->chunks_missing) \
    X("ChunksEnd", report->chunks_end)         \
    X("LostBytes", report->lost.bytes)         \
    X("LeftBytes", report->left.bytes)         \
    X("ZeroBytes", report->zeros.bytes)        \
    X("FirstBadLine", bad_line)                \
    X("Members", members)                      \
    X("Size", size)

#define FLAGS(X)                       \
    X("HeaderBad", report->header_bad) \
    X("Dirty", report->dirty)          \
    X("Truncated", report->truncated)  \
    X("Named", named)                  \
    X("Container", container)          \
    X("Packed", spooled)

#define TEXTS(X)        \
    X("Kind", kind)     \
    X("Reason", reason) \
    X("ShownAs", shown) \
    X("Broken", broken)

#define COLUMN(name, type) { name, type },
#define INT_COLUMN(name, at) COLUMN(name, "INTEGER")
#define TEXT_COLUMN(name, at) COLUMN(name, "TEXT")
/* clang-format off */
const st_raw_column st_stored_source_columns[] = {
    { "ID", "INTEGER PRIMARY KEY" },
    { "Source", "TEXT" },       /* as text; what isn't UTF-8 has its bytes in SourceBytes */
    { "Status", "TEXT" },
    { "SHA256", "TEXT" },
    TEXTS(TEXT_COLUMN)
    COUNTS(INT_COLUMN)
    FLAGS(INT_COLUMN)
    { "LostMore", "INTEGER" },  /* ranges that aren't listed */
    { "LeftMore", "INTEGER" },
    { "ZeroMore", "INTEGER" },
    { "Readable", "INTEGER" },
    { "Carrier", "INTEGER" },
    { "CopyOf", "TEXT" },
    { "SameAs", "INTEGER" },
    { "FirstEvent", "INTEGER" },
    { "LastEvent", "INTEGER" },
    { "EventsSHA256", "TEXT" },
    { "SourceBytes", "BLOB" },
};
/* clang-format on */
enum { COLUMNS = sizeof st_stored_source_columns / sizeof st_stored_source_columns[0] };
const size_t st_stored_nsource_columns = COLUMNS;

const st_raw_column st_stored_range_columns[] = { { "SourceID", "INTEGER" },
                                                  { "What", "TEXT" },
                                                  { "Offset", "INTEGER" },
                                                  { "Length", "INTEGER" },
                                                  { "Reason", "TEXT" } };
enum { RANGE_COLUMNS = sizeof st_stored_range_columns / sizeof st_stored_range_columns[0] };
const size_t st_stored_nrange_columns = RANGE_COLUMNS;

static const char *const STATUSES[] = { "ok",      "empty", "other",    "damaged", "unreadable",
                                        "changed", "gone",  "unopened", "opened",  "duplicate" };

/* out */

static void put_text(st_buf *b, st_str s)
{
    if (s.n)
        st_raw_text(b, s);
    else
        st_raw_null(b);
}

/* A name as text: bytes that are none become U+FFFD. */
static void put_name(st_buf *b, st_str s)
{
    size_t mark = st_raw_text_begin(b);
    for (size_t i = 0, from; i < s.n;) {
        from = i;
        if (st_utf8_next(s, &i) == UINT32_MAX)
            st_buf_str(b, ST_STR("\xef\xbf\xbd"));
        else
            st_buf_put(b, s.p + from, i - from);
    }
    st_raw_text_end(b, mark);
}

static void put_digest(st_buf *b, const unsigned char *sha256)
{
    if (!sha256) {
        st_raw_null(b);
        return;
    }
    size_t mark = st_raw_text_begin(b);
    st_buf_hex(b, sha256, 32, false);
    st_raw_text_end(b, mark);
}

void st_stored_put_source(st_buf *b, const st_source *s, const st_stored_place *p)
{
    st_raw_int(b, p->id);
    put_name(b, s->name);
    st_raw_text(b, st_str_of(STATUSES[s->status]));
    put_digest(b, s->digested ? s->sha256 : NULL);
#define PUT_TEXT(name, at) put_text(b, s->at);
#define PUT_INT(name, at) st_raw_int(b, (int64_t)s->at);
    TEXTS(PUT_TEXT)
    COUNTS(PUT_INT)
    FLAGS(PUT_INT)
    st_raw_int(b, (int64_t)s->report->lost.dropped);
    st_raw_int(b, (int64_t)s->report->left.dropped);
    st_raw_int(b, (int64_t)s->report->zeros.dropped);
    st_raw_int(b, p->readable);
    st_raw_int(b, (int64_t)s->carrier);
    put_text(b, s->copy_of);
    st_raw_int(b, p->same_as);
    st_raw_int(b, p->first);
    st_raw_int(b, p->last);
    put_digest(b, p->events);
    if (st_utf8_valid(s->name))
        st_raw_null(b);
    else
        st_raw_blob(b, s->name);
}

void st_stored_put_range(st_buf *b, int64_t id, const char *what, const st_range *r)
{
    st_raw_int(b, id);
    st_raw_text(b, st_str_of(what));
    st_raw_int(b, (int64_t)r->offset);
    st_raw_int(b, (int64_t)r->length);
    st_raw_text(b, st_str_of(r->reason));
}

/* in */

typedef struct expansion {
    st_evidence *e;
    const st_source *db;
    size_t first; /* the database's first source in the list */
    size_t *same_as;
    size_t cap;
    uint64_t n; /* sources so far */
    st_code code;
    st_err *err;
} expansion;

static bool bad(expansion *x, const char *why)
{
    x->code = st_fail(x->err, ST_E_EVIDENCE, "%.*s: the case database can't be read: %s",
                      ST_FMT(x->db->name), why);
    return false;
}

static bool no_memory(expansion *x)
{
    x->code = st_fail(x->err, ST_E_MEMORY, "no memory for a case database's sources");
    return false;
}

/* All cells of a row. */
static bool cells_of(st_str row, st_raw *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!st_raw_next(&row, &cells[i]))
            return false;
    return true;
}

static bool text_of(expansion *x, const st_raw *c, st_str *out)
{
    *out = (st_str){ 0 };
    if (c->kind != ST_RAW_TEXT && c->kind != ST_RAW_BLOB)
        return true;
    *out = st_arena_copy(&x->e->arena, c->s);
    return out->p || no_memory(x);
}

static st_status status_of(st_str word)
{
    size_t i = 0;
    while (i < ST_S_DUPLICATE && !st_str_eq(word, st_str_of(STATUSES[i])))
        i++;
    return (st_status)i;
}

static bool hex_digit(char c, unsigned *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *at = memchr(DIGITS, c, 16);
    *out = at ? (unsigned)(at - DIGITS) : 0;
    return at != NULL;
}

static bool digest_of(const st_raw *c, unsigned char out[32])
{
    unsigned high = 0, low = 0;
    if (c->kind != ST_RAW_TEXT || c->s.n != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        if (!hex_digit(c->s.p[2 * i], &high) || !hex_digit(c->s.p[2 * i + 1], &low))
            return false;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* What a row says of a source, into it, as it was after reading. */
static bool fill(expansion *x, const st_raw *c, st_source *s, st_stored_place *p)
{
    s->status = status_of(c[2].s);
    s->digested = digest_of(&c[3], s->sha256);
    size_t i = 4;
#define GET_TEXT(name, at)            \
    if (!text_of(x, &c[i++], &s->at)) \
        return false;
#define GET_INT(name, at) s->at = (uint64_t)c[i++].i;
#define GET_FLAG(name, at) s->at = c[i++].i != 0;
    TEXTS(GET_TEXT)
    COUNTS(GET_INT)
    FLAGS(GET_FLAG)
    s->report->lost.dropped = (size_t)c[i].i;
    s->report->left.dropped = (size_t)c[i + 1].i;
    s->report->zeros.dropped = (size_t)c[i + 2].i;
    p->readable = c[i + 3].i != 0;
    s->carrier = c[i + 4].i >= ST_CR_EVTX && c[i + 4].i <= ST_CR_ACCESS ? (st_carrier)c[i + 4].i
                                                                        : ST_CR_EVTX;
    if (!text_of(x, &c[i + 5], &s->copy_of))
        return false;
    p->same_as = c[i + 6].i;
    p->first = c[i + 7].i;
    p->last = c[i + 8].i;
    return true;
}

static bool take_source(void *ctx, st_str row)
{
    expansion *x = ctx;
    st_evidence *e = x->e;
    st_raw c[COLUMNS];
    st_report report = { 0 };
    st_source seen = { .report = &report };
    st_stored_place p = { 0 };
    if (!cells_of(row, c, COLUMNS) || c[0].i != (int64_t)x->n + 1 || c[1].kind != ST_RAW_TEXT)
        return bad(x, "its table of sources is not as this program writes it");
    if (!fill(x, c, &seen, &p))
        return false;
    st_str name = c[COLUMNS - 1].kind == ST_RAW_BLOB ? c[COLUMNS - 1].s : c[1].s;
    st_item *it = st_ledger_put(e, name, NULL, x->err);
    struct st_stored *st = it ? ST_NEW(&e->arena, struct st_stored) : NULL;
    if (!st || !st_grow(&e->stored, &e->stored_cap, e->nstored + 1, sizeof(struct st_stored *)) ||
        !st_grow(&x->same_as, &x->cap, (size_t)x->n + 1, sizeof *x->same_as)) {
        x->code = x->err->code ? x->err->code : ST_E_MEMORY;
        return x->err->code ? false : no_memory(x);
    }
    e->stored[e->nstored++] = st;
    x->same_as[x->n++] = p.same_as > 0 ? (size_t)p.same_as : 0;
    *st = (struct st_stored){ .db = x->db,
                              .first = p.first,
                              .last = p.last,
                              .lossy = report.lossy,
                              .status = seen.status,
                              .reason = seen.reason,
                              .report = report,
                              .bad_line = seen.bad_line,
                              .digested = seen.digested,
                              .id = c[0].i };
    st->hashed = digest_of(&c[COLUMNS - 2], st->events);
    memcpy(st->sha256, seen.sha256, sizeof st->sha256);
    bool copy = seen.status == ST_S_DUPLICATE, open = p.readable || copy;
    seen.name = it->source.name;
    seen.path = ST_STR("");
    seen.fd = -1;
    seen.stored = st;
    if (open) { /* as it was before it was read */
        seen.status = ST_S_OK;
        seen.reason = (st_str){ 0 };
        seen.bad_line = 0;
    } else {
        st->first = 0;
        st->last = -1;
    }
    seen.digested = false;
    seen.report = &e->none;
    it->source = seen;
    return true;
}

static bool take_range(void *ctx, st_str row)
{
    expansion *x = ctx;
    st_raw c[RANGE_COLUMNS];
    if (!cells_of(row, c, RANGE_COLUMNS) || c[0].i < 1 || (uint64_t)c[0].i > x->n)
        return bad(x, "its table of ranges is not as this program writes it");
    st_report *r = &x->e->stored[x->e->nstored - x->n + (size_t)c[0].i - 1]->report;
    st_ranges *to = st_str_eq(c[1].s, ST_STR("lost"))   ? &r->lost
                    : st_str_eq(c[1].s, ST_STR("left")) ? &r->left
                                                        : &r->zeros;
    st_str reason = st_arena_copy(&x->e->arena, c[4].s);
    if (to->n >= ST_MAX_RANGES)
        return bad(x, "more ranges of a source than it may have");
    if (!reason.p || !st_grow(&to->list, &to->cap, to->n + 1, sizeof *to->list))
        return no_memory(x);
    to->list[to->n++] = (st_range){ (uint64_t)c[2].i, (uint64_t)c[3].i, reason.p };
    return true;
}

static st_code copy_ranges(st_ranges *to, const st_ranges *from)
{
    *to = *from;
    to->cap = from->n;
    to->list = from->n ? malloc(from->n * sizeof *to->list) : NULL;
    if (from->n && !to->list) {
        to->n = to->cap = 0;
        return ST_E_MEMORY;
    }
    if (from->n)
        memcpy(to->list, from->list, from->n * sizeof *to->list);
    return ST_OK;
}

static bool copy_report(st_report *to, const st_report *from)
{
    st_report_free(to);
    *to = *from;
    st_code lost = copy_ranges(&to->lost, &from->lost);
    st_code left = copy_ranges(&to->left, &from->left);
    st_code zeros = copy_ranges(&to->zeros, &from->zeros);
    return !lost && !left && !zeros;
}

/* A copy has the events, and the account, of the log that was read. */
static bool follow_copies(expansion *x)
{
    struct st_stored **all = x->e->stored + x->e->nstored - x->n;
    for (size_t i = 0; i < x->n; i++) {
        size_t k = x->same_as[i];
        if (all[i]->status != ST_S_DUPLICATE)
            continue;
        if (!k || k > x->n || all[k - 1]->status == ST_S_DUPLICATE)
            return bad(x, "a copy of a log that isn't there");
        const struct st_stored *o = all[k - 1];
        struct st_stored *c = all[i];
        c->id = o->id;
        c->hashed = o->hashed;
        memcpy(c->events, o->events, sizeof c->events);
        c->first = o->first;
        c->last = o->last;
        c->lossy = o->lossy;
        c->status = o->status;
        c->reason = o->reason;
        c->bad_line = o->bad_line;
        c->digested = o->digested;
        memcpy(c->sha256, o->sha256, sizeof c->sha256);
        if (!copy_report(&c->report, &o->report))
            return no_memory(x);
    }
    return true;
}

/* For those that aren't read again, what is stored is what holds. */
static bool settle(expansion *x)
{
    for (size_t i = x->first; i < x->e->n; i++) {
        st_source *s = &x->e->items[i].source;
        if (s->status == ST_S_OK)
            continue;
        if (!st_ledger_account(x->e, s) || !copy_report(s->report, &s->stored->report))
            return no_memory(x);
    }
    return true;
}

static void put_select(st_buf *b, const char *table, const st_raw_column *c, size_t n)
{
    st_buf_str(b, ST_STR("SELECT "));
    for (size_t i = 0; i < n; i++)
        st_buf_fmt(b, "%s%s", i ? ", " : "", c[i].name);
    st_buf_fmt(b, " FROM %s ORDER BY %s", table, n == COLUMNS ? "ID" : "rowid");
    st_buf_char(b, 0);
}

static st_code query(expansion *x, const char *table, const st_raw_column *c, size_t n,
                     bool (*row)(void *ctx, st_str cells))
{
    st_buf sql = { 0 };
    put_select(&sql, table, c, n);
    st_code code = sql.failed ? ST_E_MEMORY : st_stored_query(x->db, sql.p, 0, 0, row, x, x->err);
    st_buf_free(&sql);
    return code ? code : x->code;
}

static st_code expand(expansion *x)
{
    st_code code = query(x, "sources", st_stored_source_columns, COLUMNS, take_source);
    if (!code)
        code = query(x, "ranges", st_stored_range_columns, RANGE_COLUMNS, take_range);
    if (!code && (!follow_copies(x) || !settle(x)))
        code = x->code;
    return code;
}

st_str st_stored_hashed(st_str row)
{
    st_raw skip;
    return st_raw_next(&row, &skip) && st_raw_next(&row, &skip) ? row : (st_str){ 0 };
}

/* the bytes of what isn't events */

static bool take_bytes(void *ctx, st_str cells)
{
    st_buf *to = ctx;
    st_raw c;
    if (st_raw_next(&cells, &c) && to->n + c.s.n <= ST_MAX_STORED_TEXT)
        st_buf_put(to, c.s.p, c.s.n);
    else
        to->failed = true;
    return !to->failed;
}

st_code st_stored_bytes(const st_source *s, st_buf *to, st_err *err)
{
    st_code code = st_stored_query(s->stored->db,
                                   "SELECT Bytes FROM texts WHERE SourceID BETWEEN ?1 AND ?2 "
                                   "ORDER BY rowid",
                                   s->stored->id, s->stored->id, take_bytes, to, err);
    if (!code && to->failed)
        code = st_fail(err, ST_E_MEMORY, "no memory for an access log");
    return code;
}

/* what the second reader said */

typedef struct telling {
    bool (*row)(void *ctx, uint64_t offset, st_str word);
    void *ctx;
} telling;

static bool take_confirmed(void *ctx, st_str cells)
{
    const telling *t = ctx;
    st_raw c[2];
    return cells_of(cells, c, 2) && t->row(t->ctx, (uint64_t)c[0].i, c[1].s);
}

st_code st_stored_confirmed(const st_source *s,
                            bool (*row)(void *ctx, uint64_t offset, st_str word), void *ctx,
                            st_err *err)
{
    telling t = { row, ctx };
    return st_stored_query(s->stored->db,
                           "SELECT SourceOffset, Verdict FROM confirmed WHERE SourceID BETWEEN ?1 "
                           "AND ?2 ORDER BY SourceOffset",
                           s->stored->id, s->stored->id, take_confirmed, &t, err);
}

/* the file */

/* What speaks against it before SQLite is asked; NULL: nothing. */
static const char *obstacle(const st_source *s)
{
    enum { WRITE_VERSION = 18, WAL = 2, USER_VERSION = 60 };
    unsigned char head[100];
    st_file *f = NULL;
    size_t got = 0;
    bool there = st_file_open_plain(s, &f, NULL) == ST_OK &&
                 st_file_read(f, 0, head, sizeof head, &got, NULL) == ST_OK && got == sizeof head;
    st_file_close(f);
    if (!there)
        return "it can't be opened";
    if (st_be32(head + USER_VERSION) != ST_CASEDB_FORMAT)
        return "it was written by another version of the program";
    if (head[WRITE_VERSION] == WAL)
        return "it has been opened for writing since (journal mode WAL); PRAGMA "
               "journal_mode=DELETE in sqlite3 mends it";
    return NULL;
}

/* A database that can't be read ends the run where it was named; met in a folder it is one of
 * the files that weren't opened. */
static st_code set_aside(st_evidence *e, size_t at, size_t first, const st_err *why, st_err *err)
{
    st_source *s = &e->items[at].source;
    if (why->code == ST_E_MEMORY || s->named)
        return st_fail(err, why->code, "%s", why->text);
    for (size_t i = first; i < e->n; i++)
        st_report_free(e->items[i].source.report);
    e->n = first;
    const char *text = strstr(why->text, "the case database");
    s->status = ST_S_UNOPENED;
    s->reason = st_arena_copy(&e->arena, st_str_of(text ? text : why->text));
    return s->reason.p ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory for the list of files");
}

static st_code one_database(st_evidence *e, size_t at, st_err *err)
{
    st_err why = { 0 };
    st_source *db = ST_NEW(&e->arena, st_source);
    if (!db)
        return st_fail(err, ST_E_MEMORY, "no memory for a case database");
    *db = e->items[at].source;
    expansion x = { .e = e, .db = db, .first = e->n, .err = &why };
    const char *met = obstacle(db);
    st_code code = met ? ST_OK : expand(&x);
    if (met)
        bad(&x, met);
    free(x.same_as);
    if (met || code)
        return set_aside(e, at, x.first, &why, err);
    e->items[at].source.status = ST_S_OPENED; /* to be dropped */
    e->items[at].format = ST_F_CASEDB_OPENED;
    return ST_OK;
}

static int by_name(const void *pa, const void *pb)
{
    const st_item *a = pa, *b = pb;
    int c = st_str_cmp(a->source.name, b->source.name);
    if (!c && a->source.stored && b->source.stored)
        c = memcmp(a->source.stored->sha256, b->source.stored->sha256, 32);
    return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static bool same_source(const st_item *a, const st_item *b)
{
    const struct st_stored *x = a->source.stored, *y = b->source.stored;
    return x && y && st_str_eq(a->source.name, b->source.name) &&
           a->source.size == b->source.size && a->source.status == b->source.status &&
           x->digested == y->digested && !memcmp(x->sha256, y->sha256, sizeof x->sha256) &&
           st_str_eq(a->source.kind, b->source.kind);
}

/* One source that several databases hold is one, named if it was in any. */
static void drop_repeated(st_evidence *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (n && same_source(&e->items[n - 1], &e->items[i])) {
            e->items[n - 1].source.named |= e->items[i].source.named;
            st_report_free(e->items[i].source.report);
        } else {
            e->items[n++] = e->items[i];
        }
    }
    e->n = n;
}

/* Different logs of one name, as two hosts' are when each was read where it lay, get the beginning
 * of their digest behind it. */
static st_code tell_apart(st_evidence *e, st_err *err)
{
    for (size_t i = 0, same; i < e->n; i += same) {
        for (same = 1;
             i + same < e->n && st_str_eq(e->items[i].source.name, e->items[i + same].source.name);)
            same++;
        for (size_t k = i; same > 1 && k < i + same; k++) {
            st_source *s = &e->items[k].source;
            st_buf b = { 0 };
            if (!s->stored || !s->stored->digested)
                continue;
            st_buf_fmt(&b, "%.*s~", ST_FMT(s->name));
            st_buf_hex(&b, s->stored->sha256, 4, false);
            s->name = st_arena_copy(&e->arena, st_buf_slice(&b));
            bool failed = b.failed || !s->name.p;
            st_buf_free(&b);
            if (failed)
                return st_fail(err, ST_E_MEMORY, "no memory for the list of files");
        }
    }
    return ST_OK;
}

st_code st_expand_stored(st_evidence *e, bool duplicates, st_err *err)
{
    size_t listed = e->n, n = 0;
    st_code code = ST_OK;
    for (size_t i = 0; !code && i < listed; i++)
        if (e->items[i].format == ST_F_CASEDB)
            code = one_database(e, i, err);
    if (code || (e->n == listed && !e->nstored))
        return code;
    for (size_t i = 0; i < e->n; i++)
        if (e->items[i].format != ST_F_CASEDB_OPENED)
            e->items[n++] = e->items[i];
    e->opened += e->n - n;
    e->n = n;
    if (e->n)
        qsort(e->items, e->n, sizeof *e->items, by_name);
    if (!duplicates)
        drop_repeated(e);
    return tell_apart(e, err);
}

bool st_stored_conclude(st_source *s, uint64_t lossy, bool digest)
{
    const struct st_stored *st = s->stored;
    s->status = st->status;
    s->reason = st->reason;
    s->bad_line = st->bad_line;
    s->digested = (digest || s->digested) && st->digested;
    memcpy(s->sha256, st->sha256, sizeof s->sha256);
    bool ok = copy_report(s->report, &st->report);
    s->report->lossy += lossy;
    return ok;
}
