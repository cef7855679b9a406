/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* stored_record.c - one record to a row, one row to a record. */
#include "stored.h"

#include "base/limits.h"
#include "shelltree/json.h"

#include <stdlib.h>
#include <string.h>

/* In the order of the enumeration below. */
const st_raw_column st_stored_event_columns[] = {
    { "ID", "INTEGER PRIMARY KEY" },
    { "SourceID", "INTEGER" },
    { "TimeCreated", "TEXT" },
    { "Computer", "TEXT" },
    { "Channel", "TEXT" },
    { "Provider", "TEXT" },
    { "EventID", "INTEGER" },
    { "EventRecordID", "INTEGER" },
    { "Origin", "TEXT" },
    { "SourceOffset", "INTEGER" },
    { "RecordNumber", "INTEGER" },
    { "Notes", "TEXT" },
    { "Fields", "TEXT" }, /* a JSON object */
    { "UserData", "INTEGER" },
    { "Level", "INTEGER" },
    { "Version", "INTEGER" },
    { "Opcode", "INTEGER" },
    { "Task", "INTEGER" },
    { "Keywords", "TEXT" },
    { "ExecutionProcessID", "INTEGER" },
    { "ExecutionThreadID", "INTEGER" },
    { "UserID", "TEXT" },
    { "ProviderGuid", "TEXT" },
    { "Written", "TEXT" },
    { "Flags", "INTEGER" },
    { "Damage", "TEXT" },
    { "Exact", "BLOB" },
};
enum {
    C_ID,
    C_SOURCE,
    C_TIME,
    C_COMPUTER,
    C_CHANNEL,
    C_PROVIDER,
    C_EVENT_ID,
    C_RECORD_ID,
    C_ORIGIN,
    C_OFFSET,
    C_NUMBER,
    C_NOTES,
    C_FIELDS,
    C_USER_DATA,
    C_LEVEL,
    C_VERSION,
    C_OPCODE,
    C_TASK,
    C_KEYWORDS,
    C_PID,
    C_TID,
    C_USER,
    C_PROVIDER_GUID,
    C_WRITTEN,
    C_FLAGS,
    C_DAMAGE,
    C_EXACT,
    COLUMNS
};
const size_t st_stored_nevent_columns = COLUMNS;
_Static_assert(sizeof st_stored_event_columns / sizeof st_stored_event_columns[0] == COLUMNS,
               "a name for each column");

/* More fields than this aren't looked through for one name twice. */
enum { MOST_FIELDS = 128 };

static const char *const ORIGINS[] = { "live", "slack", "carved" };

void st_stored_scratch_free(st_stored_scratch *s)
{
    st_buf_free(&s->text);
    st_buf_free(&s->exact);
    free(s->fields);
    st_arena_free(&s->arena);
    *s = (st_stored_scratch){ 0 };
}

void st_stored_select(st_buf *sql)
{
    st_buf_str(sql, ST_STR("SELECT ID"));
    for (size_t i = C_TIME; i < COLUMNS; i++)
        st_buf_fmt(sql, ", %s", st_stored_event_columns[i].name);
    st_buf_str(sql, ST_STR(" FROM events WHERE ID BETWEEN ?1 AND ?2 ORDER BY ID"));
    st_buf_char(sql, 0);
}

/* out */

typedef struct putting {
    st_buf *b;
    const st_record *r;
    st_stored_scratch *s;
    bool inexact;
} putting;

/* Values of System, as they are kept. */
enum { S_COMPUTER, S_CHANNEL, S_PROVIDER, S_USER, S_PROVIDER_GUID };

static void keep_value(st_stored_value *k, const st_value *v, st_str cell)
{
    if (v->n > sizeof k->bytes || cell.n > sizeof k->cell)
        return;
    k->type = v->type;
    k->n = (unsigned char)v->n;
    k->ncell = (unsigned char)cell.n;
    memcpy(k->bytes, v->p, v->n);
    memcpy(k->cell, cell.p, cell.n);
}

