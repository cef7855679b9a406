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

static bool rehash(nt_names *names)
{
    size_t slots = names->slots ? names->slots * 2 : 1024;
    uint32_t *table = calloc(slots, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < names->n; i++) {
        size_t at = (size_t)names->list[i].hash & (slots - 1);
        while (table[at])
            at = (at + 1) & (slots - 1);
        table[at] = (uint32_t)i + 1;
    }
    free(names->table);
    names->table = table;
    names->slots = slots;
    return true;
}

static uint32_t add(nt_names *names, uint64_t hash, st_str wide, const st_scan_ops *ops)
{
    if ((names->n + 1) * 2 > names->slots && !rehash(names))
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
    size_t at = (size_t)hash & (names->slots - 1);
    while (names->table[at])
        at = (at + 1) & (names->slots - 1);
    names->table[at] = (uint32_t)++names->n;
    return (uint32_t)names->n - 1;
}

uint32_t nt_name_put(nt_names *names, const unsigned char *p, size_t n, const st_scan_ops *ops)
{
    st_str wide = { (const char *)p, n };
    uint64_t hash = st_hash(p, n, 0);
    for (size_t at = (size_t)hash; names->slots; at++) {
        uint32_t place = names->table[at & (names->slots - 1)];
        if (!place)
            break;
        const nt_name *it = &names->list[place - 1];
        if (it->hash == hash && st_str_eq(it->wide, wide))
            return place - 1;
    }
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
    free(names->table);
    free(names->numbered);
    *names = (nt_names){ 0 };
}
