/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_time.c - functions on dates and spans: parts, boundaries, differences, sums and spellings. */
#include "rules/engine/functions/fn.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(10000000)
#define DAY (INT64_C(86400) * SECOND)

/* parts */

typedef enum part {
    P_YEAR,
    P_QUARTER,
    P_MONTH,
    P_WEEK,
    P_DAY,
    P_DAYOFYEAR,
    P_HOUR,
    P_MINUTE,
    P_SECOND,
    P_MS,
    P_US,
    P_NS,
    P_NONE
} part;

static part part_of(const st_run *r, st_val v)
{
    static const char *const names[] = { "year",   "quarter",     "month",       "week",
                                         "day",    "dayofyear",   "hour",        "minute",
                                         "second", "millisecond", "microsecond", "nanosecond" };
    st_str s = st_val_text(r, v);
    for (unsigned i = 0; i < P_NONE; i++)
        if (st_str_ieq(s, st_str_of(names[i])))
            return (part)i;
    return st_str_ieq(s, ST_STR("week_of_year")) || st_str_ieq(s, ST_STR("weekofyear")) ? P_WEEK
                                                                                        : P_NONE;
}

/* Ticks of the parts that are all of one length. */
static int64_t unit(part p)
{
    static const int64_t ticks[] = { [P_WEEK] = 7 * DAY,
                                     [P_DAY] = DAY,
                                     [P_HOUR] = 3600 * SECOND,
                                     [P_MINUTE] = 60 * SECOND,
                                     [P_SECOND] = SECOND,
                                     [P_MS] = 10000,
                                     [P_US] = 10,
                                     [P_NONE] = 0 };
    return ticks[p];
}

static int day_of_year(int64_t t)
{
    st_civil d;
    int64_t first = 0;
    st_civil_of(t, &d);
    d = (st_civil){ d.year, 1, 1, 0, 0, 0, 0 };
    st_civil_since(&d, &first);
    return (int)((t - first) / DAY) + 1;
}

/* ISO 8601: the week that holds the year's first Thursday is week 1. */
static int iso_week(int64_t t)
{
    int64_t thursday = t / DAY - t / DAY % 7 + 3; /* day 0 was a Monday */
    return thursday < 0 ? 1 : (day_of_year(thursday * DAY) - 1) / 7 + 1;
}

static st_val f_datetime_part(st_run *r, const st_expr *x, const st_val *a)
{
    st_civil d;
    (void)x;
    part p = part_of(r, a[0]);
    if (a[1].tag != ST_VAL_DATETIME || p == P_NONE)
        return st_val_null();
    st_civil_of(a[1].u.i, &d);
    const int64_t values[] = {
        d.year,   (d.month - 1) / 3 + 1, d.month,     iso_week(a[1].u.i),
        d.day,    day_of_year(a[1].u.i), d.hour,      d.minute,
        d.second, d.tick / 10000,        d.tick / 10, (int64_t)d.tick * 100
    };
    return st_val_long(values[p]);
}

static st_val f_dayofyear(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_DATETIME ? st_val_long(day_of_year(a[0].u.i)) : st_val_null();
}

static st_val f_week_of_year(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_DATETIME ? st_val_long(iso_week(a[0].u.i)) : st_val_null();
}

/* differences and sums */

/* How many boundaries of the part lie before t. */
static int64_t boundaries(part p, int64_t t)
{
    st_civil d;
    st_civil_of(t, &d);
    switch (p) {
    case P_YEAR: return d.year;
    case P_QUARTER: return d.year * 4 + (d.month - 1) / 3;
    case P_MONTH: return d.year * 12 + d.month;
    case P_WEEK: return (t / DAY + 1) / 7;
    case P_NS: return t;
    default: return t / unit(p);
    }
}

static st_val f_datetime_diff(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    part p = part_of(r, a[0]);
    if (p == P_NONE || p == P_DAYOFYEAR || a[1].tag != ST_VAL_DATETIME ||
        a[2].tag != ST_VAL_DATETIME)
        return st_val_null();
    int64_t n = boundaries(p, a[1].u.i) - boundaries(p, a[2].u.i);
    return st_val_long(p == P_NS ? n * 100 : n);
}

static st_val add_months(int64_t t, int64_t months)
{
    st_civil d;
    int64_t out;
    if (months > 120000 || months < -120000)
        return st_val_null();
    st_civil_of(t, &d);
    int64_t m = d.year * 12 + d.month - 1 + months;
    d.year = (int)(m / 12);
    d.month = (int)(m % 12) + 1;
    for (int tries = 0; tries < 4; tries++, d.day--)
        if (st_civil_since(&d, &out))
            return st_val_time(out);
    return st_val_null();
}

