/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.c - both ends of the line to the child that reads with libevtx.
 *
 * A question is a header and, unless the child has it already, a chunk. The answer is a message a
 * record and one that ends it. Both ends are this program, so numbers go as they lie in memory.
 */
#include "evtx/format.h"
#include "evtx/remote.h"
#include "shelltree/verify.h"
#include "base/child.h"
#include "base/confine.h"
#include "evtx/repeat.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

typedef struct question {
    uint32_t at; /* of the record that is asked for; 0: all of the chunk */
    uint32_t n;  /* bytes of the chunk that follow; 0: it is the one before */
    uint64_t offset;
    uint32_t flags;
    uint8_t header_bad, slack, unused[2];
} question;

/* The System part of a record, as numbers; its texts are the first of the message's. */
typedef struct head {
    uint32_t at, flags, event_id, execution_pid, execution_tid;
    uint16_t task;
    uint8_t origin, version, level, opcode, user_data;
    uint8_t texts; /* bit i: the i-th text of SYSTEM is there */
    uint64_t event_record_id, time_created, keywords;
} head;

/* Of a record: behind it the lengths of its texts, then these. Of the end: lost byte ranges. */
typedef struct message {
    bool end;
    uint32_t fields, bytes; /* of the record; bytes of all its names and texts */
    head head;
    uint32_t ranges; /* with the end */
    uint64_t ghosts, unparsable, damaged, lossy;
} message;

typedef struct range {
    uint64_t offset, length;
    uint16_t reason; /* place in REASONS */
    uint16_t left;   /* among what was left over: no loss */
} range;

/* Why libevtx.c says that bytes are lost; the first stands for all that isn't here. */
static const char *const REASONS[] = { "unreadable",  "bad-token", "bad-size",
                                       "no-template", "too-long",  "bad-xml",
                                       "bad-name",    "truncated", "limit" };
enum { NREASONS = sizeof REASONS / sizeof REASONS[0] };

/* The texts of System. */
static const size_t SYSTEM[] = {
    offsetof(st_record, provider), offsetof(st_record, provider_guid), offsetof(st_record, channel),
    offsetof(st_record, computer), offsetof(st_record, user_sid),
};
enum { NSYSTEM = sizeof SYSTEM / sizeof SYSTEM[0] };

static const st_value *system_text(const st_record *r, size_t i)
{
    return (const st_value *)(const void *)((const char *)r + SYSTEM[i]);
}

/* the child */

typedef struct child {
    st_libevtx *libevtx;
    st_chunk c;
    unsigned char chunk[ST_EVTX_CHUNK];
    st_buf lengths, texts;
    bool cut; /* the line is broken */
} child;

static void put_text(child *x, const void *p, uint32_t n)
{
    st_buf_put(&x->lengths, &n, sizeof n);
    if (n)
        st_buf_put(&x->texts, p, n);
}

static void say(child *x, const message *m)
{
    if (x->lengths.failed || x->texts.failed || !st_line_put(0, m, sizeof *m) ||
        (x->lengths.n && !st_line_put(0, x->lengths.p, x->lengths.n)) ||
        (x->texts.n && !st_line_put(0, x->texts.p, x->texts.n)))
        x->cut = true;
}

static void say_record(void *job, const st_record *r)
{
    child *x = job;
    message m = { .fields = (uint32_t)r->nfields };
    st_buf_clear(&x->lengths);
    st_buf_clear(&x->texts);
    m.head = (head){ .at = (uint32_t)(r->offset - x->c.offset),
                     .flags = r->flags,
                     .event_id = r->event_id,
                     .execution_pid = r->execution_pid,
                     .execution_tid = r->execution_tid,
                     .task = r->task,
                     .origin = (uint8_t)r->origin,
                     .version = r->version,
                     .level = r->level,
                     .opcode = r->opcode,
                     .user_data = r->user_data,
                     .event_record_id = r->event_record_id,
                     .time_created = r->time_created,
                     .keywords = r->keywords };
    for (size_t i = 0; i < NSYSTEM; i++) {
        const st_value *v = system_text(r, i);
        m.head.texts |= (uint8_t)((v->p != NULL) << i);
        put_text(x, v->p, v->p ? v->n : 0);
    }
    for (size_t i = 0; i < r->nfields; i++) {
        put_text(x, r->fields[i].name.p, (uint32_t)r->fields[i].name.n);
        put_text(x, r->fields[i].value.p, r->fields[i].value.n);
    }
    m.bytes = (uint32_t)x->texts.n;
    say(x, &m);
}

