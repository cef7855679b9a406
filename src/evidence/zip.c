/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zip.c - does a zip's directory tell of all that is in the zip?
 *
 * Readers go by the directory at the end of the file. A second one, an entry left out of it, an
 * entry that is called a folder or a link: what it doesn't tell of is there, and nobody sees it.
 * PKWARE's APPNOTE.TXT, 4.3 and 4.5.3.
 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOCAL = 30,       /* bytes of a local header without its name */
    ENTRY = 46,       /* of an entry of the directory */
    END = 22,         /* of its end record */
    END64 = 56,       /* of the same with 64 bits */
    LOCATOR = 20,     /* of what says where that is */
    LONGEST = 65535,  /* a comment */
    SLACK = 128,      /* bytes between entries that no log fits in */
    LARGE_GAP = 4096, /* that there is no honest reason for */
    LONG_LINK = 4096  /* bytes of a link's target */
};

typedef struct place {
    uint64_t from;    /* of its local header */
    uint64_t end;     /* of its packed bytes, if its local header is as long as its entry */
    uint64_t packed;  /* their number, as the directory has it */
    bool may_be_more; /* sizes stand in 64 bits that couldn't be read */
} place;

typedef struct zip {
    st_file *f;
    uint64_t size;
    uint64_t directory, directory_size, entries; /* directory: its place in the file */
    uint64_t before;                             /* bytes in front of the zip itself */
    place *places;
    size_t n, cap;
    uint64_t at; /* of what is in the block */
    size_t filled;
    unsigned char block[65536];
} zip;

static uint64_t number(const unsigned char *p, unsigned n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* n bytes at offset, which stay until the next call; NULL: they aren't there. */
static const unsigned char *get(zip *z, uint64_t offset, size_t n)
{
    if (n > sizeof z->block || offset > z->size || n > z->size - offset)
        return NULL;
    if (offset < z->at || offset + n > z->at + z->filled) {
        z->at = offset;
        z->filled = 0;
        if (st_file_read(z->f, offset, z->block, sizeof z->block, &z->filled, NULL) != ST_OK)
            z->filled = 0;
    }
    return n <= z->filled ? z->block + (offset - z->at) : NULL;
}

/* the end */

/* Its 64-bit form stands in front of the end record, and a locator between them. */
static void take_end64(zip *z, uint64_t end)
{
    const unsigned char *p = end >= LOCATOR ? get(z, end - LOCATOR, LOCATOR) : NULL;
    if (!p || memcmp(p, "PK\6\7", 4) != 0 || end < LOCATOR + END64)
        return;
    uint64_t at = number(p + 8, 8), usual = end - LOCATOR - END64;
    p = get(z, usual, END64);
    if (p && memcmp(p, "PK\6\6", 4) == 0)
        at = usual;
    else if (!(p = get(z, at, END64)) || memcmp(p, "PK\6\6", 4) != 0)
        return;
    z->entries = number(p + 32, 8);
    z->directory_size = number(p + 40, 8);
    z->before = number(p + 48, 8);
    z->directory = at;
}

/* Where an end record is that fits: the last one, as readers take it. */
static bool find_end(zip *z)
{
    uint64_t first = z->size > END + LONGEST ? z->size - END - LONGEST : 0;
    for (uint64_t at = z->size - END + 1; at-- > first;) {
        const unsigned char *p = get(z, at > 4096 ? at - 4096 : 0, 4096 + END);
        p = p ? p + (at > 4096 ? 4096 : at) : get(z, at, END);
        if (!p || memcmp(p, "PK\5\6", 4) != 0 || at + END + number(p + 20, 2) > z->size)
            continue;
        z->entries = number(p + 10, 2);
        z->directory_size = number(p + 12, 4);
        z->before = number(p + 16, 4);
        z->directory = at;
        if (z->entries == 0xffff || z->directory_size == UINT32_MAX || z->before == UINT32_MAX)
            take_end64(z, at);
        if (z->directory_size > z->directory)
            continue;
        z->directory -= z->directory_size; /* its end is known; what it says of its place differs */
        if (z->before > z->directory)
            continue;
        z->before = z->directory - z->before;
        return true;
    }
    return false;
}

/* entries */

/* Sizes and a place that don't fit into 32 bits: in this order, those that are needed. */
static bool take_long(const unsigned char *extra, size_t n, uint64_t *size, uint64_t *packed,
                      uint64_t *from)
{
    uint64_t *const need[] = { size, packed, from };
    while (n >= 4) {
        size_t len = (size_t)number(extra + 2, 2);
        const unsigned char *p = extra + 4, *end = p + (len <= n - 4 ? len : n - 4);
        if (number(extra, 2) != 1) {
            n -= (size_t)(end - extra);
            extra = end;
            continue;
        }
        for (size_t i = 0; i < 3; i++) {
            if (*need[i] != UINT32_MAX)
                continue;
            if (end - p < 8)
                return false;
            *need[i] = number(p, 8);
            p += 8;
        }
        return true;
    }
    return *size != UINT32_MAX && *packed != UINT32_MAX && *from != UINT32_MAX;
}

/* Is something called a folder or a link that has the bytes of a file? */
static bool is_misnamed(const unsigned char *entry, const unsigned char *name, size_t n,
                        uint64_t size)
{
    enum { UNIX = 3, DOS_FOLDER = 0x10, KIND = 0170000, FOLDER = 0040000, LINK = 0120000 };
    unsigned mode = (unsigned)number(entry + 40, 2);
    bool on_unix = entry[5] == UNIX;
    bool folder = (n && (name[n - 1] == '/' || name[n - 1] == '\\')) ||
                  (!on_unix && (entry[38] & DOS_FOLDER)) || (on_unix && (mode & KIND) == FOLDER);
    bool link = on_unix && (mode & KIND) == LINK;
    return (folder && size) || (link && size > LONG_LINK);
}

/* The entry at *at, which is put behind it. False: there is none. */
static bool take_entry(zip *z, uint64_t *at, const char **why)
{
    const unsigned char *p = get(z, *at, ENTRY);
    if (!p || memcmp(p, "PK\1\2", 4) != 0)
        return false;
    size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2),
           comment = (size_t)number(p + 32, 2);
    uint64_t packed = number(p + 20, 4), size = number(p + 24, 4), from = number(p + 42, 4);
    p = get(z, *at + ENTRY + name, extra);
    bool known = p && take_long(p, extra, &size, &packed, &from);
    p = get(z, *at, ENTRY + name);
    if (p && known && is_misnamed(p, p + ENTRY, name, size))
        *why = "it has members that are marked as folders or links, and hold a file's bytes";
    if (!st_grow(&z->places, &z->cap, z->n + 1, sizeof *z->places))
        return false;
    from += z->before;
    uint64_t head = from < z->size ? from + LOCAL + name : z->size;
    z->places[z->n++] =
        (place){ from, packed < z->size - head ? head + packed : z->size, packed, !known };
    *at += ENTRY + name + extra + comment;
    return true;
}

