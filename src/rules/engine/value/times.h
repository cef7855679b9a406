/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.h - datetimes, time spans and numbers as text: what literals are made of, and what
 * conversions at run time accept. The forms are Kusto's.
 */
#ifndef ST_RULES_ENGINE_VALUE_TIMES_H
#define ST_RULES_ENGINE_VALUE_TIMES_H

#include "rules/engine/value/type.h"

/* All literal forms of datetime(...), blanks trimmed: ISO with or without zone, RFC 822 and
 * 850, month/day/year with or without a time. Gives ticks since 0001-01-01 UTC. */
bool st_datetime_text(st_str s, int64_t *out);
/* "8:00:00 AM", "17:30", "5 PM": a time of any day, in ticks. */
bool st_clock_text(st_str s, int64_t *out);
/* "1.02:03:04.5", "02:03", "15 seconds", "2d"; a bare number is days. */
bool st_timespan_text(st_str s, int64_t *out);
/* Is there such a unit of time, "d" or "seconds"? *ticks is 0 for nanoseconds. */
bool st_timespan_unit(st_str unit, int64_t *ticks);
/* 15 and "seconds", in ticks; false if there is no such unit, or the span is too long. */
bool st_timespan_of(st_str number, st_str unit, int64_t *out);
/* All of s as a decimal number; false if it isn't one. */
bool st_double_text(st_str s, double *out);

#endif
