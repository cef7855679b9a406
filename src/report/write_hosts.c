/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_hosts.c - what "nothing found" is worth, host by host, and each gap in the evidence. */
#include "internal.h"

#include <stdlib.h>

static const char *const names[] = {
    "Computer",
    "Coverage",
    "Reasons",
    "FirstRecord",
    "LastRecord",
    "Findings",
    "Incidents",
    "Creations",
    "Copies",
    "Records",
    "SysmonRecords",
    "FirstRecordID",
    "LastRecordID",
    "MissingRecordIDs",
    "AuditedCreations",
    "ParentsObserved",
    "ParentsPlaceholder",
    "ParentsInferred",
    "ParentsNone",
    "ObservedPercent",
    "SysmonVersion",
    "SchemaVersion",
    "Hint",
};

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
    const st_coverage *v = &c->coverage[i];
    const st_pool *pool = c->forest->pool;
    uint64_t known =
        h->parents_observed + h->parents_placeholder + h->parents_inferred + h->parents_none;
    field(b, st_pool_get(pool, h->shown), ro);
    field(b, st_str_of(st_covered_word(v->verdict)), ro);
    field(b, v->reasons, ro);
    moment(b, h->first ? h->first : v->first);
    moment(b, h->last ? h->last : v->last);
    const uint64_t counts[] = { found[2 * (size_t)i],
                                found[2 * (size_t)i + 1],
                                h->creations,
                                h->copies,
                                v->records,
                                h->records,
                                h->first_record,
                                h->last_record,
                                h->gaps,
                                v->audited,
                                h->parents_observed,
                                h->parents_placeholder,
                                h->parents_inferred,
                                h->parents_none,
                                known ? h->parents_observed * 100 / known : 0 };
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        number(b, counts[k]);
    field(b, st_pool_get(pool, h->sysmon_version), ro);
    field(b, st_pool_get(pool, h->schema), ro);
    st_csv_field(b, v->hint, ro->csv_raw, false, ro->cells_truncated);
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

/* gaps.csv */

static const char *const gap_names[] = {
    "Computer",   "Kind",   "From",         "To",    "FromRecordID",
    "ToRecordID", "Source", "SourceOffset", "Count", "Detail",
};

static void id(st_buf *b, uint64_t v)
{
    if (v)
        st_csv_u64(b, v);
    else
        st_buf_str(b, ST_STR("\"\""));
    st_buf_char(b, ',');
}

static void put_gap(st_buf *b, const st_case *c, const st_gap *g, const st_report_options *ro)
{
    const st_forest *f = c->forest;
    field(b, st_pool_get(f->pool, f->hosts[g->host].shown), ro);
    field(b, st_str_of(st_gap_word(g->kind)), ro);
    moment(b, g->from);
    moment(b, g->to);
    id(b, g->from_id);
    id(b, g->to_id);
    field(b, st_source_name(f->evidence, g->source), ro);
    if (g->source != UINT32_MAX)
        number(b, g->offset);
    else
        st_buf_str(b, ST_STR("\"\","));
    number(b, g->n);
    st_csv_field(b, g->detail, ro->csv_raw, false, ro->cells_truncated);
    st_buf_str(b, ST_STR("\r\n"));
}

void st_write_gaps_csv(st_out *o, const st_case *c, const st_report_options *ro)
{
    st_csv_head(&o->buf, gap_names, sizeof gap_names / sizeof gap_names[0], ro->csv_raw);
    for (size_t i = 0; i < c->ngaps && !o->error; i++) {
        put_gap(&o->buf, c, &c->gaps[i], ro);
        st_out_tick(o);
    }
}
