/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* value_tests.c - texts that are addresses or numbers: is one in a network, is it more than so
 * much. */
#include "rules/engine/match/value_tests.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* addresses */

/* An address's bytes; the family, or 0 if it is none. */
static int address(st_str s, unsigned char out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (!s.n || s.n >= sizeof text || memchr(s.p, 0, s.n))
        return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return inet_pton(AF_INET, text, out) == 1    ? AF_INET
           : inet_pton(AF_INET6, text, out) == 1 ? AF_INET6
                                                 : 0;
}

bool st_network_parse(st_str s, st_network *out)
{
    st_str rest = s, head;
    uint64_t bits;
    if (!st_str_cut(&rest, '/', &head))
        return false;
    *out = (st_network){ 0 };
    out->family = address(head, out->bytes);
    unsigned most = out->family == AF_INET ? 32 : 128;
    bits = most;
    if (rest.p && (!st_str_u64(rest, &bits) || bits > most))
        return false;
    out->bits = (unsigned)bits;
    return out->family != 0;
}

bool st_network_has(const st_network *n, st_str text)
{
    unsigned char a[16] = { 0 };
    if (address(text, a) != n->family)
        return false;
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    unsigned char mask = (unsigned char)(0xff00u >> rest);
    return !memcmp(a, n->bytes, whole) && (!rest || !((a[whole] ^ n->bytes[whole]) & mask));
}

/* numbers */

bool st_text_number(st_str s, double *out)
{
    char text[64], *end;
    uint64_t u;
    if (!s.n || s.n >= sizeof text)
        return false;
    if (st_str_u64_any(s, &u)) {
        *out = (double)u;
        return true;
    }
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789+-.eE", s.p[i]) || !s.p[i])
            return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    *out = strtod(text, &end);
    return end == text + s.n && isfinite(*out);
}

bool st_number_test(char compare, double field, double number)
{
    switch (compare) {
    case '<': return field < number;
    case 'l': return field <= number;
    case '>': return field > number;
    case 'g': return field >= number;
    default: return !(field < number) && !(field > number);
    }
}
