/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sniff.c - what a file is, told by its bytes. Its name is never asked: logs come as
 * .evt, .bin and .txt, and other things come as .evtx.
 *
 * A log whose file header is gone still has chunks, so a chunk's magic where a chunk
 * belongs counts as much as the file's own. So does one elsewhere that is followed by
 * another, or by the end, where it should be: bytes are missing in front of it. Other
 * chunks lie among bytes that aren't a log's.
 */
#include "evtx/format.h"
#include "ledger.h"
#include "stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER = ST_EVTX_FILE_HEADER,
    SLOT = ST_EVTX_CHUNK,
    HEAD = HEADER + 8,
    WIDE = HEADER + SLOT + 8
};

#define K_EVTX ((st_kind){ .name = "evtx", .evtx = true })
#define K_CHUNKS ((st_kind){ .name = "event log chunks", .evtx = true })

/* What to do about a file that may hold events and isn't opened. */
#define UNPACK "unpack it and name the folder"
#define DECRYPT "decrypt it first"
#define MOUNT "mount it, or export the logs in it"
#define CARVE "mount it, or look through its bytes with --carve"
#define DUMP "look through its bytes with --carve"

typedef struct magic {
    size_t at, n;
    const char *bytes;
    st_kind kind;
} magic;

#define ROW(at, lit, ...)         \
    {                             \
        at, sizeof(lit) - 1, lit, \
        {                         \
            .name = __VA_ARGS__   \
        }                         \
    }

