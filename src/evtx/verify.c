/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c - both readers over each source, and what differs between them.
 *
 * One source at a time. First each reader leaves 24 bytes a record: its place, its number and a
 * digest over what is compared. Records whose digests agree are done with. The others, in most
 * logs none, are looked at again: libevtx's values are kept, the native reader's are put
 * beside them as they come, with the record's own bytes at hand, and a table of classes is asked
 * what is known about the first difference of each.
 */
#include "evtx/format.h"
#include "base/search.h"
#include "shelltree/verify.h"
#include "evtx/classes.h"
#include "evtx/xml.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* What one reader leaves of a record in the first look. */
typedef struct mark {
    uint64_t offset, number, digest;
} mark;

typedef struct marks {
    mark *at;
    size_t n, cap;
} marks;

/* Where the process that libevtx runs in ended. */
typedef struct extent {
    uint64_t from, to;
} extent;

typedef struct extents {
    extent *at;
    size_t n, cap;
} extents;

/* A record that the readers don't agree on. */
typedef struct odd {
    uint64_t offset, number, event_record_id;
    st_side side;
    st_origin origin;
    unsigned flags;
    const char *damage;
    st_items libevtx; /* in the second look, until it has been judged */
    bool judged;
    uint64_t classes; /* bit i: class i */
    bool unexplained;
    const st_class *why;
    char *field, *native, *other; /* malloc'ed, of the first difference; NULL: no memory, or none */
    size_t field_n, native_n, other_n;
} odd;

typedef struct verify {
    st_evidence *evidence;
    const st_verify_options *o;
    const st_source *source;
    size_t place;
    st_engine engine; /* of the pass under way */
    bool again;       /* the second look */
    bool unread;      /* a read failed, or the file changed, in some pass */
    marks marks[2];   /* by engine */
    extents ended;
    odd *odd; /* of the whole source; records of `batch` have their values */
    size_t nodd, odd_cap;
    odd *batch;
    size_t nbatch;
} verify;

/* A piece of work under way. */
typedef struct job {
    verify *v;
    marks marks;
    extents ended;
    st_items items; /* the record's fields */
    st_xml *xml;    /* reads the native reader's XML; made when it is needed */
    st_items shown; /* the fields as that XML shows them */
    bool failed;
} job;

/* a pass */

static void *begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    job *j = calloc(1, sizeof *j);
    if (j)
        j->v = ctx;
    return j;
}

static bool add_mark(marks *m, const mark *it, size_t n)
{
    if (!n)
        return true;
    if (!st_grow(&m->at, &m->cap, m->n + n, sizeof *m->at))
        return false;
    memcpy(m->at + m->n, it, n * sizeof *it);
    m->n += n;
    return true;
}

static bool add_extents(extents *to, const extent *it, size_t n)
{
    if (!n)
        return true;
    if (!st_grow(&to->at, &to->cap, to->n + n, sizeof *to->at))
        return false;
    memcpy(to->at + to->n, it, n * sizeof *it);
    to->n += n;
    return true;
}

static void ended(void *arg, uint64_t offset, uint64_t n)
{
    job *j = arg;
    extent it = { offset, offset + n };
    if (j && !add_extents(&j->ended, &it, 1))
        j->failed = true;
}

static bool ended_at(const verify *v, uint64_t offset)
{
    for (size_t i = 0; i < v->ended.n; i++)
        if (offset >= v->ended.at[i].from && offset < v->ended.at[i].to)
            return true;
    return false;
}

static bool is_before(const void *item, const void *key)
{
    const odd *o = item;
    const uint64_t *offset = key;
    return o->offset < *offset;
}

static odd *find_odd(const verify *v, uint64_t offset)
{
    size_t low = st_lower_bound(v->batch, v->nbatch, sizeof *v->batch, &offset, is_before);
    return low < v->nbatch && v->batch[low].offset == offset ? &v->batch[low] : NULL;
}

static char *keep_text(st_str s, size_t *n)
{
    *n = s.n < ST_MAX_VERIFY_SHOWN ? s.n : ST_MAX_VERIFY_SHOWN;
    while (*n < s.n && *n && ((unsigned char)s.p[*n] & 0xc0) == 0x80)
        --*n; /* no character is cut in two */
    char *p = malloc(*n + 1);
    if (p && *n)
        memcpy(p, s.p, *n);
    if (!p)
        *n = 0;
    return p;
}

/* Keeps the texts of a difference to show: the first one, or the first unexplained one. */
static void show(odd *d, const st_look_at *l, const st_class *why)
{
    if (d->field && !(d->unexplained && !why && d->why))
        return;
    free(d->field);
    free(d->native);
    free(d->other);
    d->field = keep_text(l->field, &d->field_n);
    d->native = keep_text(l->native, &d->native_n);
    d->other = keep_text(l->libevtx, &d->other_n);
    d->why = why;
}

