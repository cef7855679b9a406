/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - records as rows of a case database's table `events`, and back.
 *
 * A row has what people ask for in columns, and a record's fields as one JSON object. That is exact
 * for nearly all records: a row is read back to fields whose text, number and name are those of the
 * record. What no JSON can say (a field twice, half a surrogate pair, a value that was cut) goes
 * into the row's blob Exact, which then holds the whole record; columns are for people alone.
 */
#ifndef ST_CARRIERS_STORED_H
#define ST_CARRIERS_STORED_H

#include "shelltree/carriers.h"
#include "base/cells.h"

extern const st_raw_column st_stored_event_columns[]; /* the first is the row's own number */
extern const size_t st_stored_nevent_columns;

/* A field's name as JSON's key, with the comma before it, quotes and colon. Most records have the
 * names of the one before. */
enum { ST_STORED_KEYS = 48, ST_STORED_KEY = 47 };
typedef struct st_stored_key {
    unsigned char n; /* of the name; 0: none */
    char text[ST_STORED_KEY];
} st_stored_key;

/* A short value of System and its cell. Most records have those of the one before. */
enum { ST_STORED_SYSTEM = 5, ST_STORED_VALUE = 96 };
typedef struct st_stored_value {
    unsigned char type, n, ncell; /* bytes; ncell 0: none */
    unsigned char bytes[ST_STORED_VALUE];
    char cell[ST_STORED_VALUE];
} st_stored_value;

/* What the making of rows keeps between two of them. */
typedef struct st_stored_scratch {
    st_buf text, exact;
    st_stored_key keys[ST_STORED_KEYS]; /* by place among a record's fields */
    st_stored_value system[ST_STORED_SYSTEM];
    st_second second;
    st_field *fields;
    size_t cap;
    st_arena arena;
} st_stored_scratch;
void st_stored_scratch_free(st_stored_scratch *s);

/* Appends the record's row; its own number stays null, to be given when it is written. */
void st_stored_put_record(st_buf *b, const st_record *r, int64_t source, st_stored_scratch *s);
/* Of st_stored_select's rows, behind their number. What *r points to lives in the row and in s,
 * until the next call. false: it isn't as this program writes it (or no memory: s->arena.failed).
 */
bool st_stored_get_record(st_str row, uint16_t (*name_id)(st_str name), st_record *r,
                          st_stored_scratch *s);
/* "SELECT ID, ... FROM events WHERE ID BETWEEN ?1 AND ?2 ORDER BY ID". */
void st_stored_select(st_buf *sql);

/* Reads every readable source that a case database holds. */
st_code st_stored_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                       st_err *err);

#endif
