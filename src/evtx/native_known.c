/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_known.c - plans for records whose template is nowhere in the source.
 *
 * Two forms are known well enough to be read by the types of their values alone: System as
 * manifest providers write it, and the data of a process creation in each layout that Sysmon
 * has had. What such a template holds as text - the computer's name - is lost with it.
 */
#include "native.h"

#include <string.h>

/* what the values are */

static uint8_t type_of(const st_native *s, const nt_instance *in, uint32_t i)
{
    return s->b[in->specs + 4 * i + 2];
}

/* All values are there. */
static bool complete(const st_native *s, const nt_instance *in, uint32_t end)
{
    if (in->count > 32 || !nt_has(in->specs, end, 4 * in->count))
        return false;
    uint64_t at = in->specs + (uint64_t)4 * in->count;
    for (uint32_t i = 0; i < in->count; i++)
        at += st_le16(s->b + in->specs + (size_t)4 * i);
    return at <= end;
}

static uint32_t begin(st_native *s, nt_context context, uint32_t nsubs)
{
    if (!st_grow(&s->plans, &s->plans_cap, s->nplans + 1, sizeof *s->plans)) {
        s->failed = true;
        return NT_NONE;
    }
    s->plans[s->nplans] = (nt_plan){
        .next = NT_NONE, .context = (uint8_t)context, .nsubs = nsubs, .first = (uint32_t)s->nfields
    };
    return (uint32_t)s->nplans++;
}

static uint32_t finished(st_native *s, uint32_t plan)
{
    if (s->failed)
        return NT_NONE;
    nt_note_shape(s, plan);
    return plan;
}

/* A piece that is the value of that index; its place. */
static uint32_t piece(st_native *s, uint32_t index)
{
    if (!st_grow(&s->pieces, &s->pieces_cap, s->npieces + 1, sizeof *s->pieces)) {
        s->failed = true;
        return 0;
    }
    s->pieces[s->npieces] = (nt_piece){ .index = (uint16_t)index, .kind = NT_SUB };
    return (uint32_t)s->npieces++;
}

static void add_field(st_native *s, uint32_t plan, uint32_t name, uint32_t index, bool bare)
{
    uint32_t at = piece(s, index);
    if (!st_grow(&s->fields, &s->fields_cap, s->nfields + 1, sizeof *s->fields))
        s->failed = true;
    if (s->failed)
        return;
    s->fields[s->nfields++] =
        (nt_field){ .name = name,
                    .first = at,
                    .n = 1,
                    .dep = NT_NO_INDEX,
                    .bare = bare,
                    .inner = bare ? (uint8_t)NT_IN_EVENT : (uint8_t)NT_IN_USERDATA };
    s->plans[plan].nfields++;
}

/* System */

#define UNUSED NT_SLOTS

static const struct {
    uint8_t type, slot;
    bool needed; /* may not be null */
} system_values[] = {
    { ST_V_U8, NT_LEVEL, false },     { ST_V_U8, NT_OPCODE, false },
    { ST_V_U16, NT_TASK, false },     { ST_V_U16, NT_EVENT_ID, true },
    { ST_V_U16, UNUSED, false },      { ST_V_HEX64, NT_KEYWORDS, false },
    { ST_V_FILETIME, NT_TIME, true }, { ST_V_GUID, UNUSED, false },
    { ST_V_U32, NT_PID, false },      { ST_V_U32, NT_TID, false },
    { ST_V_U64, NT_RECORD_ID, true }, { ST_V_U8, NT_VERSION, false },
    { ST_V_SID, NT_USER_SID, false },
};

/* These stand here where the template serves several providers. */
static const struct {
    uint8_t index, type, slot;
} shared_values[] = { { 14, ST_V_STRING, NT_PROVIDER },
                      { 15, ST_V_GUID, NT_PROVIDER_GUID },
                      { 16, ST_V_STRING, NT_CHANNEL } };

enum {
    NSYSTEM = sizeof system_values / sizeof system_values[0],
    NSHARED = sizeof shared_values / sizeof shared_values[0]
};

static bool is_system(const st_native *s, const nt_instance *in)
{
    if (in->count < NSYSTEM)
        return false;
    for (uint32_t i = 0; i < NSYSTEM; i++) {
        uint8_t type = type_of(s, in, i);
        if (type != system_values[i].type && (type != ST_V_NULL || system_values[i].needed))
            return false;
    }
    return true;
}

static bool is_shared(const st_native *s, const nt_instance *in)
{
    for (size_t i = 0; i < NSHARED; i++)
        if (shared_values[i].index >= in->count ||
            type_of(s, in, shared_values[i].index) != shared_values[i].type)
            return false;
    return true;
}

