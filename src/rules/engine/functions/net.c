/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_net.c - functions on network addresses. */
#include "rules/engine/functions/fn.h"

#include <string.h>

/* Blanks around it don't count; a part of several digits doesn't begin with 0. */
static bool ipv4(st_str s, uint32_t *ip, unsigned *bits)
{
    uint32_t v = 0;
    st_str part;
    *bits = 32;
    s = st_str_trim(s);
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (slash) {
        uint64_t n;
        size_t at = (size_t)(slash - s.p);
        if (!st_str_u64((st_str){ slash + 1, s.n - at - 1 }, &n) || n > 32)
            return false;
        *bits = (unsigned)n;
        s.n = at;
    }
    unsigned parts = 0;
    while (st_str_cut(&s, '.', &part)) {
        uint64_t n;
        if (part.n > 3 || (part.n > 1 && part.p[0] == '0') || !st_str_u64(part, &n) || n > 255 ||
            ++parts > 4)
            return false;
        v = v << 8 | (uint32_t)n;
    }
    *ip = v;
    return parts == 4;
}

static uint32_t mask(unsigned bits)
{
    return bits ? ~UINT32_C(0) << (32 - bits) : 0;
}

static st_val f_ipv4_private(st_run *r, const st_expr *x, const st_val *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    if (!ipv4(st_val_text(r, a[0]), &ip, &bits))
        return st_val_null();
    ip &= mask(bits);
    return st_val_bool((ip & mask(8)) == 0x0A000000u || (ip & mask(12)) == 0xAC100000u ||
                       (ip & mask(16)) == 0xC0A80000u);
}

/* How many bits of the addresses count: the fewest of their own and of argument i. */
static unsigned common(const st_expr *x, const st_val *a, size_t i, unsigned most, unsigned p,
                       unsigned q)
{
    unsigned bits = x->nargs > i && a[i].tag == ST_VAL_LONG && a[i].u.i >= 0 && a[i].u.i <= most
                        ? (unsigned)a[i].u.i
                        : most;
    bits = bits < p ? bits : p;
    return bits < q ? bits : q;
}

/* Tries f on each network of the arguments from 1 on, texts or arrays of them; null if none is one.
 */
static st_val any_range(st_run *r, const st_expr *x, const st_val *a,
                        st_val (*f)(st_run *r, st_val ip, st_val range))
{
    bool known = false;
    for (size_t i = 1; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_VAL_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++) {
            st_val v = f(r, a[0], a[i].tag == ST_VAL_ARRAY ? a[i].u.a->v[k] : a[i]);
            known |= v.tag == ST_VAL_BOOL;
            if (v.tag == ST_VAL_BOOL && v.u.b)
                return v;
        }
    }
    return known ? st_val_bool(false) : st_val_null();
}

static st_val in_range(st_run *r, st_val a, st_val range)
{
    uint32_t ip, net;
    unsigned bits, nb;
    if (!ipv4(st_val_text(r, a), &ip, &bits) || !ipv4(st_val_text(r, range), &net, &nb))
        return st_val_null();
    uint32_t m = mask(bits < nb ? bits : nb);
    return st_val_bool((ip & m) == (net & m));
}
static st_val f_ipv4_in_range(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return in_range(r, a[0], a[1]);
}
static st_val f_ipv4_in_any(st_run *r, const st_expr *x, const st_val *a)
{
    return any_range(r, x, a, in_range);
}

static st_val f_ipv4_compare(st_run *r, const st_expr *x, const st_val *a)
{
    uint32_t p, q;
    unsigned pb, qb;
    if (!ipv4(st_val_text(r, a[0]), &p, &pb) || !ipv4(st_val_text(r, a[1]), &q, &qb))
        return st_val_null();
    uint32_t m = mask(common(x, a, 2, 32, pb, qb));
    return st_val_long(((p & m) > (q & m)) - ((p & m) < (q & m)));
}
static st_val f_ipv4_match(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v = f_ipv4_compare(r, x, a);
    return v.tag == ST_VAL_NULL ? v : st_val_bool(!v.u.i);
}

static st_val f_parse_ipv4(st_run *r, const st_expr *x, const st_val *a)
{
    uint32_t ip;
    unsigned bits;
    bool prefix = x->nargs < 2 || (a[1].tag == ST_VAL_LONG && a[1].u.i >= 0 && a[1].u.i <= 32);
    return prefix && ipv4(st_val_text(r, a[0]), &ip, &bits)
               ? st_val_long(ip & mask(common(x, a, 1, 32, bits, 32)))
               : st_val_null();
}

static st_val f_netmask_suffix(st_run *r, const st_expr *x, const st_val *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    return ipv4(st_val_text(r, a[0]), &ip, &bits) ? st_val_long(bits) : st_val_null();
}

