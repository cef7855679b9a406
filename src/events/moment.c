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

/* Digits, told before. */
static st_ticks one(const unsigned char *p)
{
    return (st_ticks)p[0] - '0';
}

static st_ticks two(const unsigned char *p)
{
    return one(p) * 10 + one(p + 2);
}

/* hh:mm:ss.fff in UTF-16; false: it isn't one. */
static bool read_clock(const unsigned char *p, st_ticks *out)
{
    static const char form[] = "00:00:00.000";
    bool differs = false;
    for (size_t i = 0; i < CLOCK_CHARS; i++)
        differs |= p[2 * i + 1] || (form[i] == '0' ? (unsigned char)(p[2 * i] - '0') > 9
                                                   : p[2 * i] != (unsigned char)form[i]);
    if (differs)
        return false;
    st_ticks hour = two(p), minute = two(p + 6), second = two(p + 12),
             ms = one(p + 18) * 100 + two(p + 20);
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
