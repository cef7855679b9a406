/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix.h - POSIX's and GNU's calls as far as the house uses them, over Windows. The compiler reads
 * it in front of every file (-include), so that nothing outside of this room knows of Windows.
 *
 * Paths     UTF-8, with `/` or `\`; longer than 260 characters where they are absolute or can be
 * made so. /dev/null is NUL. Files     descriptors of the C library, always binary. One of a folder
 * is a descriptor like any other; openat and its kin ask the system for its path. O_TMPFILE makes a
 * file with a name, which goes when the descriptor is closed or the program ends. A file that is
 *           unlinked while somebody has it open goes then, too.
 * Sorting   is stable, as GNU's is.
 * Errors    errno, as POSIX says.
 * Threads   as POSIX says; the list of files that are to go has a lock of its own.
 */
#ifndef ST_OS_WINDOWS_POSIX_H
#define ST_OS_WINDOWS_POSIX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* files */

enum {
    O_CLOEXEC = 0x100000,
    O_NONBLOCK = 0x200000,
    O_NOCTTY = 0x400000,
    O_DIRECTORY = 0x800000,
    O_NOFOLLOW = 0x1000000,
    O_NOATIME = 0x2000000,
    O_PATH = 0x4000000,
    O_TMPFILE = 0x8000000 | O_DIRECTORY,
    AT_FDCWD = -100,
    AT_SYMLINK_NOFOLLOW = 0x100,
    AT_REMOVEDIR = 0x200,
    RENAME_NOREPLACE = 1,
    RENAME_EXCHANGE = 2,
    F_GETFD = 1,
    F_SETFL = 4,
    SEEK_DATA = 3,
};
#ifndef EDQUOT
#define EDQUOT ENOSPC
#endif
#undef PATH_MAX
#define PATH_MAX 4096
#ifndef S_IFLNK
#define S_IFLNK 0xA000
#define S_IFSOCK 0xC000
#endif

#define mode_t unsigned
#define ino_t uint64_t
#define dev_t uint64_t
typedef struct st_os_stat {
    uint64_t st_dev, st_ino;
    unsigned st_mode;
    int64_t st_size;
    struct timespec st_mtim;
} st_os_stat_t;

#undef stat
#undef fstat
#define stat st_os_stat
#define fstat st_os_fstat
#define lstat st_os_lstat
#define fstatat st_os_fstatat
int stat(const char *path, struct st_os_stat *out);
int lstat(const char *path, struct st_os_stat *out);
int fstat(int fd, struct st_os_stat *out);
int fstatat(int in, const char *path, struct st_os_stat *out, int flags);

#define open st_os_open
#define openat st_os_openat
#define close st_os_close
#define fcntl st_os_fcntl
#define read st_os_read
#define write st_os_write
#define pread st_os_pread
#define pwrite st_os_pwrite
#undef ftruncate
#define ftruncate st_os_ftruncate
#define fsync st_os_fsync
#define fchmod st_os_fchmod
#define umask st_os_umask
#define isatty st_os_isatty
#define mkostemp st_os_mkostemp
#define mkdtemp st_os_mkdtemp
#define fopen st_os_fopen
int open(const char *path, int flags, ...);
int openat(int in, const char *path, int flags, ...);
int close(int fd);
int fcntl(int fd, int what, ...);
ssize_t read(int fd, void *to, size_t n);
ssize_t write(int fd, const void *from, size_t n);
ssize_t pread(int fd, void *to, size_t n, off_t at);
ssize_t pwrite(int fd, const void *from, size_t n, off_t at);
int ftruncate(int fd, off_t size);
int fsync(int fd);
int fchmod(int fd, unsigned mode);
unsigned umask(unsigned mask);
int isatty(int fd);
int mkostemp(char *template, int flags);
char *mkdtemp(char *template);
FILE *fopen(const char *path, const char *mode);

/* names */

#define rename st_os_rename
#define renameat2 st_os_renameat2
#define unlink st_os_unlink
#define unlinkat st_os_unlinkat
#define mkdir st_os_mkdir
#define rmdir st_os_rmdir
#define access st_os_access
#define realpath st_os_realpath
int rename(const char *from, const char *to);
int renameat2(int in_from, const char *from, int in_to, const char *to, unsigned flags);
int unlink(const char *path);
int unlinkat(int in, const char *path, int flags);
int mkdir(const char *path, unsigned mode);
int rmdir(const char *path);
int access(const char *path, int mode);
char *realpath(const char *path, char *out);

/* folders */

struct st_os_dirent {
    char d_name[1024];
};
#define DIR st_os_dir
#define dirent st_os_dirent
#define opendir st_os_opendir
#define fdopendir st_os_fdopendir
#define readdir st_os_readdir
#define closedir st_os_closedir
#define dirfd st_os_dirfd
typedef struct st_os_dir st_os_dir;
DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *d);
int closedir(DIR *d);
int dirfd(DIR *d);

/* names that Windows' headers took */

#define tell st_os_name_tell
#define clock st_os_name_clock
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC

/* text and order; formats are GNU's, also for the compiler's checks of ours */

#define __printf__ __gnu_printf__
#define explicit_bzero st_os_explicit_bzero

#define memmem st_os_memmem
#define strcasestr st_os_strcasestr
#define memrchr st_os_memrchr
#define strndup st_os_strndup
#define strerror_r st_os_strerror_r
#define qsort st_os_qsort
#define qsort_r st_os_qsort_r
void explicit_bzero(void *p, size_t n);
void *memmem(const void *in, size_t n, const void *what, size_t k);
char *strcasestr(const char *in, const char *what);
void *memrchr(const void *in, int c, size_t n);
char *strndup(const char *s, size_t n);
char *strerror_r(int errnum, char *room, size_t n);
void qsort(void *base, size_t n, size_t size, int (*order)(const void *, const void *));
void qsort_r(void *base, size_t n, size_t size, int (*order)(const void *, const void *, void *),
             void *ctx);

/* processes: none can be made, and the signals that end a run are the console's */

#undef SIGHUP
#undef SIGPIPE
#undef SIG_BLOCK
#undef SIG_UNBLOCK
#undef SIG_SETMASK
enum { SIGHUP = 1, SIGPIPE = 13, SIGXFSZ = 25, SIG_BLOCK = 0, SIG_UNBLOCK, SIG_SETMASK };
typedef unsigned st_os_sigset;
struct st_os_sigaction {
    void (*sa_handler)(int);
};
#define sigset_t st_os_sigset
#define sigaction st_os_sigaction
#define sigemptyset st_os_sigemptyset
#define sigaddset st_os_sigaddset
#define sigwait st_os_sigwait
#define signal st_os_signal
#define raise st_os_raise
#undef pthread_sigmask
#define pthread_sigmask st_os_sigmask
#undef pthread_kill
#define pthread_kill st_os_pthread_kill
int sigaction(int number, const struct st_os_sigaction *to, struct st_os_sigaction *was);
int sigemptyset(sigset_t *s);
int sigaddset(sigset_t *s, int number);
int sigwait(const sigset_t *s, int *number);
void (*signal(int number, void (*to)(int)))(int);
int raise(int number);
int pthread_sigmask(int how, const sigset_t *to, sigset_t *was);
int pthread_kill(pthread_t thread, int number);

#define fork st_os_fork
#define pipe2 st_os_pipe2
#define execl st_os_execl
#define setenv st_os_setenv
pid_t fork(void);
int pipe2(int ends[2], int flags);
int execl(const char *program, ...);
int setenv(const char *name, const char *value, int over);

typedef struct st_os_cpus {
    unsigned n;
} st_os_cpus;
#define cpu_set_t st_os_cpus
#define sched_getaffinity st_os_getaffinity
#define CPU_COUNT(set) ((set)->n)
int sched_getaffinity(int pid, size_t n, cpu_set_t *out);

#endif
