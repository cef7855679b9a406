/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - records in, typed Sysmon events out, in columns.
 *
 * A record is Sysmon's when its provider is Microsoft-Windows-Sysmon (by name or by
 * GUID {5770385F-C22A-43E0-BF4C-06F5698FFBD9}); the channel proves nothing. Fields go
 * by name, never by place: one file may hold several of the five layouts.
 *
 * The store is columnar: one array a field, one row a process creation (Event ID 1),
 * strings as ids of one pool. A predicate can then be evaluated once per distinct
 * string. Every copy of a record is a row here; telling copies apart is the tree's work.
 *
 * Other events than creations, ends and service events are stored only where the reading
 * asks for them, one set of columns a kind, each with just the texts that kind has.
 *
 * Ownership  the store owns its columns and its pool; sources are named by their
 *            place in the evidence, which must outlive it.
 * Threads    filled by st_sysmon_read (which runs its own threads); read-only after.
 * Order      rows are in no particular order. The forest sorts.
 */
#ifndef SHELLTREE_EVENTS_H
#define SHELLTREE_EVENTS_H

#include "shelltree/evtx.h"

/* String columns of a process creation, as recorded ('-' and '?' stay what they are);
 * ST_ABSENT where the record has no such field.
 *   command_line           with doubled percent signs undone
 *   command_line_recorded  as it stands in the record
 *   utc_text               ST_ABSENT where utc says it all; else UtcTime as recorded */
/* clang-format off */
#define ST_CREATION_STRINGS(X)                                                                     \
    X(computer) X(channel) X(rule_name) X(utc_text) X(image) X(file_version) X(description)        \
    X(product) X(company) X(original_file_name) X(command_line) X(command_line_recorded)           \
    X(current_directory) X(user) X(integrity_level) X(hashes) X(parent_image)                      \
    X(parent_command_line) X(parent_user)
/* clang-format on */

