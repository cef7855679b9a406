/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* time.c - FILETIME ticks and their text. Calendar arithmetic is the proleptic Gregorian one. */
#include "shelltree/base.h"

#include <string.h>

#define SECOND ((int64_t)ST_TICKS_SECOND)
#define DAY (INT64_C(86400) * SECOND)
#define DAYS_0001 INT64_C(306) /* from 0000-03-01 to 0001-01-01 */

/* Days are counted from 0000-03-01, so that the leap day is the last of its year. */
void st_civil_of(int64_t since, st_civil *c)
{
    int64_t days = since / DAY + DAYS_0001, rest = since % DAY;
    int64_t era = days / 146097, doe = days % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c->year = (int)(yoe + era * 400 + (c->month <= 2));
    c->tick = (int)(rest % SECOND);
    rest /= SECOND;
    c->hour = (int)(rest / 3600);
    c->minute = (int)(rest / 60 % 60);
    c->second = (int)(rest % 60);
}

static int month_days(int y, int m)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap ? 1 : 0);
}

static bool within(int v, int least, int most)
{
    return v >= least && v <= most;
}

bool st_civil_since(const st_civil *c, int64_t *out)
{
    if (!within(c->year, 1, 9999) || !within(c->month, 1, 12) ||
        !within(c->day, 1, month_days(c->year, c->month)) || !within(c->hour, 0, 23) ||
        !within(c->minute, 0, 59) || !within(c->second, 0, 59) || !within(c->tick, 0, 9999999))
        return false;
    int64_t y = c->year - (c->month <= 2), era = y / 400, yoe = y % 400;
    int64_t doy = (153 * ((c->month + 9) % 12) + 2) / 5 + c->day - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - DAYS_0001;
    *out = ((days * 24 + c->hour) * 60 + c->minute) * 60 * SECOND + c->second * SECOND + c->tick;
    return true;
}

bool st_ticks_civil(st_ticks t, st_civil *c)
{
    *c = (st_civil){ 0 };
    if (t > ST_TICKS_MAX)
        return false;
    st_civil_of((int64_t)t + ST_TICKS_1601, c);
    return true;
}

st_ticks st_civil_ticks(const st_civil *c)
{
    int64_t since;
    if (c->year < 1601 || !st_civil_since(c, &since))
        return 0;
    return (st_ticks)(since - ST_TICKS_1601);
}

/* n digits at s[*i]; moves on. */
static bool digits(st_str s, size_t *i, unsigned n, int *out)
{
    int v = 0;
    if (s.n - *i < n || *i > s.n)
        return false;
    for (unsigned k = 0; k < n; k++) {
        int d = (unsigned char)s.p[*i + k] - '0';
        if (d < 0 || d > 9)
            return false;
        v = v * 10 + d;
    }
    *i += n;
    *out = v;
    return true;
}

static bool one_of(st_str s, size_t *i, const char *set)
{
    if (*i >= s.n || !s.p[*i] || !strchr(set, s.p[*i]))
        return false;
    ++*i;
    return true;
}

/* .f to .fffffffff as ticks; digits past the seventh are cut. */
static bool fraction(st_str s, size_t *i, int *tick)
{
    int n = 0, v = 0, d;
    while (n < 9 && digits(s, i, 1, &d)) {
        if (n < 7)
            v = v * 10 + d;
        n++;
    }
    for (int k = n; k < 7; k++)
        v *= 10;
    *tick = v;
    return n > 0;
}

static bool date_part(st_str s, size_t *i, st_civil *c)
{
    return digits(s, i, 4, &c->year) && one_of(s, i, "-") && digits(s, i, 2, &c->month) &&
           one_of(s, i, "-") && digits(s, i, 2, &c->day);
}

static bool clock_part(st_str s, size_t *i, st_civil *c)
{
    return digits(s, i, 2, &c->hour) && one_of(s, i, ":") && digits(s, i, 2, &c->minute) &&
           one_of(s, i, ":") && digits(s, i, 2, &c->second);
}

static int number(const char *p, unsigned n)
{
    int v = 0;
    for (unsigned k = 0; k < n; k++)
        v = v * 10 + (p[k] - '0');
    return v;
}

