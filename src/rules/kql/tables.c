/*
 * tables.c - Defender's tables over the forest: one row a column, with how it is computed.
 *
 * A column is computed from a node. "own" reads the node's own record, "parent" the record of
 * the process above, where it was read and the edge may be trusted. Fields that the event
 * itself records about its parent are always used. '-' and '?' are Sysmon's words for "not
 * known" and read as empty.
 */
#include "base/limits.h"
#include "rules/kql/plan.h"

#include <stdlib.h>
#include <string.h>

#define OFF(field) ((int)offsetof(st_creations, field))

/* ---- records ------------------------------------------------------------------------- */

static uint32_t row_of(const st_krun *r, st_node n)
{
    return n == ST_NO_NODE ? ST_NO_ROW : r->forest->procs[n].row;
}

static st_node parent_of(const st_krun *r, st_node n)
{
    return n == ST_NO_NODE ? n : st_tree_parent(r->forest, n, r->trust_inferred);
}

static st_sid clean(const st_krun *r, st_sid s)
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
    return clean(r, (*column)[row]);
}

static st_sid find_base(st_krun *r, st_sid s)
{
    st_str t = st_pool_get(r->mem.pool, s), b = st_str_basename(t);
    return b.n == t.n ? s : st_kv_str(&r->mem, b).u.s;
}

/* Asked of the same few thousand paths by every rule: remembered. */
static st_kv base_name(st_krun *r, st_sid s)
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
    return n == ST_NO_NODE ? ST_EMPTY : clean(r, r->forest->procs[n].image);
}

/* ---- columns of the record itself ---------------------------------------------------------- */

static st_kv own(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kv_sid(field(r, row_of(r, n), c->arg));
}

static st_kv own_base(st_krun *r, st_node n, const st_ksource *c)
{
    return base_name(r, field(r, row_of(r, n), c->arg));
}

static st_kv parent(st_krun *r, st_node n, const st_ksource *c)
{
    return st_kv_sid(field(r, row_of(r, parent_of(r, n)), c->arg));
}

/* What a placeholder knows too. */
static st_kv image(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_sid(node_image(r, n));
}

static st_kv file_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return base_name(r, node_image(r, n));
}

static st_kv command_line(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_sid(clean(r, r->forest->procs[n].command_line));
}

static st_kv timestamp(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return st_kv_filetime(row == ST_NO_ROW ? r->forest->procs[n].start
                                           : r->forest->store->creations.created[row]);
}

static st_kv start_time(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_filetime(r->forest->procs[n].start);
}

static st_kv computer(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    if (row != ST_NO_ROW)
        return st_kv_sid(r->forest->store->creations.computer[row]);
    return st_kv_sid(r->forest->hosts[r->forest->procs[n].host].shown);
}

static st_kv device_id(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    unsigned char digest[20];
    st_str host = st_pool_get(r->mem.pool, r->forest->hosts[r->forest->procs[n].host].name);
    st_sha1(host.p, host.n, digest);
    st_buf_clear(&r->mem.buf);
    st_buf_hex(&r->mem.buf, digest, sizeof digest, false);
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_kv constant(st_krun *r, st_node n, const st_ksource *c)
{
    (void)n;
    return st_kv_str(&r->mem, c->arg ? ST_STR("DeviceProcessEvents") : ST_STR("ProcessCreated"));
}

static st_kv never(st_krun *r, st_node n, const st_ksource *c)
{
    (void)r;
    (void)n;
    return st_kv_missing(c->type);
}

static st_kv record_id(st_krun *r, st_node n, const st_ksource *c)
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

static st_kv pid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return number(r->forest->procs[n].pid, ST_NO_U32);
}

/* arg 0: own, 1: the parent's */
static uint32_t row_by(const st_krun *r, st_node n, int arg)
{
    return row_of(r, arg ? parent_of(r, n) : n);
}

static st_kv logon_id(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.logon_id[row], ST_NO_U64);
}

static st_kv session(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.session[row], ST_NO_U32);
}

