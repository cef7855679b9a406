/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - what is behind a name, and folders: looked at, listed, renamed. */
#include "room.h"

#include <io.h>

/* looking */

static struct timespec time_of(FILETIME t)
{
    const int64_t from_1601 = INT64_C(116444736000000000);
    int64_t ticks = (int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - from_1601;
    return (struct timespec){ .tv_sec = ticks / 10000000,
                              .tv_nsec = (long)(ticks % 10000000 * 100) };
}

static unsigned mode_of(DWORD attributes, DWORD tag)
{
    bool link = (attributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
                (tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT);
    return (link ? S_IFLNK : attributes & FILE_ATTRIBUTE_DIRECTORY ? S_IFDIR : S_IFREG) | 0600u;
}

static int stat_disk(HANDLE h, struct st_os_stat *out)
{
    BY_HANDLE_FILE_INFORMATION i;
    FILE_ATTRIBUTE_TAG_INFO tag = { 0 };
    if (!GetFileInformationByHandle(h, &i))
        return st_os_failed();
    GetFileInformationByHandleEx(h, FileAttributeTagInfo, &tag, sizeof tag);
    *out = (struct st_os_stat){
        .st_dev = i.dwVolumeSerialNumber,
        .st_ino = (uint64_t)i.nFileIndexHigh << 32 | i.nFileIndexLow,
        .st_mode = mode_of(i.dwFileAttributes, tag.ReparseTag),
        .st_size = (int64_t)((uint64_t)i.nFileSizeHigh << 32 | i.nFileSizeLow),
        .st_mtim = time_of(i.ftLastWriteTime),
    };
    return 0;
}

static int stat_handle(HANDLE h, struct st_os_stat *out)
{
    DWORD type = GetFileType(h);
    if (type == FILE_TYPE_DISK)
        return stat_disk(h, out);
    *out = (struct st_os_stat){ .st_mode = type == FILE_TYPE_PIPE ? S_IFIFO : S_IFCHR };
    return 0;
}

int fstat(int fd, struct st_os_stat *out)
{
    HANDLE h = (HANDLE)_get_osfhandle(fd);
    if (h == INVALID_HANDLE_VALUE) {
        errno = EBADF;
        return -1;
    }
    return stat_handle(h, out);
}

int fstatat(int in, const char *path, struct st_os_stat *out, int flags)
{
    wchar_t wide[ST_OS_PATH];
    if (!st_os_wide_at(in, path, wide))
        return -1;
    DWORD how = FILE_FLAG_BACKUP_SEMANTICS |
                (flags & AT_SYMLINK_NOFOLLOW ? FILE_FLAG_OPEN_REPARSE_POINT : 0);
    HANDLE h = CreateFileW(wide, FILE_READ_ATTRIBUTES,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, how, NULL);
    if (h == INVALID_HANDLE_VALUE)
        return st_os_failed();
    int result = stat_handle(h, out);
    CloseHandle(h);
    return result;
}

#undef stat
int st_os_stat(const char *path, struct st_os_stat *out)
{
    return fstatat(AT_FDCWD, path, out, 0);
}

int lstat(const char *path, struct st_os_stat *out)
{
    return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

/* What a user may is asked by doing it; here only that it is there, and not marked as read-only. */
int access(const char *path, int mode)
{
    wchar_t wide[ST_OS_PATH];
    if (!st_os_wide(path, wide))
        return -1;
    DWORD a = GetFileAttributesW(wide);
    if (a == INVALID_FILE_ATTRIBUTES)
        return st_os_failed();
    if ((mode & W_OK) && (a & FILE_ATTRIBUTE_READONLY) && !(a & FILE_ATTRIBUTE_DIRECTORY)) {
        errno = EACCES;
        return -1;
    }
    return 0;
}

/* changing */

static int move(const char *from, const char *to, DWORD how)
{
    wchar_t a[ST_OS_PATH], b[ST_OS_PATH];
    if (!st_os_wide(from, a) || !st_os_wide(to, b))
        return -1;
    return MoveFileExW(a, b, how | MOVEFILE_WRITE_THROUGH) ? 0 : st_os_failed();
}

int rename(const char *from, const char *to)
{
    return move(from, to, MOVEFILE_REPLACE_EXISTING);
}

/* Two can't change places here. */
int renameat2(int in_from, const char *from, int in_to, const char *to, unsigned flags)
{
    if (flags != RENAME_NOREPLACE || in_from != AT_FDCWD || in_to != AT_FDCWD) {
        errno = EINVAL;
        return -1;
    }
    return move(from, to, 0);
}

int mkdir(const char *path, unsigned mode)
{
    wchar_t wide[ST_OS_PATH];
    (void)mode;
    if (!st_os_wide(path, wide))
        return -1;
    return CreateDirectoryW(wide, NULL) ? 0 : st_os_failed();
}

/* folders */

struct st_os_dir {
    int fd;
    bool ended;
    union {
        FILE_ID_BOTH_DIR_INFO first; /* for its alignment */
        char bytes[65536];
    } room;
    size_t at; /* of the next entry; ROOM_EMPTY: the room is to be filled */
    struct dirent entry;
};

#define ROOM_EMPTY SIZE_MAX

DIR *fdopendir(int fd)
{
    DIR *d = calloc(1, sizeof *d);
    if (d) {
        d->fd = fd;
        d->at = ROOM_EMPTY;
    }
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d)
        close(fd);
    return d;
}

static bool fill(DIR *d)
{
    HANDLE h = (HANDLE)_get_osfhandle(d->fd);
    d->at = 0;
    if (GetFileInformationByHandleEx(h, FileIdBothDirectoryInfo, d->room.bytes,
                                     sizeof d->room.bytes))
        return true;
    d->ended = true;
    if (GetLastError() != ERROR_NO_MORE_FILES)
        st_os_failed();
    return false;
}

/* A name that is no UTF-16 becomes one that can't be opened, and so is told. */
struct dirent *readdir(DIR *d)
{
    if (d->ended || (d->at == ROOM_EMPTY && !fill(d)))
        return NULL;
    const FILE_ID_BOTH_DIR_INFO *i = (const void *)(d->room.bytes + d->at);
    int n = WideCharToMultiByte(CP_UTF8, 0, i->FileName, (int)(i->FileNameLength / sizeof(wchar_t)),
                                d->entry.d_name, (int)sizeof d->entry.d_name - 1, NULL, NULL);
    d->entry.d_name[n] = 0;
    d->at = i->NextEntryOffset ? d->at + i->NextEntryOffset : ROOM_EMPTY;
    return &d->entry;
}

int closedir(DIR *d)
{
    int result = close(d->fd);
    free(d);
    return result;
}

int dirfd(DIR *d)
{
    return d->fd;
}
