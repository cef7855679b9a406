/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_record.c - one record, flat: its fields by their own names, and what the
 * System part says. A field of a name that is taken gets _1, _2 ... behind it.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

static const char *const system_keys[] = {
    "EventID", "Computer",     "Provider",     "TimeCreated", "EventRecordID", "Channel", "Origin",
    "Source",  "SourceOffset", "RecordNumber", "Notes",       "lossy",         "raw",
};

static bool system_key(st_str name)
{
    for (size_t i = 0; i < sizeof system_keys / sizeof system_keys[0]; i++)
        if (st_str_eq(name, st_str_of(system_keys[i])))
            return true;
    return false;
}

static bool taken(const st_record *r, st_str name, size_t before)
{
    if (system_key(name))
        return true;
    for (size_t i = 0; i < before; i++)
        if (st_str_eq(r->fields[i].name, name))
            return true;
    return false;
}

/* The key of field i: its name, or with a suffix that makes it the only one. */
static void field_key(const st_record *r, size_t i, st_buf *key)
{
    st_str name = r->fields[i].name;
    st_buf_clear(key);
    st_buf_str(key, name);
    if (i >= ST_MAX_DISTINCT_FIELDS) {
        st_buf_fmt(key, "#%zu", i);
        return;
    }
    if (!taken(r, name, i))
        return;
    unsigned k = 1;
    for (size_t j = 0; j < i; j++)
        k += st_str_eq(r->fields[j].name, name);
    if (!system_key(name))
        k--;
    size_t all = r->nfields < ST_MAX_DISTINCT_FIELDS ? r->nfields : ST_MAX_DISTINCT_FIELDS;
    do {
        key->n = name.n < key->n ? name.n : key->n;
        st_buf_fmt(key, "_%u", k++);
    } while (!key->failed && k < ST_MAX_DISTINCT_FIELDS && taken(r, st_buf_slice(key), all));
}

static bool integer(const st_value *v)
{
    bool width = v->n == 1 || v->n == 2 || v->n == 4 || v->n == 8; /* of another, it shows as hex */
    return v->p && v->type >= ST_V_I8 && v->type <= ST_V_U64 && width;
}

/* The value's text; false if a character had to be replaced. */
static bool value_text(const st_record *r, const st_value *v, st_buf *text)
{
    st_buf_clear(text);
    unsigned replaced = v->p ? st_value_text(v, text) : 0;
    if (r->lossy)
        *r->lossy += replaced;
    return !replaced;
}

typedef struct flat {
    const st_record *r;
    st_buf *b;
    st_buf text, key, lossy, raw; /* lossy, raw: the insides of their array and object */
} flat;

static void keep_raw(flat *x, st_str key, const unsigned char *p, size_t n)
{
    if (x->lossy.n)
        st_buf_char(&x->lossy, ',');
    st_json_str(&x->lossy, key);
    if (x->raw.n)
        st_buf_char(&x->raw, ',');
    st_json_str(&x->raw, key);
    st_buf_str(&x->raw, ST_STR(":\""));
    st_buf_hex(&x->raw, p, n, false);
    st_buf_char(&x->raw, '"');
}

static void put_value(flat *x, st_str key, const st_value *v)
{
    if (!value_text(x->r, v, &x->text))
        keep_raw(x, key, v->p, v->n);
    if (integer(v) && x->text.n)
        st_json_digits(x->b, st_buf_slice(&x->text));
    else
        st_json_str(x->b, st_buf_slice(&x->text));
}

static void put_fields(flat *x, bool more)
{
    for (size_t i = 0; i < x->r->nfields; i++) {
        field_key(x->r, i, &x->key);
        if (more)
            st_buf_char(x->b, ',');
        more = true;
        st_json_str(x->b, st_buf_slice(&x->key));
        st_buf_char(x->b, ':');
        put_value(x, st_buf_slice(&x->key), &x->r->fields[i].value);
    }
}

static void put_time(st_buf *b, st_ticks t)
{
    st_buf_char(b, '"');
    st_buf_time_iso(b, t);
    st_buf_char(b, '"');
}

static void put_notes(const st_record *r, st_buf *b)
{
    static const struct {
        unsigned flag;
        const char *word;
    } notes[] = {
        { ST_R_CRC, "crc" },
        { ST_R_TRAILER, "trailer" },
        { ST_R_BORROWED, "borrowed-template" },
        { ST_R_REPAIRED, "repaired" },
        { ST_R_PARTIAL, "partial" },
    };
    size_t start = b->n;
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (!(r->flags & notes[i].flag))
            continue;
        if (b->n > start)
            st_buf_str(b, ST_STR("; "));
        st_buf_str(b, st_str_of(notes[i].word));
    }
    if (r->damage) {
        st_buf_char(b, ':');
        st_buf_str(b, st_str_of(r->damage));
    }
}