static void put_range(st_buf *b, const st_range *r, bool left)
{
    range out = { .offset = r->offset, .length = r->length, .left = left };
    for (size_t i = 0; i < NREASONS; i++)
        if (strcmp(REASONS[i], r->reason) == 0)
            out.reason = (uint16_t)i;
    st_buf_put(b, &out, sizeof out);
}

static void say_end(child *x, const st_report *r)
{
    message m = { .end = true,
                  .ranges = (uint32_t)(r->lost.n + r->left.n),
                  .ghosts = r->ghosts,
                  .unparsable = r->unparsable,
                  .damaged = r->damaged,
                  .lossy = r->lossy };
    st_buf_clear(&x->lengths);
    st_buf_clear(&x->texts);
    for (size_t i = 0; i < r->lost.n; i++)
        put_range(&x->texts, &r->lost.list[i], false);
    for (size_t i = 0; i < r->left.n; i++)
        put_range(&x->texts, &r->left.list[i], true);
    say(x, &m);
}

static bool answer(child *x, const question *q)
{
    static const st_scan_ops ops = { .record = say_record };
    st_scan_options options = { .engine = ST_ENGINE_LIBEVTX,
                                .slack = q->slack != 0,
                                .confined = true };
    st_report report = { 0 };
    x->c.offset = q->offset;
    x->c.flags = q->flags;
    x->c.header_bad = q->header_bad != 0;
    x->c.options = &options;
    x->c.ops = &ops;
    x->c.job = x;
    x->c.report = &report;
    st_libevtx_begin(x->libevtx);
    st_code code = q->at ? st_libevtx_one(x->libevtx, &x->c, q->at, NULL)
                         : st_libevtx_chunk(x->libevtx, &x->c, NULL);
    if (code == ST_OK)
        say_end(x, &report);
    st_report_free(&report);
    return code == ST_OK && !x->cut;
}

static void serve(void *unused, int fd)
{
    (void)unused;
    child *x = calloc(1, sizeof *x);
    question q;
    if (x)
        x->libevtx = st_libevtx_new();
    if (!x || !x->libevtx) {
        free(x);
        return;
    }
    unsigned char held = (unsigned char)st_confine(
        fd, &(st_confinement){ ST_MAX_REMOTE_MEMORY, ST_MAX_REMOTE_SECONDS });
    x->c.bytes = x->chunk;
    bool heard = st_line_put(0, &held, 1);
    while (heard && st_line_get(0, &q, sizeof q)) {
        if (q.n > ST_EVTX_CHUNK || (q.n && !st_line_get(0, x->chunk, q.n)))
            return;
        x->c.n = q.n ? q.n : x->c.n;
        if (!answer(x, &q))
            return;
    }
}

/* its life */

struct st_remote {
    st_child child;
    bool has_chunk;
    bool greeted;       /* the child has said */
    unsigned char held; /* what holds it (base/confine.h) */
    bool failed;        /* no memory */
    unsigned asked;
    st_repeats repeats;
    st_buf lengths, texts;
    st_field *fields;
    size_t fields_cap;
};

/* A child that has a question left in it: libevtx loses some memory with each record that it
 * can't read, and the child's time is limited as a whole. */
static bool is_fresh(const st_remote *s)
{
    return s->child.pid && s->asked < ST_MAX_REMOTE_ASKED &&
           st_child_used(&s->child) < UINT64_C(500000000) * ST_MAX_REMOTE_SECONDS;
}

static bool hire(st_remote *s)
{
    if (is_fresh(s))
        return true;
    st_child_stop(&s->child);
    if (!st_child_start(&s->child, serve, NULL))
        return false;
    s->asked = 0;
    s->has_chunk = false;
    s->greeted = false;
    return true;
}

/* The child's first byte says what holds it. */
static bool greet(st_remote *s)
{
    if (!s->greeted)
        s->greeted = st_child_receive(&s->child, &s->held, 1);
    return s->greeted;
}

bool st_second_reader_filtered(void)
{
    st_remote *s = st_remote_new();
    bool filtered = s && s->child.pid && greet(s) && (s->held & ST_HELD_CALLS) != 0;
    st_remote_free(s);
    return filtered;
}

