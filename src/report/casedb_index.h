/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_index.h - the indexes of the table `events` (casedb_index.c). Private to src/report.
 *
 * Takes 16 bytes a row and, while one is written, twice as much beside. Threads one at a time.
 */
#ifndef ST_REPORT_CASEDB_INDEX_H
#define ST_REPORT_CASEDB_INDEX_H

#include "casedb_pages.h"
#include "carriers/stored.h"

typedef struct st_event_keys st_event_keys;
st_event_keys *st_event_keys_new(void); /* NULL: no memory */
void st_event_keys_free(st_event_keys *k);
/* The next row of `events`; ctx: the keys. */
void st_event_keys_note(void *ctx, const st_raw *row);
/* false: there are rows that these keys can't sort, so SQLite has to. */
bool st_event_keys_sorted(const st_event_keys *k);
/* The entries of an index (Computer, TimeCreated), and of one (EventID). keys: the keys. false: no
 * memory. */
bool st_event_keys_put_hosts(const void *keys, st_pages *p);
bool st_event_keys_put_ids(const void *keys, st_pages *p);

#endif
