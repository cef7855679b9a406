/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - numbers for distinct keys; summarize, distinct and join share it. */
#ifndef ST_RULES_ENGINE_VALUE_GROUP_H
#define ST_RULES_ENGINE_VALUE_GROUP_H

#include "base/search.h"
#include "rules/engine/value/value.h"

typedef struct st_grouping {
    size_t width, n;
    st_val *keys; /* n * width */
    size_t cap;
    st_slots table;
} st_grouping;
void st_grouping_init(st_grouping *g, size_t width);
void st_grouping_free(st_grouping *g);
/* The key's number, a new one if it is new; SIZE_MAX: no memory. */
size_t st_grouping_put(st_mem *m, st_grouping *g, const st_val *key);
/* SIZE_MAX: not there. */
size_t st_grouping_find(const st_mem *m, const st_grouping *g, const st_val *key);

#endif
