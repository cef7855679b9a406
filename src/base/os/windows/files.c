/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - files that are open. Each is a descriptor of the C library over one of Windows'
 * handles, opened so that others may read, write and remove the file meanwhile, as on POSIX.
 */
#include "room.h"

#include <io.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/random.h>

#include <bcrypt.h>

enum { SHARE = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE };

static HANDLE handle(int fd)
{
    return (HANDLE)_get_osfhandle(fd);
}

/* what is noted of files: which are to go, and where folders are that are open, since Wine can't
 * tell a path of more than 260 units by its handle */

typedef struct note {
    struct note *next;
    int fd;      /* that it is about while it is open; CLOSED: no longer */
    bool doomed; /* to be removed, else a folder */
    wchar_t path[];
} note;

enum { CLOSED = -1 };

static struct {
    pthread_mutex_t lock;
    note *first;
} notes = { PTHREAD_MUTEX_INITIALIZER, NULL };

static bool put_note(int fd, bool doomed, const wchar_t *path)
{
    size_t n = (wcslen(path) + 1) * sizeof *path;
    note *x = malloc(sizeof *x + n);
    if (!x)
        return false;
    memcpy(x->path, path, n);
    x->fd = fd;
    x->doomed = doomed;
    pthread_mutex_lock(&notes.lock);
    x->next = notes.first;
    notes.first = x;
    pthread_mutex_unlock(&notes.lock);
    return true;
}

/* Is there nothing left to do of it? */
static bool settled(const note *x, bool all)
{
    if (x->fd != CLOSED && !all)
        return false;
    return !x->doomed || DeleteFileW(x->path) || GetLastError() == ERROR_FILE_NOT_FOUND;
}

/* fd is being closed (CLOSED: none is). all: whatever is still open, too. */
static void settle(int fd, bool all)
{
    pthread_mutex_lock(&notes.lock);
    for (note **at = &notes.first; *at;) {
        note *x = *at;
        if (x->fd == fd)
            x->fd = CLOSED;
        if (settled(x, all)) {
            *at = x->next;
            free(x);
        } else {
            at = &x->next;
        }
    }
    pthread_mutex_unlock(&notes.lock);
}

void st_os_sweep(void)
{
    settle(CLOSED, true);
}

size_t st_os_folder(int fd, wchar_t out[ST_OS_PATH])
{
    size_t n = 0;
    pthread_mutex_lock(&notes.lock);
    for (const note *x = notes.first; x && !n; x = x->next)
        if (x->fd == fd && !x->doomed)
            n = wcslen(wcscpy(out, x->path));
    pthread_mutex_unlock(&notes.lock);
    return n;
}

/* opening */

static DWORD wanted(int flags)
{
    int how = flags & (O_WRONLY | O_RDWR);
    DWORD access = how == O_RDWR     ? GENERIC_READ | GENERIC_WRITE
                   : how == O_WRONLY ? GENERIC_WRITE
                                     : GENERIC_READ;
    return flags & O_PATH ? FILE_READ_ATTRIBUTES : access;
}

static DWORD making(int flags)
{
    if (!(flags & O_CREAT))
        return flags & O_TRUNC ? TRUNCATE_EXISTING : OPEN_EXISTING;
    return flags & O_EXCL ? CREATE_NEW : flags & O_TRUNC ? CREATE_ALWAYS : OPEN_ALWAYS;
}

