/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfile.c - temporary files without a name. */
#include "base/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONGEST = 4096 };

static int open_nameless(const char *dir)
{
    return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* Where the file system has no nameless files: one whose name goes at once. */
static int open_unlinked(const char *dir)
{
    char path[LONGEST];
    int n = snprintf(path, sizeof path, "%s/shelltree-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int st_tmpfile(const char *dir, bool nameless)
{
    int fd = open_nameless(dir);
    if (fd < 0 && !nameless && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_unlinked(dir);
    return fd;
}
