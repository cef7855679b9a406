/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.h - the parts of the native reader. Private to src/evtx/native*.c.
 *
 * Everything the reader meets - a template, a record written without one, the body inside
 * another value - is first compiled into a plan: where each System field and each field of
 * the data comes from. A plan's source is a list of pieces: literal text, a substitution, a
 * character. Plans of templates are kept for a chunk, so that a record costs one look at its
 * array of substitutions; plans of literal records are dropped after the record.
 *
 * Positions are 32-bit offsets in the chunk; vectors are addressed by index, since they move.
 */
#ifndef ST_EVTX_NATIVE_H
#define ST_EVTX_NATIVE_H

#include "evtx/format.h"
#include "base/search.h"
#include "engine.h"
#include "repeat.h"
#include "base/limits.h"

#define NT_NONE UINT32_MAX
#define NT_NO_INDEX 0xffffu
#define NT_FIXED 0xfffeu /* no substitution either: text of the template */
#define NT_MET 128u      /* a power of two */

/* The fields of System. */
typedef enum nt_slot {
    NT_PROVIDER,
    NT_PROVIDER_GUID,
    NT_CHANNEL,
    NT_COMPUTER,
    NT_USER_SID,
    NT_EVENT_ID,
    NT_RECORD_ID,
    NT_TIME,
    NT_VERSION,
    NT_LEVEL,
    NT_OPCODE,
    NT_TASK,
    NT_KEYWORDS,
    NT_PID,
    NT_TID,
    NT_SLOTS
} nt_slot;

/* Names with a meaning. */
typedef enum nt_known {
    NT_OTHER,
    NT_N_EVENT,
    NT_N_SYSTEM,
    NT_N_EVENTDATA,
    NT_N_USERDATA,
    NT_N_RENDERINGINFO,
    NT_N_DATA,
    NT_N_PROVIDER,
    NT_N_EVENTID,
    NT_N_VERSION,
    NT_N_LEVEL,
    NT_N_TASK,
    NT_N_OPCODE,
    NT_N_KEYWORDS,
    NT_N_TIMECREATED,
    NT_N_EVENTRECORDID,
    NT_N_EXECUTION,
    NT_N_CHANNEL,
    NT_N_COMPUTER,
    NT_N_SECURITY,
    NT_N_NAME,
    NT_N_GUID,
    NT_N_SYSTEMTIME,
    NT_N_PROCESSID,
    NT_N_THREADID,
    NT_N_USERID,
    NT_N_LT,
    NT_N_GT,
    NT_N_AMP,
    NT_N_QUOT,
    NT_N_APOS
} nt_known;

/* names: one cache a thread, kept over chunks */

typedef struct nt_name {
    uint64_t hash;
    st_str wide; /* UTF-16LE */
    st_str text; /* UTF-8 */
    uint16_t id; /* the caller's */
    uint8_t known;
} nt_name;

typedef struct nt_names {
    st_arena memory;
    st_buf scratch;
    nt_name *list;
    size_t n, cap;
    st_slots table;     /* of places in the list */
    uint32_t *numbered; /* places of Data1, Data2 ... */
    size_t nnumbered, numbered_cap;
    bool failed;
} nt_names;

/* The place in the list of n bytes of UTF-16LE; NT_NONE: no memory. */
uint32_t nt_name_put(nt_names *names, const unsigned char *p, size_t n, const st_scan_ops *ops);
/* "Data" and a number from 1 on. */
uint32_t nt_name_numbered(nt_names *names, size_t number, const st_scan_ops *ops);
void nt_names_clear(nt_names *names); /* keeps nothing */

/* plans */

typedef enum nt_piece_kind {
    NT_LITERAL,
    NT_SUB,
    NT_OPTIONAL,
    NT_CHAR,
    NT_ENTITY,
    NT_INSTANCE
} nt_piece_kind;

typedef struct nt_piece {
    const unsigned char *p; /* LITERAL: the text */
    uint32_t off;   /* CHAR: the code point; ENTITY: its name; INSTANCE: where the token is */
    uint32_t len;   /* LITERAL: bytes; INSTANCE: where its container ends */
    uint16_t index; /* SUB, OPTIONAL */
    uint8_t kind;
} nt_piece;

/* Where a stream stands in the tree. */
typedef enum nt_context { NT_TOP, NT_IN_EVENT, NT_IN_EVENTDATA, NT_IN_USERDATA } nt_context;

