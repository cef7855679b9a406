/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - what a string, a buffer, an interned name, a time, an error is.
 *
 * Ownership  a slice (st_str) borrows; an arena, a buffer or a pool owns.
 * Errors     functions that can fail return st_code and fill an st_err; buffers,
 *            arenas and pools have a sticky failure instead, looked at once, at
 *            the end of a piece of work. Nothing here prints, exits or aborts.
 * Threads    an object belongs to one thread at a time; a pool may be read by
 *            any number of threads once nobody writes to it any more.
 */
#ifndef SHELLTREE_BASE_H
#define SHELLTREE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* errors */

/* Each says who can do something about it. */
typedef enum st_code {
    ST_OK,
    ST_E_MEMORY,   /* the machine: no memory */
    ST_E_IO,       /* the machine or the caller: a file can't be opened, read, written */
    ST_E_EVIDENCE, /* nobody: the evidence is damaged */
    ST_E_RULE,     /* the author of a rule */
    ST_E_USAGE,    /* the caller: an option or an argument */
    ST_E_LIMIT     /* a bound of limits.h or of an option was met */
} st_code;

#define ST_ERR_TEXT 1024
typedef struct st_err {
    st_code code;
    char text[ST_ERR_TEXT]; /* one sentence or more, UTF-8, may hold hostile bytes: cli scrubs */
} st_err;

/* Keeps the first cause and returns its code; later calls change nothing, so
 * every layer may try to explain and the deepest one wins. e may be NULL (then
 * only the code is returned). */
st_code st_fail(st_err *e, st_code code, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));

/* slices */

/* Bytes that somebody else owns; not terminated, never freed. UTF-8 unless said otherwise. */
typedef struct st_str {
    const char *p;
    size_t n;
} st_str;
#define ST_STR(lit) ((st_str){ "" lit, sizeof(lit) - 1 })
/* For printf: printf("%.*s", ST_FMT(s)). */
#define ST_FMT(s) (int)(s).n, (s).p

static inline st_str st_str_of(const char *cstr) /* NULL gives the empty slice */
{
    return (st_str){ cstr, cstr ? strlen(cstr) : 0 };
}
static inline bool st_str_eq(st_str a, st_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/* As st_str_eq with a name of a table: most differ in their first byte. */
static inline bool st_str_is(st_str s, const char *name)
{
    return s.n && s.p[0] == name[0] && st_str_eq(s, st_str_of(name));
}
int st_str_cmp(st_str a, st_str b); /* by bytes, as memcmp, the shorter first: code point order */
/* ASCII letters only; for names that the program itself defines. Text from
 * evidence is compared by folding (st_fold). */
bool st_str_ieq(st_str a, st_str b);
/* One ASCII letter in the other case; any other character as it is. */
static inline char st_ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}
static inline char st_ascii_upper(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - ('a' - 'A'));
    return c;
}
/* Eight ASCII characters at once, as they lie in memory; of bytes from 0x80 on nothing is kept. */
#define ST_ASCII_HIGH UINT64_C(0x8080808080808080)
static inline uint64_t st_ascii_lower_eight(uint64_t w)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    w &= ~ST_ASCII_HIGH; /* so that no sum runs into the next byte */
    uint64_t from_a = w + each * (0x80 - 'A'), past_z = w + each * (0x80 - 'Z' - 1);
    return w | (from_a & ~past_z & ST_ASCII_HIGH) >> 2;
}
bool st_str_iends(st_str s, st_str tail);
bool st_str_starts(st_str s, st_str head);
/* Takes the part before sep off *rest, false at the end: "a,,b" is a, "", b. */
bool st_str_cut(st_str *rest, char sep, st_str *part);
/* White space (blank, tab, CR, LF) off both ends. */
st_str st_str_trim(st_str s);
/* The part behind the last '\' or '/'. */
st_str st_str_basename(st_str path);
/* The whole of s as a decimal number; false if it isn't one or doesn't fit. */
bool st_str_u64(st_str s, uint64_t *out);
/* Decimal, or hexadecimal after 0x. */
bool st_str_u64_any(st_str s, uint64_t *out);

/* arena */

typedef struct st_block st_block;
/* What several arenas may hold together. One thread. */
typedef struct st_budget {
    size_t used, most; /* bytes asked of malloc; most 0: without bound */
    bool met;          /* sticky: something wasn't given because of most */
} st_budget;
typedef struct st_arena {
    st_block *head;
    size_t total;      /* bytes asked of malloc so far */
    bool failed;       /* sticky */
    st_budget *budget; /* NULL: none. Outlives the arena */
} st_arena;

/* Whether bytes more fit; then they are counted as used. */
bool st_budget_take(st_budget *b, size_t bytes);

/* Zeroed, aligned for any type, never moved. NULL (and a->failed) when memory or the budget
 * is spent or size * count overflows. A count of 0 gives a valid pointer. */
