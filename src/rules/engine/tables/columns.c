/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.c - how the columns of a process are computed.
 *
 * A column is computed from a node. "own" reads the node's own record, "parent" the record of
 * the process above, where it was read and the edge may be trusted. Fields that the event
 * itself records about its parent are always used. '-' and '?' are Sysmon's words for "not
 * known" and read as empty.
 */
#include "base/limits.h"
#include "rules/engine/tables/tables.h"

#include <stdlib.h>
#include <string.h>

/* records */

static uint32_t row_of(const st_run *r, st_node n)
{
    return n == ST_NO_NODE ? ST_NO_ROW : r->forest->procs[n].row;
}

static st_node parent_of(const st_run *r, st_node n)
{
    return n == ST_NO_NODE ? n : st_tree_parent(r->forest, n, r->trust);
}

st_sid st_get_clean(const st_run *r, st_sid s)
{
    st_str t = st_pool_get(r->mem.pool, s);
    return t.n == 0 || (t.n == 1 && (t.p[0] == '-' || t.p[0] == '?')) ? ST_EMPTY : s;
}

/* A string column of the store at a row; off is its place in st_creations. */
static st_sid recorded(const st_run *r, uint32_t row, int off)
{
    st_sid *const *column =
        (st_sid *const *)(const void *)((const char *)&r->forest->store->creations + off);
    return (*column)[row];
}

static st_sid field(const st_run *r, uint32_t row, int off)
{
    return row == ST_NO_ROW ? ST_EMPTY : st_get_clean(r, recorded(r, row, off));
}

static st_sid find_base(st_run *r, st_sid s)
{
    st_str t = st_pool_get(r->mem.pool, s), b = st_str_basename(t);
    return b.n == t.n ? s : st_val_str(&r->mem, b).u.s;
}

/* Asked of the same few thousand paths by every rule: remembered. */
st_val st_get_base_name(st_run *r, st_sid s)
{
    st_shared *c = r->shared;
    if (s >= c->base_n) {
        size_t was = c->base_n, need = c->known; /* paths are recorded */
        if (!st_grow(&c->base, &c->base_n, need > s ? need : (size_t)s + 1, sizeof *c->base)) {
            st_run_nomem(r);
            return st_val_sid(ST_EMPTY);
        }
        memset(c->base + was, 0, (c->base_n - was) * sizeof *c->base);
    }
    if (c->base[s] == ST_ABSENT) {
        st_sid b = find_base(r, s);
        c->base[s] = b;
    }
    return st_val_sid(c->base[s]);
}

static st_sid node_image(const st_run *r, st_node n)
{
    return n == ST_NO_NODE ? ST_EMPTY : st_get_clean(r, r->forest->procs[n].image);
}

/* columns of the record itself */

st_val st_get_own(st_run *r, st_node n, const st_getter *c)
{
    return st_val_sid(field(r, row_of(r, n), c->arg));
}

st_val st_get_own_base(st_run *r, st_node n, const st_getter *c)
{
    return st_get_base_name(r, field(r, row_of(r, n), c->arg));
}

/* What the record says of the parent (arg: ST_OFF(parent_image), ST_OFF(parent_command_line)).
 * Windows' own records say less than Sysmon's: there the parent itself is asked. */
static st_sid told_of_parent(const st_run *r, st_node n, int off)
{
    uint32_t row = row_of(r, n);
    st_sid s = field(r, row, off);
    bool audited = row != ST_NO_ROW && r->forest->store->creations.provider[row] == ST_SECURITY;
    st_node up = s == ST_EMPTY && audited ? parent_of(r, n) : ST_NO_NODE;
    if (up == ST_NO_NODE)
        return s;
    const st_proc *p = &r->forest->procs[up];
    return st_get_clean(r, off == ST_OFF(parent_image) ? p->image : p->command_line);
}

st_val st_get_told(st_run *r, st_node n, const st_getter *c)
{
    return st_val_sid(told_of_parent(r, n, c->arg));
}

st_val st_get_told_base(st_run *r, st_node n, const st_getter *c)
{
    return st_get_base_name(r, told_of_parent(r, n, c->arg));
}

st_val st_get_parent(st_run *r, st_node n, const st_getter *c)
{
    return st_val_sid(field(r, row_of(r, parent_of(r, n)), c->arg));
}

/* What a placeholder knows too. */
st_val st_get_image(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_sid(node_image(r, n));
}

