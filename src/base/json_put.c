/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_put.c - JSON's writer: strings that any parser reads and any terminal survives.
 */
#include "shelltree/json.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A character by its number; beyond U+FFFF that takes two. */
static void put_code(st_buf *b, uint32_t cp)
{
    if (cp > 0xffff) {
        st_buf_fmt(b, "\\u%04x", (unsigned)(0xd800 + ((cp - 0x10000) >> 10)));
        cp = 0xdc00 + (cp & 0x3ff);
    }
    st_buf_fmt(b, "\\u%04x", (unsigned)cp);
}

static void escape(st_buf *b, uint32_t cp)
{
    static const char short_names[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (size_t i = 0; short_names[i]; i += 2)
        if (cp == (unsigned char)short_names[i]) {
            st_buf_char(b, '\\');
            st_buf_char(b, short_names[i + 1]);
            return;
        }
    put_code(b, cp);
}

static void put_one(st_buf *b, st_str s, size_t *i)
{
    size_t from = *i;
    uint32_t cp = st_utf8_next(s, i);
    if (cp == UINT32_MAX)
        st_buf_str(b, ST_STR("\xef\xbf\xbd"));
    else if (cp < 0x20 || cp == '"' || cp == '\\' || cp == 0x7f || st_cp_hidden(cp))
        escape(b, cp);
    else
        st_buf_put(b, s.p + from, *i - from);
}

void st_json_str(st_buf *b, st_str s)
{
    size_t plain = st_plain_run(s, 0);
    char *to = plain == s.n ? st_buf_room(b, s.n + 2) : NULL;
    if (to) { /* most strings */
        to[0] = '"';
        if (s.n)
            memcpy(to + 1, s.p, s.n);
        to[s.n + 1] = '"';
        b->n += s.n + 2;
        return;
    }
    st_buf_char(b, '"');
    for (size_t i = 0; i < s.n;) {
        size_t run = st_plain_run(s, i);
        st_buf_put(b, s.p + i, run);
        i += run;
        if (i < s.n)
            put_one(b, s, &i);
    }
    st_buf_char(b, '"');
}

/* What JSON itself wants escaped, for st_json_exact: the second character behind the backslash, or
 * 'u'; 0: the byte stays. */
static const char exact_escape[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

/* One byte with its escape, at most six; where the next goes. */
static char *put_exact(char *to, unsigned char c)
{
    char what = exact_escape[c];
    if (!what) {
        *to++ = (char)c;
        return to;
    }
    *to++ = '\\';
    *to++ = what;
    if (what == 'u') {
        memcpy(to, "00", 2);
        to[2] = (char)('0' + (c >> 4));
        to[3] = "0123456789abcdef"[c & 15];
        to += 4;
    }
    return to;
}

/* Sixteen bytes at p, as they are, to where there is room for them; how many from the first on stay
 * so. */
static unsigned copy_exact(char *to, const char *p)
{
#ifdef __SSE2__
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    const __m128i marks =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_or_si128(low, marks)) | 0x10000);
#else
    unsigned n = 0;
    while (n < 16 && !exact_escape[(unsigned char)p[n]])
        n++;
    memcpy(to, p, n);
    return n;
#endif
}

/* A piece of a string. */
static void put_piece(st_buf *b, const char *p, size_t n)
{
    enum { STEP = 16, MOST = 6 }; /* bytes looked at at once; of one with its escape */
    char *start = st_buf_room(b, n * MOST + STEP), *to = start;
    if (!to)
        return;
    size_t i = 0;
    while (n - i >= STEP) {
        unsigned plain = copy_exact(to, p + i);
        to += plain;
        i += plain;
        if (plain < STEP)
            to = put_exact(to, (unsigned char)p[i++]);
    }
    while (i < n) { /* the rest, with blanks behind it */
        char last[STEP] = "               ";
        memcpy(last, p + i, n - i);
        unsigned plain = copy_exact(to, last);
        plain = plain < n - i ? plain : (unsigned)(n - i);
        to += plain;
        i += plain;
        if (i < n)
            to = put_exact(to, (unsigned char)p[i++]);
    }
    b->n += (size_t)(to - start);
}

void st_json_exact(st_buf *b, st_str s)
{
    enum { PIECE = 1 << 12 }; /* so that room for escapes is made of a little at a time */
    st_buf_char(b, '"');
    for (size_t i = 0; i < s.n; i += PIECE)
        put_piece(b, s.p + i, s.n - i < PIECE ? s.n - i : PIECE);
    st_buf_char(b, '"');
}

enum { UNITS = 16 }; /* of UTF-16 that are looked at at once */

#ifdef __SSE2__
/* Less than sixteen bytes and zeros behind them, in two moves that may overlap: a buffer between
 * would have to be waited for. */
static __m128i few(const unsigned char *p, size_t n)
{
    uint64_t low = 0, high = 0;
    uint32_t from = 0, to = 0;
    if (n >= 8) {
        memcpy(&low, p, 8);
        memcpy(&high, p + n - 8, 8);
        high = high >> 8 * (15 - n) >> 8;
    } else if (n >= 4) {
        memcpy(&from, p, 4);
        memcpy(&to, p + n - 4, 4);
        low = from | (uint64_t)to << 8 * (n - 4);
    } else {
        low = (uint64_t)p[0] | (uint64_t)p[1] << 8;
    }
    return _mm_set_epi64x((int64_t)high, (int64_t)low);
}

