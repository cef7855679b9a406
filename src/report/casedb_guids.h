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

/* What a column holds, which is text as st_buf_guid writes it, or null. */
typedef struct st_guid_keys {
    const void *ctx;
    const st_guid *(*of)(const void *ctx, uint32_t row); /* rows from 0; zeros: null */
    size_t n;                                            /* rows, at most UINT32_MAX */
} st_guid_keys;
/* The entries of the index. keys: the keys. false: no memory. */
bool st_guid_keys_put(const void *keys, st_pages *p);

#endif