void *st_arena_alloc(st_arena *a, size_t size, size_t count);
/* The same for so many bytes, which hold anything. */
void *st_arena_room(st_arena *a, size_t bytes);
/* For n of a type that are filled at once; n of them were counted before. */
#define ST_ROOMN(a, type, n) ((type *)st_arena_room((a), sizeof(type) * (n)))
#define ST_NEW(a, type) ((type *)st_arena_alloc((a), sizeof(type), 1))
#define ST_NEWN(a, type, n) ((type *)st_arena_alloc((a), sizeof(type), (n)))
/* A copy with a NUL behind it (not counted). p == NULL: no memory. */
st_str st_arena_copy(st_arena *a, st_str s);
void st_arena_free(st_arena *a); /* leaves an empty arena of the same budget */
/* Bytes that it can give before it asks malloc for more. */
size_t st_arena_left(const st_arena *a);
/* What `from` has given is a's from now on; from is empty then. Neither has a budget. */
void st_arena_take(st_arena *a, st_arena *from);

/* buffer */

typedef struct st_buf {
    char *p;
    size_t n, cap;
    bool failed; /* sticky: out of memory; puts do nothing from then on */
} st_buf;

/* As st_buf_room, where there is too little. */
char *st_buf_more(st_buf *b, size_t more);
/* Makes room for more bytes and returns where they go (n isn't moved); NULL on failure. */
static inline char *st_buf_room(st_buf *b, size_t more)
{
    bool there = !b->failed && more < b->cap - b->n; /* so that even no bytes have a place */
    return there ? b->p + b->n : st_buf_more(b, more);
}
static inline void st_buf_put(st_buf *b, const void *p, size_t n)
{
    char *to = n ? st_buf_room(b, n) : NULL;
    if (!to)
        return;
    memcpy(to, p, n);
    b->n += n;
}
static inline void st_buf_str(st_buf *b, st_str s)
{
    st_buf_put(b, s.p, s.n);
}
static inline void st_buf_char(st_buf *b, char c)
{
    st_buf_put(b, &c, 1);
}
void st_buf_u64(st_buf *b, uint64_t v);
void st_buf_i64(st_buf *b, int64_t v);
void st_buf_0x(st_buf *b, uint64_t v); /* 0x and as few digits as it takes, lower case */
void st_buf_hex(st_buf *b, const void *p, size_t n, bool upper); /* two digits a byte */
void st_buf_fmt(st_buf *b, const char *fmt, ...) __attribute__((format(__printf__, 2, 3)));
st_str st_buf_slice(const st_buf *b); /* valid until the next put */
void st_buf_clear(
    st_buf *b); /* keeps the memory, and that it failed: whoever uses it again sees it */
void st_buf_free(st_buf *b);

/* Grows a malloc'ed array so that it holds at least `need` items of `size`
 * bytes; *cap is its capacity in items. On false nothing has changed. */
bool st_grow(void *array_ptr, size_t *cap, size_t need, size_t size);
/* Gives back what a malloc'ed array has beyond n items of `size` bytes, if that can be done. */
void st_trim(void *array_ptr, size_t n, size_t size);
/* n zeroed items, the pages of which have all been written to; NULL: no memory. For tables that are
 * looked into here and there before they are filled: a page that is read first is made twice, and
 * all threads are held up for the second time. */
void *st_zeros(size_t n, size_t size);

/* interned strings */

/* Equal bytes, equal ids. Ids count up in order of first sight. */
typedef uint32_t st_sid;
#define ST_ABSENT ((st_sid)0) /* no value at all: the field isn't in the record */
#define ST_EMPTY ((st_sid)1)  /* the empty string */
typedef struct st_pool st_pool;

st_pool *st_pool_new(void); /* NULL: no memory */
void st_pool_free(st_pool *p);
/* Tries to make room for the list of so many times the strings that there are. Not when shared. */
void st_pool_foresee(st_pool *p, double times);
/* Gives back what was foreseen and didn't come. Not when shared. */
void st_pool_trim(st_pool *p);
/* Copies s on first sight. On failure gives ST_ABSENT and sets the sticky flag. */
st_sid st_pool_put(st_pool *p, st_str s);
/* The same in steps, for several strings at once: what each step looks at has been fetched from
 * memory since the one before. All but the last change nothing and may be left out. */