/* The form that Sysmon writes, letter for letter; false: another. */
static bool plain_sysmon(st_str s, st_civil *c)
{
    static const char form[] = "0000-00-00 00:00:00.000";
    bool differs = false;
    if (s.n != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        differs |= form[i] == '0' ? (unsigned char)(s.p[i] - '0') > 9 : s.p[i] != form[i];
    if (differs)
        return false;
    *c = (st_civil){ .year = number(s.p, 4),
                     .month = number(s.p + 5, 2),
                     .day = number(s.p + 8, 2),
                     .hour = number(s.p + 11, 2),
                     .minute = number(s.p + 14, 2),
                     .second = number(s.p + 17, 2),
                     .tick = number(s.p + 20, 3) * (int)ST_TICKS_MS };
    return true;
}

bool st_time_sysmon(st_str s, st_ticks *out)
{
    st_civil c = { 0 };
    if (plain_sysmon(s, &c)) {
        *out = st_civil_ticks(&c);
        return *out != 0;
    }
    size_t i = 0;
    if (s.n != 23 || !date_part(s, &i, &c) || !one_of(s, &i, " ") || !clock_part(s, &i, &c) ||
        !one_of(s, &i, ".") || !fraction(s, &i, &c.tick))
        return false;
    *out = st_civil_ticks(&c);
    return *out != 0;
}

bool st_time_iso(st_str s, st_ticks *out)
{
    st_civil c = { 0 };
    size_t i = 0;
    int zh = 0, zm = 0;
    bool west = false;
    if (!date_part(s, &i, &c))
        return false;
    if (one_of(s, &i, "T ")) {
        if (!clock_part(s, &i, &c) || (one_of(s, &i, ".") && !fraction(s, &i, &c.tick)))
            return false;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-')) {
            west = s.p[i++] == '-';
            if (!digits(s, &i, 2, &zh) || !one_of(s, &i, ":") || !digits(s, &i, 2, &zm) ||
                zh > 14 || zm > 59)
                return false;
        } else {
            one_of(s, &i, "Z");
        }
    }
    st_ticks t = st_civil_ticks(&c),
             zone = ((st_ticks)zh * 60 + (st_ticks)zm) * 60 * ST_TICKS_SECOND;
    if (i != s.n || !t || (!west && zone >= t))
        return false;
    *out = west ? t + zone : t - zone;
    return *out <= ST_TICKS_MAX;
}

/* times as people type them */

static size_t count_digits(st_str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.n && (unsigned char)(s.p[i + n] - '0') < 10)
        n++;
    return n;
}

/* Seconds since 1970: behind an @, or ten digits; thirteen are milliseconds. */
static bool typed_epoch(st_str s, st_ticks *out)
{
    bool marked = s.n && s.p[0] == '@';
    st_str rest = marked ? (st_str){ s.p + 1, s.n - 1 } : s;
    uint64_t v;
    if (count_digits(rest, 0) != rest.n || !st_str_u64(rest, &v) ||
        (!marked && rest.n != 10 && rest.n != 13) || v > UINT64_C(1) << 48)
        return false;
    *out = ST_TICKS_UNIX + v * (rest.n == 13 ? ST_TICKS_MS : ST_TICKS_SECOND);
    return *out <= ST_TICKS_MAX;
}

static bool typed_date(st_str s, size_t *i, st_civil *c)
{
    if (!digits(s, i, 4, &c->year))
        return false;
    char between = '\0';
    if (*i < s.n)
        between = s.p[*i];
    if (between != '-' && between != '/') /* 20260102 */
        return digits(s, i, 2, &c->month) && digits(s, i, 2, &c->day);
    ++*i;
    return digits(s, i, 2, &c->month) && *i < s.n && s.p[(*i)++] == between &&
           digits(s, i, 2, &c->day);
}

/* 03:04, 03:04:05, 03:04:05.678, and the first two without colons. */
static bool typed_clock(st_str s, size_t *i, st_civil *c)
{
    if (!digits(s, i, 2, &c->hour))
        return false;
    bool colons = one_of(s, i, ":");
    if (!digits(s, i, 2, &c->minute))
        return false;
    if (colons ? !one_of(s, i, ":") : !count_digits(s, *i))
        return true;
    return digits(s, i, 2, &c->second) && (!one_of(s, i, ".,") || fraction(s, i, &c->tick));
}

/* Z, UTC, GMT, +01, +0100, +01:00 or nothing; minutes east. */
static bool typed_zone(st_str s, size_t *i, int *east)
{
    int h = 0, m = 0;
    one_of(s, i, " ");
    st_str rest = { s.p + *i, s.n - *i };
    *east = 0;
    if (!rest.n || st_str_ieq(rest, ST_STR("Z")) || st_str_ieq(rest, ST_STR("UTC")) ||
        st_str_ieq(rest, ST_STR("GMT"))) {
        *i = s.n;
        return true;
    }
    bool west = rest.p[0] == '-';
    if (!one_of(s, i, "+-") || !digits(s, i, 2, &h))
        return false;
    if (*i < s.n) {
        one_of(s, i, ":");
        if (!digits(s, i, 2, &m))
            return false;
    }
    *east = (h * 60 + m) * (west ? -1 : 1);
    return h <= 14 && m <= 59;
}

