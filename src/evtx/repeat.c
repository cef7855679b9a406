/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* repeat.c - live records of two chunks, kept by number. */
#include "evtx/format.h"
#include "base/search.h"
#include "evtx/repeat.h"

#include <stdlib.h>
#include <string.h>

#define NEAR                                                                                      \
    (UINT64_C(2) * ST_EVTX_CHUNK) /* a chunk further away isn't the one before: bytes are missing \
                                   */

static uint64_t number_at(const st_chunk *c, uint32_t at)
{
    return st_le64(c->bytes + at + 8);
}

void st_repeats_begin(st_repeats *r)
{
    r->now.n = r->before.n = 0;
}

void st_repeats_chunk(st_repeats *r, uint64_t offset)
{
    st_lives spare = r->before;
    r->before = r->now;
    r->now = spare;
    r->now.n = 0;
    r->now.offset = offset;
    if (r->before.offset > offset || offset - r->before.offset > NEAR)
        r->before.n = 0;
}

/* Numbers count up; one that doesn't is of no use for finding it again. */
bool st_repeats_put(st_repeats *r, const st_chunk *c, uint32_t at, uint32_t size)
{
    st_lives *l = &r->now;
    uint64_t number = number_at(c, at);
    if (l->n && l->list[l->n - 1].number >= number)
        return true;
    if (!st_grow(&l->list, &l->cap, l->n + 1, sizeof *l->list))
        return false;
    l->list[l->n++] = (st_live){ number, at, size };
    return true;
}

static bool is_before(const void *item, const void *key)
{
    const st_live *l = item;
    const uint64_t *number = key;
    return l->number < *number;
}

static const st_live *find(const st_lives *l, uint64_t number)
{
    size_t lo = st_lower_bound(l->list, l->n, sizeof *l->list, &number, is_before);
    return lo < l->n && l->list[lo].number == number ? &l->list[lo] : NULL;
}

bool st_repeats_has(const st_repeats *r, const st_chunk *c, uint32_t at, uint32_t size)
{
    uint64_t number = number_at(c, at);
    const unsigned char *p = c->bytes + at;
    const st_live *own = find(&r->now, number), *other = find(&r->before, number);
    if (own && own->size == size && memcmp(c->bytes + own->at, p, size) == 0)
        return true;
    return other && other->size == size && c->same &&
           c->same(c->elsewhere_ctx, r->before.offset + other->at, p, size);
}

void st_repeats_free(st_repeats *r)
{
    free(r->now.list);
    free(r->before.list);
    *r = (st_repeats){ 0 };
}
