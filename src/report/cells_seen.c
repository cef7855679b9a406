/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells_seen.c - cells as they were written before. Most columns say the same of many rows: a host,
 * an account, a program's company and hashes, what the same rules found. Such a cell is escaped
 * once and copied from then on. It is told by its column and by the number of what it says
 * (st_column.tells), so that no text is looked at. What is known has few places and little room: a
 * new cell takes another's place, and when the room is full, all is forgotten.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLACES = 1024,    /* a power of two */
    ROOM = 256 << 10, /* bytes: what a processor's second cache has room for */
    LONGEST = 2048    /* of a cell; longer ones are hardly repeated */
};

typedef struct seen {
    uint64_t cell; /* its column and what tells it; 0: free */
    uint32_t at, n;
} seen;

struct st_cells_seen {
    seen v[PLACES];
    st_buf text;
};

st_cells_seen *st_cells_seen_new(void)
{
    return calloc(1, sizeof(st_cells_seen));
}

void st_cells_seen_free(st_cells_seen *s)
{
    if (s)
        st_buf_free(&s->text);
    free(s);
}

/* 0: nothing tells it. */
static uint64_t name_of(size_t column, uint64_t tells)
{
    return tells ? tells << 8 | column : 0;
}

static size_t place_of(uint64_t cell)
{
    return cell * UINT64_C(0x9e3779b97f4a7c15) >> 54; /* ten bits */
}

bool st_cells_seen_put(const st_cells_seen *s, size_t column, uint64_t tells, st_buf *out)
{
    uint64_t cell = name_of(column, tells);
    const seen *x = &s->v[place_of(cell)];
    if (x->cell != cell || !cell)
        return false;
    st_buf_put(out, s->text.p + x->at, x->n);
    return true;
}

void st_cells_seen_keep(st_cells_seen *s, size_t column, uint64_t tells, st_str text)
{
    uint64_t cell = name_of(column, tells);
    if (!cell || text.n > LONGEST)
        return;
    if (s->text.n + text.n > ROOM) {
        memset(s->v, 0, sizeof s->v);
        st_buf_clear(&s->text);
    }
    size_t at = s->text.n;
    st_buf_str(&s->text, text);
    if (!s->text.failed)
        s->v[place_of(cell)] = (seen){ cell, (uint32_t)at, (uint32_t)text.n };
}
