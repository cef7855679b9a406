/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * since_run.c - what a hunt has that an earlier one, over less evidence, had not. Ids of incidents
 * and findings are hashes of what they name, so they are the same in both.
 */
#include "cli.h"

#include "evidence/stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Rows of the earlier run, each as a hash. */
typedef struct st_known {
    uint64_t *all;
    size_t n, cap;
    bool failed;
} st_known;

struct st_earlier {
    st_known incidents, findings, hosts, gaps;
};

static uint64_t key_of(st_str cells)
{
    return st_hash(cells.p, cells.n, 1);
}

static bool take(void *ctx, st_str cells)
{
    st_known *k = ctx;
    k->failed |= !st_grow(&k->all, &k->cap, k->n + 1, sizeof *k->all);
    if (!k->failed)
        k->all[k->n++] = key_of(cells);
    return !k->failed;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool knows(const st_known *k, const st_buf *cells)
{
    uint64_t key = key_of(st_buf_slice(cells));
    return k->n && bsearch(&key, k->all, k->n, sizeof key, by_number);
}

void st_earlier_free(st_earlier *e)
{
    if (!e)
        return;
    free(e->incidents.all);
    free(e->findings.all);
    free(e->hosts.all);
    free(e->gaps.all);
    free(e);
}

static st_code read_all(st_earlier *e, const st_source *db, st_err *err)
{
    const struct {
        const char *sql;
        st_known *to;
    } QUERIES[] = {
        { "SELECT Incident FROM incidents", &e->incidents },
        { "SELECT FindingID FROM findings", &e->findings },
        { "SELECT Computer FROM hosts", &e->hosts },
        { "SELECT Computer, Kind, \"From\", \"To\", FromRecordID, ToRecordID, "
          "CASE WHEN \"From\" IS NULL AND FromRecordID IS NULL THEN Source END, SourceOffset "
          "FROM gaps",
          &e->gaps },
    };
    for (size_t i = 0; i < sizeof QUERIES / sizeof QUERIES[0]; i++) {
        st_known *k = QUERIES[i].to;
        if (st_stored_query(db, QUERIES[i].sql, 0, 0, take, k, err) != ST_OK)
            return err->code;
        if (k->failed)
            return st_fail(err, ST_E_MEMORY, "no memory for the earlier run");
        if (k->n)
            qsort(k->all, k->n, sizeof *k->all, by_number);
    }
    return ST_OK;
}

int st_earlier_read(const st_config *c, st_earlier **out)
{
    struct stat sb;
    st_err e = { 0 };
    *out = NULL;
    if (!c->since_run)
        return ST_EXIT_OK;
    st_source db = { .name = st_str_of(c->since_run), .path = st_str_of(c->since_run) };
    if (stat(c->since_run, &sb) != 0) {
        st_complain("--since-run %s: %s", c->since_run, strerror(errno));
        return ST_EXIT_CANNOT;
    }
    db.size = (uint64_t)sb.st_size;
    *out = calloc(1, sizeof **out);
    if (*out && read_all(*out, &db, &e) == ST_OK)
        return ST_EXIT_OK;
    st_complain("--since-run %s: not a case database that a hunt wrote (%s)", c->since_run,
                e.code ? e.text : "no memory");
    return ST_EXIT_CANNOT;
}

/* what is new */

typedef struct news {
    const st_session *s;
    const st_earlier *old;
    st_buf cells;
    size_t incidents, findings, hosts, gaps;
} news;

static void look_for_text(news *n, st_str s)
{
    st_buf_clear(&n->cells);
    st_raw_text(&n->cells, s.p ? s : ST_STR(""));
}

static st_str host_name(const st_case *c, uint32_t host)
{
    return host < c->forest->nhosts ? st_pool_get(c->forest->pool, c->forest->hosts[host].shown)
                                    : ST_STR("");
}

static void new_hosts(news *n)
{
    const st_case *c = n->s->found;
    for (uint32_t i = 0; i < c->forest->nhosts; i++) {
        look_for_text(n, host_name(c, i));
        if (knows(&n->old->hosts, &n->cells))
            continue;
        n->hosts++;
        st_complain("new host: %.*s (%s)", ST_FMT(host_name(c, i)),
                    st_covered_word(c->coverage[i].verdict));
    }
}

static size_t *new_findings(news *n)
{
    const st_case *c = n->s->found;
    size_t *by_incident = calloc(c->nincidents + 1, sizeof *by_incident);
    char id[17];
    for (size_t i = 0; by_incident && i < c->nfindings; i++) {
        st_finding_id(c, &c->findings[i], id);
        look_for_text(n, st_str_of(id));
        if (knows(&n->old->findings, &n->cells))
            continue;
        n->findings++;
        if (c->findings[i].incident < c->nincidents)
            by_incident[c->findings[i].incident]++;
    }
    return by_incident;
}

static void new_incidents(news *n, const size_t *findings)
{
    const st_case *c = n->s->found;
    for (size_t i = 0; i < c->nincidents; i++) {
        const st_incident *x = &c->incidents[i];
        look_for_text(n, st_str_of(x->id));
        bool known = knows(&n->old->incidents, &n->cells);
        n->incidents += !known;
        if (!known || findings[i])
            st_complain("%s incident %s [%s] on %.*s: %zu finding%s", known ? "more in" : "new",
                        x->id, st_level_word(x->level), ST_FMT(host_name(c, x->host)), findings[i],
                        findings[i] == 1 ? "" : "s");
    }
}

static void put_time(st_buf *b, st_ticks t)
{
    if (!t) {
        st_raw_null(b);
        return;
    }
    size_t mark = st_raw_text_begin(b);
    st_buf_time_iso(b, t);
    st_raw_text_end(b, mark);
}

static void put_id(st_buf *b, uint64_t v)
{
    if (v)
        st_raw_int(b, (int64_t)v);
    else
        st_raw_null(b);
}

static void new_gaps(news *n)
{
    const st_case *c = n->s->found;
    for (size_t i = 0; i < c->ngaps; i++) {
        const st_gap *g = &c->gaps[i];
        const st_source *source = st_evidence_at(n->s->evidence, g->source);
        look_for_text(n, host_name(c, g->host));
        st_raw_text(&n->cells, st_str_of(st_gap_word(g->kind)));
        put_time(&n->cells, g->from);
        put_time(&n->cells, g->to);
        put_id(&n->cells, g->from_id);
        put_id(&n->cells, g->to_id);
        if (g->from || g->from_id)
            st_raw_null(&n->cells); /* the logs may lie elsewhere now */
        else
            st_raw_text(&n->cells, source ? source->name : (st_str){ 0 });
        if (source)
            st_raw_int(&n->cells, (int64_t)g->offset);
        else
            st_raw_null(&n->cells);
        n->gaps += !knows(&n->old->gaps, &n->cells);
    }
}

void st_earlier_say(const st_session *s, const st_earlier *old)
{
    news n = { .s = s, .old = old };
    if (!old)
        return;
    size_t *findings = new_findings(&n);
    new_hosts(&n);
    if (findings)
        new_incidents(&n, findings);
    new_gaps(&n);
    if (!findings || n.cells.failed)
        st_complain("no memory to tell what is new");
    else
        st_complain("new since %s: %zu incident%s, %zu finding%s, %zu host%s, %zu gap%s",
                    s->config->since_run, n.incidents, n.incidents == 1 ? "" : "s", n.findings,
                    n.findings == 1 ? "" : "s", n.hosts, n.hosts == 1 ? "" : "s", n.gaps,
                    n.gaps == 1 ? "" : "s");
    free(findings);
    st_buf_free(&n.cells);
}
