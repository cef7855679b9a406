/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.c - processes that everything of a session or of the service manager
 * hangs under. What two of their children have in common says nothing, so an
 * incident without a web server ends just below them.
 */
#include "internal.h"

#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
static const st_str session_roots[] = {
    NAME("System"),       NAME("smss.exe"),     NAME("csrss.exe"),
    NAME("wininit.exe"),  NAME("winlogon.exe"), NAME("services.exe"),
    NAME("lsass.exe"),    NAME("userinit.exe"), NAME("explorer.exe"),
    NAME("svchost.exe"),  NAME("taskeng.exe"),  NAME("taskhostw.exe"),
    NAME("taskhost.exe"), NAME("sihost.exe"),   NAME("runtimebroker.exe"),
    NAME("dwm.exe"),      NAME("logonui.exe"),  NAME("systemd"),
    NAME("init"),         NAME("launchd"),
};

bool st_is_session_root(st_str image)
{
    st_str name = st_str_basename(image);
    for (size_t i = 0; i < sizeof session_roots / sizeof session_roots[0]; i++)
        if (name.n == session_roots[i].n && st_str_ieq(name, session_roots[i]))
            return true;
    return false;
}
