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
 * Threads    filled by st_events_read (which runs its own threads); read-only after.
 * Order      rows are in no particular order. The forest sorts.
 */
#ifndef SHELLTREE_EVENTS_H
#define SHELLTREE_EVENTS_H

#include "shelltree/evtx.h"

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

/* String columns of a process creation, as recorded ('-' and '?' stay what they are);
 * ST_ABSENT where the record has no such field. Those beside computer and channel follow from
 * events/sysmon/fields.def:
 *   command_line           with doubled percent signs undone
 *   command_line_recorded  as it stands in the record
 *   utc_text               ST_ABSENT where utc says it all; else UtcTime as recorded */
typedef struct st_creations {
    size_t n, cap;
    size_t blank; /* rows from n up to here are zeroed */
    void *block;  /* that all columns lie in, one behind the other */
    st_sid *computer, *channel;
#define BOTH(name, text) st_sid *name;
#define CREATION(name, text) st_sid *name;
#define UTC(name, text) st_sid *name;
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member can't be enclosed */
#define COMMAND(name, text) st_sid *name, *name##_recorded;
#define GUID(name, text) st_guid *name; /* zero: not known */
#define U32(name, text) uint32_t *name; /* ST_NO_U32: not known */
#define U64(name, text) uint64_t *name; /* ST_NO_U64: not known */
#include "events/sysmon/fields.def"
    st_ticks *utc;     /* UtcTime, ms precision; TimeCreated where UtcTime is unusable */
    st_ticks *created; /* TimeCreated */
    uint64_t *event_record_id, *record_number, *offset;
    uint32_t *source;    /* place in the evidence */
    uint32_t *truncated; /* bit i: string column i (in the order above) was cut */
    uint8_t *origin;     /* st_origin */
    uint8_t *flags;      /* st_creation_flags */
    uint8_t *provider;   /* whose record it is: ST_SYSMON, or ST_SECURITY (4688) */
} st_creations;
/* The number of a string column: ST_COL_image and so on. */
enum st_creation_column {
    ST_COL_computer,
    ST_COL_channel,
#define BOTH(name, text) ST_COL_##name,
#define CREATION(name, text) ST_COL_##name,
#define UTC(name, text) ST_COL_##name,
#define COMMAND(name, text) ST_COL_##name, ST_COL_##name##_recorded,
#include "events/sysmon/fields.def"
    ST_COL_COUNT
};

/* The array of a string column by its number. */
st_sid *st_creation_column(const st_creations *c, unsigned column);

#define ST_NO_U64 UINT64_MAX
#define ST_NO_U32 UINT32_MAX

/* Sysmon's Event ID 5, or Security's 4689, which has no GUID. */
typedef struct st_ending {
    st_sid computer;
    st_guid guid;
    st_sid image; /* of 4689; ST_ABSENT: not asked */
    st_ticks utc, created;
    uint32_t pid;
    uint8_t origin;
} st_ending;

/* Event ID 4 (service state) and 16 (configuration), for boots, versions, gaps; and that Windows
 * started: Security's 4608, the event log service's 6005 and 6009. */
typedef struct st_service {
    st_sid computer, state, version,
        schema; /* 16: state is "config", version the configuration; Windows': "boot" */
    st_ticks utc, created;
    uint8_t origin;
} st_service;

/* A host's records in one source. */
typedef struct st_presence {
    st_sid computer;
    uint32_t source;
    uint64_t records; /* of any provider and origin */
    uint64_t sysmon;
    uint64_t audited;     /* Windows' own process creations (Security 4688) */
    uint64_t windows;     /* other events of Windows' own that can be stored */
    st_ticks first, last; /* TimeCreated of live ones; 0: not known */
    uint64_t first_id,
        last_id; /* the least and the greatest EventRecordID of live ones of Sysmon */
} st_presence;

/* Every Sysmon record of any id, for the hosts' account: 24 bytes each. */
typedef struct st_seen {
    st_sid computer;
    uint16_t event_id;
    uint8_t origin;
    uint64_t event_record_id;
    st_ticks created;
} st_seen;

