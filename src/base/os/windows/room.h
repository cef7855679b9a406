/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* room.h - what the files of this room share. windows.h is named nowhere else. */
#ifndef ST_OS_WINDOWS_ROOM_H
#define ST_OS_WINDOWS_ROOM_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

enum { ST_OS_PATH = 32768 }; /* Windows' bound on a path, in units of UTF-16 */

/* Sets errno by GetLastError; -1. */
int st_os_failed(void);
/* The path as Windows takes it, for at most ST_OS_PATH units; false and errno. */
bool st_os_wide(const char *path, wchar_t out[ST_OS_PATH]);
/* The same, seen from the folder that `in` is open on; AT_FDCWD: from the current one. */
bool st_os_wide_at(int in, const char *path, wchar_t out[ST_OS_PATH]);
/* The path that the folder was opened by; its length, 0: no folder is open there. */
size_t st_os_folder(int fd, wchar_t out[ST_OS_PATH]);
/* UTF-8, with `/` between names; false and errno: it doesn't fit. */
bool st_os_narrow(const wchar_t *from, char *out, size_t n);
/* Removes what is to go (posix.h, O_TMPFILE) and can be removed by now. */
void st_os_sweep(void);

#endif
