/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.c - the nearest of some names: "did you mean ...?"
 */
#include "base/suggest.h"

#include <string.h>

#define NAME_MAX_BYTES 64 /* longer names get no suggestion */

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned st_edit_distance(st_str a, st_str b, unsigned most)
{
    unsigned rows[3][NAME_MAX_BYTES + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    size_t gap = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (a.n > NAME_MAX_BYTES || b.n > NAME_MAX_BYTES || gap > most)
        return most + 1;
    memset(before, 0, sizeof rows[0]);
    for (size_t j = 0; j <= b.n; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = (unsigned)i;
        unsigned best = now[0];
        for (size_t j = 1; j <= b.n; j++) {
            unsigned char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
            now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && y == lower(a.p[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
            best = least(best, now[j]);
        }
        if (best > most + 1)
            return most + 1;
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return least(last[b.n], most + 1);
}

void st_suggest_offer(st_suggest *s, st_str name)
{
    unsigned third = (unsigned)(s->want.n / 3);
    unsigned most = third < 2 ? third : 2;
    unsigned distance = st_edit_distance(s->want, name, most);
    if (distance > most || (s->best.p && distance >= s->distance))
        return;
    s->best = name;
    s->distance = distance;
}

void st_suggest_part(st_suggest *s, st_str name)
{
    size_t n = s->want.n;
    if (s->best.p || n < 4 || name.n < n + 2 || name.p[name.n - n - 1] != '_' ||
        !st_str_ieq((st_str){ name.p + name.n - n, n }, s->want))
        return;
    s->best = name;
    s->distance = UINT32_MAX;
}
