/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what the files of src/events share: the columns as lists, the table of
 * field names, decoding one record into a store. Private to src/events.
 */
#ifndef ST_EVENTS_STORE_H
#define ST_EVENTS_STORE_H

#include "shelltree/events.h"

/* The columns of other events that aren't texts. */
/* clang-format off */
#define ST_EVENT_NUMBERS(X)                                                                        \
    X(st_sid, computer) X(st_sid, channel) X(st_guid, guid) X(st_ticks, utc) X(st_ticks, created)  \
    X(uint64_t, event_record_id) X(uint64_t, record_number) X(uint64_t, offset) X(uint32_t, pid)   \
    X(uint32_t, source) X(uint8_t, origin) X(uint8_t, flags)
/* clang-format on */

/* What is done with a field of a given name. */
typedef enum st_field_kind {
    ST_K_STRING,  /* into a string column */
    ST_K_COMMAND, /* CommandLine: recorded and undoubled */
    ST_K_UTC,
    ST_K_GUID,
    ST_K_U32,
    ST_K_U64,
    ST_K_STATE,      /* of Event IDs 4 and 16 only: at = offset in st_service */
    ST_K_EVENT,      /* a text of other events only */
    ST_K_EVENT_GUID, /* the acting process of Event IDs 8 and 10 */
    ST_K_EVENT_PID
} st_field_kind;

typedef struct st_field_def {
    st_str name;
    st_field_kind kind;
    unsigned column; /* of a string; for lossy and truncated */
    size_t at;       /* offset of the pointer in st_creations, or in st_service */
    uint8_t text;    /* st_event_text: which text of other events it is; ST_T_NONE: none */
    uint8_t provider;
} st_field_def;

/* A name's number, 0 for one that isn't in the table; and back. */
uint16_t st_field_id(st_str name);
const st_field_def *st_field_def_of(uint16_t id);
/* What a provider means by the name of a number; NULL: nothing. */
const st_field_def *st_field_def_for(unsigned provider, uint16_t id);

extern const st_provider st_sysmon, st_eventlog, st_security, st_system_log, st_services, st_tasks,
    st_powershell, st_defender, st_bits, st_winrm, st_desktop, st_sessions, st_access_logs, st_logs;

/* The value that was met last, as recorded, and its id: Computer and Channel hardly change. */
typedef struct st_recent {
    unsigned char bytes[256];
    uint32_t n; /* 0: none */
    uint8_t type;
    st_sid id;
    unsigned char guid[16]; /* of a provider that is none of ours, which a GUID may tell apart */
    bool no_guid;           /* it had none */
    unsigned told;          /* whose the record in hand is, + 1; 0: not asked yet */
    struct {
        st_event_key key;
        size_t kind; /* that kind + 1; 0: none */
    } kinds[32];     /* asked for last, of a provider's records, by event id */
} st_recent;

/* How many kinds all providers have. */
enum { ST_EVENT_KINDS = 59 };

/* Whose the record is: a place among the providers, or ST_PROVIDERS. */
unsigned st_provider_of(const st_record *r);
/* The same; last: the name that was met last, as most records have one another's. NULL: none. What
 * st_event_wants told of a record holds for it until st_event_decode has filed it. */
unsigned st_provider_known(const st_record *r, st_recent *last);
/* Is it one whose fields are read? */
bool st_event_wants(const st_record *r, const st_event_set *events, const st_log_keep *keep,
                    st_recent *last);

/* logs.c: records that are kept whole */

/* Which are wanted. A channel is compared once for all its records that follow each other. */
typedef struct st_logs_filter {
    const st_log_wanted *v;
    size_t n;
    unsigned char recent[256]; /* the channel that was met last, as recorded */
    uint32_t recent_n;         /* 0: none */
    uint8_t recent_type;
    size_t first; /* the first of v that names it; n: none */
} st_logs_filter;
bool st_log_wants(st_logs_filter *f, const st_record *r);
/* The kind that takes it whole, by its log; st_event_kinds(): none of those that are wanted. keep:
 * NULL for all. */
size_t st_log_kind(const st_event_set *wanted, const st_log_keep *keep, unsigned provider,
                   const st_record *r);
/* What else the System part says. */
void st_log_put_system(const st_record *r, st_buf *value, st_buf *out);
/* The record's fields as one text, those that are kept (NULL: all); what has no value is left out.
 * Adds the number of characters that had to be replaced to *replaced. */
void st_log_put_fields(const st_record *r, const st_log_keep *keep, st_buf *value, st_buf *out,
                       uint64_t *replaced);

/* Texts that were met at least twice, as recorded, and their ids: most of a record's fields say
 * what one of the last records said. Of a place the text that was met last is known by its tag even
 * if it wasn't kept, so that what comes once pushes nothing out. The heads lie close together, as
 * every text is looked for; their texts begin at different lines of a cache. */
