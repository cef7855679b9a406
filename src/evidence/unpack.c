/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.c - libarchive behind callbacks.
 *
 * libarchive gives up an archive at the first member that it can't unpack. Members of a zip can be
 * reached apart, so there it is opened anew and goes on behind the broken one.
 */
#include "bounds.h"
#include "salvage.h"
#include "unpack.h"
#include "base/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_READ = 4096 };

typedef struct unpack {
    const st_unpack_order *o;
    const st_unpack_io *io;
    struct archive *a;
    struct archive_entry *entry;
    uint64_t at;      /* in the archive */
    size_t ask;       /* bytes to ask for next: few after a jump, more as it goes on */
    uint64_t i;       /* the member in hand */
    uint64_t most;    /* members that may be asked for */
    uint64_t decoded; /* bytes that came out while its bounds were looked at */
    bool passed;      /* something was passed over that is no header */
    unsigned char block[ST_ARCHIVE_BLOCK];
} unpack;

/* what libarchive asks for */

static la_ssize_t give(struct archive *a, void *ctx, const void **to)
{
    unpack *u = ctx;
    size_t n = u->io->read(u->io->ctx, u->at, u->block, u->ask);
    *to = u->block;
    if (n > sizeof u->block) {
        archive_set_error(a, EIO, "cannot read");
        return ARCHIVE_FATAL;
    }
    u->at += n;
    u->ask = u->ask * 4 < sizeof u->block ? u->ask * 4 : sizeof u->block;
    return (la_ssize_t)n;
}

static void jump(unpack *u, uint64_t to)
{
    if (to == u->at)
        return;
    u->at = to;
    u->ask = SMALL_READ;
}

static la_int64_t skip(struct archive *a, void *ctx, la_int64_t n)
{
    unpack *u = ctx;
    uint64_t left = u->o->size > u->at ? u->o->size - u->at : 0;
    (void)a;
    if (n < 0)
        return 0;
    if ((uint64_t)n > left)
        n = (la_int64_t)left;
    jump(u, u->at + (uint64_t)n);
    return n;
}

static la_int64_t seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
    unpack *u = ctx;
    la_int64_t from = whence == SEEK_CUR   ? (la_int64_t)u->at
                      : whence == SEEK_END ? (la_int64_t)u->o->size
                                           : 0;
    (void)a;
    if (offset > INT64_MAX - from || offset + from < 0)
        return ARCHIVE_FATAL;
    jump(u, (uint64_t)(offset + from));
    return (la_int64_t)u->at;
}

/* opening */

typedef int support(struct archive *a);

static const struct {
    st_format format;
    support *first, *second;
} FORMATS[] = {
    { ST_F_ZIP, archive_read_support_format_zip, NULL },
    { ST_F_7Z, archive_read_support_format_7zip, NULL },
    { ST_F_RAR, archive_read_support_format_rar, archive_read_support_format_rar5 },
    { ST_F_CAB, archive_read_support_format_cab, NULL },
    { ST_F_ISO, archive_read_support_format_iso9660, NULL },
    { ST_F_TAR, archive_read_support_format_tar, NULL },
    { ST_F_CPIO, archive_read_support_format_cpio, NULL },
    { ST_F_STREAM, archive_read_support_format_raw, NULL },
    { ST_F_ZIP_STREAM, archive_read_support_format_zip_streamable, NULL },
};

static support *const FILTERS[] = { archive_read_support_filter_gzip,
                                    archive_read_support_filter_bzip2,
                                    archive_read_support_filter_xz,
                                    archive_read_support_filter_zstd,
                                    archive_read_support_filter_lz4 };

static void close_archive(unpack *u)
{
    if (u->a)
        archive_read_free(u->a);
    u->a = NULL;
}

