/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* guid.c - GUIDs as stored: bytes 0-3, 4-5, 6-7 little-endian, the rest as they stand. */
#include "shelltree/base.h"

#include <string.h>

/* Byte of the stored form for each pair of digits of the text. */
static const unsigned char order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool st_guid_parse(st_str s, st_guid *out)
{
    if (s.n == 38 && s.p[0] == '{' && s.p[37] == '}')
        s = (st_str){ s.p + 1, 36 };
    if (s.n != 36)
        return false;
    size_t i = 0;
    st_guid g;
    for (unsigned k = 0; k < 16; k++) {
        if (k == 4 || k == 6 || k == 8 || k == 10)
            if (s.p[i++] != '-')
                return false;
        int hi = nibble(s.p[i]), lo = nibble(s.p[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        g.b[order[k]] = (unsigned char)(hi << 4 | lo);
        i += 2;
    }
    *out = g;
    return true;
}

bool st_guid_zero(const st_guid *g)
{
    static const st_guid zero;
    return memcmp(g, &zero, sizeof zero) == 0;
}

bool st_guid_eq(const st_guid *a, const st_guid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int st_guid_cmp(const st_guid *a, const st_guid *b)
{
    for (unsigned k = 0; k < 16; k++)
        if (a->b[order[k]] != b->b[order[k]])
            return a->b[order[k]] < b->b[order[k]] ? -1 : 1;
    return 0;
}

void st_buf_guid(st_buf *b, const st_guid *g)
{
#define ROW(d) \
    d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "A" d "B" d "C" d "D" d "E" d "F"
    static const char digits[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6")
        ROW("7") ROW("8") ROW("9") ROW("A") ROW("B") ROW("C") ROW("D") ROW("E") ROW("F");
#undef ROW
    static const unsigned char place[16] = { 7,  5,  3,  1,  12, 10, 17, 15,
                                             20, 22, 25, 27, 29, 31, 33, 35 };
    char *to = st_buf_room(b, 38);
    if (!to)
        return;
    memcpy(to, "{------------------------------------}", 38);
    for (unsigned k = 0; k < 16; k++)
        memcpy(to + place[k], digits + 2 * (size_t)g->b[k], 2);
    b->n += 38;
}