static void put_value(putting *p, const st_value *v, unsigned which)
{
    st_stored_value *k = &p->s->system[which];
    if (!v->p) {
        p->inexact |= v->n || v->type || v->cut;
        st_raw_null(p->b);
        return;
    }
    if (k->ncell && k->type == v->type && k->n == v->n && !v->cut &&
        !memcmp(k->bytes, v->p, v->n)) {
        st_buf_put(p->b, k->cell, k->ncell);
        return;
    }
    size_t from = p->b->n, mark = st_raw_text_begin(p->b);
    bool inexact = st_value_text(v, p->b) || v->cut;
    st_raw_text_end(p->b, mark);
    p->inexact |= inexact;
    if (!inexact && !p->b->failed)
        keep_value(k, v, (st_str){ p->b->p + from, p->b->n - from });
}

static void put_time(putting *p, st_ticks t)
{
    p->inexact |= t > ST_TICKS_MAX;
    if (!t || t > ST_TICKS_MAX) {
        st_raw_null(p->b);
        return;
    }
    size_t mark = st_raw_text_begin(p->b);
    st_buf_time_iso_like(p->b, t, &p->s->second);
    st_raw_text_end(p->b, mark);
}

/* 0 is null: not known. */
static void put_number(putting *p, uint64_t v)
{
    p->inexact |= v > INT64_MAX;
    if (v)
        st_raw_int(p->b, (int64_t)v);
    else
        st_raw_null(p->b);
}

static void put_notes(putting *p)
{
    static const struct {
        unsigned flag;
        const char *word;
    } NOTES[] = { { ST_R_CRC, "crc" },
                  { ST_R_TRAILER, "trailer" },
                  { ST_R_BORROWED, "borrowed-template" },
                  { ST_R_REPAIRED, "repaired" },
                  { ST_R_PARTIAL, "partial" } };
    if (!(p->r->flags & ~(unsigned)ST_R_LITERAL)) {
        st_raw_null(p->b);
        return;
    }
    size_t mark = st_raw_text_begin(p->b);
    for (size_t i = 0; i < sizeof NOTES / sizeof NOTES[0]; i++)
        if (p->r->flags & NOTES[i].flag)
            st_buf_fmt(p->b, "%s%s", p->b->n > mark ? "; " : "", NOTES[i].word);
    st_raw_text_end(p->b, mark);
}

static bool is_integer(const st_value *v)
{
    bool width = v->n == 1 || v->n == 2 || v->n == 4 || v->n == 8;
    return v->type >= ST_V_I8 && v->type <= ST_V_U64 && width;
}

/* seen: a bit for each name before, which others may share. */
static bool is_twice(const st_record *r, size_t i, uint64_t *seen)
{
    st_str name = r->fields[i].name;
    unsigned key = (unsigned)name.n;
    if (name.n)
        key += (unsigned char)name.p[0] * 7u + (unsigned char)name.p[name.n - 1];
    uint64_t bit = UINT64_C(1) << (key & 63), known = *seen & bit;
    *seen |= bit;
    for (size_t k = 0; known && k < i; k++)
        if (r->fields[k].name.n == name.n && !memcmp(r->fields[k].name.p, name.p, name.n))
            return true;
    return false;
}

enum { KEY_COPIED = ST_STORED_KEY - 1 }; /* the first key goes without the comma */

/* The name as it stands; one that isn't plain is never kept, nor one that with what is around it
 * (four bytes) is more than put_key copies. */
static void keep_key(st_stored_key *k, st_str name)
{
    if (name.n + 4 > KEY_COPIED || st_plain_run(name, 0) != name.n)
        return;
    k->n = (unsigned char)name.n;
    memcpy(k->text, ",\"", 2);
    memcpy(k->text + 2, name.p, name.n);
    memcpy(k->text + 2 + name.n, "\":", 2);
}

static void put_key(putting *p, size_t i)
{
    st_str name = p->r->fields[i].name;
    st_stored_key *k = i < ST_STORED_KEYS ? &p->s->keys[i] : NULL;
    if (k && k->n && k->n == name.n && !memcmp(k->text + 2, name.p, name.n)) {
        char *to = st_buf_room(p->b, sizeof k->text);
        if (to) {
            memcpy(to, k->text + !i, KEY_COPIED); /* a fixed length is copied faster */
            p->b->n += name.n + 4 - !i;
        }
        return;
    }
    if (i)
        st_buf_char(p->b, ',');
    bool valid = st_utf8_valid(name);
    p->inexact |= !valid;
    (valid ? st_json_exact : st_json_str)(p->b, name);
    st_buf_char(p->b, ':');
    if (k)
        keep_key(k, name);
}

