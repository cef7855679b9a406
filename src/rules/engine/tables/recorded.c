/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorded.c - fields by their recorded names: tables that follow from the provider's own.
 */
#include "rules/engine/tables/recorded.h"

#include "base/limits.h"
#include "rules/engine/match/glob.h"
#include "rules/engine/tables/tables.h"

#include <inttypes.h>
#include <string.h>

/* the row */

static uint32_t creation_of(const st_run *r, st_node n)
{
    return n == ST_NO_NODE || n >= r->forest->n ? ST_NO_ROW : r->forest->procs[n].row;
}

static const st_creations *creations(const st_run *r)
{
    return &r->forest->store->creations;
}

static const void *column(const st_run *r, int off)
{
    return *(const void *const *)(const void *)((const char *)creations(r) + off);
}

static st_val text_or_null(st_sid s)
{
    return s == ST_ABSENT ? st_val_null() : st_val_sid(s);
}

static st_val number_text(st_run *r, uint64_t v, bool known)
{
    if (!known)
        return st_val_null();
    st_buf_clear(&r->mem.buf);
    st_buf_u64(&r->mem.buf, v);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_val guid_text(st_run *r, const st_guid *g, bool known)
{
    if (!known)
        return st_val_null();
    st_buf_clear(&r->mem.buf);
    st_buf_guid(&r->mem.buf, g);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_val time_text(st_run *r, st_ticks t)
{
    if (!t)
        return st_val_null();
    st_buf_clear(&r->mem.buf);
    st_buf_time_sysmon(&r->mem.buf, t);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* of a creation: arg is the column's place in st_creations */

static bool is_audited(const st_run *r, uint32_t row)
{
    return row != ST_NO_ROW && creations(r)->provider[row] == ST_SECURITY;
}

static st_val get_text(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = creation_of(r, n);
    return row == ST_NO_ROW ? st_val_null()
                            : text_or_null(((const st_sid *)column(r, c->arg))[row]);
}

/* Of the parent; see st_get_told. */
static st_val get_told(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = creation_of(r, n);
    st_val told = is_audited(r, row) ? st_get_told(r, n, c) : st_val_null();
    return told.tag == ST_VAL_STRING && told.u.s != ST_EMPTY ? told : get_text(r, n, c);
}

static st_val get_u32(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = creation_of(r, n);
    uint32_t v = row == ST_NO_ROW ? ST_NO_U32 : ((const uint32_t *)column(r, c->arg))[row];
    return number_text(r, v, v != ST_NO_U32);
}

static st_val get_hex(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = creation_of(r, n);
    uint64_t v = row == ST_NO_ROW ? ST_NO_U64 : ((const uint64_t *)column(r, c->arg))[row];
    if (v == ST_NO_U64)
        return st_val_null();
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "0x%" PRIx64, v);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_val get_guid(st_run *r, st_node n, const st_getter *c)
{
    static const st_guid none;
    uint32_t row = creation_of(r, n);
    const st_guid *g = row == ST_NO_ROW ? &none : &((const st_guid *)column(r, c->arg))[row];
    return guid_text(r, g, row != ST_NO_ROW);
}

static st_val get_utc(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = creation_of(r, n);
    if (row == ST_NO_ROW)
        return st_val_null();
    st_sid odd = creations(r)->utc_text[row];
    return odd != ST_ABSENT ? st_val_sid(odd) : time_text(r, creations(r)->utc[row]);
}

/* Of UtcTime only what is no time. */
static st_val get_odd_utc(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = creation_of(r, n);
    return row == ST_NO_ROW ? st_val_null() : text_or_null(creations(r)->utc_text[row]);
}

static st_val get_record_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = creation_of(r, n);
    return row == ST_NO_ROW ? st_val_null()
                            : number_text(r, creations(r)->event_record_id[row], true);
}

/* Sysmon's two providers name their channels after themselves. */
static bool on_linux(const st_run *r, st_sid channel)
{
    return st_str_starts(st_pool_get(r->mem.pool, channel), ST_STR("Linux-"));
}

static st_val get_provider(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = creation_of(r, n);
    if (is_audited(r, row))
        return st_val_str(&r->mem, st_str_of(st_provider_at(ST_SECURITY)->name));
    bool linux_ = row != ST_NO_ROW && on_linux(r, creations(r)->channel[row]);
    return st_val_str(&r->mem,
                      linux_ ? ST_STR("Linux-Sysmon") : ST_STR("Microsoft-Windows-Sysmon"));
}

static st_val get_event_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_str(&r->mem, is_audited(r, creation_of(r, n)) ? ST_STR("4688") : ST_STR("1"));
}

/* One algorithm of Hashes. arg: place in hash_names. */
static const char *const hash_names[] = { "MD5", "SHA1", "SHA256", "IMPHASH" };

static st_val hash_in(st_run *r, st_sid hashes, int which)
{
    st_str h = st_hashes_get(st_pool_get(r->mem.pool, hashes), hash_names[which]);
    return h.n ? st_val_str(&r->mem, h) : st_val_null();
}

static st_val get_hash(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = creation_of(r, n);
    return row == ST_NO_ROW ? st_val_null() : hash_in(r, creations(r)->hashes[row], c->arg);
}

#define GET_current_directory get_text
#define GET_integrity_level get_text
#define GET_parent_user get_text
#define GET_parent_image get_told
#define GET_parent_command_line get_told

static const st_getter of_creations[] = {
#define AT(name) (int)offsetof(st_creations, name)
#define BOTH(name, text) { text, ST_TYPE_STRING, get_text, AT(name), 0 },
#define CREATION(name, text) { text, ST_TYPE_STRING, GET_##name, AT(name), 0 },
#define COMMAND(name, text) { text, ST_TYPE_STRING, get_text, AT(name##_recorded), 0 },
#define UTC(name, text) { text, ST_TYPE_STRING, get_utc, 0, 0 },
#define GUID(name, text) { text, ST_TYPE_STRING, get_guid, AT(name), 0 },
#define U32(name, text) { text, ST_TYPE_STRING, get_u32, AT(name), 0 },
#define U64(name, text) { text, ST_TYPE_STRING, get_hex, AT(name), 0 },
#include "events/sysmon/fields.def"
    { "Computer", ST_TYPE_STRING, get_text, AT(computer), 0 },
    { "Channel", ST_TYPE_STRING, get_text, AT(channel), 0 },
    { "Provider_Name", ST_TYPE_STRING, get_provider, 0, 0 },
    { "EventID", ST_TYPE_STRING, get_event_id, 0, 0 },
    { "EventRecordID", ST_TYPE_STRING, get_record_id, 0, 0 },
    { "md5", ST_TYPE_STRING, get_hash, 0, 0 },
    { "sha1", ST_TYPE_STRING, get_hash, 1, 0 },
    { "sha256", ST_TYPE_STRING, get_hash, 2, 0 },
    { "Imphash", ST_TYPE_STRING, get_hash, 3, 0 },
#undef AT
};

/* of another event: arg is an st_event_text */

static const st_events *event_columns(const st_run *r, const st_event *e)
{
    return &r->forest->store->events[e->kind];
}

static st_sid event_text(const st_run *r, const st_event *e, int text)
{
    size_t c = st_event_column(st_event_kind_at(e->kind), (st_event_text)text);
    return c == SIZE_MAX ? ST_ABSENT : event_columns(r, e)->text[c][e->row];
}

static st_val event_get_text(st_run *r, st_node n, const st_getter *c)
{
    return text_or_null(event_text(r, st_lineage_event(r, n), c->arg));
}

static st_val event_get_hash(st_run *r, st_node n, const st_getter *c)
{
    return hash_in(r, event_text(r, st_lineage_event(r, n), ST_T_hashes), c->arg);
}

static st_val event_get_guid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    const st_guid *g = &event_columns(r, e)->guid[e->row];
    return guid_text(r, g, !st_guid_zero(g));
}

