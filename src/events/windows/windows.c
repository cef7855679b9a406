/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows.c - Windows' own providers, beside the log service (eventlog.c).
 */
#include "events/store.h"

const st_provider st_security = {
    .name = "Microsoft-Windows-Security-Auditing",
    .shown = "Security ",
    .guid = { { 0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28,
                0xc3, 0x0d } },
};

/* The event log service as it writes to the log System, where it has no manifest. */
const st_provider st_system_log = { .name = "EventLog", .shown = "System " };
