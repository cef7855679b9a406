/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - CSV fields for spreadsheets: always quoted, one physical line, no
 * formula, no cell longer than a spreadsheet keeps. RFC 4180.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

/* A scrubbed byte becomes at most six units, <0xFF>; so shorter text can't pass the cap. */
#define SURELY_SHORT (ST_MAX_CSV_CELL / 8)

/* Does a spreadsheet take text that begins like this for a formula? */
static bool formula(st_str s)
{
    static const bool begins[256] = { ['='] = true,  ['+'] = true,  ['-'] = true, ['@'] = true,
                                      ['\t'] = true, ['\r'] = true, ['\n'] = true };
    unsigned char first = s.n ? (unsigned char)s.p[0] : 'a';
    if (first != 0xef)
        return begins[first];
    size_t i = 0;
    uint32_t cp = st_utf8_next(s, &i);
    return cp == 0xff1d || cp == 0xff0b || cp == 0xff0d || cp == 0xff20;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is one of the eight bytes a control character, a quote, DEL or none of ASCII? */
static uint64_t odd_bytes(uint64_t w)
{
    uint64_t low = w - EACH(0x20), quote = w ^ EACH('"'), del = w ^ EACH(0x7f);
    return (w | (low & ~w) | ((quote - EACH(1)) & ~quote) | ((del - EACH(1)) & ~del)) & EACH(0x80);
}

/* Nothing to double or scrub in it? */
static bool all_plain(st_str s)
{
    uint64_t w, odd = 0;
    size_t i = 0;
    for (; i + sizeof w <= s.n; i += sizeof w) {
        memcpy(&w, s.p + i, sizeof w);
        odd |= odd_bytes(w);
    }
    w = EACH('a');
    if (i < s.n)
        memcpy(&w, s.p + i, s.n - i);
    return !(odd | odd_bytes(w));
}

/* How many bytes from i on need nothing. */
static size_t plain_run(st_str s, size_t i)
{
    size_t from = i;
    uint64_t w;
    for (; s.n - i >= sizeof w; i += sizeof w) {
        memcpy(&w, s.p + i, sizeof w);
        if (odd_bytes(w))
            break;
    }
    for (; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"')
            break;
    }
    return i - from;
}

/* Quotes doubled; control characters scrubbed, or in raw kept (bad bytes become U+FFFD). */
static void put_body(st_buf *b, st_str s, bool raw)
{
    for (size_t i = 0; i < s.n;) {
        size_t run = plain_run(s, i);
        st_buf_put(b, s.p + i, run);
        i += run;
        if (i == s.n)
            return;
        if (s.p[i] == '"') {
            st_buf_put(b, "\"\"", 2);
            i++;
        } else if (!raw) {
            st_scrub_one(b, s, &i, false);
        } else {
            size_t from = i;
            if (st_utf8_next(s, &i) == UINT32_MAX)
                st_buf_str(b, ST_STR("\xef\xbf\xbd"));
            else
                st_buf_put(b, s.p + from, i - from);
        }
    }
}

static size_t units(st_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;)
        n += st_utf8_next(s, &i) >= 0x10000 ? 2 : 1;
    return n;
}

/* The bytes of s that make at most `max` units, never half a code point. */
static size_t cut_at(st_str s, size_t max)
{
    size_t n = 0, end = 0;
    for (size_t i = 0; i < s.n;) {
        n += st_utf8_next(s, &i) >= 0x10000 ? 2 : 1;
        if (n > max)
            break;
        end = i;
    }
    return end;
}

static void put_long(st_buf *b, st_str s, uint64_t *truncated)
{
    st_buf t = { 0 };
    st_scrub(&t, s, false);
    st_str all = st_buf_slice(&t);
    size_t room = ST_MAX_CSV_CELL - formula(s), n = units(all);
    if (n > room) {
        size_t keep = cut_at(all, room - 64);
        size_t left = n - units((st_str){ all.p, keep });
        put_body(b, (st_str){ all.p, keep }, false);
        st_buf_fmt(b, "\xe2\x80\xa6<+%zu chars: findings.jsonl>", left);
        if (truncated)
            ++*truncated;
    } else {
        put_body(b, all, false);
    }
    b->failed |= t.failed;
    st_buf_free(&t);
}

/* Most cells: short, nothing to double or scrub. False: nothing was written. */
static bool put_plain(st_buf *b, st_str s, bool guard)
{
    if (s.n > SURELY_SHORT)
        return false;
    char *to = st_buf_room(b, s.n + 2);
    if (!to || (guard && formula(s)))
        return false;
    if (!all_plain(s))
        return false;
    *to = '"';
    if (s.n)
        memcpy(to + 1, s.p, s.n);
    to[s.n + 1] = '"';
    b->n += s.n + 2;
    return true;
}

void st_csv_field(st_buf *b, st_str s, bool raw, bool numeric, uint64_t *truncated)
{
    if (put_plain(b, s, !raw && !numeric))
        return;
    st_buf_char(b, '"');
    if (!raw && !numeric && formula(s))
        st_buf_char(b, '\'');
    if (raw || s.n <= SURELY_SHORT)
        put_body(b, s, raw);
    else
        put_long(b, s, truncated);
    st_buf_char(b, '"');
}

void st_csv_head(st_buf *b, const char *const *names, size_t n, bool raw)
{
    if (!raw)
        st_buf_str(b, ST_STR("\xef\xbb\xbf"));
    for (size_t i = 0; i < n; i++) {
        if (i)
            st_buf_char(b, ',');
        st_csv_field(b, st_str_of(names[i]), raw, false, NULL);
    }
    st_buf_str(b, ST_STR("\r\n"));
}

void st_csv_u64(st_buf *b, uint64_t v)
{
    st_buf_char(b, '"');
    st_buf_u64(b, v);
    st_buf_char(b, '"');
}
