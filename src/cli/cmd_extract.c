/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_extract.c - the records themselves. Copies are told apart in a first pass over the
 * evidence, which keeps some bytes a record; the second writes what is to be shown.
 */
#include "cli.h"
#include "extract_copies.h"
#include "base/limits.h"

#include "shelltree/carriers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    struct extract *x;
    size_t source;
    st_buf text; /* the lines of this piece of work */
    st_marks marks;
    bool failed, met; /* met: a record of a host that was asked for */
} job;

typedef struct extract {
    const st_session *s;
    bool csv, xml, first_pass, met;
    bool carriers; /* there are some in the evidence */
    uint64_t seed[2];
    st_marks marks; /* after the first pass: the copies that aren't shown */
    st_out *out;
    st_progress *progress;
    st_err err;
} extract;

static void *begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    job *j = calloc(1, sizeof *j);
    if (j)
        *j = (job){ .x = ctx, .source = source };
    return j;
}

/* The event, and on the same line where it comes from. A processing instruction can't hold
 * "?>"; nor may a name of a file break the line. */
static void write_xml(st_buf *b, const st_record *r, st_str source)
{
    static const char *const origins[] = {
        [ST_O_LIVE] = "live", [ST_O_SLACK] = "slack", [ST_O_CARVED] = "carved"
    };
    st_buf_str(b, r->xml.n ? r->xml : ST_STR("<Event/>"));
    st_buf_fmt(b, "<?shelltree origin=\"%s\" offset=\"%llu\" source=\"", origins[r->origin],
               (unsigned long long)r->offset);
    st_xml_put_text(b, source);
    st_buf_put(b, "\"?>\n", 4);
}

/* Of a host that was asked for; of any, if none was. */
static bool wanted(job *j, const st_record *r)
{
    const st_list *hosts = &j->x->s->config->hosts;
    st_buf b = { 0 };
    bool named = false;
    if (!hosts->n)
        return true;
    if (r->computer.p)
        st_value_text(&r->computer, &b);
    for (size_t i = 0; i < hosts->n && !named; i++)
        named = st_host_is(st_buf_slice(&b), hosts->items[i]);
    j->failed |= b.failed;
    j->met |= named;
    st_buf_free(&b);
    return named;
}

static void record(void *ctx, const st_record *r)
{
    job *j = ctx;
    if (!j || !wanted(j, r))
        return;
    extract *x = j->x;
    if (x->first_pass) {
        bool carried = st_evidence_at(x->s->evidence, j->source)->carrier != ST_CR_EVTX;
        if (!st_marks_add(&j->marks, r, x->seed, j->source, carried, x->carriers))
            j->failed = true;
        return;
    }
    if (st_marks_has(&x->marks, j->source, r->offset))
        return;
    st_str name = st_evidence_at(x->s->evidence, j->source)->name;
    if (x->xml)
        write_xml(&j->text, r, name);
    else if (x->csv)
        st_write_record_csv(&j->text, r, name, x->s->config->csv_raw);
    else
        st_write_record_jsonl(&j->text, r, name);
}

static bool full(const void *arg)
{
    const job *j = arg;
    return j && j->text.n >= ST_MAX_HELD_TEXT;
}

static st_code part(void *ctx, void *arg, st_err *e)
{
    extract *x = ctx;
    job *j = arg;
    if (j->failed || j->text.failed)
        return st_fail(e, ST_E_MEMORY, "out of memory");
    st_out_str(x->out, st_buf_slice(&j->text));
    st_buf_free(&j->text); /* it may have grown far beyond what the next records need */
    return ST_OK;
}

static st_code end(void *ctx, void *arg, st_err *e)
{
    extract *x = ctx;
    job *j = arg;
    if (!j)
        return st_fail(e, ST_E_MEMORY, "out of memory");
    bool bad = j->failed || j->text.failed;
    x->met |= j->met;
    if (x->first_pass && !bad && j->marks.n)
        bad = !st_marks_join(&x->marks, &j->marks);
    if (!x->first_pass && j->text.n)
        st_out_str(x->out, st_buf_slice(&j->text));
    st_marks_free(&j->marks);
    st_buf_free(&j->text);
    free(j);
    return bad ? st_fail(e, ST_E_MEMORY, "out of memory") : ST_OK;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    st_progress_step(((extract *)ctx)->progress, done, total);
}

