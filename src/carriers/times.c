/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* times.c - times as carriers write them. */
#include "map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static st_str behind(st_str s, size_t n)
{
    return (st_str){ s.p + n, s.n - n };
}

static bool epoch(st_str s, st_ticks *out)
{
    char text[40];
    char *end = NULL;
    if (s.n < 9 || s.n >= sizeof text || memchr(s.p, '-', s.n) || memchr(s.p, ':', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    const char *dot = memchr(text, '.', s.n);
    uint64_t whole = strtoull(text, &end, 10), fraction = 0, unit = 1000000;
    if (end == text || (*end && *end != '.'))
        return false;
    for (const char *p = dot ? dot + 1 : end; *p >= '0' && *p <= '9' && unit; p++, unit /= 10)
        fraction += (uint64_t)(*p - '0') * unit;
    if (whole > UINT64_C(100000000000000)) { /* microseconds */
        fraction = whole % 1000000 * 10;
        whole /= 1000000;
    } else if (whole > UINT64_C(100000000000)) { /* milliseconds */
        fraction = whole % 1000 * 10000;
        whole /= 1000;
    }
    if (whole > UINT64_C(100000000000))
        return false;
    *out = (whole + UINT64_C(11644473600)) * 10000000 + fraction;
    return true;
}

/* PowerShell before 7: "/Date(1595374458918)/". */
static st_str in_date(st_str s)
{
    static const char head[] = "/Date(";
    const char *end = s.n ? memchr(s.p, ')', s.n) : NULL;
    if (!st_str_starts(s, st_str_of(head)) || !end)
        return s;
    s = behind(s, sizeof head - 1);
    return (st_str){ s.p, (size_t)(end - s.p) };
}

static uint64_t digits(st_str *s)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < s->n && i < 7 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(s->p[i] - '0');
    *s = behind(*s, i);
    return n;
}

/* "3/2/2026, 2:10:49.622 AM", as Azure's tables are exported. */
bool st_map_time_american(st_str s, st_ticks *out)
{
    static const char between[] = "//  :: ";
    uint64_t piece[7] = { 0 }; /* month, day, year, hour, minute, second, thousandth */
    char text[48];
    size_t k = 0;
    for (; k < 7 && s.n && s.p[0] >= '0' && s.p[0] <= '9'; k++) {
        piece[k] = digits(&s);
        if (k == 2 && st_str_starts(s, ST_STR(",")))
            s = behind(s, 1);
        if (k == 5 && st_str_starts(s, ST_STR(".")))
            s = behind(s, 1);
        else if (k < 5 && s.n && s.p[0] == between[k + (k > 1)])
            s = behind(s, 1);
        else
            break;
    }
    bool morning = st_str_starts(s, ST_STR(" AM")), afternoon = st_str_starts(s, ST_STR(" PM"));
    if (k < 5 || s.n != 3 || (!morning && !afternoon) || piece[3] < 1 || piece[3] > 12)
        return false;
    piece[3] = piece[3] % 12 + (afternoon ? 12 : 0);
    int n = snprintf(text, sizeof text,
                     "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64
                     ":%02" PRIu64 ".%03" PRIu64 "Z",
                     piece[2], piece[0], piece[1], piece[3], piece[4], piece[5], piece[6]);
    return n > 0 && (size_t)n < sizeof text && st_time_iso((st_str){ text, (size_t)n }, out);
}

/* " +0100" at the end, as strftime and others write a zone. */
static bool loose_zone(st_str s, st_ticks *out)
{
    enum { ZONE = 5, COLON = 3 };
    char text[48];
    size_t n = s.n;
    if (n < ZONE + 10 || n + 1 >= sizeof text || (s.p[n - ZONE] != '+' && s.p[n - ZONE] != '-'))
        return false;
    n -= ZONE;
    n -= s.p[n - 1] == ' ';
    memcpy(text, s.p, n);
    memcpy(text + n, s.p + s.n - ZONE, COLON);
    text[n + COLON] = ':';
    memcpy(text + n + COLON + 1, s.p + s.n - 2, 2);
    return st_time_iso((st_str){ text, n + ZONE + 1 }, out);
}

bool st_map_time_anywhere(st_str s, st_ticks *out)
{
    s = in_date(s);
    return epoch(s, out) || loose_zone(s, out);
}

bool st_map_time(st_str s, st_ticks *out)
{
    return st_map_time_anywhere(s, out) || st_time_iso(s, out);
}
