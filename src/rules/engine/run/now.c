/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* now.c - what now() means by default. */
#include "rules/engine/run/run.h"

#include <stdlib.h>

static int newest_first(const void *a, const void *b)
{
    const st_ticks *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

st_ticks st_rules_now(const st_forest *f)
{
    const st_ticks day = UINT64_C(86400) * ST_TICKS_SECOND;
    st_ticks *last = calloc(f->nhosts + 1, sizeof *last), now = 0;
    if (!last)
        return 0;
    for (size_t i = 0; i < f->nhosts; i++)
        last[i] = f->hosts[i].last;
    qsort(last, f->nhosts, sizeof *last, newest_first);
    size_t i = 0;
    /* A clock that runs days ahead of all others says nothing about now. */
    while (i + 1 < f->nhosts && last[i + 1] && last[i] > last[i + 1] + day)
        i++;
    now = last[i];
    free(last);
    return now;
}
