/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carriers.h - what the files of src/carriers share. Private to them.
 *
 * A source's text comes through a window of UTF-8 (st_text). A carrier's reader finds one event
 * after the other in it: an <Event> goes to the XML reader of src/evtx, anything else becomes a
 * list of values with their paths (st_values), which map.c makes a record of.
 */
#ifndef ST_CARRIERS_PRIVATE_H
#define ST_CARRIERS_PRIVATE_H

#include "shelltree/carriers.h"
#include "base/limits.h"
#include "evtx/xml.h"

/* text (text.c) */

typedef struct st_text {
    st_file *file;
    uint64_t next; /* bytes of the source that have been taken in end here */
    unsigned unit; /* bytes of a character's unit: 1 or 2 */
    bool big;      /* UTF-16 with the high byte first */
    bool end;      /* there is no more */
    bool failed;   /* no memory */
    bool unread;   /* the source couldn't be read to its end */
    st_buf buf;
    size_t head;      /* what is before it has been used */
    uint64_t head_at; /* its place in the source */
    uint64_t line;    /* its line, from 1 */
    unsigned char *raw;
} st_text;

bool st_text_open(st_text *t, st_file *f); /* false: no memory */
void st_text_close(st_text *t);
st_str st_text_window(const st_text *t);
/* Takes in more; what the window points to moves. False: there is no more. */
bool st_text_more(st_text *t);
/* Uses up n bytes of the window. */
void st_text_skip(st_text *t, size_t n);

/* values of an event */

typedef struct st_pair {
    st_str path;  /* keys, joined by '.'; items of an array have the array's */
    st_str value; /* empty for null */
    bool end;     /* no value: an object of that path ends */
} st_pair;

typedef struct st_values {
    st_pair *list;
    size_t n, cap;
    st_arena arena;
    bool failed;
} st_values;

void st_values_put(st_values *v, st_str path, st_str value, bool end);
void st_values_clear(st_values *v);

/* Paths of collectors that rename an event's parts become the event's own. */
void st_values_reshape(st_values *v);

/* Do they look like an event of Windows, or a table of them, in some form that isn't known? Names
 * of its fields, or of its providers, stand in values; or its text alone. */
bool st_values_strange(const st_values *v);

/* a source being read */

typedef struct st_carrying_all st_carrying_all; /* of all threads */

typedef struct st_carrying {
    st_carrying_all *all;
    const st_scan_options *o;
    const st_scan_ops *ops;
    unsigned thread;
    size_t piece; /* of work: which */
    void *job;
    st_source *source;
    st_text text;
    st_xml *xml;
    st_values values, inner;
    st_field *fields;
    size_t nfields, fields_cap;
    st_buf scratch, scratch2;
    st_arena arena; /* of the record in hand */
    uint64_t events;
    uint64_t strange; /* what looks like an event, and doesn't say whose */
    unsigned bad_in_row;
    st_code code; /* no memory, or what a callback said */
    st_err err;
} st_carrying;

/* Hands a record on. False: stop. */
bool st_carry(st_carrying *c, st_record *r);
/* Something at that place is no event. line 0: counted, if it is the first. False: too many of them
 * in a row. */
bool st_carry_bad(st_carrying *c, uint64_t offset, uint64_t length, uint64_t line, const char *why);
bool st_carry_memory(st_carrying *c); /* false */

/* One <Event>. cut: its end is missing. False: stop. */
bool st_carry_xml(st_carrying *c, st_str event, uint64_t offset, uint64_t line, bool cut);
/* The values of one event that aren't XML, or hold one. False: stop. */
bool st_carry_values(st_carrying *c, uint64_t offset, uint64_t length, uint64_t line);

void st_carry_all_xml(st_carrying *c);
void st_carry_all_json(st_carrying *c);
void st_carry_all_csv(st_carrying *c);
/* The first <Event> of a text, to its end; empty: there is none. */
st_str st_event_in(st_str s);
/* Flattens the JSON text into values, below prefix. False: it is none. */
bool st_flatten(st_values *v, st_str prefix, st_str json);

#endif
