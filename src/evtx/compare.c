/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.c - a record as a list of named texts. Nothing here knows what may differ: the
 * normalisation is the one that verify.h states.
 */
#include "evtx/compare.h"
#include "evtx/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum form { F_VALUE, F_U8, F_U16, F_U32, F_U64, F_TIME } form;

static const struct {
    const char *name;
    form form;
    size_t at; /* in st_record */
} SYSTEM[] = {
    { "Provider", F_VALUE, offsetof(st_record, provider) },
    { "ProviderGuid", F_VALUE, offsetof(st_record, provider_guid) },
    { "Channel", F_VALUE, offsetof(st_record, channel) },
    { "Computer", F_VALUE, offsetof(st_record, computer) },
    { "UserID", F_VALUE, offsetof(st_record, user_sid) },
    { "EventID", F_U32, offsetof(st_record, event_id) },
    { "EventRecordID", F_U64, offsetof(st_record, event_record_id) },
    { "TimeCreated", F_TIME, offsetof(st_record, time_created) },
    { "Version", F_U8, offsetof(st_record, version) },
    { "Level", F_U8, offsetof(st_record, level) },
    { "Opcode", F_U8, offsetof(st_record, opcode) },
    { "Task", F_U16, offsetof(st_record, task) },
    { "Keywords", F_U64, offsetof(st_record, keywords) },
    { "ExecutionProcessID", F_U32, offsetof(st_record, execution_pid) },
    { "ExecutionThreadID", F_U32, offsetof(st_record, execution_tid) },
};

static st_named_text *add(st_items *x, st_str name)
{
    if (!st_grow(&x->at, &x->cap, x->n + 1, sizeof *x->at)) {
        x->failed = true;
        return NULL;
    }
    st_named_text *it = &x->at[x->n++];
    *it = (st_named_text){ .name = x->bytes.n, .name_n = name.n };
    st_buf_str(&x->bytes, name);
    it->text = x->bytes.n;
    return it;
}

/* Ends the text of an item: NULs at its end are none of it. */
static void close_item(st_items *x, st_named_text *it)
{
    it->text_n = x->bytes.n - it->text;
    while (it->text_n && !x->bytes.p[it->text + it->text_n - 1])
        it->text_n--;
}

static void add_value(st_items *x, st_str name, const st_value *v)
{
    st_named_text *it = add(x, name);
    if (!it)
        return;
    it->value = *v;
    if (v->p)
        st_value_text(v, &x->bytes);
    close_item(x, it);
}

/* An array is as many elements of one name. */
static void add_field(st_items *x, const st_field *f)
{
    uint32_t pos = 0;
    st_value v;
    if (!(f->value.type & ST_V_ARRAY) || !f->value.n) {
        add_value(x, f->name, &f->value);
        return;
    }
    while (st_value_item(&f->value, &pos, &v))
        add_value(x, f->name, &v);
}

static uint64_t number(const void *p, form f)
{
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    switch (f) {
    case F_U8: memcpy(&a, p, sizeof a); return a;
    case F_U16: memcpy(&b, p, sizeof b); return b;
    case F_U32: memcpy(&c, p, sizeof c); return c;
    default: memcpy(&d, p, sizeof d); return d;
    }
}

static void add_number(st_items *x, st_str name, form f, uint64_t v)
{
    st_named_text *it = add(x, name);
    if (!it)
        return;
    if (f == F_TIME)
        st_buf_time_iso(&x->bytes, v);
    else
        st_buf_u64(&x->bytes, v);
    close_item(x, it);
}

void st_items_of(st_items *x, const st_record *r)
{
    st_buf_clear(&x->bytes);
    x->n = 0;
    for (size_t i = 0; i < sizeof SYSTEM / sizeof SYSTEM[0]; i++) {
        const char *p = (const char *)r + SYSTEM[i].at;
        st_value v;
        if (SYSTEM[i].form == F_VALUE) {
            memcpy(&v, p, sizeof v);
            add_value(x, st_str_of(SYSTEM[i].name), &v);
        } else {
            add_number(x, st_str_of(SYSTEM[i].name), SYSTEM[i].form, number(p, SYSTEM[i].form));
        }
    }
    x->system = x->n;
    for (size_t i = 0; i < r->nfields; i++)
        add_field(x, &r->fields[i]);
    x->failed |= x->bytes.failed;
}

void st_items_free(st_items *x)
{
    st_buf_free(&x->bytes);
    free(x->at);
    *x = (st_items){ 0 };
}

st_str st_item_name(const st_items *x, size_t i)
{
    return (st_str){ x->bytes.p + x->at[i].name, x->at[i].name_n };
}

st_str st_item_text(const st_items *x, size_t i)
{
    return (st_str){ x->bytes.p + x->at[i].text, x->at[i].text_n };
}

/* Little-endian, as it stands in the record. */
static uint64_t bits_of(const st_value *v)
{
    uint64_t bits = 0;
    for (uint32_t i = v->n; i-- > 0;)
        bits = bits << 8 | v->p[i];
    return bits;
}

st_str st_item_spelled(const st_items *x, size_t i, char room[ST_SPELLED])
{
    const st_value *v = &x->at[i].value;
    uint32_t width = v->p ? st_value_width(v->type) : 0;
    st_str text = st_item_text(x, i);
    if (!width || v->n != width)
        return text;
    if (v->type == ST_V_HEX32 || v->type == ST_V_HEX64) {
        snprintf(room, ST_SPELLED, "0x%0*" PRIx64, (int)(2 * width), bits_of(v));
        return st_str_of(room);
    }
    if (v->type != ST_V_FILETIME || text.n + 3 > ST_SPELLED || !text.n || text.p[text.n - 1] != 'Z')
        return text;
    memcpy(room, text.p, text.n - 1);
    memcpy(room + text.n - 1, "00Z", 4);
    return st_str_of(room);
}

uint64_t st_items_digest(const st_items *x, bool spelled)
{
    uint64_t h = x->n;
    char room[ST_SPELLED];
    if (x->failed || x->bytes.failed) /* its texts aren't all there; who asked looks at that */
        return 0;
    for (size_t i = 0; i < x->n; i++) {
        st_str name = st_item_name(x, i);
        st_str text = spelled ? st_item_spelled(x, i, room) : st_item_text(x, i);
        h = st_hash(name.p, name.n, h);
        h = st_hash(text.p, text.n, h);
    }
    return h;
}
