/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_columns.c - how columns of records that are kept whole are computed, and those of logons.
 *
 * A field that the record lacks is empty here (a number: null), as in a workspace, and its text is
 * as recorded, '-' too.
 */
#include "rules/engine/tables/recorded.h"
#include "rules/engine/tables/tables.h"
#include "shelltree/evtx.h"

#include <string.h>

static st_str text_of(const st_run *r, st_node n, st_event_text t)
{
    return st_pool_get(r->mem.pool, st_event_text_of(r->forest, st_lineage_event(r, n), t));
}

static st_str field(const st_run *r, st_node n, const char *name)
{
    return st_log_field(text_of(r, n, ST_T_log_fields), st_str_of(name));
}

static bool number(st_str s, uint64_t *out)
{
    st_value v = { .p = (const unsigned char *)s.p, .n = (uint32_t)s.n, .type = ST_V_TEXT };
    return s.n && st_value_u64(&v, out) && *out <= INT64_MAX;
}

static st_val number_in(st_str s)
{
    uint64_t u;
    return number(s, &u) && u <= INT32_MAX ? st_val_long((int64_t)u) : st_val_null();
}

st_val st_get_log_field(st_run *r, st_node n, const st_getter *c)
{
    return st_val_str(&r->mem, field(r, n, c->name));
}

st_val st_get_log_number(st_run *r, st_node n, const st_getter *c)
{
    return number_in(field(r, n, c->name));
}

/* the System part */

st_val st_get_log_event_id(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_long(st_event_id(r->forest, st_lineage_event(r, n)));
}

st_val st_get_log_record_text(st_run *r, st_node n, const st_getter *c)
{
    st_val v = st_get_event_record(r, n, c);
    return st_val_tostring(&r->mem, ST_TYPE_LONG, v);
}

st_val st_get_log_provider(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_str(&r->mem, st_event_provider(r->forest, st_lineage_event(r, n)));
}

st_val st_get_log_channel(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    const st_event *e = st_lineage_event(r, n);
    return st_val_sid(st_event_columns(r->forest, e)->channel[e->row]);
}

st_val st_get_log_system(st_run *r, st_node n, const st_getter *c)
{
    static const char *const NAMES[] = { "Version",   "Task",     "Opcode", "Keywords",
                                         "ProcessID", "ThreadID", "UserID" };
    st_str s = st_log_field(text_of(r, n, ST_T_log_system), st_str_of(NAMES[c->arg]));
    return c->type == ST_TYPE_INT ? number_in(s) : st_val_str(&r->mem, s);
}

st_val st_get_log_user(st_run *r, st_node n, const st_getter *c)
{
    /* Names that are the same on every machine; of others only the SID is known. */
    static const struct {
        st_str sid, name;
    } KNOWN[] = { { { "S-1-5-18", 8 }, { "NT AUTHORITY\\SYSTEM", 19 } },
                  { { "S-1-5-19", 8 }, { "NT AUTHORITY\\LOCAL SERVICE", 26 } },
                  { { "S-1-5-20", 8 }, { "NT AUTHORITY\\NETWORK SERVICE", 28 } } };
    (void)c;
    st_str sid = st_log_field(text_of(r, n, ST_T_log_system), ST_STR("UserID"));
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (st_str_eq(sid, KNOWN[i].sid))
            sid = KNOWN[i].name;
    return st_val_str(&r->mem, sid);
}

st_val st_get_log_level(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return st_val_str(&r->mem, text_of(r, n, ST_T_log_level));
}

st_val st_get_log_level_number(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    return number_in(text_of(r, n, ST_T_log_level));
}

/* Level 0 is "log always", which Windows shows as Information. */
st_val st_get_log_level_name(st_run *r, st_node n, const st_getter *c)
{
    static const char *const WORDS[] = { "Information", "Critical",    "Error",
                                         "Warning",     "Information", "Verbose" };
    uint64_t u;
    (void)c;
    bool known = number(text_of(r, n, ST_T_log_level), &u) && u < sizeof WORDS / sizeof *WORDS;
    return st_val_str(&r->mem, known ? st_str_of(WORDS[u]) : ST_STR(""));
}

st_val st_get_log_table(st_run *r, st_node n, const st_getter *c)
{
    static const char *const NAMES[] = { "SecurityEvent", "Event", "WindowsEvent", "Sysmon" };
    (void)n;
    return st_val_str(&r->mem, st_str_of(NAMES[c->arg]));
}

