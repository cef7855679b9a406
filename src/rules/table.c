/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - rows of a query as texts, as tostring() spells them.
 */
#include "rules/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool begin(st_run *r, st_filling *f, const st_schema *s)
{
    if (f->table)
        return true;
    st_table *t = f->table = calloc(1, sizeof *t);
    if (!t)
        return st_run_nomem(r);
    t->arena.budget = &r->budget;
    t->ncolumns = s->n;
    t->columns = ST_NEWN(&t->arena, st_table_column, s->n);
    for (size_t i = 0; t->columns && i < s->n; i++) {
        t->columns[i].name = st_arena_copy(&t->arena, s->v[i].name);
        t->columns[i].type = st_str_of(st_type_name(s->v[i].type));
    }
    return (t->columns && !t->arena.failed) || st_run_nomem(r);
}

static st_cell_kind kind_of(st_val v)
{
    switch (v.tag) {
    case ST_VAL_NULL: return ST_CELL_NULL;
    case ST_VAL_BOOL: return ST_CELL_BOOL;
    case ST_VAL_LONG: return ST_CELL_WHOLE;
    case ST_VAL_REAL: return isfinite(v.u.d) ? ST_CELL_NUMBER : ST_CELL_TEXT;
    case ST_VAL_ARRAY:
    case ST_VAL_BAG: return ST_CELL_JSON;
    default: return ST_CELL_TEXT;
    }
}

/* One row's cells, and what stands for all of them. */
static bool take_row(st_run *r, st_filling *f, const st_schema *s, const st_batch *b, size_t k,
                     st_buf *text)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < s->n; i++) {
        st_val v = b->cols[i].v[k];
        bool null = v.tag == ST_VAL_NULL;
        st_buf_clear(text);
        st_val_put(text, &r->mem, s->v[i].type, v);
        digest = st_hash(text->p, text->n, digest + null + 1);
        if (f->keep)
            f->cells[f->ncells++] =
                (st_cell){ kind_of(v), st_arena_copy(&f->table->arena, st_buf_slice(text)) };
    }
    if (f->want_digests)
        f->digests[f->ndigests++] = digest;
    f->rows++;
    if (f->keep)
        f->table->nrows++;
    return !text->failed && !(f->keep && f->table->arena.failed);
}

bool st_filling_take(st_run *r, st_filling *f, const st_schema *s, st_batch *b, const bool *which)
{
    st_buf text = { 0 };
    size_t n = 0;
    for (size_t k = 0; k < b->n; k++)
        n += !which || which[k];
    if (!f->keep && !f->want_digests) {
        f->rows += n;
        return true;
    }
    if (!n)
        return true;
    bool ok =
        (!f->keep || (begin(r, f, s) && st_mem_grow(&r->mem, &f->cells, &f->cells_cap,
                                                    f->ncells + n * s->n + 1, sizeof *f->cells))) &&
        (!f->want_digests ||
         st_mem_grow(&r->mem, &f->digests, &f->digests_cap, f->ndigests + n, sizeof *f->digests));
    for (size_t i = 0; ok && i < s->n; i++)
        ok = st_batch_col(r, b, i) != NULL;
    for (size_t k = 0; ok && k < b->n; k++)
        if (!which || which[k])
            ok = take_row(r, f, s, b, k, &text);
    st_buf_free(&text);
    return ok || st_run_nomem(r);
}

st_table *st_filling_end(st_run *r, st_filling *f, const st_schema *s)
{
    if (!begin(r, f, s))
        return NULL;
    st_table *t = f->table;
    t->cells = ST_NEWN(&t->arena, st_cell, f->ncells);
    if (!t->cells) {
        st_run_nomem(r);
        return NULL;
    }
    if (f->ncells)
        memcpy(t->cells, f->cells, f->ncells * sizeof *t->cells);
    t->arena.budget = NULL; /* the table outlives the run */
    f->table = NULL;
    f->ncells = 0;
    return t;
}

void st_filling_free(st_filling *f)
{
    st_table_free(f->table);
    free(f->cells);
    free(f->digests);
    *f = (st_filling){ 0 };
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

uint64_t st_filling_only_in(st_filling *a, st_filling *b)
{
    uint64_t n = 0;
    if (a->ndigests)
        qsort(a->digests, a->ndigests, sizeof *a->digests, by_value);
    if (b->ndigests)
        qsort(b->digests, b->ndigests, sizeof *b->digests, by_value);
    for (size_t i = 0, k = 0; i < a->ndigests; i++) {
        while (k < b->ndigests && b->digests[k] < a->digests[i])
            k++;
        bool there = k < b->ndigests && b->digests[k] == a->digests[i];
        k += there;
        n += !there;
    }
    return n;
}

void st_table_free(st_table *t)
{
    for (st_table *next; t; t = next) {
        next = t->next;
        st_arena_free(&t->arena);
        free(t);
    }
}