static void put_field(putting *p, size_t i)
{
    const st_value *v = &p->r->fields[i].value;
    st_buf *b = p->b;
    p->inexact |= v->cut;
    put_key(p, i);
    if (!v->p) {
        p->inexact |= v->n || v->type != ST_V_NULL;
        st_buf_str(b, ST_STR("null"));
        return;
    }
    p->inexact |= v->type == ST_V_NULL;
    if (is_integer(v))
        st_value_text(v, b);
    else
        p->inexact |= st_value_json(v, b, &p->s->text) != 0;
}

static void put_fields(putting *p)
{
    if (!p->r->nfields) {
        st_raw_null(p->b);
        return;
    }
    size_t mark = st_raw_text_begin(p->b);
    uint64_t seen = 0;
    st_buf_char(p->b, '{');
    for (size_t i = 0; i < p->r->nfields; i++) {
        p->inexact |= i >= MOST_FIELDS || is_twice(p->r, i, &seen);
        put_field(p, i);
    }
    st_buf_char(p->b, '}');
    st_raw_text_end(p->b, mark);
}

static void exact_value(st_buf *b, const st_value *v)
{
    st_raw_int(b, (int64_t)v->type | (v->cut ? 0x100 : 0) | (v->p ? 0x200 : 0) |
                      (v->p ? 0 : (int64_t)v->n << 10));
    if (v->p)
        st_raw_blob(b, (st_str){ (const char *)v->p, v->n });
}

#define HEAD(X)                  \
    X(offset, uint64_t)          \
    X(number, uint64_t)          \
    X(written, st_ticks)         \
    X(origin, st_origin)         \
    X(flags, unsigned)           \
    X(event_id, uint32_t)        \
    X(event_record_id, uint64_t) \
    X(time_created, st_ticks)    \
    X(version, uint8_t)          \
    X(level, uint8_t)            \
    X(opcode, uint8_t)           \
    X(task, uint16_t)            \
    X(keywords, uint64_t)        \
    X(execution_pid, uint32_t)   \
    X(execution_tid, uint32_t)   \
    X(user_data, bool)
#define SYSTEM(X) X(provider) X(provider_guid) X(channel) X(computer) X(user_sid)

/* The whole record, as cells in a blob. */
static void put_exact(putting *p)
{
    const st_record *r = p->r;
    st_buf *b = &p->s->exact;
    st_buf_clear(b);
#define PUT(name, type) st_raw_int(b, (int64_t)r->name);
    HEAD(PUT)
#undef PUT
#define PUT(name) exact_value(b, &r->name);
    SYSTEM(PUT)
#undef PUT
    st_raw_text(b, r->damage ? st_str_of(r->damage) : (st_str){ 0 });
    st_raw_int(b, (int64_t)r->nfields);
    for (size_t i = 0; i < r->nfields; i++) {
        st_raw_blob(b, r->fields[i].name);
        exact_value(b, &r->fields[i].value);
    }
    p->b->failed |= b->failed;
    st_raw_blob(p->b, st_buf_slice(b));
}

static void put_hex(putting *p, uint64_t v)
{
    char text[18];
    size_t i = sizeof text;
    do
        text[--i] = "0123456789abcdef"[v & 15];
    while (v >>= 4);
    text[--i] = 'x';
    text[--i] = '0';
    st_raw_text(p->b, (st_str){ text + i, sizeof text - i });
}

void st_stored_put_record(st_buf *b, const st_record *r, int64_t source, st_stored_scratch *s)
{
    putting p = { .b = b, .r = r, .s = s };
    st_raw_null(b);
    st_raw_int(b, source);
    put_time(&p, r->time_created);
    put_value(&p, &r->computer, S_COMPUTER);
    put_value(&p, &r->channel, S_CHANNEL);
    put_value(&p, &r->provider, S_PROVIDER);
    if (r->event_id == UINT32_MAX)
        st_raw_null(b);
    else
        st_raw_int(b, r->event_id);
    put_number(&p, r->event_record_id);
    st_raw_text(b, st_str_of(ORIGINS[r->origin]));
    st_raw_int(b, (int64_t)r->offset);
    put_number(&p, r->number);
    put_notes(&p);
    put_fields(&p);
    st_raw_int(b, r->user_data);
    st_raw_int(b, r->level);
    st_raw_int(b, r->version);
    st_raw_int(b, r->opcode);
    st_raw_int(b, r->task);
    put_hex(&p, r->keywords);
    st_raw_int(b, r->execution_pid);
    st_raw_int(b, r->execution_tid);
    put_value(&p, &r->user_sid, S_USER);
    put_value(&p, &r->provider_guid, S_PROVIDER_GUID);
    put_time(&p, r->written);
    st_raw_int(b, r->flags);
    st_raw_text(b, r->damage ? st_str_of(r->damage) : (st_str){ 0 });
    if (p.inexact)
        put_exact(&p);
    else
        st_raw_null(b);
}