/* The next n bytes of UTF-16LE at p, as far as they are looked at at once, to where there is room
 * for UNITS bytes; how many units from the first on stay as they are. */
static size_t copy_exact_units(char *to, const unsigned char *p, size_t n)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i a = n < 16 ? few(p, n) : _mm_loadu_si128((const __m128i *)(const void *)p), b = zero;
    if (n >= 32)
        b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    /* Beyond 0x7f a unit becomes 0 or a byte from 0x80 on, neither of which stays. */
    const __m128i v = _mm_packus_epi16(a, b);
    const __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)); /* with a sign: those, too */
    const __m128i marks =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_or_si128(low, marks)) | 0x10000);
}
#else
static size_t copy_exact_units(char *to, const unsigned char *p, size_t n)
{
    size_t i = 0;
    for (; i < UNITS && 2 * i < n && !p[2 * i + 1] && p[2 * i] < 0x80 && !exact_escape[p[2 * i]];
         i++)
        to[i] = (char)p[2 * i];
    return i;
}
#endif

/* The character at p + *i, of which there are n bytes, as at most six; where the next goes. */
static char *put_exact_unit(char *to, const unsigned char *p, size_t n, size_t *i,
                            unsigned *replaced)
{
    unsigned char c = p[*i];
    if (c >= 0x80 || p[*i + 1])
        return to + st_utf8_put(to, st_utf16le_next(p, n, i, replaced));
    *i += 2;
    return put_exact(to, c);
}

/* Those that begin before `end`. */
static char *put_units(char *to, const unsigned char *p, size_t n, size_t *i, size_t end,
                       unsigned *replaced)
{
    while (*i < end) {
        size_t left = n - *i, plain = copy_exact_units(to, p + *i, left);
        size_t seen = left >= 32 ? 16 : left >= 16 ? 8 : left / 2;
        to += plain;
        *i += 2 * plain;
        if (plain < seen && *i < end)
            to = put_exact_unit(to, p, n, i, replaced);
    }
    return to;
}

unsigned st_json_exact_utf16le(st_buf *b, const unsigned char *p, size_t n)
{
    enum { PIECE = 1 << 12, OVER = 32 }; /* bytes; OVER: two steps beyond a piece's end */
    unsigned replaced = 0;
    n &= ~(size_t)1;
    st_buf_char(b, '"');
    for (size_t i = 0; i < n;) {
        size_t end = n - i < PIECE ? n : i + PIECE;
        char *start = st_buf_room(b, (end - i) / 2 * 6 + OVER);
        if (!start)
            return replaced;
        b->n += (size_t)(put_units(start, p, n, &i, end, &replaced) - start);
    }
    st_buf_char(b, '"');
    return replaced;
}

void st_json_safe(st_buf *b, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        uint32_t cp = st_utf8_next(s, &i);
        if (cp == UINT32_MAX)
            st_buf_str(b, ST_STR("\xef\xbf\xbd"));
        else if (cp == 0x7f || st_cp_hidden(cp))
            put_code(b, cp);
        else if (cp >= 0x20)
            st_buf_put(b, s.p + from, i - from);
    }
}

void st_json_key_str(st_buf *b, bool *more, st_str key)
{
    if (*more)
        st_buf_char(b, ',');
    *more = true;
    st_json_str(b, key);
    st_buf_char(b, ':');
}

void st_json_key(st_buf *b, bool *more, const char *key)
{
    st_json_key_str(b, more, st_str_of(key));
}

void st_json_text(st_buf *b, bool *more, const char *key, st_str v)
{
    st_json_key(b, more, key);
    st_json_str(b, v);
}

void st_json_strs(st_buf *b, bool *more, const char *key, const st_str *v, size_t n)
{
    st_json_key(b, more, key);
    st_buf_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            st_buf_char(b, ',');
        st_json_str(b, v[i]);
    }
    st_buf_char(b, ']');
}

static void put_u64(st_buf *b, uint64_t v)
{
    bool big = v > UINT64_C(9007199254740991);
    if (big)
        st_buf_char(b, '"');
    st_buf_u64(b, v);
    if (big)
        st_buf_char(b, '"');
}

void st_json_num(st_buf *b, bool *more, const char *key, uint64_t v)
{
    st_json_key(b, more, key);
    put_u64(b, v);
}

void st_json_bool(st_buf *b, bool *more, const char *key, bool v)
{
    st_json_key(b, more, key);
    st_buf_str(b, v ? ST_STR("true") : ST_STR("false"));
}

void st_json_digits(st_buf *b, st_str digits)
{
    st_str bare = digits;
    if (bare.n && bare.p[0] == '-') {
        bare.p++;
        bare.n--;
    }
    uint64_t v;
    if (st_str_u64(bare, &v) && v <= UINT64_C(9007199254740991))
        st_buf_str(b, digits);
    else
        st_json_str(b, digits);
}