static st_unpacked open_archive(unpack *u, st_format format)
{
    const st_unpack_order *o = u->o;
    close_archive(u);
    u->at = 0;
    u->ask = SMALL_READ;
    u->a = archive_read_new();
    if (!u->a)
        return ST_U_MEMORY;
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (FORMATS[i].format == format) {
            FORMATS[i].first(u->a);
            if (FORMATS[i].second)
                FORMATS[i].second(u->a);
        }
    for (size_t i = 0; o->filtered && i < sizeof FILTERS / sizeof FILTERS[0]; i++)
        FILTERS[i](u->a);
    for (size_t i = 0; i < o->npasswords; i++)
        archive_read_add_passphrase(u->a, o->passwords[i]);
    if (format == ST_F_TAR)
        archive_read_set_format_option(u->a, "tar", "read_concatenated_archives", "1");
    archive_read_set_read_callback(u->a, give);
    archive_read_set_skip_callback(u->a, skip);
    archive_read_set_seek_callback(u->a, seek);
    archive_read_set_callback_data(u->a, u);
    return archive_read_open1(u->a) < ARCHIVE_WARN ? ST_U_BROKEN : ST_U_OK;
}

/* why it failed: libarchive tells apart only in words */

static bool says(const unpack *u, const char *word)
{
    const char *text = archive_error_string(u->a);
    return text && strcasestr(text, word);
}