/* in */

static void text_value(const st_raw *c, st_value *v)
{
    *v = (st_value){ 0 };
    if (c->kind == ST_RAW_TEXT)
        *v = (st_value){ (const unsigned char *)c->s.p, (uint32_t)c->s.n, ST_V_TEXT, false };
}

static bool time_of(const st_raw *c, st_ticks *t)
{
    *t = 0;
    return c->kind == ST_RAW_NULL || (c->kind == ST_RAW_TEXT && st_time_iso(c->s, t));
}

static bool origin_of(st_str word, st_origin *out)
{
    for (size_t i = 0; i < sizeof ORIGINS / sizeof ORIGINS[0]; i++)
        if (st_str_eq(word, st_str_of(ORIGINS[i]))) {
            *out = (st_origin)i;
            return true;
        }
    return false;
}

static st_field *room_for(st_stored_scratch *s, size_t n)
{
    if (!st_grow(&s->fields, &s->cap, n + 1, sizeof *s->fields)) {
        s->arena.failed = true;
        return NULL;
    }
    return &s->fields[n];
}

static bool number_value(st_stored_scratch *s, st_str digits, st_value *v)
{
    bool minus = digits.n && digits.p[0] == '-';
    uint64_t u = 0;
    if (!st_str_u64((st_str){ digits.p + minus, digits.n - minus }, &u))
        return false;
    if (minus)
        u = 0 - u;
    unsigned char *p = st_arena_alloc(&s->arena, 1, 8);
    for (unsigned i = 0; p && i < 8; i++)
        p[i] = (unsigned char)(u >> 8 * i);
    *v = (st_value){ p, 8, minus ? ST_V_I64 : ST_V_U64, false };
    return p != NULL;
}

static bool json_value(st_stored_scratch *s, st_j what, st_str text, st_value *v)
{
    *v = (st_value){ 0 };
    if (what == ST_J_NULL)
        return true;
    if (what == ST_J_NUMBER)
        return number_value(s, text, v);
    if (what != ST_J_TEXT)
        return false;
    st_str copy = st_arena_copy(&s->arena, text);
    *v = (st_value){ (const unsigned char *)copy.p, (uint32_t)copy.n, ST_V_TEXT, false };
    return copy.p != NULL;
}

static bool fields_of(st_str json, uint16_t (*name_id)(st_str name), st_record *r,
                      st_stored_scratch *s)
{
    st_json j;
    st_json_open_text(&j, ST_JSON_ONE, json);
    j.max_text = ST_MAX_STORED_CELL;
    j.controls = true;
    bool ok = st_json_next(&j) == ST_J_OBJECT;
    while (ok) {
        st_j what = st_json_next(&j);
        if (what == ST_J_OBJECT_END)
            break;
        st_field *f = room_for(s, r->nfields);
        ok = what == ST_J_KEY && f;
        if (!ok)
            break;
        f->name = st_arena_copy(&s->arena, j.text);
        f->id = f->name.p && name_id ? name_id(f->name) : 0;
        what = st_json_next(&j);
        ok = f->name.p && json_value(s, what, j.text, &f->value);
        r->nfields++;
    }
    st_json_close(&j);
    r->fields = s->fields;
    return ok;
}

static bool take_int(st_str *rest, int64_t *out)
{
    st_raw c;
    if (!st_raw_next(rest, &c) || c.kind != ST_RAW_INT)
        return false;
    *out = c.i;
    return true;
}