bool st_time_typed(st_str s, st_ticks *out)
{
    st_civil c = { 0 };
    size_t i = 0;
    int east = 0;
    s = st_str_trim(s);
    if (typed_epoch(s, out))
        return true;
    if (!typed_date(s, &i, &c))
        return false;
    if (i < s.n && (!one_of(s, &i, "Tt ") || !typed_clock(s, &i, &c) || !typed_zone(s, &i, &east)))
        return false;
    st_ticks t = st_civil_ticks(&c);
    if (i != s.n || !t)
        return false;
    int64_t shifted = (int64_t)t - (int64_t)east * 60 * (int64_t)ST_TICKS_SECOND;
    if (shifted <= 0 || (st_ticks)shifted > ST_TICKS_MAX)
        return false;
    *out = (st_ticks)shifted;
    return true;
}

/* Of 0 to 99. */
static void put_two(char *to, int v)
{
#define TEN(d) d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9"
    static const char pairs[] =
        TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");
#undef TEN
    memcpy(to, pairs + 2 * (size_t)v, 2);
}

/* Seven digits of less than a second. */
static void put_fraction(char *to, int tick)
{
    to[0] = (char)('0' + tick / 1000000);
    put_two(to + 1, tick / 10000 % 100);
    put_two(to + 3, tick / 100 % 100);
    put_two(to + 5, tick % 100);
}

/* YYYY-MM-DD?hh:mm:ss into 19 bytes. */
static void put_civil(char *to, const st_civil *c, char between)
{
    put_two(to, c->year / 100);
    put_two(to + 2, c->year % 100);
    to[4] = '-';
    put_two(to + 5, c->month);
    to[7] = '-';
    put_two(to + 8, c->day);
    to[10] = between;
    put_two(to + 11, c->hour);
    to[13] = ':';
    put_two(to + 14, c->minute);
    to[16] = ':';
    put_two(to + 17, c->second);
}

void st_buf_time_sysmon(st_buf *b, st_ticks t)
{
    st_civil c;
    char text[23];
    if (!t || !st_ticks_civil(t, &c))
        return;
    put_civil(text, &c, ' ');
    text[19] = '.';
    int ms = c.tick / (int)ST_TICKS_MS;
    text[20] = (char)('0' + ms / 100);
    put_two(text + 21, ms % 100);
    st_buf_put(b, text, sizeof text);
}

void st_buf_time_iso(st_buf *b, st_ticks t)
{
    st_civil c;
    char text[28];
    if (!t || !st_ticks_civil(t, &c))
        return;
    put_civil(text, &c, 'T');
    text[19] = '.';
    put_fraction(text + 20, c.tick);
    text[27] = 'Z';
    st_buf_put(b, text, sizeof text);
}

void st_buf_time_iso_like(st_buf *b, st_ticks t, st_second *last)
{
    size_t from = b->n;
    if (last->ticks && t - last->ticks < ST_TICKS_SECOND) {
        put_fraction(last->text + 20, (int)(t - last->ticks));
        st_buf_put(b, last->text, sizeof last->text);
        return;
    }
    st_buf_time_iso(b, t);
    if (b->failed || b->n - from != sizeof last->text)
        return;
    memcpy(last->text, b->p + from, sizeof last->text);
    last->ticks = t - t % ST_TICKS_SECOND;
}

bool st_time_iso_like(st_str s, st_ticks *out, st_second *last)
{
    enum { BEFORE = 20, DIGITS = 7 }; /* up to the point; of the fraction */
    size_t i = BEFORE;
    int tick;
    if (last->ticks && s.n == sizeof last->text && !memcmp(s.p, last->text, BEFORE) &&
        s.p[BEFORE + DIGITS] == 'Z' && digits(s, &i, DIGITS, &tick)) {
        *out = last->ticks + (st_ticks)tick;
        return true;
    }
    if (!st_time_iso(s, out))
        return false;
    st_ticks second = *out - *out % ST_TICKS_SECOND;
    st_buf text = { last->text, 0, sizeof last->text, false };
    last->ticks = 0;
    if (second && second <= ST_TICKS_MAX) {
        st_buf_time_iso(&text, second);
        last->ticks = second;
    }
    return true;
}
