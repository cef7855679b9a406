/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* casedb_pages.c - a table's or an index's b-tree, written from the first row to the last. */
#include "casedb_pages.h"

#include "base/os/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers of the file format. */
enum {
    LEAF = 13,
    NODE = 5, /* above leaves */
    INDEX_LEAF = 10,
    INDEX_NODE = 2,
    LEAF_HEAD = 8,  /* bytes in front of a leaf's places of cells */
    NODE_HEAD = 12, /* a node's, with its last child */
    PLACE = 2,      /* bytes of a cell's place */
    PAGE_NUMBER = 4,
    MOST_VARINT = 9,
    CHANGES = 24,   /* in the file's header: its change counter */
    PAGES = 28,     /* its count of pages */
    VALID_FOR = 92, /* the change counter that the count was written with */
    HEADER = 100,
};
/* Bytes of a value or a row that SQLite reads unless it was built for more (SQLITE_MAX_LENGTH). */
#define MOST_ROW ((size_t)1000000000)
#define LOCK_BYTE (UINT32_C(1) << 30) /* the page that it is in holds nothing */

/* Bytes that are written at once, so few that they are still in a processor's second cache; and
 * those that the disk is told of at once. */
enum { HELD = 1 << 18, TOLD = 1 << 23 };

typedef struct child {
    uint32_t page;
    int64_t last; /* row in it or below it; of an index, where in `keys` the entry behind it is */
} child;

/* A row or an entry before it is written. */
typedef struct record {
    const st_raw *cells;
    size_t n;
    const unsigned char *types, *widths; /* of its header; by cell, of numbers */
    unsigned char length[MOST_VARINT];   /* of its header, as that says it */
    size_t nlength, ntypes, nvalues, size;
} record;

struct st_pages {
    int fd, error;
    bool index;
    uint32_t size, root, count;
    unsigned char *held; /* pages behind each other, the last of which is number `count` */
    size_t nheld;
    uint32_t first_held;
    uint64_t told;           /* the disk knows of what is before this byte of the file */
    unsigned char *leaf;     /* the one that is filled */
    uint32_t cells, content; /* its cells; where the last one begins */
    size_t nlast;            /* of an index: the last one's bytes */
    int64_t row;
    child *children;
    size_t n, cap;
    record record; /* the one that is put */
    st_buf types, widths;
    st_buf payload; /* one that is too long for a page */
    st_buf keys;    /* of an index: entries that part pages, each with its length in front */
};

static void fail(st_pages *p, int error)
{
    if (!p->error)
        p->error = error;
}

/* numbers, most significant byte first */

static void put_be(unsigned char *to, uint64_t v, size_t n)
{
    while (n--) {
        to[n] = (unsigned char)v;
        v >>= 8;
    }
}

/* 1 to 9 bytes of seven bits, the ninth of eight; their count. */
static size_t put_varint(unsigned char *to, uint64_t v)
{
    size_t n = 1;
    if (v >> 56) {
        to[8] = (unsigned char)v;
        v >>= 8;
        for (size_t i = 8; i--; v >>= 7)
            to[i] = (unsigned char)(v | 0x80);
        return MOST_VARINT;
    }
    for (uint64_t rest = v >> 7; rest; rest >>= 7)
        n++;
    for (size_t i = n; i--; v >>= 7)
        to[i] = (unsigned char)((v & 0x7f) | (i + 1 < n ? 0x80 : 0));
    return n;
}

/* records */

/* The serial type of a number and the bytes that it takes. */
static unsigned char int_type(int64_t v, unsigned char *width)
{
    static const unsigned char TYPES[9] = { 0, 1, 2, 3, 4, 5, 5, 6, 6 }; /* by bytes */
    static const unsigned char WIDTHS[9] = { 0, 1, 2, 3, 4, 6, 6, 8, 8 };
    if (v == 0 || v == 1)
        return v ? 9 : 8;
    uint64_t u = (uint64_t)(v < 0 ? ~v : v) << 1 | 1; /* with a bit for the sign */
    unsigned bytes = (71 - (unsigned)__builtin_clzll(u)) / 8;
    *width = WIDTHS[bytes];
    return TYPES[bytes];
}

/* What the types of a record's header say, but for texts and blobs; width: of a number's value. */
static unsigned char fixed_type(const st_raw *c, unsigned char *width)
{
    *width = 0;
    if (c->kind == ST_RAW_INT)
        return int_type(c->i, width);
    if (c->kind == ST_RAW_NULL)
        return 0;
    *width = 8;
    return 7;
}

