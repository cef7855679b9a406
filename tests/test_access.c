/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_access.c - access logs: how they are told, what a line says, whose processes a request came
 * before, and the path that is named as the shell. */
#include "case_support.h"
#include "base/limits.h"
#include "hunt/internal.h"
#include "shelltree/carriers.h"

#include <sys/mman.h>

#define FIELDS                                                                            \
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip " \
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"

static void line__of_each_form__what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *head, *line;
        st_access_line is;
        const char *time, *method, *path, *query, *client, *agent;
        unsigned status, ms;
    } rows[] = {
        { FIELDS,
          "2026-03-04 06:00:20 192.0.2.10 POST /a.aspx x=1 443 - 198.51.100.23 Moz/5.0+(X) - 200 0 "
          "0 1500\r",
          ST_AL_REQUEST, "2026-03-04T06:00:20.0000000Z", "POST", "/a.aspx", "x=1", "198.51.100.23",
          "Moz/5.0+(X)", 200, 1500 },
        { FIELDS, "2026-03-04 06:00:20 192.0.2.10 GET / - 443 - 198.51.100.23 - - 404",
          ST_AL_REQUEST, "2026-03-04T06:00:20.0000000Z", "GET", "/", "", "198.51.100.23", "", 404,
          0 },
        { "#Fields: time date cs-uri-stem time-taken", "06:00:20 2026-03-04 /x 99999999",
          ST_AL_REQUEST, "2026-03-04T06:00:20.0000000Z", "", "/x", "", "", "", 0, 60000 },
        { FIELDS, "2026-03-04 6:00 x", ST_AL_UNREAD, "", "", "", "", "", "", 0, 0 },
        { FIELDS, "2026-13-04 06:00:20 x", ST_AL_UNREAD, "", "", "", "", "", "", 0, 0 },
        { "", "# a comment", ST_AL_NOTHING, "", "", "", "", "", "", 0, 0 },
        { "", "  \r\n", ST_AL_NOTHING, "", "", "", "", "", "", 0, 0 },
        { "", "", ST_AL_NOTHING, "", "", "", "", "", "", 0, 0 },
        { "", "203.0.113.5 - frank [10/Oct/2026:13:55:36 -0700] \"GET /a?b=c HTTP/1.0\" 200 2326",
          ST_AL_REQUEST, "2026-10-10T20:55:36.0000000Z", "GET", "/a", "b=c", "203.0.113.5", "", 200,
          0 },
        { "",
          "::1 - - [10/Oct/2026:00:30:00 +0100] \"GET / HTTP/1.1\" 304 - \"-\" \"A \\\"q\\\" [b]\"",
          ST_AL_REQUEST, "2026-10-09T23:30:00.0000000Z", "GET", "/", "", "::1", "A \\\"q\\\" [b]",
          304, 0 },
        { "",
          "www.example:80 203.0.113.5 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1",
          ST_AL_REQUEST, "2026-10-10T13:55:36.0000000Z", "GET", "/", "", "203.0.113.5", "", 200,
          0 },
        { "", "203.0.113.5 - John Smith [10/Oct/2026:13:55:36 +0000] \"GET /a b HTTP/1.1\" 200 1",
          ST_AL_REQUEST, "2026-10-10T13:55:36.0000000Z", "GET", "/a b", "", "203.0.113.5", "", 200,
          0 },
        { "", "203.0.113.5 - [x [10/Oct/2026:13:55:36 +0000] \"\\x16\\x03\\x01\" 400 1",
          ST_AL_REQUEST, "2026-10-10T13:55:36.0000000Z", "", "\\x16\\x03\\x01", "", "203.0.113.5",
          "", 400, 0 },
        { "", "203.0.113.5 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 1000 1",
          ST_AL_REQUEST, "2026-10-10T13:55:36.0000000Z", "GET", "/", "", "203.0.113.5", "", 0, 0 },
        { "", "203.0.113.5 - - [10/Foo/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1", ST_AL_UNREAD,
          "", "", "", "", "", "", 0, 0 },
        { "", "203.0.113.5 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1", ST_AL_UNREAD, "", "",
          "", "", "", "", 0, 0 },
        { "", "plain text", ST_AL_UNREAD, "", "", "", "", "", "", 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_access a = { .fields = 0 };
        st_request r;
        st_buf time = { 0 };
        st_access_read_line(&a, st_str_of(rows[i].head), &r);
        st_access_line is = st_access_read_line(&a, st_str_of(rows[i].line), &r);
        st_buf_time_iso(&time, r.at);
        bool ok = is == rows[i].is &&
                  (is != ST_AL_REQUEST ||
                   (st_str_eq(st_buf_slice(&time), st_str_of(rows[i].time)) &&
                    st_str_eq(r.method, st_str_of(rows[i].method)) &&
                    st_str_eq(r.path, st_str_of(rows[i].path)) &&
                    st_str_eq(r.query, st_str_of(rows[i].query)) &&
                    st_str_eq(r.client, st_str_of(rows[i].client)) &&
                    st_str_eq(r.agent, st_str_of(rows[i].agent)) && r.status == rows[i].status &&
                    r.taken == rows[i].ms * ST_TICKS_MS));
        st_buf_free(&time);
        if (!ok)
            fail_msg("%zu: %s", i, rows[i].line);
    }
}

/* a log of these bytes */

typedef struct log {
    st_evidence *e;
    int fd;
} log;

