/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_columns.c - how the columns of other events than creations are computed.
 *
 * A row's number leads to its event, that to the columns of its kind. What an event doesn't
 * record is empty; what it records about the process that acted goes before what that process's
 * own creation says, and of the latter only an observed one is asked.
 */
#include "rules/engine/tables/tables.h"
#include "shelltree/json.h"

#include <arpa/inet.h>
#include <string.h>

/* the event */

static const st_events *columns(const st_run *r, const st_event *e)
{
    return &r->forest->store->events[e->kind];
}

static bool is(const st_event *e, st_event_key key)
{
    return st_event_key_eq(st_event_kind_at(e->kind)->key, key);
}

static st_sid text_id(const st_run *r, const st_event *e, st_event_text t)
{
    size_t c = st_event_column(st_event_kind_at(e->kind), t);
    return c == SIZE_MAX ? ST_EMPTY : st_get_clean(r, columns(r, e)->text[c][e->row]);
}

static st_str text(const st_run *r, const st_event *e, st_event_text t)
{
    return st_pool_get(r->mem.pool, text_id(r, e, t));
}

/* An image; Sysmon has words for one that it didn't know. */
static st_sid image_id(const st_run *r, const st_event *e, st_event_text t)
{
    st_sid s = text_id(r, e, t);
    return st_str_eq(st_pool_get(r->mem.pool, s), ST_STR("<unknown process>")) ? ST_EMPTY : s;
}

static bool whole_number(st_str s, uint64_t *out)
{
    st_value v = { .p = (const unsigned char *)s.p, .n = (uint32_t)s.n, .type = ST_V_TEXT };
    return s.n && st_value_u64(&v, out) && *out <= INT64_MAX;
}

static st_val number_in(st_str s)
{
    uint64_t u;
    return whole_number(s, &u) ? st_val_long((int64_t)u) : st_val_null();
}

st_val st_get_event_time(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    st_ticks created = columns(r, e)->created[e->row];
    return st_val_filetime(created ? created : columns(r, e)->utc[e->row]);
}

st_val st_get_event_record(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return st_val_long((int64_t)columns(r, e)->event_record_id[e->row]);
}

st_val st_get_event_action(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    const st_event_rows *k;
    st_event_key key;
    for (size_t i = 0; (k = st_event_rows_at(i, &key)) != NULL; i++)
        if (is(e, key) && (!k->when || st_str_ieq(text(r, e, k->when), st_str_of(k->is))))
            return st_val_str(&r->mem, st_str_of(k->action));
    return st_val_sid(ST_EMPTY);
}

st_val st_get_event_table(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    const st_event_rows *k;
    st_event_key key;
    for (size_t i = 0; (k = st_event_rows_at(i, &key)) != NULL; i++)
        if (is(e, key))
            return st_val_str(&r->mem, st_str_of(k->table));
    return st_val_sid(ST_EMPTY);
}

/* files */

/* "C:\a.txt:Zone.Identifier" in two: the file, and the stream behind the colon of its name. */
static void cut_stream(st_str path, st_str *file, st_str *stream)
{
    st_str name = st_str_basename(path);
    const char *colon = name.n < path.n && name.n ? memchr(name.p, ':', name.n) : NULL;
    size_t at = colon ? (size_t)(colon - path.p) : path.n;
    *file = (st_str){ path.p, at };
    *stream = colon ? (st_str){ colon + 1, path.n - at - 1 } : ST_STR("");
}

st_val st_get_event_path(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    st_sid id = image_id(r, e, st_event_kind_at(e->kind)->path);
    if (is(e, ST_SYSMON_EVENT(15))) {
        st_str file, stream;
        cut_stream(st_pool_get(r->mem.pool, id), &file, &stream);
        id = st_val_str(&r->mem, file).u.s;
    }
    return c->arg ? st_get_base_name(r, id) : st_val_sid(id);
}

/* Of the file the event is about; of a process, its image's. */
st_val st_get_event_hash(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    if (!is(e, ST_SYSMON_EVENT(24))) /* the clipboard's content is no file */
        return st_get_hash_in(r, text_id(r, e, ST_T_hashes), c->arg);
    return st_val_sid(ST_EMPTY);
}

