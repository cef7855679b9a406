/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carriers.h - events in text in, the same records out as an event log gives.
 *
 * What is read  <Event> elements of wevtutil, Event Viewer, evtx_dump, evtxexport, EvtxECmd,
 *               Splunk, Sysmon for Linux (in lines of syslog, in a journal's text or export); JSON
 *               of evtx_dump and its bindings, Winlogbeat (raw or through its Sysmon pipeline, as
 *               exported by Elasticsearch), NXLog, Velociraptor, EvtxECmd, Splunk, plaso,
 *               journalctl, OpenTelemetry, PowerShell and other collectors; CSV of EvtxECmd,
 *               Splunk, Velociraptor, Kibana, PowerShell. The whole list is in the manual page.
 * Records       have values of type ST_V_TEXT, origin live, and no number of their own; their
 *               offset is that of the event in the source. What the carrier doesn't have is left
 *               empty: a time without a zone is no time.
 * Ownership, errors  as for st_evtx_scan.
 * Threads       several sources are read at once, each as one piece of work; `end` comes in their
 *               order.
 */
#ifndef SHELLTREE_CARRIERS_H
#define SHELLTREE_CARRIERS_H

#include "shelltree/evtx.h"

/* Reads every readable source that is a carrier, and fills its status and report. */
st_code st_carriers_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops,
                         void *ctx, st_err *err);
/* Access logs of web servers. */

enum st_access_column {
    ST_AC_DATE,
    ST_AC_TIME,
    ST_AC_METHOD,
    ST_AC_STEM,
    ST_AC_QUERY,
    ST_AC_CLIENT,
    ST_AC_AGENT,
    ST_AC_STATUS,
    ST_AC_TAKEN,
    ST_AC_COMPUTER,
    ST_AC_COLUMNS
};
enum { ST_MAX_ACCESS_FIELDS = 64 }; /* of a line; W3C has some 30. Met: the rest isn't looked at */

/* What the lines so far say of those that follow; zeroed at the beginning of a log. */
typedef struct st_access {
    unsigned char column[ST_MAX_ACCESS_FIELDS]; /* st_access_column; of W3C */
    size_t fields;                              /* 0: no "#Fields:" was met: the other form */
} st_access;

/* Bytes as recorded; they live as long as the line. */
typedef struct st_request {
    st_ticks at;    /* whole seconds, as a rule; UTC */
    st_ticks taken; /* how long it took until `at`, at most ST_MAX_REQUEST_MS; 0: not known */
    uint64_t offset;
    unsigned status; /* 0: not known */
    st_str method, path, query, client, agent, computer;
} st_request;

typedef enum st_access_line { ST_AL_NOTHING, ST_AL_REQUEST, ST_AL_UNREAD } st_access_line;
/* One line, with or without its end. */
st_access_line st_access_read_line(st_access *a, st_str line, st_request *r);
/* Calls request for each of a log (st_source_requests), in the order of lines. *unread: lines that
 * were none. digest (may be NULL) is given all bytes, as they were read. Errors: memory, and a log
 * that can't be opened or read to its end. One thread. */
st_code st_access_read(const st_source *s, void (*request)(void *ctx, const st_request *r),
                       void *ctx, st_sha256_stream *digest, uint64_t *unread, st_err *err);

/* All sources: first event logs, then carriers. */
st_code st_records_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                        st_err *err);

#endif