static bool has_bytes(const st_raw *c)
{
    return c->kind == ST_RAW_TEXT || c->kind == ST_RAW_BLOB;
}

/* Measures the record that the cells make: its header's types go to p->types, the widths of its
 * numbers to p->widths. false: it failed. */
static bool measure(st_pages *p, const st_raw *cells, size_t n)
{
    record *r = &p->record;
    unsigned char *to = (unsigned char *)st_buf_room(&p->types, n * MOST_VARINT);
    unsigned char *widths = (unsigned char *)st_buf_room(&p->widths, n);
    if (!to || !widths) {
        fail(p, ENOMEM);
        return false;
    }
    *r = (record){ .cells = cells, .n = n, .types = to, .widths = widths };
    for (size_t i = 0; i < n; i++) {
        if (has_bytes(&cells[i])) {
            r->nvalues += cells[i].s.n;
            to += put_varint(to, (uint64_t)cells[i].s.n * 2 + 12 + (cells[i].kind == ST_RAW_TEXT));
        } else {
            *to++ = fixed_type(&cells[i], &widths[i]);
            r->nvalues += widths[i];
        }
    }
    r->ntypes = (size_t)(to - r->types);
    do
        r->nlength++;
    while (put_varint(r->length, r->ntypes + r->nlength) != r->nlength);
    r->size = r->nlength + r->ntypes + r->nvalues;
    if (r->nvalues > MOST_ROW || r->size > MOST_ROW)
        fail(p, EFBIG);
    return !p->error;
}

/* The record that was measured: the header with its own length in front, then the values. */
static void put_record(unsigned char *to, const record *r)
{
    memcpy(to, r->length, r->nlength);
    to += r->nlength;
    memcpy(to, r->types, r->ntypes);
    to += r->ntypes;
    for (size_t i = 0; i < r->n; i++) {
        const st_raw *c = &r->cells[i];
        uint64_t bits = (uint64_t)c->i;
        if (has_bytes(c)) {
            if (c->s.n)
                memcpy(to, c->s.p, c->s.n);
            to += c->s.n;
            continue;
        }
        if (c->kind == ST_RAW_REAL)
            memcpy(&bits, &c->r, sizeof bits);
        put_be(to, bits, r->widths[i]);
        to += r->widths[i];
    }
}

/* pages */

