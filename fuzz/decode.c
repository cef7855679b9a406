/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c - records taken and checked. */
#include "decode.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void take_value(fuzz_seen *s, const st_value *v)
{
    uint64_t number;
    st_guid guid;
    st_ticks ticks;
    st_buf *b = &s->text;
    if (!v->p)
        return;
    st_buf_clear(b);
    st_value_text(v, b);
    require(st_utf8_valid(st_buf_slice(b)));
    s->values = st_hash(b->p, b->n, s->values);
    st_value_u64(v, &number);
    st_value_guid(v, &guid);
    st_value_ticks(v, &ticks);
    st_value_is(v, "Microsoft-Windows-Sysmon");
}

/* Events of one record may be several: they stand below one root, as in a file. */
static void take_xml(fuzz_seen *s, st_str xml)
{
    st_buf *b = &s->event;
    require(xml.n && !memchr(xml.p, '\n', xml.n));
    st_buf_clear(b);
    st_buf_str(b, ST_STR("<Events>"));
    st_buf_str(b, xml);
    st_buf_str(b, ST_STR("</Events>"));
    xmlDoc *doc =
        xmlReadMemory(b->p, (int)b->n, NULL, "UTF-8",
                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
    require(doc != NULL);
    xmlFreeDoc(doc);
}

void fuzz_take(void *job, const st_record *r)
{
    fuzz_seen *s = job;
    const st_value *system[] = { &r->provider, &r->provider_guid, &r->channel, &r->computer,
                                 &r->user_sid };
    s->records++;
    if (s->xml)
        take_xml(s, r->xml);
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++)
        take_value(s, system[i]);
    for (size_t i = 0; i < r->nfields; i++) {
        require(st_utf8_valid(r->fields[i].name));
        s->values = st_hash(r->fields[i].name.p, r->fields[i].name.n, s->values);
        take_value(s, &r->fields[i].value);
    }
}

void fuzz_seen_free(fuzz_seen *s)
{
    st_buf_free(&s->text);
    st_buf_free(&s->event);
}

static void read_chunk(const unsigned char *bytes, size_t n, fuzz_seen *s)
{
    static const st_scan_ops ops = { .record = fuzz_take };
    st_scan_options o = { .slack = true, .xml = s->xml };
    st_source source = { .kind = ST_STR("evtx") };
    st_report report = { 0 };
    st_err e = { 0 };
    st_native *reader = st_native_new();
    if (reader) {
        st_chunk c = { .bytes = bytes,
                       .n = n,
                       .source = &source,
                       .options = &o,
                       .ops = &ops,
                       .job = s,
                       .report = &report };
        st_native_chunk(reader, &c, &e);
        require(s->records == report.records + report.slack + report.carved);
    }
    st_native_free(reader);
    st_report_free(&report);
}

void fuzz_chunk(const void *bytes, size_t n)
{
    fuzz_seen fields = { 0 }, both = { .xml = true };
    n = n < CHUNK ? n : CHUNK;
    unsigned char *copy = malloc(n ? n : 1); /* its own block, so that a byte too far is seen */
    if (copy && n)
        memcpy(copy, bytes, n);
    if (copy) {
        read_chunk(copy, n, &fields);
        read_chunk(copy, n, &both);
        require(fields.records == both.records && fields.values == both.values);
    }
    fuzz_seen_free(&fields);
    fuzz_seen_free(&both);
    free(copy);
}
