/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells_seen.c - cells as they were written before. Most columns say the same of many rows: a host,
 * an account, a program's company and hashes, what the same rules found. Such a cell is escaped
 * once and copied from then on. It is told by its column and by where what it says lies
 * (st_column.tells), so that no text is compared. What is known has few places and little room: a
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
    st_str tells; /* p == NULL: free */
    size_t column, at, n;
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

static size_t place_of(size_t column, st_str tells)
{
    uint64_t h = ((uint64_t)(uintptr_t)tells.p + tells.n) ^ (uint64_t)column << 48;
    return h * UINT64_C(0x9e3779b97f4a7c15) >> 54; /* ten bits */
}

bool st_cells_seen_put(const st_cells_seen *s, size_t column, st_str tells, st_buf *out)
{
    const seen *x = &s->v[place_of(column, tells)];
    if (x->tells.p != tells.p || x->tells.n != tells.n || x->column != column || !tells.p)
        return false;
    st_buf_put(out, s->text.p + x->at, x->n);
    return true;
}

void st_cells_seen_keep(st_cells_seen *s, size_t column, st_str tells, st_str cell)
{
    if (!tells.p || cell.n > LONGEST)
        return;
    if (s->text.n + cell.n > ROOM) {
        memset(s->v, 0, sizeof s->v);
        st_buf_clear(&s->text);
    }
    size_t at = s->text.n;
    st_buf_str(&s->text, cell);
    if (!s->text.failed)
        s->v[place_of(column, tells)] = (seen){ tells, column, at, cell.n };
}