st_val st_get_file_name(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_get_base_name(r, node_image(r, n));
}

st_val st_get_command_line(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_sid(st_get_clean(r, r->forest->procs[n].command_line));
}

st_val st_get_timestamp(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return st_val_filetime(row == ST_NO_ROW ? r->forest->procs[n].start
                                            : r->forest->store->creations.created[row]);
}

st_val st_get_start_time(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_filetime(r->forest->procs[n].start);
}

/* One spelling a host, as in the rows of a report. */
st_val st_get_computer(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_sid(r->forest->hosts[st_lineage_host(r, n)].shown);
}

static st_sid device_of(st_run *r, uint32_t host)
{
    unsigned char digest[20];
    st_str name = st_pool_get(r->mem.pool, r->forest->hosts[host].name);
    st_sha1(name.p, name.n, digest);
    st_buf_clear(&r->mem.buf);
    st_buf_hex(&r->mem.buf, digest, sizeof digest, false);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf)).u.s;
}

static bool open_devices(const st_run *r)
{
    st_shared *s = r->shared;
    size_t n = r->forest->nhosts;
    if (!s->devices && (s->devices = malloc((n + 1) * sizeof *s->devices)) != NULL)
        for (size_t i = 0; i < n; i++)
            s->devices[i] = ST_ABSENT;
    return s->devices != NULL;
}

st_val st_get_device_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t host = st_lineage_host(r, n);
    if (!open_devices(r)) {
        r->arena.failed = true;
        return st_val_missing(ST_TYPE_STRING);
    }
    st_sid *id = &r->shared->devices[host];
    if (*id == ST_ABSENT)
        *id = device_of(r, host);
    return st_val_sid(*id);
}

st_val st_get_constant(st_run *r, st_node n, const st_getter *c)
{
    (void)n;
    return st_val_str(&r->mem, c->arg ? ST_STR("DeviceProcessEvents") : ST_STR("ProcessCreated"));
}

st_val st_get_never(st_run *r, st_node n, const st_getter *c)
{
    (void)r;
    (void)n;
    return st_val_missing(c->type);
}

st_val st_get_record_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW
               ? st_val_null()
               : st_val_long((int64_t)r->forest->store->creations.event_record_id[row]);
}

static st_val number(uint64_t v, uint64_t unknown)
{
    return v == unknown ? st_val_null() : st_val_long((int64_t)v);
}

st_val st_get_pid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return number(r->forest->procs[n].pid, ST_NO_U32);
}

/* arg 0: own, 1: the parent's */
static uint32_t row_by(const st_run *r, st_node n, int arg)
{
    return row_of(r, arg ? parent_of(r, n) : n);
}

st_val st_get_logon_id(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_val_null()
                            : number(r->forest->store->creations.logon_id[row], ST_NO_U64);
}

st_val st_get_session(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_val_null()
                            : number(r->forest->store->creations.session[row], ST_NO_U32);
}

/* arg 0: the record's own ParentProcessId, 1: the parent's */
st_val st_get_parent_pid(st_run *r, st_node n, const st_getter *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_val_null()
                            : number(r->forest->store->creations.parent_pid[row], ST_NO_U32);
}

st_val st_get_hash_in(st_run *r, st_sid hashes, int algorithm)
{
    static const char *const names[] = { "SHA1", "SHA256", "MD5" };
    st_str h = st_hashes_get(st_pool_get(r->mem.pool, hashes), names[algorithm]);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < h.n; i++)
        st_buf_char(&r->mem.buf, (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] | 32 : h.p[i]));
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_val st_get_own_hash(st_run *r, st_node n, const st_getter *c)
{
    return st_get_hash_in(r, field(r, row_of(r, n), ST_OFF(hashes)), c->arg);
}

st_val st_get_parent_hash(st_run *r, st_node n, const st_getter *c)
{
    return st_get_hash_in(r, field(r, row_of(r, parent_of(r, n)), ST_OFF(hashes)), c->arg);
}

st_val st_get_account_part(st_run *r, st_sid user, int part)
{
    st_str t = st_pool_get(r->mem.pool, user);
    const char *at = t.n ? memchr(t.p, '\\', t.n) : NULL;
    size_t cut = at ? (size_t)(at - t.p) : 0;
    if (!at)
        return part ? st_val_sid(user) : st_val_sid(ST_EMPTY);
    return st_val_str(&r->mem,
                      part ? (st_str){ t.p + cut + 1, t.n - cut - 1 } : (st_str){ t.p, cut });
}

