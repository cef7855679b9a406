/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - objects of a text, one event each, flattened into values.
 *
 * A file is objects in lines, objects behind one another, or one object or array that holds them: a
 * list under one of some names is taken for events, and what stands around it isn't looked at.
 */
#include "carriers.h"

#include "shelltree/json.h"

#include <string.h>

/* values */

/* A copy that is UTF-8, whatever s is. */
static st_str text_copy(st_arena *a, st_str s)
{
    st_buf b = { 0 };
    if (st_utf8_valid(s))
        return st_arena_copy(a, s);
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = st_utf8_next(s, &i);
        char *to = st_buf_room(&b, 4);
        if (to)
            b.n += st_utf8_put(to, cp == UINT32_MAX ? 0xfffd : cp);
    }
    st_str copy = { 0 };
    if (!b.failed)
        copy = st_arena_copy(a, st_buf_slice(&b));
    st_buf_free(&b);
    return copy;
}

void st_values_put(st_values *v, st_str path, st_str value, bool end)
{
    if (v->n >= ST_MAX_CARRIED_VALUES || v->failed)
        return;
    st_pair p = { text_copy(&v->arena, path), text_copy(&v->arena, value), end };
    if (!p.path.p || !p.value.p || !st_grow(&v->list, &v->cap, v->n + 1, sizeof *v->list))
        v->failed = true;
    else
        v->list[v->n++] = p;
}

void st_values_clear(st_values *v)
{
    v->n = 0;
    v->failed = false;
    st_arena_free(&v->arena);
}

/* flattening */

typedef struct flat {
    st_json *j;
    st_values *v;
    st_buf path;
    size_t length[ST_MAX_JSON_DEPTH + 1]; /* of the path at each depth */
    unsigned base;                        /* depth that the event's own object is at */
    st_buf bytes;                         /* a MESSAGE that is a list of numbers */
} flat;

/* Lists of events are called so. */
static bool is_list(st_str path)
{
    static const char *const names[] = { "hits.hits",
                                         "responses.hits.hits",
                                         "rawResponse.hits.hits",
                                         "results",
                                         "events",
                                         "Events",
                                         "Events.Event",
                                         "rows",
                                         "records",
                                         "value",
                                         "data",
                                         "items",
                                         "resourceLogs.scopeLogs.logRecords",
                                         "scopeLogs.logRecords",
                                         "logRecords" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (st_str_eq(path, st_str_of(names[i])))
            return true;
    return false;
}

static st_str path_of(const flat *f)
{
    return st_buf_slice(&f->path);
}

static void go_down(flat *f, st_str key)
{
    if (f->path.n)
        st_buf_char(&f->path, '.');
    st_buf_str(&f->path, key);
}

static void back_to(flat *f, unsigned depth)
{
    f->path.n = depth <= ST_MAX_JSON_DEPTH ? f->length[depth] : 0;
}

/* journalctl gives what isn't text as a list of numbers. */
static bool is_message(flat *f, st_str value)
{
    uint64_t n;
    if (!st_str_eq(path_of(f), ST_STR("MESSAGE")) || !st_str_u64(value, &n) || n > 255)
        return false;
    st_buf_char(&f->bytes, (char)n);
    return true;
}

static void put_scalar(flat *f, st_j step)
{
    st_str value = f->j->text;
    if (step == ST_J_TRUE)
        value = ST_STR("true");
    else if (step == ST_J_FALSE)
        value = ST_STR("false");
    else if (step == ST_J_NULL)
        value = ST_STR("");
    if (step == ST_J_NUMBER && is_message(f, value))
        return;
    st_values_put(f->v, path_of(f), value, false);
}

typedef enum found { EVENT, LIST, BAD } found;

/* Behind the bracket of an object: all in it, up to its end. LIST: there is a list of events in it,
 * and its bracket was read last. */
static found flatten(flat *f)
{
    enum { MOST = 5 }; /* steps down to a list: the longest of their names, with its own array */
    st_json *j = f->j;
    f->base = j->depth;
    f->length[f->base <= ST_MAX_JSON_DEPTH ? f->base : 0] = f->path.n;
    for (;;) {
        st_j step = st_json_next(j);
        unsigned depth = j->depth;
        switch (step) {
        case ST_J_KEY:
            back_to(f, depth);
            go_down(f, j->text);
            break;
        case ST_J_OBJECT:
        case ST_J_ARRAY:
            if (step == ST_J_ARRAY && depth <= f->base + MOST && is_list(path_of(f)))
                return LIST;
            f->length[depth <= ST_MAX_JSON_DEPTH ? depth : 0] = f->path.n;
            break;
        case ST_J_OBJECT_END:
            if (depth < f->base)
                return EVENT;
            back_to(f, depth + 1);
            st_values_put(f->v, path_of(f), ST_STR(""), true);
            break;
        case ST_J_ARRAY_END: back_to(f, depth + 1); break;
        case ST_J_TEXT:
        case ST_J_NUMBER:
        case ST_J_TRUE:
        case ST_J_FALSE:
        case ST_J_NULL: put_scalar(f, step); break;
        case ST_J_BAD:
        case ST_J_END: return BAD;
        }
    }
}

static void end_message(flat *f)
{
    if (f->bytes.n)
        st_values_put(f->v, ST_STR("MESSAGE"), st_buf_slice(&f->bytes), false);
    st_buf_clear(&f->bytes);
}

bool st_flatten(st_values *v, st_str prefix, st_str json)
{
    st_json j;
    st_json_open_text(&j, ST_JSON_ONE, json);
    flat f = { .j = &j, .v = v };
    bool ok = st_json_next(&j) == ST_J_OBJECT;
    st_buf_str(&f.path, prefix);
    ok = ok && flatten(&f) == EVENT;
    v->failed |= f.path.failed;
    st_json_close(&j);
    st_buf_free(&f.path);
    st_buf_free(&f.bytes);
    return ok;
}

/* the text */

typedef struct feed {
    st_text *text;
    uint64_t given; /* bytes of UTF-8 so far */
    bool line_start;
} feed;

/* "Record 12" before an object of evtx_dump becomes blanks, and so does what a transport puts in
 * front of one: places stay. */
static void blank_prefixes(char *p, size_t n, bool line_start)
{
    static const char word[] = "Record ";
    for (size_t i = 0; i < n;) {
        char *eol = memchr(p + i, '\n', n - i);
        size_t end = eol ? (size_t)(eol - p) : n;
        if ((i || line_start) && end - i > sizeof word - 1 && end - i < 32 &&
            memcmp(p + i, word, sizeof word - 1) == 0)
            memset(p + i, ' ', end - i);
        else if ((i || line_start) && end > i && !memchr(" \t{}[]\",", p[i], 8))
            memset(p + i, ' ', st_json_prefix((st_str){ p + i, end - i }));
        i = end + 1;
    }
}

/* GELF over TCP has a zero byte behind each message. */
static void end_at_nul(char *p, size_t n)
{
    for (char *end = p + n; (p = memchr(p, 0, (size_t)(end - p))) != NULL; p++)
        *p = '\n';
}

/* Whole lines as long as they are short, so that no "Record 12" is cut in two. */
static size_t give(void *ctx, char *to, size_t n)
{
    feed *f = ctx;
    st_str s = st_text_window(f->text);
    if (s.n < n && st_text_more(f->text))
        s = st_text_window(f->text);
    if (s.n > n)
        s.n = n;
    const char *eol = s.n ? memrchr(s.p, '\n', s.n) : NULL;
    if (eol && !(f->text->end && s.n < n))
        s.n = (size_t)(eol + 1 - s.p);
    if (!s.n)
        return 0;
    memcpy(to, s.p, s.n);
    end_at_nul(to, s.n);
    blank_prefixes(to, s.n, f->line_start);
    f->line_start = s.p[s.n - 1] == '\n';
    st_text_skip(f->text, s.n);
    f->given += s.n;
    return s.n;
}

/* Are there objects in lines? The first line is whole by itself then. */
static st_json_shape shape_of(st_text *t)
{
    st_text_more(t);
    st_str s = st_text_window(t);
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] <= ' ')
        i++;
    const char *eol = memchr(s.p + i, '\n', s.n - i);
    if (!eol)
        eol = memchr(s.p + i, 0, s.n - i);
    st_str line = st_str_trim((st_str){ s.p + i, eol ? (size_t)(eol - s.p) - i : s.n - i });
    size_t prefix = st_json_prefix(line);
    line = (st_str){ line.p + prefix, line.n - prefix };
    bool whole = line.n > 1 && line.p[0] == '{' && (!eol || line.p[line.n - 1] == '}');
    return whole ? ST_JSON_LINES : ST_JSON_MANY;
}