/* A text or a number as an address, cut to a prefix, and the prefix if `with`. */
static st_val format_ipv4(st_run *r, const st_expr *x, const st_val *a, bool with)
{
    uint32_t ip = 0;
    unsigned own = 32;
    bool ok = a[0].tag == ST_VAL_LONG ? a[0].u.i >= 0 && a[0].u.i <= UINT32_MAX
                                      : ipv4(st_val_text(r, a[0]), &ip, &own);
    if (!ok || (x->nargs > 1 && (a[1].tag != ST_VAL_LONG || a[1].u.i < 0 || a[1].u.i > 32)))
        return st_val_sid(ST_EMPTY);
    unsigned bits = common(x, a, 1, 32, own, 32);
    ip = (a[0].tag == ST_VAL_LONG ? (uint32_t)a[0].u.i : ip) & mask(bits);
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    if (with)
        st_buf_fmt(&r->mem.buf, "/%u", bits);
    return st_run_text(r);
}
static st_val f_format_ipv4(st_run *r, const st_expr *x, const st_val *a)
{
    return format_ipv4(r, x, a, false);
}
static st_val f_format_ipv4_mask(st_run *r, const st_expr *x, const st_val *a)
{
    return format_ipv4(r, x, a, true);
}

/* The fewest networks that are the addresses from one to another. */
static st_val f_cidr_list(st_run *r, const st_expr *x, const st_val *a)
{
    uint32_t low, high;
    unsigned bits;
    st_value_list l = { 0 };
    (void)x;
    if (!ipv4(st_val_text(r, a[0]), &low, &bits) || !ipv4(st_val_text(r, a[1]), &high, &bits) ||
        low > high)
        return st_val_null();
    for (uint64_t at = low; at <= high;) {
        unsigned n = 0; /* bits that are free */
        while (n < 32 && !(at & (UINT64_C(1) << n)) && at + (UINT64_C(2) << n) - 1 <= high)
            n++;
        uint32_t ip = (uint32_t)at;
        st_buf_clear(&r->mem.buf);
        st_buf_fmt(&r->mem.buf, "%u.%u.%u.%u/%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255,
                   32 - n);
        if (!st_value_list_push(r, &l, st_run_text(r)))
            break;
        at += UINT64_C(1) << n;
    }
    return st_value_list_close(r, &l);
}

/* addresses in texts */

static bool alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* How many bytes at s are an address; 0: none. */
static size_t address_at(st_str s)
{
    uint32_t ip;
    unsigned bits;
    size_t n = 0;
    while (n < s.n && n < 16 && (s.p[n] == '.' || (s.p[n] >= '0' && s.p[n] <= '9')))
        n++;
    for (; n; n--)
        if (ipv4((st_str){ s.p, n }, &ip, &bits))
            return n;
    return 0;
}

/* An address, or with `prefix` the beginning of one up to a dot. */
static bool sound(st_str ip, bool prefix)
{
    uint32_t v;
    unsigned bits, dots = 0;
    if (!ip.p || !ip.n)
        return false;
    if (!memchr(ip.p, '/', ip.n) && ipv4(ip, &v, &bits))
        return true;
    for (size_t i = 0; i < ip.n; i++)
        dots += ip.p[i] == '.';
    if (!prefix || ip.p[ip.n - 1] != '.' || dots > 3)
        return false;
    char whole[32];
    size_t n = ip.n < 16 ? ip.n : 16;
    memcpy(whole, ip.p, n);
    for (; dots < 4; dots++) {
        whole[n++] = '0';
        whole[n++] = '.';
    }
    return ip.n < 16 && ipv4((st_str){ whole, n - 1 }, &v, &bits);
}

/* Is there an address in s, with no letter or digit beside it, that is ip (or begins so)? */
static bool has_ipv4(st_str s, st_str ip, bool prefix)
{
    if (!sound(ip, prefix))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        size_t n = i && alnum(s.p[i - 1]) ? 0 : address_at((st_str){ s.p + i, s.n - i });
        bool apart = n && (i + n == s.n || !alnum(s.p[i + n]));
        st_str found = { s.p + i, n };
        if (apart && (prefix ? st_str_starts(found, ip) && (n == ip.n || ip.p[ip.n - 1] == '.')
                             : st_str_eq(found, ip)))
            return true;
    }
    return false;
}

