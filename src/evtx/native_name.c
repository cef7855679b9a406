/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_name.c - names of elements, attributes and fields, converted once a thread.
 *
 * The key is the UTF-16 text itself, never the 16-bit hash that the format stores: that one
 * can be forged.
 */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    nt_known known;
} known[] = {
    { "Event", NT_N_EVENT },
    { "System", NT_N_SYSTEM },
    { "EventData", NT_N_EVENTDATA },
    { "UserData", NT_N_USERDATA },
    { "Data", NT_N_DATA },
    { "RenderingInfo", NT_N_RENDERINGINFO },
    { "Provider", NT_N_PROVIDER },
    { "EventID", NT_N_EVENTID },
    { "Version", NT_N_VERSION },
    { "Level", NT_N_LEVEL },
    { "Task", NT_N_TASK },
    { "Opcode", NT_N_OPCODE },
    { "Keywords", NT_N_KEYWORDS },
    { "TimeCreated", NT_N_TIMECREATED },
    { "Channel", NT_N_CHANNEL },
    { "EventRecordID", NT_N_EVENTRECORDID },
    { "Computer", NT_N_COMPUTER },
    { "Execution", NT_N_EXECUTION },
    { "Security", NT_N_SECURITY },
    { "Name", NT_N_NAME },
    { "Guid", NT_N_GUID },
    { "SystemTime", NT_N_SYSTEMTIME },
    { "ProcessID", NT_N_PROCESSID },
    { "ThreadID", NT_N_THREADID },
    { "UserID", NT_N_USERID },
    { "lt", NT_N_LT },
    { "gt", NT_N_GT },
    { "amp", NT_N_AMP },
    { "quot", NT_N_QUOT },
    { "apos", NT_N_APOS },
};

static uint8_t known_as(st_str s)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (st_str_eq(s, st_str_of(known[i].text)))
            return (uint8_t)known[i].known;
    return NT_OTHER;
}

typedef struct wanted {
    const nt_names *names;
    uint64_t hash;
    st_str wide;
} wanted;

static bool is_wanted(const void *ctx, uint32_t place)
{
    const wanted *w = ctx;
    const nt_name *it = &w->names->list[place];
    return it->hash == w->hash && st_str_eq(it->wide, w->wide);
}

static uint64_t hash_of(const void *ctx, uint32_t place)
{
    const nt_names *names = ctx;
    return names->list[place].hash;
}

static uint32_t add(nt_names *names, uint64_t hash, st_str wide, const st_scan_ops *ops)
{
    if (!st_slots_grow(&names->table, names->n, 1024, hash_of, names))
        return NT_NONE;
    if (!st_grow(&names->list, &names->cap, names->n + 1, sizeof *names->list))
        return NT_NONE;
    st_buf_clear(&names->scratch);
    if (wide.n)
        st_utf16le_put(&names->scratch, (const unsigned char *)wide.p, wide.n);
    nt_name *it = &names->list[names->n];
    *it = (nt_name){ .hash = hash,
                     .wide = st_arena_copy(&names->memory, wide),
                     .text = st_arena_copy(&names->memory, st_buf_slice(&names->scratch)) };
    if (names->scratch.failed || names->memory.failed)
        return NT_NONE;
    it->known = known_as(it->text);
    it->id = ops->name_id ? ops->name_id(it->text) : 0;
    wanted w = { names, hash, wide };
    names->table.at[st_slots_probe(&names->table, hash, is_wanted, &w)] = (uint32_t)names->n + 1;
    names->n++;
    return (uint32_t)names->n - 1;
}

uint32_t nt_name_put(nt_names *names, const unsigned char *p, size_t n, const st_scan_ops *ops)
{
    st_str wide = { (const char *)p, n };
    uint64_t hash = st_hash(p, n, 0);
    wanted w = { names, hash, wide };
    uint32_t place = st_slots_find(&names->table, hash, is_wanted, &w);
    if (place != ST_NO_SLOT)
        return place;
    uint32_t made = add(names, hash, wide, ops);
    if (made == NT_NONE)
        names->failed = true;
    return made;
}

uint32_t nt_name_numbered(nt_names *names, size_t number, const st_scan_ops *ops)
{
    while (names->nnumbered < number) {
        char text[32];
        unsigned char wide[64];
        int n = snprintf(text, sizeof text, "Data%zu", names->nnumbered + 1);
        for (int i = 0; i < n; i++) {
            wide[2 * (size_t)i] = (unsigned char)text[i];
            wide[2 * (size_t)i + 1] = 0;
        }
        if (!st_grow(&names->numbered, &names->numbered_cap, number, sizeof *names->numbered)) {
            names->failed = true;
            return NT_NONE;
        }
        uint32_t place = nt_name_put(names, wide, 2 * (size_t)n, ops);
        if (place == NT_NONE)
            return NT_NONE;
        names->numbered[names->nnumbered++] = place;
    }
    return names->numbered[number - 1];
}

void nt_names_clear(nt_names *names)
{
    st_arena_free(&names->memory);
    st_buf_free(&names->scratch);
    free(names->list);
    free(names->table.at);
    free(names->numbered);
    *names = (nt_names){ 0 };
}
