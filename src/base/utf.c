/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* utf.c - UTF-8 and UTF-16LE. RFC 3629 (no overlong forms, no surrogates, at most U+10FFFF). */
#include "shelltree/base.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BAD UINT32_MAX

uint32_t st_utf8_next(st_str s, size_t *i)
{
    const unsigned char *p = (const unsigned char *)s.p + *i;
    size_t left = s.n - *i;
    unsigned char c = p[0];
    if (c < 0x80) {
        *i += 1;
        return c;
    }
    unsigned n = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
    uint32_t cp = c & (0x3fu >> n);
    if (c < 0xc2 || c > 0xf4 || left <= n) {
        *i += 1;
        return BAD;
    }
    for (unsigned k = 1; k <= n; k++) {
        if ((p[k] & 0xc0) != 0x80) {
            *i += 1;
            return BAD;
        }
        cp = cp << 6 | (p[k] & 0x3fu);
    }
    if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) {
        *i += 1;
        return BAD;
    }
    *i += n + 1;
    return cp;
}

size_t st_utf8_put(char *out, uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

void st_buf_utf8(st_buf *b, uint32_t cp)
{
    char *to = st_buf_room(b, 4);
    if (to)
        b->n += st_utf8_put(to, cp);
}

size_t st_ascii_end(st_str s, size_t i)
{
    uint64_t word;
#ifdef __SSE2__
    for (; s.n - i >= sizeof(__m128i); i += sizeof(__m128i)) {
        int high = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s.p + i)));
        if (high)
            return i + (size_t)__builtin_ctz((unsigned)high);
    }
#endif
    for (; s.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

bool st_utf8_valid(st_str s)
{
    for (size_t i = 0; (i = st_ascii_end(s, i)) < s.n;)
        if (st_utf8_next(s, &i) == BAD)
            return false;
    return true;
}

static unsigned unit_at(const unsigned char *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

/* Eight units at p, if all are ASCII: eight bytes at to. */
static inline bool ascii_eight(const unsigned char *p, char *to)
{
#ifdef __SSE2__
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i high = _mm_and_si128(v, _mm_set1_epi16((short)0xff80));
    if (_mm_movemask_epi8(_mm_cmpeq_epi16(high, _mm_setzero_si128())) != 0xffff)
        return false;
    _mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(v, v));
#else
    uint64_t a, b;
    memcpy(&a, p, 8);
    memcpy(&b, p + 8, 8);
    uint64_t high;
    memcpy(&high, (const unsigned char[8]){ 0x80, 0xff, 0x80, 0xff, 0x80, 0xff, 0x80, 0xff }, 8);
    if ((a | b) & high)
        return false;
    for (size_t k = 0; k < 8; k++)
        to[k] = (char)p[2 * k];
#endif
    return true;
}

uint32_t st_utf16le_next(const unsigned char *p, size_t n, size_t *i, unsigned *replaced)
{
    uint32_t u = unit_at(p + *i);
    *i += 2;
    if (u < 0xd800 || u >= 0xe000)
        return u;
    uint32_t low = u < 0xdc00 && *i < n ? unit_at(p + *i) : 0;
    if (low < 0xdc00 || low >= 0xe000) {
        (*replaced)++;
        return 0xfffd;
    }
    *i += 2;
    return 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
}

unsigned st_utf16le_put(st_buf *b, const unsigned char *p, size_t n)
{
    n &= ~(size_t)1;
    if (n > SIZE_MAX / 2) {
        b->failed = true;
        return 0;
    }
    char *start = st_buf_room(b, n / 2 * 3);
    if (!start)
        return 0;
    unsigned replaced = 0;
    char *to = start;
    for (size_t i = 0; i < n;) {
        while (n - i >= 16 && ascii_eight(p + i, to)) { /* the common case by far */
            i += 16;
            to += 8;
        }
        for (size_t end = n - i < 16 ? n : i + 16; i < end;) {
            uint32_t u = st_utf16le_next(p, n, &i, &replaced);
            if (u < 0x80)
                *to++ = (char)u;
            else
                to += st_utf8_put(to, u);
        }
    }
    b->n += (size_t)(to - start);
    return replaced;
}

bool st_utf16_decode(st_buf *b, st_str bytes)
{
    bool little = st_str_starts(bytes, ST_STR("\xff\xfe"));
    if (!little && !st_str_starts(bytes, ST_STR("\xfe\xff")))
        return false;
    bytes = (st_str){ bytes.p + 2, bytes.n - 2 };
    if (little) {
        (void)st_utf16le_put(b, (const unsigned char *)bytes.p, bytes.n);
        return true;
    }
    st_buf turned = { 0 };
    char *to = st_buf_room(&turned, bytes.n + 1);
    for (size_t i = 0; to && i < bytes.n; i++)
        to[i] = bytes.p[(i ^ 1) < bytes.n ? i ^ 1 : i];
    if (to)
        (void)st_utf16le_put(b, (const unsigned char *)to, bytes.n);
    b->failed |= !to;
    st_buf_free(&turned);
    return true;
}

/* text that is shown */

/* Eight bytes that are all plain. Each test sets a byte's top bit if that byte, or one below it,
 * is not: what a borrow wrongly marks is looked at byte by byte. */
static bool plain_word(uint64_t w)
{
    const uint64_t one = UINT64_C(0x0101010101010101), top = UINT64_C(0x8080808080808080);
    uint64_t quote = w ^ one * '"', slash = w ^ one * '\\';
    uint64_t odd = w | (w - one * 0x20) | (w + one) | (quote - one) | (slash - one);
    return !(odd & top);
}

size_t st_plain_run(st_str s, size_t i)
{
    size_t from = i;
    uint64_t word;
    for (; s.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        if (!plain_word(word))
            break;
    }
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            break;
        i++;
    }
    return i - from;
}
