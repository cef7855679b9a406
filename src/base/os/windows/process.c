/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - signals, which are the console's, and processors. The console's calls come on a
 * thread of their own: they leave a number and wake who waits for it (cli/tidy.c).
 */
#include "room.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/wait.h>

static struct {
    _Atomic(HANDLE) wake;
    atomic_int number;
} line;

static BOOL WINAPI console(DWORD event)
{
    HANDLE wake = atomic_load(&line.wake);
    if (!wake)
        return FALSE;
    atomic_store(&line.number,
                 event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT ? SIGINT : SIGTERM);
    SetEvent(wake);
    Sleep(event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT
              ? 0
              : 5000); /* a window that closes waits so long */
    return TRUE;
}

int sigaction(int number, const struct st_os_sigaction *to, struct st_os_sigaction *was)
{
    (void)number;
    (void)to;
    *was = (struct st_os_sigaction){ SIG_DFL };
    return 0;
}

int sigemptyset(sigset_t *s)
{
    *s = 0;
    return 0;
}

int sigaddset(sigset_t *s, int number)
{
    *s |= 1u << number;
    return 0;
}

/* What is blocked is waited for. */
int pthread_sigmask(int how, const sigset_t *to, sigset_t *was)
{
    (void)to;
    if (was)
        *was = 0;
    if (how == SIG_BLOCK && !atomic_load(&line.wake)) {
        HANDLE wake = CreateEventW(NULL, FALSE, FALSE, NULL);
        if (!wake)
            return EAGAIN;
        atomic_store(&line.wake, wake);
        SetConsoleCtrlHandler(console, TRUE);
    }
    return 0;
}

int sigwait(const sigset_t *s, int *number)
{
    (void)s;
    WaitForSingleObject(atomic_load(&line.wake), INFINITE);
    *number = atomic_load(&line.number);
    return 0;
}

int pthread_kill(pthread_t thread, int number)
{
    (void)thread;
    atomic_store(&line.number, number);
    SetEvent(atomic_load(&line.wake));
    return 0;
}

void (*signal(int number, void (*to)(int)))(int)
{
    (void)number;
    (void)to;
    return SIG_DFL;
}

/* Ends the process as the console would. */
int raise(int number)
{
    (void)number;
    st_os_sweep();
    ExitProcess(STATUS_CONTROL_C_EXIT);
}

/* what there isn't */

static int absent(void)
{
    errno = ENOSYS;
    return -1;
}

pid_t fork(void)
{
    return absent();
}

int pipe2(int ends[2], int flags)
{
    (void)ends;
    (void)flags;
    return absent();
}

int execl(const char *program, ...)
{
    (void)program;
    return absent();
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
    (void)pid;
    (void)status;
    (void)flags;
    return absent();
}

int poll(struct pollfd *p, size_t n, int ms)
{
    (void)p;
    (void)n;
    (void)ms;
    return absent();
}

int setenv(const char *name, const char *value, int over)
{
    return over || !getenv(name) ? _putenv_s(name, value) : 0;
}

int sched_getaffinity(int pid, size_t n, cpu_set_t *out)
{
    DWORD_PTR mine = 0, all = 0;
    (void)pid;
    (void)n;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
        return st_os_failed();
    for (out->n = 0; mine; mine &= mine - 1)
        out->n++;
    return 0;
}