/* A place in the source of one in the text, as its units are ASCII's for the most part. */
static uint64_t place_of(const st_carrying *c, uint64_t mark, uint64_t offset)
{
    return mark + offset * c->text.unit;
}

static bool one_object(st_carrying *c, st_json *j, flat *f, uint64_t mark)
{
    uint64_t from = j->offset;
    st_values_clear(&c->values);
    st_buf_clear(&f->path);
    st_buf_clear(&f->bytes);
    found what = flatten(f);
    c->strange += what == LIST && st_values_strange(&c->values);
    if (what != EVENT || c->values.failed)
        return c->values.failed ? st_carry_memory(c) : true;
    end_message(f);
    uint64_t at = place_of(c, mark, from), end = place_of(c, mark, j->offset + 1);
    return st_carry_values(c, at, end > at ? end - at : 1, 0);
}

static bool bad_one(st_carrying *c, st_json *j, uint64_t mark)
{
    uint64_t at = place_of(c, mark, j->offset);
    if (j->failed)
        return st_carry_memory(c);
    if (!st_carry_bad(c, at, 1, 0, "bad-json"))
        return false;
    return st_json_resync(j);
}

void st_carry_all_json(st_carrying *c)
{
    st_json j;
    st_json_shape shape = shape_of(&c->text);
    uint64_t mark = c->text.head_at; /* where the text begins: behind a byte order mark */
    feed from = { .text = &c->text, .line_start = true };
    flat f = { .j = &j, .v = &c->values };
    bool on = true;
    st_json_open(&j, shape, give, &from);
    j.controls = true;
    j.max_text = ST_MAX_CARRIED_EVENT;
    while (on && !c->code) {
        st_j step = st_json_next(&j);
        if (step == ST_J_END)
            break;
        if (step == ST_J_BAD)
            on = bad_one(c, &j, mark);
        else if (step == ST_J_OBJECT)
            on = one_object(c, &j, &f, mark);
        else if (step == ST_J_KEY) /* beside a list of events */
            st_json_skip(&j);
    }
    if (f.path.failed || f.bytes.failed)
        st_carry_memory(c);
    st_json_close(&j);
    st_buf_free(&f.path);
    st_buf_free(&f.bytes);
}
