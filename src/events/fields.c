/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - Sysmon's names: one table of what each field is called, of what kind it is
 * and which column takes it. The scanner asks for a name's number once a template, so
 * that a record's fields come with numbers and no name is compared twice.
 */
#include "events/store.h"

#define STRING(text, name)                                                                      \
    {                                                                                           \
        { text, sizeof(text) - 1 }, ST_K_STRING, ST_COL_##name, offsetof(st_creations, name), 0 \
    }
/* Of creations and of other events. */
#define BOTH(text, name)                                                                      \
    {                                                                                         \
        { text, sizeof(text) - 1 }, ST_K_STRING, ST_COL_##name, offsetof(st_creations, name), \
            ST_T_##name                                                                       \
    }
#define NUMBER(text, name, kind)                                                        \
    {                                                                                   \
        { text, sizeof(text) - 1 }, kind, ST_COL_COUNT, offsetof(st_creations, name), 0 \
    }
#define STATE(text, name)                                                                   \
    {                                                                                       \
        { text, sizeof(text) - 1 }, ST_K_STATE, ST_COL_COUNT, offsetof(st_service, name), 0 \
    }
#define EVENT(text, kind, event_text)                                 \
    {                                                                 \
        { text, sizeof(text) - 1 }, kind, ST_COL_COUNT, 0, event_text \
    }