typedef struct nt_field {
    uint32_t name; /* NT_NONE: Data without a name */
    uint32_t first, n;
    uint16_t dep;  /* the substitution without which the element isn't there */
    uint8_t inner; /* nt_context of binary XML in it */
    bool bare; /* not there without a value: content of Event, EventData, UserData; attributes */
} nt_field;

typedef struct nt_source {
    uint32_t first, n;
} nt_source;

typedef struct nt_plan {
    uint32_t def, id;
    uint32_t next; /* another plan for this definition, in another context; NT_NONE */
    uint8_t context;
    uint8_t
        lent; /* which of the source's definitions it was made of, from 1 on; 0: the chunk's own */
    bool user_data, repaired;
    bool straight;  /* its field k is substitution k, has a name and depends on nothing else */
    uint32_t nsubs; /* highest substitution in use + 1 */
    uint32_t rest;  /* the same of what of System nobody asks at first, each of which is one
                       substitution or literal text; NT_NONE: it isn't */
    nt_source system[NT_SLOTS];
    uint16_t direct[NT_SLOTS]; /* the substitution that is all of a source; NT_FIXED: one literal
                                  is; NT_NO_INDEX: neither */
    uint32_t first, nfields;
    const char *damage;
} nt_plan;

/* An element that is open while a plan is made. */
typedef struct nt_frame {
    uint32_t end, name, data_name, first, n;
    uint16_t dep;
    uint8_t where, known;
    bool parent;
} nt_frame;

/* A plan that is being followed. */
typedef struct nt_step {
    uint32_t plan, next, base, count;
    uint32_t specs; /* offset of the first */
    bool sound;     /* all its values lie where the record says: st_native.at has where that is.
                       Else they are in st_native.values. Both from base on */
} nt_step;

/* A name that was met at an offset of the chunk. */
typedef struct nt_met {
    uint32_t off, name; /* off 0: none */
} nt_met;

/* A template asked of other chunks, and the plan made of it; NT_NONE: there is none. */
typedef struct nt_lent {
    uint32_t id, plan;
    uint8_t context;
} nt_lent;

/* A name that a template refers to and doesn't hold, and a few of them. */
#define NT_OUTSIDE 16u
typedef struct nt_outside {
    uint32_t from, upto; /* the bytes of the template in hand */
    nt_met names[NT_OUTSIDE];
    size_t n; /* more than NT_OUTSIDE: not all are there */
} nt_outside;

struct st_native {
    const st_chunk *c;
    const unsigned char *b;
    uint32_t n;
    nt_names names;
    nt_piece *pieces;
    size_t npieces, pieces_cap;
    nt_field *fields;
    size_t nfields, fields_cap;
    nt_plan *plans;
    size_t nplans, plans_cap;
    uint32_t ntemplates;                /* plans made of templates in this chunk */
    uint16_t *by_offset;                /* definition offset -> place in plans + 1 */
    uint32_t inlines[ST_MAX_TEMPLATES]; /* definitions that stand where they say */
    size_t ninline;
    bool looked;
    nt_met met[NT_MET];         /* by offset: most of a template's names are the same few */
    struct nt_kept *kept_plans; /* ST_MAX_KEPT_PLANS of them, made with the first */
    nt_outside outside;
    nt_lent lent[ST_MAX_LENT];
    size_t nlent;
    bool foreign;  /* the bytes in hand are those of another chunk */
    st_arena kept; /* text of plans from other chunks */
    nt_frame frames[ST_MAX_DEPTH];
    nt_step steps[ST_MAX_NEST];
    uint32_t *at;     /* ST_MAX_NEST * ST_MAX_SUBST */
    st_value *values; /* the same */
    st_field *out;
    size_t nout, out_cap;
    uint32_t named;  /* the plan whose fields' names the first of `out` have; NT_NONE: none */
    uint64_t naming; /* how often names were written there */
    size_t unnamed;
    st_arena text; /* of one record */
    bool text_used;
    st_repeats repeats;
    struct nt_xml *render; /* made when the first record is to be rendered */
    st_buf xml;            /* of the record in hand */
    uint64_t chunk_budget;
    uint64_t xml_budget; /* the same for the rendering, so that it changes no field */
    uint32_t record_budget;
    bool strict; /* recovered record: names must have the right hash */
    bool failed; /* memory */
};

