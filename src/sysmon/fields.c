/*
 * fields.c - Sysmon's names: one table of what each field is called, of what kind it is
 * and which column takes it. The scanner asks for a name's number once a template, so
 * that a record's fields come with numbers and no name is compared twice.
 */
#include "sysmon/store.h"

#define STRING(text, name)                                                                         \
    { { text, sizeof(text) - 1 }, ST_K_STRING, ST_COL_##name, offsetof(st_creations, name) }
#define NUMBER(text, name, kind)                                                                   \
    { { text, sizeof(text) - 1 }, kind, ST_COL_COUNT, offsetof(st_creations, name) }
#define STATE(text, name)                                                                          \
    { { text, sizeof(text) - 1 }, ST_K_STATE, ST_COL_COUNT, offsetof(st_service, name) }

/* A field's number is its place here and one. */
static const st_field_def FIELDS[] = {
    STRING("RuleName", rule_name),
    { { "UtcTime", 7 }, ST_K_UTC, ST_COL_utc_text, offsetof(st_creations, utc) },
    NUMBER("ProcessGuid", guid, ST_K_GUID),
    NUMBER("ProcessId", pid, ST_K_U32),
    STRING("Image", image),
    STRING("FileVersion", file_version),
    STRING("Description", description),
    STRING("Product", product),
    STRING("Company", company),
    STRING("OriginalFileName", original_file_name),
    { { "CommandLine", 11 }, ST_K_COMMAND, ST_COL_command_line,
      offsetof(st_creations, command_line) },
    STRING("CurrentDirectory", current_directory),
    STRING("User", user),
    NUMBER("LogonGuid", logon_guid, ST_K_GUID),
    NUMBER("LogonId", logon_id, ST_K_U64),
    NUMBER("TerminalSessionId", session, ST_K_U32),
    STRING("IntegrityLevel", integrity_level),
    STRING("Hashes", hashes),
    NUMBER("ParentProcessGuid", parent_guid, ST_K_GUID),
    NUMBER("ParentProcessId", parent_pid, ST_K_U32),
    STRING("ParentImage", parent_image),
    STRING("ParentCommandLine", parent_command_line),
    STRING("ParentUser", parent_user),
    STATE("State", state),
    STATE("Version", version),
    STATE("SchemaVersion", schema),
    STATE("Configuration", version),
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