/* arg 0: the record's own ParentProcessId, 1: the parent's */
static st_kv parent_pid(st_krun *r, st_node n, const st_ksource *c)
{
    uint32_t row = row_by(r, n, c->arg);
    return row == ST_NO_ROW ? st_kv_null()
                            : number(r->forest->store->creations.parent_pid[row], ST_NO_U32);
}

static st_kv hash_of(st_krun *r, st_sid hashes, int algorithm)
{
    static const char *const names[] = { "SHA1", "SHA256", "MD5" };
    st_str h = st_hashes_get(st_pool_get(r->mem.pool, hashes), names[algorithm]);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < h.n; i++)
        st_buf_char(&r->mem.buf, (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] | 32 : h.p[i]));
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_kv own_hash(st_krun *r, st_node n, const st_ksource *c)
{
    return hash_of(r, field(r, row_of(r, n), OFF(hashes)), c->arg);
}

static st_kv parent_hash(st_krun *r, st_node n, const st_ksource *c)
{
    return hash_of(r, field(r, row_of(r, parent_of(r, n)), OFF(hashes)), c->arg);
}

/* arg 0: domain, 1: name */
static st_kv account(st_krun *r, st_sid user, int part)
{
    st_str t = st_pool_get(r->mem.pool, user);
    const char *at = t.n ? memchr(t.p, '\\', t.n) : NULL;
    size_t cut = at ? (size_t)(at - t.p) : 0;
    if (!at)
        return part ? st_kv_sid(user) : st_kv_sid(ST_EMPTY);
    return st_kv_str(&r->mem,
                     part ? (st_str){ t.p + cut + 1, t.n - cut - 1 } : (st_str){ t.p, cut });
}

static st_kv own_account(st_krun *r, st_node n, const st_ksource *c)
{
    return account(r, clean(r, r->forest->procs[n].user), c->arg);
}

static st_kv parent_account(st_krun *r, st_node n, const st_ksource *c)
{
    st_sid user = field(r, row_of(r, n), OFF(parent_user));
    if (user == ST_EMPTY)
        user = field(r, row_of(r, parent_of(r, n)), OFF(user));
    return account(r, user, c->arg);
}

/* Sysmon's GUIDs carry the start's Unix second. */
static st_kv guid_time(const st_guid *g)
{
    uint64_t s = (uint64_t)g->b[4] | (uint64_t)g->b[5] << 8 | (uint64_t)g->b[6] << 16 |
                 (uint64_t)g->b[7] << 24;
    return st_guid_zero(g) || !s ? st_kv_null()
                                 : st_kv_filetime(ST_TICKS_UNIX + s * ST_TICKS_SECOND);
}

/* The start of the parent of n's record: from its own record, else from its GUID. */
static st_kv parent_start(st_krun *r, st_node n)
{
    uint32_t above = row_of(r, parent_of(r, n)), row = row_of(r, n);
    if (above != ST_NO_ROW)
        return st_kv_filetime(r->forest->store->creations.utc[above]);
    return row == ST_NO_ROW ? st_kv_null()
                            : guid_time(&r->forest->store->creations.parent_guid[row]);
}

/* arg 0: of the parent, 1: of its parent */
static st_kv initiating_start(st_krun *r, st_node n, const st_ksource *c)
{
    if (!c->arg)
        return parent_start(r, n);
    st_node p = parent_of(r, n);
    return row_of(r, p) == ST_NO_ROW ? st_kv_null() : parent_start(r, p);
}

/* The parent's own record names its parent; if it doesn't, the node above may. */
static st_kv initiating_parent_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    st_node p = parent_of(r, n);
    uint32_t row = row_of(r, p);
    if (row == ST_NO_ROW)
        return st_kv_sid(ST_EMPTY);
    st_sid s = field(r, row, OFF(parent_image));
    return base_name(r, s != ST_EMPTY ? s : node_image(r, parent_of(r, p)));
}