/* One step of work; false when the record or the chunk has had its share. */
static inline bool nt_spend(st_native *s, uint32_t steps)
{
    if (s->record_budget < steps || s->chunk_budget < steps)
        return false;
    s->record_budget -= steps;
    s->chunk_budget -= steps;
    return true;
}

/* Are `need` bytes left from off on, before end? */
static inline bool nt_has(uint32_t off, uint32_t end, uint32_t need)
{
    return off <= end && need <= end - off;
}

/* A template instance as it stands in a stream. */
typedef struct nt_instance {
    uint32_t id, def;
    uint32_t count;
    uint32_t specs; /* offset of the first */
    bool repaired;
} nt_instance;

/* The start of an element. */
typedef struct nt_opening {
    uint32_t end, name, next; /* next: behind the name */
    uint16_t dep;
    bool repaired;
} nt_opening;

/* Reads the head of the instance whose token is at pos; NULL or a reason. */
const char *nt_instance_at(const st_native *s, uint32_t pos, uint32_t end, nt_instance *out);
/* Where the stream's first token behind fragment headers is. */
uint32_t nt_skip_headers(const st_native *s, uint32_t pos, uint32_t end);
/* Compiles the stream at pos. dep: its elements carry dependency ids (it is a template). */
uint32_t nt_compile(st_native *s, uint32_t pos, uint32_t end, bool dep, nt_context context);
/* What is told by a plan's shape at a glance: direct, straight, rest. */
void nt_note_shape(st_native *s, uint32_t number);
/* The definition of a name at off, which ends at *end; NT_NONE: there is none. */
uint32_t nt_name_here(st_native *s, uint32_t off, uint32_t *end);
/* The name referred to at *pos; moves *pos behind the reference and an inline definition. */
bool nt_name_at(st_native *s, uint32_t *pos, uint32_t end, uint32_t *name);
/* The element whose token is at pos. Streams that lie about dependency ids or its size are
 * read in the form that fits. */
bool nt_open_at(st_native *s, uint32_t pos, uint32_t end, bool dep, nt_opening *o);
/* The definition at def: where its body is, if it is the one with this id. */
bool nt_definition(const st_native *s, uint32_t id, uint32_t def, uint32_t *body, uint32_t *end);
/* Where in the chunk a definition with this id stands; NT_NONE: nowhere. */
uint32_t nt_search(st_native *s, uint32_t id);
/* Puts the values of an instance into s->values from base on; how many there are. */
uint32_t nt_load_values(st_native *s, const nt_instance *in, uint32_t plan, uint32_t base,
                        uint32_t end);
/* The record at off as XML, appended to s->xml. */
void nt_render_free(struct nt_xml *x);
void nt_render(st_native *s, uint32_t off, uint32_t end);
/* The plan of a template; *borrowed when it isn't the one at def. NT_NONE: missing. */
uint32_t nt_template(st_native *s, uint32_t id, uint32_t def, nt_context context, bool *borrowed);
void nt_forget_templates(st_native *s);
/* native_kept.c: the plan of a template with its body from body to end, if one like it was kept;
 * else NT_NONE. */
uint32_t nt_kept_plan(st_native *s, uint32_t body, uint32_t end, nt_context context);
/* The same made of it, and kept for chunks to come if that can be done. NT_NONE: no memory. */
uint32_t nt_make_plan(st_native *s, uint32_t body, uint32_t end, nt_context context);
void nt_kept_clear(st_native *s);

/* What is known of the chunk's templates, so that what is found out from here on can be forgotten.
 */
typedef struct nt_mark {
    size_t nplans, npieces, nfields, ninline, nlent;
    uint32_t ntemplates;
    bool looked;
} nt_mark;
nt_mark nt_templates_mark(const st_native *s);
void nt_templates_back(st_native *s, const nt_mark *m);
/* A plan for an instance whose template is gone, if the types of its values say what it is. */
uint32_t nt_known_plan(st_native *s, const nt_instance *in, uint32_t end, nt_context context,
                       const st_record *head);

/* Decodes the record at off, whose bytes end at `end` (trailing size not included), and
 * delivers it. damage: what to call it if something is missing (NULL: whatever is met first).
 * *reason: why something is missing, else NULL. False when nothing could be read. */
bool nt_record(st_native *s, uint32_t off, uint32_t end, st_origin origin, unsigned flags,
               const char *damage, const char **reason);

#endif
