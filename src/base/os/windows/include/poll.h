/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* poll.h - for the pager, which there is none of. */
#ifndef ST_OS_WINDOWS_POLL_H
#define ST_OS_WINDOWS_POLL_H

struct pollfd {
    int fd;
    short events, revents;
};
enum { POLLIN = 1, POLLOUT = 4 };
#define poll st_os_poll
int poll(struct pollfd *p, size_t n, int ms);

#endif