st_remote *st_remote_new(void)
{
    st_remote *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->child = (st_child){ .turn_ms = ST_MAX_REMOTE_TURN_MS, .turns = ST_MAX_REMOTE_TURNS };
    hire(s);
    return s;
}

void st_remote_free(st_remote *s)
{
    if (!s)
        return;
    st_child_stop(&s->child);
    st_repeats_free(&s->repeats);
    st_buf_free(&s->lengths);
    st_buf_free(&s->texts);
    free(s->fields);
    free(s);
}

void st_remote_begin(st_remote *s)
{
    st_repeats_begin(&s->repeats);
}

void st_remote_patience(st_remote *s, unsigned ms)
{
    s->child.turn_ms = ms;
}

pid_t st_remote_child(const st_remote *s)
{
    return s->child.pid;
}

/* the line */

static bool receive_into(st_remote *s, st_buf *b, size_t n)
{
    st_buf_clear(b);
    char *to = st_buf_room(b, n + 1);
    s->failed |= !to;
    if (!to || !st_child_receive(&s->child, to, n))
        return false;
    b->n = n;
    return true;
}

/* a record */

/* The lengths of a record's texts add up to what was sent. */
static bool fits(const st_remote *s, const message *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->lengths.n; i += sizeof(uint32_t)) {
        uint32_t n;
        memcpy(&n, s->lengths.p + i, sizeof n);
        sum += n;
    }
    return sum == m->bytes;
}

typedef struct cursor {
    const char *lengths, *texts;
} cursor;

static st_str next_text(cursor *x)
{
    uint32_t n;
    memcpy(&n, x->lengths, sizeof n);
    st_str s = { x->texts, n };
    x->lengths += sizeof n;
    x->texts += n;
    return s;
}

static bool set_text(st_value *v, st_str s, bool there)
{
    *v = (st_value){ .type = ST_V_TEXT };
    if (!there)
        return s.n == 0;
    v->p = (const unsigned char *)s.p;
    v->n = (uint32_t)s.n;
    return st_utf8_valid(s);
}

static bool fill(st_remote *s, const st_chunk *c, const message *m, st_record *r)
{
    const head *h = &m->head;
    cursor x = { s->lengths.p, s->texts.p };
    bool ok = st_grow(&s->fields, &s->fields_cap, m->fields + (size_t)1, sizeof *s->fields);
    s->failed |= !ok;
    *r = (st_record){ .offset = c->offset + h->at,
                      .number = st_le64(c->bytes + h->at + 8),
                      .written = st_le64(c->bytes + h->at + 16),
                      .flags = h->flags,
                      .origin = h->origin == ST_O_LIVE ? ST_O_LIVE : ST_O_SLACK,
                      .event_id = h->event_id,
                      .event_record_id = h->event_record_id,
                      .time_created = h->time_created,
                      .version = h->version,
                      .level = h->level,
                      .opcode = h->opcode,
                      .task = h->task,
                      .keywords = h->keywords,
                      .execution_pid = h->execution_pid,
                      .execution_tid = h->execution_tid,
                      .fields = s->fields,
                      .nfields = m->fields,
                      .user_data = h->user_data != 0 };
    for (size_t i = 0; ok && i < NSYSTEM; i++) {
        st_value v;
        ok = set_text(&v, next_text(&x), (h->texts >> i & 1) != 0);
        memcpy((char *)r + SYSTEM[i], &v, sizeof v);
    }
    for (size_t i = 0; ok && i < m->fields; i++) {
        st_field *f = &s->fields[i];
        *f = (st_field){ .name = next_text(&x) };
        ok = st_utf8_valid(f->name) && set_text(&f->value, next_text(&x), true);
        if (c->ops->name_id)
            f->id = c->ops->name_id(f->name);
    }
    return ok;
}

/* Size of the record, if it is whole and sound; else 0. */
static uint32_t size_of(const st_chunk *c, uint32_t at)
{
    uint64_t size = st_le64(c->bytes + at) >> 32;
    bool whole = size >= ST_EVTX_RECORD_MIN && size <= c->n - at &&
                 st_le64(c->bytes + at + size - 8) >> 32 == size;
    return whole ? (uint32_t)size : 0;
}

