/*
 * event_rows.c - which of Sysmon's events is a row of which table, as data.
 *
 * ActionTypes are Defender's where it has one for the same thing: 9, 19, 20 and 25 have names of
 * our own. Members of AdditionalFields likewise; those named as Sysmon's fields hold those.
 */
#include "rules/engine/tables/tables.h"

#define WHEN(name, value) ST_T_##name, value
#define ALWAYS ST_T_NONE, NULL

static const st_event_rows kinds[] = {
    { 2, "DeviceEvents", "FileTimestampModificationEvent", ALWAYS },
    { 3, "DeviceNetworkEvents", "ConnectionSuccess", WHEN(initiated, "true") },
    { 3, "DeviceNetworkEvents", "InboundConnectionAccepted", WHEN(initiated, "false") },
    { 6, "DeviceEvents", "DriverLoad", ALWAYS },
    { 7, "DeviceImageLoadEvents", "ImageLoaded", ALWAYS },
    { 8, "DeviceEvents", "CreateRemoteThreadApiCall", ALWAYS },
    { 9, "DeviceEvents", "RawAccessRead", ALWAYS },
    { 10, "DeviceEvents", "OpenProcessApiCall", ALWAYS },
    { 11, "DeviceFileEvents", "FileCreated", ALWAYS },
    { 12, "DeviceRegistryEvents", "RegistryKeyCreated", WHEN(event_type, "CreateKey") },
    { 12, "DeviceRegistryEvents", "RegistryKeyDeleted", WHEN(event_type, "DeleteKey") },
    { 12, "DeviceRegistryEvents", "RegistryValueDeleted", WHEN(event_type, "DeleteValue") },
    { 13, "DeviceRegistryEvents", "RegistryValueSet", ALWAYS },
    { 14, "DeviceRegistryEvents", "RegistryKeyRenamed", ALWAYS },
    { 15, "DeviceFileEvents", "FileCreated", ALWAYS },
    { 17, "DeviceEvents", "NamedPipeEvent", ALWAYS },
    { 18, "DeviceEvents", "NamedPipeEvent", ALWAYS },
    { 19, "DeviceEvents", "WmiEventFilterCreated", ALWAYS },
    { 20, "DeviceEvents", "WmiEventConsumerCreated", ALWAYS },
    { 21, "DeviceEvents", "WmiBindEventFilterToConsumer", ALWAYS },
    { 22, "DeviceEvents", "DnsQueryResponse", ALWAYS },
    { 23, "DeviceFileEvents", "FileDeleted", ALWAYS },
    { 24, "DeviceEvents", "GetClipboardData", ALWAYS },
    { 25, "DeviceEvents", "ProcessTampering", ALWAYS },
    { 26, "DeviceFileEvents", "FileDeleted", ALWAYS },
};

const st_event_rows *st_event_rows_at(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

#define TEXT(id, name, text)                      \
    {                                             \
        id, name, ST_T_##text, ST_FORM_TEXT, NULL \
    }
#define AS(form, id, name, text)                    \
    {                                               \
        id, name, ST_T_##text, ST_FORM_##form, NULL \
    }
#define WORD(id, name, word)                    \
    {                                           \
        id, name, ST_T_NONE, ST_FORM_WORD, word \
    }

static const st_extra extras[] = {
    TEXT(2, "CreationUtcTime", creation_utc),
    TEXT(2, "PreviousCreationUtcTime", previous_creation_utc),
    TEXT(3, "SourceHostname", source_hostname),
    TEXT(3, "SourcePortName", source_port_name),
    TEXT(3, "DestinationHostname", destination_hostname),
    TEXT(3, "DestinationPortName", destination_port_name),
    AS(BOOL, 6, "Signed", is_signed),
    TEXT(6, "Signature", signature),
    TEXT(6, "SignatureStatus", signature_status),
    TEXT(7, "FileVersion", file_version),
    TEXT(7, "Description", description),
    TEXT(7, "Product", product),
    TEXT(7, "Company", company),
    TEXT(7, "OriginalFileName", original_file_name),
    AS(BOOL, 7, "Signed", is_signed),
    TEXT(7, "Signature", signature),
    TEXT(7, "SignatureStatus", signature_status),
    AS(NUMBER, 8, "NewThreadId", new_thread_id),
    TEXT(8, "StartAddress", start_address),
    TEXT(8, "StartModule", start_module),
    TEXT(8, "StartFunction", start_function),
    TEXT(9, "Device", device),
    AS(NUMBER, 10, "DesiredAccess", granted_access),
    AS(NUMBER, 10, "SourceThreadId", source_thread_id),
    TEXT(10, "CallTrace", call_trace),
    TEXT(11, "CreationUtcTime", creation_utc),
    AS(STREAM, 15, "StreamName", target_filename),
    TEXT(15, "CreationUtcTime", creation_utc),
    TEXT(15, "Contents", contents),
    AS(PIPE, 17, "PipeName", pipe_name),
    WORD(17, "FileOperation", "File created"),
    AS(PIPE, 18, "PipeName", pipe_name),
    WORD(18, "FileOperation", "File opened"),
    TEXT(19, "Namespace", event_namespace),
    TEXT(19, "Name", name),
    TEXT(19, "Query", query),
    TEXT(19, "Operation", operation),
    TEXT(19, "User", user),
    TEXT(20, "Name", name),
    TEXT(20, "Type", type),
    TEXT(20, "Destination", destination),
    TEXT(20, "Operation", operation),
    TEXT(20, "User", user),
    TEXT(21, "Ess", filter),
    TEXT(21, "Consumer", consumer),
    TEXT(21, "Operation", operation),
    TEXT(21, "User", user),
    TEXT(22, "DnsQueryString", query_name),
    TEXT(22, "QueryName", query_name),
    AS(NUMBER, 22, "QueryStatus", query_status),
    AS(LIST, 22, "QueryResults", query_results),
    AS(BOOL, 23, "IsExecutable", is_executable),
    TEXT(23, "Archived", archived),
    AS(NUMBER, 24, "Session", session),
    TEXT(24, "ClientInfo", client_info),
    TEXT(24, "Hashes", hashes),
    TEXT(24, "Archived", archived),
    TEXT(25, "Type", type),
    AS(BOOL, 26, "IsExecutable", is_executable),
    TEXT(0, "RuleName", rule_name),
};

const st_extra *st_extra_at(size_t i)
{
    return i < sizeof extras / sizeof *extras ? &extras[i] : NULL;
}

st_event_text st_path_of(uint8_t id)
{
    switch (id) {
    case 2:
    case 11:
    case 15:
    case 23:
    case 26: return ST_T_target_filename;
    case 6:
    case 7: return ST_T_image_loaded;
    case 8:
    case 10: return ST_T_target_image;
    default: return ST_T_NONE;
    }
}
