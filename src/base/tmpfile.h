/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfile.h - temporary files without a name. */
#ifndef ST_BASE_TMPFILE_H
#define ST_BASE_TMPFILE_H

#include <stdbool.h>

/* An empty file in dir that nobody else can open and that is gone when it is closed. nameless: no
 * name may appear there, however briefly, though the file system then may have none to give. -1:
 * errno says why. */
int st_tmpfile(const char *dir, bool nameless);

#endif
