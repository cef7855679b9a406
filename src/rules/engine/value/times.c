/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.c - datetimes, time spans and numbers, as text.
 */
#include "rules/engine/value/times.h"

#include "base/limits.h"

#include <math.h>
#include <stdlib.h>

#include <string.h>

#define TICKS_SECOND INT64_C(10000000)
#define TICKS_DAY (86400 * TICKS_SECOND)

/* numbers and units */

bool st_double_text(st_str s, double *out)
{
    char text[128];
    if (!s.n || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    char *end;
    *out = strtod(text, &end);
    return end == text + s.n;
}

bool st_timespan_unit(st_str word, int64_t *ticks)
{
    static const struct {
        const char *name;
        int64_t ticks;
    } units[] = {
        { "d", 864000000000 },    { "day", 864000000000 },
        { "days", 864000000000 }, { "h", 36000000000 },
        { "hr", 36000000000 },    { "hrs", 36000000000 },
        { "hour", 36000000000 },  { "hours", 36000000000 },
        { "m", 600000000 },       { "min", 600000000 },
        { "minute", 600000000 },  { "minutes", 600000000 },
        { "s", 10000000 },        { "sec", 10000000 },
        { "second", 10000000 },   { "seconds", 10000000 },
        { "ms", 10000 },          { "milli", 10000 },
        { "millis", 10000 },      { "millisec", 10000 },
        { "millisecond", 10000 }, { "milliseconds", 10000 },
        { "micro", 10 },          { "micros", 10 },
        { "microsec", 10 },       { "microsecond", 10 },
        { "microseconds", 10 },   { "tick", 1 },
        { "ticks", 1 },           { "nano", 0 },
        { "nanos", 0 },           { "nanosec", 0 },
        { "nanosecond", 0 },      { "nanoseconds", 0 },
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (st_str_is(word, units[i].name)) {
            *ticks = units[i].ticks;
            return true;
        }
    return false;
}

bool st_timespan_of(st_str number, st_str unit, int64_t *out)
{
    int64_t ticks;
    double v;
    uint64_t whole;
    if (!st_timespan_unit(unit, &ticks))
        return false;
    if (ticks && st_str_u64(number, &whole) && whole <= (uint64_t)(INT64_MAX / ticks)) {
        *out = (int64_t)whole * ticks;
        return true;
    }
    if (!st_double_text(number, &v))
        return false;
    v = ticks ? v * (double)ticks : v / 100.0; /* a tick is 100 ns */
    if (!(v > -9.2e18 && v < 9.2e18))
        return false;
    *out = (int64_t)(v < 0 ? ceil(v - 0.5) : floor(v + 0.5));
    return true;
}

/* a cursor over short texts */

static int look(const st_str *s)
{
    return s->n ? (unsigned char)s->p[0] : -1;
}

static void skip(st_str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static bool take(st_str *s, char c)
{
    if (look(s) != (unsigned char)c)
        return false;
    skip(s, 1);
    return true;
}

static void blanks(st_str *s)
{
    while (look(s) == ' ' || look(s) == '\t')
        skip(s, 1);
}

/* Between min and max digits. */
static bool digits(st_str *s, unsigned min, unsigned max, unsigned *out)
{
    unsigned n = 0, v = 0;
    while (n < max && look(s) >= '0' && look(s) <= '9') {
        v = v * 10 + (unsigned)(look(s) - '0');
        skip(s, 1);
        n++;
    }
    *out = v;
    return n >= min && !(look(s) >= '0' && look(s) <= '9');
}

/* .1234567 as ticks; more digits are cut off. */
static bool fraction(st_str *s, unsigned *ticks)
{
    unsigned n = 0;
    *ticks = 0;
    while (look(s) >= '0' && look(s) <= '9') {
        if (n < 7)
            *ticks = *ticks * 10 + (unsigned)(look(s) - '0');
        skip(s, 1);
        n++;
    }
    for (unsigned i = n; i < 7; i++)
        *ticks *= 10;
    return n > 0 && n <= 16;
}

/* datetimes */

typedef struct moment {
    unsigned year, month, day, hour, minute, second, tick;
    int offset; /* minutes */
} moment;

static bool moment_ticks(const moment *m, int64_t *out)
{
    st_civil c = { .year = (int)m->year,
                   .month = (int)m->month,
                   .day = (int)m->day,
                   .hour = (int)m->hour,
                   .minute = (int)m->minute,
                   .second = (int)m->second,
                   .tick = (int)m->tick };
    int64_t ticks;
    if (!st_civil_since(&c, &ticks))
        return false;
    ticks -= (int64_t)m->offset * 60 * TICKS_SECOND;
    if (ticks < 0 || ticks >= INT64_C(3155378976000000000))
        return false;
    *out = ticks;
    return true;
}

/* Nothing, Z, GMT, UTC, +hh:mm, -hhmm; then the end. */
static bool zone(st_str *s, moment *m)
{
    blanks(s);
    if (!s->n)
        return true;
    st_str rest = *s;
    if (st_str_ieq(rest, ST_STR("Z")) || st_str_ieq(rest, ST_STR("GMT")) ||
        st_str_ieq(rest, ST_STR("UTC")))
        return true;
    int sign = look(s) == '-' ? -1 : 1;
    unsigned h, min = 0;
    if (!take(s, '+') && !take(s, '-'))
        return false;
    if (s->n == 4) {
        unsigned both;
        if (!digits(s, 4, 4, &both))
            return false;
        h = both / 100;
        min = both % 100;
    } else if (!digits(s, 1, 2, &h) || (take(s, ':') && !digits(s, 2, 2, &min))) {
        return false;
    }
    m->offset = sign * (int)(h * 60 + min);
    return !s->n && h <= 14 && min < 60;
}

/* hh:mm[:ss[.fffffff]] */
static bool clock(st_str *s, moment *m)
{
    if (!digits(s, 1, 2, &m->hour) || !take(s, ':') || !digits(s, 2, 2, &m->minute))
        return false;
    if (!take(s, ':'))
        return true;
    return digits(s, 2, 2, &m->second) && (!take(s, '.') || fraction(s, &m->tick));
}

static bool iso(st_str s, moment *m)
{
    if (!digits(&s, 4, 4, &m->year))
        return false;
    char dash = look(&s) == '/' ? '/' : '-';
    m->month = m->day = 1;
    if (!s.n)
        return true;
    if (!take(&s, dash) || !digits(&s, 1, 2, &m->month))
        return false;
    if (!s.n)
        return true;
    if (!take(&s, dash) || !digits(&s, 1, 2, &m->day))
        return false;
    if (!s.n)
        return true;
    if (take(&s, 'T') || take(&s, 't')) {
        return clock(&s, m) && zone(&s, m);
    }
    if (look(&s) == ' ') {
        blanks(&s);
        return clock(&s, m) && zone(&s, m);
    }
    return zone(&s, m);
}

/* The letters at s are the start of a word of the table; moves behind all letters. */
static bool word(st_str *s, const char *three_letter_words, unsigned *place)
{
    size_t n = 0;
    while (n < s->n &&
           (((unsigned char)s->p[n] | 32) >= 'a' && ((unsigned char)s->p[n] | 32) <= 'z'))
        n++;
    if (n < 3)
        return false;
    for (unsigned i = 0; three_letter_words[3 * (size_t)i]; i++)
        if (st_str_ieq((st_str){ s->p, 3 }, (st_str){ three_letter_words + 3 * (size_t)i, 3 })) {
            *place = i;
            skip(s, n);
            return true;
        }
    return false;
}

/* RFC 822: [Sat,] 8 Nov 14 15:05[:02] [GMT]; RFC 850: Saturday, 08-Nov-14 15:05:02 GMT. */
static bool mail(st_str s, moment *m)
{
    unsigned day_name;
    if (word(&s, "MonTueWedThuFriSatSun", &day_name)) {
        if (!take(&s, ','))
            return false;
        blanks(&s);
    }
    if (!digits(&s, 1, 2, &m->day))
        return false;
    bool dash = take(&s, '-');
    blanks(&s);
    if (!word(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", &m->month))
        return false;
    m->month++;
    if (dash && !take(&s, '-'))
        return false;
    blanks(&s);
    size_t before = s.n;
    if (!digits(&s, 2, 4, &m->year) || before - s.n == 3)
        return false;
    if (before - s.n == 2)
        m->year += m->year < 50 ? 2000 : 1900;
    blanks(&s);
    return !s.n || (clock(&s, m) && zone(&s, m));
}

/* 8:00, 8:00:00 AM, 5 PM; then the end. */
static bool half_days(st_str s, moment *m)
{
    st_str before = s;
    if (!clock(&s, m)) {
        s = before;
        if (!digits(&s, 1, 2, &m->hour) || !s.n)
            return false;
    }
    blanks(&s);
    if (!s.n)
        return true;
    bool pm = st_str_ieq(s, ST_STR("PM"));
    if ((!pm && !st_str_ieq(s, ST_STR("AM"))) || m->hour < 1 || m->hour > 12)
        return false;
    m->hour = m->hour % 12 + (pm ? 12 : 0);
    return true;
}

/* American: month/day/year [time], or with dashes or dots. */
static bool slashes(st_str s, moment *m)
{
    if (!digits(&s, 1, 2, &m->month))
        return false;
    char between = '/';
    if (look(&s) == '-' || look(&s) == '.')
        between = (char)look(&s);
    if (!take(&s, between) || !digits(&s, 1, 2, &m->day) || !take(&s, between) ||
        !digits(&s, 4, 4, &m->year))
        return false;
    if (!s.n)
        return true;
    return take(&s, ' ') && half_days(st_str_trim(s), m);
}

/* Dec 2, 2022 [time] */
static bool month_first(st_str s, moment *m)
{
    if (!word(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", &m->month) || look(&s) != ' ')
        return false;
    m->month++;
    blanks(&s);
    if (!digits(&s, 1, 2, &m->day) || !take(&s, ','))
        return false;
    blanks(&s);
    if (!digits(&s, 4, 4, &m->year))
        return false;
    return !s.n || (take(&s, ' ') && half_days(st_str_trim(s), m));
}

/* 20221202 */
static bool compact(st_str s, moment *m)
{
    uint64_t n;
    if (s.n != 8 || !st_str_u64(s, &n))
        return false;
    m->year = (unsigned)(n / 10000);
    m->month = (unsigned)(n / 100 % 100);
    m->day = (unsigned)(n % 100);
    return true;
}

bool st_datetime_text(st_str s, int64_t *out)
{
    static bool (*const forms[])(st_str, moment *) = { iso, compact, mail, slashes, month_first };
    s = st_str_trim(s);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        moment m = { 0 };
        if (forms[i](s, &m))
            return moment_ticks(&m, out);
    }
    return false;
}

bool st_clock_text(st_str s, int64_t *out)
{
    moment m = { .year = 1, .month = 1, .day = 1 };
    return half_days(st_str_trim(s), &m) && moment_ticks(&m, out);
}

/* time spans */

/* [d.]hh:mm[:ss[.fffffff]] */
static bool colons(st_str s, int64_t *out)
{
    unsigned days = 0, tick = 0, first, minute, second = 0;
    if (!digits(&s, 1, 8, &first))
        return false;
    if (take(&s, '.')) {
        days = first;
        if (!digits(&s, 1, 2, &first))
            return false;
    }
    if (first > 23 || !take(&s, ':') || !digits(&s, 1, 2, &minute) || minute > 59)
        return false;
    if (take(&s, ':') &&
        (!digits(&s, 1, 2, &second) || second > 59 || (take(&s, '.') && !fraction(&s, &tick))))
        return false;
    if (s.n || days > 10675198)
        return false;
    *out = (int64_t)days * TICKS_DAY +
           ((int64_t)first * 3600 + (int64_t)minute * 60 + second) * TICKS_SECOND + tick;
    return true;
}

/* "15 seconds", "2d", "1.5" (days). */
static bool units(st_str s, int64_t *out)
{
    size_t n = 0;
    while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.'))
        n++;
    st_str number = { s.p, n };
    st_str unit = st_str_trim((st_str){ s.p + n, s.n - n });
    return n && st_timespan_of(number, unit.n ? unit : ST_STR("d"), out);
}

bool st_timespan_text(st_str s, int64_t *out)
{
    s = st_str_trim(s);
    bool minus = take(&s, '-');
    if (!colons(s, out) && !units(s, out))
        return false;
    if (minus)
        *out = -*out;
    return true;
}
