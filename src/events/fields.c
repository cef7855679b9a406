/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - what each field is called, of what kind it is and which column takes it, made from the
 * providers' tables. The scanner asks for a name's number once a template, so that a record's
 * fields come with numbers and no name is compared twice.
 */
#include "events/store.h"

#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

/* All of Windows' own providers. */
enum { WINDOWS = ST_EVENTLOG };

/* A field's number is its place here and one. */
static const st_field_def FIELDS[] = {
#define BOTH(name, text)                                                                             \
    {                                                                                                \
        NAME(text), ST_K_STRING, ST_COL_##name, offsetof(st_creations, name), ST_T_##name, ST_SYSMON \
    },
#define CREATION(name, text) \
    { NAME(text), ST_K_STRING, ST_COL_##name, offsetof(st_creations, name), ST_T_NONE, ST_SYSMON },
#define EVENT(name, text) { NAME(text), ST_K_EVENT, ST_COL_COUNT, 0, ST_T_##name, ST_SYSMON },
#define UTC(name, text) \
    { NAME(text), ST_K_UTC, ST_COL_##name, offsetof(st_creations, utc), ST_T_NONE, ST_SYSMON },
#define COMMAND(name, text) \
    { NAME(text), ST_K_COMMAND, ST_COL_##name, offsetof(st_creations, name), ST_T_NONE, ST_SYSMON },
#define GUID(name, text) \
    { NAME(text), ST_K_GUID, ST_COL_COUNT, offsetof(st_creations, name), ST_T_NONE, ST_SYSMON },
#define U32(name, text) \
    { NAME(text), ST_K_U32, ST_COL_COUNT, offsetof(st_creations, name), ST_T_NONE, ST_SYSMON },
#define U64(name, text) \
    { NAME(text), ST_K_U64, ST_COL_COUNT, offsetof(st_creations, name), ST_T_NONE, ST_SYSMON },
#define ALIAS(text, name) { NAME(text), ST_K_EVENT, ST_COL_COUNT, 0, ST_T_##name, ST_SYSMON },
#define ACTOR_GUID(text) { NAME(text), ST_K_EVENT_GUID, ST_COL_COUNT, 0, ST_T_NONE, ST_SYSMON },
#define ACTOR_PID(text) { NAME(text), ST_K_EVENT_PID, ST_COL_COUNT, 0, ST_T_NONE, ST_SYSMON },
#define STATE(name, text) \
    { NAME(text), ST_K_STATE, ST_COL_COUNT, offsetof(st_service, name), ST_T_NONE, ST_SYSMON },
#include "events/sysmon/fields.def"
#define EVENT(name, text) { NAME(text), ST_K_EVENT, ST_COL_COUNT, 0, ST_T_##name, WINDOWS },
#define ALIAS(text, name) { NAME(text), ST_K_EVENT, ST_COL_COUNT, 0, ST_T_##name, WINDOWS },
#define ACTOR_PID(text) { NAME(text), ST_K_EVENT_PID, ST_COL_COUNT, 0, ST_T_NONE, WINDOWS },
#include "events/windows/fields.def"
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

const st_field_def *st_field_def_for(unsigned provider, uint16_t id)
{
    const st_field_def *f = st_field_def_of(id);
    provider = provider == ST_SYSMON ? ST_SYSMON : WINDOWS;
    if (!f || f->provider == provider)
        return f;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (FIELDS[i].provider == provider && st_str_eq(FIELDS[i].name, f->name))
            return &FIELDS[i];
    return NULL;
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