uint32_t st_pool_hash(const st_pool *p, st_str s);
void st_pool_near(const st_pool *p, uint32_t hash);
st_sid st_pool_put_hashed(st_pool *p, st_str s, uint32_t hash);
/* Stays valid as long as the pool; ST_ABSENT gives the empty slice. */
st_str st_pool_get(const st_pool *p, st_sid id);
uint32_t st_pool_count(const st_pool *p); /* ids are 0 .. count-1 */
bool st_pool_failed(const st_pool *p);
/* A pool that hashes as the other does, so that it is soon absorbed by it. NULL: no memory. */
st_pool *st_pool_new_like(const st_pool *other);
/* Takes the strings of src, without copying them, on so many threads. Returns by id of src the id
 * in p, which the caller frees; src is empty then, to be freed. NULL: no memory, both are to be
 * freed. Neither may be shared. */
st_sid *st_pool_absorb(st_pool *p, st_pool *src, unsigned threads);
/* From now on any number of threads may put and get at once, until the pool is freed. Ids then are
 * in no order that means anything. false: no memory, nothing has changed. Once is enough. */
bool st_pool_share(st_pool *p);

/* UTF-8, UTF-16, case */

/* Decodes one code point at s.p[*i] and moves *i on. An invalid byte gives
 * 0xFFFFFFFF and moves by one. Needs *i < s.n. Surrogates (ED A0..BF) are invalid. */
uint32_t st_utf8_next(st_str s, size_t *i);
/* Writes cp (at most 4 bytes) and returns how many. cp must be a scalar value. */
size_t st_utf8_put(char *out, uint32_t cp);
void st_buf_utf8(st_buf *b, uint32_t cp); /* the same, appended */
bool st_utf8_valid(st_str s);
size_t st_ascii_end(st_str s,
                    size_t i); /* where the ASCII that begins at i ends; i is at most s.n */
/* The character at p + *i, of n bytes of UTF-16LE, which are of an even number; moves *i on. A lone
 * surrogate becomes U+FFFD, and is counted. Needs *i < n. */
uint32_t st_utf16le_next(const unsigned char *p, size_t n, size_t *i, unsigned *replaced);
/* Appends n bytes of UTF-16LE (an odd last byte is dropped); a lone surrogate
 * becomes U+FFFD. Returns how many were replaced. NULs are kept. */
unsigned st_utf16le_put(st_buf *b, const unsigned char *p, size_t n);
/* Text that begins with the mark of UTF-16, of either order of bytes, as UTF-8 without it. False:
 * there is no such mark, and nothing is put. */
bool st_utf16_decode(st_buf *b, st_str bytes);
/* Unicode 14 simple case folding of one code point (CaseFolding.txt, C and S):
 * one to one, independent of any locale. Also the simple lower and upper mappings. */
uint32_t st_fold(uint32_t cp);
uint32_t st_lower(uint32_t cp);
uint32_t st_upper(uint32_t cp);
/* Letter or digit: general category L* or N*. */
bool st_is_alnum(uint32_t cp);
/* Appends s folded; invalid bytes are kept as they are. */
void st_fold_put(st_buf *b, st_str s);
/* Equal after folding. */
bool st_fold_eq(st_str a, st_str b);

/* Invisible, or changes the direction of what stands around it: controls beyond ASCII, Unicode's
 * Cf, separators of lines, what is drawn as nothing, noncharacters. One table for all formats. */
bool st_cp_hidden(uint32_t cp);
/* Columns of a terminal: 0, 1 or 2. */
unsigned st_cp_width(uint32_t cp);
/* Bytes from i on that every format takes as they are: printable ASCII but '"' and '\\'. */
size_t st_plain_run(st_str s, size_t i);

/* times */

/* FILETIME: 100 ns since 1601-01-01 UTC. 0: not known. */
typedef uint64_t st_ticks;
#define ST_TICKS_SECOND UINT64_C(10000000)
#define ST_TICKS_MS UINT64_C(10000)
#define ST_TICKS_UNIX UINT64_C(116444736000000000) /* 1970-01-01 */
#define ST_TICKS_MAX UINT64_C(2650467743999999999) /* the end of the year 9999 */

/* A date of the proleptic Gregorian calendar, UTC. tick: 100 ns, 0..9999999. */
typedef struct st_civil {
    int year, month, day, hour, minute, second, tick;
} st_civil;
/* false (and zeroes) above ST_TICKS_MAX. */
bool st_ticks_civil(st_ticks t, st_civil *c);
/* 0 when the date doesn't exist or lies before 1601. */
st_ticks st_civil_ticks(const st_civil *c);
/* The same from the year 1 on, in ticks since 0001-01-01: what the engine's datetimes count. */
#define ST_TICKS_1601 INT64_C(504911232000000000)     /* st_ticks + this */
void st_civil_of(int64_t since_year_1, st_civil *c);  /* 0 <= since_year_1 */
bool st_civil_since(const st_civil *c, int64_t *out); /* false: no such date */
/* Sysmon's own form, exactly: 2026-01-02 03:04:05.678 */
bool st_time_sysmon(st_str s, st_ticks *out);
/* 2026-01-02T03:04:05[.f{1..9}][Z|+hh:mm|-hh:mm], a blank allowed for T, or a date alone.
 * No zone means UTC. */