/* "HostUrl=..." up to white space, at the start of a line of a Zone.Identifier stream. */
st_val st_get_origin_url(st_run *r, st_node n, const st_getter *c)
{
    static const st_str keys[] = { { "HostUrl=", 8 }, { "ReferrerUrl=", 12 } };
    st_str s = text(r, st_lineage_event(r, n), ST_T_contents), key = keys[c->arg];
    for (size_t i = 0; i + key.n <= s.n; i++) {
        if ((i && (unsigned char)s.p[i - 1] > ' ') || memcmp(s.p + i, key.p, key.n) != 0)
            continue;
        size_t from = i + key.n, to = from;
        while (to < s.n && (unsigned char)s.p[to] > ' ')
            to++;
        return st_val_str(&r->mem, (st_str){ s.p + from, to - from });
    }
    return st_val_sid(ST_EMPTY);
}

/* connections */

/* Sysmon's source is who connected; the remote side of an inbound connection is its source. */
static st_event_text side(const st_run *r, const st_event *e, int arg, st_event_text source,
                          st_event_text destination)
{
    bool inbound = st_str_ieq(text(r, e, ST_T_initiated), ST_STR("false"));
    return inbound == (arg == 0) ? source : destination;
}

st_val st_get_net_ip(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    return st_val_sid(text_id(r, e, side(r, e, c->arg, ST_T_source_ip, ST_T_destination_ip)));
}

st_val st_get_net_port(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    return number_in(text(r, e, side(r, e, c->arg, ST_T_source_port, ST_T_destination_port)));
}

st_val st_get_net_host(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    return st_val_sid(
        text_id(r, e, side(r, e, c->arg, ST_T_source_hostname, ST_T_destination_hostname)));
}

st_val st_get_net_protocol(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    st_str s = text(r, e, ST_T_protocol);
    if (st_str_ieq(s, ST_STR("tcp")))
        return st_val_str(&r->mem, ST_STR("Tcp"));
    if (st_str_ieq(s, ST_STR("udp")))
        return st_val_str(&r->mem, ST_STR("Udp"));
    return st_val_sid(text_id(r, e, ST_T_protocol));
}

/* Prefixes of the special-purpose address registries, the first that fits; addresses of four
 * bytes are compared as ::ffff:a.b.c.d. What documentation uses (192.0.2.0/24 ...) counts as
 * public. */
typedef struct prefix {
    unsigned char bytes[16];
    unsigned bits;
    const char *type;
} prefix;

#define V4(a, b, c, d, bits, type)                                                  \
    {                                                                               \
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, 96 + (bits), type \
    }
#define V6(a, b, c, d, bits, type) \
    {                              \
        { a, b, c, d }, bits, type \
    }

static const prefix prefixes4[] = {
    V4(127, 0, 0, 0, 8, "Loopback"),     V4(10, 0, 0, 0, 8, "Private"),
    V4(172, 16, 0, 0, 12, "Private"),    V4(192, 168, 0, 0, 16, "Private"),
    V4(169, 254, 0, 0, 16, "LinkLocal"), V4(255, 255, 255, 255, 32, "Broadcast"),
    V4(224, 0, 0, 0, 4, "Multicast"),    V4(240, 0, 0, 0, 4, "Reserved"),
    V4(0, 0, 0, 0, 8, "Reserved"),       V4(100, 64, 0, 0, 10, "Reserved"),
    V4(192, 0, 0, 0, 24, "Reserved"),    V4(198, 18, 0, 0, 15, "Reserved"),
    V4(0, 0, 0, 0, 0, "Public"),
};
static const prefix prefixes6[] = {
    { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128, "Loopback" },
    { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0 }, 96, "FourToSixMapping" },
    V6(0x20, 0x01, 0, 0, 32, "Teredo"),
    V6(0xfc, 0, 0, 0, 7, "Private"),
    V6(0xfe, 0x80, 0, 0, 10, "LinkLocal"),
    V6(0xff, 0, 0, 0, 8, "Multicast"),
    V6(0, 0, 0, 0, 8, "Reserved"),
    V6(0, 0, 0, 0, 0, "Public"),
};