enum st_creation_flags {
    ST_C_CRC = 1 << 0,      /* the chunk's checksum is wrong */
    ST_C_BORROWED = 1 << 1, /* decoded with a borrowed template */
    ST_C_PARTIAL = 1 << 2,  /* some fields are unreadable */
    ST_C_REPAIRED = 1 << 3,
    ST_C_LOSSY = 1 << 4,   /* some character was replaced: see lossy */
    ST_C_NO_GUID = 1 << 5, /* ProcessGuid absent or zero */
    ST_C_TIME = 1 << 6,    /* UtcTime absent or malformed: utc comes from TimeCreated */
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
    uint64_t *logon_id;                   /* ST_NO_U64: not known */
    uint32_t *pid, *parent_pid, *session; /* ST_NO_U32: not known */
    uint32_t *source;                     /* place in the evidence */
    uint32_t *truncated;                  /* bit i: string column i (in the order above) was cut */
    uint8_t *origin;                      /* st_origin */
    uint8_t *flags;                       /* st_creation_flags */
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

/* The texts of other events, as recorded (canonical, see st_value_text), and Sysmon's name of each.
 * Event IDs 8 and 10 call the acting process's SourceImage, SourceUser; it is image and user
 * here. What the records call Hash (15) and Hashes is hashes. */
/* clang-format off */
#define ST_EVENT_TEXTS(X)                                                                          \
    X(rule_name, "RuleName") X(image, "Image") X(user, "User") X(hashes, "Hashes")                 \
    X(file_version, "FileVersion") X(description, "Description") X(product, "Product")             \
    X(company, "Company") X(original_file_name, "OriginalFileName")                                \
    X(target_filename, "TargetFilename") X(creation_utc, "CreationUtcTime")                        \
    X(previous_creation_utc, "PreviousCreationUtcTime") X(protocol, "Protocol")                    \
    X(initiated, "Initiated") X(source_ip, "SourceIp") X(source_hostname, "SourceHostname")        \
    X(source_port, "SourcePort") X(source_port_name, "SourcePortName")                             \
    X(destination_ip, "DestinationIp") X(destination_hostname, "DestinationHostname")              \
    X(destination_port, "DestinationPort") X(destination_port_name, "DestinationPortName")         \
    X(image_loaded, "ImageLoaded") X(is_signed, "Signed") X(signature, "Signature")                \
    X(signature_status, "SignatureStatus") X(target_guid, "TargetProcessGuid")                     \
    X(target_pid, "TargetProcessId") X(target_image, "TargetImage") X(target_user, "TargetUser")   \
    X(new_thread_id, "NewThreadId") X(start_address, "StartAddress")                               \
    X(start_module, "StartModule") X(start_function, "StartFunction") X(device, "Device")          \
    X(source_thread_id, "SourceThreadId") X(granted_access, "GrantedAccess")                       \
    X(call_trace, "CallTrace") X(event_type, "EventType") X(target_object, "TargetObject")         \
    X(details, "Details") X(new_name, "NewName") X(contents, "Contents") X(pipe_name, "PipeName")  \
    X(operation, "Operation") X(event_namespace, "EventNamespace") X(name, "Name")                 \
    X(query, "Query") X(type, "Type") X(destination, "Destination") X(consumer, "Consumer")        \
    X(filter, "Filter") X(query_name, "QueryName") X(query_status, "QueryStatus")                  \
    X(query_results, "QueryResults") X(is_executable, "IsExecutable") X(archived, "Archived")      \
    X(session, "Session") X(client_info, "ClientInfo")
/* clang-format on */

typedef enum st_event_text {
    ST_T_NONE,
#define ST_TEXT_ENUM(name, text) ST_T_##name,
    ST_EVENT_TEXTS(ST_TEXT_ENUM)
#undef ST_TEXT_ENUM
        ST_T_COUNT
} st_event_text;

/* A kind of event that can be stored: which id, and which texts it has, in the order of its
 * columns, ended by ST_T_NONE. */
enum { ST_EVENT_COLUMNS = 16, ST_EVENT_KINDS = 22 };
typedef struct st_event_kind {
    uint8_t id;
    uint8_t texts[ST_EVENT_COLUMNS + 1];
} st_event_kind;
const st_event_kind *st_event_kind_at(size_t kind); /* NULL from ST_EVENT_KINDS on */
/* The bit of an event id in a set of them; 0 for ids that are never stored. */
uint64_t st_event_bit(uint32_t event_id);
/* The column of a text, SIZE_MAX if the kind has none. */
size_t st_event_column(const st_event_kind *k, st_event_text t);

/* The events of one kind. */
typedef struct st_events {
    size_t n, cap;
    st_sid *text[ST_EVENT_COLUMNS]; /* ST_ABSENT where the record has no such field */
    st_sid *computer;
    st_guid *guid;     /* of the acting process (8, 10: Source...); zero: not known, or none */
    st_ticks *utc;     /* UtcTime; TimeCreated where that is unusable */
    st_ticks *created; /* TimeCreated */
    uint64_t *event_record_id, *offset;
    uint32_t *pid;    /* of the acting process; ST_NO_U32: not known */
    uint32_t *source; /* place in the evidence */
    uint8_t *origin;  /* st_origin */
    uint8_t *flags;   /* st_creation_flags */
} st_events;

typedef struct st_store {
    st_pool *pool;
    st_creations creations;
    st_events events[ST_EVENT_KINDS]; /* in the order of kinds */
    uint64_t wanted;                  /* the set of ids (st_event_bit) that go into events */
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
    int64_t *shift;        /* by Computer: seconds added to its times; NULL: to none */
    size_t nshift;
} st_store;

/* Reads all of the evidence. events: the set of ids (st_event_bit) stored beside creations, ends
 * and service events (UINT64_MAX: all there are); nothing is decoded of others. progress (may be
 * NULL) is called from any thread. */
st_code st_sysmon_read(st_evidence *e, const st_scan_options *o, uint64_t events,
                       void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                       st_store **out, st_err *err);
void st_store_free(st_store *s);
/* Adds seconds (which may be negative) to all times of a host's records. host: its full name or the
 * first label of it, in any case; *found: there is one. Before a forest is built over the store. */
st_code st_store_shift(st_store *s, st_str host, int64_t seconds, bool *found, st_err *err);
/* The seconds that were added to a host's times. */
static inline int64_t st_store_shift_of(const st_store *s, st_sid computer)
{
    return s->shift && computer < s->nshift ? s->shift[computer] : 0;
}

/* For tests and for readers of other containers: rows by hand. */
st_store *st_store_new(void);
/* A zeroed row (numbers not known); its index, or SIZE_MAX for no memory. */
size_t st_store_add(st_store *s);
/* The same for an event of a kind. */
size_t st_store_add_event(st_store *s, size_t kind);

/* Sysmon's name for a string column ("CommandLine" for command_line), or NULL. */
const char *st_creation_field(unsigned column);
/* One algorithm's digest out of a Hashes text ("SHA256=..,MD5=.."); empty if it isn't there. */
st_str st_hashes_get(st_str hashes, const char *algorithm);
/* "%%" to "%", once, from left to right. */
void st_undouble_percent(st_str s, st_buf *out);

#endif
