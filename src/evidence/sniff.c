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
    ROW(0, "PK\3\4", "zip archive"),
    ROW(0, "PK\5\6", "zip archive"),
    ROW(0, "PK\7\10", "zip archive"),
    ROW(0, "7z\xbc\xaf\x27\x1c", "7z archive"),
    ROW(0, "Rar!\x1a\7", "RAR archive"),
    ROW(0, "MSCF\0\0\0\0", "cabinet"),
    ROW(0, "MSWIM\0\0\0", "WIM image"),
    ROW(0, "\x1f\x8b\x08", "gzip"),
    ROW(0,
        "\xfd"
        "7zXZ\0",
        "xz"),
    ROW(0, "\x28\xb5\x2f\xfd", "zstd"),
    ROW(0, "BZh", "bzip2"),
    ROW(0, "\x04\x22\x4d\x18", "lz4"),
    ROW(257, "ustar", "tar archive"),
    ROW(0, "ENCRYPTEDACQUIRE", "encrypted acquire container"),
    ROW(0, "EVF\x09\x0d\x0a\xff\0", "E01 disk image"),
    ROW(0, "EVF2\x0d\x0a\x81\0", "Ex01 disk image"),
    ROW(0, "vhdxfile", "VHDX disk image", .carvable = true),
    ROW(0, "conectix", "VHD disk image", .carvable = true),
    ROW(0, "KDMV", "VMDK disk image", .carvable = true),
    ROW(0, "# Disk DescriptorFile", "VMDK description"),
    ROW(0, "QFI\xfb", "qcow2 disk image", .carvable = true),
    ROW(3, "NTFS    ", "NTFS volume", .carvable = true),
    ROW(0, "PAGEDUMP", "memory dump", .carvable = true),
    ROW(0, "PAGEDU64", "memory dump", .carvable = true),
    ROW(0, "MDMP\x93\xa7", "minidump", .carvable = true),
    ROW(0, "SQLite format 3\0", "SQLite database"),
    ROW(0, "regf", "registry hive"),
    ROW(0, "\x30\0\0\0LfLe", "evt log of Windows XP"),
    ROW(0, "LPKSHHRH", "systemd journal"),
    ROW(4, "\xef\xcd\xab\x89", "ESE database"),
    ROW(0, "FILE0", "NTFS file table"),
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
    ROW(0, "\xff\xfe", "text"),
    ROW(0, "\xfe\xff", "text"),
};

static bool by_magic(const unsigned char *p, size_t n, st_kind *out)
{
    for (size_t i = 0; i < sizeof MAGICS / sizeof MAGICS[0]; i++) {
        const magic *m = &MAGICS[i];
        if (n < m->at + m->n || memcmp(p + m->at, m->bytes, m->n) != 0)
            continue;
        *out = m->kind;
        return true;
    }
    return false;
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

static bool all_zero(const unsigned char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
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
    }
    if (zeros)
        *out = (st_kind){ .name = "empty", .empty = true };
    return ST_OK;
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
    if (!code && got)
        by_chunk(f, buf, got, 0, out);
    free(buf);
    return code;
}

st_code st_sniff(st_file *f, st_kind *out, st_err *err)
{
    unsigned char head[HEAD];
    size_t n = 0;
    *out = (st_kind){ .name = "unknown", .carvable = true };
    st_code code = st_file_read(f, 0, head, sizeof head, &n, err);
    if (code)
        return code;
    if (n == 0) {
        *out = (st_kind){ .name = "empty", .empty = true };
        return ST_OK;
    }
    if (by_magic(head, n, out))
        return ST_OK;
    if (looks_like_text(head, n)) {
        *out = (st_kind){ .name = "text" };
        return ST_OK;
    }
    return look_wider(f, all_zero(head, n), out, err);
}