static void judge(void *ctx, const st_look_at *l, int why)
{
    odd *d = ctx;
    if (why < 0)
        d->unexplained = true;
    else
        d->classes |= UINT64_C(1) << why;
    show(d, l, why < 0 ? NULL : st_class_at((size_t)why));
}

/* the record's own bytes */

/* The bytes of a record, by the size it states; NULL: they can't be read. The caller frees. */
static unsigned char *raw_of(const verify *v, uint64_t offset, size_t *n)
{
    st_file *f = NULL;
    unsigned char *p = malloc(ST_EVTX_CHUNK);
    *n = 0;
    if (p && st_file_open(v->source, &f, NULL) == ST_OK) {
        if (st_file_read(f, offset, p, ST_EVTX_CHUNK, n, NULL) != ST_OK)
            *n = 0;
        st_file_close(f);
    }
    if (*n < 8) {
        free(p);
        return NULL;
    }
    size_t size = (size_t)p[4] | (size_t)p[5] << 8 | (size_t)p[6] << 16 | (size_t)p[7] << 24;
    *n = size < *n ? size : *n;
    return p;
}

static void judge_whole(const job *j, odd *d, const st_record *r)
{
    st_look_at l = { .side = d->side, .record = r, .ended = ended_at(j->v, d->offset) };
    unsigned char *raw = raw_of(j->v, r->offset, &l.nraw);
    l.raw = raw;
    judge(d, &l, st_class_of(&l));
    d->judged = true;
    free(raw);
}

/* the XML of the native reader */

/* Reads the fields back from the record's XML into j->shown. False: it can't be read. */
static bool read_back(job *j, const st_record *r)
{
    st_record shown = { 0 };
    uint64_t lossy = 0;
    if (!j->xml && !(j->xml = st_xml_new())) {
        j->failed = true;
        return false;
    }
    st_xml_own(j->xml);
    st_code code = st_xml_read(j->xml, r->xml.p, r->xml.n, &lossy);
    if (!code)
        code = st_xml_system(j->xml, &shown);
    if (!code)
        code = st_xml_fields(j->xml, NULL, &shown);
    if (!code)
        st_items_of(&j->shown, &shown);
    j->failed |= code == ST_E_MEMORY || j->shown.failed;
    return !code;
}

/* Says of values read from XML what they were before, where both are the same: the classes of
 * differences look at the bytes. */
static void lend_values(st_items *shown, const st_items *items)
{
    for (size_t i = 0; i < shown->n && i < items->n; i++)
        if (st_str_eq(st_item_text(shown, i), st_item_text(items, i)))
            shown->at[i].value = items->at[i].value;
}

/* A digest over the fields that the record's XML shows; if the record's fields aren't the same,
 * one that nothing else has. */
static uint64_t digest_of(job *j, const st_record *r)
{
    uint64_t digest = st_items_digest(&j->items, true);
    if (j->v->engine == ST_ENGINE_LIBEVTX)
        return digest;
    bool same =
        read_back(j, r) && st_items_digest(&j->shown, false) == st_items_digest(&j->items, false);
    return same ? digest : ~digest;
}

/* Did its fields or its XML end at a limit? */
static bool is_cut(const st_record *r)
{
    static const char cut[] = "<?shelltree damage=\"limit\"?>";
    return (r->damage && strcmp(r->damage, "limit") == 0) ||
           (r->xml.n && memmem(r->xml.p, r->xml.n, cut, sizeof cut - 1));
}

/* The record's fields and its XML say different things: nothing but a limit explains that. */
static void own_difference(void *ctx, const st_look_at *l, int why)
{
    static const st_str here = { "fields against XML", 18 };
    st_look_at own = { .side = ST_DIFFER, .record = l->record, .limited = is_cut(l->record) };
    (void)why;
    why = st_class_of(&own);
    own = *l;
    own.field = here;
    judge(ctx, &own, is_cut(l->record) ? why : -1);
}

static void judge_own_xml(job *j, odd *d, const st_record *r)
{
    st_look_at l = { .side = ST_DIFFER, .record = r };
    if (!read_back(j, r)) {
        own_difference(d, &l, -1);
        return;
    }
    st_judge_fields(r, &j->items, &j->shown, own_difference, d);
    if (!d->unexplained && !d->classes &&
        st_items_digest(&j->items, false) != st_items_digest(&j->shown, false))
        own_difference(d, &l, -1);
    lend_values(&j->shown, &j->items);
    if (!is_cut(r))
        st_judge_fields(r, &j->shown, &d->libevtx, judge, d);
}

