/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* radix.h - items in the order of a number each, without comparing them. */
#ifndef ST_BASE_RADIX_H
#define ST_BASE_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct st_keyed {
    uint64_t key;
    uint32_t item;
} st_keyed;

/* Sorts n items by their keys; those of one key keep their order. Linear in n: a pass for every
 * 11 bits of the keys that aren't the same in all. False: no memory, and nothing has moved. */
bool st_radix_sort(st_keyed *v, size_t n);

#endif
