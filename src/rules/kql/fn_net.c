/* fn_net.c - functions on network addresses. */
#include "rules/kql/fn.h"

#include <string.h>

static bool ipv4(st_str s, uint32_t *ip, unsigned *bits)
{
    uint32_t v = 0;
    st_str part;
    *bits = 32;
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
        if (part.n > 3 || !st_str_u64(part, &n) || n > 255 || ++parts > 4)
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

static st_kv f_ipv4_private(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    if (!ipv4(st_kf_text(r, a[0]), &ip, &bits))
        return st_kv_null();
    ip &= mask(bits);
    return st_kv_bool((ip & mask(8)) == 0x0A000000u || (ip & mask(12)) == 0xAC100000u ||
                      (ip & mask(16)) == 0xC0A80000u);
}

static st_kv in_range(st_krun *r, st_kv a, st_kv range)
{
    uint32_t ip, net;
    unsigned bits, nb;
    if (!ipv4(st_kf_text(r, a), &ip, &bits) || !ipv4(st_kf_text(r, range), &net, &nb))
        return st_kv_null();
    uint32_t m = mask(bits < nb ? bits : nb);
    return st_kv_bool((ip & m) == (net & m));
}
static st_kv f_ipv4_in_range(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return in_range(r, a[0], a[1]);
}
static st_kv f_ipv4_in_any(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool known = false;
    for (size_t i = 1; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++) {
            st_kv v = in_range(r, a[0], a[i].tag == ST_KV_ARRAY ? a[i].u.a->v[k] : a[i]);
            known |= v.tag == ST_KV_BOOL;
            if (v.tag == ST_KV_BOOL && v.u.b)
                return v;
        }
    }
    return known ? st_kv_bool(false) : st_kv_null();
}
static st_kv f_ipv4_match(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t p, q;
    unsigned pb, qb,
        bits = x->nargs > 2 && a[2].tag == ST_KV_LONG && a[2].u.i >= 0 && a[2].u.i <= 32
                   ? (unsigned)a[2].u.i
                   : 32;
    if (!ipv4(st_kf_text(r, a[0]), &p, &pb) || !ipv4(st_kf_text(r, a[1]), &q, &qb))
        return st_kv_null();
    bits = bits < pb ? bits : pb;
    uint32_t m = mask(bits < qb ? bits : qb);
    return st_kv_bool((p & m) == (q & m));
}

static st_kv f_ipv4_compare(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t p, q;
    unsigned pb, qb,
        bits = x->nargs > 2 && a[2].tag == ST_KV_LONG && a[2].u.i >= 0 && a[2].u.i <= 32
                   ? (unsigned)a[2].u.i
                   : 32;
    if (!ipv4(st_kf_text(r, a[0]), &p, &pb) || !ipv4(st_kf_text(r, a[1]), &q, &qb))
        return st_kv_null();
    bits = bits < pb ? bits : pb;
    uint32_t m = mask(bits < qb ? bits : qb);
    return st_kv_long(((p & m) > (q & m)) - ((p & m) < (q & m)));
}

static st_kv f_parse_ipv4(st_krun *r, const st_kx *x, const st_kv *a)
{
    uint32_t ip;
    unsigned bits;
    (void)x;
    return ipv4(st_kf_text(r, a[0]), &ip, &bits) ? st_kv_long(ip & mask(bits)) : st_kv_null();
}

/* ---- the table --------------------------------------------------------------------------- */

const st_kfn st_kfns_net[] = {
    { "ipv4_compare", "ssi", 2, "long", NONE, f_ipv4_compare, "-1, 0 or 1 under a prefix" },
    { "ipv4_is_in_any_range", "s*+", 2, "bool", NONE, f_ipv4_in_any, "an address in some network" },
    { "ipv4_is_in_range", "ss", 2, "bool", NONE, f_ipv4_in_range, "an address in a network" },
    { "ipv4_is_match", "ssi", 2, "bool", NONE, f_ipv4_match, "addresses equal under a prefix" },
    { "ipv4_is_private", "s", 1, "bool", NONE, f_ipv4_private, "a private address" },
    { "parse_ipv4", "s", 1, "long", NONE, f_parse_ipv4, "an address as a number" },
    { 0 },
};