static st_val f_datetime_add(st_run *r, const st_expr *x, const st_val *a)
{
    int64_t ticks, sum;
    (void)x;
    part p = part_of(r, a[0]);
    if (p == P_NONE || p == P_DAYOFYEAR || a[1].tag != ST_VAL_LONG || a[2].tag != ST_VAL_DATETIME)
        return st_val_null();
    if (p <= P_MONTH)
        return a[1].u.i > 120000 || a[1].u.i < -120000
                   ? st_val_null()
                   : add_months(a[2].u.i, a[1].u.i * (p == P_YEAR      ? 12
                                                      : p == P_QUARTER ? 3
                                                                       : 1));
    if (p == P_NS)
        return st_val_time(a[2].u.i + a[1].u.i / 100);
    if (__builtin_mul_overflow(a[1].u.i, unit(p), &ticks) ||
        __builtin_add_overflow(a[2].u.i, ticks, &sum))
        return st_val_null();
    return st_val_time(sum);
}

/* making */

static st_val f_make_datetime(st_run *r, const st_expr *x, const st_val *a)
{
    double v[6] = { 0, 1, 1, 0, 0, 0 };
    int64_t out;
    (void)r;
    for (size_t i = 0; i < x->nargs; i++)
        if (!st_val_number(a[i], &v[i]) || v[i] < 0 || v[i] > 9999)
            return st_val_null();
    st_civil d = { (int)v[0], (int)v[1], (int)v[2], (int)v[3], (int)v[4], (int)v[5], 0 };
    d.tick = (int)((v[5] - d.second) * 1e7 + 0.5);
    return st_civil_since(&d, &out) ? st_val_time(out) : st_val_null();
}

static st_val f_make_timespan(st_run *r, const st_expr *x, const st_val *a)
{
    double v[4] = { 0, 0, 0, 0 };
    size_t shift = x->nargs == 4 ? 0 : 1;
    (void)r;
    for (size_t i = 0; i < x->nargs; i++)
        if (!st_val_number(a[i], &v[i + shift]) || v[i + shift] < 0 || v[i + shift] > 1e7)
            return st_val_null();
    return st_val_span((int64_t)(((v[0] * 24 + v[1]) * 60 + v[2]) * 60 * 1e7 + v[3] * 1e7 + 0.5));
}

static st_val since_unix(int64_t ticks)
{
    return __builtin_add_overflow(ticks, INT64_C(621355968000000000), &ticks) ? st_val_null()
                                                                              : st_val_time(ticks);
}

/* v times `ticks`, or divided by `parts`; whole numbers lose nothing on the way. */
static st_val from_unix(st_val v, int64_t ticks, int64_t parts)
{
    double d;
    int64_t t;
    if (v.tag == ST_VAL_LONG)
        return __builtin_mul_overflow(v.u.i, ticks, &t) ? st_val_null() : since_unix(t / parts);
    if (!st_val_number(v, &d))
        return st_val_null();
    d = d * (double)ticks / (double)parts;
    return d > -9e18 && d < 9e18 ? since_unix((int64_t)d) : st_val_null();
}
#define FROM_UNIX(name, ticks, parts)                                \
    static st_val name(st_run *r, const st_expr *x, const st_val *a) \
    {                                                                \
        (void)r;                                                     \
        (void)x;                                                     \
        return from_unix(a[0], ticks, parts);                        \
    }
FROM_UNIX(f_unix_s, 10000000, 1)
FROM_UNIX(f_unix_ms, 10000, 1)
FROM_UNIX(f_unix_us, 10, 1)
FROM_UNIX(f_unix_ns, 1, 100)

/* spellings */

/* Digits of a fraction of a second, n of them; F drops the zeros at the end. */
static void put_fraction(st_buf *b, int tick, size_t n, bool trim)
{
    char t[8];
    snprintf(t, sizeof t, "%07u", (unsigned)tick % 10000000u);
    n = n > 7 ? 7 : n;
    while (trim && n && t[n - 1] == '0')
        n--;
    st_buf_put(b, t, n);
}

static void put_number(st_buf *b, int v, size_t n)
{
    st_buf_fmt(b, "%0*d", n > 8 ? 8 : (int)n, v);
}

