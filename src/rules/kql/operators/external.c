/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external.c - externaldata: rows of a local file that stands for an address.
 *
 * Nothing is ever fetched. The user says which file an address means (--external URL=FILE); an
 * address that nobody mapped makes the query not applicable. The file is read whole, at first
 * use, and told apart by its first bytes: gzip is unpacked, UTF-16 with its mark decoded.
 * Addresses that begin with own: are lists of the user's (--servers, --known), which are empty
 * where none is given.
 */
#include "rules/kql/operators/operators.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* the file */

static st_code read_fd(int fd, st_buf *out, st_str path, st_err *e)
{
    for (;;) {
        char *room = st_buf_room(out, 65536);
        ssize_t got = room ? read(fd, room, 65536) : 0;
        if (!room)
            return st_fail(e, ST_E_MEMORY, "%.*s: no memory for it", ST_FMT(path));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return st_fail(e, ST_E_IO, "%.*s: %s", ST_FMT(path), strerror(errno));
        if (!got)
            return ST_OK;
        out->n += (size_t)got;
        if (out->n > ST_MAX_EXTERNAL)
            return st_fail(e, ST_E_LIMIT, "%.*s: longer than %zu MiB, the limit for externaldata",
                           ST_FMT(path), ST_MAX_EXTERNAL >> 20);
    }
}

/* gzip says how long its text is, modulo 4 GiB, and may lie: room is made by and by. */
static st_code unpack(st_buf *packed, st_str path, st_err *e)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    st_buf text = { 0 };
    enum libdeflate_result res = LIBDEFLATE_INSUFFICIENT_SPACE;
    for (size_t room = 1 << 20;
         d && res == LIBDEFLATE_INSUFFICIENT_SPACE && room <= ST_MAX_EXTERNAL; room *= 2) {
        char *to = st_buf_room(&text, room);
        res = to ? libdeflate_gzip_decompress(d, packed->p, packed->n, to, room, &text.n)
                 : LIBDEFLATE_BAD_DATA;
    }
    libdeflate_free_decompressor(d);
    if (!d || text.failed || res != LIBDEFLATE_SUCCESS) {
        st_buf_free(&text);
        return st_fail(e, res == LIBDEFLATE_INSUFFICIENT_SPACE ? ST_E_LIMIT : ST_E_IO,
                       res == LIBDEFLATE_INSUFFICIENT_SPACE
                           ? "%.*s: unpacks to more than externaldata may have"
                           : "%.*s: can't be unpacked",
                       ST_FMT(path));
    }
    st_buf_free(packed);
    *packed = text;
    return ST_OK;
}

static bool starts(const st_buf *b, const char *bytes, size_t n)
{
    return b->p && b->n >= n && memcmp(b->p, bytes, n) == 0;
}

/* Whatever isn't UTF-8 becomes U+FFFD, so that every value is text. */
static void make_valid(st_buf *b)
{
    st_buf out = { 0 };
    st_str s = st_buf_slice(b);
    if (st_utf8_valid(s))
        return;
    for (size_t i = 0; i < s.n;) {
        uint32_t c = st_utf8_next(s, &i);
        st_buf_utf8(&out, c == UINT32_MAX ? 0xfffd : c);
    }
    st_buf_free(b);
    *b = out;
}

/* text: what it holds, where that was read before (st_rule_settings). */
typedef struct file {
    st_str path, text;
} file;

