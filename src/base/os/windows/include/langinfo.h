/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* langinfo.h - the console is told to take UTF-8 before main. */
#ifndef ST_OS_WINDOWS_LANGINFO_H
#define ST_OS_WINDOWS_LANGINFO_H

enum { CODESET = 1 };
#define nl_langinfo(what) ((void)(what), "UTF-8")

#endif
