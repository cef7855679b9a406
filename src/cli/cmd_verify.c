/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_verify.c - the evidence through both readers, and where they part. Text has one line a
 * source, the unexplained differences (all with --verbose), and what the classes mean;
 * JSONL has one object a source and one a difference.
 */
#include "cli.h"

#include "carriers/stored.h"
#include "evidence/stored.h"
#include "shelltree/verify.h"

#include <stdlib.h>
#include <string.h>

/* Differences kept of a source, of each kind. */
enum { KEEP = 20, KEEP_VERBOSE = 100000 };

static const char *const sides[] = { "differ", "only native", "only libevtx" };

typedef struct check {
    const st_session *s;
    bool jsonl;
    st_look look;
    st_out *out;
    st_buf line;
    st_progress *progress;
    uint64_t sources, agree, only_native, only_libevtx, differ, unexplained;
    uint64_t by_class[64];
    st_err err;
} check;

static void flush(check *x)
{
    st_out_str(x->out, st_buf_slice(&x->line));
    st_buf_clear(&x->line);
}

/* JSONL */

static void put_text(st_buf *b, const char *key, st_str s)
{
    st_buf_fmt(b, ",\"%s\":", key);
    st_json_str(b, s);
}

/* Numbers that not every reader of JSON can hold are strings. */
static void put_number(st_buf *b, const char *key, uint64_t v)
{
    const char *quote = v > (UINT64_C(1) << 53) - 1 ? "\"" : "";
    st_buf_fmt(b, ",\"%s\":%s%llu%s", key, quote, (unsigned long long)v, quote);
}

static void source_jsonl(check *x, const st_verdict *v, st_str name)
{
    st_buf *b = &x->line;
    const char *comma = "";
    st_buf_str(b, ST_STR("{\"Kind\":\"source\""));
    put_text(b, "Source", name);
    put_number(b, "Agree", v->agree);
    put_number(b, "OnlyNative", v->only_native);
    put_number(b, "OnlyLibevtx", v->only_libevtx);
    put_number(b, "Differ", v->differ);
    put_number(b, "Unexplained", v->unexplained);
    st_buf_str(b, ST_STR(",\"Classes\":{"));
    for (size_t i = 0; i < st_class_count(); i++)
        if (v->by_class[i]) {
            st_buf_fmt(b, "%s\"%s\":%llu", comma, st_class_at(i)->name,
                       (unsigned long long)v->by_class[i]);
            comma = ",";
        }
    st_buf_str(b, ST_STR("}}\n"));
}

static void difference_jsonl(check *x, const st_difference *d, st_str name)
{
    st_buf *b = &x->line;
    st_buf_str(b, ST_STR("{\"Kind\":\"difference\""));
    put_text(b, "Source", name);
    put_number(b, "SourceOffset", d->offset);
    put_number(b, "RecordNumber", d->number);
    put_number(b, "EventRecordID", d->event_record_id);
    put_text(b, "Side", st_str_of(sides[d->side]));
    put_text(b, "Class", st_str_of(d->why ? d->why->name : "unexplained"));
    if (d->damage)
        put_text(b, "Damage", st_str_of(d->damage));
    if (d->side == ST_DIFFER) {
        put_text(b, "Field", d->field);
        put_text(b, "Native", d->native);
        put_text(b, "Libevtx", d->libevtx);
    }
    st_buf_str(b, ST_STR("}\n"));
}

/* text */

static void source_text(check *x, const st_verdict *v, st_str name)
{
    st_buf *b = &x->line;
    st_scrub(b, name, x->look.ascii);
    st_buf_fmt(b, ": %llu agree, %llu only native, %llu only libevtx, %llu differ",
               (unsigned long long)v->agree, (unsigned long long)v->only_native,
               (unsigned long long)v->only_libevtx, (unsigned long long)v->differ);
    if (v->unexplained)
        st_buf_fmt(b, "; %llu NOT EXPLAINED", (unsigned long long)v->unexplained);
    st_buf_char(b, '\n');
}

static void side_text(check *x, const char *reader, st_str value)
{
    st_buf_fmt(&x->line, "      %-8s ", reader);
    st_scrub(&x->line, value, x->look.ascii);
    st_buf_char(&x->line, '\n');
}

static void difference_text(check *x, const st_difference *d)
{
    if (d->why && !x->s->config->verbose)
        return;
    st_buf_fmt(&x->line, "  byte %llu, record %llu, EventRecordID %llu: %s: %s",
               (unsigned long long)d->offset, (unsigned long long)d->number,
               (unsigned long long)d->event_record_id, sides[d->side],
               d->why ? d->why->name : "NOT EXPLAINED");
    if (d->damage)
        st_buf_fmt(&x->line, " (%s)", d->damage);
    st_buf_char(&x->line, '\n');
    if (d->side != ST_DIFFER)
        return;
    st_buf_str(&x->line, ST_STR("    "));
    st_scrub(&x->line, d->field, x->look.ascii);
    st_buf_char(&x->line, '\n');
    side_text(x, "native", d->native);
    side_text(x, "libevtx", d->libevtx);
}