static st_source *open_log(log *l, const char *text, size_t n)
{
    char name[64];
    st_err err = { 0 };
    l->fd = memfd_create("source", MFD_CLOEXEC);
    assert_int_equal(write(l->fd, text, n), n);
    snprintf(name, sizeof name, "/proc/self/fd/%d", l->fd);
    l->e = st_evidence_new();
    assert_int_equal(st_evidence_add(l->e, st_str_of(name), &err), ST_OK);
    assert_int_equal(st_evidence_seal(l->e, false, true, &err), ST_OK);
    return st_evidence_at(l->e, 0);
}

static void close_log(log *l)
{
    st_evidence_free(l->e);
    close(l->fd);
}

#define REQUEST "203.0.113.5 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1\n"

static void kind__told_by_content__and_never_taken_for_events(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        { "#Software: IIS\r\n" FIELDS "\r\n2026-03-04 06:00:20 x\r\n", true },
        { "#Software: x\n#Fields: date time c-ip action\n2026-03-04 06:00:20 x y\n", false },
        { REQUEST, true },
        { "\xef\xbb\xbf" REQUEST, true },
        { "x\ny\n" REQUEST, true },
        { "x\ny\nz\n" REQUEST, false }, /* the fourth line */
        { "203.0.113.5 - - [10/Oct/2026:13:55:36] \"GET / HTTP/1.1\" 200 1\n", false },
        { "203.0.113.5 - - [10/Oct/2026:13:55:36 +0000] \"GET /?<Event <System>"
          "schemas.microsoft.com/win/2004/08/events HTTP/1.1\" 200 1\n",
          true },
        { "notes of the day\n", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        log l;
        st_source *s = open_log(&l, rows[i].text, strlen(rows[i].text));
        if (st_source_requests(s) != rows[i].is || st_source_readable(s))
            fail_msg("%zu: %.*s", i, ST_FMT(s->kind));
        close_log(&l);
    }
}

static void count(void *ctx, const st_request *r)
{
    uint64_t *sum = ctx;
    sum[0]++;
    sum[1] += r->offset;
}

static void read__lines_at_the_bound__are_read_and_longer_ones_counted(void **state)
{
    (void)state;
    static const struct {
        size_t longer; /* than the bound */
        uint64_t read, unread;
    } rows[] = { { 0, 3, 0 }, { 1, 2, 1 }, { 200000, 2, 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t first = strlen(REQUEST), second = ST_MAX_ACCESS_LINE + rows[i].longer;
        size_t n = first + second + 1 + first - 1; /* the last line has no end */
        char *text = malloc(n + 1);
        memcpy(text, REQUEST, first);
        memset(text + first, 'x', second);
        memcpy(text + first + second - first + 1, REQUEST, first); /* its end */
        memcpy(text + first, "203.0.113.5 - ", 14);
        memset(text + first + second - first + 1, 'x', 20);
        memcpy(text + first + 14, "- [10/Oct/2026:13:55:36 +0000] \"GET /", 37);
        memcpy(text + first + second - 11, " HTTP/1.1\" ", 11);
        text[first + second] = '\n';
        memcpy(text + first + second + 1, REQUEST, first - 1);
        log l;
        uint64_t sum[2] = { 0 }, unread = 9;
        st_err err = { 0 };
        st_source *s = open_log(&l, text, n);
        assert_true(st_source_requests(s));
        unsigned char streamed[32], whole[32], file[32];
        st_sha256_stream *h = st_sha256_new();
        assert_int_equal(st_access_read(s, count, sum, h, &unread, &err), ST_OK);
        if (sum[0] != rows[i].read || unread != rows[i].unread)
            fail_msg("%zu: %llu read, %llu not", i, (unsigned long long)sum[0],
                     (unsigned long long)unread);
        st_sha256_end(h, streamed);
        st_sha256(text, n, whole);
        assert_memory_equal(streamed, whole, sizeof whole);
        assert_true(st_source_sha256(s, file));
        assert_memory_equal(file, whole, sizeof whole);
        close_log(&l);
        free(text);
    }
}

static void request__before_a_process__the_gravest_incident_within_five_seconds(void **state)
{
    (void)state;
    static const st_ticks second = ST_TICKS_SECOND;
    st_served served[] = { { T0, 0, 7, 0 }, { T0, 1, 3, 1 }, { T0 + second, 1, 2, 2 } };
    st_case c = { .served = served, .nserved = 3 };
    const struct {
        uint32_t host;
        st_ticks from, to;
        uint32_t incident;
    } rows[] = {
        { 0, T0, T0, 7 },
        { 0, T0 + 1, T0 + 1, ST_NO_INCIDENT },              /* it came behind */
        { 0, T0 - 6 * second + 1, T0 - 6 * second + 1, 7 }, /* of a second, 5 before */
        { 0, T0 - 6 * second, T0 - 6 * second, ST_NO_INCIDENT },
        { 0, T0 - 30 * second, T0 + 9 * second, 7 }, /* it went on meanwhile */
        { 1, T0, T0, 2 },                            /* two: the gravest */
        { 1, T0 - 6 * second + 1, T0 - 6 * second + 1, 3 },
        { 2, T0, T0, ST_NO_INCIDENT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_request_incident(&c, rows[i].host, rows[i].from, rows[i].to) != rows[i].incident)
            fail_msg("%zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__of_each_form__what_it_says),
        cmocka_unit_test(kind__told_by_content__and_never_taken_for_events),
        cmocka_unit_test(request__before_a_process__the_gravest_incident_within_five_seconds),
        cmocka_unit_test(read__lines_at_the_bound__are_read_and_longer_ones_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