enum {
    ST_MET_BITS = 10,
    ST_MET_TEXTS = 1 << ST_MET_BITS,
    ST_MET_BYTES = 512,
    ST_MET_ROOM = ST_MET_BYTES + 64
};
typedef struct st_met_head {
    uint32_t tag, missed; /* of the text that is kept, and of the last that wasn't found */
    uint32_t n;           /* 0: none is kept */
    st_sid id;
} st_met_head;
typedef struct st_met {
    st_met_head heads[ST_MET_TEXTS];
    unsigned char texts[ST_MET_TEXTS][ST_MET_ROOM]; /* UTF-16 */
} st_met;
/* A text's sample: where it would be among those, and its tag. 0: it isn't one that is remembered.
 */
typedef uint64_t st_ask;

/* Which of a creation's fields are kept, and as what: of the last one whose fields had these
 * numbers, in this order. Texts come first, then numbers and GUIDs, each in the order of the
 * record. */
enum { ST_ROUTE_FIELDS = 64 };
typedef struct st_way {
    const struct st_field_def *def;
    size_t field; /* its place among the record's */
} st_way;
typedef struct st_route {
    uint64_t layout; /* of that record, if known */
    uint16_t ids[ST_ROUTE_FIELDS];
    size_t nids; /* 0: none */
    st_way ways[ST_ROUTE_FIELDS];
    size_t ntexts, n; /* the texts; all of them */
} st_route;

/* A text on its way to its column. */
typedef struct st_waiting {
    const st_value *value;
    const struct st_field_def *field;
    st_ask ask;
    size_t from, n; /* in st_scratch.ahead */
    uint32_t hash;
} st_waiting;

/* The day of the last UtcTime, as it was recorded. */
typedef struct st_day {
    bool known;
    unsigned char date[22]; /* "2026-01-02 " in UTF-16 */
    st_ticks begins;
} st_day;

/* What decoding needs from one record to the next; zeros to begin with, for one store. */
typedef struct st_scratch {
    st_buf text;
    st_recent computer, channel, provider;
    st_met *met;     /* NULL: not made yet */
    size_t presence; /* the one met last */
    st_buf ahead;    /* texts of a creation, */
    st_waiting waiting[ST_COL_COUNT];
    size_t nwaiting; /* which are put into the pool together */
    st_buf fields;
    st_day day;
    st_route route;
    st_logs_filter logs;
    const st_log_keep *keep; /* NULL: all */
} st_scratch;

void st_scratch_free(st_scratch *s);

/* A value in the form of UtcTime, as st_time_sysmon reads its text; not 0. */
bool st_event_time(const st_value *v, st_scratch *scratch, st_ticks *out);

/* The record's kind, st_event_kinds() if it has none. */
size_t st_event_kind_of_record(const st_record *r, st_recent *last);
/* The ProcessGuid of the process that acted; false: none, or zero. */
bool st_event_actor(const st_record *r, st_guid *out);
/* The record as a row of its kind, and nothing else; false: no memory. */
bool st_event_keep(st_store *s, const st_record *r, size_t kind, uint32_t source,
                   st_scratch *scratch);
/* Files the record; false: no memory, or more rows than ST_MAX_ROWS. */
bool st_event_decode(st_store *s, const st_record *r, uint32_t source, st_scratch *scratch);

/* trail.c: slots that are worth another look. Each false: no memory */
uint32_t st_trail_hash(const unsigned char guid[16]);
/* That slot of a source begins. */
bool st_trail_slot(st_trail *t, uint32_t source, uint64_t slot);
/* Adds what an unwanted event of the slot begun last holds; n 0: not known. */
bool st_trail_guids(st_trail *t, const unsigned char *const *guids, size_t n);
bool st_trail_append(st_trail *d, const st_trail *f);
void st_trail_free(st_trail *t);
/* The slots without any of the wanted: a bit each. */
typedef struct st_trail_map {
    uint64_t *base; /* by source: its first bit */
    uint8_t *bits;
    size_t nsources;
} st_trail_map;
bool st_trail_map_make(st_trail_map *m, const st_trail *t, const st_wanted_events *w,
                       size_t nsources);
bool st_trail_map_skips(const st_trail_map *m, size_t source, uint64_t slot);
void st_trail_map_free(st_trail_map *m);

/* Tries to make room for so many times the creations, records and texts that there are. */
void st_store_foresee(st_store *s, double times);
/* Gives back what was foreseen and didn't come. */
void st_store_trim(st_store *s);
/* Room for `need` rows of a kind. */
bool st_events_reserve(st_events *e, size_t kind, size_t need);
void st_events_free(st_events *e);
/* Appends src's rows, their strings renamed by map. */
bool st_events_append(st_events *dst, const st_events *src, size_t kind, const st_sid *map);

/* Appends src's other events to dst. */
bool st_store_append_events(st_store *dst, const st_store *src);
/* Appends all of src to dst, on so many threads. Its strings are dst's then: src is to be freed. */
bool st_store_append(st_store *dst, st_store *src, unsigned threads);
/* A store that another will take in; NULL: no memory. */
st_store *st_store_new_like(const st_store *other);

#endif
