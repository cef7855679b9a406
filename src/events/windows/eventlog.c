/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eventlog.c - the log service as a provider: that a log was cleared. 1102 says so of Security, 104
 * of any other; both have their fields below UserData.
 */
#include "events/store.h"

#define T(name) ST_T_##name
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const st_event_kind kinds[] = {
    { { ST_EVENTLOG, 104 },
      "log",
      "cleared: % by %",
      { T(cleared_log), T(subject_user) },
      0,
      { T(subject_user), T(subject_domain), T(cleared_log), T(backup_path) } },
    { { ST_EVENTLOG, 1102 },
      "log",
      "cleared: Security by %",
      { T(subject_user) },
      0,
      { T(subject_user), T(subject_domain) } },
};

static const st_event_rows rows[] = {
    { 104, "DeviceEvents", "EventLogCleared", ST_T_NONE, NULL },
    { 1102, "DeviceEvents", "SecurityLogCleared", ST_T_NONE, NULL },
};

static const st_extra extras[] = {
    { 104, "Channel", T(cleared_log), ST_FORM_TEXT, NULL },
    { 104, "BackupPath", T(backup_path), ST_FORM_TEXT, NULL },
    { 0, "SubjectUserName", T(subject_user), ST_FORM_TEXT, NULL },
    { 0, "SubjectDomainName", T(subject_domain), ST_FORM_TEXT, NULL },
};

const st_provider st_eventlog = {
    .name = "Microsoft-Windows-Eventlog",
    .shown = "Eventlog ",
    .guid = { { 0xd8, 0xdd, 0x65, 0xfc, 0xef, 0xd6, 0x62, 0x49, 0x83, 0xd5, 0x6e, 0x5c, 0xfe, 0x9c,
                0xe1, 0x48 } },
    .kinds = kinds,
    .rows = rows,
    .extras = extras,
    .nkinds = COUNT(kinds),
    .nrows = COUNT(rows),
    .nextras = COUNT(extras),
};