/* Order matters only where one row's bytes begin another's. */
static const magic MAGICS[] = {
    ROW(0, "ElfFile\0", "evtx", .evtx = true),
    ROW(0, "ElfChnk\0", "evtx", .evtx = true),
    ROW(4096, "ElfChnk\0", "evtx", .evtx = true),
    ROW(0, "PK\3\4", "zip archive", .todo = UNPACK),
    ROW(0, "PK\5\6", "zip archive", .todo = UNPACK),
    ROW(0, "PK\7\10", "zip archive", .todo = UNPACK),
    ROW(0, "7z\xbc\xaf\x27\x1c", "7z archive", .todo = UNPACK),
    ROW(0, "Rar!\x1a\7", "RAR archive", .todo = UNPACK),
    ROW(0, "MSCF\0\0\0\0", "cabinet", .todo = UNPACK),
    ROW(0, "MSWIM\0\0\0", "WIM image", .todo = UNPACK),
    ROW(0, "\x1f\x8b\x08", "gzip", .todo = UNPACK),
    ROW(0,
        "\xfd"
        "7zXZ\0",
        "xz", .todo = UNPACK),
    ROW(0, "\x28\xb5\x2f\xfd", "zstd", .todo = UNPACK),
    ROW(0, "BZh", "bzip2", .todo = UNPACK),
    ROW(0, "\x04\x22\x4d\x18", "lz4", .todo = UNPACK),
    ROW(0, "\x02\x21\x4c\x18", "lz4", .todo = UNPACK),     /* its older form */
    ROW(1, "\x2a\x4d\x18", "zstd or lz4", .todo = UNPACK), /* a frame to be skipped comes first */
    ROW(0, "LZIP\1", "lzip", .todo = UNPACK),
    ROW(0, "\x1f\x9d", "compress", .todo = UNPACK),
    ROW(257, "ustar", "tar archive", .todo = UNPACK),
    ROW(0, "070701", "cpio archive", .todo = UNPACK),
    ROW(0, "070702", "cpio archive", .todo = UNPACK),
    ROW(0, "070707", "cpio archive", .todo = UNPACK),
    ROW(0, "ENCRYPTEDACQUIRE", "encrypted acquire container", .todo = DECRYPT),
    ROW(0, "Salted__", "file encrypted with OpenSSL", .todo = DECRYPT),
    ROW(0, "age-encryption.org/", "file encrypted with age", .todo = DECRYPT),
    ROW(0, "-----BEGIN PGP MESSAGE", "PGP message", .todo = DECRYPT),
    ROW(0, "-----BEGIN AGE ENCRYPTED", "file encrypted with age", .todo = DECRYPT),
    ROW(0, "AES\1\0", "file encrypted with AES Crypt", .todo = DECRYPT),
    ROW(0, "AES\2\0", "file encrypted with AES Crypt", .todo = DECRYPT),
    ROW(0, "LUKS\xba\xbe", "LUKS volume", .todo = DECRYPT),
    ROW(3, "-FVE-FS-", "BitLocker volume", .todo = DECRYPT),
    ROW(0, "EVF\x09\x0d\x0a\xff\0", "E01 disk image", .todo = MOUNT),
    ROW(0, "EVF2\x0d\x0a\x81\0", "Ex01 disk image", .todo = MOUNT),
    ROW(0, "LVF\x09\x0d\x0a\xff\0", "L01 image", .todo = MOUNT),
    ROW(0, "ADSEGMENTEDFILE", "AD1 image", .todo = MOUNT),
    ROW(0, "ADLOGICALIMAGE", "AD1 image", .todo = MOUNT),
    ROW(0, "AFF10\r\n", "AFF disk image", .todo = MOUNT),
    ROW(0, "vhdxfile", "VHDX disk image", .todo = CARVE, .carvable = true),
    ROW(0, "conectix", "VHD disk image", .todo = CARVE, .carvable = true),
    ROW(0, "KDMV", "VMDK disk image", .todo = CARVE, .carvable = true),
    ROW(0, "COWD\1\0\0\0", "VMDK disk image", .todo = CARVE, .carvable = true),
    ROW(0, "# Disk DescriptorFile", "VMDK description",
        .todo = "name the disk image that it describes"),
    ROW(0, "QFI\xfb", "qcow2 disk image", .todo = CARVE, .carvable = true),
    ROW(0, "<<< Oracle VM VirtualBox", "VDI disk image", .todo = CARVE, .carvable = true),
    ROW(0, "<<< Sun", "VDI disk image", .todo = CARVE, .carvable = true),
    ROW(3, "NTFS    ", "NTFS volume", .todo = CARVE, .carvable = true),
    ROW(3, "EXFAT   ", "exFAT volume", .todo = CARVE, .carvable = true),
    ROW(512, "EFI PART", "raw disk image", .todo = CARVE, .carvable = true),
    ROW(0, "PAGEDUMP", "memory dump", .todo = DUMP, .carvable = true),
    ROW(0, "PAGEDU64", "memory dump", .todo = DUMP, .carvable = true),
    ROW(0, "EMiL\1\0\0\0", "memory dump", .todo = DUMP, .carvable = true),
    ROW(0, "hibr", "hibernation file", .todo = DUMP, .carvable = true),
    ROW(0, "HIBR", "hibernation file", .todo = DUMP, .carvable = true),
    ROW(0, "MDMP\x93\xa7", "minidump", .todo = DUMP, .carvable = true),
    ROW(0, "SQLite format 3\0", "SQLite database"),
    ROW(0, "regf", "registry hive"),
    ROW(0, "\x30\0\0\0LfLe", "evt log of Windows XP",
        .todo = "convert it to .evtx (wevtutil epl with /lf:true)"),
    ROW(0, "LPKSHHRH", "systemd journal", .todo = "export it with journalctl --file, as JSON"),
    ROW(4, "\xef\xcd\xab\x89", "ESE database"),
    ROW(0, "FILE0", "NTFS file table"),
    ROW(0, "RSTR", "NTFS log"),
    ROW(0, "MAM\4", "prefetch file"),
    ROW(4, "SCCA", "prefetch file"),
    ROW(0, "L\0\0\0\x01\x14\x02\0", "shell link"),
    ROW(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    ROW(0,
        "\x7f"
        "ELF",
        "ELF program"),
    ROW(0, "MZ", "PE program"),
    ROW(0, "%PDF-", "PDF"),
    ROW(0, "\x89PNG", "image"),
    ROW(0, "\xff\xd8\xff", "image"),
    ROW(0, "GIF8", "image"),
    ROW(0, "RIFF", "image"),
    ROW(0, "II*\0", "image"),
    ROW(0, "MM\0*", "image"),
    ROW(0, "OggS", "sound"),
    ROW(0, "ID3", "sound"),
    ROW(4, "ftyp", "video"),
    ROW(0, "\x1a\x45\xdf\xa3", "video"),
    ROW(0, "wOF2", "font"),
    ROW(0, "version https://git-lfs", "pointer of Git LFS",
        .todo = "the log itself isn't here; fetch it (git lfs pull)"),
    ROW(0, "/annex/objects/", "pointer of git-annex",
        .todo = "the log itself isn't here; fetch it (git annex get)"),
    ROW(0, "\xff\xfe", "text"),
    ROW(0, "\xfe\xff", "text"),
    ROW(0, "__CURSOR=", "text"), /* a journal as journalctl exports it, with lengths in between */
};

static const magic *by_magic(const unsigned char *p, size_t n, st_kind *out)
{
    for (size_t i = 0; i < sizeof MAGICS / sizeof MAGICS[0]; i++) {
        const magic *m = &MAGICS[i];
        if (n < m->at + m->n || memcmp(p + m->at, m->bytes, m->n) != 0)
            continue;
        *out = m->kind;
        return m;
    }
    return NULL;
}

/* What a chunk at a sector among the n bytes, which are the file's from `from` on, says of the
 * file. false: there is none. */
static bool by_chunk(st_file *f, const unsigned char *p, size_t n, uint64_t from, st_kind *out)
{
    size_t at, got = 0;
    unsigned char next[8];
    for (at = (HEADER - from % SLOT) % SLOT; at < n; at += SLOT)
        if (st_evtx_is_chunk(p + at, n - at)) {
            *out = K_EVTX;
            return true;
        }
    for (at = 0; at < n && !st_evtx_is_chunk(p + at, n - at);)
        at += ST_EVTX_SECTOR;
    if (at >= n)
        return false;
    uint64_t behind = from + at + SLOT;
    bool in_line = behind >= st_file_size(f) ||
                   (st_file_read(f, behind, next, sizeof next, &got, NULL) == ST_OK &&
                    st_evtx_is_chunk(next, got));
    *out = in_line ? K_EVTX : K_CHUNKS;
    return true;
}

/* Printable UTF-8, as far as was read; a character cut by the end is no fault. */
static bool looks_like_text(const unsigned char *p, size_t n)
{
    st_str s = { (const char *)p, n };
    for (size_t i = 0; i < n;) {
        size_t at = i;
        uint32_t c = st_utf8_next(s, &i);
        if (c == UINT32_MAX && n == HEAD && n - at < 4)
            return true;
        if (c == UINT32_MAX || c == 0x7f)
            return false;
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b)
            return false;
    }
    return n > 0;
}