/* One run of n equal letters; false: not a letter of formats. */
static bool put_run(st_buf *b, char c, size_t n, const st_civil *d, int64_t days)
{
    int hour12 = d->hour % 12 ? d->hour % 12 : 12;
    switch (c) {
    case 'y': put_number(b, n == 4 ? d->year : d->year % 100, n == 4 ? 4 : n); return true;
    case 'M': put_number(b, d->month, n); return true;
    case 'd': put_number(b, days >= 0 ? (int)days : d->day, n); return true;
    case 'h': put_number(b, days >= 0 ? d->hour : hour12, n); return true;
    case 'H': put_number(b, d->hour, n); return true;
    case 'm': put_number(b, d->minute, n); return true;
    case 's': put_number(b, d->second, n); return true;
    case 'f':
    case 'F': put_fraction(b, d->tick, n, c == 'F'); return true;
    case 't': st_buf_str(b, d->hour < 12 ? ST_STR("AM") : ST_STR("PM")); return true;
    default: return c && strchr(" /-:,._[]T", c) != NULL;
    }
}

/* days < 0: a date. */
static st_val format(st_run *r, st_val f, const st_civil *d, int64_t days)
{
    st_str s = st_val_text(r, f);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n;) {
        size_t n = 1;
        char c = s.p[i];
        while (i + n < s.n && s.p[i + n] == c)
            n++;
        if (!put_run(&r->mem.buf, c, n, d, days))
            return st_val_sid(ST_EMPTY);
        if (strchr(" /-:,._[]T", c))
            st_buf_put(&r->mem.buf, s.p + i, n);
        i += n;
    }
    return st_run_text(r);
}

static st_val f_format_datetime(st_run *r, const st_expr *x, const st_val *a)
{
    st_civil d;
    (void)x;
    if (a[0].tag != ST_VAL_DATETIME)
        return st_val_sid(ST_EMPTY);
    st_civil_of(a[0].u.i, &d);
    return format(r, a[1], &d, -1);
}

static st_val f_format_timespan(st_run *r, const st_expr *x, const st_val *a)
{
    st_civil d;
    (void)x;
    if (a[0].tag != ST_VAL_TIMESPAN || a[0].u.i == INT64_MIN)
        return st_val_sid(ST_EMPTY);
    int64_t t = a[0].u.i < 0 ? -a[0].u.i : a[0].u.i;
    st_civil_of(t % DAY, &d);
    return format(r, a[1], &d, t / DAY);
}

/* now */

static st_val f_now(st_run *r, const st_expr *x, const st_val *a)
{
    if (!x->nargs)
        return st_val_time(r->now);
    return a[0].tag == ST_VAL_TIMESPAN ? st_val_shift(st_val_time(r->now), a[0].u.i)
                                       : st_val_null();
}
static st_val f_ago(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return a[0].tag == ST_VAL_TIMESPAN && a[0].u.i != INT64_MIN
               ? st_val_shift(st_val_time(r->now), -a[0].u.i)
               : st_val_null();
}

/* starts and ends */

static st_val start_of(st_val t, char unit, int64_t shift)
{
    st_civil d;
    int64_t at = 0;
    if (t.tag != ST_VAL_DATETIME || shift > 120000 || shift < -120000)
        return st_val_null();
    if (unit == 'd' || unit == 'w') {
        int64_t day = t.u.i / DAY;
        if (unit == 'w')
            day -= (day + 1) % 7; /* day 0, 0001-01-01, was a Monday */
        return st_val_time((day + shift * (unit == 'w' ? 7 : 1)) * DAY);
    }
    st_civil_of(t.u.i, &d);
    int64_t month = d.year * 12 + (unit == 'y' ? 0 : d.month - 1) + shift * (unit == 'y' ? 12 : 1);
    d = (st_civil){ (int)(month / 12), (int)(month % 12) + 1, 1, 0, 0, 0, 0 };
    return st_civil_since(&d, &at) ? st_val_time(at) : st_val_null();
}

#define BOUNDARY(name, unit)                                                    \
    static st_val f_startof##name(st_run *r, const st_expr *x, const st_val *a) \
    {                                                                           \
        (void)r;                                                                \
        return start_of(a[0], unit, x->nargs > 1 ? a[1].u.i : 0);               \
    }                                                                           \
    static st_val f_endof##name(st_run *r, const st_expr *x, const st_val *a)   \
    {                                                                           \
        (void)r;                                                                \
        int64_t shift = x->nargs > 1 ? a[1].u.i : 0;                            \
        if (shift == INT64_MAX)                                                 \
            return st_val_null();                                               \
        st_val v = start_of(a[0], unit, shift + 1);                             \
        return v.tag == ST_VAL_NULL ? v : st_val_time(v.u.i - 1);               \
    }