/* Is it a folder where none may be, or a link where none may be followed? 0: it is right. */
static int refuse(HANDLE h, int flags, bool *is_folder)
{
    BY_HANDLE_FILE_INFORMATION i;
    *is_folder = false;
    if (!GetFileInformationByHandle(h, &i))
        return 0;
    if ((flags & O_NOFOLLOW) && (i.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return ELOOP;
    *is_folder = i.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    if ((flags & O_DIRECTORY) && !*is_folder)
        return ENOTDIR;
    return *is_folder && (flags & (O_WRONLY | O_RDWR)) ? EISDIR : 0;
}

static int open_wide(const wchar_t *path, int flags)
{
    DWORD how =
        FILE_FLAG_BACKUP_SEMANTICS | (flags & O_NOFOLLOW ? FILE_FLAG_OPEN_REPARSE_POINT : 0);
    HANDLE h = CreateFileW(path, wanted(flags), SHARE, NULL, making(flags), how, NULL);
    if (h == INVALID_HANDLE_VALUE)
        return st_os_failed();
    bool is_folder;
    int errnum = refuse(h, flags, &is_folder);
    int fd =
        errnum ? -1
               : _open_osfhandle((intptr_t)h, _O_BINARY | (flags & (O_WRONLY | O_RDWR | O_APPEND)));
    if (fd < 0) {
        CloseHandle(h);
        errno = errnum ? errnum : EMFILE;
    } else if (is_folder && !put_note(fd, false, path)) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    return fd;
}

static bool random_name(char *x)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[6];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        x[i] = LETTERS[bytes[i] % (sizeof LETTERS - 1)];
    return true;
}

int mkostemp(char *template, int flags)
{
    size_t n = strlen(template);
    for (int i = 0; i < 100 && n >= 6 && random_name(template + n - 6); i++) {
        int fd = open(template, O_RDWR | O_CREAT | O_EXCL | flags);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    errno = EEXIST;
    return -1;
}

char *mkdtemp(char *template)
{
    size_t n = strlen(template);
    for (int i = 0; i < 100 && n >= 6 && random_name(template + n - 6); i++) {
        if (mkdir(template, 0700) == 0)
            return template;
        if (errno != EEXIST)
            return NULL;
    }
    return NULL;
}

/* In the folder; it goes when it is closed. */
static int open_temporary(const char *folder)
{
    char path[PATH_MAX];
    wchar_t wide[ST_OS_PATH];
    if (snprintf(path, sizeof path, "%s/shelltree-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, 0);
    if (fd >= 0 && st_os_wide(path, wide))
        put_note(fd, true, wide);
    return fd;
}

int openat(int in, const char *path, int flags, ...)
{
    wchar_t wide[ST_OS_PATH];
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return open_temporary(path);
    return st_os_wide_at(in, path, wide) ? open_wide(wide, flags) : -1;
}

int open(const char *path, int flags, ...)
{
    return openat(AT_FDCWD, path, flags);
}

FILE *fopen(const char *path, const char *mode)
{
    wchar_t wide[ST_OS_PATH];
    if (!st_os_wide(path, wide))
        return NULL;
    FILE *f = _wfopen(wide, mode[0] == 'w' ? L"wb" : mode[0] == 'a' ? L"ab" : L"rb");
    return f;
}

#undef close
int st_os_close(int fd)
{
    if (notes.first)
        settle(fd, false); /* while fd is nobody else's */
    int result = close(fd);
    if (notes.first)
        settle(CLOSED, false);
    return result;
}
#define close st_os_close

/* A look whether there is a file behind it; pipes block here whatever is asked. */
int fcntl(int fd, int what, ...)
{
    if (what == F_GETFD && _get_osfhandle(fd) < 0) {
        errno = EBADF;
        return -1;
    }
    return 0;
}

/* reading and writing */

static DWORD at_most(size_t n)
{
    return n > 1u << 30 ? 1u << 30 : (DWORD)n;
}

#undef read
#undef write
ssize_t st_os_read(int fd, void *to, size_t n)
{
    return read(fd, to, at_most(n));
}

ssize_t st_os_write(int fd, const void *from, size_t n)
{
    return write(fd, from, at_most(n));
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    OVERLAPPED o = { .Offset = (DWORD)at, .OffsetHigh = (DWORD)((uint64_t)at >> 32) };
    DWORD got = 0;
    if (ReadFile(handle(fd), to, at_most(n), &got, &o))
        return (ssize_t)got;
    return GetLastError() == ERROR_HANDLE_EOF ? 0 : st_os_failed();
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    OVERLAPPED o = { .Offset = (DWORD)at, .OffsetHigh = (DWORD)((uint64_t)at >> 32) };
    DWORD put = 0;
    return WriteFile(handle(fd), from, at_most(n), &put, &o) ? (ssize_t)put : st_os_failed();
}

int ftruncate(int fd, off_t size)
{
    FILE_END_OF_FILE_INFO end = { .EndOfFile.QuadPart = size };
    return SetFileInformationByHandle(handle(fd), FileEndOfFileInfo, &end, sizeof end)
               ? 0
               : st_os_failed();
}

/* Folders can't be synced, nor pipes; that is no failure of what was written. */
int fsync(int fd)
{
    if (!FlushFileBuffers(handle(fd))) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

int fchmod(int fd, unsigned mode)
{
    (void)fd;
    (void)mode;
    return 0;
}

unsigned umask(unsigned mask)
{
    (void)mask;
    return 0;
}

int fstatvfs(int fd, struct statvfs *out)
{
    wchar_t path[ST_OS_PATH];
    ULARGE_INTEGER room;
    DWORD n = GetFinalPathNameByHandleW(handle(fd), path, ST_OS_PATH, 0);
    while (n && n < ST_OS_PATH && path[n - 1] != L'\\')
        n--;
    if (!n || n >= ST_OS_PATH)
        return st_os_failed();
    path[n] = 0;
    if (!GetDiskFreeSpaceExW(path, &room, NULL, NULL))
        return st_os_failed();
    *out = (struct statvfs){ .f_bavail = room.QuadPart, .f_frsize = 1 };
    return 0;
}

/* pages */

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from)
{
    void *p = NULL;
    (void)at;
    if (flags & MAP_ANONYMOUS) {
        p = VirtualAlloc(NULL, n, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    } else if (protection == PROT_READ && from == 0) {
        HANDLE map = CreateFileMappingW(handle(fd), NULL, PAGE_READONLY, 0, 0, NULL);
        p = map ? MapViewOfFile(map, FILE_MAP_READ, 0, 0, n) : NULL;
        if (map)
            CloseHandle(map);
    } else {
        SetLastError(ERROR_NOT_SUPPORTED);
    }
    if (!p)
        st_os_failed();
    return p ? p : MAP_FAILED;
}

int munmap(void *p, size_t n)
{
    MEMORY_BASIC_INFORMATION i;
    (void)n;
    if (!VirtualQuery(p, &i, sizeof i))
        return st_os_failed();
    BOOL ok = i.Type == MEM_MAPPED ? UnmapViewOfFile(p) : VirtualFree(p, 0, MEM_RELEASE);
    return ok ? 0 : st_os_failed();
}

ssize_t getrandom(void *to, size_t n, unsigned flags)
{
    (void)flags;
    return BCryptGenRandom(NULL, to, (ULONG)n, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0 ? (ssize_t)n
                                                                                     : -1;
}

/* the console */

int isatty(int fd)
{
    DWORD mode;
    return GetConsoleMode(handle(fd), &mode) != 0;
}

int ioctl(int fd, int what, struct winsize *out)
{
    CONSOLE_SCREEN_BUFFER_INFO i;
    (void)what;
    if (!GetConsoleScreenBufferInfo(handle(fd), &i))
        return st_os_failed();
    *out = (struct winsize){ .ws_row = (unsigned short)(i.srWindow.Bottom - i.srWindow.Top + 1),
                             .ws_col = (unsigned short)(i.srWindow.Right - i.srWindow.Left + 1) };
    return 0;
}

/* removing */

int unlinkat(int in, const char *path, int flags)
{
    wchar_t wide[ST_OS_PATH];
    if (!st_os_wide_at(in, path, wide))
        return -1;
    if (flags & AT_REMOVEDIR)
        return RemoveDirectoryW(wide) ? 0 : st_os_failed();
    if (DeleteFileW(wide))
        return 0;
    if (GetLastError() != ERROR_SHARING_VIOLATION)
        return st_os_failed();
    put_note(CLOSED, true, wide);
    return 0;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