static void deliver(st_remote *s, const st_chunk *c, st_record *r)
{
    uint32_t at = (uint32_t)(r->offset - c->offset), size = size_of(c, at);
    bool live = r->origin == ST_O_LIVE;
    if (!live && size && st_repeats_has(&s->repeats, c, at, size)) {
        c->report->ghosts++;
        return;
    }
    if (c->ops->want && !c->ops->want(c->job, r))
        r->nfields = 0;
    c->report->records += live;
    c->report->slack += !live;
    c->ops->record(c->job, r);
    if (live && size && !st_repeats_put(&s->repeats, c, at, size))
        s->failed = true;
}

static bool take_record(st_remote *s, const st_chunk *c, const message *m)
{
    st_record r;
    size_t lengths = (NSYSTEM + 2 * (size_t)m->fields) * sizeof(uint32_t);
    bool ok = m->fields <= ST_MAX_REMOTE_ANSWER / 8 && m->bytes <= ST_MAX_REMOTE_ANSWER &&
              m->head.at >= ST_EVTX_FIRST_RECORD && m->head.at % ST_EVTX_UNIT == 0 &&
              m->head.at <= c->n - ST_EVTX_RECORD_MIN && receive_into(s, &s->lengths, lengths) &&
              receive_into(s, &s->texts, m->bytes) && fits(s, m) && fill(s, c, m, &r);
    if (ok)
        deliver(s, c, &r);
    return ok;
}

/* a question */

static bool take_end(st_remote *s, const st_chunk *c, const message *m)
{
    range r;
    if (m->ranges > ST_EVTX_CHUNK / ST_EVTX_UNIT ||
        !receive_into(s, &s->texts, m->ranges * sizeof r))
        return false;
    for (size_t i = 0; i < m->ranges; i++) {
        memcpy(&r, s->texts.p + i * sizeof r, sizeof r);
        if (r.offset < c->offset || r.offset - c->offset > c->n ||
            r.length > c->n - (r.offset - c->offset) || r.reason >= NREASONS)
            return false;
        if (r.left)
            st_report_left(c->report, r.offset, r.length, REASONS[r.reason]);
        else
            st_report_lost(c->report, r.offset, r.length, REASONS[r.reason]);
    }
    c->report->ghosts += m->ghosts;
    c->report->unparsable += m->unparsable;
    c->report->damaged += m->damaged;
    c->report->lossy += m->lossy;
    return true;
}

/* False: the child is of no use any more. */
static bool converse(st_remote *s, const st_chunk *c, const question *q)
{
    message m;
    if (!greet(s) || !st_child_send(&s->child, q, sizeof *q) ||
        (q->n && !st_child_send(&s->child, c->bytes, q->n)))
        return false;
    for (unsigned records = 0; records <= ST_EVTX_CHUNK / ST_EVTX_RECORD_MIN; records++) {
        if (!st_child_receive(&s->child, &m, sizeof m))
            return false;
        if (m.end)
            return take_end(s, c, &m);
        if (!take_record(s, c, &m))
            return false;
    }
    return false;
}

static st_code ask(st_remote *s, const st_chunk *c, uint32_t at, bool same, st_err *err)
{
    if (c->n < ST_EVTX_FIRST_RECORD + ST_EVTX_RECORD_MIN || c->n > ST_EVTX_CHUNK)
        return ST_OK;
    if (!hire(s))
        return st_fail(err, ST_E_MEMORY, "no process for the second reader");
    question q = { .at = at,
                   .n = same && s->has_chunk ? 0 : (uint32_t)c->n,
                   .offset = c->offset,
                   .flags = c->flags,
                   .header_bad = c->header_bad,
                   .slack = c->options->slack };
    s->asked++;
    st_child_ask(&s->child);
    s->has_chunk = converse(s, c, &q);
    if (s->failed)
        return st_fail(err, ST_E_MEMORY, "no memory for what the second reader says");
    if (!s->has_chunk) {
        st_child_stop(&s->child);
        st_report_lost(c->report, c->offset, c->n, "reader-ended");
        if (c->ops->ended)
            c->ops->ended(c->job, c->offset, c->n);
    }
    return ST_OK;
}

st_code st_remote_chunk(st_remote *s, const st_chunk *c, st_err *err)
{
    st_repeats_chunk(&s->repeats, c->offset);
    return ask(s, c, 0, false, err);
}

st_code st_remote_one(st_remote *s, const st_chunk *c, uint32_t at, bool same, st_err *err)
{
    st_repeats_begin(&s->repeats);
    return at ? ask(s, c, at, same, err) : ST_OK;
}