static void second_look(job *j, const st_record *r)
{
    odd *d = find_odd(j->v, r->offset);
    if (!d || d->judged)
        return;
    d->origin = r->origin;
    d->flags = r->flags;
    d->damage = r->damage;
    d->event_record_id = r->event_record_id;
    if (j->v->engine == ST_ENGINE_LIBEVTX) {
        if (d->side == ST_ONLY_LIBEVTX) {
            judge_whole(j, d, r);
        } else if (!d->libevtx.n) {
            st_items_of(&d->libevtx, r);
            j->failed |= d->libevtx.failed;
        }
        return;
    }
    if (d->side != ST_DIFFER || !d->libevtx.n) {
        judge_whole(j, d, r);
        return;
    }
    st_items_of(&j->items, r);
    j->failed |= j->items.failed;
    judge_own_xml(j, d, r);
    d->judged = true;
}

static void record(void *arg, const st_record *r)
{
    job *j = arg;
    if (!j)
        return;
    if (j->v->again) {
        second_look(j, r);
        return;
    }
    st_items_of(&j->items, r);
    mark m = { r->offset, r->number, digest_of(j, r) };
    if (j->items.failed || !add_mark(&j->marks, &m, 1))
        j->failed = true;
}

static st_code end(void *ctx, void *arg, st_err *err)
{
    verify *v = ctx;
    job *j = arg;
    if (!j)
        return st_fail(err, ST_E_MEMORY, "no memory to compare records");
    bool bad = j->failed || !add_mark(&v->marks[v->engine], j->marks.at, j->marks.n) ||
               !add_extents(&v->ended, j->ended.at, j->ended.n);
    free(j->marks.at);
    free(j->ended.at);
    st_xml_free(j->xml);
    st_items_free(&j->items);
    st_items_free(&j->shown);
    free(j);
    return bad ? st_fail(err, ST_E_MEMORY, "no memory to compare records") : ST_OK;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    const verify *v = ctx;
    if (v->o->progress)
        v->o->progress(v->o->ctx, done, total);
}

/* Did a read fail? Then the passes needn't have seen the same bytes. */
static bool couldnt_read(const st_source *s)
{
    const st_ranges *lost = &s->report->lost;
    for (size_t i = 0; i < lost->n; i++)
        if (strcmp(lost->list[i].reason, "read-error") == 0)
            return true;
    return s->status == ST_S_UNREADABLE || s->status == ST_S_CHANGED;
}

static st_code pass(verify *v, st_engine engine, bool again, st_err *err)
{
    static const st_scan_ops ops = {
        .begin = begin, .record = record, .ended = ended, .end = end, .progress = progress
    };
    st_scan_options o = { .engine = engine,
                          .threads = v->o->threads,
                          .carve = v->o->carve,
                          .slack = v->o->slack,
                          .only = v->source,
                          .confined = engine == ST_ENGINE_LIBEVTX,
                          .xml = engine == ST_ENGINE_NATIVE };
    v->engine = engine;
    v->again = again;
    st_code code = st_evtx_scan(v->evidence, &o, &ops, v, err);
    v->unread |= couldnt_read(v->source);
    return code;
}

/* both sides */

static int by_offset(const void *a, const void *b)
{
    const mark *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->digest > y->digest) - (x->digest < y->digest);
}

/* In the order of places; what stands twice at one place, from chunks that overlap, once. */
static void tidy(marks *m)
{
    size_t n = 0;
    if (m->n)
        qsort(m->at, m->n, sizeof *m->at, by_offset);
    for (size_t i = 0; i < m->n; i++)
        if (!n || m->at[n - 1].offset != m->at[i].offset)
            m->at[n++] = m->at[i];
    m->n = n;
}

static bool add_odd(verify *v, const mark *m, st_side side)
{
    if (!st_grow(&v->odd, &v->odd_cap, v->nodd + 1, sizeof *v->odd))
        return false;
    v->odd[v->nodd++] = (odd){ .offset = m->offset, .number = m->number, .side = side };
    return true;
}

static bool pair_up(verify *v, st_verdict *out)
{
    marks *a = &v->marks[ST_ENGINE_NATIVE], *b = &v->marks[ST_ENGINE_LIBEVTX];
    size_t i = 0, k = 0;
    bool ok = true;
    tidy(a);
    tidy(b);
    while (ok && (i < a->n || k < b->n)) {
        if (k == b->n || (i < a->n && a->at[i].offset < b->at[k].offset)) {
            out->only_native++;
            ok = add_odd(v, &a->at[i++], ST_ONLY_NATIVE);
        } else if (i == a->n || b->at[k].offset < a->at[i].offset) {
            out->only_libevtx++;
            ok = add_odd(v, &b->at[k++], ST_ONLY_LIBEVTX);
        } else {
            bool same = a->at[i].digest == b->at[k].digest;
            out->agree += same;
            out->differ += !same;
            ok = same || add_odd(v, &a->at[i], ST_DIFFER);
            i++;
            k++;
        }
    }
    return ok;
}