/* Names that only a record of an event log has, among the statements that made a database's tables.
 */
static const char *const TABLE_WORDS[] = {
    "EventRecordID",       "EventRecordId",     "event_record_id",
    "ProcessGuid",         "process_guid",      "CREATE TABLE timeline",
    "CREATE TABLE events", "CREATE TABLE logs", "evtx",
};

#define HOLDS_ANY(p, n, words) holds_any(p, n, words, sizeof(words) / sizeof(words)[0])

static bool holds_any(const unsigned char *p, size_t n, const char *const *words, size_t nwords)
{
    for (size_t i = 0; i < nwords; i++)
        if (memmem(p, n, words[i], strlen(words[i])))
            return true;
    return false;
}

/* Text without its zeros, which UTF-16 of ASCII and holes of logs have. */
static size_t without_zeros(char *p, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i])
            p[m++] = p[i];
    return m;
}

/* From at on. A word may lie across two parts, so each begins with the last one's end. */
static st_code look_further(st_file *f, uint64_t at, st_str head, char *p, bool *found,
                            st_kind *out, st_err *err)
{
    enum { LAP = 512 };
    size_t n = 0, kept = 0;
    for (; !*found; at += n) {
        uint64_t data = st_file_data(f, at);
        if (data == UINT64_MAX)
            return ST_OK;
        at = data > at ? data : at;
        st_code code = st_file_read(f, at, p + kept, SLOT, &n, err);
        if (code || !n)
            return code;
        size_t m = kept + without_zeros(p + kept, n);
        st_str part = { p, m };
        if (!st_str_trim(head).n) /* it begins with blanks: what follows is its head */
            *found = st_tell_carrier(part, part, out);
        else
            *found = st_tell_carrier(head, part, out);
        kept = m < LAP ? m : LAP;
        memmove(p, p + m - kept, kept);
    }
    return ST_OK;
}