static st_unpacked why(const unpack *u)
{
    static const struct {
        const char *word;
        st_unpacked how;
    } WORDS[] = {
        { "passphrase", ST_U_ENCRYPTED },
        { "encrypt", ST_U_ENCRYPTED },
        { "decrypt", ST_U_ENCRYPTED },
        { "allocate", ST_U_MEMORY },
        { "memory", ST_U_MEMORY },
        { "window size", ST_U_MEMORY },
        { "unsupported", ST_U_FOREIGN },
        { "not supported", ST_U_FOREIGN },
        { "not currently supported", ST_U_FOREIGN },
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (says(u, WORDS[i].word))
            return WORDS[i].how;
    return ST_U_BROKEN;
}

/* members */

static bool give_block(const unpack *u, uint64_t offset, const char *p, size_t n)
{
    while (n) {
        size_t take = n < ST_ARCHIVE_BLOCK ? n : ST_ARCHIVE_BLOCK;
        if (!u->io->data(u->io->ctx, offset, p, take))
            return false;
        offset += take;
        p += take;
        n -= take;
    }
    return true;
}

/* Its bytes. fatal: nothing more can be had of the archive as it is open. */
static st_unpacked give_data(unpack *u, uint64_t *end, bool *fatal)
{
    st_unpacked how = ST_U_OK;
    const void *p = NULL;
    size_t n = 0;
    la_int64_t offset = 0;
    for (unsigned idle = 0;;) {
        int r = archive_read_data_block(u->a, &p, &n, &offset);
        if (r == ARCHIVE_EOF)
            return how;
        if (r == ARCHIVE_WARN)
            how = ST_U_DOUBTFUL;
        if (r < ARCHIVE_WARN && r != ARCHIVE_RETRY) {
            *fatal = r == ARCHIVE_FATAL;
            return why(u);
        }
        idle = n ? 0 : idle + 1;
        if (idle > SMALL_READ || offset < 0)
            return ST_U_BROKEN;
        if (n && !give_block(u, (uint64_t)offset, p, n))
            return how;
        *end = (uint64_t)offset + n;
    }
}

static st_str name_of(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    if (!name)
        name = archive_entry_pathname_utf8(entry);
    st_str s = st_str_of(name);
    if (s.n > ST_MAX_MEMBER_NAME)
        s.n = ST_MAX_MEMBER_NAME;
    return s;
}

/* A folder has no bytes. Where a tape archive gives it some, it is a file under a folder's name. */
static bool is_folder(const unpack *u, la_int64_t said)
{
    st_format f = u->o->format;
    return archive_entry_filetype(u->entry) == AE_IFDIR &&
           !(said > 0 && (f == ST_F_TAR || f == ST_F_CPIO));
}

static unsigned flags_of(struct archive_entry *entry)
{
    __LA_MODE_T type = archive_entry_filetype(entry);
    bool plain = type == AE_IFREG || type == AE_IFDIR || type == 0;
    bool link = !plain || (archive_entry_hardlink(entry) && archive_entry_size(entry) == 0);
    return (link ? ST_M_LINK : 0) |
           (archive_entry_is_data_encrypted(entry) ? (unsigned)ST_M_ENCRYPTED : 0);
}

/* A member's stated size is believed only where it says how many zeros follow its last bytes. */
static uint64_t sparse_size(const unpack *u)
{
    la_int64_t size = archive_entry_size(u->entry);
    return u->o->format == ST_F_TAR && archive_entry_sparse_count(u->entry) && size > 0
               ? (uint64_t)size
               : 0;
}

/* What libarchive has unpacked and not given. */
static st_unpacked last_bytes(unpack *u, st_unpacked how, uint64_t at, uint64_t *end)
{
    const char *packed = archive_format_name(u->a);
    bool zip = u->o->format == ST_F_ZIP && packed && strstr(packed, "(deflation)") &&
               !archive_entry_is_data_encrypted(u->entry);
    bool gzip = u->o->format == ST_F_STREAM && archive_filter_count(u->a) == 2 &&
                archive_filter_code(u->a, 0) == ARCHIVE_FILTER_GZIP;
    if (how != ST_U_BROKEN || (!zip && !gzip))
        return how;
    return st_salvage(u->io, zip ? ST_DEFLATE_RAW : ST_DEFLATE_GZIP, zip ? at : 0, end)
               ? ST_U_DOUBTFUL
               : ST_U_BROKEN;
}

static st_unpacked one_member(unpack *u, bool *fatal)
{
    uint64_t at = (uint64_t)archive_filter_bytes(u->a, 0); /* its packed bytes begin there */
    const st_unpack_io *io = u->io;
    unsigned flags = flags_of(u->entry);
    la_int64_t said = archive_entry_size_is_set(u->entry) ? archive_entry_size(u->entry) : 0;
    if (is_folder(u, said) || (io->mine && !io->mine(io->ctx, u->i)))
        return ST_U_OK;
    if (!io->member(io->ctx, u->i, name_of(u->entry), flags, said > 0 ? (uint64_t)said : 0) ||
        (flags & ST_M_LINK))
        return ST_U_OK;
    uint64_t end = 0;
    st_unpacked how = last_bytes(u, give_data(u, &end, fatal), at, &end);
    uint64_t size = how == ST_U_OK ? sparse_size(u) : 0;
    io->ended(io->ctx, how, size > end ? size : 0);
    return how;
}

/* Bytes behind the end of what is compressed as a whole; zeros fill up blocks of tapes. */
static bool goes_on(unpack *u)
{
    int64_t at = archive_filter_bytes(u->a, -1);
    if (u->o->format != ST_F_STREAM || at < 0)
        return false;
    for (uint64_t from = (uint64_t)at; from < u->o->size;) {
        size_t n = u->io->read(u->io->ctx, from, u->block, sizeof u->block);
        if (n == 0 || n > sizeof u->block)
            return false;
        if (u->block[0] || memcmp(u->block, u->block + 1, n - 1) != 0)
            return true;
        from += n;
    }
    return false;
}

static st_unpacked end_of(unpack *u)
{
    if (u->passed)
        return ST_U_BROKEN;
    return goes_on(u) ? ST_U_FOLLOWED : ST_U_OK;
}

/* The next header. How it ended, where there is none. */
static bool next(unpack *u, st_unpacked *how)
{
    for (unsigned tries = 0; tries < SMALL_READ; tries++) {
        int r = archive_read_next_header(u->a, &u->entry);
        if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
            return true;
        u->passed |= r == ARCHIVE_RETRY;
        if (r == ARCHIVE_EOF)
            *how = end_of(u);
        else if (r != ARCHIVE_RETRY)
            *how = why(u);
        if (r != ARCHIVE_RETRY)
            return false;
    }
    *how = ST_U_BROKEN;
    return false;
}

/* Opens the archive again and goes behind the member in hand. */
static bool resume(unpack *u)
{
    st_unpacked how;
    if (u->o->format != ST_F_ZIP || open_archive(u, ST_F_ZIP) != ST_U_OK)
        return false;
    for (uint64_t i = 0; i <= u->i; i++)
        if (!next(u, &how))
            return false;
    return true;
}

static st_unpacked all_members(unpack *u)
{
    st_unpacked how = ST_U_OK;
    unsigned resumed = 0;
    for (; u->i < u->most && next(u, &how); u->i++) {
        bool fatal = false;
        st_unpacked one = one_member(u, &fatal);
        if (fatal && (resumed++ >= ST_MAX_ARCHIVE_RESUMED || !resume(u))) {
            u->i++;
            return one;
        }
    }
    return u->i == u->most && u->most <= ST_MAX_MEMBERS ? ST_U_MEMORY : how;
}

/* what it states, looked at first */

static size_t pull_plain(void *ctx, void *to, size_t n)
{
    unpack *u = ctx;
    size_t got = u->io->read(u->io->ctx, u->at, to, n < SMALL_READ ? n : SMALL_READ);
    if (got > n)
        return 0;
    u->at += got;
    return got;
}

static void skip_plain(void *ctx, uint64_t n)
{
    unpack *u = ctx;
    u->at = n < u->o->size - u->at ? u->at + n : u->o->size;
}

/* Of one that is compressed as a whole; what gives too much for its size is left to the guards of
 * those that read it. */
static size_t pull_unpacked(void *ctx, void *to, size_t n)
{
    unpack *u = ctx;
    if (u->decoded > ST_MAX_ARCHIVE_FREE && u->decoded / ST_MAX_ARCHIVE_RATIO > u->o->size)
        return 0;
    la_ssize_t got = archive_read_data(u->a, to, n);
    if (got <= 0)
        return 0;
    u->decoded += (uint64_t)got;
    return (size_t)got;
}

static void skip_unpacked(void *ctx, uint64_t n)
{
    char waste[SMALL_READ];
    for (size_t got = 1; n && got; n -= got)
        got = pull_unpacked(ctx, waste, n < sizeof waste ? (size_t)n : sizeof waste);
}

static uint64_t cpio_members(unpack *u)
{
    st_unpacked how = ST_U_OK;
    st_pull plain = { u, pull_plain, skip_plain }, unpacked = { u, pull_unpacked, skip_unpacked };
    if (!u->o->filtered)
        return st_cpio_members(&plain);
    bool open = open_archive(u, ST_F_STREAM) == ST_U_OK && next(u, &how);
    return open ? st_cpio_members(&unpacked) : UINT64_MAX;
}

static st_unpacked look_at_bounds(unpack *u)
{
    u->most = ST_MAX_MEMBERS + 1;
    if (u->o->format == ST_F_7Z && !u->o->filtered)
        return st_7z_bounds(u->io, u->o->size);
    uint64_t sound = u->o->format == ST_F_CPIO ? cpio_members(u) : UINT64_MAX;
    if (sound < u->most)
        u->most = sound;
    u->passed = false;
    return ST_U_OK;
}

st_unpacked st_unpack(const st_unpack_order *o, const st_unpack_io *io, uint64_t *members)
{
    unpack *u = calloc(1, sizeof *u);
    *members = 0;
    if (!u)
        return ST_U_MEMORY;
    u->o = o;
    u->io = io;
    st_unpacked how = look_at_bounds(u);
    how = how ? how : open_archive(u, o->format);
    how = how ? how : all_members(u);
    *members = u->i;
    close_archive(u);
    free(u);
    return how;
}