/* the verdict */

/* It was there, and now it isn't. */
static void judge_missing(const verify *v, odd *d)
{
    static const st_record blank = { 0 };
    st_look_at l = { .side = d->side, .record = &blank, .ended = ended_at(v, d->offset) };
    judge(d, &l, l.ended ? st_class_of(&l) : -1);
}

static st_code look_again(verify *v, st_err *err)
{
    st_code code = ST_OK;
    for (size_t at = 0; !code && at < v->nodd; at += ST_MAX_VERIFY_LOOK) {
        size_t left = v->nodd - at;
        v->batch = v->odd + at;
        v->nbatch = left < ST_MAX_VERIFY_LOOK ? left : ST_MAX_VERIFY_LOOK;
        code = pass(v, ST_ENGINE_LIBEVTX, true, err);
        if (!code)
            code = pass(v, ST_ENGINE_NATIVE, true, err);
        for (size_t i = 0; i < v->nbatch; i++) {
            if (!v->batch[i].judged)
                judge_missing(v, &v->batch[i]);
            st_items_free(&v->batch[i].libevtx);
        }
    }
    return code;
}

static void keep(st_difference *to, const odd *d)
{
    *to = (st_difference){ .offset = d->offset,
                           .number = d->number,
                           .event_record_id = d->event_record_id,
                           .side = d->side,
                           .origin = d->origin,
                           .flags = d->flags,
                           .damage = d->damage,
                           .why = d->why };
    if (d->side == ST_DIFFER) {
        to->field = (st_str){ d->field, d->field_n };
        to->native = (st_str){ d->native, d->native_n };
        to->libevtx = (st_str){ d->other, d->other_n };
    }
    if (d->unexplained)
        to->why = NULL;
}

/* Its values are the same; they are only spelled otherwise than libevtx is known to. */
static bool only_spelled(const odd *d)
{
    return d->side == ST_DIFFER && !d->unexplained && !d->classes;
}

static st_code deliver(verify *v, st_verdict *out, st_err *err)
{
    uint64_t by_class[64] = { 0 };
    size_t most = v->o->keep < v->nodd ? v->o->keep : v->nodd;
    st_difference *kept = calloc(2 * most + 1, sizeof *kept);
    if (!kept)
        return st_fail(err, ST_E_MEMORY, "no memory to compare records");
    for (size_t i = 0; i < v->nodd; i++) {
        if (only_spelled(&v->odd[i])) {
            out->differ--;
            out->agree++;
        }
        v->odd[i].unexplained &= !v->unread;
        out->unexplained += v->odd[i].unexplained;
        for (size_t c = 0; c < st_class_count(); c++)
            by_class[c] += v->odd[i].classes >> c & 1;
    }
    for (int explained = 0; explained < 2; explained++)
        for (size_t i = 0, n = 0; i < v->nodd && n < most; i++)
            if (v->odd[i].unexplained == !explained && !only_spelled(&v->odd[i])) {
                keep(&kept[out->nkept++], &v->odd[i]);
                n++;
            }
    out->kept = kept;
    out->by_class = by_class;
    v->o->source(v->o->ctx, out);
    free(kept);
    return ST_OK;
}

static void forget(verify *v)
{
    for (size_t i = 0; i < v->nodd; i++) {
        st_items_free(&v->odd[i].libevtx);
        free(v->odd[i].field);
        free(v->odd[i].native);
        free(v->odd[i].other);
    }
    free(v->odd);
    free(v->marks[0].at);
    free(v->marks[1].at);
    free(v->ended.at);
}

static st_code one_source(st_evidence *e, const st_verify_options *o, size_t place, st_err *err)
{
    st_verdict out = { .source = place };
    verify v = { .evidence = e, .o = o, .source = st_evidence_at(e, place), .place = place };
    st_code code = pass(&v, ST_ENGINE_LIBEVTX, false, err);
    if (!code)
        code = pass(&v, ST_ENGINE_NATIVE, false, err);
    if (!code && !pair_up(&v, &out))
        code = st_fail(err, ST_E_MEMORY, "no memory to compare records");
    if (!code)
        code = look_again(&v, err);
    if (!code)
        code = deliver(&v, &out, err);
    st_source *s = st_evidence_at(e, place);
    if (v.unread && s->status == ST_S_OK) {
        s->status = ST_S_UNREADABLE;
        s->reason = ST_STR("a read failed in one of several passes over it");
    }
    forget(&v);
    return code;
}

st_code st_verify(st_evidence *e, const st_verify_options *o, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0; !code && i < st_evidence_count(e); i++)
        if (st_source_readable(st_evidence_at(e, i)) && !st_evidence_at(e, i)->stored)
            code = one_source(e, o, i, err);
    return code;
}
