/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - hashes for tables inside, and for what is compared with other programs: XXH3 and XXH64.
 */
#include "shelltree/base.h"

#define XXH_INLINE_ALL
#include <sys/random.h>
#include <xxhash.h>

uint64_t st_hash(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

uint64_t st_hash_seed(const void *own)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)(uintptr_t)own;
    return seed;
}

uint64_t st_xxh64(const void *p, size_t n)
{
    return p ? XXH64(p, n, 0) : XXH64("", 0, 0);
}