/* The texts of other events, as recorded (canonical, see st_value_text): ST_T_image and so on. What
 * a provider calls otherwise in some events (Sysmon's SourceImage of 8 and 10) has the usual name
 * here. */
typedef enum st_event_text {
    ST_T_NONE,
#define BOTH(name, text) ST_T_##name,
#define EVENT(name, text) ST_T_##name,
#include "events/sysmon/fields.def"
#define EVENT(name, text) ST_T_##name,
#include "events/windows/fields.def"
    ST_T_request_method, /* of requests in access logs */
    ST_T_request_path,   /* with its query */
    ST_T_request_status,
    ST_T_request_client,
    ST_T_request_agent,
    ST_T_log_provider, /* of the logs that are kept whole: who wrote the record */
    ST_T_log_event,    /* its event id, decimal */
    ST_T_log_level,
    ST_T_log_fields, /* all its fields: see st_log_field */
    ST_T_log_system, /* the rest of its System part, in the same form, as XML names it */
    ST_T_COUNT
} st_event_text;

/* providers, and the kinds of their events */

/* ST_ACCESS stands for access logs, whose requests are events without a record: no record of
 * whatever provider is one of them.
 * ST_LOGS stands for all whose records are kept whole. The kind with the id 0 holds those of the
 * channels that rules name (st_log_wanted); ids 1 to 3 those of the log Security, of all other logs
 * but Sysmon's, of Sysmon's. */
enum {
    ST_SYSMON,
    ST_EVENTLOG,
    ST_SECURITY,
    ST_SYSTEM_LOG,
    ST_SERVICES,
    ST_TASKS,
    ST_POWERSHELL,
    ST_DEFENDER,
    ST_BITS,
    ST_WINRM,
    ST_DESKTOP,
    ST_SESSIONS,
    ST_ACCESS,
    ST_LOGS,
    ST_PROVIDERS
};
enum { ST_LOG_NAMED, ST_LOG_SECURITY, ST_LOG_OTHER, ST_LOG_SYSMON, ST_LOG_KINDS };

/* What tells an event: an id alone means nothing. */
typedef struct st_event_key {
    uint16_t provider; /* place among the providers */
    uint16_t id;
} st_event_key;
#define ST_EVENTLOG_EVENT(number) ((st_event_key){ ST_EVENTLOG, (number) })
#define ST_SYSMON_EVENT(number) ((st_event_key){ ST_SYSMON, (number) })
static inline bool st_event_key_eq(st_event_key a, st_event_key b)
{
    return a.provider == b.provider && a.id == b.id;
}

/* How an event is an incident's: by the ProcessGuid of who acted; by host and time alone; by the
 * session of its logon, or the PID of who acted; by that PID. All but the first are correlations.
 */
typedef enum st_tie { ST_TIE_GUID, ST_TIE_TIME, ST_TIE_SESSION, ST_TIE_PID } st_tie;

/* A kind of event that can be stored. */
enum { ST_EVENT_COLUMNS = 16, ST_EVENT_ABOUT = 5, ST_MAX_EVENT_KINDS = 128 };
typedef struct st_event_kind {
    st_event_key key;
    const char *word;              /* in a row's Event: "connection" */
    const char *target;            /* a row's Target: '%' stands for the next text of about */
    uint8_t about[ST_EVENT_ABOUT]; /* ended by ST_T_NONE, as texts */
    uint8_t path;                  /* the text that is the file it is about; ST_T_NONE: none */
    uint8_t texts[ST_EVENT_COLUMNS + 1]; /* in the order of its columns */
    uint8_t tie;                         /* st_tie */
} st_event_kind;

/* One ActionType of a table. Where an event has several, the value of `when` says which. */
typedef struct st_event_rows {
    uint16_t id;
    const char *table, *action;
    st_event_text when;
    const char *is;
} st_event_rows;

