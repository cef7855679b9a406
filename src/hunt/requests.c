/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.c - what a web server noted just before it started something. An access log names no
 * process and often no host: its host is the one that its folder names, or the one whose event logs
 * lie nearest to it. A request within seconds before a process is correlation, no cause; a path
 * that keeps coming before processes, and seldom else, is probably the shell.
 */
#include "internal.h"

#include "shelltree/carriers.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW (ST_REQUEST_WINDOW * UINT64_C(10000000))
#define MANY (UINT32_MAX - 1) /* hosts; UINT32_MAX: none */

/* the processes that a server of an incident started itself */

static int by_start(const void *pa, const void *pb)
{
    const st_served *a = pa, *b = pb;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static bool list_served(st_case *c)
{
    const st_forest *f = c->forest;
    size_t n = 0;
    c->served = ST_NEWN(&c->arena, st_served, c->nrows + 1);
    for (size_t i = 0; c->served && i < c->nrows; i++) {
        const st_row *r = &c->rows[i];
        if (r->event != ST_NO_EVENT || r->incident >= c->nincidents ||
            !c->incidents[r->incident].server || f->procs[r->node].server_distance != 1)
            continue;
        c->served[n++] = (st_served){ .start = f->procs[r->node].start,
                                      .host = f->procs[r->node].host,
                                      .incident = r->incident,
                                      .node = r->node };
    }
    if (n)
        qsort(c->served, n, sizeof *c->served, by_start);
    c->nserved = n;
    return c->served != NULL;
}

size_t st_served_from(const st_case *c, uint32_t host, st_ticks t)
{
    size_t low = 0, high = c->nserved;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const st_served *s = &c->served[mid];
        if (s->host < host || (s->host == host && s->start < t))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool st_served_by(const st_case *c, size_t at, uint32_t host, st_ticks to)
{
    return at < c->nserved && c->served[at].host == host &&
           c->served[at].start < to + ST_TICKS_SECOND + WINDOW;
}

uint32_t st_request_incident(const st_case *c, uint32_t host, st_ticks from, st_ticks to)
{
    uint32_t best = ST_NO_INCIDENT;
    for (size_t i = st_served_from(c, host, from); st_served_by(c, i, host, to); i++)
        best = c->served[i].incident < best ? c->served[i].incident : best;
    return best;
}

/* whose log it is */

typedef struct reading {
    st_case *c;
    st_store *store;
    st_requests_note *note;
    uint32_t *host_of; /* by source: the host of its events; MANY, or none */
    st_sid *computer;  /* by host: as one of its records spells it */
    size_t source, kind;
    uint32_t host; /* of the log at hand; UINT32_MAX: its lines tell */
    st_sid channel;
    st_buf text;
    bool failed;
    bool digest;
} reading;

static bool list_hosts(reading *x, size_t nsources)
{
    const st_forest *f = x->c->forest;
    const st_store *s = x->store;
    x->host_of = malloc((nsources + 1) * sizeof *x->host_of);
    x->computer = malloc((f->nhosts + 1) * sizeof *x->computer);
    if (!x->host_of || !x->computer)
        return false;
    memset(x->host_of, 0xff, (nsources + 1) * sizeof *x->host_of);
    for (size_t i = 0; i < f->nhosts; i++)
        x->computer[i] = ST_ABSENT;
    for (size_t i = 0; i < s->npresences; i++) {
        const st_presence *p = &s->presences[i];
        uint32_t host = st_tree_host_of(f, p->computer);
        if (host >= f->nhosts || p->source >= nsources)
            continue;
        x->computer[host] = p->computer;
        uint32_t *at = &x->host_of[p->source];
        *at = *at == UINT32_MAX || *at == host ? host : MANY;
    }
    return true;
}

static bool is_part_end(char c)
{
    return c == '/' || c == '!' || c == '\\';
}

/* The host that a folder or archive on the log's way names, the innermost first. */
static uint32_t host_in_name(const st_forest *f, st_str name)
{
    for (size_t end = name.n; end > 0;) {
        size_t from = end;
        while (from > 0 && !is_part_end(name.p[from - 1]))
            from--;
        st_str part = { name.p + from, end - from };
        for (uint32_t h = 0; part.n && end < name.n && h < f->nhosts; h++)
            if (st_fold_eq(part, st_pool_get(f->pool, f->hosts[h].name)) ||
                st_host_is(st_pool_get(f->pool, f->hosts[h].name), part))
                return h;
        end = from ? from - 1 : 0;
    }
    return UINT32_MAX;
}

/* Bytes of the folders that two names have in common. */
static size_t common_folders(st_str a, st_str b)
{
    size_t n = 0;
    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        if (is_part_end(a.p[i]))
            n = i + 1;
    return n;
}

/* Sources are sorted by name: those that share the most folders with one lie next to it. */
static uint32_t host_beside(const reading *x, size_t n)
{
    const st_evidence *e = x->c->forest->evidence;
    size_t left = x->source, right = x->source + 1, most = 0;
    uint32_t found = UINT32_MAX;
    st_str name = st_evidence_at(e, x->source)->name;
    while (left > 0 && x->host_of[left - 1] == UINT32_MAX)
        left--;
    while (right < n && x->host_of[right] == UINT32_MAX)
        right++;
    size_t a = left ? common_folders(name, st_evidence_at(e, left - 1)->name) : 0,
           b = right < n ? common_folders(name, st_evidence_at(e, right)->name) : 0;
    most = a > b ? a : b;
    for (size_t i = left; i-- > 0 && common_folders(name, st_evidence_at(e, i)->name) >= most;)
        if (x->host_of[i] != UINT32_MAX)
            found = found == UINT32_MAX || found == x->host_of[i] ? x->host_of[i] : MANY;
    for (size_t i = right; i < n && common_folders(name, st_evidence_at(e, i)->name) >= most; i++)
        if (x->host_of[i] != UINT32_MAX)
            found = found == UINT32_MAX || found == x->host_of[i] ? x->host_of[i] : MANY;
    return found;
}

/* how often a path is asked for */

enum { PLACES = 2 * ST_MAX_ACCESS_PATHS };

static uint64_t path_hash(uint32_t host, st_str path)
{
    uint64_t h = st_hash(path.p, path.n, host + UINT64_C(1));
    return h ? h : 1;
}

static st_path_count *path_place(const st_case *c, uint64_t hash)
{
    size_t i = (size_t)hash & (PLACES - 1);
    while (c->paths[i].hash && c->paths[i].hash != hash)
        i = (i + 1) & (PLACES - 1);
    return &c->paths[i];
}

static void count_path(st_case *c, uint32_t host, st_str path)
{
    st_path_count *p = path_place(c, path_hash(host, path));
    if (!p->hash && c->npaths >= ST_MAX_ACCESS_PATHS)
        return;
    c->npaths += !p->hash;
    p->hash = path_hash(host, path);
    p->n++;
}

/* rows in the store */

/* As UTF-8: what is none becomes U+FFFD. */
static void put_clean(st_buf *b, st_str s, bool plus)
{
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        if (st_utf8_next(s, &i) == UINT32_MAX)
            st_buf_str(b, ST_STR("\xef\xbf\xbd"));
        else if (plus && s.p[from] == '+')
            st_buf_char(b, ' ');
        else
            st_buf_put(b, s.p + from, i - from);
    }
}

static st_sid kept(reading *x, st_str s, size_t most, bool plus)
{
    st_buf_clear(&x->text);
    put_clean(&x->text, (st_str){ s.p, s.n < most ? s.n : most }, plus);
    if (s.n > most)
        st_buf_str(&x->text, ST_STR("\xe2\x80\xa6"));
    return x->text.n ? st_pool_put(x->store->pool, st_buf_slice(&x->text)) : ST_ABSENT;
}

static st_sid whole_path(reading *x, const st_request *r)
{
    st_buf b = { 0 };
    st_buf_str(&b, r->path);
    if (r->query.n) {
        st_buf_char(&b, '?');
        st_buf_str(&b, r->query);
    }
    st_sid id = kept(x, st_buf_slice(&b), ST_MAX_REQUEST_PATH, false);
    x->failed |= b.failed;
    st_buf_free(&b);
    return id;
}

static void keep(reading *x, uint32_t host, const st_request *r, st_ticks from, st_ticks to)
{
    char status[16];
    size_t row = st_store_add_event(x->store, x->kind);
    st_events *e = &x->store->events[x->kind];
    if (row == SIZE_MAX) {
        x->failed = true;
        return;
    }
    snprintf(status, sizeof status, "%u", r->status);
    bool plus = st_str_eq(st_pool_get(x->store->pool, x->channel), ST_STR("access log of IIS"));
    e->computer[row] = x->computer[host];
    e->channel[row] = x->channel;
    e->utc[row] = from;
    e->created[row] = to;
    e->offset[row] = r->offset;
    e->source[row] = (uint32_t)x->source;
    e->text[0][row] = kept(x, r->method, 32, false);
    e->text[1][row] = whole_path(x, r);
    e->text[2][row] = kept(x, st_str_of(r->status ? status : "-"), sizeof status, false);
    e->text[3][row] = kept(x, r->client, 256, false);
    e->text[4][row] = kept(x, r->agent, ST_MAX_REQUEST_AGENT, plus);
    x->failed |= x->text.failed || st_pool_failed(x->store->pool);
    x->note->requests++;
}

static uint32_t host_of_request(const reading *x, const st_request *r)
{
    const st_forest *f = x->c->forest;
    for (uint32_t h = 0; x->host == UINT32_MAX && r->computer.n && h < f->nhosts; h++)
        if (st_fold_eq(r->computer, st_pool_get(f->pool, f->hosts[h].name)) ||
            st_host_is(st_pool_get(f->pool, f->hosts[h].name), r->computer))
            return h;
    return x->host;
}

static void request(void *ctx, const st_request *r)
{
    reading *x = ctx;
    uint32_t host = host_of_request(x, r);
    if (host >= x->c->forest->nhosts || x->failed || x->computer[host] == ST_ABSENT)
        return;
    int64_t off = st_store_shift_of(x->store, x->computer[host]) * (int64_t)ST_TICKS_SECOND;
    st_ticks to = off >= 0 || r->at > (st_ticks)-off ? r->at + (st_ticks)off : r->at,
             from = to > r->taken ? to - r->taken : to;
    count_path(x->c, host, r->path);
    size_t at = st_served_from(x->c, host, from);
    if (!st_served_by(x->c, at, host, to))
        return;
    if (x->note->requests >= ST_MAX_REQUESTS)
        x->note->dropped++;
    else
        keep(x, host, r, from, to);
}

static st_code read_one(reading *x, size_t nsources, st_err *err)
{
    const st_forest *f = x->c->forest;
    st_source *s = st_evidence_at(f->evidence, x->source);
    uint64_t unread = 0;
    x->note->logs++;
    x->host = host_in_name(f, s->name);
    if (x->host == UINT32_MAX)
        x->host = host_beside(x, nsources);
    if (x->host == MANY)
        x->host = UINT32_MAX;
    x->channel = st_pool_put(x->store->pool, s->kind);
    if (x->host == UINT32_MAX && !st_str_eq(s->kind, ST_STR("access log of IIS"))) {
        x->note->ownerless++;
        return ST_OK;
    }
    st_err why = { 0 };
    st_sha256_stream *h = x->digest ? st_sha256_new() : NULL;
    st_code code = st_access_read(s, request, x, h, &unread, &why);
    if (h)
        st_sha256_end(h, s->sha256);
    s->digested = h && code == ST_OK;
    x->note->unread += unread;
    if (code == ST_E_IO) {
        s->status = ST_S_UNREADABLE;
        s->reason = ST_STR("it can't be read to its end");
    } else if (code != ST_OK) {
        return st_fail(err, code, "%s", why.text);
    }
    return x->failed ? st_fail(err, ST_E_MEMORY, "no memory for requests") : ST_OK;
}

/* Of logs that no incident had read, too: they are in the account of the run. */
static void digest_rest(const st_evidence *e)
{
    for (size_t i = 0; e && i < st_evidence_count(e); i++) {
        st_source *s = st_evidence_at(e, i);
        if (st_source_requests(s) && !s->digested)
            s->digested = st_source_sha256(s, s->sha256);
    }
}

static st_code read_all(st_case *c, st_store *s, bool digest, st_requests_note *note, st_err *err)
{
    const st_evidence *e = c->forest->evidence;
    size_t n = e ? st_evidence_count(e) : 0;
    reading x = { .c = c,
                  .store = s,
                  .note = note,
                  .digest = digest,
                  .kind = st_event_kind_of((st_event_key){ ST_ACCESS, 0 }) };
    st_code code = ST_OK;
    bool any = false;
    *note = (st_requests_note){ 0 };
    for (size_t i = 0; i < n && !any; i++)
        any = st_source_requests(st_evidence_at(e, i));
    if (!any || !list_served(c) || !c->nserved)
        return any && !c->served ? st_fail(err, ST_E_MEMORY, "no memory for requests") : ST_OK;
    c->paths = ST_NEWN(&c->arena, st_path_count, PLACES);
    if (!c->paths || !list_hosts(&x, n))
        code = st_fail(err, ST_E_MEMORY, "no memory for requests");
    for (size_t i = 0; i < n && code == ST_OK; i++) {
        x.source = i;
        if (st_source_requests(st_evidence_at(e, i)))
            code = read_one(&x, n, err);
    }
    free(x.host_of);
    free(x.computer);
    st_buf_free(&x.text);
    return code;
}

st_code st_requests_read(st_case *c, st_store *s, bool digest, st_requests_note *note, st_err *err)
{
    st_code code = read_all(c, s, digest, note, err);
    if (digest && code == ST_OK)
        digest_rest(c->forest->evidence);
    return code;
}

/* the probable shell */

/* A process that a request with the path came before. */
typedef struct before {
    st_str path;
    uint32_t incident;
    size_t served;
} before;

static int by_path(const void *pa, const void *pb)
{
    const before *a = pa, *b = pb;
    if (a->incident != b->incident)
        return a->incident < b->incident ? -1 : 1;
    int d = st_str_cmp(a->path, b->path);
    if (d)
        return d;
    return (a->served > b->served) - (a->served < b->served);
}

static bool is_request(const st_forest *f, const st_row *r)
{
    return r->event != ST_NO_EVENT &&
           st_event_kind_at(f->events[r->event].kind)->key.provider == ST_ACCESS;
}

static st_str path_of(const st_forest *f, const st_event *e)
{
    st_str path = st_pool_get(f->pool, st_event_text_of(f, e, ST_T_request_path));
    const char *question = path.n ? memchr(path.p, '?', path.n) : NULL;
    return question ? (st_str){ path.p, (size_t)(question - path.p) } : path;
}

static before *list_before(st_summing *x, size_t *n)
{
    const st_case *c = x->c;
    const st_forest *f = x->f;
    before *v = NULL;
    size_t cap = 0;
    *n = 0;
    for (size_t i = 0; i < c->nrows && !x->failed; i++) {
        const st_row *r = &c->rows[i];
        if (r->incident >= c->nincidents || !is_request(f, r))
            continue;
        const st_event *e = &f->events[r->event];
        const st_events *k = st_event_columns(f, e);
        unsigned taken = 0;
        for (size_t at = st_served_from(c, e->host, k->utc[e->row]);
             st_served_by(c, at, e->host, k->created[e->row]) && taken++ < 1000; at++) {
            if (c->served[at].incident != r->incident)
                continue;
            if (!st_grow(&v, &cap, *n + 1, sizeof *v)) {
                x->failed = true;
                break;
            }
            v[(*n)++] = (before){ path_of(f, e), r->incident, at };
        }
    }
    if (*n)
        qsort(v, *n, sizeof *v, by_path);
    return v;
}

/* Clients that asked for the path, from when to when and how often. */
static void put_clients(st_summing *x, st_fact *fact, st_buf *b)
{
    enum { NAMED = 5 };
    const st_forest *f = x->f;
    st_sid seen[NAMED];
    size_t n = 0, more = 0;
    for (size_t i = 0; i < x->c->nrows; i++) {
        const st_row *r = &x->c->rows[i];
        if (r->incident != fact->incident || !is_request(f, r) ||
            !st_str_eq(path_of(f, &f->events[r->event]), fact->what))
            continue;
        st_ticks t = st_subject_time(f, ST_NO_NODE, r->event);
        fact->first = !fact->count || t < fact->first ? t : fact->first;
        fact->last = t > fact->last ? t : fact->last;
        fact->count++;
        st_sid client = st_event_text_of(f, &f->events[r->event], ST_T_request_client);
        size_t k = 0;
        while (k < n && seen[k] != client)
            k++;
        if (k < n)
            continue;
        if (n < NAMED) {
            st_buf_str(b, n ? ST_STR(", ") : ST_STR("; from "));
            st_buf_str(b, st_pool_get(f->pool, client));
            seen[n++] = client;
        } else {
            more++;
        }
    }
    if (more)
        st_buf_str(b, ST_STR(" and others"));
}

/* The path that comes before most processes, weighed by the share of its requests that do. */
static void name_shell(st_summing *x, const before *v, size_t n)
{
    size_t best_served = 0, paths = 0, all = 0;
    uint64_t best_total = 0;
    double best = 0;
    st_str path = { NULL, 0 };
    uint32_t incident = v->incident;
    for (size_t i = 0; i < x->c->nserved; i++)
        all += x->c->served[i].incident == incident;
    for (size_t i = 0, end; i < n; i = end) {
        size_t served = 1;
        for (end = i + 1; end < n && st_str_eq(v[end].path, v[i].path); end++)
            served += v[end].served != v[end - 1].served;
        uint64_t total = path_place(x->c, path_hash(x->c->incidents[incident].host, v[i].path))->n;
        total = total < served ? served : total;
        double weight = (double)served * (double)served / (double)total;
        paths++;
        if (weight <= best || served * 10 < total)
            continue;
        best = weight;
        best_served = served;
        best_total = total;
        path = v[i].path;
    }
    if (!path.n || (best_served < 2 && (all > 1 || paths > 1)))
        return;
    st_buf b = { 0 };
    st_fact fact = { .incident = incident, .kind = ST_FACT_SHELL, .what = path, .by = ST_NO_NODE };
    st_buf_fmt(&b,
               "correlation: asked for up to %u s before %zu of the server's %zu processes, %llu "
               "times in all",
               ST_REQUEST_WINDOW, best_served, all, (unsigned long long)best_total);
    put_clients(x, &fact, &b);
    fact.more = st_arena_copy(&x->c->arena, st_buf_slice(&b));
    x->failed |= b.failed || x->c->arena.failed;
    st_fact_add(x, &fact);
    st_buf_free(&b);
}

void st_requests_sum(st_summing *x)
{
    size_t n;
    if (!x->c->paths)
        return;
    before *v = list_before(x, &n);
    for (size_t i = 0, end; i < n && !x->failed; i = end) {
        for (end = i + 1; end < n && v[end].incident == v[i].incident;)
            end++;
        name_shell(x, v + i, end - i);
    }
    free(v);
}
