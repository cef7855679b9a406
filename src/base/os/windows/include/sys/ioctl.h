/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl.h - the size of the console's window. */
#ifndef ST_OS_WINDOWS_IOCTL_H
#define ST_OS_WINDOWS_IOCTL_H

struct winsize {
    unsigned short ws_row, ws_col;
};
enum { TIOCGWINSZ = 1 };
#define ioctl st_os_ioctl
int ioctl(int fd, int what, struct winsize *out);

#endif