bool st_time_iso(st_str s, st_ticks *out);
/* As people type times: a date (2026-01-02, 2026/01/02, 20260102), with a clock or without (03:04,
 * 03:04:05.678, T between or a blank), a zone (Z, UTC, +01:00; none is UTC); @ and seconds since
 * 1970, or ten digits of them. */
bool st_time_typed(st_str s, st_ticks *out);
void st_buf_time_sysmon(st_buf *b, st_ticks t); /* three digits; nothing for 0 */
void st_buf_time_iso(st_buf *b, st_ticks t);    /* seven digits and Z; nothing for 0 */
/* The same of times of which many are of one second: zeroed at first, it keeps the last one. */
typedef struct st_second {
    st_ticks ticks; /* 0: none */
    char text[28];  /* its time */
} st_second;
void st_buf_time_iso_like(st_buf *b, st_ticks t, st_second *last);
/* st_time_iso of such a text. */
bool st_time_iso_like(st_str s, st_ticks *out, st_second *last);

/* hosts */

/* Is s like the pattern: '*' for any run of characters, '?' for one byte; ASCII letters in any
 * case?
 */
bool st_str_like(st_str s, st_str pattern);
/* Does `asked` name the host: its full name or its first label, in any case, or a pattern that one
 * of them is like? */
bool st_host_is(st_str host, st_str asked);

/* GUIDs */

/* As stored: the first three groups little-endian. */
typedef struct st_guid {
    unsigned char b[16];
} st_guid;
bool st_guid_parse(st_str s, st_guid *out); /* with or without braces, any case */
static inline bool st_guid_zero(const st_guid *g)
{
    static const st_guid zero;
    return memcmp(g, &zero, sizeof zero) == 0;
}
bool st_guid_eq(const st_guid *a, const st_guid *b);
int st_guid_cmp(const st_guid *a, const st_guid *b); /* as their text would compare */
#define ST_GUID_TEXT 38
void st_guid_put(char to[ST_GUID_TEXT], const st_guid *g); /* upper case, in braces; no NUL */
void st_buf_guid(st_buf *b, const st_guid *g);

/* hashes */

uint64_t st_hash(const void *p, size_t n, uint64_t seed); /* XXH3, not for outside use */
/* A seed for the hashes of one table: random, so that no evidence can choose keys that collide.
 * What is answered must not depend on it. own: an address that differs from table to table, for
 * want of anything better. */
uint64_t st_hash_seed(const void *own);
void st_sha256(const void *p, size_t n, unsigned char out[32]);
void st_sha1(const void *p, size_t n, unsigned char out[20]);
void st_md5(const void *p, size_t n, unsigned char out[16]);
uint64_t st_xxh64(const void *p, size_t n);
typedef struct st_sha256_stream st_sha256_stream;
st_sha256_stream *st_sha256_new(void); /* NULL: no memory */
void st_sha256_add(st_sha256_stream *s, const void *p, size_t n);
void st_sha256_end(st_sha256_stream *s, unsigned char out[32]); /* frees s */
/* SHA-256 of many short texts: what has to be looked up for the first isn't for the others. Any
 * number of threads may use one at once. d may be NULL: looked up each time. */
typedef struct st_digester st_digester;
st_digester *st_digester_new(void); /* NULL: no memory */
void st_digester_sha256(const st_digester *d, const void *p, size_t n, unsigned char out[32]);
void st_digester_free(st_digester *d);

/* threads */

/* Runs fn(ctx, thread, job) for every job of 0..jobs-1 on `threads` threads
 * (0: one per processor; at most ST_MAX_THREADS). Jobs are begun in rising
 * order. thread is 0..threads-1. Returns when all are done. Runs on the calling
 * thread alone where only one is asked for or can be had. */
void st_parallel(unsigned threads, size_t jobs, void (*fn)(void *ctx, unsigned thread, size_t job),
                 void *ctx);
unsigned st_threads(unsigned asked); /* what st_parallel will use */
/* The same with a second half for each job: `put`, one at a time, in the order of the jobs, on the
 * thread that has done the first. A thread waits with what it made until its turn comes, so no more
 * is held than one job's a thread. */
void st_parallel_in_order(unsigned threads, size_t jobs,
                          void (*make)(void *ctx, unsigned thread, size_t job),
                          void (*put)(void *ctx, unsigned thread, size_t job), void *ctx);
/* The same where what a job made is held apart from other jobs': no thread waits for its turn, and
 * `put` is called, one at a time, by whichever has the next one ready. */
void st_parallel_collect(unsigned threads, size_t jobs,
                         void (*make)(void *ctx, unsigned thread, size_t job),
                         void (*put)(void *ctx, unsigned thread, size_t job), void *ctx);

#endif
