/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment.c - UtcTime, as a value of a record.
 *
 * Most records are of the day of the one before: its date is compared as it was recorded, and only
 * the clock is read. Whatever isn't written as Sysmon writes it goes the long way.
 */
#include "events/store.h"

#include <string.h>

enum { DATE_CHARS = 11, CLOCK_CHARS = 12, CHARS = DATE_CHARS + CLOCK_CHARS };
#define DAY (UINT64_C(86400) * ST_TICKS_SECOND)

_Static_assert(sizeof((st_day *)0)->date == (size_t)2 * DATE_CHARS, "a date and its blank");

/* Four characters of UTF-16, the first in the lowest bits. */
static uint64_t four(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* What is to be taken from four characters, and what may then be left: 9 for a digit, 0 for a sign.
 */
#define FOUR(a, b, c, d) \
    ((uint64_t)(a) | (uint64_t)(b) << 16 | (uint64_t)(c) << 32 | (uint64_t)(d) << 48)
#define LEFT(a, b, c, d) FOUR(0x7fff - (a), 0x7fff - (b), 0x7fff - (c), 0x7fff - (d))

/* A character of which more is left than may be has its top bit set, in itself or by the sum. */
static bool has_form(uint64_t four, uint64_t left)
{
    const uint64_t top = FOUR(0x8000, 0x8000, 0x8000, 0x8000);
    return !((four | ((four & ~top) + left)) & top);
}

static st_ticks digit(uint64_t four, unsigned i)
{
    return four >> 16 * i & 0xf;
}

/* hh:mm:ss.fff in UTF-16; false: it isn't one. */
static bool read_clock(const unsigned char *p, st_ticks *out)
{
    uint64_t a = four(p) ^ FOUR('0', '0', ':', '0'), b = four(p + 8) ^ FOUR('0', ':', '0', '0'),
             c = four(p + 16) ^ FOUR('.', '0', '0', '0');
    if (!has_form(a, LEFT(9, 9, 0, 9)) || !has_form(b, LEFT(9, 0, 9, 9)) ||
        !has_form(c, LEFT(0, 9, 9, 9)))
        return false;
    st_ticks hour = digit(a, 0) * 10 + digit(a, 1), minute = digit(a, 3) * 10 + digit(b, 0),
             second = digit(b, 2) * 10 + digit(b, 3),
             ms = digit(c, 1) * 100 + digit(c, 2) * 10 + digit(c, 3);
    *out = ((hour * 60 + minute) * 60 + second) * ST_TICKS_SECOND + ms * ST_TICKS_MS;
    return hour < 24 && minute < 60 && second < 60;
}

bool st_event_time(const st_value *v, st_scratch *scratch, st_ticks *out)
{
    st_day *day = &scratch->day;
    st_ticks clock;
    bool plain = v->type == ST_V_STRING && v->p && v->n == (size_t)2 * CHARS;
    if (plain && day->known && memcmp(v->p, day->date, sizeof day->date) == 0 &&
        read_clock(v->p + sizeof day->date, &clock)) {
        *out = day->begins + clock;
        return *out != 0;
    }
    st_buf_clear(&scratch->text);
    st_value_text(v, &scratch->text);
    if (!st_time_sysmon(st_buf_slice(&scratch->text), out))
        return false;
    if (plain) {
        memcpy(day->date, v->p, sizeof day->date);
        day->begins = *out - *out % DAY;
        day->known = true;
    }
    return true;
}
