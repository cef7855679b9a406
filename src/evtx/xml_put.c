/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_put.c - text and names as XML 1.0 allows them, on one line, so that they can be had back.
 *
 * What XML doesn't allow becomes _xHHHH_, a form that spreadsheets and .NET use, too; text that
 * looks like one gets its underscore escaped in the same way. Line breaks and tabs become
 * character references, which a parser doesn't touch.
 */
#include "evtx/xml.h"

#include <string.h>

typedef struct range {
    uint32_t from, to;
} range;

/* Letters beyond ASCII that may begin a name in every edition of XML 1.0: until the fifth they were
 * listed one by one (appendix B of the fourth), and a parser of those refuses the whole document
 * for another. Of that list the scripts that names are written in. Everything else is escaped. */
static const range letters[] = {
    { 0xc0, 0xd6 },     { 0xd8, 0xf6 },     { 0xf8, 0x131 },    { 0x134, 0x13e },
    { 0x141, 0x148 },   { 0x14a, 0x17e },   { 0x180, 0x1c3 },   { 0x1cd, 0x1f0 },
    { 0x1f4, 0x1f5 },   { 0x1fa, 0x217 },   { 0x250, 0x2a8 },   { 0x386, 0x386 },
    { 0x388, 0x38a },   { 0x38c, 0x38c },   { 0x38e, 0x3a1 },   { 0x3a3, 0x3ce },
    { 0x401, 0x40c },   { 0x40e, 0x44f },   { 0x451, 0x45c },   { 0x45e, 0x481 },
    { 0x531, 0x556 },   { 0x561, 0x586 },   { 0x5d0, 0x5ea },   { 0x621, 0x63a },
    { 0x641, 0x64a },   { 0x905, 0x939 },   { 0xe01, 0xe2e },   { 0x10a0, 0x10c5 },
    { 0x10d0, 0x10f6 }, { 0x1e00, 0x1e9b }, { 0x1ea0, 0x1ef9 }, { 0x3041, 0x3094 },
    { 0x30a1, 0x30fa }, { 0x4e00, 0x9fa5 }, { 0xac00, 0xd7a3 },
};
/* And those that may only follow. */
static const range follows[] = { { 0xb7, 0xb7 }, { 0x300, 0x345 } };

static bool within(const range *r, size_t n, uint32_t cp)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= r[i].from && cp <= r[i].to)
            return true;
    return false;
}

static bool may_start(uint32_t cp)
{
    if (cp < 0x80)
        return (cp | 0x20) - 'a' < 26 || cp == '_';
    return within(letters, sizeof letters / sizeof letters[0], cp);
}

static bool may_follow(uint32_t cp)
{
    if (cp < 0x80)
        return may_start(cp) || cp - '0' < 10 || cp == '-' || cp == '.';
    return may_start(cp) || within(follows, sizeof follows / sizeof follows[0], cp);
}

static bool allowed(uint32_t cp)
{
    return cp >= 0x20 && cp != 0xfffe && cp != 0xffff;
}

static void put_code(st_buf *out, uint32_t cp)
{
    st_buf_fmt(out, "_x%04X_", (unsigned)cp);
}

/* Does _xHHHH_ stand at p? Five to eight digits count, too, since names may need them. */
static bool looks_escaped(const char *p, size_t n)
{
    size_t i = 2;
    if (n < 7 || p[0] != '_' || p[1] != 'x')
        return false;
    while (i < n && i < 10 && ((unsigned)(p[i] - '0') < 10 || ((unsigned)(p[i] | 0x20) - 'a') < 6))
        i++;
    return i >= 6 && i < n && p[i] == '_';
}

/* The character that is escaped at p, and how long that is. */
static uint32_t escaped(const char *p, size_t *n)
{
    uint32_t cp = 0;
    size_t i = 2;
    for (; p[i] != '_'; i++)
        cp = cp << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    *n = i + 1;
    return cp;
}

void st_xml_put_undone(st_buf *out, st_str s)
{
    for (size_t i = 0, from = 0; i <= s.n; i++) {
        bool here = i < s.n && looks_escaped(s.p + i, s.n - i);
        if (i == s.n || here)
            st_buf_put(out, s.p + from, i - from);
        if (here) {
            size_t n;
            uint32_t cp = escaped(s.p + i, &n);
            st_buf_utf8(out, cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ? 0xfffd : cp);
            from = i + n;
            i = from - 1;
        }
    }
}

static const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&apos;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    case '\r': return "&#13;";
    default: return NULL;
    }
}

static bool plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '_' && c != '&' && c != '<' && c != '>' && c != '"' &&
           c != '\'';
}

static void put_char(st_buf *out, st_str s, size_t *i)
{
    size_t at = *i;
    uint32_t cp = st_utf8_next(s, i);
    if (cp == UINT32_MAX)
        st_buf_utf8(out, 0xfffd);
    else if (!allowed(cp) || looks_escaped(s.p + at, s.n - at))
        put_code(out, cp);
    else
        st_buf_utf8(out, cp);
}

void st_xml_put_text(st_buf *out, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        while (i < s.n && plain(s.p[i]))
            i++;
        if (i > from)
            st_buf_put(out, s.p + from, i - from);
        const char *name = i < s.n ? entity(s.p[i]) : NULL;
        if (name) {
            st_buf_str(out, st_str_of(name));
            i++;
        } else if (i < s.n) {
            put_char(out, s, &i);
        }
    }
}

void st_xml_put_data(st_buf *out, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '>' && i && s.p[i - 1] == '?')
            put_code(out, (unsigned char)s.p[i++]);
        else
            put_char(out, s, &i);
    }
}

/* A colon between two names, the only one: a prefix. */
static bool is_prefix_colon(st_str s, size_t at)
{
    size_t next = at + 1;
    return at && next < s.n && memchr(s.p, ':', s.n) == s.p + at &&
           !memchr(s.p + next, ':', s.n - next) && may_start(st_utf8_next(s, &next));
}

void st_xml_put_name(st_buf *out, st_str s)
{
    if (!s.n)
        put_code(out, 0);
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        uint32_t cp = st_utf8_next(s, &i);
        bool fits = at ? may_follow(cp) : may_start(cp);
        if (cp == ':')
            fits = is_prefix_colon(s, at);
        if (cp == UINT32_MAX)
            cp = 0xfffd;
        else if (fits && !looks_escaped(s.p + at, s.n - at)) {
            st_buf_utf8(out, cp);
            continue;
        }
        put_code(out, cp);
    }
}
