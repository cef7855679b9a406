/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* statvfs.h - room on the disk of an open file. */
#ifndef ST_OS_WINDOWS_STATVFS_H
#define ST_OS_WINDOWS_STATVFS_H

#include <stdint.h>

struct statvfs {
    uint64_t f_bavail, f_frsize;
};
#define fstatvfs st_os_fstatvfs
int fstatvfs(int fd, struct statvfs *out);

#endif
