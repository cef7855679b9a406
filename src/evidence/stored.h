/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - case databases as evidence: which sources one holds, and rows out of it. For
 * src/evidence, and for those who know what the rows mean (src/carriers).
 *
 * A database is as hostile as a log. SQLite runs in a confined child, over a mapping of the file:
 * nothing is opened by name, and what isn't a plain table of plain columns is refused. What the
 * child says is rows of cells (base/cells.h), which are believed as little.
 *
 * Format   https://www.sqlite.org/fileformat2.html; told by ST_CASEDB_ID at offset 68.
 * Threads  one call a thread, several at once.
 */
#ifndef ST_EVIDENCE_STORED_H
#define ST_EVIDENCE_STORED_H

#include "shelltree/evidence.h"
#include "base/cells.h"

#include <string.h>

/* In the database's header (application_id and user_version). The second grows when an older
 * program would misread a newer database. */
#define ST_CASEDB_ID 0x53545243 /* "STRC" */
#define ST_CASEDB_FORMAT 1

/* A number of SQLite's header. */
static inline uint32_t st_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Does a file begin as a case database does? */
static inline bool st_is_casedb(const unsigned char *head, size_t n)
{
    return n >= 100 && memcmp(head, "SQLite format 3", 16) == 0 &&
           st_be32(head + 68) == ST_CASEDB_ID;
}

/* A source that a database holds. */
struct st_stored {
    const st_source *db; /* the file; not in the list of sources itself */
    int64_t id;          /* in the database: of a copy, that of the log that was read */
    int64_t first, last; /* rows of its events; last < first: none */
    uint64_t lossy;      /* characters that were replaced before its records were made */
    st_status status;    /* as it was after reading */
    st_str reason;
    st_report report; /* likewise */
    uint64_t bad_line;
    unsigned char sha256[32];
    bool digested;
    unsigned char events[32]; /* SHA-256 of its rows, */
    bool hashed;              /* if there is one */
};

/* The tables `sources` and `ranges`: a source's row, and one for each range of its report. */
extern const st_raw_column st_stored_source_columns[], st_stored_range_columns[];
extern const size_t st_stored_nsource_columns, st_stored_nrange_columns;
/* id: from 1, its place in the evidence. same_as: for a duplicate the id of the one whose events
 * are its own, else its own. first, last: rows of its events. */
typedef struct st_stored_place {
    int64_t id, same_as, first, last;
    bool readable;               /* it was handed to a reader */
    const unsigned char *events; /* SHA-256 of its rows (st_stored_digest); NULL: it has none */
} st_stored_place;
void st_stored_put_source(st_buf *cells, const st_source *s, const st_stored_place *p);
void st_stored_put_range(st_buf *cells, int64_t id, const char *what, const st_range *r);

/* The account of a source whose rows have been read becomes what it was when they were recorded,
 * and more characters that were replaced. digest: is its digest asked for? false: no memory. */
bool st_stored_conclude(st_source *s, uint64_t lossy, bool digest);

/* Before SQLite is used: it is to have no locks and no counters of its own. A child that is forked
 * while some thread writes a database would wait for them for ever. So one thread at a time may use
 * it. Once it is in use a second call does nothing. */
void st_sqlite_prepare(void);

/* Where a row of events is hashed from: behind its own number and the source's. */
st_str st_stored_hashed(st_str row);
/* The bytes of an access log, as the database keeps them. */
st_code st_stored_bytes(const st_source *s, st_buf *to, st_err *err);
/* What the second reader said of records, as the database has it: by offset. */
st_code st_stored_confirmed(const st_source *s,
                            bool (*row)(void *ctx, uint64_t offset, st_str word), void *ctx,
                            st_err *err);

/* Runs one query over the database at `s` and gives each of its rows, as cells. The query is the
 * program's own text; ?1 and ?2 are bound to from and to. row: false ends it, with ST_OK. */
st_code st_stored_query(const st_source *s, const char *sql, int64_t from, int64_t to,
                        bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err);
/* The same in this process, over bytes: for the child, and for fuzzing. */
st_code st_stored_query_bytes(const void *p, size_t n, const char *sql, int64_t from, int64_t to,
                              bool (*row)(void *ctx, st_str cells), void *ctx, st_err *err);

#endif