st_val st_get_own_account(st_run *r, st_node n, const st_getter *c)
{
    return st_get_account_part(r, st_get_clean(r, r->forest->procs[n].user), c->arg);
}

st_val st_get_parent_account(st_run *r, st_node n, const st_getter *c)
{
    st_sid user = field(r, row_of(r, n), ST_OFF(parent_user));
    if (user == ST_EMPTY)
        user = field(r, row_of(r, parent_of(r, n)), ST_OFF(user));
    return st_get_account_part(r, user, c->arg);
}

st_val st_get_guid_time(const st_run *r, st_sid computer, const st_guid *g)
{
    int64_t shift = st_store_shift_of(r->forest->store, computer);
    uint64_t s = (uint64_t)g->b[4] | (uint64_t)g->b[5] << 8 | (uint64_t)g->b[6] << 16 |
                 (uint64_t)g->b[7] << 24;
    return st_guid_zero(g) || !s
               ? st_val_null()
               : st_val_filetime(ST_TICKS_UNIX + (uint64_t)((int64_t)s + shift) * ST_TICKS_SECOND);
}

/* The start of the parent of n's record: from its own record, else from its GUID. */
static st_val parent_start(st_run *r, st_node n)
{
    uint32_t above = row_of(r, parent_of(r, n)), row = row_of(r, n);
    if (above != ST_NO_ROW)
        return st_val_filetime(r->forest->store->creations.utc[above]);
    const st_creations *c = &r->forest->store->creations;
    return row == ST_NO_ROW ? st_val_null()
                            : st_get_guid_time(r, c->computer[row], &c->parent_guid[row]);
}

/* arg 0: of the parent, 1: of its parent */
st_val st_get_initiating_start(st_run *r, st_node n, const st_getter *c)
{
    if (!c->arg)
        return parent_start(r, n);
    st_node p = parent_of(r, n);
    return row_of(r, p) == ST_NO_ROW ? st_val_null() : parent_start(r, p);
}

/* A process's own record names its parent; if it doesn't, the node above may. arg 0: of the
 * parent, 1: of n itself */
st_val st_get_initiating_parent_name(st_run *r, st_node n, const st_getter *c)
{
    st_node p = c->arg ? n : parent_of(r, n);
    uint32_t row = row_of(r, p);
    if (row == ST_NO_ROW)
        return st_val_sid(ST_EMPTY);
    st_sid s = field(r, row, ST_OFF(parent_image));
    return st_get_base_name(r, s != ST_EMPTY ? s : node_image(r, parent_of(r, p)));
}

