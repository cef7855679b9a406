/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* wait.h - there is no process to wait for. */
#ifndef ST_OS_WINDOWS_WAIT_H
#define ST_OS_WINDOWS_WAIT_H

#define waitpid st_os_waitpid
pid_t waitpid(pid_t pid, int *status, int flags);

#endif