static const char *type_of(const unsigned char *address, const prefix *p)
{
    for (;; p++) {
        unsigned whole = p->bits / 8, mask = 0xffu << (8 - p->bits % 8);
        if (memcmp(address, p->bytes, whole) == 0 &&
            (p->bits % 8 == 0 || ((address[whole] ^ p->bytes[whole]) & mask & 0xff) == 0))
            return p->type;
    }
}

st_str st_net_type_of(st_str s)
{
    unsigned char a[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    char t[INET6_ADDRSTRLEN];
    const char *zone = s.n ? memchr(s.p, '%', s.n) : NULL;
    size_t length = zone ? (size_t)(zone - s.p) : s.n;
    if (!length || length >= sizeof t || memchr(s.p, 0, length))
        return ST_STR("");
    memcpy(t, s.p, length);
    t[length] = 0;
    if (inet_pton(AF_INET, t, a + 12) == 1)
        return st_str_of(type_of(a, prefixes4));
    if (inet_pton(AF_INET6, t, a) == 1)
        return st_str_of(type_of(a, prefixes6));
    return ST_STR("");
}

st_val st_get_net_type(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    st_str s = text(r, e, side(r, e, c->arg, ST_T_source_ip, ST_T_destination_ip));
    return st_val_str(&r->mem, st_net_type_of(s));
}

/* the registry */

/* A key with its hive written out, as Defender has it. */
static st_val long_key(st_run *r, st_str key)
{
    static const struct {
        st_str is, as;
    } hives[] = {
        { { "HKLM", 4 }, { "HKEY_LOCAL_MACHINE", 18 } },
        { { "HKU", 3 }, { "HKEY_USERS", 10 } },
        { { "HKCR", 4 }, { "HKEY_CLASSES_ROOT", 17 } },
        { { "HKCU", 4 }, { "HKEY_CURRENT_USER", 17 } },
        { { "\\REGISTRY\\MACHINE", 17 }, { "HKEY_LOCAL_MACHINE", 18 } },
        { { "\\REGISTRY\\USER", 14 }, { "HKEY_USERS", 10 } },
    };
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        st_str is = hives[i].is;
        if (key.n < is.n || !st_str_ieq((st_str){ key.p, is.n }, is) ||
            (key.n > is.n && key.p[is.n] != '\\'))
            continue;
        st_buf_str(&r->mem.buf, hives[i].as);
        key = (st_str){ key.p + is.n, key.n - is.n };
        break;
    }
    st_buf_str(&r->mem.buf, key);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* Is the object a value (its name behind the last backslash), not a key? */
static bool is_value(const st_run *r, const st_event *e)
{
    return is(e, ST_SYSMON_EVENT(13)) ||
           (is(e, ST_SYSMON_EVENT(12)) &&
            st_str_ieq(text(r, e, ST_T_event_type), ST_STR("DeleteValue")));
}

static void cut_value(st_str object, st_str *key, st_str *name)
{
    size_t at = object.n;
    while (at && object.p[at - 1] != '\\')
        at--;
    *key = (st_str){ object.p, at ? at - 1 : 0 };
    *name = (st_str){ object.p + at, object.n - at };
}

static st_str key_of(const st_run *r, const st_event *e, st_str object)
{
    st_str key, name;
    if (!is_value(r, e))
        return object;
    cut_value(object, &key, &name);
    return key;
}

st_val st_get_registry_key(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    st_event_text t = is(e, ST_SYSMON_EVENT(14)) ? ST_T_new_name : ST_T_target_object;
    return long_key(r, key_of(r, e, text(r, e, t)));
}

st_val st_get_registry_name(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    st_str key, name = ST_STR("");
    if (is_value(r, e))
        cut_value(text(r, e, ST_T_target_object), &key, &name);
    return st_val_str(&r->mem, name);
}

/* What was there before: a renamed key's name, what was deleted. */
static bool was_there(const st_run *r, const st_event *e)
{
    st_str type = text(r, e, ST_T_event_type);
    return is(e, ST_SYSMON_EVENT(14)) ||
           (is(e, ST_SYSMON_EVENT(12)) &&
            (st_str_ieq(type, ST_STR("DeleteKey")) || st_str_ieq(type, ST_STR("DeleteValue"))));
}

st_val st_get_registry_old_key(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return was_there(r, e) ? long_key(r, key_of(r, e, text(r, e, ST_T_target_object)))
                           : st_val_sid(ST_EMPTY);
}

st_val st_get_registry_old_name(st_run *r, st_node n, const st_getter *c)
{
    return was_there(r, st_lineage_event(r, n)) ? st_get_registry_name(r, n, c)
                                                : st_val_sid(ST_EMPTY);
}

/* "DWORD (0x00000001)", "QWORD (0x00000000-0x00000001)": the number. */
static bool worded_number(st_str s, const char *word, uint64_t *out)
{
    st_str w = st_str_of(word), part;
    if (s.n < w.n + 4 || !st_str_starts(s, w) || s.p[w.n] != ' ' || s.p[w.n + 1] != '(' ||
        s.p[s.n - 1] != ')')
        return false;
    st_str inside = { s.p + w.n + 2, s.n - w.n - 3 };
    uint64_t high = 0, low = 0;
    unsigned parts = 0;
    for (; st_str_cut(&inside, '-', &part); parts++) {
        high = low;
        if (parts == 2 || !whole_number(part, &low) || low > UINT32_MAX)
            return false;
    }
    *out = high << 32 | low;
    return parts > 0;
}

typedef struct value_form {
    const char *type;
    bool number, text;
    uint64_t u;
} value_form;

/* Sysmon writes a value's type only where it writes the value in a form of its own. */
static value_form form_of(st_str details)
{
    value_form v = { .type = "" };
    if (worded_number(details, "DWORD", &v.u))
        return (value_form){ .type = "Dword", .number = true, .u = v.u };
    if (worded_number(details, "QWORD", &v.u))
        return (value_form){ .type = "Qword", .number = true, .u = v.u };
    if (st_str_eq(details, ST_STR("Binary Data")))
        return (value_form){ .type = "Binary" };
    if (!details.n || st_str_eq(details, ST_STR("(Empty)")))
        return v;
    return (value_form){ .type = "String", .text = true };
}

st_val st_get_registry_type(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_str(&r->mem,
                      st_str_of(form_of(text(r, st_lineage_event(r, n), ST_T_details)).type));
}

st_val st_get_registry_data(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    value_form v = form_of(text(r, e, ST_T_details));
    if (!v.number)
        return st_val_sid(v.text ? text_id(r, e, ST_T_details) : ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%llu", (unsigned long long)v.u);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* the process that acted, and the one it was done to */

static st_node observed(const st_run *r, st_node n)
{
    return n != ST_NO_NODE && (r->forest->procs[n].flags & ST_P_OBSERVED) ? n : ST_NO_NODE;
}

st_val st_get_actor_image(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    st_sid s = image_id(r, e, ST_T_image);
    st_node p = observed(r, e->process);
    if (s == ST_EMPTY && p != ST_NO_NODE)
        s = st_get_clean(r, r->forest->procs[p].image);
    return c->arg ? st_get_base_name(r, s) : st_val_sid(s);
}

static st_val user_of(st_run *r, const st_event *e, st_event_text t, st_node process, int part)
{
    st_sid s = text_id(r, e, t);
    st_node p = observed(r, process);
    if (s == ST_EMPTY && p != ST_NO_NODE)
        s = st_get_clean(r, r->forest->procs[p].user);
    return st_get_account_part(r, s, part);
}

st_val st_get_actor_account(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    return user_of(r, e, ST_T_user, e->process, c->arg);
}

st_val st_get_target_account(st_run *r, st_node n, const st_getter *c)
{
    const st_event *e = st_lineage_event(r, n);
    return user_of(r, e, ST_T_target_user, e->target, c->arg);
}

st_val st_get_actor_pid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    uint32_t pid = columns(r, e)->pid[e->row];
    st_node p = observed(r, e->process);
    if (pid == ST_NO_U32 && p != ST_NO_NODE)
        pid = r->forest->procs[p].pid;
    return pid == ST_NO_U32 ? st_val_null() : st_val_long(pid);
}

st_val st_get_target_pid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return number_in(text(r, st_lineage_event(r, n), ST_T_target_pid));
}

/* From its own creation, else from the second in its GUID. */
static st_val start_of(const st_run *r, const st_event *e, st_node process, const st_guid *guid)
{
    st_node p = observed(r, process);
    return p != ST_NO_NODE ? st_val_filetime(r->forest->procs[p].start)
                           : st_get_guid_time(r, columns(r, e)->computer[e->row], guid);
}

st_val st_get_actor_start(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return start_of(r, e, e->process, &columns(r, e)->guid[e->row]);
}

st_val st_get_target_start(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    st_guid guid = { { 0 } };
    if (!st_guid_parse(text(r, e, ST_T_target_guid), &guid))
        guid = (st_guid){ { 0 } };
    return start_of(r, e, e->target, &guid);
}

st_val st_get_actor_guid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return st_get_guid_text(r, &columns(r, e)->guid[e->row]);
}

