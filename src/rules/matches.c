/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* matches.c - matches in their order, by numbers instead of comparing: they may be millions. */
#include "rules/matches.h"

#include "base/radix.h"

#include <stdlib.h>
#include <string.h>

bool st_matches_sort(st_match *v, size_t n)
{
    st_keyed *keys = malloc((n + 1) * sizeof *keys);
    st_match *sorted = malloc((n + 1) * sizeof *sorted);
    bool ok = keys && sorted;
    for (int by_rule = 1; ok && by_rule >= 0; by_rule--) { /* the last order counts most */
        for (size_t i = 0; i < n; i++) {
            size_t at = by_rule ? i : keys[i].item;
            const st_match *m = &v[at];
            uint64_t subject = (uint64_t)(m->event + 1) << 32 | m->node;
            keys[i] = (st_keyed){ by_rule ? m->rule : subject, (uint32_t)at };
        }
        ok = st_radix_sort(keys, n);
    }
    for (size_t i = 0; ok && i < n; i++)
        sorted[i] = v[keys[i].item];
    if (ok && n)
        memcpy(v, sorted, n * sizeof *v);
    free(keys);
    free(sorted);
    return ok;
}