static st_val has_any(st_run *r, const st_expr *x, const st_val *a, bool prefix)
{
    st_str s = st_val_text(r, a[0]);
    for (size_t i = 1; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_VAL_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++)
            if (has_ipv4(s, st_val_text(r, a[i].tag == ST_VAL_ARRAY ? a[i].u.a->v[k] : a[i]),
                         prefix))
                return st_val_bool(true);
    }
    return st_val_bool(false);
}
static st_val f_has_ipv4(st_run *r, const st_expr *x, const st_val *a)
{
    return has_any(r, x, a, false);
}
static st_val f_has_ipv4_prefix(st_run *r, const st_expr *x, const st_val *a)
{
    return has_any(r, x, a, true);
}

/* IPv6 */

/* Up to four hex digits; false: none, or more. */
static bool group(st_str *s, unsigned *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < s->n && n < 5; n++) {
        char c = s->p[n];
        unsigned d = c >= '0' && c <= '9'                 ? (unsigned)(c - '0')
                     : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a') + 10
                                                          : 16;
        if (d == 16)
            break;
        *out = *out << 4 | d;
    }
    *s = (st_str){ s->p + n, s->n - n };
    return n && n < 5;
}

/* The groups and, at the end, maybe an IPv4 address (RFC 4291, section 2.2). */
static bool groups(st_str s, unsigned char *b)
{
    size_t n = 0, gap = SIZE_MAX;
    if (s.n > 1 && s.p[0] == ':' && s.p[1] == ':') {
        gap = 0;
        s = (st_str){ s.p + 2, s.n - 2 };
    }
    while (s.n) {
        uint32_t v4;
        unsigned v, bits;
        if (n <= 12 && memchr(s.p, '.', s.n) && !memchr(s.p, ':', s.n) && ipv4(s, &v4, &bits)) {
            for (unsigned k = 0; k < 4; k++)
                b[n++] = (unsigned char)(v4 >> (24 - 8 * k));
            break;
        }
        if (n > 14 || !group(&s, &v))
            return false;
        b[n++] = (unsigned char)(v >> 8);
        b[n++] = (unsigned char)v;
        if (!s.n)
            break;
        if (s.p[0] != ':' || s.n == 1)
            return false;
        bool twice = s.p[1] == ':';
        if (twice && gap != SIZE_MAX)
            return false;
        gap = twice ? n : gap;
        s = (st_str){ s.p + 1 + twice, s.n - 1 - twice };
    }
    if (gap == SIZE_MAX)
        return n == 16;
    if (n > 14)
        return false;
    memmove(b + 16 - (n - gap), b + gap, n - gap);
    memset(b + gap, 0, 16 - n);
    return true;
}

static bool parse_ipv6(st_str s, st_ip *out)
{
    uint32_t v4;
    uint64_t n = 128;
    *out = (st_ip){ .bits = 128 };
    if (ipv4(s, &v4, &out->bits)) {
        memset(out->b + 10, 0xff, 2);
        for (unsigned k = 0; k < 4; k++)
            out->b[12 + k] = (unsigned char)(v4 >> (24 - 8 * k));
        out->bits += 96;
        return true;
    }
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    st_str address = { s.p, slash ? (size_t)(slash - s.p) : s.n };
    const char *zone = address.n ? memchr(address.p, '%', address.n) : NULL;
    address.n = zone ? (size_t)(zone - address.p) : address.n;
    if (slash) {
        size_t at = (size_t)(slash - s.p);
        if (!st_str_u64((st_str){ slash + 1, s.n - at - 1 }, &n) || n > 128)
            return false;
    }
    out->bits = (unsigned)n;
    return address.n && groups(address, out->b);
}

bool st_ip_parse(st_str s, bool v4, st_ip *out)
{
    return parse_ipv6(s, out) && (!v4 || !memchr(s.p, ':', s.n));
}

void st_ip_cut(st_ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        ip->b[i] &= (unsigned char)(keep >= 8 ? 255 : 255 << (8 - keep));
    }
}

/* <0, 0, >0 under the fewest bits that count; false: one isn't an address. */
static bool compare_ipv6(st_run *r, st_val a, st_val b, unsigned most, int *out)
{
    st_ip p, q;
    if (!parse_ipv6(st_val_text(r, a), &p) || !parse_ipv6(st_val_text(r, b), &q))
        return false;
    unsigned bits = p.bits < q.bits ? p.bits : q.bits;
    bits = bits < most ? bits : most;
    st_ip_cut(&p, bits);
    st_ip_cut(&q, bits);
    *out = memcmp(p.b, q.b, sizeof p.b);
    return true;
}

static unsigned asked(const st_expr *x, const st_val *a, size_t i)
{
    return common(x, a, i, 128, 128, 128);
}

static st_val f_ipv6_compare(st_run *r, const st_expr *x, const st_val *a)
{
    int c;
    return compare_ipv6(r, a[0], a[1], asked(x, a, 2), &c) ? st_val_long((c > 0) - (c < 0))
                                                           : st_val_null();
}
static st_val f_ipv6_match(st_run *r, const st_expr *x, const st_val *a)
{
    int c;
    return compare_ipv6(r, a[0], a[1], asked(x, a, 2), &c) ? st_val_bool(!c) : st_val_null();
}