st_val st_get_guid_text(st_run *r, const st_guid *g)
{
    if (st_guid_zero(g))
        return st_val_sid(ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    st_buf_guid(&r->mem.buf, g);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_val st_get_own_guid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_get_guid_text(r, &r->forest->procs[n].guid);
}

st_val st_get_parent_guid(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW ? st_val_sid(ST_EMPTY)
                            : st_get_guid_text(r, &r->forest->store->creations.parent_guid[row]);
}

st_val st_get_additional(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    if (row == ST_NO_ROW)
        return st_val_sid(ST_EMPTY);
    static const char *const names[] = { "CurrentDirectory", "LogonGuid", "RuleName" };
    st_val v[] = { st_val_sid(field(r, row, ST_OFF(current_directory))),
                   st_get_guid_text(r, &r->forest->store->creations.logon_guid[row]),
                   st_val_sid(field(r, row, ST_OFF(rule_name))) };
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < 3; i++) {
        st_buf_fmt(&r->mem.buf, "%s\"%s\":", i ? "," : "{", names[i]);
        st_val_put_json(&r->mem.buf, &r->mem, v[i]);
    }
    st_buf_char(&r->mem.buf, '}');
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* what columns are made of */

static st_sid origin_image(const st_run *r, st_node n, int arg)
{
    (void)arg;
    return r->forest->procs[n].image;
}

static st_sid origin_command_line(const st_run *r, st_node n, int arg)
{
    (void)arg;
    return r->forest->procs[n].command_line;
}

static st_sid origin_user(const st_run *r, st_node n, int arg)
{
    (void)arg;
    return r->forest->procs[n].user;
}

static st_sid origin_own(const st_run *r, st_node n, int off)
{
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW ? ST_EMPTY : recorded(r, row, off);
}

static st_sid origin_told(const st_run *r, st_node n, int off)
{
    uint32_t row = row_of(r, n);
    bool audited = row != ST_NO_ROW && r->forest->store->creations.provider[row] == ST_SECURITY;
    return audited ? told_of_parent(r, n, off) : origin_own(r, n, off);
}

st_base_text st_column_base(const st_getter *c)
{
    static const struct {
        st_get_fn *column;
        st_base_text origin; /* arg -1: the column's own */
    } table[] = {
        { st_get_image, { origin_image, 0 } },
        { st_get_file_name, { origin_image, 0 } },
        { st_get_command_line, { origin_command_line, 0 } },
        { st_get_own_account, { origin_user, 0 } },
        { st_get_own, { origin_own, -1 } },
        { st_get_own_base, { origin_own, -1 } },
        { st_get_own_hash, { origin_own, ST_OFF(hashes) } },
        { st_get_told, { origin_told, -1 } },
        { st_get_told_base, { origin_told, -1 } },
    };
    size_t i = 0, n = sizeof table / sizeof *table;
    while (i < n && table[i].column != c->get)
        i++;
    if (i == n || c->flags & (ST_SRC_ACTOR | ST_SRC_TARGET))
        return (st_base_text){ NULL, 0 };
    st_base_text s = table[i].origin;
    return (st_base_text){ s.get, s.arg < 0 ? c->arg : s.arg };
}

/* columns of the tree */

/* arg 0: file names, 1: command lines */
st_val st_get_ancestors(st_run *r, st_node n, const st_getter *c)
{
    size_t count = 0;
    for (st_node p = parent_of(r, n); p != ST_NO_NODE && count < ST_MAX_ANCESTORS;
         p = parent_of(r, p))
        count++;
    st_array *a = st_array_new(&r->mem, count);
    st_node p = parent_of(r, n);
    for (size_t i = 0; a && i < count; i++, p = parent_of(r, p))
        a->v[i] = c->arg ? st_get_command_line(r, p, c) : st_get_base_name(r, node_image(r, p));
    return st_val_array(a);
}

/* Each node's way up is walked once: what it finds is remembered along the way. */
static st_node root_of(st_run *r, st_node n)
{
    if (!r->roots) {
        r->roots = ST_NEWN(&r->arena, st_node, r->forest->n);
        if (!r->roots)
            return n;
        for (size_t i = 0; i < r->forest->n; i++)
            r->roots[i] = ST_NO_NODE;
    }
    st_node top = n;
    while (r->roots[top] == ST_NO_NODE) {
        st_node p = parent_of(r, top);
        if (p == ST_NO_NODE)
            break;
        top = p;
    }
    st_node root = r->roots[top] == ST_NO_NODE ? top : r->roots[top];
    for (st_node p = n; p != ST_NO_NODE && r->roots[p] == ST_NO_NODE; p = parent_of(r, p))
        r->roots[p] = root;
    return root;
}

st_val st_get_root_name(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_get_base_name(r, node_image(r, root_of(r, n)));
}

st_val st_get_tree_depth(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_long(r->forest->procs[n].depth);
}

st_val st_get_server_name(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_get_base_name(r, node_image(r, r->forest->procs[n].server));
}

st_val st_get_server_image(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_sid(node_image(r, r->forest->procs[n].server));
}

/* As Sysmon has it: domain and name. */
st_val st_get_server_account(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_node s = r->forest->procs[n].server;
    return st_val_sid(s == ST_NO_NODE ? ST_EMPTY : st_get_clean(r, r->forest->procs[s].user));
}

st_val st_get_is_server(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_bool((r->forest->procs[n].flags & ST_P_SERVER) != 0);
}

st_val st_get_server_command(st_run *r, st_node n, const st_getter *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_val_sid(ST_EMPTY) : st_get_command_line(r, s, c);
}

st_val st_get_server_pid(st_run *r, st_node n, const st_getter *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_val_null() : st_get_pid(r, s, c);
}

st_val st_get_server_distance(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_proc *p = &r->forest->procs[n];
    return p->server == ST_NO_NODE ? st_val_null() : st_val_long(p->server_distance);
}

st_val st_get_parent_link(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    static const char *const words[] = { "none", "inferred", "guid" };
    unsigned l = r->forest->procs[n].link;
    return st_val_str(&r->mem, st_str_of(words[l < 3 ? l : 0]));
}

st_val st_get_observed(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_bool((r->forest->procs[n].flags & ST_P_OBSERVED) != 0);
}