static void totals_text(check *x)
{
    st_buf *b = &x->line;
    st_buf_fmt(b,
               "total of %llu: %llu agree, %llu only native, %llu only libevtx, %llu differ; %llu "
               "not explained\n",
               (unsigned long long)x->sources, (unsigned long long)x->agree,
               (unsigned long long)x->only_native, (unsigned long long)x->only_libevtx,
               (unsigned long long)x->differ, (unsigned long long)x->unexplained);
    for (size_t i = 0; i < st_class_count(); i++)
        if (x->by_class[i])
            st_buf_fmt(b, "%8llu %s: %s\n", (unsigned long long)x->by_class[i],
                       st_class_at(i)->name, st_class_at(i)->meaning);
    flush(x);
}

/* the verb */

static void source(void *ctx, const st_verdict *v)
{
    check *x = ctx;
    st_str name = st_evidence_at(x->s->evidence, v->source)->name;
    x->sources++;
    x->agree += v->agree;
    x->only_native += v->only_native;
    x->only_libevtx += v->only_libevtx;
    x->differ += v->differ;
    x->unexplained += v->unexplained;
    for (size_t i = 0; i < st_class_count(); i++)
        x->by_class[i] += v->by_class[i];
    (x->jsonl ? source_jsonl : source_text)(x, v, name);
    for (size_t i = 0; i < v->nkept; i++) {
        if (x->jsonl)
            difference_jsonl(x, &v->kept[i], name);
        else
            difference_text(x, &v->kept[i]);
        if (x->line.n > 1 << 16)
            flush(x);
    }
    flush(x);
}

/* A case database has no bytes for a second reader; its rows have a digest. */
static bool hash_row(void *ctx, st_str row)
{
    st_raw id;
    if (st_raw_next(&row, &id))
        st_sha256_add(ctx, row.p, row.n);
    return true;
}

static void stored_line(check *x, st_str name, bool same)
{
    bool more = false;
    if (x->jsonl) {
        st_buf_char(&x->line, '{');
        st_json_text(&x->line, &more, "source", name);
        st_json_bool(&x->line, &more, "as_recorded", same);
        st_buf_put(&x->line, "}\n", 2);
    } else {
        st_scrub(&x->line, name, x->look.ascii);
        st_buf_str(&x->line, same ? ST_STR(": its events are as they were recorded (SHA-256)\n")
                                  : ST_STR(": its events are not those that were recorded\n"));
    }
    flush(x);
}

static void verify_stored(check *x)
{
    st_buf sql = { 0 };
    st_stored_select(&sql);
    for (size_t i = 0; !x->err.code && i < st_evidence_count(x->s->evidence); i++) {
        st_source *s = st_evidence_at(x->s->evidence, i);
        unsigned char sum[32] = { 0 };
        if (!s->stored || !st_source_readable(s) || !s->stored->hashed)
            continue;
        st_sha256_stream *h = st_sha256_new();
        if (!h || sql.failed)
            st_fail(&x->err, ST_E_MEMORY, "out of memory");
        else
            st_stored_query(s->stored->db, sql.p, s->stored->first, s->stored->last, hash_row, h,
                            &x->err);
        if (h)
            st_sha256_end(h, sum);
        if (x->err.code)
            break;
        bool same = memcmp(sum, s->stored->events, sizeof sum) == 0;
        x->unexplained += !same;
        x->sources++;
        stored_line(x, s->name, same);
        if (!st_stored_conclude(s, 0, false))
            st_fail(&x->err, ST_E_MEMORY, "out of memory");
    }
    st_buf_free(&sql);
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    st_progress_step(((check *)ctx)->progress, done, total);
}

static void compare_all(st_out *o, void *ctx)
{
    check *x = ctx;
    const st_config *c = x->s->config;
    x->out = o;
    x->progress = st_progress_new(c);
    st_verify_options vo = { .threads = c->threads,
                             .carve = c->carve,
                             .slack = true,
                             .keep = c->verbose ? KEEP_VERBOSE : KEEP,
                             .source = source,
                             .progress = x->progress ? progress : NULL,
                             .ctx = x };
    st_say_unfiltered(c);
    st_code code = st_verify(x->s->evidence, &vo, &x->err);
    st_progress_free(x->progress);
    if (code == ST_OK)
        verify_stored(x);
    if (code == ST_OK && !x->jsonl)
        totals_text(x);
    if (x->line.failed)
        st_fail(&x->err, ST_E_MEMORY, "out of memory");
}

static int verify_all(st_session *s)
{
    const st_format *format = st_output_format(s->config);
    int status;
    if (!format)
        return ST_EXIT_CANNOT;
    if ((status = st_session_evidence(s)) || (status = st_output_check(s)))
        return status;
    check x = { .s = s, .jsonl = format->id == ST_F_JSONL };
    st_output_look(s->config, &x.look);
    int wrote = st_output_write(s->config, compare_all, &x);
    st_buf_free(&x.line);
    if (x.err.code != ST_OK)
        return st_cannot(&x.err);
    status = st_session_account(s);
    if (wrote != ST_EXIT_OK)
        return wrote;
    if (x.unexplained)
        st_complain("not explained: %llu difference%s between the readers",
                    (unsigned long long)x.unexplained, x.unexplained == 1 ? "" : "s");
    return x.unexplained ? ST_EXIT_UNEXPLAINED : status;
}

int st_cmd_verify(st_config *c)
{
    st_session s = { .config = c };
    st_err e = { 0 };
    if (st_need_second_reader("verify", &e) != ST_OK)
        return st_cannot(&e);
    int status = verify_all(&s);
    st_session_free(&s);
    return status;
}
