/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_puny.c - Punycode (RFC 3492), of a label or of each label of a domain name. */
#include "rules/engine/functions/fn.h"
#include "base/limits.h"

#include <string.h>

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_N = 128 };

/* Section 6.1: the bias for the next number. */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
}

/* encoding */

static void put_variable(st_buf *b, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias), d = q < t ? q : t + (q - t) % (BASE - t);
        st_buf_char(b, (char)(d < 26 ? 'a' + d : '0' + (d - 26)));
        if (q < t)
            return;
        q = (q - t) / (BASE - t);
    }
}

static uint32_t next_point(const uint32_t *cp, size_t n, uint32_t from)
{
    uint32_t m = UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        if (cp[i] >= from && cp[i] < m)
            m = cp[i];
    return m;
}

/* Section 6.3. The numbers stay far below 2^32: a label's length and code points are bounded. */
static bool encode(st_buf *b, st_str s)
{
    uint32_t cp[ST_MAX_PUNYCODE], n = 0, done, basic, delta = 0, bias = FIRST_BIAS, m = FIRST_N;
    size_t from = b->n;
    for (size_t i = 0; i < s.n; n++) {
        if (n == ST_MAX_PUNYCODE || (cp[n] = st_utf8_next(s, &i)) == UINT32_MAX)
            return false;
        if (cp[n] < FIRST_N)
            st_buf_char(b, (char)cp[n]);
    }
    done = basic = (uint32_t)(b->n - from);
    if (basic)
        st_buf_char(b, '-');
    for (; done < n; delta++, m++) {
        uint32_t next = next_point(cp, n, m);
        delta += (next - m) * (done + 1);
        m = next;
        for (uint32_t i = 0; i < n; i++) {
            delta += cp[i] < m;
            if (cp[i] != m)
                continue;
            put_variable(b, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
    return true;
}

/* decoding */

static uint32_t digit(char c)
{
    return c >= '0' && c <= '9'   ? (uint32_t)(c - '0') + 26
           : c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a')
           : c >= 'A' && c <= 'Z' ? (uint32_t)(c - 'A')
                                  : BASE;
}

/* Adds the number at *i to *to. */
static bool take_variable(st_str s, size_t *i, uint32_t bias, uint32_t *to)
{
    uint64_t w = 1, sum = *to;
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias), d = *i < s.n ? digit(s.p[(*i)++]) : BASE;
        if (d == BASE || (sum += d * w) > UINT32_MAX)
            return false;
        if (d < t)
            break;
        if ((w *= BASE - t) > UINT32_MAX)
            return false;
    }
    *to = (uint32_t)sum;
    return true;
}

/* Not half of a pair; cp is at most 0x10FFFF. */
static bool is_scalar(uint32_t cp)
{
    return cp < 0xD800 || cp > 0xDFFF;
}

/* Section 6.2. */
static bool decode(st_buf *b, st_str s)
{
    uint32_t cp[ST_MAX_PUNYCODE], n = 0, at = 0, m = FIRST_N, bias = FIRST_BIAS;
    size_t i = 0, dash = s.n;
    while (dash && s.p[dash - 1] != '-')
        dash--;
    for (; dash && i < dash - 1; i++) {
        if (n == ST_MAX_PUNYCODE || (unsigned char)s.p[i] >= FIRST_N)
            return false;
        cp[n++] = (unsigned char)s.p[i];
    }
    for (i = dash; i < s.n; at++) {
        uint32_t old = at;
        if (n == ST_MAX_PUNYCODE || !take_variable(s, &i, bias, &at))
            return false;
        bias = adapt(at - old, n + 1, !old);
        uint64_t next = (uint64_t)m + at / (n + 1);
        if (next > 0x10FFFF || !is_scalar((uint32_t)next))
            return false;
        m = (uint32_t)next;
        at %= n + 1;
        memmove(cp + at + 1, cp + at, (n++ - at) * sizeof *cp);
        cp[at] = m;
    }
    for (uint32_t k = 0; k < n; k++) {
        st_buf_utf8(b, cp[k]);
    }
    return true;
}

/* labels and names */

static bool ascii(st_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool to_label(st_buf *b, st_str label)
{
    if (ascii(label)) {
        st_buf_str(b, label);
        return true;
    }
    st_buf_str(b, ST_STR("xn--"));
    return encode(b, label);
}

static bool from_label(st_buf *b, st_str label)
{
    if (label.n < 4 || !st_str_ieq((st_str){ label.p, 4 }, ST_STR("xn--"))) {
        st_buf_str(b, label);
        return true;
    }
    return decode(b, (st_str){ label.p + 4, label.n - 4 });
}

/* How many bytes the dot has that s begins with: IDNA knows three more; 0: none. */
static size_t dot(st_str s)
{
    static const char dots[][4] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1" };
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++)
        if (st_str_starts(s, st_str_of(dots[i])))
            return 3;
    return s.n && *s.p == '.';
}

/* The next label of a name; false: no more. */
static bool cut_label(st_str *rest, st_str *label)
{
    size_t n = 0, behind = 0;
    if (!rest->p)
        return false;
    while (n < rest->n && !(behind = dot((st_str){ rest->p + n, rest->n - n })))
        n++;
    *label = (st_str){ rest->p, n };
    *rest = behind ? (st_str){ rest->p + n + behind, rest->n - n - behind } : (st_str){ NULL, 0 };
    return true;
}

/* "" where a part can't be converted. */
static st_val convert(st_run *r, st_val v, bool names, bool (*f)(st_buf *b, st_str label))
{
    st_str rest = st_val_text(r, v), label;
    st_buf_clear(&r->mem.buf);
    if (!names)
        return f(&r->mem.buf, rest) ? st_run_text(r) : st_val_sid(ST_EMPTY);
    for (bool first = true; cut_label(&rest, &label); first = false) {
        if (!first)
            st_buf_char(&r->mem.buf, '.');
        if (!f(&r->mem.buf, label))
            return st_val_sid(ST_EMPTY);
    }
    return st_run_text(r);
}

#define CONVERT(name, names, f)                                      \
    static st_val name(st_run *r, const st_expr *x, const st_val *a) \
    {                                                                \
        (void)x;                                                     \
        return convert(r, a[0], names, f);                           \
    }
CONVERT(f_from_string, false, encode)
CONVERT(f_to_string, false, decode)
CONVERT(f_domain_from, true, from_label)
CONVERT(f_domain_to, true, to_label)

/* the table */

const st_fn st_functions_puny[] = {
    { "punycode_domain_from_string", "s", 1, "string", NONE, f_domain_from,
      "a domain name out of Punycode|labels of more than 256 characters give an empty text" },
    { "punycode_domain_to_string", "s", 1, "string", NONE, f_domain_to,
      "a domain name in Punycode|labels of more than 256 characters give an empty text" },
    { "punycode_from_string", "s", 1, "string", NONE, f_from_string,
      "a text in Punycode|more than 256 characters give an empty text" },
    { "punycode_to_string", "s", 1, "string", NONE, f_to_string,
      "a text out of Punycode|more than 256 characters give an empty text" },
    { 0 },
};