static st_val event_get_pid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    uint32_t pid = event_columns(r, e)->pid[e->row];
    return number_text(r, pid, pid != ST_NO_U32);
}

static st_val event_get_utc(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return time_text(r, event_columns(r, e)->utc[e->row]);
}

static st_val event_get_computer(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return text_or_null(event_columns(r, e)->computer[e->row]);
}

static st_val event_get_channel(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return text_or_null(event_columns(r, e)->channel[e->row]);
}

static st_val event_get_record_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return number_text(r, event_columns(r, e)->event_record_id[e->row], true);
}

static st_val event_get_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return number_text(r, st_event_id(r->forest, st_lineage_event(r, n)), true);
}

static st_val event_get_provider(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_str(&r->mem, st_event_provider(r->forest, st_lineage_event(r, n)));
}

static const st_getter of_events[] = {
#define BOTH(name, text) { text, ST_TYPE_STRING, event_get_text, ST_T_##name, 0 },
#define EVENT(name, text) { text, ST_TYPE_STRING, event_get_text, ST_T_##name, 0 },
#define ALIAS(text, name) { text, ST_TYPE_STRING, event_get_text, ST_T_##name, 0 },
#define ACTOR_GUID(text) { text, ST_TYPE_STRING, event_get_guid, 0, 0 },
#define ACTOR_PID(text) { text, ST_TYPE_STRING, event_get_pid, 0, 0 },
#define UTC(name, text) { text, ST_TYPE_STRING, event_get_utc, 0, 0 },
#include "events/sysmon/fields.def"
    { "ProcessGuid", ST_TYPE_STRING, event_get_guid, 0, 0 },
    { "ProcessId", ST_TYPE_STRING, event_get_pid, 0, 0 },
    { "Computer", ST_TYPE_STRING, event_get_computer, 0, 0 },
    { "Channel", ST_TYPE_STRING, event_get_channel, 0, 0 },
    { "Provider_Name", ST_TYPE_STRING, event_get_provider, 0, 0 },
    { "EventID", ST_TYPE_STRING, event_get_id, 0, 0 },
    { "EventRecordID", ST_TYPE_STRING, event_get_record_id, 0, 0 },
    { "md5", ST_TYPE_STRING, event_get_hash, 0, 0 },
    { "sha1", ST_TYPE_STRING, event_get_hash, 1, 0 },
    { "sha256", ST_TYPE_STRING, event_get_hash, 2, 0 },
    { "Imphash", ST_TYPE_STRING, event_get_hash, 3, 0 },
};