/* Text: events, or any other; *found: the first. */
static st_code tell_text(st_file *f, bool *found, st_kind *out, st_err *err)
{
    char *p = malloc((size_t)SLOT * 3);
    size_t n = 0;
    if (!p)
        return st_fail(err, ST_E_MEMORY, "no memory to look at a file");
    st_code code = st_file_read(f, 0, p, SLOT, &n, err);
    st_str head = { p, without_zeros(p, n) };
    *found = !code && st_tell_carrier(head, head, out);
    bool may = !code && !*found && st_may_go_on(head);
    if (may && n == SLOT)
        code = look_further(f, SLOT - 512, head, p + SLOT, found, out, err);
    if (!*found)
        *out = (st_kind){ .name = "text", .guessed = may || n < SLOT, .goes_on = may };
    free(p);
    return code;
}

/* A database whose tables are seen, and none of them holds events, is another program's. */
static void tell_database(const unsigned char *p, size_t n, st_kind *out)
{
    bool seen = memmem(p, n, "CREATE TABLE", 12) != NULL;
    if (!seen || HOLDS_ANY(p, n, TABLE_WORDS))
        out->todo = "export its events, or name the evidence that it was made of";
}

/* Bytes of which each value comes about equally often are compressed or encrypted: the sum of
 * squares over 4 KiB is 16 a value on average, and of anything with a structure far more. */
static bool looks_random(const unsigned char *p, size_t n)
{
    enum { LEAST = 4096, MOST = 256 * (16 * 16 + 16) * 5 / 4 };
    unsigned count[256] = { 0 };
    uint64_t sum = 0;
    if (n < LEAST)
        return false;
    for (size_t i = 0; i < LEAST; i++)
        count[p[i]]++;
    for (size_t i = 0; i < 256; i++)
        sum += (uint64_t)count[i] * count[i];
    return sum < MOST;
}

/* The descriptors of a volume stand behind 32 KiB that are the system's, one a sector: ISO 9660's
 * first, UDF's between BEA01 and TEA01 (ECMA-167, part 2). */
static bool descriptor_is(st_file *f, unsigned sector, const char *name)
{
    enum { FIRST = 16, SECTOR = 2048, NAME = 5 };
    unsigned char found[NAME];
    size_t got = 0;
    return st_file_read(f, (uint64_t)(FIRST + sector) * SECTOR + 1, found, sizeof found, &got,
                        NULL) == ST_OK &&
           got == sizeof found && memcmp(found, name, sizeof found) == 0;
}

static bool volume_is(st_file *f, const char *name)
{
    return descriptor_is(f, 0, name);
}

bool st_iso_has_udf(st_file *f)
{
    enum { MOST = 32 };
    bool udf = false;
    for (unsigned i = 1; i < MOST && !udf; i++)
        udf = descriptor_is(f, i, "NSR02") || descriptor_is(f, i, "NSR03");
    return udf;
}

/* A header of tar, with or without a magic: its checksum is right. The published format: POSIX
 * 1003.1, pax. */
static bool is_tar(const unsigned char *p, size_t n)
{
    enum { BLOCK = 512, AT = 148, DIGITS = 8 };
    unsigned sum = 0, said = 0, digits = 0;
    if (n < BLOCK || p[0] == 0)
        return false;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= AT && i < AT + DIGITS ? ' ' : p[i];
    for (size_t i = AT; i < AT + DIGITS; i++) {
        if (p[i] >= '0' && p[i] <= '7') {
            said = said * 8 + (unsigned)(p[i] - '0');
            digits++;
        } else if (digits || p[i] != ' ') {
            break;
        }
    }
    return digits > 1 && said == sum;
}

