/*
 * columns.c - how the columns of a process are computed.
 *
 * A column is computed from a node. "own" reads the node's own record, "parent" the record of
 * the process above, where it was read and the edge may be trusted. Fields that the event
 * itself records about its parent are always used. '-' and '?' are Sysmon's words for "not
 * known" and read as empty.
 */
#include "base/limits.h"
#include "rules/kql/tables.h"

#include <stdlib.h>
#include <string.h>

/* records */

static uint32_t row_of(const st_krun *r, st_node n)
{
    return n == ST_NO_NODE ? ST_NO_ROW : r->forest->procs[n].row;
}

static st_node parent_of(const st_krun *r, st_node n)
{
    return n == ST_NO_NODE ? n : st_tree_parent(r->forest, n, r->trust_inferred);
}

st_sid st_kc_clean(const st_krun *r, st_sid s)
{
    st_str t = st_pool_get(r->mem.pool, s);
    return t.n == 0 || (t.n == 1 && (t.p[0] == '-' || t.p[0] == '?')) ? ST_EMPTY : s;
}

/* A string column of the store at a row; off is its place in st_creations. */
static st_sid field(const st_krun *r, uint32_t row, int off)
{
    if (row == ST_NO_ROW)
        return ST_EMPTY;
    st_sid *const *column =
        (st_sid *const *)(const void *)((const char *)&r->forest->store->creations + off);
    return st_kc_clean(r, (*column)[row]);
}

static st_sid find_base(st_krun *r, st_sid s)
{
    st_str t = st_pool_get(r->mem.pool, s), b = st_str_basename(t);
    return b.n == t.n ? s : st_kv_str(&r->mem, b).u.s;
}

/* Asked of the same few thousand paths by every rule: remembered. */
st_kv st_kc_base_name(st_krun *r, st_sid s)
{
    st_kshared *c = r->shared;
    if (s >= c->base_n) {
        size_t was = c->base_n, need = st_pool_count(r->mem.pool);
        if (!st_grow(&c->base, &c->base_n, need > s ? need : (size_t)s + 1, sizeof *c->base)) {
            st_krun_nomem(r);
            return st_kv_sid(ST_EMPTY);
        }
        memset(c->base + was, 0, (c->base_n - was) * sizeof *c->base);
    }
    if (c->base[s] == ST_ABSENT) {
        st_sid b = find_base(r, s);
        c->base[s] = b;
    }
    return st_kv_sid(c->base[s]);
}

static st_sid node_image(const st_krun *r, st_node n)
{
    return n == ST_NO_NODE ? ST_EMPTY : st_kc_clean(r, r->forest->procs[n].image);
}

/* columns of the record itself */

st_kv st_kc_own(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kv_sid(field(r, row_of(r, n), c->arg));
}

st_kv st_kc_own_base(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kc_base_name(r, field(r, row_of(r, n), c->arg));
}

st_kv st_kc_parent(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kv_sid(field(r, row_of(r, parent_of(r, n)), c->arg));
}

/* What a placeholder knows too. */
st_kv st_kc_image(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_sid(node_image(r, n));
}

st_kv st_kc_file_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kc_base_name(r, node_image(r, n));
}

st_kv st_kc_command_line(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_sid(st_kc_clean(r, r->forest->procs[n].command_line));
}

st_kv st_kc_timestamp(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return st_kv_filetime(row == ST_NO_ROW ? r->forest->procs[n].start
                                           : r->forest->store->creations.created[row]);
}

st_kv st_kc_start_time(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_filetime(r->forest->procs[n].start);
}

st_kv st_kc_computer(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    if (row != ST_NO_ROW)
        return st_kv_sid(r->forest->store->creations.computer[row]);
    return st_kv_sid(r->forest->hosts[r->forest->procs[n].host].shown);
}