static st_kv guid_text(st_krun *r, const st_guid *g)
{
    if (st_guid_zero(g))
        return st_kv_sid(ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    st_buf_guid(&r->mem.buf, g);
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_kv own_guid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return guid_text(r, &r->forest->procs[n].guid);
}

static st_kv parent_guid(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    return row == ST_NO_ROW ? st_kv_sid(ST_EMPTY)
                            : guid_text(r, &r->forest->store->creations.parent_guid[row]);
}

static st_kv additional(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    uint32_t row = row_of(r, n);
    if (row == ST_NO_ROW)
        return st_kv_sid(ST_EMPTY);
    static const char *const names[] = { "CurrentDirectory", "LogonGuid", "RuleName" };
    st_kv v[] = { st_kv_sid(field(r, row, OFF(current_directory))),
                  guid_text(r, &r->forest->store->creations.logon_guid[row]),
                  st_kv_sid(field(r, row, OFF(rule_name))) };
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < 3; i++) {
        st_buf_fmt(&r->mem.buf, "%s\"%s\":", i ? "," : "{", names[i]);
        st_kv_put_json(&r->mem.buf, &r->mem, v[i]);
    }
    st_buf_char(&r->mem.buf, '}');
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* ---- columns of the tree --------------------------------------------------------------------- */

/* arg 0: file names, 1: command lines */
static st_kv ancestors(st_krun *r, st_node n, const st_ksource *c)
{
    size_t count = 0;
    for (st_node p = parent_of(r, n); p != ST_NO_NODE && count < ST_MAX_ANCESTORS;
         p = parent_of(r, p))
        count++;
    st_karray *a = st_karray_new(&r->mem, count);
    st_node p = parent_of(r, n);
    for (size_t i = 0; a && i < count; i++, p = parent_of(r, p))
        a->v[i] = c->arg ? command_line(r, p, c) : base_name(r, node_image(r, p));
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

static st_kv root_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return base_name(r, node_image(r, root_of(r, n)));
}

static st_kv tree_depth(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_long(r->forest->procs[n].depth);
}

static st_kv server_name(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return base_name(r, node_image(r, r->forest->procs[n].server));
}

static st_kv server_command(st_krun *r, st_node n, const st_ksource *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_kv_sid(ST_EMPTY) : command_line(r, s, c);
}

static st_kv server_pid(st_krun *r, st_node n, const st_ksource *c)
{
    st_node s = r->forest->procs[n].server;
    return s == ST_NO_NODE ? st_kv_null() : pid(r, s, c);
}

static st_kv server_distance(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    const st_proc *p = &r->forest->procs[n];
    return p->server == ST_NO_NODE ? st_kv_null() : st_kv_long(p->server_distance);
}

static st_kv parent_link(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    static const char *const words[] = { "none", "inferred", "guid" };
    unsigned l = r->forest->procs[n].link;
    return st_kv_str(&r->mem, st_str_of(words[l < 3 ? l : 0]));
}

static st_kv observed(st_krun *r, st_node n, const st_ksource *c)
{
    (void)c;
    return st_kv_bool((r->forest->procs[n].flags & ST_P_OBSERVED) != 0);
}

/* ---- the tables ---------------------------------------------------------------------------------
 */

#define S ST_KT_STRING
#define L ST_KT_LONG
#define D ST_KT_DATETIME
#define NEVER ST_SRC_NEVER

static const st_ksource process_columns[] = {
    { "Timestamp", D, timestamp, 0, 0 },
    { "DeviceId", S, device_id, 0, 0 },
    { "DeviceName", S, computer, 0, 0 },
    { "ActionType", S, constant, 0, 0 },
    { "FileName", S, file_name, 0, 0 },
    { "FolderPath", S, image, 0, 0 },
    { "SHA1", S, own_hash, 0, 0 },
    { "SHA256", S, own_hash, 1, 0 },
    { "MD5", S, own_hash, 2, 0 },
    { "FileSize", L, never, 0, NEVER },
    { "ProcessVersionInfoCompanyName", S, own, OFF(company), 0 },
    { "ProcessVersionInfoProductName", S, own, OFF(product), 0 },
    { "ProcessVersionInfoProductVersion", S, own, OFF(file_version), 0 },
    { "ProcessVersionInfoInternalFileName", S, never, 0, NEVER },
    { "ProcessVersionInfoOriginalFileName", S, own, OFF(original_file_name), 0 },
    { "ProcessVersionInfoFileDescription", S, own, OFF(description), 0 },
    { "ProcessId", L, pid, 0, 0 },
    { "ProcessCommandLine", S, command_line, 0, 0 },
    { "ProcessIntegrityLevel", S, own, OFF(integrity_level), 0 },
    { "ProcessTokenElevation", S, never, 0, NEVER },
    { "ProcessCreationTime", D, start_time, 0, 0 },
    { "AccountDomain", S, own_account, 0, 0 },
    { "AccountName", S, own_account, 1, 0 },
    { "AccountSid", S, never, 0, NEVER },
    { "AccountUpn", S, never, 0, NEVER },
    { "AccountObjectId", S, never, 0, NEVER },
    { "LogonId", L, logon_id, 0, 0 },
    { "InitiatingProcessAccountDomain", S, parent_account, 0, 0 },
    { "InitiatingProcessAccountName", S, parent_account, 1, 0 },
    { "InitiatingProcessAccountSid", S, never, 0, NEVER },
    { "InitiatingProcessAccountUpn", S, never, 0, NEVER },
    { "InitiatingProcessAccountObjectId", S, never, 0, NEVER },
    { "InitiatingProcessLogonId", L, logon_id, 1, 0 },
    { "InitiatingProcessIntegrityLevel", S, parent, OFF(integrity_level), 0 },
    { "InitiatingProcessTokenElevation", S, never, 0, NEVER },
    { "InitiatingProcessSHA1", S, parent_hash, 0, 0 },
    { "InitiatingProcessSHA256", S, parent_hash, 1, 0 },
    { "InitiatingProcessMD5", S, parent_hash, 2, 0 },
    { "InitiatingProcessFileName", S, own_base, OFF(parent_image), 0 },
    { "InitiatingProcessFileSize", L, never, 0, NEVER },
    { "InitiatingProcessVersionInfoCompanyName", S, parent, OFF(company), 0 },
    { "InitiatingProcessVersionInfoProductName", S, parent, OFF(product), 0 },
    { "InitiatingProcessVersionInfoProductVersion", S, parent, OFF(file_version), 0 },
    { "InitiatingProcessVersionInfoInternalFileName", S, never, 0, NEVER },
    { "InitiatingProcessVersionInfoOriginalFileName", S, parent, OFF(original_file_name), 0 },
    { "InitiatingProcessVersionInfoFileDescription", S, parent, OFF(description), 0 },
    { "InitiatingProcessId", L, parent_pid, 0, 0 },
    { "InitiatingProcessCommandLine", S, own, OFF(parent_command_line), 0 },
    { "InitiatingProcessCreationTime", D, initiating_start, 0, 0 },
    { "InitiatingProcessFolderPath", S, own, OFF(parent_image), 0 },
    { "InitiatingProcessParentId", L, parent_pid, 1, 0 },
    { "InitiatingProcessParentFileName", S, initiating_parent_name, 0, 0 },
    { "InitiatingProcessParentCreationTime", D, initiating_start, 1, 0 },
    { "InitiatingProcessSignerType", S, never, 0, NEVER },
    { "InitiatingProcessSignatureStatus", S, never, 0, NEVER },
    { "ReportId", L, record_id, 0, 0 },
    { "AppGuardContainerId", S, never, 0, NEVER },
    { "AdditionalFields", S, additional, 0, 0 },
    { "InitiatingProcessSessionId", L, session, 1, 0 },
    { "CreatedProcessSessionId", L, session, 0, 0 },
    { "IsInitiatingProcessRemoteSession", ST_KT_BOOL, never, 0, NEVER },
    { "InitiatingProcessRemoteSessionDeviceName", S, never, 0, NEVER },
    { "InitiatingProcessRemoteSessionIP", S, never, 0, NEVER },
    { "IsProcessRemoteSession", ST_KT_BOOL, never, 0, NEVER },
    { "ProcessRemoteSessionDeviceName", S, never, 0, NEVER },
    { "ProcessRemoteSessionIP", S, never, 0, NEVER },
    { "ProcessUniqueId", S, never, 0, NEVER },
    { "InitiatingProcessUniqueId", S, never, 0, NEVER },
    { "TimeGenerated", D, timestamp, 0, 0 },
    { "Type", S, constant, 1, 0 },
    { "TenantId", S, never, 0, NEVER },
    { "SourceSystem", S, never, 0, NEVER },
    { "MachineGroup", S, never, 0, NEVER },
    { "AncestorFileNames", ST_KT_DYNAMIC, ancestors, 0, 0 },
    { "AncestorCommandLines", ST_KT_DYNAMIC, ancestors, 1, 0 },
    { "RootFileName", S, root_name, 0, 0 },
    { "TreeDepth", L, tree_depth, 0, 0 },
    { "WebServerFileName", S, server_name, 0, ST_SRC_SERVER },
    { "WebServerCommandLine", S, server_command, 0, ST_SRC_SERVER },
    { "WebServerProcessId", L, server_pid, 0, ST_SRC_SERVER },
    { "WebServerDistance", L, server_distance, 0, ST_SRC_SERVER },
    { "ParentLink", S, parent_link, 0, 0 },
    { "ComputerName", S, computer, 0, 0 },
    { "ProcessGuid", S, own_guid, 0, 0 },
    { "InitiatingProcessGuid", S, parent_guid, 0, 0 },
    { "EventRecordID", L, record_id, 0, 0 },
    { "Observed", ST_KT_BOOL, observed, 0, 0 },
};
enum { PROCESS_COLUMNS = sizeof process_columns / sizeof *process_columns };

static const st_ktable tables[] = {
    { "DeviceProcessEvents", process_columns, PROCESS_COLUMNS - 1, false, false },
    { "Processes", process_columns, PROCESS_COLUMNS, true, false },
};

const st_ktable *st_ktable_at(size_t i)
{
    return i < sizeof tables / sizeof *tables ? &tables[i] : NULL;
}

const st_ktable *st_ktable_find(st_str name)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (st_str_eq(name, st_str_of(tables[i].name)))
            return &tables[i];
    return NULL;
}