/* AdditionalFields */

/* "type:  5 a.example;::ffff:10.0.0.1;" as ["a.example","10.0.0.1"]. */
static void put_list(st_str s, st_buf *b)
{
    st_str answer;
    st_buf_char(b, '[');
    for (bool more = false; st_answers_next(&s, &answer); more = true) {
        if (more)
            st_buf_char(b, ',');
        st_json_exact(b, answer);
    }
    st_buf_char(b, ']');
}

/* \x as \Device\NamedPipe\x; what isn't a path (<Anonymous Pipe>) stays. */
static void put_pipe(st_str s, st_buf *b)
{
    st_buf t = { 0 };
    if (s.n && s.p[0] == '\\' && !st_str_starts(s, ST_STR("\\Device\\")))
        st_buf_str(&t, ST_STR("\\Device\\NamedPipe"));
    st_buf_str(&t, s);
    st_json_exact(b, st_buf_slice(&t));
    b->failed |= t.failed;
    st_buf_free(&t);
}

static void put_form(const st_extra *x, st_str s, st_buf *b)
{
    uint64_t u;
    switch (x->form) {
    case ST_FORM_NUMBER:
        if (whole_number(s, &u)) {
            st_buf_fmt(b, "%llu", (unsigned long long)u);
            return;
        }
        break;
    case ST_FORM_BOOL:
        if (st_str_ieq(s, ST_STR("true")) || st_str_ieq(s, ST_STR("false"))) {
            st_buf_str(b, st_str_ieq(s, ST_STR("true")) ? ST_STR("true") : ST_STR("false"));
            return;
        }
        break;
    case ST_FORM_LIST: put_list(s, b); return;
    case ST_FORM_PIPE: put_pipe(s, b); return;
    default: break;
    }
    st_json_exact(b, s);
}

