/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - one source after the other, its events in pieces of work of some thousand. */
#include "carriers.h"
#include "stored.h"

#include <stdlib.h>
#include <string.h>

bool st_carry_memory(st_carrying *c)
{
    c->code = st_fail(c->err, ST_E_MEMORY, "no memory to read events");
    return false;
}

/* pieces of work */

static bool end_job(st_carrying *c)
{
    st_err why = { 0 };
    if (!c->in_job)
        return c->code == ST_OK;
    c->in_job = 0;
    if (c->ops->end && !c->code) {
        c->code = c->ops->end(c->ctx, c->job, &why);
        if (c->code)
            st_fail(c->err, c->code, "%s", why.text);
    }
    return c->code == ST_OK;
}

bool st_carry(st_carrying *c, st_record *r)
{
    if (!c->in_job)
        c->job = c->ops->begin ? c->ops->begin(c->ctx, 0, c->place) : NULL;
    c->in_job++;
    c->events++;
    c->bad_in_row = 0;
    c->source->report.records++;
    if (c->ops->want && !c->ops->want(c->job, r))
        r->nfields = 0;
    r->lossy = &c->source->report.lossy;
    c->ops->record(c->job, r);
    return c->in_job < ST_CARRIED_JOB || end_job(c);
}

bool st_carry_bad(st_carrying *c, uint64_t offset, uint64_t length, uint64_t line, const char *why)
{
    st_source *s = c->source;
    if (!s->bad_line)
        s->bad_line = line ? line : 1;
    s->report.unparsable++;
    st_report_lost(&s->report, offset, length, why);
    if (++c->bad_in_row < ST_MAX_BAD_LINES)
        return true;
    offset += length;
    if (s->size > offset)
        st_report_lost(&s->report, offset, s->size - offset, "too-many-bad");
    return false;
}

/* a source */

static void finish(st_carrying *c)
{
    st_source *s = c->source;
    const st_report *r = &s->report;
    if (c->text.failed && !c->code)
        st_carry_memory(c);
    if (st_file_size(c->text.file) != s->size)
        s->status = ST_S_CHANGED;
    else if (c->text.unread || r->unparsable || r->lost.bytes || r->damaged || s->broken.n)
        s->status = ST_S_DAMAGED;
    else if (!c->events && c->strange)
        s->status = ST_S_UNOPENED;
    else
        s->status = c->events ? ST_S_OK : ST_S_EMPTY;
    if (s->status == ST_S_DAMAGED)
        s->reason = s->broken;
    if (s->status == ST_S_UNOPENED)
        s->reason =
            ST_STR("events in a form that isn't known; name the log that they were made of");
}

static void digest(st_carrying *c)
{
    st_sha256_stream *h = st_sha256_new();
    unsigned char *buf = malloc(ST_ARCHIVE_BLOCK);
    size_t got = 0;
    if (!h || !buf)
        st_carry_memory(c);
    for (uint64_t at = 0; !c->code; at += got) {
        if (st_file_read(c->text.file, at, buf, ST_ARCHIVE_BLOCK, &got, NULL) != ST_OK || !got)
            break;
        st_sha256_add(h, buf, got);
    }
    if (h)
        st_sha256_end(h, c->source->sha256);
    c->source->digested = !c->code;
    free(buf);
}

static void one_source(st_carrying *c)
{
    static void (*const READERS[])(st_carrying *) = { [ST_CR_XML] = st_carry_all_xml,
                                                      [ST_CR_JSON] = st_carry_all_json,
                                                      [ST_CR_CSV] = st_carry_all_csv };
    st_file *f = NULL;
    st_err why = { 0 };
    st_report_free(&c->source->report);
    c->source->bad_line = 0;
    c->events = c->strange = 0;
    c->bad_in_row = 0;
    if (st_file_open(c->source, &f, &why) != ST_OK) {
        c->source->status = ST_S_UNREADABLE;
        c->source->reason = ST_STR("it could not be opened again");
        return;
    }
    if (!st_text_open(&c->text, f)) {
        st_carry_memory(c);
    } else {
        READERS[c->source->carrier](c);
        end_job(c);
        if (c->o->digest)
            digest(c);
        finish(c);
    }
    st_text_close(&c->text);
    st_file_close(f);
}

static bool any_carrier(st_evidence *e)
{
    for (size_t i = 0; i < st_evidence_count(e); i++)
        if (st_evidence_at(e, i)->carrier && !st_evidence_at(e, i)->stored)
            return true;
    return false;
}

st_code st_carriers_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops,
                         void *ctx, st_err *err)
{
    st_carrying c = { .o = o, .ops = ops, .ctx = ctx, .err = err };
    if (!any_carrier(e))
        return ST_OK;
    c.xml = st_xml_new();
    if (!c.xml)
        st_carry_memory(&c);
    for (size_t i = 0; !c.code && i < st_evidence_count(e); i++) {
        c.source = st_evidence_at(e, i);
        c.place = i;
        if (c.source->carrier && !c.source->stored && st_source_readable(c.source) &&
            (!o->only || o->only == c.source) && (!o->some || o->some[i]))
            one_source(&c);
    }
    st_xml_free(c.xml);
    st_values_clear(&c.values);
    st_values_clear(&c.inner);
    free(c.values.list);
    free(c.inner.list);
    free(c.fields);
    st_arena_free(&c.arena);
    st_buf_free(&c.scratch);
    st_buf_free(&c.scratch2);
    return c.code;
}

st_code st_records_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                        st_err *err)
{
    st_code code = st_evtx_scan(e, o, ops, ctx, err);
    code = code ? code : st_carriers_scan(e, o, ops, ctx, err);
    return code ? code : st_stored_scan(e, o, ops, ctx, err);
}
