/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - what the files behind the tables share: how their columns are computed.
 *
 * columns.c computes what a process has, event_columns.c what another event has; schema.c holds
 * the tables' columns as data. Which event is a row of which table its provider says
 * (st_event_rows).
 */
#ifndef ST_RULES_ENGINE_TABLES_TABLES_H
#define ST_RULES_ENGINE_TABLES_TABLES_H

#include "rules/engine/tables/table_def.h"

/* A string column of a creation, as an argument of a column. */
#define ST_OFF(field) ((int)offsetof(st_creations, field))

/* of a process */

/* own, parent, own_base, told, told_base: arg is ST_OFF(column). hash: 0 SHA1, 1 SHA256, 2 MD5.
 * account: 0 domain, 1 name. logon_id, session, parent_pid: 0 own record's, 1 the parent's.
 * initiating_start: the start of 0 the parent, 1 the parent's parent. */
st_get_fn st_get_own, st_get_own_base, st_get_told, st_get_told_base, st_get_parent, st_get_image,
    st_get_file_name, st_get_command_line, st_get_timestamp, st_get_start_time, st_get_computer,
    st_get_device_id, st_get_constant, st_get_never, st_get_record_id, st_get_pid, st_get_logon_id,
    st_get_session, st_get_parent_pid, st_get_own_hash, st_get_parent_hash, st_get_own_account,
    st_get_parent_account, st_get_initiating_start, st_get_initiating_parent_name, st_get_own_guid,
    st_get_parent_guid, st_get_additional, st_get_ancestors, st_get_root_name, st_get_tree_depth,
    st_get_server_name, st_get_server_image, st_get_server_account, st_get_is_server, st_get_habit,
    st_get_server_command, st_get_server_pid, st_get_server_distance, st_get_parent_link,
    st_get_observed;

/* '-' and '?' are Sysmon's words for "not known": ST_EMPTY. */
st_sid st_get_clean(const st_run *r, st_sid s);
st_val st_get_base_name(st_run *r, st_sid path);
st_val st_get_hash_in(st_run *r, st_sid hashes, int algorithm);
st_val st_get_account_part(st_run *r, st_sid user, int part);
/* Sysmon's GUIDs carry the start's Unix second, by the clock of the computer. */
st_val st_get_guid_time(const st_run *r, st_sid computer, const st_guid *g);
st_val st_get_guid_text(st_run *r, const st_guid *g);

/* of another event */

/* event_text: arg is an st_event_text. event_path, actor_image: 0 in full, 1 the base name.
 * net_*: 0 the remote side, 1 the local one. hash, account: as above. origin_url: 0 the file's,
 * 1 the referrer's. */
st_get_fn st_get_event_time, st_get_event_action, st_get_event_table, st_get_event_record,
    st_get_event_path, st_get_event_hash, st_get_event_extra, st_get_origin_url, st_get_net_ip,
    st_get_net_port, st_get_net_type, st_get_net_host, st_get_net_protocol, st_get_registry_key,
    st_get_registry_name, st_get_registry_type, st_get_registry_data, st_get_registry_old_key,
    st_get_registry_old_name, st_get_actor_image, st_get_actor_account, st_get_actor_pid,
    st_get_actor_start, st_get_actor_guid, st_get_target_pid, st_get_target_account,
    st_get_target_start;
/* Of a record that is kept whole (log_columns.c): log_field and log_number by the column's name. */
enum {
    ST_LOG_VERSION,
    ST_LOG_TASK,
    ST_LOG_OPCODE,
    ST_LOG_KEYWORDS,
    ST_LOG_PROCESS,
    ST_LOG_THREAD,
    ST_LOG_USER
};
enum {
    ST_LOG_TABLE_SECURITY_EVENT,
    ST_LOG_TABLE_EVENT,
    ST_LOG_TABLE_WINDOWS_EVENT,
    ST_LOG_TABLE_SYSMON
};
st_get_fn st_get_log_field, st_get_log_number, st_get_log_event_id, st_get_log_record_text,
    st_get_log_provider, st_get_log_channel, st_get_log_system, st_get_log_user, st_get_log_level,
    st_get_log_level_number, st_get_log_level_name, st_get_log_table, st_get_log_xml,
    st_get_log_parameters, st_get_log_bag, st_get_log_account, st_get_log_account_type,
    st_get_log_process, st_get_log_logon_type_name, st_get_log_activity, st_get_log_description,
    st_get_log_hash, st_get_log_technique;
/* event_text, event_number, event_address_type: arg is an st_event_text. */
st_get_fn st_get_event_text, st_get_event_number, st_get_event_address_type, st_get_logon_type,
    st_get_logon_failure, st_get_subject, st_get_account;
/* "Private", "Public" ... of an address; empty if it is none. */
st_str st_net_type_of(st_str address);

extern const st_getter st_columns_of_security[], st_columns_of_event[], st_columns_of_windows[],
    st_columns_of_sysmon[];
enum {
    ST_SECURITY_COLUMNS = 229,
    ST_EVENT_TABLE_COLUMNS = 22,
    ST_WINDOWS_COLUMNS = 25,
    ST_SYSMON_COLUMNS = 84
};

/* Of a host. */
st_get_fn st_get_host_time, st_get_host_table;

/* The event ids that a condition on EventID leaves of a table whose rows are records whole; false:
 * it doesn't say. No more than ST_MAX_LOG_IDS. */
bool st_table_def_ids(const st_table_def *t, const st_expr *x, uint32_t *ids, size_t *n);
/* The fields of a record that a column of such a table is made of; *n is 0 for none; NULL: all. */
const char *const *st_log_fields_of(const st_getter *c, size_t *n);
/* Of the events that are rows of t, those for which x, a condition over t's columns, may be true.
 */
st_event_set st_table_def_narrow(st_run *r, const st_table_def *t, st_event_set events,
                                 const st_expr *x);

#endif