static st_code read_raw(const file *f, st_buf *out, st_err *e)
{
    if (f->text.n) {
        st_buf_str(out, f->text);
        return ST_OK;
    }
    int fd = open(f->path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return st_fail(e, ST_E_IO, "%.*s: %s", ST_FMT(f->path), strerror(errno));
    st_code code = read_fd(fd, out, f->path, e);
    close(fd);
    return code;
}

static st_code read_file(const file *f, st_buf *out, st_err *e)
{
    st_str path = f->path;
    st_code code = read_raw(f, out, e);
    if (code == ST_OK && starts(out, "\x1f\x8b", 2))
        code = unpack(out, path, e);
    if (code == ST_OK && starts(out, "PK\3\4", 4))
        code = st_fail(e, ST_E_IO, "%.*s: a zip archive; unpack it first", ST_FMT(path));
    st_buf utf8 = { 0 };
    if (code == ST_OK && st_utf16_decode(&utf8, st_buf_slice(out))) {
        st_buf_free(out);
        *out = utf8;
    }
    if (code == ST_OK)
        make_valid(out);
    return code == ST_OK && out->failed
               ? st_fail(e, ST_E_MEMORY, "%.*s: no memory for it", ST_FMT(path))
               : code;
}

/* records */

typedef struct external external;
typedef struct format {
    const char *name;
    char sep; /* between fields; 0: none */
    /* The record at e->at, one value a column; false at the end. */
    bool (*next)(st_run *r, external *e, const st_schema *s, st_val *row);
} format;

struct external {
    const format *format;
    bool skip_first;
    file *files;
    size_t nfiles, next_file;
    st_buf text; /* of the file at hand */
    size_t held; /* bytes of it that are counted */
    size_t at;
};

static st_val field_value(st_run *r, st_type type, st_str text)
{
    return type == ST_TYPE_STRING    ? st_val_str(&r->mem, text)
           : type == ST_TYPE_DYNAMIC ? st_val_parse_json(&r->mem, text)
                                     : st_val_parse(&r->mem, type, text);
}

static bool at_line_end(const external *e)
{
    return e->at >= e->text.n || e->text.p[e->at] == '\n' || e->text.p[e->at] == '\r';
}

static void skip_line_end(external *e)
{
    if (e->at < e->text.n && e->text.p[e->at] == '\r')
        e->at++;
    if (e->at < e->text.n && e->text.p[e->at] == '\n')
        e->at++;
}

/* A field in quotes, "" for one of them, may hold anything; it ends at its quote. */
static void quoted_field(external *e, st_buf *field)
{
    for (e->at++; e->at < e->text.n; e->at++) {
        bool quote = e->text.p[e->at] == '"';
        if (quote && (e->at + 1 >= e->text.n || e->text.p[e->at + 1] != '"'))
            break;
        e->at += quote;
        st_buf_char(field, e->text.p[e->at]);
    }
    e->at += e->at < e->text.n;
}

static st_str next_field(external *e, st_buf *field)
{
    st_buf_clear(field);
    if (e->at < e->text.n && e->text.p[e->at] == '"')
        quoted_field(e, field);
    size_t from = e->at;
    while (!at_line_end(e) && e->text.p[e->at] != e->format->sep)
        e->at++;
    st_buf_put(field, e->text.p + from, e->at - from);
    return st_buf_slice(field);
}

/* Fields that are too many are dropped, those that lack are missing. */
static bool next_fields(st_run *r, external *e, const st_schema *s, st_val *row)
{
    st_buf field = { 0 };
    while (e->at < e->text.n && at_line_end(e)) /* empty lines */
        skip_line_end(e);
    if (e->at >= e->text.n)
        return false;
    bool more = true;
    for (size_t c = 0; more; c++) {
        st_str text = next_field(e, &field);
        if (c < s->n)
            row[c] = field_value(r, s->v[c].type, text);
        more = !at_line_end(e);
        e->at += more;
    }
    skip_line_end(e);
    bool ok = !field.failed;
    st_buf_free(&field);
    return ok || st_run_nomem(r);
}

/* A line is a record of one field. */
static bool next_line(st_run *r, external *e, const st_schema *s, st_val *row)
{
    if (e->at >= e->text.n)
        return false;
    size_t from = e->at;
    while (!at_line_end(e))
        e->at++;
    if (s->n)
        row[0] = field_value(r, s->v[0].type, (st_str){ e->text.p + from, e->at - from });
    skip_line_end(e);
    return true;
}

static bool next_whole(st_run *r, external *e, const st_schema *s, st_val *row)
{
    if (e->at >= e->text.n)
        return false;
    e->at = e->text.n;
    if (s->n)
        row[0] = field_value(r, s->v[0].type, st_buf_slice(&e->text));
    return true;
}

/* The text of the next object, wherever it stands: on a line, in an array, over several lines. */
static bool next_object_text(external *e, st_str *out)
{
    while (e->at < e->text.n && e->text.p[e->at] != '{')
        e->at++;
    size_t from = e->at, depth = 0;
    bool string = false;
    for (; e->at < e->text.n; e->at++) {
        char c = e->text.p[e->at];
        if (string && c == '\\')
            e->at++;
        else if (c == '"')
            string = !string;
        else if (!string && (c == '{' || c == '}') && (depth += c == '{' ? 1 : (size_t)-1) == 0) {
            e->at++;
            *out = (st_str){ e->text.p + from, e->at - from };
            return true;
        }
    }
    return false;
}

static bool next_object(st_run *r, external *e, const st_schema *s, st_val *row)
{
    st_str text;
    if (!next_object_text(e, &text))
        return false;
    st_val v = st_val_parse_json(&r->mem, text);
    for (size_t c = 0; v.tag == ST_VAL_BAG && c < s->n; c++) {
        const st_val *m = st_bag_get(v.u.g, st_val_str(&r->mem, s->v[c].name).u.s);
        if (m)
            row[c] = s->v[c].type == ST_TYPE_DYNAMIC
                         ? *m
                         : st_val_convert(&r->mem, s->v[c].type, ST_TYPE_DYNAMIC, *m);
    }
    return true;
}

static const format formats[] = {
    { "csv", ',', next_fields },  { "tsv", '\t', next_fields },    { "psv", '|', next_fields },
    { "scsv", ';', next_fields }, { "sohsv", '\1', next_fields },  { "txt", 0, next_line },
    { "raw", 0, next_whole },     { "multijson", 0, next_object }, { "json", 0, next_object },
};

static const format *format_named(st_str name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (st_str_ieq(name, st_str_of(formats[i].name)))
            return &formats[i];
    return NULL;
}

/* the operator */

static void close_file(st_run *r, external *e)
{
    st_buf_free(&e->text);
    e->text = (st_buf){ 0 };
    if (r) {
        r->budget.used -= e->held;
        e->held = 0;
    }
}

static void external_free(void *p)
{
    close_file(NULL, p);
}

static bool open_file(st_run *r, external *e, const st_schema *s, st_val *row)
{
    if (e->next_file == e->nfiles)
        return false;
    if (read_file(&e->files[e->next_file++], &e->text, &r->err) != ST_OK)
        return false;
    if (!st_budget_take(&r->budget, e->text.cap))
        return st_run_nomem(r);
    e->held = e->text.cap;
    e->at = starts(&e->text, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (e->skip_first)
        e->format->next(r, e, s, row);
    return true;
}

static void missing(const st_schema *s, st_val *row)
{
    for (size_t c = 0; c < s->n; c++)
        row[c] = st_val_missing(s->v[c].type);
}

static st_batch *external_next(st_run *r, st_op *op)
{
    external *e = op->spec;
    const st_schema *s = &op->schema;
    st_batch *b = st_batch_new(r, ST_BATCH_ROWS, s->n);
    st_val *row = b ? ST_NEWN(&b->arena, st_val, s->n) : NULL;
    bool ok = row != NULL;
    for (size_t c = 0; ok && c < s->n; c++)
        ok = (b->cols[c].v = ST_NEWN(&b->arena, st_val, ST_BATCH_ROWS)) != NULL;
    size_t n = 0;
    while (ok && n < ST_BATCH_ROWS && st_run_ok(r)) {
        missing(s, row);
        if (!e->text.p) {
            if (!open_file(r, e, s, row))
                break;
            continue;
        }
        if (!e->format->next(r, e, s, row)) {
            close_file(r, e);
            continue;
        }
        for (size_t c = 0; c < s->n; c++)
            b->cols[c].v[n] = row[c];
        n++;
    }
    if (n && st_run_ok(r)) {
        b->n = n;
        return b;
    }
    st_batch_free(b);
    if (!ok)
        st_run_nomem(r);
    return NULL;
}

/* binding */

/* Up to its query: keys and tokens of a download change, the list stays the same. */
static st_str without_query(st_str uri)
{
    const char *at = uri.n ? memchr(uri.p, '?', uri.n) : NULL;
    return at ? (st_str){ uri.p, (size_t)(at - uri.p) } : uri;
}

static const st_named *file_for(const st_rule_settings *s, st_str uri)
{
    for (size_t i = 0; i < s->nexternal; i++)
        if (st_str_eq(s->external[i].name, uri))
            return &s->external[i];
    for (size_t i = 0; i < s->nexternal; i++)
        if (st_str_eq(s->external[i].name, without_query(uri)))
            return &s->external[i];
    return NULL;
}

static file held_file(const st_rule_settings *s, const st_named *x)
{
    const st_str *text = s->external_texts ? &s->external_texts[x - s->external] : NULL;
    return (file){ x->value, text ? *text : (st_str){ NULL, 0 } };
}

static void need(const st_scope *sc, const st_kql_expr *at, st_str uri)
{
    st_buf t = { 0 };
    bool hidden = at->kind == ST_KQL_LITERAL && at->u.value.hidden;
    /* The address, to be copied into --external; what may be a key stands in its query part. */
    st_buf_fmt(&t, "externaldata from %.*s (--external URL=FILE names a file for it)",
               ST_FMT(hidden ? without_query(uri) : uri));
    st_str name = st_arena_copy(&sc->r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    st_bind_need(sc, at->span, name);
}

/* with (format=...), else by the address's ending, else csv. */
static const format *format_of(const st_scope *sc, const st_kql_op *q, st_str uri)
{
    const st_kql_expr *e = st_bind_opt(q, "format");
    st_str name = { NULL, 0 };
    if (e && e->kind == ST_KQL_NAME)
        name = e->u.name;
    else if (e && e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_STRING)
        name = e->u.value.str;
    if (e) {
        const format *f = format_named(name);
        if (!f)
            st_bind_error(
                sc, e->span, NULL,
                "this format of externaldata isn't supported; csv, tsv, psv, scsv, sohsv, txt, "
                "raw, json and multijson are");
        return f;
    }
    uri = without_query(uri);
    if (st_str_iends(uri, ST_STR(".gz")))
        uri.n -= 3;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        st_str end = st_str_of(formats[i].name);
        if (uri.n > end.n && uri.p[uri.n - end.n - 1] == '.' && st_str_iends(uri, end))
            return &formats[i];
    }
    return &formats[0];
}

static bool option_true(const st_kql_op *q, const char *name)
{
    const st_kql_expr *e = st_bind_opt(q, name);
    return e && ((e->kind == ST_KQL_LITERAL && e->u.value.type == ST_TYPE_BOOL && e->u.value.i) ||
                 (e->kind == ST_KQL_NAME && st_str_ieq(e->u.name, ST_STR("true"))));
}

/* The files of the addresses; those that have none are noted as what the query needs. */
static void find_files(const st_scope *sc, const st_kql_op *q, external *e)
{
    for (size_t i = 0; i < q->u.data.cells.n; i++) {
        const st_kql_expr *at = q->u.data.cells.items[i];
        st_val v;
        st_type t;
        if (!st_bind_constant(sc, at, &v, &t))
            continue;
        if (v.tag != ST_VAL_STRING) {
            st_bind_error(sc, at->span, "KS107", "an address (string) is needed here, not %s",
                          st_type_name(t));
            continue;
        }
        st_str uri = st_pool_get(sc->r->mem.pool, v.u.s);
        const st_named *given = file_for(sc->r->settings, uri);
        file x = given ? held_file(sc->r->settings, given) : (file){ { NULL, 0 }, { NULL, 0 } };
        const format *f = format_of(sc, q, uri);
        e->format = e->format ? e->format : f;
        if (!given && st_str_starts(uri, ST_STR("own:")))
            continue; /* a list of the user's own that isn't given */
        if (!given)
            need(sc, at, uri);
        else if (!x.text.n && access(x.path.p, R_OK) != 0)
            st_bind_error(sc, at->span, NULL, "%.*s: %s", ST_FMT(x.path), strerror(errno));
        else
            e->files[e->nfiles++] = x;
    }
}

st_op *st_bind_op_externaldata(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    (void)in;
    const st_kql_schema *s = &q->u.data.schema;
    st_op *op = st_op_new(sc->r, external_next, NULL, sizeof(external));
    external *e = op ? op->spec : NULL;
    if (!e || !st_run_own(sc->r, e, external_free) ||
        !(e->files = ST_NEWN(&sc->r->arena, file, q->u.data.cells.n)) ||
        !(op->schema.v = ST_NEWN(&sc->r->arena, st_col, s->n)))
        return NULL;
    op->schema.n = s->n;
    for (size_t i = 0; i < s->n; i++) {
        op->schema.v[i] = (st_col){ s->columns[i].name.text, st_bind_type(s->columns[i].type) };
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(op->schema.v[k].name, op->schema.v[i].name))
                st_bind_error(sc, s->columns[i].name.span, "KS171",
                              "there is a column %.*s already", ST_FMT(op->schema.v[i].name));
    }
    if (!s->n)
        st_bind_error(sc, q->span, NULL, "externaldata needs columns: (name: type, ...)");
    find_files(sc, q, e);
    e->skip_first = option_true(q, "ignoreFirstRecord");
    return sc->out->failed ? NULL : op;
}