/* UTF-16 without a mark: its beginning is ASCII. */
static bool looks_like_utf16(const unsigned char *p, size_t n)
{
    enum { LOOK = 64 };
    if (n < LOOK || n % 2 != 0 || (!p[0] == !p[1]))
        return false;
    size_t high = p[0] == 0 ? 0 : 1;
    for (size_t i = 0; i < LOOK; i += 2) {
        unsigned char c = p[i + 1 - high];
        if (p[i + high] || c >= 0x7f || (c < 0x20 && !memchr("\t\r\n", c, 3)))
            return false;
    }
    return true;
}

/* Text with some bytes in it that are none: of another character set, or of a disk that lost power.
 */
static bool is_mostly_text(const unsigned char *p, size_t n)
{
    size_t odd = 0;
    for (size_t i = 0; i < n; i++)
        odd += (p[i] < 0x20 && !memchr("\t\n\r\f", p[i], 4)) || p[i] >= 0x7f;
    return odd < n / 8;
}

/* Bytes that a text may begin with as well tell nothing of one. */
static bool is_printable(const magic *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->bytes[i] < 0x20 || m->bytes[i] > 0x7e)
            return false;
    return true;
}

static bool all_zero(const unsigned char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A log in lines that was emptied while its writer went on begins with a hole. */
static st_code text_behind_zeros(st_file *f, unsigned char *buf, size_t n, st_kind *out,
                                 st_err *err)
{
    bool found = false;
    st_kind text = { 0 };
    st_str s = { (char *)buf, without_zeros((char *)buf, n) };
    if (!is_mostly_text(buf, s.n) || !st_may_go_on(s))
        return ST_OK;
    char *p = malloc((size_t)SLOT * 2);
    if (!p)
        return st_fail(err, ST_E_MEMORY, "no memory to look at a file");
    st_code code = look_further(f, 0, s, p, &found, &text, err);
    if (found)
        *out = text;
    free(p);
    return code;
}

/* A file that begins with zeros: a log that lost its beginning, or space laid aside. */
static st_code behind_zeros(st_file *f, unsigned char *buf, st_kind *out, st_err *err)
{
    uint64_t size = st_file_size(f);
    bool zeros = true;
    unsigned slots = 0;
    for (uint64_t at = 0; at < size && zeros; at += SLOT) {
        size_t got = 0;
        uint64_t data = st_file_data(f, at);
        if (data >= size)
            break;
        at = data > at ? data / SLOT * SLOT : at;
        if (slots++ >= ST_MAX_ZERO_SCAN) {
            zeros = false;
            break;
        }
        st_code code = st_file_read(f, at, buf, SLOT, &got, err);
        if (code)
            return code;
        zeros = all_zero(buf, got);
        if (!zeros && by_chunk(f, buf, got, at, out))
            return ST_OK;
        if (!zeros)
            return text_behind_zeros(f, buf, got, out, err);
    }
    if (zeros)
        *out = (st_kind){ .name = "zeros", .zeros = true };
    return ST_OK;
}

/* What no first bytes tell: chunks behind something else, a raw disk, bytes of no structure. */
static void tell_rest(st_file *f, const unsigned char *p, size_t n, st_kind *out)
{
    if (by_chunk(f, p, n, 0, out))
        return;
    if (n > 512 && p[510] == 0x55 && p[511] == 0xaa)
        *out =
            (st_kind){ .name = "raw disk image", .todo = CARVE, .carvable = true, .guessed = true };
    else if (looks_random(p, n))
        *out = (st_kind){ .name = "compressed or encrypted file",
                          .todo = "unpack or decrypt it first",
                          .carvable = true,
                          .guessed = true };
}

static st_code look_wider(st_file *f, bool zeros, st_kind *out, st_err *err)
{
    unsigned char *buf = malloc(WIDE);
    size_t got = 0;
    if (!buf)
        return st_fail(err, ST_E_MEMORY, "no memory to look at a file");
    st_code code = ST_OK;
    if (zeros)
        code = behind_zeros(f, buf, out, err);
    else
        code = st_file_read(f, 0, buf, WIDE, &got, err);
    if (!code && got && st_str_eq(st_str_of(out->name), ST_STR("SQLite database")))
        tell_database(buf, got, out);
    else if (!code && got)
        tell_rest(f, buf, got, out);
    free(buf);
    return code;
}

/* Is it to be looked at as text, too? *sure: it is one, whether there are events in it or not. */
static bool may_be_text(const unsigned char *p, size_t n, const magic *known, bool *sure)
{
    bool text = looks_like_text(p, n) || looks_like_utf16(p, n);
    *sure = known ? strcmp(known->kind.name, "text") == 0 : text;
    return *sure || (known ? text && is_printable(known) : is_mostly_text(p, n));
}

static st_code tell(st_file *f, const unsigned char *head, size_t n, st_kind *out, st_err *err)
{
    st_kind text = { 0 };
    const magic *known = by_magic(head, n, out);
    bool sure = false, found = false, zeros = all_zero(head, n);
    if (known && memcmp(head, "SQLite", 6) == 0)
        return look_wider(f, false, out, err);
    if (may_be_text(head, n, known, &sure)) {
        st_code code = tell_text(f, &found, &text, err);
        if (found || sure || code) {
            *out = text;
            return code;
        }
    }
    if (known)
        return ST_OK;
    if (is_tar(head, n))
        *out = (st_kind){ .name = "tar archive", .todo = UNPACK };
    else if (volume_is(f, "CD001"))
        *out = (st_kind){ .name = "ISO image", .todo = UNPACK };
    else if (volume_is(f, "BEA01"))
        *out = (st_kind){ .name = "UDF image", .todo = MOUNT };
    else
        return look_wider(f, zeros, out, err);
    return ST_OK;
}

static st_code sniff(st_file *f, st_kind *out, st_err *err)
{
    unsigned char head[HEAD];
    size_t n = 0;
    *out = (st_kind){ .name = "unknown", .carvable = true, .guessed = true };
    st_code code = st_file_read(f, 0, head, sizeof head, &n, err);
    if (code)
        return code;
    if (n == 0 && st_file_size(f)) {
        errno = EIO;
        return st_fail(err, ST_E_IO, "its first bytes can't be read");
    }
    if (n == 0) {
        *out = (st_kind){ .name = "empty", .empty = true };
        return ST_OK;
    }
    if (st_is_casedb(head, n)) {
        *out = (st_kind){ .name = "case database", .todo = "write it anew with this version" };
        return ST_OK;
    }
    return tell(f, head, n, out, err);
}

/* What libarchive can open, by the kind's name. */
static st_format format_of(const char *kind)
{
    static const struct {
        const char *kind;
        st_format format;
    } ROWS[] = {
        { "case database", ST_F_CASEDB }, { "zip archive", ST_F_ZIP },
        { "7z archive", ST_F_7Z },        { "RAR archive", ST_F_RAR },
        { "cabinet", ST_F_CAB },          { "ISO image", ST_F_ISO },
        { "tar archive", ST_F_TAR },      { "cpio archive", ST_F_CPIO },
        { "gzip", ST_F_STREAM },          { "xz", ST_F_STREAM },
        { "zstd", ST_F_STREAM },          { "bzip2", ST_F_STREAM },
        { "lz4", ST_F_STREAM },           { "zstd or lz4", ST_F_STREAM },
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (strcmp(ROWS[i].kind, kind) == 0)
            return ROWS[i].format;
    return ST_F_NONE;
}

st_code st_sniff(st_file *f, st_kind *out, st_err *err)
{
    st_code code = sniff(f, out, err);
    if (!code && strcmp(out->name, "PE program") == 0 && st_zip_ends(f))
        *out = (st_kind){ .name = "zip archive", .todo = UNPACK };
    if (!code)
        out->format = format_of(out->name);
    return code;
}