static bool take_value(st_str *rest, st_value *v)
{
    int64_t what;
    st_raw c;
    *v = (st_value){ 0 };
    if (!take_int(rest, &what))
        return false;
    v->type = (uint8_t)(what & 0xff);
    v->cut = (what & 0x100) != 0;
    if (!(what & 0x200)) {
        v->n = (uint32_t)(what >> 10);
        return true;
    }
    if (!st_raw_next(rest, &c) || c.kind != ST_RAW_BLOB)
        return false;
    v->p = (const unsigned char *)c.s.p;
    v->n = (uint32_t)c.s.n;
    return true;
}

static bool exact_record(st_str rest, uint16_t (*name_id)(st_str name), st_record *r,
                         st_stored_scratch *s)
{
    int64_t v = 0;
    st_raw c;
#define GET(name, type)       \
    if (!take_int(&rest, &v)) \
        return false;         \
    r->name = (type)v;
    HEAD(GET)
#undef GET
    if ((unsigned)r->origin > ST_O_CARVED)
        return false;
#define GET(name)                     \
    if (!take_value(&rest, &r->name)) \
        return false;
    SYSTEM(GET)
#undef GET
    if (!st_raw_next(&rest, &c))
        return false;
    r->damage = c.kind == ST_RAW_TEXT ? st_arena_copy(&s->arena, c.s).p : NULL;
    int64_t n = 0;
    if (!take_int(&rest, &n))
        return false;
    for (; n > 0; n--) {
        st_field *f = room_for(s, r->nfields);
        if (!f || !st_raw_next(&rest, &c) || c.kind != ST_RAW_BLOB || !take_value(&rest, &f->value))
            return false;
        f->name = c.s;
        f->id = name_id ? name_id(c.s) : 0;
        r->nfields++;
    }
    r->fields = s->fields;
    return true;
}

static bool plain_record(const st_raw *c, uint16_t (*name_id)(st_str name), st_record *r,
                         st_stored_scratch *s)
{
    if (!time_of(&c[C_TIME], &r->time_created) || !time_of(&c[C_WRITTEN], &r->written) ||
        !origin_of(c[C_ORIGIN].s, &r->origin) ||
        (c[C_KEYWORDS].kind == ST_RAW_TEXT && !st_str_u64_any(c[C_KEYWORDS].s, &r->keywords)))
        return false;
    text_value(&c[C_COMPUTER], &r->computer);
    text_value(&c[C_CHANNEL], &r->channel);
    text_value(&c[C_PROVIDER], &r->provider);
    text_value(&c[C_PROVIDER_GUID], &r->provider_guid);
    text_value(&c[C_USER], &r->user_sid);
    r->event_id = c[C_EVENT_ID].kind == ST_RAW_INT ? (uint32_t)c[C_EVENT_ID].i : UINT32_MAX;
    r->event_record_id = (uint64_t)c[C_RECORD_ID].i;
    r->offset = (uint64_t)c[C_OFFSET].i;
    r->number = (uint64_t)c[C_NUMBER].i;
    r->user_data = c[C_USER_DATA].i != 0;
    r->level = (uint8_t)c[C_LEVEL].i;
    r->version = (uint8_t)c[C_VERSION].i;
    r->opcode = (uint8_t)c[C_OPCODE].i;
    r->task = (uint16_t)c[C_TASK].i;
    r->execution_pid = (uint32_t)c[C_PID].i;
    r->execution_tid = (uint32_t)c[C_TID].i;
    r->flags = (unsigned)c[C_FLAGS].i;
    r->damage = c[C_DAMAGE].kind == ST_RAW_TEXT ? st_arena_copy(&s->arena, c[C_DAMAGE].s).p : NULL;
    return c[C_FIELDS].kind == ST_RAW_NULL || fields_of(c[C_FIELDS].s, name_id, r, s);
}

bool st_stored_get_record(st_str row, uint16_t (*name_id)(st_str name), st_record *r,
                          st_stored_scratch *s)
{
    st_raw c[COLUMNS] = { 0 };
    *r = (st_record){ .event_id = UINT32_MAX };
    st_arena_free(&s->arena);
    for (size_t i = C_TIME; i < COLUMNS; i++)
        if (!st_raw_next(&row, &c[i]))
            return false;
    if (c[C_EXACT].kind == ST_RAW_BLOB)
        return exact_record(c[C_EXACT].s, name_id, r, s);
    return plain_record(c, name_id, r, s);
}