/* of a record that is kept whole */

static st_str log_fields(const st_run *r, st_node n)
{
    return st_pool_get(r->mem.pool, event_text(r, st_lineage_event(r, n), ST_T_log_fields));
}

static st_val log_get_field(st_run *r, st_node n, const st_getter *c)
{
    st_str v = st_log_field(log_fields(r, n), st_str_of(c->name));
    return v.p ? st_val_str(&r->mem, v) : st_val_null();
}

static st_val log_get_all(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_str fields = log_fields(r, n), name, value;
    size_t count = 0, at = 0;
    while (st_log_next(fields, &at, &name, &value))
        count++;
    st_array *a = count ? st_array_new(&r->mem, count) : NULL;
    at = 0;
    for (size_t i = 0; a && st_log_next(fields, &at, &name, &value); i++)
        a->v[i] = st_val_str(&r->mem, value);
    return a ? st_val_array(a) : st_val_null();
}

static const st_getter log_values = { "", ST_TYPE_DYNAMIC, log_get_all, 0, 0 };

static const st_getter of_logs[] = {
    { "Computer", ST_TYPE_STRING, event_get_computer, 0, 0 },
    { "Channel", ST_TYPE_STRING, event_get_channel, 0, 0 },
    { "Provider_Name", ST_TYPE_STRING, event_get_text, ST_T_log_provider, 0 },
    { "EventID", ST_TYPE_STRING, event_get_text, ST_T_log_event, 0 },
    { "Level", ST_TYPE_STRING, event_get_text, ST_T_log_level, 0 },
    { "EventRecordID", ST_TYPE_STRING, event_get_record_id, 0, 0 },
    { "UtcTime", ST_TYPE_STRING, event_get_utc, 0, 0 },
};

/* of the tree */

/* The process that the row is about, or that acted; ST_NO_NODE: not known. */
static st_node process_of(const st_run *r, st_node n)
{
    if (n < r->forest->n)
        return n;
    const st_event *e = st_lineage_event(r, n);
    return e ? e->process : ST_NO_NODE;
}

static st_node above(const st_run *r, st_node n)
{
    return n == ST_NO_NODE ? n : st_tree_parent(r->forest, n, r->trust);
}

enum { IMAGE, COMMAND_LINE, USER, INTEGRITY, ORIGINAL_NAME };

static st_sid known(st_sid s)
{
    return s == ST_EMPTY ? ST_ABSENT : s;
}

/* What is known of a process, from its own record or, of a placeholder, from its children's. */
static st_sid fact(const st_run *r, st_node n, int what)
{
    if (n == ST_NO_NODE)
        return ST_ABSENT;
    const st_proc *p = &r->forest->procs[n];
    uint32_t row = p->row;
    switch (what) {
    case IMAGE: return known(p->image);
    case COMMAND_LINE: return known(p->command_line);
    case USER: return known(p->user);
    case INTEGRITY: return row == ST_NO_ROW ? ST_ABSENT : creations(r)->integrity_level[row];
    default: return row == ST_NO_ROW ? ST_ABSENT : creations(r)->original_file_name[row];
    }
}