/* ---- what needs a service
 * ---------------------------------------------------------------------------- */

const char *st_kql_service(st_str name)
{
    static const char *const names[] = {
        "externaldata",
        "geo_info_from_ip_address",
        "FileProfile",
        "SeenBy",
        "DeviceFromIP",
        "AssignedIPAddresses",
        "InvokeAdvancedHunting",
        "cluster",
        "database",
        "workspace",
        "external_table",
        "_GetWatchlist",
        "DeviceNetworkEvents",
        "DeviceFileEvents",
        "DeviceRegistryEvents",
        "DeviceImageLoadEvents",
        "DeviceEvents",
        "DeviceInfo",
        "DeviceLogonEvents",
        "DeviceNetworkInfo",
        "DeviceFileCertificateInfo",
        "EmailAttachmentInfo",
        "EmailEvents",
        "EmailUrlInfo",
        "EmailPostDeliveryEvents",
        "UrlClickEvents",
        "IdentityInfo",
        "IdentityLogonEvents",
        "IdentityQueryEvents",
        "IdentityDirectoryEvents",
        "AlertInfo",
        "AlertEvidence",
        "CloudAppEvents",
        "CloudAuditEvents",
        "AADSignInEventsBeta",
        "AADSpnSignInEventsBeta",
        "EntraIdSignInEvents",
        "SigninLogs",
        "AuditLogs",
        "OfficeActivity",
        "ThreatIntelligenceIndicator",
        "ThreatIntelIndicators",
        "SecurityAlert",
        "SecurityEvent",
        "SecurityIncident",
        "AzureActivity",
        "AzureDiagnostics",
        "BehaviorAnalytics",
        "BehaviorEntities",
        "BehaviorInfo",
        "Anomalies",
        "CommonSecurityLog",
        "Syslog",
        "Usage",
        "IntuneDevices",
        "NetworkAccessTraffic",
        "MessageEvents",
        "ExposureGraphNodes",
        "ExposureGraphEdges",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (st_str_eq(name, st_str_of(names[i])))
            return names[i];
    return st_str_starts(name, ST_STR("DeviceTvm")) ? "DeviceTvm*" : NULL;
}
