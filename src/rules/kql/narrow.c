/*
 * narrow.c - which of Sysmon's events a condition on ActionType leaves.
 *
 * A table of events is made of several kinds, told apart by ActionType. Where a query's first
 * conditions ask for some of those only, the others needn't be read from the evidence at all.
 * Each part of the condition that asks for ActionType alone is asked about all there are.
 */
#include "rules/kql/tables.h"

#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): expressions are as high as the parser lets them be */

static bool asks_only(const st_kx *x, size_t column)
{
    bool pure = x->code == st_kf_and || x->code == st_kf_or || x->code == st_kf_not ||
                x->code == st_kf_in || x->code == st_kf_strop;
    if (x->kind == ST_X_CONST)
        return true;
    if (x->kind == ST_X_COLUMN)
        return x->col == column;
    if (x->kind != ST_X_PRED && !(x->kind == ST_X_CALL && pure))
        return false;
    for (size_t i = 0; i < x->nargs; i++)
        if (!asks_only(x->args[i], column))
            return false;
    return true;
}

/* Clears what isn't possible by x: some part of it says no. */
static void ask(st_krun *r, const st_kx *x, size_t column, st_kbatch *b, bool *possible)
{
    if (x->kind == ST_X_CALL && x->code == st_kf_and) {
        for (size_t i = 0; i < x->nargs; i++)
            ask(r, x->args[i], column, b, possible);
        return;
    }
    bool *keep = asks_only(x, column) ? ST_NEWN(&b->arena, bool, b->n) : NULL;
    if (!keep || !st_kx_test(r, x, b, keep))
        return;
    for (size_t i = 0; i < b->n; i++)
        possible[i] = possible[i] && keep[i];
}

/* NOLINTEND(misc-no-recursion) */

static size_t column_of(const st_ktable *t)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->columns[i].name, "ActionType") != 0)
        i++;
    return i;
}

uint64_t st_ktable_narrow(st_krun *r, const st_ktable *t, uint64_t events, const st_kx *x)
{
    size_t n = 0, column = column_of(t);
    uint64_t left = 0;
    while (st_krowkind_at(n))
        n++;
    /* The last one is an event whose fields don't say what it is. */
    st_kbatch *b = st_kbatch_new(r, n + 1, t->n);
    st_kv *v = b ? ST_NEWN(&b->arena, st_kv, n + 1) : NULL;
    bool *possible = b ? ST_NEWN(&b->arena, bool, n + 1) : NULL;
    if (!v || !possible || column == t->n) {
        st_kbatch_free(b);
        return events;
    }
    for (size_t i = 0; i <= n; i++) {
        v[i] =
            i < n ? st_kv_str(&r->mem, st_str_of(st_krowkind_at(i)->action)) : st_kv_sid(ST_EMPTY);
        possible[i] = true;
    }
    b->cols[column].v = v;
    ask(r, x, column, b, possible);
    for (size_t i = 0; i < n; i++)
        if (possible[i] || (st_krowkind_at(i)->when && possible[n]))
            left |= st_event_bit(st_krowkind_at(i)->id);
    st_kbatch_free(b);
    return events & left;
}
