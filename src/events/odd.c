/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd.c - process creations that can't be what they say: counted, so that they can be told.
 */
#include "shelltree/events.h"
#include "evtx/format.h"

static bool is_empty(const st_creations *c, size_t i)
{
    return st_guid_zero(&c->guid[i]) && c->pid[i] == ST_NO_U32 && c->image[i] <= ST_EMPTY &&
           c->command_line[i] <= ST_EMPTY;
}

static void first_of(st_odd *out, uint32_t source, uint64_t offset)
{
    bool earlier = source < out->source || (source == out->source && offset < out->offset);
    if (!out->empty || earlier) {
        out->source = source;
        out->offset = offset;
    }
}

void st_store_odd(const st_store *s, st_odd *out)
{
    const st_creations *c = &s->creations;
    *out = (st_odd){ 0 };
    for (size_t i = 0; i < c->n; i++) {
        if (is_empty(c, i)) {
            first_of(out, c->source[i], c->offset[i]);
            out->empty++;
        }
        out->timeless += !c->utc[i];
        out->odd_time +=
            c->utc[i] && (c->utc[i] < ST_EVTX_TIME_MIN || c->utc[i] >= ST_EVTX_TIME_MAX);
    }
}