st_kv st_kc_device_id(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    unsigned char digest[20];
    st_str host = st_pool_get(r->mem.pool, r->forest->hosts[st_krow_host(r, n)].name);
    st_sha1(host.p, host.n, digest);
    st_buf_clear(&r->mem.buf);
    st_buf_hex(&r->mem.buf, digest, sizeof digest, false);
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_kv st_kc_constant(st_krun *r, st_node n, const st_ksource *c)
{
    (void)n;
    return st_kv_str(&r->mem, c->arg ? ST_STR("DeviceProcessEvents") : ST_STR("ProcessCreated"));
}

st_kv st_kc_never(st_krun *r, st_node n, const st_ksource *c)
{
    (void)r;
    (void)n;
    return st_kv_missing(c->type);
}

st_kv st_kc_record_id(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW ? st_kv_null()
                            : st_kv_long((int64_t)r->forest->store->creations.event_record_id[row]);
}

static st_kv number(uint64_t v, uint64_t unknown)
{
    return v == unknown ? st_kv_null() : st_kv_long((int64_t)v);
}

st_kv st_kc_pid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return number(r->forest->procs[n].pid, ST_NO_U32);
}

/* arg 0: own, 1: the parent's */
static uint32_t row_by(const st_krun *r, st_node n, int arg)
{
    return row_of(r, arg ? parent_of(r, n) : n);
}

st_kv st_kc_logon_id(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.logon_id[row], ST_NO_U64);
}

st_kv st_kc_session(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.session[row], ST_NO_U32);
}

/* arg 0: the record's own ParentProcessId, 1: the parent's */
st_kv st_kc_parent_pid(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.parent_pid[row], ST_NO_U32);
}

st_kv st_kc_hash_in(st_krun *r, st_sid hashes, int algorithm)
{
    static const char *const names[] = { "SHA1", "SHA256", "MD5" };
    st_str h = st_hashes_get(st_pool_get(r->mem.pool, hashes), names[algorithm]);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < h.n; i++)
        st_buf_char(&r->mem.buf, (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] | 32 : h.p[i]));
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_kv st_kc_own_hash(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kc_hash_in(r, field(r, row_of(r, n), ST_OFF(hashes)), c->arg);
}

st_kv st_kc_parent_hash(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kc_hash_in(r, field(r, row_of(r, parent_of(r, n)), ST_OFF(hashes)), c->arg);
}

st_kv st_kc_account_part(st_krun *r, st_sid user, int part)
{
    st_str t = st_pool_get(r->mem.pool, user);
    const char *at = t.n ? memchr(t.p, '\\', t.n) : NULL;
    size_t cut = at ? (size_t)(at - t.p) : 0;
    if (!at)
        return part ? st_kv_sid(user) : st_kv_sid(ST_EMPTY);
    return st_kv_str(&r->mem,
                     part ? (st_str){ t.p + cut + 1, t.n - cut - 1 } : (st_str){ t.p, cut });
}

st_kv st_kc_own_account(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kc_account_part(r, st_kc_clean(r, r->forest->procs[n].user), c->arg);
}

st_kv st_kc_parent_account(st_krun *r, st_node n, const st_ksource *c)
{
    st_sid user = field(r, row_of(r, n), ST_OFF(parent_user));
    if (user == ST_EMPTY)
        user = field(r, row_of(r, parent_of(r, n)), ST_OFF(user));
    return st_kc_account_part(r, user, c->arg);
}

st_kv st_kc_guid_time(const st_krun *r, st_sid computer, const st_guid *g)
{
    int64_t shift = st_store_shift_of(r->forest->store, computer);
    uint64_t s = (uint64_t)g->b[4] | (uint64_t)g->b[5] << 8 | (uint64_t)g->b[6] << 16 |
                 (uint64_t)g->b[7] << 24;
    return st_guid_zero(g) || !s
               ? st_kv_null()
               : st_kv_filetime(ST_TICKS_UNIX + (uint64_t)((int64_t)s + shift) * ST_TICKS_SECOND);
}

/* The start of the parent of n's record: from its own record, else from its GUID. */
static st_kv parent_start(st_krun *r, st_node n)
{
    uint32_t above = row_of(r, parent_of(r, n)), row = row_of(r, n);
    if (above != ST_NO_ROW)
        return st_kv_filetime(r->forest->store->creations.utc[above]);
    const st_creations *c = &r->forest->store->creations;
    return row == ST_NO_ROW ? st_kv_null()
                            : st_kc_guid_time(r, c->computer[row], &c->parent_guid[row]);
}

