/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.c - processes that everything of a session or of the service manager
 * hangs under. What two of their children have in common says nothing, so an
 * incident without a web server ends just below them.
 */
#include "internal.h"

static const char *const session_roots[] = {
    "System",       "smss.exe",      "csrss.exe",    "wininit.exe",  "winlogon.exe",
    "services.exe", "lsass.exe",     "userinit.exe", "explorer.exe", "svchost.exe",
    "taskeng.exe",  "taskhostw.exe", "taskhost.exe", "sihost.exe",   "runtimebroker.exe",
    "dwm.exe",      "logonui.exe",   "systemd",      "init",         "launchd",
};

bool st_is_session_root(st_str image)
{
    st_str name = st_str_basename(image);
    for (size_t i = 0; i < sizeof session_roots / sizeof session_roots[0]; i++)
        if (st_str_ieq(name, st_str_of(session_roots[i])))
            return true;
    return false;
}