static int by_place(const void *pa, const void *pb)
{
    const place *a = pa, *b = pb;
    return a->from < b->from ? -1 : a->from > b->from;
}

/* gaps */

/* Does a member begin at, or near, an offset? A descriptor of sizes may stand in front of it. */
static bool member_near(zip *z, uint64_t offset)
{
    enum { LOOK = 64 };
    uint64_t left = offset < z->size ? z->size - offset : 0;
    size_t n = left < LOOK ? (size_t)left : LOOK;
    const unsigned char *p = n ? get(z, offset, n) : NULL;
    return p && memmem(p, n, "PK\3\4", 4);
}

static bool is_zero(zip *z, uint64_t offset, size_t n)
{
    const unsigned char *p = get(z, offset, n);
    return !p || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* The bytes between a member and what comes next. */
static bool hides_behind(zip *z, const place *x, uint64_t next)
{
    const unsigned char *p = get(z, x->from, LOCAL);
    if (next <= x->end + SLACK || x->may_be_more || !p || memcmp(p, "PK\3\4", 4) != 0)
        return false;
    uint64_t end = x->from + LOCAL + number(p + 26, 2) + number(p + 28, 2) + x->packed;
    if (next <= end || next - end < SLACK)
        return false;
    return member_near(z, end) || (next - end >= LARGE_GAP && !is_zero(z, end, 64));
}

/* A zip begins with its first member, or with the mark of one that was split. */
static bool hides_in_front(zip *z, uint64_t first)
{
    return first > SLACK && member_near(z, 0);
}

static const char *look(zip *z)
{
    const char *why = NULL;
    uint64_t at = z->directory;
    while (z->n < z->entries && z->n < ST_MAX_MEMBERS && take_entry(z, &at, &why))
        continue;
    if (why)
        return why;
    if (z->n < z->entries && z->n < ST_MAX_MEMBERS)
        return "its directory has fewer entries than it says";
    if (z->n)
        qsort(z->places, z->n, sizeof *z->places, by_place);
    bool hides = hides_in_front(z, z->n ? z->places[0].from : z->directory);
    for (size_t i = 0; i < z->n && !hides; i++)
        hides = hides_behind(z, &z->places[i], i + 1 < z->n ? z->places[i + 1].from : z->directory);
    return hides ? "it has members that its directory leaves out" : NULL;
}

const char *st_zip_hides(st_file *f)
{
    zip *z = calloc(1, sizeof *z);
    const char *why = NULL;
    if (!z)
        return NULL;
    z->f = f;
    z->size = st_file_size(f);
    if (z->size >= END && find_end(z))
        why = look(z);
    free(z->places);
    free(z);
    return why;
}

bool st_zip_ends(st_file *f)
{
    enum { MOST = END + LONGEST };
    uint64_t size = st_file_size(f), take = size < MOST ? size : MOST;
    unsigned char *buf = malloc(MOST);
    size_t got = 0;
    bool ends = false;
    if (buf && size >= END &&
        st_file_read(f, size - take, buf, (size_t)take, &got, NULL) == ST_OK && got >= END)
        for (size_t i = got - END + 1; !ends && i-- > 0;)
            ends = memcmp(buf + i, "PK\5\6", 4) == 0 && i + END + number(buf + i + 20, 2) <= got;
    free(buf);
    return ends;
}
