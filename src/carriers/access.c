/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.c - the access logs of web servers, line by line. Two forms:
 *
 * W3C       IIS. "#Fields:" names the columns, which blanks part, and may change within a file;
 *           blanks of a value are '+'. Date and time are UTC, when the answer was sent; time-taken
 * is in milliseconds. W3C working draft WD-logfile-960323; Microsoft, "W3C Logging". combined
 * Apache (mod_log_config), nginx (ngx_http_log_module), Tomcat's AccessLogValve: host, two names,
 * [day/month/year:time zone], "method path protocol", status, bytes and, if they are there,
 * "referrer" "user agent". A quote in quotes has a backslash. The time is when the request came
 * (nginx: when it was answered).
 *
 * A line that has no time is no request; one whose request is no HTTP is one, with what it sent.
 */
#include "shelltree/carriers.h"

#include "carriers.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>

/* IIS */

static const char *const columns[ST_AC_COLUMNS] = {
    [ST_AC_DATE] = "date",
    [ST_AC_TIME] = "time",
    [ST_AC_METHOD] = "cs-method",
    [ST_AC_STEM] = "cs-uri-stem",
    [ST_AC_QUERY] = "cs-uri-query",
    [ST_AC_CLIENT] = "c-ip",
    [ST_AC_AGENT] = "cs(User-Agent)",
    [ST_AC_STATUS] = "sc-status",
    [ST_AC_TAKEN] = "time-taken",
    [ST_AC_COMPUTER] = "s-computername",
};

static void read_fields(st_access *a, st_str names)
{
    st_str name;
    size_t i = 0;
    memset(a->column, 0, sizeof a->column);
    while (i < ST_MAX_ACCESS_FIELDS && st_str_cut(&names, ' ', &name)) {
        if (!name.n)
            continue;
        a->column[i] = ST_AC_COLUMNS;
        for (unsigned k = 0; k < ST_AC_COLUMNS; k++)
            if (st_str_ieq(name, st_str_of(columns[k])))
                a->column[i] = (unsigned char)k;
        i++;
    }
    a->fields = i;
}

static st_str nothing_if_dash(st_str s)
{
    return s.n == 1 && s.p[0] == '-' ? (st_str){ s.p, 0 } : s;
}

static bool w3c_line(const st_access *a, st_str line, st_request *r)
{
    st_str cells[ST_AC_COLUMNS] = { { NULL, 0 } }, cell;
    uint64_t n;
    char when[32];
    for (size_t i = 0; i < a->fields && st_str_cut(&line, ' ', &cell); i++)
        if (a->column[i] < ST_AC_COLUMNS)
            cells[a->column[i]] = nothing_if_dash(cell);
    st_str date = cells[ST_AC_DATE], time = cells[ST_AC_TIME];
    if (date.n != 10 || time.n < 8 || time.n > 15)
        return false;
    int length = snprintf(when, sizeof when, "%.*sT%.*sZ", ST_FMT(date), ST_FMT(time));
    if (!st_time_iso((st_str){ when, (size_t)length }, &r->at))
        return false;
    r->method = cells[ST_AC_METHOD];
    r->path = cells[ST_AC_STEM];
    r->query = cells[ST_AC_QUERY];
    r->client = cells[ST_AC_CLIENT];
    r->agent = cells[ST_AC_AGENT];
    r->computer = cells[ST_AC_COMPUTER];
    r->status = st_str_u64(cells[ST_AC_STATUS], &n) && n < 1000 ? (unsigned)n : 0;
    if (st_str_u64(cells[ST_AC_TAKEN], &n))
        r->taken = (n < ST_MAX_REQUEST_MS ? n : ST_MAX_REQUEST_MS) * ST_TICKS_MS;
    return true;
}

/* Apache and its kin */

/* "04/Mar/2026:06:00:20 +0100" */
static bool combined_time(st_str s, st_ticks *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char when[40];
    unsigned month = 0;
    if (s.n != 26 || s.p[2] != '/' || s.p[6] != '/' || s.p[11] != ':' || s.p[20] != ' ')
        return false;
    while (month < 12 && memcmp(months + month * (size_t)3, s.p + 3, 3) != 0)
        month++;
    int n = snprintf(when, sizeof when, "%.4s-%02u-%.2sT%.8s%.3s:%.2s", s.p + 7, month + 1, s.p,
                     s.p + 12, s.p + 21, s.p + 24);
    return month < 12 && n > 0 && st_time_iso((st_str){ when, (size_t)n }, out);
}

/* What stands in quotes at the beginning of *s, which goes on behind them. */
static bool quoted(st_str *s, st_str *out)
{
    *s = st_str_trim(*s);
    if (!s->n || s->p[0] != '"')
        return false;
    size_t end = 1;
    while (end < s->n && s->p[end] != '"')
        end += s->p[end] == '\\' && end + 1 < s->n ? 2 : 1;
    if (end >= s->n)
        return false;
    *out = nothing_if_dash((st_str){ s->p + 1, end - 1 });
    *s = (st_str){ s->p + end + 1, s->n - end - 1 };
    return true;
}

