/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - bytes that nobody can foretell. */
#ifndef ST_OS_WINDOWS_RANDOM_H
#define ST_OS_WINDOWS_RANDOM_H

enum { GRND_NONBLOCK = 1 };
#define getrandom st_os_getrandom
ssize_t getrandom(void *to, size_t n, unsigned flags);

#endif