static void put_system_value(flat *x, bool *more, const char *key, const st_value *v)
{
    st_json_key(x->b, more, key);
    value_text(x->r, v, &x->text);
    st_json_str(x->b, st_buf_slice(&x->text));
}

static void put_system(flat *x, st_str source, bool *more)
{
    const st_record *r = x->r;
    if (r->event_id != UINT32_MAX)
        st_json_num(x->b, more, "EventID", r->event_id);
    put_system_value(x, more, "Computer", &r->computer);
    put_system_value(x, more, "Provider", &r->provider);
    st_json_key(x->b, more, "TimeCreated");
    put_time(x->b, r->time_created);
    st_json_num(x->b, more, "EventRecordID", r->event_record_id);
    put_system_value(x, more, "Channel", &r->channel);
    st_json_text(x->b, more, "Origin", st_str_of(st_origin_word(r->origin)));
    st_json_text(x->b, more, "Source", source);
    st_json_num(x->b, more, "SourceOffset", r->offset);
    st_json_num(x->b, more, "RecordNumber", r->number);
    st_buf_clear(&x->text);
    put_notes(r, &x->text);
    if (x->text.n)
        st_json_text(x->b, more, "Notes", st_buf_slice(&x->text));
    if (!st_utf8_valid(source))
        keep_raw(x, ST_STR("Source"), (const unsigned char *)source.p, source.n);
}

static void flat_end(flat *x)
{
    x->b->failed |= x->text.failed || x->key.failed || x->lossy.failed || x->raw.failed;
    st_buf_free(&x->text);
    st_buf_free(&x->key);
    st_buf_free(&x->lossy);
    st_buf_free(&x->raw);
}

static void put_extras(flat *x)
{
    if (!x->lossy.n)
        return;
    st_buf_str(x->b, ST_STR(",\"lossy\":["));
    st_buf_str(x->b, st_buf_slice(&x->lossy));
    st_buf_str(x->b, ST_STR("],\"raw\":{"));
    st_buf_str(x->b, st_buf_slice(&x->raw));
    st_buf_char(x->b, '}');
}

void st_write_record_jsonl(st_buf *b, const st_record *r, st_str source)
{
    flat x = { .r = r, .b = b };
    bool more = false;
    st_buf_char(b, '{');
    put_system(&x, source, &more);
    put_fields(&x, more);
    put_extras(&x);
    st_buf_put(b, "}\n", 2);
    flat_end(&x);
}

/* CSV */

static const char *const csv_names[] = {
    "TimeCreated", "Computer", "Channel",      "Provider",     "EventID", "EventRecordID",
    "Origin",      "Source",   "SourceOffset", "RecordNumber", "Notes",   "Fields",
};

void st_write_record_csv_head(st_buf *b)
{
    st_csv_head(b, csv_names, sizeof csv_names / sizeof csv_names[0], false);
}

static void csv_value(st_buf *b, flat *x, const st_value *v, bool raw)
{
    value_text(x->r, v, &x->text);
    st_csv_field(b, st_buf_slice(&x->text), raw, false, NULL);
    st_buf_char(b, ',');
}

static void csv_number(st_buf *b, uint64_t v)
{
    st_csv_u64(b, v);
    st_buf_char(b, ',');
}

void st_write_record_csv(st_buf *b, const st_record *r, st_str source, bool raw)
{
    st_buf fields = { 0 };
    flat x = { .r = r, .b = &fields };
    put_time(b, r->time_created);
    st_buf_char(b, ',');
    csv_value(b, &x, &r->computer, raw);
    csv_value(b, &x, &r->channel, raw);
    csv_value(b, &x, &r->provider, raw);
    if (r->event_id != UINT32_MAX)
        csv_number(b, r->event_id);
    else
        st_buf_str(b, ST_STR("\"\","));
    csv_number(b, r->event_record_id);
    st_csv_field(b, st_str_of(st_origin_word(r->origin)), raw, false, NULL);
    st_buf_char(b, ',');
    st_csv_field(b, source, raw, false, NULL);
    st_buf_char(b, ',');
    csv_number(b, r->offset);
    csv_number(b, r->number);
    st_buf_clear(&x.text);
    put_notes(r, &x.text);
    st_csv_field(b, st_buf_slice(&x.text), raw, false, NULL);
    st_buf_str(&fields, ST_STR("{"));
    put_fields(&x, false);
    put_extras(&x);
    st_buf_char(&fields, '}');
    flat_end(&x);
    st_buf_char(b, ',');
    st_csv_field(b, st_buf_slice(&fields), raw, false, NULL);
    st_buf_str(b, ST_STR("\r\n"));
    b->failed |= fields.failed;
    st_buf_free(&fields);
}