/* arg 0: of the parent, 1: of its parent */
st_kv st_kc_initiating_start(st_krun *r, st_node n, const st_ksource *c)
{
    if (!c->arg)
        return parent_start(r, n);
    st_node p = parent_of(r, n);
    return row_of(r, p) == ST_NO_ROW ? st_kv_null() : parent_start(r, p);
}

/* A process's own record names its parent; if it doesn't, the node above may. arg 0: of the
 * parent, 1: of n itself */
st_kv st_kc_initiating_parent_name(st_krun *r, st_node n, const st_ksource *c)
{
    st_node p = c->arg ? n : parent_of(r, n);
    uint32_t row = row_of(r, p);
    if (row == ST_NO_ROW)
        return st_kv_sid(ST_EMPTY);
    st_sid s = field(r, row, ST_OFF(parent_image));
    return st_kc_base_name(r, s != ST_EMPTY ? s : node_image(r, parent_of(r, p)));
}

st_kv st_kc_guid_text(st_krun *r, const st_guid *g)
{
    if (st_guid_zero(g))
        return st_kv_sid(ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    st_buf_guid(&r->mem.buf, g);
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_kv st_kc_own_guid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kc_guid_text(r, &r->forest->procs[n].guid);
}

st_kv st_kc_parent_guid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW ? st_kv_sid(ST_EMPTY)
                            : st_kc_guid_text(r, &r->forest->store->creations.parent_guid[row]);
}

st_kv st_kc_additional(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    if (row == ST_NO_ROW)
        return st_kv_sid(ST_EMPTY);
    static const char *const names[] = { "CurrentDirectory", "LogonGuid", "RuleName" };
    st_kv v[] = { st_kv_sid(field(r, row, ST_OFF(current_directory))),
                  st_kc_guid_text(r, &r->forest->store->creations.logon_guid[row]),
                  st_kv_sid(field(r, row, ST_OFF(rule_name))) };
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < 3; i++) {
        st_buf_fmt(&r->mem.buf, "%s\"%s\":", i ? "," : "{", names[i]);
        st_kv_put_json(&r->mem.buf, &r->mem, v[i]);
    }
    st_buf_char(&r->mem.buf, '}');
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* columns of the tree */

/* arg 0: file names, 1: command lines */
st_kv st_kc_ancestors(st_krun *r, st_node n, const st_ksource *c)
{
    size_t count = 0;
    for (st_node p = parent_of(r, n); p != ST_NO_NODE && count < ST_MAX_ANCESTORS;
         p = parent_of(r, p))
        count++;
    st_karray *a = st_karray_new(&r->mem, count);
    st_node p = parent_of(r, n);
    for (size_t i = 0; a && i < count; i++, p = parent_of(r, p))
        a->v[i] = c->arg ? st_kc_command_line(r, p, c) : st_kc_base_name(r, node_image(r, p));
    return st_kv_array(a);
}

/* Each node's way up is walked once: what it finds is remembered along the way. */
static st_node root_of(st_krun *r, st_node n)
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

st_kv st_kc_root_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kc_base_name(r, node_image(r, root_of(r, n)));
}

st_kv st_kc_tree_depth(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_long(r->forest->procs[n].depth);
}

st_kv st_kc_server_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kc_base_name(r, node_image(r, r->forest->procs[n].server));
}

st_kv st_kc_server_command(st_krun *r, st_node n, const st_ksource *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_kv_sid(ST_EMPTY) : st_kc_command_line(r, s, c);
}

st_kv st_kc_server_pid(st_krun *r, st_node n, const st_ksource *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_kv_null() : st_kc_pid(r, s, c);
}

st_kv st_kc_server_distance(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    const st_proc *p = &r->forest->procs[n];
    return p->server == ST_NO_NODE ? st_kv_null() : st_kv_long(p->server_distance);
}

st_kv st_kc_parent_link(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    static const char *const words[] = { "none", "inferred", "guid" };
    unsigned l = r->forest->procs[n].link;
    return st_kv_str(&r->mem, st_str_of(words[l < 3 ? l : 0]));
}

st_kv st_kc_observed(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_bool((r->forest->procs[n].flags & ST_P_OBSERVED) != 0);
}