/* "GET /a?b=c HTTP/1.1"; what is none has no method, and is its own path. */
static void request_line(st_str line, st_request *r)
{
    st_str rest = line, method, path;
    size_t protocol = line.n;
    while (protocol > 0 && line.p[protocol - 1] != ' ')
        protocol--;
    bool http = protocol &&
                st_str_starts((st_str){ line.p + protocol, line.n - protocol }, ST_STR("HTTP/"));
    if (!http || !st_str_cut(&rest, ' ', &method) || method.p + method.n + 1 >= line.p + protocol) {
        r->path = line;
        return;
    }
    path = (st_str){ method.p + method.n + 1,
                     (size_t)(line.p + protocol - 1 - (method.p + method.n + 1)) };
    const char *question = path.n ? memchr(path.p, '?', path.n) : NULL;
    r->method = method;
    r->path = path;
    if (question) {
        r->path.n = (size_t)(question - path.p);
        r->query = (st_str){ question + 1, path.n - r->path.n - 1 };
    }
}

/* The first of three names; of four the second: "vhost:port client - -". A user's name may have
 * blanks, but then the second is the '-' of nobody. */
static st_str client_of(st_str names)
{
    st_str word[4] = { { NULL, 0 } };
    size_t n = 0;
    while (n < 4 && st_str_cut(&names, ' ', &word[n]))
        n += word[n].n > 0;
    return n == 4 && nothing_if_dash(word[1]).n ? word[1] : word[0];
}

static bool combined_line(st_str line, st_request *r)
{
    st_str rest, request, word, referrer;
    uint64_t n;
    const char *open = line.n ? memchr(line.p, '[', line.n) : NULL;
    while (open && !((size_t)(line.p + line.n - open) > 27 && open[27] == ']' &&
                     combined_time((st_str){ open + 1, 26 }, &r->at))) {
        size_t left = (size_t)(line.p + line.n - open) - 1;
        open = left ? memchr(open + 1, '[', left) : NULL;
    }
    if (!open)
        return false;
    st_str names = { line.p, (size_t)(open - line.p) };
    rest = (st_str){ open + 28, (size_t)(line.p + line.n - open) - 28 };
    if (!quoted(&rest, &request))
        return false;
    request_line(request, r);
    r->client = client_of(names);
    rest = st_str_trim(rest);
    st_str_cut(&rest, ' ', &word);
    r->status = st_str_u64(word, &n) && n < 1000 ? (unsigned)n : 0;
    st_str_cut(&rest, ' ', &word); /* bytes */
    if (quoted(&rest, &referrer))
        quoted(&rest, &r->agent);
    return true;
}

/* A line, without its end. */
st_access_line st_access_read_line(st_access *a, st_str line, st_request *r)
{
    *r = (st_request){ .at = 0 };
    while (line.n && memchr("\r\n ", line.p[line.n - 1], 3))
        line.n--;
    if (!line.n)
        return ST_AL_NOTHING;
    if (line.p[0] == '#') {
        if (st_str_starts(line, ST_STR("#Fields:")))
            read_fields(a, (st_str){ line.p + 8, line.n - 8 });
        return ST_AL_NOTHING;
    }
    bool is = a->fields ? w3c_line(a, line, r) : combined_line(line, r);
    return is ? ST_AL_REQUEST : ST_AL_UNREAD;
}

st_code st_access_read(const st_source *s, void (*request)(void *ctx, const st_request *r),
                       void *ctx, st_sha256_stream *digest, uint64_t *unread, st_err *err)
{
    st_file *f = NULL;
    st_text t;
    st_access a = { .fields = 0 };
    bool skipping = false, more = true;
    *unread = 0;
    if (st_file_open(s, &f, err) != ST_OK)
        return err->code;
    if (!st_text_open(&t, f)) {
        st_file_close(f);
        return st_fail(err, ST_E_MEMORY, "no memory to read an access log");
    }
    while (more) {
        st_str w = st_text_window(&t);
        const char *eol = w.n ? memchr(w.p, '\n', w.n) : NULL;
        if (!eol && w.n <= ST_MAX_ACCESS_LINE) {
            more = st_text_more(&t);
            if (more || !(w = st_text_window(&t)).n)
                continue;
        }
        bool whole = eol || !more;
        st_str line = { w.p, eol ? (size_t)(eol - w.p) : w.n };
        st_request r;
        if (whole && !skipping && line.n <= ST_MAX_ACCESS_LINE) {
            st_access_line got = st_access_read_line(&a, line, &r);
            r.offset = t.head_at;
            if (got == ST_AL_REQUEST)
                request(ctx, &r);
            *unread += got == ST_AL_UNREAD;
        } else {
            *unread += !skipping;
        }
        skipping = !whole;
        if (digest)
            st_sha256_add(digest, w.p, line.n + (eol != NULL));
        st_text_skip(&t, line.n + (eol != NULL));
    }
    bool failed = t.failed, cut = t.unread;
    st_text_close(&t);
    st_file_close(f);
    if (cut)
        return st_fail(err, ST_E_IO, "it can't be read to its end");
    return failed ? st_fail(err, ST_E_MEMORY, "no memory to read an access log") : ST_OK;
}
