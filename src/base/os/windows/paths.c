/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - paths, from UTF-8 to what Windows takes, and back. */
#include "room.h"

static const struct {
    DWORD code;
    int errnum;
} ERRORS[] = {
    { ERROR_FILE_NOT_FOUND, ENOENT },
    { ERROR_PATH_NOT_FOUND, ENOENT },
    { ERROR_INVALID_NAME, ENOENT },
    { ERROR_BAD_PATHNAME, ENOENT },
    { ERROR_BAD_NETPATH, ENOENT },
    { ERROR_INVALID_DRIVE, ENOENT },
    { ERROR_ACCESS_DENIED, EACCES },
    { ERROR_SHARING_VIOLATION, EACCES },
    { ERROR_LOCK_VIOLATION, EACCES },
    { ERROR_PRIVILEGE_NOT_HELD, EPERM },
    { ERROR_FILE_EXISTS, EEXIST },
    { ERROR_ALREADY_EXISTS, EEXIST },
    { ERROR_DIR_NOT_EMPTY, ENOTEMPTY },
    { ERROR_DIRECTORY, ENOTDIR },
    { ERROR_DISK_FULL, ENOSPC },
    { ERROR_HANDLE_DISK_FULL, ENOSPC },
    { ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
    { ERROR_OUTOFMEMORY, ENOMEM },
    { ERROR_INVALID_HANDLE, EBADF },
    { ERROR_BROKEN_PIPE, EPIPE },
    { ERROR_NO_DATA, EPIPE },
    { ERROR_INVALID_PARAMETER, EINVAL },
    { ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG },
    { ERROR_TOO_MANY_OPEN_FILES, EMFILE },
    { ERROR_NOT_SUPPORTED, EINVAL },
};

int st_os_failed(void)
{
    DWORD code = GetLastError();
    errno = EIO;
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (ERRORS[i].code == code)
            errno = ERRORS[i].errnum;
    return -1;
}

static bool too_long(void)
{
    errno = ENAMETOOLONG;
    return false;
}

/* From a path of any form to one from the root on, which has no bound of 260. */
static bool whole(const wchar_t *path, wchar_t out[ST_OS_PATH])
{
    static const wchar_t MARK[] = L"\\\\?\\", SHARE[] = L"\\\\?\\UNC";
    wchar_t full[ST_OS_PATH];
    DWORD n = GetFullPathNameW(path, ST_OS_PATH, full, NULL);
    if (!n)
        return st_os_failed() == 0;
    if (n >= ST_OS_PATH - 8)
        return too_long();
    bool share = full[0] == L'\\' && full[1] == L'\\';
    bool plain = n < 240 || (share && (full[2] == L'?' || full[2] == L'.'));
    const wchar_t *front = plain ? L"" : share ? SHARE : MARK;
    size_t k = wcslen(front), skip = !plain && share ? 1 : 0;
    memcpy(out, front, k * sizeof *out);
    memcpy(out + k, full + skip, (n + 1 - skip) * sizeof *out);
    return true;
}

bool st_os_wide(const char *path, wchar_t out[ST_OS_PATH])
{
    wchar_t raw[ST_OS_PATH];
    if (strcmp(path, "/dev/null") == 0)
        path = "NUL";
    if (!*path) {
        errno = ENOENT;
        return false;
    }
    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, raw, ST_OS_PATH)) {
        errno = GetLastError() == ERROR_INSUFFICIENT_BUFFER ? ENAMETOOLONG : ENOENT;
        return false;
    }
    return whole(raw, out);
}

static bool is_rooted(const char *path)
{
    return path[0] == '/' || path[0] == '\\' || (path[0] && path[1] == ':');
}

bool st_os_wide_at(int in, const char *path, wchar_t out[ST_OS_PATH])
{
    if (in == AT_FDCWD || is_rooted(path))
        return st_os_wide(path, out);
    wchar_t raw[ST_OS_PATH];
    size_t n = st_os_folder(in, raw);
    if (!n || n >= ST_OS_PATH - 2) {
        errno = n ? ENAMETOOLONG : EBADF;
        return false;
    }
    raw[n++] = L'\\';
    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, raw + n,
                             ST_OS_PATH - (int)n)) {
        errno = GetLastError() == ERROR_INSUFFICIENT_BUFFER ? ENAMETOOLONG : ENOENT;
        return false;
    }
    for (; raw[n]; n++)
        if (raw[n] == L'/')
            raw[n] = L'\\';
    return whole(raw, out);
}

bool st_os_narrow(const wchar_t *from, char *out, size_t n)
{
    if (wcsncmp(from, L"\\\\?\\", 4) == 0)
        from += 4;
    if (!WideCharToMultiByte(CP_UTF8, 0, from, -1, out, (int)n, NULL, NULL))
        return too_long();
    for (char *p = out; *p; p++)
        if (*p == '\\')
            *p = '/';
    return true;
}

char *realpath(const char *path, char *out)
{
    wchar_t wide[ST_OS_PATH], full[ST_OS_PATH];
    if (!st_os_wide(path, wide))
        return NULL;
    HANDLE h = CreateFileW(wide, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (h == INVALID_HANDLE_VALUE) {
        st_os_failed();
        return NULL;
    }
    DWORD n = GetFinalPathNameByHandleW(h, full, ST_OS_PATH, 0);
    CloseHandle(h);
    char *to = out ? out : malloc(PATH_MAX);
    if (n && n < ST_OS_PATH && to && st_os_narrow(full, to, PATH_MAX))
        return to;
    if (!out)
        free(to);
    errno = ENAMETOOLONG;
    return NULL;
}

/* the door's (os.h) */

#include "base/os/os.h"

bool st_os_descriptor_path(int fd, char *out, size_t n)
{
    wchar_t wide[ST_OS_PATH];
    DWORD k = GetFinalPathNameByHandleW((HANDLE)_get_osfhandle(fd), wide, ST_OS_PATH, 0);
    return k && k < ST_OS_PATH && st_os_narrow(wide, out, n);
}

bool st_os_program_path(char *out, size_t n)
{
    wchar_t wide[ST_OS_PATH];
    DWORD k = GetModuleFileNameW(NULL, wide, ST_OS_PATH);
    return k && k < ST_OS_PATH && st_os_narrow(wide, out, n);
}

bool st_os_children_share(void)
{
    return true;
}

void st_os_dense(void *p, size_t n)
{
    (void)p;
    (void)n;
}

void st_os_begin_sync(int fd, uint64_t from, uint64_t n)
{
    (void)fd;
    (void)from;
    (void)n;
}

void st_os_path(char *path)
{
    for (; *path; path++)
        if (*path == '\\')
            *path = '/';
}

const char *st_os_bars(void)
{
    return "none on Windows: archives and case databases are read in the process itself";
}
