/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* level.c - the words for how bad a finding is. */
#include "shelltree/rules.h"

static const char *const level_words[] = { "informational", "low", "medium", "high", "critical" };

const char *st_level_word(st_level l)
{
    return level_words[(unsigned)l <= ST_LEVEL_CRITICAL ? l : ST_LEVEL_MEDIUM];
}

bool st_level_parse(st_str s, st_level *out)
{
    if (st_str_ieq(s, ST_STR("info"))) {
        *out = ST_LEVEL_INFORMATIONAL;
        return true;
    }
    for (unsigned i = 0; i <= ST_LEVEL_CRITICAL; i++)
        if (st_str_ieq(s, st_str_of(level_words[i]))) {
            *out = (st_level)i;
            return true;
        }
    return false;
}