static st_code pass(extract *x, bool first)
{
    static const st_scan_ops ops = { .begin = begin,
                                     .record = record,
                                     .full = full,
                                     .part = part,
                                     .end = end,
                                     .progress = progress };
    st_scan_options o;
    x->first_pass = first;
    st_session_scan_options(x->s, &o);
    o.xml = x->xml && !first;
    x->progress = st_progress_new(x->s->config);
    st_code code = st_records_scan(x->s->evidence, &o, &ops, x, &x->err);
    st_progress_free(x->progress);
    return code;
}

static void write_records(st_out *o, void *ctx)
{
    extract *x = ctx;
    st_buf head = { 0 };
    x->out = o;
    if (x->csv) {
        st_write_record_csv_head(&head);
        st_out_str(o, st_buf_slice(&head));
        o->buf.failed |= head.failed;
        st_buf_free(&head);
    }
    if (x->xml)
        st_out_str(o, ST_STR("<Events>\n"));
    if (!x->s->config->duplicates && pass(x, true) == ST_OK)
        st_marks_keep_copies(&x->marks);
    if (x->err.code == ST_OK)
        pass(x, false);
    if (x->err.code != ST_OK && !o->error)
        o->error = ENOMEM; /* half of the records are no file */
    if (x->xml)
        st_out_str(o, ST_STR("</Events>\n"));
}

static void write_database(st_out *o, void *ctx)
{
    st_write_casedb(o, ctx);
}

/* A case database has all copies: which of them are one is told when it is read. */
static int extract_database(st_session *s)
{
    st_job j = { .evidence = s->evidence };
    st_err why = { 0 };
    char tmp[4096];
    st_output_tmp(s->config, tmp);
    j.ro.tmp = tmp;
    j.err = &why;
    j.confirm = s->config->confirm;
    if (j.confirm)
        st_say_unfiltered(s->config);
    st_session_scan_options(s, &j.scan);
    int wrote = st_output_write(s->config, write_database, &j);
    if (why.code)
        st_complain("%s", why.text);
    int status = st_session_account(s);
    return wrote != ST_EXIT_OK ? wrote : status;
}

static int extract_all(st_session *s)
{
    bool xml = s->config->xml;
    const st_format *format = st_output_format(s->config);
    int status;
    if (!format)
        return ST_EXIT_CANNOT;
    if (xml && s->config->format) {
        st_complain("--xml is a format of its own: leave out --format");
        return ST_EXIT_CANNOT;
    }
    bool database = !xml && format->id == ST_F_CASEDB;
    if (database && s->config->hosts.n) {
        st_complain(
            "--host: a case database holds the records of all hosts; choose when it is read");
        return ST_EXIT_CANNOT;
    }
    if ((status = st_session_evidence(s)) || (status = st_output_check(s)))
        return status;
    if (database)
        return extract_database(s);
    extract x = { .s = s,
                  .csv = !xml && format->id == ST_F_CSV,
                  .xml = xml,
                  .seed = { (uint64_t)(uintptr_t)s, (uint64_t)(uintptr_t)format } };
    for (size_t i = 0; i < st_evidence_count(s->evidence); i++)
        x.carriers |= st_evidence_at(s->evidence, i)->carrier != ST_CR_EVTX;
    int wrote = st_output_write(s->config, write_records, &x);
    st_marks_free(&x.marks);
    if (x.err.code != ST_OK)
        return st_cannot(&x.err);
    status = st_session_account(s);
    if (s->config->hosts.n && !x.met) {
        st_complain("--host: no record of such a host in the evidence");
        return ST_EXIT_CANNOT;
    }
    return wrote != ST_EXIT_OK ? wrote : status;
}

int st_cmd_extract(st_config *c)
{
    st_session s = { .config = c };
    int status = extract_all(&s);
    st_session_free(&s);
    return status;
}