BOUNDARY(day, 'd')
BOUNDARY(week, 'w')
BOUNDARY(month, 'm')
BOUNDARY(year, 'y')

static st_val f_dayofweek(st_run *r, const st_expr *x, const st_val *a)
{
    (void)r;
    (void)x;
    return a[0].tag == ST_VAL_DATETIME ? st_val_span((a[0].u.i / DAY + 1) % 7 * DAY)
                                       : st_val_null();
}

#define PART(name, expr)                                                 \
    static st_val f_##name(st_run *r, const st_expr *x, const st_val *a) \
    {                                                                    \
        st_civil d;                                                      \
        (void)r;                                                         \
        (void)x;                                                         \
        if (a[0].tag != ST_VAL_DATETIME)                                 \
            return st_val_null();                                        \
        st_civil_of(a[0].u.i, &d);                                       \
        return st_val_long(expr);                                        \
    }
PART(hourofday, d.hour)
PART(dayofmonth, d.day)
PART(getmonth, d.month)
PART(getyear, d.year)

/* the table */

const st_fn st_functions_time[] = {
    { "ago", "t", 1, "datetime", NONE, f_ago,
      "so much before now|see --now and --ago in shelltree(1)" },
    { "datetime_add", "sid", 3, "datetime", NONE, f_datetime_add, "a date some parts later" },
    { "datetime_diff", "sdd", 3, "long", NONE, f_datetime_diff, "boundaries between two dates" },
    { "datetime_part", "sd", 2, "int", NONE, f_datetime_part, "a part of a date" },
    { "datepart", "sd", 2, "int", NONE, f_datetime_part, "a part of a date" },
    { "dayofmonth", "d", 1, "int", NONE, f_dayofmonth, "day of the month" },
    { "dayofweek", "d", 1, "timespan", NONE, f_dayofweek, "days since Sunday" },
    { "dayofyear", "d", 1, "int", NONE, f_dayofyear, "day of the year" },
    { "endofday", "di", 1, "datetime", NONE, f_endofday, "last tick of the day" },
    { "endofmonth", "di", 1, "datetime", NONE, f_endofmonth, "last tick of the month" },
    { "endofweek", "di", 1, "datetime", NONE, f_endofweek, "last tick of the week" },
    { "endofyear", "di", 1, "datetime", NONE, f_endofyear, "last tick of the year" },
    { "format_datetime", "ds", 2, "string", FIRST, f_format_datetime, "a date spelled" },
    { "format_timespan", "ts", 2, "string", FIRST, f_format_timespan, "a timespan spelled" },
    { "getmonth", "d", 1, "int", NONE, f_getmonth, "month of the year" },
    { "getyear", "d", 1, "int", NONE, f_getyear, "the year" },
    { "hourofday", "d", 1, "int", NONE, f_hourofday, "hour of the day" },
    { "make_datetime", "nnnnnn", 1, "datetime", NONE, f_make_datetime,
      "a date of its parts|null if there is no such date" },
    { "make_timespan", "nnnn", 2, "timespan", NONE, f_make_timespan, "a timespan of its parts" },
    { "monthofyear", "d", 1, "int", NONE, f_getmonth, "month of the year" },
    { "now", "t", 0, "datetime", NONE, f_now, "the time of the query|see --now in shelltree(1)" },
    { "startofday", "di", 1, "datetime", FIRST, f_startofday, "midnight" },
    { "startofmonth", "di", 1, "datetime", NONE, f_startofmonth, "the month's first tick" },
    { "startofweek", "di", 1, "datetime", NONE, f_startofweek, "Sunday's first tick" },
    { "startofyear", "di", 1, "datetime", NONE, f_startofyear, "the year's first tick" },
    { "unixtime_microseconds_todatetime", "n", 1, "datetime", NONE, f_unix_us,
      "a date of Unix microseconds" },
    { "unixtime_milliseconds_todatetime", "n", 1, "datetime", NONE, f_unix_ms,
      "a date of Unix milliseconds" },
    { "unixtime_nanoseconds_todatetime", "n", 1, "datetime", NONE, f_unix_ns,
      "a date of Unix nanoseconds" },
    { "unixtime_seconds_todatetime", "n", 1, "datetime", NONE, f_unix_s, "a date of Unix seconds" },
    { "week_of_year", "d", 1, "int", NONE, f_week_of_year, "ISO 8601's week" },
    { "weekofyear", "d", 1, "int", NONE, f_week_of_year, "ISO 8601's week|Kusto's isn't ISO's" },
    { 0 },
};
