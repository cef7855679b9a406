/*
 * tables.h - what the files behind the tables share: how their columns are computed.
 *
 * columns.c computes what a process has, event_columns.c what another event has; schema.c holds
 * the tables' columns as data, event_rows.c which of Sysmon's events is a row of which table.
 */
#ifndef ST_KQL_TABLES_H
#define ST_KQL_TABLES_H

#include "rules/kql/plan.h"

/* A string column of a creation, as an argument of a column. */
#define ST_OFF(field) ((int)offsetof(st_creations, field))

/* of a process */

/* own, parent, own_base: arg is ST_OFF(column). hash: 0 SHA1, 1 SHA256, 2 MD5. account: 0 domain,
 * 1 name. logon_id, session, parent_pid: 0 own record's, 1 the parent's. initiating_start: the
 * start of 0 the parent, 1 the parent's parent. */
st_kget st_kc_own, st_kc_own_base, st_kc_parent, st_kc_image, st_kc_file_name, st_kc_command_line,
    st_kc_timestamp, st_kc_start_time, st_kc_computer, st_kc_device_id, st_kc_constant, st_kc_never,
    st_kc_record_id, st_kc_pid, st_kc_logon_id, st_kc_session, st_kc_parent_pid, st_kc_own_hash,
    st_kc_parent_hash, st_kc_own_account, st_kc_parent_account, st_kc_initiating_start,
    st_kc_initiating_parent_name, st_kc_own_guid, st_kc_parent_guid, st_kc_additional,
    st_kc_ancestors, st_kc_root_name, st_kc_tree_depth, st_kc_server_name, st_kc_server_command,
    st_kc_server_pid, st_kc_server_distance, st_kc_parent_link, st_kc_observed;

/* '-' and '?' are Sysmon's words for "not known": ST_EMPTY. */
st_sid st_kc_clean(const st_krun *r, st_sid s);
st_kv st_kc_base_name(st_krun *r, st_sid path);
st_kv st_kc_hash_in(st_krun *r, st_sid hashes, int algorithm);
st_kv st_kc_account_part(st_krun *r, st_sid user, int part);
/* Sysmon's GUIDs carry the start's Unix second, by the clock of the computer. */
st_kv st_kc_guid_time(const st_krun *r, st_sid computer, const st_guid *g);
st_kv st_kc_guid_text(st_krun *r, const st_guid *g);

/* of another event */

/* event_text: arg is an st_event_text. event_path, actor_image: 0 in full, 1 the base name.
 * net_*: 0 the remote side, 1 the local one. hash, account: as above. origin_url: 0 the file's,
 * 1 the referrer's. */
st_kget st_kc_event_time, st_kc_event_computer, st_kc_event_action, st_kc_event_table,
    st_kc_event_record, st_kc_event_path, st_kc_event_hash, st_kc_event_extra, st_kc_origin_url,
    st_kc_net_ip, st_kc_net_port, st_kc_net_type, st_kc_net_host, st_kc_net_protocol,
    st_kc_registry_key, st_kc_registry_name, st_kc_registry_type, st_kc_registry_data,
    st_kc_registry_old_key, st_kc_registry_old_name, st_kc_actor_image, st_kc_actor_account,
    st_kc_actor_pid, st_kc_actor_start, st_kc_actor_guid, st_kc_target_pid, st_kc_target_account,
    st_kc_target_start;
/* Of a host. */
st_kget st_kc_host_time, st_kc_host_name, st_kc_host_table;

/* which event is a row of which table */

/* One ActionType. Where an id has several, the value of `when` says which. */
typedef struct st_krowkind {
    uint8_t id;
    const char *table, *action;
    st_event_text when;
    const char *is;
} st_krowkind;
/* In the order of ids; NULL past the end. */
const st_krowkind *st_krowkind_at(size_t i);

typedef enum st_kform {
    ST_KF_TEXT,
    ST_KF_NUMBER, /* decimal or 0x, as a JSON number */
    ST_KF_BOOL,
    ST_KF_PIPE,   /* \x as \Device\NamedPipe\x */
    ST_KF_LIST,   /* QueryResults as an array */
    ST_KF_STREAM, /* the stream's name behind a path */
    ST_KF_WORD    /* always the same: word */
} st_kform;
/* A member of AdditionalFields. id 0: of every event. */
typedef struct st_kextra {
    uint8_t id;
    const char *name;
    st_event_text text;
    st_kform form;
    const char *word;
} st_kextra;
const st_kextra *st_kextra_at(size_t i);

/* Which text of an event is the path that it is about; ST_T_NONE: it is about no file. */
st_event_text st_kpath_of(uint8_t id);

/* Of the events that are rows of t, those for which x, a condition over t's columns, may be true.
 */
uint64_t st_ktable_narrow(st_krun *r, const st_ktable *t, uint64_t events, const st_kx *x);

#endif