typedef enum st_form {
    ST_FORM_TEXT,
    ST_FORM_NUMBER, /* decimal or 0x, as a JSON number */
    ST_FORM_BOOL,
    ST_FORM_PIPE,   /* \x as \Device\NamedPipe\x */
    ST_FORM_LIST,   /* QueryResults as an array */
    ST_FORM_STREAM, /* the stream's name behind a path */
    ST_FORM_WORD    /* always the same: word */
} st_form;
/* A member of AdditionalFields. id 0: of every event. */
typedef struct st_extra {
    uint16_t id;
    const char *name;
    st_event_text text;
    st_form form;
    const char *word;
} st_extra;

/* All that is known of a provider's events: the one table that reading, tables and rows follow. */
typedef struct st_provider {
    const char *name;  /* in any case */
    const char *shown; /* in front of an id, in lists of events */
    st_guid guid;      /* zero: told by its name alone */
    const st_event_kind *kinds;
    const st_event_rows *rows; /* in the order of ids */
    const st_extra *extras;
    size_t nkinds, nrows, nextras;
} st_provider;
const st_provider *st_provider_at(size_t i); /* NULL from ST_PROVIDERS on */
/* The rows of all providers, numbered through, with the key of each; NULL past the end. */
const st_event_rows *st_event_rows_at(size_t i, st_event_key *key);

/* Kinds of all providers are numbered through. */
size_t st_event_kinds(void);                        /* how many there are */
const st_event_kind *st_event_kind_at(size_t kind); /* NULL past the end */
size_t st_event_kind_of(st_event_key key);          /* st_event_kinds(): none is stored */
/* Does such an event name no process by its GUID? A log that is cleared, a driver, WMI's
 * subscriptions, all of Windows' own. */
bool st_event_nameless(st_event_key key);
/* The column of a text, SIZE_MAX if the kind has none. */
size_t st_event_column(const st_event_kind *k, st_event_text t);

/* A set of kinds of events. */
typedef struct st_event_set {
    uint64_t bits[ST_MAX_EVENT_KINDS / 64];
} st_event_set;
st_event_set st_event_set_all(void);
void st_event_set_add(st_event_set *s, st_event_key key); /* nothing where none is stored */
bool st_event_set_empty(const st_event_set *s);
bool st_event_set_eq(const st_event_set *a, const st_event_set *b);
static inline bool st_event_set_has(const st_event_set *s, size_t kind)
{
    return s->bits[kind / 64] >> kind % 64 & 1;
}
static inline void st_event_set_add_kind(st_event_set *s, size_t kind)
{
    s->bits[kind / 64] |= UINT64_C(1) << kind % 64;
}
static inline void st_event_set_join(st_event_set *s, const st_event_set *other)
{
    for (size_t i = 0; i < ST_MAX_EVENT_KINDS / 64; i++)
        s->bits[i] |= other->bits[i];
}
static inline void st_event_set_meet(st_event_set *s, const st_event_set *other)
{
    for (size_t i = 0; i < ST_MAX_EVENT_KINDS / 64; i++)
        s->bits[i] &= other->bits[i];
}

/* The events of one kind. */
typedef struct st_events {
    size_t n, cap;
    st_sid *text[ST_EVENT_COLUMNS]; /* ST_ABSENT where the record has no such field */
    st_sid *computer, *channel;
    st_guid *guid;     /* of the acting process (8, 10: Source...); zero: not known, or none */
    st_ticks *utc;     /* UtcTime; TimeCreated where that is unusable */
    st_ticks *created; /* TimeCreated */
    uint64_t *event_record_id, *record_number, *offset;
    uint32_t *pid;    /* of the acting process; ST_NO_U32: not known */
    uint32_t *source; /* place in the evidence */
    uint8_t *origin;  /* st_origin */
    uint8_t *flags;   /* st_creation_flags */
} st_events;

/* Where events stand that nobody wanted, slot by slot as the evidence was read, and the GUIDs in
 * them, as 32 bits each. What is in no slot of these wasn't looked at so. */
typedef struct st_trail_slot_of {
    uint64_t first; /* its GUIDs: guids[first .. first + n) */
    uint32_t source, slot, n;
    bool all; /* it holds an event of which no GUID is known */
} st_trail_slot_of;
typedef struct st_trail {
    st_trail_slot_of *slots;
    size_t nslots, slots_cap;
    uint32_t *guids;
    size_t nguids, guids_cap;
} st_trail;