/* all fields in one */

static void put_data(st_str name, st_str value, st_buf *b)
{
    st_buf_str(b, ST_STR("<Data Name=\""));
    st_xml_put_text(b, name);
    st_buf_str(b, ST_STR("\">"));
    st_xml_put_text(b, value);
    st_buf_str(b, ST_STR("</Data>"));
}

/* arg: 1 as the agent wraps it for the table Event. */
st_val st_get_log_xml(st_run *r, st_node n, const st_getter *c)
{
    st_str fields = text_of(r, n, ST_T_log_fields), name, value;
    size_t at = 0;
    st_buf *b = &r->mem.buf;
    st_buf_clear(b);
    if (c->arg)
        st_buf_str(b, ST_STR("<DataItem type=\"System.XmlData\">"));
    st_buf_str(b, ST_STR("<EventData xmlns=\"http://schemas.microsoft.com/win/2004/08/events/"
                         "event\">"));
    while (st_log_next(fields, &at, &name, &value))
        put_data(name, value, b);
    st_buf_str(b, ST_STR("</EventData>"));
    if (c->arg)
        st_buf_str(b, ST_STR("</DataItem>"));
    return st_val_str(&r->mem, st_buf_slice(b));
}

st_val st_get_log_parameters(st_run *r, st_node n, const st_getter *c)
{
    st_str fields = text_of(r, n, ST_T_log_fields), name, value;
    size_t at = 0;
    st_buf *b = &r->mem.buf;
    (void)c;
    st_buf_clear(b);
    while (st_log_next(fields, &at, &name, &value)) {
        st_buf_str(b, ST_STR("<Param>"));
        st_xml_put_text(b, value);
        st_buf_str(b, ST_STR("</Param>"));
    }
    return st_val_str(&r->mem, st_buf_slice(b));
}

st_val st_get_log_bag(st_run *r, st_node n, const st_getter *c)
{
    st_str fields = text_of(r, n, ST_T_log_fields), name, value;
    size_t at = 0, count = 0;
    (void)c;
    while (st_log_next(fields, &at, &name, &value))
        count++;
    st_bag *g = st_bag_new(&r->mem, count);
    if (!g)
        return st_val_null();
    at = 0;
    for (size_t i = 0; i < count && st_log_next(fields, &at, &name, &value); i++) {
        g->keys[i] = st_mem_text(&r->mem, name);
        g->v[i] = st_val_str(&r->mem, value);
    }
    return st_val_bag(g);
}

/* SecurityEvent's own */

static bool is_someone(st_str s)
{
    return s.n && !st_str_eq(s, ST_STR("-"));
}

/* Logons are told of with the account that logged on, all else with the one that acted. */
static bool is_of_target(const st_run *r, st_node n)
{
    uint32_t id = st_event_id(r->forest, st_lineage_event(r, n));
    return id == 4624 || id == 4625 || id == 4634 || id == 4647 ||
           !is_someone(field(r, n, "SubjectUserName"));
}

enum { ACTED, SUBJECT, TARGET };

static void names_of(const st_run *r, st_node n, int whose, st_str *domain, st_str *name)
{
    bool target = whose == TARGET || (whose == ACTED && is_of_target(r, n));
    *domain = field(r, n, target ? "TargetDomainName" : "SubjectDomainName");
    *name = field(r, n, target ? "TargetUserName" : "SubjectUserName");
}

