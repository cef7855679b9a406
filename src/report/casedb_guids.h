/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_guids.h - the index of a large table by a column of GUIDs (casedb_guids.c). Private to
 * src/report.
 *
 * Takes 16 bytes a row and, while it is written, twice as much beside. Threads one at a time.
 */
#ifndef ST_REPORT_CASEDB_GUIDS_H
#define ST_REPORT_CASEDB_GUIDS_H

#include "casedb_pages.h"

typedef struct st_guid_keys st_guid_keys;
st_guid_keys *st_guid_keys_new(void); /* NULL: no memory */
void st_guid_keys_free(st_guid_keys *k);
/* The cell of the table's next row: a GUID as this program writes it, or null. */
void st_guid_keys_note(st_guid_keys *k, const st_raw *cell);
/* false: there was a cell that is neither, so SQLite has to sort. */
bool st_guid_keys_sorted(const st_guid_keys *k);
/* The entries of the index. keys: the keys. false: no memory. */
bool st_guid_keys_put(const void *keys, st_pages *p);

#endif
