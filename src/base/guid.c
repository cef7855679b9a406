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

/* Two digits a byte. */
#define SIXTEEN(h) \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "A" h "B" h "C" h "D" h "E" h "F"
static const char HEX[] = SIXTEEN("0") SIXTEEN("1") SIXTEEN("2") SIXTEEN("3") SIXTEEN("4")
    SIXTEEN("5") SIXTEEN("6") SIXTEEN("7") SIXTEEN("8") SIXTEEN("9") SIXTEEN("A") SIXTEEN("B")
        SIXTEEN("C") SIXTEEN("D") SIXTEEN("E") SIXTEEN("F");

void st_guid_put(char to[ST_GUID_TEXT], const st_guid *g)
{
    static const unsigned char place[16] = { 7,  5,  3,  1,  12, 10, 17, 15,
                                             20, 22, 25, 27, 29, 31, 33, 35 };
    memcpy(to, "{------------------------------------}", ST_GUID_TEXT);
    for (unsigned k = 0; k < 16; k++)
        memcpy(to + place[k], HEX + 2 * (size_t)g->b[k], 2);
}

void st_buf_guid(st_buf *b, const st_guid *g)
{
    char *to = st_buf_room(b, ST_GUID_TEXT);
    if (!to)
        return;
    st_guid_put(to, g);
    b->n += ST_GUID_TEXT;
}
