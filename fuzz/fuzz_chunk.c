/*
 * fuzz_chunk.c - any bytes as one chunk, through the native reader: every record's every
 * value is turned into text, and the whole into XML. Asserts that what comes out is UTF-8,
 * that the XML parses, and that the account of what was read adds up.
 */
#include "evtx/engine.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    st_buf text;
    uint64_t records;
} seen;

static void take_value(st_buf *b, const st_value *v)
{
    uint64_t number;
    st_guid guid;
    st_ticks ticks;
    st_buf_clear(b);
    st_value_text(v, b);
    if (!st_utf8_valid(st_buf_slice(b)))
        abort();
    st_value_u64(v, &number);
    st_value_guid(v, &guid);
    st_value_ticks(v, &ticks);
    st_value_is(v, "Microsoft-Windows-Sysmon");
}

/* Events of one record may be several: they stand below one root, as in a file. */
static void take_xml(st_buf *b, st_str xml)
{
    st_buf_clear(b);
    st_buf_str(b, ST_STR("<Events>"));
    st_buf_str(b, xml);
    st_buf_str(b, ST_STR("</Events>"));
    xmlDoc *doc = xmlReadMemory(b->p, (int)b->n, NULL, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
    if (!doc || !xml.n || memchr(xml.p, '\n', xml.n))
        abort();
    xmlFreeDoc(doc);
}

static void take(void *job, const st_record *r)
{
    seen *s = job;
    take_xml(&s->text, r->xml);
    const st_value *system[] = { &r->provider, &r->provider_guid, &r->channel, &r->computer, &r->user_sid };
    s->records++;
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++)
        if (system[i]->p)
            take_value(&s->text, system[i]);
    for (size_t i = 0; i < r->nfields; i++) {
        if (!st_utf8_valid(r->fields[i].name))
            abort();
        if (r->fields[i].value.p)
            take_value(&s->text, &r->fields[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const st_scan_ops ops = { .record = take };
    st_scan_options o = { .slack = true, .xml = true };
    st_report report = { 0 };
    seen s = { 0 };
    st_err e = { 0 };
    size_t n = size < 65536 ? size : 65536;
    unsigned char *copy = malloc(n ? n : 1); /* its own block, so that a byte too far is seen */
    st_native *reader = st_native_new();
    if (copy && reader) {
        memcpy(copy, data, n);
        st_chunk c = { .bytes = copy, .n = n, .options = &o, .ops = &ops, .job = &s, .report = &report };
        st_native_chunk(reader, &c, &e);
        if (s.records != report.records + report.slack + report.carved)
            abort();
    }
    st_native_free(reader);
    st_report_free(&report);
    st_buf_free(&s.text);
    free(copy);
    return 0;
}
