/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_archive.c - any bytes as an archive, read as the confined child reads it. The first byte
 * says as which: its low bits the format, 0x80 that it is compressed as a whole, 0x40 that a zip is
 * read without its directory. Asserts that what is given has rising places, within its bound, and
 * belongs to a member that was asked for.
 *
 * Headers say how long a name is (cpio) or how many members there are (7z), and libarchive asks for
 * as much memory before it reads on: eight gigabytes for a 7z of sixty bytes. The confined child
 * may not have so much, so such a request fails there; it fails here, too.
 */
#include "evidence/ledger.h"
#include "base/limits.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void); /* NOLINT(bugprone-reserved-identifier): ASan's name */

enum { MOST = 1 << 22 };

const char *__asan_default_options(void) /* NOLINT(bugprone-reserved-identifier) */
{
    return "max_allocation_size_mb=1024:allocator_may_return_null=1";
}

typedef struct seen {
    const uint8_t *p;
    size_t n;
    uint64_t end, total, last;
    bool any, open;
} seen;

static size_t give(void *ctx, uint64_t offset, void *to, size_t n)
{
    const seen *s = ctx;
    size_t left = offset < s->n ? s->n - (size_t)offset : 0;
    if (n > left)
        n = left;
    if (n)
        memcpy(to, s->p + offset, n);
    return n;
}

static bool member(void *ctx, uint64_t i, st_str name, unsigned flags, uint64_t size)
{
    seen *s = ctx;
    (void)flags;
    (void)size;
    if ((s->any && i <= s->last) || name.n > ST_MAX_MEMBER_NAME)
        abort();
    s->any = s->open = true;
    s->last = i;
    s->end = 0;
    return i % 4 != 3; /* some aren't wanted */
}

static bool take(void *ctx, uint64_t offset, const void *p, size_t n)
{
    seen *s = ctx;
    volatile unsigned char sum = 0;
    if (!s->open || offset < s->end || n == 0 || n > ST_ARCHIVE_BLOCK)
        abort();
    for (size_t i = 0; i < n; i += 512)
        sum = (unsigned char)(sum + ((const unsigned char *)p)[i]);
    s->end = offset + n;
    s->total += n;
    return s->total < MOST;
}

static void ended(void *ctx, st_unpacked how, uint64_t size)
{
    seen *s = ctx;
    if (!s->open || how > ST_U_MEMORY || (size && size < s->end))
        abort();
    s->open = false;
}

/* Whatever the format: it is told by the end alone. */
static void look_at_directory(const uint8_t *p, size_t n)
{
    st_source s = { .bytes = p, .size = n };
    st_file *f = NULL;
    if (st_file_open(&s, &f, NULL) == ST_OK)
        st_zip_hides(f);
    st_file_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passwords[] = { "secret" };
    uint64_t members = 0;
    if (size < 1)
        return 0;
    seen s = { .p = data + 1, .n = size - 1 };
    st_unpack_order o = { .format = (st_format)(1 + (data[0] & 7)),
                          .filtered = (data[0] & 0x80) != 0 || (data[0] & 7) == ST_F_STREAM - 1,
                          .size = size - 1,
                          .passwords = passwords,
                          .npasswords = 1 };
    st_unpack_io io = { .ctx = &s, .read = give, .member = member, .data = take, .ended = ended };
    if (o.format == ST_F_ZIP && (data[0] & 0x40))
        o.format = ST_F_ZIP_STREAM;
    st_unpack(&o, &io, &members);
    look_at_directory(data + 1, size - 1);
    return 0;
}