static st_val get_grandparent(st_run *r, st_node n, const st_getter *c)
{
    return text_or_null(fact(r, above(r, above(r, process_of(r, n))), c->arg));
}

static st_val get_parent_fact(st_run *r, st_node n, const st_getter *c)
{
    st_node p = process_of(r, n);
    uint32_t row = creation_of(r, p);
    bool own = c->arg == USER && row != ST_NO_ROW && creations(r)->parent_user[row] != ST_ABSENT;
    return own ? st_val_sid(creations(r)->parent_user[row])
               : text_or_null(fact(r, above(r, p), c->arg));
}

static st_val get_ancestors(st_run *r, st_node n, const st_getter *c)
{
    size_t count = 0;
    st_node top = process_of(r, n);
    for (st_node p = above(r, top); p != ST_NO_NODE && count < ST_MAX_ANCESTORS; p = above(r, p))
        count += fact(r, p, c->arg) != ST_ABSENT;
    if (!count)
        return st_val_null();
    st_array *a = st_array_new(&r->mem, count);
    size_t i = 0;
    for (st_node p = above(r, top); a && i < count; p = above(r, p))
        if (fact(r, p, c->arg) != ST_ABSENT)
            a->v[i++] = st_val_sid(fact(r, p, c->arg));
    return st_val_array(a);
}

static st_val get_root(st_run *r, st_node n, const st_getter *c)
{
    st_node top = process_of(r, n);
    for (st_node p = above(r, top); p != ST_NO_NODE; p = above(r, p))
        top = p;
    return text_or_null(fact(r, top, c->arg));
}

static st_val get_server(st_run *r, st_node n, const st_getter *c)
{
    st_node p = process_of(r, n);
    return text_or_null(p == ST_NO_NODE ? ST_ABSENT : fact(r, r->forest->procs[p].server, c->arg));
}

static st_val get_server_guid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_node p = process_of(r, n);
    st_node server = p == ST_NO_NODE ? ST_NO_NODE : r->forest->procs[p].server;
    return server == ST_NO_NODE ? st_val_null()
                                : guid_text(r, &r->forest->procs[server].guid,
                                            !st_guid_zero(&r->forest->procs[server].guid));
}

enum { DISTANCE, DEPTH, CHILDREN, DESCENDANTS };

static st_val get_count(st_run *r, st_node n, const st_getter *c)
{
    st_node at = process_of(r, n);
    if (at == ST_NO_NODE)
        return st_val_null();
    const st_proc *p = &r->forest->procs[at];
    const uint32_t counts[] = { p->server_distance, p->depth, p->children, p->descendants };
    return number_text(r, counts[c->arg], c->arg != DISTANCE || p->server != ST_NO_NODE);
}

static st_val get_parent_known(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_node p = above(r, process_of(r, n));
    bool yes = p != ST_NO_NODE && r->forest->procs[p].flags & ST_P_OBSERVED;
    return st_val_str(&r->mem, yes ? ST_STR("true") : ST_STR("false"));
}

static st_val get_link(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_node p = process_of(r, n);
    st_link l = p == ST_NO_NODE ? ST_LINK_NONE : (st_link)r->forest->procs[p].link;
    return st_val_str(&r->mem, st_str_of(st_link_word(l)));
}

