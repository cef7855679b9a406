/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unicode.c - case folding and letters by table: no locale has a say. The tables come
 * from gen_unicode.py.
 */
#include "shelltree/base.h"
#include "base/search.h"

#include "unicode_tables.h"

static bool ends_before(const void *item, const void *key)
{
    const struct st_map_row *r = item;
    const uint32_t *cp = key;
    return r->last < *cp;
}

static uint32_t map(const struct st_map_row *rows, size_t n, uint32_t cp)
{
    const struct st_map_row *r = rows + st_lower_bound(rows, n, sizeof *rows, &cp, ends_before);
    if (r == rows + n || cp < r->first || (cp - r->first) % r->step)
        return cp;
    return (uint32_t)((int64_t)cp + r->delta);
}
#define MAP(table, cp) map(table, sizeof(table) / sizeof((table)[0]), cp)

uint32_t st_fold(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    return MAP(st_map_fold, cp);
}

uint32_t st_lower(uint32_t cp)
{
    return MAP(st_map_lower, cp);
}

uint32_t st_upper(uint32_t cp)
{
    return MAP(st_map_upper, cp);
}

static bool range_before(const void *item, const void *key)
{
    const struct st_range_row *r = item;
    const uint32_t *cp = key;
    return r->last < *cp;
}

static bool within(const struct st_range_row *rows, size_t n, uint32_t cp)
{
    size_t i = st_lower_bound(rows, n, sizeof *rows, &cp, range_before);
    return i < n && cp >= rows[i].first;
}
#define WITHIN(table, cp) within(table, sizeof(table) / sizeof((table)[0]), cp)

bool st_is_alnum(uint32_t cp)
{
    if (cp < 0x80)
        return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
    return WITHIN(st_range_alnum, cp);
}

bool st_cp_hidden(uint32_t cp)
{
    bool none = cp < 0x80 || (cp > 0xad && cp < 0x34f); /* letters that most text has */
    return !none && WITHIN(st_range_hidden, cp);
}

unsigned st_cp_width(uint32_t cp)
{
    bool lines = cp >= 0x2500 && cp < 0x2580; /* what trees are drawn with */
    if (cp < 0x300 || lines || cp > 0x10ffff)
        return 1;
    if (WITHIN(st_range_zero, cp))
        return 0;
    return WITHIN(st_range_wide, cp) ? 2 : 1;
}

/* The run of ASCII from i on; gives where it ends. Nearly all text of logs is such a run. */
static size_t fold_ascii(st_buf *b, st_str s, size_t i)
{
    size_t n = 0, left = s.n - i;
    char *to = st_buf_room(b, left);
    if (!to)
        return s.n;
    for (uint64_t w; left - n >= sizeof w; n += sizeof w) {
        memcpy(&w, s.p + i + n, sizeof w);
        if (w & ST_ASCII_HIGH)
            break;
        w = st_ascii_lower_eight(w);
        memcpy(to + n, &w, sizeof w);
    }
    for (; n < left && (unsigned char)s.p[i + n] < 0x80; n++)
        to[n] = st_ascii_lower(s.p[i + n]);
    b->n += n;
    return i + n;
}

void st_fold_put(st_buf *b, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        i = fold_ascii(b, s, i);
        if (i == s.n)
            break;
        size_t at = i;
        uint32_t cp = st_utf8_next(s, &i);
        if (cp == UINT32_MAX)
            st_buf_put(b, s.p + at, i - at);
        else
            st_buf_utf8(b, st_fold(cp));
    }
}

/* One folded step; an invalid byte stands for itself, above all code points. */
static uint32_t folded_at(st_str s, size_t *i)
{
    unsigned char byte = (unsigned char)s.p[*i];
    uint32_t cp = st_utf8_next(s, i);
    return cp == UINT32_MAX ? 0x110000u + byte : st_fold(cp);
}

bool st_fold_eq(st_str a, st_str b)
{
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n)
        if (folded_at(a, &i) != folded_at(b, &k))
            return false;
    return i == a.n && k == b.n;
}