static void write_at(st_pages *p, const unsigned char *from, size_t n, uint64_t at)
{
    while (n && !p->error) {
        ssize_t got = pwrite(p->fd, from, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fail(p, got ? errno : ENOSPC);
            return;
        }
        from += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
}

/* So that the disk is at work before it is waited for. */
static void tell_disk(st_pages *p, uint64_t end)
{
    if (end < p->told + TOLD)
        return;
    st_os_begin_sync(p->fd, p->told, end - p->told);
    p->told = end;
}

static void write_held(st_pages *p)
{
    uint64_t at = (uint64_t)(p->first_held - 1) * p->size;
    if (!p->nheld)
        return;
    write_at(p, p->held, p->nheld, at);
    tell_disk(p, at + p->nheld);
    p->nheld = 0;
}

/* Room for the next page, which the caller fills to its end, and its number. */
static unsigned char *next_page(st_pages *p, uint32_t *number)
{
    bool locked = p->count + 1 == LOCK_BYTE / p->size + 1;
    if (p->count >= UINT32_MAX - 2)
        fail(p, EFBIG);
    if (locked || p->nheld + p->size > HELD)
        write_held(p);
    p->count += locked ? 2 : 1;
    if (!p->nheld)
        p->first_held = p->count;
    unsigned char *page = p->held + p->nheld;
    p->nheld += p->size;
    *number = p->count;
    return page;
}

static void add_child(st_pages *p, uint32_t page, int64_t last)
{
    if (!st_grow(&p->children, &p->cap, p->n + 1, sizeof *p->children)) {
        fail(p, ENOMEM);
        return;
    }
    p->children[p->n++] = (child){ page, last };
}

/* leaves */

static void clear_leaf(st_pages *p)
{
    p->cells = 0;
    p->content = p->size;
}

/* A page's first bytes; content: where its cells begin. */
static void put_head(unsigned char *page, unsigned char type, uint32_t cells, uint32_t content)
{
    memset(page, 0, type == NODE || type == INDEX_NODE ? NODE_HEAD : LEAF_HEAD);
    page[0] = type;
    put_be(page + 3, cells, 2);
    put_be(page + 5, content, 2); /* 65536 is written as 0 */
}

/* The leaf as it is to be written: nothing of the one before is left between places and cells. */
static void finish_leaf(st_pages *p)
{
    size_t places = LEAF_HEAD + (size_t)PLACE * p->cells;
    put_head(p->leaf, p->index ? INDEX_LEAF : LEAF, p->cells, p->content);
    memset(p->leaf + places, 0, p->content - places);
}

/* last: what its parent is told of it (struct child). */
static void end_leaf(st_pages *p, int64_t last)
{
    uint32_t number;
    finish_leaf(p);
    memcpy(next_page(p, &number), p->leaf, p->size);
    add_child(p, number, last);
    clear_leaf(p);
}

/* How much of a payload of n bytes stands in its page. */
static size_t local_part(const st_pages *p, size_t n)
{
    size_t most = p->index ? (p->size - 12) * 64 / 255 - 23 : p->size - 35;
    size_t least = (p->size - 12) * 32 / 255 - 23;
    if (n <= most)
        return n;
    size_t kept = least + (n - least) % (p->size - PAGE_NUMBER);
    return kept <= most ? kept : least;
}

/* The rest of a payload, as a chain of pages; the first one's number. */
static uint32_t put_overflow(st_pages *p, const char *from, size_t n)
{
    uint32_t first = 0, number;
    while (n) {
        size_t part = n < p->size - PAGE_NUMBER ? n : p->size - PAGE_NUMBER;
        unsigned char *page = next_page(p, &number);
        n -= part;
        put_be(page, 0, PAGE_NUMBER);
        if (n) /* the next one is the next in the file, but for the page that holds nothing */
            put_be(page, number + (number + 1 == LOCK_BYTE / p->size + 1 ? 2 : 1), PAGE_NUMBER);
        memcpy(page + PAGE_NUMBER, from, part);
        memset(page + PAGE_NUMBER + part, 0, p->size - PAGE_NUMBER - part);
        from += part;
        first = first ? first : number;
    }
    return first;
}

static bool has_room(const st_pages *p, size_t whole)
{
    return LEAF_HEAD + PLACE * ((size_t)p->cells + 1) + whole <= p->content;
}

/* A record that doesn't fit in its page: how much of it is local stands at `to`, the rest on pages
 * of its own. */
static void put_parted(st_pages *p, unsigned char *to, size_t local)
{
    size_t n = p->record.size;
    st_buf_clear(&p->payload);
    char *all = st_buf_room(&p->payload, n);
    if (!all) {
        fail(p, ENOMEM);
        return;
    }
    put_record((unsigned char *)all, &p->record);
    memcpy(to, all, local);
    put_be(to + local, put_overflow(p, all + local, n - local), PAGE_NUMBER);
}

/* A cell of `whole` bytes, for which there is room: its head, and of the record what is local. */
static void put_leaf_cell(st_pages *p, const unsigned char *head, size_t nhead, size_t local,
                          size_t whole)
{
    p->content -= (uint32_t)whole;
    unsigned char *to = p->leaf + p->content;
    put_be(p->leaf + LEAF_HEAD + (size_t)PLACE * p->cells++, p->content, PLACE);
    memcpy(to, head, nhead);
    if (local < p->record.size)
        put_parted(p, to + nhead, local);
    else
        put_record(to + nhead, &p->record);
}

void st_pages_row(st_pages *p, const st_raw *cells, size_t n)
{
    unsigned char head[2 * MOST_VARINT];
    if (!measure(p, cells, n))
        return;
    size_t size = p->record.size, local = local_part(p, size), nhead = put_varint(head, size);
    nhead += put_varint(head + nhead, (uint64_t)p->row + 1);
    size_t whole = nhead + local + (local < size ? PAGE_NUMBER : 0);
    if (!has_room(p, whole))
        end_leaf(p, p->row);
    p->row++;
    put_leaf_cell(p, head, nhead, local, whole);
}

/* An entry stands in one page only: the leaf's last one leaves it, and goes between this leaf and
 * the next. A page has room for four. */
static void part_leaf(st_pages *p)
{
    uint32_t n = (uint32_t)p->nlast;
    int64_t at = (int64_t)p->keys.n;
    st_buf_put(&p->keys, &n, sizeof n);
    st_buf_put(&p->keys, p->leaf + p->content, n);
    if (p->keys.failed)
        fail(p, ENOMEM);
    p->content += n;
    p->cells--;
    end_leaf(p, at);
}

void st_pages_entry(st_pages *p, const st_raw *cells, size_t n)
{
    unsigned char head[MOST_VARINT];
    if (!measure(p, cells, n))
        return;
    size_t size = p->record.size, local = local_part(p, size), nhead = put_varint(head, size);
    size_t whole = nhead + local + (local < size ? PAGE_NUMBER : 0);
    if (!has_room(p, whole))
        part_leaf(p);
    put_leaf_cell(p, head, nhead, local, whole);
    p->nlast = whole;
}

/* nodes above */

/* The entry behind the child. */
static st_str key_of(const st_pages *p, const child *c)
{
    uint32_t n;
    const char *at = p->keys.p + c->last;
    memcpy(&n, at, sizeof n);
    return (st_str){ at + sizeof n, n };
}

/* Bytes of the cell that leads to the child. */
static size_t node_cell_size(const st_pages *p, const child *c)
{
    unsigned char varint[MOST_VARINT];
    return PAGE_NUMBER + (p->index ? key_of(p, c).n : put_varint(varint, (uint64_t)c->last));
}

static void put_node_cell(const st_pages *p, unsigned char *to, const child *c)
{
    put_be(to, c->page, PAGE_NUMBER);
    if (!p->index) {
        put_varint(to + PAGE_NUMBER, (uint64_t)c->last);
        return;
    }
    st_str key = key_of(p, c);
    memcpy(to + PAGE_NUMBER, key.p, key.n);
}

/* How many children from the first on one node takes; never all but one, which would have none to
 * part it from. */
static size_t fits(const st_pages *p, const child *c, size_t n)
{
    size_t used = NODE_HEAD, i = 0;
    while (i + 1 < n) { /* the last child has no cell */
        used += PLACE + node_cell_size(p, &c[i]);
        if (used > p->size)
            break;
        i++;
    }
    return i + 2 == n ? i : i + 1;
}

static void put_node(const st_pages *p, unsigned char *page, const child *c, size_t n)
{
    uint32_t content = p->size;
    memset(page, 0, p->size);
    for (size_t i = 0; i + 1 < n; i++) {
        content -= (uint32_t)node_cell_size(p, &c[i]);
        put_node_cell(p, page + content, &c[i]);
        put_be(page + NODE_HEAD + PLACE * i, content, PLACE);
    }
    put_head(page, p->index ? INDEX_NODE : NODE, (uint32_t)(n - 1), content);
    put_be(page + 8, c[n - 1].page, PAGE_NUMBER);
}

/* The nodes over all children, who become the children of what is next. */
static void put_level(st_pages *p)
{
    size_t to = 0;
    for (size_t i = 0, n; i < p->n; i += n) {
        uint32_t number;
        n = fits(p, p->children + i, p->n - i);
        int64_t last = p->children[i + n - 1].last;
        put_node(p, next_page(p, &number), p->children + i, n);
        p->children[to++] = (child){ number, last };
    }
    p->n = to;
}

/* The root stays where it is: a leaf, if one holds all. */
static void put_root(st_pages *p)
{
    if (!p->n) {
        finish_leaf(p);
    } else {
        end_leaf(p, p->row);
        while (p->n > 1 && fits(p, p->children, p->n) < p->n && !p->error)
            put_level(p);
        if (p->n)
            put_node(p, p->leaf, p->children, p->n);
    }
    write_held(p);
    write_at(p, p->leaf, p->size, (uint64_t)(p->root - 1) * p->size);
}

static void put_header(st_pages *p)
{
    unsigned char head[HEADER];
    if (!p->error && pread(p->fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        fail(p, EIO);
    if (p->error)
        return;
    uint32_t changes = 0;
    for (size_t i = 0; i < 4; i++)
        changes = changes << 8 | head[CHANGES + i];
    put_be(head + CHANGES, changes + 1, 4);
    put_be(head + PAGES, p->count, 4);
    put_be(head + VALID_FOR, changes + 1, 4);
    write_at(p, head, sizeof head, 0);
}

/* from the first to the last */

st_pages *st_pages_new(int fd, bool index, uint32_t size, uint32_t root, uint32_t count)
{
    st_pages *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (st_pages){ .fd = fd, .index = index, .size = size, .root = root, .count = count };
    p->told = (uint64_t)count * size;
    p->held = malloc(HELD);
    p->leaf = malloc(size);
    if (!p->held || !p->leaf) {
        p->error = ENOMEM;
        st_pages_end(p);
        return NULL;
    }
    clear_leaf(p);
    return p;
}

int st_pages_end(st_pages *p)
{
    if (!p->error)
        put_root(p);
    put_header(p);
    int error = p->error;
    free(p->held);
    free(p->leaf);
    free(p->children);
    st_buf_free(&p->types);
    st_buf_free(&p->widths);
    st_buf_free(&p->payload);
    st_buf_free(&p->keys);
    free(p);
    return error;
}
