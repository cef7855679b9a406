/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - a record being made of values with paths: what map.c, elastic.c and order.c share.
 * Private to them.
 */
#ifndef ST_CARRIERS_MAP_H
#define ST_CARRIERS_MAP_H

#include "carriers.h"

typedef enum part {
    P_PROVIDER,
    P_GUID,
    P_CHANNEL,
    P_COMPUTER,
    P_SID,
    P_EVENT_ID,
    P_VERSION,
    P_LEVEL,
    P_TASK,
    P_OPCODE,
    P_KEYWORDS,
    P_TIME,
    P_RECORD_ID,
    P_PID,
    P_TID,
    P_NONE, /* known, and of no use */
    PARTS
} part;

typedef struct mapping {
    st_carrying *c;
    st_str base;
    st_record r;
    st_str parts[PARTS];
    size_t rank[PARTS]; /* place in PATHS of what was taken + 1 */
    unsigned unnamed;
    st_str item_name, item_text; /* an item of EventData.Data that has both as values */
    bool taken_in;               /* its time is the one at which it was taken in */
    bool flat, failed;
} mapping;

/* The first value at base + path; empty: there is none. */
st_str st_map_at(const mapping *m, const char *path);
/* Values at base + path. */
size_t st_map_count(const mapping *m, const char *path);
/* Has the event a field of that name? */
bool st_map_has(const mapping *m, const char *name);
/* Adds a field; both slices live as long as the record. */
void st_map_put(mapping *m, st_str name, st_str value);
/* What b holds, for as long as the record lives. */
st_str st_map_made(mapping *m, const st_buf *b);

/* Times (times.c): in seconds, milliseconds or microseconds since 1970, or in ISO's form. */
bool st_map_time(st_str s, st_ticks *out);
/* The same, of those that say by their form where they are. */
bool st_map_time_anywhere(st_str s, st_ticks *out);
/* "3/2/2026, 2:10:49.622 AM", as Azure's tables are exported. */
bool st_map_time_american(st_str s, st_ticks *out);

/* Fields that Elastic's pipelines moved, back to where the event has them. After the record's
 * system part is filled. */
void st_map_elastic(mapping *m);

/* Names for values that have none, from the order in which the event has them, or fields from its
 * message. After the record's system part is filled. False: it should have names, and hasn't got
 * any. */
bool st_map_order(mapping *m);

#endif
