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

#define WHOLE(id, ...)                                                                           \
    {                                                                                            \
        { ST_LOGS, id }, "log", "% %", { ST_T_log_provider, ST_T_log_event }, ST_T_NONE,         \
            { ST_T_log_provider, ST_T_log_event, ST_T_log_level, ST_T_log_fields, __VA_ARGS__ }, \
            ST_TIE_TIME                                                                          \
    }

static const st_event_kind kinds[ST_LOG_KINDS] = {
    WHOLE(ST_LOG_NAMED, 0),
    WHOLE(ST_LOG_SECURITY, ST_T_log_system),
    WHOLE(ST_LOG_OTHER, ST_T_log_system),
    WHOLE(ST_LOG_SYSMON, ST_T_log_system),
};

#define ROW(id, table)                    \
    {                                     \
        id, table, table, ST_T_NONE, NULL \
    }
static const st_event_rows rows[] = {
    ROW(ST_LOG_SECURITY, "SecurityEvent"),
    ROW(ST_LOG_SECURITY, "WindowsEvent"),
    ROW(ST_LOG_OTHER, "Event"),
    ROW(ST_LOG_OTHER, "WindowsEvent"),
    ROW(ST_LOG_SYSMON, "Event"),
    ROW(ST_LOG_SYSMON, "WindowsEvent"),
    ROW(ST_LOG_SYSMON, "Sysmon"),
};

const st_provider st_logs = { .name = "",
                              .shown = "log ",
                              .kinds = kinds,
                              .nkinds = ST_LOG_KINDS,
                              .rows = rows,
                              .nrows = sizeof rows / sizeof *rows };

static bool has_number(const uint32_t *v, size_t n, uint32_t x)
{
    size_t i = 0;
    while (i < n && v[i] != x)
        i++;
    return i < n;
}

static bool has_text(const st_str *v, size_t n, st_str x)
{
    size_t i = 0;
    while (i < n && !st_str_ieq(v[i], x))
        i++;
    return i < n;
}

static bool keeps_event(const st_log_keep *k, uint32_t id)
{
    return !k || k->every_event || has_number(k->ids, k->nids, id);
}

size_t st_log_kind(const st_event_set *wanted, const st_log_keep *keep, unsigned provider,
                   const st_record *r)
{
    size_t first = ST_EVENT_KINDS - ST_LOG_KINDS, kind = first; /* the last of all */
    bool any = false;
    for (size_t i = ST_LOG_SECURITY; i < ST_LOG_KINDS; i++)
        any |= st_event_set_has(wanted, first + i);
    if (!any || !keeps_event(keep, r->event_id))
        return st_event_kinds();
    if (provider == ST_SYSMON)
        kind += ST_LOG_SYSMON;
    else
        kind += st_value_is(&r->channel, "Security") ? ST_LOG_SECURITY : ST_LOG_OTHER;
    return st_event_set_has(wanted, kind) ? kind : st_event_kinds();
}

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
    return !w->ids || has_number(w->ids, w->nids, id);
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

bool st_log_keep_add(st_arena *a, st_log_keep *k, const uint32_t *ids, size_t nids,
                     const st_str *fields, size_t nfields)
{
    uint32_t *all_ids = ST_NEWN(a, uint32_t, k->nids + nids);
    st_str *all = ST_NEWN(a, st_str, k->nfields + nfields);
    if (!all_ids || !all)
        return false;
    if (k->nids)
        memcpy(all_ids, k->ids, k->nids * sizeof *all_ids);
    if (k->nfields)
        memcpy(all, k->fields, k->nfields * sizeof *all);
    k->ids = all_ids;
    k->fields = all;
    for (size_t i = 0; i < nids; i++)
        if (!has_number(k->ids, k->nids, ids[i]))
            all_ids[k->nids++] = ids[i];
    for (size_t i = 0; i < nfields; i++)
        if (!has_text(k->fields, k->nfields, fields[i]))
            all[k->nfields++] = st_arena_copy(a, fields[i]);
    return !a->failed;
}

/* in what form */

static void put_part(st_str s, st_buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i])
            st_buf_char(out, s.p[i]);
    st_buf_char(out, 0);
}

static void put_number(const char *name, uint64_t v, bool hex, st_buf *out)
{
    put_part(st_str_of(name), out);
    st_buf_fmt(out, hex ? "0x%llx" : "%llu", (unsigned long long)v);
    st_buf_char(out, 0);
}

void st_log_put_system(const st_record *r, st_buf *value, st_buf *out)
{
    put_number("Version", r->version, false, out);
    put_number("Task", r->task, false, out);
    put_number("Opcode", r->opcode, false, out);
    put_number("Keywords", r->keywords, true, out);
    put_number("ProcessID", r->execution_pid, false, out);
    put_number("ThreadID", r->execution_tid, false, out);
    if (!r->user_sid.p)
        return;
    st_buf_clear(value);
    (void)st_value_text(&r->user_sid, value);
    put_part(ST_STR("UserID"), out);
    put_part(st_buf_slice(value), out);
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

static bool keeps_field(const st_log_keep *k, st_str recorded)
{
    size_t i = 0;
    if (!k || k->every_field)
        return true;
    while (i < k->nfields && !st_str_ieq(recorded, k->fields[i]) &&
           !(recorded.n > k->fields[i].n && is_without_blanks(recorded, k->fields[i])))
        i++;
    return i < k->nfields;
}

void st_log_put_fields(const st_record *r, const st_log_keep *keep, st_buf *value, st_buf *out,
                       uint64_t *replaced)
{
    for (size_t i = 0; i < r->nfields; i++) {
        const st_value *v = &r->fields[i].value;
        if ((!v->p && v->type == ST_V_NULL) || !keeps_field(keep, r->fields[i].name))
            continue;
        st_buf_clear(value);
        *replaced += st_value_text(v, value);
        put_part(r->fields[i].name, out);
        put_part(st_buf_slice(value), out);
    }
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
