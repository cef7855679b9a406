/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carriers.h - events in text in, the same records out as an event log gives.
 *
 * What is read  <Event> elements of wevtutil, Event Viewer, evtx_dump, evtxexport, EvtxECmd,
 *               Splunk, Sysmon for Linux (in lines of syslog, in a journal's text or export); JSON
 *               of evtx_dump and its bindings, Winlogbeat (raw or through its Sysmon pipeline, as
 *               exported by Elasticsearch), NXLog, Velociraptor, EvtxECmd, Splunk, plaso,
 *               journalctl; CSV of EvtxECmd, Splunk, Velociraptor, Kibana.
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
/* All sources: first event logs, then carriers. */
st_code st_records_scan(st_evidence *e, const st_scan_options *o, const st_scan_ops *ops, void *ctx,
                        st_err *err);

#endif
