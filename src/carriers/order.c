/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.c - names for values that a carrier gives without them, and the fields of a message.
 *
 * A list of values gets names where there is a layout of as many, and what can be told of their
 * forms fits. In a message of Sysmon each field has its line; one whose name begins two lines is
 * none's, since a value may hold lines, too.
 */
#include "map.h"

#include <string.h>

typedef enum form { ANY, TIME, GUID, NUMBER, FLAG, HASHES } form;

typedef struct column {
    const char *name; /* NULL: an event begins */
    const char *provider;
    uint16_t since; /* values of the first layout that has it; of an event, its id */
    uint8_t form;
} column;

#define SYSMON "Microsoft-Windows-Sysmon"
#define SECURITY "Microsoft-Windows-Security-Auditing"
#define SERVICES "Service Control Manager"
#define POWERSHELL "Microsoft-Windows-PowerShell"

static const column COLUMNS[] = {
#define EVENT(provider, id) { NULL, provider, id, ANY },
#define ANY(name, since) { name, NULL, since, ANY },
#define TIME(name, since) { name, NULL, since, TIME },
#define GUID(name, since) { name, NULL, since, GUID },
#define NUMBER(name, since) { name, NULL, since, NUMBER },
#define FLAG(name, since) { name, NULL, since, FLAG },
#define HASHES(name, since) { name, NULL, since, HASHES },
#include "layouts.def"
#undef EVENT
#undef ANY
#undef TIME
#undef GUID
#undef NUMBER
#undef FLAG
#undef HASHES
};

/* The columns of one event. */
typedef struct layout {
    const column *columns;
    size_t n;
} layout;

static layout layout_of(const mapping *m)
{
    const column *end = COLUMNS + sizeof COLUMNS / sizeof COLUMNS[0];
    layout l = { 0 };
    for (const column *k = COLUMNS; k < end; k++) {
        if (!k->name && l.columns)
            break;
        if (l.columns)
            l.n++;
        else if (!k->name && k->since == m->r.event_id &&
                 st_str_ieq(m->parts[P_PROVIDER], st_str_of(k->provider)))
            l.columns = k + 1;
    }
    return l;
}

/* Are there n values in a layout, if the columns of it are those since n? */
static bool is_layout(layout l, size_t n)
{
    size_t have = 0;
    for (size_t i = 0; i < l.n; i++)
        have += l.columns[i].since <= n;
    return n && have == n;
}

static bool fits(form f, st_str s)
{
    st_ticks t;
    st_guid g;
    uint64_t n;
    switch (f) {
    case TIME: return st_time_sysmon(s, &t);
    case GUID: return st_guid_parse(s, &g);
    case NUMBER: return st_str_u64_any(s, &n);
    case FLAG: return st_str_ieq(s, ST_STR("true")) || st_str_ieq(s, ST_STR("false"));
    case HASHES: return s.n < 2 || memchr(s.p, '=', s.n) || st_str_ieq(s, ST_STR("unknown"));
    case ANY: break;
    }
    return true;
}

static st_str text_of(const st_field *f)
{
    return (st_str){ (const char *)f->value.p, f->value.n };
}

/* All fields are values without names; they get them, if a layout fits. */
static void name_list(mapping *m, layout l)
{
    st_carrying *c = m->c;
    size_t n = c->nfields, at = 0;
    if (m->unnamed != n || !is_layout(l, n))
        return;
    for (size_t i = 0; i < l.n; i++)
        if (l.columns[i].since <= n && !fits((form)l.columns[i].form, text_of(&c->fields[at++])))
            return;
    at = 0;
    for (size_t i = 0; i < l.n; i++) {
        if (l.columns[i].since > n)
            continue;
        st_field *f = &c->fields[at++];
        f->name = st_str_of(l.columns[i].name);
        f->id = c->ops->name_id ? c->ops->name_id(f->name) : 0;
    }
    m->unnamed = 0;
}

/* messages */

/* Where a line begins with "name:", at or behind from; *value: where its value begins. s.n: there
 * is none. */
static size_t line_of(st_str s, size_t from, const char *name, size_t *value)
{
    size_t n = strlen(name);
    while (from < s.n) {
        const char *eol = memchr(s.p + from, '\n', s.n - from);
        if (!eol)
            break;
        size_t at = (size_t)(eol + 1 - s.p);
        if (s.n - at > n && memcmp(s.p + at, name, n) == 0 && s.p[at + n] == ':') {
            *value = at + n + 1;
            *value += *value < s.n && s.p[*value] == ' ';
            return at;
        }
        from = at;
    }
    return s.n;
}

enum { MOST = 32 }; /* columns of an event */

typedef struct place {
    size_t line, value; /* where they begin; line == text's length: there is none */
} place;

/* The lines of all fields, in their order, each once. False: they aren't such. */
static bool find_lines(layout l, st_str text, place *places)
{
    size_t from = 0, have = 0, again;
    for (size_t i = 0; i < l.n; i++) {
        places[i].line = line_of(text, 0, l.columns[i].name, &places[i].value);
        if (places[i].line == text.n)
            continue;
        if (places[i].line < from ||
            line_of(text, places[i].line, l.columns[i].name, &again) != text.n)
            return false;
        from = places[i].line;
        have++;
    }
    for (size_t i = 0; i < l.n; i++)
        if ((places[i].line < text.n) != (l.columns[i].since <= have))
            return false;
    return is_layout(l, have);
}

static st_str value_at(layout l, st_str text, const place *places, size_t i)
{
    size_t end = text.n;
    for (size_t k = i + 1; k < l.n && end == text.n; k++)
        end = places[k].line;
    while (end > places[i].value && (text.p[end - 1] == '\n' || text.p[end - 1] == '\r'))
        end--;
    return (st_str){ text.p + places[i].value, end > places[i].value ? end - places[i].value : 0 };
}

static void read_message(mapping *m, layout l, st_str text)
{
    place places[MOST];
    if (l.n > MOST || !find_lines(l, text, places))
        return;
    for (size_t i = 0; i < l.n; i++)
        if (places[i].line < text.n && !fits((form)l.columns[i].form, value_at(l, text, places, i)))
            return;
    m->c->nfields = 0;
    m->unnamed = 0;
    for (size_t i = 0; i < l.n; i++)
        if (places[i].line < text.n)
            st_map_put(m, st_str_of(l.columns[i].name), value_at(l, text, places, i));
}

static const char *const MESSAGES[] = { "Message", "message", "Description",
                                        "RenderedDescription" };

bool st_map_order(mapping *m)
{
    layout l = layout_of(m);
    if (!l.n)
        return true;
    if (m->c->nfields)
        name_list(m, l);
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        if (m->c->nfields > m->unnamed || !st_str_ieq(m->parts[P_PROVIDER], ST_STR(SYSMON)))
            break;
        read_message(m, l, st_map_at(m, MESSAGES[i]));
    }
    return !m->unnamed || m->c->nfields > m->unnamed;
}
