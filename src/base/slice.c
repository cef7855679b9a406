/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - looking at bytes that somebody else owns. */
#include "shelltree/base.h"

#include <string.h>

int st_str_cmp(st_str a, st_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static unsigned char lower_ascii(char c)
{
    unsigned char u = (unsigned char)c;
    return (unsigned char)(u >= 'A' && u <= 'Z' ? u + 32 : u);
}

bool st_str_ieq(st_str a, st_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower_ascii(a.p[i]) != lower_ascii(b.p[i]))
            return false;
    return true;
}

bool st_str_iends(st_str s, st_str tail)
{
    return s.n >= tail.n && st_str_ieq((st_str){ s.p + (s.n - tail.n), tail.n }, tail);
}

bool st_str_starts(st_str s, st_str head)
{
    return s.n >= head.n && st_str_eq((st_str){ s.p, head.n }, head);
}

bool st_str_cut(st_str *rest, char sep, st_str *part)
{
    if (!rest->p)
        return false;
    const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    if (!at) {
        *part = *rest;
        *rest = (st_str){ NULL, 0 };
        return true;
    }
    size_t n = (size_t)(at - rest->p);
    *part = (st_str){ rest->p, n };
    *rest = (st_str){ at + 1, rest->n - n - 1 };
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

st_str st_str_trim(st_str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

st_str st_str_basename(st_str path)
{
    size_t i = path.n;
    while (i && path.p[i - 1] != '\\' && path.p[i - 1] != '/')
        i--;
    return (st_str){ path.p + i, path.n - i };
}

bool st_str_u64(st_str s, uint64_t *out)
{
    uint64_t v = 0;
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

static unsigned hex_digit(char c)
{
    unsigned char u = lower_ascii(c);
    return u >= '0' && u <= '9' ? u - (unsigned)'0' : u >= 'a' && u <= 'f' ? u - 'a' + 10u : 16u;
}

bool st_str_u64_any(st_str s, uint64_t *out)
{
    if (s.n < 3 || s.p[0] != '0' || lower_ascii(s.p[1]) != 'x')
        return st_str_u64(s, out);
    uint64_t v = 0;
    for (size_t i = 2; i < s.n; i++) {
        unsigned d = hex_digit(s.p[i]);
        if (d > 15 || v >> 60)
            return false;
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

/* Where a star has matched too little, it takes one more: at most n * m steps. */
bool st_str_like(st_str s, st_str pattern)
{
    size_t i = 0, k = 0, star = SIZE_MAX, taken = 0;
    while (i < s.n) {
        if (k < pattern.n && pattern.p[k] == '*') {
            star = k++;
            taken = i;
        } else if (k < pattern.n && (pattern.p[k] == '?' ||
                                     st_ascii_lower(pattern.p[k]) == st_ascii_lower(s.p[i]))) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            k = star + 1;
            i = ++taken;
        } else {
            return false;
        }
    }
    while (k < pattern.n && pattern.p[k] == '*')
        k++;
    return k == pattern.n;
}

bool st_host_is(st_str host, st_str asked)
{
    st_str rest = host, label = host;
    st_str_cut(&rest, '.', &label);
    if (asked.n && (memchr(asked.p, '*', asked.n) || memchr(asked.p, '?', asked.n)))
        return st_str_like(host, asked) || st_str_like(label, asked);
    return st_fold_eq(asked, host) || st_fold_eq(asked, label);
}