/* arg: whose. */
st_val st_get_log_account(st_run *r, st_node n, const st_getter *c)
{
    st_str domain, name;
    names_of(r, n, c->arg, &domain, &name);
    st_buf_clear(&r->mem.buf);
    if (is_someone(domain)) {
        st_buf_str(&r->mem.buf, domain);
        st_buf_char(&r->mem.buf, '\\');
    }
    st_buf_str(&r->mem.buf, name);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

st_val st_get_log_account_type(st_run *r, st_node n, const st_getter *c)
{
    st_str domain, name;
    names_of(r, n, c->arg, &domain, &name);
    if (!is_someone(name))
        return st_val_sid(ST_EMPTY);
    return st_val_str(&r->mem, name.p[name.n - 1] == '$' ? ST_STR("Machine") : ST_STR("User"));
}

st_val st_get_log_process(st_run *r, st_node n, const st_getter *c)
{
    (void)c;
    st_str s = field(r, n, "NewProcessName");
    if (!s.n)
        s = field(r, n, "ProcessName");
    return st_val_str(&r->mem, is_someone(s) ? st_str_basename(s) : ST_STR(""));
}

static const char *logon_type(uint64_t type)
{
    static const char *const WORDS[] = { "System",
                                         "",
                                         "Interactive",
                                         "Network",
                                         "Batch",
                                         "Service",
                                         "",
                                         "Unlock",
                                         "NetworkCleartext",
                                         "NewCredentials",
                                         "RemoteInteractive",
                                         "CachedInteractive",
                                         "CachedRemoteInteractive",
                                         "CachedUnlock" };
    return type < sizeof WORDS / sizeof *WORDS ? WORDS[type] : "";
}

st_val st_get_log_logon_type_name(st_run *r, st_node n, const st_getter *c)
{
    uint64_t type;
    (void)c;
    if (!number(field(r, n, "LogonType"), &type))
        return st_val_sid(ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%llu - %s", (unsigned long long)type, logon_type(type));
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* What Microsoft's list of audit events calls them. */
static const struct {
    uint32_t id;
    const char *text;
} ACTIVITIES[] = {
    { 1102, "The audit log was cleared." },
    { 4608, "Windows is starting up." },
    { 4611, "A trusted logon process has been registered with the Local Security Authority." },
    { 4616, "The system time was changed." },
    { 4624, "An account was successfully logged on." },
    { 4625, "An account failed to log on." },
    { 4634, "An account was logged off." },
    { 4647, "User initiated logoff." },
    { 4648, "A logon was attempted using explicit credentials." },
    { 4656, "A handle to an object was requested." },
    { 4657, "A registry value was modified." },
    { 4661, "A handle to an object was requested." },
    { 4662, "An operation was performed on an object." },
    { 4663, "An attempt was made to access an object." },
    { 4670, "Permissions on an object were changed." },
    { 4672, "Special privileges assigned to new logon." },
    { 4673, "A privileged service was called." },
    { 4688, "A new process has been created." },
    { 4689, "A process has exited." },
    { 4697, "A service was installed in the system." },
    { 4698, "A scheduled task was created." },
    { 4699, "A scheduled task was deleted." },
    { 4700, "A scheduled task was enabled." },
    { 4701, "A scheduled task was disabled." },
    { 4702, "A scheduled task was updated." },
    { 4703, "A user right was adjusted." },
    { 4704, "A user right was assigned." },
    { 4706, "A new trust was created to a domain." },
    { 4713, "Kerberos policy was changed." },
    { 4719, "System audit policy was changed." },
    { 4720, "A user account was created." },
    { 4722, "A user account was enabled." },
    { 4723, "An attempt was made to change an account's password." },
    { 4724, "An attempt was made to reset an account's password." },
    { 4725, "A user account was disabled." },
    { 4726, "A user account was deleted." },
    { 4728, "A member was added to a security-enabled global group." },
    { 4729, "A member was removed from a security-enabled global group." },
    { 4732, "A member was added to a security-enabled local group." },
    { 4733, "A member was removed from a security-enabled local group." },
    { 4738, "A user account was changed." },
    { 4739, "Domain Policy was changed." },
    { 4740, "A user account was locked out." },
    { 4741, "A computer account was created." },
    { 4742, "A computer account was changed." },
    { 4743, "A computer account was deleted." },
    { 4756, "A member was added to a security-enabled universal group." },
    { 4757, "A member was removed from a security-enabled universal group." },
    { 4767, "A user account was unlocked." },
    { 4768, "A Kerberos authentication ticket (TGT) was requested." },
    { 4769, "A Kerberos service ticket was requested." },
    { 4770, "A Kerberos service ticket was renewed." },
    { 4771, "Kerberos pre-authentication failed." },
    { 4776, "The domain controller attempted to validate the credentials for an account." },
    { 4778, "A session was reconnected to a Window Station." },
    { 4779, "A session was disconnected from a Window Station." },
    { 4781, "The name of an account was changed." },
    { 4797, "An attempt was made to query the existence of a blank password for an account." },
    { 4798, "A user's local group membership was enumerated." },
    { 4799, "A security-enabled local group membership was enumerated." },
    { 4985, "The state of a transaction has changed." },
    { 5058, "Key file operation." },
    { 5059, "Key migration operation." },
    { 5061, "Cryptographic operation." },
    { 5136, "A directory service object was modified." },
    { 5137, "A directory service object was created." },
    { 5141, "A directory service object was deleted." },
    { 5140, "A network share object was accessed." },
    { 5142, "A network share object was added." },
    { 5145, "A network share object was checked to see whether client can be granted desired "
            "access." },
    { 5156, "The Windows Filtering Platform has permitted a connection." },
    { 5379, "Credential Manager credentials were read." },
};

st_val st_get_log_activity(st_run *r, st_node n, const st_getter *c)
{
    uint32_t id = st_event_id(r->forest, st_lineage_event(r, n));
    (void)c;
    st_buf_clear(&r->mem.buf);
    st_buf_u64(&r->mem.buf, id);
    for (size_t i = 0; i < sizeof ACTIVITIES / sizeof *ACTIVITIES; i++)
        if (ACTIVITIES[i].id == id)
            st_buf_fmt(&r->mem.buf, " - %s", ACTIVITIES[i].text);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

/* of Sysmon's records */

/* What Sysmon's messages begin with, which is all that the parser leaves of them. */
st_val st_get_log_description(st_run *r, st_node n, const st_getter *c)
{
    static const char *const TEXTS[] = { "",
                                         "Process Create",
                                         "File creation time changed",
                                         "Network connection detected",
                                         "Sysmon service state changed",
                                         "Process terminated",
                                         "Driver loaded",
                                         "Image loaded",
                                         "CreateRemoteThread detected",
                                         "RawAccessRead detected",
                                         "Process accessed",
                                         "File created",
                                         "Registry object added or deleted",
                                         "Registry value set",
                                         "Registry object renamed",
                                         "File stream created",
                                         "Sysmon config state changed",
                                         "Pipe Created",
                                         "Pipe Connected",
                                         "WmiEventFilter activity detected",
                                         "WmiEventConsumer activity detected",
                                         "WmiEventConsumerToFilter activity detected",
                                         "Dns query",
                                         "File Delete archived",
                                         "Clipboard changed",
                                         "Process Tampering",
                                         "File Delete logged" };
    const st_event *e = st_lineage_event(r, n);
    uint32_t id = st_event_id(r->forest, e);
    (void)c;
    bool sysmon = st_event_kind_at(e->kind)->key.id == ST_LOG_SYSMON;
    return st_val_str(&r->mem, sysmon && id < sizeof TEXTS / sizeof *TEXTS ? st_str_of(TEXTS[id])
                                                                           : ST_STR(""));
}

st_val st_get_log_hash(st_run *r, st_node n, const st_getter *c)
{
    return st_val_str(&r->mem, st_hashes_get(field(r, n, "Hashes"), c->name));
}

/* RuleName as "technique_id=T1059,technique_name=...". arg: 0 the id, 1 the name. */
st_val st_get_log_technique(st_run *r, st_node n, const st_getter *c)
{
    st_str rest = field(r, n, "RuleName"), part,
           key = c->arg ? ST_STR("technique_name=") : ST_STR("technique_id=");
    while (st_str_cut(&rest, ',', &part))
        if (st_str_starts(part, key))
            return st_val_str(&r->mem, (st_str){ part.p + key.n, part.n - key.n });
    return st_val_sid(ST_EMPTY);
}

/* which fields a column is made of */

/* What stands in the record's head alone, and what is made of some fields; of others it is all. */
static const struct {
    st_val (*get)(st_run *r, st_node n, const st_getter *c);
    const char *fields[4];
    size_t n;
} MADE_OF[] = {
    { st_get_never, { NULL }, 0 },
    { st_get_computer, { NULL }, 0 },
    { st_get_event_time, { NULL }, 0 },
    { st_get_log_event_id, { NULL }, 0 },
    { st_get_log_record_text, { NULL }, 0 },
    { st_get_log_provider, { NULL }, 0 },
    { st_get_log_channel, { NULL }, 0 },
    { st_get_log_system, { NULL }, 0 },
    { st_get_log_user, { NULL }, 0 },
    { st_get_log_level, { NULL }, 0 },
    { st_get_log_level_number, { NULL }, 0 },
    { st_get_log_level_name, { NULL }, 0 },
    { st_get_log_table, { NULL }, 0 },
    { st_get_log_activity, { NULL }, 0 },
    { st_get_log_description, { NULL }, 0 },
    { st_get_log_account,
      { "SubjectUserName", "SubjectDomainName", "TargetUserName", "TargetDomainName" },
      4 },
    { st_get_log_account_type,
      { "SubjectUserName", "SubjectDomainName", "TargetUserName", "TargetDomainName" },
      4 },
    { st_get_log_process, { "NewProcessName", "ProcessName" }, 2 },
    { st_get_log_logon_type_name, { "LogonType" }, 1 },
    { st_get_log_hash, { "Hashes" }, 1 },
    { st_get_log_technique, { "RuleName" }, 1 },
};

const char *const *st_log_fields_of(const st_getter *c, size_t *n)
{
    *n = 1;
    if (c->get == st_get_log_field || c->get == st_get_log_number)
        return &c->name;
    for (size_t i = 0; i < sizeof MADE_OF / sizeof *MADE_OF; i++)
        if (c->get == MADE_OF[i].get) {
            *n = MADE_OF[i].n;
            return MADE_OF[i].fields;
        }
    return NULL;
}

/* logons, and other events of Windows' own in Defender's tables */

static st_sid known(const st_run *r, st_node n, int text)
{
    return st_get_clean(r,
                        st_event_text_of(r->forest, st_lineage_event(r, n), (st_event_text)text));
}

/* arg: an st_event_text. */
st_val st_get_event_text(st_run *r, st_node n, const st_getter *c)
{
    return st_val_sid(known(r, n, c->arg));
}

st_val st_get_event_number(st_run *r, st_node n, const st_getter *c)
{
    uint64_t u;
    return number(st_pool_get(r->mem.pool, known(r, n, c->arg)), &u) ? st_val_long((int64_t)u)
                                                                     : st_val_null();
}

st_val st_get_event_address_type(st_run *r, st_node n, const st_getter *c)
{
    return st_val_str(&r->mem, st_net_type_of(st_pool_get(r->mem.pool, known(r, n, c->arg))));
}

st_val st_get_logon_type(st_run *r, st_node n, const st_getter *c)
{
    uint64_t type;
    (void)c;
    bool is = number(st_pool_get(r->mem.pool, known(r, n, ST_T_logon_type)), &type);
    return st_val_str(&r->mem, st_str_of(is ? logon_type(type) : ""));
}

/* NTSTATUS, [MS-ERREF] 2.3.1, of those that a logon fails with. */
st_val st_get_logon_failure(st_run *r, st_node n, const st_getter *c)
{
    static const struct {
        uint64_t code;
        const char *word;
    } REASONS[] = {
        { 0xc000006a, "InvalidUserNameOrPassword" }, { 0xc0000064, "InvalidUserNameOrPassword" },
        { 0xc000006d, "InvalidUserNameOrPassword" }, { 0xc0000234, "AccountLockedOut" },
        { 0xc0000072, "AccountDisabled" },           { 0xc0000193, "AccountExpired" },
        { 0xc0000071, "PasswordExpired" },           { 0xc0000224, "PasswordMustChange" },
        { 0xc000006f, "InvalidLogonHours" },         { 0xc0000070, "InvalidWorkstation" },
        { 0xc000015b, "LogonTypeNotGranted" },       { 0xc0000133, "TimeDifferenceAtDC" },
    };
    static const int TEXTS[] = { ST_T_sub_status, ST_T_status };
    (void)c;
    for (size_t t = 0; t < sizeof TEXTS / sizeof *TEXTS; t++) {
        uint64_t code;
        if (!number(st_pool_get(r->mem.pool, known(r, n, TEXTS[t])), &code) || !code)
            continue;
        for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++)
            if (REASONS[i].code == code)
                return st_val_str(&r->mem, st_str_of(REASONS[i].word));
    }
    return st_val_sid(ST_EMPTY);
}

/* arg: 0 the domain, 1 the name: of the subject, as two texts. */
st_val st_get_subject(st_run *r, st_node n, const st_getter *c)
{
    st_sid own = known(r, n, c->arg ? ST_T_subject_user : ST_T_subject_domain);
    return own != ST_EMPTY ? st_val_sid(own) : st_get_actor_account(r, n, c);
}

/* The account that it was done to: of two texts, or "DOMAIN\name". */
st_val st_get_account(st_run *r, st_node n, const st_getter *c)
{
    st_sid own = known(r, n, c->arg ? ST_T_account_name : ST_T_account_domain);
    bool split = known(r, n, ST_T_account_name) != ST_EMPTY;
    return split ? st_val_sid(own) : st_get_target_account(r, n, c);
}
