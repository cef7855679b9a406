/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_put.c - JSON's writer: strings that any parser reads and any terminal survives.
 */
#include "shelltree/json.h"

#include <string.h>

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

/* What only JSON itself wants escaped; other bytes stay. */
static void put_exact(st_buf *b, st_str s, size_t *i)
{
    unsigned char c = (unsigned char)s.p[(*i)++];
    if (c == '\\') /* paths have many */
        st_buf_str(b, ST_STR("\\\\"));
    else if (c < 0x20 || c == '"')
        escape(b, c);
    else
        st_buf_char(b, (char)c);
}

static void put_string(st_buf *b, st_str s, void (*put)(st_buf *b, st_str s, size_t *i))
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
            put(b, s, &i);
    }
    st_buf_char(b, '"');
}

void st_json_str(st_buf *b, st_str s)
{
    put_string(b, s, put_one);
}

void st_json_exact(st_buf *b, st_str s)
{
    put_string(b, s, put_exact);
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