/* A field's number is its place here and one. */
static const st_field_def FIELDS[] = {
    BOTH("RuleName", rule_name),
    { { "UtcTime", 7 }, ST_K_UTC, ST_COL_utc_text, offsetof(st_creations, utc), 0 },
    NUMBER("ProcessGuid", guid, ST_K_GUID),
    NUMBER("ProcessId", pid, ST_K_U32),
    BOTH("Image", image),
    BOTH("FileVersion", file_version),
    BOTH("Description", description),
    BOTH("Product", product),
    BOTH("Company", company),
    BOTH("OriginalFileName", original_file_name),
    { { "CommandLine", 11 },
      ST_K_COMMAND,
      ST_COL_command_line,
      offsetof(st_creations, command_line),
      0 },
    STRING("CurrentDirectory", current_directory),
    BOTH("User", user),
    NUMBER("LogonGuid", logon_guid, ST_K_GUID),
    NUMBER("LogonId", logon_id, ST_K_U64),
    NUMBER("TerminalSessionId", session, ST_K_U32),
    STRING("IntegrityLevel", integrity_level),
    BOTH("Hashes", hashes),
    NUMBER("ParentProcessGuid", parent_guid, ST_K_GUID),
    NUMBER("ParentProcessId", parent_pid, ST_K_U32),
    STRING("ParentImage", parent_image),
    STRING("ParentCommandLine", parent_command_line),
    STRING("ParentUser", parent_user),
    STATE("State", state),
    STATE("Version", version),
    STATE("SchemaVersion", schema),
    STATE("Configuration", version),
    EVENT("TargetFilename", ST_K_EVENT, ST_T_target_filename),
    EVENT("CreationUtcTime", ST_K_EVENT, ST_T_creation_utc),
    EVENT("PreviousCreationUtcTime", ST_K_EVENT, ST_T_previous_creation_utc),
    EVENT("Protocol", ST_K_EVENT, ST_T_protocol),
    EVENT("Initiated", ST_K_EVENT, ST_T_initiated),
    EVENT("SourceIp", ST_K_EVENT, ST_T_source_ip),
    EVENT("SourceHostname", ST_K_EVENT, ST_T_source_hostname),
    EVENT("SourcePort", ST_K_EVENT, ST_T_source_port),
    EVENT("SourcePortName", ST_K_EVENT, ST_T_source_port_name),
    EVENT("DestinationIp", ST_K_EVENT, ST_T_destination_ip),
    EVENT("DestinationHostname", ST_K_EVENT, ST_T_destination_hostname),
    EVENT("DestinationPort", ST_K_EVENT, ST_T_destination_port),
    EVENT("DestinationPortName", ST_K_EVENT, ST_T_destination_port_name),
    EVENT("ImageLoaded", ST_K_EVENT, ST_T_image_loaded),
    EVENT("Signed", ST_K_EVENT, ST_T_is_signed),
    EVENT("Signature", ST_K_EVENT, ST_T_signature),
    EVENT("SignatureStatus", ST_K_EVENT, ST_T_signature_status),
    EVENT("TargetProcessGuid", ST_K_EVENT, ST_T_target_guid),
    EVENT("TargetProcessId", ST_K_EVENT, ST_T_target_pid),
    EVENT("TargetImage", ST_K_EVENT, ST_T_target_image),
    EVENT("TargetUser", ST_K_EVENT, ST_T_target_user),
    EVENT("NewThreadId", ST_K_EVENT, ST_T_new_thread_id),
    EVENT("StartAddress", ST_K_EVENT, ST_T_start_address),
    EVENT("StartModule", ST_K_EVENT, ST_T_start_module),
    EVENT("StartFunction", ST_K_EVENT, ST_T_start_function),
    EVENT("Device", ST_K_EVENT, ST_T_device),
    EVENT("SourceThreadId", ST_K_EVENT, ST_T_source_thread_id),
    EVENT("GrantedAccess", ST_K_EVENT, ST_T_granted_access),
    EVENT("CallTrace", ST_K_EVENT, ST_T_call_trace),
    EVENT("EventType", ST_K_EVENT, ST_T_event_type),
    EVENT("TargetObject", ST_K_EVENT, ST_T_target_object),
    EVENT("Details", ST_K_EVENT, ST_T_details),
    EVENT("NewName", ST_K_EVENT, ST_T_new_name),
    EVENT("Contents", ST_K_EVENT, ST_T_contents),
    EVENT("PipeName", ST_K_EVENT, ST_T_pipe_name),
    EVENT("Operation", ST_K_EVENT, ST_T_operation),
    EVENT("EventNamespace", ST_K_EVENT, ST_T_event_namespace),
    EVENT("Name", ST_K_EVENT, ST_T_name),
    EVENT("Query", ST_K_EVENT, ST_T_query),
    EVENT("Type", ST_K_EVENT, ST_T_type),
    EVENT("Destination", ST_K_EVENT, ST_T_destination),
    EVENT("Consumer", ST_K_EVENT, ST_T_consumer),
    EVENT("Filter", ST_K_EVENT, ST_T_filter),
    EVENT("QueryName", ST_K_EVENT, ST_T_query_name),
    EVENT("QueryStatus", ST_K_EVENT, ST_T_query_status),
    EVENT("QueryResults", ST_K_EVENT, ST_T_query_results),
    EVENT("IsExecutable", ST_K_EVENT, ST_T_is_executable),
    EVENT("Archived", ST_K_EVENT, ST_T_archived),
    EVENT("Session", ST_K_EVENT, ST_T_session),
    EVENT("ClientInfo", ST_K_EVENT, ST_T_client_info),
    EVENT("SourceImage", ST_K_EVENT, ST_T_image),
    EVENT("SourceUser", ST_K_EVENT, ST_T_user),
    EVENT("Hash", ST_K_EVENT, ST_T_hashes),
    EVENT("TargetProcessGUID", ST_K_EVENT, ST_T_target_guid), /* in 10 */
    EVENT("SourceProcessGuid", ST_K_EVENT_GUID, ST_T_NONE),
    EVENT("SourceProcessGUID", ST_K_EVENT_GUID, ST_T_NONE), /* in 10 */
    EVENT("SourceProcessId", ST_K_EVENT_PID, ST_T_NONE),
};

enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0] };

uint16_t st_field_id(st_str name)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (st_str_eq(FIELDS[i].name, name))
            return (uint16_t)(i + 1);
    return 0;
}

const st_field_def *st_field_def_of(uint16_t id)
{
    return id && id <= FIELD_COUNT ? &FIELDS[id - 1] : NULL;
}

const char *st_creation_field(unsigned column)
{
    if (column == ST_COL_computer)
        return "Computer";
    if (column == ST_COL_channel)
        return "Channel";
    if (column == ST_COL_command_line_recorded)
        column = ST_COL_command_line;
    if (column >= ST_COL_COUNT)
        return NULL;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (FIELDS[i].column == column)
            return FIELDS[i].name.p;
    return NULL;
}