static st_str extra_text(const st_run *r, const st_event *e, const st_extra *x)
{
    st_str file, stream, s = x->form == ST_FORM_WORD ? st_str_of(x->word) : text(r, e, x->text);
    if (x->form != ST_FORM_STREAM)
        return s;
    cut_stream(s, &file, &stream);
    return stream;
}

st_val st_get_event_extra(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    const st_event_key key = st_event_kind_at(e->kind)->key;
    const st_provider *p = st_provider_at(key.provider);
    st_buf b = { 0 };
    for (size_t i = 0; i < p->nextras; i++) {
        const st_extra *x = &p->extras[i];
        st_str s = !x->id || x->id == key.id ? extra_text(r, e, x) : ST_STR("");
        if (!s.n)
            continue;
        st_buf_fmt(&b, "%s\"%s\":", b.n ? "," : "{", x->name);
        put_form(x, s, &b);
    }
    if (b.n)
        st_buf_char(&b, '}');
    st_val v = st_val_str(&r->mem, st_buf_slice(&b));
    if (b.failed)
        st_run_nomem(r);
    st_buf_free(&b);
    return v;
}

/* hosts */

st_val st_get_host_time(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_filetime(r->forest->hosts[st_lineage_host(r, n)].last);
}

st_val st_get_host_table(st_run *r, st_node n, const st_getter *c)
{
    (void)n;
    (void)c;
    return st_val_str(&r->mem, ST_STR("DeviceInfo"));
}