typedef struct st_store {
    st_pool *pool;
    st_creations creations;
    st_events *events;   /* by kind */
    st_event_set wanted; /* the kinds that go into events */
    st_ending *endings;
    size_t nendings, endings_cap;
    st_service *services;
    size_t nservices, services_cap;
    st_seen *seen;
    size_t nseen, seen_cap;
    st_presence *presences; /* by source, then computer; a pair may be there more than once */
    size_t npresences, presences_cap;
    st_lossy *lossy; /* by row */
    size_t nlossy, lossy_cap;
    st_trail trail;
    uint64_t records;      /* records of any provider that were read */
    uint64_t sysmon;       /* of those, Sysmon's */
    uint64_t without_host; /* process creations without a Computer */
    uint64_t bare;         /* Windows' own of which neither PID nor image can be read: no rows */
    int64_t *shift;        /* by Computer: seconds added to its times; NULL: to none */
    size_t nshift;
} st_store;

/* Records of a channel that are kept whole, with all their fields, whoever wrote them. Not Sysmon's
 * creations and the other events that have columns of their own. */
typedef struct st_log_wanted {
    st_str channel;      /* in any case */
    const uint32_t *ids; /* NULL: of all events */
    size_t nids;
} st_log_wanted;
/* Of records that tables hold whole (the kinds 1 to 3 of ST_LOGS): which, and which of their
 * fields.
 */
typedef struct st_log_keep {
    bool every_event, every_field;
    const uint32_t *ids; /* of events */
    size_t nids;
    const st_str *fields; /* compared as st_log_field does */
    size_t nfields;
} st_log_keep;
/* Adds events and fields, those that aren't there yet; the lists are in the arena. false: no
 * memory. */
bool st_log_keep_add(st_arena *a, st_log_keep *k, const uint32_t *ids, size_t nids,
                     const st_str *fields, size_t nfields);
/* The fields of such a record, as recorded, from the text of ST_T_log_fields: the first of that
 * name, in any case; p == NULL: there is none. */
st_str st_log_field(st_str fields, st_str name);
/* One after the other: *at is 0 at first; false at the end. */
bool st_log_next(st_str fields, size_t *at, st_str *name, st_str *value);

/* Reads all of the evidence. events: the kinds stored beside creations, ends and service events
 * (NULL: none), logs: the channels whose records are kept whole, keep: what of those that tables
 * hold (NULL: all; it must live as long as the call); nothing is decoded of others. progress (may
 * be NULL) is called from any thread. */
st_code st_events_read(st_evidence *e, const st_scan_options *o, const st_event_set *events,
                       const st_log_wanted *logs, size_t nlogs, const st_log_keep *keep,
                       void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                       st_store **out, st_err *err);
/* The other events of a few processes. */
typedef struct st_wanted_events {
    st_event_set kinds;    /* of processes named below */
    st_event_set nameless; /* of no process: all within from .. to (both 0: at any time) */
    const st_guid *guids;  /* ProcessGuids, sorted by their bytes, on whatever host */
    size_t nguids;
    st_ticks from, to;      /* TimeCreated as recorded */
    const uint8_t *sources; /* by place: those that aren't 0 are read; NULL: all */
    bool nothing;           /* there are no such events: reading again would find none */
} st_wanted_events;
/* Reads evidence once more, for these alone: they go behind the rows that the store has of each
 * kind (first, by kind: how many there were). Nothing is counted anew, the sources' account stays.
 */
st_code st_events_gather(st_evidence *e, const st_scan_options *o, const st_wanted_events *w,
                         st_store *s, size_t *first, st_err *err);
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
/* The next answer of a QueryResults text ("type:  5 a.example;::ffff:10.0.0.1;": a.example, then
 * 10.0.0.1), which goes on in *rest; false: there is none. */
bool st_answers_next(st_str *rest, st_str *answer);
/* "%%" to "%", once, from left to right. */
void st_undouble_percent(st_str s, st_buf *out);

#endif
