/*
 * sysmon.h - records in, typed Sysmon events out, in columns.
 *
 * A record is Sysmon's when its provider is Microsoft-Windows-Sysmon (by name or by
 * GUID {5770385F-C22A-43E0-BF4C-06F5698FFBD9}); the channel proves nothing. Fields go
 * by name, never by place: one file may hold several of the five layouts.
 *
 * The store is columnar: one array a field, one row a process creation (Event ID 1),
 * strings as ids of one pool. A predicate can then be evaluated once per distinct
 * string. Every copy of a record is a row here; telling copies apart is the tree's work.
 *
 * Ownership  the store owns its columns and its pool; sources are named by their
 *            place in the evidence, which must outlive it.
 * Threads    filled by st_sysmon_read (which runs its own threads); read-only after.
 * Order      rows are in no particular order. The forest sorts.
 */
#ifndef SHELLTREE_SYSMON_H
#define SHELLTREE_SYSMON_H

#include "shelltree/evtx.h"

/* String columns of a process creation, as recorded ('-' and '?' stay what they are);
 * ST_ABSENT where the record has no such field.
 *   command_line           with doubled percent signs undone
 *   command_line_recorded  as it stands in the record
 *   utc_text               ST_ABSENT where utc says it all; else UtcTime as recorded */
#define ST_CREATION_STRINGS(X)                                                                     \
    X(computer) X(channel) X(rule_name) X(utc_text) X(image) X(file_version) X(description)        \
    X(product) X(company) X(original_file_name) X(command_line) X(command_line_recorded)           \
    X(current_directory) X(user) X(integrity_level) X(hashes) X(parent_image)                      \
    X(parent_command_line) X(parent_user)

enum st_creation_flags {
    ST_C_CRC = 1 << 0,       /* the chunk's checksum is wrong */
    ST_C_BORROWED = 1 << 1,  /* decoded with a borrowed template */
    ST_C_PARTIAL = 1 << 2,   /* some fields are unreadable */
    ST_C_REPAIRED = 1 << 3,
    ST_C_LOSSY = 1 << 4,     /* some character was replaced: see lossy */
    ST_C_NO_GUID = 1 << 5,   /* ProcessGuid absent or zero */
    ST_C_TIME = 1 << 6,      /* UtcTime absent or malformed: utc comes from TimeCreated */
    ST_C_TRAILER = 1 << 7
};

/* A string column of a row that could not be converted exactly. */
typedef struct st_lossy {
    uint32_t row;
    const char *field; /* Sysmon's name of it; static storage */
    st_sid hex;        /* the UTF-16LE bytes as lower-case hex */
} st_lossy;

typedef struct st_creations {
    size_t n, cap;
#define ST_COLUMN(name) st_sid *name;
    ST_CREATION_STRINGS(ST_COLUMN)
#undef ST_COLUMN
    st_guid *guid, *parent_guid, *logon_guid;
    st_ticks *utc;     /* UtcTime, ms precision; TimeCreated where UtcTime is unusable */
    st_ticks *created; /* TimeCreated */
    uint64_t *event_record_id, *record_number, *offset;
    uint64_t *logon_id;          /* ST_NO_U64: not known */
    uint32_t *pid, *parent_pid, *session; /* ST_NO_U32: not known */
    uint32_t *source;            /* place in the evidence */
    uint32_t *truncated;         /* bit i: string column i (in the order above) was cut */
    uint8_t *origin;             /* st_origin */
    uint8_t *flags;              /* st_creation_flags */
} st_creations;
#define ST_NO_U64 UINT64_MAX
#define ST_NO_U32 UINT32_MAX

/* Event ID 5. */
typedef struct st_ending {
    st_sid computer;
    st_guid guid;
    st_ticks utc, created;
    uint32_t pid;
    uint8_t origin;
} st_ending;

/* Event ID 4 (service state) and 16 (configuration), for boots, versions, gaps. */
typedef struct st_service {
    st_sid computer, state, version, schema; /* 16: state is "config", version the configuration */
    st_ticks utc, created;
    uint8_t origin;
} st_service;

/* Every Sysmon record of any id, for the hosts' account: 24 bytes each. */
typedef struct st_seen {
    st_sid computer;
    uint16_t event_id;
    uint8_t origin;
    uint64_t event_record_id;
    st_ticks created;
} st_seen;

typedef struct st_store {
    st_pool *pool;
    st_creations creations;
    st_ending *endings;
    size_t nendings, endings_cap;
    st_service *services;
    size_t nservices, services_cap;
    st_seen *seen;
    size_t nseen, seen_cap;
    st_lossy *lossy; /* by row */
    size_t nlossy, lossy_cap;
    uint64_t records;      /* records of any provider that were read */
    uint64_t sysmon;       /* of those, Sysmon's */
    uint64_t without_host; /* process creations without a Computer */
} st_store;

/* Reads all of the evidence. progress (may be NULL) is called from any thread. */
st_code st_sysmon_read(st_evidence *e, const st_scan_options *o,
                       void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                       st_store **out, st_err *err);
void st_store_free(st_store *s);

/* For tests and for readers of other containers: rows by hand. */
st_store *st_store_new(void);
/* A zeroed row (numbers not known); its index, or SIZE_MAX for no memory. */
size_t st_store_add(st_store *s);

/* Sysmon's name for a string column ("CommandLine" for command_line), or NULL. */
const char *st_creation_field(unsigned column);
/* One algorithm's digest out of a Hashes text ("SHA256=..,MD5=.."); empty if it isn't there. */
st_str st_hashes_get(st_str hashes, const char *algorithm);
/* "%%" to "%", once, from left to right. */
void st_undouble_percent(st_str s, st_buf *out);

#endif