static st_val in_range6(st_run *r, st_val ip, st_val range)
{
    int c;
    return compare_ipv6(r, ip, range, 128, &c) ? st_val_bool(!c) : st_val_null();
}
static st_val f_ipv6_in_range(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return in_range6(r, a[0], a[1]);
}
static st_val f_ipv6_in_any(st_run *r, const st_expr *x, const st_val *a)
{
    return any_range(r, x, a, in_range6);
}

/* All eight groups in four digits each. */
/* Here, not where addresses are compared, the prefix of an address that ends as IPv4's do is
 * IPv4's.
 */
static bool dotted_prefix(st_str s, unsigned *bits)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    if (!slash || !memchr(s.p, ':', s.n) || !memchr(s.p, '.', (size_t)(slash - s.p)))
        return true;
    bool fits = *bits <= 32;
    *bits += 96;
    return fits;
}

static st_val f_parse_ipv6(st_run *r, const st_expr *x, const st_val *a)
{
    st_ip ip;
    bool prefix = x->nargs < 2 || (a[1].tag == ST_VAL_LONG && a[1].u.i >= 0 && a[1].u.i <= 128);
    st_str s = st_val_text(r, a[0]);
    if (!prefix || !parse_ipv6(s, &ip) || !dotted_prefix(s, &ip.bits))
        return st_val_sid(ST_EMPTY);
    unsigned bits = asked(x, a, 1);
    st_ip_cut(&ip, bits < ip.bits ? bits : ip.bits);
    st_buf_clear(&r->mem.buf);
    for (unsigned i = 0; i < 16; i += 2)
        st_buf_fmt(&r->mem.buf, "%s%02x%02x", i ? ":" : "", ip.b[i], ip.b[i + 1]);
    return st_run_text(r);
}

/* the table */

const st_fn st_functions_net[] = {
    { "format_ipv4", "*i", 1, "string", NONE, f_format_ipv4, "an address under a prefix" },
    { "format_ipv4_mask", "*i", 1, "string", NONE, f_format_ipv4_mask,
      "an address and its prefix" },
    { "has_any_ipv4", "s*+", 2, "bool", NONE, f_has_ipv4, "a text that has some address" },
    { "has_any_ipv4_prefix", "s*+", 2, "bool", NONE, f_has_ipv4_prefix,
      "a text that has an address that begins so" },
    { "has_ipv4", "ss", 2, "bool", NONE, f_has_ipv4, "a text that has an address" },
    { "has_ipv4_prefix", "ss", 2, "bool", NONE, f_has_ipv4_prefix,
      "a text that has an address that begins so" },
    { "ipv4_compare", "ssi", 2, "long", NONE, f_ipv4_compare, "-1, 0 or 1 under a prefix" },
    { "ipv4_is_in_any_range", "s*+", 2, "bool", NONE, f_ipv4_in_any, "an address in some network" },
    { "ipv4_is_in_range", "ss", 2, "bool", NONE, f_ipv4_in_range, "an address in a network" },
    { "ipv4_is_match", "ssi", 2, "bool", NONE, f_ipv4_match, "addresses equal under a prefix" },
    { "ipv4_is_private", "s", 1, "bool", NONE, f_ipv4_private, "a private address" },
    { "ipv4_netmask_suffix", "s", 1, "long", NONE, f_netmask_suffix, "the bits of a prefix" },
    { "ipv4_range_to_cidr_list", "ss", 2, "dynamic", NONE, f_cidr_list,
      "the networks between two addresses" },
    { "ipv6_compare", "ssi", 2, "long", NONE, f_ipv6_compare, "-1, 0 or 1 under a prefix" },
    { "ipv6_is_in_any_range", "s*+", 2, "bool", NONE, f_ipv6_in_any, "an address in some network" },
    { "ipv6_is_in_range", "ss", 2, "bool", NONE, f_ipv6_in_range, "an address in a network" },
    { "ipv6_is_match", "ssi", 2, "bool", NONE, f_ipv6_match, "addresses equal under a prefix" },
    { "parse_ipv4", "s", 1, "long", NONE, f_parse_ipv4, "an address as a number" },
    { "parse_ipv4_mask", "si", 2, "long", NONE, f_parse_ipv4,
      "an address under a prefix as a number" },
    { "parse_ipv6", "s", 1, "string", NONE, f_parse_ipv6, "an address in full" },
    { "parse_ipv6_mask", "si", 2, "string", NONE, f_parse_ipv6,
      "an address under a prefix in full" },
    { 0 },
};