static const st_getter of_tree[] = {
    { "GrandParentImage", ST_TYPE_STRING, get_grandparent, IMAGE, 0 },
    { "ParentOfParentImage", ST_TYPE_STRING, get_grandparent, IMAGE, 0 },
    { "GrandParentCommandLine", ST_TYPE_STRING, get_grandparent, COMMAND_LINE, 0 },
    { "GrandParentUser", ST_TYPE_STRING, get_grandparent, USER, 0 },
    { "GrandParentIntegrityLevel", ST_TYPE_STRING, get_grandparent, INTEGRITY, 0 },
    { "ParentUser", ST_TYPE_STRING, get_parent_fact, USER, 0 },
    { "ParentIntegrityLevel", ST_TYPE_STRING, get_parent_fact, INTEGRITY, 0 },
    { "ParentOriginalFileName", ST_TYPE_STRING, get_parent_fact, ORIGINAL_NAME, 0 },
    { "AncestorImage", ST_TYPE_DYNAMIC, get_ancestors, IMAGE, 0 },
    { "AncestorCommandLine", ST_TYPE_DYNAMIC, get_ancestors, COMMAND_LINE, 0 },
    { "AncestorUser", ST_TYPE_DYNAMIC, get_ancestors, USER, 0 },
    { "RootImage", ST_TYPE_STRING, get_root, IMAGE, 0 },
    { "WebServerImage", ST_TYPE_STRING, get_server, IMAGE, ST_SRC_SERVER },
    { "WebServerCommandLine", ST_TYPE_STRING, get_server, COMMAND_LINE, ST_SRC_SERVER },
    { "WebServerProcessGuid", ST_TYPE_STRING, get_server_guid, 0, ST_SRC_SERVER },
    { "WebServerDistance", ST_TYPE_STRING, get_count, DISTANCE, ST_SRC_SERVER },
    { "TreeDepth", ST_TYPE_STRING, get_count, DEPTH, 0 },
    { "ChildCount", ST_TYPE_STRING, get_count, CHILDREN, 0 },
    { "DescendantCount", ST_TYPE_STRING, get_count, DESCENDANTS, 0 },
    { "ParentKnown", ST_TYPE_STRING, get_parent_known, 0, 0 },
    { "ParentLink", ST_TYPE_STRING, get_link, 0, 0 },
};

/* finding them */

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool find(const st_getter *table, size_t n, st_str name, st_getter *out)
{
    unsigned first = name.n ? (unsigned char)name.p[0] : 0;
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)table[i].name[0] | 0x20u) == (first | 0x20u) &&
            st_str_ieq(name, st_str_of(table[i].name))) {
            *out = table[i];
            return true;
        }
    return false;
}

/* The i-th of those in front of EventID: what the record says, its host, channel and provider. */
static bool said(const st_getter *table, size_t n, size_t i, st_getter *out)
{
    size_t end = 0;
    while (end < n && strcmp(table[end].name, "EventID") != 0)
        end++;
    if (i < end)
        *out = table[i];
    return i < end;
}

bool st_recorded_creation(st_str name, st_getter *out)
{
    return find(of_creations, COUNT(of_creations), name, out);
}

bool st_recorded_event(st_str name, st_getter *out)
{
    return find(of_events, COUNT(of_events), name, out);
}

void st_recorded_log(const char *name, st_getter *out)
{
    if (!find(of_logs, COUNT(of_logs), st_str_of(name), out))
        *out = (st_getter){ name, ST_TYPE_STRING, log_get_field, 0, 0 };
}

bool st_recorded_log_is_id(const st_getter *c)
{
    return c->get == event_get_text && c->arg == ST_T_log_event;
}

bool st_tree_field(st_str name, st_getter *out)
{
    return find(of_tree, COUNT(of_tree), name, out);
}

bool st_recorded_creation_any(size_t i, st_getter *out)
{
    return said(of_creations, COUNT(of_creations), i, out);
}

bool st_recorded_event_any(size_t i, st_getter *out)
{
    return said(of_events, COUNT(of_events), i, out);
}

/* Columns of numbers, GUIDs and times, and the bytes that their texts are made of, folded. */
static const struct {
    st_val (*get)(st_run *r, st_node n, const st_getter *c);
    const char *bytes;
} made_of[] = {
    { get_u32, "0123456789" },
    { event_get_pid, "0123456789" },
    { get_hex, "0123456789abcdefx" },
    { get_guid, "0123456789abcdef{}-" },
    { event_get_guid, "0123456789abcdef{}-" },
    { get_utc, "0123456789-: ." },
    { event_get_utc, "0123456789-: ." },
};

static const char *bytes_of(const st_getter *c)
{
    for (size_t i = 0; i < COUNT(made_of); i++)
        if (made_of[i].get == c->get)
            return made_of[i].bytes;
    return NULL;
}

bool st_recorded_may_hold(st_getter *c, st_str folded)
{
    const char *bytes = bytes_of(c);
    bool made = true;
    for (size_t i = 0; bytes && i < folded.n; i++)
        made =
            made && (st_glob_is_mark(folded.p[i]) || (folded.p[i] && strchr(bytes, folded.p[i])));
    if (made || c->get != get_utc)
        return made;
    c->get = get_odd_utc;
    c->name = "UtcTime (no time)";
    return true;
}

bool st_recorded_log_any(size_t i, st_getter *out)
{
    if (i)
        return said(of_logs, COUNT(of_logs), i - 1, out);
    *out = log_values;
    return true;
}
