/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* inet.h - addresses in text, by Windows' own sockets library. */
#ifndef ST_OS_WINDOWS_INET_H
#define ST_OS_WINDOWS_INET_H

#include <stdint.h>

enum { AF_INET = 2, AF_INET6 = 23, INET6_ADDRSTRLEN = 46, INET_ADDRSTRLEN = 16 };
int inet_pton(int family, const char *text, void *to);
const char *inet_ntop(int family, const void *from, char *to, size_t n);

#endif