static void set(st_native *s, uint32_t plan, uint8_t slot, uint32_t index)
{
    uint32_t at = piece(s, index);
    s->plans[plan].system[slot] = (nt_source){ at, 1 };
}

static uint32_t system_plan(st_native *s, const nt_instance *in)
{
    uint32_t plan = begin(s, NT_TOP, in->count), body = in->count;
    if (plan == NT_NONE)
        return NT_NONE;
    for (uint32_t i = 0; i < NSYSTEM; i++)
        if (system_values[i].slot != UNUSED)
            set(s, plan, system_values[i].slot, i);
    for (size_t i = 0; is_shared(s, in) && i < NSHARED; i++)
        set(s, plan, shared_values[i].slot, shared_values[i].index);
    while (body > 0 && type_of(s, in, body - 1) != ST_V_BINXML)
        body--;
    if (body)
        add_field(s, plan, NT_NONE, body - 1, true);
    return finished(s, plan);
}

/* a process creation */

/* The fields, and how many there are in the first layout that has them: 16, 20, 21, 22, 23. */
static const struct {
    const char *name;
    uint8_t type, since;
} creation[] = {
    { "RuleName", ST_V_STRING, 21 },
    { "UtcTime", ST_V_STRING, 16 },
    { "ProcessGuid", ST_V_GUID, 16 },
    { "ProcessId", ST_V_U32, 16 },
    { "Image", ST_V_STRING, 16 },
    { "FileVersion", ST_V_STRING, 20 },
    { "Description", ST_V_STRING, 20 },
    { "Product", ST_V_STRING, 20 },
    { "Company", ST_V_STRING, 20 },
    { "OriginalFileName", ST_V_STRING, 22 },
    { "CommandLine", ST_V_STRING, 16 },
    { "CurrentDirectory", ST_V_STRING, 16 },
    { "User", ST_V_STRING, 16 },
    { "LogonGuid", ST_V_GUID, 16 },
    { "LogonId", ST_V_HEX64, 16 },
    { "TerminalSessionId", ST_V_U32, 16 },
    { "IntegrityLevel", ST_V_STRING, 16 },
    { "Hashes", ST_V_STRING, 16 },
    { "ParentProcessGuid", ST_V_GUID, 16 },
    { "ParentProcessId", ST_V_U32, 16 },
    { "ParentImage", ST_V_STRING, 16 },
    { "ParentCommandLine", ST_V_STRING, 16 },
    { "ParentUser", ST_V_STRING, 23 },
};

enum { NCREATION = sizeof creation / sizeof creation[0] };

static bool is_creation(const st_native *s, const nt_instance *in)
{
    uint32_t n = 0;
    for (size_t i = 0; i < NCREATION; i++) {
        if (creation[i].since > in->count)
            continue;
        uint8_t type = n < in->count ? type_of(s, in, n) : 0xff;
        if (type != creation[i].type && type != ST_V_NULL)
            return false;
        n++;
    }
    return n == in->count;
}

static bool is_sysmon(const st_record *r)
{
    return st_value_is(&r->provider, "Microsoft-Windows-Sysmon") ||
           st_value_is(&r->provider_guid, "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}");
}

static uint32_t creation_plan(st_native *s, const nt_instance *in)
{
    uint32_t plan = begin(s, NT_IN_EVENT, in->count), index = 0;
    for (size_t i = 0; plan != NT_NONE && !s->failed && i < NCREATION; i++) {
        unsigned char wide[64] = { 0 };
        size_t n = strlen(creation[i].name);
        if (creation[i].since > in->count)
            continue;
        for (size_t k = 0; k < n; k++)
            wide[2 * k] = (unsigned char)creation[i].name[k];
        uint32_t name = nt_name_put(&s->names, wide, 2 * n, s->c->ops);
        if (name == NT_NONE)
            s->failed = true;
        else
            add_field(s, plan, name, index++, false);
    }
    return finished(s, plan);
}

uint32_t nt_known_plan(st_native *s, const nt_instance *in, uint32_t end, nt_context context,
                       const st_record *head)
{
    if (!s->c->options->carve || !complete(s, in, end) || !nt_spend(s, 64))
        return NT_NONE;
    if (context == NT_TOP)
        return is_system(s, in) ? system_plan(s, in) : NT_NONE;
    if (context == NT_IN_EVENT && head->event_id == 1 && is_sysmon(head) && is_creation(s, in))
        return creation_plan(s, in);
    return NT_NONE;
}
