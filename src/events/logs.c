/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.c - records that are kept whole, by their channel: which, and in what form.
 *
 * Windows' own logs have some ten thousand kinds of events, each with fields of its own, so they
 * have no columns. A record's fields are one text, names and values in turn, each ended by a NUL
 * (which no value keeps): a field is found by walking it.
 */
#include "events/store.h"

#include <string.h>

static const st_event_kind kinds[] = {
    { { ST_LOGS, 0 },
      "log",
      "% %",
      { ST_T_log_provider, ST_T_log_event },
      ST_T_NONE,
      { ST_T_log_provider, ST_T_log_event, ST_T_log_level, ST_T_log_fields } },
};

const st_provider st_logs = { .name = "", .shown = "log ", .kinds = kinds, .nkinds = 1 };

/* which */

static bool names(const st_log_wanted *w, const st_value *channel)
{
    char text[256];
    if (w->channel.n >= sizeof text)
        return false;
    memcpy(text, w->channel.p, w->channel.n);
    text[w->channel.n] = 0;
    return st_value_is(channel, text);
}

static size_t first_named(const st_logs_filter *f, const st_value *channel)
{
    size_t i = 0;
    while (i < f->n && !names(&f->v[i], channel))
        i++;
    return i;
}

static bool has_id(const st_log_wanted *w, uint32_t id)
{
    size_t i = 0;
    while (i < w->nids && w->ids[i] != id)
        i++;
    return !w->ids || i < w->nids;
}

bool st_log_wants(st_logs_filter *f, const st_record *r)
{
    const st_value *c = &r->channel;
    if (!f->n || !c->p)
        return false;
    if (!f->recent_n || f->recent_n != c->n || f->recent_type != c->type ||
        memcmp(f->recent, c->p, c->n) != 0) {
        f->first = first_named(f, c);
        f->recent_n = c->n <= sizeof f->recent ? c->n : 0;
        f->recent_type = c->type;
        memcpy(f->recent, c->p, f->recent_n);
    }
    return f->first < f->n && has_id(&f->v[f->first], r->event_id);
}

/* in what form */

static void put_part(st_str s, st_buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i])
            st_buf_char(out, s.p[i]);
    st_buf_char(out, 0);
}

void st_log_put_fields(const st_record *r, st_buf *value, st_buf *out, uint64_t *replaced)
{
    for (size_t i = 0; i < r->nfields; i++) {
        const st_value *v = &r->fields[i].value;
        if (!v->p && v->type == ST_V_NULL)
            continue;
        st_buf_clear(value);
        *replaced += st_value_text(v, value);
        put_part(r->fields[i].name, out);
        put_part(st_buf_slice(value), out);
    }
}

static bool take_part(st_str fields, size_t *at, st_str *out)
{
    const char *from = fields.p + *at, *end;
    if (*at >= fields.n || !(end = memchr(from, 0, fields.n - *at)))
        return false;
    *out = (st_str){ from, (size_t)(end - from) };
    *at += out->n + 1;
    return true;
}

bool st_log_next(st_str fields, size_t *at, st_str *name, st_str *value)
{
    return take_part(fields, at, name) && take_part(fields, at, value);
}

/* The recorded name without its blanks is that name, in any case. */
static bool is_without_blanks(st_str recorded, st_str name)
{
    size_t k = 0;
    for (size_t i = 0; i < recorded.n; i++) {
        st_str one = { recorded.p + i, 1 };
        if (recorded.p[i] == ' ')
            continue;
        if (k == name.n || !st_str_ieq(one, (st_str){ name.p + k, 1 }))
            return false;
        k++;
    }
    return k == name.n;
}

st_str st_log_field(st_str fields, st_str name)
{
    size_t at = 0;
    st_str n, v, close = { 0 };
    while (st_log_next(fields, &at, &n, &v)) {
        if (st_str_ieq(n, name))
            return v;
        if (!close.p && n.n > name.n && is_without_blanks(n, name))
            close = v;
    }
    return close;
}
