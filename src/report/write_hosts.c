/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_hosts.c - what "nothing found" is worth, host by host. */
#include "internal.h"

#include <stdlib.h>

static const char *const names[] = {
    "Computer",        "Verdict",          "FirstRecord",     "LastRecord",
    "Creations",       "Copies",           "SysmonRecords",   "FirstRecordID",
    "LastRecordID",    "MissingRecordIDs", "ParentsObserved", "ParentsPlaceholder",
    "ParentsInferred", "ParentsNone",      "ObservedPercent", "SysmonVersion",
    "SchemaVersion",   "Findings",         "Incidents",
};

/* Blind: no process creation at all. Partial: records are missing, or more than one parent
 * in five wasn't logged. */
const char *st_host_verdict(const st_host *h)
{
    uint64_t parents = h->parents_observed + h->parents_placeholder + h->parents_inferred;
    if (!h->creations)
        return "blind";
    return h->gaps || h->parents_observed < parents - parents / 5 ? "partial" : "covered";
}

static void field(st_buf *b, st_str s, const st_report_options *ro)
{
    st_csv_field(b, s, ro->csv_raw, false, ro->cells_truncated);
    st_buf_char(b, ',');
}

static void number(st_buf *b, uint64_t v)
{
    st_csv_u64(b, v);
    st_buf_char(b, ',');
}

static void moment(st_buf *b, st_ticks t)
{
    st_buf_char(b, '"');
    st_buf_time_iso(b, t);
    st_buf_str(b, ST_STR("\","));
}

static void put_host(st_buf *b, const st_case *c, uint32_t i, const uint64_t *found,
                     const st_report_options *ro)
{
    const st_host *h = &c->forest->hosts[i];
    const st_pool *pool = c->forest->pool;
    uint64_t known =
        h->parents_observed + h->parents_placeholder + h->parents_inferred + h->parents_none;
    field(b, st_pool_get(pool, h->shown), ro);
    field(b, st_str_of(st_host_verdict(h)), ro);
    moment(b, h->first);
    moment(b, h->last);
    const uint64_t counts[] = { h->creations,
                                h->copies,
                                h->records,
                                h->first_record,
                                h->last_record,
                                h->gaps,
                                h->parents_observed,
                                h->parents_placeholder,
                                h->parents_inferred,
                                h->parents_none,
                                known ? h->parents_observed * 100 / known : 0 };
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        number(b, counts[k]);
    field(b, st_pool_get(pool, h->sysmon_version), ro);
    field(b, st_pool_get(pool, h->schema), ro);
    number(b, found[2 * (size_t)i]);
    st_csv_u64(b, found[2 * (size_t)i + 1]);
    st_buf_str(b, ST_STR("\r\n"));
}

void st_write_hosts_csv(st_out *o, const st_case *c, const st_report_options *ro)
{
    size_t n = c->forest->nhosts;
    uint64_t *found = calloc(2 * n + 1, sizeof *found); /* findings and incidents, by host */
    if (!found) {
        o->buf.failed = true;
        st_out_tick(o);
        return;
    }
    for (size_t i = 0; i < c->nincidents; i++) {
        if (c->incidents[i].host >= n)
            continue;
        found[2 * (size_t)c->incidents[i].host] += c->incidents[i].findings;
        found[2 * (size_t)c->incidents[i].host + 1]++;
    }
    st_csv_head(&o->buf, names, sizeof names / sizeof names[0], ro->csv_raw);
    for (uint32_t i = 0; i < n && !o->error; i++) {
        put_host(&o->buf, c, i, found, ro);
        st_out_tick(o);
    }
    free(found);
}
